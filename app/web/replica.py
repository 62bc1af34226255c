"""Who reads from the replica: figures, searches and exports of people who see there what they have written themselves.

How far the primary's log had come when a browser last stored something is noted in a cookie of its own. Flask's session
would not do: it is sent back with every answer, and one that was begun earlier would bring back the older note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from flask import Flask, Response, current_app, g, has_request_context, request, session
from sqlalchemy.orm import Session

from app.engine.replicas import Replica, written
from app.extensions import db
from app.web import sessions

T = TypeVar("T")

#: Seconds for which work in the background waits for the replica to catch up with it.
PATIENCE = 5
_PLACE = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}")
_NOWHERE = "0/0"


def install(app: Flask) -> None:
    """Note with each answer to a browser that stored something how far the log reaches."""
    with app.app_context():
        engine = db.engines.get("replica")
    app.extensions["replica"] = None if engine is None else Replica(engine)
    if engine is not None:
        app.after_request(_note_written)


def _note_written(response: Response) -> Response:
    if g.get("stored") and sessions.TOKEN in session:
        config = current_app.config
        response.set_cookie(
            _cookie(), written(db.engine), httponly=True, samesite="Lax", secure=config["SESSION_COOKIE_SECURE"]
        )
    return response


def _cookie() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-written"


def _since() -> str:
    """What whoever asks must find: in a request what this browser has stored, else all that is stored by now."""
    if not has_request_context():
        return written(db.engine)
    place = request.cookies.get(_cookie(), "")
    return place if _PLACE.fullmatch(place) else _NOWHERE


@contextmanager
def read_only() -> Iterator[Session]:
    """A session to read figures, search and export with: on the replica if it serves, else the request's own.

    What it loads is read before the block ends.
    """
    replica: Replica | None = current_app.extensions["replica"]
    if replica is None:
        yield db.session
        return
    with replica.session(_since(), 0 if has_request_context() else PATIENCE) as found:
        yield found or db.session


def read_rows(rows_of: Callable[[Session], Iterable[T]]) -> Iterator[T]:
    """Rows that are fetched when somebody takes them, also after the request: their session lasts as long."""
    with read_only() as found:
        yield from rows_of(found)
