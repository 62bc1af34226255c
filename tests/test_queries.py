"""How many queries each page costs, stored beside the tests: a rise is a decision, not an accident."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine.interfaces import CacheStats

from app.engine import access
from app.engine.frames import REPORTS
from app.engine.office_calendar import working_calendar
from app.extensions import db
from app.menu import VIEWS
from app.web.home import OPEN_BOXES
from tests.conftest import PASSWORD, sign_in

MY_WORK = ("/", "/?tab=done")
STORED = Path(__file__).with_name("query_counts.json")


@pytest.fixture(scope="module")
def counted(afternoon):
    """Queries by page, asked for by the office manager in a demo office of some papers and calls."""
    app = afternoon
    with app.app_context():
        with access.system():
            working_calendar(db.session)  # a process reads it once; no page is to blame for that
            firsts = {view: db.session.query(view.model.id).order_by(view.model.id).limit(1).scalar() for view in VIEWS}
        db.session.remove()
        browser = sign_in(app, "office")
        token = browser.post(
            "/api/v1/security/login", json={"username": "office", "password": PASSWORD, "provider": "db"}
        ).json["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        found = {}
        for page in pages(firsts):
            statements: list[str] = []

            def count(connection, cursor, statement, *rest, into=statements):
                into.append(statement)

            event.listen(db.engine, "before_cursor_execute", count)
            answer = browser.get(page, headers=bearer if page.startswith("/api/") else {})
            event.remove(db.engine, "before_cursor_execute", count)
            if answer.status_code == 200:
                found[page] = len([s for s in statements if not s.startswith(("PRAGMA", "BEGIN"))])
    return found


def pages(firsts):
    yield from (
        *MY_WORK,
        "/search?q=关于",
        "/reports/",
        "/papers/today/",
        "/papers/holders/",
        "/papers/rounds/",
    )
    for name in REPORTS:
        yield f"/reports/{name}"
    for view, first in firsts.items():
        base = f"/{view.__name__.lower()}"
        yield from (
            f"{base}/list/",
            f"{base}/list/?q=关于",
            f"{base}/show/{first}",
            f"{base}/add",
            f"{base}/edit/{first}",
        )
        yield from (f"{base}/lookup?q=a", f"/api/v1/{view.model.kind_name}/", f"/api/v1/{view.model.kind_name}/{first}")


def test_no_page_asks_the_database_more_often_than_before(counted):
    counted = {page: count for page, count in counted.items() if page not in MY_WORK}
    if os.environ.get("STORE_QUERY_COUNTS") == "1":
        STORED.write_text(json.dumps(counted, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    stored = json.loads(STORED.read_text("utf-8"))
    assert {page: counted.get(page) for page in {*stored, *counted}} == stored


def test_my_work_asks_twice_and_for_its_boxes(counted):
    """Four queries for who asks, two for the piles, at most three a box, four for the figures, five for the bell."""
    assert max(counted[page] for page in MY_WORK) <= 4 + 2 + 3 * OPEN_BOXES + 4 + 5


def test_no_page_asks_once_for_every_row(counted):
    """The bar of the house: 25 queries a page, whatever the number of rows."""
    assert {page: count for page, count in counted.items() if count > 25} == {}


def test_no_statement_is_put_together_for_every_request(afternoon):
    """One that SQLAlchemy cannot keep costs its page as much again. A rule that is kept changes where it is first used."""
    app, anew = afternoon, Counter()
    with app.app_context():
        reader = sign_in(app, "user_a")
        firsts = {view: db.session.query(view.model.id).order_by(view.model.id).limit(1).scalar() for view in VIEWS}
        db.session.remove()
        for page in [page for page in pages(firsts) if page.endswith("/list/") or "view/show/" in page]:
            for _time in range(2):
                reader.get(page)
            event.listen(db.engine, "before_cursor_execute", told := _made_anew(page, anew))
            reader.get(page)
            event.remove(db.engine, "before_cursor_execute", told)
    assert anew == {}


def _made_anew(page, into):
    def told(connection, cursor, statement, values, context, many):
        if context.compiled is not None and context.cache_hit is not CacheStats.CACHE_HIT:
            into[page, context.cache_hit.name, statement[:200]] += 1

    return told
