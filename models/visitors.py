"""Visitors who wait 来访等候: who came when, who sees them and when; nobody is left standing (P1 4.2, P2 3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, true
from sqlalchemy.orm import Mapped, object_session, relationship

from app.engine import fields, history
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from models.dispatch import DESK
from models.people import Person


class Visitor(Workflow, Model):
    """Somebody who came to the desk and waits to be seen."""

    __tablename__ = "visitor"
    kind_name = "visitors"
    label, label_plural = _l("Visitor"), _l("Visitors")

    flow = Flow(
        State("waiting", _l("Waiting to be seen"), "waiting", clocks=("waiting",)),
        State("called_in", _l("Called in"), "good", final=True),
        State("left", _l("Left without being seen"), "bad", final=True),
        clocks=(Clock("waiting", _l("Waiting to be seen"), since="came_at"),),
    )

    came_at: Mapped[datetime] = fields.moment(_l("Came at"), required=True, index=True)
    name: Mapped[str | None] = fields.line(_l("Visitor"), 200, search=True)
    matter: Mapped[str | None] = fields.line(_l("Matter"), 500, search=True)
    host_id: Mapped[int | None] = fields.reference(_l("To see"), "person.id")
    seen_at: Mapped[datetime | None] = fields.moment(_l("Seen at"), derived=True)
    seen_by_id: Mapped[int | None] = fields.reference(_l("Seen by"), "person.id", derived=True)
    remark: Mapped[str | None] = fields.line(_l("Remark"), 300, derived=True)

    host: Mapped[Person | None] = relationship(foreign_keys=host_id)
    seen_by: Mapped[Person | None] = relationship(foreign_keys=seen_by_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*DESK) else false()

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        desk = true() if actor.has("call_taker", "shift_leader") else cls.host_id.in_(actor.person_ids)
        return and_(cls.state == "waiting", desk)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.came_at and self.came_at > now():
            yield "came_at", _("The visitor cannot have come in the future.")

    def __str__(self) -> str:
        return self.name or str(_("Visitor %(id)s", id=self.id or ""))

    @flow.step("waiting", to="called_in", label=_l("Call in"), tone="primary")
    def call_in(self) -> None:
        """Somebody of the desk sees the visitor; the visit is registered on a ticket."""
        session, own = object_session(self), history.doer().own_person_id
        person = session.get(Person, own) if session is not None and own is not None else None
        self.seen_by, self.seen_at = person, now()

    @flow.step("waiting", to="left", label=_l("Has left"))
    def note_left(self, remark: Annotated[str | None, Ask(_l("Remark"), kind="line")] = None) -> None:
        """The visitor went away before anybody saw them."""
        self.remark = remark
