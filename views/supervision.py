"""Pages of supervision cases."""

from app.web.record import RecordView
from models.supervision import Supervision


class SupervisionView(RecordView):
    model = Supervision
    list_columns = ["document", "matter", "opener", "asked", "state", "opened_at"]
    filters = ["state", "document", "opener", "asked"]
    eager = ["opener", "asked"]
