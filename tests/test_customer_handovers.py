"""Customer hand-over: who leaves hands on every customer and open paper, and no credit for what is closed."""

from decimal import Decimal

import pytest

from app.engine import access, history
from app.engine import record as records
from app.engine.refusals import Invalid, NotAllowed, Refused, StepRefused
from app.engine.report_answers import ask
from app.engine.rules import Rule
from models import accounts, sweeping
from models.customer_handovers import CustomerHandover, HandoverLine
from models.customer_owners import CustomerOwner
from models.customers import Customer
from models.notices import Notice
from models.orders import Order
from models.people import Person
from tests.factories import house, place
from tests.report_cells import opened

WHY = "离职"


@pytest.fixture
def world(either_session, either_actors, at):
    """吴磊 looks after two customers: one with an open and a completed order, and one without any."""
    session, actors = either_session, either_actors
    at("2026-03-02 10:00")
    house(session, actors)
    with access.acting_as(actors["sales"]):
        still_open = place(session, payment_type="on_account")
        done = place(session, payment_type="on_account")
        records.add(session, Customer, {"name": "小店", "customer_no": "C2"})
    with access.system():
        done.state, done.closed_at, done.owner_at_confirm_id = (
            "completed",
            done.placed_at,
            actors["sales"].own_person_id,
        )
        session.commit()
    return {"open": still_open.id, "done": done.id}


@pytest.fixture
def propose(either_session, either_actors):
    def made(receiver="sales_b", **values):
        raw = {"leaver": either_actors["sales"].own_person_id, "receiver": either_actors[receiver].own_person_id,
               "effective_on": "2026-03-10", "reason": WHY, **values}  # fmt: skip
        with access.acting_as(either_actors["sales_manager"]):
            found = records.add(either_session, CustomerHandover, raw)
            either_session.commit()
        return found

    return made


def lines(session, handover):
    with access.system():
        return session.query(HandoverLine).filter_by(handover_id=handover.id).order_by(HandoverLine.id).all()


def confirm_all(session, take, handover):
    for line in lines(session, handover):
        take("sales_b", line, "confirm_customer", remark="已通话")


def owners(session):
    with access.system():
        session.expire_all()
        return {one.customer_no: one.owner.name if one.owner else None for one in session.query(Customer)}


def salesperson(session, key):
    with access.system():
        return session.get(Order, key).salesperson.name


def test_the_lines_are_all_customers_of_who_leaves_with_what_is_open(world, propose, either_session):
    handover = propose()
    found = lines(either_session, handover)
    with access.system():
        told = [(one.customer.customer_no, one.open_orders, one.owed, one.receiver.name) for one in found]
        receivers = {one.person.name for one in either_session.query(Notice).filter_by(key="handed_over")}
    assert told == [("C1", 1, Decimal("824.86"), "徐静"), ("C2", 0, 0, "徐静")]
    assert receivers == {"徐静"}
    assert (handover.state, handover.handover_no) == ("proposed", "YJ2026-1")


@pytest.mark.parametrize("account, cells", [("sales_manager", 3), ("desk", 0)])
def test_the_report_opens_the_lines_of_a_hand_over(world, propose, either_session, either_actors, account, cells):
    propose()
    with access.acting_as(either_actors[account]):
        assert opened(either_session, ask(either_session, "customer_handovers", {})) == cells
        assert opened(either_session, ask(either_session, "customers_by_owner", {})) >= cells


def test_it_is_checked_only_when_every_receiver_has_confirmed_every_line(world, propose, either_session, take):
    handover = propose()
    first, second = lines(either_session, handover)
    take("sales_b", first, "confirm_customer", remark="已通话")
    assert handover.state == "proposed"
    with pytest.raises(Refused):
        take("sales_manager", handover, "approve")
    take("sales_b", second, "confirm_customer")
    assert handover.state == "checked"


