"""The sweep: each rung once, from however many machines, and after a stand-still only the newest."""

import threading
from collections import Counter
from datetime import date

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from app.engine import access, bin, clocks, ladder
from app.engine import record as records
from app.engine.clocks import ClockRow
from app.engine.ladder import EscalationRung, RungSent
from app.engine.moments import now, parse_moment
from app.engine.office_calendar import working_calendar
from app.engine.refusals import Invalid
from app.extensions import db
from app.web.report_files import forget_old
from models.circulation import CirculationEntry
from models.correspondents import Correspondent
from models.follow_ups import FollowUp
from models.notices import Notice
from models.people import Person
from models.report_runs import ReportRun
from models.sweeping import sweep, wake
from tests.conftest import actors_of
from tests.factories import take
from tests.papers import case_of, instructed, person_of
from tests.test_documents import register

RUNG = {"name": "提醒", "amount": "-1", "who": "clerk", "basis": "limit", "unit": "working_days"}


def told(session, since=0):
    """Who was told what after notice no. `since`: account -> keys of the texts."""
    with access.system():
        found = {}
        query = select(Notice).where(Notice.id > since).order_by(Notice.id)
        for notice in session.scalars(query):
            found.setdefault(notice.person.user.username, []).append(notice.key)
        return found


def last_notice(session):
    with access.system():
        return session.scalar(select(sa.func.max(Notice.id))) or 0


def test_the_ladder_of_one_week_from_half_time_to_the_leader(either_session, either_actors, at):
    """Monday 2 March 10:00, seven calendar days: due Monday 9 March 18:00. Steps as in documents.md 5.3."""
    session = either_session
    at("2026-03-02 10:00")
    document = instructed(session, either_actors)
    assert document.due_at == parse_moment("2026-03-09 18:00")
    ladder_of = [
        ("2026-03-04 09:00", {}),
        ("2026-03-06 09:01", {"user_a": ["due_soon"], "clerk": ["due_soon"], "office": ["due_soon"]}),  # 1 working day
        ("2026-03-09 09:01", {"user_a": ["due_soon"]}),  # the morning of the day itself
        ("2026-03-09 18:01", {"user_a": ["overdue"], "head_a": ["overdue"]}),
        ("2026-03-10 18:01", {"office": ["overdue"]}),  # the office head's list
        ("2026-03-11 09:01", {"office": ["overdue"]}),  # and each morning again
        ("2026-03-12 18:01", {"office": ["overdue"], "leader": ["overdue"]}),
    ]
    for moment, expected in ladder_of:
        at(moment)
        before = last_notice(session)
        sweep(session)
        assert told(session, before) == expected, moment
        assert sweep(session)["notices"] == 0, moment


def test_two_working_days_before_and_one_day_before_the_clerk_and_the_office_head_are_told(
    either_session, either_actors, at
):
    """Ten days for an opinion (S9.6) from Monday 2 March: Thursday 12 March; warnings on Tuesday and Wednesday (S6)."""
    session = either_session
    at("2026-03-02 10:00")
    with access.acting_as(either_actors["clerk"]):
        document = register(session, received_at="2026-03-02 09:00")
    reader = person_of(session, either_actors["user_a"])
    take(session, either_actors["leader"], document, "instruct_reading", readers=[reader], purpose="请阅")
    session.commit()
    with access.system():
        assert session.scalars(select(CirculationEntry)).one().due_at == parse_moment("2026-03-12 18:00")
    for moment in ("2026-03-10 09:01", "2026-03-11 09:01"):
        at(moment)
        before = last_notice(session)
        sweep(session)
        assert told(session, before) == {"user_a": ["due_soon"], "clerk": ["due_soon"], "office": ["due_soon"]}


def test_a_limit_shorter_than_three_days_warns_at_half_time(session, actors, at):
    """Received Tuesday 9:00, proposal due Wednesday 9:00: half time is 21:00, told at the next opening at the latest."""
    at("2026-03-03 09:00")
    with access.acting_as(actors["clerk"]):
        document = register(session, received_at="2026-03-03 09:00")
        session.commit()
    assert document.due_at == parse_moment("2026-03-04 09:00")
    with access.system():
        clock = session.scalars(select(ClockRow)).one()
        (short,) = session.scalars(select(EscalationRung).where(EscalationRung.below_days == 3))
        calendar = working_calendar(session)
        assert ladder.moment_of(short, clock, calendar) == parse_moment("2026-03-04 09:00")
        clock.started_at = parse_moment("2026-03-03 10:00")
        clock.due_at = parse_moment("2026-03-03 16:00")
        assert ladder.moment_of(short, clock, calendar) == parse_moment("2026-03-03 13:30")  # 13:00 is lunch
        for by_days in session.scalars(select(EscalationRung).where(EscalationRung.amount < 0)):
            assert ladder.moment_of(by_days, clock, calendar) is None
        session.rollback()


