"""One's own account: password, second step, sessions, keys for machines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import segno
from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from markupsafe import Markup
from wtforms import Form, PasswordField, RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired

from app.engine import access, events
from app.engine import record as records
from app.engine.moments import parse_date, today
from app.engine.refusals import Invalid
from app.extensions import db
from app.web import sessions
from app.web.cells import moment_text
from app.web.forms import DateField, put_errors
from app.web.signin import role_label
from models import accounts, api_keys, logins, second_factor

NEEDED = [InputRequired()]  # draws the mark; what was typed is judged by the models
PRESENT: dict[str, Any] = {"validators": NEEDED, "render_kw": {"autocomplete": "current-password"}}
CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": 12}
CHOSEN: dict[str, Any] = {"validators": NEEDED, "render_kw": {"autocomplete": "new-password"}}


def personal(page: Callable[..., Any]) -> Callable[..., Any]:
    """Let signed-in people pass; visitors are sent to sign in."""

    @wraps(page)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            return redirect(url_for("SignInView.login", next=url_for("AccountView.index")))
        return page(self, *args, **kwargs)

    return guarded


#: Before the names of the fields in the second of two forms on one page.
OFF = "off-"


class PasswordForm(Form):
    present = PasswordField(_l("Present password"), **PRESENT)
    password = PasswordField(_l("New password"), **CHOSEN)
    again = PasswordField(_l("New password once more"), **CHOSEN)


class ConfirmForm(Form):
    code = StringField(_l("Code from your telephone"), NEEDED, render_kw=CODE)
    present = PasswordField(_l("Present password"), **PRESENT)


class KeyForm(Form):
    name = StringField(_l("Name of the key"), NEEDED, description=_l("What it is for, such as “Stock list, nightly”"))
    until = DateField(_l("Valid until"), NEEDED, description=_l("A key ends within a year."))
    reach = RadioField(
        _l("Reach"),
        choices=[SelectChoice("read", _l("Read only")), SelectChoice("write", _l("Read and write"))],
        default="read",
    )
    kinds = SelectMultipleField(_l("Only these records"), description=_l("None chosen: all that you may see."))
    present = PasswordField(_l("Present password"), **PRESENT)


class AccountView(BaseView):
    """The pages of one's own account, at `/account/`."""

    route_base = "/account"

    @expose("/")
    @personal
    def index(self) -> Any:
        user, here = current_user, sessions.current()
        keys = api_keys.of_user(db.session, user.id)
        return self.render_template(
            "wenshu/account.html",
            user=user,
            person=access.current(),
            roles="、".join(str(role_label(role.name)) for role in user.roles),
            second_factor=second_factor.is_on(db.session, user.id),
            codes_left=second_factor.codes_left(db.session, user.id),
            sessions=[login_row(login, here) for login in logins.open_of(db.session, user.id)],
            keys=[_key_row(key) for key in keys],
        )

    # --- password

    @expose("/password", methods=["GET", "POST"])
    @personal
    def password(self) -> Any:
        form = PasswordForm(request.form)
        if request.method == "POST" and self._is_me(form) and self._chosen_twice(form):
            try:
                accounts.change_password(db.session, _me(), form.password.data or "", here=sessions.current())
                db.session.commit()
                flash(_("The password is changed. All your other sessions have ended."), "success")
                return redirect(url_for("AccountView.index"))
            except Invalid as refusal:
                db.session.rollback()
                put_errors(form, refusal.errors)  # type: ignore[arg-type]
        owed = accounts.duty(db.session, current_user) == "password"
        return self._form(
            form,
            _("Change password"),
            _("Your password was given to you by somebody else. Please choose your own before you go on.")
            if owed
            else _("Any characters, Chinese ones too; a few words that do not belong together are better than one."),
            cancel=None if owed else url_for("AccountView.index"),
        )

    def _is_me(self, form: Any) -> bool:
        """Whether the present password is right; the try counts like one at the sign-in."""
        typed = form.present.data or ""
        if accounts.try_password(db.session, current_user.username, typed, request.remote_addr, "account"):
            return True
        form.present.errors = [_("This is not your present password.")]
        return False

    def _chosen_twice(self, form: PasswordForm) -> bool:
        if form.password.data == form.again.data:
            return True
        form.again.errors = [_("The two new passwords differ.")]
        return False

    def _form(self, form: Form, title: str, intro: str, *, submit: str | None = None, cancel: str | None) -> Any:
        wrong = any(field.errors for field in form)
        page = self.render_template(
            "wenshu/form.html", title=title, intro=intro, form=form, submit_label=submit, cancel_href=cancel
        )
        return page, 422 if wrong else 200

    # --- second step

    @expose("/second-factor")
    @personal
    def second_factor(self) -> Any:
        return self._second_factor()

    def _second_factor(self, form: ConfirmForm | None = None, off: ConfirmForm | None = None) -> Any:
        """The page as the second step stands; one of its two forms may come back with what is wrong in it."""
        factor = second_factor.find(db.session, current_user.id)
        proposed = factor is not None and factor.confirmed_at is None
        page = self.render_template(
            "wenshu/second_factor.html",
            form=form or ConfirmForm(),
            off=off or ConfirmForm(prefix=OFF),
            on=factor is not None and not proposed,
            owed=accounts.duty(db.session, current_user) == "second_factor",
            needed=accounts.needs_second_factor(current_user),
            codes_left=second_factor.codes_left(db.session, current_user.id),
            picture=_picture(factor) if factor is not None and proposed else None,
            secret=" ".join(factor.secret[i : i + 4] for i in range(0, len(factor.secret), 4))
            if factor is not None and proposed
            else None,
        )
        return page, 422 if form or off else 200

    @expose("/second-factor/propose", methods=["POST"])
    @personal
    def propose_factor(self) -> Any:
        second_factor.propose(db.session, current_user.id)
        db.session.commit()
        return redirect(url_for("AccountView.second_factor"))

    @expose("/second-factor/confirm", methods=["POST"])
    @personal
    def confirm_factor(self) -> Any:
        form = ConfirmForm(request.form)
        if self._is_me(form):
            codes = accounts.second_factor_on(db.session, _me(), form.code.data or "", here=sessions.current())
            db.session.commit()
            if codes is not None:
                return self._recovery_codes(codes, _("The second step is switched on"))
            form.code.errors = [_("This code is wrong or was used already.")]
        return self._second_factor(form)

    @expose("/second-factor/codes", methods=["POST"])
    @personal
    def recovery_codes(self) -> Any:
        form = ConfirmForm(request.form)
        if not second_factor.is_on(db.session, current_user.id) or not self._is_me(form):
            return self._second_factor(form)
        codes = second_factor.new_recovery_codes(db.session, current_user.id)
        db.session.commit()
        return self._recovery_codes(codes, _("New recovery codes"))

    def _recovery_codes(self, codes: list[str], title: str) -> str:
        return self.render_template(
            "wenshu/once.html",
            title=title,
            intro=_("Print these recovery codes or write them down. Each works once when your telephone is away."),
            secrets=codes,
            back=url_for("AccountView.index"),
        )

    @expose("/second-factor/off", methods=["POST"])
    @personal
    def second_factor_off(self) -> Any:
        form = ConfirmForm(request.form, prefix=OFF)
        if accounts.needs_second_factor(current_user):
            abort(403)
        if not self._is_me(form):
            return self._second_factor(off=form)
        accounts.second_factor_off(db.session, _me())
        db.session.commit()
        flash(_("The second step is switched off."), "success")
        return redirect(url_for("AccountView.index"))

    # --- sessions

    @expose("/sessions/<int:pk>/end", methods=["POST"])
    @personal
    def end_session(self, pk: int) -> Any:
        login = logins.open_one(db.session, pk)
        if login is None or login.user_id != current_user.id:
            abort(404)
        accounts.end_session(db.session, login)
        db.session.commit()
        flash(_("The session has ended."), "success")
        return redirect(url_for("AccountView.index"))

    @expose("/sessions/end-others", methods=["POST"])
    @personal
    def end_other_sessions(self) -> Any:
        accounts.end_sessions(db.session, _me(), but=sessions.current())
        db.session.commit()
        flash(_("All your other sessions have ended."), "success")
        return redirect(url_for("AccountView.index"))

    # --- keys for machines

    @expose("/keys/add", methods=["GET", "POST"])
    @personal
    def add_key(self) -> Any:
        form = KeyForm(request.form, data={"until": (today() + timedelta(days=90)).isoformat()})
        form.kinds.choices = _reachable()
        if request.method == "POST" and self._is_me(form):
            try:
                return self._made_key(form)
            except Invalid as refusal:
                db.session.rollback()
                put_errors(form, refusal.errors)  # type: ignore[arg-type]
        return self._form(
            form,
            _("New key for machines"),
            _("A program sends it as a bearer token. It may do what you may, at most, and dies with your account."),
            submit=_("Make the key"),
            cancel=url_for("AccountView.index"),
        )

    def _made_key(self, form: KeyForm) -> str:
        try:
            until = parse_date(str(form.until.data or ""))
        except ValueError as error:
            raise Invalid({"until": [str(error)]}) from None
        kinds = {choice.value for choice in _reachable()}.intersection(form.kinds.data or [])
        key, secret = api_keys.make(
            db.session,
            current_user.id,
            form.name.data or "",
            until=until,
            writes=form.reach.data == "write",
            kinds=kinds,
        )
        events.note(db.session, "key_made", current_user.username, f"{key.name} ({key.prefix}…)")
        db.session.commit()
        return self.render_template(
            "wenshu/once.html",
            title=_("The key is made"),
            intro=_("Copy it now: it is shown this once. Send it as “Authorization: Bearer …”."),
            secrets=[secret],
            back=url_for("AccountView.index"),
        )

    @expose("/keys/<int:pk>/revoke", methods=["POST"])
    @personal
    def revoke_key(self, pk: int) -> Any:
        key = next((one for one in api_keys.of_user(db.session, current_user.id) if one.id == pk), None)
        if key is None:
            abort(404)
        accounts.revoke(db.session, key)
        db.session.commit()
        flash(_("The key is revoked."), "success")
        return redirect(url_for("AccountView.index"))


