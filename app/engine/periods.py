"""Periods: the days a figure is asked for, on the office's calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

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


def period_of(given: Mapping[str, str | None]) -> Period:
    """The days `from` and `to` of parameters as text. Raises `Refused` for what is no day."""
    try:
        return Period(*(parse_date(given[key]) if given.get(key) else None for key in ("from", "to")))  # type: ignore[arg-type]
    except ValueError as error:
        raise Refused(str(error)) from None
