"""Downloads: a table leaves the house as Excel, CSV or JSON under a name people can read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Response, abort, request, send_file, stream_with_context
from flask_babel import gettext as _

from app.engine import access, rules
from app.engine.columns import Column
from app.engine.csv import csv_chunks, csv_texts, write_csv
from app.engine.disclosure import exported
from app.engine.moments import local, now, office_zone
from app.engine.workbook import Chart, Cover, Properties, Sheet, write_workbook
from app.extensions import db
from app.web.address import full_address
from models.prints import OFFICE_NAME

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA = {"xlsx": SHEET, "csv": "text/csv; charset=utf-8"}


def download_table(
    form: str,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Any],
    *,
    what: str,
    count: int,
    texts: Iterable[Sequence[str]] | None = None,
    lines: Sequence[tuple[str, str]] = (),
    notes: Sequence[str] = (),
    chart: Chart | None = None,
    more: Sequence[Sheet] = (),
    page: str = "",
) -> Response:
    """The table as a file; `form` is `xlsx` or `csv`, anything else is not found.

    `what` is the kind or report by its name, `count` how many rows it has: both go on record. `texts` are the rows as
    CSV has them, where there is a quicker way to these. `page` is the address of the same view, `more` what stands on
    further sheets of a workbook.
    """
    if form not in ("csv", "xlsx"):
        abort(404)
    exported(db.session, title, what, count, f"{form} {request.full_path.rstrip('?')}")
    if form == "csv":
        response = Response(
            stream_with_context(csv_chunks(columns, texts or csv_texts(columns, rows, zone=office_zone()))),
            mimetype="text/csv; charset=utf-8",
        )
        # In ASCII, as headers are: the server refuses to send any other.
        name = {"filename*": f"UTF-8''{quote(file_name(title, form))}"}
        response.headers.set("Content-Disposition", "attachment", **name)
        return response
    file = tempfile.TemporaryFile()  # noqa: SIM115  sent and closed by Flask
    asked = "?" + request.query_string.decode() if request.query_string else ""
    link = full_address(page + asked) if page else None
    write_table(file, title, columns, rows, lines=lines, notes=notes, chart=chart, more=more, link=link, what=what)
    file.seek(0)
    return send_file(file, mimetype=SHEET, as_attachment=True, download_name=file_name(title, form))


def file_name(title: str, form: str) -> str:
    """What a file of today is called: title, day of the office, ending."""
    return f"{title}_{local(now()):%Y%m%d}.{form}"


def form_of(path: Path) -> str:
    """What the ending of a file's name says it is, `xlsx` for `A.XLSX` too."""
    return path.suffix.lower().removeprefix(".")


def write_table(
    file: Any,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Any],
    *,
    lines: Sequence[tuple[str, str]] = (),
    notes: Sequence[str] = (),
    chart: Chart | None = None,
    more: Sequence[Sheet] = (),
    link: str | None = None,
    what: str = "",
) -> None:
    """Write the mail-ready workbook: a cover that says what this is and who made it, and the table."""
    actor, moment = access.current(), now()
    office = rules.value(db.session, OFFICE_NAME, None)
    made = [
        (_("Office"), office),
        *lines,
        (_("Made with the rights of"), actor.name),
        (_("Produced at"), f"{local(moment):%Y-%m-%d %H:%M} ({office_zone()})"),
    ]
    write_workbook(
        file,
        Cover(title, made, notes, link),
        [Sheet(title, columns, rows), *more],
        zone=office_zone(),
        properties=Properties(author=f"Wenshu · {actor.name}", created=moment, company=office, keywords=what),
        chart=chart,
    )


def write_file(path: Path, title: str, columns: Sequence[Column], rows: Iterable[Any]) -> None:
    """The table as a file on this machine: a workbook where the name ends in `.xlsx`, else CSV."""
    with path.open("wb") as target:
        if form_of(path) == "xlsx":
            write_table(target, title, columns, rows)
        else:
            write_csv(target, columns, rows, zone=office_zone())
