"""Tables as they come from outside: CSV in the encodings of Chinese offices, packed or not, XLSX and Access.

What comes is a stranger's: it is measured before it is unfolded, so that a small file cannot fill the machine.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from flask_babel import gettext as _

from app.engine.contents import FileRefused, content_types
from app.engine.csv import unguard
from app.engine.jet import JetFile, is_access
from app.engine.refusals import Refused

#: What may come out of a packed file, in bytes, and how many cells a sheet may span, empty ones included.
MOST_UNPACKED = 512 << 20
MOST_CELLS = 25_000_000


def decode(raw: bytes) -> str:
    """The text of a CSV file: byte order mark, then UTF-8, then GB18030. Raises `Refused`."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused(_("The file is neither UTF-8 nor GB18030 text; please save it again as UTF-8."))


class WhichTable(Refused):
    """The file holds several tables, and nothing says which is meant; `tables` are their headings by name."""

    def __init__(self, tables: Mapping[str, list[str]]):
        self.tables = tables
        super().__init__(
            _("The file holds several tables; please say which one: %(names)s.", names=", ".join(tables) or "-")
        )


@dataclass(frozen=True)
class Book:
    """A file of tables: a database, the sheets of a workbook, or one CSV table without a name.

    Rows are read when they are asked for, every cell as text.
    """

    tables: Mapping[str, list[str]]
    rows_of: Callable[[str], Iterable[list[str]]]
    #: the one among several tables that is taken where nothing tells them apart
    usual: str | None = None

    def choose(self, table: str | None = None, fits: Callable[[list[str]], int] | None = None) -> str:
        """The name of the table that is meant: the one named, the only one, or the one that alone `fits` best.

        Raises `WhichTable`.
        """
        if table is not None and table not in self.tables:
            raise WhichTable(self.tables)
        if table is not None or len(self.tables) == 1:
            return table or next(iter(self.tables))
        if fits is not None:
            scores = {name: fits(headings) for name, headings in self.tables.items()}
            best = [name for name, score in scores.items() if score and score == max(scores.values())]
            if len(best) == 1:
                return best[0]
        if fits is not None or self.usual is None:
            raise WhichTable(self.tables)
        return self.usual

    def read(
        self, table: str | None = None, fits: Callable[[list[str]], int] | None = None
    ) -> tuple[list[str], list[list[str]]]:
        """Headings and rows of the table that is meant."""
        name = self.choose(table, fits)
        return self.tables[name], list(self.rows_of(name))


def open_book(name: str, raw: bytes, most: int = MOST_UNPACKED) -> Book:
    """The tables of a CSV (packed by gzip or not, of `most` bytes), XLSX or Access file.

    Raises `Refused` for anything else.
    """
    if raw.startswith(b"\x1f\x8b"):
        raw = _unpacked(raw, most)
    if raw.startswith(b"PK"):
        return _workbook(raw)
    if is_access(raw):
        file = JetFile(raw, most)
        if not file.tables:
            raise Refused(_("The file is empty."))
        return Book({t.name: t.headings for t in file.tables.values()}, lambda table: file.rows(file.tables[table]))
    if b"\x00" in raw[:1000] and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused(_("“%(name)s” is neither a CSV, an XLSX nor an Access file.", name=Path(name).name[:80]))
    headings, rows = _read_csv(raw)
    return Book({Path(name).stem[:80]: headings}, lambda table: rows)


def read_table(
    name: str,
    raw: bytes,
    most: int = MOST_UNPACKED,
    table: str | None = None,
    fits: Callable[[list[str]], int] | None = None,
) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of one table of a file (`open_book`, `Book.choose`), every cell as text."""
    return open_book(name, raw, most).read(table, fits)


def _read_csv(raw: bytes) -> tuple[list[str], list[list[str]]]:
    text = decode(raw)
    sample = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=sample.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Refused(_("The CSV file is broken: %(error)s.", error=str(error))) from None
    if not rows:
        raise Refused(_("The file is empty."))
    return rows[0], [[unguard(cell) for cell in row] for row in rows[1:]]


def _unpacked(raw: bytes, most: int) -> bytes:
    """The content of a gzip file, as long as it is no bomb."""
    try:
        content = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(most + 1)
    except (OSError, EOFError, zlib.error):
        raise Refused(_("The packed file is broken.")) from None
    if len(content) > most:
        raise Refused(_("The packed file is too large."))
    return content


def _workbook(raw: bytes) -> Book:
    from python_calamine import CalamineWorkbook

    _measure(raw)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except Exception:  # the library raises its own kinds for every sort of damage
        raise Refused(_("The workbook cannot be read; please save it again as XLSX.")) from None
    sheets = {name: rows for name, rows in sheets.items() if rows and any(rows[0])}
    if not sheets:
        raise Refused(_("The file is empty."))
    return Book(
        {name: [_cell_text(cell) for cell in rows[0]] for name, rows in sheets.items()},
        lambda name: ([_cell_text(cell) for cell in row] for row in sheets[name][1:]),
        # Our own workbooks begin with a cover; the table is the sheet with the widest heading.
        usual=max(sheets, key=lambda name: sum(map(bool, sheets[name][0]))),
    )


def _measure(raw: bytes) -> None:
    """Refuse a workbook that would unfold beyond measure: its reader lays every sheet out cell by cell."""
    try:
        content_types(io.BytesIO(raw), len(raw))  # an archive that is a bomb is refused here
        with ZipFile(io.BytesIO(raw)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise Refused(_("The workbook cannot be read; please save it again as XLSX."))
            for part in archive.namelist():  # a worksheet may have any name
                rows, columns = _extent(archive, part)
                if rows * columns > MOST_CELLS:
                    said = _("A sheet spans %(rows)s rows and %(columns)s columns; delete what lies far outside.")
                    raise Refused(said % {"rows": rows, "columns": columns})
    except FileRefused as refusal:
        raise Refused(str(refusal)) from None
    except (BadZipFile, OSError, zlib.error, NotImplementedError, RuntimeError):
        raise Refused(_("The workbook cannot be read; please save it again as XLSX.")) from None


_ELEMENT = re.compile(rb"<(?:\w+:)?(row|c)\b([^<>]*)>")
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")


def _extent(archive: ZipFile, part: str) -> tuple[int, int]:
    """How many rows and columns a worksheet reaches over; a cell that does not say where it is follows the last."""
    rows = columns = row = column = 0
    for kind, attributes in _elements(archive, part):
        place = _PLACE.search(attributes)
        if kind == b"row":
            row, column = (int(place[2]) if place else row + 1), 0
        elif place:
            row, column = int(place[2]), _column_number(place[1])
        else:
            column += 1
        rows, columns = max(rows, row), max(columns, column)
    return rows, columns


def _elements(archive: ZipFile, part: str) -> Iterator[tuple[bytes, bytes]]:
    """The rows and cells of a worksheet in order, a piece of the file at a time."""
    rest = b""
    with archive.open(part) as file:
        while piece := file.read(1 << 20):
            text = rest + piece
            end = text.rfind(b">") + 1
            for found in _ELEMENT.finditer(text, 0, end):
                yield found[1], found[2]
            rest = text[end:][-(1 << 20) :]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper()[:4]:
        number = number * 26 + letter - 64
    return number


def _cell_text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)
