"""What a unit does with its dispatch order: sign for it, contact the caller, ask for time, return it, feed back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import clocks, history, rules
from app.engine.access import Actor
from app.engine.answers import happened
from app.engine.database import session_of
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models.dispatch import RETURN_GROUNDS, DispatchOrder
from models.dispatch_notes import is_relayed, session_behind
from models.people import Department
from models.ticket_words import KINDS
from models.tickets import ServiceTicket

flow = DispatchOrder.flow

RETURN_HOURS = rules.setting(
    "return_hours", _l("Hours after issue within which a unit may return an order"), "number", "4"
)
HEAD_CONFIRMS = rules.setting(
    "head_confirms", _l("Kinds of ticket whose reply the head of the unit confirms"), "list", "help", KINDS
)


def in_unit(order: DispatchOrder, actor: Actor) -> bool:
    """The people of the unit the order went to, and whoever leads it."""
    return order.department_id in actor.department_ids


def heads(order: DispatchOrder, actor: Actor) -> bool:
    """Who leads the unit, or a unit above it."""
    return order.department_id in actor.led_ids


def of_desk(order: DispatchOrder, actor: Actor) -> bool:
    """Whoever sends orders out; not the unit that is to be judged."""
    return order.department_id not in actor.led_ids or actor.has("shift_leader")


def later(order: DispatchOrder, until: datetime) -> clocks.ClockRow:
    """The clock of the unit's reply, which is to be given another limit. Raises `StepRefused`: missed is missed."""
    leg = clocks.running(session_behind(order), order, "handling")
    if leg is None:
        raise StepRefused(_("This order has no limit that could be extended."))
    if leg.due_at < now():
        raise StepRefused(_("The limit has passed already; it can no longer be extended."))
    if until <= leg.due_at:
        raise StepRefused(_("The new limit is not later than the old one."))
    return leg


def put_off(order: DispatchOrder, until: datetime, informed: bool) -> None:
    """Give an order in good time a later limit; the whole of a unit in charge moves with it. Raises `StepRefused`."""
    session, ticket, leg = session_behind(order), order.ticket, later(order, until)
    if not informed and not ticket.anonymous:
        raise StepRefused(_("Tell the caller that it takes longer, and tick it."))
    whole = clocks.running(session, ticket, "parent")
    if whole is not None and not order.lead and until > whole.due_at:
        raise StepRefused(_("A unit that helps gets no more time than the answer to the caller has."))
    if whole is not None and order.lead:
        _extend_ticket(ticket, until - leg.due_at, until)
    clocks.extend(session, order, "handling", until)
    order.limit_at = until


def _extend_ticket(ticket: ServiceTicket, by: timedelta, until: datetime) -> None:
    """What is left for the hotline after the unit's reply stays left."""
    session = session_of(ticket)
    for stage in ("parent", "unit", "reply"):
        if (clock := clocks.running(session, ticket, stage)) is not None:
            clocks.extend(session, ticket, stage, until if stage == "unit" else clock.due_at + by)


def _goes_on(order: DispatchOrder) -> str:
    """Where an order stood before more time was asked for, or the reply written."""
    return "contacted" if order.contacted_at is not None else "signed"


@flow.step("issued", to="signed", label=_l("Confirm receipt"), who=in_unit, tone="primary")
def sign(order: DispatchOrder) -> None:
    """The unit has the order and takes it on."""
    order.signed_at = happened(None)


@flow.step("signed", to="contacted", label=_l("Caller contacted"), who=in_unit, tone="primary")
def mark_contacted(
    order: DispatchOrder,
    how: Annotated[str, Ask(_l("How, and what was said"))],
    at: Annotated[datetime | None, Ask(_l("Contacted when"), help=_l("Empty: now"))] = None,
) -> None:
    """The unit has spoken with the caller, as note 1 asks."""
    if is_relayed(order.ticket):
        raise StepRefused(_("Do not look for this caller; the hotline passes everything on."))
    if at is not None and order.issued_at is not None and at < order.issued_at:
        raise StepRefused(_("The caller cannot have been contacted before the order was issued."))
    order.contact_how, order.contacted_at = how, happened(at)


