"""A form as a PDF, set by Typst. What people wrote goes in as data, never as markup."""

from __future__ import annotations

import json
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import segno
import typst

from app.engine.paper.description import TWELFTHS, Box, Form, Print, Row, Table
from app.engine.paper.faces import Chosen

TEMPLATE = Path(__file__).with_name("form.typ")

#: Sheets A4, in millimetres: width, the binding edge and the other side.
PORTRAIT, LANDSCAPE = 210.0, 297.0
BINDING, OTHER = 25.0, 20.0

#: Controls that no face has a picture for and no reader needs; line breaks stay.
_DROPPED = dict.fromkeys([*range(32), 127]) | {ord("\n"): "\n", ord("\t"): " "}


def code_of(address: str) -> str:
    """A code to scan, as SVG."""
    drawn = BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn, kind="svg", border=0, xmldecl=False, svgns=True, omitsize=True
    )
    return drawn.getvalue().decode()


def printable(text: str) -> str:
    """The text without what no face has a picture for."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_DROPPED)


def _box(box: Box, width: float) -> dict[str, Any]:
    return {
        "label": box.label,
        "label_width": 0 if box.kind == "text" else box.label_width,
        "kind": box.kind,
        "width": width * box.span / TWELFTHS,
        "size": 14,
        "lines": [{"text": printable(line.text), "end": line.end} for line in box.lines],
        "cells": [{"name": printable(cell.name), "note": printable(cell.note)} for cell in box.cells],
        "columns": box.columns,
    }


def _parts(form: Form, width: float) -> list[dict[str, Any]]:
    """Rows that follow each other make one grid; each table stands by itself."""
    parts: list[dict[str, Any]] = []
    for is_row, group in groupby(form.parts, key=lambda part: isinstance(part, Row)):
        if is_row:
            rows = [row for row in group if isinstance(row, Row)]
            parts.append(
                {
                    "kind": "grid",
                    "rows": [{"height": row.height, "boxes": [_box(box, width) for box in row.boxes]} for row in rows],
                }
            )
        else:
            parts += [_table(table, width) for table in group if isinstance(table, Table)]
    return parts


def _table(table: Table, width: float) -> dict[str, Any]:
    whole = sum(column.width for column in table.columns)
    return {
        "kind": "table",
        "heads": [column.head for column in table.columns],
        "widths": [column.width * width / whole for column in table.columns],
        "ends": [column.end for column in table.columns],
        "rows": [[printable(words) for words in row] for row in table.all_rows],
        "height": table.height,
        "struck": sorted(table.struck),
    }


def described(form: Form, about: Print, faces: Chosen) -> dict[str, Any]:
    """The form as the template reads it."""
    width = (LANDSCAPE if form.landscape else PORTRAIT) - BINDING - OTHER
    return {
        "title": printable(form.title),
        "title_size": form.title_size,
        "headless": form.headless,
        "subject": printable(form.subject),
        "marks": [printable(f"{label}：{value}") for label, value in form.marks],
        "caption": [printable(words) for words in form.caption],
        "notes": [printable(words) for words in form.notes],
        "copies": list(form.copies),
        "parts": _parts(form, width),
        "width": width,
        "margin": BINDING,
        "margin_right": OTHER,
        "landscape": form.landscape,
        "stamp": form.stamp,
        "code": code_of(about.address) if about.address else "",
        "printed": printable(about.words) if about.by else "",
        "printed_by": about.by,
        "watermark": printable(about.watermark) if form.watermark else "",
        "faces": faces.families,
        "stand_ins": list(faces.stand_ins),
    }


def typeset(form: Form, about: Print, faces: Chosen, kind: Literal["pdf", "png"] = "pdf") -> bytes | list[bytes]:
    """The form as a PDF with its fonts in it, or as a picture of each page."""
    inputs = {"form": json.dumps(described(form, about, faces), ensure_ascii=False)}
    return typst.compile(TEMPLATE, font_paths=faces.fonts, format=kind, ppi=110, sys_inputs=inputs)
