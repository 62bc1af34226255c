"""Kept reports by mail: to colleagues as they may see them, and one at once to try it."""

from __future__ import annotations

from io import BytesIO

import pytest
from alembic import command
from flask_appbuilder.security.sqla.models import User
from openpyxl import load_workbook
from sqlalchemy import func, select

from app.engine import access
from app.extensions import db
from app.schema import migrate, migrations
from app.worker import work_on
from models.report_runs import ReportRecipient, ReportRun, readers
from tests.conftest import sign_in
from tests.test_notices import box  # noqa: F401  a real server on loopback
from tests.test_report_runs import keep, papers  # noqa: F401

PAGE = "/reports/kept/1"


@pytest.fixture
def keys(papers, box):  # noqa: F811
    """The key of each account, all with a mail address; the office mails, and the manager keeps a report."""
    papers.config["SMTP_URL"] = box.url
    with papers.app_context(), access.system():
        users = list(db.session.scalars(select(User)))
        for user in users:
            user.email = f"{user.username}@example.org"
        found = {user.username: user.id for user in users}
        db.session.commit()
        db.session.remove()
    yield found
    papers.config["SMTP_URL"] = ""


def attached(mail):
    (part,) = [part for part in mail.walk() if part.get_filename()]
    return load_workbook(BytesIO(part.get_payload(decode=True)))


def count(app, model):
    with app.app_context(), access.system():
        found = db.session.scalar(select(func.count()).select_from(model))
        db.session.remove()
    return found


def test_each_recipient_gets_what_they_may_see_themselves(papers, keys, clock, box):  # noqa: F811
    browser = sign_in(papers, "office")
    assert keep(browser, title="每日", rhythm="day", span="").location == PAGE
    chosen = [str(keys["head_b"]), str(keys["manager"])]
    assert browser.post(f"{PAGE}/recipients", data={"people": chosen}).status_code == 302
    page = browser.get(PAGE).text
    assert all(f'value="{one}" checked' in page for one in chosen)
    clock.ahead(days=1)
    work_on(papers, once=True)
    work_on(papers, once=True)
    mails = {mail["To"]: mail for mail in box.messages}
    assert sorted(mails) == ["head_b@example.org", "manager@example.org", "office@example.org"]
    books = {to: attached(mail) for to, mail in mails.items()}
    assert {to: book.worksheets[2].max_row for to, book in books.items()} == {
        "office@example.org": 13, "manager@example.org": 13, "head_b@example.org": 1,
    }  # fmt: skip  # heading, and the papers each of them sees
    assert "收文〔2026〕1号" not in [c.value for sheet in books["head_b@example.org"] for row in sheet for c in row]
    words = {to: mail.get_body(("plain",)).get_content() for to, mail in mails.items()}
    assert "郑敏" in words["head_b@example.org"] and "郑敏" not in words["office@example.org"]
    # the file is theirs, and nobody else's
    theirs = sign_in(papers, "head_b")
    own = next(line for line in words["head_b@example.org"].split() if "/reports/runs/" in line)
    own = "/reports/runs/" + own.rsplit("/", 1)[1]
    assert theirs.get(own).status_code == 200
    assert sign_in(papers, "office").get(own).status_code == 404
    assert "每日" in theirs.get("/notices/").text


def test_whoever_may_read_no_reports_is_neither_offered_nor_chosen_nor_mailed(papers, keys, clock, box):  # noqa: F811
    browser = sign_in(papers, "office")
    keep(browser, title="每日", rhythm="day", span="")
    assert f'value="{keys["user_a"]}"' not in browser.get(PAGE).text
    for wrong in (keys["user_a"], keys["office"], 99999, "x"):
        answer = browser.post(f"{PAGE}/recipients", data={"people": [str(wrong)]})
        assert answer.status_code == 422, wrong
    browser.post(f"{PAGE}/recipients", data={"people": [str(keys["manager"]), str(keys["leader"])]})
    with papers.app_context(), access.system():
        db.session.get_one(User, keys["manager"]).roles = []
        db.session.get_one(User, keys["leader"]).active = False
        db.session.commit()
        assert {keys["manager"], keys["leader"]}.isdisjoint(key for key, _name in readers(db.session))
        db.session.remove()
    clock.ahead(days=1)
    work_on(papers, once=True)
    assert [mail["To"] for mail in box.messages] == ["office@example.org"]


