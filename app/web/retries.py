"""A request whose transaction loses to another one is run again, so that its user never hears of it."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from typing import Any

from flask import Flask, g, has_request_context, request
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.engine.database import lost, plainly
from app.extensions import db, end_session
from app.web.rendering import DictsFirst
from app.web.routes import LateRule

log = logging.getLogger("wenshu")

#: The longest pauses before the second, third and fourth run, in seconds. Random, or two losers would meet again.
PAUSES = (0.05, 0.2, 0.5)


class Office(Flask):
    """Flask, save that it answers a request whose transaction lost as if that had only begun later."""

    url_rule_class = LateRule
    jinja_environment = DictsFirst

    def dispatch_request(self) -> Any:
        g.pop("stored", None)  # that a session is in use is noted before, and stands
        begun = dict(vars(g))
        for pause in PAUSES:
            try:
                return super().dispatch_request()
            except Exception as error:
                # What has been stored is never done again, whatever fails after it.
                if g.get("stored") or not lost(error):
                    raise
                log.info("run again: %s (reference %s)", plainly(error), g.get("reference"))
            _forget_first_run(begun)
            time.sleep(random.uniform(0, pause))
        return super().dispatch_request()


@event.listens_for(db.session, "after_commit")
def _remember_stored(session: Session) -> None:
    # The end of a savepoint stores nothing yet.
    if has_request_context() and not session.in_nested_transaction():
        g.stored = True


def _forget_first_run(begun: Mapping[str, Any]) -> None:
    """Leave the next run a session of its own, `g` as the request began, and uploads from their first byte."""
    end_session()
    vars(g).clear()
    vars(g).update(begun)
    for name in ("_login", "_login_user"):  # rows of the session that is gone; they are asked for again
        g.pop(name, None)
    for _name, files in request.files.lists():
        for file in files:
            file.stream.seek(0)
