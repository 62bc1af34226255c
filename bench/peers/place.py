"""Where the peers find the office's rows, where they keep their own, and the account that each of them makes.

BENCH_DATABASE_URL names the office's database, `sqlite:////path/to/office.db` or `postgresql://...`; BENCH_FOLDER is a
folder for the peers' own users and sessions. Saving writes into the office's database past Wenshu's rules and history:
give the peers a copy. Amounts lie in the office's database as decimals on PostgreSQL and as
whole numbers of the smallest unit on SQLite; the peers show them as they lie.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER, PASSWORD = "bench", "bench-bench"
PAGE = 25  # rows of a list
PATIENCE = 30  # seconds a writer waits for another
#: What Wenshu asks of SQLite, too (app/engine/database.py).
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {PATIENCE * 1000}")

STATES = (
    "draft", "placed", "confirmed", "assigned", "handed_over", "shipped", "completed", "on_hold", "cancelled", "closed",
    "invalid",
)  # fmt: skip


def database() -> str:
    return plain(os.environ["BENCH_DATABASE_URL"])


def plain(url: str) -> str:
    """An address as the drivers know it, without SQLAlchemy's name for the driver."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def folder() -> Path:
    made = Path(os.environ["BENCH_FOLDER"]).absolute()
    made.mkdir(parents=True, exist_ok=True)
    return made


def sqlite_file(url: str) -> str | None:
    """The path in a SQLite address; None: another database."""
    return url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else None


def connect(url: str) -> Any:
    """A plain connection to the office's rows, sqlite3's or psycopg's, that keeps no transaction open."""
    if path := sqlite_file(url):
        connection = sqlite3.connect(path, isolation_level=None)
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection
    import psycopg

    return psycopg.connect(url, autocommit=True)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Only one process of a server sets the peer up; the others wait and find it done."""
    with (folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
