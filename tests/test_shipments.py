"""Shipments: what goes out together, and how far it brings the order."""

from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError

from app.engine import access, history
from app.engine import record as records
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from app.engine.rules import Rule
from models import reservations, shipments, shipping
from models.order_lines import OrderLine
from models.orders import Order
from models.products import Product
from models.reservations import Reservation
from models.shipments import Shipment, ShipmentLine
from models.stock import StockMovement
from models.stock_totals import self_check
from tests.safety.makers import make

SENT = {"carrier": "顺丰", "waybill": "SF1"}


@pytest.fixture
def sold(either_session):
    """An order of 6 and 2 pieces of one product and 3 of another, of which 10 and 3 are in stock."""
    with access.system():
        shoe = make(either_session, Product, name="鞋", stock=Decimal(10))
        box = make(either_session, Product, name="箱", stock=Decimal(3))
        lines = [OrderLine(product=product, quantity=n, price=1) for product, n in ((shoe, 6), (shoe, 2), (box, 3))]
        order = make(either_session, Order, order_lines=lines, payment_type="on_account")
        either_session.commit()
        yield order
        assert self_check(either_session) == []


def _fulfilment(session, order):
    return shipping.fulfilment_of(session, order, shipments.shipments_of(session, order))


def stocks(session):
    return [(one.stock, one.reserved) for one in session.query(Product).order_by(Product.id)]


def test_what_is_shipped_leaves_stock_and_reservation_together(sold, either_session):
    reservations.match(either_session, sold)
    assert stocks(either_session) == [(10, 8), (3, 3)]
    shipment = shipments.plan(either_session, sold)
    assert shipment.shipment_no.startswith("FH") and _fulfilment(either_session, sold) == "reserved"
    for step, answers, fulfilment in (
        ("start_picking", {}, "picking"), ("hand_over", {}, "handed_over"), ("ship", SENT, "shipped"), ("deliver", {}, "received"),
    ):  # fmt: skip
        shipment.take(step, **answers)
        either_session.commit()
        assert sold.fulfilment == fulfilment
    assert stocks(either_session) == [(2, 0), (0, 0)]
    assert (sold.carrier, sold.waybill, sold.shipped_at) == ("顺丰", "SF1", shipment.shipped_at)
    assert {one.state for one in either_session.query(Reservation)} == {"consumed"}
    gone = [
        (one.kind, one.quantity, one.balance, one.order)
        for one in either_session.query(StockMovement).order_by(StockMovement.id)
    ]
    assert gone[2:] == [("shipped", -8, 2, sold), ("shipped", -3, 0, sold)]
    assert history.verify(either_session, [Order, Product, Shipment, Reservation, StockMovement]) > 0


def sent(session, order, *steps):
    shipment = shipments.plan(session, order)
    for step in steps:
        shipment.take(
            step, **(SENT if step == "ship" else {"reason": "不符"} if step in ("refuse", "lose", "call_off") else {})
        )
    session.commit()
    return shipment


OUT = ("start_picking", "hand_over", "ship")


@pytest.mark.parametrize(
    "steps, fulfilment, stock",
    [
        ((), "none", [10, 3]), (("call_off",), "none", [10, 3]), (("start_picking",), "picking", [10, 3]),
        (("hand_over",), "handed_over", [10, 3]), (OUT, "shipped", [2, 0]), ((*OUT, "deliver"), "received", [2, 0]),
        ((*OUT, "refuse"), "refused", [2, 0]), ((*OUT, "refuse", "take_back"), "returned", [10, 3]),
        ((*OUT, "take_back"), "returned", [10, 3]), ((*OUT, "lose"), "none", [2, 0]),
    ],
)  # fmt: skip
def test_how_far_the_goods_are_follows_from_the_shipment(sold, either_session, steps, fulfilment, stock):
    sent(either_session, sold, *steps)
    assert sold.fulfilment == fulfilment == _fulfilment(either_session, sold)
    assert [stock for stock, _reserved in stocks(either_session)] == stock


