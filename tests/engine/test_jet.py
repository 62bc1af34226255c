"""Access files: every table of a real one cell by cell, the ways Chinese text is kept, and files that are broken."""

import csv
import random
import struct
import time
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import pytest

from app.engine import jet
from app.engine.jet import JetFile
from app.engine.refusals import Refused
from app.engine.tables import WhichTable, open_book, read_table
from tests.conftest import shared
from tests.jet_files import access_file, data_page, memo, memo_at, record

NAMES = ["Categories", "Customers", "Employees", "Order Details", "Orders", "Products", "Shippers", "Suppliers"]


@pytest.fixture(scope="module")
def northwind():
    return (shared("northwind") / "Northwind.mdb").read_bytes()


def test_only_the_tables_people_see_are_there(northwind):
    """The file holds queries, reports, a module and system tables, too."""
    assert list(JetFile(northwind).tables) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_of_northwind_is_that_of_the_csv_export(northwind, name):
    file = JetFile(northwind)
    table = file.tables[name]
    with (shared("northwind") / f"{name.replace(' ', '_')}.csv").open(encoding="utf-8", newline="") as source:
        expected = list(csv.DictReader(source))
    found = [dict(zip(table.headings, row, strict=True)) for row in file.rows(table)]
    assert set(table.headings) - set(expected[0]) <= {"Picture", "Photo"}
    assert [{key: _plain(key, row[key]) for key in expected[0]} for row in found] == [
        {key: _plain(key, value.replace("\r\n", "\n")) for key, value in row.items()} for row in expected
    ]


def _plain(column, text):
    if column == "Discount":  # a number of single precision: seven digits of it are meant
        return Decimal(text).quantize(Decimal("0.000001"))
    return {"true": "1", "false": "0"}.get(text, text)


def read(columns, rows, **more):
    file = JetFile(access_file({"表": (columns, rows)}, **more))
    return list(file.rows(file.tables["表"]))


SQUEEZED = b"\xff\xfe"


@pytest.mark.parametrize(
    "stored, text",
    [
        ("订单".encode("utf-16-le"), "订单"),
        (SQUEEZED + b"Order 7", "Order 7"),
        (SQUEEZED + "café".encode("latin-1"), "café"),
        (SQUEEZED + "Ã©".encode("latin-1"), "Ã©"),
        (SQUEEZED + b"No.1 \x00" + "红色衬衫".encode("utf-16-le") + b"\x00 XL", "No.1 红色衬衫 XL"),
        (SQUEEZED + b"\x00" + "上海".encode("utf-16-le"), "上海"),
        ("第一行\r\n第二行".encode("utf-16-le"), "第一行\n第二行"),
        ("𠮷野家".encode("utf-16-le"), "𠮷野家"),
    ],
)
def test_text_is_read_plain_and_squeezed(stored, text):
    assert read([("名称", jet.TEXT)], [[stored]]) == [[text]]


def days(text):
    return (datetime.fromisoformat(text) - datetime(1899, 12, 30)).total_seconds() / 86400


@pytest.mark.parametrize(
    "kind, stored, text",
    [
        (jet.BYTE, 200, "200"),
        (jet.SHORT, -5, "-5"),
        (jet.LONG, 2**31 - 1, "2147483647"),
        (jet.MONEY, 12_345_678, "1234.5678"),
        (jet.MONEY, -100, "-0.0100"),
        (jet.SINGLE, 0.15, "0.15"),
        (jet.SINGLE, 2.0, "2"),
        (jet.DOUBLE, 0.1, "0.1"),
        (jet.DOUBLE, 1e21, "1000000000000000000000"),
        (jet.MOMENT, days("1994-08-04"), "1994-08-04"),
        (jet.MOMENT, days("2011-03-02 17:20:05"), "2011-03-02 17:20:05"),
        (jet.MOMENT, -1.25, "1899-12-29 06:00:00"),
        (jet.BOOLEAN, True, "true"),
        (jet.BOOLEAN, False, "false"),
        (jet.NUMERIC, b"\x80" + struct.pack("<4I", 0, 0, 0, 12345), "-123.45"),
        (jet.NUMERIC, b"\x00" + struct.pack("<4I", 0, 0, 1, 0), "42949672.96"),
        (
            jet.GUID,
            UUID("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9").bytes_le,
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
        ),
        (jet.MEMO, memo("备注"), "备注"),
        (jet.LONG, None, ""),
        (jet.TEXT, None, ""),
        (jet.MOMENT, None, ""),
    ],
)
def test_each_type_is_read_exactly(kind, stored, text):
    columns = [("前", jet.TEXT), ("值", kind), ("后", jet.LONG)]
    assert read(columns, [["甲", stored, 7]]) == [["甲", text, "7"]]


def patched(raw, page, content):
    return raw[: page * jet.PAGE] + content + raw[(page + 1) * jet.PAGE :]


def test_deleted_rows_are_gone_and_moved_ones_are_found_once():
    columns = [("n", jet.LONG), ("t", jet.TEXT)]
    raw = access_file({"表": (columns, [[1, "一"], [2, "二"]])})
    rows = [record(columns, [1, "一"]), record(columns, [9, "删"]), bytes([3, 5, 0, 0]), record(columns, [2, "二"])]
    raw = patched(raw, 5, data_page(4, rows, {1: 0xC000, 2: 0x4000, 3: 0x8000}))
    file = JetFile(raw)
    assert list(file.rows(file.tables["表"])) == [["1", "一"], ["2", "二"]]


def test_a_column_added_after_the_row_is_empty():
    columns = [("n", jet.LONG), ("t", jet.TEXT), ("later", jet.TEXT), ("much_later", jet.LONG)]
    raw = access_file({"表": (columns, [[1, "一", None, None]])})
    file = JetFile(patched(raw, 5, data_page(4, [record(columns[:2], [1, "一"])])))
    assert list(file.rows(file.tables["表"])) == [["1", "一", "", ""]]


