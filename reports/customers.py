"""Reports on customers: who looks after how many, hand-overs, doubles, bursts of exports, and changes in dealings."""

from __future__ import annotations

from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from app.engine import access, references
from app.engine.columns import Column
from app.engine.disclosure import known_fields, mask
from app.engine.fields import Field
from app.engine.frames import Counted, Rows, frame, report
from app.engine.history import HistoryEntry
from app.engine.periods import Period
from models import customer_doubles, customer_handovers, customer_watch
from models.customer_handovers import CustomerHandover, HandoverLine
from models.customers import Customer, CustomerContact
from models.grades import CustomerGrade
from models.order_lines import OrderLine
from models.orders import Order
from models.people import Person, told_apart
from models.prices import ProductPrice
from models.products import Product

#: kind -> the fields whose changes are dealings
DEALINGS: dict[Any, tuple[str, ...]] = {
    Customer: ("contact", "phone", "address", "grade", "credit_limit", "payment_days", "owner"),
    CustomerContact: ("name", "position", "phone", "email"),
    OrderLine: ("price", "discount"),
    Product: ("price",),
    ProductPrice: ("price", "valid_from", "valid_to", "grade"),
    CustomerGrade: ("discount", "payment_days", "credit_limit"),
}
#: Kinds whose first entry is a change, too: it makes a rule of prices that was not there.
RULES_OF_PRICES = (ProductPrice, CustomerGrade)


@report(
    "customers_by_owner",
    _l("Customers by who looks after them"),
    [
        Column("owner", _l("Looked after by"), "text"),
        Column("customers", _l("Number of customers"), "integer", total=True),
        Column("stopped", _l("Of these with dealings stopped"), "integer", total=True),
        Column("open_orders", _l("Open orders"), "integer", total=True),
        Column("owed", _l("Not paid yet of all orders"), "money", total=True),
    ],
    basis=_l(
        "As it stands now, whatever is shipped or not; what is due stands in the ageing of receivables. The empty line "
        "holds the customers nobody looks after."
    ),
    chart="customers",
    timeless=True,
)
def customers_by_owner(session: Session) -> Counted:
    """One row an owner: how many customers, open orders, and what is owed on all orders that count."""
    owner = func.coalesce(told_apart(), "").label("owner")
    stopped = case((Customer.state == "blocked", 1), else_=0).label("stopped")
    states = Order.flow.states.values()
    still_open = Order.state.not_in([state.name for state in states if state.final])
    freight = func.coalesce(Order.freight, 0, type_=Order.freight.type)
    owed = Order.gross + freight - Order.paid + Order.refunded
    customers = (
        select(Customer.id, owner, stopped)
        .select_from(Customer)
        .outerjoin(Person, Customer.owner_id == Person.id)
        .where(Customer.state != "merged")
    )
    orders = (
        select(Order.id, owner, case((still_open, 1), else_=0).label("open_orders"), owed.label("owed"))
        .select_from(Order)
        .join(Customer, Order.customer_id == Customer.id)
        .outerjoin(Person, Customer.owner_id == Person.id)
        .where(Order.state.in_([state.name for state in states if not state.uncounted]))
    )
    figures = {row.owner: row for row in session.execute(_by_owner(orders, "open_orders", "owed"))}
    table = frame(session, _by_owner(customers, "stopped").order_by("owner"))
    found = [figures.get(owner) for owner in table["owner"]]
    table["open_orders"] = [row.open_orders if row else 0 for row in found]
    table["owed"] = [row.owed if row else 0 for row in found]
    return Counted(table, [
        Rows(Customer, customers, {"customers": "", "stopped": "stopped"}),
        Rows(Order, orders, {"open_orders": "open_orders", "owed": "owed"}),
    ])  # fmt: skip


def _by_owner(lines: Any, *sums: str) -> Any:
    """How many `customers` (or other lines) each owner has, and what some of their columns come to."""
    rows = lines.subquery().c
    added = (func.sum(rows[name], type_=rows[name].type).label(name) for name in sums)
    return select(rows.owner, func.count().label("customers"), *added).group_by(rows.owner)


