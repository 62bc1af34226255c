"""A request that loses to another transaction is run again: its user gets one success, and there is one record."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO

import pytest
import sqlalchemy as sa
from flask import g

from app.engine import access
from app.engine.database import Overtaken
from app.engine.history import HistoryEntry
from app.extensions import db
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.files import Attachment
from tests.conftest import sign_in
from tests.safety.doors import House, flat
from tests.safety.makers import make, raw_of
from tests.safety.rivals import Reruns, rival, wait_until_somebody_waits

KEY = "one-key"
#: The rival has used the form key, not yet for good: the app's request waits for it, holding what it has locked.
USE_THE_KEY = """INSERT INTO form_key (actor_id, key, content, kind, record_id, at)
                 SELECT id, 'one-key', '', 'incoming_documents', 0, now() FROM ab_user"""
COUNTER = "UPDATE number_counter SET last = last WHERE series = 'incoming_documents'"
RECORD = "UPDATE incoming_document SET title = title"


@pytest.fixture
def reruns():
    log, handler = logging.getLogger("wenshu"), Reruns()
    log.addHandler(handler)
    before = log.level
    log.setLevel(logging.INFO)
    yield handler
    log.setLevel(before)
    log.removeHandler(handler)


@pytest.fixture
def paper(postgres_app):
    """The first document of the year, and what to send for a second one."""
    with postgres_app.app_context():
        pk = make(db.session, IncomingDocument).id
        raw = raw_of(db.session, IncomingDocument)
        db.session.commit()
        db.session.remove()
    return pk, raw


def papers(app) -> list[str]:
    with app.app_context(), access.system():
        return sorted(db.session.scalars(sa.select(IncomingDocument.receipt_no)))


def adding(house, paper):
    return house.browser("clerk").post, "/incomingdocumentview/add", {"data": {**flat(paper[1]), "form_key": KEY}}


def posting(house, paper):
    return (
        house.client().post,
        "/api/v1/incoming_documents/",
        {"json": paper[1], "headers": house.headers("clerk", KEY)},
    )


def stepping(house, paper):
    data = {"proposal": "拟阅", "transfer": "综合科", "form_key": KEY, "version": "1"}
    return house.browser("clerk").post, f"/incomingdocumentview/step/{paper[0]}/propose", {"data": data}


@pytest.mark.parametrize(
    "door, what_the_rival_wants, status, count",
    [(adding, COUNTER, 302, 2), (posting, COUNTER, 201, 2), (stepping, RECORD, 302, 1)],
)
def test_who_is_shot_in_a_deadlock_never_hears_of_it(
    postgres_app, reruns, paper, door, what_the_rival_wants, status, count
):
    send, address, sent = door(House(postgres_app), paper)
    with rival(postgres_app) as other, ThreadPoolExecutor(1) as pool:
        other.execute(USE_THE_KEY)
        answer = pool.submit(send, address, **sent)
        wait_until_somebody_waits(postgres_app)
        other.execute(what_the_rival_wants)  # now each waits for the other, and PostgreSQL shoots the app's
        other.rollback()
        assert answer.result().status_code == status
    assert reruns.count >= 1
    serials = [int(number.partition("〕")[2].removesuffix("号")) for number in papers(postgres_app)]
    assert serials == list(range(1, count + 1))
    with postgres_app.app_context():
        steps = db.session.scalars(
            sa.select(HistoryEntry.action).where(HistoryEntry.kind == "incoming_documents")
        ).all()
    assert sorted(steps) == sorted(["add"] * count + (["propose"] if door is stepping else []))


def test_a_serialization_failure_is_run_again(postgres_app, reruns, paper):
    with rival(postgres_app) as other:
        name = other.info.dbname
        other.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
        other.commit()
    send, address, sent = posting(House(postgres_app), paper)
    with postgres_app.app_context():
        db.engine.dispose()
    with rival(postgres_app) as other, ThreadPoolExecutor(1) as pool:
        other.execute(COUNTER)
        answer = pool.submit(send, address, **sent)
        wait_until_somebody_waits(postgres_app)
        other.commit()
        assert answer.result().status_code == 201
    assert (reruns.count, len(papers(postgres_app))) == (1, 2)


@contextmanager
def hurry(app, statement: str) -> Iterator[None]:
    """Let the app's connections wait a moment for a lock, not ten seconds; the next test may get the same app."""

    def set_patience(connection, _record):
        connection.execute(statement)
        connection.commit()

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "connect", set_patience)
    engine.dispose()
    yield
    sa.event.remove(engine, "connect", set_patience)
    engine.dispose()


