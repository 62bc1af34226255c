"""Imports as they can be undone: what came in together, by whom, out of which file; and taking all of it back.

Nothing is taken back by halves: where one record was changed since, or something else refers to it, all stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    delete,
    exists,
    false,
    func,
    insert,
    inspect,
    select,
    true,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from app.engine import access, fields, history
from app.engine import record as records
from app.engine.access import Actor
from app.engine.history import HistoryEntry, Key
from app.engine.moments import local, now
from app.engine.numbers import void_drawn
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Flow, State, Workflow

#: Roles that see every import; everybody else sees their own.
SEE_ALL = ("administrator", "office_manager", "auditor")
#: What the history calls changes that do not keep an import from being undone: those of imports themselves.
OWN_ACTS = ("import", "undo_import")
BATCH = 500


def may_undo(run: ImportRun, actor: Actor) -> bool:
    mine = run.actor_id == actor.id or actor.has(*SEE_ALL)
    return mine and all(actor.may("import", kind) for kind in run.kind_names)


class ImportRun(Workflow, Model):
    """One import: a table, or the tables of a whole old house, taken in together."""

    __tablename__ = "import_run"
    kind_name = "import_runs"
    label, label_plural = _l("Import"), _l("Imports")

    flow = Flow(
        State("done", _l("Taken in"), "good", settled=True),
        State("undone", _l("Undone"), "neutral", final=True, uncounted=True),
    )

    file_name: Mapped[str] = fields.line(_l("File name"), 255, required=True, search=True)
    #: names of kinds, with commas
    kinds: Mapped[str] = fields.line(_l("What came in"), 500, required=True)
    imported_at: Mapped[datetime] = fields.moment(_l("Imported at"), required=True, index=True, derived=True)
    imported_by: Mapped[str | None] = fields.line(_l("Imported by"), 200, derived=True)
    taken_in: Mapped[int] = fields.integer(_l("Records taken in"), required=True, default=0, derived=True)
    reason: Mapped[str | None] = fields.prose(_l("Why it was undone"), derived=True)
    #: the account; none for the machine room's own
    actor_id: Mapped[int | None] = mapped_column(index=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        if actor.has(*SEE_ALL):
            return true()
        return cls.actor_id == actor.id if actor.id is not None else false()

    @property
    def kind_names(self) -> list[str]:
        return [name for name in self.kinds.split(",") if name]

    def prepare(self, session: Session) -> None:
        self.imported_at = self.imported_at or now()

    def counted(self, session: Session) -> Iterator[tuple[Any, str]]:
        known = records.kinds()
        yield _l("Kinds of record"), ", ".join(str(known[n].label_plural) for n in self.kind_names if n in known)

    def __str__(self) -> str:
        moment = f"{local(self.imported_at):%Y-%m-%d %H:%M}" if self.imported_at else ""
        return f"{self.file_name} {moment}".strip()

    @flow.step("done", to="undone", label=_l("Undo the import"), who=may_undo, tone="danger")
    def undo(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Every record that came in, or was made along with it, is deleted again; numbers drawn for them are void."""
        session = object_session(self)
        assert session is not None
        _refuse_changed(session, self)
        _refuse_referred(session, self)
        _delete(session, self, _("Import “%(file)s” undone: %(reason)s", file=self.file_name, reason=reason))
        self.reason = reason


