"""Extracts: the rows of a kind as they leave the house, a stretch at a time and column by column.

What one may know is asked for beside the columns, in the same query; no record is made for a row, which would cost
more than all its cells. Memory stays flat however many rows come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import tzinfo
from functools import partial
from typing import Any

from sqlalchemy import Dialect, inspect, select
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.engine import access
from app.engine.columns import Column
from app.engine.csv import Written, field_of
from app.engine.database import among_keys, as_stored
from app.engine.disclosure import WITHHELD, gates, known_fields, outward, shown, value_of
from app.engine.fields import Field, fields_of
from app.engine.moments import clock_texts

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
    return [
        state_column(model, field.label) if field.name == "state" and hasattr(model, "flow") else column_of(field)
        for field in known_fields(model).values()
    ]


def state_column(model: Any, label: Any) -> Column:
    """The states of a kind that goes a way, in words; rows that ended without counting are struck through."""
    ended = [state.label for state in model.flow.states.values() if state.final and state.uncounted]
    return Column("state", label, "choice", struck=ended)


def column_of(field: Field) -> Column:
    """A field as a column of a table that leaves the house."""
    return Column(field.name, field.label, _KINDS[field.kind])  # type: ignore[arg-type]


def cell_of(field: Field) -> Callable[[Any], Any]:
    """A function from a loaded record to its field as the current actor may take it out: in full, masked, or None."""
    word = _named if field.kind == "reference" else _word(field)

    def cell(record: Any) -> Any:
        value = value_of(record, field)
        if value is WITHHELD or value is None:
            return None
        return word(value) if word else value

    return cell


def _named(record: Any) -> Any:
    return getattr(record, record.natural_key) if record.natural_key else str(record.id)


def export_rows(session: Session, model: Any, query: Any) -> Iterator[tuple[Any, ...]]:
    """The rows `query`, a select of the model, finds for the current actor; of what is withheld, None."""
    readers = _readers(session, model)
    for cells in _stretches(session, model, query):
        yield from zip(*(reader.values(column) for reader, column in zip(readers, cells, strict=True)), strict=True)


def export_texts(session: Session, model: Any, query: Any, zone: tzinfo) -> Iterator[tuple[str, ...]]:
    """The same rows as CSV has them (`csv_texts`), each stored value read and put into words once."""
    columns, readers = export_columns(model), _readers(session, model)
    texts = [_text(column, reader, zone) for column, reader in zip(columns, readers, strict=True)]
    for cells in _stretches(session, model, query):
        for reader, column in zip(readers, cells, strict=True):
            reader.prepare(column)
        yield from zip(*(text(column) for text, column in zip(texts, cells, strict=True)), strict=True)


def _text(column: Column, reader: _Reader, zone: tzinfo) -> Callable[[Cells], Iterable[str]]:
    """From what is stored in a stretch to the texts of its cells: most columns repeat themselves, but for moments."""
    if column.kind == "moment":
        return clock_texts(zone)
    field, read = field_of(column, zone), reader.read
    text = (lambda stored: field(read(stored))) if reader.reads else field
    return partial(map, text if reader.unique else Written(text).__getitem__)


def _stretches(session: Session, model: Any, query: Any) -> Iterator[list[Cells]]:
    """The columns of a stretch of rows as the database hands them over, without what is withheld."""
    fields = list(known_fields(model).values())
    with outward():
        barriers = gates(model)
    columns = [getattr(model, field.column) for field in fields]
    asked = [*map(as_stored, columns), *(condition for condition, _names in barriers)]
    found = access.values(session, query.with_only_columns(*asked), yield_per=STRETCH)
    for rows in found.partitions(STRETCH):
        found_cells: list[Cells] = list(zip(*rows, strict=True))
        cells, told = found_cells[: len(fields)], found_cells[len(fields) :]
        for (_condition, behind_it), known in zip(barriers, told, strict=True):
            cells = [
                _where(known, column) if field.name in behind_it else column
                for field, column in zip(fields, cells, strict=True)
            ]
        yield cells


def _reading(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What makes of a value as the driver hands it over the one a record would have; None: nothing is to be done."""
    if isinstance(kind, TypeDecorator) and dialect.name != "sqlite":  # its driver has decimals and moments
        return partial(kind.process_result_value, dialect=dialect)
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _where(known: Cells, cells: Cells) -> Cells:
    return [cell if told else None for cell, told in zip(cells, known, strict=True)]


def _readers(session: Session, model: Any) -> list[_Reader]:
    names: dict[Any, _Names] = {}
    return [_Reader(session, model, field, names) for field in known_fields(model).values()]


class _Reader:
    """Reads one column: from what is stored to what a sheet has for it."""

    def __init__(self, session: Session, model: Any, field: Field, names: dict[Any, _Names]):
        self._names = names.setdefault(field.target, _Names(session, field.target)) if field.target else None
        self._stored = _reading(inspect(model).columns[field.column].type, session.get_bind().dialect)
        self.unique = field.name == model.natural_key  # no value comes twice
        masked = partial(shown, field) if field.masked else None
        self._word = self._names.called if self._names else masked or _word(field)

    @property
    def reads(self) -> bool:
        """Whether a sheet has anything else for a value than what is stored."""
        return self._stored is not None or self._word is not None

    def prepare(self, cells: Cells) -> None:
        """Find out together what the cells of a stretch need."""
        if self._names:
            self._names.learn(cells)

    def read(self, stored: Any) -> Any:
        """The value in a sheet, of a cell whose stretch is prepared."""
        value = self._stored(stored) if self._stored else stored
        return self._word(value) if self._word and value is not None else value

    def values(self, cells: Cells) -> Cells:
        """A stretch of the column in a sheet."""
        self.prepare(cells)
        return [self.read(cell) for cell in cells] if self.reads else cells


def _word(field: Field) -> Callable[[Any], Any] | None:
    """What a sheet has for a value, where that is not the value."""
    if field.kind == "choice":
        called = {value: str(label) for value, label in (field.choices or {}).items()}  # translated once, not by row
        return lambda value: called.get(value, value)
    return (lambda value: field.words(value) or None) if field.kind == "rich" else None


class _Names:
    """What the records of a kind are called that others refer to, as far as the current actor sees them."""

    def __init__(self, session: Session, target: Any):
        self.session, self.target = session, target
        key = fields_of(target)[target.natural_key].column if target.natural_key else "id"
        self.query = select(target.id, getattr(target, key))
        self.kept: dict[int, Any] = {}

    def learn(self, keys: Cells) -> None:
        """Find the names of these records together, as far as they are not known."""
        if len(self.kept) > KEPT:
            self.kept = {}
        kept = self.kept
        if missing := {key for key in set(keys) if key is not None and key not in kept}:
            found = access.values(self.session, self.query.where(among_keys(self.target.id, missing)))
            kept |= dict.fromkeys(missing)
            kept |= found.all()

    def called(self, key: int) -> str | None:
        """The name of one of those, None for one that is hidden."""
        name = self.kept[key]
        return None if name is None else str(name)
