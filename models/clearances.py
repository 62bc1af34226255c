"""Clearances 独立上岗: who may take calls, from which day to which, trained by whom (P2 3.1.6).

New staff who are not cleared answer no calls: `objections` says so to form, API and import alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, fields, rules
from app.engine.access import Actor
from app.engine.changes import altered
from app.engine.moments import local, now, today
from app.engine.workflow import Ask, Flow, State, Workflow
from models.dispatch import DESK
from models.people import Person

if TYPE_CHECKING:
    from models.tickets import ServiceTicket

CURRENT_DAYS = rules.setting(
    "import_current_days", _l("Days for which an imported call counts as a current one"), "number", "7"
)


class StaffClearance(Workflow, Model):
    """One person may take calls by themselves, for a time or until it is withdrawn."""

    __tablename__ = "staff_clearance"
    kind_name = "staff_clearances"
    label, label_plural = _l("Clearance to take calls"), _l("Clearances to take calls")
    named_by = ("person",)

    flow = Flow(
        State("cleared", _l("May take calls"), "good", settled=True),
        State("withdrawn", _l("Clearance withdrawn"), "bad", final=True),
    )

    person_id: Mapped[int] = fields.reference(_l("Person"), "person.id", required=True)
    cleared_from: Mapped[date] = fields.day(_l("Takes calls from"), required=True)
    cleared_until: Mapped[date | None] = fields.day(_l("Takes calls until"), help=_l("Empty: until withdrawn"))
    trainer_id: Mapped[int] = fields.reference(_l("Trained by"), "person.id", required=True)
    note: Mapped[str | None] = fields.prose(_l("Note"), 2000)
    withdrawn_on: Mapped[date | None] = fields.day(_l("Withdrawn on"), derived=True)
    reason: Mapped[str | None] = fields.prose(_l("Reason"), 2000, derived=True)

    person: Mapped[Person] = relationship(foreign_keys=person_id)
    trainer: Mapped[Person] = relationship(foreign_keys=trainer_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*DESK) else cls.person_id.in_(actor.person_ids)

    @classmethod
    def holds_on(cls, day: date) -> ColumnElement[bool]:
        """Whether it holds on a day, as an SQL condition; the day it is withdrawn on is no longer one."""
        return (
            (cls.cleared_from <= day)
            & or_(cls.cleared_until.is_(None), cls.cleared_until >= day)
            & or_(cls.withdrawn_on.is_(None), cls.withdrawn_on > day)
        )

    def check(self) -> Iterator[tuple[str, str]]:
        own = access.current().own_person_id
        if self.person is not None and self.person is self.trainer:
            yield "trainer", _("Nobody trains themselves; name the colleague who did.")
        if own is not None and self.person is not None and self.person.id == own:
            yield "person", _("Nobody clears themselves to take calls; somebody else does.")
        if self.cleared_until and self.cleared_from and self.cleared_until < self.cleared_from:
            yield "cleared_until", _("The clearance ends before it begins.")
        if self.state == "withdrawn" and not self.taken_over:
            yield "", _("The clearance is withdrawn; enter a new one.")
        for name in altered(self, "person"):
            yield name, _("A clearance stays its person's; enter a new one.")

    def __str__(self) -> str:
        return f"{self.person or ''} {self.cleared_from or ''}".strip()

    @flow.step("cleared", to="withdrawn", label=_l("Withdraw the clearance"), tone="danger")
    def withdraw(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """From today on the person takes no calls."""
        self.withdrawn_on, self.reason = today(), reason


#: For the person's page; written here, for people do not know of clearances.
Person.clearances = relationship(StaffClearance, foreign_keys=StaffClearance.person_id, viewonly=True)


def may_take_calls(session: Session, person: Person, day: date) -> bool:
    """Whether a person was cleared to take calls on a day, whoever asks."""
    with access.system(), session.no_autoflush:
        query = select(StaffClearance.id).where(StaffClearance.person_id == person.id, StaffClearance.holds_on(day))
        return session.scalars(query.limit(1)).first() is not None


def objections(ticket: ServiceTicket) -> Iterator[tuple[str, str]]:
    """What speaks against a telephone call as it is about to be stored: its taker was not cleared on that day.

    A line of an older ledger, and one that names nobody, is let in as it is; a call of these days that somebody took is
    not. Who answers for a ticket later on, after a hand-over, need not have been at the telephone.
    """
    if ticket.channel != "phone" or ticket.received_at is None:
        return
    taker = ticket.taker
    # The key follows the person with the next flush, so the two differ while the person is being changed.
    if ticket.id and not altered(ticket, "channel") and (taker.id if taker else None) == ticket.taker_id:
        return
    if ticket.taken_over and (taker is None or not _is_current(ticket)):
        return
    if taker is None:
        yield "taker", _("Enter who took the call.")
        return
    session, day = object_session(taker), local(ticket.received_at).date()
    if session is None or not may_take_calls(session, taker, day):
        yield (
            "taker",
            _(
                "%(person)s was not cleared to take calls on %(day)s; a cleared colleague takes the call.",
                person=taker.name,
                day=day.isoformat(),
            ),
        )


def _is_current(ticket: ServiceTicket) -> bool:
    """Whether an imported call is one of these days rather than a line of an older ledger."""
    session = object_session(ticket) or (object_session(ticket.taker) if ticket.taker is not None else None)
    days = rules.number(session, CURRENT_DAYS, ticket.profile()) if session is not None else CURRENT_DAYS.default
    return ticket.received_at > now() - timedelta(days=float(days))
