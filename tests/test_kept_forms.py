"""What was typed when the session ended: kept for its owner, through the sign-in, and stored by nobody else."""

import re

import pytest
from sqlalchemy import func, select

from app.engine import access
from app.extensions import db
from bench.client import as_pairs, form_fields
from models import accounts
from models.correspondents import Correspondent
from models.customers import Customer
from tests.conftest import PASSWORD, sign_in
from tests.sign_ins import GOOD, code_of, switch_on, with_user

ADD = "/correspondentview/add"
NAME = "市<财政>局“三”科"
KEPT = "What you typed is kept"


def stored(app, model=Correspondent, **values):
    with app.app_context(), access.system():
        return db.session.scalar(select(func.count()).select_from(model).filter_by(**values))


def fields(answer, having):
    return as_pairs(form_fields(answer.data, having))


def target(answer, having):
    """Where the form with that field goes."""
    return next(form[1] for form in re.finditer(r'<form method="post" action="([^"]*)".*?</form>', answer.text, re.S)
                if f'name="{having}"' in form[0]).replace("&amp;", "&")  # fmt: skip


def typed(client, clock, path=ADD, **values):
    """Open a form, let the session end over it, and send it: what the page says then."""
    answer = client.get(path)
    sent = [pair for pair in fields(answer, next(iter(values))) if pair[0] not in values]
    clock.ahead(minutes=31)
    answer = client.post(path, data=dict([*sent, *values.items()]), headers={"Accept-Language": "en"})
    assert answer.status_code == 401, answer.text
    return answer


def enter(client, page, username="clerk", password=PASSWORD):
    sent = dict(fields(page, "password")) | {"username": username, "password": password}
    return client.post(target(page, "password"), data=sent, headers={"Accept-Language": "en"})


def test_what_was_typed_comes_back_to_its_form_and_is_stored_once(either, clock):
    client = sign_in(either, "clerk")
    page = typed(client, clock, name=NAME)
    assert KEPT in page.text and stored(either, name=NAME) == 0
    back = enter(client, page)
    assert back.status_code == 200 and "Nothing of it is stored yet" in back.text
    form = client.post(target(back, "kept"), data=dict(fields(back, "kept")))
    assert form.status_code == 422 and stored(either, name=NAME) == 0
    sent = dict(fields(form, "form_key"))
    assert sent["name"] == NAME and "kept" not in sent
    for _twice in range(2):
        assert client.post(ADD, data=sent).status_code == 302
    assert stored(either, name=NAME) == 1


def test_a_wrong_password_loses_nothing(app, clock):
    client = sign_in(app, "clerk")
    page = enter(client, typed(client, clock, name=NAME), password="wrong")
    assert page.status_code == 401
    assert NAME in dict(fields(enter(client, page), "kept")).values()


def test_the_second_step_loses_nothing(app, clock):
    client, secret, _codes = switch_on(app, clock)
    page = typed(client, clock, name=NAME)
    page = enter(client, page)
    assert "kept" in dict(fields(page, "code"))
    for code, status in (("000000", 401), (code_of(secret, clock), 200)):
        sent = dict(fields(page, "code")) | {"code": code}
        page = client.post(target(page, "code"), data=sent)
        assert page.status_code == status
    assert NAME in dict(fields(page, "kept")).values()


def test_nobody_else_gets_it(app, clock):
    client = sign_in(app, "clerk")
    answer = enter(client, typed(client, clock, name=NAME), "office")
    assert (answer.status_code, answer.headers["Location"]) == (302, ADD)
    assert NAME not in client.get(ADD).text


@pytest.mark.parametrize("spoil", [lambda kept: kept[:-3], lambda kept: "x", lambda kept: kept.replace(".", "")])
def test_what_was_altered_is_dropped(app, clock, spoil):
    client = sign_in(app, "clerk")
    page = typed(client, clock, name=NAME)
    sent = dict(fields(page, "password"))
    sent |= {"username": "clerk", "password": PASSWORD, "kept": spoil(sent["kept"])}
    assert client.post(target(page, "password"), data=sent).status_code == 302


