"""Waiting for the caller, reopening, handing over: what becomes of the limits and who is responsible."""

from datetime import timedelta

import pytest
from alembic import command
from sqlalchemy import select

from app.cli import migrate, migrations
from app.engine import access
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.moments import parse_moment
from app.engine.refusals import Invalid, StepRefused
from app.extensions import db
from models.episodes import Figures, figures, whole_life
from models.notices import Notice, open_notices, words_of
from models.sweeping import sweep
from models.tickets import ServiceTicket
from tests.factories import NOTES, take

SEND = {"department": "综合科", "requirement": "请修理", **NOTES}
WAIT = {"waiting_for": "details", "reason": "等门牌号"}


def due(session, record):
    return {clock.stage: clock.due_at for clock in clocks_of(session, record) if clock.state == "running"}


def order_of(ticket):
    with access.system():
        return ticket.orders[-1]


def told(session, actor):
    with access.acting_as(actor):
        return [notice.key for notice in session.scalars(select(Notice).order_by(Notice.id))]


@pytest.mark.parametrize(
    "before, step, answers, running",
    [
        ("open", None, {}, {"front_desk"}),
        ("appointment", "promise", {"at": "2026-03-06 09:00"}, {"front_desk", "promise"}),
        ("dispatched", "dispatch", SEND, set()),
    ],
)
def test_after_the_wait_it_goes_on_where_it_stood(session, actors, call, at, before, step, answers, running):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    if step:
        take(session, actors["shift"], ticket, step, **answers)
    take(session, actors["shift"], ticket, "wait", until="2026-03-03 09:00", **WAIT)
    assert (ticket.state, set(due(session, ticket))) == ("waiting", running)
    take(session, actors["shift"], ticket, "go_on")
    assert ticket.state == before


