"""Amounts of orders and invoices: net, tax and gross of lines and documents, and what is shared out over the lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import floor

from flask_babel import gettext as _

from app.engine.money import PRECISE, Rounding, exact_decimal, rounded


class RoundedPer(StrEnum):
    """Where an order is rounded: on each line, then summed, or once on the document, then shared out to the lines."""

    LINE = "line"
    DOCUMENT = "document"


@dataclass(frozen=True)
class Line:
    """What an order line is charged for. Rates are shares of one; `discount` is an amount taken off besides."""

    quantity: Decimal | int
    unit_price: Decimal | int
    discount_rate: Decimal | int = 0
    tax_rate: Decimal | int = 0
    discount: Decimal | int = 0


@dataclass(frozen=True)
class Amounts:
    """Rounded, and `net + tax == gross` to the cent."""

    net: Decimal
    tax: Decimal
    gross: Decimal


@dataclass(frozen=True)
class DocumentAmounts:
    """The amounts of each line, in order, and their sum."""

    lines: tuple[Amounts, ...]
    total: Amounts


def line_amounts(
    quantity: Decimal | int,
    unit_price: Decimal | int,
    discount_rate: Decimal | int = 0,
    tax_rate: Decimal | int = 0,
    *,
    discount: Decimal | int = 0,
    tax_included: bool = False,
    rounding: Rounding = Rounding.HALF_UP,
    places: int = 2,
) -> Amounts:
    """Net, tax and gross of one line.

    With `tax_included` the price holds the tax: the net is worked out of the rounded gross and the tax is what is left,
    for a product would be a cent off (100.00 at 13 %: 88.50 + 11.50, though 88.50 x 13 % is 11.51). `discount` is in
    the price's terms. Raises `ValueError` for floats, a discount rate outside 0..1 or a negative tax rate.
    """
    line = Line(quantity, unit_price, discount_rate, tax_rate, discount)
    return _priced(_charge(line), Fraction(exact_decimal(tax_rate)), tax_included, rounding, places)


def document_amounts(
    lines: Iterable[Line],
    *,
    per: RoundedPer = RoundedPer.LINE,
    tax_included: bool = False,
    rounding: Rounding = Rounding.HALF_UP,
    places: int = 2,
) -> DocumentAmounts:
    """The amounts of an order, rounded per line and summed, or per document.

    Per document the exact charges are summed by tax rate (an invoice states each rate once) and rounded there; the
    lines get their share by largest remainder, so that the stored lines add up to the stored total. Errors as in
    `line_amounts`.
    """
    lines = list(lines)
    charges = [_charge(line) for line in lines]
    rates = [Fraction(exact_decimal(line.tax_rate)) for line in lines]
    amounts: list[Amounts | None] = [None] * len(lines)
    if RoundedPer(per) is RoundedPer.LINE:
        groups = [[number] for number in range(len(lines))]
    else:
        groups = [[n for n, other in enumerate(rates) if other == rate] for rate in dict.fromkeys(rates)]
    for group in groups:
        rate, exact = rates[group[0]], [charges[number] for number in group]
        whole = _priced(sum(exact, Fraction()), rate, tax_included, rounding, places)
        first = _shared(exact, whole.gross if tax_included else whole.net, places)
        if tax_included:
            second = _shared([Fraction(gross) / (1 + rate) for gross in first], whole.net, places)
            parts = [Amounts(net, gross - net, gross) for gross, net in zip(first, second, strict=True)]
        else:
            second = _shared([Fraction(net) * rate for net in first], whole.tax, places)
            parts = [Amounts(net, tax, net + tax) for net, tax in zip(first, second, strict=True)]
        for number, part in zip(group, parts, strict=True):
            amounts[number] = part
    settled = tuple(part for part in amounts if part is not None)
    nought = rounded(0, places)
    total = Amounts(
        sum((part.net for part in settled), nought),
        sum((part.tax for part in settled), nought),
        sum((part.gross for part in settled), nought),
    )
    return DocumentAmounts(settled, total)


def spread(amount: Decimal | int, weights: Sequence[Decimal | int], places: int = 2) -> list[Decimal]:
    """`amount` shared out by weight, to the last cent: a discount or freight over the lines of an order.

    The cents that rounding down leaves go to the largest remainders, among equals to the first. Raises `ValueError`
    when a weight is negative, or all are nought (and there is something to share), or the amount has more places.
    """
    whole = rounded(amount, places)
    if whole != amount:
        raise ValueError(_("“%(text)s” has more than %(places)s decimals.", text=str(amount)[:40], places=places))
    shares = [Fraction(exact_decimal(weight)) for weight in weights]
    if any(share < 0 for share in shares):
        raise ValueError(_("An amount cannot be shared out by negative weights."))
    total = sum(shares, Fraction())
    if not total:
        if whole:
            raise ValueError(_("There is nothing to share the amount %(amount)s out to.", amount=whole))
        return [whole for _share in shares]
    # A credit is shared out like the charge it takes back.
    parts = _shared([Fraction(abs(whole)) * share / total for share in shares], abs(whole), places)
    return [part if whole >= 0 or not part else -part for part in parts]


def _charge(line: Line) -> Fraction:
    """Quantity times price less discounts, exact."""
    rate, tax = exact_decimal(line.discount_rate), exact_decimal(line.tax_rate)
    if not 0 <= rate <= 1:
        raise ValueError(_("A discount of %(rate)s is outside 0 to 1.", rate=rate))
    if tax < 0:
        raise ValueError(_("The tax rate %(rate)s is negative.", rate=tax))
    price = Fraction(exact_decimal(line.quantity)) * Fraction(exact_decimal(line.unit_price))
    return price * (1 - Fraction(rate)) - Fraction(exact_decimal(line.discount))


def _priced(charge: Fraction, rate: Fraction, tax_included: bool, rounding: Rounding, places: int) -> Amounts:
    stated = _rounded_fraction(charge, rounding, places)
    if tax_included:
        net = _rounded_fraction(Fraction(stated) / (1 + rate), rounding, places)
        return Amounts(net, stated - net, stated)
    tax = _rounded_fraction(Fraction(stated) * rate, rounding, places)
    return Amounts(stated, tax, stated + tax)


def _rounded_fraction(exact: Fraction, rounding: Rounding, places: int) -> Decimal:
    """A quotient has no last decimal, so the nearest cent is found in whole numbers."""
    units = exact * 10**places
    if Rounding(rounding) is Rounding.HALF_EVEN:
        whole = round(units)
    else:
        whole = floor(abs(units) + Fraction(1, 2)) * (1 if units >= 0 else -1)
    return rounded(Decimal(whole).scaleb(-places, PRECISE), places)


def _shared(exact: Sequence[Fraction], total: Decimal, places: int) -> list[Decimal]:
    """Whole cents near the `exact` shares that add up to `total`: largest remainder, stable order."""
    units = [share * 10**places for share in exact]
    whole = [floor(unit) for unit in units]
    missing = int(total.scaleb(places, PRECISE)) - sum(whole)
    by_remainder = sorted(range(len(units)), key=lambda number: whole[number] - units[number])
    for number in by_remainder[:missing]:
        whole[number] += 1
    return [Decimal(unit).scaleb(-places, PRECISE) for unit in whole]