@report(
    "customer_handovers",
    _l("Hand-overs of customers"),
    [
        Column("handover", _l("Hand-over number"), "text"),
        Column("leaver", _l("Who leaves"), "text"),
        Column("state", _l("State"), "text"),
        Column("proposed_at", _l("Proposed at"), "moment"),
        Column("effective_on", _l("Takes effect on"), "date"),
        Column("customers", _l("Number of customers"), "integer", total=True),
        Column("unconfirmed", _l("Not confirmed yet"), "integer", total=True),
        Column("customers_moved", _l("Customers handed on"), "integer", total=True),
        Column("papers_moved", _l("Open papers handed on"), "integer", total=True),
        Column("owed", _l("Receivables"), "money", total=True),
    ],
    basis=_l("Hand-overs proposed in the period; receivables as they were counted when each receiver looked."),
    labels={"state": CustomerHandover.flow.state_labels},
)
def handovers(session: Session, period: Period) -> Counted:
    """One row a hand-over: what it holds, what is not confirmed, what has moved.

    Behind the first two and the receivables stand its lines; what has moved was written down then.
    """
    lines = (
        select(HandoverLine.handover_id, func.count().label("customers"), func.sum(HandoverLine.owed).label("owed"),
               func.sum(case((HandoverLine.state == "open", 1), else_=0)).label("unconfirmed"))
        .group_by(HandoverLine.handover_id)
        .subquery()
    )  # fmt: skip
    query = (
        select(
            CustomerHandover.handover_no.label("handover"), Person.name.label("leaver"), CustomerHandover.state,
            CustomerHandover.created_at.label("proposed_at"), CustomerHandover.effective_on,
            func.coalesce(lines.c.customers, 0).label("customers"),
            func.coalesce(lines.c.unconfirmed, 0).label("unconfirmed"),
            CustomerHandover.customers_moved, CustomerHandover.papers_moved, lines.c.owed,
        )
        .join(Person, CustomerHandover.leaver_id == Person.id)
        .outerjoin(lines, lines.c.handover_id == CustomerHandover.id)
        .order_by(CustomerHandover.id)
    )  # fmt: skip
    each = select(
        HandoverLine.id, CustomerHandover.handover_no.label("handover"), HandoverLine.owed,
        case((HandoverLine.state == "open", 1)).label("unconfirmed"),
    ).join(CustomerHandover, HandoverLine.handover_id == CustomerHandover.id)  # fmt: skip
    figures = {"customers": "", "unconfirmed": "unconfirmed", "owed": "owed"}
    return Counted(
        frame(session, period.holds(query, CustomerHandover.created_at)), [Rows(HandoverLine, each, figures)]
    )


@report(
    "customer_doubles",
    _l("Customers that may be the same"),
    [
        Column("common", _l("In common"), "text"),
        Column("customer", _l("Customer"), "text"),
        Column("name", _l("Name"), "text"),
        Column("owner", _l("Looked after by"), "text"),
        Column("other", _l("The other customer"), "text"),
        Column("other_name", _l("Name of the other"), "text"),
        Column("other_owner", _l("Who looks after the other"), "text"),
    ],
    basis=_l(
        "Same name without legal form and marks, same telephone, tax number or platform account; as it stands now."
    ),
    labels={"common": customer_doubles.IN_COMMON},
    timeless=True,
)
def doubles(session: Session) -> pd.DataFrame:
    """One row a pair of customers and what they have in common; only of customers the reader sees."""
    found = [
        (common, row.one, row.other)
        for common, query in customer_doubles.pairs().items()
        for row in session.execute(query)
    ]
    keys = {key for _common, *both in found for key in both}
    known: dict[int, Customer] = {}
    if keys:
        query = select(Customer).where(Customer.id.in_(keys)).options(*references.options(Customer, ["owner"]))
        known = {one.id: one for one in session.scalars(query)}
    rows = [
        (common, *_about(known[one]), *_about(known[other]))
        for common, one, other in sorted(found, key=lambda pair: pair[1:])
        if one in known and other in known
    ]
    names = ("common", "customer", "name", "owner", "other", "other_name", "other_owner")
    return pd.DataFrame(rows, columns=list(names))


def _about(customer: Customer) -> tuple[str, str, str]:
    return customer.customer_no, customer.name, customer.owner.name if customer.owner else ""


