"""What whoever opens an order should notice first 订单提示: why it stands still, and what is awaited."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy.orm import Session, object_session

from app.engine.moments import now, office_time
from models import cutoffs, difference_orders
from models.amendments import open_for
from models.order_returns import last_of
from models.order_words import CHECK_RESULTS, MONEY_FIRST
from models.orders import Order


def marks(order: Order) -> list[str]:
    """Sentences for the top of the order's page."""
    session = object_session(order)
    closed = order.taken_over and order.flow.states[order.state].final
    return list(_said(session, order)) if session is not None and not closed else []


def _said(session: Session, order: Order) -> Iterator[str]:
    if order.state == "on_hold":
        yield _("On hold: %(reason)s", reason=order.reason or "—")
    if order.state == "placed" and order.call_result and order.call_result != "agreed" and order.called_at:
        yield _("Called on %(moment)s: %(result)s", moment=office_time(order.called_at),
                result=CHECK_RESULTS[order.call_result])  # fmt: skip
    if order.state == "placed" and order.payment_type in MONEY_FIRST and order.paid + order.escrowed <= 0:
        if order.pay_until is not None and order.pay_until < now():
            yield _("Not paid by %(moment)s; the goods are no longer held.", moment=office_time(order.pay_until))
        else:
            yield _("Finance has not verified a payment for this order yet.")
    if order.payment_state == "refund_due":
        yield _("Money has to go back to the customer: finance is asked.")
    if order.revision and (difference := difference_orders.last_of(session, order.id)) is not None:
        if difference.state in difference_orders.OPEN:
            yield _("Price-difference order %(no)s is open: the parcel stays here until it is matched.", no=difference)
        elif difference.state == "expired" and not cutoffs.has_reached(order, "shipped"):
            yield _("Price-difference order %(no)s was not paid in time: the goods are as ordered first, please tell "
                    "the customer.", no=difference)  # fmt: skip
    if order.state == "handed_over" and (amendment := open_for(session, order.id)) is not None:
        yield _("Amendment %(no)s waits for the warehouse to give the order back.", no=amendment)
    if order.state not in ("draft", "placed", "confirmed", "assigned") and (given_up := last_of(session, order.id)):
        yield _("Return %(no)s: %(state)s", no=given_up, state=given_up.state_label)
