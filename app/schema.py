"""The schema of the database as this program knows it, brought up to date by one process at a time.

While machines are upgraded one after the other, older programs meet a database that is newer than they are. Migrations
let them go on (docs/scaling.md); what they must not do is to touch it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command as alembic
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection, inspect, text
from sqlalchemy.orm import Session

from app.engine import forgetting, fulltext, phones
from app.engine import record as records
from app.engine.database import in_passing, one_at_a_time, reading
from app.engine.refusals import Refused
from app.extensions import db

#: Tables of fewer rows are quickly gone through, whatever the planner thinks of them, for each row of a large one, too.
FEW = 100
_COUNTED = text("SELECT tbl, max(CAST(stat AS INTEGER)) AS counted FROM sqlite_stat1 GROUP BY tbl")
#: Of an index for some rows only there is nothing to know while there are none.
_NEW_INDEX = text(
    "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'index' AND coalesce(sql, '') NOT LIKE '% WHERE %'"
    " AND name NOT IN (SELECT idx FROM sqlite_stat1 WHERE idx IS NOT NULL)"
)
SCRIPTS = Path(__file__).parent.parent / "models" / "migrations"


@cache
def _known() -> tuple[str, ...]:
    """The migrations this program has, the newest first."""
    found = _migrations()
    return tuple(script.revision for script in ScriptDirectory.from_config(found).walk_revisions())


@dataclass(frozen=True)
class Standing:
    """Where the schema of a database stands; `found` is None before the first migration."""

    found: str | None

    @property
    def is_newer(self) -> bool:
        """Whether a newer program made it: migrations are numbered."""
        found, newest = self.found or "", _known()[0]
        return found not in _known() and found.isdigit() and int(found) > int(newest)

    @property
    def is_known(self) -> bool:
        """Whether this program has the migration that made it."""
        return self.found in _known()

    @property
    def serves(self) -> bool:
        """Whether this program can work with it."""
        return self.found == _known()[0] or self.is_newer

    def __str__(self) -> str:
        if self.found is None:
            return "the database has no schema"
        return f"the database is at {self.found}, this program at {_known()[0]}"


def standing(session: Session) -> Standing:
    """Where the schema stands. Raises what the database raises where it does not answer."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return Standing(None)
    return Standing(session.scalar(text("SELECT version_num FROM alembic_version")))


def migrations(app: Flask) -> AlembicConfig:
    """Where the migrations lie and which database they run on."""
    return _migrations(url=app.config["SQLALCHEMY_DATABASE_URI"])


def migrations_within(connection: Connection) -> AlembicConfig:
    """The same in a transaction that the caller has begun and commits; on SQLite with foreign keys switched off."""
    return _migrations(connection=connection)


def _migrations(**where: Any) -> AlembicConfig:
    found = AlembicConfig()
    found.set_main_option("script_location", str(SCRIPTS))
    found.attributes.update(where)
    return found


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else brings this database up to date, or fills it, during the block; as long as it takes."""
    with Session(db.engine) as waiting:
        if db.engine.dialect.name == "postgresql":
            waiting.execute(text("SET LOCAL lock_timeout = 0"))
            one_at_a_time(waiting, "schema")
            yield
        else:
            yield


def make_room(app: Flask) -> None:
    """Make the folder in which the file of SQLite lies, or will."""
    uri = app.config["SQLALCHEMY_DATABASE_URI"]
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)


def migrate(app: Flask) -> Standing:
    """Bring the schema to the newest version; where it stood."""
    with alone():
        return bring_up_to_date(app)


def bring_up_to_date(app: Flask) -> Standing:
    """The same for one who is `alone`; where the schema stood. One made by a newer program is left as it is.

    Raises `Refused` for a schema of nobody's.
    """
    make_room(app)
    before = standing(db.session)
    db.session.rollback()
    if before.is_newer:
        return before
    if before.found not in (None, *_known()):
        raise Refused(f"{str(before).capitalize()}, which does not know it; nothing was done.")
    alembic.upgrade(migrations(app), "head")
    phones.bring_up_to_date(db.session)
    fulltext.bring_up_to_date(db.session, records.kinds().values())
    if before.found is not None and not before.serves:
        forgetting.reindex(db.session)
    return before


def take_stock(session: Session) -> list[str]:
    """Let the planner of SQLite count the tables that have grown or shrunk to the double or half, or have an index that
    was never counted; which. Commits.

    Without that it takes ten rows for what any index finds, and puts a million in order for twenty-five. A table at a
    time, whole: from the first thousand rows of an index it learns that all are alike. PostgreSQL does so by itself.
    """
    if session.get_bind().dialect.name != "sqlite":
        return []
    with reading():
        connection = session.connection()
        there = inspect(connection).has_table("sqlite_stat1")
        known = {row.tbl: row.counted for row in connection.execute(_COUNTED)} if there else {}
        indexed = set(connection.scalars(_NEW_INDEX)) if there else set()
        # The highest key, for to count the rows of a million takes longer than all the rest.
        grown = [
            table.name
            for table in db.metadata.sorted_tables
            if (rows := connection.scalar(text(f"SELECT max(rowid) FROM {table.name}")) or 0) > FEW
            and (table.name in indexed or not rows / 2 < known.get(table.name, 0) < rows * 2)
        ]
        session.rollback()
    for name in grown:
        in_passing(session, text(f"ANALYZE {name}"))
    return grown
