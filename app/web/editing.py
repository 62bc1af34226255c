"""Forms of one kind of record: adding, changing, and the comparison page for whoever was too late."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flask import abort, flash, jsonify, redirect, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import inspect

from app.engine import access, constraints, finding, history
from app.engine import record as records
from app.engine.disclosure import value_of, writable
from app.engine.fields import Field, whole
from app.engine.moments import minute_of, now
from app.engine.paper import manuscript
from app.engine.refusals import Invalid, Refused, Stale, Unconfirmed
from app.extensions import db
from app.web import cells, forms, lines
from app.web.kept_forms import refuse_resumed, resumable
from app.web.kind import LOOKUPS, KindPages, allowed

NOTHING: Mapping[str, Any] = {}


class FormPages(KindPages):
    """`/<view>/add`, `/<view>/edit/<pk>` and `/<view>/step/<pk>/<step>`."""

    def _form_fields(self) -> dict[str, Field]:
        names = self.edit_columns or records.open_fields(self.model)
        return {name: self.fields[name] for name in names if name in self.fields}

    def _raw(self, fields: dict[str, Field], stored: Mapping[str, Any] = NOTHING) -> dict[str, Any]:
        """What was sent; `stored`: the values there are, of which pickers mostly mean the same again."""
        meant = {(field.target, stored[name].id): stored[name] for name, field in fields.items()
                 if field.kind == "reference" and stored.get(name) is not None}  # fmt: skip
        raw = forms.sent(fields, request.form, meant)
        if about := self.model.lines:
            raw[about.relation] = lines.sent(about, self.model)
        return raw

    @expose("/add", methods=["GET", "POST"])
    @allowed("add")
    @resumable
    def add(self) -> Any:
        fields = self._form_fields()
        if request.method != "POST":  # HEAD asks what GET would say
            form = forms.form_for(fields, None, self._defaults(fields), LOOKUPS)
            form.form_key.data = secrets.token_urlsafe(24)
            if fields:  # ready to type
                first = form[next(iter(fields))]
                first.render_kw = {**(first.render_kw or {}), "autofocus": True}
            return self._record_form(form, title=self._add_title())
        try:
            refuse_resumed()
            key, confirmed = request.form.get("form_key"), request.form.get("confirmed", "")
            record = records.add(
                db.session, self.model, self._raw(fields), list(fields), form_key=key, confirmed=confirmed
            )
            db.session.commit()
        except Invalid as refusal:
            return self._again(fields, refusal, title=self._add_title()), refusal.status
        return self._added(record)

    def _added(self, record: Any) -> Any:
        """Where somebody finds themselves who has just added a record."""
        flash(_("Stored: %(record)s", record=str(record)), "success")
        return redirect(self._next(record))

    def _next(self, record: Any) -> str:
        """Where one goes from a form that was stored."""
        return self._url("show", pk=record.id)

    def _add_title(self) -> str:
        return _("New: %(kind)s", kind=str(self.model.label))

    def _defaults(self, fields: dict[str, Field]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, field in fields.items():
            default = inspect(self.model).columns[field.column].default
            if default is not None and default.is_scalar:
                values[name] = default.arg
            if field.kind == "moment" and field.required:
                values[name] = minute_of(now())
        return {**values, **self._given(fields)}

    def _given(self, fields: dict[str, Field]) -> dict[str, Any]:
        """What the address of an empty form fills in already; what no field could hold is passed over."""
        values: dict[str, Any] = {}
        for name in fields.keys() & request.args.keys():
            field, given = fields[name], request.args[name]
            if field.kind == "reference":
                values[name] = finding.by_key(db.session, field.target, given)  # type: ignore[arg-type]
            elif field.kind not in ("references", "rich") and not field.masked:
                with suppress(ValueError):
                    values[name] = field.clean(given)
        return values

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @allowed("edit")
    @resumable
    def edit(self, pk: str) -> Any:
        record = self._find(pk)
        fields = {name: self.fields[name] for name in writable(record, self._form_fields())}
        stored = {name: getattr(record, name) for name in fields}
        title = _("Change: %(record)s", record=str(record))
        if request.method != "POST":
            form = forms.form_for(fields, None, stored, LOOKUPS)
            form.version.data = str(record.version)
            return self._record_form(form, title=title, record=record)
        raw = self._raw(fields, stored)
        version = whole(request.form.get("version"))
        changed = [
            name for name in fields if name in raw and not forms.unchanged(fields[name], stored[name], raw[name])
        ]
        try:
            refuse_resumed()
            confirmed = request.form.get("confirmed", "")
            records.change(db.session, record, raw, changed, version=version, confirmed=confirmed)
            told = _("Stored: %(record)s", record=str(record))  # at the end of the transaction it would be read anew
            db.session.commit()
        except Invalid as refusal:
            return self._again(fields, refusal, title=title, record=self._find(pk)), refusal.status
        except Stale as refusal:
            db.session.rollback()
            return self._stale(fields, self._find(pk), refusal, title), 409
        flash(told, "success")
        return redirect(self._url("show", pk=pk))

    @property
    def inline_fields(self) -> dict[str, Field]:
        """The fields that may be changed in the row of a list."""
        if not self._may("edit"):
            return {}
        kinds = ("line", "choice", "date", "moment", "reference", "number", "integer", "quantity", "price", "money")
        return {
            name: field
            for name, field in self._form_fields().items()
            if name in self.columns
            and field.kind in kinds
            and not field.masked
            and not constraints.is_unique(self.model, field.column)
        }

    @expose("/inline/<pk>/<name>", methods=["GET", "POST"])
    @allowed("edit")
    def inline(self, pk: str, name: str) -> Any:
        """One field in the row: GET draws its input, POST stores it and answers with the cell as JSON."""
        record = self._find(pk)
        field = self.inline_fields.get(name)
        if field is None or not writable(record, [name]):
            abort(404)
        if request.method != "POST":
            form = forms.form_for({name: field}, None, {name: getattr(record, name)}, LOOKUPS)
            del form.form_key
            form.version.data = str(record.version)
            return self._page("inline", form=form, name=name, action=self._url("inline", pk=pk, name=name))
        version = whole(request.form.get("version"))
        raw = forms.sent({name: field}, request.form)
        try:
            records.change(db.session, record, raw, [name], version=version, confirmed=False)
            db.session.commit()
        except Invalid as refusal:
            db.session.rollback()
            return jsonify(message=" ".join(s for said in refusal.errors.values() for s in said)), 422
        except Stale as refusal:
            db.session.rollback()
            found = self._find(pk)
            theirs = cells.words(field, value_of(found, field))
            return jsonify(message=str(refusal), label=str(field.label), theirs=theirs, version=found.version), 409
        return jsonify(text=cells.cell(record, field)["text"], version=record.version)

    def _again(self, fields: dict[str, Field], refusal: Invalid, **context: Any) -> str:
        db.session.rollback()
        form = forms.form_for(fields, request.form, {}, LOOKUPS)
        errors = forms.put_errors(form, refusal.errors)
        token = refusal.token if isinstance(refusal, Unconfirmed) else None
        return self._record_form(form, errors=errors, confirm=token, **context)

    def _stale(self, fields: dict[str, Field], record: Any, refusal: Stale, title: str) -> str:
        """The comparison page: what was typed stays in the form, beside what somebody else stored meanwhile."""
        form = forms.form_for(fields, request.form, {}, LOOKUPS)
        form.version.data = str(record.version)
        latest = history.entries_of(db.session, record, 1)
        rows = []
        for name, field in fields.items():
            theirs = getattr(record, name)
            yours = self._raw(fields).get(name)
            if not forms.unchanged(field, theirs, yours) and (
                yours not in (None, "", False) or theirs not in (None, False)
            ):
                words = getattr(form[name], "shown", "") or yours if field.kind == "reference" else yours
                words = manuscript.plain(words) if field.kind == "rich" else words
                shown = cells.words(field, value_of(record, field))
                rows.append({"label": str(field.label), "yours": words, "theirs": shown})
        conflict = {
            "who": latest[0].actor_name if latest else "",
            "at_text": cells.moment_text(latest[0].at) if latest else "",
            "rows": rows,
        }
        return self._record_form(form, title=title, record=record, conflict=conflict, errors=[str(refusal)])

    def _beside(self) -> dict[str, Any]:
        """What the kind's own page shows beside the form."""
        return {}

    def _record_form(self, form: forms.RecordForm, **context: Any) -> str:
        return self._form_page(
            form, template=self.form_template, sections=self.form_sections, **self._beside(), **context
        )

    def _form_page(self, form: forms.RecordForm, record: Any = None, **context: Any) -> str:
        context.setdefault("errors", [])
        context.setdefault("confirm", None)
        sections = [{"title": str(title), "fields": names} for title, names in context.pop("sections", [])]
        return self._page(
            context.pop("template", "form"),
            form=form,
            intro=context.pop("intro", None),
            sections=sections,
            lines=lines.drawn(self.model, record),
            submit_label=context.pop("submit_label", _("Save")),
            cancel_href=self._url("show", pk=record.id) if record is not None else self._url("listing"),
            conflict=context.pop("conflict", None),
            **context,
        )

    # Steps

    @expose("/step/<pk>/<name>", methods=["GET", "POST"])
    @allowed("read")
    @resumable
    def step(self, pk: str, name: str) -> Any:
        record = self._find(pk)
        flow: Any = getattr(self.model, "flow", None)
        step = (flow.steps.get(name) if flow else None) or abort(404)
        if not self._may(name):
            abort(403)
        context = {
            "title": str(step.label),
            "intro": _(step.intro) if step.intro else None,
            "submit_label": str(step.label),
        }
        if request.method != "POST":
            if step not in flow.allowed(record, access.current()):
                flash(_("This step is not possible now."), "warning")
                return redirect(self._url("show", pk=pk))
            form = forms.form_for(step.asks, None, self._given(step.asks), LOOKUPS)
            form.form_key.data, form.version.data = secrets.token_urlsafe(24), str(record.version)
            return self._form_page(form, record=record, **context)
        version = whole(request.form.get("version"))
        try:
            refuse_resumed()
            flow.take(
                db.session,
                record,
                name,
                forms.sent(step.asks, request.form),
                version=version,
                form_key=request.form.get("form_key"),
            )
            db.session.commit()
        except Refused as refusal:
            db.session.rollback()
            errors = refusal.errors if isinstance(refusal, Invalid) else {"": [str(refusal)]}
            form = forms.form_for(step.asks, request.form, {}, LOOKUPS)
            sentences = forms.put_errors(form, errors)
            return self._form_page(form, record=self._find(pk), errors=sentences, **context), refusal.status
        flash(_("Done: %(step)s", step=str(step.label)), "success")
        gone = finding.by_key(db.session, self.model, pk) is None
        return redirect(self._url("listing") if gone else self._url("show", pk=pk))
