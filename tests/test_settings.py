"""Where the databases are, as the environment says it."""

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
