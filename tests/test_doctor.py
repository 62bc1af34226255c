"""The doctor: a line a question, and what is not well says what to do."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app import doctor
from app.cli import office as command_line
from app.engine import moments
from app.engine.storage import LocalStorage
from app.extensions import db
from app.factory import create_app
from tests.conftest import office
from tests.engine.attachments import PDF
from tests.test_notices import box  # noqa: F401  a real mail server on loopback

IN_THE_DATABASE = ["accounts", "demo", "calendar", "clocks", "sweep", "jobs", "numbers", "files"]
EVERYWHERE = ["configuration", "schema", *IN_THE_DATABASE, "storage", "room"]


def lines(app) -> dict[str, tuple[bool, str]]:
    """What is said to each question: whether there is a fault, and the sentence."""
    with app.app_context():
        found = {name: (fault, words) for name, fault, words in doctor.examine(app, storage_of(app))}
        db.session.remove()
        db.engine.dispose()
    return found


def faults(app) -> dict[str, str]:
    return {name: words for name, (fault, words) in lines(app).items() if fault}


def storage_of(app) -> LocalStorage:
    return LocalStorage(Path(app.config["DATA_DIR"]) / "files")


def write(app, *statements: str) -> None:
    """Change the database behind the office's back."""
    with app.app_context():
        for statement in statements:
            db.session.execute(sa.text(statement))
        db.session.commit()
        db.session.remove()


@pytest.fixture
def on(at):
    """The day of the doctor's visit: the calendar of the library ends with 2026."""
    at("2026-03-02 09:00")


@pytest.fixture
def well(either, on):
    """A house in which nothing is wrong but that the clock stands still."""
    return either


@pytest.fixture
def played_app(played, tmp_path):
    shutil.copytree(played, tmp_path / "demo")
    app = office(f"sqlite:///{tmp_path / 'demo' / 'office.db'}", tmp_path / "demo")
    yield app
    with app.app_context():
        db.engine.dispose()


def test_a_house_that_is_well_has_no_fault(well):
    said = lines(well)
    assert [name for name, (fault, _words) in said.items() if fault] == []
    assert list(said) == EVERYWHERE


def test_so_has_the_demo_office(played_app, on):
    said = lines(played_app)
    assert {name: words for name, (fault, words) in said.items() if fault} == {}
    with sqlite3.connect(Path(played_app.config["DATA_DIR"]) / "office.db") as database:
        (count,) = database.execute("SELECT count(*) FROM clock WHERE state = 'running'").fetchone()
    database.close()
    assert said["clocks"][1].startswith(f"{count} run")
    assert count > 10


def test_nothing_is_left_of_the_trial_of_the_storage(well):
    assert lines(well)["storage"][0] is False
    assert [file for file in storage_of(well).folder.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"ADDRESS": ""}, "WENSHU_ADDRESS"),
        ({"ADDRESS": "https://office.example.cn"}, "WENSHU_HTTPS"),
        ({"ADDRESS": "https://office.example.cn", "SESSION_COOKIE_SECURE": True}, "WENSHU_TRUSTED_PROXIES"),
    ],
)
def test_settings_that_do_not_fit_a_real_office_are_named(well, settings, words):
    well.config.update(DEMO=False, **settings)
    assert words in faults(well)["configuration"]


def test_a_demo_under_a_real_key_and_real_people_under_that_of_a_demo_are_named(well):
    well.config.update(DEMO=False)
    assert "demo remove" in faults(well)["demo"]
    well.config.update(DEMO=True)
    write(well, "UPDATE ab_user SET username = 'somebody' WHERE username = 'clerk'")
    assert "WENSHU_SECRET_KEY" in faults(well)["demo"]


def test_an_office_that_nobody_can_administer_is_named(well):
    write(well, "UPDATE ab_user SET active = false WHERE username = 'admin'")
    assert list(faults(well)) == ["accounts"]


@pytest.mark.parametrize("revision, words", [("0014", "run.py upgrade"), ("0999", "upgrade this program")])
def test_another_schema_is_named_and_its_records_are_not_asked(well, revision, words):
    write(well, f"UPDATE alembic_version SET version_num = '{revision}'")
    said = lines(well)
    assert (said["schema"][0], words in said["schema"][1]) == (True, True)
    assert set(said).isdisjoint(IN_THE_DATABASE)


@pytest.mark.parametrize(
    "day, faulty, words",
    [
        ("2025-12-31 09:00", False, "2025 is there, 2026 too"),
        ("2026-11-30 09:00", False, "2027 comes in November"),
        ("2026-12-01 09:00", True, "no holidays of 2027 yet"),
        ("2027-01-01 09:00", True, "no holidays of 2027,"),
    ],
)
def test_the_years_of_the_calendar(either, at, day, faulty, words):
    at(day)
    fault, said = lines(either)["calendar"]
    assert (fault, words in said) == (faulty, True), said


def test_a_clock_that_runs_for_nothing_is_named(played_app, on):
    write(
        played_app,
        "UPDATE service_ticket SET due_at = NULL WHERE id = (SELECT min(record_id) FROM clock "
        "WHERE state = 'running' AND kind = 'service_tickets')",
    )
    assert "service_tickets" in faults(played_app)["clocks"]


