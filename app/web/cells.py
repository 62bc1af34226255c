"""Cells: stored values as people read them on lists, pages and in the history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import format_date, format_decimal
from flask_babel import gettext as _

from app.engine.disclosure import WITHHELD, teller
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
    return drawer(type(record), field)(record)


def drawer(model: Any, field: Field) -> Callable[[Any], dict[str, Any]]:
    """A function from a record of the model to its cell in the column of a field."""
    flow, tell, said = getattr(model, "flow", None), teller(model, field), _Said(field)
    if flow and field.name == "state":
        return lambda record: {"text": said[it := tell(record)], "kind": "state", "tone": flow.states[it].tone}
    if flow and field.name == "due_at":
        return lambda record: _due(tell(record), record.state in flow.open_states)
    plain = field.kind in ("line", "prose", "rich", "number", "reference", "choice", "flag")
    kind = "text" if plain else _FIGURES.get(field.kind, field.kind)
    if field.kind == "choice":
        return lambda record: {"text": said[tell(record)], "kind": kind, "tone": None}
    if field.kind in ("prose", "rich"):
        return lambda record: {**_beginning(words(field, tell(record))), "kind": kind, "tone": None}
    return lambda record: {"text": words(field, tell(record)), "kind": kind, "tone": None}


class _Said(dict[Any, str]):
    """The words for the values of a field, each found once: a few stand in all rows."""

    def __init__(self, field: Field) -> None:
        self.field = field

    def __missing__(self, value: Any) -> str:
        self[value] = text = words(self.field, value)
        return text


def _beginning(text: str) -> dict[str, str]:
    return {"text": text[:120] + "…", "title": text} if len(text) > 120 else {"text": text}


def _due(value: Any, pending: bool) -> dict[str, Any]:
    """A limit; that of what is done is of no more interest."""
    if value is None or not pending:
        return {"text": "", "kind": "due", "tone": None}
    return {"text": moment_text(value), "kind": "due", "tone": "bad" if value < now() else None}


def column(field: Field) -> dict[str, Any]:
    kind = "text" if field.kind in ("number", "rich") else _FIGURES.get(field.kind, field.kind)
    return {"name": field.name, "label": str(field.label), "kind": kind}


def said(label: Any, words: str, tone: str = "") -> dict[str, Any]:
    """An item of a record's page that is found out for it and stands in no field."""
    return {"label": str(label), "text": words, "kind": "text", "tone": tone, "wide": bool(tone) or len(words) > 60}
