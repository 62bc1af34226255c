"""Orders that do not go the usual way: closed short, held and let go, of work alone, taken over, given to a department."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.engine import access, finding, history, transfer
from app.engine import record as records
from app.engine.moments import parse_moment
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from app.engine.report_answers import ask
from app.engine.rules import Rule
from app.web.trail import done_by
from models import fulfilling, sweeping
from models.amendments import Amendment
from models.difference_orders import DifferenceOrder
from models.order_returns import OrderReturn
from models.orders import Order
from models.people import Department
from models.products import Product
from models.refunds import Refund
from models.shipments import Shipment, ShipmentLine
from models.stock_totals import self_check
from tests.factories import AGREED, place

SENT = {"carrier": "顺丰", "waybill": "SF1"}
KNOWN = {"told_consignee": "王经理", "channel": "qq"}


def pay(take, order, amount, reference="R1"):
    take("order_admin", order, "record_payment", amount=str(amount), account="中行", reference=reference)
    take("finance", order.payments[-1], "verify")


def ship(take, order, actors):
    """Confirm, assign and send all of an order."""
    take("order_admin", order, "confirm", **AGREED)
    take("order_admin", order, "assign", person=actors["warehouse"].own_person_id)
    take("warehouse", order, "hand_over")
    take("warehouse", order, "ship", **SENT)


def parcel(session, order, *quantities):
    """A planned shipment of so many pieces of the order's lines, in their order."""
    lines = [ShipmentLine(order_line=line, quantity=n) for line, n in zip(order.order_lines, quantities, strict=False)]
    found = Shipment(order=order, shipment_lines=lines)
    with access.system():
        records.store(session, found)
        session.commit()
    return found


def stock(session):
    with access.system():
        session.expire_all()
        return {one.product_no: (int(one.stock), int(one.reserved)) for one in session.query(Product)}


def refunds(session):
    with access.system():
        return [(one.kind, one.amount, one.state) for one in session.query(Refund).order_by(Refund.id)]


def test_what_is_not_shipped_is_taken_off_its_goods_are_free_and_its_money_goes_back(
    order, take, either_session, either_actors
):
    pay(take, order, order.gross)
    take("order_admin", order, "confirm", **AGREED)
    with pytest.raises(StepRefused):
        take("order_admin", order, "close_short", reason="缺货")  # nothing has been sent: cancel it
    either_session.rollback()
    first = parcel(either_session, order, 4)
    take("warehouse", first, "hand_over")
    take("warehouse", first, "ship", **SENT)
    assert (order.state, order.fulfilment) == ("confirmed", "part_shipped")
    take("order_admin", order, "close_short", reason="缺货")
    # four of ten shirts at 30.75 less 5 %: 116.85, and 15 % tax on top
    assert [(line.product.product_no, line.quantity, line.net) for line in order.order_lines] == [
        ("A", 4, Decimal("116.85"))
    ]
    assert (order.gross, order.state, order.fulfilment, order.revision) == (Decimal("134.38"), "shipped", "shipped", 1)
    assert stock(either_session) == {"A": (96, 0), "B": (5, 0)}
    assert refunds(either_session) == [("difference", Decimal("412.43") - Decimal("134.38"), "waiting")]
    take("warehouse", first, "deliver")
    with access.system():
        assert self_check(either_session) == []
        assert history.verify(either_session, [Order, Shipment, Refund, Product]) > 0


def test_a_parcel_that_came_back_during_a_hold_is_known_when_the_order_goes_on(
    order, take, either_session, either_actors
):
    pay(take, order, order.gross)
    take("order_admin", order, "confirm", **AGREED)
    take("order_admin", order, "assign", person=either_actors["warehouse"].own_person_id)
    take("warehouse", order, "hand_over")
    take("finance", order, "hold", reason="钱款有疑问")
    with access.system():
        (one,) = either_session.query(Shipment).all()
    take("warehouse", one, "recall", reason="要改")
    take("finance", order, "resume")
    assert (order.state, one.state) == ("assigned", "planned")


def test_who_sells_does_not_lift_what_finance_holds(order, take):
    take("finance", order, "hold", reason="钱款有疑问")
    with pytest.raises(NotAllowed):
        take("sales", order, "resume")


