"""Stage by stage 收文各环节用时: how long papers take from one event of their way to the next (documents.md R5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, case, exists, false, func, literal, not_, select, union_all
from sqlalchemy.orm import Session

from app.engine.clocks import MET, MISSED, ClockRow, ClockSegment
from app.engine.columns import Column
from app.engine.database import as_stored
from app.engine.figures import stood_still
from app.engine.frames import Counted, Rows, frame, long_frame, report
from app.engine.moments import now
from app.engine.office_calendar import working_calendar
from app.engine.periods import Period, ends
from app.engine.spans import Hours, part_of
from models.assignments import Assignment
from models.correspondents import Correspondent
from models.documents import URGENCY, IncomingDocument
from models.instructions import LeaderInstruction
from models.people import Department
from reports.counting import last_lead, share, with_pauses


def _of_lead(moment: str) -> Any:
    """A moment of the unit that leads on a paper, whoever sees its part of it."""
    desk = Assignment.__table__.alias("lead").c
    return last_lead(select(desk[moment]), desk)


def _last_signed() -> Any:
    line = LeaderInstruction.__table__.c
    query = select(func.max(line.signed_at)).where(line.document_id == IncomingDocument.id)
    return query.correlate(IncomingDocument).scalar_subquery()


@dataclass(frozen=True)
class Stage:
    """An event on a paper's way: its moment, the clock that limits the way to it, and in which states it is awaited."""

    label: Any
    moment: Any
    clock: str | None = None
    awaited: Any = None


_DELIVERED = _of_lead("received_at")
_AT_WORK = IncomingDocument.state.in_(("in_handling", "suspended"))
#: In the order of the way; a stage lasts from the last earlier event a paper has had.
STAGES = {
    "registered": Stage(_l("Registered"), IncomingDocument.created_at),
    "proposed": Stage(
        _l("Proposal signed"), IncomingDocument.proposed_at, "proposal",
        IncomingDocument.state.in_(("registered", "screened")),
    ),
    "instructed": Stage(
        _l("Last instruction signed"), _last_signed(), "instruction", IncomingDocument.state == "instructing"
    ),
    "delivered": Stage(_l("Delivered to the unit"), _DELIVERED, None, and_(_AT_WORK, _DELIVERED.is_(None))),
    "result": Stage(_l("Result in"), _of_lead("done_at"), "handling", and_(_AT_WORK, _DELIVERED.is_not(None))),
    "closed": Stage(
        _l("Closed"), IncomingDocument.closed_at, None, IncomingDocument.state.in_(("in_circulation", "result_in"))
    ),
    "answered": Stage(_l("Sender answered"), IncomingDocument.answered_sender_at),
}  # fmt: skip
#: The stages in which a paper may be suspended.
_WITH_THE_UNIT = ("delivered", "result")
#: After these two events nothing else is awaited of the paper: neither begins a stage.
_LAST = ("closed", "answered")
#: The events whose moment stands with the paper itself.
_OWN = {
    "registered": "created_at", "proposed": "proposed_at", "closed": "closed_at", "answered": "answered_sender_at",
}  # fmt: skip
_TOLD = {"department": Department.name, "urgency": IncomingDocument.urgency, "sender": Correspondent.name}


def _before(name: str) -> list[str]:
    """The events of which the last one begins a stage."""
    names = [one for one in STAGES if one not in _LAST]
    return names[: names.index(name)] if name in names else names


def _since(name: str) -> Any:
    """Where a stage begins: the last event before it that there was, else the receipt."""
    before, received = _before(name), IncomingDocument.received_at
    return func.coalesce(*(STAGES[one].moment for one in reversed(before)), received) if before else received


