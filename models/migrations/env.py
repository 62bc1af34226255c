"""Alembic's environment: the one metadata of all tables, on the database of the running configuration."""

from alembic import context
from sqlalchemy import create_engine, pool

import models  # noqa: F401
from app.engine import fulltext
from app.extensions import db


def run() -> None:
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # SQLite changes a table by making it anew; meanwhile nothing may refer to it. Outside any transaction.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=True,
            include_name=fulltext.in_models,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
