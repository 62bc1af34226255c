"""Who reports wrongdoing 举报: names and numbers in a store of their own, opened by the report officer alone.

Others ask for one with a reason; the officer opens it to that person, for that report, until a moment, or refuses.
Whether a report has an identity at all, a request does not tell. After tickets-orders.md 6.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, events, fields, grants
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.record import Record
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Flow, State, Workflow
from models.people import Person
from models.tickets import ServiceTicket

OFFICER = "report_officer"
LONGEST = timedelta(days=7)


class SealedIdentity(Record, Model):
    """The caller behind a report. Every look at name or number is on record."""

    __tablename__ = "sealed_identity"
    kind_name = "sealed_identities"
    label, label_plural = _l("Sealed identity"), _l("Sealed identities")

    ticket_id: Mapped[int] = fields.reference(_l("Ticket"), "service_ticket.id", required=True, derived=True)
    contact_name: Mapped[str | None] = fields.line(_l("Caller"), 200, masked=True)
    phone: Mapped[str | None] = fields.number(_l("Telephone"), 60, masked=True)
    email: Mapped[str | None] = fields.line(_l("E-mail"), 254, masked=True)

    ticket: Mapped[ServiceTicket] = relationship(foreign_keys=ticket_id, back_populates="identities")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(OFFICER) else false()

    def __str__(self) -> str:
        return str(_("Sealed identity %(id)s", id=self.id or ""))


class IdentityRequest(Workflow, Model):
    """Somebody asks who is behind a report, and why."""

    __tablename__ = "identity_request"
    kind_name = "identity_requests"
    label, label_plural = _l("Request for an identity"), _l("Requests for identities")
    named_by = ("ticket", "asker")

    flow = Flow(
        State("asked", _l("Asked"), "waiting"),
        State("granted", _l("Granted"), "good", final=True),
        State("refused", _l("Refused"), "bad", final=True),
    )

    ticket_id: Mapped[int] = fields.reference(_l("Ticket"), "service_ticket.id", required=True)
    asker_id: Mapped[int | None] = fields.reference(_l("Asked by"), "person.id", derived=True)
    reason: Mapped[str] = fields.prose(_l("Reason"), 2000, required=True)
    until: Mapped[datetime | None] = fields.moment(_l("Open until"), derived=True)

    ticket: Mapped[ServiceTicket] = relationship(foreign_keys=ticket_id)
    asker: Mapped[Person | None] = relationship(foreign_keys=asker_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(OFFICER) else cls.asker_id.in_(actor.person_ids)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return and_(cls.state == "asked", true() if actor.has(OFFICER) else false())

    def prepare(self, session: Session) -> None:
        own = access.current().own_person_id
        if self.asker is None and own is not None:
            self.asker = session.get(Person, own)

    def check(self):
        # A report is asked about the same way whether it has a name behind it or not.
        if self.ticket is not None and not self.ticket.sealed():
            yield "ticket", _("The name behind this ticket is not under seal.")

    def __str__(self) -> str:
        return f"{self.ticket.ticket_no if self.ticket else ''} {self.asker or ''}".strip()

    @flow.step("asked", to="granted", label=_l("Open to the asker"), tone="primary")
    def grant(self, until: Annotated[datetime, Ask(_l("Open until"))]) -> None:
        """The asker may look, for this report, until then; each look is on record."""
        if not now() < until <= now() + LONGEST:
            raise StepRefused(_("Open it for seven days at most, and not into the past."))
        session = object_session(self)
        if session is None or self.asker is None or self.asker.user_id is None:
            raise StepRefused(_("The asker has no account."))
        for identity in session.scalars(select(SealedIdentity).where(SealedIdentity.ticket_id == self.ticket_id)):
            grants.grant(session, self.asker.user_id, SealedIdentity.kind_name, identity.id, until, self.reason)
        events.note(session, "granted", f"{self.ticket} → {self.asker}"[:200], self.reason[:500])
        self.until = until

    @flow.step("asked", to="refused", label=_l("Refuse"), tone="danger")
    def refuse(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """It stays sealed; the reason is on file."""
