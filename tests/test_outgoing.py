"""Outgoing documents: the way to the number by the profile's route, the frozen text, print, seal, recipients, recall."""

import re
from datetime import timedelta

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from app.engine import access, finding, numbers
from app.engine import record as records
from app.engine.forgetting import see_paper
from app.engine.moments import local, now
from app.engine.periods import Period
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from app.engine.rules import Rule
from app.engine.transfer import import_rows
from models.countersignatures import Countersignature
from models.files import Attachment
from models.outgoing import OutgoingDocument
from models.outgoing_series import OutgoingSeries
from models.people import Department
from models.recipients import Recipient
from reports.outgoing import outgoing_register
from tests.conftest import sign_in
from tests.factories import incoming
from tests.safety.makers import make
from tests.safety.samples import attach

#: What the office ticks at the text check (S4, S7).
POINTS = dict.fromkeys(("need", "way", "form", "layout", "wording", "figures", "attached"), True)
#: who takes which step with which answers, from the draft to the issued paper
WAY = (
    ("user_a", "hand_in", {}),
    ("office", "pass_text", {"signer": "周海", **POINTS}),
    ("leader", "sign", {}),
    ("clerk", "number_it", {"copies": 10}),
    ("clerk", "print_it", {"printer": "文印室"}),
    ("user_a", "proofread", {"clean": True}),  # S4: the drafter, the checker, the head of the department
    ("office", "proofread", {"clean": True}),
    ("head_a", "proofread", {"clean": True}),
    ("office", "seal", {"seal_name": "公章", "impressions": 10, "equal": True, "placed": True}),
    ("clerk", "look_over", {"text": True, "layout": True, "quality": True}),
    ("clerk", "issue", {}),
)
RAW = {"title": "关于开展档案检查的通知", "document_class": "formal", "document_type": "notice", "secrecy": "internal",
       "urgency": "none", "addressees": "各科室", "body": "请于本周内完成自查。", "touches_money": "no"}  # fmt: skip


def take(session, actor, document, step, **answers):
    with access.acting_as(actor):
        document.flow.take(session, document, step, answers)
        session.commit()


def reach(last):
    """How many steps of the usual way there are up to and including the last one of that name."""
    return max(place for place, (_, step, _) in enumerate(WAY, 1) if step == last)


@pytest.fixture(autouse=True)
def in_english(session):
    """The sentences as they stand in the code."""
    with force_locale("en"):
        yield


def walk(session, actors, document, last, after=None):
    """Take the usual way up to and including that step, from the start or after another one."""
    start = reach(after) if after else 0
    for who, step, answers in WAY[start : reach(last)]:
        if step == "issue":
            send(session, actors, recipient(session, actors, document))
        take(session, actors[who], document, step, **answers)
        if document.state == "countersigning":
            countersign(session, actors, document)
    return document


def countersign(session, actors, document):
    """The drafting department's own head signs first (S4); nobody else was asked."""
    with access.system():
        (line,) = [one for one in document.countersignatures if one.state == "asked"]
    take(session, actors["head_a"], line, "agree")
    take(session, actors["user_a"], document, "end_countersigning")


def recipient(session, actors, document, **values):
    with access.acting_as(actors["clerk"]):
        line = records.add(session, Recipient, {"document": document, "name": "县档案局", "copies": 2, **values})
        session.commit()
    return line


def send(session, actors, line, channel="exchange"):
    take(session, actors["clerk"], line, "send", channel=channel)
    return line


@pytest.fixture
def draft(session, actors):
    """A paper that department A has drafted."""

    def made(who="user_a", **values):
        with access.acting_as(actors[who]):
            paper = records.add(session, OutgoingDocument, {**RAW, **values})
            session.commit()
        return paper

    return made


@pytest.fixture
def go(session, actors):
    return lambda document, last: walk(session, actors, document, last)


@pytest.fixture(autouse=True)
def without_the_own_head(rule):
    """The head of the drafting department, who signs first in a company, is one of the scenarios."""
    rule("outgoing_own_head", "no")


@pytest.fixture
def rule(session):
    """`rule("outgoing_recheck", "yes")`: a row of the house that holds from now on."""

    def laid_down(setting, value):
        with access.system():
            for row in session.scalars(select(Rule).where(Rule.setting == setting)):
                session.delete(row)
            session.add(Rule(setting=setting, value=value))
            session.commit()

    return laid_down


def unit(session, name):
    with access.system():
        return session.scalars(select(Department).where(Department.name == name)).one()


def asked(session, document):
    with access.system():
        session.expire(document, ["countersignatures"])
        return document.countersignatures


# Draft


def test_a_draft_knows_its_drafter_and_has_no_number(draft):
    paper = draft()
    with access.system():
        assert (paper.drafter.name, paper.department.name, paper.document_no) == ("张小明", "综合科", None)


@pytest.mark.parametrize(
    "lacking, named",
    [
        ({"addressees": ""}, "addressees"),
        ({"body": ""}, "text"),
        ({"body": "<p><strong> </strong></p><table><tr><td></td></tr></table>"}, "text"),
        ({"touches_money": ""}, "budget"),
    ],
)
def test_a_draft_that_lacks_something_stays_and_is_told_what(session, actors, draft, lacking, named):
    paper = draft(**lacking)
    with pytest.raises(StepRefused, match=named):
        take(session, actors["user_a"], paper, "hand_in")
    assert paper.state == "drafting"


