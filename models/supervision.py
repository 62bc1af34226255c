"""Supervision 查办: whether what was ordered has really been done, with evidence and findings, after S2.

Opened on an open or closed paper; where the findings do not do, the paper goes back into handling.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, changes, fields
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Flow, State, Workflow
from models import notices
from models.documents import IncomingDocument
from models.people import Person

#: Who opens and decides, and who else reads every case.
SUPERVISORS = ("office_manager", "leader")
READERS = (*SUPERVISORS, "auditor")


def is_asked(case: Supervision, actor: Actor) -> bool:
    """Who was asked for evidence, or stands in."""
    return case.asked_id in actor.person_ids


class Supervision(Workflow, Model):
    """One check on what became of a paper."""

    __tablename__ = "supervision"
    kind_name = "supervisions"
    label, label_plural = _l("Supervision case"), _l("Supervision")
    named_by = ("document",)
    content_fields = ("matter", "request", "evidence", "findings", "outcome")
    part_of = "document"

    flow = Flow(
        State("opened", _l("Case opened"), "waiting"),
        State("asked", _l("Evidence asked for"), "waiting"),
        State("findings", _l("Findings written"), "active"),
        State("escalated", _l("Before the leader"), "waiting"),
        State("satisfied", _l("Found in order"), "good", final=True),
        State("reopened", _l("Handled again"), "bad", final=True),
    )

    document_id: Mapped[int] = fields.reference(_l("Document"), "incoming_document.id", required=True)
    matter: Mapped[str] = fields.prose(_l("What is checked"), required=True)
    opener_id: Mapped[int | None] = fields.reference(_l("Opened by"), "person.id", derived=True)
    opened_at: Mapped[datetime | None] = fields.moment(_l("Case opened at"), derived=True)
    asked_id: Mapped[int | None] = fields.reference(_l("Person asked"), "person.id", derived=True)
    request: Mapped[str | None] = fields.prose(_l("Evidence asked for"), derived=True)
    evidence: Mapped[str | None] = fields.prose(_l("Evidence"), derived=True)
    evidence_at: Mapped[datetime | None] = fields.moment(_l("Evidence given"), derived=True)
    findings: Mapped[str | None] = fields.prose(_l("Findings"), derived=True)
    leader_id: Mapped[int | None] = fields.reference(_l("Leader"), "person.id", derived=True)
    outcome: Mapped[str | None] = fields.prose(_l("Outcome"), derived=True)

    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id)
    opener: Mapped[Person | None] = relationship(foreign_keys=opener_id)
    asked: Mapped[Person | None] = relationship(foreign_keys=asked_id)
    leader: Mapped[Person | None] = relationship(foreign_keys=leader_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        mine = or_(cls.asked_id.in_(actor.person_ids), cls.opener_id.in_(actor.person_ids))
        concerned = true() if actor.has(*READERS) else mine
        return and_(concerned, access.open_to(IncomingDocument, cls.document_id, actor))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        return access.among(cls.document_id, select(IncomingDocument.id).where(IncomingDocument.content_to(actor)))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = [and_(cls.state == "asked", cls.evidence_at.is_(None), cls.asked_id.in_(actor.person_ids))]
        mine.append(and_(cls.state == "escalated", cls.leader_id.in_(actor.person_ids)))
        mine.append(and_(cls.state.in_(("opened", "asked", "findings")), cls.opener_id.in_(actor.person_ids)))
        return or_(*mine)

    def prepare(self, session: Session) -> None:
        own = access.current().own_person_id
        self.opened_at = self.opened_at or now()
        if self.opener is None and own is not None:
            self.opener = session.get(Person, own)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.state not in (None, "opened"):
            for name in changes.altered(self, "document", "matter"):
                yield name, _("The case is under way, so this stays; open another one for another matter.")

    def indexed(self) -> bool:
        return False

    def __str__(self) -> str:
        number = self.document.receipt_no if self.document else ""
        return _("Supervision of %(number)s", number=number)

    @flow.step("opened", "asked", "findings", to="asked", label=_l("Ask for evidence"), tone="primary")
    def ask_evidence(
        self,
        person: Annotated[Person, Ask(_l("Person asked"))],
        request: Annotated[str, Ask(_l("Evidence asked for"))],
    ) -> None:
        """Who handled the paper shows that it was really done: papers, receipts, a look on the spot."""
        session = object_session(self)
        assert session is not None
        notices.tell(session, [person], "evidence", self)
        self.asked, self.request, self.evidence_at = person, request, None

    @flow.step("asked", to=None, label=_l("Give evidence"), who=is_asked, tone="primary")
    def give_evidence(self, evidence: Annotated[str, Ask(_l("Evidence"))]) -> None:
        """In words; files go to the files of this case."""
        self.evidence = "\n\n".join(part for part in (self.evidence, evidence) if part)
        self.evidence_at = now()

    @flow.step("opened", "asked", to="findings", label=_l("Write the findings"), tone="primary")
    def find(self, findings: Annotated[str, Ask(_l("Findings"))]) -> None:
        """What the check has shown."""
        self.findings = findings

    @flow.step("findings", "escalated", to="satisfied", label=_l("In order"), tone="primary")
    def satisfy(self, words: Annotated[str | None, Ask(_l("In words"))] = None) -> None:
        """What was ordered has been done."""
        self.outcome = words

    @flow.step("findings", "escalated", to="reopened", label=_l("Handle again"), tone="danger")
    def reopen(
        self,
        reason: Annotated[str, Ask(_l("Reason"))],
        limit: Annotated[datetime | None, Ask(_l("New limit"))] = None,
    ) -> None:
        """It has not been done: the paper goes back into handling."""
        send_back(self.document, reason, limit)
        self.outcome = reason

    @flow.step("findings", to="escalated", label=_l("Put before the leader"))
    def escalate(self, leader: Annotated[Person, Ask(_l("Leader"))], reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The leader decides whether it will do."""
        session = object_session(self)
        assert session is not None
        notices.tell(session, [leader], "escalated", self)
        self.leader = leader


def send_back(document: IncomingDocument, reason: str, limit: datetime | None) -> None:
    """Bring a paper back into handling by the step its flow has for it; one still there may get another limit.

    Raises `StepRefused` where no step leads back.
    """
    answers = {"limit": limit} if limit else {}
    if document.state == "in_handling" and not answers:
        return
    for name in ("reopen", "send_back", "state_limit"):
        if document.state in document.flow.steps[name].sources:
            document.take(name, object_session(document), reason=reason, **answers)
            return
    raise StepRefused(_("The document is in the state “%(state)s”.", state=document.state_label))
