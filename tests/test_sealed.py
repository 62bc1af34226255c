"""Who reports wrongdoing, or wishes not to be named: no name and no number at any door, and no hint whether there is one."""

import json

import pytest

from app.engine import access
from app.engine import record as records
from app.engine.frames import Period
from app.engine.refusals import Invalid
from models.identities import IdentityRequest, SealedIdentity
from models.tickets import ServiceTicket
from reports.tickets import ticket_ledger
from tests.conftest import sign_in
from tests.factories import take

NAME, NUMBER = "李知情", "13900001111"
SAYS = "采购收受回扣"
#: Everybody with tickets before them; the officer opens identities in a store of its own, on record.
READERS = ("desk", "shift", "cs_manager", "office", "leader", "auditor", "officer")


def report(call, **values):
    return call(**{"kind": "report", "contact_name": NAME, "phone": NUMBER, "subject": SAYS, "content": SAYS, **values})


def pages(app, who, pk):
    """What somebody gets at the doors to a ticket: pages, lists, search, exports, API."""
    browser = sign_in(app, who)
    doors = (
        f"/serviceticketview/show/{pk}", "/serviceticketview/list/", f"/search?q={NAME}", f"/search?q={NUMBER}",
        "/serviceticketview/export?format=csv", f"/api/v1/service_tickets/{pk}", "/api/v1/service_tickets/",
        "/reports/ticket_ledger.csv", "/", "/notices/",
    )  # fmt: skip
    return {door: browser.get(door).get_data(as_text=True) for door in doors}


def telling(app, who, pk):
    """The doors at which somebody learns the name or the number, or finds the ticket by them."""
    found = []
    for door, text in pages(app, who, pk).items():
        learned = f"/serviceticketview/show/{pk}" in text if "/search" in door else NAME in text or NUMBER in text
        found += [door] if learned else []
    return found


@pytest.mark.parametrize("who", READERS)
def test_no_door_tells_who_reported(app, session, actors, call, who):
    pk = report(call).id
    session.commit()
    assert telling(app, who, pk) == []


@pytest.mark.parametrize("who", ["desk", "shift"])
def test_a_call_that_turns_out_to_be_a_report_takes_its_name_out_of_the_history_pages(app, session, actors, call, who):
    ticket = call(contact_name=NAME, phone=NUMBER)
    take(session, actors["shift"], ticket, "reclassify", kind="report", reason="实为举报")
    pk = ticket.id
    session.commit()
    assert telling(app, who, pk) == []
    with access.system():
        assert [one.contact_name for one in session.query(SealedIdentity)] == [NAME]


def test_the_same_holds_for_a_caller_who_wishes_not_to_be_named(app, session, actors, call):
    ticket = call(contact_name=NAME, phone=NUMBER)
    session.commit()
    with access.acting_as(actors["desk"]):
        records.change(session, ticket, {"confidential": True}, ["confidential"], version=ticket.version)
    assert (ticket.contact_name, ticket.phone, ticket.kind) == (None, None, "consult")
    pk = ticket.id
    session.commit()
    for who in ("desk", "shift", "office"):
        assert telling(app, who, pk) == [], who
    assert "问办理地点" in sign_in(app, "desk").get(f"/serviceticketview/show/{pk}").text


@pytest.mark.parametrize("who, reads", [("desk", True), ("shift", True), ("cs_manager", True), ("officer", True),
                                        ("leader", True), ("office", False), ("auditor", False)])  # fmt: skip
def test_what_a_report_says_is_for_those_who_deal_with_it(app, session, actors, who, reads):
    with access.acting_as(actors["desk"]):  # who took it down reads it, too
        pk = records.add(
            session, ServiceTicket,
            {"kind": "report", "channel": "phone", "received_at": "2026-03-02T09:00", "subject": SAYS, "read_back": True,
             "contact_name": NAME, "phone": NUMBER},
        ).id  # fmt: skip
    session.commit()
    browser = sign_in(app, who)
    assert (SAYS in browser.get(f"/serviceticketview/show/{pk}").text) is reads
    assert (SAYS in browser.get("/serviceticketview/list/").text) is reads
    assert SAYS not in browser.get(f"/search?q={SAYS[:2]}").text.replace(f'value="{SAYS[:2]}"', "")


def test_nobody_is_told_whether_a_report_has_a_name(session, actors, call):
    named, unnamed = report(call), report(call, contact_name="", phone="", anonymous=True, anonymity_explained=True)
    session.commit()
    with access.acting_as(actors["cs_manager"]):
        for ticket in (named, unnamed):
            asked = records.add(session, IdentityRequest, {"ticket": ticket, "reason": "核实"})
            assert asked.state == "asked"
    for pk in (named.id, unnamed.id):
        assert {name: value for name, value in shown(session, actors["cs_manager"], pk).items() if value} == {}


def shown(session, actor, pk):
    from app.web.api import as_json

    with access.acting_as(actor):
        found = as_json(records.find(session, ServiceTicket, pk))
    return {name: found[name] for name in ServiceTicket.sealed_fields}


def test_the_name_behind_an_ordinary_call_is_not_asked_for(session, actors, call):
    ticket = call()
    with access.acting_as(actors["cs_manager"]), pytest.raises(Invalid) as refusal:
        records.add(session, IdentityRequest, {"ticket": ticket, "reason": "好奇"})
    assert list(refusal.value.errors) == ["ticket"]


def test_no_filter_and_no_ledger_tells_what_is_under_seal(app, session, actors, call):
    report(call)
    session.commit()
    answer = sign_in(app, "shift").get("/api/v1/service_tickets/?named=true")
    assert answer.status_code != 200 or json.loads(answer.get_data(as_text=True))["count"] == 0
    with access.acting_as(actors["shift"]):
        assert list(ticket_ledger(session, Period()).fillna("")["contact_name"]) == [""]
