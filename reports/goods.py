"""Goods and buyers 产品与客户: what sells and how long it lasts, who buys and who fell silent, what is earned on it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from app.engine.columns import Column
from app.engine.database import among_keys, scanned
from app.engine.disclosure import known_fields
from app.engine.frames import Counted, Rows, frame, report
from app.engine.moments import local, now, today
from app.engine.money import rounded
from app.engine.periods import Period, ends
from app.engine.spans import part_of
from models.customers import Customer
from models.order_lines import OrderLine
from models.orders import Order
from models.products import Product
from models.shipments import Shipment, ShipmentLine
from reports.counting import share

#: Orders that came to nothing are no sales.
LEFT_OUT = ("draft", "cancelled", "closed", "invalid")
#: Days of shipping by which stock is measured, and days of a customer's year (tickets-orders.md 7.2).
SHIPPED_DAYS, YEAR = 28, 365


def _sold(period: Period, *columns: Any) -> Select[Any]:
    """`columns` of the lines of the orders placed in a period that count."""
    query = select(*columns).select_from(OrderLine).join(Order, OrderLine.order_id == Order.id)
    return period.holds(query.where(Order.state.not_in(LEFT_OUT)), Order.placed_at)


def _before(period: Period) -> Period | None:
    """As many days just before a period that has two ends."""
    if period.first is None or period.last is None:
        return None
    days = period.last - period.first + timedelta(days=1)
    return Period(period.first - days, period.first - timedelta(days=1)) if period.first - date.min > days else None


@report(
    "product_sales",
    _l("Sales and stock of products"),
    [
        Column("product", _l("Product"), "text"),
        Column("product_name", _l("Name of the product"), "text"),
        Column("quantity", _l("Quantity"), "quantity", total=True),
        Column("net", _l("Net"), "money", total=True),
        Column("share", _l("Share of all net"), "percent"),
        Column("net_before", _l("Net of as many days before"), "money", total=True),
        Column("growth", _l("Growth"), "percent"),
        Column("available", _l("Available now"), "quantity"),
        Column("shipped", _l("Shipped in 28 days"), "quantity", total=True),
        Column("days_of_stock", _l("Days of stock"), "quantity"),
    ],
    basis=_l(
        "Lines of orders placed in the period, without cancelled, closed and invalid ones; net without freight. Growth "
        "is against as many days just before, where the period has two ends. Stock is what is available now over what "
        "was shipped a day in the last 28 days."
    ),
    chart="net",
)
def product_sales(session: Session, period: Period) -> Counted:
    """One row a product sold in the period, by number: quantity, net, share, growth, stock and how long it lasts.

    Behind sums stand the lines of orders and of shipments; behind growth and stock stands nothing.
    """
    sums = (func.sum(OrderLine.quantity).label("quantity"), func.sum(OrderLine.net).label("net"))
    sold = {row.product_id: row for row in session.execute(_by_product(period, *sums))}
    before = _before(period)
    past = {row.product_id: row.net for row in session.execute(_by_product(before, sums[1]))} if before else {}
    shipped = {row.product_id: row.quantity for row in session.execute(_shipped())}
    about = select(
        Product.id, Product.product_no.label("product"), Product.name.label("product_name"),
        Product.stock.label("stock"), Product.reserved.label("reserved"),
    ).where(among_keys(Product.id, sold))  # fmt: skip
    table = frame(session, about.order_by(Product.product_no))
    keys = list(table.pop("id"))
    stock, reserved = table.pop("stock"), table.pop("reserved")
    available = [None if one is None else one - (held or 0) for one, held in zip(stock, reserved, strict=True)]
    table["quantity"] = [sold[key].quantity for key in keys]
    table["net"] = [sold[key].net for key in keys]
    table["share"] = share(table["net"], sum(table["net"], Decimal(0)))
    table["net_before"] = pd.Series([past.get(key) for key in keys], dtype=object)
    table["growth"] = share(table["net"].astype(float) - table["net_before"].astype(float), table["net_before"])
    table["available"] = pd.Series(available, dtype=object)
    table["shipped"] = [shipped.get(key, Decimal(0)) for key in keys]
    lasts = [
        round(left * SHIPPED_DAYS / shipped[key], 1) if left is not None and shipped.get(key) else None
        for key, left in zip(keys, available, strict=True)
    ]
    table["days_of_stock"] = pd.Series(lasts, dtype=object)
    opens = {"quantity": "quantity", "net": "net", "share": "net"}
    rows = [Rows(OrderLine, _lines_of(period), opens), Rows(ShipmentLine, _shipped_lines(), {"shipped": "quantity"})]
    return Counted(table, rows + ([Rows(OrderLine, _lines_of(before), {"net_before": "net"})] if before else []))


def _lines_of(period: Period) -> Select[Any]:
    query = _sold(period, OrderLine.id, Order.placed_at.label("at"), Product.product_no.label("product"),
                  OrderLine.quantity, OrderLine.net)  # fmt: skip
    return query.join(Product, OrderLine.product_id == Product.id)


def _by_product(period: Period, *sums: Any) -> Select[Any]:
    key = scanned(OrderLine.product_id)
    return _sold(period, key.label("product_id"), *sums).group_by(key)


def _shipped() -> Select[Any]:
    """Pieces shipped of each product in the last 28 days."""
    sums = func.sum(ShipmentLine.quantity).label("quantity")
    key = scanned(OrderLine.product_id)
    return _sent(key.label("product_id"), sums).group_by(key)


def _shipped_lines() -> Select[Any]:
    query = _sent(ShipmentLine.id, Shipment.shipped_at.label("at"), Product.product_no.label("product"),
                  ShipmentLine.quantity)  # fmt: skip
    return query.join(Product, OrderLine.product_id == Product.id)


def _sent(*columns: Any) -> Select[Any]:
    """`columns` of the lines of the parcels of the last 28 days."""
    return (
        select(*columns)
        .select_from(ShipmentLine)
        .join(Shipment, ShipmentLine.shipment_id == Shipment.id)
        .join(OrderLine, ShipmentLine.order_line_id == OrderLine.id)
        .where(Shipment.shipped_at >= now() - timedelta(days=SHIPPED_DAYS), Shipment.shipped_at <= now())
    )


_BOUGHT = [
    Column("rank", _l("Rank"), "integer"),
    Column("customer", _l("Customer"), "text"),
    Column("customer_name", _l("Name of the customer"), "text"),
    Column("first_order", _l("First order"), "date"),
    Column("last_order", _l("Last order"), "date"),
    Column("orders", _l("Orders"), "integer", total=True),
    Column("orders_in_year", _l("Orders in twelve months"), "integer", total=True),
    Column("gross_in_year", _l("Gross of twelve months"), "money", total=True),
    Column("share", _l("Share of all"), "percent"),
    Column("share_so_far", _l("Share of these and all above"), "percent"),
    Column("silent_days", _l("Days since the last order"), "integer"),
]


@report(
    "customer_sales",
    _l("What customers buy"),
    _BOUGHT,
    basis=_l(
        "Orders placed until the last day of the period (today), without cancelled, closed and invalid ones, freight "
        "apart; twelve months are the 365 days until then. The first day of the period is of no account."
    ),
    chart="gross_in_year",
)
def customer_sales(session: Session, period: Period) -> Counted:
    """One row a customer who ever ordered, the largest of the last twelve months first; shares run up to 1."""
    last = period.last or today()
    of_year = Period(last - timedelta(days=YEAR - 1), last)
    ever = (
        select(
            Customer.customer_no.label("customer"), Customer.name.label("customer_name"), Order.customer_id,
            func.min(Order.placed_at).label("first"), func.max(Order.placed_at).label("last"),
            func.count().label("orders"),
        )
        .select_from(Order)
        .join(Customer, Order.customer_id == Customer.id)
        .where(Order.state.not_in(LEFT_OUT))
        .group_by(Customer.customer_no, Customer.name, Order.customer_id)
    )  # fmt: skip
    year = select(Order.customer_id, func.count().label("orders"), func.sum(Order.gross).label("gross")).where(
        Order.state.not_in(LEFT_OUT)
    )
    bought = {
        row.customer_id: row
        for row in session.execute(of_year.holds(year, Order.placed_at).group_by(Order.customer_id))
    }
    rows = []
    for row in session.execute(Period(None, last).holds(ever, Order.placed_at)):
        lately = bought.get(row.customer_id)
        rows.append(
            {
                "customer": row.customer, "customer_name": row.customer_name, "first_order": local(row.first).date(),
                "last_order": local(row.last).date(), "orders": row.orders,
                "orders_in_year": lately.orders if lately else 0,
                "gross_in_year": lately.gross if lately else Decimal(0),
                "silent_days": (last - local(row.last).date()).days,
            }
        )  # fmt: skip
    rows.sort(key=lambda one: (-one["gross_in_year"], one["customer"]))
    table = pd.DataFrame(rows, columns=[column.name for column in _BOUGHT])
    table["rank"] = range(1, len(rows) + 1)
    gross, whole = table["gross_in_year"], sum(table["gross_in_year"], Decimal(0))
    table["share"] = share(gross, whole)
    table["share_so_far"] = share(pd.Series(accumulate(gross), dtype=object), whole)
    columns = Order.id, Order.placed_at.label("at"), Customer.customer_no.label("customer"), Order.gross
    lines = select(*columns).join(Customer, Order.customer_id == Customer.id).where(Order.state.not_in(LEFT_OUT))
    opens = {"orders_in_year": "", "gross_in_year": "gross", "share": "gross"}
    return Counted(table, [
        Rows(Order, Period(None, last).holds(lines, Order.placed_at), {"orders": ""}),
        Rows(Order, of_year.holds(lines, Order.placed_at), opens),
    ])  # fmt: skip


@report(
    "margin",
    _l("Margin"),
    [
        Column("month", _l("Month"), "text"),
        Column("product", _l("Product"), "text"),
        Column("customer", _l("Customer"), "text"),
        Column("lines", _l("Order lines"), "integer", total=True),
        Column("without_cost", _l("Of these without a cost"), "integer", total=True),
        Column("net", _l("Net of lines with a cost"), "money", total=True),
        Column("cost", _l("Cost of these"), "money", total=True),
        Column("margin", _l("Margin"), "money", total=True),
        Column("margin_share", _l("Margin over net"), "percent"),
    ],
    basis=_l(
        "Lines of orders placed in the period, without cancelled, closed and invalid ones. Cost is the standard cost "
        "that stands with the product now; lines without one are counted and left out. Cost and margin are shown to "
        "those who may see the cost of products."
    ),
    groups=("month", "product", "customer"),
    chart="net",
)
def margin(session: Session, period: Period, by: list[str]) -> Counted:
    """One row a month, product or customer: lines, net of those with a cost, their cost, what is left and its share.

    Cost and margin are rounded once a product and open the lines they were taken from.
    """
    keys = {
        "month": part_of("month", Order.placed_at, *ends(session, Order.placed_at, period)),
        "product": Product.product_no,
        "customer": Customer.customer_no,
    }
    each = _sold(
        period, OrderLine.id, Order.placed_at.label("at"), *(keys[name].label(name) for name in by),
        Product.cost.label("price"), OrderLine.quantity.label("quantity"), OrderLine.net.label("net"),
    )  # fmt: skip
    each = each.join(Product, OrderLine.product_id == Product.id).join(Customer, Order.customer_id == Customer.id)
    rows = each.subquery().c
    told = [rows[name] for name in (*by, "price")]
    sums = (func.sum(rows[name], type_=rows[name].type).label(name) for name in ("quantity", "net"))
    count = func.count().label("lines")
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in session.execute(select(*told, count, *sums).group_by(*told)):
        group = found.setdefault(tuple(row[: len(by)]), dict.fromkeys(("net", "cost"), Decimal(0)))
        group["lines"] = group.get("lines", 0) + row.lines
        group["without_cost"] = group.get("without_cost", 0) + (row.lines if row.price is None else 0)
        if row.price is not None:
            group["net"] += row.net
            group["cost"] += rounded(row.quantity * row.price)
    seen = "cost" in known_fields(Product)
    figures = ("lines", "without_cost", "net", *(("cost", "margin", "margin_share") if seen else ()))
    each_group = [(*key, *group.values()) for key, group in sorted(found.items())]
    table = pd.DataFrame(each_group, columns=[*by, "net", "cost", "lines", "without_cost"], dtype=object)
    table["margin"] = table["net"] - table["cost"]
    table["margin_share"] = share(table["margin"], table["net"])
    priced = rows.price.is_not(None)
    flags = (case((priced, 1), else_=0).label("with_cost"), case((priced, 0), else_=1).label("without_cost"))
    amount = case((priced, rows.net), else_=None).label("net")
    lines = select(rows.id, rows["at"], *(rows[name] for name in by), *flags, amount)
    opens = {"lines": "", "without_cost": "without_cost", "net": "net"}
    opens |= dict.fromkeys(("cost", "margin", "margin_share"), "with_cost")
    return Counted(table[[*by, *figures]], [Rows(OrderLine, lines, opens)])
