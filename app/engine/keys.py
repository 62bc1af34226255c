"""Keys given ahead: whoever stores hundreds of records of a kind at once need not hear the key of each from SQLite.

SQLAlchemy inserts rows whose keys it has to hear one by one there; rows that have them go in one statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, column, insert, inspect, select, table, update
from sqlalchemy.orm import Session

#: From so many records of a kind on it is worth two statements more.
MANY = 20

#: Where SQLite keeps the highest key each table has lent.
_LENT = table("sqlite_sequence", column("name"), column("seq"))
_OF = _LENT.c.name == bindparam("table")


def give_keys(session: Session, records: Iterable[Any]) -> None:
    """Give the new ones of `records`, where a kind has many, the keys that SQLite would give them, in their order."""
    if session.get_bind().dialect.name != "sqlite":
        return
    bare = defaultdict(list)
    for record in records:
        if record.id is None:
            bare[inspect(type(record)).local_table.name].append(record)
    for name, waiting in bare.items():
        if len(waiting) >= MANY:
            first = _lend(session, name, len(waiting))
            for key, record in enumerate(waiting, first):
                record.id = key


def _lend(session: Session, name: str, count: int) -> int:
    """The first of so many keys of a table, which nobody else is given from now on."""
    connection = session.connection()
    last = connection.scalar(select(_LENT.c.seq).where(_OF), {"table": name})
    if last is None:
        connection.execute(insert(_LENT), {"name": name, "seq": count})
        return 1
    connection.execute(update(_LENT).where(_OF).values(seq=last + count), {"table": name})
    return int(last) + 1
