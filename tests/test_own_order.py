"""The customer's own page: reached by a signed address, good until the order is confirmed."""

import re
from decimal import Decimal

import pytest

from app.engine import access
from app.engine.history import HistoryEntry
from app.web.own_order import address_of
from models.orders import Order
from models.products import Product
from tests.factories import AGREED, house, place, take


@pytest.fixture
def placed(session, actors, app):
    """An order on account, and the path of its customer's page."""
    house(session, actors)
    with access.acting_as(actors["sales"]):
        order = place(session, payment_type="prepaid", phone="13812345678")
    take(session, actors["order_admin"], order, "give_link")
    session.commit()
    with app.test_request_context():
        path = address_of(order).removeprefix("http://localhost")
    return order.id, path


def look(session, pk):
    """The order as it is stored now; each request ends the session of the one before."""
    session.rollback()
    session.expire_all()
    with access.system():
        order = session.get(Order, pk)
        assert order.order_lines is not None and order.payments is not None
    return order


def post(visitor, session, path, data):
    """Send a form; the test's own transaction does not stand in its way."""
    session.rollback()
    return visitor.post(path, data=data)


def form_of(page):
    return dict(re.findall(r'name="(version|form_key)"[^>]*value="([^"]*)"', page))


def sent(page, order, **values):
    lines = {f"line_{line.id}": str(line.quantity) for line in order.order_lines}
    data = {"do": "change", "consignee": "王经理", "phone": "", "address": "解放路1号", "delivery_method": "",
            "delivery_wish": "", **lines, **form_of(page)}  # fmt: skip
    return {**data, **values}


def test_the_customer_looks_up_and_changes_the_order(placed, app, session):
    pk, path = placed
    visitor = app.test_client()
    page = visitor.get(path).text
    order = look(session, pk)
    assert order.order_no in page and "衬衫" in page
    assert "13812345678" not in page and "138****5678" in page
    first = order.order_lines[0]
    changed = sent(page, order, address="新路2号", **{f"line_{first.id}": "2"})
    assert post(visitor, session, path, changed).status_code == 302
    order = look(session, pk)
    with access.system():
        # 2 × 30.75 × 0.95 = 58.43 and 8.76 tax, 66.50 and 9.98
        assert (order.address, order.gross, order.revision) == ("新路2号", Decimal("143.67"), 1)
        assert order.phone == "13812345678"
        assert session.query(Product.reserved).filter_by(product_no="A").scalar() == 2
        entry = session.query(HistoryEntry).filter_by(action="own_page").order_by(HistoryEntry.id.desc()).first()
    assert entry.actor_id is None and entry.actor_name


def test_after_confirmation_the_page_only_tells(placed, app, session, actors):
    pk, path = placed
    visitor = app.test_client()
    page = visitor.get(path).text
    order = look(session, pk)
    take(session, actors["order_admin"], order, "record_payment", amount="100", account="中行", reference="R1")
    session.commit()
    take(session, actors["finance"], look(session, pk).payments[-1], "verify")
    session.commit()
    order = look(session, pk)
    with access.acting_as(actors["order_admin"]):
        version = order.version
        order.flow.take(session, order, "confirm", AGREED)
    session.commit()
    order = look(session, pk)
    early = sent(page, order, address="新路2号", version=str(version))
    late = sent(page, order, address="新路2号", version=str(order.version))
    assert post(visitor, session, path, early).status_code == 409
    assert post(visitor, session, path, late).status_code == 409
    page = visitor.get(path).text
    assert 'name="address"' not in page and "cancel" not in re.findall(r'name="do" value="(\w+)"', page)
    order = look(session, pk)
    assert (order.address, order.revision) == ("解放路1号", 0)


def test_the_customer_cancels_the_order(placed, app, session):
    pk, path = placed
    visitor = app.test_client()
    data = {"do": "cancel", "reason": "买错了", **form_of(visitor.get(path).text)}
    assert post(visitor, session, path, data).status_code == 302
    order = look(session, pk)
    assert (order.state, order.reason) == ("cancelled", "买错了")


@pytest.mark.parametrize("bad", ["-1", "x", "999999"])
def test_odd_quantities_get_a_sentence_and_change_nothing(placed, app, session, bad):
    pk, path = placed
    visitor = app.test_client()
    page = visitor.get(path).text
    order = look(session, pk)
    first = order.order_lines[0]
    answer = post(visitor, session, path, sent(page, order, **{f"line_{first.id}": bad}))
    assert answer.status_code in (409, 422) and "t-bad" in answer.text
    assert look(session, pk).order_lines[0].quantity == 10


def test_nothing_left_is_no_change(placed, app, session):
    pk, path = placed
    visitor = app.test_client()
    page = visitor.get(path).text
    order = look(session, pk)
    nothing = {f"line_{line.id}": "0" for line in order.order_lines}
    assert post(visitor, session, path, sent(page, order, **nothing)).status_code == 409
    assert len(look(session, pk).order_lines) == 2


def test_a_withdrawn_or_guessed_address_opens_nothing(placed, app, session, actors):
    pk, path = placed
    visitor = app.test_client()
    assert visitor.get(path[:-2] + "xx").status_code == 404
    take(session, actors["order_admin"], look(session, pk), "give_link")
    session.commit()
    assert visitor.get(path).status_code == 404
    with app.test_request_context():
        again = address_of(look(session, pk)).removeprefix("http://localhost")
    assert visitor.get(again).status_code == 200
    take(session, actors["order_admin"], look(session, pk), "withdraw_link")
    session.commit()
    assert visitor.get(again).status_code == 404


def test_a_quantity_beyond_all_amounts_is_refused_in_words(placed, app, session):
    pk, path = placed
    visitor = app.test_client()
    page, order = visitor.get(path).text, look(session, pk)
    answer = post(visitor, session, path, sent(page, order, **{f"line_{order.order_lines[0].id}": "999999999999"}))
    assert answer.status_code == 422
    order = look(session, pk)
    assert (order.gross, order.revision) == (Decimal("412.43"), 0)
