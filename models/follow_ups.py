"""Follow-up 催办: a case for every running limit of an incoming paper: who is asked, what they say, who learns it.

After S2 催办, S6 and S8; the ladder of reminders is `app/engine/ladder.py`; `models/sweeping.py` climbs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, ForeignKey, Index, Integer, and_, or_, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from app.engine import access, clock_rules, clocks, fields, history, rules, versions
from app.engine import record as records
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.record import Record, kinds
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Flow, State, Workflow, followed, never_by_hand
from models import notices
from models.documents import REGISTRY, IncomingDocument
from models.people import Department, Person, sees

WAYS = {"phone": _l("Telephone"), "letter": _l("By letter"), "visit": _l("On the spot"), "meeting": _l("Meeting")}
OUTCOMES = {"done": _l("Done"), "on_the_way": _l("On the way"), "cannot": _l("Cannot be done in time")}
DECISIONS = {"extension": _l("An extension is asked for"), "order": _l("It is to be done in time all the same")}
DEEDS = {
    "asked": _l("Asked how far it is"),
    "answered": _l("Answered"),
    "reported": _l("Reported"),
    "decided": _l("Decided"),
}

OFFICER_COMPULSORY = rules.setting(
    "follow_up_officer_compulsory", _l("Urgent and important papers need a named follow-up officer"), default="yes"
)
KEEPERS = ("office_manager", "registry_clerk")


@dataclass(frozen=True)
class Turn:
    """Whose turn a stage is: a person, else the head of a unit, else whoever has one of these roles."""

    person: Person | None
    unit: Department | None
    roles: tuple[str, ...]


def turn_of(record: Any, stage: str) -> Turn:
    """Whose turn a stage of a record is, as its clock says; the unit of a person is that of the record, or their own.

    What names nobody comes back to the registry.
    """
    clock = record.flow.clocks[stage]
    named = [one for name in clock.turn if (one := getattr(record, name)) is not None]
    person = next((one for one in named if isinstance(one, Person)), None)
    unit = next((one for one in named if isinstance(one, Department)), None)
    if unit is None and person is not None:
        unit = person.department
    return Turn(person, unit, clock.duty or ("registry_clerk",))


def _on_duty(case: FollowUp, actor: Actor) -> bool:
    model = followed().get(case.kind or "")
    clock = model.flow.clocks.get(case.stage or "") if model is not None else None
    return clock is not None and actor.has(*clock.duty)


def asks(case: FollowUp, actor: Actor) -> bool:
    """The registry, and the officer named for the case."""
    return actor.has(*KEEPERS) or case.officer_id in actor.person_ids


def answers(case: FollowUp, actor: Actor) -> bool:
    """Whoever's turn it is, the head of the unit, and who asked and writes the answer down."""
    mine = case.responsible_id in actor.person_ids or case.department_id in actor.led_ids
    return mine or _on_duty(case, actor) or asks(case, actor)


