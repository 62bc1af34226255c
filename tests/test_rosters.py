"""The duty roster and the hand-over of a shift: what is open is listed by itself and not changed afterwards (A54, H1)."""

import pytest

from app.engine import access
from app.engine import record as records
from app.engine.moments import local, now
from app.engine.refusals import Invalid, NotAllowed, StepRefused, Unconfirmed
from models.people import Person
from models.rosters import DutyShift, HandOverItem, ShiftHandOver
from tests.conftest import sign_in
from tests.factories import NOTES, take, take_and_keep


@pytest.fixture
def left(session, actors):
    """`left()`: the shift leader's note for the next shift."""

    def written(**values):
        with access.acting_as(actors["shift"]):
            return records.add(session, ShiftHandOver, {"desk": "hotline", "words": "二单元停水待复核", **values})

    return written


def test_a_note_lists_what_is_open_at_the_desk_by_state_with_the_overdue_on_top(session, actors, call, left):
    call(subject="刚登记")
    late = call(subject="早登记", received_at="2026-03-02 09:00")
    sent = call(kind="help", subject="已派")
    take(session, actors["shift"], sent, "dispatch", department="综合科", requirement="修", **NOTES)
    done = call(subject="已答")
    take(session, actors["desk"], done, "give_answer", answer="好", referral="电话号码查询")
    call(subject="他台", scheme="property_desk")
    session.flush()
    note = left()
    with access.system():
        session.expire(note, ["items"])
        listed = [(item.ticket.subject, item.ticket_state, item.overdue) for item in note.items]
    assert listed[0] == (late.subject, "open", True)
    assert sorted(listed[1:]) == [("刚登记", "open", False), ("已派", "dispatched", False)]
    assert (note.open_tickets, note.overdue_tickets) == (3, 1)
    with access.acting_as(actors["shift"]):
        assert len(note.marks()) == 2


def test_both_names_and_both_moments_stand_on_the_note(session, actors, left):
    note = left()
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["shift"], note, "take_shift")
    take_and_keep(session, actors["cs_manager"], note, "take_shift", remark="已核对")
    with access.system():
        assert (note.person.name, note.taker.name) == ("陈刚", "赵蕾")
    assert note.handed_over_at <= note.taken_over_at
    assert note.state == "taken_over"


def test_what_a_note_says_stays_as_it_was_when_the_tickets_move_on(session, actors, call, left):
    ticket = call()
    note = left()
    session.commit()
    take_and_keep(session, actors["desk"], ticket, "give_answer", answer="好", referral="电话号码查询")
    with access.system():
        assert [(one.ticket_state, one.hand_over_id) for one in session.query(HandOverItem)] == [("open", note.id)]


@pytest.mark.parametrize("account", ["shift", "cs_manager", "office"])
def test_a_note_is_not_changed_afterwards(session, actors, left, account):
    note = left()
    session.commit()
    with access.acting_as(actors[account]), pytest.raises((NotAllowed, Invalid)):
        records.change(session, note, {"words": "别的"}, ["words"], version=note.version)


def test_an_agent_writes_no_note(session, actors):
    with access.acting_as(actors["desk"]), pytest.raises(NotAllowed):
        records.add(session, ShiftHandOver, {"desk": "hotline", "words": "某"})


def roster(session, actors, **values):
    day = f"{local(now()):%Y-%m-%d}"
    raw = {"person": "王芳", "begins_at": f"{day} 08:00", "ends_at": f"{day} 16:00", **values}
    confirmed = raw.pop("confirmed", False)
    with access.acting_as(actors["shift"]):
        return records.add(session, DutyShift, raw, confirmed=confirmed)


def test_a_shift_ends_after_it_begins(session, actors):
    with pytest.raises(Invalid) as refusal:
        roster(session, actors, ends_at="2020-01-01 08:00")
    assert list(refusal.value.errors) == ["ends_at"]


def test_somebody_on_duty_twice_at_a_time_is_asked_about(session, actors):
    roster(session, actors)
    with pytest.raises(Unconfirmed):
        roster(session, actors, desk="property_desk")
    assert roster(session, actors, desk="property_desk", confirmed=True).id


def test_somebody_not_cleared_for_calls_is_asked_about(session, actors):
    with access.system():
        assert session.query(Person).filter_by(name="张小明").one()
    with pytest.raises(Unconfirmed) as refusal:
        roster(session, actors, person="张小明")
    assert list(refusal.value.errors) == ["person"]


def test_a_stranger_finds_the_desks_notes_closed(app, session, left):
    address = f"/shifthandoverview/show/{left().id}"
    session.commit()
    assert sign_in(app, "user_b").get(address).status_code == 403
    assert sign_in(app, "desk").get(address).status_code == 200
