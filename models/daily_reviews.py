"""Daily review 每日台账审核: the ledger of one desk and day, looked through and signed by the manager (P1 3.2).

P1 3.2 has the manager read 《前台客服台账》 every day, the ledger of a front desk. So a sheet belongs to a desk (the
ticket's `scheme`) and not to the department of whoever took the call: every ticket has a desk from its first moment and
keeps it when its taker moves on, and one that nobody took (a letter, the website) stands on a sheet, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, UniqueConstraint, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, fields, history
from app.engine import record as records
from app.engine.access import Actor
from app.engine.changes import altered
from app.engine.clocks import MISSED, RUNNING, ClockRow
from app.engine.database import one_at_a_time, session_of
from app.engine.moments import at_office, local, now, today
from app.engine.office_calendar import working_calendar
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, QuickView, State, Workflow
from models.calling import DISSATISFIED
from models.calls import CallOwed
from models.dispatch import DESK
from models.people import Person
from models.ticket_words import SCHEMES
from models.tickets import ServiceTicket

if TYPE_CHECKING:
    from models.corrections import Correction

#: What makes a ticket odd, so that it stands on top of its sheet.
ODDITIES = ("overdue", "voided", "unexplained", "reopened", "dissatisfied", "unanswered")


def _unsigned(cls: Any, actor: Actor) -> ColumnElement[bool]:
    return cls.state == "unsigned"


class DailyReview(Workflow, Model):
    """The sheet of one desk and day."""

    __tablename__ = "daily_review"
    __table_args__: Any = (UniqueConstraint("desk", "day"), {})
    kind_name = "daily_reviews"
    label, label_plural = _l("Daily ledger review"), _l("Daily ledger reviews")

    flow = Flow(
        State("unsigned", _l("Ledger not signed"), "bad", clocks=("signing",)),
        State("signed", _l("Ledger signed"), "good", final=True),
        clocks=(Clock("signing", _l("Signing of the ledger"), since="begins_at"),),
    )
    quick_views = (QuickView("unsigned", _l("Ledger not signed"), _unsigned),)

    desk: Mapped[str] = fields.choice(_l("Desk"), SCHEMES, "desk_known", required=True, default="hotline")
    day: Mapped[date] = fields.day(_l("Day"), required=True, index=True)
    tickets: Mapped[int] = fields.integer(_l("Tickets of the day"), derived=True, default=0)
    odd_tickets: Mapped[int] = fields.integer(_l("Odd tickets"), derived=True, default=0)
    looked_at: Mapped[datetime | None] = fields.moment(_l("Looked through at"), derived=True)
    signer_id: Mapped[int | None] = fields.reference(_l("Ledger signed by"), "person.id", derived=True)
    signed_at: Mapped[datetime | None] = fields.moment(_l("Ledger signed at"), derived=True)
    remark: Mapped[str | None] = fields.prose(_l("Remark"), 2000)

    signer: Mapped[Person | None] = relationship(foreign_keys=signer_id)
    review_lines: Mapped[list[ReviewLine]] = relationship(
        back_populates="review", order_by="(ReviewLine.oddities.desc(), ReviewLine.ticket_id)"
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*DESK) else false()

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = true() if actor.has("service_manager") else false()
        return and_(mine, cls.state == "unsigned", cls.day < today())

    @property
    def begins_at(self) -> datetime:
        """The first minute of the day; the day itself does not count when the time to sign is counted."""
        return at_office(self.day)

    def profile(self) -> str:
        return self.desk

    def prepare(self, session: Session) -> None:
        if self.desk and self.day and not self.taken_over:
            gather(session, self)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id and self.state == "signed":
            yield "", _("The ledger of that day is signed and stays as it is.")
        for name in altered(self, "desk", "day"):
            yield name, _("A sheet stays that of its desk and day.")
        if self.day and self.day > today():
            yield "day", _("That day has not come yet.")

    def marks(self) -> list[str]:
        if self.state == "signed" or self.day >= today():
            return []
        return [_("Nobody has signed the ledger of this day yet.")]

    def __str__(self) -> str:
        return f"{SCHEMES.get(self.desk, '')} {self.day or ''}".strip()

    @flow.step("unsigned", to=None, label=_l("Look through the day again"))
    def look_again(self) -> None:
        """List what has come in since, and what has become of the tickets."""
        gather(session_of(self), self)
        self.looked_at = now()

    @flow.step("unsigned", to="signed", label=_l("Sign the ledger"), tone="primary")
    def sign(self, remark: Annotated[str | None, Ask(_l("Remark"))] = None) -> None:
        """The manager has looked through the day's ledger; from now on the sheet stays as it is."""
        if self.day >= today():
            raise StepRefused(_("The day is not over yet; sign its ledger tomorrow."))
        if gather(session_of(self), self):
            raise StepRefused(_("The day's tickets have changed; look through the day again, then sign."))
        self.signer_id, self.signed_at = history.doer().own_person_id, now()
        self.remark = remark or self.remark


