"""Dispatch orders: the three notes, the way through the unit and back, who sees what."""

import io
from datetime import timedelta

import pytest

from app.engine import access, finding
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.history import HistoryEntry
from app.engine.moments import now, parse_moment
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from models.dispatch import DispatchOrder
from models.note_templates import NoteTemplate
from models.people import Department
from models.tickets import ServiceTicket
from tests.conftest import sign_in
from tests.factories import NOTES, take


@pytest.fixture
def order(session, actors, call):
    """The dispatch order of a request for help that went to department A."""
    ticket = call(kind="help")
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请修理", **NOTES)
    with access.system():
        found = session.query(DispatchOrder).one()
        assert found.ticket is ticket
    return found


@pytest.mark.parametrize("missing", NOTES)
def test_a_request_for_help_is_not_dispatched_without_all_three_notes(session, actors, call, missing):
    ticket = call(kind="help")
    session.commit()
    with pytest.raises(StepRefused):
        take(
            session,
            actors["shift"],
            ticket,
            "dispatch",
            department="综合科",
            requirement="请修理",
            **{**NOTES, missing: False},
        )
    with access.system():
        assert (ticket.state, session.query(DispatchOrder).count()) == ("open", 0)


def test_the_desk_drafts_an_order_that_the_shift_leader_issues(session, actors, call):
    ticket = call(kind="repair")
    with access.acting_as(actors["desk"]):
        draft = records.add(
            session, DispatchOrder, {"ticket": ticket.id, "department": "综合科", "requirement": "修", "lead": True}
        )
        with pytest.raises(NotAllowed):
            draft.flow.take(session, draft, "issue", {})
    take(session, actors["shift"], draft, "issue")
    assert (draft.state, ticket.state, ticket.department.name) == ("issued", "dispatched", "综合科")


def test_the_ticket_waits_for_every_unit_in_charge_and_then_passes_the_reply_on(session, actors, order):
    shift, unit = actors["shift"], actors["user_a"]
    with access.acting_as(shift):
        helper = records.add(
            session, DispatchOrder, {"ticket": order.ticket_id, "department": "财务科", "requirement": "协助", **NOTES}
        )
    take(session, shift, helper, "issue")
    take(session, unit, order, "sign")
    take(session, unit, order, "mark_contacted", how="电话联系")
    take(session, unit, order, "feed_back", result="已修复", answer="路灯今晚恢复。")
    take(session, actors["head_a"], order, "confirm_reply")
    assert order.ticket.state == "dispatched"
    take(session, shift, order, "accept")
    assert order.ticket.state == "reply_in"
    take(session, actors["desk"], order.ticket, "pass_on")
    assert (order.ticket.answer, order.ticket.answered_at is not None) == ("路灯今晚恢复。", True)
    take(session, actors["desk"], order.ticket, "close", code="resolved")
    assert order.ticket.closed_at is not None


