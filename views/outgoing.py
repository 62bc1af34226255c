"""Pages of outgoing documents."""

from app.web.record import RecordView
from models.outgoing import OutgoingDocument


class OutgoingDocumentView(RecordView):
    model = OutgoingDocument
    list_columns = ["document_no", "title", "document_type", "state", "department", "drafter", "issued_at", "due_at"]
    filters = ["state", "document_class", "document_type", "department", "drafter", "issued_at", "urgency", "secrecy"]
