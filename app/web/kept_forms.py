"""What was typed into a form whose session had ended: kept on the sign-in page, signed, until its owner is back.

Nothing of it is stored here. It comes back to whoever's session it was and to nobody else, and the form it was typed
into is drawn with it anew: looking it over and saving it is up to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import current_app, render_template, request
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeTimedSerializer

from app.engine.refusals import Invalid
from app.web import sessions

#: The hidden field of the sign-in page; on the form itself it says that it only comes back.
FIELD = "kept"
#: Seconds the sign-in page may stand open.
LASTS = 12 * 3600

P = TypeVar("P", bound=Callable[..., Any])


@dataclass(frozen=True)
class Kept:
    """A form as it was sent."""

    user_id: int
    path: str
    pairs: list[tuple[str, str]]


def resumable(page: P) -> P:
    """Say of a page that its form can be drawn anew with what was typed: it asks `refuse_resumed`."""
    page.resumable = True  # type: ignore[attr-defined]
    return page


def keep() -> str | None:
    """The form of this request, signed; None where there is none, or nobody knows whose session it was."""
    owner = sessions.former_owner()
    if request.method != "POST" or owner is None:
        return None
    pairs = [pair for pair in request.form.items(multi=True) if pair[0] not in ("csrf_token", FIELD)]
    return str(_signer().dumps([owner, request.full_path.rstrip("?"), pairs]))


def carried() -> str:
    """What the sign-in page brings along from page to page, as it came."""
    return request.form.get(FIELD, "")


def brought_back(user_id: int) -> str | None:
    """The page that leads back to the form that was carried along; None where there is none of this user's."""
    try:
        owner, path, pairs = _signer().loads(carried(), max_age=LASTS)
    except BadData:
        return None
    found = Kept(owner, path, [(name, value) for name, value in pairs])
    return render_template("wenshu/kept.html", kept=found, field=FIELD) if owner == user_id else None


def refuse_resumed() -> None:
    """Let a form that comes back be drawn anew. Raises `Invalid`, as for a form with something wrong in it."""
    if FIELD in request.form:
        raise Invalid({"": [_("You had been signed out meanwhile. Please look it over, and save it.")]})


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="kept form")
