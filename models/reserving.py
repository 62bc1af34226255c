"""When goods of an order are reserved 占用库存: at placing, when the money is seen, at confirming or at assigning.

That moment is a rule for each payment type; from it on what is held follows the order's lines. Reserving is not
assigning 分配, which says who picks and dispatches.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.engine import rules
from models import reservations, shipping
from models.cutoffs import has_money, has_reached
from models.orders import Order

MOMENTS = {
    "placed": _l("when it is placed"),
    "paid": _l("when the money is seen"),
    "confirmed": _l("when it is confirmed"),
    "assigned": _l("when it is assigned"),
}
_LABELS = {
    "prepaid": (_l("Goods of orders paid in advance are reserved"), "placed"),
    "third_party": (_l("Goods of orders through a platform are reserved"), "paid"),
    "cash_on_delivery": (_l("Goods of orders paid at the door are reserved"), "confirmed"),
    "on_account": (_l("Goods of orders on account are reserved"), "confirmed"),
}
RESERVE_ON = {
    payment_type: rules.setting(f"reserve_on_{payment_type}", label, "choice", default, MOMENTS)
    for payment_type, (label, default) in _LABELS.items()
}


def has_come(session: Session, order: Order, event: str | None = None) -> bool:
    """Whether the moment of reserving has come for an order, with the `event` of `MOMENTS` that is just happening."""
    moment = rules.value(session, RESERVE_ON[order.payment_type], None)
    if event is not None and list(MOMENTS).index(event) >= list(MOMENTS).index(moment):
        return True
    if moment == "paid":
        return has_money(order) or has_reached(order, "confirmed")
    return order.state != "draft" and has_reached(order, moment)


def match(session: Session, order: Order, event: str | None = None) -> None:
    """Bring what is held for the order in line with its lines, once its moment has come.

    Before any money is seen it is held until the order should have been paid. Raises `StepRefused` naming all products
    that are short; nothing is held then.
    """
    if order.flow.states[order.state].final or not has_come(session, order, event):
        return
    is_firm = event in ("confirmed", "assigned") or order.confirmed_at is not None or has_money(order)
    reservations.match(session, order, None if is_firm else order.pay_until)
    shipping.settle(session, order)


def let_go(session: Session, order: Order, reason: str) -> None:
    """Free everything that is held for an order that has ended."""
    reservations.release(session, order, reason)
    shipping.settle(session, order)
