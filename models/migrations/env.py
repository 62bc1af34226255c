"""Alembic's environment: the one metadata of all tables, on the database of the running configuration."""

from alembic import context
from sqlalchemy import Connection, create_engine, pool

import models  # noqa: F401
from app.engine import fulltext
from app.extensions import db


def run() -> None:
    """On the connection somebody has begun a transaction on, who commits; otherwise on one of our own."""
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate_on(given)
        return
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # SQLite changes a table by making it anew; meanwhile nothing may refer to it. Outside any transaction.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
        migrate_on(connection)


def migrate_on(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=True,
        compare_type=True,
        # A lock on one table is over before the next is asked for, and readers wait for no sum.
        transaction_per_migration=True,
        include_name=fulltext.in_models,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
