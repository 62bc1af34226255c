"""Everybody's accounts, for the administrator: who may sign in, with which roles, and where they are signed in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload
from wtforms import Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from app.engine import access, events, passwords
from app.engine.refusals import Invalid
from app.extensions import db
from app.web import sessions
from app.web.account import NEEDED, login_row
from app.web.cells import moment_text
from app.web.forms import put_errors
from app.web.kind import allowed
from app.web.signin import role_label
from models import accounts, attempts, logins, second_factor
from seed.accounts import make, roles
from seed.roles import ROLES

PAGE = 50


class NewAccountForm(Form):
    username = StringField(_l("User name"), NEEDED, render_kw={"maxlength": 64, "autocomplete": "off"})
    full_name = StringField(_l("Full name"), render_kw={"maxlength": 64, "autocomplete": "off"})
    role = SelectField(_l("Role"), NEEDED, validate_choice=False)


class AccountsView(BaseView):
    """List and page of all accounts, at `/accounts/`; every change is a POST of its own."""

    route_base = "/accounts"
    subject, label = "accounts", _l("Accounts")

    @expose("/")
    @allowed("read")
    def index(self) -> Any:
        q, number = request.args.get("q", "")[:100], request.args.get("page", "1")
        page = int(number) if number.isascii() and number.isdigit() and 0 < int(number) < 10_000 else 1
        query = select(User).options(selectinload(User.roles)).order_by(User.username, User.id)
        if q:
            query = query.where(
                or_(User.username.icontains(q, autoescape=True), User.first_name.icontains(q, autoescape=True))
            )
        total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
        users = list(db.session.scalars(query.limit(PAGE).offset((page - 1) * PAGE)))
        locked = attempts.locked(db.session, [user.username for user in users])
        return self.render_template(
            "wenshu/list.html",
            view={
                "title": str(self.label),
                "exports": [],
                "href_add": url_for("AccountsView.add") if access.current().may("add", self.subject) else None,
            },
            q=q,
            columns=[
                {"name": "username", "label": _("User name"), "kind": "text"},
                {"name": "name", "label": _("Full name"), "kind": "text"},
                {"name": "roles", "label": _("Roles"), "kind": "text"},
                {"name": "last", "label": _("Last sign-in"), "kind": "moment"},
                {"name": "state", "label": _("State"), "kind": "state"},
            ],
            rows=[_row(user, user.username in locked) for user in users],
            count_text=_("%(count)s accounts", count=total),
            pager=_pager(q, page, more=total > page * PAGE),
            empty={"title": _("No account of this name"), "hint": None, "href": None, "label": None},
        )

    @expose("/<int:pk>")
    @allowed("read")
    def show(self, pk: int) -> Any:
        user = self._user(pk)
        locked = bool(attempts.locked(db.session, [user.username]))
        here, held = sessions.current(), {role.name for role in user.roles}
        return self.render_template(
            "wenshu/account_of.html",
            user=user,
            state=_state(user, locked),
            locked=locked,
            own=user.id == access.current().id,
            may_edit=access.current().may("edit", self.subject),
            roles=[(role, str(role_label(role)), role in held) for role in ROLES],
            last=moment_text(last) if (last := accounts.last_sign_in(user)) else "",
            second_factor=second_factor.is_on(db.session, user.id),
            sessions=[login_row(login, here) for login in logins.open_of(db.session, user.id)],
        )

    def _user(self, pk: int) -> User:
        found = db.session.scalars(select(User).where(User.id == pk)).one_or_none() if pk < 2**31 else None
        if found is None:
            abort(404)
        return found

    # --- changes

    @expose("/add", methods=["GET", "POST"])
    @allowed("add")
    def add(self) -> Any:
        form = NewAccountForm(request.form)
        form.role.choices = [SelectChoice("", ""), *(SelectChoice(role, str(role_label(role))) for role in ROLES)]
        if request.method == "POST":
            try:
                return self._added(form)
            except Invalid as refusal:
                db.session.rollback()
                put_errors(form, refusal.errors)  # type: ignore[arg-type]
        page = self.render_template(
            "wenshu/form.html",
            title=_("New account"),
            intro=_("Afterwards a password is shown once; its owner chooses an own one at the first sign-in."),
            form=form,
            submit_label=_("Make the account"),
            cancel_href=url_for("AccountsView.index"),
        )
        return page, 422 if form.errors else 200

    def _added(self, form: NewAccountForm) -> Any:
        name, full_name = (form.username.data or "").strip(), (form.full_name.data or "").strip()
        errors = {}
        if not (0 < len(name) <= 64 and name.isprintable() and " " not in name):
            errors["username"] = [_("Please choose a user name of at most 64 characters without spaces.")]
        elif accounts.named(db.session, name) is not None:
            errors["username"] = [_("The user name “%(name)s” is already taken.", name=name)]
        if form.role.data not in ROLES:
            errors["role"] = [_("Please choose one or more of the roles in the list.")]
        if errors:
            raise Invalid(errors)
        user = make(db.session, name, (full_name or name)[:64], form.role.data, passwords.one_time())
        events.note(db.session, "account_made", name, form.role.data)
        return self._shown_once(user, accounts.reset_password(db.session, user))

    def _shown_once(self, user: User, password: str) -> str:
        db.session.commit()
        return self.render_template(
            "wenshu/once.html",
            title=_("The password of %(name)s", name=user.username),
            intro=_("Tell it to its owner now: it is shown once, works for three days and has to be changed first."),
            secrets=[password],
            back=url_for("AccountsView.show", pk=user.id),
        )

    @expose("/<int:pk>/reset", methods=["POST"])
    @allowed("edit")
    def reset(self, pk: int) -> Any:
        user = self._user(pk)
        if user.id == access.current().id:
            flash(_("Please change your own password on the page of your account."), "danger")
            return redirect(url_for("AccountsView.show", pk=pk))
        return self._shown_once(user, accounts.reset_password(db.session, user))

    @expose("/<int:pk>/disable", methods=["POST"])
    @allowed("edit")
    def disable(self, pk: int) -> Any:
        accounts.disable(db.session, self._user(pk))
        return self._done(pk, _("The account is disabled; all its sessions and keys are dead."))

    @expose("/<int:pk>/enable", methods=["POST"])
    @allowed("edit")
    def enable(self, pk: int) -> Any:
        accounts.enable(db.session, self._user(pk))
        return self._done(pk, _("The account is enabled."))

    @expose("/<int:pk>/unlock", methods=["POST"])
    @allowed("edit")
    def unlock(self, pk: int) -> Any:
        accounts.unlock(db.session, self._user(pk))
        return self._done(pk, _("The lock is lifted."))

    @expose("/<int:pk>/end-sessions", methods=["POST"])
    @allowed("edit")
    def end_sessions(self, pk: int) -> Any:
        accounts.end_sessions(db.session, self._user(pk))
        return self._done(pk, _("All sessions have ended."))

    @expose("/sessions/<int:pk>/end", methods=["POST"])
    @allowed("edit")
    def end_session(self, pk: int) -> Any:
        login = logins.open_one(db.session, pk)
        if login is None:
            abort(404)
        accounts.end_session(db.session, login)
        return self._done(login.user_id, _("The session has ended."))

    @expose("/<int:pk>/second-factor-off", methods=["POST"])
    @allowed("edit")
    def second_factor_off(self, pk: int) -> Any:
        user = self._user(pk)
        accounts.second_factor_off(db.session, user)
        accounts.end_sessions(db.session, user, but=sessions.current())
        return self._done(pk, _("The second step is switched off."))

    @expose("/<int:pk>/roles", methods=["POST"])
    @allowed("edit")
    def roles(self, pk: int) -> Any:
        accounts.set_roles(db.session, self._user(pk), request.form.getlist("roles"), roles(db.session).values())
        return self._done(pk, _("The roles are changed."))

    def _done(self, pk: int, words: str) -> Any:
        db.session.commit()
        flash(words, "success")
        return redirect(url_for("AccountsView.show", pk=pk))


def _state(user: User, locked: bool) -> dict[str, str]:
    if not user.active:
        return {"text": _("Disabled"), "tone": "muted"}
    return {"text": _("Locked"), "tone": "bad"} if locked else {"text": _("Active"), "tone": "good"}


def _row(user: User, locked: bool) -> dict[str, Any]:
    state, last = _state(user, locked), accounts.last_sign_in(user)
    return {
        "href": url_for("AccountsView.show", pk=user.id),
        "cells": [
            {"text": user.username, "kind": "text"},
            {"text": user.get_full_name().strip(), "kind": "text"},
            {"text": "、".join(str(role_label(role.name)) for role in user.roles), "kind": "text"},
            {"text": moment_text(last) if last else "", "kind": "moment"},
            {**state, "kind": "state"},
        ],
    }


def _pager(q: str, page: int, *, more: bool) -> dict[str, Any]:
    def href(number: int) -> str:
        return "?" + urlencode({"q": q, "page": number})

    return {
        "first": href(1) if page > 1 else None,
        "previous": href(page - 1) if page > 1 else None,
        "next": href(page + 1) if more else None,
        "last": None,
        "text": _("Page %(number)s", number=page),
    }
