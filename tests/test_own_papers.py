"""Papers of the house that come in again in another unit, replies to papers that came in, and links between papers."""

import pytest
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.engine import access, finding, history, numbers
from app.engine import record as records
from app.engine.refusals import NotAllowed, Refused, StepRefused
from models.countersignatures import Countersignature
from models.documents import IncomingDocument
from models.notices import Notice
from models.outgoing import OutgoingDocument
from models.outgoing_lines import DraftVersion
from models.recipients import Recipient
from tests.conftest import sign_in
from tests.factories import incoming
from tests.test_outgoing import RAW, recipient, send, take, unit, walk


@pytest.fixture
def draft(session, actors):
    def made(who="user_a", **values):
        with access.acting_as(actors[who]):
            paper = records.add(session, OutgoingDocument, {**RAW, **values})
            session.commit()
        return paper

    return made


@pytest.fixture
def sent(session, actors, draft):
    """The line of a unit of the house whose copies of an issued paper are on their way, and the paper."""

    def made(**values):
        paper = draft(**values)
        if paper.secrecy == "confidential":
            walk(session, actors, paper, "number_it")
            take(session, actors["clerk"], paper, "print_it", printer="文印室", premises="保密室", fit=True)
            walk(session, actors, paper, "look_over", after="print_it")
        else:
            walk(session, actors, paper, "look_over")
        line = recipient(session, actors, paper, name="", department="财务科", part="inside")
        send(session, actors, line, "hand")
        take(session, actors["clerk"], paper, "issue")
        return line, paper

    return made


def count(session, model):
    with access.system():
        return session.scalar(select(func.count()).select_from(model))


def came_in(session, line):
    with access.system():
        session.expire(line)
        return line.incoming


@pytest.mark.parametrize("who", ["clerk", "office", "head_b", "user_b"])
def test_the_registry_or_the_receiving_unit_registers_what_was_issued(session, actors, sent, who):
    line, paper = sent(urgency="urgent", enclosures="自查表\n说明", body="请于本周内完成自查。")
    take(session, actors[who], line, "register_as_incoming")
    found = came_in(session, line)
    with access.system():
        assert (found.sender.name, found.sender_no, found.title) == ("本单位", paper.document_no, paper.title)
        assert (found.secrecy, found.urgency, found.copies, found.department.name) == (
            "internal",
            "urgent",
            2,
            "财务科",
        )
        assert (found.medium, found.paper_type, found.summary) == ("paper", "notice", "请于本周内完成自查。")
        assert (found.state, found.enclosures) == ("registered", "自查表；说明")
        assert found.issued_as is line.document
        drawn = session.scalars(select(numbers.DrawnNumber.text)).all()
    assert found.receipt_no in drawn  # by the numbers of the register book, like any other paper


def test_it_is_registered_once(session, actors, sent):
    line, _paper = sent()
    version = line.version
    with access.acting_as(actors["clerk"]):
        for _tab in range(2):  # the same form from a second tab
            line.flow.take(session, line, "register_as_incoming", {}, version=version, form_key="again")
            session.commit()
    with pytest.raises(StepRefused, match="此件已登记"):
        take(session, actors["user_b"], line, "register_as_incoming")
    assert count(session, IncomingDocument) == 1


def test_a_recall_stops_the_rounds_of_what_units_took_in_and_tells_who_has_it(session, actors, sent, draft):
    """documents.md 3.4: the main flow touches no entry, except `recalled`, which stops it with notice, one to each; and
    whom the paper has not come to yet knows nothing of it."""
    line, paper = sent()
    take(session, actors["head_b"], line, "register_as_incoming")
    found = came_in(session, line)
    take(session, actors["leader"], found, "instruct_reading", readers=["张小明", "孙丽"], purpose="请阅")
    with access.system():
        (first,) = [one for one in found.circulation if one.reader.name == "孙丽"]
    take(session, actors["clerk"], first, "offer")
    notice = walk(session, actors, draft(title="关于撤回通知的通知"), "issue")
    take(session, actors["leader"], paper, "recall", notice=notice, reason="内容有误")
    with access.system():
        session.expire_all()
        (way,) = found.circulations
        assert (way.state, {one.state for one in way.entries}) == ("stopped", {"withdrawn"})
        told = session.scalars(select(Notice).where(Notice.key == "recalled")).all()
        assert [(one.person.name, one.record_id) for one in told] == [("孙丽", found.id)]
        assert session.scalars(select(Notice).where(Notice.key == "withdrawn")).all() == []
        assert len(found.marks()) == 1


