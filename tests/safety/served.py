"""The office as it is really served: `run.py serve` in processes of its own, to be killed and started again."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import PASSWORD
from tests.safety.rivals import wait_for

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


class Served:
    """A server on a free port with its data in a folder; it takes over the database it finds there."""

    def __init__(self, folder: Path, **settings: str):
        self.port = free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("WENSHU_")},
            "WENSHU_DATA_DIR": str(folder),
            "PORT": str(self.port),
            **settings,
        }
        self.log = folder / "server.log"

        with self.log.open("ab") as log:
            self.starter = subprocess.Popen(
                [sys.executable, "-m", "tests.safety.starter", "serve"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                bufsize=1,
            )

    def start(self) -> None:
        """Start it; returns when it answers."""
        assert self.starter.stdin and self.starter.stdout
        self.starter.stdin.write("another\n")
        self.group = int(self.starter.stdout.readline())
        wait_for(self._ready)

    def kill(self) -> None:
        """Kill master and workers with one signal that none of them can catch."""
        os.killpg(self.group, signal.SIGKILL)

    def close(self) -> None:
        """End server and starter for good."""
        self.kill()
        self.starter.kill()
        self.starter.communicate()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another command of `run.py` on the same office."""
        command = [sys.executable, "run.py", *words]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)

    def _ready(self) -> bool:
        assert self.starter.poll() is None, self.log.read_text("utf-8")
        try:
            return self.ask("GET", "/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
        return ask(self.port, method, path, body, headers)

    def token(self, username: str) -> dict[str, str]:
        """The header with which an account's programs sign in."""
        who = {"username": username, "password": PASSWORD, "provider": "db"}
        _status, text = self.ask("POST", "/api/v1/security/login", who)
        return {"Authorization": f"Bearer {json.loads(text)['access_token']}"}


def ask(port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """One request on a connection of its own: status and text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        content = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, body and json.dumps(body), {**content, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8")
    finally:
        connection.close()
