"""Price-difference orders 补差价订单: what a dearer swap costs more, paid apart and matched to the order it tops up.

It names the order, the goods given up and the model, size and colour wanted instead. It holds no goods and no freight;
its amount is part of its parent's, so it is counted neither twice nor as an order. Until it is matched the parent is
not handed over; not paid in time, the goods go back to what they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import changes, concurrency, fields, rules
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import now, office_time
from app.engine.record import Numbered
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Flow, State, Workflow, never_by_hand
from models import cutoffs, notices
from models.orders import Order, with_its_order

if TYPE_CHECKING:
    from models.amendments import Amendment

HOURS = rules.setting("difference_hours", _l("Hours for paying a difference in price"), "number", "72")
#: While one of these stands the parent stays in the house.
OPEN = ("issued", "paid")


class DifferenceOrder(Workflow, Model):
    """What one change of an order costs more."""

    __tablename__ = "difference_order"
    kind_name = "difference_orders"
    label, label_plural = _l("Price-difference order"), _l("Price-difference orders")
    natural_key = "difference_no"
    numbered = Numbered("difference_no", "BC{year}-{serial}")

    flow = Flow(
        State("issued", _l("To be paid"), "waiting"),
        State("paid", _l("Difference paid"), "active"),
        State("matched", _l("Matched to its order"), "good", final=True),
        State("expired", _l("Not paid in time"), "bad", final=True, uncounted=True),
        State("cancelled", _l("Difference cancelled"), "neutral", final=True, uncounted=True),
    )

    difference_no: Mapped[str] = fields.number(
        _l("Number of the difference order"), 60, unique=True, search=True, derived=True
    )
    order_id: Mapped[int] = fields.reference(_l("Tops up order"), "sales_order.id", required=True)
    amendment_id: Mapped[int] = fields.reference(_l("Amendment"), "amendment.id", required=True)
    replaced: Mapped[str | None] = fields.prose(_l("Goods given up"))
    wanted: Mapped[str] = fields.prose(_l("Goods wanted"), required=True)
    model: Mapped[str | None] = fields.line(_l("Wanted model"), 200, search=True)
    size: Mapped[str | None] = fields.line(_l("Wanted size"), 200)
    colour: Mapped[str | None] = fields.line(_l("Wanted colour"), 200)
    old_amount: Mapped[Decimal] = fields.decimal("money", _l("Amount before"), required=True)
    new_amount: Mapped[Decimal] = fields.decimal("money", _l("Amount after"), required=True)
    difference: Mapped[Decimal] = fields.decimal("money", _l("Difference in price"), required=True)
    issued_at: Mapped[datetime] = fields.moment(_l("Issued on"), required=True, index=True, derived=True)
    pay_until: Mapped[datetime] = fields.moment(_l("To be paid until"), required=True)
    matched_at: Mapped[datetime | None] = fields.moment(_l("Matched on"), derived=True)

    order: Mapped[Order] = relationship(foreign_keys=order_id)
    amendment: Mapped[Amendment] = relationship(foreign_keys=amendment_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return with_its_order(cls.order_id, actor)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.state == "paid" if actor.has("order_administrator") else cls.id < 0

    def begin(self, session: Session):
        if self.state is None and not self.taken_over:
            for _name, sentence in self.check():
                raise StepRefused(sentence)
        if not self.taken_over:
            self.issued_at = self.issued_at or now()
            hours = rules.number(session, HOURS, None)
            self.pay_until = self.pay_until or self.issued_at + timedelta(hours=float(hours))
        return super().begin(session)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.order is None or self.amendment is None or self.amendment.order is not self.order:
            yield "order", _("A price-difference order has to name the order it tops up, and what was changed of it.")
            return
        if changes.altered(self, "order", "amendment", "wanted", "difference", "old_amount", "new_amount"):
            yield "", _("What a price-difference order is for follows from its amendment.")
        if self.difference is None or self.difference <= 0:
            yield "difference", _("A price-difference order is for more than nought.")
        if not self.id and cutoffs.has_reached(self.order, "shipped"):
            yield "order", _("%(order)s has been shipped; nothing can be added to it.", order=self.order.order_no)

    def marks(self) -> list[str]:
        """What to tell the customer, ready to be copied."""
        if self.state == "expired" and not cutoffs.has_reached(self.order, "shipped"):
            return [
                _(
                    "For the customer: %(amount)s for %(wanted)s was not paid by %(until)s, so order %(order)s stays "
                    "as it was ordered first.",
                    amount=self.difference, wanted=self.wanted, until=office_time(self.pay_until),
                    order=self.order.order_no,
                )
            ]  # fmt: skip
        if self.state != "issued":
            return []
        return [
            _(
                "For the customer: please pay %(amount)s for %(wanted)s by %(until)s; it belongs to order %(order)s.",
                amount=self.difference, wanted=self.wanted, until=office_time(self.pay_until),
                order=self.order.order_no,
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.difference_no or str(self.label)

    @flow.step("issued", to="paid", label=_l("Difference has been paid"), who=never_by_hand)
    def note_paid(self) -> None:
        """Finance has verified the money; it belongs to the order it tops up."""

    @flow.step("paid", to="matched", label=_l("Match to its order"), tone="primary")
    def match(self) -> None:
        """The money and the goods are those of the order named: it may go on to the warehouse."""
        if not self.order.is_covered:
            raise StepRefused(
                _("Not paid in full: %(amount)s is still owed.", amount=self.order.owed - self.order.escrowed)
            )
        self.matched_at = now()

    @flow.step("issued", to="expired", label=_l("Not paid in time"), who=never_by_hand)
    def expire(self) -> None:
        """The goods go back to what was ordered first."""
        session = session_of(self)
        self._take_back()
        people = [one for one in (self.order.salesperson, self.amendment.taken_by) if one is not None]
        people = people or notices.holders(session, "order_administrator")
        notices.tell(session, people, "difference_expired", self, order=self.order.order_no)

    @flow.step("issued", to="cancelled", label=_l("Cancel the difference"), tone="danger")
    def cancel(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The customer keeps what was ordered first."""
        self._take_back()

    @flow.step("issued", "paid", to="cancelled", label=_l("Lapses with its order"), who=never_by_hand)
    def lapse(self) -> None:
        """The order it tops up has ended."""

    def _take_back(self) -> None:
        from models import amending

        amending.restore(session_of(self), self.amendment)


