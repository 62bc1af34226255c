"""Dispatch orders: the three notes, the way through the unit and back, who sees what."""

import pytest

from app.engine import access
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.moments import parse_moment
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from models.dispatch import DispatchOrder
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
