"""Attachments: which file belongs to which record. The content lies in the storage, under its digest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Index, false, select
from sqlalchemy.orm import Mapped, Session

from app.engine import access, fields
from app.engine.access import Actor
from app.engine.database import by_key
from app.engine.record import Record


class Attachment(Record, Model):
    """A file of a record. It has no door of its own: whoever may see the record reaches it through the record."""

    __tablename__ = "attachment"
    __table_args__: Any = (Index("ix_attachment_record", "record_kind", "record_id"), {})
    kind_name = "attachments"
    label, label_plural = _l("File"), _l("Files")

    record_kind: Mapped[str] = fields.line(_l("Records"), 40, required=True)
    record_id: Mapped[int] = fields.integer(_l("Record"), required=True)
    name: Mapped[str] = fields.line(_l("File name"), 255, required=True)
    size: Mapped[int] = fields.integer(_l("Size, bytes"), required=True)
    media_type: Mapped[str] = fields.line(_l("Type"), 120, required=True)
    digest: Mapped[str] = fields.line(_l("Digest"), 64, required=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return false()

    def __str__(self) -> str:
        return self.name


def drop(session: Session, those: Iterable[Any]) -> None:
    """Take the files of records away from them. The content nobody else has goes once that is stored."""
    with access.system(), session.no_autoflush:
        for record in those:
            own = Attachment.record_kind == record.kind_name, Attachment.record_id == record.id
            for file in session.scalars(select(Attachment).where(*own).execution_options(**by_key)):
                session.delete(file)
