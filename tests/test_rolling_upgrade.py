"""Old and new programs side by side: what a newer schema may do to an older program, and what that one says of it."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from app.engine import access
from app.extensions import db
from app.schema import migrate, standing
from models.correspondents import Correspondent
from tests.additive import breaks_older_programs, second_step_of
from tests.conftest import bearer, sign_in

VERSIONS = Path(__file__).parent.parent / "models" / "migrations" / "versions"
#: Migrations from here on let the programs of one release before go on.
FROM = "0011"


def ahead(app, version="9999") -> None:
    """The schema of a release to come: a column and a table nobody here knows."""
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE correspondent ADD COLUMN colour VARCHAR(20)"))
        connection.execute(sa.text("CREATE TABLE colour (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL)"))
        connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{version}'"))


def test_an_older_program_goes_on_while_the_schema_is_a_release_ahead(either):
    browser, program = sign_in(either, "clerk"), bearer(either, "clerk")

    def work(name):
        """Add, find, show, change by the page; read by the programs' door; the statuses."""
        added = browser.post("/correspondentview/add", data={"name": name, "form_key": name})
        with either.app_context(), access.system():
            one = db.session.scalars(sa.select(Correspondent).where(Correspondent.name == name)).one()
            pk, version = one.id, one.version
            db.session.remove()
        return [
            added.status_code,
            browser.get(f"/correspondentview/list/?q={name}").status_code,
            browser.get(f"/correspondentview/show/{pk}").status_code,
            browser.post(
                f"/correspondentview/edit/{pk}", data={"name": f"{name}（改）", "version": version}
            ).status_code,
            either.test_client().get(f"/api/v1/correspondents/{pk}", headers=program).status_code,
            browser.get("/reports/incoming_papers").status_code,
        ]

    # So often that the server keeps the statements prepared when their table changes under them.
    assert {tuple(work(f"先{n}")) for n in range(8)} == {(302, 200, 200, 302, 200, 200)}
    ahead(either)
    assert {tuple(work(f"后{n}")) for n in range(8)} == {(302, 200, 200, 302, 200, 200)}
    with either.app_context(), access.system():
        names = set(db.session.scalars(sa.select(Correspondent.name)))
    assert {f"{when}{n}（改）" for when in "先后" for n in range(8)} <= names


def test_a_program_that_starts_on_a_newer_schema_leaves_it_alone(either):
    ahead(either)
    with either.app_context():
        assert migrate(either).is_newer
        assert standing(db.session).found == "9999"
        db.session.remove()
    answer = either.test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.text.startswith("ok, but the database is at 9999, this program at ")


@pytest.mark.parametrize("version, words", [("0009", "the database is at 0009"), ("spring", "is at spring")])
def test_a_schema_that_is_older_or_nobodys_is_not_ready(app, version, words):
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{version}'"))
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert words in answer.text


def migration(*calls, mark=""):
    body = "\n    ".join(calls)
    return f"revision = '0012'\n{mark}\ndef upgrade():\n    {body}\ndef downgrade():\n    op.drop_table('loan')\n"


@pytest.mark.parametrize(
    "call",
    [
        "op.drop_table('loan')",
        "op.drop_column('loan', 'title')",
        "op.rename_table('loan', 'lending')",
        "op.alter_column('loan', 'title', new_column_name='subject')",
        "op.alter_column('loan', 'title', nullable=False)",
        "op.add_column('loan', sa.Column('pages', sa.Integer(), nullable=False))",
        "batch.add_column(sa.Column('pages', sa.Integer(), nullable=False))",
        "op.execute('ALTER TABLE loan RENAME TO lending')",
        "op.execute(sa.text('alter table loan drop column title'))",
    ],
)
def test_what_older_programs_cannot_live_with_is_found(call):
    assert breaks_older_programs(migration("op.create_index('i', 'loan', ['title'])", call)) != []


@pytest.mark.parametrize(
    "call",
    [
        "op.create_table('loan', sa.Column('id', sa.Integer(), nullable=False))",
        "op.add_column('loan', sa.Column('pages', sa.Integer(), nullable=True))",
        "op.add_column('loan', sa.Column('pages', sa.Integer(), nullable=False, server_default='0'))",
        "op.alter_column('loan', 'title', nullable=True)",
        "op.drop_index('i', 'loan')",
        "op.execute('UPDATE loan SET pages = 0')",
    ],
)
def test_what_older_programs_do_not_notice_passes(call):
    assert breaks_older_programs(migration(call)) == []


def test_a_second_step_says_of_what():
    assert second_step_of(migration("op.drop_table('loan')", mark="second_step_of = '0011'")) == "0011"
    assert second_step_of(migration("op.drop_table('loan')")) is None


def test_migrations_take_away_only_what_an_earlier_one_made_needless():
    sources = {file.name[:4]: file.read_text("utf-8") for file in VERSIONS.glob("*.py") if file.name[:4] >= FROM}
    undeclared = {
        number: found
        for number, source in sources.items()
        if (found := breaks_older_programs(source)) and not (second_step_of(source) or number) < number
    }
    assert undeclared == {}
