"""Pages of reserved numbers."""

from app.web.record import RecordView
from models.number_reservations import NumberReservation


class NumberReservationView(RecordView):
    model = NumberReservation
    list_columns = ["number", "series", "holder", "purpose", "until", "state", "document", "due_at"]
    filters = ["state", "series", "holder", "until"]
