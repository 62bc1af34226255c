"""Headers, policy and errors: what surrounds every page."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, make_response, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from app.engine import access, events, history
from app.engine.database import Overtaken, lost, only_reads, plainly
from app.engine.refusals import Invalid, Refused
from app.extensions import db, end_session
from app.web import sessions

log = logging.getLogger("wenshu")

POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


#: Nothing of the machine is used but the screen.
FEATURES = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), "
    "midi=(), payment=(), usb=()"
)
A_YEAR = 365 * 24 * 3600


def protect(app: Flask) -> None:
    """Install what every request and answer needs: nonce, headers, request number, plain errors."""
    access.provide(sessions.request_actor)
    app.jinja_env.globals["csp_nonce"] = lambda: g.csp_nonce

    @app.before_request
    def begin() -> None:
        g.csp_nonce = secrets.token_urlsafe(16)
        g.reference = secrets.token_hex(6)
        history.request_id.set(g.reference)
        events.address.set(request.remote_addr)
        only_reads(request.method in ("GET", "HEAD", "OPTIONS"))

    @app.teardown_request
    def end(error: BaseException | None) -> None:
        end_session()
        history.request_id.set(None)
        events.address.set(None)
        only_reads(False)

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY.format(nonce=g.get("csp_nonce", ""))
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = FEATURES
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={A_YEAR}; includeSubDomains"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.after_request
    def refusals(response: Response) -> Response:
        if response.status_code in (403, 404) and request.endpoint not in sessions.IMPERSONAL:
            _note_refusal(response.status_code)
        return response

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Any:
        db.session.rollback()
        return answer(error.status, str(error), error.errors if isinstance(error, Invalid) else None)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Any:
        if error.response is not None or (error.code or 500) < 400:
            return error
        return answer(error.code or 500, sentence(error.code or 500))

    @app.errorhandler(CSRFError)
    def of_another_session(error: CSRFError) -> Any:
        """The page was opened under a sign-in this browser no longer has; or another site has sent the form."""
        return answer(400, _(
            "This page belongs to a sign-in that is over. Nothing was stored: go back, copy what you typed, sign in "
            "and open the page anew."
        ))  # fmt: skip

    @app.errorhandler(OperationalError)
    @app.errorhandler(InterfaceError)
    @app.errorhandler(PoolTimeout)
    @app.errorhandler(StaleDataError)
    @app.errorhandler(Overtaken)
    def database_away(error: Exception) -> Any:
        log.error("database: %s (reference %s)", plainly(error), g.get("reference"))
        end_session()
        if lost(error):
            return answer(503, _("Too many people are writing just now. Please try again in a moment."))
        return answer(503, _("The database does not answer just now. Please try again in a moment."))

    @app.errorhandler(DataError)
    @app.errorhandler(UnicodeEncodeError)
    def cannot_be_stored(error: Exception) -> Any:
        """A value no column can hold, at a place that takes any word: NUL, half a character, a number without end."""
        log.warning("not to be stored: %s (reference %s)", type(error).__name__, g.get("reference"))
        db.session.rollback()
        return answer(400, sentence(400))

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Any:
        if current_app.config.get("PROPAGATE_EXCEPTIONS"):
            raise error
        log.exception("reference %s", g.get("reference"))
        db.session.rollback()
        return answer(500, sentence(500))


def _note_refusal(status: int) -> None:
    """A signed-in person came to a closed door, or to one that is not there for them."""
    actor = access.current()
    db.session.rollback()  # a refused request leaves nothing behind, and the event has a transaction of its own
    if actor.id is not None:
        try:
            with access.acting_as(actor):
                events.note(db.session, "refused", f"{request.method} {request.path}", str(status), at_once=True)
        except OperationalError as error:
            log.error("not noted: %s refused %s (%s)", actor.id, status, error.orig)


def sentence(status: int) -> str:
    """What a refused request is told, in one sentence."""
    return {
        400: _("This request cannot be understood; please go back and try again."),
        401: _("Please sign in."),
        403: _("Your role does not allow this."),
        404: _("There is no such record, or it is not for you to see."),
        405: _("This address does not work that way."),
        409: _("Somebody else changed this meanwhile; please look again."),
        413: _("The file or form is too large."),
        415: _("This kind of content is not understood here."),
        429: _("Too many requests; please wait a little."),
    }.get(status, _("Something went wrong on our side. Nothing was stored; please try again."))


def answer(status: int, words: str, errors: dict[str, list[str]] | None = None) -> Any:
    reference = g.get("reference", "")
    if request.path.startswith("/api/"):
        body: dict[str, Any] = {"message": words, "reference": reference}
        return make_response(jsonify({**body, "errors": errors} if errors else body), status)
    page = current_app.jinja_env.get_template("wenshu/error.html")
    titles = {403: _("Not allowed"), 404: _("Not found"), 400: _("Not understood")}
    title = titles.get(status, _("That did not work"))
    return make_response(page.render(title=title, sentence=words, reference=reference, home_href="/"), status)
