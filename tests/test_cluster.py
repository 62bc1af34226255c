"""Two programs behind a balancer on a PostgreSQL with a replica: one of each is killed, and nothing is lost."""

from __future__ import annotations

import http.client
import itertools
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event

import pytest
import sqlalchemy as sa

import config
from app.engine import replicas
from app.engine.database import Overtaken
from app.engine.replicas import Replica
from bench.client import as_pairs, form_fields
from tests.cluster import Browser, Pair, balanced, pair
from tests.conftest import PASSWORD, fill_house, office
from tests.safety.rivals import wait_for
from tests.safety.served import ROOT, Served, ask

KEY = "only for the tests of this suite"
DOOR = "/api/v1/correspondents/"
FORM = "/correspondentview/add"
REPORT = "/reports/incoming_register?from={year}-02-15"
#: What the replica takes off the primary.
ITS_WORK = (
    REPORT,
    "/reports/incoming_register.json?from={year}-02-15",
    "/reports/incoming_register.csv?from={year}-02-15",
    "/reports/incoming_register.xlsx?from={year}-02-15",
    "/reports/incoming_papers?from={year}-02-15",
    "/reports/incoming_papers.xlsx?from={year}-02-15",
    "/reports/incoming_papers/rows?from={year}-02-15&figure=received",
    "/incomingdocumentview/export.csv?received_at={year}-02-15",
    "/incomingdocumentview/export.xlsx?received_at={year}-02-15",
    "/incomingdocumentview/list/?q=zz{year}",
    "/search?q=zz{year}",
)


class House:
    """The programs and servers of the test, and what people do there."""

    def __init__(self, databases: Pair, programs: list[Served], port: int):
        self.databases, self.programs, self.port = databases, programs, port
        self.acknowledged: set[str] = set()
        self.years = itertools.count(1930)

    def browser(self, account: str) -> Browser:
        return Browser(self.port, account, PASSWORD)

    def add(self, browser: Browser) -> str:
        """A correspondent by the page's form; its name."""
        name = f"unit{secrets.token_hex(6)}"
        browser.send(FORM, "name", name=name)
        self.acknowledged.add(name)
        return name

    def wait_until_the_replica_answers(self, browser: Browser) -> None:
        """A question the new replica breaks off, still busy with what came before, is asked again of the primary."""
        wait_for(lambda: time.sleep(0.5) or self.replica_answers(browser, or_both=True))

    def replica_answers(self, browser: Browser, path: str = REPORT, *, or_both: bool = False) -> bool:
        """Ask for a year nobody else asks for, and see in the servers' logs which of them was asked for its days."""
        year = next(self.years)
        status, _page = browser.get(path.format(year=year))
        assert status == 200, (path, [program.log.read_text()[-3000:] for program in self.programs])
        return self.replica_was_asked(year, or_both=or_both)

    def replica_was_asked(self, year: int, *, or_both: bool = False) -> bool:
        marks = f"{year}-02-14 ", f"''{year}''"  # what the 15th begins with by UTC; no address has that
        servers = self.databases.primary, self.databases.replica
        found = [any(server.was_asked(mark) for mark in marks) for server in servers]
        assert sorted(found) == [False, True] or (or_both and all(found)), found
        return found == [False, True]

    def write(self, headers: dict[str, str], stop: Event) -> None:
        """Add correspondents until told to stop; what was not acknowledged is sent again, as a careful program does."""
        while not stop.is_set():
            name, status = f"unit{secrets.token_hex(6)}", 0
            while status != 201 and not stop.is_set():
                try:
                    more = {**headers, "Idempotency-Key": name}
                    status, text = ask(self.port, "POST", DOOR, {"name": name}, more)
                except (OSError, http.client.HTTPException):
                    stop.wait(0.05)
                    continue
                assert status in (201, 502, 503), text
            self.acknowledged |= {name} if status == 201 else set()

    def stored(self, server) -> set[str]:
        with server.connected("office") as connection:
            return {name for (name,) in connection.execute("SELECT name FROM correspondent")}


@pytest.fixture
def replica(house) -> Iterator[Replica]:
    """The replica as one more process sees it."""
    engine = sa.create_engine(config.database(house.databases.address("standby")))
    yield Replica(engine)
    engine.dispose()


def finds(browser: Browser, name: str, page: str = "/search") -> bool:
    """Whether a search by name leads to a record."""
    return "/correspondentview/show/" in browser.page(f"{page}?q={name}")


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Iterator[House]:
    with pair() as databases:
        databases.primary.tell("CREATE DATABASE office")
        fill_house(office(config.database(databases.address("read-write")), tmp_path_factory.mktemp("fill")))
        programs = []
        try:
            for name in "ab":
                settings = {
                    "WENSHU_DATABASE_URL": databases.address("read-write"),
                    "WENSHU_REPLICA_URL": databases.address("standby"),
                    "WENSHU_SECRET_KEY": KEY,
                    "WENSHU_WORKERS": "1",
                }
                programs.append(Served(tmp_path_factory.mktemp(name), **settings))
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(Served.start, programs))
            with balanced(*(program.port for program in programs)) as port:
                yield House(databases, programs, port)
        finally:
            for program in programs:
                program.close()


@pytest.mark.parametrize("path", ITS_WORK)
def test_the_replica_takes_this_off_the_primary(house, path):
    office = house.browser("office")
    wait_for(house.databases.caught_up)
    assert house.replica_answers(office, path)


