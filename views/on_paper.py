"""How the values of records stand on the office's forms, and what stands there for those who may not know them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from app.engine.disclosure import WITHHELD, knows, value_of
from app.engine.fields import fields_of
from app.engine.moments import at_office, local, today
from app.engine.paper.description import Column, chinese_date
from app.web import cells
from models import prints

#: Stand where the reader may not know the words, and where the house keeps none.
NOT_FOR_YOU = "（内容按权限不予显示）"
ON_PAPER = "（原件另行保管，此处不录内容）"


def columns(heads: tuple[tuple[str, float], ...], figures: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """The columns of a table; those with the heads `figures` are set to the right."""
    return tuple(Column(head, width, head in figures) for head, width in heads)


def choice(record: Any, name: str) -> str:
    return fields_of(type(record))[name].choice_label(getattr(record, name))


def shown(record: Any, name: str) -> str:
    """A field as its reader may know it, in the words of the pages: a telephone number in part."""
    field = fields_of(type(record))[name]
    return cells.words(field, value_of(record, field))


def figures(amount: Decimal) -> str:
    """An amount in yuan: `-1,234.50`."""
    return f"{amount:,.2f}"


def day(moment: datetime | None) -> str:
    return chinese_date(local(moment)) if moment else ""


def short(moment: datetime | None) -> str:
    return local(moment).strftime("%m-%d %H:%M") if moment else ""


def start_of_today() -> datetime:
    return local(at_office(today()))


def content_of(record: Any, name: str, secrecy: str) -> str:
    """A field that is content, as far as it may stand on paper."""
    if prints.without_content(secrecy):
        return ON_PAPER
    value = value_of(record, fields_of(type(record))[name])
    return NOT_FOR_YOU if value is WITHHELD else value or ""


def is_open(document: Any) -> bool:
    """Whether the content of a document may stand on paper for whoever prints."""
    return knows(document) and not prints.without_content(document.secrecy)
