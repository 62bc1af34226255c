"""Pages of products and their dated prices."""

from app.web.kind import Children
from app.web.record import RecordView
from models.prices import ProductPrice
from models.products import Product


class ProductView(RecordView):
    model = Product
    list_columns = [
        "product_no", "name", "model", "colour", "size", "unit", "price", "stock", "reserved", "discontinued",
    ]  # fmt: skip
    filters = ["model", "colour", "size", "discontinued", "service"]
    base_order = "product_no"
    children = [
        Children("prices", "product", ["price", "grade", "valid_from", "valid_to"]),
        Children("movements", "product", ["moved_at", "kind", "quantity", "balance", "order", "note", "booked_by"]),
        Children("reservations", "product", ["order", "quantity", "state", "held_since", "expires_at"]),
    ]


class ProductPriceView(RecordView):
    model = ProductPrice
    in_menu = False
    list_columns = ["product", "price", "grade", "valid_from", "valid_to"]
    filters = ["product", "grade", "valid_from"]
    base_order = "-valid_from"
