"""Changing orders that stand: who is known, what is still possible, what it costs, on both databases."""

from datetime import timedelta
from decimal import Decimal

import pytest

from app.engine import access, finding, history, moments
from app.engine import record as records
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from models import sweeping
from models.amendments import Amendment, AmendmentLine
from models.difference_orders import DifferenceOrder
from models.notices import Notice, open_notices
from models.order_lines import OrderLine
from models.orders import Order
from models.products import Product
from models.refunds import Refund
from tests.factories import AGREED

KNOWN = {"told_consignee": "王经理", "told_qq": "10001", "channel": "wangwang"}


def amend(session, actors, order, who="order_admin", **values):
    with access.acting_as(actors[who]):
        found = records.add(session, Amendment, {"order": order.id, **KNOWN, **values})
        session.commit()
    return found


@pytest.fixture
def paid(order, take, either_session, either_actors):
    """The order, with its whole price verified."""
    with access.acting_as(either_actors["order_admin"]):
        records.change(either_session, order, {"qq": "10001"}, ["qq"], version=order.version)
        either_session.commit()
    take("order_admin", order, "record_payment", amount=str(order.gross), account="中行", reference="R1")
    take("finance", order.payments[-1], "verify")
    return order


def product(session, number):
    with access.system():
        return finding.by_name(session, Product, number)


def reserved(session):
    with access.system():
        session.expire_all()
        return {one.product_no: int(one.reserved) for one in session.query(Product)}


def to_warehouse(take, order, actors):
    take("order_admin", order, "confirm", **AGREED)
    take("order_admin", order, "assign", person=actors["warehouse"].own_person_id)
    take("warehouse", order, "hand_over")


def test_two_of_four_data_have_to_match(paid, either_session, either_actors):
    with pytest.raises(Invalid, match="1"):
        amend(either_session, either_actors, paid, told_qq="10002", address="新路2号")
    assert paid.address == "解放路1号"
    found = amend(either_session, either_actors, paid, told_qq=" １０００１ ", address="新路2号")
    assert (found.state, found.proved, paid.address, paid.revision) == ("applied", 2, "新路2号", 1)
    assert found.before == "地址: 解放路1号 → 新路2号" or "新路2号" in found.before


def test_a_change_of_nothing_is_refused(paid, either_session, either_actors):
    with pytest.raises(Invalid):
        amend(either_session, either_actors, paid)


def test_a_paid_order_with_the_warehouse_changes_only_when_it_is_given_back(paid, take, either_session, either_actors):
    to_warehouse(take, paid, either_actors)
    found = amend(either_session, either_actors, paid, address="新路2号")
    assert (found.state, paid.address, paid.state) == ("needs_recall", "解放路1号", "handed_over")
    with pytest.raises(StepRefused):
        take("warehouse", paid, "ship", carrier="顺丰", waybill="SF1")
    with pytest.raises((NotAllowed, StepRefused)):
        take("sales", found, "give_back")
    take("warehouse", found, "give_back")
    assert (found.state, paid.address, paid.state, paid.revision) == ("applied", "新路2号", "assigned", 1)
    take("warehouse", paid, "hand_over")
    take("warehouse", paid, "ship", carrier="顺丰", waybill="SF1")
    assert paid.state == "shipped"


def test_the_warehouse_may_keep_it(paid, take, either_session, either_actors):
    to_warehouse(take, paid, either_actors)
    found = amend(either_session, either_actors, paid, address="新路2号")
    take("warehouse", found, "keep", reason="已装车")
    assert (found.state, found.refused_because, paid.address) == ("refused", "已装车", "解放路1号")


def test_a_shipped_order_is_changed_by_nobody(paid, take, either_session, either_actors):
    to_warehouse(take, paid, either_actors)
    take("warehouse", paid, "ship", carrier="顺丰", waybill="SF1")
    found = amend(either_session, either_actors, paid, address="新路2号")
    assert (found.state, paid.address, paid.revision) == ("refused", "解放路1号", 0)
    assert found.refused_because