def test_a_type_that_the_profile_does_not_write_is_refused(session, actors, draft):
    """S3 has seven types; the fifteen of the regulation are the government's."""
    paper = draft(document_type="bill")
    with pytest.raises(StepRefused, match="one of"):
        take(session, actors["user_a"], paper, "hand_in")


def test_departments_write_letters_to_each_other(session, actors, draft):
    with pytest.raises(StepRefused):
        take(session, actors["user_a"], draft(level="department"), "hand_in")
    letter = draft(level="department", document_type="letter")
    take(session, actors["user_a"], letter, "hand_in")
    assert letter.state == "text_check"


def test_each_hand_in_with_other_words_is_a_version(session, actors, draft, go):
    paper = go(draft(), "hand_in")
    take(session, actors["office"], paper, "send_back", reason="标题不准")
    with access.acting_as(actors["user_a"]):
        records.change(session, paper, {"title": "关于做好档案检查的通知"}, ["title"], version=paper.version)
    take(session, actors["user_a"], paper, "hand_in", remark="改了标题")
    take(session, actors["office"], paper, "send_back", reason="再看")
    take(session, actors["user_a"], paper, "hand_in")
    session.expire(paper, ["versions"])
    with access.system():
        kept = [(one.number, one.title, one.remark) for one in paper.versions]
    assert kept == [(1, RAW["title"], None), (2, "关于做好档案检查的通知", "改了标题")]


# Order, first review, discussion (S6)


def test_a_leaders_order_has_its_limit_and_comes_back_to_the_leader(session, actors, draft):
    limit = now().replace(microsecond=0) + timedelta(days=300)
    paper = draft("leader")
    with pytest.raises(StepRefused):
        take(session, actors["leader"], paper, "order", drafter="张小明", until=now() - timedelta(hours=1))
    take(session, actors["leader"], paper, "order", drafter="张小明", until=limit)
    with access.system():
        assert (paper.state, paper.ordered_by.name, paper.due_at) == ("ordered", "周海", limit)
    take(session, actors["user_a"], paper, "begin")
    take(session, actors["user_a"], paper, "hand_in")
    assert (paper.state, paper.due_at == limit) == ("leader_review", False)
    with pytest.raises(NotAllowed):
        take(session, actors["user_a"], paper, "pass_review")
    take(session, actors["leader"], paper, "pass_review", discuss=True)
    assert paper.state == "discussion"
    take(session, actors["user_a"], paper, "record_discussion", notes="与会人员建议压缩篇幅")
    take(session, actors["user_a"], paper, "hand_in")
    assert (paper.state, paper.discussion_notes) == ("text_check", "与会人员建议压缩篇幅")


# Countersigning


def test_departments_are_asked_at_once_and_each_answers_for_itself(session, actors, draft):
    paper = draft()
    take(session, actors["user_a"], paper, "hand_in", departments=[unit(session, "办公室"), unit(session, "财务科")])
    assert (paper.state, len(asked(session, paper))) == ("countersigning", 2)
    with pytest.raises(StepRefused, match="办公室"):
        take(session, actors["user_a"], paper, "end_countersigning")
    office, other = asked(session, paper)
    with pytest.raises((StepRefused, NotAllowed)):
        take(session, actors["head_b"], office, "agree")
    take(session, actors["office"], office, "agree")
    take(session, actors["head_b"], other, "reserve", remark="请明确时限")
    with access.system():
        assert (other.person.name, other.state) == (actors["head_b"].name, "reserved")
    take(session, actors["user_a"], paper, "end_countersigning")
    assert paper.state == "text_check"


@pytest.mark.parametrize("way, state", [("settle", "settled"), ("carry", "carried")])
def test_an_objection_is_settled_or_laid_before_the_signer(session, actors, draft, way, state):
    paper = draft()
    take(session, actors["user_a"], paper, "hand_in", departments=[unit(session, "财务科")])
    (line,) = asked(session, paper)
    with pytest.raises(Invalid):
        take(session, actors["head_b"], line, "object_to")
    take(session, actors["head_b"], line, "object_to", remark="时间太紧")
    with pytest.raises(StepRefused):
        take(session, actors["user_a"], paper, "end_countersigning")
    take(session, actors["user_a"], line, way, settlement="已延后一周")
    take(session, actors["user_a"], paper, "end_countersigning")
    assert (line.state, line.remark, paper.state) == (state, "时间太紧", "text_check")
    with access.system():
        assert (paper.marks() != []) is (way == "carry")


def test_changed_words_are_laid_before_the_departments_anew(session, actors, draft):
    paper = draft()
    take(session, actors["user_a"], paper, "hand_in", departments=[unit(session, "财务科")])
    take(session, actors["office"], paper, "send_back", reason="需要修改")
    take(session, actors["user_a"], paper, "hand_in", departments=[unit(session, "财务科")])
    assert [one.state for one in asked(session, paper)] == ["dropped", "asked"]


