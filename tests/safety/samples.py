"""Records of every kind on two mirrored sides of the house: what is side A's is nobody's business on side B.

Nothing here names a field: a new kind of record is filled in from its own declaration. Every text of a side's records
holds the side's mark, so that one of them on a page is seen at once.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.engine import record as records
from app.engine.fields import Field, fields_of
from app.engine.import_runs import ImportRun
from app.engine.moments import now
from app.menu import VIEWS
from app.web.files import storage
from models.accountability import AccountabilityCase
from models.calls import CallOwed
from models.circulation import CirculationEntry
from models.conduct import ConductSheet
from models.countersignatures import Countersignature
from models.customer_handovers import CustomerHandover
from models.customers import Customer
from models.daily_reviews import DailyReview
from models.dispatch import DispatchOrder
from models.fates import ReturnItem
from models.files import Attachment
from models.follow_ups import FollowUp
from models.identities import IdentityRequest
from models.number_reservations import NumberReservation
from models.orders import Order
from models.outgoing import OutgoingDocument
from models.payments import Payment
from models.people import Department, Person
from models.products import Product
from models.recipients import Recipient
from models.supervision import Supervision
from models.tickets import ServiceTicket
from seed import accounts
from tests.conftest import PASSWORD
from tests.safety.declared import OPEN
from tests.safety.makers import make

MARKS = {"a": "甲藏不可见", "b": "乙藏不可见"}
TEXTS = ("line", "prose", "number", "rich")
#: side -> the account whose business its papers are, and the one whose its customers are
PEOPLE = {"a": ("user_a", "sales"), "b": ("user_b", "sales_b")}
SELLING = (
    "customers", "customer_contacts", "orders", "order_lines", "payments", "payment_allocations", "refunds",
    "stock_movements", "reservations", "shipments", "shipment_lines", "amendments", "amendment_lines", "order_returns",
    "difference_orders",
    "platform_identities", "customer_owners", "customer_handovers", "handover_lines",
)  # fmt: skip


@dataclass
class Side:
    """One side of the house and what was made on it: kind -> records."""

    session: Session
    name: str
    made: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        return MARKS[self.name]

    def person(self, kind: str) -> Person:
        account = PEOPLE[self.name][kind in SELLING]
        query = select(Person).join(User, Person.user_id == User.id).where(User.username == account)
        return self.session.scalars(query).one()

    def fill(self, count: int) -> Side:
        """So many records of every kind that is not for everyone, in the states of its flow one after the other."""
        for model in _parents_first():
            for n in range(count):
                self.add(model, n)
        return self

    def add(self, model: Any, n: int, **given: Any) -> Any:
        flow = getattr(model, "flow", None)
        values = {name: self._value(model, about, n) for name, about in fields_of(model).items() if name not in given}
        if flow:
            values["state"] = list(flow.states)[n % len(flow.states)]
        record = model(**{**{name: value for name, value in values.items() if value is not None}, **given})
        if isinstance(record, OutgoingDocument):
            record.text_checksum = record.frozen_text()  # these are the words that were signed
        if isinstance(record, DailyReview):  # one a desk and day
            record.day -= timedelta(days=n + 200 * (self.name == "a"))
        if isinstance(record, Payment):  # each is taken back once
            record.reverses, record.currency = None, "CNY"
        if isinstance(record, Order):  # each is a person's; one given to a department is everybody's there
            record.assigned_unit = None
        if isinstance(record, Customer):  # the words for regions are the house's, and everybody's
            record.region = "公开"
        if isinstance(record, FollowUp):  # of a limit of the paper itself
            record.kind, record.record_id = record.document.kind_name, record.document.id
        if isinstance(record, CustomerHandover):  # whoever leaves does not see it
            record.leaver = self.session.scalars(select(Person).order_by(Person.id)).first()
        if isinstance(record, ConductSheet):
            record.day -= timedelta(days=n)  # a person has one a day
        records.store(self.session, record)
        self.made.setdefault(model.kind_name, []).append(record)
        return record

    def _value(self, model: Any, about: Field, n: int) -> Any:
        if about.kind in TEXTS:
            return f"{self.mark}{n}{about.name}"[: about.length]
        if about.kind == "reference":
            return self._referred(model, about, n)
        if about.kind == "choice":
            default = model.__table__.c[about.column].default
            return (
                (default.arg if default is not None else next(iter(about.choices or {}))) if not about.derived else None
            )
        return {
            "integer": n + 1, "quantity": Decimal(n + 1), "price": Decimal("7.7"), "money": Decimal("77.70"),
            "rate": Decimal("0.07"), "date": now().date(), "moment": now() - timedelta(hours=n + 1), "flag": None,
        }[about.kind]  # fmt: skip

    def _referred(self, model: Any, about: Field, n: int) -> Any:
        target: Any = about.target
        if target is Person:
            return self.person(model.kind_name)
        if target.kind_name == "departments":
            return self.person(model.kind_name).department
        if target.kind_name in OPEN:
            return self.session.scalars(select(target).order_by(target.id)).first()
        if target is model and not n:
            return None  # the first of its kind can refer to no other
        made = self.made.get(target.kind_name)
        return made[n % len(made)] if made else None  # a record made by itself refers to none


def attach(session: Session, record: Any, words: str) -> None:
    """A file of that record, the words in its name and in its content."""
    stored = storage().put(io.BytesIO(f"{words} {record.kind_name}".encode()), f"{words}.txt")
    session.add(
        Attachment(
            record_kind=record.kind_name, record_id=record.id, name=f"{words}.txt", size=stored.size,
            media_type=stored.media_type, digest=stored.digest,
        )
    )  # fmt: skip
    session.flush()


def _parents_first() -> list[Any]:
    """The kinds that are not for everyone, each behind those its records refer to."""
    todo = [view.model for view in VIEWS if view.model.kind_name not in OPEN]
    ordered: list[Any] = []
    while todo:
        waiting = {m: {f for f in fields_of(m).values() if f.target in todo and f.target is not m} for m in todo}
        # Two kinds may refer to each other, if one of them does so later.
        later = [m for m in todo if all(f.derived and not f.required for f in waiting[m])]
        ready = [m for m in todo if not waiting[m]] or later[:1]
        assert ready, f"kinds refer to each other in a ring: {todo}"
        ordered += ready
        todo = [m for m in todo if m not in ready]
    return ordered


#: Accounts that meet a call owed only where it is a message for them.
CALLED_FOR = ("clerk", "head_a", "user_a", "head_b", "user_b", "sales", "order_admin", "finance", "warehouse", "archivist",
              "officer", "sales_manager")  # fmt: skip
#: Accounts that meet an import only where it is their own.
IMPORTERS = ("clerk", "shift", "cs_manager", "order_admin", "finance")
#: Accounts that meet a paper only where they are named as its readers.
READERS = ("desk", "shift", "cs_manager", "sales", "order_admin", "finance", "warehouse", "officer",
           "sales_manager")  # fmt: skip


def furnish(session: Session) -> Side:
    """What both houses have: things to order, an account without any role, and all of side B."""
    for view in VIEWS:
        if view.model.kind_name in OPEN:
            record = session.scalars(select(view.model).order_by(view.model.id)).first()
            if record is None:
                named = {"name": f"公开{view.model.kind_name}"} if hasattr(view.model, "name") else {}
                record = make(session, view.model, **named)
            attach(session, record, "公开")
    for _n in range(2):  # the first is dealt with: its history tells everybody of every movement, also of hidden orders
        make(session, Product)
    accounts.make(session, "nobody", "无角色", "report_reader", PASSWORD).roles = []
    side = Side(session, "b").fill(6)
    for account in ("desk", "shift", "cs_manager"):  # each asks for a name of its own
        person = session.scalars(select(Person).join(User, Person.user_id == User.id).where(User.username == account))
        side.add(IdentityRequest, 60, asker=person.one())
    desk = session.scalars(select(Person).join(User, Person.user_id == User.id).where(User.username == "desk")).one()
    side.add(ConductSheet, 61, person=desk)  # everybody sees the own
    for n, account in enumerate(READERS):  # who has nothing else to do with papers reads what goes round
        query = select(Person).join(User, Person.user_id == User.id).where(User.username == account)
        paper = side.made["incoming_documents"][0]
        side.add(CirculationEntry, 70 + n, document=paper, reader=session.scalars(query).one(), state="offered")
    for n, account in enumerate(IMPORTERS):
        user = session.scalars(select(User).where(User.username == account)).one()
        side.add(ImportRun, 90 + n, actor_id=user.id)
    for n, account in enumerate(CALLED_FOR):
        query = select(Person).join(User, Person.user_id == User.id).where(User.username == account)
        side.add(CallOwed, 80 + n, kind="message", called_for=session.scalars(query).one(), ticket=None)
    # A head meets a copy to be returned only where the own one is called back.
    head = session.scalars(select(Person).join(User, Person.user_id == User.id).where(User.username == "head_a")).one()
    side.add(ReturnItem, 70, holder=head)
    # Other units are asked to countersign, and get copies.
    service = session.scalars(select(Department).where(Department.name == "客服部")).one()
    side.add(Countersignature, 0, document=side.made["outgoing_documents"][1], department=service)
    side.add(Recipient, 1, document=side.made["outgoing_documents"][1], department=service)
    for record in itertools.chain(*side.made.values()):
        attach(session, record, side.mark)
    # The unit has its dispatch order, and never sees who reports wrongdoing.
    unit = side.person("").department
    secret = Side(session, "a").add(ServiceTicket, 50, kind="report", department=unit, letter=None)
    side.add(DispatchOrder, 1, ticket=secret, order_no="派工举报1")
    attach(session, secret, "公开")
    return side


def add_hidden(session: Session, other: Side, count: int) -> dict[str, list[int]]:
    """All of side A, also where it hangs on a record of side B; kind -> keys that side B may not see."""
    side = Side(session, "a").fill(count)
    side.add(CirculationEntry, 90, document=other.made["incoming_documents"][0])
    side.add(DispatchOrder, 91, ticket=other.made["service_tickets"][0])
    head = session.scalars(select(Person).where(Person.id == side.person("").department.leader_id)).one()
    side.add(CirculationEntry, 92, document=side.made["incoming_documents"][0], reader=head)
    side.add(Supervision, 93, document=side.made["incoming_documents"][0], asked=head)
    side.add(AccountabilityCase, 94, document=side.made["incoming_documents"][0], person=head)
    side.add(NumberReservation, 95, holder=head)
    for record in itertools.chain(*side.made.values()):
        attach(session, record, side.mark)
    return {kind: [record.id for record in made] for kind, made in side.made.items()}


def totals(session: Session) -> list[dict[str, Any]]:
    """How much there is of each product: open to everybody by decision, also where a hidden order changes it."""
    table = Product.__table__
    return [dict(row) for row in session.execute(select(table)).mappings()]


def put_totals(session: Session, known: list[dict[str, Any]]) -> None:
    """Give the products the totals of another house, so that these are no difference between the two."""
    for row in known:
        session.execute(update(Product.__table__).where(Product.__table__.c.id == row["id"]).values(row))
    session.commit()


def cookie_free(app: Flask) -> FlaskClient:
    """A client that keeps no cookies, as programs do."""
    return app.test_client(use_cookies=False)
