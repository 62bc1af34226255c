"""Whole procedures of incoming papers: the school's 收文发文程序, the textbook's 收文流程, the government's 公文处理办法."""

import pytest

from tests.scenarios import FINE, House, due, in_days, moment

PAPERS, ROUNDS, ENTRIES, COPIES = "incoming_documents", "circulations", "circulation_entries", "paper_copies"
WHOLE = {"bound": True, "pages_complete": True, "formalities": True}


@pytest.fixture
def house(app, clock):
    return House(app)


# S3 收文发文程序: a school, party papers in book DN, administrative ones in book XZ


def cover(house, **values):
    """An envelope at the school's door."""
    raw = {"channel": "exchange", "sender": "市教育局", "outer_no": "机密封0317", "pieces": 1, "register": "DN",
           "cover_secrecy": "internal", "presented_at": "2026-03-02 08:50", "deliverer": "交换站",
           "envelope_lines": [{"title": "关于开展主题教育的通知", "sender_no": "教党[2026]8号", "copies_noted": 2,
                               "copies_found": 2, **WHOLE}]}  # fmt: skip
    return house.add("clerk", "envelopes", **{**raw, **values})


def test_school_1_signed_for_after_four_checks_with_signature_stamp_and_time(house):
    envelope = cover(house)
    for check in FINE:
        code, words = house.refused("clerk", "envelopes", envelope["id"], "sign_for", **{**FINE, check: "no"})
        assert code == 409 and "Not in order" in words
    signed = house.take("clerk", "envelopes", envelope["id"], "sign_for", **FINE, stamped=True)
    assert (signed["state"], signed["signed_by"]["text"], signed["stamped"]) == ("signed_for", "何静", True)
    assert signed["received_at"] is not None
    foreign = cover(house)
    code, _ = house.refused("clerk", "envelopes", foreign["id"], "refuse")
    assert code == 422
    gone = house.take("clerk", "envelopes", foreign["id"], "refuse", reason="不属于本单位收文")
    assert (gone["state"], house.find("clerk", PAPERS)) == ("refused", [])


def test_school_2_nobody_but_the_file_officer_opens_and_personal_mail_goes_on_closed(house):
    envelope = cover(house)["id"]
    house.take("clerk", "envelopes", envelope, "sign_for", **FINE)
    for who in ("office", "leader", "user_a"):
        assert house.refused(who, "envelopes", envelope, "unseal")[0] in (403, 404, 409)
    assert house.take("clerk", "envelopes", envelope, "unseal")["opened_by"]["text"] == "何静"
    private = cover(house, personal=True, person="刘洋", envelope_lines=[])["id"]
    house.take("clerk", "envelopes", private, "sign_for", **FINE)
    assert house.refused("clerk", "envelopes", private, "unseal")[0] == 409
    assert house.refused("clerk", "envelopes", private, "forward_unopened")[0] == 422  # no hand-over without signature
    house.take("clerk", "envelopes", private, "forward_unopened", signature="刘洋")
    done = house.take("head_a", "envelopes", private, "confirm_receipt")
    assert (done["state"], done["opened_at"]) == ("handed_over", None)
    assert done["confirmed_at"]


