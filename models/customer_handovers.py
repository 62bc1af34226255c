"""Customer hand-over 客户移交: somebody leaves, and every customer and open paper of theirs goes to somebody else.

Proposed by the sales manager, confirmed customer by customer by whoever receives them, approved, and in force on its
day. What was closed before stays with who earned it. After A1 (loss through turnover); the process is our own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, UniqueConstraint, and_, false, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship, synonym

from app.engine import access, concurrency, fields, history
from app.engine.access import Actor
from app.engine.changes import altered
from app.engine.database import session_of
from app.engine.moments import now, today
from app.engine.record import Numbered
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow, never_by_hand
from models import customers, handing_over, notices
from models.customers import Customer
from models.people import Person

#: Roles that see every hand-over; receivers see those in which something comes to them, and nobody leaving sees theirs.
KEEPERS = ("sales_manager", "office_manager", "leader", "auditor")
APPROVERS = ("sales_manager", "office_manager", "leader")
#: States in which a hand-over is not settled yet.
UNDER_WAY = ("proposed", "checked", "approved")
NOUGHT = Decimal("0.00")


def is_neither_side(handover: CustomerHandover, actor: Actor) -> bool:
    """Whoever leaves, or receives, does not approve."""
    sides = {handover.leaver_id, *(line.receiver_id for line in handover.handover_lines)}
    return sides.isdisjoint(actor.person_ids)


def is_receiver(line: HandoverLine, actor: Actor) -> bool:
    return line.receiver_id in actor.person_ids


class CustomerHandover(Workflow, Model):
    """All customers of one person who leaves, on their way to others."""

    __tablename__ = "customer_handover"
    kind_name = "customer_handovers"
    label, label_plural = _l("Customer hand-over"), _l("Customer hand-overs")
    named_by = ("leaver",)
    natural_key = "handover_no"
    numbered = Numbered("handover_no", "YJ{year}-{serial}")

    flow = Flow(
        State("proposed", _l("Hand-over proposed"), "waiting", clocks=("checking",)),
        State("checked", _l("Confirmed by all receivers"), "active", clocks=("checking",)),
        State("approved", _l("Hand-over approved"), "active"),
        State("effective", _l("Handed on"), "good", final=True),
        State("rejected", _l("Hand-over rejected"), "bad", final=True, uncounted=True),
        clocks=(Clock("checking", _l("Checking of the hand-over")),),
    )

    handover_no: Mapped[str] = fields.number(_l("Hand-over number"), 60, unique=True, search=True, derived=True)
    leaver_id: Mapped[int] = fields.reference(_l("Who leaves"), "person.id", required=True)
    receiver_id: Mapped[int] = fields.reference(
        _l("Who receives"), "person.id", required=True, help=_l("Single customers can be given to others afterwards")
    )
    effective_on: Mapped[date] = fields.day(_l("Takes effect on"), required=True, index=True)
    reason: Mapped[str] = fields.prose(_l("Reason"), required=True)
    proposer_id: Mapped[int | None] = fields.reference(_l("Hand-over proposed by"), "person.id", derived=True)
    approver_id: Mapped[int | None] = fields.reference(_l("Approved by"), "person.id", derived=True)
    approved_at: Mapped[datetime | None] = fields.moment(_l("Approved at"), derived=True)
    rejected_because: Mapped[str | None] = fields.prose(_l("Why it was rejected"), derived=True)
    customers_moved: Mapped[int] = fields.integer(_l("Customers handed on"), derived=True, default=0)
    papers_moved: Mapped[int] = fields.integer(_l("Open papers handed on"), derived=True, default=0)
    #: the sweep takes `go_on` on this day
    wake_on = synonym("effective_on")

    leaver: Mapped[Person] = relationship(foreign_keys=leaver_id)
    receiver: Mapped[Person] = relationship(foreign_keys=receiver_id)
    proposer: Mapped[Person | None] = relationship(foreign_keys=proposer_id)
    approver: Mapped[Person | None] = relationship(foreign_keys=approver_id)
    handover_lines: Mapped[list[HandoverLine]] = relationship(back_populates="handover", order_by="HandoverLine.id")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.has(*KEEPERS, "report_reader"):
            return true()
        if not actor.person_ids:
            return false()
        line = HandoverLine.__table__.c
        mine = select(line.handover_id).where(line.receiver_id.in_(actor.person_ids))
        return and_(cls.id.in_(mine), cls.leaver_id.not_in(actor.person_ids))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.state == "checked" if actor.has(*APPROVERS) else false()

    def prepare(self, session: Session) -> None:
        self.state = self.state or self.flow.start
        if not self.taken_over:
            self.proposer_id = history.doer().own_person_id
            if self.leaver is not None and self.receiver is not None:
                _list_customers(session, self)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.taken_over:
            return
        for name in altered(self, "leaver"):
            yield name, _("A hand-over stays that of one person; reject it and propose another.")
        if self.id and self.state not in ("proposed", "checked"):
            yield "", _("The hand-over is “%(state)s” and stays as it is.", state=self.state_label)
        if self.leaver is not None and self.leaver is self.receiver:
            yield "receiver", _("%(person)s cannot receive what they hand over.", person=str(self.leaver))
        if self.id is None and self.leaver is not None and (other := _under_way(self.leaver)):
            yield (
                "leaver",
                _("%(person)s hands over with %(number)s already; look for further customers there, or reject it.",
                  person=str(self.leaver), number=other),
            )  # fmt: skip
        elif self.id is None and self.leaver is not None and not self.handover_lines:
            yield "leaver", _("%(person)s looks after no customer and has no open order.", person=str(self.leaver))

    def __str__(self) -> str:
        return f"{self.handover_no or ''} {self.leaver or ''}".strip()

    def begin(self, session: Session) -> Any:
        """Each receiver is told once the hand-over has its key."""
        bind = super().begin(session)

        def bound() -> None:
            bind()
            self.tell_receivers(session, self.handover_lines)

        return bound

    def tell_receivers(self, session: Session, lines: list[HandoverLine]) -> None:
        """Ask those who receive these customers to confirm them."""
        people = [line.receiver for line in lines if line.state == "open"]
        if people and not self.taken_over:
            notices.tell(session, people, "handed_over", self)

    @flow.step("proposed", "checked", "approved", to=("proposed", "checked", "approved"),
               label=_l("Look for further customers"))  # fmt: skip
    def gather(self) -> str:
        """List what has come to whoever leaves since the hand-over was proposed; it has to be confirmed, too."""
        session = session_of(self)
        fresh = _list_customers(session, self)
        session.flush()
        self.tell_receivers(session, fresh)
        return "proposed" if fresh else self.state

    @flow.step("proposed", to="checked", label=_l("All is confirmed"), who=never_by_hand)
    def finish_check(self) -> None:
        """Every receiver has confirmed every customer of theirs."""
        self.refuse_unconfirmed()

    @flow.step("checked", to=("approved", "effective"), label=_l("Approve"), tone="primary", who=is_neither_side)
    def approve(self) -> str:
        """The hand-over takes effect on its day; at once, if that has come."""
        self.refuse_unconfirmed()
        session = session_of(self)
        if missing := handing_over.customers_of(
            session, self.leaver, but=[line.customer_id for line in self.handover_lines]
        ):
            raise StepRefused(
                _("%(customers)s has come to %(person)s since; look for further customers first.",
                  customers=", ".join(one.customer_no for one in missing[:5]), person=str(self.leaver))
            )  # fmt: skip
        moved = handing_over.move(session, self) if self.effective_on <= today() else None
        self.approver_id, self.approved_at = history.doer().own_person_id, now()
        return "approved" if moved is None else self._settle(moved)

    @flow.step("approved", to="effective", label=_l("Takes effect"), who=never_by_hand)
    def go_on(self) -> None:
        """The day has come: customers and open papers change hands, also what came after the approval."""
        session = session_of(self)
        late = _list_customers(session, self)
        session.flush()
        if late:  # nobody has confirmed these
            told = [line.receiver for line in late] + notices.holders(session, "sales_manager")
            notices.tell(session, list(dict.fromkeys(told)), "came_late", self)
        self._settle(handing_over.move(session, self))

    def _settle(self, moved: tuple[int, int]) -> str:
        self.customers_moved, self.papers_moved = moved
        return "effective"

    @flow.step("proposed", "checked", "approved", to="rejected", label=_l("Reject"), tone="danger",
               who=is_neither_side)  # fmt: skip
    def reject(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Everything stays with whoever has it."""
        self.rejected_because = reason

    def unconfirmed(self, session: Session) -> HandoverLine | None:
        """A customer whose receiver has not confirmed it, as it is stored now."""
        query = select(HandoverLine).where(HandoverLine.handover_id == self.id, HandoverLine.state != "confirmed")
        query = query.order_by(HandoverLine.id).limit(1).execution_options(populate_existing=True)
        with access.system():
            return session.scalars(query).first()

    def refuse_unconfirmed(self) -> None:
        """Raises `StepRefused` naming a customer whose receiver has not confirmed it."""
        line = self.unconfirmed(session_of(self))
        if line is not None:
            raise StepRefused(
                _("%(person)s has not confirmed %(customer)s yet.",
                  person=str(line.receiver), customer=str(line.customer))
            )  # fmt: skip


