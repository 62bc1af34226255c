"""Lists are turned by the row one stands at: nobody misses a row or meets one twice, in any order, in both directions."""

import re

import pytest
from sqlalchemy import event, insert, text

from app.engine import access
from app.engine import record as records
from app.engine.fields import fields_of
from app.engine.moments import now
from app.extensions import db
from app.menu import VIEWS
from app.schema import FEW, take_stock
from app.web import listing
from app.web.listing import sortable
from app.web.paging import NUMBERED, PAGE
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.products import Product
from tests.conftest import actors_of, bearer, sign_in

COUNT = 3 * PAGE + 7


@pytest.fixture
def shelf(either):
    """The office, with products whose names repeat and whose models and prices are missing now and then."""
    with either.app_context(), access.system():
        for n in range(COUNT):
            product = Product(
                product_no=f"X-{n * 7 % COUNT:03d}",
                name=f"货{n % 5}",
                model=None if n % 3 == 0 else f"M{n % 4}",
                size=str(n),
                price=None if n % 4 == 0 else n % 6,
            )
            records.store(db.session, product)
        db.session.commit()
        db.session.remove()
    return either


def page(browser, address):
    """The numbers on a page and its ways on, by the symbol of the button."""
    answer = browser.get(f"/productview/list/{address}")
    assert answer.status_code == 200, answer.text
    pager = answer.text[answer.text.index('class="pager"') :]
    ways = {label: href.replace("&amp;", "&") for href, label in re.findall(r'href="(\?[^"]*)" title="([^"]*)"', pager)}
    return re.findall(r">(X-\d{3})<", answer.text), ways


def walked(browser, address, way):
    """The numbers of all pages from one on, as they are met, and the last address."""
    shown, ways = page(browser, address)
    met = [shown]
    while way in ways:
        address = ways[way]
        shown, ways = page(browser, address)
        met.append(shown)
        assert len(met) < 10
    return met, address


def in_order(name, down, nulls_low):
    """The numbers as a plain sort has them: equal values in the order they were entered."""
    with access.system():
        rows = [(getattr(row, name), row.id, row.product_no) for row in db.session.query(Product)]
    known = sorted(row for row in rows if row[0] is not None)
    nulls = sorted((row for row in rows if row[0] is None), key=lambda row: row[1])
    found = nulls + known if nulls_low else known + nulls
    return [number for _value, _key, number in (reversed(found) if down else found)]


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("name", ["product_no", "name", "model", "price", "id"])
def test_the_pages_hold_every_row_once_in_order_forwards_and_backwards(shelf, name, down):
    with shelf.app_context():
        expected = in_order(name, down, nulls_low=db.engine.dialect.name == "sqlite")
        db.session.remove()
    browser = sign_in(shelf, "order_admin")
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    address = f"?sort={'-' if down else ''}{name}"
    forwards, last = walked(browser, address, "Next page")
    assert [number for shown in forwards for number in shown] == expected
    assert [len(shown) for shown in forwards] == [PAGE, PAGE, PAGE, 7]
    backwards, _first = walked(browser, last, "Previous page")
    assert backwards == forwards[::-1]
    from_the_end, _first = walked(browser, page(browser, address)[1]["Last page"], "Previous page")
    assert [number for shown in from_the_end[::-1] for number in shown] == expected
    assert page(browser, f"{address}&end=1&page=3")[0] == from_the_end[0]  # a number is only a label there


def test_rows_that_come_in_between_shift_no_page(shelf):
    browser = sign_in(shelf, "order_admin")
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    first, ways = page(browser, "?sort=-id")
    with shelf.app_context(), access.system():
        records.store(db.session, Product(product_no="X-900", name="新货"))
        db.session.commit()
        db.session.remove()
    second, _ways = page(browser, ways["Next page"])
    assert not set(first) & set(second)
    assert page(browser, "?sort=-id")[0] == ["X-900", *first[:-1]]


def counted(app, browser, address):
    """What a list says of its length, and how often the database was asked for it."""
    asked = []

    def hear(connection, cursor, statement, *rest):
        asked.extend([statement] if statement.startswith("SELECT count(*)") and "FROM product" in statement else [])

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", hear)
    text = browser.get(f"/productview/list/{address}").text
    event.remove(engine, "before_cursor_execute", hear)
    return re.search(r'class="pager-count">([^<]*)<', text)[1], len(asked)


