"""Reports people keep and files made in the background: asked for on the page, made by a worker, fetched by their owner."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app.engine import access
from app.extensions import db
from app.web import report_files
from app.worker import work_on
from models import report_runs
from models.report_runs import ReportRun, SavedReport, span_days
from tests.conftest import PASSWORD, sign_in
from tests.factories import house, incoming
from tests.safety.rivals import wait_for
from tests.safety.served import ROOT, free_port
from tests.test_notices import box  # noqa: F401  a real server on loopback

ASKED = {"from": "2026-01-01", "to": "2026-12-31", "by": "month"}


def runs(app):
    with app.app_context(), access.system():
        found = [(run.id, run.state, run.done, run.total) for run in db.session.scalars(select(ReportRun))]
        db.session.remove()
    return found


@pytest.fixture
def papers(either, either_session, either_actors):
    house(either_session, either_actors)
    with access.system():
        for number in range(12):
            incoming(either_session, title=f"关于第{number}件", received_at="2026-03-02 09:00")
        either_session.commit()
    either_session.remove()
    return either


def test_a_workbook_is_made_by_the_worker_and_fetched_by_its_owner_alone(papers):
    browser, other = sign_in(papers, "manager"), sign_in(papers, "office")
    told = browser.post("/reports/incoming_papers/make", data=ASKED)
    page = told.location
    assert 'data-run="open"' in browser.get(page).text
    assert work_on(papers, once=True) == 1
    shown = browser.get(page).text
    assert 'data-run="ended"' in shown
    assert runs(papers)[0][1:] == ("done", 13, 13)  # one month, twelve papers behind it
    with browser.get(f"{page}/file") as answer:
        assert re.search("filename", answer.headers["Content-Disposition"])
        book = load_workbook(BytesIO(answer.data))
    assert [sheet.max_row for sheet in book.worksheets[1:3]] == [3, 13]  # heading, rows, and the total of the summary
    for door in ("", "/file"):
        assert other.get(page + door).status_code == 404
    assert other.post(f"{page}/cancel").status_code == 404
    assert "您要的文件已生成：收文统计" in browser.get("/notices/").text


def test_a_run_is_called_off_and_made_again(papers):
    browser = sign_in(papers, "manager")
    page = browser.post("/reports/incoming_papers/make", data=ASKED).location
    assert browser.post(f"{page}/cancel").status_code == 302
    assert work_on(papers, once=True) == 0
    assert browser.get(f"{page}/file").status_code == 404
    assert browser.post(f"{page}/cancel").status_code == 422
    assert browser.post(f"{page}/again").status_code == 302
    assert work_on(papers, once=True) == 1
    assert browser.post(f"{page}/again").status_code == 422
    with browser.get(f"{page}/file") as answer:
        assert answer.status_code == 200


def test_a_run_called_off_while_it_is_made_leaves_no_file(papers, monkeypatch):
    browser = sign_in(papers, "manager")
    page = browser.post("/reports/incoming_papers/make", data=ASKED).location
    beat = report_runs.beat

    def second_thoughts(session, pk, done, total):
        if done == 1:
            report_runs.call_off(session, session.get_one(ReportRun, pk))
        else:
            beat(session, pk, done, total)

    monkeypatch.setattr(report_files, "STRIDE", 1)
    monkeypatch.setattr(report_runs, "beat", second_thoughts)
    work_on(papers, once=True)
    assert runs(papers)[0][1] == "cancelled"
    assert browser.get(f"{page}/file").status_code == 404


def test_two_workers_never_take_the_same(papers):
    browser = sign_in(papers, "manager")
    for _number in range(3):
        browser.post("/reports/incoming_papers/make", data=ASKED)
    with papers.app_context(), access.system():
        assert [report_runs.claim(db.session) for _turn in range(4)] == [1, 2, 3, None]
        db.session.remove()


def test_a_silent_worker_is_replaced_and_the_third_time_given_up(papers, clock):
    sign_in(papers, "manager").post("/reports/incoming_papers/make", data=ASKED)
    with papers.app_context(), access.system():
        for _turn in range(report_runs.TRIES):
            assert report_runs.claim(db.session) == 1
            assert report_runs.claim(db.session) is None
            clock.ahead(minutes=11)
        assert report_runs.claim(db.session) is None
        assert db.session.get_one(ReportRun, 1).state == "failed"
        db.session.remove()


def test_a_report_of_one_who_left_is_not_made(papers):
    sign_in(papers, "manager").post("/reports/incoming_papers/make", data=ASKED)
    with papers.app_context(), access.system():
        db.session.get_one(ReportRun, 1).user.active = False
        db.session.commit()
        db.session.remove()
    work_on(papers, once=True)
    assert runs(papers)[0][1] == "failed"


@pytest.mark.parametrize(
    "span, first, last",
    [
        ("yesterday", "2026-03-01", "2026-03-01"), ("last_week", "2026-02-23", "2026-03-01"),
        ("this_month", "2026-03-01", "2026-03-02"), ("last_month", "2026-02-01", "2026-02-28"),
        ("this_year", "2026-01-01", "2026-03-02"), ("last_year", "2025-01-01", "2025-12-31"),
    ],
)  # fmt: skip
def test_days_move_along_with_the_calendar(span, first, last):
    assert span_days(span, date(2026, 3, 2)) == (date.fromisoformat(first), date.fromisoformat(last))


def keep(browser, base_url=None, **more):
    return browser.post(
        "/reports/incoming_papers/keep",
        data={**ASKED, "title": "每月收文", "span": "last_month", "rhythm": "month"} | more,
        base_url=base_url,
    )


@pytest.mark.parametrize(
    "own, mailed", [("https://wenshu.example.cn", "https://wenshu.example.cn"), ("", "http://evil")]
)
def test_a_mail_names_the_address_the_office_has_set(papers, own, mailed):
    papers.config["ADDRESS"] = own
    browser = papers.test_client()
    browser.post("/login/", data={"username": "manager", "password": PASSWORD}, base_url="http://evil")
    assert keep(browser, base_url="http://evil").status_code == 302
    with papers.app_context(), access.system():
        assert db.session.scalars(select(SavedReport.address)).all() == [mailed]


def test_a_report_is_kept_with_its_settings_and_dropped(papers, clock):
    browser, other = sign_in(papers, "manager"), sign_in(papers, "office")
    assert keep(browser).status_code == 302
    assert keep(browser, rhythm="").status_code == 302  # the same name again: replaced
    index = browser.get("/reports/").text
    assert index.count("每月收文</a>") == 1
    assert "/reports/incoming_papers?from=2026-02-01&amp;to=2026-02-28&amp;by=month" in index
    assert "每月收文" not in other.get("/reports/").text
    assert other.post("/reports/kept/1/drop").status_code == 404
    assert browser.post("/reports/kept/1/drop").status_code == 302
    assert "每月收文</a>" not in browser.get("/reports/").text


@pytest.mark.parametrize(
    "more", [{"title": " "}, {"title": "长" * 101}, {"span": "ever"}, {"by": "colour"}, {"from": "x"}]
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(papers, more):
    browser = sign_in(papers, "manager")
    answer = keep(browser, **more)
    assert answer.status_code == 422
    assert "每月收文</a>" not in browser.get("/reports/").text


def test_reports_are_mailed_on_the_first_working_day_of_their_rhythm_once(papers, clock, box):  # noqa: F811
    papers.config["SMTP_URL"] = box.url
    with papers.app_context(), access.system():
        db.session.scalars(select(report_runs.User).filter_by(username="manager")).one().email = "boss@example.org"
        db.session.commit()
        db.session.remove()
    browser = sign_in(papers, "manager")
    keep(browser, title="每日", rhythm="day", span="yesterday")
    keep(browser)
    work_on(papers, once=True)
    assert box.messages == []  # kept today, Monday 2026-03-02: the next day is the first
    clock.ahead(days=1)
    work_on(papers, once=True)
    work_on(papers, once=True)
    assert [(mail["To"], mail["Subject"]) for mail in box.messages] == [("boss@example.org", "每日")]
    attached = [part for part in box.messages[0].walk() if part.get_filename()]
    assert attached[0].get_filename() == "2026-03-02每日_办公室_20260303.xlsx"
    assert load_workbook(BytesIO(attached[0].get_payload(decode=True))).worksheets[0]["A1"].value
    clock.ahead(days=4)  # Saturday
    work_on(papers, once=True)
    assert len(box.messages) == 1
    clock.ahead(days=25)  # Wednesday 2026-04-01
    work_on(papers, once=True)
    assert sorted(mail["Subject"] for mail in box.messages[1:]) == ["每日", "每月收文"]


def test_old_files_are_forgotten_with_their_content(papers, clock):
    browser = sign_in(papers, "manager")
    page = browser.post("/reports/incoming_papers/make", data=ASKED).location
    work_on(papers, once=True)
    clock.ahead(days=15)
    with papers.app_context():
        with access.system():
            digest = db.session.get_one(ReportRun, 1).digest
        assert report_files.storage().exists(digest)
        assert report_files.forget_old(db.session) == 1
        db.session.commit()
        assert not report_files.storage().exists(digest)
        db.session.remove()
    assert sign_in(papers, "manager").get(page).status_code == 404


def test_the_export_is_on_record(papers):
    sign_in(papers, "manager").post("/reports/incoming_papers/make", data=ASKED)
    work_on(papers, once=True)
    assert "incoming_papers:1 xlsx" in sign_in(papers, "auditor").get("/history/events").text


def about(app, tmp_path):
    """What `run.py` is told to work on the office of a test."""
    return {
        "WENSHU_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"], "WENSHU_DATA_DIR": str(tmp_path),
        "WENSHU_SECRET_KEY": app.config["SECRET_KEY"], "PATH": "/usr/bin:/bin", "PORT": str(free_port()),
    }  # fmt: skip


def test_a_worker_of_its_own_makes_what_waits(app, tmp_path):
    """Really another process, over the same file."""
    sign_in(app, "manager").post("/reports/order_funnel/make", data={})
    command = [sys.executable, "run.py", "worker", "--once"]
    done = subprocess.run(command, cwd=ROOT, env=about(app, tmp_path), capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "Files made: 1."), done.stderr
    assert runs(app)[0][1] == "done"


def test_the_servers_worker_makes_what_waits_and_ends_with_it(app, tmp_path):
    sign_in(app, "manager").post("/reports/order_funnel/make", data={})
    with subprocess.Popen([sys.executable, "run.py", "serve"], cwd=ROOT, env=about(app, tmp_path)) as server:
        try:
            wait_for(lambda: runs(app)[0][1] == "done")
            beside = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
            assert len(beside) > 1
        finally:
            server.kill()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in beside))


def test_no_kept_report_belongs_to_two(papers):
    keep(sign_in(papers, "manager"))
    keep(sign_in(papers, "office"))
    with papers.app_context(), access.system():
        assert len({one.user_id for one in db.session.scalars(select(SavedReport))}) == 2
        db.session.remove()
