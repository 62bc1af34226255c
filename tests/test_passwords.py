"""Which passwords will do, and how one changes one's own."""

import pytest

from app.engine import access, passwords
from app.extensions import db
from models import accounts
from tests.conftest import PASSWORD, sign_in
from tests.sign_ins import GOOD, RULE, enter, shown_once, user_id


@pytest.mark.parametrize("password", [
    "correct horse battery staple", "我们办公室的猫很喜欢吃鱼", "密码里可以有汉字和😀表情", "x7#" + "长" * 5 + "kQ2!", "kQ2!长x7#Wp我" * 22,
    "  mit Raum davor und danach  ", "kein Grossbuchstabe noetig", "Füße über Öl 1", "𠮷野家の朝ごはん", "pl mx qz vw",
])  # fmt: skip
def test_any_characters_make_a_password(password):
    assert RULE.faults(password, "clerk", "何静") == []


@pytest.mark.parametrize("password", [
    "password", "password1", "12345678", "123456789", "qwertyuiop", "iloveyou", "11111111", "abc12345", "1qaz2wsx",
    "P@ssw0rd", "Passw0rd!", "letmein1", "welcome1", "admin123", "dragon123", "sunshine", "football", "baseball1",
    "abcdefgh", "aaaaaaaa", "asdfghjkl", "zaq12wsx", "trustno1", "superman", "20260302", "上海上海上海上海", "😀😀😀😀😀😀😀😀",
    "he-jing1", "registry_clerk", "short", "Zq8-" * 64 + "x", "mit\0Null und mehr",
])  # fmt: skip
def test_what_everybody_tries_is_refused(password):
    assert RULE.faults(password, "registry_clerk", "he-jing") != []


def test_a_thousand_of_the_commonest_passwords_are_refused():
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    common = [word for word in FREQUENCY_LISTS["passwords"] if len(word) >= 8][:1000]
    assert [word for word in common if not passwords.guessable(word)] == []


@pytest.mark.parametrize(
    "length, good", [(7, False), (8, True), (64, True), (72, True), (73, True), (256, True), (257, False)]
)
def test_eight_to_256_characters(length, good):
    password = ("kQ2!长x7#Wp" * 30)[:length]
    assert (RULE.faults(password, "clerk") == []) is good


def test_composition_is_for_offices_that_want_it():
    strict = passwords.Rule(composition=True)
    assert strict.faults("correct horse battery staple", "clerk") != []
    assert strict.faults("Correct horse 7 battery", "clerk") == []


def test_nothing_is_trimmed_and_every_character_counts(app):
    spaced = "  我们办公室的猫很喜欢吃鱼  "
    assert enter(app, "clerk", PASSWORD)[0].post(
        "/account/password", data={"present": PASSWORD, "password": spaced, "again": spaced}
    ).status_code == 302  # fmt: skip
    answers = [enter(app, "clerk", one)[1].status_code for one in (spaced.strip(), spaced[:-1], spaced)]
    assert answers == [401, 401, 302]


def test_a_password_of_256_characters_works_and_its_beginning_does_not(app):
    long = "kQ2!长x7#Wp" * 25 + "abcdef"
    assert len(long) == 256
    with app.app_context(), access.system():
        accounts.set_password(db.session, accounts.named(db.session, "clerk"), long)
        db.session.commit()
    assert [enter(app, "clerk", one)[1].status_code for one in (long[:72], long + "x", long)] == [401, 401, 302]


@pytest.mark.parametrize("form", [
    {"present": "wrong", "password": GOOD, "again": GOOD}, {"present": PASSWORD, "password": GOOD, "again": GOOD + " "},
    {"present": PASSWORD, "password": "password1", "again": "password1"}, {"present": PASSWORD},
    {"present": PASSWORD, "password": PASSWORD, "again": PASSWORD}, {},
])  # fmt: skip
def test_a_password_change_that_does_not_hold_changes_nothing(app, form):
    client = sign_in(app, "clerk")
    answer = client.post("/account/password", data=form)
    assert answer.status_code == 422
    assert GOOD not in answer.text
    assert enter(app, "clerk", PASSWORD)[1].status_code == 302


def test_a_given_password_has_to_be_changed_before_anything_else(either, clock):
    admin = sign_in(either, "admin")
    (given,) = shown_once(admin.post(f"/accounts/{user_id(either)}/reset"))
    assert enter(either, "clerk", PASSWORD)[1].status_code == 401
    client, answer = enter(either, "clerk", given)
    assert answer.status_code == 302
    for page in ("/", "/account/", "/incomingdocumentview/list/", "/search", "/reports/", "/account/keys/add"):
        assert client.get(page).headers["Location"] == "/account/password"
    sent = {"username": "clerk", "password": given, "provider": "db"}
    assert either.test_client().post("/api/v1/security/login", json=sent).status_code == 403
    assert client.post("/account/password", data={"present": given, "password": GOOD, "again": GOOD}).status_code == 302
    assert client.get("/incomingdocumentview/list/").status_code == 200
    assert enter(either, "clerk", given)[1].status_code == 401
    assert given not in client.get("/account/").text


def test_a_given_password_works_for_three_days(app, clock):
    (given,) = shown_once(sign_in(app, "admin").post(f"/accounts/{user_id(app)}/reset"))
    clock.ahead(hours=71)
    assert enter(app, "clerk", given)[1].status_code == 302
    clock.ahead(hours=1)
    assert enter(app, "clerk", given)[1].status_code == 401
