"""Payments 收款: money of customers on our account, with a platform or with a courier; recorder and verifier are two.

What becomes of each is told by `models/verifying.py` (our account), `models/escrow.py` and `models/courier_money.py`,
and which orders the money pays by `models/allocations.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    String,
    UniqueConstraint,
    and_,
    false,
    inspect,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.engine import access, changes, fields, history, record
from app.engine.access import Actor
from app.engine.fulltext import searchable
from app.engine.moments import at_office, local, now
from app.engine.refusals import StepRefused
from app.engine.workflow import Flow, State, Workflow, state_indexes
from models import settling
from models.customers import Customer
from models.orders import NOUGHT, Order, with_its_order
from models.people import Person

KINDS = {
    "bank": _l("On our account"),
    "escrow": _l("Kept by a platform"),
    "courier": _l("Collected at the door"),
}
METHODS = {
    "remittance": _l("Postal remittance"),
    "transfer": _l("Bank transfer"),
    "online": _l("Online banking"),
    "cash": _l("In cash"),
    "platform": _l("By a platform"),
    "courier": _l("By the courier"),
}
#: payment type of an order -> kind of its payments, where nobody says otherwise
_USUAL = {"third_party": "escrow", "cash_on_delivery": "courier"}
_METHOD_OF = {"escrow": "platform", "courier": "courier"}
#: The states in which the money is ours: these payments can be allocated. One taken back counts with its opposite.
COUNTED = ("verified", "released", "remitted", "reversed")
#: The states by which the money has come in, to us or to the platform.
CAME = ("in_escrow", "verified", "released", "remitted")
#: The states in which a payment may still be put right.
OPEN_TO_CHANGE = ("recorded", "expected")
CURRENCY = "CNY"


def is_not_recorder(payment: Payment, actor: Actor) -> bool:
    return payment.recorded_by_id not in actor.person_ids


class Payment(Workflow, Model):
    """Money of a customer; it counts once somebody else than its recorder has seen that it is ours."""

    __tablename__ = "payment"
    __table_args__: Any = (
        UniqueConstraint("account", "reference"),
        Index("ix_payment_reference_key", "reference_key", unique=True),
        CheckConstraint(
            "(amount >= 0 AND allocated BETWEEN 0 AND amount) OR (amount < 0 AND allocated BETWEEN amount AND 0)",
            name="allocated_within",
        ),
        *state_indexes("payment"),
        {},
    )
    kind_name = "payments"
    label, label_plural = _l("Payment"), _l("Payments")
    named_by = ("order", "customer")
    distinct = {"reference_key": "reference"}

    flow = Flow(
        State("recorded", _l("Recorded"), "waiting"),
        State("expected", _l("Expected at the door"), "waiting"),
        State("collected", _l("Collected, not remitted"), "active"),
        State("in_escrow", _l("Kept by the platform"), "active"),
        State("verified", _l("Verified"), "good", final=True),
        State("released", _l("Paid out by the platform"), "good", final=True),
        State("remitted", _l("Remitted"), "good", final=True),
        State("reversed", _l("Reversed"), "neutral", final=True),
        State("rejected", _l("Rejected"), "bad", final=True, uncounted=True),
        State("returned", _l("Given back to the buyer"), "neutral", final=True, uncounted=True),
        State("not_collected", _l("Not collected"), "bad", final=True, uncounted=True),
    )

    order_id: Mapped[int | None] = fields.reference(_l("Order"), "sales_order.id", aliases=("order_no",))
    customer_id: Mapped[int | None] = fields.reference(
        _l("Customer"), "customer.id", aliases=("customer_no",), help=_l("Empty: the order's")
    )
    kind: Mapped[str] = fields.choice(
        _l("Where the money goes"), KINDS, "kind_known", required=True, default="bank",
        help=_l("Empty: by the payment type of the order"),
    )  # fmt: skip
    amount: Mapped[Decimal] = fields.decimal("money", _l("Amount"), required=True)
    currency: Mapped[str] = fields.line(_l("Currency"), 3, required=True, default=CURRENCY)
    method: Mapped[str | None] = fields.choice(_l("Way of paying"), METHODS, "method_known")
    payer: Mapped[str | None] = fields.line(_l("Payer"), 200, search=True, help=_l("Where it is not the customer"))
    account: Mapped[str | None] = fields.line(_l("Received on account"), 100, search=True)
    reference: Mapped[str | None] = fields.number(_l("Reference"), 100, search=True, help=_l("Once an account"))
    #: what payments with one bank reference have in common, however it is typed
    reference_key: Mapped[str | None] = mapped_column(String(500), info=history.FOLLOWS)
    paid_at: Mapped[datetime] = fields.moment(_l("Paid"), required=True, index=True)
    note: Mapped[str | None] = fields.prose(_l("Note"))
    different_because: Mapped[str | None] = fields.line(
        _l("It is another payment, because"), 300, help=_l("Where the same amount was recorded that day already")
    )
    allocated: Mapped[Decimal] = fields.decimal(
        "money", _l("Allocated to orders"), required=True, default=NOUGHT, derived=True
    )
    recorded_by_id: Mapped[int | None] = fields.reference(_l("Recorded by"), "person.id", derived=True)
    verified_by_id: Mapped[int | None] = fields.reference(_l("Verified by"), "person.id", derived=True)
    verified_at: Mapped[datetime | None] = fields.moment(_l("Verified"), derived=True)
    #: by the courier, at the customer's door
    collected_at: Mapped[datetime | None] = fields.moment(_l("Collected by the courier on"), derived=True)
    collected_by_id: Mapped[int | None] = fields.reference(_l("Collection recorded by"), "person.id", derived=True)
    #: the courier remitted it, or the platform paid it out or gave it back
    settled_at: Mapped[datetime | None] = fields.moment(_l("Paid out, remitted or given back on"), derived=True)
    settled_by_id: Mapped[int | None] = fields.reference(_l("Settlement recorded by"), "person.id", derived=True)
    #: of a remittance or payout that holds the money of many orders
    payout_no: Mapped[str | None] = fields.number(_l("Number of the payout"), 100, search=True, derived=True)
    #: the payment it takes back; each is taken back once
    reverses_id: Mapped[int | None] = fields.reference(_l("Takes back"), "payment.id", unique=True, derived=True)

    order: Mapped[Order | None] = relationship(foreign_keys=order_id)
    customer: Mapped[Customer | None] = relationship(foreign_keys=customer_id)
    recorded_by: Mapped[Person | None] = relationship(foreign_keys=recorded_by_id)
    verified_by: Mapped[Person | None] = relationship(foreign_keys=verified_by_id)
    collected_by: Mapped[Person | None] = relationship(foreign_keys=collected_by_id)
    settled_by: Mapped[Person | None] = relationship(foreign_keys=settled_by_id)
    reverses: Mapped[Payment | None] = relationship(foreign_keys=reverses_id, remote_side="Payment.id")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return of_order_or_customer(cls.order_id, cls.customer_id, actor)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine: list[ColumnElement[bool]] = []
        columns = Order.__table__.c
        if actor.has("finance"):
            received = select(columns.id).where(columns.received_at.is_not(None))
            to_release = and_(cls.state == "in_escrow", access.among(cls.order_id, received))
            mine += [cls.state.in_(("recorded", "collected")), to_release]
        if actor.has("order_administrator"):
            shipped = select(columns.id).where(columns.shipped_at.is_not(None))
            mine.append(and_(cls.state == "expected", access.among(cls.order_id, shipped)))
        return or_(false(), *mine)

    @property
    def free(self) -> Decimal:
        """What is not allocated to an order; nought while the money is not ours."""
        return self.amount - self.allocated if self.state in COUNTED else NOUGHT

    def take_over(self) -> None:
        self.state = self.state or "verified"
        self.closed_at = self.closed_at or self.verified_at or self.paid_at

    def prepare(self, session: Session) -> None:
        self.paid_at = self.paid_at or now()
        if self.kind is None and not self.taken_over:
            self.kind = self._usual_kind()
        if self.state is None and self.kind == "courier":
            self.state = "expected"
        self.method = self.method or _METHOD_OF.get(self.kind or "")
        if not self.taken_over:
            self.recorded_by_id = history.doer().own_person_id
        self._follow()

    def _usual_kind(self) -> str:
        """By the order's payment type; but what bears an account of ours is no longer to be collected at a door."""
        usual = _USUAL.get(self.order.payment_type, "bank") if self.order is not None else "bank"
        return "bank" if usual == "courier" and (self.account or self.reference) else usual

    def bring_along(self, session: Session) -> None:
        self._follow()

    def _follow(self) -> None:
        if self.order is not None:
            self.customer = self.order.customer
        if self.reference and self.account is None:
            self.account = ""  # to the database, no two missing names are the same
        # Of two alike in an older house the second has no key, and keeps none.
        if not inspect(self).persistent or changes.altered(self, "account", "reference"):
            self.reference_key = reference_key(self.account, self.reference)

    def _key_of_older(self, session: Session) -> None:
        """What a program of an earlier release recorded has a reference and no key, unless the key is another's."""
        key = None if self.reference_key else reference_key(self.account, self.reference)
        with access.system(), session.no_autoflush:
            if key and session.scalar(select(Payment.id).where(Payment.reference_key == key).limit(1)) is None:
                self.reference_key = key

    def check(self) -> Iterator[tuple[str, str]]:
        if self.amount is not None and not self.amount:
            yield "amount", _("A payment of nought is none.")
        elif self.amount is not None and self.amount < 0 and not self.taken_over and self.reverses_id is None:
            yield "amount", _("Money given back is a refund, and a payment entered by mistake is reversed.")
        if self.currency and self.currency != CURRENCY:
            sentence = _("Amounts in %(currency)s are not added to those in yuan; please record the yuan received.",
                         currency=self.currency)  # fmt: skip
            yield "currency", sentence
        if self.order is None and self.customer is None:
            yield "", _("Whose money is it? Please choose the order or the customer.")
        if self.id and self.state not in OPEN_TO_CHANGE:
            yield "", _("The payment is “%(state)s” and is no longer changed, only reversed.", state=self.state_label)
        elif self.id and self.recorded_by is not None and not self._is_mine():
            yield "", _("Only %(person)s, who recorded it, changes it; a payment that is wrong is rejected.",
                        person=self.recorded_by.name)  # fmt: skip
        if self.kind == "courier" and self.order is None and not self.taken_over:
            yield "order", _("What is collected at the door belongs to an order; please choose it.")
        if self.id and self.state in OPEN_TO_CHANGE and (self.kind == "courier") != (self.state == "expected"):
            yield "kind", _("Money collected at the door goes another way; please record it anew.")
        if self.paid_at and self.paid_at > now() and not self.taken_over:
            yield "paid_at", _("The payment cannot have been made in the future.")

    def _is_mine(self) -> bool:
        """Whoever changed it might verify it: two pairs of eyes would have looked at two payments."""
        doer = history.doer()
        return doer.everything or self.recorded_by_id in doer.person_ids

    def warnings(self, session: Session) -> Iterator[tuple[str, str]]:
        if (sentence := self.doubted(session)) is not None:
            yield "different_because", sentence

    def doubted(self, session: Session) -> str | None:
        """The sentence about a payment that looks like the same one; None where it has a reference or is explained."""
        if self.reference or self.different_because or self.taken_over or self.kind == "courier":
            return None
        begins = at_office(local(self.paid_at).date())
        same: list[ColumnElement[bool]] = []
        if self.customer is not None:
            same.append(Payment.customer_id == self.customer.id)
        if self.payer:
            same.append(Payment.payer == self.payer)
        query = select(Payment.id).where(
            or_(false(), *same), Payment.amount == self.amount, Payment.state.not_in(("rejected", "not_collected")),
            Payment.paid_at >= begins, Payment.paid_at < begins + timedelta(days=1), Payment.id != (self.id or 0),
        )  # fmt: skip
        with access.system(), session.no_autoflush:
            if session.scalars(query.limit(1)).first() is None:
                return None
        return _(
            "%(amount)s of this customer was recorded for that day already; if it came twice, please say why it is "
            "another payment.",
            amount=self.amount,
        )

    def likeness(self, other: Payment) -> str:
        return _(
            "The reference “%(reference)s” was recorded already; the same money counts once.", reference=self.reference
        )

    def enter(self, session: Session, name: str) -> None:
        """In a new state its money counts otherwise; what waits for it goes on."""
        came = name != self.state and name in CAME
        self._key_of_older(session)
        super().enter(session, name)
        settling.money_moved(session, self.order, came=came)

    def __str__(self) -> str:
        return f"{self.order or self.customer or ''}: {self.amount}"


