"""The desk's ladder: handler, shift leader, manager, director, list; each once, and nobody is woken but for emergencies."""

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select

from app.engine import access, clocks, moments
from app.engine.ladder import EscalationRung, RungSent
from app.engine.moments import parse_moment
from app.engine.periods import Period
from models import desk_ladder
from models.notices import Notice
from models.sweeping import sweep
from reports.dispatch import criticised
from tests.factories import NOTES, take


@pytest.fixture
def told(session, at):
    """`told("2026-03-02 11:01")`: who is told what about which stage by the sweep of that moment."""

    def swept(text):
        at(text)
        with access.system():
            before = session.scalars(select(Notice.id).order_by(Notice.id.desc()).limit(1)).first() or 0
            sweep(session)
            fresh = session.scalars(select(Notice).where(Notice.id > before).order_by(Notice.id))
            return sorted({(n.person.user.username, n.key, n.parameters.split('"')[3]) for n in fresh})

    return swept


def test_the_front_desk_is_reminded_until_the_list_for_criticism(session, actors, call, at, told):
    """Monday 09:00, four hours round the clock; manager and director are told in office hours."""
    at("2026-03-02 09:00")
    number = call(kind="other").ticket_no
    session.commit()
    assert told("2026-03-02 10:59") == []
    assert told("2026-03-02 11:01") == [("desk", "due_soon", "front_desk")]
    assert told("2026-03-02 12:13") == [("desk", "due_soon", "front_desk"), ("shift", "due_soon", "front_desk")]
    assert told("2026-03-02 13:01") == []  # lunch
    assert told("2026-03-02 13:30") == [("cs_manager", "overdue", "front_desk")]
    assert told("2026-03-02 13:31") == []
    assert told("2026-03-03 13:31") == [("leader", "overdue", "front_desk")]
    told("2026-03-07 13:01")
    with access.acting_as(actors["manager"]):
        table = criticised(session, Period())
    assert table.drop(columns="department").to_dict("records") == [
        {"number": number, "stage": "前台", "due_at": parse_moment("2026-03-02 13:00"), "stopped_at": None,
         "listed_at": parse_moment("2026-03-07 13:01")}
    ]  # fmt: skip
    with access.system():
        listed = session.scalars(select(RungSent).join(EscalationRung).where(EscalationRung.who == "listed")).all()
        assert [session.get(clocks.ClockRow, one.clock_id).stage for one in listed] == ["front_desk"]


def test_a_unit_is_told_in_its_hours_and_the_shift_leader_at_any(session, actors, call, at, told):
    """Issued Friday 16:00: 22 hours end Saturday 14:00, four fifths of them are over at 09:36."""
    at("2026-03-06 16:00")
    ticket = call(kind="help")
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请修理", **NOTES)
    with access.system():
        (order,) = ticket.orders
    take(session, actors["user_a"], order, "sign")
    take(session, actors["user_a"], order, "mark_contacted", how="电话")
    session.commit()
    assert ("shift", "due_soon", "handling") in told("2026-03-07 09:37")
    assert not [one for one in told("2026-03-07 10:00") if one[0] == "head_a"]
    assert ("head_a", "overdue", "handling") in told("2026-03-09 09:00")


def test_of_an_emergency_everybody_is_told_at_once(session, call, at, told):
    at("2026-03-07 03:00")
    call(kind="emergency")
    session.commit()
    assert ("cs_manager", "overdue", "front_desk") in told("2026-03-07 03:16")


@pytest.mark.parametrize(
    "who, step, answers",
    [("shift", "void", {"reason": "测试"}), ("desk", "give_answer", {"answer": "已答复", "referral": "电话号码查询"})],
)
def test_what_is_over_is_not_escalated(session, actors, call, at, told, who, step, answers):
    at("2026-03-02 09:00")
    ticket = call()
    take(session, actors[who], ticket, step, **answers)
    session.commit()
    assert told("2026-03-09 09:00") == []


def test_an_old_register_is_nobodys_to_hurry(session, call, at, told):
    at("2026-03-02 09:00")
    ticket = call()
    with access.system():
        ticket.taken_over = True
        session.commit()
    assert told("2026-03-09 09:00") == []


def test_a_pause_uses_up_no_share_of_the_time(session, actors, call, at, told):
    at("2026-03-02 02:00")
    ticket = call(kind="help")
    at("2026-03-02 03:00")
    take(session, actors["desk"], ticket, "wait", waiting_for="details", until="2026-03-05 18:00", reason="等门牌号")
    at("2026-03-03 03:00")
    take(session, actors["desk"], ticket, "go_on")
    session.commit()
    before, after = (
        [line for line in told(moment) if line[2] == "parent"] for moment in ("2026-03-03 13:59", "2026-03-03 14:01")
    )
    assert before == []  # one hour of the first twelve before the pause, eleven after it
    assert after == [("desk", "due_soon", "parent")]


def test_the_desk_is_told_by_a_clock_that_does_not_stand_still(session, call, at, told, monkeypatch):
    """Two looks at the clock of a running office never show the same moment."""
    at("2026-03-02 09:00")
    call()
    session.commit()
    looks = count()
    monkeypatch.setattr(desk_ladder, "now", lambda: moments.now() + timedelta(microseconds=next(looks)))
    assert told("2026-03-03 10:00") != []
