"""Merging: one ticket goes on for two, is counted once, and both callers get the answer; never a report."""

import pytest
from flask_babel import gettext
from sqlalchemy import select

from app.engine import access
from app.engine.clocks import clocks_of
from app.engine.history import HistoryEntry
from app.engine.refusals import NotAllowed, StepRefused
from models.calls import CallOwed
from models.merging import repeats
from models.tickets import ServiceTicket
from tests.conftest import sign_in
from tests.factories import NOTES, take

SEND = {"department": "综合科", "requirement": "请修理", **NOTES}
INTO = {"because": "matter", "reason": "同一处停水"}


def merge(session, actors, ticket, target, **more):
    take(session, actors["shift"], ticket, "merge", target=target.id, **{**INTO, **more})


def test_a_merged_ticket_is_over_and_counted_no_more(session, actors, call):
    target, ticket = call(), call(phone="13900000000")
    merge(session, actors, ticket, target)
    assert (ticket.state, ticket.merged_into) == ("merged", target)
    assert {clock.state for clock in clocks_of(session, ticket)} == {"void"}
    with access.system():
        counted = [name for name, state in ServiceTicket.flow.states.items() if not state.uncounted]
        assert session.query(ServiceTicket).filter(ServiceTicket.state.in_(counted)).all() == [target]


@pytest.mark.parametrize("first, second", [("report", "consult"), ("consult", "report"), ("report", "report")])
def test_a_report_of_wrongdoing_is_merged_with_nothing(session, actors, call, first, second):
    ticket, target = call(kind=first), call(kind=second)
    with pytest.raises(StepRefused):
        merge(session, actors, ticket, target)


def test_only_the_shift_leader_merges_and_only_into_another_open_ticket(session, actors, call):
    target, ticket = call(), call()
    session.commit()
    with pytest.raises(NotAllowed):
        take(session, actors["desk"], ticket, "merge", target=target.id, **INTO)
    with pytest.raises(StepRefused):
        merge(session, actors, ticket, ticket)
    take(session, actors["desk"], target, "give_answer", answer="在一楼", referral="电话号码查询")
    session.commit()
    with pytest.raises(StepRefused):
        merge(session, actors, ticket, target)


def test_the_same_caller_has_the_same_number_or_name(session, actors, call):
    target, ticket = call(), call(phone="13900000000", contact_name="孙先生")
    session.commit()
    with pytest.raises(StepRefused):
        merge(session, actors, ticket, target, because="caller")
    merge(session, actors, ticket, target)
    assert ticket.state == "merged"


def test_the_caller_of_the_merged_ticket_is_owed_the_answer_too(session, actors, call):
    target, ticket = call(), call(phone="13900000000", contact_name="孙先生")
    take(session, actors["desk"], ticket, "promise", at="2199-01-01 09:00")
    merge(session, actors, ticket, target)
    with access.system():
        owed = session.scalars(select(CallOwed).order_by(CallOwed.id)).all()
    assert [(one.kind, one.ticket, one.phone, one.state) for one in owed] == [
        ("promise", target, "13900000000", "owed"), ("news", target, "13900000000", "owed")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "values, told",
    [
        ({"channel": "email", "phone": "", "email": "c@example.org", "contact_name": "丙"}, ("丙", None)),
        ({"channel": "email", "phone": "", "email": "c@example.org", "contact_name": ""}, (None, None)),
        ({"confidential": True}, (None, None)),
        ({"channel": "email", "phone": "", "email": "a@example.org"}, None),
        ({"phone": ""}, None),
    ],
)
def test_a_caller_without_a_plain_number_is_owed_the_answer_too(session, actors, call, values, told):
    """Whoever can be told is told: by e-mail, or by the officer who knows the name; a name alone reaches nobody."""
    target, ticket = call(email="a@example.org"), call(**values)
    merge(session, actors, ticket, target)
    with access.system():
        owed = session.scalars(select(CallOwed)).all()
    expected = [] if told is None else [(told[0] or gettext("Caller of %(ticket)s", ticket=ticket.ticket_no), told[1])]
    assert [(one.contact_name, one.phone) for one in owed] == expected
    assert all(one.kind == "news" and ticket.ticket_no in one.words for one in owed)


