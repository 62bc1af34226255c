"""orders: lines of money, stock and goods behind them; customers' states, owners and regions; imports to undo

A filled house goes on where it stands: what its orders, payments, customers and products are by the new rules is filled
in, batch by batch, and told in their history; what goes on with a step gets the rows the steps now look for.
"""

import json
import re
import secrets
import unicodedata
from collections import defaultdict
from decimal import Decimal
from itertools import count

import sqlalchemy as sa
from alembic import op
from sqlalchemy.orm import Session

from app.engine import history, numbers
from app.engine.fulltext import searchable
from app.engine.moments import Moment, now
from app.engine.money import Money, Quantity, Rate, UnitPrice

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


#: Tables of records keep their keys when they are made anew on SQLite.
KEYS = {"sqlite_autoincrement": True}
ORDER_STATES = (
    "placed", "confirmed", "assigned", "handed_over", "shipped", "completed", "on_hold", "cancelled", "invalid",
)  # fmt: skip
PAYMENT_STATES = ("recorded", "verified", "rejected")
#: The states that are new, and the older one nearest to each.
NEW_ORDER_STATES = {"draft": "placed", "closed": "cancelled"}
NEW_PAYMENT_STATES = {
    "expected": "recorded", "collected": "recorded", "in_escrow": "recorded", "released": "verified",
    "remitted": "verified", "reversed": "verified", "returned": "rejected", "not_collected": "rejected",
}  # fmt: skip
#: The columns that are new in tables that are kept.
NEW_COLUMNS = {
    "customer": (
        "payment_days", "invoice_title", "area_id", "stopped_because", "merged_into_id", "name_key", "tax_key", "state",
        "due_at", "closed_at",
    ),
    "payment": (
        "customer_id", "kind", "currency", "method", "payer", "different_because", "allocated", "collected_at",
        "collected_by_id", "settled_at", "settled_by_id", "payout_no", "reverses_id",
    ),
    "product": ("reserved", "reorder_level", "variant_key"),
    "sales_order": (
        "qq", "delivery_method", "delivery_wish", "deposit", "as_draft", "escrowed", "refunded", "payment_state",
        "fulfilment", "revision", "goods", "pay_until", "pay_by", "rounding", "invalid_because", "link_secret",
        "call_result", "called_at", "confirmed_by_id", "owner_at_confirm_id", "assigned_unit_id",
    ),
}  # fmt: skip
#: Those that are never empty, with what stands in them until they are filled.
DEFAULTS = {
    "customer": ("name_key", "state"),
    "payment": ("kind", "currency", "allocated"),
    "product": ("reserved",),
    "sales_order": ("escrowed", "refunded", "payment_state", "fulfilment", "revision", "rounding"),
}
#: The kinds of record that are new, and their tables.
NEW_KINDS = {
    "amendment_lines": "amendment_line",
    "amendments": "amendment",
    "customer_grades": "customer_grade",
    "customer_handovers": "customer_handover",
    "customer_owners": "customer_owner",
    "difference_orders": "difference_order",
    "handover_lines": "handover_line",
    "import_runs": "import_run",
    "order_returns": "order_return",
    "payment_allocations": "payment_allocation",
    "platform_identities": "platform_identity",
    "product_prices": "product_price",
    "refunds": "refund",
    "regions": "region",
    "reservations": "reservation",
    "shipment_lines": "shipment_line",
    "shipments": "shipment",
    "stock_movements": "stock_movement",
}
NOUGHT, NONE_OF_IT = Decimal("0.00"), Decimal("0.000")
BATCH = 1000
ENTRIES = history.HistoryEntry.__table__


def table(name, /, **types):
    """A table as it is filled; a record's key and what all records have are there by themselves."""
    common = {
        "id": sa.Integer, "version": sa.Integer, "created_at": Moment, "changed_at": Moment, "taken_over": sa.Boolean,
        "search_text": sa.Text,
    }  # fmt: skip
    return sa.table(name, *(sa.column(column, kind) for column, kind in {**common, **types}.items()))


TEXT, KEY = sa.Text, sa.Integer
CUSTOMER = table(
    "customer", name=TEXT, tax_no=TEXT, region=TEXT, owner_id=KEY, name_key=TEXT, tax_key=TEXT, state=TEXT, area_id=KEY
)
REGION = table("region", name=TEXT, path=TEXT)
OWNER = table("customer_owner", customer_id=KEY, owner_id=KEY, since=Moment)
PRODUCT = table(
    "product", model=TEXT, colour=TEXT, size=TEXT, service=sa.Boolean, stock=Quantity, reserved=Quantity,
    variant_key=TEXT,
)  # fmt: skip
MOVEMENT = table("stock_movement", product_id=KEY, kind=TEXT, quantity=Quantity, moved_at=Moment, balance=Quantity)
ORDER = table(
    "sales_order", order_no=TEXT, customer_id=KEY, payment_type=TEXT, state=TEXT, held_in=TEXT, consignee=TEXT,
    platform_no=TEXT, buyer_account=TEXT, gross=Money, freight=Money, paid=Money, escrowed=Money, refunded=Money,
    payment_state=TEXT, fulfilment=TEXT, revision=sa.Integer, goods=TEXT, rounding=TEXT, owner_at_confirm_id=KEY,
    ticket_id=KEY, assignee_id=KEY, confirmed_at=Moment, handed_over_at=Moment, shipped_at=Moment, carrier=TEXT,
    waybill=TEXT, received_at=Moment,
)  # fmt: skip
LINE = table("order_line", order_id=KEY, product_id=KEY, quantity=Quantity)
PAYMENT = table(
    "payment", order_id=KEY, customer_id=KEY, kind=TEXT, amount=Money, currency=TEXT, method=TEXT, account=TEXT,
    reference=TEXT, paid_at=Moment, allocated=Money, verified_by_id=KEY, verified_at=Moment, state=TEXT,
)  # fmt: skip
ALLOCATION = table(
    "payment_allocation", payment_id=KEY, order_id=KEY, amount=Money, allocated_at=Moment, by_id=KEY
)  # fmt: skip
SHIPMENT = table(
    "shipment", shipment_no=TEXT, order_id=KEY, assignee_id=KEY, handed_over_at=Moment, carrier=TEXT, waybill=TEXT,
    shipped_at=Moment, delivered_at=Moment, state=TEXT, closed_at=Moment,
)  # fmt: skip
SHIPMENT_LINE = table("shipment_line", shipment_id=KEY, order_line_id=KEY, quantity=Quantity)
RESERVATION = table(
    "reservation", order_id=KEY, product_id=KEY, quantity=Quantity, held_since=Moment, state=TEXT
)  # fmt: skip


def words(batch, table, column, choices):
    """Let the column take these words and no others."""
    name = op.f(f"ck_{table}_{column}_known")
    batch.drop_constraint(name, type_="check")
    quoted = ", ".join(f"'{choice}'" for choice in choices)
    batch.create_check_constraint(name, sa.text(f"{column} IN ({quoted})"))


