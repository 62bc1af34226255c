"""Assignments 承办: a paper handed to one unit, which receives it, works on it and says what came of it.

One unit leads. The others give the lead their opinion; the lead answers for the whole and reports on the paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Index, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import changes, clocks, fields, history
from app.engine import record as records
from app.engine.access import Actor, among
from app.engine.answers import happened
from app.engine.database import session_of
from app.engine.moments import now
from app.engine.record import Record
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow, never_by_hand, state_indexes
from models.people import Department, Person

if TYPE_CHECKING:
    from models.documents import IncomingDocument

#: States in which the unit still owes something.
OPEN = ("sent", "received", "suspended")


def is_unit(assignment: Assignment, actor: Actor) -> bool:
    """The unit's head or the handler named; nobody else may answer in the unit's name."""
    return assignment.handler_id in actor.person_ids or assignment.department.headed_by(actor)


def is_co_unit(assignment: Assignment, actor: Actor) -> bool:
    return not assignment.lead and is_unit(assignment, actor)


def is_lead_unit(assignment: Assignment, actor: Actor) -> bool:
    """The unit that leads on the paper, or the office, may go on without a silent co-handler."""
    if assignment.lead:
        return False
    leads = (one for one in assignment.document.assignments if one.lead and one.state != "called_off")
    return actor.has("office_manager", "leader") or any(is_unit(one, actor) for one in leads)


class Assignment(Workflow, Model):
    """A paper on one unit's desk, with what is asked of the unit and by when."""

    __tablename__ = "assignment"
    __table_args__ = (
        *state_indexes("assignment", large=True),
        Index("ix_assignment_handler_state", "handler_id", "state"),  # what waits for somebody
        {},
    )
    kind_name = "assignments"
    large = True
    label, label_plural = _l("Assignment"), _l("Assignments")
    named_by = ("document", "department")
    judged_with = "document"
    content_fields = ("requirement", "opinion")
    content_with = part_of = "document"

    flow = Flow(
        State("sent", _l("Handed out"), "waiting", clocks=("handling",)),
        State("received", _l("Received by the unit"), "active", clocks=("handling",)),
        State("suspended", _l("Suspended"), "waiting", pauses=("handling",)),
        State("done", _l("Done"), "good", settled=True),
        State("accepted", _l("Accepted"), "good", final=True),
        State("overruled", _l("Gone on without"), "neutral", final=True),
        State("called_off", _l("Called off"), "neutral", final=True, uncounted=True),
        clocks=(Clock("handling", _l("Handling"), limit="limit_at", turn=("handler", "department")),),
    )

    document_id: Mapped[int] = fields.reference(_l("Document"), "incoming_document.id", required=True)
    department_id: Mapped[int] = fields.reference(_l("Department"), "department.id", required=True)
    lead: Mapped[bool] = fields.flag(_l("Leads"), index=True)
    handler_id: Mapped[int | None] = fields.reference(_l("Handler"), "person.id")
    requirement: Mapped[str | None] = fields.prose(_l("What is to be done"))
    limit_at: Mapped[datetime | None] = fields.moment(_l("Stated limit"), derived=True)
    received_at: Mapped[datetime | None] = fields.moment(_l("Received"), derived=True)
    received_by_id: Mapped[int | None] = fields.reference(_l("Received by"), "person.id", derived=True)
    done_at: Mapped[datetime | None] = fields.moment(_l("Done"), derived=True)
    opinion: Mapped[str | None] = fields.prose(_l("Opinion of the unit"), derived=True)

    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id, back_populates="assignments")
    department: Mapped[Department] = relationship(foreign_keys=department_id)
    handler: Mapped[Person | None] = relationship(foreign_keys=handler_id)
    received_by: Mapped[Person | None] = relationship(foreign_keys=received_by_id)
    notes: Mapped[list[HandlingNote]] = relationship(back_populates="assignment", order_by="HandlingNote.id")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        from models.documents import REGISTRY, IncomingDocument  # they refer to their assignments
        from models.secrecy import ORDINARY

        if actor.has(*REGISTRY):
            return true()
        if not actor.person_ids:
            return false()
        paper = IncomingDocument.__table__.c
        ordinary = select(paper.id).where(paper.secrecy.in_(ORDINARY))
        cleared = select(IncomingDocument.id).where(IncomingDocument.secrecy.in_(actor.cleared))
        unit = and_(cls.department_id.in_(actor.department_ids), among(cls.document_id, ordinary))
        head = cls.department_id.in_(actor.acts_for)
        return and_(among(cls.document_id, cleared), or_(unit, head, cls.handler_id.in_(actor.person_ids)))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        from models.documents import IncomingDocument

        return among(cls.document_id, select(IncomingDocument.id).where(IncomingDocument.content_to(actor)))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        units = actor.acts_for if actor.has("department_head") else actor.headless_ids
        mine = [cls.handler_id.in_(actor.person_ids)]
        if units:
            mine.append(cls.department_id.in_(units))
        return and_(cls.state.in_(("sent", "received")), or_(*mine))

    def followed(self, stage: str) -> bool:
        """The lead's limit is the paper's own and is followed up there."""
        return not self.lead

    def concerns(self) -> Person | None:
        return self.handler

    def __str__(self) -> str:
        return f"{self.document or ''} → {self.department or ''}"

    def _sign_for(self) -> None:
        """The unit has the paper: from when, and by whose signature."""
        if self.received_at is None:
            session, own = object_session(self), history.doer().own_person_id
            receiver = session.get(Person, own) if session is not None and own is not None else None
            self.received_at, self.received_by = now(), receiver

    @flow.step("sent", to="received", label=_l("Receive"), who=is_unit, tone="primary")
    def receive(self, handler: Annotated[Person | None, Ask(_l("Handler"))] = None) -> None:
        """The unit signs for the paper; from here on it is the unit's."""
        self._sign_for()
        if handler is not None:
            self.handler = handler
            if self.lead:
                self.document.handler = handler

    @flow.step("sent", "received", to=None, label=_l("Note what was done"), who=is_unit)
    def note(
        self,
        words: Annotated[str, Ask(_l("What was done, with whom, with what result"))],
        at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None,
        evidence: Annotated[str | None, Ask(_l("Evidence"), kind="line")] = None,
    ) -> None:
        """A handling note: who did what and when goes on file in these words."""
        done_at = happened(at, self.document.received_at)
        session = object_session(self)
        assert session is not None
        records.store(
            session,
            HandlingNote(
                assignment_id=self.id, person_id=history.doer().own_person_id, at=done_at, words=words,
                evidence=evidence,
            ),
        )  # fmt: skip
        session.expire(self, ["notes"])

    @flow.step("sent", "received", to="done", label=_l("Give the unit's opinion"), who=is_co_unit, tone="primary")
    def give_opinion(self, opinion: Annotated[str, Ask(_l("Opinion of the unit"))]) -> None:
        """The co-handling unit's opinion for the lead, with signature and time."""
        self._sign_for()
        self.opinion, self.done_at = opinion, now()

    @flow.step("done", to="received", label=_l("Ask again"), who=is_lead_unit)
    def ask_again(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The opinion does not do yet; the unit goes on, within the limit it had."""
        clocks.resume(session_of(self), self, "handling")

    @flow.step("sent", "received", "suspended", to="overruled", label=_l("Go on without"), who=is_lead_unit)
    def overrule(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The lead goes on without this unit's opinion; the reason stays on file."""

    @flow.step("sent", "received", "suspended", to="done", label=_l("Done with the paper"), who=never_by_hand)
    def finish(self) -> None:
        """The lead has reported on the paper."""
        self._sign_for()
        self.done_at = now()

    @flow.step("done", "accepted", to="received", label=_l("Go on"), who=never_by_hand)
    def go_on(self) -> None:
        """The paper was sent back for more; where it was closed meanwhile, the time begins anew."""
        if self.state == "done":
            clocks.resume(session_of(self), self, "handling")
        self.done_at = None

    @flow.step("done", to="accepted", label=_l("Accept"), who=never_by_hand)
    def accept(self) -> None:
        """The paper is closed."""

    @flow.step("sent", "received", to="suspended", label=_l("Suspend"), who=never_by_hand)
    def suspend(self) -> None:
        """The paper waits for somebody outside."""

    @flow.step("suspended", to=None, label=_l("Resume"), who=never_by_hand)
    def resume(self) -> None:
        """The paper goes on, on the desk it lay on: a unit that had not signed for it still has to."""
        session = object_session(self)
        assert session is not None
        self.enter(session, "sent" if self.received_at is None else "received")

    @flow.step("sent", "received", "suspended", "done", to="called_off", label=_l("Call off"), who=never_by_hand)
    def call_off(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The paper needs no handling any more."""


class HandlingNote(Record, Model):
    """One line of what was done about a paper 注办."""

    __tablename__ = "handling_note"
    kind_name = "handling_notes"
    label, label_plural = _l("Handling note"), _l("Handling notes")
    content_fields = ("words", "evidence")
    part_of = "assignment"

    assignment_id: Mapped[int] = fields.reference(_l("Assignment"), "assignment.id", required=True)
    person_id: Mapped[int | None] = fields.reference(_l("By"), "person.id")
    at: Mapped[datetime] = fields.moment(_l("When"), required=True)
    words: Mapped[str] = fields.prose(_l("What was done"), required=True)
    evidence: Mapped[str | None] = fields.line(_l("Evidence"), 200)

    assignment: Mapped[Assignment] = relationship(foreign_keys=assignment_id, back_populates="notes")
    person: Mapped[Person | None] = relationship(foreign_keys=person_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return among(cls.assignment_id, select(Assignment.id).where(Assignment.visible_to(actor)))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        return among(cls.assignment_id, select(Assignment.id).where(Assignment.content_to(actor)))


def hand_out(
    session: Session,
    document: IncomingDocument,
    lead: Department,
    others: Iterable[Department],
    requirement: str,
    handler: Person | None,
    limit: datetime | None,
    co_limit: datetime | None,
) -> None:
    """Give the paper to its units: one leads, the others answer the lead by `co_limit`.

    Raises `StepRefused` where the lead is named among the others.
    """
    for department in dict.fromkeys((lead, *others)):
        leads = department is lead
        if leads and department in others:
            raise StepRefused(_("%(unit)s leads and cannot be a co-handling unit, too.", unit=department.name))
        assignment = Assignment(
            document_id=document.id, department_id=department.id, lead=leads, requirement=requirement,
            handler_id=handler.id if leads and handler else None, limit_at=limit if leads else co_limit,
        )  # fmt: skip
        assignment.document, assignment.department = document, department
        records.store(session, assignment)
    session.expire(document, ["assignments"])


def lead_of(document: IncomingDocument) -> Assignment | None:
    """The desk of the unit that leads on a paper; None before the paper is handed out."""
    return next((one for one in reversed(document.assignments) if one.lead), None)


def as_handed_out(document: IncomingDocument) -> Iterator[tuple[str, str]]:
    """What editing would make of an instruction: its unit stays, and who of the unit handles the paper may change."""
    edited = changes.altered(document, "department", "handler")
    desk = lead_of(document) if edited else None
    if desk is None:
        return
    if "department" in edited:
        sentence = _("The paper was handed to %(unit)s. For another unit, void it and register it anew.",
                     unit=desk.department.name)  # fmt: skip
        yield "department", sentence
    if "handler" not in edited:
        return
    if desk.state not in OPEN:
        yield "handler", _("The unit is done with the paper; who handled it stays on file. Send it back first.")
    elif document.handler is not None and desk.department_id != document.handler.department_id:
        yield "handler", _("%(person)s is not of %(unit)s, which has the paper; name somebody of that unit.",
                           person=document.handler.name, unit=desk.department.name)  # fmt: skip


def set_limit(session: Session, limit: datetime, document: IncomingDocument, lead: Iterable[Assignment]) -> None:
    """Give a paper in handling, and the desk of the unit that leads, another limit; the old one is kept beside it."""
    # Looking for a clock writes what is pending; what follows from the paper's own step comes last.
    records: tuple[Any, ...] = (*lead, document)
    for one in records:
        clocks.extend(session, one, "handling", limit, "limit")
        one.limit_at = limit


def follow(session: Session, assignments: Iterable[Assignment], step: str, **answers: str) -> None:
    """Take one of the steps that follow from the paper's own with each of `assignments` that can take it."""
    for assignment in list(assignments):
        if assignment.state in assignment.flow.steps[step].sources:
            assignment.take(step, session, **answers)
