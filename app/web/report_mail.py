"""A kept report by mail: who gets it beside its owner, each as they may see it, and one at once to try it."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from wtforms import Form, SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from app.engine import access
from app.engine.refusals import Refused
from app.extensions import db
from app.web.kind import allowed
from app.web.report_runs import own, room_for_one, settings_of
from models import report_runs
from models.report_runs import ReportRecipient, SavedReport


class RecipientsForm(Form):
    """Colleagues who may read reports."""

    people = SelectMultipleField(_l("Also mailed to"))


class MailPages:
    """`/reports/kept/<pk>`: its owner alone finds it."""

    @expose("/kept/<int:pk>")
    @allowed("read")
    def kept_one(self, pk: int) -> str:
        saved = own(SavedReport, pk)
        form = RecipientsForm(data={"people": [str(one) for one in _chosen(saved)]})
        form.people.choices = [SelectChoice(str(key), name) for key, name in _others()]
        return self.render_template(  # type: ignore[attr-defined]
            "wenshu/report_kept.html",
            title=saved.title,
            words=settings_of(saved),
            form=form,
            mailed=bool(saved.rhythm),
            href=url_for("ReportView.report", name=saved.report, **saved.asked()),
            save=url_for("ReportView.recipients", pk=pk),
            send=url_for("ReportView.send", pk=pk),
            drop=url_for("ReportView.drop", pk=pk),
        )

    @expose("/kept/<int:pk>/recipients", methods=["POST"])
    @allowed("read")
    def recipients(self, pk: int) -> Any:
        """Who gets it from now on."""
        saved, known = own(SavedReport, pk), {str(key) for key, _name in _others()}
        people = set(request.form.getlist("people"))
        if not people <= known:
            raise Refused(_("Please choose among the people who may read reports."))
        db.session.execute(delete(ReportRecipient).where(ReportRecipient.saved_id == saved.id))
        db.session.add_all([ReportRecipient(saved_id=saved.id, user_id=int(one)) for one in sorted(people, key=int)])
        db.session.commit()
        flash(_("Mailed to you and %(count)s others from now on.", count=len(people)), "success")
        return redirect(url_for("ReportView.kept_one", pk=pk))

    @expose("/kept/<int:pk>/send", methods=["POST"])
    @allowed("read")
    def send(self, pk: int) -> Any:
        """Make and mail one now, to its owner alone, in the way in which it will be mailed."""
        saved = own(SavedReport, pk)
        address = db.session.get_one(User, saved.user_id).email or ""
        if not current_app.config["SMTP_URL"]:
            raise Refused(_("This office has no mail server, so nothing can be mailed; its administrator sets one up."))
        if not address or address.endswith(".invalid"):
            raise Refused(_("Your account has no mail address; an administrator can enter one."))
        room_for_one()
        report_runs.mail(db.session, saved)
        db.session.commit()
        flash(_("“%(title)s” is being made and mailed to %(address)s.", title=saved.title, address=address), "success")
        return redirect(url_for("ReportView.kept_one", pk=pk))

    @expose("/kept/<int:pk>/decline", methods=["POST"])
    @allowed("read")
    def decline(self, pk: int) -> Any:
        """Get a report no longer that somebody else has mailed to one."""
        mine = (ReportRecipient.saved_id == pk, ReportRecipient.user_id == access.current().id)
        found = db.session.scalars(select(ReportRecipient).where(*mine)).first() if pk < 2**31 else None
        if found is None:
            abort(404)
        db.session.delete(found)
        db.session.commit()
        flash(_("It is no longer mailed to you."), "success")
        return redirect(url_for("ReportView.index"))

    def mailed_to_me(self) -> list[dict[str, str]]:
        """What others have mailed to the actor: its name, whose it is, and how to get it no longer."""
        mine = select(ReportRecipient.saved_id).where(ReportRecipient.user_id == access.current().id)
        keys = list(db.session.scalars(mine.order_by(ReportRecipient.saved_id)))
        if not keys:
            return []
        with access.system():  # the title and the owner alone are told of what is another's
            query = select(SavedReport.id, SavedReport.title, SavedReport.user_id).where(SavedReport.id.in_(keys))
            rows = list(db.session.execute(query))
        names = dict(report_runs.readers(db.session))
        return [
            {"title": row.title, "words": names.get(row.user_id, ""), "drop": url_for("ReportView.decline", pk=row.id)}
            for row in rows
        ]


def _others() -> list[tuple[int, str]]:
    return [one for one in report_runs.readers(db.session) if one[0] != access.current().id]


def _chosen(saved: SavedReport) -> list[int]:
    return list(db.session.scalars(select(ReportRecipient.user_id).where(ReportRecipient.saved_id == saved.id)))
