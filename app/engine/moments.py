"""Moments and days: stored in UTC, entered and shown in the office's time zone, one clock for all."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import DateTime
from sqlalchemy.types import TypeDecorator

#: Moments outside these years are typing mistakes, and Excel could not show them.
FIRST_YEAR, LAST_YEAR = 1900, 2199

_zone = ZoneInfo("Asia/Shanghai")
_frozen: datetime | None = None


def configure(zone: str, frozen: datetime | None = None) -> None:
    """Set the office's time zone and, for tests and demonstrations, the moment at which the clock stands still."""
    global _zone, _frozen
    _zone, _frozen = ZoneInfo(zone), frozen


def office_zone() -> ZoneInfo:
    return _zone


def frozen() -> datetime | None:
    """The moment at which the clock was stopped, or None."""
    return _frozen


def now() -> datetime:
    """This moment, aware, in UTC."""
    return _frozen or datetime.now(UTC)


def today() -> date:
    """The office's date, which is not the server's."""
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """The same moment on the office's clock."""
    return moment.astimezone(_zone)


def office_time(moment: datetime) -> str:
    """The moment in the office's zone as people read it, to the minute."""
    return f"{local(moment):%Y-%m-%d %H:%M}"


def at_office(day: date, clock: time = time()) -> datetime:
    """The moment at which the office's clock shows `clock` on `day`."""
    return datetime.combine(day, clock, _zone).astimezone(UTC)


_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


def parse_date(text: str) -> date:
    """A day as people write it: `2026-03-02`, `2026/3/2`, `2026年3月2日`.

    Raises `ValueError` with a plain sentence.
    """
    found = _DATE.fullmatch(text.strip())
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(_("“%(text)s” is not a date; write it like 2026-03-02.", text=text[:40]))
    return day


#: A day as people write it, and the time: `2026/3/2 9:05`, `2026年3月2日 9：05`.
_MOMENT = re.compile(rf"{_DATE.pattern}[ T]*(\d{{1,2}})[:：](\d{{2}})(.*)", re.ASCII)


def parse_moment(text: str, form: str | None = None) -> datetime:
    """A moment in ISO 8601; without an offset it is office time, a bare date is its first minute.

    `form` is a `strptime` pattern for ledgers that write moments otherwise. Raises `ValueError` with a plain sentence.
    """
    plain = text.strip()
    try:
        if form:
            moment = datetime.strptime(plain, form)
        elif _DATE.fullmatch(plain):
            moment = datetime.combine(parse_date(plain), time())
        else:
            if found := _MOMENT.fullmatch(plain):
                year, month, day, hour, minute, rest = found.groups()
                plain = f"{year}-{month:0>2}-{day:0>2} {hour:0>2}:{minute}{rest}"
            moment = datetime.fromisoformat(plain.replace(" UTC", "+00:00").replace("/", "-"))
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise ValueError
        return (moment if moment.tzinfo else moment.replace(tzinfo=_zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            _("“%(text)s” is not a date and time; write it like 2026-03-02 17:20.", text=text[:40])
        ) from None


def clock_texts(zone: tzinfo) -> Callable[[datetime | str | None], str]:
    """From a moment as a database stores it (UTC, a text on SQLite) to the text of a zone's clock, to the second.

    What a clock shows at a whole hour is worked out once: within the hour minutes and seconds are those of UTC, but
    where a zone lies half an hour off or its clock is changed just then.
    """
    hours: dict[str, str] = {}

    def shown(stored: str) -> str:
        moment = datetime.fromisoformat(stored).replace(tzinfo=UTC).astimezone(zone)
        return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")

    def text(stored: datetime | str | None) -> str:
        if stored is None:
            return ""
        told = stored if isinstance(stored, str) else stored.isoformat(sep=" ")
        hour = told[:13]
        begun = hours.get(hour)
        if begun is None:
            first, last = shown(f"{hour}:00:00"), shown(f"{hour}:59:59")
            plain = (first[:13], first[13:], last[13:]) == (last[:13], ":00:00", ":59:59")
            begun = hours[hour] = first[:13] if plain else ""
        return begun + told[13:19] if begun else shown(told)

    return text


class Moment(TypeDecorator[datetime]):
    """A column of moments: aware in Python, UTC without a zone in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value and value.replace(tzinfo=UTC)