def test_nobody_else_registers_it_and_nothing_that_has_not_gone_out(session, actors, sent, draft):
    line, _paper = sent()
    for who in ("user_a", "desk", "leader"):
        with pytest.raises((NotAllowed, StepRefused)):
            take(session, actors[who], line, "register_as_incoming")
    paper = walk(session, actors, draft(), "look_over")
    other = recipient(session, actors, paper, department="财务科")
    with pytest.raises(StepRefused):
        take(session, actors["clerk"], other, "register_as_incoming")
    outside = send(session, actors, recipient(session, actors, paper))
    with pytest.raises(StepRefused, match="只有本单位的部门"):
        take(session, actors["clerk"], outside, "register_as_incoming")
    assert count(session, IncomingDocument) == 0


def test_no_draft_no_version_and_no_countersignature_crosses_over(session, actors, draft):
    """The receiver of an electronic hand-over saw the sender's drafts: steedos/workflow#1724."""
    paper = draft(body="第一稿，勿外传。")
    take(session, actors["user_a"], paper, "hand_in", departments=[unit(session, "办公室")])
    take(session, actors["office"], paper, "send_back", reason="内部意见")
    with access.acting_as(actors["user_a"]):
        records.change(session, paper, {"body": "定稿。"}, ["body"], version=paper.version)
        session.commit()
    walk(session, actors, paper, "look_over")
    line = send(session, actors, recipient(session, actors, paper, name="", department="财务科"), "hand")
    take(session, actors["clerk"], paper, "issue")
    take(session, actors["user_b"], line, "register_as_incoming")
    pk, line_pk = came_in(session, line).id, line.id
    session.expunge_all()
    with access.acting_as(actors["user_b"]):
        assert finding.by_key(session, IncomingDocument, pk).summary == "定稿。"
        assert [session.scalars(select(kind)).all() for kind in (OutgoingDocument, DraftVersion, Countersignature)] == [
            [], [], [],
        ]  # fmt: skip
        assert str(finding.by_key(session, Recipient, line_pk)) == " → 财务科"  # nor is the paper named


def test_both_pages_show_the_link_and_neither_names_what_is_hidden(app, session, actors, sent):
    line, paper = sent(title="关于调整岗位的通知")
    take(session, actors["clerk"], line, "register_as_incoming")
    found = came_in(session, line)
    receipt, pk, line_pk, number = found.receipt_no, found.id, line.id, paper.document_no
    session.commit()
    clerk, receiver = sign_in(app, "clerk"), sign_in(app, "user_b")
    assert receipt in clerk.get(f"/recipientview/show/{line_pk}").text
    assert receipt in clerk.get(f"/outgoingdocumentview/show/{paper.id}").text
    assert number in clerk.get(f"/incomingdocumentview/show/{pk}").text
    assert receipt in receiver.get(f"/recipientview/show/{line_pk}").text
    assert f"/outgoingdocumentview/show/{paper.id}" not in receiver.get(f"/incomingdocumentview/show/{pk}").text


def test_of_a_graded_paper_the_grade_crosses_over_and_the_unit_at_large_learns_nothing(session, actors, sent):
    line, _paper = sent(secrecy="confidential", title="机密事项")
    with pytest.raises((NotAllowed, Refused)):
        take(session, actors["user_b"], _as_seen(session, actors["user_b"], line), "register_as_incoming")
    take(session, actors["head_b"], line, "register_as_incoming")
    found = came_in(session, line)
    assert found.secrecy == "confidential"
    pk = found.id
    session.expunge_all()
    for who, seen in (("head_b", True), ("user_b", False), ("user_a", False)):
        with access.acting_as(actors[who]):
            assert (finding.by_key(session, IncomingDocument, pk) is not None) is seen


