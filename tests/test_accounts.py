"""Accounts: passwords, the second step, keys for machines, what the administrator does, and what is noted of it."""

import re
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy.exc import DatabaseError

from app.cli import office as command
from app.engine import access, events, history, passwords
from app.engine.moments import today
from app.engine.refusals import Invalid
from app.extensions import db
from models import accounts, api_keys, attempts, logins, second_factor
from seed import demo
from tests.conftest import PASSWORD, bearer, office, sign_in

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


# --- which passwords


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


# --- one's own password


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


# --- the second step


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


def test_the_second_step_is_asked_for_and_a_code_works_once(either, clock):
    _client, secret, codes = switch_on(either, clock)
    assert len(set(codes)) == 10
    client = half_way(either)
    assert not is_in(client)
    code = code_of(secret, clock)
    assert client.post("/login/code/?next=/account/", data={"code": code}).headers["Location"] == "/account/"
    assert is_in(client)
    assert half_way(either).post("/login/code/", data={"code": code}).status_code == 401


@pytest.mark.parametrize("steps, works", [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_neighbouring_codes_work_and_no_others(app, clock, steps, works):
    _client, secret, _codes = switch_on(app, clock)
    clock.ahead(minutes=2)
    answer = half_way(app).post("/login/code/", data={"code": code_of(secret, clock, steps)})
    assert answer.status_code == (302 if works else 401)


def test_after_a_later_code_an_earlier_one_works_no_more(app, clock):
    _client, secret, _codes = switch_on(app, clock)
    assert half_way(app).post("/login/code/", data={"code": code_of(secret, clock, 1)}).status_code == 302
    assert half_way(app).post("/login/code/", data={"code": code_of(secret, clock)}).status_code == 401


def test_each_recovery_code_works_once(either, clock):
    _client, _secret, codes = switch_on(either, clock)
    assert half_way(either).post("/login/code/", data={"code": codes[0]}).status_code == 302
    assert half_way(either).post("/login/code/", data={"code": codes[0]}).status_code == 401
    assert half_way(either).post("/login/code/", data={"code": codes[1].upper().replace("-", " ")}).status_code == 302
    assert "recovery_code_used" in kinds_noted(either)


def test_new_recovery_codes_replace_the_old_ones(app, clock):
    client, _secret, codes = switch_on(app, clock)
    assert client.post("/account/second-factor/codes", data={"present": "wrong"}).status_code == 422
    fresh = shown_once(client.post("/account/second-factor/codes", data={"present": PASSWORD}))
    assert set(fresh).isdisjoint(codes)
    assert half_way(app).post("/login/code/", data={"code": codes[0]}).status_code == 401
    assert half_way(app).post("/login/code/", data={"code": fresh[0]}).status_code == 302


def test_five_wrong_codes_burn_the_sign_in(app, clock):
    _client, secret, _codes = switch_on(app, clock)
    client = half_way(app)
    answers = [client.post("/login/code/", data={"code": "000000"}).status_code for _try in range(4)]
    burned = client.post("/login/code/", data={"code": "000000"})
    assert (answers, burned.status_code, burned.headers["Location"]) == ([401] * 4, 302, "/login/?next=/")
    late = client.post("/login/code/", data={"code": code_of(secret, clock)})
    assert late.headers["Location"].startswith("/login/?")
    assert not is_in(client)


def test_wrong_codes_count_for_the_lock(app, clock):
    _client, secret, _codes = switch_on(app, clock)
    for _round in range(2):
        client = half_way(app)
        for _try in range(5):
            client.post("/login/code/", data={"code": "000000"})
    assert enter(app, "clerk", PASSWORD)[1].status_code == 429
    assert code_of(secret, clock)


def test_a_half_finished_sign_in_waits_five_minutes(app, clock):
    _client, secret, _codes = switch_on(app, clock)
    client = half_way(app)
    clock.ahead(minutes=5)
    assert client.post("/login/code/", data={"code": code_of(secret, clock)}).headers["Location"] == "/login/?next=/"


@pytest.mark.parametrize(
    "typed", ["", " ", "12345", "1234567", "abcdef", "０００００００", "\0" * 6, "x" * 10_000, "٠١٢٣٤٥"]
)
def test_odd_codes_are_wrong_codes(app, clock, typed):
    switch_on(app, clock)
    assert half_way(app).post("/login/code/", data={"code": typed}).status_code == 401


def test_full_width_figures_and_spaces_do_not_matter(app, clock):
    _client, secret, _codes = switch_on(app, clock)
    code = code_of(secret, clock)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in code[:3]) + " " + code[3:]
    assert half_way(app).post("/login/code/", data={"code": wide}).status_code == 302


def test_switching_on_ends_the_other_sessions_and_off_needs_the_password(app, clock):
    other = sign_in(app, "clerk")
    client, _secret, _codes = switch_on(app, clock)
    assert (is_in(client), is_in(other)) == (True, False)
    assert client.post("/account/second-factor/off", data={"off-present": "wrong"}).status_code == 422
    assert client.post("/account/second-factor/off", data={"off-present": PASSWORD}).status_code == 302
    assert is_in(sign_in(app, "clerk"))


def test_the_second_step_is_not_on_before_a_code_was_right(app, clock):
    client = sign_in(app, "clerk")
    client.post("/account/second-factor/propose")
    wrong = client.post("/account/second-factor/confirm", data={"code": "000000", "present": PASSWORD})
    assert wrong.status_code == 422
    assert is_in(sign_in(app, "clerk"))


def test_a_machine_sends_the_code_too(app, clock):
    _client, secret, _codes = switch_on(app, clock)
    sent = {"username": "clerk", "password": PASSWORD, "provider": "db"}
    ask = app.test_client().post
    assert ask("/api/v1/security/login", json=sent).status_code == 401
    assert ask("/api/v1/security/login", json={**sent, "code": "000000"}).status_code == 401
    machine = bearer(app, "clerk", code=code_of(secret, clock))
    assert app.test_client().get("/api/v1/correspondents/", headers=machine).status_code == 200


def test_a_role_that_needs_the_second_step_does_nothing_before_it(app, clock):
    machine = bearer(app, "clerk")
    app.config["TOTP_ROLES"] = frozenset({"registry_clerk"})
    client = sign_in(app, "clerk")
    for page in ("/", "/account/", "/incomingdocumentview/list/", "/search"):
        assert client.get(page).headers["Location"] == "/account/second-factor"
    assert app.test_client().get("/api/v1/correspondents/", headers=machine).status_code == 401
    assert client.post("/incomingdocumentview/add", data={}).headers["Location"] == "/account/second-factor"
    client, _secret, _codes = switch_on(app, clock)
    assert client.get("/incomingdocumentview/list/").status_code == 200
    assert client.post("/account/second-factor/off", data={"off-present": PASSWORD}).status_code == 403
    assert sign_in(app, "office").get("/").status_code == 200


def test_a_misspelt_role_stops_the_start(app, tmp_path, monkeypatch):
    monkeypatch.setenv("WENSHU_TOTP_ROLES", "administrator, fnance")
    with pytest.raises(SystemExit, match="fnance"):
        office(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path)


# --- keys for machines


def make_key(client, **form):
    asked = {"name": "nightly", "until": (today() + timedelta(days=30)).isoformat(), "reach": "read", **form}
    return client.post("/account/keys/add", data={"present": PASSWORD, **asked})


def key_of(app, username, **form):
    (secret,) = shown_once(make_key(sign_in(app, username), **form))
    assert secret.startswith("wsk_")
    return {"Authorization": f"Bearer {secret}"}


def ask(app, header, path="/api/v1/correspondents/", method="get", **sent):
    return getattr(app.test_client(), method)(path, headers=header, **sent).status_code


def test_a_reading_key_reads_and_does_nothing_else(either, clock):
    key = key_of(either, "clerk")
    assert ask(either, key) == 200
    assert ask(either, key, method="post", json={"name": "新单位"}) == 403
    assert ask(either, key, "/api/v1/correspondents/1", "put", json={"version": 1, "name": "x"}) == 403
    assert ask(either, key, "/api/v1/orders/") == 403  # its owner's role has no orders


def test_a_reading_key_takes_no_step(app, clock):
    writing = key_of(app, "office", reach="write")
    body = {
        "title": "关于预算的通知",
        "sender": "市财政局",
        "received_at": "2026-03-02T09:00",
        "copies": 1,
        "secrecy": "internal",
        "urgency": "none",
    }
    added = app.test_client().post("/api/v1/incoming_documents/", headers=writing, json=body)
    assert added.status_code == 201, added.text
    step = f"/api/v1/incoming_documents/{added.json['id']}/close"
    assert ask(app, key_of(app, "office"), step, "post", json={}) == 403
    assert ask(app, writing, step, "post", json={}) != 403


def test_a_writing_key_writes_as_far_as_its_owner(app, clock):
    key = key_of(app, "clerk", reach="write")
    assert ask(app, key, method="post", json={"name": "新单位"}) == 201
    assert ask(app, key, "/api/v1/products/", "post", json={"name": "x", "price": "1"}) == 403


def test_a_key_for_some_kinds_reaches_those(app, clock):
    key = key_of(app, "clerk", kinds=["correspondents"])
    assert (ask(app, key), ask(app, key, "/api/v1/people/")) == (200, 403)


def test_a_key_sees_its_owners_rows_only(app, clock):
    sales, other = key_of(app, "sales", reach="write"), key_of(app, "sales_b")
    made = app.test_client().post("/api/v1/customers/", headers=sales, json={"name": "某客户"})
    assert made.status_code == 201, made.text
    assert ask(app, sales, f"/api/v1/customers/{made.json['id']}") == 200
    assert ask(app, other, f"/api/v1/customers/{made.json['id']}") == 404


def test_a_key_opens_no_page_and_no_cookie_widens_it(app, clock):
    key = key_of(app, "clerk")
    client = sign_in(app, "clerk")
    assert app.test_client().get("/account/", headers=key).status_code == 302
    assert client.post("/api/v1/correspondents/", headers=key, json={"name": "新单位"}).status_code == 403


def test_a_key_ends_on_its_day(app, clock):
    key = key_of(app, "clerk", until=(today() + timedelta(days=1)).isoformat())
    clock.ahead(hours=24)
    assert ask(app, key) == 200  # 2026-03-03 09:00 in the office: the day itself
    clock.ahead(hours=15)
    assert ask(app, key) == 401


@pytest.mark.parametrize("days, good", [(-1, False), (0, True), (365, True), (366, False), (4000, False)])
def test_no_key_lasts_longer_than_a_year(app, clock, days, good):
    answer = make_key(sign_in(app, "clerk"), until=(today() + timedelta(days=days)).isoformat())
    assert answer.status_code == (200 if good else 422)


@pytest.mark.parametrize(
    "form", [{"until": ""}, {"until": "never"}, {"name": " "}, {"name": "x" * 101}, {"present": "wrong"}]
)
def test_a_key_needs_an_end_a_name_and_the_password(app, clock, form):
    assert make_key(sign_in(app, "clerk"), **form).status_code == 422


def test_a_revoked_key_is_dead_and_only_its_owner_revokes_it(either, clock):
    key = key_of(either, "clerk")
    with either.app_context():
        pk = db.session.scalar(sa.select(api_keys.ApiKey.id))
    assert sign_in(either, "office").post(f"/account/keys/{pk}/revoke").status_code == 404
    assert ask(either, key) == 200
    assert sign_in(either, "clerk").post(f"/account/keys/{pk}/revoke").status_code == 302
    assert ask(either, key) == 401


def test_a_disabled_owner_has_dead_keys(either, clock):
    key = key_of(either, "clerk")
    admin = sign_in(either, "admin")
    admin.post(f"/accounts/{user_id(either)}/disable")
    assert ask(either, key) == 401
    admin.post(f"/accounts/{user_id(either)}/enable")
    assert ask(either, key) == 200


def test_a_role_taken_away_is_gone_from_key_and_page_at_once(app, clock):
    key, client, machine = key_of(app, "clerk"), sign_in(app, "clerk"), bearer(app, "clerk")
    assert client.get("/correspondentview/list/").status_code == 200
    sign_in(app, "admin").post(f"/accounts/{user_id(app)}/roles", data={"roles": ["warehouse"]})
    assert client.get("/correspondentview/list/").status_code == 403
    assert (ask(app, key), ask(app, machine)) == (403, 403)


@pytest.mark.parametrize("secret", ["wsk_", "wsk_x", "wsk_" + "A" * 43, "wsk_\u00e9", "wsk_" + "x" * 5000])
def test_a_made_up_key_opens_nothing(app, secret):
    assert ask(app, {"Authorization": f"Bearer {secret}"}) == 401


def test_a_key_is_shown_once_and_stored_as_a_digest(app, clock):
    key = key_of(app, "clerk")["Authorization"].removeprefix("Bearer ")
    assert ask(app, {"Authorization": f"Bearer {key}"}) == 200
    page = sign_in(app, "clerk").get("/account/").text
    with app.app_context():
        row = db.session.scalars(sa.select(api_keys.ApiKey)).one()
        stored = [str(getattr(row, column.key)) for column in api_keys.ApiKey.__table__.columns]
        assert row.last_used_at == clock.moment
    assert key not in page and key not in stored
    assert key[:10] in page


# --- the administrator's page

DEEDS = ("reset", "disable", "enable", "unlock", "end-sessions", "second-factor-off", "roles")


@pytest.mark.parametrize("account", [name for name, role in demo.ACCOUNTS if role != "administrator"])
def test_nobody_but_the_administrator_reaches_the_accounts(app, account):
    client, pk = sign_in(app, account), user_id(app, "warehouse")
    pages = [client.get(page).status_code for page in ("/accounts/", f"/accounts/{pk}", "/accounts/add")]
    deeds = [client.post(f"/accounts/{pk}/{deed}", data={"roles": ["administrator"]}).status_code for deed in DEEDS]
    added = client.post("/accounts/add", data={"username": "neu", "role": "administrator"})
    assert (pages, deeds, added.status_code) == ([403] * 3, [403] * 7, 403)
    assert "/accounts/" not in client.get("/").text


def test_a_visitor_is_sent_to_sign_in(app):
    visitor = app.test_client()
    own = ("", "password", "second-factor", "keys/add")
    assert {visitor.get(f"/account/{page}").headers["Location"] for page in own} == {"/login/?next=/account/"}
    assert visitor.get("/accounts/").status_code == 302
    assert {visitor.post(f"/accounts/1/{deed}").status_code for deed in DEEDS} == {302}


@pytest.mark.parametrize("deed", DEEDS)
def test_no_deed_is_done_by_following_a_link(app, deed):
    assert sign_in(app, "admin").get(f"/accounts/{user_id(app)}/{deed}").status_code == 405


def test_the_list_tells_role_last_sign_in_and_lock(app, clock):
    for _try in range(10):
        enter(app, "sales", "wrong")
    admin = sign_in(app, "admin")
    admin.post("/language/", data={"language": "en"})
    admin.post(f"/accounts/{user_id(app, 'warehouse')}/disable")
    page = admin.get("/accounts/").text
    rows = {
        name: re.search(rf"<tr[^>]*>(?:(?!</tr>).)*>{name}</a>.*?</tr>", page, re.S)[0] for name, _role in demo.ACCOUNTS
    }
    assert "Locked" in rows["sales"] and "Salesperson" in rows["sales"]
    assert "Disabled" in rows["warehouse"]
    assert "Active" in rows["admin"] and "2026-03-02 09:00" in rows["admin"]
    assert "1 accounts" in admin.get("/accounts/?q=wareh").text
    assert "No account of this name" in admin.get("/accounts/?q=%25").text


def test_the_administrator_disables_and_enables(app):
    admin, pk, client = sign_in(app, "admin"), user_id(app), sign_in(app, "clerk")
    admin.post(f"/accounts/{pk}/disable")
    assert (is_in(client), enter(app, "clerk", PASSWORD)[1].status_code) == (False, 401)
    admin.post(f"/accounts/{pk}/enable")
    assert (is_in(client), enter(app, "clerk", PASSWORD)[1].status_code) == (False, 302)


def test_the_administrator_lifts_a_lock_and_ends_sessions(app, clock):
    client = sign_in(app, "clerk")
    for _try in range(10):
        enter(app, "clerk", "wrong")
    admin = sign_in(app, "admin")
    admin.post(f"/accounts/{user_id(app)}/unlock")
    assert enter(app, "clerk", PASSWORD)[1].status_code == 302
    assert is_in(client)
    admin.post(f"/accounts/{user_id(app)}/end-sessions")
    assert not is_in(client)


def test_the_administrator_ends_one_session_of_many(app):
    first, second, admin = sign_in(app, "clerk"), sign_in(app, "clerk"), sign_in(app, "admin")
    addresses = re.findall(r"/accounts/sessions/\d+/end", admin.get(f"/accounts/{user_id(app)}").text)
    assert len(addresses) == 2
    assert first.post(addresses[0]).status_code == 403
    assert admin.post(addresses[0]).status_code == 302
    assert sorted([is_in(first), is_in(second)]) == [False, True]
    assert admin.post(addresses[0]).status_code == 404


def test_the_administrator_helps_where_the_telephone_is_lost(app, clock):
    client, _secret, _codes = switch_on(app, clock)
    sign_in(app, "admin").post(f"/accounts/{user_id(app)}/second-factor-off")
    assert not is_in(client)
    assert is_in(sign_in(app, "clerk"))


@pytest.mark.parametrize("roles", [["clerk"], ["office_manager"], [], ["root"], ["administrator", "root"]])
def test_no_administrator_loses_the_role_to_himself_and_no_role_is_made_up(app, roles):
    admin, own = sign_in(app, "admin"), user_id(app, "admin")
    assert admin.post(f"/accounts/{own}/roles", data={"roles": roles}).status_code == 422
    assert admin.get("/accounts/").status_code == 200


def test_no_administrator_disables_or_resets_himself(app):
    admin, own = sign_in(app, "admin"), user_id(app, "admin")
    assert admin.post(f"/accounts/{own}/disable").status_code == 422
    assert admin.post(f"/accounts/{own}/reset").status_code == 302
    assert is_in(sign_in(app, "admin"))


def test_another_administrator_may_take_the_role(app):
    admin, pk = sign_in(app, "admin"), user_id(app)
    admin.post(f"/accounts/{pk}/roles", data={"roles": ["registry_clerk", "administrator"]})
    second = sign_in(app, "clerk")
    assert second.post(f"/accounts/{user_id(app, 'admin')}/roles", data={"roles": ["auditor"]}).status_code == 302
    assert admin.get("/accounts/").status_code == 403


def test_a_new_account_begins_with_a_password_of_its_own_choice(app):
    admin = sign_in(app, "admin")
    form = {"username": "新人", "full_name": "新来的同事", "role": "salesperson"}
    (given,) = shown_once(admin.post("/accounts/add", data=form))
    client, answer = enter(app, "新人", given)
    assert answer.status_code == 302
    assert client.get("/").headers["Location"] == "/account/password"
    assert admin.post("/accounts/add", data=form).status_code == 422
    for wrong in (
        {"username": ""},
        {"username": "a b"},
        {"username": "CLERK"},
        {"username": "x" * 65},
        {"role": "root"},
    ):
        assert admin.post("/accounts/add", data={**form, **wrong}).status_code == 422


def test_an_account_that_is_not_there_is_not_found(app):
    admin = sign_in(app, "admin")
    assert {admin.get(f"/accounts/{pk}").status_code for pk in (999, 2**31, 2**70)} == {404}


# --- events


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
        "password_reset", "account_disabled", "account_enabled", "unlocked", "session_ended", "second_factor_off",
        "session_ended", "roles_changed",
    ]  # fmt: skip
    with either.app_context():
        rows = {row.kind: row for row in db.session.scalars(sa.select(events.SecurityEvent))}
        assert events.verify(db.session) == 16
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


