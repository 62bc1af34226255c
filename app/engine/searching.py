"""Searching: text as the search box compares it, and the query for records in which all words are found."""

from __future__ import annotations

import unicodedata
from typing import Any

from sqlalchemy import and_, func, inspect, or_

from app.engine import access, phones
from app.engine.disclosure import guarded, known_content
from app.engine.fields import fields_of


def searchable(text: str) -> str:
    """Text as the search box compares it: width, case and spaces do not matter, nor what no text can hold."""
    return " ".join(unicodedata.normalize("NFKC", text.replace("\x00", " ")).casefold().split())


def search_text_of(record: Any) -> str:
    """What the search box finds a record by; the content of one that is not `indexed` stays out."""
    model: Any = type(record)
    secret = () if record.indexed() else model.content_fields
    found_by = [f for f in fields_of(model).values() if f.search and f.name not in secret]
    new = inspect(record).transient
    found = ((f, record.__dict__.get(f.column) if new else getattr(record, f.column)) for f in found_by)
    return searchable("\n".join(f.words(value) for f, value in found if value is not None))


def matching(query: Any, model: Any, words: str) -> Any:
    """`query` for the records in which all the words of a search are found; `%` and `_` mean themselves.

    Where somebody may not know the content of a record, its number alone finds it. A telephone number in full finds
    the records that bear it.
    """
    if (known := phones.bearing(model, words)) is not None:
        return query.where(guarded(model, phones.dialled(model)[0].name, model.id.in_(known)))
    for word in searchable(words[:100]).split():
        found = model.search_text.contains(word, autoescape=True)
        if model.content_fields and not access.current().everything:
            found = and_(found, known_content(model))
            if model.natural_key:
                number = func.lower(getattr(model, model.natural_key))
                found = or_(found, number.contains(word, autoescape=True))
        query = query.where(found)
    return query
