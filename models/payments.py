"""Payments 收款: money for orders, recorded by one person and verified by another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import fields, history
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.workflow import Ask, Flow, State, Workflow
from models.orders import Order, with_its_order
from models.people import Person


def is_not_recorder(payment: Payment, actor: Actor) -> bool:
    return payment.recorded_by_id not in actor.person_ids


class Payment(Workflow, Model):
    """Money for an order; it counts once somebody else than its recorder has verified it."""

    __tablename__ = "payment"
    __table_args__: Any = (
        UniqueConstraint("account", "reference"),
        Index("ix_payment_state_due", "state", "due_at"),
        {},
    )
    kind_name = "payments"
    label, label_plural = _l("Payment"), _l("Payments")

    flow = Flow(
        State("recorded", _l("Recorded"), "waiting"),
        State("verified", _l("Verified"), "good", final=True),
        State("rejected", _l("Rejected"), "bad", final=True, uncounted=True),
    )

    order_id: Mapped[int] = fields.reference(_l("Order"), "sales_order.id", required=True, aliases=("order_no",))
    amount: Mapped[Decimal] = fields.decimal(
        "money", _l("Amount"), required=True, help=_l("Negative: money given back, or a payment taken back")
    )
    account: Mapped[str | None] = fields.line(_l("Received on account"), 100, search=True)
    reference: Mapped[str | None] = fields.number(_l("Reference"), 100, search=True, help=_l("Once an account"))
    paid_at: Mapped[datetime] = fields.moment(_l("Paid"), required=True, index=True)
    note: Mapped[str | None] = fields.prose(_l("Note"))
    recorded_by_id: Mapped[int | None] = fields.reference(_l("Recorded by"), "person.id", derived=True)
    verified_by_id: Mapped[int | None] = fields.reference(_l("Verified by"), "person.id", derived=True)
    verified_at: Mapped[datetime | None] = fields.moment(_l("Verified"), derived=True)

    order: Mapped[Order] = relationship(foreign_keys=order_id)
    recorded_by: Mapped[Person | None] = relationship(foreign_keys=recorded_by_id)
    verified_by: Mapped[Person | None] = relationship(foreign_keys=verified_by_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return with_its_order(cls.order_id, actor)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.state == "recorded" if actor.has("finance") else false()

    def take_over(self) -> None:
        self.state = self.state or "verified"
        self.closed_at = self.closed_at or self.verified_at or self.paid_at

    def prepare(self, session: Session) -> None:
        self.paid_at = self.paid_at or now()
        if not self.taken_over:
            self.recorded_by_id = history.doer().own_person_id

    def check(self) -> Iterator[tuple[str, str]]:
        if self.amount is not None and not self.amount:
            yield "amount", _("A payment of nought is none.")
        if self.id and self.state != "recorded":
            yield "", _("The payment is “%(state)s”; record the opposite amount instead.", state=self.state_label)
        if self.paid_at and self.paid_at > now() and not self.taken_over:
            yield "paid_at", _("The payment cannot have been made in the future.")

    def __str__(self) -> str:
        return f"{self.order or ''}: {self.amount}"

    @flow.step("recorded", to="verified", label=_l("Verify"), tone="primary", who=is_not_recorder)
    def verify(self) -> None:
        """The money was seen on the account, by somebody else than who recorded it."""
        self.verified_by_id, self.verified_at = history.doer().own_person_id, now()

    @flow.step("recorded", to="rejected", label=_l("Reject"), tone="danger")
    def reject(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """There is no such money."""
