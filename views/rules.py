"""Pages of the office's rules: limits with the text they come from, and the working calendar."""

from app.engine.clocks import CalendarDay, ClockRule
from app.web.record import RecordView


class ClockRuleView(RecordView):
    model = ClockRule
    list_columns = ["record_kind", "stage", "case", "amount", "unit", "calendar", "source", "ours"]
    base_order = "record_kind"


class CalendarDayView(RecordView):
    model = CalendarDay
    list_columns = ["day", "worked", "name", "source"]
    filters = ["day", "worked"]
    base_order = "-day"
