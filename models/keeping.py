"""Keeping a service ticket going: promises, waiting for the caller, hand-over to a colleague, another kind."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import clocks, history, rules
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, never_by_hand
from models import notices
from models.calling import AT_ONCE
from models.calls import open_calls, owe
from models.dispatch import standing
from models.people import Person, actor_of, sees
from models.ticket_words import KINDS, WAITING_FOR
from models.tickets import AT_DESK, AT_WORK, ServiceTicket

flow = ServiceTicket.flow

MOST_WAITS = rules.setting("most_waits", _l("Times a ticket may wait for its caller"), "number", "2")
LONGEST_WAIT = rules.setting("longest_wait", _l("Longest wait for a caller, in days"), "number", "5")


@flow.step("open", "reopened", to="appointment", label=_l("Promise a reply"))
def promise(
    ticket: ServiceTicket,
    at: Annotated[datetime, Ask(_l("Reply promised for"))],
    person: Annotated[Person | None, Ask(_l("Who calls"), help=_l("Empty: yourself"))] = None,
) -> None:
    """The caller will be answered at a stated moment; the limit of the whole runs on."""
    if at <= now():
        raise StepRefused(_("The promised moment lies in the past."))
    owe(session_of(ticket), ticket, "promise", call_by=at, assignee=person)
    ticket.promised_at = at


@flow.step("open", "reopened", to="appointment", label=_l("Promise to call back"))
def promise_call(
    ticket: ServiceTicket,
    phone: Annotated[
        str | None, Ask(_l("Telephone"), help=_l("Empty: the number on the ticket"), kind="number")
    ] = None,
) -> None:
    """Somebody else is at the desk or on the line: take the number and call back when that is done."""
    session = session_of(ticket)
    if ticket.sealed() and phone:
        raise StepRefused(_("Name and number of this caller stay under seal."))
    if not (phone or ticket.phone or ticket.named):
        raise StepRefused(_("Ask the caller for a number to call back."))
    at = now() + timedelta(minutes=float(rules.number(session, AT_ONCE, ticket.profile())))
    owe(session, ticket, "promise", call_by=at, phone=phone, contact_name=ticket.contact_name)
    ticket.promised_at = at


@flow.step("appointment", "waiting", to=("open", "waiting"), label=_l("Promise kept"), who=never_by_hand)
def keep_promise(ticket: ServiceTicket) -> str:
    """Follows by itself when the caller was called as promised; what is still to be answered stays with the desk."""
    clocks.stop(session_of(ticket), ticket, "promise")
    return "waiting" if ticket.state == "waiting" else "open"


@flow.step("open", "appointment", "reopened", "dispatched", to="waiting", label=_l("Wait for the caller"))
def wait(
    ticket: ServiceTicket,
    waiting_for: Annotated[str, Ask(_l("Waiting for"), choices=WAITING_FOR)],
    until: Annotated[datetime, Ask(_l("Until when"))],
    reason: Annotated[str, Ask(_l("Remark"))],
) -> None:
    """Nothing can be done before the caller does something; the limits stand still, also those of the units."""
    session = session_of(ticket)
    most = rules.number(session, MOST_WAITS, ticket.profile())
    longest = rules.number(session, LONGEST_WAIT, ticket.profile())
    if ticket.waits >= most:
        raise StepRefused(_("The ticket has waited %(count)s times; it cannot wait again.", count=ticket.waits))
    if until <= now():
        raise StepRefused(_("The end of the wait lies in the past."))
    if until > now() + timedelta(days=float(longest)):
        raise StepRefused(_("A ticket waits for %(days)s days at most; choose an earlier end.", days=f"{longest:f}"))
    ticket.waits, ticket.wake_at, ticket.waited_in = ticket.waits + 1, until, ticket.state
    ticket.waiting_for = waiting_for


@flow.step(
    "waiting", to=("open", "appointment", "reopened", "dispatched", "reply_in"), label=_l("Go on"), tone="primary"
)
def go_on(ticket: ServiceTicket) -> str:
    """The caller has answered, or the wait is over; it goes on where it stood, with the time that was left."""
    where = standing(ticket)  # orders may have come, gone or been replied to meanwhile
    if where is None:
        where = ticket.waited_in or "open"
        kept = where == "appointment" and not open_calls(session_of(ticket), ticket, "promise")
        if kept or where not in AT_DESK:
            where = "open"
    ticket.wake_at = ticket.waited_in = ticket.waiting_for = None
    return where


@flow.step(*AT_WORK, to=None, label=_l("Hand over"))
def hand_over(
    ticket: ServiceTicket,
    taker: Annotated[Person, Ask(_l("First responsible from now on"))],
    reason: Annotated[str, Ask(_l("Reason"))],
) -> None:
    """Offer the ticket to a colleague; until it is accepted both see it and the first stays responsible."""
    session = session_of(ticket)
    if taker.id == ticket.taker_id:
        raise StepRefused(_("%(person)s is responsible already.", person=taker.name))
    if not (sees(session, taker, ticket) and actor_of(session, taker.user).may("accept_offer", ticket.kind_name)):
        raise StepRefused(_("%(person)s cannot take a ticket on; choose somebody at the desk.", person=taker.name))
    notices.tell(session, [taker], "offered", ticket)
    ticket.offered_to = taker


def offered_to(ticket: ServiceTicket, actor: Actor) -> bool:
    """The colleague the ticket is offered to."""
    return ticket.offered_to_id is not None and ticket.offered_to_id in actor.person_ids


def has_offered(ticket: ServiceTicket, actor: Actor) -> bool:
    """Whoever is responsible while an offer is open, and the head of the shift."""
    mine = ticket.taker_id in actor.person_ids or actor.has("shift_leader", "service_manager")
    return ticket.offered_to_id is not None and mine


@flow.step(*AT_WORK, to=None, label=_l("Accept the hand-over"), who=offered_to, tone="primary")
def accept_offer(ticket: ServiceTicket) -> None:
    """You are first responsible from now on."""
    _end_offer(ticket, "taken_on", ticket.offered_to)


@flow.step(*AT_WORK, to=None, label=_l("Decline the hand-over"), who=offered_to)
def decline_offer(ticket: ServiceTicket, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The ticket stays with whoever offered it."""
    _end_offer(ticket, "declined", ticket.taker)


@flow.step(*AT_WORK, to=None, label=_l("Take the offer back"), who=has_offered)
def withdraw_offer(ticket: ServiceTicket) -> None:
    """The ticket stays where it is."""
    ticket.offered_to = None


def _end_offer(ticket: ServiceTicket, key: str, taker: Person | None) -> None:
    """The offer is over: `taker` is responsible, and whoever made the offer is told who decided."""
    if ticket.taker is not None:
        notices.tell(session_of(ticket), [ticket.taker], key, ticket, person=history.doer().name)
    ticket.taker, ticket.offered_to = taker, None


@flow.step(*AT_WORK, to=None, label=_l("Change the kind"))
def reclassify(
    ticket: ServiceTicket,
    kind: Annotated[str, Ask(_l("Kind"), choices=KINDS)],
    reason: Annotated[str, Ask(_l("Reason"))],
) -> None:
    """The matter is of another kind; its limits count from the first receipt all the same."""
    session = session_of(ticket)
    with session.no_autoflush:
        ticket.kind = kind
        if kind != "feedback":
            ticket.sub_kind = None
        if kind == "report":
            ticket.seal()
