"""Work on papers 工作量: what lay with each unit and person, what came and what went, on any two days of the past."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.engine import access
from app.engine.columns import Column
from app.engine.frames import Counted, report
from app.engine.history import HistoryEntry
from app.engine.moments import now
from app.engine.office_calendar import working_calendar
from app.engine.periods import Period
from models.assignments import Assignment
from models.documents import IncomingDocument
from models.people import Department, Person
from reports.counting import last_day, office_days, opening, tally


@dataclass(frozen=True)
class Subject:
    """What lies on somebody's desk: since which of its moments, and what never counts."""

    model: Any
    label: Any
    begins: str
    void: tuple[str, ...] = ()


SUBJECTS = {
    "assignments": Subject(Assignment, _l("Papers given to units"), "created_at"),
    "documents": Subject(IncomingDocument, _l("Incoming documents"), "received_at", ("voided",)),
}
#: What tells desks apart: the column of a record, and whose names are shown for it.
DESKS: dict[str, tuple[str, Any]] = {"department": ("department_id", Department), "person": ("handler_id", Person)}
#: Working days since it came, up to and including.
BANDS = (
    ("days_3", _l("Open 0–3 working days"), 3), ("days_7", _l("4–7 working days"), 7),
    ("days_15", _l("8–15 working days"), 15), ("older", _l("More than 15 working days"), float("inf")),
)  # fmt: skip


LONG_AGO = pd.Timestamp("1900-01-01", tz="UTC")

#: The keys of what tells a desk from others, 0 for none.
Desk = tuple[int, ...]
#: From when a record was in a state, on a desk.
Point = tuple[datetime, str, Desk]


@dataclass(frozen=True)
class Stay:
    """The time something lay on one desk, `until` None while it lies there; `gone` says how it left."""

    desk: Desk
    since: datetime
    until: datetime | None
    gone: str
    first: bool
    begun: datetime
    #: the key of what lay there
    id: int


@report(
    "paper_workload",
    _l("Workload of papers"),
    [
        Column("department", _l("Department"), "text"),
        Column("person", _l("Handler"), "text"),
        Column("at_start", _l("In hand at the start"), "integer", total=True),
        Column("new", _l("Newly come in"), "integer", total=True),
        Column("taken_on", _l("From another desk or reopened"), "integer", total=True),
        Column("closed", _l("Done and closed"), "integer", total=True),
        Column("handed_on", _l("To another desk or called off"), "integer", total=True),
        Column("at_end", _l("In hand at the end"), "integer", total=True),
        *(Column(name, label, "integer", total=True) for name, label, _days in BANDS),
    ],
    basis=_l(
        "What lay with each desk when the period began and when it ended, or now, and what came and went between: "
        "start + new + from another desk − done − to another desk = end. Rebuilt from the history, so that a past "
        "period stays as it was. Open ones by working days since receipt, or since the unit was given the paper; void "
        "papers are left out."
    ),
    groups=("department", "person"),
    subjects={name: one.label for name, one in SUBJECTS.items()},
    chart="at_end",
)  # fmt: skip
def paper_workload(session: Session, period: Period, by: list[str], of: str) -> Counted:
    """One row a desk: what lay there at both ends of the period, what came and went, and the age of the rest."""
    end = min(period.until, now()) if period.until else now()
    start = min(period.since, end) if period.since else None
    stays = list(_stays(session, SUBJECTS[of], by, start, end))
    moments = ("since", "until", "begun")
    table = pd.DataFrame({name: pd.to_datetime([getattr(one, name) for one in stays], utc=True) for name in moments})
    table["id"], table["at"] = [one.id for one in stays], table["begun"]
    for place, name in enumerate(by):
        table[name] = _called(session, DESKS[name][1], [one.desk[place] for one in stays])
    first, gone = (pd.Series([getattr(one, name) for one in stays], dtype=object) for name in ("first", "gone"))
    opens, closes = pd.Timestamp(start) if start else LONG_AGO, pd.Timestamp(end)
    came = (table["since"] >= opens) & (table["since"] < closes)
    went = (table["until"] >= opens) & (table["until"] < closes)
    here = _in_hand(table, closes)
    counts = {
        "at_start": _in_hand(table, opens), "new": came & first.eq(True), "taken_on": came & first.eq(False),
        "closed": went & gone.eq("closed"), "handed_on": went & gone.eq("handed_on"), "at_end": here,
        **_by_age(session, table["begun"], end, here),
    }  # fmt: skip
    counted = tally(table, by, counts)
    told = counted[counted[["at_start", "new", "taken_on"]].any(axis=1)].reset_index(drop=True)
    return opening(told, SUBJECTS[of].model, table, counts)