class HandoverLine(Workflow, Model):
    """One customer of a hand-over, with what was open when its receiver looked."""

    __tablename__ = "handover_line"
    __table_args__: Any = (UniqueConstraint("handover_id", "customer_id"), {})
    kind_name = "handover_lines"
    label, label_plural = _l("Customer to be handed over"), _l("Customers to be handed over")
    named_by = ("handover", "customer")

    flow = Flow(
        State("open", _l("To be confirmed by the receiver"), "waiting"),
        State("confirmed", _l("Confirmed by the receiver"), "good", settled=True),
    )

    handover_id: Mapped[int] = fields.reference(_l("Customer hand-over"), "customer_handover.id", required=True)
    customer_id: Mapped[int] = fields.reference(_l("Customer"), "customer.id", required=True)
    receiver_id: Mapped[int] = fields.reference(_l("Who receives"), "person.id", required=True)
    open_orders: Mapped[int] = fields.integer(_l("Open orders"), derived=True, default=0)
    owed: Mapped[Decimal] = fields.decimal("money", _l("Receivables"), derived=True, default=NOUGHT)
    open_tickets: Mapped[int] = fields.integer(_l("Open tickets"), derived=True, default=0)
    counted_at: Mapped[datetime | None] = fields.moment(_l("Counted at"), derived=True)
    confirmed_at: Mapped[datetime | None] = fields.moment(_l("Confirmed at"), derived=True)
    remark: Mapped[str | None] = fields.prose(_l("Remark"), 2000, derived=True)

    handover: Mapped[CustomerHandover] = relationship(foreign_keys=handover_id, back_populates="handover_lines")
    customer: Mapped[Customer] = relationship(foreign_keys=customer_id)
    receiver: Mapped[Person] = relationship(foreign_keys=receiver_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*KEEPERS, "report_reader") else cls.receiver_id.in_(actor.person_ids)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return and_(cls.state == "open", cls.receiver_id.in_(actor.person_ids), cls.handover_id.in_(_proposed()))

    def prepare(self, session: Session) -> None:
        self.state = self.state or self.flow.start

    def check(self) -> Iterator[tuple[str, str]]:
        for name in altered(self, "handover", "customer", "receiver"):
            yield name, _("Take the step “Give to somebody else” instead.")

    def __str__(self) -> str:
        return f"{self.handover.handover_no if self.handover else ''} {self.customer or ''}".strip()

    def count(self, session: Session) -> None:
        """Write down what is open with the customer now."""
        self.open_orders, self.owed, self.open_tickets = handing_over.open_with(session, self.customer)
        self.counted_at = now()

    def refuse_settled(self) -> None:
        """Raises `StepRefused` where the hand-over is past checking."""
        if self.handover.state not in ("proposed", "checked"):
            raise StepRefused(_("The hand-over is “%(state)s” and stays as it is.", state=self.handover.state_label))

    @flow.step("open", to="confirmed", label=_l("Confirm the customer"), who=is_receiver, tone="primary")
    def confirm_customer(self, remark: Annotated[str | None, Ask(_l("Remark"), length=2000)] = None) -> None:
        """I have spoken to the customer's contact and know what is open."""
        session = session_of(self)
        concurrency.hold(session, self.handover)  # of two receivers at once, the second closes the check
        self.refuse_settled()
        self.count(session)
        self.remark, self.confirmed_at, self.state = remark, now(), "confirmed"
        session.flush()
        if self.handover.state == "proposed" and self.handover.unconfirmed(session) is None:
            self.handover.take("finish_check", session)

    @flow.step("open", "confirmed", to="open", label=_l("Give to somebody else"))
    def give_to(self, receiver: Annotated[Person, Ask(_l("Who receives"))]) -> None:
        """Another person is to look after the customer, and has to confirm it."""
        self.refuse_settled()
        session = session_of(self)
        if receiver.id == self.handover.leaver_id:
            raise StepRefused(_("%(person)s cannot receive what they hand over.", person=str(receiver)))
        if self.handover.state == "checked":
            self.handover.take("check_again", session)
        self.receiver, self.confirmed_at, self.remark = receiver, None, None
        notices.tell(session, [receiver], "handed_over", self.handover)


