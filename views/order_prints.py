"""The papers of an order: confirmation, pick list and delivery note; and the statement of account of a customer.

Telephone numbers are masked whoever prints. The delivery note alone has the number in full, for the courier calls the
consignee; only for those who may look at it on the order's page, and on record as there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.engine import access, references, rules
from app.engine.capital_amounts import in_capitals
from app.engine.database import session_of
from app.engine.disclosure import revealed
from app.engine.fields import fields_of
from app.engine.moments import local, parse_date, today
from app.engine.paper.description import Box, Form, Row, Table, chinese_date, form
from app.engine.refusals import Refused
from models import prints
from models.customers import Customer
from models.order_lines import OrderLine
from models.orders import NOUGHT, Order
from models.payments import Payment
from models.products import plainly
from models.shipments import Shipment, ShipmentLine
from models.statements import Charge, Entry, Statement, statement_of
from views.desk_prints import UNTICKED
from views.on_paper import choice, columns, day, figures, shown, start_of_today

ORDERS, CUSTOMERS = Order.kind_name, Customer.kind_name
LINES, PAYMENTS = OrderLine.kind_name, Payment.kind_name


def _seller(record: Any) -> str:
    return rules.value(session_of(record), prints.SELLER_NAME, None)


def _sheet(name: str, title: str, record: Any, parts: Sequence[Row | Table], **about: Any) -> Form:
    return Form(name, _seller(record) + title, tuple(parts), **{"stamp": False, **about})


def _lines(order: Order) -> list[OrderLine]:
    """The lines with their products, in two queries however many they are."""
    query = select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)
    return list(session_of(order).scalars(query.options(*references.options(OrderLine, ("product",)))))


def _of_product(line: OrderLine, *names: str) -> list[str]:
    return [shown(line.product, name) for name in names] if line.product else [""] * len(names)


def _capitals(amount: Decimal) -> str:
    return "人民币" + in_capitals(amount)


def _about(order: Order, **more: Any) -> dict[str, Any]:
    """What every paper of one order says beside its boxes."""
    revision = f"第{order.revision}次修改" if order.revision else ""
    caption = (f"状态：{order.state_label}", revision, f"打印日期：{chinese_date(start_of_today())}")
    return {"subject": order.order_no, "caption": tuple(filter(None, caption)), **more}


def _consignee_rows(order: Order, phone: str) -> tuple[Row, ...]:
    return (
        Row(11, (Box("收 货 人", order.consignee or "", 7), Box("联系电话", phone, 5))),
        Row(15, (Box("收货地址", order.address or ""),)),
    )


def _delivery_row(order: Order, *more: Box) -> Row:
    method = choice(order, "delivery_method") if order.delivery_method else ""
    wish = Box("送货约定", order.delivery_wish or "", 7 - sum(box.span for box in more))
    return Row(11, (Box("送货方式", method, 5), wish, *more))


_CONFIRMED = (
    ("序号", 12), ("货号", 28), ("名称", 38), ("款号", 24), ("颜色", 16), ("尺码", 14), ("单位", 12), ("数量", 18),
    ("单价", 22), ("折扣率", 15), ("不含税金额", 25), ("税额", 22), ("价税合计", 26),
)  # fmt: skip
_FIGURES = (
    "序号", "数量", "单价", "折扣率", "不含税金额", "税额", "价税合计", "应拣数量", "库存", "发货金额", "收款金额",
    "余额", "逾期天数", "未付金额",
)  # fmt: skip


def _percent(rate: Decimal | None) -> str:
    return f"{(rate * 100).normalize():f}%" if rate else ""


def _confirmed_line(place: int, line: OrderLine) -> list[str]:
    return [
        str(place), *_of_product(line, "product_no", "name", "model", "colour", "size", "unit"),
        shown(line, "quantity"), shown(line, "price"), _percent(line.discount),
        *(shown(line, name) for name in ("net", "tax", "gross")),
    ]  # fmt: skip


@form("order_confirmation", ORDERS, _l("Order confirmation"), needs=(LINES,))
def order_confirmation(order: Order, asked: Mapping[str, str]) -> Form:
    """订单确认单, on A4 across: what was ordered at what price, to be signed by both sides."""
    rows = [_confirmed_line(place, line) for place, line in enumerate(_lines(order), 1)]
    amounts = [shown(order, name) for name in ("net", "tax", "gross")]
    sums = ["", "合计", "", "", "", "", "", shown(order, "quantity"), "", "", *amounts]
    total = order.gross + (order.freight or NOUGHT)
    deposit = shown(order, "deposit") or "无"
    return _sheet("order_confirmation", "订单确认单", order, (
        Row(11, (Box("订 单 号", order.order_no, 7), Box("下单日期", day(order.placed_at), 5))),
        Row(11, (Box("客　　户", order.customer.name if order.customer else "", 9),
                 Box("付款方式", choice(order, "payment_type"), 3))),
        *_consignee_rows(order, shown(order, "phone")),
        _delivery_row(order, Box("承诺日期", day(order.promised_at), 3)),
        Table(columns(_CONFIRMED, _FIGURES), [*rows, sums], height=7),
        Row(11, (Box("价税合计", figures(order.gross), 3), Box("运　　费", figures(order.freight or NOUGHT), 3),
                 Box("应付总额", figures(total), 3), Box("约定定金", deposit, 3))),
        Row(11, (Box("金额大写", _capitals(total), 6), Box("已　　付", figures(order.paid), 3),
                 Box("尚　　欠", figures(order.owed), 3))),
        Row(20, (Box("客户签章", "", 6), Box("供方签章", "", 6))),
        Row(11, (Box("日　　期", "", 6), Box("日　　期", "", 6))),
    ), landscape=True, **_about(order))  # fmt: skip


_PICKED = (
    ("序号", 13), ("货号", 28), ("名称", 33), ("款号", 24), ("颜色", 16), ("尺码", 14), ("单位", 11), ("应拣数量", 20),
    ("库存", 18), ("已拣", 12),
)  # fmt: skip


def _in_shelf_order(line: OrderLine) -> tuple[Any, ...]:
    """By model, colour and size; numbers in words by their size, so that 38 comes before 110."""
    product = line.product
    words = (product.model, product.colour, product.size, product.product_no) if product else ()
    parts = (re.split(r"(\d+)", word or "") for word in words)
    return tuple(tuple((int(part), "") if part.isdecimal() else (-1, part) for part in one) for one in parts)


def _picked_line(place: int, line: OrderLine) -> list[str]:
    return [str(place), *_of_product(line, *_GOODS), shown(line, "quantity"), *_of_product(line, "stock"), UNTICKED]


@form("pick_list", ORDERS, _l("Pick list"), needs=(LINES,))
def pick_list(order: Order, asked: Mapping[str, str]) -> Form:
    """备货单: the goods in the order of the shelves, without a price; services are not picked.

    The warehouse keeper's signature with its time ends all changing of the order (M2 二 3).
    """
    goods = sorted((line for line in _lines(order) if not (line.product and line.product.service)), key=_in_shelf_order)
    keeper = prints.signed(session_of(order), order, "hand_over") if order.handed_over_at else None
    rows = [_picked_line(place, line) for place, line in enumerate(goods, 1)]
    at = f"{day(order.handed_over_at)} {local(order.handed_over_at):%H:%M}" if order.handed_over_at else ""
    return _sheet("pick_list", "备货单", order, (
        Row(11, (Box("订 单 号", order.order_no, 7), Box("下单日期", day(order.placed_at), 5))),
        Row(11, (Box("拣 货 人", order.assignee.name if order.assignee else "", 7),
                 Box("承诺日期", day(order.promised_at), 5))),
        _delivery_row(order),
        Table(columns(_PICKED, _FIGURES), rows, height=7),
        Row(11, (Box("拣货签名", "", 6), Box("复核签名", "", 6))),
        Row(15, (Box("库管签收", keeper.name if keeper else "", 6), Box("交库时间", at, 6))),
    ), notes=("库管签收后，收货信息、送货方式和商品均不再修改。",), **_about(order))  # fmt: skip


_DELIVERED = (
    ("序号", 12), ("货号", 30), ("名称", 44), ("款号", 24), ("颜色", 16), ("尺码", 14), ("单位", 12), ("数量", 20),
)  # fmt: skip
_GOODS = ("product_no", "name", "model", "colour", "size", "unit")
_PRICED = (("单价", 22), ("价税合计", 26))


def _phone_in_full(order: Order, asked: Mapping[str, str]) -> str:
    """The number the courier calls, on record; for those without the right in part."""
    if not order.phone or asked.get("blank") or not access.current().may("reveal", ORDERS):
        return shown(order, "phone")
    revealed(session_of(order), order, fields_of(Order)["phone"])
    return order.phone


@form("delivery_note", ORDERS, _l("Delivery note"), needs=(LINES,))
def delivery_note(order: Order, asked: Mapping[str, str]) -> Form:
    """送货单: goes with the goods; states prices only where the house wants it, and what the courier collects."""
    priced = rules.flag(session_of(order), prints.DELIVERY_NOTE_PRICES, None)
    heads = (*_DELIVERED, *_PRICED) if priced else _DELIVERED
    rows = [
        [str(place), *_of_product(line, *_GOODS), shown(line, "quantity")]
        + ([shown(line, "price"), shown(line, "gross")] if priced else [])
        for place, line in enumerate(_lines(order), 1)
    ]
    head = Row(11, (Box("订 单 号", order.order_no, 7), Box("发货日期", day(order.shipped_at), 5)))
    table = Table(columns(heads, _FIGURES), rows, height=7)
    return _going_out("delivery_note", order, order, head, table, asked)


@form("parcel_note", Shipment.kind_name, _l("Delivery note"), needs=(ORDERS, LINES, ShipmentLine.kind_name))
def parcel_note(shipment: Shipment, asked: Mapping[str, str]) -> Form:
    """送货单 of one parcel: what is in it, where an order goes in several; never with prices."""
    order = shipment.order
    rows = [
        [str(place), *_of_product(line.order_line, *_GOODS), shown(line, "quantity")]
        for place, line in enumerate(shipment.shipment_lines, 1)
    ]
    head = Row(11, (Box("订 单 号", order.order_no, 5), Box("发货单号", shipment.shipment_no, 4),
                    Box("发货日期", day(shipment.shipped_at), 3)))  # fmt: skip
    table = Table(columns(_DELIVERED, _FIGURES), rows, height=7)
    return _going_out("parcel_note", order, shipment, head, table, asked)


def _going_out(name: str, order: Order, sent: Order | Shipment, head: Row, table: Table,
               asked: Mapping[str, str]) -> Form:  # fmt: skip
    """The paper that goes with goods of an order, all of them or one parcel."""
    lines = sent.shipment_lines if isinstance(sent, Shipment) else order.order_lines
    pieces = plainly(sum((line.quantity for line in lines), Decimal(0)))
    return _sheet(name, "送货单", order, (
        head,
        *_consignee_rows(order, _phone_in_full(order, asked)),
        _delivery_row(order),
        Row(11, (Box("承 运 人", sent.carrier or "", 5), Box("运 单 号", sent.waybill or "", 7))),
        table,
        Row(11, (Box("货物数量", pieces, 6), Box("包裹件数", "", 6))),
        *_collected(order),
        Row(24, (Box("备　　注", ""),)),
        Row(15, (Box("收货签名", "", 7), Box("签收日期", "", 5))),
    ), **_about(order))  # fmt: skip


def _collected(order: Order) -> tuple[Row, ...]:
    """What is to be collected at the door: what is still owed, freight included."""
    if order.payment_type != "cash_on_delivery":
        return ()
    due = max(order.owed, NOUGHT)
    return (Row(15, (Box("代收货款", figures(due), 4), Box("金额大写", _capitals(due), 8))),)


_ACCOUNT = (
    ("日期", 29), ("摘要", 23), ("单据号", 38), ("收款凭证号", 34), ("发货金额", 27), ("收款金额", 27), ("余额", 29),
)  # fmt: skip
_CONFIRMING = f"{UNTICKED} 核对无误　　{UNTICKED} 不符，差异说明："
_OVERDUE = (("逾期订单", 50), ("应付日期", 36), ("逾期天数", 24), ("未付金额", 36))


def _period(asked: Mapping[str, str]) -> tuple[date, date]:
    """`from` and `to` of the address; else this year up to today. Raises `Refused` for what is none."""
    try:
        last = parse_date(asked["to"]) if asked.get("to") else today()
        first = parse_date(asked["from"]) if asked.get("from") else last.replace(month=1, day=1)
    except ValueError as error:
        raise Refused(str(error)) from None
    if first > last:
        raise Refused(_("The period ends before it begins; please choose other days."))
    return first, last


def _account_line(entry: Entry) -> list[str]:
    one, on = entry.of, f"{entry.on:%Y-%m-%d}"
    if isinstance(one, Charge):
        return [on, "发货", one.order_no, "", figures(one.amount), "", figures(entry.balance)]
    what = "收款" if one.amount > 0 else "退款"
    return [on, what, one.order_no, one.reference, "", figures(one.amount), figures(entry.balance)]


def _overdue_part(statement: Statement) -> Row | Table:
    if not statement.overdue:
        return Row(11, (Box("逾期未付", "无"),))
    rows = [[one.order_no, f"{one.due_on:%Y-%m-%d}", str(one.days), figures(one.open)] for one in statement.overdue]
    total = ["逾期合计", "", "", figures(sum((one.open for one in statement.overdue), NOUGHT))]
    return Table(columns(_OVERDUE, _FIGURES), [*rows, total], height=7)


@form("statement_of_account", CUSTOMERS, _l("Statement of account"), needs=(ORDERS, PAYMENTS))
def statement_of_account(customer: Customer, asked: Mapping[str, str]) -> Form:
    """对账单 of a period (`from`, `to`; else this year up to today), for the customer to confirm."""
    first, last = _period(asked)
    statement = statement_of(session_of(customer), customer, first, last)
    rows = [
        [f"{first:%Y-%m-%d}", "期初余额", "", "", "", "", figures(statement.opening)],
        *(_account_line(entry) for entry in statement.entries),
        [
            f"{last:%Y-%m-%d}", "期末余额", "", "", figures(statement.charged), figures(statement.paid),
            figures(statement.closing),
        ],
    ]  # fmt: skip
    span = f"{first:%Y-%m-%d}至{last:%Y-%m-%d}"
    return _sheet("statement_of_account", "对账单", customer, (
        Row(11, (Box("客　　户", customer.name, 8), Box("客户编号", customer.customer_no, 4))),
        Row(11, (Box("对账期间", span, 8), Box("币　　种", "人民币元", 4))),
        Table(columns(_ACCOUNT, _FIGURES), rows, height=7),
        Row(11, (Box("期末余额", figures(statement.closing), 4), Box("金额大写", _capitals(statement.closing), 8))),
        _overdue_part(statement),
        Row(24, (Box("客户确认", _CONFIRMING, blank=_CONFIRMING),)),
        Row(15, (Box("客户签章", "", 4), Box("供方签章", "", 4), Box("日　　期", "", 4))),
    ), subject=f"{customer.customer_no}　{span}", period=(first, last),
        notes=("余额为正，是客户应付我方的金额；为负，是客户预付或多付的金额。发货金额含税和运费。",))  # fmt: skip
