"""A valid record of any kind, read off its fields; a test names what matters to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import inspect, select

from app.engine import access
from app.engine import record as records
from app.engine.fields import Field, fields_of
from app.engine.ladder import EscalationRung
from app.engine.moments import local, now, today
from app.engine.rules import Rule
from app.engine.workflow import Step
from models.accountability import AccountabilityCase
from models.amendments import Amendment, AmendmentLine
from models.calls import CallOwed
from models.conduct import ConductSheet
from models.customer_handovers import CustomerHandover
from models.customer_owners import CustomerOwner
from models.customers import Customer
from models.daily_reviews import DailyReview
from models.difference_orders import DifferenceOrder
from models.dispatch import DispatchOrder
from models.documents import IncomingDocument
from models.extensions import ExtensionRequest
from models.fates import Hold
from models.identities import IdentityRequest
from models.note_templates import NoteTemplate
from models.number_reservations import NumberReservation
from models.order_lines import OrderLine
from models.order_returns import OrderReturn
from models.orders import Order
from models.outgoing import OutgoingDocument
from models.outgoing_series import OutgoingSeries
from models.paper_orders import PaperOrder
from models.payments import Payment
from models.people import Department, Person
from models.products import Product
from models.recipients import Recipient
from models.refunds import Refund
from models.registers import Register
from models.rosters import DutyShift
from models.shipments import Shipment, ShipmentLine
from models.tickets import ServiceTicket
from models.unit_links import UnitLink

_numbers = count(1)


def _days_on() -> datetime:
    """A moment some days from now, a later one each time."""
    return now().replace(second=0, microsecond=0) + timedelta(days=next(_numbers))


def _unit(session: Any) -> Department:
    with access.system():
        return session.query(Department).filter_by(name="综合科").one()


def _person(session: Any, name: str) -> Person:
    with access.system():
        return session.query(Person).filter_by(name=name).one()


def _leaver(session: Any) -> Person:
    """Somebody who looks after a customer."""
    person = make(session, Person)
    make(session, Customer, owner=person)
    return person


#: What a customer tells to be known by.
KNOWN_BY = {"told_qq": "10001", "told_consignee": "王经理"}


def known_order(session: Any) -> Order:
    """An order whose customer is known by these."""
    return make(session, Order, qq="10001", consignee="王经理", payment_type="on_account")


#: What a kind's own checks ask for, beside its required fields.
ALSO: Mapping[Any, Mapping[str, Any]] = {
    AccountabilityCase: {
        "document": lambda session: make(session, IncomingDocument, register=_book(session, "GS")),
    },
    ConductSheet: {
        "remark": lambda session: _conduct_checked(session),
        "day": lambda session: today() - timedelta(days=next(_numbers)),
    },
    EscalationRung: {"who": "clerk"},
    NoteTemplate: {"reply_text": "请于{limit}前反馈。"},
    OutgoingDocument: {"addressees": "各科室", "body": "请办理。", "touches_money": "no"},
    Recipient: {"name": "县财政局"},
    Shipment: {
        "order": lambda session: make(session, Order, order_lines=[_five_pieces(session)]),
        "shipment_lines": lambda session: [ShipmentLine(order_line=_latest(session, OrderLine), quantity=1)],
    },
    ShipmentLine: {
        "shipment": lambda session: make(session, Shipment),
        "order_line": lambda session: _latest(session, OrderLine),
    },
    Product: {"price": Decimal("12.5"), "stock": Decimal(1000)},
    Amendment: {**KNOWN_BY, "order": lambda session: known_order(session), "address": "新路2号", "amendment_lines": []},
    AmendmentLine: {"product": lambda session: make(session, Product), "quantity": Decimal(1)},
    DifferenceOrder: {
        "amendment": lambda session: make(session, Amendment),
        "order": lambda session: _latest(session, Order),
        "difference": Decimal(1),
    },
    OrderReturn: {**KNOWN_BY, "order": lambda session: known_order(session)},
    CallOwed: {"phone": "13800000000"},
    CustomerHandover: {
        "leaver": lambda session: _leaver(session),
        "receiver": lambda session: _person(session, "徐静"),
    },
    CustomerOwner: {"until": lambda session: now() + timedelta(days=next(_numbers)), "since": lambda session: now()},
    ServiceTicket: {"phone": "13800000000", "read_back": True, "taker": lambda session: _person(session, "王芳")},
    DailyReview: {"day": lambda session: today() - timedelta(days=10 + next(_numbers))},
    DutyShift: {
        "person": lambda session: _person(session, "王芳"),
        "begins_at": lambda session: _days_on(),
        "ends_at": lambda session: _days_on(),
    },
    ExtensionRequest: {
        "document": lambda session: make(session, IncomingDocument, state="in_handling", department=_unit(session)),
        "until": lambda session: now().replace(microsecond=0) + timedelta(days=60),
    },
    NumberReservation: {
        "holder": lambda session: _person(session, "张小明"),
        "until": lambda session: today() + timedelta(days=30),
    },
    OutgoingSeries: {"template": lambda session: f"样发{next(_numbers)}〔{{year}}〕{{serial}}号"},
    Payment: {"order": lambda session: make(session, Order), "currency": "CNY"},
    Refund: {
        "customer": lambda session: with_credit(session),
    },
    PaperOrder: {"by": lambda session: now().replace(microsecond=0) + timedelta(days=60)},
    Hold: {"document": lambda session: make(session, IncomingDocument, state="closed")},
    Register: {"template": lambda session: f"样{next(_numbers)}〔{{year}}〕{{serial}}号"},
    Rule: {"setting": "office_name", "value": "样本单位"},
    UnitLink: {"order": lambda session: make(session, DispatchOrder, state="issued")},
    IdentityRequest: {"ticket": lambda session: make(session, ServiceTicket, kind="report")},
}


def with_credit(session: Any) -> Customer:
    """A customer who has paid us more than they ordered for, so long ago that it may be refunded."""
    customer, paid_at = make(session, Customer), now() - timedelta(days=2)
    make(session, Payment, order=None, customer=customer, amount=Decimal(500), state="verified", paid_at=paid_at)
    return customer


def _five_pieces(session: Any) -> OrderLine:
    return OrderLine(product=make(session, Product), quantity=5, price=1)


def _latest(session: Any, model: Any) -> Any:
    """What has just been made: a line belongs to the order beside it."""
    with access.system():
        return session.scalars(select(model).order_by(model.id.desc()).limit(1)).one()


def _conduct_checked(session: Any) -> str:
    """The remark on a sheet of a house that checks the conduct of its desk."""
    with access.system():
        session.add(Rule(setting="conduct_checklist", value="yes"))
        session.flush()
    return "样本"


def _book(session: Any, code: str) -> Register:
    with access.system():
        return session.scalars(select(Register).where(Register.code == code)).one()


def make(session: Any, model: Any, **changed: Any) -> Any:
    """A stored record of `model`; every value that has to be there and is not in `changed` is made up."""
    with access.system():
        record = model(**values_of(session, model, **changed))
        record.prepare(session)
        assert list(record.check()) == []
        records.store(session, record)
    return record


def values_of(session: Any, model: Any, **changed: Any) -> dict[str, Any]:
    """Attributes of a valid record; what they refer to is stored already."""
    also = {name: ask(session) if callable(ask) else ask for name, ask in ALSO.get(model, {}).items()}
    needed = {
        name: _sample(session, model, field)
        for name, field in fields_of(model).items()
        if field.required and not field.derived and not field.right and name not in {*changed, *also}
    }
    values = {**needed, **also, **changed}
    if model.lines and model.lines.relation not in values:
        child = inspect(model).relationships[model.lines.relation].mapper.class_
        about = fields_of(child)
        line = {n: _sample(session, child, about[n]) for n in model.lines.columns if about[n].required or n == "price"}
        values[model.lines.relation] = [child(**line)]
    return values


def raw_of(session: Any, model: Any, **changed: Any) -> dict[str, Any]:
    """The same as the API is sent it: texts and keys. Lines are lists of such."""
    return {
        name: [_raws(type(line), _loaded(line)) for line in value] if isinstance(value, list) else _raw(field, value)
        for name, value in values_of(session, model, **changed).items()
        for field in [fields_of(model).get(name)]
    }


def answers_to(session: Any, step: Step, **changed: Any) -> dict[str, Any]:
    """Raw answers to every question of a step that has to be answered, all boxes ticked."""
    answers = {
        name: changed.get(name, True if field.kind == "flag" else _sample(session, None, field))
        for name, field in step.asks.items()
        if field.required or field.kind == "flag" or name in changed
    }
    return {name: _raw(step.asks[name], value) for name, value in answers.items()}


def _raws(model: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _raw(fields_of(model)[name], value) for name, value in values.items()}


def _loaded(line: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(line).items() if name in fields_of(type(line)) and value is not None}


def _raw(field: Field | None, value: Any) -> Any:
    if isinstance(value, list):
        return [one.id for one in value]
    if field is None or isinstance(value, bool | str):
        return value
    if field.kind == "reference":
        return value.id
    return local(value).isoformat(timespec="minutes")[:16] if field.kind == "moment" else str(value)


def _sample(session: Any, model: Any, field: Field) -> Any:
    """A value that this field takes, a new one each time."""
    number = next(_numbers)
    if field.kind in ("reference", "references"):
        target = make(session, field.target)
        return [target] if field.kind == "references" else target
    if field.kind == "choice":
        default = None if model is None else inspect(model).columns[field.column].default
        return default.arg if default is not None else next(iter(field.choices or ()))
    return {
        "date": date(2031, 1, 1) + timedelta(number),
        "moment": now().replace(second=0, microsecond=0) - timedelta(hours=1),
        "flag": False,
        "integer": 1,
        **dict.fromkeys(("quantity", "price", "money", "rate"), Decimal(1)),
    }.get(field.kind, f"样本{number}")