def test_a_list_too_long_to_be_counted_is_not_counted_at_every_page(shelf, monkeypatch):
    monkeypatch.setattr(listing, "COUNTED", 40)
    office, sales = sign_in(shelf, "office"), sign_in(shelf, "sales")
    assert [counted(shelf, office, one) for one in ("", "?page=2", "?end=1")] == [
        ("超过 40", 1), ("超过 40", 0), ("超过 40", 0),
    ]  # fmt: skip
    assert counted(shelf, sales, "") == ("超过 40", 1)  # each for what they may see
    filtered = ("?discontinued=0", "?discontinued=0&sort=-id", "?q=X", "?q=X&page=2", "?q=X&discontinued=0")
    assert [counted(shelf, office, one) for one in filtered] == [
        ("超过 40", 1), ("超过 40", 0), ("超过 40", 1), ("超过 40", 0), ("超过 40", 1),
    ]  # fmt: skip
    shelf.extensions["aged"].clear()
    monkeypatch.setattr(listing, "COUNTED", 1_000)
    assert [counted(shelf, office, "") for _n in range(2)] == [(f"共 {COUNT} 条", 1)] * 2  # what can grow is counted


def test_a_list_of_one_page_has_no_ways_on(shelf):
    browser = sign_in(shelf, "order_admin")
    assert page(browser, "?size=5") == ([f"X-{5 * 7 % COUNT:03d}"], {})


@pytest.mark.parametrize(
    "address", ["?page=0", f"?page={NUMBERED + 1}", "?after=x", "?after=-1", "?after=99999999999999999999", "?end=2",
                "?after=999999", "?before=999999", "?after=1&before=2", "?end=1&after=1"],
)  # fmt: skip
def test_an_address_that_is_nowhere_gets_a_sentence(shelf, address):
    assert sign_in(shelf, "order_admin").get(f"/productview/list/{address}").status_code == 400


def test_a_hidden_row_is_no_place_to_stand_at(either):
    """Where it stands in the order would tell what it holds."""
    with either.app_context():
        with access.acting_as(actors_of(db.session)["clerk"]):
            hidden = records.add(
                db.session,
                IncomingDocument,
                {
                    "sender": "市教育局",
                    "title": "关于放假的通知",
                    "received_at": "2026-03-02T09:00",
                    "secrecy": "secret",
                    "urgency": "none",
                    "copies": "1",
                },
            ).id
            db.session.commit()
        db.session.remove()
    stranger = sign_in(either, "user_b")
    answers = [stranger.get(f"/incomingdocumentview/list/?sort=receipt_no&after={key}") for key in (hidden, 999999)]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert (
        sign_in(either, "clerk").get(f"/incomingdocumentview/list/?sort=receipt_no&after={hidden}").status_code == 200
    )


def test_a_program_turns_pages_by_the_key_an_answer_gave(shelf):
    browser, token = shelf.test_client(), bearer(shelf, "office")

    def asked(before=""):
        address = f"/api/v1/products/?page_size=20{before}"
        answer = browser.get(address, headers=token).json
        return [one["product_no"] for one in answer["result"]], answer["before"]

    met, key = asked()
    with shelf.app_context(), access.system():  # what comes in between shifts nothing
        records.store(db.session, Product(product_no="X-new", name="新货"))
        db.session.commit()
        db.session.remove()
    while key is not None:
        more, key = asked(f"&before={key}")
        met += more
    assert len(met) == len(set(met)) >= COUNT
    assert "X-new" not in met
    assert browser.get("/api/v1/products/?before=x", headers=token).status_code == 400


def sorts(view):
    fields = fields_of(view.model)
    return [name for name in view.list_columns if name in fields and sortable(view.model, fields[name])]


@pytest.fixture
def asked(app):
    """The statements that were carried out, with what was given to them; to be emptied."""
    found = []

    def note(_connection, _cursor, statement, given, *_about):
        found.append((statement, given))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("view", [view for view in VIEWS if view.model.large], ids=lambda view: view.__name__)
