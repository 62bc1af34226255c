"""Pages of follow-up: the cases with their log, and the ladder of reminders."""

from app.engine.ladder import EscalationRung
from app.web.kind import Children
from app.web.record import RecordView
from models.follow_ups import FollowUp


class FollowUpView(RecordView):
    model = FollowUp
    list_columns = [
        "document",
        "stage",
        "responsible",
        "department",
        "officer",
        "state",
        "outcome",
        "reminded",
        "due_at",
    ]
    filters = ["state", "stage", "responsible", "department", "officer", "outcome"]
    eager = ["responsible", "department", "officer"]
    children = [Children("notes", "follow_up", ["at", "deed", "way", "person", "outcome", "words", "noted_by"])]
    base_order = "due_at"


class EscalationRungView(RecordView):
    model = EscalationRung
    list_columns = [
        "name", "record_kind", "stage", "profile", "basis", "amount", "unit", "least_days", "below_days", "who",
        "daily", "source",
    ]  # fmt: skip
    filters = ["record_kind", "stage", "profile", "ours"]
    base_order = "id"