def batches(bind, query, key):
    """The rows of a query in the order of their key, so many at a time: a house of a million orders fits no memory."""
    last = 0
    while rows := bind.execute(query.where(key > last).order_by(key).limit(BATCH)).all():
        yield rows
        last = rows[-1].id


def last_key(bind, kind):
    """The highest key a record of the kind ever had, also before the schema was taken back once."""
    return bind.scalar(sa.select(sa.func.max(ENTRIES.c.record_id)).where(ENTRIES.c.kind == kind)) or 0


def go_on(bind, kind, table):
    """Give the next record of a kind a key that none had before it, for its history would be another's."""
    if not (last := last_key(bind, kind)):
        return
    if bind.dialect.name == "postgresql":
        bind.execute(sa.text("SELECT setval(pg_get_serial_sequence(:t, 'id'), :last)"), {"t": table, "last": last})
    else:
        bind.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :t"), {"t": table})
        bind.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:t, :last)"), {"t": table, "last": last})


def note(bind, kind, table, changes):
    """Set columns of a batch of records and enter it in their history; `changes`: key -> column -> before and after.

    `search_text` is set with them and told nowhere; the same columns of every record of the batch.
    """
    if not changes:
        return
    newest = (
        sa.select(ENTRIES.c.record_id, sa.func.max(ENTRIES.c.position).label("position"))
        .where(ENTRIES.c.kind == kind, ENTRIES.c.record_id.in_(list(changes)))
        .group_by(ENTRIES.c.record_id)
        .subquery()
    )
    at_the_end = sa.select(ENTRIES.c.record_id, ENTRIES.c.position, ENTRIES.c.digest).join(
        newest, sa.and_(ENTRIES.c.record_id == newest.c.record_id, ENTRIES.c.position == newest.c.position)
    )
    ends = {row.record_id: row for row in bind.execute(at_the_end.where(ENTRIES.c.kind == kind))}
    names = list(next(iter(changes.values())))
    update = table.update().where(table.c.id == sa.bindparam("key"))
    update = update.values({name: sa.bindparam(f"new_{name}") for name in names})
    rows = [{"key": key, **{f"new_{name}": new for name, (_, new) in ch.items()}} for key, ch in changes.items()]
    bind.execute(update, rows)
    entries = []
    for key, values in changes.items():
        told = {
            name: [history.plain(old), history.plain(new)]
            for name, (old, new) in values.items()
            if old != new and name not in history.SILENT
        }
        if told:
            position, digest = (ends[key].position, ends[key].digest) if key in ends else (0, "")
            entries.append(history.entry_row(kind, key, position + 1, digest, "migrate", told))
    if entries:
        bind.execute(ENTRIES.insert(), entries)


def add(bind, kind, table, rows):
    """Add new records, keys included, each with its first entry in the history."""
    if not rows:
        return
    moment = now()
    common = {"version": 1, "created_at": moment, "changed_at": moment, "taken_over": False, "search_text": ""}
    rows = [{**common, **row} for row in rows]
    bind.execute(table.insert(), rows)
    entries = []
    for row in rows:
        told = {
            name: [None, history.plain(value)]
            for name, value in row.items()
            if value is not None and name not in history.SILENT
        }
        entries.append(history.entry_row(kind, row["id"], 1, "", "migrate", told))
    bind.execute(ENTRIES.insert(), entries)


LEGAL_FORMS = re.compile(
    r"(?:股份有限公司|有限责任公司|有限公司|集团公司|总公司|分公司|公司|集团|coltd|limited|ltd|incorporated|inc|llc|corporation|corp|gmbh)+$"
)


def plain_name(name):
    """A firm's name as two are compared."""
    text = "".join(sign for sign in unicodedata.normalize("NFKC", name or "").casefold() if sign.isalnum())
    return (LEGAL_FORMS.sub("", text) or text)[:200]


def plain_number(number):
    """A tax number as two are compared."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", number or "").upper() if sign.isalnum()) or None


def variant_key(product):
    """What two products of the same model, colour and size have in common; None without a model."""
    if not (product.model or "").strip():
        return None
    parts = (product.model, product.colour, product.size)
    plain = [" ".join(unicodedata.normalize("NFKC", part or "").split()).casefold() for part in parts]
    return json.dumps(plain, ensure_ascii=False)


def payment_state(due, paid, ended):
    """The state of an order's money, of which nothing is with a platform or was given back yet."""
    due = NOUGHT if ended else due
    if paid > due:
        return "refund_due"
    if paid >= due and not ended:
        return "paid"
    return "part_paid" if paid > 0 else "unpaid"


def fill_customers(bind):
    """Names as they are compared, the tree of regions, and who looks after whom from when."""
    regions = {}
    known = sa.select(CUSTOMER.c.region).where(CUSTOMER.c.region.is_not(None)).distinct()
    names = sorted({" ".join(name.split()) for name in bind.scalars(known)} - {""})
    for key, name in enumerate(names, last_key(bind, "regions") + 1):
        path = f"{secrets.token_hex(4)}/"
        row = {"id": key, "name": name, "path": path, "search_text": searchable(name)}
        add(bind, "regions", REGION, [row])
        regions[name] = key
    keys = count(last_key(bind, "customer_owners") + 1)
    c = CUSTOMER.c
    query = sa.select(c.id, c.name, c.tax_no, c.region, c.owner_id, c.created_at)
    for rows in batches(bind, query, c.id):
        changes = {
            row.id: {
                "name_key": (None, plain_name(row.name)),
                "tax_key": (None, plain_number(row.tax_no)),
                "state": (None, "active"),
                "area_id": (None, regions.get(" ".join((row.region or "").split()))),
            }
            for row in rows
        }
        note(bind, "customers", CUSTOMER, changes)
        owned = [
            {"id": next(keys), "customer_id": row.id, "owner_id": row.owner_id, "since": row.created_at}
            for row in rows
            if row.owner_id is not None
        ]
        add(bind, "customer_owners", OWNER, owned)


def fill_goods(bind):
    """What is under way gets its parcel, what is to be sent its goods as far as they are there.

    An order holds all it wants of a product or nothing, those nearest to shipping first. Of an older ledger's orders
    nothing is reserved, as of those that are taken over today.
    """
    free = {row.id: row.stock for row in bind.execute(sa.select(PRODUCT.c.id, PRODUCT.c.stock)) if row.stock}
    parcels = count(last_key(bind, "shipments") + 1)
    contents = count(last_key(bind, "shipment_lines") + 1)
    held = count(last_key(bind, "reservations") + 1)
    o = ORDER.c
    where = sa.case((o.state == "on_hold", o.held_in), else_=o.state)
    query = sa.select(
        o.id, o.ticket_id, o.assignee_id, o.handed_over_at, o.shipped_at, o.carrier, o.waybill, o.received_at,
        o.taken_over,
    ).where(o.state.in_(("on_hold", "shipped", "handed_over", "assigned", "confirmed")))  # fmt: skip
    for stage in ("shipped", "handed_over", "assigned", "confirmed"):
        for orders in batches(bind, query.where(where == stage), o.id):
            lines = goods_of(bind, [order.id for order in orders])
            if stage != "confirmed":
                # The work of a paid service is accepted, not sent.
                sent = [one for one in orders if lines[one.id] and not (stage == "assigned" and one.ticket_id)]
                send(bind, stage, sent, lines, parcels, contents)
            if stage != "shipped":
                reserve(bind, [one for one in orders if not one.taken_over], lines, free, held)


