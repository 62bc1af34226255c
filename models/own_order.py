"""The customer's own order 会员自行修改: looked up, changed or cancelled by a signed address until it is confirmed.

M1 2.1: as long as nobody has confirmed an order, whoever placed it may change or cancel it; afterwards they read it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.engine import access, concurrency, history, rules
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, never_by_hand
from models import cutoffs, order_rounding, reserving
from models.orders import Order
from models.placing import end
from models.refunds import request_refund, surplus

DAYS = rules.setting(
    "own_page_days", _l("Days a customer's page stays open after the end of the order"), "number", "30"
)
#: What the page lets its customer change, beside the quantities.
OWN_FIELDS = (*cutoffs.FIELDS["recipient"], *cutoffs.FIELDS["delivery"])


def has_link(order: Order, actor: Actor) -> bool:
    return order.link_secret is not None


@Order.flow.step(
    *(name for name, state in Order.flow.states.items() if not state.final and name != "draft"),
    to=None, label=_l("Make an address for the customer"),
)  # fmt: skip
def give_link(order: Order) -> None:
    """The customer gets an address of their own for this order; one that was given out before is no longer good."""
    order.link_secret = secrets.token_urlsafe(24)


@Order.flow.step(*Order.flow.states, to=None, label=_l("Withdraw the customer's address"), who=has_link)
def withdraw_link(order: Order) -> None:
    """The address opens nothing any more."""
    order.link_secret = None


def is_open(session: Session, order: Order) -> bool:
    """Whether the customer's page still shows the order."""
    if order.link_secret is None or order.state == "draft":
        return False
    days = float(rules.number(session, DAYS, None))
    return order.closed_at is None or order.closed_at + timedelta(days=days) > now()


def customer_of(order: Order) -> Actor:
    """Who acts on the page, as the history names them."""
    return Actor(None, _("customer, by the address of the order"))


def may_change(session: Session, order: Order) -> list[str]:
    """The parts of the order its customer may still change."""
    return [group for group in cutoffs.GROUPS if cutoffs.verdict(session, order, group, member=True).may]


def change(session: Session, order: Order, version: int | None, values: Mapping[str, Any],
           quantities: Mapping[int, Decimal]) -> None:  # fmt: skip
    """Store what the customer changed: values by field, wanted quantities by the line's key; the caller commits.

    Raises `StepRefused` where the order was confirmed meanwhile, goods are short or nothing would be left of it.
    """
    with access.acting_as(customer_of(order)), history.act("own_page"), access.system():
        concurrency.hold(session, order)
        if version != order.version:
            raise StepRefused(_("The order was changed meanwhile; please look at it again."))
        open_parts = may_change(session, order)
        wanted = [group for group, names in cutoffs.FIELDS.items() if any(name in values for name in names)]
        if quantities:
            wanted.append("goods")
        if not open_parts or not set(wanted) <= set(open_parts):
            raise StepRefused(_("The order has been confirmed and can no longer be changed here; please call us."))
        for name, value in values.items():
            setattr(order, name, value)
        for line in list(order.order_lines):
            quantity = quantities.get(line.id)
            if quantity == 0:
                order.order_lines.remove(line)
            elif quantity is not None:
                line.quantity = quantity
        if not order.order_lines:
            raise StepRefused(_("Nothing would be left of the order; cancel it instead."))
        order_rounding.round_amounts(order)
        for _name, sentence in order.check():
            raise StepRefused(sentence)
        order.revision += 1
        session.flush()
        if quantities:
            session.expire(order, ["order_lines"])
            reserving.match(session, order)
            session.flush()
            if (above := surplus(session, order)) > 0:
                request_refund(session, order, above, "difference", _("The customer ordered less."))


@Order.flow.step("placed", to="cancelled", label=_l("Cancel my order"), who=never_by_hand)
def cancel_own(order: Order, reason: Annotated[str | None, Ask(_l("Reason"))] = None) -> None:
    """The customer calls the order off before it is confirmed; what was paid goes back."""
    order.reason = reason or _("Cancelled by the customer")
    end(order, "cancelled")
