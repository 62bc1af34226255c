"""Totals: an order's amounts are the sums of its lines, and what is paid, escrowed and refunded those of its money.

They are brought up to date by the session before every flush, so no way of writing can leave them behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, event, func, inspect, select
from sqlalchemy.orm import Session

from app.engine import access, concurrency
from models import order_rounding, settling
from models.allocations import PaymentAllocation
from models.order_lines import OrderLine
from models.orders import NOUGHT, Order
from models.payments import COUNTED, Payment
from models.refunds import Refund

_MONEY = (Payment, PaymentAllocation, Refund)


@event.listens_for(Session, "before_flush", insert=True)
def _sum_up(session: Session, context: object, instances: object) -> None:
    """Bring the amounts of the orders up to date of which a line or a row of money is about to be written."""
    touched = {model: [item for item in _about_to_be(session) if isinstance(item, model)] for model in _WATCHED}
    if not any(touched.values()):
        return
    fresh = {item for item in touched[Order] if inspect(item).pending}
    with access.system():
        for line in touched[OrderLine]:
            if line.order is None and not inspect(line).pending:
                session.delete(line)  # taken off its order; deleted by name, for the history to tell of it
        orders = dict.fromkeys(touched[Order])
        for order in {line.order for line in touched[OrderLine] if line.order is not None}:
            if order_rounding.is_whole(order):  # a change of one line moves the cents of the others
                order_rounding.round_amounts(order)
                touched[OrderLine] = [item for item in _about_to_be(session) if isinstance(item, OrderLine)]
        if touched[OrderLine] or fresh:
            orders |= dict.fromkeys(_sum_lines(session, touched[OrderLine], fresh))
        _allocate_older(session, touched)
        if fresh or any(touched[model] for model in _MONEY):
            orders |= dict.fromkeys(_sum_money(session, touched, fresh))
        _name(session, [order for order in orders if order not in session.deleted], touched[Payment])


_WATCHED: tuple[Any, ...] = (Order, OrderLine, *_MONEY)


def _about_to_be(session: Session) -> Iterable[Any]:
    return (*session.new, *(item for item in session.dirty if session.is_modified(item)), *session.deleted)


def _at_home(session: Session, item: Any, name: str = "order") -> tuple[Any, set[int]]:
    """What an item belongs to after the flush, and the keys of what it may have belonged to before."""
    keys = {getattr(item, f"{name}_id")} - {None}
    owner = getattr(item, name)
    if owner is None and inspect(item).pending and keys:
        owner = session.get(Order if name == "order" else Payment, *keys)
    return (None if item in session.deleted else owner), keys


def _grouped(
    session: Session, items: list[Any], fresh: set[Order], model: Any, names: tuple[str, ...],
    *conditions: ColumnElement[bool], owner: str = "order",
) -> Iterator[tuple[Any, list[Any], list[Decimal]]]:  # fmt: skip
    """For each order (payment) concerned: its items of this flush, and the count and sums of the stored others."""
    target: Any = Order if owner == "order" else Payment
    present: dict[Any, list[Any]] = {order: [] for order in fresh}
    for item in items:
        home, keys = _at_home(session, item, owner)
        for key in keys:
            if (before := session.get(target, key)) is not None:
                present.setdefault(before, [])
        if home is not None:
            present.setdefault(home, []).append(item)
    kept = [one for one in present if one.id]
    known = [item.id for item in items if item.id]
    key_column = getattr(model, f"{owner}_id")
    stored: dict[int, list[Decimal]] = {}
    for start in range(0, len(kept), 500):
        some = kept[start : start + 500]
        concurrency.hold(session, *some)
        query = (
            select(key_column, func.count(), *(func.sum(getattr(model, name)) for name in names))
            .where(key_column.in_([one.id for one in some]), model.id.not_in(known), *conditions)
            .group_by(key_column)
        )
        stored.update({row[0]: list(row[1:]) for row in session.execute(query)})
    for one, mine in present.items():
        yield one, mine, stored.get(one.id, [Decimal(0), *(Decimal(0) for _name in names)])


def _sum_lines(session: Session, lines: list[OrderLine], fresh: set[Order]) -> Iterator[Order]:
    """Work out and sum up the lines; the orders looked at."""
    names = ("quantity", "net", "tax", "gross")
    for order, mine, (count, *sums) in _grouped(session, lines, fresh, OrderLine, names):
        if not order_rounding.is_whole(order):
            for line in mine:
                line.work_out(order.rounding)
        if order.taken_over:
            order.add_goods(mine)
        if mine or count:
            added = (sum(getattr(line, name) or 0 for line in mine) for name in names)
            totals = [stored + new for stored, new in zip(sums, added, strict=True)]
        else:
            stated = order.total or NOUGHT
            totals = [Decimal(0), stated, NOUGHT, stated]
        _put(order, dict(zip(names, totals, strict=True)))
        yield order


def _allocate_older(session: Session, touched: dict[Any, list[Any]]) -> None:
    """What an older ledger says was paid for an order is allocated to it, all of it."""
    for payment in touched[Payment]:
        if inspect(payment).pending and payment.taken_over and payment.state in COUNTED:
            order, _keys = _at_home(session, payment)
            if order is not None:
                row = PaymentAllocation(
                    payment=payment, order=order, amount=payment.amount, allocated_at=payment.paid_at, taken_over=True
                )
                session.add(row)
                touched[PaymentAllocation].append(row)


def _sum_money(session: Session, touched: dict[Any, list[Any]], fresh: set[Order]) -> Iterator[Order]:
    """Sum up allocations, payments with a platform and refunds paid out; the orders looked at."""
    rows = touched[PaymentAllocation]
    shares = _grouped(session, rows, set(), PaymentAllocation, ("amount",), owner="payment")
    for payment, mine, (_count, stored) in shares:
        _put(payment, {"allocated": stored + _sum(mine)})
    for order, mine, (_count, stored) in _grouped(session, rows, fresh, PaymentAllocation, ("amount",)):
        _put(order, {"paid": stored + _sum(mine)})
        yield order
    kept = Payment.state == "in_escrow"
    for order, mine, (_count, stored) in _grouped(session, touched[Payment], fresh, Payment, ("amount",), kept):
        _put(order, {"escrowed": stored + _sum(one for one in mine if one.state == "in_escrow")})
        yield order
    back = Refund.state == "paid_out", Refund.kind != "escrow"
    for order, mine, (_count, stored) in _grouped(session, touched[Refund], fresh, Refund, ("amount",), *back):
        paid_out = (one for one in mine if one.state == "paid_out" and one.kind != "escrow")
        _put(order, {"refunded": stored + _sum(paid_out)})
        yield order


def _sum(items: Iterable[Any]) -> Decimal:
    return sum((item.amount for item in items), NOUGHT)


def _name(session: Session, orders: list[Order], payments: list[Payment]) -> None:
    """Name the state of the orders' money; what a platform gave back to the buyer came and went."""
    keys = [order.id for order in orders if order.id]
    known = [payment.id for payment in payments if payment.id]
    given_back: dict[int, Decimal] = {}
    for start in range(0, len(keys), 500):
        query = (
            select(Payment.order_id, func.sum(Payment.amount))
            .where(
                Payment.order_id.in_(keys[start : start + 500]), Payment.state == "returned", Payment.id.not_in(known)
            )
            .group_by(Payment.order_id)
        )
        given_back.update({key: amount for key, amount in session.execute(query) if key is not None})
    for order in orders:
        mine = _sum(one for one in payments if one.state == "returned" and one.order is order)
        back = given_back.get(order.id, NOUGHT) + mine
        state = settling.payment_state(
            settling.due(order), (order.paid or NOUGHT) + back, order.escrowed or NOUGHT,
            (order.refunded or NOUGHT) + back, order.state in settling.ENDED,
        )  # fmt: skip
        _put(order, {"payment_state": state})


def _put(owner: Any, values: dict[str, Any]) -> None:
    """Set what differs only, so that an order that stays the same is not written again."""
    for name, value in values.items():
        if getattr(owner, name) != value:
            setattr(owner, name, value)
