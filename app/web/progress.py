"""How far is my matter? `/progress`: number and code of a ticket, asked by callers, who have no account."""

from __future__ import annotations

from typing import Any

from flask import flash, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from wtforms import Form, StringField

from app.extensions import db
from app.web.cells import moment_text
from models import attempts, progress


class ProgressForm(Form):
    number = StringField(render_kw={"autocomplete": "off", "maxlength": 60, "autofocus": True})
    code = StringField(render_kw={"autocomplete": "off", "maxlength": 20})


class ProgressView(BaseView):
    """Look up one ticket. A wrong number and a wrong code get the same answer, and only so many tries are free."""

    route_base = "/progress"

    @expose("", methods=["GET", "POST"])
    def index(self) -> Any:
        form = ProgressForm(request.form)
        form.number.label.text, form.code.label.text = _("Ticket number"), _("Progress code")
        if request.method != "POST":
            return self._page(form)
        found = self._found(form.number.data or "", form.code.data or "")
        if found is None:
            flash(_("Number and code do not belong together. Please compare them with what you were told."), "danger")
            return self._page(form), 404
        return self._page(form, found)

    def _found(self, number: str, code: str) -> progress.Progress | None:
        """What number and code open; a try that opens nothing counts."""
        attempt = attempts.admit(db.session, number, request.remote_addr, door="progress")
        db.session.commit()  # others go on writing while we look
        found = progress.look_up(db.session, number, code)
        if found is not None:
            attempts.forgive(db.session, attempt)
            db.session.commit()
        return found

    def _page(self, form: Form, found: progress.Progress | None = None) -> str:
        lines = []
        if found is not None:
            lines = [
                (_("Received"), moment_text(found.received_at) if found.received_at else ""),
                (_("Answer expected by"), moment_text(found.expected_at) if found.expected_at else ""),
            ]
        return self.render_template(
            "wenshu/progress.html", form=form, found=found, lines=[line for line in lines if line[1]]
        )