class FollowUp(Workflow, Model):
    """One running limit that somebody keeps an eye on."""

    __tablename__ = "follow_up"
    __table_args__ = (Index("ix_follow_up_state_due", "state", "due_at"), {})
    kind_name = "follow_ups"
    label, label_plural = _l("Follow-up case"), _l("Follow-up")
    named_by = ("document",)
    content_fields = ("reply",)
    part_of = "document"

    flow = Flow(
        State("watching", _l("Watched"), "neutral"),
        State("due_soon", _l("Due soon"), "waiting"),
        State("asked", _l("Asked how far it is"), "active"),
        State("answered", _l("Answered"), "active"),
        State("reported", _l("Reported to the leader"), "active"),
        State("settled", _l("Settled"), "good", final=True),
    )

    document_id: Mapped[int] = fields.reference(_l("Document"), "incoming_document.id", required=True)
    kind: Mapped[str | None] = fields.word(_l("Records"), clock_rules.KIND_LABELS, derived=True)
    stage: Mapped[str | None] = fields.word(_l("Stage"), clock_rules.STAGE_LABELS, derived=True)
    responsible_id: Mapped[int | None] = fields.reference(_l("Person responsible"), "person.id", derived=True)
    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id", derived=True)
    officer_id: Mapped[int | None] = fields.reference(_l("Follow-up officer"), "person.id")
    outcome: Mapped[str | None] = fields.choice(_l("Outcome"), OUTCOMES, "outcome_known", derived=True)
    reply: Mapped[str | None] = fields.prose(_l("Answer"), derived=True)
    reminded: Mapped[int] = fields.integer(_l("Times reminded"), derived=True, default=0)
    asked_at: Mapped[datetime | None] = fields.moment(_l("Last asked"), derived=True)
    answered_at: Mapped[datetime | None] = fields.moment(_l("Last answered"), derived=True)
    reported_at: Mapped[datetime | None] = fields.moment(_l("Last reported"), derived=True)
    record_id: Mapped[int | None] = mapped_column(Integer)
    clock_id: Mapped[int | None] = mapped_column(ForeignKey("clock.id"), unique=True)

    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id)
    responsible: Mapped[Person | None] = relationship(foreign_keys=responsible_id)
    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    officer: Mapped[Person | None] = relationship(foreign_keys=officer_id)
    notes: Mapped[list[FollowUpNote]] = relationship(back_populates="follow_up", order_by="FollowUpNote.id")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The registry and the officer by the paper; whoever's turn it is, and their head, by what they have to do."""
        officer = true() if actor.has(*REGISTRY) else cls.officer_id.in_(actor.person_ids)
        by_paper = and_(officer, access.open_to(IncomingDocument, cls.document_id, actor))
        return or_(by_paper, cls._mine(actor, content=False))

    @classmethod
    def _mine(cls, actor: Actor, content: bool) -> ColumnElement[bool]:
        mine = or_(cls.responsible_id.in_(actor.person_ids), cls.department_id.in_(actor.led_ids))
        return and_(mine, access.behind(cls.kind, cls.record_id, actor, followed().values(), content))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        """What was answered belongs to the content of the paper; whoever answers knows what is asked."""
        known = select(IncomingDocument.id).where(IncomingDocument.content_to(actor))
        return or_(access.among(cls.document_id, known), cls._mine(actor, content=True))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = [and_(cls.state == "asked", cls.responsible_id.in_(actor.person_ids))]
        mine.append(and_(cls.state.in_(("due_soon", "answered")), cls.officer_id.in_(actor.person_ids)))
        if actor.has(*KEEPERS):
            mine.append(cls.state.in_(("due_soon", "answered")))
        if actor.has("leader"):
            mine.append(and_(cls.state == "reported", cls.outcome == "cannot"))
        return or_(*mine)

    def __str__(self) -> str:
        number = self.document.receipt_no if self.document else ""
        return f"{number} {clock_rules.STAGE_LABELS.get(self.stage or '', self.stage or '')}".strip()

    def urgent(self) -> bool:
        """Whether the paper needs an officer by name before anybody is asked."""
        session = object_session(self)
        assert session is not None
        return self.document.pressing() and rules.flag(session, OFFICER_COMPULSORY, self.document.profile())

    def behind(self) -> Any:
        """The record whose limit is followed up; None where it is gone."""
        session = object_session(self)
        model = kinds().get(self.kind or "")
        return session.get(model, self.record_id) if session is not None and model and self.record_id else None

    def _note(self, deed: str, words: str | None, person: Person | None, at: datetime, **more: str | None) -> None:
        session = object_session(self)
        assert session is not None
        note = FollowUpNote(
            follow_up_id=self.id, deed=deed, person=person, words=words, at=at, noted_by=history.doer().name, **more
        )
        records.store(session, note)
        session.expire(self, ["notes"])

    def _may_follow(self, officer: Person) -> None:
        """Raise `StepRefused` for somebody who cannot find the paper: nobody follows up what is hidden from them."""
        session = object_session(self)
        assert session is not None
        if not sees(session, officer, self.document):
            raise StepRefused(
                _(
                    "%(person)s cannot see this paper; name somebody of the registry, of the unit or on its route.",
                    person=officer.name,
                )
            )

    def tell(self, people: list[Person], key: str, **told: Any) -> None:
        """Put a notice about this case on these people's lists."""
        session = object_session(self)
        assert session is not None
        due = self.due_at.isoformat() if self.due_at else ""
        label = str(clock_rules.STAGE_LABELS.get(self.stage or "", self.stage or ""))
        about = self.behind() or self
        notices.tell(session, people, key, about, stage=self.stage or "", stage_label=label, due=due, **told)

    @flow.step("watching", to="due_soon", label=_l("Comes near"), who=never_by_hand)
    def warn(self) -> None:
        """Follows by itself when the first warning before the limit is sent."""

    @flow.step(
        "watching", "due_soon", "asked", "answered", "reported", to=None, label=_l("Name the officer"), who=asks
    )  # fmt: skip
    def name_officer(self, officer: Annotated[Person, Ask(_l("Follow-up officer"))]) -> None:
        """Who follows the paper up in person; urgent and important papers have to have one."""
        self._may_follow(officer)
        self.officer = officer
        self.tell([officer], "officer")

    @flow.step(
        "watching", "due_soon", "asked", "answered", "reported", to="asked", label=_l("Ask"), who=asks, tone="primary"
    )  # fmt: skip
    def ask(
        self,
        way: Annotated[str, Ask(_l("Way"), choices=WAYS)],
        person: Annotated[Person | None, Ask(_l("Person asked"), help=_l("Empty: the person responsible"))] = None,
        at: Annotated[datetime | None, Ask(_l("Asked at"), help=_l("Empty: now"))] = None,
        words: Annotated[str | None, Ask(_l("In words"))] = None,
        officer: Annotated[Person | None, Ask(_l("Follow-up officer"))] = None,
    ) -> None:
        """Ask how far it is, by telephone, letter, visit or in a meeting; each asking stays on file."""
        if officer is None and self.officer is None and self.urgent():
            raise StepRefused(
                _("Urgent and important papers are followed up by somebody named; please name the officer.")
            )
        if at is not None and at > now():
            raise StepRefused(_("Nobody can have been asked in the future."))
        asked = person or self.responsible or (self.department.leader if self.department else None)
        if asked is None:
            raise StepRefused(_("Please say who was asked."))
        if officer is not None:
            self._may_follow(officer)
        self._note("asked", words, asked, at or now(), way=way)
        self.tell([asked], "asked")
        self.officer = officer or self.officer
        self.asked_at = at or now()

    @flow.step("asked", to="answered", label=_l("Answer"), who=answers, tone="primary")
    def answer(
        self,
        outcome: Annotated[str, Ask(_l("Outcome"), choices=OUTCOMES)],
        words: Annotated[str, Ask(_l("In words"))],
    ) -> None:
        """Done, on the way, or not to be done in time, in the handler's words."""
        session = object_session(self)
        assert session is not None
        self._note("answered", words, self.responsible, now(), outcome=outcome)
        name = self.responsible.name if self.responsible else history.doer().name
        heads = [self.officer] if self.officer else notices.holders(session, "office_manager")
        self.tell(heads, "cannot" if outcome == "cannot" else "answered", person=name)
        self.outcome, self.reply, self.answered_at = outcome, words, now()

    @flow.step("answered", to="reported", label=_l("Report to the leader"), who=asks, tone="primary")
    def report(
        self,
        leader: Annotated[Person, Ask(_l("Leader"))],
        words: Annotated[str | None, Ask(_l("In words"))] = None,
    ) -> None:
        """The leader who gave the instruction learns what the handler answered."""
        self._note("reported", words, leader, now())
        name = self.responsible.name if self.responsible else ""
        self.tell([leader], "cannot" if self.outcome == "cannot" else "answered", person=name)
        self.reported_at = now()

    @flow.step("answered", "reported", to="watching", label=_l("Decide"))
    def decide(
        self,
        decision: Annotated[str, Ask(_l("Decision"), choices=DECISIONS)],
        words: Annotated[str, Ask(_l("In words"))],
    ) -> None:
        """It cannot be done in time: an extension is asked for on the paper's own page, or the order stands."""
        if self.outcome != "cannot":
            raise StepRefused(_("Nothing is to be decided: the handler has not said that it cannot be done in time."))
        self._note("decided", words, None, now(), outcome=decision)

    @flow.step(
        "watching", "due_soon", "asked", "answered", "reported", to="settled", label=_l("Settle"), who=never_by_hand
    )
    def settle_case(self) -> None:
        """Follows by itself when the limit stops running."""


