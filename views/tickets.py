"""Pages of service tickets: the form is the desk's, made to be filled in while somebody talks."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import object_session

from app.engine import access
from app.engine.fields import Field, whole
from app.engine.moments import now
from app.web.desk import beside_the_call
from app.web.kind import Children
from app.web.record import RecordView
from models.desk_procedures import DeskProcedure, procedures_for
from models.tickets import ServiceTicket


class ServiceTicketView(RecordView):
    model = ServiceTicket
    list_columns = ["ticket_no", "subject", "kind", "channel", "state", "department", "taker", "received_at", "due_at"]
    filters = ["state", "kind", "channel", "scheme", "department", "taker", "received_at"]
    form_template = "desk_form"
    # In the order of a conversation; the rest is seldom needed.
    form_sections = [
        (
            _l("Caller"),
            ["phone", "contact_name", "channel", "email", "anonymous", "anonymity_explained", "confidential"],
        ),
        (_l("Matter"), ["subject", "content", "kind", "sub_kind", "pressing", "place", "read_back"]),
        (
            _l("Times and units"),
            [
                "received_at", "picked_up_at", "ended_at", "rings", "scheme", "taker", "department", "subject_unit",
                "letter",
            ],
        ),
    ]  # fmt: skip
    edit_columns = [name for _title, names in form_sections for name in names]
    children = [
        Children("orders", "ticket", ["order_no", "department", "lead", "state", "due_at", "fed_back_at"]),
        Children("calls", "ticket", ["kind", "episode", "state", "assignee", "due_at", "tries", "grade", "cause"]),
        Children(
            "service_orders", "ticket", ["order_no", "state", "gross", "paid", "received_at"], title=_l("Paid services")
        ),
    ]

    def _defaults(self, fields: dict[str, Field]) -> dict[str, Any]:
        """The form is opened when the receiver is picked up."""
        return {"picked_up_at": now().replace(microsecond=0), **super()._defaults(fields)}

    def _beside(self) -> dict[str, Any]:
        return {"desk": beside_the_call()}

    def _next(self, record: Any) -> str:
        """From an answer chosen while the caller spoke, to the step that gives it."""
        quote = whole(request.form.get("quote"))
        step = record.flow.steps["give_answer"]
        if quote is None or step not in record.flow.allowed(record, access.current()):
            return super()._next(record)
        return self._url("step", pk=record.id, name=step.name, article=quote)

    def _links(self, record: Any) -> list[dict[str, str]]:
        """The procedures of its kind stand beside what can be printed."""
        links = super()._links(record)
        session = object_session(record)
        if session is None or not access.current().may("read", DeskProcedure.kind_name):
            return links
        return links + [
            {"label": one.name, "href": url_for("DeskProcedureView.show", pk=one.id)}
            for one in procedures_for(session, record.kind)
        ]