def test_who_objected_is_asked_again_though_the_drafter_names_nobody(session, actors, draft):
    paper = draft()
    take(session, actors["user_a"], paper, "hand_in", departments=[unit(session, "财务科")], leaders=["周海"])
    for line, who in zip(asked(session, paper), ("head_b", "leader"), strict=True):
        take(session, actors[who], line, "object_to", remark="不同意")
    take(session, actors["office"], paper, "send_back", reason="需要修改")
    with access.acting_as(actors["user_a"]):
        records.change(session, paper, {"body": "改过的"}, ["body"], version=paper.version)
    take(session, actors["user_a"], paper, "hand_in")
    assert paper.state == "countersigning"
    with access.system():
        lines = asked(session, paper)
        assert [(one.asked_of, one.state) for one in lines[2:]] == [("财务科", "asked"), ("周海", "asked")]
    with pytest.raises(StepRefused, match="财务科"):
        take(session, actors["user_a"], paper, "end_countersigning")
    take(session, actors["head_b"], lines[2], "agree")
    take(session, actors["leader"], lines[3], "agree")
    take(session, actors["office"], paper, "send_back", reason="再改")
    take(session, actors["user_a"], paper, "hand_in")
    assert paper.state == "text_check"  # they have agreed since


def test_who_is_asked_sees_the_draft_and_nobody_else_of_the_unit(session, actors, draft):
    paper = draft()
    with access.acting_as(actors["head_b"]):
        assert finding.by_key(session, OutgoingDocument, paper.id) is None
    take(session, actors["user_a"], paper, "hand_in", departments=[unit(session, "财务科")])
    pk = paper.id
    session.expunge_all()
    for who, seen in (("head_b", True), ("user_b", False)):
        with access.acting_as(actors[who]):
            assert (finding.by_key(session, OutgoingDocument, pk) is not None) is seen
            assert bool(list(session.scalars(select(Countersignature)))) is seen


# Finance


@pytest.mark.parametrize("answer, state", [("yes", "finance_review"), ("no", "text_check")])
def test_finance_looks_exactly_where_money_is_touched(session, actors, draft, answer, state):
    paper = draft(touches_money=answer)
    take(session, actors["user_a"], paper, "hand_in")
    assert paper.state == state
    if state == "finance_review":
        take(session, actors["finance"], paper, "pass_finance")
        with access.system():
            assert (paper.state, paper.finance_reviewer.name) == ("text_check", actors["finance"].name)
            assert paper.finance_passed_at is not None


def test_finance_sees_the_paper_while_it_reviews_and_keeps_what_it_reviewed(session, actors, draft):
    other, paper = draft(), draft(touches_money="yes")
    take(session, actors["user_a"], paper, "hand_in")
    take(session, actors["finance"], paper, "pass_finance")
    keys = (other.id, paper.id)
    session.expunge_all()
    with access.acting_as(actors["finance"]):
        assert [finding.by_key(session, OutgoingDocument, pk) is not None for pk in keys] == [False, True]


# Text check and signature


def test_the_text_check_names_the_points_that_are_not_ticked(session, actors, draft, go):
    paper = go(draft(), "hand_in")
    with pytest.raises(StepRefused, match="Wording"):
        take(session, actors["office"], paper, "pass_text", signer="周海", **{**POINTS, "wording": False})


def test_only_who_is_entitled_signs(session, actors, draft, go):
    paper = go(draft(), "hand_in")
    with pytest.raises(StepRefused, match="not entitled"):
        take(session, actors["office"], paper, "pass_text", signer="张小明", **POINTS)
    letter = go(draft(level="department", document_type="letter"), "hand_in")
    with pytest.raises(StepRefused, match="head of the department"):
        take(session, actors["office"], letter, "pass_text", signer="周海", **POINTS)
    take(session, actors["office"], letter, "pass_text", signer=actors["head_a"].name, **POINTS)
    take(session, actors["head_a"], letter, "sign")
    assert letter.state == "signed"


def test_nobody_signs_in_place_of_the_signer(session, actors, draft, go):
    paper = go(draft(), "pass_text")
    with pytest.raises(StepRefused):
        take(session, actors["head_a"], paper, "sign")
    with pytest.raises(NotAllowed):
        take(session, actors["clerk"], paper, "sign")


def test_a_joint_paper_waits_for_every_issuer(session, actors, draft, go):
    paper = draft()
    take(session, actors["user_a"], paper, "add_joint_issuer", name="县教育局")
    go(paper, "pass_text")
    with pytest.raises(StepRefused, match="县教育局"):
        take(session, actors["leader"], paper, "sign")
    take(session, actors["clerk"], paper, "record_joint_signature", name="县教育局", signer="韦局长")
    take(session, actors["leader"], paper, "sign")
    assert paper.state == "signed"


def test_a_joint_issuer_is_taken_off_unless_it_has_signed(session, actors, draft, go):
    paper = draft()
    for name in ("县教育局", "县体育局"):
        take(session, actors["user_a"], paper, "add_joint_issuer", name=name)
    go(paper, "pass_text")
    take(session, actors["clerk"], paper, "record_joint_signature", name="县教育局", signer="韦局长")
    with pytest.raises(StepRefused, match="县教育局"):
        take(session, actors["user_a"], paper, "remove_joint_issuer", name="县教育局", reason="误加")
    with pytest.raises(StepRefused, match="not among"):
        take(session, actors["user_a"], paper, "remove_joint_issuer", name="县卫生局", reason="误加")
    take(session, actors["user_a"], paper, "remove_joint_issuer", name="县体育局", reason="误加")
    with access.system():
        assert [one.name for one in paper.joint_issuers] == ["县教育局"]
    take(session, actors["leader"], paper, "sign")
    assert paper.state == "signed"


