"""Shipments: what goes out together, and how far it brings the order."""

from decimal import Decimal

import pytest

from app.engine import access, history
from app.engine.refusals import StepRefused
from models import reservations, shipments, shipping
from models.orders import Order, OrderLine
from models.products import Product
from models.reservations import Reservation
from models.shipments import Shipment
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
        order = make(either_session, Order, order_lines=lines)
        either_session.commit()
        yield order
        assert self_check(either_session) == []


def stocks(session):
    return [(one.stock, one.reserved) for one in session.query(Product).order_by(Product.id)]


def test_what_is_shipped_leaves_stock_and_reservation_together(sold, either_session):
    reservations.match(either_session, sold)
    assert stocks(either_session) == [(10, 8), (3, 3)]
    shipment = shipments.plan(either_session, sold)
    assert shipment.shipment_no.startswith("FH") and shipping.fulfilment_of(either_session, sold) == "reserved"
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
