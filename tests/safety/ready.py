"""Records that are ready for a step: in the state it starts from, with what its rules ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.engine import access
from app.engine.moments import now
from app.engine.workflow import Step
from models.dispatch import DispatchOrder
from models.documents import IncomingDocument
from models.orders import Order
from models.people import Department, Person
from models.tickets import ServiceTicket
from tests.safety.makers import make


def person(session: Any, name: str) -> Person:
    with access.system():
        return session.scalars(select(Person).where(Person.name == name)).one()


def department(session: Any, name: str) -> Department:
    with access.system():
        return session.scalars(select(Department).where(Department.name == name)).one()


def later() -> datetime:
    return now().replace(second=0, microsecond=0) + timedelta(days=90)


def _reader(session: Any) -> dict[str, Any]:
    return {"reader": person(session, "张小明")}


def _signer(session: Any) -> dict[str, Any]:
    return {"signer": person(session, "周海")}


def _handled(session: Any) -> Any:
    return make(session, IncomingDocument, state="in_handling", handler=person(session, "张小明"))


def _unit(session: Any) -> dict[str, Any]:
    return {"department": department(session, "综合科")}


def _on_account(session: Any) -> dict[str, Any]:
    return {"payment_type": "on_account", "received_at": now()}


#: (kind, step) -> what its rules ask of the record, beside the state the step starts from
RECORDS: Mapping[tuple[str, str], Callable[[Any], dict[str, Any]]] = {
    ("circulation_entries", "open"): _reader,
    ("circulation_entries", "mark_read"): _reader,
    ("circulation_entries", "answer"): _reader,
    ("incoming_documents", "report_result"): _unit,
    ("follow_ups", "ask"): lambda session: {"responsible": person(session, "张小明")},
    ("follow_ups", "decide"): lambda session: {"outcome": "cannot"},
    ("supervisions", "give_evidence"): lambda session: {
        "asked": person(session, "张小明"),
        "document": _handled(session),
    },
    ("supervisions", "reopen"): lambda session: {"document": make(session, IncomingDocument, state="closed")},
    ("accountability_cases", "file_appeal"): lambda session: {"person": person(session, "张小明")},
    ("identity_requests", "grant"): lambda session: {"asker": person(session, "赵蕾")},
    ("outgoing_documents", "end_countersigning"): lambda session: {"countersigned": "同意"},
    ("outgoing_documents", "sign"): _signer,
    ("outgoing_documents", "withdraw_signature"): _signer,
    ("service_tickets", "forward_opinion"): lambda session: {"phone": None, "contact_name": "路人"},
    ("dispatch_orders", "sign"): _unit,
    ("dispatch_orders", "mark_contacted"): _unit,
    ("dispatch_orders", "feed_back"): _unit,
    ("dispatch_orders", "hand_back"): _unit,
    (Order.kind_name, "confirm"): _on_account,
    (Order.kind_name, "ship"): _on_account,
    (Order.kind_name, "complete"): _on_account,
    (Order.kind_name, "resume"): lambda session: {"held_in": "confirmed"},
}
#: (kind, step) -> answers that a plain sample does not do for
ANSWERS: Mapping[tuple[str, str], Callable[[Any], dict[str, Any]]] = {
    ("service_tickets", "promise"): lambda session: {"at": later()},
    ("service_tickets", "reclassify"): lambda session: {"kind": "complaint"},
    ("dispatch_orders", "extend"): lambda session: {"until": later()},
    ("identity_requests", "grant"): lambda session: {"until": now().replace(microsecond=0) + timedelta(days=2)},
}


def readied(session: Any, model: Any, step: Step) -> tuple[Any, dict[str, Any]]:
    """A record on which the step can be taken, and the answers that are not plain samples."""
    key = (model.kind_name, step.name)
    values = RECORDS[key](session) if key in RECORDS else {}
    record = make(session, model, **{"state": step.sources[0], **values})
    if key == (ServiceTicket.kind_name, "go_on_in_unit"):
        make(session, DispatchOrder, ticket=record, state="signed")
    return record, (ANSWERS[key](session) if key in ANSWERS else {})