@pytest.mark.parametrize(
    "field, value",
    [
        *((name, "改过的") for name in ("title", "addressees", "body", "copy_to", "enclosures", "secrecy_period")),
        ("body", "<p>请于<strong>本周</strong>内完成自查。</p>"),
        ("urgency", "urgent"),
        ("document_type", "letter"),
    ],
)
def test_the_signature_freezes_what_is_printed(session, actors, draft, go, field, value):
    paper = go(draft(), "sign")
    with access.acting_as(actors["office"]), pytest.raises(Invalid):
        records.change(session, paper, {field: value}, [field], version=paper.version)


def test_of_a_paper_the_house_keeps_no_text_of_no_text_is_stored(draft):
    with pytest.raises(Invalid):
        draft("office", secrecy="top_secret", body="<p>绝密<strong>内容</strong></p>")


def test_a_pasted_text_is_kept_as_its_words_emphases_and_tables(session, draft, go):
    pasted = (
        '<div style="color:red">请于<b>本周</b>内<script>x()</script>完成</div><table><tr><td>科室</td></tr></table>'
    )
    paper = go(draft(body=pasted), "hand_in")
    kept = "<p>请于<strong>本周</strong>内完成</p><table><tr><td>科室</td></tr></table>"
    with access.system():
        assert (paper.body, [one.body for one in paper.versions]) == (kept, [kept])


@pytest.mark.parametrize("last", ["hand_in", "pass_text"])
def test_words_under_decision_are_not_changed_by_editing(session, actors, draft, go, last):
    paper = go(draft(), last)
    with access.acting_as(actors["user_a"]), pytest.raises(Invalid):
        records.change(session, paper, {"body": "改过的"}, ["body"], version=paper.version)


TERMS = [
    ("touches_money", "yes"), ("document_type", "decision"), ("document_class", "special"), ("level", "department"),
    ("number_series", "新"), ("department", "财务科"), ("secrecy_period", "1年"),
]  # fmt: skip


@pytest.mark.parametrize("last", ["hand_in", "pass_text", "sign", "issue"])
@pytest.mark.parametrize("field, value", TERMS)
def test_who_decides_and_on_what_terms_is_settled_at_the_hand_in(session, actors, draft, go, last, field, value):
    raw = {"code": "新", "name": "新", "profile": "company", "template": "新〔{year}〕{serial}号", "issuer": "新单位"}
    with access.acting_as(actors["office"]):
        records.add(session, OutgoingSeries, {**raw, "level": "company"})
        session.commit()
    paper = go(draft(), last)
    with access.acting_as(actors["office"]):
        with pytest.raises(Invalid) as refused:
            records.change(session, paper, {field: value}, [field], version=paper.version)
        assert field in refused.value.errors
        session.rollback()
        records.change(session, paper, {"basis": "会议纪要"}, ["basis"], version=paper.version)


@pytest.mark.parametrize("last", ["hand_in", "pass_text", "sign", "number_it", "issue"])
def test_secrecy_is_raised_at_once_however_far_the_paper_is(session, actors, draft, go, last):
    """documents.md 6.1; and of the highest grades no text stays, so none is left to compare with the signature."""
    paper = go(draft(), last)
    state = paper.state
    for grade in ("secret", "top_secret"):
        with access.acting_as(actors["office"]):
            records.change(session, paper, {"secrecy": grade}, ["secrecy"], version=paper.version, confirmed=True)
            session.commit()
        assert (paper.secrecy, paper.state) == (grade, state)
    assert paper.body == see_paper()
    with access.acting_as(actors["office"]):
        records.change(session, paper, {"basis": "见纸质件"}, ["basis"], version=paper.version)
        for lower in ("secret", "internal"):
            with pytest.raises(Invalid):
                records.change(session, paper, {"secrecy": lower}, ["secrecy"], version=paper.version)
            session.rollback()
    paper.keep_text()


def test_a_paper_that_answers_one_of_which_no_text_is_kept_is_issued(session, actors, draft, go):
    with access.acting_as(actors["clerk"]):
        asked = incoming(session, secrecy="top_secret", title="绝密来文", answer_due=True)
        session.commit()
    paper = go(draft(), "look_over")
    send(session, actors, recipient(session, actors, paper))
    with access.system():
        paper.reply_to = asked
        session.commit()
    take(session, actors["clerk"], paper, "issue")
    with access.system():
        session.expire_all()
        assert (paper.state, asked.sender_answer) == ("issued", see_paper())
        assert asked.answered_sender_at is not None


def test_a_paper_sent_back_is_open_again_and_goes_through_finance(session, actors, draft, go):
    paper = go(draft(), "hand_in")
    take(session, actors["office"], paper, "send_back", reason="涉及经费")
    with access.acting_as(actors["user_a"]):
        records.change(session, paper, {"touches_money": "yes"}, ["touches_money"], version=paper.version)
    take(session, actors["user_a"], paper, "hand_in")
    assert paper.state == "finance_review"


