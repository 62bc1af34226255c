"""Disclosure: which fields of a record somebody may know, and how much of each.

Five rules, each declared with the field or the model and kept at every door by the functions here. A field with a
`right` does not exist for those whose role lacks it. A `masked` field shows in part until somebody reveals it, which
is logged. A model may call some of its fields its `content`: who may know that a record exists (`visible_to`) need not
learn them (`content_to`). Some fields of a record under seal (`sealed`) are told to nobody at all. And a table that
leaves the house (`outward`) has of some records (`stays`) no more than a line, whoever takes it out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, or_, select
from sqlalchemy.orm import Session, object_session
from sqlalchemy.orm.util import identity_key

from app.engine import access, events
from app.engine.fields import Field, fields_of


class Withheld:
    """Stands for the value of a field that is not for this reader."""

    def __repr__(self) -> str:
        return "withheld"


WITHHELD = Withheld()


def known_fields(model: Any) -> dict[str, Field]:
    """The fields of a model that exist for the current actor, by name."""
    actor = access.current()
    found = actor.known.get(model)  # asked for every row of a list
    if found is None:
        found = actor.known[model] = {
            name: field
            for name, field in fields_of(model).items()
            if not field.right or actor.may(field.right, model.kind_name)
        }
    return found


def settable_fields(model: Any) -> dict[str, Field]:
    """Those of them that the current actor may give a value, by name."""
    actor = access.current()
    return {
        name: field
        for name, field in known_fields(model).items()
        if not field.set_by or actor.may(field.set_by, model.kind_name)
    }


def known_content(model: Any) -> ColumnElement[bool]:
    """The SQL condition for the rows whose content the current actor may know."""
    return access.content_rule(model, access.current())


def guarded(model: Any, name: str, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition on a field, true only where the current actor may know the field: nobody learns it by trying."""
    return and_(condition, *_told(model, name))


#: Whether what is told now leaves the house, in a file.
_outward: ContextVar[bool] = ContextVar("outward", default=False)


@contextmanager
def outward() -> Iterator[None]:
    """What is told inside the block goes into a table that leaves the house: of some records no more than a line."""
    token = _outward.set(True)
    try:
        yield
    finally:
        _outward.reset(token)


def leaving(model: Any) -> ColumnElement[bool] | None:
    """The condition for the rows that may leave the house whole: their own, or that of the record they are part of."""
    own = model.leaves()
    if own is not None or not model.part_of:
        return own
    field = fields_of(model)[model.part_of]
    target: Any = field.target
    whole, column = leaving(target), getattr(model, field.column)
    if whole is None:
        return None
    return or_(column.is_(None), access.among(column, select(target.id).where(whole)))


def _kept_back(model: Any) -> Collection[str]:
    """The fields that stay in the house where a record `stays`."""
    if not model.leaving_fields:
        return model.content_fields
    return [name for name in fields_of(model) if name not in model.leaving_fields]


def gates(model: Any) -> list[tuple[ColumnElement[bool], Collection[str]]]:
    """The conditions on which the current actor is told fields of a row of the model, each with those fields."""
    if access.current().everything:
        return []
    found: list[tuple[ColumnElement[bool], Collection[str]]] = []
    if model.content_fields:
        found.append((known_content(model), model.content_fields))
    if model.sealed_fields:
        found.append((model.unsealed(), model.sealed_fields))
    if _outward.get() and (leaves := leaving(model)) is not None:
        found.append((leaves, _kept_back(model)))
    return found


def _told(model: Any, name: str) -> list[ColumnElement[bool]]:
    """The conditions on which the current actor is told a field."""
    return [condition for condition, names in gates(model) if name in names]


def learned(model: Any, name: str) -> Any:
    """The column of a field for a report: its value where the current actor may know it, else nothing."""
    column = getattr(model, name)
    conditions = _told(model, name)
    return case((and_(*conditions), column)).label(name) if conditions else column


def learn(session: Session, rows: Iterable[Any]) -> None:
    """Find out for many records at once, all of one kind, whether the actor may know their content: one query."""
    rows = [row for row in rows if type(row).content_fields]
    if not rows or access.current().everything:
        return
    model, actor = type(rows[0]), access.current()
    known = _as_its_record(session, model, rows, actor)
    if known is None:
        known = known_ids(session, model, [row.id for row in rows])
    for row in rows:
        row.__dict__["_known_to"] = (actor, row.id in known)


