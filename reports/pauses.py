"""Pauses 暂停: what the limits of closed papers and tickets stood still for, and how long (tickets-orders.md 7.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.engine.clocks import ClockRow, ClockSegment
from app.engine.columns import Column
from app.engine.frames import Counted, Rows, frame, month_of, report
from app.engine.history import HistoryEntry
from app.engine.periods import Period
from app.engine.spans import Hours
from models.documents import URGENCY, IncomingDocument
from models.extensions import CAUSES
from models.people import Department
from models.ticket_words import KINDS, WAITING_FOR
from models.tickets import ServiceTicket
from reports.counting import HOURS, share, without_few
from reports.ticket_ways import closed_at, closings

_CLOSING = HistoryEntry.__table__.alias("closing")


@dataclass(frozen=True)
class Subject:
    """Whose clock counts, what its records are told apart by, and when one was closed."""

    label: Any
    model: Any
    stage: str
    kind: Any
    closed: Any
    joined: Callable[[Any], Any] = lambda query: query


SUBJECTS = {
    "tickets": Subject(
        _l("Service tickets"), ServiceTicket, "parent", ServiceTicket.kind, closed_at(_CLOSING.c),
        lambda query: closings(query, _CLOSING),
    ),
    "documents": Subject(
        _l("Documents"), IncomingDocument, "handling", IncomingDocument.urgency, IncomingDocument.closed_at
    ),
}  # fmt: skip


def _pauses(subject: Subject, period: Period) -> Any:
    """One row for each time a clock stood still in the life of a record closed in the period, in all rounds."""
    model, clock, segment = subject.model, ClockRow, ClockSegment
    query = select(
        model.id, subject.closed.label("at"), segment.reason, subject.kind.label("kind"),
        Department.name.label("department"), Hours(segment.begins_at, segment.ends_at).label("hours"),
    ).select_from(model)  # fmt: skip
    counts = and_(clock.kind == model.kind_name, clock.record_id == model.id, clock.stage == subject.stage)
    query = subject.joined(query).join(clock, counts).join(segment, segment.clock_id == clock.id)
    query = query.join(Department, model.department_id == Department.id, isouter=True)
    query = query.where(
        segment.running.is_(False), segment.ends_at <= subject.closed, model.state.not_in(model.flow.uncounted_states)
    )
    return period.holds(query, subject.closed)


@report(
    "pauses",
    _l("What limits stood still for"),
    [
        Column("reason", _l("Waited for"), "choice"),
        Column("kind", _l("Kind"), "text"),
        Column("department", _l("Department"), "text"),
        Column("month", _l("Month"), "text"),
        Column("records", _l("Records that waited"), "integer"),
        Column("pauses", _l("Pauses"), "integer", total=True),
        Column("hours", _l("Hours the limit stood still"), "hours", total=True),
        Column("share", _l("Share of all these hours"), "percent"),
        Column("median_hours", _l("Median of a pause, hours"), "hours"),
    ],
    basis=_l(
        "Tickets closed in the period, each time it happened, or papers by their last closing; void, merged and "
        "returned ones left out. Counted are the pauses of the limit of the answer, or of handling, in all rounds "
        "until the closing; the longest come first. Fewer than five reports of wrongdoing are not counted out."
    ),
    groups=("reason", "kind", "department", "month"),
    subjects={name: subject.label for name, subject in SUBJECTS.items()},
    chart="hours",
    labels={"reason": {"": _l("No reason kept"), **WAITING_FOR, **CAUSES}, "kind": {**URGENCY, **KINDS}},
)
def pauses(session: Session, period: Period, by: list[str], of: str) -> Counted:
    """One row a reason, kind, department or month: records that waited, how often, for how many hours, and the median.

    A record stands behind a figure once for each of its pauses; behind the records once.
    """
    subject = SUBJECTS[of]
    table = frame(session, _pauses(subject, period))
    table["month"], table["hours"] = month_of(table["at"]), table["hours"].astype(float)
    groups = table.fillna(dict.fromkeys(by, "")).groupby(by, sort=True)
    found = groups["id"].nunique().rename("records").to_frame()
    found["pauses"], found["hours"], found["median_hours"] = (
        groups.size(), groups["hours"].sum(), groups["hours"].median()
    )  # fmt: skip
    told = without_few(found.reset_index(), by, "records")
    hours, median = (told[name].astype(float) for name in ("hours", "median_hours"))
    told = told.assign(share=share(hours, hours.sum()), hours=hours.round(2), median_hours=median.round(2))
    told = told.sort_values("hours", ascending=False, kind="stable", ignore_index=True)
    figures = {"records": "", "pauses": "", "hours": "hours", "share": "hours", "median_hours": ""}
    return Counted(told, [Rows(subject.model, table, figures, once=("records",), measures=(HOURS,))])
