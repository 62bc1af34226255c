"""The one way out into Excel: sheets that can be mailed on untouched, written as a stream.

pandas does the arithmetic of reports and never writes: `to_excel` turns a text `=1+1` into a live formula. Here text
stays text, numbers and days are real ones, and memory stays flat however many rows come.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import count, cycle
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Literal

from flask_babel import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from app.engine.columns import TEXTS, Column, Row, cells_of, reader
from app.engine.csv import TO_GUARD
from app.engine.pens import Body, Pen, Styles, TextWorksheet, beginning, clean, fit, lines_of

MAX_ROWS = 1_048_575  # below the heading: Excel has 2**20 rows
MAX_CUTS_LISTED = 100
LINE = 15  # points a line of text is high
LABEL_WIDTH, COVER_WIDTH = 28, 90

_SHADES = ("#1F4E79", "#9DC3E6", "#7F7F7F", "#D9D9D9")
_DASHES = ("solid", "dash", "round_dot", "long_dash")
_UNLAWFUL = re.compile(r"[\[\]:*?/\\\s]+")


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
    #: who answers for it, at the foot of each printed page
    signed: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart on a sheet of its own, drawn from the columns so named of the first sheet.

    Meant for a summary: the charted columns are kept in memory.
    """

    category: str
    values: Sequence[str]
    kind: Literal["column", "bar", "line"] = "column"
    #: further columns that tell the rows apart, next to the category's
    within: Sequence[str] = ()


def _sheet_names(titles: Iterable[Any]) -> Iterator[str]:
    """A lawful name for each title: at most 31 UTF-16 units, none of `[]:*?/\\`, none twice, whatever the case."""
    taken = {"history"}  # Excel keeps this one for itself
    for title in titles:
        wanted = _UNLAWFUL.sub(" ", clean(str(title))).strip(" '") or _("Sheet")
        for number in count(1):
            ending = "" if number == 1 else f" ({number})"
            name = beginning(wanted, 31 - len(ending)).rstrip(" '") + ending
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
    created, title = properties.created, clean(str(cover.title))
    created = created.astimezone(zone) if created.tzinfo else created.replace(tzinfo=zone)
    with _open_book(target) as book:
        about = {name: clean(getattr(properties, name)) for name in ("author", "company", "keywords")}
        book.set_properties({"title": title, "created": created.astimezone(UTC).replace(tzinfo=None), **about})
        styles, cuts, counts = Styles(book), list[str](), list[tuple[str, int]]()
        titles = [_("About"), *(sheet.title for sheet in sheets), *([_("Chart")] if chart else [])]
        pages = [book.add_worksheet(name, TextWorksheet) for name in _sheet_names(titles)]
        for page in pages:
            _set_up(page, title, created, properties.signed)
        charted = {chart.category, *chart.within, *chart.values} if chart else set()
        for page, sheet in zip(pages[1:], sheets, strict=False):
            pens = [
                Pen(column, index, page, styles, reader(column, zone), cuts, [] if column.name in charted else None)
                for index, column in enumerate(sheet.columns)
            ]
            page.set_row(0, LINE * max((pen.heading_lines for pen in pens), default=1))
            counts.append((page.get_name(), _write_rows(page, sheet, pens)))
            if chart and page is pages[1]:
                _draw(book, pages[-1], title, chart, {pen.column.name: pen for pen in pens})
            charted = set()
        _write_cover(pages[0], title, cover, styles, counts, cuts)


def _set_up(page: Worksheet, title: str, produced: datetime, signed: str) -> None:
    """The printed page: A4 landscape, one page wide, room to bind it on the left, title and time above, page below."""
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_margins(left=2.5 / 2.54, right=0.5, top=0.75, bottom=0.75)
    # 255 units are all a header holds; an ampersand begins a code unless it is doubled
    page.set_header(f"&L{_printed(title)}&R{produced:%Y-%m-%d %H:%M}")
    page.set_footer(f"&L{_printed(signed)}&R" + _("Page %(page)s of %(pages)s", page="&P", pages="&N"))


def _printed(text: str) -> str:
    return beginning(clean(text), 100).replace("&", "&&")


