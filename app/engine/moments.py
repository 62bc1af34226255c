"""Moments and days: stored in UTC, entered and shown in the office's time zone, one clock for all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
    _zone, _frozen = ZoneInfo(zone), frozen and frozen.astimezone(UTC)  # as the history's digests have it


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


def minute_of(moment: datetime) -> datetime:
    """The minute a moment lies in: forms ask for no more."""
    return moment.replace(second=0, microsecond=0)


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
    day = _day(text)
    if day is None:
        raise ValueError(_("“%(text)s” is not a date; write it like 2026-03-02.", text=text[:40]))
    _check_year(day, text)
    return day


def _day(text: str) -> date | None:
    found = _DATE.fullmatch(text.strip())
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _check_year(day: date, text: str) -> None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(
            _(
                "“%(text)s” is no date that is kept here: they lie between %(first)s and %(last)s.",
                text=text[:40],
                first=FIRST_YEAR,
                last=LAST_YEAR,
            )
        )


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
        elif (bare := _day(plain)) is not None:
            moment = datetime.combine(bare, time())
        else:
            if found := _MOMENT.fullmatch(plain):
                year, month, day, hour, minute, rest = found.groups()
                plain = f"{year}-{month:0>2}-{day:0>2} {hour:0>2}:{minute}{rest}"
            moment = datetime.fromisoformat(plain.replace(" UTC", "+00:00").replace("/", "-"))
    except ValueError:
        raise ValueError(
            _("“%(text)s” is not a date and time; write it like 2026-03-02 17:20.", text=text[:40])
        ) from None
    _check_year(moment, text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=_zone)).astimezone(UTC)


class _Hours(dict[str, str]):
    """What a zone's clock shows at each whole hour of UTC, `2026-03-02 09` at `2026-03-02 01`.

    Raises `LookupError` for an hour within which minutes and seconds are not those of UTC: the zone lies half an hour
    off, or its clock is changed just then.
    """

    def __init__(self, zone: tzinfo):
        self._zone = zone

    def __missing__(self, hour: str) -> str:
        first, last = (self.shown(f"{hour}:{rest}") for rest in ("00:00", "59:59"))
        if first[13:] != ":00:00" or last != f"{first[:13]}:59:59":
            raise LookupError(hour)
        self[hour] = first[:13]
        return first[:13]

    def shown(self, stored: str) -> str:
        moment = datetime.fromisoformat(stored).replace(tzinfo=UTC).astimezone(self._zone)
        return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def clock_texts(zone: tzinfo) -> Callable[[Sequence[Any]], list[str]]:
    """From moments as a database stores them (UTC, texts on SQLite) to what the clock of a zone showed, to the second.

    Each hour is looked up once: a column of a hundred thousand moments lies in a few thousand hours.
    """
    hours = _Hours(zone)

    def texts(stored: Sequence[Any]) -> list[str]:
        if any(one.__class__ is datetime for one in stored):
            stored = [one and one.isoformat(sep=" ") for one in stored]
        try:
            return ["" if one is None else hours[one[:13]] + one[13:19] for one in stored]
        except LookupError:
            return ["" if one is None else hours.shown(one) for one in stored]

    return texts


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
