"""Rosters 值班表 and the hand-over of a shift 交接班: who sits at which desk when, and what the next shift finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, fields, history
from app.engine.access import Actor
from app.engine.bin import Binned
from app.engine.changes import altered
from app.engine.moments import local, now
from app.engine.record import Record, kinds
from app.engine.workflow import Ask, Flow, State, Workflow
from models.clearances import may_take_calls
from models.dispatch import DESK
from models.people import Person
from models.ticket_words import SCHEMES
from models.tickets import ServiceTicket

DUTIES = {"agent": _l("Agent"), "shift_leader": _l("Leads the shift")}
#: What else awaits the next shift, by the kind of record that keeps it; a desk without such records counts none.
BESIDE = {"calls_owed": "calls_owed", "visitors_waiting": "visitors"}


def for_desk(cls: Any, actor: Actor) -> ColumnElement[bool]:
    """Everybody of the desk, and whoever looks after it."""
    return true() if actor.has(*DESK) else cls.person_id.in_(actor.person_ids)


class DutyShift(Binned, Model):
    """One person at one desk from one moment to another."""

    __tablename__ = "duty_shift"
    kind_name = "duty_shifts"
    label, label_plural = _l("Shift"), _l("Duty roster")
    named_by = ("person",)
    visible_to = classmethod(for_desk)

    person_id: Mapped[int] = fields.reference(_l("Person"), "person.id", required=True)
    desk: Mapped[str] = fields.choice(_l("Desk"), SCHEMES, "desk_known", required=True, default="hotline")
    duty: Mapped[str] = fields.choice(_l("Duty"), DUTIES, "duty_known", required=True, default="agent")
    begins_at: Mapped[datetime] = fields.moment(_l("Shift begins"), required=True, index=True)
    ends_at: Mapped[datetime] = fields.moment(_l("Shift ends"), required=True)
    note: Mapped[str | None] = fields.line(_l("Note"), 200)

    person: Mapped[Person] = relationship(foreign_keys=person_id)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.begins_at and self.ends_at and self.ends_at <= self.begins_at:
            yield "ends_at", _("The shift ends before it begins.")

    def warnings(self, session: Session) -> Iterator[tuple[str, str]]:
        if self.id and not altered(self, "person", "begins_at", "ends_at"):
            return
        others = select(DutyShift.id).where(
            DutyShift.person_id == self.person.id, DutyShift.begins_at < self.ends_at,
            DutyShift.ends_at > self.begins_at, DutyShift.id != (self.id or 0),
        )  # fmt: skip
        if session.scalars(others.limit(1)).first() is not None:
            yield "person", _("%(person)s is on duty at that time already.", person=self.person.name)
        if not may_take_calls(session, self.person, local(self.begins_at).date()):
            yield "person", _("%(person)s is not cleared to take calls on that day.", person=self.person.name)

    def __str__(self) -> str:
        return f"{self.person or ''} {local(self.begins_at):%m-%d %H:%M}" if self.begins_at else str(self.person or "")


def not_the_leaving(note: ShiftHandOver, actor: Actor) -> bool:
    """A shift is taken over by somebody else than who leaves it."""
    return note.person_id not in actor.person_ids


class ShiftHandOver(Workflow, Model):
    """What the leaving shift leader leaves to the next one; what it says is not changed afterwards."""

    __tablename__ = "shift_hand_over"
    kind_name = "shift_hand_overs"
    label, label_plural = _l("Shift hand-over"), _l("Shift hand-overs")
    visible_to = classmethod(for_desk)

    flow = Flow(
        State("written", _l("To be taken over"), "waiting"),
        State("taken_over", _l("Taken over"), "good", final=True),
    )

    desk: Mapped[str] = fields.choice(_l("Desk"), SCHEMES, "desk_known", required=True, default="hotline")
    words: Mapped[str] = fields.prose(_l("For the next shift"), required=True, search=True)
    person_id: Mapped[int | None] = fields.reference(_l("Handed over by"), "person.id", derived=True)
    handed_over_at: Mapped[datetime | None] = fields.moment(_l("Handed over at"), derived=True)
    open_tickets: Mapped[int] = fields.integer(_l("Open tickets"), derived=True, default=0)
    overdue_tickets: Mapped[int] = fields.integer(_l("Overdue tickets"), derived=True, default=0)
    calls_owed: Mapped[int] = fields.integer(_l("Calls owed"), derived=True, default=0)
    visitors_waiting: Mapped[int] = fields.integer(_l("Visitors waiting"), derived=True, default=0)
    taker_id: Mapped[int | None] = fields.reference(_l("Taken over by"), "person.id", derived=True)
    taken_over_at: Mapped[datetime | None] = fields.moment(_l("Taken over at"), derived=True)
    remark: Mapped[str | None] = fields.prose(_l("Remark"), derived=True)

    person: Mapped[Person | None] = relationship(foreign_keys=person_id)
    taker: Mapped[Person | None] = relationship(foreign_keys=taker_id)
    items: Mapped[list[HandOverItem]] = relationship(
        back_populates="hand_over", order_by="(HandOverItem.overdue.desc(), HandOverItem.id)"
    )

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        leads = true() if actor.has("shift_leader") else cls.id.is_(None)
        return and_(cls.state == "written", cls.person_id.not_in(actor.person_ids), leads)

    def prepare(self, session: Session) -> None:
        """List what is open at the desk, by itself: nobody leaves anything out."""
        if self.taken_over:
            return
        own = access.current().own_person_id
        if self.person is None and own is not None:
            self.person = session.get(Person, own)
        self.handed_over_at = moment = now()
        query = select(ServiceTicket).where(ServiceTicket.scheme == self.desk, ServiceTicket.pending())
        with access.system():
            for ticket in session.scalars(query.order_by(ServiceTicket.due_at.is_(None), ServiceTicket.due_at)):
                late = ticket.is_late(moment)
                item = HandOverItem(ticket=ticket, ticket_state=ticket.state, ticket_due_at=ticket.due_at, overdue=late)
                self.items.append(item)
            for name, kind in BESIDE.items():
                setattr(self, name, _pending(session, kind))
        self.open_tickets, self.overdue_tickets = len(self.items), sum(item.overdue for item in self.items)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id:
            yield "", _("A hand-over is not changed afterwards; write another one.")

    def marks(self) -> list[str]:
        """What is open by state, overdue ones apart."""
        counts = Counter(item.ticket_state for item in self.items)
        late = Counter(item.ticket_state for item in self.items if item.overdue)
        labels = ServiceTicket.flow.state_labels
        return [
            _("%(state)s: %(count)s, %(late)s of them overdue", state=labels[s], count=counts[s], late=late[s])
            for s in labels
            if s in counts
        ]

    def __str__(self) -> str:
        when = f"{local(self.handed_over_at):%Y-%m-%d %H:%M}" if self.handed_over_at else ""
        return f"{SCHEMES.get(self.desk, '')} {when}".strip()

    @flow.step("written", to="taken_over", label=_l("Take over the shift"), who=not_the_leaving, tone="primary")
    def take_shift(self, remark: Annotated[str | None, Ask(_l("Remark"))] = None) -> None:
        """The incoming shift leader has read what is open and answers for it from now on."""
        self.taker_id, self.taken_over_at, self.remark = history.doer().own_person_id, now(), remark


class HandOverItem(Record, Model):
    """One ticket that was open when a shift ended, as it stood then."""

    __tablename__ = "hand_over_item"
    kind_name = "hand_over_items"
    label, label_plural = _l("Open ticket"), _l("Open tickets")
    named_by = ("ticket",)

    hand_over_id: Mapped[int] = fields.reference(_l("Shift hand-over"), "shift_hand_over.id", required=True)
    ticket_id: Mapped[int] = fields.reference(_l("Ticket"), "service_ticket.id", required=True)
    ticket_state: Mapped[str] = fields.word(_l("State then"), ServiceTicket.flow.state_labels, required=True)
    ticket_due_at: Mapped[datetime | None] = fields.moment(_l("Due then"))
    overdue: Mapped[bool] = fields.flag(_l("Overdue"))

    hand_over: Mapped[ShiftHandOver] = relationship(foreign_keys=hand_over_id, back_populates="items")
    ticket: Mapped[ServiceTicket] = relationship(foreign_keys=ticket_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return and_(
            access.open_to(ServiceTicket, cls.ticket_id, actor),
            access.open_to(ShiftHandOver, cls.hand_over_id, actor),
        )

    def __str__(self) -> str:
        return self.ticket.ticket_no if self.ticket else str(self.label)


def _pending(session: Session, kind: str) -> int:
    """How many records of a kind are still open, if the house keeps such records."""
    model: Any = kinds().get(kind)
    return 0 if model is None else session.scalar(select(func.count(model.id)).where(model.pending())) or 0
