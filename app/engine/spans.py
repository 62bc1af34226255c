"""Stretches of time as the database counts them: hours, days after a moment, the weeks and months a moment lies in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Engine, Float, String, bindparam, case, event, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.engine.moments import Moment, at_office, local, office_zone

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


class DayEnd(FunctionElement[datetime]):
    """The moment at which the day of another is over in a zone that is told by its name."""

    name = "day_end"
    type = Moment()
    inherit_cache = True


@compiles(DayEnd, "sqlite")
def _day_end_of_sqlite(element: Any, compiler: Any, **given: Any) -> str:
    moment, zone = (compiler.process(one, **given) for one in element.clauses)
    return f"day_end({moment}, {zone})"  # `_teach` makes it


@compiles(DayEnd, "postgresql")
def _day_end_of_postgresql(element: Any, compiler: Any, **given: Any) -> str:
    moment, zone = (compiler.process(one, **given) for one in element.clauses)
    day = f"date_trunc('day', ({moment}) AT TIME ZONE 'UTC' AT TIME ZONE {zone})"
    return f"(({day} + INTERVAL '1 day') AT TIME ZONE {zone} AT TIME ZONE 'UTC')"


@event.listens_for(Engine, "connect")
def _teach(connection: Any, record: Any) -> None:
    """SQLite knows no zones."""
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("day_end", 2, _day_end, deterministic=True)


def _day_end(moment: str | None, zone: str) -> str | None:
    if moment is None:
        return None
    there = datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    after = datetime.combine(there.date() + timedelta(days=1), time(), there.tzinfo)
    return after.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def day_end(moment: Any) -> ColumnElement[datetime]:
    """When the office's day of a moment is over."""
    zone: Any = bindparam("office_zone", callable_=lambda: str(office_zone()), type_=String())
    return cast(ColumnElement[datetime], DayEnd(moment, zone))


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
