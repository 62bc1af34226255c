"""No edit is lost and nothing happens twice: every form, every API door and every step, read off the registries."""

from __future__ import annotations

import re
import secrets
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import func, inspect, select

from app.engine import access
from app.engine import record as records
from app.engine.fields import fields_of
from app.engine.history import HistoryEntry
from app.engine.workflow import flows, never_by_hand
from app.extensions import db
from app.menu import VIEWS
from models.order_lines import OrderLine
from models.orders import Order
from tests.safety.doors import filled_in, flat, form_of, house_on, kinds_with
from tests.safety.makers import answers_to, make, raw_of
from tests.safety.ready import readied

EDITED = [view for view in VIEWS if view.model.kind_name in kinds_with("edit")]
ADDED = [view for view in VIEWS if view.model.kind_name in kinds_with("add")]
STEPS = [
    pytest.param(view.model, step, id=f"{view.model.kind_name}-{step.name}")
    for view in VIEWS
    for step in getattr(getattr(view.model, "flow", None), "steps", {}).values()
    if step.who is not never_by_hand
]


def named(view):
    return view.__name__


@pytest.fixture(scope="module")
def house(template, tmp_path_factory):
    yield from house_on(template, tmp_path_factory.mktemp("lost"))


def stored(model, pk) -> dict:
    """Every column of a row as it lies in the database, and what its history tells of."""
    columns = inspect(model).local_table.c
    row = db.session.execute(select(columns).where(columns.id == pk)).mappings().one()
    return {**row, "actions": actions(model, pk)}


def actions(model, pk) -> list[str]:
    query = select(HistoryEntry.action).where(HistoryEntry.kind == model.kind_name, HistoryEntry.record_id == pk)
    return asked(lambda: list(db.session.scalars(query)))


def takings(model, pk, action) -> int:
    """How many requests did this to a record; a step of several parts tells of each."""
    query = select(func.count(HistoryEntry.request_id.distinct())).where(
        HistoryEntry.kind == model.kind_name, HistoryEntry.record_id == pk, HistoryEntry.action == action
    )
    return asked(lambda: db.session.scalar(query))


def entries() -> int:
    return how_many(HistoryEntry)


def how_many(model) -> int:
    return asked(lambda: db.session.scalar(select(func.count()).select_from(inspect(model).local_table)))


def asked(question):
    """The answer, with the transaction ended: on SQLite it would keep the app from writing."""
    try:
        return question()
    finally:
        db.session.rollback()


def prepared(house, view, right):
    """A fresh record and an account that has the right and sees it."""
    record = make(db.session, view.model)
    db.session.commit()
    pk, username = record.id, house.who_may(right, record)
    assert username, f"nobody may {right} {view.model.kind_name}"
    return pk, username


def typed(view) -> tuple[str, str, str, type]:
    """A field of the form, what two people type into it, and what it is kept as.

    Words where there are any, the last field of them; else a number that is a name, which may have a form of its own.
    """
    fields = {name: fields_of(view.model)[name] for name in view.edit_columns or records.open_fields(view.model)}
    words = [name for name, field in fields.items() if field.kind in ("line", "prose", "rich")]
    words = words or [name for name, field in fields.items() if field.kind == "number"]
    return (words[-1], "那边改的", "这边改的", str) if words else ("quantity", "7", "8", Decimal)


@pytest.mark.parametrize("view", EDITED, ids=named)
def test_the_second_of_two_edits_from_one_page_is_shown_both(house, view):
    pk, username = prepared(house, view, "edit")
    browser, door = house.browser(username), f"/{view.__name__.lower()}/edit/{pk}"
    field, theirs, yours, kept_as = typed(view)
    one, other = (form_of(browser.get(door).text) for _ in range(2))
    assert browser.post(door, data={**one, field: theirs}).status_code == 302
    after_first = stored(view.model, pk)
    assert after_first[field] == kept_as(theirs)
    second = browser.post(door, data={**other, field: yours})
    assert (second.status_code, stored(view.model, pk)) == (409, after_first)
    assert re.search(f"<ins>{yours}</ins></td><td[^>]*>{theirs}</td>", second.text)
    again = browser.post(door, data=form_of(second.text))
    assert (again.status_code, stored(view.model, pk)[field]) == (302, kept_as(yours))


@pytest.mark.parametrize("view", EDITED, ids=named)
def test_an_edit_that_does_not_say_its_version_is_refused(house, view):
    pk, username = prepared(house, view, "edit")
    browser, door = house.browser(username), f"/{view.__name__.lower()}/edit/{pk}"
    field, _theirs, yours, _kept_as = typed(view)
    before = stored(view.model, pk)
    form = form_of(browser.get(door).text)
    for version in ("", "x", "-1", str(before["version"] + 1)):
        assert browser.post(door, data={**form, field: yours, "version": version}).status_code in (409, 422)
    del form["version"]
    assert browser.post(door, data={**form, field: yours}).status_code == 422
    assert stored(view.model, pk) == before


@pytest.mark.parametrize("view", EDITED, ids=named)
def test_the_second_of_two_puts_from_one_version_is_refused(house, view):
    pk, username = prepared(house, view, "edit")
    door, (field, theirs, yours, _kept_as) = f"/api/v1/{view.model.kind_name}/{pk}", typed(view)
    client, headers = house.client(), house.headers(username)
    version = client.get(door, headers=headers).json["version"]
    assert client.put(door, json={"version": version, field: theirs}, headers=headers).status_code == 200
    after_first = stored(view.model, pk)
    assert client.put(door, json={"version": version, field: yours}, headers=headers).status_code == 409
    for odd in ({}, {"version": None}, {"version": True}, {"version": str(version + 1)}):
        assert client.put(door, json={**odd, field: yours}, headers=headers).status_code == 422
    assert stored(view.model, pk) == after_first


