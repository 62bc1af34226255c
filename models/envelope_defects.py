"""Defects 差错: what is wrong in an envelope, asked of its sender until it is made good (收文发文程序 三)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Mapped, relationship

from app.engine import fields
from app.engine.access import Actor, among
from app.engine.moments import now, today
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Flow, State, Workflow
from models.envelope_lines import EnvelopeLine
from models.envelopes import Envelope, envelopes_of, known_inside

DEFECTS = {
    "unbound": _l("Not bound"),
    "missing_pages": _l("Pages missing"),
    "formalities": _l("Formalities missing"),
    "copies": _l("Copies differ"),
    "other": _l("Something else"),
}
WAYS = {"phone": _l("By telephone"), "letter": _l("By letter"), "fax": _l("By fax"), "visit": _l("In person")}


class EnvelopeDefect(Workflow, Model):
    """One thing that is not as the dispatch note says, or not complete."""

    __tablename__ = "envelope_defect"
    kind_name = "envelope_defects"
    label, label_plural = _l("Defect"), _l("Defects of envelopes")
    named_by = ("envelope",)
    content_fields = ("note", "answer")

    flow = Flow(
        State("open", _l("Not asked yet"), "waiting"),
        State("asked", _l("Asked of the sender"), "active"),
        State("made_good", _l("Made good"), "good", final=True),
    )

    envelope_id: Mapped[int] = fields.reference(_l("Envelope"), "envelope.id", required=True, aliases=("envelope_no",))
    line_id: Mapped[int | None] = fields.reference(_l("Line"), "envelope_line.id")
    what: Mapped[str] = fields.choice(_l("Defect"), DEFECTS, "what_known", required=True, default="other")
    note: Mapped[str | None] = fields.prose(_l("Note"))
    asked_at: Mapped[datetime | None] = fields.moment(_l("Sender asked at"), derived=True)
    asked_way: Mapped[str | None] = fields.choice(_l("How it was asked"), WAYS, "asked_way_known", derived=True)
    asked_whom: Mapped[str | None] = fields.line(_l("Who was asked"), 100, derived=True)
    answer: Mapped[str | None] = fields.prose(_l("Answer"), derived=True)
    made_good_on: Mapped[date | None] = fields.day(_l("Made good on"), derived=True)

    envelope: Mapped[Envelope] = relationship(foreign_keys=envelope_id)
    line: Mapped[EnvelopeLine | None] = relationship(foreign_keys=line_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        columns = Envelope.__table__.c
        cleared = columns.cover_secrecy.in_(actor.cleared)
        return among(cls.envelope_id, select(columns.id).where(envelopes_of(columns, actor), cleared))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        return among(cls.envelope_id, known_inside(actor))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.state.in_(("open", "asked")) if actor.has("registry_clerk", "office_manager") else false()

    @classmethod
    def of_paper(cls, paper: Any) -> ColumnElement[bool]:
        """The SQL condition of defects still open that concern a registered paper: its own line's, or no line's."""
        own = select(EnvelopeLine.id).where(EnvelopeLine.document_id == paper.id)
        concerns = or_(cls.line_id.is_(None), cls.line_id.in_(own))
        return and_(cls.envelope_id == paper.envelope_id, cls.state != "made_good", concerns)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.line is not None and self.envelope is not None and self.line.envelope is not self.envelope:
            yield "line", _("This line belongs to another envelope.")

    def __str__(self) -> str:
        return f"{self.envelope or ''}: {DEFECTS.get(self.what, self.what)}"

    @flow.step("open", "asked", to="asked", label=_l("Ask the sender"), tone="primary")
    def ask_sender(
        self,
        way: Annotated[str, Ask(_l("How it was asked"), choices=WAYS)],
        whom: Annotated[str, Ask(_l("Who was asked"), kind="line", length=100)],
        at: Annotated[datetime | None, Ask(_l("Sender asked at"), help=_l("Empty: now"))] = None,
    ) -> None:
        """The enquiry to the sender: when, how and whom."""
        if at is not None and at > now():
            raise StepRefused(_("The moment lies in the future."))
        self.asked_at, self.asked_way, self.asked_whom = at or now(), way, whom

    @flow.step("asked", to=None, label=_l("Note the answer"))
    def note_answer(self, answer: Annotated[str, Ask(_l("Answer"))]) -> None:
        """What the sender said; it is not made good by that."""
        self.answer = answer

    @flow.step("open", "asked", to="made_good", label=_l("Made good"), tone="primary")
    def make_good(
        self,
        answer: Annotated[str | None, Ask(_l("Answer"))] = None,
        on: Annotated[date | None, Ask(_l("Made good on"), help=_l("Empty: today"))] = None,
    ) -> None:
        """What was missing is here, or the sender has put it right."""
        if on is not None and on > today():
            raise StepRefused(_("The day lies in the future."))
        self.answer, self.made_good_on = answer or self.answer, on or today()
