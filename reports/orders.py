"""Order summary: how much was ordered, by month, customer, product and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, String, case, func, select, type_coerce
from sqlalchemy.orm import Session

from app.engine.columns import Column
from app.engine.database import scanned
from app.engine.frames import Counted, Rows, frame, report
from app.engine.periods import Period, ends
from app.engine.spans import part_of
from models.customers import Customer
from models.order_lines import OrderLine
from models.orders import PAYMENT_TYPES, Order
from models.people import Person, told_apart
from models.products import Product

GROUPS = ("month", "status", "payment_type", "customer", "product", "salesperson", "region")


class Named(NamedTuple):
    """A record a line speaks of: where its key stands, and the columns of the report that name it."""

    model: Any
    key: Any
    attributes: Sequence[str]
    columns: Sequence[str]

    @property
    def words(self) -> list[Any]:
        """What it is called, empty where the reader may not see it."""
        pairs = zip(self.columns, self.attributes, strict=True)
        return [func.coalesce(getattr(self.model, of), "").label(name) for name, of in pairs]


NAMED = {
    "customer": Named(Customer, Order.customer_id, ("customer_no", "name"), ("customer", "customer_name")),
    "product": Named(Product, OrderLine.product_id, ("product_no", "name"), ("product", "product_name")),
}
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
        Column("orders", _l("Orders"), "integer", total=True, repeats_by="product"),
        Column("quantity", _l("Quantity"), "quantity", total=True),
        Column("net", _l("Net"), "money", total=True),
        Column("tax", _l("Tax"), "money", total=True),
        Column("gross", _l("Gross"), "money", total=True),
        Column("cancelled", _l("Cancelled"), "integer", total=True, repeats_by="product"),
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
    keys = [key for name in by for key in (name, *(NAMED[name].columns[1:] if name in NAMED else ()))]
    within = ends(session, Order.placed_at, period) if "month" in by else (None, None)
    lines = _lines(period, keys, within)
    table = frame(session, _named(_summed(_lines(period, by, within, named=False), by), by))
    if table.duplicated(keys).any():  # whatever has no name this reader may see is one group
        table = frame(session, _summed(lines, keys))
    opens = {"orders": "", "cancelled": "cancelled", **{name: name for name in (*AMOUNTS, "cancelled_net")}}
    table = table.sort_values(keys, ignore_index=True)
    return Counted(table, [Rows(Order, lines, opens, once=("orders", "cancelled"))])


def _summed(lines: Select[Any], keys: Sequence[str]) -> Select[Any]:
    """The figures of each group of lines."""
    given = lines.subquery().c
    sums = [func.sum(given[name]).label(name) for name in AMOUNTS]
    sums.append(func.coalesce(func.sum(given.cancelled_net), Decimal(0)).label("cancelled_net"))
    counted = {"orders": given.id, "cancelled": case((given.cancelled == 1, given.id))}
    if "product" in keys:  # an order has as many lines as goods
        counted = {name: of.distinct() for name, of in counted.items()}
    counts = [func.count(of).label(name) for name, of in counted.items()]
    groups = [given[key] for key in keys]
    return select(*groups, *counts, *sums).group_by(*groups)


def _named(summed: Select[Any], by: Sequence[str]) -> Select[Any]:
    """The figures with numbers and names for the keys of customers and products: keys are quicker to group by."""
    given = summed.subquery()
    known = {name: of for name, of in NAMED.items() if name in by}
    told = [one for name, column in given.c.items() for one in (known[name].words if name in known else [column])]
    query = select(*told).select_from(given)
    for name, of in known.items():
        # The session's join: it keeps a group whose customer the reader may not see, and leaves out the name alone.
        query = query.join(of.model, given.c[name] == of.model.id, isouter=True)
    return query


def _lines(
    period: Period, keys: Sequence[str], within: tuple[datetime | None, datetime | None], *, named: bool = True
) -> Select[Any]:
    """What is summed up: one row an order, or one a line; an order without lines has one row with its total.

    Only what `keys` name is looked up: no database leaves out a join that a sum has no use for. Customers and products
    stand there by number and name, or by key. `within`: the first and the last moment, between which months are told.
    """
    about: dict[str, Any] = {
        "month": part_of("month", Order.placed_at, *within), "status": Order.state, "payment_type": Order.payment_type,
        "region": Order.region, "salesperson": told_apart(),
    }  # fmt: skip
    words: dict[str, Any] = {name: func.coalesce(type_coerce(of, String), "") for name, of in about.items()}
    for name, of in NAMED.items():
        words |= {one.name: one for one in of.words} if named else {name: scanned(of.key)}
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
        *(words[name].label(name) for name in keys),
        *(of.label(name) for name, of in amounts.items()),
        case((cancelled, 1), else_=0).label("cancelled"),
        case((cancelled, amounts["net"])).label("cancelled_net"),
    ).select_from(Order)
    if "salesperson" in keys:
        query = query.join(Person, Order.salesperson_id == Person.id, isouter=True)
    if by_line:
        query = query.join(OrderLine, OrderLine.order_id == Order.id, isouter=True)
    for name, of in NAMED.items():
        if named and name in keys:
            query = query.join(of.model, of.key == of.model.id, isouter=True)
    return period.holds(query.where(Order.state != "draft"), Order.placed_at)
