"""Downloads: a table leaves the house as Excel, CSV or JSON under a name people can read."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from flask import Response, abort, request, send_file, stream_with_context
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import access, rules
from app.engine.columns import Column
from app.engine.csv import csv_chunks, csv_texts, write_csv
from app.engine.disclosure import exported
from app.engine.moments import local, now, office_zone
from app.engine.periods import EVER, Period
from app.engine.workbook import Chart, Cover, Properties, Sheet, write_workbook
from app.extensions import db
from app.web.address import full_address
from models.prints import OFFICE_NAME

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA = {"xlsx": SHEET, "csv": "text/csv; charset=utf-8"}

#: What figures of a kind are in.
_MEASURES = {
    "integer": _l("counts"), "quantity": _l("quantities"), "money": _l("CNY"), "price": _l("CNY"),
    "percent": _l("per cent"), "hours": _l("hours"),
}  # fmt: skip
_UNFIT = re.compile(r"[\\/:*?\"<>|\s]+")


@dataclass(frozen=True)
class Export:
    """A table on its way out, with all that its cover and its further sheets say."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Any]
    #: the kind or report by its name
    what: str = ""
    #: what was asked for in words: label and words
    lines: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    chart: Chart | None = None
    #: what stands on further sheets of a workbook
    more: Sequence[Sheet] = ()
    #: where in the office the same is seen
    link: str | None = None
    period: Period = EVER
    #: of which moment the data are, where that is not now
    as_of: datetime | None = None
    #: what its sheet is called, if not by the title
    sheet: str = ""
    #: the rows as CSV has them, where there is a quicker way to these
    texts: Iterable[Sequence[str]] | None = None


def download(form: str, export: Export, count: int) -> Response:
    """The table as a file, which goes on record with its `count` rows.

    `form` is `xlsx` or `csv`, anything else is not found.
    """
    if form not in ("csv", "xlsx"):
        abort(404)
    exported(db.session, export.title, export.what, count, f"{form} {request.full_path.rstrip('?')}")
    name = file_name(export.title, form, export.period)
    if form == "csv":
        texts = export.texts or csv_texts(export.columns, export.rows, zone=office_zone())
        response = Response(stream_with_context(csv_chunks(export.columns, texts)), mimetype="text/csv; charset=utf-8")
        # In ASCII, as headers are: the server refuses to send any other.
        response.headers.set("Content-Disposition", "attachment", **{"filename*": f"UTF-8''{quote(name)}"})
        return response
    file = tempfile.TemporaryFile()  # noqa: SIM115  sent and closed by Flask
    write_table(file, export)
    file.seek(0)
    return send_file(file, mimetype=SHEET, as_attachment=True, download_name=name)


def asked_here(page: str) -> str:
    """The address of a page of the office, asked for as this request is."""
    return full_address(page + ("?" + request.query_string.decode() if request.query_string else ""))


def file_name(title: str, form: str, period: Period = EVER) -> str:
    """What a file of today is called: days and title, who reports, day of the office, ending."""
    if period.words:
        title = _("%(title)s %(period)s", title=title, period=period.words)
    parts = [title, _reporting_unit(), f"{local(now()):%Y%m%d}"]
    return "_".join(_UNFIT.sub(" ", part).strip() for part in parts if part) + f".{form}"


def _reporting_unit() -> str:
    """The department of whoever makes the file; the office itself where they have none."""
    return access.current().department or str(rules.value(db.session, OFFICE_NAME, None) or "")


def form_of(path: Path) -> str:
    """What the ending of a file's name says it is, `xlsx` for `A.XLSX` too."""
    return path.suffix.lower().removeprefix(".")


def write_table(file: BinaryIO, export: Export) -> None:
    """Write the mail-ready workbook: a cover that says what this is and who made it, and the table."""
    actor, moment, unit = access.current(), now(), _reporting_unit()
    office = rules.value(db.session, OFFICE_NAME, None)
    columns = _with_units(export.columns)
    measures = dict.fromkeys(
        str(column.unit or _MEASURES[column.kind]) for column in columns if column.kind in _MEASURES
    )
    zone = office_zone()
    cover = [
        (_("Office"), office),
        *export.lines,
        *([(_("Figures in"), _(", ").join(measures))] if measures else []),
        (_("Reporting unit"), unit),
        (_("Made with the rights of"), actor.name),
        (_("Data as of"), f"{local(export.as_of or moment):%Y-%m-%d %H:%M} ({zone})"),
        (_("Produced at"), f"{local(moment):%Y-%m-%d %H:%M} ({zone})"),
    ]
    signed = _("Reporting unit: %(unit)s  Prepared by: %(who)s  Checked by:", unit=unit, who=actor.name)
    write_workbook(
        file,
        Cover(export.title, cover, export.notes, export.link),
        [
            Sheet(export.sheet or export.title, columns, export.rows),
            *(replace(sheet, columns=_with_units(sheet.columns)) for sheet in export.more),
        ],
        zone=zone,
        properties=Properties(
            author=f"Wenshu · {actor.name}", created=moment, company=office, keywords=export.what, signed=signed
        ),
        chart=export.chart,
    )


def _with_units(columns: Sequence[Column]) -> list[Column]:
    """On paper a heading has to say what an amount is in, where no column beside it does."""
    if any(column.name == "currency" for column in columns):
        return list(columns)
    return [
        replace(column, unit=_MEASURES[column.kind])
        if column.kind in ("money", "price") and not column.unit
        else column
        for column in columns
    ]


def write_export(target: BinaryIO, export: Export, form: str) -> None:
    """The table into an open file: a workbook as `xlsx`, else CSV."""
    if form == "xlsx":
        write_table(target, export)
    else:
        write_csv(target, export.columns, export.rows, zone=office_zone())
