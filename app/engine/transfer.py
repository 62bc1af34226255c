"""Transfer: records come in as tables whose columns are the model's own fields; how they leave, `extracts` says.

An import is all or nothing. Every refused row is named by row, column and reason; a dry run does all of it and
takes it back. Numbers and past moments of an older ledger are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.engine import access, constraints, finding, history, import_runs, moments, numbers
from app.engine import record as records
from app.engine.column_maps import Assigned, ColumnMap, Row, assign
from app.engine.disclosure import settable_fields
from app.engine.fields import Field, fields_of
from app.engine.refusals import Invalid, Refused

#: So many faults, or suggestions, are told of; more help nobody.
MOST_TOLD = 1000
#: So many rows are looked up and stored together, and so many records they refer to are kept at hand.
STRETCH, REMEMBERED = 500, 10_000


@dataclass(frozen=True)
class Fault:
    """One refused cell: `row` counts from 1 below the heading as a spreadsheet shows it (the heading is row 1)."""

    row: int
    column: str
    reason: str


@dataclass
class Outcome:
    """What an import did or would do."""

    imported: int = 0
    faults: list[Fault] = field(default_factory=list)
    #: the cells of the refused rows, by row
    rows: dict[int, list[str]] = field(default_factory=dict)
    #: what may be there already: row and sentence; asked for in a dry run
    suggestions: list[tuple[int, str]] = field(default_factory=list)
    #: the import as it can be undone; None where nothing came in
    run: import_runs.ImportRun | None = None
    #: the table of a move-in the faults are of
    table: str = ""
    headings: list[str] = field(default_factory=list)

    def refuse(self, row: Row, refusal: Invalid, theirs: Mapping[str, str]) -> None:
        """Keep what is wrong with a row, under the names `theirs` has for our columns, and its cells."""
        self.rows[row.number] = row.cells
        self.faults += [
            Fault(row.number, theirs.get(name, name), sentence)
            for name, said in refusal.errors.items()
            for sentence in said
        ]

    @property
    def refused(self) -> int:
        return len({fault.row for fault in self.faults})

    @property
    def told(self) -> list[tuple[int, str, str]]:
        """The faults as row, column and reason."""
        return [(fault.row, fault.column, fault.reason) for fault in self.faults]


def import_rows(
    session: Session,
    model: type[records.Record],
    headings: list[str],
    rows: Iterable[list[str]],
    mapping: ColumnMap | None = None,
    *,
    create_missing: bool = False,
    source: str = "",
    run: import_runs.ImportRun | None = None,
    suggest: bool = False,
    leave_out: bool = False,
) -> Outcome:
    """Check and store all rows, or none: with faults the session is rolled back. The caller commits.

    Rows are taken over as they are: given numbers stand, missing ones are drawn; a state follows from the moments
    unless the sheet says it. `source` names the file, `run` an import of several tables this one belongs to. With
    `suggest` the outcome says what may be there already; with `leave_out` refused rows do not keep the others out.
    """
    if not access.current().may("import", model.kind_name):
        raise Refused(_("Your role does not allow you to import %(kind)s.", kind=model.label_plural))
    mapping = mapping or ColumnMap()
    fields = settable_fields(model)
    assigned = assign(headings, rows, mapping, fields)
    outcome = Outcome(headings=headings)
    with session.no_autoflush, history.act("import"):
        kept = import_runs.Keeper(session, source or str(model.label_plural), run)
        reader = _Reader(session, model, fields, mapping, create_missing, kept)
        given = mapping.arranged(headings, assigned.rows, assigned.first)
        try:
            for row, raw in reader.by_stretches((row, _raw(assigned, mapping, row)) for row in given):
                try:
                    if row.clashes:
                        raise Invalid({name: [sentence] for name, sentence in row.clashes.items()})
                    record = reader.record(reader.values(raw))
                    if suggest and len(outcome.suggestions) < MOST_TOLD:
                        outcome.suggestions += [(row.number, sentence) for sentence in record.suggestions(session)]
                    kept.add(record)
                    outcome.imported += 1
                except Invalid as refusal:
                    outcome.refuse(row, refusal, assigned.theirs)
                    if len(outcome.faults) >= MOST_TOLD:
                        leave_out = False
                        break
            if leave_out or not outcome.faults:
                outcome.run = kept.finish()
        except Invalid as refusal:
            outcome.faults.append(Fault(0, "", str(refusal)))
            leave_out = False
    if outcome.faults and not leave_out:
        session.rollback()
        outcome.imported, outcome.run = 0, None
    return outcome


def _raw(assigned: Assigned, mapping: ColumnMap, row: Row) -> dict[str, str]:
    """The cells of a row by our columns, with what the map says of every row."""
    return {**{ours: str(value) for ours, value in mapping.constants.items()}, **assigned.raw(row.cells)}


class _Reader:
    """Turns raw rows into records; what a stretch of them refers to is looked up together."""

    def __init__(
        self,
        session: Session,
        model: Any,
        fields: Mapping[str, Field],
        mapping: ColumnMap,
        create: bool,
        kept: import_runs.Keeper,
    ):
        self.session, self.model, self.fields, self.mapping, self.create = session, model, fields, mapping, create
        self.kept = kept
        self.found: dict[tuple[type, str], Any] = {}
        self.references = [one for one in fields.values() if one.kind == "reference"]
        self.distinct = constraints.distinct_columns(model)
        self.taken: dict[str, set[Any]] = {column: self._stored(column) for column in self.distinct}

    def _stored(self, column: str) -> set[Any]:
        with access.system():
            query = select(getattr(self.model, column)).execution_options(**access.with_deleted)
            return set(self.session.scalars(query))

    def by_stretches(self, rows: Iterator[tuple[Row, dict[str, str]]]) -> Iterator[tuple[Row, dict[str, str]]]:
        """The rows, what a stretch of them refers to looked up before it and their records stored after it."""
        while stretch := list(islice(rows, STRETCH)):
            self._look_up([raw for _row, raw in stretch])
            yield from stretch
            self.flush()

    def _look_up(self, raws: list[dict[str, str]]) -> None:
        if len(self.found) > REMEMBERED:
            self.found.clear()
        wanted: dict[Any, set[str]] = {}
        for one in self.references:
            given = {self.mapping.translate(one.name, raw[one.name]) for raw in raws if one.name in raw}
            for name in given:
                with suppress(ValueError):  # the row says so, when its turn comes
                    if (cleaned := one.clean(name)) is not None and (one.target, cleaned) not in self.found:
                        wanted.setdefault(one.target, set()).add(cleaned)
        for target, names in wanted.items():
            found = finding.by_names(self.session, target, names)
            self.found |= {(target, name): record for name, record in found.items()}

    def values(self, raw: Mapping[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for name, cell in raw.items():
            field_ = self.fields[name]
            try:
                text = self.mapping.translate(name, cell)
                if field_.kind == "moment" and name in self.mapping.formats and text.strip():
                    value: Any = moments.parse_moment(text, self.mapping.formats[name])
                else:
                    value = field_.clean(text)
                if value is not None and field_.kind == "reference":
                    value = self.reference(field_, value)
                if value is not None:
                    values[name] = value
            except ValueError as error:
                errors.setdefault(name, []).append(str(error))
        if errors:
            raise Invalid(errors)
        return values

    def reference(self, field_: Field, name: str) -> Any:
        target: Any = field_.target
        key = (target, name)
        if key not in self.found:
            try:
                self.found[key] = finding.by_name(self.session, target, name)
            except ValueError:
                if not self.create:
                    raise
                self.found[key] = self.created(target, name)
        return self.found[key]

    def created(self, target: Any, name: str) -> Any:
        wanted = {f.name for f in fields_of(target).values() if f.required and not _has_default(target, f)}
        if not target.natural_key or not wanted <= {target.natural_key, "name"}:
            raise ValueError(_("There is no %(kind)s “%(name)s”.", kind=target.label, name=name[:60]))
        made = target(**dict.fromkeys({target.natural_key, *(wanted & {"name"})}, name), taken_over=True)
        self.kept.add(made)
        return made

    def record(self, values: dict[str, Any]) -> Any:
        model = self.model
        errors: dict[str, list[str]] = {}
        record = model(**values, taken_over=True)
        take_over = getattr(record, "take_over", None)
        if take_over:
            take_over()
        record.prepare(self.session)
        for column, name in self.distinct.items():
            if (value := getattr(record, column)) is not None:
                if value in self.taken[column]:
                    other = constraints.twin(self.session, record, column)
                    if sentences := constraints.taken(record, column, other):
                        errors[name] = sentences
                self.taken[column].add(value)
        for name, field_ in self.fields.items():
            if field_.required and getattr(record, name) is None and getattr(record, field_.column) is None:
                if (model.numbered and name == model.numbered.field) or _has_default(model, field_):
                    continue
                errors.setdefault(name, []).append(_("Please fill in “%(field)s”.", field=field_.label))
        for name, sentence in record.check():
            errors.setdefault(name, []).append(sentence)
        if errors:
            raise Invalid(errors)
        return record

    def flush(self) -> None:
        numbered = self.model.numbered
        if numbered:
            bare = [r for r in self.session.new if isinstance(r, self.model) and getattr(r, numbered.field) is None]
            books: dict[tuple[str, str], list[Any]] = {}
            for record in bare:
                books.setdefault(record.series(), []).append(record)
            for (series, template), waiting in books.items():
                drawn = numbers.draw_many(self.session, series, template, len(waiting), yearly=numbered.yearly)
                for record, text in zip(waiting, drawn, strict=True):
                    setattr(record, numbered.field, text)
        constraints.flush_or_refuse(self.session)
        self.kept.write()


def _has_default(model: Any, field_: Field) -> bool:
    return inspect(model).columns[field_.column].default is not None