@pytest.fixture
def impatient(postgres_app, paper):
    """The office with a PostgreSQL on which nobody waits longer than a moment for a lock."""
    house = House(postgres_app)
    house.browser("clerk"), house.headers("clerk")
    with hurry(postgres_app, "SET lock_timeout = '150ms'"):
        yield house


def test_an_upload_that_is_run_again_is_read_from_its_first_byte(impatient, reruns, paper):
    content, browser = b"%PDF-1.4\n" + bytes(range(256)) * 1000, impatient.browser("clerk")
    with rival(impatient.app) as other:
        other.execute("LOCK TABLE attachment IN SHARE MODE")
        reruns.then = other.rollback
        sent = {"file": (BytesIO(content), "来文.pdf")}
        assert browser.post(f"/files/incoming_documents/{paper[0]}", data=sent).status_code == 302
    with impatient.app.app_context(), access.system():
        (stored,) = db.session.scalars(sa.select(Attachment))
        door = f"/files/incoming_documents/{paper[0]}/{stored.id}"
    with browser.get(door) as download:
        assert (reruns.count, download.data) == (1, content)


@pytest.mark.parametrize("door", [adding, posting])
def test_who_loses_four_times_is_asked_in_one_sentence_to_try_again(impatient, reruns, paper, door):
    send, address, sent = door(impatient, paper)
    with rival(impatient.app) as other:
        other.execute(COUNTER)
        refused = send(address, **sent)
    assert (refused.status_code, reruns.count) == (503, 3)
    words = refused.json["message"] if refused.is_json else refused.text
    assert "Too many people are writing just now. Please try again in a moment." in words
    assert "Traceback" not in refused.text
    assert len(papers(impatient.app)) == 1
    assert send(address, **sent).status_code in (201, 302)
    assert len(papers(impatient.app)) == 2


@pytest.mark.parametrize("busy_for_good", [False, True])
def test_a_locked_sqlite_file_is_asked_four_times(app, tmp_path, reruns, busy_for_good):
    house = House(app)
    headers = house.headers("clerk", KEY)
    writer = sqlite3.connect(tmp_path / "office.db", isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    reruns.then = None if busy_for_good else writer.rollback
    with hurry(app, "PRAGMA busy_timeout = 20"):
        answer = house.client().post("/api/v1/correspondents/", json={"name": "独山县档案局"}, headers=headers)
    writer.close()
    assert (answer.status_code, reruns.count) == ((503, 3) if busy_for_good else (201, 1))
    with app.app_context(), access.system():
        found = db.session.query(Correspondent).filter_by(name="独山县档案局").count()
    assert found == (0 if busy_for_good else 1)


def test_the_second_run_finds_everything_as_the_first_did(own_app):
    seen = []

    @own_app.post("/loses-once")
    def loses_once():
        seen.append((g.user.username, g.get("kept"), len(db.session.new), access.current().name))
        if len(seen) == 2:
            return "won"
        db.session.add(Correspondent(name="没有存下"))
        g.user, g.kept = "a row of the first run", "of the first run"
        raise Overtaken("lost")

    assert sign_in(own_app, "clerk").post("/loses-once").text == "won"
    assert seen == [("clerk", None, 0, "何静")] * 2


def test_what_is_stored_is_never_done_again(own_app):
    runs = []

    @own_app.post("/loses-late")
    def loses_late():
        runs.append(1)
        db.session.add(Correspondent(name="已经存下"))
        db.session.commit()
        raise Overtaken("lost, but only after the commit")

    assert sign_in(own_app, "clerk").post("/loses-late").status_code == 503
    assert runs == [1]
