"""Sending a service ticket to a unit 派工, or passing it on as an opinion."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import record as records
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models.dispatch import DispatchOrder
from models.people import Department
from models.tickets import ServiceTicket, session_of

flow = ServiceTicket.flow


@flow.step("open", "appointment", "reopened", "reply_in", to="dispatched", label=_l("Dispatch"), tone="primary")
def dispatch(
    ticket: ServiceTicket,
    department: Annotated[Department, Ask(_l("Unit"))],
    requirement: Annotated[str, Ask(_l("What is to be done"))],
    contact_note: Annotated[bool, Ask(_l("Note 1: contact the caller without delay"))] = False,
    reply_note: Annotated[bool, Ask(_l("Note 2: reply within the limit"))] = False,
    follow_note: Annotated[bool, Ask(_l("Note 3: the head of the unit follows the result"))] = False,
    limit: Annotated[datetime | None, Ask(_l("To be done by"), help=_l("Empty: the limit of the kind"))] = None,
) -> None:
    """Send the matter to a unit by a dispatch order, with the notes that belong on it."""
    session = session_of(ticket)
    order = DispatchOrder(
        ticket=ticket, department=department, requirement=requirement, contact_note=contact_note,
        reply_note=reply_note, follow_note=follow_note, limit_at=limit, lead=True, state="issued",
    )  # fmt: skip
    order.release()
    records.store(session, order)
    ticket.department = department


@flow.step("open", "appointment", "reopened", to="opinion_forwarded", label=_l("Pass on as an opinion"))
def forward_opinion(
    ticket: ServiceTicket,
    department: Annotated[Department, Ask(_l("Unit informed"))],
    reason: Annotated[str, Ask(_l("Reason"))],
) -> None:
    """The caller gives no contact: the unit is told, nobody is answered."""
    if ticket.phone:
        raise StepRefused(_("The caller left a telephone number and expects an answer."))
    ticket.department, ticket.outcome = department, reason