def test_rework_goes_on_with_the_time_that_was_left(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请修理", **NOTES)
    with access.system():
        (order,) = ticket.orders
    take(session, actors["user_a"], order, "sign")
    at("2026-03-02 19:00")
    take(session, actors["head_a"], order, "feed_back", result="好了", answer="好了")
    at("2026-03-02 21:00")
    take(session, actors["shift"], order, "rework", reason="没有说明原因")
    assert (order.due_at, order.rework_count) == (parse_moment("2026-03-03 09:00"), 1)


def test_an_order_that_went_out_is_not_changed_by_editing(session, actors, order):
    session.commit()
    with access.acting_as(actors["shift"]), pytest.raises(Invalid) as refusal:
        records.change(session, order, {"limit_at": "2199-01-01"}, ["limit_at"], version=order.version)
    assert list(refusal.value.errors) == ["limit_at"]


def test_a_reply_in_time_counts_as_in_time_however_late_it_is_accepted(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请修理", **NOTES)
    with access.system():
        (order,) = ticket.orders
    take(session, actors["user_a"], order, "sign")
    take(session, actors["head_a"], order, "feed_back", result="好了", answer="好了")
    at("2026-03-05 09:00")
    take(session, actors["shift"], order, "accept")
    assert {c.stage: c.state for c in clocks_of(session, order)}["handling"] == "met"


def test_an_extension_is_given_only_before_the_limit_has_passed(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请修理", **NOTES)
    with access.system():
        (order,) = ticket.orders
    take(session, actors["user_a"], order, "sign")
    take(session, actors["shift"], order, "extend", until="2026-03-03 12:00", reason="等配件", informed=True)
    (clock,) = [c for c in clocks_of(session, order) if c.stage == "handling"]
    assert (clock.due_at, clock.original_due_at) == (parse_moment("2026-03-03 12:00"), parse_moment("2026-03-03 07:00"))
    session.commit()
    at("2026-03-03 13:00")
    with pytest.raises(StepRefused):
        take(session, actors["shift"], order, "extend", until="2026-03-04 12:00", reason="再等", informed=True)


def test_a_void_ticket_takes_its_orders_along(session, actors, order):
    take(session, actors["shift"], order.ticket, "void", reason="测试")
    assert (order.ticket.state, order.state) == ("voided", "cancelled")


def test_the_unit_sees_what_was_sent_to_it_and_others_see_nothing(session, actors, order):
    with access.acting_as(actors["user_a"]):
        assert session.query(ServiceTicket).count() == session.query(DispatchOrder).count() == 1
    with access.acting_as(actors["user_b"]):
        assert session.query(ServiceTicket).count() == session.query(DispatchOrder).count() == 0


def test_a_unit_gets_the_order_about_wrongdoing_but_not_who_reported_it(session, actors, call):
    ticket = call(kind="report")
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请核查")
    with access.acting_as(actors["user_a"]):
        assert session.query(DispatchOrder).count() == 1
        assert session.query(ServiceTicket).count() == 0


def test_the_caller_behind_a_report_is_not_looked_for(app, session, actors, call):
    ticket = call(kind="report")
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请核查")
    session.commit()
    browser = sign_in(app, "user_a")
    assert "13812345678" not in browser.get("/dispatchorderview/show/1").text
    browser.post("/dispatchorderview/step/1/sign", data={"form_key": "a"})
    answer = browser.post("/dispatchorderview/step/1/mark_contacted", data={"how": "电话", "form_key": "b"})
    assert 400 <= answer.status_code < 500
    with access.system():
        session.expire_all()
        assert session.query(DispatchOrder).one().state == "signed"


def test_a_colleague_of_another_unit_cannot_reply(session, actors, order):
    with pytest.raises(StepRefused):
        take(session, actors["user_b"], order, "sign")


def send(session, actors, ticket, **answers):
    """The orders of a ticket that went to department A, and to others that help."""
    notes = NOTES if ticket.kind == "help" else {}
    take(
        session,
        actors["shift"],
        ticket,
        "dispatch",
        **{"department": "综合科", "requirement": "请办理", **notes, **answers},
    )
    session.commit()
    with access.system():
        return list(ticket.orders)


def test_the_notes_of_a_request_for_help_are_those_of_the_text_with_the_hours_that_are_left(order):
    assert (order.contact_words, order.reply_words, order.follow_words) == (
        "请成员单位及时与来电人联系。", "请成员单位在22小时内反馈处理意见，以便答复热线来电人。", "请信息点负责人跟进处理结果。",
    )  # fmt: skip


def test_a_request_for_help_is_sent_out_by_the_shift_leader_alone(session, actors, call):
    ticket = call(kind="help")
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["cs_manager"], ticket, "dispatch", department="综合科", requirement="请修理", **NOTES)
    with access.acting_as(actors["shift"]):
        draft = records.add(
            session,
            DispatchOrder,
            {"ticket": ticket.id, "department": "综合科", "requirement": "修", "lead": True, **NOTES},
        )
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["cs_manager"], draft, "issue")
    take(session, actors["shift"], draft, "issue")
    assert draft.state == "issued"


def test_other_kinds_carry_the_notes_their_template_asks_for(session, actors, call):
    with access.acting_as(actors["office"]):
        records.add(
            session, NoteTemplate,
            {"ticket_kind": "complaint", "reply_text": "请于{limit}前书面答复。", "reply_needed": "true"},
        )  # fmt: skip
        session.commit()
    ticket = call(kind="complaint", received_at="2026-03-02 09:00")
    session.commit()
    with pytest.raises(StepRefused) as refusal:
        send(session, actors, ticket)
    assert "2" in str(refusal.value)
    (order,) = send(session, actors, ticket, reply_note=True, limit="2099-03-04 09:00")
    assert (order.contact_words, order.reply_words) == (None, "请于2099-03-04 09:00前书面答复。")


@pytest.mark.parametrize("text", ["{who}", "{hours!r}", "{0}", "{", "{limit:>9}"])
def test_a_template_leaves_nothing_else_open(session, actors, text):
    with access.acting_as(actors["office"]), pytest.raises(Invalid) as refusal:
        records.add(session, NoteTemplate, {"ticket_kind": "other", "reply_text": text})
    assert list(refusal.value.errors) == ["reply_text"]


@pytest.mark.parametrize(
    "values", [{"kind": "report"}, {"kind": "complaint", "confidential": True},
               {"kind": "complaint", "anonymous": True, "anonymity_explained": True, "phone": "", "contact_name": ""}]
)  # fmt: skip
def test_where_the_caller_is_not_to_be_sought_note_1_says_so(session, actors, call, values):
    (order,) = send(session, actors, call(**values))
    assert (order.contact_note, order.contact_words) == (True, "由热线转达答复，请勿查找、联系来电人。")


def test_note_3_is_ticked_only_where_somebody_heads_the_unit(session, actors, call):
    ticket = call(kind="help")
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["shift"], ticket, "dispatch", department="业务部", requirement="请修理", **NOTES)


