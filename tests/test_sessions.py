"""Sessions kept on the server: what ends them, and that every copy ends with them."""

import pytest
import sqlalchemy as sa

from app.extensions import db
from models import accounts
from models.logins import LoginSession
from tests.conftest import PASSWORD, bearer, office, sign_in
from tests.sign_ins import INSIDE, change_password, copy_of, signed_in, with_user


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
