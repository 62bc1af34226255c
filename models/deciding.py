"""Deciding what becomes of a paper 拟办、批办: first review, proposal, leaders' instructions and what follows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import clocks, history, rules
from app.engine import record as records
from app.engine.access import Actor
from app.engine.answers import ahead, happened
from app.engine.database import session_of
from app.engine.moments import local, now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models import notices, procedure
from models.assignments import hand_out
from models.circulation import offer_to
from models.circulation_rules import keep_scope
from models.copies import register_copies
from models.documents import PROPOSED, IncomingDocument
from models.entries import OUT_OF_SCOPE
from models.instructions import LeaderInstruction, call_next, due_from, lay_before
from models.paper_orders import PaperOrder
from models.people import Department, Person

flow = IncomingDocument.flow

#: A paper may lie before leaders while others work on it already.
BEFORE_LEADERS = ("instructing", "in_handling", "in_circulation", "result_in")


def kept_here(document: IncomingDocument) -> bool:
    """Papers of a stream that another registry keeps are passed on and nothing else (收文处理程序 四)."""
    return document.register is None or not document.register.kept_elsewhere


def may_propose(document: IncomingDocument, actor: Actor) -> bool:
    """The roles the profile names (C1), once the first review is passed where there is one."""
    session, profile = session_of(document), document.profile()
    if document.state == "registered" and (not kept_here(document) or is_screened(document, actor)):
        return False
    return actor.has(*rules.listed(session, procedure.PROPOSERS, profile))


def is_screened(document: IncomingDocument, actor: Actor) -> bool:
    """Only some profiles have a first review (C3)."""
    return rules.flag(session_of(document), procedure.SCREENING, document.profile())


def is_asked(document: IncomingDocument, actor: Actor) -> bool:
    """The leader whose turn it is, or who stands in."""
    return due_from(document, actor) is not None


def has_leader(document: IncomingDocument, actor: Actor) -> bool:
    return any(line.standing in ("waiting", "queued") for line in document.instructions)


def decides(document: IncomingDocument, actor: Actor) -> bool:
    """A leader; the office head hands out what a leader has signed (收文处理程序 七), or where the profile lets the
    office hand papers out without one (S8, S2)."""
    if not may_send_round(document, actor):
        return False
    if actor.has("leader") or is_asked(document, actor):
        return True
    signed = any(line.standing == "signed" for line in document.instructions)
    return signed or rules.flag(session_of(document), procedure.DIRECT_TRANSFER, document.profile())


def may_send_round(document: IncomingDocument, actor: Actor) -> bool:
    """Where a first review is prescribed nothing is ordered or goes round before it."""
    return document.state != "registered" or (kept_here(document) and not is_screened(document, actor))


@flow.step("registered", to="screened", label=_l("Review"), who=is_screened, tone="primary")
def screen(
    document: IncomingDocument,
    ours: Annotated[bool, Ask(_l("Ours to handle"))],
    addressed: Annotated[bool, Ask(_l("Follows the rules on addressing"))],
    formed: Annotated[bool, Ask(_l("Type and format are right"))],
    consulted: Annotated[bool, Ask(_l("Others concerned were consulted and have countersigned"))],
) -> None:
    """The four questions of the first review; a paper that fails one goes back to its sender with the reason."""
    if not (ours and addressed and formed and consulted):
        raise StepRefused(_("A paper that fails the first review is returned to the sender with the reason."))


@flow.step("registered", "screened", to="instructing", label=_l("Propose"), who=may_propose, tone="primary")
def propose(
    document: IncomingDocument,
    proposal: Annotated[str, Ask(_l("Proposal"))],
    leaders: Annotated[list[Person] | None, Ask(_l("To read and instruct"), help=_l("In the order of reading"))] = None,
    handlers: Annotated[list[Person] | None, Ask(_l("To read and handle"))] = None,
    informed: Annotated[list[Person] | None, Ask(_l("To read for information"))] = None,
    alternatives: Annotated[str | None, Ask(_l("Other options"), help=_l("One a line"))] = None,
    kind: Annotated[str | None, Ask(_l("Instruction proposed"), choices=PROPOSED)] = None,
    transfer: Annotated[
        Department | None, Ask(_l("Direct transfer proposed to"), help=_l("Where no leader has to decide"))
    ] = None,
) -> None:
    """What should be done with the paper and which leaders should decide; due 24 hours after receipt."""
    _addressed(document, bool(leaders or handlers or informed), kind, transfer)
    for people, verb in ((handlers, "handle"), (leaders, "instruct"), (informed, "read")):
        lay_before(session_of(document), document, people or (), verb)
    call_next(document)
    # Last, for looking up the leaders would write it down too early: one step, one entry in the history.
    document.proposal, document.alternatives, document.proposed_at = proposal, alternatives, now()
    document.proposed, document.proposed_unit = kind, transfer
    document.proposer_id = history.doer().own_person_id


def _addressed(document: IncomingDocument, named: bool, kind: str | None, transfer: Department | None) -> None:
    """A proposal says who is to decide, as far as the profile asks for it. Raises `StepRefused`."""
    session, profile = session_of(document), document.profile()
    direct = rules.flag(session, procedure.DIRECT_TRANSFER, profile)
    if transfer is not None and not direct:
        raise StepRefused(_("Papers of this book are not handed out without a leader; please name the leaders."))
    asked = rules.value(session, procedure.LEADER_PROPOSED, profile)
    if not named and transfer is None and (asked == "always" or (asked == "handled" and kind != "read")):
        if direct:
            raise StepRefused(_("Please name the leaders who are to decide, or the unit the paper goes to directly."))
        raise StepRefused(_("Please name the leaders who are to decide."))


@flow.step(*BEFORE_LEADERS, to=None, label=_l("Write an instruction"), who=is_asked, tone="primary")
def write_instruction(
    document: IncomingDocument,
    words: Annotated[str, Ask(_l("Instruction"))],
    higher: Annotated[list[Person] | None, Ask(_l("Goes on to"), help=_l("Leaders who should see it, too"))] = None,
) -> None:
    """The leader's own words, signed; the paper goes to the next leader in line, whose time begins anew."""
    line = due_from(document, history.doer())
    assert line is not None
    _signed(document, line, words, None, None, higher)


