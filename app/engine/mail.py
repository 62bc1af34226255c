"""Mail: one plain message at a time over SMTP, where the office has a server for it."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

#: Seconds to wait for the server.
PATIENCE = 20


@dataclass(frozen=True)
class Post:
    """A mail server by its address: `smtp://user:password@host:25`, `smtps://host`, `smtp://host:587?starttls`."""

    url: str
    sender: str

    def send(self, to: str, subject: str, body: str, attached: tuple[str, bytes] | None = None) -> None:
        """Hand one message over, with a file (name, content) or without.

        Raises `OSError` or `smtplib.SMTPException` where the server does not take it.
        """
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, to, " ".join(subject.split())
        message.set_content(body)
        if attached is not None:
            message.add_attachment(attached[1], maintype="application", subtype="octet-stream", filename=attached[0])
        with self._server() as server:
            server.send_message(message)

    def greet(self) -> None:
        """Sign in and leave again. Raises as `send` does."""
        with self._server() as server:
            server.noop()

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        about = urlsplit(self.url)
        kind = smtplib.SMTP_SSL if about.scheme == "smtps" else smtplib.SMTP
        port = about.port or (465 if about.scheme == "smtps" else 25)
        with kind(about.hostname or "localhost", port, timeout=PATIENCE) as server:
            if "starttls" in about.query:
                server.starttls()
            if about.username:
                server.login(unquote(about.username), unquote(about.password or ""))
            yield server
