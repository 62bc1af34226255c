"""Outgoing documents: the way to the number, the frozen text, void and recalled papers."""

import pytest
from sqlalchemy import select

from app.engine import access, numbers
from app.engine import record as records
from app.engine.frames import Period
from app.engine.moments import local, now
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from app.engine.transfer import import_rows
from models.outgoing import OutgoingDocument
from reports.outgoing import outgoing_register
from tests.conftest import sign_in

#: who takes which step with which answers, from the draft to the issued paper
WAY = (
    ("user_a", "hand_in", {}),
    ("head_a", "countersign", {"opinion": "agree"}),
    ("head_a", "end_countersigning", {}),
    ("office", "pass_text", {"signer": "周海", "checked": True}),
    ("leader", "sign", {}),
    ("clerk", "number_it", {"copies": 10}),
    ("clerk", "print_it", {"printer": "文印室"}),
    ("clerk", "proofread", {"clean": True}),
    ("office", "issue", {"sealed_by": "郑敏"}),
)


def take(session, actor, document, step, **answers):
    with access.acting_as(actor):
        document.flow.take(session, document, step, answers)


@pytest.fixture
def draft(session, actors):
    """A paper that department A has drafted."""

    def made(**values):
        raw = {"title": "关于开展档案检查的通知", "document_class": "formal", "document_type": "notice", "secrecy": "internal",
               "urgency": "none", "addressees": "各科室", "body": "请于本周内完成自查。"}  # fmt: skip
        with access.acting_as(actors["user_a"]):
            return records.add(session, OutgoingDocument, {**raw, **values})

    return made


@pytest.fixture
def go(session, actors):
    """`go(document, "sign")`: take the usual way up to and including that step."""

    def walked(document, last):
        names = [step for _, step, _ in WAY]
        for who, step, answers in WAY[: names.index(last) + 1]:
            take(session, actors[who], document, step, **answers)
        return document

    return walked


def test_a_draft_knows_its_drafter_and_has_no_number(draft):
    paper = draft()
    assert (paper.drafter.name, paper.department.name, paper.document_no) == ("张小明", "综合科", None)


def test_the_way_from_draft_to_issue(draft, go):
    paper = go(draft(), "issue")
    assert (paper.state, paper.document_no) == ("issued", f"文枢发〔{local(now()).year}〕1号")
    assert None not in (paper.issued_at, paper.closed_at)


def test_numbers_run_in_the_order_of_numbering(draft, go):
    first, second = draft(), draft()
    numbers_ = [go(paper, "number_it").document_no for paper in (second, first)]
    assert [text.split("〕")[1] for text in numbers_] == ["1号", "2号"]


def test_a_draft_without_addressees_stays_with_the_drafter(session, actors, draft):
    paper = draft(addressees="")
    with pytest.raises(StepRefused):
        take(session, actors["user_a"], paper, "hand_in")


def test_nobody_signs_in_place_of_the_signer(session, actors, draft, go):
    paper = go(draft(), "pass_text")
    with pytest.raises(StepRefused):
        take(session, actors["head_a"], paper, "sign")
    with pytest.raises(NotAllowed):
        take(session, actors["clerk"], paper, "sign")


def test_an_objection_needs_its_reason_and_stays_on_file(session, actors, draft, go):
    paper = go(draft(), "hand_in")
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["head_a"], paper, "countersign", opinion="object")
    take(session, actors["head_a"], paper, "countersign", opinion="object", remark="时间太紧")
    assert "时间太紧" in paper.countersigned


@pytest.mark.parametrize("field", ["title", "addressees", "body"])
def test_the_signature_freezes_the_text(session, actors, draft, go, field):
    paper = go(draft(), "sign")
    session.commit()
    with access.acting_as(actors["office"]), pytest.raises(Invalid):
        records.change(session, paper, {field: "改过的"}, [field], version=paper.version)


@pytest.mark.parametrize("last", ["hand_in", "pass_text"])
def test_words_under_decision_are_not_changed_by_editing(session, actors, draft, go, last):
    paper = go(draft(), last)
    session.commit()
    with access.acting_as(actors["user_a"]), pytest.raises(Invalid):
        records.change(session, paper, {"body": "改过的"}, ["body"], version=paper.version)


def test_a_text_changed_behind_the_house_gets_no_number(session, actors, draft, go):
    paper = go(draft(), "sign")
    paper.body = "另一个内容"
    session.flush()
    with pytest.raises(StepRefused):
        take(session, actors["clerk"], paper, "number_it")


def test_a_material_change_goes_back_to_the_same_signer(session, actors, draft, go):
    paper = go(draft(), "sign")
    take(session, actors["leader"], paper, "sign_anew", reason="数字有误")
    assert (paper.state, paper.signer.name, paper.text_checksum, paper.signed_at) == ("signing", "周海", None, None)


@pytest.mark.parametrize("last", ["hand_in", "end_countersigning", "pass_text"])
def test_any_check_can_send_the_draft_back(session, actors, draft, go, last):
    paper = go(draft(), last)
    take(session, actors["office"], paper, "send_back", reason="文种不当")
    assert (paper.state, paper.countersigned) == ("drafting", None)


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


def test_an_issued_paper_can_be_recalled(session, actors, draft, go):
    paper = go(draft(), "issue")
    take(session, actors["office"], paper, "recall", reason="另发更正通知")
    assert paper.state == "recalled"


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
        table = outgoing_register(session, Period())
    assert list(table["title"]) == ["关于开展档案检查的通知", "关于放假的通知"]
    states = OutgoingDocument.flow.states
    assert list(table["state"]) == [str(states["voided"].label), str(states["issued"].label)]


def test_an_old_register_comes_in_with_its_numbers(session):
    headings = ["document_no", "title", "issued_at", "document_type"]
    rows = [["（2011）锦城文第8号", "关于放假的通知", "2011-09-30", "notice"], ["", "未发的稿子", "", "letter"]]
    with access.system():
        outcome = import_rows(session, OutgoingDocument, headings, rows)
        found = session.query(OutgoingDocument).order_by(OutgoingDocument.id).all()
    assert (outcome.faults, [paper.state for paper in found]) == ([], ["issued", "drafting"])
    assert found[0].closed_at == found[0].issued_at
