"""外部来文处理办法 of a group company, article by article, in its book GS."""

from datetime import timedelta
from io import BytesIO

import pytest

from app.engine.moments import local
from tests.scenarios import House, due, in_days, moment

PAPERS, ROUNDS, ENTRIES, COPIES = "incoming_documents", "circulations", "circulation_entries", "paper_copies"
CASES = "accountability_cases"


@pytest.fixture
def house(app, clock):
    return House(app)


def paper(house, **values):
    raw = {"sender": "市档案局", "sender_no": "档发〔2026〕5号", "title": "关于档案检查的通知", "register": "GS",
           "received_at": "2026-03-02 09:00"}  # fmt: skip
    return house.add("clerk", PAPERS, **{**raw, **values})["id"]


# 第二条、第三条


def test_articles_2_and_3_the_general_managers_office_keeps_the_book_and_names_who_chases(house, client):
    pk = paper(house)
    assert house.see("clerk", PAPERS, pk)["receipt_no"] == "集收〔2026〕1号"
    from pypdf import PdfReader

    answer = client("clerk").get(f"/print/incoming_slip/{PAPERS}/{pk}.pdf")
    text = "".join(PdfReader(BytesIO(answer.data)).pages[0].extract_text().split())
    assert "集团总经理办公室收文阅批单" in text  # 收文阅批单见附件2
    house.sweep()
    (case,) = house.find("clerk", "follow_ups", document=pk)
    named = house.take("office", "follow_ups", case["id"], "name_officer", officer="何静")
    assert named["officer"]["text"] == "何静"


# 第五条


def test_article_5_the_office_head_proposes_within_24_hours_of_receipt(house, clock):
    clock.ahead(days=4, hours=9)  # Friday, 18:00
    pk = paper(house, received_at="2026-03-06 17:20")
    assert due(house.see("clerk", PAPERS, pk)) == moment("2026-03-09 09:00")  # Saturday 17:20, moved to working time
    assert house.refused("clerk", PAPERS, pk, "propose", proposal="拟阅")[0] == 409
    assert house.refused("office", PAPERS, pk, "instruct", department="综合科", requirement="办")[0] == 409
    house.take("office", PAPERS, pk, "propose", proposal="拟请周海同志批示", leaders=["周海"])
    house.sweep()
    from app.engine.clocks import ClockRow
    from app.extensions import db

    with house.app.app_context():
        (proposal,) = db.session.query(ClockRow).filter_by(kind=PAPERS, record_id=pk, stage="proposal")
        assert (proposal.state, proposal.unit, float(proposal.amount)) == ("met", "elapsed_hours", 24)
        assert "第五条" in proposal.source


def test_article_5_the_leader_decides_whether_others_above_see_it(house):
    house.hire("董董事长", "办公室", "董事长")
    pk = paper(house)
    house.take("office", PAPERS, pk, "propose", proposal="拟请周海同志批示", leaders=["周海"])
    assert house.refused("office", PAPERS, pk, "write_instruction", words="呈董事长", higher=["董董事长"])[0] == 409
    house.take("leader", PAPERS, pk, "write_instruction", words="呈董事长阅示", higher=["董董事长"])
    house.take("clerk", PAPERS, pk, "transcribe", leader="董董事长", words="同意。")
    assert house.see("leader", PAPERS, pk)["state"] == "instructing"


def test_article_5_one_week_where_nothing_is_stated_and_difficulty_is_told_in_time(house, clock):
    pk = paper(house)
    house.take("leader", PAPERS, pk, "instruct", department="综合科", requirement="办理", handler="张小明")
    limit = due(house.see("leader", PAPERS, pk))
    assert local(limit).date() == local(clock.moment).date() + timedelta(days=7)
    stated = paper(house, sender_no="档发〔2026〕6号")
    house.take("leader", PAPERS, stated, "instruct", department="综合科", requirement="办理", limit="2026-03-04 12:00")
    assert due(house.see("leader", PAPERS, stated)) == moment("2026-03-04 12:00")  # a stated limit beats the week
    asked = {"document": pk, "wish": "extension", "reason": "确有困难"}
    request = house.add("user_a", "extension_requests", **asked, until=in_days(12))["id"]
    house.take("office", "extension_requests", request, "recommend", recommendation="属实")
    house.take("leader", "extension_requests", request, "refuse", decision="按期办结")
    assert due(house.see("leader", PAPERS, pk)) == limit  # refused, the old limit stands
    clock.ahead(days=8)
    assert house.not_added("user_a", "extension_requests", **asked, until=in_days(12))[0] == 422