@report(
    "export_bursts",
    _l("Exports and looks at telephone numbers"),
    [
        Column("day", _l("Day"), "date"),
        Column("person", _l("Person"), "text"),
        Column("exports", _l("Number of exports"), "integer", total=True),
        Column("rows", _l("Rows taken out"), "integer", total=True),
        Column("reveals", _l("Telephone numbers looked at"), "integer", total=True),
        Column("burst", _l("Unusually many"), "bool"),
        Column("handover", _l("Hand-over under way"), "text"),
    ],
    basis=_l("Exports of customers, orders and payments, and protected values shown; by the day of the office."),
)
def export_bursts(session: Session, period: Period) -> pd.DataFrame:
    """One row a person and day; for the sales manager and those above alone. These deeds are no records that open."""
    names = ["day", "person", "exports", "rows", "reveals", "burst", "handover"]
    if not access.current().has(*customer_watch.WATCHERS):
        return pd.DataFrame([], columns=names)
    found = customer_watch.deeds(session, period.since, period.until)
    people = customer_watch.person_by_account(session, [one.actor_id for one in found])
    leaving = customer_handovers.leaving(session, [person.id for person in people.values()])
    limits = customer_watch.bounds(session)
    rows = []
    for one in found:
        person = people.get(one.actor_id)
        rows.append((one.day, person.name if person else one.name, one.exports, one.rows, one.reveals,
                     limits.passed_by(one), leaving.get(person.id, "") if person else ""))  # fmt: skip
    return pd.DataFrame(rows, columns=names)


@report(
    "dealing_changes",
    _l("Changes of prices, discounts and contacts"),
    [
        Column("at", _l("When"), "moment"),
        Column("who", _l("Who"), "text"),
        Column("kind", _l("Kind of record"), "text"),
        Column("record", _l("Record"), "text"),
        Column("field", _l("Field"), "text"),
        Column("before", _l("Value before"), "text"),
        Column("after", _l("Value after"), "text"),
        Column("reason", _l("Reason"), "text"),
    ],
    basis=_l(
        "Every change after a record was first entered, of dated prices and grades also what was entered first; of the "
        "records the reader sees, telephones masked."
    ),
)
def dealing_changes(session: Session, period: Period) -> pd.DataFrame:
    """One row a changed field, the latest first."""
    entry, actor = HistoryEntry, access.current()
    seen = access.behind(entry.kind, entry.record_id, actor, DEALINGS)
    if actor.everything:
        seen = entry.kind.in_([model.kind_name for model in DEALINGS])
    told = or_(entry.position > 1, entry.kind.in_([model.kind_name for model in RULES_OF_PRICES]))
    query = period.holds(select(entry).where(told, seen), entry.at).order_by(entry.at.desc(), entry.id.desc())
    names = ["at", "who", "kind", "record", "field", "before", "after", "reason"]
    return pd.DataFrame(_changes(session, list(session.scalars(query))), columns=names)


def _changes(session: Session, entries: list[HistoryEntry]) -> list[tuple[Any, ...]]:
    by_kind = {model.kind_name: model for model in DEALINGS}
    columns = {model: _columns(model) for model in DEALINGS}
    told = [
        (entry, by_kind[entry.kind], columns[by_kind[entry.kind]][name], pair)
        for entry in entries
        for name, pair in entry.fields.items()
        if name in columns[by_kind[entry.kind]]
    ]
    called = _called(session, told)
    return [
        (
            entry.at, entry.actor_name, str(model.label), called.get((model, entry.record_id), ""), str(field.label),
            *(_words(field, value, called) for value in pair), entry.reason,
        )
        for entry, model, field, pair in told
    ]  # fmt: skip


def _columns(model: Any) -> dict[str, Field]:
    """Column -> field, of those whose changes are told and that exist for the reader."""
    known = known_fields(model)
    return {known[name].column: known[name] for name in DEALINGS[model] if name in known}


def _called(session: Session, told: list[Any]) -> dict[tuple[Any, int], str]:
    """What the records are called that are spoken of, as far as the reader sees them."""
    keys: dict[Any, set[int]] = {}
    for entry, model, field, pair in told:
        keys.setdefault(model, set()).add(entry.record_id)
        if field.kind == "reference":
            keys.setdefault(field.target, set()).update(value for value in pair if value)
    found = {}
    for model, wanted in keys.items():
        query = select(model).where(model.id.in_(wanted)).options(*references.options(model))
        for one in session.scalars(query, execution_options=access.with_deleted):
            found[model, one.id] = str(one)
    return found


def _words(field: Field, value: Any, called: dict[tuple[Any, int], str]) -> str:
    if value is None:
        return ""
    if field.kind == "reference":
        return called.get((field.target, value), "")
    return (mask(value) or "") if field.masked else str(value)
