"""Pages of service tickets."""

from app.web.kind import Children
from app.web.record import RecordView
from models.tickets import ServiceTicket


class ServiceTicketView(RecordView):
    model = ServiceTicket
    list_columns = ["ticket_no", "subject", "kind", "channel", "state", "department", "taker", "received_at", "due_at"]
    filters = ["state", "kind", "channel", "department", "taker", "received_at"]
    children = [
        Children("orders", "ticket", ["order_no", "department", "lead", "state", "due_at", "fed_back_at"]),
        Children("calls", "ticket", ["kind", "episode", "state", "assignee", "due_at", "tries", "grade", "cause"]),
    ]
