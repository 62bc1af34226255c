"""The history: what changed, before and after, by whom and why; append-only and chained by hash.

An entry is written in the transaction of the change, by the session itself, so no way of writing can forget it. Each
record has a chain of its own: an entry holds the digest of the one before, and folding a chain gives the record's
present values. `verify` therefore notices an entry altered or removed as well as a row changed behind the app's back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import BigInteger, Index, Integer, String, Text, UniqueConstraint, event, insert, inspect, select
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column

from app.engine import access
from app.engine.changes import changed, past
from app.engine.database import by_key, keys_table
from app.engine.moments import Moment, now
from app.engine.refusals import Refused

#: Columns that say nothing about the matter: they follow from the others.
SILENT = frozenset({"version", "changed_at", "search_text"})
#: the `info` of a mapped column that follows from others of its row, of which the history tells
FOLLOWS = {"follows": True}

Key = BigInteger().with_variant(Integer, "sqlite")


class HistoryEntry(Model):
    """One change of one record. Written by `_write_history` only."""

    __tablename__ = "history_entry"
    __table_args__ = (
        UniqueConstraint("kind", "record_id", "position"),
        Index("ix_history_entry_actor", "actor_id", "kind", "at"),  # what somebody did lately
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Moment, index=True)
    actor_id: Mapped[int | None] = mapped_column(Integer)
    actor_name: Mapped[str] = mapped_column(String(200))
    acting_for: Mapped[str | None] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(String(40))
    changes: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))

    @property
    def fields(self) -> dict[str, list[Any]]:
        """Field name -> [before, after], as JSON values."""
        return json.loads(self.changes)


@dataclass(frozen=True)
class Act:
    """What is being done, for the entries written meanwhile."""

    action: str = ""
    reason: str | None = None
    acting_for: str | None = None
    actor: access.Actor | None = None
    #: the records an entry has been written of: kind and key
    told: set[tuple[str, int]] = field(default_factory=set, compare=False)


NOTHING = Act()
_act: ContextVar[Act] = ContextVar("act", default=NOTHING)
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


@contextmanager
def act(action: str, reason: str | None = None, acting_for: str | None = None) -> Iterator[None]:
    """Name what is being done; the innermost person who asked stays the actor, even where the system acts for them.

    Raises `TypeError` for a reason that is no text: the database would keep another value than the digest is taken of.
    """
    if not isinstance(reason, str | None):
        raise TypeError(f"a reason is a text, not {reason!r}")
    outer = _act.get()
    actor = access.current() if access.current() is not access.SYSTEM else (outer.actor or access.SYSTEM)
    token = _act.set(Act(action, reason or outer.reason, acting_for or outer.acting_for, actor))
    try:
        yield
    finally:
        _act.reset(token)


def doer() -> access.Actor:
    """The person whose act it is, also inside a step's effect, where the system acts for them."""
    return _act.get().actor or access.current()


_AS_IT_IS = frozenset({str, int, bool, type(None)})


def plain(value: Any) -> Any:
    """A column's value as JSON keeps it: a moment in UTC, as the database does, whatever offset it was given at."""
    if value.__class__ in _AS_IT_IS:
        return value
    if isinstance(value, datetime) and value.tzinfo:
        value = value.astimezone(UTC)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


#: A value as text, always the same one: digests are taken of it.
canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def entry_row(
    kind: str, record_id: int, position: int, previous: str, action: str, changes: dict[str, list[Any]]
) -> dict[str, Any]:
    """The row of one entry, its digest included, ready for a bulk insert."""
    doing = _act.get()
    actor = doing.actor or access.current()
    row = {
        "kind": kind,
        "record_id": record_id,
        "position": position,
        "at": now(),
        "actor_id": actor.id,
        "actor_name": actor.name,
        "acting_for": doing.acting_for,
        "action": doing.action or action,
        "reason": doing.reason,
        "request_id": request_id.get(),
        "changes": canonical(changes),
        "previous": previous,
    }
    row["digest"] = _digest(row)
    return row


_CHAINED = (
    "kind", "record_id", "position", "at", "actor_id", "actor_name", "acting_for", "action", "reason", "request_id",
    "changes", "previous",
)  # fmt: skip


def digest_of(row: Mapping[str, Any], names: Iterable[str]) -> str:
    """SHA-256 over these columns of a row, in this order."""
    return hashlib.sha256(canonical([plain(row[name]) for name in names]).encode()).hexdigest()


