"""Reservations 预留: what of a product is kept for an order until it is shipped, given up or runs out.

The functions here bring what is held for an order in line; `models/stock_totals.py` brings the product along, and
refuses what is not there. They are meant for the effects of the order's steps: they work as the system, write in the
transaction of the step, and what they refuse leaves nothing behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, false, select, true
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, changes, concurrency, fields
from app.engine.access import Actor
from app.engine.database import index_where
from app.engine.moments import now
from app.engine.workflow import Ask, Flow, State, Workflow, never_by_hand, state_indexes
from models.orders import Order
from models.products import Product, plainly
from models.shipments import shipped_quantities
from models.stock import KEEPERS, StockMovement

NOUGHT = Decimal(0)


class Reservation(Workflow, Model):
    """So much of one product, kept for one order."""

    __tablename__ = "reservation"
    __table_args__: Any = (
        *state_indexes("reservation"),
        # One held row an order and product.
        index_where("uq_reservation_held", "order_id", "product_id", unique=True, where="state = 'held'"),
        {},
    )  # fmt: skip
    kind_name = "reservations"
    label, label_plural = _l("Reservation of goods"), _l("Reservations of goods")
    named_by = ("order", "product")

    flow = Flow(
        State("held", _l("Kept for the order"), "active", settled=True),
        State("consumed", _l("Gone out with the order"), "good", final=True),
        State("released", _l("Free again"), "neutral", final=True, uncounted=True),
    )

    order_id: Mapped[int] = fields.reference(_l("Order"), "sales_order.id", required=True, aliases=("order_no",))
    product_id: Mapped[int] = fields.reference(_l("Product"), "product.id", required=True, aliases=("product_no",))
    quantity: Mapped[Decimal] = fields.decimal("quantity", _l("Quantity"), required=True, active_history=True)
    held_since: Mapped[datetime] = fields.moment(_l("Kept since"), required=True)
    expires_at: Mapped[datetime | None] = fields.moment(_l("Kept until"), index=True, help=_l("Empty: no limit"))
    ended_at: Mapped[datetime | None] = fields.moment(_l("Ended at"), derived=True)
    reason: Mapped[str | None] = fields.prose(_l("Reason"), derived=True)

    order: Mapped[Order] = relationship(foreign_keys=order_id)
    product: Mapped[Product] = relationship(foreign_keys=product_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*KEEPERS) else false()

    def prepare(self, session: Session) -> None:
        self.held_since = self.held_since or now()

    def check(self) -> Iterator[tuple[str, str]]:
        for name in changes.altered(self, "order", "product", "quantity"):
            yield name, _("What is reserved follows from the lines of its order.")
        if self.quantity is not None and self.quantity <= 0:
            yield "quantity", _("The quantity must be more than nought.")

    def __str__(self) -> str:
        return f"{self.order or ''}: {plainly(self.quantity)} × {self.product or ''}"

    @flow.step("held", to="consumed", label=_l("Goes out with the order"), who=never_by_hand)
    def consume(self) -> None:
        """The goods leave the house with a shipment of the order."""
        self.ended_at = now()

    @flow.step("held", to="released", label=_l("No longer needed"), who=never_by_hand)
    def let_go(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The order needs the goods no longer, or has kept them too long."""
        self.ended_at, self.reason = now(), reason


#: For the pages of products and orders; written here, for neither knows of what is reserved.
Product.reservations = relationship(Reservation, viewonly=True, order_by=Reservation.id.desc())
Order.reservations = relationship(Reservation, viewonly=True, order_by=Reservation.id.desc())


def _held(session: Session, order: Order) -> list[Reservation]:
    """What is held for an order, in the order of the products' keys, kept from other writers."""
    session.flush()
    concurrency.hold(session, order)
    query = select(Reservation).where(Reservation.order_id == order.id, Reservation.state == "held")
    return list(session.scalars(query.order_by(Reservation.product_id)))