def learned_with(session: Session, query: Select[Any], model: Any) -> Sequence[Any]:
    """The records of a query for a model; whether the actor may know the content of each comes with it."""
    actor = access.current()
    if not model.content_fields or actor.everything:
        return session.scalars(query).all()
    found = session.execute(query.add_columns(known_content(model))).all()
    for record, knows_it in found:
        record.__dict__["_known_to"] = (actor, bool(knows_it))
    return [record for record, _knows_it in found]


def _as_its_record(session: Session, model: Any, rows: list[Any], actor: access.Actor) -> set[int] | None:
    """The keys of known rows as far as it has been found out of the records they belong to; None: not of all."""
    if not model.content_with:
        return None
    field = fields_of(model)[model.content_with]
    known: set[int] = set()
    for row in rows:
        record = session.identity_map.get(identity_key(field.target, getattr(row, field.column)))
        who, knows_it = record.__dict__.get("_known_to", (None, False)) if record is not None else (None, False)
        if who != actor:
            return None
        known |= {row.id} if knows_it else set()
    return known


def known_ids(session: Session, model: Any, ids: Iterable[int]) -> set[int]:
    """Those of the records with these keys that are visible to the actor and whose content the actor may know."""
    query = select(model.id).where(model.id.in_(set(ids)))
    return set(session.scalars(query.where(known_content(model)) if model.content_fields else query))


def knows(record: Any) -> bool:
    """Whether the current actor may know the content of a record that is visible to them."""
    if not type(record).content_fields or access.current().everything:
        return True
    session = object_session(record)
    if session is None or record.id is None:
        return True  # just being typed, by the actor
    who, known = record.__dict__.get("_known_to", (None, False))
    if who != access.current():
        learn(session, [record])
        known = record.__dict__["_known_to"][1]
    return bool(known)


def may_open_files(record: Any) -> bool:
    """Whether the current actor may read and attach files of a record that is visible to them."""
    return not (type(record).content_files or record.sealed()) or knows(record)


def withheld(record: Any) -> tuple[str, ...]:
    """The fields of a record that is visible to the current actor whose value and history are not for them."""
    if access.current().everything or record.id is None:  # just being typed, by the actor
        return ()
    model, secret = type(record), [] if knows(record) else [*type(record).content_fields]
    if model.sealed_fields and record.sealed():
        secret += model.sealed_fields
    if _outward.get() and record.stays():
        secret += _kept_back(model)
    return tuple(secret)


def withheld_past(record: Any) -> tuple[str, ...]:
    """The fields whose history is not for the current actor: of a record no content is kept of, all its content."""
    unkept = () if access.current().everything or record.keeps_content() else type(record).content_fields
    return (*withheld(record), *unkept)


def value_of(record: Any, field: Field) -> Any:
    """The value of a field as the current actor may know it: in full, masked, or `WITHHELD`."""
    return teller(type(record), field)(record)


def teller(model: Any, field: Field) -> Callable[[Any], Any]:
    """A function from a record of the model to what `value_of` tells of one field, for many records."""
    kept = _kept_back(model) if _outward.get() else ()
    secret, in_full = field.name in (*model.content_fields, *model.sealed_fields, *kept), attrgetter(field.name)
    if not secret and not field.masked:
        return in_full
    return lambda record: WITHHELD if secret and field.name in withheld(record) else shown(field, in_full(record))


def shown(field: Field, value: Any) -> Any:
    """A value that is not withheld as the current actor sees it."""
    return mask(value) if field.masked and not access.current().everything else value


def writable(record: Any, names: Iterable[str]) -> list[str]:
    """Those of the fields that the current actor may see in a form of this record, and therefore change."""
    known, secret = known_fields(type(record)), withheld(record)
    return [name for name in names if name in known and name not in secret]


def revealed(session: Session, record: Any, field: Field) -> None:
    """Put on record that the current actor looked at a masked field; the caller commits."""
    events.note(session, "revealed", f"{record.kind_name} {record.id}", field.name)


def exported(session: Session, title: str, what: str, count: int | None, how: str) -> None:
    """Put on record that the current actor takes a table out of the house: which kind or report, and how many rows."""
    events.note(session, "exported", title, f"{what}:{'' if count is None else count} {how}")


_EXPORT = re.compile(r"([a-z_]+):(\d*) ")


def export_of(detail: str) -> tuple[str, int]:
    """The kind or report of a recorded export, and its rows; empty and nought where that was not recorded."""
    found = _EXPORT.match(detail)
    return (found[1], int(found[2] or 0)) if found else ("", 0)


def mask(value: str | None) -> str | None:
    """`13812345678` as `138****5678`: enough to tell two callers apart, too little to call one."""
    if not value:
        return None
    return f"{value[:3]}****{value[-4:]}" if len(value) > 7 else "****"
