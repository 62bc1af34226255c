"""The lock against guessing, by account and by address."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from app.engine import events, passwords
from app.extensions import db
from models import accounts, attempts
from tests.conftest import PASSWORD, office, sign_in
from tests.sign_ins import try_in, with_user


def test_after_ten_wrong_passwords_nobody_gets_in_for_a_quarter_of_an_hour(either, clock, checks):
    answers = [try_in(either, "clerk").status_code for _try in range(12)]
    assert answers == [401] * 10 + [429] * 2
    locked = try_in(either, "clerk", PASSWORD)
    assert locked.status_code == 429
    assert len(checks) == 10
    clock.ahead(minutes=14)
    assert try_in(either, "clerk", PASSWORD).status_code == 429
    clock.ahead(minutes=1)
    assert try_in(either, "clerk", PASSWORD).status_code == 302


def test_the_lock_holds_in_every_process_and_after_a_restart(either, tmp_path, clock):
    second = office(either.config["SQLALCHEMY_DATABASE_URI"], tmp_path)
    clock.ahead()
    answers = [try_in((either, second)[n % 2], "clerk").status_code for n in range(11)]
    assert answers == [401] * 10 + [429]
    third = office(either.config["SQLALCHEMY_DATABASE_URI"], tmp_path)
    clock.ahead()
    assert try_in(third, "clerk", PASSWORD).status_code == 429
    for extra in (second, third):
        with extra.app_context():
            db.engine.dispose()


def test_thirty_tries_at_once_get_ten_checks(either, checks):
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: try_in(either, "clerk").status_code, range(30)))
    assert (answers.count(401), answers.count(429), len(checks)) == (10, 20, 10)


def test_right_passwords_lock_nobody_out(app):
    assert {try_in(app, "clerk", PASSWORD).status_code for _time in range(15)} == {302}


def test_one_lock_for_all_doors(app):
    page = sign_in(app, "clerk")
    for _try in range(4):
        assert try_in(app, "clerk").status_code == 401
    sent = {"username": "clerk", "password": "wrong", "provider": "db"}
    for _try in range(3):
        assert app.test_client().post("/api/v1/security/login", json=sent).status_code == 401
    form = {"present": "wrong", "password": "x" * 20, "again": "x" * 20}
    for _try in range(3):
        assert page.post("/account/password", data=form).status_code == 422
    assert page.post("/account/password", data={**form, "present": PASSWORD}).status_code == 429
    locked = app.test_client().post("/api/v1/security/login", json={**sent, "password": PASSWORD})
    assert (locked.status_code, list(locked.json)) == (429, ["message", "reference"])
    assert try_in(app, "clerk", PASSWORD).status_code == 429


def test_capitals_and_spaces_are_no_way_around_the_lock(app):
    names = ["clerk", "Clerk", " clerk", "CLERK "]
    answers = [try_in(app, names[n % 4]).status_code for n in range(11)]
    assert answers == [401] * 10 + [429]


@pytest.mark.parametrize(
    "addresses, other",
    [
        (["198.51.100.7"], "198.51.100.8"),
        ([f"2001:db8:1:2::{n:x}" for n in range(1, 102)], "2001:db8:1:3::1"),
        (["::ffff:198.51.100.7", "198.51.100.7"], "::ffff:198.51.100.8"),
    ],
    ids=["IPv4", "IPv6, a /64", "IPv4 within IPv6"],
)
def test_one_address_gets_a_hundred_tries_an_hour_over_all_accounts(app, clock, addresses, other):
    for n in range(100):
        assert try_in(app, f"somebody{n}", address=addresses[n % len(addresses)]).status_code == 401
    assert try_in(app, "clerk", PASSWORD, addresses[100 % len(addresses)]).status_code == 429
    assert try_in(app, "clerk", PASSWORD, other).status_code == 302
    clock.ahead(minutes=60)
    assert try_in(app, "clerk", PASSWORD, addresses[0]).status_code == 302


def test_a_forged_forwarding_header_changes_no_address(app):
    for n in range(100):
        try_in(app, f"somebody{n}", **{"X-Forwarded-For": f"203.0.113.{n}"})
    assert try_in(app, "clerk", PASSWORD, **{"X-Forwarded-For": "203.0.113.200"}).status_code == 429


def test_behind_a_declared_proxy_the_last_hop_counts(app, tmp_path, monkeypatch):
    monkeypatch.setenv("WENSHU_TRUSTED_PROXIES", "1")
    behind = office(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path)
    for n in range(100):
        try_in(behind, f"somebody{n}", **{"X-Forwarded-For": f"203.0.113.{n}, 198.51.100.7"})
    assert try_in(behind, "clerk", PASSWORD, **{"X-Forwarded-For": "198.51.100.7"}).status_code == 429
    assert try_in(behind, "clerk", PASSWORD, **{"X-Forwarded-For": "198.51.100.7, 198.51.100.8"}).status_code == 302


@pytest.mark.parametrize("door", ["page", "API"])
def test_an_unknown_name_and_a_disabled_account_get_the_answers_of_a_wrong_password(app, clock, checks, door):
    with_user(app, "user_b", accounts.disable)

    def ask(username):
        if door == "page":
            answer = try_in(app, username)
            return answer.status_code, answer.text
        sent = {"username": username, "password": "wrong", "provider": "db"}
        answer = app.test_client().post("/api/v1/security/login", json=sent)
        return answer.status_code, {**answer.json, "reference": ""}

    def plain(answer):
        status, text = answer
        if isinstance(text, str):  # what differs at every request: nonce, token, reference number
            text = re.sub(r'(nonce|value)="[^"]*"|<code>[0-9a-f]{12}</code>', "", text)
        return status, text

    known, unknown, disabled = ([plain(ask(name)) for _try in range(11)] for name in ("clerk", "nobody", "user_b"))
    assert known == unknown == disabled
    assert [status for status, _text in known] == [401] * 10 + [429]
    assert len(checks) == 30  # a hash is calculated for every try, whether there is one stored or not


def test_the_right_password_of_a_disabled_account_is_wrong(app):
    with_user(app, "user_b", accounts.disable)
    assert try_in(app, "user_b", PASSWORD).status_code == 401


def test_the_dummy_hash_costs_what_a_real_one_costs():
    assert passwords._pattern("scrypt").startswith("scrypt:32768:8:1$")
    assert not passwords.matches(None, "anything", "pbkdf2:sha256:1")


def test_a_lock_is_noted_once_and_nobody_is_named_who_does_not_exist(app):
    for name in ("clerk", "hunter2"):
        for _try in range(13):
            try_in(app, name)
    with app.app_context():
        noted = sa.select(events.SecurityEvent.kind, events.SecurityEvent.subject).order_by(events.SecurityEvent.id)
        rows = db.session.execute(noted).all()
    assert [tuple(row) for row in rows if row.kind == "locked_out"] == [("locked_out", "clerk"), ("locked_out", "")]
    assert [row.kind for row in rows].count("sign_in_refused") == 20
    with app.app_context():
        assert "hunter2" not in str(db.session.execute(sa.select(attempts.SignInAttempt.account)).all())
