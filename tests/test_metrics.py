"""`/metrics`: figures of the house for the machine that watches it, and for nobody else."""

from __future__ import annotations

import re
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from werkzeug.middleware.proxy_fix import ProxyFix

import config
from app.engine import access, moments
from app.extensions import db
from app.factory import create_app
from config import ConfigurationError, from_environment
from tests.conftest import office, sign_in

TOKEN = "a-token-of-the-watch"
#: The lines of the exposition format 0.0.4, as its specification has them.
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*"'
SAMPLE = re.compile(rf"({NAME})(\{{{LABEL}(?:,{LABEL})*\}})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")


def read(text: str) -> dict[str, float]:
    """The samples of an exposition, by name and labels; every line is one that the format knows."""
    assert text.endswith("\n")
    found: dict[str, float] = {}
    typed: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            assert re.fullmatch(rf"# HELP {NAME} \S.*", line), line
        elif line.startswith("# TYPE "):
            _hash, _type, name, kind = line.split(" ")
            assert (name in typed, kind) == (False, "gauge")
            typed[name] = kind
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            assert sample[1] in typed and sample[1] + (sample[2] or "") not in found
            found[sample[1] + (sample[2] or "")] = float(sample[3])
    return found


def asked(app, **more):
    return app.test_client().get("/metrics", **more)


