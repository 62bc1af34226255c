"""How papers of the house come about 发文过程: sent back and why, proofread, signed again, void or recalled."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, case, distinct, func, literal, select, true
from sqlalchemy.orm import Session

from app.engine import access
from app.engine.columns import Column
from app.engine.disclosure import known_content
from app.engine.figures import Figure, Group, Share, Tally, Took, figures, monthly
from app.engine.frames import Counted, Rows, frame, report
from app.engine.history import HistoryEntry
from app.engine.periods import Period
from models.outgoing import CLASSES, TYPES, OutgoingDocument
from models.outgoing_lines import ProofRound, SealUse
from models.people import Department, Person, told_apart

#: The steps by which a paper goes back a stretch of its way.
BACK = {
    "send_back": _l("Back to the drafter"),
    "open_again": _l("Material change needed"),
    "withdraw_signature": _l("Withdraw the signature"),
    "print_again": _l("Errors found, print again"),
}


def _times(*actions: str) -> Any:
    """How often a paper took one of these steps: each changes its state once."""
    entry = HistoryEntry.__table__.c
    return (
        select(func.count(entry.id))
        .where(
            entry.kind == OutgoingDocument.kind_name, entry.record_id == OutgoingDocument.id,
            entry.action.in_(actions), entry.changes.contains('"state":'),
        )
        .correlate(OutgoingDocument)
        .scalar_subquery()
    )  # fmt: skip


def _proofs(what: Any) -> Any:
    """A sum over the rounds of proofreading of a paper."""
    read = ProofRound.__table__.c
    found = select(func.coalesce(func.sum(what), 0)).where(read.document_id == OutgoingDocument.id)
    return found.correlate(OutgoingDocument).scalar_subquery()


@figures(
    "outgoing_quality",
    _l("Quality of outgoing papers"),
    basis=_l(
        "Papers drafted here in the period, also those withdrawn, by what became of them until now; lines of older "
        "registers are left out. The hours go from the draft to the issue; what is not issued yet has none."
    ),
    chart="returned_share",
)
def outgoing_quality() -> Tally:
    """One row a department, drafter, type or month: drafts, returns, proofs, void and recalled numbers, hours taken."""
    paper, read = OutgoingDocument, ProofRound.__table__.c
    returns, changes = _times("send_back"), _times("open_again")
    rounds = _proofs(case((read.waived.is_(None), 1), else_=0))
    return Tally(
        paper,
        paper.drafted_at,
        {
            "department": Group(_l("Department"), Department.name),
            "drafter": Group(_l("Drafter"), told_apart()),
            "document_type": Group(_l("Type"), paper.document_type, TYPES),
            "document_class": Group(_l("Class"), paper.document_class, CLASSES),
            "month": monthly(paper.drafted_at),
        },
        [
            Figure("drafted", _l("Papers drafted")),
            Figure("returned", _l("Sent back at least once"), returns > 0),
            Figure("returns", _l("Times sent back"), returns > 0, of=returns),
            Share("returned_share", _l("Share of drafts sent back"), "returned", "drafted"),
            Figure("changed", _l("Changed after the signature"), changes > 0),
            Figure("proof_rounds", _l("Proof rounds read"), rounds > 0, of=rounds),
            Figure("proof_errors", _l("Errors found in proofs"), _proofs(read.errors) > 0, of=_proofs(read.errors)),
            Share("errors_a_round", _l("Errors a round"), "proof_errors", "proof_rounds", "quantity"),
            Figure("issued", _l("Papers issued"), paper.issued_at.is_not(None)),
            Figure("withdrawn", _l("Withdrawn without a number"), paper.state == "withdrawn"),
            Figure("numbered", _l("Papers numbered"), paper.document_no.is_not(None)),
            Figure("voided", _l("Numbers void"), and_(paper.document_no.is_not(None), paper.state == "voided")),
            Figure("recalled", _l("Numbers recalled"), paper.state == "recalled"),
            Figure("annulled", _l("Numbers annulled"), paper.state == "annulled"),
            Took("to_issue", _l("Drafted to issued"), paper.drafted_at, paper.issued_at, working=True),
        ],
        where=(paper.taken_over.is_(False),),
        joins=lambda query: query.join(Department, paper.department_id == Department.id, isouter=True).join(
            Person, paper.drafter_id == Person.id, isouter=True
        ),
    )


@report(
    "outgoing_returns",
    _l("Outgoing papers sent back"),
    [
        Column("stage", _l("Sent back from"), "text"),
        Column("step", _l("Step"), "text"),
        Column("reason", _l("Reason"), "text"),
        Column("department", _l("Department"), "text"),
        Column("returns", _l("Times sent back"), "integer", total=True),
        Column("papers", _l("Outgoing documents"), "integer"),
    ],
    basis=_l(
        "Each step of the period by which an outgoing paper went back: to its drafter, to be changed after the "
        "signature, out of the signer's hand, or to be printed again. A reason is told to those who may read the "
        "paper. A paper that came back for several reasons is counted with each, so papers are not summed up."
    ),
    groups=("stage", "step", "reason", "department"),
    chart="returns",
    labels={"stage": OutgoingDocument.flow.state_labels, "step": BACK},
)
def outgoing_returns(session: Session, period: Period, by: list[str]) -> Counted:
    """One row a stage, step, reason or department: how often papers went back, and how many papers did."""
    paper, entry = OutgoingDocument, HistoryEntry
    query = (
        select(
            paper.id, entry.at, _state_before(entry.changes).label("stage"), entry.action.label("step"),
            func.coalesce(case((_readable(), entry.reason)), "").label("reason"),
            func.coalesce(Department.name, "").label("department"),
        )
        .join(entry, and_(entry.kind == paper.kind_name, entry.record_id == paper.id))
        .join(Department, paper.department_id == Department.id, isouter=True)
        .where(entry.action.in_(BACK), entry.changes.contains('"state":'))
    )  # fmt: skip
    lines = period.holds(query, entry.at)
    steps = lines.subquery().c
    keys = [steps[name] for name in by]
    counted = select(*keys, func.count().label("returns"), func.count(distinct(steps.id)).label("papers"))
    table = frame(session, counted.group_by(*keys).order_by(*keys))
    return Counted(table, [Rows(paper, lines, {"returns": "", "papers": ""}, once=("papers",))])


def _state_before(changes: Any) -> ColumnElement[str]:
    """The state that an entry of the history says was left."""
    states = OutgoingDocument.flow.states
    ways = [(changes.contains(f'"state":["{name}",', autoescape=True), literal(name)) for name in states]
    return case(*ways, else_=literal(""))


def _readable() -> ColumnElement[bool]:
    """Whether whoever asks may read the paper, and so why it came back."""
    return true() if access.current().everything else known_content(OutgoingDocument)


@report(
    "seal_use",
    _l("Use of the seals"),
    [
        Column("seal", _l("Seal used"), "text"),
        Column("keeper", _l("Seal keeper"), "text"),
        Column("signer", _l("Approved by"), "text"),
        Column("department", _l("Department"), "text"),
        Column("uses", _l("Times used"), "integer", total=True),
        Column("impressions", _l("Impressions"), "integer", total=True),
        Column("papers", _l("Outgoing documents"), "integer"),
    ],
    basis=_l(
        "Each use of a seal on an outgoing paper in the period; approved by whoever signed the paper. There is no use "
        "without a paper. A paper sealed more than once is one paper, so papers are not summed up."
    ),
    groups=("seal", "keeper", "signer", "department"),
    chart="impressions",
)
def seal_use(session: Session, period: Period, by: list[str]) -> Counted:
    """One row a seal, keeper, signer or department: uses, impressions, and the papers sealed."""
    use, paper, person = SealUse, OutgoingDocument, Person.__table__.c
    keeper, signer = (
        func.coalesce(select(person.name).where(person.id == key).scalar_subquery(), "")
        for key in (use.keeper_id, paper.signer_id)
    )
    query = (
        select(
            use.id, use.at, use.seal, keeper.label("keeper"), signer.label("signer"), use.impressions,
            paper.id.label("document_id"),
            func.coalesce(Department.name, "").label("department"),
        )
        .select_from(use)
        .join(paper, use.document_id == paper.id, isouter=True)
        .join(Department, paper.department_id == Department.id, isouter=True)
    )  # fmt: skip
    lines = period.holds(query, use.at)
    uses = lines.subquery().c
    keys = [uses[name] for name in by]
    figures = (
        func.count().label("uses"), func.sum(uses.impressions).label("impressions"),
        func.count(distinct(uses.document_id)).label("papers"),
    )  # fmt: skip
    table = frame(session, select(*keys, *figures).group_by(*keys).order_by(*keys))
    sealed = select(uses.document_id.label("id"), *(one for one in uses if one.name not in ("id", "document_id")))
    papers = Rows(paper, sealed, {"papers": ""}, once=("papers",))
    return Counted(table, [Rows(use, lines, {"uses": "", "impressions": "impressions"}), papers])
