"""Moving in: a whole old house out of Access or Excel, refused rows that come back corrected, imports taken back."""

import base64
import io
import json
import re
import shutil
import zlib
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from app.cli import office as commands
from app.engine import access, finding, history, jet, numbers, tables, transfer
from app.engine import record as records
from app.engine.column_maps import ColumnMap, reason_headings
from app.engine.error_sheets import write_refused
from app.engine.import_runs import ImportRow, ImportRun
from app.engine.moments import local
from app.engine.move_in import Plan, move_in
from app.engine.refusals import NotAllowed, Refused, StepRefused
from app.engine.report_answers import ask
from app.extensions import db
from models.correspondents import Correspondent
from models.customers import Customer
from models.order_lines import OrderLine
from models.orders import Order
from models.products import Product
from tests.conftest import office, shared
from tests.jet_files import access_file

MAPPINGS = Path(__file__).parent.parent / "seed" / "mappings"
CENT = Decimal("0.01")


# --- Access: Northwind in one go


@pytest.fixture(scope="module")
def trader(template, tmp_path_factory):
    """A session over Northwind, moved in once from its Access file."""
    raw = (shared("northwind") / "Northwind.mdb").read_bytes()
    place = tmp_path_factory.mktemp("moved")
    shutil.copy(template, place / "office.db")
    with office(f"sqlite:///{place / 'office.db'}", place).app_context(), access.system():
        plan = Plan.load(str(MAPPINGS / "northwind_mdb.yml"))
        moved = move_in(db.session, tables.open_book("Northwind.mdb", raw), plan, source="Northwind.mdb")
        assert (moved.refused, moved.imported) == (None, 9 + 91 + 77 + 830 + 2155)
        db.session.commit()
        yield db.session
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def raw():
    """The order lines of the CSV exports, counted with pandas alone."""
    folder = shared("northwind")
    lines = pd.read_csv(folder / "Order_Details.csv", dtype=str)
    orders = pd.read_csv(folder / "Orders.csv", dtype=str, keep_default_na=False)
    discount = lines["Discount"].map(lambda text: Decimal(text).quantize(Decimal("0.0001"), ROUND_HALF_UP))
    exact = lines["UnitPrice"].map(Decimal) * lines["Quantity"].map(Decimal) * (1 - discount)
    lines["net"] = exact.map(lambda amount: amount.quantize(CENT, ROUND_HALF_UP))
    return lines.merge(orders, on="OrderID"), orders


@pytest.mark.parametrize(
    "by, column",
    [("month", "month"), ("customer", "CustomerID"), ("product", "ProductID"), ("region", "ShipCountry")],
)
def test_northwind_from_access_has_the_totals_of_its_csv_exports_to_the_cent(trader, raw, by, column):
    table = raw[0].assign(month=raw[0]["OrderDate"].str[:7])
    expected = {key: (group["OrderID"].nunique(), sum(group["net"])) for key, group in table.groupby(column)}
    found = {row[by]: (row["orders"], row["net"]) for row in ask(trader, "order_summary", {"by": by}).rows}
    assert found == expected


def test_northwind_from_access_has_every_moment_freight_and_state(trader, raw):
    orders = raw[1]

    def day(moment):
        return local(moment).date().isoformat() if moment else ""

    stored = trader.scalars(select(Order).order_by(Order.order_no)).all()
    assert [(o.order_no, day(o.placed_at), day(o.promised_at), day(o.shipped_at), o.freight) for o in stored] == [
        (r.OrderID, r.OrderDate, r.RequiredDate, r.ShippedDate, Decimal(r.Freight).quantize(CENT))
        for r in orders.sort_values("OrderID").itertuples()
    ]
    assert [o.state for o in stored] == [
        "shipped" if r.ShippedDate else "placed" for r in orders.sort_values("OrderID").itertuples()
    ]
    facts = json.loads((shared("northwind") / "facts.json").read_text("utf-8"))
    assert sum(o.freight for o in stored) == Decimal(facts["freight_total"])
    assert trader.scalar(select(func.count()).select_from(OrderLine)) == 2155


def test_the_whole_house_is_one_import(trader):
    run = trader.scalars(select(ImportRun)).one()
    assert (run.file_name, run.taken_in, run.kinds) == (
        "Northwind.mdb", 3162, "people,customers,products,orders,order_lines",
    )  # fmt: skip


