"""The one way out into Excel and CSV: sheets that can be mailed on untouched, written as a stream.

pandas does the arithmetic of reports and never writes: `to_excel` turns a text `=1+1` into a live formula. Here text
stays text, numbers and days are real ones, and memory stays flat however many rows come.
"""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from io import StringIO
from itertools import count, cycle
from math import isfinite
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Literal

from flask_babel import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

#: `number_text` is a number that is a name (document number, telephone); `percent` counts in ones: 0.125 is 12.5 %.
Kind = Literal[
    "text", "number_text", "choice", "bool", "integer", "quantity", "money", "price", "percent", "hours", "date",
    "moment",
]  # fmt: skip
Row = Mapping[str, Any] | Sequence[Any]
Cell = str | int | float | Decimal | date | None

MAX_ROWS = 1_048_575  # below the heading: Excel has 2**20 rows
MAX_TEXT = 32_767  # UTF-16 units in a cell
MAX_CUTS_LISTED = 100

_TEXTS = {"text", "number_text", "choice"}
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
_PLACES = {"money": 2, "hours": 2}
_NARROWEST, _WIDEST, _FILTER_BUTTON = 8, 50, 3
_ROWS_MEASURED = 500  # text beyond them wraps; numbers are all measured, or they would show ####
_EXCEL_BEGINS = 1900
_SHADES = ("#1F4E79", "#9DC3E6", "#7F7F7F", "#D9D9D9")
_DASHES = ("solid", "dash", "round_dot", "long_dash")


@dataclass(frozen=True)
class Column:
    """One column: `name` finds its cell in a mapping, `unit` goes into the heading, `total` asks for its sum below."""

    name: str
    label: Any
    kind: Kind
    unit: Any = None
    width: float | None = None
    total: bool = False

    @property
    def heading(self) -> str:
        return _("%(label)s (%(unit)s)", label=self.label, unit=self.unit) if self.unit else str(self.label)


@dataclass(frozen=True)
class Sheet:
    """A table: `rows` are mappings by column name, or sequences in the order of `columns`; a generator will do."""

    title: Any
    columns: Sequence[Column]
    rows: Iterable[Row]


@dataclass(frozen=True)
class Cover:
    """The first sheet: what this is, in `lines` of (label, value); definitions in `notes`; `link` back to the page.

    The number of rows of each sheet and every text that had to be cut are added by the writer.
    """

    title: Any
    lines: Sequence[tuple[Any, Any]] = ()
    notes: Sequence[Any] = ()
    link: str | None = None


@dataclass(frozen=True)
class Properties:
    """Document properties beside the title; `created` is given, so that one request twice is one content."""

    author: str
    created: datetime
    company: str = ""
    keywords: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart on a sheet of its own, drawn from the columns so named of the first sheet.

    Meant for a summary: the charted columns are kept in memory.
    """

    category: str
    values: Sequence[str]
    kind: Literal["column", "bar", "line"] = "column"


# What a cell holds


def _is_missing(value: Any) -> bool:
    """None, the empty text and what pandas puts for a gap: NaN, NaT, NA."""
    try:
        return value is None or value == "" or bool(value != value)
    except TypeError:  # NA answers neither yes nor no
        return True


def _number(value: Any) -> int | float | Decimal | None:
    number = value if isinstance(value, int | float | Decimal) else Decimal(str(value))
    return number if isfinite(number) else None


def _exact(number: int | float | Decimal) -> Decimal:
    return number if isinstance(number, Decimal) else Decimal(str(number))


def _on_the_clock(value: date, zone: tzinfo) -> datetime:
    """The moment as the office's clock shows it; without a zone it is office time already."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time())
    return (value.astimezone(zone) if value.tzinfo else value).replace(tzinfo=None)


def _reader(column: Column, zone: tzinfo) -> Callable[[Any], Cell]:
    """A function from a value of the column to what its cell holds, None for an empty one.

    It raises `ValueError` for a value that is not of the column's kind: a fault of the caller, not of the user.
    """
    yes, no = _("Yes"), _("No")

    converters: dict[str, Callable[[Any], Cell]] = {
        **dict.fromkeys(_TEXTS, str),
        "bool": lambda value: yes if value else no,
        "date": lambda value: _on_the_clock(value, zone).date(),
        "moment": lambda value: _on_the_clock(value, zone),
    }
    convert = converters.get(column.kind, _number)

    def read(value: Any) -> Cell:
        if _is_missing(value):
            return None
        try:
            return convert(value)
        except (ValueError, TypeError, ArithmeticError):
            raise ValueError(f"column {column.name}: {value!r} is not of kind {column.kind}") from None

    return read


