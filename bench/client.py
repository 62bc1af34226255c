"""A client for measuring: one connection that is kept open, one cookie jar, no redirects followed."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterable
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from urllib.parse import urlencode

#: Seconds a server may take until it answers.
STARTING = 120
#: What a form sends: name and value, in order; a name may come more than once.
Fields = Iterable[tuple[str, str]]


class Client:
    """One browser without the pictures: `get` and `post` answer with the status and the body."""

    def __init__(self, host: str, port: int, timeout: float = 120) -> None:
        """`timeout` in seconds: some pages of the peers take ten."""
        self.connection = HTTPConnection(host, port, timeout=timeout)
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> tuple[int, bytes]:
        return self._ask("GET", path, None, {})

    def post(self, path: str, fields: Fields) -> tuple[int, bytes]:
        sent = urlencode(list(fields)).encode()
        return self._ask("POST", path, sent, {"Content-Type": "application/x-www-form-urlencoded"})

    def close(self) -> None:
        self.connection.close()

    def _ask(self, method: str, path: str, sent: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            return self._once(method, path, sent, headers)
        except (HTTPException, ConnectionError):
            # The server hung up on a connection that lay idle: it never saw the request.
            self.connection.close()
            return self._once(method, path, sent, headers)

    def _once(self, method: str, path: str, sent: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        self.connection.request(method, path, sent, headers)
        answer = self.connection.getresponse()
        body = answer.read()
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies.update((name, morsel.coded_value) for name, morsel in SimpleCookie(line).items())
        return answer.status, body


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Until a server answers there, whatever it says. Raises `RuntimeError` where it has ended, or takes too long."""
    until = time.monotonic() + STARTING
    while time.monotonic() < until and server.poll() is None:
        client = Client("127.0.0.1", port)
        try:
            client.get("/healthz")
            return
        except OSError:
            time.sleep(0.1)
        finally:
            client.close()
    raise RuntimeError(f"nothing answers on port {port}")


def form_fields(page: bytes, having: str) -> dict[str, list[str]]:
    """What a browser would send of the form that has the field `having`: name to values, as the page has them.

    Raises `LookupError` where no form of the page has that field.
    """
    reader = _Forms()
    reader.feed(page.decode())
    for form in reader.forms:
        if having in form:
            return form
    raise LookupError(f"no form of this page has a field {having}")


def as_pairs(form: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, values in form.items() for value in values]


class _Forms(HTMLParser):
    """Collects the fields of every form of a page; buttons are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self.select: str | None = None
        self.area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        name = has.get("name")
        if tag == "form":
            self.forms.append({})
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in has:
            self._add(self.select, has.get("value") or "")
        elif tag == "textarea" and name:
            self.area = name
            self._add(name, "")
        elif tag == "input" and name:
            kind = (has.get("type") or "text").lower()
            ticked = kind not in ("checkbox", "radio") or "checked" in has
            if ticked and kind not in ("submit", "button", "image", "reset", "file"):
                self._add(name, has.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = None
        elif tag == "textarea":
            self.area = None

    def handle_data(self, data: str) -> None:
        if self.area and self.forms:
            values = self.forms[-1][self.area]
            values[-1] += data if values[-1] else re.sub("^\r?\n", "", data)  # as browsers do

    def _add(self, name: str, value: str) -> None:
        if self.forms:
            self.forms[-1].setdefault(name, []).append(value)
