"""What was typed into a form whose session had ended: kept on the sign-in page, signed, until its owner is back.

Nothing of it is stored here. It comes back to whoever's session it was and to nobody else, and the form it was typed
into is drawn with it anew: looking it over and saving it is up to them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, render_template, request, url_for
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeTimedSerializer

from app.engine.refusals import Invalid
from app.extensions import db
from app.web import sessions
from models import accounts

#: The hidden field of the sign-in page; on the form itself it says that it only comes back.
FIELD = "kept"
#: Seconds the sign-in page may stand open.
LASTS = 12 * 3600

P = TypeVar("P", bound=Callable[..., Any])


def resumable(page: P) -> P:
    """Say of a page that its form can be drawn anew with what was typed: it asks `refuse_resumed`."""
    page.resumable = True  # type: ignore[attr-defined]
    return page


def keep() -> str | None:
    """The form of this request, signed; None where there is none, or nobody knows whose session it was."""
    owner = sessions.former_owner() if request.method == "POST" else None
    if owner is None:
        return None
    pairs = [pair for pair in request.form.items(multi=True) if pair[0] not in ("csrf_token", FIELD)]
    return str(_signer().dumps([owner, request.full_path.rstrip("?"), pairs]))


def carried() -> str:
    """What the sign-in page brings along from page to page, as it came."""
    return request.form.get(FIELD, "")


def brought_back(user: User) -> str | None:
    """The page that leads back to the form that was carried along; None where there is none of this user's.

    What the user has to do before anything else is done from there, in a window of its own.
    """
    try:
        owner, path, pairs = _signer().loads(carried(), max_age=LASTS)
    except BadData:
        return None
    if owner != user.id:
        return None
    duty = accounts.duty(db.session, user)
    first = url_for(sessions.DUTIES[duty]) if duty else None
    return render_template("wenshu/kept.html", action=path, pairs=pairs, field=FIELD, first=first)


def refuse_resumed() -> None:
    """Let a form that comes back be drawn anew. Raises `Invalid`, as for a form with something wrong in it."""
    if FIELD in request.form:
        raise Invalid({"": [_("You had been signed out meanwhile. Please look it over, and save it.")]})


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="kept form")
