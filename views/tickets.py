"""Pages of service tickets."""

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l

from app.engine import access
from app.extensions import db
from app.web.kind import Children
from app.web.record import RecordView
from models.desk_procedures import DeskProcedure, procedures_for
from models.tickets import ServiceTicket


class ServiceTicketView(RecordView):
    model = ServiceTicket
    list_columns = ["ticket_no", "subject", "kind", "channel", "state", "department", "taker", "received_at", "due_at"]
    filters = ["state", "kind", "channel", "department", "taker", "received_at"]
    children = [
        Children("orders", "ticket", ["order_no", "department", "lead", "state", "due_at", "fed_back_at"]),
        Children(
            "service_orders", "ticket", ["order_no", "state", "gross", "paid", "received_at"], title=_l("Paid services")
        ),
    ]

    def _links(self, record: Any) -> list[dict[str, str]]:
        """The procedures of its kind stand beside what can be printed."""
        links = super()._links(record)
        if not access.current().may("read", DeskProcedure.kind_name):
            return links
        return links + [
            {"label": one.name, "href": url_for("DeskProcedureView.show", pk=one.id)}
            for one in procedures_for(db.session, record.kind)
        ]
