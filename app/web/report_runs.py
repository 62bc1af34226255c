"""Reports one keeps, and files that are made in the background: the pages of `/reports` that are one's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, abort, flash, redirect, request, send_file, url_for
from flask_appbuilder import expose
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select
from wtforms import Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length

from app.engine import access, events
from app.engine.frames import REPORTS
from app.engine.refusals import Refused
from app.engine.report_answers import parameters_of
from app.extensions import db
from app.web.address import full_address
from app.web.cells import moment_text
from app.web.download import MEDIA
from app.web.files import storage
from app.web.kind import allowed
from models import report_runs
from models.report_runs import RHYTHMS, SPANS, STATES, ReportRecipient, ReportRun, SavedReport

#: So many kept reports a person, and so many files waiting at a time: a shelf, no warehouse.
MOST_KEPT, MOST_WAITING = 50, 10
#: Files shown on the page of all reports.
RECENT = 5


class KeepForm(Form):
    """Under which name, for which days, and how often by mail."""

    title = StringField(_l("Name"), [InputRequired(), Length(max=100)])
    span = SelectField(_l("Days"), choices=[SelectChoice(key, words) for key, words in SPANS.items()])
    rhythm = SelectField(_l("By mail"), choices=[SelectChoice(key, words) for key, words in RHYTHMS.items()])


class RunPages:
    """What `ReportView` has beside the reports themselves. Nobody finds what is another's."""

    def kept(self) -> list[dict[str, Any]]:
        """One's kept reports, as the page of all reports draws them."""
        query = select(SavedReport).order_by(SavedReport.title, SavedReport.id)
        return [
            {
                "title": one.title,
                "words": settings_of(one),
                "href": url_for("ReportView.report", name=one.report, **one.asked()),
                "mail": url_for("ReportView.kept_one", pk=one.id),
                "drop": url_for("ReportView.drop", pk=one.id),
            }
            for one in db.session.scalars(query)
            if one.report in REPORTS
        ]

    def recent(self) -> list[dict[str, Any]]:
        """One's latest files."""
        query = select(ReportRun).order_by(ReportRun.id.desc()).limit(RECENT)
        return [_drawn(run) for run in db.session.scalars(query)]

    def keep_form(self, name: str, title: str, query: Mapping[str, str]) -> dict[str, Any]:
        """What stands in the form by which a report with its settings is kept."""
        form = KeepForm(data={"title": title})
        if REPORTS[name].timeless:
            del form.span
        return {
            "href": url_for("ReportView.keep", name=name),
            "make": url_for("ReportView.make", name=name),
            "given": query,
            "form": form,
        }

    @expose("/<name>/keep", methods=["POST"])
    @allowed("read")
    def keep(self, name: str) -> Any:
        """Keep the report with its settings under a name of one's own; the same name again replaces what it had."""
        if name not in REPORTS:
            abort(404)
        title = " ".join(request.form.get("title", "").split())
        span = "" if REPORTS[name].timeless else request.form.get("span", "")
        rhythm = request.form.get("rhythm", "")
        if not 0 < len(title) <= 100:
            raise Refused(_("Please give the report a name of at most 100 characters."))
        if span not in SPANS or rhythm not in RHYTHMS:
            raise Refused(_("Please choose one of the offered days and rhythms."))
        given = parameters_of(db.session, name, request.form)
        saved = db.session.scalars(select(SavedReport).where(SavedReport.title == title)).first()
        if saved is None:
            if (db.session.scalar(select(func.count(SavedReport.id))) or 0) >= MOST_KEPT:
                raise Refused(_("You keep %(count)s reports already; please drop one first.", count=MOST_KEPT))
            saved = SavedReport(user_id=_own_id(), title=title)
            db.session.add(saved)
        saved.report, saved.span, saved.rhythm = name, span, rhythm
        saved.parameters, saved.language, saved.address = json.dumps(given), str(get_locale()), full_address("")
        saved.mailed_on = report_runs.today()
        db.session.commit()
        flash(_("“%(title)s” is kept.", title=title), "success")
        page = url_for("ReportView.kept_one", pk=saved.id) if rhythm else url_for("ReportView.index")
        return redirect(page)

    @expose("/kept/<int:pk>/drop", methods=["POST"])
    @allowed("read")
    def drop(self, pk: int) -> Any:
        """Keep a report no longer."""
        saved = own(SavedReport, pk)
        db.session.execute(delete(ReportRecipient).where(ReportRecipient.saved_id == pk))
        db.session.delete(saved)
        db.session.commit()
        flash(_("“%(title)s” is no longer kept.", title=saved.title), "success")
        return redirect(url_for("ReportView.index"))

    @expose("/<name>/make", methods=["POST"])
    @allowed("read")
    def make(self, name: str) -> Any:
        """Have the workbook of a report made in the background."""
        if name not in REPORTS:
            abort(404)
        room_for_one()
        given = parameters_of(db.session, name, request.form)
        run = report_runs.ask_for(
            db.session, user_id=_own_id(), report=name, name=str(REPORTS[name].title), parameters=json.dumps(given),
            form="xlsx", language=str(get_locale()), address=full_address(""),
        )  # fmt: skip
        db.session.commit()
        return redirect(url_for("ReportView.run", pk=run.id))

    @expose("/runs/<int:pk>")
    @allowed("read")
    def run(self, pk: int) -> str:
        """How far a file is, and where to fetch it."""
        return self.render_template("wenshu/report_run.html", run=_drawn(own(ReportRun, pk)))  # type: ignore[attr-defined]

    @expose("/runs/<int:pk>/file")
    @allowed("read")
    def file(self, pk: int) -> Response:
        """The file itself, to its owner alone."""
        run = own(ReportRun, pk)
        if run.state != "done" or not run.digest or not storage().exists(run.digest):
            abort(404)
        events.note(db.session, "file_read", f"report_runs {run.id}", run.file_name or "")
        return send_file(
            storage().open(run.digest), mimetype=MEDIA[run.form], as_attachment=True, download_name=run.file_name
        )

    @expose("/runs/<int:pk>/cancel", methods=["POST"])
    @allowed("read")
    def cancel(self, pk: int) -> Any:
        """Call a file off that is not ready."""
        run = own(ReportRun, pk)
        if not report_runs.call_off(db.session, run):
            raise Refused(_("It has ended already; there is nothing to call off."))
        db.session.commit()
        return redirect(url_for("ReportView.run", pk=pk))

    @expose("/runs/<int:pk>/again", methods=["POST"])
    @allowed("read")
    def again(self, pk: int) -> Any:
        """Have a file made that failed or was called off."""
        run = own(ReportRun, pk)
        if not report_runs.again(db.session, run):
            raise Refused(_("Only what failed or was called off can be made again."))
        db.session.commit()
        return redirect(url_for("ReportView.run", pk=pk))


