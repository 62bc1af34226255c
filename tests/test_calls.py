"""Calls owed: callbacks after an answer, promised calls, messages for a colleague, and the rating they bring."""

import pytest
from sqlalchemy import select

from app.engine import access
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.moments import local, parse_moment
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from app.engine.rules import Rule
from models.calls import CallAttempt, CallOwed
from models.people import Person
from tests.conftest import sign_in
from tests.factories import NOTES, take


def call_of(session, ticket, kind="callback"):
    """The latest call of a kind owed about a ticket."""
    with access.system():
        query = select(CallOwed).where(CallOwed.ticket_id == ticket.id, CallOwed.kind == kind)
        return session.scalars(query.order_by(CallOwed.id.desc())).first()


def person(session, name):
    with access.system():
        return session.scalars(select(Person).where(Person.name == name)).one()


@pytest.fixture
def answered(session, actors, call):
    """`answered(kind="help")`: a ticket the desk has answered, and the callback it owes."""

    def made(**values):
        ticket = call(**{"kind": "help", **values})
        take(session, actors["desk"], ticket, "give_answer", answer="已修复", referral="电话号码查询")
        session.commit()
        return ticket, call_of(session, ticket)

    return made


@pytest.mark.parametrize("kind", ["complaint", "help", "repair", "paid_service"])
def test_the_answer_to_some_kinds_is_followed_by_a_callback_the_next_working_day(answered, at, kind):
    at("2026-03-06 10:00")  # a Friday
    ticket, owed = answered(kind=kind)
    assert (ticket.state, ticket.due_at) == ("callback_due", None)
    assert (owed.phone, local(owed.due_at).date().isoformat()) == ("13812345678", "2026-03-09")


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "consult"},
        {"kind": "feedback", "sub_kind": "praise"},
        {"anonymous": True, "anonymity_explained": True, "phone": "", "contact_name": ""},
    ],
)
def test_an_enquiry_praise_and_an_anonymous_matter_owe_no_callback(answered, values):
    ticket, owed = answered(**values)
    assert (ticket.state, owed) == ("answered", None)


def test_a_callback_does_not_touch_the_limit_of_the_answer(session, answered):
    ticket, _owed = answered()
    assert {clock.stage: clock.state for clock in clocks_of(session, ticket)} == {"parent": "met", "front_desk": "met"}


def test_who_answers_for_the_ticket_does_not_ask_how_satisfied_its_caller_is(session, actors, answered):
    ticket, owed = answered()
    with pytest.raises(StepRefused):
        take(session, actors["desk"], owed, "rate", grade="satisfied")
    take(session, actors["shift"], owed, "rate", grade="satisfied")
    assert (owed.state, owed.person.name, ticket.state, ticket.grade) == ("reached", "陈刚", "answered", "satisfied")


def test_a_desk_of_one_may_call_back_its_own_callers(session, actors, answered):
    with access.system():
        session.add(Rule(setting="callback_by_another", profile="hotline", value="no"))
    ticket, owed = answered()
    take(session, actors["desk"], owed, "rate", grade="basically")
    assert ticket.grade == "basically"


def test_a_unit_never_rates_its_own_work(session, actors, answered):
    _ticket, owed = answered()
    with pytest.raises(NotAllowed):
        take(session, actors["user_a"], owed, "rate", grade="very_satisfied")


@pytest.mark.parametrize("grade", ["dissatisfied", "very_dissatisfied"])
def test_dissatisfaction_is_not_entered_without_its_cause(session, actors, answered, grade):
    _ticket, owed = answered()
    with pytest.raises(StepRefused):
        take(session, actors["shift"], owed, "rate", grade=grade)


def test_who_is_dissatisfied_with_us_is_handled_again(session, actors, answered):
    ticket, owed = answered()
    take(session, actors["shift"], owed, "rate", grade="very_dissatisfied", cause="handling", remark="没修好")
    assert (ticket.state, ticket.episode, ticket.grade) == ("reopened", 2, None)
    assert (owed.grade, owed.cause, owed.episode) == ("very_dissatisfied", "handling", 1)


def test_who_dislikes_the_rules_has_them_explained_and_nothing_is_reopened(session, actors, answered):
    ticket, owed = answered()
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["shift"], owed, "rate", grade="dissatisfied", cause="policy")
    take(session, actors["shift"], owed, "rate", grade="dissatisfied", cause="policy", remark="已说明规定")
    assert (ticket.state, ticket.grade, ticket.cause, ticket.episode) == ("answered", "dissatisfied", "policy", 1)


