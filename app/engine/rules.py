"""Rules of the house as rows: what a text prescribes, profile by profile, with its source and the days it holds.

A domain declares a `setting` with its meaning and the value that holds where no row says otherwise; rows give the value
for one profile (a set of rules a register book or a desk works by) or for all. A record is judged by the row in force
on the day it is asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Date, Index, bindparam, func, or_, select
from sqlalchemy.orm import Mapped, Session

from app.engine import access, fields
from app.engine.moments import today
from app.engine.record import Record
from app.engine.remembered import remembered

#: profile -> what it is called; filled by the domain that keeps them
PROFILES: dict[str, Any] = {}
#: setting -> what it is called, as its row shows it
LABELS: dict[str, Any] = {}
SETTINGS: dict[str, Setting] = {}

_YES, _NO = "yes", "no"


@dataclass(frozen=True)
class Setting:
    """One thing that profiles settle differently.

    `kind`: flag, number, month_day (01-15), words (free), choice or list (of choices).
    """

    name: str
    label: Any
    kind: str
    default: str
    choices: Mapping[str, Any] | None = None

    def wrong(self, value: str) -> str | None:
        """The sentence about a value that does not fit; None for one that does."""
        words = [word.strip() for word in value.split(",") if word.strip()] if self.kind == "list" else [value.strip()]
        allowed: Mapping[str, Any] | None = {_YES: "", _NO: ""} if self.kind == "flag" else self.choices
        if allowed is not None and (unknown := [word for word in words if word not in allowed]):
            return _("“%(text)s” is not one of: %(choices)s.", text=unknown[0][:40], choices=", ".join(allowed))
        if self.kind == "number":
            try:
                if not Decimal(value).is_finite():
                    raise InvalidOperation
            except InvalidOperation:
                return _("“%(text)s” is not a number.", text=value[:40])
        if self.kind == "month_day" and _month_day(value) is None:
            return _("“%(text)s” is not a day of the year; write it like 01-15.", text=value[:40])
        return None


def _month_day(value: str) -> tuple[int, int] | None:
    try:
        day = date.fromisoformat(f"2000-{value.strip()}")  # a leap year knows every day there is
    except ValueError:
        return None
    return day.month, day.day


def setting(
    name: str, label: Any, kind: str = "flag", default: str = _NO, choices: Mapping[str, Any] | None = None
) -> Setting:
    """Declare a setting. Raises `ValueError` for a name declared twice or a default that does not fit."""
    if name in SETTINGS:
        raise ValueError(f"the setting {name} is declared twice")
    SETTINGS[name] = declared = Setting(name, label, kind, default, choices)
    LABELS[name] = label
    return declared


class Rule(Record, Model):
    """What one profile prescribes, by which text, from when to when."""

    __tablename__ = "rule"
    __table_args__: Any = (Index("ix_rule_setting_profile", "setting", "profile"), {})
    kind_name = "rules"
    label, label_plural = _l("Rule"), _l("Rules")
    visible_to = classmethod(access.everyone)

    setting: Mapped[str] = fields.word(_l("Rule"), LABELS, required=True, search=True)
    profile: Mapped[str | None] = fields.word(_l("Profile"), PROFILES, help=_l("Empty: all others"))
    value: Mapped[str] = fields.line(_l("Value"), 300, required=True, help=_l("yes or no, a number, or listed words"))
    source: Mapped[str | None] = fields.prose(_l("Source text"), search=True)
    ours: Mapped[bool] = fields.flag(_l("Our default"), help=_l("No text of the house says this."))
    valid_from: Mapped[date | None] = fields.day(_l("Valid from"))
    valid_to: Mapped[date | None] = fields.day(_l("Valid to"))

    def check(self) -> Iterator[tuple[str, str]]:
        about = SETTINGS.get(self.setting)
        if about is not None and self.value and (sentence := about.wrong(self.value)):
            yield "value", sentence
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            yield "valid_to", _("The rule ends before it begins.")

    def __str__(self) -> str:
        return str(LABELS.get(self.setting, self.setting))


def _rows(session: Session) -> list[Any]:
    with access.system(), session.no_autoflush:
        query = select(Rule.id, Rule.setting, Rule.profile, Rule.value, Rule.source, Rule.valid_from, Rule.valid_to)
        return list(session.execute(query))


def _in_force(session: Session, name: str, profile: str | None, on: date) -> Any:
    """The row that holds on a day: one of the very profile before one for all, the newest before older ones."""
    rows = remembered(session, Rule, lambda: _rows(session))
    found = [
        row
        for row in rows
        if row.setting == name
        and row.profile in (None, profile)
        and (row.valid_from is None or row.valid_from <= on)
        and (row.valid_to is None or on < row.valid_to)
    ]
    return max(found, key=lambda row: (row.profile is not None, row.valid_from or date.min, row.id), default=None)


def value(session: Session, about: Setting, profile: str | None, on: date | None = None) -> str:
    """What holds for a profile on a day (today), as text: the usual, too, where a row has what its form refuses."""
    row = _in_force(session, about.name, profile, on or today())
    return about.default if row is None or about.wrong(row.value) else row.value.strip()


def flag(session: Session, about: Setting, profile: str | None, on: date | None = None) -> bool:
    """Whether a switch is on."""
    return value(session, about, profile, on) == _YES


def holds(about: Setting, profile: Any) -> ColumnElement[bool]:
    """The SQL condition that a switch is on today for the profile in a column, as `flag` tells it for one profile."""
    row, day = Rule.__table__.c, bindparam(None, callable_=today, type_=Date, unique=True)
    in_force = (
        select(func.trim(row.value))
        .where(
            row.setting == about.name,
            or_(row.profile.is_(None), row.profile == profile),
            or_(row.valid_from.is_(None), row.valid_from <= day),
            or_(row.valid_to.is_(None), row.valid_to > day),
        )
        .order_by(row.profile.is_(None), row.valid_from.is_(None), row.valid_from.desc(), row.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return in_force.is_distinct_from(_NO) if about.default == _YES else func.coalesce(in_force, _NO) == _YES


def number(session: Session, about: Setting, profile: str | None, on: date | None = None) -> Decimal:
    """A number, in the unit the setting's label names."""
    return Decimal(value(session, about, profile, on))


def month_day(session: Session, about: Setting, profile: str | None, on: date | None = None) -> tuple[int, int]:
    """A day of the year, as month and day."""
    return _month_day(value(session, about, profile, on)) or (1, 1)


def listed(session: Session, about: Setting, profile: str | None, on: date | None = None) -> list[str]:
    """The words of a list, in their order."""
    return [word.strip() for word in value(session, about, profile, on).split(",") if word.strip()]


def source(session: Session, about: Setting, profile: str | None, on: date | None = None) -> str | None:
    """The text a rule comes from; None where it is our own default."""
    row = _in_force(session, about.name, profile, on or today())
    return None if row is None else row.source
