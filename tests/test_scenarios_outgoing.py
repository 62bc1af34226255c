"""Whole procedures of outgoing papers: two companies, a hotel, a government office; one scenario per text of the house.

Each runs under the rules of its own profile, laid down as rows that hold for all papers.
"""

import pytest
from sqlalchemy import select

from app.engine import access, rules
from app.engine.rules import SETTINGS, Rule
from app.extensions import db
from tests.scenarios import House, due, in_days, moment

PAPERS, LINES, OUT = "outgoing_documents", "countersignatures", "recipients"
POINTS = dict.fromkeys(("need", "way", "form", "layout", "wording", "figures", "attached"), True)
AGAIN = dict.fromkeys(("approvals", "content", "form", "layout"), True)
LAST_LOOK = {"text": True, "layout": True, "quality": True}
SEAL = {"seal_name": "公章", "impressions": 10, "equal": True, "placed": True}
ABOUT = ("outgoing_", "proofreaders", "last_proof")


@pytest.fixture
def house(app, clock):
    return House(app)


@pytest.fixture
def profile(app):
    """`profile("hotel")`: all papers go by the rules of that profile."""

    def laid_down(name):
        with app.app_context(), access.system():
            about = [one for one in SETTINGS.values() if one.name.startswith(ABOUT)]
            values = {one.name: rules.value(db.session, one, name) for one in about}
            for row in db.session.scalars(select(Rule).where(Rule.setting.in_(values))):
                db.session.delete(row)
            db.session.add_all(Rule(setting=setting, value=value, ours=True) for setting, value in values.items())
            db.session.commit()
            db.session.remove()

    return laid_down


def promoted(app, username, role):
    """Somebody takes on a further role, as the general manager of a company has beside the leader in charge."""
    with app.app_context():
        security = app.appbuilder.sm
        user = security.find_user(username)
        user.roles = [security.find_role(role)]
        db.session.commit()
        db.session.remove()


def draft(house, who="user_a", **values):
    raw = {"title": "关于开展档案检查的通知", "document_class": "formal", "document_type": "notice", "addressees": "各部门",
           "body": "请于本周内完成自查。", "touches_money": "no"}  # fmt: skip
    return house.add(who, PAPERS, **{**raw, **values})["id"]


def line_of(house, document, name):
    """The open countersignature of a department or a leader."""
    found = house.find("auditor", LINES, document=document, state="asked")
    return next(one["id"] for one in found if name in ((one["department"] or {}).get("text"), (one["leader"] or {}).get("text")))  # fmt: skip


def issued(house, pk, *names, **line):
    """From the last look to the issue: a line for each recipient, each signed for."""
    house.take("clerk", PAPERS, pk, "look_over", **LAST_LOOK)
    for name in names:
        to = house.add("clerk", OUT, document=pk, name=name, **line)["id"]
        house.take("clerk", OUT, to, "send", channel="hand")
        assert house.refused("clerk", OUT, to, "sign_for")[0] == 422  # 严格履行收文人签字手续
        house.take("clerk", OUT, to, "sign_for", signed_by="收发室")
    return house.take("clerk", PAPERS, pk, "issue")


# 公文管理流程: classes and kinds of a company's papers, who does what


def test_company_kinds_of_papers_and_who_approves_numbers_and_coordinates(house, profile):
    profile("company")
    bill = draft(house, document_type="bill")
    code, words = house.refused("user_a", PAPERS, bill, "hand_in")
    assert code == 409 and words.count(",") + words.count("、") >= 6  # seven kinds, and this is none of them
    assert house.not_added("user_a", PAPERS, title="无类别", document_class="其他")[0] == 422
    # a matter of the department's own goes out in the department's name, signed by its head
    own = draft(house, "head_a", level="department", document_type="notice")
    assert house.take("head_a", PAPERS, own, "hand_in")["state"] == "text_check"
    house.take("office", PAPERS, own, "pass_text", signer="刘洋", **POINTS)
    assert house.refused("leader", PAPERS, own, "sign")[0] in (403, 409)
    assert house.take("head_a", PAPERS, own, "sign")["state"] == "signed"
    # a matter of the whole company: the leader in charge approves, the clerk numbers, the drafter coordinates
    paper = draft(house, "head_a")
    house.take("head_a", PAPERS, paper, "hand_in", departments=["财务科"])
    assert house.refused("clerk", LINES, line_of(house, paper, "财务科"), "agree")[0] in (403, 409)
    house.take("head_b", LINES, line_of(house, paper, "财务科"), "agree")
    house.take("head_a", PAPERS, paper, "end_countersigning")
    house.take("office", PAPERS, paper, "pass_text", signer="周海", **POINTS)
    assert house.refused("head_a", PAPERS, paper, "sign")[0] in (403, 409)
    assert house.take("leader", PAPERS, paper, "sign", remark="同意发文")["state"] == "signed"
    assert house.refused("user_a", PAPERS, paper, "number_it", copies=5)[0] == 403
    assert house.take("clerk", PAPERS, paper, "number_it", copies=5)["document_no"]