def test_the_planner_finds_a_large_list_in_every_order_it_offers(app, client, asked, view):
    """No page puts the rows of the table in order: an index has them so."""
    browser, sorted_anew = client("office"), []
    for name in ("id", view.base_order.removeprefix("-"), *sorts(view)):
        for order in (name, f"-{name}"):
            asked.clear()
            assert browser.get(f"/{view.__name__.lower()}/list/?sort={order}").status_code == 200
            table = f"FROM {view.model.__tablename__}"
            pages = [(sql, given) for sql, given in asked if table in sql and " ORDER BY " in sql]
            assert pages, order
            with app.app_context():
                for sql, given in pages:
                    plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)
                    sorted_anew += [(order, step[3]) for step in plan if "TEMP B-TREE" in step[3]]
                db.session.remove()
    assert sorted_anew == []


def test_a_large_list_is_sorted_by_nothing_else(client):
    browser = client("office")
    assert browser.get("/incomingdocumentview/list/?sort=title").status_code == 400
    assert browser.get("/orderview/list/?sort=state").status_code == 400
    assert browser.get("/orderview/list/?sort=-gross").status_code == 200
    assert "sort=title" not in browser.get("/incomingdocumentview/list/").text


def asked_for(view):
    """An address for each filter of a list, with what it is asked for."""
    fields = fields_of(view.model)
    for name in view.filters:
        field = fields[name]
        if field.kind in ("date", "moment"):
            yield f"{name}=2026-01-01&{name}_to=2026-02-01"
        elif field.kind == "choice":
            yield from (f"{name}={value}" for value in field.choices)
        elif field.kind == "flag":
            yield from (f"{name}={value}" for value in ("1", "0"))
        elif field.kind != "reference":
            yield f"{name}=x"


@pytest.mark.parametrize("view", [view for view in VIEWS if view.model.large], ids=lambda view: view.__name__)
def test_the_planner_finds_what_a_large_list_is_filtered_by(app, client, asked, view):
    """No filter goes through the table, nor puts what it found in order."""
    browser, wrong = client("office"), []
    table = view.model.__tablename__
    for address in asked_for(view):
        asked.clear()
        assert browser.get(f"/{view.__name__.lower()}/list/?{address}").status_code == 200, address
        pages = [(sql, given) for sql, given in asked if f"FROM {table} " in sql and " ORDER BY " in sql]
        assert pages, address
        with app.app_context():
            for sql, given in pages:
                plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)
                steps = [step[3] for step in plan]
                wrong += [(address, step) for step in steps if "TEMP B-TREE" in step or step == f"SCAN {table}"]
            db.session.remove()
    assert wrong == []


def test_the_planner_is_told_of_a_table_that_has_grown(app):
    """Before, it would put all orders of a state in order for a page of them; what it was told once holds for a while."""

    def more(count):
        first = db.session.scalar(text("SELECT max(id) FROM correspondent")) or 0
        rows = [
            {"name": f"单位{first + n}", "version": 1, "created_at": now(), "changed_at": now()} for n in range(count)
        ]
        db.session.execute(insert(Correspondent.__table__), rows)
        db.session.commit()
        return take_stock(db.session)

    with app.app_context():
        db.session.execute(text("DROP TABLE IF EXISTS sqlite_stat1"))
        db.session.commit()
        there = more(10)
        assert "correspondent" not in there
        assert more(FEW) == ["correspondent"]
        counted = text("SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = 'correspondent'")
        assert db.session.scalar(counted) == db.session.scalar(text("SELECT count(*) FROM correspondent"))
        db.session.commit()
        assert more(10) == []
        assert more(2 * FEW) == ["correspondent"]
        for where, counted_anew in (("", ["correspondent"]), (" WHERE version < 0", [])):  # of no row there is no word
            db.session.execute(text(f"CREATE INDEX ix_new ON correspondent (version){where}"))
            db.session.commit()
            assert [more(1), more(1)] == [counted_anew, []]
            db.session.execute(text("DROP INDEX ix_new"))
            db.session.commit()
        db.session.remove()
