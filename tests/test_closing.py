"""Closing a case: what is missing is named, fates, the other ways out."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.engine import access, numbers
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.moments import now, parse_moment, today
from app.engine.refusals import Invalid, StepRefused
from app.engine.rules import Rule
from app.engine.versions import versions_of
from models.extensions import ExtensionRequest
from models.fates import months_on
from models.follow_ups import FollowUp
from models.notices import Notice, open_notices, unread
from models.people import Person
from models.sweeping import sweep
from tests.factories import kept as incoming
from tests.factories import take_and_keep as take


@pytest.fixture(autouse=True)
def seeing(app):
    """The tests look on; what people may see has tests of its own."""
    with access.system():
        yield


@pytest.fixture
def handled(session, actors):
    """A paper whose result is in, of the company's book."""
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, answer_due=True)
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    take(session, actors["head_a"], paper, "report_result", result="办毕")
    return paper


def rule(session, setting, value, profile="company"):
    with access.system():
        session.add(Rule(setting=setting, profile=profile, value=value, valid_from=today()))
        session.commit()


def test_closing_names_everything_that_is_missing(session, actors, handled):
    rule(session, "close_handling_note", "yes")
    with pytest.raises(StepRefused) as refused:
        take(session, actors["office"], handled, "close")
    assert str(refused.value).count(".") + str(refused.value).count("。") == 3
    take(session, actors["clerk"], handled, "tell_leader", way="spoken")
    take(session, actors["clerk"], handled, "answer_sender", words="已函复")
    with pytest.raises(StepRefused, match=r"note|注办"):
        take(session, actors["office"], handled, "close")
    rule(session, "close_handling_note", "no")
    take(session, actors["office"], handled, "close")
    assert (handled.state, handled.assignments[0].state) == ("closed", "accepted")


def test_a_paper_before_leaders_is_not_closed(session, actors, handled):
    take(session, actors["clerk"], handled, "tell_leader", way="spoken")
    take(session, actors["clerk"], handled, "answer_sender", words="已函复")
    from models.instructions import lay_before

    with access.system():
        lay_before(session, handled, [session.query(Person).filter_by(name="高峰").one()], "read")
    with pytest.raises(StepRefused, match="高峰"):
        take(session, actors["office"], handled, "close")


def in_handling(session, actors, at, **answers):
    """A paper handed out on Monday, 30 November 2026."""
    at("2026-11-30 10:00")
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, received_at=now().isoformat())
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理", **answers)
    return paper


def of_handling(session, record):
    return [one for one in clocks_of(session, record) if one.stage == "handling"]


def test_sent_back_for_more_the_unit_goes_on_within_the_week_it_had(session, actors, at):
    """documents.md 3.2: handling resumes with the remaining limit; it is one limit, however often it is sent back."""
    paper = in_handling(session, actors, at)
    assert paper.due_at == parse_moment("2026-12-07 18:00")
    for day in ("2026-12-02", "2026-12-04", "2026-12-07"):
        at(f"{day} 10:00")
        take(session, actors["head_a"], paper, "report_result", result="办毕")
        at(f"{day} 16:00")
        take(session, actors["office"], paper, "send_back", reason="数据有误")
        assert paper.due_at == paper.assignments[0].due_at == parse_moment("2026-12-07 18:00")
    take(session, actors["head_a"], paper, "report_result", result="办毕")
    for record in (paper, paper.assignments[0]):
        (clock,) = of_handling(session, record)
        assert (clock.state, clock.started_at) == ("met", parse_moment("2026-11-30 10:00"))


def test_sent_back_for_more_the_unit_keeps_its_extension(session, actors, at):
    paper = in_handling(session, actors, at, limit="2026-12-09 17:00")
    with access.acting_as(actors["head_a"]):
        raw = {"document": paper, "wish": "extension", "reason": "数据未齐", "until": "2026-12-20 17:00"}
        wish = records.add(session, ExtensionRequest, raw)
    take(session, actors["leader"], wish, "grant")
    at("2026-12-07 10:00")
    take(session, actors["head_a"], paper, "report_result", result="办毕")
    at("2026-12-10 10:00")
    take(session, actors["office"], paper, "send_back", reason="数据有误")
    assert paper.due_at == paper.assignments[0].due_at == parse_moment("2026-12-20 17:00")


def test_sent_back_late_the_follow_up_of_a_limit_goes_on(session, actors, at):
    paper = in_handling(session, actors, at)
    session.commit()
    sweep(session)
    at("2026-12-02 10:00")
    take(session, actors["head_a"], paper, "report_result", result="办毕")
    (case,) = session.scalars(select(FollowUp).where(FollowUp.document_id == paper.id, FollowUp.stage == "handling"))
    assert case.state == "settled"
    take(session, actors["office"], paper, "send_back", reason="数据有误")
    assert (case.state, case.closed_at, case.due_at) == ("watching", None, paper.due_at)


