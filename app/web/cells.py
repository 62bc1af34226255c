"""Cells: stored values as people read them on lists, pages and in the history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import format_date, format_decimal
from flask_babel import gettext as _

from app.engine.disclosure import WITHHELD, value_of
from app.engine.fields import Field
from app.engine.moments import now, office_time

_FIGURES = {"integer": "number", "quantity": "number", "price": "money", "money": "money", "rate": "number"}


def moment_text(value: datetime) -> str:
    return office_time(value)


def text_of(field: Field, value: Any) -> str:
    """The value in words, in the reader's language."""
    if value is None:
        return ""
    if field.kind == "choice":
        return field.choice_label(value)
    if field.kind == "flag":
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return format_date(value, "yyyy-MM-dd")
    if isinstance(value, Decimal):
        form = {"money": "#,##0.00", "price": "#,##0.00##"}.get(field.kind, "#,##0.######")
        return format_decimal(value, form)
    return field.words(value)


def words(field: Field, value: Any) -> str:
    """A value as disclosed to the reader, in words."""
    if value is WITHHELD:
        return _("Not disclosed")
    return text_of(field, value)


def cell(record: Any, field: Field) -> dict[str, Any]:
    """One cell of a list: `text`, `kind`, `tone`."""
    return drawer(field)(record)


def drawer(field: Field) -> Callable[[Any], dict[str, Any]]:
    """A function from a record to its cell in the column of a field; a word that stands in many rows is made once."""
    plain = field.kind in ("line", "prose", "rich", "number", "reference", "choice", "flag")
    kind = "text" if plain else _FIGURES.get(field.kind, field.kind)
    said: dict[Any, str] = {}

    def text(value: Any) -> str:
        if field.kind != "choice":
            return words(field, value)
        if value not in said:
            said[value] = words(field, value)
        return said[value]

    def drawn(record: Any) -> dict[str, Any]:
        value = value_of(record, field)
        found: dict[str, Any] = {"text": text(value), "kind": kind, "tone": None}
        flow = getattr(record, "flow", None)
        if flow and field.name == "state":
            found.update(kind="state", tone=flow.states[value].tone)
        elif flow and field.name == "due_at" and value is not None:
            pending = record.state in flow.open_states
            late = pending and value < now()
            found.update(kind="due", tone="bad" if late else None, text=moment_text(value) if pending else "")
        if field.kind in ("prose", "rich") and len(found["text"]) > 120:
            found.update(text=found["text"][:120] + "…", title=found["text"])
        return found

    return drawn


def column(field: Field) -> dict[str, Any]:
    kind = "text" if field.kind in ("number", "rich") else _FIGURES.get(field.kind, field.kind)
    return {"name": field.name, "label": str(field.label), "kind": kind}


def said(label: Any, words: str, tone: str = "") -> dict[str, Any]:
    """An item of a record's page that is found out for it and stands in no field."""
    return {"label": str(label), "text": words, "kind": "text", "tone": tone, "wide": bool(tone) or len(words) > 60}
