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
from threading import Event

import pytest

from tests.cluster import Browser, Pair, balanced, pair
from tests.conftest import PASSWORD, fill_house, office
from tests.safety.rivals import wait_for
from tests.safety.served import ROOT, Served, ask

KEY = "only for the tests of this suite"
DOOR = "/api/v1/correspondents/"
FORM = "/correspondentview/add"


class House:
    """The programs and servers of the test, and what people do there."""

    def __init__(self, databases: Pair, programs: list[Served], port: int):
        self.databases, self.programs, self.port = databases, programs, port
        self.acknowledged: set[str] = set()
        self.marks = itertools.count(1920)

    def browser(self, account: str) -> Browser:
        return Browser(self.port, account, PASSWORD)

    def add(self, browser: Browser) -> str:
        """A correspondent by the page's form; its name."""
        name = f"unit{secrets.token_hex(6)}"
        browser.send(FORM, "name", name=name)
        self.acknowledged.add(name)
        return name

    def report_goes_to_the_replica(self, browser: Browser) -> bool:
        """Ask for a report with a day nobody else asks for, and see in the servers' logs which of them got it."""
        mark = f"{next(self.marks)}-02-"
        browser.page(f"/reports/incoming_register?from={mark}15")
        found = [server.was_asked(mark) for server in (self.databases.primary, self.databases.replica)]
        assert sorted(found) == [False, True], found
        return found[1]

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


def finds(browser: Browser, name: str, page: str = "/search") -> bool:
    """Whether a search by name leads to a record."""
    return "/correspondentview/show/" in browser.page(f"{page}?q={name}")


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Iterator[House]:
    with pair() as databases:
        databases.primary.tell("CREATE DATABASE office")
        first, second = databases.primary, databases.replica
        fill_house(
            office(
                databases.address(first).replace("postgresql", "postgresql+psycopg"), tmp_path_factory.mktemp("fill")
            )
        )
        programs = []
        try:
            for name in "ab":
                settings = {
                    "WENSHU_DATABASE_URL": databases.address(first, second),
                    "WENSHU_REPLICA_URL": databases.address(second),
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
    assert house.report_goes_to_the_replica(clerk)

    # It lies behind: who has written reads from the primary, others see what was there a moment ago.
    databases.replica.tell("SELECT pg_wal_replay_pause()")
    wait_for(lambda: databases.replica.ask("SELECT pg_get_wal_replay_pause_state()") == "paused")
    name = house.add(clerk)
    assert finds(clerk, name)
    assert not house.report_goes_to_the_replica(clerk)
    assert house.report_goes_to_the_replica(office)
    databases.replica.tell("SELECT pg_wal_replay_resume()")
    wait_for(databases.caught_up)
    assert house.report_goes_to_the_replica(clerk)

    # The replica dies: whoever keeps the servers lets the primary go on alone, and reports are its work.
    databases.replica.kill()
    databases.synchronous("")
    name = house.add(clerk)
    assert finds(clerk, name)
    assert not house.report_goes_to_the_replica(office)
    databases.replica.start()
    databases.wait_for_the_replica()
    wait_for(lambda: time.sleep(0.5) or house.report_goes_to_the_replica(office))

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
    assert house.report_goes_to_the_replica(office)  # which is the primary now


def test_two_programs_that_start_at_once_make_one_schema(house):
    databases = house.databases
    server = databases.primary if databases.primary.process.poll() is None else databases.replica
    server.tell("CREATE DATABASE fresh")
    settings = {"WENSHU_DATABASE_URL": databases.address(server).replace("/office", "/fresh"), "WENSHU_SECRET_KEY": KEY}
    command = [sys.executable, "run.py", "upgrade"]
    started = [subprocess.Popen(command, cwd=ROOT, env={**house.programs[0].environment, **settings}) for _ in range(2)]
    assert [process.wait() for process in started] == [0, 0]