def _in_hand(table: pd.DataFrame, moment: pd.Timestamp) -> pd.Series:
    """Which stays there were just before a moment."""
    return (table["since"] < moment) & ~(table["until"] < moment)


def _by_age(session: Session, begun: pd.Series, end: datetime, here: pd.Series) -> dict[str, pd.Series]:
    """Of what is here, which falls into each band of working days."""
    ages = pd.Series(working_calendar(session).working_days_column(office_days(begun), last_day(end, len(begun))))
    bands, least = {}, -float("inf")
    for name, _label, most in BANDS:
        bands[name] = here & (ages > least) & (ages <= most)
        least = most
    return bands


def _stays(
    session: Session, subject: Subject, by: Sequence[str], start: datetime | None, end: datetime
) -> Iterator[Stay]:
    """The stays of all that may have lain on a desk between two moments, as its history tells."""
    model, names = subject.model, [DESKS[name][0] for name in by]
    begins = getattr(model, subject.begins)
    wanted = [begins < end, model.state.not_in(subject.void)]
    if start is not None:
        wanted.append(or_(model.closed_at.is_(None), model.closed_at >= start))
    entry = HistoryEntry
    told = or_(*(entry.changes.contains(f'"{name}":') for name in ("state", *names)))
    query = (
        select(model.id, begins.label("begun"), model.closed_at, model.taken_over, entry.at, entry.changes)
        .join(entry, (entry.record_id == model.id) & (entry.kind == model.kind_name))
        .where(*wanted, told)
        .order_by(model.id, entry.position)
    )
    for _pk, rows in groupby(session.execute(query), lambda row: row.id):
        yield from _of_one(model, list(rows), names)


def _of_one(model: Any, rows: list[Any], names: list[str]) -> Iterator[Stay]:
    """The stays of one record: its history folded, entry by entry."""
    begun: datetime = rows[0].begun
    values: dict[str, Any] = dict.fromkeys(("state", *names))
    points: list[Point] = []
    for row in rows:
        values |= {name: after for name, (_before, after) in json.loads(row.changes).items() if name in values}
        points.append((row.at, values["state"], tuple(values[name] or 0 for name in names)))
    (at, state, desk), *later = points
    points[0] = (min(begun, at), state, desk)
    if rows[0].taken_over and state not in model.flow.open_states:
        # Of an older register, what lies before its entry here is told by its own moments.
        points = [(begun, model.flow.start, desk), (rows[0].closed_at or begun, state, desk), *later]
    return _joined(model, points, begun, rows[0].id)


def _joined(model: Any, points: list[Point], begun: datetime, pk: int) -> Iterator[Stay]:
    """Neighbouring points on one desk as one stay; of what happens within one moment the last word counts."""
    present, first = None, True
    for (at, state, desk), after in zip(points, [*points[1:], None], strict=True):
        if after is not None and after[0] <= at:
            continue
        here = desk if state in model.flow.open_states else None
        if present is not None and here != present[1]:
            closed = here is None and not model.flow.states[state].uncounted
            yield Stay(present[1], present[0], at, "closed" if closed else "handed_on", first, begun, pk)
            present, first = None, False
        if present is None and here is not None:
            present = at, here
    if present is not None:
        yield Stay(present[1], present[0], None, "", first, begun, pk)


def _called(session: Session, model: Any, ids: Sequence[int]) -> list[str]:
    """What units or people are called, those dissolved or gone among them; nobody is the empty text."""
    query = select(model.id, model.name).where(model.id.in_(set(ids)))
    names = {row.id: row.name for row in session.execute(query, execution_options=access.with_deleted)}
    return [names.get(pk, "") for pk in ids]
