"""Payments to our account, on both databases: who verifies them, which are refused, and what they pay."""

import random
from decimal import Decimal
from importlib import import_module

import pytest
from sqlalchemy import text

from app.engine import access, history, transfer
from app.engine import record as records
from app.engine.refusals import Invalid, NotAllowed, StepRefused, Unconfirmed
from models.allocations import PaymentAllocation
from models.customers import Customer
from models.orders import Order
from models.payments import COUNTED, Payment
from models.refunds import ALIVE, Refund, customer_credit, request_refund
from tests.conftest import sign_in
from tests.factories import AGREED, LINES, house, place

DAY = "2026-03-02"


def recorded(take, order, amount="412.43", who="order_admin", **values):
    take(who, order, "record_payment", amount=amount, **values)
    return order.payments[-1]


def received(take, order, amount="412.43", **values):
    payment = recorded(take, order, amount, **values)
    take("finance", payment, "verify")
    return payment


def another(session, actors, **values):
    """A further order of the same customer."""
    with access.acting_as(actors["sales"]):
        found = place(session, **values)
    session.commit()
    return found


def add(session, actor, **values):
    with access.acting_as(actor):
        found = records.add(session, Payment, values, confirmed=values.pop("confirmed", True))
        session.commit()
    return found


def test_nobody_verifies_a_payment_they_recorded(order, take):
    take("finance", order, "record_payment", amount="10")
    with pytest.raises(StepRefused):
        take("finance", order.payments[0], "verify")
    assert order.paid == 0


def test_only_whoever_recorded_a_payment_changes_it(order, take, either_session, either_actors):
    payment = recorded(take, order)
    with access.acting_as(either_actors["finance"]), pytest.raises(Invalid, match="马超"):
        records.change(either_session, payment, {"amount": "10"}, ["amount"], version=payment.version)
    with access.acting_as(either_actors["order_admin"]):
        records.change(either_session, payment, {"amount": "10"}, ["amount"], version=payment.version)
        either_session.commit()
    assert payment.amount == 10


def test_a_reference_is_used_once_an_account(order, take):
    take("order_admin", order, "record_payment", amount="10", account="中行", reference="R1")
    with pytest.raises(Invalid):
        take("order_admin", order, "record_payment", amount="10", account="中行", reference="R1")


@pytest.mark.parametrize(
    "account, reference",
    [(" ICBC", "AB 1 "), ("icbc", "AB1"), ("ICBC", "ab1"), ("ICBC ", "ＡＢ１"), ("ＩＣＢＣ", "AB1")],
)
def test_a_reference_is_used_once_however_it_is_typed(order, take, either_session, account, reference):
    """The same bank reference twice gives one payment (3.12-13); another account's or another one's is another."""
    recorded(take, order, "10", account="ICBC", reference="AB1")
    with pytest.raises(Invalid, match=r"[1１]"):
        recorded(take, order, "10", account=account, reference=reference)
    either_session.rollback()
    recorded(take, order, "11", account="ABC", reference="AB1")
    recorded(take, order, "12", account="ICBC", reference="AB2")


def test_a_sheet_brings_a_reference_once_however_it_is_typed(order, take, either_session):
    recorded(take, order, "10", account="ICBC", reference="AB1")
    sheet = [["DD", "5", "ICBC", "X1"], ["DD", "6", "icbc", "x 1"], ["DD", "7", "ICBC", "ａｂ1"]]
    with access.system():
        rows = [[order.order_no, *row[1:], "2026-03-02 10:00"] for row in sheet]
        headings = ["order", "amount", "account", "reference", "paid_at"]
        outcome = transfer.import_rows(either_session, Payment, headings, rows)
    assert [(fault.row, fault.column) for fault in outcome.faults] == [(3, "reference"), (4, "reference")]


def test_of_older_payments_alike_the_first_has_the_reference(order, take, either_session):
    """What 0021 fills in; the second keeps no key, and no third comes."""
    for number in (1, 2):
        recorded(take, order, f"{number}0", account="ICBC", reference=f"AB{number}")
    with access.system():
        older = "UPDATE payment SET account = 'icbc ', reference = 'ab 1', reference_key = NULL WHERE reference = 'AB2'"
        for statement in (older, "UPDATE payment SET reference_key = NULL"):
            either_session.execute(text(statement))
        import_module("models.migrations.versions.0021_known_references")._fill_keys(either_session.connection())
        either_session.commit()
        either_session.expire_all()
        assert [one.reference_key for one in either_session.query(Payment).order_by(Payment.id)] == ["icbc\nab1", None]
    with pytest.raises(Invalid, match="AB1"):
        recorded(take, order, "30", account="ICBC", reference="AB1")


