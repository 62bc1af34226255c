"""Turnaround and overdue: how long things take, and what is late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from app.engine.clocks import ClockRow
from app.engine.columns import Column
from app.engine.database import as_stored
from app.engine.frames import Counted, Rows, frame, long_frame, month_of, report
from app.engine.moments import now
from app.engine.office_calendar import working_calendar
from app.engine.periods import Period
from models.documents import URGENCY, IncomingDocument
from models.orders import PAYMENT_TYPES, Order
from models.people import Department
from models.ticket_words import KINDS as TICKET_KINDS
from models.tickets import ServiceTicket
from reports.counting import HOURS, WORKING_HOURS, without_few


@dataclass(frozen=True)
class Subject:
    """What turnaround and overdue count: a model, its first and last moment, and what it is called."""

    model: Any
    label: Any
    begins: str
    ends: str
    kind: str | None = None


SUBJECTS = {
    "documents": Subject(IncomingDocument, _l("Documents"), "received_at", "closed_at", "urgency"),
    "orders": Subject(Order, _l("Orders"), "placed_at", "shipped_at", "payment_type"),
    "tickets": Subject(ServiceTicket, _l("Service tickets"), "received_at", "closed_at", "kind"),
}

#: What the stages of all these flows are called.
STAGES = {"total": _l("From beginning to end")} | {
    stage: clock.label for subject in SUBJECTS.values() for stage, clock in subject.model.flow.clocks.items()
}

_FIGURES = [
    Column("count", _l("Closed"), "integer", total=True, repeats_by="stage"),
    Column("median_hours", _l("Median, hours"), "hours"),
    Column("mean_hours", _l("Mean, hours"), "hours"),
    Column("p90_hours", _l("90th percentile, hours"), "hours"),
    Column("median_working_hours", _l("Median, working hours"), "hours"),
    Column("mean_working_hours", _l("Mean, working hours"), "hours"),
    Column("p90_working_hours", _l("90th percentile, working hours"), "hours"),
]
_GROUPS = [
    Column("department", _l("Department"), "text"),
    Column("month", _l("Month"), "text"),
    Column("kind", _l("Kind"), "text"),
    Column("stage", _l("Stage"), "text"),
]


def _by_department(query: Any, model: Any) -> Any:
    return query.join(Department, model.department_id == Department.id, isouter=True)


def _whole(session: Session, period: Period, subject: Subject) -> pd.DataFrame:
    """One row a closed record: `department`, `kind`, `begins`, `ends`."""
    model = subject.model
    begins, ends = getattr(model, subject.begins), getattr(model, subject.ends)
    query = _by_department(_columns(subject, begins, ends), model)
    query = query.where(begins.is_not(None), ends.is_not(None), model.state.not_in(model.flow.uncounted_states))
    return long_frame(session, period.holds(query, ends))


def _stages(session: Session, period: Period, subject: Subject) -> pd.DataFrame:
    """One row a stopped clock, with its `stage`; clocks of void records are left out."""
    model, clock = subject.model, ClockRow
    query = _columns(subject, clock.started_at, clock.stopped_at).add_columns(clock.stage)
    query = query.select_from(model).join(clock, (clock.kind == model.kind_name) & (clock.record_id == model.id))
    query = _by_department(query, model).where(clock.state.in_(("met", "missed")))
    return long_frame(session, period.holds(query, clock.stopped_at))


def _columns(subject: Subject, begins: Any, ends: Any) -> Any:
    kind = as_stored(getattr(subject.model, subject.kind)) if subject.kind else literal("")
    return select(
        subject.model.id, Department.name.label("department"), kind.label("kind"),
        as_stored(begins).label("begins"), as_stored(ends).label("ends"),
    )  # fmt: skip


@report(
    "turnaround",
    _l("Turnaround"),
    [*_GROUPS, *_FIGURES],
    basis=_l(
        "What was closed in the period, from receipt to closing; the month is the month of closing. "
        "Void, returned and withdrawn records are left out."
    ),
    groups=("department", "month", "kind", "stage"),
    subjects={name: subject.label for name, subject in SUBJECTS.items()},
    chart="median_hours",
    labels={"kind": {**URGENCY, **TICKET_KINDS, **PAYMENT_TYPES}, "stage": STAGES},
)  # fmt: skip
def turnaround(session: Session, period: Period, by: list[str], of: str) -> Counted:
    """How long closed records took: median, mean and 90th percentile, by the clock and in working time.

    Behind each of these stand all the records it was taken from; of a stage, one for each time it was gone through.
    """
    subject = SUBJECTS[of]
    table = _whole(session, period, subject).assign(stage="total")
    if "stage" in by:
        table = pd.concat([table, _stages(session, period, subject)], ignore_index=True)
    table["month"] = month_of(table["ends"])
    starts, stops = (pd.to_datetime(table[name], utc=True) for name in ("begins", "ends"))
    table["at"] = stops
    table["hours"] = (stops - starts).dt.total_seconds() / 3600
    table["working_hours"] = working_calendar(session).working_seconds_column(starts, stops) / 3600
    groups = table.fillna(dict.fromkeys(by, "")).groupby(by, sort=True)
    figures = {"count": groups.size()}
    for name in ("hours", "working_hours"):
        figures[f"median_{name}"] = groups[name].median().round(2)
        figures[f"mean_{name}"] = groups[name].mean().round(2)
        figures[f"p90_{name}"] = groups[name].quantile(0.9).round(2)
    told = without_few(pd.DataFrame(figures).reset_index(), by, "count")
    return Counted(told, [Rows(subject.model, table, dict.fromkeys(figures, ""), measures=(HOURS, WORKING_HOURS))])


@report(
    "overdue",
    _l("Overdue"),
    [
        Column("department", _l("Department"), "text"),
        Column("record_kind", _l("Records"), "text"),
        Column("open", _l("Open"), "integer", total=True),
        Column("overdue", _l("Overdue"), "integer", total=True, alarm=True),
        Column("overdue_1_3", _l("1–3 days"), "integer", total=True),
        Column("overdue_4_7", _l("4–7 days"), "integer", total=True),
        Column("overdue_8_plus", _l("8 days and more"), "integer", total=True),
        Column("longest_days", _l("Longest, days"), "integer"),
    ],
    basis=_l(
        "What is open now, of what began in the period: was received or placed. Days overdue are begun days since the "
        "deadline."
    ),
    chart="overdue",
    labels={"record_kind": {name: subject.label for name, subject in SUBJECTS.items()}},
)
def overdue(session: Session, period: Period) -> Counted:
    """What is open and what of it is late, by department and kind of record."""
    moment = now()
    parts = []
    for name, subject in SUBJECTS.items():
        model = subject.model
        query = _by_department(select(model.id, Department.name.label("department"), model.due_at.label("at")), model)
        part = frame(session, period.holds(query.where(model.pending()), getattr(model, subject.begins)))
        part["record_kind"] = name
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    late = (pd.Timestamp(moment) - pd.to_datetime(table["at"], utc=True)).dt.total_seconds() / 86400
    table["days"] = late.where(late > 0).apply(lambda days: -(-days // 1) if days == days else days)
    days = table["days"]
    table["open"] = 1
    table["overdue"] = days.notna().astype(int)
    table["overdue_1_3"] = days.between(1, 3).astype(int)
    table["overdue_4_7"] = days.between(4, 7).astype(int)
    table["overdue_8_plus"] = (days >= 8).astype(int)
    table["department"] = table["department"].fillna("")
    groups = table.groupby(["department", "record_kind"], sort=True)
    counts = ["open", "overdue", "overdue_1_3", "overdue_4_7", "overdue_8_plus"]
    counted = groups[counts].sum()
    counted["longest_days"] = groups["days"].max().fillna(0).astype(int)
    opens = {**{name: name for name in counts}, "longest_days": "overdue"}
    of_kind = [(subject.model, table[table["record_kind"] == name]) for name, subject in SUBJECTS.items()]
    days_over = (Column("days", _l("Days overdue"), "integer"),)
    return Counted(counted.reset_index(), [Rows(model, lines, opens, measures=days_over) for model, lines in of_kind])
