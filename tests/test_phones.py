"""Telephone numbers: one form for each way of writing, found in full and by nothing less, never a reporter's."""

import pytest
from sqlalchemy import select

from app.engine import access, phones, searching
from app.engine.phones import PhoneKey
from models.customers import Customer
from models.tickets import ServiceTicket
from tests.factories import take


@pytest.mark.parametrize(
    "written, meant",
    [
        ("13812345678", "+8613812345678"),
        ("138 1234 5678", "+8613812345678"),
        ("138-1234-5678", "+8613812345678"),
        ("（138）12345678", "+8613812345678"),
        ("１３８１２３４５６７８", "+8613812345678"),
        ("+86 138 1234 5678", "+8613812345678"),
        ("86138 1234 5678", "+8613812345678"),
        ("0851/5612-3456", "+8685156123456"),
        ("(0851) 56123456", "+8685156123456"),
        ("0851-56123456转801", "+8685156123456;801"),
        ("0851-56123456 分机 801", "+8685156123456;801"),
        ("0851-56123456x801", "+8685156123456;801"),
        ("+44 20 7946 0958", "+442079460958"),
        ("110", ""),
        ("12345", ""),
        ("", ""),
        ("请回电", ""),
        ("13812345678a", ""),
        ("GD2026-0001", ""),
        ("2026-03-02 09:00", ""),
    ],
)  # fmt: skip
def test_one_number_has_one_form(written, meant):
    assert phones.normal(written) == meant


def test_a_local_number_gets_the_area_code_of_the_office(monkeypatch):
    monkeypatch.setattr(phones, "_area", "0851")
    assert phones.normal("5612 3456") == "+8685156123456"


def test_two_numbers_in_one_field_are_two():
    assert phones.numbers_in("13812345678、0851-56123456") == ["+8613812345678", "+8685156123456"]


def found(session, actor, words, model=ServiceTicket):
    with access.acting_as(actor):
        return [row.id for row in session.scalars(searching.matching(select(model), model, words))]


def test_a_call_is_found_by_the_number_in_full_however_it_is_written(session, actors, call):
    ticket = call(phone="138 1234 5678")
    for words in ("13812345678", "+86 138-1234-5678", "138/1234/5678"):
        assert found(session, actors["desk"], words) == [ticket.id], words


@pytest.mark.parametrize("part", ["1381234567", "3812345678", "138****5678", "5678", "138"])
def test_a_part_of_a_number_finds_nothing(session, actors, call, part):
    call()
    assert found(session, actors["desk"], part) == []


def test_a_number_that_changes_is_found_by_the_new_one_alone(session, actors, call):
    ticket = call()
    ticket.phone = "13900000001"
    session.flush()
    assert found(session, actors["desk"], "13812345678") == []
    assert found(session, actors["desk"], "13900000001") == [ticket.id]


def test_whoever_reports_is_found_by_no_number(session, actors, call):
    call(kind="report")
    later = call()
    take(session, actors["shift"], later, "reclassify", kind="report", reason="实为举报")
    for name in ("desk", "shift", "cs_manager", "officer", "office"):
        assert found(session, actors[name], "13812345678") == [], name
    with access.system():
        assert session.query(PhoneKey).filter(PhoneKey.kind == ServiceTicket.kind_name).count() == 0


def test_nobody_finds_a_customer_by_number_who_may_not_see_it(session, actors):
    with access.system():
        session.add(
            Customer(customer_no="C9", name="红星", phone="13812345678", owner_id=actors["sales"].own_person_id)
        )
        session.flush()
    assert len(found(session, actors["sales"], "13812345678", Customer)) == 1
    assert found(session, actors["sales_b"], "13812345678", Customer) == []


def test_the_search_box_knows_the_number(session, call, client):
    call()
    session.commit()
    assert "问办理地点" in client("desk").get("/search?q=138 1234 5678").text
    assert "问办理地点" not in client("desk").get("/search?q=1381234567").text


def test_another_secret_makes_the_keys_anew_once(session, actors, call, monkeypatch):
    ticket = call()
    session.commit()
    phones.bring_up_to_date(session)
    assert phones.bring_up_to_date(session) == 0
    monkeypatch.setattr(phones, "_secret", b"another")
    assert found(session, actors["desk"], "13812345678") == []
    assert phones.bring_up_to_date(session) == 1
    assert found(session, actors["desk"], "13812345678") == [ticket.id]
    assert phones.bring_up_to_date(session) == 0
