"""Amendments 订单修改: what a customer wants changed of an order that stands, and what came of it.

One record is one request: who asked and by which channel, what is wanted, what it was before. It is applied at once,
waits for the warehouse to give the order back, or is refused; the order keeps its number and gets a new revision. A
swap that costs more becomes a price-difference order, one that costs less a refund or credit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Integer, false, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.engine import access, concurrency, fields, finding
from app.engine.access import Actor, open_to
from app.engine.database import session_of
from app.engine.moments import now
from app.engine.record import Lines, Numbered, Record
from app.engine.refusals import StepRefused, on_the_form
from app.engine.workflow import Ask, Flow, State, Workflow
from models import amending, cutoffs, fulfilling
from models.difference_orders import DifferenceOrder
from models.difference_orders import open_of as open_difference
from models.order_lines import OrderLine
from models.order_requests import OrderRequest
from models.order_words import DELIVERY_METHODS
from models.orders import Order
from models.products import Product, check_quantity

PURPOSES = {"change": _l("Change"), "exchange": _l("Exchange")}
#: What becomes of money the change sets free.
LESS = {"refund": _l("Refund it"), "credit": _l("Keep it as credit")}
WANTED = (*cutoffs.FIELDS["recipient"], *cutoffs.FIELDS["delivery"])


class Amendment(OrderRequest, Workflow, Model):
    """One request to change an order, with its outcome."""

    __tablename__ = "amendment"
    kind_name = "amendments"
    label, label_plural = _l("Amendment"), _l("Amendments")
    natural_key = "amendment_no"
    numbered = Numbered("amendment_no", "XG{year}-{serial}")
    lines = Lines("amendment_lines", ("instead_of", "product", "quantity"))

    flow = Flow(
        State("needs_recall", _l("Waits for the warehouse"), "active"),
        State("applied", _l("Change made"), "good", final=True),
        State("refused", _l("Change refused"), "bad", final=True, uncounted=True),
    )

    amendment_no: Mapped[str] = fields.number(
        _l("Number of the amendment"), 60, unique=True, search=True, derived=True, sort_order=-9
    )
    purpose: Mapped[str] = fields.choice(
        _l("Purpose of the change"), PURPOSES, "purpose_known", required=True, default="change"
    )
    consignee: Mapped[str | None] = fields.line(_l("New consignee"), 200, help=_l("Empty: stays as it is"))
    phone: Mapped[str | None] = fields.phone(_l("New telephone"))
    address: Mapped[str | None] = fields.line(_l("New address"), 300)
    delivery_method: Mapped[str | None] = fields.choice(_l("New delivery method"), DELIVERY_METHODS, "new_method_known")
    delivery_wish: Mapped[str | None] = fields.line(_l("New delivery agreed"), 200)
    less: Mapped[str] = fields.choice(_l("If it costs less"), LESS, "less_known", required=True, default="refund")
    note: Mapped[str | None] = fields.prose(_l("Note"))
    before: Mapped[str | None] = fields.prose(_l("What was changed"), derived=True)
    difference: Mapped[Decimal | None] = fields.decimal("money", _l("Difference in price"), derived=True)
    revision: Mapped[int | None] = fields.integer(_l("Revision"), derived=True)
    recalled_at: Mapped[datetime | None] = fields.moment(_l("Given back by the warehouse"), derived=True)

    differences: Mapped[list[DifferenceOrder]] = relationship(viewonly=True, order_by="DifferenceOrder.id")
    amendment_lines: Mapped[list[AmendmentLine]] = relationship(
        back_populates="amendment", order_by="AmendmentLine.id", cascade="all, delete-orphan"
    )

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.state == "needs_recall" if actor.has("warehouse") else false()

    @classmethod
    def first_lines(cls, session: Session, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What stands on the order, to be written over; lines that stay as they are count as none."""
        order = finding.by_key(session, Order, given.get("order"))
        lines = order.order_lines if order is not None else []
        return [{"instead_of": line.product, "quantity": line.quantity} for line in lines]

    def groups(self) -> list[str]:
        """The parts of the order that are to be changed."""
        wanted = [name for name, names in cutoffs.FIELDS.items() if any(getattr(self, one) for one in names)]
        return [*wanted, *(["goods"] if self.amendment_lines else [])]

    def prepare(self, session: Session) -> None:
        self.note_request()
        for line in list(self.amendment_lines):
            line.find_place()
            if line.changes_nothing():
                self.amendment_lines.remove(line)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id:
            yield "", _("The amendment is “%(state)s”; please record another one.", state=self.state_label)
            return
        if self.order is None:
            return
        yield from self.check_identity(session_of(self.order))
        if not self.groups():
            yield "", _("Please say what is to be changed.")
        for position, line in enumerate(self.amendment_lines, 1):
            for _name, sentence in line.check():
                yield "", _("Line %(line)s: %(sentence)s", line=position, sentence=sentence)
        if self.amendment_lines and (asked := open_difference(session_of(self.order), self.order.id)) is not None:
            yield "", _("Price-difference order %(no)s is open: settle it before the goods change again.", no=asked)
        if self.amendment_lines and not self.leaves_goods():
            yield "", _("Nothing would be left of the order; please record a return instead.")

    def leaves_goods(self) -> bool:
        """Whether anything is still ordered after the change."""
        taken = {id(line.order_line) for line in self.amendment_lines if line.quantity == 0}
        added = any(line.order_line is None and line.quantity for line in self.amendment_lines)
        return added or any(id(line) not in taken for line in self.order.order_lines)

    def begin(self, session: Session) -> Callable[[], None]:
        """The house's table decides at once; what is still possible is done with the record's storing."""
        made = None
        if self.state is None and not self.taken_over:
            self.state = self._decided(session)
            self.closed_at = now() if self.flow.states[self.state].final else None
            if self.state == "applied":
                with access.system(), on_the_form():
                    made = amending.make(session, self)
                    amending.note(self, made)
        bind = super().begin(session)

        def stand() -> None:
            bind()
            if made is not None:
                with access.system(), on_the_form():
                    amending.settle(session, self, made)
                    session.flush()

        return stand

    def _decided(self, session: Session) -> str:
        """The state by the table of cut-offs; the order stays as it is looked at until the change is stored."""
        with access.system():
            concurrency.hold(session, self.order)
            found = [cutoffs.verdict(session, self.order, group) for group in self.groups()]
        hopeless = next((one for one in found if not one.may and not one.recall), None)
        if hopeless is not None:
            self.refused_because = amending.why_refused(self.order, hopeless)
            return "refused"
        return "applied" if all(one.may for one in found) else "needs_recall"

    def __str__(self) -> str:
        return self.amendment_no or str(self.label)

    @flow.step("needs_recall", to="applied", label=_l("Give the order back"), tone="primary")
    def give_back(self) -> None:
        """The warehouse has the parcel in hand and takes it out again: the change is made."""
        session = session_of(self)
        concurrency.hold(session, self.order)
        if cutoffs.has_reached(self.order, "shipped"):
            raise StepRefused(_("The parcel has left the house; please say that it cannot be recalled."))
        fulfilling.give_back(session, self.order)
        made = amending.make(session, self)
        amending.settle(session, self, made)
        amending.note(self, made)
        self.recalled_at = now()

    @flow.step("needs_recall", to="refused", label=_l("Cannot be recalled"), tone="danger")
    def keep(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The warehouse cannot give the order back."""
        self.refused_because = reason


class AmendmentLine(Record, Model):
    """One change of the goods: another product instead of one, another quantity, one more, or one less."""

    __tablename__ = "amendment_line"
    kind_name = "amendment_lines"
    label, label_plural = _l("Changed goods"), _l("Changed goods")
    named_by = ("instead_of", "product")

    amendment_id: Mapped[int] = fields.reference(_l("Amendment"), "amendment.id", required=True)
    instead_of_id: Mapped[int | None] = fields.reference(
        _l("Instead of"), "product.id", help=_l("Empty: something is added")
    )
    product_id: Mapped[int | None] = fields.reference(
        _l("Wanted product"), "product.id", help=_l("Empty: the same, in another quantity")
    )
    quantity: Mapped[Decimal | None] = fields.decimal(
        "quantity", _l("Wanted quantity"), least=Decimal(0), help=_l("Empty: as ordered; 0: taken off")
    )
    old_quantity: Mapped[Decimal | None] = fields.decimal("quantity", _l("Ordered quantity"), derived=True)
    old_price: Mapped[Decimal | None] = fields.decimal("price", _l("Price before"), derived=True)
    new_price: Mapped[Decimal | None] = fields.decimal("price", _l("Price after"), derived=True)
    old_discount: Mapped[Decimal | None] = fields.decimal("rate", _l("Discount before"), derived=True)
    old_tax_rate: Mapped[Decimal | None] = fields.decimal("rate", _l("Tax rate before"), derived=True)
    #: the order's line it stands for; gone where that was taken off
    order_line_id: Mapped[int | None] = mapped_column(Integer)

    amendment: Mapped[Amendment] = relationship(foreign_keys=amendment_id, back_populates="amendment_lines")
    instead_of: Mapped[Product | None] = relationship(foreign_keys=instead_of_id)
    product: Mapped[Product | None] = relationship(foreign_keys=product_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return open_to(Amendment, cls.amendment_id, actor)

    @property
    def order_line(self) -> OrderLine | None:
        """The line of the order this is about; None: a new one, or one that is gone."""
        if self.order_line_id is None:
            return None
        return next((one for one in self.amendment.order.order_lines if one.id == self.order_line_id), None)

    def find_place(self) -> None:
        """The order's line with the product, and what stands there now."""
        order = self.amendment.order if self.amendment else None
        if order is None or self.instead_of is None:
            return
        taken = {one.order_line_id for one in self.amendment.amendment_lines if one is not self}
        line = next((one for one in order.order_lines if one.product is self.instead_of and one.id not in taken), None)
        if line is not None:
            self.order_line_id, self.old_quantity, self.old_price = line.id, line.quantity, line.price
            self.old_discount, self.old_tax_rate = line.discount, line.tax_rate or Decimal(0)
            self.quantity = line.quantity if self.quantity is None else self.quantity

    def changes_nothing(self) -> bool:
        """Whether the line of the order stays as it is."""
        same = self.product is None or self.product is self.instead_of
        return self.order_line_id is not None and same and self.quantity == self.old_quantity

    def check(self) -> Iterator[tuple[str, str]]:
        if self.instead_of is None and self.product is None:
            yield "product", _("Please name a product.")
        elif self.instead_of is not None and self.order_line_id is None:
            yield "instead_of", _("%(product)s is not on the order.", product=str(self.instead_of))
        elif self.instead_of is None and not self.quantity:
            yield "quantity", _("Please enter how many are added.")
        goods = self.product or self.instead_of
        if goods is not None and (said := check_quantity(session_of(goods), goods, self.quantity)):
            yield "quantity", said
        if self.product is not None and self.product.discontinued and self.quantity != 0:
            yield "product", _("%(product)s is no longer sold.", product=str(self.product))

    def __str__(self) -> str:
        return f"{self.instead_of or ''} → {self.product or self.instead_of or ''}"


def open_for(session: Session, order_id: int) -> Amendment | None:
    """The change of an order that waits for the warehouse, if there is one."""
    query = select(Amendment).where(Amendment.order_id == order_id, Amendment.state == "needs_recall")
    return session.scalars(query.limit(1)).first()


def drop(session: Session, order: Order, reason: str) -> None:
    """The order ends: the warehouse is asked for nothing any more."""
    while (found := open_for(session, order.id)) is not None:
        found.take("keep", session, reason=reason)


#: For the order's page; written here, for orders do not know of what is asked about them.
Order.amendments = relationship(Amendment, viewonly=True, order_by=Amendment.id)
