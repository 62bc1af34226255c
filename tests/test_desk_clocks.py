"""The desk's clocks: what starts, pauses and stops each (tickets-orders.md 4.3), legs within the whole, both schemes."""

import pytest

from app.engine import access
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.moments import parse_moment
from app.engine.report_answers import ask
from tests.factories import NOTES, take


def open_clocks(session, record):
    return {clock.stage: clock for clock in clocks_of(session, record) if clock.state in ("running", "paused")}


def due(session, record):
    return {stage: clock.due_at for stage, clock in open_clocks(session, record).items() if clock.state == "running"}


def outcomes(session, record):
    return {clock.stage: clock.state for clock in clocks_of(session, record)}


def dispatch(session, actors, ticket, **answers):
    notes = NOTES if ticket.kind == "help" else {}
    sent = {"department": "综合科", "requirement": "请办理", **notes, **answers}
    take(session, actors["shift"], ticket, "dispatch", **sent)
    with access.system():
        return ticket.orders[-1]


def test_v9_of_24_hours_for_help_the_unit_has_22(session, actors, call, at):
    at("2026-02-27 16:00")
    ticket = call(kind="help")
    order = dispatch(session, actors, ticket)
    assert due(session, order)["handling"] == parse_moment("2026-02-28 14:00")
    assert due(session, ticket)["parent"] == parse_moment("2026-02-28 16:00")


def test_v10_of_48_hours_for_an_enquiry_the_front_desk_has_4_and_the_reply_44_from_the_dispatch(
    session, actors, call, at
):
    at("2026-02-27 16:00")
    ticket = call()
    assert due(session, ticket) == {
        "front_desk": parse_moment("2026-02-27 20:00"), "parent": parse_moment("2026-03-01 16:00"),
    }  # fmt: skip
    at("2026-02-27 17:00")
    dispatch(session, actors, ticket)
    # Three unspent hours of the front desk are given to nobody.
    assert due(session, ticket) == {
        "parent": parse_moment("2026-03-01 16:00"), "reply": parse_moment("2026-03-01 13:00"),
    }  # fmt: skip
    assert outcomes(session, ticket)["front_desk"] == "met"


