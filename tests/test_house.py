"""What holds for all that is registered: flows, views, reports, labels, imports, schema."""

import ast
import inspect
import textwrap
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from babel.messages.pofile import read_po

from app.cli import migrate, migrations
from app.engine import access
from app.engine.fields import fields_of
from app.engine.frames import REPORTS
from app.engine.fulltext import in_models
from app.engine.record import kinds
from app.engine.workflow import flows
from app.extensions import db
from app.factory import create_app  # noqa: F401  registers everything
from app.menu import VIEWS
from seed.roles import LABELS, ROLES, TABLE

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name, flow", list(flows()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_state_can_be_reached(name, flow):
    assert flow.reachable() == set(flow.states)


def test_every_kind_hides_its_rows_from_nobody_in_particular(app):
    with app.app_context(), access.acting_as(access.NOBODY):
        assert [name for name, model in kinds().items() if db.session.query(model).first()] == []


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_every_view_names_fields_that_exist(view):
    names = {*view.list_columns, *view.filters, *(view.edit_columns or [])}
    assert names <= set(fields_of(view.model))


def test_every_role_of_the_table_has_a_name_and_only_known_rights():
    steps = {name: set(flow.steps) for name, flow in flows()}
    plain = {"read", "add", "edit", "delete", "import", "export", "reveal", "attach", "break_glass", "*"}
    of_fields = {
        name: {right for f in fields_of(model).values() for right in (f.right, f.set_by)}
        for name, model in kinds().items()
    }
    known = {*kinds(), "reports", "history", "accounts", "bin", "emergency"}
    assert set(TABLE) == set(LABELS) == set(ROLES)
    unknown = [
        (role, kind, right)
        for role, rows in ROLES.items()
        for kind, rights in rows.items()
        for right in rights
        if kind not in known or right not in plain | steps.get(kind, set()) | of_fields.get(kind, set())
    ]
    assert unknown == []


def test_every_report_is_fine_with_no_rows(client):
    browser = client("manager")
    answers = {name: browser.get(f"/reports/{name}.json").status_code for name in REPORTS}
    assert answers == dict.fromkeys(REPORTS, 200)


def test_the_schema_is_what_the_migrations_make(either):
    with either.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": in_models})
        assert compare_metadata(context, db.metadata) == []


def test_the_schema_goes_down_and_up_again_on_a_filled_house(either):
    with either.app_context():
        db.session.remove()
        db.engine.dispose()
        command.downgrade(migrations(either), "base")
        migrate(either)
    with either.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": in_models})
        assert compare_metadata(context, db.metadata) == []


ALLOWED = {
    "app/engine": {"app.engine"},
    "models": {"app.engine", "models", "app.extensions"},
    "reports": {"app.engine", "models", "reports"},
    "views": {"app.engine", "app.web", "models", "views", "reports"},
}


@pytest.mark.parametrize("folder", ALLOWED)
def test_nothing_is_imported_upward(folder):
    ours = ("app", "models", "views", "reports", "seed")
    wrong = [
        (str(file.relative_to(ROOT)), name)
        for file in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        for name in ([node.module] if isinstance(node, ast.ImportFrom) and node.module else [])
        if name.split(".")[0] in ours and not any(name == a or name.startswith(a + ".") for a in ALLOWED[folder])
    ]
    assert wrong == []


def test_every_text_is_translated():
    with (ROOT / "app/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file)
    assert [m.id for m in catalogue if m.id and (not m.string or m.fuzzy)] == []


@pytest.mark.parametrize("model", kinds().values(), ids=lambda model: model.kind_name)
def test_what_a_label_names_is_brought_along(model):
    """Or a list of references asks once for every row."""
    about = fields_of(model)
    says = ast.walk(ast.parse(textwrap.dedent(inspect.getsource(model.__str__))))
    named = {n.attr for n in says if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "self"}
    assert {name for name in named & about.keys() if about[name].kind == "reference"} == set(model.named_by)
