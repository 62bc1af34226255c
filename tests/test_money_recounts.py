"""What customers owe and what others keep for us: on random money each figure equals a recount of the plain rows."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given

from app.engine.report_answers import ask
from models.allocations import PaymentAllocation
from models.customers import Customer
from models.orders import Order
from models.payments import Payment
from models.refunds import Refund
from tests.random_cases import DAYS, DICE, FROM_THE_DAY, STOPPED, Around, examples, some
from tests.report_cells import opened

QUICK = examples(40)
NOUGHT = Decimal(0)
BUCKETS = ("not_due", "days_30", "days_60", "days_90", "over_90")
#: Days until what has no day of its own falls due; what the house says where nobody says otherwise.
TERM = 30
OURS, NOT_OURS = ("verified", "released", "remitted", "reversed"), ("recorded", "in_escrow", "collected", "rejected")


class Rows(Around):
    """Plain rows of money around a day, thrown, stored and kept beside."""

    def __init__(self, session, zone, dice):
        super().__init__(session, zone, dice)
        customers = [{"customer_no": name, "name": name, "name_key": name, "state": "active"} for name in ("C1", "C2")]
        self.customers = {one["id"]: one["customer_no"] for one in self.keep(Customer, customers)}

    def some(self, most, **values):
        return some(self.dice, most, **values)

    def money(self):
        return Decimal(self.dice.randint(1, 99_999)) / 100

    def orders(self, most, **values):
        found = self.some(most, customer_id=list(self.customers), **values)
        return [one | {"order_no": f"D{n}", "placed_at": STOPPED, "search_text": ""} for n, one in enumerate(found)]

    def in_turn(self, count):
        """So many moments, one after the other."""
        return sorted(self.dice.choices(self.when, k=count))

    def by_then(self, moment):
        return moment is not None and moment.astimezone(self.zone).date() <= self.day

    def asked(self, name):
        """The answer as of the day; the last of the days is today, and need not be said."""
        return ask(self.session, name, {"to": None if self.day == DAYS[-1] else self.day.isoformat()})


# ---------- receivables ----------


def debts(rows):
    """Orders, payments, allocations and refunds."""
    ended = [("closed", moment) for moment in rows.when] + [("cancelled", moment) for moment in rows.when]
    orders = rows.orders(
        5, gross=rows.money, freight=(None, Decimal("7.30")), shipped_at=[None, *rows.when],
        pay_by=[None, *(rows.day + timedelta(days=count) for count in FROM_THE_DAY)],
        end=[("shipped", None), ("completed", None), ("on_hold", None)] * 10 + ended,
    )  # fmt: skip
    for order in orders:
        order["state"], order["closed_at"] = order.pop("end")
    rows.keep(Order, orders)
    payments, allocations = paid(rows, orders)
    refunds = rows.some(
        4, order=[None, *orders], customer_id=list(rows.customers), amount=rows.money,
        state=("paid_out", "paid_out", "approved", "refused"), paid_at=rows.when, kind=("overpaid", "escrow"),
    )  # fmt: skip
    for refund in refunds:
        order = refund.pop("order")
        refund |= {"order_id": order and order["id"], "reason": "退"}
        refund["customer_id"] = order["customer_id"] if order else refund["customer_id"]
        refund["kind"] = refund["kind"] if order else "overpaid"  # of credit there is none with a platform
        refund["paid_at"] = refund["paid_at"] if refund["state"] == "paid_out" else None
    return orders, payments, allocations, rows.keep(Refund, refunds)


def paid(rows, orders):
    """Payments dated, booked and allocated, one after the other; those of an older ledger are allocated at once."""
    payments = rows.some(
        6, order=[None, *orders * 3], customer_id=list(rows.customers), amount=rows.money, state=OURS * 2 + NOT_OURS,
        taken_over=(False, True), moments=lambda: rows.in_turn(3),
    )  # fmt: skip
    allocations = []
    for number, payment in enumerate(payments):
        order, (dated, booked, allocated) = payment.pop("order"), payment.pop("moments")
        settled = payment["state"] in ("released", "remitted")
        payment |= {
            "order_id": order and order["id"], "paid_at": dated, "reference": f"P{number}", "account": "",
            "verified_at": None if settled else booked, "settled_at": booked if settled else None,
        }  # fmt: skip
        if order:
            payment["customer_id"] = order["customer_id"]
        if order and payment["state"] in OURS:
            share = rows.dice.choice((payment["amount"], Decimal("0.01")))
            allocations.append({"payment": payment, "order_id": order["id"], "amount": share,
                                "allocated_at": dated if payment["taken_over"] else allocated})  # fmt: skip
    rows.keep(Payment, payments)
    for row in allocations:
        row["payment_id"] = row.pop("payment")["id"]
    return payments, rows.keep(PaymentAllocation, allocations)


def ageing(rows, orders, payments, allocations, refunds):
    """Orders shipped less verified payments, all dated by the day, in buckets by the day each is due; credits apart."""
    ours = {
        one["id"]: one for one in payments
        if one["state"] in OURS and rows.by_then(one["paid_at"])
        and rows.by_then(one["settled_at"] or one["verified_at"])
    }  # fmt: skip
    used = [one for one in allocations if one["payment_id"] in ours and rows.by_then(one["allocated_at"])]
    back = [one for one in refunds if rows.by_then(one["paid_at"])]
    found = defaultdict(lambda: dict.fromkeys((*BUCKETS, "open", "credit", "ahead"), NOUGHT))
    for order in orders:
        had = sum(one["amount"] for one in used if one["order_id"] == order["id"])
        had -= sum(one["amount"] for one in back if one["order_id"] == order["id"] and one["kind"] != "escrow")
        if not rows.by_then(order["shipped_at"]) or rows.by_then(order["closed_at"]):
            found[order["customer_id"]]["ahead"] += had
            continue
        owed = order["gross"] + (order["freight"] or 0) - had
        due = order["pay_by"] or order["shipped_at"].astimezone(rows.zone).date() + timedelta(days=TERM)
        bucket = BUCKETS[sum((rows.day - due).days > most for most in (0, 30, 60, 90))]
        mine = found[order["customer_id"]]
        if owed > 0:
            mine[bucket] += owed
            mine["open"] += owed
        else:
            mine["credit"] -= owed
    for payment in ours.values():
        shares = sum(one["amount"] for one in used if one["payment_id"] == payment["id"])
        found[payment["customer_id"]]["credit"] += payment["amount"] - shares
    for refund in back:
        if refund["order_id"] is None:
            found[refund["customer_id"]]["credit"] -= refund["amount"]
    return {rows.customers[key]: sums for key, sums in found.items() if any(sums.values())}


@QUICK
@given(dice=DICE)
def test_receivables_age_as_a_plain_recount_finds(either_session, either_zone, dice):
    rows = Rows(either_session, either_zone, dice)
    wanted = ageing(rows, *debts(rows))
    answer = rows.asked("receivables_ageing")
    figures = (*BUCKETS, "open", "credit", "ahead")
    told = {row["customer"]: {name: row[name] for name in figures} for row in answer.rows}
    assert told == wanted
    assert opened(either_session, answer) == sum(
        bool(sums[name]) for sums in wanted.values() for name in (*BUCKETS, "open", "ahead")
    )
    either_session.rollback()


# ---------- what couriers and platforms keep ----------

#: Where the money of a payment is in a state: not come yet, with the courier or platform, gone on to us or back. An
#: older ledger tells the state and one moment alone.
LIVES = {
    "courier": {"expected": 0, "not_collected": 0, "collected": 1, "remitted": 2, "reversed": 2},
    "escrow": {"recorded": 0, "rejected": 0, "in_escrow": 1, "released": 2, "returned": 2, "reversed": 2},
    "bank": {"recorded": 0, "verified": 1, "reversed": 1},
}
OLD = {"courier": ("collected", "remitted", "verified"), "escrow": ("in_escrow", "released", "verified"),
       "bank": ("verified",)}  # fmt: skip
CAME = {"courier": "collected_at", "escrow": "verified_at", "bank": "verified_at"}
AGES = (("0-7", 7), ("8-30", 30), ("31-60", 60), ("60+", 10**6))


def lives(rows):
    """Orders, and payments of every kind at every point of their way; what was reversed has its opposite."""
    orders = rows.keep(Order, rows.orders(3, received_at=[None, *rows.when]))
    payments = rows.some(
        8, order=[None, *orders], customer_id=list(rows.customers), kind=sorted(LIVES), amount=rows.money,
        moments=lambda: rows.in_turn(2), taken_over=(False, False, True),
    )  # fmt: skip
    for number, payment in enumerate(payments):
        order, (came, went), kind = payment.pop("order"), payment.pop("moments"), payment["kind"]
        payment |= {"order_id": order and order["id"], "paid_at": came, "reference": f"P{number}", "account": "",
                    "collected_at": None, "verified_at": None, "reverses_id": None, "settled_at": None}  # fmt: skip
        if order:
            payment["customer_id"] = order["customer_id"]
        payment["state"] = rows.dice.choice(OLD[kind] if payment["taken_over"] else sorted(LIVES[kind]))
        steps = LIVES[kind].get(payment["state"], 0)
        if not payment["taken_over"]:
            payment |= {CAME[kind]: came if steps else None, "settled_at": went if steps == 2 else None}
    rows.keep(Payment, payments)
    opposites = [
        {name: value for name, value in one.items() if name != "id"}
        | {"amount": -one["amount"], "reverses_id": one["id"], "reference": f"{one['reference']}-", "settled_at": None}
        for one in payments if one["state"] == "reversed"
    ]  # fmt: skip
    rows.keep(Payment, opposites)
    return orders, payments


def floating(rows, orders, payments, kind):
    """(order, customer, since, days, age, amount) of what was with courier or platform on the day."""
    by_key = {one["id"]: one for one in orders}
    for one in payments:
        order = by_key.get(one["order_id"], {"order_no": "", "received_at": None})
        came = one["paid_at"] if one["taken_over"] else one[CAME[kind]]
        since = came if kind == "courier" else order["received_at"]
        still = one["state"] in ("collected", "in_escrow") or one["settled_at"] is not None
        there = still and rows.by_then(came) and not rows.by_then(one["settled_at"])
        if one["kind"] == kind and there and rows.by_then(since):
            days = (rows.day - since.astimezone(rows.zone).date()).days
            age = next(name for name, most in AGES if days <= most)
            yield order["order_no"], rows.customers[one["customer_id"]], since, days, age, one["amount"]


@pytest.mark.parametrize("name, kind", [("cod_float", "courier"), ("escrow_float", "escrow")])
@QUICK
@given(dice=DICE)
def test_what_others_keep_for_us_is_what_a_plain_recount_finds(either_session, either_zone, name, kind, dice):
    rows = Rows(either_session, either_zone, dice)
    wanted = sorted(floating(rows, *lives(rows), kind))
    told = rows.asked(name).rows
    names = ("customer", "since", "days", "age", "amount")
    found = [(row["order"] or "", *(row[name] for name in names)) for row in told]
    assert [one[2] for one in found] == sorted(one[2] for one in wanted)  # the oldest first
    assert sorted(found) == wanted
    either_session.rollback()
