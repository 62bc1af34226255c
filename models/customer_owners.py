"""Who looked after a customer from when to when: the session writes it down whenever a customer's owner changes.

So "who had this customer in March" can be answered, whatever way the change came in. Rows are never changed but to
close the last one, and at no moment do two of them hold.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    UniqueConstraint,
    event,
    inspect,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, changes, fields, history
from app.engine.access import Actor
from app.engine.database import index_where
from app.engine.moments import at_office, now
from app.engine.record import Record
from models.customers import Customer, with_its_customer
from models.people import Person


class CustomerOwner(Record, Model):
    """One person looking after one customer, for a time; the row without an end is the present."""

    __tablename__ = "customer_owner"
    __table_args__: Any = (
        UniqueConstraint("customer_id", "since"),
        index_where("uq_customer_owner_open", "customer_id", unique=True, where="until IS NULL"),
        CheckConstraint("until IS NULL OR until > since", name="owner_range"),
        {},
    )
    kind_name = "customer_owners"
    label, label_plural = _l("Owner of a customer"), _l("Owners of customers")
    named_by = ("customer", "owner")

    customer_id: Mapped[int] = fields.reference(_l("Customer"), "customer.id", required=True, aliases=("customer_no",))
    owner_id: Mapped[int] = fields.reference(_l("Looked after by"), "person.id", required=True)
    since: Mapped[datetime] = fields.moment(_l("From the moment"), required=True)
    until: Mapped[datetime | None] = fields.moment(_l("To the moment"))

    customer: Mapped[Customer] = relationship(foreign_keys=customer_id)
    owner: Mapped[Person] = relationship(foreign_keys=owner_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return with_its_customer(cls.customer_id, actor)

    def __str__(self) -> str:
        return f"{self.customer or ''} {self.owner or ''}".strip()


#: For the customer's page, the latest first.
Customer.owners = relationship(CustomerOwner, viewonly=True, order_by=CustomerOwner.since.desc())


def owner_on(session: Session, customer: Customer, day: date) -> Person | None:
    """Who looked after a customer at the end of an office day; None where nobody did, or nothing is known of it."""
    end = at_office(day + timedelta(days=1))
    query = (
        select(Person)
        .join(CustomerOwner, CustomerOwner.owner_id == Person.id)
        .where(CustomerOwner.customer_id == customer.id, CustomerOwner.since < end)
        .where(or_(CustomerOwner.until.is_(None), CustomerOwner.until >= end))
    )
    with access.system():
        return session.scalars(query).one_or_none()


@event.listens_for(Session, "before_flush", insert=True)
def _write_down(session: Session, context: object, instances: object) -> None:
    """Close the row of the former owner and open one of the new, in the transaction of the change."""
    changed = [
        one for one in (*session.new, *session.dirty) if isinstance(one, Customer) and _owner_changes(session, one)
    ]
    if not changed:
        return
    moment = now()
    with access.system(), session.no_autoflush:
        for customer in changed:
            owner = _owner_of(session, customer)
            if customer.id is None:
                if owner is not None:
                    session.add(CustomerOwner(customer=customer, owner=owner, since=moment))
            else:
                _pass_on(session, customer, owner, moment)


def _owner_changes(session: Session, customer: Customer) -> bool:
    return inspect(customer).pending or bool(changes.changed(customer, "owner", "owner_id"))


def _owner_of(session: Session, customer: Customer) -> Person | None:
    """The owner after the flush, whether person or key was set."""
    if changes.changed(customer, "owner"):
        return customer.owner
    return session.get(Person, customer.owner_id) if customer.owner_id is not None else None


def _pass_on(session: Session, customer: Customer, owner: Person | None, moment: datetime) -> None:
    query = select(CustomerOwner).where(CustomerOwner.customer_id == customer.id)
    last = session.scalars(query.order_by(CustomerOwner.since.desc()).limit(1).with_for_update()).one_or_none()
    open_row = last if last is not None and last.until is None else None
    if open_row is not None and owner is not None and open_row.owner_id == owner.id:
        return
    if last is not None:  # a clock that stands still, or was set back, makes no two ranges overlap
        moment = max(moment, last.until or last.since + timedelta(microseconds=1))
    if open_row is not None:
        _close(session, open_row, moment)
    if owner is not None:
        session.add(CustomerOwner(customer=customer, owner=owner, since=moment))


def _close(session: Session, row: CustomerOwner, moment: datetime) -> None:
    """At once, past the unit of work, which would write the next row before it closes this one."""
    table = CustomerOwner.__table__
    statement = update(table).where(table.c.id == row.id, table.c.until.is_(None))
    session.execute(statement.values(until=moment, version=table.c.version + 1, changed_at=moment))
    history.tell(session, row, {"until": [None, history.plain(moment)]})
    session.expire(row)
