"""Clocks: every deadline is a clock with a rule that can be read.

Rules are rows with the text they come from; a running clock keeps the rule it started with. A clock is a chain of
running and paused segments, and its deadline is walked from what remains, never shifted by the length of a pause.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    select,
    text,
)  # fmt: skip
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.engine import limits, versions
from app.engine.calendar import WorkingCalendar
from app.engine.clock_rules import ClockRule, rule_for
from app.engine.database import by_key
from app.engine.limits import Reckoning
from app.engine.moments import Moment, local, now
from app.engine.office_calendar import working_calendar
from app.engine.readings import Segment, read_clock

RUNNING, PAUSED, MET, MISSED, VOID = "running", "paused", "met", "missed", "void"


class ClockRow(Model):
    """One clock of one record."""

    __tablename__ = "clock"
    __table_args__ = (
        UniqueConstraint("kind", "record_id", "stage", "episode"),
        Index("ix_clock_state_due", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column(Integer)
    stage: Mapped[str] = mapped_column(String(40))
    episode: Mapped[int] = mapped_column(Integer, default=1)
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("clock_rule.id"))
    amount: Mapped[str] = mapped_column(String(20))
    unit: Mapped[str] = mapped_column(String(20))
    calendar: Mapped[str] = mapped_column(String(20))
    source: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime] = mapped_column(Moment)
    due_at: Mapped[datetime] = mapped_column(Moment)
    original_due_at: Mapped[datetime] = mapped_column(Moment)
    #: where the limit of the whole comes first: what the leg's own rule would have given
    own_due_at: Mapped[datetime | None] = mapped_column(Moment)
    stopped_at: Mapped[datetime | None] = mapped_column(Moment)
    #: somebody gave it a limit of its own, which the calendar does not move
    extended: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    #: how often its limit was set: 1 is the original one, see `versions`
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    segments: Mapped[list[ClockSegment]] = relationship(order_by="ClockSegment.id", lazy="selectin")


class ClockSegment(Model):
    """A stretch during which a clock ran or stood still."""

    __tablename__ = "clock_segment"

    id: Mapped[int] = mapped_column(primary_key=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id", ondelete="CASCADE"), index=True)
    begins_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime | None] = mapped_column(Moment)
    running: Mapped[bool]
    #: why it stands still, in the word of the record's field `paused_for`
    reason: Mapped[str | None] = mapped_column(String(40))


def clocks_of(session: Session, record: Any) -> list[ClockRow]:
    """All clocks of a record, in the order they started."""
    query = select(ClockRow).where(ClockRow.kind == record.kind_name, ClockRow.record_id == record.id)
    return list(session.scalars(query.order_by(ClockRow.id).execution_options(**by_key)))


def settle(session: Session, record: Any, state: Any) -> list[ClockRow]:
    """Bring a record's clocks in line with a state and set `due_at`; the new clocks, still without a record."""
    moment = now()
    present = clocks_of(session, record) if record.id else []
    open_clocks = {clock.stage: clock for clock in present if clock.state in (RUNNING, PAUSED)}
    known = dict(open_clocks)
    stages = [stage for stage in state.clocks if applies(record, stage)]
    lasting = {stage for stage in (*stages, *state.keeps) if applies(record, stage)}
    for stage, clock in open_clocks.items():
        if stage in state.pauses or (stage in stages and record.held(stage)):
            _pause(clock, moment, record)
        elif stage in lasting:
            bound = _bound(session, record, stage, known)
            _run(session, clock, moment, bound)
            _keep_within(session, clock, bound, moment)
        else:
            unmeasured = state.uncounted or (stage in state.lets_go and _done(clock, moment) <= clock.due_at)
            end(session, clock, moment, VOID if unmeasured else None)
            del known[stage]
    started = _start_missing(session, record, stages, present, known, moment)
    for clock in started:
        if record.held(clock.stage):
            _pause(clock, moment, record)
    running = [c for c in (*open_clocks.values(), *started) if c.state == RUNNING]
    if running:
        record.due_at = min(clock.due_at for clock in running)
    elif record.flow.clocks and not (state.final or state.settled):
        record.due_at = None  # nothing runs, so nothing is due; a closed record keeps what it was measured by
    elif any(clock.state == PAUSED for clock in open_clocks.values()):
        record.due_at = None  # nothing is due while all clocks stand still
    return started


def bind(session: Session, record: Any, started: Iterable[ClockRow]) -> None:
    """Attach started clocks to the record they belong to."""
    begun = list(started)
    for clock in begun:
        clock.record_id = record.id
        session.add(clock)
    if begun:
        session.flush()  # the next step looks for them, autoflush or not


def refresh(session: Session, record: Any) -> None:
    """Bring the clocks of a stored record, and of what goes by it, in line with the state it is in."""
    bind(session, record, settle(session, record, record.flow.states[record.state]))
    for one in record.dependants():
        refresh(session, one)


def foreseen(session: Session, record: Any, stage: str) -> datetime | None:
    """When a stage would be due if its clock started now; None where neither a rule nor the record limits it."""
    clock = _start(session, record, stage, [], {}, now())
    return None if clock is None else clock.due_at


