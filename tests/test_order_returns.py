"""Giving an order up before it has arrived: unpaid, paid, with the warehouse, on its way; on both databases."""

from datetime import timedelta
from decimal import Decimal

import pytest

from app.engine import access, history, moments
from app.engine import record as records
from app.engine.refusals import Invalid, StepRefused
from models.order_returns import OrderReturn
from models.orders import Order
from models.payments import Payment
from models.products import Product
from models.refunds import Refund
from models.shipments import Shipment
from tests.factories import AGREED

KNOWN = {"told_consignee": "王经理", "channel": "qq"}


def give_up(session, actors, order, who="order_admin", **values):
    told = {"told_number": order.order_no, **KNOWN, **values}
    with access.acting_as(actors[who]):
        found = records.add(session, OrderReturn, {"order": order.id, **told})
        session.commit()
    return found


def pay(take, order, amount, reference="R1"):
    take("order_admin", order, "record_payment", amount=str(amount), account="中行", reference=reference)
    take("finance", order.payments[-1], "verify")


def state_of_goods(session):
    with access.system():
        session.expire_all()
        return {one.product_no: (int(one.stock), int(one.reserved)) for one in session.query(Product)}


def send(take, order, actors):
    take("order_admin", order, "confirm", **AGREED)
    take("order_admin", order, "assign", person=actors["warehouse"].own_person_id)
    take("warehouse", order, "hand_over")
    take("warehouse", order, "ship", carrier="顺丰", waybill="SF1")


def test_an_unpaid_deal_is_closed_once_the_customer_is_known(order, either_session, either_actors):
    assert state_of_goods(either_session) == {"A": (100, 10), "B": (5, 1)}
    with pytest.raises(Invalid, match="1"):
        give_up(either_session, either_actors, order, told_consignee="张三")
    found = give_up(either_session, either_actors, order)
    assert (found.state, order.state, order.payment_state, order.fulfilment) == ("closed", "closed", "unpaid", "none")
    assert state_of_goods(either_session) == {"A": (100, 0), "B": (5, 0)}


def test_a_paid_order_is_refunded_no_earlier_than_a_day_after_the_payment(
    order, take, either_session, either_actors, at
):
    at("2026-03-02 14:20")
    pay(take, order, order.gross)
    at("2026-03-02 16:00")
    found = give_up(either_session, either_actors, order)
    assert (found.state, order.state, order.payment_state) == ("refund_due", "cancelled", "refund_due")
    assert state_of_goods(either_session) == {"A": (100, 0), "B": (5, 0)}
    refund = found.refund
    assert (refund.state, refund.amount) == ("waiting", Decimal("412.43"))
    assert refund.earliest_at == moments.parse_moment("2026-03-03 14:20")
    assert any("2026-03-03 14:20" in mark for mark in found.marks())
    moments.configure("Asia/Shanghai", refund.earliest_at - timedelta(seconds=1))
    with pytest.raises(StepRefused, match="14:20"):
        take("order_admin", refund, "apply")
    moments.configure("Asia/Shanghai", refund.earliest_at)
    take("order_admin", refund, "apply")
    take("finance", refund, "approve")
    take("finance", refund, "pay_out", reference="T1", account="中行")
    assert (found.state, order.payment_state, order.refunded) == ("refunded", "refunded", order.paid)
    with access.system():
        assert history.verify(either_session, [Order, OrderReturn, Refund, Product]) > 0


def test_an_order_with_the_warehouse_has_to_be_given_back_first(order, take, either_session, either_actors):
    pay(take, order, order.gross)
    take("order_admin", order, "confirm", **AGREED)
    take("order_admin", order, "assign", person=either_actors["warehouse"].own_person_id)
    take("warehouse", order, "hand_over")
    with pytest.raises(StepRefused):
        take("order_admin", order, "cancel", reason="客户不要了")
    found = give_up(either_session, either_actors, order)
    assert (found.state, order.state) == ("recalling", "handed_over")
    take("warehouse", found, "note_recalled")
    assert (found.state, order.state) == ("refund_due", "cancelled")
    assert state_of_goods(either_session) == {"A": (100, 0), "B": (5, 0)}


def test_a_parcel_on_its_way_may_be_recalled(order, take, either_session, either_actors):
    pay(take, order, order.gross)
    send(take, order, either_actors)
    assert state_of_goods(either_session) == {"A": (90, 0), "B": (4, 0)}
    found = give_up(either_session, either_actors, order)
    assert found.state == "recalling"
    take("warehouse", found, "note_recalled")
    assert (found.state, order.state) == ("refund_due", "cancelled")
    assert state_of_goods(either_session) == {"A": (100, 0), "B": (5, 0)}
    with access.system():
        assert [one.state for one in either_session.query(Shipment)] == ["returned_to_stock"]


def test_what_cannot_be_recalled_is_refused_and_stays_shipped(order, take, either_session, either_actors):
    pay(take, order, order.gross)
    send(take, order, either_actors)
    found = give_up(either_session, either_actors, order)
    take("warehouse", found, "note_gone", reason="已在派送途中")
    assert (found.state, found.refused_because, order.state) == ("refused", "已在派送途中", "shipped")


def test_what_has_been_received_is_no_return_before_shipment(order, take, either_session, either_actors):
    pay(take, order, order.gross)
    send(take, order, either_actors)
    take("order_admin", order, "receive")
    found = give_up(either_session, either_actors, order)
    assert found.state == "refused" and found.refused_because


