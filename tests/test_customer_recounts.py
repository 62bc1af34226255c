"""Who looks after customers, and what moves, changes or leaves: on random rows each line equals a plain recount."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from itertools import combinations

from hypothesis import given
from sqlalchemy import select

from app.engine import access
from app.engine.events import SecurityEvent
from app.engine.fields import fields_of
from app.engine.history import HistoryEntry
from app.engine.phones import PhoneKey
from app.engine.report_answers import ask
from app.engine.rules import Rule
from models.customer_handovers import CustomerHandover, HandoverLine
from models.customers import Customer, CustomerContact
from models.grades import CustomerGrade
from models.order_lines import OrderLine
from models.orders import Order
from models.people import Person
from models.platform_identities import PlatformIdentity
from models.prices import ProductPrice
from models.products import Product
from tests.random_cases import DICE, STOPPED, Around, called, examples, some, stored
from tests.report_cells import opened

QUICK = examples(25)
AT_WORK = ("placed", "confirmed", "assigned", "handed_over", "shipped", "on_hold")
COUNT = (*AT_WORK, "completed")


def owned(session, dice):
    """People, two of one name and one in the bin; customers of theirs or of nobody; orders with some money moved."""
    people = [{"name": name, "deleted_at": gone} for name, gone in (
        ("王伟", None), ("王伟", None), ("李娜", None), ("走了", STOPPED),
    )]  # fmt: skip
    kept = dict(zip(stored(session, Person, people), people, strict=True))
    names = {key: "" if kept[key]["deleted_at"] else name for key, name in called(kept).items()}
    customers = some(dice, 8, state=("active", "active", "blocked", "merged"), owner_id=[None, *names])
    for number, customer in enumerate(customers):
        customer |= {"customer_no": f"C{number}", "name": f"客户{number}", "name_key": f"客户{number}"}
    for customer, key in zip(customers, stored(session, Customer, customers), strict=True):
        # Whoever is in the bin looks after nobody.
        customer |= {"id": key, "owner": customer["owner_id"] if names.get(customer["owner_id"]) else None}
    alive = [one for one in customers if one["state"] != "merged"]  # a merged one has given its orders away

    def money():
        return Decimal(dice.choice((0, 0, dice.randint(1, 50_000)))) / 100

    orders = some(
        dice, 12, customer_id=[one["id"] for one in alive], state=sorted(Order.flow.states), gross=money,
        freight=(None, Decimal("7.30")), paid=money, refunded=money,
    ) if alive else []  # fmt: skip
    stored(session, Order, [one | {"order_no": f"D{n}", "placed_at": STOPPED} for n, one in enumerate(orders)])
    return names, alive, orders


@QUICK
@given(dice=DICE)
def test_each_owner_has_a_line_with_what_a_plain_recount_finds(either_session, dice):
    either_session.rollback()
    names, customers, orders = owned(either_session, dice)
    wanted = []
    for owner in {one["owner"] for one in customers}:
        mine = [one for one in customers if one["owner"] == owner]
        keys = {one["id"] for one in mine}
        theirs = [one for one in orders if one["customer_id"] in keys and one["state"] in COUNT]
        owed = sum((one["gross"] + (one["freight"] or 0) - one["paid"] + one["refunded"] for one in theirs), Decimal(0))
        stopped = sum(one["state"] == "blocked" for one in mine)
        wanted.append((names.get(owner, ""), len(mine), stopped, sum(o["state"] in AT_WORK for o in theirs), owed))
    with access.system():
        answer = ask(either_session, "customers_by_owner", {})
        opened(either_session, answer)
    names_of = ("owner", "customers", "stopped", "open_orders", "owed")
    found = [tuple(row[name] for name in names_of) for row in answer.rows]
    assert [one[0] for one in found] == sorted(one[0] for one in wanted)
    assert sorted(found) == sorted(wanted)
    either_session.rollback()


# ---------- what moves, changes and leaves ----------


class Office(Around):
    """Random rows about a day, and the periods they are asked for."""

    def customers(self, count, **values):
        """So many customers, the first ones older."""
        rows = [
            {"customer_no": f"C{n}", "name": f"客户{n}", "name_key": f"客户{n}", "state": "active"}
            | {name: self.dice.choice(several) for name, several in values.items()}
            for n in range(count)
        ]  # fmt: skip
        return [one | {"id": key} for one, key in zip(rows, stored(self.session, Customer, rows), strict=True)]


# ---------- hand-overs ----------


def handed_over(office):
    """Hand-overs in every state, with none or some customers each, one of them owing less than nothing."""
    customers = office.customers(5)
    people = [{"name": name} for name in ("王伟", "王伟", "李娜")]
    names = dict(zip(stored(office.session, Person, people), ("王伟", "王伟", "李娜"), strict=True))
    handovers = some(
        office.dice, 8, created_at=office.when, leaver_id=list(names), receiver_id=list(names),
        state=sorted(CustomerHandover.flow.states), effective_on=(office.day, STOPPED.date()), customers_moved=(0, 3),
        papers_moved=(0, 7),
    )  # fmt: skip
    handovers = [one | {"handover_no": f"YJ{n}", "reason": "离职"} for n, one in enumerate(handovers)]
    rows = []
    for handover, key in zip(handovers, stored(office.session, CustomerHandover, handovers), strict=True):
        handover["leaver"] = names[handover["leaver_id"]]
        handover["lines"] = [
            {"handover_id": key, "customer_id": one["id"], "receiver_id": handover["receiver_id"],
             "state": office.dice.choice(("open", "confirmed")),
             "owed": Decimal(office.dice.choice((0, -500, 1, 1_234_567))) / 100}
            for one in office.dice.sample(customers, office.dice.choice((0, 1, 5)))
        ]  # fmt: skip
        rows += handover["lines"]
    stored(office.session, HandoverLine, rows)
    return handovers


@QUICK
@given(dice=DICE)
def test_hand_overs_are_what_a_plain_recount_finds(either_session, either_zone, dice):
    office = Office(either_session, either_zone, dice)
    handovers = handed_over(office)
    names = ("handover_no", "leaver", "state", "created_at", "effective_on", "customers_moved", "papers_moved")
    for period in office.periods():
        wanted = [
            (*(one[name] for name in names), len(one["lines"]), sum(line["state"] == "open" for line in one["lines"]),
             sum(line["owed"] for line in one["lines"]))
            for one in handovers if office.within(one["created_at"], period)
        ]  # fmt: skip
        answer = ask(either_session, "customer_handovers", period)
        shown = ("handover", "leaver", "state", "proposed_at", *names[4:], "customers", "unconfirmed")
        assert [(*(row[name] for name in shown), row["owed"] or 0) for row in answer.rows] == wanted
        opened(either_session, answer)
    either_session.rollback()


# ---------- changes of dealings ----------

#: kind -> column -> field of which changes are told, if they are, and values as the history keeps them.
CHANGES = {
    "customers": {
        "contact": ("contact", [None, "王", "李"]), "phone": ("phone", [None, "13812345678", "12345"]),
        "address": ("address", [None, "贵阳"]), "grade": ("grade", [None, "A"]), "region": (None, ["华东"]),
        "credit_limit": ("credit_limit", [None, "5000.00"]), "payment_days": ("payment_days", [None, 0, 30]),
        "owner_id": ("owner", [None]), "tax_no": (None, ["91"]),
    },
    "customer_contacts": {
        "name": ("name", ["赵", "钱"]), "position": ("position", [None, "经理"]), "note": (None, ["注"]),
        "phone": ("phone", [None, "02187654321"]), "email": ("email", [None, "a@b.cn"]),
    },
    "order_lines": {"price": ("price", ["1.5000"]), "discount": ("discount", [None, "0.100000"]),
                    "quantity": (None, ["3.000"])},
    "products": {"price": ("price", ["9.9900", None]), "cost": (None, ["1.0000"]), "name": (None, ["灯"])},
    "product_prices": {"price": ("price", ["5.0000", "20.0000"]), "valid_to": ("valid_to", [None, "2026-05-01"]),
                       "note": (None, ["促销"])},
    "customer_grades": {"discount": ("discount", [None, "0.500000"]), "note": (None, ["注"])},
    "orders": {"price": (None, ["1"]), "phone": (None, ["13812345678"])},
}  # fmt: skip
MODELS = {one.kind_name: one for one in (Customer, CustomerContact, OrderLine, Product, ProductPrice, CustomerGrade)}
#: What makes a rule of prices is told from its first entry on.
FROM_THE_START = ("product_prices", "customer_grades")
MASKED = {"13812345678": "138****5678", "12345": "****", "02187654321": "021****4321"}


def changed(office):
    """Records of dealings with their histories, that of one who is gone among them; what each is called."""
    customers = office.customers(2)
    contacts = [{"customer_id": customers[0]["id"], "name": name, "deleted_at": gone} for name, gone in (
        ("赵", None), ("孙", STOPPED))]  # fmt: skip
    (product,) = stored(office.session, Product, [{"product_no": "P1", "name": "灯"}])
    (order,) = stored(
        office.session, Order, [{"order_no": "D1", "customer_id": customers[0]["id"], "placed_at": STOPPED}]
    )
    (line,) = stored(office.session, OrderLine, [{"order_id": order, "product_id": product, "quantity": Decimal(1)}])
    called = {("customers", one["id"]): f"{one['customer_no']} {one['name']}" for one in customers}
    for key, one in zip(stored(office.session, CustomerContact, contacts), contacts, strict=True):
        called["customer_contacts", key] = one["name"]
    called |= {("products", product): "P1 灯", ("order_lines", line): "D1: P1 灯", ("orders", order): "D1"}
    (price,) = stored(
        office.session, ProductPrice, [{"product_id": product, "price": Decimal(5), "valid_from": STOPPED.date()}]
    )
    (grade,) = stored(office.session, CustomerGrade, [{"name": "VIP"}])
    called |= {
        ("product_prices", price): str(office.session.get(ProductPrice, price)),
        ("customer_grades", grade): "VIP",
    }
    called["customers", 999_999] = ""
    people = [{"name": "王伟"}, {"name": "李娜", "deleted_at": STOPPED}]
    names = dict(zip(stored(office.session, Person, people), ("王伟", "李娜"), strict=True))
    entries = some(office.dice, 20, at=office.when, actor_name=("销售", "经理"), reason=(None, "改价"), of=list(called))
    for position, entry in enumerate(entries):
        entry["kind"], entry["record_id"] = entry.pop("of")
        # A record begins with its first entry, which is no change.
        entry["position"] = 1 + sum(
            (one["kind"], one["record_id"]) == (entry["kind"], entry["record_id"]) for one in entries[:position]
        )
        columns = CHANGES[entry["kind"]]
        values = {name: [*known, *names] if name == "owner_id" else known for name, (_field, known) in columns.items()}
        some_columns = sorted(office.dice.sample(sorted(columns), office.dice.randint(1, len(columns))))
        entry["fields"] = {name: [office.dice.choice(values[name]) for _n in range(2)] for name in some_columns}
    kept = [{name: value for name, value in one.items() if name != "fields"} for one in entries]
    stored(office.session, HistoryEntry, [
        one | {"changes": json.dumps(entry["fields"]), "action": "change", "previous": "", "digest": ""}
        for one, entry in zip(kept, entries, strict=True)
    ])  # fmt: skip
    return entries, called, names


@QUICK
@given(dice=DICE)
def test_changes_of_dealings_are_what_a_plain_recount_finds(either_session, either_zone, dice):
    office = Office(either_session, either_zone, dice)
    entries, called, names = changed(office)

    def told(column, value):
        if value is None:
            return ""
        if column == "owner_id":
            return names[value]
        return MASKED[value] if column == "phone" else str(value)

    late = sorted(enumerate(entries), key=lambda pair: (pair[1]["at"], pair[0]), reverse=True)
    for period in office.periods():
        wanted = []
        for _number, one in late:
            for column, pair in one["fields"].items():
                field = CHANGES[one["kind"]][column][0]
                if (
                    (one["position"] > 1 or one["kind"] in FROM_THE_START)
                    and field
                    and office.within(one["at"], period)
                ):
                    model = MODELS[one["kind"]]
                    label = str(fields_of(model)[field].label)
                    wanted.append((one["at"], one["actor_name"], str(model.label), called[one["kind"], one["record_id"]],
                                   label, *(told(column, value) for value in pair), one["reason"]))  # fmt: skip
        assert [tuple(row.values()) for row in ask(either_session, "dealing_changes", period).rows] == wanted
    either_session.rollback()


# ---------- doubles ----------


def alike(office):
    """Customers with few names, tax numbers, telephones and accounts among them; some merged, some traces in the bin."""
    dice = office.dice
    people = dict(zip(stored(office.session, Person, [{"name": "王伟"}]), ["王伟"], strict=True))
    customers = office.customers(
        dice.choice((0, 1, 2, 6)), name_key=("", "红星", "东方"), tax_key=(None, "91A", "91B"),
        state=("active", "active", "blocked", "merged"), owner_id=[None, *people],
    )  # fmt: skip
    for one in customers:
        one |= {"numbers": set(), "accounts": set(), "owner": people.get(one["owner_id"], "")}
    if not customers:
        return customers
    contacts = some(dice, 6, customer=customers, deleted_at=(None, None, STOPPED))
    rows = [{"customer_id": one["customer"]["id"], "name": "赵", "deleted_at": one["deleted_at"]} for one in contacts]
    bearers = [("customers", one["id"], one, None) for one in customers]
    for one, key in zip(contacts, stored(office.session, CustomerContact, rows), strict=True):
        bearers.append(("customer_contacts", key, one["customer"], one["deleted_at"]))
    numbers = [
        ({"kind": kind, "record_id": key, "key": number}, customer, gone)
        for kind, key, customer, gone in bearers for number in ("a", "b", "c") if dice.random() < 0.2
    ]  # fmt: skip
    stored(office.session, PhoneKey, [row for row, _customer, _gone in numbers])
    for row, customer, gone in numbers:
        customer["numbers"] |= set() if gone else {row["key"]}
    known = [(platform, account) for platform in ("qq", "wechat") for account in ("Tiger", "tiger", "TIGER", "wolf")]
    for platform, account in dice.sample(known, dice.choice((0, 2, len(known)))):
        customer, gone = dice.choice(customers), dice.choice((None, None, STOPPED))
        stored(office.session, PlatformIdentity, [
            {"customer_id": customer["id"], "platform": platform, "account": account, "deleted_at": gone}
        ])  # fmt: skip
        customer["accounts"] |= set() if gone else {account.lower()}
    return customers


@QUICK
@given(dice=DICE)
def test_customers_that_may_be_the_same_are_what_a_plain_recount_finds(either_session, either_zone, dice):
    customers = [one for one in alike(Office(either_session, either_zone, dice)) if one["state"] != "merged"]
    wanted = []
    for one, other in combinations(customers, 2):
        common = {
            "name": one["name_key"] and one["name_key"] == other["name_key"], "phone": one["numbers"] & other["numbers"],
            "tax_no": one["tax_key"] and one["tax_key"] == other["tax_key"], "account": one["accounts"] & other["accounts"],
        }  # fmt: skip
        names = (*(side[name] for side in (one, other) for name in ("customer_no", "name", "owner")),)
        wanted += [(word, *names) for word, shared in common.items() if shared]
    assert [tuple(row.values()) for row in ask(either_session, "customer_doubles", {}).rows] == wanted
    either_session.rollback()


# ---------- exports ----------


def taken_out(office):
    """What accounts took out of the house on a few days, one of nobody among them; and who is about to leave."""
    query = select(Person.user_id, Person.id, Person.name).where(Person.user_id.is_not(None)).order_by(Person.id)
    people = {account: (pk, name) for account, pk, name in office.session.execute(query.limit(3))}
    exports = [
        ("exported", what, f"{what}:{rows} 行", int(rows or 0))
        for what in ("customers", "orders", "payments", "incoming_documents") for rows in ("", "0", "250")
    ] + [("exported", "", "导出", 0)]  # fmt: skip
    shown = [("revealed", what, "", 0) for what in ("customers", "orders", "service_tickets")]
    moments = office.dice.sample(office.when, 4)
    events = some(
        office.dice, 40, at=moments, actor_id=[None, *people, 999_999], what=[*exports, *shown * 4, ("printed", "orders", "", 0)]
    )  # fmt: skip
    stored(office.session, SecurityEvent, [
        {"chain": "recount", "position": n, "previous": "", "digest": "", "at": one["at"], "actor_id": one["actor_id"],
         "actor_name": f"账号{one['actor_id']}", "kind": one["what"][0], "subject": f"{one['what'][1]} 7 phone",
         "detail": one["what"][2]}
        for n, one in enumerate(events, 1)
    ])  # fmt: skip
    (leaver, _name), (receiver, _other) = list(people.values())[:2]
    state = office.dice.choice(sorted(CustomerHandover.flow.states))
    stored(office.session, CustomerHandover, [
        {"handover_no": "YJ1", "leaver_id": leaver, "receiver_id": receiver, "state": state, "reason": "离职",
         "effective_on": office.day}
    ])  # fmt: skip
    names = {
        account: (name, "YJ1" if pk == leaver and state in ("proposed", "checked", "approved") else "")
        for account, (pk, name) in people.items()
    }  # fmt: skip
    watched = {one for one in (*exports, *shown) if one[1] in ("customers", "orders", "payments")}
    return [one for one in events if one["actor_id"] and one["what"] in watched], names


@QUICK
@given(dice=DICE)
def test_bursts_of_exports_are_what_a_plain_recount_finds(either_session, either_zone, dice):
    office = Office(either_session, either_zone, dice)
    events, names = taken_out(office)
    most = {"exports": 5, "reveals": 30}
    if dice.random() < 0.7:
        most = {"exports": 2, "reveals": 3}
        either_session.add_all(Rule(setting=f"burst_{name}", value=str(count)) for name, count in most.items())
        either_session.flush()
    for period in office.periods():
        days = defaultdict(list)
        for one in events:
            if office.within(one["at"], period):
                days[one["at"].astimezone(either_zone).date(), one["actor_id"]].append(one["what"])
        wanted = []
        for (day, account), deeds in days.items():
            name, handover = names.get(account, (f"账号{account}", ""))
            exports, reveals = ([one for one in deeds if one[0] == kind] for kind in ("exported", "revealed"))
            burst = len(exports) > most["exports"] or len(reveals) > most["reveals"]
            rows = sum(one[3] for one in exports)
            wanted.append((day, name, len(exports), rows, len(reveals), burst, handover))
        found = [tuple(row.values()) for row in ask(either_session, "export_bursts", period).rows]
        assert [one[0] for one in found] == sorted(one[0] for one in wanted)
        assert sorted(found) == sorted(wanted)
    either_session.rollback()