@flow.step(*BEFORE_LEADERS, to=None, label=_l("Enter what a leader wrote"), who=has_leader)
def transcribe(
    document: IncomingDocument,
    leader: Annotated[Person, Ask(_l("Leader"))],
    words: Annotated[str, Ask(_l("Instruction"))],
    signed_at: Annotated[datetime | None, Ask(_l("Signed at"), help=_l("Empty: now"))] = None,
    higher: Annotated[list[Person] | None, Ask(_l("Goes on to"))] = None,
    date_note: Annotated[
        str | None,
        Ask(
            _l("Why the dates are out of order"),
            kind="line",
            length=300,
            help=_l("Received, proposal, instruction, result"),
        ),
    ] = None,
) -> None:
    """Words written on the paper slip, typed in the leader's stead and marked as transcribed."""
    signed = happened(signed_at)
    typist = session_of(document).get(Person, history.doer().own_person_id or 0)
    _signed(document, _line_of(document, leader), words, signed, typist, higher)
    if signed_at is not None:
        document.instruction_on = min(filter(None, (document.instruction_on, local(signed).date())))
        document.date_note = date_note or document.date_note
        if document.date_note is None and (wrong := document.out_of_order()):
            raise StepRefused(_("The dates are out of order: %(wrong)s. Say why in one line.", wrong=wrong))


@flow.step(*BEFORE_LEADERS, to=None, label=_l("Pass a leader over"), who=has_leader)
def pass_over(
    document: IncomingDocument, leader: Annotated[Person, Ask(_l("Leader"))], reason: Annotated[str, Ask(_l("Reason"))]
) -> None:
    """The leader is away or need not see it; the next in line has it now."""
    _line_of(document, leader).standing = "passed_over"
    _restart(document, call_next(document))


def _line_of(document: IncomingDocument, leader: Person) -> LeaderInstruction:
    for line in document.instructions:
        if line.leader_id == leader.id and line.standing in ("waiting", "queued"):
            return line
    raise StepRefused(_("The paper does not wait for %(leader)s.", leader=leader.name))


def _signed(
    document: IncomingDocument,
    line: LeaderInstruction,
    words: str,
    at: datetime | None,
    typist: Person | None,
    higher: list[Person] | None,
) -> None:
    line.sign(words, at, typist)
    lay_before(session_of(document), document, higher or (), "instruct")
    _restart(document, call_next(document))


def _restart(document: IncomingDocument, line: LeaderInstruction | None) -> None:
    if line is not None and document.state == "instructing":
        clocks.stop(session_of(document), document, "instruction")


@flow.step(
    "registered", "screened", "instructing", to="in_handling", label=_l("Instruct: handle"), who=decides, tone="primary"
)
def instruct(
    document: IncomingDocument,
    department: Annotated[Department, Ask(_l("Department in charge"))],
    requirement: Annotated[str, Ask(_l("What is to be done"))],
    others: Annotated[list[Department] | None, Ask(_l("Co-handling departments"))] = None,
    handler: Annotated[Person | None, Ask(_l("Handler"))] = None,
    limit: Annotated[datetime | None, Ask(_l("To be done by"), help=_l("Empty: one week"))] = None,
) -> None:
    """Give the paper to a department, which leads where others help, with what is to be done and by when."""
    stated = rules.flag(session_of(document), procedure.URGENT_LIMIT, document.profile())
    if document.urgency != "none" and limit is None and stated:
        raise StepRefused(_("An urgent paper needs a limit; please say until when."))
    ahead(limit)
    _decided(document, requirement)
    due = limit or clocks.foreseen(session_of(document), document, "handling")
    share = rules.number(session_of(document), procedure.CO_SHARE, document.profile())
    co_limit = clocks.share_of(session_of(document), due, share) if due is not None else None
    hand_out(session_of(document), document, department, others or (), requirement, handler, limit, co_limit)
    if document.medium == "paper":
        register_copies(session_of(document), document)  # the unit signs for the original, and brings it back
    # Last: what is stored above would write it down too early, and a step is one entry in the history.
    document.department, document.handler = department, handler
    document.instruction, document.limit_at = requirement, limit


