"""The warehouse of the demo office: variants with dated prices, goods in and out, a shipment and a reservation in
every state.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.engine import access
from app.engine.moments import now
from models import reservations, shipments
from models.order_lines import OrderLine
from models.orders import Order
from models.prices import ProductPrice
from models.products import Product
from models.stock import StockMovement
from seed.demo_desk import Desk
from seed.demo_records import Stage
from seed.demo_states import Ways

#: colour, size, opening stock
VARIANTS = (("藏青", "M", 60), ("藏青", "L", 45), ("白", "M", 30), ("白", "L", 8))
MOVED = (
    ("received", 40, "秋季补货，供应商送货单 0917"), ("damaged", -2, "搬运中污损"), ("counted", -1, "月末盘点短少一件"),
)  # fmt: skip
PICK: Ways = [("warehouse", "start_picking", {})]
TAKE: Ways = [*PICK, ("warehouse", "hand_over", {})]
SHIP: Ways = [*TAKE, ("warehouse", "ship", {"carrier": "顺达物流", "waybill": "SD90{number:06d}"})]
REFUSE: Ways = [*SHIP, ("order_admin", "refuse", {"reason": "客户称尺码订错，拒收"})]
WAYS: tuple[Ways, ...] = (
    [], PICK, TAKE, SHIP, [*SHIP, ("order_admin", "deliver", {})], REFUSE, [*REFUSE, ("warehouse", "take_back", {})],
    [*SHIP, ("order_admin", "lose", {"reason": "承运单位确认途中遗失，已索赔"})],
    [*PICK, ("order_admin", "call_off", {"reason": "改为与下一单合并发运"})],
)  # fmt: skip


def play(stage: Stage) -> None:
    """Fill the warehouse and let goods go out."""
    products = _variants(stage)
    for number, ways in enumerate(WAYS, 1):
        order = _order(stage, products[number % len(products)], 10 - number)
        desk = Desk(stage, 9)
        shipment = _planned(stage, order)
        desk.walk(shipment, [(who, step, _numbered(answers, number)) for who, step, answers in ways])
    for product in products[:2]:  # kept for one customer until tomorrow, and given up by another
        order = _order(stage, product, 2)
        with stage.at(stage.today), access.system():
            reservations.match(stage.session, order, expires_at=now() + timedelta(days=1))
    with stage.at(stage.today), access.system():
        reservations.release(stage.session, order, "客户改订其他款式")


def _variants(stage: Stage) -> list[Product]:
    desk = Desk(stage, 30)
    products = [
        desk.add(
            "order_admin",
            Product(
                name="工装衬衫", model="GZ-20", colour=colour, size=size, unit="件", price=Decimal(88), spec="棉 65%",
                tax_rate=Decimal("0.13"), stock=Decimal(stock), reorder_level=Decimal(10),
            ),
        )
        for colour, size, stock in VARIANTS
    ]  # fmt: skip
    year = desk.day.year
    for grade, price in ((None, "92"), ("A", "85.5")):
        desk.add(
            "order_admin",
            ProductPrice(product=products[0], price=Decimal(price), grade=grade, valid_from=date(year, 1, 1)),
        )
    for kind, quantity, note in MOVED:
        desk.add("warehouse", StockMovement(product=products[0], kind=kind, quantity=Decimal(quantity), note=note))
    return products


def _order(stage: Stage, product: Product, days: int) -> Order:
    """An order on account of three shirts, assigned."""
    desk, customer = Desk(stage, max(days, 0) + 2), stage.customers[days % len(stage.customers)]
    order = Order(
        customer=customer, salesperson=customer.owner, payment_type="on_account", placed_at=desk.next(),
        order_lines=[OrderLine(product=product, quantity=Decimal(3))],
    )  # fmt: skip
    desk.add("order_admin", order)
    desk.walk(
        order,
        [
            ("order_admin", "confirm", {"called": True, "address_valid": True, "delivery_agreed": True}),
            ("order_admin", "assign", {"person": stage.people["warehouse"]}),
        ],
    )
    return order


def _planned(stage: Stage, order: Order) -> shipments.Shipment:
    """The parcel that was planned when the order was assigned."""
    return shipments.shipments_of(stage.session, order)[0]


def _numbered(answers: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        name: answer.format(number=number) if isinstance(answer, str) else answer for name, answer in answers.items()
    }
