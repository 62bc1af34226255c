"""Correspondents 来文单位: the organs and firms whose papers come in."""

from __future__ import annotations

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Mapped

from app.engine import access, fields
from app.engine.bin import Binned


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