def test_an_order_is_shipped_in_parts_and_never_more_than_was_ordered(sold, either_session, either_actors):
    first, second, third = sold.order_lines
    with access.acting_as(either_actors["warehouse"]):
        raw = {"order": sold, "shipment_lines": [{"order_line": first.id, "quantity": "4"}]}
        part = records.add(either_session, Shipment, raw)
        either_session.commit()
        too_many = {"order": sold, "shipment_lines": [{"order_line": first.id, "quantity": "3"}]}
        with pytest.raises(Invalid, match=r"6.*4.*3"):
            records.add(either_session, Shipment, too_many)
    for step in OUT:
        part.take(step, either_session, **(SENT if step == "ship" else {}))
    assert sold.fulfilment == "part_shipped"
    assert shipments.shipped_quantities(either_session, sold) == {first.id: 4}
    rest = shipments.plan(either_session, sold)
    assert {line.order_line: line.quantity for line in rest.shipment_lines} == {first: 2, second: 2, third: 3}
    with pytest.raises(StepRefused, match=sold.order_no):
        shipments.plan(either_session, sold)
    for step in OUT:
        rest.take(step, either_session, **({"carrier": "德邦", "waybill": "DB2"} if step == "ship" else {}))
    either_session.commit()
    assert (sold.fulfilment, sold.carrier, sold.waybill) == ("shipped", "德邦", "DB2")


def test_the_house_may_allow_some_percent_more_than_was_ordered(sold, either_session):
    either_session.add(Rule(setting="over_delivery_percent", value="50"))
    line = sold.order_lines[0]
    assert not list(shipments.excess(Shipment(order=sold, shipment_lines=[ShipmentLine(order_line=line, quantity=9)])))
    assert list(shipments.excess(Shipment(order=sold, shipment_lines=[ShipmentLine(order_line=line, quantity=10)])))
    either_session.rollback()


@pytest.mark.parametrize("line", [{"quantity": "0"}, {"quantity": "-1"}, {"quantity": "1.5"}, {"quantity": ""}])
def test_a_line_of_a_shipment_that_cannot_be_is_refused(sold, either_session, either_actors, line):
    sold.order_lines[0].product.unit = "双"
    either_session.commit()
    with access.acting_as(either_actors["warehouse"]), pytest.raises(Invalid):
        raw = {"order": sold, "shipment_lines": [{"order_line": sold.order_lines[0].id, "quantity": "1", **line}]}
        records.add(either_session, Shipment, raw)


def test_a_line_of_another_order_does_not_go_out_with_this_one(sold, either_session, either_actors):
    other = make(either_session, Order)
    with access.acting_as(either_actors["warehouse"]), pytest.raises(Invalid, match=other.order_no):
        raw = {"order": sold, "shipment_lines": [{"order_line": other.order_lines[0].id, "quantity": "1"}]}
        records.add(either_session, Shipment, raw)


def test_after_the_warehouse_took_the_goods_over_the_lines_stay(sold, either_session, either_actors):
    shipment = sent(either_session, sold, "hand_over")
    rows = [{"id": str(line.id), "order_line": line.order_line_id, "quantity": "1"} for line in shipment.shipment_lines]
    change = lambda: records.change(  # noqa: E731
        either_session, shipment, {"shipment_lines": rows}, ["note"], version=shipment.version
    )
    with access.acting_as(either_actors["warehouse"]):
        with pytest.raises(Invalid):
            change()
        shipment.take("recall", either_session, reason="客户改地址")
        either_session.commit()
        change()
        either_session.commit()
    assert (shipment.state, shipment.handed_over_at, sold.handed_over_at) == ("planned", None, None)


def test_only_the_warehouse_gives_back_what_it_has_taken_over(sold, take, either_session):
    shipment = sent(either_session, sold, "hand_over")
    with pytest.raises(NotAllowed):
        take("order_admin", shipment, "recall", reason="客户改地址")
    with pytest.raises(StepRefused):
        take("order_admin", shipment, "call_off", reason="客户改地址")
    take("warehouse", shipment, "recall", reason="客户改地址")
    assert shipment.state == "planned"


def test_the_keeper_signs_by_name(sold, either_session, either_actors):
    shipment = shipments.plan(either_session, sold)
    with access.acting_as(either_actors["warehouse"]):
        shipment.take("hand_over", either_session)
    assert shipment.handed_over_by_id == either_actors["warehouse"].own_person_id
    assert sold.handed_over_at == shipment.handed_over_at is not None


