"""Forms: fields of a record or of a step drawn as WTForms. What is typed is judged by the engine, never here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, Form, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from app.engine import fields as engine
from app.engine import finding
from app.engine.disclosure import mask
from app.engine.finding import NONE_FOUND, Found
from app.engine.moments import local
from app.engine.paper import manuscript
from app.extensions import db


class IntegerField(StringField):
    """A whole number as it was typed."""


class DecimalField(StringField):
    """A number as it was typed."""


class DateField(StringField):
    """A day as it was typed."""


class DateTimeLocalField(StringField):
    """A moment on the office's clock as it was typed."""


class PickerField(Field):
    """A reference: the key of the chosen record, or the words typed for it."""

    lookup = ""
    shown = ""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0] if valuelist else ""

    def _value(self) -> str:
        return "" if self.data is None else str(self.data)


class PickersField(Field):
    """References to several records."""

    lookup = ""
    chosen: list[tuple[Any, str]] = []

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = [value for value in valuelist if value]


class ManuscriptField(TextAreaField):
    """The text of a paper: an area of plain lines, which the script turns into an editor."""


_TYPES = {
    "line": StringField, "number": StringField, "prose": TextAreaField, "integer": IntegerField,
    "quantity": DecimalField, "price": DecimalField, "money": DecimalField, "rate": DecimalField, "date": DateField,
    "moment": DateTimeLocalField, "flag": BooleanField, "choice": SelectField, "reference": PickerField,
    "references": PickersField, "rich": ManuscriptField,
}  # fmt: skip


class RecordForm(Form):
    """A form with the two hidden fields every writing form carries."""

    form_key = HiddenField()
    version = HiddenField()


def _unbound(field: engine.Field) -> Any:
    options: dict[str, Any] = {"description": str(field.help) if field.help else ""}
    if field.kind == "choice":
        blank = [] if field.required else [("", "")]
        options["choices"] = [
            SelectChoice(value, str(label)) for value, label in blank + list((field.choices or {}).items())
        ]
        options["validate_choice"] = False
    if field.kind in ("line", "number", "prose") and field.length:
        options["render_kw"] = {"maxlength": field.length}
    if field.kind == "moment":
        options["render_kw"] = {"step": 1}
    return _TYPES[field.kind](str(field.label), **options)


def form_for(
    fields: Mapping[str, engine.Field],
    data: MultiDict[str, str] | None,
    values: Mapping[str, Any],
    lookups: Mapping[Any, str],
    base: type[Form] = RecordForm,
) -> Any:
    """A form of `fields`, filled with what was sent (`data`) or else with stored `values`; `base` has more fields.

    `lookups`: record class -> endpoint that answers a picker.
    """
    cls = type("Form", (base,), {name: _unbound(field) for name, field in fields.items()})
    form = cls(formdata=data, data={name: shown(field, values.get(name)) for name, field in fields.items()})
    for name, field in fields.items():
        widget = form[name]
        widget.flags.required = field.required and field.kind != "flag"
        if field.kind in ("reference", "references"):
            widget.lookup = url_for(lookups[field.target]) if field.target in lookups else ""
            if field.kind == "reference" and data is not None:
                _show_meant(widget, field, picked(field, data.get(name, ""), data.get(f"{name}__text")))
            elif field.kind == "reference" and (stored := values.get(name)) is not None:
                widget.data, widget.shown = stored.id, str(stored)
    return form


def _show_meant(widget: Any, field: engine.Field, meant: str) -> None:
    """Draw a picker once more as it was sent: the record chosen, in words, or the words typed."""
    chosen = finding.by_key(db.session, field.target, meant)  # type: ignore[arg-type]
    widget.data, widget.shown = (chosen.id, str(chosen)) if chosen is not None else ("", meant)


def shown(field: engine.Field, value: Any) -> Any:
    """A stored value as the input shows it."""
    if value is None or field.kind in ("reference", "references"):
        return None
    if field.masked:
        return mask(value)
    if isinstance(value, datetime):
        return local(value).isoformat(timespec="seconds" if value.second else "minutes")[: 19 if value.second else 16]
    if field.kind == "flag":
        return bool(value)
    if field.kind in ("quantity", "price", "money", "rate"):
        return f"{value.normalize():f}"
    return str(value)


def sent(fields: Mapping[str, engine.Field], data: MultiDict[str, str], found: Found = NONE_FOUND) -> dict[str, Any]:
    """The raw values of a posted form; for a picker the chosen key, else the words typed.

    `found`: what its pickers may mean, found beforehand.
    """
    raw: dict[str, Any] = {}
    for name, field in fields.items():
        if field.kind == "references":
            raw[name] = [value for value in data.getlist(name) if value] or [
                word.strip() for word in data.get(f"{name}__text", "").split(",") if word.strip()
            ]
        elif field.kind == "flag":
            raw[name] = name in data and data[name] not in ("", "0", "false")
        elif field.kind == "reference" and (name in data or f"{name}__text" in data):
            raw[name] = picked(field, data.get(name, ""), data.get(f"{name}__text"), found)
        elif name in data:
            raw[name] = data[name]
    return raw


def picked(field: engine.Field, key: str, words: str | None, found: Found = NONE_FOUND) -> str:
    """What a picker means: the chosen record's key, unless other words were typed over it.

    Without its script a picker sends the old key along with the new words.
    """
    if not key or words is None:
        return key or words or ""
    chosen = finding.among(db.session, found, field.target, key)
    return key if chosen is None or words.strip() == str(chosen) else words.strip()


def unchanged(field: engine.Field, stored: Any, raw: Any) -> bool:
    """Whether the form sent back what it showed: seconds a browser dropped are no change."""
    if field.kind == "reference":
        return stored is not None and str(raw) == str(stored.id)
    if field.kind == "rich" and isinstance(raw, str):  # the editor sends lines as paragraphs
        return stored is not None and stored in (raw, manuscript.clean(raw))
    plain = shown(field, stored)
    return plain is not None and field.kind != "flag" and str(raw) == str(plain)


def put_errors(form: RecordForm, errors: Mapping[str, Iterable[str]]) -> list[str]:
    """Show each sentence at its field; the sentences that belong to none."""
    rest: list[str] = []
    for name, sentences in errors.items():
        if name in form:
            form[name].errors = [*form[name].errors, *sentences]
        elif name in ("", "version"):
            rest += sentences
    return rest or ([] if errors else [_("The form could not be stored.")])
