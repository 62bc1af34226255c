"""Keeping a service ticket going: promises, waiting for the caller, hand-over to a colleague, another kind."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import clocks
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models.people import Person
from models.tickets import KINDS, ServiceTicket, session_of

flow = ServiceTicket.flow

WAITING_FOR = {
    "papers": _l("Papers of the caller"),
    "details": _l("Details of the caller"),
    "unreachable": _l("The caller cannot be reached"),
    "wish": _l("The caller wishes it later"),
}


def not_sent_out(ticket: ServiceTicket, actor: Actor) -> bool:
    """No unit has the matter."""
    return not ticket.live_orders


def sent_out(ticket: ServiceTicket, actor: Actor) -> bool:
    """A unit has the matter."""
    return bool(ticket.live_orders)


@flow.step("open", "reopened", to="appointment", label=_l("Promise a reply"))
def promise(ticket: ServiceTicket, at: Annotated[datetime, Ask(_l("Reply promised for"))]) -> None:
    """The caller will be answered at a stated moment; the limit of the whole runs on."""
    if at <= now():
        raise StepRefused(_("The promised moment lies in the past."))
    ticket.promised_at = at


@flow.step("open", "dispatched", to="waiting", label=_l("Wait for the caller"))
def wait(
    ticket: ServiceTicket,
    waiting_for: Annotated[str, Ask(_l("Waiting for"), choices=WAITING_FOR)],
    reason: Annotated[str, Ask(_l("Remark"))],
) -> None:
    """Nothing can be done before the caller does something; the limits stand still."""


@flow.step("waiting", to="open", label=_l("Go on"), who=not_sent_out, tone="primary")
def go_on(ticket: ServiceTicket) -> None:
    """The caller has answered; the desk goes on with the time that was left."""
    if ticket.live_orders:
        raise StepRefused(_("A unit has the matter; it goes on there."))


@flow.step("waiting", to="dispatched", label=_l("Go on in the unit"), who=sent_out, tone="primary")
def go_on_in_unit(ticket: ServiceTicket) -> None:
    """The caller has answered; the unit goes on with the time that was left."""
    if not ticket.live_orders:
        raise StepRefused(_("No unit has the matter; it goes on at the desk."))


@flow.step("open", "reopened", to=None, label=_l("Hand over"))
def hand_over(
    ticket: ServiceTicket,
    taker: Annotated[Person, Ask(_l("First responsible from now on"))],
    reason: Annotated[str, Ask(_l("Reason"))],
) -> None:
    """Somebody else answers for the ticket from now on; never silently."""
    ticket.taker = taker


@flow.step("open", "appointment", "reopened", "dispatched", "waiting", "reply_in", to=None, label=_l("Change the kind"))
def reclassify(
    ticket: ServiceTicket,
    kind: Annotated[str, Ask(_l("Kind"), choices=KINDS)],
    reason: Annotated[str, Ask(_l("Reason"))],
) -> None:
    """The matter is of another kind; its limits count from the first receipt all the same."""
    ticket.kind = kind
    if kind == "report":
        ticket.seal()
    clocks.reckon(session_of(ticket), ticket)
