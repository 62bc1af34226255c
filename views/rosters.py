"""Pages of the duty roster and of the hand-over of shifts."""

from app.web.kind import Children
from app.web.record import RecordView
from models.rosters import DutyShift, HandOverItem, ShiftHandOver

_ITEM = ["ticket", "ticket_state", "ticket_due_at", "overdue"]


class DutyShiftView(RecordView):
    model = DutyShift
    list_columns = ["begins_at", "ends_at", "person", "desk", "duty", "note"]
    filters = ["person", "desk", "duty", "begins_at"]
    base_order = "-begins_at"


class ShiftHandOverView(RecordView):
    model = ShiftHandOver
    list_columns = [
        "handed_over_at", "desk", "person", "state", "open_tickets", "overdue_tickets", "calls_owed",
        "visitors_waiting", "taker", "taken_over_at",
    ]  # fmt: skip
    filters = ["state", "desk", "person", "handed_over_at"]
    children = [Children("items", "hand_over", _ITEM, most=100)]


class HandOverItemView(RecordView):
    """Open tickets are reached through their hand-over."""

    model = HandOverItem
    list_columns = ["hand_over", *_ITEM]
    filters = ["hand_over", "overdue"]
    in_menu = False