def share_of(session: Session, due: datetime, share: Decimal) -> datetime:
    """When a share of the time from now to `due` is over: at night it gives way to working time, never beyond `due`."""
    moment = now()
    hours = max((due - moment).total_seconds(), 0) * float(share) / 3600
    return min(due, limits.due(working_calendar(session), moment, hours, "elapsed_hours").due_at)


def running(session: Session, record: Any, stage: str) -> ClockRow | None:
    """The clock of a stage that runs or stands still; None where it has none, or no more."""
    return next((c for c in clocks_of(session, record) if c.stage == stage and c.state in (RUNNING, PAUSED)), None)


def last(session: Session, record: Any, stage: str) -> ClockRow | None:
    """The clock of a stage's last round, whether it runs or has stopped; None where there was none."""
    return next((clock for clock in reversed(clocks_of(session, record)) if clock.stage == stage), None)


def stop(session: Session, record: Any, stage: str, outcome: str | None = None) -> None:
    """End a stage's clock; entering a state that has it starts it anew. `outcome` VOID leaves it out of figures."""
    moment = now()
    for clock in clocks_of(session, record):
        if clock.stage == stage and clock.state in (RUNNING, PAUSED):
            end(session, clock, moment, outcome)
    session.flush()


def applies(record: Any, stage: str) -> bool:
    """Whether a stage has a clock at all for this record."""
    asked = record.flow.clocks[stage].applies
    return asked is None or bool(asked(record))


def _start_missing(
    session: Session, record: Any, stages: Iterable[str], present: list[ClockRow], known: dict[str, ClockRow],
    moment: datetime,
) -> list[ClockRow]:  # fmt: skip
    """New clocks for the stages that have none open, put into `known` by stage; a leg behind its whole."""
    begun = {clock.stage for clock in present if clock.state != VOID}
    missing = [stage for stage in stages if stage not in known]
    started = []
    for stage in missing:
        if record.flow.clocks[stage].once and stage in begun:
            continue
        if (new := _start(session, record, stage, present, known, moment)) is not None:
            known[stage] = new
            started.append(new)
    return started


def _bound(session: Session, record: Any, stage: str, known: dict[str, ClockRow]) -> datetime | None:
    """The limit of the whole that a stage is a leg of, in the same record or in another."""
    whole = record.flow.clocks[stage].within
    if whole is None:
        return record.bound(session, stage)
    return known[whole].due_at if whole in known else None


def _within(own: datetime, bound: datetime | None, moment: datetime) -> tuple[datetime, datetime | None]:
    """The limit of a leg that would end at `own` by itself, and `own` where the whole's comes first.

    Where the limit of the whole has passed, the leg keeps its own: it would be late before it begins.
    """
    return (bound, own) if bound is not None and moment < bound < own else (own, None)


def _keep_within(session: Session, clock: ClockRow, bound: datetime | None, moment: datetime) -> None:
    """The whole may have got another limit meanwhile."""
    if clock.state == RUNNING and clock.due_at > moment:
        due, clock.own_due_at = _within(clock.own_due_at or clock.due_at, bound, moment)
        versions.write(session, clock, due, "whole")


def _start(
    session: Session, record: Any, stage: str, present: list[ClockRow], known: dict[str, ClockRow], moment: datetime
) -> ClockRow | None:
    about = record.flow.clocks[stage]
    episode = 1 + sum(clock.stage == stage for clock in present)
    # A second round counts from its own beginning, not from the first receipt.
    begins = (getattr(record, about.since) if about.since and episode == 1 else None) or moment
    stated = getattr(record, about.limit) if about.limit else None
    rule = rule_for(session, record.kind_name, stage, record.case(), local(begins).date(), record.profile())
    if stated is None and rule is None:
        return None
    amount, unit, name = Decimal(0), "elapsed_hours", "office"
    if rule is not None:
        amount, unit, name = granted(record, stage, rule), rule.unit, rule.calendar
    own = stated or limits.due(working_calendar(session, name), begins, amount, unit).due_at
    due, beyond = _within(own, _bound(session, record, stage, known), moment)
    return ClockRow(
        kind=record.kind_name,
        stage=stage,
        episode=episode,
        rule_id=None if stated or rule is None else rule.id,
        amount=f"{amount:f}",
        unit="stated" if stated else unit,
        calendar=name,
        source=None if stated or rule is None else rule.source,
        state=RUNNING,
        started_at=begins,
        due_at=due,
        original_due_at=due,
        own_due_at=beyond,
        segments=[ClockSegment(begins_at=begins, running=True)],
    )


def granted(record: Any, stage: str, rule: ClockRule) -> Decimal:
    """What a rule grants a record: all of it, or the share its round gets; days are whole, and rounded up."""
    share = record.limit_share(stage)
    if share == 1:
        return rule.amount
    amount = rule.amount * share
    return amount.to_integral_value(ROUND_CEILING) if limits.Unit(rule.unit).in_days else amount.normalize()


