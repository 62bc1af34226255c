"""Forms of outgoing papers: whom they name, what is proofread against what, and what a recipient's unit prints."""

import pytest

from app.engine import access, finding
from app.engine.moments import today
from app.engine.paper.description import FORMS
from app.extensions import db
from models.correspondents import Correspondent
from models.people import Department
from tests.browsing import Desk
from tests.conftest import actors_of
from tests.test_official import RICH, found, paper
from tests.test_outgoing import recipient, send, take
from tests.test_prints import get, missing, opened, text_of

OWN = [name for name, kind in FORMS if kind == "outgoing_documents"]


def form_of(client, pk, form, ending="pdf", kind="outgoing_documents", **args):
    return get(client, pk, form, ending, kind, **args)


def sent(app, **values):
    """A paper on its way to three recipients, the first of whom has it; the keys of the paper and of that line."""
    pk = paper(app, "look_over", body=RICH, **values)
    with app.app_context():
        actors, document = actors_of(db.session), found(pk)
        with access.system():
            db.session.add(Correspondent(name="县财政局", address="某某县人民路1号"))
            db.session.commit()
            unit = finding.by_name(db.session, Department, "财务科")
        about = {"name": None, "copy_numbers": "000001-000002", "slip_due": True}
        first = recipient(db.session, actors, document, correspondent="县财政局", **about)
        recipient(db.session, actors, document, name="县教育局", copies=3, part="copy")
        recipient(db.session, actors, document, name=None, department=unit, part="inside", copies=1)
        gone = recipient(db.session, actors, document, name="县水务局")
        take(db.session, actors["clerk"], gone, "strike_out", reason="改发电子件")
        send(db.session, actors, first, "exchange")
        take(db.session, actors["clerk"], first, "sign_for", signed_by="李收发")
        return pk, first.id


def test_the_distribution_register_has_a_line_a_recipient_to_sign_in(app, client):
    pk, _line = sent(app)
    text = text_of(form_of(client("clerk"), pk, "distribution_register").data)
    in_their_order = [
        "发文分发登记表", "印发份数10", "文件标题关于开展档案检查的通知", "序号受文单位份数份号发送方式发出时间签收人签收时间",
        "1县财政局2000001-000002", "李收发", "2县教育局3", "3财务科1",
    ]  # fmt: skip
    assert missing(text, in_their_order) == [], text
    assert "县水务局" not in text  # struck out


def test_the_slip_says_when_the_drafter_handed_in_and_the_keeper_sealed(app, client):
    """Documents.md 9: drafter name and date, seal keeper and date; nobody signed yet, no date."""
    day = f"{today().year}年{today().month}月{today().day}日"
    text = text_of(form_of(client("clerk"), paper(app, "seal"), "outgoing_slip").data)
    assert missing(text, [f"拟稿人张小明{day}", f"用印郑敏{day}"]) == [], text
    draft = text_of(form_of(client("user_a"), paper(app), "outgoing_slip").data)
    assert "拟稿人张小明" in draft and f"拟稿人张小明{day}" not in draft


def test_the_envelopes_bear_name_and_address_and_no_title(app, client):
    pk, _line = sent(app, urgency="urgent")
    text = text_of(form_of(client("clerk"), pk, "envelope_labels").data)
    for words in ("某某县人民路1号", "县财政局收", "县教育局收", "财务科收"):
        assert words in text
    assert text.count("加急") == 3 and "档案检查" not in text and "县水务局" not in text


def test_the_proof_is_read_against_the_signed_text_in_the_round_that_is_due(app, client):
    pk = paper(app, "print_it", body=RICH, enclosures="1. 自查表\n2. 名单", note="此件公开发布", copy_to="县委办公室")
    text = text_of(form_of(client("office"), pk, "proof_sheet").data)
    with app.app_context():
        checksum = found(pk).text_checksum
    in_their_order = [
        "文稿校对单", f"定稿校验码：{checksum[:16]}", "印制文印室", "校次第1次", "校对人张小明（拟稿人）", "标题关于开展档案检查的通知", "主送各科室",
        "正文为进一步规范档案工作", "一、检查范围。", "（一）时间安排。请于本周内完成自查。", "综合科周一", "附件自查表", "名单", "附注此件公开发布",
        "抄送县委办公室", "差错处数",
    ]  # fmt: skip
    assert missing(text, in_their_order) == [], text


