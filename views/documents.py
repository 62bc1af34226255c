"""Pages of incoming documents."""

from flask_babel import lazy_gettext as _l

from app.web.kind import Children
from app.web.record import RecordView
from models.documents import IncomingDocument


class IncomingDocumentView(RecordView):
    model = IncomingDocument
    list_columns = ["receipt_no", "title", "sender", "sender_no", "state", "department", "received_at", "due_at"]
    filters = ["state", "sender", "department", "received_at", "urgency", "importance", "secrecy"]
    eager = ["register"]
    # What a slip asks for first; the clerk goes through it without a mouse.
    edit_columns = [
        "sender", "sender_no", "received_at", "copies", "title", "secrecy", "urgency", "importance", "register",
        "medium", "paper_type", "written_on", "pages", "department", "handler", "answer_due", "enclosures", "summary",
        "digest", "note", "envelope", "proposal_on", "instruction_on", "result_on", "date_note",
    ]  # fmt: skip
    children = [
        Children("instructions", "document", ["leader", "verb", "standing", "words", "signed_at", "transcribed_by"]),
        Children(
            "assignments", "document", ["department", "lead", "handler", "state", "opinion", "due_at", "received_at"]
        ),
        Children("extensions", "document", ["wish", "asker", "limit_at", "until", "state", "decision"]),
        Children("orders", "document", ["what", "scope", "by", "state", "report"]),
        Children("circulations", "document", ["purpose", "mode", "form", "state", "waiting_for"]),
        Children("circulation", "document", ["reader", "state", "sent_at", "read_at", "opinion"]),
        Children("paper_copies", "document", ["number", "medium", "state", "holder", "held_since"]),
        Children("replies", "reply_to", ["document_no", "title", "state", "issued_at"], title=_l("Replies")),
    ]
