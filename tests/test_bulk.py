"""Many records changed at once: previewed, all or none, within what the person may see and change."""

import sqlalchemy as sa

from app.engine import access
from app.engine.history import HistoryEntry
from app.extensions import db
from app.web import listing
from models.customers import Customer
from models.people import Person
from tests.conftest import sign_in


def customers(app):
    """Three customers of the first salesperson's, one of the second's; their ids by name."""
    with app.app_context(), access.system():
        mine, other = (db.session.query(Person).filter_by(name=name).one() for name in ("吴磊", "徐静"))
        rows = [
            Customer(name=n, owner=o, customer_no=n)
            for n, o in (("甲", mine), ("乙", mine), ("丙", mine), ("丁", other))
        ]
        db.session.add_all(rows)
        db.session.flush()
        found = {row.name: row.id for row in rows}
        db.session.commit()
    return found


def regions(app):
    with app.app_context(), access.system():
        return dict(db.session.execute(sa.select(Customer.name, Customer.region)).all())


def test_ticked_rows_are_previewed_and_changed_in_one_go(app):
    ids, browser = customers(app), sign_in(app, "sales")
    rows = f"{ids['甲']}:1,{ids['乙']}:1"
    page = browser.get(f"/customerview/bulk?id={ids['甲']}&id={ids['乙']}")
    assert page.status_code == 200 and f'value="{rows}"' in page.text
    preview = browser.post("/customerview/bulk", data={"rows": rows, "region": "华东", "action": "preview"})
    assert preview.status_code == 200 and "华东" in preview.text
    assert regions(app) == {"甲": None, "乙": None, "丙": None, "丁": None}
    assert (
        browser.post("/customerview/bulk", data={"rows": rows, "region": "华东", "action": "apply"}).status_code == 302
    )
    assert regions(app) == {"甲": "华东", "乙": "华东", "丙": None, "丁": None}
    with app.app_context(), access.system():
        told = db.session.query(HistoryEntry).filter_by(kind="customers", action="change").all()
        assert len(told) == 2 and len({entry.request_id for entry in told}) == 1


def test_all_that_match_the_list_are_taken(app):
    customers(app)
    page = sign_in(app, "sales").get("/customerview/bulk?q=甲").text
    assert "甲" in page and "乙" not in page


def test_one_row_changed_meanwhile_stops_them_all(app):
    ids, browser = customers(app), sign_in(app, "sales")
    browser.post(f"/customerview/edit/{ids['乙']}", data={"version": "1", "region": "西南"})
    rows = f"{ids['甲']}:1,{ids['乙']}:1"
    answer = browser.post("/customerview/bulk", data={"rows": rows, "region": "华东", "action": "apply"})
    assert answer.status_code == 409 and "乙" in answer.text
    assert regions(app)["甲"] is None and regions(app)["乙"] == "西南"


def test_rows_of_others_do_not_exist(app):
    ids, browser = customers(app), sign_in(app, "sales")
    assert "丁" not in browser.get(f"/customerview/bulk?id={ids['甲']}&id={ids['丁']}").text
    rows = f"{ids['甲']}:1,{ids['丁']}:1"
    for action in ("preview", "apply"):
        answer = browser.post("/customerview/bulk", data={"rows": rows, "region": "华东", "action": action})
        assert answer.status_code == 400
    assert regions(app)["甲"] is None and regions(app)["丁"] is None


def test_nothing_that_tells_records_apart_is_offered(client):
    browser = client("office")
    browser.post("/correspondentview/add", data={"name": "甲局", "form_key": "x"})
    page = browser.get("/correspondentview/bulk?q=甲局").text
    assert 'name="name"' not in page and 'name="address"' in page


def test_all_of_a_list_are_offered_as_far_as_so_many_are_taken(app, monkeypatch):
    customers(app)
    monkeypatch.setattr(listing, "TOGETHER", 2)
    browser = sign_in(app, "sales")
    offered = [f'href="/customerview/bulk{asked}"' in browser.get(f"/customerview/list/{asked}").text
               for asked in ("", "?q=%E7%94%B2")]  # fmt: skip
    assert offered == [False, True]
    assert 'form="bulk"' in browser.get("/customerview/list/").text


def test_odd_requests_get_a_sentence(client):
    browser = client("office")
    for address in (
        "/correspondentview/bulk?id=x",
        "/correspondentview/bulk?id=99999999999999",
        "/correspondentview/bulk?nonsense=1",
    ):
        assert browser.get(address).status_code == 400
    for rows in ("", "1", "1:x", "1:1,", "9999999:1", "1:99999999999999999"):
        assert browser.post("/correspondentview/bulk", data={"rows": rows, "address": "a"}).status_code == 400, rows
    assert client("auditor").get("/correspondentview/bulk?id=1").status_code == 403


def test_a_value_that_will_not_do_changes_nothing(app):
    ids, browser = customers(app), sign_in(app, "office")
    answer = browser.post(
        "/customerview/bulk", data={"rows": f"{ids['甲']}:1", "credit_limit": "viel", "action": "apply"}
    )
    assert answer.status_code == 422 and "甲" in answer.text
    empty = browser.post("/customerview/bulk", data={"rows": f"{ids['甲']}:1", "action": "apply"})
    assert empty.status_code == 422
    assert regions(app)["甲"] is None


def test_a_field_is_changed_in_its_row(app):
    ids, browser = customers(app), sign_in(app, "sales")
    address = f"/customerview/inline/{ids['甲']}/region"
    assert 'name="region"' in browser.get(address).text
    stored = browser.post(address, data={"version": "1", "region": "华东"})
    assert (stored.status_code, stored.json) == (200, {"text": "华东", "version": 2})
    late = browser.post(address, data={"version": "1", "region": "西南"})
    assert (late.status_code, late.json["theirs"], late.json["version"]) == (409, "华东", 2)
    assert browser.post(address, data={"region": "西南"}).status_code == 422
    assert browser.post(f"/customerview/inline/{ids['丁']}/region", data={"version": "1"}).status_code == 404
    for name in ("phone", "customer_no", "nonsense"):  # masked, unique, not there
        assert browser.get(f"/customerview/inline/{ids['甲']}/{name}").status_code == 404
    assert regions(app)["甲"] == "华东"