def test_a_long_text_is_proofread_whole(app, client):
    words = "为加强监管整治工作，请各有关部门按职责分工抓好落实。" * 150
    answer = form_of(client("office"), paper(app, "sign", body=words), "proof_sheet")
    assert len(opened(answer.data).pages) > 1
    assert text_of(answer.data).count("监管") == 150


def test_before_the_signature_there_is_nothing_to_proofread(app, client):
    text = text_of(form_of(client("user_a"), paper(app), "proof_sheet").data)
    assert "尚未签发" in text and "请于本周内完成自查" not in text


def test_another_text_than_the_signed_one_is_not_proofread(app, client):
    pk = paper(app, "sign")
    with app.app_context(), access.system():
        found(pk).body = "另一个内容"
        db.session.flush()
        db.session.commit()
    assert form_of(client("clerk"), pk, "proof_sheet").status_code == 409


def test_a_recipient_s_slip_comes_in_two_halves(app, client):
    pk, line = sent(app)
    answer = form_of(client("clerk"), line, "receipt_slip", kind="recipients")
    text = text_of(answer.data)
    with app.app_context():
        number = found(pk).document_no
    assert len(opened(answer.data).pages) == 1 and text.count("公文回执") == 2
    day = f"{today().year}年{today().month}月{today().day}日"
    in_their_order = [
        f"发文号{number}",
        "文件标题关于开展档案检查的通知",
        "份数2份号000001-000002",
        f"收文单位县财政局收到日期{day}",
        "收文单位（盖章）",
    ]
    assert missing(text, in_their_order) == [], text


def test_a_unit_prints_the_slip_of_its_own_line_without_what_it_may_not_know(app, client):
    pk = paper(app, "look_over", title="只给承办人的标题")
    with app.app_context():
        actors, document = actors_of(db.session), found(pk)
        with access.system():
            unit = finding.by_name(db.session, Department, "财务科")
        line = recipient(db.session, actors, document, name=None, department=unit, part="inside")
        send(db.session, actors, line, "hand")
        line = line.id
    answer = form_of(client("head_b"), line, "receipt_slip", kind="recipients")
    assert answer.status_code == 200 and "财务科" in text_of(answer.data)
    assert "只给承办人的标题" not in text_of(answer.data)


@pytest.mark.parametrize("form", OWN)
def test_who_may_not_read_the_content_prints_none_of_it(app, client, form):
    pk = paper(app, who="office", secrecy="secret", title="秘密的标题", body="秘密的内容")
    for ending in ("pdf", "html"):
        answer = form_of(client("auditor"), pk, form, ending)
        words = text_of(answer.data) if ending == "pdf" else answer.text
        assert answer.status_code == 200 and "秘密的标题" not in words and "秘密的内容" not in words
        assert form_of(client("user_b"), pk, form, ending).status_code == 404


def test_the_page_of_a_paper_leads_to_its_forms(app, client):
    pk, line = sent(app)
    page = client("clerk").get(f"/outgoingdocumentview/show/{pk}").text
    assert [name for name in OWN if f"/print/{name}/outgoing_documents/{pk}.html" not in page] == []
    assert f"/print/receipt_slip/recipients/{line}.html" in client("clerk").get(f"/recipientview/show/{line}").text


@pytest.mark.parametrize("width", [360, 1366])
def test_the_forms_stay_inside_the_screen(app, browser, served, width):
    pk, line = sent(app, urgency="urgent")
    desk = Desk(browser, served, "clerk", width=width)
    for form, kind, key in (*((name, "outgoing_documents", pk) for name in OWN), ("receipt_slip", "recipients", line)):
        desk.go(f"/print/{form}/{kind}/{key}.html")
        desk.picture(f"{form}-{width}")
        wide = desk.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide and desk.errors == [], form
