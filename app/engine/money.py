"""Amounts: exact decimals in Python, whole numbers of the smallest unit on SQLite, NUMERIC on PostgreSQL.

What SQL cannot do alike on both is refused where the query is written: columns are added, compared, summed and sorted
in SQL; products and quotients (quantity times price) are worked out here, where they are rounded as the office wants.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BigInteger, ColumnElement, Dialect, Numeric, event
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import operators
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

#: Excel keeps no more; within it a sum of 9,000 of the largest amounts still fits SQLite's 64 bits.
DIGITS = 15

#: Python's own 28 digits would silently round a product of two 15-digit numbers and a discount.
_EXACT = Context(prec=80)


class Rounding(StrEnum):
    """What becomes of half a cent: away from zero (usual on Chinese invoices), or to the even neighbour."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


class RoundedPer(StrEnum):
    """Where an order is rounded: on each line, then summed, or once on the document, then shared out to the lines."""

    LINE = "line"
    DOCUMENT = "document"


_DECIMAL_ROUNDING = {Rounding.HALF_UP: ROUND_HALF_UP, Rounding.HALF_EVEN: ROUND_HALF_EVEN}


def _decimal(value: Any) -> Decimal:
    """`value` as it is, unrounded; `ValueError` for floats, flags, NaN and Infinity."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(_("“%(text)s” is not an exact number.", text=str(value)[:40]))
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(_("“%(text)s” is not an amount.", text=str(value)[:40]))
    return number


def _too_large(value: Any) -> ValueError:
    return ValueError(
        _("The number %(text)s is too large: at most %(most)s digits fit.", text=str(value)[:40], most=DIGITS)
    )


def rounded(amount: Decimal | int, places: int = 2, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """`amount` with exactly `places` decimals.

    Raises `ValueError` with a plain sentence for floats, NaN, Infinity and more than 15 digits, decimals included.
    """
    number = _decimal(amount)
    # Looked at first: a quantised 1E+999999 would fill the memory with noughts.
    if number and number.adjusted() + places >= DIGITS:
        raise _too_large(amount)
    result = number.quantize(Decimal(1).scaleb(-places), _DECIMAL_ROUNDING[Rounding(rounding)], _EXACT)
    if result and result.adjusted() + places >= DIGITS:
        raise _too_large(amount)
    return result if result else abs(result)  # no -0.00 on an invoice


# Typed numbers

#: What a Chinese keyboard gives for ASCII. Not NFKC: that would read 10² as 102 and ½ as 1⁄2.
_AS_TYPED = {code + 0xFEE0: code for code in range(0x21, 0x7F)} | dict.fromkeys((0x3000, 0xA0, 0x2009, 0x202F), " ")
_AS_TYPED |= {ord("￥"): "¥", ord("−"): "-"}
_TYPED = re.compile(
    r"(?P<outer>[+-]?)\s*(?:¥|RMB|CNY|人民币)?\s*(?P<inner>[+-]?)"
    r"(?P<digits>(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)\s*(?:元|圆)?",
    re.IGNORECASE,
)


def parse(text: str, places: int | None = None) -> Decimal:
    """A number as people type it: `1,234.50`, `￥１２３４．５`, `-12 元`. Thousands in threes, or not at all.

    Exactly as written; with `places`, padded to so many decimals, and more are refused rather than rounded away.
    Raises `ValueError` with a plain sentence, also for exponents (a product code such as 1E5 is no amount).
    """
    plain = text.translate(_AS_TYPED).strip()
    if not plain:
        raise ValueError(_("Please enter a number."))
    found = _TYPED.fullmatch(plain) if len(plain) <= 60 else None
    if found is None or (found["outer"] and found["inner"]):
        raise ValueError(_("“%(text)s” is not a number; write it like 1,234.50.", text=text.strip()[:40]))
    number = Decimal(found["outer"] + found["inner"] + found["digits"].replace(",", ""))
    if places is not None:
        result = rounded(number, places)
        if result != number:
            raise ValueError(_("“%(text)s” has more than %(places)s decimals.", text=text.strip()[:40], places=places))
        return result
    # Closing noughts after the point say nothing: 1.5000 has two digits.
    if len(found["digits"].replace(",", "").partition(".")[0].lstrip("0")) > DIGITS or (
        len(number.normalize(_EXACT).as_tuple().digits) > DIGITS
    ):
        raise _too_large(text.strip())
    return number if number else abs(number)


# Columns


def _scale_of(operand: Any) -> TypeEngine[Any] | None:
    """The SQL type of a column or expression; None for a Python value, which is bound in the column's own scale."""
    expression = operand.__clause_element__() if hasattr(operand, "__clause_element__") else operand
    return expression.type if isinstance(expression, ColumnElement) else None


