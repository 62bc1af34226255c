"""Every role at every route with every method: what the table in `declared.py` says, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.engine import access
from app.engine.disclosure import known_ids
from app.extensions import db
from models.files import Attachment
from seed.demo import ACCOUNTS
from tests.conftest import actors_of, bearer, sign_in
from tests.safety import probing as doors
from tests.safety.declared import DOORS, EVERYONE, Door, declarations, family, gives, may_pass
from tests.safety.samples import cookie_free

#: role -> an account that has it; beside them somebody without any role, and a visitor
ACCOUNT: dict[str, str | None] = {role: account for account, role in reversed(ACCOUNTS)}
WHO = {**ACCOUNT, "no role": "nobody", "visitor": None}


def cells(app: Flask, role: str) -> Iterator[tuple[doors.Way, str, Door]]:
    """All a role meets; where it may not even read the records, one step of theirs stands for all.

    HEAD and OPTIONS are answered by the framework out of the GET: at each route a visitor tries them, and the roles take
    turns. A step of others is refused by one rule at its form, its page and the API: each role tries one of the three, in
    turns. So are the doors of records one may not read: each is tried by every second role. A report is one rule in each
    of its forms: each role asks for one of them, in turns.
    """
    turns = list(WHO)
    for number, rule in enumerate(doors.rules(app)):
        asks = role in ("visitor", turns[number % len(turns)])
        about = [
            (method, lines[0])
            for method in doors.methods(rule)
            if (asks or method not in ("HEAD", "OPTIONS")) and (lines := declarations(app, rule, method))
        ]
        seen: set[Any] = set()
        for place, way in enumerate(doors.ways(app, rule)):
            if rule.endpoint == "ReportView.report" and (place + place // 3 + turns.index(role)) % 3:
                continue
            unread = way.kind and not gives(role, "read", way.kind)
            if unread and role != "visitor" and (turns.index(role) + number) % 2:
                continue
            shut = way.step and way.model and not gives(role, "read", way.kind)
            for method, line in about:
                if way.step and not shut and role != "visitor" and not may_pass(line, role, way.kind, way.step):
                    door = 2 if way.rule.rule.startswith("/api/") else int(method == "POST")
                    if (turns.index(role) + len(way.step)) % 3 != door:
                        continue
                once = method in ("HEAD", "OPTIONS") or shut
                if not once or (method, way.kind) not in seen:
                    seen.add((method, way.kind))
                    yield way, method, line


def expected(line: Door, role: str, way: doors.Way) -> frozenset[int]:
    """The answers the table allows."""
    if EVERYONE in line.who:
        return line.passes
    if role == "visitor":
        return frozenset({line.visitor})
    if way.step == doors.NO_STEP and gives(role, "read", way.kind):
        return frozenset({404})  # records of this kind go no way at all
    if not all(gives(role, "read", kind) for kind in way.needs):
        return frozenset({line.refused})
    return line.passes if may_pass(line, role, way.kind, way.step) else frozenset({line.refused})


def in_sight(app: Flask, account: str | None) -> dict[str, tuple[int, int]]:
    """For each kind a record that account sees and a file of it: (1, 1) where it sees none."""
    found = dict.fromkeys(doors.KINDS, (1, 1))
    if account is not None:
        with app.app_context():
            actor = actors_of(db.session)[account]
            with access.system():
                files = {(f.record_kind, f.record_id): f.id for f in db.session.scalars(select(Attachment))}
            with access.acting_as(actor):
                for kind, model in doors.KINDS.items():
                    keys = list(db.session.scalars(select(model.id).order_by(model.id)))
                    known = known_ids(db.session, model, keys)
                    keys.sort(key=lambda key, known=known: key not in known)  # who knows the line alone opens no file
                    held = next((key for key in keys if (kind, key) in files), None)
                    if keys:
                        found[kind] = (held or keys[0], files.get((kind, held), 1))
            db.session.remove()
    return found


def test_every_route_is_declared_once(crowd):
    wrong = [
        f"{method} {rule.rule} ({family(crowd, rule)[0]}) has {len(lines)} lines in tests/safety/declared.py; it needs one"
        for rule in doors.rules(crowd)
        for method in doors.methods(rule)
        if len(lines := declarations(crowd, rule, method)) != 1
    ]
    assert wrong == []


def test_every_line_declares_a_route(crowd):
    routes = {(family(crowd, rule)[0], method) for rule in doors.rules(crowd) for method in doors.methods(rule)}
    idle = [
        (one.endpoint, m)
        for one in DOORS
        for m in one.methods.split()
        if one.endpoint != "*" and (one.endpoint, m) not in routes
    ]
    assert idle == []


def test_every_role_that_may_read_a_kind_meets_a_record_of_it(crowd):
    """Or the matrix would only ever see closed doors."""
    without = [
        (role, kind)
        for role, account in ACCOUNT.items()
        for kind, (key, _file) in in_sight(crowd, account).items()
        if gives(role, "read", kind) and not sees(crowd, account, kind, key)
    ]
    assert without == []


def sees(app: Flask, account: str | None, kind: str, key: int) -> bool:
    with app.app_context(), access.acting_as(actors_of(db.session)[account or ""]):
        return db.session.scalars(select(doors.KINDS[kind].id).filter_by(id=key)).first() is not None


def test_the_matrix_is_large_enough(crowd, record_property):
    count = sum(1 for role in WHO for _cell in cells(crowd, role))
    record_property("cells of the matrix", count)
    assert count >= 2_800


@pytest.mark.parametrize("role", WHO)
def test_a_role_may_do_what_is_declared_and_no_more(crowd, role):
    account = WHO[role]
    page = sign_in(crowd, account) if account else crowd.test_client()
    program, token = cookie_free(crowd), bearer(crowd, account) if account else {}
    records = in_sight(crowd, account)
    wrong = []
    for way, method, line in cells(crowd, role):
        key, file = records.get(way.kind, (1, 1))
        address = way.address(key, file)
        sent: dict[str, Any] = (line.sends or {}) if method in line.methods else {}
        client: Any = page
        if address.startswith("/api/"):
            client, sent = program, {**sent, "headers": token}
        elif way.rule.endpoint == "SignInView.logout" and account:
            client = sign_in(crowd, account)
        answer = client.open(address, method=method, **sent)
        want = expected(line, role, way)
        if answer.status_code not in want:
            wrong.append(f"{method} {address}: {answer.status_code} instead of {sorted(want)}")
        elif (
            role == "visitor"
            and answer.status_code == 302
            and EVERYONE not in line.who
            and not answer.location.startswith("/login/")
        ):
            wrong.append(f"{method} {address}: sends a visitor to {answer.location}")
        answer.close()
        if way.rule.endpoint == "AccountView.end_other_sessions" and account:
            token = bearer(crowd, account)  # the program's session was one of them
    assert wrong == []
