"""Doubles of orders: the same customer ordering the same on the same day may have ordered twice."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine.moments import at_office, local

if TYPE_CHECKING:
    from models.orders import Order

#: Orders that do not stand: nobody has ordered by them, or no more.
NOT_STANDING = ("cancelled", "closed", "invalid", "draft")
#: So many orders of one customer and day are compared.
AT_MOST = 50


def twin(session: Session, order: Order) -> str | None:
    """The number of another standing order of that day with the same customer and the same lines."""
    if order.customer is None or order.placed_at is None:
        return None
    day, orders = local(order.placed_at).date(), type(order)
    query = select(orders).where(
        orders.customer_id == order.customer.id, orders.state.not_in(NOT_STANDING),
        orders.placed_at >= at_office(day), orders.placed_at < at_office(day + timedelta(days=1)),
    )  # fmt: skip
    mine = _ordered(order)
    found: Any = session.scalars(query.order_by(orders.id).limit(AT_MOST))
    return next((one.order_no for one in found if one is not order and _ordered(one) == mine), None)


def _ordered(order: Order) -> dict[int, Decimal]:
    found: dict[int, Decimal] = defaultdict(Decimal)
    for line in order.order_lines:
        if line.product is not None:
            found[line.product.id] += line.quantity or 0
    return found
