"""Pages of outgoing documents, of the departments' word on them and of their recipients."""

from __future__ import annotations

from typing import Any

from app.web.kind import Children
from app.web.official import official_links
from app.web.record import RecordView
from models.countersignatures import Countersignature
from models.outgoing import OutgoingDocument
from models.recipients import Recipient


class OutgoingDocumentView(RecordView):
    model = OutgoingDocument
    list_columns = ["document_no", "title", "document_type", "state", "department", "drafter", "issued_at", "due_at"]
    filters = [
        "state", "number_series", "level", "document_class", "document_type", "department", "drafter", "issued_at",
        "urgency", "secrecy",
    ]  # fmt: skip
    eager = ["countersignatures"]
    # What the drafter writes first; the house fills in the rest.
    edit_columns = [
        "title", "document_type", "level", "number_series", "document_class", "secrecy", "secrecy_period", "urgency",
        "touches_money", "addressees", "copy_to", "body", "enclosures", "note", "basis", "reply_to", "based_on",
        "replaces", "joint_numbers", "drafter", "department",
    ]  # fmt: skip
    children = [
        Children("countersignatures", "document", ["department", "leader", "state", "person", "answered_at", "remark"]),
        Children("joint_issuers", "document", ["name", "signer", "signed_on"]),
        Children("prints", "document", ["printer", "premises", "copies", "at", "waste_sheets", "destroyed_on"]),
        Children("proofs", "document", ["number", "person", "at", "errors", "clean", "waived"]),
        Children("seal_uses", "document", ["seal", "impressions", "keeper", "at"]),
        Children(
            "recipients", "document", ["name", "part", "copies", "state", "channel", "sent_at", "signed_by", "incoming"]
        ),
    ]

    def _links(self, record: Any) -> list[dict[str, str]]:
        return [*official_links(record), *super()._links(record)]


class CountersignatureView(RecordView):
    model = Countersignature
    list_columns = ["document", "department", "leader", "state", "person", "answered_at", "due_at"]
    filters = ["state", "department", "leader", "document"]


class RecipientView(RecordView):
    model = Recipient
    list_columns = ["document", "name", "part", "copies", "state", "channel", "sent_at", "signed_by", "due_at"]
    filters = ["state", "document", "department", "channel", "sent_at"]