def test_a_leg_ends_with_the_whole_and_both_limits_are_kept(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    at("2026-03-02 12:30")
    order = dispatch(session, actors, ticket)
    leg = open_clocks(session, order)["handling"]
    assert (leg.due_at, leg.own_due_at) == (parse_moment("2026-03-03 09:00"), parse_moment("2026-03-03 10:30"))


def test_a_stated_limit_beyond_the_whole_is_clipped_too(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="complaint")
    order = dispatch(session, actors, ticket, limit="2026-03-08 09:00")
    assert due(session, order)["handling"] == due(session, ticket)["parent"] == parse_moment("2026-03-05 09:00")


@pytest.mark.parametrize(
    "limit, expected, hours",
    [("2026-03-03 08:59", "2026-03-03 07:00", 22), ("2026-12-01 09:00", "2026-03-03 07:00", 22),
     ("2026-03-02 19:00", "2026-03-02 19:00", 10)],
)  # fmt: skip
def test_a_stated_limit_never_takes_the_two_hours_of_the_hotline(session, actors, call, at, limit, expected, hours):
    """tickets-orders.md A31, A36: the unit feeds back within 22 hours at most, the hotline has two of the 24."""
    at("2026-03-02 09:00")
    order = dispatch(session, actors, call(kind="help"), limit=limit)
    assert due(session, order)["handling"] == parse_moment(expected)
    assert f"{hours}小时内" in order.reply_words
    assert order.limit_at in (None, parse_moment(expected))


def test_where_the_whole_is_late_already_a_leg_keeps_its_own_limit(session, actors, call, at):
    at("2026-03-04 09:00")
    order = dispatch(session, actors, call(kind="help", received_at="2026-03-02 09:00"))
    assert due(session, order)["handling"] == parse_moment("2026-03-05 07:00")


def test_while_the_ticket_waits_for_the_caller_the_order_stands_still(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    order = dispatch(session, actors, ticket)
    at("2026-03-02 10:00")
    take(session, actors["desk"], ticket, "wait", waiting_for="details", until="2026-03-05 18:00", reason="等门牌号")
    assert (order.due_at, open_clocks(session, order)["handling"].state) == (None, "paused")
    take(session, actors["user_a"], order, "sign")
    assert open_clocks(session, order)["handling"].state == "paused"
    at("2026-03-02 13:00")
    take(session, actors["desk"], ticket, "go_on")
    assert due(session, order)["handling"] == parse_moment("2026-03-03 10:00")
    assert due(session, ticket)["parent"] == parse_moment("2026-03-03 12:00")


def test_the_whole_stops_when_the_answer_is_given_and_not_when_the_ticket_is_closed(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call()
    at("2026-03-02 10:00")
    take(session, actors["desk"], ticket, "give_answer", answer="在一楼", referral="电话号码查询")
    at("2026-03-09 10:00")
    take(session, actors["desk"], ticket, "close", code="answered")
    assert outcomes(session, ticket) == {"parent": "met", "front_desk": "met"}


def test_the_two_hours_of_the_hotline_begin_when_the_reply_is_in(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    order = dispatch(session, actors, ticket)
    take(session, actors["head_a"], order, "sign")
    at("2026-03-02 15:00")
    take(session, actors["head_a"], order, "feed_back", result="好了", answer="好了")
    assert "hotline" not in open_clocks(session, ticket)
    at("2026-03-02 16:00")
    take(session, actors["shift"], order, "accept")
    assert due(session, ticket)["hotline"] == parse_moment("2026-03-02 18:00")
    assert (outcomes(session, ticket)["unit"], outcomes(session, order)["handling"]) == ("met", "met")


def test_an_unusable_reply_starts_a_new_leg_within_the_old_whole(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    order = dispatch(session, actors, ticket)
    take(session, actors["head_a"], order, "sign")
    take(session, actors["head_a"], order, "feed_back", result="好了", answer="好了")
    take(session, actors["shift"], order, "accept")
    at("2026-03-02 15:00")
    take(session, actors["shift"], ticket, "send_again", reason="来电人称没有修")
    with access.system():
        first, second = ticket.orders
    assert (ticket.state, first.state, second.state, second.department.name) == (
        "dispatched", "superseded", "issued", "综合科",
    )  # fmt: skip
    assert due(session, ticket)["parent"] == due(session, second)["handling"] == parse_moment("2026-03-03 09:00")
    assert outcomes(session, ticket)["hotline"] == "void"


def test_a_returned_order_runs_against_the_hotline_until_it_is_sent_out_anew(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    order = dispatch(session, actors, ticket)
    at("2026-03-02 11:00")
    take(session, actors["user_a"], order, "hand_back", ground="not_ours", reason="不归我们", proposed="财务科")
    assert due(session, order)["handling"] == due(session, ticket)["unit"] == parse_moment("2026-03-03 07:00")
    at("2026-03-02 11:30")
    take(session, actors["shift"], order, "issue", department="财务科")
    legs = [clock for clock in clocks_of(session, order) if clock.stage == "handling"]
    assert [leg.state for leg in legs] == ["void", "running"]
    assert (legs[1].due_at, legs[1].own_due_at) == (parse_moment("2026-03-03 09:00"), parse_moment("2026-03-03 09:30"))
    assert due(session, ticket)["unit"] == parse_moment("2026-03-03 07:00")


def test_who_was_not_contacted_is_not_counted_as_contacted_in_time(session, actors, call, at):
    """tickets-orders.md 3.2: the contact sub-clock stops at “Contacted”, and at nothing else."""
    at("2026-03-02 09:00")
    order = dispatch(session, actors, call(kind="help"))
    take(session, actors["head_a"], order, "sign")
    at("2026-03-02 10:00")
    take(session, actors["user_a"], order, "feed_back", result="好了", answer="好了")
    assert outcomes(session, order)["contact"] == "void"
    take(session, actors["head_a"], order, "confirm_reply")
    at("2026-03-02 15:00")
    take(session, actors["shift"], order, "rework", reason="请先联系来电人")
    assert due(session, order)["contact"] == parse_moment("2026-03-02 19:00")  # the unit is asked for it again
    take(session, actors["user_a"], order, "mark_contacted", how="电话")
    assert outcomes(session, order)["contact"] == "met"


@pytest.mark.parametrize(
    "signed, until, expected", [(False, "2026-03-02 11:00", "receipt"), (True, "2026-03-02 11:00", "contact")]
)
def test_an_order_handed_back_was_neither_received_nor_was_its_caller_contacted(
    session, actors, call, at, signed, until, expected
):
    at("2026-03-02 09:00")
    order = dispatch(session, actors, call(kind="help"))
    if signed:
        take(session, actors["user_a"], order, "sign")
    at(until)
    take(session, actors["user_a"], order, "hand_back", ground="not_ours", reason="不归我们")
    assert outcomes(session, order)[expected] == "void"
    take(session, actors["shift"], order, "issue", department="财务科")
    assert {"handling", "receipt"} == set(due(session, order))


def test_a_contact_that_was_late_when_the_reply_was_written_stays_missed(session, actors, call, at):
    at("2026-03-02 09:00")
    order = dispatch(session, actors, call(kind="help"))
    take(session, actors["head_a"], order, "sign")
    at("2026-03-02 13:01")
    take(session, actors["head_a"], order, "feed_back", result="好了", answer="好了")
    take(session, actors["shift"], order, "rework", reason="请先联系来电人")
    assert outcomes(session, order)["contact"] == "missed"


@pytest.mark.parametrize(
    "moment, front_desk, goal", [("2026-03-02 10:00", "void", (1, 0, 0)), ("2026-03-02 13:01", "missed", (1, 1, 0))]
)
def test_passing_on_an_opinion_is_no_answer_and_has_no_limit(session, actors, call, at, moment, front_desk, goal):
    """tickets-orders.md 3.1: no caller limit; 7.1: handled is what was answered or dispatched."""
    at("2026-03-02 09:00")
    ticket = call(kind="help", anonymous=True, anonymity_explained=True, phone="", contact_name="")
    at(moment)
    take(session, actors["desk"], ticket, "forward_opinion", department="综合科", reason="不愿透露联系方式")
    assert outcomes(session, ticket) == {"parent": "void", "front_desk": front_desk}
    session.commit()
    with access.system():
        (row,) = ask(session, "desk_goals", {"by": "kind"}).rows
        assert (row["received"], row["limited"], row["handled"]) == goal


def test_a_new_kind_counts_from_the_first_receipt_and_keeps_the_pauses_of_ticket_and_order(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="complaint")
    order = dispatch(session, actors, ticket)
    at("2026-03-02 10:00")
    take(session, actors["desk"], ticket, "wait", waiting_for="details", until="2026-03-05 18:00", reason="等门牌号")
    at("2026-03-02 12:00")
    take(session, actors["desk"], ticket, "go_on")
    take(session, actors["shift"], ticket, "reclassify", kind="help", reason="实为求助")
    assert due(session, ticket)["parent"] == parse_moment("2026-03-03 11:00")
    assert due(session, order)["handling"] == parse_moment("2026-03-03 09:00")


def test_praise_has_no_limit_until_it_turns_out_to_be_an_opinion(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="feedback", sub_kind="praise")
    assert due(session, ticket) == {}
    at("2026-03-02 10:00")
    session.commit()
    with access.acting_as(actors["desk"]):
        records.change(session, ticket, {"sub_kind": "opinion"}, ["sub_kind"], version=ticket.version)
    assert due(session, ticket)["parent"] == parse_moment("2026-03-09 18:00")


def test_what_came_in_writing_is_acknowledged_within_a_working_day(session, actors, call, at):
    at("2026-03-06 16:00")
    ticket = call(channel="email")
    assert due(session, ticket)["acknowledgement"] == parse_moment("2026-03-09 18:00")
    dispatch(session, actors, ticket)
    at("2026-03-09 10:00")
    take(session, actors["desk"], ticket, "acknowledge")
    assert outcomes(session, ticket)["acknowledgement"] == "met"
    assert "acknowledgement" not in due(session, call())


@pytest.mark.parametrize(
    "step, answers",
    [
        ("promise", {"at": "2026-03-10 09:00"}),
        ("wait", {"waiting_for": "details", "until": "2026-03-10 09:00", "reason": "等门牌号"}),
    ],
)
def test_what_came_in_writing_is_not_acknowledged_before_the_caller_has_been_told(
    session, actors, call, at, step, answers
):
    at("2026-03-06 16:00")
    ticket = call(channel="email")
    take(session, actors["desk"], ticket, step, **answers)
    assert due(session, ticket)["acknowledgement"] == parse_moment("2026-03-09 18:00")
    at("2026-03-09 18:01")
    take(session, actors["desk"], ticket, "acknowledge")
    assert outcomes(session, ticket)["acknowledgement"] == "missed"


def test_an_answer_tells_the_caller_that_the_letter_has_come_in(session, actors, call, at):
    at("2026-03-06 16:00")
    ticket = call(channel="letter")
    take(session, actors["desk"], ticket, "give_answer", answer="在一楼", referral="电话号码查询")
    take(session, actors["desk"], ticket, "reopen", reason="又来信")
    assert outcomes(session, ticket)["acknowledgement"] == "met"
    assert "acknowledgement" not in due(session, ticket)


def test_who_cannot_be_told_that_it_has_come_in_is_not_counted_as_told(session, actors, call, at):
    at("2026-03-06 16:00")
    ticket = call(channel="letter", phone="", anonymity_explained=True)
    take(session, actors["desk"], ticket, "forward_opinion", department="综合科", reason="没有联系方式")
    assert outcomes(session, ticket)["acknowledgement"] == "void"


def test_waiting_for_the_caller_pauses_the_whole_and_the_legs_after_dispatch_alone(session, actors, call, at):
    """tickets-orders.md 4.3: the caller's limit, the reply and the unit stand still; desk and promise run on."""
    at("2026-03-02 09:00")
    promised, sent = call(), call(kind="help")
    take(session, actors["desk"], promised, "promise", at="2026-03-02 11:00")
    dispatch(session, actors, sent)
    for ticket in (promised, sent):
        take(session, actors["desk"], ticket, "wait", waiting_for="details", until="2026-03-03 09:00", reason="等")
    states = [{stage: clock.state for stage, clock in open_clocks(session, one).items()} for one in (promised, sent)]
    assert states == [
        {"parent": "paused", "front_desk": "running", "promise": "running"}, {"parent": "paused", "unit": "paused"}
    ]  # fmt: skip
    assert promised.due_at == parse_moment("2026-03-02 11:00")


@pytest.mark.parametrize(
    "scheme, pressing, expected",
    [
        ("hotline", True, "2026-03-07 16:00"), ("hotline", False, "2026-03-09 16:00"),
        ("property_desk", True, "2026-03-09 16:30"), ("property_desk", False, "2026-03-11 18:00"),
    ],
)  # fmt: skip
def test_the_hotline_counts_by_the_wall_clock_and_the_property_desk_by_its_hours(
    session, call, at, scheme, pressing, expected
):
    """Friday 16:00: two working hours are left of the day, the office is shut from noon to 13:30 on Monday."""
    at("2026-03-06 16:00")
    ticket = call(kind="repair", scheme=scheme, pressing=pressing)
    assert due(session, ticket)["parent"] == parse_moment(expected)


def test_a_repair_that_becomes_pressing_counts_from_its_receipt(session, actors, call, at):
    at("2026-03-06 16:00")
    ticket = call(kind="repair")
    session.commit()
    at("2026-03-06 17:00")
    with access.acting_as(actors["desk"]):
        records.change(session, ticket, {"pressing": "true"}, ["pressing"], version=ticket.version)
    assert due(session, ticket)["parent"] == parse_moment("2026-03-07 16:00")


def test_the_order_for_a_pressing_repair_is_pressing_too(session, actors, call, at):
    """Twenty hours of the caller's twenty-four (seed/rules.py); an ordinary one has sixty-six of seventy-two."""
    at("2026-03-06 16:00")
    orders = [dispatch(session, actors, call(kind="repair", pressing=pressing)) for pressing in (True, False)]
    expected = [parse_moment(text) for text in ("2026-03-07 12:00", "2026-03-09 10:00")]
    assert [due(session, order)["handling"] for order in orders] == expected


def test_an_emergency_waits_for_no_opening(session, actors, call, at):
    at("2026-03-07 03:00")
    ticket = call(kind="emergency", scheme="property_desk")
    assert due(session, ticket) == {
        "front_desk": parse_moment("2026-03-07 03:15"), "parent": parse_moment("2026-03-07 05:00"),
    }  # fmt: skip
    order = dispatch(session, actors, ticket)
    assert due(session, order)["receipt"] == parse_moment("2026-03-07 03:15")
