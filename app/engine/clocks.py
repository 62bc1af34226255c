"""Clocks: every deadline is a clock with a rule that can be read.

Rules are rows with the text they come from; a running clock keeps the rule it started with. A clock is a chain of
running and paused segments, and its deadline is walked from what remains, never shifted by the length of a pause.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    event,
    inspect,
    select,
    text,
)  # fmt: skip
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.engine import access, concurrency, fields, history, limits, versions
from app.engine.calendar import WorkingCalendar
from app.engine.database import one_at_a_time
from app.engine.limits import Reckoning
from app.engine.moments import Moment, at_office, local, now
from app.engine.office_calendar import CalendarDay, working_calendar
from app.engine.readings import Segment, read_clock
from app.engine.record import Record, kinds
from app.engine.remembered import remembered
from app.engine.rules import PROFILES

UNIT_LABELS = {
    "elapsed_hours": _l("hours by the clock"),
    "working_hours": _l("working hours"),
    "calendar_days": _l("calendar days"),
    "working_days": _l("working days"),
    "on_arrival": _l("on arrival, within the half-day"),
}
CALENDARS = {"office": _l("Office hours"), "always": _l("Round the clock")}


def _flows() -> list[Any]:
    return [cls for cls in kinds().values() if hasattr(cls, "flow") and cls.flow.clocks]


#: What records and stages are called, read off the flows.
KIND_LABELS = fields.Live(lambda: {cls.kind_name: cls.label_plural for cls in _flows()})
#: Where two flows have a stage of the same name, the first calls it.
STAGE_LABELS = fields.Live(
    lambda: {stage: c.label for cls in reversed(_flows()) for stage, c in cls.flow.clocks.items()}
)

RUNNING, PAUSED, MET, MISSED, VOID = "running", "paused", "met", "missed", "void"


class ClockRule(Record, Model):
    """One limit of the office: which stage of which records, how long, by which text, from when to when."""

    __tablename__ = "clock_rule"
    __table_args__: Any = (Index("ix_clock_rule_stage", "record_kind", "stage"), {})
    kind_name = "clock_rules"
    label, label_plural = _l("Limit"), _l("Limits")
    visible_to = classmethod(access.everyone)

    record_kind: Mapped[str] = fields.word(_l("Records"), KIND_LABELS, required=True, search=True)
    stage: Mapped[str] = fields.word(_l("Stage"), STAGE_LABELS, required=True, search=True)
    case: Mapped[str | None] = fields.line(_l("Case"), 40, help=_l("Urgency or kind; empty: all others"))
    profile: Mapped[str | None] = fields.word(_l("Profile"), PROFILES, help=_l("Empty: all others"))
    amount: Mapped[Decimal] = fields.decimal("quantity", _l("Amount"), required=True, least=Decimal(0))
    unit: Mapped[str] = fields.choice(_l("Unit"), UNIT_LABELS, "unit_known", required=True)
    calendar: Mapped[str] = fields.choice(_l("Calendar"), CALENDARS, "calendar_known", required=True, default="office")
    source: Mapped[str | None] = fields.prose(_l("Source text"), search=True)
    ours: Mapped[bool] = fields.flag(_l("Our default"), help=_l("No text of the house states this limit."))
    valid_from: Mapped[date | None] = fields.day(_l("Valid from"))
    valid_to: Mapped[date | None] = fields.day(_l("Valid to"))

    def __str__(self) -> str:
        return f"{STAGE_LABELS.get(self.stage, self.stage)} {self.case or ''}".strip()


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
    stopped_at: Mapped[datetime | None] = mapped_column(Moment)
    #: somebody gave it a limit of its own, which neither a pause nor the calendar moves
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


def rule_for(
    session: Session, kind: str, stage: str, case: str | None, on: date, profile: str | None = None
) -> ClockRule | None:
    """The limit in force on a day; one for the very profile and case goes before one for all."""
    with access.system():
        limits_known = remembered(session, ClockRule, lambda: list(session.scalars(select(ClockRule))))
    rules = [
        rule
        for rule in limits_known
        if rule.record_kind == kind
        and rule.stage == stage
        and rule.case in (None, case)
        and rule.profile in (None, profile)
        and (rule.valid_from is None or rule.valid_from <= on)
        and (rule.valid_to is None or rule.valid_to > on)
    ]
    return max(rules, key=_nearness, default=None)


def _nearness(rule: ClockRule) -> tuple[Any, ...]:
    return rule.profile is not None, rule.case is not None, rule.valid_from or date.min, rule.id


def clocks_of(session: Session, record: Any) -> list[ClockRow]:
    """All clocks of a record, in the order they started."""
    query = select(ClockRow).where(ClockRow.kind == record.kind_name, ClockRow.record_id == record.id)
    return list(session.scalars(query.order_by(ClockRow.id)))


def settle(session: Session, record: Any, state: Any) -> list[ClockRow]:
    """Bring a record's clocks in line with a state and set `due_at`; the new clocks, still without a record."""
    moment = now()
    present = clocks_of(session, record) if record.id else []
    open_clocks = {clock.stage: clock for clock in present if clock.state in (RUNNING, PAUSED)}
    still = record.stands_still()
    for stage, clock in open_clocks.items():
        if stage in state.pauses or (still and stage in state.clocks):
            _pause(clock, moment)
        elif stage in state.clocks:
            _run(session, clock, moment)
        else:
            _stop(session, clock, moment, VOID if state.uncounted else None)
    started = [
        new
        for stage in state.clocks
        if stage not in open_clocks and (new := _start(session, record, stage, present, moment)) is not None
    ]
    if still:
        for clock in started:
            _pause(clock, moment)
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


