"""Merging 并单: two tickets about one matter become one, counted once; who called about either gets the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, object_session

from app.engine import phones, rules
from app.engine.database import session_of
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models.calls import open_calls, owe
from models.dispatch import DispatchOrder, standing
from models.tickets import AT_DESK, AT_WORK, ServiceTicket
from models.unit_choice import barred

flow = ServiceTicket.flow

BECAUSE = {"caller": _l("The same caller"), "matter": _l("The same matter")}
REPEAT_DAYS = rules.setting("repeat_days", _l("Days within which a call may be a repeated one"), "number", "7")
#: So many tickets are proposed as perhaps the same.
MOST = 5


@flow.step(*AT_WORK, to="merged", label=_l("Merge"))
def merge(
    ticket: ServiceTicket,
    target: Annotated[ServiceTicket, Ask(_l("Into the ticket"))],
    because: Annotated[str, Ask(_l("It is"), choices=BECAUSE)],
    reason: Annotated[str, Ask(_l("Reason"))],
) -> None:
    """The other ticket goes on for both: this one is counted no more, its orders and calls go over."""
    session = session_of(ticket)
    _refuse(ticket, target, because)
    for order in list(ticket.orders):
        _move(session, order, target, reason)
    for call in open_calls(session, ticket):
        call.ticket = target
    session.flush()
    if standing(target) == "dispatched" and target.state in (*AT_DESK, "reply_in"):
        target.enter(session, "dispatched")
        session.flush()
    if _waits_besides(ticket, target):
        caller = ticket.contact_name or _("Caller of %(ticket)s", ticket=ticket.ticket_no)
        owe(session, target, "news", contact_name=caller, phone=ticket.phone, call_by=target.due_at,
            words=_("The answer is told to the caller of %(ticket)s, too.", ticket=ticket.ticket_no))  # fmt: skip
    shut = barred(session, target)
    if ticket.department is not None and ticket.department.id in shut:
        ticket.department = None  # it would go on seeing the matter it is complained of in
    ticket.merged_into = target


def _waits_besides(ticket: ServiceTicket, target: ServiceTicket) -> bool:
    """Whether the caller of a ticket can be told, and is not told with the caller of the other one."""
    if ticket.phone:
        return ticket.phone != target.phone
    return ticket.named or bool(ticket.email and ticket.email != target.email)


def _refuse(ticket: ServiceTicket, target: ServiceTicket, because: str) -> None:
    """Raises `StepRefused` where two tickets must not become one."""
    if "report" in (ticket.kind, target.kind):
        raise StepRefused(_("A report of wrongdoing is merged with nothing."))
    if target.id == ticket.id:
        raise StepRefused(_("A ticket cannot be merged into itself."))
    if target.state not in AT_WORK:
        raise StepRefused(_("The ticket is in the state “%(state)s”.", state=target.state_label))
    numbers = set(phones.numbers_in(ticket.phone)) & set(phones.numbers_in(target.phone))
    same = numbers or (ticket.contact_name and ticket.contact_name == target.contact_name)
    if because == "caller" and not same:
        raise StepRefused(_("The two tickets have neither number nor name in common; is it the same matter?"))


def _move(session: Session, order: DispatchOrder, target: ServiceTicket, reason: str) -> None:
    """An order that went out goes over to the other ticket, unless its unit has that one or must not have it."""
    if order.flow.states[order.state].final:
        return
    elsewhere = {other.department_id for other in target.live_orders} | barred(session, target)
    if order in order.ticket.live_orders and order.department_id not in elsewhere:
        order.ticket = target
        session.flush()
        order.enter(session, order.state)
    else:
        order.take("fall_away", session, reason=reason)


def repeats(session: Session, ticket: ServiceTicket) -> list[ServiceTicket]:
    """The latest other tickets that may be about the same: same number, or same place and kind, within some days.

    Reports of wrongdoing are never among them, nor is anything proposed for one.
    """
    if ticket.sealed():
        return []
    other, days = ServiceTicket, timedelta(days=float(rules.number(session, REPEAT_DAYS, ticket.profile())))
    alike = [and_(other.place == ticket.place, other.kind == ticket.kind)] if ticket.place else []
    if ticket.phone and (held := phones.bearing(other, ticket.phone)) is not None:
        alike.append(other.id.in_(held))
    if not alike:
        return []
    around = other.received_at.between(ticket.received_at - days, ticket.received_at + days)
    query = select(other).where(
        other.id != ticket.id, other.unsealed(), other.state.not_in(("merged", "voided")), around, or_(*alike)
    )
    return list(session.scalars(query.order_by(other.received_at.desc(), other.id.desc()).limit(MOST)))


def doubtful(ticket: ServiceTicket) -> list[str]:
    """What whoever opens a ticket should know of other tickets, of its rounds and of its caller."""
    session, said = object_session(ticket), []
    if ticket.merged_into is not None:
        said.append(_("Merged into %(ticket)s; the answer stands there.", ticket=ticket.merged_into.ticket_no))
    if ticket.episode > 1:
        said.append(_("Reopened %(count)s times.", count=ticket.episode - 1))
    if ticket.staff_own:
        said.append(_("The caller is one of our staff; the rating is counted apart."))
    if session is not None and ticket.state in AT_WORK and (found := repeats(session, ticket)):
        said.append(_("Perhaps the same matter: %(tickets)s", tickets=", ".join(one.ticket_no for one in found)))
    return said
