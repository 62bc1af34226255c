"""How the daily ledger review is kept: days signed in time, and what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine.columns import Column
from app.engine.frames import Counted, Rows, frame, report
from app.engine.moments import now, today
from app.engine.office_calendar import working_calendar
from app.engine.periods import Period
from models.corrections import Correction
from models.daily_reviews import DailyReview, ReviewLine, opened_on
from models.ticket_words import SCHEMES

#: How a day was signed, or not; of the first there is a sheet.
SIGNED = ("on_time", "signed_late", "days_off_signed")
WAYS = (*SIGNED, "unsigned", "not_due")


@report(
    "daily_reviews",
    _l("Daily ledger reviews"),
    [
        Column("desk", _l("Desk"), "text"),
        Column("working_days", _l("Working days"), "integer", total=True),
        Column("on_time", _l("Ledger signed in time"), "integer", total=True),
        Column("on_time_rate", _l("Share signed in time"), "percent"),
        Column("signed_late", _l("Ledger signed late"), "integer", total=True, alarm=True),
        Column("unsigned", _l("Ledger not signed"), "integer", total=True),
        Column("not_due", _l("May still be signed in time"), "integer", total=True),
        Column("days_off_signed", _l("Days off, ledger signed"), "integer", total=True),
        Column("nonconforming", _l("Nonconformities"), "integer", total=True),
        Column("open", _l("Nonconformities not put right"), "integer", total=True),
        Column("overdue", _l("Nonconformities overdue"), "integer", total=True, alarm=True),
    ],
    basis=_l(
        "Days of the ledger in the period. Share: working days signed in time by all working days whose time to sign "
        "is over or that are signed. Days off, days before the desk's first ticket and today are left out."
    ),
    chart="on_time_rate",
    labels={"desk": SCHEMES},
)
def daily_reviews(session: Session, period: Period) -> Counted:
    """Days signed in time by working days, and nonconformities not put right or overdue, a line a desk.

    Behind days that were signed stand their sheets; a day that was not may have none, so that nothing stands there.
    """
    sheet = DailyReview
    columns = sheet.id, sheet.desk, sheet.day, sheet.state, sheet.signed_at, sheet.due_at
    sheets = frame(session, period.holds_day(select(*columns), sheet.day))
    # A figure tells nothing of the tickets behind the lines, so that it counts those of every line.
    line = ReviewLine.__table__
    wrong = (
        select(Correction.id, DailyReview.desk, Correction.state, Correction.due_at.label("at"))
        .join(line, Correction.line_id == line.c.id)
        .join(DailyReview, line.c.review_id == DailyReview.id)
    )
    found = frame(session, period.holds_day(wrong, DailyReview.day))
    due = pd.to_datetime(found["at"], utc=True)
    found = found.assign(
        nonconforming=1, open=found["state"].ne("verified"), overdue=found["state"].eq("open") & (due < now())
    )
    rows: list[dict[str, Any]] = []
    signed: list[tuple[Any, ...]] = []
    for desk, first in opened_on(session).items():
        days = list(_days(session, _span(first, period), sheets[sheets["desk"] == desk].to_dict("records")))
        counts = Counter(way for way, _key in days)
        over = sum(counts[way] for way in ("on_time", "signed_late", "unsigned"))
        faults = found[found["desk"] == desk]
        sums = {name: faults[name].sum() for name in ("nonconforming", "open", "overdue")}
        rate = counts["on_time"] / over if over else None
        ways = {way: counts[way] for way in WAYS}
        rows.append({"desk": desk, "working_days": over, "on_time_rate": rate, **ways, **sums})
        signed += [(desk, key, *(way == one for one in SIGNED)) for way, key in days if way in SIGNED]
    table = pd.DataFrame(rows, columns=[
        "desk", "working_days", "on_time", "on_time_rate", "signed_late", "unsigned", "not_due", "days_off_signed",
        "nonconforming", "open", "overdue",
    ])  # fmt: skip
    days_signed = pd.DataFrame(signed, columns=["desk", "id", *SIGNED])
    return Counted(table, [
        Rows(DailyReview, days_signed, {**{way: way for way in SIGNED}, "on_time_rate": "on_time"}),
        Rows(Correction, found, {name: name for name in ("nonconforming", "open", "overdue")}),
    ])  # fmt: skip


def _span(first: date, period: Period) -> list[date]:
    """The days of the period from a desk's first ticket to yesterday."""
    begins = max(first, period.first or first)
    ends = min(period.last or today(), today() - timedelta(days=1))
    return [begins + timedelta(days=n) for n in range((ends - begins).days + 1)]


def _days(session: Session, span: Iterable[date], sheets: list[dict[Any, Any]]) -> Iterator[tuple[str, int | None]]:
    """How each day was signed, and the key of its sheet; a working day without a sheet is an unsigned one."""
    calendar, known = working_calendar(session), {sheet["day"]: sheet for sheet in sheets}
    for day in span:
        sheet = known.get(day)
        signed_at = _moment(sheet["signed_at"]) if sheet else None
        due_at = _moment(sheet["due_at"]) if sheet else calendar.closing(calendar.working_days(day, 1))
        key = sheet["id"] if sheet else None
        if signed_at is not None:
            in_time = due_at is None or signed_at <= due_at
            yield ("on_time" if in_time else "signed_late") if calendar.is_working_day(day) else "days_off_signed", key
        elif calendar.is_working_day(day):
            yield "unsigned" if due_at is not None and due_at < now() else "not_due", key


def _moment(value: Any) -> datetime | None:
    """A cell of a frame as a moment: a gap is none."""
    return None if value is None or value is pd.NaT else pd.Timestamp(value).to_pydatetime()
