"""Records that are ready for a step: in the state it starts from, with what its rules ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access, numbers
from app.engine.moments import at_office, now, today
from app.engine.rules import Rule
from app.engine.workflow import Step
from models import shipping
from models.allocations import PaymentAllocation
from models.article_versions import ArticleVersion
from models.articles import Article
from models.circulation import Circulation
from models.correspondents import Correspondent
from models.customers import Customer
from models.destruction import DestructionEntry
from models.dispatch import DispatchOrder
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.envelope_lines import EnvelopeLine
from models.envelopes import CHECKS
from models.fates import ReturnItem
from models.instructions import LeaderInstruction
from models.orders import Order
from models.outgoing import OutgoingDocument
from models.outgoing_lines import JointIssuer, PrintRun
from models.outgoing_series import key
from models.payments import Payment
from models.people import Department, Person, actor_of
from models.products import Product
from models.recipients import Recipient
from models.registers import Register
from models.shipments import Shipment, ShipmentLine
from models.tickets import ServiceTicket
from tests.safety.makers import make, with_credit

_notices = count(1)


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


def _checked_again(session: Any) -> dict[str, Any]:
    with access.system():
        session.add(Rule(setting="outgoing_recheck", value="yes"))
        session.flush()
    return {}


def _waivable(session: Any) -> dict[str, Any]:
    with access.system():
        session.add(Rule(setting="proofreaders", value="checker", profile="company"))
        session.flush()
    return {"checker": person(session, "郑敏")}


def _signed_last_year(session: Any) -> dict[str, Any]:
    with access.system():
        session.add(Rule(setting="late_numbering_until", value="12-31", profile="company"))
        session.flush()
    return {"signed_at": at_office(date(today().year - 1, 12, 31))}


def _signer(session: Any) -> dict[str, Any]:
    return {"signer": person(session, "周海")}


def _handled(session: Any) -> Any:
    return make(session, IncomingDocument, state="in_handling", handler=person(session, "张小明"))


def _unit(session: Any) -> dict[str, Any]:
    return {"department": department(session, "综合科")}


def _in_hand(session: Any) -> dict[str, Any]:
    return {**_unit(session), "handler": person(session, "张小明")}


def _being_countersigned(session: Any) -> dict[str, Any]:
    return {**_unit(session), "document": make(session, OutgoingDocument, state="countersigning")}


def _book(session: Any, code: str) -> dict[str, Any]:
    with access.system():
        return {"register": session.scalars(select(Register).where(Register.code == code)).one()}


def _going_round(session: Any) -> dict[str, Any]:
    paper = make(session, IncomingDocument)
    round_ = make(session, Circulation, document=paper, form="paper", state="running")
    return {"document": paper, "circulation": round_, **_reader(session)}


def _may_hand_on(session: Any) -> dict[str, Any]:
    with access.system():
        session.add(Rule(setting="hand_on", value="yes"))
        session.flush()
    # The handler knows of the paper after the copy has gone on, too.
    return {"document": make(session, IncomingDocument, handler=person(session, "张小明")), **_held(session)}


def _held(session: Any) -> dict[str, Any]:
    return {"holder": person(session, "张小明"), "held_since": now()}


def _summed_up(session: Any) -> dict[str, Any]:
    return {"summary": "无不同意见", "summary_to": person(session, "周海")}


def _a_reader(state: str) -> Callable[[Any, Any], None]:
    def put_in_line(session: Any, round_: Any) -> None:
        reader = person(session, "张小明")
        make(session, CirculationEntry, circulation=round_, document=round_.document, reader=reader, state=state,
             opinion="同意" if state == "answered" else None)  # fmt: skip

    return put_in_line


def _long_closed(session: Any) -> dict[str, Any]:
    return {"closed_at": now() - timedelta(days=30)}


def _as_callback(session: Any, call: Any) -> None:
    """A callback is not entered by hand."""
    with access.system():
        call.ticket, call.kind = make(session, ServiceTicket, state="callback_due"), "callback"
        session.flush()


def _on_account(session: Any) -> dict[str, Any]:
    return {"payment_type": "on_account", "received_at": now()}


def _owned(session: Any) -> dict[str, Any]:
    return {"owner": person(session, "张小明")}


def _of_a_ticket(session: Any) -> dict[str, Any]:
    return {"ticket": make(session, ServiceTicket, kind="paid_service", contact_name="钱女士")}


def _listed(session: Session, **decided: Any) -> dict[str, Any]:
    """The one line of a destruction list."""
    return {
        "entries": [
            DestructionEntry(document=make(session, IncomingDocument, state="closed"), reason="期满", **decided)
        ]
    }


def _copy(session: Session, state: str) -> dict[str, Any]:
    """The one copy of a campaign, in this state."""
    return {"items": [ReturnItem(document=make(session, IncomingDocument), state=state)]}


def _version(session: Session, article: Any) -> ArticleVersion:
    """The first version of an article."""
    return make(session, ArticleVersion, article=article, number=1, title=article.title, body=article.body,
                department=article.department, verified_at=now())  # fmt: skip


def _in_force(session: Session) -> Article:
    article = make(session, Article, state="published", edition=1, review_on=later().date())
    _version(session, article)
    return article


def _replied(session: Session, ticket: Any) -> None:
    make(session, DispatchOrder, ticket=ticket, state="fed_back", answer="已修复", fed_back_at=now())


#: (kind, step) -> what its rules ask of the record, beside the state the step starts from
RECORDS: Mapping[tuple[str, str], Callable[[Any], dict[str, Any]]] = {
    ("circulation_entries", "open"): _reader,
    ("circulation_entries", "mark_read"): _reader,
    ("circulation_entries", "answer"): _reader,
    ("circulation_entries", "transcribe"): _going_round,
    ("circulation_entries", "move"): _going_round,
    ("circulations", "make_copies"): lambda session: {"preparation": "photocopy"},
    ("circulations", "answer_summary"): _summed_up,
    ("paper_copies", "take_back"): _held,
    ("paper_copies", "hand_on"): _may_hand_on,
    ("paper_copies", "confirm_hand_on"): lambda session: {**_held(session), "unconfirmed": True},
    ("incoming_documents", "report_result"): _in_hand,
    ("incoming_documents", "answer_sender"): _in_hand,
    ("incoming_documents", "screen"): lambda session: _book(session, "ZW"),
    ("incoming_documents", "pass_on"): lambda session: _book(session, "XZ"),
    ("incoming_documents", "reopen"): _unit,
    ("incoming_documents", "close"): lambda session: {"leader_told_at": now()},
    ("assignments", "receive"): _in_hand,
    ("assignments", "note"): _in_hand,
    ("assignments", "give_opinion"): _in_hand,
    ("extension_requests", "withdraw"): lambda session: {"asker": person(session, "张小明")},
    ("follow_ups", "ask"): lambda session: {"responsible": person(session, "张小明")},
    ("follow_ups", "decide"): lambda session: {"outcome": "cannot"},
    ("supervisions", "give_evidence"): lambda session: {
        "asked": person(session, "张小明"),
        "document": _handled(session),
    },
    ("supervisions", "reopen"): lambda session: {
        "document": make(session, IncomingDocument, state="closed", **_unit(session))
    },
    ("accountability_cases", "file_appeal"): lambda session: {"person": person(session, "张小明")},
    ("identity_requests", "grant"): lambda session: {"asker": person(session, "赵蕾")},
    ("outgoing_documents", "begin"): lambda session: {"drafter": person(session, "张小明")},
    ("outgoing_documents", "pass_review"): lambda session: {"ordered_by": person(session, "周海")},
    ("outgoing_documents", "recheck"): _checked_again,
    ("outgoing_documents", "number_it"): lambda session: {"state": "rechecked"},  # numbered in every profile
    ("outgoing_documents", "number_late"): lambda session: {"state": "rechecked", **_signed_last_year(session)},
    ("outgoing_documents", "proofread"): lambda session: {"checker": person(session, "郑敏")},
    ("outgoing_documents", "waive_proof"): _waivable,
    ("outgoing_documents", "void"): lambda session: {"document_no": f"作〔2026〕{next(_notices)}号"},
    ("countersignatures", "agree"): _being_countersigned,
    ("countersignatures", "reserve"): _being_countersigned,
    ("countersignatures", "object_to"): _being_countersigned,
    ("recipients", "send"): lambda session: {
        "document": make(session, OutgoingDocument, state="issuing"),
        "name": "甲",
    },
    ("recipients", "register_as_incoming"): lambda session: {
        **_unit(session),
        "document": make(session, OutgoingDocument, state="issued", document_no=f"发〔2026〕{next(_notices)}号"),
    },
    ("outgoing_documents", "sign"): _signer,
    ("outgoing_documents", "withdraw_signature"): _signer,
    ("envelopes", "forward_unopened"): lambda session: {"personal": True, "person": person(session, "张小明")},
    ("envelopes", "confirm_receipt"): lambda session: {"handed_to": person(session, "张小明")},
    ("envelopes", "reconcile"): lambda session: {
        "envelope_lines": [EnvelopeLine(title="通知", bound=True, pages_complete=True, formalities=True)]
    },
    ("envelopes", "register_paper"): lambda session: {"sender": make(session, Correspondent)},
    ("return_campaigns", "hand_back"): lambda session: _copy(session, "collected"),
    ("return_campaigns", "close"): lambda session: _copy(session, "collected"),
    ("return_campaigns", "close_with_incident"): lambda session: _copy(session, "missing"),
    ("destruction_lists", "hand_in"): lambda session: _listed(session),
    ("destruction_lists", "appraise"): lambda session: _listed(session, decision="destroy"),
    ("destruction_lists", "execute"): lambda session: _listed(session, decision="destroy"),
    ("service_tickets", "accept_offer"): lambda session: {"offered_to": person(session, "王芳")},
    ("service_tickets", "decline_offer"): lambda session: {"offered_to": person(session, "王芳")},
    ("service_tickets", "withdraw_offer"): lambda session: {
        "taker": person(session, "王芳"),
        "offered_to": person(session, "陈刚"),
    },
    ("service_tickets", "register_anew"): _long_closed,
    ("calls_owed", "pass_on"): lambda session: {
        "kind": "message",
        "called_for": person(session, "张小明"),
        "words": "请回电",
    },
    ("articles", "drop_revision"): lambda session: {"edition": 1},
    ("service_tickets", "forward_opinion"): lambda session: {
        "phone": None,
        "email": None,
        "contact_name": "路人",
        "anonymity_explained": True,
    },
    **{
        ("dispatch_orders", step): _unit
        for step in ("sign", "mark_contacted", "feed_back", "hand_back", "confirm_reply", "decline_reply")
    },
    ("dispatch_orders", "ask_extension"): _unit,
    ("dispatch_orders", "grant_extension"): lambda session: {"extension_until": later()},
    ("service_tickets", "order_service"): lambda session: {"kind": "paid_service", "contact_name": "钱女士"},
    ("corrections", "finish"): _owned,
    ("import_runs", "undo"): lambda session: {"kinds": "correspondents"},
    ("improvements", "begin_action"): _owned,
    ("improvements", "carry_out"): _owned,
    ("customer_handovers", "go_on"): lambda session: {"effective_on": today()},
    ("handover_lines", "confirm_customer"): lambda session: {"receiver": person(session, "何琳")},
    (Order.kind_name, "accept_work"): _of_a_ticket,
    (Order.kind_name, "complete_service"): lambda session: {**_of_a_ticket(session), **_on_account(session)},
    (Order.kind_name, "confirm"): _on_account,
    (Order.kind_name, "ship"): _on_account,
    (Order.kind_name, "withdraw_link"): lambda session: {"link_secret": "样本"},
    (Order.kind_name, "complete"): _on_account,
    (Order.kind_name, "resume"): lambda session: {"held_in": "confirmed"},
    (Order.kind_name, "use_credit"): lambda session: {"customer": with_credit(session)},
    ("payments", "allocate"): lambda session: {"order": None, "customer": make(session, Customer)},
}


def _notice(session: Any) -> dict[str, Any]:
    return {"notice": make(session, OutgoingDocument, state="issued", document_no=f"废〔2026〕{next(_notices)}号")}


def _newest_payment(session: Any) -> Payment:
    with access.system():
        return session.scalars(select(Payment).order_by(Payment.id.desc()).limit(1)).one()


def _open_order(session: Any) -> dict[str, Any]:
    return {"order": make(session, Order, customer=_newest_payment(session).customer)}


#: (kind, step) -> answers that a plain sample does not do for
ANSWERS: Mapping[tuple[str, str], Callable[[Any], dict[str, Any]]] = {
    ("follow_ups", "name_officer"): lambda session: {"officer": person(session, "郑敏")},
    ("outgoing_documents", "pass_text"): lambda session: {"signer": person(session, "周海")},
    ("outgoing_documents", "record_joint_signature"): lambda session: {"name": "联合单位"},
    ("outgoing_documents", "remove_joint_issuer"): lambda session: {"name": "联合单位"},
    ("outgoing_documents", "account_for_waste"): lambda session: {
        "witness": person(session, "张小明"),
        "second_witness": person(session, "郑敏"),
    },
    ("outgoing_documents", "recall"): _notice,
    ("outgoing_documents", "annul"): _notice,
    ("incoming_documents", "order_relay"): lambda session: {"by": later()},
    ("incoming_documents", "state_limit"): lambda session: {"limit": later()},
    ("incoming_documents", "propose"): lambda session: {"leaders": [person(session, "周海")]},
    ("incoming_documents", "suspend"): lambda session: {"wake_on": today() + timedelta(days=30)},
    ("incoming_documents", "transcribe"): lambda session: {"leader": person(session, "周海")},
    ("incoming_documents", "pass_over"): lambda session: {"leader": person(session, "周海")},
    ("circulation_entries", "move"): lambda session: {"to": 1},
    ("circulations", "gather"): lambda session: {"leader": person(session, "周海")},
    ("paper_copies", "hand_out"): lambda session: {"person": person(session, "郑敏")},
    ("paper_copies", "hand_on"): lambda session: {"person": person(session, "郑敏")},
    ("service_tickets", "give_answer"): lambda session: {"article": _in_force(session)},
    ("knowledge_gaps", "write"): lambda session: _unit(session),
    ("knowledge_gaps", "close_with"): lambda session: {"article": _in_force(session)},
    ("service_tickets", "promise"): lambda session: {"at": later()},
    ("service_tickets", "order_service"): lambda session: {"product": make(session, Product, service=True)},
    ("service_tickets", "wait"): lambda session: {"until": now().replace(microsecond=0) + timedelta(days=1)},
    ("service_tickets", "hand_over"): lambda session: {"taker": person(session, "陈刚")},
    ("service_tickets", "merge"): lambda session: {"because": "matter"},
    ("service_tickets", "reclassify"): lambda session: {"kind": "complaint"},
    ("envelopes", "sign_for"): lambda session: dict.fromkeys(CHECKS, "yes"),
    ("envelopes", "sign_with_reservation"): lambda session: {**dict.fromkeys(CHECKS, "yes"), "intact": "no"},
    ("envelopes", "return_receipt"): lambda session: {"stamped": True},
    ("holds", "keep_longer"): lambda session: {"until": later().date()},
    ("dispatch_orders", "extend"): lambda session: {"until": later()},
    ("dispatch_orders", "ask_extension"): lambda session: {"until": later()},
    ("dispatch_orders", "mark_contacted"): lambda session: {"at": now()},
    ("service_tickets", "dispatch"): _unit,
    ("service_tickets", "acknowledge"): lambda session: {"at": now() - timedelta(minutes=1)},
    ("identity_requests", "grant"): lambda session: {"until": now().replace(microsecond=0) + timedelta(days=2)},
    ("payments", "allocate"): _open_order,
    ("payments", "take_back"): lambda session: {"order": _newest_payment(session).order},
    ("orders", "assign"): lambda session: {"person": person(session, "郑敏")},
    ("refunds", "pay_out"): lambda session: {"reference": f"退{next(_notices)}"},
}


def _drawn_by_the_office(session: Any, reservation: Any) -> None:
    office = actor_of(session, person(session, "郑敏").user)
    number = numbers.drawn_as(session, key(reservation.series), reservation.number)
    number.actor_id, number.actor_name = office.id, office.name


def _all_confirmed(session: Any, handover: Any) -> None:
    with access.system():
        for line in handover.handover_lines:
            line.state = "confirmed"
        session.flush()


#: (kind, step) -> what has to hang on the record
AFTER: Mapping[tuple[str, str], Callable[[Any, Any], Any]] = {
    ("customer_handovers", "finish_check"): _all_confirmed,
    ("customer_handovers", "approve"): _all_confirmed,
    ("number_reservations", "release"): _drawn_by_the_office,
    ("circulation_entries", "move"): lambda session, entry: session.expire(entry.circulation),
    ("circulations", "start"): _a_reader("queued"),
    ("circulations", "gather"): _a_reader("answered"),
    ("service_tickets", "send_again"): lambda session, ticket: session.expire(ticket, ["orders"]),
}


def _with_a_leader(session: Any, paper: Any) -> None:
    make(session, LeaderInstruction, document=paper, leader=person(session, "周海"), position=1, standing="waiting")


def _parcel(session: Any, order: Order, state: str, part: Decimal = Decimal(1)) -> Shipment:
    """All that was ordered, or a part of each line, in one parcel."""
    with access.system():
        lines = [ShipmentLine(order_line=line, quantity=line.quantity * part) for line in order.order_lines]
    return make(session, Shipment, order=order, shipment_lines=lines, state=state)


def _paid_for(session: Any, difference: Any) -> None:
    with access.system():
        order = difference.order
        payment = make(session, Payment, order=order, amount=order.gross, state="verified")
        make(session, PaymentAllocation, payment=payment, order=order, amount=order.gross)
        session.flush()


def _half_of_it_sent(session: Any, order: Order) -> None:
    _parcel(session, order, "shipped", Decimal("0.5")).shipped_at = now()
    with access.system():
        session.flush()
        shipping.settle(session, order)
        session.flush()


def _on_credit(session: Any, shipment: Shipment) -> None:
    with access.system():
        shipment.order.payment_type = "on_account"
        session.flush()


def _with_a_joint_issuer(session: Any, paper: Any) -> JointIssuer:
    return make(session, JointIssuer, document=paper, name="联合单位")


#: (kind, step) -> what has to stand beside the record
BESIDE: Mapping[tuple[str, str], Callable[[Any, Any], Any]] = {
    ("outgoing_documents", "record_joint_signature"): _with_a_joint_issuer,
    ("outgoing_documents", "remove_joint_issuer"): _with_a_joint_issuer,
    ("outgoing_documents", "account_for_waste"): lambda session, paper: make(
        session, PrintRun, document=paper, printer="文印室", checksum="0" * 64
    ),
    ("outgoing_documents", "issue"): lambda session, paper: make(
        session, Recipient, document=paper, name="县财政局", state="sent"
    ),
    ("calls_owed", "rate"): _as_callback,
    ("incoming_documents", "write_instruction"): _with_a_leader,
    ("incoming_documents", "transcribe"): _with_a_leader,
    ("incoming_documents", "pass_over"): _with_a_leader,
    ("articles", "drop_revision"): _version,
    (Order.kind_name, "hand_over"): lambda session, order: _parcel(session, order, "planned"),
    (Order.kind_name, "close_short"): _half_of_it_sent,
    ("difference_orders", "match"): _paid_for,
    (Order.kind_name, "ship"): lambda session, order: _parcel(session, order, "handed_over"),
    ("shipments", "ship"): _on_credit,
    ("payments", "take_back"): lambda session, payment: make(
        session, PaymentAllocation, payment=payment, order=payment.order, amount=1
    ),
    ("service_tickets", "propose_article"): _replied,
    ("service_tickets", "send_again"): lambda session, ticket: make(
        session, DispatchOrder, ticket=ticket, state="accepted", lead=True
    ),
}


def readied(session: Any, model: Any, step: Step) -> tuple[Any, dict[str, Any]]:
    """A record on which the step can be taken, and the answers that are not plain samples."""
    key = (model.kind_name, step.name)
    values = RECORDS[key](session) if key in RECORDS else {}
    record = make(session, model, **{"state": step.sources[0], **values})
    if key in BESIDE:
        BESIDE[key](session, record)
    if key in AFTER:
        with access.system():
            AFTER[key](session, record)
    return record, (ANSWERS[key](session) if key in ANSWERS else {})
