"""My work, search and today's board: the counts are those of the rows, and nobody's rows show up at another's desk."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.engine import access
from app.engine.moments import now, today
from app.extensions import db
from app.web import home
from models.envelopes import Envelope
from models.people import Person
from tests.conftest import actors_of, sign_in
from tests.factories import incoming, take
from tests.safety.makers import make


@pytest.fixture
def morning(app):
    """Three papers: one to be proposed, one with a leader, one with department A and circulating."""
    with app.app_context():
        actors = actors_of(db.session)
        with access.acting_as(actors["clerk"]):
            incoming(db.session, title="待拟办的通知")
            before = incoming(db.session, title="在领导处的通知")
            handled = incoming(db.session, title="承办中的通知")
        with access.system():
            leader, reader = (db.session.query(Person).filter_by(name=name).one() for name in ("周海", "张小明"))
        take(db.session, actors["clerk"], before, "propose", proposal="拟呈周主任阅示", leaders=[leader])
        soon = (now() + timedelta(days=2)).isoformat()
        take(
            db.session,
            actors["leader"],
            handled,
            "instruct",
            department="综合科",
            requirement="办理",
            handler=reader,
            limit=soon,
        )
        take(db.session, actors["clerk"], handled, "circulate", readers=[reader], purpose="请阅")
        db.session.commit()
        db.session.remove()
    return app


def figures(page):
    return [int(n) for n in re.findall(r'figure-value">(\d+)<', page)]


def test_the_tabs_count_what_waits_and_what_is_to_be_read(morning):
    handle, read, _late = figures(sign_in(morning, "user_a").get("/").text)
    assert (handle, read) == (2, 1)  # the paper and its assignment; one entry
    assert figures(sign_in(morning, "clerk").get("/").text)[0] == 1  # one to propose
    assert figures(sign_in(morning, "user_b").get("/").text) == [0, 0, 0]


def test_what_was_done_and_what_was_started_is_counted_where_one_looks_back_on_it(morning):
    clerk, reader = sign_in(morning, "clerk"), sign_in(morning, "user_a")
    # Two papers acted on, and the round that began with one of them; three registered.
    assert figures(clerk.get("/?tab=done").text)[3] == 3
    assert figures(clerk.get("/?tab=started").text)[3] >= 3
    assert [figures(reader.get(f"/?tab={tab}").text)[3] for tab in ("done", "started")] == [0, 0]


@pytest.mark.parametrize("tab, title", [("handle", "承办中的通知"), ("read", "承办中的通知")])
def test_a_tab_shows_the_records_it_counts(morning, tab, title):
    assert title in sign_in(morning, "user_a").get(f"/?tab={tab}").text
    assert title not in sign_in(morning, "user_b").get(f"/?tab={tab}").text


def test_an_unknown_tab_is_the_first(morning):
    assert "承办中的通知" in sign_in(morning, "user_a").get("/?tab=nonsense").text


def test_the_search_finds_in_all_kinds_what_one_may_see(morning):
    link = "/incomingdocumentview/show/"
    assert link in sign_in(morning, "user_a").get("/search?q=承办中").text
    assert link not in sign_in(morning, "user_b").get("/search?q=承办中").text


def test_todays_board_tells_what_arrived_what_is_due_and_with_whom_papers_are(morning):
    with morning.app_context():
        with access.system():
            make(db.session, Envelope, state="signed_for", received_at=now())
        db.session.commit()
        db.session.remove()
    page = sign_in(morning, "office").get("/papers/today/").text
    parts = re.split(r'<section class="panel"', page)[1:]
    assert ["信〔" in parts[0], "待拟办的通知" in parts[1], "周海" in parts[2], "承办中的通知" in parts[3]] == [
        True
    ] * 4
    assert "承办中的通知" not in parts[4]
    stranger = sign_in(morning, "user_b").get("/papers/today/").text
    assert "通知" not in "".join(re.split(r'<section class="panel"', stranger)[1:])


@pytest.mark.parametrize("tab", ["handle", "read", "done", "started"])
def test_a_pile_is_what_its_rows_are_counted_one_by_one(busy_office, people, tab):
    """For everybody in a busy office: as many, as many late, the same first ones, and none that is not for them."""
    seen = 0
    with busy_office.test_request_context():
        moment = now()
        for actor in people.values():
            with access.acting_as(actor):
                found = {pile.model: pile for pile in home.piles(actor, tuple(dict.fromkeys((*home.BOXES, tab))))[tab]}
                for model in home._flows(actor):
                    if tab in home.BOXES and model.box != tab:
                        continue
                    condition = home._condition(model, tab, actor, today())
                    rows = list(db.session.scalars(select(model).where(condition)))
                    rows.sort(key=lambda row: row.id)
                    if tab == "done":
                        rows.sort(key=lambda row: row.changed_at, reverse=True)
                    else:
                        rows.sort(key=lambda row: row.due_at or home.FAR)
                    pile = found.pop(model, home.Pile(model))
                    assert (pile.count, pile.keys) == (len(rows), tuple(row.id for row in rows[: home.ROWS]))
                    assert pile.late == sum(row.is_late(moment) for row in rows)
                    seen += len(rows)
                assert not found
        db.session.remove()
    assert seen > 10, tab
