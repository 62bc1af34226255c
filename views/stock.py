"""Pages of stock movements and of what is reserved."""

from app.web.record import RecordView
from models.reservations import Reservation
from models.stock import StockMovement


class StockMovementView(RecordView):
    model = StockMovement
    list_columns = ["product", "moved_at", "kind", "quantity", "balance", "order", "booked_by"]
    filters = ["product", "kind", "moved_at", "order"]
    base_order = "-moved_at"


class ReservationView(RecordView):
    model = Reservation
    in_menu = False
    list_columns = ["order", "product", "quantity", "state", "held_since", "expires_at"]
    filters = ["state", "order", "product", "expires_at"]