def _cells(row: Row, columns: Sequence[Column]) -> Iterable[Any]:
    return [row[column.name] for column in columns] if isinstance(row, Mapping) else row


# CSV

# Control characters and the byte order mark count as blanks: some spreadsheets drop them before they look.
_BLANKS, _LIVE = r"[\s\x00-\x1f\x7f\u200b\ufeff]*", r"[=+\-@\t\r＝＋－＠]"
_TO_GUARD = re.compile(f"'*{_BLANKS}{_LIVE}")
_GUARDED = re.compile(f"'+{_BLANKS}{_LIVE}")
_CHUNK = 1 << 16


def guard(text: str) -> str:
    """`text` with an apostrophe before it where a spreadsheet would take it for a formula.

    So that `unguard` gives back every text exactly, a text that itself begins with apostrophes and then with such a
    beginning gets one more: `=1` becomes `'=1`, `'=1` becomes `''=1`. All other text is left as it is.
    """
    return "'" + text if _TO_GUARD.match(text) else text


def unguard(text: str) -> str:
    """What `guard` was given: one apostrophe less where apostrophes stand before a formula's beginning.

    `unguard(guard(text)) == text` for every text; a raw `=1` or `'quoted'` of somebody else's file stays as it is.
    """
    return text[1:] if _GUARDED.match(text) else text


def _csv_field(column: Column, zone: tzinfo) -> Callable[[Any], str]:
    """A function from a value to its exact text: no thousands separators, no exponents, moments to the second."""
    read, places = _reader(column, zone), _PLACES.get(column.kind)

    def text(value: Any) -> str:
        return guard(value if value.__class__ is str else str(read(value) or ""))

    def figure_or_day(value: Any) -> str:
        cell = read(value)
        if isinstance(cell, datetime):
            return cell.isoformat(sep=" ", timespec="seconds")
        if cell is None or isinstance(cell, date | str):
            return str(cell or "")
        if places is not None:
            return f"{_exact(cell):.{places}f}"
        digits = str(cell)
        return digits if "e" not in digits.lower() else f"{_exact(cell):f}"

    return text if column.kind in _TEXTS else figure_or_day


def csv_chunks(columns: Sequence[Column], rows: Iterable[Row], *, zone: tzinfo) -> Iterator[bytes]:
    """The CSV file piece by piece, the heading at once: for an answer that begins before the last row is known.

    UTF-8 with a byte order mark, or Chinese Excel shows garbage; text guarded as `guard` says. `percent` is written in
    ones. Raises `ValueError` as `write_workbook` does for a value of the wrong kind.
    """
    fields = [_csv_field(column, zone) for column in columns]
    buffer = StringIO(newline="")
    line = csv.writer(buffer).writerow

    def taken() -> bytes:
        chunk = buffer.getvalue().encode("utf-8", "replace")  # a lone half of a character has no UTF-8
        buffer.seek(0)
        buffer.truncate()
        return chunk

    line(guard(column.heading) for column in columns)
    yield codecs.BOM_UTF8 + taken()
    for row in rows:
        line([field(value) for field, value in zip(fields, _cells(row, columns), strict=True)])
        if buffer.tell() > _CHUNK:
            yield taken()
    if buffer.tell():
        yield taken()


def write_csv(target: BinaryIO, columns: Sequence[Column], rows: Iterable[Row], *, zone: tzinfo) -> None:
    """The whole CSV file into `target`, which stays open; see `csv_chunks`."""
    target.writelines(csv_chunks(columns, rows, zone=zone))


# Excel

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # what XML cannot hold
_LOOKS_ESCAPED = re.compile("_x[0-9a-fA-F]{4}_")
_UNLAWFUL = re.compile(r"[\[\]:*?/\\\s]+")


class _TextWorksheet(Worksheet):
    """xlsxwriter's worksheet, with text as text to the last character.

    In constant-memory mode xlsxwriter writes a text `<r>…</r>` unescaped, for rich text of its own making: pasted by a
    user it breaks the file. And it writes a carriage return as `_x000D_`, which WPS shows; XML has `&#13;` for it.
    """

    fh: Any

    def _escape_control_characters(self, data: Any) -> Any:
        return _LOOKS_ESCAPED.sub(r"_x005F\g<0>", data) if isinstance(data, str) else data

    def _xml_inline_string(self, string: str, preserve: Any, attributes: Sequence[tuple[str, Any]] = ()) -> None:
        place = "".join(f' {name}="{value}"' for name, value in attributes)
        text = self._escape_data(string).replace("\r", "&#13;")
        self.fh.write(f'<c{place} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>')

    def _xml_rich_inline_string(self, string: str, attributes: Sequence[tuple[str, Any]] = ()) -> None:
        self._xml_inline_string(string, True, attributes)