def _write_rows(page: TextWorksheet, sheet: Sheet, pens: Sequence[Pen]) -> int:
    """The table below its heading, with totals when asked for; the number of rows."""
    totals = [pen for pen in pens if pen.column.total]
    most = MAX_ROWS - bool(totals)
    last, body = 0, Body(page, pens)
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
        body.write(last, list(cells_of(row, sheet.columns)))
    body.end()
    end = last
    if last and totals:
        end = last + 1
        if pens[0] not in totals:
            page.write_string(end, 0, _("Total"), pens[0].styles.of("text", total=True))
        for pen in totals:
            pen.write_total(end)
    body.set_widths()
    page.freeze_panes(1, 1)
    page.repeat_rows(0)
    page.print_area(0, 0, end, len(pens) - 1)
    page.autofilter(0, 0, last, len(pens) - 1)
    if last:
        _set_apart(page, pens, last)
    letters = [xl_col_to_name(pen.index) for pen in pens if pen.column.kind in TEXTS]
    if last and letters:  # or each document number bears a green corner
        page.ignore_errors({"number_stored_as_text": " ".join(f"{letter}2:{letter}{last + 1}" for letter in letters)})
    return last


def _set_apart(page: Worksheet, pens: Sequence[Pen], last: int) -> None:
    """What is overdue in bold on grey, what was cancelled struck through: both are told apart in a grey print, too."""
    for pen in pens:
        column, styles, letter = pen.column, pen.styles, xl_col_to_name(pen.index)
        if column.alarm:
            yes = (
                {"criteria": "==", "value": f'"{_("Yes")}"'} if column.kind == "bool" else {"criteria": ">", "value": 0}
            )
            page.conditional_format(1, pen.index, last, pen.index, {"type": "cell", **yes, "format": styles.alarm})
        if column.struck:
            words = ",".join(f'${letter}2="{word}"' for word in map(_quoted, column.struck))
            rule = {"type": "formula", "criteria": f"=OR({words})", "format": styles.struck}
            page.conditional_format(1, 0, last, len(pens) - 1, rule)


def _quoted(word: Any) -> str:
    return clean(str(word)).replace('"', '""')


def _write_cover(
    page: Worksheet, title: str, cover: Cover, styles: Styles, counts: Sequence[tuple[str, int]], cuts: Sequence[str]
) -> None:
    """Label and value a row, notes below; the widths are fixed so that it prints on one page."""
    page.set_column(0, 0, LABEL_WIDTH)
    page.set_column(1, 1, COVER_WIDTH)
    page.write_string(0, 0, fit(title), styles.title)
    facts = [(label, str(value)) for label, value in cover.lines]
    facts += [(_("Rows in “%(sheet)s”", sheet=name), f"{rows:,}") for name, rows in counts]
    facts += [("" if index else _("Notes"), note) for index, note in enumerate(cover.notes)]
    listed = [*cuts[:MAX_CUTS_LISTED], *(["…"] if len(cuts) > MAX_CUTS_LISTED else [])]
    facts += [("" if index else _("Texts cut (%(count)s)", count=len(cuts)), cut) for index, cut in enumerate(listed)]
    row = 1
    for row, (label, value) in enumerate(facts, start=2):
        text = fit(clean(str(value)))
        # no program makes room for what it wraps
        lines = max(lines_of(text, COVER_WIDTH - 4), lines_of(str(label or ""), LABEL_WIDTH - 4))
        page.set_row(row, LINE * min(lines, 20))
        if label:
            page.write_string(row, 0, fit(clean(str(label))), styles.label)
        page.write_string(row, 1, text, styles.of("text", quoted=bool(TO_GUARD.match(text))))
    if cover.link:
        page.write_url(row + 1, 1, cover.link, styles.link, _("Open in the system"))


def _draw(book: Workbook, page: Worksheet, title: str, chart: Chart, pens: Mapping[str, Pen]) -> None:
    """A native chart of a page's size; its series differ by shade, and lines by dash: a grey print tells them apart."""
    categories = [pens[name] for name in (chart.category, *chart.within)]
    category, series = categories[0], [pens[name] for name in chart.values]
    rows, told = len(category.kept or ()), [pen.kept for pen in categories]
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
                "categories": [category.sheet.get_name(), 1, category.index, rows, categories[-1].index],
                "values": [pen.sheet.get_name(), 1, pen.index, rows, pen.index],
                # streamed rows are gone by now: without these, previewers would show an empty chart
                "categories_data": told if chart.within else category.kept,
                "values_data": [None if value is None else float(value) for value in pen.kept or ()],
                **look,
            }
        )
    drawing.set_title({"name": title, "overlay": False})
    drawing.set_x_axis({"name": ", ".join(pen.heading for pen in categories), "reverse": chart.kind == "bar"})
    units = dict.fromkeys(str(pen.column.unit or pen.column.label) for pen in series)
    drawing.set_y_axis({"name": ", ".join(units), "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}})
    drawing.set_legend({"position": "bottom", "none": len(series) == 1})
    drawing.set_size({"width": 960, "height": 560})
    page.insert_chart(0, 0, drawing)