@pytest.mark.parametrize("field, value", TERMS)
def test_a_change_after_the_signature_leaves_the_terms_alone(session, actors, draft, go, field, value):
    paper = go(draft(), "sign")
    take(session, actors["office"], paper, "open_again", reason="数字有误")
    with access.acting_as(actors["office"]), pytest.raises(Invalid):
        records.change(session, paper, {field: value}, [field], version=paper.version)


@pytest.mark.parametrize("last", ["hand_in", "pass_text"])
def test_any_check_can_send_the_draft_back(session, actors, draft, go, last):
    paper = go(draft(), last)
    take(session, actors["office"], paper, "send_back", reason="文种不当")
    assert paper.state == "drafting"


# The look after the signature (S8)


def test_the_profile_says_whether_the_office_looks_again_before_the_number(session, actors, draft, go, rule):
    straight = go(draft(), "sign")
    with pytest.raises(StepRefused):
        take(session, actors["office"], straight, "recheck", approvals=True, content=True, form=True, layout=True)
    rule("outgoing_recheck", "yes")
    paper = go(draft(), "sign")
    with pytest.raises(StepRefused):
        take(session, actors["clerk"], paper, "number_it", copies=3)
    with pytest.raises(StepRefused, match="Format"):
        take(session, actors["office"], paper, "recheck", approvals=True, content=True, form=True)
    take(session, actors["office"], paper, "recheck", approvals=True, content=True, form=True, layout=True)
    take(session, actors["clerk"], paper, "number_it", copies=3)
    assert paper.state == "numbered"


def test_a_material_change_goes_back_to_the_same_signer(session, actors, draft, go):
    paper = go(draft(), "sign")
    take(session, actors["office"], paper, "open_again", reason="数字有误")
    assert (paper.state, paper.text_checksum, paper.signed_at) == ("rechecking", None, None)
    with access.acting_as(actors["office"]):
        records.change(session, paper, {"body": "请于本月内完成自查。"}, ["body"], version=paper.version)
    take(session, actors["office"], paper, "sign_anew", remark="时限改为本月")
    with access.system():
        assert (paper.state, paper.signer.name) == ("signing", "周海")
    take(session, actors["leader"], paper, "sign")
    with access.system():
        session.expire(paper, ["versions"])
        assert [one.body for one in paper.versions] == ["请于本周内完成自查。", "请于本月内完成自查。"]


# Number, print, proof, seal


def test_the_way_from_draft_to_issue(draft, go):
    paper = go(draft(), "issue")
    assert (paper.state, paper.document_no) == ("issued", f"文枢发〔{local(now()).year}〕1号")
    assert (paper.issued_at is None, paper.closed_at) == (False, None)  # it is closed when it is filed


def test_numbers_run_in_the_order_of_numbering(draft, go):
    first, second = draft(), draft()
    numbers_ = [go(paper, "number_it").document_no for paper in (second, first)]
    assert [text.split("〕")[1] for text in numbers_] == ["1号", "2号"]


def test_a_text_changed_behind_the_house_gets_no_number(session, actors, draft, go):
    paper = go(draft(), "sign")
    paper.body = "另一个内容"
    session.flush()
    with pytest.raises(StepRefused):
        take(session, actors["clerk"], paper, "number_it", copies=1)


def test_a_secret_paper_is_printed_on_fit_premises_and_its_waste_is_accounted_for(session, actors, draft, go):
    paper = go(draft(secrecy="secret"), "number_it")
    with pytest.raises(StepRefused, match="premises"):
        take(session, actors["clerk"], paper, "print_it", printer="文印室")
    take(session, actors["clerk"], paper, "print_it", printer="文印室", premises="保密室", fit=True)
    two = {"witness": "张小明", "second_witness": "周海"}
    with pytest.raises(StepRefused, match="Two different"):
        take(session, actors["clerk"], paper, "account_for_waste", waste_sheets=3, plates=1, how="碎纸",
             **{**two, "second_witness": "张小明"})  # fmt: skip
    take(session, actors["clerk"], paper, "account_for_waste", waste_sheets=3, plates=1, how="碎纸", **two)
    with access.system():
        (run,) = paper.prints
    assert (run.waste_sheets, run.plates, run.checksum) == (3, 1, paper.text_checksum)
    with pytest.raises(StepRefused, match="accounted for"):
        take(session, actors["clerk"], paper, "account_for_waste", waste_sheets=3, plates=1, how="碎纸", **two)


def test_three_rounds_of_proofreading_and_who_reads_them(session, actors, draft, go):
    """S4: one by the drafter, one by the checker, the third preferably by the head of the department."""
    paper = go(draft(), "print_it")
    with pytest.raises(StepRefused):
        take(session, actors["head_a"], paper, "proofread", clean=True)
    with pytest.raises(StepRefused, match="last round"):
        take(session, actors["user_a"], paper, "waive_proof", reason="时间紧")
    take(session, actors["user_a"], paper, "proofread", clean=True)
    take(session, actors["office"], paper, "print_again", errors=2, reason="两处错字")
    assert paper.state == "numbered"
    take(session, actors["clerk"], paper, "print_it", printer="文印室")
    take(session, actors["office"], paper, "proofread", clean=True)
    assert paper.state == "proofreading"
    take(session, actors["head_a"], paper, "waive_proof", reason="部门负责人出差")
    with access.system():
        rounds = [(one.number, one.errors, one.clean, one.waived) for one in paper.proofs]
    assert (paper.state, rounds) == (
        "sealing",
        [(1, 0, True, None), (2, 2, False, None), (2, 0, True, None), (3, 0, False, "部门负责人出差")],
    )


