"""Deciding what becomes of a paper: first review, proposal, leaders one after another, units, relaying and copying."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.engine import access, finding
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.disclosure import known_ids
from app.engine.history import entries_of
from app.engine.moments import now, parse_moment, today
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from models.assignments import Assignment
from models.circulation_rules import in_scope
from models.documents import IncomingDocument
from models.extensions import ExtensionRequest
from models.paper_orders import PaperOrder
from models.people import Department, Person
from tests.conftest import actors_of
from tests.factories import kept as incoming
from tests.factories import take_and_keep as take


@pytest.fixture(autouse=True)
def seeing(app):
    """The tests look on; what people may see has tests of its own."""
    with access.system():
        yield


def someone(session, name):
    with access.system():
        return session.query(Person).filter_by(name=name).one()


@pytest.fixture
def paper(session, actors):
    with access.acting_as(actors["clerk"]):
        return incoming(session)


def lines(paper):
    return [(line.leader.name, line.verb, line.standing) for line in paper.instructions]


def test_only_the_government_book_has_a_first_review_and_nothing_is_proposed_before_it(session, actors):
    with access.acting_as(actors["clerk"]):
        reviewed, plain = incoming(session, register="ZW"), incoming(session)
    assert "screen" not in [step.name for step in plain.flow.allowed(plain, actors["clerk"])]
    with pytest.raises(StepRefused):
        take(session, actors["clerk"], reviewed, "propose", proposal="拟请综合科阅办", transfer="综合科")
    yes = {"ours": True, "addressed": True, "formed": True, "consulted": True}
    with pytest.raises(StepRefused, match=r"first review|初审"):
        take(session, actors["clerk"], reviewed, "screen", **{**yes, "formed": False})
    take(session, actors["clerk"], reviewed, "screen", **yes)
    take(session, actors["clerk"], reviewed, "propose", proposal="拟请综合科阅办", transfer="综合科")
    assert reviewed.state == "instructing"


@pytest.mark.parametrize("book, clerk, office", [("SW", True, True), ("GS", False, True), ("DN", True, False)])
def test_who_proposes_is_the_profiles_rule(session, actors, book, clerk, office):
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, register=book)
    may = {
        who: "propose" in [step.name for step in paper.flow.allowed(paper, actors[who])] for who in ("clerk", "office")
    }
    assert may == {"clerk": clerk, "office": office}


def test_each_leader_has_a_verb_and_a_turn_of_its_own(session, actors, paper):
    first, second = someone(session, "高峰"), someone(session, "周海")
    take(
        session,
        actors["clerk"],
        paper,
        "propose",
        proposal="拟转高经理阅办，呈周主任阅示",
        handlers=[first],
        leaders=[second],
    )
    assert lines(paper) == [("高峰", "handle", "waiting"), ("周海", "instruct", "queued")]
    with pytest.raises(StepRefused):
        take(session, actors["leader"], paper, "write_instruction", words="同意")
    take(session, actors["clerk"], paper, "transcribe", leader=first, words="请综合科办", signed_at="2026-03-09 10:00")
    assert lines(paper) == [("高峰", "handle", "signed"), ("周海", "instruct", "waiting")]
    assert (paper.instructions[0].transcribed_by.name, paper.instructions[0].signed_at) == (
        "何静",
        parse_moment("2026-03-09 10:00"),
    )
    take(session, actors["leader"], paper, "write_instruction", words="同意")
    assert (paper.instructions[1].words, paper.instructions[1].transcribed_by) == ("同意", None)
    instruction = [clock for clock in clocks_of(session, paper) if clock.stage == "instruction"]
    assert [clock.episode for clock in instruction] == [1, 2]  # the second leader's time began anew


def test_an_instruction_dated_before_the_receipt_needs_an_explanation_and_shows_a_mark(session, actors, paper):
    """Documents.md 3.2: received, proposal, instruction, result; a breach is not refused but explained and marked."""
    take(session, actors["clerk"], paper, "propose", proposal="拟呈周主任阅示", leaders=[someone(session, "周海")])
    words = {"leader": someone(session, "周海"), "words": "同意", "signed_at": "2020-01-02 10:00"}
    with pytest.raises(StepRefused, match=r"out of order|颠倒"):
        take(session, actors["clerk"], paper, "transcribe", **words)
    assert lines(paper)[0][2] == "waiting"
    take(session, actors["clerk"], paper, "transcribe", **words, date_note="先口头批示，后补文")
    assert lines(paper)[0][2] == "signed"
    assert "2020-01-02" in paper.marks()[0] and "先口头批示" in paper.marks()[0]


def test_a_leader_sends_the_paper_higher_and_an_absent_one_is_passed_over(session, actors, paper):
    take(session, actors["clerk"], paper, "propose", proposal="拟呈周主任阅示", leaders=[someone(session, "周海")])
    take(session, actors["leader"], paper, "write_instruction", words="呈高经理阅示", higher=[someone(session, "高峰")])
    assert lines(paper)[1] == ("高峰", "instruct", "waiting")
    take(session, actors["clerk"], paper, "pass_over", leader=someone(session, "高峰"), reason="出差")
    assert lines(paper)[1] == ("高峰", "instruct", "passed_over")


def test_whoever_stands_in_for_the_leader_signs_for_the_leader(session, actors, paper):
    take(session, actors["clerk"], paper, "propose", proposal="拟呈周主任阅示", leaders=[someone(session, "周海")])
    with access.system():
        leader = someone(session, "周海")
        leader.absent_from = leader.absent_until = today()
        session.flush()
        from models.people import actor_of

        deputy = actor_of(session, someone(session, "郑敏").user)
    take(session, deputy, paper, "write_instruction", words="请办理")
    assert paper.instructions[0].standing == "signed"


def test_one_unit_leads_and_the_others_answer_in_half_the_time(session, actors, paper, clock):
    clock.ahead(days=7)
    limit = parse_moment("2026-03-13 17:00:10")
    take(
        session,
        actors["leader"],
        paper,
        "instruct",
        department="综合科",
        others=["财务科"],
        requirement="办理",
        limit=limit.isoformat(),
    )
    lead, other = paper.assignments
    assert [(one.department.name, one.lead, one.state) for one in paper.assignments] == [
        ("综合科", True, "sent"),
        ("财务科", False, "sent"),
    ]
    assert lead.due_at == limit == paper.due_at
    assert other.due_at == parse_moment("2026-03-11 13:30:00")  # half the time is over at 13:00:10, at lunch
    with pytest.raises(StepRefused, match="财务科"):
        take(session, actors["head_a"], paper, "report_result", result="办毕")
    take(session, actors["head_b"], other, "give_opinion", opinion="无不同意见")
    take(session, actors["head_a"], paper, "report_result", result="办毕")
    assert (paper.state, lead.state, other.state) == ("result_in", "done", "done")


@pytest.mark.parametrize(
    "days, limit, due",
    [
        (7, "2026-03-12 17:00:10", "2026-03-11 09:00"),  # half the time is over at 01:00:10 at night
        (9, "2026-03-17 09:00:10", "2026-03-16 09:00"),  # on a Saturday
        (11.3, "2026-03-14 23:00", "2026-03-14 23:00"),  # never later than the lead itself, who was told a Saturday
    ],
)
def test_half_of_the_time_that_ends_when_nobody_works_gives_way_to_working_time(
    session, actors, paper, clock, days, limit, due
):
    clock.ahead(days=days)
    answers = {"department": "综合科", "others": ["财务科"], "requirement": "办理", "limit": limit}
    take(session, actors["leader"], paper, "instruct", **answers)
    assert paper.assignments[1].due_at == parse_moment(due)


def test_who_reports_on_a_paper_has_received_it_at_that_moment_and_by_that_hand(session, actors, paper):
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    take(session, actors["head_a"], paper, "report_result", result="办毕")
    (desk,) = paper.assignments
    assert (desk.state, desk.received_by.name, desk.received_at <= desk.done_at) == ("done", "刘洋", True)
    assert [entry.action for entry in reversed(entries_of(session, desk))] == ["add", "receive", "finish"]


def test_what_was_signed_for_before_keeps_its_signature(session, actors, paper):
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    (desk,) = paper.assignments
    take(session, actors["head_a"], desk, "receive", handler=someone(session, "张小明"))
    signed = desk.received_at
    take(session, actors["user_a"], paper, "report_result", result="办毕")
    assert (desk.state, desk.received_by.name, desk.received_at) == ("done", "刘洋", signed)


def test_a_co_unit_that_is_silent_beyond_its_limit_or_given_up_does_not_block(session, actors, paper):
    take(
        session,
        actors["leader"],
        paper,
        "instruct",
        department="综合科",
        others=["财务科", "客服部"],
        requirement="办理",
    )
    _lead, silent, given_up = paper.assignments
    take(session, actors["head_a"], given_up, "overrule", reason="逾期")
    silent.due_at = now() - timedelta(hours=1)
    session.flush()
    take(session, actors["head_a"], paper, "report_result", result="办毕")
    assert (paper.state, silent.state, given_up.state) == ("result_in", "sent", "overruled")


def test_the_lead_is_not_a_co_unit_as_well(session, actors, paper):
    with pytest.raises(StepRefused, match="综合科"):
        take(session, actors["leader"], paper, "instruct", department="综合科", others=["综合科"], requirement="办理")


def test_a_unit_signs_for_the_paper_and_notes_what_it_did(session, actors, paper):
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    (desk,) = paper.assignments
    with pytest.raises(NotAllowed):
        take(session, actors["desk"], desk, "receive")
    take(session, actors["head_a"], desk, "receive", handler=someone(session, "张小明"))
    assert (desk.received_by.name, desk.handler.name, paper.handler.name) == ("刘洋", "张小明", "张小明")
    take(session, actors["user_a"], desk, "note", words="已电话核实各科数据", evidence="电话记录3号")
    assert [(note.person.name, note.words, note.evidence) for note in desk.notes] == [
        ("张小明", "已电话核实各科数据", "电话记录3号")
    ]


def test_the_other_department_finds_neither_assignment_nor_note(session, actors, paper):
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    with access.acting_as(actors["user_b"]):
        assert session.query(Assignment).all() == []
    with access.acting_as(actors["user_a"]):
        assert session.query(Assignment).count() == 1


def test_relaying_needs_a_scope_and_a_time_and_ends_with_a_report(session, actors, paper):
    by = (now() + timedelta(days=3)).isoformat()
    take(
        session, actors["leader"], paper, "order_relay", scope="全体中层干部", by=by, charged=someone(session, "张小明")
    )
    with access.acting_as(actors["user_a"]):
        (order,) = session.query(PaperOrder).all()
    with pytest.raises(StepRefused, match="1"):
        take(session, actors["leader"], paper, "instruct_reading", readers=[someone(session, "张小明")], purpose="阅")
        paper.circulation[0].state = "read"
        session.flush()
        take(session, actors["office"], paper, "close")
    with pytest.raises(StepRefused):  # before the paper came in
        take(session, actors["user_a"], order, "carry_out", report="已传达", at="2020-01-02 10:00")
    take(session, actors["user_a"], order, "carry_out", report="3月10日例会传达，到会二十人")
    assert (order.state, order.report) == ("done", "3月10日例会传达，到会二十人")


def test_nothing_is_ordered_for_a_moment_that_has_passed(session, actors, paper):
    past = (now() - timedelta(hours=1)).isoformat()
    with pytest.raises(StepRefused, match=r"lies in the past|不能早于当前时间"):
        take(session, actors["leader"], paper, "order_relay", scope="全体中层干部", by=past)
    with access.acting_as(actors["office"]), pytest.raises(Invalid, match=r"lies in the past|不能早于当前时间"):
        records.add(session, PaperOrder, {"document": paper, "what": "copy", "scope": "各科", "number": 1, "by": past})
    session.rollback()
    assert session.query(PaperOrder).all() == []


def test_an_order_that_is_late_can_still_be_corrected(session, actors, paper, clock):
    clock.ahead(days=7)
    with access.acting_as(actors["office"]):
        raw = {"document": paper, "what": "relay", "scope": "各科", "by": "2026-03-10 12:00"}
        order = records.add(session, PaperOrder, raw)
        clock.ahead(days=3)
        records.change(session, order, {"scope": "各科室"}, ["scope"], version=order.version)
    assert order.scope == "各科室"


def test_a_secret_paper_is_copied_with_the_issuers_consent_only(session, actors):
    with access.acting_as(actors["clerk"]):
        secret = incoming(session, secrecy="secret")
    with pytest.raises(StepRefused):
        take(session, actors["leader"], secret, "order_copy", number=3, distribution="各科一份")
    take(
        session,
        actors["leader"],
        secret,
        "order_copy",
        number=3,
        distribution="各科一份",
        consent="市府办王处长3月9日电话同意",
    )
    assert secret.orders[0].number == 3


def ask(session, actor, paper, **values):
    with access.acting_as(actor):
        raw = {
            "document": paper,
            "wish": "extension",
            "reason": "数据未齐",
            "until": (now() + timedelta(days=20)).isoformat(),
        }
        return records.add(session, ExtensionRequest, {**raw, **values})


def test_a_granted_extension_moves_the_limit_and_keeps_the_old_one(session, actors, paper):
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    old = paper.due_at
    wish = ask(session, actors["head_a"], paper)
    take(session, actors["office"], wish, "recommend", recommendation="建议同意")
    take(session, actors["leader"], wish, "grant")
    clock = next(clock for clock in clocks_of(session, paper) if clock.stage == "handling")
    assert (wish.limit_at, clock.original_due_at, clock.due_at) == (old, old, wish.until)
    assert paper.due_at == paper.assignments[0].due_at == wish.until


def test_a_refused_extension_leaves_the_old_limit(session, actors, paper):
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    old = paper.due_at
    wish = ask(session, actors["head_a"], paper)
    take(session, actors["leader"], wish, "refuse", decision="按原时限")
    assert (paper.due_at, wish.state) == (old, "refused")


def test_time_is_asked_for_before_the_limit_only(session, actors, paper):
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    paper.due_at = now() - timedelta(minutes=1)
    session.flush()
    with pytest.raises(Exception, match=r"before it|届满前"):
        ask(session, actors["head_a"], paper)


def test_a_granted_pause_suspends_the_paper_and_its_units_until_the_day(session, actors, paper):
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    until = now() + timedelta(days=15)
    wish = ask(session, actors["head_a"], paper, wish="suspension", cause="third_party", until=until.isoformat())
    take(session, actors["leader"], wish, "grant")
    assert (paper.state, paper.assignments[0].state, paper.due_at) == ("suspended", "suspended", None)
    take(session, actors["clerk"], paper, "go_on")
    assert (paper.state, paper.assignments[0].state, paper.wake_on) == ("in_handling", "sent", None)


def test_after_a_pause_each_unit_goes_on_from_where_it_was(session, actors, paper):
    answers = {"department": "综合科", "others": ["财务科"], "requirement": "办理"}
    take(session, actors["leader"], paper, "instruct", **answers)
    lead, other = paper.assignments
    take(session, actors["head_a"], lead, "receive")
    day = (today() + timedelta(days=5)).isoformat()
    take(session, actors["office"], paper, "suspend", cause="sender", wake_on=day)
    assert [lead.state, other.state] == ["suspended", "suspended"]
    take(session, actors["office"], paper, "go_on")
    assert [lead.state, other.state, other.received_at] == ["received", "sent", None]
    assert lead.due_at is not None and other.due_at is not None
    take(session, actors["head_b"], other, "receive")
    assert (other.state, other.received_by.name) == ("received", "孙丽")


def test_a_suspension_is_not_longer_than_the_rule_allows(session, actors, paper):
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    day = (today() + timedelta(days=91)).isoformat()
    with pytest.raises(StepRefused, match="90"):
        take(session, actors["office"], paper, "suspend", cause="sender", wake_on=day)


def test_all_suspensions_of_a_paper_together_are_not_longer_than_the_rule_allows(session, actors, clock):
    """documents.md 5.2: maximum total pause configurable."""
    clock.moment = parse_moment("2026-03-02 10:00")
    clock.ahead()
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, received_at=now().isoformat())
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    take(session, actors["office"], paper, "suspend", cause="sender", wake_on="2026-05-01")
    clock.ahead(days=60)
    take(session, actors["office"], paper, "go_on")
    with pytest.raises(StepRefused, match="30"):
        take(session, actors["office"], paper, "suspend", cause="sender", wake_on="2026-06-01")
    take(session, actors["office"], paper, "suspend", cause="sender", wake_on="2026-05-31")
    clock.ahead(days=30)
    take(session, actors["office"], paper, "go_on")
    with pytest.raises(StepRefused, match="90"):
        take(session, actors["office"], paper, "suspend", cause="meeting", wake_on="2026-06-01")


def test_a_named_leader_and_the_heads_of_all_units_see_the_paper(session, actors):
    with access.acting_as(actors["clerk"]):
        secret = incoming(session, secrecy="secret")
    take(session, actors["leader"], secret, "instruct", department="综合科", others=["财务科"], requirement="办理")
    with access.system():
        session.query(Department).filter_by(name="财务科").one().leader = someone(session, "孙丽")
        session.flush()
    from tests.conftest import actors_of

    seen = {}
    for who in ("head_a", "head_b", "user_b"):
        with access.acting_as(actors_of(session)[who]):
            seen[who] = session.query(IncomingDocument).count()
    assert seen == {"head_a": 1, "head_b": 1, "user_b": 0}


def test_an_order_is_judged_by_its_papers_book_also_for_who_may_not_see_the_paper(session, actors):
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, register="GS")
    take(session, actors["leader"], paper, "order_relay", scope="各科", by=(now() + timedelta(days=2)).isoformat(),
         charged=someone(session, "李强"))  # fmt: skip
    key = paper.orders[0].id
    session.expunge_all()
    with access.acting_as(actors["user_b"]):
        order = session.get(PaperOrder, key)
        assert (order.document, order.profile()) == (None, "group")
        order.take("carry_out", report="已传达")
    assert order.state == "done"


@pytest.mark.parametrize(
    "handler, who, may",
    [("张小明", "user_a", True), ("刘洋", "user_a", False), (None, "user_a", False), ("张小明", "head_a", True),
     (None, "head_a", True), (None, "user_b", False), (None, "clerk", False)],
)  # fmt: skip
def test_who_handles_a_paper_is_one_rule_for_its_result_and_for_time(session, actors, handler, who, may):
    with access.acting_as(actors["clerk"]):
        paper = incoming(session)
    named = {"handler": handler} if handler else {}
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理", **named)
    assert paper.handled_by(actors[who]) is may
    assert ("report_result" in [step.name for step in paper.flow.allowed(paper, actors[who])]) is may
    with access.acting_as(actors[who]):
        wish = ExtensionRequest(document=paper, wish="extension", reason="人手不足", until=now() + timedelta(days=30))
        assert ([name for name, _sentence in wish.check()] == []) is may
    session.rollback()


def test_beyond_the_scope_of_important_secret_papers_only_a_leader_goes(session, actors):
    """外部来文处理办法 第三条: the scope follows from importance and secrecy; whoever is beyond it, a leader decides."""
    raw = {"register": "GS", "secrecy": "secret"}
    with access.acting_as(actors["clerk"]):
        plain, weighty = incoming(session, **raw), incoming(session, **raw, importance="important")
    reader = someone(session, "李强")
    reader.clearance = "secret"
    session.commit()
    assert in_scope(session, plain, reader) and not in_scope(session, weighty, reader)
    answers = {"readers": [reader.id], "purpose": "请阅"}
    for more in ({}, {"approver": someone(session, "郑敏").id}):
        with pytest.raises(StepRefused, match=reader.name):
            take(session, actors["office"], weighty, "instruct_reading", **answers, **more)
    take(session, actors["office"], weighty, "instruct_reading", **answers, approver=someone(session, "周海").id)
    take(session, actors["office"], plain, "instruct_reading", **answers)
    assert (weighty.state, plain.state) == ("in_circulation", "in_circulation")


def test_a_round_under_way_is_not_widened_beyond_that_scope_either(session, actors):
    with access.acting_as(actors["clerk"]):
        weighty = incoming(session, register="GS", secrecy="secret", importance="important")
    within, beyond = someone(session, "周海"), someone(session, "李强")
    within.clearance = beyond.clearance = "secret"
    session.commit()
    assert (in_scope(session, weighty, within), in_scope(session, weighty, beyond)) == (True, False)
    take(session, actors["office"], weighty, "instruct_reading", readers=[within.id], purpose="请阅")
    with access.system():
        (round_,) = weighty.circulations
    with pytest.raises(StepRefused, match=beyond.name):
        take(session, actors["office"], round_, "add_reader", readers=[beyond.id], reason="请其参阅")
    take(session, actors["leader"], round_, "add_reader", readers=[beyond.id], reason="请其参阅")


@pytest.mark.parametrize(
    "book, who, named, refused",
    [("SW", "clerk", {}, True), ("SW", "clerk", {"transfer": "综合科"}, False), ("SW", "clerk", {"informed": "周海"}, False),
     ("GS", "office", {}, True), ("GS", "office", {"transfer": "综合科"}, True), ("GS", "office", {"leaders": "周海"}, False),
     ("DN", "clerk", {}, False), ("DN", "clerk", {"transfer": "综合科"}, True)],
)  # fmt: skip
def test_a_proposal_names_who_is_to_decide_where_the_profile_asks_for_it(session, actors, book, who, named, refused):
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, register=book)
    answers = {key: name if key == "transfer" else [someone(session, name)] for key, name in named.items()}
    if refused:
        with pytest.raises(StepRefused, match=r"leader|领导"):
            take(session, actors[who], paper, "propose", proposal="拟办", **answers)
        assert (paper.state, paper.proposal) == ("registered", None)
        return
    take(session, actors[who], paper, "propose", proposal="拟办", kind="handle", **answers)
    unit = paper.proposed_unit.name if paper.proposed_unit else None
    assert (paper.state, paper.proposed, unit) == ("instructing", "handle", named.get("transfer"))


def test_a_colleague_of_the_unit_neither_acts_in_its_name_nor_reads_the_paper(session, actors):
    """documents.md 6.1: then only the unit head and the named handlers, not the whole unit."""
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, secrecy="internal")
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理", handler="刘洋")
    session.commit()
    (desk,) = paper.assignments
    colleague = actors["user_a"]
    for record, step, answers in (
        (desk, "receive", {}), (desk, "note", {"words": "已办"}), (paper, "report_result", {"result": "办毕"}),
        (paper, "answer_sender", {"words": "已办"}),
    ):  # fmt: skip
        with pytest.raises(StepRefused):
            take(session, colleague, record, step, **answers)
    with access.acting_as(colleague):
        assert finding.by_key(session, IncomingDocument, paper.id) is paper  # its register line is the unit's
        assert not known_ids(session, IncomingDocument, [paper.id])
    take(session, actors["head_a"], desk, "receive", handler=someone(session, "张小明"))
    session.commit()
    with access.acting_as(colleague):
        assert known_ids(session, IncomingDocument, [paper.id])
    take(session, colleague, desk, "note", words="已办")


def test_who_stands_in_for_the_head_acts_in_the_units_name(session, actors):
    with access.acting_as(actors["clerk"]):
        paper = incoming(session)
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理")
    head = someone(session, "刘洋")
    head.deputy, head.absent_from, head.absent_until = someone(session, "张小明"), today(), today()
    session.commit()
    deputy = actors_of(session)["user_a"]
    with access.acting_as(deputy):
        assert known_ids(session, IncomingDocument, [paper.id])
    take(session, deputy, paper, "report_result", result="办毕")
    assert paper.state == "result_in"


def test_in_a_unit_without_a_head_each_of_its_people_reads_and_acts(session, actors):
    with access.system():
        unit = session.get(Person, actors["user_a"].own_person_id).department
        unit.leader = None
        session.commit()
    staff = actors_of(session)
    with access.acting_as(actors["clerk"]):
        document = incoming(session, received_at=now().isoformat())
    take(session, actors["leader"], document, "instruct", department=unit.name, requirement="办理")
    for who, theirs in (("user_a", True), ("user_b", False)):
        with access.acting_as(staff[who]):
            for condition in (IncomingDocument.content_to(staff[who]), IncomingDocument.waits_for(staff[who])):
                seen = session.scalars(select(IncomingDocument.id).where(condition)).all()
                assert (document.id in seen) is theirs, who
    take(session, staff["user_a"], document, "report_result", result="办毕")
    assert document.state == "result_in"
