"""The worker: makes the files that wait, one after the other. The server starts one of its own beside itself."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event

from flask import Flask

from app.engine.frames import REPORTS
from app.extensions import db
from app.schema import take_stock
from app.web.report_files import work
from models import report_runs

#: Seconds between two looks at the list while nothing waits.
PAUSE = 2
#: Seconds between two times the planner of the database is told how the rows are spread.
DAILY = 86_400


def work_on(app: Flask, *, once: bool = False, parent: int | None = None) -> int:
    """Make what waits until told to stop, or until nothing waits any more; how many files.

    With `parent` it ends with that process.
    """
    stopped, count = Event(), 0
    with suppress(ValueError):  # only a process's main thread may be told by signals
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_about: stopped.set())
    stock = 0.0
    while not stopped.is_set() and (parent is None or os.getppid() == parent):
        with app.app_context():
            if time.monotonic() >= stock:
                take_stock(db.session)
                stock = time.monotonic() + DAILY
            report_runs.plan(db.session, {name: about.title for name, about in REPORTS.items()})
            made = work(db.session)
            db.session.remove()
        count += made
        if not made:
            if once:
                break
            stopped.wait(PAUSE)
    return count


@contextmanager
def beside(app: Flask) -> Iterator[None]:
    """A worker in a process of its own for the length of the block; it shares what this one has loaded."""
    parent = os.getpid()
    child = os.fork()
    if not child:
        try:
            work_on(app, parent=parent)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    try:
        yield
    finally:
        if os.getpid() == parent:  # the server's processes come by here, too, when they end
            _end(child)


def _end(child: int) -> None:
    """Tell a process to end and wait for it; it is left alone when it takes longer than its pauses."""
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGTERM)
        end = time.monotonic() + PAUSE * 2
        while os.waitpid(child, os.WNOHANG) == (0, 0) and time.monotonic() < end:
            time.sleep(0.05)
