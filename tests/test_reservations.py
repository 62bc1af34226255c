"""Reservations: what is kept for an order, and that nothing is kept twice."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

from sqlalchemy.orm import Session

from app.engine import access
from app.engine.database import lost
from app.engine.refusals import StepRefused
from app.extensions import db
from models import reservations
from models.customers import Customer
from models.orders import Order, OrderLine
from models.products import Product
from models.reservations import Reservation
from models.stock_totals import self_check
from tests.safety.makers import make

BUYERS, PIECES = 40, 10


def buy(url_engine, order_id: int, begin: Barrier) -> str:
    """Reserve for one order in a session of its own; who loses to another transaction tries again."""
    begin.wait()
    for _try in range(200):
        with access.system(), Session(url_engine) as session:
            try:
                reservations.match(session, session.get_one(Order, order_id))
                session.commit()
                return "reserved"
            except StepRefused:
                return "refused"
            except Exception as error:
                session.rollback()
                if not lost(error):
                    raise
        time.sleep(random.uniform(0, 0.05))
    return "gave up"


def test_of_forty_buyers_of_ten_pieces_ten_get_one(either):
    with either.app_context(), access.system():
        product = make(db.session, Product, name="限量版", stock=Decimal(PIECES))
        customer = make(db.session, Customer)
        orders = [
            make(db.session, Order, customer=customer, order_lines=[OrderLine(product=product, quantity=1, price=1)]).id
            for _buyer in range(BUYERS)
        ]
        db.session.commit()
        engine, pk = db.engine, product.id
        db.session.remove()
        begin = Barrier(BUYERS)
        with ThreadPoolExecutor(BUYERS) as pool:
            came = list(pool.map(lambda order: buy(engine, order, begin), orders))
        assert sorted(came) == ["refused"] * (BUYERS - PIECES) + ["reserved"] * PIECES
        assert db.session.get_one(Product, pk).reserved == PIECES
        assert self_check(db.session) == []
        assert db.session.query(Reservation).filter_by(state="held").count() == PIECES
        db.session.remove()
