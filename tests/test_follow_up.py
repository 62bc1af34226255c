"""Follow-up: a case for every running limit, who may see it, and the way from asking to the leader."""

import pytest
from sqlalchemy import select

from app.engine import access, finding
from app.engine import record as records
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from models.accountability import AccountabilityCase
from models.follow_ups import FollowUp, FollowUpNote
from models.notices import Notice
from models.people import Person
from models.sweeping import sweep
from tests.conftest import sign_in
from tests.factories import take
from tests.papers import case_of, instructed, person_of, swept
from tests.test_documents import register


@pytest.fixture
def paper(either_session, either_actors, clock):
    return instructed(either_session, either_actors)


def test_every_running_limit_has_one_case(either_session, either_actors, clock):
    session = either_session
    with access.acting_as(either_actors["clerk"]):
        register(session, received_at=clock.moment.isoformat())
    paper = instructed(session, either_actors, title="另一件")
    reader = person_of(session, either_actors["user_b"])
    take(session, either_actors["clerk"], paper, "circulate", readers=[reader], purpose="请阅")
    session.commit()
    for _ in range(2):
        sweep(session)
    with access.system():
        cases = session.scalars(select(FollowUp).order_by(FollowUp.id)).all()
        found = sorted((case.stage, str(case.responsible or ""), str(case.department or "")) for case in cases)
    assert found == sorted([
        ("proposal", "", ""), ("handling", "张小明", str(person_of(session, either_actors["user_a"]).department)),
        ("reading", "李强", str(person_of(session, either_actors["user_b"]).department)),
    ])  # fmt: skip


def test_each_asking_and_its_answer_stay_on_file(either_session, either_actors, paper):
    session, actors = either_session, either_actors
    case = swept(session, paper)
    take(session, actors["clerk"], case, "ask", way="phone", words="问进度")
    take(session, actors["user_a"], case, "answer", outcome="on_the_way", words="周五前办结")
    take(session, actors["clerk"], case, "ask", way="visit", person=person_of(session, actors["head_a"]))
    take(session, actors["head_a"], case, "answer", outcome="done", words="已办结")
    take(session, actors["clerk"], case, "report", leader=person_of(session, actors["leader"]))
    with access.system():
        notes = session.scalars(select(FollowUpNote).order_by(FollowUpNote.id)).all()
        log = [(note.deed, note.way, note.outcome, str(note.person), note.words) for note in notes]
    assert log == [
        ("asked", "phone", None, "张小明", "问进度"), ("answered", None, "on_the_way", "张小明", "周五前办结"),
        ("asked", "visit", None, "刘洋", None), ("answered", None, "done", "张小明", "已办结"),
        ("reported", None, None, "周海", None),
    ]  # fmt: skip
    assert (case.state, case.outcome, case.reply) == ("reported", "done", "已办结")


def test_what_cannot_be_done_in_time_comes_before_the_leader_and_is_decided(either_session, either_actors, paper):
    session, actors = either_session, either_actors
    case = swept(session, paper)
    take(session, actors["clerk"], case, "ask", way="meeting")
    take(session, actors["user_a"], case, "answer", outcome="cannot", words="等统计数据")
    take(session, actors["clerk"], case, "report", leader=person_of(session, actors["leader"]))
    with access.acting_as(actors["leader"]):
        assert [n.key for n in session.scalars(select(Notice))] == ["cannot"]
        assert session.scalars(select(FollowUp).where(FollowUp.waits_for(actors["leader"]))).one().id == case.id
    take(session, actors["leader"], case, "decide", decision="order", words="按期完成")
    assert case.state == "watching"


def test_there_is_nothing_to_decide_where_it_is_on_the_way(either_session, either_actors, paper):
    case = swept(either_session, paper)
    take(either_session, either_actors["clerk"], case, "ask", way="phone")
    take(either_session, either_actors["user_a"], case, "answer", outcome="on_the_way", words="在办")
    with pytest.raises(StepRefused):
        take(either_session, either_actors["leader"], case, "decide", decision="order", words="快办")