def test_a_leader_states_another_limit_and_the_old_one_is_kept(session, actors, at):
    """documents.md 5.2: a change of limit is a new version of the clock."""
    paper = in_handling(session, actors, at)
    take(session, actors["leader"], paper, "state_limit", limit="2026-12-03 17:00", reason="上级催要")
    assert paper.due_at == paper.limit_at == paper.assignments[0].due_at == parse_moment("2026-12-03 17:00")
    (move,) = versions_of(session, paper.kind_name, paper.id)
    assert (move.reason, move.before) == ("limit", parse_moment("2026-12-07 18:00"))
    with pytest.raises(StepRefused):
        take(session, actors["leader"], paper, "state_limit", limit="2026-11-03 17:00", reason="误")


def test_a_paper_becomes_urgent_in_handling_with_a_stated_limit_only(session, actors, at):
    """documents.md 3.2: if urgency is not none the limit is compulsory."""
    paper = in_handling(session, actors, at)
    with access.acting_as(actors["clerk"]), pytest.raises(Invalid) as refusal:
        records.change(session, paper, {"urgency": "urgent"}, ["urgency"], version=paper.version)
    assert list(refusal.value.errors) == ["urgency"]
    session.refresh(paper)
    take(session, actors["leader"], paper, "state_limit", limit="2026-12-03 17:00", reason="上级催要")
    with access.acting_as(actors["clerk"]):
        records.change(session, paper, {"urgency": "urgent"}, ["urgency"], version=paper.version)
    assert (paper.urgency, paper.due_at) == ("urgent", parse_moment("2026-12-03 17:00"))


def test_where_no_limit_is_compulsory_a_paper_that_becomes_urgent_is_done_by_the_rule(session, actors, at):
    at("2026-11-30 09:00")
    rule(session, "urgent_limit_compulsory", "no")
    paper = in_handling(session, actors, at)
    with access.acting_as(actors["clerk"]):
        records.change(session, paper, {"urgency": "extra_urgent"}, ["urgency"], version=paper.version)
    assert paper.due_at == paper.assignments[0].due_at == parse_moment("2026-11-30 12:00")  # within the half-day


def test_a_passed_limit_needs_a_new_one_before_the_unit_goes_on(session, actors, at):
    paper = in_handling(session, actors, at, limit="2026-12-01 17:00")
    take(session, actors["head_a"], paper, "report_result", result="办毕")
    at("2026-12-02 10:00")
    with pytest.raises(StepRefused, match=r"passed|已过"):
        take(session, actors["office"], paper, "send_back", reason="数据有误")
    later = now().replace(microsecond=0) + timedelta(days=3)
    take(session, actors["office"], paper, "send_back", reason="数据有误", limit=later.isoformat())
    assert (paper.state, paper.due_at, paper.assignments[0].state) == ("in_handling", later, "received")


@pytest.mark.parametrize(
    "step, answers, state",
    [("file_it", {}, "to_file"), ("mark_for_return", {"reason": "清退"}, "to_return"),
     ("hold", {"reason": "待定"}, "held"), ("mark_for_destruction", {"reason": "无保存价值"}, "to_destroy")],
)  # fmt: skip
def test_a_closed_paper_has_one_of_four_fates_and_stays_closed(session, actors, handled, step, answers, state):
    take(session, actors["clerk"], handled, "tell_leader", way="spoken")
    take(session, actors["clerk"], handled, "answer_sender", words="已函复")
    take(session, actors["office"], handled, "close")
    closed = handled.closed_at
    take(session, actors["office"], handled, step, **answers)
    assert (handled.state, handled.closed_at) == (state, closed)
    if state == "held":
        assert handled.review_on == months_on(today(), 6)


def test_a_reopened_case_goes_back_to_its_unit(session, actors, handled):
    take(session, actors["clerk"], handled, "answer_sender", words="已函复")
    take(session, actors["leader"], handled, "close")  # the leader who closes has been told
    take(session, actors["leader"], handled, "reopen", reason="查办发现未落实")
    assert (handled.state, handled.closed_at, handled.assignments[0].state) == ("in_handling", None, "received")


def test_the_senders_stop_notice_ends_everything_that_was_due(session, actors):
    with access.acting_as(actors["clerk"]):
        paper = incoming(session)
    take(session, actors["leader"], paper, "instruct", department="综合科", others=["财务科"], requirement="办理")
    take(session, actors["leader"], paper, "order_relay", scope="各科", by=(now() + timedelta(days=2)).isoformat())
    take(session, actors["clerk"], paper, "end_by_sender", notice="call", reason="来文单位电话通知终止")
    assert paper.state == "terminated_by_sender"
    assert {one.state for one in paper.assignments} == {"called_off"}
    assert paper.orders[0].state == "cancelled"
    assert paper.flow.states[paper.state].uncounted


