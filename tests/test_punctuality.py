"""Turnaround and overdue: on random papers and calls, in two zones, each figure equals a plain recount."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from statistics import fmean, median
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.engine import access, moments
from app.engine.office_calendar import working_calendar
from app.engine.report_answers import ask
from models.documents import IncomingDocument
from models.people import Department
from models.tickets import ServiceTicket
from tests.factories import incoming, register
from tests.random_cases import examples

QUICK = examples(15)
#: The end of the year in Shanghai and in Berlin, an ordinary week, and both changes of the clock in Berlin.
MOMENTS = tuple(
    datetime.fromisoformat(f"{text}+00:00")
    for text in (
        "2025-12-31T15:59", "2025-12-31T16:00", "2025-12-31T22:59", "2025-12-31T23:00", "2026-01-05T01:00",
        "2026-01-09T09:30", "2026-03-28T23:30", "2026-03-29T01:30", "2026-10-24T23:30", "2026-10-25T01:30",
    )
)  # fmt: skip
NOW = datetime(2026, 11, 2, 4, tzinfo=UTC)
PERIODS = ({}, {"from": "2026-01-01", "to": "2026-03-29"}, {"to": "2025-12-31"}, {"from": "2026-10-25"})
FIGURES = ("median_hours", "mean_hours", "p90_hours", "median_working_hours", "mean_working_hours", "p90_working_hours")


@pytest.fixture(params=["Asia/Shanghai", "Europe/Berlin"])
def zone(request, session):
    """The office in a zone, its clock stopped; the test works for the house itself."""
    moments.configure(request.param, NOW)
    with access.system():
        yield ZoneInfo(request.param)
    moments.configure("Asia/Shanghai", None)


def ninetieth(values):
    """The 90th percentile, between two values in proportion."""
    ordered, place = sorted(values), (len(values) - 1) * 0.9
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


PAPERS = st.lists(
    st.tuples(
        st.integers(0, len(MOMENTS) - 1),  # received
        st.none() | st.integers(0, len(MOMENTS) - 1),  # closed; nobody closes before
        st.integers(0, 2),  # unit
        st.sampled_from(("none", "urgent")),
        st.sampled_from(("closed", "closed", "to_file", "voided", "returned_to_sender")),
    ),
    max_size=8,
)


def written(session, wishes, units):
    """Papers as wished; of those that count (received, closed, unit, urgency)."""
    counted = []
    for number, (begin, end, unit, urgency, state) in enumerate(wishes):
        received = MOMENTS[begin]
        paper = incoming(session, title=f"文{number}", received_at=received.isoformat(), urgency=urgency)
        paper.department_id = units[unit].id if unit else None
        if end is not None:
            closed = MOMENTS[max(begin, end)]
            paper.state, paper.closed_at = state, closed
            if not IncomingDocument.flow.states[state].uncounted:
                counted.append((received, closed, units[unit].name if unit else "", urgency))
        session.flush()
    return counted


def inside(closed, zone, period):
    day = closed.astimezone(zone).date().isoformat()
    return period.get("from", "") <= day <= period.get("to", "9999")


@QUICK
@given(wishes=PAPERS)
def test_turnaround_is_what_each_paper_took(session, zone, wishes):
    session.rollback()
    units = dict(enumerate(session.scalars(select(Department).limit(2)), 1))
    papers, calendar = written(session, wishes, units), working_calendar(session)
    for by in (["department"], ["month"], ["kind"], ["department", "month"]):
        for period in PERIODS:
            took = defaultdict(list)
            for received, closed, unit, urgency in papers:
                if inside(closed, zone, period):
                    about = {"department": unit, "month": f"{closed.astimezone(zone):%Y-%m}", "kind": urgency}
                    hours = (closed - received).total_seconds() / 3600
                    took[tuple(about[name] for name in by)].append(
                        (hours, calendar.working_seconds(received, closed) / 3600)
                    )
            rows = ask(session, "turnaround", {"of": "documents", "by": ",".join(by), **period}).rows
            found = {tuple(row[name] for name in by): row for row in rows}
            assert {key: row["count"] for key, row in found.items()} == {key: len(all_) for key, all_ in took.items()}
            for key, both in took.items():
                whole, working = zip(*both, strict=True)
                wanted = [judge(values) for values in (whole, working) for judge in (median, fmean, ninetieth)]
                assert [float(found[key][name]) for name in FIGURES] == pytest.approx(wanted, abs=0.0051), (by, key)
    session.rollback()


OPEN = st.lists(
    st.tuples(
        st.sampled_from(("documents", "tickets")),
        st.none() | st.sampled_from((-90.0, -1.0, -0.01, 0.0, 0.01, 1.0, 1.01, 3.0, 3.5, 4.0, 7.0, 7.1, 8.0, 400.0)),
        st.integers(0, 2),
        st.booleans(),
    ),
    max_size=8,
)
BANDS = {"overdue_1_3": (1, 3), "overdue_4_7": (4, 7), "overdue_8_plus": (8, math.inf)}


@QUICK
@given(wishes=OPEN)
def test_overdue_counts_begun_days_of_what_is_open(session, actors, zone, wishes):
    session.rollback()
    units = dict(enumerate(session.scalars(select(Department).limit(2)), 1))
    lying = defaultdict(list)
    for number, (kind, late, unit, done) in enumerate(wishes):
        if kind == "documents":
            record = incoming(session, title=f"文{number}", received_at=MOMENTS[4].isoformat())
        else:
            with access.acting_as(actors["desk"]):  # who takes a call is named
                record = register(session, subject=f"问{number}", received_at=MOMENTS[4].isoformat())
        record.department_id = units[unit].id if unit else None
        record.due_at = None if late is None else NOW - timedelta(days=late)
        if done:
            record.state, record.closed_at = ("voided" if kind == "documents" else "closed"), NOW
        else:
            lying[units[unit].name if unit else "", kind].append(late or 0)
        session.flush()
    assert ServiceTicket.flow.states["closed"].final
    rows = ask(session, "overdue", {}).rows
    found = {(row["department"], row["record_kind"]): row for row in rows}
    assert found.keys() == lying.keys()
    for key, days in lying.items():
        begun = [math.ceil(late) for late in days if late > 0]
        row = found[key]
        assert (row["open"], row["overdue"], row["longest_days"]) == (len(days), len(begun), max(begun, default=0))
        assert {name: row[name] for name in BANDS} == {
            name: sum(least <= one <= most for one in begun) for name, (least, most) in BANDS.items()
        }
    session.rollback()
