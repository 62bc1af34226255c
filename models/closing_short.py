"""Closing an order short 按实发结单: what was shipped stands, the rest is no longer wanted or cannot be had."""

from __future__ import annotations

from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import concurrency
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models import amending, difference_orders, order_rounding, shipping
from models.fulfilling import is_done
from models.orders import NOUGHT, Order
from models.placing import is_goods
from models.refunds import request_refund, surplus
from models.shipments import shipped_quantities


def is_sent_in_part(order: Order, actor: Actor) -> bool:
    return is_goods(order, actor) and order.fulfilment == "part_shipped"


@Order.flow.step(
    "confirmed", "assigned", to=("shipped", "completed"), label=_l("Close with what was shipped"), who=is_sent_in_part,
    tone="danger",
)  # fmt: skip
def close_short(order: Order, reason: Annotated[str, Ask(_l("Reason"))]) -> str:
    """What is not shipped is taken off the order; its goods are free, and money for it goes back."""
    session = session_of(order)
    concurrency.hold(session, order)
    with session.no_autoflush:
        shipped = shipped_quantities(session, order)
    if not shipped:
        raise StepRefused(_("Nothing of the order has been shipped; please record a return instead."))
    difference_orders.drop(session, order)
    for line in list(order.order_lines):
        left = shipped.get(line.id, NOUGHT)
        if not line.product.service and left < line.quantity:
            if left:
                line.quantity = left
            else:
                amending.take_off(session, order, line)
    order_rounding.round_amounts(order)
    order.reason, order.revision = reason, order.revision + 1
    session.flush()
    amending.carry_along(session, order)
    if (above := surplus(session, order)) > 0:
        request_refund(session, order, above, "difference", reason)
    shipping.settle(session, order)
    return "completed" if is_done(order) else "shipped"