def test_a_receiver_sees_the_customers_and_the_hand_over_and_nobody_else_does(
    world, propose, either_session, either_actors
):
    handover = propose()
    with access.acting_as(either_actors["sales_b"]):
        assert {one.customer_no for one in either_session.query(Customer)} == {"C1", "C2"}
        assert either_session.query(Order).count() == 0
        assert either_session.query(CustomerHandover).count() == 1
    with access.acting_as(either_actors["sales"]):  # whoever leaves learns it from people
        assert either_session.query(CustomerHandover).count() == 0
        assert either_session.query(HandoverLine).count() == 0
    assert handover.state == "proposed"


def test_only_the_receiver_confirms(world, propose, either_session, take):
    first = lines(either_session, propose())[0]
    with pytest.raises(StepRefused):
        take("sales_manager", first, "confirm_customer")
    with pytest.raises(NotAllowed):
        take("leader", first, "confirm_customer")


def test_who_receives_does_not_approve(world, propose, either_session, take):
    handover = propose(receiver="sales_manager")
    for line in lines(either_session, handover):
        take("sales_manager", line, "confirm_customer")
    with pytest.raises(StepRefused):
        take("sales_manager", handover, "approve")
    take("leader", handover, "approve")
    assert handover.state == "approved"


def test_a_line_given_to_somebody_else_is_confirmed_anew(world, propose, either_session, either_actors, take):
    handover = propose()
    confirm_all(either_session, take, handover)
    line = lines(either_session, handover)[0]
    take("sales_manager", line, "give_to", receiver=either_actors["sales_manager"].own_person_id)
    assert (handover.state, line.state) == ("proposed", "open")
    take("sales_manager", line, "confirm_customer")
    assert handover.state == "checked"


def test_on_its_day_customers_and_open_orders_change_hands_and_closed_ones_keep_theirs(
    world, propose, either_session, take, at
):
    handover = propose()
    confirm_all(either_session, take, handover)
    take("leader", handover, "approve")
    assert handover.state == "approved"
    at("2026-03-09 23:59")
    sweeping.sweep(either_session)
    assert owners(either_session) == {"C1": "吴磊", "C2": "吴磊"}
    at("2026-03-10 00:01")
    sweeping.sweep(either_session)
    assert owners(either_session) == {"C1": "徐静", "C2": "徐静"}
    assert (salesperson(either_session, world["open"]), salesperson(either_session, world["done"])) == ("徐静", "吴磊")
    with access.system():
        done = either_session.get(Order, world["done"])
        assert done.owner_at_confirm.name == "吴磊"
        assert (handover.state, handover.customers_moved, handover.papers_moved) == ("effective", 2, 1)
        assert history.verify(either_session, [CustomerHandover, HandoverLine, Customer, Order, CustomerOwner]) > 0


def test_it_takes_effect_at_once_if_its_day_has_come(world, propose, either_session, take):
    handover = propose(effective_on="2026-03-01")
    confirm_all(either_session, take, handover)
    take("sales_manager", handover, "approve")
    assert handover.state == "effective"
    assert owners(either_session) == {"C1": "徐静", "C2": "徐静"}


def test_a_customer_that_came_meanwhile_has_to_be_confirmed_too(world, propose, either_session, either_actors, take):
    handover = propose()
    confirm_all(either_session, take, handover)
    with access.acting_as(either_actors["sales"]):
        records.add(either_session, Customer, {"name": "新客户", "customer_no": "C3"})
        either_session.commit()
    with pytest.raises(StepRefused, match="C3"):
        take("leader", handover, "approve")
    take("sales_manager", handover, "gather")
    assert handover.state == "proposed" and len(lines(either_session, handover)) == 3