def test_a_dearer_swap_makes_a_difference_order_that_keeps_the_parcel(paid, take, either_session, either_actors):
    take("order_admin", paid, "confirm", **AGREED)
    take("order_admin", paid, "assign", person=either_actors["warehouse"].own_person_id)
    assert reserved(either_session) == {"A": 10, "B": 1}
    # Two of A, 30.75 less 5 % and 15 % tax each, become two of B at 70: the texts ask for the difference.
    lines = [{"instead_of": "A", "product": "", "quantity": "8"}, {"instead_of": "", "product": "B", "quantity": "2"}]
    found = amend(either_session, either_actors, paid, purpose="exchange", amendment_lines=lines)
    # 8 × 30.75 × 0.95 = 233.70, tax 35.06; before 292.13, tax 43.82. 2 × 70 = 140, tax 21.
    assert found.difference == Decimal("161.00") - (Decimal("335.95") - Decimal("268.76"))
    with access.system():
        (difference,) = either_session.query(DifferenceOrder).all()
    assert (difference.state, difference.order_id, difference.difference) == ("issued", paid.id, found.difference)
    assert (difference.old_amount, difference.new_amount) == (Decimal("335.95"), Decimal("429.76"))
    assert paid.order_no.startswith("DD") and paid.revision == 1
    assert reserved(either_session) == {"A": 8, "B": 3}
    with pytest.raises(StepRefused, match=difference.difference_no):
        take("warehouse", paid, "hand_over")
    take("order_admin", paid, "record_payment", amount=str(found.difference), account="中行", reference="R2")
    take("finance", paid.payments[-1], "verify")
    assert difference.state == "paid"
    take("order_admin", difference, "match")
    take("warehouse", paid, "hand_over")
    assert (difference.state, paid.state, paid.owed) == ("matched", "handed_over", 0)
    with access.system():
        kinds = [Amendment, AmendmentLine, DifferenceOrder, Order, OrderLine, Product]
        assert history.verify(either_session, kinds) > 0


def test_a_difference_not_paid_in_time_gives_the_old_goods_back(paid, take, either_session, either_actors, at):
    lines = [{"instead_of": "A", "product": "", "quantity": "12"}]
    gross = paid.gross
    found = amend(either_session, either_actors, paid, amendment_lines=lines)
    # 12 × 30.75 × 0.95 = 350.55, tax 52.58; before 292.13, tax 43.82
    assert found.difference == Decimal("67.18")
    assert reserved(either_session) == {"A": 12, "B": 1}
    with access.system():
        (difference,) = either_session.query(DifferenceOrder).all()
        moments.configure("Asia/Shanghai", difference.pay_until + timedelta(seconds=1))
        assert sweeping.expire_differences(either_session) == 1
        either_session.expire_all()
    assert (difference.state, paid.gross) == ("expired", gross)
    assert reserved(either_session) == {"A": 10, "B": 1}
    # the customer has to be told (3.9): by whoever sold it, and whoever took the change
    with access.system():
        told = {notice.person_id for notice in either_session.query(Notice).filter_by(key="difference_expired")}
        assert told == {paid.salesperson_id, found.taken_by_id}
        assert any(difference.difference_no in mark for mark in paid.marks())
        assert any(paid.order_no in mark and "67.18" in mark for mark in difference.marks())
    with access.acting_as(either_actors["sales"]):
        ((_notice, about, _paper),) = open_notices(either_session)
        assert about is difference


def test_what_is_taken_back_is_taxed_as_it_was_agreed(paid, take, either_session, either_actors):
    """An expired difference restores the old line (3.9), whose amounts were frozen at confirmation (3.11)."""
    take("order_admin", paid, "confirm", **AGREED)
    product(either_session, "A").tax_rate = Decimal("0.20")
    with access.system():
        either_session.commit()
    amend(either_session, either_actors, paid, amendment_lines=[{"instead_of": "A", "quantity": "12"}])
    with access.system():
        (difference,) = either_session.query(DifferenceOrder).all()
    take("order_admin", difference, "cancel", reason="客户不换了")
    assert (paid.gross, paid.owed, {line.tax_rate for line in paid.order_lines}) == (
        Decimal("412.43"), 0, {Decimal("0.15")},
    )  # fmt: skip


