"""Settling: what an order comes to, what of it is open, and what its money looks like in one word.

A ticket of a paid service 有偿服务 is not closed before the work is accepted, and paid or put on account.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session, object_session

from app.engine import access, rules
from app.engine.refusals import StepRefused

if TYPE_CHECKING:
    from models.orders import Order
    from models.tickets import ServiceTicket

SETTLED_FIRST = rules.setting(
    "paid_service_settled",
    _l("A ticket closes when its paid service is accepted and paid or on account"),
    default="yes",
)
#: States in which nothing is due any more, whatever the lines come to.
ENDED = ("cancelled", "closed", "invalid")
NOUGHT = Decimal("0.00")


Follower = Callable[["Session", "Order"], None]
#: What goes on when money of an order has moved, once the sums hold it: each is called with session and order.
AFTER_MONEY: list[Follower] = []
#: The same where money came in for an order that has ended.
LATE_MONEY: list[Follower] = []


def money_moved(session: Session, order: Order | None, *, came: bool = False) -> None:
    """Money of an order was verified, released, remitted or given back: let what waited for it go on."""
    if order is not None:
        session.flush()
        with access.system():
            for follower in (*AFTER_MONEY, *(LATE_MONEY if came and order.state in ENDED else ())):
                follower(session, order)


def due(order: Order) -> Decimal:
    """What the customer has to pay for the order in all, freight included; nought once it has ended."""
    return NOUGHT if order.state in ENDED else (order.gross or NOUGHT) + (order.freight or NOUGHT)


def kept(order: Order) -> Decimal:
    """What we have of the customer's money for the order, after refunds."""
    return (order.paid or NOUGHT) - (order.refunded or NOUGHT)


def outstanding(order: Order) -> Decimal:
    """What is still to be paid for the order; never negative."""
    return max(due(order) - kept(order), NOUGHT)


def covered(order: Order) -> bool:
    """Whether the money that has to be there before the order goes on is there: the deposit, where one was agreed."""
    if order.payment_type not in ("third_party", "prepaid"):
        return True
    return kept(order) + (order.escrowed or NOUGHT) >= (order.deposit or due(order))


def payment_state(due: Decimal, paid: Decimal, escrowed: Decimal, refunded: Decimal, ended: bool) -> str:
    """The state of an order's money, one of `PAYMENT_STATES`.

    `paid` is all that was allocated to the order, `refunded` what of it was paid back, `escrowed` what a platform
    keeps. Nothing is due for an order that `ended`, whatever it came to.
    """
    due = NOUGHT if ended else due
    kept = paid - refunded
    if kept > due or (ended and escrowed > 0):
        return "refund_due"
    if refunded > 0:
        return "part_refunded" if kept > 0 else "refunded"
    if kept >= due and not ended:
        return "paid"
    if kept + escrowed >= due and not ended:
        return "escrowed"
    return "part_paid" if kept + escrowed > 0 else "unpaid"


def is_paid_for(order: Order) -> bool:
    """Whether an order is paid in full, or put on account to be paid later."""
    return order.payment_type == "on_account" or outstanding(order) <= 0


def part_from_orders(ticket: ServiceTicket) -> None:
    """Orders bear the name of whoever ordered: nothing leads from a sealed ticket to them, nor from them to it."""
    session = object_session(ticket)
    if session is None:
        return
    with session.no_autoflush:  # one flush, one entry in the history
        for order in list(ticket.service_orders):
            order.ticket, order.parted = None, True


def refuse_unsettled(session: Session, ticket: ServiceTicket) -> None:
    """Raises `StepRefused` naming the order whose work is not accepted or not paid yet."""
    if ticket.kind != "paid_service" or not rules.flag(session, SETTLED_FIRST, ticket.profile()):
        return
    with session.no_autoflush:
        for order in ticket.service_orders:
            if order.state in ENDED:
                continue
            if order.received_at is None:
                raise StepRefused(_("The customer has not accepted the work of %(order)s yet.", order=order.order_no))
            if not is_paid_for(order):
                raise StepRefused(
                    _(
                        "%(order)s is not paid yet: %(amount)s is owed.",
                        order=order.order_no,
                        amount=outstanding(order),
                    )
                )
