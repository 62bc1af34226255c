"""Pages of visitors who wait."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.engine import access
from app.engine.moments import local
from app.web.record import RecordView
from models.tickets import ServiceTicket
from models.visitors import Visitor


class VisitorView(RecordView):
    model = Visitor
    list_columns = ["came_at", "name", "matter", "host", "state", "seen_by", "seen_at"]
    filters = ["state", "came_at", "host", "seen_by"]

    def _links(self, record: Any) -> list[dict[str, str]]:
        links = super()._links(record)
        if record.state == "called_in" and access.current().may("add", ServiceTicket.kind_name):
            given = {"channel": "visit", "contact_name": record.name, "subject": record.matter,
                     "received_at": local(record.came_at).isoformat(timespec="minutes")[:16]}  # fmt: skip
            href = url_for("ServiceTicketView.add", **{name: value for name, value in given.items() if value})
            links.append({"label": _("Register the visit"), "href": href})
        return links
