"""Pages of outgoing documents, of the departments' word on them and of their recipients."""

from flask_babel import lazy_gettext as _l

from app.web.kind import Children
from app.web.record import RecordView
from models.countersignatures import Countersignature
from models.outgoing import OutgoingDocument
from models.recipients import Recipient


class OutgoingDocumentView(RecordView):
    model = OutgoingDocument
    list_columns = ["document_no", "title", "document_type", "state", "department", "drafter", "issued_at", "due_at"]
    filters = [
        "state", "level", "document_class", "document_type", "department", "drafter", "issued_at", "urgency", "secrecy",
    ]  # fmt: skip
    eager = ["countersignatures"]
    children = [
        Children("countersignatures", "document", ["department", "leader", "state", "person", "answered_at", "remark"]),
        Children("versions", "document", ["number", "person", "at", "remark"]),
        Children("joint_issuers", "document", ["name", "signer", "signed_on"]),
        Children("prints", "document", ["printer", "premises", "copies", "at", "waste_sheets", "destroyed_on"]),
        Children("proofs", "document", ["number", "person", "at", "errors", "clean", "waived"]),
        Children("seal_uses", "document", ["seal", "impressions", "keeper", "at"]),
        Children(
            "recipients", "document", ["name", "part", "copies", "state", "channel", "sent_at", "signed_by", "incoming"]
        ),
        Children("replaced_by", "replaces", ["document_no", "title", "state", "issued_at"], title=_l("Replaced by")),
    ]


class CountersignatureView(RecordView):
    model = Countersignature
    list_columns = ["document", "department", "leader", "state", "person", "answered_at", "due_at"]
    filters = ["state", "department", "leader", "document"]


class RecipientView(RecordView):
    model = Recipient
    list_columns = ["document", "name", "part", "copies", "state", "channel", "sent_at", "signed_by", "due_at"]
    filters = ["state", "document", "department", "channel", "sent_at"]
