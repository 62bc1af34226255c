"""Gap cards 知识缺口: questions the library had no answer to, until an article answers them."""

from __future__ import annotations

from typing import Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import fields, history
from app.engine import record as records
from app.engine.access import Actor
from app.engine.record import Numbered
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Flow, State, Workflow, never_by_hand
from models.articles import Article
from models.dispatch import DESK
from models.people import Department, Person
from models.tickets import ServiceTicket


class KnowledgeGap(Workflow, Model):
    """One question nobody could answer from the library, and what became of it."""

    __tablename__ = "knowledge_gap"
    kind_name = "knowledge_gaps"
    label, label_plural = _l("Gap card"), _l("Gap cards")
    natural_key = "gap_no"
    numbered = Numbered("gap_no", "QK{year}-{serial}")

    flow = Flow(
        State("open", _l("No answer yet"), "waiting"),
        State("writing", _l("Being written"), "active"),
        State("answered", _l("Answered by an article"), "good", final=True),
        State("dropped", _l("Not pursued"), "neutral", final=True, uncounted=True),
    )

    gap_no: Mapped[str] = fields.number(_l("Card number"), 100, unique=True, search=True, derived=True)
    question: Mapped[str] = fields.line(
        _l("What was asked"), 300, required=True, search=True, help=_l("In general words, without names or numbers")
    )
    department_id: Mapped[int | None] = fields.reference(
        _l("Unit that knows"), "department.id", help=_l("It would be the owner of the article.")
    )
    ticket_id: Mapped[int | None] = fields.reference(_l("Ticket"), "service_ticket.id", derived=True)
    raised_by_id: Mapped[int | None] = fields.reference(_l("Raised by"), "person.id", derived=True)
    writer_id: Mapped[int | None] = fields.reference(_l("Being written by"), "person.id", derived=True)
    article_id: Mapped[int | None] = fields.reference(_l("Article"), "article.id", derived=True)

    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    ticket: Mapped[ServiceTicket | None] = relationship(foreign_keys=ticket_id)
    raised_by: Mapped[Person | None] = relationship(foreign_keys=raised_by_id)
    writer: Mapped[Person | None] = relationship(foreign_keys=writer_id)
    article: Mapped[Article | None] = relationship(foreign_keys=article_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The desk, and the unit that is thought to know."""
        return true() if actor.has(*DESK) else cls.department_id.in_(actor.department_ids)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = [and_(cls.state == "writing", cls.writer_id.in_(actor.person_ids))]
        if actor.has("service_manager"):
            mine.append(cls.state == "open")
        return or_(false(), *mine)

    def prepare(self, session: Session) -> None:
        own = history.doer().own_person_id
        if self.raised_by is None and own is not None and not self.taken_over:
            self.raised_by = session.get(Person, own)

    def __str__(self) -> str:
        return f"{self.gap_no} {self.question}"

    @flow.step("open", to="writing", label=_l("Write the article"), tone="primary")
    def write(
        self,
        body: Annotated[str, Ask(_l("Standard answer"))],
        department: Annotated[Department | None, Ask(_l("Owner unit"), help=_l("Empty: the unit that knows"))] = None,
    ) -> None:
        """A draft is begun that answers the question; publishing it closes the card."""
        session = object_session(self)
        assert session is not None
        unit = department or self.department
        if unit is None:
            raise StepRefused(_("Name the owner unit; every article has one."))
        with session.no_autoflush:
            article = Article(title=self.question[:200], body=body, department=unit, audience="internal")
            article.prepare(session)
            writer = article.author
        records.store(session, article)
        self.article, self.department, self.writer = article, unit, writer

    @flow.step("open", "writing", to="answered", label=_l("Answered by an article that is there"))
    def close_with(self, article: Annotated[Article, Ask(_l("Article"))]) -> None:
        """The library has the answer after all, or has got it meanwhile."""
        session = object_session(self)
        assert session is not None
        with session.no_autoflush:
            article.in_force(session)
        self.article = article

    @flow.step("writing", to="answered", label=_l("Its article is published"), who=never_by_hand)
    def fill(self) -> None:
        """Follows by itself when the article written for the card is published."""

    @flow.step("open", "writing", to="dropped", label=_l("Drop the card"), tone="danger")
    def drop(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """No article is needed: asked once, or not this house's matter."""


def fill_gaps(session: Session, article: Article) -> None:
    """Close the cards an article was written for, now that it is published."""
    query = select(KnowledgeGap).where(KnowledgeGap.article_id == article.id, KnowledgeGap.state == "writing")
    for gap in session.scalars(query.order_by(KnowledgeGap.id)).all():
        gap.take("fill", session)
