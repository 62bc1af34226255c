"""Pages of circulation: the rounds, their entries, and the tasks that came of what readers said."""

from app.web.kind import Children
from app.web.record import RecordView
from models.circulation import Circulation
from models.entries import CirculationEntry
from models.tasks import SupplementaryTask


class CirculationView(RecordView):
    model = Circulation
    list_columns = ["document", "purpose", "mode", "form", "state", "waiting_for", "started_at"]
    filters = ["state", "document", "mode", "form", "started_at"]
    children = [
        Children(
            "entries", "circulation",
            ["reader", "position", "state", "opinion", "classification", "sent_at", "read_at", "signed_by", "copy"],
            most=100,
        )
    ]  # fmt: skip


class CirculationEntryView(RecordView):
    model = CirculationEntry
    list_columns = ["document", "reader", "purpose", "state", "position", "copy", "sent_at", "due_at"]
    filters = ["state", "reader", "document", "circulation", "classification", "sent_at"]
    children = [Children("tasks", "entry", ["what", "department", "person", "state", "due_at"])]


class SupplementaryTaskView(RecordView):
    model = SupplementaryTask
    list_columns = ["document", "what", "department", "person", "state", "due_at"]
    filters = ["state", "department", "person", "document"]
