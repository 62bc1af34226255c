"""Doubles: customers that resemble each other in name, telephone number, tax number or platform account.

Nobody learns from a warning of a customer they do not see: it says that there is one, and whom to ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, func, or_, select, union
from sqlalchemy.orm import Session

from app.engine import access, phones
from app.engine.phones import PhoneKey
from models.customers import Customer, CustomerContact, plain_name, plain_number
from models.platform_identities import PlatformIdentity

#: So many customers are named as perhaps the same.
MOST = 5
#: what two customers have in common -> what it is called
IN_COMMON = {
    "name": _l("The name"),
    "phone": _l("A telephone number"),
    "tax_no": _l("The tax number"),
    "account": _l("A platform account"),
}


@dataclass(frozen=True)
class Likeness:
    """A customer that may be the same, and what it has in common: a word of `IN_COMMON`."""

    customer: Customer
    common: str


def resembling(
    session: Session, name: str | None, phone: str | None = None, tax_no: str | None = None, but: int | None = None
) -> list[Likeness]:
    """The customers like one of this name, number and tax number, hidden ones included; `but` is the key of itself."""
    found: dict[int, Likeness] = {}
    ways: list[tuple[str, Any]] = []
    if key := plain_name(name):
        ways.append(("name", Customer.name_key == key[:200]))
    if number := plain_number(tax_no):
        ways.append(("tax_no", Customer.tax_key == number))
    held, of_contacts = (phones.bearing(model, phone or "") for model in (Customer, CustomerContact))
    if held is not None and of_contacts is not None:
        contacts = select(CustomerContact.customer_id).where(CustomerContact.id.in_(of_contacts))
        ways.append(("phone", or_(Customer.id.in_(held), Customer.id.in_(contacts))))
    with access.system(), session.no_autoflush:
        for common, condition in ways:
            query = select(Customer).where(condition, Customer.state != "merged", Customer.id != (but or 0))
            for one in session.scalars(query.order_by(Customer.id).limit(MOST)):
                found.setdefault(one.id, Likeness(one, common))
    return list(found.values())[:MOST]


def doubts(session: Session, customer: Customer) -> Iterator[tuple[str, str]]:
    """Pairs of field and sentence about the customers this one resembles, by what the actor may know of them."""
    actor = access.current()
    for like in resembling(session, customer.name, customer.phone, customer.tax_no, customer.id):
        common = str(IN_COMMON[like.common])
        if access.sees(session, like.customer, actor):
            words = _("%(customer)s has this in common: %(what)s. Is it the same customer?",
                      customer=str(like.customer), what=common)  # fmt: skip
        else:
            words = _("A colleague looks after a customer with this in common: %(what)s. Please ask the sales manager.",
                      what=common)  # fmt: skip
        yield like.common, words


def suggestions(session: Session, customer: Customer) -> list[str]:
    """The same as sentences alone, for the check report of an import; the customer need not be stored."""
    return [sentence for _field, sentence in doubts(session, customer)]


def pairs() -> dict[str, Any]:
    """Word of `IN_COMMON` -> the query for pairs of keys of customers that have it in common, the older one first.

    Of all customers: the caller tells only of those the reader sees.
    """
    customer, account = Customer.__table__, PlatformIdentity.__table__
    one, other = customer.alias("one"), customer.alias("other")
    both = and_(one.c.id < other.c.id, one.c.state != "merged", other.c.state != "merged")
    keys = (one.c.id.label("one"), other.c.id.label("other"))
    numbers, others = _numbers().subquery("numbers"), _numbers().subquery("others")
    mine, theirs = account.alias("mine"), account.alias("theirs")
    kept = and_(mine.c.deleted_at.is_(None), theirs.c.deleted_at.is_(None))
    alike = func.lower(theirs.c.account) == func.lower(mine.c.account)
    by_number = one.join(numbers, numbers.c.customer_id == one.c.id).join(others, others.c.key == numbers.c.key)
    by_account = one.join(mine, mine.c.customer_id == one.c.id).join(theirs, and_(alike, kept))
    return {
        "name": select(*keys).select_from(one.join(other, and_(one.c.name_key == other.c.name_key, both)))
        .where(one.c.name_key != ""),
        "phone": select(*keys).distinct()
        .select_from(by_number.join(other, and_(other.c.id == others.c.customer_id, both))),
        "tax_no": select(*keys).select_from(one.join(other, and_(one.c.tax_key == other.c.tax_key, both))),
        "account": select(*keys).distinct()
        .select_from(by_account.join(other, and_(other.c.id == theirs.c.customer_id, both))),
    }  # fmt: skip


def _numbers() -> Any:
    """Every number a customer or one of its contacts bears: `customer_id` and `key`."""
    contact = CustomerContact.__table__.c
    return union(
        select(PhoneKey.record_id.label("customer_id"), PhoneKey.key).where(PhoneKey.kind == Customer.kind_name),
        select(contact.customer_id, PhoneKey.key)
        .join(PhoneKey, and_(PhoneKey.record_id == contact.id, PhoneKey.kind == CustomerContact.kind_name))
        .where(contact.deleted_at.is_(None)),
    )
