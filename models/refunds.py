"""Refunds 退款: asked for by one, approved by finance, paid out; never more than was paid, and not before its gate.

M2 1.2 3: whoever returns goods that are paid and not yet shipped is told to apply for the refund 24 hours after paying.
The gate hangs on the money alone, not on the word chosen for giving it back: none would be one otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, UniqueConstraint, false, func, select
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, concurrency, fields, history, record, rules
from app.engine.access import Actor
from app.engine.moments import local, minute_of, now
from app.engine.refusals import Invalid, StepRefused
from app.engine.workflow import Ask, Flow, State, Workflow, never_by_hand, state_indexes
from models import settling
from models.allocations import by_payment, free_money
from models.customers import Customer
from models.orders import NOUGHT, Order
from models.payments import COUNTED, Payment, of_order_or_customer
from models.people import Person

GATE_HOURS = rules.setting(
    "refund_gate_hours", _l("Hours after paying before a refund may be applied for"), "number", "24"
)
KINDS = {
    "return": _l("Goods given back before shipping"),
    "difference": _l("Goods of a lower price taken"),
    "cancel": _l("Order called off"),
    "invalid": _l("Order not valid"),
    "overpaid": _l("Too much paid"),
    "escrow": _l("Money a platform keeps"),
}
#: Money of an order that ends.
OF_AN_END = ("return", "cancel", "escrow", "invalid")
#: What is neither refused nor over: such a refund is promised, or was paid.
ALIVE = ("waiting", "requested", "approved", "paid_out")
PROMISED = ALIVE[:-1]


def is_not_requester(refund: Refund, actor: Actor) -> bool:
    return refund.requested_by_id not in actor.person_ids


class Refund(Workflow, Model):
    """Money that goes back to the customer: of an order, or of the credit they have with us."""

    __tablename__ = "refund"
    __table_args__: Any = (
        UniqueConstraint("account", "reference"),
        *state_indexes("refund"),
        {},
    )
    kind_name = "refunds"
    label, label_plural = _l("Refund"), _l("Refunds")
    named_by = ("order", "customer")

    flow = Flow(
        State("waiting", _l("Too early to apply for"), "waiting"),
        State("requested", _l("Refund applied for"), "waiting"),
        State("approved", _l("Refund approved"), "active"),
        State("paid_out", _l("Paid back"), "good", final=True),
        State("refused", _l("Refund refused"), "bad", final=True, uncounted=True),
    )

    order_id: Mapped[int | None] = fields.reference(
        _l("Order"), "sales_order.id", aliases=("order_no",), help=_l("Empty: out of the customer's credit")
    )
    customer_id: Mapped[int | None] = fields.reference(
        _l("Customer"), "customer.id", aliases=("customer_no",), help=_l("Empty: the order's")
    )
    kind: Mapped[str] = fields.choice(_l("Why it is refunded"), KINDS, "kind_known", required=True, default="overpaid")
    amount: Mapped[Decimal] = fields.decimal("money", _l("Amount"), required=True)
    reason: Mapped[str] = fields.prose(_l("Reason"), required=True)
    earliest_at: Mapped[datetime | None] = fields.moment(_l("To be applied for from"), derived=True)
    requested_by_id: Mapped[int | None] = fields.reference(_l("Asked for by"), "person.id", derived=True)
    applied_at: Mapped[datetime | None] = fields.moment(_l("Applied for"), derived=True)
    told_customer_at: Mapped[datetime | None] = fields.moment(_l("Customer told"), derived=True)
    approved_by_id: Mapped[int | None] = fields.reference(_l("Approved by"), "person.id", derived=True)
    approved_at: Mapped[datetime | None] = fields.moment(_l("Approved on"), derived=True)
    paid_out_by_id: Mapped[int | None] = fields.reference(_l("Paid back by"), "person.id", derived=True)
    paid_at: Mapped[datetime | None] = fields.moment(_l("Paid back on"), derived=True, index=True)
    account: Mapped[str | None] = fields.line(_l("Paid from account"), 100, derived=True)
    reference: Mapped[str | None] = fields.number(_l("Reference"), 100, search=True, derived=True)
    decision: Mapped[str | None] = fields.prose(_l("Why nothing is refunded"), derived=True)

    order: Mapped[Order | None] = relationship(foreign_keys=order_id)
    #: its order is just ending, and asks for it
    ends_order = False
    #: nobody asks for it: money came when its order had ended
    comes_of_itself = False
    #: it is just being paid out, so the money that moves is its own
    being_paid = False

    customer: Mapped[Customer | None] = relationship(foreign_keys=customer_id)
    requested_by: Mapped[Person | None] = relationship(foreign_keys=requested_by_id)
    approved_by: Mapped[Person | None] = relationship(foreign_keys=approved_by_id)
    paid_out_by: Mapped[Person | None] = relationship(foreign_keys=paid_out_by_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return of_order_or_customer(cls.order_id, cls.customer_id, actor)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.state.in_(("requested", "approved")) if actor.has("finance") else false()

    def prepare(self, session: Session) -> None:
        """Look up what may be refunded, keeping all others from doing so until this one is stored."""
        if self.order is not None:
            self.customer = self.order.customer
        if self.taken_over:
            self.state, self.kind = self.state or "paid_out", self.kind or "overpaid"
            return
        self.kind = self.kind or "overpaid"
        self.requested_by_id = None if self.comes_of_itself else history.doer().own_person_id
        if self.kind in OF_AN_END and self.order is not None and not self.ends_order and not has_ended(self.order):
            raise Invalid({"kind": [_("The order goes on: cancel it or record a return, and its money is asked for.")]})
        most = self._most(session)
        if most is not None and self.amount is not None and self.amount > most:
            raise Invalid({"amount": [_("At most %(amount)s can be refunded.", amount=most)]})
        self.earliest_at = gate(session, self.order, self.customer)
        early = self.earliest_at is not None and now() < self.earliest_at
        self.state = self.state or ("waiting" if early else "requested")
        self.due_at = self.earliest_at if early else None
        self.applied_at = None if early else now()

    def _most(self, session: Session) -> Decimal | None:
        if self.order is not None:
            concurrency.hold(session, self.order)
            if self.kind == "escrow":
                return in_escrow(session, self.order)
            return refundable(session, self.order) if self.kind in OF_AN_END else surplus(session, self.order)
        if self.customer is not None:
            concurrency.hold(session, self.customer)
            return customer_credit(session, self.customer)
        return None

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id:
            yield "", _("A refund stays as it was asked for; refuse it and ask for another one.")
        if self.order is None and self.customer is None:
            yield "", _("Who gets the money back? Please choose the order or the customer.")
        if self.order is None and self.kind not in ("overpaid", None) and not self.taken_over:
            yield "kind", _("Without an order, only credit of the customer is paid back: choose “%(kind)s”.",
                            kind=KINDS["overpaid"])  # fmt: skip
        if self.amount is not None and self.amount <= 0:
            yield "amount", _("A refund is more than nought.")
        session = object_session(self.order) if self.order is not None else None
        if session is not None and self.kind == "escrow" and not self.taken_over:
            whole = in_escrow(session, self.order)  # type: ignore[arg-type]
            if self.amount is not None and self.amount != whole:
                sentence = _("The platform gives back all of %(amount)s; a part of it is refunded once it is paid out.",
                             amount=whole)  # fmt: skip
                yield "amount", sentence

    def marks(self) -> list[str]:
        return [self.sentence()] if self.state == "waiting" else []

    def sentence(self) -> str:
        """What the customer is told while it is too early, to be copied."""
        return _("The refund may be applied for from %(moment)s.", moment=_office_time(self.earliest_at or now()))

    def enter(self, session: Session, name: str) -> None:
        """Money that went back counts no more; what waits for it goes on."""
        super().enter(session, name)
        settling.money_moved(session, self.order)

    def __str__(self) -> str:
        return f"{self.order or self.customer or ''}: {self.amount}"

    @flow.step("waiting", to="requested", label=_l("Apply for the refund"), tone="primary")
    def apply(self) -> None:
        """The customer applies for it; not before the moment they were told."""
        if self.earliest_at is not None and now() < self.earliest_at:
            raise StepRefused(self.sentence())
        self.applied_at, self.due_at = now(), None

    @flow.step("waiting", "requested", to=None, label=_l("Customer was told"))
    def tell_customer(self) -> None:
        """The customer knows from when they may apply, or that the refund is on its way."""
        self.told_customer_at = now()

    @flow.step("requested", to="approved", label=_l("Approve the refund"), tone="primary", who=is_not_requester)
    def approve(self) -> None:
        """Finance agrees that the money goes back."""
        self.approved_by_id, self.approved_at = history.doer().own_person_id, now()

    @flow.step("approved", to="paid_out", label=_l("Paid back"), tone="primary")
    def pay_out(
        self,
        reference: Annotated[str | None, Ask(_l("Reference"), kind="number", length=100)] = None,
        account: Annotated[str | None, Ask(_l("Paid from account"), kind="line", length=100)] = None,
        paid_at: Annotated[datetime | None, Ask(_l("Paid back on"), help=_l("Empty: now"))] = None,
    ) -> None:
        """The money went back to the customer; what a platform keeps, the platform has given back."""
        session = object_session(self)
        assert session is not None
        if paid_at is not None and paid_at > now():
            raise StepRefused(_("It cannot have been paid back in the future."))
        paid_in = [payment.paid_at for payment, _amount in by_payment(session, self.order)] if self.order else []
        if paid_at is not None and paid_in and paid_at < minute_of(min(paid_in)):
            raise StepRefused(_("It cannot have been paid back before it was paid; please check the moment."))
        if self.kind != "escrow" and not reference:
            raise StepRefused(_("Please enter the reference under which it was paid back."))
        if reference and _is_used(session, account or "", reference):
            raise StepRefused(
                _("The reference “%(reference)s” was used for another refund already.", reference=reference)
            )
        if self.kind == "escrow":
            self._given_back(session)
        self.account, self.reference = (account or "", reference) if reference else (account, None)
        self.paid_out_by_id, self.paid_at = history.doer().own_person_id, paid_at or now()

    def _given_back(self, session: Session) -> None:
        query = select(Payment).where(Payment.order_id == self.order_id, Payment.state == "in_escrow")
        self.being_paid = True
        with session.no_autoflush:
            payments = list(session.scalars(query.order_by(Payment.id)))
        if sum(payment.amount for payment in payments) != self.amount:
            raise StepRefused(_("The platform no longer keeps %(amount)s for this order.", amount=self.amount))
        for payment in payments:
            payment.take("return_to_buyer", session, reason=self.reason)

    @flow.step(*PROMISED, to="paid_out", label=_l("Given back by the platform"), who=never_by_hand)
    def note_given_back(self) -> None:
        """The platform gave the money back before anybody asked it to."""
        self.paid_out_by_id, self.paid_at, self.due_at = history.doer().own_person_id, now(), None

    @flow.step("waiting", "requested", "approved", to="refused", label=_l("Refuse the refund"), tone="danger")
    def refuse(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Nothing is paid back; the customer is told why."""
        self.decision, self.due_at = reason, None