def foreseen(session: Session, record: Any, stage: str) -> datetime | None:
    """When a stage would be due if its clock started now; None where neither a rule nor the record limits it."""
    clock = _start(session, record, stage, [], now())
    return None if clock is None else clock.due_at


def share_of(session: Session, due: datetime, share: Decimal) -> datetime:
    """When a share of the time from now to `due` is over: at night it gives way to working time, never beyond `due`."""
    moment = now()
    hours = max((due - moment).total_seconds(), 0) * float(share) / 3600
    return min(due, limits.due(working_calendar(session), moment, hours, "elapsed_hours").due_at)


def stop(session: Session, record: Any, stage: str) -> None:
    """End a stage's clock; entering a state that has the stage starts it anew."""
    moment = now()
    for clock in clocks_of(session, record):
        if clock.stage == stage and clock.state in (RUNNING, PAUSED):
            _stop(session, clock, moment, None)
    session.flush()


def _start(session: Session, record: Any, stage: str, present: list[ClockRow], moment: datetime) -> ClockRow | None:
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
        amount, unit, name = _granted(record, stage, rule), rule.unit, rule.calendar
    due = stated or limits.due(working_calendar(session, name), begins, amount, unit).due_at
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
        segments=[ClockSegment(begins_at=begins, running=True)],
    )


def _granted(record: Any, stage: str, rule: ClockRule) -> Decimal:
    """What a rule grants a record: all of it, or the share its round gets; days are whole, and rounded up."""
    share = record.limit_share(stage)
    if share == 1:
        return rule.amount
    amount = rule.amount * share
    return amount.to_integral_value(ROUND_CEILING) if limits.Unit(rule.unit).in_days else amount.normalize()


def _next(clock: ClockRow, moment: datetime, running: bool) -> None:
    clock.segments[-1].ends_at = moment
    clock.segments.append(ClockSegment(begins_at=moment, running=running))


def _pause(clock: ClockRow, moment: datetime) -> None:
    if clock.state == RUNNING:
        clock.state = PAUSED
        _next(clock, moment, running=False)


