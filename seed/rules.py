"""The limits a fresh installation starts with, each with the text it comes from."""

from __future__ import annotations

from decimal import Decimal

import chinese_calendar
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine.clocks import CalendarDay, ClockRule

#: record kind, stage, case, amount, unit, calendar, source, our own default
LIMITS = [
    (
        "incoming_documents",
        "proposal",
        None,
        24,
        "elapsed_hours",
        "office",
        "外部来文处理办法 第五条: 收到后24小时内提出拟办意见",
        False,
    ),
    ("incoming_documents", "instruction", None, 2, "working_days", "office", None, True),
    ("incoming_documents", "instruction", "urgent", 1, "working_days", "office", None, True),
    ("incoming_documents", "instruction", "extra_urgent", 1, "working_days", "office", None, True),
    (
        "incoming_documents",
        "handling",
        None,
        7,
        "calendar_days",
        "office",
        "外部来文处理办法 第五条: 无时限要求的一周内办毕",
        False,
    ),
    (
        "circulation_entries",
        "reading",
        None,
        10,
        "calendar_days",
        "office",
        "外部来文处理办法 第六条: 收到后十日内给出阅后意见",
        False,
    ),
]


def sow(session: Session) -> None:
    """Put in what is missing; rows the office has changed stay as they are."""
    if session.scalar(select(ClockRule.id).limit(1)) is None:
        for kind, stage, case, amount, unit, calendar, source, ours in LIMITS:
            session.add(
                ClockRule(
                    record_kind=kind, stage=stage, case=case, amount=Decimal(amount), unit=unit, calendar=calendar,
                    source=source, ours=ours,
                )
            )  # fmt: skip
    if session.scalar(select(CalendarDay.id).limit(1)) is None:
        sow_calendar(session)
    session.flush()


def sow_calendar(session: Session) -> None:
    """Every day on which the State Council's plan departs from the week, for all years the library knows."""
    days = {**chinese_calendar.holidays, **chinese_calendar.workdays}
    for day, name in sorted(days.items()):
        worked = day in chinese_calendar.workdays
        if worked or day.weekday() < 5:
            session.add(
                CalendarDay(day=day, worked=worked, name=str(name), source=f"国务院办公厅 {day.year} 年节假日安排")
            )