class FollowUpNote(Record, Model):
    """One line of the log of a follow-up: who was asked or answered what, how and when. Lines are added by steps."""

    __tablename__ = "follow_up_note"
    kind_name = "follow_up_notes"
    label, label_plural = _l("Line of the follow-up log"), _l("Follow-up log")
    content_fields = ("words",)
    part_of = "follow_up"

    follow_up_id: Mapped[int] = fields.reference(_l("Follow-up case"), "follow_up.id", required=True)
    deed: Mapped[str] = fields.choice(_l("What happened"), DEEDS, "deed_known", required=True, derived=True)
    way: Mapped[str | None] = fields.choice(_l("Way"), WAYS, "way_known", derived=True)
    outcome: Mapped[str | None] = fields.word(_l("Outcome"), {**OUTCOMES, **DECISIONS}, derived=True)
    person_id: Mapped[int | None] = fields.reference(_l("Person"), "person.id", derived=True)
    words: Mapped[str | None] = fields.prose(_l("In words"), derived=True)
    at: Mapped[datetime] = fields.moment(_l("When"), required=True, derived=True)
    noted_by: Mapped[str | None] = fields.line(_l("Noted by"), 200, derived=True)

    follow_up: Mapped[FollowUp] = relationship(foreign_keys=follow_up_id, back_populates="notes")
    person: Mapped[Person | None] = relationship(foreign_keys=person_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return access.open_to(FollowUp, cls.follow_up_id, actor)

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        return access.among(cls.follow_up_id, select(FollowUp.id).where(FollowUp.content_to(actor)))


@versions.when_changed
def _keep_up(session: Session, clock: Any) -> None:
    """A case follows its clock: a new limit is its limit, and when the clock stops it is settled."""
    if clock.id is None or clock.kind not in followed():
        return
    with access.system(), session.no_autoflush:
        case = session.scalars(select(FollowUp).where(FollowUp.clock_id == clock.id)).one_or_none()
    still_open = clock.state in (clocks.RUNNING, clocks.PAUSED)
    if case is None or (case.state == "settled" and not still_open):
        return
    case.due_at = clock.due_at
    if not still_open:
        case.state, case.closed_at = "settled", now()
    elif case.state == "settled":  # what was done did not do, and the clock goes on
        case.state, case.closed_at = "watching", None


def differs(case: FollowUp | None, record: Any, turn: Turn) -> bool:
    """Whether `follow` would open a case, or change whose turn it is in this one."""
    if case is None:
        return isinstance(notices.paper_of(record), IncomingDocument)
    return (case.responsible_id, case.department_id) != _whose(turn)


def _whose(turn: Turn) -> tuple[int | None, int | None]:
    return turn.person.id if turn.person is not None else None, turn.unit.id if turn.unit is not None else None


def follow(session: Session, clock: Any, record: Any, turn: Turn) -> FollowUp | None:
    """The case of a running clock, opened if there is none; None for records that are about no incoming paper.

    Whose turn it is may have changed since; the case shows who it is now.
    """
    paper = notices.paper_of(record)
    if not isinstance(paper, IncomingDocument):
        return None
    case = session.scalars(select(FollowUp).where(FollowUp.clock_id == clock.id)).one_or_none()
    person_id, department_id = _whose(turn)
    if case is None:
        case = FollowUp(
            document=paper, kind=clock.kind, record_id=record.id, stage=clock.stage, clock_id=clock.id,
            responsible_id=person_id, department_id=department_id, due_at=clock.due_at,
        )  # fmt: skip
        records.store(session, case)
    elif differs(case, record, turn):
        case.responsible_id, case.department_id = person_id, department_id
    return case


__all__ = ["FollowUp", "FollowUpNote", "Turn", "follow", "turn_of"]
