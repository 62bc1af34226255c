"""Columns of a table: what kind each is, and what a cell of it holds; one row is a mapping or a sequence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from math import isfinite
from typing import Any, Literal

from flask_babel import gettext as _

#: `number_text` is a number that is a name (document number, telephone); `percent` counts in ones: 0.125 is 12.5 %.
Kind = Literal[
    "text", "number_text", "choice", "bool", "integer", "quantity", "money", "price", "percent", "hours", "date",
    "moment",
]  # fmt: skip
Row = Mapping[str, Any] | Sequence[Any]
Cell = str | int | float | Decimal | date | None

#: The kinds whose cells are text.
TEXTS = {"text", "number_text", "choice"}


@dataclass(frozen=True)
class Few:
    """Stands for a figure too small to be told; “<5” among numbers, in no sum and no chart.

    It is no text: pandas makes a plain one of every kind of text.
    """

    below: int

    def __str__(self) -> str:
        return f"<{self.below}"


def is_figure(value: Any) -> bool:
    """Whether a cell among figures says one: it is neither empty nor too small to be told."""
    return value is not None and not isinstance(value, Few)


def stands_for_rows(figure: Any) -> bool:
    """Whether rows may stand behind a figure: not behind one that is empty, nought or too small to be told."""
    return is_figure(figure) and figure != 0


@dataclass(frozen=True)
class Column:
    """One column: `name` finds its cell in a mapping, `unit` goes into the heading, `total` asks for its sum below."""

    name: str
    label: Any
    kind: Kind
    unit: Any = None
    width: float | None = None
    total: bool = False
    #: a figure above nought in it, or a Yes, stands out: what is overdue
    alarm: bool = False
    #: its words by which a whole row is struck through: what was cancelled
    struck: Collection[str] = ()
    #: the grouping by which one record counts in several rows: these have no sum then
    repeats_by: str = ""

    @property
    def heading(self) -> str:
        return _("%(label)s (%(unit)s)", label=self.label, unit=self.unit) if self.unit else str(self.label)


def _is_missing(value: Any) -> bool:
    """None, the empty text and what pandas puts for a gap: NaN, NaT, NA."""
    try:
        return value is None or value == "" or bool(value != value)
    except TypeError:  # NA answers neither yes nor no
        return True


def _number(value: Any) -> int | float | Decimal | None:
    number = value if isinstance(value, int | float | Decimal) else Decimal(str(value))
    return number if isfinite(number) else None


def exact(number: int | float | Decimal) -> Decimal:
    return number if isinstance(number, Decimal) else Decimal(str(number))


def _on_the_clock(value: date, zone: tzinfo) -> datetime:
    """The moment as the office's clock shows it; without a zone it is office time already."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time())
    return (value.astimezone(zone) if value.tzinfo else value).replace(tzinfo=None)


def reader(column: Column, zone: tzinfo) -> Callable[[Any], Cell]:
    """A function from a value of the column to what its cell holds, None for an empty one.

    It raises `ValueError` for a value that is not of the column's kind: a fault of the caller, not of the user.
    """
    yes, no = _("Yes"), _("No")

    converters: dict[str, Callable[[Any], Cell]] = {
        **dict.fromkeys(TEXTS, str),
        "bool": lambda value: yes if value else no,
        "date": lambda value: _on_the_clock(value, zone).date(),
        "moment": lambda value: _on_the_clock(value, zone),
    }
    convert = converters.get(column.kind, _number)

    def read(value: Any) -> Cell:
        if _is_missing(value):
            return None
        if isinstance(value, Few):
            return str(value)
        try:
            return convert(value)
        except (ValueError, TypeError, ArithmeticError):
            raise ValueError(f"column {column.name}: {value!r} is not of kind {column.kind}") from None

    return read


def cells_of(row: Row, columns: Sequence[Column]) -> Iterable[Any]:
    return [row[column.name] for column in columns] if isinstance(row, Mapping) else row
