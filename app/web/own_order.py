"""`/my-order/<token>`: one order for its customer, without signing in; changed or cancelled until it is confirmed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from app.engine import access, history
from app.engine import fields as engine
from app.engine.disclosure import mask
from app.engine.fields import whole
from app.engine.refusals import Invalid, Refused
from app.extensions import db
from app.web import cells, forms
from app.web.address import full_address
from app.web.signed_links import SignedLink
from models import own_order
from models.order_lines import OrderLine
from models.orders import Order

LINKS = SignedLink(
    Order, "order", lambda order: order.link_secret, lambda order: own_order.is_open(db.session, order),
    lambda: _("This address is not good, or no longer. Please ask us for another."),
)  # fmt: skip
#: What the page tells of an order, where there is something to tell.
TOLD = (
    "placed_at", "payment_type", "consignee", "address", "delivery_method", "delivery_wish", "promised_at", "freight",
    "gross", "paid", "escrowed", "refunded", "payment_state", "pay_until", "confirmed_at", "shipped_at", "carrier",
    "waybill", "received_at", "cancelled_at",
)  # fmt: skip


_ABOUT, _ABOUT_LINE = engine.fields_of(Order), engine.fields_of(OrderLine)


def address_of(order: Order) -> str:
    """The whole address of the customer's page."""
    return full_address(url_for("OwnOrderPage.page", token=LINKS.token(order)))


class OwnOrderPage(BaseView):
    """The page of one order with its form, and the button that cancels it."""

    route_base = "/my-order"

    @expose("/<token>", methods=["GET", "POST"])
    def page(self, token: str) -> Any:
        with access.system():
            order: Order = LINKS.opened(token)
            if request.method != "POST":
                return self._drawn(order, token)
            try:
                self._do(order)
            except Refused as refusal:
                db.session.rollback()
                return self._drawn(LINKS.opened(token), token, refusal), refusal.status
            flash(_("Your order was changed."), "success")
            return redirect(url_for("OwnOrderPage.page", token=token))

    def _do(self, order: Order) -> None:
        key = request.form.get("form_key")
        if request.form.get("do") == "cancel":
            with access.acting_as(own_order.customer_of(order)), history.act("own_page"), access.system():
                order.flow.take(
                    db.session, order, "cancel_own", {"reason": request.form.get("reason", "")[:500]},
                    version=whole(request.form.get("version")), form_key=f"own order {order.id} {key}" if key else None,
                )  # fmt: skip
            db.session.commit()
            return
        fields = _asked(order)
        raw = forms.sent(fields, request.form)
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for name, field in fields.items():
            try:
                values[name] = field.clean(raw.get(name))
            except ValueError as error:
                errors.setdefault(name, []).append(str(error))
        if errors:
            raise Invalid(errors)
        quantities = {
            line.id: values[f"line_{line.id}"]
            for line in order.order_lines
            if values.get(f"line_{line.id}") is not None and values[f"line_{line.id}"] != line.quantity
        }
        # A telephone number left empty stays: it is never shown in full.
        changed = {
            name: value
            for name, value in values.items()
            if name in own_order.OWN_FIELDS and value != getattr(order, name) and not (name == "phone" and not value)
        }
        own_order.change(db.session, order, whole(request.form.get("version")), changed, quantities)
        db.session.commit()

    def _drawn(self, order: Order, token: str, refusal: Refused | None = None) -> str:
        fields = _asked(order)
        form, errors = None, []
        if fields:
            form = forms.form_for(fields, request.form if refusal else None, _stored(order, fields), {})
            form.version.data = str(order.version)
            form.form_key.data = secrets.token_urlsafe(24)
        if refusal is not None:
            said = refusal.errors if isinstance(refusal, Invalid) else {"": [str(refusal)]}
            errors = forms.put_errors(form, said) if form is not None else [str(refusal)]
        return self.render_template(
            "wenshu/own_order.html",
            title=_("Order %(number)s", number=order.order_no),
            state={"label": order.state_label, "tone": order.flow.states[order.state].tone},
            items=_items(order),
            goods=[
                {
                    "name": str(line.product), "quantity": cells.words(_ABOUT_LINE["quantity"], line.quantity),
                    "price": cells.words(_ABOUT_LINE["price"], line.price),
                    "gross": cells.words(_ABOUT_LINE["gross"], line.gross),
                }
                for line in order.order_lines
            ],
            columns=[_("Product"), _("Quantity"), _("Price"), _("Gross")],
            form=form,
            errors=errors,
            may_cancel=order.state == "placed",
            here=url_for("OwnOrderPage.page", token=token),
            version=order.version,
        )  # fmt: skip


def _asked(order: Order) -> dict[str, engine.Field]:
    """What the customer may change now: their own fields, and how many of each thing."""
    open_parts = own_order.may_change(db.session, order)
    names = [name for part, names in own_order.cutoffs.FIELDS.items() if part in open_parts for name in names]
    fields = {name: _ABOUT[name] for name in names}
    if "goods" in open_parts:
        about = _ABOUT_LINE["quantity"]
        for line in order.order_lines:
            label, name = _("Quantity: %(product)s", product=str(line.product)), f"line_{line.id}"
            fields[name] = replace(about, name=name, label=label, help=_("0: taken off"), least=Decimal(0))
    return fields


def _stored(order: Order, fields: Mapping[str, engine.Field]) -> dict[str, Any]:
    lines = {f"line_{line.id}": line.quantity for line in order.order_lines}
    return {name: lines.get(name) if name in lines else None if name == "phone" else getattr(order, name)
            for name in fields}  # fmt: skip


def _items(order: Order) -> list[dict[str, str]]:
    told = [(_ABOUT[name], getattr(order, name)) for name in TOLD]
    items = [{"label": str(field.label), "text": cells.words(field, value)} for field, value in told if value]
    if order.phone:
        items.append({"label": str(_ABOUT["phone"].label), "text": mask(order.phone) or ""})
    return items
