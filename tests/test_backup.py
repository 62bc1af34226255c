"""Backup and restore: what goes into an archive comes back whole, on either database, or not at all."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import tracemalloc
from contextlib import closing
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import boto3
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from moto.server import ThreadedMotoServer

from app import backup, cli
from app.backup import back_up
from app.engine import access, events, fulltext, history, numbers
from app.engine import record as records
from app.engine.archives import Archive, Damaged, Manifest, Writer
from app.engine.refusals import Refused
from app.engine.storage import LocalStorage, S3Storage
from app.extensions import db
from app.factory import create_app
from app.restore import restore
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.files import Attachment
from models.report_runs import ReportRun, ask_for
from tests.conftest import actors_of, office
from tests.engine.attachments import PDF
from tests.factories import house, place

TEXT = "请在三月底前报送。\n".encode()
#: What is not the same afterwards, and why: sessions of that time are ended.
CHANGED = {"login_session"}


def plain(database: Path) -> dict[str, list[tuple]]:
    """Every row of every table of a SQLite file, by another hand."""
    with closing(sqlite3.connect(database)) as connection:
        names = [name for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
            "AND name NOT LIKE '%\\_search%' ESCAPE '\\' ORDER BY name"
        )]  # fmt: skip
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


def counts(app) -> dict[str, int]:
    """The rows of every table of an office, by plain SQL."""
    engine = sa.create_engine(app.config["SQLALCHEMY_DATABASE_URI"], poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        names = [name for name in sa.inspect(connection).get_table_names() if "_search" not in name]
        return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in names}


def storage_of(app) -> LocalStorage:
    return LocalStorage(Path(app.config["DATA_DIR"]) / "files")


def saved(app, target: Path) -> Manifest:
    with app.app_context():
        manifest = back_up(storage_of(app), target)
        db.session.remove()
        db.engine.dispose()
    return manifest


def brought_back(app, file: Path, *, replace: bool = True) -> Manifest:
    with app.app_context():
        manifest = restore(app, storage_of(app), file, replace=replace)
        db.session.remove()
        db.engine.dispose()
    return manifest


def attach(app, content: bytes, name: str) -> str:
    """Hang a file on the first incoming paper; its digest."""
    with app.app_context(), access.system():
        stored = storage_of(app).put(BytesIO(content), name)
        paper = db.session.scalars(sa.select(IncomingDocument.id).order_by(IncomingDocument.id).limit(1)).one()
        db.session.add(
            Attachment(
                record_kind="incoming_documents", record_id=paper, name=name, size=stored.size,
                media_type=stored.media_type, digest=stored.digest,
            )
        )  # fmt: skip
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return stored.digest


@pytest.fixture(scope="module")
def source(played, tmp_path_factory):
    """A demo office with an order of some goods and two attachments."""
    folder = tmp_path_factory.mktemp("source")
    shutil.copytree(played, folder, dirs_exist_ok=True)
    app = office(f"sqlite:///{folder / 'office.db'}", folder)
    with app.app_context():
        actors = actors_of(db.session)
        house(db.session, actors)
        with access.acting_as(actors["sales"]):
            place(db.session, promised_at="2026-03-09 18:00")
        db.session.commit()
        db.session.remove()
    attach(app, PDF, "a.pdf")
    attach(app, TEXT, "说明.txt")
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def archive(source, tmp_path_factory):
    """Its archive."""
    file = tmp_path_factory.mktemp("archive") / "office.zip"
    saved(source, file)
    return file


@pytest.fixture(scope="module")
def small(template, tmp_path_factory):
    """The archive of a house without papers, to be damaged."""
    folder = tmp_path_factory.mktemp("small")
    shutil.copy(template, folder / "office.db")
    app = office(f"sqlite:///{folder / 'office.db'}", folder)
    saved(app, folder / "small.zip")
    return folder / "small.zip"


def rewritten(archive: Path, target: Path, change) -> Path:
    """Another archive: `change(members)` of their contents by name; what the manifest says of them is put right."""
    with ZipFile(archive) as source:
        members = {name: source.read(name) for name in source.namelist()}
    about = json.loads(members.pop("manifest.json"))
    change(members, about)
    about["members"] = {name: [sha256(content).hexdigest(), len(content)] for name, content in members.items()}
    with ZipFile(target, "w", ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
        made.writestr("manifest.json", json.dumps(about))
    return target


def lines(archive: Path, table: str) -> list[list]:
    with ZipFile(archive) as source:
        return [json.loads(line) for line in source.read(f"tables/{table}.jsonl").decode().splitlines()]


# --- what is in it


def test_an_archive_holds_every_row_and_every_file_under_its_digest(source, archive):
    with ZipFile(archive) as read:
        about = json.loads(read.read("manifest.json"))
        digests = {name: sha256(read.read(name)).hexdigest() for name in read.namelist() if name != "manifest.json"}
    assert {name: table["rows"] for name, table in about["tables"].items()} == {
        name: count for name, count in counts(source).items() if name != "alembic_version"
    }
    assert {name: told[0] for name, told in about["members"].items()} == digests
    assert {name for name in digests if name.startswith("files/")} == {
        f"files/{sha256(content).hexdigest()}" for content in (PDF, TEXT)
    }
    assert (about["engine"], about["missing"], about["made_at"][-6:]) == ("sqlite", [], "+00:00")


def test_no_secret_of_the_machine_is_in_it(source, archive):
    with ZipFile(archive) as read:
        content = b"".join(read.read(name) for name in read.namelist())
    assert source.config["SECRET_KEY"].encode() not in content
    assert archive.stat().st_mode & 0o077 == 0


def test_amounts_moments_and_flags_have_one_form(source, archive):
    with sqlite3.connect(Path(source.config["DATA_DIR"]) / "office.db") as database:
        row = database.execute("SELECT id, gross, placed_at FROM sales_order WHERE gross > 0 LIMIT 1").fetchone()
        active = dict(database.execute("SELECT id, active FROM ab_user"))
    database.close()
    with ZipFile(archive) as read:
        columns = json.loads(read.read("manifest.json"))["tables"]
    orders = [dict(zip(columns["sales_order"]["columns"], line, strict=True)) for line in lines(archive, "sales_order")]
    order = next(one for one in orders if one["id"] == row[0])
    assert (order["gross"], order["placed_at"]) == (f"{row[1] // 100}.{row[1] % 100:02}", row[2])
    people = [dict(zip(columns["ab_user"]["columns"], line, strict=True)) for line in lines(archive, "ab_user")]
    assert {one["id"]: one["active"] for one in people} == {key: bool(flag) for key, flag in active.items()}


def test_rows_that_are_written_meanwhile_are_not_in_it(either, tmp_path, monkeypatch):
    before, url = counts(either), either.config["SQLALCHEMY_DATABASE_URI"]
    asked, real = [], backup._last_key

    def write_between(connection, table):
        if not asked:
            engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
            with engine.begin() as other:
                other.execute(sa.text("DELETE FROM clock_rule WHERE id IN (SELECT min(id) FROM clock_rule)"))
                other.execute(sa.text("INSERT INTO number_counter VALUES ('meanwhile', 2026, 1)"))
        asked.append(table.name)
        return real(connection, table)

    monkeypatch.setattr(backup, "_last_key", write_between)
    manifest = saved(either, tmp_path / "office.zip")
    after = counts(either)
    assert after["clock_rule"] == before["clock_rule"] - 1
    assert after["number_counter"] == before["number_counter"] + 1
    assert [manifest.tables[name].rows for name in ("clock_rule", "number_counter")] == [
        before[name] for name in ("clock_rule", "number_counter")
    ]


def test_a_backup_is_on_record_and_overwrites_nothing(app, tmp_path):
    target = tmp_path / "office.zip"
    target.write_bytes(b"mine")
    with pytest.raises(Refused, match="already"):
        saved(app, target)
    assert target.read_bytes() == b"mine"
    saved(app, tmp_path / "other.zip")
    noted = [line for line in lines(tmp_path / "other.zip", "security_event") if "exported" in line]
    assert [line for line in noted if "backup" in line and "other.zip" in line] == noted[-1:]
    assert sorted(one.name for one in tmp_path.glob("*.zip*")) == ["office.zip", "other.zip"]


def test_a_backup_that_fails_leaves_nothing_behind(app, tmp_path, monkeypatch):
    monkeypatch.setattr(Archive, "verify", lambda self: (_ for _ in ()).throw(Damaged("broken")))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(Damaged):
        saved(app, tmp_path / "office.zip")
    assert [one for one in sorted(tmp_path.iterdir()) if one.suffix not in (".db-wal", ".db-shm")] == before


def test_a_file_that_is_gone_or_broken_is_named_and_stops_nothing(source, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(source.config["DATA_DIR"], folder)
    app = office(f"sqlite:///{folder / 'office.db'}", folder)
    gone, broken = sha256(PDF).hexdigest(), sha256(TEXT).hexdigest()
    storage_of(app).delete(gone)
    next(folder.glob(f"files/*/*/{broken}")).write_bytes(b"something else")
    manifest = saved(app, tmp_path / "office.zip")
    assert (sorted(manifest.missing), manifest.files) == (sorted([gone, broken]), [])


def test_memory_stays_flat_however_many_rows_and_bytes_there_are(tmp_path):
    file, row, piece = tmp_path / "large.zip", ["x" * 200, 1, None], bytes(1 << 16)
    digest = sha256()
    for _ in range(1 << 10):
        digest.update(piece)
    tracemalloc.start()
    with file.open("wb") as target:
        made = Writer(target, Manifest("0", "0001", "2026-01-01T00:00:00+00:00", "sqlite"))
        made.table("large", {"a": "text", "b": "integer", "c": "text"}, (row for _ in range(100_000)), None)
        made.file(digest.hexdigest(), (piece for _ in range(1 << 10)))
        made.finish()
    with Archive(file) as read:
        assert read.verify().rows == 100_000
        assert sum(1 for _ in read.rows("large")) == 100_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 << 20


# --- and comes back


def holds(app) -> None:
    """History, events and numbers are those that belong together."""
    with app.app_context(), access.system():
        assert history.verify(db.session, records.kinds().values()) > 500
        assert events.verify(db.session) > 0
        assert [row for row in numbers.audit(db.session) if row["unexplained"] or row["behind"]] == []
        db.session.remove()


def found_by(app, word: str) -> int:
    with app.app_context(), access.system():
        asked = fulltext.phrases(fulltext.searchable(word))
        query = sa.select(sa.func.count()).select_from(fulltext.found(IncomingDocument, asked).subquery())
        count = db.session.scalar(query)
        db.session.remove()
    return count


def test_a_restored_office_is_whole_on_either_database(either, source, archive):
    brought_back(either, archive)
    assert counts(either) == counts(source)
    holds(either)
    assert found_by(either, "通知") == found_by(source, "通知") > 0
    for content in (PDF, TEXT):
        with storage_of(either).open(sha256(content).hexdigest()) as file:
            assert file.read() == content
    with either.app_context(), access.system():
        records.add(db.session, Correspondent, {"name": "新来的单位"})
        db.session.commit()
        assert db.session.scalar(sa.select(Correspondent.id).order_by(Correspondent.id.desc()).limit(1)) > 1
        db.session.remove()


def test_an_office_goes_to_the_other_database_and_comes_back_the_same(postgres_app, app, source, archive, tmp_path):
    brought_back(postgres_app, archive)
    saved(postgres_app, tmp_path / "from-postgresql.zip")
    brought_back(app, tmp_path / "from-postgresql.zip")
    there, here = (plain(Path(one.config["DATA_DIR"]) / "office.db") for one in (source, app))
    added = set(here.pop("security_event")) - set(there.pop("security_event"))
    assert len(added) == 1  # that it was backed up on the other side
    assert {name for name in there.keys() | here.keys() if there.get(name) != here.get(name)} <= CHANGED
    holds(app)


def test_whoever_waited_for_the_file_finds_the_restored_office_in_it(app, archive):
    """Another file under the same name would leave those with the old one who had opened that before."""
    file = Path(app.config["DATA_DIR"]) / "office.db"
    with file.open("rb") as opened:
        brought_back(app, archive)
        assert os.fstat(opened.fileno()).st_ino == file.stat().st_ino
    with sqlite3.connect(file) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    assert [one.name for one in file.parent.iterdir() if "restoring" in one.name] == []


def test_an_archive_of_a_schema_one_release_ago_is_brought_up_to_date(either, source, archive, tmp_path):
    """Without the columns added since, it is what the program of 0016 would have written."""
    added = {
        "incoming_document": "note", "payment": "reference_key", "amendment_line": "old_tax_rate",
        "shipment": "refused_at",
    }  # fmt: skip

    def take_away(members, about):
        about["revision"] = "0016"
        for table, column in added.items():
            columns = about["tables"][table]["columns"]
            place = list(columns).index(column)
            del columns[column]
            rows = [json.loads(line) for line in members[f"tables/{table}.jsonl"].decode().splitlines()]
            kept = [json.dumps([value for n, value in enumerate(row) if n != place]) for row in rows]
            members[f"tables/{table}.jsonl"] = "".join(f"{line}\n" for line in kept).encode()

    brought_back(either, rewritten(archive, tmp_path / "old.zip", take_away))
    with either.app_context():
        version = db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))
        kept = db.session.scalar(sa.text("SELECT count(note) FROM incoming_document"))
        refused = db.session.scalar(sa.text("SELECT count(refused_at) FROM shipment"))
        db.session.remove()
    assert (version, kept, refused > 0) == ("0025", 0, True)
    before = counts(source)  # what 0023 found out anew, it told in the history
    assert counts(either) == {**before, "history_entry": before["history_entry"] + refused}


def test_no_key_is_given_twice_after_a_restore(either, tmp_path):
    def ask():
        with either.app_context(), access.system():
            run = ask_for(
                db.session, user_id=1, report="turnaround", name="n", parameters="{}", form="csv", language="zh",
                address="",
            )  # fmt: skip
            key = run.id
            db.session.commit()
            db.session.remove()
        return key

    ask()
    last = ask()
    with either.app_context(), access.system():
        db.session.delete(db.session.get_one(ReportRun, last))
        db.session.commit()
        db.session.remove()
    saved(either, tmp_path / "office.zip")
    brought_back(either, tmp_path / "office.zip")
    assert ask() == last + 1


def test_files_of_the_replaced_office_go_with_it(app, source, archive):
    with app.app_context(), access.system():
        stored = storage_of(app).put(BytesIO(b"of the old office\n"), "old.txt")
        values = {"record_kind": "people", "record_id": 1, "name": "old.txt", "size": 1, "media_type": "text/plain"}
        db.session.add(Attachment(digest=stored.digest, **values))
        db.session.commit()
        db.session.remove()
    brought_back(app, archive)
    kept = {file.name for file in (Path(app.config["DATA_DIR"]) / "files").rglob("*") if file.is_file()}
    assert kept == {sha256(content).hexdigest() for content in (PDF, TEXT)}


def test_sessions_of_that_time_are_ended(app, client, tmp_path):
    browser = client("clerk")
    assert browser.get("/incomingdocumentview/list/").status_code == 200
    saved(app, tmp_path / "office.zip")
    brought_back(app, tmp_path / "office.zip")
    assert browser.get("/incomingdocumentview/list/").status_code == 302
    assert client("clerk").get("/incomingdocumentview/list/").status_code == 200


def test_files_in_object_storage_go_along(source, app, tmp_path):
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1", aws_access_key_id="key",
        aws_secret_access_key="secret",
    )  # fmt: skip
    for bucket in ("here", "there"):
        client.create_bucket(Bucket=bucket)
    here, there = S3Storage("here", "files", client), S3Storage("there", "", client)
    for content, name in ((PDF, "a.pdf"), (TEXT, "b.txt")):
        here.put(BytesIO(content), name)
    with source.app_context():
        back_up(here, tmp_path / "office.zip")
        db.session.remove()
        db.engine.dispose()
    with app.app_context():
        restore(app, there, tmp_path / "office.zip", replace=True)
        db.session.remove()
        db.engine.dispose()
    keys = [entry["Key"].rpartition("/")[2] for entry in client.list_objects_v2(Bucket="there")["Contents"]]
    assert sorted(keys) == sorted(sha256(content).hexdigest() for content in (PDF, TEXT))
    with there.open(sha256(TEXT).hexdigest()) as file:
        assert file.read() == TEXT
    client.close()
    server.stop()
    assert server._server
    server._server.server_close()  # stop() leaves the socket open


# --- or is refused, and nothing is changed


def refused(app, file: Path, match: str, *, replace: bool = True) -> None:
    """The archive is not taken; every row and every file stays as it was."""
    folder = Path(app.config["DATA_DIR"])
    before = counts(app), sorted(one for one in folder.rglob("*") if one.is_file() and one.name.count(".db-") == 0)
    with pytest.raises(Refused, match=match) as told:
        brought_back(app, file, replace=replace)
    assert len(str(told.value).splitlines()) == 1
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    after = counts(app), sorted(one for one in folder.rglob("*") if one.is_file() and one.name.count(".db-") == 0)
    assert after == before


@pytest.fixture
def damaged(small, tmp_path):
    """`damaged(change)`: the small archive, changed, beside the office's folder."""
    folder = tmp_path / "archives"
    folder.mkdir()
    return lambda change: rewritten(small, folder / "changed.zip", change)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_an_archive_cut_short_is_refused(app, archive, tmp_path, share):
    content = archive.read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[: int(len(content) * share)])
    refused(app, tmp_path / "cut.zip", "not whole|damaged|cannot be read")


