"""The 24 points of a workbook one forwards untouched (quality-bar.md 4.2), on the workbook of every report.

They are read back by openpyxl, and all of them once more as LibreOffice saves them again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from urllib.parse import unquote
from zipfile import ZipFile

import pytest
from flask_babel import force_locale
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter

from app.engine import access, moments
from app.engine.columns import is_figure
from app.engine.frames import REPORTS
from app.engine.report_answers import Answer, ask
from app.extensions import db
from tests.conftest import actors_of, sign_in
from tests.office_suite import all_converted
from tests.report_cells import TOO_FEW

FORMATS = {"money": "#,##0.00", "integer": "#,##0", "percent": "0.0%", "date": "yyyy-mm-dd",
           "moment": "yyyy-mm-dd hh:mm"}  # fmt: skip
#: What the figures of a column are in, as the cover says it.
MEASURES = {
    "integer": "件/次", "quantity": "数量", "money": "元", "price": "元", "percent": "百分比", "hours": "小时",
}  # fmt: skip
NUMBERS = ("integer", "money", "price", "quantity", "percent", "hours")


@dataclass(frozen=True)
class Made:
    """A report's workbook: as it left the house, read with formulas and with their values, and what the page says."""

    name: str
    raw: bytes
    disposition: str
    book: Workbook
    values: Workbook
    answer: Answer
    again: bytes
    #: the words of the report in Chinese, as they have to stand in it
    title: str
    basis: str
    headings: list[str]
    spoken: list[dict]


@pytest.fixture(scope="module")
def made(busy_office):
    """Every report of a demo office, twice at the same moment."""
    app = busy_office
    with app.app_context():
        moments.configure(str(moments.office_zone()), moments.now())
        browser, found = sign_in(app, "manager"), {}
        for name in REPORTS:
            with access.acting_as(actors_of(db.session)["manager"]):
                answer = ask(db.session, name, {})
            db.session.remove()
            pair = [browser.get(f"/reports/{name}.xlsx") for _turn in range(2)]
            assert [one.status_code for one in pair] == [200, 200], pair[0].text
            raw, again = (one.data for one in pair)
            for one in pair:
                one.close()
            books = [load_workbook(BytesIO(raw), data_only=plain) for plain in (False, True)]
            with force_locale("zh"):
                words = str(answer.report.title), str(answer.report.basis), [str(c.heading) for c in answer.columns]
                spoken = answer.spoken
            found[name] = Made(name, raw, pair[0].headers["Content-Disposition"], *books, answer, again, *words, spoken)
    moments.configure(str(moments.office_zone()))
    return found


@pytest.fixture(params=REPORTS)
def one(request, made):
    return made[request.param]


def table_of(one, book=None):
    """The summary's sheet: cover, summary, details, chart stand in this order."""
    return (book or one.book).worksheets[1]


def body(one, values=True):
    """The rows between heading and totals."""
    sheet, count = table_of(one, one.values if values else one.book), len(one.answer.rows)
    return [list(row) for row in sheet.iter_rows(min_row=2, max_row=count + 1)] if count else []


def test_the_cover_says_what_when_by_whom_and_with_whose_rights(one):
    """Points 1, 2 and 3."""
    cover = one.book.worksheets[0]
    words = {str(row[0].value): str(row[1].value) for row in cover.iter_rows(min_row=2) if row[0].value}
    assert cover["A1"].value == one.title
    assert words["所用权限"] == "高峰"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d \(Asia/Shanghai\)", words["生成时间"])
    assert words["数据截至"] == words["生成时间"]
    assert words["填报单位"] == "办公室"
    measures = {MEASURES[column.kind] for column in one.answer.columns if column.kind in MEASURES}
    assert set(words.get("计量单位", "").split("、")) - {""} == measures
    assert words.get("期间") == (None if one.answer.report.timeless else "全部日期")
    assert words[f"“{table_of(one).title}”的行数"] == f"{len(one.answer.rows):,}"
    said = {str(row[1].value) for row in cover.iter_rows()}
    assert one.basis in said


def test_it_links_back_and_nothing_in_it_is_alive(one):
    """Points 4 and 16: one link, on the cover; the only formulas are our totals."""
    links = [
        (sheet.title, cell.hyperlink.target) for sheet in one.book for row in sheet for cell in row if cell.hyperlink
    ]
    assert links == [(one.book.worksheets[0].title, f"http://localhost/reports/{one.name}")]
    formulas = [
        str(cell.value) for sheet in one.book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ]
    assert all(re.fullmatch(r"=SUBTOTAL\(109,[A-Z]+2:[A-Z]+\d+\)", formula) for formula in formulas)
    parts = ZipFile(BytesIO(one.raw)).namelist()
    assert not [part for part in parts if "vba" in part.lower() or "externalLink" in part]


