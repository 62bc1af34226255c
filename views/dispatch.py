"""Pages of dispatch orders."""

from app.web.record import RecordView
from models.dispatch import DispatchOrder


class DispatchOrderView(RecordView):
    model = DispatchOrder
    list_columns = ["order_no", "ticket", "department", "lead", "state", "issued_at", "due_at"]
    filters = ["state", "department", "ticket", "issued_at"]
    eager = ["ticket", "department"]