class _Styles:
    """The cell formats of a workbook, each made once: printable in grey, fonts left to Excel's theme."""

    def __init__(self, book: Workbook):
        self._book = book
        self._made: dict[tuple[str, bool, bool], Format] = {}
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.label = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
        self.link = book.add_format({"font_color": "#0563C1", "underline": 1})
        self.heading = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#D9D9D9", "border": 1}
        )

    def of(self, kind: Kind, *, quoted: bool = False, total: bool = False) -> Format:
        """The format of a kind of column; `quoted` keeps a text text when its cell is edited in Excel."""
        key = (kind, quoted, total)
        if key not in self._made:
            look: dict[str, Any] = {"num_format": _FORMS[kind], "valign": "top", "quote_prefix": quoted}
            look |= {"text_wrap": True} if kind in _TEXTS else {}
            look |= {"bold": True, "top": 1} if total else {}
            self._made[key] = self._book.add_format(look)
        return self._made[key]


@dataclass(eq=False)
class _Pen:
    """Writes one column of a sheet from top to bottom and keeps what is known only at the end: width and total."""

    column: Column
    index: int
    sheet: Worksheet
    styles: _Styles
    read: Callable[[Any], Cell]
    cuts: list[str]
    kept: list[Any] | None = None
    largest: float = 0
    negative: bool = False
    sum: Decimal = field(default_factory=Decimal)

    def __post_init__(self) -> None:
        kind = self.column.kind
        self.plain, self.quoted = self.styles.of(kind), self.styles.of(kind, quoted=True)
        self.whole = self.styles.of("integer") if kind == "quantity" else self.plain
        self.heading = _fit(_clean(self.column.heading))
        self.sheet.write_string(0, self.index, self.heading, self.styles.heading)
        self.widest = _breadth(self.heading) + _FILTER_BUTTON

    def write(self, row: int, value: Any) -> None:
        cell = self.read(value)
        if self.kept is not None:
            self.kept.append(_clean(str(cell)) if isinstance(cell, date | str) else cell)
        if isinstance(cell, str):
            self._write_text(row, cell)
        elif isinstance(cell, date):
            self._write_day(row, cell)
        elif cell is not None:
            self._write_number(row, cell)

    def _write_text(self, row: int, text: str) -> None:
        clean = _clean(text)
        fitting = _fit(clean)
        if fitting is not clean:
            place = {"sheet": self.sheet.get_name(), "row": row + 1, "column": self.column.label}
            self.cuts.append(_("%(sheet)s, row %(row)s: %(column)s", **place))
        if row <= _ROWS_MEASURED:
            self.widest = max(self.widest, _breadth(fitting))
        if fitting:
            self.sheet.write_string(row, self.index, fitting, self.quoted if _TO_GUARD.match(fitting) else self.plain)

    def _write_day(self, row: int, day: date) -> None:
        if day.year < _EXCEL_BEGINS:  # a day before its calendar shows as ####
            self._write_text(row, str(day))
        else:
            self.widest = max(self.widest, len(_FORMS[self.column.kind]))
            self.sheet.write_datetime(row, self.index, day, self.plain)

    def _write_number(self, row: int, number: int | float | Decimal) -> None:
        figure = float(number)
        self.largest = max(self.largest, abs(figure))
        self.negative |= figure < 0
        if self.column.total:
            self.sum += _exact(number)
        self.sheet.write_number(row, self.index, figure, self.whole if figure.is_integer() else self.plain)

    def write_total(self, row: int) -> None:
        """In the row below the last: a sum that follows the filter, with its value for programs that do not count."""
        total, letter, kind = float(self.sum), xl_col_to_name(self.index), self.column.kind
        style = self.styles.of("integer" if kind == "quantity" and total.is_integer() else kind, total=True)
        self.sheet.write_formula(row, self.index, f"=SUBTOTAL(109,{letter}2:{letter}{row})", style, total)
        self.largest = max(self.largest, abs(total))

    def width(self) -> float:
        """In characters of the default font, Chinese ones counting double."""
        figures = len(f"{self.largest:,.3f}") + self.negative
        return self.column.width or min(max(self.widest, figures, _NARROWEST - 1) + 1, _WIDEST)


