"""Working calendars: which hours count, when a limit falls due, how much of it is used up.

Pure arithmetic. Moments go in and come out aware and in UTC; office hours are told on the wall clock of the calendar's
zone, day by day, so that summer time neither adds nor takes working time that nobody worked.

Counting follows the Civil Code (民法典 第201 and 203 条): the day a period starts on does not count, a last day that is
a day off gives way to the next working day, and the period ends when business closes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from threading import Lock
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Opening and closing time on the wall clock. A closing time of 00:00 is midnight at the end of the day.
Window = tuple[time, time]
Windows = tuple[Window, ...]

Answer = TypeVar("Answer")

#: The years that can be counted in: a search for working time ends at the last of them, whatever the calendar says.
FIRST_YEAR, LAST_YEAR = 1900, 2199

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_A_DAY = 86_400_000_000
_LONGEST = 366 * (LAST_YEAR - FIRST_YEAR + 1) * _MICROSECONDS_A_DAY
_NAT = np.iinfo(np.int64).min

#: One ledger is written at a time; those that are written are read without asking.
_writing = Lock()

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def N_(sentence: str) -> str:
    """Marks a sentence for translation; this module knows no reader and so no language."""
    return sentence


class CalendarRefused(ValueError):
    """What the calendar cannot be or cannot count.

    `str()` is plain English; a page translates `sentence` and fills in `values`.
    """

    def __init__(self, sentence: str, **values: Any):
        self.sentence, self.values = sentence, values
        super().__init__(sentence % values)


class Unit(StrEnum):
    """What a limit is counted in. A limit may also be a fixed moment: see `WorkingCalendar.fixed`."""

    ELAPSED_MINUTES = "elapsed_minutes"
    ELAPSED_HOURS = "elapsed_hours"
    WORKING_MINUTES = "working_minutes"
    WORKING_HOURS = "working_hours"
    CALENDAR_DAYS = "calendar_days"
    WORKING_DAYS = "working_days"
    ON_ARRIVAL = "on_arrival"
    FIXED_MOMENT = "fixed_moment"

    @property
    def in_days(self) -> bool:
        return self in (Unit.CALENDAR_DAYS, Unit.WORKING_DAYS)

    @property
    def in_working_time(self) -> bool:
        """Whether the time spent is told in working seconds rather than by the wall clock."""
        return self in (Unit.WORKING_MINUTES, Unit.WORKING_HOURS, Unit.WORKING_DAYS, Unit.ON_ARRIVAL)


_MICROSECONDS_EACH = {
    Unit.ELAPSED_MINUTES: 60_000_000,
    Unit.WORKING_MINUTES: 60_000_000,
    Unit.ELAPSED_HOURS: 3_600_000_000,
    Unit.WORKING_HOURS: 3_600_000_000,
}


@dataclass(frozen=True)
class Reckoning:
    """A moment due and the sum that leads to it, for a page to explain."""

    start: datetime
    amount: Decimal
    unit: Unit
    due_at: datetime
    #: the office's date of the last day; at midnight the day that ends, not the one that begins
    due_on: date
    #: the start; in working minutes and hours and on arrival the first working moment from there
    counted_from: datetime
    #: the end before it gave way to working time; for days the usual closing time of the day off it fell on
    moved_from: datetime | None
    #: days off that did not count (working units) or that the end was moved over (the others)
    skipped: tuple[date, ...]
    #: make-up workdays between start and end, which count though they look like a weekend
    made_up: tuple[date, ...]
    #: years between start and end without an imported plan: only their weekends are known
    assumed_years: tuple[int, ...]
    #: a fixed moment outside working hours is kept, and worth a warning
    outside_hours: bool = False


class Segment(NamedTuple):
    """A stretch of a clock's life; `until` is None while it lasts. Time in no segment does not count."""

    since: datetime
    until: datetime | None
    state: str  # "running" or "paused"


