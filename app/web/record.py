"""RecordView: list, page, forms and steps of one kind of record, all read off its model.

A domain's view says which columns to show and in which order; everything else is written here once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar
from urllib.parse import urlencode

from flask import abort, current_app, flash, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import ColumnElement, func, inspect, select
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import MultiDict

from app.engine import access, clocks, history
from app.engine import record as records
from app.engine.fields import Field, fields_of
from app.engine.moments import at_office, now, parse_date
from app.engine.refusals import Invalid, Refused, Stale
from app.engine.transfer import Outcome, export_columns, export_rows, import_rows, read_table
from app.extensions import db
from app.web import cells, forms
from app.web.download import download_table

PAGE, MOST_PAGES, COUNTED = 25, 400, 10_000

#: record class -> endpoint of the lookup that answers its pickers
LOOKUPS: dict[Any, str] = {}
#: record class -> its view
VIEWS: dict[Any, Any] = {}


@dataclass(frozen=True)
class Children:
    """A related list on a record's page: `relation` of the parent, seen from the child as `back`."""

    relation: str
    back: str
    columns: list[str]
    most: int = 20


class BadRequest(Refused):
    """An address nobody could have clicked on."""

    status = 400


def allowed(right: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only those pass whose role gives `right` on the view's records; visitors are sent to sign in."""

    def guard(page: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(page)
        def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return redirect(url_for("SignInView.login", next=request.full_path.rstrip("?")))
            if not access.current().may(right, self.subject):
                abort(403)
            return page(self, *args, **kwargs)

        return guarded

    return guard


class RecordView(BaseView):
    """Pages of one kind of record at `/<view>/list/`, `/show/<pk>`, `/add`, `/edit/<pk>`, `/step/<pk>/<step>`."""

    model: ClassVar[Any]
    list_columns: ClassVar[list[str]]
    filters: ClassVar[list[str]] = []
    #: fields on the page, in order; None: all
    show_columns: ClassVar[list[str] | None] = None
    edit_columns: ClassVar[list[str] | None] = None
    children: ClassVar[list[Children]] = []
    #: relations loaded with a list beside those in its columns
    eager: ClassVar[list[str]] = []
    base_order: ClassVar[str] = "-id"

    default_view = "listing"

    @property
    def subject(self) -> str:
        return self.model.kind_name

    @property
    def fields(self) -> dict[str, Field]:
        return fields_of(self.model)

    def _may(self, right: str) -> bool:
        return access.current().may(right, self.subject)

    def _url(self, page: str, **values: Any) -> str:
        return url_for(f"{self.endpoint}.{page}", **values)

    def _find(self, pk: Any) -> Any:
        return records.find(db.session, self.model, pk) or abort(404)

    def _page(self, template: str, **context: Any) -> str:
        return self.render_template(f"wenshu/{template}.html", **context)

    # The list

    @expose("/list/")
    @allowed("read")
    def listing(self) -> str:
        query, chosen = self._chosen()
        number = self._page_number()
        total = self._count(query)
        rows = list(
            db.session.scalars(
                query.order_by(*self._order()).options(*self._eager()).limit(PAGE + 1).offset((number - 1) * PAGE)
            )
        )
        columns = [self._column(name) for name in self.list_columns]
        return self._page(
            "list",
            view={
                "title": str(self.model.label_plural),
                "href_add": self._url("add") if self._may("add") else None,
                "add_label": _("New"),
                "href_import": self._url("take_in") if self._may("import") else None,
                "exports": [
                    {"label": label, "href": self._url("export", form=form, **_args(without=("page",)))}
                    for form, label in (("xlsx", "Excel"), ("csv", "CSV"))
                ]
                if self._may("export")
                else [],
            },
            views=self._quick_views(),
            filters=chosen,
            keep=[(name, value) for name, value in request.args.items() if name in ("sort", "view")],
            q=request.args.get("q", ""),
            columns=columns,
            rows=[self._row(row, self.list_columns) for row in rows[:PAGE]],
            count_text=self._count_text(total),
            pager=self._pager(number, len(rows) > PAGE, total),
            empty=self._empty(),
        )

    def _chosen(self) -> tuple[Any, list[dict[str, Any]]]:
        """The list's query under the filters of the address, and the filters as the page draws them."""
        query = records.matching(select(self.model), self.model, request.args.get("q", ""))
        drawn = []
        for name in self.filters:
            field = self.fields[name]
            condition, picture = self._filter(field)
            drawn.append(picture)
            if condition is not None:
                query = query.where(condition)
        view = request.args.get("view")
        if view:
            conditions = self._view_conditions()
            if view not in conditions:
                raise BadRequest(_("There is no such view of this list."))
            query = query.where(conditions[view]())
        known = {*self.filters, *(f"{n}_to" for n in self.filters), *(f"{n}__text" for n in self.filters)}
        if unknown := set(request.args) - known - {"q", "sort", "page", "view", "form"}:
            raise BadRequest(_("This list cannot be filtered by “%(name)s”.", name=sorted(unknown)[0][:40]))
        return query, drawn

    def _filter(self, field: Field) -> tuple[ColumnElement[bool] | None, dict[str, Any]]:
        value = request.args.get(field.name, "").strip()
        column = getattr(self.model, field.column)
        picture: dict[str, Any] = {"name": field.name, "label": str(field.label), "value": value}
        condition: ColumnElement[bool] | None = None
        try:
            if field.kind in ("date", "moment"):
                until = request.args.get(f"{field.name}_to", "").strip()
                picture.update(kind="dates", value_to=until)
                parts = []
                if value:
                    day = parse_date(value)
                    parts.append(column >= (at_office(day) if field.kind == "moment" else day))
                if until:
                    day = parse_date(until)
                    after = at_office(day.fromordinal(day.toordinal() + 1)) if field.kind == "moment" else day
                    parts.append(column < after if field.kind == "moment" else column <= after)
                for part in parts:
                    condition = part if condition is None else condition & part
            elif field.kind == "reference":
                words = request.args.get(f"{field.name}__text", "").strip()
                picture.update(kind="picker", lookup=url_for(LOOKUPS[field.target]), text=words)
                if value or words:
                    found = records.referred(db.session, field, value or words)
                    picture.update(value=found.id, text=str(found))
                    condition = column == found.id
            elif field.kind in ("choice", "flag"):
                picture["kind"] = "choice" if field.kind == "choice" else "bool"
                if field.kind == "choice":
                    picture["choices"] = [(key, str(label)) for key, label in (field.choices or {}).items()]
                if value:
                    condition = column == field.clean(value)
            else:
                picture["kind"] = "text"
                if value:
                    condition = column == field.clean(value)
        except ValueError as error:
            raise BadRequest(f"{field.label}: {error}") from None
        return condition, picture

    def _order(self) -> list[Any]:
        wanted = request.args.get("sort") or self.base_order
        name = wanted.removeprefix("-")
        if name != "id" and (name not in self.list_columns or self.fields[name].kind in ("reference", "prose")):
            raise BadRequest(_("This list cannot be sorted by “%(name)s”.", name=name[:40]))
        column = getattr(self.model, name)
        return [column.desc(), self.model.id.desc()] if wanted.startswith("-") else [column, self.model.id]

    def _page_number(self) -> int:
        text = request.args.get("page", "1")
        if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= MOST_PAGES:
            raise BadRequest(_("There is no page “%(page)s”; narrow the list down instead.", page=text[:20]))
        return int(text)

    def _count(self, query: Any) -> int:
        """How many rows there are, counted no further than is worth while."""
        some = query.with_only_columns(self.model.id).order_by(None).limit(COUNTED + 1).subquery()
        return db.session.scalar(select(func.count()).select_from(some)) or 0

    def _count_text(self, total: int) -> str:
        if total > COUNTED:
            return _("More than %(count)s", count=COUNTED)
        return _("%(count)s in all", count=total)

    def _eager(self) -> list[Any]:
        names = {*self.list_columns, *self.eager}
        return [
            selectinload(getattr(self.model, name))
            for name in names
            if name in self.fields and self.fields[name].kind == "reference"
        ]

    def _column(self, name: str) -> dict[str, Any]:
        field = self.fields[name]
        found = cells.column(field)
        if field.kind not in ("reference", "prose"):
            now_sorted = request.args.get("sort", "")
            back = now_sorted == name
            found["sorted"] = "asc" if back else "desc" if now_sorted == f"-{name}" else None
            found["sort_href"] = "?" + urlencode({**_args(without=("page",)), "sort": f"-{name}" if back else name})
        return found

    def _row(self, row: Any, names: list[str]) -> dict[str, Any]:
        model: Any = type(row)
        fields = fields_of(model)
        view = VIEWS.get(type(row))
        return {
            "href": url_for(f"{view.__name__}.show", pk=row.id) if view else None,
            "cells": [cells.cell(row, fields[name]) for name in names],
        }

    def _pager(self, number: int, more: bool, total: int) -> dict[str, Any]:
        def page(n: int) -> str:
            return "?" + urlencode({**_args(), "page": n})

        last = -(-total // PAGE)
        return {
            "first": page(1) if number > 1 else None,
            "previous": page(number - 1) if number > 1 else None,
            "next": page(number + 1) if more and number < MOST_PAGES else None,
            "last": page(last) if more and total <= COUNTED and last > number else None,
            "text": _("Page %(number)s", number=number),
        }

    def _view_conditions(self) -> dict[str, Callable[[], ColumnElement[bool]]]:
        if not hasattr(self.model, "flow"):
            return {}
        return {
            "open": self.model.pending,
            "late": lambda: self.model.late(now()),
            "mine": lambda: self.model.waits_for(access.current()),
        }

    def _quick_views(self) -> list[dict[str, Any]]:
        if not hasattr(self.model, "flow"):
            return []
        active = request.args.get("view", "")
        labels = (("", _("All")), ("mine", _("Waiting for me")), ("open", _("Open")), ("late", _("Overdue")))
        return [
            {"label": label, "href": f"?view={name}" if name else "?", "active": name == active}
            for name, label in labels
        ]

    def _empty(self) -> dict[str, Any]:
        if request.args:
            return {
                "title": _("Nothing matches"),
                "hint": _("Change or clear the filters."),
                "href": "?",
                "label": _("Clear"),
            }
        hint = (
            _("Add the first one, or import your ledger.")
            if self._may("add")
            else _("You will see records here once they concern you.")
        )
        href = self._url("add") if self._may("add") else None
        return {"title": _("Nothing here yet"), "hint": hint, "href": href, "label": _("New")}

    # The page of one record

    @expose("/show/<pk>")
    @allowed("read")
    def show(self, pk: str) -> str:
        from app.web.files import files_of  # it knows the views

        record = self._find(pk)
        fields = self.fields
        names = self.show_columns or [n for n in fields if n not in ("state", "due_at")]
        items = [self._item(record, fields[name]) for name in names]
        flow = getattr(record, "flow", None)
        steps = flow.allowed(record, access.current()) if flow else []
        return self._page(
            "show",
            record={
                "title": str(getattr(record, "title", None) or record),
                "number": str(getattr(record, self.model.natural_key)) if self.model.natural_key else "",
                "kind_label": str(self.model.label),
                "state": {"label": record.state_label, "tone": flow.states[record.state].tone} if flow else None,
                "version": record.version,
                "notice": _("Taken over from an older ledger.") if record.taken_over else None,
            },
            steps=[
                {"label": str(s.label), "href": self._url("step", pk=record.id, name=s.name), "tone": s.tone}
                for s in steps
            ],
            href_edit=self._url("edit", pk=record.id) if self._may("edit") else None,
            links=[],
            sections=[{"title": _("Details"), "items": items}],
            clocks=self._clocks(record) if flow else [],
            children=[self._children(record, about) for about in self.children],
            files=files_of(record),
            history=self._history(record),
        )

    def _item(self, record: Any, field: Field) -> dict[str, Any]:
        value = getattr(record, field.name)
        view = VIEWS.get(field.target) if field.target else None
        href = None
        if view is not None and value is not None and access.current().may("read", field.target.kind_name):  # type: ignore[union-attr]
            href = url_for(f"{view.__name__}.show", pk=value.id)
        return {
            "label": str(field.label),
            "text": cells.text_of(field, value),
            "kind": field.kind,
            "href": href,
            "help": str(field.help) if field.help else None,
            "wide": field.kind == "prose" or (field.length or 0) >= 300,
        }

    def _clocks(self, record: Any) -> list[dict[str, Any]]:
        drawn = []
        for clock in clocks.clocks_of(db.session, record):
            late = clock.state == clocks.RUNNING and clock.due_at < now()
            rule = cells.moment_text(clock.started_at)
            unit = str(clocks.UNIT_LABELS.get(clock.unit, _("as stated")))
            lines = [
                _("Starts %(at)s", at=rule),
                _("Limit: %(amount)s %(unit)s", amount=clock.amount.rstrip("0").rstrip("."), unit=unit)
                if clock.unit != "stated"
                else _("Limit stated in the instruction"),
                _("Ends %(at)s", at=cells.moment_text(clock.due_at)),
            ]
            drawn.append(
                {
                    "label": str(record.flow.clocks[clock.stage].label),
                    "due_text": _("Due %(at)s", at=cells.moment_text(clock.due_at)),
                    "remaining_text": _("Overdue") if late else None,
                    "state": "missed" if late else clock.state,
                    "tone": "bad" if late else None,
                    "sum": lines,
                    "source": clock.source,
                }
            )
        return drawn

    def _children(self, record: Any, about: Children) -> dict[str, Any]:
        relation = inspect(self.model).relationships[about.relation]
        child = relation.mapper.class_
        fields = fields_of(child)
        if not access.current().may("read", child.kind_name) and child in VIEWS:
            return {
                "title": str(child.label_plural),
                "id": about.relation,
                "columns": [],
                "rows": [],
                "empty_text": _("Not for your role"),
            }
        back = getattr(child, fields[about.back].column)
        query = select(child).where(back == record.id).order_by(child.id).limit(about.most + 1)
        loads = [selectinload(getattr(child, n)) for n in about.columns if fields[n].kind == "reference"]
        rows = list(db.session.scalars(query.options(*loads)))
        view = VIEWS.get(child)
        more = None
        if len(rows) > about.most and view is not None and about.back in view.filters:
            more = {"href": url_for(f"{view.__name__}.listing", **{about.back: record.id}), "text": _("Show all")}
        return {
            "title": str(child.label_plural),
            "id": about.relation,
            "columns": [cells.column(fields[name]) for name in about.columns],
            "rows": [self._row(row, about.columns) for row in rows[: about.most]],
            "more": more,
            "empty_text": _("Nothing here yet"),
        }

    def _history(self, record: Any) -> list[dict[str, Any]]:
        flow = getattr(record, "flow", None)
        columns = {field.column: field for field in self.fields.values()}
        names = {"add": _("Added"), "change": _("Changed"), "import": _("Imported")}
        drawn = []
        for entry in history.entries_of(db.session, record):
            step = flow.steps.get(entry.action) if flow else None
            who = (
                _("%(actor)s for %(absent)s", actor=entry.actor_name, absent=entry.acting_for)
                if entry.acting_for
                else entry.actor_name
            )
            drawn.append(
                {
                    "at_text": cells.moment_text(entry.at),
                    "who": who,
                    "action": str(step.label) if step else names.get(entry.action, entry.action),
                    "reason": entry.reason,
                    "changes": [
                        self._change(columns[name], *pair) for name, pair in entry.fields.items() if name in columns
                    ]
                    if entry.action not in ("add", "import")
                    else [],
                }
            )
        return drawn

    def _change(self, field: Field, before: Any, after: Any) -> dict[str, str]:
        def words(value: Any) -> str:
            if value is None:
                return ""
            if field.kind == "reference":
                found = records.find(db.session, field.target, value)  # type: ignore[arg-type]
                return str(found) if found is not None else ""
            return cells.text_of(field, field.clean(value))

        return {"label": str(field.label), "before": words(before), "after": words(after)}

    # Forms

    def _form_fields(self) -> dict[str, Field]:
        names = self.edit_columns or records.open_fields(self.model)
        return {name: self.fields[name] for name in names}

    def _raw(self, fields: dict[str, Field]) -> dict[str, Any]:
        raw = forms.sent(fields, request.form)
        lines = self.model.lines
        if lines:
            raw[lines.relation] = _sent_lines(lines, self.model)
        return raw

    @expose("/add", methods=["GET", "POST"])
    @allowed("add")
    def add(self) -> Any:
        fields = self._form_fields()
        if request.method == "GET":
            form = forms.form_for(fields, None, self._defaults(fields), LOOKUPS)
            form.form_key.data = secrets.token_urlsafe(24)
            return self._form_page(form, title=self._add_title())
        try:
            record = records.add(
                db.session, self.model, self._raw(fields), list(fields), form_key=request.form.get("form_key")
            )
            db.session.commit()
        except Invalid as refusal:
            return self._again(fields, refusal, title=self._add_title()), 422
        flash(_("Stored: %(record)s", record=str(record)), "success")
        return redirect(self._url("show", pk=record.id))

    def _add_title(self) -> str:
        return _("New: %(kind)s", kind=str(self.model.label))

    def _defaults(self, fields: dict[str, Field]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, field in fields.items():
            default = inspect(self.model).columns[field.column].default
            if default is not None and default.is_scalar:
                values[name] = default.arg
            if field.kind == "moment" and field.required:
                values[name] = now().replace(second=0, microsecond=0)
            given = request.args.get(name)
            if given and field.kind == "reference":
                values[name] = records.find(db.session, field.target, given)  # type: ignore[arg-type]
        return values

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @allowed("edit")
    def edit(self, pk: str) -> Any:
        record = self._find(pk)
        fields = self._form_fields()
        stored = {name: getattr(record, name) for name in fields}
        title = _("Change: %(record)s", record=str(record))
        if request.method == "GET":
            form = forms.form_for(fields, None, stored, LOOKUPS)
            form.version.data = str(record.version)
            return self._form_page(form, title=title, record=record)
        raw = self._raw(fields)
        version = request.form.get("version", "")
        changed = [
            name for name in fields if name in raw and not forms.unchanged(fields[name], stored[name], raw[name])
        ]
        try:
            records.change(db.session, record, raw, changed, version=int(version) if version.isdigit() else None)
            db.session.commit()
        except Invalid as refusal:
            return self._again(fields, refusal, title=title, record=self._find(pk)), 422
        except Stale as refusal:
            db.session.rollback()
            return self._stale(fields, self._find(pk), refusal, title), 409
        flash(_("Stored: %(record)s", record=str(record)), "success")
        return redirect(self._url("show", pk=record.id))

    def _again(self, fields: dict[str, Field], refusal: Invalid, **context: Any) -> str:
        db.session.rollback()
        form = forms.form_for(fields, request.form, {}, LOOKUPS)
        errors = forms.put_errors(form, refusal.errors)
        return self._form_page(form, errors=errors, **context)

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
                rows.append({"label": str(field.label), "yours": words, "theirs": cells.text_of(field, theirs)})
        conflict = {
            "who": latest[0].actor_name if latest else "",
            "at_text": cells.moment_text(latest[0].at) if latest else "",
            "rows": rows,
        }
        return self._form_page(form, title=title, record=record, conflict=conflict, errors=[str(refusal)])

    def _form_page(self, form: forms.RecordForm, record: Any = None, **context: Any) -> str:
        context.setdefault("errors", [])
        return self._page(
            "form",
            form=form,
            intro=context.pop("intro", None),
            sections=None,
            lines=_drawn_lines(self.model, record),
            submit_label=context.pop("submit_label", _("Save")),
            cancel_href=self._url("show", pk=record.id) if record is not None else self._url("listing"),
            conflict=context.pop("conflict", None),
            **context,
        )

    # Steps

    @expose("/step/<pk>/<name>", methods=["GET", "POST"])
    @allowed("read")
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
        if request.method == "GET":
            if step not in flow.allowed(record, access.current()):
                flash(_("This step is not possible now."), "warning")
                return redirect(self._url("show", pk=record.id))
            form = forms.form_for(step.asks, None, {}, LOOKUPS)
            form.form_key.data, form.version.data = secrets.token_urlsafe(24), str(record.version)
            return self._form_page(form, record=record, **context)
        version = request.form.get("version", "")
        try:
            flow.take(
                db.session,
                record,
                name,
                forms.sent(step.asks, request.form),
                version=int(version) if version.isdigit() else None,
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
        gone = records.find(db.session, self.model, pk) is None
        return redirect(self._url("listing") if gone else self._url("show", pk=pk))

    # Pickers and export

    @expose("/lookup")
    @allowed("read")
    def lookup(self) -> Any:
        """Up to 20 records that match the words typed into a picker, as JSON `{results: [{id, text}]}`."""
        query = records.matching(select(self.model), self.model, request.args.get("q", ""))
        found = db.session.scalars(query.order_by(self.model.id.desc()).limit(20))
        return jsonify(results=[{"id": one.id, "text": str(one)} for one in found])

    @expose("/import", methods=["GET", "POST"])
    @allowed("import")
    def take_in(self) -> Any:
        """Check a sheet, or check it and take it in: all rows or none."""
        result, status = None, 200
        if request.method == "POST":
            file = request.files.get("file")
            if file is None or not file.filename:
                raise BadRequest(_("Please choose a file."))
            headings, rows = read_table(file.filename, file.read())
            outcome = import_rows(db.session, self.model, headings, rows)
            if outcome.faults or request.form.get("action") != "import":
                db.session.rollback()
            else:
                db.session.commit()
            result, status = self._import_result(outcome), 422 if outcome.faults else 200
        return self._page(
            "import",
            title=_("Import: %(kind)s", kind=str(self.model.label_plural)),
            kind_label=None,
            href_template=self._url("empty_sheet"),
            result=result,
        ), status

    def _import_result(self, outcome: Outcome) -> dict[str, Any]:
        if outcome.faults:
            words = _("%(count)s rows have to be corrected; nothing was stored.", count=outcome.refused)
        elif request.form.get("action") == "import":
            words = _("%(count)s rows were taken in.", count=outcome.imported)
        else:
            words = _("All %(count)s rows are in order. Nothing was stored yet.", count=outcome.imported)
        errors = [{"row": f.row, "column": f.column, "reason": f.reason} for f in outcome.faults[:200]]
        return {"sentence": words, "tone": "bad" if errors else "good", "errors": errors}

    @expose("/template.xlsx")
    @allowed("import")
    def empty_sheet(self) -> Any:
        """An empty import sheet with the headings that are understood."""
        return download_table("xlsx", str(self.model.label_plural), export_columns(self.model), [])

    @expose("/export.<form>")
    @allowed("export")
    def export(self, form: str) -> Any:
        query, _drawn = self._chosen()
        rows = export_rows(db.session, self.model, query.order_by(*self._order()))
        return download_table(form, str(self.model.label_plural), export_columns(self.model), rows)


def _args(without: tuple[str, ...] = ()) -> dict[str, str]:
    return {name: value for name, value in request.args.items() if value and name not in without}


def _sent_lines(lines: records.Lines, model: Any) -> list[dict[str, Any]]:
    """The child rows of a posted form: `<relation>-<n>-<field>`; empty rows and removed ones left out."""
    child = inspect(model).relationships[lines.relation].mapper.class_
    fields = {name: fields_of(child)[name] for name in lines.columns}
    numbers = sorted(
        {int(k.split("-")[1]) for k in request.form if k.startswith(f"{lines.relation}-") and k.split("-")[1].isdigit()}
    )
    found = []
    for n in numbers[:500]:
        start = f"{lines.relation}-{n}-"
        data: MultiDict[str, str] = MultiDict(
            (k.removeprefix(start), v) for k, v in request.form.items(multi=True) if k.startswith(start)
        )
        raw = forms.sent(fields, data)
        if any(value not in (None, "", False) for value in raw.values()) and not data.get("remove"):
            found.append({**raw, "id": data.get("id", "")})
    return found


def _drawn_lines(model: Any, record: Any) -> dict[str, Any] | None:
    """The table of child lines of a form: what was sent, else what is stored, else two empty rows."""
    lines = model.lines
    if not lines or (record is not None and request.endpoint and request.endpoint.endswith(".step")):
        return None
    child = inspect(model).relationships[lines.relation].mapper.class_
    fields = {name: fields_of(child)[name] for name in lines.columns}

    def entry(prefix: str, data: MultiDict[str, str] | None, values: dict[str, Any]) -> Any:
        form = forms.form_for(fields, data, values, LOOKUPS)
        del form.form_key, form.version
        for field in form:
            field.name = field.id = f"{prefix}{field.short_name}"
        return form

    entries = []
    if request.method == "POST":
        for n, raw in enumerate(_sent_lines(lines, model)):
            data: MultiDict[str, str] = MultiDict((k, str(v)) for k, v in raw.items() if v not in (None, False))
            entries.append(entry(f"{lines.relation}-{n}-", data, {}))
    elif record is not None:
        for n, row in enumerate(getattr(record, lines.relation)):
            entries.append(entry(f"{lines.relation}-{n}-", None, {name: getattr(row, name) for name in fields}))
    else:
        entries = [entry(f"{lines.relation}-{n}-", None, {}) for n in range(2)]
    return {
        "title": str(child.label_plural),
        "columns": [str(field.label) for field in fields.values()],
        "entries": entries,
        "empty": entry(f"{lines.relation}-__n__-", None, {}),
        "add_label": _("Add a line"),
        "totals_hint": None,
    }


def register(view: type[RecordView]) -> None:
    """Make a view known to pickers and related lists; its address is the class's name in lower case."""
    VIEWS[view.model] = view
    LOOKUPS[view.model] = f"{view.__name__}.lookup"
    current_app.appbuilder.add_view_no_menu(view)  # type: ignore[attr-defined]
