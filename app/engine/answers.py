"""What steps ask of the moments people answer with: what is noted has happened, and a limit lies ahead."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from app.engine.moments import local, minute_of, now
from app.engine.refusals import StepRefused


def happened(at: datetime | None, since: datetime | None = None) -> datetime:
    """When something was done: as answered, else now.

    Raises `StepRefused` for a moment that is still to come, or that lies before `since`, when what it is about came in
    or came about; forms ask for minutes.
    """
    moment = now()
    if at is not None and at > moment:
        raise StepRefused(_("What lies in the future cannot be noted as done."))
    if at is not None and since is not None and at < minute_of(since):
        begun = local(since).strftime("%Y-%m-%d %H:%M")
        raise StepRefused(_("This cannot have been done before %(moment)s; please correct when.", moment=begun))
    return at or moment


def ahead(limit: datetime | None) -> None:
    """Raise `StepRefused` for a limit that has passed; None is no limit."""
    if limit is not None and limit <= now():
        raise StepRefused(_("The limit lies in the past."))
