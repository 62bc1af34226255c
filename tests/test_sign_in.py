"""Signing in, sessions and the lock against guessing: what an attacker tries, and that it leads nowhere."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from werkzeug.security import check_password_hash

from app.engine import access, events, passwords
from app.extensions import db
from app.web.addresses import own_path
from models import accounts, attempts, logins
from models.logins import LoginSession
from tests.conftest import PASSWORD, bearer, office, sign_in

INSIDE = "/account/"


def signed_in(client) -> bool:
    return client.get(INSIDE).status_code == 200


def copy_of(app, client, name="wenshu"):
    """Another browser that got hold of the same cookie."""
    other = app.test_client()
    other.set_cookie(name, client.get_cookie(name).value)
    return other


def try_in(app, username, password="wrong", address="192.0.2.1", **headers):
    return app.test_client().post(
        "/login/",
        data={"username": username, "password": password},
        environ_base={"REMOTE_ADDR": address},
        headers=headers,
    )


def with_user(app, username, act):
    """Do something to an account as the administrator of the house, and store it."""
    with app.app_context(), access.system():
        result = act(db.session, accounts.named(db.session, username))
        db.session.commit()
        db.session.remove()
    return result


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


# --- sessions


def test_a_planted_cookie_is_not_signed_in_by_its_victim(app):
    attacker = app.test_client()
    attacker.get("/login/")
    attacker.post("/language/", data={"language": "en"})
    victim = copy_of(app, attacker)
    planted = attacker.get_cookie("wenshu").value
    assert victim.post("/login/", data={"username": "clerk", "password": PASSWORD}).status_code == 302
    assert victim.get_cookie("wenshu").value != planted
    assert (signed_in(victim), signed_in(attacker)) == (True, False)


def test_signing_in_again_ends_the_session_before(app):
    client = sign_in(app, "clerk")
    old = copy_of(app, client)
    client.post("/login/", data={"username": "office", "password": PASSWORD})
    assert (signed_in(client), signed_in(old)) == (True, False)


def change_password(app, client):
    new = "ein anderes langes Wort"
    answer = client.post("/account/password", data={"present": PASSWORD, "password": new, "again": new})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    "deed",
    [
        lambda app, client: client.post("/logout/"),
        lambda app, client: change_password(app, sign_in(app, "clerk")),
        lambda app, client: with_user(app, "clerk", accounts.disable),
        lambda app, client: with_user(app, "clerk", accounts.reset_password),
        lambda app, client: with_user(app, "clerk", accounts.end_sessions),
        lambda app, client: sign_in(app, "clerk").post("/account/sessions/end-others"),
    ],
    ids=["logout", "password changed", "disabled", "password reset", "ended by the administrator", "ended elsewhere"],
)
def test_every_copy_of_a_cookie_dies_with_the_session(either, deed):
    client = sign_in(either, "clerk")
    copy = copy_of(either, client)
    assert signed_in(copy)
    deed(either, client)
    assert (signed_in(copy), signed_in(client)) == (False, False)


def test_the_session_in_which_the_password_is_changed_lives_on(app):
    client = sign_in(app, "clerk")
    change_password(app, client)
    assert signed_in(client)


def test_a_session_ends_after_half_an_hour_without_a_click(app, clock):
    client = sign_in(app, "clerk")
    for _click in range(3):
        clock.ahead(minutes=29)
        assert signed_in(client)
    clock.ahead(minutes=31)
    assert not signed_in(client)


def test_a_session_ends_after_twelve_hours_however_busy(app, clock):
    client = sign_in(app, "clerk")
    for _click in range(35):
        clock.ahead(minutes=20)
        assert signed_in(client)
    clock.ahead(minutes=21)
    assert not signed_in(client)


def test_an_office_may_let_people_idle_longer(template, tmp_path, monkeypatch, app, clock):
    monkeypatch.setenv("WENSHU_SESSION_IDLE_MINUTES", "120")
    patient = office(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path)
    clock.ahead()
    client = sign_in(patient, "clerk")
    clock.ahead(minutes=119)
    assert signed_in(client)


def test_use_is_noted_once_a_minute(app, clock):
    client = sign_in(app, "clerk")
    seen = []
    for _click in range(5):
        clock.ahead(seconds=25)
        signed_in(client)
        with app.app_context():
            seen.append(db.session.scalar(sa.select(LoginSession.seen_at)))
    assert len(set(seen)) == 2


def test_a_page_does_not_wait_for_a_long_writer(app, clock):
    client = sign_in(app, "clerk")
    clock.ahead(minutes=5)
    with app.app_context(), db.engine.connect() as writer:
        writer.execute(sa.text("UPDATE person SET phone = '1'"))
        assert signed_in(client)
        writer.rollback()


def test_the_database_holds_no_token(app):
    client = sign_in(app, "clerk")
    with client.session_transaction() as cookie:
        token = cookie["login"]
    with app.app_context():
        row = db.session.scalars(sa.select(LoginSession)).one()
        stored = [str(getattr(row, column.key)) for column in LoginSession.__table__.columns]
    assert token not in stored
    assert len(token) >= 43


def test_the_cookie_is_kept_from_scripts_and_foreign_sites(app):
    cookie = sign_in(app, "clerk").get_cookie("wenshu")
    assert (cookie.http_only, cookie.same_site, cookie.secure) == (True, "Lax", False)


def test_over_https_the_cookie_is_bound_to_the_host_and_the_browser_told_to_stay(app, tmp_path, monkeypatch):
    monkeypatch.setenv("WENSHU_HTTPS", "1")
    secure = office(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path)
    client = secure.test_client()
    answer = client.post("/login/", data={"username": "clerk", "password": PASSWORD}, base_url="https://localhost")
    cookie = client.get_cookie("__Host-wenshu")
    assert (cookie.http_only, cookie.same_site, cookie.secure, cookie.path) == (True, "Lax", True, "/")
    assert "Domain" not in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_every_answer_carries_the_headers(app):
    headers = sign_in(app, "clerk").get("/").headers
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in headers  # over plain http it would mean nothing


def test_a_person_ends_only_own_sessions(app):
    client, other = sign_in(app, "clerk"), sign_in(app, "office")
    with app.app_context():
        clerk = accounts.named(db.session, "clerk").id
        key = db.session.scalar(sa.select(LoginSession.id).where(LoginSession.user_id == clerk))
    assert other.post(f"/account/sessions/{key}/end").status_code == 404
    assert signed_in(client)
    assert sign_in(app, "clerk").post(f"/account/sessions/{key}/end").status_code == 302
    assert not signed_in(client)


# --- bearer tokens


@pytest.mark.parametrize(
    "deed", [accounts.end_sessions, accounts.disable, accounts.reset_password], ids=lambda deed: deed.__name__
)
def test_bearer_tokens_die_with_their_session(either, deed):
    answer = either.test_client().post(
        "/api/v1/security/login", json={"username": "clerk", "password": PASSWORD, "provider": "db", "refresh": True}
    )
    use, renew = ({"Authorization": f"Bearer {answer.json[f'{name}_token']}"} for name in ("access", "refresh"))
    machine = either.test_client()
    renewed = machine.post("/api/v1/security/refresh", headers=renew).json["access_token"]
    assert machine.get("/api/v1/correspondents/", headers=use).status_code == 200
    assert machine.get("/api/v1/correspondents/", headers={"Authorization": f"Bearer {renewed}"}).status_code == 200
    with_user(either, "clerk", deed)
    assert machine.get("/api/v1/correspondents/", headers=use).status_code == 401
    assert machine.get("/api/v1/correspondents/", headers={"Authorization": f"Bearer {renewed}"}).status_code == 401
    assert machine.post("/api/v1/security/refresh", headers=renew).status_code == 401


def test_a_bearer_token_dies_with_an_own_password_change_and_shows_among_the_sessions(app):
    machine = bearer(app, "clerk")
    client = sign_in(app, "clerk")
    client.post("/language/", data={"language": "en"})
    assert "Program" in client.get(INSIDE).text
    change_password(app, client)
    assert app.test_client().get("/api/v1/correspondents/", headers=machine).status_code == 401


def test_the_token_of_a_browser_is_no_bearer_token_and_the_reverse(app):
    machine = bearer(app, "clerk")
    assert app.test_client().get(INSIDE, headers=machine).status_code == 302
    assert sign_in(app, "clerk").get("/api/v1/correspondents/").status_code == 401


# --- the lock


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
        rows = db.session.execute(sa.select(events.SecurityEvent.kind, events.SecurityEvent.subject)).all()
    assert [tuple(row) for row in rows if row.kind == "locked_out"] == [("locked_out", "clerk"), ("locked_out", "")]
    assert [row.kind for row in rows].count("sign_in_refused") == 20
    with app.app_context():
        assert "hunter2" not in str(db.session.execute(sa.select(attempts.SignInAttempt.account)).all())


# --- passwords at the door


def test_a_hash_of_an_older_method_is_replaced_at_sign_in(app, tmp_path):
    stronger = office(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path)
    stronger.config["FAB_PASSWORD_HASH_METHOD"] = "pbkdf2:sha256:2"

    def stored():
        with app.app_context():
            return accounts.named(db.session, "clerk").password

    try_in(stronger, "clerk", "wrong")
    assert stored().startswith("pbkdf2:sha256:1$")
    sign_in(stronger, "clerk")
    assert stored().startswith("pbkdf2:sha256:2$")
    assert check_password_hash(stored(), PASSWORD)
    sign_in(stronger, "clerk")


def test_scrypt_is_what_an_office_gets_by_default():
    from config import Config

    assert passwords.hashed("x", Config.FAB_PASSWORD_HASH_METHOD).startswith("scrypt:32768:8:1$")


@pytest.mark.parametrize("name, password", [
    ("clerk\0", PASSWORD), ("clerk", PASSWORD + "\0"), ("", ""), ("clerk", ""), ("clerk", PASSWORD + " "),
    ("\ud800", "\ud800"), ("x" * 5000, "y" * 100_000), ("' OR 1=1 --", "x"), ("%", PASSWORD), ("cler_", PASSWORD),
])  # fmt: skip
def test_odd_input_is_a_wrong_password_and_nothing_else(either, name, password):
    if "\ud800" not in name:  # a form cannot carry half a character
        assert try_in(either, name, password).status_code == 401
    sent = json.dumps({"username": name, "password": password, "provider": "db"})
    answer = either.test_client().post("/api/v1/security/login", data=sent, content_type="application/json")
    assert answer.status_code in (400, 401)


@pytest.mark.parametrize("body", ["[]", "null", "{", '"x"', '{"username": 1}', '{"username": ["a"], "password": {}}'])
def test_an_odd_request_for_a_token_is_not_understood(app, body):
    answer = app.test_client().post("/api/v1/security/login", data=body, content_type="application/json")
    assert answer.status_code == 400


# --- where a sign-in leads

ABROAD = [
    "http://evil.example", "https://evil.example/", "//evil.example", "///evil.example", "////evil.example",
    "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\\/evil.example", "http:evil.example",
    "http:/evil.example", "http:///evil.example", "https:evil.example", "https:/\\evil.example", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://evil.example",
    "\t//evil.example", " //evil.example", "/\t/evil.example", "/\n/evil.example", "/\r/evil.example",
    "/\r\n/evil.example", "\x00//evil.example", "/\x00/evil.example", "\x08//evil.example", "//evil.example@localhost",
    "http://localhost@evil.example", "http://localhost:80@evil.example", "//localhost.evil.example", "//user:pass@evil.example",
    "http://localhost\\@evil.example", "http://evil.example#@localhost", "http://evil.example?localhost", "//[::1]evil",
    "//evil%2eexample", "//evil。example", "//evil.example", "http://①②③④", "evil.example", "@evil.example",
    "?next=//evil.example", "#//evil.example", "", "//127.0.0.1", "//0x7f000001", "http://localhost/", "https://localhost/x",
    "/\u2028/evil.example", "/\u200b//evil.example", "\ufeff//evil.example", "/\u00ad/evil.example",
]  # fmt: skip


@pytest.mark.parametrize("target", ABROAD)
def test_a_sign_in_never_leads_out_of_the_house(app, target):
    answer = app.test_client().post(
        "/login/", query_string={"next": target}, data={"username": "clerk", "password": PASSWORD}
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


@pytest.mark.parametrize("target", ["/%2f%2fevil.example", "/%5cevil.example", "/%09/evil.example", "/x//evil.example"])
def test_what_is_encoded_stays_a_path(target):
    assert own_path(target) == target  # a browser does not decode it before it chooses the host


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}])
def test_a_forged_host_leads_nowhere(app, header):
    data = {"username": "clerk", "password": PASSWORD}
    for target in ("http://evil.example/", "/account/"):
        answer = app.test_client().post("/login/", query_string={"next": target}, data=data, headers=header)
        assert answer.headers["Location"] in ("/", "/account/")
    language = app.test_client().post(
        "/language/", data={"language": "en", "next": "http://evil.example/"}, headers=header
    )
    assert language.headers["Location"] == "/"


def test_a_sign_in_leads_to_where_somebody_wanted(app):
    visitor = app.test_client()
    asked = visitor.get("/orderview/list/?q=a").headers["Location"]
    answer = visitor.post(asked, data={"username": "sales", "password": PASSWORD})
    assert answer.headers["Location"] == "/orderview/list/?q=a"


def test_a_form_without_its_token_signs_nobody_in_or_out(app, tmp_path):
    app.config["WTF_CSRF_ENABLED"] = True
    assert try_in(app, "clerk", PASSWORD).status_code == 400


def test_the_last_sign_in_is_kept(app, clock):
    sign_in(app, "clerk")
    with app.app_context():
        user = db.session.scalars(sa.select(User).where(User.username == "clerk")).one()
        assert accounts.last_sign_in(user) == clock.moment


def test_sessions_that_ended_long_ago_are_cleared_away(app, clock):
    sign_in(app, "clerk")
    clock.ahead(days=31)
    sign_in(app, "clerk")
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(logins.LoginSession)) == 1