def held_for(session: Session, order: Order) -> dict[Product, Decimal]:
    """How much of which product is kept for an order."""
    query = select(Reservation).where(Reservation.order_id == order.id, Reservation.state == "held")
    with access.system():
        return {row.product: row.quantity for row in session.scalars(query.order_by(Reservation.product_id))}


def wanted_by(session: Session, order: Order) -> dict[Product, Decimal]:
    """How much of which product an order's lines still want from the stock: ordered, kept, and not shipped yet."""
    shipped, wanted = shipped_quantities(session, order), defaultdict[Product, Decimal](Decimal)
    for line in order.order_lines:
        if line.product.kept:
            wanted[line.product] += max(line.quantity - shipped.get(line.id, NOUGHT), NOUGHT)
    return {product: quantity for product, quantity in wanted.items() if quantity > 0}


def match(session: Session, order: Order, expires_at: datetime | None = None) -> None:
    """Bring what is held for an order in line with what its lines still want; it is kept until `expires_at` (None: on).

    Raises `StepRefused` naming every product of which there is too little; then what was held is held as before.
    """
    with access.system():
        held = {row.product: row for row in _held(session, order)}
        wanted = wanted_by(session, order)
        more = [product for product, quantity in wanted.items() if quantity > _quantity(held.get(product))]
        less = [row for product, row in held.items() if row.quantity > wanted.get(product, NOUGHT)]
        if more and less:  # Locked in the order of their keys, whichever comes first below.
            concurrency.hold(session, *{*more, *(row.product for row in less)})
        try:
            with session.begin_nested():
                for product in more:
                    row = held.get(product)
                    if row is None:
                        row = Reservation(order=order, product=product, held_since=now())
                        session.add(row)
                    row.quantity, row.expires_at = wanted[product], expires_at
                session.flush()  # all at once: the refusal names all that is short
        except Exception:
            for product in more:
                session.expire(product)
            raise
        for row in less:
            if row.product in wanted:
                row.quantity = wanted[row.product]
            else:
                row.take("let_go", session, reason=_("The order no longer wants it."))
        for row in held.values():
            if row.state == "held" and row.expires_at != expires_at:
                row.expires_at = expires_at
        session.flush()


def _quantity(row: Reservation | None) -> Decimal:
    return NOUGHT if row is None else row.quantity


def release(session: Session, order: Order, reason: str) -> None:
    """Let go of everything that is held for an order."""
    with access.system():
        for row in _held(session, order):
            row.take("let_go", session, reason=reason)


def consume(session: Session, order: Order, quantities: Mapping[Product, Decimal]) -> None:
    """The goods leave the house: what is held goes first, the rest comes from what is available.

    Raises `StepRefused` naming the product of which there is too little.
    """
    with access.system():
        held = {row.product: row for row in _held(session, order)}
        for product, quantity in sorted(quantities.items(), key=lambda item: item[0].id):
            if not product.kept or not quantity:
                continue
            row = held.get(product)
            session.add(_movement("shipped", order, product, -quantity))
            if row is not None and row.quantity > quantity:
                session.add(
                    Reservation(order=order, product=product, quantity=quantity, state="consumed", closed_at=now(),
                                held_since=row.held_since, ended_at=now())
                )  # fmt: skip
                row.quantity -= quantity
            elif row is not None:
                row.take("consume", session)
            session.flush()


def put_back(session: Session, order: Order, quantities: Mapping[Product, Decimal]) -> None:
    """The goods are in the warehouse again, and anybody's."""
    with access.system():
        for product, quantity in sorted(quantities.items(), key=lambda item: item[0].id):
            if product.kept and quantity:
                session.add(_movement("returned", order, product, quantity))
        session.flush()


def _movement(kind: str, order: Order, product: Product, quantity: Decimal) -> StockMovement:
    return StockMovement(product=product, kind=kind, quantity=quantity, order=order, moved_at=now())