def test_a_payment_an_older_program_recorded_gets_its_key_when_it_is_verified(order, take, either_session):
    """While machines are upgraded one after the other; of two alike the other one has it."""
    older, alike = (recorded(take, order, amount, account="ICBC", reference=f"R{amount}") for amount in ("10", "11"))
    with access.system():
        for statement in (
            "UPDATE payment SET reference_key = NULL", "UPDATE payment SET reference = 'r 10' WHERE reference = 'R11'",
        ):  # fmt: skip
            either_session.execute(text(statement))
        either_session.commit()
        either_session.expire_all()
    take("finance", older, "verify")
    take("finance", alike, "verify")
    assert (older.reference_key, alike.reference_key) == ("icbc\nr10", None)
    with pytest.raises(Invalid, match="10"):
        recorded(take, order, "12", account="icbc", reference="R 10")


def test_a_reference_without_an_account_is_used_once_too(order, take):
    recorded(take, order, "10", reference="R1")
    with pytest.raises(Invalid, match="R1"):
        recorded(take, order, "11", reference="R1")


def test_a_used_reference_is_not_given_to_another_payment(order, take, either_session, either_actors):
    recorded(take, order, "10", reference="R1")
    second = recorded(take, order, "11", reference="R2")
    with access.acting_as(either_actors["order_admin"]), pytest.raises(Invalid, match="R1"):
        records.change(either_session, second, {"reference": "R1"}, ["reference"], version=second.version)


def test_the_same_amount_on_one_day_asks_why_it_is_another_payment(order, either_session, either_actors):
    raw = {"order": order.id, "amount": "10", "paid_at": "2026-03-02 10:00"}
    add(either_session, either_actors["finance"], **raw)
    later = {**raw, "paid_at": "2026-03-02 17:00"}
    with pytest.raises(Unconfirmed, match="10"):
        add(either_session, either_actors["finance"], **later, confirmed=False)
    either_session.rollback()
    add(either_session, either_actors["finance"], **later, different_because="分两次汇款", confirmed=False)
    add(either_session, either_actors["finance"], **{**raw, "paid_at": "2026-03-03 00:00"}, confirmed=False)
    add(either_session, either_actors["finance"], **raw, reference="R1", confirmed=False)


@pytest.mark.parametrize(
    "values, named",
    [
        ({"amount": "0"}, "amount"), ({"amount": "-5"}, "amount"), ({"currency": "USD"}, "currency"),
        ({"order": ""}, ""), ({"paid_at": "2099-01-01"}, "paid_at"), ({"kind": "courier", "order": "", "customer": "C1"}, "order"),
    ],
)  # fmt: skip
def test_a_payment_that_cannot_be_is_refused(order, either_session, either_actors, values, named):
    with pytest.raises(Invalid) as refusal:
        add(either_session, either_actors["finance"], **{"order": order.id, "amount": "10", "paid_at": DAY, **values})
    assert list(refusal.value.errors) == [named]


def test_a_verified_payment_is_never_changed(order, take, either_session, either_actors):
    payment = received(take, order)
    for name, value in {"amount": "1", "account": "工行", "reference": "R9", "paid_at": "2026-03-01"}.items():
        with access.acting_as(either_actors["finance"]), pytest.raises(Invalid):
            records.change(either_session, payment, {name: value}, [name], version=payment.version)
        either_session.rollback()


@pytest.mark.parametrize(
    "payment_type, kind, state",
    [
        ("prepaid", "bank", "recorded"), ("on_account", "bank", "recorded"), ("third_party", "escrow", "recorded"),
        ("cash_on_delivery", "courier", "expected"),
    ],
)  # fmt: skip
def test_where_the_money_goes_follows_from_the_order(either_session, either_actors, take, payment_type, kind, state):
    house(either_session, either_actors)
    order = another(either_session, either_actors, payment_type=payment_type)
    with access.system():
        payment = recorded(take, order)
        assert (payment.kind, payment.state, payment.customer) == (kind, state, order.customer)


# What it pays


def test_money_beyond_what_an_order_comes_to_is_the_customers_credit(order, take, either_session):
    payment = received(take, order, "500")
    assert (order.paid, order.owed, order.payment_state) == (Decimal("412.43"), 0, "paid")
    assert (payment.allocated, payment.free) == (Decimal("412.43"), Decimal("87.57"))
    assert customer_credit(either_session, order.customer) == Decimal("87.57")
    assert history.verify(either_session, [Order, Payment, PaymentAllocation]) > 0


def test_a_step_on_a_payment_is_one_entry_in_its_history(order, take, either_session):
    payment = received(take, order)
    assert [entry.action for entry in history.entries_of(either_session, payment)] == ["verify", "add"]


