"""Finding a record by its key, by the name people use, or by what was sent; hidden and missing look alike."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.engine import database
from app.engine.disclosure import learned_with
from app.engine.fields import Field, storable, whole

if TYPE_CHECKING:
    from app.engine.record import Record

#: Records by kind and key.
Found = Mapping[tuple[Any, int], Any]
NONE_FOUND: Found = {}


def by_key(session: Session, model: type[Record], pk: Any) -> Any:
    """The record with that key if the actor may see it, else None."""
    key = _as_key(pk)
    found = learned_with(session, select(model).where(model.id == key), model) if key is not None else ()
    return next(iter(found), None)


def by_name(session: Session, model: type[Record], name: str) -> Any:
    """The record that `name` names: by its natural key, else by one of the names it is also known by.

    Raises `ValueError` with a plain sentence if no record or more than one is meant.
    """
    for key in filter(None, (model.natural_key, *model.also_known_by) if storable(name) else ()):
        found = list(session.scalars(select(model).where(getattr(model, key) == name).limit(2)))
        if len(found) == 1:
            return found[0].successor()
        if found:
            raise ValueError(_("“%(name)s” names more than one %(kind)s.", name=name[:60], kind=model.label))
    raise ValueError(_("There is no %(kind)s “%(name)s”.", kind=model.label, name=name[:60]))


def by_names(session: Session, model: type[Record], names: Collection[str]) -> dict[str, Any]:
    """What `by_name` finds for each of these names, two queries a kind of name; those it would refuse are left out."""
    left = {name for name in names if storable(name)}
    keys: dict[str, int] = {}
    for known in filter(None, (model.natural_key, *model.also_known_by)):
        column: Any = getattr(model, known)
        counted = select(column, func.min(model.id), func.count()).where(column.in_(sorted(left))).group_by(column)
        for name, key, count in session.execute(counted) if left else ():
            left.discard(name)
            if count == 1:
                keys[name] = key
    query = select(model).where(database.among_keys(model.id, keys.values()))
    found = {record.id: record.successor() for record in session.scalars(query)} if keys else {}
    return {name: found[key] for name, key in keys.items() if key in found}


def referred(session: Session, field: Field, raw: Any, known: Found = NONE_FOUND) -> Any:
    """The record a form's or an API's value refers to: a key, a name or the record itself.

    Raises `ValueError` with a plain sentence where there is none.
    """
    target: Any = field.target
    if isinstance(raw, target):
        return raw
    found = among(session, known, target, raw)
    if found is not None:
        return found
    if isinstance(raw, str) and whole(raw) is None:
        return by_name(session, target, raw)
    raise ValueError(_("There is no such %(kind)s to choose.", kind=target.label))


def together(session: Session, fields: Iterable[Field], rows: Iterable[Mapping[str, Any]]) -> Found:
    """The records that rows of raw values refer to by key and the actor may see: a query a kind, however many rows."""
    references = [field for field in fields if field.kind == "reference"]
    wanted: dict[Any, set[int]] = {}
    for row in rows:
        for field in references:
            if (key := _as_key(row.get(field.name))) is not None:
                wanted.setdefault(field.target, set()).add(key)
    found: dict[tuple[Any, int], Any] = {}
    for target, keys in wanted.items():
        query = select(target).where(database.among_keys(target.id, keys)).execution_options(**database.by_key)
        found |= {(target, record.id): record for record in learned_with(session, query, target)}
    return found


def among(session: Session, known: Found, model: Any, pk: Any) -> Any:
    """What `by_key` would find, asked for only where it has not been found already."""
    return known.get((model, _as_key(pk) or 0)) or by_key(session, model, pk)


def _as_key(raw: Any) -> int | None:
    """A typed or sent value as the key of a record; None where no record can have it."""
    key = raw if isinstance(raw, int) and not isinstance(raw, bool) else whole(raw)
    return key if key is not None and 0 < key < 2**31 else None