def _digest(row: dict[str, Any]) -> str:
    return digest_of(row, _CHAINED)


def recorded(model: type) -> bool:
    """Whether the history tells of a model: of every kind, but for what says itself that it is none of its matters."""
    return isinstance(getattr(model, "kind_name", None), str) and not getattr(model, "unrecorded", False)


@cache
def _columns_of(model: Any) -> tuple[str, ...]:
    columns = {attribute.key: attribute.columns[0] for attribute in inspect(model).column_attrs}
    return tuple(name for name, column in columns.items() if name not in SILENT and not column.info.get("follows"))


def _told_of(record: Any) -> tuple[str, ...]:
    """The columns of a record that its history tells of."""
    model: Any = type(record)
    return _columns_of(model)


def column_values(record: Any) -> dict[str, Any]:
    """The values of a record's columns that its history tells of."""
    return {name: getattr(record, name) for name in _told_of(record)}


def _first_values(record: Any) -> dict[str, list[Any]]:
    """What a record that has just been inserted holds, as changes from nothing."""
    held = record.__dict__  # nothing is left to load: asking each attribute takes five times as long
    return {name: [None, plain(value)] for name in _told_of(record) if (value := held.get(name)) is not None}


def _last_values(record: Any) -> dict[str, list[Any]]:
    """What a record that is deleted held, as changes to nothing."""
    return {name: [plain(value), None] for name, value in column_values(record).items()}


def _changes(record: Any) -> dict[str, list[Any]]:
    found = {}
    for name in changed(record, *_told_of(record)):
        history = past(record, name)
        before = history.deleted[0] if history.deleted else None
        after = history.added[0] if history.added else None
        if before != after:
            found[name] = [plain(before), plain(after)]
    return found


@event.listens_for(Session, "after_flush")
def _write_history(session: Session, context: Any) -> None:
    rows = []
    for record in session.new:
        if recorded(type(record)):
            rows.append(entry_row(record.kind_name, record.id, 1, "", "add", _first_values(record)))
    later = [(record, "change", _changes(record)) for record in session.dirty if recorded(type(record))]
    later += [(record, "delete", _last_values(record)) for record in session.deleted if recorded(type(record))]
    rows += _next_rows(session, [one for one in later if one[2]])
    if rows:
        session.connection().execute(insert(HistoryEntry.__table__), rows)
        if (doing := _act.get()) is not NOTHING:
            doing.told.update((row["kind"], row["record_id"]) for row in rows)


def tell_of_step(session: Session, record: Any) -> None:
    """Write the entry of a step that changed only what hangs on its record: the whole way stands at the record."""
    if (record.kind_name, record.id) not in _act.get().told:
        tell(session, record, {})


def tell(session: Session, record: Any, changes: dict[str, list[Any]]) -> None:
    """Write the entry of a change that was made by a statement of its own, past the unit of work."""
    session.execute(insert(HistoryEntry), _next_rows(session, [(record, "change", changes)]))


def _next_rows(session: Session, changed: Sequence[tuple[Any, str, dict[str, list[Any]]]]) -> list[dict[str, Any]]:
    """The entries that follow in the chains of these records: record, action and changes of each."""
    keys: dict[str, list[int]] = {}
    for record, _action, _said in changed:
        keys.setdefault(record.kind_name, []).append(record.id)
    last = {kind: _last(session, kind, of) for kind, of in keys.items()}
    rows = []
    for record, action, said in changed:
        position, previous = last[record.kind_name].get(record.id, (0, ""))
        rows.append(entry_row(record.kind_name, record.id, position + 1, previous, action, said))
    return rows


