"""Pages of orders and their lines."""

from app.web.kind import Children
from app.web.record import RecordView
from models.orders import Order, OrderLine


class OrderView(RecordView):
    model = Order
    list_columns = [
        "order_no", "customer", "state", "payment_type", "placed_at", "promised_at", "salesperson", "gross", "paid",
    ]  # fmt: skip
    filters = ["state", "payment_type", "customer", "salesperson", "region", "placed_at", "promised_at", "platform_no"]
    children = [
        Children("order_lines", "order", ["product", "quantity", "price", "discount", "net", "tax", "gross"], most=100),
        Children("payments", "order", ["amount", "account", "reference", "paid_at", "state", "verified_by"]),
    ]


class OrderLineView(RecordView):
    """Lines are changed with their order; this list is for finding and counting."""

    model = OrderLine
    list_columns = ["order", "product", "quantity", "price", "discount", "net", "tax", "gross"]
    filters = ["order", "product"]
