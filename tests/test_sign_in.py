"""The door itself: odd input, hashes, and where a sign-in leads."""

import json

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from werkzeug.security import check_password_hash

from app.engine import passwords
from app.extensions import db
from app.web.addresses import own_path
from models import accounts, logins
from tests.conftest import PASSWORD, office, sign_in
from tests.sign_ins import try_in


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
    assert (answer.json["message"], bool(answer.json["reference"])) == ("无法识别此请求，请返回后重试。", True)


@pytest.mark.parametrize(
    "language, words", [("zh", "用户名或密码错误。"), ("en", "User name or password is wrong.")], ids=["zh", "en"]
)
def test_a_program_with_a_wrong_password_is_told_so_in_its_language_and_with_a_number(app, language, words):
    sent, asked = {"username": "clerk", "password": "wrong"}, {"Accept-Language": language}
    answer = app.test_client().post("/api/v1/security/login", json=sent, headers=asked)
    assert (answer.status_code, answer.json["message"]) == (401, words)
    assert set(answer.json) == {"message", "reference"}
    assert answer.json["reference"]


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
