"""Paid services 有偿服务: ordered from a service ticket as an order of the mall part, accepted and paid like one.

P1 4.2.3.3 names its flow chart only; the texts do not hold it. What the steps ask for is our own.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from app.engine import access, phones
from app.engine import record as records
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models.customers import Customer
from models.order_lines import OrderLine
from models.orders import PAYMENT_TYPES, Order
from models.products import Product
from models.settling import is_paid_for
from models.tickets import ServiceTicket

#: The states of an order in which work is still being done.
UNDER_WAY = ("placed", "confirmed", "assigned")


def is_paid_service(ticket: ServiceTicket, actor: Actor) -> bool:
    return ticket.kind == "paid_service"


def is_work(order: Order, actor: Actor) -> bool:
    """Orders of goods are shipped and received instead."""
    return order.is_work()


@ServiceTicket.flow.step(
    "open", "appointment", "reopened", "dispatched", "reply_in",
    to=None, label=_l("Order the paid service"), who=is_paid_service,
)  # fmt: skip
def order_service(
    ticket: ServiceTicket,
    product: Annotated[Product, Ask(_l("Which service"))],
    quantity: Annotated[Decimal, Ask(_l("Quantity"), kind="quantity", least=Decimal(0))],
    payment_type: Annotated[str, Ask(_l("Payment type"), choices=PAYMENT_TYPES)],
    price: Annotated[
        Decimal | None,
        Ask(_l("Agreed price"), help=_l("Empty: the price of the list"), kind="price", least=Decimal(0)),
    ] = None,
    customer: Annotated[Customer | None, Ask(_l("Customer"), help=_l("Empty: the caller"))] = None,
) -> None:
    """The caller agrees to work at a price: it becomes an order that belongs to this ticket."""
    if ticket.kind != "paid_service":
        raise StepRefused(_("Only a ticket of the kind “paid service” is ordered from; change its kind first."))
    if not product.service:
        raise StepRefused(_("%(product)s is not a service; choose one that is.", product=str(product)))
    session = object_session(ticket)
    assert session is not None
    order = Order(
        customer=customer or _caller_as_customer(session, ticket), payment_type=payment_type, placed_at=now(),
        consignee=ticket.contact_name, phone=ticket.phone, address=(ticket.place or "")[:300] or None,
        order_lines=[OrderLine(product=product, quantity=quantity, price=price)],
    )  # fmt: skip
    with session.no_autoflush:
        order.prepare(session)
        for _name, sentence in order.check():
            raise StepRefused(sentence)
        order.ticket_id = ticket.id
        records.store(session, order)
    session.expire(ticket, ["service_orders"])
    ticket.service_ordered_at = now()


def _caller_as_customer(session: Session, ticket: ServiceTicket) -> Customer:
    """The customer the caller is, made if the house does not know them yet. Raises `StepRefused` without a name."""
    if not ticket.contact_name:
        raise StepRefused(_("A paid service needs a customer: choose one, or enter the caller's name first."))
    query = select(Customer).where(Customer.name == ticket.contact_name)
    held = phones.bearing(Customer, ticket.phone or "")
    query = query.where(Customer.id.in_(held) if held is not None else Customer.phone == ticket.phone)
    known = session.scalars(query.order_by(Customer.id).limit(1)).first()
    if known is not None:
        return known.successor()
    customer = Customer(name=ticket.contact_name, phone=ticket.phone, address=(ticket.place or "")[:300] or None)
    records.store(session, customer)
    return customer


@Order.flow.step(*UNDER_WAY, to=None, label=_l("Work accepted"), who=is_work, tone="primary")
def accept_work(order: Order, words: Annotated[str, Ask(_l("What the customer says"))]) -> None:
    """The customer has seen the work and accepts it."""
    if not is_work(order, access.current()):
        raise StepRefused(_("Goods are shipped and received; only the work of a paid service is accepted."))
    order.received_at, order.acceptance = now(), words


@Order.flow.step(*UNDER_WAY, to="completed", label=_l("Complete the service"), who=is_work, tone="primary")
def complete_service(order: Order) -> None:
    """Accepted and paid; what is on account may be paid later."""
    if order.received_at is None:
        raise StepRefused(_("The customer has not accepted the work of %(order)s yet.", order=order.order_no))
    if not is_paid_for(order):
        raise StepRefused(_("Not paid in full: %(amount)s is still owed.", amount=order.owed))