def test_an_invalid_order_lets_goods_go_and_asks_for_the_refund(order, take, either_session):
    pay(take, order, "100")
    take("order_admin", order, "mark_invalid", because="address")
    assert (order.state, order.payment_state, order.invalid_because) == ("invalid", "refund_due", "address")
    assert state_of_goods(either_session) == {"A": (100, 0), "B": (5, 0)}
    with access.system():
        (refund,) = either_session.query(Refund).all()
    assert (refund.amount, refund.state) == (100, "waiting")


def test_a_parcel_refused_at_the_door_while_it_is_recalled_is_back_all_the_same(
    order, take, either_session, either_actors
):
    pay(take, order, order.gross)
    send(take, order, either_actors)
    found = give_up(either_session, either_actors, order)
    take("order_admin", order, "refuse_delivery", reason="不要了")
    take("warehouse", found, "note_recalled")
    assert (found.state, order.state, order.payment_state) == ("refund_due", "closed", "refund_due")


def test_what_is_being_recalled_is_not_shipped(order, take, either_session, either_actors):
    pay(take, order, order.gross)
    take("order_admin", order, "confirm", **AGREED)
    take("order_admin", order, "assign", person=either_actors["warehouse"].own_person_id)
    take("warehouse", order, "hand_over")
    found = give_up(either_session, either_actors, order)
    with pytest.raises(StepRefused, match=found.return_no):
        take("warehouse", order, "ship", carrier="顺丰", waybill="SF1")


def test_what_the_customer_has_in_part_is_not_called_off(order, take, either_session, either_actors):
    pay(take, order, order.gross)
    take("order_admin", order, "confirm", **AGREED)
    with access.acting_as(either_actors["warehouse"]):
        rows = [{"order_line": order.order_lines[0].id, "quantity": "4"}]
        first = records.add(either_session, Shipment, {"order": order.id, "shipment_lines": rows})
        either_session.commit()
    take("warehouse", first, "hand_over")
    take("warehouse", first, "ship", carrier="顺丰", waybill="SF1")
    with pytest.raises(StepRefused):
        take("order_admin", order, "cancel", reason="客户不要了")
    found = give_up(either_session, either_actors, order)
    take("warehouse", first, "deliver")
    with pytest.raises(StepRefused):
        take("warehouse", found, "note_recalled")
    assert (order.state, order.payment_state) == ("confirmed", "paid")


@pytest.mark.parametrize("who", ["sales", "order_admin"])
def test_a_confirmed_order_is_given_up_by_a_return_alone(order, take, either_session, either_actors, who):
    """Confirmed and beyond: cancelled through the return process (3.6), with who asked for it."""
    pay(take, order, order.gross)
    take("order_admin", order, "confirm", **AGREED)
    with pytest.raises(StepRefused):
        take(who, order, "cancel", reason="客户不要了")
    take("order_admin", order, "hold", reason="等款")
    with pytest.raises(StepRefused):
        take(who, order, "cancel", reason="客户不要了")
    found = give_up(either_session, either_actors, order)
    assert (found.state, order.state, order.payment_state) == ("refund_due", "cancelled", "refund_due")


@pytest.mark.parametrize("end", ["cancel", "return", "mark_invalid"])
def test_money_that_comes_when_the_order_has_ended_has_an_owner(order, take, either_session, either_actors, end):
    """“Refund due” with an owner, never an orphan (5): recorded before, and seen by finance only after the end."""
    take("order_admin", order, "record_payment", amount="412.43", account="中行", reference="R1")
    if end == "return":
        assert give_up(either_session, either_actors, order).state == "closed"
    else:
        take("order_admin", order, end, **({"reason": "取消"} if end == "cancel" else {"because": "address"}))
    take("finance", order.payments[-1], "verify")
    assert (order.payment_state, order.paid, order.payments[-1].free) == ("refund_due", Decimal("412.43"), 0)
    with access.system():
        (refund,) = either_session.query(Refund).all()
    assert (refund.amount, refund.state, refund.kind) == (
        Decimal("412.43"), "waiting", "invalid" if end == "mark_invalid" else "cancel",
    )  # fmt: skip
    take("finance", refund, "refuse", reason="账号有误")  # and is not asked for again by itself
    with access.system():
        assert either_session.query(Refund).count() == 1
        assert history.verify(either_session, [Order, Payment, Refund]) > 0


def test_late_money_of_a_platform_is_asked_back_and_follows_where_it_goes(order, take, either_session, either_actors):
    with access.acting_as(either_actors["order_admin"]):
        wish = {"payment_type": "third_party"}
        records.change(either_session, order, wish, list(wish), version=order.version)
        either_session.commit()
    take("order_admin", order, "record_payment", amount="412.43", account="支付宝", reference="E1")
    take("order_admin", order, "cancel", reason="取消")
    take("finance", order.payments[-1], "verify")
    with access.system():
        assert [(one.kind, one.amount) for one in either_session.query(Refund)] == [("escrow", Decimal("412.43"))]
    take("finance", order.payments[-1], "release")  # it is ours now, and goes back from our account
    with access.system():
        found = [(one.kind, one.state) for one in either_session.query(Refund).order_by(Refund.id)]
    assert found == [("escrow", "refused"), ("cancel", "waiting")]
    assert (order.payment_state, order.paid) == ("refund_due", Decimal("412.43"))
