"""Extracts: the rows of a kind as they leave the house, a stretch at a time and column by column.

What one may know is asked for beside the columns, in the same query; no record is made for a row, which would cost
more than all its cells. Memory stays flat however many rows come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine.columns import Column
from app.engine.disclosure import WITHHELD, gates, known_fields, shown, value_of
from app.engine.fields import Field, fields_of

#: a stretch of one column
Cells = Sequence[Any]

STRETCH = 1_000
#: So many names of other records are kept at a time.
KEPT = 50_000

_KINDS = {
    "line": "text", "prose": "text", "number": "number_text", "integer": "integer", "quantity": "quantity",
    "price": "price", "money": "money", "rate": "percent", "date": "date", "moment": "moment", "flag": "bool",
    "choice": "choice", "reference": "text", "rich": "text",
}  # fmt: skip


def export_columns(model: Any) -> list[Column]:
    """The columns of an export: the model's fields, labelled in the reader's language."""
    return [column_of(field) for field in known_fields(model).values()]


def column_of(field: Field) -> Column:
    """A field as a column of a table that leaves the house."""
    return Column(field.name, field.label, _KINDS[field.kind])  # type: ignore[arg-type]


def cell_of(record: Any, field: Field) -> Any:
    """A field of one record, loaded already, as the current actor may take it out: in full, masked, or nothing."""
    value = value_of(record, field)
    if value is WITHHELD or value is None:
        return None
    if field.kind == "reference":
        return getattr(value, value.natural_key) if value.natural_key else str(value.id)
    if field.kind == "choice":
        return field.choice_label(value)
    return field.words(value) or None if field.kind == "rich" else value


def export_rows(session: Session, model: Any, query: Any) -> Iterator[tuple[Any, ...]]:
    """The rows `query`, a select of the model, finds for the current actor; of what is withheld, None."""
    fields = list(known_fields(model).values())
    barriers = gates(model)
    asked = [getattr(model, field.column) for field in fields] + [condition for condition, _names in barriers]
    found = session.execute(query.with_only_columns(*asked), execution_options={"yield_per": STRETCH})
    names: dict[Any, _Names] = {}
    words = [_words(session, field, names) for field in fields]
    for rows in found.partitions(STRETCH):
        columns: list[Cells] = list(zip(*rows, strict=True))
        cells, told = columns[: len(fields)], columns[len(fields) :]
        for (_condition, behind_it), known in zip(barriers, told, strict=True):
            cells = [
                _where(known, column) if field.name in behind_it else column
                for field, column in zip(fields, cells, strict=True)
            ]
        yield from zip(*(put(column) for put, column in zip(words, cells, strict=True)), strict=True)


def _where(known: Cells, cells: Cells) -> Cells:
    return [cell if told else None for cell, told in zip(cells, known, strict=True)]


def _words(session: Session, field: Field, names: dict[Any, _Names]) -> Callable[[Cells], Cells]:
    """A function from a stretch of a column to what a sheet has for it."""
    if field.kind == "reference":
        return names.setdefault(field.target, _Names(session, field.target)).of
    if field.kind == "choice":
        called = {value: str(label) for value, label in (field.choices or {}).items()}  # translated once, not by row
        return lambda cells: [called.get(cell, cell) for cell in cells]
    if field.kind == "rich":
        return lambda cells: [field.words(cell) or None if cell else None for cell in cells]
    if field.masked:
        return lambda cells: [shown(field, cell) for cell in cells]
    return lambda cells: cells


class _Names:
    """What the records of a kind are called that others refer to, as far as the current actor sees them."""

    def __init__(self, session: Session, target: Any):
        self.session, self.target = session, target
        key = fields_of(target)[target.natural_key].column if target.natural_key else "id"
        self.query = select(target.id, getattr(target, key))
        self.kept: dict[int | None, str | None] = {None: None}

    def of(self, keys: Cells) -> Cells:
        """The name of each, None for one that is hidden."""
        if len(self.kept) > KEPT:
            self.kept = {None: None}
        if missing := set(keys) - self.kept.keys():
            found = self.session.execute(self.query.where(self.target.id.in_(missing)))
            self.kept |= dict.fromkeys(missing) | {key: None if name is None else str(name) for key, name in found}
        return [self.kept[key] for key in keys]
