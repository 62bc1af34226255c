"""Clearances to take calls: who is not cleared on the day saves no telephone ticket, by form, API or import (P2 3.1.6)."""

from datetime import date, timedelta

import pytest

from app.engine import access
from app.engine import record as records
from app.engine.moments import local, now, parse_moment, today
from app.engine.refusals import Invalid
from app.engine.transfer import import_rows
from models.clearances import StaffClearance, may_take_calls
from models.people import Person
from models.tickets import ServiceTicket
from tests.conftest import bearer, sign_in
from tests.factories import take

CALL = {"channel": "phone", "kind": "consult", "contact_name": "钱女士", "phone": "13812345678", "read_back": True,
        "subject": "问办理地点"}  # fmt: skip
HEADINGS = ["ticket_no", "subject", "channel", "received_at", "taker", "state", "contact_name"]


def person(session, name):
    with access.system():
        return session.query(Person).filter_by(name=name).one()


def key_of(session, name):
    """The key of a person, with the transaction ended so that a browser may write."""
    key = person(session, name).id
    session.commit()
    return key


def clear(session, actors, **values):
    with access.acting_as(actors["cs_manager"]):
        return records.add(session, StaffClearance, {"person": "张小明", "trainer": "陈刚", **values})


@pytest.fixture
def trainee(session):
    """Somebody of the desk nobody has cleared yet."""
    return person(session, "张小明")


def test_a_call_taken_by_a_trainee_is_refused_in_one_plain_sentence(session, call, trainee):
    with pytest.raises(Invalid) as refusal:
        call(taker=str(trainee.id))
    ((field, (sentence,)),) = refusal.value.errors.items()
    assert (field, sentence.startswith("张小明"), local(now()).date().isoformat() in sentence) == ("taker", True, True)


def test_the_form_refuses_a_trainees_call(app, session):
    trainee = key_of(session, "张小明")
    sent = {**CALL, "read_back": "on", "received_at": f"{local(now()):%Y-%m-%dT%H:%M}", "taker": str(trainee)}
    answer = sign_in(app, "desk").post("/serviceticketview/add", data={**sent, "scheme": "hotline", "form_key": "a"})
    assert answer.status_code == 422
    with access.system():
        assert session.query(ServiceTicket).count() == 0


def test_the_api_refuses_a_trainees_call_and_takes_that_of_a_cleared_colleague(app, session):
    trainee = key_of(session, "张小明")
    program, token = app.test_client(), bearer(app, "desk")
    sent = {**CALL, "received_at": now().isoformat(), "scheme": "hotline"}
    refused = program.post("/api/v1/service_tickets/", json={**sent, "taker": trainee}, headers=token)
    taken = program.post("/api/v1/service_tickets/", json=sent, headers=token)
    assert (refused.status_code, list(refused.json["errors"]), taken.status_code) == (422, ["taker"], 201)


def imported(session, actors, received, **changed):
    row = {"ticket_no": "旧1", "subject": "停水", "channel": "phone", "received_at": received, "taker": "张小明",
           "state": "closed", "contact_name": "钱女士", **changed}  # fmt: skip
    with access.acting_as(actors["shift"]):
        return import_rows(session, ServiceTicket, HEADINGS, [[row[name] for name in HEADINGS]])


@pytest.mark.parametrize("state", ["open", "closed"])
def test_an_import_refuses_a_trainees_call_of_these_days(session, actors, trainee, state):
    outcome = imported(session, actors, (now() - timedelta(days=1)).isoformat(), state=state)
    assert (outcome.imported, [fault.column for fault in outcome.faults]) == (0, ["taker"])


@pytest.mark.parametrize("taker", ["张小明", ""])
def test_a_line_of_an_older_ledger_is_taken_over_whoever_took_the_call(session, actors, trainee, taker):
    assert imported(session, actors, "2019-03-02 09:00", taker=taker).imported == 1


def test_a_line_that_names_nobody_is_taken_over(session, actors):
    assert imported(session, actors, now().isoformat(), taker="").imported == 1


def test_visits_and_letters_need_no_clearance(call, trainee):
    assert call(channel="visit", taker=str(trainee.id)).taker.name == "张小明"
    assert call(channel="letter", read_back=False, taker=str(trainee.id)).state == "open"


@pytest.mark.parametrize(
    "received, allowed",
    [("2026-03-01 23:59", False), ("2026-03-02 00:00", True), ("2026-03-04 23:59", True), ("2026-03-05 00:00", False)],
)
def test_a_clearance_holds_from_its_first_day_to_its_last_on_the_offices_calendar(
    session, actors, call, trainee, received, allowed
):
    clear(session, actors, cleared_from="2026-03-02", cleared_until="2026-03-04")
    assert may_take_calls(session, trainee, local(parse_moment(received)).date()) is allowed
    try:
        saved = call(taker=str(trainee.id), received_at=received).taker is trainee
    except Invalid:
        saved = False
    assert saved is allowed


def test_a_withdrawn_clearance_is_none_from_that_day_on_but_was_one_before(session, actors, trainee):
    clearance = clear(session, actors, cleared_from="2026-01-01")
    take(session, actors["cs_manager"], clearance, "withdraw", reason="连续三次未按规定接听")
    assert clearance.withdrawn_on == today()
    assert may_take_calls(session, trainee, today() - timedelta(days=1))
    assert not may_take_calls(session, trainee, today())


def test_a_call_stays_editable_after_its_taker_was_withdrawn_and_after_a_hand_over(session, actors, call, trainee):
    ticket = call()
    session.commit()
    with access.system():
        clearance = session.query(StaffClearance).filter_by(person_id=ticket.taker_id).one()
    take(session, actors["cs_manager"], clearance, "withdraw", reason="转岗")
    session.commit()
    with access.acting_as(actors["shift"]):
        names = ["subject", "taker"]
        raw = {"subject": "问办理时间", "taker": ticket.taker_id}
        records.change(session, ticket, raw, names, version=ticket.version)
        assert ticket.subject == "问办理时间"
        with pytest.raises(Invalid):
            records.change(session, ticket, {"taker": trainee.id}, ["taker"], version=ticket.version)


@pytest.mark.parametrize(
    "values, field",
    [
        ({"trainer": "张小明"}, "trainer"),
        ({"person": "赵蕾"}, "person"),
        ({"cleared_until": "2026-02-28"}, "cleared_until"),
        ({"trainer": ""}, "trainer"),
    ],
)
def test_what_is_no_clearance(session, actors, values, field):
    with pytest.raises(Invalid) as refusal:
        clear(session, actors, **{"cleared_from": "2026-03-01", **values})
    assert list(refusal.value.errors) == [field]


def test_the_persons_page_shows_the_clearances_to_the_desk_alone(app, session, actors):
    clear(session, actors, cleared_from=date(2026, 3, 1).isoformat())
    address = f"/personview/show/{key_of(session, '张小明')}"
    assert "2026-03-01" in sign_in(app, "shift").get(address).text
    assert "2026-03-01" not in sign_in(app, "user_b").get(address).text