def test_a_stage_without_a_limit_is_named(well):
    write(well, "DELETE FROM clock_rule WHERE record_kind = 'service_tickets' AND stage = 'front_desk'")
    assert faults(well) == {"clocks": "no limit for service_tickets.front_desk; add one under Limits"}


def test_a_sweep_that_has_not_run_is_noticed_by_what_lies_about(well):
    key = "INSERT INTO form_key (actor_id, key, content, kind, record_id, at) VALUES (1, '{0}', '', '', 1, '{0}')"
    write(well, key.format("2026-01-30 02:00:00.000000"))  # kept for thirty days, and two days are no matter
    assert faults(well) == {}
    write(well, key.format("2026-01-20 01:00:00.000000"))
    assert "none for 11 days" in faults(well)["sweep"]


def test_files_that_nobody_makes_are_noticed(well):
    made = (
        "INSERT INTO report_run (user_id, report, name, parameters, form, language, address, mail, state, tries, done, "
        "total, asked_at) VALUES (1, 'r', 'n', '{{}}', 'csv', 'zh', '', false, 'waiting', 0, 0, 0, '{0}')"
    )
    write(well, made.format("2026-03-02 00:50:00.000000"))
    assert faults(well) == {}
    write(well, made.format("2026-03-02 00:40:00.000000"))
    assert "1 files wait" in faults(well)["jobs"]


def test_numbers_that_do_not_add_up_are_named(well):
    write(well, "INSERT INTO number_counter VALUES ('incoming_documents', 2026, 7)")
    assert "incoming_documents" in faults(well)["numbers"]


def test_files_that_are_gone_are_named(well):
    digest = storage_of(well).put(BytesIO(PDF), "a.pdf").digest
    write(
        well,
        "INSERT INTO attachment (record_kind, record_id, name, size, media_type, digest, version, created_at, "
        f"changed_at, taken_over, search_text) VALUES ('people', 1, 'a.pdf', 1, 'application/pdf', '{digest}', 1, "
        "'2026-03-01 00:00:00', '2026-03-01 00:00:00', false, '')",
    )
    assert faults(well) == {}
    storage_of(well).delete(digest)
    assert sha256(PDF).hexdigest()[:12] in faults(well)["files"]


def test_a_disk_that_is_full_is_named(well, monkeypatch):
    monkeypatch.setattr(doctor, "ROOM", 1 << 60)
    assert "make room" in faults(well)["room"]


def test_a_storage_that_takes_nothing_is_named(well):
    storage_of(well).folder.parent.mkdir(exist_ok=True)
    storage_of(well).folder.write_text("a file where the folder belongs")
    said = faults(well)
    storage_of(well).folder.unlink()
    assert list(said) == ["storage"]


def test_servers_that_do_not_answer_are_named(well, box):  # noqa: F811
    well.config.update(SMTP_URL=box.url, CLAMAV="127.0.0.1:1")
    said = lines(well)
    assert (said["mail"][0], said["scanner"][0]) == (False, True)
    well.config.update(SMTP_URL="smtp://127.0.0.1:1")
    assert "WENSHU_SMTP_URL" in faults(well)["mail"]


def test_a_replica_that_is_none_is_named(postgres_app, on):
    url, folder = postgres_app.config["SQLALCHEMY_DATABASE_URI"], postgres_app.config["DATA_DIR"]
    app = create_app(
        SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_BINDS={"replica": {"url": url}}, DATA_DIR=folder, DEMO=True,
        SECRET_KEY="only for the tests of this suite",
    )  # fmt: skip
    moments.configure("Asia/Shanghai", moments.parse_moment("2026-03-02 09:00"))
    said = faults(app)
    with app.app_context():
        db.engines["replica"].dispose()
    assert {name: "WENSHU_REPLICA_URL" in words for name, words in said.items()} == {"replica": True}


def test_the_command_ends_with_1_where_there_is_a_fault(played, tmp_path, monkeypatch):
    shutil.copytree(played, tmp_path, dirs_exist_ok=True)
    (tmp_path / "office.db").rename(tmp_path / "wenshu.db")
    monkeypatch.setenv("WENSHU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("WENSHU_NOW", "2026-03-02T09:00:00+08:00")
    monkeypatch.delenv("WENSHU_SECRET_KEY", raising=False)
    well = CliRunner().invoke(command_line, ["doctor"])
    assert (well.exit_code, {line.split()[0] for line in well.output.splitlines()}) == (0, {"ok"}), well.output
    with closing(sqlite3.connect(tmp_path / "wenshu.db")) as database, database:
        database.execute("UPDATE number_counter SET last = last - 2 WHERE series = 'outgoing_documents'")
    ill = CliRunner().invoke(command_line, ["doctor"])
    told = [line for line in ill.output.splitlines() if line.startswith("FAULT ")]
    assert (ill.exit_code, len(told), "audit numbers" in told[0]) == (1, 1, True)
    moments.configure("Asia/Shanghai", None)


def test_an_empty_machine_is_told_to_make_its_schema(tmp_path, monkeypatch):
    monkeypatch.setenv("WENSHU_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("WENSHU_SECRET_KEY", raising=False)
    done = CliRunner().invoke(command_line, ["doctor"])
    assert (done.exit_code, "FAULT schema" in done.output, "run.py upgrade" in done.output) == (1, True, True)
