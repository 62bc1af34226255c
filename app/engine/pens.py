"""Pens: each writes one column of an Excel sheet from top to bottom, its text as text and its formats made once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Any

from flask_babel import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from app.engine.columns import TEXTS, Cell, Column, Few, Kind, exact
from app.engine.csv import TO_GUARD

MAX_TEXT = 32_767  # UTF-16 units in a cell

_FORMS = {
    "text": "General",
    "number_text": "@",
    "choice": "General",
    "bool": "General",
    "integer": "#,##0",
    "quantity": "#,##0.00#",
    "money": "#,##0.00",
    "price": "#,##0.00##",
    "percent": "0.0%",
    "hours": "0.00",
    "date": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}
_NARROWEST, _WIDEST, _HEADING_WIDEST, _FILTER_BUTTON = 8, 50, 12, 3
#: Places across a printed page on which eleven points still read as seven, and what texts that wrap keep of them.
_ACROSS, _WRAPPED = 210, 16
#: Points of a line of text, and of the tallest row Excel has.
_LINE, _TALLEST = 15, 405
ROWS_MEASURED = 500  # text beyond them wraps; numbers are all measured, or they would show ####
_EXCEL_BEGINS = 1900
#: Values equal to each other fill equal cells; of figures all are looked at, for the width and the total.
_STEADY = (NoneType, str, bool, date, datetime)
_REMEMBERED, _LONG = 1_000, 1_000
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # what XML cannot hold
_LOOKS_ESCAPED = re.compile("_x[0-9a-fA-F]{4}_")


class TextWorksheet(Worksheet):
    """xlsxwriter's worksheet, with text as text to the last character, and rows whose cells are written already.

    In constant-memory mode xlsxwriter writes a text `<r>…</r>` unescaped, for rich text of its own making: pasted by a
    user it breaks the file. And it writes a carriage return as `_x000D_`, which WPS shows; XML has `&#13;` for it.
    """

    fh: Any

    def _escape_control_characters(self, data: Any) -> Any:
        return _LOOKS_ESCAPED.sub(r"_x005F\g<0>", data) if isinstance(data, str) else data

    def inline(self, text: str) -> str:
        """The end of a cell that holds a text."""
        text = self._escape_data(self._escape_control_characters(text)).replace("\r", "&#13;")
        return f' t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'

    def _xml_inline_string(self, string: str, preserve: Any, attributes: Sequence[tuple[str, Any]] = ()) -> None:
        # Escaped already for what looks like an escape.
        text = self._escape_data(string).replace("\r", "&#13;")
        place = "".join(f' {name}="{value}"' for name, value in attributes)
        self.fh.write(f'<c{place} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>')

    def _xml_rich_inline_string(self, string: str, attributes: Sequence[tuple[str, Any]] = ()) -> None:
        self._xml_inline_string(string, True, attributes)

    def serial(self, day: date) -> float:
        """A day or moment as Excel counts it."""
        return self._convert_date_time(day)

    def write_line(self, row: int, cells: str, lines: int) -> None:
        """The next row, of cells that are XML already: cell by cell xlsxwriter takes three times as long.

        `lines` is how many lines of text it has room for. Excel would see by itself, LibreOffice does not.
        """
        if row > self.previous_row:
            self._write_single_row(row)  # what stands above and waits
        self.dim_rowmax = row
        height = f' ht="{min(lines * _LINE, _TALLEST)}"' if lines > 1 else ""
        self.fh.write(f'<row r="{row + 1}"{height}>{cells}</row>')


class Styles:
    """The cell formats of a workbook, each made once: printable in grey, fonts left to Excel's theme."""

    def __init__(self, book: Workbook):
        self._book = book
        self._made: dict[tuple[str, bool, bool], Format] = {}
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.label = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
        self.alarm = book.add_format({"bold": True, "bg_color": "#E6E6E6"})
        self.struck = book.add_format({"font_strikeout": True, "font_color": "#595959"})
        self.link = book.add_format({"font_color": "#0563C1", "underline": 1})
        self.heading = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#D9D9D9", "border": 1}
        )

    def of(self, kind: Kind, *, quoted: bool = False, total: bool = False) -> Format:
        """The format of a kind of column; `quoted` keeps a text text when its cell is edited in Excel."""
        key = (kind, quoted, total)
        if key not in self._made:
            look: dict[str, Any] = {"num_format": _FORMS[kind], "valign": "top", "quote_prefix": quoted}
            look |= {"text_wrap": True} if kind in TEXTS else {}
            look |= {"align": "left"} if kind in ("date", "moment") else {}  # to the right it touches the next text
            look |= {"bold": True, "top": 1} if total else {}
            self._made[key] = self._book.add_format(look)
        return self._made[key]


