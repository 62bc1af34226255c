"""Money a platform keeps, on both databases: it covers an order, counts once it is paid out, and may go back."""

from datetime import timedelta
from decimal import Decimal

import pytest

from app.engine import access, history, moments
from app.engine import record as records
from app.engine.moments import parse_moment
from app.engine.refusals import Invalid, StepRefused
from app.engine.report_answers import ask
from models.orders import Order
from models.payments import Payment
from models.refunds import Refund
from models.settling import covered
from tests.factories import AGREED, house, place


@pytest.fixture
def sold(either_session, either_actors):
    """An order of 412.43 through a platform."""
    house(either_session, either_actors)
    with access.acting_as(either_actors["sales"]):
        order = place(either_session, payment_type="third_party")
    either_session.commit()
    with access.system():
        yield order


@pytest.fixture
def kept(sold, take):
    """Its money, which the platform keeps."""
    take("order_admin", sold, "record_payment", amount="412.43", reference="PT1")
    payment = sold.payments[-1]
    take("finance", payment, "verify")
    return payment


def test_money_with_the_platform_covers_the_order_and_is_not_paid(sold, kept):
    assert (kept.state, sold.escrowed, sold.paid, sold.payment_state) == ("in_escrow", Decimal("412.43"), 0, "escrowed")
    assert covered(sold)


def test_what_the_platform_pays_out_is_paid(sold, kept, take, either_session):
    take("finance", kept, "release", payout_no="FK1")
    assert (kept.state, sold.escrowed, sold.paid, sold.payment_state) == ("released", 0, Decimal("412.43"), "paid")
    assert (kept.payout_no, kept.closed_at is not None) == ("FK1", True)
    assert history.verify(either_session, [Order, Payment]) > 0


def test_whoever_recorded_the_notice_does_not_record_the_payout(sold, take, either_session):
    take("finance", sold, "record_payment", amount="412.43")
    with access.system():
        sold.payments[-1].take("verify", either_session)
        either_session.commit()
    with pytest.raises(StepRefused):
        take("finance", sold.payments[-1], "release")


def test_of_a_part_the_order_is_paid_in_part(sold, take):
    take("order_admin", sold, "record_payment", amount="100")
    take("finance", sold.payments[-1], "verify")
    assert (sold.payment_state, covered(sold)) == ("part_paid", False)


def test_one_payout_may_hold_the_money_of_many_orders(sold, kept, take):
    take("order_admin", sold, "record_payment", amount="5", reference="PT2")
    second = sold.payments[-1]
    take("finance", second, "verify")
    for payment in (kept, second):
        take("finance", payment, "release", payout_no="FK1")
    assert (kept.payout_no, second.payout_no) == ("FK1", "FK1")


def test_money_the_buyer_gets_back_was_never_ours(sold, kept, take, either_session):
    take("order_admin", sold, "cancel", reason="客户取消")
    assert sold.payment_state == "refund_due"
    take("finance", kept, "return_to_buyer", reason="买家退款")
    assert (kept.state, sold.escrowed, sold.paid, sold.refunded) == ("returned", 0, 0, 0)
    assert sold.payment_state == "refunded"
    with access.system():
        assert [one.state for one in either_session.query(Refund)] == ["paid_out"]  # nobody has to do it again


def test_an_order_under_way_goes_on_hold_when_the_platform_gives_its_money_back(sold, kept, take):
    take("order_admin", sold, "confirm", **AGREED)
    take("finance", kept, "return_to_buyer", reason="买家退款")
    assert (kept.state, sold.state, sold.held_in, sold.escrowed) == ("returned", "on_hold", "confirmed", 0)


def test_a_refund_of_the_platforms_money_is_the_platforms(sold, kept, take, either_session, either_actors, at):
    moments.configure("Asia/Shanghai", kept.paid_at + timedelta(days=1))
    take("order_admin", sold, "cancel", reason="客户取消")
    with access.system():
        (asked,) = either_session.query(Refund).all()
    assert (asked.kind, asked.amount, asked.state) == ("escrow", Decimal("412.43"), "requested")
    take("finance", asked, "refuse", reason="重新申请")
    wish = {"order": sold.id, "kind": "escrow", "reason": "退货"}
    with access.acting_as(either_actors["order_admin"]):
        for amount in ("400", "413"):
            with pytest.raises(Invalid, match=r"412\.43"):
                records.add(either_session, Refund, {**wish, "amount": amount})
        refund = records.add(either_session, Refund, {**wish, "amount": "412.43"})
        either_session.commit()
        with pytest.raises(Invalid):
            records.add(either_session, Refund, {**wish, "amount": "412.43"})
    either_session.rollback()
    take("finance", refund, "approve")
    take("finance", refund, "pay_out")
    assert (kept.state, sold.refunded, sold.payment_state) == ("returned", 0, "refunded")


def test_the_report_tells_what_the_buyer_has_and_the_platform_still_keeps(sold, kept, take, either_session, at):
    assert ask(either_session, "escrow_float", {}).rows == []
    sold.received_at = parse_moment("2026-03-05 10:00")
    either_session.commit()
    at("2026-03-12 11:00")
    kept.verified_at = parse_moment("2026-03-02 10:00")
    either_session.commit()
    (row,) = ask(either_session, "escrow_float", {}).rows
    assert (row["order"], row["amount"], row["days"], row["age"]) == (sold.order_no, Decimal("412.43"), 7, "0-7")
    take("finance", kept, "release")
    assert ask(either_session, "escrow_float", {}).rows == []
    assert len(ask(either_session, "escrow_float", {"to": "2026-03-11"}).rows) == 1
    assert ask(either_session, "escrow_float", {"to": "2026-03-04"}).rows == []


@pytest.fixture
def two(sold, take):
    """Two amounts the platform keeps for an order that is called off: 100 before its end, 50 after it."""
    for amount, reference in (("100", "PT1"), ("50", "PT2")):
        take("order_admin", sold, "record_payment", amount=amount, reference=reference)
    first, second = sold.payments
    take("finance", first, "verify")
    return first, second


def refunds_of(session):
    with access.system():
        session.expire_all()
        return [(one.kind, one.amount, one.state) for one in session.query(Refund).order_by(Refund.id)]


def test_money_the_platform_gets_after_the_end_is_asked_back_with_the_rest(sold, two, take, either_session, at):
    take("order_admin", sold, "cancel", reason="客户取消")
    take("finance", two[1], "verify")
    assert refunds_of(either_session) == [("escrow", 100, "refused"), ("escrow", 150, "waiting")]
    with access.system():
        whole = either_session.query(Refund).filter_by(amount=150).one()
        moments.configure("Asia/Shanghai", whole.earliest_at)
    take("order_admin", whole, "apply")
    take("finance", whole, "approve")
    take("finance", whole, "pay_out")
    assert [one.state for one in two] == ["returned", "returned"]
    assert (sold.escrowed, sold.payment_state) == (0, "refunded")


def test_what_the_platform_gave_back_in_part_is_not_booked_as_all(sold, two, take, either_session):
    take("finance", two[1], "verify")
    take("order_admin", sold, "cancel", reason="客户取消")
    take("finance", two[0], "return_to_buyer", reason="买家取消")
    take("finance", two[1], "release")
    assert refunds_of(either_session) == [("escrow", 150, "refused"), ("cancel", 50, "waiting")]
    assert (sold.escrowed, sold.paid, sold.payment_state) == (0, 50, "refund_due")
