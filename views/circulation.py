"""Pages of circulation entries."""

from app.web.record import RecordView
from models.circulation import CirculationEntry


class CirculationEntryView(RecordView):
    model = CirculationEntry
    list_columns = ["document", "reader", "purpose", "state", "sent_at", "due_at"]
    filters = ["state", "reader", "document", "sent_at"]
    eager = ["document", "reader"]
