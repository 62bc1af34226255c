"""Credit limits, on both databases: what a customer owes us or is about to, and orders that go beyond."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from app.engine import access
from app.engine.refusals import StepRefused
from app.extensions import db
from models.customers import Customer
from models.exposure import exposure, refuse_over_limit
from models.orders import Order
from tests.conftest import actors_of
from tests.factories import house, place

#: 70.00 and 15 % tax each
ONE = [{"product": "B", "quantity": "1"}]


@pytest.fixture
def buyer(either_session, either_actors):
    house(either_session, either_actors)
    with access.system():
        customer = either_session.query(Customer).one()
        customer.credit_limit = Decimal(200)
        either_session.commit()
        yield customer


def ordered(session, state="placed", **values):
    order = place(session, **{"payment_type": "on_account", "order_lines": ONE, **values})
    order.state = state
    session.commit()
    return order


def test_what_counts_is_open_from_confirmation_on(buyer, either_session):
    for state in ("placed", "cancelled", "invalid", "confirmed", "assigned", "handed_over", "shipped", "completed"):
        ordered(either_session, state)
    for held_in in ("placed", "confirmed"):
        held = ordered(either_session, "on_hold")
        held.held_in = held_in
    either_session.commit()
    assert exposure(either_session, buyer) == 6 * Decimal("80.50")


def test_freight_counts_and_what_was_paid_or_lies_with_a_platform_does_not(buyer, either_session):
    order = ordered(either_session, "shipped", freight="10")
    assert exposure(either_session, buyer) == Decimal("90.50")
    order.paid, order.escrowed = Decimal("30"), Decimal("20.5")
    either_session.commit()
    assert exposure(either_session, buyer) == 40
    assert exposure(either_session, buyer, without=order) == 0
    order.paid = Decimal(500)  # too much for one order is no credit for another
    either_session.commit()
    ordered(either_session, "confirmed")
    assert exposure(either_session, buyer) == Decimal("80.50")


def test_an_order_beyond_the_limit_is_refused_with_the_sums(buyer, either_session):
    ordered(either_session, "shipped")
    second = ordered(either_session)
    refuse_over_limit(either_session, second)
    with pytest.raises(StepRefused, match=r"200.*80\.50.*119\.51"):
        refuse_over_limit(either_session, second, extra=Decimal("39.01"))
    refuse_over_limit(either_session, second, extra=Decimal("39.00"))


def test_without_a_limit_and_for_other_ways_of_paying_nothing_is_refused(buyer, either_session):
    ordered(either_session, "shipped", order_lines=[{"product": "B", "quantity": "9"}])
    refuse_over_limit(either_session, ordered(either_session, payment_type="prepaid"))
    buyer.credit_limit = None
    either_session.commit()
    refuse_over_limit(either_session, ordered(either_session))


def test_two_orders_at_once_do_not_both_slip_under_the_limit(either):
    """Each on a connection of its own: 200 is enough for two orders of 80.50, and six are confirmed at once."""
    with either.app_context(), access.system():
        house(db.session, actors_of(db.session))
        db.session.query(Customer).one().credit_limit = Decimal(200)
        keys = [ordered(db.session).id for _ in range(6)]
        db.session.remove()

    def confirm(key):
        with either.app_context(), access.system():
            try:
                order = db.session.get(Order, key)
                refuse_over_limit(db.session, order)
                order.state = "confirmed"
                db.session.commit()
                return "confirmed"
            except StepRefused:
                return "refused"
            finally:
                db.session.rollback()
                db.session.remove()

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(confirm, keys))
    assert answers == ["confirmed"] * 2 + ["refused"] * 4