def test_the_last_round_is_left_out_only_where_the_profile_says_so(session, actors, draft, go, rule):
    rule("proofreaders", "checker")
    rule("last_proof_waivable", "no")
    paper = go(draft(), "print_it")
    with pytest.raises(StepRefused):
        take(session, actors["office"], paper, "waive_proof", reason="时间紧")


def test_the_seal_stands_on_the_signed_text_well_placed(session, actors, draft, go):
    paper = go(draft(), "proofread")
    sealed = {"seal_name": "公章", "impressions": 10, "equal": True, "placed": False}
    with pytest.raises(StepRefused, match="well placed"):
        take(session, actors["office"], paper, "seal", **sealed)
    take(session, actors["office"], paper, "seal", **{**sealed, "placed": True})
    with access.system():
        (use,) = paper.seal_uses
        assert (use.keeper.name, use.impressions, use.checksum) == (actors["office"].name, 10, paper.text_checksum)


# Recipients


def test_nothing_goes_out_before_the_last_look_and_all_go_before_it_is_issued(session, actors, draft, go):
    paper = go(draft(), "seal")
    line = recipient(session, actors, paper)
    with pytest.raises(StepRefused, match="looked over"):
        send(session, actors, line)
    take(session, actors["clerk"], paper, "look_over", text=True, layout=True, quality=True)
    with pytest.raises(StepRefused, match="县档案局"):
        take(session, actors["clerk"], paper, "issue")
    send(session, actors, line)
    take(session, actors["clerk"], paper, "issue")
    assert paper.state == "issued"


def test_a_copy_goes_out_after_its_number_and_is_signed_for_and_comes_back_after_it_went(session, actors, draft, go):
    paper = go(draft(), "look_over")
    line = recipient(session, actors, paper, slip_due=True)
    before = now() - timedelta(days=1)
    with pytest.raises(StepRefused, match="cannot have been done before"):
        take(session, actors["clerk"], line, "send", channel="post", at=before)
    send(session, actors, line)
    with pytest.raises(StepRefused, match="cannot have been done before"):
        take(session, actors["clerk"], line, "sign_for", signed_by="收发室", at=before)
    take(session, actors["clerk"], line, "sign_for", signed_by="收发室", at=line.sent_at)
    with pytest.raises(StepRefused, match="cannot have been done before"):
        take(session, actors["clerk"], line, "take_slip", at=before)
    assert line.state == "received"


def test_no_more_copies_are_given_than_were_printed(session, actors, draft, go):
    paper = go(draft(), "look_over")
    with pytest.raises(StepRefused, match="11"):
        send(session, actors, recipient(session, actors, paper, copies=11))
    send(session, actors, recipient(session, actors, paper, copies=9))
    with access.system():
        over = next(line for line in paper.recipients if line.state == "to_send")
    take(session, actors["clerk"], over, "strike_out", reason="份数有误")
    take(session, actors["clerk"], paper, "issue")
    with pytest.raises(StepRefused, match="11"):  # nor afterwards
        send(session, actors, recipient(session, actors, paper, copies=2))
    assert send(session, actors, recipient(session, actors, paper, copies=1)).state == "sent"


@pytest.mark.parametrize(
    "field, value", [("copies", "99"), ("name", "别处"), ("copy_numbers", "000009"), ("department", "财务科")]
)
def test_what_was_sent_to_whom_is_not_edited(session, actors, draft, go, field, value):
    line = send(session, actors, recipient(session, actors, go(draft(), "look_over")))
    take(session, actors["clerk"], line, "sign_for", signed_by="收发室")
    with access.acting_as(actors["clerk"]), pytest.raises(Invalid) as refused:
        records.change(session, line, {field: value}, [field], version=line.version)
    assert list(refused.value.errors) == [field]


def test_a_paper_is_filed_when_the_last_receipt_is_in(session, actors, draft, go):
    paper = go(draft(), "look_over")
    line = send(session, actors, recipient(session, actors, paper, slip_due=True))
    take(session, actors["clerk"], paper, "issue")
    for step, answers in (("sign_for", {"signed_by": "收发室"}), ("take_slip", {})):
        with pytest.raises(StepRefused, match="outstanding"):
            take(session, actors["clerk"], paper, "file_it")
        take(session, actors["clerk"], line, step, **answers)
    take(session, actors["clerk"], paper, "file_it")
    assert (paper.state, paper.closed_at is None) == ("filed", False)


def test_a_departments_letter_is_deposited_before_it_is_filed(session, actors, draft, go):
    """S7: every department's paper leaves a copy with the administration."""
    letter = draft(level="department", document_type="letter")
    take(session, actors["user_a"], letter, "hand_in")
    take(session, actors["office"], letter, "pass_text", signer=actors["head_a"].name, **POINTS)
    take(session, actors["head_a"], letter, "sign")
    for who, step, answers in WAY[3:5] + WAY[6:7] + WAY[8:10]:
        take(session, actors[who], letter, step, **answers)
    line = send(session, actors, recipient(session, actors, letter))
    take(session, actors["clerk"], line, "sign_for", signed_by="财务科")
    take(session, actors["clerk"], letter, "issue")
    with pytest.raises(StepRefused, match="no copy"):
        take(session, actors["clerk"], letter, "file_it")
    take(session, actors["head_a"], letter, "deposit")
    take(session, actors["clerk"], letter, "file_it")


