"""The notes on a dispatch order 派工单三点意见: what they say for each kind of ticket, as rows of the office.

H1 has three for requests for help. Where the caller is not to be sought, another text stands in the place of note 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Mapped, Session

from app.engine import access, fields
from app.engine.record import Record
from models.ticket_words import KINDS

#: What a text may leave open: the hours until the limit, and the limit.
GAPS = ("hours", "limit")


class NoteTemplate(Record, Model):
    """The notes that orders about one kind of ticket carry, and which of them must be ticked before one goes out."""

    __tablename__ = "note_template"
    kind_name = "note_templates"
    label, label_plural = _l("Notes on dispatch orders"), _l("Notes on dispatch orders")
    visible_to = classmethod(access.everyone)

    ticket_kind: Mapped[str | None] = fields.word(
        _l("Kind of ticket"), KINDS, unique=True, help=_l("Empty: all others")
    )
    contact_text: Mapped[str | None] = fields.line(_l("Note 1 reads"), 300)
    reply_text: Mapped[str | None] = fields.line(
        _l("Note 2 reads"), 300, help=_l("{hours} stands for the hours that are left, {limit} for the limit.")
    )
    follow_text: Mapped[str | None] = fields.line(_l("Note 3 reads"), 300)
    relay_text: Mapped[str | None] = fields.line(
        _l("In place of note 1"), 300, help=_l("Where the caller is not to be sought: reports, anonymous, confidential")
    )
    contact_needed: Mapped[bool] = fields.flag(_l("Note 1 must be ticked"))
    reply_needed: Mapped[bool] = fields.flag(_l("Note 2 must be ticked"))
    follow_needed: Mapped[bool] = fields.flag(_l("Note 3 must be ticked"))
    source: Mapped[str | None] = fields.prose(_l("Source text"))
    ours: Mapped[bool] = fields.flag(_l("Our default"), help=_l("No text of the house says this."))

    def check(self) -> Iterator[tuple[str, str]]:
        if not any(getattr(self, name) for name in ("contact_text", "reply_text", "follow_text", "relay_text")):
            yield "contact_text", _("Write at least one of the notes.")
        for name in ("contact_text", "reply_text", "follow_text", "relay_text"):
            if not _well_formed(getattr(self, name) or ""):
                yield name, _("A note may leave {hours} and {limit} open, and has nothing else in braces.")

    def __str__(self) -> str:
        return str(KINDS.get(self.ticket_kind or "", _("All other kinds")))


def _well_formed(text: str) -> bool:
    try:
        return all(
            name is None or (name in GAPS and not form and not how)
            for _text, name, form, how in Formatter().parse(text)
        )
    except ValueError:
        return False


def template_for(session: Session, kind: str) -> NoteTemplate | None:
    """The row of a kind of ticket, else the one for all others; None where the office keeps neither."""
    query = select(NoteTemplate).where(or_(NoteTemplate.ticket_kind == kind, NoteTemplate.ticket_kind.is_(None)))
    with access.system(), session.no_autoflush:
        found = list(session.scalars(query.order_by(NoteTemplate.id)))
    return max(found, key=lambda row: row.ticket_kind is not None, default=None)


def worded(text: str | None, hours: int | None, limit: str) -> str | None:
    """A note with its gaps filled; None where there is none."""
    return text.format(hours="" if hours is None else hours, limit=limit) if text else None
