"""Amounts of lines and orders: rounded, summed and shared out, from tickets-orders.md §5."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.amounts import (
    Amounts,
    Line,
    RoundedPer,
    document_amounts,
    line_amounts,
    spread,
)
from app.engine.money import Rounding

D = Decimal


def amounts(net, tax, gross):
    return Amounts(D(net), D(tax), D(gross))


# Rounding: the vectors of §5

#: 10 x 30.75 and 1 x 70.00, both less 5 %, with 15 % tax
ORDER = (Line(10, D("30.75"), D("0.05"), D("0.15")), Line(1, D("70.00"), D("0.05"), D("0.15")))


@pytest.mark.parametrize(
    "rounding, net", [(Rounding.HALF_UP, D("358.63")), (Rounding.HALF_EVEN, D("358.62"))], ids=["half up", "half even"]
)
@pytest.mark.parametrize("per", list(RoundedPer))
def test_the_net_of_an_order_follows_the_rounding_of_the_house(per, rounding, net):
    assert document_amounts(ORDER, per=per, rounding=rounding).total.net == net


@pytest.mark.parametrize(
    "per, tax", [(RoundedPer.LINE, D("53.80")), (RoundedPer.DOCUMENT, D("53.79"))], ids=["per line", "per document"]
)
def test_the_tax_of_an_order_is_rounded_per_line_or_per_document(per, tax):
    assert document_amounts(ORDER, per=per).total.tax == tax


def test_orders_are_rounded_half_up_per_line_unless_told_otherwise():
    assert document_amounts(ORDER).total == amounts("358.63", "53.80", "412.43")


def test_the_lines_of_an_order_rounded_per_line_are_its_lines_rounded_singly():
    first = line_amounts(10, D("30.75"), D("0.05"), D("0.15"))
    second = line_amounts(1, D("70.00"), D("0.05"), D("0.15"))
    assert document_amounts(ORDER).lines == (first, second)
    assert (first, second) == (amounts("292.13", "43.82", "335.95"), amounts("66.50", "9.98", "76.48"))


def test_an_order_rounded_per_document_shares_the_cents_out_to_its_lines():
    order = document_amounts(ORDER, per=RoundedPer.DOCUMENT)
    assert order.lines == (amounts("292.13", "43.82", "335.95"), amounts("66.50", "9.97", "76.47"))
    assert order.total == amounts("358.63", "53.79", "412.42")


def test_a_document_states_each_tax_rate_by_itself():
    lines = [Line(1, D("0.05"), tax_rate=D("0.13")), Line(1, D("0.05"), tax_rate=D("0.06")), Line(1, D("0.05"))]
    order = document_amounts(lines, per=RoundedPer.DOCUMENT)
    assert order.total == amounts("0.15", "0.01", "0.16")


def test_the_tax_inside_a_price_is_what_the_net_leaves():
    assert line_amounts(1, D("100.00"), tax_rate=D("0.13"), tax_included=True) == amounts("88.50", "11.50", "100.00")


def test_the_tax_inside_the_prices_of_a_document_is_what_the_net_leaves():
    lines = [Line(1, D("33.33"), tax_rate=D("0.13")), Line(1, D("66.67"), tax_rate=D("0.13"))]
    order = document_amounts(lines, per=RoundedPer.DOCUMENT, tax_included=True)
    assert order.total == amounts("88.50", "11.50", "100.00")


def test_an_amount_off_is_taken_after_the_rate():
    assert line_amounts(2, D("50"), D("0.1"), D("0.13"), discount=D("0.01")) == amounts("89.99", "11.70", "101.69")


def test_a_returned_line_is_the_charge_turned_round():
    assert line_amounts(-10, D("30.75"), D("0.05"), D("0.15")) == amounts("-292.13", "-43.82", "-335.95")


def test_long_numbers_are_multiplied_to_the_last_digit():
    line = line_amounts(D("999999.999"), D("1234567.8901"), D("0.123457"))
    assert line.net == D("1082151841009.77")  # 999999999 x 12345678901 x 876543 = 108215184100977…, cut to cents


def test_an_order_without_lines_costs_nothing():
    assert document_amounts([]).total == amounts("0.00", "0.00", "0.00")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(Line(1.5, D("1")), id="a float for a quantity"),  # type: ignore[arg-type]
        pytest.param(Line(1, 0.1), id="a float for a price"),  # type: ignore[arg-type]
        pytest.param(Line(1, D("NaN")), id="no number"),
        pytest.param(Line(1, 1, D("1.01")), id="more than all off"),
        pytest.param(Line(1, 1, D("-0.01")), id="a negative discount"),
        pytest.param(Line(1, 1, 0, D("-0.13")), id="a negative tax"),
    ],
)
def test_a_line_that_cannot_be_priced_is_refused(line):
    with pytest.raises(ValueError):
        document_amounts([line])


# Sharing out


@pytest.mark.parametrize(
    "amount, weights, parts",
    [
        pytest.param("100.00", [1, 1, 1], ["33.34", "33.33", "33.33"], id="by three"),
        pytest.param("-100.00", [1, 1, 1], ["-33.34", "-33.33", "-33.33"], id="a credit by three"),
        pytest.param("0.05", [D("70"), D("30")], ["0.04", "0.01"], id="equal remainders, the first in line"),
        pytest.param("10.00", [D("0.1"), D("0.2"), D("0.7")], ["1.00", "2.00", "7.00"], id="even"),
        pytest.param("0.01", [1, 2, 3], ["0.00", "0.00", "0.01"], id="a single cent to the largest remainder"),
        pytest.param("0.00", [0, 0], ["0.00", "0.00"], id="nothing over nothing"),
        pytest.param("5.00", [0, 1], ["0.00", "5.00"], id="nothing to a free line"),
    ],
)
def test_an_amount_is_shared_out_to_the_last_cent(amount, weights, parts):
    assert [str(part) for part in spread(D(amount), weights)] == parts


@pytest.mark.parametrize(
    "amount, weights, words",
    [
        pytest.param(D("1.00"), [0, 0], "nothing to share", id="all lines are free"),
        pytest.param(D("1.00"), [], "nothing to share", id="no lines"),
        pytest.param(D("1.00"), [1, -1], "negative weights", id="a negative line"),
        pytest.param(D("1.005"), [1, 1], "more than 2 decimals", id="half a cent"),
        pytest.param(1.0, [1, 1], "not an exact number", id="a float"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(amount, weights, words):
    with pytest.raises(ValueError, match=words):
        spread(amount, weights)


# Properties

cents = st.decimals(D("-99999999.99"), D("99999999.99"), places=2)
prices = st.decimals(0, D("9999.9999"), places=4)
pieces = st.decimals(D("-999.999"), D("999.999"), places=3)
shares = st.decimals(0, 1, places=4)
lines = st.lists(st.builds(Line, pieces, prices, shares, st.sampled_from([D(0), D("0.06"), D("0.13")])), max_size=8)
rules = {
    "per": st.sampled_from(RoundedPer),
    "tax_included": st.booleans(),
    "rounding": st.sampled_from(Rounding),
}
plenty = settings(deadline=None, max_examples=150)


@plenty
@given(cents, st.lists(st.decimals(0, 10_000, places=3), min_size=1, max_size=12).filter(any))
def test_parts_add_up_and_are_less_than_a_cent_off(amount, weights):
    parts = spread(amount, weights)
    exact = [amount * weight / sum(weights) for weight in weights]
    assert sum(parts) == amount
    assert max(abs(part - share) for part, share in zip(parts, exact, strict=True)) < D("0.01")


@plenty
@given(lines, st.fixed_dictionaries(rules))
def test_every_line_and_the_order_add_up(order, options):
    found = document_amounts(order, **options)
    assert all(part.net + part.tax == part.gross for part in (*found.lines, found.total))
    assert found.total.net == sum(part.net for part in found.lines)
    assert found.total.gross == sum(part.gross for part in found.lines)


@plenty
@given(lines, st.fixed_dictionaries(rules))
def test_no_line_is_a_whole_cent_off_its_charge(order, options):
    found = document_amounts(order, **options)
    charges = [line.quantity * line.unit_price * (1 - line.discount_rate) for line in order]
    stated = [part.gross if options["tax_included"] else part.net for part in found.lines]
    assert all(abs(part - charge) < D("0.01") for part, charge in zip(stated, charges, strict=True))