def _papers(*columns: Any) -> Any:
    """A query of papers in the house's figures; those of an older register were entered long after their events."""
    paper = IncomingDocument
    return (
        select(paper.id, *columns)
        .join(Department, paper.department_id == Department.id, isouter=True)
        .join(Correspondent, paper.sender_id == Correspondent.id, isouter=True)
        .where(paper.taken_over.is_(False), paper.state.not_in(paper.flow.uncounted_states))
    )


def _ran(stage: str, *states: str) -> Any:
    """Whether a paper has had a clock of a stage that ended so."""
    clock, paper = ClockRow.__table__.c, IncomingDocument
    own = and_(clock.kind == paper.kind_name, clock.record_id == paper.id, clock.stage == stage)
    return exists(select(clock.id).where(own, clock.state.in_(states)).correlate(paper))


def _suspended(since: Any, until: Any) -> Any:
    """The hours for which handling of a paper stood still between two moments."""
    clock, segment, paper = ClockRow.__table__.c, ClockSegment.__table__.c, IncomingDocument
    begun = case((segment.begins_at < since, since), else_=segment.begins_at)
    ended = case((segment.ends_at > until, until), else_=segment.ends_at)
    query = select(func.coalesce(func.sum(Hours(begun, ended)), 0.0)).where(
        clock.id == segment.clock_id, clock.kind == paper.kind_name, clock.record_id == paper.id,
        clock.stage == "handling", segment.running.is_(False), segment.ends_at <= paper.closed_at,
        segment.begins_at < until, segment.ends_at > since,
    )  # fmt: skip
    return query.correlate(paper).scalar_subquery()


def _passed(name: str, period: Period, told: Mapping[str, Any]) -> Any:
    """The papers closed in the period that went through a stage: one line each, its moment as `at`."""
    stage, since = STAGES[name], _since(name)
    judged = _ran(stage.clock, MET, MISSED) if stage.clock else false()
    within = and_(judged, not_(_ran(stage.clock, MISSED))) if stage.clock else false()
    query = _closed(
        period, literal(name).label("stage"), stage.moment.label("at"), *(of.label(one) for one, of in told.items()),
        case((judged, 1), else_=0).label("judged"), case((within, 1), else_=0).label("within"),
        (_suspended(since, stage.moment) if name in _WITH_THE_UNIT else literal(0.0)).label("suspended"),
    )  # fmt: skip
    return query.where(stage.moment >= since)


def _closed(period: Period, *columns: Any) -> Any:
    """`columns` of the papers closed in the period."""
    return period.holds(_papers(*columns).where(IncomingDocument.closed_at.is_not(None)), IncomingDocument.closed_at)


def _pauses(session: Session, period: Period) -> pd.DataFrame:
    """When handling stood still: `id`, `begins`, `ends` of each pause of the papers closed in the period."""
    query = with_pauses(_closed(period), IncomingDocument, "handling")
    return long_frame(session, query.where(ClockSegment.ends_at <= IncomingDocument.closed_at))


def _leads(period: Period) -> Any:
    """When the unit that leads had a paper and was done with it; of several hand-outs the last one counts."""
    desk, moments = Assignment.__table__.c, ("received_at", "done_at")
    query = _closed(period, *(as_stored(desk[one]).label(one) for one in moments))
    query = query.join(Assignment.__table__, desk.document_id == IncomingDocument.id)
    return query.where(desk.lead, desk.state != "called_off").order_by(desk.id)


def _signings(period: Period) -> Any:
    """When the last instruction on a paper was signed."""
    line = LeaderInstruction.__table__.c
    query = _closed(period, as_stored(func.max(line.signed_at)).label("signed_at"))
    query = query.join(LeaderInstruction.__table__, line.document_id == IncomingDocument.id)
    return query.where(line.signed_at.is_not(None)).group_by(IncomingDocument.id)


