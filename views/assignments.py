"""Pages of what units do with a paper: assignments, requests for time, orders to relay or copy."""

from app.web.kind import Children
from app.web.record import RecordView
from models.assignments import Assignment
from models.extensions import ExtensionRequest
from models.paper_orders import PaperOrder


class AssignmentView(RecordView):
    model = Assignment
    list_columns = ["document", "department", "lead", "handler", "state", "received_at", "due_at"]
    filters = ["state", "department", "handler", "lead", "document"]
    children = [Children("notes", "assignment", ["at", "person", "words", "evidence"])]


class ExtensionRequestView(RecordView):
    model = ExtensionRequest
    list_columns = ["document", "wish", "asker", "limit_at", "until", "state"]
    filters = ["state", "wish", "document"]


class PaperOrderView(RecordView):
    model = PaperOrder
    list_columns = ["document", "what", "scope", "charged", "by", "state", "due_at"]
    filters = ["state", "what", "document"]
