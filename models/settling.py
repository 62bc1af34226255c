"""Settling paid services 有偿服务: a ticket is not closed before the work is accepted, and paid or put on account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session, object_session

from app.engine import rules
from app.engine.refusals import StepRefused

if TYPE_CHECKING:
    from models.orders import Order
    from models.tickets import ServiceTicket

SETTLED_FIRST = rules.setting(
    "paid_service_settled",
    _l("A ticket closes when its paid service is accepted and paid or on account"),
    default="yes",
)


def is_paid_for(order: Order) -> bool:
    """Whether an order is paid in full, or put on account to be paid later."""
    return order.payment_type == "on_account" or order.owed <= 0


def part_from_orders(ticket: ServiceTicket) -> None:
    """Orders bear the name of whoever ordered: nothing leads from a sealed ticket to them, nor from them to it."""
    session = object_session(ticket)
    if session is None:
        return
    with session.no_autoflush:  # one flush, one entry in the history
        for order in list(ticket.service_orders):
            order.ticket, order.parted = None, True


def refuse_unsettled(session: Session, ticket: ServiceTicket) -> None:
    """Raises `StepRefused` naming the order whose work is not accepted or not paid yet."""
    if ticket.kind != "paid_service" or not rules.flag(session, SETTLED_FIRST, ticket.profile()):
        return
    with session.no_autoflush:
        for order in ticket.service_orders:
            if order.state in ("cancelled", "invalid"):
                continue
            if order.received_at is None:
                raise StepRefused(_("The customer has not accepted the work of %(order)s yet.", order=order.order_no))
            if not is_paid_for(order):
                raise StepRefused(
                    _("%(order)s is not paid yet: %(amount)s is owed.", order=order.order_no, amount=order.owed)
                )
