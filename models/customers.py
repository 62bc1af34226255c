"""Customers, the people one speaks to there, and who looks after them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, String, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, validates

from app.engine import access, fields, searching
from app.engine.access import Actor
from app.engine.bin import Binned
from app.engine.changes import altered
from app.engine.record import Numbered
from app.engine.workflow import Ask, Flow, QuickView, State, Workflow
from models.people import Person
from models.regions import Region, managed_by

#: Roles that see every customer; the others see those they look after, or whose region is theirs.
SEE_ALL = (
    "administrator", "office_manager", "order_administrator", "finance", "report_reader", "auditor", "leader",
    "service_manager", "sales_manager",
)  # fmt: skip
#: Rules by which somebody sees a colleague's customer, added by what hangs on customers: columns, actor -> condition
ALSO_SEEN: list[Callable[[Any, Actor], ColumnElement[bool]]] = []

#: What a firm may put behind its name without becoming another one.
_LEGAL_FORMS = re.compile(
    r"(?:股份有限公司|有限责任公司|有限公司|集团公司|总公司|分公司|公司|集团|coltd|limited|ltd|incorporated|inc|llc|corporation|corp|gmbh)+$"
)


def plain_name(name: str | None) -> str:
    """A firm's name as two are compared: without width, case, spaces, marks and the legal form behind it."""
    text = "".join(sign for sign in unicodedata.normalize("NFKC", name or "").casefold() if sign.isalnum())
    shorter = _LEGAL_FORMS.sub("", text)
    return shorter or text


def plain_number(number: str | None) -> str | None:
    """A tax number as two are compared; None for none."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", number or "").upper() if sign.isalnum()) or None


def _orphaned(cls: Any, actor: Actor) -> ColumnElement[bool]:
    """Nobody looks after them, or somebody who has left: the account disabled, or the person in the bin."""
    person, user = Person.__table__.c, User.__table__.c
    gone = select(person.id).outerjoin(User.__table__, person.user_id == user.id)
    gone = gone.where(or_(user.active.is_(False), person.deleted_at.is_not(None)))
    return and_(cls.state != "merged", or_(cls.owner_id.is_(None), cls.owner_id.in_(gone)))


class Customer(Workflow, Model):
    """A firm or person that orders. The house owns the customer, the owner looks after it."""

    __tablename__ = "customer"
    kind_name = "customers"
    label, label_plural = _l("Customer"), _l("Customers")
    natural_key = "customer_no"
    also_known_by = ("name",)
    numbered = Numbered("customer_no", "C{serial:05d}", yearly=False)

    flow = Flow(
        State("active", _l("In dealings"), "good", settled=True),
        State("blocked", _l("Dealings stopped"), "bad", settled=True),
        State("merged", _l("Merged into another customer"), "neutral", settled=True, final=True, uncounted=True),
    )
    quick_views = (QuickView("orphans", _l("Nobody looks after them"), _orphaned),)

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
    grade: Mapped[str | None] = fields.line(_l("Grade"), 30, set_by="set_terms")
    payment_days: Mapped[int | None] = fields.integer(
        _l("Days to pay"), least=0, set_by="set_terms", help=_l("After shipping; empty: by the grade, else as usual")
    )
    credit_limit: Mapped[Decimal | None] = fields.decimal(
        "money", _l("Credit limit"), least=Decimal(0), set_by="set_terms"
    )
    tax_no: Mapped[str | None] = fields.number(_l("Tax number"), 60, search=True)
    invoice_title: Mapped[str | None] = fields.line(
        _l("Invoice title"), 200, search=True, help=_l("Empty: the customer's name")
    )
    owner_id: Mapped[int | None] = fields.reference(_l("Looked after by"), "person.id")
    note: Mapped[str | None] = fields.prose(_l("Note"))
    #: follows from `region`: models/areas.py
    area_id: Mapped[int | None] = fields.reference(_l("Place among the regions"), "region.id", derived=True)
    stopped_because: Mapped[str | None] = fields.prose(_l("Why dealings are stopped"), derived=True)
    merged_into_id: Mapped[int | None] = fields.reference(_l("Merged into the customer"), "customer.id", derived=True)
    #: name and tax number as those of two customers are compared
    name_key: Mapped[str] = mapped_column(String(200), default="", index=True)
    tax_key: Mapped[str | None] = mapped_column(String(60), index=True)

    owner: Mapped[Person | None] = relationship(foreign_keys=owner_id)
    area: Mapped[Region | None] = relationship(foreign_keys=area_id)
    merged_into: Mapped[Customer | None] = relationship(remote_side="Customer.id", foreign_keys=merged_into_id)
    contacts: Mapped[list[CustomerContact]] = relationship(viewonly=True)

    @validates("name", "tax_no")
    def _comparable(self, key: str, value: str | None) -> str | None:
        if key == "name":
            self.name_key = plain_name(value)[:200]
        else:
            self.tax_key = plain_number(value)
        return value

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return _visible(cls, actor)

    @classmethod
    def offered(cls, session: Session, words: str) -> list[Customer]:
        """Those with whom there are dealings, or were: a customer merged into another is chosen no more."""
        query = searching.matching(select(cls).where(cls.state != "merged"), cls, words)
        newest = list(session.scalars(query.order_by(cls.id.desc()).limit(20)))
        return searching.foremost(session, query, cls, words, newest)[:20]

    def successor(self) -> Customer:
        return self.merged_into or self

    def prepare(self, session: Session) -> None:
        """Whoever sells brings in a customer of their own."""
        self.state = self.state or self.flow.start
        actor = access.current()
        if self.owner is None and "salesperson" in actor.roles and actor.own_person_id and not self.taken_over:
            self.owner = session.get(Person, actor.own_person_id)

    def suggestions(self, session: Session) -> list[str]:
        from models import customer_doubles  # it compares customers

        return customer_doubles.suggestions(session, self)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id and not self.customer_no:
            yield "customer_no", _("A customer keeps a number.")
        if self.id and self.state == "merged":
            yield "", _("%(customer)s was merged into %(other)s; change that one.",
                        customer=self.customer_no, other=str(self.merged_into or ""))  # fmt: skip

    def warnings(self, session: Session) -> Iterator[tuple[str, str]]:
        from models.customer_doubles import doubts  # it looks among contacts and accounts, too

        if not self.id or altered(self, "name", "phone", "tax_no"):
            yield from doubts(session, self)

    def marks(self) -> list[str]:
        return [sentence] if (sentence := may_order(self)) else []

    @flow.step("active", to="blocked", label=_l("Stop dealings"), tone="danger")
    def block(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """No order is taken from the customer until dealings are taken up again."""
        self.stopped_because = reason

    @flow.step("blocked", to="active", label=_l("Take up dealings again"), tone="primary")
    def unblock(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Orders are taken from the customer again."""
        self.stopped_because = None

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
        return with_its_customer(cls.customer_id, actor)

    def __str__(self) -> str:
        return self.name


