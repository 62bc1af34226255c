"""CSV, written piece by piece: exact text in every field, and none that a spreadsheet takes for a formula."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from itertools import islice
from types import NoneType
from typing import Any, BinaryIO

from app.engine.columns import TEXTS, Column, Row, cells_of, exact, reader

_PLACES = {"money": 2, "hours": 2}

# Control characters and the byte order mark count as blanks: some spreadsheets drop them before they look.
_BLANKS, _LIVE = r"[\s\x00-\x1f\x7f\u200b\ufeff]*", r"[=+\-@\t\r＝＋－＠]"
TO_GUARD = re.compile(f"'*{_BLANKS}{_LIVE}")
_GUARDED = re.compile(f"'+{_BLANKS}{_LIVE}")
_TO_QUOTE = re.compile('[,"\r\n]')
_STRETCH = 500
_REMEMBERED = 20_000


def guard(text: str) -> str:
    """`text` with an apostrophe before it where a spreadsheet would take it for a formula.

    So that `unguard` gives back every text exactly, a text that itself begins with apostrophes and then with such a
    beginning gets one more: `=1` becomes `'=1`, `'=1` becomes `''=1`. All other text is left as it is.
    """
    return "'" + text if TO_GUARD.match(text) else text


def unguard(text: str) -> str:
    """What `guard` was given: one apostrophe less where apostrophes stand before a formula's beginning.

    `unguard(guard(text)) == text` for every text; a raw `=1` or `'quoted'` of somebody else's file stays as it is.
    """
    return text[1:] if _GUARDED.match(text) else text


def quote(text: str) -> str:
    """`text` as a field of a line, in quotation marks where it needs them (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if _TO_QUOTE.search(text) else text


class Written(dict[Any, str]):
    """The texts of a column's values, each worked out once: most columns repeat themselves.

    Kept are values of the types given alone, or all, where equal ones have equal texts.
    """

    def __init__(self, text: Callable[[Any], str], types: tuple[type, ...] | None = None):
        self._text, self._types = text, types

    def __missing__(self, value: Any) -> str:
        text = self._text(value)
        if self._types is None or value.__class__ in self._types:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[value] = text
        return text


def field_of(column: Column, zone: tzinfo) -> Callable[[Any], str]:
    """A function from a value to its field: exact text, guarded and quoted.

    No thousands separators, no exponents, moments to the second.
    """
    read, places = reader(column, zone), _PLACES.get(column.kind)

    def text(value: Any) -> str:
        return quote(guard(value if value.__class__ is str else str(read(value) or "")))

    def figure_or_day(value: Any) -> str:
        cell = read(value)
        if isinstance(cell, datetime):
            return cell.isoformat(sep=" ", timespec="seconds")
        if cell is None or isinstance(cell, date | str):
            return quote(str(cell or ""))
        if places is not None:
            return f"{exact(cell):.{places}f}"
        digits = str(cell)
        return digits if "e" not in digits.lower() else f"{exact(cell):f}"

    return text if column.kind in TEXTS else figure_or_day


def _steady(column: Column) -> tuple[type, ...]:
    """The types among whose values equal ones have equal texts; 1.0 and 1.00 are equal."""
    if column.kind in TEXTS:
        return str, NoneType
    return NoneType, bool, date, datetime, *((Decimal,) if column.kind in _PLACES else ())


def csv_texts(columns: Sequence[Column], rows: Iterable[Row], *, zone: tzinfo) -> Iterator[Sequence[str]]:
    """The rows as CSV has them: every cell its exact text, as `guard` and `quote` say; `percent` in ones.

    Raises `ValueError` as `write_workbook` does for a value of the wrong kind.
    """
    fields = [Written(field_of(column, zone), _steady(column)).__getitem__ for column in columns]
    rest = iter(rows)
    while stretch := [cells_of(row, columns) for row in islice(rest, _STRETCH)]:
        cells = zip(*stretch, strict=True)
        yield from zip(*(map(field, column) for field, column in zip(fields, cells, strict=True)), strict=True)


def csv_chunks(columns: Sequence[Column], texts: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The CSV file of such rows piece by piece, the heading at once: an answer begins before the last row is known.

    UTF-8 with a byte order mark, or Chinese Excel shows garbage. Most texts stand in many rows, so they come quoted,
    and their lines are joined: a writer that looks through every cell takes a fifth of the time of an export.
    """

    def lines(rows: Iterable[Sequence[str]]) -> bytes:
        if len(columns) == 1:
            rows = [(text or '""',) for (text,) in rows]  # an empty line would be no row
        text = "".join([",".join(row) + "\r\n" for row in rows])
        return text.encode("utf-8", "replace")  # a lone half of a character has no UTF-8

    yield codecs.BOM_UTF8 + lines([[quote(guard(column.heading)) for column in columns]])
    rest = iter(texts)
    while stretch := list(islice(rest, _STRETCH)):
        yield lines(stretch)


def write_csv(target: BinaryIO, columns: Sequence[Column], rows: Iterable[Row], *, zone: tzinfo) -> None:
    """The whole CSV file into `target`, which stays open; see `csv_texts`."""
    target.writelines(csv_chunks(columns, csv_texts(columns, rows, zone=zone)))
