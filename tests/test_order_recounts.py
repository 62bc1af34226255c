"""Orders placed and changes asked for: on random rows each figure equals a plain recount of them."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hypothesis import given

from app.engine.report_answers import ask
from models.amendments import Amendment, AmendmentLine
from models.customers import Customer
from models.order_lines import OrderLine
from models.orders import Order
from models.people import Person
from models.products import Product
from tests.random_cases import DICE, STOPPED, Around, called, examples, some, stored
from tests.report_cells import opened

QUICK = examples(20)
AMOUNTS = ("quantity", "net", "tax", "gross")
GROUPS = ("month", "status", "payment_type", "customer", "product", "salesperson", "region")
#: Whose name stands beside its number.
NAMED = {"customer": "customer_name", "product": "product_name"}
NOUGHT = Decimal(0)


class Book(Around):
    """Random rows about a day, and the periods they are asked for."""

    def customers(self):
        """Three customers, two of them of one name."""
        named = (("C1", "红星"), ("C2", "红星"), ("C3", "东方"))
        rows = [{"customer_no": number, "name": name, "name_key": name, "state": "active"} for number, name in named]
        return self.keep(Customer, rows)

    def products(self):
        """Three products, two of them of one name."""
        named = (("P1", "灯"), ("P2", "灯"), ("P3", "椅"))
        return self.keep(Product, [{"product_no": number, "name": name} for number, name in named])


# ---------- order summary ----------


def placed(book):
    """Orders with none to four lines, some of one product twice; one without lines has the totals of an older ledger."""
    customers, products = book.customers(), book.products()
    people = book.keep(Person, [
        {"name": "王伟", "staff_no": "0071"}, {"name": "李娜", "staff_no": None}, {"name": "王伟", "staff_no": None},
    ])  # fmt: skip
    names = called({one["id"]: one for one in people})

    def money():
        return Decimal(book.dice.choice((0, book.dice.randint(1, 9_999_999)))) / 100

    def worth():
        net, tax = money(), money()
        return {"quantity": Decimal(book.dice.randint(1, 99_999)) / 1000, "net": net, "tax": tax, "gross": net + tax}

    orders = some(
        book.dice, 9, customer=customers, person=[None, *people], placed_at=book.when, region=(None, "", "华东", "西南"),
        payment_type=("prepaid", "third_party", "cash_on_delivery", "on_account"), freight=(None, Decimal("7.30")),
        state=[*sorted(Order.flow.states), "cancelled", "draft", "placed"],
        lines=lambda: [worth() | {"product": book.dice.choice(products)} for _n in range(book.dice.choice((0, 1, 1, 4)))],
    )  # fmt: skip
    for number, order in enumerate(orders):
        lines = order["lines"] or [worth()]
        order |= {name: sum((line[name] for line in lines), NOUGHT) for name in AMOUNTS}
        order |= {"order_no": f"D{number}", "seller": names[order["person"]["id"]] if order["person"] else ""}
    columns = [
        {name: value for name, value in order.items() if name not in ("customer", "person", "seller", "lines")}
        | {"customer_id": order["customer"]["id"], "salesperson_id": order["person"] and order["person"]["id"]}
        for order in orders
    ]  # fmt: skip
    for order, key in zip(orders, stored(book.session, Order, columns), strict=True):
        order["id"] = key
    stored(book.session, OrderLine, [
        {"order_id": order["id"], "product_id": line["product"]["id"]} | {name: line[name] for name in AMOUNTS}
        for order in orders for line in order["lines"]
    ])  # fmt: skip
    return orders


def told_apart(book, order, line):
    """What an order and one of its lines are called in each group."""
    product = line.get("product", {"product_no": "", "name": ""})
    return {
        "month": book.month(order["placed_at"]), "status": order["state"], "payment_type": order["payment_type"],
        "customer": order["customer"]["customer_no"], "customer_name": order["customer"]["name"],
        "product": product["product_no"], "product_name": product["name"],
        "salesperson": order["seller"], "region": order["region"] or "",
    }  # fmt: skip


def summed(book, orders, by, period):
    """The groups in which orders were placed in a period, drafts apart; each order in full, or line by line."""
    groups = defaultdict(list)
    for order in orders:
        if order["state"] != "draft" and book.within(order["placed_at"], period):
            for line in (order["lines"] or [order]) if "product" in by else [order]:
                names = told_apart(book, order, line)
                key = tuple(names[one] for name in by for one in (name, NAMED.get(name)) if one)
                groups[key].append((order, line))
    return [(*key, *figures(groups[key])) for key in sorted(groups)]


def figures(rows):
    lost = [(order, line) for order, line in rows if order["state"] == "cancelled"]
    return (
        len({order["id"] for order, _line in rows}), *(sum(line[name] for _order, line in rows) for name in AMOUNTS),
        len({order["id"] for order, _line in lost}), sum((line["net"] for _order, line in lost), NOUGHT),
    )  # fmt: skip


@QUICK
@given(dice=DICE)
def test_what_was_ordered_is_what_a_plain_recount_finds(either_session, either_zone, dice):
    book = Book(either_session, either_zone, dice)
    orders = placed(book)
    pairs = [dice.sample(GROUPS, 2) for _n in range(4)]
    for by in [[name] for name in GROUPS] + [["product", "month"], *pairs]:
        period = dice.choice(book.periods())
        answer = ask(either_session, "order_summary", {"by": ",".join(by), **period})
        names = [one for name in by for one in (name, NAMED.get(name)) if one]
        names += ["orders", *AMOUNTS, "cancelled", "cancelled_net"]
        assert [tuple(row[name] for name in names) for row in answer.rows] == summed(book, orders, by, period), by
    opened(either_session, answer)
    either_session.rollback()


# ---------- amendments ----------


def asked(book):
    """Changes asked for, with what is wanted otherwise and up to three lines of goods; an older ledger knows no moment."""
    customers, products = book.customers(), book.products()
    come = {name: [None, *book.when] for name in ("confirmed_at", "handed_over_at", "shipped_at")}
    about = {"customer_id": customers[0]["id"], "placed_at": STOPPED}
    orders = some(book.dice, 4, **come) or [dict.fromkeys(come)]
    orders = book.keep(Order, [about | order | {"order_no": f"D{n}"} for n, order in enumerate(orders)])
    wishes = some(
        book.dice, 20, asked_at=[None, *book.when], state=("applied", "refused", "needs_recall"),
        purpose=("change", "exchange"), consignee=(None, None, "王"), phone=(None, None, "13812345678"),
        address=(None, None, "贵阳"), delivery_method=(None, None, "express"), delivery_wish=(None, None, "明天"),
        recalled_at=[None, *book.when], goods=(0, 0, 1, 3),
    )  # fmt: skip
    for number, wish in enumerate(wishes):
        order = book.dice.choice(orders)
        wish |= {"amendment_no": f"XG{number}", "order_id": order["id"], "channel": "hotline", "order": order}
    columns = [{name: value for name, value in wish.items() if name not in ("goods", "order")} for wish in wishes]
    keys = stored(book.session, Amendment, columns)
    stored(book.session, AmendmentLine, [
        {"amendment_id": key, "product_id": products[0]["id"], "quantity": Decimal(2)}
        for wish, key in zip(wishes, keys, strict=True) for _n in range(wish["goods"])
    ])  # fmt: skip
    return wishes


def stage(wish):
    """How far the order had come when the change was asked for."""
    come = ("shipped_at", "shipped"), ("handed_over_at", "warehouse"), ("confirmed_at", "confirmed")
    order, asked_at = wish["order"], wish["asked_at"]
    return next((told for name, told in come if order.get(name) and order[name] <= asked_at), "unconfirmed")


def what_became(rows):
    """What a group of changes comes to."""
    states = [row["state"] for row in rows]

    def wanted(*names):
        return sum(any(row[name] for name in names) for row in rows)

    return {
        "asked": len(rows), "made": states.count("applied"), "refused": states.count("refused"),
        "waiting": states.count("needs_recall"), "recalled": wanted("recalled_at"),
        "recipient": wanted("consignee", "phone", "address"), "delivery": wanted("delivery_method", "delivery_wish"),
        "goods": wanted("goods"), "refused_share": round(states.count("refused") / len(rows), 4),
    }  # fmt: skip


@QUICK
@given(dice=DICE)
def test_changes_asked_for_are_what_a_plain_recount_finds(either_session, either_zone, dice):
    book = Book(either_session, either_zone, dice)
    wishes = [one for one in asked(book) if one["asked_at"]]
    for by in (["purpose"], ["month"], ["month", "purpose"], ["stage"]):
        for period in book.periods():
            groups = defaultdict(list)
            for one in wishes:
                names = {"month": book.month(one["asked_at"]), "purpose": one["purpose"], "stage": stage(one)}
                if book.within(one["asked_at"], period):
                    groups[tuple(names[name] for name in by)].append(one)
            found = ask(either_session, "amendments", {"by": ",".join(by), **period}).rows
            assert [tuple(row[name] for name in by) for row in found] == sorted(groups)
            told = [{name: value for name, value in row.items() if name not in by} for row in found]
            assert told == [what_became(groups[key]) for key in sorted(groups)]
    either_session.rollback()
