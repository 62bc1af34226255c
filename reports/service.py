"""The service desk in figures: the goals of the hotline, what was done in time, and what lay open on any day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, func, literal, or_, select
from sqlalchemy.orm import Session

from app.engine import access, clocks
from app.engine.clocks import ClockRow
from app.engine.columns import Column
from app.engine.database import as_stored
from app.engine.frames import Counted, frame, long_frame, month_of, report
from app.engine.history import HistoryEntry
from app.engine.moments import now
from app.engine.periods import Period
from models import desk_figures
from models.dispatch import DispatchOrder
from models.documents import URGENCY, IncomingDocument
from models.people import Department, Person, told_apart
from models.ticket_words import KINDS
from models.tickets import ServiceTicket
from reports.counting import opening, share, tally, without_few


@report(
    "desk_goals",
    _l("Goals of the desk"),
    [
        Column("month", _l("Month"), "text"),
        Column("kind", _l("Kind"), "text"),
        Column("taker", _l("First responsible"), "text"),
        Column("received", _l("Calls received"), "integer", total=True),
        Column("limited", _l("Of these with a limit"), "integer", total=True),
        Column("handled", _l("Handled in time"), "integer", total=True),
        Column("handled_rate", _l("Share handled in time"), "percent"),
        Column("timed", _l("Both times known"), "integer", total=True),
        Column("short", _l("Within 2 minutes"), "integer", total=True),
        Column("short_rate", _l("Share within 2 minutes"), "percent"),
        Column("very_short", _l("Within 1 minute"), "integer", total=True),
        Column("very_short_rate", _l("Share within 1 minute"), "percent"),
        Column("rung", _l("Rings counted"), "integer", total=True),
        Column("quick", _l("Picked up within 3 rings"), "integer", total=True),
        Column("quick_rate", _l("Share within 3 rings"), "percent"),
    ],
    basis=_l(
        "Calls by telephone received in the period, void ones left out. Handled in time: answered or dispatched within "
        "the front desk's limit, of all that have one, also while it runs; what is passed on as an opinion has none. "
        "The goal is 90 in 100. Short: pick-up to end of call, of those with both times; the goal is 80 in 100 within "
        "two minutes."
    ),
    groups=("month", "kind", "taker"),
    chart="handled_rate",
    labels={"kind": KINDS},
)
def desk_goals(session: Session, period: Period, by: list[str]) -> Counted:
    """The 90 % and the 80 % of the hotline with numerator and denominator."""
    query = desk_figures.calls(session).add_columns(ServiceTicket.kind, told_apart().label("taker"))
    query = query.join(Person, ServiceTicket.taker_id == Person.id, isouter=True)
    table = frame(session, period.holds(query, ServiceTicket.received_at))
    table["month"] = month_of(table["received_at"])
    took = pd.to_numeric(table["took"])
    figures: dict[str, pd.Series] = {
        "received": pd.Series(1, index=table.index),
        "limited": table["handled"].notna(),
        "handled": table["handled"].eq(1),
        "timed": took.notna(),
        # A moment is kept to the microsecond, its difference in floating point.
        "short": took.round(3) <= desk_figures.SHORT.total_seconds(),
        "very_short": took.round(3) <= desk_figures.VERY_SHORT.total_seconds(),
        "rung": table["rings"].notna(),
        "quick": pd.to_numeric(table["rings"]) <= desk_figures.RINGS,
    }
    counted = tally(table, by, figures)
    rates = {"handled": "limited", "short": "timed", "very_short": "timed", "quick": "rung"}
    for part, whole in rates.items():
        counted[f"{part}_rate"] = share(counted[part], counted[whole])
    told, lines = without_few(counted, by, "received"), table.assign(at=table["received_at"])
    return opening(told, ServiceTicket, lines, figures, **{f"{part}_rate": part for part in rates})


@dataclass(frozen=True)
class Limited:
    """What the rate of punctuality counts: records with clocks, and what stands for the whole of one taken over."""

    model: Any
    label: Any
    kind: str | None
    whole: str
    done: tuple[str, ...]


LIMITED = {
    "tickets": Limited(ServiceTicket, _l("Service tickets"), "kind", "parent", ("answered_at", "closed_at")),
    "dispatch_orders": Limited(DispatchOrder, _l("Dispatch orders"), None, "handling", ("fed_back_at", "closed_at")),
    "documents": Limited(IncomingDocument, _l("Documents"), "urgency", "handling", ("closed_at",)),
}
STAGES = {stage: clock.label for one in reversed(LIMITED.values()) for stage, clock in one.model.flow.clocks.items()}


@report(
    "on_time",
    _l("Done in time"),
    [
        Column("stage", _l("Stage"), "text"),
        Column("kind", _l("Kind"), "text"),
        Column("department", _l("Department"), "text"),
        Column("month", _l("Month"), "text"),
        Column("due", _l("Fell due"), "integer", total=True),
        Column("met", _l("In time"), "integer", total=True),
        Column("missed", _l("Missed"), "integer", total=True),
        Column("rate", _l("Share in time"), "percent"),
        Column("unextended", _l("In time without extension"), "integer", total=True),
        Column("unextended_rate", _l("Share without extension"), "percent"),
        Column("first", _l("In time the first time"), "integer", total=True),
    ],
    basis=_l(
        "Limits that fell due in the period, each counted once: met or missed; what is open past its limit is missed. "
        "An extension granted before the limit counts with its new day, and apart without it. Void and merged records "
        "are left out. The month is that of the limit."
    ),
    groups=("stage", "kind", "department", "month"),
    subjects={name: one.label for name, one in LIMITED.items()},
    chart="rate",
    labels={"kind": {**KINDS, **URGENCY}, "stage": STAGES},
)  # fmt: skip
def on_time(session: Session, period: Period, by: list[str], of: str) -> Counted:
    """Of the limits that fell due: met, missed, and the share met, stage by stage.

    Behind each stands the record whose limit it was, once for each limit.
    """
    parts = [_limits(session, period, LIMITED[of]), _taken_over(session, period, LIMITED[of])]
    table = pd.concat(parts, ignore_index=True)
    table["month"] = month_of(table["at"])
    met = table["met"].astype(int)
    counts = {
        "due": met * 0 + 1,
        "met": met,
        "missed": 1 - met,
        "unextended": met * (~table["moved"].astype(bool)).astype(int),
        "first": met * table["episode"].eq(1).astype(int),
    }
    counted = tally(table, by, counts)
    counted["rate"] = share(counted["met"], counted["due"])
    counted["unextended_rate"] = share(counted["unextended"], counted["due"])
    shares = {"rate": "met", "unextended_rate": "unextended"}
    return opening(without_few(counted, by, "due"), LIMITED[of].model, table, counts, **shares)


def _named(about: Limited, *columns: Any) -> Any:
    model = about.model
    kind = getattr(model, about.kind) if about.kind else literal("")
    query = select(model.id, kind.label("kind"), Department.name.label("department"), *columns)
    return (
        query.select_from(model)
        .join(Department, model.department_id == Department.id, isouter=True)
        .where(model.state.not_in(model.flow.uncounted_states))
    )


def _limits(session: Session, period: Period, about: Limited) -> pd.DataFrame:
    """One row a clock that has been met or missed, or that runs past its limit."""
    clock = ClockRow
    query = _named(
        about, clock.stage, as_stored(clock.due_at).label("at"), clock.episode, clock.extended.label("moved"),
        (clock.state == clocks.MET).label("met"),
    )  # fmt: skip
    query = query.join(clock, (clock.kind == about.model.kind_name) & (clock.record_id == about.model.id))
    over = (clock.state == clocks.RUNNING) & (clock.due_at < now())
    query = query.where(or_(clock.state.in_((clocks.MET, clocks.MISSED)), over))
    return long_frame(session, period.holds(query, clock.due_at))


def _taken_over(session: Session, period: Period, about: Limited) -> pd.DataFrame:
    """One row a record of an older register that has a limit and no clock: judged by its own moments."""
    model = about.model
    done = (
        func.coalesce(*(getattr(model, name) for name in about.done))
        if len(about.done) > 1
        else getattr(model, about.done[0])
    )
    query = _named(
        about, literal(about.whole).label("stage"), as_stored(model.due_at).label("at"), literal(1).label("episode"),
        literal(False).label("moved"), (done <= model.due_at).label("met"),
    )  # fmt: skip
    clocked = exists().where(ClockRow.kind == model.kind_name, ClockRow.record_id == model.id)
    query = query.where(model.taken_over, model.due_at.is_not(None), ~clocked)
    query = query.where(or_(done.is_not(None), model.due_at < now()))
    table = long_frame(session, period.holds(query, model.due_at))
    table["met"] = table["met"].eq(True)  # nothing is done yet: missed
    return table


BANDS = (
    ("hours_4", _l("up to 4 hours"), 4), ("hours_24", _l("4 to 24 hours"), 24), ("hours_48", _l("24 to 48 hours"), 48),
    ("days_7", _l("2 to 7 days"), 168), ("older", _l("more than 7 days"), float("inf")),
)  # fmt: skip


@report(
    "ticket_backlog",
    _l("Open tickets on a day"),
    [
        Column("state", _l("State"), "choice"),
        Column("kind", _l("Kind"), "text"),
        Column("department", _l("Department"), "text"),
        Column("open", _l("Open"), "integer", total=True),
        *(Column(name, label, "integer", total=True) for name, label, _hours in BANDS),
        Column("overdue", _l("Overdue"), "integer", total=True, alarm=True),
    ],
    basis=_l(
        "Tickets that were open at the end of the last day of the period, or are now, by their age at that moment; the "
        "state is the one they were in. Void and merged ones are left out."
    ),
    groups=("state", "kind", "department"),
    chart="open",
    labels={"kind": KINDS, "state": ServiceTicket.flow.state_labels},
)
def ticket_backlog(session: Session, period: Period, by: list[str]) -> Counted:
    """What lay open at an instant, rebuilt from what happened until then."""
    moment = min(period.until, now()) if period.until else now()
    ticket = ServiceTicket
    query = select(
        ticket.id, ticket.kind, Department.name.label("department"), ticket.state, ticket.received_at, ticket.due_at,
        ticket.closed_at, ticket.taken_over,
    ).join(Department, ticket.department_id == Department.id, isouter=True)  # fmt: skip
    query = query.where(ticket.received_at < moment, ticket.state.not_in(desk_figures.UNCOUNTED))
    if period.since:
        query = query.where(ticket.received_at >= period.since)
    table = frame(session, query)
    then, due_then = (_values_at(session, ServiceTicket, name, moment) for name in ("state", "due_at"))
    # Of an older register, what lies before its entry here is told by its own moments alone.
    table["then"] = [then.get(pk) for pk in table["id"]]
    closed = pd.to_datetime(table["closed_at"], utc=True)
    before = table["then"].isna() | (table["taken_over"].astype(bool) & (closed <= pd.Timestamp(moment)))
    done = table["then"].isin([state.name for state in ServiceTicket.flow.states.values() if state.final])
    table["state"] = table["then"].where(~before, "open")
    table = table[(before & ~(closed <= pd.Timestamp(moment))) | (~before & ~done)]
    hours = (pd.Timestamp(moment) - pd.to_datetime(table["received_at"], utc=True)).dt.total_seconds() / 3600
    counts = {"open": pd.Series(1, index=table.index)}
    least = -float("inf")
    for name, _label, most in BANDS:
        counts[name] = ((hours > least) & (hours <= most)).astype(int)
        least = most
    # An answered one keeps the limit it was measured by.
    running = table["state"].isin(list(ServiceTicket.flow.open_states))
    told_then = pd.to_datetime(table["id"].map(due_then), utc=True, format="ISO8601")
    due = told_then.where(~before, pd.to_datetime(table["due_at"], utc=True))
    counts["overdue"] = (running & (due < pd.Timestamp(moment))).astype(int)
    told = without_few(tally(table, by, counts), by, "open")
    return opening(told, ServiceTicket, table.assign(at=table["received_at"]), counts)


def _values_at(session: Session, model: Any, name: str, moment: datetime) -> dict[int, str | None]:
    """What a column of each record of a kind held at a moment, as its history tells: key -> value."""
    entry = HistoryEntry
    query = select(entry.record_id, entry.changes).where(
        entry.kind == model.kind_name, entry.at < moment, entry.changes.contains(f'"{name}":')
    )
    with access.system():
        rows = session.execute(query.order_by(entry.record_id, entry.position))
        return {pk: json.loads(changes)[name][1] for pk, changes in rows}