def test_three_tries_on_two_days_and_the_caller_counts_as_not_reached(session, actors, answered, at):
    at("2026-03-02 10:00")
    ticket, owed = answered()
    for moment in ("2026-03-03 09:00", "2026-03-03 11:00", "2026-03-03 15:00"):
        at(moment)
        take(session, actors["shift"], owed, "note_try", outcome="no_answer")
    assert (owed.state, owed.tries) == ("owed", 3)
    at("2026-03-04 09:00")
    take(session, actors["shift"], owed, "note_try", outcome="wrong_number")
    assert (owed.state, ticket.state, ticket.grade) == ("unreachable", "answered", None)
    with access.system():
        tries = session.scalars(select(CallAttempt).order_by(CallAttempt.id)).all()
    assert [one.outcome for one in tries] == ["no_answer"] * 3 + ["wrong_number"]


def test_who_does_not_wish_to_talk_is_not_called_again(session, actors, answered):
    ticket, owed = answered()
    take(session, actors["shift"], owed, "note_try", outcome="refused")
    assert (owed.state, ticket.state) == ("unreachable", "answered")


def test_a_closed_ticket_gets_its_rating_from_the_later_callback(session, actors, answered):
    ticket, owed = answered()
    take(session, actors["desk"], ticket, "close", code="resolved")
    take(session, actors["shift"], owed, "rate", grade="satisfied")
    assert (ticket.state, ticket.grade) == ("closed", "satisfied")


def test_a_desk_may_ask_for_the_callback_before_it_closes(session, actors, answered):
    with access.system():
        session.add(Rule(setting="close_before_callback", profile="hotline", value="no"))
    ticket, owed = answered()
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "close", code="resolved")
    take(session, actors["shift"], owed, "do_without", reason="已当面致谢")
    take(session, actors["desk"], ticket, "close", code="resolved")
    assert (ticket.state, owed.state) == ("closed", "not_needed")


def test_the_last_rating_of_a_round_counts_and_the_earlier_one_stays_on_file(session, actors, answered):
    ticket, first = answered()
    take(session, actors["shift"], first, "rate", grade="satisfied")
    take(session, actors["desk"], ticket, "plan_callback")
    second = call_of(session, ticket)
    take(session, actors["shift"], second, "rate", grade="basically")
    assert (ticket.grade, first.grade, second.grade) == ("basically", "satisfied", "basically")


def test_the_answer_of_a_new_round_owes_a_callback_of_its_own(session, actors, answered):
    ticket, first = answered()
    take(session, actors["shift"], first, "rate", grade="dissatisfied", cause="handling")
    take(session, actors["desk"], ticket, "give_answer", answer="已重修", referral="电话号码查询")
    second = call_of(session, ticket)
    assert (ticket.state, second.episode, second.id != first.id) == ("callback_due", 2, True)


def test_a_reopened_ticket_owes_the_callback_of_its_old_answer_no_longer(session, actors, answered):
    ticket, owed = answered()
    take(session, actors["shift"], ticket, "reopen", reason="又来电")
    assert (owed.state, ticket.state) == ("dropped", "reopened")


