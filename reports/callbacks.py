"""What callers say of us and what we owed them: satisfaction and calls."""

from __future__ import annotations

from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, select
from sqlalchemy.orm import Session

from app.engine import rules
from app.engine.columns import Column
from app.engine.frames import Counted, frame, month_of, report
from app.engine.moments import now
from app.engine.periods import Period
from models import desk_figures
from models.calling import CALLS
from models.calls import CallOwed
from models.people import Department, Person, told_apart
from models.ticket_words import KINDS
from models.tickets import CAUSES, GRADES, ServiceTicket
from reports.counting import opening, share, tally, without_few

BASICALLY = rules.setting("basically_counts", _l("“Basically satisfied” counts as satisfied"), default="yes")
_SATISFIED = ("very_satisfied", "satisfied")


def _last_said(what: str) -> Any:
    """`grade` or `cause` of the last rating of a ticket: who is dissatisfied begins a new round, yet has rated."""
    ticket, call = ServiceTicket, CallOwed.__table__.c
    before = (
        select(call[what])
        .where(call.ticket_id == ticket.id, call.kind == "callback", call.grade.is_not(None))
        .order_by(call.episode.desc(), call.id.desc())
        .limit(1)
        .correlate(ticket)
        .scalar_subquery()
    )
    return case((ticket.grade.is_not(None), getattr(ticket, what)), (ticket.episode > 1, before)).label(what)


@report(
    "satisfaction",
    _l("Satisfaction of callers"),
    [
        Column("kind", _l("Kind"), "text"),
        Column("month", _l("Month"), "text"),
        Column("taker", _l("First responsible"), "text"),
        Column("department", _l("Department"), "text"),
        Column("answered", _l("Answered tickets"), "integer", total=True),
        Column("rated", _l("Rated"), "integer", total=True),
        Column("response", _l("Share rated"), "percent"),
        *(Column(name, label, "integer", total=True) for name, label in GRADES.items()),
        Column("satisfied_share", _l("Share satisfied"), "percent"),
        *(Column(f"cause_{name}", label, "integer", total=True) for name, label in CAUSES.items()),
    ],
    basis=_l(
        "Tickets answered in the period by their last rating, that of an earlier round while the last has none; void "
        "and merged ones and those of our own staff are left out. Satisfied: of those rated; whether “basically "
        "satisfied” counts is a rule. Causes are those the dissatisfied named."
    ),
    groups=("kind", "month", "taker", "department"),
    chart="satisfied_share",
    labels={"kind": KINDS},
)
def satisfaction(session: Session, period: Period, by: list[str]) -> Counted:
    """How satisfied callers are, of those who were asked and answered."""
    ticket = ServiceTicket
    query = (
        select(
            ticket.id, ticket.kind, ticket.answered_at.label("at"), told_apart().label("taker"),
            Department.name.label("department"), _last_said("grade"), _last_said("cause"),
        )
        .join(Person, ticket.taker_id == Person.id, isouter=True)
        .join(Department, ticket.department_id == Department.id, isouter=True)
        .where(ticket.answered_at.is_not(None), ticket.state.not_in(desk_figures.UNCOUNTED))
        .where(ticket.staff_own.is_not(True))
    )  # fmt: skip
    table = frame(session, period.holds(query, ticket.answered_at))
    table["month"] = month_of(table["at"])
    counts = {"answered": table["kind"].notna(), "rated": table["grade"].notna()}
    counts |= {name: table["grade"].eq(name) for name in GRADES}
    counts |= {f"cause_{name}": table["cause"].eq(name) for name in CAUSES}
    counted = tally(table, by, counts)
    good = [*_SATISFIED, *(["basically"] if rules.flag(session, BASICALLY, None) else [])]
    counted["response"] = share(counted["rated"], counted["answered"])
    counted["satisfied_share"] = share(counted[good].sum(axis=1), counted["rated"])
    told = without_few(counted, by, "answered")
    return opening(told, ticket, table, counts, response="rated", satisfied_share="rated")


@report(
    "calls_kept",
    _l("Calls owed and made"),
    [
        Column("call", _l("Kind of call"), "text"),
        Column("month", _l("Month"), "text"),
        Column("assignee", _l("Who calls"), "text"),
        Column("due", _l("Fell due"), "integer", total=True),
        Column("reached", _l("Reached"), "integer", total=True),
        Column("reached_share", _l("Share reached"), "percent"),
        Column("in_time", _l("Called in time"), "integer", total=True),
        Column("in_time_share", _l("Share called in time"), "percent"),
        Column("tries", _l("Tries"), "integer", total=True),
        Column("tries_per_reach", _l("Tries per caller reached"), "hours"),
    ],
    basis=_l("Calls whose time came in the period; those that turned out not to be needed are left out."),
    groups=("call", "month", "assignee"),
    chart="reached_share",
    labels={"call": CALLS},
)
def calls_kept(session: Session, period: Period, by: list[str]) -> Counted:
    """Callbacks, promises and messages: how many callers were reached, how many in time, with how many tries."""
    call = CallOwed
    query = (
        select(
            call.id,
            call.kind.label("call"),
            call.due_at.label("at"),
            call.called_at,
            call.state,
            call.tries,
            told_apart().label("assignee"),
        )
        .join(Person, call.assignee_id == Person.id, isouter=True)
        .where(call.state.not_in(call.flow.uncounted_states), call.due_at < now())
    )
    table = frame(session, period.holds(query, call.due_at))
    due, called = (pd.to_datetime(table[name], utc=True) for name in ("at", "called_at"))
    table["month"] = month_of(table["at"])
    counts = {
        "due": table["call"].notna().astype(int),
        "reached": table["state"].eq("reached").astype(int),
        "in_time": (called <= due).astype(int),
        "tries": table["tries"].fillna(0).astype(int),
    }
    counted = tally(table, by, counts)
    counted["reached_share"] = share(counted["reached"], counted["due"])
    counted["in_time_share"] = share(counted["in_time"], counted["due"])
    reached = counted["reached"].where(counted["reached"] > 0)
    counted["tries_per_reach"] = (counted["tries"] / reached).astype(float).round(2)
    shares = {"reached_share": "reached", "in_time_share": "in_time", "tries_per_reach": "tries"}
    return opening(counted, call, table, counts, **shares)