@CustomerHandover.flow.step("checked", to="proposed", label=_l("Check again"), who=never_by_hand)
def check_again(handover: CustomerHandover) -> None:
    """A customer goes to somebody else, who has not confirmed it yet."""


#: For the customer's page.
Customer.handover_lines = relationship(HandoverLine, viewonly=True)


def _under_way(person: Person) -> str | None:
    """The number of the hand-over in which a person leaves already."""
    session = object_session(person)
    if session is None:
        return None
    with access.system(), session.no_autoflush:
        return leaving(session, [person.id]).get(person.id)


def _proposed() -> Any:
    handover = CustomerHandover.__table__.c
    return select(handover.id).where(handover.state == "proposed")


def _list_customers(session: Session, handover: CustomerHandover) -> list[HandoverLine]:
    """Add a line for each customer of whoever leaves that has none yet; the new lines.

    Where somebody else looks after the customer, and only open papers are the leaver's, these go to that person.
    """
    with access.system(), session.no_autoflush:
        present = [line.customer_id for line in handover.handover_lines]
        fresh = []
        for customer in handing_over.customers_of(session, handover.leaver, but=present):
            owner = customer.owner
            receiver = owner if owner is not None and owner is not handover.leaver else handover.receiver
            line = HandoverLine(customer=customer, receiver=receiver, state="open")
            line.count(session)
            handover.handover_lines.append(line)
            fresh.append(line)
    return fresh


def _being_received(columns: Any, actor: Actor) -> ColumnElement[bool]:
    """Who is to receive a customer may look at it, until the hand-over is settled."""
    line, handover = HandoverLine.__table__.c, CustomerHandover.__table__.c
    mine = select(line.customer_id).select_from(HandoverLine.__table__.join(CustomerHandover.__table__))
    return columns.id.in_(mine.where(line.receiver_id.in_(actor.person_ids), handover.state.in_(UNDER_WAY)))


customers.ALSO_SEEN.append(_being_received)


def leaving(session: Session, people: list[int]) -> dict[int, str]:
    """person -> number of the hand-over under way in which that person leaves, of these people."""
    query = select(CustomerHandover.leaver_id, CustomerHandover.handover_no).where(
        CustomerHandover.leaver_id.in_(people), CustomerHandover.state.in_(UNDER_WAY)
    )
    return {row.leaver_id: row.handover_no for row in session.execute(query)}
