"""Improvement actions: decided by director or manager, carried out by their owner, judged by somebody else (P1 3.1)."""

from datetime import timedelta

import pytest

from app.engine import access
from app.engine import record as records
from app.engine.moments import today
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from models.improvements import Improvement
from tests.conftest import sign_in
from tests.factories import take, take_and_keep


@pytest.fixture
def action(session, actors, call):
    ticket = call(kind="complaint")
    raw = {"title": "前台加装来电录音提示", "reason": "投诉多因记录不全", "owner": "张小明", "ticket": ticket.id,
           "due_on": (today() + timedelta(days=30)).isoformat()}  # fmt: skip
    with access.acting_as(actors["leader"]):
        made = records.add(session, Improvement, raw)
    session.commit()
    return made


def test_an_action_names_who_decided_it_and_the_ticket_behind_it(session, action):
    with access.system():
        assert (action.decider.name, action.ticket.kind, action.decided_at is not None) == ("周海", "complaint", True)


@pytest.mark.parametrize("verdict, end", [("judge_effective", "effective"), ("judge_ineffective", "not_effective")])
def test_an_action_is_begun_carried_out_and_judged(session, actors, action, verdict, end):
    take_and_keep(session, actors["user_a"], action, "begin_action")
    take_and_keep(session, actors["user_a"], action, "carry_out", carried_words="已加装并培训")
    take_and_keep(session, actors["leader"], action, verdict, judgement="投诉由七件降至一件")
    with access.system():
        assert (action.state, action.judge.name) == (end, "周海")


def test_nobody_judges_what_they_carried_out_themselves(session, actors, action):
    with access.system():
        action.owner_id = actors["leader"].own_person_id
        session.flush()
        take(session, access.SYSTEM, action, "carry_out", carried_words="好了")
    with pytest.raises(StepRefused):
        take(session, actors["leader"], action, "judge_effective", judgement="好")


@pytest.mark.parametrize("account", ["cs_manager", "desk", "user_a"])
def test_the_manager_of_the_desk_and_its_agents_do_not_decide(session, actors, account):
    raw = {"title": "某", "reason": "某", "owner": "王芳", "due_on": today().isoformat()}
    with access.acting_as(actors[account]), pytest.raises(NotAllowed):
        records.add(session, Improvement, raw)


def test_a_day_that_has_passed_is_no_day_to_do_better_by(session, actors):
    raw = {"title": "某", "reason": "某", "owner": "王芳", "due_on": (today() - timedelta(days=1)).isoformat()}
    with access.acting_as(actors["leader"]), pytest.raises(Invalid) as refusal:
        records.add(session, Improvement, raw)
    assert list(refusal.value.errors) == ["due_on"]


@pytest.mark.parametrize("door", ["show/{}", "step/{}/begin_action"])
def test_a_stranger_finds_every_door_closed_and_the_owner_none(app, session, action, door):
    address = "/improvementview/" + door.format(action.id)
    session.commit()
    assert sign_in(app, "user_b").get(address).status_code == 404
    assert sign_in(app, "user_a").get(address).status_code == 200
