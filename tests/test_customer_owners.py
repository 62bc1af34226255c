"""Who looked after a customer when: written down whatever way the owner changes, and never two at once."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from app.engine import access, history
from app.engine import record as records
from app.engine.moments import now
from models.customer_owners import CustomerOwner, owner_on
from models.customers import Customer
from tests.test_regions import LEDGER, bring


def ranges(session, customer):
    query = session.query(CustomerOwner).filter_by(customer_id=customer.id).order_by(CustomerOwner.since)
    return [(row.owner.name, row.since, row.until) for row in query]


@pytest.fixture
def customer(either_session, either_actors, at):
    """A customer that 吴磊 brought in on 2 March."""
    at("2026-03-02 09:00")
    with access.acting_as(either_actors["sales"]):
        found = records.add(either_session, Customer, {"name": "红星商贸"})
        either_session.commit()
    with access.system():
        yield found


def give(session, customer, actors, account):
    person = actors[account].own_person_id if account else ""
    records.change(session, customer, {"owner": person}, ["owner"], version=customer.version)
    session.commit()


def test_the_history_of_owners_answers_who_had_the_customer_on_a_day(customer, either_session, either_actors, at):
    at("2026-03-10 15:00")
    give(either_session, customer, either_actors, "sales_b")
    at("2026-03-20 10:00")
    give(either_session, customer, either_actors, None)
    asked = [date(2026, 3, day) for day in (1, 2, 9, 10, 19, 20, 25)]
    found = [owner_on(either_session, customer, day) for day in asked]
    assert [one.name if one else None for one in found] == [None, "吴磊", "吴磊", "徐静", "徐静", None, None]
    assert history.verify(either_session, [CustomerOwner, Customer]) > 0


def test_an_import_writes_the_owner_down_too(either_session):
    with access.system():
        bring(either_session, LEDGER)
        first, _second, bare = either_session.query(Customer).order_by(Customer.customer_no)
        assert [name for name, _since, _until in ranges(either_session, first)] == ["吴磊"]
        assert ranges(either_session, bare) == []


def test_two_owners_at_once_are_refused_by_the_database(customer, either_session, either_actors):
    other = CustomerOwner(customer=customer, owner_id=either_actors["sales_b"].own_person_id, since=now())
    either_session.add(other)
    with pytest.raises(IntegrityError):
        either_session.flush()


def test_the_present_owner_set_again_opens_no_range(customer, either_session, either_actors, at):
    at("2026-03-05 09:00")
    customer.owner_id = either_actors["sales"].own_person_id
    customer.note = "x"
    either_session.commit()
    assert len(ranges(either_session, customer)) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=st.lists(
        st.tuples(st.sampled_from(["sales", "sales_b", "order_admin", None]), st.integers(0, 40)), max_size=8
    )
)
def test_ranges_of_owners_never_overlap_and_the_last_is_the_present(session, actors, at, moves):
    minute = 0
    at("2026-03-02 09:00")
    with access.system():
        customer = records.add(session, Customer, {"name": "物业", "owner": actors["sales"].own_person_id})
        for account, later in moves:
            minute += later
            at(f"2026-03-02 {9 + minute // 60:02}:{minute % 60:02}")
            customer.owner_id = actors[account].own_person_id if account else None
            session.flush()
        session.expire(customer, ["owner"])
        found = ranges(session, customer)
        ends = [until for _name, _since, until in found]
        assert all(
            until is not None and until <= since for until, (_n, since, _u) in zip(ends, found[1:], strict=False)
        )
        present = [name for name, _since, until in found if until is None]
        assert present == ([customer.owner.name] if customer.owner_id else [])
        assert owner_on(session, customer, date(2026, 3, 2)) == (customer.owner if customer.owner_id else None)
        assert history.verify(session, [CustomerOwner]) > 0
        session.rollback()
