"""What a connection to PostgreSQL keeps, and what it must never keep: a change that was to be rolled back."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.engine import access
from app.extensions import db
from tests.conftest import actors_of, sign_in
from tests.factories import incoming


def ask(connection, rows="SELECT 1"):
    return connection.execute(sa.text(rows)).scalars().all()


def _one(connection):
    connection.execute(sa.text("INSERT INTO kept VALUES (1)"))


def _many(connection):
    connection.execute(sa.text("INSERT INTO kept VALUES (:n)"), [{"n": 1}, {"n": 2}])


def _returning(connection):
    assert connection.execute(sa.text("INSERT INTO kept VALUES (1) RETURNING n")).scalar() == 1


def _in_a_question(connection):
    connection.execute(sa.text("WITH new AS (DELETE FROM kept RETURNING n) SELECT count(*) FROM new"))


def _in_a_question_on_lines_of_its_own(connection):
    connection.execute(
        sa.text("""
        WITH new AS (DELETE FROM kept RETURNING n)
        SELECT count(*) FROM new
    """)
    )


def _by_columns(connection):
    with connection.connection.cursor() as cursor, cursor.copy("COPY kept FROM STDIN") as copy:
        copy.write_row((1,))


def _streamed(connection):
    with connection.connection.cursor() as cursor:
        assert list(cursor.stream("INSERT INTO kept VALUES (1) RETURNING n")) == [(1,)]


def _unread(connection):
    connection.exec_driver_sql("INSERT INTO kept VALUES (1)")
    ask(connection)


@pytest.fixture
def table(postgres_app):
    """A table with one row in it."""
    with postgres_app.app_context():
        with db.engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE kept (n integer)"))
            connection.execute(sa.text("INSERT INTO kept VALUES (0)"))
        yield db.engine


@pytest.mark.parametrize(
    "write",
    [_one, _many, _returning, _in_a_question, _in_a_question_on_lines_of_its_own, _by_columns, _streamed, _unread],
)
def test_what_was_written_and_given_up_is_gone(table, write):
    with table.connect() as connection:
        ask(connection)
        write(connection)
        connection.rollback()
        assert ask(connection, "SELECT n FROM kept") == [0]
        connection.rollback()
        write(connection)  # and at the end of the block, which SQLAlchemy rolls back
    with table.connect() as connection:
        assert ask(connection, "SELECT n FROM kept") == [0]


def test_what_was_written_is_given_up_after_an_error_too(table):
    with table.connect() as connection:
        _one(connection)
        with pytest.raises(sa.exc.ProgrammingError):
            ask(connection, "SELECT n FROM missing")
    with table.connect() as connection:
        assert ask(connection, "SELECT n FROM kept") == [0]


def test_a_connection_keeps_what_pages_ask_by_a_key_and_nothing_else(postgres_app):
    with postgres_app.app_context():
        with access.acting_as(actors_of(db.session)["clerk"]):
            key = incoming(db.session).id
        db.session.commit()
    clerk = sign_in(postgres_app, "clerk")
    for _time in range(6):
        for page in ("list/", f"show/{key}", "list/?q=通知", f"edit/{key}"):
            assert clerk.get(f"/incomingdocumentview/{page}").status_code == 200
    with postgres_app.app_context():
        prepared = db.session.scalars(sa.text("SELECT statement FROM pg_prepared_statements")).all()
    papers = [statement for statement in prepared if "\nFROM incoming_document" in statement.partition("WHERE")[0]]
    assert papers and all("WHERE incoming_document.id " in statement for statement in papers)
    assert sum("FROM login_session" in statement and "SELECT" in statement for statement in prepared) == 1
