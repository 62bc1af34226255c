"""Paper copies 份: every copy of a document has a number, and somebody who has it now.

A copy is with the registry, out with one person, or lost; each time it changes hands one movement is written, so the
chain of holders has no gap. Only the registry hands out and takes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, UniqueConstraint, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, fields, history, rules
from app.engine import record as records
from app.engine.access import Actor
from app.engine.disclosure import known_ids
from app.engine.moments import now
from app.engine.record import Numbered, Record
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow, state_indexes
from models.attached import Attached
from models.circulation_rules import HAND_ON
from models.people import Person, actor_of
from models.secrecy import cleared_for

if TYPE_CHECKING:
    from models.documents import IncomingDocument
    from models.entries import CirculationEntry

COPY_MEDIA = {"original": _l("Original"), "photocopy": _l("Photocopy"), "print": _l("Printed from the file")}


#: A slip of the keyboard must not number millions.
MOST_COPIES = 2000


def has_it(copy: PaperCopy, actor: Actor) -> bool:
    """Who holds the copy now, or stands in for them."""
    return copy.holder_id in actor.person_ids


class PaperCopy(Attached, Workflow, Model):
    """One copy of a document on paper, with its number and its holder."""

    __tablename__ = "paper_copy"
    __table_args__ = (
        UniqueConstraint("document_id", "number"),
        *state_indexes("paper_copy"),
        {},
    )
    kind_name = "paper_copies"
    label, label_plural = _l("Paper copy"), _l("Paper copies")
    named_by = ("document",)
    numbered = Numbered("number", "{serial:06d}", yearly=False, by=("document",))

    flow = Flow(
        State("with_registry", _l("With the registry"), "good", settled=True),
        State("out", _l("Out of the registry"), "waiting", clocks=("holding",)),
        State("lost", _l("Lost"), "bad"),
        State("written_off", _l("Lost for good"), "bad", final=True, uncounted=True),
        State("returned", _l("Given back to the sender"), "good", final=True),
        clocks=(Clock("holding", _l("Holding a copy"), since="held_since", turn=("holder",)),),
    )

    document_id: Mapped[int] = fields.reference(_l("Document"), "incoming_document.id", required=True)
    number: Mapped[str] = fields.number(_l("Copy number"), 20, search=True, derived=True)
    medium: Mapped[str] = fields.choice(
        _l("Kind of copy"), COPY_MEDIA, "medium_known", required=True, default="original"
    )
    holder_id: Mapped[int | None] = fields.reference(_l("Holder"), "person.id", derived=True)
    held_since: Mapped[datetime | None] = fields.moment(_l("Held since"), derived=True)
    unconfirmed: Mapped[bool] = fields.flag(_l("Handed on, to be confirmed"), derived=True, required=True)
    incomplete: Mapped[str | None] = fields.line(_l("What is missing"), 500, derived=True)
    receipt: Mapped[str | None] = fields.line(_l("Receipt of the sender"), 500, derived=True)

    document: Mapped[IncomingDocument] = relationship(
        foreign_keys=document_id, back_populates="paper_copies", lazy="selectin"
    )
    holder: Mapped[Person | None] = relationship(foreign_keys=holder_id)
    movements: Mapped[list[CopyMovement]] = relationship(back_populates="copy", order_by="CopyMovement.id")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Whoever may know of the paper may know where it is; whoever has a copy knows of that one."""
        from models.documents import REGISTRY, IncomingDocument  # it lists its copies

        if actor.has(*REGISTRY):
            return true()
        known = select(IncomingDocument.id).where(IncomingDocument.visible_to(actor))
        return or_(cls.holder_id.in_(actor.person_ids), access.among(cls.document_id, known))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.has("registry_clerk", "office_manager"):
            return or_(cls.unconfirmed.is_(True), cls.state == "lost")
        return false()

    def series(self) -> tuple[str, str]:
        """Each document counts its own copies, from 000001."""
        return f"paper_copies:{self.document.id if self.document else self.document_id}", "{serial:06d}"

    def concerns(self) -> Person | None:
        return self.holder

    def __str__(self) -> str:
        return f"{self.document.receipt_no if self.document else ''} {self.number}"

    def give(self, session: Session, person: Person, signed: bool, entry: CirculationEntry | None = None) -> None:
        """Out of the registry's hand into that of `person`. Raises `StepRefused` for one it is not for."""
        if self.state != "with_registry":
            holder = self.holder.name if self.holder else self.state_label
            raise StepRefused(_("Copy %(number)s is not here: %(holder)s.", number=self.number, holder=holder))
        if not may_hold(session, self.paper, person):
            raise StepRefused(
                _("%(person)s is outside the scope of this paper; it goes out as a loan only.", person=person.name)
            )
        moment = now()
        movement = CopyMovement(
            copy_id=self.id, person_id=person.id, out_at=moment, signed=signed, entry_id=entry.id if entry else None
        )
        records.store(session, movement)
        session.expire(self, ["movements"])
        self.holder, self.held_since = person, moment
        self.enter(session, "out")

    def last(self) -> CopyMovement | None:
        """The movement by which the copy went to its present holder."""
        return next((movement for movement in reversed(self.chain()) if movement.back_at is None), None)

    def chain(self) -> list[CopyMovement]:
        """All holders in their order, whoever asks."""
        session = object_session(self)
        assert session is not None
        query = select(CopyMovement).where(CopyMovement.copy_id == self.id).order_by(CopyMovement.id)
        with access.system(), session.no_autoflush:
            return list(session.scalars(query))

    def _back(self, session: Session, complete: bool, remark: str | None = None) -> None:
        movement, moment = self.last(), now()
        if movement is not None:
            movement.back_at, movement.complete, movement.remark = moment, complete, remark
            if movement.entry is not None:
                movement.entry.returned_at = moment
        self.holder, self.held_since = None, None
        self.unconfirmed = False

    @flow.step("with_registry", to="out", label=_l("Hand out"), tone="primary")
    def hand_out(
        self,
        person: Annotated[Person, Ask(_l("To whom"))],
        signed: Annotated[bool, Ask(_l("Signed for"))] = False,
    ) -> None:
        """The copy leaves the registry, to one person, who signs for it. A reader has to be the next in line."""
        session = object_session(self)
        assert session is not None
        entries = [entry for entry in entries_for(session, self.document_id, person) if entry.copy_id == self.id]
        queued = next((entry for entry in entries if entry.state == "queued"), None)
        if queued is not None:
            queued.take("offer", session, signed=signed)
            return
        present = next((entry for entry in entries if entry.state == "offered"), None)
        self.give(session, person, signed, present)

    @flow.step("out", to="with_registry", label=_l("Take back"), tone="primary")
    def take_back(
        self,
        complete: Annotated[bool, Ask(_l("All pages are there"))],
        remark: Annotated[str | None, Ask(_l("What is missing"))] = None,
    ) -> None:
        """The copy is back with the registry, its pages are counted. What is missing stays on file."""
        session = object_session(self)
        assert session is not None
        if not complete and not (remark or "").strip():
            raise StepRefused(_("Count the pages: tick that all are there, or say what is missing."))
        self._back(session, complete, remark)
        self.incomplete = None if complete else remark

    @flow.step("out", to=None, label=_l("Hand on"), who=has_it)
    def hand_on(self, person: Annotated[Person, Ask(_l("To whom"))]) -> None:
        """Give the copy to the next reader directly; the registry confirms it."""
        session = object_session(self)
        assert session is not None
        if not rules.flag(session, HAND_ON, self.paper.profile()):
            raise StepRefused(_("Copies go from reader to reader through the registry only; please give it back."))
        if person.id == self.holder_id:
            raise StepRefused(_("%(reader)s has the document already.", reader=person.name))
        present = entries_for(session, self.document_id, person)
        entry = next((e for e in present if e.state in ("queued", "offered")), None)
        with history.act("take_back"):  # back and out: each holder's time counts for itself
            self._back(session, complete=True)
            self.enter(session, "with_registry")
        if entry is not None and entry.state == "queued" and entry.copy_id == self.id:
            entry.take("offer", session)
        else:
            with history.act("hand_out"):
                self.give(session, person, False, entry)
        for movement in self.chain()[-2:]:
            movement.unconfirmed = True
        self.unconfirmed = True

    @flow.step("out", to=None, label=_l("Confirm the handing on"), who=lambda copy, actor: copy.unconfirmed)
    def confirm_hand_on(self) -> None:
        """The registry has made sure who has the copy now."""
        self.unconfirmed = False
        for movement in self.chain():
            movement.unconfirmed = False

    @flow.step("with_registry", "out", to="lost", label=_l("Report as lost"), tone="danger")
    def report_lost(self, reason: Annotated[str, Ask(_l("What happened"))]) -> None:
        """An incident: the copy cannot be found. Who had it last stays on file."""
        session = object_session(self)
        assert session is not None
        if self.state == "out":
            self._back(session, complete=False, remark=_("Lost"))

    @flow.step("lost", to="with_registry", label=_l("Found again"), tone="primary")
    def find_again(self, reason: Annotated[str, Ask(_l("Where, and by whom"))]) -> None:
        """The copy has turned up and is with the registry."""

    @flow.step("lost", to="written_off", label=_l("Write off"), tone="danger")
    def write_off(self, reason: Annotated[str, Ask(_l("Decision, by whom and when"))]) -> None:
        """The search is over and the incident is settled; the copy counts as accounted for."""

    @flow.step("with_registry", to="returned", label=_l("Give back to the sender"))
    def give_back(self, receipt: Annotated[str, Ask(_l("Receipt: who signed for it, when"), length=500)]) -> None:
        """The sender wants it back and signs for it; the copy is no longer ours to account for."""
        self.receipt = receipt


