"""Sign-in, language, headers and errors: what surrounds every page."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from flask import Flask, Response, current_app, flash, g, jsonify, make_response, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.babel.manager import BabelManager
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.views import AuthDBView
from flask_appbuilder.utils.base import get_safe_redirect
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException
from wtforms import Form, PasswordField, StringField

from app.engine import access, history
from app.engine.database import only_reads
from app.engine.fields import storable
from app.engine.refusals import Invalid, Refused
from app.extensions import db
from models.people import actor_of

log = logging.getLogger("wenshu")


class SignInForm(Form):
    username = StringField()
    password = PasswordField()


class SignInView(AuthDBView):
    """Sign in with name and password; sign out by POST."""

    route_base = ""

    @expose("/login/", methods=["GET", "POST"])
    def login(self) -> Any:
        after = get_safe_redirect(request.args.get("next", ""))
        if current_user.is_authenticated:
            return redirect(after)
        form = SignInForm(request.form)
        form.username.label.text, form.password.label.text = _("User name"), _("Password")
        if request.method == "POST":
            user = self.appbuilder.sm.auth_user_db(form.username.data or "", form.password.data or "")
            if user:
                language = session.get("locale")
                session.clear()  # a new session at sign-in: nobody can have planted this one
                if language:
                    session["locale"] = language
                session.permanent = True
                login_user(user, remember=False)
                return redirect(after)
            flash(_("User name or password is wrong."), "danger")
        return self.render_template("wenshu/login.html", form=form, demo=_demo()), 401 if form.errors else 200

    @expose("/logout/", methods=["POST"])
    def logout(self) -> Any:
        logout_user()
        session.clear()
        return redirect(url_for("SignInView.login"))


def _demo() -> dict[str, Any] | None:
    """The demo office says which accounts there are; a real one never does."""
    from seed.demo import ACCOUNTS  # the demo office, on its own sign-in page only

    if not current_app.config["DEMO"]:
        return None
    return {
        "sentence": _("All accounts have the password that the start printed."),
        "accounts": [{"name": name, "role_text": str(role_label(roles))} for name, roles in ACCOUNTS],
    }


def role_label(role: str) -> Any:
    from seed.roles import LABELS

    return LABELS[role]


class LanguageView(BaseView):
    """Switch the language of the pages."""

    route_base = "/language"

    @expose("/", methods=["POST"])
    def set(self) -> Any:
        if request.form.get("language") in current_app.config["LANGUAGES"]:
            session["locale"] = request.form["language"]
        return redirect(get_safe_redirect(request.form.get("next", "")))


class OfficeSecurityManager(SecurityManager):
    """The framework's accounts and roles, with our own sign-in and none of its pages."""

    authdbview = SignInView

    def register_views(self) -> None:
        self.appbuilder.add_api(self.security_api)
        self.auth_view = self.authdbview()
        self.appbuilder.add_view_no_menu(self.auth_view)
        self.appbuilder.add_view_no_menu(LanguageView())

    def create_db(self) -> None:
        """Roles are made by `seed.roles`, tables by the migrations."""

    def auth_user_db(self, username: str, password: str) -> Any:
        """Nobody has a name or a password that no text can hold; the framework would fail over it."""
        return super().auth_user_db(username, password) if storable(username + password) else None

    def create_jwt_manager(self, app: Flask) -> Any:
        """A token that is missing, spent, forged or of the wrong sort gets the sentence every refused request gets."""
        manager = super().create_jwt_manager(app)
        for on in ("unauthorized", "invalid_token", "expired_token", "revoked_token", "user_lookup_error"):
            getattr(manager, f"{on}_loader")(lambda *_why: _answer(401, sentence(401)))
        return manager


def _locale(self: BabelManager) -> str:
    """The language chosen here, else the first of the browser's that we have."""
    languages = list(current_app.config["LANGUAGES"])
    wanted = session.get("locale") if request else None
    if wanted in languages:
        return str(wanted)
    return (request.accept_languages.best_match(languages) if request else None) or self.babel_default_locale


# The framework's own switch changes the session by GET; ours is a POST (LanguageView).
BabelManager.register_views = lambda self: None
BabelManager.get_locale = _locale  # the framework builds its manager by name and ignores Accept-Language


def request_actor() -> access.Actor:
    """The actor of this request, found once for each user that turns up in it (a token's comes late)."""
    if not request:
        return access.NOBODY
    if g.get("_finding_actor"):
        return access.SYSTEM  # loading the user is itself a query
    g._finding_actor = True
    try:
        user = getattr(g, "user", None) or current_user
        if user is None or not user.is_authenticated or not user.is_active:
            return access.NOBODY
        actors = g.setdefault("_actors", {})
        if user.id not in actors:
            actors[user.id] = actor_of(db.session, user)
        return actors[user.id]
    finally:
        g._finding_actor = False


POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def protect(app: Flask) -> None:
    """Install what every request and answer needs: nonce, headers, request number, plain errors."""
    access.provide(request_actor)
    app.jinja_env.globals["csp_nonce"] = lambda: g.csp_nonce

    @app.before_request
    def begin() -> None:
        g.csp_nonce = secrets.token_urlsafe(16)
        g.reference = secrets.token_hex(6)
        history.request_id.set(g.reference)
        only_reads(request.method in ("GET", "HEAD", "OPTIONS"))

    @app.teardown_request
    def end(error: BaseException | None) -> None:
        history.request_id.set(None)
        only_reads(False)

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY.format(nonce=g.get("csp_nonce", ""))
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "same-origin"
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Any:
        db.session.rollback()
        return _answer(error.status, str(error), error.errors if isinstance(error, Invalid) else None)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Any:
        if error.response is not None or (error.code or 500) < 400:
            return error
        return _answer(error.code or 500, sentence(error.code or 500))

    @app.errorhandler(OperationalError)
    def database_away(error: OperationalError) -> Any:
        log.error("database: %s (reference %s)", error.orig, g.get("reference"))
        db.session.rollback()
        return _answer(503, _("The database does not answer just now. Please try again in a moment."))

    @app.errorhandler(DataError)
    @app.errorhandler(UnicodeEncodeError)
    def cannot_be_stored(error: Exception) -> Any:
        """A value no column can hold, at a place that takes any word: NUL, half a character, a number without end."""
        log.warning("not to be stored: %s (reference %s)", type(error).__name__, g.get("reference"))
        db.session.rollback()
        return _answer(400, sentence(400))

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Any:
        if current_app.config.get("PROPAGATE_EXCEPTIONS"):
            raise error
        log.exception("reference %s", g.get("reference"))
        db.session.rollback()
        return _answer(500, sentence(500))


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


def _answer(status: int, words: str, errors: dict[str, list[str]] | None = None) -> Any:
    reference = g.get("reference", "")
    if request.path.startswith("/api/"):
        body: dict[str, Any] = {"message": words, "reference": reference}
        return make_response(jsonify({**body, "errors": errors} if errors else body), status)
    page = current_app.jinja_env.get_template("wenshu/error.html")
    titles = {403: _("Not allowed"), 404: _("Not found"), 400: _("Not understood")}
    title = titles.get(status, _("That did not work"))
    return make_response(page.render(title=title, sentence=words, reference=reference, home_href="/"), status)


def locale_code() -> str:
    return str(get_locale() or "zh")
