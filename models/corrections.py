"""Corrections 不合格整改: what a daily review found wrong, who puts it right until when, and that it was (P1 3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import fields, history
from app.engine import record as records
from app.engine.access import Actor
from app.engine.moments import now, today
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from models.daily_reviews import ReviewLine
from models.dispatch import DESK
from models.fates import end_of
from models.people import Person
from models.tickets import ServiceTicket

if TYPE_CHECKING:
    from models.improvements import Improvement


def owns(deed: Correction | Improvement, actor: Actor) -> bool:
    """Whoever is to put something right or carry it out, or stands in."""
    return deed.owner_id in actor.person_ids


def is_not_owner(deed: Correction | Improvement, actor: Actor) -> bool:
    """Whether it was done, and helped, is said by somebody else than its owner."""
    return deed.owner_id not in actor.person_ids


def in_charge_of(owner_id: Any, actor: Actor) -> ColumnElement[bool]:
    """Whether somebody is the owner of a deed, or heads the unit the owner belongs to, as an SQL condition."""
    person = Person.__table__.c
    return or_(
        owner_id.in_(actor.person_ids), owner_id.in_(select(person.id).where(person.department_id.in_(actor.led_ids)))
    )


class Correction(Workflow, Model):
    """One nonconformity and what is done about it."""

    __tablename__ = "correction"
    kind_name = "corrections"
    label, label_plural = _l("Correction of a nonconformity"), _l("Corrections of nonconformities")

    flow = Flow(
        State("open", _l("To be put right"), "waiting", clocks=("correction",)),
        State("done", _l("Put right"), "active"),
        State("verified", _l("Found put right"), "good", final=True),
        clocks=(Clock("correction", _l("Correction of a nonconformity"), limit="due_until"),),
    )

    line_id: Mapped[int] = fields.reference(_l("Ledger line"), "daily_review_line.id", required=True)
    ticket_id: Mapped[int] = fields.reference(_l("Ticket"), "service_ticket.id", required=True, derived=True)
    finding: Mapped[str] = fields.prose(_l("What is wrong"), 2000, required=True)
    remedy: Mapped[str] = fields.prose(_l("How it is put right"), 2000, required=True)
    owner_id: Mapped[int] = fields.reference(_l("To be done by whom"), "person.id", required=True)
    due_on: Mapped[date] = fields.day(_l("To be done until"), required=True)
    found_by_id: Mapped[int | None] = fields.reference(_l("Found by"), "person.id", derived=True)
    done_words: Mapped[str | None] = fields.prose(_l("What was done"), derived=True)
    done_at: Mapped[datetime | None] = fields.moment(_l("Done at"), derived=True)
    verified_by_id: Mapped[int | None] = fields.reference(_l("Verified by"), "person.id", derived=True)
    verified_at: Mapped[datetime | None] = fields.moment(_l("Verified"), derived=True)

    line: Mapped[ReviewLine] = relationship(foreign_keys=line_id, back_populates="corrections")
    ticket: Mapped[ServiceTicket] = relationship(foreign_keys=ticket_id)
    owner: Mapped[Person] = relationship(foreign_keys=owner_id)
    found_by: Mapped[Person | None] = relationship(foreign_keys=found_by_id)
    verified_by: Mapped[Person | None] = relationship(foreign_keys=verified_by_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*DESK) else in_charge_of(cls.owner_id, actor)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        decides = true() if actor.has("service_manager") else false()
        return or_(
            and_(cls.state == "open", cls.owner_id.in_(actor.person_ids)),
            and_(cls.state == "done", cls.owner_id.not_in(actor.person_ids), decides),
        )

    @property
    def due_until(self) -> datetime | None:
        return end_of(self.due_on)

    def prepare(self, session: Session) -> None:
        self.ticket = self.line.ticket if self.line is not None else self.ticket
        own = history.doer().own_person_id
        self.found_by = self.found_by or (session.get(Person, own) if own is not None else None)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.state == "verified" and self.id:
            yield "", _("It was put right and stays as it is.")
        if self.id or self.taken_over:
            return
        if self.line is not None:
            yield from self.line.check()
        if self.due_on is not None and self.due_on < today():
            yield "due_on", _("The day it is to be done until has passed already.")

    def __str__(self) -> str:
        return str(_("Correction %(id)s, due %(day)s", id=self.id or "", day=self.due_on or ""))

    @flow.step("open", to="done", label=_l("Report it put right"), who=owns, tone="primary")
    def finish(self, done_words: Annotated[str, Ask(_l("What was done"))]) -> None:
        """What was done about it; somebody else looks whether it will do."""
        self.done_words, self.done_at = done_words, now()

    @flow.step("done", to="verified", label=_l("Confirm that it is put right"), who=is_not_owner, tone="primary")
    def verify(self) -> None:
        """The manager has seen that it is in order now."""
        self.verified_by_id, self.verified_at = history.doer().own_person_id, now()

    @flow.step("done", to="open", label=_l("Not put right"), who=is_not_owner, tone="danger")
    def send_back(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """It will not do yet; the day it is due on stays."""


@ReviewLine.flow.step("listed", "nonconforming", to="nonconforming", label=_l("Nonconforming"), tone="danger")
def find_fault(
    line: ReviewLine,
    finding: Annotated[str, Ask(_l("What is wrong"), length=2000)],
    remedy: Annotated[str, Ask(_l("How it is put right"), length=2000)],
    owner: Annotated[Person, Ask(_l("To be done by whom"))],
    due_on: Annotated[date, Ask(_l("To be done until"))],
) -> None:
    """Something was not done as it should be: somebody puts it right by a day, and the manager sees to it."""
    session = object_session(line)
    assert session is not None
    with session.no_autoflush:
        deed = Correction(line=line, finding=finding, remedy=remedy, owner=owner, due_on=due_on)
        deed.prepare(session)
        for _name, sentence in deed.check():
            raise StepRefused(sentence)
        records.store(session, deed)
    session.expire(line, ["corrections"])