@pytest.mark.parametrize("channel", ["post", "electronic"])
def test_a_secret_paper_does_not_go_by_post_or_wire(session, actors, draft, go, channel):
    paper = draft(secrecy="secret")
    go(paper, "number_it")
    take(session, actors["clerk"], paper, "print_it", printer="文印室", premises="保密室", fit=True)
    for who, step, answers in WAY[5:10]:
        take(session, actors[who], paper, step, **answers)
    with pytest.raises(StepRefused, match="courier"):
        send(session, actors, recipient(session, actors, paper), channel)


def test_copies_of_a_secret_paper_are_numbered_from_one_and_none_twice(session, actors, draft, go):
    paper = draft(secrecy="secret")
    lines = [recipient(session, actors, paper, copies=count) for count in (1, 3, 2)]
    assert [line.copy_numbers for line in lines] == ["000001", "000002-000004", "000005-000006"]
    with access.acting_as(actors["clerk"]), pytest.raises(Invalid):
        records.change(session, lines[1], {"copies": 4}, ["copies"], version=lines[1].version)
    assert recipient(session, actors, draft()).copy_numbers is None


@pytest.mark.parametrize("numbers", ["000002", "000001-000003", "000004-000005", "2", "000000", "第四份"])
def test_a_copy_number_is_one_of_the_print_and_one_recipients(session, actors, draft, go, numbers):
    """4.1: six digits, from 000001 per document; four copies, of which three are given."""
    paper = go(draft(secrecy="secret"), "sign")
    take(session, actors["clerk"], paper, "number_it", copies=4)
    for count in (1, 2):
        recipient(session, actors, paper, copies=count)
    count = {"000001-000003": 3, "000004-000005": 2}.get(numbers, 1)
    with pytest.raises(Invalid) as refused:
        recipient(session, actors, paper, copies=count, copy_numbers=numbers)
    assert list(refused.value.errors) == ["copy_numbers"]
    session.rollback()
    assert recipient(session, actors, paper, copies=1, copy_numbers="000004").copy_numbers == "000004"
    with pytest.raises(Invalid):  # all four are given
        recipient(session, actors, paper, copies=1)


def test_the_number_of_a_line_that_was_struck_out_goes_to_another_one(session, actors, draft):
    paper = draft(secrecy="secret")
    line = recipient(session, actors, paper, copies=1)
    take(session, actors["clerk"], line, "strike_out", reason="不再发送")
    assert recipient(session, actors, paper, copies=1).copy_numbers == "000001"


def test_a_text_may_be_an_uploaded_file_and_is_frozen_by_the_signature(session, actors, draft, go):
    paper = draft(body="")
    with access.system():
        attach(session, paper, "定稿")
        session.commit()
    go(paper, "sign")
    with access.system():
        attach(session, paper, "签发单扫描件")  # what is added later is no part of the text
        session.commit()
    take(session, actors["clerk"], paper, "number_it", copies=3)
    with access.system():
        text = session.scalars(select(Attachment).where(Attachment.name == "定稿.txt")).one()
        text.digest = "0" * 64
        session.commit()
    with pytest.raises(StepRefused, match="signed"):
        take(session, actors["clerk"], paper, "print_it", printer="文印室")


# Ends


def test_a_void_number_keeps_its_reason_and_is_not_given_again(session, actors, draft, go):
    paper = go(draft(), "number_it")
    take(session, actors["office"], paper, "void", reason="不再发文")
    drawn = session.scalar(select(numbers.DrawnNumber).where(numbers.DrawnNumber.text == paper.document_no))
    assert (paper.state, drawn.state, drawn.reason) == ("voided", "void", "不再发文")
    assert go(draft(), "number_it").document_no != paper.document_no


def test_before_the_number_a_paper_is_withdrawn_and_leaves_none_behind(session, actors, draft, go):
    paper = go(draft(), "hand_in")
    take(session, actors["user_a"], paper, "withdraw", reason="不需要")
    assert (paper.state, paper.document_no) == ("withdrawn", None)


def test_an_issued_paper_is_recalled_by_another_one_and_its_copies_are_awaited(session, actors, draft, go):
    paper, notice = go(draft(), "issue"), draft(title="关于撤回通知的通知")
    with pytest.raises(StepRefused, match="number"):
        take(session, actors["leader"], paper, "recall", notice=notice, reason="内容有误")
    go(notice, "number_it")
    with pytest.raises(StepRefused, match="issued"):
        take(session, actors["leader"], paper, "recall", notice=notice, reason="内容有误")
    walk(session, actors, notice, "issue", after="number_it")
    with pytest.raises(StepRefused, match="Another"):
        take(session, actors["leader"], paper, "recall", notice=paper, reason="内容有误")
    take(session, actors["leader"], paper, "recall", notice=notice, reason="内容有误")
    with access.system():
        assert (paper.state, paper.ended_by, [one.state for one in paper.recipients]) == (
            "recalled", notice, ["to_return"],
        )  # fmt: skip
        (line,) = paper.recipients
    take(session, actors["clerk"], line, "come_back")
    assert line.state == "returned"


