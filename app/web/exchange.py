"""Tables of one kind of record: import on the page, the empty sheet for it, export of what the list shows."""

from __future__ import annotations

import io
from typing import Any

from flask import request, send_file
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.engine.tables import read_table
from app.engine.template import write_template
from app.engine.transfer import Outcome, export_columns, export_rows, import_rows
from app.extensions import db
from app.web.download import SHEET, download_table
from app.web.kind import BadRequest, allowed
from app.web.listing import ListPages

#: What may come out of a packed sheet that is sent to the page, in bytes.
MOST_UPLOADED = 128 << 20


class TablePages(ListPages):
    """`/<view>/import`, `/<view>/template.xlsx` and `/<view>/export.<suffix>`."""

    @expose("/import", methods=["GET", "POST"])
    @allowed("import")
    def take_in(self) -> Any:
        """Check a sheet, or check it and take it in: all rows or none."""
        result, status = None, 200
        if request.method == "POST":
            file = request.files.get("file")
            if file is None or not file.filename:
                raise BadRequest(_("Please choose a file."))
            headings, rows = read_table(file.filename, file.read(), MOST_UPLOADED)
            outcome = import_rows(db.session, self.model, headings, rows)
            if outcome.faults or request.form.get("action") != "import":
                db.session.rollback()
            else:
                db.session.commit()
            result, status = self._import_result(outcome), 422 if outcome.faults else 200
        return self._page(
            "import",
            title=_("Import: %(kind)s", kind=str(self.model.label_plural)),
            kind_label=None,
            href_template=self._url("empty_sheet"),
            result=result,
        ), status

    def _import_result(self, outcome: Outcome) -> dict[str, Any]:
        if outcome.faults:
            words = _("%(count)s rows have to be corrected; nothing was stored.", count=outcome.refused)
        elif request.form.get("action") == "import":
            words = _("%(count)s rows were taken in.", count=outcome.imported)
        else:
            words = _("All %(count)s rows are in order. Nothing was stored yet.", count=outcome.imported)
        errors = [{"row": f.row, "column": f.column, "reason": f.reason} for f in outcome.faults[:200]]
        return {"sentence": words, "tone": "bad" if errors else "good", "errors": errors}

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
        query, _drawn = self._chosen()
        count = db.session.scalar(select(func.count()).select_from(query.with_only_columns(self.model.id).subquery()))
        rows = export_rows(db.session, self.model, query.order_by(*self._order()))
        return download_table(
            suffix, str(self.model.label_plural), export_columns(self.model), rows,
            what=self.model.kind_name, count=count or 0,
        )  # fmt: skip
