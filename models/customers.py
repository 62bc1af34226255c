"""Customers, the people one speaks to there, and who looks after them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, false, select, true
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, fields
from app.engine.access import Actor
from app.engine.bin import Binned
from app.engine.record import Numbered, Record
from models.people import Person

#: Roles that see every customer; the others see those they look after.
SEE_ALL = (
    "administrator", "office_manager", "order_administrator", "finance", "report_reader", "auditor", "leader",
    "service_manager",
)  # fmt: skip


class Customer(Record, Model):
    """A firm or person that orders. The house owns the customer, the owner looks after it."""

    __tablename__ = "customer"
    kind_name = "customers"
    label, label_plural = _l("Customer"), _l("Customers")
    natural_key = "customer_no"
    also_known_by = ("name",)
    numbered = Numbered("customer_no", "C{serial:05d}", yearly=False)

    customer_no: Mapped[str] = fields.number(
        _l("Customer number"), 60, unique=True, search=True, help=_l("Empty: the next number")
    )
    name: Mapped[str] = fields.line(_l("Name"), 200, required=True, search=True, index=True)
    short_name: Mapped[str | None] = fields.line(_l("Short name"), 60, search=True)
    region: Mapped[str | None] = fields.line(_l("Region"), 100, search=True, index=True)
    address: Mapped[str | None] = fields.line(_l("Address"), 300)
    contact: Mapped[str | None] = fields.line(_l("Contact"), 100, search=True)
    phone: Mapped[str | None] = fields.phone(_l("Telephone"))
    source: Mapped[str | None] = fields.line(_l("Source"), 100, help=_l("How the customer came to us"))
    grade: Mapped[str | None] = fields.line(_l("Grade"), 30)
    credit_limit: Mapped[Decimal | None] = fields.decimal("money", _l("Credit limit"), least=Decimal(0))
    tax_no: Mapped[str | None] = fields.number(_l("Tax number"), 60, search=True)
    owner_id: Mapped[int | None] = fields.reference(_l("Looked after by"), "person.id")
    note: Mapped[str | None] = fields.prose(_l("Note"))

    owner: Mapped[Person | None] = relationship(foreign_keys=owner_id)
    contacts: Mapped[list[CustomerContact]] = relationship(viewonly=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*SEE_ALL) else _looks_after(cls.owner_id, actor)

    def prepare(self, session: Session) -> None:
        """Whoever sells brings in a customer of their own."""
        actor = access.current()
        if self.owner is None and "salesperson" in actor.roles and actor.own_person_id and not self.taken_over:
            self.owner = session.get(Person, actor.own_person_id)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id and not self.customer_no:
            yield "customer_no", _("A customer keeps a number.")

    def __str__(self) -> str:
        return f"{self.customer_no} {self.name}"


class CustomerContact(Binned, Model):
    """Somebody to speak to at a customer's."""

    __tablename__ = "customer_contact"
    kind_name = "customer_contacts"
    label, label_plural = _l("Customer contact"), _l("Customer contacts")

    customer_id: Mapped[int] = fields.reference(_l("Customer"), "customer.id", required=True, aliases=("customer_no",))
    name: Mapped[str] = fields.line(_l("Name"), 100, required=True, search=True)
    position: Mapped[str | None] = fields.line(_l("Position"), 100)
    phone: Mapped[str | None] = fields.phone(_l("Telephone"))
    email: Mapped[str | None] = fields.line(_l("E-mail"), 200)
    note: Mapped[str | None] = fields.prose(_l("Note"))

    customer: Mapped[Customer] = relationship(foreign_keys=customer_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.has(*SEE_ALL):
            return true()
        customer = Customer.__table__
        return cls.customer_id.in_(select(customer.c.id).where(_looks_after(customer.c.owner_id, actor)))

    def __str__(self) -> str:
        return self.name


def _looks_after(owner_id: Any, actor: Actor) -> ColumnElement[bool]:
    if not actor.has("salesperson") or not actor.person_ids:
        return false()
    return owner_id.in_(actor.person_ids)
