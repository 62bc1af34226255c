"""Pages of customers and their contacts."""

from app.web.kind import Children
from app.web.record import RecordView
from models.customers import Customer, CustomerContact


class CustomerView(RecordView):
    model = Customer
    list_columns = ["customer_no", "name", "region", "contact", "phone", "grade", "owner"]
    filters = ["owner", "region", "grade"]
    children = [
        Children("contacts", "customer", ["name", "position", "phone", "email"]),
        Children("orders", "customer", ["order_no", "placed_at", "state", "promised_at", "gross"]),
    ]


class CustomerContactView(RecordView):
    model = CustomerContact
    list_columns = ["name", "customer", "position", "phone", "email"]
    filters = ["customer"]
