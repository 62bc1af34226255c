"""Restoring 恢复 an office from its archive: the database is replaced in one go, or nothing is changed.

On SQLite a new file is filled beside and copied over the old one in a transaction; on PostgreSQL all happens in one. An
archive of an older program gets the schema of that one first, and the migrations since then afterwards.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from alembic import command as alembic
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Connection, create_engine, func, inspect, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from app.backup import BATCH, FILES
from app.engine import fulltext
from app.engine import record as records
from app.engine.archives import Archive, Damaged, Manifest, converted, native
from app.engine.database import one_at_a_time, plainly, reading
from app.engine.moments import now
from app.engine.refusals import Refused
from app.engine.storage import Storage
from app.extensions import db
from app.schema import Standing, make_room, migrate, migrations_within, standing
from models.logins import LoginSession

#: Seconds for which a connection that was just closed may still be seen.
CLOSING = 2


def restore(app: Flask, storage: Storage, file: Path, *, replace: bool) -> Manifest:
    """Make the office what the archive says it was; `replace` one that has records. Sessions of that time are ended.

    Raises `Refused`, leaving everything as it was.
    """
    with Archive(file) as archive:
        manifest = archive.verify()
        made = Standing(manifest.revision)
        if made.is_newer:
            raise Refused(f"The archive is of a newer program (schema {made.found}); restore it with that one.")
        if not made.is_known:
            raise Refused(f"The archive has a schema this program does not know: {manifest.revision[:40]!r}.")
        make_room(app)
        before = _what_is_there(replace)
        db.session.remove()
        db.engine.dispose()
        try:
            with _office_to_fill(app) as connection, _files_of(archive, storage):
                _fill(connection, archive)
        except (DBAPIError, db.engine.dialect.loaded_dbapi.Error) as error:
            raise Refused(f"The database does not take the archive: {plainly(error)}.") from None
    for digest in before.difference(manifest.files, manifest.missing):
        storage.delete(digest)
    migrate(app)  # what follows a migration: the keys of telephone numbers are made with this house's secret
    return manifest


@contextmanager
def _files_of(archive: Archive, storage: Storage) -> Iterator[None]:
    """The files of an archive are in the storage; those that were not go again where the block fails."""
    fresh = [digest for digest in archive.manifest.files if not storage.exists(digest)]
    try:
        for digest in fresh:
            with archive.file(digest) as content:
                storage.keep(content, digest)
        yield
    except BaseException:
        for digest in fresh:
            storage.delete(digest)
        raise


def _what_is_there(replace: bool) -> set[str]:
    """The files of the office that is going to be replaced. Raises `Refused` where it must not be."""
    with reading(), Session(db.engine) as session:
        connection, found = session.connection(), standing(session)
        there = set(inspect(connection).get_table_names()) - {"alembic_version"}
        if found.is_newer or (found.found is None and there) or not (found.is_known or found.found is None):
            raise Refused(f"Nothing was restored: {found}, and it holds tables this program does not know.")
        tables = [inspect(model).local_table for model in (User, *records.kinds().values())]
        counts = [connection.scalar(select(func.count()).select_from(one)) or 0 for one in tables if one.name in there]
        if any(counts) and not replace:
            raise Refused(
                f"The office is not empty: {counts[0]} accounts, {sum(counts[1:])} records. "
                "Repeat with --yes to replace all of it."
            )
        named = (select(column).where(column.is_not(None)) for column in FILES if column.table.name in there)
        return {digest for query in named for digest in connection.scalars(query)}


# --- a place to fill


@contextmanager
def _office_to_fill(app: Flask) -> Iterator[Connection]:
    """A transaction on a database of no tables, which becomes the office's at the end of the block."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    postgresql = url.get_backend_name() == "postgresql"
    with _emptied_in_passing() if postgresql else _file_beside(Path(str(url.database))) as connection:
        yield connection


@contextmanager
def _emptied_in_passing() -> Iterator[Connection]:
    with db.engine.begin() as connection:
        with Session(connection) as session:
            one_at_a_time(session, "schema")  # a server that starts from now on waits for it, and is seen waiting
        _require_alone(connection)
        there = set(inspect(connection).get_table_names()) & set(db.metadata.tables)
        if there:
            connection.execute(text(f"TRUNCATE {', '.join(sorted(there))} CASCADE"))
            alembic.downgrade(migrations_within(connection), "base")
        yield connection


