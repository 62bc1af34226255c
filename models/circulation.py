"""Circulation 传阅: one document on its way to one reader. Delivered, opened, read and opinion are separate facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Index, UniqueConstraint, and_, or_, select, true
from sqlalchemy.orm import Mapped, object_session, relationship

from app.engine import fields, record
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from models.people import Person

if TYPE_CHECKING:
    from models.documents import IncomingDocument


def is_reader(entry: CirculationEntry, actor: Actor) -> bool:
    """The reader, or who stands in while the reader is away."""
    return entry.reader_id in actor.person_ids


def not_opened(entry: CirculationEntry, actor: Actor) -> bool:
    return entry.opened_at is None and is_reader(entry, actor)


class CirculationEntry(Workflow, Model):
    """A document offered to a reader, who has ten days for an opinion."""

    __tablename__ = "circulation_entry"
    __table_args__ = (
        UniqueConstraint("document_id", "reader_id", "round"),
        Index("ix_circulation_entry_state_due", "state", "due_at"),
        {},
    )
    kind_name = "circulation_entries"
    label, label_plural = _l("Circulation entry"), _l("Circulation")
    content_fields = ("purpose", "opinion")

    flow = Flow(
        State("offered", _l("To be read"), "waiting", clocks=("reading",)),
        State("skipped", _l("Passed over for now"), "neutral", pauses=("reading",)),
        State("read", _l("Read"), "good", final=True),
        State("answered", _l("Read, with an opinion"), "good", final=True),
        State("withdrawn", _l("Taken back"), "neutral", final=True, uncounted=True),
        clocks=(Clock("reading", _l("Reading"), since="sent_at"),),
    )

    document_id: Mapped[int] = fields.reference(
        _l("Document"), "incoming_document.id", required=True, aliases=("receipt_no",)
    )
    reader_id: Mapped[int] = fields.reference(_l("Reader"), "person.id", required=True)
    round: Mapped[int] = fields.integer(_l("Round"), required=True, default=1, derived=True)
    purpose: Mapped[str | None] = fields.line(_l("Purpose"), 500, search=True)
    sent_at: Mapped[datetime] = fields.moment(_l("Offered"), required=True)
    opened_at: Mapped[datetime | None] = fields.moment(_l("Opened"), derived=True)
    read_at: Mapped[datetime | None] = fields.moment(_l("Read"), derived=True)
    opinion: Mapped[str | None] = fields.prose(_l("Opinion"), search=True, derived=True)

    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id, back_populates="circulation")
    reader: Mapped[Person] = relationship(foreign_keys=reader_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        from models.documents import REGISTRY  # the document's registry keeps its circulation, too

        if actor.has(*REGISTRY):
            return true()
        return cls.reader_id.in_(actor.person_ids)

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        """What readers said belongs to the content of the paper."""
        from models.documents import IncomingDocument  # it refers to its entries

        known = select(IncomingDocument.id).where(IncomingDocument.content_to(actor))
        return or_(cls.reader_id.in_(actor.person_ids), cls.document_id.in_(known))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return and_(cls.state == "offered", cls.reader_id.in_(actor.person_ids))

    def take_over(self) -> None:
        """What an older ledger's line leaves open: who gave an opinion has answered, who read has read."""
        self.state = self.state or ("answered" if self.opinion else "read" if self.read_at else "offered")
        if self.state != "offered":
            self.closed_at = self.closed_at or self.read_at

    def concerns(self) -> Person:
        return self.reader

    def __str__(self) -> str:
        return f"{self.document or ''} → {self.reader or ''}"

    def _read(self) -> None:
        self.read_at = now()
        self.opened_at = self.opened_at or self.read_at  # nobody reads what they have not opened

    @flow.step("offered", to=None, label=_l("Open the paper"), who=not_opened, tone="primary")
    def open(self) -> None:
        """The paper has been taken in hand; reading it is a fact of its own."""
        self.opened_at = now()

    @flow.step("offered", to="read", label=_l("Mark as read"), who=is_reader)
    def mark_read(self) -> None:
        """Read, nothing to say."""
        self._read()

    @flow.step("offered", to="answered", label=_l("Give an opinion"), who=is_reader, tone="primary")
    def answer(self, opinion: Annotated[str, Ask(_l("Opinion"))]) -> None:
        """Read, with an opinion that goes on file in these words."""
        self._read()
        self.opinion = opinion

    @flow.step("offered", to="skipped", label=_l("Pass over"))
    def skip(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The reader is away; the place in the line is kept and the limit stands still."""

    @flow.step("skipped", to="offered", label=_l("Offer again"), tone="primary")
    def offer_again(self) -> None:
        """The reader is back."""

    @flow.step("offered", "skipped", to="withdrawn", label=_l("Take back"), tone="danger")
    def withdraw(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The paper is taken back from the reader; nothing is awaited any more."""


def offer_to(document: IncomingDocument, readers: Iterable[Person], purpose: str) -> None:
    """Offer a document to readers. Raises `StepRefused` for one who has it already."""
    session = object_session(document)
    assert session is not None
    present = {entry.reader_id for entry in document.circulation if entry.state in ("offered", "skipped")}
    for reader in dict.fromkeys(readers):
        if reader.id in present:
            raise StepRefused(_("%(reader)s has the document already.", reader=reader.name))
        rounds = [entry.round for entry in document.circulation if entry.reader_id == reader.id]
        entry = CirculationEntry(
            document_id=document.id,
            reader_id=reader.id,
            purpose=purpose,
            sent_at=now(),
            round=max(rounds, default=0) + 1,
        )
        record.store(session, entry)
    session.expire(document, ["circulation"])