def goods_of(bind, orders):
    """The lines with goods of these orders: key of the order -> lines."""
    found = defaultdict(list)
    query = (
        sa.select(LINE.c.order_id, LINE.c.id, LINE.c.product_id, LINE.c.quantity, PRODUCT.c.stock)
        .join(PRODUCT, PRODUCT.c.id == LINE.c.product_id)
        .where(LINE.c.order_id.in_(orders), PRODUCT.c.service.is_not(True))
        .order_by(LINE.c.id)
    )
    for line in bind.execute(query):
        if line.quantity > 0:
            found[line.order_id].append(line)
    return found


def send(bind, stage, orders, lines, parcels, contents):
    """One parcel an order with all its goods, as far on its way as the order is."""
    if not orders:
        return
    drawn = numbers.draw_many(Session(bind), "shipments", "FH{year}-{serial}", len(orders))
    rows, items = [], []
    for order, number in zip(orders, drawn, strict=True):
        gone, key = stage == "shipped", next(parcels)
        there = order.received_at if gone else None
        rows.append(
            {
                "id": key,
                "shipment_no": number,
                "order_id": order.id,
                "assignee_id": order.assignee_id,
                "state": "delivered" if there else {"assigned": "planned"}.get(stage, stage),
                "handed_over_at": None if stage == "assigned" else order.handed_over_at,
                "carrier": order.carrier if gone else None,
                "waybill": order.waybill if gone else None,
                "shipped_at": order.shipped_at if gone else None,
                "delivered_at": there,
                "closed_at": there,
                "taken_over": order.taken_over,
                "search_text": searchable("\n".join(filter(None, (number, order.waybill if gone else None)))),
            }
        )
        items += [
            {"id": next(contents), "shipment_id": key, "order_line_id": line.id, "quantity": line.quantity,
             "taken_over": order.taken_over}
            for line in lines[order.id]
        ]  # fmt: skip
    add(bind, "shipments", SHIPMENT, rows)
    add(bind, "shipment_lines", SHIPMENT_LINE, items)


def reserve(bind, orders, lines, free, held):
    """Hold what the orders want of the stock that is `free`, and take it off there."""
    rows = []
    for order in orders:
        wanted: dict[int, Decimal] = defaultdict(Decimal)
        for line in lines[order.id]:
            if line.stock is not None:
                wanted[line.product_id] += line.quantity
        for product, quantity in wanted.items():
            if quantity <= free.get(product, NONE_OF_IT):
                free[product] -= quantity
                rows.append(
                    {"id": next(held), "order_id": order.id, "product_id": product, "quantity": quantity,
                     "held_since": now(), "state": "held"}
                )  # fmt: skip
    add(bind, "reservations", RESERVATION, rows)


def fill_products(bind):
    """What is reserved, the stock each begins with, and the variant it is; the second of two keeps no key."""
    keys, seen = count(last_key(bind, "stock_movements") + 1), set()
    p, r = PRODUCT.c, RESERVATION.c
    query = sa.select(p.id, p.model, p.colour, p.size, p.stock)
    for rows in batches(bind, query, p.id):
        sums = sa.select(r.product_id, sa.func.sum(r.quantity)).where(r.product_id.in_([row.id for row in rows]))
        reserved = dict(bind.execute(sums.group_by(r.product_id)).tuples().all())
        changes = {}
        for row in rows:
            key = variant_key(row)
            changes[row.id] = {
                "reserved": (None, reserved.get(row.id, NONE_OF_IT)),
                "variant_key": (None, None if key in seen else key),
            }
            seen.add(key)
        note(bind, "products", PRODUCT, changes)
        opening = [
            {"id": next(keys), "product_id": row.id, "kind": "opening", "quantity": row.stock, "moved_at": now(),
             "balance": row.stock}
            for row in rows
            if row.stock
        ]  # fmt: skip
        add(bind, "stock_movements", MOVEMENT, opening)


def fill_payments(bind):
    """Where the money went, whose it is, and which order it pays: what counted counts, and all of it.

    What was verified came to our account, whatever was usual. What is still to be collected at the door is expected.
    """
    keys = count(last_key(bind, "payment_allocations") + 1)
    p, o, other = PAYMENT.c, ORDER.c, PAYMENT.alias("other")
    nameless = sa.or_(other.c.account == "", sa.and_(other.c.account.is_(None), other.c.id < p.id))
    used = sa.exists().where(other.c.reference == p.reference, nameless)
    query = sa.select(
        p.id, p.order_id, p.amount, p.account, p.reference, p.state, p.paid_at, p.verified_at, p.verified_by_id,
        p.taken_over, o.customer_id, o.payment_type, sa.and_(p.account.is_(None), used).label("used"),
    ).join(ORDER, o.id == p.order_id)  # fmt: skip
    for rows in batches(bind, query, p.id):
        changes, shares = {}, []
        for row in rows:
            kind, counts = "bank", row.state == "verified"
            if not counts and row.amount > 0:
                if row.payment_type == "third_party":
                    kind = "escrow"
                elif row.payment_type == "cash_on_delivery" and row.state == "recorded":
                    kind = "bank" if row.account or row.reference else "courier"
            # To the database, no two missing accounts are the same; the first of a reference takes it.
            named = "" if row.reference and row.account is None and not row.used else row.account
            changes[row.id] = {
                "customer_id": (None, row.customer_id),
                "kind": (None, kind),
                "currency": (None, "CNY"),
                "method": (None, {"escrow": "platform", "courier": "courier"}.get(kind)),
                "account": (row.account, named),
                "allocated": (None, row.amount if counts else NOUGHT),
                "state": (row.state, "expected" if kind == "courier" else row.state),
            }
            if counts:
                shares.append(
                    {"id": next(keys), "payment_id": row.id, "order_id": row.order_id, "amount": row.amount,
                     "allocated_at": row.verified_at or row.paid_at, "by_id": row.verified_by_id,
                     "taken_over": row.taken_over}
                )  # fmt: skip
        note(bind, "payments", PAYMENT, changes)
        add(bind, "payment_allocations", ALLOCATION, shares)


