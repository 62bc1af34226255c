"""Working calendars: which days and hours count, and how much working time lies between two moments.

Pure arithmetic. Moments go in and come out aware and in UTC; office hours are told on the wall clock of the calendar's
zone, day by day, so that summer time neither adds nor takes working time that nobody worked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.engine.instants import EPOCH, MICROSECOND, N_, NAT, CalendarRefused, micros, micros_column, moment
from app.engine.ledger import Ledger, Window, Windows, Years

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, init=False)
class WorkingCalendar:
    """The hours an office works: time zone, windows by weekday, days off, make-up workdays.

    Immutable and safe to share between threads; equal calendars compare equal. Build one per version of the rows and
    keep it: it remembers the years it has worked out.
    """

    zone: str
    week: tuple[Windows, ...]
    off_days: frozenset[date]
    worked_days: tuple[tuple[date, Windows], ...]
    known_years: frozenset[int]
    always: bool
    #: the working time of these hours, in microseconds
    ledger: Ledger = field(compare=False, repr=False)
    _worked: dict[date, Windows] = field(compare=False, repr=False)

    def __init__(
        self,
        zone: str = "Asia/Shanghai",
        windows: Mapping[int, Iterable[Window]] | None = None,
        off_days: Iterable[date] = (),
        make_up_days: Iterable[date] | Mapping[date, Iterable[Window] | None] = (),
        known_years: Iterable[int] = (),
        always: bool = False,
    ):
        """`windows`: weekday (Monday is 0) -> opening and closing times, as many a day as there are.

        `make_up_days` are worked like an ordinary weekday (the first in the week with hours), or in the hours given
        with them; a half-day before a holiday can be told so, too. A day that is also in `off_days` is off: the
        office's own closing beats the national plan. `always` is round the clock: windows and days are then ignored.

        Raises `CalendarRefused` (a `ValueError`), among others for less than an open hour in fourteen days.
        """
        if always:
            windows, off_days, make_up_days = dict.fromkeys(range(7), ((time(), time()),)), (), ()
        given = dict(windows or {})
        if unknown := given.keys() - set(range(7)):
            raise CalendarRefused(
                N_("Weekdays count from 0, Monday, to 6, Sunday; not %(days)s."), days=sorted(unknown)
            )
        week = tuple(_checked_windows(_WEEKDAYS[day], given.get(day, ())) for day in range(7))
        if 2 * sum(_length(window) for day in week for window in day) < 3600:
            raise CalendarRefused(
                N_("The calendar is open for less than one hour in fourteen days: no limit would ever end.")
            )
        ordinary = next(day for day in week if day)
        own = make_up_days if isinstance(make_up_days, Mapping) else dict.fromkeys(make_up_days)
        worked = {
            _checked_day(day): ordinary if hours is None else _checked_windows(day.isoformat(), hours)
            for day, hours in own.items()
        }
        if closed := [day for day, hours in worked.items() if not hours]:
            raise CalendarRefused(N_("%(day)s is to be worked, but has no hours."), day=min(closed))
        settled = {
            "zone": zone,
            "week": week,
            "off_days": frozenset(map(_checked_day, off_days)),
            "worked_days": tuple(sorted(worked.items())),
            "known_years": frozenset(known_years),
            "always": always,
            "ledger": Ledger(_checked_zone(zone), self.windows_on, ordinary),
            "_worked": worked,
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    @classmethod
    @lru_cache(8)
    def round_the_clock(cls, zone: str = "Asia/Shanghai") -> WorkingCalendar:
        """24 hours, seven days: a hotline. Its days still end at midnight of `zone`. The same one at each call."""
        return cls(zone, always=True)

    # Days

    @property
    def make_up_days(self) -> tuple[date, ...]:
        """The days worked though their weekday is not, in order."""
        days = (day for day, _hours in self.worked_days if not self.week[day.weekday()])
        return tuple(day for day in days if day not in self.off_days)

    def day_of(self, at: datetime) -> date:
        """The calendar's date at a moment."""
        return self.ledger.day(micros(at))

    def windows_on(self, day: date) -> Windows:
        """The hours of one day, empty on a day off."""
        if day in self.off_days:
            return ()
        return self._worked.get(day) or self.week[day.weekday()]

    def is_working_day(self, day: date) -> bool:
        return bool(self.windows_on(day))

    def opening(self, day: date) -> datetime | None:
        """When work begins on `day`, None on a day off."""
        windows = self.windows_on(day)
        return moment(self.ledger.instant(day, windows[0][0])) if windows else None

    def closing(self, day: date) -> datetime | None:
        """Close of work on `day`, None on a day off."""
        windows = self.windows_on(day)
        return moment(self.ledger.instant(day, windows[-1][1], closing=True)) if windows else None

    def working_days(self, start: date, n: int) -> date:
        """The `n`-th working day after `start`, which does not count itself; before it for a negative `n`.

        For 0: `start`, or the next working day when that is a day off.
        """
        day = start.toordinal()

        def found(years: Years) -> int | None:
            at = bisect_right(years.days, day) + n - 1 if n > 0 else bisect_left(years.days, day) + n
            return years.days[at] if 0 <= at < len(years.days) else None

        return date.fromordinal(self.ledger.search(start.year, start.year, found, backwards=n < 0))

    def working_days_between(self, a: date, b: date) -> int:
        """Working days after `a` up to and including `b`; negative when `b` is earlier."""
        days = self.ledger.covering(a.year, b.year).days
        return bisect_right(days, b.toordinal()) - bisect_right(days, a.toordinal())

    def days_off(self, first: date, last: date) -> tuple[date, ...]:
        """The days off from `first` to `last`, both included."""
        days = map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))
        return tuple(day for day in days if not self.is_working_day(day))

    def assumed_years(self, first: date, last: date) -> tuple[int, ...]:
        """The years from `first` to `last` without an imported plan: "weekends only assumed"."""
        if self.always:
            return ()
        return tuple(year for year in range(first.year, last.year + 1) if year not in self.known_years)

    # Working time

    def is_open(self, at: datetime) -> bool:
        """Whether a second of work can begin at this moment: closing time itself is outside."""
        return self.ledger.window(micros(at))[0] <= micros(at)

    def next_working_moment(self, at: datetime) -> datetime:
        """`at` itself while the office is open, else its next opening. Closing time is outside."""
        return max(at.astimezone(UTC), moment(self.ledger.window(micros(at))[0]))

    def add_working_time(self, start: datetime, amount: timedelta | float) -> datetime:
        """The earliest moment by which `amount` (a timedelta, or seconds) has been worked since `start`.

        It may be a closing time. For 0: `start`, or the next opening when the office is shut. Raises `CalendarRefused`
        for a negative amount.
        """
        span = amount if isinstance(amount, timedelta) else timedelta(seconds=amount)
        if span < timedelta():
            raise CalendarRefused(N_("A limit cannot be negative: %(amount)s."), amount=span)
        begun = micros(start)
        return moment(self.ledger.walk(begun, span // MICROSECOND) if span else self.ledger.settled(begun))

    def working_time(self, a: datetime, b: datetime) -> timedelta:
        """Working time from `a` to `b`, exact; negative when `b` is earlier."""
        return timedelta(microseconds=self.ledger.worked_between(micros(a), micros(b)))

    def working_seconds(self, a: datetime, b: datetime) -> float:
        """`working_time` in seconds."""
        return self.ledger.worked_between(micros(a), micros(b)) / 1e6

    def working_seconds_column(self, starts: ArrayLike, ends: ArrayLike) -> NDArray[np.float64]:
        """`working_seconds` row by row, for reports: one float a row, NaN where either moment is missing.

        Takes datetime64 arrays, pandas columns (with a zone, or without one and then in UTC), lists of aware datetimes
        and single moments; the two are broadcast against each other. 300,000 rows take some 50 ms.
        """
        first, second = np.broadcast_arrays(micros_column(starts), micros_column(ends))
        present = (first != NAT) & (second != NAT)
        seconds = np.full(first.shape, np.nan)
        if present.any():
            a, b = first[present], second[present]
            asked = [self.ledger.year(int(at)) for at in (a.min(), a.max(), b.min(), b.max())]
            years = self.ledger.covering(min(asked), max(asked))
            seconds[present] = (years.worked_column(b) - years.worked_column(a)) / 1e6
        return seconds

    def working_days_column(self, starts: ArrayLike, ends: ArrayLike) -> NDArray[np.float64]:
        """`working_days_between` row by row, for columns of dates (datetime64, no zone); NaN where one is missing."""
        first, second = np.broadcast_arrays(*(np.asarray(days, dtype="datetime64[D]") for days in (starts, ends)))
        present = ~(np.isnat(first) | np.isnat(second))
        count = np.full(first.shape, np.nan)
        if present.any():
            a, b = (days[present].astype(np.int64) + EPOCH.toordinal() for days in (first, second))
            years = [date.fromordinal(int(day)).year for day in (a.min(), a.max(), b.min(), b.max())]
            days = self.ledger.covering(min(years), max(years)).columns[3]
            count[present] = np.searchsorted(days, b, side="right") - np.searchsorted(days, a, side="right")
        return count

    # Limits


def _checked_zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise CalendarRefused(N_("“%(zone)s” is not a time zone."), zone=zone) from None


def _checked_day(day: date) -> date:
    # A datetime is a date to Python, but equals none: the day would never be found.
    if isinstance(day, datetime) or not isinstance(day, date):
        raise CalendarRefused(N_("%(day)s is not a day."), day=day)
    return day


def _checked_windows(day: str, windows: Iterable[Window]) -> Windows:
    given = [(opens, closes) for opens, closes in windows]
    if any(opens.tzinfo or closes.tzinfo for opens, closes in given):
        raise CalendarRefused(N_("%(day)s: hours are told on the wall clock, without a time zone."), day=day)
    hours = tuple(sorted(given))
    for opens, closes in hours:
        if closes != time() and closes <= opens:
            raise CalendarRefused(
                N_("%(day)s: closing time %(closes)s is not after opening time %(opens)s."),
                day=day,
                opens=f"{opens:%H:%M}",
                closes=f"{closes:%H:%M}",
            )
    for (_opens, closes), (again, _closes) in pairwise(hours):
        if closes == time() or again < closes:
            raise CalendarRefused(N_("%(day)s: the hours overlap at %(at)s."), day=day, at=f"{again:%H:%M}")
    return hours


def _length(window: Window) -> float:
    """Hours on the clock, in seconds."""
    opens, closes = (timedelta(hours=at.hour, minutes=at.minute, seconds=at.second) for at in window)
    return ((closes or timedelta(days=1)) - opens).total_seconds()
