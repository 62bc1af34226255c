"""Pages of the office's rules: limits and settings with their texts, register books, number series, the calendar."""

from app.engine.clock_rules import ClockRule
from app.engine.office_calendar import CalendarDay
from app.engine.rules import Rule
from app.web.record import RecordView
from models.outgoing_series import OutgoingSeries
from models.registers import Register


class ClockRuleView(RecordView):
    model = ClockRule
    list_columns = ["record_kind", "stage", "case", "profile", "amount", "unit", "calendar", "source", "ours"]
    filters = ["record_kind", "stage", "profile", "ours"]
    base_order = "record_kind"


class RuleView(RecordView):
    model = Rule
    list_columns = ["setting", "profile", "value", "source", "ours", "valid_from", "valid_to"]
    filters = ["setting", "profile", "ours"]
    base_order = "setting"


class RegisterView(RecordView):
    model = Register
    list_columns = ["name", "code", "profile", "template", "kept_elsewhere"]
    base_order = "id"


class OutgoingSeriesView(RecordView):
    model = OutgoingSeries
    list_columns = ["name", "code", "profile", "level", "department", "template", "issuer"]
    filters = ["profile", "level", "department"]
    base_order = "id"


class CalendarDayView(RecordView):
    model = CalendarDay
    list_columns = ["day", "worked", "name", "source"]
    filters = ["day", "worked"]
    base_order = "-day"
