"""PostgreSQL as it is asked here: what it has planned once for a key, a connection keeps for all keys.

Rules of access make statements long, and half of a page's time on the server went into planning the same ones anew.
Prepared, a statement is planned once for whatever values. That is well for the few rows of a key; a list, a search or a
count needs a plan of its own for what it is asked: whoever has nothing waiting has an index where others have a table.

psycopg forgets what is prepared at each ROLLBACK, with which SQLAlchemy ends whatever was not committed: every page. A
transaction in which nothing but questions was asked leaves nothing behind and may as well end with COMMIT.

Many rows of a table are handed over by COPY, whoever inserts them: an import, its history, an index made anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import BinaryExpression, ClauseElement, ColumnElement, CompoundSelect, Select, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.sql.elements import BooleanClauseList
from sqlalchemy.sql.operators import eq, in_op

from app.engine.database import by_key

#: What a connection has been asked so many times is prepared when it is asked again, ...
OFTEN = 2
#: ... and so many statements stay prepared, the latest ones.
KEPT = 300

#: From so many rows on COPY is worth its two ways to the server.
MANY = 10

#: An INSERT of one row of values, each of them as it comes or told to be of a type.
_VALUE = r"%\((\w+)\)s(?:::[A-Z][A-Z ]*(?:\([\d, ]+\))?(?:\[\])*)?"
_INSERT = re.compile(rf"INSERT INTO (\S+) \(([^()]+)\) VALUES \(({_VALUE}(?:, {_VALUE})*)\)")
_NAME = re.compile(r"%\((\w+)\)s")

_WRITES = re.compile(r"\s*WITH\b.*\b(INSERT|UPDATE|DELETE|MERGE)\b", re.DOTALL)


class Cursor(psycopg.Cursor[Any]):
    """Tells its connection of all that is more than a question.

    The server says what it did: `SELECT 25`; but so it does where a `WITH` in front has deleted something.
    """

    connection: Connection

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        answer = super().execute(query, *arguments, **options)
        if self.statusmessage and not (self.statusmessage.startswith("SELECT") and not _WRITES.match(str(query))):
            self.connection.only_asked = False
        return answer

    def executemany(self, *arguments: Any, **options: Any) -> None:
        self.connection.only_asked = False
        super().executemany(*arguments, **options)

    def stream(self, *arguments: Any, **options: Any) -> Any:
        self.connection.only_asked = False
        return super().stream(*arguments, **options)

    def copy(self, *arguments: Any, **options: Any) -> Any:
        self.connection.only_asked = False
        return super().copy(*arguments, **options)


class Connection(psycopg.Connection[Any]):
    """Ends a transaction with COMMIT that was to be rolled back, but did nothing except ask.

    No question here calls a function that writes: nothing but the statement's own kind is looked at.
    """

    only_asked = True

    def commit(self) -> None:
        super().commit()
        self.only_asked = True

    def rollback(self) -> None:
        if self.only_asked and self.info.transaction_status == TransactionStatus.INTRANS:
            super().commit()
        else:
            super().rollback()
        self.only_asked = True


class Dialect(PGDialect_psycopg):
    """SQLAlchemy's own, over such connections; of all questions it has only those prepared that ask by a key."""

    supports_statement_cache = True

    def connect(self, *arguments: Any, **options: Any) -> Any:
        connection = Connection.connect(*arguments, cursor_factory=Cursor, **options)
        connection.prepare_threshold, connection.prepared_max = OFTEN, KEPT
        return connection

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        planned_once = context is not None and (context.is_crud or "by_key" in context.execution_options)
        own = isinstance(cursor, Cursor)  # a cursor that stays on the server is never prepared, and takes no such word
        cursor.execute(statement, parameters, **({"prepare": False} if own and not planned_once else {}))

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        copied = _copied(statement) if len(parameters) >= MANY else None
        if copied is None:
            super().do_executemany(cursor, statement, parameters, context)
            return
        command, names = copied
        with cursor.copy(command) as copy:
            for row in parameters:
                copy.write_row([row[name] for name in names])


@lru_cache(maxsize=KEPT)
def _copied(statement: str) -> tuple[str, Sequence[str]] | None:
    """The COPY that takes the rows of an INSERT, and what their values are called; None where it does more."""
    found = _INSERT.fullmatch(statement)
    if found is None:
        return None
    return f"COPY {found[1]} ({found[2]}) FROM STDIN", _NAME.findall(found[3])


@event.listens_for(Session, "do_orm_execute")
def _asks_by_key(execution: ORMExecuteState) -> None:
    if execution.is_select and (execution.is_relationship_load or _by_primary_key(execution.statement)):
        execution.update_execution_options(**by_key)


def _by_primary_key(statement: Any) -> bool:
    """Whether a query begins its conditions with the key of what it asks for: `id = :id` or `id IN (...)`."""
    if isinstance(statement, CompoundSelect):
        return all(map(_by_primary_key, statement.selects))
    first: ClauseElement | None = statement.whereclause if isinstance(statement, Select) else None
    while isinstance(first, BooleanClauseList) and first.clauses:
        first = first.clauses[0]
    return (
        isinstance(first, BinaryExpression)
        and first.operator in (eq, in_op)
        and isinstance(first.left, ColumnElement)
        and bool(getattr(first.left, "primary_key", False))
    )