def test_half_time_of_working_days_is_told_in_working_time(session, actors, at):
    """Two working days from Monday 9:00 end on Wednesday 18:00: 22.5 hours of work, half of them by Tuesday 14:15."""
    clock = ClockRow(
        unit="working_days", started_at=parse_moment("2026-03-02 09:00"), due_at=parse_moment("2026-03-04 18:00")
    )
    rung = EscalationRung(basis="half_time", amount=0, unit="working_days", who="responsible")
    assert ladder.moment_of(rung, clock, working_calendar(session)) == parse_moment("2026-03-03 14:15")


def test_after_a_stand_still_only_the_newest_rung_is_told(session, actors, at):
    at("2026-03-02 10:00")
    document = instructed(session, actors)
    at("2026-03-09 18:01")
    sweep(session)
    assert told(session) == {"user_a": ["overdue"], "head_a": ["overdue"]}
    with access.system():
        states = Counter(
            session.scalars(
                select(RungSent.state)
                .join(ClockRow, RungSent.clock_id == ClockRow.id)
                .where(ClockRow.stage == "handling")
            )
        )
    assert states == {"sent": 1, "skipped": 4}  # half time, two days, one day, the morning
    assert (case_of(session, document).reminded, case_of(session, document).state) == (1, "due_soon")


def test_an_extension_starts_the_ladder_anew_without_repeating_what_lies_behind(session, actors, at):
    at("2026-03-02 10:00")
    document = instructed(session, actors)
    at("2026-03-09 09:01")
    sweep(session)
    with access.system():
        clocks.extend(session, document, "handling", parse_moment("2026-03-20 18:00"))
        session.commit()
    before = last_notice(session)
    sweep(session)
    assert told(session, before) == {}
    at("2026-03-18 09:01")
    sweep(session)
    assert told(session, before) == {"user_a": ["due_soon"], "clerk": ["due_soon"], "office": ["due_soon"]}
    assert case_of(session, document).due_at == parse_moment("2026-03-20 18:00")


def test_a_rung_that_stops_when_answered_is_not_told_after_the_answer(session, actors, at):
    at("2026-03-02 10:00")
    document = instructed(session, actors)
    sweep(session)
    case = case_of(session, document)
    take(session, actors["clerk"], case, "ask", way="phone")
    take(session, actors["user_a"], case, "answer", outcome="on_the_way", words="周一办结")
    session.commit()
    at("2026-03-06 09:01")
    before = last_notice(session)
    sweep(session)
    assert told(session, before) == {}
    at("2026-03-09 18:01")
    sweep(session)
    assert told(session, before) == {"user_a": ["overdue"], "head_a": ["overdue"]}


def test_a_profiles_own_ladder_takes_the_place_of_the_general_one():
    general, own = EscalationRung(who="clerk"), EscalationRung(who="leader", profile="group")
    assert ladder.rungs_for([general, own], "incoming_documents", "handling", "group") == [own]
    assert ladder.rungs_for([general, own], "incoming_documents", "handling", "school") == [general]


@pytest.mark.parametrize("days, good", [(-4, False), (-3, True), (-1, True), (1, True)])
def test_warnings_come_one_to_three_working_days_before(session, actors, days, good):
    raw = {**RUNG, "amount": str(days)}
    with access.acting_as(actors["office"]):
        if good:
            assert records.add(session, EscalationRung, raw).amount == days
        else:
            with pytest.raises(Invalid, match=r"1|one|一|三"):
                records.add(session, EscalationRung, raw)


def test_a_rung_names_only_people_the_house_knows(session, actors):
    with access.acting_as(actors["office"]), pytest.raises(Invalid, match="everybody"):
        records.add(session, EscalationRung, {**RUNG, "who": "everybody"})


