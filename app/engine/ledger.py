"""The ledger of a calendar: its open windows written out end to end, so that every question is a look-up.

All moments here are microseconds since 1970; hours are told on the wall clock of the ledger's zone, day by day.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from threading import Lock
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.engine.instants import EPOCH, FIRST_YEAR, LAST_YEAR, MICROSECOND, endless, moment, outside_years

#: Opening and closing time on the wall clock. A closing time of 00:00 is midnight at the end of the day.
Window = tuple[time, time]
Windows = tuple[Window, ...]

Answer = TypeVar("Answer")

#: One ledger is written at a time; those that are written are read without asking.
_writing = Lock()


@dataclass(frozen=True)
class Years:
    """The open windows of a few years.

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
        """Working time from the beginning of these years to `at`."""
        window = bisect_right(self.opens, at) - 1
        return 0 if window < 0 else self.done[window] - max(0, self.closes[window] - at)

    def worked_column(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        opens, closes, done, _days = self.columns
        if not len(opens):
            return np.zeros_like(at)
        window = np.searchsorted(opens, at, side="right") - 1
        return np.where(window < 0, 0, done[window] - np.maximum(0, closes[window] - at))


class Ledger:
    """All the years anybody has asked for; it grows and forgets nothing. Safe to share between threads."""

    def __init__(self, zone: ZoneInfo, windows_on: Callable[[date], Windows], ordinary: Windows):
        """`windows_on`: the hours of a day, empty on a day off; `ordinary`: those a day off would have had."""
        self._zone, self._windows_on, self._ordinary = zone, windows_on, ordinary
        self._years: Years | None = None

    # Working time

    def worked_between(self, a: int, b: int) -> int:
        ends = self.year(a), self.year(b)
        years = self.covering(min(ends), max(ends))
        return years.worked(b) - years.worked(a)

    def walk(self, start: int, need: int) -> int:
        """The earliest moment by which `need` microseconds, at least one, have been worked since `start`."""

        def found(years: Years) -> int | None:
            target = years.worked(start) + need
            window = bisect_left(years.done, target)
            return years.closes[window] - (years.done[window] - target) if window < len(years.done) else None

        return self.search_from(start, found)

    def window(self, at: int, closing_counts: bool = False) -> tuple[int, int]:
        """The window that is open at `at` or opens next; at closing time the one that closes only if that counts."""
        bisect = bisect_left if closing_counts else bisect_right

        def found(years: Years) -> tuple[int, int] | None:
            window = bisect(years.closes, at)
            return (years.opens[window], years.closes[window]) if window < len(years.closes) else None

        return self.search_from(at, found)

    def settled(self, at: int) -> int:
        """`at` in working time, closing time included, else the next opening."""
        return max(at, self.window(at, closing_counts=True)[0])

    # Years

    def search_from(self, at: int, found: Callable[[Years], Answer | None]) -> Answer:
        # One moment earlier: midnight of New Year is still a closing time of the old year.
        year = self.year(at - 1)
        return self.search(year, year, found)

    def search(self, first: int, last: int, found: Callable[[Years], Answer | None], backwards: bool = False) -> Answer:
        """Ask `found` of ever more years, until it answers or the years are over."""
        reach = 1
        while True:
            years = self.covering(
                max(FIRST_YEAR, first - reach) if backwards else first,
                last if backwards else min(LAST_YEAR, last + reach - 1),
            )
            answer = found(years)
            if answer is not None:
                return answer
            if years.first <= FIRST_YEAR if backwards else years.last >= LAST_YEAR:
                raise endless()
            reach *= 2

    def covering(self, first: int, last: int) -> Years:
        """At least the years `first` to `last`, in either order.

        What was once answered is never changed: whoever holds fewer years goes on with them.
        """
        first, last = min(first, last), max(first, last)
        if not FIRST_YEAR <= first <= last <= LAST_YEAR:
            raise outside_years()
        years = self._years
        if years is None or first < years.first or last > years.last:
            with _writing:
                years = self._years
                if years is None:
                    years = self._written(first, last)
                elif first < years.first or last > years.last:
                    # Twice as many years each time, so that a walk through the decades is not paid for year by year.
                    more = years.last - years.first + 1
                    first = years.first if first >= years.first else max(FIRST_YEAR, min(first, years.first - more))
                    last = years.last if last <= years.last else min(LAST_YEAR, max(last, years.last + more))
                    years = self._written(first, last)
                self._years = years
        return years

    def _written(self, first: int, last: int) -> Years:
        opens: list[int] = []
        closes: list[int] = []
        done: list[int] = []
        days: list[int] = []
        day_closes: list[int] = []
        total = 0
        for ordinal in range(date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal() + 1):
            day = date.fromordinal(ordinal)
            windows = len(opens)
            for opening, closing in self._windows_on(day):
                opened, closed = self.instant(day, opening), self.instant(day, closing, closing=True)
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
        return Years(first, last, opens, closes, done, days, day_closes, columns)

    # Wall clock

    def day(self, at: int) -> date:
        return moment(at).astimezone(self._zone).date()

    def year(self, at: int) -> int:
        return self.day(at).year

    def usual_close(self, day: date) -> int:
        """Close of work on `day`; on a day off, when an ordinary weekday would close."""
        windows = self._windows_on(day) or self._ordinary
        return self.instant(day, windows[-1][1], closing=True)

    def instant(self, day: date, clock: time, closing: bool = False) -> int:
        """The first moment at which the wall clock shows `clock` or later on `day`.

        So a time that comes twice in autumn is its first coming, and one left out in spring the moment of the change:
        windows that touch on the clock touch in time.
        """
        wall = datetime.combine(day, clock)
        if closing and clock == time():
            wall += timedelta(days=1)
        before, after = (wall.replace(tzinfo=self._zone, fold=fold).utcoffset() for fold in (0, 1))
        assert before is not None and after is not None
        naive = (wall - EPOCH.replace(tzinfo=None)) // MICROSECOND
        late = naive - before // MICROSECOND
        if before >= after:
            return late
        early = naive - after // MICROSECOND
        while late - early > 1:
            middle = (early + late) // 2
            if moment(middle).astimezone(self._zone).replace(tzinfo=None) >= wall:
                late = middle
            else:
                early = middle
        return late
