"""Prices 价格: dated rows, for all customers or for those of a grade; the product's own price holds where none does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, or_, select
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, fields
from app.engine.database import index_where
from app.engine.record import Record
from models.products import Product


class ProductPrice(Record, Model):
    """What a product costs from a day on. Of two rows in force the newer holds; a grade's own beats the one for all."""

    __tablename__ = "product_price"
    # NULL differs from NULL, so the rows for all customers need an index of their own.
    __table_args__: Any = (
        Index("uq_product_price_grade", "product_id", "grade", "valid_from", unique=True),
        index_where("uq_product_price_for_all", "product_id", "valid_from", unique=True, where="grade IS NULL"),
        {},
    )  # fmt: skip
    kind_name = "product_prices"
    label, label_plural = _l("Dated price"), _l("Dated prices")
    named_by = ("product",)
    visible_to = classmethod(access.everyone)

    product_id: Mapped[int] = fields.reference(_l("Product"), "product.id", required=True, aliases=("product_no",))
    price: Mapped[Decimal] = fields.decimal("price", _l("Price"), required=True, least=Decimal(0))
    valid_from: Mapped[date] = fields.day(_l("Valid from"), required=True)
    valid_to: Mapped[date | None] = fields.day(_l("Last day"), help=_l("Empty: until a newer price holds"))
    grade: Mapped[str | None] = fields.line(_l("Customer grade"), 30, help=_l("Empty: all customers"))
    note: Mapped[str | None] = fields.line(_l("Note"), 300)

    product: Mapped[Product] = relationship(foreign_keys=product_id)

    #: whether a row for the same customers from the same day was found by `prepare`
    _taken = False

    def prepare(self, session: Session) -> None:
        self.bring_along(session)

    def bring_along(self, session: Session) -> None:
        self.grade = (self.grade or "").strip() or None
        if self.product is None or self.product.id is None or self.valid_from is None:
            return
        same = select(ProductPrice).where(
            ProductPrice.product_id == self.product.id, ProductPrice.valid_from == self.valid_from,
            _for_grade(self.grade),
        )  # fmt: skip
        with access.system():
            self._taken = any(row is not self for row in session.scalars(same.limit(2)))

    def check(self) -> Iterator[tuple[str, str]]:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            yield "valid_to", _("The price ends before it begins.")
        if self._taken:
            yield "valid_from", _("There is a price from this day for these customers already; change that one.")

    def __str__(self) -> str:
        return f"{self.product or ''}: {self.price} ({self.valid_from})"


#: For the product's page; written here, for products do not know of their prices.
Product.prices = relationship(ProductPrice, viewonly=True, order_by=ProductPrice.valid_from.desc())


def _for_grade(grade: str | None) -> Any:
    return ProductPrice.grade.is_(None) if grade is None else ProductPrice.grade == grade


def price_on(session: Session, product: Product, day: date, grade: str | None = None) -> Decimal | None:
    """What a product costs a customer of a grade on a day; None where it has no price at all."""
    row, grade = ProductPrice, (grade or "").strip()
    query = (
        select(row.price)
        .where(
            row.product_id == product.id,
            row.valid_from <= day,
            or_(row.valid_to.is_(None), row.valid_to >= day),
            or_(row.grade.is_(None), row.grade == grade),
        )
        .order_by(row.grade.is_(None), row.valid_from.desc())
        .limit(1)
    )
    with access.system(), session.no_autoflush:
        found = session.scalar(query)
    return product.price if found is None else found
