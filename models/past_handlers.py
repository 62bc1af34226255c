"""Former handlers: who once had a paper on their desk and has it no more; written down as handlers change."""

from __future__ import annotations

from typing import Any

from flask_appbuilder import Model
from sqlalchemy import ForeignKey, event, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine import changes


class PastHandler(Model):
    """One person who handled one paper: of all rights to it, the register line is left to them."""

    __tablename__ = "past_handler"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("incoming_document.id"), primary_key=True, index=True)


def remember_handlers(model: Any, paper: str) -> None:
    """Write down whoever is replaced as handler of a `model`; `paper` is its column with the key of the document."""

    @event.listens_for(Session, "after_flush")
    def remember(session: Session, context: Any) -> None:
        replaced = {
            (person, getattr(record, paper))
            for record in session.dirty
            if isinstance(record, model)
            for person in changes.past(record, "handler_id").deleted or ()
            if person is not None
        }
        for person_id, document_id in sorted(replaced):
            known = select(PastHandler.person_id).filter_by(person_id=person_id, document_id=document_id)
            if session.scalar(known) is None:
                session.execute(insert(PastHandler), [{"person_id": person_id, "document_id": document_id}])
