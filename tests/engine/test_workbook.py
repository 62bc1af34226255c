"""Workbooks read back by other programs: what went in comes out, and nothing of it is alive."""

import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import numpy
import openpyxl
import pandas
import pytest
import python_calamine

from app.engine import workbook
from app.engine.columns import Column
from app.engine.pens import clean
from app.engine.workbook import Chart, Cover, Properties, Sheet, write_workbook
from tests.engine.tables import COLUMNS, PAYLOADS, ROWS, SHANGHAI, TEXT, shared_payloads

MADE = Properties(
    "Wenshu / 王芳", datetime(2026, 4, 1, 0, 30, tzinfo=UTC), "综合科", "document_register", "填报人：王芳"
)


def written(*sheets, cover=None, chart=None):
    """The bytes of a workbook of these sheets."""
    target = BytesIO()
    write_workbook(
        target,
        cover or Cover("Register of documents"),
        sheets,
        zone=SHANGHAI,
        properties=MADE,
        chart=chart,
    )
    return target.getvalue()


def opened(*sheets, values=False, **more):
    return openpyxl.load_workbook(BytesIO(written(*sheets, **more)), data_only=values)


def table(rows, *columns, **more):
    """The one data sheet of a workbook with these rows."""
    return opened(Sheet("Data", columns or COLUMNS, rows), **more)["Data"]


def texts_of(data):
    """The first column of the first data sheet, below its heading, as the importer's reader sees it."""
    rows = python_calamine.load_workbook(BytesIO(data)).get_sheet_by_index(1).to_python(skip_empty_area=False)
    return [row[0] for row in rows[1:]]


def cells_with(sheet, kind):
    return [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == kind]


class TestTypes:
    @pytest.fixture
    def sheet(self):
        return table(ROWS)

    @pytest.mark.parametrize(
        "place, value, form",
        [
            ("A2", "0071", "@"),
            ("B2", "关于采购的通知", "General"),
            ("C2", 3, "#,##0"),
            ("D2", 1234.5, "#,##0.00"),
            ("D3", -0.75, "#,##0.00"),
            ("E2", 0.125, "0.0%"),
            ("F2", 7.3333, "0.00"),
            ("G2", datetime(2026, 3, 2), "yyyy-mm-dd"),
            ("G3", datetime(2026, 3, 3), "yyyy-mm-dd"),
            ("H2", datetime(2026, 3, 3, 2, 5), "yyyy-mm-dd hh:mm"),
            ("H3", datetime(2026, 3, 3, 9, 0), "yyyy-mm-dd hh:mm"),
            ("I2", "Yes", "General"),
            ("I3", "No", "General"),
        ],
    )
    def test_a_value_keeps_its_type_and_moments_are_office_time(self, sheet, place, value, form):
        assert (sheet[place].value, sheet[place].number_format) == (value, form)

    @pytest.mark.parametrize(
        "nothing", [None, "", float("nan"), pandas.NaT, pandas.NA, numpy.nan, Decimal("NaN")], ids=repr
    )
    def test_nothing_is_an_empty_cell(self, nothing):
        columns = [
            Column("no", "No", "text"),
            *(Column(kind, kind, kind) for kind in ("money", "date", "moment", "bool")),
        ]
        sheet = table([["1", *[nothing] * 4]], *columns)
        assert [cell.value for cell in sheet[2]] == ["1", None, None, None, None]

    def test_a_quotient_without_bound_is_no_figure(self):
        assert table([["a", numpy.inf]], TEXT, Column("growth", "Growth", "percent"))["B2"].value is None

    def test_whole_quantities_show_no_decimals(self):
        sheet = table([[Decimal("3.000")], [Decimal("2.5")]], Column("quantity", "Quantity", "quantity", unit="kg"))
        assert [sheet["A2"].number_format, sheet["A3"].number_format] == ["#,##0", "#,##0.00#"]

    def test_a_moment_without_zone_is_office_time_already(self):
        assert table([[datetime(2026, 3, 2, 8, 30)]], Column("at", "At", "moment"))["A2"].value == datetime(
            2026, 3, 2, 8, 30
        )

    def test_a_day_before_excels_calendar_is_text(self):
        assert table([[date(1899, 12, 31)]], Column("on", "On", "date"))["A2"].value == "1899-12-31"

    def test_rows_may_be_sequences_or_mappings_in_any_order(self):
        columns = [Column("a", "A", "text"), Column("b", "B", "integer")]
        sheet = table([("x", 1), {"b": 2, "a": "y", "unasked": 0}], *columns)
        assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [["x", 1], ["y", 2]]

    def test_a_row_of_the_wrong_length_is_refused(self):
        with pytest.raises(ValueError, match="zip"):
            table([("x", 1)], TEXT)

    @pytest.mark.parametrize("kind", ["money", "integer", "date", "moment"])
    def test_a_value_of_another_kind_is_refused_and_names_its_column(self, kind):
        with pytest.raises(ValueError, match=f"column amount: 'soon' is not of kind {kind}"):
            table([["soon"]], Column("amount", "Amount", kind))


