"""Customers by who looks after them: on random customers and orders each figure equals a plain recount of the rows."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given

from app.engine import access
from app.engine.frames import ask
from models.customers import Customer
from models.orders import Order
from models.people import Person
from tests.random_cases import DICE, STOPPED, examples, some, stored
from tests.report_cells import opened

QUICK = examples(25)
AT_WORK = ("placed", "confirmed", "assigned", "handed_over", "shipped", "on_hold")
COUNT = (*AT_WORK, "completed")


def owned(session, dice):
    """People, two of one name and one in the bin; customers of theirs or of nobody; orders with some money moved."""
    people = [{"name": name, "deleted_at": gone} for name, gone in (
        ("王伟", None), ("王伟", None), ("李娜", None), ("走了", STOPPED),
    )]  # fmt: skip
    names = dict(zip(stored(session, Person, people), ("王伟", "王伟", "李娜", ""), strict=True))
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
