"""Outgoing documents 发文: what a paper of the house is, its states and clocks, and who sees how much of it.

The steps stand by phase: `drafting`, `approval` (countersigning to signature), `issuing` (number to issue, recall).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, changes, fields, numbers
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.forgetting import texts_of
from app.engine.moments import now
from app.engine.paper import manuscript
from app.engine.refusals import StepRefused
from app.engine.workflow import Clock, Flow, QuickView, State, Workflow
from models import routing
from models.countersignatures import Countersignature
from models.documents import URGENCY, IncomingDocument
from models.files import Attachment
from models.outgoing_lines import DraftVersion, JointIssuer, PrintRun, ProofRound, SealUse
from models.outgoing_series import FIRST, LEVELS, OutgoingSeries, first_series, key
from models.paper_types import GOVERNMENT as TYPES
from models.people import Department, Person
from models.recipients import Recipient
from models.secrecy import ORDINARY, SECRECY, GradedPaper

CLASSES = {"formal": _l("Formal document"), "special": _l("Special document")}
YES_NO = {"yes": _l("Yes"), "no": _l("No")}

#: States in which the text is frozen as it was signed.
FROZEN = (
    "signed", "rechecked", "numbered", "proofreading", "sealing", "ready", "issuing", "issued", "filed", "recalled",
    "annulled", "voided",
)  # fmt: skip
#: States in which the paper is being decided on in the words that were handed in.
IN_DECISION = ("leader_review", "countersigning", "finance_review", "text_check", "signing")
#: What is decided on.
WORDS = ("title", "addressees", "copy_to", "body", "enclosures", "note")
#: What says who decides on it and on what terms: its route, its types and its series follow from them.
TERMS = (
    "document_class", "document_type", "level", "number_series", "department", "secrecy", "secrecy_period",
    "touches_money",
)  # fmt: skip
#: What a signature covers: the words, and what else of the paper's fields is printed with them.
SIGNED = (*WORDS, "document_type", "urgency", "secrecy_period")


def _drafts(paper: Any, actor: Actor) -> ColumnElement[bool]:
    return and_(paper.state.in_(("ordered", "drafting", "discussion")), paper.drafter_id.in_(actor.person_ids))


def _unnumbered(paper: Any, actor: Actor) -> ColumnElement[bool]:
    return and_(paper.state.in_(("signed", "rechecked")), paper.document_no.is_(None))


def _unreceipted(paper: Any, actor: Actor) -> ColumnElement[bool]:
    line = Recipient.__table__.c
    waiting = select(line.document_id).where(line.state.in_(("sent", "received")))
    return and_(paper.state == "issued", paper.id.in_(waiting))


class OutgoingDocument(GradedPaper, Workflow, Model):
    """A paper of the house, from the order to draft it to the signature of its last recipient."""

    __tablename__ = "outgoing_document"
    kind_name = "outgoing_documents"
    label, label_plural = _l("Outgoing document"), _l("Outgoing documents")
    natural_key = "document_no"
    quick_views = (
        QuickView("drafts", _l("Drafts with me"), _drafts),
        QuickView("unnumbered", _l("Signed, not numbered"), _unnumbered),
        QuickView("receipts", _l("Issued, receipts outstanding"), _unreceipted),
    )
    content_fields = ("title", "addressees", "copy_to", "body", "enclosures", "note", "basis", "discussion_notes")
    line_fields = ("title", "addressees", "copy_to")
    leaving_fields = ("document_no", "secrecy")

    flow = Flow(
        State("drafting", _l("Drafting"), "active", clocks=("drafting",)),
        State("ordered", _l("Ordered, not begun"), "waiting", clocks=("drafting",)),
        State("leader_review", _l("With the ordering leader"), "waiting", clocks=("leader_review",)),
        State("discussion", _l("To be discussed"), "waiting"),
        State("countersigning", _l("Countersigning"), "waiting"),
        State("finance_review", _l("Finance review"), "waiting", clocks=("finance_review",)),
        State("text_check", _l("Text check"), "waiting", clocks=("text_check",)),
        State("signing", _l("To be signed"), "waiting", clocks=("signing",)),
        State("signed", _l("Signed"), "active", clocks=("issuing",)),
        State("rechecking", _l("Being changed after the signature"), "active", clocks=("issuing",)),
        State("rechecked", _l("Checked, to be numbered"), "active", clocks=("issuing",)),
        State("numbered", _l("Numbered, to be printed"), "active", clocks=("issuing",)),
        State("proofreading", _l("Proofreading"), "active", clocks=("issuing",)),
        State("sealing", _l("Sealing"), "active", clocks=("issuing",)),
        State("ready", _l("Ready, to be looked over"), "active", clocks=("issuing",)),
        State("issuing", _l("Going out"), "active", clocks=("issuing",)),
        State("issued", _l("Issued"), "good", settled=True),
        State("filed", _l("Issued and filed"), "good", final=True),
        State("recalled", _l("Recalled"), "bad", final=True, uncounted=True),
        State("annulled", _l("Annulled"), "bad", final=True, uncounted=True),
        State("withdrawn", _l("Withdrawn"), "neutral", final=True, uncounted=True),
        State("voided", _l("Void"), "bad", final=True, uncounted=True),
        clocks=(
            Clock("drafting", _l("Drafting"), limit="limit_at", turn=("drafter",)),
            Clock("leader_review", _l("Review by the ordering leader"), turn=("ordered_by",)),
            Clock("finance_review", _l("Finance review"), duty=("finance",)),
            Clock("text_check", _l("Text check"), turn=("executing",), duty=("office_manager",)),
            Clock("signing", _l("Signature"), turn=("signer",), duty=("leader",)),
            Clock("issuing", _l("Signature to issue"), duty=("registry_clerk",)),
        ),
    )

    document_no: Mapped[str | None] = fields.number(_l("Document number"), 100, unique=True, search=True, derived=True)
    level: Mapped[str] = fields.choice(_l("Sent by"), LEVELS, "level_known", required=True, default="company")
    number_series_id: Mapped[int | None] = fields.reference(
        _l("Number series"), "outgoing_series.id", help=_l("Empty: the first of the house, or of the department")
    )
    document_class: Mapped[str] = fields.choice(_l("Class"), CLASSES, "class_known", required=True, default="formal")
    document_type: Mapped[str] = fields.choice(_l("Type"), TYPES, "type_known", required=True, default="notice")
    title: Mapped[str] = fields.line(_l("Title"), 500, required=True, search=True)
    secrecy: Mapped[str] = fields.choice(_l("Secrecy"), SECRECY, "secrecy_known", required=True, default="internal")
    secrecy_period: Mapped[str | None] = fields.line(_l("Secret for"), 40, help=_l("As in 1年 or 长期"))
    urgency: Mapped[str] = fields.choice(_l("Urgency"), URGENCY, "urgency_known", required=True, default="none")
    addressees: Mapped[str | None] = fields.prose(_l("Addressees"), search=True)
    copy_to: Mapped[str | None] = fields.prose(_l("Copy to"))
    body: Mapped[str | None] = fields.rich(_l("Text"), search=True)
    enclosures: Mapped[str | None] = fields.prose(_l("Enclosures"), help=_l("A line each"))
    note: Mapped[str | None] = fields.line(_l("Note below the date"), 200)
    basis: Mapped[str | None] = fields.prose(_l("Basis"), help=_l("What the paper rests on"))
    touches_money: Mapped[str | None] = fields.choice(
        _l("Touches income, cost or budget"),
        YES_NO,
        "money_answered",
        help=_l("To be answered before the draft goes on"),
    )
    joint_numbers: Mapped[str | None] = fields.line(_l("Numbers of joint issuers"), 200)
    reply_to_id: Mapped[int | None] = fields.reference(_l("Reply to"), "incoming_document.id")
    based_on_id: Mapped[int | None] = fields.reference(_l("Based on"), "outgoing_document.id")
    replaces_id: Mapped[int | None] = fields.reference(_l("Replaces"), "outgoing_document.id")
    drafter_id: Mapped[int | None] = fields.reference(_l("Drafter"), "person.id")
    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id")
    limit_at: Mapped[datetime | None] = fields.moment(_l("Draft due"), derived=True)
    drafted_at: Mapped[datetime] = fields.moment(_l("Drafted"), required=True, index=True, derived=True)
    ordered_by_id: Mapped[int | None] = fields.reference(_l("Ordered by"), "person.id", derived=True)
    reviewed_at: Mapped[datetime | None] = fields.moment(_l("Reviewed by the leader"), derived=True)
    to_discuss: Mapped[bool] = fields.flag(_l("To be discussed in a meeting"), derived=True)
    discussed_at: Mapped[datetime | None] = fields.moment(_l("Discussed"), derived=True)
    discussion_notes: Mapped[str | None] = fields.prose(_l("Notes of the discussion"), derived=True)
    finance_reviewer_id: Mapped[int | None] = fields.reference(_l("Finance reviewer"), "person.id", derived=True)
    finance_passed_at: Mapped[datetime | None] = fields.moment(_l("Passed by finance"), derived=True)
    executing_id: Mapped[int | None] = fields.reference(_l("Executing department"), "department.id", derived=True)
    checker_id: Mapped[int | None] = fields.reference(_l("Text checked by"), "person.id", derived=True)
    checked_at: Mapped[datetime | None] = fields.moment(_l("Text checked at"), derived=True)
    signer_id: Mapped[int | None] = fields.reference(_l("Signer"), "person.id", derived=True)
    signed_at: Mapped[datetime | None] = fields.moment(_l("Signed at"), derived=True)
    sign_words: Mapped[str | None] = fields.prose(_l("The signer's words"), derived=True)
    text_checksum: Mapped[str | None] = fields.line(_l("Checksum of the signed text"), 64, derived=True)
    rechecked_at: Mapped[datetime | None] = fields.moment(_l("Checked after the signature"), derived=True)
    scope: Mapped[str | None] = fields.prose(_l("Scope of distribution"), derived=True)
    copies: Mapped[int | None] = fields.integer(_l("Copies"), derived=True, least=1)
    printer: Mapped[str | None] = fields.line(_l("Printed by"), 200, derived=True)
    sealed_by_id: Mapped[int | None] = fields.reference(_l("Sealed by"), "person.id", derived=True)
    issued_at: Mapped[datetime | None] = fields.moment(_l("Issued at"), derived=True)
    deposited_on: Mapped[date | None] = fields.day(_l("Deposited with the administration"), derived=True)
    ended_by_id: Mapped[int | None] = fields.reference(
        _l("Recalled or annulled by"), "outgoing_document.id", derived=True
    )

    number_series: Mapped[OutgoingSeries | None] = relationship(foreign_keys=number_series_id)
    drafter: Mapped[Person | None] = relationship(foreign_keys=drafter_id)
    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    ordered_by: Mapped[Person | None] = relationship(foreign_keys=ordered_by_id)
    executing: Mapped[Department | None] = relationship(foreign_keys=executing_id)
    finance_reviewer: Mapped[Person | None] = relationship(foreign_keys=finance_reviewer_id)
    checker: Mapped[Person | None] = relationship(foreign_keys=checker_id)
    signer: Mapped[Person | None] = relationship(foreign_keys=signer_id)
    sealed_by: Mapped[Person | None] = relationship(foreign_keys=sealed_by_id)
    reply_to: Mapped[IncomingDocument | None] = relationship(foreign_keys=reply_to_id)
    based_on: Mapped[OutgoingDocument | None] = relationship(
        foreign_keys=based_on_id, remote_side="OutgoingDocument.id"
    )
    replaces: Mapped[OutgoingDocument | None] = relationship(
        foreign_keys=replaces_id, remote_side="OutgoingDocument.id"
    )
    ended_by: Mapped[OutgoingDocument | None] = relationship(
        foreign_keys=ended_by_id, remote_side="OutgoingDocument.id"
    )
    versions: Mapped[list[DraftVersion]] = relationship(
        back_populates="document", order_by=DraftVersion.number, passive_deletes="all"
    )
    countersignatures: Mapped[list[Countersignature]] = relationship(
        back_populates="document", order_by=Countersignature.id, passive_deletes="all"
    )
    joint_issuers: Mapped[list[JointIssuer]] = relationship(
        back_populates="document", order_by=JointIssuer.id, passive_deletes="all"
    )
    prints: Mapped[list[PrintRun]] = relationship(
        back_populates="document", order_by=PrintRun.id, passive_deletes="all"
    )
    proofs: Mapped[list[ProofRound]] = relationship(
        back_populates="document", order_by=ProofRound.id, passive_deletes="all"
    )
    seal_uses: Mapped[list[SealUse]] = relationship(
        back_populates="document", order_by=SealUse.id, passive_deletes="all"
    )
    recipients: Mapped[list[Recipient]] = relationship(
        back_populates="document", order_by=Recipient.id, passive_deletes="all"
    )
    replaced_by: Mapped[list[OutgoingDocument]] = relationship(
        foreign_keys=replaces_id, viewonly=True, order_by="OutgoingDocument.id"
    )

    @classmethod
    def _public(cls) -> ColumnElement[bool]:
        return cls.state.in_(("issued", "filed"))

    @classmethod
    def owned_by(cls, actor: Actor) -> ColumnElement[bool]:
        """The papers somebody drafts, has ordered, checks or signs, or whose department the actor heads."""
        own = actor.person_ids
        table = cls.__table__.c
        return or_(
            table.drafter_id.in_(own), table.ordered_by_id.in_(own), table.checker_id.in_(own),
            table.signer_id.in_(own), table.department_id.in_(actor.led_ids),
        )  # fmt: skip

    @classmethod
    def _involved(cls, actor: Actor) -> ColumnElement[bool]:
        """Drafter, orderer, checker, signer, who countersigns; finance and executing unit while they check."""
        asked = Countersignature.__table__.c
        named = or_(asked.department_id.in_(actor.led_ids), asked.leader_id.in_(actor.person_ids))
        heads = select(asked.document_id).where(named, asked.state != "dropped")
        mine = [
            cls.owned_by(actor),
            access.among(cls.id, heads),
            cls.finance_reviewer_id.in_(actor.person_ids),
            and_(cls.state == "text_check", cls.executing_id.in_(actor.led_ids)),
        ]
        if actor.has("finance"):
            mine.append(cls.state == "finance_review")
        return or_(*mine)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        own = actor.person_ids
        drafted = and_(cls.state.in_(("ordered", "drafting", "discussion", "countersigning")), cls.drafter_id.in_(own))
        mine = [
            drafted,
            and_(cls.state == "leader_review", cls.ordered_by_id.in_(own)),
            and_(cls.state == "text_check", cls.executing_id.in_(actor.led_ids)),
            and_(cls.state == "signing", cls.signer_id == (actor.own_person_id or 0)),
        ]
        if actor.has("finance"):
            mine.append(cls.state == "finance_review")
        if actor.has("office_manager"):
            mine.append(cls.state.in_(("text_check", "rechecking", "sealing")))
        if actor.has("registry_clerk"):
            mine.append(
                cls.state.in_(("signed", "rechecked", "numbered", "proofreading", "sealing", "ready", "issuing"))
            )
        return or_(false(), *mine)

    def case(self) -> str:
        return self.urgency

    def profile(self) -> str | None:
        return self.number_series.profile if self.number_series is not None else None

    def counted_in(self) -> str:
        """The series its number is drawn from, as `numbers` knows it."""
        return key(self.number_series) if self.number_series is not None else FIRST

    def numbered_at(self) -> datetime | None:
        """When the paper had both its signature and its number; a number may have been reserved long before."""
        session = session_of(self)
        with session.no_autoflush:
            drawn = numbers.drawn_as(session, self.counted_in(), self.document_no) if self.document_no else None
        return max(filter(None, (self.signed_at, drawn.at if drawn else None)), default=None)

    def prepare(self, session: Session) -> None:
        if self.taken_over:
            return
        actor = access.current()
        self.drafted_at = self.drafted_at or now()
        if self.drafter is None:
            self.drafter = person_acting(session, actor)
        if self.department is None and self.drafter is not None:
            self.department = self.drafter.department
        if self.number_series is None:
            self.number_series = first_series(session, self.level or "company", self.department)

    def take_over(self) -> None:
        """A line of an older register: what has a number and no other word went out."""
        self.issued_at = self.issued_at or self.closed_at
        self.state = self.state or ("filed" if self.document_no or self.issued_at else "drafting")
        if self.state == "filed":
            self.closed_at = self.closed_at or self.issued_at
        self.drafted_at = self.drafted_at or self.signed_at or self.issued_at or now()

    def uploaded(self) -> list[str]:
        """The digests of the files that are the text of a paper without a written one: those there at its signature."""
        session = object_session(self)
        if session is None or self.id is None or manuscript.plain(self.body).strip():
            return []
        query = select(Attachment.digest).where(
            Attachment.record_kind == self.kind_name, Attachment.record_id == self.id
        )
        if self.signed_at is not None:
            query = query.where(Attachment.created_at <= self.signed_at)
        with access.system(), session.no_autoflush:
            return list(session.scalars(query.order_by(Attachment.id)))

    def frozen_text(self) -> str:
        """The checksum of what a signature covers, as it is stored, marks of how the text is set among it."""
        words = (str(getattr(self, name) or "") for name in SIGNED)
        return hashlib.sha256("\x1f".join([*words, *self.uploaded()]).encode()).hexdigest()

    def keep_text(self) -> None:
        """Stop a paper whose text is not the signed one. Raises `StepRefused`."""
        if self._broken():
            raise StepRefused(_("The text is no longer the one that was signed."))

    def refuse_numbered(self) -> None:
        """Stop what only a paper without a number may do. Raises `StepRefused`."""
        if self.document_no is not None:
            raise StepRefused(_("The paper has a number; void it instead."))

    def check(self) -> Iterator[tuple[str, str]]:
        yield from self.graded()
        free = self._free()
        frozen = [name for name in SIGNED if name not in free]
        if self.state in FROZEN and (self._broken() or changes.altered(self, *frozen)):
            yield "body", _("Title, addressees, text, type, urgency and period are frozen by the signature.")
        elif self.state in IN_DECISION:
            for name in changes.altered(self, *(word for word in WORDS if word not in free)):
                yield name, _("The paper is being decided on in these words; send it back to change them.")
        yield from self._terms(free)
        series = self.number_series
        if series is not None and self.document_no is None:
            owner = self.department.id if self.department and self.level == "department" else None
            if (series.level, series.department_id) != (self.level or "company", owner):
                yield "number_series", _("This series counts other papers; choose one of this level and department.")
        if changes.altered(self, "number_series", "level") and self.document_no is not None:
            yield "number_series", _("The paper has its number.")
        for name in ("based_on", "replaces"):
            if getattr(self, name) is self:
                yield name, _("A paper cannot refer to itself.")

    def _broken(self) -> bool:
        """Whether the text is not the signed one; of papers whose text is not kept nothing is left to compare."""
        return bool(self.text_checksum) and self.keeps_content() and self.frozen_text() != self.text_checksum

    def _free(self) -> set[str]:
        """What a decision and a signature do not hold fast: raised secrecy, and the texts it takes."""
        free = {"secrecy"} if self.raised() else set()
        return free | {field.name for field in texts_of(type(self))} if self.content_goes() else free

    def _terms(self, free: Collection[str]) -> Iterator[tuple[str, str]]:
        """What was settled when the draft was handed in stays so; a series that was still open may be chosen."""
        settled = [name for name in TERMS if name != "number_series" or self.number_series_id is not None]
        settled = [name for name in settled if name not in free]
        if self.taken_over or self.state not in (*IN_DECISION, *FROZEN, "rechecking"):
            return
        for name in changes.altered(self, *settled):
            if self.state in IN_DECISION:
                yield name, _("The paper is being decided on as it was handed in; send it back to change this.")
            else:
                yield name, _("This stays as it was signed; void the paper or withdraw the signature to change it.")

    def marks(self) -> list[str]:
        newer = [one.document_no for one in self.replaced_by if one.state in ("issued", "filed") and one.document_no]
        if self.state not in IN_DECISION:
            return [_("Replaced by: %(numbers)s.", numbers=_(", ").join(newer))] if newer else []
        carried = [one.asked_of for one in self.countersignatures if one.state == "carried"]
        unsigned = [one.name for one in self.joint_issuers if one.signed_on is None]
        found = [_("Objection of %(unit)s laid before the signer.", unit=unit) for unit in carried]
        return [*found, _("Not signed yet by: %(names)s.", names=_(", ").join(unsigned))] if unsigned else found

    def __str__(self) -> str:
        if self.secrecy not in ORDINARY:
            return self.document_no or _("Draft %(id)s", id=self.id or "")
        return f"{self.document_no or ''} {self.title}".strip()


def person_acting(session: Session, actor: Actor) -> Person | None:
    """The person behind an account."""
    return session.get(Person, actor.own_person_id) if actor.own_person_id is not None else None


def stage_after(document: OutgoingDocument, stage: str | None) -> str:
    """The state a paper goes on to when a stage of its route is done."""
    session = session_of(document)
    with session.no_autoflush:  # one step, one entry in the history
        return routing.next_stage(session, document, stage)
