"""Regions as a tree, grades, and customers that are blocked."""

from decimal import Decimal

import pytest

from app.engine import access, history, tables, transfer
from app.engine import record as records
from app.engine.refusals import Invalid
from app.engine.rules import Rule
from models.customers import Customer, may_order
from models.grades import CustomerGrade, credit_limit_of, discount_of, payment_days_of
from models.regions import Region

LEDGER = """customer_no,name,region,address,contact,phone,owner
7,甲公司,贵州,解放路1号,王经理,0851-86660001,吴磊
8,乙公司,云南,,,,徐静
9,丙公司,,,,,
"""


def bring(session, text):
    headings, rows = tables.read_table("x.csv", text.encode())
    outcome = transfer.import_rows(session, Customer, headings, rows)
    assert outcome.faults == []


@pytest.fixture
def tree(either_session, either_actors):
    """Southwest with two regions that a ledger brought in."""
    with access.system():
        bring(either_session, LEDGER)
        upper = records.add(either_session, Region, {"name": "西南"})
        lower = {one.name: one for one in either_session.query(Region).filter(Region.name != "西南")}
        for one in lower.values():
            records.change(either_session, one, {"parent": upper.id}, ["parent"], version=one.version)
        either_session.commit()
        yield {"西南": upper, **lower}


def names(session, **filters):
    return {one.customer_no for one in session.query(Customer).filter_by(**filters)}


def test_an_unknown_region_of_a_ledger_becomes_one_at_the_top_of_the_tree(either_session, either_actors):
    with access.system():
        bring(either_session, LEDGER)
        assert {(one.name, one.parent) for one in either_session.query(Region)} == {("贵州", None), ("云南", None)}
        first, _second, bare = either_session.query(Customer).order_by(Customer.customer_no)
        assert (first.region, first.area.name, bare.area) == ("贵州", "贵州", None)


def test_the_manager_of_a_region_sees_the_customers_of_it_and_all_below(tree, either_session, either_actors):
    with access.acting_as(either_actors["sales_b"]):
        assert names(either_session) == {"8"}
    with access.system():
        tree["西南"].manager_id = either_actors["sales_b"].own_person_id
        either_session.commit()
    with access.acting_as(either_actors["sales_b"]):
        assert names(either_session) == {"7", "8"}
    with access.system():
        records.change(either_session, tree["贵州"], {"parent": ""}, ["parent"], version=tree["贵州"].version)
        either_session.commit()
    with access.acting_as(either_actors["sales_b"]):
        assert names(either_session) == {"8"}


def test_a_region_that_moves_takes_all_below_it_along(tree, either_session):
    top = records.add(either_session, Region, {"name": "全国"})
    deep = records.add(either_session, Region, {"name": "遵义", "parent": tree["贵州"].id})
    upper = tree["西南"]
    records.change(either_session, upper, {"parent": top.id}, ["parent"], version=upper.version)
    assert deep.path.startswith(tree["贵州"].path) and tree["贵州"].path.startswith(upper.path)
    assert upper.path.startswith(top.path) and deep.path.count("/") == 4
    assert history.verify(either_session, [Region, Customer]) > 0


def test_no_region_lies_inside_itself(tree, either_session):
    upper = tree["西南"]
    with pytest.raises(Invalid, match="贵州"):
        records.change(either_session, upper, {"parent": tree["贵州"].id}, ["parent"], version=upper.version)


def test_a_region_given_another_name_renames_it_with_its_customers(tree, either_session):
    region = tree["贵州"]
    records.change(either_session, region, {"name": "黔"}, ["name"], version=region.version)
    first = either_session.query(Customer).filter_by(customer_no="7").one()
    assert (first.region, first.area.name) == ("黔", "黔")


def test_another_region_in_the_record_moves_the_customer(tree, either_session):
    first = either_session.query(Customer).filter_by(customer_no="7").one()
    records.change(either_session, first, {"region": " 云南 "}, ["region"], version=first.version)
    assert first.area.name == "云南"
    records.change(either_session, first, {"region": ""}, ["region"], version=first.version)
    assert first.area is None


def test_the_list_of_a_region_holds_all_below_it(session, actors, client):
    with access.system():
        bring(session, LEDGER)
        upper = records.add(session, Region, {"name": "西南"})
        for one in session.query(Region).filter(Region.name == "贵州"):
            one.parent = upper
        key = upper.id
        session.commit()
    page = client("order_admin").get(f"/customerview/list/?area={key}").text
    assert "甲公司" in page and "乙公司" not in page
    found = client("order_admin").get("/customerview/list/?area__text=西南").text
    assert "甲公司" in found and "乙公司" not in found


@pytest.fixture
def customer(session, actors):
    with access.system():
        session.add(
            CustomerGrade(name="甲级", discount=Decimal("0.08"), payment_days=60, credit_limit=Decimal(500_000))
        )
        session.flush()
        return records.add(session, Customer, {"name": "红星商贸", "grade": "甲级"})


def test_what_a_customer_does_not_say_its_grade_says(session, customer):
    assert discount_of(session, customer) == Decimal("0.08")
    assert (credit_limit_of(session, customer), payment_days_of(session, customer)) == (Decimal(500_000), 60)
    customer.credit_limit, customer.payment_days = Decimal(0), 0
    assert (credit_limit_of(session, customer), payment_days_of(session, customer)) == (0, 0)


def test_without_grade_the_usual_days_hold_and_no_limit(session, customer):
    customer.grade = "没有的等级"
    assert (discount_of(session, customer), credit_limit_of(session, customer)) == (None, None)
    assert payment_days_of(session, customer) == 30
    with access.system():
        session.query(Rule).filter_by(setting="usual_payment_days").one().value = "45"
        session.flush()
    assert payment_days_of(session, customer) == 45


def test_no_order_is_taken_from_a_blocked_customer_until_dealings_go_on(session, actors, customer):
    assert may_order(customer) is None
    with access.acting_as(actors["sales_manager"]):
        customer.flow.take(session, customer, "block", {"reason": "拖欠货款"})
        assert "拖欠货款" in may_order(customer)
        assert customer.marks() == [may_order(customer)]
        customer.flow.take(session, customer, "unblock", {"reason": "已付清"})
    assert may_order(customer) is None


def test_the_quick_view_of_orphans_holds_those_nobody_looks_after(session, client):
    with access.system():
        bring(session, LEDGER)
        session.commit()
    page = client("sales_manager").get("/customerview/list/?view=orphans").text
    assert "丙公司" in page and "甲公司" not in page and "乙公司" not in page
    with access.system():
        session.query(Customer).filter_by(customer_no="8").one().owner.user.active = False
        session.commit()
    assert "乙公司" in client("sales_manager").get("/customerview/list/?view=orphans").text