class CopyMovement(Record, Model):
    """A copy in the hands of one person, from when to when: a link in the chain of holders."""

    __tablename__ = "copy_movement"
    kind_name = "copy_movements"
    label, label_plural = _l("Movement of a copy"), _l("Movements of copies")
    named_by = ("copy", "person")

    copy_id: Mapped[int] = fields.reference(_l("Paper copy"), "paper_copy.id", required=True)
    person_id: Mapped[int] = fields.reference(_l("Holder"), "person.id", required=True)
    entry_id: Mapped[int | None] = fields.reference(_l("Circulation entry"), "circulation_entry.id")
    out_at: Mapped[datetime] = fields.moment(_l("Handed out at"), required=True)
    signed: Mapped[bool] = fields.flag(_l("Signed for"), required=True)
    back_at: Mapped[datetime | None] = fields.moment(_l("Back at"))
    complete: Mapped[bool | None] = fields.flag(_l("All pages are there"), default=None)
    remark: Mapped[str | None] = fields.line(_l("What is missing"), 500)
    unconfirmed: Mapped[bool] = fields.flag(_l("Handed on, to be confirmed"), derived=True, required=True)

    copy: Mapped[PaperCopy] = relationship(foreign_keys=copy_id, back_populates="movements")
    person: Mapped[Person] = relationship(foreign_keys=person_id)
    entry: Mapped[CirculationEntry | None] = relationship(foreign_keys=entry_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Who had a paper when is for those who keep the register; everybody knows what they had themselves."""
        from models.documents import REGISTRY

        return true() if actor.has(*REGISTRY) else cls.person_id.in_(actor.person_ids)

    def __str__(self) -> str:
        return f"{self.copy or ''} → {self.person or ''}"


def entries_for(session: Session, document_id: int, person: Person) -> list[CirculationEntry]:
    """All entries of a document for one reader, whoever asks: another reader's are hidden from a reader."""
    from models.entries import CirculationEntry

    query = select(CirculationEntry).where(
        CirculationEntry.document_id == document_id, CirculationEntry.reader_id == person.id
    )
    with access.system(), session.no_autoflush:
        return list(session.scalars(query.order_by(CirculationEntry.id)))


def may_hold(session: Session, document: IncomingDocument, person: Person) -> bool:
    """Whether a copy may be given to a person: cleared, and a reader, the handler or one who may read it anyway."""
    from models.entries import OUT_OF_SCOPE

    if document.secrecy not in cleared_for(person.clearance, person.state_clearance):
        return False
    in_scope = any(entry.state not in OUT_OF_SCOPE for entry in entries_for(session, document.id, person))
    if in_scope or document.handler_id == person.id:
        return True
    if person.user is None:
        return False
    actor = actor_of(session, person.user)
    with access.acting_as(actor):
        return actor.may("read", document.kind_name) and bool(known_ids(session, type(document), [document.id]))


def add_copies(session: Session, document: IncomingDocument, count: int, medium: str) -> list[PaperCopy]:
    """Register `count` new copies of a document, numbered on from its last. Raises `StepRefused` for too many."""
    if count > MOST_COPIES:
        raise StepRefused(_("At most %(most)s copies are numbered at a time.", most=MOST_COPIES))
    made = [PaperCopy(document_id=document.id, medium=medium, unconfirmed=False) for _copy in range(count)]
    for copy in made:
        records.store(session, copy)
    session.expire(document, ["paper_copies"])
    return made


def register_copies(session: Session, document: IncomingDocument) -> list[PaperCopy]:
    """The copies of a paper as they came in, registered once: as many as the register line says."""
    missing = document.copies - sum(copy.medium == "original" for copy in document.paper_copies)
    if missing > 0:
        with history.act("add"):
            add_copies(session, document, missing, "original")
    return [copy for copy in document.paper_copies if copy.medium == "original"]


def holders(document: IncomingDocument) -> dict[str, Person | None]:
    """Copy number -> who has that copy now; None: it is with the registry, lost or gone for good."""
    return {copy.number: copy.holder for copy in document.paper_copies}


def missing_copies(copies: Iterable[PaperCopy]) -> list[str]:
    """One sentence for each copy that is not accounted for: out, lost without an end to it, or not whole."""
    said = []
    for copy in copies:
        if copy.state == "out":
            holder = copy.holder.name if copy.holder else ""
            said.append(_("copy %(number)s is with %(holder)s", number=copy.number, holder=holder))
        elif copy.state == "lost":
            said.append(_("copy %(number)s is lost", number=copy.number))
        if copy.incomplete:
            said.append(_("copy %(number)s is not whole: %(what)s", number=copy.number, what=copy.incomplete))
    return said


__all__ = ["CopyMovement", "PaperCopy", "add_copies", "holders", "may_hold", "missing_copies", "register_copies"]
