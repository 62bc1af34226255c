"""CSV read back by another program: what went in comes out, and nothing of it is alive."""

import csv
import random
from decimal import Decimal
from io import BytesIO, StringIO

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.columns import Column
from app.engine.csv import csv_chunks, csv_texts, guard, unguard, write_csv
from tests.engine.tables import COLUMNS, PAYLOADS, ROWS, SHANGHAI, TEXT, shared_payloads


def as_csv(rows, *columns):
    target = BytesIO()
    write_csv(target, columns, rows, zone=SHANGHAI)
    return target.getvalue()


def csv_rows(data):
    return list(csv.reader(StringIO(data.decode("utf-8-sig"), newline="")))


@given(st.text(alphabet=st.one_of(st.sampled_from("'=+-@\t\r\n ＝＋－＠\u3000a"), st.characters(codec="utf-8"))))
def test_the_apostrophe_comes_off_again_whatever_the_text(text):
    assert unguard(guard(text)) == text


@pytest.mark.parametrize(
    "text, cell",
    [
        ("=1", "'=1"), ("'=1", "''=1"), ("''=1", "'''=1"), (" +1", "' +1"), ("\u3000＝1", "'\u3000＝1"),
        ("\ra", "'\ra"), ("\ufeff=1", "'\ufeff=1"), ("\x00=1", "'\x00=1"), ("-", "'-"), ("'a", "'a"),
        ("\t", "'\t"), ("a=1", "a=1"), ("", ""), ("'", "'"),
    ],
)  # fmt: skip
def test_only_text_that_could_be_a_formula_is_guarded(text, cell):
    assert guard(text) == cell


@pytest.mark.parametrize("theirs", ["=1", "-5", "'quoted'", "it's"])
def test_text_of_somebody_elses_file_is_taken_as_it_stands(theirs):
    assert unguard(theirs) == theirs


@pytest.mark.parametrize("kind", ["text", "number_text", "choice"])
def test_no_payload_is_alive_and_each_comes_back_as_it_was(kind):
    cells = [row[0] for row in csv_rows(as_csv([[text] for text in PAYLOADS], Column("a", "A", kind)))[1:]]
    assert [cell for cell in cells if cell.lstrip().startswith(tuple("=+-@＝＋－＠"))] == []
    assert [unguard(cell) for cell in cells] == PAYLOADS


def test_the_shared_naughty_strings_come_back_byte_for_byte():
    payloads = shared_payloads()
    cells = [row[0] for row in csv_rows(as_csv([[text] for text in payloads], TEXT))[1:]]
    assert [unguard(cell) for cell in cells] == payloads


def test_it_begins_with_the_mark_chinese_excel_needs_and_ends_lines_its_way():
    assert as_csv([["甲"]], TEXT) == b"\xef\xbb\xbf" + "Text\r\n甲\r\n".encode()


def test_headings_are_guarded():
    assert csv_rows(as_csv([], Column("a", "=1+1", "integer"))) == [["'=1+1"]]


def test_figures_days_and_moments_are_exact_and_negative_numbers_untouched():
    assert csv_rows(as_csv(ROWS, *COLUMNS))[1:] == [
        ["0071", "关于采购的通知", "3", "1234.50", "0.125", "7.33", "2026-03-02", "2026-03-03 02:05:00", "Yes"],
        ["收〔2026〕12号", "Second", "4", "-0.75", "1", "0.00", "2026-03-03", "2026-03-03 09:00:00", "No"],
    ]


@given(st.lists(st.text(alphabet=st.one_of(st.sampled_from(",\"'\r\n; a"), st.characters(codec="utf-8"))), min_size=1))
def test_lines_are_those_of_the_standard_library(row):
    plain = StringIO(newline="")
    csv.writer(plain).writerow([guard(text) for text in row])
    assert as_csv([row], *[TEXT] * len(row)).decode("utf-8").split("\r\n", 1)[1] == plain.getvalue()


@pytest.mark.parametrize("number, text", [(Decimal("1E+3"), "1000"), (1e-7, "0.0000001"), (1e16, "10000000000000000")])
def test_no_figure_has_an_exponent(number, text):
    assert csv_rows(as_csv([[number]], Column("price", "Price", "price")))[1] == [text]


def test_nothing_is_an_empty_field():
    columns = [TEXT, *(Column(kind, kind, kind) for kind in ("money", "date", "moment", "bool"))]
    rows = [[None] * 5, [pandas.NA] * 5, [float("nan")] * 5, [pandas.NaT] * 5]
    assert csv_rows(as_csv(rows, *columns))[1:] == [[""] * 5] * 4


def test_half_a_character_does_not_stop_the_file():
    assert csv_rows(as_csv([["a\ud83d"]], TEXT))[1] == ["a?"]


def test_the_heading_leaves_before_the_first_row_is_asked_for():
    def rows():
        raise AssertionError("asked for a row")
        yield

    assert next(csv_chunks([TEXT], csv_texts([TEXT], rows(), zone=SHANGHAI))) == b"\xef\xbb\xbfText\r\n"


def test_pieces_together_are_the_file():
    rows = [[random.Random(number).randbytes(40).hex()] for number in range(5_000)]
    chunks = list(csv_chunks([TEXT], csv_texts([TEXT], rows, zone=SHANGHAI)))
    assert (b"".join(chunks), len(chunks) > 3) == (as_csv(rows, TEXT), True)