def test_it_is_dropped_after_half_a_day(app, clock, monkeypatch):
    client = sign_in(app, "clerk")
    page = typed(client, clock, name=NAME)
    monkeypatch.setattr("app.web.kept_forms.LASTS", -1)
    assert enter(client, page).status_code == 302


def test_who_never_was_signed_in_here_is_only_sent_to_sign_in(app):
    answer = app.test_client().post(ADD, data={"name": NAME})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={ADD}")


def test_after_signing_out_nothing_is_kept(app):
    client = sign_in(app, "clerk")
    client.post("/logout/")
    assert client.post(ADD, data={"name": NAME}).status_code == 302


def test_a_change_and_a_step_come_back_too(app, clock):
    client = sign_in(app, "sales_manager")
    new = dict(fields(client.get("/customerview/add"), "name")) | {"name": "东方贸易"}
    shown = client.post("/customerview/add", data=new).headers["Location"]
    for way, having, value in (("edit", "contact", "王先生"), ("step", "reason", "欠款未还")):
        path = shown.replace("/show/", f"/{way}/") + ("/block" if way == "step" else "")
        back = enter(client, typed(client, clock, path, **{having: value}), "sales_manager")
        form = client.post(path, data=dict(fields(back, "kept")))
        assert form.status_code == 422 and dict(fields(form, having))[having] == value
        assert stored(app, Customer, contact=value) + stored(app, Customer, stopped_because=value) == 0
        assert client.post(path, data=dict(fields(form, having))).status_code == 302
    assert stored(app, Customer, contact="王先生", stopped_because="欠款未还", state="blocked") == 1


def test_forms_in_other_tabs_go_on_after_their_owner_signed_in_again(app, clock):
    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client()

    def enter_with_token(username):
        page = client.get("/login/")
        sent = dict(fields(page, "password")) | {"username": username, "password": PASSWORD}
        assert client.post("/login/", data=sent).status_code == 302

    enter_with_token("clerk")
    open_form = dict(fields(client.get(ADD), "name")) | {"name": NAME}
    clock.ahead(minutes=31)
    enter_with_token("clerk")
    assert client.post(ADD, data=open_form).status_code == 302
    assert stored(app, name=NAME) == 1
    clock.ahead(minutes=31)
    enter_with_token("office")
    assert client.post(ADD, data=open_form | {"name": "另一单位", "form_key": "other"}).status_code == 400
    assert stored(app, name="另一单位") == 0


def test_who_is_too_slow_with_the_code_or_wrong_five_times_begins_again_with_it(app, clock):
    client, secret, _codes = switch_on(app, clock)
    page = enter(client, typed(client, clock, name=NAME))
    clock.ahead(minutes=6)
    page = client.post(target(page, "code"), data=dict(fields(page, "code")) | {"code": code_of(secret, clock)})
    page = enter(client, page)
    for _try in range(5):
        page = client.post(target(page, "code"), data=dict(fields(page, "code")) | {"code": "000000"})
        assert page.status_code == 401
    page = enter(client, page)
    page = client.post(target(page, "code"), data=dict(fields(page, "code")) | {"code": code_of(secret, clock)})
    assert NAME in dict(fields(page, "kept")).values()


def test_a_lock_loses_nothing(app, clock):
    client = sign_in(app, "clerk")
    page = typed(client, clock, name=NAME)
    for _try in range(11):
        page = enter(client, page, password="wrong")
    assert page.status_code == 429 and "kept" in dict(fields(page, "password"))
    clock.ahead(minutes=16)
    assert NAME in dict(fields(enter(client, page), "kept")).values()


def test_what_has_to_be_done_first_is_done_beside_it(app, clock):
    client = sign_in(app, "clerk")
    answer = dict(fields(client.get(ADD), "name")) | {"name": NAME}
    given = with_user(app, "clerk", accounts.reset_password)  # which ends the session
    page = enter(client, client.post(ADD, data=answer), password=given)
    assert 'href="/account/password" target="_blank"' in page.text
    first = {"present": given, "password": GOOD, "again": GOOD}
    assert client.post("/account/password", data=first).status_code == 302
    form = client.post(target(page, "kept"), data=dict(fields(page, "kept")))
    assert dict(fields(form, "form_key"))["name"] == NAME
