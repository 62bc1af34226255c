"""The doors of the running app as a browser and a program use them: forms that are read before they are sent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.engine import access, finding
from app.engine import record as records
from app.extensions import db
from seed.roles import ROLES
from tests.conftest import PASSWORD, actors_of, office, sign_in


class FormReader(HTMLParser):
    """What a browser would send if nobody typed anything: the fields of a page's largest form."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._area: str | None = None
        self._select: str | None = None
        self._inert = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        about = dict(attributes)
        name = about.get("name") or ""
        if tag == "template":
            self._inert += 1
        if tag == "form":
            self.forms.append({})
        if self._inert or not self.forms:
            return
        fields = self.forms[-1]
        if tag == "input" and name and (about.get("type") not in ("checkbox", "radio", "file") or "checked" in about):
            fields[name] = about.get("value") or ""
        elif tag == "textarea":
            self._area, fields[name] = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in about or self._select not in fields):
            fields[self._select] = about.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self._inert -= tag == "template"
        if tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1][self._area] += data.removeprefix("\n")


def form_of(page: str) -> dict[str, Any]:
    """The fields of the page's own form, which is the one with most of them."""
    reader = FormReader()
    reader.feed(page)
    return max(reader.forms, key=len)


def flat(raw: dict[str, Any]) -> dict[str, Any]:
    """Raw values as a form sends them: lines as `<relation>-<n>-<field>`, an unticked box not at all."""
    found: dict[str, Any] = {}
    for name, value in raw.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found |= {f"{name}-{n}-{field}": v for n, line in enumerate(value) for field, v in line.items()}
        elif value is not False:
            found[name] = "y" if value is True else value
    return found


def filled_in(form: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """A form with values put in as their keys; the words of a picker go when another record is chosen."""
    return {**{name: value for name, value in form.items() if name.removesuffix("__text") not in values}, **values}


class House:
    """One office for many tests, with every account's browser and token."""

    def __init__(self, app: Flask):
        self.app = app
        self.browser = cache(lambda username: _in_english(sign_in(app, username)))
        self._token = cache(self._fetch_token)

    def _fetch_token(self, username: str) -> str:
        who = {"username": username, "password": PASSWORD, "provider": "db"}
        return self.app.test_client().post("/api/v1/security/login", json=who).json["access_token"]

    def headers(self, username: str, key: str | None = None) -> dict[str, str]:
        more = {"Idempotency-Key": key} if key else {}
        return {"Authorization": f"Bearer {self._token(username)}", **more}

    def client(self) -> FlaskClient:
        return _in_english(self.app.test_client())

    def who_may(self, right: str, record: Any = None, kind: str = "") -> str | None:
        """An account whose role gives the right and, if a record is named, to whom it is visible (or the step open)."""
        try:
            return self._who_may(right, record, kind)
        finally:
            db.session.rollback()  # on SQLite this session would keep the app from writing

    def _who_may(self, right: str, record: Any, kind: str) -> str | None:
        for username, actor in actors_of(db.session).items():
            if not actor.may(right, kind or record.kind_name):
                continue
            if record is None:
                return username
            with access.acting_as(actor):
                flow = getattr(record, "flow", None)
                steps = [step.name for step in flow.allowed(record, actor)] if flow else []
                open_to = right in steps or right in ("read", "edit", "add")
                if open_to and finding.by_key(db.session, type(record), record.id) is not None:
                    return username
        return None


def _in_english(client: FlaskClient) -> FlaskClient:
    """The sentences as they stand in the code."""
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def house_on(template: Path, folder: Path) -> Iterator[House]:
    """A house on a copy of the template's SQLite file."""
    shutil.copy(template, folder / "office.db")
    app = office(f"sqlite:///{folder / 'office.db'}", folder)
    with app.app_context():
        yield House(app)
        db.session.remove()
        db.engine.dispose()


def kinds_with(right: str) -> set[str]:
    """The kinds of record on which some role has the right."""
    return {
        kind
        for kind in records.kinds()
        for table in ROLES.values()
        if {right, "*"} & (table.get(kind, frozenset()) | table.get("*", frozenset()))
    }
