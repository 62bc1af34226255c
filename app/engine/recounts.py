"""Recounts: what a changed calendar does to the clocks that run, in the transaction that changes it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.engine import access, changes, clocks, concurrency, history, versions
from app.engine.clocks import RUNNING, ClockRow
from app.engine.database import one_at_a_time
from app.engine.moments import at_office, now
from app.engine.office_calendar import CalendarDay, working_calendar
from app.engine.record import kinds


def recount(session: Session, days: Collection[date] = ()) -> list[versions.ClockVersion]:
    """Walk the running clocks anew by the calendar as it stands, those that reach into `days` (none: all); the moves.

    A limit that has passed stays as it was. Called twice it moves nothing the second time; the caller commits.
    """
    moment, moves = now(), []
    with access.system(), history.act("recount"):
        one_at_a_time(session, "recount")
        calendar = working_calendar(session)
        query = select(ClockRow).where(
            ClockRow.state == RUNNING, ClockRow.calendar == "office", ClockRow.unit != "stated",
            ClockRow.extended.is_(False), ClockRow.due_at > moment,
        )  # fmt: skip
        if days:
            after = at_office(max(days) + timedelta(days=1))
            query = query.where(ClockRow.due_at >= at_office(min(days)), ClockRow.started_at < after)
        for clock in session.scalars(query.order_by(ClockRow.id)).all():
            if clocks.reckoning(calendar, clock, moment).due_at == (clock.own_due_at or clock.due_at):
                continue
            record: Any = session.get(kinds()[clock.kind], clock.record_id)
            if record is None:
                continue
            concurrency.hold(session, record)  # whoever takes a step on it meanwhile has stopped the clock or waits
            session.refresh(clock)
            move = clocks.walk_anew(session, record, clock, "calendar") if clock.state == RUNNING else None
            if move is not None:
                clocks.refresh(session, record)
                moves.append(move)
        session.flush()
    return moves


_CHANGED = "changed calendar days"


@event.listens_for(Session, "after_flush")
def _note_days(session: Session, context: Any) -> None:
    """Remember which days of the calendar this transaction touches, the ones they were before included."""
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, CalendarDay):
            past: Any = changes.past(row, "day")
            days = {*(past.added or ()), *(past.unchanged or ()), *(past.deleted or ())}
            session.info.setdefault(_CHANGED, set()).update(day for day in days if day is not None)


@event.listens_for(Session, "before_commit")
def _recount_with_the_calendar(session: Session) -> None:
    """Whoever changes the calendar moves the limits that reach into it, in one transaction."""
    session.flush()
    if days := session.info.pop(_CHANGED, None):
        recount(session, days)


@event.listens_for(Session, "after_soft_rollback")
def _forget_days(session: Session, previous: Any) -> None:
    session.info.pop(_CHANGED, None)