def open_of(session: Session, order_id: int) -> DifferenceOrder | None:
    """The price-difference order that keeps an order in the house, if there is one."""
    query = select(DifferenceOrder).where(DifferenceOrder.order_id == order_id, DifferenceOrder.state.in_(OPEN))
    return session.scalars(query.order_by(DifferenceOrder.id).limit(1)).first()


def last_of(session: Session, order_id: int) -> DifferenceOrder | None:
    """The latest price-difference order of an order, if there is one."""
    query = select(DifferenceOrder).where(DifferenceOrder.order_id == order_id).order_by(DifferenceOrder.id.desc())
    return session.scalars(query.limit(1)).first()


def note_payment(session: Session, order: Order) -> None:
    """Called when money of an order was verified: what it covers is paid."""
    found = open_of(session, order.id)
    if found is not None and found.state == "issued" and order.is_covered:
        found.take("note_paid", session)


def overdue(session: Session) -> list[int]:
    """The differences, by key, that were not paid in time, for the sweep."""
    query = select(DifferenceOrder.id).where(DifferenceOrder.state == "issued", DifferenceOrder.pay_until < now())
    return list(session.scalars(query.order_by(DifferenceOrder.id)))


def let_expire(session: Session, pk: int) -> int:
    """Take back the change whose difference was not paid in time; 1, or 0 where it was paid meanwhile."""
    found = session.get(DifferenceOrder, pk, populate_existing=True)
    if found is None or found.state != "issued":
        return 0
    concurrency.hold(session, found)
    if found.state != "issued":
        return 0
    found.take("expire", session)
    return 1


def drop(session: Session, order: Order) -> None:
    """The order ends: nobody has to pay its difference any more."""
    found = open_of(session, order.id)
    if found is not None:
        found.take("lapse", session)
