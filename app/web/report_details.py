"""The sheet of details in a report's workbook: the rows behind its figures, as many as they say.

A record stands there by its name, its state and the moment by which it counts; whoever may export its kind has the
columns of its list beside these, masked and withheld as there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access, references
from app.engine.behind import STRIDE, Behind, Line
from app.engine.columns import Column, is_figure
from app.engine.disclosure import known_fields, learn
from app.engine.extracts import cell_of, column_of, state_column
from app.engine.fields import Field
from app.engine.periods import period_of
from app.engine.report_answers import Answer
from app.engine.workbook import Sheet
from app.web.kind import VIEWS

#: The figures of which a sheet says how much each line adds; shares and medians are of what stands in these.
ADDED = ("integer", "money", "quantity", "price")


def details(session: Session, answer: Answer) -> list[Sheet]:
    """The rows behind the figures, on sheets of their own; none of a report that is a list itself."""
    tally = answer.report.tally(answer.parameters.get("of"))
    if tally is None:
        return list(_counted(session, answer))
    query = tally.behind(period_of(answer.parameters), answer.chosen, tally.figures[0].name)
    fields = _natural(tally.model)
    cells = [cell_of(field) for field in fields]
    query = query.options(*_loaded(tally.model, fields)).execution_options(yield_per=STRIDE)

    def rows() -> Iterator[list[Any]]:
        with session.execute(query) as found:
            for batch in found.partitions(STRIDE):
                learn(session, [record for record, _at, _worth in batch])
                for record, at, _worth in batch:
                    yield _cells(record, at, cells)

    return [Sheet(_("Line by line"), _heads(tally.model, fields), rows())]


def rows_of(answer: Answer) -> int:
    """About how many rows the workbook of a report has: its own, and those behind its figures."""
    tally = answer.report.tally(answer.parameters.get("of"))
    if tally is not None:
        return len(answer.rows) + _sum(answer, tally.figures[0].name)
    kinds = {column.name: column.kind for column in answer.columns}
    return len(answer.rows) + sum(
        max((_sum(answer, name) for name in rows.figures if kinds.get(name) == "integer"), default=0)
        for rows in answer.behind
    )


def _sum(answer: Answer, name: str) -> int:
    return int(sum(row[name] for row in answer.rows if is_figure(row[name])))


def _counted(session: Session, answer: Answer) -> Iterator[Sheet]:
    columns = {column.name: column for column in answer.columns}
    keys = [columns[name] for name in answer.told_by]
    labels = answer.report.labels
    several = len({rows.model for rows in answer.behind}) > 1
    for model, figures, lines in Behind(session, answer).kinds():
        added = [columns[name] for name in figures if name in columns and columns[name].kind in ADDED]
        measures = {one.name: one for rows in answer.behind if rows.model is model for one in rows.measures}
        fields = _natural(model)
        cells = [cell_of(field) for field in fields]
        title = f"{_('Line by line')} {model.label_plural}" if several else _("Line by line")

        def rows(
            lines: Iterator[Line] = lines, model: Any = model, fields: list[Field] = fields,
            cells: list[Callable[[Any], Any]] = cells, added: list[Column] = added, measures: Iterable[str] = measures,
        ) -> Iterator[list[Any]]:  # fmt: skip
            for line, record in _records(session, model, fields, lines):
                group = [str(labels.get(c.name, {}).get(word, word)) for c, word in zip(keys, line.key, strict=True)]
                worth = [line.worth.get(column.name) for column in added]
                measured = [line.measured.get(name) for name in measures]
                yield [*group, *_cells(record, line.at, cells), *worth, *measured]

        told = [Column(f"group_{column.name}", column.label, "text") for column in keys]
        sums = [Column(f"adds_{c.name}", c.label, c.kind, unit=c.unit, total=True) for c in added]
        yield Sheet(title, [*told, *_heads(model, fields), *sums, *measures.values()], rows())


def _records(session: Session, model: Any, fields: list[Field], lines: Iterator[Line]) -> Iterator[tuple[Line, Any]]:
    """Each line with its record, some hundred at a time."""
    while batch := list(islice(lines, STRIDE)):
        query = select(model).where(model.id.in_({line.id for line in batch})).options(*_loaded(model, fields))
        found = {record.id: record for record in session.scalars(query)}
        learn(session, found.values())
        for line in batch:
            yield line, found[line.id]


def _natural(model: Any) -> list[Field]:
    """The fields of a kind that its list shows, for who may take them out of the house."""
    view = VIEWS.get(model)
    if view is None or not access.current().may("export", model.kind_name):
        return []
    known, told = known_fields(model), (model.natural_key, "state")
    return [known[name] for name in view.list_columns if name in known and name not in told]


def _loaded(model: Any, fields: Iterable[Field]) -> list[Any]:
    return references.options(model, {*model.named_by, *(field.name for field in fields)})


def _heads(model: Any, fields: Iterable[Field]) -> list[Column]:
    return [
        Column("record", model.label, "text"),
        state_column(model, _l("State")) if hasattr(model, "flow") else Column("state", _l("State"), "text"),
        Column("at", _l("Counted by"), "moment"), *(column_of(field) for field in fields),
    ]  # fmt: skip


def _cells(record: Any, at: datetime | None, cells: Iterable[Callable[[Any], Any]]) -> list[Any]:
    state = str(getattr(record, "state_label", "") or "")
    return [named(record), state, at, *(cell(record) for cell in cells)]


def named(record: Any) -> str:
    """What a record is called to those who may see its line: by its number where its title is for fewer.

    A draft has none yet: by its kind and key.
    """
    key = record.natural_key if type(record).content_fields else None
    return str((getattr(record, key) or f"{record.label} {record.id}") if key else record)
