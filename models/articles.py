"""The library 知识库: standard answers with an owner, approved by a second person and verified anew from time to time.

After H1 and tickets-orders.md 3.4: an answer rests on a version, and reading an article verifies nothing. The steps
stand in `publishing`, what is found and quoted in `quoting`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import fields, history, rules
from app.engine.access import Actor
from app.engine.changes import altered
from app.engine.database import session_of
from app.engine.moments import today
from app.engine.record import Numbered
from app.engine.refusals import NotAllowed, StepRefused
from app.engine.workflow import Clock, Flow, State, Workflow
from models.article_versions import AUDIENCES, TEXT, ArticleVersion
from models.dispatch import DESK
from models.fates import end_of
from models.people import Department, Person

GRACE_DAYS = rules.setting(
    "article_grace_days", _l("Library: days an article may still be quoted after that"), "number", "30"
)
EDITORS = rules.setting(
    "article_editors", _l("Library: roles that write articles"), "list",
    "call_taker,shift_leader,service_manager,office_manager",
)  # fmt: skip
#: States in which a version is in force.
LIVE = ("published", "revising", "resubmitted", "review_due")
WRITTEN_IN = ("draft", "revising")


class Article(Workflow, Model):
    """A standard answer of the library and the text it is being given; what is quoted is its last version."""

    __tablename__ = "article"
    kind_name = "articles"
    label, label_plural = _l("Library article"), _l("Library articles")
    natural_key = "article_no"
    numbered = Numbered("article_no", "ZS{year}-{serial}")

    flow = Flow(
        State("draft", _l("Draft"), "waiting"),
        State("submitted", _l("Before the approver"), "waiting"),
        State("published", _l("In force"), "good", settled=True, clocks=("review",)),
        State("revising", _l("In force, being revised"), "active", clocks=("review",)),
        State("resubmitted", _l("In force, revision before the approver"), "waiting", clocks=("review",)),
        State("review_due", _l("To be verified again"), "waiting", clocks=("review",)),
        State("withdrawn", _l("Taken out of use"), "bad"),
        State("retired", _l("No longer valid"), "neutral", final=True),
        clocks=(Clock("review", _l("Verification"), limit="review_at"),),
    )

    article_no: Mapped[str] = fields.number(_l("Article number"), 100, unique=True, search=True, derived=True)
    title: Mapped[str] = fields.line(_l("Title"), 200, required=True, search=True)
    question: Mapped[str | None] = fields.prose(
        _l("Asked like this"),
        2000,
        search=True,
        help=_l("Other words in which people ask for it; it is found by them."),
    )
    body: Mapped[str] = fields.prose(_l("Standard answer"), required=True, search=True)
    basis: Mapped[str | None] = fields.prose(_l("Rests on"), 2000, help=_l("The regulation or the reply it follows"))
    audience: Mapped[str] = fields.choice(
        _l("Audience"), AUDIENCES, "audience_known", required=True, default="internal"
    )
    department_id: Mapped[int] = fields.reference(_l("Owner unit"), "department.id", required=True)
    valid_until: Mapped[date | None] = fields.day(_l("Valid until"))
    author_id: Mapped[int | None] = fields.reference(_l("Author"), "person.id", derived=True)
    editor_id: Mapped[int | None] = fields.reference(_l("Last written by"), "person.id", derived=True)
    edition: Mapped[int | None] = fields.integer(_l("Version in force"), derived=True)
    verified_at: Mapped[datetime | None] = fields.moment(_l("Verified at"), derived=True)
    review_on: Mapped[date | None] = fields.day(_l("To be verified by"), derived=True, index=True)

    department: Mapped[Department] = relationship(foreign_keys=department_id)
    author: Mapped[Person | None] = relationship(foreign_keys=author_id)
    editor: Mapped[Person | None] = relationship(foreign_keys=editor_id)
    versions: Mapped[list[ArticleVersion]] = relationship(
        back_populates="article", order_by="ArticleVersion.number.desc()", passive_deletes="all"
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The desk and the owner unit; everybody else reads the versions that are for everybody."""
        return true() if actor.has(*DESK) else cls.department_id.in_(actor.department_ids)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = [and_(cls.state.in_(WRITTEN_IN), cls.author_id.in_(actor.person_ids))]
        if actor.may("publish", cls.kind_name):
            mine.append(cls.state.in_(("submitted", "resubmitted", "review_due")))
        return or_(false(), *mine)

    @classmethod
    def quotable(cls, session: Session, columns: Any = None) -> ColumnElement[bool]:
        """The SQL condition of articles, of those in an alias by its `columns`, that may be answered from today."""
        of = cls if columns is None else columns
        verified = or_(of.review_on.is_(None), of.review_on >= _earliest(session))
        return and_(of.state.in_(LIVE), of.edition.is_not(None), verified)

    @classmethod
    def stale(cls) -> ColumnElement[bool]:
        """The SQL condition of articles that count as verified and have been so for too long."""
        return and_(cls.state == "published", cls.review_on < today())

    @classmethod
    def offered(cls, session: Session, words: str) -> list[Any] | None:
        """Articles that may be quoted: those that answer what is typed, the likeliest first, or the latest ones."""
        from models.quoting import suggestions  # it knows articles

        query = select(cls).where(cls.quotable(session))
        if not words.strip():
            return list(session.scalars(query.order_by(cls.id.desc()).limit(20)))
        keys = [version.article_id for version in suggestions(session, words, most=20)]
        found = {one.id: one for one in session.scalars(query.where(cls.id.in_(keys)))}
        return [found[key] for key in keys if key in found]

    @classmethod
    def fills(cls, session: Session, found: Sequence[Any]) -> dict[int, dict[str, Any]]:
        """An article chosen proposes its text as the answer."""
        keys = [article.id for article in found]
        query = (
            select(cls.id, ArticleVersion.body)
            .join(ArticleVersion, and_(ArticleVersion.article_id == cls.id, ArticleVersion.number == cls.edition))
            .where(cls.id.in_(keys))
        )
        return {key: {"answer": body} for key, body in session.execute(query)}

    @property
    def review_at(self) -> datetime | None:
        return end_of(self.review_on)

    def concerns(self) -> Person | None:
        return self.author

    def prepare(self, session: Session) -> None:
        self._by_a_writer(session)
        own = history.doer().own_person_id
        if not self.taken_over and own is not None:
            self.author = self.editor = session.get(Person, own)

    def bring_along(self, session: Session) -> None:
        self._by_a_writer(session)
        own = history.doer().own_person_id
        if own is not None and altered(self, *TEXT):
            self.editor = session.get(Person, own)

    def _by_a_writer(self, session: Session) -> None:
        if not history.doer().has(*rules.listed(session, EDITORS, None)):
            raise NotAllowed(_("By the rules of the library your role does not write articles."))

    def check(self) -> Iterator[tuple[str, str]]:
        if self.state not in (None, *WRITTEN_IN):
            for name in altered(self, *TEXT):
                yield name, _("The text is written in a draft or a revision; use the step “Revise”.")
        fresh = self.id is None and not self.taken_over
        if self.valid_until and self.valid_until < today() and (fresh or altered(self, "valid_until")):
            yield "valid_until", _("The day lies in the past.")

    def marks(self) -> list[str]:
        if self.state in LIVE and self.review_on is not None and self.review_on < today():
            until = self.review_on + timedelta(days=_grace(session_of(self)))
            if today() > until:
                return [_("To be verified again since %(day)s; it may no longer be quoted.", day=self.review_on)]
            sentence = _l("To be verified again since %(day)s; it may be quoted until %(until)s.")
            return [str(sentence) % {"day": self.review_on, "until": until}]
        return []

    def counted(self, session: Session) -> Iterator[tuple[Any, str]]:
        from models.quoting import answers_from  # it counts tickets, which cite versions

        yield _l("Answers given from it"), str(answers_from(session, [self.id]).get(self.id, 0))

    def __str__(self) -> str:
        return f"{self.article_no} {self.title}"

    def in_force(self, session: Session) -> ArticleVersion:
        """The version an answer is given from today. Raises `StepRefused` where there is none."""
        version = self.latest(session)
        if self.state not in LIVE or version is None:
            state = self.state_label
            raise StepRefused(_("“%(title)s”: %(state)s. Nobody answers from it.", title=self.title, state=state))
        if self.review_on is not None and self.review_on < _earliest(session):
            day = self.review_on
            raise StepRefused(
                _("“%(title)s” was to be verified by %(day)s. Nobody answers from it.", title=self.title, day=day)
            )
        return version

    def latest(self, session: Session) -> ArticleVersion | None:
        """The last version published; in force or not, it has the number `edition`."""
        query = select(ArticleVersion).where(
            ArticleVersion.article_id == self.id, ArticleVersion.number == self.edition
        )
        return session.scalars(query).first() if self.edition is not None else None


def _grace(session: Session) -> int:
    return int(rules.number(session, GRACE_DAYS, None))


def _earliest(session: Session) -> date:
    """An article that was to be verified before this day is no longer quoted."""
    return today() - timedelta(days=_grace(session))