class ReviewLine(Workflow, Model):
    """One ticket on a sheet: what is odd about it, what the manager says, what has to be put right."""

    __tablename__ = "daily_review_line"
    __table_args__: Any = (UniqueConstraint("review_id", "ticket_id"), {})
    kind_name = "review_lines"
    label, label_plural = _l("Ledger line"), _l("Ledger lines")
    named_by = ("review", "ticket")

    flow = Flow(
        State("listed", _l("Nothing objected to"), "neutral", settled=True),
        State("nonconforming", _l("Nonconforming"), "bad", settled=True),
    )

    review_id: Mapped[int] = fields.reference(_l("Daily ledger review"), "daily_review.id", required=True)
    ticket_id: Mapped[int] = fields.reference(_l("Ticket"), "service_ticket.id", required=True)
    overdue: Mapped[bool] = fields.flag(_l("Overdue"), derived=True)
    voided: Mapped[bool] = fields.flag(_l("Void"), derived=True)
    unexplained: Mapped[bool] = fields.flag(_l("Anonymous, not explained"), derived=True)
    reopened: Mapped[bool] = fields.flag(_l("Reopened"), derived=True)
    dissatisfied: Mapped[bool] = fields.flag(_l("Dissatisfied"), derived=True)
    unanswered: Mapped[bool] = fields.flag(_l("No answer"), derived=True)
    oddities: Mapped[int] = fields.integer(_l("Oddities"), derived=True, default=0)
    remark: Mapped[str | None] = fields.prose(_l("Remark"), 2000, derived=True)

    review: Mapped[DailyReview] = relationship(foreign_keys=review_id, back_populates="review_lines")
    ticket: Mapped[ServiceTicket] = relationship(foreign_keys=ticket_id)
    corrections: Mapped[list[Correction]] = relationship(back_populates="line", order_by="Correction.id")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return and_(
            access.open_to(ServiceTicket, cls.ticket_id, actor),
            access.open_to(DailyReview, cls.review_id, actor),
        )

    def __str__(self) -> str:
        return f"{self.review or ''} {self.ticket.ticket_no if self.ticket else ''}".strip()

    def check(self) -> Iterator[tuple[str, str]]:
        if self.review is not None and self.review.state == "signed":
            yield "", _("The ledger of that day is signed and stays as it is.")

    def refuse_signed(self) -> None:
        """Raises `StepRefused` where the sheet is signed already."""
        for _name, sentence in self.check():
            raise StepRefused(sentence)

    @flow.step("listed", "nonconforming", to=None, label=_l("Remark on the line"))
    def remark_on(self, remark: Annotated[str, Ask(_l("Remark"), length=2000)]) -> None:
        """What the manager says about the ticket."""
        self.refuse_signed()
        self.remark = remark


def gather(session: Session, review: DailyReview) -> bool:
    """List the day's tickets on an unsigned sheet and tell what is odd about each; whether anything has changed.

    A ticket typed in after the sheet of its day was signed stands on the sheet of the day it was typed in on: each
    ticket is looked through once. Lines of an older ledger had their own paper sheet.
    """
    with access.system(), session.no_autoflush:
        present = {line.ticket_id: line for line in review.review_lines}
        tickets = [
            ticket
            for ticket in session.scalars(select(ServiceTicket).where(_belongs(review, list(present))))
            if ticket.id in present or ticket.received_at >= review.begins_at or _signed(session, review.desk, ticket)
        ]
        found = _oddities(session, tickets)
        changed = False
        for ticket in sorted(tickets, key=lambda one: one.id):
            line = present.get(ticket.id)
            marks = {name: name in found[ticket.id] for name in ODDITIES}
            if line is not None and all(getattr(line, name) == value for name, value in marks.items()):
                continue
            changed = True
            if line is None:
                line = ReviewLine(ticket=ticket)
                review.review_lines.append(line)
                line.state = line.flow.start
            for name, value in marks.items():
                setattr(line, name, value)
            line.oddities = sum(marks.values())
    if changed and review.id:
        session.flush()
        session.expire(review, ["review_lines"])  # the odd ones stand on top
    if changed:
        review.tickets, review.odd_tickets = len(tickets), sum(bool(names) for names in found.values())
    return changed


def _belongs(review: DailyReview, present: list[int]) -> ColumnElement[bool]:
    ticket, start, end = ServiceTicket, at_office(review.day), at_office(review.day + timedelta(days=1))
    elsewhere = select(ReviewLine.__table__.c.ticket_id)
    received = and_(ticket.received_at >= start, ticket.received_at < end)
    typed_late = and_(ticket.received_at < start, ticket.created_at >= start, ticket.created_at < end)
    fresh = and_(
        ticket.scheme == review.desk, ticket.taken_over.is_(False), or_(received, typed_late),
        ticket.id.not_in(elsewhere),
    )  # fmt: skip
    return or_(ticket.id.in_(present), fresh)


