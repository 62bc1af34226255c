"""Cash on delivery, on both databases: expected, collected by the courier, and paid only when it is remitted."""

from decimal import Decimal

import pytest

from app.engine import access, history
from app.engine.moments import parse_moment
from app.engine.refusals import StepRefused
from app.engine.report_answers import ask
from models.courier_money import collected_not_remitted, expect_cash, not_collected
from models.orders import Order
from models.payments import Payment
from tests.factories import house, place


@pytest.fixture
def sent(either_session, either_actors):
    """An order of 412.43 that is paid at the door."""
    house(either_session, either_actors)
    with access.acting_as(either_actors["sales"]):
        order = place(either_session, payment_type="cash_on_delivery")
    either_session.commit()
    with access.system():
        yield order


@pytest.fixture
def cash(sent, either_session, either_actors, at):
    """What the courier is to collect, as whoever ships notes it."""
    at("2026-03-02 10:00")
    with access.acting_as(either_actors["order_admin"]):
        payment = expect_cash(either_session, sent)
        either_session.commit()
    return payment


def test_the_courier_is_to_collect_what_is_owed_once(sent, cash, either_session):
    assert (cash.state, cash.kind, cash.amount) == ("expected", "courier", Decimal("412.43"))
    assert sent.payment_state == "unpaid"
    assert expect_cash(either_session, sent) is cash


def test_nothing_is_expected_of_an_order_that_is_paid(sent, either_session, take):
    take("order_admin", sent, "record_payment", amount="412.43", account="中行", reference="R1")
    take("finance", sent.payments[-1], "verify")
    assert expect_cash(either_session, sent) is None


def test_collected_is_not_remitted_and_not_paid(sent, cash, take, either_session):
    take("order_admin", cash, "collect")
    assert (sent.paid, sent.payment_state) == (0, "unpaid")
    assert collected_not_remitted(either_session, sent) == Decimal("412.43")
    take("finance", cash, "remit", payout_no="HK1")
    assert (sent.paid, sent.payment_state) == (Decimal("412.43"), "paid")
    assert collected_not_remitted(either_session, sent) == 0
    assert history.verify(either_session, [Order, Payment]) > 0


def test_whoever_records_the_collection_does_not_record_the_remittance(cash, take, either_actors):
    take("office", cash, "collect")
    with pytest.raises(StepRefused):
        take("office", cash, "remit", payout_no="HK1")
    take("finance", cash, "remit", payout_no="HK1")


def test_what_was_not_collected_is_no_longer_expected(sent, cash, either_session):
    not_collected(either_session, sent, "客户拒收")
    either_session.commit()
    assert (cash.state, sent.paid) == ("not_collected", 0)
    assert expect_cash(either_session, sent) is not cash


def test_a_customer_may_pay_at_the_door_what_they_meant_to_transfer(order, take):
    take("order_admin", order, "record_payment", amount="412.43")
    payment = order.payments[-1]
    take("order_admin", payment, "leave_to_courier")
    assert (payment.kind, payment.state) == ("courier", "expected")


def test_the_report_tells_by_age_what_couriers_have_not_remitted(sent, cash, take, either_session, at):
    at("2026-03-03 23:30")
    take("order_admin", cash, "collect")
    at("2026-03-12 00:30")
    (row,) = ask(either_session, "cod_float", {}).rows
    assert (row["order"], row["amount"], row["days"], row["age"]) == (sent.order_no, Decimal("412.43"), 9, "8-30")
    assert ask(either_session, "cod_float", {"to": "2026-03-02"}).rows == []
    take("finance", cash, "remit", payout_no="HK1")
    assert ask(either_session, "cod_float", {}).rows == []
    assert [one["days"] for one in ask(either_session, "cod_float", {"to": "2026-03-11"}).rows] == [8]


def test_what_was_remitted_and_reversed_is_no_longer_with_the_courier(sent, cash, take, either_session, at):
    take("order_admin", cash, "collect")
    take("finance", cash, "remit", payout_no="HK1")
    with access.system():
        cash.take("reverse", either_session, reason="快递撤回")
        either_session.commit()
    assert (sent.paid, ask(either_session, "cod_float", {}).rows) == (0, [])


def test_nothing_is_expected_of_an_order_that_is_cancelled(sent, cash, take):
    take("order_admin", sent, "cancel", reason="客户取消")
    assert (sent.state, cash.state) == ("cancelled", "not_collected")


def test_the_courier_collects_nothing_before_the_goods_were_shipped(sent, cash, take, either_session):
    sent.shipped_at = parse_moment("2026-03-02 09:30:20")
    either_session.commit()
    with pytest.raises(StepRefused):
        take("order_admin", cash, "collect", at="2026-03-02 09:29")
    take("order_admin", cash, "collect", at="2026-03-02 09:30")  # noted to the minute
