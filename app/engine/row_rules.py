"""The row rules of one actor as one option of a statement.

SQLAlchemy works out a statement's cache key anew at each execution, with the criteria of all its options. Fifty rules
made a query of 0.2 ms one of 6.6 ms; as one option whose part of the key is worked out once, they cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement
from sqlalchemy.orm import with_loader_criteria
from sqlalchemy.orm.interfaces import CriteriaOption
from sqlalchemy.sql.cache_key import CacheKey, HasCacheKey
from sqlalchemy.sql.visitors import replacement_traverse

#: So many actors' conditions are kept at hand.
AT_HAND = 8
#: what rules of the same shape have in common -> its number: a statement's key is compared by it at every execution
_shapes: dict[Any, int] = {}


class _Value(BindParameter[Any]):
    """A parameter that is compared as what it is: the same, or a copy of the same.

    SQLAlchemy annotates a copy for each place in which a condition turns up. They have one hash, and to tell them apart
    it built the SQL expression `a = b` of each pair, at every execution.
    """

    inherit_cache = True
    __hash__ = BindParameter.__hash__

    def __eq__(self, other: object) -> Any:
        return hash(self) == hash(other)


def with_shared_values(
    conditions: Iterable[ColumnElement[bool]], shared: dict[Any, _Value] | None = None
) -> list[ColumnElement[bool]]:
    """The same conditions, with one parameter for each value they have in common; `shared` are those there are already.

    All that rules ask about are the same few things of whoever asks, a thousand times over; every execution of every
    statement goes through all parameters of its rules.
    """
    values: dict[Any, _Value] = {} if shared is None else shared

    def replace(element: Any, **_options: Any) -> _Value | None:
        if not isinstance(element, BindParameter):
            return None
        value = element.callable or (element.value.__class__, repr(element.value))
        key = value, element.type._static_cache_key, element.expanding, element.expand_op, element.literal_execute
        if key not in values:
            copy: Any = element._clone()
            copy.__class__ = _Value
            values[key] = copy
        return values[key]

    return [replacement_traverse(condition, {}, replace) for condition in conditions]


class RowRules(CriteriaOption, HasCacheKey):
    """Conditions on whole classes, wherever these turn up in a statement.

    Not handed on to later loads: those are made for whoever acts then, and bring their own rules. The values in the
    conditions (who asks) are parameters: rules of one shape share their compiled SQL. Each condition says that it is
    handed on, for SQLAlchemy leaves it out of a `joinedload` otherwise, and would hand over what the rule hides.

    `rules` tells the classes and their conditions, each time the same: they take megabytes, and are needed again only
    where a statement is compiled. What is kept of them are their shape and their values.
    """

    propagate_to_loaders = False
    inherit_cache = False
    _is_has_cache_key = True

    def __init__(self, rules: Callable[[], Iterable[tuple[Any, ColumnElement[bool]]]]):
        self._rules = rules
        self._shared: dict[Any, _Value] = {}
        keys = [one._generate_cache_key() for one in _criteria_of(self)]
        known = [key for key in keys if isinstance(key, CacheKey)]
        if len(known) < len(keys):
            raise TypeError("a row rule cannot be cached")
        values = [value for key in known for value in key.bindparams]
        self._values = list(dict.fromkeys(values))
        # Part of the shape is where the same value stands: of one user the unit has the number of the person by chance.
        places = {value: place for place, value in enumerate(self._values)}
        shape = tuple(key.key for key in known), tuple(places[value] for value in values)
        self._shape = _shapes.setdefault(shape, len(_shapes))

    def criteria(self) -> list[Any]:
        """The conditions as SQLAlchemy takes them, made anew. Raises `ValueError` where they are not what they were."""
        count, rules = len(self._shared), list(self._rules())
        conditions = with_shared_values((condition for _cls, condition in rules), self._shared)
        found = [
            with_loader_criteria(cls, condition, include_aliases=True, propagate_to_loaders=True)
            for (cls, _condition), condition in zip(rules, conditions, strict=True)
        ]
        if count and len(self._shared) != count:
            raise ValueError("row rules ask about something else than before")
        return found

    def _gen_cache_key(self, anon_map: Any, bindparams: list[Any]) -> tuple[Any, ...]:
        bindparams.extend(self._values)
        return RowRules, self._shape

    def process_compile_state(self, compile_state: Any) -> None:
        self.get_global_criteria(compile_state.global_attributes)

    def process_compile_state_replaced_entities(self, compile_state: Any, mapper_entities: Any) -> None:
        self.process_compile_state(compile_state)

    def get_global_criteria(self, attributes: dict[Any, Any]) -> None:
        for one in _criteria_of(self):
            one.get_global_criteria(attributes)


@lru_cache(AT_HAND)
def _criteria_of(rules: RowRules) -> list[Any]:
    """Those of the last few who asked something nobody of their kind had asked before."""
    return rules.criteria()
