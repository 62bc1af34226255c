"""Pages of payments, of what they pay and of refunds."""

from app.web.kind import Children
from app.web.record import RecordView
from models.allocations import PaymentAllocation
from models.payments import Payment
from models.refunds import Refund


class PaymentView(RecordView):
    model = Payment
    list_columns = [
        "order", "customer", "kind", "amount", "allocated", "account", "reference", "paid_at", "state", "recorded_by",
        "verified_by",
    ]  # fmt: skip
    filters = ["order", "customer", "kind", "state", "method", "account", "payout_no", "paid_at", "collected_at"]
    children = [Children("allocations", "payment", ["order", "amount", "allocated_at", "by", "reason"])]


class PaymentAllocationView(RecordView):
    model = PaymentAllocation
    list_columns = ["payment", "order", "amount", "allocated_at", "by", "reason"]
    filters = ["order", "allocated_at"]
    in_menu = False


class RefundView(RecordView):
    model = Refund
    list_columns = [
        "order", "customer", "kind", "amount", "state", "earliest_at", "requested_by", "approved_by", "paid_at",
        "reference",
    ]  # fmt: skip
    filters = ["order", "customer", "kind", "state", "earliest_at", "paid_at"]
