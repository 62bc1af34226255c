"""Concluding a service ticket: callback, close, reopen as a new round or as a new ticket, void."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import history, numbers, rules
from app.engine import record as records
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, never_by_hand
from models import notices
from models.calling import CAUSES, GRADES
from models.calls import callable_back, open_calls
from models.people import Person
from models.ticket_words import CHANNELS, CODES
from models.tickets import ServiceTicket

flow = ServiceTicket.flow

#: Roles that may close a complaint or a report of wrongdoing.
DECIDES = ("service_manager", "leader", "office_manager")
#: The round at whose beginning the manager is told: the ticket has come back twice.
TOLD_FROM = 3

CLOSE_FIRST = rules.setting(
    "close_before_callback", _l("A ticket may be closed while its callback is still owed"), default="yes"
)
REOPEN_DAYS = rules.setting("reopen_days", _l("Days within which a closed ticket is reopened"), "number", "7")


def may_close(ticket: ServiceTicket, actor: Actor) -> bool:
    """Whoever answers may close; a complaint needs the manager, a report of wrongdoing also its officer's hand."""
    if ticket.kind not in ("complaint", "report"):
        return True
    return actor.has(*DECIDES) or (ticket.kind == "report" and actor.has("report_officer"))


@flow.step("answered", to="callback_due", label=_l("Ask for a callback"))
def plan_callback(ticket: ServiceTicket) -> None:
    """The caller is to be asked whether the answer helped; for some kinds this follows by itself."""
    if not callable_back(ticket):
        raise StepRefused(_("Nobody can be asked: the ticket is anonymous or mere praise."))


@flow.step(
    "answered", "callback_due", "closed",
    to=("answered", "closed", "reopened"), label=_l("Callback made"), who=never_by_hand,
)  # fmt: skip
def take_callback(
    ticket: ServiceTicket,
    grade: Annotated[str | None, Ask(_l("Satisfaction"), choices=GRADES)] = None,
    cause: Annotated[str | None, Ask(_l("Cause of dissatisfaction"), choices=CAUSES)] = None,
) -> str:
    """Follows from the callback: its rating is the ticket's, and who is dissatisfied with us is handled again."""
    if cause == "handling":
        begin_round(ticket)
        return "reopened"
    if grade is not None:
        ticket.grade, ticket.cause = grade, cause
    return "closed" if ticket.state == "closed" else "answered"


@flow.step("answered", "callback_due", to="closed", label=_l("Close"), who=may_close, tone="primary")
def close(
    ticket: ServiceTicket,
    code: Annotated[str, Ask(_l("How it ended"), choices=CODES)],
    outcome: Annotated[str | None, Ask(_l("Outcome"), help=_l("Where it is more than the answer"))] = None,
    nonconforming: Annotated[
        bool, Ask(_l("Nonconforming"), help=_l("Something went wrong that is to be put right"))
    ] = False,
    reason: Annotated[str | None, Ask(_l("Reason"), help=_l("Needed where it is not possible"))] = None,
    alternative: Annotated[
        str | None, Ask(_l("Offered instead"), help=_l("Needed where it is not possible, with a word of regret"))
    ] = None,
) -> None:
    """The matter has ended, and how. A callback that is still owed stays on the list of calls."""
    session = session_of(ticket)
    if code == "not_possible" and not ((reason or "").strip() and (alternative or "").strip()):
        raise StepRefused(_("What is not possible needs its reason, and what the caller is offered instead."))
    if ticket.state == "callback_due" and not rules.flag(session, CLOSE_FIRST, ticket.profile()):
        raise StepRefused(_("The caller is still to be called back; enter the call first."))
    ticket.close_code, ticket.alternative, ticket.nonconforming = code, alternative, nonconforming
    ticket.outcome = outcome or reason or ticket.outcome


def in_time(ticket: ServiceTicket, actor: Actor) -> bool:
    """The ticket is not closed, or was closed a few days ago."""
    return not _long_closed(ticket)


def too_late(ticket: ServiceTicket, actor: Actor) -> bool:
    """The ticket was closed longer ago than a ticket is reopened."""
    return _long_closed(ticket)


def _long_closed(ticket: ServiceTicket) -> bool:
    days = rules.number(session_of(ticket), REOPEN_DAYS, ticket.profile())
    return ticket.closed_at is not None and now() > ticket.closed_at + timedelta(days=float(days))


@flow.step(
    "closed", "answered", "callback_due", "opinion_forwarded", to="reopened", label=_l("Reopen"), who=in_time
)  # fmt: skip
def reopen(ticket: ServiceTicket, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The caller is back with the same matter: a new round begins, with limits of its own."""
    session = session_of(ticket)
    if _long_closed(ticket):
        raise StepRefused(_("It was closed too long ago to be reopened; take the step “Register anew”."))
    for call in open_calls(session, ticket, "callback"):
        call.take("drop", session)
    begin_round(ticket)


def begin_round(ticket: ServiceTicket) -> None:
    """Count a new round, unrated so far; whoever manages the desk is told of a matter that comes back again."""
    session = session_of(ticket)
    if ticket.episode + 1 >= TOLD_FROM:
        notices.tell(session, notices.holders(session, "service_manager"), "reopened", ticket)
    for order in ticket.live_orders:
        if order.state == "accepted":  # its reply answered the round before
            order.take("supersede", session)
    ticket.episode, ticket.waits = ticket.episode + 1, 0
    ticket.grade = ticket.cause = ticket.close_code = None


@flow.step("closed", "opinion_forwarded", to=None, label=_l("Register anew"), who=too_late)
def register_anew(
    ticket: ServiceTicket,
    content: Annotated[str, Ask(_l("What the caller says now"))],
    channel: Annotated[str, Ask(_l("Channel"), choices=CHANNELS)],
) -> None:
    """It was closed too long ago to be reopened: a new ticket is made that goes back to this one."""
    from models.identities import SealedIdentity  # it refers to tickets

    session = session_of(ticket)
    if not _long_closed(ticket):
        raise StepRefused(_("It was closed only lately; take the step “Reopen”."))
    anew = ServiceTicket(
        reopens=ticket, scheme=ticket.scheme, channel=channel, kind=ticket.kind, sub_kind=ticket.sub_kind,
        pressing=ticket.pressing, received_at=now(), contact_name=ticket.contact_name, phone=ticket.phone,
        email=ticket.email,
        anonymous=ticket.anonymous, anonymity_explained=ticket.anonymity_explained, confidential=ticket.confidential,
        named=ticket.named, read_back=True, subject=ticket.subject, content=content, place=ticket.place,
        subject_unit=ticket.subject_unit, staff_own=ticket.staff_own,
        identities=[
            SealedIdentity(contact_name=one.contact_name, phone=one.phone, email=one.email)
            for one in ticket.identities
        ],
    )  # fmt: skip
    with session.no_autoflush:
        own = history.doer().own_person_id
        anew.taker = session.get(Person, own) if own is not None else None
        anew.prepare(session)
        records.store(session, anew)


@flow.step(
    "open", "appointment", "reopened", "dispatched", "waiting", "reply_in",
    to="voided", label=_l("Void"), tone="danger",
)  # fmt: skip
def void(ticket: ServiceTicket, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """Registered by mistake, a test or a nuisance: left out of the figures, the number stays used."""
    session = session_of(ticket)
    for order in ticket.orders:
        if not order.flow.states[order.state].final:
            order.take("fall_away", session, reason=reason)
    for call in open_calls(session, ticket):
        call.take("drop", session)
    numbers.void(session, ticket.kind_name, ticket.ticket_no, reason)
