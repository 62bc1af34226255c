"""Procedures of the desk: the documents P1 names for each kind of matter, kept here as the office writes them.

P1 4.2 names four of them (首问责任制, 客户投诉, 报修, 有偿服务) without their texts, so a fresh installation holds
their names and sources and not one rule of our own.
"""

from __future__ import annotations

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Mapped, Session

from app.engine import access, fields
from app.engine.record import Record
from models.ticket_words import KINDS


class DeskProcedure(Record, Model):
    """One named procedure and the kind of ticket it is for."""

    __tablename__ = "desk_procedure"
    kind_name = "desk_procedures"
    label, label_plural = _l("Procedure of the desk"), _l("Procedures of the desk")
    natural_key = "name"
    visible_to = classmethod(access.everyone)

    name: Mapped[str] = fields.line(_l("Name of the procedure"), 200, required=True, unique=True, search=True)
    kind: Mapped[str | None] = fields.choice(_l("Kind"), KINDS, "procedure_kind_known", help=_l("Empty: every kind"))
    text: Mapped[str | None] = fields.prose(_l("Text"), search=True, help=_l("Empty until the office enters its own."))
    source: Mapped[str | None] = fields.prose(_l("Source text"), 2000)


def procedures_for(session: Session, kind: str) -> list[DeskProcedure]:
    """The procedures of a kind of ticket, those of that kind alone first."""
    query = select(DeskProcedure).where(or_(DeskProcedure.kind == kind, DeskProcedure.kind.is_(None)))
    return list(session.scalars(query.order_by(DeskProcedure.kind.is_(None), DeskProcedure.id)))
