"""Countersigning 会签: each department and leader a draft concerns is asked on its own, all at once, and signs by name.

An objection is settled, or it is carried to the signer in writing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import fields, history
from app.engine import record as records
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow, never_by_hand
from models.outgoing_lines import OutgoingLine
from models.people import Department, Person

if TYPE_CHECKING:
    from models.outgoing import OutgoingDocument


def speaks_for(line: Countersignature, actor: Actor) -> bool:
    """The leader or the head of the department asked, or whoever stands in, once the draft has come that far."""
    if line.document.state != "countersigning":
        return False
    if line.department is None:
        return line.leader_id in actor.person_ids
    return line.department.leader_id in actor.person_ids or line.department_id in actor.led_ids


def owns_draft(line: Countersignature, actor: Actor) -> bool:
    """Who has to come to terms with an objection: the drafter, or the office."""
    return line.document.drafter_id in actor.person_ids or actor.has("office_manager")


class Countersignature(OutgoingLine, Workflow, Model):
    """What one department, or one leader, says to a draft; the department that is asked sees the paper by this line."""

    __tablename__ = "countersignature"
    kind_name = "countersignatures"
    label, label_plural = _l("Countersignature"), _l("Countersignatures")
    judged_with = "document"
    named_by = ("document",)
    content_fields = ("remark", "settlement")

    flow = Flow(
        State("asked", _l("Asked"), "waiting", clocks=("countersigning",)),
        State("agreed", _l("Agreed"), "good", final=True),
        State("reserved", _l("Agreed with reservation"), "good", final=True),
        State("objected", _l("Objection"), "bad"),
        State("settled", _l("Objection settled"), "good", final=True),
        State("carried", _l("Objection laid before the signer"), "neutral", final=True),
        State("dropped", _l("No longer asked"), "neutral", final=True, uncounted=True),
        clocks=(Clock("countersigning", _l("Countersigning"), turn=("leader", "department")),),
    )

    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id")
    leader_id: Mapped[int | None] = fields.reference(_l("Leader asked"), "person.id", derived=True)
    person_id: Mapped[int | None] = fields.reference(_l("Done by"), "person.id", derived=True)
    answered_at: Mapped[datetime | None] = fields.moment(_l("When"), derived=True)
    remark: Mapped[str | None] = fields.prose(_l("Remark"), derived=True)
    settlement: Mapped[str | None] = fields.prose(_l("How the objection was settled"), derived=True)

    document: Mapped[OutgoingDocument] = relationship(back_populates="countersignatures")
    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    leader: Mapped[Person | None] = relationship(foreign_keys=leader_id)
    person: Mapped[Person | None] = relationship(foreign_keys=person_id)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        from models.outgoing import OutgoingDocument

        paper = OutgoingDocument.__table__.c
        mine = select(paper.id).where(paper.drafter_id.in_(actor.person_ids))
        return or_(
            and_(
                cls.state == "asked",
                or_(cls.department_id.in_(actor.led_ids), cls.leader_id.in_(actor.person_ids)),
                cls.document_id.in_(select(paper.id).where(paper.state == "countersigning")),
            ),
            and_(cls.state == "objected", cls.document_id.in_(mine)),
        )

    @property
    def unsettled(self) -> bool:
        """Whether the draft cannot go on for want of this department's word."""
        return self.state in ("asked", "objected")

    def __str__(self) -> str:
        return f"{self.document or ''} → {self.asked_of}"

    @property
    def asked_of(self) -> str:
        """The department or the leader whose word is asked for, by name."""
        return str(self.department or self.leader or "")

    def _answer(self, remark: str | None) -> None:
        session = object_session(self)
        own = history.doer().own_person_id
        person = session.get(Person, own) if session is not None and own is not None else None
        self.person, self.answered_at, self.remark = person, now(), remark

    @flow.step("asked", to="agreed", label=_l("Agree"), who=speaks_for, tone="primary")
    def agree(self, remark: Annotated[str | None, Ask(_l("Remark"))] = None) -> None:
        """The department agrees, with name and moment."""
        self._answer(remark)

    @flow.step("asked", to="reserved", label=_l("Agree with reservation"), who=speaks_for)
    def reserve(self, remark: Annotated[str, Ask(_l("Reservation"))]) -> None:
        """The department agrees and says what should be borne in mind; the signer reads it."""
        self._answer(remark)

    @flow.step("asked", to="objected", label=_l("Object"), who=speaks_for, tone="danger")
    def object_to(self, remark: Annotated[str, Ask(_l("Objection"))]) -> None:
        """The department does not agree; the drafter comes to terms with it, or the signer decides."""
        self._answer(remark)

    @flow.step("objected", to="settled", label=_l("Settle the objection"), who=owns_draft)
    def settle(self, settlement: Annotated[str, Ask(_l("How the objection was settled"))]) -> None:
        """What the two sides agreed on goes on file."""
        self.settlement = settlement

    @flow.step("objected", to="carried", label=_l("Lay before the signer"), who=owns_draft)
    def carry(self, settlement: Annotated[str, Ask(_l("What the drafting department says to it"))]) -> None:
        """The two sides do not agree; the signer reads the objection and what is said to it."""
        self.settlement = settlement

    @flow.step("asked", "objected", to="dropped", label=_l("Ask no longer"), who=never_by_hand)
    def drop(self) -> None:
        """The draft goes back to its drafter and will be laid before the department anew."""


def ask_departments(session: Session, document: OutgoingDocument, departments: Iterable[Department]) -> None:
    """Lay the draft before departments; a department that is still asked is not asked twice.

    Raises `StepRefused` where nobody heads a department, so that nobody could answer for it.
    """
    waiting = {one.department_id for one in document.countersignatures if one.state == "asked"}
    for department in dict.fromkeys(departments):
        if department.leader_id is None:
            raise StepRefused(_("Nobody heads %(unit)s; name its head first.", unit=department.name))
        if department.id not in waiting:
            line = Countersignature(document_id=document.id, department_id=department.id)
            line.document, line.department = document, department
            records.store(session, line)
    session.expire(document, ["countersignatures"])


def ask_leaders(session: Session, document: OutgoingDocument, leaders: Iterable[Person]) -> None:
    """Lay the draft before leaders who sign beside the one whose signature issues it; nobody is asked twice."""
    waiting = {one.leader_id for one in document.countersignatures if one.state == "asked"}
    for leader in dict.fromkeys(leaders):
        if leader.id not in waiting:
            line = Countersignature(document_id=document.id, leader_id=leader.id)
            line.document, line.leader = document, leader
            records.store(session, line)
    session.expire(document, ["countersignatures"])


def still_objecting(document: OutgoingDocument) -> list[Countersignature]:
    """The last word of those who objected before the draft went back and have not been asked since."""
    last = {(line.department_id, line.leader_id): line for line in document.countersignatures}
    return [line for line in last.values() if line.state == "dropped" and line.answered_at is not None]


def drop_open(session: Session, document: OutgoingDocument) -> None:
    """Nobody is asked about words that are being changed; whoever objected is asked again at the next hand-in."""
    for line in list(document.countersignatures):
        if line.unsettled:
            line.take("drop", session)
