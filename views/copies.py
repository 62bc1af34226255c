"""Pages of paper copies and of their movements."""

from app.web.kind import Children
from app.web.record import RecordView
from models.copies import CopyMovement, PaperCopy


class PaperCopyView(RecordView):
    model = PaperCopy
    list_columns = ["document", "number", "medium", "state", "holder", "held_since", "due_at"]
    filters = ["state", "document", "holder", "medium", "unconfirmed"]
    eager = ["holder"]
    children = [
        Children(
            "movements", "copy", ["person", "out_at", "signed", "back_at", "complete", "remark", "unconfirmed"], 100
        )
    ]


class CopyMovementView(RecordView):
    model = CopyMovement
    in_menu = False
    list_columns = ["copy", "person", "out_at", "signed", "back_at", "complete", "unconfirmed"]
    filters = ["copy", "person", "out_at", "back_at", "unconfirmed"]
