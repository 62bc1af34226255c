"""Order summary: how much was ordered, by month, customer, product and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, String, case, func, select, type_coerce
from sqlalchemy.orm import Session

from app.engine.columns import Column
from app.engine.frames import Counted, Rows, frame, report
from app.engine.periods import Period, ends
from app.engine.spans import part_of
from models.customers import Customer
from models.order_lines import OrderLine
from models.orders import PAYMENT_TYPES, Order
from models.people import Person
from models.products import Product

GROUPS = ("month", "status", "payment_type", "customer", "product", "salesperson", "region")
#: What is summed up of an order or a line.
AMOUNTS = ("quantity", "net", "tax", "gross")


@report(
    "order_summary",
    _l("Order summary"),
    [
        Column("month", _l("Month"), "text"),
        Column("status", _l("State"), "text"),
        Column("payment_type", _l("Payment type"), "text"),
        Column("customer", _l("Customer"), "text"),
        Column("customer_name", _l("Name of the customer"), "text"),
        Column("product", _l("Product"), "text"),
        Column("product_name", _l("Name of the product"), "text"),
        Column("salesperson", _l("Salesperson"), "text"),
        Column("region", _l("Region"), "text"),
        Column("orders", _l("Orders"), "integer", total=True),
        Column("quantity", _l("Quantity"), "quantity", total=True),
        Column("net", _l("Net"), "money", total=True),
        Column("tax", _l("Tax"), "money", total=True),
        Column("gross", _l("Gross"), "money", total=True),
        Column("cancelled", _l("Cancelled"), "integer", total=True),
        Column("cancelled_net", _l("Cancelled, net"), "money", total=True),
    ],
    basis=_l("By the month of placing; every order placed counts, whatever became of it. Freight is apart."),
    groups=GROUPS,
    chart="net",
    labels={"status": Order.flow.state_labels, "payment_type": PAYMENT_TYPES},
)
def order_summary(session: Session, period: Period, by: list[str]) -> Counted:
    """Orders placed in the period: how many, how much, and how much of it was cancelled.

    Behind an amount stands an order with what it adds, line by line where products are told apart.
    """
    names = {"customer": "customer_name", "product": "product_name"}
    keys = [key for name in by for key in (name, names.get(name)) if key]
    lines = _lines(session, period, keys)
    given = lines.subquery().c
    sums = [func.sum(given[name]).label(name) for name in AMOUNTS]
    sums.append(func.coalesce(func.sum(given.cancelled_net), Decimal(0)).label("cancelled_net"))
    counted = {"orders": given.id, "cancelled": case((given.cancelled == 1, given.id))}
    if "product" in by:  # an order has as many lines as goods
        counted = {name: of.distinct() for name, of in counted.items()}
    counts = [func.count(of).label(name) for name, of in counted.items()]
    groups = [given[key] for key in keys]
    table = frame(session, select(*groups, *counts, *sums).group_by(*groups))
    opens = {"orders": "", "cancelled": "cancelled", **{name: name for name in (*AMOUNTS, "cancelled_net")}}
    table = table.sort_values(keys, ignore_index=True)
    return Counted(table, [Rows(Order, lines, opens, once=("orders", "cancelled"))])


def _lines(session: Session, period: Period, keys: Sequence[str]) -> Select[Any]:
    """What is summed up: one row an order, or one a line; an order without lines has one row with its total.

    Only what `keys` name is looked up: no database leaves out a join that a sum has no use for.
    """
    about: dict[str, Any] = {
        "status": Order.state, "payment_type": Order.payment_type, "region": Order.region,
        "customer": Customer.customer_no, "customer_name": Customer.name, "salesperson": Person.name,
        "product": Product.product_no, "product_name": Product.name,
    }  # fmt: skip
    if "month" in keys:
        about["month"] = part_of("month", Order.placed_at, *ends(session, Order.placed_at, period))
    amounts = {name: getattr(Order, name) for name in AMOUNTS}
    by_line = "product" in keys
    if by_line:
        amounts = {
            name: case((OrderLine.id.is_(None), of), else_=getattr(OrderLine, name)) for name, of in amounts.items()
        }
    cancelled = Order.state == "cancelled"
    query = select(
        Order.id.label("id"),
        Order.placed_at.label("at"),
        *(func.coalesce(type_coerce(about[name], String), "").label(name) for name in keys),
        *(of.label(name) for name, of in amounts.items()),
        case((cancelled, 1), else_=0).label("cancelled"),
        case((cancelled, amounts["net"])).label("cancelled_net"),
    ).select_from(Order)
    if "customer" in keys:
        query = query.join(Customer, Order.customer_id == Customer.id, isouter=True)
    if "salesperson" in keys:
        query = query.join(Person, Order.salesperson_id == Person.id, isouter=True)
    if by_line:
        query = query.join(OrderLine, OrderLine.order_id == Order.id, isouter=True)
        query = query.join(Product, OrderLine.product_id == Product.id, isouter=True)
    return period.holds(query.where(Order.state != "draft"), Order.placed_at)