def _next(clock: ClockRow, moment: datetime, running: bool, reason: str | None = None) -> None:
    clock.segments[-1].ends_at = moment
    clock.segments.append(ClockSegment(begins_at=moment, running=running, reason=reason))


def _pause(clock: ClockRow, moment: datetime, record: Any) -> None:
    if clock.state == RUNNING:
        clock.state = PAUSED
        _next(clock, moment, running=False, reason=getattr(record, record.paused_for) if record.paused_for else None)


def _run(session: Session, clock: ClockRow, moment: datetime, bound: datetime | None) -> None:
    if clock.state == PAUSED:
        stood_since = clock.segments[-1].begins_at
        clock.state = RUNNING
        _next(clock, moment, running=True)
        if is_own(clock):
            own = _put_off(session, clock, stood_since, moment)
            due, clock.own_due_at = _within(own, bound, moment)
            versions.write(session, clock, due, "pause")
        else:
            _walk(session, clock, moment, "pause", bound)


def is_own(clock: ClockRow) -> bool:
    """Whether somebody gave it its limit, rather than a rule."""
    return clock.unit == "stated" or clock.extended


def _put_off(session: Session, clock: ClockRow, since: datetime, moment: datetime) -> datetime:
    """A limit somebody set, after a pause: what was left of it when the clock stood still begins now.

    It is counted in the unit of the rule it went beyond; one stated from the beginning was set to the minute, and what
    is left of it is working time.
    """
    own = clock.own_due_at or clock.due_at
    unit = None if clock.unit == "stated" else limits.Unit(clock.unit)
    if unit is not None and unit.in_days:
        calendar = working_calendar(session, clock.calendar)
        return limits.days_left(calendar, clock.started_at, own, unit, since, moment)
    calendar = working_calendar(session, clock.calendar if unit is None or unit.in_working_time else "always")
    left = calendar.working_time(since, own)
    return calendar.add_working_time(moment, left) if left > timedelta() else own


def reckoning(calendar: WorkingCalendar, clock: ClockRow, moment: datetime | None = None) -> Reckoning:
    """The sum that leads to a clock's limit as its calendar stands now; of one somebody stated, what lies about it."""
    if is_own(clock):
        return limits.fixed(calendar, clock.started_at, clock.due_at)
    life = [Segment(s.begins_at, s.ends_at, RUNNING if s.running else PAUSED) for s in clock.segments]
    return read_clock(
        calendar, clock.started_at, Decimal(clock.amount), clock.unit, life, moment or clock.stopped_at or now()
    ).due


def _walk(
    session: Session, clock: ClockRow, moment: datetime, reason: str, bound: datetime | None
) -> versions.ClockVersion | None:
    if is_own(clock):
        return None
    own = reckoning(working_calendar(session, clock.calendar), clock, moment).due_at
    due, clock.own_due_at = _within(own, bound, moment)
    return versions.write(session, clock, due, reason)


def walk_anew(session: Session, record: Any, clock: ClockRow, reason: str) -> versions.ClockVersion | None:
    """Give a clock of a record the limit it comes to by the calendar as it stands; the move, if it is one."""
    known = {c.stage: c for c in clocks_of(session, record) if c.state in (RUNNING, PAUSED)}
    bound = _bound(session, record, clock.stage, known)
    return _walk(session, clock, now(), reason, bound)


def _done(clock: ClockRow, moment: datetime) -> datetime:
    """When a clock that stops now has run last: what was finished before it stood still was finished then."""
    return clock.segments[-1].begins_at if clock.state == PAUSED else moment


def end(session: Session, clock: ClockRow, moment: datetime, outcome: str | None) -> None:
    """Stop one clock, and judge it where no `outcome` is given."""
    clock.state = outcome or (MET if _done(clock, moment) <= clock.due_at else MISSED)
    clock.stopped_at = moment
    clock.segments[-1].ends_at = moment
    versions.tell(session, clock)


def resume(session: Session, record: Any, stage: str) -> None:
    """Let the last clock of a stage go on that has stopped: what was done does not do, and its limit still holds."""
    clock = last(session, record, stage)
    if clock is None or clock.state not in (MET, MISSED):
        return
    clock.state, clock.stopped_at = RUNNING, None
    if clock.segments[-1].running:
        clock.segments[-1].ends_at = None
    else:
        _next(clock, now(), running=True)
    versions.tell(session, clock)


def extend(session: Session, record: Any, stage: str, due: datetime, reason: str = "extension") -> None:
    """Give a running clock a limit of its own, for one of `versions.REASONS`; the original one is kept."""
    for clock in clocks_of(session, record):
        if clock.stage == stage and clock.state == RUNNING:
            give_own(session, clock, due, reason)
    record.due_at = _first_due(session, record, due)


def give_own(session: Session, clock: ClockRow, due: datetime, reason: str) -> None:
    """Give a clock a limit that no rule and no whole moves."""
    versions.write(session, clock, due, reason)
    clock.extended, clock.own_due_at = True, None


def _first_due(session: Session, record: Any, otherwise: datetime | None) -> datetime | None:
    return min((c.due_at for c in clocks_of(session, record) if c.state == RUNNING), default=otherwise)
