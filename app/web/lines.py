"""Child lines on their parent's form: read from what was posted, drawn as a small sheet."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy import inspect
from werkzeug.datastructures import MultiDict
from wtforms import Form, HiddenField

from app.engine import finding
from app.engine import record as records
from app.engine.fields import fields_of, whole
from app.extensions import db
from app.web import forms
from app.web.kind import LOOKUPS


class LineForm(Form):
    """A line of a form, and which one it is: one that is only changed stays the same."""

    id = HiddenField()


def sent(lines: records.Lines, model: Any) -> list[dict[str, Any]]:
    """The child rows of a posted form: `<relation>-<n>-<field>`; empty rows and removed ones left out."""
    child = inspect(model).relationships[lines.relation].mapper.class_
    fields = {name: fields_of(child)[name] for name in lines.columns}
    named = (whole(key.split("-")[1]) for key in request.form if key.startswith(f"{lines.relation}-"))
    numbers = sorted({number for number in named if number is not None})
    posted = [_posted(f"{lines.relation}-{n}-") for n in numbers[:500]]
    found, rows = finding.together(db.session, fields.values(), posted), []
    for data in posted:
        raw = forms.sent(fields, data, found)
        if any(value not in (None, "", False) for value in raw.values()) and not data.get("remove"):
            rows.append({**raw, "id": data.get("id", "")})
    return rows


def _posted(start: str) -> MultiDict[str, str]:
    """The part of a posted form whose names begin so."""
    return MultiDict((k.removeprefix(start), v) for k, v in request.form.items(multi=True) if k.startswith(start))


def drawn(model: Any, record: Any) -> dict[str, Any] | None:
    """The table of child lines of a form: what was sent, else what is stored or proposed, else two empty rows."""
    lines = model.lines
    if not lines or (record is not None and request.endpoint and request.endpoint.endswith(".step")):
        return None
    child = inspect(model).relationships[lines.relation].mapper.class_
    fields = {name: fields_of(child)[name] for name in lines.columns}

    def entry(prefix: str, data: MultiDict[str, str] | None, values: dict[str, Any], key: Any = None) -> Any:
        form = forms.form_for(fields, data, values, LOOKUPS, LineForm)
        form.id.process_data(key or "")
        for field in form:
            field.name = field.id = f"{prefix}{field.short_name}"
        return form

    entries = []
    if request.method == "POST":
        for n, raw in enumerate(sent(lines, model)):
            given = {name: value for name, value in raw.items() if name != "id" and value not in (None, False)}
            data: MultiDict[str, str] = MultiDict((name, str(value)) for name, value in given.items())
            entries.append(entry(f"{lines.relation}-{n}-", data, {}, whole(raw["id"])))
    elif record is not None:
        for n, row in enumerate(getattr(record, lines.relation)):
            values = {name: getattr(row, name) for name in fields}
            entries.append(entry(f"{lines.relation}-{n}-", None, values, row.id))
    else:
        first = model.first_lines(db.session, request.args) or [{}, {}]
        entries = [entry(f"{lines.relation}-{n}-", None, values) for n, values in enumerate(first)]
    return {
        "title": str(child.label_plural),
        "columns": [str(field.label) for field in fields.values()],
        "entries": entries,
        "empty": entry(f"{lines.relation}-__n__-", None, {}),
        "add_label": _("Add a line"),
        "totals_hint": None,
    }