def test_a_house_that_does_not_fit_leaves_nothing_behind(session, tmp_path):
    """The third table names customers who are not there: the two before it do not stay either."""
    file = workbook(
        tmp_path,
        {
            "客户": [["编号", "名称"], ["c1", "甲"]],
            "货": [["货号", "品名"], ["p1", "衬衫"]],
            "单": [["单号", "客户"], ["1", "c1"], ["2", "c9"]],
        },
    )
    plan = tmp_path / "plan.yml"
    plan.write_text(
        "tables:\n- {kind: customers, table: 客户, map: {columns: {编号: customer_no, 名称: name}}}\n"
        "- {kind: products, table: 货, map: {columns: {货号: product_no, 品名: name}}}\n"
        "- {kind: orders, table: 单, map: {columns: {单号: order_no, 客户: customer}}}\n",
        "utf-8",
    )
    with access.system():
        moved = move_in(session, tables.open_book("x.xlsx", file.read_bytes()), Plan.load(str(plan)), source="x.xlsx")
        session.commit()
        assert [(fault.row, fault.column) for fault in moved.refused.faults] == [(3, "客户")]
        assert (moved.imported, moved.refused.table) == (0, "单")
        assert [session.query(model).count() for model in (Customer, Product, Order, ImportRun)] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "tables: 7", "tables: [{kind: customers, oops: 1}]", "tables: []\nelse: 1", "a: [", "tables: [{}]"],
)
def test_a_plan_that_is_none_gets_a_sentence(app, tmp_path, text):
    (tmp_path / "plan.yml").write_text(text)
    with app.app_context(), pytest.raises(Refused, match="`tables`"):
        Plan.load(str(tmp_path / "plan.yml"))


@pytest.mark.parametrize("raw", ["x", {"columns": []}, {"columns": {"a": "name"}, "oops": 1}, {"distinct": 7}])
def test_a_map_that_is_none_gets_a_sentence(app, raw):
    with app.app_context(), pytest.raises(Refused, match="`fill_down`"):
        ColumnMap.read(raw)


# --- Excel: the order book of a small shop