class Exact(TypeDecorator[Decimal]):
    """A column of decimals with a fixed number of places; reads and takes `Decimal` (or `int`, or typed text).

    SQLite has no decimals, so it holds a BIGINT of the smallest unit: comparisons, ORDER BY, SUM, MIN and MAX are
    exact there too and come back as `Decimal`. Three things to know when a query is written by hand:

    - a literal beside a column inside `case` or `coalesce` is bound without the scale: 0 is safe, otherwise write
      `literal(Decimal("9.90"), Money())`;
    - `func.avg(column, type_=Money())` needs the type named, as every function SQLAlchemy does not know by itself;
    - raw SQL on SQLite sees whole cents.

    Values with more places are rounded half up, as PostgreSQL does by itself. An assignment to a mapped attribute is
    checked and rounded at once and raises `ValueError`; in bulk statements the same error arrives inside SQLAlchemy's
    `StatementError`.
    """

    # Numeric, though SQLite holds integers: Flask-AppBuilder and marshmallow choose form and API fields by it.
    impl = Numeric
    cache_ok = True  # SQLAlchemy reads it off each class anew
    places = 0

    class Comparator(TypeDecorator.Comparator[Decimal]):
        """Lets SQL do with the column what is right on both databases, and refuses the rest with `TypeError`."""

        __slots__ = ()

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> ColumnElement[Any]:
            self._check(op, *other)
            return super().operate(op, *other, **kwargs)

        def reverse_operate(self, op: Any, other: Any, **kwargs: Any) -> ColumnElement[Any]:
            self._check(op, other)
            return super().reverse_operate(op, other, **kwargs)

        def _check(self, op: Any, *other: Any) -> None:
            if op in (operators.mul, operators.truediv, operators.floordiv, operators.mod):
                raise TypeError("multiply and divide amounts in Python, where they are rounded; SQL adds and compares")
            mine = self.type
            assert isinstance(mine, Exact)
            for operand in other:
                theirs = _scale_of(operand)
                if theirs is None or isinstance(theirs, NullType):
                    continue
                if not isinstance(theirs, Exact) or theirs.places != mine.places:
                    raise TypeError(f"{mine!r} and {theirs!r} do not count in the same unit")

    comparator_factory = Comparator

    def __init__(self) -> None:
        super().__init__(DIGITS, self.places)

    def __repr__(self) -> str:
        """As a migration has to write it: the precision follows from the class."""
        return f"{type(self).__name__}()"

    @property
    def python_type(self) -> type[Decimal]:
        return Decimal

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else Numeric(DIGITS, self.places))

    def exact(self, value: Any) -> Decimal:
        """The value as this column keeps it. Raises `ValueError` with a plain sentence."""
        return rounded(parse(value) if isinstance(value, str) else value, self.places)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Decimal | int | None:
        if value is None:
            return None
        amount = self.exact(value)
        return int(amount.scaleb(self.places, _EXACT)) if dialect.name == "sqlite" else amount

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            # An average of whole cents is a float there; its shortest text is near enough to be rounded.
            value = Decimal(value if isinstance(value, int) else repr(value)).scaleb(-self.places, _EXACT)
        # Sums may outgrow the 15 digits of a single value, so `rounded` would be too strict.
        return value.quantize(Decimal(1).scaleb(-self.places), ROUND_HALF_UP, _EXACT)


class Money(Exact):
    """Yuan and cents, or the like in another currency; the currency stands in a column of its own."""

    places = 2
    cache_ok = True


class UnitPrice(Exact):
    """A price a piece, to a hundredth of a cent."""

    places = 4
    cache_ok = True


class Quantity(Exact):
    """Pieces, kilograms, metres, to a thousandth."""

    places = 3
    cache_ok = True


class Rate(Exact):
    """A share of one (13 % tax is 0.13, 5 % off is 0.05) or an exchange rate."""

    places = 6
    cache_ok = True


@event.listens_for(Mapper, "mapper_configured")
def _exact_from_the_start(mapper: Mapper[Any], model: type) -> None:
    """Round and check on assignment: before a flush the attribute would else hold what the database never will."""
    for attribute in mapper.column_attrs:
        kind = attribute.columns[0].type
        if isinstance(kind, Exact):
            event.listen(getattr(model, attribute.key), "set", _taker(kind), retval=True)


def _taker(kind: Exact) -> Any:
    def take(record: Any, value: Any, was: Any, initiator: Any) -> Any:
        # An SQL expression (`Order.paid + 5`) is left to the database.
        return value if value is None or _is_sql(value) else kind.exact(value)

    return take


def _is_sql(value: Any) -> bool:
    return isinstance(value, ColumnElement) or hasattr(value, "__clause_element__")


# Orders and invoices


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
    return _priced(_charge(line), Fraction(_decimal(tax_rate)), tax_included, rounding, places)


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
    rates = [Fraction(_decimal(line.tax_rate)) for line in lines]
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
    shares = [Fraction(_decimal(weight)) for weight in weights]
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
    rate, tax = _decimal(line.discount_rate), _decimal(line.tax_rate)
    if not 0 <= rate <= 1:
        raise ValueError(_("A discount of %(rate)s is outside 0 to 1.", rate=rate))
    if tax < 0:
        raise ValueError(_("The tax rate %(rate)s is negative.", rate=tax))
    price = Fraction(_decimal(line.quantity)) * Fraction(_decimal(line.unit_price))
    return price * (1 - Fraction(rate)) - Fraction(_decimal(line.discount))


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
    return rounded(Decimal(whole).scaleb(-places, _EXACT), places)


def _shared(exact: Sequence[Fraction], total: Decimal, places: int) -> list[Decimal]:
    """Whole cents near the `exact` shares that add up to `total`: largest remainder, stable order."""
    units = [share * 10**places for share in exact]
    whole = [floor(unit) for unit in units]
    missing = int(total.scaleb(places, _EXACT)) - sum(whole)
    by_remainder = sorted(range(len(units)), key=lambda number: whole[number] - units[number])
    for number in by_remainder[:missing]:
        whole[number] += 1
    return [Decimal(unit).scaleb(-places, _EXACT) for unit in whole]