@flow.step("registered", "screened", "instructing", to="in_circulation", label=_l("Instruct: read"), who=may_send_round)
def instruct_reading(
    document: IncomingDocument,
    readers: Annotated[list[Person], Ask(_l("Readers"))],
    purpose: Annotated[str, Ask(_l("Purpose"))],
    opinion: Annotated[bool, Ask(_l("Opinion asked for"))] = False,
    approver: Annotated[Person | None, Ask(_l("Scope approved by"), help=_l("Empty: yourself"))] = None,
) -> None:
    """Send the paper round; nothing has to be handled."""
    _send_round(document, readers, purpose, opinion, approver)
    _decided(document, purpose)
    document.instruction = purpose


@flow.step("in_handling", "in_circulation", "suspended", "result_in", to=None, label=_l("Circulate"))
def circulate(
    document: IncomingDocument,
    readers: Annotated[list[Person], Ask(_l("Readers"))],
    purpose: Annotated[str, Ask(_l("Purpose"))],
    opinion: Annotated[bool, Ask(_l("Opinion asked for"))] = False,
    approver: Annotated[Person | None, Ask(_l("Scope approved by"), help=_l("Empty: yourself"))] = None,
) -> None:
    """Send the paper to readers, beside its handling."""
    _send_round(document, readers, purpose, opinion, approver)


def _send_round(
    document: IncomingDocument, readers: list[Person], purpose: str, opinion: bool, approver: Person | None
) -> None:
    """The scope is a leader's or the office head's; whoever else sends the paper round says whose it is."""
    session, doer = session_of(document), history.doer()
    approves = ("leader", "office_manager")
    if approver is not None and approver not in notices.holders(session, *approves):
        raise StepRefused(_("%(person)s approves no scope; name a leader or the head of the office.", person=approver))
    asked = rules.flag(session, procedure.SCOPE_APPROVED, document.profile())
    if approver is None and asked and not doer.has(*approves) and not doer.everything:
        raise StepRefused(_("The readers are named by a leader or the head of the office; say who approved them."))
    leader = doer.has("leader") or doer.everything or approver in notices.holders(session, "leader")
    if not leader:
        _keep_to_the_named(document, readers, [approver.id] if approver is not None else doer.person_ids)
    keep_scope(session, document, readers, leader)
    offer_to(document, readers, purpose, opinion_required=opinion, approver=approver)


def _keep_to_the_named(document: IncomingDocument, readers: list[Person], by: Collection[int]) -> None:
    """A list somebody approved is widened by them or by a leader, in every profile. Raises `StepRefused`."""
    approvers = {way.approver for way in document.circulations if way.approver is not None}
    named = {entry.reader_id for entry in document.circulation if entry.state not in OUT_OF_SCOPE}
    beyond = [reader.name for reader in readers if reader.id not in named]
    if approvers and beyond and not any(one.id in by for one in approvers):
        raise StepRefused(
            _("%(approvers)s named the readers; %(readers)s is added by them or a leader: say who approved it.",
              approvers=_(", ").join(sorted(one.name for one in approvers)), readers=_(", ").join(beyond))
        )  # fmt: skip


@flow.step("registered", "screened", *BEFORE_LEADERS, to=None, label=_l("Instruct: relay"), who=decides)
def order_relay(
    document: IncomingDocument,
    scope: Annotated[str, Ask(_l("To whom"))],
    by: Annotated[datetime, Ask(_l("By when"))],
    charged: Annotated[Person | None, Ask(_l("Charged with it"))] = None,
) -> None:
    """The paper is relayed within a scope and by a time; a report of it is due."""
    _order(document, what="relay", scope=scope, by=by, charged_id=charged.id if charged else None)


@flow.step("registered", "screened", *BEFORE_LEADERS, to=None, label=_l("Instruct: copy"), who=decides)
def order_copy(
    document: IncomingDocument,
    number: Annotated[int, Ask(_l("Copies"), least=Decimal(1))],
    distribution: Annotated[str, Ask(_l("Distribution list"))],
    consent: Annotated[str | None, Ask(_l("Consent of the issuer"), kind="line")] = None,
    charged: Annotated[Person | None, Ask(_l("Charged with it"))] = None,
) -> None:
    """Copies are made and distributed; each is accounted for."""
    charged_id = charged.id if charged else None
    _order(document, what="copy", scope=distribution, number=number, consent=consent, charged_id=charged_id)


def _order(document: IncomingDocument, **values: Any) -> None:
    order = PaperOrder(document_id=document.id, **values)
    order.document = document
    for _name, sentence in order.check():
        raise StepRefused(sentence)
    records.store(session_of(document), order)
    _decided(document, values["scope"])


def _decided(document: IncomingDocument, words: str) -> None:
    """A leader whose turn it is signs with the decision; nobody's instruction is asked for any longer."""
    line = due_from(document, history.doer())
    if line is not None:
        line.sign(words)