def test_old_goods_that_are_gone_by_then_put_the_order_on_hold(paid, take, either_session, either_actors, at):
    gross = paid.gross
    amend(either_session, either_actors, paid, amendment_lines=[{"instead_of": "B", "product": "A", "quantity": "3"}])
    with access.system():
        (difference,) = either_session.query(DifferenceOrder).all()
        finding.by_name(either_session, Product, "B").stock = Decimal(0)  # sold to others meanwhile
        either_session.commit()
        moments.configure("Asia/Shanghai", difference.pay_until + timedelta(seconds=1))
        assert sweeping.expire_differences(either_session) == 1
        either_session.expire_all()
    assert (difference.state, paid.gross, paid.state, paid.held_in) == ("expired", gross, "on_hold", "placed")
    assert "B" in paid.reason and reserved(either_session) == {"A": 0, "B": 0}


def test_a_cheaper_swap_sets_money_free(paid, either_session, either_actors):
    lines = [{"instead_of": "B", "product": "", "quantity": "0"}]
    found = amend(either_session, either_actors, paid, amendment_lines=lines)
    # B: 66.50 net, 9.98 tax
    assert found.difference == Decimal("-76.48")
    with access.system():
        (refund,) = either_session.query(Refund).all()
    assert (refund.amount, refund.kind) == (Decimal("76.48"), "difference")
    gate = paid.payments[-1].paid_at + timedelta(hours=24)  # a reduction of the order is no way round it
    assert (refund.state, refund.earliest_at) == ("waiting", gate)
    assert reserved(either_session) == {"A": 10, "B": 0}


def test_what_is_not_there_is_not_swapped_and_nothing_moves(paid, either_session, either_actors):
    lines = [{"instead_of": "A", "product": "B", "quantity": "9"}]
    with pytest.raises(Invalid, match="B"):
        amend(either_session, either_actors, paid, amendment_lines=lines)
    either_session.rollback()
    assert reserved(either_session) == {"A": 10, "B": 1}
    with access.system():
        assert either_session.query(Amendment).count() == 0


def test_lines_that_stay_as_they_are_count_as_none(paid, either_session, either_actors):
    lines = [{"instead_of": "A", "product": "", "quantity": "10"}, {"instead_of": "B", "product": "", "quantity": "2"}]
    found = amend(either_session, either_actors, paid, amendment_lines=lines)
    assert [line.instead_of.product_no for line in found.amendment_lines] == ["B"]


def test_the_last_goods_are_given_back_by_a_return(paid, either_session, either_actors):
    lines = [{"instead_of": one, "product": "", "quantity": "0"} for one in "AB"]
    with pytest.raises(Invalid):
        amend(either_session, either_actors, paid, amendment_lines=lines)


def test_after_confirmation_the_form_is_no_way_round(paid, take, either_session, either_actors):
    take("order_admin", paid, "confirm", **AGREED)
    for changed in ({"address": "别处"}, {"payment_type": "on_account"}, {"freight": "9"}):
        with access.acting_as(either_actors["order_admin"]), pytest.raises(Invalid):
            records.change(either_session, paid, changed, list(changed), version=paid.version)
    with access.acting_as(either_actors["order_admin"]):
        records.change(either_session, paid, {"note": "加急"}, ["note"], version=paid.version)
    assert paid.note == "加急"


@pytest.mark.parametrize(
    "who, count", [("sales", 1), ("order_admin", 1), ("warehouse", 1), ("sales_b", 0), ("clerk", 0)]
)
def test_amendments_are_seen_with_their_order(paid, either_session, either_actors, who, count):
    amend(either_session, either_actors, paid, address="新路2号")
    with access.acting_as(either_actors[who]):
        assert either_session.query(Amendment).count() == count


def test_a_quantity_beyond_all_amounts_is_refused_in_words(paid, either_session, either_actors):
    with pytest.raises(Invalid, match="15"):
        amend(either_session, either_actors, paid, amendment_lines=[{"instead_of": "A", "quantity": "999999999999"}])
    either_session.rollback()
    either_session.expire_all()
    assert (paid.gross, paid.revision) == (Decimal("412.43"), 0)