def test_a_number_is_voided_by_two_people_and_in_the_books_own_series(session, actors):
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, register="ZW")
        year = paper.receipt_no[3:7]
        assert paper.receipt_no == f"政收〔{year}〕1号"
    with pytest.raises(StepRefused, match=r"two|两人"):
        take(session, actors["office"], paper, "void", reason="重复登记", second="郑敏")
    take(session, actors["office"], paper, "void", reason="重复登记", second="何静")
    with access.system():
        row = next(row for row in numbers.audit(session) if row["series"] == "incoming_documents:ZW")
    assert (row["drawn"], row["void"], row["unexplained"]) == (1, 1, 0)


def test_administrative_papers_are_passed_on_against_signature(session, actors):
    with access.acting_as(actors["clerk"]):
        paper, kept = incoming(session, register="XZ"), incoming(session, register="DN")
    take(session, actors["clerk"], paper, "pass_on", signed_by="校长办公室 田华")
    assert paper.state == "passed_on"
    with pytest.raises(StepRefused):
        take(session, actors["clerk"], kept, "pass_on", signed_by="校长办公室 田华")


@pytest.mark.parametrize("notice", ["document", "call"])
def test_the_senders_notice_its_date_and_who_was_informed_stay_with_the_paper(session, actors, client, notice):
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, received_at=str(today() - timedelta(days=1)))
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理", handler="张小明")
    informed = session.query(Person).filter_by(name="李强").one()
    answers = {"notice": notice, "reason": "财函〔2026〕99号: 停止办理", "informed": [informed.id]}
    with pytest.raises(StepRefused):
        take(session, actors["clerk"], paper, "end_by_sender", **answers, on=str(today() + timedelta(days=1)))
    with pytest.raises(StepRefused):  # older than the paper that it is about
        take(session, actors["clerk"], paper, "end_by_sender", **answers, on=str(today() - timedelta(days=2)))
    take(session, actors["clerk"], paper, "end_by_sender", **answers, on=str(today() - timedelta(days=1)))
    assert (paper.ended_by, paper.ended_words, paper.ended_on) == (
        notice, "财函〔2026〕99号: 停止办理", today() - timedelta(days=1),
    )  # fmt: skip
    assert paper.ended_told.split("、") == ["周海", "张小明", "李强"]
    key = paper.id
    session.commit()
    page = client("clerk").get(f"/incomingdocumentview/show/{key}").text
    assert "财函〔2026〕99号" in page and "周海、张小明、李强" in page


def test_the_end_by_the_sender_is_told_to_readers_and_to_the_head_where_nobody_handles(session, actors):
    """Documents.md 3.4: it stops the readers' entries with notice; one still in line never heard of the paper."""
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, medium="electronic")
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    readers = [session.query(Person).filter_by(name=name).one() for name in ("李强", "王芳")]
    take(session, actors["clerk"], paper, "circulate", readers=readers, purpose="请阅")
    waits = next(entry for entry in paper.circulation if entry.reader.name == "王芳")
    waits.sent_at = None
    waits.enter(session, "queued")
    session.commit()
    take(session, actors["clerk"], paper, "end_by_sender", notice="call", reason="来文单位电话通知终止")
    told = {(one.person.name, one.key) for one in session.query(Notice)}
    assert told == {("周海", "ended"), ("刘洋", "ended"), ("李强", "withdrawn")}
    assert paper.ended_told.split("、") == ["周海", "刘洋", "李强"]
    session.rollback()
    with access.acting_as(actors["user_b"]):  # off the paper's way, and told so all the same
        assert ([notice.key for notice, *_rest in open_notices(session)], unread(session)) == (["withdrawn"], 1)


def test_the_sender_is_answered_while_the_paper_waits_for_the_sender(session, actors):
    with access.acting_as(actors["clerk"]):
        paper = incoming(session)
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    take(session, actors["office"], paper, "suspend", cause="sender", wake_on=today() + timedelta(days=3))
    take(session, actors["clerk"], paper, "answer_sender", words="请补充材料")
    assert (paper.state, paper.sender_answer) == ("suspended", "请补充材料")


@pytest.mark.parametrize("step, answers", [("tell_leader", {"way": "spoken"}), ("answer_sender", {"words": "已函复"})])
def test_nothing_was_done_about_a_paper_before_it_came_in(session, actors, handled, step, answers):
    before = handled.received_at - timedelta(minutes=2)
    with pytest.raises(StepRefused, match=r"cannot have been|不可能"):
        take(session, actors["clerk"], handled, step, **answers, at=before)
    take(session, actors["clerk"], handled, step, **answers, at=handled.received_at)