def test_several_units_get_an_order_each_and_one_is_in_charge(session, actors, call):
    lead, helper = send(session, actors, call(kind="help"), others=["财务科", "综合科"])
    with access.system():
        assert [(o.department.name, o.lead) for o in (lead, helper)] == [("综合科", True), ("财务科", False)]
    with access.acting_as(actors["shift"]):
        second = records.add(
            session, DispatchOrder,
            {"ticket": lead.ticket_id, "department": "办公室", "requirement": "协助", "lead": "true", **NOTES},
        )  # fmt: skip
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["shift"], second, "issue")


@pytest.fixture
def complaint(session, actors, call):
    """A complaint of department A; its head also leads a unit below it."""
    with access.system():
        unit = finding.by_name(session, Department, "综合科")
        session.add(Department(name="综合科档案室", parent=unit, leader=unit.leader))
        session.add(Department(name="综合科收发室", parent=unit))
        session.flush()
    ticket = call(kind="complaint", subject_unit="综合科")
    session.commit()
    return ticket


@pytest.mark.parametrize("name", ["综合科", "综合科档案室"])
def test_the_unit_complained_of_never_gets_the_matter(session, actors, complaint, name):
    for answers in ({"department": name}, {"department": "财务科", "others": [name]}):
        with pytest.raises(StepRefused):
            send(session, actors, complaint, **answers)
    with access.acting_as(actors["desk"]), pytest.raises(Invalid) as refusal:
        records.add(
            session, DispatchOrder, {"ticket": complaint.id, "department": name, "requirement": "查", "lead": False}
        )
    assert list(refusal.value.errors) == ["department"]
    session.rollback()
    (order,) = send(session, actors, complaint, department="财务科")
    take(session, actors["user_b"], order, "hand_back", ground="not_ours", reason="不归我们", proposed=name)
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["shift"], order, "issue", department=name)


def test_a_unit_below_with_another_head_may_have_it(session, actors, complaint):
    assert send(session, actors, complaint, department="综合科收发室")[0].state == "issued"


def test_a_unit_that_has_the_matter_is_not_named_as_the_one_complained_of(session, actors, call):
    ticket = call(kind="complaint")
    send(session, actors, ticket)
    with access.acting_as(actors["shift"]), pytest.raises(Invalid) as refusal:
        records.change(session, ticket, {"subject_unit": "综合科"}, ["subject_unit"], version=ticket.version)
    assert list(refusal.value.errors) == ["subject_unit"]


def test_an_order_is_returned_within_four_hours_of_its_issue(session, actors, call, at):
    at("2026-03-02 09:00")
    orders = [send(session, actors, call(kind="help"))[0] for _ in range(2)]
    why = {"ground": "not_ours", "reason": "不归我们", "proposed": "财务科"}
    at("2026-03-02 13:00")
    take(session, actors["user_a"], orders[0], "hand_back", **why)
    session.commit()
    with access.system():
        assert (orders[0].state, orders[0].proposed.name, orders[0].return_ground) == ("returned", "财务科", "not_ours")
    at("2026-03-02 13:01")
    with pytest.raises(StepRefused):
        take(session, actors["user_a"], orders[1], "hand_back", **why)


