"""Records that are ready for a step: in the state it starts from, with what its rules ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.engine import access
from app.engine.moments import now, today
from app.engine.workflow import Step
from models.dispatch import DispatchOrder
from models.instructions import LeaderInstruction
from models.orders import Order
from models.people import Department, Person
from models.registers import Register
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


def _unit(session: Any) -> dict[str, Any]:
    return {"department": department(session, "综合科")}


def _book(session: Any, code: str) -> dict[str, Any]:
    with access.system():
        return {"register": session.scalars(select(Register).where(Register.code == code)).one()}


def _on_account(session: Any) -> dict[str, Any]:
    return {"payment_type": "on_account", "received_at": now()}


#: (kind, step) -> what its rules ask of the record, beside the state the step starts from
RECORDS: Mapping[tuple[str, str], Callable[[Any], dict[str, Any]]] = {
    ("circulation_entries", "open"): _reader,
    ("circulation_entries", "mark_read"): _reader,
    ("circulation_entries", "answer"): _reader,
    ("incoming_documents", "report_result"): _unit,
    ("incoming_documents", "screen"): lambda session: _book(session, "ZW"),
    ("incoming_documents", "pass_on"): lambda session: _book(session, "XZ"),
    ("incoming_documents", "close"): lambda session: {"leader_told_at": now()},
    ("assignments", "receive"): _unit,
    ("assignments", "note"): _unit,
    ("assignments", "give_opinion"): _unit,
    ("extension_requests", "withdraw"): lambda session: {"asker": person(session, "张小明")},
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
    ("incoming_documents", "suspend"): lambda session: {"wake_on": today() + timedelta(days=30)},
    ("incoming_documents", "transcribe"): lambda session: {"leader": person(session, "周海")},
    ("incoming_documents", "pass_over"): lambda session: {"leader": person(session, "周海")},
    ("service_tickets", "promise"): lambda session: {"at": later()},
    ("service_tickets", "reclassify"): lambda session: {"kind": "complaint"},
    ("dispatch_orders", "extend"): lambda session: {"until": later()},
    ("identity_requests", "grant"): lambda session: {"until": now().replace(microsecond=0) + timedelta(days=2)},
}


def _with_a_leader(session: Any, paper: Any) -> None:
    make(session, LeaderInstruction, document=paper, leader=person(session, "周海"), position=1, standing="waiting")


#: (kind, step) -> what has to stand beside the record
BESIDE: Mapping[tuple[str, str], Callable[[Any, Any], Any]] = {
    ("incoming_documents", "write_instruction"): _with_a_leader,
    ("incoming_documents", "transcribe"): _with_a_leader,
    ("incoming_documents", "pass_over"): _with_a_leader,
    ("service_tickets", "go_on_in_unit"): lambda session, ticket: make(
        session, DispatchOrder, ticket=ticket, state="signed"
    ),
}


def readied(session: Any, model: Any, step: Step) -> tuple[Any, dict[str, Any]]:
    """A record on which the step can be taken, and the answers that are not plain samples."""
    key = (model.kind_name, step.name)
    values = RECORDS[key](session) if key in RECORDS else {}
    record = make(session, model, **{"state": step.sources[0], **values})
    if key in BESIDE:
        BESIDE[key](session, record)
    return record, (ANSWERS[key](session) if key in ANSWERS else {})