def test_what_comes_after_the_approval_goes_along_on_the_day_and_is_told(
    world, propose, either_session, either_actors, take, at
):
    """tickets-orders.md 3.12-22: a hand-over moves every open item and no closed credit."""
    handover = propose()
    confirm_all(either_session, take, handover)
    take("leader", handover, "approve")
    with access.acting_as(either_actors["sales"]):
        records.add(either_session, Customer, {"name": "新客户", "customer_no": "C3"})
        order = place(either_session, payment_type="on_account", customer="C3")
        either_session.commit()
    at("2026-03-10 00:01")
    sweeping.sweep(either_session)
    assert owners(either_session) == {"C1": "徐静", "C2": "徐静", "C3": "徐静"}
    assert salesperson(either_session, order.id) == "徐静"
    assert [line.state for line in lines(either_session, handover)] == ["confirmed", "confirmed", "open"]
    with access.system():
        told = {one.person.name for one in either_session.query(Notice).filter_by(key="came_late")}
        managers = {either_session.get(Person, either_actors["sales_manager"].own_person_id).name}
        assert (told, handover.customers_moved, handover.papers_moved) == ({"徐静", *managers}, 3, 2)


def test_one_person_hands_over_once_at_a_time(world, propose, either_session, take):
    first = propose()
    with pytest.raises(Invalid, match=first.handover_no):
        propose(effective_on="2026-04-01")
    take("leader", first, "reject", reason="改由他人接手")
    assert propose().handover_no != first.handover_no


def test_an_open_order_with_a_colleagues_customer_goes_to_the_colleague(
    world, propose, either_session, either_actors, take
):
    with access.system():
        customer = Customer(name="别家", customer_no="C9", owner_id=either_actors["order_admin"].own_person_id)
        either_session.add(customer)
        either_session.flush()
        order = either_session.get(Order, world["open"])
        order.customer = customer
        either_session.commit()
    handover = propose()
    found = lines(either_session, handover)
    with access.system():
        assert {one.customer.customer_no: one.receiver.name for one in found} == {
            "C1": "徐静",
            "C2": "徐静",
            "C9": "马超",
        }


def test_a_rejected_hand_over_leaves_everything_where_it_is(world, propose, either_session, take):
    handover = propose()
    take("leader", handover, "reject", reason="留任")
    assert (handover.state, handover.rejected_because) == ("rejected", "留任")
    assert owners(either_session) == {"C1": "吴磊", "C2": "吴磊"}


def test_nobody_hands_over_to_themselves_and_nobody_without_customers_hands_over(world, propose, either_actors):
    with pytest.raises(Invalid):
        propose(receiver="sales")
    with pytest.raises(Invalid):
        propose(leaver=either_actors["warehouse"].own_person_id)


def test_an_account_is_not_disabled_while_its_person_looks_after_customers(
    world, propose, either_session, either_actors, take
):
    with access.system():
        user = either_session.get(Person, either_actors["sales"].own_person_id).user
    with access.acting_as(either_actors["admin"]), pytest.raises(Refused, match="2"):
        accounts.disable(either_session, user)
    handover = propose(effective_on="2026-03-01")
    confirm_all(either_session, take, handover)
    take("sales_manager", handover, "approve")
    with access.acting_as(either_actors["admin"]):
        accounts.disable(either_session, user)
    assert not user.active


def test_the_house_may_let_a_leaver_keep_customers(world, either_session, either_actors):
    with access.system():
        either_session.query(Rule).filter_by(setting="leaver_keeps_customers").one().value = "yes"
        either_session.flush()
        user = either_session.get(Person, either_actors["sales"].own_person_id).user
    with access.acting_as(either_actors["admin"]):
        accounts.disable(either_session, user)
    assert not user.active


def test_the_administrator_is_told_the_number_on_the_page(session, actors, client):
    house(session, actors)
    session.commit()
    with access.system():
        pk = session.get(Person, actors["sales"].own_person_id).user_id
    session.commit()
    answer = client("admin").post(f"/accounts/{pk}/disable")
    assert answer.status_code >= 400 and "1" in answer.text
