"""Reports on papers: each figure equals a plain recount of the raw rows, under the rights of whoever asks."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.engine import access
from app.engine import record as records
from app.engine.frames import ask
from app.engine.moments import local, parse_moment
from app.engine.office_calendar import working_calendar
from models.assignments import Assignment
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.people import Department, Person
from tests.factories import incoming, take
from tests.papers import instructed

NOSHRINK = (Phase.explicit, Phase.generate)
QUICK = settings(max_examples=10, phases=NOSHRINK, deadline=None, suppress_health_check=list(HealthCheck))

#: Around the ends of a day, a month and a year, in their order.
MOMENTS = (
    "2025-12-31 23:59", "2026-01-01 00:00", "2026-01-31 23:59", "2026-02-01 00:00", "2026-02-13 18:00",
    "2026-03-02 09:00",
)  # fmt: skip
PERIODS = ({}, {"from": "2026-01-01", "to": "2026-01-31"}, {"from": "2026-02-01"}, {"to": "2025-12-31"})
NOW = "2026-03-09 12:00"


@pytest.fixture
def known(session, at):
    """The office on a Monday in March; the test works for the house itself."""
    at(NOW)
    with access.system():
        yield


def day(moment: datetime) -> date:
    return local(moment).date()


# Workload

WAYS = {
    "documents": ("registered", "in_handling", "suspended", "closed", "passed_on", "voided"),
    "assignments": ("sent", "received", "done", "accepted", "called_off"),
}
OPEN = ("registered", "in_handling", "suspended", "sent", "received")
LEFT = ("passed_on", "called_off", "voided")


def plans(of):
    """What happened to some papers: from a moment on, each in a state, with a unit and a person, by place."""
    steps = st.tuples(st.sampled_from(WAYS[of]), st.sampled_from((0, 1, 2)), st.sampled_from((0, 1, 2)))
    happened = st.dictionaries(st.sampled_from(range(len(MOMENTS))), steps, min_size=1, max_size=4)
    return st.lists(happened.map(lambda found: sorted(found.items())), max_size=5)


def lived(session, at, of, wishes, units, people):
    """Records that went through what is wished; each as it went: (moment, state, unit, person) by name."""
    told = []
    for number, wish in enumerate(wishes):
        record, way = None, []
        for place, (state, unit, person) in wish:
            at(MOMENTS[place])
            if record is None:
                record = incoming(session, title=f"文{number}", received_at=MOMENTS[place])
                if of == "assignments":
                    record = Assignment(document=record, department=units[1], lead=False)
                    records.store(session, record)
            unit = unit or (1 if of == "assignments" else 0)  # an assignment always has a unit
            final = record.flow.states[state].final
            record.state, record.closed_at = state, parse_moment(MOMENTS[place]) if final else None
            record.department_id, record.handler_id = (
                (unit and units[unit].id) or None,
                (person and people[person].id) or None,
            )
            session.flush()
            way.append((parse_moment(MOMENTS[place]), state, unit and units[unit].name, person and people[person].name))
        told.append(way)
    at(NOW)
    return told


def desk_at(way, moment, by):
    """Where a record lay just before a moment: None where nobody had anything to do with it any more."""
    past = [line for line in way if line[0] < moment]
    if not past or past[-1][1] not in OPEN:
        return None
    return tuple({"department": past[-1][2], "person": past[-1][3]}[name] or "" for name in by)


def workload(session, ways, by, start, end):
    """The workload of desks, recounted moment by moment."""
    counted, calendar = defaultdict(Counter), working_calendar(session)
    tick = timedelta(seconds=1)
    for way in ways:
        if way[-1][1] == "voided":
            continue
        if start is not None and (desk := desk_at(way, start, by)) is not None:
            counted[desk]["at_start"] += 1
        if (desk := desk_at(way, end, by)) is not None:
            days = calendar.working_days_between(day(way[0][0]), day(end))
            band = "days_3" if days <= 3 else "days_7" if days <= 7 else "days_15" if days <= 15 else "older"
            counted[desk].update(("at_end", band))
        seen = False
        for moment, state, *_desk in way:
            before, after = desk_at(way, moment, by), desk_at(way, moment + tick, by)
            inside = (start is None or moment >= start) and moment < end
            if before != after and inside:
                if before is not None:
                    counted[before]["closed" if after is None and state not in LEFT else "handed_on"] += 1
                if after is not None:
                    counted[after]["taken_on" if seen else "new"] += 1
            seen = seen or after is not None
    return {desk: dict(found) for desk, found in counted.items()}


FLOW = ("at_start", "new", "taken_on", "closed", "handed_on", "at_end", "days_3", "days_7", "days_15", "older")


@pytest.mark.parametrize("of", WAYS)
@QUICK
@given(data=st.data())
def test_the_workload_is_what_a_walk_through_the_past_finds_and_balances(session, known, at, of, data):
    session.rollback()
    units = dict(enumerate(session.scalars(select(Department).limit(2)), 1))
    people = dict(enumerate(session.scalars(select(Person).limit(2)), 1))
    ways = lived(session, at, of, data.draw(plans(of)), units, people)
    for by in (["department"], ["person"], ["department", "person"]):
        for period in PERIODS:
            start = parse_moment(f"{period['from']} 00:00") if "from" in period else None
            end = parse_moment(f"{period['to']} 00:00") + timedelta(days=1) if "to" in period else parse_moment(NOW)
            rows = ask(session, "paper_workload", {"of": of, "by": ",".join(by), **period}).rows
            found = {tuple(row[name] for name in by): {k: row[k] for k in FLOW if row[k]} for row in rows}
            assert found == workload(session, ways, by, start, end), (by, period)
            for row in rows:
                came, went = row["new"] + row["taken_on"], row["closed"] + row["handed_on"]
                assert row["at_start"] + came - went == row["at_end"] == sum(row[band] for band in FLOW[6:])
    session.rollback()


def test_the_workload_of_the_past_stays_as_it_was_when_a_paper_goes_on(session, actors, at):
    at("2026-03-02 09:00")
    paper = instructed(session, actors)
    asked = {"by": "person", "to": "2026-03-04"}
    at("2026-03-05 09:00")
    with access.acting_as(actors["office"]):
        before = ask(session, "paper_workload", {**asked, "of": "documents"}).rows
    take(session, actors["user_a"], paper, "report_result", result="已办")
    session.commit()
    at("2026-03-05 10:00")
    with access.acting_as(actors["office"]):
        assert ask(session, "paper_workload", {**asked, "of": "documents"}).rows == before
        (row,) = ask(session, "paper_workload", {"by": "person", "from": "2026-03-05"}).rows
    assert [(one["person"], one["at_end"]) for one in before] == [("张小明", 1)]
    assert (row["person"], row["at_start"], row["closed"], row["at_end"]) == ("张小明", 1, 1, 0)


@pytest.mark.parametrize("account, sees", [("office", 1), ("head_a", 1), ("user_b", 0)])
def test_each_sees_the_workload_of_the_papers_they_see(session, actors, at, account, sees):
    at("2026-03-02 09:00")
    instructed(session, actors)
    at("2026-03-02 10:00")
    with access.acting_as(actors[account]):
        for of in WAYS:
            assert sum(row["at_end"] for row in ask(session, "paper_workload", {"of": of}).rows) == sees


def test_a_paper_of_an_older_register_lay_there_until_it_was_closed(session, known):
    sender = session.scalars(select(Correspondent).limit(1)).one()
    received, closed = parse_moment("2025-11-03 09:00"), parse_moment("2025-12-01 09:00")
    old = IncomingDocument(
        sender=sender, title="旧文", received_at=received, closed_at=closed, taken_over=True, state="closed"
    )
    records.store(session, old)
    rows = [
        ask(session, "paper_workload", {"of": "documents", **period}).rows
        for period in ({"to": "2025-11-30"}, {"from": "2025-12-01", "to": "2025-12-31"}, {"from": "2026-01-01"})
    ]
    assert [[(row["at_start"], row["new"], row["closed"], row["at_end"]) for row in found] for found in rows] == [
        [(0, 1, 0, 1)], [(1, 0, 1, 0)], [],
    ]  # fmt: skip
