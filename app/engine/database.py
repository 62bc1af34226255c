"""What the engine needs of a database: names for constraints, SQLite made safe, which losers may run again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import (
    Boolean,
    ClauseElement,
    ColumnElement,
    Engine,
    Exists,
    Index,
    Integer,
    TableValuedAlias,
    Text,
    UnaryExpression,
    bindparam,
    column,
    event,
    func,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, registry
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, object_session
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.sql.elements import BooleanClauseList, Grouping
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import and_ as and_operator
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.sql.roles import StatementOptionRole
from sqlalchemy.types import NullType, TypeDecorator

# Before any table: a constraint without a name can be neither dropped on SQLite nor named in an error message.
Model.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# Loaded where PostgreSQL is used, and not before: an office on SQLite starts without the driver.
registry.register("postgresql.psycopg", "app.engine.postgresql", "Dialect")

#: Execution options of a query for the few rows that a key has: PostgreSQL may plan it once, whatever the key.
by_key = {"by_key": True}

#: Seconds for which a transaction waits for another one before it counts as lost: see `lost`.
PATIENCE = 10

#: So many statements SQLite keeps prepared for a connection, each some 20 kB.
STATEMENTS = 400

_writing: ContextVar[bool] = ContextVar("writing", default=True)
_patient: ContextVar[bool] = ContextVar("patient", default=True)


@contextmanager
def reading() -> Iterator[None]:
    """Transactions begun inside the block only read: on SQLite they do not wait for the writer."""
    token = _writing.set(False)
    try:
        yield
    finally:
        _writing.reset(token)


def only_reads(flag: bool) -> None:
    """Say for the rest of this context (a web request) whether its transactions only read."""
    _writing.set(not flag)


def writes() -> bool:
    """Whether transactions begun here may write."""
    return _writing.get()


@contextmanager
def writing(*, patient: bool = True) -> Iterator[None]:
    """Transactions begun inside the block write, also within a request that only reads.

    An impatient one raises `OperationalError` at once where another writer is at work on SQLite.
    """
    tokens = _writing.set(True), _patient.set(patient)
    try:
        yield
    finally:
        _writing.reset(tokens[0])
        _patient.reset(tokens[1])


@contextmanager
def apart(session: Session) -> Iterator[Session]:
    """A session of its own on the same database, committed at the end of the block whatever becomes of `session`.

    Not while `session` itself has written: on SQLite the one would wait for the other.
    """
    with writing(), Session(session.get_bind()) as own, own.begin():
        yield own


def in_passing(session: Session, statement: Any) -> None:
    """Carry out an update that nobody should wait for, in a transaction of its own: the present one is given up.

    Where another writer holds a SQLite database it is left undone; the next occasion will do.
    """
    session.rollback()
    try:
        with writing(patient=False):
            session.execute(statement, execution_options={"synchronize_session": False})
            session.commit()
    except OperationalError:
        session.rollback()


def one_at_a_time(session: Session, *names: str) -> None:
    """Let other transactions that give the same names wait until this one ends. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        for name in names:
            session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def first_to(session: Session, name: str) -> bool:
    """Whether nobody else is at this work; until the transaction ends, others are told so and leave it."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0)))))


class Stored(NullType):
    """A value as the driver hands it over, unread: on SQLite a moment is text without a zone, money a whole number."""

    cache_ok = True

    def __init__(self, of: Any) -> None:
        #: what its values would be read as
        self.of = of


def as_stored(column: Any) -> Any:
    """A column whose values are not read one by one: whoever takes them knows a quicker way."""
    return type_coerce(column, Stored(column.type))


def scanned(key: Any) -> ColumnElement[int]:
    """A key that rows are grouped by without following its index.

    SQLite would rather have the groups in order than the rows: it fetched those of a whole table one by one at random.
    """
    return UnaryExpression(key, operator=custom_op("+"), type_=key.type)


class row_by_row(StatementOptionRole, ClauseElement):
    """Ends the query of an `EXISTS` that is one of several reasons, where an outer query wants a page and no more.

    PostgreSQL plans such a condition for all the rows there are, whatever the limit: before the first of twenty-five
    papers it put together all 144,000 that somebody handles. An offset makes it ask for one row after the other. An
    `EXISTS` that has to hold is left alone: it is planned as a join, with the limit in view.
    """

    __visit_name__ = "row_by_row"
    _traverse_internals: list[Any] = []


@compiles(row_by_row)
def _row_by_row(element: Any, compiler: Any, **_how: Any) -> str:
    *outer, _own = [entry["selectable"] for entry in compiler.stack]
    if not any(query._limit_clause is not None for query in outer):
        return ""
    has_to_hold = [part for whole in outer[-1]._where_criteria for part in _all_of(whole)]
    return "" if any(element in _endings(part) for part in has_to_hold) else "OFFSET 0"


def _all_of(condition: Any) -> Iterator[Any]:
    """The conditions of which each has to hold for this one to hold."""
    if isinstance(condition, Grouping):
        yield from _all_of(condition.element)
    elif isinstance(condition, BooleanClauseList) and condition.operator is and_operator:
        for part in condition.clauses:
            yield from _all_of(part)
    else:
        yield condition


def _endings(condition: Any) -> list[Any]:
    return [ending for ending, _dialect in condition.element.element._suffixes] if isinstance(condition, Exists) else []


class _Keys(TypeDecorator[Collection[int]]):
    """Keys as one value: an array, or on SQLite a text of JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(postgresql.ARRAY(Integer()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return list(value) if dialect.name == "postgresql" else json.dumps(list(value))


class Condition(FunctionElement[bool]):
    """A condition that each database writes its own way; two SQL expressions, and an index that answers."""

    type = Boolean()

    def self_group(self, against: Any = None) -> Any:
        """As it stands: SQLite would be asked `... = 1` otherwise, which no index answers."""
        return self


class _among(Condition):
    """Whether a column is one of many keys."""

    inherit_cache = True


@compiles(_among, "sqlite")
def _among_on_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    column, keys = (compiler.process(part, **how) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({keys}))"


@compiles(_among, "postgresql")
def _among_on_postgresql(element: Any, compiler: Any, **how: Any) -> str:
    column, keys = (compiler.process(part, **how) for part in element.clauses)
    return f"{column} = ANY({keys})"


def among_keys(column: Any, keys: Collection[int]) -> ColumnElement[bool]:
    """`column IN (...)` for hundreds of keys, which travel as one value: the statement is the same for any number."""
    return _among(column, bindparam(None, keys, _Keys))


def among_given(column: Any, name: str) -> ColumnElement[bool]:
    """The same of keys that are handed over under a name when the statement is executed."""
    return _among(column, bindparam(name, type_=_Keys))


class _listed(FunctionElement[int]):
    """Keys as a table of one column."""

    inherit_cache = True


@compiles(_listed, "sqlite")
def _listed_on_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    return f"json_each({compiler.process(next(iter(element.clauses)), **how)})"


@compiles(_listed, "postgresql")
def _listed_on_postgresql(element: Any, compiler: Any, **how: Any) -> str:
    return f"(SELECT unnest({compiler.process(next(iter(element.clauses)), **how)}) AS value)"


def keys_table(keys: Collection[int]) -> TableValuedAlias:
    """Keys as a table with a column `value`, to look something up for each of them."""
    return _listed(bindparam(None, keys, _Keys)).table_valued(column("value", Integer))


def index_where(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of those rows alone for which an SQL condition holds."""
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


@event.listens_for(Engine, "do_connect")
def _keep_statements(dialect: Any, _record: Any, _arguments: Any, options: Any) -> None:
    if dialect.name == "sqlite":
        options["cached_statements"] = STATEMENTS


@event.listens_for(Engine, "connect")
def _prepare(connection: Any, record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None  # the driver must not begin transactions of its own: see `_begin`
        for pragma in (
            "journal_mode = WAL",
            "foreign_keys = ON",
            f"busy_timeout = {PATIENCE * 1000}",
            "synchronous = FULL",
            "trusted_schema = OFF",
            "threads = 2",  # what groups a million rows sorts them: a second processor takes a third off that
        ):
            connection.execute(f"PRAGMA {pragma}")
    else:
        connection.execute(f"SET lock_timeout = '{PATIENCE}s'")
        # To start a second process takes ten milliseconds, which the default holds for next to nothing: pages went for
        # it, too, for a count that takes two.
        connection.execute("SET parallel_setup_cost = 20000")
        connection.commit()


@event.listens_for(Engine, "begin")
def _begin(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        # A deferred transaction that reads first and writes later fails at once when another writer came between.
        if not _writing.get():
            connection.exec_driver_sql("BEGIN")
        elif _patient.get():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {PATIENCE * 1000}")


class Overtaken(Exception):
    """Another transaction was quicker with the same record; from its start, the same work would see what that one did.

    No refusal: who asked has done nothing wrong, and need not hear of it if a second run succeeds.
    """


#: PostgreSQL: serialization failure, deadlock, lock not available.
_LOST = frozenset({"40001", "40P01", "55P03"})
_TAKEN = "23505"
#: Tables whose keys nobody types: what is taken twice there was taken by two transactions at once.
_OURS = frozenset(
    {"clock", "clock_version", "drawn_number", "follow_up", "form_key", "history_entry", "number_counter", "rung_sent"}
)


def lost(error: BaseException) -> bool:
    """Whether a transaction only lost to another one: rolled back and run again from its start, it may well succeed."""
    if isinstance(error, Overtaken | StaleDataError):
        return True
    cause = getattr(error, "orig", None)
    if isinstance(error, OperationalError):
        if isinstance(cause, sqlite3.OperationalError):
            return cause.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        return getattr(cause, "sqlstate", None) in _LOST
    if isinstance(error, IntegrityError) and getattr(cause, "sqlstate", None) == _TAKEN:
        return cause.diag.table_name in _OURS  # type: ignore[union-attr]
    return False


def plainly(error: BaseException) -> str:
    """What the database said, in its first line: the rest would put people's names and texts into the log."""
    return (str(getattr(error, "orig", None) or error).splitlines() or [""])[0]


def session_of(record: Model) -> Session:
    """The session a record is being worked on in; a record outside of any is a fault of the caller."""
    session = object_session(record)
    assert session is not None
    return session