@pytest.mark.parametrize("pressing", [{"urgency": "urgent"}, {"importance": "important"}])
def test_an_urgent_or_important_paper_is_asked_about_by_a_named_officer(session, actors, clock, pressing):
    case = swept(session, instructed(session, actors, **pressing, limit="2026-03-05 18:00"))
    with pytest.raises(StepRefused):
        take(session, actors["clerk"], case, "ask", way="phone")
    officer = person_of(session, actors["head_a"])
    take(session, actors["office"], case, "name_officer", officer=person_of(session, actors["clerk"]))
    take(session, actors["clerk"], case, "ask", way="phone", officer=officer)
    assert (case.state, case.officer_id) == ("asked", officer.id)


def test_the_case_is_settled_by_itself_when_the_limit_stops(either_session, either_actors, paper):
    session, actors = either_session, either_actors
    case = swept(session, paper)
    take(session, actors["user_a"], paper, "report_result", result="已办结")
    session.commit()
    assert (case_of(session, paper).state, case_of(session, paper).closed_at) == ("settled", paper.changed_at)
    with pytest.raises(StepRefused):
        take(session, actors["clerk"], case, "ask", way="phone")


def test_only_the_registry_the_officer_the_person_and_the_units_head_see_a_case(either_session, either_actors, clock):
    session, actors = either_session, either_actors
    case = swept(session, instructed(session, actors, secrecy="secret"))

    def seen_by():
        found = []
        for name, actor in actors.items():
            with access.acting_as(actor):
                if actor.may("read", "follow_ups") and finding.by_key(session, FollowUp, case.id) is not None:
                    found.append(name)
        return sorted(found)

    assert seen_by() == ["auditor", "clerk", "head_a", "leader", "office", "user_a"]


@pytest.mark.parametrize("step, answers", [("name_officer", {}), ("ask", {"way": "phone"})])
@pytest.mark.parametrize(
    "secrecy, officer, good",
    [
        ("internal", "office", True), ("internal", "archivist", True), ("internal", "head_a", True),
        ("internal", "user_a", True), ("internal", "user_b", False), ("internal", "admin", False),
        ("secret", "user_a", True), ("secret", "head_b", False),
    ],
)  # fmt: skip
def test_only_who_can_find_the_paper_follows_it_up(session, actors, clock, step, answers, secrecy, officer, good):
    case = swept(session, instructed(session, actors, secrecy=secrecy))
    named = person_of(session, actors[officer])
    if good:
        take(session, actors["clerk"], case, step, officer=named, **answers)
        assert case.officer_id == named.id
    else:
        with pytest.raises(StepRefused, match=named.name):
            take(session, actors["clerk"], case, step, officer=named, **answers)
        with access.system():
            assert case.officer_id is None and session.scalars(select(FollowUpNote)).all() == []


def test_somebody_without_an_account_follows_nothing_up(session, actors, clock):
    case = swept(session, instructed(session, actors))
    with access.system():
        session.add(Person(name="编外人员"))
        session.commit()
    with pytest.raises(StepRefused, match="编外人员"):
        take(session, actors["clerk"], case, "name_officer", officer="编外人员")


def test_whoever_is_not_cleared_for_the_paper_does_not_see_its_case(app, either_session, either_actors, clock):
    session, actors = either_session, either_actors
    case = swept(session, instructed(session, actors, secrecy="top_secret"))
    with access.acting_as(actors["user_a"]):  # cleared for confidential
        assert finding.by_key(session, FollowUp, case.id) is None
        assert session.scalars(select(FollowUpNote)).all() == []


def test_the_page_of_a_case_shows_its_log(app, clock):
    from app.extensions import db
    from tests.conftest import actors_of

    with app.app_context():
        actors = actors_of(db.session)
        case = swept(db.session, instructed(db.session, actors))
        take(db.session, actors["clerk"], case, "ask", way="letter", words="函询办理进度")
        db.session.commit()
        address = f"/followupview/show/{case.id}"
        db.session.remove()
    assert "函询办理进度" in sign_in(app, "head_a").get(address).text
    assert sign_in(app, "user_b").get(address).status_code == 404


def accountable(session, actors, **values):
    paper = instructed(session, actors, register="GS")
    with access.acting_as(actors["office"]):
        raw = {"document": paper.id, "person": "张小明", "fault": "late_handling", "facts": "逾期三天"}
        return records.add(session, AccountabilityCase, {**raw, **values})


