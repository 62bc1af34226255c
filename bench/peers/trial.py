"""Start each peer, look whether its pages hold what they should, and print the median of each operation.

.venv-peers/bin/python -m bench.peers.trial sqlite:////path/office.db   (`save` changes the note of one order)
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median

from bench.client import Client, free_port, wait_for
from bench.peers.place import PAGE, connect, plain
from bench.peers.ways import PEERS, Peer, Rows, rows_of

TIMES = 20
WORKERS = ("--workers", "2", "--worker-class", "gthread", "--threads", "4", "--log-level", "warning")
#: What one row of a list looks like in each peer's page.
ROW = {
    "django admin": r'<th class="field-',
    "stock appbuilder": r'href="/\w+view/show/\d+',
    "bare": r'<tr><td><a href="/orders/\d+"',
}
LISTS = ("list", "deep", "filter", "search_customer", "search_document")


@contextmanager
def served(peer: Peer, url: str, folder: str, python: str = sys.executable) -> Iterator[int]:
    """The peer under gunicorn with two processes, for the length of the block: its port on 127.0.0.1."""
    port = free_port()
    command = [python, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *WORKERS, f"{peer.module}:application"]
    server = subprocess.Popen(command, env={**os.environ, "BENCH_DATABASE_URL": url, "BENCH_FOLDER": folder})
    try:
        wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait()


def expected(url: str, rows: Rows) -> dict[str, set[str]]:
    """The words that an operation's page has to hold."""
    connection = connect(plain(url))

    def words(query: str, key: int) -> set[str]:
        return {word for (word,) in connection.execute(query + f"{key}").fetchall()}

    found = {
        "deep": words("SELECT order_no FROM sales_order WHERE id = ", rows.middle_id),
        "show": words(
            "SELECT name FROM product p JOIN order_line l ON product_id = p.id WHERE order_id = ", rows.order_id
        ),
        "document": words(
            "SELECT name FROM person p JOIN circulation_entry ON reader_id = p.id WHERE document_id = ",
            rows.document_id,
        ),
        "search_customer": {rows.customer_word},
        "search_document": {rows.title_word},
    }
    connection.close()
    assert all(found.values())
    return found


def look(name: str, operation: str, page: str, words: set[str]) -> None:
    """Raises `AssertionError` where a page does not hold what was asked for."""
    if operation in LISTS:
        found = len(set(re.findall(ROW[name] + r".*", page)))
        assert found == PAGE, f"{name}: {found} rows in {operation}"
    missing = {word for word in words if word not in page}
    assert not missing, f"{name}: {missing} missing from {operation}"


def timed(ask: Callable[[], tuple[int, bytes]], expected: int) -> tuple[float, bytes]:
    """Median milliseconds of `TIMES` requests, and the last page. Raises `AssertionError` on another status."""
    taken = []
    for _turn in range(TIMES):
        begun = time.perf_counter()
        status, body = ask()
        taken.append((time.perf_counter() - begun) * 1000)
        assert status == expected, f"{status} instead of {expected}"
    return median(taken), body


def main(url: str) -> None:
    rows = rows_of(url)
    words = expected(url, rows)
    print(rows)
    for name, peer in PEERS.items():
        with tempfile.TemporaryDirectory() as folder, served(peer, url, folder) as port:
            client = Client("127.0.0.1", port)
            peer.sign_in(client)
            for operation, path in peer.paths(rows).items():
                taken, page = timed(partial(client.get, path), 200)
                look(name, operation, page.decode(), words.get(operation, set()))
                print(f"{name:17} {operation:16} {taken:8.1f} ms {len(page) / 1000:8.1f} kB  {path}")
            if peer.save:
                taken, _page = timed(peer.save(client, rows), 302)
                print(f"{name:17} {'save':16} {taken:8.1f} ms")


if __name__ == "__main__":
    main(sys.argv[1])