def _last(session: Session, kind: str, keys: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Position and digest of the last entry of each of these records."""
    asked, entry = keys_table(keys), HistoryEntry.__table__.c
    chain = HistoryEntry.__table__.alias().c
    last = select(chain.id).where(chain.kind == kind, chain.record_id == asked.c.value)
    last = last.order_by(chain.position.desc()).limit(1)
    query = select(entry.record_id, entry.position, entry.digest).select_from(asked)
    query = query.join(HistoryEntry.__table__, entry.id == last.scalar_subquery())
    found = session.execute(query.execution_options(**by_key))
    return {row.record_id: (row.position, row.digest) for row in found}


@event.listens_for(Session, "do_orm_execute")
def _no_silent_writes(execution: ORMExecuteState) -> None:
    """Bulk updates and deletes pass the unit of work by and would leave no history."""
    if (execution.is_update or execution.is_delete) and not execution.execution_options.get("unrecorded"):
        mapper = execution.bind_mapper
        if mapper is not None and recorded(mapper.class_):
            raise RuntimeError(f"a bulk write on {mapper.class_.__name__} would leave no history")


def entries_of(session: Session, record: Any, most: int = 50) -> list[HistoryEntry]:
    """The latest entries of one record that the caller has already loaded through row access, newest first."""
    query = (
        select(HistoryEntry)
        .where(HistoryEntry.kind == record.kind_name, HistoryEntry.record_id == record.id)
        .order_by(HistoryEntry.position.desc())
        .limit(most)
        .execution_options(**by_key)
    )
    return list(session.scalars(query))


def told_at_once(entries: Iterable[HistoryEntry]) -> list[tuple[HistoryEntry, dict[str, list[Any]]]]:
    """Entries, the newest first, with what each changed; the parts of one step in one request are told as one."""
    told: list[tuple[HistoryEntry, dict[str, list[Any]]]] = []
    for entry in entries:
        newer = told[-1][0] if told else None
        if newer is not None and entry.request_id and (entry.request_id, entry.action) == (
            newer.request_id, newer.action,
        ):  # fmt: skip
            changes = told[-1][1]
            for name, (before, after) in entry.fields.items():
                changes[name] = [before, changes.get(name, [None, after])[1]]
            if entry.position == 1:  # the record was made with it
                told[-1] = entry, changes
        else:
            told.append((entry, dict(entry.fields)))
    return told


def entry_of(session: Session, record: Any, position: int) -> HistoryEntry | None:
    """One entry of a record that the caller has already loaded through row access."""
    query = select(HistoryEntry).where(
        HistoryEntry.kind == record.kind_name, HistoryEntry.record_id == record.id, HistoryEntry.position == position
    )
    return session.scalars(query).one_or_none()


class Broken(Refused):
    """The history does not hold; the sentence names the first broken entry."""


def verify(session: Session, models: Iterable[type]) -> int:
    """Walk every chain and compare its outcome with the record; the number of entries walked.

    Raises `Broken` naming the first entry or record that does not hold.
    """
    count = 0
    for model in models:
        count += _verify_kind(session, model)
    return count


def _verify_kind(session: Session, model: Any) -> int:
    columns = _columns_of(model)
    records = iter(
        session.execute(
            select(model.id, *(getattr(model, name) for name in columns)).order_by(model.id),
            execution_options={"yield_per": 1000, **access.with_deleted},
        )
    )
    entries = session.execute(
        select(*(getattr(HistoryEntry, name) for name in (*_CHAINED, "digest", "id")))
        .where(HistoryEntry.kind == model.kind_name)
        .order_by(HistoryEntry.record_id, HistoryEntry.position),
        execution_options={"yield_per": 1000},
    )
    count, last = 0, None
    folded: dict[str, Any] = {}

    def settle(record_id: int, values: dict[str, Any]) -> None:
        if all(value is None for value in values.values()):
            return  # deleted: no row is left to compare
        row = next(records, None)
        if row is None or row[0] != record_id:
            raise Broken(
                f"{model.kind_name} {record_id if row is None else min(row[0], record_id)}: record and history differ"
            )
        present = {name: plain(value) for name, value in zip(columns, row[1:], strict=True) if value is not None}
        if present != {name: value for name, value in values.items() if value is not None}:
            wrong = sorted(n for n in columns if present.get(n) != values.get(n))
            raise Broken(f"{model.kind_name} {record_id}: {', '.join(wrong)} changed outside the history")

    for row in entries:
        entry = row._asdict()
        if last is None or entry["record_id"] != last["record_id"]:
            if last is not None:
                settle(last["record_id"], folded)
            folded, position, previous = {}, 0, ""
        else:
            position, previous = last["position"], last["digest"]
        if entry["position"] != position + 1 or entry["previous"] != previous or entry["digest"] != _digest(entry):
            raise Broken(f"history entry {entry['id']} ({entry['kind']} {entry['record_id']}, no. {position + 1})")
        folded.update({name: after for name, (_, after) in json.loads(entry["changes"]).items()})
        last = entry
        count += 1
    if last is not None:
        settle(last["record_id"], folded)
    if (extra := next(records, None)) is not None:
        raise Broken(f"{model.kind_name} {extra[0]}: a record without history")
    return count