def test_the_keeper_alone_signs_for_the_goods(order, take, either_actors):
    pay(take, order, order.gross)
    take("order_admin", order, "confirm", **AGREED)
    take("order_admin", order, "assign", person=either_actors["warehouse"].own_person_id)
    with pytest.raises(NotAllowed):
        take("order_admin", order, "hand_over")
    take("warehouse", order, "hand_over")
    assert order.state == "handed_over"


def test_an_order_goes_to_a_department_or_to_a_person(order, take, either_session, either_actors):
    pay(take, order, order.gross)
    take("order_admin", order, "confirm", **AGREED)
    with pytest.raises(StepRefused):
        take("order_admin", order, "assign")
    either_session.rollback()
    with access.system():
        unit = either_session.get_one(Department, either_actors["warehouse"].department_id)
    take("order_admin", order, "assign", unit=unit.id)
    assert (order.state, order.assignee, order.assigned_unit) == ("assigned", None, unit)
    with access.acting_as(either_actors["warehouse"]):
        assert either_session.query(Order).filter(Order.waits_for(either_actors["warehouse"])).all() == [order]
    take("warehouse", order, "hand_over")
    assert order.state == "handed_over"


def test_work_ordered_by_itself_is_accepted_and_completed_not_shipped(order, take, either_session, either_actors):
    with access.system():
        work = Product(name="上门安装", price=Decimal(80), service=True)
        records.store(either_session, work)
        either_session.commit()
    with access.acting_as(either_actors["sales"]):
        found = place(either_session, payment_type="cash_on_delivery",
                      order_lines=[{"product": work.product_no, "quantity": "1"}])  # fmt: skip
        either_session.commit()
    take("order_admin", found, "confirm", **AGREED)
    with pytest.raises(StepRefused):
        take("order_admin", found, "assign", person=either_actors["warehouse"].own_person_id)
    take("order_admin", found, "accept_work", words="很好")
    with pytest.raises(StepRefused, match=r"80\.00"):
        take("order_admin", found, "complete_service")
    pay(take, found, "80")
    take("order_admin", found, "complete_service")
    assert found.state == "completed"


def imported(session, actors, **more):
    """An order of an older ledger with ten pieces of A, as it stands in the sheets of a house that moves in."""
    about = {"order_no": "旧1", "customer": "C1", "placed_at": "2026-03-01", **more}
    with access.acting_as(actors["order_admin"]):
        done = transfer.import_rows(session, Order, list(about), [list(about.values())])
        assert done.faults == []
        lines = records.kinds()["order_lines"]
        done = transfer.import_rows(
            session, lines, ["order", "product", "quantity", "price"], [["旧1", "A", "10", "30.75"]]
        )
        assert done.faults == []
        session.commit()
        return finding.by_name(session, Order, "旧1")


def test_an_open_order_taken_over_is_edited_by_the_rules_of_every_order(order, either_session, either_actors):
    found = imported(either_session, either_actors)
    assert (found.state, found.taken_over) == ("placed", True)
    with access.acting_as(either_actors["order_admin"]):
        with pytest.raises(Invalid):
            records.change(either_session, found, {"promised_at": "2026-02-01 09:00"}, ["promised_at"],
                           version=found.version)  # fmt: skip
        either_session.rollback()
        assert list(found.outlook(either_session)) != []
        records.change(either_session, found, {"address": "新路2号"}, ["address"], version=found.version)
        either_session.commit()
    assert found.address == "新路2号"


def test_a_confirmed_order_taken_over_is_changed_by_amendments_alone(order, either_session, either_actors):
    found = imported(either_session, either_actors, confirmed_at="2026-03-01 10:00")
    with access.acting_as(either_actors["order_admin"]), pytest.raises(Invalid):
        records.change(either_session, found, {"address": "新路2号"}, ["address"], version=found.version)


def test_a_shipped_order_on_account_taken_over_has_its_day_of_payment(order, either_session, either_actors):
    with access.system():
        order.customer.payment_days = 45
        either_session.commit()
    found = imported(either_session, either_actors, payment_type="on_account", shipped_at="2026-03-01 10:00")
    assert (found.state, found.pay_by.isoformat()) == ("shipped", "2026-04-15")


