"""Dispatch orders 派工单: what a service ticket asks of a unit, and its reply, after H1, P1 and P2.

The steps of the hotline stand here, those of the unit in `unit_replies`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Index, and_, false, or_, true
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import changes, clocks, fields
from app.engine.access import Actor
from app.engine.answers import ahead
from app.engine.moments import now
from app.engine.record import Numbered
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow, never_by_hand, state_indexes
from models import unit_choice
from models.dispatch_notes import NOTES, fill_in, is_relayed, limit_of, session_behind, settle_notes, untrue
from models.people import Department
from models.unit_choice import barred, refuse_barred

if TYPE_CHECKING:
    from models.tickets import ServiceTicket

#: Roles that see every ticket and every dispatch order.
DESK = (
    "call_taker", "shift_leader", "service_manager", "office_manager", "leader", "auditor", "report_reader",
)  # fmt: skip


RETURN_GROUNDS = {
    "not_ours": _l("Not a matter of this unit"),
    "other_place": _l("The place belongs to another unit"),
    "unclear": _l("It is unclear what is to be done"),
    "twice": _l("Dispatched to this unit before"),
    "other_way": _l("The law provides another way"),
}
#: States in which the unit has the order before it.
WITH_UNIT = ("issued", "signed", "contacted", "extension_asked", "confirming")
#: How a doer's name begins in the history who came by a unit's link.
UNIT_LINK = "unit link "
#: Closed to the unit: not sent out yet, taken back, or answered by another order.
OUT_OF_SIGHT = ("draft", "cancelled")


def sends_out(ticket: ServiceTicket | None, actor: Actor) -> bool:
    """A request for help is sent out by the shift leader alone (H1 求助 3)."""
    return ticket is None or ticket.kind != "help" or actor.has("shift_leader")


def is_sent_out_by(order: DispatchOrder, actor: Actor) -> bool:
    """Who sends the order out."""
    return sends_out(order.ticket, actor)


def standing(ticket: ServiceTicket, besides: DispatchOrder | None = None) -> str | None:
    """The state in which the orders of the units in charge leave a ticket; None where no unit is in charge.

    `besides` is an order that is about to change and does not count.
    """
    leads = [order for order in ticket.live_orders if order.lead and order is not besides]
    if not leads:
        return None
    return "reply_in" if all(order.state == "accepted" for order in leads) else "dispatched"


def is_sought(order: DispatchOrder) -> bool:
    """Whether the unit has yet to speak with the caller, as note 1 asks."""
    return order.contact_note and order.contacted_at is None and not is_relayed(order.ticket)


class DispatchOrder(Workflow, Model):
    """One matter on its way through one unit, with the limit for its reply."""

    __tablename__ = "dispatch_order"
    __table_args__ = (
        *state_indexes("dispatch_order", large=True),
        Index("ix_dispatch_order_unit_due", "department_id", "state", "due_at"),  # what waits at a unit
        {},
    )
    kind_name = "dispatch_orders"
    large = True
    label, label_plural = _l("Dispatch order"), _l("Dispatch orders")
    named_by = ("department",)
    natural_key = "order_no"
    numbered = Numbered("order_no", "PG{year}-{serial}")

    flow = Flow(
        State("draft", _l("Draft"), "waiting"),
        State("issued", _l("Issued"), "waiting", clocks=("handling", "receipt")),
        State("signed", _l("Received by the unit"), "active", clocks=("handling", "contact")),
        State("contacted", _l("Caller contacted"), "active", clocks=("handling",)),
        State("extension_asked", _l("More time asked for"), "waiting", clocks=("handling", "contact")),
        State(
            "confirming", _l("Reply before the head of the unit"), "waiting", clocks=("handling",), lets_go=("contact",)
        ),
        State(
            "fed_back", _l("Fed back"), "waiting", clocks=("acceptance",), pauses=("handling",), lets_go=("contact",)
        ),
        # Until it is sent out anew, the time runs against the hotline.
        State("returned", _l("Returned by the unit"), "waiting", clocks=("handling",), lets_go=("receipt", "contact")),
        State("accepted", _l("Accepted"), "good", final=True),
        State("superseded", _l("Reply set aside"), "bad", final=True),
        State("cancelled", _l("Cancelled"), "bad", final=True, uncounted=True),
        clocks=(
            Clock("handling", _l("Reply of the unit"), limit="limit_at"),
            Clock("receipt", _l("Receipt by the unit"), within="handling"),
            Clock("contact", _l("Contact with the caller"), within="handling", once=True, applies=is_sought),
            Clock("acceptance", _l("Acceptance")),
        ),
    )

    order_no: Mapped[str] = fields.number(_l("Order number"), 100, unique=True, search=True, derived=True)
    ticket_id: Mapped[int] = fields.reference(_l("Ticket"), "service_ticket.id", required=True)
    department_id: Mapped[int] = fields.reference(_l("Unit"), "department.id", required=True)
    lead: Mapped[bool] = fields.flag(_l("In charge"), default=True, help=_l("The ticket waits for this unit's reply."))
    requirement: Mapped[str] = fields.prose(_l("What is to be done"), required=True, search=True)
    contact_note: Mapped[bool] = fields.flag(_l("Note 1: contact the caller without delay"))
    reply_note: Mapped[bool] = fields.flag(_l("Note 2: reply within the limit"))
    follow_note: Mapped[bool] = fields.flag(_l("Note 3: the head of the unit follows the result"))
    contact_words: Mapped[str | None] = fields.line(_l("Note 1 reads"), 300, derived=True)
    reply_words: Mapped[str | None] = fields.line(_l("Note 2 reads"), 300, derived=True)
    follow_words: Mapped[str | None] = fields.line(_l("Note 3 reads"), 300, derived=True)
    limit_at: Mapped[datetime | None] = fields.moment(_l("Stated limit"))
    issued_at: Mapped[datetime | None] = fields.moment(_l("Issued at"), derived=True, index=True)
    signed_at: Mapped[datetime | None] = fields.moment(_l("Received at"), derived=True)
    contacted_at: Mapped[datetime | None] = fields.moment(_l("Caller contacted at"), derived=True)
    contact_how: Mapped[str | None] = fields.prose(_l("How the caller was contacted"), derived=True)
    extension_asked_at: Mapped[datetime | None] = fields.moment(_l("More time asked for at"), derived=True)
    extension_until: Mapped[datetime | None] = fields.moment(_l("Time asked for until"), derived=True)
    extension_reason: Mapped[str | None] = fields.prose(_l("Why more time is needed"), derived=True)
    extension_ground: Mapped[str | None] = fields.line(_l("Legal ground"), 300, derived=True)
    returned_at: Mapped[datetime | None] = fields.moment(_l("Returned at"), derived=True)
    return_ground: Mapped[str | None] = fields.choice(
        _l("Ground of return"), RETURN_GROUNDS, "return_ground_known", derived=True
    )
    proposed_id: Mapped[int | None] = fields.reference(_l("Unit proposed"), "department.id", derived=True)
    fed_back_at: Mapped[datetime | None] = fields.moment(_l("Fed back at"), derived=True)
    result: Mapped[str | None] = fields.prose(_l("Result"), search=True, derived=True)
    answer: Mapped[str | None] = fields.prose(_l("Answer for the caller"), derived=True)
    rework_reason: Mapped[str | None] = fields.prose(_l("Why it was sent back"), derived=True)
    rework_count: Mapped[int] = fields.integer(_l("Times sent back"), derived=True, default=0)

    ticket: Mapped[ServiceTicket] = relationship(foreign_keys=ticket_id, back_populates="orders")
    department: Mapped[Department] = relationship(foreign_keys=department_id)
    proposed: Mapped[Department | None] = relationship(foreign_keys=proposed_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.has(*DESK):
            return true()
        return and_(cls.department_id.in_(actor.department_ids), cls.state.not_in(OUT_OF_SIGHT))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine: list[ColumnElement[bool]] = [false()]
        if actor.has("department_head", "department_user"):
            todo = cls.state.in_(("issued", "signed", "contacted"))
            mine.append(and_(todo, cls.department_id.in_(actor.department_ids)))
            mine.append(and_(cls.state == "confirming", cls.department_id.in_(actor.led_ids)))
        if actor.has("shift_leader"):
            mine.append(cls.state.in_(("draft", "fed_back", "returned", "extension_asked")))
        return or_(*mine)

    def case(self) -> str | None:
        return self.ticket.case() if self.ticket else None

    def limit_share(self, stage: str) -> Decimal:
        return self.ticket.limit_share("unit") if stage == "handling" and self.ticket is not None else Decimal(1)

    def profile(self) -> str | None:
        return self.ticket.scheme if self.ticket else None

    def held(self, stage: str) -> bool:
        """While the ticket waits for the caller, nobody can go on."""
        return self.ticket is not None and self.ticket.state == "waiting"

    def bound(self, session: Session, stage: str) -> datetime | None:
        """What the unit and the hotline do lies within the answer to the caller."""
        if stage not in ("handling", "acceptance") or self.ticket is None or self.ticket.id is None:
            return None
        whole = clocks.running(session, self.ticket, "parent")
        return None if whole is None else whole.due_at

    def prepare(self, session: Session) -> None:
        if self.ticket is not None and self.department is not None and not self.taken_over:
            with session.no_autoflush:  # the ticket lists the order, which is not complete
                fill_in(self)

    def barred_unit(self) -> bool:
        """Whether the unit must not have this ticket."""
        if self.ticket is None or self.department is None:
            return False
        return self.department.id in barred(session_behind(self), self.ticket)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.taken_over or self.ticket is None:
            return
        if self.state not in (None, "draft", "returned"):
            for name in changes.altered(self, "ticket", "department", "limit_at", "lead", "requirement", *NOTES):
                yield name, _("An order that went out is not changed by editing.")
            return
        if self.ticket.state in ("closed", "opinion_forwarded", "voided"):
            yield "ticket", _("The ticket is in the state “%(state)s”.", state=self.ticket.state_label)
        with session_behind(self).no_autoflush:
            if self.barred_unit():
                yield "department", unit_choice.sentence(self.department)
            yield from untrue(self)

    def in_charge(self) -> DispatchOrder | None:
        """The other order of the ticket whose unit is in charge, where this one is to be in charge, too."""
        others = (one for one in self.ticket.live_orders if one is not self and one.lead)
        return next(others, None) if self.lead else None

    def __str__(self) -> str:
        return f"{self.order_no} {self.department or ''}"

    def let_go(self) -> None:
        """The unit has the matter no more: the ticket names another unit in charge, or none."""
        ticket = self.ticket
        if self.lead and ticket.department_id == self.department_id:
            others = (one.department for one in ticket.live_orders if one.lead and one is not self)
            ticket.department = next(others, None)

    def _keep_to_rule(self) -> None:
        """A limit stated for a request for help shortens the hours of its rule alone (H1 求助 3)."""
        stated = self.limit_at
        if stated is None or self.ticket.kind != "help":
            return
        with session_behind(self).no_autoflush:
            self.limit_at = None
            ruled = limit_of(self)
            self.limit_at = stated if ruled is None or stated < ruled else None

    def release(self) -> None:
        """What must hold before an order goes out. Raises `StepRefused`."""
        refuse_barred(self.ticket, self.department)
        if (other := self.in_charge()) is not None:
            unit = other.department.name
            raise StepRefused(_("%(unit)s is in charge already; untick “In charge” for a unit that helps.", unit=unit))
        ahead(self.limit_at)
        self._keep_to_rule()
        settle_notes(self)
        self.issued_at = now()

    @flow.step("draft", "returned", to="issued", label=_l("Issue"), who=is_sent_out_by, tone="primary")
    def issue(self, department: Annotated[Department | None, Ask(_l("Another unit"))] = None) -> None:
        """The shift leader sends the order out; the unit's time begins."""
        ticket, session = self.ticket, session_behind(self)
        if ticket.state not in ("open", "appointment", "reopened", "reply_in", "dispatched"):
            raise StepRefused(_("The ticket is in the state “%(state)s”.", state=ticket.state_label))
        unit = department or self.department
        refuse_barred(ticket, unit)
        if self.lead:
            ticket.department = unit
        elif ticket.department is not None and ticket.department.id in barred(session, ticket):
            ticket.department = None
        if self.lead and ticket.state != "dispatched":
            ticket.enter(session, "dispatched")
        # Entering writes what is pending; the order itself changes after it, for one entry in its history.
        if self.state == "returned":
            clocks.stop(session, self, "handling", clocks.VOID)  # the ticket's own clock tells whose time it was
            self.signed_at = self.contacted_at = self.contact_how = None
        self.department = unit
        self.release()

    @flow.step("fed_back", to="accepted", label=_l("Accept"), tone="primary")
    def accept(self) -> None:
        """The reply will do. When all units in charge have replied, the caller can be answered."""
        ticket = self.ticket
        if self.lead and ticket.state == "dispatched" and standing(ticket, besides=self) != "dispatched":
            ticket.take("receive_reply", session_behind(self))

    @flow.step("fed_back", to="signed", label=_l("Send back for more"))
    def rework(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The reply does not do; the unit goes on with the time that was left."""
        self.rework_count += 1
        self.rework_reason = reason

    @flow.step("accepted", to="superseded", label=_l("Set the reply aside"), who=never_by_hand)
    def supersede(self) -> None:
        """Follows by itself when the hotline finds that the caller cannot be answered with it."""

    @flow.step(
        "draft", *WITH_UNIT, "fed_back", "returned", to="cancelled", label=_l("Cancel"), tone="danger",
    )  # fmt: skip
    def cancel(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Nothing is asked of the unit any more."""
        ticket, follows = self.ticket, {None: "come_back", "reply_in": "receive_reply"}
        if self.state == "draft":
            return
        if self.lead and ticket.state == "dispatched":
            where = standing(ticket, besides=self)
            if where in follows:
                ticket.take(follows[where], session_behind(self))
        self.let_go()

    @flow.step(
        "draft", *WITH_UNIT, "fed_back", "returned", to="cancelled", label=_l("Fall away"), who=never_by_hand,
    )  # fmt: skip
    def fall_away(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Follows by itself when the ticket is void or merged; what becomes of the ticket is settled there."""
