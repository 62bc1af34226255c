"""The limits of the office as rows: which stage of which records, how long, by which text, from when to when."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, Session

from app.engine import access, fields
from app.engine.record import Record, kinds
from app.engine.remembered import remembered
from app.engine.rules import PROFILES

UNIT_LABELS = {
    "elapsed_hours": _l("hours by the clock"),
    "working_hours": _l("working hours"),
    "calendar_days": _l("calendar days"),
    "working_days": _l("working days"),
    "on_arrival": _l("on arrival, within the half-day"),
}
CALENDARS = {"office": _l("Office hours"), "always": _l("Round the clock")}


def _flows() -> list[Any]:
    return [cls for cls in kinds().values() if hasattr(cls, "flow") and cls.flow.clocks]


#: What records and stages are called, read off the flows.
KIND_LABELS = fields.Live(lambda: {cls.kind_name: cls.label_plural for cls in _flows()})
#: Where two flows have a stage of the same name, the first calls it.
STAGE_LABELS = fields.Live(
    lambda: {stage: c.label for cls in reversed(_flows()) for stage, c in cls.flow.clocks.items()}
)
#: What a limit depends on beside the stage is called, read off them, too.
CASE_LABELS = fields.Live(lambda: {word: label for cls in _flows() for word, label in cls.cases.items()})


class ClockRule(Record, Model):
    """One limit of the office: which stage of which records, how long, by which text, from when to when."""

    __tablename__ = "clock_rule"
    __table_args__: Any = (Index("ix_clock_rule_stage", "record_kind", "stage"), {})
    kind_name = "clock_rules"
    label, label_plural = _l("Limit"), _l("Limits")
    visible_to = classmethod(access.everyone)

    record_kind: Mapped[str] = fields.word(_l("Records"), KIND_LABELS, required=True, search=True)
    stage: Mapped[str] = fields.word(_l("Stage"), STAGE_LABELS, required=True, search=True)
    case: Mapped[str | None] = fields.word(_l("Case"), CASE_LABELS, help=_l("Urgency or kind; empty: all others"))
    profile: Mapped[str | None] = fields.word(_l("Profile"), PROFILES, help=_l("Empty: all others"))
    amount: Mapped[Decimal] = fields.decimal("quantity", _l("Amount"), required=True, least=Decimal(0))
    unit: Mapped[str] = fields.choice(_l("Unit"), UNIT_LABELS, "unit_known", required=True)
    calendar: Mapped[str] = fields.choice(_l("Calendar"), CALENDARS, "calendar_known", required=True, default="office")
    source: Mapped[str | None] = fields.prose(_l("Source text"), search=True)
    ours: Mapped[bool] = fields.flag(_l("Our default"), help=_l("No text of the house states this limit."))
    valid_from: Mapped[date | None] = fields.day(_l("Valid from"))
    valid_to: Mapped[date | None] = fields.day(_l("Valid to"))

    def __str__(self) -> str:
        case = CASE_LABELS.get(self.case, self.case) if self.case else ""
        return f"{STAGE_LABELS.get(self.stage, self.stage)} {case}".strip()


def rule_for(
    session: Session, kind: str, stage: str, case: str | None, on: date, profile: str | None = None
) -> ClockRule | None:
    """The limit in force on a day; one for the very profile and case goes before one for all."""
    with access.system():
        limits_known = remembered(session, ClockRule, lambda: list(session.scalars(select(ClockRule))))
    rules = [
        rule
        for rule in limits_known
        if rule.record_kind == kind
        and rule.stage == stage
        and rule.case in (None, case)
        and rule.profile in (None, profile)
        and (rule.valid_from is None or rule.valid_from <= on)
        and (rule.valid_to is None or rule.valid_to > on)
    ]
    return max(rules, key=_nearness, default=None)


def _nearness(rule: ClockRule) -> tuple[Any, ...]:
    return rule.profile is not None, rule.case is not None, rule.valid_from or date.min, rule.id
