"""Periods: the days a figure is asked for, on the office's calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.engine.moments import at_office, parse_date
from app.engine.refusals import Refused


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
