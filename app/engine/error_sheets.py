"""Refused rows as a workbook to be corrected and sent in again: their cells, the wrong ones marked, and why.

The headings are the file's own; the import passes the added column over (`column_maps.reason_headings`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import BinaryIO

import xlsxwriter
from flask_babel import gettext as _

#: Excel holds so many characters in a cell, and a note is best short.
CELL, NOTE = 32_767, 1000


def write_refused(
    target: BinaryIO, headings: list[str], rows: Mapping[int, list[str]], faults: Iterable[tuple[int, str, str]]
) -> None:
    """Write the rows (number -> cells) with their faults (row, column, reason) as `.xlsx`; every cell is text."""
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    head = book.add_format({"bold": True, "bg_color": "#E8EEF4", "text_wrap": True, "border": 1})
    plain = book.add_format({"num_format": "@"})
    wrong = book.add_format({"num_format": "@", "bg_color": "#F8CBAD", "border": 1})
    why = book.add_format({"num_format": "@", "text_wrap": True, "font_color": "#9C0006"})
    sheet = book.add_worksheet(_("Rows to correct"))
    said: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for row, name, reason in faults:
        said[row].append((name, reason))
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading[:CELL], head)
        sheet.set_column(column, column, 18, plain)
    sheet.write_string(0, len(headings), _("Refused because"), head)
    sheet.set_column(len(headings), len(headings), 60, why)
    for line, (number, cells) in enumerate(sorted(rows.items()), 1):
        marked: dict[str, list[str]] = defaultdict(list)
        for name, reason in said[number]:
            for one in [name] if name in headings else name.split(", "):  # several of theirs make one of ours
                marked[one].append(reason)
        for column, heading in enumerate(headings):
            cell, reasons = cells[column] if column < len(cells) else "", marked.get(heading)
            form = wrong if reasons else plain
            if cell:
                sheet.write_string(line, column, cell[:CELL], form)
            elif reasons:
                sheet.write_blank(line, column, None, form)
            if reasons:
                sheet.write_comment(line, column, " ".join(reasons)[:NOTE])
        words = [
            _("Row %(row)s, %(column)s: %(reason)s", row=number, column=c or "-", reason=r) for c, r in said[number]
        ]
        sheet.write_string(line, len(headings), "\n".join(words)[:CELL], why)
    sheet.freeze_panes(1, 0)
    book.close()