def test_when_the_owner_has_left_nobody_else_is_mailed_to(papers, keys, clock, box):  # noqa: F811
    browser = sign_in(papers, "office")
    keep(browser, title="每日", rhythm="day", span="")
    browser.post(f"{PAGE}/recipients", data={"people": [str(keys["manager"])]})
    with papers.app_context(), access.system():
        db.session.get_one(User, keys["office"]).active = False
        db.session.commit()
        db.session.remove()
    clock.ahead(days=1)
    work_on(papers, once=True)
    assert box.messages == []


def test_one_is_made_and_mailed_at_once(papers, keys, box):  # noqa: F811
    browser = sign_in(papers, "manager")
    keep(browser, rhythm="", span="")
    browser.post(f"{PAGE}/recipients", data={"people": [str(keys["office"])]})
    assert browser.post(f"{PAGE}/send").status_code == 302
    work_on(papers, once=True)
    assert [(mail["To"], mail["Subject"]) for mail in box.messages] == [("manager@example.org", "每月收文")]
    assert attached(box.messages[0]).worksheets[2].max_row == 13


def test_what_cannot_be_mailed_is_refused_with_a_sentence(papers, keys):  # noqa: F811
    browser = sign_in(papers, "manager")
    keep(browser)
    papers.config["SMTP_URL"] = ""
    assert browser.post(f"{PAGE}/send").status_code == 422
    papers.config["SMTP_URL"] = "smtp://127.0.0.1:1"
    with papers.app_context(), access.system():
        db.session.get_one(User, keys["manager"]).email = "manager@example.invalid"
        db.session.commit()
        db.session.remove()
    assert browser.post(f"{PAGE}/send").status_code == 422
    assert count(papers, ReportRun) == 0


def test_nobody_else_finds_a_kept_report(papers, keys):  # noqa: F811
    browser, other = sign_in(papers, "office"), sign_in(papers, "manager")
    keep(browser)
    browser.post(f"{PAGE}/recipients", data={"people": [str(keys["manager"])]})
    assert other.get(PAGE).status_code == 404
    for door in ("recipients", "send"):
        assert other.post(f"{PAGE}/{door}").status_code == 404
    assert count(papers, ReportRecipient) == 1


def test_a_recipient_takes_themselves_off(papers, keys):  # noqa: F811
    browser, other = sign_in(papers, "office"), sign_in(papers, "manager")
    keep(browser)
    browser.post(f"{PAGE}/recipients", data={"people": [str(keys["manager"]), str(keys["leader"])]})
    assert f"{PAGE}/decline" in other.get("/reports/").text
    assert other.post(f"{PAGE}/decline").status_code == 302
    assert other.post(f"{PAGE}/decline").status_code == 404
    assert f"{PAGE}/decline" not in other.get("/reports/").text
    assert f'value="{keys["leader"]}" checked' in browser.get(PAGE).text
    browser.post(f"{PAGE}/drop")
    assert count(papers, ReportRecipient) == 0


def test_what_is_kept_comes_through_the_change_of_the_schema(papers, keys):  # noqa: F811
    """Up from the schema before, in a house that keeps reports and has made files."""
    keep(sign_in(papers, "manager"))
    made = sign_in(papers, "manager").post("/reports/incoming_papers/make", data={}).location
    work_on(papers, once=True)
    with papers.app_context():
        db.engine.dispose()
        command.downgrade(migrations(papers), "0011")
        db.engine.dispose()
        migrate(papers)
    browser = sign_in(papers, "manager")
    assert PAGE in browser.get("/reports/").text
    assert 'data-run="ended"' in browser.get(made).text
    assert browser.post(f"{PAGE}/recipients", data={"people": [str(keys["office"])]}).status_code == 302