# 公司发文标准流程: 拟稿、会签、核稿、签发、编号、打印、校对、用印、登记、分发、归档


def test_company_head_signs_first_then_check_signature_number_three_proofs_seal_and_signed_receipts(house, profile):
    profile("company")
    pk = draft(house)
    # (二) the head of the drafting department signs, then it goes to the administration
    house.take("user_a", PAPERS, pk, "hand_in")
    code, words = house.refused("user_a", PAPERS, pk, "end_countersigning")
    assert code == 409 and "综合科" in words
    house.take("head_a", LINES, line_of(house, pk, "综合科"), "agree", remark="内容属实")
    house.take("user_a", PAPERS, pk, "end_countersigning")
    house.take("office", PAPERS, pk, "pass_text", signer="周海", **POINTS)
    # (四) (五) signed: final; numbered straight after it
    signed = house.take("leader", PAPERS, pk, "sign")
    assert signed["text_checksum"] and signed["signed_at"]
    numbered = house.take("clerk", PAPERS, pk, "number_it", copies=10)["document_no"]
    # (六) printed as signed; a change needs the general manager's approval, and the number stays
    house.take("clerk", PAPERS, pk, "print_it", printer="文印室")
    house.take("user_a", PAPERS, pk, "proofread", clean=True)
    house.take("office", PAPERS, pk, "open_again", reason="时限有误")
    house.correct("office", PAPERS, pk, body="请于本月内完成自查。")
    house.take("office", PAPERS, pk, "sign_anew", remark="本周改为本月")
    assert house.refused("clerk", PAPERS, pk, "number_it", copies=10)[0] == 409  # not before the signer agreed
    house.take("leader", PAPERS, pk, "sign")
    assert house.take("clerk", PAPERS, pk, "number_it", copies=10)["document_no"] == numbered
    house.take("clerk", PAPERS, pk, "print_it", printer="文印室")
    # (七) 三校: drafter, checker, head; they begin anew, for the text is another
    assert house.refused("head_a", PAPERS, pk, "proofread", clean=True)[0] in (403, 409)
    for who, state in (("user_a", "proofreading"), ("office", "proofreading"), ("head_a", "sealing")):
        assert house.take(who, PAPERS, pk, "proofread", clean=True)["state"] == state
    # (八) 用印
    code, words = house.refused("office", PAPERS, pk, "seal", **{**SEAL, "placed": False})
    assert code == 409 and "well placed" in words
    house.take("office", PAPERS, pk, "seal", **SEAL)
    # (九) 分发, and the file
    assert issued(house, pk, "分公司甲", "分公司乙")["state"] == "issued"
    assert house.take("clerk", PAPERS, pk, "file_it")["state"] == "filed"


# 办文办会工作流程 二: a leader's order, to the file


