"""Paid services: ordered from a ticket, accepted and paid as an order, and the ticket closes only then (P1 4.2.3.3)."""

from decimal import Decimal

import pytest

from app.engine import access
from app.engine import record as records
from app.engine.refusals import StepRefused
from app.engine.rules import Rule
from models.customers import Customer
from models.desk_procedures import DeskProcedure
from models.order_returns import OrderReturn
from models.orders import Order
from models.payments import Payment
from models.products import Product
from tests.conftest import sign_in
from tests.factories import AGREED as CONFIRMED
from tests.factories import take, take_and_keep

AGREED = {"product": "FW1", "quantity": "2", "payment_type": "cash_on_delivery"}


@pytest.fixture(autouse=True)
def services(session):
    with access.system():
        session.add_all([
            Product(product_no="FW1", name="管道疏通", price=Decimal(80), tax_rate=Decimal(0), service=True),
            Product(product_no="H1", name="水管", price=Decimal(10), stock=Decimal(5)),
        ])  # fmt: skip
        session.flush()


@pytest.fixture
def ticket(session, call):
    made = call(kind="paid_service", place="三栋二单元501")
    session.commit()
    return made


def order(session, actors, ticket, **changed):
    take_and_keep(session, actors["desk"], ticket, "order_service", **{**AGREED, **changed})
    with access.system():
        return session.query(Order).one()


def answered(session, actors, ticket):
    take_and_keep(session, actors["desk"], ticket, "give_answer", answer="已疏通", referral="电话号码查询")


def test_the_order_belongs_to_the_ticket_and_the_caller(session, actors, ticket):
    made = order(session, actors, ticket)
    with access.system():
        assert made.ticket is ticket and ticket.service_orders == [made]
        assert (made.customer.name, made.phone, made.address) == ("钱女士", "13812345678", "三栋二单元501")
    assert made.gross == Decimal("160.00")


def test_the_agreed_price_goes_before_that_of_the_list(session, actors, ticket):
    assert order(session, actors, ticket, price="65.5").gross == Decimal("131.00")


def test_a_caller_the_house_knows_is_not_made_a_customer_twice(session, actors, ticket):
    order(session, actors, ticket)
    take(session, actors["desk"], ticket, "order_service", **AGREED)
    with access.system():
        assert session.query(Customer).count() == 1


@pytest.mark.parametrize("changed", [{"product": "H1"}, {"quantity": "0"}])
def test_what_is_no_service_or_no_quantity_is_not_ordered(session, actors, ticket, changed):
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "order_service", **{**AGREED, **changed})


def test_only_a_ticket_of_the_kind_orders_a_paid_service(session, actors, call):
    ticket = call(kind="repair")
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "order_service", **AGREED)


def test_somebody_who_is_not_named_orders_nothing(session, actors, call):
    ticket = call(kind="paid_service", anonymous=True, anonymity_explained=True, phone="", contact_name="")
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["desk"], ticket, "order_service", **AGREED)


def close(session, actors, ticket):
    take_and_keep(session, actors["desk"], ticket, "close", code="resolved", outcome="完工")


def test_the_ticket_closes_only_when_the_work_is_accepted_and_paid(session, actors, ticket):
    made = order(session, actors, ticket)
    answered(session, actors, ticket)
    with pytest.raises(StepRefused):
        close(session, actors, ticket)
    take_and_keep(session, actors["desk"], made, "accept_work", words="疏通良好")
    with pytest.raises(StepRefused):
        close(session, actors, ticket)
    take_and_keep(session, actors["finance"], made, "record_payment", amount="160", account="现金", reference="S1")
    with access.system():
        payment = session.query(Payment).one()
    with pytest.raises(StepRefused):  # recorded is not seen on the account
        close(session, actors, ticket)
    with access.system():
        payment.take("verify", session)
        session.commit()
    close(session, actors, ticket)
    assert ticket.state == "closed"


def test_accepted_work_on_account_lets_the_ticket_close(session, actors, ticket):
    made = order(session, actors, ticket, payment_type="on_account")
    answered(session, actors, ticket)
    take_and_keep(session, actors["desk"], made, "accept_work", words="好")
    take_and_keep(session, actors["order_admin"], made, "complete_service")
    close(session, actors, ticket)
    assert (made.state, ticket.state) == ("completed", "closed")


def test_a_cancelled_order_holds_no_ticket_up(session, actors, ticket):
    made = order(session, actors, ticket)
    answered(session, actors, ticket)
    take_and_keep(session, actors["order_admin"], made, "cancel", reason="客户自行解决")
    close(session, actors, ticket)
    assert ticket.state == "closed"


def test_a_house_may_close_before_it_is_paid(session, actors, ticket):
    order(session, actors, ticket)
    answered(session, actors, ticket)
    with access.system():
        session.add(Rule(setting="paid_service_settled", profile="hotline", value="no"))
        session.commit()
    close(session, actors, ticket)
    assert ticket.state == "closed"


def test_work_is_completed_only_once_it_is_accepted(session, actors, ticket):
    made = order(session, actors, ticket)
    with pytest.raises(StepRefused):
        take(session, actors["order_admin"], made, "complete_service")


def test_the_desk_sees_the_orders_of_its_callers_and_no_others(session, actors, ticket):
    made = order(session, actors, ticket)
    with access.system():
        other = Order(customer=made.customer, payment_type="on_account", placed_at=made.placed_at, order_no="DD9")
        session.add(other)
        session.commit()
    for account in ("desk", "shift"):
        with access.acting_as(actors[account]):
            assert [one.order_no for one in session.query(Order)] == [made.order_no]


def test_nothing_leads_from_an_order_to_a_ticket_that_turns_out_to_be_a_report(session, actors, ticket):
    made = order(session, actors, ticket)
    take_and_keep(session, actors["shift"], ticket, "reclassify", kind="report", reason="实为举报收费人员")
    with access.system():
        session.expire_all()
        assert (made.ticket_id, ticket.service_orders, ticket.contact_name) == (None, [], None)


def test_the_procedure_of_its_kind_stands_beside_a_ticket_and_holds_no_rule_of_ours(app, session, ticket):
    with access.system():
        named = {one.name: one.text for one in session.query(DeskProcedure)}
        own = session.query(DeskProcedure).filter_by(kind="paid_service").one()
        address, link = f"/serviceticketview/show/{ticket.id}", f"/deskprocedureview/show/{own.id}"
        session.commit()
    assert set(named) == {"首问责任制处理流程图", "客户投诉处理控制程序", "报修处理控制程序", "有偿服务流程图"}
    assert set(named.values()) == {None}
    page = sign_in(app, "desk").get(address).text
    assert link in page and "首问责任制处理流程图" in page and "客户投诉处理控制程序" not in page


def test_a_ticket_closes_when_its_confirmed_service_was_given_up(session, actors, ticket):
    made = order(session, actors, ticket)
    answered(session, actors, ticket)
    take_and_keep(session, actors["order_admin"], made, "confirm", **CONFIRMED)
    with access.acting_as(actors["order_admin"]):
        told = {"order": made.id, "channel": "hotline", "told_number": made.order_no, "told_consignee": made.consignee}
        records.add(session, OrderReturn, told)
        session.commit()
    assert made.state == "closed"
    close(session, actors, ticket)
    assert ticket.state == "closed"
