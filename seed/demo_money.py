"""Money in the demo office: on our account, with a platform and with couriers, and refunds, in every state there is."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.engine import access
from app.engine import record as records
from models.courier_money import expect_cash
from models.orders import Order
from models.payments import Payment
from models.refunds import Refund
from seed.demo_records import Stage, an_order
from seed.demo_states import START, WHY, Way, Ways, walk

VERIFY: Way = ("finance", "verify", {})
OWN: list[Ways] = [
    [], [("finance", "reject", {"reason": "账上查无此款"})], [VERIFY],
    [VERIFY, ("finance", "reverse", {"reason": "银行退票"})],
]  # fmt: skip
PLATFORM: list[Ways] = [
    [], [VERIFY], [VERIFY, ("finance", "release", {"payout_no": "FK20260001"})],
    [VERIFY, ("finance", "return_to_buyer", {"reason": "买家申请退款"})],
]  # fmt: skip
COLLECT: Way = ("order_admin", "collect", {})
DOOR: list[Ways] = [
    [], [COLLECT], [COLLECT, ("finance", "remit", {"payout_no": "HK20260001"})],
    [("warehouse", "leave_uncollected", {"reason": "客户拒收"})],
]  # fmt: skip
TELL: Way = ("sales", "tell_customer", {})
APPROVE: Way = ("finance", "approve", {})
#: kind, how long ago the order was paid, the way of the refund
REFUNDS: list[tuple[str, timedelta, Ways]] = [
    ("cancel", timedelta(hours=3), []),
    ("cancel", START, [TELL]),
    ("overpaid", START, []),
    ("overpaid", START, [APPROVE]),
    (
        "cancel",
        START,
        [
            ("order_admin", "apply", {}),
            APPROVE,
            ("finance", "pay_out", {"reference": "TK20260001", "account": "中国银行"}),
        ],
    ),
    ("overpaid", START, [("finance", "refuse", {"reason": "并未多付"})]),
]


def play(stage: Stage) -> None:
    """Take payments and refunds their ways, a step every few hours."""
    moment = stage.today - START
    for ways in OWN:
        walk(stage, _paid(stage, an_order(stage, moment, "prepaid"), moment), moment, ways)
    for ways in PLATFORM:
        walk(stage, _paid(stage, an_order(stage, moment, "third_party"), moment), moment, ways)
    for ways in DOOR:
        order = an_order(stage, moment, "cash_on_delivery")
        with stage.at(moment), access.acting_as(stage.actors["order_admin"]):
            payment = expect_cash(stage.session, order)
        walk(stage, payment, moment, ways)
    _credit(stage, moment)
    for kind, age, ways in REFUNDS:
        _refund(stage, kind, stage.today - age, ways)


def _paid(stage: Stage, order: Order, moment: datetime, more: Decimal = Decimal(0)) -> Payment:
    """A payment of all an order comes to, and `more`, as the order administrator records it."""
    raw: dict[str, Any] = {
        "order": order, "amount": order.gross + more, "paid_at": moment, "account": "中国银行",
        "reference": f"DD{order.id:06d}",
    }  # fmt: skip
    with stage.at(moment), access.acting_as(stage.actors["order_admin"]):
        return records.add(stage.session, Payment, raw)


def _credit(stage: Stage, moment: datetime) -> None:
    """Somebody paid too much, and the next order takes from what they have with us."""
    first, then = (an_order(stage, moment, "prepaid") for _ in range(2))
    with access.system():
        then.customer = first.customer
        stage.session.flush()
    walk(stage, _paid(stage, first, moment, more=Decimal("88.80")), moment, [VERIFY])
    walk(stage, then, moment + START / 2, [("order_admin", "use_credit", {})])


def _refund(stage: Stage, kind: str, moment: datetime, ways: Ways) -> None:
    order, more = an_order(stage, moment, "prepaid"), Decimal(0) if kind == "cancel" else Decimal("20.00")
    payment = _paid(stage, order, moment, more)
    with stage.at(moment + timedelta(minutes=10)), access.acting_as(stage.actors["finance"]):
        payment.flow.take(stage.session, payment, "verify", {})
    if kind == "cancel":
        walk(stage, order, moment, [("order_admin", "cancel", WHY)])
    after = moment + (timedelta(hours=1) if kind == "cancel" and not ways else timedelta(days=2))
    if kind == "cancel":  # asked for by the cancelling itself
        with access.system():
            refund = stage.session.scalars(select(Refund).where(Refund.order_id == order.id)).one()
        walk(stage, refund, after, ways)
        return
    wish = {"customer": order.customer, "amount": more, "kind": kind, "reason": "客户来电申请退款"}
    with stage.at(after), access.acting_as(stage.actors["order_admin"]):
        refund = records.add(stage.session, Refund, wish)
    walk(stage, refund, after, ways)
