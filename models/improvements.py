"""Improvement actions 改进措施: what the director or manager decides to do better, and whether it helped (P1 3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, fields, history
from app.engine.access import Actor
from app.engine.moments import now, today
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from models.corrections import Correction, in_charge_of, is_not_owner, owns
from models.daily_reviews import DailyReview
from models.dispatch import DESK
from models.fates import end_of
from models.people import Person
from models.tickets import ServiceTicket

#: 总监、经理: who decides on improvements.
DECIDERS = ("leader", "office_manager")


class Improvement(Workflow, Model):
    """One thing the house does better from now on."""

    __tablename__ = "improvement"
    kind_name = "improvements"
    label, label_plural = _l("Improvement action"), _l("Improvement actions")

    flow = Flow(
        State("decided", _l("Decided"), "waiting", clocks=("improvement",)),
        State("in_progress", _l("Being carried out"), "active", clocks=("improvement",)),
        State("carried_out", _l("Carried out, to be judged"), "waiting"),
        State("effective", _l("Judged effective"), "good", final=True),
        State("not_effective", _l("Judged not effective"), "bad", final=True),
        clocks=(Clock("improvement", _l("Improvement action"), limit="due_until"),),
    )

    title: Mapped[str] = fields.line(_l("What is to be done better"), 300, required=True, search=True)
    reason: Mapped[str] = fields.prose(_l("Reason"), required=True, search=True)
    owner_id: Mapped[int] = fields.reference(_l("To be done by whom"), "person.id", required=True)
    due_on: Mapped[date] = fields.day(_l("To be done until"), required=True)
    ticket_id: Mapped[int | None] = fields.reference(_l("Ticket"), "service_ticket.id")
    correction_id: Mapped[int | None] = fields.reference(_l("Correction of a nonconformity"), "correction.id")
    review_id: Mapped[int | None] = fields.reference(_l("Daily ledger review"), "daily_review.id")
    decider_id: Mapped[int | None] = fields.reference(_l("Decided by"), "person.id", derived=True)
    decided_at: Mapped[datetime | None] = fields.moment(_l("Decided at"), derived=True)
    carried_words: Mapped[str | None] = fields.prose(_l("What was done"), derived=True)
    carried_at: Mapped[datetime | None] = fields.moment(_l("Done at"), derived=True)
    judge_id: Mapped[int | None] = fields.reference(_l("Judged by"), "person.id", derived=True)
    judgement: Mapped[str | None] = fields.prose(_l("Judgement"), derived=True)

    owner: Mapped[Person] = relationship(foreign_keys=owner_id)
    ticket: Mapped[ServiceTicket | None] = relationship(foreign_keys=ticket_id)
    correction: Mapped[Correction | None] = relationship(foreign_keys=correction_id)
    review: Mapped[DailyReview | None] = relationship(foreign_keys=review_id)
    decider: Mapped[Person | None] = relationship(foreign_keys=decider_id)
    judge: Mapped[Person | None] = relationship(foreign_keys=judge_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*DESK) else in_charge_of(cls.owner_id, actor)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        decides = true() if actor.has(*DECIDERS) else false()
        return or_(
            and_(cls.state.in_(("decided", "in_progress")), cls.owner_id.in_(actor.person_ids)),
            and_(cls.state == "carried_out", cls.owner_id.not_in(actor.person_ids), decides),
        )

    @property
    def due_until(self) -> datetime | None:
        return end_of(self.due_on)

    def prepare(self, session: Session) -> None:
        own = access.current().own_person_id
        self.decided_at = self.decided_at or now()
        if self.decider is None and own is not None:
            self.decider = session.get(Person, own)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.state in ("effective", "not_effective") and not self.taken_over:
            yield "", _("The action is judged and stays as it is.")
        if not self.id and self.due_on and self.due_on < today() and not self.taken_over:
            yield "due_on", _("The day it is to be done until has passed already.")

    def __str__(self) -> str:
        return self.title

    @flow.step("decided", to="in_progress", label=_l("Begin the action"), who=owns, tone="primary")
    def begin_action(self) -> None:
        """Whoever carries it out has begun."""

    @flow.step("decided", "in_progress", to="carried_out", label=_l("Report it carried out"), who=owns, tone="primary")
    def carry_out(self, carried_words: Annotated[str, Ask(_l("What was done"))]) -> None:
        """What was done; whether it helps is judged by whoever decided on it."""
        self.carried_words, self.carried_at = carried_words, now()

    @flow.step("carried_out", to="effective", label=_l("Judge it effective"), who=is_not_owner, tone="primary")
    def judge_effective(self, judgement: Annotated[str, Ask(_l("Judgement"))]) -> None:
        """Things are better now, and how that shows."""
        self._judge(judgement)

    @flow.step("carried_out", to="not_effective", label=_l("Judge it not effective"), who=is_not_owner, tone="danger")
    def judge_ineffective(self, judgement: Annotated[str, Ask(_l("Judgement"))]) -> None:
        """It has not helped; another action is decided on."""
        self._judge(judgement)

    def _judge(self, judgement: str) -> None:
        self.judge_id, self.judgement = history.doer().own_person_id, judgement