def _judged(period: Period, stage: str) -> Any:
    """Whether one of the clocks of a stage that ran on a paper was missed."""
    clock, paper = ClockRow.__table__.c, IncomingDocument
    own = and_(clock.kind == paper.kind_name, clock.record_id == paper.id, clock.stage == stage)
    query = _closed(period, func.max(case((clock.state == MISSED, 1), else_=0)).label("missed"))
    return query.join(ClockRow.__table__, own).where(clock.state.in_((MET, MISSED))).group_by(paper.id)


def _ways(session: Session, period: Period, told: Mapping[str, Any]) -> pd.DataFrame:
    """The papers closed in the period, a line each by key: the groups, the receipt, and the moment of each event.

    Put together of what each table has of them: asked for paper by paper it takes a minute for 300,000.
    """
    paper = IncomingDocument
    own = {"received": paper.received_at} | {name: getattr(paper, column) for name, column in _OWN.items()}
    columns = (*(of.label(one) for one, of in told.items()), *(as_stored(of).label(one) for one, of in own.items()))
    table = long_frame(session, _closed(period, *columns)).set_index("id").rename_axis(None)
    leads = long_frame(session, _leads(period)).drop_duplicates("id", keep="last").set_index("id")
    table["delivered"], table["result"] = leads["received_at"], leads["done_at"]
    table["instructed"] = long_frame(session, _signings(period)).set_index("id")["signed_at"]
    return table


def _took(
    session: Session, period: Period, name: str, told: Mapping[str, Any], ways: pd.DataFrame, pauses: pd.DataFrame
) -> pd.DataFrame:
    """The papers that went through a stage, with the hours it took them; a suspension is no part of these."""
    since = ways["received"]
    for before in _before(name):
        since = ways[before].fillna(since)
    passed = ways[name] >= since
    since, until = since[passed], ways[name][passed]
    table = ways.loc[passed, list(told)].assign(stage=name, suspended=0.0)
    calendar = working_calendar(session)
    table["hours"] = (until - since).dt.total_seconds() / 3600
    table["working"] = calendar.working_seconds_column(since, until) / 3600
    if name in _WITH_THE_UNIT:
        spans = pd.DataFrame({"since": since, "until": until})
        left_out = stood_still(calendar, spans, pauses).reindex(table.index, fill_value=0.0)
        table["suspended"] = left_out["hours"]
        table["hours"] -= left_out["hours"]
        table["working"] -= left_out["working_hours"]
    table["from_receipt"] = (until - ways["received"][passed]).dt.total_seconds() / 3600
    table["judged"] = table["within"] = 0
    if clock := STAGES[name].clock:
        missed = long_frame(session, _judged(period, clock)).set_index("id")["missed"].reindex(table.index)
        table["judged"], table["within"] = missed.notna().astype(int), missed.eq(0).astype(int)
    return table


