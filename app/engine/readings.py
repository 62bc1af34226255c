"""Clock readings: what a clock that runs and pauses has used of its limit, and when it falls due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from app.engine.calendar import WorkingCalendar
from app.engine.instants import N_, CalendarRefused, micros, moment
from app.engine.limits import Limit, Reckoning, Run, Unit, days_closed, reckoned, spent


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


def read_clock(
    calendar: WorkingCalendar,
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
    `CalendarRefused` for segments out of order and as `limits.due` does.
    """
    limit, ledger = Limit(amount, unit, move_to_working), calendar.ledger
    begun, now = micros(started_at), micros(as_of)
    runs, idle_from, paused = _history(begun, segments, now)
    ahead = runs if idle_from is None else [*runs, Run(idle_from, None)]
    reckoning = reckoned(calendar, begun, limit, ahead)

    due = micros(reckoning.due_at)
    ran = [(run.since, now if run.until is None else run.until) for run in runs]
    used = sum(spent(ledger, limit, since, until) for since, until in ran)
    missed = any(until > due for _since, until in ran)
    if missed:
        left = -sum(spent(ledger, limit, max(since, due), until) for since, until in ran if until > due)
    else:
        left = max(0, spent(ledger, limit, ran[-1][1] if idle_from is None else idle_from, due))
    if limit.unit.in_days:
        own = Decimal(sum(days_closed(ledger, limit.unit, begun, since, until) for since, until in ran))
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


def _history(
    begun: int, segments: Sequence[Segment | tuple[datetime, datetime | None, str]], now: int
) -> tuple[list[Run], int | None, bool]:
    """The runs up to `now`, the moment from which the clock would go on if it does not run, and whether it is paused.

    Without segments the clock has run since it began.
    """
    runs: list[Run] = []
    idle_from: int | None = max(begun, now)
    paused, end = False, begun
    for since_at, until_at, state in segments or [(moment(begun), None, "running")]:
        since, until = micros(since_at), None if until_at is None else micros(until_at)
        if state not in ("running", "paused"):
            raise CalendarRefused(N_("“%(state)s” is not a state of a clock: running or paused."), state=state)
        if since < end or (until is not None and until < since):
            raise CalendarRefused(N_("The clock's segments overlap or are out of order at %(at)s."), at=since_at)
        # Nothing may follow a segment that lasts.
        end = micros(datetime.max.replace(tzinfo=UTC)) if until is None else until
        if since > now:
            continue
        if until is not None and until > now:
            until = None
        paused = state == "paused" and until is None
        if state == "running":
            runs.append(Run(since, until))
            idle_from = None
        else:
            idle_from = now if until is None else until
    return runs, idle_from, paused
