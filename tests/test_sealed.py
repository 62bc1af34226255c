"""Who reports wrongdoing, or wishes not to be named: no name and no number at any door, and no hint whether there is one."""

import io
import json

import pytest
import sqlalchemy as sa
from PIL import Image

from app.engine import access, finding, searching
from app.engine import record as records
from app.engine.periods import Period
from app.engine.photos import without_notes
from app.engine.refusals import Invalid, StepRefused
from app.engine.report_answers import ask
from models.calls import CallOwed
from models.files import Attachment
from models.identities import IdentityRequest, SealedIdentity
from models.people import Department, Person
from models.tickets import ServiceTicket
from reports.tickets import ticket_ledger
from tests.conftest import sign_in
from tests.factories import take
from tests.report_cells import TOO_FEW

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
        found = as_json(finding.by_key(session, ServiceTicket, pk))
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


def test_the_ledger_leaves_out_what_a_report_says(session, actors, call):
    report(call)
    for who, told in (("shift", True), ("manager", False), ("office", False), ("auditor", False)):
        with access.acting_as(actors[who]):
            table = ticket_ledger(session, Period()).fillna("")
        assert (SAYS in set(table["subject"]) | set(table["content"])) is told, who


def test_a_file_of_a_report_has_no_name_and_opens_for_those_who_deal_with_it(app, session, call):
    pk = report(call).id
    session.commit()
    desk = sign_in(app, "shift")
    desk.post(f"/files/service_tickets/{pk}", data={"file": (io.BytesIO(b"text"), "李知情举报信.txt")})
    assert "李知情举报信" not in desk.get(f"/serviceticketview/show/{pk}").text
    doors = {}
    for who in ("shift", "office", "auditor"):
        with sign_in(app, who).get(f"/files/service_tickets/{pk}/1") as answer:
            doors[who] = answer.status_code
    assert doors == {"shift": 200, "office": 404, "auditor": 404}


def test_files_that_are_there_already_lose_their_names_with_the_seal(app, session, actors, call):
    pk = call().id
    session.commit()
    sign_in(app, "desk").post(f"/files/service_tickets/{pk}", data={"file": (io.BytesIO(b"text"), "李知情.txt")})
    with access.system():
        ticket = session.get(ServiceTicket, pk)
    take(session, actors["shift"], ticket, "reclassify", kind="report", reason="实为举报")
    with access.system():
        (name,) = session.scalars(sa.select(Attachment.name))
    assert (NAME in name, name.endswith(".txt")) == (False, True)


def test_a_photograph_of_a_report_tells_no_place_and_no_camera():
    picture = Image.new("RGB", (8, 8), "red")
    about = Image.Exif()
    about[0x010F], about[0x9286] = "Camera of 李知情", "at home"
    for form, options in (("JPEG", {"exif": about}), ("PNG", {"exif": about})):
        file = io.BytesIO()
        picture.save(file, form, **options)
        plain = without_notes(file.getvalue())
        found = Image.open(io.BytesIO(plain))
        assert (dict(found.getexif()), found.size, found.getpixel((0, 0))[0] > 200) == ({}, (8, 8), True), form
        assert b"Camera" in file.getvalue() and b"Camera" not in plain


def test_nobody_is_told_that_the_informant_is_of_the_house(session, actors, call):
    with access.system():
        session.get(Person, actors["user_a"].own_person_id).phone = NUMBER
        session.flush()
    ticket = report(call)
    for who in ("desk", "shift", "auditor"):
        assert not shown(session, actors[who], ticket.id)["staff_own"]
        with access.acting_as(actors[who]):
            assert ticket.marks() == []
    assert call(phone="139 0000 1111").staff_own


@pytest.mark.parametrize("values", [{"kind": "report"}, {"confidential": True}])
def test_a_unit_reads_its_order_and_not_what_is_under_seal(session, actors, call, values):
    ticket = call(**values)
    with access.system():
        ticket.department = session.query(Department).filter_by(name="综合科").one()
        session.flush()
    with access.acting_as(actors["user_a"]):
        assert session.query(ServiceTicket).count() == 0
        assert list(session.scalars(searching.matching(sa.select(ServiceTicket), ServiceTicket, "办理地点"))) == []


def test_the_officer_sees_every_ticket_under_seal_and_no_other(session, actors, call):
    sealed = {report(call).id, call(confidential=True).id}
    call()
    with access.acting_as(actors["officer"]):
        assert {one.id for one in session.query(ServiceTicket)} == sealed


@pytest.mark.parametrize("values", [{"kind": "report"}, {"confidential": True}])
def test_a_call_owed_bears_no_name_of_a_sealed_ticket(session, actors, call, values):
    ticket = call(contact_name=NAME, phone=NUMBER, **values)
    with access.acting_as(actors["shift"]), pytest.raises(Invalid):
        records.add(session, CallOwed, {"kind": "promise", "ticket": ticket.id, "contact_name": NAME, "phone": NUMBER})
    with pytest.raises(StepRefused):
        take(session, actors["shift"], ticket, "promise_call", phone=NUMBER)


def test_what_was_said_on_a_call_about_a_report_is_for_those_who_deal_with_it(app, session, actors, call):
    ticket = report(call)
    with access.acting_as(actors["shift"]):
        pk = records.add(session, CallOwed, {"kind": "promise", "ticket": ticket.id, "words": SAYS}).id
    session.commit()
    assert {who: SAYS in sign_in(app, who).get(f"/callowedview/show/{pk}").text for who in ("shift", "office", "auditor")} == {
        "shift": True, "office": False, "auditor": False
    }  # fmt: skip


def test_fewer_than_five_reports_are_no_figure(session, actors, call):
    for _n in range(4):
        report(call)
    call()
    with access.acting_as(actors["manager"]):
        rows = {row["kind"]: row["received"] for row in ask(session, "desk_goals", {"by": "kind"}).rows}
        assert rows == {"consult": 1, "report": TOO_FEW}
    report(call)
    with access.acting_as(actors["manager"]):
        assert {row["kind"]: row["received"] for row in ask(session, "desk_goals", {"by": "kind"}).rows}["report"] == 5


@pytest.mark.parametrize("left", [{"phone": ""}, {"contact_name": ""}, {"confidential": True}])
def test_who_can_be_reached_is_not_filed_as_an_opinion(session, actors, call, left):
    ticket = call(**left)
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "forward_opinion", department="综合科", reason="省事")