def scraped(app) -> dict[str, float]:
    answer = asked(app)
    assert (answer.status_code, answer.content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return read(answer.text)


def count(app, query: str) -> int:
    """By plain SQL, on a connection of its own."""
    engine = sa.create_engine(app.config["SQLALCHEMY_DATABASE_URI"], poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return connection.exec_driver_sql(query).scalar_one()


# --- what it says


def test_the_figures_are_those_of_the_database(busy_office):
    for account in ("clerk", "leader"):
        sign_in(busy_office, account)
    said = scraped(busy_office)
    overdue = count(busy_office, "SELECT count(*) FROM clock WHERE state = 'running' AND due_at < datetime('now')")
    assert said["wenshu_clocks_overdue"] == overdue > 0
    assert (
        said["wenshu_sessions"] == count(busy_office, "SELECT count(*) FROM login_session WHERE ended_at IS NULL") > 1
    )
    unsent = count(busy_office, "SELECT count(*) FROM notice WHERE read_at IS NULL AND mailed_at IS NULL")
    assert said["wenshu_notices_unsent"] == unsent
    pages = count(busy_office, "PRAGMA page_count") * count(busy_office, "PRAGMA page_size")
    assert said["wenshu_database_bytes"] == pages > 1_000_000


def test_both_databases_say_the_same_of_one_house(either):
    with either.app_context(), access.system():
        made = (
            "INSERT INTO report_run (user_id, report, name, parameters, form, language, address, mail, state, tries, "
            "done, total, asked_at) VALUES (1, 'r', 'n', '{}', 'csv', 'zh', '', false, :state, 0, 0, 0, :at)"
        )
        moments.configure("Asia/Shanghai", moments.parse_moment("2026-03-02T09:00:00+08:00"))
        for state in ("waiting", "waiting", "running", "failed", "done"):
            db.session.execute(sa.text(made), {"state": state, "at": "2026-03-02 00:59:00"})
        db.session.commit()
        db.session.remove()
    said = scraped(either)
    moments.configure("Asia/Shanghai", None)
    states = {state: said[f'wenshu_report_runs{{state="{state}"}}'] for state in ("waiting", "running", "failed")}
    assert states == {"waiting": 2, "running": 1, "failed": 1}
    assert said["wenshu_report_run_wait_seconds"] == 60
    engine = sa.make_url(either.config["SQLALCHEMY_DATABASE_URI"]).get_backend_name()
    assert said[f'wenshu_build_info{{version="{config.VERSION}",engine="{engine}"}}'] == 1
    revision = count(either, "SELECT version_num FROM alembic_version")
    assert (said["wenshu_database_up"], said[f'wenshu_schema_info{{revision="{revision}"}}']) == (1, 1)
    assert said["wenshu_schema_serves"] == 1
    assert said["wenshu_mails_unsent"] == said['wenshu_import_runs{state="done"}'] == 0
    assert said["wenshu_database_bytes"] > 1_000_000


def test_an_older_schema_is_said(app):
    with app.app_context():
        db.session.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
        db.session.commit()
        db.session.remove()
    said = scraped(app)
    assert (said["wenshu_schema_serves"], said["wenshu_database_up"], "wenshu_sessions" in said) == (0, 1, False)


def test_a_database_that_cannot_be_read_is_said(tmp_path):
    (tmp_path / "office.db").write_bytes(b"no database at all\n" * 1000)
    said = scraped(office(f"sqlite:///{tmp_path / 'office.db'}", tmp_path))
    assert {name: value for name, value in said.items() if "build_info" not in name} == {"wenshu_database_up": 0}


def test_nothing_it_asks_reads_a_large_table(busy_office):
    """Of clocks it reads an index, of notices the latest; the rest are small tables."""
    asked_for = []
    with busy_office.app_context():
        engine = db.engine

    def note(connection, cursor, statement, parameters, context, many):
        asked_for.append((statement, parameters))

    sa.event.listen(engine, "after_cursor_execute", note)
    scraped(busy_office)
    sa.event.remove(engine, "after_cursor_execute", note)
    with busy_office.app_context(), db.engine.connect() as connection:
        plans = [
            row[3]
            for statement, parameters in asked_for
            if statement.startswith("SELECT") and "pragma" not in statement
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    scanned = {plan.split()[1] for plan in plans if plan.startswith("SCAN")}
    assert scanned <= {"alembic_version", "login_session", "digest", "import_run", "CONSTANT", "report_run"}
    assert any(plan.startswith("SEARCH clock USING COVERING INDEX ix_clock_state_due") for plan in plans)


# --- who may ask


@pytest.mark.parametrize("address", ["203.0.113.7", "10.0.0.5", "fe80::1", "::ffff:10.0.0.5", ""])
@pytest.mark.parametrize("account", [None, "admin"])
def test_from_another_machine_there_is_no_such_address(app, account, address):
    """The answer is that to an address nobody has heard of, but for its number and nonce."""
    browser = sign_in(app, account) if account else app.test_client()
    answers = [browser.get(path, environ_base={"REMOTE_ADDR": address}) for path in ("/metrics", "/nothing")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert len(answers[0].data) == len(answers[1].data)
    assert set(answers[0].headers.keys()) == set(answers[1].headers.keys())


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_from_this_machine_no_token_is_needed(app, address):
    assert asked(app, environ_base={"REMOTE_ADDR": address}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Host": "localhost"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "office.example.cn"},
        {"Host": "127.0.0.1.example.cn"},
        {"Host": "localhost.example.cn:8080"},
        {"Host": "[::1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("proxies", [0, 1])
def test_a_proxy_on_this_machine_asks_for_the_world(own_app, headers, proxies):
    if proxies:
        own_app.wsgi_app = ProxyFix(own_app.wsgi_app, x_for=proxies, x_proto=proxies)
    assert asked(own_app, headers=headers).status_code in (400, 404)


def test_the_token_opens_it_from_anywhere(app):
    elsewhere = {"REMOTE_ADDR": "203.0.113.7"}
    app.config["METRICS_TOKEN"] = TOKEN

    def status(sent):
        return asked(app, environ_base=elsewhere, headers={"Authorization": sent} if sent else {}).status_code

    assert status(f"Bearer {TOKEN}") == 200
    wrong = [None, "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, f"Basic {TOKEN}", "Bearer é"]
    assert [status(one) for one in wrong] == [404] * len(wrong)


def test_without_a_token_set_none_opens_it(app):
    for sent in ("Bearer", "Bearer ", "Bearer None"):
        elsewhere = {"REMOTE_ADDR": "203.0.113.7"}
        assert asked(app, environ_base=elsewhere, headers={"Authorization": sent}).status_code == 404


@pytest.mark.parametrize("token", ["short", "has blanks in it, more than one", "一二三四五六七八九十一二三四五六七"])
def test_a_token_that_protects_nothing_stops_the_start(monkeypatch, token):
    monkeypatch.setenv("WENSHU_METRICS_TOKEN", token)
    with pytest.raises(ConfigurationError, match="WENSHU_METRICS_TOKEN"):
        from_environment()
    monkeypatch.setenv("WENSHU_METRICS_TOKEN", TOKEN)
    assert create_app().config["METRICS_TOKEN"] == TOKEN


def test_over_a_real_socket(served):
    where = urlsplit(served)
    with closing(HTTPConnection(where.hostname, where.port, timeout=20)) as line:
        line.request("GET", "/metrics")
        answer = line.getresponse()
        assert (answer.status, read(answer.read().decode())["wenshu_database_up"]) == (200, 1)
        line.request("GET", "/metrics", headers={"X-Forwarded-For": "203.0.113.7"})
        assert line.getresponse().status == 404


def test_a_scrape_leaves_no_trace(app):
    before = count(app, "SELECT count(*) FROM security_event")
    asked(app, environ_base={"REMOTE_ADDR": "203.0.113.7"})
    sign_in(app, "clerk").get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.7"})
    assert count(app, "SELECT count(*) FROM security_event") == before + 1  # the sign-in


def test_the_version_is_that_of_the_project():
    text = (Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8")
    assert f'\nversion = "{config.VERSION}"\n' in text
