"""Incoming documents 收文: from registration to the closed case, after the procedures S3, S6, S12, S16 and S17."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, inspect, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import fields, numbers
from app.engine import record as records
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.record import Numbered
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from models import secrecy
from models.circulation import CirculationEntry, offer_to
from models.correspondents import Correspondent
from models.numbers_of_papers import tidied
from models.people import Department, Person
from models.registers import Register, first_book
from models.registration import Registration
from models.secrecy import NOT_INDEXED, ON_PAPER_ONLY, ORDINARY, SECRECY

URGENCY = {"none": _l("Ordinary"), "urgent": _l("Urgent"), "extra_urgent": _l("Extra urgent")}

#: Roles that keep or read the whole register. Administrators look after settings, not after papers.
REGISTRY = ("office_manager", "registry_clerk", "leader", "archivist", "auditor", "report_reader")
#: Those of them who learn the content as far as they are cleared; the others read lines.
DUTY = ("office_manager", "registry_clerk", "leader", "archivist")


def graded(document: Any, *texts: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the secrecy of a paper, old and new: it is lowered by decision only, and no text is kept."""
    if records.altered(document, "secrecy"):
        before = inspect(document).attrs.secrecy.history.deleted[0]
        if secrecy.lower(before, document.secrecy):
            yield "secrecy", _("Secrecy is lowered by a decision: use the step “Lower the secrecy”.")
    if document.secrecy in ON_PAPER_ONLY:
        for name in texts:
            if (getattr(document, name) or "").strip():
                yield name, _("Of a paper of this secrecy only the register line is kept, no text.")


def handles(document: IncomingDocument, actor: Actor) -> bool:
    """The unit in charge, or the person named as handler."""
    return document.handler_id in actor.person_ids or document.department_id in actor.department_ids


