"""Limits: when one set at a moment falls due by a working calendar, with the sum that leads there.

Counting follows the Civil Code (民法典 第201 and 203 条): the day a period starts on does not count, a last day that is
a day off gives way to the next working day, and the period ends when business closes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

from app.engine.calendar import WorkingCalendar
from app.engine.instants import (
    FIRST_YEAR,
    LAST_YEAR,
    MICROSECONDS_A_DAY,
    N_,
    CalendarRefused,
    endless,
    micros,
    moment,
)
from app.engine.ledger import Ledger, Years

_LONGEST = 366 * (LAST_YEAR - FIRST_YEAR + 1) * MICROSECONDS_A_DAY


class Unit(StrEnum):
    """What a limit is counted in. A limit may also be a fixed moment: see `fixed`."""

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


class Limit:
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
        if number * (_MICROSECONDS_EACH.get(self.unit) or MICROSECONDS_A_DAY) > _LONGEST:
            raise endless()
        if self.unit.in_days and number != int(number):
            raise CalendarRefused(N_("Days are counted whole, not as %(amount)s."), amount=amount)
        self.amount = number
        self.move_to_working = move_to_working
        self.microseconds_each = _MICROSECONDS_EACH.get(self.unit, 0)
        self.microseconds = int(number * self.microseconds_each)


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


class Run(NamedTuple):
    """A running segment in microseconds; the last one is held to be endless when a due moment is looked for."""

    since: int
    until: int | None


def due(
    calendar: WorkingCalendar,
    start: datetime,
    amount: Decimal | float,
    unit: Unit | str,
    move_to_working: bool = True,
) -> Reckoning:
    """When a limit set at `start` falls due, with the sum.

    `move_to_working`: an end of elapsed time outside working hours moves to the next working minute (closing time
    itself stands). Elapsed and working limits may be fractions, days are whole; `on_arrival` ignores the amount and
    ends with the half-day, that is the window, the start falls in or else the next one. Calendar and working days
    end at close of work, round the clock at midnight. Raises `CalendarRefused` for other amounts or units.
    """
    limit = Limit(amount, unit, move_to_working)
    begun = micros(start)
    return reckoned(calendar, begun, limit, [Run(begun, None)])


def fixed(calendar: WorkingCalendar, start: datetime, at: datetime) -> Reckoning:
    """A limit somebody set to the minute: not moved, only remarked on when it lies outside working hours.

    What a pause leaves of it is no sum from the start, so a clock on it needs no `read_clock`; see `days_left`.
    """
    end, begun = micros(at), micros(start)
    limit = Limit(0, Unit.FIXED_MOMENT)
    return _explained(calendar, begun, limit, end, end, outside=calendar.ledger.settled(end) != end)


def days_left(
    calendar: WorkingCalendar, started_at: datetime, at: datetime, unit: Unit, stood: datetime, goes_on: datetime
) -> datetime:
    """A limit somebody set on a day, after a pause from `stood` to `goes_on`: so many days on as were left of it.

    A day is left while its close of work is to come, the first one of the clock never. The limit keeps its hour; where
    it comes to a day off it gives way to the next working day, as every limit in days does.
    """
    ledger, begun, end = calendar.ledger, micros(started_at), micros(at)
    since, onward = micros(stood), micros(goes_on)
    if end <= since or not days_closed(ledger, unit, begun, since, onward):
        return at
    midnight = ledger.instant(ledger.day(end), time())
    left = days_closed(ledger, unit, begun, since, midnight)
    day = ledger.day(_nth_close(ledger, unit, begun, onward, left + 1) - 1)
    return moment(ledger.instant(calendar.working_days(day, 0), time()) + end - midnight)


# The walk over the running segments. `runs` is never empty and the last is held to be endless.


def reckoned(calendar: WorkingCalendar, begun: int, limit: Limit, runs: Sequence[Run]) -> Reckoning:
    """When a limit falls due whose time counts in `runs` only; `begun` in microseconds."""
    ledger = calendar.ledger
    match limit.unit:
        case Unit.FIXED_MOMENT:
            raise CalendarRefused(N_("A fixed moment is its own limit and is not counted."))
        case Unit.ON_ARRIVAL:
            end = raw = _first_while_running(runs, lambda since: ledger.window(since)[1])
        case Unit.CALENDAR_DAYS | Unit.WORKING_DAYS:
            end, raw = _days_end(ledger, begun, limit, runs)
        case _:
            raw, number = _span_end(ledger, limit, runs)
            end = raw
            if limit.move_to_working or limit.unit.in_working_time:
                end = _first_while_running(
                    runs[number:],
                    lambda since: ledger.settled(raw) if raw >= since else max(since, ledger.window(since)[0]),
                )
    return _explained(calendar, begun, limit, end, raw)


def _first_while_running(runs: Sequence[Run], found: Callable[[int], int]) -> int:
    """The first moment `found` offers from the beginning of a run that this run still reaches; the last is endless."""
    for run in runs[:-1]:
        offered = found(run.since)
        if run.until is not None and offered <= run.until:
            return offered
    return found(runs[-1].since)


def _span_end(ledger: Ledger, limit: Limit, runs: Sequence[Run]) -> tuple[int, int]:
    """Where a limit in minutes or hours is used up, and in which run."""
    need = limit.microseconds
    for number, run in enumerate(runs[:-1]):
        assert run.until is not None
        have = spent(ledger, limit, run.since, run.until)
        if have >= need:
            return _forward(ledger, limit, run.since, need), number
        need -= have
    return _forward(ledger, limit, runs[-1].since, need), len(runs) - 1


def _days_end(ledger: Ledger, begun: int, limit: Limit, runs: Sequence[Run]) -> tuple[int, int]:
    """Close of work on the last day, and the close the count ended at, which is another when that was a day off."""
    need, number = int(limit.amount), 0
    if not need:
        raw = ledger.usual_close(ledger.day(begun))
    else:
        for run in runs[:-1]:
            assert run.until is not None
            have = days_closed(ledger, limit.unit, begun, run.since, run.until)
            if have >= need:
                break
            need, number = need - have, number + 1
        raw = _nth_close(ledger, limit.unit, begun, runs[number].since, need)

    def close(since: int) -> int:
        # A clock that goes on at closing time has not run that day; one that starts then, for no days, is due.
        return _close_from(ledger, max(raw, since if since == begun else since + 1))

    return _first_while_running(runs[number:], close), raw


def days_closed(ledger: Ledger, unit: Unit, begun: int, since: int, until: int) -> int:
    """The closes of work after `since` and not after `until`, on days after the first."""
    if until <= since:
        return 0
    if unit is Unit.CALENDAR_DAYS:
        first = _first_tick(ledger, begun, since)
        last = ledger.day(until)
        if ledger.usual_close(last) > until:
            last -= timedelta(days=1)
        return max(0, (last - first).days + 1)
    years = ledger.covering(ledger.year(min(begun, since)), ledger.year(until))
    after = bisect_right(years.days, ledger.day(begun).toordinal())
    return max(0, bisect_right(years.day_closes, until) - max(after, bisect_right(years.day_closes, since)))


def _first_tick(ledger: Ledger, begun: int, since: int) -> date:
    """The first day, the starting day left out, whose (usual) close of work is still to come after `since`."""
    day = ledger.day(since)
    if ledger.usual_close(day) <= since:
        day += timedelta(days=1)
    return max(day, ledger.day(begun) + timedelta(days=1))


def _nth_close(ledger: Ledger, unit: Unit, begun: int, since: int, n: int) -> int:
    """The `n`-th of the closes of work that `days_closed` counts."""
    if unit is Unit.CALENDAR_DAYS:
        return ledger.usual_close(_first_tick(ledger, begun, since) + timedelta(days=n - 1))
    first_day = ledger.day(begun)

    def found(years: Years) -> int | None:
        after = max(bisect_right(years.day_closes, since), bisect_right(years.days, first_day.toordinal()))
        return years.day_closes[after + n - 1] if after + n <= len(years.days) else None

    return ledger.search(first_day.year, ledger.year(since), found)


def _close_from(ledger: Ledger, at: int) -> int:
    """The first close of work at `at` or later."""

    def found(years: Years) -> int | None:
        close = bisect_left(years.day_closes, at)
        return years.day_closes[close] if close < len(years.day_closes) else None

    return ledger.search_from(at, found)


def spent(ledger: Ledger, limit: Limit, a: int, b: int) -> int:
    """What a clock that ran from `a` to `b` has used, on the limit's own base."""
    return ledger.worked_between(a, b) if limit.unit.in_working_time else b - a


