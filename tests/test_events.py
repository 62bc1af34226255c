"""Security events: noted where something happens, append-only, chained, without secrets."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from app.engine import access, events, history
from app.extensions import db
from models import attempts, logins
from tests.conftest import PASSWORD, bearer, sign_in
from tests.sign_ins import (
    DEEDS,
    GOOD,
    ask,
    code_of,
    enter,
    half_way,
    key_of,
    kinds_noted,
    make_key,
    shown_once,
    switch_on,
    user_id,
)


def test_what_happens_to_accounts_is_noted(either, clock):
    client = sign_in(either, "clerk")
    enter(either, "clerk", "wrong")
    client.get("/orderview/list/")
    client.get("/incomingdocumentview/show/999")
    make_key(client)
    client.post("/account/password", data={"present": PASSWORD, "password": GOOD, "again": GOOD})
    client.post("/logout/")
    admin, pk = sign_in(either, "admin"), user_id(either)
    for deed in DEEDS:
        admin.post(f"/accounts/{pk}/{deed}", data={"roles": ["auditor"]})
    assert kinds_noted(either) == [
        "sign_in", "sign_in_refused", "refused", "refused", "key_made", "password_changed", "sign_out", "sign_in",
        "key_revoked", "password_reset", "account_disabled", "account_enabled", "unlocked", "session_ended", "second_factor_off",
        "session_ended", "roles_changed",
    ]  # fmt: skip
    with either.app_context():
        rows = {row.kind: row for row in db.session.scalars(sa.select(events.SecurityEvent))}
        assert events.verify(db.session) == 17
    changed, refused, attempt = rows["roles_changed"], rows["refused"], rows["sign_in_refused"]
    assert (changed.actor_name, changed.subject, changed.detail) == ("管理员", "clerk", "registry_clerk > auditor")
    assert (refused.actor_name, refused.subject, refused.detail) == (
        "何静",
        "GET /incomingdocumentview/show/999",
        "404",
    )
    assert (attempt.actor_id, attempt.subject, attempt.address, attempt.chain) == (
        None,
        "clerk",
        "127.0.0.1",
        "visitor 127.0.0.1",
    )
    assert all((row.at, len(row.request_id)) == (clock.moment, 12) for row in rows.values())


def test_refused_calls_of_the_api_are_noted_too(app, clock):
    machine = bearer(app, "clerk")
    assert ask(app, machine, "/api/v1/orders/") == 403
    assert ask(app, machine, "/api/v1/orders/", "post", json={}) == 403
    assert ask(app, machine, "/api/v1/correspondents/999") == 404
    assert kinds_noted(app) == ["sign_in", "refused", "refused", "refused"]


def test_visitors_and_addresses_that_lead_nowhere_are_not_noted(app):
    app.test_client().get("/incomingdocumentview/show/1")
    sign_in(app, "clerk").get("/wp-login.php")
    assert kinds_noted(app) == ["sign_in"]


def test_one_event_is_one_line(app):
    sign_in(app, "clerk").get("/incomingdocumentview/show/1%0d%0a2026 sign_in admin%1b[31m")
    with app.app_context():
        subject = db.session.scalar(
            sa.select(events.SecurityEvent.subject).where(events.SecurityEvent.kind == "refused")
        )
    assert subject is not None and subject.isprintable()


@pytest.mark.parametrize("statement", ["UPDATE security_event SET kind = 'x'", "DELETE FROM security_event"])
def test_the_database_itself_keeps_the_events(either, statement):
    sign_in(either, "clerk")
    with either.app_context(), db.engine.connect() as connection, pytest.raises(DatabaseError, match="append-only"):
        connection.execute(sa.text(statement))


@pytest.mark.parametrize("tamper", [
    "UPDATE security_event SET detail = 'x' WHERE id = 2", "DELETE FROM security_event WHERE id = 2",
    "UPDATE security_event SET actor_name = 'x' WHERE id = 1", "UPDATE security_event SET position = 9 WHERE id = 3",
])  # fmt: skip
def test_a_bent_event_is_named(app, tamper):
    for _time in range(3):
        sign_in(app, "clerk")
    with app.app_context(), access.system():
        for verb in ("update", "delete"):
            db.session.execute(sa.text(f"DROP TRIGGER security_event_no_{verb}"))
        assert events.verify(db.session) == 3
        db.session.execute(sa.text(tamper))
        with pytest.raises(history.Broken, match="security event"):
            events.verify(db.session)


def test_an_event_joins_the_transaction_it_belongs_to(either_session):
    with access.system():
        events.note(either_session, "exported", "orders")
        either_session.rollback()
        events.note(either_session, "exported", "customers")
        either_session.commit()
        rows = list(either_session.scalars(sa.select(events.SecurityEvent.subject)))
    assert rows == ["customers"]


def test_an_event_of_its_own_stays_whatever_becomes_of_the_rest(either_session):
    with access.system():
        events.note(either_session, "refused", "orders 17", at_once=True)
        either_session.rollback()
        assert list(either_session.scalars(sa.select(events.SecurityEvent.subject))) == ["orders 17"]


def test_there_is_no_event_without_a_kind(session):
    with pytest.raises(ValueError, match="nonsense"):
        events.note(session, "nonsense")


def test_no_secret_is_told_anywhere(app, clock, tmp_path, caplog):
    client, secret, codes = switch_on(app, clock)
    key = key_of(app, "office")["Authorization"].removeprefix("Bearer ")
    (given,) = shown_once(sign_in(app, "admin").post(f"/accounts/{user_id(app, 'sales')}/reset"))
    code = code_of(secret, clock)
    half_way(app).post("/login/code/", data={"code": code})
    enter(app, "clerk", "a-typed-secret")
    secrets = [secret, code, key, given, "a-typed-secret", PASSWORD, *codes]
    pages = [client.get("/account/").text, client.get("/account/second-factor").text]
    pages += [sign_in(app, "admin").get(page).text for page in ("/accounts/", f"/accounts/{user_id(app)}")]
    with app.app_context(), access.system():
        for model in (events.SecurityEvent, history.HistoryEntry, attempts.SignInAttempt, logins.LoginSession):
            columns = [c for c in model.__table__.columns if c.key not in ("previous", "digest", "account")]
            pages += [str(row) for row in db.session.execute(sa.select(*columns))]
    assert [one for one in secrets if any(one in page for page in [*pages, caplog.text])] == []
