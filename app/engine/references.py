"""What records refer to, brought along: with a statement of one kind, or for records of several kinds at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from app.engine.fields import fields_of


def options(model: Any, names: Iterable[str] | None = None) -> list[Any]:
    """The loader options that bring the references among the fields `names` (all) along, a query each.

    With them comes what their labels name in their turn.
    """
    fields = fields_of(model)
    targets: dict[str, Any] = {
        name: fields[name].target for name in (fields if names is None else names) if name in fields
    }
    return [
        selectinload(getattr(model, name)).options(*options(target, target.named_by))
        for name, target in targets.items()
        if target is not None
    ]


def load(session: Session, rows: Iterable[Any]) -> None:
    """Bring along what the labels of records name, a query for each kind named, however many kinds name it."""
    wanted: dict[Any, list[tuple[Any, str, int]]] = {}
    for row in rows:
        fields, missing = fields_of(type(row)), inspect(row).unloaded
        for name in type(row).named_by:
            field = fields.get(name)
            if field is not None and field.target is not None and name in missing:
                key = getattr(row, field.column)
                if key is not None:
                    wanted.setdefault(field.target, []).append((row, name, key))
    for target, uses in wanted.items():
        query = select(target).where(target.id.in_({key for _row, _name, key in uses}))
        found = {one.id: one for one in session.scalars(query)}
        for row, name, key in uses:
            set_committed_value(row, name, found.get(key))
        load(session, found.values())
