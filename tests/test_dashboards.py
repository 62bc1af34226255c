"""The figures on top of my work: each is a plain recount, says what the month before was, and opens as many rows."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from html import unescape

import pytest

from app.engine import access
from app.engine.frames import REPORTS
from app.extensions import db
from app.menu import VIEWS  # noqa: F401  registers everything
from app.web import aged
from reports.dashboards import DASHBOARDS, TRENDS
from seed.roles import ROLES
from tests.conftest import sign_in
from tests.factories import house, incoming, place

TILE = re.compile(
    r'<a href="([^"]+)"><span class="figure-label">([^<]+)</span><span class="figure-value">([^<]+)</span>'
    r'<span class="figure-note">([^<]+)</span>'
)
#: By the office's clock: the clock of these tests stands on 2026-03-02, 09:00.
RECEIVED = ("2026-03-01 00:00", "2026-03-02 08:00", "2026-02-28 23:59", "2026-02-02 23:59", "2026-02-03 00:00")


@pytest.mark.parametrize("role", DASHBOARDS)
def test_every_tile_is_a_declared_figure_for_a_role_that_reads_reports(role):
    assert "read" in ROLES[role]["reports"]
    for tile in DASHBOARDS[role]:
        assert tile.figure in {one.name for one in REPORTS[tile.report].tally().figures}


def tiles(browser):
    return {label: (href, value, note) for href, label, value, note in TILE.findall(browser.get("/?_l_=zh").text)}


@pytest.fixture
def busy(either, either_session, either_actors, clock):
    house(either_session, either_actors)
    with access.system():
        for number, moment in enumerate(RECEIVED):
            incoming(either_session, title=f"关于第{number}件", received_at=moment)
        for moment in ("2026-03-01 10:00", "2026-02-01 10:00", "2026-02-20 10:00"):
            place(either_session, placed_at=moment)
        either_session.commit()
    either_session.remove()
    return either


def test_a_manager_sees_the_month_and_the_one_before_until_the_same_day(busy):
    found = tiles(sign_in(busy, "manager"))
    assert found["收文数"][1:] == ("2", "本月；上月同期 1")
    assert found["在办公文数"][1:] == ("5", "当前")
    assert found["下单数"][1:] == ("1", "本月；上月同期 1")


@pytest.mark.parametrize("account", ["manager", "office", "sales"])
def test_each_figure_opens_as_many_rows(busy, account):
    browser = sign_in(busy, account)
    found = tiles(browser)
    assert found
    for label, (href, value, _note) in found.items():
        page = browser.get(href.replace("&amp;", "&")).text
        rows = re.search(r"(\d+) 行", page)
        if label != "订单额":  # a sum
            assert int(rows[1] if rows else 0) == int(value), label


def test_a_figure_that_took_long_is_shown_again_and_says_of_when_it_is(busy, monkeypatch):
    monkeypatch.setattr(aged, "QUICK", 0)
    monkeypatch.setitem(busy.config, "FIGURES_KEPT", 1_000_000)
    manager, sales = sign_in(busy, "manager"), sign_in(busy, "sales_b")
    before, of_another = tiles(manager), tiles(sales)
    with busy.app_context():
        with access.system():
            place(db.session, placed_at="2026-03-02 08:30")
        db.session.commit()
        db.session.remove()
    again = tiles(manager)
    assert again["下单数"][1:] == (before["下单数"][1], "本月；上月同期 1 · 截至 09:00")
    assert again["在办公文数"][1:] == ("5", "截至 09:00")
    # Nobody is shown what was counted for somebody else.
    assert tiles(sales)["下单数"][1] == of_another["下单数"][1] == "0"
    assert tiles(sign_in(busy, "office"))["在办公文数"][1] == "5"
    monkeypatch.setitem(busy.config, "FIGURES_KEPT", 0)
    busy.extensions["aged"].clear()
    assert tiles(manager)["下单数"][1:] == (str(int(before["下单数"][1]) + 1), "本月；上月同期 1")


def test_who_may_read_no_reports_sees_none(busy):
    assert tiles(sign_in(busy, "user_a")) == {}


def test_rows_of_others_are_in_no_tile(busy):
    """The customer of these orders is another salesperson's."""
    assert tiles(sign_in(busy, "sales"))["下单数"][1] == "1"
    assert {value for _href, value, _note in tiles(sign_in(busy, "sales_b")).values()} == {"0"}


TREND = re.compile(r'<a class="quiet" href="([^"]+)"[^>]*>[^<]+</a></figcaption>.*?data-url="([^"]+)"', re.DOTALL)


def test_a_trend_has_the_last_twelve_months_as_the_report_it_opens_counts_them(busy):
    browser = sign_in(busy, "manager")
    found = [(unescape(href), browser.get(rows).json) for href, rows in TREND.findall(browser.get("/").text)]
    received, ordered = (told["rows"] for _href, told in found)
    months = [f"2025-{month:02}" for month in range(4, 13)] + ["2026-01", "2026-02", "2026-03"]
    plain = Counter(moment[:7] for moment in RECEIVED)
    assert received == [{"month": month, "received": plain[month]} for month in months]
    assert [row["month"] for row in ordered] == months
    for href, told in found:
        page, figure = browser.get(href.replace("?", ".json?")).json["rows"], told["figures"][0]
        counted = {row["month"]: row[figure] for row in page}
        assert {row["month"]: row[figure] for row in told["rows"] if Decimal(row[figure])} == counted


def test_a_trend_is_for_the_roles_that_see_it(busy):
    assert sign_in(busy, "sales").get("/trends/incoming_papers").status_code == 404  # reads reports, has no such chart
    assert sign_in(busy, "manager").get("/trends/tickets").status_code == 404
    assert sign_in(busy, "user_a").get("/trends/incoming_papers").status_code == 404
    assert busy.test_client().get("/trends/incoming_papers").status_code == 302


@pytest.mark.parametrize("role", TRENDS)
def test_every_trend_is_a_declared_figure_for_a_role_that_reads_reports(role):
    assert "read" in ROLES[role]["reports"]
    for one in TRENDS[role]:
        assert one.figure in {known.name for known in REPORTS[one.report].tally().figures}