def workbook(folder, sheets, merged=()):
    """A workbook of these sheets, cells merged down in the first one."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    for area in merged:
        book.worksheets[0].merge_cells(area)
    file = folder / "made.xlsx"
    book.save(file)
    return file


BOOK = [
    ["订单号", "客户", "下单日期", "收货人", "电话", "旺旺", "款号", "颜色", "尺码", "数量", "单价", "折扣", "运费"],
    ["A001", "红星商贸", datetime(2026, 3, 2), "王经理", "13800138000", "hongxing88", "K10", "红", "M", 3, "￥1,234.50", "9折", 12],
    [None, None, None, None, None, None, "K10", "红", "L", "２", 1234.5, None, None],
    [None, None, None, None, None, None, "K20", None, "均码", 1, "0.335", None, None],
    ["A002", "个人-李四", "2026年3月5日", "李四", None, None, "K10", "红", "M", "１０", "１２００．５０", "0.05", None],
    [None, None, None, None, None, None, "K30", "蓝", "XL", 7, "￥19.99", "八折", None],
    ["A003", "红星商贸", "2026/3/6 14:30", "王经理", 13800138000, "hongxing88", "K20", None, "均码", 100, "0.335", None, "￥8.80"],
]  # fmt: skip
MERGED = [f"{column}2:{column}4" for column in "ABCDEFM"]
#: order -> net, counted by hand: each line rounded by itself, half a cent up
NET = {
    # 3 x 1234.50 x 0.9 = 3333.15; 2 x 1234.50 = 2469.00; 0.335 -> 0.34
    "A001": Decimal("3333.15") + Decimal("2469.00") + Decimal("0.34"),
    # 10 x 1200.50 x 0.95 = 11404.75; 7 x 19.99 x 0.8 = 111.944 -> 111.94
    "A002": Decimal("11404.75") + Decimal("111.94"),
    # 100 x 0.335 = 33.50
    "A003": Decimal("33.50"),
}


def order_book(tmp_path, rows=BOOK, merged=MERGED):
    return tables.open_book(
        "订单本.xlsx", workbook(tmp_path, {"订单": rows, "说明": [["本店订单"]]}, merged).read_bytes()
    )


def test_an_order_book_of_one_sheet_becomes_customers_products_orders_and_lines(either_session, tmp_path):
    session = either_session
    plan = Plan.load(str(MAPPINGS / "order_book.yml"))
    with access.system():
        moved = move_in(session, order_book(tmp_path), plan, source="订单本.xlsx")
        assert moved.refused is None
        assert [outcome.imported for _part, outcome in moved.outcomes] == [2, 4, 3, 6]
        session.commit()
        orders = session.scalars(select(Order).order_by(Order.order_no)).all()
        assert {o.order_no: o.net for o in orders} == NET
        assert [(o.customer.name, o.consignee, o.phone, o.buyer_account, o.freight) for o in orders] == [
            ("红星商贸", "王经理", "13800138000", "hongxing88", Decimal("12.00")),
            ("个人-李四", "李四", None, None, None),  # what A002 leaves empty is not A001's
            ("红星商贸", "王经理", "13800138000", "hongxing88", Decimal("8.80")),
        ]
        assert [o.placed_at.isoformat() for o in orders] == [
            "2026-03-01T16:00:00+00:00", "2026-03-04T16:00:00+00:00", "2026-03-06T06:30:00+00:00",
        ]  # fmt: skip
        assert sorted(session.scalars(select(Product.product_no))) == ["K10-红-L", "K10-红-M", "K20-均码", "K30-蓝-XL"]
        assert [str(line.quantity.normalize()) for line in orders[0].order_lines] == ["3", "2", "1"]


def test_an_order_that_says_two_things_is_refused_by_row_and_column(session, tmp_path):
    rows = [list(row) for row in BOOK]
    rows[5][0], rows[5][3] = "A002", "王五"  # the second line of A002 names another consignee
    with access.system():
        moved = move_in(session, order_book(tmp_path, rows), Plan.load(str(MAPPINGS / "order_book.yml")), source="x")
    assert [(f.row, f.column) for f in moved.refused.faults] == [(6, "收货人")]
    assert "5" in moved.refused.faults[0].reason


def test_the_sheets_of_an_order_book_come_in_by_their_plan(session, tmp_path):
    file = workbook(
        tmp_path,
        {
            "客户": [["客户编号", "客户名称", "联系人", "电话", "地址"], ["k1", "红星商贸", "王", "13800138000", "解放路1号"]],
            "商品": [["货号", "品名", "款号", "颜色", "尺码", "单价", "库存"], ["h1", "衬衫", "K10", "红", "M", 30.75, 12]],
            "订单": [["订单号", "客户编号", "下单日期", "发货日期", "签收日期", "付款方式", "运费"],
                     ["d1", "k1", datetime(2026, 3, 2, 9, 30), datetime(2026, 3, 4), None, "支付宝", 10],
                     ["d2", "k1", datetime(2026, 3, 3), None, None, "月结", None]],
            "明细": [["订单号", "货号", "数量", "单价", "折扣"], ["d1", "h1", 10, None, 0.05], ["d2", "h1", 1, 28, None]],
        },
    )  # fmt: skip
    with access.system():
        plan = Plan.load(str(MAPPINGS / "order_book_sheets.yml"))
        moved = move_in(session, tables.open_book("x.xlsx", file.read_bytes()), plan, source="x.xlsx")
        assert (moved.refused, moved.imported) == (None, 6)
        orders = session.scalars(select(Order).order_by(Order.order_no)).all()
    # 10 x 30.75 x 0.95 = 292.125 -> 292.13
    assert [(o.order_no, o.state, o.payment_type, o.net) for o in orders] == [
        ("d1", "shipped", "third_party", Decimal("292.13")), ("d2", "placed", "on_account", Decimal("28.00")),
    ]  # fmt: skip


# --- Refused rows, corrected and sent in again

SHEET = [
    ["name", "phone", "short_name"],
    ["市水务局", "", "水务"],
    ["", "1", "无名"],
    ["=1+1", "", "x" * 300],
    ["县档案馆", "", ""],
]


def bring_in(session, headings, rows, **more):
    with access.system():
        return transfer.import_rows(session, Correspondent, headings, rows, source="名单.xlsx", **more)


def test_refused_rows_come_back_corrected(session, tmp_path):
    headings, *rows = SHEET
    outcome = bring_in(session, headings, rows, leave_out=True)
    session.commit()
    assert (outcome.imported, outcome.refused) == (2, 2)
    file = tmp_path / "errors.xlsx"
    with file.open("wb") as target:
        write_refused(target, outcome.headings, outcome.rows, outcome.told)
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == [*headings, reason_headings()[1]]
    assert [[cell.value for cell in row[:3]] for row in sheet.iter_rows(min_row=2)] == [
        [None, "1", "无名"], ["=1+1", None, "x" * 300],
    ]  # fmt: skip
    assert sheet["B3"].data_type != "f" and "name" in sheet["D2"].value
    marked = [cell.coordinate for row in sheet.iter_rows(min_row=2) for cell in row if cell.comment]
    assert marked == ["A2", "C3"]
    sheet["A2"], sheet["C3"] = "县水务局", "短"
    book.save(file)
    found = tables.read_table("errors.xlsx", file.read_bytes())
    again = bring_in(session, *found)
    assert (again.imported, again.faults) == (2, [])
    with access.system():
        names = {c.name for c in session.scalars(select(Correspondent).where(Correspondent.taken_over))}
    assert names == {"市水务局", "县档案馆", "县水务局", "=1+1"}


def test_without_leave_to_leave_rows_out_nothing_comes_in(session):
    outcome = bring_in(session, SHEET[0], SHEET[1:])
    assert (outcome.imported, outcome.refused, outcome.run) == (0, 2, None)
    with access.system():
        assert session.query(Correspondent).filter_by(taken_over=True).count() == 0


def test_a_dry_run_says_what_may_be_here_already(session, monkeypatch):
    monkeypatch.setattr(Correspondent, "suggestions", lambda self, session: ["就是它"] if self.name == "乙" else [])
    outcome = bring_in(session, ["name"], [["甲"], ["乙"]], suggest=True)
    assert outcome.suggestions == [(3, "就是它")]
    assert bring_in(session, ["name"], [["丙"], ["乙"]]).suggestions == []


# --- Taking an import back


def rows_of(session, model):
    with access.system():
        return session.scalar(select(func.count()).select_from(model))


def test_an_import_is_taken_back_whole_and_its_history_and_numbers_tell(either_session, either_actors):
    session = either_session
    with access.acting_as(either_actors["order_admin"]):
        before = transfer.import_rows(session, Customer, ["name"], [["甲"]])
        session.commit()
        outcome = transfer.import_rows(
            session, Customer, ["name", "owner"], [["乙", ""], ["丙", ""]], source="客户.csv"
        )
        session.commit()
        assert rows_of(session, ImportRow) == 3
        outcome.run.take("undo", session, reason="旧表")
        session.commit()
    with access.system():
        assert [c.name for c in session.scalars(select(Customer))] == ["甲"]
        told = session.scalars(
            select(history.HistoryEntry).where(history.HistoryEntry.action == "undo_import").order_by("id")
        ).all()
        assert [(entry.fields["name"], entry.actor_name) for entry in told] == [
            ([name, None], either_actors["order_admin"].name) for name in ("乙", "丙")
        ]
        assert "旧表" in told[0].reason
        (row,) = [row for row in numbers.audit(session) if row["series"] == "customers"]
        assert (row["drawn"], row["used"], row["void"], row["unexplained"]) == (3, 1, 2, 0)
        assert history.verify(session, records.kinds().values())
        assert before.run.state == "done" and outcome.run.state == "undone"
        assert rows_of(session, ImportRow) == 1


def test_what_was_made_along_goes_along(session):
    column_map = ColumnMap(columns={"id": "order_no", "buyer": "customer"}, constants={"payment_type": "prepaid"})
    with access.system():
        outcome = transfer.import_rows(
            session, Order, ["id", "buyer"], [["1", "c1"], ["2", "c1"]], column_map, create_missing=True
        )
        session.commit()
        assert (outcome.run.taken_in, outcome.run.kinds) == (3, "orders,customers")
        outcome.run.take("undo", session, reason="x")
        session.commit()
    assert (rows_of(session, Order), rows_of(session, Customer)) == (0, 0)


def test_an_import_somebody_worked_on_stays_whole(either_session, either_actors):
    session = either_session
    with access.acting_as(either_actors["clerk"]):
        outcome = transfer.import_rows(session, Correspondent, ["name"], [["甲局"], ["乙局"], ["丙局"]])
        session.commit()
        second = session.scalars(select(Correspondent).where(Correspondent.name == "乙局")).one()
        records.change(session, second, {"phone": "12345"}, ["phone"], version=second.version)
        session.commit()
        with pytest.raises(StepRefused, match=r"1.*乙局"):
            outcome.run.take("undo", session, reason="x")
        session.rollback()
        assert session.query(Correspondent).filter_by(taken_over=True).count() == 3
        assert outcome.run.state == "done"


def test_an_import_that_is_in_use_stays_whole(session, actors):
    with access.system():
        customers = transfer.import_rows(session, Customer, ["customer_no", "name"], [["c1", "甲"], ["c2", "乙"]])
        orders = transfer.import_rows(session, Order, ["order_no", "customer_no"], [["1", "c2"]])
        session.commit()
        with pytest.raises(StepRefused, match="1"):
            customers.run.take("undo", session, reason="x")
        orders.run.take("undo", session, reason="x")
        customers.run.take("undo", session, reason="x")
        session.commit()
    assert (rows_of(session, Order), rows_of(session, Customer)) == (0, 0)


def test_lines_taken_back_let_their_orders_be_taken_back_too(session):
    """The totals of the orders followed the lines both ways; nobody changed the orders."""
    with access.system():
        transfer.import_rows(session, Customer, ["customer_no", "name"], [["c1", "甲"]])
        transfer.import_rows(session, Product, ["product_no", "name"], [["p", "衫"]])
        orders = transfer.import_rows(session, Order, ["order_no", "customer_no"], [["1", "c1"]])
        head = ["order_no", "product_no", "quantity", "price"]
        lines = transfer.import_rows(session, OrderLine, head, [["1", "p", "2", "3"]])
        session.commit()
        with pytest.raises(StepRefused):
            orders.run.take("undo", session, reason="x")
        session.rollback()
        lines.run.take("undo", session, reason="x")
        orders.run.take("undo", session, reason="x")
        session.commit()
    assert (rows_of(session, Order), rows_of(session, OrderLine)) == (0, 0)


def test_only_ones_own_imports_are_seen_and_taken_back(session, actors):
    with access.acting_as(actors["clerk"]):
        outcome = transfer.import_rows(session, Correspondent, ["name"], [["甲局"]])
        session.commit()
    run, seen = outcome.run, {}
    for account in ("clerk", "order_admin", "office", "admin", "auditor", "sales"):
        with access.acting_as(actors[account]):
            seen[account] = finding.by_key(session, ImportRun, run.id) is not None
    assert seen == {"clerk": True, "order_admin": False, "office": True, "admin": True, "auditor": True, "sales": False}
    for account, refusal in (("auditor", NotAllowed), ("admin", StepRefused), ("order_admin", StepRefused)):
        with access.acting_as(actors[account]), pytest.raises(refusal):
            run.take("undo", session, reason="x")
        session.rollback()
    with access.acting_as(actors["office"]):
        run.take("undo", session, reason="x")


def test_an_import_taken_back_is_not_taken_back_twice(session, actors):
    with access.acting_as(actors["clerk"]):
        outcome = transfer.import_rows(session, Correspondent, ["name"], [["甲局"]])
        outcome.run.take("undo", session, reason="x")
        with pytest.raises(StepRefused):
            outcome.run.take("undo", session, reason="x")


# --- The page


def send(browser, content, name, **more):
    return browser.post("/correspondentview/import", data={"file": (io.BytesIO(content), name), **more})


def test_the_page_asks_for_the_table_where_none_fits(client, tmp_path):
    file = workbook(tmp_path, {"一": [["单位", "x"], ["甲局", ""]], "二": [["店", "y"], ["乙局", ""]]})
    answer = send(client("clerk"), file.read_bytes(), "x.xlsx", action="check")
    assert answer.status_code == 422
    assert re.findall(r'<option value="([^"]+)"', answer.text.split('id="import-table"')[1].split("</select>")[0]) == [
        "一",
        "二",
    ]
    file = workbook(tmp_path, {"一": [["name"], ["甲局"]], "二": [["name"], ["乙局"]]})
    taken = send(client("clerk"), file.read_bytes(), "x.xlsx", action="import", table="二")
    assert taken.status_code == 200 and "/importrunview/show/" in taken.text


def test_the_page_takes_a_table_of_an_access_file(client):
    columns = [("单位名称", jet.TEXT), ("电话", jet.TEXT)]
    raw = access_file({"客户": ([("编号", jet.LONG)], [[1]]), "往来单位": ([("name", jet.TEXT)], [["甲局"], ["乙局"]])})
    answer = send(client("clerk"), raw, "旧库.mdb", action="import")
    assert (answer.status_code, "/importrunview/show/" in answer.text) == (200, True)
    unknown = send(client("clerk"), access_file({"往来": (columns, [])}), "旧库.accdb", action="check")
    assert (unknown.status_code, "单位名称" in unknown.text) == (422, True)
    broken = send(client("clerk"), raw[:-4096], "旧库.mdb", action="check")
    assert (broken.status_code, "Access" in broken.text) == (422, True)


def test_refused_rows_leave_the_page_as_a_sheet(client):
    text = "name,phone\n甲局,1\n,2\n".encode()
    answer = send(client("clerk"), text, "x.csv", action="import", leave_out="1")
    assert answer.status_code == 200
    packed = re.search(r'name="refused" value="([^"]+)"', answer.text)[1]
    sheet = client("clerk").post("/correspondentview/refused.xlsx", data={"refused": packed})
    headings, rows = tables.read_table("x.xlsx", sheet.data)
    assert (headings[:2], [row[:2] for row in rows]) == (["name", "phone"], [["", "2"]])
    for nonsense in ("", "x", "eJwDAAAAAAE=", packed[:-8]):
        refused = client("clerk").post("/correspondentview/refused.xlsx", data={"refused": nonsense})
        assert refused.status_code == 400


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e400", '"x"', "{}"])
@pytest.mark.parametrize("content", ['[["name"], [[%s, ["甲"]]], []]', '[["name"], [], [[%s, "name", "?"]]]'])
def test_refused_rows_numbered_by_what_is_no_number_are_not_understood(client, content, number):
    packed = base64.b64encode(zlib.compress((content % number).encode()))
    answer = client("clerk").post("/correspondentview/refused.xlsx", data={"refused": packed.decode()})
    assert answer.status_code == 400


# --- The command line


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command on an office without papers and return its result."""
    monkeypatch.setenv("WENSHU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("WENSHU_DEMO_PASSWORD", "a-demo-password")
    monkeypatch.delenv("WENSHU_SECRET_KEY", raising=False)
    monkeypatch.delenv("WENSHU_DATABASE_URL", raising=False)
    runner = CliRunner()
    found = lambda *words: runner.invoke(commands, [str(word) for word in words])  # noqa: E731
    assert found("upgrade").exit_code == 0
    return found


def test_the_command_line_looks_takes_in_and_takes_back(run, tmp_path):
    columns = [("name", jet.TEXT), ("phone", jet.TEXT)]
    file = tmp_path / "旧库.mdb"
    file.write_bytes(
        access_file({"往来单位": (columns, [["甲局", "1"], [None, "2"]]), "别的": ([("x", jet.LONG)], [])})
    )
    looked = run("records", "tables", file)
    assert looked.output.splitlines() == ["别的: x", "往来单位: name, phone"]
    refused = run("records", "import", "correspondents", file, "--errors", tmp_path / "errors.xlsx")
    assert (refused.exit_code, "imported 0, refused 1" in refused.output) == (2, True)
    assert tables.read_table("errors.xlsx", (tmp_path / "errors.xlsx").read_bytes())[1][0][:2] == ["", "2"]
    assert run("records", "import", "correspondents", file, "--table", "别的").exit_code == 1
    taken = run("records", "import", "correspondents", file, "--skip-refused", "--table", "往来单位")
    assert (taken.exit_code, "imported 1, refused 1" in taken.output) == (2, True)
    assert "1: 旧库.mdb" in run("records", "runs").output
    assert run("records", "undo", 1, "--reason", "试").output.strip() == "undone: 1 records"
    assert run("records", "undo", 1, "--reason", "试").exit_code == 1