def fill_orders(bind):
    """How far money and goods of each order are, what it is found by, and who looked after its customer."""
    o = ORDER.c
    query = sa.select(
        o.id, o.order_no, o.consignee, o.platform_no, o.buyer_account, o.waybill, o.state, o.held_in, o.gross,
        o.freight, o.paid, o.received_at, o.confirmed_at, CUSTOMER.c.owner_id,
    ).join(CUSTOMER, CUSTOMER.c.id == o.customer_id)  # fmt: skip
    for rows in batches(bind, query, o.id):
        keys = [row.id for row in rows]
        goods = names_of_goods(bind, keys)
        reserved = set(bind.scalars(sa.select(RESERVATION.c.order_id).where(RESERVATION.c.order_id.in_(keys))))
        changes = {}
        for row in rows:
            ended = row.state in ("cancelled", "invalid")
            where = row.held_in if row.state == "on_hold" else row.state
            if where in ("shipped", "completed"):
                fulfilment = "received" if row.received_at or where == "completed" else "shipped"
            else:
                fulfilment = "handed_over" if where == "handed_over" else "reserved" if row.id in reserved else "none"
            found_by = (row.order_no, row.consignee, row.platform_no, row.buyer_account, goods.get(row.id), row.waybill)
            changes[row.id] = {
                "escrowed": (None, NOUGHT),
                "refunded": (None, NOUGHT),
                "payment_state": (None, payment_state(row.gross + (row.freight or NOUGHT), row.paid, ended)),
                "fulfilment": (None, fulfilment),
                "revision": (None, 0),
                "goods": (None, goods.get(row.id)),
                "rounding": (None, "half_up_line"),
                "owner_at_confirm_id": (None, row.owner_id if row.confirmed_at else None),
                "search_text": (None, searchable("\n".join(filter(None, found_by)))),
            }
        note(bind, "orders", ORDER, changes)


def names_of_goods(bind, orders):
    """Models, colours and sizes of the lines of these orders, each once: key of the order -> text."""
    found: dict[int, dict[str, None]] = defaultdict(dict)
    query = (
        sa.select(LINE.c.order_id, PRODUCT.c.model, PRODUCT.c.colour, PRODUCT.c.size)
        .join(PRODUCT, PRODUCT.c.id == LINE.c.product_id)
        .where(LINE.c.order_id.in_(orders))
        .order_by(LINE.c.id)
    )
    for line in bind.execute(query):
        if words := " ".join(filter(None, (line.model, line.colour, line.size))):
            found[line.order_id][words] = None
    return {order: "\n".join(lines) for order, lines in found.items()}


def fill(bind):
    """Give what is there what new records have from the start."""
    with history.act("migrate"):
        fill_customers(bind)
        fill_goods(bind)
        fill_products(bind)
        fill_payments(bind)
        fill_orders(bind)
    for kind, name in NEW_KINDS.items():
        go_on(bind, kind, name)


def take_back(bind, kind, *, leaves=None, gone=frozenset(), renamed=None, changed=None):
    """Tell in the history of a kind what goes with the new schema, as the history itself knows it.

    `leaves`: the columns that go (None: every record does); `gone`: keys of records that go; `renamed`: the states that
    become others; `changed`: key -> column -> new value. Nothing is set.
    """
    for first in range(1, last_key(bind, kind) + 1, BATCH):
        query = (
            sa.select(ENTRIES.c.record_id, ENTRIES.c.position, ENTRIES.c.digest, ENTRIES.c.changes)
            .where(ENTRIES.c.kind == kind, ENTRIES.c.record_id.between(first, first + BATCH - 1))
            .order_by(ENTRIES.c.record_id, ENTRIES.c.position)
        )
        values: dict[int, dict[str, object]] = defaultdict(dict)
        ends = {}
        for row in bind.execute(query):
            values[row.record_id].update({name: after for name, (_, after) in json.loads(row.changes).items()})
            ends[row.record_id] = row
        entries = []
        for key, end in ends.items():
            present = {name: value for name, value in values[key].items() if value is not None}
            whole = leaves is None or key in gone
            told = {name: [value, None] for name, value in present.items() if whole or name in leaves}
            if not whole:
                for name in ("state", "held_in"):
                    if (before := present.get(name)) in (renamed or {}) and name not in told:
                        told[name] = [before, renamed[before]]
                for name, after in (changed or {}).get(key, {}).items():
                    told[name] = [present.get(name), history.plain(after)]
            if told:
                entries.append(history.entry_row(kind, key, end.position + 1, end.digest, "migrate", told))
        if entries:
            bind.execute(ENTRIES.insert(), entries)


def take_rows(bind, kind, table, condition):
    """Delete records that make no sense any more, and tell of it."""
    gone = set(bind.scalars(sa.text(f"SELECT id FROM {table} WHERE {condition}")))
    if gone:
        take_back(bind, kind, leaves=(), gone=gone)
        op.execute(f"DELETE FROM {table} WHERE {condition}")


def empty(bind):
    """Take back what the older rules do not know: states, payments of no order, what hangs on records of new kinds."""
    kinds = ", ".join(f"'{kind}'" for kind in NEW_KINDS)
    for kind in NEW_KINDS:
        take_back(bind, kind)
    op.execute(
        f"DELETE FROM notice WHERE kind IN ({kinds}) OR paper_kind IN ({kinds}) "
        f"OR key IN ('stock_differs', 'handed_over', 'burst') "
        f"OR rung_id IN (SELECT id FROM escalation_rung WHERE record_kind IN ({kinds}))"
    )
    for name in ("rung_sent", "clock_version", "clock_segment"):
        op.execute(f"DELETE FROM {name} WHERE clock_id IN (SELECT id FROM clock WHERE kind IN ({kinds}))")
    op.execute(f"DELETE FROM clock WHERE kind IN ({kinds})")
    op.execute(f"DELETE FROM phone_key WHERE kind IN ({kinds})")
    for kind, name in (
        ("escalation_rungs", "escalation_rung"),
        ("clock_rules", "clock_rule"),
        ("attachments", "attachment"),
    ):
        take_rows(bind, kind, name, f"record_kind IN ({kinds})")
    # Their papers are gone and their numbers are given to no others.
    drawn = numbers.DrawnNumber.__table__
    void = drawn.update().where(drawn.c.series.in_(list(NEW_KINDS)), drawn.c.state != numbers.VOID)
    bind.execute(
        void.values(
            state=numbers.VOID,
            reason="The house went back to version 0006, which keeps no such papers.",
            changed_at=now(),
        )
    )
    # There, every payment is one for an order: money that nobody has allocated yet has no place to stand.
    op.execute("DELETE FROM payment_allocation")
    gone = set(bind.scalars(sa.text("SELECT id FROM payment WHERE order_id IS NULL")))
    take_back(bind, "payments", leaves=NEW_COLUMNS["payment"], gone=gone, renamed=NEW_PAYMENT_STATES)
    op.execute("DELETE FROM payment WHERE order_id IS NULL")
    for name, states in (("payment", NEW_PAYMENT_STATES), ("sales_order", NEW_ORDER_STATES)):
        for new, old in states.items():
            op.execute(f"UPDATE {name} SET state = '{old}' WHERE state = '{new}'")
    for new, old in NEW_ORDER_STATES.items():
        op.execute(f"UPDATE sales_order SET held_in = '{old}' WHERE held_in = '{new}'")
    paid = sum_payments(bind)
    take_back(bind, "orders", leaves=NEW_COLUMNS["sales_order"], renamed=NEW_ORDER_STATES, changed=paid)
    take_back(bind, "customers", leaves=NEW_COLUMNS["customer"])
    take_back(bind, "products", leaves=NEW_COLUMNS["product"])


