"""Keys given ahead: whoever stores hundreds of records of a kind at once need not hear the key of each of them.

SQLite tells SQLAlchemy the key of one row at a time; PostgreSQL is handed all rows in one statement, in which their
thousands of values have to be told apart. Rows that have their keys go one after the other, unanswered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, column, func, insert, inspect, select, table, update
from sqlalchemy.orm import Session

#: From so many records of a kind on it is worth two statements more.
MANY = 20

#: Where SQLite keeps the highest key each table has lent.
_LENT = table("sqlite_sequence", column("name"), column("seq"))
_OF = _LENT.c.name == bindparam("table")


def give_keys(session: Session, records: Iterable[Any]) -> None:
    """Give the new ones of `records`, where a kind has many, the keys the database would give them, in their order."""
    lend = _LENDERS[session.get_bind().dialect.name]
    bare = defaultdict(list)
    for record in records:
        if record.id is None:
            bare[inspect(type(record)).local_table.name].append(record)
    for name, waiting in bare.items():
        if len(waiting) >= MANY:
            for record, key in zip(waiting, lend(session, name, len(waiting)), strict=True):
                record.id = key


def _from_sqlite(session: Session, name: str, count: int) -> Iterable[int]:
    """So many keys of a table, which nobody else is given from now on."""
    connection = session.connection()
    last = connection.scalar(select(_LENT.c.seq).where(_OF), {"table": name})
    if last is None:
        connection.execute(insert(_LENT), {"name": name, "seq": count})
        return range(1, count + 1)
    connection.execute(update(_LENT).where(_OF).values(seq=last + count), {"table": name})
    return range(last + 1, last + count + 1)


def _from_postgresql(session: Session, name: str, count: int) -> Iterable[int]:
    """The same, of the sequence that belongs to the table's keys."""
    following = select(func.nextval(func.pg_get_serial_sequence(name, "id")))
    return session.connection().scalars(following.select_from(func.generate_series(1, count)))


_LENDERS = {"sqlite": _from_sqlite, "postgresql": _from_postgresql}
