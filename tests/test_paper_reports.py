"""Reports on papers: each figure equals a plain recount of the raw rows, under the rights of whoever asks."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.engine import access
from app.engine import record as records
from app.engine.clocks import ClockRow, ClockSegment
from app.engine.frames import REPORTS
from app.engine.moments import local, now, parse_moment
from app.engine.office_calendar import working_calendar
from app.engine.periods import period_of
from app.engine.report_answers import ask
from models.assignments import Assignment
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.follow_ups import FollowUp, FollowUpNote
from models.people import Department, Person
from tests.factories import incoming, take, take_and_keep
from tests.papers import instructed, swept
from tests.random_cases import examples
from tests.report_cells import opened

QUICK = examples(10)

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
            days = calendar.working_days_between(day(way[0][0]), day(end - tick))
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


# Closing on time


def put(session, model, **values):
    """A row as wished, straight into the table: what stands there is counted, whoever put it there."""
    row = model(**values)
    session.add(row)
    session.flush()
    return row


def behind(session, name, key, figure, of=None, period=None):
    """How many rows stand behind a figure."""
    return len(session.execute(REPORTS[name].tally(of).behind(period_of(period or {}), key, figure)).all())


LIMITS = st.lists(
    st.fixed_dictionaries(
        {
            "paper": st.sampled_from(("in_handling", "closed", "voided", "terminated_by_sender")),
            "clocks": st.lists(
                st.fixed_dictionaries(
                    {
                        "state": st.sampled_from(("running", "paused", "met", "missed", "void")),
                        "original": st.sampled_from(MOMENTS), "extra": st.sampled_from((0, 0, 1, 40 * 24)),
                        "extended": st.booleans(), "done": st.sampled_from(MOMENTS), "stood": st.sampled_from(MOMENTS),
                    }
                ),
                max_size=2,
            ),
            "unit": st.sampled_from((0, 1, 2)), "urgency": st.sampled_from(("none", "urgent")),
            "old": st.sampled_from((None, *MOMENTS)), "closed": st.sampled_from((None, *MOMENTS)),
        }
    ),
    max_size=5,
)  # fmt: skip
PLACES = ("excluded", "not_due", "on_time", "after_extension", "late_closed", "late_open")


def limited(session, wishes, units):
    """Papers with clocks as wished; one line a limit: unit, urgency, original, present limit, where it belongs."""
    now, lines = parse_moment(NOW), []
    for number, wish in enumerate(wishes):
        paper = incoming(session, title=f"限{number}", received_at="2025-12-01 08:00", urgency=wish["urgency"])
        paper.state, paper.department = wish["paper"], units.get(wish["unit"])
        unit = paper.department.name if paper.department else ""
        out = wish["paper"] in ("voided", "terminated_by_sender")
        session.flush()
        for episode, one in enumerate(wish["clocks"], 1):
            original, done, stood = (parse_moment(one[name]) for name in ("original", "done", "stood"))
            due, state = original + timedelta(hours=one["extra"]), one["state"]
            stopped = done if state in ("met", "missed", "void") else None
            segments = [ClockSegment(begins_at=stood, running=state != "paused", ends_at=stopped)]
            put(session, ClockRow, kind="incoming_documents", record_id=paper.id, stage="handling", episode=episode,
                amount="0", unit="stated", calendar="office", state=state, started_at=paper.received_at, due_at=due,
                original_due_at=original, extended=one["extended"], stopped_at=stopped, segments=segments)  # fmt: skip
            if out or state == "void":
                place = "excluded"
            elif state == "met":
                place = "after_extension" if one["extended"] and done > original else "on_time"
            elif state == "missed":
                place = "late_closed"
            else:
                place = "late_open" if (due < now if state == "running" else stood > due) else "not_due"
            lines.append((unit, wish["urgency"], original, due, place))
        if wish["old"] and not wish["clocks"]:
            due, closed = (parse_moment(wish[name]) if wish[name] else None for name in ("old", "closed"))
            session.execute(delete(ClockRow).where(ClockRow.record_id == paper.id))
            paper.taken_over, paper.due_at, paper.closed_at = True, due, closed
            session.flush()
            late = "late_closed" if closed else "late_open"
            in_time = closed <= due if closed else None
            lines.append((unit, wish["urgency"], due, due, "excluded" if out else "on_time" if in_time else late))
    return lines


@pytest.mark.parametrize("of", ["due", "original"])
@QUICK
@given(wishes=LIMITS)
def test_limits_kept_and_missed_are_what_a_plain_recount_finds(session, known, of, wishes):
    session.rollback()
    units = dict(enumerate(session.scalars(select(Department).limit(2)), 1))
    lines = limited(session, wishes, units)
    at = 3 if of == "due" else 2
    for period in PERIODS:
        first, last = (date.fromisoformat(period[key]) if key in period else None for key in ("from", "to"))
        for names, told in (
            (["department"], lambda line: line[:1]),
            (["urgency", "month"], lambda line: (line[1], f"{local(line[at]):%Y-%m}")),
        ):
            groups = defaultdict(Counter)
            for line in lines:
                if (first is None or day(line[at]) >= first) and (last is None or day(line[at]) <= last):
                    groups[told(line)].update(("limits", line[4]))
            rows = ask(session, "closing_on_time", {"of": of, "by": ",".join(names), **period}).rows
            found = {tuple(row[name] for name in names): row for row in rows}
            assert found.keys() == groups.keys()
            for key, counted in groups.items():
                row = found[key]
                assert {name: row[name] for name in ("limits", *PLACES)} == {n: counted[n] for n in ("limits", *PLACES)}
                judged = sum(counted[name] for name in PLACES[2:])
                in_time = counted["on_time"] + counted["after_extension"]
                assert (row["judged"], row["in_time"]) == (judged, in_time)
                assert row["on_time_share"] == (
                    pytest.approx(round(counted["on_time"] / judged, 4)) if judged else None
                )
                assert row["in_time_share"] == (pytest.approx(round(in_time / judged, 4)) if judged else None)
                of_key = dict(zip(names, key, strict=True))
                counts = [behind(session, "closing_on_time", of_key, name, of, period) for name in PLACES]
                assert counts == [counted[name] for name in PLACES] and sum(counts) == row["limits"]
    session.rollback()


@pytest.mark.parametrize("account, sees", [("office", 1), ("head_a", 1), ("user_b", 0)])
def test_each_sees_the_limits_of_the_papers_they_see(session, actors, at, account, sees):
    at("2026-03-02 09:00")
    instructed(session, actors, limit="2026-03-05 09:00")
    at("2026-03-05 09:01")
    with access.acting_as(actors[account]):
        rows = ask(session, "closing_on_time", {"by": "department"}).rows
        assert [(row["department"], row["limits"], row["late_open"]) for row in rows] == [("综合科", 1, 1)] * sees
        assert behind(session, "closing_on_time", {}, "late_open") == sees


# Follow-up

ASKINGS = st.lists(
    st.fixed_dictionaries(
        {
            "clock": st.sampled_from(("running", "paused", "met", "missed", "void")), "due": st.sampled_from(MOMENTS),
            "unit": st.sampled_from((0, 1)), "stage": st.sampled_from(("handling", "proposal")),
            "reminded": st.integers(0, 3),
            "notes": st.lists(st.tuples(st.sampled_from(("asked", "answered")), st.sampled_from(MOMENTS)), max_size=5),
        }
    ),
    max_size=4,
)  # fmt: skip


@QUICK
@given(wishes=ASKINGS)
def test_what_follow_up_brought_about_is_what_a_plain_recount_finds(session, known, wishes):
    session.rollback()
    units = dict(enumerate(session.scalars(select(Department).limit(1)), 1))
    now, calendar, lines = parse_moment(NOW), working_calendar(session), []
    for number, wish in enumerate(wishes):
        paper = incoming(session, title=f"催{number}", received_at="2025-12-01 08:00")
        due = parse_moment(wish["due"])
        clock = put(session, ClockRow, kind="incoming_documents", record_id=paper.id, stage="other", amount="0",
                    unit="stated", calendar="office", state=wish["clock"], started_at=paper.received_at, due_at=due,
                    original_due_at=due)  # fmt: skip
        case = put(session, FollowUp, document=paper, kind="incoming_documents", stage=wish["stage"], state="watching",
                   clock_id=clock.id, department=units.get(wish["unit"]), reminded=wish["reminded"])  # fmt: skip
        for deed, moment in wish["notes"]:
            put(session, FollowUpNote, follow_up_id=case.id, deed=deed, at=parse_moment(moment))
        asked = sorted(parse_moment(moment) for deed, moment in wish["notes"] if deed == "asked")
        answers = sorted(parse_moment(moment) for deed, moment in wish["notes"] if deed == "answered")
        for place, moment in enumerate(asked):
            answer = next((one for one in answers if one >= moment), None)
            judged = wish["clock"] in ("met", "missed") or (wish["clock"] == "running" and due < now)
            lines.append((wish, moment, answer, place == 0, judged))
    for period in PERIODS:
        first, last = (date.fromisoformat(period[key]) if key in period else None for key in ("from", "to"))
        groups = defaultdict(list)
        for line in lines:
            if (first is None or day(line[1]) >= first) and (last is None or day(line[1]) <= last):
                groups[line[0]["stage"], units[1].name if line[0]["unit"] else ""].append(line)
        answer = ask(session, "follow_up_effect", {"by": "stage,department", **period})
        rows, cells = answer.rows, opened(session, answer)
        assert cells >= len(rows)
        assert {(row["stage"], row["department"]) for row in rows} == set(groups)
        for row in rows:
            found = groups[row["stage"], row["department"]]
            answered = [(moment, answer) for _wish, moment, answer, _first, _judged in found if answer]
            quick = sum(calendar.working_days_between(day(one), day(answer)) <= 1 for one, answer in answered)
            hours = [calendar.working_seconds(*pair) / 3600 for pair in answered]
            cases = [line for line in found if line[3]]
            judged = [line for line in cases if line[4]]
            kept = sum(line[0]["clock"] == "met" for line in judged)
            names = ("asked", "answered", "within_a_day", "cases", "warned", "judged", "kept")
            assert [row[name] for name in names] == [
                len(found), len(answered), quick, len(cases), sum(line[0]["reminded"] for line in cases), len(judged),
                kept,
            ]  # fmt: skip
            assert row["within_a_day_share"] == pytest.approx(round(quick / len(found), 4))
            assert row["kept_share"] == (pytest.approx(round(kept / len(judged), 4)) if judged else None)
            assert row["hours_median"] == (pytest.approx(median(hours), abs=0.011) if hours else None)
    session.rollback()


@pytest.mark.parametrize("account, sees", [("office", 1), ("head_a", 1), ("user_b", 0)])
def test_each_sees_the_follow_up_of_the_papers_they_see(session, actors, at, account, sees):
    at("2026-03-02 09:00")
    case = swept(session, instructed(session, actors))
    take(session, actors["clerk"], case, "ask", way="phone")
    session.commit()
    with access.acting_as(actors[account]):
        assert [row["asked"] for row in ask(session, "follow_up_effect", {}).rows] == [1] * sees


@pytest.mark.parametrize("account, sees", [("office", 1), ("user_a", 1), ("user_b", 0)])
def test_an_overdue_paper_is_listed_with_what_was_asked_and_answered(session, actors, at, account, sees):
    at("2026-03-02 09:00")
    paper = instructed(session, actors, limit="2026-03-04 17:00")
    case = swept(session, paper)
    take(session, actors["clerk"], case, "ask", way="phone")
    take(session, actors["user_a"], case, "answer", outcome="on_the_way", words="在办")
    session.commit()
    with access.acting_as(actors[account]):
        assert ask(session, "papers_overdue", {}).rows == []
        at("2026-03-09 09:00")
        rows = ask(session, "papers_overdue", {}).rows
        names = ("receipt_no", "stage", "person", "department", "days", "asked", "reply")
        expected = (paper.receipt_no, "handling", "张小明", "综合科", 3, 1, "在办")
        assert [tuple(row[name] for name in names) for row in rows] == [expected] * sees
        assert ask(session, "papers_overdue", {"to": "2026-03-03"}).rows == []


@pytest.mark.parametrize("named, holder", [(True, "周海"), (False, "领导")])
def test_an_overdue_paper_is_held_by_the_registry_and_then_by_the_leader(session, actors, at, named, holder):
    at("2026-03-02 09:00")
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, received_at=now().isoformat())
    at("2026-03-09 09:00")
    with access.acting_as(actors["office"]):
        assert [(row["stage"], row["person"]) for row in ask(session, "papers_overdue", {}).rows] == [
            ("proposal", "收发员")
        ]
    with access.system():
        leader = session.get(Person, actors["leader"].own_person_id)
    proposed = {"leaders": [leader]} if named else {"transfer": "综合科"}
    take_and_keep(session, actors["clerk"], paper, "propose", proposal="拟请阅示", **proposed)
    at("2026-03-30 09:00")
    with access.acting_as(actors["office"]):
        assert [(row["stage"], row["person"]) for row in ask(session, "papers_overdue", {}).rows] == [
            ("instruction", holder)
        ]


@QUICK
@given(wishes=LIMITS)
def test_overdue_papers_are_those_whose_limits_run_and_are_past(session, known, wishes):
    session.rollback()
    limited(session, [wish | {"old": None} for wish in wishes], {})
    now, calendar = parse_moment(NOW), working_calendar(session)
    for period in PERIODS:
        first, last = period.get("from", ""), period.get("to", "9999")
        expected = [
            (clock.due_at, calendar.working_days_between(day(clock.due_at), day(now)))
            for clock in session.scalars(select(ClockRow).order_by(ClockRow.due_at))
            if clock.state == "running" and clock.due_at < now and first <= day(clock.due_at).isoformat() <= last
        ]
        rows = ask(session, "papers_overdue", period).rows
        assert [(row["due_at"], row["days"]) for row in rows] == expected
    session.rollback()
