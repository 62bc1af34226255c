"""Service tickets 来电来访来函: what people ask of the house, after H1, P1 and P2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, clocks, fields, numbers
from app.engine import record as records
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.record import Numbered
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow, never_by_hand
from models.dispatch import DESK, DispatchOrder
from models.people import Department, Person

if TYPE_CHECKING:
    from models.identities import SealedIdentity

CHANNELS = {
    "phone": _l("Telephone call"),
    "visit": _l("Visit"),
    "letter": _l("Letter"),
    "web": _l("Website"),
    "email": _l("E-mail"),
    "app": _l("App"),
    "social": _l("Social media"),
    "other": _l("Other way"),
}
KINDS = {
    "consult": _l("Enquiry"),
    "help": _l("Request for help"),
    "emergency": _l("Emergency"),
    "complaint": _l("Complaint"),
    "report": _l("Report of wrongdoing"),
    "feedback": _l("Opinion, suggestion, praise"),
    "repair": _l("Repair"),
    "paid_service": _l("Paid service"),
    "other": _l("Other matter"),
}
GRADES = {
    "very_satisfied": _l("Very satisfied"),
    "satisfied": _l("Satisfied"),
    "basically": _l("Basically satisfied"),
    "dissatisfied": _l("Dissatisfied"),
    "not_reached": _l("Not reached"),
}
WAITING_FOR = {
    "papers": _l("Papers of the caller"),
    "details": _l("Details of the caller"),
    "unreachable": _l("The caller cannot be reached"),
    "wish": _l("The caller wishes it later"),
}

#: Roles that may close a complaint or a report of wrongdoing.
DECIDES = ("service_manager", "leader", "office_manager")


def may_close(ticket: ServiceTicket, actor: Actor) -> bool:
    """Whoever answers may close; a complaint or a report of wrongdoing needs the manager."""
    return ticket.kind not in ("complaint", "report") or actor.has(*DECIDES)


def not_sent_out(ticket: ServiceTicket, actor: Actor) -> bool:
    return not ticket.live_orders


def sent_out(ticket: ServiceTicket, actor: Actor) -> bool:
    return bool(ticket.live_orders)


class ServiceTicket(Workflow, Model):
    """A call, visit or letter, from the first word to the answer and the callback."""

    __tablename__ = "service_ticket"
    kind_name = "service_tickets"
    label, label_plural = _l("Service ticket"), _l("Service tickets")
    natural_key = "ticket_no"
    content_fields = ("contact_name", "phone")
    content_files = False  # what callers send in is worked on by the desk
    numbered = Numbered("ticket_no", "GD{year}-{serial}")

    flow = Flow(
        State("open", _l("Registered"), "waiting", clocks=("parent", "front_desk")),
        State("appointment", _l("Reply promised"), "waiting", clocks=("parent", "front_desk", "promise")),
        State("dispatched", _l("With a unit"), "active", clocks=("parent", "unit", "reply")),
        State("reply_in", _l("Reply has come in"), "waiting", clocks=("parent", "reply", "hotline")),
        State("waiting", _l("Waiting for the caller"), "waiting", pauses=("parent", "front_desk", "unit", "reply")),
        State("answered", _l("Answered"), "active", settled=True),
        State("callback_due", _l("To be called back"), "waiting", clocks=("callback",)),
        State("reopened", _l("Reopened"), "waiting", clocks=("parent", "front_desk")),
        State("closed", _l("Closed"), "good", final=True),
        State("opinion_forwarded", _l("Passed on as an opinion"), "good", final=True),
        State("voided", _l("Void"), "bad", final=True, uncounted=True),
        clocks=(
            Clock("parent", _l("Answer to the caller"), since="received_at"),
            Clock("front_desk", _l("Front desk"), since="received_at"),
            Clock("promise", _l("Promised reply"), limit="promised_at"),
            Clock("unit", _l("Reply of the unit")),
            Clock("reply", _l("Answer after dispatch")),
            Clock("hotline", _l("Passing the reply on")),
            Clock("callback", _l("Callback")),
        ),
    )

    ticket_no: Mapped[str] = fields.number(_l("Ticket number"), 100, unique=True, search=True, derived=True)
    channel: Mapped[str] = fields.choice(_l("Channel"), CHANNELS, "channel_known", required=True, default="phone")
    kind: Mapped[str] = fields.choice(_l("Kind"), KINDS, "kind_known", required=True, default="consult")
    received_at: Mapped[datetime] = fields.moment(_l("Received"), required=True, index=True)
    answered_at: Mapped[datetime | None] = fields.moment(_l("Answered at"), derived=True)
    contact_name: Mapped[str | None] = fields.line(_l("Caller"), 200, search=True)
    phone: Mapped[str | None] = fields.number(_l("Telephone"), 60, masked=True)
    anonymous: Mapped[bool] = fields.flag(_l("Anonymous"))
    anonymity_explained: Mapped[bool] = fields.flag(
        _l("Explained"), help=_l("The caller was told that nothing can be followed up without a contact.")
    )
    named: Mapped[bool] = fields.flag(_l("Identity kept under seal"), derived=True)
    read_back: Mapped[bool] = fields.flag(_l("Read back"), help=_l("The record was read to the caller and confirmed."))
    subject: Mapped[str] = fields.line(_l("Subject"), 500, required=True, search=True)
    content: Mapped[str | None] = fields.prose(_l("Content"), search=True)
    place: Mapped[str | None] = fields.line(_l("Place"), 500, search=True)
    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id")
    taker_id: Mapped[int | None] = fields.reference(_l("First responsible"), "person.id")
    promised_at: Mapped[datetime | None] = fields.moment(_l("Promised for"), derived=True)
    answer: Mapped[str | None] = fields.prose(_l("Answer"), search=True, derived=True)
    citation: Mapped[str | None] = fields.line(_l("Answered from"), 500, search=True, derived=True)
    outcome: Mapped[str | None] = fields.prose(_l("Outcome"), derived=True)
    grade: Mapped[str | None] = fields.choice(_l("Satisfaction"), GRADES, "grade_known", derived=True)

    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    taker: Mapped[Person | None] = relationship(foreign_keys=taker_id)
    orders: Mapped[list[DispatchOrder]] = relationship(
        back_populates="ticket", order_by="DispatchOrder.id", passive_deletes="all"
    )
    identities: Mapped[list[SealedIdentity]] = relationship(back_populates="ticket", passive_deletes="all")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.has(*DESK):
            return true()
        if actor.has("report_officer"):
            return cls.kind == "report"
        if not actor.department_ids:
            return false()
        order = DispatchOrder.__table__
        sent = select(order.c.ticket_id).where(
            order.c.department_id.in_(actor.department_ids), order.c.state.not_in(("draft", "cancelled"))
        )
        # Who reports wrongdoing stays with the desk; the unit sees its dispatch order alone.
        return and_(cls.kind != "report", or_(cls.department_id.in_(actor.department_ids), cls.id.in_(sent)))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Who reports wrongdoing is kept apart (`SealedIdentity`); what stood here before, the history tells nobody."""
        return cls.kind != "report"

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = [and_(cls.state.in_(("open", "appointment", "reopened")), cls.taker_id.in_(actor.person_ids))]
        if actor.has("call_taker"):
            mine.append(cls.state.in_(("reply_in", "callback_due")))
        if actor.has("shift_leader"):
            mine.append(cls.state.in_(("open", "appointment", "reopened", "reply_in")))
        return or_(*mine)

    def case(self) -> str:
        return self.kind

    def concerns(self) -> Person | None:
        return self.taker

    @property
    def live_orders(self) -> list[DispatchOrder]:
        """The dispatch orders that went out and still count."""
        return [order for order in self.orders if order.state not in ("draft", "cancelled", "returned")]

    def prepare(self, session: Session) -> None:
        if self.kind == "report":
            self.seal()
        if self.taken_over:
            return
        own = access.current().own_person_id
        if self.taker is None and own is not None:
            self.taker = session.get(Person, own)

    def seal(self) -> None:
        """Move the caller's identity into the store that only the report officer opens."""
        from models.identities import SealedIdentity  # it refers to tickets

        if self.contact_name or self.phone:
            self.identities.append(SealedIdentity(contact_name=self.contact_name, phone=self.phone))
            self.contact_name = self.phone = None
            self.named = True

    def take_over(self) -> None:
        """A line of an older register: what it lacks is filled in plainly, its moments stand as they are."""
        self.state = self.state or ("closed" if self.closed_at else "open")
        self.channel, self.kind = self.channel or "other", self.kind or "other"
        self.received_at = self.received_at or self.answered_at or self.closed_at  # type: ignore[assignment]
        if not (self.subject or "").strip():
            first = next(iter((self.content or "").strip().splitlines()), "")
            self.subject = first[:200] or str(KINDS[self.kind])

    def check(self) -> Iterator[tuple[str, str]]:
        for name in records.altered(self, "kind", "received_at"):
            yield name, _("The limits hang on this; it is not changed by editing. A kind has its own step.")
        if self.anonymous:
            if self.phone:
                yield "phone", _("An anonymous ticket carries no telephone number.")
            if self.contact_name:
                yield "contact_name", _("An anonymous ticket carries no name.")
            if not self.anonymity_explained:
                yield "anonymity_explained", _("Tell the caller that nothing can be followed up, and tick it.")
        if self.taken_over:
            return
        if not self.anonymous and not (self.phone or self.contact_name or self.named):
            yield "phone", _("Enter a name or a telephone number, or tick “Anonymous”.")
        if self.channel in ("phone", "visit") and not self.read_back:
            yield "read_back", _("Read the record back to the caller and tick it.")
        if self.received_at and self.received_at > now():
            yield "received_at", _("The ticket cannot have been received in the future.")

    def __str__(self) -> str:
        return f"{self.ticket_no} {self.subject}"

    def _answer(self, text: str) -> None:
        self.answer, self.answered_at = text, now()

    @flow.step("open", "appointment", "reopened", to="answered", label=_l("Answer"), tone="primary")
    def give_answer(
        self,
        answer: Annotated[str, Ask(_l("Answer"))],
        citation: Annotated[
            str | None,
            Ask(_l("Answered from"), help=_l("The article quoted, or where the caller was referred to"), kind="line"),
        ] = None,
    ) -> None:
        """The answer the caller was given at the desk, and what it rests on."""
        self._answer(answer)
        self.citation = citation

    @flow.step("open", "appointment", "reopened", "reply_in", to="dispatched", label=_l("Dispatch"), tone="primary")
    def dispatch(
        self,
        department: Annotated[Department, Ask(_l("Unit"))],
        requirement: Annotated[str, Ask(_l("What is to be done"))],
        contact_note: Annotated[bool, Ask(_l("Note 1: contact the caller without delay"))] = False,
        reply_note: Annotated[bool, Ask(_l("Note 2: reply within the limit"))] = False,
        follow_note: Annotated[bool, Ask(_l("Note 3: the head of the unit follows the result"))] = False,
        limit: Annotated[datetime | None, Ask(_l("To be done by"), help=_l("Empty: the limit of the kind"))] = None,
    ) -> None:
        """Send the matter to a unit by a dispatch order, with the notes that belong on it."""
        session = object_session(self)
        order = DispatchOrder(
            ticket=self, department=department, requirement=requirement, contact_note=contact_note,
            reply_note=reply_note, follow_note=follow_note, limit_at=limit, lead=True, state="issued",
        )  # fmt: skip
        order.release()
        records.store(session, order)  # type: ignore[arg-type]
        self.department = department

    @flow.step("open", "appointment", "reopened", to="opinion_forwarded", label=_l("Pass on as an opinion"))
    def forward_opinion(
        self,
        department: Annotated[Department, Ask(_l("Unit informed"))],
        reason: Annotated[str, Ask(_l("Reason"))],
    ) -> None:
        """The caller gives no contact: the unit is told, nobody is answered."""
        if self.phone:
            raise StepRefused(_("The caller left a telephone number and expects an answer."))
        self.department, self.outcome = department, reason

    @flow.step("open", "reopened", to="appointment", label=_l("Promise a reply"))
    def promise(self, at: Annotated[datetime, Ask(_l("Reply promised for"))]) -> None:
        """The caller will be answered at a stated moment; the limit of the whole runs on."""
        if at <= now():
            raise StepRefused(_("The promised moment lies in the past."))
        self.promised_at = at

    @flow.step("open", "dispatched", to="waiting", label=_l("Wait for the caller"))
    def wait(
        self,
        waiting_for: Annotated[str, Ask(_l("Waiting for"), choices=WAITING_FOR)],
        reason: Annotated[str, Ask(_l("Remark"))],
    ) -> None:
        """Nothing can be done before the caller does something; the limits stand still."""

    @flow.step("waiting", to="open", label=_l("Go on"), who=not_sent_out, tone="primary")
    def go_on(self) -> None:
        """The caller has answered; the desk goes on with the time that was left."""
        if self.live_orders:
            raise StepRefused(_("A unit has the matter; it goes on there."))

    @flow.step("waiting", to="dispatched", label=_l("Go on in the unit"), who=sent_out, tone="primary")
    def go_on_in_unit(self) -> None:
        """The caller has answered; the unit goes on with the time that was left."""
        if not self.live_orders:
            raise StepRefused(_("No unit has the matter; it goes on at the desk."))

    @flow.step("dispatched", to="reply_in", label=_l("Reply comes in"), who=never_by_hand)
    def receive_reply(self) -> None:
        """Follows by itself when the replies of all units in charge are accepted."""

    @flow.step("reply_in", to="answered", label=_l("Pass the reply on"), tone="primary")
    def pass_on(self) -> None:
        """Tell the caller what the unit replied, in its words."""
        self._answer("\n\n".join(order.answer for order in self.live_orders if order.lead and order.answer))

    @flow.step("reply_in", to="answered", label=_l("Answer in other words"))
    def reword(self, answer: Annotated[str, Ask(_l("Answer"))], reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The shift leader changes the unit's words; its own stay on the dispatch order."""
        self._answer(answer)

    @flow.step("answered", to="callback_due", label=_l("Ask for a callback"))
    def plan_callback(self) -> None:
        """The caller is to be asked whether the answer helped."""

    @flow.step("answered", "callback_due", to="closed", label=_l("Close"), who=may_close, tone="primary")
    def close(
        self,
        outcome: Annotated[str | None, Ask(_l("Outcome"))] = None,
        grade: Annotated[str | None, Ask(_l("Satisfaction"), choices=GRADES)] = None,
    ) -> None:
        """Answered, and the caller called back where that was due."""
        self.outcome, self.grade = outcome or self.outcome, grade or self.grade

    @flow.step("closed", "answered", "opinion_forwarded", to="reopened", label=_l("Reopen"))
    def reopen(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The caller is back with the same matter: a new round begins, with limits of its own."""

    @flow.step("open", "reopened", to=None, label=_l("Hand over"))
    def hand_over(
        self,
        taker: Annotated[Person, Ask(_l("First responsible from now on"))],
        reason: Annotated[str, Ask(_l("Reason"))],
    ) -> None:
        """Somebody else answers for the ticket from now on; never silently."""
        self.taker = taker

    @flow.step(
        "open", "appointment", "reopened", "dispatched", "waiting", "reply_in", to=None, label=_l("Change the kind")
    )
    def reclassify(
        self, kind: Annotated[str, Ask(_l("Kind"), choices=KINDS)], reason: Annotated[str, Ask(_l("Reason"))]
    ) -> None:
        """The matter is of another kind; its limits count from the first receipt all the same."""
        self.kind = kind
        if kind == "report":
            self.seal()
        clocks.reckon(object_session(self), self)  # type: ignore[arg-type]

    @flow.step(
        "open", "appointment", "reopened", "dispatched", "waiting", "reply_in",
        to="voided", label=_l("Void"), tone="danger",
    )  # fmt: skip
    def void(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Registered by mistake, a test or a nuisance: left out of the figures, the number stays used."""
        session = object_session(self)
        for order in self.orders:
            if order.state not in ("accepted", "cancelled"):
                order.take("cancel", session, reason=reason)
        numbers.void(session, self.kind_name, self.ticket_no, reason)  # type: ignore[arg-type]
