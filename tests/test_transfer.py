"""Import and export: encodings, faults named by row and column, all or nothing, every text byte for byte."""

import io
import json
import re
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import xlsxwriter
from flask_babel import force_locale
from openpyxl import load_workbook
from sqlalchemy import event, select

from app.engine import access, extracts, tables, transfer
from app.engine.fields import fields_of
from app.engine.record import kinds
from app.engine.refusals import Refused
from app.engine.template import write_template
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.orders import Order
from tests.conftest import shared

HEAD = "receipt_no,sender,title,received_at,copies,closed_at"


def bring_in(session, model, text, encoding="utf-8", **options):
    headings, rows = tables.read_table("ledger.csv", text.encode(encoding))
    with access.system():
        return transfer.import_rows(session, model, headings, rows, **options)


def test_a_gb18030_ledger_with_its_own_numbers_comes_in(either_session):
    text = f"{HEAD}\n收文〔2019〕7号,市财政局,关于预算的通知,2019-03-01 09:30,2,2019-03-05\n"
    outcome = bring_in(either_session, IncomingDocument, text, "gb18030")
    assert (outcome.imported, outcome.faults) == (1, [])
    with access.system():
        (document,) = either_session.query(IncomingDocument).all()
        assert (document.receipt_no, document.state, document.taken_over) == ("收文〔2019〕7号", "closed", True)


def test_each_fault_is_named_and_nothing_is_written(either_session):
    text = (
        f"{HEAD}\n1号,市财政局,好,2019-03-01,1,\n2号,无此单位,好,2019-03-01,1,\n3号,市财政局,,2019-03-01,1,\n"
        "4号,市财政局,好,昨天,1,\n5号,市财政局,好,2019-03-01,两份,\n1号,市财政局,好,2019-03-01,1,\n"
    )
    outcome = bring_in(either_session, IncomingDocument, text)
    assert (outcome.imported, outcome.refused) == (0, 5)
    assert [(fault.row, fault.column) for fault in outcome.faults] == [
        (3, "sender"), (4, "title"), (5, "received_at"), (6, "copies"), (7, "receipt_no"),
    ]  # fmt: skip
    with access.system():
        assert either_session.query(IncomingDocument).count() == 0


def test_missing_senders_are_made_when_asked_for(session):
    text = f"{HEAD}\n,某新单位,好,2019-03-01,1,\n"
    outcome = bring_in(session, IncomingDocument, text, create_missing=True)
    assert outcome.imported == 1
    with access.system():
        assert session.query(Correspondent).filter_by(name="某新单位").count() == 1


def test_an_unknown_column_is_refused_by_name(session):
    with pytest.raises(Refused, match="nonsense"):
        bring_in(session, IncomingDocument, "title,nonsense\na,b\n")


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04broken", b"\x00\x01\x02"], ids=["empty", "zip", "nul"])
def test_a_file_that_is_no_table_gets_a_sentence(session, raw):
    with pytest.raises(Refused):
        tables.read_table("x.csv", raw)


def test_a_map_knows_other_names_for_columns_and_values(session):
    column_map = transfer.ColumnMap(
        columns={"id": "order_no", "buyer": "customer_no", "day": "placed_at", "amount": "total", "is": "status"},
        constants={"payment_type": "prepaid"},
        values={"status": {"delivered": "completed", "canceled": "cancelled"}},
        formats={"placed_at": "%d/%m/%Y %H:%M"},
    )
    text = (
        "id,buyer,day,amount,is,else\nA1,c9,31/12/2017 23:30,12.50,delivered,x\nA2,c9,01/01/2018 00:00,5,canceled,x\n"
    )
    outcome = bring_in(session, Order, text, mapping=column_map, create_missing=True)
    assert (outcome.imported, outcome.faults) == (2, [])
    with access.system():
        orders = session.query(Order).order_by(Order.id).all()
    assert [(o.order_no, o.state, str(o.gross)) for o in orders] == [
        ("A1", "completed", "12.50"), ("A2", "cancelled", "5.00"),
    ]  # fmt: skip


def test_a_fault_bears_the_name_the_file_gives_the_column(session):
    column_map = transfer.ColumnMap(columns={"Wer": "name", "Tel": "phone"})
    outcome = bring_in(session, Correspondent, "Wer,Tel\n,1\n", mapping=column_map)
    assert [(fault.row, fault.column) for fault in outcome.faults] == [(2, "Wer")]


def test_a_role_without_the_right_imports_nothing(session, actors):
    with access.acting_as(actors["user_a"]), pytest.raises(Refused):
        transfer.import_rows(session, IncomingDocument, ["title"], [["x"]])


def naughty() -> list[str]:
    strings = json.loads((shared("naughty-strings") / "blns.json").read_text("utf-8"))
    return [text for text in strings if text.strip() and "\x00" not in text and len(text) <= 200]


