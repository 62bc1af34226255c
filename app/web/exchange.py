"""Tables of one kind of record: import on the page, the empty sheet for it, export of what the list shows."""

from __future__ import annotations

import base64
import binascii
import io
import json
import zlib
from typing import Any

from flask import request, send_file, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.engine import access
from app.engine.column_maps import ColumnMap
from app.engine.disclosure import known_fields
from app.engine.error_sheets import write_refused
from app.engine.extracts import export_columns, export_rows, export_texts
from app.engine.moments import office_zone
from app.engine.tables import WhichTable, open_book
from app.engine.template import write_template
from app.engine.transfer import Outcome, import_rows
from app.extensions import db
from app.web.download import SHEET, Export, asked_here, download
from app.web.kind import BadRequest, allowed
from app.web.listing import ListPages
from app.web.replica import read_only, read_rows

#: What may come out of a packed sheet that is sent to the page, in bytes.
MOST_UPLOADED = 128 << 20
#: What the page hands back of refused rows, packed and not, in bytes; who has more has another trouble.
MOST_HANDED, MOST_REFUSED = 300_000, 16 << 20
#: Of these, so many stand on the page.
MOST_SHOWN = 200


class TablePages(ListPages):
    """`/<view>/import`, `/<view>/template.xlsx` and `/<view>/export.<suffix>`."""

    @expose("/import", methods=["GET", "POST"])
    @allowed("import")
    def take_in(self) -> Any:
        """Check a table, or check it and take it in: all rows or none, unless refused rows are to be left out."""
        result, status, tables = None, 200, []
        if request.method == "POST":
            file = request.files.get("file")
            if file is None or not file.filename:
                raise BadRequest(_("Please choose a file."))
            book = open_book(file.filename, file.read(), MOST_UPLOADED)
            tables = [*book.tables] if len(book.tables) > 1 else []
            try:
                table = book.choose(request.form.get("table") or None, self._fits)
            except WhichTable as asked:
                result = {"sentence": _("%(sentence)s Choose it below, and the file once more.", sentence=str(asked)),
                          "tone": "bad", "errors": []}  # fmt: skip
                return self._import_page(result, tables), 422
            outcome = self._taken(file.filename, *book.read(table))
            result, status = self._import_result(outcome), 422 if outcome.faults and not outcome.imported else 200
        return self._import_page(result, tables), status

    def _fits(self, headings: list[str]) -> int:
        return ColumnMap().fits(headings, known_fields(self.model))

    def _taken(self, name: str, headings: list[str], rows: list[list[str]]) -> Outcome:
        taking = request.form.get("action") == "import"
        outcome = import_rows(
            db.session, self.model, headings, rows,
            source=name, suggest=not taking, leave_out=bool(request.form.get("leave_out")),
        )  # fmt: skip
        if taking and outcome.imported:
            db.session.commit()
        else:
            db.session.rollback()
        return outcome

    def _import_page(self, result: dict[str, Any] | None, tables: list[str]) -> str:
        return self._page(
            "import",
            title=_("Import: %(kind)s", kind=str(self.model.label_plural)),
            kind_label=None,
            href_template=self._url("empty_sheet"),
            tables=tables,
            table=request.form.get("table"),
            result=result,
        )

    def _import_result(self, outcome: Outcome) -> dict[str, Any]:
        taking = request.form.get("action") == "import"
        if outcome.faults and outcome.imported:
            said = _("%(count)s rows were taken in; %(refused)s have to be corrected.") if taking else _(
                "%(count)s rows are in order; %(refused)s have to be corrected. Nothing was stored yet."
            )  # fmt: skip
            words = said % {"count": outcome.imported, "refused": outcome.refused}
        elif outcome.faults:
            words = _("%(count)s rows have to be corrected; nothing was stored.", count=outcome.refused)
        elif taking:
            words = _("%(count)s rows were taken in.", count=outcome.imported)
        else:
            words = _("All %(count)s rows are in order. Nothing was stored yet.", count=outcome.imported)
        errors = [{"row": f.row, "column": f.column, "reason": f.reason} for f in outcome.faults[:MOST_SHOWN]]
        seen = access.current().may("read", "import_runs")
        return {
            "sentence": words,
            "tone": "bad" if errors else "good",
            "errors": errors,
            "errors_action": self._url("refused_rows"),
            "refused": _packed(outcome) if outcome.rows else None,
            "suggestions": [{"row": row, "words": words} for row, words in outcome.suggestions[:MOST_SHOWN]],
            "run_href": url_for("ImportRunView.show", pk=outcome.run.id) if taking and outcome.run and seen else None,
        }

    @expose("/refused.xlsx", methods=["POST"])
    @allowed("import")
    def refused_rows(self) -> Any:
        """The refused rows as the page holds them, as a workbook to be corrected: nothing of them is kept here."""
        headings, rows, faults = _unpacked(request.form.get("refused", ""))
        file = io.BytesIO()
        write_refused(file, headings, rows, faults)
        file.seek(0)
        name = _("Rows to correct, %(kind)s", kind=str(self.model.label_plural))
        return send_file(file, mimetype=SHEET, as_attachment=True, download_name=f"{name}.xlsx")

    @expose("/template.xlsx")
    @allowed("import")
    def empty_sheet(self) -> Any:
        """An empty import sheet with the headings that are understood, allowed values and notes."""
        file = io.BytesIO()
        write_template(file, self.model)
        file.seek(0)
        name = _("Import %(kind)s", kind=str(self.model.label_plural))
        return send_file(file, mimetype=SHEET, as_attachment=True, download_name=f"{name}.xlsx")

    @expose("/export.<suffix>")
    @allowed("export")
    def export(self, suffix: str) -> Any:
        query, drawn = self._chosen()
        with read_only() as session:
            keys = query.with_only_columns(self.model.id).subquery()
            count = session.scalar(select(func.count()).select_from(keys))
        ordered = query.order_by(*self._order().by())
        export = Export(
            str(self.model.label_plural),
            export_columns(self.model),
            read_rows(lambda session: export_rows(session, self.model, ordered)),
            self.model.kind_name,
            self._in_words(drawn),
            link=asked_here(self._url("listing")),
            texts=read_rows(lambda session: export_texts(session, self.model, ordered, office_zone())),
        )
        return download(suffix, export, count or 0)


def _packed(outcome: Outcome) -> str | None:
    """The refused rows in one line of the page's form; None for more than a form may bring back."""
    content = [outcome.headings, [[number, cells] for number, cells in outcome.rows.items()], outcome.told]
    packed = base64.b64encode(zlib.compress(json.dumps(content, ensure_ascii=False).encode())).decode()
    return packed if len(packed) <= MOST_HANDED else None


def _unpacked(packed: str) -> tuple[list[str], dict[int, list[str]], list[tuple[int, str, str]]]:
    """What `_packed` made, come back from a page that anybody may have changed."""
    try:
        unfolding = zlib.decompressobj()
        content = unfolding.decompress(base64.b64decode(packed, validate=True), MOST_REFUSED)
        if not unfolding.eof:
            raise ValueError
        headings, rows, faults = json.loads(content)
        return (
            [str(heading) for heading in headings],
            {int(number): [str(cell) for cell in cells] for number, cells in rows},
            [(int(row), str(column), str(reason)) for row, column, reason in faults],
        )
    except (ValueError, TypeError, OverflowError, zlib.error, binascii.Error, RecursionError):
        raise BadRequest(_("The rows did not arrive whole; please check the file once more.")) from None
