"""What payments do to an order 收款: recorded on its page; verified, they let it go on by itself."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.engine.database import session_of
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models import difference_orders, order_returns, refunds, reserving, settling
from models.fulfilling import is_done
from models.orders import Order
from models.payments import Payment, announce


@Order.flow.step(
    "placed", "confirmed", "assigned", "handed_over", "shipped", "completed", "on_hold",
    to=None, label=_l("Record a payment"),
)  # fmt: skip
def record_payment(
    order: Order,
    amount: Annotated[Decimal, Ask(_l("Amount"))],
    account: Annotated[str | None, Ask(_l("Received on account"), kind="line", length=100)] = None,
    reference: Annotated[str | None, Ask(_l("Reference"), kind="number", length=100)] = None,
    paid_at: Annotated[datetime | None, Ask(_l("Paid"), help=_l("Empty: now"))] = None,
) -> None:
    """A payment as it was announced; it counts once finance has verified it."""
    session = session_of(order)
    payment = Payment(order=order, amount=amount, account=account, reference=reference, paid_at=paid_at)
    announce(session, payment)
    session.expire(order, ["payments"])


@settling.AFTER_MONEY.append
def go_on(session: Session, order: Order) -> None:
    """Money of an order was verified, released or given back: what waited for it goes on."""
    difference_orders.note_payment(session, order)
    refunds.note_given_back(session, order)
    order_returns.note_refund(session, order)
    if order.state in ("placed", "confirmed"):
        _reserve(session, order)
    if order.state == "shipped" and is_done(order):
        order.take("finish", session)


@settling.LATE_MONEY.append
def ask_back(session: Session, order: Order) -> None:
    """Money came in for an order that had ended: finance is asked to give it back, it is nobody's otherwise."""
    kind = "invalid" if order.state == "invalid" else "cancel"
    reason = _("Paid when the order had ended: %(state)s", state=order.state_label)
    refunds.give_back(session, order, reason, kind, late=True)


def _reserve(session: Session, order: Order) -> None:
    """Hold the goods now that the money is seen. Paid but gone: the order waits for somebody, the money stays."""
    try:
        with session.begin_nested():
            reserving.match(session, order)
    except StepRefused as refusal:
        order.take("hold", session, reason=_("Paid, but the goods are gone: %(reason)s", reason=str(refusal)))