def test_money_a_platform_keeps_is_asked_back_with_the_return_and_waits_for_its_gate(
    order, take, either_session, either_actors, at
):
    at("2026-03-02 14:20")
    with access.acting_as(either_actors["sales"]):
        bought = place(either_session, payment_type="third_party", placed_at="2026-03-02 14:00", note="平台")
        either_session.commit()
    take("order_admin", bought, "record_payment", amount=str(bought.gross), reference="ZFB1")
    take("finance", bought.payments[-1], "verify")
    assert (bought.payment_state, bought.escrowed) == ("escrowed", bought.gross)
    with access.acting_as(either_actors["order_admin"]):
        told = {"told_number": bought.order_no, **KNOWN}
        back = records.add(either_session, OrderReturn, {"order": bought.id, **told})
        either_session.commit()
    assert (back.state, bought.state) == ("refund_due", "cancelled")
    assert (back.refund.kind, back.refund.state, back.refund.amount) == ("escrow", "waiting", bought.gross)
    assert back.refund.earliest_at == parse_moment("2026-03-03 14:20") and back.marks() != []
    at("2026-03-03 14:20")
    take("order_admin", back.refund, "apply")
    take("finance", back.refund, "approve")
    take("finance", back.refund, "pay_out")
    assert (back.state, bought.escrowed, bought.payment_state) == ("refunded", 0, "refunded")


def amend(session, actors, order, **values):
    told = {"told_number": order.order_no, **KNOWN}
    with access.acting_as(actors["order_admin"]):
        found = records.add(session, Amendment, {"order": order.id, **told, **values})
        session.commit()
    return found


def test_while_a_difference_is_open_the_goods_change_no_further_and_unpaid_it_is_not_matched(
    order, take, either_session, either_actors
):
    pay(take, order, order.gross)
    more = [{"instead_of": "A", "quantity": "12"}]
    assert amend(either_session, either_actors, order, amendment_lines=more).state == "applied"
    with access.system():
        (asked,) = either_session.query(DifferenceOrder).all()
    with pytest.raises(Invalid, match=asked.difference_no):
        amend(either_session, either_actors, order, amendment_lines=[{"instead_of": "B", "quantity": "2"}])
    either_session.rollback()
    assert amend(either_session, either_actors, order, address="新路2号").state == "applied"
    last = history.entries_of(either_session, order)[0]
    assert (last.action, done_by(last)) == ("add", "along")  # it was not the order that was added
    pay(take, order, asked.difference, "R2")
    assert asked.state == "paid"
    take("finance", order.payments[-1], "reverse", reason="银行退票")
    with pytest.raises(StepRefused):
        take("order_admin", asked, "match")


def test_one_entered_late_is_not_overdue_at_once_and_another_payment_type_has_no_day(
    order, either_session, either_actors, at
):
    at("2026-03-20 09:00")
    with access.acting_as(either_actors["sales"]):
        late = place(either_session, placed_at="2026-03-02 09:00", note="补录")
        either_session.commit()
        assert late.pay_until == parse_moment("2026-03-23 09:00")
        records.change(either_session, late, {"payment_type": "cash_on_delivery"}, ["payment_type"],
                       version=late.version)  # fmt: skip
        either_session.commit()
    assert late.pay_until is None


