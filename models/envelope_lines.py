"""Lines of an envelope: what its dispatch note 发文通知单 lists, beside what was found in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Mapped, relationship

from app.engine import fields
from app.engine.access import Actor, among
from app.engine.record import Record
from models.numbers_of_papers import tidied
from models.secrecy import NOT_INDEXED, ORDINARY

if TYPE_CHECKING:
    from models.documents import IncomingDocument
    from models.envelopes import Envelope


class EnvelopeLine(Record, Model):
    """One paper of an envelope."""

    __tablename__ = "envelope_line"
    kind_name = "envelope_lines"
    label, label_plural = _l("Line of the dispatch note"), _l("Lines of the dispatch note")
    named_by = ("envelope",)
    content_fields = line_fields = ("title",)
    part_of = "document"

    envelope_id: Mapped[int] = fields.reference(_l("Envelope"), "envelope.id", required=True, aliases=("envelope_no",))
    title: Mapped[str] = fields.line(_l("Kind and title"), 500, required=True, search=True)
    sender_no: Mapped[str | None] = fields.number(_l("Sender's number"), 100, search=True, tidy=tidied)
    copies_noted: Mapped[int | None] = fields.integer(
        _l("Copies noted"), least=0, help=_l("Empty: there is no dispatch note")
    )
    copies_found: Mapped[int] = fields.integer(_l("Copies found"), required=True, default=1, least=0)
    bound: Mapped[bool] = fields.flag(_l("Bound"))
    pages_complete: Mapped[bool] = fields.flag(_l("Pages complete"))
    formalities: Mapped[bool] = fields.flag(_l("Formalities complete"))
    document_id: Mapped[int | None] = fields.reference(_l("Registered as"), "incoming_document.id", derived=True)

    envelope: Mapped[Envelope] = relationship(foreign_keys=envelope_id, back_populates="envelope_lines")
    document: Mapped[IncomingDocument | None] = relationship(foreign_keys=document_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """For those who see the envelope, as far as cleared for it and for the paper the line became."""
        from models.documents import cleared_papers
        from models.envelopes import Envelope, envelopes_of  # envelopes are made of their lines

        columns = Envelope.__table__.c
        cleared = columns.cover_secrecy.in_(actor.cleared)
        inside = among(cls.envelope_id, select(columns.id).where(envelopes_of(columns, actor), cleared))
        return and_(inside, or_(cls.document_id.is_(None), among(cls.document_id, cleared_papers(actor))))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The title is the paper's own once it is registered; before, it is for those who know what is inside."""
        from models.documents import IncomingDocument
        from models.envelopes import known_inside

        known = select(IncomingDocument.id).where(IncomingDocument.content_to(actor))
        unregistered = and_(cls.document_id.is_(None), among(cls.envelope_id, known_inside(actor)))
        return or_(unregistered, among(cls.document_id, known))

    def _grade(self) -> str | None:
        """The secrecy of what the line tells; None where the reader does not even know the paper."""
        if self.document_id is not None:
            return self.document.secrecy if self.document is not None else None
        return self.envelope.cover_secrecy if self.envelope is not None else None

    def indexed(self) -> bool:
        return self._grade() not in NOT_INDEXED

    def check(self) -> Iterator[tuple[str, str]]:
        if self.envelope is not None and self.envelope.state in ("refused", "reconciled"):
            yield (
                "envelope",
                _("The envelope is “%(state)s”; its list stays as it is.", state=self.envelope.state_label),
            )

    def differences(self) -> Iterator[str]:
        """What differs from the dispatch note or is not complete, as kinds of defect."""
        if self.copies_noted is not None and self.copies_found != self.copies_noted:
            yield "copies"
        if not self.bound:
            yield "unbound"
        if not self.pages_complete:
            yield "missing_pages"
        if not self.formalities:
            yield "formalities"

    def __str__(self) -> str:
        named = self.title if self._grade() in ORDINARY else self.sender_no or self.id or ""
        return f"{self.envelope or ''}: {named}"
