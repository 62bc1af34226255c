"""Lines of orders 订单明细: one product each, rounded by itself; price and discount come from product and customer."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import amounts, changes, fields
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import local, today
from app.engine.money import Rounding, TooLarge
from app.engine.record import Record
from models.customers import Customer
from models.grades import discount_of
from models.orders import NOUGHT, Order, with_its_order
from models.prices import price_on
from models.products import Product, check_quantity


class OrderLine(Record, Model):
    """One product of an order; its amounts are kept as they were rounded."""

    __tablename__ = "order_line"
    kind_name = "order_lines"
    large = True
    label, label_plural = _l("Order line"), _l("Order lines")
    named_by = ("order", "product")

    order_id: Mapped[int] = fields.reference(_l("Order"), "sales_order.id", required=True, aliases=("order_no",))
    product_id: Mapped[int] = fields.reference(_l("Product"), "product.id", required=True, aliases=("product_no",))
    quantity: Mapped[Decimal] = fields.decimal("quantity", _l("Quantity"), required=True)
    price: Mapped[Decimal | None] = fields.decimal("price", _l("Price"), help=_l("Empty: the product's"))
    discount: Mapped[Decimal | None] = fields.decimal("rate", _l("Discount"), help=_l("A share of one, such as 0.05"))
    tax_rate: Mapped[Decimal | None] = fields.decimal("rate", _l("Tax rate"), derived=True)
    net: Mapped[Decimal] = fields.decimal("money", _l("Net"), required=True, default=NOUGHT, derived=True)
    tax: Mapped[Decimal] = fields.decimal("money", _l("Tax"), required=True, default=NOUGHT, derived=True)
    gross: Mapped[Decimal] = fields.decimal("money", _l("Gross"), required=True, default=NOUGHT, derived=True)

    order: Mapped[Order] = relationship(foreign_keys=order_id, back_populates="order_lines")
    product: Mapped[Product] = relationship(foreign_keys=product_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return with_its_order(cls.order_id, actor)

    def prepare(self, session: Session) -> None:
        self.fill_in()

    @property
    def goods(self) -> str | None:
        """Model, colour and size, to be found by."""
        product = self.product
        return " ".join(filter(None, (product.model, product.colour, product.size))) or None if product else None

    def fill_in(self) -> None:
        """Take from product and customer what the line leaves open: price of the day, discount of the grade, tax."""
        if self.product is None or self.taken_over:
            if self.price is None and self.product is not None:
                self.price = self.product.price
            return
        session, order = session_of(self.product), self.order
        customer = order.customer if order is not None else None
        if self.price is None:
            on = local(order.placed_at).date() if order is not None and order.placed_at else today()
            self.price = price_on(session, self.product, on, customer.grade if customer else None)
        if self.discount is None and customer is not None:
            self.discount = discount_of(session, customer)
        if self.tax_rate is None:
            self.tax_rate = self.product.tax_rate

    def let_go_of(self, session: Session, former: Customer) -> None:
        """Leave price and discount open where they are what a former customer is given."""
        if self.product is None or self.order is None or changes.altered(self, "price", "discount"):
            return
        if self.price == price_on(session, self.product, local(self.order.placed_at).date(), former.grade):
            self.price = None
        if self.discount == discount_of(session, former):
            self.discount = None

    def check(self) -> Iterator[tuple[str, str]]:
        if self.price is None:
            yield "price", _("The product has no price; please enter one.")
        if self.discount is not None and not 0 <= self.discount <= 1:
            yield "discount", _("The discount is a share from 0 to 1.")
        if self.tax_rate is not None and self.tax_rate < 0:
            yield "tax_rate", _("The tax rate is negative.")
        if not self.taken_over:
            if self.quantity is not None and self.quantity <= 0:
                yield "quantity", _("The quantity must be more than nought.")
            if self.product is not None and (
                said := check_quantity(session_of(self.product), self.product, self.quantity)
            ):
                yield "quantity", said
            if self.price is not None and self.price < 0:
                yield "price", _("The price is negative.")
            if self.product is not None and self.product.discontinued and not self.id:
                yield "product", _("%(product)s is no longer sold.", product=str(self.product))
            try:
                self.worth()
            except TooLarge as refusal:
                yield "quantity", str(refusal)
            except ValueError:  # a discount or tax rate that was told of above
                pass

    def worth(self, rounding: str | None = None) -> amounts.Amounts | None:
        """The line's amounts, rounded by themselves; a price holds no tax. None while something is missing."""
        if self.quantity is None or self.price is None:
            return None
        how = Rounding((rounding or "half_up").removesuffix("_line").removesuffix("_document"))
        return amounts.line_amounts(self.quantity, self.price, self.discount or 0, self.tax_rate or 0, rounding=how)

    def work_out(self, rounding: str | None) -> None:
        """Keep the line's amounts as they are rounded by themselves."""
        if (worth := self.worth(rounding)) is not None:
            self.put(worth)

    def put(self, worth: amounts.Amounts) -> None:
        """Set what differs only, so that a line that stays the same is not written again."""
        for name in ("net", "tax", "gross"):
            if getattr(self, name) != getattr(worth, name):
                setattr(self, name, getattr(worth, name))

    def __str__(self) -> str:
        return f"{self.order or ''}: {self.product or ''}"
