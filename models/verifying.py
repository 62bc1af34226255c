"""Verifying payments 财务确认: what finance saw on our account counts; what turns out wrong gets an opposite row."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.engine import concurrency, history, record
from app.engine.database import session_of
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models import allocations
from models.orders import Order
from models.payments import Payment, is_not_recorder
from models.refunds import customer_credit, refundable


@Payment.flow.step(
    "recorded", to=("verified", "in_escrow"), label=_l("Verify"), tone="primary", who=is_not_recorder
)  # fmt: skip
def verify(payment: Payment) -> str:
    """The money was seen on our account, or the platform's notice was, by somebody else than who recorded it."""
    if payment.kind != "escrow":
        allocations.settle(session_of(payment), payment)
    payment.verified_by_id, payment.verified_at = history.doer().own_person_id, now()
    return "in_escrow" if payment.kind == "escrow" else "verified"


@Payment.flow.step("recorded", to="rejected", label=_l("Reject"), tone="danger")
def reject(payment: Payment, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """There is no such money."""


@Payment.flow.step(
    "verified", "released", "remitted", to="reversed", label=_l("Reverse"), tone="danger", who=is_not_recorder
)  # fmt: skip
def reverse(payment: Payment, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The money is not there after all: an opposite row takes it off again, and the orders it paid go on hold."""
    session = session_of(payment)
    if payment.reverses_id is not None:
        raise StepRefused(_("This row takes another payment back itself; record the money anew instead."))
    if payment.amount < 0:
        raise StepRefused(_("Only money received is reversed."))
    shares = allocations.by_order(session, payment)
    with session.no_autoflush:
        orders: list[Order] = [session.get_one(Order, key) for key in sorted(shares)]
    if orders:
        concurrency.hold(session, *orders)
    if payment.customer is not None:
        concurrency.hold(session, payment.customer)
    _refuse_promised(session, payment, orders, shares)
    opposite = Payment(
        order=payment.order, customer=payment.customer, kind=payment.kind, method=payment.method,
        amount=-payment.amount, state=payment.state, paid_at=now(), recorded_by_id=history.doer().own_person_id,
        reverses_id=payment.id, verified_at=now(), note=reason,
    )  # fmt: skip
    with session.no_autoflush:
        record.store(session, opposite)
        for order in orders:
            allocations.allocate(session, opposite, order, -shares[order.id], reason)
        session.flush()
        words = _("The payment of %(amount)s was reversed: %(reason)s", amount=payment.amount, reason=reason)
        for order in orders:
            allocations.hold_uncovered(session, order, words)


def _refuse_promised(session: Session, payment: Payment, orders: list[Order], shares: dict[int, Decimal]) -> None:
    """What was refunded, or is to be, stays covered by money that is ours."""
    for order in orders:
        if shares[order.id] > refundable(session, order):
            raise StepRefused(
                _("%(order)s has refunds that this money is needed for; refuse those first.", order=order.order_no)
            )
    if payment.customer is not None and 0 < payment.free > customer_credit(session, payment.customer):
        raise StepRefused(_("The customer's credit is being paid back; refuse that refund first."))
