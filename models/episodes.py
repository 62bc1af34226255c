"""The rounds of a ticket 重办: each with a limit of its own, and the whole life without the time it was closed.

The two figures of tickets-orders.md 4.6 come from here: on time the first time, and on time in every round.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import clocks
from app.engine.clocks import ClockRow
from app.engine.moments import now
from app.engine.office_calendar import working_calendar
from app.engine.readings import Segment, read_clock
from models.tickets import ServiceTicket

STAGE = "parent"


@dataclass(frozen=True)
class Episode:
    """One round: from the receipt or the reopening to the answer; `used` is its time without pauses, as it counts."""

    ticket_id: int
    number: int
    started_at: datetime
    due_at: datetime
    answered_at: datetime | None
    used: timedelta
    #: None while it may still be answered in time, and where it is not counted: void, merged
    on_time: bool | None


def episodes(session: Session, ticket_ids: Collection[int]) -> list[Episode]:
    """The rounds of these tickets, in order."""
    query = select(ClockRow).where(
        ClockRow.kind == ServiceTicket.kind_name, ClockRow.stage == STAGE, ClockRow.record_id.in_(ticket_ids)
    )
    return [_episode(session, clock) for clock in session.scalars(query.order_by(ClockRow.record_id, ClockRow.id))]


def _episode(session: Session, clock: ClockRow) -> Episode:
    life = [Segment(s.begins_at, s.ends_at, "running" if s.running else "paused") for s in clock.segments]
    reading = read_clock(
        working_calendar(session, clock.calendar), clock.started_at, Decimal(clock.amount), clock.unit, life,
        clock.stopped_at or now(),
    )  # fmt: skip
    late = clock.state == clocks.MISSED or (clock.state == clocks.RUNNING and clock.due_at < now())
    on_time = False if late else True if clock.state == clocks.MET else None
    return Episode(
        clock.record_id, clock.episode, clock.started_at, clock.due_at, clock.stopped_at,
        timedelta(seconds=reading.used_seconds), on_time,
    )  # fmt: skip


def whole_life(session: Session, ticket: ServiceTicket) -> timedelta:
    """The time from the receipt to the last answer, without the time the ticket was closed or waited for its caller."""
    return sum((one.used for one in episodes(session, [ticket.id])), timedelta())


@dataclass(frozen=True)
class Figures:
    """Of so many tickets that can be judged: how many were on time the first time, and how many in every round."""

    judged: int
    first_time: int
    every_time: int


def figures(session: Session, ticket_ids: Collection[int]) -> Figures:
    """The two figures for these tickets; void and merged ones and those still within their first limit are left out."""
    rounds: dict[int, list[Episode]] = {}
    for one in episodes(session, ticket_ids):
        rounds.setdefault(one.ticket_id, []).append(one)
    judged = [found for found in rounds.values() if found[0].on_time is not None]
    return Figures(
        len(judged),
        sum(bool(found[0].on_time) for found in judged),
        sum(all(one.on_time is not False for one in found) for found in judged),
    )