def test_credit_pays_the_next_order_the_oldest_money_first(order, take, either_session, either_actors):
    take("order_admin", order, "cancel", reason="客户取消")
    for amount, day in (("30", "2026-03-02"), ("50", "2026-02-01")):
        with access.acting_as(either_actors["order_admin"]):
            records.add(either_session, Payment, {"customer": "C1", "amount": amount, "paid_at": day})
            either_session.commit()
        take("finance", either_session.query(Payment).order_by(Payment.id.desc()).first(), "verify")
    second = another(either_session, either_actors)
    take("order_admin", second, "use_credit", amount="60")
    either_session.refresh(second)
    assert (second.paid, second.payment_state) == (60, "part_paid")
    assert [(row.payment.amount, row.amount) for row in second.allocations] == [(50, 50), (30, 10)]
    with pytest.raises(StepRefused, match="20"):
        take("order_admin", second, "use_credit", amount="20.01")
    take("order_admin", second, "use_credit")
    assert second.paid == 80
    with pytest.raises(StepRefused):
        take("order_admin", second, "use_credit")
    take("order_admin", second, "confirm", **AGREED)  # seen by finance, though on another order's account


def test_a_payment_is_allocated_to_orders_of_its_customer_only(order, take, either_session, either_actors):
    payment = received(take, order, "500")
    with access.system():
        either_session.add(Customer(customer_no="C2", name="别家", owner_id=either_actors["sales"].own_person_id))
        either_session.commit()
    theirs = another(either_session, either_actors, customer="C2")
    ours = another(either_session, either_actors)
    with pytest.raises(StepRefused):
        take("finance", payment, "allocate", order=theirs, amount="10")
    take("finance", payment, "allocate", order=ours, amount="80")
    assert (ours.paid, payment.free) == (80, Decimal("7.57"))
    with pytest.raises(StepRefused, match=r"7\.57"):
        take("finance", payment, "allocate", order=ours, amount="7.58")


def test_what_is_taken_off_an_order_again_is_an_opposite_row(order, take, either_session):
    payment = received(take, order)
    take("finance", payment, "take_back", order=order, amount="12.43", reason="应付另一订单")
    assert (order.paid, payment.free) == (400, Decimal("12.43"))
    assert [row.amount for row in order.allocations] == [Decimal("412.43"), Decimal("-12.43")]
    with pytest.raises(StepRefused, match="400"):
        take("finance", payment, "take_back", order=order, amount="400.01", reason="误")


def test_an_allocation_is_neither_changed_nor_made_by_hand(order, take, either_session, either_actors):
    received(take, order)
    row = order.allocations[0]
    with access.acting_as(either_actors["office"]), pytest.raises((Invalid, NotAllowed)):
        records.change(either_session, row, {"amount": "1"}, ["amount"], version=row.version)


def test_a_ledgers_payments_pay_their_orders_when_they_come_in(order, either_session):
    with access.system():
        payment = Payment(order=order, amount=Decimal(500), paid_at=order.placed_at, taken_over=True)
        payment.take_over()
        payment.prepare(either_session)
        either_session.add(payment)
        either_session.commit()
        assert (payment.state, payment.kind, payment.allocated, order.paid) == ("verified", "bank", 500, 500)
        assert history.verify(either_session, [Order, Payment, PaymentAllocation]) > 0


# Reversal


def test_a_reversed_payment_stays_and_an_opposite_row_takes_it_off_again(order, take, either_session):
    payment = received(take, order, "500", account="中行", reference="R1")
    take("finance", payment, "reverse", reason="银行退票")
    opposite = either_session.query(Payment).filter_by(reverses_id=payment.id).one()
    assert (payment.state, payment.amount, opposite.state, opposite.amount) == ("reversed", 500, "verified", -500)
    assert (order.paid, order.payment_state, customer_credit(either_session, order.customer)) == (0, "unpaid", 0)
    with pytest.raises(StepRefused):
        take("finance", opposite, "reverse", reason="再冲")
    assert history.verify(either_session, [Order, Payment, PaymentAllocation]) > 0


def test_a_confirmed_order_whose_money_is_missing_is_put_on_hold(order, take):
    payment = received(take, order)
    take("order_admin", order, "confirm", **AGREED)
    take("finance", payment, "reverse", reason="银行退票")
    assert (order.state, order.held_in) == ("on_hold", "confirmed")


def test_an_order_whose_money_is_still_enough_goes_on(order, take):
    received(take, order)
    second = received(take, order, "500")  # all of it credit
    take("order_admin", order, "confirm", **AGREED)
    take("finance", second, "reverse", reason="银行退票")
    assert order.state == "confirmed"


# Everything at once