@dataclass(eq=False)
class Pen:
    """Writes one column of a sheet from top to bottom and keeps what is known only at the end: width and total."""

    column: Column
    index: int
    sheet: TextWorksheet
    styles: Styles
    read: Callable[[Any], Cell]
    cuts: list[str]
    kept: list[Any] | None = None
    largest: float = 0
    negative: bool = False
    heading_lines: int = 1
    sum: Decimal = field(default_factory=Decimal)

    def __post_init__(self) -> None:
        kind = self.column.kind
        self.plain, self.quoted = self.styles.of(kind), self.styles.of(kind, quoted=True)
        self.whole = self.styles.of("integer") if kind == "quantity" else self.plain
        self._letter, self._known = xl_col_to_name(self.index), dict[Any, str]()
        self.heading = fit(clean(self.column.heading))
        self.sheet.write_string(0, self.index, self.heading, self.styles.heading)
        # a long heading takes several lines, or figures of three digits would fill a page across
        longest = max((_breadth(word) for word in self.heading.split() if word.isascii()), default=0)
        self.widest = max(longest, min(_breadth(self.heading), _HEADING_WIDEST)) + _FILTER_BUTTON
        self.heading_lines = lines_of(self.heading, _HEADING_WIDEST)

    def cell(self, row: int, value: Any) -> str:
        """The XML of the cell in this column for a value; empty for none. Rows come from top to bottom."""
        tail = self._known.get(value)
        if tail is None:
            tail = self._tail(row, value)
            if row > ROWS_MEASURED and self.kept is None and value.__class__ in _STEADY and len(tail) < _LONG:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[value] = tail
        return f'<c r="{self._letter}{row + 1}" s="{tail}' if tail else ""

    def _tail(self, row: int, value: Any) -> str:
        """What follows the place of the cell: the number of its style, and what it holds."""
        cell = self.read(value)
        if self.kept is not None:
            self.kept.append(self._drawn(value, cell))
        if isinstance(cell, str):
            return self._text(row, cell)
        if isinstance(cell, date):
            return self._day(row, cell)
        return "" if cell is None else self._number(cell)

    def _drawn(self, value: Any, cell: Cell) -> Any:
        """What a chart has of a cell."""
        if isinstance(value, Few):
            return None
        return clean(str(cell)) if isinstance(cell, date | str) else cell

    def _text(self, row: int, text: str) -> str:
        bare = clean(text)
        fitting = fit(bare)
        if fitting is not bare:
            place = {"sheet": self.sheet.get_name(), "row": row + 1, "column": self.column.label}
            self.cuts.append(_("%(sheet)s, row %(row)s: %(column)s", **place))
        if row <= ROWS_MEASURED:
            self.widest = max(self.widest, _breadth(fitting))
        if not fitting:
            return ""
        style = self.quoted if TO_GUARD.match(fitting) else self.plain
        return f'{style._get_xf_index()}"{self.sheet.inline(fitting)}'

    def _day(self, row: int, day: date) -> str:
        if day.year < _EXCEL_BEGINS:  # a day before its calendar shows as ####
            return self._text(row, str(day))
        self.widest = max(self.widest, len(_FORMS[self.column.kind]))
        return f'{self.plain._get_xf_index()}"><v>{self.sheet.serial(day):.16G}</v></c>'

    def _number(self, number: int | float | Decimal) -> str:
        figure = float(number)
        self.largest = max(self.largest, abs(figure))
        self.negative |= figure < 0
        if self.column.total:
            self.sum += exact(number)
        style = self.whole if figure.is_integer() else self.plain
        return f'{style._get_xf_index()}"><v>{figure:.16G}</v></c>'

    def write_total(self, row: int) -> None:
        """In the row below the last: a sum that follows the filter, with its value for programs that do not count."""
        total, letter, kind = float(self.sum), self._letter, self.column.kind
        style = self.styles.of("integer" if kind == "quantity" and total.is_integer() else kind, total=True)
        self.sheet.write_formula(row, self.index, f"=SUBTOTAL(109,{letter}2:{letter}{row})", style, total)
        self.largest = max(self.largest, abs(total))

    def width(self) -> float:
        """In characters of the default font, Chinese ones counting double."""
        figures = len(f"{self.largest:,.3f}") + self.negative
        return self.column.width or min(max(self.widest, figures, _NARROWEST - 1) + 1, _WIDEST)


