"""Who is told at the desk when a limit comes near or has passed 督办: handler, shift leader, manager, director, list.

After tickets-orders.md 4.2. Tickets and dispatch orders have no follow-up cases; the ladder is climbed by their clocks.
What is merged, void or closed has no running clock, and what came in from an older register is not looked after.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from app.engine import clocks, ladder
from app.engine.calendar import WorkingCalendar
from app.engine.clocks import ClockRow
from app.engine.database import one_at_a_time
from app.engine.ladder import EscalationRung, RungSent
from app.engine.moments import now
from app.engine.office_calendar import working_calendar
from app.engine.versions import ClockVersion
from models import notices
from models.dispatch import WITH_UNIT, DispatchOrder
from models.people import Department, Person
from models.reminding import records_of
from models.tickets import ServiceTicket

FOLLOWED: dict[str, Any] = {model.kind_name: model for model in (ServiceTicket, DispatchOrder)}
#: A rung that nobody is told of: it puts the record on the list for criticism.
LISTED = "listed"
#: Who sits at the desk as long as its limits run; all others are told in office hours.
ON_SHIFT = {(ServiceTicket.kind_name, "responsible"), (ServiceTicket.kind_name, "shift_leader")}
ON_SHIFT |= {(DispatchOrder.kind_name, "shift_leader")}


def due(session: Session) -> list[int]:
    """The clocks of the desk with a rung that is reached, not told yet and told at this hour, by key; it only reads."""
    rungs = list(session.scalars(select(EscalationRung)))
    sent = select(RungSent.clock_id, RungSent.version, RungSent.rung_id)
    known = {tuple(row) for row in session.execute(sent.where(RungSent.clock_id.in_(_running(ClockRow.id))))}
    fresh: dict[ClockRow, list[EscalationRung]] = {}
    calendars: dict[str, WorkingCalendar] = {}
    for clock in session.scalars(_running(ClockRow).order_by(ClockRow.id)):
        if clock.calendar not in calendars:
            calendars[clock.calendar] = working_calendar(session, clock.calendar)
        fitting = [rung for rung in rungs if rung.record_kind == clock.kind]
        come = ladder.reached(clock, fitting, calendars[clock.calendar], now())
        if new := [one.rung for one in come if (clock.id, clock.version, one.rung.id) not in known]:
            fresh[clock] = new
    records = records_of(session, fresh)
    return [
        clock.id
        for clock, new in fresh.items()
        if (record := records.get((clock.kind, clock.record_id))) is not None
        and any(_in_hours(session, record, rung, calendars[clock.calendar]) for rung in new)
    ]


def _running(what: Any) -> Select[Any]:
    """The running clocks of the desk's own records; those taken over from an older register are nobody's."""
    ours = [
        and_(ClockRow.kind == kind, ClockRow.record_id.in_(select(model.id).where(model.taken_over.is_(False))))
        for kind, model in FOLLOWED.items()
    ]
    return select(what).where(ClockRow.state == clocks.RUNNING, or_(*ours))


def climb(session: Session, clock_id: int) -> int:
    """Climb the ladder of one clock as far as it is reached; how many notices. The caller commits."""
    one_at_a_time(session, f"clock {clock_id}")
    clock = session.get(ClockRow, clock_id, populate_existing=True)
    if clock is None or clock.state != clocks.RUNNING:
        return 0
    record: Any = session.get(FOLLOWED[clock.kind], clock.record_id)
    if record is None or not record.followed(clock.stage):
        return 0
    calendar = working_calendar(session, clock.calendar)
    rungs = ladder.rungs_for(session.scalars(select(EscalationRung)), clock.kind, clock.stage, record.profile())
    count = 0
    # Each audience has hours of its own, so that one that sleeps keeps nothing from another.
    for who, own in groupby(sorted(rungs, key=lambda rung: rung.who), key=lambda rung: rung.who):
        audience = [rung for rung in own if rung.record_kind == clock.kind]
        if audience and _in_hours(session, record, audience[0], calendar):
            told = ladder.climb(
                session, clock, audience, calendar, now(), since=_since(session, clock), answered=False
            )  # fmt: skip
            count += _tell(session, clock, record, told) if who != LISTED else 0
    return count


def _since(session: Session, clock: ClockRow) -> Any:
    """When the present limit was set."""
    query = select(ClockVersion.at).where(ClockVersion.clock_id == clock.id, ClockVersion.number == clock.version)
    return session.scalars(query).first() or clock.started_at


def _in_hours(session: Session, record: Any, rung: EscalationRung, calendar: WorkingCalendar) -> bool:
    """Whether whoever a rung is for is told at this hour; of an emergency everybody is at every hour."""
    if record.case() == "emergency":
        return True
    on_shift = all(who == LISTED or (record.kind_name, who) in ON_SHIFT for who in rung.recipients)
    hours = calendar if on_shift else working_calendar(session, "office")
    return hours.is_open(now())


def _tell(session: Session, clock: ClockRow, record: Any, rungs: Iterable[EscalationRung]) -> int:
    key = "overdue" if clock.due_at < now() else "due_soon"
    people = [(rung, person) for rung in rungs for person in _recipients(session, rung, record)]
    for rung, person in people:
        notices.tell(
            session, [person], key, record, rung_id=rung.id, stage=clock.stage, due=clock.due_at.isoformat()
        )  # fmt: skip
    return len(people)


def _recipients(session: Session, rung: EscalationRung, record: Any) -> list[Person]:
    found: list[Person] = []
    for who in rung.recipients:
        if who == "responsible":
            found += _handlers(session, record)
        elif who == "unit_head":
            found += [record.department.leader] if record.department and record.department.leader else []
        elif who in ("shift_leader", "service_manager", "leader"):
            found += notices.holders(session, who)
    return list(dict.fromkeys(found))


def _handlers(session: Session, record: Any) -> list[Person]:
    """Who has to act: the unit, while the order is before it; else the desk."""
    if isinstance(record, ServiceTicket):
        return [record.taker] if record.taker is not None else notices.holders(session, "call_taker")
    if record.state not in WITH_UNIT:
        return notices.holders(session, "shift_leader")
    return _unit_of(session, record.department)


def _unit_of(session: Session, department: Department) -> list[Person]:
    """The head of a unit; where it has none, its people who have an account."""
    if department.leader is not None:
        return [department.leader]
    query = (
        select(Person).join(Person.user).where(User.active.is_(True), User.roles.any(Role.name == "department_user"))
    )
    return list(session.scalars(query.where(Person.department_id == department.id).order_by(Person.id)))
