"""Full-text search by terms: every two neighbouring Chinese characters, and every word of other writing.

A word of two characters is one term, so it is found as fast as any other, on every database and without an extension.
Whoever keeps texts to be found puts their terms down in the transaction that stores the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from math import log
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import Float, Index, Integer, Select, String, case, delete, func, insert, literal, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine.fulltext import HAN, searchable

_RUNS = re.compile(f"([{HAN}]+)|[^\\W_{HAN}]+")
#: the longest term kept; no word of an office is longer, and a key has to end somewhere
LONGEST = 40
#: a text says no more by repeating itself
_REPEATED = 3
#: as many terms of a question are looked for
_ASKED = 60


class SearchTerm(Model):
    """One term of one text, and how much it says about it. Written by `put_down` and `take_away` only."""

    __tablename__ = "search_term"
    __table_args__ = (Index("ix_search_term_record", "kind", "record_id"),)

    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    term: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)
    record_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    weight: Mapped[int] = mapped_column(Integer)


def terms_of(text: str) -> list[str]:
    """The terms of a text in their order, repeated ones too: `医保卡 App` has 医保, 保卡 and app."""
    found: list[str] = []
    for run in _RUNS.finditer(searchable(text)):
        word = run.group()
        if run.group(1) and len(word) > 1:
            found += [word[n : n + 2] for n in range(len(word) - 1)]
        else:
            found.append(word[:LONGEST])
    return found


def put_down(session: Session, kind: str, record_id: int, texts: Iterable[tuple[str | None, int]]) -> None:
    """Let a record be found by these texts, each with what a term of it weighs; what stood there before goes."""
    weights: Counter[str] = Counter()
    for text, weight in texts:
        for term, times in Counter(terms_of(text or "")).items():
            weights[term] += weight * min(times, _REPEATED)
    take_away(session, kind, record_id)
    if weights:
        rows = [{"kind": kind, "record_id": record_id, "term": t, "weight": w} for t, w in sorted(weights.items())]
        session.execute(insert(SearchTerm), rows)


def take_away(session: Session, kind: str, record_id: int) -> None:
    """Let a record no longer be found."""
    session.execute(delete(SearchTerm).where(SearchTerm.kind == kind, SearchTerm.record_id == record_id))


def scores(session: Session, kind: str, words: str) -> Select[Any] | None:
    """The keys of records that have to do with `words`, as `record_id`, with their `score`; None: no term is known.

    A rare term says more than a common one. One query is made; the answer is another, to be joined as a subquery.
    """
    asked = list(dict.fromkeys(terms_of(words)))[:_ASKED]
    if not asked:
        return None
    row = SearchTerm.__table__.c
    mine = row.kind == kind, row.term.in_(asked)
    counts = select(row.term, func.count()).where(*mine).group_by(row.term)
    known: dict[str, int] = {term: count for term, count in session.execute(counts)}  # noqa: C416
    if not known:
        return None
    most = max(known.values())
    worth = case(
        {term: literal(log(1 + most / count), Float) for term, count in known.items()}, value=row.term, else_=0.0
    )
    return select(row.record_id, func.sum(row.weight * worth).label("score")).where(*mine).group_by(row.record_id)


def excerpt(text: str, words: str, length: int = 80) -> str:
    """The stretch of a text around the first term of `words` in it, in one line; else its beginning."""
    line = " ".join(text.split())
    low = line.casefold()
    places = [at for term in terms_of(words) if (at := low.find(term)) >= 0]
    start = max(0, min(places, default=0) - length // 4)
    cut = line[start : start + length]
    return f"{'…' if start else ''}{cut}{'…' if start + length < len(line) else ''}"
