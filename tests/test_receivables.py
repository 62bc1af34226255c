"""Ageing of receivables: as of any day it is what plain Python counts from the rows, and what was printed that day."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.engine import access, moments
from app.engine.moments import at_office, local, parse_moment
from app.engine.report_answers import ask
from models.allocations import PaymentAllocation
from models.customers import Customer
from models.orders import Order
from models.payments import COUNTED, Payment
from models.refunds import Refund, request_refund
from tests.factories import house, place

#: 70.00 and 15 % tax each
EACH = Decimal("80.50")
BUCKETS = ("not_due", "days_30", "days_60", "days_90", "over_90")


def shipped(session, day, count=1, **values):
    order = place(session, payment_type="on_account", placed_at=day, order_lines=[{"product": "B", "quantity": count}])
    order.state, order.shipped_at = "shipped", parse_moment(f"{day} 10:00")
    for name, value in values.items():
        setattr(order, name, value)
    session.commit()
    return order


def paid(session, order, amount, day, customer=None):
    payment = Payment(order=order, customer=customer, amount=Decimal(amount), paid_at=parse_moment(day))
    payment.prepare(session)
    session.add(payment)
    session.flush()
    payment.take("verify", session)
    session.commit()
    return payment


def ageing(session, day):
    rows = ask(session, "receivables_ageing", {"to": str(day)}).rows
    return {row["customer"]: {name: row[name] for name in (*BUCKETS, "open", "credit", "ahead")} for row in rows}


@pytest.fixture
def office(either_session, either_actors):
    house(either_session, either_actors)
    with access.system():
        yield either_session


@pytest.mark.parametrize(
    "day, bucket",
    [
        ("2026-01-31", "not_due"), ("2026-02-01", "days_30"), ("2026-03-02", "days_30"), ("2026-03-03", "days_60"),
        ("2026-04-01", "days_60"), ("2026-04-02", "days_90"), ("2026-05-01", "days_90"), ("2026-05-02", "over_90"),
    ],
)  # fmt: skip
def test_an_order_moves_from_bucket_to_bucket_by_its_due_day(office, day, bucket):
    shipped(office, "2026-01-10", pay_by=date(2026, 1, 31))
    sums = ageing(office, day)["C1"]
    assert {name: sums[name] for name in BUCKETS if sums[name]} == {bucket: EACH}


def test_without_a_due_day_the_usual_term_counts_from_shipping(office):
    shipped(office, "2026-01-01")
    assert ageing(office, "2026-01-31")["C1"]["not_due"] == EACH
    assert ageing(office, "2026-02-01")["C1"]["days_30"] == EACH


def test_before_it_is_shipped_nothing_is_owed_and_a_paid_order_is_gone(office, at):
    order = shipped(office, "2026-01-10")
    at("2026-01-20 12:00")
    paid(office, order, "80.50", "2026-01-20")
    assert ageing(office, "2026-01-09") == {}
    assert ageing(office, "2026-01-19")["C1"]["open"] == EACH
    assert ageing(office, "2026-01-20") == {}


def test_money_that_pays_no_order_stands_in_a_column_of_its_own(office, at):
    order = shipped(office, "2026-01-10")
    at("2026-01-20 12:00")
    paid(office, order, "100", "2026-01-20")
    assert ageing(office, "2026-01-20")["C1"] == {
        **dict.fromkeys((*BUCKETS, "open", "ahead"), 0), "credit": Decimal("19.50"),
    }  # fmt: skip


def test_as_of_a_past_day_the_figures_are_those_printed_on_that_day(office, at):
    """Invariant 23: neither a payment verified late nor a reversal, an allocation or a refund rewrites the past."""
    dice = random.Random(5)
    printed, day = {}, date(2026, 1, 5)
    orders, payments = [], []
    for _round in range(25):
        moments.configure("Asia/Shanghai", at_office(day) + timedelta(hours=11))
        what = dice.choice(("ship", "ship", "pay", "pay", "pay", "reverse", "credit", "refund"))
        if what == "ship":
            orders.append(shipped(office, str(day), dice.randint(1, 4)))
        elif what == "pay" and orders:
            earlier = str(day - timedelta(days=dice.randint(0, 3)))
            payments.append(paid(office, dice.choice(orders), str(dice.randint(10, 200)), earlier))
        elif what == "credit" and orders:
            _try(office, lambda: dice.choice(orders).take("use_credit", office))
        elif what == "reverse" and payments:
            payment = payments.pop()
            _try(office, lambda payment=payment: payment.take("reverse", office, reason="误"))
        elif what == "refund" and orders:
            _try(office, lambda: _refunded(office, dice.choice(orders)))
        printed[day] = ageing(office, day)
        assert printed[day] == _recounted(office, day)
        day += timedelta(days=dice.randint(1, 12))
    assert len(orders) > 3 and office.query(Payment).filter(Payment.amount < 0).count() > 0
    for day, figures in printed.items():
        assert ageing(office, day) == figures == _recounted(office, day)


def _try(session, do):
    from app.engine.refusals import Refused

    try:
        do()
        session.commit()
    except Refused:
        session.rollback()


def _refunded(session, order):
    refund = request_refund(session, order, Decimal(5), "difference", "差价")
    refund.take("approve", session)
    refund.take("pay_out", session, reference=f"T{refund.id}")


def _recounted(session, day):
    """The same from the rows by hand: no SQL, no pandas, nothing of the report's."""
    session.expire_all()
    end = at_office(day + timedelta(days=1))
    rows, refunds = session.query(PaymentAllocation).all(), session.query(Refund).filter_by(state="paid_out").all()
    found = {}
    for customer in session.query(Customer):
        sums = dict.fromkeys((*BUCKETS, "open", "credit", "ahead"), Decimal(0))
        for order in session.query(Order).filter_by(customer_id=customer.id):
            had = sum(row.amount for row in rows if row.order_id == order.id and row.allocated_at < end)
            had -= sum(one.amount for one in refunds if one.order_id == order.id and one.paid_at < end)
            if order.shipped_at is None or order.shipped_at >= end:
                sums["ahead"] += had
                continue
            owed = order.gross + (order.freight or 0) - had
            late = (day - (order.pay_by or local(order.shipped_at).date() + timedelta(days=30))).days
            steps = [late <= 0, late <= 30, late <= 60, late <= 90, True]
            sums[BUCKETS[steps.index(True)]] += owed
            sums["open"] += owed
        for payment in session.query(Payment).filter(Payment.customer_id == customer.id, Payment.state.in_(COUNTED)):
            if payment.paid_at < end and payment.verified_at < end:
                mine = [row.amount for row in rows if row.payment_id == payment.id and row.allocated_at < end]
                sums["credit"] += payment.amount - sum(mine)
        if any(sums.values()):
            found[customer.customer_no] = sums
    return found


def test_the_totals_equal_the_ledger(office, at):
    """What was shipped less what came in is what is owed less the credits; one order was paid before it is shipped."""
    at("2026-03-01 10:00")
    orders = [shipped(office, "2026-01-10", n) for n in (1, 2, 3)]
    early = place(office, payment_type="on_account", placed_at="2026-02-27",
                  order_lines=[{"product": "B", "quantity": 2}])  # fmt: skip
    paid(office, early, "60", "2026-02-28")
    for order, amount in zip(orders, ("80.50", "100", "300"), strict=True):
        paid(office, order, amount, "2026-03-01")
    rows = ask(office, "receivables_ageing", {"to": "2026-03-01"}).rows
    received = sum(payment.amount for payment in office.query(Payment))
    billed = sum(order.gross for order in orders)
    assert sum(row["open"] - row["credit"] - row["ahead"] for row in rows) == billed - received == Decimal("-57.50")
    assert [row["ahead"] for row in rows] == [60]