def _as_seen(session, actor, line):
    """What somebody finds under a line's key; a refusal where that is nothing."""
    with access.acting_as(actor):
        found = finding.by_key(session, Recipient, line.id)
    if found is None:
        raise NotAllowed("hidden")
    return found


# Replies


@pytest.fixture
def reply(session, draft, asked):
    """A draft that answers the paper that came in."""
    paper = draft()
    with access.system():
        paper.reply_to = asked
        session.commit()
    return paper


@pytest.fixture
def asked(session, actors):
    """A paper that came in and asks for an answer."""
    with access.acting_as(actors["clerk"]):
        paper = incoming(session, answer_due=True)
        session.commit()
    return paper


def test_a_reply_that_is_issued_is_the_written_answer_to_the_sender(session, actors, reply, asked):
    walk(session, actors, reply, "look_over")
    with access.system():
        assert asked.answered_sender_at is None  # signed and numbered is not sent
    send(session, actors, recipient(session, actors, reply, name="市财政局"))
    take(session, actors["clerk"], reply, "issue")
    with access.system():
        session.expire(asked)
        assert (asked.sender_answer, asked.answered_sender_at is None) == (reply.document_no, False)
        assert asked.state == "registered"
        assert [entry.action for entry in history.entries_of(session, asked)].count("answer_in_writing") == 1


def test_with_the_reply_the_condition_of_closing_is_met(session, actors, reply, asked):
    from models.closing import missing

    def lacks_answer():
        with access.system():
            session.expire(asked)
            return _("The sender expects an answer and has none.") in missing(session, asked)

    assert lacks_answer()
    walk(session, actors, reply, "issue")
    assert not lacks_answer()


def test_an_earlier_answer_stands(session, actors, reply, asked):
    take(session, actors["leader"], asked, "instruct", department="综合科", requirement="请办理")
    take(session, actors["head_a"], asked, "answer_sender", words="已电话答复")
    walk(session, actors, reply, "issue")
    with access.system():
        session.expire(asked)
        assert asked.sender_answer == "已电话答复"


# Links between papers


def test_a_replaced_paper_says_so_once_the_new_one_is_issued(session, actors, draft):
    old = walk(session, actors, draft(title="考勤办法"), "issue")
    new = draft(title="新考勤办法", replaces=old.id)
    for last, said in (("number_it", False), ("issue", True)):
        walk(session, actors, new, last, after=None if last == "number_it" else "number_it")
        with access.acting_as(actors["clerk"]):
            session.expire(old)
            assert any(new.document_no in mark for mark in old.marks()) is said


def test_a_linked_paper_outside_ones_scope_is_neither_titled_nor_called_missing(app, session, actors, draft):
    hidden = draft("head_b", title="财务科的事")
    with access.system():
        paper = draft(title="综合科的事")
        paper.based_on = hidden
        newer = draft("head_b", title="财务科的新事")
        newer.replaces = paper
        session.commit()
    browser = sign_in(app, "user_a")
    page = browser.get(f"/outgoingdocumentview/show/{paper.id}").text
    assert "综合科的事" in page
    for words in ("财务科的事", "财务科的新事", f'outgoingdocumentview/show/{hidden.id}"', "missing", "不存在"):
        assert words not in page, words
    # and whoever cannot see the link does not take it off by saving the form
    form = browser.get(f"/outgoingdocumentview/edit/{paper.id}")
    assert form.status_code == 200 and "财务科的事" not in form.text
    with access.acting_as(actors["user_a"]):
        seen = finding.by_key(session, OutgoingDocument, paper.id)
        records.change(session, seen, {"title": "综合科的新事"}, ["title"], version=seen.version)
        session.commit()
    with access.system():
        session.expire_all()
        assert (paper.title, paper.based_on_id) == ("综合科的新事", hidden.id)