#: For the pages of those they belong to; written here, for neither knows of refunds.
Order.refunds = relationship(Refund, viewonly=True, order_by=Refund.id)
Customer.refunds = relationship(Refund, viewonly=True, order_by=Refund.id)


def _office_time(moment: datetime) -> str:
    """To the minute where it falls on one, else to the second: it is meant exactly."""
    shown = local(moment)
    return shown.strftime("%Y-%m-%d %H:%M" if not (shown.second or shown.microsecond) else "%Y-%m-%d %H:%M:%S")


def _is_used(session: Session, account: str, reference: str) -> bool:
    query = select(Refund.id).where(Refund.account == account, Refund.reference == reference)
    with access.system(), session.no_autoflush:
        return session.scalars(query.limit(1)).first() is not None


def _sum_of(session: Session, *conditions: ColumnElement[bool]) -> Decimal:
    with access.system(), session.no_autoflush:
        return session.scalar(select(func.sum(Refund.amount)).where(*conditions)) or NOUGHT


def promised(session: Session, order: Order) -> Decimal:
    """What of an order's money is to be refunded or was."""
    return _sum_of(session, Refund.order_id == order.id, Refund.state.in_(ALIVE), Refund.kind != "escrow")


def refundable(session: Session, order: Order) -> Decimal:
    """What of an order's money can still be refunded: what was paid, less all refunds that were not refused."""
    return max(order.paid - promised(session, order), NOUGHT)


