"""Dispatch orders 派工单: what a service ticket asks of a unit, and its reply, after P1 and P2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.orm import Mapped, object_session, relationship

from app.engine import clocks, fields
from app.engine import record as records
from app.engine.access import Actor
from app.engine.answers import ahead
from app.engine.moments import now
from app.engine.record import Numbered
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from models.people import Department

if TYPE_CHECKING:
    from models.tickets import ServiceTicket

#: Roles that see every ticket and every dispatch order.
DESK = (
    "call_taker", "shift_leader", "service_manager", "office_manager", "leader", "auditor", "report_reader",
)  # fmt: skip


def in_unit(order: DispatchOrder, actor: Actor) -> bool:
    """The people of the unit the order went to, and whoever leads it."""
    return order.department_id in actor.department_ids


class DispatchOrder(Workflow, Model):
    """One matter on its way through one unit, with the limit for its reply."""

    __tablename__ = "dispatch_order"
    kind_name = "dispatch_orders"
    label, label_plural = _l("Dispatch order"), _l("Dispatch orders")
    natural_key = "order_no"
    numbered = Numbered("order_no", "PG{year}-{serial}")

    flow = Flow(
        State("draft", _l("Draft"), "waiting"),
        State("issued", _l("Issued"), "waiting", clocks=("handling", "receipt")),
        State("signed", _l("Received by the unit"), "active", clocks=("handling",)),
        State("contacted", _l("Caller contacted"), "active", clocks=("handling",)),
        State("fed_back", _l("Fed back"), "waiting", clocks=("acceptance",), pauses=("handling",)),
        State("returned", _l("Returned by the unit"), "waiting"),
        State("accepted", _l("Accepted"), "good", final=True),
        State("cancelled", _l("Cancelled"), "bad", final=True, uncounted=True),
        clocks=(
            Clock("handling", _l("Reply of the unit"), limit="limit_at"),
            Clock("receipt", _l("Receipt by the unit")),
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
    limit_at: Mapped[datetime | None] = fields.moment(_l("Stated limit"))
    issued_at: Mapped[datetime | None] = fields.moment(_l("Issued at"), derived=True)
    signed_at: Mapped[datetime | None] = fields.moment(_l("Received at"), derived=True)
    contacted_at: Mapped[datetime | None] = fields.moment(_l("Caller contacted at"), derived=True)
    fed_back_at: Mapped[datetime | None] = fields.moment(_l("Fed back at"), derived=True)
    result: Mapped[str | None] = fields.prose(_l("Result"), search=True, derived=True)
    answer: Mapped[str | None] = fields.prose(_l("Answer for the caller"), derived=True)
    rework_count: Mapped[int] = fields.integer(_l("Times sent back"), derived=True, default=0)

    ticket: Mapped[ServiceTicket] = relationship(foreign_keys=ticket_id, back_populates="orders")
    department: Mapped[Department] = relationship(foreign_keys=department_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.has(*DESK):
            return true()
        return and_(cls.department_id.in_(actor.department_ids), cls.state.not_in(("draft", "cancelled")))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine: list[ColumnElement[bool]] = [false()]
        if actor.has("department_head", "department_user"):
            mine.append(
                and_(cls.state.in_(("issued", "signed", "contacted")), cls.department_id.in_(actor.department_ids))
            )
        if actor.has("shift_leader"):
            mine.append(cls.state.in_(("draft", "fed_back", "returned")))
        return or_(*mine)

    def case(self) -> str | None:
        return self.ticket.kind if self.ticket else None

    def stands_still(self) -> bool:
        return self.ticket is not None and self.ticket.state == "waiting"

    def limit_share(self, stage: str) -> Decimal:
        return self.ticket.limit_share("unit") if stage == "handling" and self.ticket is not None else Decimal(1)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.taken_over:
            return
        if self.state not in (None, "draft", "returned"):
            for name in records.altered(self, "ticket", "department", "limit_at", "lead", "requirement"):
                yield name, _("An order that went out is not changed by editing.")
        elif self.ticket is not None and self.ticket.state in ("closed", "opinion_forwarded", "voided"):
            yield "ticket", _("The ticket is in the state “%(state)s”.", state=self.ticket.state_label)

    def __str__(self) -> str:
        return f"{self.order_no} {self.department or ''}"

    def release(self) -> None:
        """What must hold before an order goes out. Raises `StepRefused`."""
        if self.ticket.kind == "help" and not (self.contact_note and self.reply_note and self.follow_note):
            raise StepRefused(_("A request for help is dispatched only with all three notes ticked."))
        ahead(self.limit_at)
        self.issued_at = now()

    @flow.step("draft", "returned", to="issued", label=_l("Issue"), tone="primary")
    def issue(self, department: Annotated[Department | None, Ask(_l("Another unit"))] = None) -> None:
        """The shift leader sends the order out; the unit's time begins."""
        ticket = self.ticket
        if ticket.state not in ("open", "appointment", "reopened", "reply_in", "dispatched"):
            raise StepRefused(_("The ticket is in the state “%(state)s”.", state=ticket.state_label))
        ticket.department = ticket.department or department or self.department
        if ticket.state != "dispatched":
            ticket.enter(object_session(self), "dispatched")  # type: ignore[arg-type]
        # Entering writes what is pending; the order itself changes after it, for one entry in its history.
        self.department = department or self.department
        self.release()

    @flow.step("issued", to="signed", label=_l("Confirm receipt"), who=in_unit, tone="primary")
    def sign(self) -> None:
        """The unit has the order and takes it on."""
        self.signed_at = now()

    @flow.step("signed", to="contacted", label=_l("Caller contacted"), who=in_unit, tone="primary")
    def mark_contacted(self, how: Annotated[str, Ask(_l("How, and what was said"))]) -> None:
        """The unit has spoken with the caller, as note 1 asks."""
        from models.tickets import ServiceTicket  # tickets send orders out, so they import this module

        session = object_session(self)
        assert session is not None
        ticket = session.get(ServiceTicket, self.ticket_id)  # hidden from the unit
        if ticket is None or ticket.anonymous or ticket.kind == "report":
            raise StepRefused(_("Do not look for this caller; the hotline passes everything on."))
        self.contacted_at = now()

    @flow.step("signed", "contacted", to="fed_back", label=_l("Feed back"), who=in_unit, tone="primary")
    def feed_back(
        self,
        result: Annotated[str, Ask(_l("Result"))],
        answer: Annotated[str, Ask(_l("Answer for the caller"))],
    ) -> None:
        """What was done, and what the caller is to be told; the unit's time stops."""
        self.result, self.answer, self.fed_back_at = result, answer, now()

    @flow.step("fed_back", to="accepted", label=_l("Accept"), tone="primary")
    def accept(self) -> None:
        """The reply will do. When all units in charge have replied, the caller can be answered."""
        ticket = self.ticket
        open_leads = [o for o in ticket.live_orders if o.lead and o.id != self.id and o.state != "accepted"]
        if self.lead and not open_leads and ticket.state == "dispatched":
            ticket.take("receive_reply", object_session(self))

    @flow.step("fed_back", to="signed", label=_l("Send back for more"))
    def rework(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The reply does not do; the unit goes on with the time that was left."""
        self.rework_count += 1

    @flow.step("issued", "signed", to="returned", label=_l("Return"), who=in_unit)
    def hand_back(
        self,
        reason: Annotated[str, Ask(_l("Reason"))],
        proposed: Annotated[Department | None, Ask(_l("The right unit"))] = None,
    ) -> None:
        """The matter is not this unit's; the hotline's own time runs on."""

    @flow.step("signed", "contacted", to=None, label=_l("Extend"))
    def extend(
        self, until: Annotated[datetime, Ask(_l("New limit"))], reason: Annotated[str, Ask(_l("Reason"))]
    ) -> None:
        """A later limit, given before the old one has passed; the old one is kept."""
        if self.is_late(now()):
            raise StepRefused(_("The limit has passed already; it can no longer be extended."))
        if self.due_at is not None and until <= self.due_at:
            raise StepRefused(_("The new limit is not later than the old one."))
        clocks.extend(object_session(self), self, "handling", until)  # type: ignore[arg-type]
        self.limit_at = until

    @flow.step(
        "draft", "issued", "signed", "contacted", "fed_back", "returned",
        to="cancelled", label=_l("Cancel"), tone="danger",
    )  # fmt: skip
    def cancel(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Nothing is asked of the unit any more."""