def may_order(customer: Customer) -> str | None:
    """The sentence why no order is taken from a customer; None: orders are welcome."""
    if customer.state == "blocked":
        return _("Dealings with %(customer)s are stopped: %(reason)s",
                 customer=customer.customer_no, reason=customer.stopped_because or "")  # fmt: skip
    if customer.state == "merged":
        return _("%(customer)s was merged into %(other)s; please choose that customer.",
                 customer=customer.customer_no, other=str(customer.merged_into or ""))  # fmt: skip
    return None


def _visible(columns: Any, actor: Actor) -> ColumnElement[bool]:
    """The condition on the customer's columns; one merged into another is seen by whoever sees that one."""
    if actor.has(*SEE_ALL):
        return true()
    if not actor.person_ids:
        return false()
    stays = Customer.__table__.alias("stays")
    merged = access.among(columns.merged_into_id, select(stays.c.id).where(_looks_after(stays.c, actor)))
    return or_(_looks_after(columns, actor), merged)


def _looks_after(columns: Any, actor: Actor) -> ColumnElement[bool]:
    """Whose customer it is, whose region it lies in, and what else lets somebody look at it."""
    also = [rule(columns, actor) for rule in ALSO_SEEN]
    if actor.has("salesperson"):
        also.append(columns.owner_id.in_(actor.person_ids))
    return or_(columns.area_id.in_(managed_by(actor)), *also)


def with_its_customer(customer_id: Any, actor: Actor) -> ColumnElement[bool]:
    """The rule of what hangs on a customer: who sees the one sees the other."""
    if actor.has(*SEE_ALL):
        return true()
    columns = Customer.__table__.c
    return access.among(customer_id, select(columns.id).where(_visible(columns, actor)))