def test_school_3_checked_against_the_dispatch_note_missing_pages_asked_for_receipt_slip_back(house):
    lines = [{"title": "关于开展主题教育的通知", "sender_no": "教党[2026]8号", "copies_noted": 2, "copies_found": 1, **WHOLE},
             {"title": "学习材料", "copies_noted": 1, "copies_found": 1, **WHOLE, "pages_complete": False}]  # fmt: skip
    pk = cover(house, receipt="enclosed", pieces=2, envelope_lines=lines)["id"]
    house.take("clerk", "envelopes", pk, "sign_for", **FINE)
    house.take("clerk", "envelopes", pk, "unseal")
    assert house.refused("clerk", "envelopes", pk, "reconcile")[0] == 409
    house.take("clerk", "envelopes", pk, "report_discrepancy")
    defects = house.find("clerk", "envelope_defects", envelope=pk)
    assert sorted(one["what"] for one in defects) == ["copies", "missing_pages"]
    paper = house.take("clerk", "envelopes", pk, "register_paper", anyway=True)  # registered meanwhile, defect open
    assert paper["state"] == "discrepancy"
    for defect in defects:
        assert house.refused("clerk", "envelope_defects", defect["id"], "ask_sender", way="phone")[0] == 422
        house.take("clerk", "envelope_defects", defect["id"], "ask_sender", way="phone", whom="教育局文印室")
    assert house.refused("clerk", "envelopes", pk, "reconcile")[0] == 409  # asked is not made good
    for defect in defects:
        house.take("clerk", "envelope_defects", defect["id"], "make_good", answer="已补寄")
    code, words = house.refused("clerk", "envelopes", pk, "reconcile")
    assert code == 409 and "receipt slip" in words
    slip = {"signed_by": "何静", "way": "交换站"}
    assert house.refused("clerk", "envelopes", pk, "return_receipt", **slip, stamped=False)[0] == 409
    house.take("clerk", "envelopes", pk, "return_receipt", **slip, stamped=True)
    assert house.take("clerk", "envelopes", pk, "reconcile")["state"] == "reconciled"


def test_school_4_the_register_line_and_the_administrative_stream(house, clock):
    pk = cover(house)["id"]
    house.take("clerk", "envelopes", pk, "sign_for", **FINE)
    house.take("clerk", "envelopes", pk, "unseal")
    clock.ahead(hours=20)
    house.take("clerk", "envelopes", pk, "register_paper")
    (line,) = house.find("clerk", PAPERS)
    assert {name: line[name] for name in ("receipt_no", "sender_no", "secrecy", "title", "copies", "state")} == {
        "receipt_no": "党收〔2026〕1号", "sender_no": "教党〔2026〕8号", "secrecy": "internal",
        "title": "关于开展主题教育的通知", "copies": 2, "state": "registered",
    }  # fmt: skip
    assert (line["sender"]["text"], line["envelope"]["id"]) == ("市教育局", pk)
    assert line["received_at"] == house.see("clerk", "envelopes", pk)["received_at"]
    assert due(line) == moment("2026-03-03 09:00:10")  # 24 hours from signing for it, not from registering
    other = house.add("clerk", PAPERS, sender="市教育局", title="关于校舍维修的通知", register="XZ",
                      received_at="2026-03-02 09:00")  # fmt: skip
    assert other["receipt_no"] == "行收〔2026〕1号"
    for step, answers in (
        ("propose", {"proposal": "拟请总务处办"}),
        ("instruct_reading", {"readers": ["刘洋"], "purpose": "阅"}),
    ):
        assert house.refused("clerk", PAPERS, other["id"], step, **answers)[0] == 409  # kept at the other registry
    assert house.refused("clerk", PAPERS, other["id"], "pass_on")[0] == 422
    assert house.take("clerk", PAPERS, other["id"], "pass_on", signed_by="校长办公室 田华")["state"] == "passed_on"


def party_paper(house, **values):
    raw = {"sender": "市教育局", "sender_no": "教党〔2026〕8号", "title": "关于开展主题教育的通知", "register": "DN",
           "received_at": "2026-03-02 09:00", "medium": "paper"}  # fmt: skip
    return house.add("clerk", PAPERS, **{**raw, **values})["id"]