def test_annulling_leaves_the_copies_where_they_are(session, actors, draft, go):
    paper, notice = go(draft(), "issue"), go(draft(), "issue")
    take(session, actors["leader"], paper, "annul", notice=notice, reason="已有新办法")
    with access.system():
        assert (paper.state, [one.state for one in paper.recipients]) == ("annulled", ["sent"])


# Doors, register


def test_another_department_does_not_see_the_draft(session, actors, draft):
    draft()
    with access.acting_as(actors["user_b"]):
        assert session.query(OutgoingDocument).all() == []


@pytest.mark.parametrize("door", ["show/{}", "edit/{}", "step/{}/hand_in"])
def test_a_stranger_finds_every_door_closed(app, session, draft, door):
    pk = draft().id
    session.commit()
    assert sign_in(app, "user_b").get("/outgoingdocumentview/" + door.format(pk)).status_code in (403, 404)


def test_the_drafter_walks_the_pages(session, client, draft):
    pk = draft().id
    session.commit()
    browser = client("user_a")
    for address in ("list/", "add", f"show/{pk}", f"edit/{pk}", f"step/{pk}/hand_in"):
        assert browser.get("/outgoingdocumentview/" + address).status_code == 200, address


def test_the_register_has_a_line_for_every_number_void_ones_included(session, actors, draft, go):
    take(session, actors["office"], go(draft(), "number_it"), "void", reason="重复")
    go(draft(title="关于放假的通知"), "issue")
    draft()
    with access.acting_as(actors["office"]):
        table = outgoing_register(session, Period()).table
    assert list(table["title"]) == ["关于开展档案检查的通知", "关于放假的通知"]
    states = OutgoingDocument.flow.states
    assert list(table["state"]) == [str(states["voided"].label), str(states["issued"].label)]


def test_an_old_register_comes_in_with_its_numbers(session):
    headings = ["document_no", "title", "issued_at", "document_type"]
    rows = [["（2011）锦城文第8号", "关于放假的通知", "2011-09-30", "notice"], ["", "未发的稿子", "", "letter"]]
    with access.system():
        outcome = import_rows(session, OutgoingDocument, headings, rows)
        found = session.query(OutgoingDocument).order_by(OutgoingDocument.id).all()
    assert (outcome.faults, [paper.state for paper in found]) == ([], ["filed", "drafting"])
    assert found[0].closed_at == found[0].issued_at


# Quick views of the list


@pytest.fixture
def listed(app, session, client):
    """`listed("clerk", "receipts")`: the numbers or titles of a view's rows, and the label with its count."""

    def read(who, view):
        session.commit()
        answer = client(who).get(f"/outgoingdocumentview/list/?view={view}", headers={"Accept-Language": "en"})
        assert answer.status_code == 200
        return answer.text

    return read


def test_the_list_has_views_of_drafts_of_what_has_no_number_and_of_outstanding_receipts(
    session, actors, draft, go, listed
):
    mine, other = draft(title="甲稿"), draft("head_b", title="乙稿")
    signed, numbered = go(draft(title="丙稿"), "sign"), go(draft(title="丁稿"), "number_it")
    out, back = go(draft(title="戊稿"), "issue"), go(draft(title="己稿"), "issue")
    with access.system():
        (line,) = back.recipients
    take(session, actors["clerk"], line, "sign_for", signed_by="收发室")
    assert {mine.state, other.state} == {"drafting"} and numbered.state == "numbered" and out.state == "issued"
    for who, view, rows, count in (
        ("user_a", "drafts", {"甲稿"}, "Drafts with me 1"),
        ("clerk", "unnumbered", {"丙稿"}, "Signed, not numbered 1"),
        ("clerk", "receipts", {"戊稿"}, "Issued, receipts outstanding 1"),
        ("user_b", "unnumbered", set(), "Signed, not numbered 0"),  # what one may not see is not counted either
    ):
        page = listed(who, view)
        assert {title for title in ("甲稿", "乙稿", "丙稿", "丁稿", "戊稿", "己稿") if title in page} == rows
        assert count in page
    assert signed.document_no is None


def test_only_the_views_a_kind_declares_are_known(client):
    browser = client("clerk")
    assert browser.get("/outgoingdocumentview/list/?view=nonsense").status_code == 400
    assert browser.get("/incomingdocumentview/list/?view=receipts").status_code == 400


def test_a_draft_without_a_number_shows_none_above_its_title(session, client):
    pk = make(session, OutgoingDocument).id
    session.commit()
    page = client("office").get(f"/outgoingdocumentview/show/{pk}").text
    assert re.findall(r'<strong class="record-no">([^<]*)|<title>(None)', page) == []


def test_a_copy_number_that_came_free_is_given_again(session, actors, draft):
    paper = draft(secrecy="secret")
    with access.system():
        paper.copies = 3
        session.commit()
    lines = [recipient(session, actors, paper, name=name, copies=1) for name in "甲乙丙"]
    take(session, actors["clerk"], lines[1], "strike_out", reason="不发")
    assert recipient(session, actors, paper, name="丁", copies=1).copy_numbers == "000002"
