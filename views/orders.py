"""Pages of orders, their lines, what customers want changed of them, and what that costs."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import access
from app.web.kind import Children
from app.web.own_order import address_of
from app.web.record import RecordView
from models import cutoffs
from models.amendments import Amendment, AmendmentLine
from models.difference_orders import DifferenceOrder
from models.order_lines import OrderLine
from models.order_returns import OrderReturn
from models.orders import Order


class OrderView(RecordView):
    model = Order
    list_columns = [
        "order_no", "customer", "state", "payment_state", "fulfilment", "payment_type", "placed_at", "promised_at",
        "salesperson", "gross",
    ]  # fmt: skip
    filters = [
        "state", "payment_state", "fulfilment", "payment_type", "customer", "salesperson", "region", "placed_at",
        "promised_at", "platform_no",
    ]  # fmt: skip
    form_sections = [
        (_l("Customer and payment"), [
            "customer", "payment_type", "placed_at", "promised_at", "deposit", "freight", "salesperson", "as_draft",
        ]),
        (_l("Recipient and delivery"), ["consignee", "phone", "address", "delivery_method", "delivery_wish"]),
        (_l("To be found by"), ["platform_no", "buyer_account", "qq", "region", "note"]),
    ]  # fmt: skip
    edit_columns = [name for _title, names in form_sections for name in names]
    children = [
        Children("order_lines", "order", ["product", "quantity", "price", "discount", "net", "tax", "gross"], most=100),
        Children("amendments", "order", ["amendment_no", "purpose", "state", "difference", "revision", "asked_at"]),
        Children("shipments", "order", ["shipment_no", "state", "assignee", "carrier", "waybill", "shipped_at"]),
        Children(
            "payments",
            "order",
            ["kind", "amount", "account", "reference", "paid_at", "state", "verified_by"],
        ),
        Children("refunds", "order", ["kind", "amount", "state", "earliest_at", "requested_by", "paid_at"]),
    ]

    def _links(self, record: Any) -> list[dict[str, str]]:
        """Asking for a change or a return starts here; the customer's own address is copied from here."""
        links = super()._links(record)
        actor = access.current()
        if not record.taken_over and not cutoffs.is_ended(record) and record.state != "draft":
            for model, label in ((Amendment, _("Change this order")), (OrderReturn, _("Give this order up"))):
                if actor.may("add", model.kind_name):
                    view = "AmendmentView" if model is Amendment else "OrderReturnView"
                    links.append({"label": label, "href": url_for(f"{view}.add", order=record.id)})
        if record.link_secret and actor.may("give_link", self.subject):
            links.append({"label": _("The customer's page"), "href": address_of(record)})
        return links


class OrderLineView(RecordView):
    """Lines are changed with their order; this list is for finding and counting."""

    model = OrderLine
    list_columns = ["order", "product", "quantity", "price", "discount", "net", "tax", "gross"]
    filters = ["order", "product"]


class AmendmentView(RecordView):
    model = Amendment
    list_columns = ["amendment_no", "order", "purpose", "state", "channel", "difference", "asked_at", "taken_by"]
    filters = ["state", "purpose", "channel", "order", "asked_at"]
    form_sections = [
        (_l("Who asks"), ["order", "channel", "told_number", "told_account", "told_qq", "told_consignee", "ticket_no"]),
        (_l("What is wanted"), ["purpose", "consignee", "phone", "address", "delivery_method", "delivery_wish"]),
        (_l("Money and note"), ["less", "note"]),
    ]
    edit_columns = [name for _title, names in form_sections for name in names]
    children = [
        Children(
            "amendment_lines", "amendment",
            ["instead_of", "old_quantity", "old_price", "product", "quantity", "new_price"],
        ),
        Children("differences", "amendment", ["difference_no", "wanted", "difference", "state", "pay_until"]),
    ]  # fmt: skip


class AmendmentLineView(RecordView):
    model = AmendmentLine
    list_columns = ["amendment", "instead_of", "old_quantity", "product", "quantity", "old_price", "new_price"]
    filters = ["amendment"]
    in_menu = False


class DifferenceOrderView(RecordView):
    model = DifferenceOrder
    list_columns = ["difference_no", "order", "wanted", "difference", "state", "issued_at", "pay_until", "matched_at"]
    filters = ["state", "order", "issued_at"]


class OrderReturnView(RecordView):
    model = OrderReturn
    list_columns = ["return_no", "order", "why", "state", "channel", "asked_at", "taken_by", "refund"]
    filters = ["state", "why", "channel", "order", "asked_at"]
