"""Stock 库存: every piece that comes, goes or is found missing is a movement, and a product's stock is their sum.

`models/stock_totals.py` keeps the sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Index, false, true
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import fields, history
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.record import Record
from models.orders import Order
from models.people import Person
from models.products import Product, plainly

KINDS = {
    "opening": _l("Opening stock"),
    "received": _l("Goods in"),
    "shipped": _l("Goods out"),
    "returned": _l("Goods back"),
    "counted": _l("Stock count"),
    "damaged": _l("Damaged or lost"),
    "other": _l("Other"),
}
#: What the warehouse enters itself; the others follow from shipments and from the product's own page.
BY_HAND = ("received", "returned", "counted", "damaged", "other")
#: Roles that see the books of the warehouse.
KEEPERS = ("administrator", "office_manager", "order_administrator", "warehouse", "finance", "auditor", "leader")


class StockMovement(Record, Model):
    """So many pieces of one product in or out. It stays as it is; a wrong one is set right by its opposite."""

    __tablename__ = "stock_movement"
    __table_args__: Any = (
        Index("ix_stock_movement_product_moved", "product_id", "moved_at"),
        Index("ix_stock_movement_kind", "kind", "moved_at"),
        {},
    )
    kind_name = "stock_movements"
    large = True
    label, label_plural = _l("Stock movement"), _l("Stock movements")
    named_by = ("product",)

    product_id: Mapped[int] = fields.reference(
        _l("Product"), "product.id", required=True, aliases=("product_no",), index=False
    )
    kind: Mapped[str] = fields.choice(_l("Kind"), KINDS, "stock_movement_kind_known", required=True, default="received")
    quantity: Mapped[Decimal] = fields.decimal(
        "quantity", _l("Quantity"), required=True, help=_l("Negative: out of the warehouse")
    )
    note: Mapped[str | None] = fields.line(_l("Note"), 300)
    moved_at: Mapped[datetime] = fields.moment(_l("Booked at"), required=True, derived=True, index=True)
    balance: Mapped[Decimal | None] = fields.decimal("quantity", _l("Stock afterwards"), derived=True)
    order_id: Mapped[int | None] = fields.reference(_l("Order"), "sales_order.id", derived=True)
    booked_by_id: Mapped[int | None] = fields.reference(_l("Booked by"), "person.id", derived=True)

    product: Mapped[Product] = relationship(foreign_keys=product_id)
    order: Mapped[Order | None] = relationship(foreign_keys=order_id)
    booked_by: Mapped[Person | None] = relationship(foreign_keys=booked_by_id)

    #: whether the product's stock holds it already
    booked = False

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*KEEPERS) else false()

    def prepare(self, session: Session) -> None:
        self.moved_at = self.moved_at or now()
        self.booked_by_id = history.doer().own_person_id

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id:
            yield "", _("A movement stays as it is; enter the opposite one instead.")
            return
        if self.kind not in BY_HAND and self.order is None:
            yield "kind", _("“%(kind)s” is booked by the office itself.", kind=KINDS.get(self.kind, ""))
        if self.quantity is not None and not self.quantity:
            yield "quantity", _("A movement of nought is none.")
        if self.quantity is not None and self.kind in ("received", "returned") and self.quantity < 0:
            yield "quantity", _("What comes in is a quantity above nought.")
        if self.quantity is not None and self.kind == "damaged" and self.quantity > 0:
            yield "quantity", _("What is damaged or lost is a quantity below nought.")
        if self.product is not None and not self.product.kept:
            yield (
                "product",
                _("No stock is kept of %(product)s; enter its stock on its page.", product=str(self.product)),
            )
        elif self.product is not None and self.quantity is not None and -self.quantity > self.product.available:
            yield "quantity", _(
                "%(stock)s of %(product)s are in stock, %(reserved)s of them reserved for orders.",
                stock=plainly(self.product.stock), product=str(self.product), reserved=plainly(self.product.reserved),
            )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.product or ''}: {plainly(self.quantity)}"


#: For the product's page; written here, for products do not know of their movements.
Product.movements = relationship(StockMovement, viewonly=True, order_by=StockMovement.id.desc())
