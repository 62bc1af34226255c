"""Versions of library articles: each text as it was in force, and who answered for it. Answers point to these."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, UniqueConstraint, and_, exists, or_, true
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import fields, terms
from app.engine.access import Actor
from app.engine.changes import altered
from app.engine.record import Record
from models.dispatch import DESK
from models.people import Department, Person

if TYPE_CHECKING:
    from models.articles import Article

#: Whom an answer may be given to: everybody who asks, or colleagues alone.
AUDIENCES = {"internal": _l("For colleagues"), "public": _l("For everybody")}
#: What a version takes over from the article as it is published.
TEXT = ("title", "question", "body", "basis", "audience", "department", "valid_until")


class ArticleVersion(Record, Model):
    """One text of an article as it was published or verified anew: made by these steps, changed by nothing."""

    __tablename__ = "article_version"
    __table_args__: Any = (UniqueConstraint("article_id", "number"), {})
    kind_name = "article_versions"
    label, label_plural = _l("Version of an article"), _l("Versions of articles")

    article_id: Mapped[int] = fields.reference(_l("Article"), "article.id", required=True)
    number: Mapped[int] = fields.integer(_l("Version"), required=True)
    title: Mapped[str] = fields.line(_l("Title"), 200, required=True, search=True)
    question: Mapped[str | None] = fields.prose(_l("Asked like this"), 2000)
    body: Mapped[str] = fields.prose(_l("Standard answer"), required=True)
    basis: Mapped[str | None] = fields.prose(_l("Rests on"), 2000)
    audience: Mapped[str] = fields.choice(
        _l("Audience"), AUDIENCES, "audience_known", required=True, default="internal"
    )
    department_id: Mapped[int] = fields.reference(_l("Owner unit"), "department.id", required=True)
    valid_until: Mapped[date | None] = fields.day(_l("Valid until"))
    writer_id: Mapped[int | None] = fields.reference(_l("Written by"), "person.id", derived=True)
    publisher_id: Mapped[int | None] = fields.reference(_l("Approved by"), "person.id", derived=True)
    verified_at: Mapped[datetime] = fields.moment(_l("Verified at"), required=True)
    remark: Mapped[str | None] = fields.prose(_l("Verified against"), 2000)

    article: Mapped[Article] = relationship(foreign_keys=article_id, back_populates="versions")
    department: Mapped[Department] = relationship(foreign_keys=department_id)
    writer: Mapped[Person | None] = relationship(foreign_keys=writer_id)
    publisher: Mapped[Person | None] = relationship(foreign_keys=publisher_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Whoever sees the article; beyond the desk and the owner unit the text in force, if it is for everybody."""
        from models.articles import LIVE, Article  # it refers to its versions

        if actor.has(*DESK):
            return true()
        article = Article.__table__.alias()  # a query that also names the table must not narrow this one
        in_force = exists().where(
            article.c.id == cls.article_id, article.c.edition == cls.number, article.c.state.in_(LIVE)
        )
        return or_(and_(cls.audience == "public", in_force), cls.department_id.in_(actor.department_ids))

    def check(self) -> Iterator[tuple[str, str]]:
        for name in altered(self, "article", "number", "verified_at", *TEXT):
            yield name, _("A published version stays as it is; revise the article.")

    def __str__(self) -> str:
        return f"{self.title} V{self.number}"

    def lay_open(self, session: Session) -> None:
        """Let it be found while somebody types a question."""
        texts = ((self.title, 4), (self.question, 4), (self.body, 1))
        terms.put_down(session, self.kind_name, self.id, texts)