def _figures(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The figures of closed papers, one row a group of `by`."""
    groups = table.fillna(dict.fromkeys(by, "")).groupby(list(by), sort=False)
    found = groups.size().rename("count").to_frame()
    for one in ("hours", "working", "from_receipt"):
        found[f"{one}_median"], found[f"{one}_p90"] = groups[one].median(), groups[one].quantile(0.9)
    sums = groups[["suspended", "judged", "within"]].sum()
    return found.join(sums.astype({"suspended": float, "judged": int, "within": int})).reset_index()


def _ages(session: Session, told: Mapping[str, Any], by: list[str], closed: pd.DataFrame) -> pd.DataFrame:
    """The papers in hand, a line each: the stage it is in, and whether it has been there longer than the median."""
    awaited = {name: stage.awaited for name, stage in STAGES.items() if stage.awaited is not None}
    where = case(*((condition, name) for name, condition in awaited.items()))
    since = case(*((condition, _since(name)) for name, condition in awaited.items()))
    query = _papers(where.label("stage"), since.label("at"), *(of.label(one) for one, of in told.items()))
    table = frame(session, query.where(IncomingDocument.pending(), where.is_not(None))).fillna(dict.fromkeys(by, ""))
    table = table.merge(closed[[*by, "hours_median"]], how="left", on=by)
    age = (pd.Timestamp(now()) - pd.to_datetime(table["at"], utc=True)).dt.total_seconds() / 3600
    return table.assign(open=1, longer=(age > table["hours_median"]).astype(int))


@report(
    "paper_stages",
    _l("Incoming papers stage by stage"),
    [
        Column("stage", _l("Stage"), "choice"),
        Column("department", _l("Department"), "text"),
        Column("urgency", _l("Urgency"), "text"),
        Column("sender", _l("Sender"), "text"),
        Column("month", _l("Month"), "text"),
        Column("count", _l("Closed papers that came so far"), "integer"),
        Column("hours_median", _l("Median, hours"), "hours"),
        Column("hours_p90", _l("90th percentile, hours"), "hours"),
        Column("working_median", _l("Median, working hours"), "hours"),
        Column("working_p90", _l("90th percentile, working hours"), "hours"),
        Column("suspended", _l("Hours suspended, left out"), "hours"),
        Column("from_receipt_median", _l("Since receipt: median, hours"), "hours"),
        Column("from_receipt_p90", _l("Since receipt: 90th percentile, hours"), "hours"),
        Column("judged", _l("With a limit"), "integer"),
        Column("within", _l("Of these within the limit"), "integer"),
        Column("within_share", _l("Share within the limit"), "percent"),
        Column("open", _l("Papers in this stage now"), "integer"),
        Column("longer", _l("Of these longer than the median"), "integer"),
    ],
    basis=_l(
        "Papers closed in the period, void, returned and withdrawn ones and those of older registers left out; each "
        "stage lasts from the last earlier event a paper has had, and is counted where its moments are in order. Time "
        "suspended is no part of handling. Within the limit: no clock of the stage was missed. In a stage now are the "
        "papers in hand, whenever received; by month there are none of these."
    ),
    groups=("stage", *_TOLD, "month"),
    chart="hours_median",
    labels={"stage": {name: stage.label for name, stage in STAGES.items()}, "urgency": URGENCY},
)
def paper_stages(session: Session, period: Period, by: list[str]) -> Counted:
    """One row a stage, and a department, urgency, sender or month: how many went through, how long it took, in time.

    The closed ones give the time, those in hand their age: how many have been in the stage longer than the median.
    """
    by = list(dict.fromkeys(("stage", *by)))
    closed = IncomingDocument.closed_at
    told: dict[str, Any] = {name: of for name, of in _TOLD.items() if name in by}
    if "month" in by:
        told["month"] = part_of("month", closed, *ends(session, closed, period))
    ways, pauses = _ways(session, period, told), _pauses(session, period)
    took = (_took(session, period, name, told, ways, pauses) for name in STAGES)
    found = pd.concat([_figures(one, by) for one in took], ignore_index=True)
    opens = {name: "" for name in found.columns if name not in by}
    opens |= {"suspended": "suspended", "judged": "judged", "within": "within", "within_share": "within"}
    lines = union_all(*(_passed(name, period, told) for name in STAGES)).subquery()
    rows = [Rows(IncomingDocument, select(lines), opens)]
    if "month" not in by:
        ages = _ages(session, told, by, found)
        found = found.merge(ages.groupby(by)[["open", "longer"]].sum().reset_index(), how="outer", on=by)
        rows.append(Rows(IncomingDocument, ages, {"open": "open", "longer": "longer"}))
    counts = [name for name in ("count", "judged", "within", "open", "longer") if name in found]
    found[counts] = found[counts].fillna(0).astype(int)
    found["within_share"] = share(found["within"], found["judged"])
    order = {name: number for number, name in enumerate(STAGES)}
    found = found.sort_values(by, key=lambda one: one.map(order) if one.name == "stage" else one, ignore_index=True)
    return Counted(found.round({name: 2 for name in found.columns if name not in (*by, "within_share")}), rows)
