"""Pages of improvement actions."""

from app.web.record import RecordView
from models.improvements import Improvement


class ImprovementView(RecordView):
    model = Improvement
    list_columns = ["title", "owner", "due_on", "state", "decider", "decided_at"]
    filters = ["state", "owner", "due_on"]
