"""Periods: the days a figure is asked for, on the office's calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.engine.moments import at_office, parse_date
from app.engine.refusals import Refused

_QUARTERS = {
    (1, 3): _l("first quarter {year}"),
    (4, 6): _l("second quarter {year}"),
    (7, 9): _l("third quarter {year}"),
    (10, 12): _l("fourth quarter {year}"),
}


@dataclass(frozen=True)
class Period:
    """Days on the office's calendar, both included; open where None."""

    first: date | None = None
    last: date | None = None

    @property
    def since(self) -> datetime | None:
        return at_office(self.first) if self.first else None

    @property
    def until(self) -> datetime | None:
        return at_office(self.last + timedelta(days=1)) if self.last else None

    @property
    def words(self) -> str:
        """The days as people call them: a year, a quarter, a month, a day, or from one to another; nothing for all."""
        first, last = self.first, self.last
        if first is None and last is None:
            return ""
        if first is None or last is None or first > last or first.year != last.year:
            return f"{first or '…'}–{last or '…'}"
        if first == last:
            return str(first)
        begins = first.day == 1 and (last + timedelta(days=1)).day == 1
        if begins and (first.month, last.month) == (1, 12):
            return _("%(year)s", year=first.year)
        if begins and first.month == last.month:
            return _("%(year)s-%(month)02d", year=first.year, month=first.month)
        if begins and (first.month, last.month) in _QUARTERS:
            return str(_QUARTERS[first.month, last.month]).format(year=first.year)
        return f"{first}–{last}"

    def holds(self, query: Any, column: Any) -> Any:
        """`query` with `column` (a moment) inside the period."""
        return query.where(*self.conditions(column))

    def conditions(self, column: Any) -> list[Any]:
        """What holds where `column` (a moment) is inside the period."""
        begun = [column >= self.since] if self.since else []
        return begun + ([column < self.until] if self.until else [])

    def holds_day(self, query: Any, column: Any) -> Any:
        """`query` with `column` (a day) inside the period."""
        query = query.where(column >= self.first) if self.first else query
        return query.where(column <= self.last) if self.last else query


EVER = Period()


def ends(session: Session, moment: Any, period: Period = EVER) -> tuple[datetime | None, datetime | None]:
    """The first and the last moment of a field within a period, in all rows, whoever may see them.

    Months and weeks are told apart between the two, and who sees no row of one has no group of it; the index knows both
    at once, where the rows of somebody would have to be found.
    """
    column = moment.property.columns[0]
    conditions = period.conditions(column)
    first, last = (select(end(column)).where(*conditions).scalar_subquery() for end in (func.min, func.max))
    found = session.execute(select(first, last)).one()
    return found[0], found[1]


def period_of(given: Mapping[str, str | None]) -> Period:
    """The days `from` and `to` of parameters as text. Raises `Refused` for what is no day."""
    try:
        return Period(*(parse_date(given[key]) if given.get(key) else None for key in ("from", "to")))  # type: ignore[arg-type]
    except ValueError as error:
        raise Refused(str(error)) from None
