"""Requests of the handling unit: a later limit, or a pause until something outside has happened.

Made before the limit, recommended by the office head, decided by a leader; refused, the old limit stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, clocks, fields, history
from app.engine.access import Actor
from app.engine.answers import ahead
from app.engine.moments import local, now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Flow, State, Workflow
from models.attached import Attached
from models.people import Person

if TYPE_CHECKING:
    from models.documents import IncomingDocument

WISHES = {"extension": _l("A later limit"), "suspension": _l("A pause")}
#: What a pause may wait for: never a co-handler inside the house (documents.md 5.2).
CAUSES = {
    "sender": _l("Waits for the sender"),
    "third_party": _l("Waits for a third party"),
    "meeting": _l("Waits for a meeting"),
}


def may_grant(request: ExtensionRequest, actor: Actor) -> bool:
    """A leader moves a limit; a pause is the head of the office's, too (documents.md 3.2 and 5.2)."""
    return actor.has("leader") or request.wish == "suspension"


class ExtensionRequest(Attached, Workflow, Model):
    """One request for time about one paper; the limit it had and the one asked for are both kept."""

    __tablename__ = "extension_request"
    kind_name = "extension_requests"
    label, label_plural = _l("Request for time"), _l("Requests for time")
    named_by = ("document",)
    content_fields = ("reason", "recommendation", "decision")
    content_with = part_of = "document"

    flow = Flow(
        State("asked", _l("Asked for"), "waiting"),
        State("recommended", _l("With the leader"), "waiting"),
        State("granted", _l("Granted"), "good", final=True),
        State("refused", _l("Refused"), "bad", final=True),
        State("withdrawn", _l("Withdrawn"), "neutral", final=True, uncounted=True),
    )

    document_id: Mapped[int] = fields.reference(_l("Document"), "incoming_document.id", required=True)
    asker_id: Mapped[int | None] = fields.reference(_l("Asked by"), "person.id", derived=True)
    wish: Mapped[str] = fields.choice(_l("Asks for"), WISHES, "wish_known", required=True, default="extension")
    cause: Mapped[str | None] = fields.choice(_l("Cause"), CAUSES, "cause_known")
    reason: Mapped[str] = fields.prose(_l("Reason"), required=True)
    limit_at: Mapped[datetime | None] = fields.moment(_l("Limit when asked"), derived=True)
    until: Mapped[datetime] = fields.moment(_l("Until"), required=True)
    recommendation: Mapped[str | None] = fields.prose(_l("Recommendation"), derived=True)
    decision: Mapped[str | None] = fields.prose(_l("Decision"), derived=True)

    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id, back_populates="extensions")
    asker: Mapped[Person | None] = relationship(foreign_keys=asker_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        from models.documents import REGISTRY, IncomingDocument, cleared_papers  # it refers to its requests

        if actor.has(*REGISTRY):
            return true()
        if not actor.person_ids:
            return false()
        unit = select(IncomingDocument.id).where(
            IncomingDocument.content_to(actor), IncomingDocument.department_id.in_(actor.department_ids)
        )
        mine = and_(cls.asker_id.in_(actor.person_ids), access.among(cls.document_id, cleared_papers(actor)))
        return or_(mine, access.among(cls.document_id, unit))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        from models.documents import IncomingDocument

        return access.among(cls.document_id, select(IncomingDocument.id).where(IncomingDocument.content_to(actor)))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = []
        if actor.has("office_manager"):
            mine.append(cls.state == "asked")
        if actor.has("leader"):
            mine.append(cls.state == "recommended")
        return or_(false(), *mine)

    def prepare(self, session: Session) -> None:
        self.asker_id = self.asker_id or history.doer().own_person_id
        if self.document is not None:
            self.limit_at = self.limit_at or self.document.due_at

    def check(self) -> Iterator[tuple[str, str]]:
        if self.until is not None and self.until <= now():
            yield "until", _("The new limit lies in the past.")
        if self.document is None:
            return
        if self.document.state != "in_handling":
            yield "document", _("Time is asked for while a paper is in handling.")
        actor = access.current()
        # The office may note a request made by telephone.
        may = actor.everything or actor.has("office_manager")
        if self.id is None and not (may or self.document.handled_by(actor)):
            yield "document", _("Time is asked for by those who handle the paper.")
        if self.limit_at is not None and self.limit_at < now():
            yield "document", _("The limit has passed already; time is asked for before it, not after.")
        if self.wish == "extension" and self.until and self.limit_at and self.until <= self.limit_at:
            yield "until", _("The new limit is not later than the old one.")
        if self.wish == "suspension" and not self.cause:
            yield "cause", _("Say what the paper waits for.")

    def __str__(self) -> str:
        return f"{self.document or ''}: {WISHES.get(self.wish, self.wish)}"

    @flow.step("asked", to="recommended", label=_l("Pass to the leader"), tone="primary")
    def recommend(
        self,
        recommendation: Annotated[str, Ask(_l("Recommendation"))],
        until: Annotated[datetime | None, Ask(_l("Another date than asked for"))] = None,
    ) -> None:
        """What the office head advises the instructing leader."""
        ahead(until)
        self.recommendation, self.until = recommendation, until or self.until

    @flow.step("asked", "recommended", to="granted", label=_l("Grant"), who=may_grant, tone="primary")
    def grant(self, decision: Annotated[str | None, Ask(_l("Decision"))] = None) -> None:
        """The paper's limit moves, or stands still until the day named; the old limit is kept beside it."""
        session = object_session(self)
        assert session is not None
        document = self.document
        if document.state != "in_handling":
            raise StepRefused(_("The paper is no longer in handling; there is nothing to extend."))
        if self.until <= now():
            raise StepRefused(_("The new limit lies in the past."))
        if self.wish == "extension" and document.due_at is not None and self.until <= document.due_at:
            raise StepRefused(_("The new limit is not later than the old one."))
        self.decision = decision
        if self.wish == "suspension":
            day: date = local(self.until).date()
            document.take("suspend", session, cause=self.cause or "sender", wake_on=day.isoformat(), reason=self.reason)
            return
        clocks.extend(session, document, "handling", self.until)
        for assignment in document.assignments:
            if assignment.lead and assignment.state in ("sent", "received"):
                clocks.extend(session, assignment, "handling", self.until)

    @flow.step("asked", "recommended", to="refused", label=_l("Refuse"), tone="danger")
    def refuse(self, decision: Annotated[str, Ask(_l("Decision"))]) -> None:
        """The old limit stands."""
        self.decision = decision

    @flow.step(
        "asked", "recommended", to="withdrawn", label=_l("Withdraw"), who=lambda r, a: r.asker_id in a.person_ids
    )
    def withdraw(self) -> None:
        """The unit manages within the old limit after all."""
