"""What the tests of accounts share: signing in by hand, the second step, keys, what was noted."""

import re
from datetime import timedelta

import pyotp
import sqlalchemy as sa

from app.engine import access, events, passwords
from app.engine.moments import today
from app.extensions import db
from models import accounts
from tests.conftest import PASSWORD, sign_in

GOOD = "ein anderes langes Wort"
RULE = passwords.Rule()


def user_id(app, username="clerk"):
    with app.app_context():
        return accounts.named(db.session, username).id


def kinds_noted(app):
    with app.app_context():
        return list(db.session.scalars(sa.select(events.SecurityEvent.kind).order_by(events.SecurityEvent.id)))


def shown_once(answer):
    assert answer.status_code == 200, answer.text
    return re.findall(r"<li><code>([^<]+)</code></li>", answer.text)


def enter(app, username, password):
    client = app.test_client()
    return client, client.post("/login/", data={"username": username, "password": password})


INSIDE = "/account/"
DEEDS = ("reset", "disable", "enable", "unlock", "end-sessions", "second-factor-off", "roles")


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


def code_of(secret, clock, steps=0):
    return pyotp.TOTP(secret).at(clock.moment + timedelta(seconds=30 * steps))


def switch_on(app, clock, username="clerk"):
    """Set the second step up as people do; the browser, the secret and the recovery codes."""
    client = sign_in(app, username)
    client.post("/account/second-factor/propose")
    page = client.get("/account/second-factor").text
    secret = re.search(r'class="secret"><code>([A-Z2-7 ]+)</code>', page)[1].replace(" ", "")
    assert 'style="' not in page
    codes = shown_once(
        client.post("/account/second-factor/confirm", data={"code": code_of(secret, clock), "present": PASSWORD})
    )
    clock.ahead(seconds=60)
    return client, secret, codes


def half_way(app, username="clerk"):
    client, answer = enter(app, username, PASSWORD)
    assert answer.headers["Location"].startswith("/login/code/")
    return client


def is_in(client):
    return client.get("/account/").status_code == 200


def make_key(client, **form):
    asked = {"name": "nightly", "until": (today() + timedelta(days=30)).isoformat(), "reach": "read", **form}
    return client.post("/account/keys/add", data={"present": PASSWORD, **asked})


def key_of(app, username, **form):
    (secret,) = shown_once(make_key(sign_in(app, username), **form))
    assert secret.startswith("wsk_")
    return {"Authorization": f"Bearer {secret}"}


def ask(app, header, path="/api/v1/correspondents/", method="get", **sent):
    return getattr(app.test_client(), method)(path, headers=header, **sent).status_code


def change_password(app, client):
    new = "ein anderes langes Wort"
    answer = client.post("/account/password", data={"present": PASSWORD, "password": new, "again": new})
    assert answer.status_code == 302
