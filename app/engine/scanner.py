"""Virus scan of uploads by a ClamAV daemon (`clamd`), where the office runs one: its INSTREAM command over TCP.

Fails closed: where a scanner is configured and does not answer, nothing is taken in.
"""

from __future__ import annotations

import logging
import socket
from typing import BinaryIO

from flask_babel import gettext as _

from app.engine.refusals import Refused

CHUNK = 64 * 1024
SECONDS = 30

log = logging.getLogger("wenshu")


class Infected(Refused):
    """The scanner found something in the file."""


class ScannerAway(Refused):
    """A scanner is configured and does not answer."""

    status = 503


def scan(stream: BinaryIO, name: str, address: str) -> None:
    """Let the daemon at `host:port` look through a file, which is rewound. Raises `Infected` or `ScannerAway`."""
    host, _colon, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), SECONDS) as wire:
            wire.sendall(b"zINSTREAM\0")
            while chunk := stream.read(CHUNK):
                wire.sendall(len(chunk).to_bytes(4, "big") + chunk)
            wire.sendall(bytes(4))
            answer = b""
            while not answer.endswith(b"\0") and (part := wire.recv(4096)):
                answer += part
    except (OSError, ValueError) as error:
        log.error("virus scanner at %s: %s", address, error)
        raise ScannerAway(_("The virus scanner does not answer; please try again later.")) from None
    finally:
        stream.seek(0)
    verdict = answer.rstrip(b"\0").decode("utf-8", "replace").removeprefix("stream: ")
    if verdict.endswith(" FOUND"):
        found = verdict.removesuffix(" FOUND")
        raise Infected(_("“%(name)s” was refused: the virus scanner found %(what)s.", name=name[:80], what=found[:80]))
    if verdict != "OK":
        log.error("virus scanner at %s: %s", address, verdict)
        raise ScannerAway(_("The virus scanner does not answer; please try again later."))
