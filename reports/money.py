"""Reports on money: what couriers and platforms still keep for us, and what customers owe, as of a day."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, case, func, null, or_, select, type_coerce
from sqlalchemy.orm import Session

from app.engine import rules
from app.engine.columns import Column
from app.engine.database import among_keys, scanned
from app.engine.frames import Counted, Rows, frame, report
from app.engine.moments import at_office, local, today
from app.engine.periods import Period
from models.allocations import PaymentAllocation
from models.customers import Customer
from models.grades import USUAL_PAYMENT_DAYS
from models.orders import NOUGHT, Order
from models.payments import COUNTED, Payment
from models.refunds import Refund
from models.settling import ENDED

#: age -> the most days it holds; the last has no end
AGES: dict[str, int | None] = {"0-7": 7, "8-30": 30, "31-60": 60, "60+": None}
#: column -> the most days overdue that it holds
BUCKETS: dict[str, int | None] = {"not_due": 0, "days_30": 30, "days_60": 60, "days_90": 90, "over_90": None}
_FLOAT = [
    Column("order", _l("Order"), "number_text"),
    Column("customer", _l("Name of the customer"), "text"),
    Column("since", _l("Kept since"), "moment"),
    Column("days", _l("Days kept"), "integer"),
    Column("age", _l("Age in days"), "text"),
    Column("amount", _l("Amount"), "money", total=True),
]


def _as_of(period: Period) -> tuple[date, datetime]:
    """The last day of the period (today), and the moment at which it is over."""
    day = period.last or today()
    return day, at_office(day + timedelta(days=1))


def _bucket(days: int, ends: dict[str, int | None]) -> str:
    return next(name for name, most in ends.items() if most is None or days <= most)


def _kept(session: Session, day: date, end: datetime, state: str, since: Any, *conditions: Any) -> Counted:
    """Payments somebody else keeps for us on a day, the oldest first.

    They are in `state`, or went on from there at or after `end`. What an older ledger has already as ours, without the
    moment at which it came, is with nobody else.
    """
    still = or_(and_(Payment.state == state, Payment.settled_at.is_(None)), Payment.settled_at >= end)
    owner = func.coalesce(Order.customer_id, Payment.customer_id)
    query = (
        select(
            Payment.id, Order.order_no.label("order"), Customer.name.label("customer"), since.label("since"),
            Payment.amount.label("amount"),
        )
        .join(Order, Payment.order_id == Order.id, isouter=True)
        .join(Customer, owner == Customer.id, isouter=True)
        .where(*conditions, since < end, still, Payment.reverses_id.is_(None))
        .order_by(since, Payment.id)
    )  # fmt: skip
    table = frame(session, query)
    table["days"] = [(day - local(moment).date()).days for moment in table["since"]]
    table["age"] = [_bucket(days, AGES) for days in table["days"]]
    lines = table[["id", "order", "amount"]].assign(at=table["since"])
    return Counted(table, [Rows(Payment, lines, {"amount": "amount"})])


@report(
    "cod_float",
    _l("Cash with couriers"),
    _FLOAT,
    basis=_l("Collected by the last day of the period (today), not yet remitted then."),
)
def cod_float(session: Session, period: Period) -> Counted:
    """What couriers collected at the door and had not remitted, by age."""
    day, end = _as_of(period)
    # What an older ledger has with the courier bears one moment, that of the payment.
    collected = func.coalesce(Payment.collected_at, Payment.paid_at)
    return _kept(session, day, end, "collected", collected, Payment.kind == "courier")


@report(
    "escrow_float",
    _l("Money with platforms"),
    _FLOAT,
    basis=_l("Goods received by the last day of the period (today), the money not yet paid out then."),
)
def escrow_float(session: Session, period: Period) -> Counted:
    """What platforms kept though the buyer had the goods, by age since they had them."""
    day, end = _as_of(period)
    kept = Payment.kind == "escrow", func.coalesce(Payment.verified_at, Payment.paid_at) < end
    return _kept(session, day, end, "in_escrow", Order.received_at, *kept)


@report(
    "receivables_ageing",
    _l("Ageing of receivables"),
    [
        Column("customer", _l("Customer"), "text"),
        Column("customer_name", _l("Name of the customer"), "text"),
        Column("not_due", _l("Not due yet"), "money", total=True),
        Column("days_30", _l("1 to 30 days overdue"), "money", total=True),
        Column("days_60", _l("31 to 60 days overdue"), "money", total=True),
        Column("days_90", _l("61 to 90 days overdue"), "money", total=True),
        Column("over_90", _l("More than 90 days overdue"), "money", total=True, alarm=True),
        Column("open", _l("Owed in all"), "money", total=True),
        Column("credit", _l("Credit not allocated"), "money", total=True),
        Column("ahead", _l("Paid for orders not shipped"), "money", total=True),
    ],
    basis=_l(
        "As of the last day of the period (today): shipped orders less payments dated and booked by then, by the day "
        "each is due; without such a day, by the day of shipping and the usual term. What is owed less both credits is "
        "what the ledger says: shipped less received, paid back added. An order ended by then counts as not shipped."
    ),
)
def receivables_ageing(session: Session, period: Period) -> Counted:
    """What customers owe for what was shipped, by days overdue: one row a customer.

    Behind what is owed and what is paid ahead stand orders; a credit may come from orders and payments alike, so that
    it opens nothing.
    """
    day, end = _as_of(period)
    orders = _unsettled(day, end, int(rules.number(session, USUAL_PAYMENT_DAYS, None, day)))
    rows: dict[int, dict[str, Any]] = {}
    for customer_id, name, amount in session.execute(_by_customer(orders)):
        _row(rows, customer_id)[name] += amount
    for customer_id, amount in _credits(session, end):
        _row(rows, customer_id)["credit"] += amount
    names = {row.id: row for row in session.execute(_customers(rows))}
    found: list[dict[str, Any]] = []
    for customer_id, sums in rows.items():
        about = names.get(customer_id)
        owed = sum((sums[name] for name in BUCKETS), NOUGHT)
        if owed or sums["credit"] or sums["ahead"]:
            number, name = (about.customer_no, about.name) if about is not None else ("", "")
            found.append({"customer": number, "customer_name": name, **sums, "open": owed})
    columns = ["customer", "customer_name", *BUCKETS, "open", "credit", "ahead"]
    found.sort(key=lambda one: one["customer"])
    opens = {name: name for name in (*BUCKETS, "open", "ahead")}
    return Counted(pd.DataFrame(found, columns=columns), [Rows(Order, _lines(orders), opens)])


def _row(rows: dict[int, dict[str, Any]], customer_id: int) -> dict[str, Any]:
    return rows.setdefault(customer_id, dict.fromkeys((*BUCKETS, "credit", "ahead"), NOUGHT))


def _customers(keys: Collection[int]) -> Any:
    return select(Customer.id, Customer.customer_no, Customer.name).where(among_keys(Customer.id, keys))


def _ours(end: datetime) -> Any:
    """The payments that are dated before `end` and were seen to be ours by then: no order is paid by others."""
    booked = func.coalesce(Payment.settled_at, Payment.verified_at, Payment.paid_at)
    return and_(Payment.state.in_(COUNTED), Payment.paid_at < end, booked < end)


def _received(end: datetime) -> Any:
    """What was paid of an order before `end`, what was paid back taken off."""
    row = PaymentAllocation
    paid = select(func.sum(row.amount)).join(Payment, row.payment_id == Payment.id)
    paid = paid.where(row.order_id == Order.id, row.allocated_at < end, _ours(end)).correlate(Order)
    back = select(func.sum(Refund.amount)).where(Refund.state == "paid_out", Refund.kind != "escrow")
    back = back.where(Refund.order_id == Order.id, Refund.paid_at < end).correlate(Order)
    return _sum(paid.scalar_subquery()) - _sum(back.scalar_subquery())


def _sum(amount: Any) -> Any:
    return func.coalesce(amount, 0, type_=Order.gross.type)


def _unsettled(day: date, end: datetime, term: int) -> Any:
    """Orders on which something is owed at `end`, by us or to us: `bucket` says since when, or as which credit.

    An order that is not shipped by then, or that ended otherwise, owes us nothing: what we had for it is paid ahead.
    """
    not_yet = or_(Order.shipped_at.is_(None), Order.shipped_at >= end)
    ended = and_(Order.state.in_(ENDED), or_(Order.closed_at.is_(None), Order.closed_at < end))
    billed = case((or_(not_yet, ended), 0), else_=Order.gross + _sum(Order.freight))
    owed = type_coerce(billed - _received(end), Order.gross.type)

    def overdue(most: int) -> Any:
        """Not more than so many days past the day it is due, or past the usual term after shipping."""
        shipped_since = at_office(day - timedelta(days=most + term))
        return or_(
            Order.pay_by >= day - timedelta(days=most), and_(Order.pay_by.is_(None), Order.shipped_at >= shipped_since)
        )

    ages = [(overdue(most), name) for name, most in BUCKETS.items() if most is not None]
    bucket = case((or_(not_yet, ended), "ahead"), (owed < NOUGHT, "credit"), *ages, else_=[*BUCKETS][-1])
    return select(
        Order.id, func.coalesce(Order.shipped_at, Order.placed_at).label("at"), Order.customer_id,
        bucket.label("bucket"), owed.label("owed"),
    ).where(owed != NOUGHT)  # fmt: skip


def _by_customer(orders: Any) -> Any:
    """Customer, bucket and amount; credits are amounts of their own, not less than nothing."""
    given = orders.subquery().c
    key, ours = scanned(given.customer_id), given.bucket.not_in(("credit", "ahead"))
    amount = func.sum(case((ours, given.owed), else_=-given.owed), type_=given.owed.type)
    return select(key, given.bucket, amount).group_by(key, given.bucket)


def _lines(orders: Any) -> Any:
    """The orders behind what is owed and what is paid ahead: what each adds to which figure."""
    given = orders.subquery().c
    amounts = {name: (given.bucket == name, given.owed) for name in BUCKETS}
    amounts["open"] = given.bucket.in_(BUCKETS), given.owed
    amounts["ahead"] = given.bucket == "ahead", -given.owed
    number = func.coalesce(Customer.customer_no, "").label("customer")
    kind = given.owed.type
    told = (case(pair, else_=null()) for pair in amounts.values())
    columns = (type_coerce(one, kind).label(name) for name, one in zip(amounts, told, strict=True))
    query = select(given.id, given["at"], number, *columns).select_from(given.id.table)
    return query.join(Customer, given.customer_id == Customer.id, isouter=True).where(given.bucket != "credit")


def _credits(session: Session, end: datetime) -> Iterator[tuple[int, Decimal]]:
    """What customers had with us before `end` that paid no order and was not paid back, by customer."""
    row = PaymentAllocation
    came = select(Payment.customer_id, func.sum(Payment.amount)).where(_ours(end)).group_by(Payment.customer_id)
    used = (
        select(Payment.customer_id, func.sum(row.amount))
        .join(Payment, row.payment_id == Payment.id)
        .where(_ours(end), row.allocated_at < end)
        .group_by(Payment.customer_id)
    )
    back = (
        select(Refund.customer_id, func.sum(Refund.amount))
        .where(Refund.order_id.is_(None), Refund.state == "paid_out", Refund.paid_at < end)
        .group_by(Refund.customer_id)
    )
    for query, sign in ((came, 1), (used, -1), (back, -1)):
        for customer_id, amount in session.execute(query):
            if customer_id is not None:
                yield customer_id, sign * amount
