"""A streaming replica to read from: used while it follows the primary and knows all that whoever asks has written.

A session on the replica is one of its own: it cannot write, and what the request's session holds is none of its
business. Rights, sign-ins and the record of an export stay with that one, on the primary.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine, ExceptionContext, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from app.engine.database import Overtaken, plainly
from app.engine.moments import now

log = logging.getLogger("wenshu")

#: Seconds for which a replica that failed is not asked again; then one request finds out.
REST = 10
#: Seconds a replica may lie behind while the primary writes.
BEHIND = 30
#: Seconds between two looks at one that lies behind.
LOOK = 0.05
#: Stands for a place in the log that nobody could learn: no replica has ever come so far.
UNKNOWN = "FFFFFFFF/FFFFFFFF"

_WRITTEN = text("SELECT pg_current_wal_insert_lsn()::text")
_REPLAYED = text("SELECT pg_last_xact_replay_timestamp()")
#: marks a session that reads from a replica
_REPLICA = "reads from a replica"
# One that was promoted is a primary itself; one whose primary is gone follows nobody.
_STANDING = text(
    """
    SELECT pg_is_in_recovery() AS is_replica,
           EXISTS (SELECT FROM pg_stat_wal_receiver)
           AND (pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn()
                OR now() - pg_last_xact_replay_timestamp() < make_interval(secs => :behind))
           AND pg_last_wal_replay_lsn() >= CAST(:written AS pg_lsn) AS knows
    """
)


def as_of(session: Session) -> datetime:
    """The moment of whose state a session reads: now, and on a replica that of the latest change it has."""
    return (session.scalar(_REPLAYED) if session.info.get(_REPLICA) else None) or now()


def written(primary: Engine) -> str:
    """How far the primary's log reaches now: a replica that has replayed it knows all that is committed by now."""
    try:
        with primary.connect() as connection:
            return str(connection.scalar(_WRITTEN))
    except (DBAPIError, PoolTimeout):
        return UNKNOWN


class Replica:
    """One replica as this process sees it."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._rests_until = 0.0
        event.listen(engine, "handle_error", self._failed)

    def _failed(self, context: ExceptionContext) -> None:
        """Leave a replica alone that is away, drops a query for the sake of replay, or has an older schema."""
        error = context.sqlalchemy_exception
        if isinstance(error, OperationalError | InterfaceError | ProgrammingError) and not context.is_pre_ping:
            log.warning("the replica is left alone for %s s: %s", REST, plainly(error))
            self._rest()
            raise Overtaken(plainly(error))

    def _rest(self) -> None:
        self._rests_until = time.monotonic() + REST

    @contextmanager
    def session(self, since: str, patience: float = 0) -> Iterator[Session | None]:
        """A session on the replica if it knows what was written until `since`, else None.

        `patience` in seconds: so long it may take to get there. Where the replica fails in the middle of a query,
        that raises `Overtaken`: begun anew, the same work is done by the primary.
        """
        connection = self._knowing(since, patience)
        if connection is None:
            yield None
            return
        with connection, Session(connection, info={_REPLICA: True}) as session:
            yield session

    def _knowing(self, since: str, patience: float) -> Connection | None:
        """A connection to the replica that knows what was written until `since`."""
        end = time.monotonic() + patience
        if time.monotonic() < self._rests_until:
            return None
        try:
            connection = self._engine.connect()
        except (Overtaken, PoolTimeout):
            return None
        try:
            # Asked on the very connection that is used: behind one address there may be several replicas.
            while True:
                found = connection.execute(_STANDING, {"written": since, "behind": BEHIND}).one()
                if found.is_replica and found.knows:
                    connection.rollback()
                    return connection
                if not found.is_replica:  # the next connection may find one among the servers of the address
                    connection.invalidate()
                    self._rest()
                if not found.is_replica or time.monotonic() >= end:
                    break
                time.sleep(LOOK)
        except Overtaken:
            pass
        connection.close()
        return None
