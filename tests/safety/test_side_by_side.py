"""Many people at one record in the same moment, on both databases: each is served in turn or told why not."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.engine import access, history
from app.engine.history import HistoryEntry
from app.engine.record import kinds
from app.extensions import db
from models.circulation import CirculationEntry
from models.documents import IncomingDocument
from models.order_lines import OrderLine
from models.orders import Order
from models.payments import Payment
from models.people import Person
from models.products import Product
from tests.factories import AGREED
from tests.safety.doors import House
from tests.safety.makers import make, raw_of, with_credit

AT_ONCE = 8


@pytest.fixture
def house(either):
    found = House(either)
    for username in ("clerk", "office", "finance", "order_admin"):
        found.headers(username)
    return found


def stored(house, do):
    """What `do(session)` makes or finds, in a transaction of its own."""
    with house.app.app_context(), access.system():
        result = do(db.session)
        db.session.commit()
        db.session.remove()
    return result


def at_once(house, username, requests):
    """Send all requests (address, body, key) as nearly at once as threads can; the answers in the same order."""

    def send(request):
        address, body, key = request
        return house.client().post(f"/api/v1/{address}", json=body, headers=house.headers(username, key))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(send, requests))


def statuses(answers) -> dict[int, int]:
    return dict(Counter(answer.status_code for answer in answers))


def verified(house) -> None:
    stored(house, lambda session: history.verify(session, kinds().values()))


def test_one_key_at_once_makes_one_record_and_all_are_answered_with_it(house):
    raw = stored(house, lambda session: raw_of(session, IncomingDocument))
    answers = at_once(house, "clerk", [("incoming_documents/", raw, "same")] * AT_ONCE * 3)
    assert statuses(answers) == {201: AT_ONCE * 3}
    assert len({(answer.json["id"], answer.json["receipt_no"]) for answer in answers}) == 1
    assert stored(house, lambda session: session.query(IncomingDocument).count()) == 1


@pytest.mark.parametrize("keys, expected", [(["same"] * AT_ONCE, {200: 8}), ("abcdefgh", {200: 1, 409: 7})])
def test_one_step_at_once_is_taken_once(house, keys, expected):
    pk = stored(house, lambda session: make(session, IncomingDocument).id)
    answers = at_once(
        house,
        "clerk",
        [(f"incoming_documents/{pk}/propose", {"proposal": "拟阅", "transfer": "综合科"}, k) for k in keys],
    )
    assert statuses(answers) == expected
    actions = sa.select(HistoryEntry.action).where(HistoryEntry.kind == "incoming_documents")
    assert stored(house, lambda session: list(session.scalars(actions))) == ["add", "propose"]
    verified(house)


def test_fifty_buyers_get_the_ten_pieces_there_are(house):
    def offered(session):
        product = make(session, Product, stock=Decimal(10))
        orders = [
            make(session, Order, payment_type="on_account", customer=with_credit(session),
                 order_lines=[OrderLine(product=product, quantity=1, price=1)])
            for _ in range(50)
        ]  # fmt: skip
        return product.id, [order.id for order in orders]

    goods, pks = stored(house, offered)
    answers = at_once(house, "order_admin", [(f"orders/{pk}/confirm", AGREED, None) for pk in pks])
    assert statuses(answers) == {200: 10, 409: 40}
    assert all("0 available" in answer.json["message"] for answer in answers if answer.status_code == 409)
    totals = sa.select(Product.stock, Product.reserved).filter_by(id=goods)
    assert stored(house, lambda session: session.execute(totals).one()) == (10, 10)
    assert stored(house, lambda session: session.query(Order).filter_by(state="confirmed").count()) == 10
    told = sa.select(HistoryEntry.changes).filter_by(kind="products", action="confirm").order_by(HistoryEntry.position)
    rises = [json.loads(changes)["reserved"] for changes in stored(house, lambda session: list(session.scalars(told)))]
    assert [[Decimal(n) for n in rise] for rise in rises] == [[n, n + 1] for n in range(10)]
    verified(house)


def test_payments_verified_at_once_are_all_counted(house):
    def announced(session):
        line = OrderLine(product=make(session, Product), quantity=1, price=1000)
        order = make(session, Order, order_lines=[line])
        return order.id, [make(session, Payment, order=order, amount=n, reference=str(n)).id for n in range(1, 13)]

    order, payments = stored(house, announced)
    answers = at_once(house, "finance", [(f"payments/{pk}/verify", {}, None) for pk in payments])
    assert statuses(answers) == {200: 12}
    assert stored(house, lambda session: session.get(Order, order).paid) == sum(range(1, 13))
    verified(house)


def test_no_paper_is_closed_while_it_is_being_sent_to_a_reader(house):
    def running(session):
        reader = session.scalars(sa.select(Person).filter_by(name="张小明")).one()
        return reader.id, [make(session, IncomingDocument, state="in_circulation").id for _ in range(12)]

    reader, papers = stored(house, running)
    body = {"readers": [reader], "purpose": "请阅"}
    both = [
        request
        for pk in papers
        for request in (
            (f"incoming_documents/{pk}/circulate", body, None),
            (f"incoming_documents/{pk}/close", {}, None),
        )
    ]
    answers = at_once(house, "office", both)
    assert statuses(answers) == {200: len(papers), 409: len(papers)}
    closed_and_read = (
        sa.select(sa.func.count())
        .select_from(CirculationEntry)
        .join(IncomingDocument, CirculationEntry.document_id == IncomingDocument.id)
        .where(IncomingDocument.state == "closed", CirculationEntry.state == "offered")
    )
    assert stored(house, lambda session: session.scalar(closed_and_read)) == 0
    verified(house)