class TestText:
    def test_no_payload_is_a_formula_or_a_link(self):
        sheet = table([[payload] for payload in PAYLOADS], TEXT)
        assert (cells_with(sheet, "f"), [cell.hyperlink for cell in sheet["A"] if cell.hyperlink]) == ([], [])

    def test_every_payload_comes_back_as_it_was(self):
        assert texts_of(written(Sheet("Data", [TEXT], [[payload] for payload in PAYLOADS]))) == PAYLOADS

    @pytest.mark.parametrize("kind", ["text", "number_text", "choice"])
    def test_text_that_looks_alive_stays_text_when_it_is_edited_in_excel(self, kind):
        sheet = table([["=1+1"], ["plain"]], Column("text", "Text", kind))
        assert [sheet["A2"].quotePrefix, sheet["A3"].quotePrefix] == [True, False]

    def test_headings_titles_and_cover_are_text_too(self):
        book = opened(
            Sheet("=1+1", [Column("a", "=1+1", "text")], [["a"]]),
            cover=Cover("=1+1", [("=1+1", "=1+1")], ["=1+1"]),
        )
        assert [cells_with(sheet, "f") for sheet in book] == [[], []]

    def test_the_shared_naughty_strings_come_back_and_none_is_alive(self):
        payloads = [text for text in shared_payloads() if text]
        data = written(Sheet("Data", [TEXT], [[text] for text in payloads]))
        kept = [clean(text) for text in payloads]
        sheet = openpyxl.load_workbook(BytesIO(data))["Data"]
        assert (texts_of(data), cells_with(sheet, "f")) == (kept, [])

    @pytest.mark.parametrize(
        "text",
        [
            "<r><t>bold</t></r>",
            "</t></is></c>",
            "a & b",
            "_x000D_",
            "_x005F_",
            "a\r\nb",
            "\r",
            " a ",
            "𠮷野家",
            "\x85\u2028",
        ],
    )
    def test_markup_escapes_and_line_ends_are_ordinary_text(self, text):
        assert texts_of(written(Sheet("Data", [TEXT], [[text], ["end"]]))) == [text, "end"]

    def test_a_carriage_return_needs_no_escape_that_some_programs_show(self):
        assert table([["a\r\nb"]], TEXT)["A2"].value == "a\r\nb"

    @pytest.mark.parametrize("text, left", [("a\x00b\x1b[0m", "ab[0m"), ("half \ud83d", "half "), ("\ufffe", None)])
    def test_characters_no_file_can_hold_are_left_out(self, text, left):
        assert table([[text]], TEXT)["A2"].value == left

    def test_a_text_too_long_for_a_cell_is_cut_with_a_mark_and_listed_on_the_cover(self):
        book = opened(Sheet("Data", [TEXT], [["short"], ["长" * 40_000], ["𠮷" * 20_000]]))
        long, wide = book["Data"]["A3"].value, book["Data"]["A4"].value
        assert (len(long), len(wide.encode("utf-16-le")) // 2) == (32_767, 32_767)
        assert long.endswith("长… (full text in the system)") and wide.endswith("𠮷… (full text in the system)")
        assert [row[:2] for row in book["About"].iter_rows(min_row=4, values_only=True)] == [
            ("Texts cut (2)", "Data, row 3: Text"),
            (None, "Data, row 4: Text"),
        ]

    def test_a_text_that_just_fits_is_not_touched(self):
        book = opened(Sheet("Data", [TEXT], [["a" * 32_767], ["\x00" + "a" * 32_767]]))
        assert (len(book["Data"]["A2"].value), len(book["Data"]["A3"].value), book["About"].max_row) == (
            32_767,
            32_767,
            3,
        )


class TestSheet:
    def test_totals_are_formulas_that_follow_the_filter_and_carry_their_value(self):
        sheet, values = table(ROWS), table(ROWS, values=True)
        assert [sheet["A4"].value, sheet["C4"].value, sheet["D4"].value] == [
            "Total", "=SUBTOTAL(109,C2:C3)", "=SUBTOTAL(109,D2:D3)",
        ]  # fmt: skip
        assert [values["C4"].value, values["D4"].value, sheet["D4"].number_format] == [7, 1233.75, "#,##0.00"]

    def test_totals_are_the_only_formulas(self):
        assert cells_with(table(ROWS), "f") == ["C4", "D4"]

    def test_a_total_of_tenths_is_exact(self):
        column = Column("amount", "Amount", "money", total=True)
        assert table([[0.1]] * 3, column, values=True)["A5"].value == 0.3

    def test_a_sheet_that_asks_for_no_totals_has_none(self):
        assert table([[1]], Column("copies", "Copies", "integer")).max_row == 2

    def test_one_heading_row_frozen_filtered_and_repeated_on_every_page(self):
        sheet = table(ROWS)
        assert [cell.value for cell in sheet[1]][:4] == ["Number", "标题", "Copies", "Amount (yuan)"]
        assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows) == ("B2", "A1:I3", "$1:$1")
        assert (sheet.merged_cells.ranges, sheet.print_area) == (set(), "'Data'!$A$1:$I$4")

    def test_it_prints_on_a4_landscape_one_page_wide_with_room_to_bind(self):
        sheet = table(ROWS)
        page = sheet.page_setup
        assert (page.orientation, page.paperSize, page.fitToWidth or 1, page.fitToHeight) == ("landscape", 9, 1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_margins.left == pytest.approx(2.5 / 2.54)

    def test_header_and_footer_say_title_office_time_and_page(self):
        sheet = opened(Sheet("Data", [TEXT], [["a"]]), cover=Cover("A&B 登记"))["Data"]
        assert (sheet.oddHeader.left.text, sheet.oddHeader.right.text) == ("A&&B 登记", "2026-04-01 08:30")
        assert (sheet.oddFooter.left.text, sheet.oddFooter.right.text) == (MADE.signed, "Page &P of &N")

    def test_what_is_overdue_stands_out_and_what_was_cancelled_is_struck_through(self):
        columns = [
            Column("no", "No", "text"),
            Column("late", "Late", "integer", alarm=True),
            Column("open", "Open", "bool", alarm=True),
            Column("state", "State", "choice", struck=["Cancelled", 'Said "no"']),
        ]
        sheet = opened(Sheet("Data", columns, [["a", 2, True, "Cancelled"], ["b", 0, False, "Open"]]))["Data"]
        found = {str(area.sqref): area.rules for area in sheet.conditional_formatting}
        assert {
            place: [(rule.type, rule.operator, rule.formula) for rule in rules] for place, rules in found.items()
        } == {
            "B2:B3": [("cellIs", "greaterThan", ["0"])],
            "C2:C3": [("cellIs", "equal", ['"Yes"'])],
            "A2:D3": [("expression", None, ['OR($D2="Cancelled",$D2="Said ""no""")'])],
        }
        bold, struck = found["B2:B3"][0].dxf, found["A2:D3"][0].dxf
        assert (bold.font.b, bold.fill.bgColor.rgb, struck.font.strike) == (True, "FFE6E6E6", True)

    def test_a_title_too_long_for_a_header_is_cut_there(self):
        sheet = opened(Sheet("Data", [TEXT], [["a"]]), cover=Cover("&" * 300))["Data"]
        assert sheet.oddHeader.left.text == "&&" * 100

    @pytest.mark.parametrize(
        "rows, column, width",
        [
            (["a"], Column("a", "A", "text"), 8),
            (["采" * 10], Column("a", "A", "text"), 21),
            (["x" * 400], Column("a", "A", "text"), 50),
            ([*["a"] * 600, "a text so late in the sheet wraps"], Column("a", "A", "text"), 8),
            (["x\n" + "y" * 12], Column("a", "A", "text"), 13),
            (["a"], Column("a", "收文日期与办结日期", "text"), 16),  # a long heading takes two lines
            ([1], Column("a", "A", "integer", width=30), 30),
            ([*[1] * 600, -1_234_567_890], Column("a", "A", "money", total=True), 19),
            ([999_999] * 600, Column("a", "A", "money", total=True), 16),
            ([date(2026, 3, 2)], Column("a", "A", "date"), 11),
        ],
    )
    def test_columns_are_as_wide_as_what_they_hold_chinese_counting_double(self, rows, column, width):
        assert table([[value] for value in rows], column).column_dimensions["A"].width == pytest.approx(width, abs=0.75)

    @pytest.mark.parametrize(
        "long, moments, widest",
        [
            (4, 0, 50),  # 200 places: they print at seven points
            (6, 0, 35),  # 300 would print at less than five
            (3, 6, 35),  # of 210 places the moments keep 6 times 17
            (3, 12, 16),  # what is left would be three places each: texts keep sixteen
        ],
    )
    def test_the_texts_of_a_wide_sheet_wrap_sooner_so_that_it_can_be_read_in_print(self, long, moments, widest):
        columns = [Column("no", "No.", "number_text")]
        columns += [Column(f"t{n}", f"T{n}", "text") for n in range(long)]
        columns += [Column(f"m{n}", f"M{n}", "moment") for n in range(moments)]
        row = ["a", *["x" * 400] * long, *[datetime(2026, 3, 2, tzinfo=UTC)] * moments]
        sheet = opened(Sheet("Data", columns, [row]))["Data"]
        widths = [one.width for one in sheet.column_dimensions.values() for _ in range(one.min, one.max + 1)]
        assert widths[1 : long + 1] == pytest.approx([widest] * long, abs=1.75)
        assert widths[long + 1 :] == pytest.approx([17] * moments, abs=0.75)
        assert sum(widths) <= 210 + len(widths) or widest == 16

    @pytest.mark.parametrize(
        "text, height",
        [
            ("x" * 50, None),
            ("采" * 26, 30),  # 52 places in a column of 50
            ("x" * 400, 120),
            ("x\ny\nz", 45),
            ("x" * 5000, 405),  # Excel has no taller rows
        ],
    )
    def test_a_row_has_the_room_for_texts_that_wrap(self, text, height):
        rows = [["x" * 400], [text]]
        sheet = table(rows, Column("a", "A", "text"))
        assert (sheet.row_dimensions[2].height, sheet.row_dimensions[3].height) == (120, height)
        # far below what the width was measured by, too
        late = table([*rows, *[["a"]] * 600, [text]], Column("a", "A", "text"))
        assert (late.row_dimensions[604].height, late.column_dimensions["A"].width) == (
            height,
            pytest.approx(50, abs=1),
        )
        assert [late.cell(row, 1).value for row in (2, 3, 603, 604)] == ["x" * 400, text, "a", text]

    def test_a_heading_of_several_lines_has_the_room_for_them(self):
        sheet = table([["a"]], Column("a", "从确认到发运所用的小时数", "text"))
        assert sheet.row_dimensions[1].height == 30  # 24 places in lines of 12

    def test_no_document_number_bears_a_warning_that_it_is_text(self):
        part = ZipFile(BytesIO(written(Sheet("Data", COLUMNS, ROWS)))).read("xl/worksheets/sheet2.xml")
        assert b'<ignoredError sqref="A2:A3 B2:B3" numberStoredAsText="1"/>' in part

    def test_a_sheet_without_rows_still_opens_with_its_heading(self):
        sheet = table([])
        assert (sheet.max_row, sheet["A1"].value, sheet.auto_filter.ref) == (1, "Number", "A1:I1")

    @pytest.mark.parametrize("total, most", [(False, 3), (True, 2)])
    def test_more_rows_than_excel_has_are_refused_in_a_sentence_and_nothing_is_written(self, monkeypatch, total, most):
        monkeypatch.setattr(workbook, "MAX_ROWS", 3)
        column, target = Column("copies", "Copies", "integer", total=total), BytesIO()
        sheets = [Sheet("Documents", [column], [[number] for number in range(4)])]
        with pytest.raises(ValueError, match=f"“Documents” has more than {most} rows, all that an Excel sheet holds"):
            write_workbook(target, Cover("Too much"), sheets, zone=SHANGHAI, properties=MADE)
        assert target.getvalue() == b""

    def test_as_many_rows_as_excel_has_are_written(self, monkeypatch):
        monkeypatch.setattr(workbook, "MAX_ROWS", 3)
        assert table([["a"], ["b"], ["c"]], TEXT).max_row == 4

    def test_a_failing_source_leaves_no_file_behind(self, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        with pytest.raises(ZeroDivisionError):
            table(([1 / 0] for _ in range(1)), TEXT)
        assert list(tmp_path.iterdir()) == []


class TestBook:
    @pytest.mark.parametrize(
        "title, name",
        [
            ("明细", "明细"),
            ("a[b]:*?/\\c", "a b c"),
            ("x" * 40, "x" * 31),
            ("𠮷" * 20, "𠮷" * 15),
            ("'quoted'", "quoted"),
            ("History", "History (2)"),
            ("about", "about (2)"),
            ("", "Sheet"),
            ("a\x00\nb", "a b"),
        ],
    )
    def test_any_title_becomes_a_lawful_sheet_name(self, title, name):
        assert opened(Sheet(title, [TEXT], [["a"]])).sheetnames == ["About", name]

    def test_sheets_of_one_name_are_told_apart(self):
        sheets = [Sheet("x" * 31, [TEXT], []), Sheet("X" * 33, [TEXT], []), Sheet("x" * 31, [TEXT], [])]
        assert opened(*sheets).sheetnames[1:] == ["x" * 31, "X" * 27 + " (2)", "x" * 27 + " (3)"]

    def test_the_cover_says_what_it_is_and_how_much_of_it(self):
        cover = Cover(
            "收文登记簿", [("期间", "2026-01-01 至 2026-03-31")], ["Closed means answered."], "http://127.0.0.1/r"
        )
        sheet = opened(Sheet("Data", COLUMNS, ROWS), cover=cover)["About"]
        assert list(sheet.iter_rows(values_only=True)) == [
            ("收文登记簿", None),
            (None, None),
            ("期间", "2026-01-01 至 2026-03-31"),
            ("Rows in “Data”", "2"),
            ("Notes", "Closed means answered."),
            (None, "Open in the system"),
        ]
        assert sheet["B6"].hyperlink.target == "http://127.0.0.1/r"

    def test_properties_name_the_title_the_author_and_the_given_moment(self):
        about = opened(Sheet("Data", [TEXT], [["a"]])).properties
        assert (about.title, about.creator, about.keywords) == ("Register of documents", MADE.author, MADE.keywords)
        assert about.created == about.modified == datetime(2026, 4, 1, 0, 30)

    def test_the_same_request_twice_is_the_same_file(self):
        sheet = Sheet("Data", COLUMNS, ROWS)
        assert written(sheet, chart=Chart("no", ["copies"])) == written(sheet, chart=Chart("no", ["copies"]))

    @pytest.mark.parametrize("kind", ["column", "bar", "line"])
    def test_a_chart_is_native_on_its_own_sheet_and_draws_from_the_first(self, kind):
        columns = [TEXT, Column("net", "Net", "money", unit="yuan"), Column("tax", "Tax", "money", unit="yuan")]
        rows = [["一月", 1, 2], ["二月", 3, None]]
        book = opened(
            Sheet("汇总", columns, rows), Sheet("明细", [TEXT], [["a"]]), chart=Chart("text", ["net", "tax"], kind)
        )
        (drawing,) = book["Chart"]._charts
        assert book.sheetnames == ["About", "汇总", "明细", "Chart"]
        assert [series.val.numRef.f for series in drawing.series] == ["汇总!$B$2:$B$3", "汇总!$C$2:$C$3"]
        assert [series.cat.strRef.f for series in drawing.series] == ["汇总!$A$2:$A$3"] * 2
        assert [point.v for point in drawing.series[0].val.numRef.numCache.pt] == [1, 3]

    def test_rows_told_apart_by_two_columns_are_so_in_the_chart(self):
        columns = [TEXT, Column("month", "Month", "text"), Column("net", "Net", "money")]
        rows = [["综合科", "一月", 1], ["综合科", "二月", 3]]
        book = opened(Sheet("汇总", columns, rows), chart=Chart("text", ["net"], within=["month"]))
        (series,) = book["Chart"]._charts[0].series
        assert series.cat.multiLvlStrRef.f == "汇总!$A$2:$B$3"
        levels = [[point.v for point in level.pt] for level in series.cat.multiLvlStrRef.multiLvlStrCache.lvl]
        assert levels == [["一月", "二月"], ["综合科", "综合科"]]

    def test_a_chart_of_nothing_says_so(self):
        book = opened(Sheet("汇总", [TEXT, Column("net", "Net", "money")], []), chart=Chart("text", ["net"]))
        assert (book["Chart"]["A1"].value, book["Chart"]._charts) == ("No rows", [])

    def test_memory_stays_flat_however_many_rows_come(self, tmp_path):
        def peak(count):
            rows = ((f"收〔2026〕{number}号", "关于采购的通知", number, 1.5) for number in range(count))
            sheets = [Sheet("Data", COLUMNS[:4], rows)]
            tracemalloc.start()
            with (tmp_path / "flat.xlsx").open("wb") as target:
                write_workbook(target, Cover("Flat"), sheets, zone=SHANGHAI, properties=MADE)
            _, highest = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return highest

        assert peak(50_000) < 1.2 * peak(5_000)