def test_a_file_made_in_the_background_is_the_replicas_work_too(house):
    office, year = house.browser("office"), next(house.years)
    page = office.get(f"/reports/incoming_register?from=1900-01-01&to={year}-02-13")[1]  # the 14th ends there by UTC
    fields = form_fields(page, having="title")
    assert office.post("/reports/incoming_register/make", as_pairs(fields))[0] == 302
    with house.databases.primary.connected("office") as connection:
        wait_for(lambda: connection.execute("SELECT state FROM report_run").fetchone() == ("done",))
    assert house.databases.replica.was_asked(f"{year}-02-13 ")
    assert not house.databases.primary.was_asked(f"{year}-02-13 ")


def test_a_replica_can_be_read_from_and_no_more(house, replica):
    with replica.session("0/0") as session:
        assert session.scalar(sa.text("SELECT count(*) FROM ab_user")) > 0
        with pytest.raises(sa.exc.InternalError, match="read-only"):
            session.execute(sa.text("DELETE FROM correspondent"))


def test_figures_say_of_which_moment_they_are(house, replica):
    """What the replica has learned last, and not what the clock shows."""

    def last() -> datetime:
        return datetime.fromisoformat(house.databases.replica.ask("SELECT pg_last_xact_replay_timestamp()::text"))

    before = last()
    with replica.session("0/0") as session:
        told = replicas.as_of(session)
    assert before <= told <= last()


def test_who_has_written_more_than_it_knows_is_not_answered(house, replica):
    with replica.session(replicas.UNKNOWN, patience=0.2) as session:
        assert session is None


def test_a_primary_is_no_replica(house):
    engine = sa.create_engine(config.database(house.databases.address("read-write")))
    with Replica(engine).session("0/0") as session:
        assert session is None
    engine.dispose()


def test_a_replica_that_fails_in_the_middle_is_left_alone(house, replica):
    with pytest.raises(Overtaken), replica.session("0/0") as session:
        pid = session.scalar(sa.text("SELECT pg_backend_pid()"))
        house.databases.replica.tell(f"SELECT pg_terminate_backend({pid})")
        session.execute(sa.text("SELECT 1"))
    with replica.session("0/0") as session:
        assert session is None


def test_a_replica_that_does_not_know_a_column_yet_leaves_it_to_the_primary(replica):
    with pytest.raises(Overtaken), replica.session("0/0") as session:
        session.execute(sa.text("SELECT colour FROM correspondent"))


def test_one_of_each_is_killed_and_nothing_is_lost(house):
    databases, program = house.databases, house.programs[0]
    clerk, office = house.browser("clerk"), house.browser("office")

    # A program dies: the same session goes on at the other one.
    first = house.add(clerk)
    program.kill()
    second = house.add(clerk)
    assert finds(clerk, first) and finds(clerk, second)
    program.start()

    # Reports are read from the replica, once it knows what their reader has written.
    wait_for(databases.caught_up)
    assert house.replica_answers(clerk)

    # It lies behind: who has written reads from the primary, others see what was there a moment ago.
    databases.replica.tell("SELECT pg_wal_replay_pause()")
    wait_for(lambda: databases.replica.ask("SELECT pg_get_wal_replay_pause_state()") == "paused")
    name = house.add(clerk)
    assert finds(clerk, name)
    assert not house.replica_answers(clerk)
    assert house.replica_answers(office)
    databases.replica.tell("SELECT pg_wal_replay_resume()")
    wait_for(databases.caught_up)
    assert house.replica_answers(clerk)

    # The replica dies: whoever keeps the servers lets the primary go on alone, and reports are its work.
    databases.replica.kill()
    databases.synchronous("")
    name = house.add(clerk)
    assert finds(clerk, name)
    assert not house.replica_answers(office)
    databases.replica.start()
    databases.wait_for_the_replica()
    house.wait_until_the_replica_answers(office)

    # The primary dies while people write: the replica takes its place, and the programs find it by themselves.
    _status, text = ask(
        house.port, "POST", "/api/v1/security/login", {"username": "clerk", "password": PASSWORD, "provider": "db"}
    )
    headers, stop = {"Authorization": f"Bearer {json.loads(text)['access_token']}"}, Event()
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(house.write, headers, stop) for _ in range(4)]
        try:
            before = len(house.acknowledged)
            wait_for(lambda: len(house.acknowledged) > before + 40 or any(w.done() for w in writers))
            databases.primary.kill()
            promised = set(house.acknowledged)
            databases.replica.tell("SELECT pg_promote()")
            wait_for(lambda: len(house.acknowledged) > len(promised) + 20 or any(w.done() for w in writers))
        finally:
            stop.set()
        assert [writer.result() for writer in writers] == [None] * 4
    assert house.acknowledged <= house.stored(databases.replica)
    name = house.add(clerk)
    assert finds(clerk, name)
    assert finds(office, name, "/correspondentview/list/")

    # A new replica follows the new primary, and takes its work over again.
    assert house.replica_answers(office)  # the former one, which is the primary now
    databases.change_places()
    house.wait_until_the_replica_answers(office)


def test_two_programs_that_start_at_once_make_one_schema(house):
    databases = house.databases
    databases.primary.tell("CREATE DATABASE fresh")
    settings = {"WENSHU_DATABASE_URL": databases.address("read-write", "fresh"), "WENSHU_SECRET_KEY": KEY}
    command = [sys.executable, "run.py", "upgrade"]
    started = [subprocess.Popen(command, cwd=ROOT, env={**house.programs[0].environment, **settings}) for _ in range(2)]
    assert [process.wait() for process in started] == [0, 0]
