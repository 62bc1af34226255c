"""Calls owed 应回电话: whom the desk rings and by when, every try, and what came of it.

Callbacks after an answer, promised calls, messages for an absent colleague and promised news stand in one list, after
P1 4.2, P2 3.1.2 to 3.1.4, R 7 and tickets-orders.md 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, select, true
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, changes, fields, history, rules
from app.engine import record as records
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import at_office, local, now, today
from app.engine.record import Record
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, QuickView, State, Workflow, never_by_hand
from models.calling import (
    AT_ONCE,
    BY_ANOTHER,
    CALLED_BACK,
    CALLERS,
    CALLS,
    CAUSES,
    DAYS_OF_TRIES,
    DISSATISFIED,
    GRADES,
    MISSED,
    OPEN,
    OUTCOMES,
    TRIES,
    may_call,
    may_hand_to,
    may_keep,
    may_rate,
)
from models.dispatch import DESK
from models.people import Person

if TYPE_CHECKING:
    from models.tickets import ServiceTicket


def _due_today(model: type[CallOwed], actor: Actor) -> ColumnElement[bool]:
    return and_(model.pending(), model.due_at < at_office(today() + timedelta(days=1)))


def _overdue(model: type[CallOwed], actor: Actor) -> ColumnElement[bool]:
    return model.late(now())


def _promised_by_me(model: type[CallOwed], actor: Actor) -> ColumnElement[bool]:
    return and_(model.pending(), model.assignee_id.in_(actor.person_ids))


class CallOwed(Workflow, Model):
    """One call somebody waits for."""

    __tablename__ = "call_owed"
    kind_name = "calls_owed"
    label, label_plural = _l("Call owed"), _l("Calls owed")
    named_by = ("ticket",)
    content_fields = ("contact_name", "phone", "words", "remark")
    sealed_fields = ("contact_name", "phone")

    flow = Flow(
        State("owed", _l("To be called"), "waiting", clocks=("call",)),
        State("passed_on", _l("Colleague told"), "active", clocks=("call",)),
        State("reached", _l("Caller reached"), "good", final=True),
        State("unreachable", _l("Not reached"), "neutral", final=True),
        State("not_needed", _l("No call needed"), "neutral", final=True, uncounted=True),
        State("dropped", _l("No longer owed"), "neutral", final=True, uncounted=True),
        clocks=(Clock("call", _l("Call"), limit="call_by"),),
    )
    quick_views = (
        QuickView("due_today", _l("Due today"), _due_today),
        QuickView("overdue", _l("Calls overdue"), _overdue),
        QuickView("promised_by_me", _l("Promised by me"), _promised_by_me),
    )

    kind: Mapped[str] = fields.choice(_l("Kind of call"), CALLS, "kind_known", required=True, default="promise")
    ticket_id: Mapped[int | None] = fields.reference(_l("Ticket"), "service_ticket.id")
    episode: Mapped[int] = fields.integer(_l("Round"), derived=True, default=1)
    called_for_id: Mapped[int | None] = fields.reference(
        _l("For whom"), "person.id", help=_l("The colleague the caller wanted to speak to")
    )
    assignee_id: Mapped[int | None] = fields.reference(
        _l("Who calls"), "person.id", help=_l("Empty: anybody at the desk")
    )
    contact_name: Mapped[str | None] = fields.line(_l("Caller"), 200)
    phone: Mapped[str | None] = fields.number(_l("Telephone"), 60, masked=True)
    words: Mapped[str | None] = fields.prose(_l("What it is about"), 2000)
    call_by: Mapped[datetime | None] = fields.moment(
        _l("To be called by"), help=_l("Empty: the limit for calls of this kind")
    )
    tries: Mapped[int] = fields.integer(_l("Tries"), derived=True, default=0)
    called_at: Mapped[datetime | None] = fields.moment(_l("Called at"), derived=True)
    person_id: Mapped[int | None] = fields.reference(_l("Called by"), "person.id", derived=True)
    grade: Mapped[str | None] = fields.choice(_l("Satisfaction"), GRADES, "grade_known", derived=True)
    cause: Mapped[str | None] = fields.choice(_l("Cause of dissatisfaction"), CAUSES, "cause_known", derived=True)
    remark: Mapped[str | None] = fields.prose(_l("What was said"), 2000, derived=True)

    ticket: Mapped[ServiceTicket | None] = relationship(foreign_keys=ticket_id, back_populates="calls")
    called_for: Mapped[Person | None] = relationship(foreign_keys=called_for_id)
    assignee: Mapped[Person | None] = relationship(foreign_keys=assignee_id)
    person: Mapped[Person | None] = relationship(foreign_keys=person_id)
    attempts: Mapped[list[CallAttempt]] = relationship(back_populates="call", order_by="CallAttempt.id")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The desk; a message also whom it is for. The report officer sees that a report has calls."""
        if actor.has(*DESK):
            return true()
        mine: list[ColumnElement[bool]] = [
            cls.called_for_id.in_(actor.person_ids), cls.assignee_id.in_(actor.person_ids)
        ]  # fmt: skip
        if actor.has("report_officer"):
            mine.append(~cls.unsealed())
        return or_(false(), *mine)

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        """What is said about a ticket is for those who know what it says."""
        ticket = _tickets()
        known = select(ticket.__table__.c.id).where(ticket.content_to(actor))
        return or_(cls.ticket_id.is_(None), access.among(cls.ticket_id, known))

    def sealed(self) -> bool:
        """Who calls about a sealed ticket stands in the officer's store alone."""
        return self.ticket is not None and self.ticket.sealed()

    @classmethod
    def unsealed(cls) -> ColumnElement[bool]:
        ticket = _tickets()
        return or_(
            cls.ticket_id.is_(None), access.among(cls.ticket_id, select(ticket.__table__.c.id).where(ticket.unsealed()))
        )

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine: list[ColumnElement[bool]] = [
            and_(cls.state.in_(OPEN), cls.kind == "message", cls.called_for_id.in_(actor.person_ids)),
            and_(cls.state == "owed", cls.assignee_id.in_(actor.person_ids)),
        ]
        if actor.has(*CALLERS):
            own = _tickets_of(actor)
            others = or_(cls.kind != "callback", not_(access.among(cls.ticket_id, own))) if own is not None else true()
            mine.append(and_(cls.state == "owed", cls.assignee_id.is_(None), others))
        return or_(*mine)

    cases = CALLS

    def case(self) -> str:
        return self.kind

    def profile(self) -> str | None:
        return self.ticket.scheme if self.ticket is not None else None

    def prepare(self, session: Session) -> None:
        with session.no_autoflush:  # its ticket lists it before it is complete
            self._fill_in(session)

    def _fill_in(self, session: Session) -> None:
        ticket = self.ticket
        if ticket is not None:
            self.episode = ticket.episode
            own = self.contact_name in (None, "", ticket.contact_name)  # the number is that of the ticket's caller
            if own and not self.phone and not ticket.sealed():
                self.contact_name, self.phone = ticket.contact_name, ticket.phone
        if self.kind in ("promise", "news") and self.assignee is None:
            self.assignee = _caller(session)
        if self.kind == "promise" and self.call_by is None:
            self.call_by = now() + timedelta(minutes=float(rules.number(session, AT_ONCE, self.profile())))

    def check(self) -> Iterator[tuple[str, str]]:
        for name in changes.altered(self, "kind", "ticket", "call_by"):
            yield name, _("A call owed keeps its ticket, its kind and its time; enter another one.")
        if self.state not in (None, *OPEN):
            for name in changes.altered(self, "contact_name", "phone", "words", "called_for", "assignee"):
                yield name, _("The call is in the state “%(state)s”.", state=self.state_label)
        if self.taken_over:
            return
        if self.id is None and self.call_by is not None and self.call_by <= now():
            yield "call_by", _("The moment to call by lies in the past.")
        if self.id is None and self.kind == "callback":
            yield "kind", _("A callback follows from the answer; ask for it on the ticket.")
        if self.kind == "message" and self.called_for is None:
            yield "called_for", _("Choose the colleague the message is for.")
        if self.kind == "message" and not (self.words or "").strip():
            yield "words", _("Write down the caller's message.")
        if self.sealed():
            if self.phone or self.contact_name:
                yield "phone", _("Name and number of this caller stay under seal.")
        elif self.ticket is None and not self.phone:
            yield "phone", _("Ask the caller for a number to call back.")

    def __str__(self) -> str:
        about = self.ticket.ticket_no if self.ticket is not None else self.id or ""
        return f"{CALLS.get(self.kind, self.kind)} {about}".strip()

    def _try(self, session: Session, outcome: str, remark: str | None = None) -> list[CallAttempt]:
        """Put one try on file; all of them."""
        attempt = CallAttempt(call_id=self.id, at=now(), person=_caller(session), outcome=outcome, remark=remark)
        records.store(session, attempt)
        session.expire(self, ["attempts"])
        return list(self.attempts)

    def _given_up(self, session: Session, tried: list[CallAttempt]) -> bool:
        """Whether it was tried often enough, on enough days."""
        days = {local(attempt.at).date() for attempt in tried}
        most, spread = (
            rules.number(session, TRIES, self.profile()),
            rules.number(session, DAYS_OF_TRIES, self.profile()),
        )
        return len(tried) >= most and len(days) >= spread

    def _done(self, session: Session, remark: str | None) -> None:
        self.person = _caller(session)  # looked up before anything is set, for one entry in the history
        self.called_at, self.remark = now(), remark

    def _tell_ticket(self, session: Session, grade: str | None = None, cause: str | None = None) -> None:
        """A callback that is over leaves its ticket answered, closed, or reopened."""
        if self.kind == "callback" and self.ticket is not None:
            self.ticket.take("take_callback", session, grade=grade, cause=cause)

    @flow.step(*OPEN, to=("owed", "passed_on", "unreachable"), label=_l("Not reached this time"), who=may_call)
    def note_try(
        self,
        outcome: Annotated[str, Ask(_l("How the try ended"), choices=MISSED)],
        remark: Annotated[str | None, Ask(_l("Remark"))] = None,
    ) -> str:
        """One try in vain. The call is given up after enough of them on enough days, or where no talk is wished."""
        session = session_of(self)
        tried = self._try(session, outcome, remark)
        over = outcome == "refused" or self._given_up(session, tried)
        if over:
            self._tell_ticket(session)
        self.tries = len(tried)
        return "unreachable" if over else self.state

    @flow.step("owed", to="reached", label=_l("Enter the rating"), who=may_rate, tone="primary")
    def rate(
        self,
        grade: Annotated[str, Ask(_l("Satisfaction"), choices=GRADES)],
        cause: Annotated[
            str | None, Ask(_l("Cause of dissatisfaction"), choices=CAUSES, help=_l("Asked of the dissatisfied alone"))
        ] = None,
        remark: Annotated[str | None, Ask(_l("What was said"))] = None,
    ) -> None:
        """The caller was reached and says how satisfied they are; who is dissatisfied with us is handled again."""
        if grade in DISSATISFIED and not cause:
            raise StepRefused(_("Ask why the caller is dissatisfied, and choose the cause."))
        if grade not in DISSATISFIED and cause:
            raise StepRefused(_("Only a dissatisfied caller has a cause of dissatisfaction."))
        if cause == "policy" and not (remark or "").strip():
            raise StepRefused(_("Write down how it was explained to the caller that the rules do not allow it."))
        session = session_of(self)
        tried = self._try(session, "reached")
        self._tell_ticket(session, grade, cause)
        self._done(session, remark)
        self.tries, self.grade, self.cause = len(tried), grade, cause

    @flow.step(*OPEN, to="reached", label=_l("Caller was called"), who=may_keep, tone="primary")
    def keep(self, remark: Annotated[str | None, Ask(_l("What was said"))] = None) -> None:
        """The call was made as promised; the limit of the promise ends."""
        session = session_of(self)
        tried = self._try(session, "reached")
        if self.kind == "promise" and self.ticket is not None and self.ticket.state in ("appointment", "waiting"):
            self.ticket.take("keep_promise", session)
        self._done(session, remark)
        self.tries = len(tried)

    @flow.step("owed", to="passed_on", label=_l("Tell the colleague"), who=may_hand_to)
    def pass_on(self) -> None:
        """The colleague has the message; the call back is still owed."""

    @flow.step(*OPEN, to="not_needed", label=_l("No call needed"))
    def do_without(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Nobody can or need be called: no contact, mere praise, settled otherwise."""
        self._tell_ticket(session_of(self))

    @flow.step(*OPEN, to="reached", label=_l("Settled by the answer"), who=never_by_hand)
    def settle(self) -> None:
        """The answer that was promised has been given."""
        self._done(session_of(self), None)

    @flow.step(*OPEN, to="dropped", label=_l("Owe it no longer"), who=never_by_hand)
    def drop(self) -> None:
        """The ticket goes another way: it was reopened or is void."""


class CallAttempt(Record, Model):
    """One try to reach somebody. Lines are added by steps."""

    __tablename__ = "call_attempt"
    kind_name = "call_attempts"
    label, label_plural = _l("Try to call"), _l("Tries to call")
    content_fields = ("remark",)
    content_with = "call"

    call_id: Mapped[int] = fields.reference(_l("Call owed"), "call_owed.id", required=True, derived=True)
    at: Mapped[datetime] = fields.moment(_l("When"), required=True, derived=True)
    person_id: Mapped[int | None] = fields.reference(_l("Called by"), "person.id", derived=True)
    outcome: Mapped[str] = fields.choice(
        _l("How the try ended"), OUTCOMES, "outcome_known", required=True, derived=True
    )
    remark: Mapped[str | None] = fields.prose(_l("Remark"), 2000, derived=True)

    call: Mapped[CallOwed] = relationship(foreign_keys=call_id, back_populates="attempts")
    person: Mapped[Person | None] = relationship(foreign_keys=person_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return access.open_to(CallOwed, cls.call_id, actor)

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        return access.open_to(CallOwed, cls.call_id, actor, content=True)


def _caller(session: Session) -> Person | None:
    """The person who makes the call."""
    own = history.doer().own_person_id
    return session.get(Person, own) if own is not None else None


def _tickets() -> type[ServiceTicket]:
    from models.tickets import ServiceTicket  # tickets owe calls, so they import this module

    return ServiceTicket


def _tickets_of(actor: Actor) -> Select[Any] | None:
    """The tickets this actor answers for and may therefore not rate; None: the question does not arise."""
    if not actor.person_ids:
        return None
    ticket = _tickets().__table__.c
    return select(ticket.id).where(ticket.taker_id.in_(actor.person_ids), rules.holds(BY_ANOTHER, ticket.scheme))


def owe(session: Session, ticket: ServiceTicket, kind: str, **values: object) -> CallOwed:
    """Put a call about a ticket on the list."""
    with session.no_autoflush:  # the ticket lists it before it is complete
        call = CallOwed(ticket_id=ticket.id, kind=kind, **values)
        call.ticket = ticket
        call.prepare(session)
        records.store(session, call)
    return call


def callable_back(ticket: ServiceTicket) -> bool:
    """Whether there is anybody to ask: not behind an anonymous ticket, and not about mere praise."""
    return not ticket.anonymous and (ticket.kind, ticket.sub_kind) != ("feedback", "praise")


def callback_due(session: Session, ticket: ServiceTicket) -> bool:
    """Whether the answer of this round is followed by a callback that nobody has made yet."""
    if not callable_back(ticket) or ticket.kind not in rules.listed(session, CALLED_BACK, ticket.profile()):
        return False
    made = select(CallOwed.id).where(
        CallOwed.ticket_id == ticket.id, CallOwed.kind == "callback", CallOwed.episode == ticket.episode,
        CallOwed.state != "dropped",
    )  # fmt: skip
    return session.scalars(made.limit(1)).first() is None


def open_calls(session: Session, ticket: ServiceTicket, *kinds: str) -> list[CallOwed]:
    """The calls still owed about a ticket, of these kinds (none: all)."""
    query = select(CallOwed).where(CallOwed.ticket_id == ticket.id, CallOwed.state.in_(OPEN)).order_by(CallOwed.id)
    return list(session.scalars(query.where(CallOwed.kind.in_(kinds)) if kinds else query))