def test_company_order_review_meeting_executing_unit_leaders_and_general_manager(house, profile, app):
    profile("group")
    promoted(app, "manager", "leader")  # the general manager; 周海 is the leader who gives the order
    pk = draft(house, "leader", title="关于修订考勤办法的通知", body="", addressees="")
    until = in_days(4)
    ordered = house.take("leader", PAPERS, pk, "order", drafter="张小明", until=until)
    assert (ordered["drafter"]["text"], due(ordered)) == ("张小明", moment(until))
    house.take("user_a", PAPERS, pk, "begin")
    assert house.refused("user_a", PAPERS, pk, "hand_in")[0] == 409  # nothing is written yet
    house.correct("user_a", PAPERS, pk, addressees="各部门", body="初稿。", touches_money="no")
    # 初审 by the leader who gave the order; the drafter changes it; the leader brings it into the meeting
    assert house.take("user_a", PAPERS, pk, "hand_in")["state"] == "leader_review"
    assert house.refused("manager", PAPERS, pk, "pass_review")[0] == 409
    house.take("leader", PAPERS, pk, "send_back", reason="请补充加班规定")
    house.correct("user_a", PAPERS, pk, body="修改稿。")
    assert house.take("user_a", PAPERS, pk, "hand_in", remark="补充")["state"] == "leader_review"
    assert house.take("leader", PAPERS, pk, "pass_review", discuss=True)["state"] == "discussion"
    # the drafter sits in and takes the notes, and works them in
    assert house.refused("user_a", PAPERS, pk, "record_discussion")[0] == 422
    discussed = house.take("user_a", PAPERS, pk, "record_discussion", notes="会议要求明确试行期")
    assert (discussed["state"], discussed["discussion_notes"]) == ("drafting", "会议要求明确试行期")
    house.correct("user_a", PAPERS, pk, body="再改稿，试行半年。")
    handed = house.take("user_a", PAPERS, pk, "hand_in", executing="财务科", leaders=["周海"])
    assert handed["state"] == "text_check"
    # 核稿 by the head of the executing department, who sees the paper now and not the office's word
    assert house.refused("office", PAPERS, pk, "pass_text", signer="高峰", **POINTS)[0] == 409
    assert house.refused("leader", LINES, line_of(house, pk, "周海"), "agree")[0] == 409  # not before the check
    checked = house.take("head_b", PAPERS, pk, "pass_text", signer="高峰", **POINTS)
    assert (checked["state"], checked["checker"]["text"]) == ("countersigning", "孙丽")
    # 会签 by the leader, 审查签发 by the general manager
    assert house.refused("office", LINES, line_of(house, pk, "周海"), "agree")[0] == 409
    house.take("leader", LINES, line_of(house, pk, "周海"), "agree", remark="同意")
    assert house.take("user_a", PAPERS, pk, "end_countersigning")["state"] == "signing"
    assert house.refused("leader", PAPERS, pk, "sign")[0] == 409
    house.take("manager", PAPERS, pk, "sign")
    # 办公室行政助理校对文稿、制作、下发文件、存档
    with app.app_context(), access.system():
        row = db.session.scalars(select(Rule).where(Rule.setting == "proofreaders", Rule.profile.is_(None))).one()
        row.value = "registry"
        db.session.commit()
        db.session.remove()
    house.take("clerk", PAPERS, pk, "number_it", copies=6)
    house.take("clerk", PAPERS, pk, "print_it", printer="何静")
    assert house.take("clerk", PAPERS, pk, "proofread", clean=True)["state"] == "sealing"
    house.take("clerk", PAPERS, pk, "seal", **SEAL)
    issued(house, pk, "财务科")
    assert house.take("clerk", PAPERS, pk, "file_it")["state"] == "filed"
    assert _versions(app, pk) == ("初稿。", "修改稿。", "再改稿，试行半年。")


def _versions(app, pk):
    from models.outgoing_lines import DraftVersion

    with app.app_context(), access.system():
        query = select(DraftVersion.body).where(DraftVersion.document_id == pk).order_by(DraftVersion.number)
        return tuple(db.session.scalars(query))


# 发文处理流程: a hotel


def test_hotel_departments_administration_finance_general_manager(house, profile):
    profile("hotel")
    # 一 the manager of the drafting department signs; 二 other departments it concerns have signed before
    pk = draft(house, touches_money="yes", document_type="letter", addressees="市旅游局")
    assert house.take("user_a", PAPERS, pk, "hand_in", departments=["客服部"])["state"] == "countersigning"
    code, words = house.refused("user_a", PAPERS, pk, "end_countersigning")
    assert code == 409 and "综合科" in words and "客服部" in words
    house.take("head_a", LINES, line_of(house, pk, "综合科"), "agree")
    answered = house.take("cs_manager", LINES, line_of(house, pk, "客服部"), "agree")
    assert answered["person"] and answered["answered_at"]  # 签署姓名和日期
    house.take("user_a", PAPERS, pk, "end_countersigning")
    # 三 checked by the administration; what touches income, cost or budget by finance
    assert house.refused("head_a", PAPERS, pk, "pass_text", signer="周海", **POINTS)[0] == 409
    assert house.take("office", PAPERS, pk, "pass_text", signer="周海", **POINTS)["state"] == "finance_review"
    assert house.refused("leader", PAPERS, pk, "sign")[0] == 409
    reviewed = house.take("finance", PAPERS, pk, "pass_finance")
    assert (reviewed["state"], reviewed["finance_reviewer"]["text"]) == ("signing", "朱琳")
    assert reviewed["finance_passed_at"]
    # 四 五 signed, numbered straight after it; 六 七 printed, one proof by who checked the text
    house.take("leader", PAPERS, pk, "sign")
    assert house.refused("office", PAPERS, pk, "recheck", **AGAIN)[0] == 409
    house.take("clerk", PAPERS, pk, "number_it", copies=4)
    house.take("clerk", PAPERS, pk, "print_it", printer="文印室")
    assert house.refused("user_a", PAPERS, pk, "proofread", clean=True)[0] == 409
    assert house.take("office", PAPERS, pk, "proofread", clean=True)["state"] == "sealing"
    house.take("office", PAPERS, pk, "seal", **SEAL)
    issued(house, pk, "市旅游局")
    house.take("clerk", PAPERS, pk, "file_it")


