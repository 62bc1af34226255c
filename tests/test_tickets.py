"""Service tickets: the limits of H1, what the desk registers, who sees what."""

import pytest

from app.engine import access
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.moments import parse_moment
from app.engine.periods import Period
from app.engine.refusals import Invalid, StepRefused
from app.engine.transfer import import_rows
from models.tickets import ServiceTicket
from reports.tickets import ticket_ledger
from tests.conftest import sign_in
from tests.factories import NOTES, take


def due(session, record):
    return {clock.stage: clock.due_at for clock in clocks_of(session, record) if clock.state == "running"}


def test_an_enquiry_is_answered_by_the_desk_within_4_and_by_the_house_within_48_hours(session, call, at):
    at("2026-02-27 16:00")
    assert due(session, call()) == {
        "front_desk": parse_moment("2026-02-27 20:00"), "parent": parse_moment("2026-03-01 16:00")
    }  # fmt: skip


def test_a_request_for_help_gives_the_unit_22_of_24_hours(session, actors, call, at):
    at("2026-02-27 16:00")
    ticket = call(kind="help")
    take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请修理", **NOTES)
    assert due(session, ticket) == {
        "unit": parse_moment("2026-02-28 14:00"),
        "parent": parse_moment("2026-02-28 16:00"),
    }


def test_limits_count_from_receipt_and_not_from_typing(session, call, at):
    at("2026-02-27 18:30")
    assert due(session, call(received_at="2026-02-27 16:00"))["front_desk"] == parse_moment("2026-02-27 20:00")


