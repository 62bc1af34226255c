"""Today's board 今日看板: what the office head looks at first in the morning, and where the papers are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from flask import url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select

from app.engine import access, references
from app.engine.disclosure import learn
from app.engine.moments import now
from app.extensions import db
from app.web import sheet
from app.web.cells import moment_text
from app.web.kind import VIEWS, allowed
from models.copies import PaperCopy
from models.documents import IncomingDocument
from models.envelopes import Envelope
from models.instructions import LeaderInstruction

#: A section names its first rows; the list behind it has them all.
MOST = 15
DAY, THREE_DAYS = timedelta(hours=24), timedelta(days=3)


@dataclass(frozen=True)
class Section:
    """One part of the board: its rows and where the whole list is."""

    title: Any
    empty: Any
    columns: tuple[Any, ...]
    rows: list[dict[str, Any]]
    href: str | None = None

    @property
    def heads(self) -> list[dict[str, Any]]:
        return sheet.heads(self.columns)


class BoardView(BaseView):
    """`/papers/today`."""

    route_base = "/papers/today"
    subject: ClassVar[str] = "incoming_documents"
    label = _l("Today's board")

    @expose("/")
    @allowed("read")
    def index(self) -> str:
        moment = now()
        paper = IncomingDocument
        sections = [
            self._arrivals(),
            self._papers(
                _("Proposals due within 24 hours"),
                _("No proposal is due."),
                paper.state.in_(("registered", "screened")) & (paper.due_at < moment + DAY),
            ),
            self._with_leaders(),
            self._papers(
                _("Due within three days"),
                _("Nothing falls due."),
                paper.pending() & paper.due_at.between(moment, moment + THREE_DAYS),
            ),
            self._papers(_("Overdue"), _("Nothing is overdue."), paper.late(moment)),
            self._copies_out(),
        ]
        return self.render_template(
            "wenshu/board.html",
            title=str(self.label),
            as_of=_("As of %(at)s", at=moment_text(moment)),
            sections=[part for part in sections if part is not None],
        )

    def _arrivals(self) -> Section | None:
        """Envelopes at the door or opened, none of whose papers is registered yet."""
        if not access.current().may("read", Envelope.kind_name):
            return None
        registered = exists().where(IncomingDocument.__table__.c.envelope_id == Envelope.id)
        waiting = ("presented", "signed_for", "opened", "discrepancy", "reconciled")
        query = select(Envelope).where(Envelope.state.in_(waiting), ~registered).order_by(Envelope.id).limit(MOST)
        rows = [
            sheet.row(
                one, [str(one), one.state_label, moment_text(one.due_at) if one.due_at else ""], late=one.is_late(now())
            )
            for one in db.session.scalars(query.options(*references.options(Envelope, VIEWS[Envelope].drawn())))
        ]
        columns = (_("Envelope"), _("State"), _("Due"))
        return Section(
            _("Arrived, not registered yet"), _("Everything that arrived is registered."), columns, rows, _all(Envelope)
        )

    def _papers(self, title: str, empty: str, condition: Any) -> Section:
        query = select(IncomingDocument).where(condition).order_by(IncomingDocument.due_at, IncomingDocument.id)
        found = list(
            db.session.scalars(query.limit(MOST).options(*references.options(IncomingDocument, ["department"])))
        )
        learn(db.session, found)
        rows = [
            sheet.row(
                one,
                [
                    one.receipt_no,
                    sheet.title_of(one),
                    one.state_label,
                    one.department.name if one.department else "",
                    moment_text(one.due_at) if one.due_at else "",
                ],
                late=one.is_late(now()),
            )
            for one in found
        ]
        columns = (_("Receipt number"), _("Title"), _("State"), _("Department"), _("Due"))
        return Section(title, empty, columns, rows, _all(IncomingDocument))

    def _with_leaders(self) -> Section:
        """Every paper a leader has now, the longest first."""
        line = LeaderInstruction
        query = select(line).where(line.standing == "waiting").order_by(line.changed_at, line.id).limit(MOST)
        found = list(db.session.scalars(query.options(*references.options(line))))
        papers = [one.document for one in found if one.document is not None]
        learn(db.session, papers)
        rows = [
            sheet.row(
                one.document,
                [one.leader.name, one.document.receipt_no, sheet.title_of(one.document), moment_text(one.changed_at)],
                late=one.document.is_late(now()),
            )
            for one in found
            if one.document is not None
        ]
        columns = (_("Leader"), _("Receipt number"), _("Title"), _("With the leader since"))
        return Section(_("With the leaders"), _("No paper lies with a leader."), columns, rows)

    def _copies_out(self) -> Section:
        query = (
            select(PaperCopy).where(PaperCopy.state == "out").order_by(PaperCopy.held_since, PaperCopy.id).limit(MOST)
        )
        rows = [
            sheet.row(
                one,
                [
                    one.document.receipt_no if one.document else "",
                    one.number,
                    one.holder.name if one.holder else "",
                    moment_text(one.held_since) if one.held_since else "",
                ],
                late=one.is_late(now()),
            )
            for one in db.session.scalars(query.options(*references.options(PaperCopy, ["document", "holder"])))
        ]
        columns = (_("Receipt number"), _("Copy number"), _("Holder"), _("Held since"))
        return Section(
            _("Copies out"), _("All copies are with the registry."), columns, rows, url_for("HoldersView.index")
        )


def _all(model: Any) -> str:
    return url_for(f"{VIEWS[model].__name__}.listing", view="mine")