@dataclass(frozen=True)
class ClockReading:
    """How a clock stands at `as_of`."""

    as_of: datetime
    paused: bool
    #: in the rule's own unit: minutes, hours or whole days, 0 of 0 on arrival; `remaining` is negative beyond the limit
    used: Decimal
    remaining: Decimal
    #: on the rule's own base: working seconds for working units and on arrival, seconds by the clock for the others
    used_seconds: float
    #: to `due_at` on the same base, negative once it has passed
    remaining_seconds: float
    due: Reckoning
    #: the limit passed while the clock ran
    missed: bool

    @property
    def due_at(self) -> datetime:
        """While the clock is paused: when it would fall due if it went on at `as_of`."""
        return self.due.due_at

    @property
    def share(self) -> float:
        """Used part of the time granted, 1.0 when due: what the rungs of an escalation ladder ask for."""
        granted = self.used_seconds + self.remaining_seconds
        return self.used_seconds / granted if granted > 0 else 1.0


class _Run(NamedTuple):
    """A running segment in microseconds; the last one is held to be endless when a due moment is looked for."""

    since: int
    until: int | None


@dataclass(frozen=True)
class _Ledger:
    """The open windows of a few years end to end, in microseconds since 1970; every question is a look-up in it.

    `done` is the working time up to the close of each window, `days` the ordinals of the working days and `day_closes`
    their close of work.
    """

    first: int
    last: int
    opens: list[int]
    closes: list[int]
    done: list[int]
    days: list[int]
    day_closes: list[int]
    columns: tuple[NDArray[np.int64], ...]

    def worked(self, at: int) -> int:
        """Working time from the ledger's beginning to `at`."""
        window = bisect_right(self.opens, at) - 1
        return 0 if window < 0 else self.done[window] - max(0, self.closes[window] - at)

    def worked_column(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        opens, closes, done, _days = self.columns
        if not len(opens):
            return np.zeros_like(at)
        window = np.searchsorted(opens, at, side="right") - 1
        return np.where(window < 0, 0, done[window] - np.maximum(0, closes[window] - at))


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
    _zone: ZoneInfo = field(compare=False, repr=False)
    _worked: dict[date, Windows] = field(compare=False, repr=False)
    _ledger: _Ledger | None = field(compare=False, repr=False)

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
            "_zone": _checked_zone(zone),
            "_worked": worked,
            "_ledger": None,
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
        return self._day(_micros(at))

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
        return _moment(self._instant(day, windows[0][0])) if windows else None

    def closing(self, day: date) -> datetime | None:
        """Close of work on `day`, None on a day off."""
        windows = self.windows_on(day)
        return _moment(self._instant(day, windows[-1][1], closing=True)) if windows else None

    def working_days(self, start: date, n: int) -> date:
        """The `n`-th working day after `start`, which does not count itself; before it for a negative `n`.

        For 0: `start`, or the next working day when that is a day off.
        """
        day = start.toordinal()

        def found(ledger: _Ledger) -> int | None:
            at = bisect_right(ledger.days, day) + n - 1 if n > 0 else bisect_left(ledger.days, day) + n
            return ledger.days[at] if 0 <= at < len(ledger.days) else None

        return date.fromordinal(self._search(start.year, start.year, found, backwards=n < 0))

    def working_days_between(self, a: date, b: date) -> int:
        """Working days after `a` up to and including `b`; negative when `b` is earlier."""
        ledger = self._covering(a.year, b.year)
        return bisect_right(ledger.days, b.toordinal()) - bisect_right(ledger.days, a.toordinal())

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
        return self._window(_micros(at))[0] <= _micros(at)

    def next_working_moment(self, at: datetime) -> datetime:
        """`at` itself while the office is open, else its next opening. Closing time is outside."""
        return max(at.astimezone(UTC), _moment(self._window(_micros(at))[0]))

    def add_working_time(self, start: datetime, amount: timedelta | float) -> datetime:
        """The earliest moment by which `amount` (a timedelta, or seconds) has been worked since `start`.

        It may be a closing time. For 0: `start`, or the next opening when the office is shut. Raises `CalendarRefused`
        for a negative amount.
        """
        span = amount if isinstance(amount, timedelta) else timedelta(seconds=amount)
        if span < timedelta():
            raise CalendarRefused(N_("A limit cannot be negative: %(amount)s."), amount=span)
        begun = _micros(start)
        return _moment(self._walk(begun, span // _MICROSECOND) if span else self._settled(begun))

    def working_time(self, a: datetime, b: datetime) -> timedelta:
        """Working time from `a` to `b`, exact; negative when `b` is earlier."""
        return timedelta(microseconds=self._worked_between(_micros(a), _micros(b)))

    def working_seconds(self, a: datetime, b: datetime) -> float:
        """`working_time` in seconds."""
        return self._worked_between(_micros(a), _micros(b)) / 1e6

    def working_seconds_column(self, starts: ArrayLike, ends: ArrayLike) -> NDArray[np.float64]:
        """`working_seconds` row by row, for reports: one float a row, NaN where either moment is missing.

        Takes datetime64 arrays, pandas columns (with a zone, or without one and then in UTC), lists of aware datetimes
        and single moments; the two are broadcast against each other. 300,000 rows take some 50 ms.
        """
        first, second = np.broadcast_arrays(_micros_column(starts), _micros_column(ends))
        present = (first != _NAT) & (second != _NAT)
        seconds = np.full(first.shape, np.nan)
        if present.any():
            a, b = first[present], second[present]
            years = [self._year(int(at)) for at in (a.min(), a.max(), b.min(), b.max())]
            ledger = self._covering(min(years), max(years))
            seconds[present] = (ledger.worked_column(b) - ledger.worked_column(a)) / 1e6
        return seconds

    def working_days_column(self, starts: ArrayLike, ends: ArrayLike) -> NDArray[np.float64]:
        """`working_days_between` row by row, for columns of dates (datetime64, no zone); NaN where one is missing."""
        first, second = np.broadcast_arrays(*(np.asarray(days, dtype="datetime64[D]") for days in (starts, ends)))
        present = ~(np.isnat(first) | np.isnat(second))
        count = np.full(first.shape, np.nan)
        if present.any():
            a, b = (days[present].astype(np.int64) + _EPOCH.toordinal() for days in (first, second))
            years = [date.fromordinal(int(day)).year for day in (a.min(), a.max(), b.min(), b.max())]
            days = self._covering(min(years), max(years)).columns[3]
            count[present] = np.searchsorted(days, b, side="right") - np.searchsorted(days, a, side="right")
        return count

    # Limits

    def due(
        self, start: datetime, amount: Decimal | float, unit: Unit | str, move_to_working: bool = True
    ) -> Reckoning:
        """When a limit set at `start` falls due, with the sum.

        `move_to_working`: an end of elapsed time outside working hours moves to the next working minute (closing time
        itself stands). Elapsed and working limits may be fractions, days are whole; `on_arrival` ignores the amount and
        ends with the half-day, that is the window, the start falls in or else the next one. Calendar and working days
        end at close of work, round the clock at midnight. Raises `CalendarRefused` for other amounts or units.
        """
        limit = _Limit(amount, unit, move_to_working)
        begun = _micros(start)
        return self._reckon(begun, limit, [_Run(begun, None)])

    def fixed(self, start: datetime, at: datetime) -> Reckoning:
        """A limit somebody set to the minute: not moved, only remarked on when it lies outside working hours.

        Pauses do not move it either, so a clock on it needs no `read_clock`.
        """
        due, begun = _micros(at), _micros(start)
        limit = _Limit(0, Unit.FIXED_MOMENT)
        return self._explained(begun, limit, due, due, outside=self._settled(due) != due)

    def read_clock(
        self,
        started_at: datetime,
        amount: Decimal | float,
        unit: Unit | str,
        segments: Sequence[Segment | tuple[datetime, datetime | None, str]],
        as_of: datetime,
        move_to_working: bool = True,
    ) -> ClockReading:
        """What a clock has used and when it falls due, out of its running and paused segments up to `as_of`.

        The due moment is a walk of what remained when the clock last went on, in the rule's own unit: a pause over
        lunch or a weekend gives nothing to a limit in working hours. Day limits use up a day at each close of work
        the clock is running at (on days off at the usual closing time, when calendar days are counted). While it is
        paused the walk starts at `as_of`. A stopped clock keeps the due moment it was running against. An end moved
        to working time comes no sooner than the clock runs there.

        Only what had happened by `as_of` is looked at. Segments are in order and do not overlap. Raises
        `CalendarRefused` for segments out of order and as `due` does.
        """
        limit = _Limit(amount, unit, move_to_working)
        begun, now = _micros(started_at), _micros(as_of)
        runs, idle_from, paused = _history(begun, segments, now)
        ahead = runs if idle_from is None else [*runs, _Run(idle_from, None)]
        reckoning = self._reckon(begun, limit, ahead)

        due = _micros(reckoning.due_at)
        spent = [(run.since, now if run.until is None else run.until) for run in runs]
        used = sum(self._spent(limit, since, until) for since, until in spent)
        missed = any(until > due for _since, until in spent)
        if missed:
            left = -sum(self._spent(limit, max(since, due), until) for since, until in spent if until > due)
        else:
            left = max(0, self._spent(limit, spent[-1][1] if idle_from is None else idle_from, due))
        if limit.unit.in_days:
            own = Decimal(sum(self._days_closed(limit.unit, begun, since, until) for since, until in spent))
        else:
            own = Decimal(used) / limit.microseconds_each if limit.microseconds_each else Decimal(0)
        return ClockReading(
            as_of=as_of.astimezone(UTC),
            paused=paused,
            used=own,
            remaining=limit.amount - own,
            used_seconds=used / 1e6,
            remaining_seconds=left / 1e6,
            due=reckoning,
            missed=missed,
        )

    # The walk over the running segments. `runs` is never empty and the last is held to be endless.

    def _reckon(self, begun: int, limit: _Limit, runs: Sequence[_Run]) -> Reckoning:
        match limit.unit:
            case Unit.FIXED_MOMENT:
                raise CalendarRefused(N_("A fixed moment is its own limit and is not counted."))
            case Unit.ON_ARRIVAL:
                due = raw = _first_while_running(runs, lambda since: self._window(since)[1])
            case Unit.CALENDAR_DAYS | Unit.WORKING_DAYS:
                due, raw = self._days_end(begun, limit, runs)
            case _:
                raw, number = self._span_end(limit, runs)
                due = raw
                if limit.move_to_working or limit.unit.in_working_time:
                    due = _first_while_running(
                        runs[number:],
                        lambda since: self._settled(raw) if raw >= since else max(since, self._window(since)[0]),
                    )
        return self._explained(begun, limit, due, raw)

    def _span_end(self, limit: _Limit, runs: Sequence[_Run]) -> tuple[int, int]:
        """Where a limit in minutes or hours is used up, and in which run."""
        need = limit.microseconds
        for number, run in enumerate(runs[:-1]):
            assert run.until is not None
            have = self._spent(limit, run.since, run.until)
            if have >= need:
                return self._forward(limit, run.since, need), number
            need -= have
        return self._forward(limit, runs[-1].since, need), len(runs) - 1

    def _days_end(self, begun: int, limit: _Limit, runs: Sequence[_Run]) -> tuple[int, int]:
        """Close of work on the last day, and the close the count ended at, which is another when that was a day off."""
        need, number = int(limit.amount), 0
        if not need:
            raw = self._usual_close(self._day(begun))
        else:
            for run in runs[:-1]:
                assert run.until is not None
                have = self._days_closed(limit.unit, begun, run.since, run.until)
                if have >= need:
                    break
                need, number = need - have, number + 1
            raw = self._nth_close(limit.unit, begun, runs[number].since, need)

        def close(since: int) -> int:
            # A clock that goes on at closing time has not run that day; one that starts then, for no days, is due.
            return self._close_from(max(raw, since if since == begun else since + 1))

        return _first_while_running(runs[number:], close), raw

    def _days_closed(self, unit: Unit, begun: int, since: int, until: int) -> int:
        """The closes of work after `since` and not after `until`, on days after the first."""
        if until <= since:
            return 0
        if unit is Unit.CALENDAR_DAYS:
            first = self._first_tick(begun, since)
            last = self._day(until)
            if self._usual_close(last) > until:
                last -= timedelta(days=1)
            return max(0, (last - first).days + 1)
        ledger = self._covering(self._year(min(begun, since)), self._year(until))
        after = bisect_right(ledger.days, self._day(begun).toordinal())
        return max(0, bisect_right(ledger.day_closes, until) - max(after, bisect_right(ledger.day_closes, since)))

    def _first_tick(self, begun: int, since: int) -> date:
        """The first day, the starting day left out, whose (usual) close of work is still to come after `since`."""
        day = self._day(since)
        if self._usual_close(day) <= since:
            day += timedelta(days=1)
        return max(day, self._day(begun) + timedelta(days=1))

    def _nth_close(self, unit: Unit, begun: int, since: int, n: int) -> int:
        """The `n`-th of the closes of work that `_days_closed` counts."""
        if unit is Unit.CALENDAR_DAYS:
            return self._usual_close(self._first_tick(begun, since) + timedelta(days=n - 1))
        first_day = self._day(begun)

        def found(ledger: _Ledger) -> int | None:
            after = max(bisect_right(ledger.day_closes, since), bisect_right(ledger.days, first_day.toordinal()))
            return ledger.day_closes[after + n - 1] if after + n <= len(ledger.days) else None

        return self._search(first_day.year, self._year(since), found)

    def _close_from(self, at: int) -> int:
        """The first close of work at `at` or later."""

        def found(ledger: _Ledger) -> int | None:
            close = bisect_left(ledger.day_closes, at)
            return ledger.day_closes[close] if close < len(ledger.day_closes) else None

        return self._search_from(at, found)

    def _spent(self, limit: _Limit, a: int, b: int) -> int:
        return self._worked_between(a, b) if limit.unit.in_working_time else b - a

    def _forward(self, limit: _Limit, start: int, need: int) -> int:
        if need and limit.unit.in_working_time:
            return self._walk(start, need)
        return start + need

    def _explained(self, begun: int, limit: _Limit, due: int, raw: int, outside: bool = False) -> Reckoning:
        unit, moved = limit.unit, raw != due
        # Midnight is the end of the day before, unless the count was moved to an opening or somebody chose it.
        at_its_end = due > begun and (unit.in_days or not moved) and unit is not Unit.FIXED_MOMENT
        first, due_on = self._day(begun), self._day(due - 1 if at_its_end else due)
        if due_on.year > LAST_YEAR:
            raise _endless()
        if unit.in_working_time:
            skipped = self.days_off(first, due_on)
        else:
            skipped = self.days_off(self._day(raw - 1), due_on) if moved else ()
        in_windows = unit.in_working_time and not unit.in_days
        return Reckoning(
            start=_moment(begun),
            amount=limit.amount,
            unit=unit,
            due_at=_moment(due),
            due_on=due_on,
            counted_from=_moment(min(max(begun, self._window(begun)[0]), due) if in_windows else begun),
            moved_from=_moment(raw) if moved else None,
            skipped=skipped,
            made_up=tuple(day for day in self.make_up_days if first <= day <= due_on),
            assumed_years=self.assumed_years(first, due_on),
            outside_hours=outside,
        )

    # The ledger

    def _worked_between(self, a: int, b: int) -> int:
        years = self._year(a), self._year(b)
        ledger = self._covering(min(years), max(years))
        return ledger.worked(b) - ledger.worked(a)

    def _walk(self, start: int, need: int) -> int:
        """The earliest moment by which `need` microseconds, at least one, have been worked since `start`."""

        def found(ledger: _Ledger) -> int | None:
            target = ledger.worked(start) + need
            window = bisect_left(ledger.done, target)
            return ledger.closes[window] - (ledger.done[window] - target) if window < len(ledger.done) else None

        return self._search_from(start, found)

    def _window(self, at: int, closing_counts: bool = False) -> tuple[int, int]:
        """The window that is open at `at` or opens next; at closing time the one that closes only if that counts."""
        bisect = bisect_left if closing_counts else bisect_right

        def found(ledger: _Ledger) -> tuple[int, int] | None:
            window = bisect(ledger.closes, at)
            return (ledger.opens[window], ledger.closes[window]) if window < len(ledger.closes) else None

        return self._search_from(at, found)

    def _settled(self, at: int) -> int:
        """`at` in working time, closing time included, else the next opening."""
        return max(at, self._window(at, closing_counts=True)[0])

    def _search_from(self, at: int, found: Callable[[_Ledger], Answer | None]) -> Answer:
        # One moment earlier: midnight of New Year is still a closing time of the old year.
        year = self._year(at - 1)
        return self._search(year, year, found)

    def _search(
        self, first: int, last: int, found: Callable[[_Ledger], Answer | None], backwards: bool = False
    ) -> Answer:
        """Ask `found` of ever more years, until it answers or the years are over."""
        reach = 1
        while True:
            ledger = self._covering(
                max(FIRST_YEAR, first - reach) if backwards else first,
                last if backwards else min(LAST_YEAR, last + reach - 1),
            )
            answer = found(ledger)
            if answer is not None:
                return answer
            if ledger.first <= FIRST_YEAR if backwards else ledger.last >= LAST_YEAR:
                raise _endless()
            reach *= 2

    def _covering(self, first: int, last: int) -> _Ledger:
        """A ledger of at least the years `first` to `last`, in either order.

        It grows and is never changed: whoever holds an older one goes on with it.
        """
        first, last = min(first, last), max(first, last)
        if not FIRST_YEAR <= first <= last <= LAST_YEAR:
            raise _outside_years()
        ledger = self._ledger
        if ledger is None or first < ledger.first or last > ledger.last:
            with _writing:
                ledger = self._ledger
                if ledger is None:
                    ledger = self._written(first, last)
                elif first < ledger.first or last > ledger.last:
                    # Twice as many years each time, so that a walk through the decades is not paid for year by year.
                    more = ledger.last - ledger.first + 1
                    first = ledger.first if first >= ledger.first else max(FIRST_YEAR, min(first, ledger.first - more))
                    last = ledger.last if last <= ledger.last else min(LAST_YEAR, max(last, ledger.last + more))
                    ledger = self._written(first, last)
                object.__setattr__(self, "_ledger", ledger)
        return ledger

    def _written(self, first: int, last: int) -> _Ledger:
        opens: list[int] = []
        closes: list[int] = []
        done: list[int] = []
        days: list[int] = []
        day_closes: list[int] = []
        total = 0
        for ordinal in range(date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal() + 1):
            day = date.fromordinal(ordinal)
            windows = len(opens)
            for opening, closing in self.windows_on(day):
                opened, closed = self._instant(day, opening), self._instant(day, closing, closing=True)
                # A window that lies in the hour summer time leaves out is no working time.
                if opened < closed:
                    total += closed - opened
                    opens.append(opened)
                    closes.append(closed)
                    done.append(total)
            if len(opens) > windows:
                days.append(ordinal)
                day_closes.append(closes[-1])
        columns = tuple(np.array(values, dtype=np.int64) for values in (opens, closes, done, days))
        return _Ledger(first, last, opens, closes, done, days, day_closes, columns)

    # Wall clock

    def _day(self, moment: int) -> date:
        return _moment(moment).astimezone(self._zone).date()

    def _year(self, moment: int) -> int:
        return self._day(moment).year

    def _usual_close(self, day: date) -> int:
        """Close of work on `day`; on a day off, when an ordinary weekday would close."""
        windows = self.windows_on(day) or next(hours for hours in self.week if hours)
        return self._instant(day, windows[-1][1], closing=True)

    def _instant(self, day: date, clock: time, closing: bool = False) -> int:
        """The first moment at which the wall clock shows `clock` or later on `day`.

        So a time that comes twice in autumn is its first coming, and one left out in spring the moment of the change:
        windows that touch on the clock touch in time.
        """
        wall = datetime.combine(day, clock)
        if closing and clock == time():
            wall += timedelta(days=1)
        before, after = (wall.replace(tzinfo=self._zone, fold=fold).utcoffset() for fold in (0, 1))
        assert before is not None and after is not None
        naive = (wall - _EPOCH.replace(tzinfo=None)) // _MICROSECOND
        late = naive - before // _MICROSECOND
        if before >= after:
            return late
        early = naive - after // _MICROSECOND
        while late - early > 1:
            middle = (early + late) // 2
            if _moment(middle).astimezone(self._zone).replace(tzinfo=None) >= wall:
                late = middle
            else:
                early = middle
        return late


class _Limit:
    """An amount checked against its unit."""

    def __init__(self, amount: Decimal | float, unit: Unit | str, move_to_working: bool = True):
        try:
            self.unit = Unit(unit)
        except ValueError:
            raise CalendarRefused(N_("“%(unit)s” is not a unit limits are counted in."), unit=unit) from None
        try:
            number = Decimal(0) if self.unit is Unit.ON_ARRIVAL else Decimal(str(amount))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or number < 0:
            raise CalendarRefused(N_("A limit cannot be %(amount)s."), amount=amount)
        if number * (_MICROSECONDS_EACH.get(self.unit) or _MICROSECONDS_A_DAY) > _LONGEST:
            raise _endless()
        if self.unit.in_days and number != int(number):
            raise CalendarRefused(N_("Days are counted whole, not as %(amount)s."), amount=amount)
        self.amount = number
        self.move_to_working = move_to_working
        self.microseconds_each = _MICROSECONDS_EACH.get(self.unit, 0)
        self.microseconds = int(number * self.microseconds_each)


def _history(
    begun: int, segments: Sequence[Segment | tuple[datetime, datetime | None, str]], now: int
) -> tuple[list[_Run], int | None, bool]:
    """The runs up to `now`, the moment from which the clock would go on if it does not run, and whether it is paused.

    Without segments the clock has run since it began.
    """
    runs: list[_Run] = []
    idle_from: int | None = max(begun, now)
    paused, end = False, begun
    for since_at, until_at, state in segments or [(_moment(begun), None, "running")]:
        since, until = _micros(since_at), None if until_at is None else _micros(until_at)
        if state not in ("running", "paused"):
            raise CalendarRefused(N_("“%(state)s” is not a state of a clock: running or paused."), state=state)
        if since < end or (until is not None and until < since):
            raise CalendarRefused(N_("The clock's segments overlap or are out of order at %(at)s."), at=since_at)
        # Nothing may follow a segment that lasts.
        end = _micros(datetime.max.replace(tzinfo=UTC)) if until is None else until
        if since > now:
            continue
        if until is not None and until > now:
            until = None
        paused = state == "paused" and until is None
        if state == "running":
            runs.append(_Run(since, until))
            idle_from = None
        else:
            idle_from = now if until is None else until
    return runs, idle_from, paused


def _first_while_running(runs: Sequence[_Run], found: Callable[[int], int]) -> int:
    """The first moment `found` offers from the beginning of a run that this run still reaches; the last is endless."""
    for run in runs[:-1]:
        moment = found(run.since)
        if run.until is not None and moment <= run.until:
            return moment
    return found(runs[-1].since)


def _endless() -> CalendarRefused:
    return CalendarRefused(
        N_("The limit does not end between %(first)s and %(last)s."), first=FIRST_YEAR, last=LAST_YEAR
    )


def _outside_years() -> CalendarRefused:
    return CalendarRefused(N_("The calendar counts from %(first)s to %(last)s only."), first=FIRST_YEAR, last=LAST_YEAR)


def _micros(at: datetime) -> int:
    if at.tzinfo is None:
        raise CalendarRefused(N_("The moment %(at)s has no time zone."), at=at)
    return (at - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise _outside_years() from None


def _micros_column(moments: Any) -> NDArray[np.int64]:
    if isinstance(moments, datetime):
        return np.array(_micros(moments), dtype=np.int64)
    if getattr(moments, "dtype", np.dtype(object)) != np.dtype(object):
        return np.asarray(moments, dtype="datetime64[us]").astype(np.int64)
    # Python datetimes: numpy itself would warn of their zone and drop it. NaT is the one moment unlike itself.
    objects = np.asarray(moments, dtype=object)
    flat = [_NAT if at is None or at != at else _micros(at) for at in objects.ravel()]
    return np.array(flat, dtype=np.int64).reshape(objects.shape)


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