def test_waiting_for_the_caller_stops_the_limit_of_the_answer_and_not_that_of_the_front_desk(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call()
    at("2026-03-02 10:00")
    take(session, actors["desk"], ticket, "wait", waiting_for="details", until="2026-03-04 09:00", reason="等门牌号")
    assert due(session, ticket) == {"front_desk": parse_moment("2026-03-02 13:00")}
    at("2026-03-02 12:00")
    take(session, actors["desk"], ticket, "go_on")
    assert due(session, ticket) == {
        "front_desk": parse_moment("2026-03-02 13:00"), "parent": parse_moment("2026-03-04 11:00"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "values, field",
    [
        ({"anonymous": True, "anonymity_explained": False, "phone": "", "contact_name": ""}, "anonymity_explained"),
        ({"anonymous": True, "anonymity_explained": True, "contact_name": ""}, "phone"),
        ({"anonymous": True, "anonymity_explained": True, "phone": ""}, "contact_name"),
        ({"phone": "", "contact_name": ""}, "phone"),
        ({"read_back": False}, "read_back"),
        ({"channel": "visit", "read_back": False}, "read_back"),
        ({"received_at": "2199-01-01"}, "received_at"),
    ],
)
def test_what_the_desk_cannot_register(session, call, values, field):
    with pytest.raises(Invalid) as refusal:
        call(**values)
    assert list(refusal.value.errors) == [field]


def test_a_letter_needs_no_reading_back(call):
    assert call(channel="letter", read_back=False).state == "open"


def test_an_anonymous_request_is_passed_on_as_an_opinion(session, actors, call):
    ticket = call(kind="help", anonymous=True, anonymity_explained=True, phone="", contact_name="")
    take(session, actors["desk"], ticket, "forward_opinion", department="综合科", reason="来电人不愿透露联系方式")
    assert (ticket.state, due(session, ticket)) == ("opinion_forwarded", {})


def test_who_left_a_number_is_answered_and_not_filed_as_an_opinion(session, actors, call):
    with pytest.raises(StepRefused):
        take(session, actors["desk"], call(), "forward_opinion", department="综合科", reason="省事")


@pytest.mark.parametrize("kind", ["complaint", "report"])
def test_a_complaint_is_closed_by_the_manager_alone(session, actors, call, kind):
    ticket = call(kind=kind)
    take(
        session,
        actors["desk"],
        ticket,
        "give_answer",
        answer="已说明",
        referral="电话号码查询",
    )
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "close", code="answered")
    take(session, actors["cs_manager"], ticket, "close", code="answered")
    assert (ticket.state, ticket.grade) == ("closed", None)


@pytest.mark.parametrize("field, value", [("kind", "help"), ("received_at", "2026-01-01")])
def test_what_the_limits_hang_on_is_not_changed_by_editing(session, actors, call, field, value):
    ticket = call()
    session.commit()
    with access.acting_as(actors["desk"]), pytest.raises(Invalid) as refusal:
        records.change(session, ticket, {field: value}, [field], version=ticket.version)
    assert list(refusal.value.errors) == [field]


def test_a_new_kind_counts_its_limit_from_the_old_receipt(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call()
    at("2026-03-02 11:00")
    take(session, actors["shift"], ticket, "reclassify", kind="help", reason="实为求助")
    assert (ticket.kind, due(session, ticket)["parent"]) == ("help", parse_moment("2026-03-03 09:00"))


def test_a_reopened_ticket_gets_limits_of_its_own(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call()
    take(
        session,
        actors["desk"],
        ticket,
        "give_answer",
        answer="在一楼",
        referral="电话号码查询",
    )
    take(session, actors["desk"], ticket, "close", code="answered")
    at("2026-03-09 09:00")
    take(session, actors["shift"], ticket, "reopen", reason="又来电")
    assert (ticket.closed_at, due(session, ticket)["parent"]) == (None, parse_moment("2026-03-11 09:00"))


def test_the_ledger_masks_numbers_and_names_nobody_who_reported(session, actors, call):
    call()
    call(kind="report")
    with access.acting_as(actors["shift"]):
        table = ticket_ledger(session, Period()).fillna("")
    assert list(table["phone"]) == ["138****5678", ""]
    assert list(table["contact_name"]) == ["钱女士", ""]


def test_an_old_register_comes_in_with_its_own_moments_even_odd_ones(session):
    headings = ["ticket_no", "channel", "kind", "received_at", "answered_at", "due_at", "closed_at", "department",
                "contact_name", "phone", "subject", "content", "place"]  # fmt: skip
    rows = [
        ["A-1", "phone", "help", "2025-03-02 09:00", "2025-03-02 10:00", "2025-03-03 09:00", "2025-03-01 09:00", "综合科",
         "钱女士", "13812345678", "", "水管爆裂\n在三楼", "三楼"],
        ["A-2", "letter", "other", "2025-03-02 09:00", "", "", "", "", "", "", "来信", "", ""],
    ]  # fmt: skip
    with access.system():
        outcome = import_rows(session, ServiceTicket, headings, rows)
        first, second = session.query(ServiceTicket).order_by(ServiceTicket.id)
        assert (outcome.imported, outcome.faults) == (2, [])
        assert (first.state, first.subject, first.closed_at) == ("closed", "水管爆裂", parse_moment("2025-03-01 09:00"))
        assert (first.due_at, second.state) == (parse_moment("2025-03-03 09:00"), "open")


def test_the_desk_registers_by_form_and_walks_the_pages(client):
    browser = client("desk")
    answer = browser.post(
        "/serviceticketview/add",
        data={"channel": "phone", "kind": "consult", "received_at": "2026-03-02T09:00", "contact_name": "钱女士",
              "phone": "13812345678", "read_back": "true", "subject": "路灯不亮", "content": "三号路", "form_key": "a"},
        follow_redirects=True,
    )  # fmt: skip
    assert (answer.status_code, "路灯不亮" in answer.text) == (200, True)
    for address in ("list/", "add", "show/1", "step/1/give_answer"):
        assert browser.get("/serviceticketview/" + address).status_code == 200, address
    assert browser.get("/dispatchorderview/list/").status_code == 200


@pytest.mark.parametrize("door", ["show/{}", "edit/{}", "step/{}/give_answer"])
def test_a_stranger_finds_every_door_closed(app, session, call, door):
    pk = call().id
    session.commit()
    assert sign_in(app, "user_b").get("/serviceticketview/" + door.format(pk)).status_code in (403, 404)