RETURN = {"ground": "not_ours", "reason": "不归我们", "proposed": "财务科"}


def sees(session, actor):
    """How many tickets and dispatch orders somebody sees."""
    with access.acting_as(actor):
        session.expire_all()
        return session.query(ServiceTicket).count(), session.query(DispatchOrder).count()


def replied(session, actors, order, answer="已修好"):
    """The unit's reply to an order, accepted by the hotline."""
    take(session, actors["head_a"], order, "sign")
    take(session, actors["head_a"], order, "feed_back", result="好了", answer=answer)
    take(session, actors["shift"], order, "accept")


def test_a_unit_that_returned_an_order_sees_the_caller_no_more(session, actors, order):
    ticket = order.ticket
    assert sees(session, actors["user_a"]) == (1, 1)
    take(session, actors["user_a"], order, "hand_back", **RETURN)
    assert sees(session, actors["user_a"]) == (0, 1)
    take(session, actors["shift"], order, "issue", department="财务科")
    assert (sees(session, actors["user_a"]), sees(session, actors["user_b"])) == ((0, 0), (1, 1))
    with access.system():
        assert ticket.department.name == "财务科"


def test_the_order_of_a_unit_that_helps_leaves_the_matter_with_the_desk(session, actors, call):
    ticket = call(kind="repair")
    with access.acting_as(actors["shift"]):
        helper = records.add(
            session, DispatchOrder,
            {"ticket": ticket.id, "department": "财务科", "requirement": "协助", "lead": "false"},
        )  # fmt: skip
    take(session, actors["shift"], helper, "issue")
    assert (helper.state, ticket.state, ticket.department) == ("issued", "open", None)


def test_a_draft_that_is_cancelled_leaves_the_ticket_its_department(session, actors, call):
    ticket = call(kind="repair", department="综合科")
    with access.acting_as(actors["desk"]):
        draft = records.add(
            session, DispatchOrder, {"ticket": ticket.id, "department": "综合科", "requirement": "修", "lead": "true"}
        )
    take(session, actors["shift"], draft, "cancel", reason="不派了")
    with access.system():
        assert (ticket.state, ticket.department.name) == ("open", "综合科")


def test_the_unit_complained_of_that_a_ticket_of_old_names_is_taken_off_when_an_order_goes_out(
    session, actors, complaint
):
    with access.system():
        complaint.department = complaint.subject_unit
        session.flush()
    with access.acting_as(actors["shift"]):
        helper = records.add(
            session, DispatchOrder,
            {"ticket": complaint.id, "department": "财务科", "requirement": "协助", "lead": "false"},
        )  # fmt: skip
    take(session, actors["shift"], helper, "issue")
    assert complaint.department is None


@pytest.mark.parametrize("name", ["综合科", "综合科档案室"])
def test_a_ticket_does_not_name_the_unit_complained_of_as_the_one_that_has_it(session, actors, complaint, name):
    with access.acting_as(actors["shift"]), pytest.raises(Invalid) as refusal:
        records.change(session, complaint, {"department": name}, ["department"], version=complaint.version)
    assert list(refusal.value.errors) == ["department"]


def test_a_ticket_is_not_registered_with_the_unit_complained_of_as_its_department(session, call):
    with pytest.raises(Invalid) as refusal:
        call(kind="complaint", subject_unit="综合科", department="综合科")
    assert list(refusal.value.errors) == ["department"]


def test_who_is_complained_of_may_be_put_right_together_with_the_department(session, actors, complaint):
    with access.acting_as(actors["shift"]):
        records.change(
            session, complaint, {"subject_unit": "财务科", "department": "综合科"}, ["subject_unit", "department"],
            version=complaint.version,
        )  # fmt: skip
    with access.system():
        assert (complaint.subject_unit.name, complaint.department.name) == ("财务科", "综合科")


