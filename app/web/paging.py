"""Turning the pages of a list by the row where one stands, not by counting rows from the start: as fast at the end.

The address says which row a page follows (`after`) or precedes (`before`), or that it is the last one (`end`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.engine.fields import whole
from app.web.kind import BadRequest

PAGE = 25
#: What an address may say about where in a list it is.
PLACES = ("page", "after", "before", "end")
#: As many pages are found by their number, the only thing that an address written by hand can name.
NUMBERED = 40


@dataclass(frozen=True)
class Sorting:
    """The order of a list: by one column, then by key, both upwards or both downwards."""

    column: Any
    key: Any
    down: bool
    nullable: bool = False

    def by(self, backwards: bool = False) -> tuple[ColumnElement[Any], ...]:
        """What to sort by; `backwards` for the rows before a place, which are read from there."""
        columns = (self.key,) if self.column is self.key else (self.column, self.key)
        return tuple(one.desc() if self.down != backwards else one.asc() for one in columns)

    def beyond(self, value: Any, key: int, backwards: bool, nulls_low: bool) -> ColumnElement[bool]:
        """The rows that come after the one with this value and key; `nulls_low`: how the database sorts NULL."""
        down = self.down != backwards
        next_key = self.key < key if down else self.key > key
        if self.column is self.key:
            return next_key
        nulls_last = down == nulls_low
        if value is None:
            rest = and_(self.column.is_(None), next_key)
            return rest if nulls_last else or_(rest, self.column.is_not(None))
        from_here = self.column <= value if down else self.column >= value  # so said, an index can begin there
        rest = and_(from_here, or_(self.column < value if down else self.column > value, next_key))
        return or_(rest, self.column.is_(None)) if self.nullable and nulls_last else rest


@dataclass(frozen=True)
class Place:
    """Where in a list an address is."""

    number: int | None = 1
    after: int | None = None
    before: int | None = None
    end: bool = False

    @property
    def backwards(self) -> bool:
        return self.end or self.before is not None

    def rows(self, session: Session, query: Any, sorting: Sorting) -> tuple[list[Any], bool, bool]:
        """The rows of the page, and whether there are some before and after them."""
        query = query.order_by(*sorting.by(self.backwards))
        anchor = self.before if self.before is not None else self.after
        if anchor is not None:
            query = query.where(self._beyond(session, sorting, anchor))
        elif not self.end:
            query = query.offset(((self.number or 1) - 1) * PAGE)
        found = list(session.scalars(query.limit(PAGE + 1)))
        rows, more = found[:PAGE], len(found) > PAGE
        if self.backwards:
            return rows[::-1], more, not self.end
        return rows, anchor is not None or self.number != 1, more

    def _beyond(self, session: Session, sorting: Sorting, anchor: int) -> ColumnElement[bool]:
        row = session.execute(select(sorting.column.label("value"), sorting.key).where(sorting.key == anchor)).first()
        if row is None:
            raise BadRequest(_("The row this page begins at is gone; please start from the first page."))
        return sorting.beyond(row[0], anchor, self.backwards, session.get_bind().dialect.name == "sqlite")

    def addresses(self, rows: Sequence[Any], earlier: bool, later: bool) -> dict[str, dict[str, Any] | None]:
        """What to say in the addresses of the pages around this one."""
        number = self.number or 0
        before: dict[str, Any] = {"before": rows[0].id, "page": number - 1 if number > 2 else None} if rows else {}
        return {
            "first": {} if earlier else None,
            "previous": ({} if number == 2 else before) if earlier else None,
            "next": {"after": rows[-1].id, "page": number + 1 if number else None} if later and rows else None,
            "last": {"end": 1} if later else None,
        }


def place() -> Place:
    """Where the address asked for is. Raises `BadRequest`."""
    said = {name: request.args[name] for name in PLACES if request.args.get(name)}
    found = {name: whole(text) for name, text in said.items()}
    anchors = [name for name in ("after", "before", "end") if name in said]
    most = {"page": 2**31 - 1 if anchors else NUMBERED, "end": 1}
    for name, number in found.items():
        if number is None or not 1 <= number <= most.get(name, 2**31 - 1) or len(anchors) > 1:
            text = said[name][:20]
            raise BadRequest(_("There is no page “%(page)s”; narrow the list down instead.", page=text))
    number = found.get("page", None if anchors else 1)
    return Place(number, found.get("after"), found.get("before"), "end" in found)
