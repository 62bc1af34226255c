"""The administrator's pages and commands for everybody's accounts."""

import re

import pytest
from click.testing import CliRunner

from app.cli import office as command
from app.engine import access
from app.engine.refusals import Invalid
from models import accounts, second_factor
from seed import demo
from tests.conftest import PASSWORD, sign_in
from tests.sign_ins import DEEDS, GOOD, enter, is_in, shown_once, switch_on, user_id


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


@pytest.mark.parametrize("roles", [["clerk"], ["office_manager"], [], ["root"], ["administrator", "report_officer"]])
def test_no_administrator_changes_the_own_roles_and_no_role_is_made_up(app, roles):
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