def _signed(session: Session, desk: str, ticket: ServiceTicket) -> bool:
    """Whether the sheet of the day a ticket was received on is signed already."""
    query = select(DailyReview.id).where(
        DailyReview.desk == desk, DailyReview.day == _day(ticket.received_at), DailyReview.state == "signed"
    )
    return session.scalars(query.limit(1)).first() is not None


def _oddities(session: Session, tickets: list[ServiceTicket]) -> dict[int, set[str]]:
    """What is odd about each ticket as it stands now, by key."""
    keys, kind = [ticket.id for ticket in tickets], ServiceTicket.kind_name
    overdue = or_(ClockRow.state == MISSED, and_(ClockRow.state == RUNNING, ClockRow.due_at < now()))
    late = select(ClockRow.record_id).where(ClockRow.kind == kind, ClockRow.record_id.in_(keys), overdue)
    cross = select(CallOwed.ticket_id).where(CallOwed.ticket_id.in_(keys), CallOwed.grade.in_(DISSATISFIED))
    of_all: dict[str, set[Any]] = {"overdue": set(session.scalars(late)), "dissatisfied": set(session.scalars(cross))}
    return {
        ticket.id: {name for name, ids in of_all.items() if ticket.id in ids}
        | {name for name, holds in _own_oddities(ticket).items() if holds}
        for ticket in tickets
    }


def _own_oddities(ticket: ServiceTicket) -> dict[str, bool]:
    left_out = ticket.flow.states[ticket.state].uncounted
    return {
        "voided": ticket.state == "voided",
        "unexplained": ticket.anonymous and not ticket.anonymity_explained,
        "reopened": ticket.episode > 1,
        "unanswered": ticket.answered_at is None and not left_out and ticket.state != "opinion_forwarded",
    }


#: How far back the sweep makes sheets nobody has opened, and how long it keeps unsigned ones up to date.
BACK, RECENT = timedelta(days=31), timedelta(days=7)


def opened_on(session: Session) -> dict[str, date]:
    """The first day of each desk that takes calls here, as far as whoever asks may know."""
    ticket, found = ServiceTicket, {}
    for desk in SCHEMES:
        first = select(ticket.received_at).where(ticket.scheme == desk, ticket.taken_over.is_(False))
        moment = session.scalars(first.order_by(ticket.received_at).limit(1)).first()
        if moment is not None:
            found[desk] = _day(moment)
    return found


def _day(moment: datetime) -> date:
    return local(moment).date()


def missing(session: Session) -> list[tuple[str, date]]:
    """Desks and days before today that have no sheet: every working day, and days off on which somebody called."""
    calendar, found = working_calendar(session), []
    for desk, first in opened_on(session).items():
        first = max(first, today() - BACK)
        known = set(session.scalars(select(DailyReview.day).where(DailyReview.desk == desk, DailyReview.day >= first)))
        received = select(ServiceTicket.received_at).where(
            ServiceTicket.scheme == desk,
            ServiceTicket.taken_over.is_(False),
            ServiceTicket.received_at >= at_office(first),
        )
        called = {_day(moment) for moment in session.scalars(received)}
        days = (first + timedelta(days=n) for n in range((today() - first).days))
        found += [(desk, d) for d in days if d not in known and (d in called or calendar.is_working_day(d))]
    return found


def open_sheet(session: Session, desk: str, day: date) -> int:
    """Make the sheet of a desk and day unless it is there already; how many were made. The caller commits."""
    one_at_a_time(session, f"daily review {desk} {day}")
    known = select(DailyReview.id).where(DailyReview.desk == desk, DailyReview.day == day)
    if session.scalars(known.limit(1)).first() is not None:
        return 0
    review = DailyReview(desk=desk, day=day)
    review.prepare(session)
    records.store(session, review)
    return 1


def to_look_through(session: Session) -> list[int]:
    """The unsigned sheets of the last days, which the sweep keeps up to date."""
    query = select(DailyReview.id).where(DailyReview.state == "unsigned", DailyReview.day >= today() - RECENT)
    return list(session.scalars(query.order_by(DailyReview.id)))


def look_through(session: Session, pk: int) -> int:
    """Bring one unsigned sheet up to date; 1 where anything had changed. The caller commits."""
    one_at_a_time(session, f"daily review {pk}")
    review = session.get(DailyReview, pk, populate_existing=True)
    if review is None or review.state != "unsigned":
        return 0
    changed = gather(session, review)
    session.flush()
    return int(changed)
