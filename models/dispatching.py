"""Sending a service ticket to units 派工, sending it out again, or passing it on as an opinion."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import clocks
from app.engine import record as records
from app.engine.answers import happened
from app.engine.database import session_of
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, never_by_hand
from models.dispatch import DispatchOrder, sends_out
from models.dispatch_notes import NOTES
from models.people import Department
from models.tickets import AT_WORK, SPOKEN, ServiceTicket
from models.unit_choice import refuse_barred

flow = ServiceTicket.flow

CONTACT, REPLY, FOLLOW = (
    Ask(_l("Note 1: contact the caller without delay")), Ask(_l("Note 2: reply within the limit")),
    Ask(_l("Note 3: the head of the unit follows the result")),
)  # fmt: skip


def _send(ticket: ServiceTicket, lead: Department, others: Iterable[Department], **order: object) -> None:
    """Issue an order to the unit in charge, and one to each that helps."""
    session = session_of(ticket)
    helpers = [unit for unit in dict.fromkeys(others) if unit is not lead]
    refuse_barred(ticket, lead, *helpers)
    for unit in (lead, *helpers):
        with session.no_autoflush:  # the ticket lists the order already, which is not complete
            one = DispatchOrder(ticket=ticket, department=unit, lead=unit is lead, state="issued", **order)
            one.release()
        records.store(session, one)
    ticket.department = lead


@flow.step("open", "appointment", "reopened", to="dispatched", label=_l("Dispatch"), who=sends_out, tone="primary")
def dispatch(
    ticket: ServiceTicket,
    department: Annotated[Department, Ask(_l("Unit in charge"))],
    requirement: Annotated[str, Ask(_l("What is to be done"))],
    others: Annotated[list[Department] | None, Ask(_l("Units that help"))] = None,
    contact_note: Annotated[bool, CONTACT] = False,
    reply_note: Annotated[bool, REPLY] = False,
    follow_note: Annotated[bool, FOLLOW] = False,
    limit: Annotated[datetime | None, Ask(_l("To be done by"), help=_l("Empty: the limit of the kind"))] = None,
) -> None:
    """Send the matter to a unit, and to others that help it, with the notes that belong on the orders."""
    _send(
        ticket, department, others or (), requirement=requirement, contact_note=contact_note, reply_note=reply_note,
        follow_note=follow_note, limit_at=limit,
    )  # fmt: skip


@flow.step("reply_in", to="dispatched", label=_l("The reply will not do"), who=sends_out)
def send_again(
    ticket: ServiceTicket,
    reason: Annotated[str, Ask(_l("Why the caller cannot be answered with it"))],
    department: Annotated[Department | None, Ask(_l("Another unit"))] = None,
    requirement: Annotated[str | None, Ask(_l("What is to be done"), help=_l("Empty: as before"))] = None,
    limit: Annotated[datetime | None, Ask(_l("To be done by"), help=_l("Empty: the limit of the kind"))] = None,
) -> None:
    """The unit in charge, or another, gets a new order with a time of its own; the caller's limit runs on."""
    session = session_of(ticket)
    old = [order for order in ticket.live_orders if order.lead and order.state == "accepted"]
    if not old:
        raise StepRefused(_("There is no accepted reply to set aside."))
    # The reply was not passed on, so the time for that is not measured.
    clocks.stop(session, ticket, "hotline", clocks.VOID)
    for order in old:
        order.take("supersede", session)
    last = old[-1]
    wanted = requirement or last.requirement
    notes = {name: getattr(last, name) for name in NOTES}
    _send(ticket, department or last.department, (), requirement=f"{wanted}\n{reason}", limit_at=limit, **notes)


@flow.step("dispatched", to="open", label=_l("Back to the desk"), who=never_by_hand)
def come_back(ticket: ServiceTicket) -> None:
    """Follows by itself when no unit is in charge any more: the desk answers the matter or sends it out anew."""
    session = session_of(ticket)
    for stage in ("unit", "reply"):
        clocks.stop(session, ticket, stage, clocks.VOID)  # nobody has replied, so no reply is measured
    ticket.department = None


@flow.step(*AT_WORK, to=None, label=_l("Acknowledge"))
def acknowledge(
    ticket: ServiceTicket,
    at: Annotated[datetime | None, Ask(_l("Told when"), help=_l("Empty: now"))] = None,
) -> None:
    """Whoever wrote has been told that the matter has come in, and by when it will be answered."""
    if ticket.acknowledged_at is not None:
        raise StepRefused(_("The caller has been told already."))
    ticket.acknowledged_at = happened(at, ticket.received_at)


@flow.step("open", "appointment", "reopened", to="opinion_forwarded", label=_l("Pass on as an opinion"))
def forward_opinion(
    ticket: ServiceTicket,
    department: Annotated[Department, Ask(_l("Unit informed"))],
    reason: Annotated[str, Ask(_l("Reason"))],
) -> None:
    """The caller gives no contact: the unit is told, nobody is answered."""
    if ticket.kind == "report":  # whether there is a name behind it or not
        raise StepRefused(_("A report of wrongdoing is looked into; it is not passed on as an opinion."))
    if ticket.phone or ticket.email or ticket.named:
        raise StepRefused(_("The caller left a number or an address and expects an answer."))
    if ticket.channel in SPOKEN and not ticket.anonymity_explained:
        raise StepRefused(_("Tell the caller that nothing can be followed up, and tick it."))
    refuse_barred(ticket, department)
    ticket.department, ticket.outcome = department, reason
