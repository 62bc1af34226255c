"""Destruction of papers 销毁: proposed, appraised by two, approved by a leader, carried out before two witnesses.

The list, its witnesses and a line of remembrance for each paper stay for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, exists, false, select
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import concurrency, fields, history
from app.engine.access import Actor
from app.engine.changes import altered
from app.engine.moments import today
from app.engine.record import Lines, Numbered, Record
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Flow, State, Workflow
from models.disposal import DecidesFate, claimed, claims
from models.documents import UNFINISHED, IncomingDocument
from models.fates import for_registry
from models.people import Person
from models.secrecy import ORDINARY

DECISIONS = {"destroy": _l("Destroy"), "keep": _l("Keep longer"), "transfer": _l("Transfer to the archive")}


class DestructionList(DecidesFate, Workflow, Model):
    """Papers proposed for destruction together."""

    __tablename__ = "destruction_list"
    kind_name = "destruction_lists"
    label, label_plural = _l("Destruction list"), _l("Destruction lists")
    natural_key = "list_no"
    numbered = Numbered("list_no", "销毁〔{year}〕{serial}号")
    lines = Lines("entries", ("document", "reason", "decision", "keep_until"))
    visible_to = classmethod(for_registry)

    flow = Flow(
        State("draft", _l("Draft"), "waiting"),
        State("appraisal", _l("Being appraised"), "waiting"),
        State("to_approve", _l("With the leader"), "waiting"),
        State("approved", _l("Approved"), "active"),
        State("executed", _l("Destroyed"), "active"),
        State("certified", _l("Certified"), "good", final=True),
        State("rejected", _l("Rejected"), "bad", final=True, uncounted=True),
    )

    list_no: Mapped[str] = fields.number(_l("Number"), 100, unique=True, search=True, derived=True)
    subject: Mapped[str] = fields.line(_l("Subject"), 200, required=True, search=True)
    proposer_id: Mapped[int | None] = fields.reference(_l("Proposed by"), "person.id", derived=True)
    appraiser_id: Mapped[int | None] = fields.reference(_l("First appraiser"), "person.id", derived=True)
    second_appraiser_id: Mapped[int | None] = fields.reference(_l("Second appraiser"), "person.id", derived=True)
    approver_id: Mapped[int | None] = fields.reference(_l("Approved by"), "person.id", derived=True)
    approved_on: Mapped[date | None] = fields.day(_l("Approved on"), derived=True)
    destroyed_on: Mapped[date | None] = fields.day(_l("Destroyed on"), derived=True)
    place: Mapped[str | None] = fields.line(_l("Place"), 200, derived=True)
    way: Mapped[str | None] = fields.line(_l("Way of destruction"), 200, derived=True)
    witness_id: Mapped[int | None] = fields.reference(_l("First witness"), "person.id", derived=True)
    second_witness_id: Mapped[int | None] = fields.reference(_l("Second witness"), "person.id", derived=True)
    certificate: Mapped[str | None] = fields.prose(_l("Certificate"), derived=True)

    proposer: Mapped[Person | None] = relationship(foreign_keys=proposer_id)
    appraiser: Mapped[Person | None] = relationship(foreign_keys=appraiser_id)
    second_appraiser: Mapped[Person | None] = relationship(foreign_keys=second_appraiser_id)
    approver: Mapped[Person | None] = relationship(foreign_keys=approver_id)
    witness: Mapped[Person | None] = relationship(foreign_keys=witness_id)
    second_witness: Mapped[Person | None] = relationship(foreign_keys=second_witness_id)
    entries: Mapped[list[DestructionEntry]] = relationship(
        back_populates="destruction", order_by="DestructionEntry.id", cascade="all, delete-orphan"
    )

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        states = ["draft", "appraisal", "approved", "executed"] if actor.has("archivist") else []
        states += ["to_approve"] if actor.has("leader") else []
        return cls.state.in_(states) if states else false()

    @classmethod
    def dooms(cls, document_id: int) -> ColumnElement[bool]:
        """Whether it is approved that a paper is destroyed, and it has not been yet, as an SQL condition."""
        entry = DestructionEntry
        listed = select(entry.destruction_id).where(entry.document_id == document_id, entry.decision == "destroy")
        return exists().where(cls.id.in_(listed), cls.state == "approved")

    def papers(self) -> Iterable[int]:
        return {entry.document_id for entry in self.entries}

    def follows(self, document: IncomingDocument) -> str | None:
        """What was closed to be destroyed and is not to be is open again for another fate, or goes to the archive."""
        decision = next(entry.decision for entry in self.entries if entry.document_id == document.id)
        if self.state == "executed" and decision == "destroy":
            return "destroyed"
        spared = self.state == "rejected" or (self.state == "approved" and decision != "destroy")
        if not spared or document.chosen() != "to_destroy":
            return None
        return "to_file" if decision == "transfer" and self.state == "approved" else "closed"

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id and self.state not in ("draft", "appraisal"):
            yield "", _("The list went to the leader; it is no longer changed.")
        named = [entry.document for entry in self.entries if entry.document is not None]
        if len(set(named)) < len(named):
            yield "", _("A paper stands on the list twice.")
        for position, entry in enumerate(self.entries, 1):
            for _name, sentence in entry.check():
                yield "", _("Line %(line)s: %(sentence)s", line=position, sentence=sentence)

    def __str__(self) -> str:
        return f"{self.list_no} {self.subject}"

    @flow.step("draft", to="appraisal", label=_l("Hand in for appraisal"), tone="primary")
    def hand_in(self) -> None:
        """The list goes to the appraisers; what is on its way, kept for now or called back cannot be on it."""
        if not self.entries:
            raise StepRefused(_("Please enter at least one line."))
        self._nothing_wanted()
        self.proposer = self._doer()

    @flow.step("appraisal", to="to_approve", label=_l("Record the appraisal"), tone="primary")
    def appraise(
        self,
        first: Annotated[Person, Ask(_l("First appraiser"))],
        second: Annotated[Person, Ask(_l("Second appraiser"))],
    ) -> None:
        """Two named appraisers have decided on every line: destroy, keep longer or transfer."""
        if first is second:
            raise StepRefused(_("Two different people have to appraise the list."))
        if open_lines := [str(entry) for entry in self.entries if entry.decision is None]:
            raise StepRefused(_("Not decided yet: %(list)s.", list="; ".join(open_lines)))
        self.appraiser, self.second_appraiser = first, second

    @flow.step("to_approve", to="approved", label=_l("Approve"), tone="primary")
    def approve(self) -> None:
        """A leader who did not propose the list approves it."""
        approver = self._doer()
        if approver is None:
            raise StepRefused(_("Only a person of the house can approve a list."))
        if approver.id == self.proposer_id:
            raise StepRefused(_("Whoever proposes a list does not approve it."))
        self.approver, self.approved_on = approver, today()

    @flow.step("to_approve", to="appraisal", label=_l("Send back for more"))
    def send_back(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The appraisal does not do yet."""

    @flow.step("to_approve", to="rejected", label=_l("Reject"), tone="danger")
    def reject(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Nothing of it is destroyed."""

    @flow.step("approved", to="executed", label=_l("Record the destruction"), tone="danger")
    def execute(
        self,
        place: Annotated[str, Ask(_l("Place"), kind="line")],
        way: Annotated[str, Ask(_l("Way of destruction"), kind="line")],
        witness: Annotated[Person, Ask(_l("First witness"))],
        second: Annotated[Person, Ask(_l("Second witness"))],
        on: Annotated[date | None, Ask(_l("Destroyed on"), help=_l("Empty: today"))] = None,
    ) -> None:
        """Carried out before two witnesses, neither of them who approved it; nothing kept for now is touched."""
        if witness is second:
            raise StepRefused(_("Two different people have to witness it."))
        if self.approver_id in (witness.id, second.id):
            raise StepRefused(_("Whoever approved the list does not witness its destruction."))
        day = on or today()
        if day > today() or (self.approved_on is not None and day < self.approved_on):
            raise StepRefused(_("It is destroyed after it was approved, and not in the future."))
        self._nothing_wanted()
        self.place, self.way, self.witness, self.second_witness, self.destroyed_on = place, way, witness, second, day
        for entry in self.entries:
            if entry.decision == "destroy":
                entry.tombstone = entry.remembered(day)

    @flow.step("executed", to="certified", label=_l("Certify"), tone="primary")
    def certify(
        self, certificate: Annotated[str, Ask(_l("Certificate"), help=_l("Signatures of both witnesses"))]
    ) -> None:
        """Both witnesses have signed; the list is kept for ever."""
        self.certificate = certificate

    def _nothing_wanted(self) -> None:
        """No paper of the list is needed, nor becomes so before this is stored. Raises `StepRefused`."""
        session = object_session(self)
        assert session is not None
        doomed = [entry for entry in self.entries if entry.decision in (None, "destroy")]
        if doomed:
            concurrency.hold(session, *(entry.document for entry in doomed))
        sentences = {
            "held": _l("Kept for now and not to be destroyed: %(list)s."),
            "to_return": _l("Called back by its issuer and not to be destroyed: %(list)s."),
            "unfinished": _l("Still on its way and not to be destroyed: %(list)s."),
            "destroyed": _l("Destroyed already: %(list)s."),
        }
        said = []
        for state, sentence in sentences.items():
            if found := [str(entry) for entry in doomed if _standing(session, entry.document) == state]:
                said.append(str(sentence) % {"list": "; ".join(found)})
        if said:
            raise StepRefused(" ".join(said))

    def _doer(self) -> Person | None:
        session, own = object_session(self), history.doer().own_person_id
        return session.get(Person, own) if session is not None and own is not None else None


claims("to_destroy")(DestructionList.dooms)


def _standing(session: Session, document: IncomingDocument) -> str | None:
    """What keeps a paper from being destroyed, if anything does."""
    if document.state in UNFINISHED:
        return "unfinished"
    return "destroyed" if document.state == "destroyed" else claimed(session, document)


class DestructionEntry(Record, Model):
    """One paper of a destruction list: why it goes, what was decided, and what is remembered of it."""

    __tablename__ = "destruction_entry"
    kind_name = "destruction_entries"
    label, label_plural = _l("Line of a destruction list"), _l("Lines of destruction lists")
    named_by = ("document",)
    visible_to = classmethod(for_registry)

    destruction_id: Mapped[int] = fields.reference(
        _l("Destruction list"), "destruction_list.id", required=True, aliases=("list_no",)
    )
    document_id: Mapped[int] = fields.reference(
        _l("Document"), "incoming_document.id", required=True, aliases=("receipt_no",)
    )
    reason: Mapped[str] = fields.line(_l("Reason"), 300, required=True)
    decision: Mapped[str | None] = fields.choice(_l("Decision"), DECISIONS, "decision_known")
    keep_until: Mapped[date | None] = fields.day(_l("Keep until"))
    tombstone: Mapped[str | None] = fields.prose(_l("Remembrance"), derived=True)

    destruction: Mapped[DestructionList] = relationship(foreign_keys=destruction_id, back_populates="entries")
    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.decision == "keep" and self.keep_until is None:
            yield "keep_until", _("Please say until when it is kept.")
        moved = self.id is None or altered(self, "destruction", "document", "decision")
        stored = self.destruction if self.destruction is not None and self.destruction.id is not None else None
        if moved and stored is not None and stored.state not in ("draft", "appraisal"):
            yield "", _("The list went to the leader; it is no longer changed.")

    def remembered(self, day: date) -> str:
        """What stays of a destroyed paper: its numbers, the day, the authority; of an ordinary one its title, too."""
        paper = self.document
        parts = [paper.receipt_no, paper.sender_no, paper.title if paper.secrecy in ORDINARY else None]
        return _(
            "%(paper)s; destroyed on %(day)s by list %(list)s, approved by %(approver)s",
            paper=" ".join(part for part in parts if part), day=day, list=self.destruction.list_no,
            approver=self.destruction.approver or "",
        )  # fmt: skip

    def __str__(self) -> str:
        return str(self.document.receipt_no if self.document else self.label)
