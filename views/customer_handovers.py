"""Pages of customer hand-overs: everything owned, on one page."""

from app.web.kind import Children
from app.web.record import RecordView
from models.customer_handovers import CustomerHandover, HandoverLine


class CustomerHandoverView(RecordView):
    model = CustomerHandover
    list_columns = ["handover_no", "leaver", "receiver", "effective_on", "state", "customers_moved", "due_at"]
    filters = ["state", "leaver", "receiver", "effective_on"]
    children = [
        Children(
            "handover_lines", "handover", most=200,
            columns=["customer", "receiver", "state", "open_orders", "owed", "open_tickets", "confirmed_at", "remark"],
        ),
    ]  # fmt: skip


class HandoverLineView(RecordView):
    model = HandoverLine
    list_columns = ["handover", "customer", "receiver", "state", "open_orders", "owed", "open_tickets", "confirmed_at"]
    filters = ["state", "receiver", "handover", "customer"]
