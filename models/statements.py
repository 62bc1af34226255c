"""Statements of account 对账单: what a customer got from us and paid over a period, and what is overdue at its end.

What was shipped is charged with its freight on the day it left the house; money counts on the day it was paid, also
money for orders that have not been shipped yet. All of it as far as the reader may see the orders and payments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.engine.moments import at_office, local
from models.allocations import PaymentAllocation
from models.customers import Customer
from models.orders import NOUGHT, Order
from models.payments import COUNTED, Payment
from models.refunds import Refund

#: The states of an order that is owed for; goods that came back are not.
CHARGED = ("shipped", "completed")
CAME_BACK = ("refused", "returned")


@dataclass(frozen=True)
class Charge:
    """One order that was shipped (of a service: done); `amount` with freight, in yuan."""

    at: datetime
    order_id: int
    order_no: str
    amount: Decimal
    due_on: date | None


@dataclass(frozen=True)
class Receipt:
    """Money that was seen on our account; negative: money given back."""

    at: datetime
    order_no: str
    reference: str
    amount: Decimal


@dataclass(frozen=True)
class Entry:
    """One line of a statement, with the balance after it."""

    of: Charge | Receipt
    balance: Decimal

    @property
    def on(self) -> date:
        return local(self.of.at).date()


@dataclass(frozen=True)
class Overdue:
    """What of one order should have been paid by now; `days` is how long ago."""

    order_no: str
    due_on: date
    open: Decimal
    days: int


@dataclass(frozen=True)
class Statement:
    """The account of one customer from `first` to `last`, both included."""

    first: date
    last: date
    opening: Decimal
    entries: tuple[Entry, ...]
    overdue: tuple[Overdue, ...]

    @property
    def charged(self) -> Decimal:
        """All that was shipped in the period."""
        return sum((entry.of.amount for entry in self.entries if isinstance(entry.of, Charge)), NOUGHT)

    @property
    def paid(self) -> Decimal:
        """All that was paid in the period, less what was given back."""
        return sum((entry.of.amount for entry in self.entries if isinstance(entry.of, Receipt)), NOUGHT)

    @property
    def closing(self) -> Decimal:
        return self.opening + self.charged - self.paid


def statement_of(session: Session, customer: Customer, first: date, last: date) -> Statement:
    """What is between the house and a customer, in the order of time."""
    start, end = at_office(first), at_office(last + timedelta(days=1))
    charges, receipts = charges_of(session, customer, end), payments_of(session, customer, end)
    paid = paid_by_order(session, [one.order_id for one in charges], end)
    both: list[Charge | Receipt] = sorted([*charges, *receipts], key=lambda one: one.at)  # shipped first where alike
    balance = sum((_effect(one) for one in both if one.at < start), NOUGHT)
    opening, entries = balance, []
    for one in both:
        if one.at >= start:
            balance += _effect(one)
            entries.append(Entry(one, balance))
    return Statement(first, last, opening, tuple(entries), tuple(_overdue(charges, paid, last)))


def _effect(one: Charge | Receipt) -> Decimal:
    return one.amount if isinstance(one, Charge) else -one.amount


def charges_of(session: Session, customer: Customer, until: datetime) -> list[Charge]:
    """The orders of a customer that were shipped before a moment, the earliest first."""
    # A service is done where goods are received; an older ledger may know no more than the day of the order.
    at = func.coalesce(Order.shipped_at, Order.received_at, Order.placed_at, type_=Order.placed_at.type)
    query = select(at, Order.id, Order.order_no, Order.gross, Order.freight, Order.pay_by).where(
        Order.customer_id == customer.id, Order.state.in_(CHARGED), Order.fulfilment.not_in(CAME_BACK), at < until
    )
    rows = session.execute(query.order_by(at, Order.id))
    return [Charge(when, pk, no, gross + (freight or NOUGHT), due) for when, pk, no, gross, freight, due in rows]


def payments_of(session: Session, customer: Customer, until: datetime) -> list[Receipt]:
    """A customer's money that became ours, and what of it went back, before a moment, the earliest first."""
    received = (
        select(Payment.paid_at, Order.order_no, Payment.reference, Payment.amount)
        .join(Order, Payment.order_id == Order.id, isouter=True)
        .where(Payment.customer_id == customer.id, Payment.state.in_(COUNTED), Payment.paid_at < until)
        .order_by(Payment.paid_at, Payment.id)
    )
    back = (
        select(Refund.paid_at, Order.order_no, Refund.reference, -Refund.amount)
        .join(Order, Refund.order_id == Order.id, isouter=True)
        .where(
            Refund.customer_id == customer.id, Refund.state == "paid_out", Refund.kind != "escrow",
            Refund.paid_at < until,
        )
        .order_by(Refund.paid_at, Refund.id)
    )  # fmt: skip
    rows = [*session.execute(received), *session.execute(back)]
    found = [Receipt(at, no or "", reference or "", amount) for at, no, reference, amount in rows]
    return sorted(found, key=lambda one: one.at)


def paid_by_order(session: Session, orders: list[int], until: datetime) -> dict[int, Decimal]:
    """What had been paid of each order, by its key, before a moment, less what went back."""
    row = PaymentAllocation
    query = select(row.order_id, func.sum(row.amount)).where(row.order_id.in_(orders), row.allocated_at < until)
    back = select(Refund.order_id, func.sum(Refund.amount)).where(
        Refund.order_id.in_(orders), Refund.state == "paid_out", Refund.kind != "escrow", Refund.paid_at < until
    )
    rows = session.execute(query.group_by(row.order_id))
    paid: dict[int, Decimal] = {order_id: amount or NOUGHT for order_id, amount in rows}
    for pk, amount in session.execute(back.group_by(Refund.order_id)):
        if pk is not None:
            paid[pk] = paid.get(pk, NOUGHT) - amount
    return paid


def _overdue(charges: list[Charge], paid: dict[int, Decimal], last: date) -> list[Overdue]:
    """The shipped orders whose day to pay had passed on `last` and that were not paid in full by then."""
    found = (
        Overdue(one.order_no, one.due_on, one.amount - paid.get(one.order_id, NOUGHT), (last - one.due_on).days)
        for one in charges
        if one.due_on is not None and one.due_on < last
    )
    return sorted((one for one in found if one.open > 0), key=lambda one: (one.due_on, one.order_no))
