"""Correspondents 来文单位: the organs and firms whose papers come in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, fields
from app.engine.bin import Binned
from models.people import Department
from models.registers import Register
from models.secrecy import SECRECY


class Correspondent(Binned, Model):
    """Somebody who writes to the office, with what their papers usually are."""

    __tablename__ = "correspondent"
    kind_name = "correspondents"
    label, label_plural = _l("Correspondent"), _l("Correspondents")
    natural_key = "name"
    also_known_by = ("short_name",)
    visible_to = classmethod(access.everyone)

    name: Mapped[str] = fields.line(_l("Name"), 200, required=True, unique=True, search=True)
    short_name: Mapped[str | None] = fields.line(_l("Short name"), 60, search=True)
    number_code: Mapped[str | None] = fields.line(
        _l("Number code"), 60, search=True, help=_l("As in 府办发〔2026〕12号")
    )
    address: Mapped[str | None] = fields.line(_l("Address"), 300)
    phone: Mapped[str | None] = fields.number(_l("Telephone"), 60)
    usual_secrecy: Mapped[str | None] = fields.choice(
        _l("Usual secrecy"), SECRECY, "usual_secrecy_known", help=_l("Empty: what most of the last papers have")
    )
    usual_department_id: Mapped[int | None] = fields.reference(
        _l("Usual department"), "department.id", help=_l("Empty: what most of the last papers have")
    )
    usual_register_id: Mapped[int | None] = fields.reference(
        _l("Usual register book"), "register.id", help=_l("Empty: what most of the last papers have")
    )
    usual_department: Mapped[Department | None] = relationship(foreign_keys=usual_department_id)
    usual_register: Mapped[Register | None] = relationship(foreign_keys=usual_register_id)

    @classmethod
    def fills(cls, session: Session, found: Sequence[Correspondent]) -> dict[int, dict[str, Any]]:
        from models.registration import usual_of  # papers know their senders, not the reverse

        return usual_of(session, found)
