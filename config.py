"""Configuration: the only place that reads the environment."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

HERE = Path(__file__).parent

#: The release, as in pyproject.toml.
VERSION = "0.1.0"

#: Seconds after which the next of several database servers is tried.
NEXT_SERVER = 5

#: Keys that protect nothing, because everybody knows them.
KNOWN_KEYS = {"", "change-me", "changeme", "secret", "dev", "development", "test", "wenshu"}


class ConfigurationError(SystemExit):
    """The start is refused; the one line says what to set."""


class Config:
    """What is the same wherever the office runs."""

    APP_NAME = "Wenshu"
    OFFICE = "Wenshu 文枢"
    FAB_CREATE_DB = False  # Alembic owns the schema
    FAB_UPDATE_PERMS = False  # rights come from seed/roles.py, not from rows
    FAB_ADD_SECURITY_VIEWS = True
    FAB_ADD_MENU_API = False
    FAB_ADD_OPENAPI_VIEWS = True
    FAB_API_MAX_PAGE_SIZE = 100
    SQLALCHEMY_TRACK_MODIFICATIONS = False
    SQLALCHEMY_ENGINE_OPTIONS = {
        # Asked before each use, so that connections to a database that was away are made anew by themselves.
        "pool_pre_ping": True,
        "pool_recycle": 3600,  # seconds; what SQLite's planner learns, a new connection knows
        "pool_use_lifo": True,  # few connections are asked often: each keeps the statements it has prepared
        # An office of six roles asks a thousand statements. SQLAlchemy keeps five hundred, and putting others together
        # anew took nearly half of their pages' time; one that is kept takes 60 to 90 kB.
        "query_cache_size": 1500,
        "hide_parameters": True,  # values of statements stay out of logs
    }
    WTF_CSRF_TIME_LIMIT = None  # a form open over lunch must not lose what was typed
    MAX_CONTENT_LENGTH = 32 * 1024 * 1024
    MAX_FORM_MEMORY_SIZE = 4 * 1024 * 1024
    SESSION_COOKIE_HTTPONLY = True
    SESSION_COOKIE_SAMESITE = "Lax"
    SESSION_PROTECTION = None  # the framework's guess by address and browser; ours is a table (models/logins.py)
    SESSION_ABSOLUTE_HOURS = 12
    PERMANENT_SESSION_LIFETIME = SESSION_ABSOLUTE_HOURS * 3600
    FAB_PASSWORD_HASH_METHOD = "scrypt"
    FAB_API_KEY_ENABLED = True
    PASSWORD_LEAST_LENGTH = 8
    BABEL_DEFAULT_LOCALE = "zh"
    BABEL_TRANSLATION_DIRECTORIES = str(HERE / "app" / "translations")
    FIGURES_KEPT = 300  # a figure on my work that took long is shown again, with its age, for so many times as long
    LANGUAGES = {"zh": {"flag": "cn", "name": "中文"}, "en": {"flag": "gb", "name": "English"}}


def from_environment() -> dict[str, Any]:
    """The settings of this machine, defaults filled in. Raises `ConfigurationError` with one plain line."""
    get = os.environ.get
    data = get("WENSHU_DATA_DIR") or str(HERE / "var")
    # Files may lie in a bucket; the database and the demo key need a folder on this machine all the same.
    folder = HERE / "var" if data.startswith("s3://") else Path(data).absolute()
    url = get("WENSHU_DATABASE_URL") or f"sqlite:///{folder / 'wenshu.db'}"
    demo = "WENSHU_SECRET_KEY" not in os.environ
    frozen = get("WENSHU_NOW")
    if frozen and not demo:
        raise ConfigurationError("WENSHU_NOW freezes the clock and is refused where WENSHU_SECRET_KEY is set.")
    return {
        "SECRET_KEY": _demo_key(folder) if demo else _own_key(get("WENSHU_SECRET_KEY", "")),
        "DEMO": demo,
        "DEMO_PASSWORD": get("WENSHU_DEMO_PASSWORD"),
        "SQLALCHEMY_DATABASE_URI": _address("WENSHU_DATABASE_URL", url),
        "SQLALCHEMY_BINDS": _replica(get("WENSHU_REPLICA_URL"), url),
        "DATA_DIR": data if data.startswith("s3://") else str(folder),
        "SESSION_IDLE_MINUTES": _whole("WENSHU_SESSION_IDLE_MINUTES", 30, least=1),
        "PASSWORD_COMPOSITION": get("WENSHU_PASSWORD_COMPOSITION") == "1",
        "TOTP_ROLES": frozenset(role.strip() for role in get("WENSHU_TOTP_ROLES", "").split(",") if role.strip()),
        "TRUSTED_PROXIES": _whole("WENSHU_TRUSTED_PROXIES", 0),
        **_cookie(get("WENSHU_HTTPS") == "1"),
        "TIMEZONE": _zone(get("WENSHU_TIMEZONE") or "Asia/Shanghai"),
        "AREA_CODE": get("WENSHU_AREA_CODE") or "",
        "FROZEN_NOW": _moment(frozen) if frozen else None,
        "HOST": _host(get("HOST") or "127.0.0.1"),
        "PORT": _whole("PORT", 8080, least=1, most=65_535),
        "CLAMAV": get("WENSHU_CLAMAV"),
        "SMTP_URL": _mail_server(get("WENSHU_SMTP_URL")),
        "MAIL_FROM": get("WENSHU_MAIL_FROM") or "wenshu@localhost",
        "ADDRESS": _site(get("WENSHU_ADDRESS")),
        "METRICS_TOKEN": _token(get("WENSHU_METRICS_TOKEN")),
        "WORKERS": _whole("WENSHU_WORKERS", 2, least=1, most=1000),
    }


def database(url: str) -> str:
    """The address as SQLAlchemy reads it; several servers as libpq names them (`h1:p1,h2:p2`) become its `host=`."""
    if not url.startswith("postgresql://"):
        return url
    parts = urlsplit(url)
    who, _at, servers = parts.netloc.rpartition("@")
    query = parse_qsl(parts.query)
    if "," in servers:
        query = [("host", server) for server in servers.split(",")] + query
        servers = ""
        if not any(name == "connect_timeout" for name, _value in query):
            query.append(("connect_timeout", str(NEXT_SERVER)))
    asked = f"?{urlencode(query, safe='/:')}" if query else ""
    return f"postgresql+psycopg://{who}{_at}{servers}{parts.path}{asked}"


def _address(name: str, url: str) -> str:
    """What a setting says of a database, as SQLAlchemy reads it; no other databases are known here."""
    try:
        address = database(url)
        known = make_url(address).drivername in ("sqlite", "postgresql+psycopg")
    except (ArgumentError, ValueError):
        known = False
    if not known:
        raise ConfigurationError(
            f"{name} must be like sqlite:////srv/wenshu.db or postgresql://user:password@host:5432/wenshu."
        )
    return address


def _replica(url: str | None, primary: str) -> dict[str, Any]:
    """A second engine, named `replica`, where there is a streaming replica of the PostgreSQL database to read from."""
    if not url:
        return {}
    if not (url.startswith("postgresql") and primary.startswith("postgresql")):
        raise ConfigurationError("WENSHU_REPLICA_URL needs WENSHU_DATABASE_URL to name the PostgreSQL it copies.")
    # One that is away is found out soon: whoever asks waits that long, once, and is then served by the primary.
    patience = {"connect_timeout": 2, "tcp_user_timeout": 5_000, "keepalives_idle": 5, "keepalives_interval": 2}
    options = {**Config.SQLALCHEMY_ENGINE_OPTIONS, "connect_args": patience}
    return {"replica": {"url": _address("WENSHU_REPLICA_URL", url), **options}}


def _cookie(https: bool) -> dict[str, Any]:
    """The session cookie; where the office is served over https, one that no other host or path can set."""
    return {"SESSION_COOKIE_SECURE": https, "SESSION_COOKIE_NAME": "__Host-wenshu" if https else "wenshu"}


def _whole(name: str, default: int, least: int = 0, most: int = 100_000) -> int:
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise ConfigurationError(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def _host(name: str) -> str:
    """Where to listen as it stands before `:port`; an address of IPv6 has colons of its own."""
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def _site(address: str | None) -> str:
    """What stands before the pages of the office in mails and workbooks; empty: what each request says of it."""
    parts = urlsplit(address or "")
    if address and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query):
        raise ConfigurationError("WENSHU_ADDRESS must be like https://wenshu.example.cn, without a path.")
    return (address or "").rstrip("/")


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (LookupError, ValueError, OSError):
        raise ConfigurationError("WENSHU_TIMEZONE must be the name of a time zone, like Asia/Shanghai.") from None


def _mail_server(url: str | None) -> str | None:
    if url and not url.startswith(("smtp://", "smtps://")):
        raise ConfigurationError("WENSHU_SMTP_URL must be like smtp://user:password@host:25 or smtps://host.")
    return url or None


def _own_key(key: str) -> str:
    if key.strip().lower() in KNOWN_KEYS or len(key) < 16:
        raise ConfigurationError("WENSHU_SECRET_KEY is missing, too short or a known value; set 32 random characters.")
    return key


def _token(token: str | None) -> str:
    """What a watch from another machine shows to read `/metrics`; empty: this machine alone may."""
    if token and (len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token):
        raise ConfigurationError("WENSHU_METRICS_TOKEN must be at least 16 letters, digits or signs.")
    return token or ""


def _demo_key(folder: Path) -> str:
    """The demo office's key, made at the first start and kept beside its data; an empty file holds none."""
    file = folder / "secret.key"
    if file.exists() and not file.read_text().strip():
        file.unlink()
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # It gets its name when it is whole, and the first of several starts wins.
        with NamedTemporaryFile("w", dir=folder) as made, suppress(FileExistsError):
            made.write(secrets.token_urlsafe(48))
            made.flush()
            os.link(made.name, file)
    return file.read_text().strip()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ConfigurationError("WENSHU_NOW must be a moment with an offset, as in 2026-03-02T09:00:00+08:00.")
    return moment
