"""What goes along in a hand-over: the customers of whoever leaves, and the papers still open with them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.engine import access, history, rules
from app.engine.phones import PhoneKey
from app.engine.refusals import Refused
from models.customers import Customer
from models.orders import Order
from models.people import Person
from models.tickets import ServiceTicket

if TYPE_CHECKING:
    from models.customer_handovers import CustomerHandover

NOUGHT = Decimal("0.00")
#: Kinds of paper that go along while they are open: the model and who of the house deals with the customer on it.
#: Other domains add theirs: `PAPERS.append((Quotation, "salesperson"))`.
PAPERS: list[tuple[Any, str]] = [(Order, "salesperson")]

LEAVER_KEEPS = rules.setting(
    "leaver_keeps_customers", _l("An account can be disabled while its person still looks after customers")
)


def _still_open(model: Any) -> Any:
    return model.state.not_in([state.name for state in model.flow.states.values() if state.final])


def customers_of(session: Session, person: Person, but: Iterable[int] = ()) -> list[Customer]:
    """The customers a person looks after or has open papers with, except those with the keys `but`."""
    ways = [Customer.owner_id == person.id]
    for model, role in PAPERS:
        column = getattr(model, f"{role}_id")
        ways.append(Customer.id.in_(select(model.customer_id).where(column == person.id, _still_open(model))))
    query = select(Customer).where(Customer.state != "merged", Customer.id.not_in(list(but)), or_(*ways))
    with access.system(), session.no_autoflush:
        return list(session.scalars(query.order_by(Customer.id)))


def open_with(session: Session, customer: Customer) -> tuple[int, Decimal, int]:
    """How many open orders a customer has, what is owed on all of them that count, and how many open tickets."""
    with access.system(), session.no_autoflush:
        counted = [state.name for state in Order.flow.states.values() if not state.uncounted]
        orders = list(session.scalars(select(Order).where(Order.customer_id == customer.id, Order.state.in_(counted))))
        finals = {state.name for state in Order.flow.states.values() if state.final}
        owed = sum((order.owed for order in orders), NOUGHT)
        return sum(order.state not in finals for order in orders), owed, _open_tickets(session, customer)


def _open_tickets(session: Session, customer: Customer) -> int:
    """Open tickets from which the customer ordered, or that bear a telephone number of theirs."""
    theirs = select(PhoneKey.key).where(PhoneKey.kind == Customer.kind_name, PhoneKey.record_id == customer.id)
    called = select(PhoneKey.record_id).where(PhoneKey.kind == ServiceTicket.kind_name, PhoneKey.key.in_(theirs))
    ordered = select(Order.ticket_id).where(Order.customer_id == customer.id, Order.ticket_id.is_not(None))
    query = select(func.count()).select_from(ServiceTicket)
    query = query.where(or_(ServiceTicket.id.in_(called), ServiceTicket.id.in_(ordered)))
    return session.scalar(query.where(ServiceTicket.pending(), ServiceTicket.unsealed())) or 0


def move(session: Session, handover: CustomerHandover) -> tuple[int, int]:
    """Give customers and open papers to their receivers; how many of each. What is closed stays as it is."""
    customers = papers = 0
    with access.system(), history.act("hand_over_customer", reason=str(handover)), session.no_autoflush:
        for line in handover.handover_lines:
            if line.customer.owner_id == handover.leaver_id:
                line.customer.owner = line.receiver
                customers += 1
            for model, role in PAPERS:
                query = select(model).where(
                    model.customer_id == line.customer_id, _still_open(model),
                    getattr(model, f"{role}_id") == handover.leaver_id,
                )  # fmt: skip
                for paper in session.scalars(query.order_by(model.id)):
                    setattr(paper, role, line.receiver)
                    paper.bring_along(session)
                    papers += 1
        session.flush()
    return customers, papers


def refuse_leaving(session: Session, user: User) -> None:
    """Raises `Refused` while the person of an account still looks after customers, unless the house allows it."""
    if rules.flag(session, LEAVER_KEEPS, None):
        return
    with access.system():
        query = select(func.count()).select_from(Customer).join(Person, Customer.owner_id == Person.id)
        count = session.scalar(query.where(Person.user_id == user.id, Customer.state != "merged")) or 0
    if count:
        raise Refused(
            _(
                "%(name)s still looks after %(count)s customers. Hand them over first (customer hand-over); a new "
                "password keeps the account shut until then.",
                name=user.get_full_name().strip() or user.username,
                count=count,
            )
        )