def has_ended(order: Order) -> bool:
    """Whether nothing of the order is still to be sent: its money is no longer needed for it."""
    state = order.flow.states[order.state]
    return state.final or state.settled


def surplus(session: Session, order: Order) -> Decimal:
    """What of an order's money can be refunded while it goes on: what it does not cost, less what is promised."""
    left = refundable(session, order)
    return left if has_ended(order) else max(left - settling.due(order), NOUGHT)


def in_escrow(session: Session, order: Order) -> Decimal:
    """What a platform keeps for an order, and is not yet asked to give back."""
    asked = _sum_of(session, Refund.order_id == order.id, Refund.state.in_(PROMISED), Refund.kind == "escrow")
    return max(order.escrowed - asked, NOUGHT)


def customer_credit(session: Session, customer: Customer) -> Decimal:
    """What a customer has with us beyond all orders: neither allocated, nor refunded, nor promised to be."""
    of_credit = Refund.customer_id == customer.id, Refund.order_id.is_(None), Refund.state.in_(ALIVE)
    return free_money(session, customer) - _sum_of(session, *of_credit)


def gate(session: Session, order: Order | None, customer: Customer | None) -> datetime | None:
    """From when money of an order, or of a customer's credit, may be applied for: so many hours after the latest
    payment it is made of; None: there is none.
    """
    query = select(func.max(Payment.paid_at))
    if order is not None:
        query = query.where(Payment.order_id == order.id, Payment.state == "in_escrow")
    else:
        free = Payment.state.in_(COUNTED), Payment.allocated < Payment.amount
        query = query.where(Payment.customer_id == (customer.id if customer else 0), *free)
    with access.system(), session.no_autoflush:
        kept = session.scalar(query)
    paid = by_payment(session, order) if order is not None else []
    moments = [payment.paid_at for payment, _amount in paid] + ([kept] if kept else [])
    return max(moments) + timedelta(hours=float(rules.number(session, GATE_HOURS, None))) if moments else None


