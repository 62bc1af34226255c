"""What a connection to PostgreSQL keeps, and what it must never keep: a change that was to be rolled back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.engine import access
from app.engine.moments import Moment
from app.engine.postgresql import MANY
from app.extensions import db
from tests.conftest import actors_of, sign_in
from tests.factories import incoming

KEPT = sa.table("kept", sa.column("n", sa.Integer))


def ask(connection, rows="SELECT 1"):
    return connection.execute(sa.text(rows)).scalars().all()


def _one(connection):
    connection.execute(sa.text("INSERT INTO kept VALUES (1)"))


def _many(connection):
    connection.execute(sa.text("INSERT INTO kept VALUES (:n)"), [{"n": 1}, {"n": 2}])


def _by_the_dozen(connection):
    connection.execute(sa.insert(KEPT), [{"n": n} for n in range(MANY)])


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
    [
        _one,
        _many,
        _by_the_dozen,
        _returning,
        _in_a_question,
        _in_a_question_on_lines_of_its_own,
        _by_columns,
        _streamed,
        _unread,
    ],
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


#: Columns of the types there are, and values that a line of text has to be careful with.
ALL = sa.Table(
    "all_types", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Text),
    sa.Column("line", sa.String(40)), sa.Column("money", sa.Numeric(14, 2)), sa.Column("flag", sa.Boolean),
    sa.Column("day", sa.Date), sa.Column("moment", Moment), sa.Column("large", sa.BigInteger), sa.Column("data", sa.JSON),
    sa.Column("rate", sa.Float), sa.Column("bytes", sa.LargeBinary),
)  # fmt: skip
TEXTS = ["", "\\N", "\\", "a\tb\nc\rd\x0be", "\\.", "'\";%s%(text)s", "𠮷市财政局", None, "NULL", " "]


def _row(n):
    text = TEXTS[n % len(TEXTS)]
    return {
        "id": n, "text": text, "line": text, "money": Decimal(n).scaleb(-2), "flag": (True, False, None)[n % 3],
        "day": date(1949, 10, 1 + n), "moment": datetime(2026, 11, 30, 23, 59, n, 999_999, UTC), "large": 2**62 + n,
        "data": {"a": [text, n]}, "rate": n / 7, "bytes": bytes(range(n, 256)),
    }  # fmt: skip


@pytest.fixture
def all_types(postgres_app):
    with postgres_app.app_context(), db.engine.connect() as connection:
        ALL.create(connection)
        yield connection


def test_many_rows_at_once_are_what_each_would_be_by_itself(all_types):
    rows = [_row(n) for n in range(MANY * 2)]
    for row in rows:
        all_types.execute(sa.insert(ALL), row)
    one_by_one = all_types.execute(sa.select(ALL).order_by(ALL.c.id)).all()
    all_types.execute(sa.delete(ALL))
    all_types.execute(sa.insert(ALL), rows)
    assert all_types.execute(sa.select(ALL).order_by(ALL.c.id)).all() == one_by_one
    assert [row.text for row in one_by_one[: len(TEXTS)]] == TEXTS
    assert one_by_one[3].moment == rows[3]["moment"] and one_by_one[3].money == Decimal("0.03")


@pytest.mark.parametrize(
    "wrong, error", [
        ({"id": 0}, sa.exc.IntegrityError), ({"text": "a\0b"}, sa.exc.DataError), ({"large": 2**80}, sa.exc.DataError),
        ({"line": "x" * 41}, sa.exc.DataError),
    ], ids=["twice", "nul", "large", "long"],
)  # fmt: skip
def test_many_rows_are_refused_as_each_would_be(all_types, wrong, error):
    rows = [_row(n) for n in range(MANY)]
    rows[-1] |= wrong
    with pytest.raises(error), all_types.begin_nested():
        all_types.execute(sa.insert(ALL), rows)
    assert ask(all_types, "SELECT count(*) FROM all_types") == [0]


def test_an_insert_that_works_something_out_does_so_for_many_rows_too(all_types):
    longer = sa.insert(ALL).values(text=sa.bindparam("text") + "!")
    all_types.execute(longer, [{"id": n, "text": "a"} for n in range(MANY)])
    assert ask(all_types, "SELECT DISTINCT text FROM all_types") == ["a!"]