def _me() -> Any:
    """The signed-in user itself, not the framework's stand-in for it."""
    return current_user._get_current_object()


def _reachable() -> list[SelectChoice]:
    actor = access.current()
    kinds = sorted(records.kinds().items())
    return [SelectChoice(kind, str(model.label_plural)) for kind, model in kinds if actor.may("read", kind)]


def _picture(factor: second_factor.SecondFactor) -> Markup:
    """The code to scan, as a picture without styles of its own."""
    address = second_factor.address_of(factor, current_user.username, "Wenshu")
    return Markup(segno.make(address, error="m").svg_inline(scale=5, border=3, dark="#000", light="#fff"))


_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Chrome": "Chrome", "Firefox": "Firefox", "Safari": "Safari"}
_SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def browser_of(agent: str) -> str:
    """The browser and system that a user agent claims to be, as far as people would know them by name."""
    parts = (next((name for mark, name in marks.items() if mark in agent), "") for marks in (_BROWSERS, _SYSTEMS))
    return " · ".join(filter(None, parts))


def login_row(login: logins.LoginSession, here: logins.LoginSession | None = None) -> dict[str, Any]:
    """One session as the pages show it."""
    return {
        "id": login.id,
        "way": _("Program") if login.way == "api" else browser_of(login.agent or "") or _("Browser"),
        "agent": login.agent or "",
        "address": login.address or "",
        "started": moment_text(login.started_at),
        "seen": moment_text(login.seen_at),
        "here": here is not None and login.id == here.id,
    }


def _key_row(key: api_keys.ApiKey) -> dict[str, Any]:
    models = records.kinds()
    kinds = [str(models[kind].label_plural) for kind in sorted(key.scope.kinds) if kind in models]
    state, tone = (_("Revoked"), "muted") if key.revoked_at else (_("Valid"), "good")
    if not key.revoked_at and not key.is_live:
        state, tone = _("Expired"), "muted"
    return {
        "id": key.id,
        "name": key.name,
        "prefix": f"{key.prefix}…",
        "reach": (_("Read and write") if key.writes else _("Read only")) + (f" · {'、'.join(kinds)}" if kinds else ""),
        "until": moment_text(key.expires_at),
        "used": moment_text(key.last_used_at) if key.last_used_at else "",
        "state": state,
        "tone": tone,
        "live": key.is_live,
    }