def test_naughty_strings_come_back_byte_for_byte_by_import_and_export(either_session):
    strings = list(dict.fromkeys(naughty()))
    with access.system():
        outcome = transfer.import_rows(either_session, Correspondent, ["name"], [[text] for text in strings])
        assert outcome.faults == []
        query = either_session.query(Correspondent).order_by(Correspondent.id).statement
        names = [row[0] for row in extracts.export_rows(either_session, Correspondent, query)]
    assert names[-len(strings) :] == strings


def test_naughty_strings_come_back_byte_for_byte_by_the_api(app):
    browser = app.test_client()
    answer = browser.post(
        "/api/v1/security/login", json={"username": "office", "password": "a-demo-password", "provider": "db"}
    )
    bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
    strings = list(dict.fromkeys(naughty()))[::9]
    answers = [browser.post("/api/v1/correspondents/", json={"name": text}, headers=bearer) for text in strings]
    assert [answer.status_code for answer in answers] == [201] * len(strings)
    assert [answer.json["name"] for answer in answers] == strings


def test_naughty_strings_show_as_text_on_the_page(client):
    browser = client("office")
    strings = [text for text in dict.fromkeys(naughty()) if "<script" in text.lower()]
    pages = [
        browser.post("/correspondentview/add", data={"name": text, "form_key": str(n)}, follow_redirects=True)
        for n, text in enumerate(strings)
    ]
    assert {page.status_code for page in pages} == {200}
    assert [text for text, page in zip(strings, pages, strict=True) if text in page.text] == []


MINIMAL = {
    "departments": {"name": "科{n}"},
    "people": {"name": "人{n}"},
    "correspondents": {"name": "单位{n}"},
    "customers": {"name": "客户{n}"},
    "products": {"name": "产品{n}", "colour": "色{n}"},  # two of one model, colour and size would be one product
    "incoming_documents": {"sender": "市财政局", "title": "文{n}", "received_at": "2026-03-02"},
    "outgoing_documents": {"title": "文{n}", "drafted_at": "2026-03-02"},
    "service_tickets": {"subject": "事{n}", "received_at": "2026-03-02", "contact_name": "某"},
}


@pytest.mark.parametrize("kind", MINIMAL)
def test_every_text_field_of_every_kind_keeps_naughty_strings(session, kind):
    model = kinds()[kind]
    texts = [name for name, field in fields_of(model).items() if field.kind in ("line", "prose", "number", "rich")]
    strings = list(dict.fromkeys(naughty()))[::5]
    lost = []
    for name in texts:
        fitting = [text for text in strings if len(text) <= (fields_of(model)[name].length or 200)]
        base = {key: value for key, value in MINIMAL[kind].items() if key != name}
        rows = [[*(value.format(n=f"{name}{n}") for value in base.values()), text] for n, text in enumerate(fitting)]
        with access.system():
            outcome = transfer.import_rows(session, model, [*base, name], rows)
            stored = set(session.scalars(select(getattr(model, name))))
        lost += [(name, fault) for fault in outcome.faults] + [
            (name, text) for text in fitting if fields_of(model)[name].clean(text) not in stored
        ]
        session.rollback()
    assert lost == []
    assert texts


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_the_empty_sheet_names_every_column_and_comes_back_in(session, kind, tmp_path):
    model, file = kinds()[kind], tmp_path / "sheet.xlsx"
    with file.open("wb") as target, access.system():
        write_template(target, model)
    book = load_workbook(file)
    rows, notes = book.worksheets
    names = list(fields_of(model))
    assert [cell.value for cell in rows[1]] == [str(field.label) for field in fields_of(model).values()]
    assert [cell.value for cell in rows[2]] == names
    assert rows.row_dimensions[2].hidden
    assert [row[1].value for row in notes.iter_rows(min_row=3)] == names
    offered = {next(iter(rule.sqref.ranges)).min_col - 1 for rule in rows.data_validations.dataValidation}
    flags, choices = ({i for i, f in enumerate(fields_of(model).values()) if f.kind == k} for k in ("flag", "choice"))
    assert flags <= offered <= flags | choices
    headings, found = tables.read_table("sheet.xlsx", file.read_bytes())
    with access.system():
        assert transfer.import_rows(session, model, headings, found).faults == []


def test_a_filled_sheet_is_read_by_its_machine_names_whatever_the_headings_say(session, tmp_path):
    file = tmp_path / "sheet.xlsx"
    with file.open("wb") as target:
        write_template(target, Correspondent)
    book = load_workbook(file)
    sheet = book.worksheets[0]
    names = [cell.value for cell in sheet[2]]
    sheet.cell(1, names.index("name") + 1).value = "Whatever"
    sheet.cell(3, names.index("name") + 1).value = "县水务局"
    sheet.cell(3, names.index("short_name") + 1).value = "=1+1"
    sheet.cell(4, names.index("short_name") + 1).value = "无名"
    book.save(file)
    headings, found = tables.read_table("sheet.xlsx", file.read_bytes())
    with access.system():
        outcome = transfer.import_rows(session, Correspondent, headings, found)
    assert [(fault.row, fault.column) for fault in outcome.faults] == [(4, "Whatever")]


