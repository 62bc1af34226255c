"""Pages of calls owed: every call somebody waits for, with its tries."""

from app.web.kind import Children
from app.web.record import RecordView
from models.calls import CallOwed


class CallOwedView(RecordView):
    model = CallOwed
    list_columns = [
        "kind", "ticket", "contact_name", "phone", "called_for", "assignee", "state", "tries", "grade", "due_at"
    ]  # fmt: skip
    filters = ["state", "kind", "assignee", "called_for", "ticket", "grade", "cause"]
    eager = ["called_for", "assignee"]
    children = [Children("attempts", "call", ["at", "person", "outcome", "remark"])]
    base_order = "due_at"
