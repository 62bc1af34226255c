"""A form on paper as a description: rows of boxes, tables, a head; and which record prints which form.

Lengths are millimetres, sizes of type points. A box keeps its height: words too long for it shrink to 小四 (12 pt) and
go on on a continuation sheet; a page in the browser lets the box grow instead. Nothing is ever cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

#: Widths of boxes are told in twelfths of the form's width.
TWELFTHS = 12


@dataclass(frozen=True)
class Line:
    """One paragraph in a box; `end`: set to the right, as a signature with its date is."""

    text: str
    end: bool = False


@dataclass(frozen=True)
class Cell:
    """A small field somebody signs in: a name, and when."""

    name: str = ""
    note: str = ""


@dataclass(frozen=True)
class Box:
    """One box. `kind`: field (label in a cell at its left), text (label over the words), cells (a grid to sign in)."""

    label: str
    value: str | Sequence[Line | Cell] = ""
    span: int = TWELFTHS
    kind: str = "field"
    label_width: float = 24
    columns: int = 6
    #: what stands in it on a form to be filled in by hand
    blank: str = ""

    @property
    def lines(self) -> list[Line]:
        """Its words, paragraph by paragraph."""
        if isinstance(self.value, str):
            return [Line(self.value)] if self.value else []
        return [line for line in self.value if isinstance(line, Line) and line.text]

    @property
    def cells(self) -> list[Cell]:
        return [] if isinstance(self.value, str) else [cell for cell in self.value if isinstance(cell, Cell)]


@dataclass(frozen=True)
class Row:
    """Boxes side by side, whose spans make up twelve."""

    height: float
    boxes: tuple[Box, ...]

    def __post_init__(self) -> None:
        if sum(box.span for box in self.boxes) != TWELFTHS:
            raise ValueError(f"the boxes of a row take up twelve twelfths: {[box.label for box in self.boxes]}")


@dataclass(frozen=True)
class Column:
    """A column of a table; `width` in parts of the table's width; `end`: figures, set to the right."""

    head: str
    width: float
    end: bool = False


@dataclass(frozen=True)
class Table:
    """A list with a head that is repeated on every page; `least`: empty rows are added up to that many.

    `struck`: the places of the rows whose first words are struck through.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]
    least: int = 0
    height: float = 10
    struck: Collection[int] = ()

    @property
    def all_rows(self) -> list[list[str]]:
        blank = [""] * len(self.columns)
        return [*(list(row) for row in self.rows), *(blank for _n in range(self.least - len(self.rows)))]


@dataclass(frozen=True)
class Form:
    """One form: what stands over the boxes, the boxes and tables in their order, notes below.

    `marks`: small words at the top left, label and value (secrecy, urgency). `stamp`: room for them, for the code of
    the record and, at the top right, 20 mm for the archive's stamp. `copies`: what is said under each of the copies on
    one sheet. `watermark`: the paper says who printed it, and the how manieth print it is.
    `headless`: the heading is on the paper already; its place stays empty. `period`: the days it is about, both
    included, where whoever prints chooses them (`from` and `to` of the address).
    """

    name: str
    title: str
    parts: tuple[Row | Table, ...]
    subject: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    caption: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    copies: tuple[str, ...] = ("",)
    landscape: bool = False
    stamp: bool = True
    title_size: float = 22
    watermark: bool = False
    headless: bool = False
    period: tuple[date, date] | None = None

    def blank(self) -> Form:
        """The same form with nothing filled in, for filling in by hand."""

        def emptied(part: Row | Table) -> Row | Table:
            if isinstance(part, Table):
                return replace(part, rows=[], struck=(), least=max(part.least, 1))
            return replace(part, boxes=tuple(replace(box, value=box.blank) for box in part.boxes))

        return replace(
            self,
            parts=tuple(map(emptied, self.parts)),
            subject="",
            marks=tuple((label, "") for label, _value in self.marks),
            watermark=False,
        )


@dataclass(frozen=True)
class Print:
    """What is known about one printing: by whom, when, its number if it is counted, the address of the record."""

    by: str
    at: str
    count: int | None = None
    address: str = ""

    @property
    def words(self) -> str:
        return f"{self.by} {self.at} 打印"

    @property
    def watermark(self) -> str:
        return f"{self.by} {self.at}" + (f" 第{self.count}次打印" if self.count else "")


@dataclass(frozen=True)
class Printed:
    """One form that records of one kind can be printed on, by whoever may read them and the kinds it `needs`."""

    name: str
    kind: str
    label: Any
    build: Callable[..., Form] = field(compare=False)
    needs: tuple[str, ...] = ()


#: (form, kind of record) -> how it is made
FORMS: dict[tuple[str, str], Printed] = {}


def form(
    name: str, kind: str, label: Any, needs: tuple[str, ...] = ()
) -> Callable[[Callable[..., Form]], Callable[..., Form]]:
    """Declare that records of `kind` print this form; the function makes it from a record its reader has found.

    `needs`: other kinds whose records stand on it, so that without them it would say something untrue. Raises
    `ValueError` for a pair declared twice.
    """

    def declare(build: Callable[..., Form]) -> Callable[..., Form]:
        if (name, kind) in FORMS:
            raise ValueError(f"the form {name} of {kind} is declared twice")
        FORMS[name, kind] = Printed(name, kind, label, build, needs)
        return build

    return declare


def forms_of(kind: str) -> list[Printed]:
    """The forms that records of a kind can be printed on, in the order they are declared."""
    return [one for one in FORMS.values() if one.kind == kind]


def chinese_date(moment: datetime | None) -> str:
    """`2011年9月13日`: Arabic digits without leading zeros, as papers date themselves. Takes office time."""
    return f"{moment.year}年{moment.month}月{moment.day}日" if moment else ""
