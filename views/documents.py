"""Pages of incoming documents."""

from app.web.kind import Children
from app.web.record import RecordView
from models.documents import IncomingDocument


class IncomingDocumentView(RecordView):
    model = IncomingDocument
    list_columns = ["receipt_no", "title", "sender", "sender_no", "state", "department", "received_at", "due_at"]
    filters = ["state", "sender", "department", "received_at", "urgency", "secrecy"]
    children = [
        Children("circulations", "document", ["purpose", "mode", "form", "state", "waiting_for"]),
        Children("circulation", "document", ["reader", "state", "sent_at", "read_at", "opinion"]),
        Children("paper_copies", "document", ["number", "medium", "state", "holder", "held_since"]),
    ]