def settings_of(saved: SavedReport) -> str:
    """Which report is kept, for which days, and how often it is mailed."""
    words = REPORTS[saved.report].title, saved.span and SPANS[saved.span], RHYTHMS[saved.rhythm]
    return " · ".join(str(one) for one in words if one)


def room_for_one() -> None:
    """Raises `Refused` where as many files of the actor's wait as may."""
    waiting = select(func.count(ReportRun.id)).where(ReportRun.state.in_(("waiting", "running")))
    if (db.session.scalar(waiting) or 0) >= MOST_WAITING:
        raise Refused(_("%(count)s files of yours are waiting already; please wait for them.", count=MOST_WAITING))


def own(model: Any, pk: int) -> Any:
    """The row with this key, if it is the actor's own: row access finds no other."""
    found = db.session.scalars(select(model).where(model.id == pk)).first() if pk < 2**31 else None
    return found or abort(404)


def _own_id() -> int:
    own = access.current().id
    assert own is not None  # `allowed` let nobody in without an account
    return own


def _drawn(run: ReportRun) -> dict[str, Any]:
    label, tone = STATES[run.state]
    share = min(run.done / run.total, 1) if run.total else 0
    words = _("%(done)s of %(total)s rows", done=f"{run.done:,}", total=f"{run.total:,}") if run.total else ""
    return {
        "title": run.name,
        "state": {"text": str(label), "tone": tone},
        "open": run.is_open,
        "share": round(share, 3),
        "words": words,
        "reason": run.reason,
        "asked_text": moment_text(run.asked_at),
        "href": url_for("ReportView.run", pk=run.id),
        "file": url_for("ReportView.file", pk=run.id) if run.state == "done" else None,
        "cancel": url_for("ReportView.cancel", pk=run.id) if run.is_open else None,
        "again": url_for("ReportView.again", pk=run.id) if run.state in ("failed", "cancelled") else None,
    }