def reference_key(account: str | None, reference: str | None) -> str | None:
    """Account and reference in whatever width, case and spacing they are written; None without a reference."""
    plain = ["".join(searchable(text or "").split()) for text in (account, reference)]
    return "\n".join(plain)[:500] if plain[1] else None


#: For the pages of those they belong to; written here, for orders and customers do not know of payments.
Customer.payments = relationship(Payment, viewonly=True, order_by="Payment.id")


def of_order_or_customer(order_id: Any, customer_id: Any, actor: Actor) -> ColumnElement[bool]:
    """Who sees the order, or looks after the customer, sees the money."""
    visible = with_its_order(order_id, actor)
    if not actor.has("salesperson") or not actor.person_ids:
        return visible
    customer = Customer.__table__.c
    return or_(visible, access.among(customer_id, select(customer.id).where(customer.owner_id.in_(actor.person_ids))))


def announce(session: Session, payment: Payment) -> Payment:
    """Store a payment that a step records. Raises `StepRefused` for what will not do, or looks recorded already."""
    with session.no_autoflush:
        payment.prepare(session)
        for _name, sentence in payment.check():
            raise StepRefused(sentence)
        if (doubt := payment.doubted(session)) is not None:
            raise StepRefused(doubt)
    record.store(session, payment)
    return payment