@pytest.mark.parametrize("payment_type", ["prepaid", "cash_on_delivery"])
def test_what_was_refused_at_the_door_was_not_received(order, take, either_session, either_actors, payment_type):
    """Received and refused are alternatives (3.6, 3.8): the money of a prepaid order has to come back."""
    with access.acting_as(either_actors["order_admin"]):
        records.change(either_session, order, {"payment_type": payment_type}, ["payment_type"], version=order.version)
        either_session.commit()
    if payment_type == "prepaid":
        pay(take, order, "412.43")
    take("order_admin", order, "confirm", **AGREED)
    take("order_admin", order, "assign", person=either_actors["warehouse"].own_person_id)
    take("warehouse", order, "hand_over")
    take("warehouse", order, "ship", carrier="顺丰", waybill="SF1")
    with access.system():
        (sent,) = either_session.query(Shipment).all()
    take("warehouse", sent, "refuse", reason="客户拒收")
    with pytest.raises(StepRefused, match=sent.shipment_no):
        take("order_admin", order, "receive")
    assert (order.state, order.received_at, order.fulfilment) == ("shipped", None, "refused")
    take("order_admin", order, "refuse_delivery", reason="客户拒收")
    assert (order.state, [amount for _kind, amount, _state in refunds(either_session)]) == (
        "closed", [Decimal("412.43")] if payment_type == "prepaid" else [],
    )  # fmt: skip


@pytest.mark.parametrize("called_back", [False, True])
def test_the_rate_of_refusals_counts_what_was_refused_and_is_back_in_stock(
    order, take, either_session, either_actors, called_back
):
    """Refused ÷ shipped, cash on delivery (7.2), whatever became of the parcel; one called back was not refused."""
    with access.acting_as(either_actors["order_admin"]):
        wish = {"payment_type": "cash_on_delivery"}
        records.change(either_session, order, wish, list(wish), version=order.version)
        either_session.commit()
    take("order_admin", order, "confirm", **AGREED)
    take("order_admin", order, "assign", person=either_actors["warehouse"].own_person_id)
    take("warehouse", order, "hand_over")
    take("warehouse", order, "ship", **SENT)
    if called_back:
        with access.acting_as(either_actors["order_admin"]):
            told = {"order": order.id, "told_number": order.order_no, **KNOWN}
            given_up = records.add(either_session, OrderReturn, told)
            either_session.commit()
        take("warehouse", given_up, "note_recalled")
    else:
        take("order_admin", order, "refuse_delivery", reason="客户拒收")
        with access.system():
            (sent,) = either_session.query(Shipment).all()
        take("warehouse", sent, "take_back")
    with access.system():
        (sent,) = either_session.query(Shipment).all()
        assert (sent.state, sent.refused_at is None) == ("returned_to_stock", called_back)
        (row,) = ask(either_session, "order_funnel", {"by": "payment_type"}).rows
        assert (row["sent_on_delivery"], row["refused"]) == (1, 0 if called_back else 1)
        assert history.verify(either_session, [Order, Shipment]) > 0


def test_a_prepaid_order_of_which_nothing_is_heard_is_complete_after_so_many_days(
    order, take, either_session, either_actors, at
):
    """Prepaid: after receipt or N days (3.6); N is a rule of the house."""
    at("2026-03-02 10:00")
    pay(take, order, "412.43")
    ship(take, order, either_actors)
    with access.system():
        at("2026-03-17 09:59:59")
        assert fulfilling.to_complete(either_session) == []
        at("2026-03-17 10:00")
        (rule,) = either_session.query(Rule).filter_by(setting="complete_days")
        rule.value = "0"
        either_session.commit()
        assert fulfilling.to_complete(either_session) == []
        rule.value = "15"
        either_session.commit()
        assert sweeping.complete_orders(either_session) == 1
        either_session.expire_all()
        assert (order.state, order.received_at, sweeping.complete_orders(either_session)) == ("completed", None, 0)
        assert history.verify(either_session, [Order, Shipment]) > 0


def test_an_order_that_is_being_called_back_is_not_complete_by_time(order, take, either_session, either_actors, at):
    at("2026-03-02 10:00")
    pay(take, order, "412.43")
    ship(take, order, either_actors)
    at("2026-03-16 10:00")
    with access.acting_as(either_actors["order_admin"]):
        told = {"order": order.id, "told_number": order.order_no, **KNOWN}
        given_up = records.add(either_session, OrderReturn, told)
        either_session.commit()
    at("2026-03-17 10:00")
    with access.system():
        assert sweeping.complete_orders(either_session) == fulfilling.let_complete(either_session, order.id) == 0
        either_session.rollback()
    take("warehouse", given_up, "note_recalled")
    assert (order.state, order.payment_state, given_up.state) == ("cancelled", "refund_due", "refund_due")
