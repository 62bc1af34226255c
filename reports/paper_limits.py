"""Limits of papers 时限与催办: what is late, what was closed on time by which limit, what asking brought about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import Integer, String, and_, bindparam, case, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from app.engine.clock_rules import STAGE_LABELS
from app.engine.clocks import MET, MISSED, PAUSED, RUNNING, VOID, ClockRow, ClockSegment
from app.engine.columns import Column
from app.engine.disclosure import learned
from app.engine.figures import Figure, Group, Share, Tally, figures, monthly
from app.engine.frames import Counted, Rows, frame, month_of, report
from app.engine.ladder import SENT, RungSent
from app.engine.moments import Moment, now
from app.engine.office_calendar import working_calendar
from app.engine.periods import Period
from app.engine.workflow import Clock, followed
from models.assignments import Assignment
from models.documents import URGENCY, IncomingDocument
from models.follow_ups import FollowUp, FollowUpNote
from models.instructions import LeaderInstruction
from models.people import Department, Person, told_apart
from reports.counting import WORKING_HOURS, last_day, office_days, opening, share, tally

#: Whose turn a limit is where nobody is named.
DUTIES = {
    "registry_clerk": _l("Registry clerk"), "leader": _l("Leader"), "finance": _l("Finance"),
    "office_manager": _l("Office manager"),
}  # fmt: skip


@figures(
    "closing_on_time",
    _l("Papers closed on time"),
    basis=_l(
        "Limits of handling that fall into the period, each counted once; those of papers that were void, returned or "
        "ended by the sender stand apart. On time without an extension: by the original limit, moved by pauses alone. "
        "Late: done after the limit, or open now with the limit past."
    ),
    chart="on_time",
    subjects={"due": _l("Limit as it stands now"), "original": _l("Limit as it was first set")},
)
def closing_on_time(of: str) -> Tally:
    """One row a department, handler, urgency or month: limits on time, on time after an extension, late, excluded."""
    paper, clock = IncomingDocument, ClockRow
    state, moment = func.coalesce(clock.state, ""), bindparam("this_moment", callable_=now, type_=Moment())
    # Of an older register the limit and the moments of the paper itself are all there is.
    bare = and_(clock.id.is_(None), paper.due_at.is_not(None))
    clocked = select(ClockRow.__table__.c.id).where(
        ClockRow.__table__.c.kind == paper.kind_name, ClockRow.__table__.c.record_id == paper.id
    )
    stood = ClockSegment.__table__.c
    stood_late = exists().where(
        stood.clock_id == clock.id, stood.ends_at.is_(None), stood.running.is_(False), stood.begins_at > clock.due_at
    )
    excluded = or_(state == VOID, paper.state.in_(paper.flow.uncounted_states))
    counted = and_(state != VOID, paper.state.not_in(paper.flow.uncounted_states))
    by_extension = and_(clock.extended.is_(True), clock.stopped_at > clock.original_due_at)
    met = and_(state == MET, or_(clock.extended.is_(False), clock.stopped_at <= clock.original_due_at))
    on_time = and_(counted, or_(met, and_(bare, paper.closed_at <= paper.due_at)))
    after_extension = and_(counted, state == MET, by_extension)
    late_closed = and_(counted, or_(state == MISSED, and_(bare, paper.closed_at > paper.due_at)))
    over = or_(
        and_(state == RUNNING, clock.due_at < moment), and_(state == PAUSED, stood_late),
        and_(bare, paper.closed_at.is_(None), paper.due_at < moment),
    )  # fmt: skip
    runs = or_(
        and_(state == RUNNING, clock.due_at >= moment), and_(state == PAUSED, ~stood_late),
        and_(bare, paper.closed_at.is_(None), paper.due_at >= moment),
    )  # fmt: skip
    late_open = and_(counted, over)
    limit = func.coalesce(clock.due_at if of == "due" else clock.original_due_at, paper.due_at)
    return Tally(
        paper,
        limit,
        {
            "department": Group(_l("Department"), Department.name),
            "handler": Group(_l("Handler"), told_apart()),
            "urgency": Group(_l("Urgency"), paper.urgency, URGENCY),
            "month": monthly(limit),
        },
        [
            Figure("limits", _l("Limits")),
            Figure("excluded", _l("Excluded"), excluded),
            Figure("not_due", _l("Still in time"), and_(counted, runs)),
            Figure("judged", _l("Limit over or met"), or_(on_time, after_extension, late_closed, late_open)),
            Figure("on_time", _l("On time by the original limit"), on_time),
            Figure("after_extension", _l("On time only after an extension"), after_extension),
            Figure("late_closed", _l("Late, closed"), late_closed),
            Figure("late_open", _l("Late, still open"), late_open, alarm=True),
            Figure("in_time", _l("On time with extensions"), or_(on_time, after_extension)),
            Share("on_time_share", _l("Share by the original limit"), "on_time", "judged"),
            Share("in_time_share", _l("Share with extensions"), "in_time", "judged"),
        ],
        where=(or_(clock.id.is_not(None), and_(bare, paper.taken_over, ~clocked.correlate(paper).exists())),),
        joins=lambda query: (
            query.join(
                clock,
                and_(clock.kind == paper.kind_name, clock.record_id == paper.id, clock.stage == "handling"),
                isouter=True,
            )
            .join(Department, paper.department_id == Department.id, isouter=True)
            .join(Person, paper.handler_id == Person.id, isouter=True)
        ),
    )


@report(
    "follow_up_effect",
    _l("Effect of follow-up"),
    [
        Column("department", _l("Department"), "text"),
        Column("person", _l("Person asked"), "text"),
        Column("stage", _l("Stage"), "text"),
        Column("month", _l("Month"), "text"),
        Column("asked", _l("Times asked"), "integer", total=True),
        Column("answered", _l("Answered"), "integer", total=True),
        Column("within_a_day", _l("Answered within one working day"), "integer", total=True),
        Column("within_a_day_share", _l("Share within one working day"), "percent"),
        Column("hours_median", _l("Asked to answered: median, working hours"), "hours"),
        Column("hours_p90", _l("Asked to answered: 90th percentile, working hours"), "hours"),
        Column("cases", _l("Cases asked about for the first time"), "integer", total=True),
        Column("warned", _l("Warnings sent in these"), "integer", total=True),
        Column("judged", _l("Limit over or met"), "integer", total=True),
        Column("kept", _l("Limit kept after it"), "integer", total=True),
        Column("kept_share", _l("Share of limits kept"), "percent"),
    ],
    basis=_l(
        "Each time somebody was asked in the period how far a paper is, with the first answer given after it until "
        "now; within one working day is by the end of the next one. The limit is that of the case as it stands now, "
        "counted with the first asking of the case; limits that were ended without being met or missed are left out."
    ),
    groups=("department", "person", "stage", "month"),
    chart="within_a_day_share",
    labels={"stage": STAGE_LABELS},
)
def follow_up_effect(session: Session, period: Period, by: list[str]) -> Counted:
    """One row a group: times asked, answers, those within one working day; cases, and the limits kept in them.

    Behind each stand the lines of the log in which somebody was asked; behind the hours those that were answered.
    """
    table = frame(session, period.holds(_asked(), FollowUpNote.at))
    table["month"] = month_of(table["at"])
    asked, answered = (pd.to_datetime(table[name], utc=True) for name in ("at", "answered_at"))
    calendar = working_calendar(session)
    days = pd.Series(calendar.working_days_column(office_days(asked), office_days(answered)))
    table["working_hours"] = calendar.working_seconds_column(asked, answered) / 3600
    first, over = table["earlier"].isna(), pd.to_datetime(table["due_at"], utc=True) < pd.Timestamp(now())
    judged = first & (table["state"].isin((MET, MISSED)) | (table["state"].eq(RUNNING) & over))
    counts: dict[str, pd.Series] = {
        "asked": pd.Series(1, index=table.index), "answered": answered.notna(), "within_a_day": days <= 1,
        "cases": first, "warned": table["reminded"].where(first, 0).fillna(0), "judged": judged,
        "kept": judged & table["state"].eq(MET),
    }  # fmt: skip
    counted = tally(table, by, counts)
    counted["within_a_day_share"] = share(counted["within_a_day"], counted["asked"])
    counted["kept_share"] = share(counted["kept"], counted["judged"])
    hours = table.fillna(dict.fromkeys(by, "")).groupby(by, sort=True)["working_hours"]
    took = pd.DataFrame({"hours_median": hours.median().round(2), "hours_p90": hours.quantile(0.9).round(2)})
    opens = {"within_a_day_share": "within_a_day", "hours_median": "answered", "hours_p90": "answered",
             "kept_share": "kept"}  # fmt: skip
    told = counted.merge(took.reset_index(), how="left", on=by)
    return opening(told, FollowUpNote, table, counts, (WORKING_HOURS,), **opens)


def _asked() -> Any:
    """Each asking with whom, about which stage, the first answer after it, and the clock of its case."""
    note, answer, before = FollowUpNote, FollowUpNote.__table__.alias(), FollowUpNote.__table__.alias()
    answered = select(func.min(answer.c.at)).where(
        answer.c.follow_up_id == note.follow_up_id, answer.c.deed == "answered", answer.c.at >= note.at
    )
    sooner = or_(before.c.at < note.at, and_(before.c.at == note.at, before.c.id < note.id))
    earlier = select(func.min(before.c.id)).where(
        before.c.follow_up_id == note.follow_up_id, before.c.deed == "asked", sooner
    )
    return (
        select(
            note.id, note.at, Department.name.label("department"), told_apart().label("person"), FollowUp.stage,
            FollowUp.reminded, ClockRow.state, ClockRow.due_at,
            answered.correlate(note).scalar_subquery().label("answered_at"),
            earlier.correlate(note).scalar_subquery().label("earlier"),
        )
        .select_from(note)
        .join(FollowUp, note.follow_up_id == FollowUp.id, isouter=True)
        .join(ClockRow, FollowUp.clock_id == ClockRow.id, isouter=True)
        .join(Department, FollowUp.department_id == Department.id, isouter=True)
        .join(Person, note.person_id == Person.id, isouter=True)
        .where(note.deed == "asked")
    )  # fmt: skip


@report(
    "papers_overdue",
    _l("Overdue papers"),
    [
        Column("receipt_no", _l("Number"), "number_text"),
        Column("title", _l("Title"), "text"),
        Column("stage", _l("Stage"), "text"),
        Column("person", _l("Person responsible"), "text"),
        Column("department", _l("Department"), "text"),
        Column("original_due_at", _l("Limit as it was first set"), "moment"),
        Column("due_at", _l("Limit as it stands now"), "moment"),
        Column("days", _l("Working days over"), "integer"),
        Column("warned", _l("Warnings sent"), "integer", total=True),
        Column("asked", _l("Times asked"), "integer", total=True),
        Column("answered_at", _l("Last answered"), "moment"),
        Column("reply", _l("Answer"), "text"),
    ],
    basis=_l(
        "Every limit of incoming and outgoing papers, their units, readers, tasks, copies, recipients and envelopes "
        "that fell into the period, runs now and is past; the longest overdue first. Working days over are those after "
        "the day of the limit, today included; the answer is told to those who may read the paper."
    ),
    labels={"stage": STAGE_LABELS},
)
def papers_overdue(session: Session, period: Period) -> Counted:
    """One line a limit that is past: whose turn it is, for how long, how often they were reminded, what they said."""
    table = frame(session, union_all(*(_past(model, period) for model in followed().values())))
    table = table.sort_values(["due_at", "receipt_no"], kind="stable", ignore_index=True)
    days = working_calendar(session).working_days_column(office_days(table["due_at"]), last_day(now(), len(table)))
    keys = ["receipt_no", "stage", "person"]
    lines, asked = table[[*keys, "warned", "asked"]], table["case_id"].notna()
    cases = lines.assign(id=table["case_id"])[asked]
    opens = [Rows(FollowUp, cases, {"warned": "warned", "asked": "asked"})]
    for kind, model in followed().items():  # what has no case is shown itself
        own = ~asked & table["kind"].eq(kind)
        if own.any():
            opens.append(Rows(model, lines.assign(id=table["record_id"])[own], {"warned": "warned"}))
    return Counted(table.assign(days=pd.Series(days).astype(int)), opens)


def _by_stage(model: Any, told: Callable[[Any], Any]) -> Any:
    """What is told of the clock of each stage of a model, as a column; nothing of those of which nothing is."""
    found = [(stage, told(clock)) for stage, clock in model.flow.clocks.items()]
    whens = [(ClockRow.stage == stage, value) for stage, value in found if value is not None]
    return case(*whens, else_=None) if whens else literal(None, Integer)


def _named(model: Any, target: Any) -> Any:
    """The column that names a person, or a unit, whose turn it is."""

    def key(clock: Clock) -> Any:
        relations = (getattr(model, name).property for name in clock.turn)
        return next((getattr(model, f"{one.key}_id") for one in relations if one.mapper.class_ is target), None)

    return _by_stage(model, key)


def _whose_turn(model: Any, unit: Any) -> Any:
    """Who holds it: the person named; where there is no unit either, the role, or the leader a paper lies before."""
    leader, asked = Person.__table__.alias(), LeaderInstruction.__table__.c
    waits = select(func.min(leader.c.name)).where(
        leader.c.id == asked.leader_id, asked.document_id == IncomingDocument.id, asked.standing == "waiting"
    )
    roles = _by_stage(model, lambda clock: literal(str(DUTIES[(clock.duty or ("registry_clerk",))[0]]), String))
    if model is IncomingDocument:
        before = waits.correlate(IncomingDocument).scalar_subquery()
        roles = case((ClockRow.stage == "instruction", func.coalesce(before, roles)), else_=roles)
    return func.coalesce(Person.name, case((unit.is_(None), roles)))


def _past(model: Any, period: Period) -> Any:
    """The running limits of a kind that are past, with the paper, if it is about one, and the case of each."""
    clock, watch, note = ClockRow, FollowUp, FollowUpNote.__table__.c
    about = model.__mapper__.relationships.get("document")
    paper = about.mapper.class_ if about is not None and not model.__table__.c.document_id.nullable else model
    asked = select(func.count(note.id)).where(note.follow_up_id == watch.id, note.deed == "asked").correlate(watch)
    sent = select(func.count(RungSent.at.distinct())).where(RungSent.clock_id == clock.id, RungSent.state == SENT)
    unit = _named(model, Department)
    query = (
        select(
            literal(model.kind_name).label("kind"), model.id.label("record_id"),
            getattr(paper, paper.natural_key or "number").label("receipt_no"),
            (learned(paper, "title") if hasattr(paper, "title") else literal(None, String)).label("title"),
            clock.stage, _whose_turn(model, unit).label("person"), Department.name.label("department"),
            clock.original_due_at, clock.due_at,
            func.coalesce(watch.reminded, sent.correlate(clock).scalar_subquery()).label("warned"),
            asked.scalar_subquery().label("asked"), watch.answered_at, learned(watch, "reply").label("reply"),
            watch.id.label("case_id"),
        )
        .select_from(model)
        .join(clock, and_(clock.kind == model.kind_name, clock.record_id == model.id))
        .join(Person, _named(model, Person) == Person.id, isouter=True)
        .join(Department, func.coalesce(unit, Person.department_id) == Department.id, isouter=True)
        .join(watch, watch.clock_id == clock.id, isouter=True)
        .where(clock.state == RUNNING, clock.due_at < now())
    )  # fmt: skip
    if paper is not model:
        query = query.join(paper, model.document_id == paper.id, isouter=True)
    if model is Assignment:
        query = query.where(model.lead.is_(False))  # the lead's limit is the paper's own
    unfollowed = [stage for stage, one in model.flow.clocks.items() if not one.followed]
    return period.holds(query.where(clock.stage.not_in(unfollowed)), clock.due_at)
