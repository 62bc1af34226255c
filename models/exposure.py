"""Credit 信用额度与账期: how much a customer may owe us before another order on account goes on, and for how long."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.engine import access, concurrency
from app.engine.refusals import StepRefused
from models.customers import Customer
from models.grades import credit_limit_of
from models.orders import NOUGHT, Order
from models.settling import outstanding

#: From here on we are bound to deliver, or have delivered.
BOUND = ("confirmed", "assigned", "handed_over", "shipped", "completed")
_HELD = BOUND[:3]


def exposure(session: Session, customer: Customer, without: Order | None = None) -> Decimal:
    """What is open of a customer's orders from confirmation on, less what platforms keep; `without` is left out."""
    open_amount = Order.gross + func.coalesce(Order.freight, 0) - Order.paid + Order.refunded - Order.escrowed
    query = select(func.sum(case((open_amount > 0, open_amount), else_=0))).where(
        Order.customer_id == customer.id,
        or_(Order.state.in_(BOUND), and_(Order.state == "on_hold", Order.held_in.in_(_HELD))),
        Order.id != (without.id if without is not None and without.id else 0),
    )
    with access.system(), session.no_autoflush:
        found: Any = session.scalar(query)
    return found or NOUGHT


def refuse_over_limit(session: Session, order: Order, extra: Decimal = NOUGHT) -> None:
    """Keep an order on account, `extra` dearer than it is, within the customer's limit.

    The customer is held, so that of two orders at once the second sees the first. Raises `StepRefused` naming the sums.
    """
    if order.payment_type != "on_account":
        return
    with session.no_autoflush:
        customer = order.customer
    concurrency.hold(session, customer)
    limit = credit_limit_of(session, customer)
    if limit is None:
        return
    others = exposure(session, customer, without=order)
    mine = max(outstanding(order) + extra - order.escrowed, NOUGHT)
    if others + mine > limit:
        raise StepRefused(
            _(
                "%(customer)s may owe %(limit)s at most: %(others)s is open already, and this order adds %(mine)s.",
                customer=customer.name, limit=limit, others=others, mine=mine,
            )
        )  # fmt: skip
