"""Circulation entries 传阅件: one document on its way to one reader.

Offered, opened, read and opinion are facts of their own; none stands for another, and the document's own way through
the house touches none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Index, UniqueConstraint, and_, or_, select, true
from sqlalchemy.orm import Mapped, object_session, relationship

from app.engine import access, fields, history
from app.engine.access import Actor
from app.engine.database import index_where
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow, state_indexes
from models import notices
from models.copies import PaperCopy
from models.people import Department, Person
from models.tasks import SupplementaryTask, ask_for

if TYPE_CHECKING:
    from models.circulation import Circulation
    from models.documents import IncomingDocument

CLASSES = {
    "none": _l("Nothing to do"),
    "for_information": _l("For information"),
    "needs_action": _l("Something has to be done"),
}
#: What an entry is in while something is still awaited of its reader.
WAITING = ("queued", "offered", "skipped")
#: The paper has come to the reader.
OFFERED = ("offered", "read", "answered")
#: The reader need not read it any more: the register line is left to them, the content is not.
OUT_OF_SCOPE = ("withdrawn", "exempted")
#: What people write who have read a paper and have nothing to say: a mark, no opinion.
MARKS = frozenset({"阅", "已阅", "已读", "阅知", "已阅知", "已阅悉", "read"})


def is_reader(entry: CirculationEntry, actor: Actor) -> bool:
    """The reader, or who stands in while the reader is away; either has to be cleared for the paper."""
    paper = entry.document
    return paper is not None and entry.reader_id in actor.person_ids and paper.secrecy in actor.cleared


def not_opened(entry: CirculationEntry, actor: Actor) -> bool:
    return entry.opened_at is None and not entry.on_paper and is_reader(entry, actor)


def started(entry: CirculationEntry, actor: Actor) -> bool:
    """Whoever started the circulation, and the head of the office, who answers for all of them."""
    way = entry.way
    return way is None or way.started_by_id in actor.person_ids or actor.has("office_manager")


class CirculationEntry(Workflow, Model):
    """A document on its way to a reader, who has ten days for an opinion from when it was offered."""

    __tablename__ = "circulation_entry"
    __table_args__ = (
        UniqueConstraint("document_id", "reader_id", "round"),
        *state_indexes("circulation_entry", large=True),
        Index("ix_circulation_entry_reader_state", "reader_id", "state"),  # the one before: a later release drops it
        # What waits for somebody, with all that is asked to count it.
        Index("ix_circulation_entry_reader_due", "reader_id", "state", "due_at", "document_id"),
        index_where("ix_circulation_entry_unread", "sent_at", where="read_at IS NULL"),
        index_where("ix_circulation_entry_unclassified", "state", where="classification IS NULL"),
        {},
    )
    kind_name = "circulation_entries"
    large = True
    box = "read"
    label, label_plural = _l("Circulation entry"), _l("Circulation")
    named_by = ("document", "reader")
    content_fields = ("purpose", "opinion")
    line_fields = ("purpose",)
    part_of = "document"

    flow = Flow(
        State("queued", _l("In line"), "neutral", pauses=("reading",)),
        State("offered", _l("To be read"), "waiting", clocks=("reading",)),
        State("skipped", _l("Passed over for now"), "neutral", pauses=("reading",)),
        State("read", _l("Read"), "good", final=True),
        State("answered", _l("Read, with an opinion"), "good", final=True),
        State("withdrawn", _l("Taken back"), "neutral", final=True, uncounted=True),
        State("exempted", _l("Need not read"), "neutral", final=True, uncounted=True),
        clocks=(Clock("reading", _l("Reading"), since="sent_at", turn=("reader",)),),
    )

    document_id: Mapped[int] = fields.reference(
        _l("Document"), "incoming_document.id", required=True, aliases=("receipt_no",)
    )
    circulation_id: Mapped[int | None] = fields.reference(_l("Circulation"), "circulation.id", derived=True)
    reader_id: Mapped[int] = fields.reference(_l("Reader"), "person.id", required=True)
    position: Mapped[int] = fields.integer(_l("Place in line"), required=True, default=1, derived=True)
    copy_id: Mapped[int | None] = fields.reference(_l("Paper copy"), "paper_copy.id", derived=True)
    round: Mapped[int] = fields.integer(_l("Round"), required=True, default=1, derived=True)
    purpose: Mapped[str | None] = fields.line(_l("Purpose"), 500, search=True)
    sent_at: Mapped[datetime | None] = fields.moment(_l("Offered"), index=True)
    opened_at: Mapped[datetime | None] = fields.moment(_l("Opened"), derived=True)
    read_at: Mapped[datetime | None] = fields.moment(_l("Read"), derived=True)
    returned_at: Mapped[datetime | None] = fields.moment(_l("Copy given back"), derived=True)
    opinion: Mapped[str | None] = fields.prose(_l("Opinion"), search=True, derived=True)
    signed_by_id: Mapped[int | None] = fields.reference(
        _l("Signed by"), "person.id", derived=True, help=_l("Who really read: the reader or a deputy")
    )
    transcribed_by_id: Mapped[int | None] = fields.reference(_l("Entered from the paper by"), "person.id", derived=True)
    classification: Mapped[str | None] = fields.choice(
        _l("What the opinion asks for"), CLASSES, "classification_known", derived=True, index=True
    )
    reminded_at: Mapped[datetime | None] = fields.moment(_l("Reminded"), derived=True)
    reminders: Mapped[int] = fields.integer(_l("Times reminded"), required=True, default=0, derived=True)

    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id, back_populates="circulation")
    circulation: Mapped[Circulation | None] = relationship(foreign_keys=circulation_id, back_populates="entries")
    reader: Mapped[Person] = relationship(foreign_keys=reader_id)
    copy: Mapped[PaperCopy | None] = relationship(foreign_keys=copy_id)
    signed_by: Mapped[Person | None] = relationship(foreign_keys=signed_by_id)
    transcribed_by: Mapped[Person | None] = relationship(foreign_keys=transcribed_by_id)
    tasks: Mapped[list[SupplementaryTask]] = relationship(back_populates="entry", order_by=SupplementaryTask.id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        from models.documents import REGISTRY, cleared_papers  # the document's registry keeps its circulation, too

        if actor.has(*REGISTRY):
            return true()
        return and_(cls.reader_id.in_(actor.person_ids), access.among(cls.document_id, cleared_papers(actor)))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        """What readers said belongs to the content of the paper."""
        from models.documents import IncomingDocument  # it refers to its entries

        paper = IncomingDocument.__table__
        cleared = select(paper.c.id).where(paper.c.secrecy.in_(actor.cleared))
        known = select(IncomingDocument.id).where(IncomingDocument.content_to(actor))
        mine = and_(cls.reader_id.in_(actor.person_ids), cls.state.not_in(OUT_OF_SCOPE))
        return or_(and_(mine, access.among(cls.document_id, cleared)), access.among(cls.document_id, known))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = and_(cls.state == "offered", cls.reader_id.in_(actor.person_ids))
        if not actor.has("registry_clerk", "office_manager"):
            return mine
        unread = and_(cls.state == "answered", cls.classification.is_(None), cls.taken_over.is_(False))
        return or_(mine, unread)

    @property
    def way(self) -> Circulation | None:
        """The round it belongs to, which its readers do not see and which goes on when they are done."""
        from models.circulation import Circulation  # it lists its entries

        session = object_session(self)
        if session is None or self.circulation_id is None:
            return None
        with access.system(), session.no_autoflush:
            return session.get(Circulation, self.circulation_id)

    @property
    def on_paper(self) -> bool:
        way = self.way
        return way is not None and way.form == "paper"

    def take_over(self) -> None:
        """What an older ledger's line leaves open: who gave an opinion has answered, who read has read."""
        self.state = self.state or ("answered" if self.opinion else "read" if self.read_at else "offered")
        if self.state in ("read", "answered"):
            self.closed_at = self.closed_at or self.read_at

    def check(self) -> Iterator[tuple[str, str]]:
        if self.sent_at is None and self.taken_over:
            yield "sent_at", _("Please fill in “%(field)s”.", field=_("Offered"))

    def concerns(self) -> Person:
        return self.reader

    def __str__(self) -> str:
        return f"{self.document or ''} → {self.reader or ''}"

    def settle_in(self, state: str) -> None:
        """Go into a state from outside one of its own steps, and let the circulation go on."""
        session = object_session(self)
        assert session is not None
        self.enter(session, state)
        if self.way is not None:
            self.way.go_round()

    #: the reader is just told for what reason it goes round no more
    told_why = False

    def tell_taken_back(self) -> None:
        """The reader learns that nothing is awaited any more; one the paper never came to knows nothing of it."""
        session = object_session(self)
        assert session is not None
        if self.sent_at is not None and not self.told_why:
            notices.tell(session, [self.reader], "withdrawn", self)

    def deliver(self) -> None:
        """It is the reader's turn: from now the reading time counts, or goes on after a pause."""
        session = object_session(self)
        assert session is not None
        self.sent_at = self.sent_at or now()
        self.enter(session, "offered")

    def _read(self, by: int | None, at: datetime | None = None) -> None:
        self.read_at = at or now()
        self.signed_by_id = by
        if not self.on_paper:
            self.opened_at = self.opened_at or self.read_at  # nobody reads what they have not opened

    def _say(self, opinion: str) -> None:
        if opinion.strip(" 。.!！").casefold() in MARKS:
            raise StepRefused(_("“%(words)s” is a mark, not an opinion: use “Mark as read”.", words=opinion.strip()))
        self.opinion = opinion

    @flow.step("queued", to="offered", label=_l("Offer"), tone="primary")
    def offer(self, signed: Annotated[bool, Ask(_l("Signed for"))] = False) -> None:
        """It is this reader's turn. Of a paper, the copy is handed over now and signed for."""
        session = object_session(self)
        assert session is not None
        if self.way is not None:
            self.way.require_turn(self)
        if self.on_paper:
            assert self.copy is not None
            self.copy.give(session, self.reader, signed, self)
        self.deliver()
        if self.way is not None:
            self.way.go_round()

    @flow.step("offered", to=None, label=_l("Open the paper"), who=not_opened, tone="primary")
    def open(self) -> None:
        """The paper has been taken in hand; reading it is a fact of its own."""
        self.opened_at = now()

    @flow.step("offered", to="read", label=_l("Mark as read"), who=is_reader)
    def mark_read(self) -> None:
        """Read, nothing to say."""
        if self.way is not None and self.way.opinion_required:
            raise StepRefused(_("An opinion is asked for here; please give one."))
        self._read(history.doer().own_person_id)
        self.settle_in("read")

    @flow.step("offered", to="answered", label=_l("Give an opinion"), who=is_reader, tone="primary")
    def answer(self, opinion: Annotated[str, Ask(_l("Opinion"))]) -> None:
        """Read, with an opinion that goes on file in these words."""
        self._say(opinion)
        self._read(history.doer().own_person_id)
        self.settle_in("answered")

    @flow.step("offered", to=None, label=_l("Enter from the paper"))
    def transcribe(
        self,
        opinion: Annotated[str | None, Ask(_l("Opinion"), help=_l("Empty: read, nothing to say"))] = None,
        at: Annotated[datetime | None, Ask(_l("Signed at"))] = None,
    ) -> None:
        """The reader signed on the paper; what stands there goes on file in these words."""
        if not self.on_paper:
            raise StepRefused(_("This reader reads on the screen and signs there."))
        if at is not None and not (self.sent_at or at) <= at <= now():
            raise StepRefused(_("Nobody signed before the paper was offered, or in the future."))
        if opinion is None and self.way is not None and self.way.opinion_required:
            raise StepRefused(_("An opinion is asked for here; please give one."))
        if opinion is not None:
            self._say(opinion)
        self._read(self.reader_id, at)
        self.transcribed_by_id = history.doer().own_person_id
        self.settle_in("read" if opinion is None else "answered")

    @flow.step("queued", "offered", to="skipped", label=_l("Pass over"))
    def skip(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The reader is away; the place in the line is kept and the limit stands still."""
        if self.copy is not None and self.copy.state == "out" and self.copy.holder_id == self.reader_id:
            raise StepRefused(_("The reader still has copy %(number)s; take it back first.", number=self.copy.number))
        self.settle_in("skipped")

    @flow.step("skipped", to=None, label=_l("Offer again"), tone="primary")
    def offer_again(self) -> None:
        """The reader is back, in line at the old place; the paper is offered as soon as it can be."""
        if self.way is None:
            self.deliver()
        else:
            self.settle_in("queued")

    @flow.step("queued", "skipped", to=None, label=_l("Change the place in line"))
    def move(self, to: Annotated[int, Ask(_l("Place in line"))]) -> None:
        """Another order than the rule's; the change stays on file."""
        if self.way is None:
            raise StepRefused(_("This entry stands in no line."))
        self.way.reorder(self, to)

    @flow.step("queued", "offered", "skipped", to="withdrawn", label=_l("Take back"), who=started, tone="danger")
    def withdraw(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The paper is taken back from the reader; nothing is awaited any more."""
        self.tell_taken_back()
        self.settle_in("withdrawn")

    @flow.step("queued", "offered", "skipped", to="exempted", label=_l("Exempt from reading"), who=started)
    def exempt(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The reader need not read the paper; they know of it, and its content is not shown to them any more."""
        self.settle_in("exempted")

    @flow.step("offered", to=None, label=_l("Remind"))
    def remind(self) -> None:
        """Ask this reader alone; when and how often stays on file."""
        session = object_session(self)
        assert session is not None
        notices.tell(session, [self.reader], "reminded", self, due=self.due_at.isoformat() if self.due_at else "")
        self.reminded_at = now()
        self.reminders += 1

    @flow.step("answered", to=None, label=_l("Classify the opinion"), tone="primary")
    def classify(
        self,
        kind: Annotated[str, Ask(_l("What the opinion asks for"), choices=CLASSES)],
        what: Annotated[str | None, Ask(_l("What is to be done"))] = None,
        department: Annotated[Department | None, Ask(_l("Department"))] = None,
        person: Annotated[Person | None, Ask(_l("Person"))] = None,
        until: Annotated[datetime | None, Ask(_l("To be done by"))] = None,
    ) -> None:
        """Nothing, for information, or something has to be done: then a task is made, and the case waits for it."""
        session = object_session(self)
        assert session is not None
        if kind != "needs_action" and any(task.state == "open" for task in self.tasks):
            raise StepRefused(_("A task was made of this opinion; settle or drop it first."))
        if kind == "needs_action":
            ask_for(session, self, what, department, person, until)
        self.classification = kind
