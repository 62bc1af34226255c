"""Orders a leader gives about a paper beside its handling: to relay it 传达, or to copy it 翻印.

Each is an order of its own, which ends with a report of when it was relayed to whom, or of the copies made.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import Mapped, object_session, relationship

from app.engine import changes, fields
from app.engine.access import Actor, among
from app.engine.answers import ahead, happened
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from models.attached import Attached
from models.copies import add_copies
from models.people import Person
from models.secrecy import ORDINARY

if TYPE_CHECKING:
    from models.documents import IncomingDocument

ORDERS = {"relay": _l("Relay"), "copy": _l("Copy")}


class PaperOrder(Attached, Workflow, Model):
    """One order to relay a paper within a scope and by a time, or to make and distribute copies of it."""

    __tablename__ = "paper_order"
    kind_name = "paper_orders"
    label, label_plural = _l("Order about a paper"), _l("Orders about papers")
    named_by = ("document",)
    content_fields = ("scope", "report")
    part_of = "document"

    flow = Flow(
        State("ordered", _l("Ordered"), "waiting", clocks=("carrying_out",)),
        State("done", _l("Carried out"), "good", final=True),
        State("cancelled", _l("Cancelled"), "neutral", final=True, uncounted=True),
        clocks=(Clock("carrying_out", _l("Carrying out"), limit="by", turn=("charged",)),),
    )

    document_id: Mapped[int] = fields.reference(_l("Document"), "incoming_document.id", required=True)
    what: Mapped[str] = fields.choice(_l("What is ordered"), ORDERS, "what_known", required=True, default="relay")
    scope: Mapped[str] = fields.prose(_l("Scope or distribution list"), required=True)
    by: Mapped[datetime | None] = fields.moment(_l("To be done by"))
    number: Mapped[int | None] = fields.integer(_l("Copies"), least=1)
    consent: Mapped[str | None] = fields.line(
        _l("Consent of the issuer"), 200, help=_l("Secret papers are copied with the issuer's consent only.")
    )
    charged_id: Mapped[int | None] = fields.reference(_l("Charged with it"), "person.id")
    report: Mapped[str | None] = fields.prose(_l("Report on it"), derived=True)
    done_at: Mapped[datetime | None] = fields.moment(_l("Done"), derived=True)

    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id, back_populates="orders")
    charged: Mapped[Person | None] = relationship(foreign_keys=charged_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        from models.documents import REGISTRY  # papers refer to their orders

        return true() if actor.has(*REGISTRY) else cls._mine(actor)

    @classmethod
    def _mine(cls, actor: Actor) -> ColumnElement[bool]:
        """Charged with it, or head of who is charged, and cleared for the paper."""
        from models.documents import cleared_papers

        people = Person.__table__.c
        led = select(people.id).where(people.department_id.in_(actor.led_ids))
        mine = or_(cls.charged_id.in_(actor.person_ids), cls.charged_id.in_(led))
        return and_(mine, among(cls.document_id, cleared_papers(actor)))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Those who know the paper, and whoever is to carry the order out."""
        from models.documents import IncomingDocument

        known = select(IncomingDocument.id).where(IncomingDocument.content_to(actor))
        return or_(cls._mine(actor), among(cls.document_id, known))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = [cls.charged_id.in_(actor.person_ids)]
        if actor.has("registry_clerk"):
            mine.append(cls.charged_id.is_(None))
        return and_(cls.state == "ordered", or_(*mine))

    def check(self) -> Iterator[tuple[str, str]]:
        from models.documents import UNFINISHED

        if self.id is None and self.document is not None and self.document.state not in (None, *UNFINISHED):
            yield "document", _("The document is in the state “%(state)s”.", state=self.document.state_label)
        if self.what == "relay" and self.by is None:
            yield "by", _("Say by when the paper is to be relayed.")
        if not self.taken_over and (self.id is None or changes.altered(self, "by")):
            try:
                ahead(self.by)
            except StepRefused as late:
                yield "by", str(late)
        if self.what == "copy":
            if not self.number:
                yield "number", _("Say how many copies are to be made.")
            if self.document is not None and self.document.secrecy not in ORDINARY and not (self.consent or "").strip():
                yield "consent", _("A secret paper is copied with the issuer's consent only; say who gave it and when.")

    def __str__(self) -> str:
        return f"{self.document or ''}: {ORDERS.get(self.what, self.what)}"

    @flow.step("ordered", to="done", label=_l("Report it done"), tone="primary")
    def carry_out(
        self,
        report: Annotated[str, Ask(_l("When and to whom it was relayed, or which copies went where"))],
        at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None,
    ) -> None:
        """The order is carried out; the report goes on file."""
        self.report, self.done_at = report, happened(at, self.paper.received_at)
        session = object_session(self)
        if self.what == "copy" and self.number and session is not None:
            add_copies(session, self.paper, self.number, "photocopy")

    @flow.step("ordered", to="cancelled", label=_l("Cancel"), tone="danger")
    def cancel(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Nothing is to be relayed or copied any more."""
