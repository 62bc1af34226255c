"""Refunds, on both databases: who asks, who approves, when at the earliest, and never more than was paid."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from app.engine import access, history
from app.engine import record as records
from app.engine.moments import parse_moment
from app.engine.refusals import Invalid, StepRefused
from app.extensions import db
from models.crediting import credit_instead
from models.customers import Customer
from models.orders import Order
from models.payments import Payment
from models.refunds import Refund, customer_credit, refundable, request_refund
from models.settling import payment_state
from models.sweeping import sweep
from tests.factories import house, place


def pay(take, order, amount, **values):
    take("order_admin", order, "record_payment", amount=amount, **values)
    take("finance", order.payments[-1], "verify")


@pytest.fixture
def paid(order, take, at):
    """An order of 412.43, paid in full at 14:20 on the second of March."""
    at("2026-03-02 14:20")
    pay(take, order, "412.43", account="中行", reference="R1")
    return order


@pytest.fixture
def ended(paid, take, either_session):
    """The same called off, and the refund that was asked for with that refused."""
    take("order_admin", paid, "cancel", reason="客户取消")
    with access.system():
        (refund,) = either_session.query(Refund).all()
    take("finance", refund, "refuse", reason="账号有误")
    return paid


def ask(session, actors, order, amount="100", who="order_admin", **values):
    with access.acting_as(actors[who]):
        found = records.add(session, Refund, {"order": order.id, "amount": amount, "reason": "客户退货", **values})
        session.commit()
    return found


@pytest.mark.parametrize(
    "due, paid, escrowed, refunded, ended, state",
    [
        (100, 0, 0, 0, False, "unpaid"),
        (100, 40, 0, 0, False, "part_paid"),
        (100, 100, 0, 0, False, "paid"),
        (100, 120, 0, 0, False, "refund_due"),
        (100, 120, 0, 20, False, "part_refunded"),
        (100, 100, 0, 100, False, "refunded"),
        (100, 0, 40, 0, False, "part_paid"),
        (100, 0, 100, 0, False, "escrowed"),
        (100, 60, 40, 0, False, "escrowed"),
        (100, 100, 100, 0, False, "paid"),
        (100, 0, 0, 0, True, "unpaid"),
        (100, 100, 0, 0, True, "refund_due"),
        (100, 0, 100, 0, True, "refund_due"),
        (100, 100, 0, 40, True, "refund_due"),
        (100, 100, 0, 100, True, "refunded"),
        (0, 0, 0, 0, False, "paid"),
    ],
)
def test_the_state_of_an_orders_money_follows_from_its_sums(due, paid, escrowed, refunded, ended, state):
    sums = (Decimal(due), Decimal(paid), Decimal(escrowed), Decimal(refunded))
    assert payment_state(*sums, ended) == state


def test_a_refund_is_asked_for_by_one_approved_by_another_and_paid_out(paid, either_session, either_actors, take, at):
    take("order_admin", paid, "cancel", reason="客户取消")
    assert paid.payment_state == "refund_due"
    with access.system():  # asked for by the cancelling itself
        (refund,) = either_session.query(Refund).all()
    assert (refund.amount, refund.kind, refund.state) == (Decimal("412.43"), "cancel", "waiting")
    with pytest.raises(StepRefused):
        take("finance", refund, "approve")
    at("2026-03-03 14:20")
    take("order_admin", refund, "apply")
    take("finance", refund, "approve")
    assert paid.payment_state == "refund_due"  # promised is not paid back
    take("finance", refund, "pay_out", reference="T1", account="中行")
    assert (refund.state, paid.refunded, paid.payment_state) == ("paid_out", Decimal("412.43"), "refunded")
    assert history.verify(either_session, [Order, Payment, Refund]) > 0


def test_whoever_asks_for_a_refund_does_not_approve_it(ended, either_session, either_actors, take):
    refund = ask(either_session, either_actors, ended, who="finance")
    with pytest.raises(StepRefused):
        take("finance", refund, "approve")


def test_never_more_is_refunded_than_was_paid(ended, either_session, either_actors, take):
    first = ask(either_session, either_actors, ended, "400")
    with pytest.raises(Invalid, match=r"12\.43"):
        ask(either_session, either_actors, ended, "12.44")
    take("finance", first, "refuse", reason="单据不全")
    ask(either_session, either_actors, ended, "412.43")


def test_a_return_is_applied_for_a_day_after_paying_to_the_second(ended, either_session, either_actors, take, at):
    at("2026-03-02 15:00")
    refund = ask(either_session, either_actors, ended, kind="return")
    assert (refund.state, refund.due_at) == ("waiting", parse_moment("2026-03-03 14:20"))
    assert "2026-03-03 14:20" in refund.sentence()
    at("2026-03-03 14:19:59")
    with pytest.raises(StepRefused, match="2026-03-03 14:20"):
        take("order_admin", refund, "apply")
    at("2026-03-03 14:20")
    take("order_admin", refund, "apply")
    assert (refund.state, refund.due_at) == ("requested", None)


def test_the_sweep_lets_a_refund_go_on_when_its_gate_opens(ended, either_session, either_actors, at):
    refund = ask(either_session, either_actors, ended, kind="return")
    at("2026-03-03 14:19:59")
    assert sweep(either_session)["refunds"] == 0
    at("2026-03-03 14:20")
    assert sweep(either_session)["refunds"] == 1
    with access.system():
        either_session.expire_all()
        assert refund.state == "requested"


def test_the_gate_is_a_rule_of_the_house(ended, either_session, either_actors, at):
    with access.system():
        rule = either_session.query(records.kinds()["rules"]).filter_by(setting="refund_gate_hours").one()
        assert (rule.value, "24小时" in rule.source, rule.ours) == ("24", True, False)
        rule.value = "48"
        either_session.commit()
    at("2026-03-03 20:00")
    assert ask(either_session, either_actors, ended, kind="return").earliest_at == parse_moment("2026-03-04 14:20")


@pytest.mark.parametrize("kind", ["return", "cancel", "invalid", "difference", "overpaid"])
def test_no_word_for_a_refund_is_a_way_round_the_gate(ended, either_session, either_actors, kind, at):
    """No application before the payment is 24 hours old, to the second (3.7, 3.12-16), whatever it is asked for as."""
    at("2026-03-03 14:19:59")
    early = ask(either_session, either_actors, ended, kind=kind)
    assert (early.state, early.earliest_at) == ("waiting", parse_moment("2026-03-03 14:20"))
    at("2026-03-03 14:20")
    assert ask(either_session, either_actors, ended, kind=kind).state == "requested"


def test_the_credit_of_a_customer_waits_as_long(paid, either_session, either_actors, take, at):
    at("2026-03-02 16:00")
    pay(take, paid, "50", account="中行", reference="R2")
    with access.acting_as(either_actors["order_admin"]):
        wish = {"customer": paid.customer_id, "amount": "50", "reason": "多付退回"}
        refund = records.add(either_session, Refund, wish)
        assert (refund.state, refund.earliest_at) == ("waiting", parse_moment("2026-03-03 16:00"))


def test_while_an_order_goes_on_only_what_it_does_not_cost_goes_back(paid, either_session, either_actors, take):
    with pytest.raises(Invalid, match=r"0\.00"):
        ask(either_session, either_actors, paid, "0.01")
    for kind in ("return", "cancel", "invalid", "escrow"):
        with pytest.raises(Invalid):
            ask(either_session, either_actors, paid, "1", kind=kind)
    either_session.rollback()
    with access.system():
        paid.order_lines[1].quantity = Decimal("0.5")
        either_session.commit()
        above = paid.paid - paid.gross
    ask(either_session, either_actors, paid, str(above), kind="difference")
    with pytest.raises(Invalid, match=r"0\.00"):
        ask(either_session, either_actors, paid, "0.01")


def test_no_reference_pays_back_twice(ended, either_session, either_actors, take, at):
    at("2026-03-04 09:00")
    one, two = (ask(either_session, either_actors, ended, "100") for _ in range(2))
    for refund in (one, two):
        take("finance", refund, "approve")
    with pytest.raises(StepRefused):
        take("finance", one, "pay_out")
    take("finance", one, "pay_out", reference="T1")
    with pytest.raises(StepRefused, match="T1"):
        take("finance", two, "pay_out", reference="T1")


def test_what_is_promised_to_the_customer_is_not_reversed(ended, either_session, either_actors, take):
    ask(either_session, either_actors, ended, "412.43")
    with pytest.raises(StepRefused):
        take("finance", ended.payments[-1], "reverse", reason="银行退票")


def test_credit_of_the_customer_is_paid_back_without_an_order(paid, either_session, either_actors, take, at):
    pay(take, paid, "50", account="中行", reference="R2")
    at("2026-03-04 09:00")
    with access.acting_as(either_actors["order_admin"]):
        wish = {"customer": paid.customer_id, "amount": "50", "reason": "多付退回"}
        refund = records.add(either_session, Refund, wish)
        either_session.commit()
        with pytest.raises(Invalid):
            records.add(either_session, Refund, {**wish, "amount": "0.01"})
    either_session.rollback()
    take("finance", refund, "approve")
    take("finance", refund, "pay_out", reference="T1")
    with access.system():
        assert customer_credit(either_session, paid.customer) == 0
    assert (paid.refunded, paid.payment_state) == (0, "paid")


def test_what_was_paid_too_much_becomes_credit_instead(paid, either_session):
    with access.system():
        paid.order_lines[1].quantity = Decimal("0.5")
        either_session.commit()
        too_much = paid.paid - paid.gross
        assert (too_much > 0, paid.payment_state) == (True, "refund_due")
        with pytest.raises(StepRefused):
            credit_instead(either_session, paid, too_much + 1)
        either_session.rollback()
        credit_instead(either_session, paid, too_much)
        either_session.commit()
        assert (paid.paid, paid.payment_state) == (paid.gross, "paid")
        assert customer_credit(either_session, paid.customer) == too_much


def test_of_two_people_who_refund_the_same_money_at_once_one_wins(either):
    """Each on a connection of its own, both at the same moment."""
    with either.app_context(), access.system():
        from tests.conftest import actors_of

        actors = actors_of(db.session)
        house(db.session, actors)
        order = place(db.session)
        payment = Payment(order=order, amount=Decimal("412.43"), paid_at=order.placed_at, kind="bank")
        records.store(db.session, payment)
        payment.take("verify", db.session)
        key = order.id
        db.session.commit()
        db.session.remove()

    def press(_n):
        with either.app_context(), access.system():
            try:
                request_refund(db.session, db.session.get(Order, key), Decimal(300), "return", "不要了")
                db.session.commit()
                return "stored"
            except StepRefused:
                return "refused"
            finally:
                db.session.rollback()
                db.session.remove()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(press, range(6)))
    assert sorted(answers) == ["refused"] * 5 + ["stored"]
    with either.app_context(), access.system():
        assert refundable(db.session, db.session.get(Order, key)) == Decimal("112.43")
        assert db.session.query(Customer).count() == 1


def test_nothing_is_paid_back_before_it_was_paid(ended, either_session, either_actors, take, at):
    at("2026-03-03 14:20")  # the gate is open
    refund = ask(either_session, either_actors, ended)
    take("finance", refund, "approve")
    with pytest.raises(StepRefused):
        take("finance", refund, "pay_out", reference="T1", paid_at="2026-03-02 14:19")
    take("finance", refund, "pay_out", reference="T1", paid_at="2026-03-02 14:20")


def test_of_late_money_nobody_asks_for_the_refund_so_finance_may_approve_it(order, either_session, take, at):
    at("2026-03-02 10:00")
    take("order_admin", order, "record_payment", amount="100", account="中行", reference="R1")
    take("order_admin", order, "cancel", reason="客户取消")
    take("finance", order.payments[-1], "verify")
    with access.system():
        (refund,) = either_session.query(Refund).all()
        assert (refund.amount, refund.requested_by) == (100, None)
    at("2026-03-03 10:00")
    take("finance", refund, "apply")
    take("finance", refund, "approve")
    assert refund.state == "approved"
