"""The worker: makes the files that wait, one after the other. The server starts one of its own beside itself."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
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
    stopped, count, stock = told_to_stop(), 0, 0.0
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


def told_to_stop() -> Event:
    """What is set when this process is told to end."""
    stopped = Event()
    with suppress(ValueError):  # only a process's main thread may be told by signals
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_about: stopped.set())
    return stopped


@contextmanager
def beside(app: Flask) -> Iterator[None]:
    """A worker in a process of its own for the length of the block; it shares what this one has loaded.

    A second process watches over it: where the database was away, or the machine out of memory, another worker follows.
    """
    server = os.getpid()
    watch = _parted(lambda: _watch(app, server))
    try:
        yield
    finally:
        if os.getpid() == server:  # the server's processes come by here, too, when they end
            _end(watch, within=PAUSE * 3)


def _watch(app: Flask, server: int) -> None:
    """Have a worker until told to stop or until the server ends."""
    stopped, me = told_to_stop(), os.getpid()
    while not stopped.is_set() and os.getppid() == server:
        worker = _parted(lambda: work_on(app, parent=me))
        while os.getppid() == server and not (stopped.wait(PAUSE) or _ended(worker)):
            pass
        _end(worker, within=PAUSE * 2)


def _parted(task: Callable[[], object]) -> int:
    """Do it in a process of its own, whose number is answered."""
    child = os.fork()
    if child:
        return child
    try:
        task()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG) != (0, 0)
    except ChildProcessError:  # gunicorn asks after any child of its process
        return True


def _end(child: int, within: float) -> None:
    """Tell a process to end and wait so many seconds for it; it is left alone when it takes longer."""
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGTERM)
        end = time.monotonic() + within
        while not _ended(child) and time.monotonic() < end:
            time.sleep(0.05)
