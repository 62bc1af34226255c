"""The command line, on a database of its own."""

import codecs
import csv
import json
import re
import shutil
import sqlite3

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from app.cli import office
from app.engine.record import kinds


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command on a fresh office and return its result."""
    monkeypatch.setenv("WENSHU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("WENSHU_DEMO_PASSWORD", "a-demo-password")
    monkeypatch.delenv("WENSHU_SECRET_KEY", raising=False)
    monkeypatch.delenv("WENSHU_DATABASE_URL", raising=False)
    runner = CliRunner()
    return lambda *words: runner.invoke(office, [str(word) for word in words])


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A demo office, loaded once."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WENSHU_DATA_DIR", str(folder))
        patch.setenv("WENSHU_DEMO_PASSWORD", "a-demo-password")
        result = CliRunner().invoke(office, ["demo", "load"])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def demo(run, loaded, tmp_path):
    """The same office, to do with as one likes."""
    shutil.copytree(loaded, tmp_path, dirs_exist_ok=True)
    return run


def test_the_demo_office_is_whole_and_its_history_holds(demo, tmp_path):
    assert demo("audit", "verify").exit_code == 0
    with sqlite3.connect(tmp_path / "wenshu.db") as database:
        database.execute("UPDATE incoming_document SET title = title || 'x' WHERE id = 7")
    database.close()
    broken = demo("audit", "verify")
    assert broken.exit_code == 1
    assert "incoming_documents 7: title" in broken.output


def test_the_demo_office_has_records_in_every_state_of_every_flow(loaded):
    with sqlite3.connect(loaded / "wenshu.db") as database:
        missing = [
            (kind, state)
            for kind, model in kinds().items()
            for state in getattr(getattr(model, "flow", None), "states", ())
            if not database.execute(
                f"SELECT 1 FROM {model.__table__.name} WHERE state = ? LIMIT 1", (state,)
            ).fetchone()
        ]
    database.close()
    assert missing == []


def test_the_four_slips_of_the_source_are_in_the_demo_office(demo, tmp_path):
    demo(
        "records",
        "export",
        "incoming_documents",
        tmp_path / "out.csv",
        "--where",
        "sender_no=黔南府办发电〔2011〕202号",
    )
    text = (tmp_path / "out.csv").read_text("utf-8-sig")
    assert "关于切实做好旱灾受灾农户灾情核查和冬春期间需口粮救助情况调查工作的通知" in text


def test_the_report_has_the_same_figures_in_every_form(demo, tmp_path):
    for form in ("json", "csv", "xlsx"):
        assert demo("report", "turnaround", "--as", "manager", "--out", tmp_path / f"t.{form}").exit_code == 0
    rows = json.loads((tmp_path / "t.json").read_text("utf-8"))["rows"]
    book = load_workbook(tmp_path / "t.xlsx")  # the workbook of the page: cover, summary, details, chart
    sheet = book.worksheets[1]
    assert (len(book.worksheets), len(book.worksheets[-1]._charts)) == (4, 1)
    cells = [[cell.value for cell in line][:3] for line in sheet.iter_rows(min_row=2, max_row=1 + len(rows))]
    assert cells == [[row["department"], row["count"], row["median_hours"]] for row in rows]
    lines = (tmp_path / "t.csv").read_text("utf-8-sig").splitlines()[1:]
    assert [line.split(",")[1] for line in lines] == [str(row["count"]) for row in rows]


def test_what_is_taken_out_by_the_command_line_is_on_record(demo, tmp_path):
    demo("records", "export", "products", tmp_path / "out.CSV", "--as", "office")
    demo("report", "turnaround", "--as", "manager", "--out", tmp_path / "t.XLSX")
    assert load_workbook(tmp_path / "t.XLSX").worksheets
    count = len((tmp_path / "out.CSV").read_text("utf-8-sig").splitlines()) - 1
    with sqlite3.connect(tmp_path / "wenshu.db") as database:
        query = "SELECT actor_name, detail FROM security_event WHERE kind = 'exported' ORDER BY id"
        export, report = database.execute(query).fetchall()
        people = dict(database.execute("SELECT username, first_name FROM ab_user").fetchall())
    database.close()
    assert people["office"] in export[0] and people["manager"] in report[0]
    assert export[1] == f"products:{count} csv out.CSV"
    assert re.fullmatch(r"turnaround:\d+ xlsx t\.XLSX", report[1])
    assert demo("audit", "verify").exit_code == 0


@pytest.mark.parametrize("name", ["t.pdf", "t", "nowhere/t.xlsx"])
@pytest.mark.parametrize("words", [("report", "turnaround", "--out"), ("records", "export", "products")], ids=str)
def test_a_file_that_cannot_be_written_is_refused_in_one_sentence(run, tmp_path, words, name):
    result = run(*words, tmp_path / name)
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert not (tmp_path / name).exists()


def test_a_schema_nobody_knows_is_said_in_one_sentence(demo):
    result = demo("downgrade", "nosuch")
    assert (result.exit_code, len(result.output.splitlines()), "nosuch" in result.output) == (1, 1, True)


def test_a_department_user_exports_nothing_the_role_does_not_allow(demo, tmp_path):
    result = demo("records", "export", "incoming_documents", tmp_path / "out.csv", "--as", "user_a")
    assert result.exit_code == 1
    assert not (tmp_path / "out.csv").exists()


def test_an_import_with_faults_ends_with_2_and_a_dry_run_writes_nothing(demo, tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("name\n新单位\n", "utf-8")
    bad.write_text("name,phone\n,1\n", "utf-8")
    refused = demo("records", "import", "correspondents", bad)
    assert (refused.exit_code, "imported 0, refused 1" in refused.output) == (2, True)
    dry = demo("records", "import", "correspondents", good, "--dry-run")
    assert (dry.exit_code, "imported 1, refused 0" in dry.output) == (0, True)
    taken = demo("records", "import", "correspondents", good)
    assert (taken.exit_code, "imported 1, refused 0" in taken.output) == (0, True)


def test_refused_rows_are_told_in_a_csv_that_spreadsheets_read(demo, tmp_path):
    bad, told = tmp_path / "bad.csv", tmp_path / "told.csv"
    bad.write_text('product_no,name,price\nP-1,衬衫,"=1,5"\n', "utf-8")
    assert demo("records", "import", "products", bad, "--errors", told).exit_code == 2
    assert told.read_bytes().startswith(codecs.BOM_UTF8)
    heading, *faults = csv.reader(told.read_text("utf-8-sig").splitlines())
    assert heading == ["row", "column", "reason"]
    assert [(row, column, "=1,5" in reason) for row, column, reason in faults] == [("2", "price", True)]
    assert "".join(reason for _row, _column, reason in faults)[0] not in "=+-@"


@pytest.mark.parametrize(
    "words",
    [("import", "products", "none.csv"), ("import", "products"), ("import", "products", "none.csv", "--dryrun")],
)
def test_a_command_given_wrongly_ends_with_1_and_one_sentence(run, words):
    result = run("records", *words)
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)


def test_the_diagrams_of_all_flows_are_printed(demo):
    output = demo("workflows").output
    assert "stateDiagram-v2" in output
    assert "[*] --> registered" in output


def test_a_start_with_a_known_key_is_refused(run, monkeypatch):
    monkeypatch.setenv("WENSHU_SECRET_KEY", "secret")
    assert "WENSHU_SECRET_KEY" in str(run("reports").exception)


def test_an_unknown_kind_gets_a_sentence(demo, tmp_path):
    result = demo("records", "export", "nonsense", tmp_path / "x.csv")
    assert result.exit_code == 1
    assert "nonsense" in result.output


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_export_comes_back_in_as_it_went_out(demo, run, tmp_path, form):
    out, back = tmp_path / f"out.{form}", tmp_path / f"back.{form}"
    demo("records", "export", "products", out)
    with sqlite3.connect(tmp_path / "wenshu.db") as database:
        database.execute("UPDATE product SET product_no = 'old-' || product_no, variant_key = NULL")
    database.close()
    result = demo("records", "import", "products", out)
    assert (result.exit_code, result.output.strip()) == (0, "imported 11, refused 0")  # goods and a service
    demo("records", "export", "products", back)
    assert back.stat().st_size > out.stat().st_size


def test_the_demo_office_is_removed_whole_but_never_by_surprise(demo, tmp_path):
    def rows(table):
        with sqlite3.connect(tmp_path / "wenshu.db") as database:
            return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    demo("users", "create", "newcomer", "registry_clerk", "--password", "long enough a word")
    refused = demo("demo", "remove")
    assert (refused.exit_code, rows("incoming_document") > 200) == (1, True)
    assert "1 further accounts" in refused.output
    assert demo("demo", "remove", "--yes").exit_code == 0
    assert [rows(table) for table in ("incoming_document", "history_entry", "ab_user", "person")] == [0, 0, 0, 0]
    assert "not a demo office" in demo("demo", "remove").output
    assert demo("demo", "load").exit_code == 0


def test_sweeping_removes_what_lay_in_the_bin_for_thirty_days(demo, tmp_path):
    with sqlite3.connect(tmp_path / "wenshu.db") as database:
        for days, name in ((31, "旧局"), (29, "新局")):
            database.execute(
                "INSERT INTO correspondent (name, version, created_at, changed_at, taken_over, search_text, deleted_at) "
                "VALUES (?, 1, datetime('now'), datetime('now'), 0, '', datetime('now', ?))", (name, f"-{days} days"),
            )  # fmt: skip
    database.close()
    assert "recycle bin: 1." in demo("sweep").output
    assert "recycle bin: 0." in demo("sweep").output
    with sqlite3.connect(tmp_path / "wenshu.db") as database:
        left = database.execute("SELECT name FROM correspondent WHERE name IN ('旧局', '新局')").fetchall()
    database.close()
    assert left == [("新局",)]


def test_every_number_of_the_demo_office_is_explained_and_a_counter_set_back_is_noticed(demo, tmp_path):
    assert demo("audit", "numbers").exit_code == 0
    with sqlite3.connect(tmp_path / "wenshu.db") as database:
        database.execute("UPDATE number_counter SET last = last - 2 WHERE series = 'outgoing_documents'")
    database.close()
    noticed = demo("audit", "numbers")
    assert (noticed.exit_code, "outgoing_documents" in noticed.output) == (1, True)
    assert demo("audit", "numbers", "--catch-up").exit_code == 0
    assert demo("audit", "numbers").exit_code == 0


def test_an_index_that_was_emptied_by_hand_is_made_anew(demo, tmp_path):
    with sqlite3.connect(tmp_path / "wenshu.db") as database:
        kept = database.execute("SELECT count(*) FROM correspondent_search").fetchone()
        database.execute("DELETE FROM correspondent_search")
    database.close()
    assert f"correspondents: {kept[0]}" in demo("search", "rebuild").output
    with sqlite3.connect(tmp_path / "wenshu.db") as database:
        assert database.execute("SELECT count(*) FROM correspondent_search").fetchone() == kept
    database.close()