def _recount(session):
    """Walk all rows in plain Python: what must always hold (invariants 13 and 14)."""
    session.expire_all()
    rows, refunds = session.query(PaymentAllocation).all(), session.query(Refund).all()
    references = [(p.account, p.reference) for p in session.query(Payment) if p.reference]
    assert len(set(references)) == len(references)
    for payment in session.query(Payment):
        mine = sum((row.amount for row in rows if row.payment_id == payment.id), Decimal(0))
        assert payment.allocated == mine and abs(mine) <= abs(payment.amount)
        assert not mine or payment.state in COUNTED
    for order in session.query(Order):
        paid = sum((row.amount for row in rows if row.order_id == order.id), Decimal(0))
        alive = sum((r.amount for r in refunds if r.order_id == order.id and r.state in ALIVE), Decimal(0))
        out = sum((r.amount for r in refunds if r.order_id == order.id and r.state == "paid_out"), Decimal(0))
        assert (order.paid, order.refunded) == (paid, out)
        assert 0 <= alive <= paid and paid - out <= order.gross
    for customer in session.query(Customer):
        counted = [p for p in customer.payments if p.state in COUNTED]
        free = sum((p.amount - p.allocated for p in counted), Decimal(0))
        of_credit = sum((r.amount for r in refunds if r.order_id is None and r.state in ALIVE), Decimal(0))
        assert customer_credit(session, customer) == free - of_credit >= 0


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_in_whatever_order_the_sums_hold(session, actors, seed):
    dice = random.Random(seed)
    house(session, actors)
    with access.system():
        orders = [place(session, order_lines=[{**LINES[0], "quantity": str(n)}]) for n in (1, 3, 5)]
        session.commit()
    done, tried = 0, 0

    def cents(most=300):
        return Decimal(dice.randint(1, most * 100)) / 100

    def some(model, *states):
        return dice.choice(session.query(model).filter(model.state.in_(states)).all() or [None])

    def act(what):
        order = dice.choice(orders)
        if what == "record":
            reference = f"R{dice.randint(1, 40)}"
            cash = {"order": order.id, "amount": str(cents()), "paid_at": DAY}
            return records.add(session, Payment, {**cash, "reference": reference})
        if what == "refund":
            return request_refund(session, order, cents(60), "overpaid", "退")
        if what == "credit_refund":
            return records.add(session, Refund, {"customer": "C1", "amount": str(cents(50)), "reason": "退"})
        if what == "use_credit":
            return order.take("use_credit", session)
        refund = some(Refund, "approved" if what == "pay_out" else "requested")
        payment = some(Payment, "recorded" if what == "verify" else "verified")
        if refund is not None and what in ("approve", "pay_out", "refuse"):
            answers = {"pay_out": {"reference": str(tried)}, "refuse": {"reason": "否"}}
            return refund.take(what, session, **answers.get(what, {}))
        if payment is not None and what in ("verify", "reverse", "allocate", "take_back"):
            answers = {"reverse": {"reason": "误"}, "allocate": {"order": order, "amount": str(cents(100))},
                       "take_back": {"order": order, "amount": str(cents(100)), "reason": "误"}}  # fmt: skip
            return payment.take(what, session, **answers.get(what, {}))
        raise StepRefused("nothing to do")

    ways = ("record", "record", "record", "verify", "verify", "verify", "reverse", "refund", "refund", "approve",
            "pay_out", "refuse", "credit_refund", "use_credit", "allocate", "take_back")  # fmt: skip
    with access.system():
        for tried in range(80):  # noqa: B007  a number for the reference
            try:
                act(dice.choice(ways))
                session.commit()
                done += 1
            except (StepRefused, Invalid):
                session.rollback()
            _recount(session)
        assert done > 25
        assert history.verify(session, [Order, Payment, PaymentAllocation, Refund]) > 0


# Pages


def test_finance_finds_what_is_to_be_verified_and_the_salesperson_who_recorded_does_not(app, session, actors):
    house(session, actors)
    with access.acting_as(actors["sales"]):
        order = place(session)
        payment = records.add(session, Payment, {"order": order.id, "amount": "10", "paid_at": DAY})
        session.commit()
        assert session.query(Payment).filter(Payment.waits_for(actors["sales"])).count() == 0
    with access.acting_as(actors["finance"]):
        assert session.query(Payment).filter(Payment.waits_for(actors["finance"])).count() == 1
    key = payment.id
    session.commit()
    assert sign_in(app, "finance").get(f"/paymentview/show/{key}").status_code == 200
    assert sign_in(app, "sales_b").get(f"/paymentview/show/{key}").status_code == 404


def test_money_of_a_customer_is_seen_by_whoever_looks_after_them(session, actors):
    house(session, actors)
    with access.acting_as(actors["finance"]):
        records.add(session, Payment, {"customer": "C1", "amount": "10", "paid_at": DAY})
        session.commit()
    for account, count in (("sales", 1), ("finance", 1), ("sales_b", 0), ("clerk", 0)):
        with access.acting_as(actors[account]):
            assert session.query(Payment).count() == count, account
