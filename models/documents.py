"""Incoming documents 收文: the register line, its states and clocks, and who sees how much of it.

The steps stand by phase: `deciding` (review, proposal, instruction), `handling` and `closing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Index, Select, and_, null, or_, select
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import changes, fields, rules
from app.engine.access import Actor, among
from app.engine.moments import now
from app.engine.record import Numbered
from app.engine.workflow import Clock, Flow, State, Workflow, state_indexes
from models import procedure, registers, secrecy
from models.assignments import OPEN, Assignment, as_handed_out, lead_of
from models.circulation import Circulation, CirculationEntry
from models.circulation_rules import IMPORTANCE
from models.copies import PaperCopy
from models.correspondents import Correspondent
from models.entries import OUT_OF_SCOPE
from models.extensions import CAUSES, ExtensionRequest
from models.instructions import LeaderInstruction
from models.numbers_of_papers import tidied
from models.paper_orders import PaperOrder
from models.paper_types import INCOMING
from models.past_handlers import PastHandler, remember_handlers
from models.people import Department, Person
from models.registers import Register, first_book
from models.registration import Registration
from models.secrecy import DUTY, ORDINARY, SECRECY, GradedPaper
from models.secrecy import REGISTRY as REGISTRY  # asked for beside the papers it keeps

if TYPE_CHECKING:
    from models.outgoing import OutgoingDocument

URGENCY = {"none": _l("Ordinary"), "urgent": _l("Urgent"), "extra_urgent": _l("Extra urgent")}

MEDIA = {"paper": _l("Paper"), "electronic": _l("Electronic")}
#: States of a paper on its way.
UNFINISHED = ("registered", "screened", "instructing", "in_handling", "in_circulation", "suspended", "result_in")

#: What the office may choose for a finished paper; a hold, a recall or a destruction list goes before it.
FATES = {
    "closed": _l("Not decided yet"),
    "to_file": _l("To be filed"),
    "to_return": _l("To be returned"),
    "to_destroy": _l("To be destroyed"),
}
#: States of a paper that is closed and in the house.
FINISHED = (*FATES, "held")
#: What a proposal may ask a leader to order (收文处理程序 六), and how the sender's notice came.
PROPOSED = {"handle": _l("Handle"), "read": _l("Read for information"), "relay": _l("Relay"), "copy": _l("Copy")}
NOTICES = {"document": _l("By a document"), "call": _l("By telephone, noted down")}


class IncomingDocument(Registration, GradedPaper, Workflow, Model):
    """A paper that came in, on its way through the house."""

    __tablename__ = "incoming_document"
    __table_args__: Any = (
        *state_indexes("incoming_document", large=True),
        Index("ix_incoming_document_handler_state", "handler_id", "state"),  # what waits for somebody
        {},
    )
    kind_name = "incoming_documents"
    large = True
    label, label_plural = _l("Incoming document"), _l("Incoming documents")
    natural_key = "receipt_no"
    content_fields = (
        "title", "enclosures", "summary", "digest", "note", "proposal", "alternatives", "instruction", "result",
        "sender_answer", "ended_words",
    )  # fmt: skip
    line_fields = ("title",)
    leaving_fields = ("receipt_no", "secrecy")
    numbered = Numbered("receipt_no", registers.FIRST_TEMPLATE, by=("register",))
    paused_for = "suspended_for"

    flow = Flow(
        State("registered", _l("Registered"), "waiting", clocks=("proposal",)),
        State("screened", _l("Reviewed, to be proposed"), "waiting", clocks=("proposal",)),
        State("instructing", _l("With the leader"), "waiting", clocks=("instruction",)),
        State("in_handling", _l("In handling"), "active", clocks=("handling",)),
        State("in_circulation", _l("In circulation"), "active"),
        State("suspended", _l("Suspended"), "waiting", pauses=("handling",)),
        State("result_in", _l("Handled, to be checked"), "waiting"),
        State("closed", _l("Closed"), "good", final=True),
        State("to_file", _l("To be filed"), "good", final=True),
        State("to_return", _l("To be returned"), "good", final=True),
        State("held", _l("Held for the time being"), "neutral", final=True),
        State("to_destroy", _l("To be destroyed"), "neutral", final=True),
        State("destroyed", _l("Destroyed"), "neutral", final=True),
        State("returned_to_sender", _l("Returned to the sender"), "neutral", final=True, uncounted=True),
        State("terminated_by_sender", _l("Ended by the sender"), "neutral", final=True, uncounted=True),
        State("passed_on", _l("Passed on to another registry"), "neutral", final=True, uncounted=True),
        State("voided", _l("Void"), "bad", final=True, uncounted=True),
        clocks=(
            Clock("proposal", _l("Proposal"), since="received_at", duty=("registry_clerk",)),
            Clock("instruction", _l("Instruction"), duty=("leader",)),
            Clock("handling", _l("Handling"), limit="limit_at", turn=("handler", "department")),
        ),
    )

    receipt_no: Mapped[str] = fields.number(_l("Receipt number"), 100, unique=True, search=True, derived=True)
    register_id: Mapped[int | None] = fields.reference(_l("Register book"), "register.id")
    sender_id: Mapped[int] = fields.reference(_l("Sender"), "correspondent.id", required=True)
    sender_no: Mapped[str | None] = fields.number(_l("Sender's number"), 100, search=True, index=True, tidy=tidied)
    title: Mapped[str] = fields.line(_l("Title"), 500, required=True, search=True)
    secrecy: Mapped[str] = fields.choice(
        _l("Secrecy"), SECRECY, "secrecy_known", required=True, default="internal", index=True
    )
    urgency: Mapped[str] = fields.choice(
        _l("Urgency"), URGENCY, "urgency_known", required=True, default="none", index=True
    )
    importance: Mapped[str] = fields.choice(
        _l("Importance"), IMPORTANCE, "importance_known", required=True, default="ordinary", index=True
    )
    copies: Mapped[int] = fields.integer(_l("Copies"), required=True, default=1, least=1)
    medium: Mapped[str] = fields.choice(_l("Medium"), MEDIA, "medium_known", required=True, default="electronic")
    paper_type: Mapped[str | None] = fields.choice(_l("Type of paper"), INCOMING, "paper_type_known")
    written_on: Mapped[date | None] = fields.day(_l("Date of the paper"))
    pages: Mapped[int | None] = fields.integer(_l("Number of pages"), least=1)
    enclosures: Mapped[str | None] = fields.line(_l("Enclosures"), 300)
    answer_due: Mapped[bool] = fields.flag(_l("Answer due"), help=_l("The sender asks for an answer."))
    received_at: Mapped[datetime] = fields.moment(_l("Received"), required=True, index=True)
    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id")
    handler_id: Mapped[int | None] = fields.reference(_l("Handler"), "person.id")
    summary: Mapped[str | None] = fields.prose(_l("Summary"), search=True)
    digest: Mapped[str | None] = fields.prose(_l("Abstract"), help=_l("Main points, figures, related material"))
    note: Mapped[str | None] = fields.line(
        _l("Note"), 300, help=_l("As it stands in the last column of a register book")
    )
    proposal: Mapped[str | None] = fields.prose(_l("Proposal"), derived=True)
    alternatives: Mapped[str | None] = fields.prose(_l("Other options"), derived=True)
    proposed_at: Mapped[datetime | None] = fields.moment(_l("Proposed"), derived=True)
    proposer_id: Mapped[int | None] = fields.reference(_l("Proposed by"), "person.id", derived=True)
    proposed: Mapped[str | None] = fields.choice(_l("Instruction proposed"), PROPOSED, "proposed_known", derived=True)
    proposed_unit_id: Mapped[int | None] = fields.reference(
        _l("Direct transfer proposed to"), "department.id", derived=True
    )
    instruction: Mapped[str | None] = fields.prose(_l("Instruction"), derived=True)
    limit_at: Mapped[datetime | None] = fields.moment(_l("Stated limit"), derived=True)
    suspended_for: Mapped[str | None] = fields.word(_l("Suspended because"), CAUSES, derived=True)
    wake_on: Mapped[date | None] = fields.day(_l("Suspended until"), derived=True)
    result: Mapped[str | None] = fields.prose(_l("Result"), derived=True)
    leader_told_at: Mapped[datetime | None] = fields.moment(_l("Leader told"), derived=True)
    answered_sender_at: Mapped[datetime | None] = fields.moment(_l("Sender answered"), derived=True)
    sender_answer: Mapped[str | None] = fields.prose(_l("Answer to the sender"), derived=True)
    ended_by: Mapped[str | None] = fields.choice(
        _l("Notice of the sender came"), NOTICES, "ended_by_known", derived=True
    )
    ended_words: Mapped[str | None] = fields.prose(_l("Notice of the sender"), derived=True)
    ended_on: Mapped[date | None] = fields.day(_l("Date of the notice"), derived=True)
    ended_told: Mapped[str | None] = fields.prose(_l("Informed of the end"), derived=True)
    fate: Mapped[str | None] = fields.choice(_l("Disposal decided"), FATES, "fate_known", derived=True)
    review_on: Mapped[date | None] = fields.day(_l("To be looked at again"), derived=True)

    register: Mapped[Register | None] = relationship(foreign_keys=register_id)
    sender: Mapped[Correspondent] = relationship(foreign_keys=sender_id)
    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    handler: Mapped[Person | None] = relationship(foreign_keys=handler_id)
    proposer: Mapped[Person | None] = relationship(foreign_keys=proposer_id)
    proposed_unit: Mapped[Department | None] = relationship(foreign_keys=proposed_unit_id)
    instructions: Mapped[list[LeaderInstruction]] = relationship(
        back_populates="document", order_by=LeaderInstruction.position, passive_deletes="all"
    )
    assignments: Mapped[list[Assignment]] = relationship(
        back_populates="document", order_by=Assignment.id, passive_deletes="all"
    )
    extensions: Mapped[list[ExtensionRequest]] = relationship(
        back_populates="document", order_by=ExtensionRequest.id, passive_deletes="all"
    )
    orders: Mapped[list[PaperOrder]] = relationship(
        back_populates="document", order_by=PaperOrder.id, passive_deletes="all"
    )
    circulation: Mapped[list[CirculationEntry]] = relationship(
        back_populates="document", order_by=CirculationEntry.id, passive_deletes="all"
    )
    circulations: Mapped[list[Circulation]] = relationship(
        back_populates="document", order_by=Circulation.id, passive_deletes="all"
    )
    paper_copies: Mapped[list[PaperCopy]] = relationship(
        back_populates="document", order_by=PaperCopy.id, passive_deletes="all"
    )
    replies: Mapped[list[OutgoingDocument]] = relationship(
        "OutgoingDocument",
        foreign_keys="OutgoingDocument.reply_to_id",
        viewonly=True,
        order_by="OutgoingDocument.id",
    )

    @classmethod
    def _involved(cls, actor: Actor) -> ColumnElement[bool]:
        """Named now or once on the paper's way: such people keep its register line."""
        return cls._ever_on_route(actor)

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Who has left the paper's way keeps its register line alone, unless the profile lets them keep the content."""
        if actor.has(*REGISTRY):
            named = or_(cls._at_work(actor), cls._on_route(actor))
            return secrecy.content_rule(cls, actor, named, actor.has(*DUTY))
        line = secrecy.entry_rule(cls, actor, cls._ever_on_route(actor), cls._public())
        return and_(line, or_(cls.secrecy == "open", cls._at_work(actor), cls._on_route(actor), cls._route_keeps()))

    @classmethod
    def _at_work(cls, actor: Actor) -> ColumnElement[bool]:
        """The handler and the head of the unit in charge, as long as the paper was not taken out of their hands."""
        desk = Assignment.__table__.c
        ended = select(desk.document_id).where(desk.state == "called_off", desk.lead)
        mine = or_(cls.handler_id.in_(actor.person_ids), cls.department_id.in_(actor.acts_for))
        return and_(mine, ~among(cls.id, ended))

    @classmethod
    def _on_route(cls, actor: Actor) -> ColumnElement[bool]:
        """A reader in scope, a leader it lies or lay before, the handler or head of a unit that has or had it."""
        entry, line, desk = CirculationEntry.__table__.c, LeaderInstruction.__table__.c, Assignment.__table__.c
        read = select(entry.document_id).where(entry.reader_id.in_(actor.person_ids), entry.state.not_in(OUT_OF_SCOPE))
        asked = select(line.document_id).where(line.leader_id.in_(actor.person_ids), line.standing != "passed_over")
        hands = or_(desk.handler_id.in_(actor.person_ids), desk.department_id.in_(actor.acts_for))
        handed = select(desk.document_id).where(hands, desk.state != "called_off")
        return or_(*(among(cls.id, way) for way in (read, asked, handed)))

    @classmethod
    def _ever_on_route(cls, actor: Actor) -> ColumnElement[bool]:
        """Named now or once as handler, leader or reader, or head of a unit it was given to."""
        entry, line, desk = CirculationEntry.__table__.c, LeaderInstruction.__table__.c, Assignment.__table__.c
        past = PastHandler.__table__.c
        people, units = actor.person_ids, actor.acts_for
        ways = (
            select(entry.document_id).where(entry.reader_id.in_(people)),
            select(line.document_id).where(line.leader_id.in_(people)),
            select(desk.document_id).where(or_(desk.handler_id.in_(people), desk.department_id.in_(units))),
            select(past.document_id).where(past.person_id.in_(people)),
        )
        return or_(cls.handler_id.in_(people), *(among(cls.id, way) for way in ways))

    @classmethod
    def _route_keeps(cls) -> ColumnElement[bool]:
        """Papers in books of a profile that lets people once on the route keep the content."""
        book = Register.__table__.c
        books = select(book.id).where(rules.holds(procedure.ROUTE_KEEPS_CONTENT, book.profile))
        bare = and_(cls.register_id.is_(None), rules.holds(procedure.ROUTE_KEEPS_CONTENT, null()))
        return or_(cls.register_id.in_(books), bare)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        units = actor.acts_for if actor.has("department_head") else actor.headless_ids
        mine = [and_(cls.state == "in_handling", cls.handler_id.in_(actor.person_ids))]
        if units:
            mine.append(and_(cls.state == "in_handling", cls.department_id.in_(units)))
        if actor.has("registry_clerk", "office_manager"):
            mine.append(cls.state.in_(("registered", "screened", "result_in")))
        if actor.has("leader"):
            line = LeaderInstruction.__table__
            waiting = select(line.c.document_id).where(line.c.standing == "waiting")
            me = waiting.where(line.c.leader_id.in_(actor.person_ids))
            mine.append(and_(cls.state == "instructing", or_(cls.id.in_(me), cls.id.not_in(waiting))))
        return or_(*mine)

    def handled_by(self, actor: Actor) -> bool:
        """Whether somebody is the person named as handler, or heads the unit in charge."""
        unit = self.department
        return self.handler_id in actor.person_ids or (unit is not None and unit.headed_by(actor))

    def not_kept(self) -> str | None:
        if self.state == "destroyed":
            return _("The paper is destroyed; nothing more is put down about it.")
        return super().not_kept()

    def indexed(self) -> bool:
        return super().indexed() and self.state != "destroyed"

    def pressing(self) -> bool:
        """Whether it is urgent or important: somebody named follows it up (公文处理办法 一（六）)."""
        return self.urgency != "none" or self.importance == "important"

    def chosen(self) -> str:
        """The fate the office chose for a finished paper."""
        return self.fate or (self.state if self.state in FATES else "closed")

    def review_day(self, session: Session) -> date | None:
        """When the paper is looked at again: the first review of those who keep it for now."""
        from models.fates import first_review  # holds refer to their papers

        return first_review(session, self.id)

    def enter(self, session: Session, name: str) -> None:
        """A finished paper is in the state its holds, recalls and destruction lists ask for, else in its chosen one."""
        from models.disposal import claimed  # they refer to their papers

        if name in FATES:
            self.fate = name
        if name in FINISHED:
            name = claimed(session, self) or self.chosen()
            self.review_on = self.review_day(session)
        elif name in UNFINISHED:
            self.fate = self.review_on = None
        super().enter(session, name)

    cases = URGENCY

    def case(self) -> str:
        return self.urgency

    def profile(self) -> str | None:
        return self.register.profile if self.register else None

    def series(self) -> tuple[str, str]:
        return self.series_of(self.register)

    @classmethod
    def series_of(cls, book: Register | None) -> tuple[str, str]:
        """Each book counts its own papers; the first book, and papers in none, go on with the office's numbers."""
        return (registers.FIRST, registers.FIRST_TEMPLATE) if book is None else (registers.key(book), book.template)

    def prepare(self, session: Session) -> None:
        signed_for = self.envelope.received_at if self.envelope is not None else None
        self.received_at = self.received_at or signed_for or now()
        if self.register is None:
            self.register = first_book(session)

    def bring_along(self, session: Session) -> None:
        """Somebody else of the unit handles the paper: the unit's desk says so, too."""
        super().bring_along(session)
        desk = lead_of(self) if changes.altered(self, "handler") else None
        if desk is not None and desk.state in OPEN:
            desk.handler = self.handler

    def take_over(self) -> None:
        """What an older ledger's line leaves open: a paper with a closing date is closed."""
        self.state = self.state or ("closed" if self.closed_at else "registered")

    def check(self) -> Iterator[tuple[str, str]]:
        yield from self.graded()
        if self.received_at and self.received_at > now() and not self.taken_over:
            yield "received_at", _("The paper cannot have been received in the future.")
        yield from as_handed_out(self)
        yield from self._urgent_without_limit()

    def _urgent_without_limit(self) -> Iterator[tuple[str, str]]:
        """The sentence about a paper that becomes urgent in handling, as one that is handed out urgent has it."""
        session, handled = object_session(self), self.state in ("in_handling", "suspended")
        if session is None or not handled or self.urgency == "none" or self.limit_at is not None:
            return
        for name in changes.altered(self, "urgency"):
            if rules.flag(session, procedure.URGENT_LIMIT, self.profile()):
                yield name, _("An urgent paper needs a limit; a leader states it first by “State another limit”.")

    def __str__(self) -> str:
        return f"{self.receipt_no} {self.title}" if self.secrecy in ORDINARY else str(self.receipt_no)


remember_handlers(IncomingDocument, "id")
remember_handlers(Assignment, "document_id")


def cleared_papers(actor: Actor) -> Select[Any]:
    """The keys of the papers an actor is cleared for; what hangs on any other does not exist for that actor."""
    columns = IncomingDocument.__table__.c
    return select(columns.id).where(columns.secrecy.in_(actor.cleared))
