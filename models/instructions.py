"""Leaders' instructions 批示: a line a leader, in their order, each with the leader's own verb, words and signature."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import fields
from app.engine import record as records
from app.engine.access import Actor, among
from app.engine.moments import now
from app.engine.record import Record
from app.engine.refusals import StepRefused
from models.people import Person

if TYPE_CHECKING:
    from models.documents import IncomingDocument

VERBS = {
    "instruct": _l("Read and instruct"),
    "handle": _l("Read and handle"),
    "read": _l("Read for information"),
}
STANDINGS = {
    "queued": _l("In line"),
    "waiting": _l("With the leader"),
    "signed": _l("Signed by the leader"),
    "passed_over": _l("Passed over"),
}


class LeaderInstruction(Record, Model):
    """What one leader is asked, and what the leader wrote."""

    __tablename__ = "leader_instruction"
    kind_name = "leader_instructions"
    label, label_plural = _l("Leader's instruction"), _l("Leaders' instructions")
    named_by = ("leader",)
    content_fields = ("words",)
    content_with = part_of = "document"

    document_id: Mapped[int] = fields.reference(_l("Document"), "incoming_document.id", required=True)
    leader_id: Mapped[int] = fields.reference(_l("Leader"), "person.id", required=True)
    position: Mapped[int] = fields.integer(_l("Place in line"), required=True)
    verb: Mapped[str] = fields.choice(_l("Asked to"), VERBS, "verb_known", required=True, default="instruct")
    standing: Mapped[str] = fields.choice(_l("State"), STANDINGS, "standing_known", required=True, default="queued")
    words: Mapped[str | None] = fields.prose(_l("Instruction"), derived=True)
    signed_at: Mapped[datetime | None] = fields.moment(_l("Signed at"), derived=True)
    transcribed_by_id: Mapped[int | None] = fields.reference(_l("Transcribed by"), "person.id", derived=True)

    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id, back_populates="instructions")
    leader: Mapped[Person] = relationship(foreign_keys=leader_id)
    transcribed_by: Mapped[Person | None] = relationship(foreign_keys=transcribed_by_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Whoever sees the paper sees whom it is with."""
        from models.documents import IncomingDocument  # it refers to its instructions

        return among(cls.document_id, select(IncomingDocument.id).where(IncomingDocument.visible_to(actor)))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        from models.documents import IncomingDocument

        return among(cls.document_id, select(IncomingDocument.id).where(IncomingDocument.content_to(actor)))

    def sign(self, words: str, at: datetime | None = None, transcribed_by: Person | None = None) -> None:
        """The leader's words go on file, with their moment and whoever wrote them down in the leader's stead."""
        self.words, self.signed_at, self.standing = words, at or now(), "signed"
        self.transcribed_by = transcribed_by

    def __str__(self) -> str:
        return f"{self.leader}: {VERBS.get(self.verb, self.verb)}"


def lay_before(
    session: Session, document: IncomingDocument, leaders: Iterable[Person], verb: str
) -> list[LeaderInstruction]:
    """Put the paper before more leaders, after those in line. Raises `StepRefused` for one who already has it."""
    added: list[LeaderInstruction] = []
    for leader in dict.fromkeys(leaders):
        if any(
            line.leader_id == leader.id and line.standing in ("queued", "waiting") for line in document.instructions
        ):
            raise StepRefused(_("%(leader)s is in line already.", leader=leader.name))
        line = LeaderInstruction(
            document_id=document.id,
            leader_id=leader.id,
            verb=verb,
            position=max((line.position for line in document.instructions), default=0) + 1 + len(added),
            standing="queued",
        )
        records.store(session, line)
        added.append(line)
    session.expire(document, ["instructions"])
    return added


def call_next(document: IncomingDocument) -> LeaderInstruction | None:
    """The leader whose turn it is now: the first in line, who from here on has the paper."""
    for line in document.instructions:
        if line.standing == "waiting":
            return line
    for line in document.instructions:
        if line.standing == "queued":
            line.standing = "waiting"
            return line
    return None


def due_from(document: IncomingDocument, actor: Actor) -> LeaderInstruction | None:
    """The line that waits for this actor, or for somebody the actor stands in for."""
    for line in document.instructions:
        if line.standing == "waiting" and line.leader_id in actor.person_ids:
            return line
    return None
