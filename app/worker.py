"""The worker: makes the files that wait, one after the other. The server starts one of its own beside itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from flask import Flask

from app.engine.frames import REPORTS
from app.extensions import db
from app.web.report_files import work
from models import report_runs

#: Seconds between two looks at the list while nothing waits.
PAUSE = 2
RUN = Path(__file__).parent.parent / "run.py"


def work_on(app: Flask, *, once: bool = False, parent: int | None = None) -> int:
    """Make what waits until told to stop, or until nothing waits any more; how many files.

    With `parent` it ends with that process.
    """
    stopped, count = Event(), 0
    with suppress(ValueError):  # only a process's main thread may be told by signals
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_about: stopped.set())
    while not stopped.is_set() and (parent is None or os.getppid() == parent):
        with app.app_context():
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
def beside() -> Iterator[None]:
    """A worker in a process of its own for the length of the block."""
    command = [sys.executable, str(RUN), "worker", "--beside", str(os.getpid())]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(PAUSE * 2)