class IncomingDocument(Registration, Workflow, Model):
    """A paper that came in, on its way through the house."""

    __tablename__ = "incoming_document"
    kind_name = "incoming_documents"
    label, label_plural = _l("Incoming document"), _l("Incoming documents")
    natural_key = "receipt_no"
    content_fields = ("title", "summary", "proposal", "instruction", "result")
    numbered = Numbered("receipt_no", "收文〔{year}〕{serial}号")

    flow = Flow(
        State("registered", _l("Registered"), "waiting", clocks=("proposal",)),
        State("instructing", _l("With the leader"), "waiting", clocks=("instruction",)),
        State("in_handling", _l("In handling"), "active", clocks=("handling",)),
        State("in_circulation", _l("In circulation"), "active"),
        State("suspended", _l("Suspended"), "waiting", pauses=("handling",)),
        State("result_in", _l("Handled, to be checked"), "waiting"),
        State("closed", _l("Closed"), "good", final=True),
        State("returned_to_sender", _l("Returned to the sender"), "neutral", final=True, uncounted=True),
        State("terminated_by_sender", _l("Ended by the sender"), "neutral", final=True, uncounted=True),
        State("voided", _l("Void"), "bad", final=True, uncounted=True),
        clocks=(
            Clock("proposal", _l("Proposal"), since="received_at"),
            Clock("instruction", _l("Instruction")),
            Clock("handling", _l("Handling"), limit="limit_at"),
        ),
    )

    receipt_no: Mapped[str] = fields.number(_l("Receipt number"), 100, unique=True, search=True, derived=True)
    register_id: Mapped[int | None] = fields.reference(_l("Register book"), "register.id")
    sender_id: Mapped[int] = fields.reference(_l("Sender"), "correspondent.id", required=True)
    sender_no: Mapped[str | None] = fields.number(_l("Sender's number"), 100, search=True, index=True, tidy=tidied)
    title: Mapped[str] = fields.line(_l("Title"), 500, required=True, search=True)
    secrecy: Mapped[str] = fields.choice(_l("Secrecy"), SECRECY, "secrecy_known", required=True, default="internal")
    urgency: Mapped[str] = fields.choice(_l("Urgency"), URGENCY, "urgency_known", required=True, default="none")
    copies: Mapped[int] = fields.integer(_l("Copies"), required=True, default=1, least=1)
    received_at: Mapped[datetime] = fields.moment(_l("Received"), required=True, index=True)
    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id")
    handler_id: Mapped[int | None] = fields.reference(_l("Handler"), "person.id")
    summary: Mapped[str | None] = fields.prose(_l("Summary"), search=True)
    proposal: Mapped[str | None] = fields.prose(_l("Proposal"), derived=True)
    instruction: Mapped[str | None] = fields.prose(_l("Instruction"), derived=True)
    limit_at: Mapped[datetime | None] = fields.moment(_l("Stated limit"), derived=True)
    result: Mapped[str | None] = fields.prose(_l("Result"), derived=True)

    register: Mapped[Register | None] = relationship(foreign_keys=register_id)
    sender: Mapped[Correspondent] = relationship(foreign_keys=sender_id)
    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    handler: Mapped[Person | None] = relationship(foreign_keys=handler_id)
    circulation: Mapped[list[CirculationEntry]] = relationship(
        back_populates="document", order_by=CirculationEntry.id, passive_deletes="all"
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.has(*REGISTRY):
            return true()
        if not actor.person_ids:
            return false()
        return secrecy.entry_rule(cls, actor, cls._involved(actor), public=true())

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        return secrecy.content_rule(cls, actor, cls._involved(actor), actor.has(*DUTY))

    @classmethod
    def _involved(cls, actor: Actor) -> ColumnElement[bool]:
        """Named as handler, or within the scope of circulation."""
        entry = CirculationEntry.__table__
        read = select(entry.c.document_id).where(entry.c.reader_id.in_(actor.person_ids), entry.c.state != "withdrawn")
        return or_(cls.handler_id.in_(actor.person_ids), cls.id.in_(read))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = [and_(cls.state == "in_handling", cls.handler_id.in_(actor.person_ids))]
        if actor.has("department_head"):
            mine.append(and_(cls.state == "in_handling", cls.department_id.in_(actor.department_ids)))
        if actor.has("registry_clerk", "office_manager"):
            mine.append(cls.state.in_(("registered", "result_in")))
        if actor.has("leader"):
            mine.append(cls.state == "instructing")
        return or_(*mine)

    def case(self) -> str:
        return self.urgency

    def profile(self) -> str | None:
        return self.register.profile if self.register else None

    def series(self) -> tuple[str, str]:
        """Each book counts its own papers; the first book, and papers in none, go on with the office's numbers."""
        if self.register is None or self.register.template == self.numbered.template:
            return self.kind_name, self.numbered.template
        return f"{self.kind_name}:{self.register.code}", self.register.template

    def prepare(self, session: Session) -> None:
        self.received_at = self.received_at or now()
        if self.register is None:
            self.register = first_book(session)

    def take_over(self) -> None:
        """What an older ledger's line leaves open: a paper with a closing date is closed."""
        self.state = self.state or ("closed" if self.closed_at else "registered")

    def keeps_files(self) -> bool:
        return self.secrecy not in ON_PAPER_ONLY

    def indexed(self) -> bool:
        return self.secrecy not in NOT_INDEXED

    def check(self) -> Iterator[tuple[str, str]]:
        yield from graded(self, "summary")
        if self.received_at and self.received_at > now() and not self.taken_over:
            yield "received_at", _("The paper cannot have been received in the future.")

    def __str__(self) -> str:
        return f"{self.receipt_no} {self.title}" if self.secrecy in ORDINARY else str(self.receipt_no)

    @flow.step("registered", to="instructing", label=_l("Propose"), tone="primary")
    def propose(self, proposal: Annotated[str, Ask(_l("Proposal"))]) -> None:
        """What should be done with the paper and which leader should decide; due 24 hours after receipt."""
        self.proposal = proposal

    @flow.step("registered", "instructing", to="in_handling", label=_l("Instruct: handle"), tone="primary")
    def instruct(
        self,
        department: Annotated[Department, Ask(_l("Department in charge"))],
        requirement: Annotated[str, Ask(_l("What is to be done"))],
        handler: Annotated[Person | None, Ask(_l("Handler"))] = None,
        limit: Annotated[datetime | None, Ask(_l("To be done by"), help=_l("Empty: one week"))] = None,
    ) -> None:
        """Give the paper to a department, with what is to be done and by when."""
        if self.urgency != "none" and limit is None:
            raise StepRefused(_("An urgent paper needs a limit; please say until when."))
        if limit is not None and limit <= now():
            raise StepRefused(_("The limit lies in the past."))
        self.department, self.handler, self.instruction, self.limit_at = department, handler, requirement, limit

    @flow.step("registered", "instructing", to="in_circulation", label=_l("Instruct: read"))
    def instruct_reading(
        self,
        readers: Annotated[list[Person], Ask(_l("Readers"))],
        purpose: Annotated[str, Ask(_l("Purpose"))],
    ) -> None:
        """Send the paper round; nothing has to be handled."""
        offer_to(self, readers, purpose)
        self.instruction = purpose

    @flow.step("in_handling", "in_circulation", "suspended", "result_in", to=None, label=_l("Circulate"))
    def circulate(
        self,
        readers: Annotated[list[Person], Ask(_l("Readers"))],
        purpose: Annotated[str, Ask(_l("Purpose"))],
    ) -> None:
        """Send the paper to readers, beside its handling."""
        offer_to(self, readers, purpose)

    @flow.step("in_handling", to="result_in", label=_l("Report the result"), who=handles, tone="primary")
    def report_result(self, result: Annotated[str, Ask(_l("Result"))]) -> None:
        """What was done, when, and with what outcome."""
        self.result = result

    @flow.step("result_in", to="in_handling", label=_l("Send back for more"))
    def send_back(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The result does not do yet; the department goes on."""

    @flow.step("in_handling", to="suspended", label=_l("Suspend"))
    def suspend(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Handling waits for somebody outside; its limit stands still."""

    @flow.step("suspended", to="in_handling", label=_l("Go on"), tone="primary")
    def go_on(self) -> None:
        """Handling goes on with the time that was left."""

    @flow.step("result_in", "in_circulation", to="closed", label=_l("Close"), tone="primary")
    def close(self, note: Annotated[str | None, Ask(_l("Note"))] = None) -> None:
        """Everything is done and the leader has been told."""
        session = object_session(self)
        assert session is not None
        waiting = session.scalars(
            select(Person.name)
            .join(CirculationEntry, CirculationEntry.reader_id == Person.id)
            .where(CirculationEntry.document_id == self.id, CirculationEntry.pending())
        ).all()
        if waiting:
            raise StepRefused(_("Still reading: %(readers)s.", readers=", ".join(waiting)))

    @flow.step(
        "registered", "instructing", "in_handling", "in_circulation", "suspended", "result_in", "closed",
        to=None, label=_l("Lower the secrecy"),
    )  # fmt: skip
    def lower_secrecy(
        self,
        to: Annotated[str, Ask(_l("Secrecy"), choices=SECRECY)],
        reason: Annotated[str, Ask(_l("Decision, by whom and when"))],
    ) -> None:
        """The paper is declassified or graded lower, by a decision that goes on file."""
        if not secrecy.lower(self.secrecy, to):
            raise StepRefused(_("This is not lower than the present secrecy."))
        self.secrecy = to

    @flow.step("registered", "instructing", to="returned_to_sender", label=_l("Return to the sender"))
    def return_to_sender(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The paper is not ours to handle or breaks the rules."""

    @flow.step(
        "registered", "instructing", "in_handling", "in_circulation", "suspended", "result_in",
        to="terminated_by_sender", label=_l("Ended by the sender"),
    )  # fmt: skip
    def end_by_sender(self, reason: Annotated[str, Ask(_l("Notice of the sender"))]) -> None:
        """The sender needs it no more: it counts as done."""

    @flow.step(
        "registered", "instructing", "in_handling", "in_circulation", to="voided", label=_l("Void"), tone="danger"
    )
    def void(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Registered by mistake. The number stays used and is shown struck through."""
        numbers.void(object_session(self), self.series()[0], self.receipt_no, reason)  # type: ignore[arg-type]
