"""Reserved numbers 预留号: for whom, for what and until when a number of a series is kept.

One that expires waits for its holder, who keeps it longer or has it voided; it never goes to another paper by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, or_, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, clocks, concurrency, fields, history, numbers
from app.engine.access import Actor
from app.engine.answers import ahead
from app.engine.changes import altered
from app.engine.moments import now, today
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow, never_by_hand
from models.fates import end_of
from models.outgoing_series import OutgoingSeries, key, still_open, yearly
from models.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.outgoing import OutgoingDocument

#: Who keeps the register of numbers, and who reads all of it beside them.
KEEPERS = ("office_manager", "registry_clerk")
READERS = (*KEEPERS, "auditor")


def is_keeper(reservation: NumberReservation, actor: Actor) -> bool:
    """Who holds the number or stands in, or the office that keeps the register."""
    return reservation.holder_id in actor.person_ids or actor.has(*KEEPERS)


def is_second_person(reservation: NumberReservation, actor: Actor) -> bool:
    """The office head, who is not the holder."""
    return actor.has("office_manager") and reservation.holder_id != actor.own_person_id


class NumberReservation(Workflow, Model):
    """One number drawn ahead of its paper."""

    __tablename__ = "number_reservation"
    kind_name = "number_reservations"
    label, label_plural = _l("Reserved number"), _l("Reserved numbers")

    flow = Flow(
        State("reserved", _l("Number reserved"), "waiting", clocks=("holding",)),
        State("used", _l("Number used"), "good", final=True),
        State("voided", _l("Number void"), "bad", final=True, uncounted=True),
        State("released", _l("Number given back"), "neutral", final=True, uncounted=True),
        clocks=(Clock("holding", _l("Holding the number"), limit="until_at"),),
    )

    series_id: Mapped[int] = fields.reference(_l("Number series"), "outgoing_series.id", required=True)
    number: Mapped[str | None] = fields.number(_l("Document number"), 100, index=True, search=True, derived=True)
    holder_id: Mapped[int | None] = fields.reference(_l("Reserved for"), "person.id", help=_l("Empty: for yourself"))
    purpose: Mapped[str] = fields.line(_l("What the number is for"), 300, required=True, search=True)
    until: Mapped[date] = fields.day(_l("Reserved until"), required=True)
    document_id: Mapped[int | None] = fields.reference(_l("Outgoing document"), "outgoing_document.id", derived=True)
    reason: Mapped[str | None] = fields.prose(_l("Reason"), derived=True)

    series: Mapped[OutgoingSeries] = relationship(foreign_keys=series_id)
    holder: Mapped[Person | None] = relationship(foreign_keys=holder_id)
    document: Mapped[OutgoingDocument | None] = relationship(foreign_keys=document_id)

    @property
    def until_at(self) -> datetime | None:
        return end_of(self.until)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*READERS) else cls.holder_id.in_(actor.person_ids)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return and_(cls.state == "reserved", cls.due_at < now(), cls.holder_id.in_(actor.person_ids))

    @classmethod
    def open_for(cls, series: OutgoingSeries) -> ColumnElement[bool]:
        """The numbers of a series that a paper can still be given: reserved, and not expired."""
        return and_(cls.series_id == series.id, cls.state == "reserved", or_(cls.due_at.is_(None), cls.due_at >= now()))

    def profile(self) -> str | None:
        return self.series.profile if self.series is not None else None

    def prepare(self, session: Session) -> None:
        own = history.doer().own_person_id
        if self.holder is None and own is not None:
            self.holder = session.get(Person, own)

    def begin(self, session: Session) -> Callable[[], None]:
        """Draw the number along with the record: neither exists without the other."""
        if self.number is None:
            series = self.series
            self.number = numbers.reserve(session, key(series), series.template, self.purpose, yearly=yearly(series))
        return super().begin(session)

    def check(self) -> Iterator[tuple[str, str]]:
        actor = access.current()
        if self.holder is None:
            yield "holder", _("Say for whom the number is reserved.")
        if self.until is not None and self.until < today() and self.number is None:
            yield "until", _("The limit lies in the past.")
        if self.series is not None and not actor.has(*KEEPERS):
            own = self.series.level == "department" and self.series.department_id in actor.department_ids
            if not own:
                yield "series", _("Numbers of this series are reserved by the office; ask the registry.")
        for name in altered(self, "series", "holder", "purpose", "until"):
            yield name, _("A reserved number is changed by its steps only.")

    def __str__(self) -> str:
        return self.number or str(self.label)

    @flow.step("reserved", to=None, label=_l("Reserve for longer"), who=is_keeper, tone="primary")
    def keep_longer(self, until: Annotated[date, Ask(_l("Reserved until"))]) -> None:
        """The paper is still to come; the number stays reserved until a later day."""
        ahead(end_of(until))
        if until <= self.until:
            raise StepRefused(_("The new limit is not later than the old one."))
        # Looking for the clock writes what is pending; the record changes after it, for one entry in its history.
        clocks.extend(object_session(self), self, "holding", end_of(until))  # type: ignore[arg-type]
        self.until = until

    @flow.step("reserved", to="voided", label=_l("Void the number"), who=is_second_person, tone="danger")
    def void(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """A second person beside the holder: the paper does not come, and nobody gets the number."""
        numbers.void(object_session(self), key(self.series), self.number or "", reason)  # type: ignore[arg-type]
        self.reason = reason

    @flow.step("reserved", to="released", label=_l("Give the number back"), who=is_keeper)
    def release(self) -> None:
        """Drawn by mistake: the last number of its series goes back on the day it was drawn, by who drew it."""
        numbers.release(object_session(self), key(self.series), self.number or "")  # type: ignore[arg-type]

    @flow.step("reserved", to="used", label=_l("Use the number"), who=never_by_hand)
    def mark_used(self, document: Annotated[int, Ask(_l("Outgoing document"))]) -> None:
        """The paper it was reserved for has been numbered."""
        numbers.use_reserved(object_session(self), key(self.series), self.number or "")  # type: ignore[arg-type]
        self.document_id = document


def use(session: Session, reservation: NumberReservation, document: OutgoingDocument) -> str:
    """Give a stored paper the number reserved for it, and note it there; the number. The caller commits.

    Raises `StepRefused` where it is reserved no more, has expired, or belongs to a year whose register is closed.
    """
    concurrency.hold(session, reservation)
    if reservation.state != "reserved":
        raise StepRefused(_("The number %(number)s is not reserved any more.", number=reservation.number))
    if reservation.is_late(now()):
        raise StepRefused(
            _("The reservation of %(number)s has expired; its holder reserves it for longer first.",
              number=reservation.number)
        )  # fmt: skip
    series = reservation.series
    drawn = numbers.drawn_as(session, key(series), reservation.number or "")
    if drawn is not None and not still_open(session, series, drawn.year):
        raise StepRefused(_("The register of the year of %(number)s is closed.", number=reservation.number))
    with history.act("use"), access.system():  # whoever numbers the paper has used it
        reservation.take("mark_used", session, document=document.id)
    return reservation.number or ""
