"""Processes of the served office end one by one, as they do when memory is short; the office goes on whole."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path

import pytest

from tests.safety.rivals import wait_for
from tests.safety.served import Served


def children(parent: int) -> set[int]:
    """The processes this one has begun and that are not done."""
    return {
        int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdecimal() and _parent(folder) == parent
    }


def _parent(folder: Path) -> int | None:
    try:
        state, parent = (folder / "stat").read_text("utf-8").rpartition(")")[2].split()[:2]
    except OSError:  # it has ended since
        return None
    return None if state == "Z" else int(parent)


@pytest.fixture
def server(template, tmp_path):
    shutil.copy(template, tmp_path / "wenshu.db")
    found = Served(tmp_path, WENSHU_WORKERS="2", TMPDIR=str(tmp_path))
    found.start()
    yield found
    found.close()


def watch_of(server: Served) -> int:
    """The one of the server's processes that has begun another, the worker; all have been begun by then."""
    wait_for(lambda: len(children(server.group)) == 3 and any(children(child) for child in children(server.group)))
    (watch,) = (child for child in children(server.group) if children(child))
    return watch


def test_the_other_processes_go_on_serving_files_when_one_ends(server):
    watch = watch_of(server)
    served = children(server.group) - {watch}
    assert len(served) == 2
    address = re.search(r'"(/static/[^"?]+\.css)"', server.ask("GET", "/login/")[1]).group(1)
    before = server.ask("GET", address)
    for process in served:
        os.kill(process, signal.SIGTERM)
        wait_for(lambda process=process: process not in children(server.group))
        wait_for(lambda: len(children(server.group)) == 3)
        assert [server.ask("GET", address) for _time in range(4)] == [before] * 4
    assert before[0] == 200


def test_a_worker_that_falls_is_followed_by_another(server):
    watch = watch_of(server)
    (worker,) = children(watch)
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: children(watch) and worker not in children(watch))


def test_nothing_is_left_behind_by_a_server_that_was_told_to_end(server, tmp_path):
    watch = watch_of(server)
    processes = {server.group, *children(server.group), *children(watch)}
    assert len(processes) == 5
    os.kill(server.group, signal.SIGTERM)
    wait_for(lambda: not any(_parent(Path("/proc") / str(process)) for process in processes))
    assert list(tmp_path.glob("wenshu-static-*")) == []
