"""Order totals: the amounts of an order are the sum of its lines, and `paid` is the sum of its verified payments.

Both are brought up to date by the session before every flush, so no way of writing can leave them behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from app.engine import access, concurrency
from models.orders import NOUGHT, Order, OrderLine
from models.payments import Payment


@event.listens_for(Session, "before_flush", insert=True)
def _sum_up(session: Session, context: object, instances: object) -> None:
    """Bring the amounts of the orders whose lines or payments are about to be written up to date."""
    lines = [item for item in (*session.new, *session.dirty, *session.deleted) if isinstance(item, OrderLine)]
    payments = [item for item in (*session.new, *session.dirty, *session.deleted) if isinstance(item, Payment)]
    fresh = {item for item in session.new if isinstance(item, Order)}
    if not (lines or payments or fresh):
        return
    with access.system():
        for line in lines:
            if line.order is None and line not in session.new:
                session.delete(line)  # taken off its order; deleted by name, for the history to tell of it
        _sum_lines(session, lines, fresh)
        _sum_payments(session, payments, fresh)


def _at_home(session: Session, item: OrderLine | Payment) -> tuple[Order | None, set[int]]:
    """The order a line or payment belongs to after the flush, and the keys of those it may have belonged to before."""
    keys = {item.order_id} - {None}
    order = item.order
    if order is None and item in session.new and item.order_id:
        order = session.get(Order, item.order_id)
    return (None if item in session.deleted else order), keys


def _grouped(
    session: Session, items: list, fresh: set[Order], model: type[OrderLine] | type[Payment], names: tuple[str, ...]
) -> Iterator[tuple[Order, list, list[Decimal]]]:
    """For each order concerned: its items of this flush, and the sums of `names` over the others as they are stored."""
    present: dict[Order, list] = {order: [] for order in fresh}
    for item in items:
        order, keys = _at_home(session, item)
        for key in keys:
            if (before := session.get(Order, key)) is not None:
                present.setdefault(before, [])
        if order is not None:
            present.setdefault(order, []).append(item)
    kept = [order for order in present if order.id]
    known = [item.id for item in items if item.id]
    stored: dict[int, list[Decimal]] = {}
    for start in range(0, len(kept), 500):
        some = kept[start : start + 500]
        concurrency.hold(session, *some)
        query = (
            select(model.order_id, func.count(), *(func.sum(getattr(model, name)) for name in names))
            .where(model.order_id.in_([order.id for order in some]), model.id.not_in(known))
            .group_by(model.order_id)
        )
        if model is Payment:
            query = query.where(Payment.state == "verified")
        stored.update({row[0]: list(row[1:]) for row in session.execute(query)})
    for order, mine in present.items():
        yield order, mine, stored.get(order.id, [Decimal(0), *(Decimal(0) for _name in names)])


def _sum_lines(session: Session, lines: list[OrderLine], fresh: set[Order]) -> None:
    names = ("quantity", "net", "tax", "gross")
    for order, mine, (count, *sums) in _grouped(session, lines, fresh, OrderLine, names):
        for line in mine:
            line.work_out()
        if mine or count:
            added = (sum(getattr(line, name) or 0 for line in mine) for name in names)
            totals = [stored + new for stored, new in zip(sums, added, strict=True)]
        else:
            stated = order.total or NOUGHT
            totals = [Decimal(0), stated, NOUGHT, stated]
        _put(order, dict(zip(names, totals, strict=True)))


def _sum_payments(session: Session, payments: list[Payment], fresh: set[Order]) -> None:
    for order, mine, (_count, stored) in _grouped(session, payments, fresh, Payment, ("amount",)):
        verified = (payment.amount for payment in mine if payment.state == "verified")
        _put(order, {"paid": stored + sum(verified, NOUGHT)})


def _put(order: Order, values: dict[str, Decimal]) -> None:
    """Set what differs only, so that an order that stays the same is not written again."""
    for name, value in values.items():
        if getattr(order, name) != value:
            setattr(order, name, value)
