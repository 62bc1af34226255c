"""Drafting an outgoing paper 拟稿: the leader's order, versions, hand-in, first review, discussion in a meeting."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import history, rules
from app.engine import record as records
from app.engine.access import Actor
from app.engine.answers import ahead, happened
from app.engine.database import session_of
from app.engine.moments import now
from app.engine.paper import manuscript
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models import routing
from models.countersignatures import ask_departments, ask_leaders, drop_open, still_objecting
from models.outgoing import TYPES, OutgoingDocument, person_acting, stage_after
from models.outgoing_lines import DraftVersion
from models.people import Department, Person
from models.secrecy import ON_PAPER_ONLY

flow = OutgoingDocument.flow


def is_drafter(document: OutgoingDocument, actor: Actor) -> bool:
    """Who drafts it, or the office that keeps the register."""
    return document.drafter_id in actor.person_ids or actor.has("office_manager")


def is_orderer(document: OutgoingDocument, actor: Actor) -> bool:
    """The leader who ordered the draft, or whoever stands in."""
    return document.ordered_by_id in actor.person_ids


@flow.step("drafting", to="ordered", label=_l("Order the draft"))
def order(
    document: OutgoingDocument,
    drafter: Annotated[Person, Ask(_l("Drafter"))],
    until: Annotated[datetime | None, Ask(_l("Draft due"))] = None,
) -> None:
    """A leader wants the paper written, by whom and by when; the draft comes back to the leader first."""
    ahead(until)
    document.ordered_by = person_acting(session_of(document), history.doer())
    document.drafter, document.limit_at, document.department = drafter, until, drafter.department


@flow.step("ordered", to="drafting", label=_l("Begin the draft"), who=is_drafter, tone="primary")
def begin(document: OutgoingDocument) -> None:
    """The drafter has taken the order on."""


@flow.step(
    "drafting",
    to=("leader_review", "discussion", "countersigning", "finance_review", "text_check", "signing"),
    label=_l("Hand in the draft"),
    who=is_drafter,
    tone="primary",
)
def hand_in(
    document: OutgoingDocument,
    departments: Annotated[
        list[Department] | None, Ask(_l("Departments concerned"), help=_l("Each is asked to countersign"))
    ] = None,
    leaders: Annotated[
        list[Person] | None, Ask(_l("Leaders who countersign"), help=_l("Beside the one who signs the paper"))
    ] = None,
    executing: Annotated[
        Department | None,
        Ask(_l("Executing department"), help=_l("Its head checks the text where the rules say so")),
    ] = None,
    remark: Annotated[str | None, Ask(_l("What was changed"))] = None,
) -> str:
    """The draft goes on its route; its words are kept as a version. Whoever objected to the last one is asked again."""
    _complete(document)
    session = session_of(document)
    keep_version(document, remark)
    objections = still_objecting(document)
    units = [*(departments or ()), *(one.department for one in objections if one.department is not None)]
    ask_departments(session, document, [*_own_department(document), *units])
    ask_leaders(session, document, [*(leaders or ()), *(one.leader for one in objections if one.leader is not None)])
    stage = stage_after(document, None)
    document.executing = executing or document.executing
    return stage


def _own_department(document: OutgoingDocument) -> list[Department]:
    """The drafting department where its head signs first: not on a paper of its own, a leader's order or the head's."""
    own, actor = document.department, history.doer()
    signs = own is not None and own.leader_id is not None and own.leader_id not in actor.person_ids
    asked = rules.flag(session_of(document), routing.OWN_HEAD, document.profile())
    ordered = document.ordered_by is not None or routing.of_department(document)
    return [own] if own is not None and signs and asked and not ordered else []


def _complete(document: OutgoingDocument) -> None:
    """Raise `StepRefused` for a draft that lacks what its slip asks for, naming all of it."""
    missing = []
    if not (document.addressees or "").strip():
        missing.append(_("addressees"))
    written = manuscript.plain(document.body).strip() or document.uploaded()
    if not written and document.secrecy not in ON_PAPER_ONLY:
        missing.append(_("text"))
    if document.touches_money is None:
        missing.append(_("whether it touches income, cost or budget"))
    if missing:
        raise StepRefused(_("The draft still lacks: %(parts)s.", parts=_(", ").join(missing)))
    allowed = routing.types_allowed(session_of(document), document)
    if document.document_type not in allowed:
        names = _(", ").join(str(TYPES[name]) for name in allowed if name in TYPES)
        raise StepRefused(_("A paper of this kind is written as one of: %(types)s.", types=names))


def keep_version(document: OutgoingDocument, remark: str | None) -> None:
    """Keep the words as they stand, unless they are those of the last version."""
    session, last = session_of(document), document.versions[-1] if document.versions else None
    words = (document.title, document.addressees or "", document.body or "")
    if last is not None and last.words() == words:
        return
    records.store(
        session,
        DraftVersion(
            document_id=document.id, number=(last.number if last else 0) + 1, title=document.title,
            addressees=document.addressees, body=document.body, person_id=history.doer().own_person_id, at=now(),
            remark=remark,
        ),
    )  # fmt: skip
    session.expire(document, ["versions"])


@flow.step(
    "leader_review",
    to=("discussion", "countersigning", "finance_review", "text_check", "signing"),
    label=_l("Draft is in order"),
    who=is_orderer,
    tone="primary",
)
def pass_review(
    document: OutgoingDocument,
    discuss: Annotated[bool, Ask(_l("To be discussed in a meeting"))] = False,
) -> str:
    """The leader who ordered the paper has read the draft and lets it go on, to a meeting first if need be."""
    document.reviewed_at, document.to_discuss = now(), discuss
    return stage_after(document, "leader_review")


@flow.step("discussion", to="drafting", label=_l("Discussed"), who=is_drafter, tone="primary")
def record_discussion(
    document: OutgoingDocument,
    notes: Annotated[str, Ask(_l("Notes of the discussion"), help=_l("Taken by the drafter, who sat in"))],
    at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None,
) -> None:
    """The meeting has discussed the draft; the drafter works its wishes in."""
    document.discussed_at, document.discussion_notes = happened(at, document.drafted_at), notes


@flow.step(
    "leader_review", "discussion", "countersigning", "finance_review", "text_check", "signing",
    to=("drafting", "rechecking"), label=_l("Back to the drafter"),
)  # fmt: skip
def send_back(document: OutgoingDocument, reason: Annotated[str, Ask(_l("Remarks"))]) -> str:
    """The draft has to be changed; whoever still had it is asked again about the new words.

    A paper that has its number already goes back to the office, which changes it once more or voids the number.
    """
    if document.document_no is not None:
        return "rechecking"
    drop_open(session_of(document), document)
    document.finance_passed_at = document.checked_at = None
    return "drafting"


@flow.step(
    "ordered", "drafting", "leader_review", "discussion", "countersigning", "finance_review", "text_check", "signing",
    to="withdrawn", label=_l("Withdraw"), who=is_drafter,
)  # fmt: skip
def withdraw(document: OutgoingDocument, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The paper is not needed; no number was drawn."""
    document.refuse_numbered()
    drop_open(session_of(document), document)
