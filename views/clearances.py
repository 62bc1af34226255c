"""Pages of the clearances to take calls."""

from app.web.record import RecordView
from models.clearances import StaffClearance


class StaffClearanceView(RecordView):
    model = StaffClearance
    list_columns = ["person", "cleared_from", "cleared_until", "trainer", "state", "withdrawn_on"]
    filters = ["person", "state", "cleared_from"]
