"""Flask-AppBuilder as it comes, with every column named, for one account that may look at rows, add and change.

BENCH_DATABASE_URL=sqlite:///office.db BENCH_FOLDER=var/bench gunicorn bench.peers.stock_appbuilder:application
"""

from __future__ import annotations

from flask import Flask
from flask_appbuilder import AppBuilder, Model, ModelView
from flask_appbuilder.models.sqla.base import SQLA
from flask_appbuilder.models.sqla.interface import SQLAInterface

from bench.peers import appbuilder_office as office
from bench.peers import place

RIGHTS = ("can_list", "can_show", "can_add", "can_edit")


class Careful(ModelView):
    """What every list gets: Flask-AppBuilder orders by nothing and searches everything unless told."""

    page_size = place.PAGE
    base_order = ("id", "desc")


class CustomerView(Careful):
    datamodel = SQLAInterface(office.Customer)
    list_columns = ["customer_no", "name", "state", "region", "contact", "phone", "grade", "owner.name"]
    show_columns = ["customer_no", "name", "state", "region", "contact", "phone", "grade", "owner"]
    add_columns = ["customer_no", "name", "region", "contact", "phone", "grade", "owner"]
    edit_columns = ["customer_no", "name", "region", "contact", "phone", "grade", "owner"]
    search_columns = ["customer_no", "name", "state", "region"]


class ProductView(Careful):
    datamodel = SQLAInterface(office.Product)
    list_columns = ["product_no", "name", "model", "unit", "price", "stock"]
    show_columns = ["product_no", "name", "model", "unit", "price", "stock"]
    add_columns = ["product_no", "name", "model", "unit", "price", "stock"]
    edit_columns = ["product_no", "name", "model", "unit", "price"]
    search_columns = ["product_no", "name"]


class OrderLineView(Careful):
    datamodel = SQLAInterface(office.OrderLine)
    base_order = ("id", "asc")
    list_columns = ["product.name", "quantity", "price", "discount", "net", "tax", "gross"]
    show_columns = ["order", "product", "quantity", "price", "discount", "net", "tax", "gross"]
    add_columns = ["order", "product", "quantity", "price", "discount"]
    edit_columns = ["product", "quantity", "price", "discount"]
    search_columns = ["quantity"]


class OrderView(Careful):
    datamodel = SQLAInterface(office.Order)
    related_views = [OrderLineView]
    list_columns = [
        "order_no", "customer.name", "state", "payment_state", "fulfilment", "payment_type", "placed_at", "promised_at",
        "salesperson.name", "gross",
    ]  # fmt: skip
    show_columns = [
        "order_no", "customer", "state", "payment_state", "fulfilment", "payment_type", "placed_at", "promised_at",
        "salesperson", "consignee", "phone", "address", "note", "net", "tax", "gross", "paid",
    ]  # fmt: skip
    add_columns = [
        "customer", "payment_type", "placed_at", "promised_at", "salesperson", "consignee", "phone", "address", "note",
    ]  # fmt: skip
    edit_columns = [
        "customer", "payment_type", "placed_at", "promised_at", "salesperson", "consignee", "phone", "address", "note",
    ]  # fmt: skip
    search_columns = ["order_no", "state", "placed_at"]


class CirculationView(Careful):
    datamodel = SQLAInterface(office.Circulation)
    base_order = ("id", "asc")
    list_columns = ["reader.name", "state", "sent_at", "read_at", "opinion"]
    show_columns = ["document", "reader", "state", "sent_at", "read_at", "opinion"]
    add_columns = ["document", "reader", "state"]
    edit_columns = ["reader", "state", "sent_at", "read_at", "opinion"]
    search_columns = ["state"]


class DocumentView(Careful):
    datamodel = SQLAInterface(office.Document)
    related_views = [CirculationView]
    list_columns = [
        "receipt_no", "title", "sender.name", "sender_no", "state", "handler.name", "received_at", "due_at",
    ]  # fmt: skip
    show_columns = [
        "receipt_no", "title", "sender", "sender_no", "state", "handler", "received_at", "due_at", "summary",
    ]  # fmt: skip
    add_columns = ["receipt_no", "sender", "sender_no", "title", "received_at", "handler", "summary"]
    edit_columns = ["receipt_no", "sender", "sender_no", "title", "received_at", "handler", "summary"]
    search_columns = ["title", "state", "received_at"]


MENU = {"Orders": OrderView, "Customers": CustomerView, "Products": ProductView, "Documents": DocumentView}
INLINE = (OrderLineView, CirculationView)


def _first_start(appbuilder: AppBuilder) -> None:
    """The account with its role; the framework has made its tables."""
    security = appbuilder.sm
    if security.find_user(place.USER):
        return
    role = security.add_role("Clerk")
    views = [view.__name__ for view in (*MENU.values(), *INLINE)]
    for right, name in [(right, view) for view in views for right in RIGHTS] + [("menu_access", name) for name in MENU]:
        security.add_permission_role(role, security.find_permission_view_menu(right, name))
    security.add_user(place.USER, "Bench", "Clerk", "bench@example.org", role, place.PASSWORD)


def create() -> Flask:
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="protects nothing but a measurement",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{place.folder() / 'appbuilder.db'}",
        SQLALCHEMY_BINDS={"office": place.database().replace("postgresql://", "postgresql+psycopg://")},
        APP_NAME="Office",
        BABEL_DEFAULT_LOCALE="zh",
        LANGUAGES={"zh": {"flag": "cn", "name": "中文"}, "en": {"flag": "gb", "name": "English"}},
    )
    db = SQLA(app, model_class=Model, disable_autonaming=True)
    with app.app_context():
        appbuilder = AppBuilder(app, db.session)
        for name, view in MENU.items():
            appbuilder.add_view(view, name)
        for view in INLINE:
            appbuilder.add_view_no_menu(view)
        _first_start(appbuilder)
    return app


with place.one_at_a_time():
    application = create()
