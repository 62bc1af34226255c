"""Pages of payments."""

from app.web.record import RecordView
from models.payments import Payment


class PaymentView(RecordView):
    model = Payment
    list_columns = ["order", "amount", "account", "reference", "paid_at", "state", "recorded_by", "verified_by"]
    filters = ["order", "state", "account", "paid_at"]
