"""Sheets: tables whose rows come from records of several kinds, as the board, the holders and the moved limits show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.engine import access
from app.engine.disclosure import WITHHELD, value_of
from app.engine.fields import fields_of
from app.web.kind import VIEWS


def heads(labels: Iterable[Any], lead: int = 0) -> list[dict[str, Any]]:
    """The columns as a table draws them; the one at `lead` names the row."""
    return [
        {"name": f"c{place}", "label": str(label), "kind": "text", "lead": place == lead}
        for place, label in enumerate(labels)
    ]


def row(record: Any, words: Iterable[str], late: bool = False) -> dict[str, Any]:
    """One row that leads to the page of a record, for whoever may read it; what is late shows in its last cell."""
    view = VIEWS.get(type(record)) if access.current().may("read", record.kind_name) else None
    cells: list[dict[str, Any]] = [{"text": text, "kind": "text", "tone": None} for text in words]
    cells[-1]["tone"] = "bad" if late else None
    return {"href": url_for(f"{view.__name__}.show", pk=record.id) if view else None, "cells": cells}


def title_of(paper: Any) -> str:
    """The title of a paper whose disclosure has been learnt, as far as the reader may know it."""
    value = value_of(paper, fields_of(type(paper))["title"])
    return _("Not disclosed") if value is WITHHELD else str(value)
