"""Cash on delivery 货到付款: expected at the door, collected by the courier, remitted to us, and only then paid."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.engine import access, history
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import minute_of, now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models import allocations
from models.escrow import settled
from models.orders import NOUGHT, Order
from models.payments import Payment, announce
from models.settling import outstanding


def is_not_collector(payment: Payment, actor: Actor) -> bool:
    return payment.collected_by_id not in actor.person_ids


def has_order(payment: Payment, actor: Actor) -> bool:
    return payment.order_id is not None


@Payment.flow.step("recorded", to="expected", label=_l("The courier is to collect it"), who=has_order)
def leave_to_courier(payment: Payment) -> None:
    """The money that was announced did not come; the customer pays at the door."""
    if payment.order_id is None:
        raise StepRefused(_("What is collected at the door belongs to an order; please choose it."))
    payment.kind = payment.method = "courier"


@Payment.flow.step("expected", to="collected", label=_l("The courier collected it"), tone="primary")
def collect(
    payment: Payment, at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None
) -> None:  # fmt: skip
    """The customer paid at the door; the money is with the courier and does not count yet."""
    if at is not None and at > now():
        raise StepRefused(_("The payment cannot have been made in the future."))
    shipped = payment.order.shipped_at if payment.order is not None else None
    if at is not None and shipped is not None and at < minute_of(shipped):
        raise StepRefused(_("Nothing is collected before the goods were shipped; please check the moment."))
    payment.collected_at = payment.paid_at = at or now()
    payment.collected_by_id = history.doer().own_person_id


@Payment.flow.step("expected", to="not_collected", label=_l("Not collected"), tone="danger")
def leave_uncollected(payment: Payment, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The customer did not pay, for instance because they refused the parcel."""


@Payment.flow.step("collected", to="remitted", label=_l("Remitted"), tone="primary", who=is_not_collector)
def remit(
    payment: Payment,
    payout_no: Annotated[str, Ask(_l("Number of the payout"), kind="number", length=100)],
    at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None,
) -> None:
    """The courier's money came to our account, seen by somebody else than who recorded its collection."""
    settled(payment, payout_no, at)
    allocations.settle(session_of(payment), payment)


def expect_cash(session: Session, order: Order) -> Payment | None:
    """What the courier has to collect for an order, as a row; the one there is already; None where nothing is owed."""
    query = select(Payment).where(Payment.order_id == order.id, Payment.state.in_(("expected", "collected")))
    with access.system(), session.no_autoflush:
        open_one = session.scalars(query.order_by(Payment.id).limit(1)).first()
    amount = outstanding(order) - order.escrowed
    if open_one is not None or amount <= 0:
        return open_one
    return announce(session, Payment(order=order, kind="courier", amount=amount))


def not_collected(session: Session, order: Order, reason: str) -> None:
    """The order ends, for instance at the door: nothing is expected from the courier for it any more."""
    query = select(Payment).where(Payment.order_id == order.id, Payment.state == "expected")
    with access.system(), session.no_autoflush:
        for payment in list(session.scalars(query.order_by(Payment.id))):
            payment.take("leave_uncollected", session, reason=reason)


def collected_not_remitted(session: Session, order: Order) -> Decimal:
    """What the courier collected for an order and has not remitted yet."""
    query = select(func.sum(Payment.amount)).where(Payment.order_id == order.id, Payment.state == "collected")
    with access.system(), session.no_autoflush:
        return session.scalar(query) or NOUGHT
