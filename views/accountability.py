"""Pages of accountability."""

from app.web.record import RecordView
from models.accountability import AccountabilityCase


class AccountabilityCaseView(RecordView):
    model = AccountabilityCase
    list_columns = ["document", "person", "fault", "state", "decision", "amount", "noted_at"]
    filters = ["state", "person", "fault", "decision"]
    eager = ["document", "person"]