def test_a_promised_reply_is_a_call_owed_and_keeping_it_stops_the_clock_of_the_promise(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call()
    take(session, actors["desk"], ticket, "promise", at="2026-03-02 11:00", person="陈刚")
    owed = call_of(session, ticket, "promise")
    assert (owed.assignee_id, owed.due_at) == (actors["shift"].own_person_id, parse_moment("2026-03-02 11:00"))
    at("2026-03-02 10:00")
    take(session, actors["shift"], owed, "keep", remark="已告知进展")
    states = {clock.stage: clock.state for clock in clocks_of(session, ticket)}
    assert (owed.state, ticket.state, states["promise"], states["parent"]) == ("reached", "open", "met", "running")


def test_the_answer_itself_keeps_the_promise(session, actors, call):
    ticket = call()
    take(session, actors["desk"], ticket, "promise", at="2199-01-01 11:00")
    take(session, actors["desk"], ticket, "give_answer", answer="在一楼", referral="电话号码查询")
    assert call_of(session, ticket, "promise").state == "reached"


def test_a_visitor_at_the_desk_lets_the_caller_be_called_back_at_one_step(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call()
    take(session, actors["desk"], ticket, "promise_call", phone="13900000000")
    owed = call_of(session, ticket, "promise")
    assert (ticket.state, owed.phone, owed.assignee_id) == (
        "appointment", "13900000000", actors["desk"].own_person_id
    )  # fmt: skip
    assert owed.due_at == parse_moment("2026-03-02 09:30")


def message(session, **values):
    raw = {
        "kind": "message",
        "called_for": "张小明",
        "contact_name": "孙先生",
        "phone": "13700000000",
        "words": "请回电",
    }
    return records.add(session, CallOwed, {**raw, **values})


def test_a_message_reaches_the_absent_colleague_who_calls_back(session, actors):
    with access.acting_as(actors["desk"]):
        owed = message(session)
    take(session, actors["desk"], owed, "pass_on")
    with access.acting_as(actors["user_a"]):
        assert session.scalars(select(CallOwed).where(CallOwed.waits_for(actors["user_a"]))).one() is owed
    take(session, actors["user_a"], owed, "keep", remark="已回复")
    assert (owed.state, owed.person.name) == ("reached", "张小明")
    with access.acting_as(actors["user_b"]):
        assert session.scalars(select(CallOwed)).all() == []


@pytest.mark.parametrize(
    "values, field",
    [
        ({"called_for": ""}, "called_for"),
        ({"words": ""}, "words"),
        ({"phone": ""}, "phone"),
        ({"kind": "callback"}, "kind"),
    ],
)
def test_what_is_no_message(session, actors, values, field):
    with access.acting_as(actors["desk"]), pytest.raises(Invalid) as refusal:
        message(session, **values)
    assert list(refusal.value.errors) == [field]


def test_the_number_of_who_reports_wrongdoing_stands_on_no_call(app, session, actors, call):
    with access.system():
        session.add(Rule(setting="callback_kinds", profile="hotline", value="report"))
    ticket = call(kind="report")
    take(session, actors["desk"], ticket, "give_answer", answer="已受理", referral="电话号码查询")
    owed = call_of(session, ticket)
    assert (owed.phone, owed.contact_name) == (None, None)
    address = f"/callowedview/show/{owed.id}"
    session.commit()
    assert "13812345678" not in sign_in(app, "shift").get(address).text
    with access.acting_as(actors["shift"]), pytest.raises(Invalid):
        records.add(session, CallOwed, {"kind": "news", "ticket": ticket.id, "phone": "13812345678"})


def test_a_ticket_that_turns_out_a_report_takes_its_callers_number_off_the_calls(app, session, actors, call):
    ticket = call()
    take(session, actors["desk"], ticket, "promise", at="2199-01-01 11:00")
    take(session, actors["shift"], ticket, "reclassify", kind="report", reason="实为举报")
    owed = call_of(session, ticket, "promise")
    assert (owed.phone, owed.contact_name) == (None, None)
    address = f"/callowedview/show/{owed.id}"
    session.commit()
    page = sign_in(app, "shift").get(address).text
    assert "钱女士" not in page and "5678" not in page


def test_the_list_of_calls_has_those_of_today_the_late_ones_and_mine(app, session, actors, call, at):
    ticket = call()
    take(session, actors["desk"], ticket, "promise", at="2199-01-01 11:00")
    session.commit()
    browser = sign_in(app, "desk")
    for view, shown in (("promised_by_me", True), ("due_today", False), ("overdue", False)):
        page = browser.get(f"/callowedview/list/?view={view}")
        assert (page.status_code, ticket.ticket_no in page.text) == (200, shown), view


def test_a_member_of_staff_who_calls_is_marked(session, actors, call):
    with access.system():
        person(session, "张小明").phone = "13812345678"
        session.flush()
    assert call().staff_own is True


def test_a_unit_with_the_matter_keeps_its_ticket_and_its_call_apart(session, actors, call):
    ticket = call(kind="help")
    take(session, actors["desk"], ticket, "promise", at="2199-01-01 11:00")
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请修理", **NOTES)
    owed = call_of(session, ticket, "promise")
    assert (ticket.state, owed.state) == ("dispatched", "owed")
    take(session, actors["desk"], owed, "keep")
    assert (ticket.state, owed.state) == ("dispatched", "reached")


def test_praise_that_proves_a_complaint_is_called_back_like_any_other(session, actors, call):
    """tickets-orders.md 3.3: not applicable to praise; what is no feedback any more is no praise either."""
    ticket = call(kind="feedback", sub_kind="praise")
    take(session, actors["shift"], ticket, "reclassify", kind="complaint", reason="实为投诉")
    assert ticket.sub_kind is None
    session.commit()
    with access.acting_as(actors["desk"]):
        records.change(session, ticket, {"place": "三号楼"}, ["place"], version=ticket.version)
    take(session, actors["desk"], ticket, "give_answer", answer="已说明", referral="电话号码查询")
    assert ticket.state == "callback_due"


@pytest.mark.parametrize("call_by", ["2020-01-01 00:00", "2026-03-02 09:00"])
def test_a_call_is_owed_by_a_moment_to_come(session, actors, at, call_by):
    at("2026-03-02 09:00")
    with access.acting_as(actors["desk"]), pytest.raises(Invalid) as refusal:
        message(session, call_by=call_by)
    assert list(refusal.value.errors) == ["call_by"]
