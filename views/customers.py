"""Pages of customers, their contacts and accounts, and who looked after them when."""

from app.web.kind import Children
from app.web.record import RecordView
from models.customer_owners import CustomerOwner
from models.customers import Customer, CustomerContact
from models.platform_identities import PlatformIdentity


class CustomerView(RecordView):
    model = Customer
    list_columns = ["customer_no", "name", "state", "region", "contact", "phone", "grade", "owner"]
    filters = ["owner", "area", "region", "grade", "state"]
    children = [
        Children("contacts", "customer", ["name", "position", "phone", "email"]),
        Children("identities", "customer", ["platform", "account", "note"]),
        Children("orders", "customer", ["order_no", "placed_at", "state", "promised_at", "gross"]),
        Children("owners", "customer", ["owner", "since", "until"]),
    ]


class CustomerContactView(RecordView):
    model = CustomerContact
    list_columns = ["name", "customer", "position", "phone", "email"]
    filters = ["customer"]


class PlatformIdentityView(RecordView):
    model = PlatformIdentity
    in_menu = False
    list_columns = ["platform", "account", "customer", "note"]
    filters = ["platform", "customer"]


class CustomerOwnerView(RecordView):
    """Written by the house itself whenever an owner changes."""

    model = CustomerOwner
    in_menu = False
    list_columns = ["customer", "owner", "since", "until"]
    filters = ["customer", "owner", "since", "until"]
    base_order = "-since"