def _run(session: Session, clock: ClockRow, moment: datetime) -> None:
    if clock.state == PAUSED:
        clock.state = RUNNING
        _next(clock, moment, running=True)
        _walk(session, clock, moment, "pause")


def reckoning(calendar: WorkingCalendar, clock: ClockRow, moment: datetime | None = None) -> Reckoning:
    """The sum that leads to a clock's limit as its calendar stands now; of one somebody stated, what lies about it."""
    if clock.unit == "stated" or clock.extended:
        return limits.fixed(calendar, clock.started_at, clock.due_at)
    life = [Segment(s.begins_at, s.ends_at, RUNNING if s.running else PAUSED) for s in clock.segments]
    return read_clock(
        calendar, clock.started_at, Decimal(clock.amount), clock.unit, life, moment or clock.stopped_at or now()
    ).due


def _walk(session: Session, clock: ClockRow, moment: datetime, reason: str) -> versions.ClockVersion | None:
    if clock.unit == "stated" or clock.extended:
        return None
    calendar = working_calendar(session, clock.calendar)
    return versions.write(session, clock, reckoning(calendar, clock, moment).due_at, reason)


def _stop(session: Session, clock: ClockRow, moment: datetime, outcome: str | None) -> None:
    # What was finished before a clock stood still was finished then.
    done = clock.segments[-1].begins_at if clock.state == PAUSED else moment
    clock.state = outcome or (MET if done <= clock.due_at else MISSED)
    clock.stopped_at = moment
    clock.segments[-1].ends_at = moment
    versions.tell(session, clock)


def reckon(session: Session, record: Any) -> None:
    """Give the open clocks of a record the limits of its present case, counted from where each began."""
    moment = now()
    for clock in clocks_of(session, record):
        if clock.state not in (RUNNING, PAUSED) or clock.unit == "stated" or clock.extended:
            continue
        day = local(clock.started_at).date()
        rule = rule_for(session, record.kind_name, clock.stage, record.case(), day, record.profile())
        if rule is None:
            _stop(session, clock, moment, VOID)
        else:
            clock.rule_id, clock.source = rule.id, rule.source
            clock.amount, clock.unit = f"{_granted(record, clock.stage, rule):f}", rule.unit
            clock.calendar = rule.calendar
            _walk(session, clock, moment, "urgency")
    session.flush()


def extend(session: Session, record: Any, stage: str, due: datetime, reason: str = "extension") -> None:
    """Give a running clock a limit of its own, for one of `versions.REASONS`; the original one is kept."""
    for clock in clocks_of(session, record):
        if clock.stage == stage and clock.state == RUNNING:
            versions.write(session, clock, due, reason)
            clock.extended = True
    record.due_at = _first_due(session, record, due)


def _first_due(session: Session, record: Any, otherwise: datetime | None) -> datetime | None:
    return min((c.due_at for c in clocks_of(session, record) if c.state == RUNNING), default=otherwise)


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
            if reckoning(calendar, clock, moment).due_at == clock.due_at:
                continue
            record: Any = session.get(kinds()[clock.kind], clock.record_id)
            if record is None:
                continue
            concurrency.hold(session, record)  # whoever takes a step on it meanwhile has stopped the clock or waits
            session.refresh(clock)
            move = _walk(session, clock, moment, "calendar") if clock.state == RUNNING else None
            if move is not None:
                record.due_at = _first_due(session, record, record.due_at)
                moves.append(move)
        session.flush()
    return moves


_CHANGED = "changed calendar days"


@event.listens_for(Session, "after_flush")
def _note_days(session: Session, context: Any) -> None:
    """Remember which days of the calendar this transaction touches, the ones they were before included."""
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, CalendarDay):
            past: Any = inspect(row).attrs.day.history
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


__all__ = ["ClockRow", "ClockRule", "bind", "clocks_of", "extend", "reckon", "recount", "settle"]
