"""A second writer beside the app: a plain connection of its own, and what tells when the app waits or runs again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from flask import Flask

from app.extensions import db

PATIENCE = 200  # seconds after which a test gives up; never what it measures


def address_of(app: Flask) -> str:
    """The app's PostgreSQL database as libpq names it."""
    with app.app_context():
        return db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def rival(app: Flask) -> Iterator[psycopg.Connection[Any]]:
    """A transaction beside the app's, rolled back in the end; it never loses a deadlock and waits as long as it takes."""
    with psycopg.connect(address_of(app)) as connection:
        connection.execute("SET deadlock_timeout = '1h'")
        connection.execute("SET lock_timeout = 0")
        connection.commit()
        yield connection
        connection.rollback()


def wait_for(happened: Callable[[], Any]) -> None:
    """Return once it has happened."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def wait_until_somebody_waits(app: Flask) -> None:
    """Return once a transaction of the app's database waits for a lock."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with psycopg.connect(address_of(app), autocommit=True) as watcher:
        wait_for(lambda: watcher.execute(waiting).fetchone()[0])  # type: ignore[index]


class Reruns(logging.Handler):
    """Counts how often the app ran a request again; `then` is called the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.then: Callable[[], Any] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("run again"):
            self.count += 1
            then, self.then = self.then, None
            if then:
                then()