def _forward(ledger: Ledger, limit: Limit, start: int, need: int) -> int:
    if need and limit.unit.in_working_time:
        return ledger.walk(start, need)
    return start + need


def _explained(
    calendar: WorkingCalendar, begun: int, limit: Limit, end: int, raw: int, outside: bool = False
) -> Reckoning:
    ledger, unit, moved = calendar.ledger, limit.unit, raw != end
    # Midnight is the end of the day before, unless the count was moved to an opening or somebody chose it.
    at_its_end = end > begun and (unit.in_days or not moved) and unit is not Unit.FIXED_MOMENT
    first, due_on = ledger.day(begun), ledger.day(end - 1 if at_its_end else end)
    if due_on.year > LAST_YEAR:
        raise endless()
    if unit.in_working_time:
        skipped = calendar.days_off(first, due_on)
    else:
        skipped = calendar.days_off(ledger.day(raw - 1), due_on) if moved else ()
    in_windows = unit.in_working_time and not unit.in_days
    return Reckoning(
        start=moment(begun),
        amount=limit.amount,
        unit=unit,
        due_at=moment(end),
        due_on=due_on,
        counted_from=moment(min(max(begun, ledger.window(begun)[0]), end) if in_windows else begun),
        moved_from=moment(raw) if moved else None,
        skipped=skipped,
        made_up=tuple(day for day in calendar.make_up_days if first <= day <= due_on),
        assumed_years=calendar.assumed_years(first, due_on),
        outside_hours=outside,
    )
