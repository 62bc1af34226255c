"""Quoting the library: what answers a question somebody is typing, and how often an article has answered one."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.engine import terms
from models.article_versions import ArticleVersion
from models.articles import Article
from models.tickets import ServiceTicket

#: What has less than this share of the best one's score only happens to use a common word.
WORTH = 0.15


def answers_from(session: Session, keys: Iterable[int]) -> dict[int, int]:
    """How many answers were given from articles, by key: tickets that cite one of the versions, whoever sees them."""
    version, ticket = ArticleVersion.__table__.c, ServiceTicket.__table__.c
    query = (
        select(version.article_id, func.count())
        .join_from(ArticleVersion.__table__, ServiceTicket.__table__, ticket.citation_id == version.id)
        .where(version.article_id.in_(list(keys)), ticket.state.not_in(ServiceTicket.flow.uncounted_states))
        .group_by(version.article_id)
    )
    return {key: count for key, count in session.execute(query)}  # noqa: C416


def suggestions(session: Session, words: str, most: int = 8) -> list[ArticleVersion]:
    """Versions in force that have to do with what is being typed, the likeliest first, as far as the actor sees them.

    Only what may be quoted today is offered.
    """
    scored = terms.scores(session, ArticleVersion.kind_name, words)
    if scored is None:
        return []
    found = scored.subquery()
    # Not the mapped class: whoever may read what is for everybody need not see the article in the making.
    article = Article.__table__.alias()
    query = (
        select(ArticleVersion, found.c.score)
        .join(article, and_(article.c.id == ArticleVersion.article_id, article.c.edition == ArticleVersion.number))
        .join(found, found.c.record_id == ArticleVersion.id)
        .where(Article.quotable(session, article.c))
        .order_by(found.c.score.desc(), ArticleVersion.id)
        .limit(most)
    )
    rows = session.execute(query).all()
    return [version for version, score in rows if score >= rows[0].score * WORTH]
