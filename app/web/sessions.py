"""Whose request this is: the cookie carries a random token, the table of sessions says what it is worth."""

from __future__ import annotations

import dataclasses
from typing import Any

from flask import Flask, Request, g, redirect, request, session, url_for
from flask_appbuilder.security.sqla.models import User
from flask_login import current_user

from app.engine import access
from app.extensions import db
from models import accounts, logins
from models.logins import LoginSession
from models.people import actor_of

#: Under this name Flask's signed cookie carries the token.
TOKEN = "login"
#: And under this one what tells our own forms from those of other sites.
FORMS = "csrf_token"

#: Where somebody is sent who has something to do before anything else.
DUTIES = {"password": "AccountView.password", "second_factor": "AccountView.second_factor"}
#: Pages that answer all the same.
FREE = {
    "AccountView.password", "AccountView.second_factor", "AccountView.propose_factor", "AccountView.confirm_factor",
    "SignInView.login", "SignInView.logout", "LanguageView.set",
}  # fmt: skip
#: Addresses that have nothing to do with persons.
IMPERSONAL = {"static", "HealthView.healthz", "HealthView.readyz", "MetricsView.metrics", None}


def begin(user: User, *, half: bool = False) -> None:
    """Give this browser a new session; the one it had is over, and nobody can have planted this one."""
    old, kept = current() or half_way(), {"locale": session.get("locale")}
    if former_owner() == user.id:  # their forms that stand open beside this page can still be sent
        kept[FORMS] = session.get(FORMS)
    if old is not None:
        logins.end(db.session, old, "signed_in_anew")
    session.clear()
    session.update({name: value for name, value in kept.items() if value})
    session.permanent = True
    session[TOKEN] = logins.begin(
        db.session, user, half=half, address=request.remote_addr, agent=request.user_agent.string
    )
    g.pop("_login", None)


def finish(reason: str) -> None:
    """End this browser's session, here and in the table."""
    login = current() or half_way()
    if login is not None:
        logins.end(db.session, login, reason)
    session.clear()
    g.pop("_login", None)


def _found() -> LoginSession | None:
    if "_login" not in g:
        token = session.get(TOKEN)
        with access.system():
            g._login = logins.find(db.session, token) if isinstance(token, str) else None
    return g._login


def current() -> LoginSession | None:
    """The session this browser is signed in with."""
    login = _found()
    return login if login is not None and not login.half else None


def half_way() -> LoginSession | None:
    """The sign-in of this browser that still waits for a code."""
    login = _found()
    return login if login is not None and login.half else None


def former_owner() -> int | None:
    """Whose session this browser's is or was last, ended or not; None after signing out."""
    token = session.get(TOKEN)
    with access.system():
        return logins.owner_of(db.session, token) if isinstance(token, str) else None


def user_of(request: Request) -> User | None:
    """What the framework asks at every request: the signed-in user."""
    login = current()
    return login.user if login is not None else None


def of_bearer(token: Any) -> User | None:
    """The user of a session whose token came inside a bearer token; it notes that the session is in use."""
    if not isinstance(token, str):
        return None
    with access.system():
        login = logins.find(db.session, token)
        if login is None or login.way != "api" or accounts.duty_in(db.session, login):
            return None
        logins.see(db.session, login)
        return login.user


def request_actor() -> access.Actor:
    """The actor of this request, found once for each user that turns up in it (a token's comes late)."""
    if not request:
        return access.NOBODY
    about = g._get_current_object().__dict__  # asked at every query and every right: no detour through proxies
    get = about.get
    found: tuple[Any, ...] | None = get("_actor")
    if found and found[0] is get("user") and found[1] is get("_login_user") and found[2] is get("scope"):
        return found[3]
    if about.get("_finding_actor"):
        return access.SYSTEM  # loading the user is itself a query
    about["_finding_actor"] = True
    try:
        user, scope = about.get("user") or current_user, about.get("scope")
        if user is None or not user.is_authenticated or not user.is_active:
            return access.NOBODY
        actor = dataclasses.replace(actor_of(db.session, user), scope=scope)
        about["_actor"] = (about.get("user"), about.get("_login_user"), scope, actor)
        return actor
    finally:
        about["_finding_actor"] = False


def install(app: Flask) -> None:
    """At every page: note that the session is in use, and send people to what they have to do first."""

    @app.before_request
    def duties_first() -> Any:
        if request.endpoint in IMPERSONAL or request.path.startswith("/api/"):
            return None
        login = current()
        if login is None:
            return None
        with access.system():
            logins.see(db.session, login)
            duty = accounts.duty_in(db.session, login)
        return redirect(url_for(DUTIES[duty])) if duty and request.endpoint not in FREE else None
