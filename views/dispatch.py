"""Pages of dispatch orders."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import url_for
from flask_babel import gettext as _

from app.engine import access
from app.web.record import RecordView
from models.dispatch import DispatchOrder
from models.note_templates import NoteTemplate
from models.unit_links import OPEN_TO_LINK


class DispatchOrderView(RecordView):
    model = DispatchOrder
    list_columns: ClassVar = ["order_no", "ticket", "department", "lead", "state", "issued_at", "due_at"]
    filters: ClassVar = ["state", "department", "ticket", "issued_at"]
    eager: ClassVar = ["ticket", "department"]

    def _links(self, record: Any) -> list[dict[str, str]]:
        links = super()._links(record)
        if record.state in OPEN_TO_LINK and access.current().may("add", "unit_links"):
            links.append({"label": _("Link for the unit"), "href": url_for("UnitLinkView.add", order=record.id)})
        return links


class NoteTemplateView(RecordView):
    model = NoteTemplate
    list_columns: ClassVar = ["ticket_kind", "contact_text", "reply_text", "follow_text", "relay_text", "ours"]