@pytest.mark.parametrize("view", ADDED, ids=named)
def test_an_add_form_sent_twice_makes_one_record(house, view):
    username, (field, _theirs, yours, _kept_as) = house.who_may("add", kind=view.model.kind_name), typed(view)
    browser, door = house.browser(username), f"/{view.__name__.lower()}/add"
    filled = filled_in(form_of(browser.get(door).text), flat(raw_of(db.session, view.model)))
    db.session.commit()
    before = how_many(view.model)
    first, second = (browser.post(door, data=filled) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302), sentence_of(first)
    assert first.location == second.location
    other = browser.post(door, data={**filled, field: yours})
    assert other.status_code == 409
    assert how_many(view.model) == before + 1
    assert actions(view.model, int(first.location.rpartition("/")[2])) == ["add"]


@pytest.mark.parametrize("view", ADDED, ids=named)
def test_a_post_sent_twice_with_one_key_makes_one_record(house, view):
    username, door = house.who_may("add", kind=view.model.kind_name), f"/api/v1/{view.model.kind_name}/"
    raw, (field, _theirs, yours, _kept_as) = raw_of(db.session, view.model), typed(view)
    db.session.commit()
    client, headers = house.client(), house.headers(username, key=secrets.token_hex(40))
    before = how_many(view.model)
    first, second = (client.post(door, json=raw, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201), first.json
    assert first.json["id"] == second.json["id"]
    assert client.post(door, json={**raw, field: yours}, headers=headers).status_code == 409
    assert how_many(view.model) == before + 1


@pytest.mark.parametrize("end", ["a", "", "\x00"])
def test_any_two_keys_are_two_keys(house, end):
    browser, start = house.browser("clerk"), secrets.token_hex(40)
    for key in (start + end, start + "b"):
        added = browser.post("/correspondentview/add", data={"name": secrets.token_hex(8), "form_key": key})
        assert added.status_code == 302
    again = browser.post("/correspondentview/add", data={"name": "x", "form_key": start + end})
    assert again.status_code == 409


@pytest.mark.parametrize("door", ["page", "api"])
@pytest.mark.parametrize("model, step", STEPS)
def test_a_step_sent_twice_with_one_key_is_taken_once(house, model, step, door):
    record, answers = readied(db.session, model, step)
    db.session.commit()
    raw, key, pk, version = (
        answers_to(db.session, step, **answers),
        secrets.token_hex(12),
        record.id,
        record.version,
    )
    db.session.commit()
    username = house.who_may(step.name, record)
    assert username, "nobody can take this step"
    if door == "page":
        address = f"/{view_name(model)}/step/{pk}/{step.name}"
        data = {**flat(raw), "form_key": key, "version": str(version)}
        send = partial(house.browser(username).post, address, data=data)
    else:
        address = f"/api/v1/{model.kind_name}/{pk}/{step.name}"
        send = partial(house.client().post, address, json=raw, headers=house.headers(username, key))
    before, first, after_one, second, after_two = entries(), send(), entries(), send(), entries()
    assert [first.status_code, second.status_code] == ([302] * 2 if door == "page" else [200] * 2), sentence_of(first)
    assert before < after_one == after_two
    assert takings(model, pk, step.name) <= 1
    assert not step.targets or stored(model, pk)["state"] in step.targets


@pytest.mark.parametrize("odd", ["text", True, 1.0, [1]])
def test_a_step_from_a_version_that_is_no_number_is_refused(house, odd):
    order = make(db.session, Order)
    db.session.commit()
    door, version = f"/api/v1/orders/{order.id}/cancel", order.version
    db.session.rollback()
    sent = {"reason": "客户取消", "version": str(version) if odd == "text" else odd}
    refused = house.client().post(door, json=sent, headers=house.headers("office"))
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["version"])
    taken = house.client().post(door, json={**sent, "version": version}, headers=house.headers("office"))
    assert (taken.status_code, taken.json["state"]) == (200, "cancelled")


def sentence_of(answer) -> str:
    return answer.text if answer.is_json else re.sub(r"<[^>]+>|\s+", " ", answer.text.partition("<main")[2])[:600]


def view_name(model) -> str:
    return next(view.__name__.lower() for view in VIEWS if view.model is model)


def test_every_flow_has_pages_and_so_is_tested_here():
    assert {name for name, _flow in flows()} == {view.model.kind_name for view in VIEWS if hasattr(view.model, "flow")}


def test_two_edits_of_an_orders_lines_alone_do_not_pass_each_other(house):
    order = make(db.session, Order)
    db.session.commit()
    with access.system():
        pk, version, line = order.id, order.version, order.order_lines[0]
    kept = {"id": line.id, "product": line.product_id, "quantity": "1", "price": "1"}
    db.session.rollback()
    door, headers, client = f"/api/v1/orders/{pk}", house.headers("office"), house.client()
    first = {"version": version, "order_lines": [{**kept, "discount": "0"}]}
    second = {"version": version, "order_lines": [{**kept, "discount": "0.00"}, {**kept, "id": ""}]}
    assert client.put(door, json=first, headers=headers).status_code == 200
    assert client.put(door, json=second, headers=headers).status_code == 409
    with access.system():
        assert db.session.scalar(select(func.count()).select_from(OrderLine).where(OrderLine.order_id == pk)) == 1