def test_an_archive_with_another_byte_anywhere_is_refused_or_reads_as_before(archive, tmp_path, record_property):
    """A few bytes of a zip say nothing (the time of a member): where one of them is another, all is read as it was."""
    content, changed = archive.read_bytes(), tmp_path / "changed.zip"
    with Archive(archive) as whole:
        before = whole.verify()
    told, chance = 0, random.Random(20261130)
    last = range(len(content) - 120, len(content))
    for at in [*(chance.randrange(len(content)) for _ in range(60)), *last]:
        changed.write_bytes(content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :])
        try:
            with Archive(changed) as read:
                assert read.verify() == before
        except Damaged:
            told += 1
    record_property("bytes of archives changed and noticed", told)
    assert told > 100


def test_an_archive_with_a_flipped_byte_in_a_table_is_refused(app, archive, tmp_path):
    with ZipFile(archive) as read:
        place = read.getinfo("tables/incoming_document.jsonl").header_offset + 2000
    content = bytearray(archive.read_bytes())
    content[place] ^= 1
    (tmp_path / "changed.zip").write_bytes(content)
    refused(app, tmp_path / "changed.zip", "incoming_document.jsonl")


def repacked(small: Path, target: Path, change) -> Path:
    """The archive with other members, its manifest as it was."""
    with ZipFile(small) as source:
        members = {name: source.read(name) for name in source.namelist()}
    change(members)
    with ZipFile(target, "w", ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return target


@pytest.mark.parametrize(
    "change, match",
    [
        (lambda members: members.pop("tables/rule.jsonl"), "tables/rule.jsonl is missing"),
        (lambda members: members.pop("manifest.json"), "manifest.json"),
        (lambda members: members.update({"../x": b"x"}), "no backup puts in"),
        (lambda members: members.update({"/etc/passwd": b"x"}), "no backup puts in"),
        (lambda members: members.update({"files/..": b"x"}), "no backup puts in"),
        (lambda members: members.update({"tables/rule.jsonl": b""}), "tables/rule.jsonl"),
        (lambda members: members.update({"manifest.json": b"[]"}), "list of contents"),
        (lambda members: members.update({"manifest.json": b"\xff"}), "list of contents"),
        (lambda members: members.update({"manifest.json": b"{}"}), "list of contents"),
    ],
)
def test_an_archive_of_other_members_is_refused(app, small, tmp_path, change, match):
    refused(app, repacked(small, tmp_path / "changed.zip", change), match)


@pytest.mark.filterwarnings("ignore:Duplicate name")  # what the test is about
def test_an_archive_that_holds_a_name_twice_is_refused(app, small, tmp_path):
    shutil.copy(small, tmp_path / "twice.zip")
    with ZipFile(tmp_path / "twice.zip", "a") as made:
        made.writestr("tables/rule.jsonl", "[]\n")
    refused(app, tmp_path / "twice.zip", "twice")


def cut_row(members, about):
    members["tables/department.jsonl"] = members["tables/department.jsonl"].replace(b"[1,", b"[", 1)


def count_wrongly(members, about):
    about["tables"]["person"]["rows"] += 1


def orphan(members, about):
    rows = [json.loads(line) for line in members["tables/person.jsonl"].decode().splitlines()]
    rows[0][list(about["tables"]["person"]["columns"]).index("department_id")] = 4711
    members["tables/person.jsonl"] = "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def lack_a_table(members, about):
    del about["tables"]["rule"], members["tables/rule.jsonl"]


def lack_a_column(members, about):
    about["tables"]["rule"]["columns"]["colour"] = about["tables"]["rule"]["columns"].pop("id")


def climb_out(members, about):
    members["../x"] = b"x"


def name_another_file(members, about):
    members[f"files/{'0' * 64}"] = b"x"


@pytest.mark.parametrize(
    "change, match",
    [
        (cut_row, "department"),
        (count_wrongly, "person.jsonl has"),
        (orphan, "person"),
        (lack_a_table, "table rule"),
        (lack_a_column, "columns of rule"),
        (climb_out, "list of contents"),
        (name_another_file, "not what was put in"),
        (lambda members, about: about.update(form="another"), "list of contents"),
        (lambda members, about: about.update(revision="0999"), "newer program"),
        (lambda members, about: about.update(revision="feature"), "does not know"),
        (lambda members, about: about.update(revision=None), "list of contents"),
    ],
)
def test_an_archive_that_says_what_cannot_be_is_refused_on_either_database(either, damaged, change, match):
    refused(either, damaged(change), match)


def test_an_office_with_records_is_replaced_on_demand_alone(either, archive):
    refused(either, archive, "--yes", replace=False)


def test_a_server_that_runs_is_noticed(either, archive):
    engine = sa.create_engine(either.config["SQLALCHEMY_DATABASE_URI"], poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT count(*) FROM ab_user"))
        connection.rollback()  # an idle connection, as a server has them
        refused(either, archive, "in use")
    brought_back(either, archive)


def test_a_database_of_somebody_elses_is_left_alone(tmp_path, small):
    with closing(sqlite3.connect(tmp_path / "office.db")) as database:
        database.execute("CREATE TABLE theirs (id)")
    app = office(f"sqlite:///{tmp_path / 'office.db'}", tmp_path)
    refused(app, small, "does not know")


# --- by the command line


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`run(folder, ...)`: a command on the office of that folder."""
    monkeypatch.delenv("WENSHU_SECRET_KEY", raising=False)
    monkeypatch.delenv("WENSHU_DATABASE_URL", raising=False)

    made = []

    def make():
        made.append(create_app())
        return made[-1]

    def command(folder, *words):
        monkeypatch.setenv("WENSHU_DATA_DIR", str(tmp_path / folder))
        monkeypatch.setattr(cli, "create_app", make)
        done = CliRunner().invoke(cli.office, [str(word) for word in words])
        with made.pop().app_context():
            db.session.remove()
            db.engine.dispose()  # as the end of the process would
        return done

    return command


def test_an_office_moves_to_an_empty_machine(run, source, tmp_path):
    old, file = tmp_path / "old", tmp_path / "office.zip"
    shutil.copytree(source.config["DATA_DIR"], old)
    (old / "office.db").rename(old / "wenshu.db")
    done = run("old", "backup", file)
    assert (done.exit_code, "2 files" in done.output) == (0, True), done.output
    again = run("old", "backup", file)
    assert (again.exit_code, len(again.output.splitlines()), "already" in again.output) == (1, 1, True)
    done = run("new", "restore", file)
    assert (done.exit_code, "2 files" in done.output) == (0, True), done.output
    there, here = plain(old / "wenshu.db"), plain(tmp_path / "new" / "wenshu.db")
    differing = {name for name in there.keys() | here.keys() if there.get(name) != here.get(name)}
    assert differing <= CHANGED | {"phone_key"}  # the keys of numbers are made with the secret of each machine
    assert len(here["phone_key"]) == len(there["phone_key"])
    assert run("new", "audit", "verify").exit_code == 0
    again = run("new", "restore", file)
    assert (again.exit_code, len(again.output.splitlines()), "--yes" in again.output) == (1, 1, True)
    assert run("new", "restore", file, "--yes").exit_code == 0


@pytest.mark.parametrize("words", [("backup", "nowhere/office.zip"), ("restore", "none.zip")], ids=str)
def test_a_file_that_cannot_be_is_refused_in_one_sentence(run, tmp_path, words):
    done = run("new", words[0], tmp_path / words[1])
    assert (done.exit_code, len(done.output.splitlines())) == (1, 1)


def test_an_office_without_a_schema_is_not_backed_up(run, tmp_path):
    done = run("new", "backup", tmp_path / "office.zip")
    assert (done.exit_code, "no schema" in done.output, (tmp_path / "office.zip").exists()) == (1, True, False)
