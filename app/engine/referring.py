"""What refers to a record: asked before it is deleted, and sent elsewhere where two records become one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.engine import access
from app.engine import record as records


def references_to(model: Any) -> Iterator[tuple[Any, str]]:
    """The kinds whose records refer to those of a kind, each with the column it does so by."""
    table = inspect(model).local_table
    for kind in records.kinds().values():
        for key in inspect(kind).local_table.foreign_keys:
            if key.column.table is table:
                yield kind, inspect(kind).get_property_by_column(key.parent).key


def send_on(session: Session, record: Any, to: Any, *, but: tuple[Any, ...] = ()) -> int:
    """Let all that refers to `record` refer to `to`, except the kinds in `but`; how many. The caller commits."""
    count = 0
    with access.system():
        for kind, column in references_to(type(record)):
            if kind in but:
                continue
            query = select(kind).where(getattr(kind, column) == record.id)
            for one in session.scalars(query.order_by(kind.id), execution_options=access.with_deleted):
                setattr(one, column, to.id)
                count += 1
        session.flush()
    return count
