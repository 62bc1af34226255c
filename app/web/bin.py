"""The recycle bin at `/bin/`: what was deleted in the last thirty days, to be taken back."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import access, bin
from app.engine import record as records
from app.extensions import db
from app.web.cells import moment_text
from app.web.kind import allowed


class BinView(BaseView):
    """One list over all kinds the visitor may delete."""

    route_base = "/bin"
    subject, label = "bin", _l("Recycle bin")

    @expose("/")
    @allowed("read")
    def index(self) -> str:
        groups = [
            {
                "title": str(model.label_plural),
                "rows": [
                    {
                        "text": str(record),
                        "at_text": moment_text(record.deleted_at),
                        "until_text": moment_text(record.deleted_at + bin.KEPT),
                        "href": url_for("BinView.restore", kind=model.kind_name, pk=record.id),
                    }
                    for record in bin.lying(db.session, model)
                ],
            }
            for model in _kinds()
        ]
        return self.render_template("wenshu/bin.html", title=str(self.label), groups=[g for g in groups if g["rows"]])

    @expose("/<kind>/<int:pk>/restore", methods=["POST"])
    @allowed("read")
    def restore(self, kind: str, pk: int) -> Any:
        model = {model.kind_name: model for model in _kinds()}.get(kind) or abort(404)
        record = (bin.find(db.session, model, pk) if pk < 2**31 else None) or abort(404)
        bin.restore(db.session, record)
        db.session.commit()
        flash(_("Taken back: %(record)s", record=str(record)), "success")
        return redirect(url_for("BinView.index"))


def _kinds() -> list[Any]:
    actor = access.current()
    return [m for m in records.kinds().values() if bin.deletable(m) and actor.may("delete", m.kind_name)]
