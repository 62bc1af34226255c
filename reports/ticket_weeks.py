"""Tickets week by week 工单周报: what comes in and goes out, and which matter comes up again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from app.engine.columns import Column
from app.engine.figures import Group
from app.engine.frames import Counted, Rows, frame, report
from app.engine.history import HistoryEntry
from app.engine.periods import Period, ends
from app.engine.spans import Length, first_day, part_of
from models.desk_figures import UNCOUNTED
from models.people import Department
from models.ticket_words import KINDS, SCHEMES
from models.tickets import ServiceTicket
from reports.counting import without_few
from reports.passages import of_record, went_into
from reports.ticket_ways import ENDS, closed_at, closings

#: So many of one kind at one place in one week are a topic (tickets-orders.md 7.1).
REPEATED = 3
_KEY = ["week", "place", "kind"]
#: What tickets are told apart by besides the time.
_TOLD = {
    "kind": Group(_l("Kind"), ServiceTicket.kind, KINDS),
    "desk": Group(_l("Desk"), ServiceTicket.scheme, SCHEMES),
    "department": Group(_l("Department"), Department.name),
}
_LENGTHS: dict[str, Length] = {"week": "week", "month": "month"}


def _flows() -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    """What comes in and goes out: the moment of each, and what is joined to the tickets for it."""
    closing, again = (HistoryEntry.__table__.alias(name) for name in ("closing", "again"))
    back = and_(of_record(ServiceTicket, again.c), went_into(ServiceTicket, again.c, "reopened", out_of=ENDS))
    return {
        "received": (ServiceTicket.received_at, lambda query: query),
        "closed": (closed_at(closing.c), lambda query: closings(query, closing)),
        "reopened": (again.c.at, lambda query: query.join(again, back)),
    }


@report(
    "tickets_in_and_out",
    _l("Tickets in and out"),
    [
        Column("week", _l("Week from"), "text"),
        Column("month", _l("Month"), "text"),
        *(Column(name, group.label, "text") for name, group in _TOLD.items()),
        Column("received", _l("Tickets received"), "integer", total=True),
        Column("closed", _l("Tickets closed"), "integer", total=True),
        Column("difference", _l("Received less closed"), "integer", total=True),
        Column("reopened", _l("Reopened after closing"), "integer", total=True),
        Column("growth", _l("More open than before"), "integer", total=True),
    ],
    basis=_l(
        "Two counts beside each other: tickets received in the period, and closings in the period, whenever these were "
        "received; void and merged ones apart, until now. What was reopened after its closing is open once more and "
        "counts so. Weeks begin on Monday."
    ),
    groups=("week", "month", *_TOLD),
    chart="difference",
    labels={name: group.labels for name, group in _TOLD.items() if group.labels},
)
def tickets_in_and_out(session: Session, period: Period, by: list[str]) -> Counted:
    """One row a week, month, kind, desk or department: tickets received, closed, reopened, and the difference.

    A ticket stands behind a count once for each time; behind a difference stands nothing.
    """
    lines = {name: _lines(session, period, by, *flow) for name, flow in _flows().items()}
    flows = {name: _counted(session, by, name, query) for name, query in lines.items()}
    filled = [table for table in flows.values() if len(table)]
    table = pd.concat(filled or list(flows.values()))
    table = table.reindex(columns=[*by, *flows]).groupby(by, sort=True)[list(flows)].sum().astype(int).reset_index()
    table["difference"] = table["received"] - table["closed"]
    table["growth"] = table["difference"] + table["reopened"]
    rows = [Rows(ServiceTicket, query, {name: ""}) for name, query in lines.items()]
    return Counted(without_few(table, by, "received"), rows)


def _lines(session: Session, period: Period, by: Sequence[str], at: Any, joined: Callable[[Any], Any]) -> Any:
    """Each time a flow took a ticket in the period: key, moment, and what it is told apart by."""

    def of(*columns: Any) -> Any:
        query = joined(select(*columns).select_from(ServiceTicket))
        query = query.join(Department, ServiceTicket.department_id == Department.id, isouter=True)
        return period.holds(query.where(ServiceTicket.state.not_in(UNCOUNTED), at.is_not(None)), at)

    timed = session.execute(of(func.min(at), func.max(at))).one() if set(by) & set(_LENGTHS) else (None, None)
    keys = [(part_of(_LENGTHS[one], at, *timed) if one in _LENGTHS else _TOLD[one].text).label(one) for one in by]
    return of(ServiceTicket.id, at.label("at"), *keys)


def _counted(session: Session, by: Sequence[str], name: str, lines: Any) -> pd.DataFrame:
    """One row a group of `by`: how many lines it has, as a column called `name`."""
    rows = lines.subquery().c
    grouped = [rows[one] for one in by]
    return frame(session, select(*grouped, func.count().label(name)).group_by(*grouped))


@report(
    "hot_topics",
    _l("Hot topics of the desk"),
    [
        Column("week", _l("Week from"), "text"),
        Column("place", _l("Place"), "text"),
        Column("kind", _l("Kind"), "text"),
        Column("tickets", _l("Tickets"), "integer", total=True),
        Column("merged", _l("Merged into these or others"), "integer", total=True),
        Column("before", _l("Tickets the week before"), "integer"),
        Column("change", _l("Change on the week before"), "percent"),
    ],
    basis=_l(
        "Matters of one kind at one place that came up three times or more in a week of the period, merged ones "
        "included, which are no tickets of their own; void ones and those under seal apart. Weeks begin on Monday and "
        "count whole, also where the period begins or ends within one; that of today until now."
    ),
    labels={"kind": KINDS},
)
def hot_topics(session: Session, period: Period) -> Counted:
    """One row a kind, place and week with at least three tickets, the latest and the most first.

    Nothing stands behind the week before, which has a row of its own where it was a topic too.
    """
    ticket, whole = ServiceTicket, _whole_weeks(period)
    named = and_(ticket.unsealed(), ticket.state != "voided", ticket.place.is_not(None), ticket.place != "")
    week = part_of("week", ticket.received_at, *ends(session, ticket.received_at, whole))
    merged = case((ticket.state == "merged", 1), else_=0)
    lines = select(ticket.id, ticket.received_at.label("at"), ticket.kind, ticket.place, week.label("week"),
                   (1 - merged).label("tickets"), merged.label("merged"))  # fmt: skip
    lines = whole.holds(lines.where(named), ticket.received_at)
    rows = lines.subquery().c
    key = [rows.week, rows.place, rows.kind]
    sums = (func.sum(rows[name]).label(name) for name in ("tickets", "merged"))
    counted = select(*key, *sums).group_by(*key).cte().c
    hot = select(counted.place).where(counted.tickets + counted.merged >= REPEATED)
    table = frame(session, select(*counted).where(counted.place.in_(hot)))
    known = {tuple(row): tickets for *row, tickets in table[[*_KEY, "tickets"]].itertuples(index=False, name=None)}
    since = f"{first_day('week', period.first):%Y-%m-%d}" if period.first else ""
    found = table[(table["tickets"] + table["merged"] >= REPEATED) & (table["week"] >= since)]
    keys = found[_KEY].itertuples(index=False, name=None)
    before = pd.Series([known.get((_week_before(day), *rest), 0) for day, *rest in keys], found.index, dtype=int)
    change = (found["tickets"] / before.where(before > 0) - 1).astype(float).round(4)
    order = {"week": False, "tickets": False, "place": True, "kind": True}
    found = found.assign(before=before, change=change)
    found = found.sort_values(list(order), ascending=list(order.values()), ignore_index=True)
    return Counted(found, [Rows(ticket, lines, {"tickets": "tickets", "merged": "merged"})])


def _week_before(day: str) -> str:
    return f"{date.fromisoformat(day) - timedelta(days=7):%Y-%m-%d}"


def _whole_weeks(period: Period) -> Period:
    """The weeks a period touches, and the one before them."""
    first = first_day("week", period.first) - timedelta(days=7) if period.first else None
    return Period(first, first_day("week", period.last) + timedelta(days=6) if period.last else None)