def test_its_sheets_have_names_headings_filters_and_widths(one):
    """Points 5 to 9."""
    names = [sheet.title for sheet in one.book]
    assert len({name.lower() for name in names}) == len(names) and all(0 < len(name) <= 31 for name in names)
    sums_up = one.answer.report.opens_rows or one.answer.report.groups or one.answer.report.chart
    assert names[:2] == ["说明", "汇总" if sums_up else one.title[:31]]
    assert all(name.split()[0] in ("明细", "图表") for name in names[2:])
    sheet = table_of(one)
    amounts = [column.kind in ("money", "price") and not column.unit for column in one.answer.columns]
    assert [cell.value for cell in sheet[1]] == [
        f"{heading}（元）" if amount else heading for heading, amount in zip(one.headings, amounts, strict=True)
    ]
    assert not {cell.value for cell in sheet[1]} & {column.name for column in one.answer.columns}
    assert not sheet.merged_cells.ranges
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref.startswith("A1:") and sheet.auto_filter.ref.endswith(str(len(one.answer.rows) + 1))
    widths = [sheet.column_dimensions[cell.column_letter].width for cell in sheet[1]]
    assert all(8 <= width <= 51 for width in widths)


def test_its_cells_have_real_types_and_words_instead_of_codes(one):
    """Points 10, 11, 12 and 15."""
    for row, told in zip(body(one), one.spoken, strict=True):
        for cell, column in zip(row, one.answer.columns, strict=True):
            wanted = told[column.name]
            assert cell.value not in ("nan", "None", "NaT"), column.name
            if wanted is None or wanted == "":
                assert cell.value is None, column.name
            elif wanted == TOO_FEW:
                assert cell.value == "<5", column.name
            elif column.kind in NUMBERS:
                assert isinstance(cell.value, int | float) and abs(cell.value - float(wanted)) < 1e-6, column.name
            elif column.kind in ("date", "moment"):
                assert isinstance(cell.value, date), column.name
            else:
                assert isinstance(cell.value, str), column.name
            if column.kind in FORMATS and cell.value is not None:
                assert cell.number_format.startswith(FORMATS[column.kind]), (column.name, cell.number_format)
    for column in one.answer.columns:
        stored = set(one.answer.report.labels.get(column.name, {}))
        place = [c.name for c in one.answer.columns].index(column.name)
        assert not stored & {row[place].value for row in body(one)} - {""}, column.name


def test_its_totals_are_formulas_with_the_sums_of_the_page(one):
    """Point 13."""
    summed = [number for number, column in enumerate(one.answer.columns) if column.total]
    if not summed or not one.answer.rows:
        assert table_of(one).max_row == max(len(one.answer.rows) + 1, 1)
        return
    last = len(one.answer.rows) + 2
    for number in summed:
        values = [row[one.answer.columns[number].name] for row in one.answer.rows]
        wanted = sum((Decimal(str(value)) for value in values if is_figure(value)), Decimal(0))
        assert str(table_of(one).cell(last, number + 1).value).startswith("=SUBTOTAL(109,")
        assert abs(Decimal(str(table_of(one, one.values).cell(last, number + 1).value)) - wanted) < Decimal("0.001")


def test_what_is_overdue_or_cancelled_is_told_apart_in_grey(one):
    """Point 14."""
    rules = [
        (sheet.title, str(area.sqref), rule)
        for sheet in one.book
        for area in sheet.conditional_formatting
        for rule in area.rules
    ]
    assert len(rules) <= 4
    for _sheet, _place, rule in rules:
        fill, ink = rule.dxf.fill, rule.dxf.font
        shades = [colour.rgb[2:] for colour in (fill and fill.bgColor, ink and ink.color) if colour is not None]
        assert all(shade[:2] == shade[2:4] == shade[4:] for shade in shades)
        assert ink.b or ink.strike
    places = {place for sheet, place, _rule in rules if sheet == table_of(one).title}
    for number, column in enumerate(one.answer.columns):
        if column.name in ("overdue", "late", "late_open", "over_90") and one.answer.rows:
            letter = get_column_letter(number + 1)
            last = len(one.answer.rows) + 1
            assert (f"{letter}2:{letter}{last}" if last > 2 else f"{letter}2") in places, column.name