class ImportRow(Model):
    """One record that came in with an import."""

    __tablename__ = "import_row"
    __table_args__ = (Index("ix_import_row_record", "record_kind", "record_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), index=True)
    record_kind: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column()


_ROW = inspect(ImportRow).local_table


class Keeper:
    """Adds the records of an import to the session, and keeps which they were as soon as they have keys.

    The run is made with the first of them; `run` is one that other tables have begun.
    """

    def __init__(self, session: Session, source: str, run: ImportRun | None = None):
        self.session, self.source, self.run = session, source, run
        self.waiting: list[Any] = []
        self.count = 0
        self.kinds: dict[str, None] = {}

    def add(self, record: Any) -> None:
        self.session.add(record)
        self.waiting.append(record)

    def write(self) -> None:
        """After a flush: note the records that have been stored by it."""
        if not self.waiting:
            return
        if self.run is None:
            doer = history.doer()
            self.run = ImportRun(
                file_name=Path(self.source).name[:255],
                kinds=self.waiting[-1].kind_name,
                imported_at=now(),
                imported_by=doer.name,
                actor_id=doer.id,
            )
            self.session.add(self.run)
            self.session.flush()
        rows = [{"run_id": self.run.id, "record_kind": r.kind_name, "record_id": r.id} for r in self.waiting]
        self.session.execute(insert(_ROW), rows)
        self.count += len(rows)
        self.kinds.update(dict.fromkeys(row["record_kind"] for row in rows))
        self.waiting.clear()

    def finish(self) -> ImportRun | None:
        """Say on the run what came in; None where nothing did."""
        if self.run is not None and self.count:
            self.run.kinds = ",".join(dict.fromkeys([*self.run.kind_names, *self.kinds]))
            self.run.taken_in = (self.run.taken_in or 0) + self.count
            self.session.flush()
        return self.run


def _of(run: ImportRun, kind: str) -> Any:
    """The keys of a run's records of one kind, as a subquery."""
    return select(_ROW.c.record_id).where(_ROW.c.run_id == run.id, _ROW.c.record_kind == kind)


def _refuse_changed(session: Session, run: ImportRun) -> None:
    entry = inspect(HistoryEntry).local_table.c
    changed = exists().where(
        entry.kind == _ROW.c.record_kind, entry.record_id == _ROW.c.record_id, entry.action.not_in(OWN_ACTS)
    )
    count, first = session.execute(
        select(func.count(), func.min(_ROW.c.id)).where(_ROW.c.run_id == run.id, changed)
    ).one()
    if count:
        row = session.get_one(ImportRow, first)
        raise StepRefused(
            _(
                "%(count)s records of the import have been changed since, the first is %(record)s; nothing was"
                " deleted.",
                count=count,
                record=_called(session, row.record_kind, row.record_id),
            )
        )


def _refuse_referred(session: Session, run: ImportRun) -> None:
    for kind, own, other in _referring(run):
        mine = exists().where(
            _ROW.c.run_id == run.id, _ROW.c.record_kind == kind, _ROW.c.record_id == inspect(other).local_table.c.id
        )
        table = inspect(other).local_table
        count, first = session.execute(select(func.count(), func.min(table.c.id)).where(own, ~mine)).one()
        if count:
            raise StepRefused(
                _(
                    "%(count)s other records refer to records of the import, the first is %(record)s; nothing was"
                    " deleted.",
                    count=count,
                    record=_called(session, kind, first),
                )
            )


def _referring(run: ImportRun) -> Iterator[tuple[str, Any, Any]]:
    """Every way in which a record can refer to one of the run's: kind, condition and class of the referring record."""
    known = records.kinds()
    tables = {inspect(known[name]).local_table: name for name in run.kind_names if name in known}
    for kind, model in known.items():
        table = inspect(model).local_table
        for key in table.foreign_keys:
            if key.column.table in tables:
                yield kind, key.parent.in_(_of(run, tables[key.column.table])), model
        if {"record_kind", "record_id"} <= set(table.c.keys()):  # files, which hang on any kind
            for name in tables.values():
                yield kind, (table.c.record_kind == name) & table.c.record_id.in_(_of(run, name)), model


def _called(session: Session, kind: str, key: int) -> str:
    model: Any = records.kinds()[kind]
    found = session.scalars(select(model).where(model.id == key), execution_options=access.with_deleted).one_or_none()
    return f"{model.label} “{found}”" if found is not None else f"{model.label} {key}"


def _delete(session: Session, run: ImportRun, why: str) -> None:
    """Delete the run's records, the last one first, some at a time; the history tells of each."""
    known = records.kinds()
    last = _ROW.c.run_id == run.id
    while batch := session.execute(select(_ROW).where(last).order_by(_ROW.c.id.desc()).limit(BATCH)).all():
        keys = defaultdict(list)
        for row in batch:
            keys[row.record_kind].append(row.record_id)
        with history.act("undo_import", reason=why):
            for kind, ids in keys.items():
                model: Any = known[kind]
                query = select(model).where(model.id.in_(ids))
                found = session.scalars(query, execution_options=access.with_deleted).all()
                _void_numbers(session, model, found, why)
                for record in found:
                    session.delete(record)
            session.flush()
        session.execute(delete(_ROW).where(_ROW.c.id.in_([row.id for row in batch])))


def _void_numbers(session: Session, model: Any, found: Any, why: str) -> None:
    if model.numbered:
        drawn = defaultdict(list)
        for record in found:
            drawn[record.series()[0]].append(getattr(record, model.numbered.field))
        for series, texts in drawn.items():
            void_drawn(session, series, texts, why)