def _workbook(tmp_path, rows):
    """A workbook as XlsxWriter makes it, its one sheet's rows replaced by hand."""
    file = tmp_path / "made.xlsx"
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet().write(0, 0, "title")
    made = io.BytesIO()
    with ZipFile(file) as old, ZipFile(made, "w", ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = old.read(part)
            if part == "xl/worksheets/sheet1.xml":
                content = re.sub(rb"<sheetData>.*</sheetData>", b"<sheetData>" + rows + b"</sheetData>", content)
            new.writestr(part, content)
    return made.getvalue()


CELL = b'<row r="1"><c r="A1" t="inlineStr"><is><t>title</t></is></c></row>'


@pytest.mark.parametrize(
    "rows",
    [
        CELL + b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        CELL + b"<row>" + b"<c/>" * 16_384 + b"</row>" + b"<row/>" * 10_000,
    ],
    ids=["two-corners", "without-places"],
)
def test_a_small_workbook_that_would_fill_the_machine_is_refused(tmp_path, rows):
    with pytest.raises(Refused) as refused:
        tables.read_table("x.xlsx", _workbook(tmp_path, rows))
    assert "16384" in str(refused.value)


def test_a_workbook_of_ordinary_reach_is_read(tmp_path):
    headings, rows = tables.read_table("x.xlsx", _workbook(tmp_path, CELL + b'<row r="9"><c r="B9"><v>7</v></c></row>'))
    assert (headings[0], len(rows), rows[-1]) == ("title", 8, ["", "7"])


#: The first columns of interfaces.md a row of each kind needs, and its cells by number.
ROWS = {
    "correspondents": ("name", lambda n: [f"第{n}单位"]),
    "products": ("product_no,name,model,colour,price,stock", lambda n: [f"P{n}", "钢板", f"型{n}", "红", "9.50", "3"]),
    "customers": ("customer_no,name,region,phone", lambda n: [f"C{n}", f"东方{n}", "江苏", f"139123{n:05}"]),
    "incoming_documents": (
        "receipt_no,sender,title,received_at,closed_at",
        lambda n: [f"旧{n}号", f"第{n}单位", f"第{n}件", "2019-03-01 09:30", "2019-03-05"],
    ),
    "circulation_entries": (
        "receipt_no,reader,sent_at,read_at",
        lambda n: [f"旧{n}号", "001", "2019-03-01", "2019-03-02"],
    ),
    "service_tickets": (
        "ticket_no,channel,kind,received_at,closed_at,phone,subject",
        lambda n: [f"旧单{n}", "phone", "complaint", "2019-03-01", "2019-03-02", f"139123{n:05}", "漏水"],
    ),
    "orders": (
        "order_no,customer_no,payment_type,placed_at,status",
        lambda n: [f"D{n}", f"C{n}", "prepaid", "2019-03-01", "cancelled"],
    ),
    "order_lines": ("order_no,product_no,quantity,price", lambda n: ["D0", f"P{n}", "2", "10"]),
}


def test_what_rows_refer_to_is_not_asked_for_row_by_row(either_session):
    asked = []

    def note(connection, cursor, statement, *_):
        asked.append(statement)

    def questions(kind, numbers):
        columns, cells = ROWS[kind]
        asked.clear()
        with access.system():
            given = (cells(n) for n in numbers)
            outcome = transfer.import_rows(either_session, kinds()[kind], columns.split(","), given)
        assert (outcome.imported, outcome.told) == (len(numbers), []), kind
        return len(asked)

    engine = either_session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        for kind in ROWS:
            few, many = questions(kind, range(30)), questions(kind, range(30, 330))
            assert many <= few, kind
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_variant_that_comes_twice_is_named_by_the_first(either_session):
    def sheet(*lines):
        text = "product_no,name,model,colour,price\n" + "\n".join(lines)
        return bring_in(either_session, kinds()["products"], text).told

    taken = "A 甲 (红) is this model in this colour and size already."
    with force_locale("en"):
        assert sheet("A,甲,M1,红,1", "B,乙,ｍ1,红,1") == [(3, "model", taken)]
        assert sheet("A,甲,M1,红,1") == []
        assert sheet("B,乙,m1,红,1", "C,丙,m1,蓝,1") == [(2, "model", taken)]
        # The first is refused itself: whoever mends it hears of the other then.
        assert [row for row, *_ in sheet("D,,m2,红,1", "E,戊,m2,红,1")] == [2]