@flow.step("signed", "contacted", to="extension_asked", label=_l("Ask for more time"), who=in_unit)
def ask_extension(
    order: DispatchOrder,
    until: Annotated[datetime, Ask(_l("New limit"))],
    reason: Annotated[str, Ask(_l("Reason"))],
    ground: Annotated[str, Ask(_l("Legal ground"), kind="line", length=300, help=_l("The rule that allows more time"))],
) -> None:
    """Before the limit has passed the unit says why it needs longer, and by which rule; the time runs on."""
    later(order, until)
    order.extension_asked_at, order.extension_until = happened(None), until
    order.extension_reason, order.extension_ground = reason, ground


@flow.step(
    "extension_asked", to=("signed", "contacted"), label=_l("Grant more time"), who=of_desk, tone="primary"
)  # fmt: skip
def grant_extension(
    order: DispatchOrder,
    informed: Annotated[bool, Ask(_l("The caller was told that it takes longer"))] = False,
    until: Annotated[datetime | None, Ask(_l("Another limit than asked for"))] = None,
) -> str:
    """The unit gets the time; the old limit is kept beside the new one, and the caller knows."""
    put_off(order, until or order.extension_until or now(), informed)
    return _goes_on(order)


@flow.step("extension_asked", to=("signed", "contacted"), label=_l("Refuse more time"), who=of_desk)
def refuse_extension(order: DispatchOrder, reason: Annotated[str, Ask(_l("Reason"))]) -> str:
    """The limit stands."""
    return _goes_on(order)


@flow.step("signed", "contacted", to=None, label=_l("Extend"), who=of_desk)
def extend(
    order: DispatchOrder,
    until: Annotated[datetime, Ask(_l("New limit"))],
    reason: Annotated[str, Ask(_l("Reason"))],
    informed: Annotated[bool, Ask(_l("The caller was told that it takes longer"))] = False,
) -> None:
    """A later limit that nobody asked for, given before the old one has passed; the old one is kept."""
    put_off(order, until, informed)


@flow.step(
    "signed", "contacted", "extension_asked",
    to=("fed_back", "confirming"), label=_l("Feed back"), who=in_unit, tone="primary",
)  # fmt: skip
def feed_back(
    order: DispatchOrder,
    result: Annotated[str, Ask(_l("Result"))],
    answer: Annotated[str, Ask(_l("Answer for the caller"))],
) -> str:
    """What was done, and what the caller is to be told; the unit's time stops when its head stands behind it."""
    kinds = rules.listed(session_behind(order), HEAD_CONFIRMS, order.profile())
    unconfirmed = order.ticket.kind in kinds and not heads(order, history.doer())
    order.result, order.answer = result, answer
    if unconfirmed:
        return "confirming"
    order.fed_back_at = happened(None)
    return "fed_back"


@flow.step("confirming", to="fed_back", label=_l("Confirm the reply"), who=heads, tone="primary")
def confirm_reply(order: DispatchOrder) -> None:
    """The head of the unit has followed the result and stands behind it, as note 3 asks."""
    order.fed_back_at = happened(None)


@flow.step("confirming", to=("signed", "contacted"), label=_l("Not like this"), who=heads)
def decline_reply(order: DispatchOrder, reason: Annotated[str, Ask(_l("Reason"))]) -> str:
    """The head of the unit wants another reply; the time runs on."""
    return _goes_on(order)


@flow.step("issued", "signed", to="returned", label=_l("Return"), who=in_unit)
def hand_back(
    order: DispatchOrder,
    ground: Annotated[str, Ask(_l("Ground of return"), choices=RETURN_GROUNDS)],
    reason: Annotated[str, Ask(_l("In words"))],
    proposed: Annotated[Department | None, Ask(_l("The right unit"))] = None,
) -> None:
    """The matter is not this unit's; from now on the time runs against the hotline."""
    moment = happened(None)
    hours = rules.number(session_behind(order), RETURN_HOURS, order.profile())
    if order.issued_at is not None and moment > order.issued_at + timedelta(hours=float(hours)):
        raise StepRefused(
            _("An order is returned within %(hours)s hours of its issue; this one stays here.", hours=f"{hours:g}")
        )
    order.let_go()
    order.returned_at, order.return_ground, order.proposed = moment, ground, proposed
