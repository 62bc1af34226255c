"""What somebody is told: the list at `/notices/` and the count beside the name."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from app.engine import access
from app.extensions import db
from app.web.cells import moment_text
from app.web.kind import VIEWS
from app.web.signin import sign_in_first
from models import notices
from models.notices import Notice
from models.report_runs import ReportRun


class NoticesView(BaseView):
    """One's own notices; each only while its paper is open to the reader."""

    route_base = "/notices"
    label = _l("Notices")

    @expose("/")
    def index(self) -> Any:
        if not current_user.is_authenticated:
            return sign_in_first()
        fresh = request.args.get("show") != "all"
        found = notices.open_notices(db.session, *([Notice.read_at.is_(None)] if fresh else []))
        return self.render_template(
            "wenshu/notices.html",
            title=str(self.label),
            fresh=fresh,
            rows=[_row(*one) for one in found],
            unread=any(notice.read_at is None for notice, _record, _paper in found),
            href_all=url_for("NoticesView.read_all"),
        )

    @expose("/<int:pk>/read", methods=["POST"])
    def read(self, pk: int) -> Any:
        """Mark one as read and go where it leads."""
        if not current_user.is_authenticated:
            return redirect(url_for("SignInView.login"))
        found = notices.open_notices(db.session, Notice.id == pk) if pk < 2**31 else []
        if not found:
            abort(404)
        notice, record, _paper = found[0]
        href = _href(record)
        notices.read(db.session, [notice])
        db.session.commit()
        return redirect(href or url_for("NoticesView.index"))

    @expose("/read", methods=["POST"])
    def read_all(self) -> Any:
        """Mark all as read that are open to the reader."""
        if not current_user.is_authenticated:
            return redirect(url_for("SignInView.login"))
        found = notices.open_notices(db.session, Notice.read_at.is_(None), most=1000)
        notices.read(db.session, [notice for notice, _record, _paper in found])
        db.session.commit()
        return redirect(url_for("NoticesView.index"))


def _href(record: Any) -> str | None:
    if isinstance(record, ReportRun):
        return url_for("ReportView.run", pk=record.id)
    view = VIEWS.get(type(record))
    if view is None or not access.current().may("read", record.kind_name):
        return None
    return url_for(f"{view.__name__}.show", pk=record.id)


def _row(notice: Notice, record: Any, paper: Any) -> dict[str, Any]:
    return {
        "text": notices.words_of(notice, record, paper),
        "at_text": moment_text(notice.at),
        "meant_for": _("in the place of somebody who is away") if notice.meant_for_id else None,
        "read": notice.read_at is not None,
        "href": url_for("NoticesView.read", pk=notice.id),
    }


def badge() -> dict[str, Any] | None:
    """The count in the header of every page; None for accounts without a person."""
    if access.current().own_person_id is None:
        return None
    count = notices.unread(db.session)
    return {"count": count, "href": url_for("NoticesView.index"), "label": _("%(count)s unread notices", count=count)}
