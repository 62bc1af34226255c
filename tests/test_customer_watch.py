"""What the sales manager sees of others: exports and looks at numbers, and changes in dealings."""

import pytest

from app.engine import access, finding
from app.engine import record as records
from app.engine.report_answers import ask
from app.engine.rules import Rule
from models import sweeping
from models.customer_handovers import CustomerHandover
from models.customers import Customer, CustomerContact
from models.grades import CustomerGrade
from models.notices import Notice, open_notices, words_of
from models.order_lines import OrderLine
from models.prices import ProductPrice
from models.products import Product
from tests.factories import house, place


@pytest.fixture
def firm(session, actors):
    house(session, actors)
    with access.acting_as(actors["sales"]):
        customer = finding.by_name(session, Customer, "C1")
        records.change(session, customer, {"phone": "13812345678"}, ["phone"], version=customer.version)
        key = customer.id
    session.commit()
    return key


def limits(session, exports, reveals):
    with access.system():
        for name, value in (("burst_exports", exports), ("burst_reveals", reveals)):
            session.query(Rule).filter_by(setting=name).one().value = str(value)
        session.commit()


def bursts(session, actor):
    with access.acting_as(actor):
        rows = ask(session, "export_bursts", {}).rows
    session.commit()
    return [(row["person"], row["exports"], row["rows"], row["reveals"], row["burst"], row["handover"]) for row in rows]


def test_exports_with_their_rows_and_looks_at_numbers_are_counted_a_person_and_day(firm, session, actors, client):
    limits(session, 1, 1)
    browser = client("sales")
    for suffix in ("csv", "xlsx"):
        with browser.get(f"/customerview/export.{suffix}") as answer:
            assert answer.status_code == 200
    browser.get("/reports/order_summary.csv")
    browser.get("/reports/customers_by_owner.csv")  # counts customers, names none
    browser.post(f"/customerview/reveal/{firm}", data={"field": "phone"})
    client("clerk").get("/incomingdocumentview/export.csv")  # nobody's customers
    assert bursts(session, actors["sales_manager"]) == [("吴磊", 3, 2, 1, True, "")]


def test_a_hand_over_of_whoever_leaves_stands_beside(firm, session, actors, client):
    with access.acting_as(actors["sales_manager"]):
        raw = {"leaver": actors["sales"].own_person_id, "receiver": actors["sales_b"].own_person_id,
               "effective_on": "2099-01-01", "reason": "离职"}  # fmt: skip
        number = records.add(session, CustomerHandover, raw).handover_no
        session.commit()
    client("sales").get("/customerview/export.csv")
    assert bursts(session, actors["sales_manager"]) == [("吴磊", 1, 1, 0, False, number)]


@pytest.mark.parametrize("who", ["sales", "sales_b", "finance", "manager"])
def test_others_see_no_bursts_not_even_their_own(firm, session, actors, client, who):
    client("sales").get("/customerview/export.csv")
    assert bursts(session, actors[who]) == []


def test_the_sales_manager_is_told_once_a_person_and_day(firm, session, actors, client):
    limits(session, 1, 99)
    browser = client("sales")
    browser.get("/customerview/export.csv")
    sweeping.sweep(session)
    with access.system():
        assert session.query(Notice).filter_by(key="burst").count() == 0
    session.commit()
    browser.get("/customerview/export.csv")
    sweeping.sweep(session)
    sweeping.sweep(session)
    with access.acting_as(actors["sales_manager"]):
        ((notice, record, paper),) = open_notices(session, Notice.key == "burst")
        assert "吴磊" in words_of(notice, record, paper) and "2" in words_of(notice, record, paper)


@pytest.fixture
def dealings(firm, session, actors):
    """A price, a discount, a telephone number and an owner that were changed."""
    with access.acting_as(actors["sales"]):
        order = place(session)
        line = order.order_lines[0]
        kept = [{"id": str(line.id), "product": "A", "quantity": "10", "price": "28", "discount": "0.5"}]
        records.change(session, order, {"order_lines": kept}, [], version=order.version)
        contact = records.add(session, CustomerContact, {"customer": firm, "name": "王", "phone": "13900000001"})
        records.change(session, contact, {"phone": "13900000002"}, ["phone"], version=contact.version)
    with access.acting_as(actors["order_admin"]):
        product = finding.by_name(session, Product, "A")
        records.change(session, product, {"price": "31"}, ["price"], version=product.version)
        customer = session.get(Customer, firm)
        owner = {"owner": actors["sales_b"].own_person_id, "note": "x"}
        records.change(session, customer, owner, ["owner", "note"], version=customer.version)
    session.commit()
    return line


def changes(session, actor):
    with access.acting_as(actor):
        found = ask(session, "dealing_changes", {}).rows
    return {(row["who"], row["field"], row["before"], row["after"]) for row in found}


def test_changes_of_price_discount_contact_and_owner_are_told_with_both_values(dealings, session, actors):
    found = changes(session, actors["sales_manager"])
    values = {one[2:] for one in found if one[0] == actors["sales"].name}
    assert {("30.7500", "28.0000"), ("0.050000", "0.500000")} <= values
    assert any(one[2:] == ("139****0001", "139****0002") for one in found)
    assert any(one[2:] == ("吴磊", "徐静") for one in found)
    assert not any("13900000002" in value for one in found for value in one)


def test_a_salesperson_reads_changes_of_what_they_see_alone(dealings, session, actors):
    with access.system():
        session.get(OrderLine, dealings.id)
    own = changes(session, actors["sales_b"])  # the customer is theirs now, and so is its order
    assert any(one[2:] == ("吴磊", "徐静") for one in own)
    stranger = changes(session, actors["desk"])
    assert {one[2:] for one in stranger} <= {("30.7500", "31.0000")}  # the list price is everybody's


@pytest.mark.parametrize("report", ["customer_sales", "receivables_ageing", "order_amounts", "margin"])
def test_reports_that_name_customers_are_watched_like_their_list(firm, session, actors, client, report):
    """tickets-orders.md 6: a burst of exports is reported, whatever customers are taken out with."""
    for _time in range(2):
        assert client("finance").get(f"/reports/{report}.csv").status_code == 200
    assert [row[:2] for row in bursts(session, actors["sales_manager"])] == [(actors["finance"].name, 2)]


def test_a_dated_price_and_the_discount_of_a_grade_are_told_from_the_first_on(firm, session, actors):
    """tickets-orders.md B6: changes of price and discount are logged and visible to the manager."""
    with access.acting_as(actors["order_admin"]):
        price = {"product": "A", "price": "20", "valid_from": "2026-03-01"}
        price = records.add(session, ProductPrice, price)
        session.flush()
        records.change(session, price, {"price": "5"}, ["price"], version=price.version)
    with access.acting_as(actors["sales_manager"]):
        grade = records.add(session, CustomerGrade, {"name": "VIP", "discount": "0.05"})
        session.flush()
        records.change(session, grade, {"discount": "0.5"}, ["discount"], version=grade.version)
    session.commit()
    told = {one[2:] for one in changes(session, actors["sales_manager"])}
    assert {("", "20.0000"), ("20.0000", "5.0000"), ("", "0.050000"), ("0.050000", "0.500000")} <= told
