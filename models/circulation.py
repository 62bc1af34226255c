"""Circulations 传阅: a document sent round to an approved list of readers, for a purpose, in a form the rules allow.

A circulation is an object of its own. The document moving on, going back or being closed changes nothing in it; only
where the document itself ends is it stopped, by `stop_all`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, object_session, relationship

from app.engine import fields, history, rules
from app.engine import record as records
from app.engine.access import Actor, among
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Flow, State, Workflow
from models.circulation_rules import (
    FORMS,
    MAKES_COPIES,
    MODES,
    PREPARATIONS,
    keep_scope,
    mode_of,
    per_copy,
    rank_of,
    round_for,
)  # fmt: skip
from models.copies import add_copies, missing_copies
from models.entries import WAITING, CirculationEntry
from models.people import Person
from models.procedure import SUMMARY_DUE
from models.secrecy import cleared_for
from models.turns import Turns

if TYPE_CHECKING:
    from models.documents import IncomingDocument


def approved_it(circulation: Circulation, actor: Actor) -> bool:
    """Who approved the scope, or a leader: office staff widen nothing."""
    return circulation.approver_id in actor.person_ids or actor.has("leader")


def started_it(circulation: Circulation, actor: Actor) -> bool:
    """Whoever started the circulation, and the head of the office, who answers for all of them."""
    return circulation.started_by_id in actor.person_ids or actor.has("office_manager")


def gets_summary(circulation: Circulation, actor: Actor) -> bool:
    return circulation.summary_to_id in actor.person_ids


class Circulation(Turns, Workflow, Model):
    """One round of a document: who is to read it and why, in which order, on which copies, and what they said."""

    __tablename__ = "circulation"
    kind_name = "circulations"
    large = True
    label, label_plural = _l("Circulation round"), _l("Circulation rounds")
    named_by = ("document",)
    content_fields = ("purpose", "summary", "summary_answer")
    line_fields = ("purpose",)
    content_with = part_of = "document"

    flow = Flow(
        State("draft", _l("Being prepared"), "waiting"),
        State("running", _l("Under way"), "active"),
        State("finished", _l("Finished"), "good", final=True),
        State("stopped", _l("Stopped"), "neutral", final=True, uncounted=True),
    )

    document_id: Mapped[int] = fields.reference(_l("Document"), "incoming_document.id", required=True)
    purpose: Mapped[str] = fields.line(_l("Purpose"), 500, required=True, search=True)
    mode: Mapped[str] = fields.choice(
        _l("Order of reading"), MODES, "mode_known", required=True, default="parallel", index=True
    )
    form: Mapped[str] = fields.choice(_l("Form"), FORMS, "form_known", required=True, default="electronic", index=True)
    preparation: Mapped[str] = fields.choice(
        _l("Preparation"), PREPARATIONS, "preparation_known", required=True, default="as_is"
    )
    opinion_required: Mapped[bool] = fields.flag(
        _l("Opinion asked for"), required=True, help=_l("Else it is enough to read.")
    )
    readers_per_copy: Mapped[int] = fields.integer(_l("Readers per copy"), required=True, default=1, derived=True)
    approver_id: Mapped[int | None] = fields.reference(_l("Scope approved by"), "person.id", derived=True)
    started_by_id: Mapped[int | None] = fields.reference(_l("Started by"), "person.id", derived=True)
    started_at: Mapped[datetime | None] = fields.moment(_l("Started at"), derived=True, index=True)
    copies_at_start: Mapped[int] = fields.integer(_l("Copies sent round"), required=True, default=0, derived=True)
    waiting_for: Mapped[str | None] = fields.prose(_l("Not yet read by"), derived=True)
    prepared_by_id: Mapped[int | None] = fields.reference(_l("Copies made by"), "person.id", derived=True)
    file_deleted_at: Mapped[datetime | None] = fields.moment(_l("File deleted at"), derived=True)
    summary: Mapped[str | None] = fields.prose(_l("Summary of the opinions"), search=True, derived=True)
    summary_to_id: Mapped[int | None] = fields.reference(_l("Summary for"), "person.id", derived=True)
    summary_at: Mapped[datetime | None] = fields.moment(_l("Summed up at"), derived=True)
    summary_answer: Mapped[str | None] = fields.prose(_l("Instruction on the summary"), derived=True)

    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id, back_populates="circulations")
    approver: Mapped[Person | None] = relationship(foreign_keys=approver_id)
    started_by: Mapped[Person | None] = relationship(foreign_keys=started_by_id)
    prepared_by: Mapped[Person | None] = relationship(foreign_keys=prepared_by_id)
    summary_to: Mapped[Person | None] = relationship(foreign_keys=summary_to_id)
    entries: Mapped[list[CirculationEntry]] = relationship(
        back_populates="circulation", order_by=(CirculationEntry.position, CirculationEntry.id)
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Who has read and who has not is for the registry and those who sent the paper round, not for its readers."""
        from models.documents import REGISTRY, cleared_papers  # it lists its circulations

        if actor.has(*REGISTRY):
            return true()
        sent = (cls.approver_id, cls.started_by_id, cls.summary_to_id)
        mine = or_(*(column.in_(actor.person_ids) for column in sent))
        return and_(mine, among(cls.document_id, cleared_papers(actor)))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        from models.documents import IncomingDocument

        return among(cls.document_id, select(IncomingDocument.id).where(IncomingDocument.content_to(actor)))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine: list[ColumnElement[bool]] = [false()]
        if actor.has("registry_clerk", "office_manager"):
            begun = or_(cls.state == "draft", and_(cls.state == "running", cls.waiting_for.is_(None)))
            mine.append(and_(cls.closed_at.is_(None), begun))  # the few that are open, by their index
        if actor.person_ids:
            mine.append(and_(cls.summary_to_id.in_(actor.person_ids), cls.summary_answer.is_(None)))
        return or_(*mine)

    def __str__(self) -> str:
        return f"{self.label} {self.id}: {self.document.receipt_no if self.document else ''}"

    def set_off(self) -> None:
        """From here the paper goes round. Raises `StepRefused` while copies are missing."""
        if not any(entry.state in WAITING for entry in self.entries):
            raise StepRefused(_("There is nobody to read it; add readers first."))
        if self.form == "paper":
            self.give_copies()
        self.started_at, self.waiting_for = now(), self.unread()
        self.enter(self.session, "running")
        self.go_round()

    def add_entries(self, readers: Iterable[Person]) -> None:
        """Put readers in line, in the order of the rule behind those who stand there. Raises `StepRefused`."""
        document, session = self.document, self.session
        session.expire(document, ["circulation"])  # it may have been read with the eyes of one reader
        readers = list(dict.fromkeys(readers))
        for reader in readers:
            if any(e.reader_id == reader.id and e.state in WAITING for e in document.circulation):
                raise StepRefused(_("%(reader)s has the document already.", reader=reader.name))
        barred = [r.name for r in readers if document.secrecy not in cleared_for(r.clearance, r.state_clearance)]
        if barred:
            raise StepRefused(_("Not cleared for papers of this secrecy: %(readers)s.", readers=", ".join(barred)))
        taken = max((entry.position for entry in self.entries), default=0)
        ranked = sorted(readers, key=lambda reader: rank_of(session, document, reader))
        for reader in readers:
            rounds = [entry.round for entry in document.circulation if entry.reader_id == reader.id]
            entry = CirculationEntry(
                document_id=document.id,
                circulation_id=self.id,
                reader_id=reader.id,
                purpose=self.purpose,
                position=taken + 1 + ranked.index(reader),
                round=max(rounds, default=0) + 1,
            )
            records.store(session, entry)
        session.expire(document, ["circulation"])
        session.expire(self, ["entries"])

    def missing(self) -> list[str]:
        """What stands between this circulation and its end: readers, copies that are out, a count that differs."""
        said = [
            _("%(reader)s: %(state)s", reader=entry.reader.name, state=entry.state_label)
            for entry in self.ordered
            if entry.state in WAITING
        ]
        said += missing_copies(self.copies)
        back = sum(copy.state not in ("out", "lost") for copy in self.copies)
        if back != self.copies_at_start and not any(copy.state in ("out", "lost") for copy in self.copies):
            said.append(_("%(sent)s copies went round, %(back)s are there", sent=self.copies_at_start, back=back))
        return said

    @flow.step("draft", to=None, label=_l("Copies are made"), tone="primary")
    def make_copies(
        self,
        person: Annotated[Person, Ask(_l("Made by"))],
        copies: Annotated[int, Ask(_l("Number of copies"))],
        file_deleted: Annotated[bool, Ask(_l("The file is deleted"), help=_l("Only where it was downloaded"))] = False,
    ) -> None:
        """One named person made the copies that go round; each gets its number. A downloaded file is deleted after."""
        medium = MAKES_COPIES.get(self.preparation)
        if medium is None:
            raise StepRefused(_("No copies are made for this circulation."))
        if copies < 1:
            raise StepRefused(_("At least one copy is made."))
        if self.preparation == "download":
            if not file_deleted:
                raise StepRefused(_("After printing the file has to be deleted; tick it when that is done."))
            self.file_deleted_at = now()
        self.prepared_by = person
        add_copies(self.session, self.document, copies, medium)

    @flow.step("draft", to="running", label=_l("Start"), tone="primary")
    def start(self) -> None:
        """All copies are there and registered; the paper goes round."""
        self.set_off()

    @flow.step("draft", "running", to=None, label=_l("Add readers"), who=approved_it)
    def add_reader(
        self,
        readers: Annotated[list[Person], Ask(_l("Readers"))],
        reason: Annotated[str, Ask(_l("Reason"))],
    ) -> None:
        """The scope becomes wider, by whoever approved it. Anybody else borrows the paper."""
        doer = history.doer()
        keep_scope(self.session, self.document, readers, doer.has("leader") or doer.everything)
        self.add_entries(readers)
        if self.state == "running":
            if self.form == "paper":
                self.give_copies()
            self.go_round()

    @flow.step("draft", "running", to=None, label=_l("Another order"))
    def choose_mode(
        self,
        mode: Annotated[str, Ask(_l("Order of reading"), choices=MODES)],
        reason: Annotated[str, Ask(_l("Reason"))],
    ) -> None:
        """Another order of reading than the usual one, where the rule for such papers allows it."""
        if any(copy.state == "out" for copy in self.copies):
            raise StepRefused(_("Copies are out; take them back before the order changes."))
        rule = round_for(self.session, self.document)
        readers = sum(entry.state in WAITING for entry in self.entries)
        mode_of(rule, self.document, readers, self.form, mode)
        self.mode, self.readers_per_copy = mode, per_copy(self.session, self.document, mode)
        if self.state == "running":
            for entry in self.entries:
                entry.copy = None if entry.state in WAITING else entry.copy
            if self.form == "paper":
                self.session.flush()
                self.give_copies()
            self.go_round()

    @flow.step("draft", "running", to="stopped", label=_l("Stop"), who=started_it, tone="danger")
    def stop(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The paper goes round no more. What was read stays; from all others it is taken back, which they are told."""
        for entry in self.ordered:
            if entry.state in WAITING:
                entry.tell_taken_back()
                with history.act("withdraw"):
                    entry.enter(self.session, "withdrawn")
                    self.session.flush()  # written under this name, not as the stop of the whole
        self.waiting_for = None

    @flow.step("running", "finished", to=None, label=_l("Sum up the opinions"))
    def gather(
        self,
        summary: Annotated[str, Ask(_l("Summary of the opinions"))],
        leader: Annotated[Person, Ask(_l("Summary for"))],
    ) -> None:
        """One text of what the readers said, for the leader to decide on."""
        if not any(entry.opinion for entry in self.entries):
            raise StepRefused(_("No reader has given an opinion; there is nothing to sum up."))
        if self.document.secrecy not in cleared_for(leader.clearance, leader.state_clearance):
            raise StepRefused(_("Not cleared for papers of this secrecy: %(readers)s.", readers=leader.name))
        self.summary, self.summary_to, self.summary_at = summary, leader, now()
        self.summary_answer = None

    @flow.step("running", "finished", to=None, label=_l("Instruct on the summary"), who=gets_summary, tone="primary")
    def answer_summary(self, words: Annotated[str, Ask(_l("Instruction on the summary"))]) -> None:
        """What the leader decides on what the readers said."""
        if self.summary is None or self.summary_answer is not None:
            raise StepRefused(_("There is no summary to decide on."))
        self.summary_answer = words

    @flow.step("running", to="finished", label=_l("Finish"), tone="primary")
    def finish(self) -> None:
        """Checked after going round: everybody has read, every copy is back, and none is missing."""
        missing = self.missing()
        said = any(entry.opinion for entry in self.entries)
        if said and self.summary is None and rules.flag(self.session, SUMMARY_DUE, self.document.profile()):
            missing.append(_("the opinions are not summed up for the leader"))
        if missing:
            raise StepRefused(_("The circulation is not at its end: %(missing)s.", missing="; ".join(missing)))


def offer_to(
    document: IncomingDocument,
    readers: Iterable[Person],
    purpose: str,
    *,
    mode: str | None = None,
    form: str | None = None,
    opinion_required: bool = False,
    approver: Person | None = None,
) -> Circulation:
    """Send a document round to an approved list of readers; the circulation.

    Mode and form follow from secrecy, medium and copies; another may be asked for where the rule allows it. Where
    copies have to be made first it waits as a draft. `approver` is who approved the list; without it, the leader or
    head of the office who does this. Raises `StepRefused` for a reader who has it already or is not cleared for it.
    """
    session = object_session(document)
    assert session is not None
    readers = list(dict.fromkeys(readers))
    rule, doer = round_for(session, document), history.doer()
    form = form or rule.forms[0]
    if form not in rule.forms:
        raise StepRefused(_("Papers like this do not go round so: %(mode)s.", mode=FORMS[form]))
    mode = mode_of(rule, document, len(readers), form, mode)
    approved_by = approver.id if approver else doer.own_person_id if doer.has("leader", "office_manager") else None
    circulation = Circulation(
        document_id=document.id,
        purpose=purpose,
        mode=mode,
        form=form,
        preparation=rule.preparation if form == rule.forms[0] else "as_is",
        opinion_required=opinion_required,
        readers_per_copy=per_copy(session, document, mode),
        approver_id=approved_by,
        started_by_id=doer.own_person_id,
    )
    with history.act("add"):
        records.store(session, circulation)
        circulation.add_entries(readers)
        if circulation.preparation not in MAKES_COPIES:
            circulation.set_off()
    session.expire(document, ["circulations"])
    return circulation


__all__ = ["Circulation", "CirculationEntry", "offer_to"]
