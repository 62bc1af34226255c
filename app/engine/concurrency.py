"""Writers side by side: how one transaction keeps another from spoiling what it has looked at."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, inspect, select, update
from sqlalchemy.orm import Session

from app.engine import access, history
from app.engine.database import Overtaken
from app.engine.moments import now


def overtaken() -> Overtaken:
    return Overtaken(_("Somebody else changed this meanwhile; please look again."))


def hold(session: Session, *records: Any) -> None:
    """Keep stored records of one kind from all other writers until the transaction ends.

    What is checked after this stays true: a record that others have changed since it was read shows what is stored now.
    Raises `Overtaken` if it is gone, or has changes of ours already.
    """
    model = type(records[0])
    rows = select(model.id, model.version).where(model.id.in_([record.id for record in records])).order_by(model.id)
    with access.system(), session.no_autoflush:
        # Without the key, so that others may still refer to the record.
        stored = {row.id: row.version for row in session.execute(rows.with_for_update(key_share=True))}
        for record in records:
            if stored.get(record.id) != record.version:
                if record.id not in stored or session.is_modified(record):
                    raise overtaken()
                session.refresh(record)


def shift(session: Session, record: Any, by: Mapping[str, Decimal], *conditions: ColumnElement[bool]) -> bool:
    """Add to stored quantities in one UPDATE; False, and nothing changed, unless all `conditions` hold of the row.

    It needs no look at the record first, so fifty people can take from one stock without being in each other's way.
    The record then shows what is stored now of these quantities, in either case; its history tells of the change.
    """
    table = inspect(type(record)).local_table
    columns = table.c
    change = (
        update(table)
        .where(columns.id == record.id, *conditions)
        .values(
            {name: columns[name] + amount for name, amount in by.items()}
            | {"version": columns.version + 1, "changed_at": now()}
        )
        .returning(*(columns[name] for name in by))
    )
    with access.system():
        stored = session.execute(change).one_or_none()
        session.refresh(record, [*by, "version", "changed_at"])
    if stored is not None:
        told = zip(by.items(), stored, strict=True)
        changes = {name: [history.plain(after - amount), history.plain(after)] for (name, amount), after in told}
        history.tell(session, record, changes)
    return stored is not None


def take_off(session: Session, record: Any, name: str, amount: Decimal) -> bool:
    """Lower a stored quantity; False, and nothing changed, where less than `amount` is there: see `shift`."""
    session.flush()
    return shift(session, record, {name: -amount}, inspect(type(record)).local_table.c[name] >= amount)
