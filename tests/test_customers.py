"""Customers: who sees them, who looks after them."""

import pytest

from app.engine import access, finding
from app.engine import record as records
from app.engine.refusals import NotAllowed
from models.customers import Customer, CustomerContact


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