def request_refund(
    session: Session, order: Order, amount: Decimal, kind: str, reason: str, *, late: bool = False
) -> Refund:
    """Ask for a refund of an order that ends, or of what it does not cost; it waits for its gate.

    `late`: nobody asks for it, the money came when its order had ended.

    Raises `StepRefused` where more than can be refunded is asked for.
    """
    refund = Refund(order=order, amount=amount, kind=kind, reason=reason)
    refund.ends_order, refund.comes_of_itself = kind in OF_AN_END, late
    with session.no_autoflush:
        try:
            refund.prepare(session)
        except Invalid as refusal:
            raise StepRefused(str(refusal)) from None
        for _name, sentence in refund.check():
            raise StepRefused(sentence)
    record.store(session, refund)
    return refund


def note_given_back(session: Session, order: Order) -> None:
    """Called when money of an order moved: what the platform gave back, or paid out, is no longer asked of it."""
    query = select(Refund).where(Refund.order_id == order.id, Refund.kind == "escrow", Refund.state.in_(PROMISED))
    for refund in session.scalars(query).all() if not order.escrowed else ():
        if refund.being_paid:
            continue
        returned = select(func.sum(Payment.amount)).where(Payment.order_id == order.id, Payment.state == "returned")
        paid_out = _sum_of(session, Refund.order_id == order.id, Refund.state == "paid_out", Refund.kind == "escrow")
        back = (session.scalar(returned) or NOUGHT) - paid_out
        if back >= refund.amount:
            refund.take("note_given_back", session)
        elif back > 0:
            reason = _("The platform gave %(amount)s back and has paid the rest out to us.", amount=back)
            refund.take("refuse", session, reason=reason)
        else:
            refund.take("refuse", session, reason=_("The platform has paid the money out to us."))


def to_apply(session: Session) -> list[int]:
    """The refunds whose gate has opened, for the sweep."""
    query = select(Refund.id).where(Refund.state == "waiting", Refund.earliest_at <= now())
    return list(session.scalars(query.order_by(Refund.id)))


def apply_for(session: Session, pk: int) -> int:
    """Let a refund whose gate has opened go on to finance; 1, or 0 where somebody else has done so."""
    refund = session.get(Refund, pk, populate_existing=True)
    if refund is None or refund.state != "waiting":
        return 0
    concurrency.hold(session, refund)
    if refund.state != "waiting":
        return 0
    refund.take("apply", session)
    return 1


def last_refund(session: Session, order: Order) -> Refund | None:
    """The latest refund of an order that was not refused, one of our own money before one of a platform's."""
    query = select(Refund).where(Refund.order_id == order.id, Refund.state.in_(ALIVE))
    return session.scalars(query.order_by(Refund.kind == "escrow", Refund.id.desc()).limit(1)).first()


def give_back(session: Session, order: Order, reason: str, kind: str, *, late: bool = False) -> None:
    """Ask for all that can be refunded of an order that ends, and for what a platform keeps.

    A platform gives back all it keeps or nothing: where it was asked for less before, it is asked for the whole now.
    """
    if in_escrow(session, order) > 0:
        asked = select(Refund).where(Refund.order_id == order.id, Refund.kind == "escrow", Refund.state.in_(PROMISED))
        for older in session.scalars(asked).all():
            older.take("refuse", session, reason=_("More money came in; the platform is asked for all of it at once."))
    for amount, what in ((in_escrow(session, order), "escrow"), (refundable(session, order), kind)):
        if amount > 0:
            request_refund(session, order, amount, what, reason, late=late)
