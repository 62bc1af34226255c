"""Attachments: which file belongs to which record. The content lies in the storage, under its digest."""

from __future__ import annotations

from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Index, false
from sqlalchemy.orm import Mapped

from app.engine import fields
from app.engine.access import Actor
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