@pytest.mark.parametrize("guards, step", [("BEFORE_HANDING_OVER", "hand_over"), ("BEFORE_SHIPPING", "ship")])
def test_what_has_to_be_right_first_stops_the_goods(sold, either_session, monkeypatch, guards, step):
    shipment = sent(either_session, sold, *(OUT[:2] if step == "ship" else OUT[:1]))
    before = shipment.state

    def unpaid(session, one):
        raise StepRefused(f"{one.order.order_no} is unpaid")

    monkeypatch.setattr(shipping, guards, [unpaid])
    with pytest.raises(StepRefused, match="unpaid"):
        shipment.take(step, either_session, **(SENT if step == "ship" else {}))
    either_session.rollback()
    assert (shipment.state, stocks(either_session)[0][0]) == (before, 10)


def test_what_came_back_or_was_lost_may_go_out_again(sold, either_session):
    sent(either_session, sold, *OUT, "refuse", "take_back")
    reservations.match(either_session, sold)
    again = sent(either_session, sold, *OUT, "deliver")
    assert (sold.fulfilment, stocks(either_session)) == ("received", [(2, 0), (0, 0)])
    assert sum(line.quantity for line in again.shipment_lines) == 11


def test_planned_shipments_follow_the_lines_of_their_order(sold, either_session):
    shipment = sent(either_session, sold)
    first, second, third = sold.order_lines
    first.quantity = Decimal(7)
    second.quantity = Decimal(1)
    sold.order_lines.remove(third)
    shipping.replan(either_session, sold)
    either_session.commit()
    assert {line.order_line: line.quantity for line in shipment.shipment_lines} == {first: 7, second: 1}
    sold.order_lines[:] = [OrderLine(product=first.product, quantity=2, price=1)]
    shipping.replan(either_session, sold)
    either_session.commit()
    assert [line.quantity for line in shipment.shipment_lines] == [2]


def test_a_line_that_is_out_of_the_house_stays_on_its_order(sold, either_session):
    sent(either_session, sold, *OUT)
    sold.order_lines.remove(sold.order_lines[0])
    with pytest.raises(IntegrityError):
        either_session.flush()
    either_session.rollback()


def test_services_are_not_shipped(sold, either_session):
    service = make(either_session, Product, name="安装", service=True, stock=None)
    order = make(either_session, Order, order_lines=[OrderLine(product=service, quantity=1, price=1)])
    with pytest.raises(StepRefused):
        shipments.plan(either_session, order)


def test_a_salesperson_sees_the_shipments_of_their_orders_alone(sold, either_session, either_actors):
    sent(either_session, sold)
    sold.salesperson_id = either_actors["sales"].own_person_id
    either_session.commit()
    seen = {}
    for who in ("sales", "sales_b", "warehouse", "clerk"):
        with access.acting_as(either_actors[who]):
            seen[who] = (either_session.query(Shipment).count(), either_session.query(ShipmentLine).count())
    assert seen == {"sales": (1, 3), "sales_b": (0, 0), "warehouse": (1, 3), "clerk": (0, 0)}


def test_an_order_of_an_older_ledger_gets_its_parcel_when_it_is_shipped(sold, take, either_session):
    sold.taken_over, sold.state = True, "handed_over"
    either_session.commit()
    take("warehouse", sold, "ship", carrier="顺丰", waybill="SF9")
    (parcel,) = shipments.shipments_of(either_session, sold)
    assert (parcel.state, sold.state, sold.waybill) == ("shipped", "shipped", "SF9")


def test_the_last_parcel_that_arrives_completes_an_order_that_is_paid(sold, take, either_session):
    sold.state = "confirmed"
    shipment = sent(either_session, sold, "hand_over")
    take("order_admin", sold, "record_payment", amount=str(sold.gross), account="中行", reference="R1")
    take("finance", sold.payments[-1], "verify")
    take("warehouse", shipment, "ship", carrier="顺丰", waybill="SF9")
    with pytest.raises(StepRefused):
        take("warehouse", shipment, "deliver", delivered_at="2099-01-01 08:00")
    with pytest.raises(StepRefused):
        take("warehouse", shipment, "deliver", delivered_at="2020-01-01 08:00")  # before it was shipped
    take("warehouse", shipment, "deliver")
    assert (sold.state, sold.owed) == ("completed", 0)
