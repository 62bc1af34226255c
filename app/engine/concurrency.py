"""Writers side by side: how one transaction keeps another from spoiling what it has looked at."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect, select, update
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


def take_off(session: Session, record: Any, name: str, amount: Decimal) -> bool:
    """Lower a stored quantity in one conditional UPDATE; False, and nothing changed, where less than `amount` is there.

    It needs no look at the record first, so fifty people can take from one stock without being in each other's way.
    The record then shows what is stored now, in either case.
    """
    session.flush()
    table = inspect(type(record)).local_table
    columns = table.c
    lower = (
        update(table)
        .where(columns.id == record.id, columns[name] >= amount)
        .values({name: columns[name] - amount, "version": columns.version + 1, "changed_at": now()})
        .returning(columns[name])
    )
    with access.system():
        left = session.scalar(lower)
        session.refresh(record)
    if left is not None:
        history.tell(session, record, {name: [history.plain(left + amount), history.plain(left)]})
    return left is not None
