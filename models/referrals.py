"""The referral directory 转接目录: whom a caller is sent to when the matter is not this house's, emergencies first."""

from __future__ import annotations

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, fields
from app.engine.record import Record
from models.people import Department


class Referral(Record, Model):
    """One number callers are sent to, and for what."""

    __tablename__ = "referral"
    kind_name = "referrals"
    label, label_plural = _l("Referral"), _l("Referrals")
    natural_key = "name"
    visible_to = classmethod(access.everyone)

    name: Mapped[str] = fields.line(_l("Name"), 100, required=True, unique=True, search=True)
    number: Mapped[str] = fields.number(_l("Number to call"), 60, required=True, search=True)
    matters: Mapped[str] = fields.prose(_l("For which matters"), 2000, required=True, search=True)
    emergency: Mapped[bool] = fields.flag(
        _l("Emergency number"), help=_l("Stands first; the caller is sent there at once.")
    )
    owner_id: Mapped[int | None] = fields.reference(_l("Kept up by"), "department.id")
    in_use: Mapped[bool] = fields.flag(_l("In use"), default=True)
    source: Mapped[str | None] = fields.prose(_l("Source text"), 2000)

    owner: Mapped[Department | None] = relationship(foreign_keys=owner_id)

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @classmethod
    def emergencies(cls, session: Session) -> list[Referral]:
        """The emergency numbers in use, as the desk has them before it."""
        return list(session.scalars(select(cls).where(cls.emergency, cls.in_use).order_by(cls.number, cls.id)))

    @property
    def words(self) -> str:
        """What the caller is told, where nothing else was said."""
        return f"{self.name}：{self.number}"
