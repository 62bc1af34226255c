"""Conduct of the desk 行为规范检查: what is looked at each day and whether it was as it should be, after P1 and P2.

Switched off until a house wants it. The numbers are rows; rules for one sex alone are seeded switched off.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, UniqueConstraint, true
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, fields, history, rules
from app.engine.access import Actor
from app.engine.moments import today
from app.engine.record import Lines, Record
from app.engine.refusals import Invalid
from models.people import Person

IN_USE = rules.setting("conduct_checklist", _l("Conduct of the desk is checked"))
#: Roles that see everybody's sheets; the others see their own.
CHECKERS = ("shift_leader", "service_manager", "office_manager", "auditor")
WHOM = {"all": _l("Everybody"), "men": _l("Men"), "women": _l("Women")}


class ConductItem(Record, Model):
    """One thing that is looked at, with its limit if it has a number."""

    __tablename__ = "conduct_item"
    kind_name = "conduct_items"
    label, label_plural = _l("Conduct rule"), _l("Conduct rules")
    natural_key = "name"
    visible_to = classmethod(access.everyone)

    name: Mapped[str] = fields.line(_l("Name"), 200, required=True, unique=True, search=True)
    most: Mapped[Decimal | None] = fields.decimal("quantity", _l("At most"), least=Decimal(0))
    unit: Mapped[str | None] = fields.line(_l("Measured in"), 30)
    concerns: Mapped[str] = fields.choice(_l("Concerns"), WHOM, "whom_known", required=True, default="all")
    source: Mapped[str | None] = fields.prose(_l("Source text"), 2000)
    in_use: Mapped[bool] = fields.flag(_l("In use"), default=True)


class ConductSheet(Record, Model):
    """What was looked at with one person on one day."""

    __tablename__ = "conduct_sheet"
    __table_args__: Any = (UniqueConstraint("day", "person_id"), {})
    kind_name = "conduct_sheets"
    label, label_plural = _l("Conduct sheet"), _l("Conduct sheets")
    named_by = ("person",)
    lines = Lines("entries", ("item", "value", "in_order", "remark"))

    day: Mapped[date] = fields.day(_l("Day"), required=True, index=True)
    person_id: Mapped[int] = fields.reference(_l("Person looked at"), "person.id", required=True)
    checker_id: Mapped[int | None] = fields.reference(_l("Looked over by"), "person.id", derived=True)
    remark: Mapped[str | None] = fields.prose(_l("Remark"), 2000)

    person: Mapped[Person] = relationship(foreign_keys=person_id)
    checker: Mapped[Person | None] = relationship(foreign_keys=checker_id)
    entries: Mapped[list[ConductLine]] = relationship(
        back_populates="sheet", order_by="ConductLine.id", cascade="all, delete-orphan"
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*CHECKERS) else cls.person_id.in_(actor.person_ids)

    def prepare(self, session: Session) -> None:
        self._refuse_unused(session)
        own = history.doer().own_person_id
        if own is not None and not self.taken_over:
            self.checker = session.get(Person, own)

    def bring_along(self, session: Session) -> None:
        self._refuse_unused(session)

    def _refuse_unused(self, session: Session) -> None:
        if not rules.flag(session, IN_USE, None):
            sentence = _("This is switched off; the rule “%(rule)s” under Rules switches it on.", rule=IN_USE.label)
            raise Invalid({"": [sentence]})

    def check(self) -> Iterator[tuple[str, str]]:
        if self.day and self.day > today():
            yield "day", _("The day lies in the future.")
        for line in self.entries:
            if sentence := line.wrong():
                yield "", sentence

    def __str__(self) -> str:
        return f"{self.day} {self.person or ''}"


class ConductLine(Record, Model):
    """One item of a sheet."""

    __tablename__ = "conduct_line"
    kind_name = "conduct_lines"
    label, label_plural = _l("Item looked at"), _l("Items looked at")
    named_by = ("item",)

    sheet_id: Mapped[int] = fields.reference(_l("Conduct sheet"), "conduct_sheet.id", required=True)
    item_id: Mapped[int] = fields.reference(_l("Conduct rule"), "conduct_item.id", required=True)
    value: Mapped[Decimal | None] = fields.decimal("quantity", _l("Measured"), least=Decimal(0))
    in_order: Mapped[bool] = fields.flag(_l("As it should be"))
    remark: Mapped[str | None] = fields.line(_l("Remark"), 300)

    sheet: Mapped[ConductSheet] = relationship(foreign_keys=sheet_id, back_populates="entries")
    item: Mapped[ConductItem] = relationship(foreign_keys=item_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return access.open_to(ConductSheet, cls.sheet_id, actor)

    def wrong(self) -> str | None:
        """The sentence about a line that contradicts the limit of its item; None for one that does not."""
        most = self.item.most if self.item is not None else None
        if most is not None and self.value is not None and self.value > most and self.in_order:
            return _(
                "%(item)s: %(value)s is more than %(most)s and cannot be as it should be.",
                item=self.item.name,
                value=f"{self.value.normalize():f}",
                most=f"{most.normalize():f}{self.item.unit or ''}",
            )
        return None

    def __str__(self) -> str:
        return str(self.item or "")
