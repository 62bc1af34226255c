"""Money and other exact numbers: decimals in Python, whole numbers of the smallest unit on SQLite, else NUMERIC.

What SQL cannot do alike on both is refused where the query is written: columns are added, compared, summed and sorted
in SQL; products and quotients (quantity times price) are worked out in `app.engine.amounts`, where they are rounded as
the office wants.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BigInteger, ColumnElement, Dialect, Numeric, event
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import operators
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from app.engine.refusals import Invalid

#: Excel keeps no more; within it a sum of 9,000 of the largest amounts still fits SQLite's 64 bits.
DIGITS = 15

#: Python's own 28 digits would silently round a product of two 15-digit numbers and a discount.
PRECISE = Context(prec=80)


class Rounding(StrEnum):
    """What becomes of half a cent: away from zero (usual on Chinese invoices), or to the even neighbour."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


_DECIMAL_ROUNDING = {Rounding.HALF_UP: ROUND_HALF_UP, Rounding.HALF_EVEN: ROUND_HALF_EVEN}


def exact_decimal(value: Any) -> Decimal:
    """`value` as it is, unrounded; `ValueError` for floats, flags, NaN and Infinity."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(_("“%(text)s” is not an exact number.", text=str(value)[:40]))
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(_("“%(text)s” is not an amount.", text=str(value)[:40]))
    return number


class TooLarge(Invalid, ValueError):
    """A number no column holds, typed or worked out of others: the user is told, at whatever door it came in."""

    def __init__(self, value: Any):
        sentence = _(
            "The number %(text)s is too large: at most %(most)s digits fit.", text=str(value)[:40], most=DIGITS
        )
        super().__init__({"": [sentence]})


def rounded(amount: Decimal | int, places: int = 2, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """`amount` with exactly `places` decimals.

    Raises `ValueError` with a plain sentence for floats, NaN, Infinity and more than 15 digits, decimals included.
    """
    number = exact_decimal(amount)
    # Looked at first: a quantised 1E+999999 would fill the memory with noughts.
    if number and number.adjusted() + places >= DIGITS:
        raise TooLarge(amount)
    result = number.quantize(Decimal(1).scaleb(-places), _DECIMAL_ROUNDING[Rounding(rounding)], PRECISE)
    if result and result.adjusted() + places >= DIGITS:
        raise TooLarge(amount)
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
        len(number.normalize(PRECISE).as_tuple().digits) > DIGITS
    ):
        raise TooLarge(text.strip())
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
        return int(amount.scaleb(self.places, PRECISE)) if dialect.name == "sqlite" else amount

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            # An average of whole cents is a float there; its shortest text is near enough to be rounded.
            value = Decimal(value if isinstance(value, int) else repr(value)).scaleb(-self.places, PRECISE)
        # Sums may outgrow the 15 digits of a single value, so `rounded` would be too strict.
        return value.quantize(Decimal(1).scaleb(-self.places), ROUND_HALF_UP, PRECISE)


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
