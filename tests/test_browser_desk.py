"""A call by keyboard alone, from the ring to the callback, in a real browser; and the board that keeps itself up."""

from __future__ import annotations

import time

from app.engine import access
from app.extensions import db
from models.tickets import ServiceTicket
from tests.browsing import Desk
from tests.conftest import actors_of
from tests.factories import published, register

MINUTE = 60


def the_ticket(app):
    with app.app_context(), access.system():
        ticket = db.session.query(ServiceTicket).order_by(ServiceTicket.id.desc()).first()
        return {
            "state": ticket.state, "kind": ticket.kind, "phone": ticket.phone, "caller": ticket.contact_name,
            "read_back": ticket.read_back, "cites": ticket.citation, "answer": ticket.answer, "grade": ticket.grade,
            "timed": ticket.picked_up_at is not None and ticket.ended_at is not None, "taker": ticket.taker.name,
        }  # fmt: skip


def test_a_call_is_taken_by_keyboard_from_the_ring_to_the_callback(app, browser, served):
    with app.app_context():
        actors = actors_of(db.session)
        published(db.session, actors, title="路灯报修", body="路灯故障由市政热线12319受理，两个工作日内修复。")
        with access.acting_as(actors["desk"]):
            register(db.session, contact_name="钱女士", phone="138 1234 5678", subject="问路灯")
        db.session.commit()
    desk = Desk(browser, served, "desk")
    desk.go("/serviceticketview/add")
    begun, press, write = time.monotonic(), desk.page.keyboard.press, desk.page.keyboard.type

    write("13812345678")  # the form is ready for the number
    desk.page.wait_for_selector("[data-caller] a")
    assert "问路灯" in desk.page.inner_text("[data-caller]")
    assert desk.page.input_value("[name=contact_name]") == "钱女士"
    press("Alt+4")  # a complaint; the subject is next
    write("路灯不亮")
    press("Tab")
    write("三号路路灯报修，一直不亮")
    desk.page.wait_for_selector("[data-answers] button")
    assert "路灯不亮 — 三号路" in desk.page.inner_text("[data-read-back]")
    press("Alt+r")
    desk.picture("call")
    with desk.page.expect_navigation():
        press("Alt+q")  # stored, and on to the answer that was chosen
    with desk.page.expect_navigation():
        press("Control+s")
    assert time.monotonic() - begun < MINUTE
    desk.picture("ticket")
    found = the_ticket(app)
    assert found.pop("cites").startswith("路灯报修 ")
    assert found == {
        "state": "callback_due", "kind": "complaint", "phone": "13812345678", "caller": "钱女士", "read_back": True,
        "answer": "路灯故障由市政热线12319受理，两个工作日内修复。", "grade": None, "timed": True, "taker": "王芳",
    }  # fmt: skip

    shift = Desk(browser, served, "shift")  # somebody else asks whether it helped
    shift.go("/callowedview/list/")
    shift.page.focus("a.row-link")
    shift.page.keyboard.press("Enter")
    shift.page.wait_for_selector("a[href$='/rate']")
    shift.page.focus("a[href$='/rate']")
    shift.page.keyboard.press("Enter")
    shift.page.wait_for_selector("[name=grade]")
    shift.page.focus("[name=grade]")
    shift.page.keyboard.press("ArrowDown")  # the second best of five grades
    with shift.page.expect_navigation():
        shift.page.keyboard.press("Control+s")
    assert the_ticket(app)["grade"] == "satisfied"
    assert [one.errors for one in (desk, shift)] == [[], []]
    assert [one.foreign for one in (desk, shift)] == [[], []]


def test_the_board_shows_a_new_call_without_being_reloaded(app, browser, served):
    shift = Desk(browser, served, "shift")
    shift.go("/desk/")
    assert "水管爆裂" not in shift.page.inner_text("main")
    with app.app_context():
        with access.acting_as(actors_of(db.session)["desk"]):
            register(db.session, subject="水管爆裂")
        db.session.commit()
    shift.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when one comes back to the page
    shift.page.wait_for_selector("main >> text=水管爆裂")
    shift.picture("desk")
    assert shift.errors == []
