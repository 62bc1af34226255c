"""Numbers under fire: 50 writers in 4 processes, rollbacks, and a process killed in the middle: no gap, no double."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.engine import access, numbers
from app.extensions import db
from tests.safety.rivals import wait_for
from tests.safety.writers import SERIES, name_of

ROOT = Path(__file__).parents[2]
WRITERS, SHARE = 50, 200
PROCESSES = ((1, 13), (14, 26), (27, 38), (39, 50))
KILLED, AFTER = 0, 700


@pytest.fixture
def start(tmp_path):
    """`start(url, 1, 13, seed)`: a process with the writers from 1 to 13; none outlives the test."""
    started = []

    def begin(url: str, first: int, last: int, seed: str) -> subprocess.Popen[bytes]:
        words = [url, seed, str(tmp_path / f"{first}.txt"), str(first), str(last), str(SHARE)]
        started.append(subprocess.Popen([sys.executable, "-m", "tests.safety.writers", *words], cwd=ROOT))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def acknowledged(folder: Path) -> list[tuple[str, str]]:
    """Writer and number of every commit that returned; a line cut by the kill is none."""
    lines = [line for file in folder.glob("*.txt") for line in file.read_text("utf-8").splitlines(keepends=True)]
    whole = [line.split() for line in lines if line.endswith("号\n")]
    return [(name_of(int(writer)), text) for writer, text in whole]


@pytest.mark.parametrize("database", ["app", "postgres_app"])
def test_ten_thousand_numbers_without_gap_or_double(request, tmp_path, start, database):
    app = request.getfixturevalue(database)
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
        db.engine.dispose()
    running = [start(url, *span, seed=database) for span in PROCESSES]
    mine = tmp_path / f"{PROCESSES[KILLED][0]}.txt"
    wait_for(lambda: mine.exists() and mine.read_bytes().count(b"\n") >= AFTER)
    os.kill(running[KILLED].pid, signal.SIGKILL)
    assert running[KILLED].wait() == -signal.SIGKILL
    running[KILLED] = start(url, *PROCESSES[KILLED], seed="replacement")
    assert [process.wait() for process in running] == [0, 0, 0, 0]

    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT serial, state, actor_name, text, year FROM drawn_number WHERE series = :s ORDER BY serial"),
            {"s": SERIES},
        ).all()
        counters = connection.execute(
            sa.text("SELECT year, last FROM number_counter WHERE series = :s"), {"s": SERIES}
        ).all()
    engine.dispose()
    assert [row.serial for row in rows] == list(range(1, WRITERS * SHARE + 1))
    assert Counter(row.actor_name for row in rows) == {name_of(n): SHARE for n in range(1, WRITERS + 1)}
    assert {row.state for row in rows} == {"used"}
    assert [tuple(counter) for counter in counters] == [(rows[0].year, WRITERS * SHARE)]
    assert [row.text for row in rows] == [f"火〔{row.year}〕{row.serial}号" for row in rows]
    assert set(acknowledged(tmp_path)) <= {(row.actor_name, row.text) for row in rows}
    assert len(acknowledged(tmp_path)) > WRITERS * SHARE - len(PROCESSES) * 13
    with app.app_context(), access.system():
        (line,) = [row for row in numbers.audit(db.session) if row["series"] == SERIES]
    assert (line["used"], line["unexplained"]) == (WRITERS * SHARE, 0)