def _require_alone(connection: Connection) -> None:
    others = text(
        "SELECT DISTINCT coalesce(host(client_addr), 'this machine') FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    end = time.monotonic() + CLOSING
    while found := list(connection.scalars(others)):
        if time.monotonic() > end:
            raise Refused(f"The database is in use from {', '.join(sorted(found))}: stop servers and workers first.")
        time.sleep(0.1)


@contextmanager
def _file_beside(place: Path) -> Iterator[Connection]:
    beside = place.with_name(f".{place.name}.restoring")
    with _nobody_else(place) as held:
        _forget(beside)
        engine = create_engine(f"sqlite:///{beside}", poolclass=NullPool)
        try:
            with engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA foreign_keys = OFF")  # asked once at the end, when all of it is there
                with connection.begin():
                    yield connection
            # In one transaction, into the file itself: whoever waits has that one open, and would go on with it.
            with closing(sqlite3.connect(beside)) as filled:
                filled.backup(held)
        finally:
            _forget(beside)


def _forget(place: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        place.with_name(place.name + ending).unlink(missing_ok=True)


@contextmanager
def _nobody_else(place: Path) -> Iterator[sqlite3.Connection]:
    """A connection beside which nobody reads or writes the file. Raises `Refused` where somebody has it open."""
    with closing(sqlite3.connect(place, timeout=0, isolation_level=None)) as connection:
        try:
            for statement in (
                "PRAGMA journal_mode = DELETE",  # refused while anybody else is connected
                "PRAGMA locking_mode = EXCLUSIVE",
                "BEGIN EXCLUSIVE",
                "COMMIT",
            ):
                connection.execute(statement)
        except sqlite3.OperationalError:
            raise Refused("The database is in use: stop the server, workers and other commands first.") from None
        yield connection


# --- filling it


def _fill(connection: Connection, archive: Archive) -> None:
    """The schema of the archive, its rows, and what follows from them. Raises `Damaged` where the two do not fit."""
    manifest = archive.manifest
    alembic.upgrade(migrations_within(connection), manifest.revision)
    _require_fitting(connection, manifest)
    postgresql = connection.dialect.name == "postgresql"
    references = _take_references_off(connection) if postgresql else []
    for name in manifest.tables:
        if connection.scalar(text(f"SELECT EXISTS (SELECT * FROM {name})")):
            connection.execute(text(f"DELETE FROM {name}"))  # what a migration has sown, the archive has, too
        _load(connection, name, archive)
    if postgresql:
        for statement in references:
            connection.execute(text(statement))
    elif wrong := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise Damaged(f"The archive is damaged: a row of {wrong[0]} names one of {wrong[2]} that is not there.")
    _set_keys(connection, manifest)
    alembic.upgrade(migrations_within(connection), "head")
    model: Any
    for model in records.kinds().values():
        if fulltext.searched(model):
            fulltext.rebuild(connection, model)
    logins = inspect(LoginSession).local_table
    still = update(logins).where(logins.c.ended_at.is_(None))
    connection.execute(still.values(ended_at=now(), end_reason="restored"))


def _require_fitting(connection: Connection, manifest: Manifest) -> None:
    looked = inspect(connection)
    there = {name for name in looked.get_table_names() if fulltext.in_models(name, "table", {})} - {"alembic_version"}
    if differing := there.symmetric_difference(manifest.tables):
        raise Damaged(f"The archive does not fit its schema {manifest.revision}: table {min(differing)}.")
    for name, table in manifest.tables.items():
        if {column["name"] for column in looked.get_columns(name)} != set(table.columns):
            raise Damaged(f"The archive does not fit its schema {manifest.revision}: columns of {name}.")


def _load(connection: Connection, name: str, archive: Archive) -> None:
    """Write the rows of a table past the session, whose listeners would note each of them."""
    quote = connection.dialect.identifier_preparer.quote
    columns = archive.manifest.tables[name].columns
    names = ", ".join(map(quote, columns))
    rows = converted(archive.rows(name), [native(kind, connection.dialect.name) for kind in columns.values()])
    driver: Any = connection.connection
    if connection.dialect.name == "postgresql":
        with driver.cursor().copy(f"COPY {quote(name)} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    statement = f"INSERT INTO {quote(name)} ({names}) VALUES ({', '.join('?' * len(columns))})"
    for batch in _batches(rows):
        connection.exec_driver_sql(statement, batch)


def _batches(rows: Iterable[list[Any]]) -> Iterator[list[tuple[Any, ...]]]:
    source = map(tuple, rows)
    while batch := list(islice(source, BATCH)):
        yield batch


def _take_references_off(connection: Connection) -> list[str]:
    """Drop the foreign keys, which go round in circles; the statements that make them again, and check all rows."""
    query = text(
        "SELECT conrelid::regclass::text AS of, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS says "
        "FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY oid"
    )
    found = list(connection.execute(query))
    for one in found:
        connection.execute(text(f"ALTER TABLE {one.of} DROP CONSTRAINT {one.name}"))
    return [f"ALTER TABLE {one.of} ADD CONSTRAINT {one.name} {one.says}" for one in found]


def _set_keys(connection: Connection, manifest: Manifest) -> None:
    """Let the next keys come after all that were given, as far as the archive knows them."""
    if connection.dialect.name == "postgresql":
        for name, table in manifest.tables.items():
            if "id" in table.columns:
                last = max(connection.scalar(text(f"SELECT max(id) FROM {name}")) or 0, table.last_key or 0)
                connection.execute(
                    text("SELECT setval(pg_get_serial_sequence(:name, 'id'), greatest(:last, 1), :last > 0)"),
                    {"name": name, "last": last},
                )
        return
    made: Collection[str] = list(
        connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"))
    )
    for name in set(made) & set(manifest.tables):
        last = max(connection.scalar(text(f"SELECT max(id) FROM {name}")) or 0, manifest.tables[name].last_key or 0)
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :last)"), {"name": name, "last": last})