def test_a_promise_kept_while_the_ticket_waits_was_kept_in_time(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call()
    take(session, actors["desk"], ticket, "promise", at="2026-03-02 11:00")
    take(session, actors["desk"], ticket, "wait", until="2026-03-03 09:00", **WAIT)
    with access.system():
        (owed,) = ticket.calls
    at("2026-03-02 10:00")
    take(session, actors["desk"], owed, "keep")
    at("2026-03-02 12:00")
    take(session, actors["desk"], ticket, "go_on")
    promised = [clock.state for clock in clocks_of(session, ticket) if clock.stage == "promise"]
    assert (ticket.state, promised) == ("open", ["met"])


def test_a_ticket_that_got_an_order_while_it_waited_goes_on_with_its_unit(session, actors, call, at):
    at("2026-03-02 09:00")
    target, ticket = call(kind="repair"), call(kind="repair")
    sent = {"department": "综合科", "requirement": "请修理"}
    take(session, actors["shift"], ticket, "dispatch", **sent)
    take(session, actors["shift"], target, "wait", until="2026-03-03 09:00", **WAIT)
    take(session, actors["shift"], ticket, "merge", target=target.id, because="matter", reason="同一处")
    take(session, actors["shift"], target, "go_on")
    assert target.state == "dispatched"


def test_a_ticket_whose_state_before_the_wait_is_not_known_goes_by_its_orders(session, actors, call, at):
    at("2026-03-02 09:00")
    with_unit, at_desk = call(kind="help"), call(kind="help")
    take(session, actors["shift"], with_unit, "dispatch", **SEND)
    for ticket in (with_unit, at_desk):
        take(session, actors["shift"], ticket, "wait", until="2026-03-03 09:00", **WAIT)
        with access.system():
            ticket.waited_in = None
            session.flush()
        take(session, actors["shift"], ticket, "go_on")
    assert (with_unit.state, at_desk.state) == ("dispatched", "open")


def test_a_ticket_whose_order_was_cancelled_while_it_waited_goes_on_at_the_desk(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    take(session, actors["shift"], ticket, "dispatch", **SEND)
    take(session, actors["shift"], ticket, "wait", until="2026-03-03 09:00", **WAIT)
    take(session, actors["shift"], order_of(ticket), "cancel", reason="派错")
    take(session, actors["shift"], ticket, "go_on")
    assert (ticket.state, ticket.department) == ("open", None)


def test_the_orders_of_a_waiting_ticket_stand_still_with_it(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    take(session, actors["shift"], ticket, "dispatch", **SEND)
    order = order_of(ticket)
    at("2026-03-02 11:00")
    take(session, actors["shift"], ticket, "wait", until="2026-03-03 11:00", **WAIT)
    assert due(session, order) == {}
    take(session, actors["user_a"], order, "sign")  # the unit may go on, its time does not
    assert due(session, order) == {}
    at("2026-03-03 11:00")
    take(session, actors["shift"], ticket, "go_on")
    assert due(session, order)["handling"] == parse_moment("2026-03-03 11:00") + timedelta(hours=20)
    assert due(session, ticket)["parent"] == parse_moment("2026-03-03 11:00") + timedelta(hours=22)


def test_a_reply_that_came_in_during_the_wait_is_found_after_it(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    take(session, actors["shift"], ticket, "dispatch", **SEND)
    order = order_of(ticket)
    take(session, actors["shift"], ticket, "wait", until="2026-03-03 09:00", **WAIT)
    take(session, actors["user_a"], order, "sign")
    take(session, actors["user_a"], order, "feed_back", result="好了", answer="好了")
    take(session, actors["head_a"], order, "confirm_reply")
    take(session, actors["shift"], order, "accept")
    take(session, actors["shift"], ticket, "go_on")
    assert ticket.state == "reply_in"


def test_a_ticket_waits_twice_and_no_more(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call()
    for _time in range(2):
        take(session, actors["desk"], ticket, "wait", until="2026-03-03 09:00", **WAIT)
        take(session, actors["desk"], ticket, "go_on")
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "wait", until="2026-03-03 09:00", **WAIT)


@pytest.mark.parametrize("until", ["2026-03-02 08:00", "2026-03-07 09:01"])
def test_a_ticket_waits_neither_into_the_past_nor_longer_than_five_days(session, actors, call, at, until):
    at("2026-03-02 09:00")
    with pytest.raises(StepRefused):
        take(session, actors["desk"], call(), "wait", until=until, **WAIT)


def test_pausing_and_going_on_at_the_same_instant_changes_nothing(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call()
    before = due(session, ticket)
    take(session, actors["desk"], ticket, "wait", until="2026-03-03 09:00", **WAIT)
    take(session, actors["desk"], ticket, "go_on")
    assert due(session, ticket) == before


def test_one_long_wait_and_two_short_ones_leave_the_same_time(session, actors, call, at):
    at("2026-03-02 09:00")
    long, short = call(), call()
    for moment, waiting in (
        ("2026-03-02 10:00", (long, short)), ("2026-03-02 12:00", (short,)), ("2026-03-02 12:00", (short,)),
        ("2026-03-02 14:00", (long, short)),
    ):  # fmt: skip
        at(moment)
        for ticket in waiting:
            step = "go_on" if ticket.state == "waiting" else "wait"
            take(session, actors["desk"], ticket, step, **({} if step == "go_on" else {"until": "2026-03-03", **WAIT}))
    assert due(session, long) == due(session, short)
    assert due(session, long)["parent"] == parse_moment("2026-03-04 13:00")


def test_the_sweep_ends_the_wait_at_its_moment_and_tells_who_is_responsible(session, actors, call, clock):
    ticket = call()
    take(session, actors["desk"], ticket, "wait", until="2026-03-02 10:30", **WAIT)
    session.commit()
    clock.moment = parse_moment("2026-03-02 10:29")
    clock.ahead()
    sweep(session)
    with access.system():
        session.refresh(ticket)
        assert ticket.state == "waiting"
    clock.ahead(minutes=1)
    sweep(session)
    with access.system():
        session.refresh(ticket)
        assert (ticket.state, ticket.wake_at) == ("open", None)
    assert told(session, actors["desk"]) == ["resumed"]


def test_a_reopened_round_gives_the_unit_half_of_its_limit(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="help")
    take(session, actors["desk"], ticket, "give_answer", answer="请拨物业电话", referral="电话号码查询")
    at("2026-03-03 09:00")
    take(session, actors["shift"], ticket, "reopen", reason="没人来")
    take(session, actors["shift"], ticket, "dispatch", **SEND)
    assert due(session, ticket)["unit"] == parse_moment("2026-03-03 20:00")
    assert due(session, order_of(ticket))["handling"] == parse_moment("2026-03-03 20:00")
    assert due(session, ticket)["parent"] == parse_moment("2026-03-04 09:00")


def test_a_house_of_the_version_before_keeps_its_rounds_and_sets_their_replies_aside(app, session, actors, call):
    ticket, _plain = call(kind="repair"), call()
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请修理")
    order = order_of(ticket)
    take(session, actors["head_a"], order, "sign")
    take(session, actors["head_a"], order, "feed_back", result="好了", answer="好了")
    take(session, actors["shift"], order, "accept")
    take(session, actors["desk"], ticket, "pass_on")
    take(session, actors["shift"], ticket, "reopen", reason="又坏了")
    session.commit()
    session.remove()
    db.engine.dispose()
    command.downgrade(migrations(app), "0005")
    migrate(app)
    with access.system():
        tickets = session.scalars(select(ServiceTicket).order_by(ServiceTicket.id)).all()
        assert [(one.state, one.episode) for one in tickets] == [("reopened", 2), ("open", 1)]
        assert order_of(tickets[0]).state == "superseded"


def test_after_seven_days_a_new_ticket_is_made_that_goes_back_to_the_old_one(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call()
    take(session, actors["desk"], ticket, "give_answer", answer="在一楼", referral="电话号码查询")
    take(session, actors["desk"], ticket, "close", code="answered")
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "register_anew", content="仍未解决", channel="phone")
    at("2026-03-09 09:01")
    with pytest.raises(StepRefused):
        take(session, actors["shift"], ticket, "reopen", reason="又来电")
    take(session, actors["desk"], ticket, "register_anew", content="仍未解决", channel="phone")
    with access.system():
        anew = session.scalars(select(ServiceTicket).where(ServiceTicket.reopens_id == ticket.id)).one()
    assert (ticket.state, anew.state, anew.phone, anew.content) == ("closed", "open", ticket.phone, "仍未解决")
    assert (anew.taker.name, anew.received_at) == ("王芳", parse_moment("2026-03-09 09:01"))


def test_who_reported_wrongdoing_stays_under_seal_in_the_new_ticket(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="report")
    take(session, actors["desk"], ticket, "give_answer", answer="已受理", referral="电话号码查询")
    take(session, actors["officer"], ticket, "close", code="answered")
    at("2026-04-02 09:00")
    take(session, actors["shift"], ticket, "register_anew", content="又有新情况", channel="phone")
    with access.system():
        anew = session.scalars(select(ServiceTicket).where(ServiceTicket.reopens_id == ticket.id)).one()
        assert (anew.phone, anew.contact_name, [one.phone for one in anew.identities]) == (None, None, ["13812345678"])


@pytest.mark.parametrize("kind", ["consult", "report"])
def test_who_wrote_by_e_mail_is_known_by_it_in_the_new_ticket(session, actors, call, at, kind):
    at("2026-03-02 09:00")
    ticket = call(kind=kind, channel="email", phone="", contact_name="", email="qian@example.com")
    take(session, actors["desk"], ticket, "give_answer", answer="已受理", referral="电话号码查询")
    take(session, actors["cs_manager"], ticket, "close", code="answered")
    at("2026-04-02 09:00")
    take(session, actors["shift"], ticket, "register_anew", content="又有新情况", channel="email")
    with access.system():
        anew = session.scalars(select(ServiceTicket).where(ServiceTicket.reopens_id == ticket.id)).one()
        known = (anew.email, [one.email for one in anew.identities])
    assert known == (("qian@example.com", []) if kind == "consult" else (None, ["qian@example.com"]))


def test_a_second_reopening_is_told_to_the_manager_without_the_callers_words(session, actors, call):
    ticket = call(kind="consult", subject="一楼窗口")
    for _round in range(2):
        take(session, actors["desk"], ticket, "give_answer", answer="在一楼", referral="电话号码查询")
        assert told(session, actors["cs_manager"]) == []
        take(session, actors["shift"], ticket, "reopen", reason="又来电")
    assert (ticket.episode, told(session, actors["cs_manager"])) == (3, ["reopened"])
    with access.acting_as(actors["cs_manager"]):
        assert ticket.ticket_no in words_of(*open_notices(session)[0])


def test_the_time_it_was_closed_is_no_part_of_its_life(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call()
    at("2026-03-02 11:00")
    take(session, actors["desk"], ticket, "give_answer", answer="在一楼", referral="电话号码查询")
    take(session, actors["desk"], ticket, "close", code="answered")
    at("2026-03-03 10:00")
    take(session, actors["shift"], ticket, "reopen", reason="又来电")
    at("2026-03-03 11:00")
    take(session, actors["desk"], ticket, "give_answer", answer="在二楼", referral="电话号码查询")
    assert whole_life(session, ticket) == timedelta(minutes=180)


def test_on_time_the_first_time_and_on_time_every_time_are_two_figures(session, actors, call, at):
    at("2026-03-02 09:00")
    good, late, back = call(), call(), call()
    for ticket in (good, back):
        take(session, actors["desk"], ticket, "give_answer", answer="在一楼", referral="电话号码查询")
    take(session, actors["shift"], back, "reopen", reason="又来电")
    at("2026-03-05 09:00")
    for ticket in (late, back):
        take(session, actors["desk"], ticket, "give_answer", answer="在二楼", referral="电话号码查询")
    unjudged = call()
    found = figures(session, [one.id for one in (good, late, back, unjudged)])
    assert found == Figures(judged=3, first_time=2, every_time=1)


@pytest.mark.parametrize("more", [{}, {"reason": "条件不符"}, {"alternative": "可申请临时证"}])
def test_what_is_not_possible_is_closed_with_its_reason_and_something_offered_instead(session, actors, call, more):
    ticket = call()
    take(session, actors["desk"], ticket, "give_answer", answer="抱歉，不能办理", referral="电话号码查询")
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "close", code="not_possible", **more)
    take(
        session, actors["desk"], ticket, "close", code="not_possible", reason="条件不符", alternative="可申请临时证",
        nonconforming=True,
    )  # fmt: skip
    assert (ticket.outcome, ticket.alternative, ticket.nonconforming) == ("条件不符", "可申请临时证", True)


def test_a_hand_over_is_an_offer_until_it_is_accepted(session, actors, call):
    ticket = call()
    take(session, actors["desk"], ticket, "hand_over", taker="陈刚", reason="换班")
    assert (ticket.taker.name, ticket.offered_to.name) == ("王芳", "陈刚")
    with access.system():
        for who in ("desk", "shift"):
            mine = select(ServiceTicket).where(ServiceTicket.waits_for(actors[who]))
            assert session.scalars(mine).all() == [ticket], who
    assert told(session, actors["shift"]) == ["offered"]
    with pytest.raises(StepRefused):
        take(session, actors["cs_manager"], ticket, "accept_offer")
    take(session, actors["shift"], ticket, "accept_offer")
    assert (ticket.taker.name, ticket.offered_to, told(session, actors["desk"])) == ("陈刚", None, ["taken_on"])


def test_a_declined_or_withdrawn_offer_leaves_the_ticket_where_it_is(session, actors, call):
    ticket = call()
    take(session, actors["desk"], ticket, "hand_over", taker="陈刚", reason="换班")
    take(session, actors["shift"], ticket, "decline_offer", reason="正在接待")
    assert (ticket.taker.name, ticket.offered_to, told(session, actors["desk"])) == ("王芳", None, ["declined"])
    take(session, actors["desk"], ticket, "hand_over", taker="陈刚", reason="换班")
    take(session, actors["desk"], ticket, "withdraw_offer")
    assert (ticket.taker.name, ticket.offered_to) == ("王芳", None)


@pytest.mark.parametrize(
    "step, answers",
    [
        ("give_answer", {"answer": "在一楼", "referral": "电话号码查询"}),
        ("void", {"reason": "误登"}),
        ("forward_opinion", {"department": "综合科", "reason": "不愿透露"}),
    ],
)
def test_an_open_offer_ends_with_the_work_on_the_ticket(session, actors, call, step, answers):
    ticket = call(phone="", contact_name="", anonymous=True, anonymity_explained=True)
    take(session, actors["desk"], ticket, "hand_over", taker="陈刚", reason="换班")
    take(session, actors["shift"], ticket, step, **answers)
    with access.system():
        waiting = session.scalars(select(ServiceTicket).where(ServiceTicket.waits_for(actors["shift"]))).all()
    assert (ticket.taker.name, ticket.offered_to, waiting) == ("王芳", None, [])


def test_an_offer_of_old_waits_for_nobody_once_the_ticket_is_over(session, actors, call):
    ticket = call()
    take(session, actors["desk"], ticket, "give_answer", answer="在一楼", referral="电话号码查询")
    take(session, actors["desk"], ticket, "close", code="answered")
    with access.system():
        ticket.offered_to_id = actors["shift"].own_person_id
        session.flush()
        assert session.scalars(select(ServiceTicket).where(ServiceTicket.waits_for(actors["shift"]))).all() == []


def test_whoever_takes_calls_reopens_a_ticket_whose_caller_is_back(session, actors, call):
    ticket = call()
    take(session, actors["desk"], ticket, "give_answer", answer="在一楼", referral="电话号码查询")
    take(session, actors["desk"], ticket, "close", code="answered")
    take(session, actors["desk"], ticket, "reopen", reason="又来电")
    assert (ticket.state, ticket.episode) == ("reopened", 2)


@pytest.mark.parametrize("name", ["王芳", "张小明"])
def test_a_ticket_is_offered_to_nobody_who_has_it_or_cannot_take_it(session, actors, call, name):
    ticket = call()
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "hand_over", taker=name, reason="换班")


def test_the_first_responsible_never_changes_by_editing(session, actors, call):
    ticket = call()
    session.commit()
    with access.acting_as(actors["desk"]), pytest.raises(Invalid) as refusal:
        records.change(session, ticket, {"taker": "陈刚"}, ["taker"], version=ticket.version)
    assert list(refusal.value.errors) == ["taker"]
