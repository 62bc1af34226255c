"""Signing in and out: name and password, then the code where the second step is on; the same doors for machines."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, g, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.api import safe
from flask_appbuilder.security.api import SecurityApi
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import User
from flask_appbuilder.security.views import AuthDBView
from flask_babel import gettext as _
from flask_jwt_extended import create_access_token, create_refresh_token, get_jwt, get_jwt_identity, jwt_required
from flask_login import LoginManager, current_user
from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf
from wtforms import Form, PasswordField, StringField

from app.engine import access, events
from app.engine.refusals import NotAllowed
from app.extensions import db
from app.web import kept_forms, sessions
from app.web.addresses import own_path
from app.web.language import LanguageView
from app.web.security import answer, sentence
from models import accounts, api_keys, logins, second_factor
from models.attempts import LockedOut


class SignInForm(Form):
    username = StringField()
    password = PasswordField()


class CodeForm(Form):
    code = StringField(render_kw={"autocomplete": "one-time-code", "autofocus": True, "maxlength": 40})


class SignInView(AuthDBView):
    """Sign in with name and password, then with a code; sign out by POST."""

    route_base = ""

    @expose("/login/", methods=["GET", "POST"])
    def login(self) -> Any:
        after = own_path(request.args.get("next", ""))
        form = _form()
        if request.method == "POST":
            name, password = form.username.data or "", form.password.data or ""
            try:
                user = accounts.try_password(db.session, name, password, request.remote_addr, "password")
            except LockedOut as refusal:
                return _locked_out(refusal, after)
            if user is not None:
                return self._go_on(user, after)
            flash(_("User name or password is wrong."), "danger")
            return _page(form, after, kept_forms.carried()), 401
        return redirect(after) if current_user.is_authenticated else _page(form, after)

    def _go_on(self, user: User, after: str) -> Any:
        half = second_factor.is_on(db.session, user.id)
        sessions.begin(user, half=half)
        if not half:
            accounts.signed_in(db.session, user, "password")
        db.session.commit()
        if half:
            kept = kept_forms.carried()
            return _code_page(_code_form(None), after) if kept else redirect(url_for("SignInView.code", next=after))
        return kept_forms.brought_back(user) or redirect(after)

    @expose("/login/code/", methods=["GET", "POST"])
    def code(self) -> Any:
        after = own_path(request.args.get("next", ""))
        login = sessions.half_way()
        if login is None:
            return _from_the_start(after)
        form, user = _code_form(request.form), login.user
        if request.method != "POST":
            return _code_page(form, after)
        try:
            right = self._code_is_right(login, form.code.data or "")
        except LockedOut as refusal:
            return _locked_out(refusal, after)
        if right:
            return kept_forms.brought_back(user) or redirect(after)
        if sessions.half_way() is None:
            flash(_("Too many wrong codes. Please sign in again."), "danger")
            return _from_the_start(after)
        flash(_("This code is wrong or was used already."), "danger")
        return _code_page(form, after), 401

    def _code_is_right(self, login: logins.LoginSession, typed: str) -> bool:
        """Judge one code; the fifth wrong one ends the half-finished sign-in."""
        user = login.user
        left = logins.spend_code_try(db.session, login)
        if left and accounts.try_code(db.session, user, typed, request.remote_addr, "code"):
            sessions.begin(user)
            accounts.signed_in(db.session, user, "password and code")
            db.session.commit()
            return True
        if not left or login.wrong_codes >= logins.CODE_TRIES:
            sessions.finish("wrong_codes")
        db.session.commit()
        return False

    @expose("/logout/", methods=["POST"])
    def logout(self) -> Any:
        if sessions.current() is not None:
            events.note(db.session, "sign_out", current_user.username)
        sessions.finish("signed_out")
        db.session.commit()
        return redirect(url_for("SignInView.login"))


def sign_in_first() -> Any:
    """Where a visitor is sent who came to a page for people who are signed in."""
    return redirect(url_for("SignInView.login", next=request.full_path.rstrip("?")))


def sign_in_first_keeping() -> Any:
    """The same for a form: where its session has only ended, what was typed is kept until its owner is back."""
    kept = kept_forms.keep()
    if kept is None:
        return sign_in_first()
    flash(_("You have been signed out meanwhile. What you typed is kept: sign in, and it is here again."), "warning")
    return _page(_form(), request.full_path.rstrip("?"), kept), 401


def _from_the_start(after: str) -> Any:
    """Name and password once more, with the form that is carried along."""
    kept = kept_forms.carried()
    return (_page(_form(), after, kept), 401) if kept else redirect(url_for("SignInView.login", next=after))


def _locked_out(refusal: LockedOut, after: str) -> Any:
    """Whoever has a form with them waits on the page that carries it; `refusal` is raised for anybody else."""
    if not kept_forms.carried():
        raise refusal
    db.session.rollback()
    flash(str(refusal), "danger")
    return _page(_form(), after, kept_forms.carried()), refusal.status


def _form() -> SignInForm:
    form = SignInForm(request.form)
    form.username.label.text, form.password.label.text = _("User name"), _("Password")
    return form


def _code_form(sent: Any) -> CodeForm:
    form = CodeForm(sent)
    form.code.label.text = _("Code from your telephone, or a recovery code")
    return form


def _page(form: SignInForm, after: str, kept: str = "") -> str:
    action = url_for("SignInView.login", next=after)
    return render_template("wenshu/login.html", form=form, action=action, demo=_demo(), kept=kept)


def _code_page(form: CodeForm, after: str) -> str:
    action = url_for("SignInView.code", next=after)
    return render_template("wenshu/code.html", form=form, action=action, kept=kept_forms.carried())


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

    return LABELS.get(role, role)


class TokenRequest(Schema):
    """What a machine sends to sign in; `code` where its account takes the second step."""

    username = fields.String(required=True, validate=Length(min=1))
    password = fields.String(required=True, validate=Length(min=1))
    provider = fields.String(validate=OneOf(["db"]))
    refresh = fields.Boolean()
    code = fields.String(load_default="")


class OfficeSecurityApi(SecurityApi):
    """Bearer tokens for machines: each belongs to a session in the table and ends with it."""

    resource_name = "security"

    @expose("/login", methods=["POST"])
    def login(self) -> Any:
        """Sign in and get a bearer token.
        ---
        post:
          summary: Sign in
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [username, password]
                  properties:
                    username: {type: string}
                    password: {type: string}
                    provider: {type: string, enum: [db]}
                    refresh: {type: boolean}
                    code: {type: string, description: the code of the second step}
          responses:
            200: {description: The token}
            400: {$ref: '#/components/responses/400'}
            401: {$ref: '#/components/responses/401'}
            403: {$ref: '#/components/responses/403'}
            429: {description: Too many tries}
        """
        try:
            sent = TokenRequest().load(request.get_json(silent=True) or {})
        except ValidationError:
            return answer(400, sentence(400))
        name, password, code = sent["username"], sent["password"], sent["code"]
        user = accounts.try_password(db.session, name, password, request.remote_addr, "API")
        if user is None:
            return answer(401, _("User name or password is wrong."))
        if second_factor.is_on(db.session, user.id) and not (
            code and accounts.try_code(db.session, user, code, request.remote_addr, "API")
        ):
            return answer(401, _("Please send the code of the second step as “code”."))
        if accounts.duty(db.session, user):
            raise NotAllowed(_("Please sign in on the pages first: there is something to do for you there."))
        token = logins.begin(db.session, user, way="api", address=request.remote_addr, agent=request.user_agent.string)
        accounts.signed_in(db.session, user, "API")
        db.session.commit()
        identity, claims = str(user.id), {sessions.TOKEN: token}
        tokens = {"access_token": create_access_token(identity, fresh=True, additional_claims=claims)}
        if sent.get("refresh"):
            tokens["refresh_token"] = create_refresh_token(identity, additional_claims=claims)
        return self.response(200, **tokens)

    @expose("/refresh", methods=["POST"])
    @jwt_required(refresh=True)
    @safe
    def refresh(self) -> Any:
        """A new token of the same session.
        ---
        post:
          summary: Get a new token
          responses:
            200: {description: The token}
            401: {$ref: '#/components/responses/401'}
          security:
          - jwt_refresh: []
        """
        claims = {sessions.TOKEN: get_jwt()[sessions.TOKEN]}
        token = create_access_token(identity=get_jwt_identity(), fresh=False, additional_claims=claims)
        return self.response(200, access_token=token)


class OfficeSecurityManager(SecurityManager):
    """The framework's accounts and roles, with our own sign-in, sessions and keys, and none of its pages."""

    authdbview = SignInView
    security_api = OfficeSecurityApi

    def register_views(self) -> None:
        self.appbuilder.add_api(self.security_api)
        self.auth_view = self.authdbview()
        self.appbuilder.add_view_no_menu(self.auth_view)
        self.appbuilder.add_view_no_menu(LanguageView())

    def create_db(self) -> None:
        """Roles are made by `seed.roles`, tables by the migrations."""

    def create_login_manager(self, app: Any) -> LoginManager:
        """No user is kept in the cookie: the table of sessions is asked at every request."""
        manager = LoginManager(app)
        manager.request_loader(sessions.user_of)
        return manager

    def create_jwt_manager(self, app: Any) -> Any:
        """A token that is missing, spent, forged or of the wrong sort gets the sentence every refused request gets."""
        manager = super().create_jwt_manager(app)
        for on in ("unauthorized", "invalid_token", "expired_token", "revoked_token", "user_lookup_error"):
            getattr(manager, f"{on}_loader")(lambda *_why: answer(401, sentence(401)))
        return manager

    def load_user_jwt(self, header: dict[str, Any], claims: dict[str, Any]) -> User | None:
        user = sessions.of_bearer(claims.get(sessions.TOKEN))
        if user is not None and claims["sub"] == str(user.id):
            g.user = user
            return user
        return None

    @staticmethod
    def extract_api_key_from_request() -> str | None:
        """The bearer token, if it is a key."""
        kind, _space, token = request.headers.get("Authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" and token.strip().startswith(api_keys.PREFIX) else None

    def validate_api_key(self, secret: str) -> User | None:
        """The owner of a live key, whose rights last as far as the key's scope."""
        with access.system():
            key = api_keys.find(db.session, secret)
            if key is None or accounts.duty(db.session, key.user):
                return None
            scope = key.scope
            api_keys.use(db.session, key)
            g.user, g._api_key_user, g.scope = key.user, True, scope
            return key.user

    def has_access(self, permission_name: str, view_name: str) -> bool:
        scope: access.Scope | None = g.get("scope")
        within = scope is None or scope.covers(permission_name.removeprefix("can_"), view_name)
        return within and super().has_access(permission_name, view_name)

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is: there is no public role, and asking would be a query at every call."""
        return False
