"""The library in figures (tickets-orders.md 7.1) and what each of its articles is good for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, case, exists, func, literal, select
from sqlalchemy.orm import Session, aliased

from app.engine.columns import Column
from app.engine.frames import Counted, Rows, frame, report
from app.engine.history import HistoryEntry
from app.engine.moments import today
from app.engine.periods import Period
from models.article_versions import ArticleVersion
from models.articles import LIVE, Article
from models.desk_figures import UNCOUNTED
from models.gaps import KnowledgeGap
from models.people import Department
from models.tickets import ServiceTicket

FIGURES = {
    "from_library": _l("Answers from the library"),
    "referred": _l("Answers by a referral alone"),
    "unsupported": _l("Answers resting on nothing"),
    "withdrawn": _l("Answers from a version taken out of use later"),
    "gaps": _l("Gap cards answered by an article"),
    "past_review": _l("Articles in force past their verification"),
}


def _withdrawn_later() -> Any:
    """Whether the version an answer cites was the one in force as the article was taken out of use."""
    entry, newer = HistoryEntry, aliased(ArticleVersion)
    between = (
        select(newer.id)
        .where(
            newer.article_id == ArticleVersion.article_id,
            newer.verified_at > ArticleVersion.verified_at,
            newer.verified_at < entry.at,
        )
        .correlate(ArticleVersion, entry)
        .exists()
    )
    return exists().where(
        entry.kind == Article.kind_name,
        entry.record_id == ArticleVersion.article_id,
        entry.action == "withdraw",
        entry.at > ServiceTicket.answered_at,
        ~between,
    )


def _sums(session: Session, query: Any) -> list[int]:
    return [int(value or 0) for value in session.execute(query).one()]


def _many(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))


@report(
    "library",
    _l("Library in figures"),
    [
        Column("figure", _l("Figure"), "choice"),
        Column("count", _l("How many"), "integer"),
        Column("of", _l("Out of"), "integer"),
        Column("share", _l("Share"), "percent"),
    ],
    basis=_l(
        "Answers are tickets answered in the period, void and merged ones left out; a card counts in the period it was "
        "raised in; verification is judged today."
    ),
    labels={"figure": FIGURES},
)
def library(session: Session, period: Period) -> Counted:
    """Six lines: `count` out of `of`, and their quotient as `share`, empty where there is nothing to divide by.

    Answers from the library, by referral alone and from nothing are out of all answers; what rested on a version taken
    out of use after the answer is out of those from the library; cards are out of those raised, articles of those in
    force.
    """
    ticket = ServiceTicket
    cites = ticket.citation_id.is_not(None)
    answers, cited, referred, unsupported, later = _sums(
        session,
        period.holds(
            select(
                func.count(ticket.id), _many(cites), _many(and_(~cites, ticket.referral_id.is_not(None))),
                _many(ticket.unsupported), _many(and_(cites, _withdrawn_later())),
            )
            .join(ArticleVersion, ticket.citation_id == ArticleVersion.id, isouter=True)
            .where(ticket.answered_at.is_not(None), ticket.state.not_in(UNCOUNTED)),
            ticket.answered_at,
        ),
    )  # fmt: skip
    gaps, filled = _sums(
        session,
        period.holds(
            select(func.count(KnowledgeGap.id), _many(KnowledgeGap.state == "answered")), KnowledgeGap.created_at
        ),
    )
    live, past = _sums(
        session, select(func.count(Article.id), _many(Article.review_on < today())).where(Article.state.in_(LIVE))
    )
    rows = [
        ("from_library", cited, answers), ("referred", referred, answers), ("unsupported", unsupported, answers),
        ("withdrawn", later, cited), ("gaps", filled, gaps), ("past_review", past, live),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["figure", "count", "of"])
    table["share"] = table["count"] / table["of"].where(table["of"] > 0)
    return Counted(table, list(_behind(period)))


def _behind(period: Period) -> Iterator[Rows]:
    """The records of each figure: those it is out of, and which of them it counts."""
    ticket, gap = ServiceTicket, KnowledgeGap
    cites = ticket.citation_id.is_not(None)
    answered = (ticket.answered_at.is_not(None), ticket.state.not_in(UNCOUNTED))
    of: dict[str, tuple[Any, Any, Any, tuple[Any, ...]]] = {
        "from_library": (ticket, cites, ticket.answered_at, answered),
        "referred": (ticket, and_(~cites, ticket.referral_id.is_not(None)), ticket.answered_at, answered),
        "unsupported": (ticket, ticket.unsupported, ticket.answered_at, answered),
        "withdrawn": (ticket, _withdrawn_later(), ticket.answered_at, (*answered, cites)),
        "gaps": (gap, gap.state == "answered", gap.created_at, ()),
        "past_review": (Article, Article.review_on < today(), None, (Article.state.in_(LIVE),)),
    }
    for name, (model, counted, at, where) in of.items():
        count = case((counted, 1), else_=0).label("count")
        query = select(model.id, literal(name).label("figure"), count, literal(1).label("of"))
        if at is not None:
            query = period.holds(query.add_columns(at.label("at")), at)
        if model is ticket:
            query = query.join(ArticleVersion, ticket.citation_id == ArticleVersion.id, isouter=True)
        yield Rows(model, query.where(*where), {"count": "count", "of": "of", "share": "count"})


@report(
    "article_use",
    _l("Use of the library's articles"),
    [
        Column("article_no", _l("Article number"), "number_text"),
        Column("title", _l("Title"), "text"),
        Column("department", _l("Owner unit"), "text"),
        Column("state", _l("State"), "choice"),
        Column("edition", _l("Version in force"), "integer"),
        Column("verified_at", _l("Verified at"), "moment"),
        Column("review_on", _l("To be verified by"), "date"),
        Column("answers", _l("Answers given from it"), "integer", total=True),
    ],
    basis=_l(
        "Every article; the answers of the period that cite one of its versions. Reading an article counts nowhere."
    ),
    labels={"state": Article.flow.state_labels},
)
def article_use(session: Session, period: Period) -> Counted:
    """One line an article, the most used first."""
    ticket = ServiceTicket
    given = (
        select(ticket.id, ticket.answered_at.label("at"), Article.article_no, Article.id.label("article_id"))
        .join(ArticleVersion, ticket.citation_id == ArticleVersion.id)
        .join(Article, ArticleVersion.article_id == Article.id)
        .where(ticket.state.not_in(UNCOUNTED))
    )
    given = period.holds(given, ticket.answered_at)
    each = given.subquery().c
    counts = select(each.article_id, func.count().label("answers")).group_by(each.article_id).subquery()
    answers = func.coalesce(counts.c.answers, 0)
    query = (
        select(
            Article.article_no, Article.title, Department.name.label("department"), Article.state, Article.edition,
            Article.verified_at, Article.review_on, answers.label("answers"),
        )
        .join(Department, Article.department_id == Department.id)
        .join(counts, counts.c.article_id == Article.id, isouter=True)
        .order_by(answers.desc(), Article.article_no)
    )  # fmt: skip
    table = frame(session, query)
    table["edition"] = table["edition"].astype("Int64")
    return Counted(table, [Rows(ticket, given, {"answers": ""})])
