"""How the daily ledger review is kept: days signed in time, and what it found."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine.columns import Column
from app.engine.frames import Period, frame, report
from app.engine.moments import now, today
from app.engine.office_calendar import working_calendar
from models.corrections import Correction
from models.daily_reviews import DailyReview, ReviewLine, opened_on
from models.ticket_words import SCHEMES


@report(
    "daily_reviews",
    _l("Daily ledger reviews"),
    [
        Column("desk", _l("Desk"), "text"),
        Column("working_days", _l("Working days"), "integer", total=True),
        Column("on_time", _l("Ledger signed in time"), "integer", total=True),
        Column("on_time_rate", _l("Share signed in time"), "percent"),
        Column("signed_late", _l("Ledger signed late"), "integer", total=True),
        Column("unsigned", _l("Ledger not signed"), "integer", total=True),
        Column("not_due", _l("May still be signed in time"), "integer", total=True),
        Column("days_off_signed", _l("Days off, ledger signed"), "integer", total=True),
        Column("nonconforming", _l("Nonconformities"), "integer", total=True),
        Column("open", _l("Nonconformities not put right"), "integer", total=True),
        Column("overdue", _l("Nonconformities overdue"), "integer", total=True),
    ],
    basis=_l(
        "Days of the ledger in the period. Share: working days signed in time by all working days whose time to sign "
        "is over or that are signed. Days off, days before the desk's first ticket and today are left out."
    ),
    chart="on_time_rate",
    labels={"desk": SCHEMES},
)
def daily_reviews(session: Session, period: Period) -> pd.DataFrame:
    """Days signed in time by working days, and nonconformities not put right or overdue, a line a desk."""
    columns = DailyReview.desk, DailyReview.day, DailyReview.state, DailyReview.signed_at, DailyReview.due_at
    sheets = frame(session, period.holds_day(select(*columns), DailyReview.day))
    # A figure tells nothing of the tickets behind the lines, so that it counts those of every line.
    line = ReviewLine.__table__
    wrong = (
        select(DailyReview.desk, Correction.state, Correction.due_at)
        .join(line, Correction.line_id == line.c.id)
        .join(DailyReview, line.c.review_id == DailyReview.id)
    )
    found = frame(session, period.holds_day(wrong, DailyReview.day))
    rows = [
        {"desk": desk, **_days(session, _span(first, period), sheets[sheets["desk"] == desk].to_dict("records"))}
        | _nonconformities(found[found["desk"] == desk].to_dict("records"))
        for desk, first in opened_on(session).items()
    ]
    return pd.DataFrame(rows, columns=[
        "desk", "working_days", "on_time", "on_time_rate", "signed_late", "unsigned", "not_due", "days_off_signed",
        "nonconforming", "open", "overdue",
    ])  # fmt: skip


def _span(first: date, period: Period) -> list[date]:
    """The days of the period from a desk's first ticket to yesterday."""
    begins = max(first, period.first or first)
    ends = min(period.last or today(), today() - timedelta(days=1))
    return [begins + timedelta(days=n) for n in range((ends - begins).days + 1)]


def _days(session: Session, span: Iterable[date], sheets: list[dict[Any, Any]]) -> dict[str, Any]:
    """How many working days there were and how they were signed; a day without a sheet is an unsigned one."""
    calendar, known = working_calendar(session), {sheet["day"]: sheet for sheet in sheets}
    counts = dict.fromkeys(("on_time", "signed_late", "unsigned", "not_due", "days_off_signed"), 0)
    for day in span:
        sheet = known.get(day)
        signed_at = _moment(sheet["signed_at"]) if sheet else None
        due_at = _moment(sheet["due_at"]) if sheet else calendar.closing(calendar.working_days(day, 1))
        if not calendar.is_working_day(day):
            counts["days_off_signed"] += signed_at is not None
        elif signed_at is not None:
            counts["on_time" if due_at is None or signed_at <= due_at else "signed_late"] += 1
        else:
            counts["unsigned" if due_at is not None and due_at < now() else "not_due"] += 1
    over = counts["on_time"] + counts["signed_late"] + counts["unsigned"]
    return {"working_days": over, "on_time_rate": counts["on_time"] / over if over else None, **counts}


def _nonconformities(found: list[dict[Any, Any]]) -> dict[str, int]:
    unfinished = [one for one in found if one["state"] != "verified"]
    late = [one for one in unfinished if one["state"] == "open" and (due := _moment(one["due_at"])) and due < now()]
    return {"nonconforming": len(found), "open": len(unfinished), "overdue": len(late)}


def _moment(value: Any) -> datetime | None:
    """A cell of a frame as a moment: a gap is none."""
    return None if value is None or value is pd.NaT else pd.Timestamp(value).to_pydatetime()
