"""Service tickets 来电来访来函: what people ask of the house, after H1, P1 and P2.

The steps stand by phase: `answering`, `dispatching` (to a unit), `keeping` (promises, waiting, hand-over, kind) and
`concluding` (callback, close, reopen, void).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, fields
from app.engine import record as records
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.record import Numbered
from app.engine.workflow import Clock, Flow, State, Workflow
from models.article_versions import ArticleVersion
from models.dispatch import DESK, DispatchOrder
from models.documents import IncomingDocument
from models.people import Department, Person
from models.referrals import Referral

if TYPE_CHECKING:
    from models.identities import SealedIdentity

#: By whose rules a desk works: those of H1, or those of P1 and P2. Limits and settings are rows per profile.
SCHEMES = {"hotline": _l("Hotline"), "property_desk": _l("Property desk")}

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
#: What an opinion, suggestion or word of praise is (H1; the form 客户投诉/建议/意见处理表).
FEEDBACK = {"opinion": _l("Opinion"), "suggestion": _l("Suggestion"), "praise": _l("Praise")}
#: Kinds whose limit depends on how pressing the matter is.
BY_PRIORITY = ("repair", "paid_service")


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
    scheme: Mapped[str] = fields.choice(_l("Desk"), SCHEMES, "scheme_known", required=True, default="hotline")
    channel: Mapped[str] = fields.choice(_l("Channel"), CHANNELS, "channel_known", required=True, default="phone")
    kind: Mapped[str] = fields.choice(_l("Kind"), KINDS, "kind_known", required=True, default="consult")
    sub_kind: Mapped[str | None] = fields.choice(_l("Kind of feedback"), FEEDBACK, "sub_kind_known")
    pressing: Mapped[bool] = fields.flag(
        _l("Pressing"), help=_l("Repairs and paid services have a shorter limit then.")
    )
    received_at: Mapped[datetime] = fields.moment(_l("Received"), required=True, index=True)
    picked_up_at: Mapped[datetime | None] = fields.moment(_l("Picked up"))
    ended_at: Mapped[datetime | None] = fields.moment(_l("Call ended"))
    rings: Mapped[int | None] = fields.integer(_l("Rings"), least=0)
    answered_at: Mapped[datetime | None] = fields.moment(_l("Answered at"), derived=True)
    contact_name: Mapped[str | None] = fields.line(_l("Caller"), 200, search=True)
    phone: Mapped[str | None] = fields.number(_l("Telephone"), 60, masked=True)
    anonymous: Mapped[bool] = fields.flag(_l("Anonymous"))
    anonymity_explained: Mapped[bool] = fields.flag(
        _l("Explained"), help=_l("The caller was told that nothing can be followed up without a contact.")
    )
    confidential: Mapped[bool] = fields.flag(
        _l("Confidential"), help=_l("The caller wishes not to be named: name and number go under seal.")
    )
    named: Mapped[bool] = fields.flag(_l("Identity kept under seal"), derived=True)
    read_back: Mapped[bool] = fields.flag(_l("Read back"), help=_l("The record was read to the caller and confirmed."))
    subject: Mapped[str] = fields.line(_l("Subject"), 500, required=True, search=True)
    content: Mapped[str | None] = fields.prose(_l("Content"), search=True)
    place: Mapped[str | None] = fields.line(_l("Place"), 500, search=True)
    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id")
    subject_unit_id: Mapped[int | None] = fields.reference(
        _l("Unit complained of"), "department.id", help=_l("It does not handle the matter.")
    )
    letter_id: Mapped[int | None] = fields.reference(
        _l("Letter"), "incoming_document.id", help=_l("The letter in the register of incoming documents")
    )
    taker_id: Mapped[int | None] = fields.reference(_l("First responsible"), "person.id")
    promised_at: Mapped[datetime | None] = fields.moment(_l("Promised for"), derived=True)
    answer: Mapped[str | None] = fields.prose(_l("Answer"), search=True, derived=True)
    citation: Mapped[str | None] = fields.line(_l("Answered from"), 500, search=True, derived=True)
    citation_id: Mapped[int | None] = fields.reference(_l("Version quoted"), "article_version.id", derived=True)
    referral_id: Mapped[int | None] = fields.reference(_l("Caller referred to"), "referral.id", derived=True)
    unsupported: Mapped[bool] = fields.flag(
        _l("Answered without an article"), derived=True, help=_l("Neither the library nor a referral stands behind it.")
    )
    cited: Mapped[ArticleVersion | None] = relationship(foreign_keys=citation_id)
    referral: Mapped[Referral | None] = relationship(foreign_keys=referral_id)
    outcome: Mapped[str | None] = fields.prose(_l("Outcome"), derived=True)
    grade: Mapped[str | None] = fields.choice(_l("Satisfaction"), GRADES, "grade_known", derived=True)

    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    subject_unit: Mapped[Department | None] = relationship(foreign_keys=subject_unit_id)
    letter: Mapped[IncomingDocument | None] = relationship(foreign_keys=letter_id)
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
        return f"{self.kind}_pressing" if self.pressing and self.kind in BY_PRIORITY else self.kind

    def profile(self) -> str:
        return self.scheme

    def concerns(self) -> Person | None:
        return self.taker

    @property
    def live_orders(self) -> list[DispatchOrder]:
        """The dispatch orders that went out and still count."""
        return [order for order in self.orders if order.state not in ("draft", "cancelled", "returned")]

    def prepare(self, session: Session) -> None:
        if self.kind == "report" or self.confidential:
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
        if self.sub_kind and self.kind != "feedback":
            yield "sub_kind", _("Only feedback is an opinion, a suggestion or praise.")
        if self.picked_up_at and self.ended_at and self.ended_at < self.picked_up_at:
            yield "ended_at", _("The call cannot have ended before it was picked up.")
        if self.received_at and self.received_at > now():
            yield "received_at", _("The ticket cannot have been received in the future.")

    def __str__(self) -> str:
        return f"{self.ticket_no} {self.subject}"

    def answer_with(self, text: str) -> None:
        """The caller has been told this, now."""
        self.answer, self.answered_at = text, now()


def session_of(ticket: ServiceTicket) -> Session:
    """The session a ticket is being worked on in."""
    session = object_session(ticket)
    assert session is not None
    return session