def sum_payments(bind):
    """Let orders be paid by their own payments again; those of which it is another amount: key -> column -> amount."""
    p, o = PAYMENT.c, ORDER.c
    sums = sa.select(sa.func.sum(p.amount)).where(p.order_id == o.id, p.state == "verified").scalar_subquery()
    own = sa.func.coalesce(sums, sa.literal(NOUGHT, Money()), type_=Money())
    other = {row.id: {"paid": row.own} for row in bind.execute(sa.select(o.id, own.label("own")).where(own != o.paid))}
    if other:
        update = ORDER.update().where(o.id == sa.bindparam("key")).values(paid=sa.bindparam("own"))
        bind.execute(update, [{"key": key, "own": row["paid"]} for key, row in other.items()])
    return other


def upgrade() -> None:
    op.create_table(
        "customer_grade",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("discount", Rate(), nullable=True),
        sa.Column("payment_days", sa.Integer(), nullable=True),
        sa.Column("credit_limit", Money(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_grade")),
        sa.UniqueConstraint("name", name=op.f("uq_customer_grade_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("kinds", sa.String(length=500), nullable=False),
        sa.Column("imported_at", Moment(), nullable=False),
        sa.Column("imported_by", sa.String(length=200), nullable=True),
        sa.Column("taken_in", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("done", "undone", name="state_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("import_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_import_run_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_import_run_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_import_run_imported_at"), ["imported_at"], unique=False)
        batch_op.create_index("ix_import_run_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "import_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("record_kind", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name=op.f("fk_import_row_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_row")),
    )
    with op.batch_alter_table("import_row", schema=None) as batch_op:
        batch_op.create_index("ix_import_row_record", ["record_kind", "record_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_import_row_run_id"), ["run_id"], unique=False)

    op.create_table(
        "product_price",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("price", UnitPrice(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("grade", sa.String(length=30), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_product_price_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_price")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("product_price", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_product_price_product_id"), ["product_id"], unique=False)
        batch_op.create_index(
            "uq_product_price_for_all",
            ["product_id", "valid_from"],
            unique=True,
            sqlite_where=sa.text("grade IS NULL"),
            postgresql_where=sa.text("grade IS NULL"),
        )
        batch_op.create_index("uq_product_price_grade", ["product_id", "grade", "valid_from"], unique=True)

    op.create_table(
        "customer_handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handover_no", sa.String(length=60), nullable=True),
        sa.Column("leaver_id", sa.Integer(), nullable=False),
        sa.Column("receiver_id", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposer_id", sa.Integer(), nullable=True),
        sa.Column("approver_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", Moment(), nullable=True),
        sa.Column("rejected_because", sa.Text(), nullable=True),
        sa.Column("customers_moved", sa.Integer(), nullable=True),
        sa.Column("papers_moved", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "proposed",
                "checked",
                "approved",
                "effective",
                "rejected",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["approver_id"], ["person.id"], name=op.f("fk_customer_handover_approver_id")),
        sa.ForeignKeyConstraint(["leaver_id"], ["person.id"], name=op.f("fk_customer_handover_leaver_id")),
        sa.ForeignKeyConstraint(["proposer_id"], ["person.id"], name=op.f("fk_customer_handover_proposer_id")),
        sa.ForeignKeyConstraint(["receiver_id"], ["person.id"], name=op.f("fk_customer_handover_receiver_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_handover")),
        sa.UniqueConstraint("handover_no", name=op.f("uq_customer_handover_handover_no")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("customer_handover", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customer_handover_approver_id"), ["approver_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_handover_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_handover_effective_on"), ["effective_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_handover_leaver_id"), ["leaver_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_handover_proposer_id"), ["proposer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_handover_receiver_id"), ["receiver_id"], unique=False)
        batch_op.create_index("ix_customer_handover_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "region",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("manager_id", sa.Integer(), nullable=True),
        sa.Column("path", sa.String(length=270), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["manager_id"], ["person.id"], name=op.f("fk_region_manager_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["region.id"], name=op.f("fk_region_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region")),
        sa.UniqueConstraint("name", name=op.f("uq_region_name")),
        sa.UniqueConstraint("path", name=op.f("uq_region_path")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("region", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_region_manager_id"), ["manager_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_region_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "customer_owner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.CheckConstraint("until IS NULL OR until > since", name=op.f("ck_customer_owner_owner_range")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_owner_customer_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_customer_owner_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_owner")),
        sa.UniqueConstraint("customer_id", "since", name=op.f("uq_customer_owner_customer_id_since")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("customer_owner", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customer_owner_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_owner_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(
            "uq_customer_owner_open",
            ["customer_id"],
            unique=True,
            sqlite_where=sa.text("until IS NULL"),
            postgresql_where=sa.text("until IS NULL"),
        )

    op.create_table(
        "handover_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handover_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("receiver_id", sa.Integer(), nullable=False),
        sa.Column("open_orders", sa.Integer(), nullable=True),
        sa.Column("owed", Money(), nullable=True),
        sa.Column("open_tickets", sa.Integer(), nullable=True),
        sa.Column("counted_at", Moment(), nullable=True),
        sa.Column("confirmed_at", Moment(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("open", "confirmed", name="state_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_handover_line_customer_id")),
        sa.ForeignKeyConstraint(["handover_id"], ["customer_handover.id"], name=op.f("fk_handover_line_handover_id")),
        sa.ForeignKeyConstraint(["receiver_id"], ["person.id"], name=op.f("fk_handover_line_receiver_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_line")),
        sa.UniqueConstraint("handover_id", "customer_id", name=op.f("uq_handover_line_handover_id_customer_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("handover_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handover_line_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_handover_line_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_handover_line_handover_id"), ["handover_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_handover_line_receiver_id"), ["receiver_id"], unique=False)

    op.create_table(
        "platform_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column(
            "platform",
            sa.Enum(
                "wangwang",
                "qq",
                "shangqiao",
                "wechat",
                "shop",
                "other",
                name="platform_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("account", sa.String(length=100), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_platform_identity_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_identity")),
        sa.UniqueConstraint("platform", "account", name=op.f("uq_platform_identity_platform_account")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("platform_identity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_platform_identity_account"), ["account"], unique=False)
        batch_op.create_index(batch_op.f("ix_platform_identity_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "amendment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("amendment_no", sa.String(length=60), nullable=True),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "hotline",
                "wangwang",
                "qq",
                "shangqiao",
                "letter",
                "visit",
                name="channel_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("told_number", sa.String(length=100), nullable=True),
        sa.Column("told_account", sa.String(length=100), nullable=True),
        sa.Column("told_qq", sa.String(length=40), nullable=True),
        sa.Column("told_consignee", sa.String(length=200), nullable=True),
        sa.Column("ticket_no", sa.String(length=60), nullable=True),
        sa.Column(
            "purpose",
            sa.Enum("change", "exchange", name="purpose_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("consignee", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=60), nullable=True),
        sa.Column("address", sa.String(length=300), nullable=True),
        sa.Column(
            "delivery_method",
            sa.Enum(
                "express",
                "freight",
                "post",
                "own",
                "pick_up",
                name="new_method_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=True,
        ),
        sa.Column("delivery_wish", sa.String(length=200), nullable=True),
        sa.Column(
            "less",
            sa.Enum("refund", "credit", name="less_known", native_enum=False, create_constraint=True, length=30),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("difference", Money(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("recalled_at", Moment(), nullable=True),
        sa.Column("proved", sa.Integer(), nullable=True),
        sa.Column("asked_at", Moment(), nullable=True),
        sa.Column("taken_by_id", sa.Integer(), nullable=True),
        sa.Column("refused_because", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "needs_recall",
                "applied",
                "refused",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_amendment_order_id")),
        sa.ForeignKeyConstraint(["taken_by_id"], ["person.id"], name=op.f("fk_amendment_taken_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendment")),
        sa.UniqueConstraint("amendment_no", name=op.f("uq_amendment_amendment_no")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("amendment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_amendment_asked_at"), ["asked_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_amendment_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_amendment_order_id"), ["order_id"], unique=False)
        batch_op.create_index("ix_amendment_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_amendment_taken_by_id"), ["taken_by_id"], unique=False)

    op.create_table(
        "refund",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "return",
                "difference",
                "cancel",
                "invalid",
                "overpaid",
                "escrow",
                name="kind_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("earliest_at", Moment(), nullable=True),
        sa.Column("requested_by_id", sa.Integer(), nullable=True),
        sa.Column("applied_at", Moment(), nullable=True),
        sa.Column("told_customer_at", Moment(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", Moment(), nullable=True),
        sa.Column("paid_out_by_id", sa.Integer(), nullable=True),
        sa.Column("paid_at", Moment(), nullable=True),
        sa.Column("account", sa.String(length=100), nullable=True),
        sa.Column("reference", sa.String(length=100), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "requested",
                "approved",
                "paid_out",
                "refused",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["approved_by_id"], ["person.id"], name=op.f("fk_refund_approved_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_refund_customer_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_refund_order_id")),
        sa.ForeignKeyConstraint(["paid_out_by_id"], ["person.id"], name=op.f("fk_refund_paid_out_by_id")),
        sa.ForeignKeyConstraint(["requested_by_id"], ["person.id"], name=op.f("fk_refund_requested_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("account", "reference", name=op.f("uq_refund_account_reference")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refund_approved_by_id"), ["approved_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_paid_at"), ["paid_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_paid_out_by_id"), ["paid_out_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_requested_by_id"), ["requested_by_id"], unique=False)
        batch_op.create_index("ix_refund_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "reservation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("quantity", Quantity(), nullable=False),
        sa.Column("held_since", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "held", "consumed", "released", name="state_known", native_enum=False, create_constraint=True, length=30
            ),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_reservation_order_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_reservation_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reservation_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_reservation_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_reservation_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reservation_product_id"), ["product_id"], unique=False)
        batch_op.create_index("ix_reservation_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(
            "uq_reservation_held",
            ["order_id", "product_id"],
            unique=True,
            sqlite_where=sa.text("state = 'held'"),
            postgresql_where=sa.text("state = 'held'"),
        )

    op.create_table(
        "shipment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("shipment_no", sa.String(length=60), nullable=True),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("picked_at", Moment(), nullable=True),
        sa.Column("handed_over_at", Moment(), nullable=True),
        sa.Column("handed_over_by_id", sa.Integer(), nullable=True),
        sa.Column("carrier", sa.String(length=100), nullable=True),
        sa.Column("waybill", sa.String(length=100), nullable=True),
        sa.Column("shipped_at", Moment(), nullable=True),
        sa.Column("delivered_at", Moment(), nullable=True),
        sa.Column("refused_reason", sa.Text(), nullable=True),
        sa.Column("returned_at", Moment(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "picking",
                "handed_over",
                "shipped",
                "delivered",
                "refused",
                "returned_to_stock",
                "lost",
                "called_off",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["person.id"], name=op.f("fk_shipment_assignee_id")),
        sa.ForeignKeyConstraint(["handed_over_by_id"], ["person.id"], name=op.f("fk_shipment_handed_over_by_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_shipment_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("shipment_no", name=op.f("uq_shipment_shipment_no")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("shipment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shipment_assignee_id"), ["assignee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_shipment_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_shipment_handed_over_by_id"), ["handed_over_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_shipment_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_shipment_shipped_at"), ["shipped_at"], unique=False)
        batch_op.create_index("ix_shipment_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_shipment_waybill"), ["waybill"], unique=False)

    op.create_table(
        "stock_movement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "opening",
                "received",
                "shipped",
                "returned",
                "counted",
                "damaged",
                "other",
                name="stock_movement_kind_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("quantity", Quantity(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=True),
        sa.Column("moved_at", Moment(), nullable=False),
        sa.Column("balance", Quantity(), nullable=True),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("booked_by_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["booked_by_id"], ["person.id"], name=op.f("fk_stock_movement_booked_by_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_stock_movement_order_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_stock_movement_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movement")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("stock_movement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stock_movement_booked_by_id"), ["booked_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_stock_movement_order_id"), ["order_id"], unique=False)
        batch_op.create_index("ix_stock_movement_product_moved", ["product_id", "moved_at"], unique=False)

    op.create_table(
        "amendment_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("amendment_id", sa.Integer(), nullable=False),
        sa.Column("instead_of_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("quantity", Quantity(), nullable=True),
        sa.Column("old_quantity", Quantity(), nullable=True),
        sa.Column("old_price", UnitPrice(), nullable=True),
        sa.Column("new_price", UnitPrice(), nullable=True),
        sa.Column("old_discount", Rate(), nullable=True),
        sa.Column("order_line_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["amendment_id"], ["amendment.id"], name=op.f("fk_amendment_line_amendment_id")),
        sa.ForeignKeyConstraint(["instead_of_id"], ["product.id"], name=op.f("fk_amendment_line_instead_of_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_amendment_line_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendment_line")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("amendment_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_amendment_line_amendment_id"), ["amendment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_amendment_line_instead_of_id"), ["instead_of_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_amendment_line_product_id"), ["product_id"], unique=False)

    op.create_table(
        "difference_order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("difference_no", sa.String(length=60), nullable=True),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("amendment_id", sa.Integer(), nullable=False),
        sa.Column("replaced", sa.Text(), nullable=True),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("size", sa.String(length=200), nullable=True),
        sa.Column("colour", sa.String(length=200), nullable=True),
        sa.Column("old_amount", Money(), nullable=False),
        sa.Column("new_amount", Money(), nullable=False),
        sa.Column("difference", Money(), nullable=False),
        sa.Column("issued_at", Moment(), nullable=False),
        sa.Column("pay_until", Moment(), nullable=False),
        sa.Column("matched_at", Moment(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "issued",
                "paid",
                "matched",
                "expired",
                "cancelled",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["amendment_id"], ["amendment.id"], name=op.f("fk_difference_order_amendment_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_difference_order_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difference_order")),
        sa.UniqueConstraint("difference_no", name=op.f("uq_difference_order_difference_no")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("difference_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_difference_order_amendment_id"), ["amendment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_difference_order_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_difference_order_issued_at"), ["issued_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_difference_order_order_id"), ["order_id"], unique=False)
        batch_op.create_index("ix_difference_order_state_due", ["state", "due_at"], unique=False)

    op.create_table(
        "order_return",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("return_no", sa.String(length=60), nullable=True),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "hotline",
                "wangwang",
                "qq",
                "shangqiao",
                "letter",
                "visit",
                name="channel_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("told_number", sa.String(length=100), nullable=True),
        sa.Column("told_account", sa.String(length=100), nullable=True),
        sa.Column("told_qq", sa.String(length=40), nullable=True),
        sa.Column("told_consignee", sa.String(length=200), nullable=True),
        sa.Column("ticket_no", sa.String(length=60), nullable=True),
        sa.Column(
            "why",
            sa.Enum(
                "not_wanted",
                "wrong_order",
                "too_late",
                "price",
                "other_goods",
                "other",
                name="why_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("refund_id", sa.Integer(), nullable=True),
        sa.Column("proved", sa.Integer(), nullable=True),
        sa.Column("asked_at", Moment(), nullable=True),
        sa.Column("taken_by_id", sa.Integer(), nullable=True),
        sa.Column("refused_because", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "recalling",
                "refund_due",
                "refunded",
                "closed",
                "refused",
                name="state_known",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_order_return_order_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name=op.f("fk_order_return_refund_id")),
        sa.ForeignKeyConstraint(["taken_by_id"], ["person.id"], name=op.f("fk_order_return_taken_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_return")),
        sa.UniqueConstraint("return_no", name=op.f("uq_order_return_return_no")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("order_return", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_return_asked_at"), ["asked_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_order_return_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_order_return_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_order_return_refund_id"), ["refund_id"], unique=False)
        batch_op.create_index("ix_order_return_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_order_return_taken_by_id"), ["taken_by_id"], unique=False)

    op.create_table(
        "payment_allocation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("amount", Money(), nullable=False),
        sa.Column("allocated_at", Moment(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_payment_allocation_by_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_payment_allocation_order_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_payment_allocation_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_allocation")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("payment_allocation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_allocation_allocated_at"), ["allocated_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_allocation_by_id"), ["by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_allocation_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_allocation_payment_id"), ["payment_id"], unique=False)

    op.create_table(
        "shipment_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("shipment_id", sa.Integer(), nullable=False),
        sa.Column("order_line_id", sa.Integer(), nullable=False),
        sa.Column("quantity", Quantity(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("taken_over", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_line.id"], name=op.f("fk_shipment_line_order_line_id")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"], name=op.f("fk_shipment_line_shipment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_line")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("shipment_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shipment_line_order_line_id"), ["order_line_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_shipment_line_shipment_id"), ["shipment_id"], unique=False)

    with op.batch_alter_table("customer", table_kwargs=KEYS) as batch_op:
        batch_op.add_column(sa.Column("payment_days", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("invoice_title", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("area_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("stopped_because", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("name_key", sa.String(length=200), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("tax_key", sa.String(length=60), nullable=True))
        batch_op.add_column(
            sa.Column(
                "state",
                sa.Enum(
                    "active",
                    "blocked",
                    "merged",
                    name="state_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=False,
                server_default="active",
            )
        )
        batch_op.add_column(sa.Column("due_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("closed_at", Moment(), nullable=True))
        batch_op.create_index(batch_op.f("ix_customer_area_id"), ["area_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_merged_into_id"), ["merged_into_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_name_key"), ["name_key"], unique=False)
        batch_op.create_index("ix_customer_state_due", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_tax_key"), ["tax_key"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_customer_area_id"), "region", ["area_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_customer_merged_into_id"), "customer", ["merged_into_id"], ["id"])

    with op.batch_alter_table("payment", table_kwargs=KEYS) as batch_op:
        batch_op.add_column(sa.Column("customer_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "kind",
                sa.Enum(
                    "bank", "escrow", "courier", name="kind_known", native_enum=False, create_constraint=True, length=30
                ),
                nullable=False,
                server_default="bank",
            )
        )
        batch_op.add_column(sa.Column("currency", sa.String(length=3), nullable=False, server_default="CNY"))
        batch_op.add_column(
            sa.Column(
                "method",
                sa.Enum(
                    "remittance",
                    "transfer",
                    "online",
                    "cash",
                    "platform",
                    "courier",
                    name="method_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("payer", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("different_because", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("allocated", Money(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("collected_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("collected_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("settled_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("settled_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("payout_no", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("reverses_id", sa.Integer(), nullable=True))
        batch_op.alter_column("order_id", existing_type=sa.INTEGER(), nullable=True)
        batch_op.create_index(batch_op.f("ix_payment_collected_by_id"), ["collected_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_reverses_id"), ["reverses_id"], unique=True)
        batch_op.create_index(batch_op.f("ix_payment_settled_by_id"), ["settled_by_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_payment_settled_by_id"), "person", ["settled_by_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_payment_customer_id"), "customer", ["customer_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_payment_collected_by_id"), "person", ["collected_by_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_payment_reverses_id"), "payment", ["reverses_id"], ["id"])
        batch_op.create_check_constraint(
            op.f("ck_payment_allocated_within"),
            sa.text(
                "(amount >= 0 AND allocated BETWEEN 0 AND amount) OR (amount < 0 AND allocated BETWEEN amount AND 0)"
            ),
        )
        words(batch_op, "payment", "state", (*PAYMENT_STATES, *NEW_PAYMENT_STATES))

    with op.batch_alter_table("product", table_kwargs=KEYS) as batch_op:
        batch_op.add_column(sa.Column("reserved", Quantity(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("reorder_level", Quantity(), nullable=True))
        batch_op.add_column(sa.Column("variant_key", sa.String(length=500), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_product_variant_key"), ["variant_key"])
        batch_op.create_check_constraint(
            op.f("ck_product_reserved_in_stock"), sa.text("reserved >= 0 AND reserved <= coalesce(stock, 0)")
        )

    with op.batch_alter_table("sales_order", table_kwargs=KEYS) as batch_op:
        batch_op.add_column(sa.Column("qq", sa.String(length=40), nullable=True))
        batch_op.add_column(
            sa.Column(
                "delivery_method",
                sa.Enum(
                    "express",
                    "freight",
                    "post",
                    "own",
                    "pick_up",
                    name="delivery_method_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("delivery_wish", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("deposit", Money(), nullable=True))
        batch_op.add_column(sa.Column("as_draft", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("escrowed", Money(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("refunded", Money(), nullable=False, server_default="0"))
        batch_op.add_column(
            sa.Column(
                "payment_state",
                sa.Enum(
                    "unpaid",
                    "part_paid",
                    "escrowed",
                    "paid",
                    "refund_due",
                    "part_refunded",
                    "refunded",
                    name="payment_state_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=False,
                server_default="unpaid",
            )
        )
        batch_op.add_column(
            sa.Column(
                "fulfilment",
                sa.Enum(
                    "none",
                    "reserved",
                    "picking",
                    "handed_over",
                    "part_shipped",
                    "shipped",
                    "received",
                    "refused",
                    "returned",
                    name="fulfilment_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=False,
                server_default="none",
            )
        )
        batch_op.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("goods", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("pay_until", Moment(), nullable=True))
        batch_op.add_column(sa.Column("pay_by", sa.Date(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "rounding",
                sa.Enum(
                    "half_up_line",
                    "half_even_line",
                    "half_up_document",
                    "half_even_document",
                    name="rounding_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=False,
                server_default="half_up_line",
            )
        )
        batch_op.add_column(
            sa.Column(
                "invalid_because",
                sa.Enum(
                    "address",
                    "unreachable",
                    "no_money",
                    "double",
                    "not_meant",
                    "other",
                    name="invalid_because_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("link_secret", sa.String(length=64), nullable=True))
        batch_op.add_column(
            sa.Column(
                "call_result",
                sa.Enum(
                    "agreed",
                    "no_answer",
                    "wrong",
                    "called_off",
                    name="call_result_known",
                    native_enum=False,
                    create_constraint=True,
                    length=30,
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("called_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("confirmed_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("owner_at_confirm_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("assigned_unit_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_sales_order_assigned_unit_id"), ["assigned_unit_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_sales_order_assigned_unit_id"), "department", ["assigned_unit_id"], ["id"]
        )
        batch_op.create_index(batch_op.f("ix_sales_order_confirmed_by_id"), ["confirmed_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_order_owner_at_confirm_id"), ["owner_at_confirm_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_order_pay_by"), ["pay_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_order_pay_until"), ["pay_until"], unique=False)
        batch_op.create_index(batch_op.f("ix_sales_order_qq"), ["qq"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_sales_order_owner_at_confirm_id"), "person", ["owner_at_confirm_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_sales_order_confirmed_by_id"), "person", ["confirmed_by_id"], ["id"])
        for column in ("state", "held_in"):
            words(batch_op, "sales_order", column, (*ORDER_STATES, *NEW_ORDER_STATES))

    fill(op.get_bind())
    for name, columns in DEFAULTS.items():
        with op.batch_alter_table(name, table_kwargs=KEYS) as batch_op:
            for column in columns:
                batch_op.alter_column(column, server_default=None)


def downgrade() -> None:
    bind = op.get_bind()
    with history.act("migrate"):
        empty(bind)
    # What other tables refer to comes last; customers still refer to their region.
    for name in (
        "shipment_line", "payment_allocation", "order_return", "difference_order", "amendment_line", "stock_movement",
        "shipment", "reservation", "refund", "amendment", "platform_identity", "handover_line", "customer_owner",
        "customer_handover", "product_price", "import_row", "import_run", "customer_grade",
    ):  # fmt: skip
        op.drop_table(name)
    with op.batch_alter_table("sales_order", table_kwargs=KEYS) as batch_op:
        for column in ("state", "held_in"):
            words(batch_op, "sales_order", column, ORDER_STATES)
        for column in (
            "delivery_method", "payment_state", "fulfilment", "rounding", "invalid_because", "call_result",
        ):  # fmt: skip
            batch_op.drop_constraint(op.f(f"ck_sales_order_{column}_known"), type_="check")
    with op.batch_alter_table("payment", table_kwargs=KEYS) as batch_op:
        words(batch_op, "payment", "state", PAYMENT_STATES)
        for column in ("kind", "method"):
            batch_op.drop_constraint(op.f(f"ck_payment_{column}_known"), type_="check")
        batch_op.drop_constraint(op.f("ck_payment_allocated_within"), type_="check")
    with op.batch_alter_table("product", table_kwargs=KEYS) as batch_op:
        batch_op.drop_constraint(op.f("ck_product_reserved_in_stock"), type_="check")
    with op.batch_alter_table("customer", table_kwargs=KEYS) as batch_op:
        batch_op.drop_constraint(op.f("ck_customer_state_known"), type_="check")

    with op.batch_alter_table("sales_order", table_kwargs=KEYS) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_sales_order_confirmed_by_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_sales_order_assigned_unit_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_sales_order_assigned_unit_id"))
        batch_op.drop_constraint(batch_op.f("fk_sales_order_owner_at_confirm_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_sales_order_qq"))
        batch_op.drop_index(batch_op.f("ix_sales_order_pay_until"))
        batch_op.drop_index(batch_op.f("ix_sales_order_pay_by"))
        batch_op.drop_index(batch_op.f("ix_sales_order_owner_at_confirm_id"))
        batch_op.drop_index(batch_op.f("ix_sales_order_confirmed_by_id"))
        for column in NEW_COLUMNS["sales_order"]:
            batch_op.drop_column(column)

    with op.batch_alter_table("product", table_kwargs=KEYS) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_product_variant_key"), type_="unique")
        for column in NEW_COLUMNS["product"]:
            batch_op.drop_column(column)

    with op.batch_alter_table("payment", table_kwargs=KEYS) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_payment_reverses_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_payment_collected_by_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_payment_customer_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_payment_settled_by_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_payment_settled_by_id"))
        batch_op.drop_index(batch_op.f("ix_payment_reverses_id"))
        batch_op.drop_index(batch_op.f("ix_payment_customer_id"))
        batch_op.drop_index(batch_op.f("ix_payment_collected_by_id"))
        batch_op.alter_column("order_id", existing_type=sa.INTEGER(), nullable=False)
        for column in NEW_COLUMNS["payment"]:
            batch_op.drop_column(column)

    with op.batch_alter_table("customer", table_kwargs=KEYS) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_customer_merged_into_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_customer_area_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_customer_tax_key"))
        batch_op.drop_index("ix_customer_state_due")
        batch_op.drop_index(batch_op.f("ix_customer_name_key"))
        batch_op.drop_index(batch_op.f("ix_customer_merged_into_id"))
        batch_op.drop_index(batch_op.f("ix_customer_closed_at"))
        batch_op.drop_index(batch_op.f("ix_customer_area_id"))
        for column in NEW_COLUMNS["customer"]:
            batch_op.drop_column(column)

    op.drop_table("region")
    go_on(bind, "payments", "payment")
