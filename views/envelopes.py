"""Pages of envelopes, the lines of their dispatch notes and their defects."""

from app.web.kind import Children
from app.web.record import RecordView
from models.envelope_defects import EnvelopeDefect
from models.envelope_lines import EnvelopeLine
from models.envelopes import Envelope


class EnvelopeView(RecordView):
    """What came to the door; those whose receipt slip is “enclosed, to go back” are the outstanding receipts."""

    model = Envelope
    list_columns = [
        "envelope_no", "sender", "outer_no", "channel", "state", "person", "unit", "received_at", "receipt", "due_at",
    ]  # fmt: skip
    filters = [
        "state",
        "receipt",
        "sender",
        "channel",
        "outer_no",
        "personal",
        "person",
        "unit",
        "silent",
        "received_at",
    ]
    children = [
        Children(
            "envelope_lines", "envelope",
            ["title", "sender_no", "copies_noted", "copies_found", "pages_complete", "formalities", "document"],
            most=100,
        ),
        Children("defects", "envelope", ["what", "line", "state", "asked_at", "asked_whom", "made_good_on"]),
        Children("papers", "envelope", ["receipt_no", "title", "state", "due_at"]),
    ]  # fmt: skip


class EnvelopeLineView(RecordView):
    """Lines are changed with their envelope; this list is for finding."""

    model = EnvelopeLine
    in_menu = False
    list_columns = ["envelope", "title", "sender_no", "copies_noted", "copies_found", "document"]
    filters = ["envelope", "sender_no"]


class EnvelopeDefectView(RecordView):
    model = EnvelopeDefect
    in_menu = False
    list_columns = ["envelope", "line", "what", "state", "asked_at", "asked_whom", "made_good_on"]
    filters = ["state", "envelope", "what"]
