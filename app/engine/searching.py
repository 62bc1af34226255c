"""Searching: what a record is found by, and the query for records in which all words are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, false, inspect, or_
from sqlalchemy.orm import Session

from app.engine import access, fulltext, phones
from app.engine.disclosure import guarded, known_content
from app.engine.fields import fields_of, storable
from app.engine.fulltext import searchable

#: So many characters of a question count.
ASKED = 100


def search_text_of(record: Any) -> str:
    """What the search box finds a record by; the content of one that is not `indexed` stays out."""
    model: Any = type(record)
    secret = () if record.indexed() else model.content_fields
    found_by = [f for f in fields_of(model).values() if f.search and f.name not in secret]
    new = inspect(record).transient
    found = ((f, record.__dict__.get(f.column) if new else getattr(record, f.column)) for f in found_by)
    return searchable("\n".join(f.words(value) for f, value in found if value is not None))


def matching(query: Any, model: Any, words: str) -> Any:
    """`query` for the records in which all the words of a search are found (`fulltext`); signs say nothing.

    Where somebody may not know the content of a record, its number alone finds it. A telephone number in full finds
    the records that bear it.
    """
    if (known := phones.bearing(model, words)) is not None:
        return query.where(guarded(model, phones.dialled(model)[0].name, model.id.in_(known)))
    asked = fulltext.phrases(searchable(words[:ASKED]))
    if asked == ():
        return query
    if asked is None or not fulltext.searched(model):
        return query.where(false())
    found = model.id.in_(fulltext.found(model, asked))
    if model.content_fields and not access.current().everything:
        found = and_(found, _content_or_number(model, asked))
    return query.where(found)


def _content_or_number(model: Any, asked: tuple[fulltext.Phrase, ...]) -> ColumnElement[bool]:
    if not fulltext.named_by(model):
        return known_content(model)
    return or_(known_content(model), model.id.in_(fulltext.found(model, asked, "number")))


def called(model: Any, words: str) -> ColumnElement[bool] | None:
    """The SQL condition of the record whose number or name is just these words; None where the kind has none."""
    name, said = fulltext.named_by(model), words[:ASKED].replace("\x00", " ").strip()
    if not name or not said or not storable(said):
        return None
    written = {form for text in (said, searchable(said)) for form in (text, text.upper())}
    return guarded(model, name, getattr(model, name).in_(sorted(written)))


def foremost(session: Session, query: Any, model: Any, words: str, rows: Sequence[Any]) -> list[Any]:
    """The first `rows` of a search, before them the record whose number or name is just these words, of `query` too."""
    exact = called(model, words) if rows else None
    first = list(session.scalars(query.where(exact).limit(1))) if exact is not None else []
    return [*first, *(row for row in rows if row not in first)]