def test_sweeps_side_by_side_tell_everybody_once(either, at):
    with either.app_context():
        at("2026-03-02 10:00")
        actors = actors_of(db.session)
        for number in range(3):
            instructed(db.session, actors, title=f"通知{number}")
        db.session.remove()
    at("2026-03-06 09:01")
    begin, wrong = threading.Barrier(3), []

    def work():
        try:
            with either.app_context():
                begin.wait()
                sweep(db.session)
                db.session.remove()
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with either.app_context():
        sweep(db.session)
        with access.system():
            cases = db.session.scalars(select(FollowUp)).all()
            assert [(case.stage, case.reminded) for case in cases] == [("handling", 1)] * 3
            counted = db.session.execute(
                select(Notice.person_id, Notice.record_id, sa.func.count()).group_by(Notice.person_id, Notice.record_id)
            )
            assert [count for _person, _record, count in counted] == [1] * 9
        db.session.remove()


def test_a_sweep_with_nothing_to_tell_asks_no_more_for_many_limits_than_for_few(session, actors, at):
    at("2026-03-02 10:00")
    asked = []

    def note(*_event):
        asked[-1] += 1

    for number in range(12):
        instructed(session, actors, title=f"通知{number}")
        session.commit()
        sweep(session)  # opens the case
        session.rollback()
        asked.append(0)
        sa.event.listen(db.engine, "before_cursor_execute", note)
        assert sweep(session)["cases"] > number
        sa.event.remove(db.engine, "before_cursor_execute", note)
        session.rollback()
    assert asked[-1] == asked[1]


def test_two_who_tidy_up_at_once_are_not_in_each_others_way(either, at):
    at("2026-03-02 10:00")
    with either.app_context(), access.acting_as(actors_of(db.session)["clerk"]):
        for number in range(3):
            bin.delete(db.session, records.add(db.session, Correspondent, {"name": f"单位{number}"}), version=1)
        db.session.commit()
        db.session.remove()
    with either.app_context(), access.system():
        for name in ("one", "two"):
            values = dict.fromkeys(("report", "parameters", "form", "language", "address"), "")
            user = db.session.scalars(select(User).limit(1)).one()
            db.session.add(
                ReportRun(user=user, name=name, mail=False, state="done", asked_at=now(), ended_at=now(), **values)
            )
        db.session.commit()
        db.session.remove()
    at("2026-05-02 10:00")
    done, begun = [], threading.Event()

    def second():
        with either.app_context():
            begun.set()
            done.append((bin.empty(db.session), forget_old(db.session)))
            db.session.commit()
            db.session.remove()

    thread = threading.Thread(target=second)
    with either.app_context():
        assert (bin.empty(db.session), forget_old(db.session)) == (3, 2)
        thread.start()
        begun.wait()
        thread.join(1)  # on SQLite it waits for the writer
        db.session.commit()
        db.session.remove()
    thread.join()
    assert done == [(0, 0)]


def test_a_suspended_paper_goes_on_on_its_day(session, actors, at):
    at("2026-03-02 10:00")
    document = instructed(session, actors)
    take(session, actors["office"], document, "suspend", cause="sender", wake_on=date(2026, 3, 4))
    session.commit()
    with access.system():
        assert (wake(session), document.state) == (0, "suspended")
    at("2026-03-04 00:01")
    with access.system():
        assert wake(session) == 1
        assert wake(session) == 0
    session.refresh(document)
    assert document.state == "in_handling"
    assert told(session) == {"user_a": ["awake"]}


def test_an_absent_handlers_deputy_is_told_and_so_is_who_gave_the_task(session, actors, at):
    at("2026-03-02 10:00")
    instructed(session, actors)
    with access.system():
        handler, deputy = (session.get(Person, actors[name].own_person_id) for name in ("user_a", "head_a"))
        handler.deputy, handler.absent_from, handler.absent_until = deputy, date(2026, 3, 5), date(2026, 3, 20)
        session.commit()
    at("2026-03-06 09:01")
    sweep(session)
    assert told(session) == {
        "head_a": ["due_soon"], "clerk": ["due_soon"], "office": ["due_soon"], "leader": ["absent"],
    }  # fmt: skip
    before = last_notice(session)
    at("2026-03-09 09:01")
    sweep(session)
    assert told(session, before) == {"head_a": ["due_soon"]}  # who gave the task is told once
