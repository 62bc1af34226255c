"""The served office killed with `kill -9` again and again while people write: nothing acknowledged is lost, no halves."""

from __future__ import annotations

import http.client
import json
import secrets
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa

from app.extensions import db
from tests.safety.rivals import wait_for
from tests.safety.served import Served

DOOR = "/api/v1/incoming_documents/"
PAPER = {"sender": "市财政局", "title": "写到一半", "received_at": "2026-03-02 09:00", "secrecy": "internal",
         "urgency": "none", "copies": "1"}  # fmt: skip
WRITERS = 8

#: For each paper: how many numbers were drawn for it, how its history begins, how many clocks and form keys it has.
WHOLE = """
    SELECT d.id, d.receipt_no, d.title,
      (SELECT count(*) FROM drawn_number n WHERE n.series = 'incoming_documents' AND n.text = d.receipt_no) AS numbers,
      (SELECT count(*) FROM history_entry h
        WHERE h.kind = 'incoming_documents' AND h.record_id = d.id AND h.action = 'add') AS entries,
      (SELECT count(*) FROM clock c WHERE c.kind = 'incoming_documents' AND c.record_id = d.id) AS clocks,
      (SELECT count(*) FROM clock_segment s JOIN clock c ON c.id = s.clock_id
        WHERE c.kind = 'incoming_documents' AND c.record_id = d.id) AS segments,
      (SELECT count(*) FROM form_key k WHERE k.kind = 'incoming_documents' AND k.record_id = d.id) AS keys
    FROM incoming_document d
"""


def write(server: Served, headers: dict[str, str], stop: Event, acknowledged: dict[str, tuple[int, str]]) -> None:
    """Send one paper after the other; one that was not answered is sent again with its key, as a careful program does."""
    while not stop.is_set():
        key = secrets.token_hex(12)
        while key not in acknowledged:
            try:
                status, text = server.ask("POST", DOOR, {**PAPER, "title": key}, {**headers, "Idempotency-Key": key})
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)  # the server is down
                continue
            assert status == 201, text
            answer = json.loads(text)
            acknowledged[key] = (answer["id"], answer["receipt_no"])


def look(url: str) -> list[Any]:
    """All papers as they lie in the database, by plain SQL."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = list(connection.execute(sa.text(WHOLE)))
        strays = connection.scalar(
            sa.text(
                "SELECT count(*) FROM drawn_number WHERE text NOT IN"
                " (SELECT receipt_no FROM incoming_document UNION ALL SELECT envelope_no FROM envelope)"
            )
        )
    engine.dispose()
    assert [row for row in rows if (row.numbers, row.entries, row.clocks, row.segments, row.keys) != (1,) * 5] == []
    assert strays == 0
    return rows


@pytest.fixture
def server(request, tmp_path, template):
    """The served office on the database the test names, and that database's address."""
    if request.param == "sqlite":
        shutil.copy(template, tmp_path / "wenshu.db")
        url = f"sqlite:///{tmp_path / 'wenshu.db'}"
    else:
        with request.getfixturevalue("postgres_app").app_context():
            url = db.engine.url.render_as_string(hide_password=False)
            db.engine.dispose()
    found = Served(tmp_path, WENSHU_DATABASE_URL=url, WENSHU_WORKERS="2")
    found.start()
    yield found, url
    found.close()


@pytest.mark.parametrize("server, rounds, writes", [("sqlite", 8, 100), ("postgresql", 6, 100)], indirect=["server"])
def test_kill_9_loses_nothing_acknowledged_and_leaves_no_half_record(server, rounds, writes):
    server, url = server
    headers, stop = server.token("clerk"), Event()
    acknowledged: dict[str, tuple[int, str]] = {}
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write, server, headers, stop, acknowledged) for _ in range(WRITERS)]
        try:
            for _round in range(rounds):
                enough = len(acknowledged) + writes
                wait_for(lambda enough=enough: len(acknowledged) >= enough or any(w.done() for w in writers))
                server.kill()
                promised = dict(acknowledged)
                server.start()
                stored = {row.title: (row.id, row.receipt_no) for row in look(url)}
                assert promised.items() <= stored.items()
        finally:
            stop.set()
        assert [writer.result() for writer in writers] == [None] * WRITERS
    rows = look(url)
    assert len(acknowledged) >= rounds * writes
    assert {row.title: (row.id, row.receipt_no) for row in rows} == acknowledged
    serials = sorted(int(row.receipt_no.partition("〕")[2].removesuffix("号")) for row in rows)
    assert serials == list(range(1, len(rows) + 1))
    verified = server.run("audit", "verify")
    assert (verified.returncode, verified.stdout[:18]) == (0, "The history holds:"), verified.stderr
