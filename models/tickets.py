"""Service tickets 来电来访来函: what people ask of the house, after H1, P1 and P2.

The steps stand by phase: `answering`, `dispatching` (to a unit), `keeping` (promises, waiting, hand-over, kind) and
`concluding` (close, reopen, void); what is owed by telephone stands in `calls`, doubles go by `merging`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Index, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, changes, fields, rules
from app.engine.access import Actor
from app.engine.codes import new_code
from app.engine.database import index_where
from app.engine.moments import now
from app.engine.record import Numbered
from app.engine.workflow import Clock, Flow, State, Workflow, state_indexes
from models import clearances, settling, unit_choice
from models.article_versions import ArticleVersion
from models.calling import CAUSES, GRADES
from models.calls import CallOwed, callback_due, open_calls, owe
from models.dispatch import DESK, DispatchOrder
from models.documents import IncomingDocument
from models.people import Department, Person, is_of_staff
from models.referrals import Referral
from models.sealing import Sealable
from models.ticket_words import CASES, CHANNELS, CODES, FEEDBACK, KINDS, SCHEMES, WAITING_FOR

if TYPE_CHECKING:
    from models.identities import SealedIdentity
    from models.orders import Order


#: States in which the desk has the matter.
AT_DESK = ("open", "appointment", "reopened")
#: States in which the caller has the answer of the present round.
TOLD = ("answered", "callback_due", "closed")
#: Where the desk or a unit is at work on a ticket.
AT_WORK = (*AT_DESK, "dispatched", "waiting", "reply_in")
#: Kinds whose limit depends on how pressing the matter is.
BY_PRIORITY = ("repair", "paid_service")
#: Channels on which somebody of the desk speaks with the caller.
SPOKEN = ("phone", "visit")
#: What the ledger of a day says of a ticket in the desk's own words.
WORDS = ("channel", "contact_name", "subject", "content")
#: Channels on which nobody answers at once: the caller is told that the matter has come in.
IN_WRITING = ("letter", "web", "email")


def awaits_answer(ticket: ServiceTicket) -> bool:
    """Praise asks for nothing; everything else is answered within a limit."""
    return (ticket.kind, ticket.sub_kind) != ("feedback", "praise")


def awaits_acknowledgement(ticket: ServiceTicket) -> bool:
    """Whether a caller who wrote has to be told yet that the matter has come in; an answer tells it, too."""
    known = not (ticket.anonymous or ticket.taken_over)
    told = ticket.acknowledged_at is not None or ticket.answered_at is not None
    return known and ticket.channel in IN_WRITING and not told


REOPEN_SHARE = rules.setting("reopen_share", _l("Share of the unit's limit in a reopened round"), "number", "0.5")


class ServiceTicket(Sealable, Workflow, Model):
    """A call, visit or letter, from the first word to the answer and the callback."""

    __tablename__ = "service_ticket"
    __table_args__: Any = (
        *state_indexes("service_ticket", large=True),
        Index("ix_service_ticket_taker_state", "taker_id", "state"),  # what waits for somebody
        index_where("ix_service_ticket_offered", "offered_to_id", where="offered_to_id IS NOT NULL"),
        {},
    )
    kind_name = "service_tickets"
    large = True
    label, label_plural = _l("Service ticket"), _l("Service tickets")
    natural_key = "ticket_no"
    content_files = False  # what callers send in is worked on by the desk
    numbered = Numbered("ticket_no", "GD{year}-{serial}")
    paused_for = "waiting_for"

    flow = Flow(
        State("open", _l("Registered"), "waiting", clocks=("parent", "front_desk", "acknowledgement")),
        State(
            "appointment",
            _l("Reply promised"),
            "waiting",
            clocks=("parent", "front_desk", "promise", "acknowledgement"),
        ),
        State("dispatched", _l("With a unit"), "active", clocks=("parent", "unit", "reply", "acknowledgement")),
        State(
            "reply_in", _l("Reply has come in"), "waiting", clocks=("parent", "reply", "hotline", "acknowledgement")
        ),
        State(
            "waiting",
            _l("Waiting for the caller"),
            "waiting",
            pauses=("parent", "unit", "reply"),
            keeps=("front_desk", "promise", "acknowledgement"),
        ),
        State("answered", _l("Answered"), "active", settled=True),
        State("callback_due", _l("To be called back"), "waiting"),
        State("reopened", _l("Reopened"), "waiting", clocks=("parent", "front_desk", "acknowledgement")),
        State("closed", _l("Closed"), "good", final=True),
        State(
            "opinion_forwarded",
            _l("Passed on as an opinion"),
            "good",
            final=True,
            lets_go=("parent", "front_desk", "promise", "acknowledgement"),  # nobody is answered
        ),
        State("merged", _l("Merged into another"), "neutral", final=True, uncounted=True),
        State("voided", _l("Void"), "bad", final=True, uncounted=True),
        clocks=(
            Clock("parent", _l("Answer to the caller"), since="received_at", applies=awaits_answer),
            Clock("front_desk", _l("Front desk"), since="received_at", within="parent", applies=awaits_answer),
            Clock("promise", _l("Promised reply"), limit="promised_at"),
            Clock("unit", _l("Reply of the unit"), within="parent"),
            Clock("reply", _l("Answer after dispatch"), within="parent"),
            Clock("hotline", _l("Passing the reply on"), within="parent"),
            Clock(
                "acknowledgement", _l("Acknowledgement of what came in writing"), since="received_at", once=True,
                applies=awaits_acknowledgement,
            ),
        ),
    )  # fmt: skip

    ticket_no: Mapped[str] = fields.number(_l("Ticket number"), 100, unique=True, search=True, derived=True)
    scheme: Mapped[str] = fields.choice(
        _l("Desk"), SCHEMES, "scheme_known", required=True, default="hotline", index=True
    )
    channel: Mapped[str] = fields.choice(
        _l("Channel"), CHANNELS, "channel_known", required=True, default="phone", index=True
    )
    kind: Mapped[str] = fields.choice(_l("Kind"), KINDS, "kind_known", required=True, default="consult", index=True)
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
    phone: Mapped[str | None] = fields.phone(_l("Telephone"))
    email: Mapped[str | None] = fields.line(_l("E-mail"), 254, masked=True)
    anonymous: Mapped[bool] = fields.flag(_l("Anonymous"))
    anonymity_explained: Mapped[bool] = fields.flag(
        _l("Explained"), help=_l("The caller was told that nothing can be followed up without a contact.")
    )
    confidential: Mapped[bool] = fields.flag(
        _l("Not to be named"), help=_l("The caller wishes it so: name and number go under seal.")
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
    acknowledged_at: Mapped[datetime | None] = fields.moment(_l("Acknowledged at"), derived=True)
    letter_id: Mapped[int | None] = fields.reference(
        _l("Letter"), "incoming_document.id", help=_l("The letter in the register of incoming documents")
    )
    taker_id: Mapped[int | None] = fields.reference(_l("First responsible"), "person.id")
    service_ordered_at: Mapped[datetime | None] = fields.moment(_l("Paid service ordered at"), derived=True)
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
    cause: Mapped[str | None] = fields.choice(_l("Cause of dissatisfaction"), CAUSES, "cause_known", derived=True)
    close_code: Mapped[str | None] = fields.choice(_l("How it ended"), CODES, "close_code_known", derived=True)
    alternative: Mapped[str | None] = fields.prose(_l("Offered instead"), derived=True)
    nonconforming: Mapped[bool] = fields.flag(_l("Nonconforming"), derived=True)
    staff_own: Mapped[bool] = fields.flag(
        _l("Caller is one of our staff"), help=_l("Its rating is counted apart from those of callers.")
    )
    episode: Mapped[int] = fields.integer(
        _l("Round"), derived=True, default=1, help=_l("1, and one more for each time it was reopened")
    )
    waits: Mapped[int] = fields.integer(_l("Times waited in this round"), derived=True, default=0)
    waiting_for: Mapped[str | None] = fields.word(_l("Waiting for"), WAITING_FOR, derived=True)
    wake_at: Mapped[datetime | None] = fields.moment(_l("Waits until"), derived=True)
    waited_in: Mapped[str | None] = fields.choice(
        _l("State before the wait"), flow.state_labels, "waited_in_known", derived=True
    )
    progress_code: Mapped[str | None] = fields.number(
        _l("Progress code"),
        10,
        derived=True,
        default=new_code,
        help=_l("Tell the caller: number and code open /progress."),
    )
    reopens_id: Mapped[int | None] = fields.reference(_l("Goes back to"), "service_ticket.id", derived=True)
    merged_into_id: Mapped[int | None] = fields.reference(_l("Merged into"), "service_ticket.id", derived=True)
    offered_to_id: Mapped[int | None] = fields.reference(_l("Offered to"), "person.id", derived=True)

    reopens: Mapped[ServiceTicket | None] = relationship(remote_side="ServiceTicket.id", foreign_keys=reopens_id)
    merged_into: Mapped[ServiceTicket | None] = relationship(
        remote_side="ServiceTicket.id", foreign_keys=merged_into_id
    )
    offered_to: Mapped[Person | None] = relationship(foreign_keys=offered_to_id)
    calls: Mapped[list[CallOwed]] = relationship(back_populates="ticket", order_by="CallOwed.id", passive_deletes="all")

    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    subject_unit: Mapped[Department | None] = relationship(foreign_keys=subject_unit_id)
    letter: Mapped[IncomingDocument | None] = relationship(foreign_keys=letter_id)
    taker: Mapped[Person | None] = relationship(foreign_keys=taker_id)
    orders: Mapped[list[DispatchOrder]] = relationship(
        back_populates="ticket", order_by="DispatchOrder.id", passive_deletes="all"
    )
    identities: Mapped[list[SealedIdentity]] = relationship(back_populates="ticket", passive_deletes="all")
    service_orders: Mapped[list[Order]] = relationship(
        back_populates="ticket", order_by="Order.id", passive_deletes="all"
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.has(*DESK):
            return true()
        if actor.has("report_officer"):
            return ~cls.unsealed()
        if not actor.department_ids:
            return false()
        order = DispatchOrder.__table__
        sent = select(order.c.ticket_id).where(
            order.c.department_id.in_(actor.department_ids), order.c.state.not_in(("draft", "cancelled", "returned"))
        )
        # What is under seal stays with the desk; the unit sees its dispatch order alone.
        return and_(cls.unsealed(), or_(cls.department_id.in_(actor.department_ids), access.among(cls.id, sent)))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = [
            and_(cls.state.in_(AT_DESK), cls.taker_id.in_(actor.person_ids)),
            and_(cls.state.in_(AT_WORK), cls.offered_to_id.in_(actor.person_ids)),
        ]
        if actor.has("call_taker"):
            mine.append(cls.state == "reply_in")
        if actor.has("shift_leader"):
            mine.append(cls.state.in_((*AT_DESK, "reply_in")))
        return or_(*mine)

    cases = CASES

    def case(self) -> str:
        return f"{self.kind}_pressing" if self.pressing and self.kind in BY_PRIORITY else self.kind

    def profile(self) -> str:
        return self.scheme

    def concerns(self) -> Person | None:
        return self.taker

    def limit_share(self, stage: str) -> Decimal:
        session = object_session(self)
        if stage != "unit" or session is None or self.episode < 2:
            return Decimal(1)
        return rules.number(session, REOPEN_SHARE, self.profile())

    def enter(self, session: Session, name: str) -> None:
        """An answer keeps what was promised, and for some kinds a callback follows it; an open offer ends with work."""
        if name == "closed":
            settling.refuse_unsettled(session, self)
        if name not in AT_WORK and self.offered_to_id is not None:
            self.offered_to = None
        before = self.state
        if name == "answered" and callback_due(session, self):
            name = "callback_due"
        super().enter(session, name)
        if name in ("answered", "callback_due") and before not in ("answered", "callback_due"):
            session.flush()  # what follows is entered in the history of its own record
            for call in open_calls(session, self, "promise"):
                call.take("settle", session)
        if name == "callback_due":
            session.flush()
            owe(session, self, "callback")

    def marks(self) -> list[str]:
        from models.merging import doubtful  # merging tickets is a step of theirs

        return doubtful(self)

    @property
    def live_orders(self) -> list[DispatchOrder]:
        """The dispatch orders that went out and still count; while a later round is worked on, those of this round."""
        gone = ("draft", "cancelled", "returned", "superseded")
        told = self.answered_at if self.episode > 1 and self.state not in TOLD else None
        return [
            order
            for order in self.orders
            if order.state not in gone
            # What was accepted before the answer of an earlier round went into that answer.
            and not (told and order.state == "accepted" and order.closed_at and order.closed_at <= told)
        ]

    def followed(self, stage: str) -> bool:
        """The limit of the unit is told of on its dispatch order."""
        return stage != "unit"

    def dependants(self) -> list[DispatchOrder]:
        """The dispatch orders that are out: they stand still with the ticket, and their limits go by its kind."""
        return [order for order in self.orders if order.state != "draft" and not order.flow.states[order.state].final]

    def bring_along(self, session: Session) -> None:
        if self.sealed():
            self.seal()

    def prepare(self, session: Session) -> None:
        if self.phone and not self.taken_over:
            self.staff_own = self.staff_own or is_of_staff(session, self.phone)
        if self.sealed():
            self.seal()
        if self.taken_over:
            return
        if self.channel == "phone" and self.picked_up_at and not self.ended_at:
            self.ended_at = max(now(), self.picked_up_at)  # written down while the caller is on the line
        own = access.current().own_person_id
        if self.taker is None and own is not None:
            self.taker = session.get(Person, own)

    def take_over(self) -> None:
        """A line of an older register: what it lacks is filled in plainly, its moments stand as they are."""
        self.state = self.state or ("closed" if self.closed_at else "open")
        self.channel, self.kind = self.channel or "other", self.kind or "other"
        self.received_at = self.received_at or self.answered_at or self.closed_at  # type: ignore[assignment]
        if not (self.subject or "").strip():
            first = next(iter((self.content or "").strip().splitlines()), "")
            self.subject = first[:200] or str(KINDS[self.kind])

    def check(self) -> Iterator[tuple[str, str]]:
        for name in changes.altered(self, "kind", "received_at"):
            yield name, _("The limits hang on this; it is not changed by editing. A kind has its own step.")
        if self.id is not None and changes.altered(self, "taker"):
            yield "taker", _("Who is first responsible changes by handing over alone.")
        if changes.altered(self, "subject_unit") and any(order.barred_unit() for order in self.live_orders):
            yield "subject_unit", _("This unit has the matter now; cancel its dispatch order first.")
        elif not self.taken_over:
            yield from self._barred_department()
        if self.anonymous:
            if self.phone:
                yield "phone", _("An anonymous ticket carries no telephone number.")
            if self.email:
                yield "email", _("An anonymous ticket carries no e-mail address.")
            if self.contact_name:
                yield "contact_name", _("An anonymous ticket carries no name.")
            if not self.anonymity_explained:
                yield "anonymity_explained", _("Tell the caller that nothing can be followed up, and tick it.")
        yield from clearances.objections(self)
        for name in changes.altered(self, "scheme"):
            yield name, _("A ticket stays with the desk whose ledger and limits it has.")
        if self.taken_over:
            return
        if not self.anonymous and not (self.phone or self.contact_name or self.email or self.named):
            yield "phone", _("Enter a name, a number or an address, or tick “Anonymous”.")
        if self.channel in SPOKEN and not self.read_back:
            yield "read_back", _("Read the record back to the caller and tick it.")
        yield from self._kept_words()
        if self.sub_kind and self.kind != "feedback":
            yield "sub_kind", _("Only feedback is an opinion, a suggestion or praise.")
        if self.picked_up_at and self.ended_at and self.ended_at < self.picked_up_at:
            yield "ended_at", _("The call cannot have ended before it was picked up.")
        if self.received_at and self.received_at > now():
            yield "received_at", _("The ticket cannot have been received in the future.")

    def _kept_words(self) -> Iterator[tuple[str, str]]:
        """The sentence about words somebody has answered for: the ticket is closed, or its day's ledger is signed."""
        # A name may go under seal at any time.
        words = changes.altered(self, *(name for name in WORDS if not (self.sealed() and name == "contact_name")))
        session = object_session(self)
        if not words or session is None:
            return
        if self.flow.states[self.state].final:
            said = _("The ticket is closed in these words; what is new is said when it is reopened.")
        elif _stands_signed(session, self):
            said = _("The ledger of its day is signed in these words; say what is new in a further step of the ticket.")
        else:
            return
        for name in words:
            yield name, said

    def _barred_department(self) -> Iterator[tuple[str, str]]:
        """The sentence about a department that must not have this matter, when it or the unit complained of is set."""
        unit, fresh = self.department, self.id is None or changes.altered(self, "department", "subject_unit")
        session = object_session(unit) if unit is not None and fresh else None
        if unit is not None and session is not None and unit.id in unit_choice.barred(session, self):
            yield "department", unit_choice.sentence(unit)

    def __str__(self) -> str:
        return str(self.ticket_no) if self.sealed() else f"{self.ticket_no} {self.subject}"

    def answer_with(self, text: str) -> None:
        """The caller has been told this, now."""
        self.answer, self.answered_at = text, now()


def _stands_signed(session: Session, ticket: ServiceTicket) -> bool:
    """Whether the manager has signed the sheet a ticket stands on."""
    from models.daily_reviews import DailyReview, ReviewLine  # they list tickets

    query = select(ReviewLine.id).join(ReviewLine.review).where(ReviewLine.ticket_id == ticket.id)
    with access.system(), session.no_autoflush:
        return session.scalars(query.where(DailyReview.state == "signed").limit(1)).first() is not None