def test_hotel_letters_between_departments_leave_a_copy_with_the_administration(house, profile):
    profile("hotel")
    notice = draft(house, "head_a", level="department")
    assert house.refused("head_a", PAPERS, notice, "hand_in")[0] == 409  # 行文文体一般采取“函”的形式
    pk = draft(house, "head_a", level="department", document_type="letter", addressees="财务科")
    house.take("head_a", PAPERS, pk, "hand_in")
    house.take("office", PAPERS, pk, "pass_text", signer="刘洋", **POINTS)
    house.take("head_a", PAPERS, pk, "sign")
    house.take("clerk", PAPERS, pk, "number_it", copies=2)
    house.take("clerk", PAPERS, pk, "print_it", printer="文印室")
    house.take("office", PAPERS, pk, "proofread", clean=True)
    house.take("office", PAPERS, pk, "seal", **SEAL)
    issued(house, pk, "财务科", department="财务科", part="inside")
    code, words = house.refused("clerk", PAPERS, pk, "file_it")
    assert code == 409 and "no copy" in words
    house.take("head_a", PAPERS, pk, "deposit")
    house.take("clerk", PAPERS, pk, "file_it")


# 公文处理办法 二: a government office


def test_government_recheck_same_signer_register_print_and_last_look(house, profile):
    profile("government")
    pk = draft(house, document_type="opinion", secrecy="secret", secrecy_period="1年")
    house.take("user_a", PAPERS, pk, "hand_in")
    house.take("office", PAPERS, pk, "pass_text", signer="周海", **POINTS)
    house.take("leader", PAPERS, pk, "sign")
    # (一) 复核: approvals, content, type, format; a material change goes to the one who signed
    assert house.refused("clerk", PAPERS, pk, "number_it", copies=20)[0] == 409
    assert house.refused("office", PAPERS, pk, "recheck", **{**AGAIN, "approvals": False})[0] == 409
    house.take("office", PAPERS, pk, "open_again", reason="数字有误")
    house.correct("office", PAPERS, pk, body="请于本月内完成自查。")
    again = house.take("office", PAPERS, pk, "sign_anew", remark="时限改为本月")
    assert (again["state"], again["signer"]["text"]) == ("signing", "周海")
    for who in ("office", "head_a"):
        assert house.refused(who, PAPERS, pk, "sign")[0] in (403, 409)
    house.take("leader", PAPERS, pk, "sign")
    house.take("office", PAPERS, pk, "recheck", **AGAIN)
    # (二) 登记: number, scope and copies
    assert house.refused("clerk", PAPERS, pk, "number_it")[0] == 422
    entry = house.take("clerk", PAPERS, pk, "number_it", copies=3, scope="各乡镇")
    assert entry["document_no"] and (entry["copies"], entry["scope"]) == (3, "各乡镇")
    # (三) 印制: a secret paper on premises that are fit for it
    code, words = house.refused("clerk", PAPERS, pk, "print_it", printer="文印室")
    assert code == 409 and "premises" in words
    house.take("clerk", PAPERS, pk, "print_it", printer="文印室", premises="保密室", fit=True)
    house.take("office", PAPERS, pk, "proofread", clean=True)
    house.take("office", PAPERS, pk, "seal", **SEAL)
    # (四) 核发: text, format and quality, then it goes out
    assert house.refused("clerk", PAPERS, pk, "look_over", **{**LAST_LOOK, "quality": False})[0] == 409
    issued(house, pk, "某乡人民政府")
    code, words = house.refused("clerk", PAPERS, pk, "file_it")
    assert code == 409 and "Waste" in words
    house.take("clerk", PAPERS, pk, "account_for_waste", waste_sheets=2, plates=1, how="碎纸", witness="张小明",
               second_witness="郑敏")  # fmt: skip
    house.take("clerk", PAPERS, pk, "file_it")
