"""Allocations 核销: which payment pays which order, in rows that are only ever added.

What a payment has over, whoever paid it, is the customer's credit; what is taken off an order again is an opposite row.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, concurrency, fields, history
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.record import Record
from models.customers import Customer
from models.orders import NOUGHT, Order, with_its_order
from models.payments import COUNTED, Payment
from models.people import Person
from models.settling import ENDED, covered, outstanding

#: Where the work on an order is already under way, and stops if its money turns out to be missing.
_UNDER_WAY = ("confirmed", "assigned", "handed_over")


class PaymentAllocation(Record, Model):
    """So much of one payment pays one order; a negative amount takes it off again."""

    __tablename__ = "payment_allocation"
    kind_name = "payment_allocations"
    label, label_plural = _l("Allocation"), _l("Allocations")
    named_by = ("payment", "order")

    payment_id: Mapped[int] = fields.reference(_l("Payment"), "payment.id", required=True)
    order_id: Mapped[int] = fields.reference(_l("Order"), "sales_order.id", required=True, aliases=("order_no",))
    amount: Mapped[Decimal] = fields.decimal("money", _l("Amount"), required=True)
    allocated_at: Mapped[datetime] = fields.moment(_l("Allocated on"), required=True, index=True)
    by_id: Mapped[int | None] = fields.reference(_l("Allocated by"), "person.id", derived=True)
    reason: Mapped[str | None] = fields.prose(_l("Reason"))

    payment: Mapped[Payment] = relationship(foreign_keys=payment_id)
    order: Mapped[Order] = relationship(foreign_keys=order_id)
    by: Mapped[Person | None] = relationship(foreign_keys=by_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return with_its_order(cls.order_id, actor)

    def prepare(self, session: Session) -> None:
        self.allocated_at = self.allocated_at or now()
        self.by_id = history.doer().own_person_id

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id:
            yield "", _("An allocation stays as it is; take the money back off the order instead.")

    def __str__(self) -> str:
        return f"{self.payment or ''} → {self.order or ''}"


#: For the pages of those they belong to; written here, for neither knows of its allocations.
Order.allocations = relationship(PaymentAllocation, viewonly=True, order_by=PaymentAllocation.id)
Payment.allocations = relationship(PaymentAllocation, viewonly=True, order_by=PaymentAllocation.id)


def allocate(
    session: Session, payment: Payment, order: Order, amount: Decimal, reason: str | None = None
) -> PaymentAllocation:
    """Add the row; both sums follow with the next flush (`models/totals.py`). Both records are to be held before."""
    row = PaymentAllocation(payment=payment, order=order, amount=amount, reason=reason)
    row.prepare(session)
    session.add(row)
    return row


def settle(session: Session, payment: Payment) -> None:
    """Money that has become ours pays its order as far as that is open; the rest stays the customer's credit.

    An order that has ended takes all of it: the money is to go back, as the order's state then says.
    """
    order = payment.order
    if order is None:
        return
    concurrency.hold(session, order)
    amount = payment.amount - payment.allocated
    if order.state not in ENDED:
        amount = min(amount, outstanding(order))
    if amount > 0:
        allocate(session, payment, order, amount)


def by_order(session: Session, payment: Payment) -> dict[int, Decimal]:
    """What of a payment is allocated to which order, by the order's key; what was taken off again is left out."""
    row = PaymentAllocation
    query = select(row.order_id, func.sum(row.amount)).where(row.payment_id == payment.id).group_by(row.order_id)
    with access.system(), session.no_autoflush:
        return {order_id: amount for order_id, amount in session.execute(query) if amount}


def by_payment(session: Session, order: Order) -> list[tuple[Payment, Decimal]]:
    """The payments that pay an order now, with what each pays of it, the latest first; none that was reversed."""
    row = PaymentAllocation
    query = select(row.payment_id, func.sum(row.amount)).where(row.order_id == order.id).group_by(row.payment_id)
    with access.system(), session.no_autoflush:
        found = {payment_id: amount for payment_id, amount in session.execute(query) if amount > 0}
        payments = session.scalars(select(Payment).where(Payment.id.in_(found), Payment.state != "reversed"))
        ordered = sorted(payments, key=lambda payment: (payment.paid_at, payment.id), reverse=True)
    return [(payment, found[payment.id]) for payment in ordered]


def money_of(session: Session, order: Order) -> list[Payment]:
    """The payments that stand for an order now: those that pay it, whatever they were made for, and the platform's."""
    query = select(Payment).where(Payment.order_id == order.id, Payment.state == "in_escrow").order_by(Payment.id)
    with access.system(), session.no_autoflush:
        return [*(payment for payment, _amount in by_payment(session, order)), *session.scalars(query)]


def free_money(session: Session, customer: Customer) -> Decimal:
    """What of a customer's money is ours and pays no order."""
    query = select(func.sum(Payment.amount), func.sum(Payment.allocated)).where(
        Payment.customer_id == customer.id, Payment.state.in_(COUNTED)
    )
    with access.system(), session.no_autoflush:
        amount, allocated = session.execute(query).one()
    return (amount or NOUGHT) - (allocated or NOUGHT)


def hold_uncovered(session: Session, order: Order, reason: str) -> None:
    """Put an order on hold whose work is under way without its money; what was confirmed is never un-confirmed."""
    if order.state in _UNDER_WAY and not covered(order):
        with access.system():
            order.take("hold", session, reason=reason)
