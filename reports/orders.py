"""Order summary: how much was ordered, by month, customer, product and the rest."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, select
from sqlalchemy.orm import Session

from app.engine.columns import Column
from app.engine.frames import Counted, Period, Rows, frame, month_of, report
from models.customers import Customer
from models.order_lines import OrderLine
from models.orders import PAYMENT_TYPES, Order
from models.people import Person
from models.products import Product

GROUPS = ("month", "status", "payment_type", "customer", "product", "salesperson", "region")
#: Decimal places of the summed columns: they are added as whole numbers of the smallest unit.
PLACES = {"quantity": 3, "net": 2, "tax": 2, "gross": 2, "cancelled_net": 2}


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
    query = _by_line(period) if "product" in by else _by_order(period)
    table = frame(session, query)
    table["month"] = month_of(table["at"])
    names = {"customer": "customer_name", "product": "product_name"}
    keys = [key for name in by for key in (name, names.get(name)) if key]
    table[keys] = table[keys].fillna("")
    is_cancelled = (table["status"] == "cancelled").astype(bool)
    lines = table.assign(cancelled=is_cancelled, cancelled_net=table["net"].where(is_cancelled))
    for name, places in PLACES.items():
        if name != "cancelled_net":
            table[name] = [int((value or Decimal(0)).scaleb(places)) for value in table[name]]
    table["cancelled_net"] = table["net"].where(is_cancelled, 0)
    table["cancelled"] = table["id"].where(is_cancelled)
    groups = table.groupby(keys, sort=True)
    figures = groups[list(PLACES)].sum().astype(object)
    for name, places in PLACES.items():
        figures[name] = [Decimal(int(value)).scaleb(-places) for value in figures[name]]  # type: ignore[assignment]
    figures["orders"] = groups["id"].nunique()
    figures["cancelled"] = groups["cancelled"].nunique()
    opens = {"orders": "", "cancelled": "cancelled", **{name: name for name in PLACES}}
    return Counted(figures.reset_index(), [Rows(Order, lines, opens, once=("orders", "cancelled"))])


_ABOUT = (
    Order.id.label("id"),
    Order.placed_at.label("at"),
    Order.state.label("status"),
    Order.payment_type.label("payment_type"),
    Order.region.label("region"),
    Customer.customer_no.label("customer"),
    Customer.name.label("customer_name"),
    Person.name.label("salesperson"),
)


def _joined(query, period: Period):
    query = query.join(Customer, Order.customer_id == Customer.id, isouter=True)
    query = query.join(Person, Order.salesperson_id == Person.id, isouter=True)
    return period.holds(query.where(Order.state != "draft"), Order.placed_at)


def _by_order(period: Period):
    amounts = (getattr(Order, name).label(name) for name in ("quantity", "net", "tax", "gross"))
    return _joined(select(*_ABOUT, *amounts).select_from(Order), period)


def _by_line(period: Period):
    """One row a line; an order without lines has one row with its total and no product."""
    amounts = (
        case((OrderLine.id.is_(None), getattr(Order, name)), else_=getattr(OrderLine, name)).label(name)
        for name in ("quantity", "net", "tax", "gross")
    )
    about = (Product.product_no.label("product"), Product.name.label("product_name"))
    query = select(*_ABOUT, *about, *amounts).select_from(Order)
    query = query.join(OrderLine, OrderLine.order_id == Order.id, isouter=True)
    return _joined(query.join(Product, OrderLine.product_id == Product.id, isouter=True), period)