def test_cancelled_orders_are_struck_through_in_the_details(made):
    """Point 14: of all the states that end without counting, by their words."""
    details = made["order_funnel"].book["明细"]
    (area,) = [one for one in details.conditional_formatting for rule in one.rules if rule.type == "expression"]
    (formula,) = area.rules[0].formula
    assert set(re.findall(r'"([^"]+)"', formula)) == {"已取消", "交易已关闭", "无效"}
    column = re.match(r"OR\(\$([A-Z]+)2=", formula)[1]
    assert details[f"{column}1"].value == "状态"


def test_a_file_says_in_its_name_of_which_days_it_is(busy_office):
    """Point 22, by its example: `2026年一季度收文统计_综合科_20260401.xlsx`."""
    browser = sign_in(busy_office, "manager")
    for days, words in {
        "from=2026-01-01&to=2026-03-31": "2026年一季度",
        "from=2026-01-01&to=2026-12-31": "2026年",
        "from=2026-02-01&to=2026-02-28": "2026年2月",
        "from=2026-02-03&to=2026-02-03": "2026-02-03",
        "from=2026-02-03&to=2026-04-30": "2026-02-03–2026-04-30",
    }.items():
        with browser.get(f"/reports/order_summary.xlsx?{days}") as answer:
            name = unquote(answer.headers["Content-Disposition"])
        assert f"{words}订单汇总_办公室_" in name, name


def test_its_chart_is_a_native_one_with_titles(one):
    """Point 19."""
    drawn = [chart for sheet in one.book for chart in sheet._charts]
    wanted = bool(one.answer.report.chart and one.answer.rows)
    assert len(drawn) == wanted
    assert not [part for part in ZipFile(BytesIO(one.raw)).namelist() if "media/" in part]
    if wanted:
        assert drawn[0].title is not None and drawn[0].x_axis.title is not None and drawn[0].y_axis.title is not None
        name = table_of(one).title.replace("'", "''")
        assert drawn[0].series[0].val.numRef.f.replace("'", "").startswith(f"{name}!")


def test_it_prints_on_a4_landscape_one_page_wide(one):
    """Point 20."""
    for sheet in one.book.worksheets:
        assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
        assert sheet.page_margins.left >= 2.5 / 2.54 - 0.001
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) in ((None, 0), (1, 0), ("1", "0"))
        assert sheet.oddFooter.left.text == "填报单位：办公室　填报人：高峰　审核人："
        assert "&P" in sheet.oddFooter.right.text or "Page" in str(sheet.oddFooter.right.text)
        assert sheet.oddHeader.left.text and sheet.oddHeader.right.text
    assert table_of(one).print_title_rows == "$1:$1"
    assert table_of(one).print_area


def test_its_properties_name_and_content_are_settled(one):
    """Points 21, 22 and 24: the same request at the same moment is the same content."""
    about = one.book.properties
    assert (about.title, about.creator, about.keywords) == (one.title, "Wenshu · 高峰", one.name)
    assert isinstance(about.created, datetime)
    assert f"{one.title}_办公室_{moments.today():%Y%m%d}.xlsx" in unquote(one.disposition)
    parts = [{name: ZipFile(BytesIO(raw)).read(name) for name in ZipFile(BytesIO(raw)).namelist()}
             for raw in (one.raw, one.again)]  # fmt: skip
    assert parts[0] == parts[1]


def test_another_program_reads_the_same_figures(made, tmp_path):
    """Point 23: LibreOffice opens each, saves it again, and works the totals out anew."""
    saved = all_converted({f"{name}.xlsx": one.raw for name, one in made.items()}, "xlsx", tmp_path)
    for name, one in made.items():
        theirs = load_workbook(BytesIO(saved[f"{name}.xlsx"]), data_only=True)
        assert [sheet.title for sheet in theirs] == [sheet.title for sheet in one.values]
        ours = [[cell.value for cell in row] for row in table_of(one, one.values).iter_rows()]
        read = [[cell.value for cell in row] for row in theirs.worksheets[1].iter_rows(max_col=len(one.answer.columns))]
        for mine, other in zip(ours, read, strict=False):
            for left, right in zip(mine, other, strict=True):
                if isinstance(left, int | float) and not isinstance(left, bool):
                    assert abs(left - (right or 0)) < 1e-6, (name, mine, other)
                elif isinstance(left, datetime):  # a day's fraction, which the program rounds in its own way
                    assert abs(left - right) < timedelta(seconds=0.01), (name, mine, other)
                else:
                    assert left == right, (name, mine, other)
        assert len(read) >= len(ours)
