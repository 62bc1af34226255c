"""Placing and confirming orders 下单、确认: a draft is placed, the customer telephoned, the money seen by finance.

Two people confirm what is paid first: finance verifies the money, the order administrator the rest (M1 2.2).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.engine import history, rules
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, never_by_hand
from models import order_rounding, reserving
from models.allocations import money_of
from models.courier_money import not_collected
from models.customers import may_order
from models.exposure import refuse_over_limit
from models.order_words import CHECK_RESULTS, INVALID_REASONS, MONEY_FIRST
from models.orders import PAYMENT_HOURS, Order
from models.refunds import give_back
from models.settling import due, kept

#: What a call can end with besides agreement.
NOT_AGREED = {name: label for name, label in CHECK_RESULTS.items() if name != "agreed"}


def is_goods(order: Order, actor: Actor) -> bool:
    """Work is accepted and completed instead, be it ordered from a ticket, under seal now, or by itself."""
    return not order.is_work()


def foresee(session: Session, order: Order) -> None:
    """What an order that is being placed comes with, before it is stored: until when it is to be paid, goods held."""
    if order.customer is not None and (sentence := may_order(order.customer)):
        raise StepRefused(sentence)
    _set_deadline(session, order)
    if reserving.has_come(session, order, "placed") and any(line.product.kept for line in order.order_lines):
        order.fulfilment = "reserved"  # or it is not placed at all


def _set_deadline(session: Session, order: Order) -> None:
    if order.payment_type != "prepaid":
        order.pay_until = None
    elif order.pay_until is None:  # one entered late is not overdue at once
        begun = max(order.placed_at, now())
        order.pay_until = begun + timedelta(hours=float(rules.number(session, PAYMENT_HOURS, None)))


def hold_goods(session: Session, order: Order) -> None:
    """A placed order was changed: goods are held for it as its lines and its payment type now are."""
    _set_deadline(session, order)
    if reserving.has_come(session, order, "placed"):
        reserving.match(session, order, "placed")
    else:
        reserving.let_go(session, order, _("The order is changed."))


@Order.flow.step("draft", to="placed", label=_l("Place the order"), tone="primary")
def place(order: Order) -> None:
    """The draft becomes an order: it is numbered in the book and waits to be confirmed."""
    session = session_of(order)
    order.as_draft, order.placed_at = False, now()
    order.state = "placed"
    for _name, sentence in order.check():
        raise StepRefused(sentence)
    foresee(session, order)
    reserving.match(session, order, "placed")


@Order.flow.step("placed", to=None, label=_l("Note a call"))
def note_call(
    order: Order,
    result: Annotated[str, Ask(_l("Result of the call"), choices=NOT_AGREED)],
    note: Annotated[str | None, Ask(_l("Note"))] = None,
) -> None:
    """The customer was called and nothing is agreed yet."""
    order.call_result, order.called_at = result, now()
    order.note = "\n".join(filter(None, (order.note, note))) or None


@Order.flow.step("placed", to="confirmed", label=_l("Confirm"), tone="primary")
def confirm(
    order: Order,
    called: Annotated[bool, Ask(_l("The customer was called"))],
    address_valid: Annotated[bool, Ask(_l("The address is real and valid"))],
    delivery_agreed: Annotated[bool, Ask(_l("The delivery is agreed"))],
    delivery: Annotated[
        str | None, Ask(_l("Delivery agreed"), kind="line", help=_l("Empty: as it stands on the order"))
    ] = None,
    note: Annotated[str | None, Ask(_l("Note"))] = None,
) -> None:
    """The customer was telephoned, the address is real, and finance has seen the money where it comes first."""
    session = session_of(order)
    if not called:
        raise StepRefused(_("Please call the customer first."))
    if not address_valid:
        raise StepRefused(
            _("Without a real address the order cannot be confirmed; put it right, or mark it not valid.")
        )
    if not delivery_agreed:
        raise StepRefused(_("Please agree with the customer how and when the goods arrive."))
    if order.customer is not None and (sentence := may_order(order.customer)):
        raise StepRefused(sentence)
    refuse_unseen(session, order)
    refuse_over_limit(session, order)
    reserving.match(session, order, "confirmed")
    order.call_result, order.called_at = "agreed", now()
    order.delivery_wish = delivery or order.delivery_wish
    order.note = "\n".join(filter(None, (order.note, note))) or None
    order.confirmed_at, order.confirmed_by_id = now(), history.doer().own_person_id
    order.owner_at_confirm_id = order.customer.owner_id if order.customer else None
    with session.no_autoflush:
        order_rounding.round_amounts(order)


def refuse_unseen(session: Session, order: Order) -> None:
    """Raises `StepRefused` while money that comes first has not been seen, or by nobody but the one confirming."""
    if order.payment_type not in MONEY_FIRST and not order.deposit:
        return
    seen = kept(order) + order.escrowed
    if seen <= 0 < due(order):
        raise StepRefused(_("Finance has not verified a payment for this order yet."))
    if order.deposit and seen < min(order.deposit, due(order)):
        raise StepRefused(
            _("Of the deposit of %(deposit)s only %(seen)s has come in.", deposit=order.deposit, seen=seen)
        )
    who, seen_by = history.doer().own_person_id, {one.verified_by_id for one in money_of(session, order)}
    if who is not None and seen_by == {who}:
        raise StepRefused(_("You have verified the money; somebody else has to confirm the order."))


@Order.flow.step("placed", to="invalid", label=_l("Not valid"), tone="danger")
def mark_invalid(
    order: Order,
    because: Annotated[str, Ask(_l("Not valid because"), choices=INVALID_REASONS)],
    reason: Annotated[str | None, Ask(_l("Reason"))] = None,
) -> None:
    """The order is not a real one; what was paid for it goes back."""
    order.invalid_because, order.reason = because, reason
    end(order, "invalid", "invalid")


@Order.flow.step("placed", "confirmed", "assigned", "handed_over", to="on_hold", label=_l("Hold"))
def hold(order: Order, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """Nothing goes on for now, for instance because money is found missing."""
    order.held_in, order.reason = order.state, reason


@Order.flow.step("on_hold", to=None, label=_l("Go on"), tone="primary")
def resume(order: Order) -> None:
    """The order goes on where it stood; credit and goods are looked at again."""
    session = session_of(order)
    if order.confirmed_at is not None:
        refuse_over_limit(session, order)
    reserving.match(session, order)
    order.state, order.held_in = _goes_on_in(session, order), None


def _goes_on_in(session: Session, order: Order) -> str:
    """Where it stood, unless its parcels went on or came back meanwhile."""
    from models import fulfilling, shipments

    stood = order.held_in or "placed"
    on_its_way = stood in ("assigned", "handed_over") and shipments.shipments_of(session, order)
    return fulfilling.follow(session, order) if on_its_way else stood


@Order.flow.step("draft", "placed", "on_hold", to="cancelled", label=_l("Cancel the order"), tone="danger")
def cancel(order: Order, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The order is called off before it is confirmed; its number and history stay, what was paid goes back."""
    if not order.is_open_to_edits():  # a return knows who asked for it, and recalls parcels (3.6)
        raise StepRefused(_("The order is confirmed: please record a return, with who asked for it."))
    order.reason = reason
    end(order, "cancelled")


@Order.flow.step(
    "draft", "placed", "confirmed", "assigned", "on_hold",
    to="closed", label=_l("Close the deal"), who=never_by_hand,
)  # fmt: skip
def close(order: Order, reason: Annotated[str | None, Ask(_l("Reason"))] = None) -> None:
    """The customer, known by two data of the order, no longer wants what was never paid."""
    order.reason = reason
    end(order, "closed")


def end(order: Order, state: str, kind: str = "cancel") -> None:
    """What every end short of delivery brings: goods are let go, parcels called off, money goes back.

    `kind` says why, as one of the kinds of `models.refunds`.
    """
    from models import amendments, difference_orders, fulfilling

    session, label = session_of(order), str(order.flow.states[state].label)
    order.cancelled_at = now()
    difference_orders.drop(session, order)
    amendments.drop(session, order, label)
    not_collected(session, order, label)
    fulfilling.call_off(session, order)
    reserving.let_go(session, order, label)
    give_back(session, order, label, kind)