def test_orders_go_over_and_the_other_ticket_waits_for_their_reply(session, actors, call):
    target, ticket = call(kind="help"), call(kind="help")
    take(session, actors["shift"], ticket, "dispatch", **SEND)
    with access.system():
        (order,) = ticket.orders
    merge(session, actors, ticket, target)
    assert (order.ticket, order.state, target.state) == (target, "issued", "dispatched")
    take(session, actors["user_a"], order, "sign")
    take(session, actors["user_a"], order, "feed_back", result="好了", answer="好了")
    take(session, actors["head_a"], order, "confirm_reply")
    take(session, actors["shift"], order, "accept")
    assert target.state == "reply_in"


def test_a_unit_that_has_the_matter_already_is_not_asked_twice(session, actors, call):
    target, ticket = call(kind="help"), call(kind="help")
    for one in (target, ticket):
        take(session, actors["shift"], one, "dispatch", **SEND)
    with access.system():
        (kept,), (doubled,) = target.orders, ticket.orders
    merge(session, actors, ticket, target)
    assert (kept.state, doubled.state, doubled.ticket) == ("issued", "cancelled", ticket)


def test_an_order_does_not_go_over_to_a_complaint_of_its_own_unit(session, actors, call):
    target, ticket = call(kind="complaint", subject_unit="综合科"), call(kind="complaint")
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请核实")
    with access.system():
        (order,) = ticket.orders
    merge(session, actors, ticket, target)
    assert (order.state, order.ticket, target.state) == ("cancelled", ticket, "open")
    with access.acting_as(actors["user_a"]):
        assert session.query(ServiceTicket).all() == []
    with access.system():
        entry = session.scalars(
            select(HistoryEntry)
            .where(HistoryEntry.kind == "dispatch_orders", HistoryEntry.record_id == order.id)
            .order_by(HistoryEntry.position.desc())
        ).first()
    assert entry.reason == INTO["reason"]


def test_the_order_of_a_helper_that_goes_over_leaves_the_other_ticket_with_the_desk(session, actors, call):
    target, ticket = call(kind="repair"), call(kind="repair")
    sent = {"department": "综合科", "requirement": "请修理", "others": ["财务科"]}
    take(session, actors["shift"], ticket, "dispatch", **sent)
    with access.system():
        lead, helper = ticket.orders
    take(session, actors["shift"], lead, "cancel", reason="派错")
    merge(session, actors, ticket, target)
    assert (helper.ticket, target.state) == (target, "open")


def test_a_ticket_with_a_reply_set_aside_can_be_merged(session, actors, call):
    target, ticket = call(kind="repair"), call(kind="repair")
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请修理")
    with access.system():
        (order,) = ticket.orders
    take(session, actors["head_a"], order, "sign")
    take(session, actors["head_a"], order, "feed_back", result="好了", answer="好了")
    take(session, actors["shift"], order, "accept")
    take(session, actors["shift"], ticket, "send_again", reason="没有修")
    merge(session, actors, ticket, target)
    with access.system():
        assert ([one.state for one in ticket.orders], [one.state for one in target.orders]) == (
            ["superseded"], ["issued"],
        )  # fmt: skip


def test_repeats_are_found_by_number_or_by_place_and_kind_and_never_among_reports(session, actors, call, at):
    at("2026-03-02 09:00")
    first = call(kind="help", place="二单元")
    call(kind="report", place="二单元")
    other = call(kind="help", place="三单元", phone="13900000000")
    at("2026-03-08 09:00")
    again = call(kind="consult", place="一单元")
    there = call(kind="help", place="二单元", phone="13700000000")
    report = call(kind="report", place="二单元")
    at("2026-03-09 09:01")
    later = call(kind="help", place="二单元")
    with access.acting_as(actors["desk"]):
        assert repeats(session, again) == [later, first]
        assert repeats(session, there) == [later, first]
        assert repeats(session, later) == [there, again]
        assert repeats(session, other) == repeats(session, report) == []


def test_the_pages_name_the_double_and_where_it_went(app, session, actors, call):
    target, ticket = call(), call()
    session.commit()
    browser = sign_in(app, "shift")
    assert target.ticket_no in browser.get(f"/serviceticketview/show/{ticket.id}").text
    merge(session, actors, ticket, target)
    session.commit()
    assert f"/serviceticketview/show/{target.id}" in browser.get(f"/serviceticketview/show/{ticket.id}").text
