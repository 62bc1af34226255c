"""Whole procedures of incoming papers: 办文办会工作流程 of a company, 公文处理办法 of a government office."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.engine import access
from app.engine.moments import local
from app.extensions import db
from models.notices import Notice
from tests.scenarios import FINE, House, due, in_days, moment

PAPERS, ENTRIES, COPIES, CASES = "incoming_documents", "circulation_entries", "paper_copies", "follow_ups"
LIMIT = "2026-03-13 18:00"  # a Friday


@pytest.fixture
def house(app, clock):
    return House(app)


def told(app, key):
    """Who has a notice of this kind, by name."""
    with app.app_context(), access.system():
        return sorted({notice.person.name for notice in db.session.scalars(select(Notice).where(Notice.key == key))})


# S13 办文办会工作流程: a company, book SW


def slip_made_out(house, **values):
    """The slip is made out, noted by the chief, instructed by the leader; the unit signs for paper and slip."""
    raw = {"sender": "市财政局", "title": "关于报送预算的通知", "received_at": "2026-03-02 09:00", "medium": "paper"}
    pk = house.add("clerk", PAPERS, **{**raw, **values})["id"]
    noted = house.take("office", PAPERS, pk, "propose", proposal="建议送周总阅批", leaders=["周海"])
    assert noted["proposer"]["text"] == "郑敏"  # 办公室主任签注送审处理建议
    house.take("leader", PAPERS, pk, "instruct", department="综合科", requirement="按时报送", handler="张小明",
               limit=LIMIT)  # fmt: skip
    (assignment,) = house.find("clerk", "assignments", document=pk)
    got = house.take("user_a", "assignments", assignment["id"], "receive")
    assert got["received_by"]["text"] == "张小明" and got["received_at"]  # 送签收
    (copy,) = house.find("clerk", COPIES, document=pk)
    house.take("clerk", COPIES, copy["id"], "hand_out", person="张小明", signed=True)
    return pk, copy["id"]


def until_warned(house, clock, pk):
    """The morning on which the first warning is there; the clock stands on it."""
    for _morning in range(14):
        house.sweep()
        (case,) = [one for one in house.find("clerk", CASES, document=pk) if one["stage"] == "handling"]
        if case["state"] == "due_soon":
            return case
        clock.ahead(days=1)
    raise AssertionError("nobody was warned")


def test_company_the_clerk_and_the_head_are_warned_one_to_three_days_before_the_limit(house, clock, app):
    pk, _copy = slip_made_out(house)
    until_warned(house, clock, pk)
    days = (moment(LIMIT) - clock.moment) / timedelta(days=1)
    assert 1 <= days <= 3, days
    assert {"何静", "郑敏"} <= set(told(app, "due_soon"))


def test_company_done_the_leader_is_told_and_slip_and_original_come_back_with_the_result(house, clock, app):
    pk, copy = slip_made_out(house)
    case = until_warned(house, clock, pk)["id"]
    house.take("office", CASES, case, "ask", way="phone", person="张小明", words="办得如何")
    house.take("user_a", CASES, case, "answer", outcome="done", words="已经办理完成")
    house.take("office", CASES, case, "report", leader="周海")
    assert "周海" in told(app, "answered")
    assert house.refused("user_a", PAPERS, pk, "report_result")[0] == 422  # 填写完整办理结果
    house.take("user_a", PAPERS, pk, "report_result", result="预算已报送，财政局签收")
    code, words = house.refused("office", PAPERS, pk, "close")
    assert code == 409 and "leader has not been told" in words and "Not accounted for" in words
    house.take("office", PAPERS, pk, "tell_leader", way="spoken")
    code, words = house.refused("office", PAPERS, pk, "close")
    assert code == 409 and "张小明" in words  # the original is still with the unit
    house.take("clerk", COPIES, copy, "take_back", complete=True)
    house.take("clerk", PAPERS, pk, "close")
    assert house.take("clerk", PAPERS, pk, "file_it")["state"] == "to_file"
    (settled,) = [one for one in house.find("clerk", CASES, document=pk) if one["stage"] == "handling"]
    assert settled["state"] == "settled"


def test_company_what_cannot_be_finished_is_pressed_and_reported(house, clock, app):
    pk, _copy = slip_made_out(house)
    case = until_warned(house, clock, pk)["id"]
    house.take("clerk", CASES, case, "ask", way="phone", person="张小明")
    house.take("user_a", CASES, case, "answer", outcome="cannot", words="数据未齐")
    assert "郑敏" in told(app, "cannot")
    house.take("clerk", CASES, case, "report", leader="周海")
    assert "周海" in told(app, "cannot")
    assert house.take("leader", CASES, case, "decide", decision="order", words="按期办结")["state"] == "watching"
    asked = {"document": pk, "wish": "extension", "reason": "数据未齐", "until": in_days(9)}
    code, words = house.not_added("user_b", "extension_requests", **asked)
    assert code in (403, 422), words  # only the unit that handles it
    request = house.add("user_a", "extension_requests", **asked)["id"]
    house.take("office", "extension_requests", request, "recommend", recommendation="建议同意")
    assert house.refused("office", "extension_requests", request, "grant")[0] == 409  # a limit is the leader's to move
    house.take("leader", "extension_requests", request, "grant")
    assert due(house.see("leader", PAPERS, pk)).isoformat() == moment(in_days(9)).isoformat()
    clock.ahead(days=10)
    late = {**asked, "until": in_days(5)}
    assert house.not_added("user_a", "extension_requests", **late)[0] == 422  # asked after the limit


def test_company_a_pause_is_asked_for_by_the_handler_and_granted_by_the_head_of_the_office(house, clock):
    pk, _copy = slip_made_out(house)
    assert house.refused("clerk", PAPERS, pk, "suspend", cause="sender", wake_on="2026-03-10")[0] == 403
    request = house.add("user_a", "extension_requests", document=pk, wish="suspension", cause="sender",
                        reason="等来文单位答复", until="2026-03-10 09:00")["id"]  # fmt: skip
    house.take("office", "extension_requests", request, "grant")
    paused = house.see("leader", PAPERS, pk)
    assert (paused["state"], paused["due_at"]) == ("suspended", None)
    clock.ahead(days=8)
    house.sweep()
    assert house.see("leader", PAPERS, pk)["state"] == "in_handling"


def test_company_the_sender_withdraws_and_it_counts_as_done_outside_the_on_time_rate(house, clock, app, client):
    from app.engine.clocks import ClockRow
    from models.documents import IncomingDocument

    pk, _copy = slip_made_out(house)
    house.take("office", PAPERS, pk, "circulate", readers=["孙丽"], purpose="阅知", opinion=True)
    house.sweep()
    assert house.refused("clerk", PAPERS, pk, "end_by_sender")[0] == 422  # the notice is named
    done = house.take("clerk", PAPERS, pk, "end_by_sender", notice="call", reason="财政局3月3日来电：终止办理")
    assert done["state"] == "terminated_by_sender" and done["closed_at"]
    assert {"周海", "张小明"} <= set(told(app, "ended"))
    assert {one["state"] for one in house.find("clerk", "assignments", document=pk)} == {"called_off"}
    assert {one["state"] for one in house.find("clerk", ENTRIES, document=pk)} == {"withdrawn"}
    states = {(one["state"], one["stage"] == "holding") for one in house.find("clerk", CASES, document=pk)}
    assert states == {("settled", False), ("watching", True)}  # the copy has still to come back
    with app.app_context(), access.system():
        running = select(ClockRow.stage).where(ClockRow.state.in_(("running", "paused")))
        about = ("incoming_documents", "assignments", "circulation_entries")
        assert db.session.scalars(running.where(ClockRow.kind.in_(about))).all() == []
        assert "terminated_by_sender" in IncomingDocument.flow.uncounted_states


# S16 公文处理办法: a government office, book ZW


GOOD = {"ours": True, "addressed": True, "formed": True, "consulted": True}


def government_paper(house, **values):
    raw = {"sender": "省住房和城乡建设厅", "sender_no": "建办〔2026〕3号", "title": "关于开展检查的通知", "register": "ZW",
           "received_at": "2026-03-02 09:00", "confirmed": True}  # fmt: skip
    return house.add("clerk", PAPERS, **{**raw, **values})["id"]


def test_government_seven_steps_from_signing_for_it_to_the_answer(house, clock):
    # (一) 签收: counted piece by piece, with the time of signing
    line = {"title": "关于开展检查的通知", "sender_no": "建办[2026]3号", "copies_noted": 1, "copies_found": 1,
            "bound": True, "pages_complete": True, "formalities": True}  # fmt: skip
    cover = house.add("clerk", "envelopes", sender="省住房和城乡建设厅", channel="exchange", pieces=1, register="ZW",
                      presented_at="2026-03-02 08:40", envelope_lines=[line])["id"]  # fmt: skip
    signed = house.take("clerk", "envelopes", cover, "sign_for", **FINE, stamped=True, at="2026-03-02 08:50")
    assert local(moment(signed["received_at"])).strftime("%H:%M") == "08:50"
    house.take("clerk", "envelopes", cover, "unseal")
    # (二) 登记
    house.take("clerk", "envelopes", cover, "register_paper")
    (paper,) = house.find("clerk", PAPERS)
    pk = house.correct("clerk", PAPERS, paper["id"], answer_due=True)["id"]
    # (三) 初审: before it nothing is proposed, handed out or sent round
    for who, step, answers in (
        ("clerk", "propose", {"proposal": "拟办"}),
        ("office", "instruct_reading", {"readers": ["孙丽"], "purpose": "阅"}),
        ("office", "order_relay", {"scope": "各科", "by": in_days(2)}),
        ("office", "instruct", {"department": "综合科", "requirement": "办"}),
    ):
        assert house.refused(who, PAPERS, pk, step, **answers)[0] == 409, step
    house.take("clerk", PAPERS, pk, "screen", **GOOD)
    # (四) 承办: proposed, instructed; two departments have a lead
    house.take("office", PAPERS, pk, "propose", proposal="拟请综合科牵头", leaders=["周海"])
    house.take("leader", PAPERS, pk, "write_instruction", words="同意。")
    assert house.refused("office", PAPERS, pk, "instruct", others=["综合科", "财务科"], requirement="办")[0] == 422
    assert (
        house.refused("office", PAPERS, pk, "instruct", department="综合科", others=["综合科"], requirement="办")[0]
        == 409
    )
    house.take("office", PAPERS, pk, "instruct", department="综合科", others=["财务科"], requirement="自查并报告")
    lead, co = house.find("clerk", "assignments", document=pk)
    assert (lead["lead"], co["lead"]) == (True, False)
    # (五) 传阅: where it is, is known at any moment
    house.take("leader", PAPERS, pk, "circulate", readers=["李强"], purpose="阅知")
    entry = house.entry_of("李强", pk)["id"]
    house.take("clerk", ENTRIES, entry, "offer", signed=True)
    assert [one["holder"]["text"] for one in house.find("clerk", COPIES, document=pk)] == ["李强"]
    house.take("clerk", ENTRIES, entry, "transcribe")
    (copy,) = house.find("clerk", COPIES, document=pk)
    house.take("clerk", COPIES, copy["id"], "take_back", complete=True)
    # (六) 催办
    house.sweep()
    (case,) = [one for one in house.find("clerk", CASES, document=pk) if one["stage"] == "handling" and
               one["kind"] == "incoming_documents"]  # fmt: skip
    house.take("clerk", CASES, case["id"], "ask", way="letter")
    house.take("head_b", "assignments", co["id"], "give_opinion", opinion="无异议")
    house.take("head_a", PAPERS, pk, "report_result", result="自查报告已成")
    # (七) 答复
    code, words = house.refused("clerk", PAPERS, pk, "close")
    assert code == 409 and "expects an answer" in words
    house.take("head_a", PAPERS, pk, "answer_sender", words="已函复自查报告")
    assert house.take("clerk", PAPERS, pk, "close")["state"] == "closed"


@pytest.mark.parametrize("question", GOOD)
def test_government_a_paper_that_fails_one_question_goes_back_with_its_reason(house, question):
    pk = government_paper(house)
    assert house.refused("clerk", PAPERS, pk, "screen", **{**GOOD, question: False})[0] == 409
    assert house.refused("office", PAPERS, pk, "return_to_sender", way="交换站")[0] == 422
    gone = house.take("office", PAPERS, pk, "return_to_sender", reason="不符合行文规则", way="交换站")
    assert gone["state"] == "returned_to_sender"


def test_government_an_urgent_paper_has_a_stated_limit_and_somebody_named_who_chases_it(house):
    pk = government_paper(house, urgency="urgent")
    house.take("clerk", PAPERS, pk, "screen", **GOOD)
    code, words = house.refused("office", PAPERS, pk, "instruct", department="综合科", requirement="速办")
    assert code == 409 and "needs a limit" in words
    house.take("office", PAPERS, pk, "instruct", department="综合科", requirement="速办", limit=in_days(2))
    house.sweep()
    (case,) = [one for one in house.find("clerk", CASES, document=pk) if one["stage"] == "handling"]
    code, words = house.refused("clerk", CASES, case["id"], "ask", way="phone")
    assert code == 409 and "name the officer" in words
    house.take("clerk", CASES, case["id"], "ask", way="phone", officer="何静")


def test_government_office_hands_papers_to_departments_without_a_leader(house):
    pk = government_paper(house)
    house.take("clerk", PAPERS, pk, "screen", **GOOD)
    assert (
        house.take("office", PAPERS, pk, "instruct", department="综合科", requirement="阅办")["state"] == "in_handling"
    )
