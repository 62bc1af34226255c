"""Keys for programs: as far as their scope and their owner reach, and no longer."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.engine.moments import today
from app.extensions import db
from models import api_keys
from tests.conftest import bearer, sign_in
from tests.sign_ins import ask, key_of, make_key, user_id


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