@pytest.mark.parametrize("before", ["issued", "signed", "fed_back", "returned"])
def test_a_matter_whose_only_order_is_cancelled_is_the_desks_again(session, actors, call, at, before):
    at("2026-03-02 09:00")
    ticket = call(kind="repair")
    (order,) = send(session, actors, ticket)
    way = {"issued": [], "signed": [("sign", {})], "returned": [("hand_back", RETURN)],
           "fed_back": [("sign", {}), ("feed_back", {"result": "好了", "answer": "好了"})]}  # fmt: skip
    for step, answers in way[before]:
        take(session, actors["user_a"], order, step, **answers)
    at("2026-03-02 10:00")
    take(session, actors["shift"], order, "cancel", reason="派错")
    assert (order.state, ticket.state, ticket.department) == ("cancelled", "open", None)
    # The limit of the whole runs on from the receipt, the front desk has its four hours to do something about it.
    assert {stage: due for stage, (due, _first) in limits(session, ticket).items()} == {
        "parent": parse_moment("2026-03-05 09:00"), "front_desk": parse_moment("2026-03-02 14:00"),
    }  # fmt: skip
    assert sees(session, actors["user_a"]) == (0, 0)
    (again,) = [one for one in send(session, actors, ticket) if one.id != order.id]
    assert (again.state, ticket.state) == ("issued", "dispatched")


def test_the_leg_of_a_unit_that_was_relieved_is_not_counted(session, actors, order):
    take(session, actors["shift"], order, "cancel", reason="派错")
    assert [c.state for c in clocks_of(session, order.ticket) if c.stage == "unit"] == ["void"]


def test_cancelling_the_order_of_a_helper_leaves_the_ticket_with_the_unit_in_charge(session, actors, call):
    lead, helper = send(session, actors, call(kind="help"), others=["财务科"])
    take(session, actors["shift"], helper, "cancel", reason="不需要了")
    with access.system():
        assert (lead.state, lead.ticket.state, lead.ticket.department.name) == ("issued", "dispatched", "综合科")


def second_lead(session, actors, call, order):
    """Another order in charge beside this one, as a merged ticket brings it."""
    ticket = call(kind="repair")
    (other,) = send(session, actors, ticket, department="财务科")
    take(session, actors["shift"], ticket, "merge", target=order.ticket_id, because="matter", reason="同一处")
    return other


def test_when_the_remaining_units_have_replied_the_reply_is_in(session, actors, call):
    (order,) = send(session, actors, call(kind="repair"))
    other = second_lead(session, actors, call, order)
    ticket = order.ticket
    replied(session, actors, order)
    assert ticket.state == "dispatched"
    take(session, actors["shift"], other, "cancel", reason="不需要了")
    with access.system():
        assert (ticket.state, ticket.department.name) == ("reply_in", "综合科")


def test_where_one_of_two_units_in_charge_is_relieved_the_ticket_stays_with_the_other(session, actors, call):
    (order,) = send(session, actors, call(kind="repair"))
    second_lead(session, actors, call, order)
    take(session, actors["shift"], order, "cancel", reason="不需要了")
    with access.system():
        assert (order.ticket.state, order.ticket.department.name) == ("dispatched", "财务科")


@pytest.mark.parametrize("back", ["reopen", "rate"])
def test_a_matter_that_comes_back_goes_to_the_unit_again_and_is_answered_with_its_new_reply(
    session, actors, call, back
):
    ticket = call(kind="repair")
    (first,) = send(session, actors, ticket)
    replied(session, actors, first, answer="第一次已修")
    take(session, actors["desk"], ticket, "pass_on")
    if back == "reopen":
        take(session, actors["shift"], ticket, "reopen", reason="又坏了")
    else:
        with access.system():
            (owed,) = ticket.calls
        take(session, actors["shift"], owed, "rate", grade="dissatisfied", cause="handling")
    assert (ticket.state, first.state, ticket.episode) == ("reopened", "superseded", 2)
    second = send(session, actors, ticket)[-1]
    replied(session, actors, second, answer="第二次已换")
    assert ticket.state == "reply_in"
    take(session, actors["desk"], ticket, "pass_on")
    assert (ticket.answer, ticket.citation) == ("第二次已换", second.order_no)


def test_a_ticket_with_a_reply_set_aside_can_be_void(session, actors, call):
    ticket = call(kind="repair")
    (first,) = send(session, actors, ticket)
    replied(session, actors, first)
    take(session, actors["shift"], ticket, "send_again", reason="没有修")
    take(session, actors["shift"], ticket, "void", reason="误登")
    with access.system():
        assert [one.state for one in ticket.orders] == ["superseded", "cancelled"]
        entries = session.query(HistoryEntry).filter_by(kind="service_tickets", record_id=ticket.id, action="void")
        assert (ticket.state, entries.count()) == ("voided", 1)


