"""Mall orders in the demo office: drafts, deals closed, changes asked for, differences in price, orders given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.engine import access
from app.engine import record as records
from models.amendments import Amendment
from models.difference_orders import DifferenceOrder
from models.order_returns import OrderReturn
from models.orders import Order
from models.payments import Payment
from seed.demo_records import Stage, an_order
from seed.demo_states import CONFIRM, START, Ways, walk

PACE = timedelta(hours=1)
HAND_OVER: Ways = [("order_admin", "assign", {"person": "@warehouse"}), ("warehouse", "hand_over", {})]
SHIP: Ways = [("order_admin", "ship", {"carrier": "顺达物流", "waybill": "SD77000001"})]
WITH_KEEPER: Ways = [CONFIRM, *HAND_OVER]
#: an order's way before its customer asks for another address; whether it is paid; what the warehouse answers
CHANGES: list[tuple[Ways, bool, Ways]] = [
    ([], False, []),
    (WITH_KEEPER, True, []),
    (WITH_KEEPER, True, [("warehouse", "keep", {"reason": "已装车"})]),
    ([*WITH_KEEPER, *SHIP], False, []),
]
#: an order's way before its customer gives it up; whether it is paid; what the warehouse answers
GIVEN_UP: list[tuple[Ways, bool, Ways]] = [
    ([], False, []),
    ([CONFIRM], True, []),
    (WITH_KEEPER, True, []),
    ([*WITH_KEEPER, *SHIP], True, [("warehouse", "note_gone", {"reason": "已在派送途中"})]),
]
#: what becomes of a difference in price
DIFFERENCES = ("issued", "paid", "matched", "expired", "cancelled")


def play(stage: Stage) -> None:
    """Add the orders and what is asked about them, an hour between two steps."""
    moment = stage.today - START
    draft = an_order(stage, moment, "on_account", as_draft=True)
    assert draft.state == "draft"
    called = an_order(stage, moment, "cash_on_delivery")
    walk(stage, called, moment, [("order_admin", "note_call", {"result": "no_answer"})], PACE)
    walk(stage, called, moment + PACE, [("order_admin", "give_link", {})], PACE)
    for ways, paid, answers in CHANGES:
        order = _sold(stage, moment, ways, paid)
        wanted = _ask(stage, Amendment, order, moment + 8 * PACE, address="新华路 18 号 3 单元")
        walk(stage, wanted, moment + 9 * PACE, answers, PACE)
    for ways, paid, answers in GIVEN_UP:
        order = _sold(stage, moment, ways, paid)
        walk(stage, _ask(stage, OrderReturn, order, moment + 8 * PACE), moment + 9 * PACE, answers, PACE)
    _refunded(stage, moment)
    for fate in DIFFERENCES:
        _difference(stage, moment, fate)
    _refused_at_the_door(stage, moment)


def _sold(stage: Stage, moment: datetime, ways: Ways, paid: bool) -> Order:
    order = an_order(stage, moment, "prepaid" if paid else "on_account")
    if paid:
        _pay(stage, order, moment, order.owed)
    walk(stage, order, moment + PACE, ways, PACE)
    return order


def _pay(stage: Stage, order: Order, moment: datetime, amount: Decimal) -> None:
    raw = {"order": order, "amount": amount, "account": "中国银行", "reference": f"MD{order.id:05d}-{amount}"}
    with stage.at(moment), access.acting_as(stage.actors["order_admin"]):
        payment = records.add(stage.session, Payment, {**raw, "paid_at": moment})
    walk(stage, payment, moment, [("finance", "verify", {})], PACE / 2)


def _ask(stage: Stage, model: Any, order: Order, moment: datetime, **wanted: Any) -> Any:
    told = {"told_number": order.order_no, "told_consignee": order.consignee, "channel": "wangwang"}
    with stage.at(moment), access.acting_as(stage.actors["order_admin"]):
        return records.add(stage.session, model, {"order": order.id, **told, **wanted})


def _refunded(stage: Stage, moment: datetime) -> None:
    """An order given up, and its money on the way back."""
    order = _sold(stage, moment, [CONFIRM], True)
    found = _ask(stage, OrderReturn, order, moment + 8 * PACE)
    back: Ways = [
        ("order_admin", "apply", {}), ("finance", "approve", {}),
        ("finance", "pay_out", {"reference": f"TK{order.id:06d}", "account": "中国银行"}),
    ]  # fmt: skip
    walk(stage, found.refund, moment + timedelta(days=2), back, PACE)


def _difference(stage: Stage, moment: datetime, fate: str) -> None:
    """Two more of the first thing ordered, and what became of the difference."""
    order = _sold(stage, moment, [CONFIRM], True)
    line = order.order_lines[0]
    more = [{"instead_of": line.product, "product": "", "quantity": str(line.quantity + 2)}]
    change = _ask(stage, Amendment, order, moment + 8 * PACE, amendment_lines=more, purpose="exchange")
    with access.system():
        query = select(DifferenceOrder).where(DifferenceOrder.amendment_id == change.id)
        difference = stage.session.scalars(query).one()
    if fate in ("paid", "matched"):
        _pay(stage, order, moment + 10 * PACE, difference.difference)
    if fate == "matched":
        walk(stage, difference, moment + 12 * PACE, [("order_admin", "match", {})], PACE)
    if fate == "cancelled":
        walk(stage, difference, moment + 12 * PACE, [("order_admin", "cancel", {"reason": "客户不换了"})], PACE)
    if fate == "expired":
        with stage.at(difference.pay_until + PACE), access.system():
            difference.take("expire", stage.session)


def _refused_at_the_door(stage: Stage, moment: datetime) -> None:
    """Cash on delivery, and nobody takes the parcel."""
    order = an_order(stage, moment, "cash_on_delivery")
    refused: Ways = [("order_admin", "refuse_delivery", {"reason": "客户拒收"})]
    walk(stage, order, moment, [*WITH_KEEPER, *SHIP, *refused], PACE)
