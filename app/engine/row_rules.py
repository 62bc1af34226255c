"""The row rules of one actor as one option of a statement.

SQLAlchemy works out a statement's cache key anew at each execution, with the criteria of all its options. Fifty rules
made a query of 0.2 ms one of 6.6 ms; as one option whose part of the key is worked out once, they cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import with_loader_criteria
from sqlalchemy.orm.interfaces import CriteriaOption
from sqlalchemy.sql.cache_key import CacheKey, HasCacheKey
from sqlalchemy.sql.visitors import cloned_traverse

#: what rules of the same shape have in common -> its number: a statement's key is compared by it at every execution
_shapes: dict[Any, int] = {}


class RowRules(CriteriaOption, HasCacheKey):
    """Conditions on whole classes, wherever these turn up in a statement.

    Not handed on to later loads: those are made for whoever acts then, and bring their own rules. The values in the
    conditions (who asks) are parameters: rules of one shape share their compiled SQL. Each condition says that it is
    handed on, for SQLAlchemy leaves it out of a `joinedload` otherwise, and would hand over what the rule hides.
    """

    propagate_to_loaders = False
    inherit_cache = False
    _is_has_cache_key = True

    def __init__(self, rules: Iterable[tuple[Any, Any]]):
        # Each with parameters of its own: SQLAlchemy finds copies of one parameter, annotated for different classes,
        # by comparing each with all others, at every execution.
        own = [(cls, cloned_traverse(condition, {}, {})) for cls, condition in rules]
        self._criteria = [
            with_loader_criteria(cls, condition, include_aliases=True, propagate_to_loaders=True)
            for cls, condition in own
        ]
        keys = [one._generate_cache_key() for one in self._criteria]
        known = [key for key in keys if isinstance(key, CacheKey)]
        if len(known) < len(keys):
            raise TypeError("a row rule cannot be cached")
        self._values = [value for key in known for value in key.bindparams]
        self._shape = _shapes.setdefault(tuple(key.key for key in known), len(_shapes))

    def _gen_cache_key(self, anon_map: Any, bindparams: list[Any]) -> tuple[Any, ...]:
        bindparams.extend(self._values)
        return RowRules, self._shape

    def process_compile_state(self, compile_state: Any) -> None:
        self.get_global_criteria(compile_state.global_attributes)

    def process_compile_state_replaced_entities(self, compile_state: Any, mapper_entities: Any) -> None:
        self.process_compile_state(compile_state)

    def get_global_criteria(self, attributes: dict[Any, Any]) -> None:
        for one in self._criteria:
            one.get_global_criteria(attributes)