def widths_of(pens: Sequence[Pen]) -> list[float]:
    """The width of each column; where together they would print too small, the widest texts wrap sooner."""
    widths = [pen.width() for pen in pens]
    yielding = [pen.column.kind == "text" and pen.column.width is None for pen in pens]
    for most in range(_WIDEST, _WRAPPED - 1, -1):
        fitted = [min(width, most) if yields else width for width, yields in zip(widths, yielding, strict=True)]
        if sum(fitted) <= _ACROSS:
            break
    return fitted


class Body:
    """The rows of a sheet on their way into it: the first wait until it is known how wide the columns of texts are."""

    def __init__(self, sheet: TextWorksheet, pens: Sequence[Pen]):
        self._sheet, self._pens = sheet, pens
        self._texts = [pen for pen in pens if pen.column.kind in TEXTS]
        self._waiting: list[tuple[int, str, list[Any]]] = []
        #: how wide the columns of texts are, once that is settled
        self._widths: dict[int, float] = {}
        self._settled = False

    def write(self, row: int, cells: Sequence[Any]) -> None:
        """The next row, by the values of its cells."""
        line = "".join([pen.cell(row, value) for pen, value in zip(self._pens, cells, strict=True)])
        texts = [cells[pen.index] for pen in self._texts]
        if self._settled:
            self._sheet.write_line(row, line, self._lines(texts))
            return
        self._waiting.append((row, line, texts))
        if row >= ROWS_MEASURED:
            self._settle()

    def end(self) -> None:
        """Write what still waits."""
        self._settle()

    def set_widths(self) -> None:
        """The widths of all columns, those of texts as their rows have room for them."""
        for pen in self._pens:
            self._sheet.set_column(pen.index, pen.index, self._widths.get(pen.index) or pen.width())

    def _settle(self) -> None:
        if not self._settled:
            widths = widths_of(self._pens)
            self._widths, self._settled = {pen.index: widths[pen.index] for pen in self._texts}, True
        waiting, self._waiting = self._waiting, []
        for row, line, texts in waiting:
            self._sheet.write_line(row, line, self._lines(texts))

    def _lines(self, texts: Sequence[Any]) -> int:
        most = 1
        for text, width in zip(texts, self._widths.values(), strict=True):
            if text.__class__ is str and (2 * len(text) > width or "\n" in text):
                most = max(most, lines_of(text, int(width)))
        return most


def lines_of(text: str, width: int) -> int:
    """How many lines a text takes in a cell of so many characters."""
    return sum(max(1, -(-sum(map(_room, line)) // width)) for line in text.splitlines() or [""])


def clean(text: str) -> str:
    return _UNFIT.sub("", text)


def fit(text: str) -> str:
    """`text` itself, or as much of it as a cell holds, with a mark."""
    if len(text) <= MAX_TEXT // 2 or len(text.encode("utf-16-le")) // 2 <= MAX_TEXT:
        return text
    mark = _("… (full text in the system)")
    return beginning(text, MAX_TEXT - len(mark)) + mark


def beginning(text: str, units: int) -> str:
    """The first characters of `text` that take no more than so many UTF-16 units, which is how Excel counts."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


def _room(character: str) -> int:
    """The places a character takes; a Chinese one counts double."""
    return 1 + (unicodedata.east_asian_width(character) in "WFA")


def _breadth(text: str) -> int:
    return max(sum(map(_room, line[:_WIDEST])) for line in text.splitlines() or [""])
