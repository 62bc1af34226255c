"""Emergency access at `/emergency/`: one record opened to somebody whose role does not reach it, and why."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.engine import access, events, grants
from app.engine.fields import Field
from app.engine.moments import now
from app.engine.refusals import Invalid
from app.extensions import db
from app.web import forms
from app.web.kind import LOOKUPS, VIEWS, allowed

LASTS = timedelta(hours=4)
LEAST_REASON = 10


class EmergencyView(BaseView):
    """Name the record and the reason; it opens for four hours, and the auditor reads why."""

    route_base = "/emergency"
    subject, label = "emergency", _l("Emergency access")

    @expose("/", methods=["GET", "POST"])
    @allowed("read")
    def index(self) -> Any:
        fields = _fields()
        if request.method != "POST":
            form = forms.form_for(fields, None, {}, LOOKUPS)
            form.form_key.data = secrets.token_urlsafe(24)
            return self._form(form)
        raw = forms.sent(fields, request.form)
        try:
            model, pk = _meant(raw)
        except Invalid as refusal:
            events.note(db.session, "refused", "emergency", str(raw.get("number", ""))[:100])
            db.session.commit()
            form = forms.form_for(fields, request.form, {}, LOOKUPS)
            return self._form(form, errors=forms.put_errors(form, refusal.errors)), 422
        actor = access.current()
        grants.grant(db.session, actor.id or 0, model.kind_name, pk, now() + LASTS, raw["reason"].strip())
        events.note(db.session, "broke_glass", f"{model.kind_name} {pk}", raw["reason"].strip())
        db.session.commit()
        flash(_("Open to you for four hours. The auditor sees that you looked, and why."), "warning")
        return redirect(url_for(f"{VIEWS[model].__name__}.show", pk=pk))

    def _form(self, form: forms.RecordForm, **context: Any) -> str:
        return self.render_template(
            "wenshu/form.html", form=form, title=str(self.label), sections=None, lines=None, conflict=None,
            intro=_("For emergencies only: you say which record and why, and it is written down before you see it."),
            submit_label=_("Open the record"), cancel_href="/", errors=context.get("errors", []),
        )  # fmt: skip


def _kinds() -> dict[str, Any]:
    actor = access.current()
    return {m.kind_name: m for m in VIEWS if m.natural_key and actor.may("break_glass", m.kind_name)}


def _fields() -> dict[str, Field]:
    choices = {name: model.label for name, model in _kinds().items()}
    return {
        "kind": Field(_l("Kind of record"), "choice", "kind", required=True, choices=choices),
        "number": Field(_l("Its number"), "line", "number", required=True, length=100),
        "reason": Field(_l("Reason"), "prose", "reason", required=True, length=500),
    }


def _meant(raw: dict[str, Any]) -> tuple[Any, int]:
    """The kind and key of the record that is asked for. Raises `Invalid`."""
    model = _kinds().get(str(raw.get("kind", "")))
    if model is None:
        raise Invalid({"kind": [_("Please choose a kind.")]})
    if len((raw.get("reason") or "").strip()) < LEAST_REASON:
        raise Invalid({"reason": [_("Please say why, in ten characters or more.")]})
    with access.system():
        number = (raw.get("number") or "").strip()
        pk = db.session.scalar(select(model.id).where(getattr(model, model.natural_key) == number))
    if pk is None:
        raise Invalid({"number": [_("There is no such record.")]})
    return model, pk
