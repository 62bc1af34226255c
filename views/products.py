"""Pages of products."""

from app.web.record import RecordView
from models.products import Product


class ProductView(RecordView):
    model = Product
    list_columns = ["product_no", "name", "model", "colour", "size", "unit", "price", "stock", "discontinued"]
    filters = ["model", "colour", "size", "discontinued"]
    base_order = "product_no"
