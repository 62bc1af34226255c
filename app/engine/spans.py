"""Stretches of time as the database counts them: hours, days after a moment, the weeks and months a moment lies in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Float, case, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.engine.moments import Moment, at_office, local

Length = Literal["week", "month"]


class Hours(FunctionElement[float]):
    """The hours from one moment to another, to four places."""

    name = "hours"
    type = Float()
    inherit_cache = True


@compiles(Hours, "sqlite")
def _hours_of_sqlite(element: Any, compiler: Any, **given: Any) -> str:
    since, until = (compiler.process(one, **given) for one in element.clauses)
    return f"ROUND((julianday({until}) - julianday({since})) * 24, 4)"


@compiles(Hours, "postgresql")
def _hours_of_postgresql(element: Any, compiler: Any, **given: Any) -> str:
    since, until = (compiler.process(one, **given) for one in element.clauses)
    return f"CAST(ROUND(CAST(EXTRACT(EPOCH FROM ({until}) - ({since})) AS NUMERIC) / 3600, 4) AS DOUBLE PRECISION)"


class DaysAfter(FunctionElement[datetime]):
    """The moment so many times 24 hours after another."""

    name = "days_after"
    type = Moment()
    inherit_cache = True


@compiles(DaysAfter, "sqlite")
def _days_of_sqlite(element: Any, compiler: Any, **given: Any) -> str:
    moment, days = (compiler.process(one, **given) for one in element.clauses)
    # Moments are compared as texts of six places.
    return f"strftime('%Y-%m-%d %H:%M:%f000', {moment}, '+' || {days} || ' days')"


@compiles(DaysAfter, "postgresql")
def _days_of_postgresql(element: Any, compiler: Any, **given: Any) -> str:
    moment, days = (compiler.process(one, **given) for one in element.clauses)
    return f"(({moment}) + {days} * INTERVAL '1 day')"


def first_day(length: Length, day: date) -> date:
    """The day a week (Monday) or a month begins with."""
    return day - timedelta(days=day.weekday()) if length == "week" else day.replace(day=1)


def _parts(length: Length, first: date, last: date) -> Iterator[tuple[date, date]]:
    """The weeks or months from one day to another: first day, first day after it."""
    day = first_day(length, first)
    while day <= last:
        after = first_day(length, day + timedelta(days=7 if length == "week" else 31))
        yield day, after
        day = after


def part_of(length: Length, moment: Any, first: datetime | None, last: datetime | None) -> ColumnElement[str]:
    """The week (its Monday, 2026-03-02) or the month (2026-03) a moment between two others lies in."""
    if first is None or last is None:
        return literal("")
    form = "%Y-%m-%d" if length == "week" else "%Y-%m"
    parts = [(f"{day:{form}}", after) for day, after in _parts(length, local(first).date(), local(last).date())]
    return case((moment.is_not(None), _halved(moment, parts)), else_="")


def _halved(moment: Any, parts: Sequence[tuple[str, date]]) -> ColumnElement[str]:
    """The name of the part a moment lies in: one comparison halves them, where a million rows are told apart."""
    if len(parts) == 1:
        return literal(parts[0][0])
    half = len(parts) // 2
    earlier, later = parts[:half], parts[half:]
    return case((moment < at_office(earlier[-1][1]), _halved(moment, earlier)), else_=_halved(moment, later))
