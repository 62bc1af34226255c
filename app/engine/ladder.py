"""The escalation ladder 催办阶梯: who is told when about a limit that comes near or has passed, as rows of the office.

A rung that was sent is a row of its own, unique by clock, rung, version of the clock and turn: however often and from
however many machines the ladder is climbed, nobody is told twice, and after a stand-still only the newest rung counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine import access, fields
from app.engine.calendar import WorkingCalendar
from app.engine.clock_rules import KIND_LABELS, STAGE_LABELS
from app.engine.clocks import ClockRow
from app.engine.limits import Unit
from app.engine.moments import Moment, at_office, local
from app.engine.record import Record
from app.engine.rules import PROFILES

BASES = {
    "half_time": _l("Half of the time is used up"),
    "share": _l("Share of the time used up, in hundredths"),
    "limit": _l("Counted from the limit"),
    "morning": _l("Morning of the day of the limit"),
}
UNITS = {"working_days": _l("working days"), "elapsed_hours": _l("hours by the clock")}
WHO = {
    "responsible": _l("Person responsible"),
    "unit_head": _l("Head of the unit"),
    "officer": _l("Follow-up officer"),
    "clerk": _l("Registry clerk"),
    "office_head": _l("Office head"),
    "leader": _l("Leader in charge"),
    "shift_leader": _l("Shift leader"),
    "service_manager": _l("Customer service manager"),
    "listed": _l("Nobody: listed for criticism"),
}
#: Warnings by the day come between one and three working days before the limit.
EARLIEST, LATEST = -3, -1

SENT, SKIPPED, ANSWERED = "sent", "skipped", "answered"


class EscalationRung(Record, Model):
    """One rung: for which limits, when, and who is told."""

    __tablename__ = "escalation_rung"
    kind_name = "escalation_rungs"
    label, label_plural = _l("Rung of the ladder"), _l("Escalation ladder")
    visible_to = classmethod(access.everyone)

    name: Mapped[str] = fields.line(_l("Name"), 100, required=True)
    record_kind: Mapped[str | None] = fields.word(_l("Records"), KIND_LABELS, help=_l("Empty: all"))
    stage: Mapped[str | None] = fields.word(_l("Stage"), STAGE_LABELS, help=_l("Empty: all"))
    profile: Mapped[str | None] = fields.word(_l("Profile"), PROFILES, help=_l("Empty: all others"))
    basis: Mapped[str] = fields.choice(_l("Counted how"), BASES, "basis_known", required=True, default="limit")
    amount: Mapped[int] = fields.integer(
        _l("Distance from the limit"),
        required=True,
        default=0,
        help=_l("Below zero: before the limit; of a share: hundredths of the time"),
    )
    unit: Mapped[str] = fields.choice(_l("Unit"), UNITS, "unit_known", required=True, default="working_days")
    least_days: Mapped[int | None] = fields.integer(_l("For limits of so many days or more"), least=0)
    below_days: Mapped[int | None] = fields.integer(_l("For limits of less than so many days"), least=1)
    who: Mapped[str] = fields.line(
        _l("Who is told"),
        200,
        required=True,
        help=_l("As in: responsible, unit_head, officer, clerk, office_head, leader"),
    )
    daily: Mapped[bool] = fields.flag(_l("Daily"), help=_l("Each working morning from then on, else once"))
    until_answered: Mapped[bool] = fields.flag(_l("Stops when asked and answered"))
    source: Mapped[str | None] = fields.prose(_l("Source text"))
    ours: Mapped[bool] = fields.flag(_l("Our default"), help=_l("No text of the house says this."))

    @property
    def recipients(self) -> list[str]:
        return [word.strip() for word in self.who.split(",") if word.strip()]

    def check(self) -> Iterator[tuple[str, str]]:
        if unknown := [word for word in self.recipients if word not in WHO]:
            yield "who", _("“%(text)s” is not one of: %(choices)s.", text=unknown[0][:40], choices=", ".join(WHO))
        by_days = self.basis == "limit" and self.unit == "working_days"
        if by_days and self.amount < 0 and not EARLIEST <= self.amount <= LATEST:
            yield "amount", _("A warning comes between one and three working days before the limit.")
        if self.basis == "share" and not 0 < self.amount <= 100:
            yield "amount", _("A share lies between 1 and 100.")

    def __str__(self) -> str:
        return str(self.name)


class RungSent(Model):
    """A rung that was reached: sent, or passed over because a later one was due already or the answer was in."""

    __tablename__ = "rung_sent"
    __table_args__ = (UniqueConstraint("clock_id", "rung_id", "version", "turn"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id", ondelete="CASCADE"))
    rung_id: Mapped[int] = mapped_column(ForeignKey("escalation_rung.id"))
    version: Mapped[int] = mapped_column(Integer)
    #: `once`, or the day of a daily rung
    turn: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(Moment, index=True)


@dataclass(frozen=True)
class Reached:
    """A rung whose moment has come."""

    rung: EscalationRung
    at: datetime
    turn: str


def rungs_for(rungs: Iterable[EscalationRung], kind: str, stage: str, profile: str | None) -> list[EscalationRung]:
    """The ladder of one stage: rows for the very profile, kind and stage replace the general ones as a whole."""
    fitting = [
        rung
        for rung in rungs
        if rung.record_kind in (None, kind) and rung.stage in (None, stage) and rung.profile in (None, profile)
    ]
    nearest = max(map(_nearness, fitting), default=None)
    return [rung for rung in fitting if _nearness(rung) == nearest]


def _nearness(rung: EscalationRung) -> tuple[bool, bool, bool]:
    return rung.profile is not None, rung.record_kind is not None, rung.stage is not None


def moment_of(rung: EscalationRung, clock: ClockRow, calendar: WorkingCalendar) -> datetime | None:
    """When a rung is reached; None where it is not for limits of this length."""
    length = clock.due_at - clock.started_at
    if rung.least_days is not None and length < timedelta(days=rung.least_days):
        return None
    if rung.below_days is not None and length >= timedelta(days=rung.below_days):
        return None
    day = local(clock.due_at).date()
    if rung.basis == "half_time":  # told while somebody works
        return min(calendar.next_working_moment(_used_up(clock, calendar, Decimal("0.5"))), clock.due_at)
    if rung.basis == "share":
        return _used_up(clock, calendar, Decimal(rung.amount) / 100)
    if rung.basis == "morning":
        return min(calendar.opening(day) or at_office(day), clock.due_at)
    if not rung.amount or rung.unit == "elapsed_hours":
        return clock.due_at + timedelta(hours=rung.amount)
    day = calendar.working_days(day, rung.amount)
    # Before the limit the morning of that day; after it so many whole working days have passed.
    return (calendar.opening(day) or at_office(day)) if rung.amount < 0 else at_office(day, local(clock.due_at).time())


def _used_up(clock: ClockRow, calendar: WorkingCalendar, share: Decimal) -> datetime:
    """When a share of the time granted is used up, in working time for limits counted in it; pauses use up nothing."""
    at_work = clock.unit != "stated" and Unit(clock.unit).in_working_time
    runs = [
        (segment.begins_at, min(segment.ends_at or clock.due_at, clock.due_at))
        for segment in clock.segments
        if segment.running and segment.begins_at < clock.due_at
    ] or [(clock.started_at, clock.due_at)]
    spans = [calendar.working_time(since, until) if at_work else until - since for since, until in runs]
    left = sum(spans, timedelta()) * float(share)
    for (since, _until), span in zip(runs, spans, strict=True):
        if left <= span:
            return calendar.add_working_time(since, left) if at_work else since + left
        left -= span
    return clock.due_at


def reached(
    clock: ClockRow, rungs: Sequence[EscalationRung], calendar: WorkingCalendar, moment: datetime, daily: bool = True
) -> list[Reached]:
    """The rungs of a clock whose moment has come, in the order they came; those of every day once if not `daily`."""
    found = []
    today = local(moment).date()
    opening = calendar.opening(today)
    for rung in rungs:
        at = moment_of(rung, clock, calendar)
        if at is None or not (at < moment or (at == moment and at < clock.due_at)):
            continue
        if not (rung.daily and daily):
            found.append(Reached(rung, at, "once"))
        elif opening is not None and opening <= moment:
            found.append(Reached(rung, at, today.isoformat()))
    return sorted(found, key=lambda one: (one.at, one.rung.id))


def climb(
    session: Session, clock: ClockRow, rungs: Sequence[EscalationRung], calendar: WorkingCalendar,
    moment: datetime, *, since: datetime, answered: bool | None,
) -> list[EscalationRung]:  # fmt: skip
    """Put on record which rungs a clock has reached, and return those that are to be told now; the caller commits.

    `answered`: None where nobody can be asked, so nothing would ever end a daily rung: it is told once.

    Of the rungs not told before only the newest is; a warning whose moment lies before `since`, when the present limit
    was set, is passed over. The caller keeps others from climbing with the same clock meanwhile.
    """
    query = select(RungSent.rung_id, RungSent.turn).where(
        RungSent.clock_id == clock.id, RungSent.version == clock.version
    )
    known = {(rung_id, turn) for rung_id, turn in session.execute(query)}
    come = reached(clock, rungs, calendar, moment, daily=answered is not None)
    newest = max((one.at for one in come if one.turn == "once"), default=None)
    fresh = [one for one in come if (one.rung.id, one.turn) not in known]
    told = []
    for one in fresh:
        stale = one.turn == "once" and (one.at != newest or (one.at <= since and one.at < clock.due_at))
        state = SKIPPED if stale else ANSWERED if answered and one.rung.until_answered else SENT
        session.add(
            RungSent(
                clock_id=clock.id, rung_id=one.rung.id, version=clock.version, turn=one.turn, state=state, at=moment
            )
        )  # fmt: skip
        if state == SENT:
            told.append(one.rung)
    session.flush()
    return told
