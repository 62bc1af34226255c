"""Customers: who sees them, who looks after them."""

import pytest

from app.engine import access, finding
from app.engine import record as records
from app.engine.refusals import NotAllowed
from models.customers import Customer, CustomerContact
from tests.conftest import bearer


@pytest.fixture
def customer(session, actors):
    """A customer that the salesperson brought in."""
    with access.acting_as(actors["sales"]):
        found = records.add(session, Customer, {"name": "红星商贸有限公司", "region": "贵州", "phone": "0851-86660001"})
        records.add(session, CustomerContact, {"customer": found.id, "name": "王经理", "phone": "13800138000"})
    session.commit()
    return found


def test_a_customer_without_a_number_gets_the_next_one_and_belongs_to_who_brought_it_in(customer, actors):
    assert customer.customer_no == "C00001"
    assert customer.owner_id == actors["sales"].own_person_id


def test_a_customer_keeps_the_number_it_came_with(session, actors):
    with access.acting_as(actors["order_admin"]):
        records.add(session, Customer, {"customer_no": "0007", "name": "甲"})
        assert finding.by_name(session, Customer, "0007").name == "甲"


@pytest.mark.parametrize(
    "who, count", [("sales", 1), ("order_admin", 1), ("auditor", 1), ("sales_b", 0), ("user_a", 0)]
)
def test_salespeople_see_their_own_customers_and_the_office_all(customer, session, actors, who, count):
    with access.acting_as(actors[who]):
        assert session.query(Customer).count() == count
        assert session.query(CustomerContact).count() == count


@pytest.mark.parametrize("door", ["show/{}", "edit/{}"])
def test_another_salesperson_finds_every_door_closed(customer, client, door):
    assert client("sales_b").get("/customerview/" + door.format(1)).status_code == 404


def test_the_page_shows_contacts_and_orders(customer, client):
    page = client("sales").get("/customerview/show/1").text
    assert "王经理" in page and "红星商贸有限公司" in page


def test_nobody_gives_a_customer_away_out_of_their_own_sight(customer, session, actors):
    with access.acting_as(actors["sales"]), pytest.raises(NotAllowed):
        records.change(
            session, customer, {"owner": actors["sales_b"].own_person_id}, ["owner"], version=customer.version
        )


TERMS = {"grade": "VIP", "payment_days": 900, "credit_limit": "9999999"}


@pytest.mark.parametrize("name", TERMS)
def test_a_salesperson_reads_the_terms_of_a_customer_and_does_not_set_them(customer, app, session, actors, name):
    """tickets-orders.md B6, B56: no dealing of one's own; the credit limit is checked against what others have set."""
    about, version = f"/api/v1/customers/{customer.id}", customer.version
    session.rollback()
    asked, keys = app.test_client(), {who: bearer(app, who) for who in ("sales", "sales_manager")}
    change = {"version": version, name: TERMS[name]}
    refused = asked.put(about, json=change, headers=keys["sales"])
    assert refused.status_code == 422 and name in refused.text
    fresh = asked.post("/api/v1/customers/", json={"name": "新客户", name: TERMS[name]}, headers=keys["sales"])
    assert fresh.status_code == 422
    given = asked.put(about, json=change, headers=keys["sales_manager"])
    assert given.status_code == 200
    assert asked.get(about, headers=keys["sales"]).json[name] == given.json[name]


def test_the_form_asks_a_salesperson_for_no_terms(customer, client):
    forms = {who: client(who).get("/customerview/edit/1").text for who in ("sales", "sales_manager")}
    assert {who: [name for name in TERMS if f'name="{name}"' in page] for who, page in forms.items()} == {
        "sales": [], "sales_manager": list(TERMS),
    }  # fmt: skip
