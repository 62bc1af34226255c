"""Pages of service tickets and dispatch orders."""

from app.web.kind import Children
from app.web.record import RecordView
from models.tickets import DispatchOrder, ServiceTicket


class ServiceTicketView(RecordView):
    model = ServiceTicket
    list_columns = ["ticket_no", "subject", "kind", "channel", "state", "department", "taker", "received_at", "due_at"]
    filters = ["state", "kind", "channel", "department", "taker", "received_at"]
    children = [Children("orders", "ticket", ["order_no", "department", "lead", "state", "due_at", "fed_back_at"])]


class DispatchOrderView(RecordView):
    model = DispatchOrder
    list_columns = ["order_no", "ticket", "department", "lead", "state", "issued_at", "due_at"]
    filters = ["state", "department", "ticket", "issued_at"]
    eager = ["ticket", "department"]