@pytest.mark.parametrize(
    "amount, good", [("99.99", False), ("100", True), ("1000", True), ("1000.01", False), (None, False)]
)
def test_an_amount_lies_between_100_and_1000_yuan(session, actors, clock, amount, good):
    case = accountable(session, actors)
    take(session, actors["office"], case, "hear", words="因数据未到")
    answers = {"decision": "amount", "grounds": "情节较轻", "amount": amount}
    if good:
        take(session, actors["leader"], case, "decide", **answers)
        assert (case.state, f"{case.amount:.0f}") == ("decided", amount)
    else:
        with pytest.raises(StepRefused):
            take(session, actors["leader"], case, "decide", **answers)


def test_who_is_concerned_appeals_and_decides_nothing_themselves(session, actors, clock):
    case = accountable(session, actors)
    take(session, actors["office"], case, "hear", words="因数据未到")
    with pytest.raises(NotAllowed):
        take(session, actors["user_a"], case, "decide", decision="no_action", grounds="无")
    take(session, actors["leader"], case, "decide", decision="warning", grounds="首次")
    with pytest.raises(NotAllowed):
        take(session, actors["office"], case, "file_appeal", words="代为申诉")
    take(session, actors["user_a"], case, "file_appeal", words="数据由对方延误")
    take(session, actors["leader"], case, "conclude", words="申诉成立", decision="no_action")
    assert (case.state, case.decision, case.amount) == ("final", "no_action", None)


def test_a_decision_stands_unless_it_is_appealed_and_a_leader_decides_again(session, actors, clock):
    case = accountable(session, actors)
    fine = {"words": "改为罚款", "decision": "amount", "amount": "1000"}
    take(session, actors["office"], case, "hear", words="因数据未到")
    take(session, actors["leader"], case, "decide", decision="no_action", grounds="无过错")
    session.commit()
    for who in ("office", "leader"):
        with pytest.raises(StepRefused, match="申诉"):
            take(session, actors[who], case, "conclude", **fine)
    take(session, actors["user_a"], case, "file_appeal", words="请写明理由")
    session.commit()
    with pytest.raises(StepRefused, match="领导"):
        take(session, actors["office"], case, "conclude", **fine)
    assert (case.state, case.decision, case.amount) == ("appealed", "no_action", None)
    take(session, actors["leader"], case, "conclude", words="维持原决定")
    assert (case.state, case.decision, case.amount) == ("final", "no_action", None)


@pytest.mark.parametrize(
    "name, value", [("person", "李强"), ("fault", "other"), ("facts", "另一事实"), ("document", "")]
)
def test_what_a_person_was_heard_on_is_not_edited(session, actors, clock, name, value):
    case = accountable(session, actors)
    with access.acting_as(actors["office"]):
        records.change(session, case, {"facts": "逾期四天"}, ["facts"], version=case.version)
    take(session, actors["office"], case, "hear", words="因数据未到")
    session.commit()
    value = value or instructed(session, actors, register="GS").id
    with access.acting_as(actors["office"]), pytest.raises(Invalid) as refused:
        records.change(session, case, {name: value}, [name], version=case.version)
    assert list(refused.value.errors) == [name]


def test_a_case_is_for_the_office_head_the_leader_the_person_and_the_auditor(session, actors, clock):
    case = accountable(session, actors)
    seen = []
    for name, actor in actors.items():
        with access.acting_as(actor):
            if finding.by_key(session, AccountabilityCase, case.id) is not None:
                seen.append(name)
    assert sorted(seen) == ["auditor", "leader", "office", "user_a"]


def test_only_the_group_company_knows_accountability(session, actors, clock):
    with pytest.raises(Invalid):
        paper = instructed(session, actors, register="DN")
        with access.acting_as(actors["office"]):
            raw = {"document": paper.id, "person": "张小明", "fault": "other", "facts": "传阅不当"}
            records.add(session, AccountabilityCase, raw)


def test_nobody_opens_a_case_about_themselves(session, actors, clock):
    with pytest.raises(Invalid):
        accountable(session, actors, person="郑敏")
