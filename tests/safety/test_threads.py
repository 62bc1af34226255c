"""Two users in fourteen threads of one process: each answer holds the asker's rows and name, and nothing of the other's.

The interpreter is told to change threads a thousand times as often as usual: what one thread leaves in a shared place,
another finds.
"""

from __future__ import annotations

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

import pytest

from app.engine.frames import REPORTS
from app.extensions import db
from models.customers import Customer, CustomerContact
from models.order_lines import OrderLine
from models.orders import Order
from models.payments import Payment
from models.products import Product
from tests.safety.doors import House
from tests.safety.makers import make
from tests.safety.ready import person

#: A request may need a second connection, to note an event apart: there are fewer threads than the pool has of them.
THREADS, ROWS = 7, 3


@dataclass(frozen=True)
class Seller:
    """A salesperson, the word that stands in all of their rows, and the rows' keys."""

    username: str
    name: str
    word: str


SELLERS = (Seller("sales", "吴磊", "东城甲甲"), Seller("sales_b", "徐静", "西郊乙乙"))


def fill(seller: Seller) -> dict[type, list[int]]:
    """Customers, contacts, orders, lines and payments that only this seller sees."""
    owner, keys = person(db.session, seller.name), {}
    product = make(db.session, Product)
    for number in range(ROWS):
        customer = make(db.session, Customer, name=f"{seller.word}{number}", region=seller.word, owner=owner)
        contact = make(db.session, CustomerContact, customer=customer, name=f"{seller.word}联系人{number}")
        line = OrderLine(product=product, quantity=1, price=10)
        order = make(
            db.session, Order, customer=customer, salesperson=owner, consignee=seller.word, region=seller.word,
            order_lines=[line],
        )  # fmt: skip
        payment = make(db.session, Payment, order=order, amount=5, account=f"{seller.word}{number}")
        for record in (customer, contact, order, payment):
            keys.setdefault(type(record), []).append(record.id)
    return keys


@pytest.fixture
def frequent_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.000005)
    yield
    sys.setswitchinterval(before)


def doors_of(seller: Seller, keys: dict[type, list[int]]) -> list[tuple[str, bool]]:
    """Addresses, and whether the seller's word has to stand in the answer."""
    view = {
        Customer: "customerview",
        CustomerContact: "customercontactview",
        Order: "orderview",
        Payment: "paymentview",
    }
    doors = [("/", False), (f"/search?q={seller.word}", True), ("/reports/", False)]
    for model, pks in keys.items():
        kind = model.kind_name
        doors += [(f"/{view[model]}/list/", True), (f"/{view[model]}/lookup", False), (f"/api/v1/{kind}/", True)]
        doors += [(f"/{view[model]}/show/{pk}", True) for pk in pks] + [(f"/api/v1/{kind}/{pk}", True) for pk in pks]
    doors += [("/orderview/list/?sort=-placed_at", True), ("/customerview/export.csv", True)]
    return doors


def visit(house: House, seller: Seller, other: Seller, keys, theirs, seed: int, begin: Barrier) -> tuple[int, list]:
    """Go through all doors and half of the reports in an order of one's own; how many answers there were, and what was wrong with which."""
    dice, wrong, count = random.Random(f"{seller.username} {seed}"), [], 0
    browser, headers = house.browser(seller.username), house.headers(seller.username)
    forbidden = [(f"/customerview/show/{pk}", 404) for pk in theirs[Customer]]
    forbidden += [(f"/api/v1/orders/{pk}", 404) for pk in theirs[Order]]
    begin.wait()
    doors = [(address, 200, own) for address, own in doors_of(seller, keys)]
    doors += [(f"/reports/{name}.json", 200, False) for name in dice.sample(list(REPORTS), len(REPORTS) // 2)]
    doors += [(address, status, False) for address, status in forbidden]
    dice.shuffle(doors)
    for address, status, own in doors:
        api = address.startswith("/api/")
        with (house.client() if api else browser).get(address, headers=headers if api else None) as answer:
            text = answer.get_data(as_text=True)
        page = answer.mimetype == "text/html" and status == 200
        good = (
            answer.status_code == status
            and other.word not in text
            and other.name not in text
            and (seller.word in text or not own)
            and (seller.name in text or not page)
        )
        count += 1
        wrong += [] if good else [(seller.username, address, answer.status_code)]
    return count, wrong


def test_the_pages_of_two_users_never_mix(either, frequent_switches):
    with either.app_context():
        keys = {seller: fill(seller) for seller in SELLERS}
        db.session.commit()
        db.session.remove()
    houses = {(seller, n): House(either) for seller in SELLERS for n in range(THREADS)}
    for (seller, _n), house in houses.items():
        house.browser(seller.username), house.headers(seller.username)
    begin = Barrier(len(houses))
    with ThreadPoolExecutor(len(houses)) as pool:
        visits = [
            pool.submit(visit, house, seller, other, keys[seller], keys[other], n, begin)
            for (seller, n), house in houses.items()
            for other in SELLERS
            if other is not seller
        ]
        found = [done.result() for done in visits]
    assert [slip for _count, slips in found for slip in slips] == []
    assert sum(count for count, _slips in found) > 1000
