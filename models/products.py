"""Products: what is sold, one row a variant; variants share their model 款号 and differ in colour and size."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Mapped

from app.engine import access, fields
from app.engine.record import Numbered, Record


class Product(Record, Model):
    """One thing to order, down to its colour and size."""

    __tablename__ = "product"
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
    stock: Mapped[Decimal | None] = fields.decimal("quantity", _l("In stock"))
    discontinued: Mapped[bool] = fields.flag(_l("No longer sold"))
    service: Mapped[bool] = fields.flag(_l("A service"), help=_l("Work, not goods: ordered from a service ticket"))

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id and not self.product_no:
            yield "product_no", _("A product keeps a number.")

    def __str__(self) -> str:
        variant = " ".join(filter(None, (self.colour, self.size)))
        return f"{self.product_no} {self.name}" + (f" ({variant})" if variant else "")