MORE = {"until": "2026-03-03 15:00", "reason": "等配件", "ground": "办法第十二条"}


@pytest.fixture
def asked(session, actors, call, at):
    """An order whose unit asked at 10:00 for eight hours more than the 22 it has."""
    at("2026-03-02 09:00")
    (order,) = send(session, actors, call(kind="help"))
    take(session, actors["user_a"], order, "sign")
    at("2026-03-02 10:00")
    take(session, actors["user_a"], order, "ask_extension", **MORE)
    session.commit()
    return order


def limits(session, record):
    return {c.stage: (c.due_at, c.original_due_at) for c in clocks_of(session, record) if c.state == "running"}


def test_more_time_is_granted_when_the_caller_knows_and_both_limits_are_kept(session, actors, asked):
    with pytest.raises(StepRefused):
        take(session, actors["shift"], asked, "grant_extension")
    take(session, actors["shift"], asked, "grant_extension", informed=True)
    assert asked.state == "signed"
    assert limits(session, asked)["handling"] == (parse_moment("2026-03-03 15:00"), parse_moment("2026-03-03 07:00"))
    # The two hours of the hotline stay two hours.
    assert limits(session, asked.ticket)["parent"] == (
        parse_moment("2026-03-03 17:00"),
        parse_moment("2026-03-03 09:00"),
    )


def test_more_time_that_is_refused_changes_nothing(session, actors, asked):
    take(session, actors["shift"], asked, "refuse_extension", reason="配件已有")
    assert (asked.state, limits(session, asked)["handling"][0]) == ("signed", parse_moment("2026-03-03 07:00"))


def test_missed_stays_missed(session, actors, asked, at):
    at("2026-03-03 07:01")
    with pytest.raises(StepRefused):
        take(session, actors["shift"], asked, "grant_extension", informed=True)
    take(session, actors["shift"], asked, "refuse_extension", reason="已逾期")
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["user_a"], asked, "ask_extension", **MORE)


def test_the_head_of_the_unit_stands_behind_the_reply(session, actors, order):
    reply = {"result": "好了", "answer": "已修好"}
    take(session, actors["user_a"], order, "sign")
    take(session, actors["user_a"], order, "feed_back", **reply)
    session.commit()
    assert (order.state, order.fed_back_at) == ("confirming", None)
    with pytest.raises((StepRefused, NotAllowed)):
        take(session, actors["user_a"], order, "confirm_reply")
    take(session, actors["head_a"], order, "decline_reply", reason="没有写原因")
    assert order.state == "signed"
    take(session, actors["head_a"], order, "feed_back", **reply)
    assert order.state == "fed_back"


def test_the_reply_on_other_kinds_needs_no_head(session, actors, call):
    (order,) = send(session, actors, call(kind="repair"))
    take(session, actors["user_a"], order, "sign")
    take(session, actors["user_a"], order, "feed_back", result="好了", answer="已修好")
    assert order.state == "fed_back"


def test_a_reply_accepted_while_the_ticket_waits_for_the_caller_is_in_when_it_goes_on(session, actors, call):
    (order,) = send(session, actors, call(kind="repair"))
    take(session, actors["user_a"], order, "sign")
    take(session, actors["user_a"], order, "feed_back", result="好了", answer="已修好")
    until = (now() + timedelta(days=1)).isoformat()
    take(session, actors["desk"], order.ticket, "wait", waiting_for="details", until=until, reason="等门牌号")
    take(session, actors["shift"], order, "accept")
    assert (order.state, order.ticket.state) == ("accepted", "waiting")
    take(session, actors["desk"], order.ticket, "go_on")
    assert order.ticket.state == "reply_in"


def test_the_unit_shows_by_files_what_it_did(app, session, actors, order):
    session.commit()
    pk = order.id
    session.rollback()
    door = f"/files/dispatch_orders/{pk}"
    assert sign_in(app, "user_a").post(door, data={"file": (io.BytesIO(b"photo"), "a.txt")}).status_code == 302
    assert sign_in(app, "user_b").post(door, data={"file": (io.BytesIO(b"photo"), "a.txt")}).status_code == 404