def _clean(text: str) -> str:
    return _UNFIT.sub("", text)


def _fit(text: str) -> str:
    """`text` itself, or as much of it as a cell holds, with a mark."""
    if len(text) <= MAX_TEXT // 2 or len(text.encode("utf-16-le")) // 2 <= MAX_TEXT:
        return text
    mark = _("… (full text in the system)")
    return _beginning(text, MAX_TEXT - len(mark)) + mark


def _beginning(text: str, units: int) -> str:
    """The first characters of `text` that take no more than so many UTF-16 units, which is how Excel counts."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


def _breadth(text: str) -> int:
    lines = text.splitlines() or [""]
    return max(sum(1 + (unicodedata.east_asian_width(one) in "WFA") for one in line[:_WIDEST]) for line in lines)


def _sheet_names(titles: Iterable[Any]) -> Iterator[str]:
    """A lawful name for each title: at most 31 UTF-16 units, none of `[]:*?/\\`, none twice, whatever the case."""
    taken = {"history"}  # Excel keeps this one for itself
    for title in titles:
        wanted = _UNLAWFUL.sub(" ", _clean(str(title))).strip(" '") or _("Sheet")
        for number in count(1):
            ending = "" if number == 1 else f" ({number})"
            name = _beginning(wanted, 31 - len(ending)).rstrip(" '") + ending
            if name.lower() not in taken:
                break
        taken.add(name.lower())
        yield name


@contextmanager
def _open_book(target: BinaryIO) -> Iterator[Workbook]:
    """A workbook that reaches `target` when the block ends well; a block that fails leaves `target` untouched."""
    never = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with TemporaryDirectory(prefix="workbook-") as folder:
        book = Workbook(target, {"constant_memory": True, "use_zip64": True, "tmpdir": folder, **never})
        try:
            yield book
            book.close()
        finally:
            for sheet in book.worksheets():
                sheet._opt_close()  # xlsxwriter closes its row files only when all goes well


def write_workbook(
    target: BinaryIO,
    cover: Cover,
    sheets: Sequence[Sheet],
    *,
    zone: tzinfo,
    properties: Properties,
    chart: Chart | None = None,
) -> None:
    """A workbook with the cover first, then `sheets`, then the chart, into `target`, which stays open.

    Words the writer adds are in the language of the request. Moments are written by the clock of `zone`, days before
    1900 as text. Raises `ValueError` with a plain sentence for more rows than a sheet can hold, and with a technical
    one for a value that is not of its column's kind; `target` is untouched then.
    """
    created, title = properties.created, _clean(str(cover.title))
    created = created.astimezone(zone) if created.tzinfo else created.replace(tzinfo=zone)
    with _open_book(target) as book:
        about = {name: _clean(getattr(properties, name)) for name in ("author", "company", "keywords")}
        book.set_properties({"title": title, "created": created.astimezone(UTC).replace(tzinfo=None), **about})
        styles, cuts, counts = _Styles(book), list[str](), list[tuple[str, int]]()
        titles = [_("About"), *(sheet.title for sheet in sheets), *([_("Chart")] if chart else [])]
        pages = [book.add_worksheet(name, _TextWorksheet) for name in _sheet_names(titles)]
        for page in pages:
            _set_up(page, title, created)
        charted = {chart.category, *chart.values} if chart else set()
        for page, sheet in zip(pages[1:], sheets, strict=False):
            pens = [
                _Pen(column, index, page, styles, _reader(column, zone), cuts, [] if column.name in charted else None)
                for index, column in enumerate(sheet.columns)
            ]
            counts.append((page.get_name(), _write_rows(page, sheet, pens)))
            if chart and page is pages[1]:
                _draw(book, pages[-1], title, chart, {pen.column.name: pen for pen in pens})
            charted = set()
        _write_cover(pages[0], title, cover, styles, counts, cuts)


def _set_up(page: Worksheet, title: str, produced: datetime) -> None:
    """The printed page: A4 landscape, one page wide, room to bind it on the left, title and time above, page below."""
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_margins(left=2.5 / 2.54, right=0.5, top=0.75, bottom=0.75)
    # 255 units are all a header holds; an ampersand begins a code unless it is doubled
    page.set_header(f"&L{_beginning(title, 100).replace('&', '&&')}&R{produced:%Y-%m-%d %H:%M}")
    page.set_footer("&C" + _("Page %(page)s of %(pages)s", page="&P", pages="&N"))


def _write_rows(page: Worksheet, sheet: Sheet, pens: Sequence[_Pen]) -> int:
    """The table below its heading, with totals when asked for; the number of rows."""
    totals = [pen for pen in pens if pen.column.total]
    most = MAX_ROWS - bool(totals)
    last = 0
    for last, row in enumerate(sheet.rows, start=1):
        if last > most:
            raise ValueError(
                _(
                    "“%(sheet)s” has more than %(most)s rows, all that an Excel sheet holds; choose a shorter period"
                    " or take CSV.",
                    sheet=sheet.title,
                    most=f"{most:,}",
                )
            )
        for pen, value in zip(pens, _cells(row, sheet.columns), strict=True):
            pen.write(last, value)
    end = last
    if last and totals:
        end = last + 1
        if pens[0] not in totals:
            page.write_string(end, 0, _("Total"), pens[0].styles.of("text", total=True))
        for pen in totals:
            pen.write_total(end)
    for pen in pens:
        page.set_column(pen.index, pen.index, pen.width())
    page.freeze_panes(1, 1)
    page.repeat_rows(0)
    page.print_area(0, 0, end, len(pens) - 1)
    page.autofilter(0, 0, last, len(pens) - 1)
    letters = [xl_col_to_name(pen.index) for pen in pens if pen.column.kind in _TEXTS]
    if last and letters:  # or each document number bears a green corner
        page.ignore_errors({"number_stored_as_text": " ".join(f"{letter}2:{letter}{last + 1}" for letter in letters)})
    return last


def _write_cover(
    page: Worksheet, title: str, cover: Cover, styles: _Styles, counts: Sequence[tuple[str, int]], cuts: Sequence[str]
) -> None:
    """Label and value a row, notes below; the widths are fixed so that it prints on one page."""
    page.set_column(0, 0, 28)
    page.set_column(1, 1, 90)
    page.write_string(0, 0, _fit(title), styles.title)
    facts = [(label, str(value)) for label, value in cover.lines]
    facts += [(_("Rows in “%(sheet)s”", sheet=name), f"{rows:,}") for name, rows in counts]
    facts += [("" if index else _("Notes"), note) for index, note in enumerate(cover.notes)]
    listed = [*cuts[:MAX_CUTS_LISTED], *(["…"] if len(cuts) > MAX_CUTS_LISTED else [])]
    facts += [("" if index else _("Texts cut (%(count)s)", count=len(cuts)), cut) for index, cut in enumerate(listed)]
    row = 1
    for row, (label, value) in enumerate(facts, start=2):
        if label:
            page.write_string(row, 0, _fit(_clean(str(label))), styles.label)
        text = _fit(_clean(str(value)))
        page.write_string(row, 1, text, styles.of("text", quoted=bool(_TO_GUARD.match(text))))
    if cover.link:
        page.write_url(row + 1, 1, cover.link, styles.link, _("Open in the system"))


def _draw(book: Workbook, page: Worksheet, title: str, chart: Chart, pens: Mapping[str, _Pen]) -> None:
    """A native chart of a page's size; its series differ by shade, and lines by dash: a grey print tells them apart."""
    category, series = pens[chart.category], [pens[name] for name in chart.values]
    rows = len(category.kept or ())
    if not rows:
        page.write_string(0, 0, _("No rows"))
        return
    drawing = book.add_chart({"type": chart.kind})
    for pen, shade, dash in zip(series, cycle(_SHADES), cycle(_DASHES), strict=False):
        look: dict[str, Any] = {"fill": {"color": shade}, "border": {"color": _SHADES[0]}}
        if chart.kind == "line":
            look = {"line": {"color": shade, "width": 2.25, "dash_type": dash}, "marker": {"type": "automatic"}}
        drawing.add_series(
            {
                "name": pen.heading,
                "categories": [category.sheet.get_name(), 1, category.index, rows, category.index],
                "values": [pen.sheet.get_name(), 1, pen.index, rows, pen.index],
                # streamed rows are gone by now: without these, previewers would show an empty chart
                "categories_data": category.kept,
                "values_data": [None if value is None else float(value) for value in pen.kept or ()],
                **look,
            }
        )
    drawing.set_title({"name": title, "overlay": False})
    drawing.set_x_axis({"name": category.heading, "reverse": chart.kind == "bar"})
    units = dict.fromkeys(str(pen.column.unit or pen.column.label) for pen in series)
    drawing.set_y_axis({"name": ", ".join(units), "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}})
    drawing.set_legend({"position": "bottom", "none": len(series) == 1})
    drawing.set_size({"width": 960, "height": 560})
    page.insert_chart(0, 0, drawing)
