"""The second step of signing in: codes from a telephone, recovery codes, roles that need it."""

import pytest

from tests.conftest import PASSWORD, bearer, office, sign_in
from tests.sign_ins import code_of, enter, half_way, is_in, kinds_noted, shown_once, switch_on


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