# 第六条


def sent_round(house, *readers, who="office", **values):
    pk = paper(house, medium="electronic", **values)
    house.take(who, PAPERS, pk, "instruct_reading", readers=list(readers), purpose="阅提意见", opinion=True)
    (way,) = house.find("clerk", ROUNDS, document=pk)
    return pk, way


def test_article_6_nobody_widens_the_scope_that_was_approved(house):
    pk, way = sent_round(house, "张小明", "孙丽")
    assert (way["approver"]["text"], way["state"]) == ("郑敏", "running")
    assert house.refused("clerk", ROUNDS, way["id"], "add_reader", readers=["李强"], reason="顺便")[0] == 403
    for step in ("circulate",):
        code, words = house.refused("clerk", PAPERS, pk, step, readers=["李强"], purpose="顺便")
        assert code == 409 and "approved" in words
        code, words = house.refused("clerk", PAPERS, pk, step, readers=["李强"], purpose="顺便", approver="刘洋")
        assert code == 409 and "approves no scope" in words
    assert house.hidden("user_b", PAPERS, pk)
    house.take("office", ROUNDS, way["id"], "add_reader", readers=["李强"], reason="涉及财务")
    assert house.see("user_b", PAPERS, pk)["title"] == "关于档案检查的通知"


def test_article_6_opinions_within_ten_days_of_receiving_it_are_summed_up_for_the_leader(house, clock):
    pk, way = sent_round(house, "张小明", "孙丽")
    entries = {one["reader"]["text"]: one["id"] for one in house.find("clerk", ENTRIES, document=pk)}
    for entry in entries.values():
        limit = due(house.see("clerk", ENTRIES, entry))
        assert local(limit).date() == local(clock.moment).date() + timedelta(days=10)
    assert house.refused("user_a", ENTRIES, entries["张小明"], "mark_read")[0] == 409
    assert house.refused("user_a", ENTRIES, entries["张小明"], "answer", opinion="已阅")[0] == 409  # a mark, no opinion
    house.take("user_a", ENTRIES, entries["张小明"], "answer", opinion="同意，建议先自查。")
    assert house.refused("office", ROUNDS, way["id"], "finish")[0] == 409
    house.take("head_b", ENTRIES, entries["孙丽"], "answer", opinion="无意见，照办即可。")
    read = house.see("clerk", ENTRIES, entries["孙丽"])
    assert read["read_at"] and read["signed_by"]["text"] == "孙丽"
    for entry in entries.values():
        house.take("clerk", ENTRIES, entry, "classify", kind="for_information")
    code, words = house.refused("clerk", ROUNDS, way["id"], "finish")
    assert code == 409 and "summed up" in words
    house.take("clerk", ROUNDS, way["id"], "gather", summary="均同意，建议先自查。", leader="周海")
    assert house.refused("office", ROUNDS, way["id"], "answer_summary", words="同意")[0] in (403, 409)
    house.take("leader", ROUNDS, way["id"], "answer_summary", words="同意，先自查。")
    assert house.take("clerk", ROUNDS, way["id"], "finish")["state"] == "finished"


# 第七条: secrecy × medium, row by row: how it is prepared, its form, who shares, whether a file may be kept

TABLE = [
    ("top_secret", "paper", "photocopy", "paper", "shared_copy", 2, False),
    ("top_secret", "electronic", "download", "paper", "shared_copy", 2, False),
    ("confidential", "paper", "scan", "electronic", "parallel", 1, True),
    ("confidential", "electronic", "as_is", "electronic", "parallel", 1, True),
    ("secret", "paper", "scan", "electronic", "parallel", 1, True),
    ("secret", "electronic", "as_is", "electronic", "parallel", 1, True),
]


