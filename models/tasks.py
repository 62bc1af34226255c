"""Supplementary tasks 补办事项: what a reader's opinion asks for, and who has to do it before the case is closed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import fields
from app.engine import record as records
from app.engine.access import Actor, among
from app.engine.answers import ahead
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from models.people import Department, Person
from models.secrecy import ORDINARY

if TYPE_CHECKING:
    from models.documents import IncomingDocument
    from models.entries import CirculationEntry


def is_mine(task: SupplementaryTask, actor: Actor) -> bool:
    """The person named, the unit named, or the registry, which settles what came back on paper."""
    return (
        task.person_id in actor.person_ids
        or task.department_id in actor.department_ids
        or actor.has("registry_clerk", "office_manager")
    )


class SupplementaryTask(Workflow, Model):
    """Something a reader's remark asks for; the document is not closed before it is settled."""

    __tablename__ = "supplementary_task"
    kind_name = "supplementary_tasks"
    label, label_plural = _l("Supplementary task"), _l("Supplementary tasks")
    named_by = ("document", "department", "person")
    judged_with = "document"
    content_fields = ("what", "result")
    part_of = "document"

    flow = Flow(
        State("open", _l("To be done"), "waiting", clocks=("doing",)),
        State("done", _l("Done"), "good", final=True),
        State("dropped", _l("Dropped"), "neutral", final=True, uncounted=True),
        clocks=(Clock("doing", _l("Doing it"), limit="limit_at", turn=("person", "department")),),
    )

    document_id: Mapped[int] = fields.reference(_l("Document"), "incoming_document.id", required=True)
    entry_id: Mapped[int] = fields.reference(_l("Opinion of"), "circulation_entry.id", required=True)
    what: Mapped[str] = fields.prose(_l("What is to be done"), required=True, search=True)
    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id")
    person_id: Mapped[int | None] = fields.reference(_l("Person"), "person.id")
    limit_at: Mapped[datetime | None] = fields.moment(_l("Stated limit"))
    result: Mapped[str | None] = fields.prose(_l("Result"), search=True, derived=True)

    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id)
    entry: Mapped[CirculationEntry] = relationship(foreign_keys=entry_id, back_populates="tasks")
    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    person: Mapped[Person | None] = relationship(foreign_keys=person_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Whoever has to do it, as far as cleared for the paper; a whole unit only for ordinary papers."""
        from models.documents import REGISTRY, IncomingDocument

        if actor.has(*REGISTRY):
            return true()
        paper = IncomingDocument.__table__
        cleared = select(paper.c.id).where(paper.c.secrecy.in_(actor.cleared))
        ordinary = select(paper.c.id).where(paper.c.secrecy.in_(ORDINARY))
        return and_(
            among(cls.document_id, cleared),
            or_(
                cls.person_id.in_(actor.person_ids),
                cls.department_id.in_(actor.led_ids),
                and_(cls.department_id.in_(actor.department_ids), among(cls.document_id, ordinary)),
            ),
        )

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Of those who keep or read the register, whoever is cleared for the paper; else whom the task is for."""
        from models.documents import IncomingDocument

        paper = IncomingDocument.__table__
        cleared = among(cls.document_id, select(paper.c.id).where(paper.c.secrecy.in_(actor.cleared)))
        known = among(cls.document_id, select(IncomingDocument.id).where(IncomingDocument.content_to(actor)))
        mine = or_(cls.person_id.in_(actor.person_ids), cls.department_id.in_(actor.department_ids))
        return or_(known, and_(cleared, mine))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        if not actor.person_ids:
            return false()
        mine = or_(cls.person_id.in_(actor.person_ids), cls.department_id.in_(actor.department_ids))
        return and_(cls.state == "open", mine)

    def concerns(self) -> Person | None:
        return self.person

    def __str__(self) -> str:
        number = self.document.receipt_no if self.document else ""
        return f"{number} → {self.person or self.department or ''}"

    @flow.step("open", to="done", label=_l("Done"), who=is_mine, tone="primary")
    def finish(self, result: Annotated[str, Ask(_l("Result"))]) -> None:
        """What was done about the remark."""
        self.result = result

    @flow.step("open", to="dropped", label=_l("Drop"))
    def drop(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Nothing is to be done after all; why stays on file."""


def ask_for(
    session: Session,
    entry: CirculationEntry,
    what: str | None,
    department: Department | None,
    person: Person | None,
    until: datetime | None,
) -> SupplementaryTask:
    """Make a task of what an opinion asks for. Raises `StepRefused` where it says not what, by whom or until when."""
    if not (what or "").strip() or (department is None and person is None):
        raise StepRefused(_("Say what is to be done, and by which department or person."))
    ahead(until)
    task = SupplementaryTask(
        document_id=entry.document_id,
        entry_id=entry.id,
        what=what,
        department_id=department.id if department else None,
        person_id=person.id if person else None,
        limit_at=until,
    )
    records.store(session, task)
    session.expire(entry, ["tasks"])
    return task
