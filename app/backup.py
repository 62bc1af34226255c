"""The backup 备份: database, attachments and settings of the office in one archive, while people go on working.

All rows are those of one moment: on PostgreSQL of a transaction that is repeatable and reads only, on SQLite of one
that reads its write-ahead log. Files are never changed once they are stored, so they may be copied afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    Integer,
    String,
    Table,
    TypeDecorator,
    inspect,
    select,
    text,
    union,
)
from sqlalchemy.orm import Session

from app.engine import access, events
from app.engine.archives import Archive, Manifest, Writer, converted, neutral
from app.engine.contents import chunks
from app.engine.database import as_stored, reading
from app.engine.moments import now
from app.engine.money import Exact
from app.engine.refusals import Refused
from app.engine.storage import Storage
from app.extensions import db
from app.schema import standing
from config import VERSION
from models.files import Attachment
from models.report_runs import ReportRun

#: The columns that name files of the storage.
FILES = tuple(inspect(model).local_table.c.digest for model in (Attachment, ReportRun))
BATCH = 2000
_KINDS = {Boolean: "boolean", Integer: "integer", DateTime: "moment", Date: "date", String: "text"}


def back_up(storage: Storage, target: Path) -> Manifest:
    """Write the archive and read it again before it gets its name; what is in it.

    Raises `Refused`, leaving nothing behind: there is such a file, the schema is not this program's, the disk is full.
    """
    _require_new(target)
    _require_present()
    with access.system():
        events.note(db.session, "exported", "backup", target.name)  # before the rows are read: the archive has it, too
        db.session.commit()
    with NamedTemporaryFile(dir=target.absolute().parent, prefix=f".{target.name}.", delete=False) as file:
        try:  # readable by nobody else: it holds all papers, and what passwords are compared with
            with _snapshot(db.engine) as connection:
                _write(file, connection, storage)
            file.flush()
            os.fsync(file.fileno())
            with Archive(Path(file.name)) as archive:
                manifest = archive.verify()
            _require_new(target)
            os.replace(file.name, target)
        except OSError as error:
            raise Refused(f"The archive could not be written: {error.strerror or error}.") from None
        finally:
            with suppress(FileNotFoundError):
                os.unlink(file.name)
    return manifest


def _require_new(target: Path) -> None:
    if target.exists():
        raise Refused(f"There is a file “{target}” already; a backup overwrites nothing.")


def _require_present() -> None:
    with reading():
        found = standing(db.session)
        db.session.rollback()
    if found.is_newer or not found.serves:
        raise Refused(f"Nothing was backed up: {found}.")


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the rows of one moment, and keeps nobody waiting."""
    with engine.connect() as connection, reading():
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


def _write(file: Any, connection: Connection, storage: Storage) -> None:
    with Session(connection) as session:
        found = standing(session)
    made = Manifest(VERSION, str(found.found), now().isoformat(timespec="seconds"), connection.dialect.name)
    archive = Writer(file, made)
    for table in sorted(db.metadata.tables.values(), key=lambda one: one.name):
        archive.table(table.name, columns_of(table), _rows(connection, table), _last_key(connection, table))
    for digest in _digests(connection):
        content = _content(storage, digest)
        if content is None:
            made.missing.append(digest)
            continue
        with content:
            archive.file(digest, chunks(content))
    archive.finish()


def columns_of(table: Table) -> dict[str, str]:
    """The columns of a table and their kinds in the archive. Raises `TypeError` for a type it has no form for."""
    return {column.name: _kind(column) for column in table.columns}


def _kind(column: Column[Any]) -> str:
    kept = column.type
    if isinstance(kept, Exact):
        return f"decimal.{kept.places}"
    plain = kept.impl_instance if isinstance(kept, TypeDecorator) else kept
    for known, kind in _KINDS.items():
        if isinstance(plain, known):
            return kind
    raise TypeError(f"no archive keeps {kept!r} of {column}")


def _rows(connection: Connection, table: Table) -> Iterator[list[Any]]:
    query = select(*map(as_stored, table.columns)).order_by(*table.primary_key)
    found = connection.execute(query, execution_options={"yield_per": BATCH})
    kinds = columns_of(table).values()
    return converted(found, [neutral(kind, connection.dialect.name) for kind in kinds])


def _last_key(connection: Connection, table: Table) -> int | None:
    """The highest key the database has given, also to a row that is gone; None where it keeps no account of that."""
    if connection.dialect.name == "postgresql":
        query = text(
            "SELECT last_value FROM pg_sequences WHERE schemaname = current_schema() AND "
            "format('%I.%I', schemaname, sequencename) = pg_get_serial_sequence(:name, 'id')"
        )
        return connection.scalar(query, {"name": table.name}) if "id" in table.columns else None
    if table.dialect_options["sqlite"]["autoincrement"]:
        return connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    return None


def _digests(connection: Connection) -> Iterator[str]:
    """Every file that a record names, once."""
    named = union(*(select(column).where(column.is_not(None)) for column in FILES)).subquery()
    query = select(named.c.digest).order_by(named.c.digest)
    yield from connection.scalars(query, execution_options={"yield_per": BATCH})


def _content(storage: Storage, digest: str) -> BinaryIO | None:
    """A file of the storage from its beginning; None where it is gone, or is not what its name says."""
    try:
        file = storage.open(digest)
    except FileNotFoundError:
        return None
    found = sha256()
    for piece in chunks(file):
        found.update(piece)
    if found.hexdigest() != digest:
        file.close()
        return None
    file.seek(0)
    return file
