"""The empty import sheet of a kind: headings in the user's language, hidden machine names, what may be entered.

`transfer` reads the sheet back: where the first row under the headings holds machine names, they name the columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

import xlsxwriter
from flask_babel import gettext as _

from app.engine.disclosure import settable_fields
from app.engine.fields import Field
from app.engine.moments import office_zone
from app.engine.record import Record

ROWS = 1000  # so many rows offer the allowed values; a sheet may be longer


def notes_of(model: type[Record]) -> list[tuple[str, str, str, str, str]]:
    """One line a column: heading, machine name, whether it must be filled in, what may be entered, note."""
    return [
        (str(f.label), name, _("yes") if _must(model, f) else "", _allowed(f), str(f.help) if f.help else "")
        for name, f in settable_fields(model).items()
    ]


def _must(model: type[Record], field: Field) -> bool:
    drawn = model.numbered is not None and model.numbered.field == field.name
    return field.required and not drawn and model.__table__.c[field.column].default is None  # type: ignore[attr-defined]


def _allowed(field: Field) -> str:
    if field.kind == "choice":
        return ", ".join(f"{label} ({value})" for value, label in (field.choices or {}).items())
    if field.kind == "reference":
        target: Any = field.target
        return _("The name or number of a record: %(kind)s", kind=target.label)
    if field.kind in ("line", "number", "prose", "rich"):
        return _("Text, at most %(count)s characters", count=field.length)
    words: Mapping[str, str] = {
        "integer": _("A whole number"),
        "quantity": _("A number, at most 3 places after the point"),
        "money": _("An amount in yuan, 2 places after the point"),
        "price": _("A price in yuan, at most 4 places after the point"),
        "rate": _("A share of one, such as 0.13"),
        "date": _("A day, such as 2026-03-02"),
        "moment": _("A moment, such as 2026-03-02 09:30, in the time of %(zone)s", zone=str(office_zone())),
        "flag": _("Yes or no"),
    }
    return words[field.kind]


def write_template(target: BinaryIO, model: type[Record]) -> None:
    """Write the sheet as `.xlsx`: the table to fill in first, then a sheet that explains each column."""
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    head = book.add_format({"bold": True, "bg_color": "#E8EEF4", "text_wrap": True, "valign": "top", "border": 1})
    text, wrap = book.add_format({"num_format": "@"}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(_("Rows"))
    fields = settable_fields(model)
    explained = _explain(book.add_worksheet(_("Notes")), model, head, wrap)
    for column, (name, field) in enumerate(fields.items()):
        sheet.write_string(0, column, str(field.label), head)
        sheet.write_string(1, column, name)
        # Numbers that are names keep their leading zeros; so does everything else as text, which the import reads.
        sheet.set_column(column, column, 30 if field.kind in ("prose", "rich") else 18, text)
        sheet.write_comment(0, column, explained[name][:1000])
        choices = [str(label) for label in (field.choices or {}).values()] or [_("yes"), _("no")] * (
            field.kind == "flag"
        )
        if choices and len(",".join(choices)) <= 255:  # a longer list does not fit into a cell's rule
            sheet.data_validation(2, column, ROWS, column, {"validate": "list", "source": choices})
    sheet.set_row(1, None, None, {"hidden": True})
    sheet.freeze_panes(2, 0)
    book.close()


def _explain(sheet: Any, model: type[Record], head: Any, wrap: Any) -> dict[str, str]:
    """Fill the sheet of notes; what it says of each column in one text, by machine name."""
    # One cell in the first row: the import takes the sheet with the widest head for the table.
    sheet.write_string(0, 0, _("What the columns mean: %(kind)s", kind=model.label_plural))
    for column, (title, width) in enumerate(
        ((_("Column"), 22), (_("Machine name"), 20), (_("Must be filled in"), 14), (_("Allowed"), 60), (_("Note"), 50))
    ):
        sheet.write_string(1, column, title, head)
        sheet.set_column(column, column, width, wrap)
    said = {}
    for row, (label, name, must, allowed, note) in enumerate(notes_of(model), 2):
        for column, words in enumerate((label, name, must, allowed, note)):
            sheet.write_string(row, column, words)
        said[name] = ". ".join(filter(None, (allowed, note)))
    return said
