"""Settings as the environment says them: where the databases are, and what cannot be meant."""

from multiprocessing.pool import ThreadPool

import pytest
import sqlalchemy as sa

import config

PAIR = "postgresql://wenshu:p%40ss@one:5432,two:5433/office?target_session_attrs=read-write"


@pytest.fixture
def settings(monkeypatch):
    """`settings(WENSHU_DATABASE_URL=...)`: what the program makes of them."""

    def read(**given):
        for name in ("WENSHU_DATABASE_URL", "WENSHU_REPLICA_URL"):
            monkeypatch.delenv(name, raising=False)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        return config.from_environment()

    return read


def test_several_servers_are_tried_one_after_the_other(settings):
    engine = sa.create_engine(settings(WENSHU_DATABASE_URL=PAIR)["SQLALCHEMY_DATABASE_URI"])
    _words, asked = engine.dialect.create_connect_args(engine.url)
    assert (asked["host"], asked["port"], asked["connect_timeout"]) == ("one,two", "5432,5433", "5")
    assert (asked["user"], asked["password"], asked["dbname"]) == ("wenshu", "p@ss", "office")
    assert asked["target_session_attrs"] == "read-write"


@pytest.mark.parametrize(
    "url", ["postgresql://wenshu@one:5432/office?sslmode=verify-full", "postgresql://postgres:@/office?host=/run/pg"]
)
def test_one_server_stays_as_it_is_named(settings, url):
    made = sa.make_url(settings(WENSHU_DATABASE_URL=url)["SQLALCHEMY_DATABASE_URI"])
    assert made == sa.make_url(url).set(drivername="postgresql+psycopg")


def test_without_a_replica_there_is_one_engine(settings):
    assert settings(WENSHU_DATABASE_URL=PAIR)["SQLALCHEMY_BINDS"] == {}


@pytest.mark.parametrize("primary", [{}, {"WENSHU_DATABASE_URL": "sqlite:////srv/office.db"}])
def test_a_replica_of_anything_but_postgresql_is_refused_in_one_line(settings, primary):
    with pytest.raises(config.ConfigurationError, match=r"^WENSHU_REPLICA_URL needs WENSHU_DATABASE_URL .*\.$"):
        settings(**primary, WENSHU_REPLICA_URL="postgresql://two/office")


@pytest.mark.parametrize(
    "name, value",
    [("PORT", "abc"), ("PORT", "0"), ("PORT", "65536"), ("WENSHU_WORKERS", "x"), ("WENSHU_WORKERS", "0"),
     ("WENSHU_WORKERS", "9" * 5000), ("WENSHU_NOW", "gestern"), ("WENSHU_NOW", "2026-03-02T09:00"),
     ("WENSHU_TIMEZONE", "Mars/Base"), ("WENSHU_TIMEZONE", "/etc/passwd"), ("WENSHU_TIMEZONE", "Asia"),
     ("WENSHU_DATABASE_URL", "foo"), ("WENSHU_DATABASE_URL", "mysql://one/office"),
     ("WENSHU_DATABASE_URL", "postgresql://one:port/office"), ("WENSHU_DATABASE_URL", "postgresql://[one/office"),
     ("WENSHU_SESSION_IDLE_MINUTES", "0"), ("WENSHU_TRUSTED_PROXIES", "-1"), ("WENSHU_ADDRESS", "wenshu.example.cn"),
     ("WENSHU_ADDRESS", "https://"), ("WENSHU_ADDRESS", "https://example.cn/office")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_one_line_that_names_it(settings, monkeypatch, name, value):
    monkeypatch.delenv("WENSHU_SECRET_KEY", raising=False)
    with pytest.raises(config.ConfigurationError, match=rf"^{name} must be .*\.$"):
        settings(**{name: value})


@pytest.mark.parametrize("given, bound", [("::1", "[::1]"), ("[::1]", "[::1]"), ("0.0.0.0", "0.0.0.0")])
def test_an_address_of_ipv6_stands_in_brackets(settings, given, bound):
    assert settings(HOST=given)["HOST"] == bound


def test_the_key_of_a_demo_office_is_one_whoever_starts_first(settings, monkeypatch, tmp_path):
    monkeypatch.delenv("WENSHU_SECRET_KEY", raising=False)
    monkeypatch.setenv("WENSHU_DATA_DIR", str(tmp_path))
    with ThreadPool(8) as starts:
        keys = set(starts.map(lambda _start: config.from_environment()["SECRET_KEY"], range(8)))
    (key,) = keys
    assert len(key) >= 32
    assert [(file.name, file.stat().st_mode & 0o777) for file in tmp_path.iterdir()] == [("secret.key", 0o600)]


def test_an_empty_key_of_a_demo_office_is_made_anew(settings, monkeypatch, tmp_path):
    monkeypatch.delenv("WENSHU_SECRET_KEY", raising=False)
    (tmp_path / "secret.key").touch()
    key = settings(WENSHU_DATA_DIR=str(tmp_path))["SECRET_KEY"]
    assert (len(key) >= 32, settings(WENSHU_DATA_DIR=str(tmp_path))["SECRET_KEY"]) == (True, key)