@pytest.mark.parametrize("secrecy, medium, preparation, form, mode, to_a_copy, file", TABLE)
def test_article_7_row_by_row(house, client, secrecy, medium, preparation, form, mode, to_a_copy, file):
    for name in ("何静", "郑敏", "周海", "张小明", "刘洋", "孙丽"):
        house.alter(name, clearance="top_secret")
    pk = paper(house, secrecy=secrecy, medium=medium)
    client("clerk").post(f"/files/{PAPERS}/{pk}", data={"file": (BytesIO(b"%PDF-1.4 scan"), "扫描件.pdf")},
                         content_type="multipart/form-data")  # fmt: skip
    kept = "扫描件.pdf" in client("clerk").get(f"/incomingdocumentview/show/{pk}").text
    assert kept is file
    house.take("office", PAPERS, pk, "instruct_reading", readers=["张小明", "刘洋", "孙丽"],
               purpose="阅" if file else "See paper")  # fmt: skip
    (way,) = house.find("clerk", ROUNDS, document=pk)
    assert (way["preparation"], way["form"], way["mode"], way["readers_per_copy"]) == (
        preparation,
        form,
        mode,
        to_a_copy,
    )
    entries = house.find("clerk", ENTRIES, document=pk)
    if form == "electronic":
        assert {one["state"] for one in entries} == {"offered"} and house.find("clerk", COPIES, document=pk) == []
        for wrong in ("shared_copy", "reading_room"):
            assert house.refused("clerk", ROUNDS, way["id"], "choose_mode", mode=wrong, reason="试")[0] == 409
        return
    assert way["state"] == "draft" and {one["state"] for one in entries} == {"queued"}
    for wrong in ("parallel", "sequential"):
        assert house.refused("clerk", ROUNDS, way["id"], "choose_mode", mode=wrong, reason="试")[0] == 409
    made = {"person": "何静", "copies": 1}
    if preparation == "download":
        assert (
            house.refused("clerk", ROUNDS, way["id"], "make_copies", **made)[0] == 409
        )  # the file is deleted after printing
        made["file_deleted"] = True
    house.take("clerk", ROUNDS, way["id"], "make_copies", **made)
    code, words = house.refused("clerk", ROUNDS, way["id"], "start")
    assert code == 409 and "2 copies" in words  # three readers, two to a copy
    house.take("clerk", ROUNDS, way["id"], "make_copies", **made)
    house.take("clerk", ROUNDS, way["id"], "start")
    shared = [one["copy"]["text"] for one in house.find("clerk", ENTRIES, document=pk)]
    assert sorted(shared.count(copy) for copy in set(shared)) == [1, 2]
    assert all(one["medium"] != "original" for one in house.find("clerk", COPIES, document=pk))


# 第八条、第九条: archive and loans are other issues; here nobody outside the scope gets at it


def test_article_9_who_is_outside_the_scope_neither_reads_nor_holds_it(house):
    pk, way = sent_round(house, "张小明", secrecy="secret")
    assert house.hidden("user_b", PAPERS, pk) and house.hidden("head_b", PAPERS, pk)
    on_paper = paper(house, medium="paper", sender_no="档发〔2026〕7号")
    house.take("office", PAPERS, on_paper, "instruct_reading", readers=["张小明"], purpose="阅")
    (copy,) = house.find("clerk", COPIES, document=on_paper)
    code, words = house.refused("clerk", COPIES, copy["id"], "hand_out", person="李强", signed=True)
    assert code == 409 and "loan" in words
    assert way["state"] == "running"


# 第十条


@pytest.mark.parametrize("fault", ["late_proposal", "late_handling", "late_circulation", "wrong_scope", "other"])
def test_article_10_a_fault_is_noted_heard_decided_between_100_and_1000_yuan_and_open_to_appeal(house, fault):
    pk = paper(house)
    house.take("leader", PAPERS, pk, "instruct", department="综合科", requirement="办理", handler="张小明")
    case = house.add("office", CASES, document=pk, person="张小明", fault=fault, facts="逾期三日")["id"]
    amount = {"decision": "amount", "grounds": "第十条"}
    assert house.refused("leader", CASES, case, "decide", **amount, amount="100")[0] == 409  # nobody is judged unheard
    house.take("office", CASES, case, "hear", words="数据迟到")
    for wrong in ("99.99", "1000.01", "0"):
        code, words = house.refused("leader", CASES, case, "decide", **amount, amount=wrong)
        assert code == 409 and "between 100 and 1000" in words
    decided = house.take("leader", CASES, case, "decide", **amount, amount="100")
    assert float(decided["amount"]) == 100
    house.take("user_a", CASES, case, "file_appeal", words="非本人原因")
    final = house.take("leader", CASES, case, "conclude", words="维持", decision="amount", amount="1000")
    assert (final["state"], float(final["amount"])) == ("final", 1000)


@pytest.mark.parametrize("book", ["SW", "ZW", "DN", "XZ"])
def test_article_10_is_the_groups_alone(house, book):
    pk = paper(house, register=book, confirmed=True)
    code, words = house.not_added("office", CASES, document=pk, person="张小明", fault="late_handling", facts="逾期")
    assert code == 422 and "know no accountability" in words
