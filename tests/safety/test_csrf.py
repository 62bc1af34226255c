"""Nothing changes by a request that another site could make, nor by one that only asks: tables before and after."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.engine import access
from app.extensions import db
from tests.conftest import actors_of, bearer, sign_in
from tests.safety import probing as doors
from tests.safety.samples import cookie_free

SAFE = {"GET", "HEAD", "OPTIONS"}
#: Tables and columns that keep account of who came when; they say nothing about the matter.
ACCOUNTED = {"ab_user": {"last_login", "login_count", "fail_login_count", "changed_on"}}
ACCOUNTED_TABLES = re.compile(r"session|attempt|security_event")
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
FORGED = {"none": None, "wrong": "IjEi.aaaaaa.bbbbbb", "another session's": ""}


def checksums(app: Flask) -> dict[str, str]:
    """A digest of the rows of every table, those about sign-ins left out."""
    found = {}
    with app.app_context(), db.engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            if not ACCOUNTED_TABLES.search(table.name):
                columns = [column for column in table.columns if column.name not in ACCOUNTED.get(table.name, ())]
                rows = sorted(map(repr, connection.execute(select(*columns))))
                found[table.name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def altered(app: Flask, before: dict[str, str]) -> list[str]:
    return [name for name, digest in checksums(app).items() if before[name] != digest]


@pytest.fixture
def guarded(crowd: Flask) -> Iterator[Flask]:
    """The full house with its guard on, as it runs outside the tests."""
    crowd.config["WTF_CSRF_ENABLED"] = True
    yield crowd
    crowd.config["WTF_CSRF_ENABLED"] = False


def enter(app: Flask, account: str) -> Any:
    """A browser signed in at a house whose guard is on."""
    app.config["WTF_CSRF_ENABLED"] = False
    browser = sign_in(app, account)
    app.config["WTF_CSRF_ENABLED"] = True
    return browser


def token_of(browser: Any) -> str:
    found = TOKEN.search(browser.get("/correspondentview/add").text)
    assert found
    return found[1]


def keys_of(app: Flask, account: str) -> dict[str, list[int]]:
    """The records of each kind an account sees, oldest first."""
    with app.app_context():
        with access.acting_as(actors_of(db.session)[account]):
            found = {kind: list(db.session.scalars(select(m.id).order_by(m.id))) for kind, m in doors.KINDS.items()}
        db.session.remove()
    return found


def writing(app: Flask) -> Iterator[tuple[str, str]]:
    """Every address that may change something, with a record the office manager sees, and its method."""
    keys = keys_of(app, "office")
    for rule in doors.rules(app):
        for method in sorted(set(doors.methods(rule)) - SAFE):
            for way in doors.ways(app, rule):
                for key in keys.get(way.kind, [1])[:2]:
                    yield way.address(key), method


#: What a form would need to be accepted, were it not for the token.
FORM = {"name": "伪造", "title": "伪造", "subject": "伪造", "reason": "伪造", "version": "1", "language": "en"}


@pytest.mark.parametrize("forged", FORGED)
def test_no_page_changes_anything_for_a_form_of_another_site(guarded, forged, record_property):
    token = token_of(enter(guarded, "clerk")) if forged == "another session's" else FORGED[forged]
    browser, before, tried, passed = enter(guarded, "office"), checksums(guarded), 0, []
    for address, method in writing(guarded):
        if address.startswith("/api/"):
            continue
        answer = browser.open(address, method=method, data=FORM | ({"csrf_token": token} if token else {}))
        tried += 1
        if answer.status_code != 400 or "此页面所属的登录已结束" not in answer.text:  # what to do about it
            passed.append(f"{method} {address}: {answer.status_code}")
    record_property("forged requests", tried)
    assert passed == []
    assert altered(guarded, before) == []
    assert browser.get("/").status_code == 200


def test_the_right_token_opens_the_door(guarded):
    """Or the refusals above would say nothing."""
    browser = enter(guarded, "office")
    sent = {"name": "有令牌", "csrf_token": token_of(browser)}
    assert browser.post("/correspondentview/add", data=sent).status_code == 302


def test_the_api_does_not_know_the_cookie_of_a_browser(guarded, record_property):
    """So it needs no token of its own: what another site makes a browser send is nobody's request."""
    browser, before, passed, tried = enter(guarded, "office"), checksums(guarded), [], 0
    for address, method in writing(guarded):
        if address.startswith("/api/") and "/security/login" not in address:
            for sent in ({"json": {"version": 1, "name": "伪造"}}, {"data": FORM}, {"data": '{"version":1}'}):
                tried += 1
                answer = browser.open(address, method=method, **sent)
                if answer.status_code != 401:
                    passed.append(f"{method} {address}: {answer.status_code}")
    record_property("forged requests", tried)
    assert passed == []
    assert altered(guarded, before) == []


def asking(app: Flask, keys: dict[str, list[int]], ways: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Every address that can be asked for, with some records of its kind; the first of a route in all these ways."""
    for rule in doors.rules(app):
        first = True  # HEAD and OPTIONS are answered by the framework out of the GET
        for way in doors.ways(app, rule):
            some = keys.get(way.kind) or [1]
            for key in some[: 1 if way.step else 2] if "pk" in rule.arguments else [1]:
                for method in (ways if first else {"GET"}) & set(doors.methods(rule)):
                    yield way.address(key), method
                first = False


@pytest.mark.parametrize("account, ways", [("admin", frozenset({"GET"})), ("office", SAFE)], ids=["admin", "office"])
def test_asking_changes_nothing(guarded, account, ways, record_property):
    browser, program, token = enter(guarded, account), cookie_free(guarded), bearer(guarded, account)
    before, tried, broken = checksums(guarded), 0, []
    for address, method in asking(guarded, keys_of(guarded, account), ways):
        client, headers = (program, token) if address.startswith("/api/") else (browser, {})
        answer = client.open(address, method=method, headers=headers)
        tried += 1
        if answer.status_code >= 500:
            broken.append(f"{method} {address}: {answer.status_code}")
        answer.close()
    record_property("addresses asked for", tried)
    assert broken == []
    assert altered(guarded, before) == []


def test_nobody_is_signed_out_by_a_link(guarded):
    browser = enter(guarded, "office")
    assert browser.get("/logout/").status_code == 405
    assert browser.get("/").status_code == 200
