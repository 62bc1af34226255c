"""Until when an order may be changed: the table of tickets-orders.md 3.9, cell by cell."""

import pytest

from app.engine import access
from app.engine.rules import Rule
from models import cutoffs
from tests.factories import house, place

#: who, part -> the states in which it may still be changed; what may only with the warehouse's consent
WAY = ("placed", "confirmed", "assigned", "handed_over", "shipped")
MAY = {
    ("member", False): dict.fromkeys(("recipient", "delivery", "goods"), 1),
    ("member", True): dict.fromkeys(("recipient", "delivery", "goods"), 1),
    ("staff", False): {"recipient": 4, "delivery": 4, "goods": 3},
    ("staff", True): dict.fromkeys(("recipient", "delivery", "goods"), 3),
}


@pytest.fixture
def order_here(session, actors):
    """An order on SQLite, to be put into states by hand."""
    house(session, actors)
    with access.acting_as(actors["sales"]):
        placed = place(session, payment_type="on_account")
    session.commit()
    with access.system(), session.no_autoflush:
        yield placed


def at(order, state, paid):
    order.state, order.paid = state, order.gross if paid else 0
    return order


@pytest.mark.parametrize("who, paid", MAY)
@pytest.mark.parametrize("group", cutoffs.GROUPS)
@pytest.mark.parametrize("state", WAY)
def test_each_cell_of_the_table_holds(session, order_here, who, paid, group, state):
    found = cutoffs.verdict(session, at(order_here, state, paid), group, member=who == "member")
    reached = WAY.index(state)
    assert found.may is (reached < MAY[who, paid][group])
    assert found.recall is (who == "staff" and not found.may and state == "handed_over")


@pytest.mark.parametrize("state", ["cancelled", "closed", "invalid", "completed"])
def test_what_has_ended_is_changed_by_nobody(session, order_here, state):
    found = cutoffs.verdict(session, at(order_here, state, False), "recipient")
    assert not found.may and not found.recall


def test_an_order_on_hold_stands_where_it_was_held(session, order_here):
    order_here.held_in = "handed_over"
    assert not cutoffs.verdict(session, at(order_here, "on_hold", True), "goods").may


def test_an_office_may_choose_the_start_of_picking(session, order_here):
    with access.system():
        session.add(Rule(setting="cutoff_staff_paid_goods", value="picking", valid_from=None, source="备货前"))
        session.flush()
    order = at(order_here, "assigned", True)
    assert cutoffs.verdict(session, order, "goods").may
    order.fulfilment = "picking"
    found = cutoffs.verdict(session, order, "goods")
    assert not found.may and found.source == "备货前"


def test_every_line_names_its_rule(session, order_here):
    lines = cutoffs.verdicts(session, at(order_here, "confirmed", True))
    assert len(lines) == 6
    assert {tone for _label, _words, tone in lines} == {"good", "bad"}
    assert any("商城" in words for _label, words, _tone in lines)
    assert any("库管" in words for _label, words, _tone in lines)