def with_memo(pointer, *pieces):
    """A table with one memo, and the pages its pieces lie on: 7 and on."""
    columns = [("m", jet.MEMO)]
    raw = access_file({"表": (columns, [[pointer]])})
    return raw + b"".join(data_page(int.from_bytes(b"LVAL", "little"), [piece]) for piece in pieces)


def test_a_long_memo_is_put_together_from_its_pages():
    text = "长" * 3000
    coded = text.encode("utf-16-le")
    pieces = [struct.pack("<I", 8 << 8) + coded[:4000], struct.pack("<I", 0) + coded[4000:]]
    file = JetFile(with_memo(memo_at(7, 0, len(coded), single=False), *pieces))
    assert list(file.rows(file.tables["表"])) == [[text]]
    single = JetFile(with_memo(memo_at(7, 0, 4), "一段".encode("utf-16-le")))
    assert list(single.rows(single.tables["表"])) == [["一段"]]


def test_a_memo_that_runs_in_a_ring_is_refused():
    ring = [struct.pack("<I", 8 << 8) + b"a\0", struct.pack("<I", 7 << 8) + b"b\0"]
    file = JetFile(with_memo(memo_at(7, 0, 10_000_000, single=False), *ring))
    with pytest.raises(Refused, match="broken"):
        list(file.rows(file.tables["表"]))


def test_memos_that_all_point_at_one_place_cannot_fill_the_machine():
    columns = [("m", jet.MEMO)]
    raw = access_file({"表": (columns, [[memo_at(11, 0, 4000)]] * 500)})
    place = len(raw) // jet.PAGE
    raw = access_file({"表": (columns, [[memo_at(place, 0, 4000)]] * 500)}) + data_page(1, [b"a\0" * 2000])
    file = JetFile(raw, most=100_000)
    with pytest.raises(Refused, match="unfolds"):
        list(file.rows(file.tables["表"]))


def test_a_definition_that_runs_in_a_ring_is_refused():
    raw = bytearray(access_file({"表": ([("n", jet.LONG)], [[1]])}))
    raw[4 * jet.PAGE + 4 : 4 * jet.PAGE + 8] = struct.pack("<I", 4)
    with pytest.raises(Refused, match="broken"):
        JetFile(bytes(raw))


def test_rows_that_are_missing_are_not_passed_over_in_silence():
    raw = access_file({"表": ([("n", jet.LONG)], [[1], [2]])})
    file = JetFile(patched(raw, 5, data_page(4, [record([("n", jet.LONG)], [1])])))
    with pytest.raises(Refused, match="broken"):
        list(file.rows(file.tables["表"]))


def test_queries_linked_and_system_tables_are_passed_over():
    more = [[2, "MSysObjects", 1, -2147483648], [9, "Query1", 5, 0], [9, "Linked", 6, 0], [9, "~TMPCLP1", 1, 0]]
    assert list(JetFile(access_file({"表": ([("n", jet.LONG)], [])}, more=more)).tables) == ["表"]


@pytest.mark.parametrize(
    "damage, words",
    [
        (lambda raw: raw[:-100], "cut short"),
        (lambda raw: raw[: 2 * jet.PAGE], "broken"),
        (lambda raw: raw[: 3 * jet.PAGE], "broken"),
        (lambda raw: raw[: 100 * jet.PAGE], "broken"),
        (lambda raw: raw[:20] + b"\0" + raw[21:], "Access 97"),
        (lambda raw: raw[:0x3E] + b"\1\2\3\4" + raw[0x42:], "password"),
        (lambda raw: raw[:0x42] + bytes(20) + raw[0x56:], "password"),
        (lambda raw: raw[: 2 * jet.PAGE] + bytes(jet.PAGE) + raw[3 * jet.PAGE :], "broken"),
    ],
    ids=["odd", "two-pages", "three-pages", "half", "jet3", "enciphered", "password", "no-catalogue"],
)
def test_a_file_that_cannot_be_read_gets_a_sentence(northwind, damage, words):
    with pytest.raises(Refused, match=words):
        book = open_book("x.mdb", damage(northwind))
        for name in book.tables:
            list(book.rows_of(name))


def test_a_password_of_ones_own_is_noticed():
    columns = [("n", jet.LONG)]
    with pytest.raises(Refused, match="password"):
        JetFile(access_file({"表": (columns, [])}, password="geheim"))


def test_damage_anywhere_ends_in_rows_or_a_sentence_and_soon(northwind):
    begun = time.monotonic()
    for seed in range(60):
        dice, raw = random.Random(seed), bytearray(northwind)
        for _change in range(300):
            raw[dice.randrange(jet.PAGE * 2, len(raw))] = dice.randrange(256)
        try:
            file = JetFile(bytes(raw))
            for table in file.tables.values():
                list(file.rows(table))
        except Refused as refused:
            assert str(refused)
    assert time.monotonic() - begun < 60


def test_a_table_is_chosen_by_name_by_fit_or_asked_for(northwind):
    headings, rows = read_table("x.mdb", northwind, table="Shippers")
    assert (headings, len(rows)) == (["ShipperID", "CompanyName", "Phone"], 3)
    fitting = read_table("x.mdb", northwind, fits=lambda found: int("Freight" in found))
    assert len(fitting[1]) == 830
    for choice in ({}, {"table": "Nothing"}, {"fits": lambda found: 0}):
        with pytest.raises(WhichTable) as asked:
            read_table("x.mdb", northwind, **choice)
        assert list(asked.value.tables) == NAMES
