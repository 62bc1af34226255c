"""Merging two customers that are one: everything goes to the one that stays; the other keeps its number and history."""

from __future__ import annotations

from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access, concurrency, history, referring
from app.engine.database import session_of
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models.customer_handovers import HandoverLine
from models.customer_owners import CustomerOwner
from models.customers import Customer, CustomerContact

#: What the one that stays takes over where it has nothing of its own.
TAKEN_ALONG = (
    "short_name", "region", "address", "contact", "phone", "source", "grade", "payment_days", "credit_limit", "tax_no",
    "invoice_title", "owner",
)  # fmt: skip


@Customer.flow.step("active", "blocked", to="merged", label=_l("Merge into another customer"), tone="danger")
def merge(
    customer: Customer,
    into: Annotated[Customer, Ask(_l("Into the customer"))],
    reason: Annotated[str, Ask(_l("Why it is the same"))],
) -> None:
    """The other customer goes on for both: contacts, accounts, orders and all else go over, and the number finds it."""
    session = session_of(customer)
    if into.id == customer.id:
        raise StepRefused(_("A customer cannot be merged into itself."))
    if into.state == "merged":
        raise StepRefused(_("%(customer)s is merged into another one itself; choose that one.", customer=str(into)))
    concurrency.hold(session, into)
    _take_along(session, customer, into)
    referring.send_on(session, customer, into, but=(CustomerOwner, HandoverLine))
    _hand_on_lines(session, customer, into)
    with history.act("merge", reason=_("%(customer)s became part of this one: %(reason)s",
                                       customer=str(customer), reason=reason)):  # fmt: skip
        session.flush()
        history.tell_of_step(session, into)
    customer.owner, customer.merged_into = None, into


def _take_along(session: Session, customer: Customer, into: Customer) -> None:
    with session.no_autoflush:
        for name in TAKEN_ALONG:
            if getattr(into, name) in (None, ""):
                setattr(into, name, getattr(customer, name))
    if customer.phone and customer.phone != into.phone:  # whoever calls from there is found at the one that stays
        session.add(CustomerContact(customer=into, name=customer.contact or customer.name[:100], phone=customer.phone))


def _hand_on_lines(session: Session, customer: Customer, into: Customer) -> None:
    """Lines of hand-overs go along, but none in which the other customer has one already."""
    present = select(HandoverLine.handover_id).where(HandoverLine.customer_id == into.id)
    query = select(HandoverLine).where(
        HandoverLine.customer_id == customer.id, HandoverLine.handover_id.not_in(present)
    )
    with access.system():
        for line in session.scalars(query):
            line.customer = into
