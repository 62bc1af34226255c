"""The walk of the foundation in a real browser: register, circulate, answer, find nothing, download."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from app.engine import access
from app.engine import record as records
from app.extensions import db
from models.customers import Customer
from models.notices import TEXTS, tell
from models.people import Person
from tests.browsing import Desk


def test_from_registration_to_the_reader_and_the_report(browser, served):
    office = Desk(browser, served, "office")
    office.go("/incomingdocumentview/add")
    office.pick("sender", "财政")
    office.page.fill("[name=title]", "关于报送预算的通知")
    office.page.fill("[name=received_at]", "2026-03-02T09:00")
    office.picture("registration")
    office.page.click("form.sheet-form button[type=submit]")
    assert "关于报送预算的通知" in office.page.inner_text("h1")
    address = office.page.url.removeprefix(served)
    office.page.click("a[href$='/instruct_reading']")
    office.pick("readers", "张小明")
    office.page.fill("[name=purpose]", "请阅")
    office.page.click("form.sheet-form button[type=submit]")
    office.picture("document")
    assert "张小明" in office.page.inner_text("#circulation")

    reader = Desk(browser, served, "user_a", locale="en-US", width=360)
    reader.picture("my-work-360")
    assert "关于报送预算的通知" in reader.page.inner_text("main")
    reader.go("/circulationentryview/list/?view=mine")
    reader.page.locator("a.row-link").first.click()
    reader.page.click("a[href$='/answer']")
    reader.page.fill("[name=opinion]", "同意")
    reader.page.click("form.sheet-form button[type=submit]")
    assert "同意" in reader.page.inner_text("main")

    stranger = Desk(browser, served, "user_b")
    stranger.go(address)
    assert "关于报送预算的通知" not in stranger.page.inner_text("body")
    stranger.go("/search?q=预算")
    assert "关于报送预算的通知" not in stranger.page.inner_text("main")

    office.go(address)
    office.page.click("a[href$='/close']")
    office.page.click("form.sheet-form button[type=submit]")

    manager = Desk(browser, served, "manager")
    manager.go("/reports/turnaround")
    manager.picture("turnaround")
    with manager.page.expect_download() as download:
        manager.page.click("a[href*='turnaround.xlsx']")
    assert download.value.suggested_filename.endswith(".xlsx")
    assert Path(download.value.path()).read_bytes().startswith(b"PK")

    desks = (office, reader, manager)
    assert [desk.foreign for desk in desks] == [[], [], []]
    assert [desk.errors for desk in desks] == [[], [], []]


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
@pytest.mark.parametrize("width", [360, 1366])
def test_pages_stay_inside_the_screen_and_pass_the_accessibility_rules(browser, served, locale, width):
    from axe_playwright_python.sync_playwright import Axe

    desk = Desk(browser, served, "office", locale, width)
    found = {}
    for address in (
        "/",
        "/incomingdocumentview/list/",
        "/incomingdocumentview/add",
        "/reports/",
        "/reports/overdue",
        "/account/",
        "/bin/",
        "/correspondentview/list/",
        "/correspondentview/bulk",
    ):
        desk.go(address)
        wide = desk.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        rules = [v["id"] for v in Axe().run(desk.page).response["violations"] if v["impact"] in ("serious", "critical")]
        found[address] = (wide, rules, desk.page.get_attribute("html", "lang"))
    language = "zh-CN" if locale == "zh-CN" else "en"
    assert found == dict.fromkeys(found, (False, [], language))


def test_the_bar_of_whoever_has_many_notices_stays_inside_the_screen(browser, served, app):
    with app.app_context(), access.system():
        reader = db.session.scalars(select(Person).join(Person.user).where(User.username == "user_a")).one()
        for _number in range(12):
            tell(db.session, [reader], next(iter(TEXTS)), reader)
        db.session.commit()
    desk = Desk(browser, served, "user_a", locale="en-US", width=360)
    desk.go("/search")
    assert int(desk.page.inner_text(".topbar .count")) >= 12
    assert desk.page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_field_is_changed_in_its_row_and_a_late_one_is_shown_both(browser, served, app):
    with app.app_context(), access.system():
        record = Customer(name="华兴商贸", phone="13812345678", region="华北")
        records.store(db.session, record)
        db.session.commit()
        pk = record.id
    desk, other = Desk(browser, served, "office"), Desk(browser, served, "cs_manager")
    cell = "td[data-field=region]"
    for one in (desk, other):
        one.go("/customerview/list/")
        one.page.dblclick(cell)
        one.page.wait_for_selector("form.inline input.input")
    for one, words in ((desk, "华东"), (other, "西南")):
        one.page.fill("form.inline input.input", words)
        one.page.keyboard.press("Enter")
        one.page.wait_for_selector(f"{cell}:not(:has(form))" if one is desk else ".inline .field-error:visible")
    assert desk.page.inner_text(cell) == "华东"
    assert "华东" in other.page.inner_text(".inline .field-error")
    assert other.page.input_value("form.inline input.input") == "西南"
    other.picture("late-in-the-row")
    other.page.keyboard.press("Enter")
    other.page.wait_for_selector(f"{cell}:not(:has(form))")
    desk.go(f"/customerview/show/{pk}")
    assert "西南" in desk.page.inner_text("main") and "13812345678" not in desk.page.inner_text("body")
    desk.page.click("form.reveal button")
    assert "13812345678" in desk.page.inner_text("main")
    assert desk.errors == [] and [e for e in other.errors if "409" not in e] == []
