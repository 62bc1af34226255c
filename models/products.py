"""Products: what is sold, one row a variant; variants share their model 款号 and differ in colour and size."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ColumnElement, String, and_, event, inspect
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine import access, changes, fields, rules
from app.engine.record import Numbered, QuickView, Record

WHOLE_UNITS = rules.setting(
    "whole_units", _l("Units that are never split"), "list", "件,个,把,双,台,本,箱,只,套"
)  # a list of the house's own words


class Product(Record, Model):
    """One thing to order, down to its colour and size."""

    __tablename__ = "product"
    # No stock kept counts as none: nothing of it can be reserved.
    __table_args__: Any = (CheckConstraint("reserved >= 0 AND reserved <= coalesce(stock, 0)", "reserved_in_stock"), {})
    kind_name = "products"
    label, label_plural = _l("Product"), _l("Products")
    natural_key = "product_no"
    numbered = Numbered("product_no", "P{serial:05d}", yearly=False)
    visible_to = classmethod(access.everyone)

    product_no: Mapped[str] = fields.number(
        _l("Product number"), 60, unique=True, search=True, help=_l("Empty: the next number")
    )
    name: Mapped[str] = fields.line(_l("Name"), 200, required=True, search=True)
    model: Mapped[str | None] = fields.line(_l("Model"), 100, search=True, index=True, help=_l("Variants share it"))
    colour: Mapped[str | None] = fields.line(_l("Colour"), 60, search=True)
    size: Mapped[str | None] = fields.line(_l("Size"), 60, search=True)
    spec: Mapped[str | None] = fields.line(_l("Specification"), 200)
    unit: Mapped[str | None] = fields.line(_l("Unit"), 30)
    price: Mapped[Decimal | None] = fields.decimal("price", _l("Price"), least=Decimal(0))
    tax_rate: Mapped[Decimal | None] = fields.decimal(
        "rate", _l("Tax rate"), least=Decimal(0), help=_l("A share of one, such as 0.13")
    )
    cost: Mapped[Decimal | None] = fields.decimal("price", _l("Cost"), least=Decimal(0), right="see_cost")
    #: the sum of its movements, kept by `models/stock.py`; None: no stock is kept of it
    stock: Mapped[Decimal | None] = fields.decimal(
        "quantity", _l("In stock"), least=Decimal(0), active_history=True, help=_l("Empty: no stock is kept of it")
    )
    #: the sum of the reservations that are held, likewise
    reserved: Mapped[Decimal] = fields.decimal(
        "quantity", _l("Reserved for orders"), required=True, default=Decimal("0.000"), derived=True
    )
    reorder_level: Mapped[Decimal | None] = fields.decimal(
        "quantity", _l("Reorder level"), least=Decimal(0), help=_l("Below it the product is to be bought again")
    )
    discontinued: Mapped[bool] = fields.flag(_l("No longer sold"))
    service: Mapped[bool] = fields.flag(_l("A service"), help=_l("Work, not goods: ordered from a service ticket"))
    #: model, colour and size in one word, for the database to refuse the second; None without a model
    variant_key: Mapped[str | None] = mapped_column(String(500), unique=True)

    distinct = {"variant_key": "model"}
    quick_views = (QuickView("reorder", _l("Below the reorder level"), lambda cls, actor: _to_reorder(cls)),)

    @property
    def kept(self) -> bool:
        """Whether a stock is kept of it, to reserve and ship from."""
        return self.stock is not None and not self.service

    @property
    def available(self) -> Decimal:
        """What can still be reserved or shipped."""
        return (self.stock or Decimal(0)) - (self.reserved or Decimal(0))

    def prepare(self, session: Session) -> None:
        self.bring_along(session)

    def bring_along(self, session: Session) -> None:
        self.variant_key = variant_key(self)

    def likeness(self, other: Product) -> str:
        return _("%(product)s is this model in this colour and size already.", product=other)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id and not self.product_no:
            yield "product_no", _("A product keeps a number.")
        if self.reserved and (self.stock is None or self.stock < self.reserved):
            yield (
                "stock",
                _(
                    "%(reserved)s are reserved for orders; the stock cannot fall below that.",
                    reserved=plainly(self.reserved),
                ),
            )

    def marks(self) -> list[str]:
        if not self.kept or self.reorder_level is None or self.available >= self.reorder_level:
            return []
        return [
            _(
                "Below the reorder level of %(level)s: %(available)s available.",
                level=plainly(self.reorder_level),
                available=plainly(self.available),
            )
        ]

    def counted(self, session: Session) -> Iterator[tuple[Any, str]]:
        if self.kept:
            yield _l("Available"), plainly(self.available)

    def __str__(self) -> str:
        variant = " ".join(filter(None, (self.colour, self.size)))
        return f"{self.product_no} {self.name}" + (f" ({variant})" if variant else "")


def _to_reorder(products: type[Product]) -> ColumnElement[bool]:
    return and_(~products.discontinued, products.stock - products.reserved < products.reorder_level)


def variant_key(product: Product) -> str | None:
    """What two products of the same model, colour and size have in common however they are typed; None: no model."""
    if not (product.model or "").strip():
        return None
    words = [" ".join(unicodedata.normalize("NFKC", word or "").split()).casefold() for word in
             (product.model, product.colour, product.size)]  # fmt: skip
    return json.dumps(words, ensure_ascii=False)


@event.listens_for(Session, "before_flush", insert=True)
def _keep_variant_key(session: Session, context: object, instances: object) -> None:
    for product in (*session.new, *session.dirty):
        # Of two variants alike in an older house the second has no key, and keeps none.
        if isinstance(product, Product) and (
            inspect(product).pending or changes.altered(product, "model", "colour", "size")
        ):
            product.variant_key = variant_key(product)


def plainly(quantity: Decimal | None) -> str:
    """A quantity as people write it: no closing noughts."""
    return "" if quantity is None else f"{quantity:f}".rstrip("0").rstrip(".") if quantity % 1 else f"{quantity:.0f}"


def check_quantity(session: Session, product: Product, quantity: Decimal | None) -> str | None:
    """The sentence about a quantity that a product does not come in: half a chair; None for one that is fine."""
    if (
        quantity is None
        or quantity % 1 == 0
        or (product.unit or "").strip() not in rules.listed(session, WHOLE_UNITS, None)
    ):
        return None
    return _("%(product)s comes in whole %(unit)s only.", product=str(product), unit=product.unit)