def test_school_5_the_clerk_proposes_with_related_files_behind(house, app, client):
    pk = party_paper(house)
    assert (
        house.refused("office", PAPERS, pk, "propose", proposal="拟办")[0] == 409
    )  # 登记后填写公文处理单: the registry
    from io import BytesIO

    sent = client("clerk").post(
        f"/files/{PAPERS}/{pk}", data={"file": (BytesIO(b"%PDF-1.4 earlier paper"), "去年的通知.pdf")},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert sent.status_code == 302
    proposed = house.take("clerk", PAPERS, pk, "propose", proposal="拟请综合科会同财务科办理", leaders=["周海"],
                          alternatives="仅请综合科办理")  # fmt: skip
    assert (proposed["state"], proposed["proposer"]["text"]) == ("instructing", "何静")
    assert proposed["proposed_at"] and proposed["alternatives"] == "仅请综合科办理"
    page = client("leader").get(f"/incomingdocumentview/show/{pk}").text
    assert "去年的通知.pdf" in page


def test_school_6_four_kinds_of_instruction_each_with_its_own_parts_signed_and_dated(house):
    pk = party_paper(house)
    house.take("clerk", PAPERS, pk, "propose", proposal="拟请周海同志批示", leaders=["周海"])
    asked = {
        "instruct": ({"department", "requirement"}, {}),
        "instruct_reading": ({"readers", "purpose"}, {}),
        "order_relay": ({"scope", "by"}, {}),
        "order_copy": ({"number", "distribution"}, {}),
    }
    for step, (parts, answers) in asked.items():
        code, words = house.refused("leader", PAPERS, pk, step, **answers)
        assert code == 422 and all(f'"{part}"' in words for part in parts), words
    for step, answers in (
        ("instruct", {"department": "综合科", "requirement": "办"}),
        ("order_relay", {"scope": "全体教师", "by": in_days(3)}),
        ("order_copy", {"number": 20, "distribution": "各年级"}),
    ):  # 上级来文由党办负责同志批阅: not the office, nor the clerk
        assert house.refused("office", PAPERS, pk, step, **answers)[0] == 409
        assert house.refused("clerk", PAPERS, pk, step, **answers)[0] in (403, 409)
    house.take("leader", PAPERS, pk, "order_relay", scope="全体教师", by=in_days(3), charged="刘洋")
    house.take("leader", PAPERS, pk, "order_copy", number=20, distribution="各年级各2份")
    relay, copy = house.find("clerk", "paper_orders", document=pk)
    assert (relay["what"], relay["scope"], copy["what"], copy["number"]) == ("relay", "全体教师", "copy", 20)
    assert house.see("leader", PAPERS, pk)["state"] == "instructing"
    done = house.take("head_a", "paper_orders", relay["id"], "carry_out", report="周三例会传达，全体教师到会")
    assert done["done_at"]
    house.take("clerk", "paper_orders", copy["id"], "carry_out", report="翻印20份，已按名单发放")
    assert len(house.find("clerk", COPIES, document=pk)) == 20
    handed = house.take("leader", PAPERS, pk, "instruct", department="综合科", others=["财务科"],
                        requirement="制定方案报党办", limit=in_days(5))  # fmt: skip
    assert (handed["state"], due(handed).isoformat()) == ("in_handling", moment(in_days(5)).isoformat())


def test_school_6b_what_the_leader_wrote_on_paper_is_typed_in_and_then_handed_out_by_the_office(house):
    pk = party_paper(house)
    house.take("clerk", PAPERS, pk, "propose", proposal="拟请周海同志批示", leaders=["周海"])
    order = {"department": "综合科", "requirement": "按批示办理"}
    assert house.refused("office", PAPERS, pk, "instruct", **order)[0] == 409
    house.take("clerk", PAPERS, pk, "transcribe", leader="周海", words="请综合科办。", signed_at="2026-03-02 08:30")
    # 七、分办: 按批办意见分送有关部门
    assert house.take("office", PAPERS, pk, "instruct", **order)["state"] == "in_handling"


def test_school_7_lead_and_co_unit_work_together_and_the_lead_answers(house):
    pk = party_paper(house, answer_due=True)
    house.take("clerk", PAPERS, pk, "propose", proposal="拟请综合科主办", leaders=["周海"])
    house.take("leader", PAPERS, pk, "instruct", department="综合科", others=["财务科"], requirement="会商后报",
               handler="张小明", limit="2026-03-09 18:00")  # fmt: skip
    lead, co = house.find("clerk", "assignments", document=pk)
    assert [(one["department"]["text"], one["lead"]) for one in (lead, co)] == [("综合科", True), ("财务科", False)]
    assert due(co) < due(lead) == moment("2026-03-09 18:00")
    assert house.refused("user_b", "assignments", lead["id"], "receive")[0] in (404, 409)
    got = house.take("user_a", "assignments", lead["id"], "receive")
    assert (got["received_by"]["text"], bool(got["received_at"])) == ("张小明", True)
    code, words = house.refused("user_a", PAPERS, pk, "report_result", result="已办")
    assert code == 409 and "财务科" in words
    house.take("head_b", "assignments", co["id"], "give_opinion", opinion="经费无异议")
    assert house.refused("head_b", PAPERS, pk, "report_result", result="代报")[0] == 409
    # 主办单位负责回复
    assert house.refused("head_b", PAPERS, pk, "answer_sender", words="我科答复")[0] == 409
    house.take("user_a", PAPERS, pk, "report_result", result="方案已定并上报")
    code, words = house.refused("clerk", PAPERS, pk, "close")
    assert code == 409 and "answer" in words
    house.take("user_a", PAPERS, pk, "answer_sender", words="已函复市教育局")
    assert house.take("clerk", PAPERS, pk, "close")["state"] == "closed"


def test_school_8_leaders_first_then_the_supervising_department_one_copy_always_accounted_for(house):
    house.hire("田书记", "办公室", "书记")
    house.hire("马副校长", "办公室", "副校长")
    pk = party_paper(house, department="综合科")
    house.take("clerk", PAPERS, pk, "propose", proposal="拟传阅", leaders=["周海"])
    house.take(
        "leader", PAPERS, pk, "instruct_reading", readers=["李强", "张小明", "马副校长", "田书记"], purpose="请阅知"
    )
    (way,) = house.find("clerk", ROUNDS, document=pk)
    assert (way["mode"], way["form"], way["state"]) == ("sequential", "paper", "running")
    line = sorted(house.find("clerk", ENTRIES, document=pk), key=lambda one: one["position"])
    assert [one["reader"]["text"] for one in line] == ["田书记", "马副校长", "张小明", "李强"]
    assert len(house.find("clerk", COPIES, document=pk)) == 1  # registered before it goes round
    code, words = house.refused("clerk", ENTRIES, line[1]["id"], "offer", signed=True)
    assert code == 409 and "田书记" in words
    for entry, opinion in zip(line, ("请综合科补报名册。", None, None, None), strict=True):
        house.take("clerk", ENTRIES, entry["id"], "offer", signed=True)
        (copy,) = house.find("clerk", COPIES, document=pk)
        assert copy["holder"]["text"] == entry["reader"]["text"]  # 随时掌握文件的去向
        house.take("clerk", ENTRIES, entry["id"], "transcribe", **({"opinion": opinion} if opinion else {}))
        read = house.see("clerk", ENTRIES, entry["id"])
        assert read["read_at"] and read["signed_by"]["text"] == entry["reader"]["text"]
        assert house.refused("clerk", ROUNDS, way["id"], "finish")[0] == 409
        house.take("clerk", COPIES, copy["id"], "take_back", complete=True)
    # 如有阅批意见，做好补办工作
    assert house.refused("clerk", PAPERS, pk, "close")[0] == 409
    house.take("clerk", ENTRIES, line[0]["id"], "classify", kind="needs_action", what="补报名册", department="综合科",
               until=in_days(2))  # fmt: skip
    code, words = house.refused("clerk", PAPERS, pk, "close")
    assert code == 409 and "综合科" in words
    (task,) = house.find("clerk", "supplementary_tasks", document=pk)
    house.take("head_a", "supplementary_tasks", task["id"], "finish", result="名册已报")
    assert house.take("clerk", ROUNDS, way["id"], "finish")["state"] == "finished"
    assert house.take("clerk", PAPERS, pk, "close")["state"] == "closed"


@pytest.mark.parametrize("urgency", ["urgent", "extra_urgent"])
def test_school_9_an_urgent_paper_is_handled_on_arrival(house, urgency):
    pk = party_paper(house, urgency=urgency)
    house.take("clerk", PAPERS, pk, "propose", proposal="急件，拟即办", leaders=["周海"])
    handed = house.take("leader", PAPERS, pk, "instruct", department="综合科", requirement="即办")
    assert due(handed) == moment("2026-03-02 12:00")  # Monday morning: the same half-day
    (assignment,) = house.find("clerk", "assignments", document=pk)
    assert due(assignment) == moment("2026-03-02 12:00")


# S6 oa公文_收文流程: four phases


def test_textbook_phase_1_outer_and_inner_register_and_the_digest(house):
    lines = [
        {"title": title, "copies_noted": 1, "copies_found": 1, **WHOLE} for title in ("关于防汛的通知", "内部刊物第3期")
    ]
    envelope = cover(house, register="ZW", channel="courier", pieces=2, envelope_lines=lines)
    assert envelope["envelope_no"] == "信〔2026〕1号"  # the outer register: brief
    pk = envelope["id"]
    house.take("clerk", "envelopes", pk, "sign_for", **FINE)
    house.take("clerk", "envelopes", pk, "unseal")
    for _line in lines:
        house.take("clerk", "envelopes", pk, "register_paper")
    inner = house.find("clerk", PAPERS)  # the inner register: one line a paper
    assert [(one["receipt_no"], one["title"], one["envelope"]["id"]) for one in inner] == [
        ("政收〔2026〕1号", "关于防汛的通知", pk), ("政收〔2026〕2号", "内部刊物第3期", pk),
    ]  # fmt: skip
    assert house.take("clerk", "envelopes", pk, "reconcile")["state"] == "reconciled"
    code, words = house.not_added("clerk", PAPERS, sender="市教育局", title="无封来件", register="ZW",
                                  received_at="2026-03-02 09:00", confirmed=False)  # fmt: skip
    assert code == 409 and "envelope" in words.lower()
    digest = house.correct("clerk", PAPERS, inner[0]["id"], digest="摘要：三项数据，附去年同期比较")
    assert digest["digest"].startswith("摘要")
    named = cover(house, register="ZW", person="周海", envelope_lines=[])["id"]  # 径送领导者亲启
    house.take("clerk", "envelopes", named, "sign_for", **FINE)
    house.take("clerk", "envelopes", named, "forward_unopened", signature="周海")
    assert house.take("leader", "envelopes", named, "confirm_receipt")["state"] == "handed_over"


def plain_paper(house, **values):
    raw = {"sender": "区应急管理局", "title": "关于防汛的通知", "received_at": "2026-03-02 09:00"}
    return house.add("clerk", PAPERS, **{**raw, **values})["id"]


def test_textbook_phase_2_proposal_with_options_instruction_handling_and_its_note(house):
    pk = plain_paper(house)
    options = "一、交财务科\n二、召开会议研究"
    found = house.take("clerk", PAPERS, pk, "propose", proposal="拟交综合科", alternatives=options, leaders=["周海"])
    assert found["alternatives"].splitlines() == options.splitlines()
    house.take("leader", PAPERS, pk, "instruct", department="综合科", requirement="照办", handler="张小明")
    (assignment,) = house.find("clerk", "assignments", document=pk)
    house.take("user_a", "assignments", assignment["id"], "receive")
    code, _ = house.refused("user_a", "assignments", assignment["id"], "note")
    assert code == 422
    house.take(
        "user_a", "assignments", assignment["id"], "note", words="与应急局电话核对，已检查三处", evidence="检查记录"
    )
    house.take("user_a", PAPERS, pk, "report_result", result="检查完毕")
    assert house.see("leader", PAPERS, pk)["state"] == "result_in"
    assert house.see("leader", "assignments", assignment["id"])["state"] == "done"


def test_textbook_2b_where_the_note_is_prescribed_no_case_is_closed_without_one(house):
    house.add(
        "office", "rules", setting="close_handling_note", profile="company", value="yes", source="oa公文_收文流程 注办"
    )
    pk = plain_paper(house)
    house.take("leader", PAPERS, pk, "instruct", department="综合科", requirement="照办", handler="张小明")
    (assignment,) = house.find("clerk", "assignments", document=pk)
    house.take("user_a", "assignments", assignment["id"], "receive")
    house.take("user_a", PAPERS, pk, "report_result", result="检查完毕")
    code, words = house.refused("leader", PAPERS, pk, "close")
    assert code == 409 and "handling note" in words


def test_textbook_phase_3_single_copy_round_chasing_every_stage_and_checking_execution(house, clock):
    pk = plain_paper(house, medium="paper")
    house.sweep()
    house.take("clerk", PAPERS, pk, "propose", proposal="拟交综合科，各科传阅", leaders=["周海"])
    house.sweep()
    house.take("leader", PAPERS, pk, "instruct", department="综合科", requirement="照办", handler="张小明")
    house.take("leader", PAPERS, pk, "circulate", readers=["孙丽", "李强"], purpose="阅知")
    (way,) = house.find("clerk", ROUNDS, document=pk)
    assert (way["mode"], way["form"]) == ("sequential", "paper")  # a single copy among several people
    first, second = sorted(house.find("clerk", ENTRIES, document=pk), key=lambda one: one["position"])
    house.take("clerk", ENTRIES, first["id"], "offer", signed=True)
    house.sweep()
    cases = {case["stage"]: case for case in house.find("clerk", "follow_ups", document=pk)}
    # 催办 over all stages, and over the copy that is out
    assert set(cases) == {"proposal", "instruction", "handling", "reading", "holding"}
    assert {cases[stage]["state"] for stage in ("proposal", "instruction")} == {"settled"}
    asked = house.take("clerk", "follow_ups", cases["reading"]["id"], "ask", way="visit", words="请尽快阅退")
    assert asked["state"] == "asked"
    house.take("head_b" if first["reader"]["text"] == "孙丽" else "user_b", "follow_ups", cases["reading"]["id"],
               "answer", outcome="on_the_way", words="今日阅毕")  # fmt: skip
    house.take("user_a", PAPERS, pk, "report_result", result="已检查")
    case = house.add("office", "supervisions", document=pk, matter="防汛措施是否真正落实")["id"]
    house.take("office", "supervisions", case, "ask_evidence", person="张小明", request="现场照片、签收单")
    house.take("user_a", "supervisions", case, "give_evidence", evidence="照片三张")
    house.take("office", "supervisions", case, "find", findings="两处未落实")
    assert house.take("office", "supervisions", case, "reopen", reason="重新落实")["state"] == "reopened"
    assert house.see("leader", PAPERS, pk)["state"] == "in_handling"
    assert house.see("clerk", ENTRIES, second["id"])["state"] == "queued"  # readers are not disturbed by it


@pytest.mark.parametrize(
    "step, answers, state",
    [("file_it", {}, "to_file"), ("mark_for_return", {"reason": "发文机关清退"}, "to_return"),
     ("hold", {"reason": "待定"}, "held"), ("mark_for_destruction", {"reason": "无保存价值"}, "to_destroy")],
)  # fmt: skip
def test_textbook_phase_4_a_finished_paper_has_one_of_four_fates(house, step, answers, state):
    pk = plain_paper(house)
    house.take("leader", PAPERS, pk, "instruct_reading", readers=["张小明"], purpose="阅知")
    assert house.refused("office", PAPERS, pk, step, **answers)[0] == 409  # only finished papers have one
    house.take("user_a", ENTRIES, house.entry_of("张小明", pk)["id"], "mark_read")
    house.take("clerk", PAPERS, pk, "close")
    if answers:
        assert house.refused("office", PAPERS, pk, step)[0] == 422
    fate = house.take("office", PAPERS, pk, step, **answers)
    assert fate["state"] == state
    if state == "held":
        assert fate["review_on"] == "2026-09-02"  # six months
