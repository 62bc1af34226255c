"""Stock totals: a product's stock is the sum of its movements, and `reserved` the sum of what is held of it.

Movements and reservations are the books. The session brings the product along before every flush, by one conditional
UPDATE a product, in the order of their keys: nothing is reserved or shipped twice however many write at a time, and no
way of writing can leave the totals behind.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import event, func, inspect, select
from sqlalchemy.orm import Session

from app.engine import access, changes, concurrency, history
from app.engine.moments import now
from app.engine.refusals import StepRefused
from models.products import Product, plainly
from models.reservations import Reservation
from models.stock import StockMovement

NOUGHT = Decimal(0)


def _holding(session: Session, row: Reservation) -> Decimal:
    """By how much this flush raises what a row holds."""
    before = after = NOUGHT
    if not inspect(row).pending and changes.before(row, "state") == "held":
        before = changes.before(row, "quantity")
    if row not in session.deleted and (row.state or "held") == "held":
        after = row.quantity or NOUGHT
    return after - before


@event.listens_for(Session, "before_flush", insert=True)
def _book(session: Session, context: object, instances: object) -> None:
    """Bring the products along whose movements or reservations are about to be written.

    Raises `StepRefused` naming every product of which there is too little; the caller rolls back.
    """
    written = [
        item
        for item in (*session.new, *session.dirty, *session.deleted)
        if isinstance(item, Product | StockMovement | Reservation)
    ]
    if not written:
        return
    with access.system():
        for item in written:
            if isinstance(item, Product) and item not in session.deleted:
                _tell_of_count(session, item)
        moved: dict[Product, list[StockMovement]] = defaultdict(list)
        held: dict[Product, Decimal] = defaultdict(Decimal)
        for item in written:
            if isinstance(item, StockMovement) and inspect(item).pending and not item.booked:
                moved[_product_of(session, item)].append(item)
            elif isinstance(item, Reservation) and (more := _holding(session, item)):
                held[_product_of(session, item)] += more
        # In one order for all, so that two transactions with the same products do not wait for each other.
        short = [
            said
            for product in sorted({*moved, *held}, key=lambda product: product.id)
            if (said := _bring_along(session, product, moved[product], held[product])) is not None
        ]
        if short:
            raise StepRefused(" ".join(short))


def _product_of(session: Session, item: Any) -> Product:
    return item.product if item.product is not None else session.get_one(Product, item.product_id)


def _tell_of_count(session: Session, product: Product) -> None:
    """A stock that was typed on the product's page, or came with a sheet, is a movement like any other."""
    fresh: bool = inspect(product).pending
    if fresh:
        product.reserved = NOUGHT  # whatever a sheet says: no order has reserved of it yet
    before, after = None if fresh else changes.before(product, "stock"), product.stock
    if before == after:
        return
    _write(session, product, "opening" if before is None else "counted", (after or NOUGHT) - (before or NOUGHT))


def _write(session: Session, product: Product, kind: str, quantity: Decimal) -> None:
    """A movement that the product's stock holds already."""
    movement = StockMovement(
        product=product, kind=kind, quantity=quantity, balance=product.stock or NOUGHT, moved_at=now(),
        booked_by_id=history.doer().own_person_id,
    )  # fmt: skip
    movement.booked = True
    session.add(movement)


def _bring_along(session: Session, product: Product, movements: list[StockMovement], held: Decimal) -> str | None:
    """Book what moves and what is held of one product; the sentence about what there is where that is too little."""
    columns = Product.__table__.c
    moved = sum((movement.quantity for movement in movements), NOUGHT)
    by = {name: amount for name, amount in (("stock", moved), ("reserved", held)) if amount}
    if by and not concurrency.shift(
        session, product, by, columns.stock + moved >= columns.reserved + held, columns.reserved + held >= NOUGHT
    ):
        there = max(product.available - min(held, NOUGHT), NOUGHT)
        if moved < 0:
            return _("Only %(stock)s of %(product)s are in stock.", stock=plainly(there), product=str(product))
        return _(
            "%(product)s: %(wanted)s needed, %(there)s available.",
            product=str(product), wanted=plainly(held), there=plainly(there),
        )  # fmt: skip
    balance = (product.stock or NOUGHT) - moved
    for movement in movements:
        balance += movement.quantity
        movement.balance, movement.booked = balance, True
        movement.booked_by_id = movement.booked_by_id or history.doer().own_person_id
    return None


def self_check(session: Session) -> list[str]:
    """What is wrong with the totals, in sentences."""
    return [sentence for sentences in differences(session).values() for sentence in sentences]


def differences(session: Session) -> dict[int, list[str]]:
    """What is wrong with the totals: sentences by the product's key. The nightly sweep asks for them."""
    wrong: dict[int, list[str]] = defaultdict(list)
    with access.system():
        moved = select(StockMovement.product_id, func.sum(StockMovement.quantity)).group_by(StockMovement.product_id)
        held = (
            select(Reservation.product_id, func.sum(Reservation.quantity))
            .where(Reservation.state == "held")
            .group_by(Reservation.product_id)
        )
        books = [{row[0]: row[1] for row in session.execute(query)} for query in (moved, held)]
        products = select(Product.id, Product.product_no, Product.stock, Product.reserved).order_by(Product.id)
        for pk, number, stock, reserved in session.execute(products):
            moves, holds = (book.get(pk) or NOUGHT for book in books)
            if moves != (stock or NOUGHT):
                wrong[pk].append(
                    _("%(product)s: %(stock)s in stock, but its movements make %(sum)s.",
                      product=number, stock=plainly(stock or NOUGHT), sum=plainly(moves))
                )  # fmt: skip
            if holds != reserved:
                wrong[pk].append(
                    _("%(product)s: %(reserved)s reserved, but its reservations make %(sum)s.",
                      product=number, reserved=plainly(reserved), sum=plainly(holds))
                )  # fmt: skip
    return wrong


def open_books(session: Session) -> int:
    """Write the opening movement of products whose stock is older than the movements; how many. The caller commits."""
    opened = select(StockMovement.product_id).where(StockMovement.kind == "opening")
    with access.system():
        products = session.scalars(select(Product).where(Product.stock > 0, Product.id.not_in(opened)))
        count = 0
        for product in products.all():
            concurrency.hold(session, product)
            moves = select(func.sum(StockMovement.quantity)).where(StockMovement.product_id == product.id)
            missing = (product.stock or NOUGHT) - (session.scalar(moves) or NOUGHT)
            if missing:
                _write(session, product, "opening", missing)
                count += 1
        session.flush()
    return count