# --- the command line


@pytest.fixture
def run(tmp_path, monkeypatch, app):
    """Run a command on the office's own database."""
    for name in ("WENSHU_SECRET_KEY", "WENSHU_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WENSHU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("WENSHU_DATABASE_URL", app.config["SQLALCHEMY_DATABASE_URI"])
    return lambda *words, password=None: CliRunner().invoke(
        command, list(words), input=f"{password}\n{password}\n" if password else None
    )


def test_the_command_line_asks_for_good_passwords_too(app, run):
    assert run("users", "create", "neu", "salesperson", password="password1").exit_code == 1
    assert run("users", "create", "neu", "salesperson", password=GOOD).exit_code == 0
    assert enter(app, "neu", GOOD)[1].status_code == 302
    assert run("users", "reset", "neu", password="12345678").exit_code == 1
    client = sign_in(app, "clerk")
    assert run("users", "reset", "clerk", password=GOOD).exit_code == 0
    assert (is_in(client), enter(app, "clerk", GOOD)[1].status_code) == (False, 302)


def test_the_command_line_helps_an_administrator_who_is_shut_out(app, run, clock):
    client, _secret, _codes = switch_on(app, clock, "admin")
    assert run("users", "second-factor-off", "admin").exit_code == 0
    clock.ahead()
    assert run("users", "end-sessions", "admin").exit_code == 0
    clock.ahead()
    assert not is_in(client)
    client = sign_in(app, "admin")
    assert run("users", "disable", "admin").exit_code == 0
    clock.ahead()
    assert not is_in(client)
    assert run("users", "enable", "admin").exit_code == 0
    assert run("users", "unlock", "admin").exit_code == 0
    clock.ahead()
    assert is_in(sign_in(app, "admin"))
    assert "security events" in run("audit", "verify").output
    assert run("users", "disable", "nobody").exit_code == 1


def test_the_rule_is_asked_where_people_choose_and_not_for_the_demo(session):
    with access.system(), pytest.raises(Invalid):
        accounts.require_good("password1", "clerk")
    assert second_factor.codes_left(session, 1) == 0
