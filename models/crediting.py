"""Credit of customers 客户余额: money beyond what their orders came to pays other orders of theirs, or is paid back."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import concurrency
from app.engine.database import session_of
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models.allocations import allocate as add_row
from models.allocations import by_order, by_payment, hold_uncovered
from models.customers import Customer
from models.orders import NOUGHT, Order
from models.payments import Payment
from models.refunds import customer_credit, refundable
from models.settling import due, money_moved, outstanding

#: Where the money is ours for good.
OURS = ("verified", "released", "remitted")
#: States of an order that can be paid.
PAYABLE = ("placed", "confirmed", "assigned", "handed_over", "shipped", "completed", "on_hold")


@Payment.flow.step(*OURS, to=None, label=_l("Allocate to an order"))
def allocate(
    payment: Payment,
    order: Annotated[Order, Ask(_l("Order"))],
    amount: Annotated[Decimal | None, Ask(_l("Amount"), help=_l("Empty: as much as possible"))] = None,
) -> None:
    """What the payment has over pays another order of the same customer."""
    session = session_of(payment)
    if payment.customer is None or order.customer_id != payment.customer_id:
        raise StepRefused(_("The money of one customer pays no order of another."))
    concurrency.hold(session, order)
    concurrency.hold(session, payment.customer)
    if order.state not in PAYABLE:
        raise StepRefused(_("The order is “%(state)s”.", state=order.state_label))
    most = min(payment.free, customer_credit(session, payment.customer), outstanding(order))
    add_row(session, payment, order, _within(amount, most))
    money_moved(session, order)


@Payment.flow.step(*OURS, to=None, label=_l("Take off an order"))
def take_back(
    payment: Payment,
    order: Annotated[Order, Ask(_l("Order"))],
    amount: Annotated[Decimal, Ask(_l("Amount"))],
    reason: Annotated[str, Ask(_l("Reason"))],
) -> None:
    """What the payment paid of an order becomes the customer's credit again; a confirmed order may go on hold."""
    session = session_of(payment)
    concurrency.hold(session, order)
    most = min(by_order(session, payment).get(order.id, NOUGHT), refundable(session, order))
    add_row(session, payment, order, -_within(amount, most), reason)
    session.flush()
    hold_uncovered(session, order, reason)
    money_moved(session, order)


@Order.flow.step(*PAYABLE, to=None, label=_l("Pay out of the credit"))
def use_credit(
    order: Order,
    amount: Annotated[Decimal | None, Ask(_l("Amount"), help=_l("Empty: as much as possible"))] = None,
) -> None:
    """What the customer has with us pays the order, the oldest money first."""
    session = session_of(order)
    with session.no_autoflush:
        customer = order.customer
    concurrency.hold(session, customer)
    left = _within(amount, min(customer_credit(session, customer), outstanding(order)))
    for payment in _free_payments(session, customer):
        share = min(payment.free, left)
        if share > 0:
            add_row(session, payment, order, share)
            left -= share
    money_moved(session, order)


def credit_instead(session: Session, order: Order, amount: Decimal) -> None:
    """Let what was paid too much for an order be the customer's credit, the latest payment first.

    Raises `StepRefused` where so much is not there beyond what the order comes to.
    """
    concurrency.hold(session, order)
    left = _within(amount, min(order.paid - due(order), refundable(session, order)))
    for payment, paid in by_payment(session, order):
        share = min(paid, left)
        if share > 0:
            concurrency.hold(session, payment)
            add_row(session, payment, order, -share)
            left -= share
    session.flush()


def _within(amount: Decimal | None, most: Decimal) -> Decimal:
    """The amount, or all there is. Raises `StepRefused` where there is nothing, or not so much."""
    wanted = most if amount is None else amount
    if most <= 0:
        raise StepRefused(_("There is no money to be moved here."))
    if wanted <= 0:
        raise StepRefused(_("The amount must be more than nought."))
    if wanted > most:
        raise StepRefused(_("At most %(amount)s can be moved here.", amount=most))
    return wanted


def _free_payments(session: Session, customer: Customer) -> list[Payment]:
    query = select(Payment).where(
        Payment.customer_id == customer.id, Payment.state.in_(OURS), Payment.allocated < Payment.amount
    )
    with session.no_autoflush:
        free = list(session.scalars(query.order_by(Payment.paid_at, Payment.id)))
        if free:
            concurrency.hold(session, *free)
    return free
