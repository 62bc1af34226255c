"""Reservations: what is kept for an order, and that nothing is kept twice."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.engine import access, history
from app.engine.database import lost
from app.engine.moments import now
from app.engine.refusals import Refused, StepRefused
from app.extensions import db
from models.customers import Customer
from models.order_lines import OrderLine
from models.orders import Order
from models.products import Product
from models.reservations import Reservation, consume, held_for, match, put_back, release
from models.stock import StockMovement
from models.stock_totals import self_check
from models.sweeping import sweep
from tests.safety.makers import make

BUYERS, PIECES = 40, 10


def buy(engine, order_id: int, begin: Barrier) -> str:
    """Reserve for one order in a session of its own; who loses to another transaction tries again."""
    begin.wait()
    for _try in range(200):
        with access.system(), Session(engine) as session:
            try:
                match(session, session.get_one(Order, order_id))
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
            make(
                db.session,
                Order,
                customer=customer,
                payment_type="on_account",  # holds goods by hand alone
                order_lines=[OrderLine(product=product, quantity=1, price=1)],
            ).id
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


@pytest.fixture
def goods(either_session):
    """Two products of ten and three pieces, a service, and something of which no stock is kept."""
    with access.system():
        made = [make(either_session, Product, name="甲", stock=Decimal(10)), make(either_session, Product, name="乙", stock=Decimal(3)),
                make(either_session, Product, name="丙", stock=None), make(either_session, Product, name="丁", service=True)]  # fmt: skip
        either_session.commit()
        yield made
        either_session.rollback()
        assert self_check(either_session) == []


def an_order(session, *lines):
    wanted = [OrderLine(product=one, quantity=n, price=1) for one, n in lines]
    order = make(session, Order, order_lines=wanted, payment_type="on_account")  # holds goods by hand alone
    session.commit()
    return order


def totals(*products):
    return [(product.stock, product.reserved) for product in products]


def test_lines_of_one_product_are_summed_and_only_goods_of_the_stock_are_kept(goods, either_session):
    shoe, box, loose, work = goods
    order = an_order(either_session, (shoe, 4), (loose, 5), (shoe, 2), (work, 1))
    match(either_session, order)
    either_session.commit()
    assert held_for(either_session, order) == {shoe: 6}
    assert totals(shoe, box, loose) == [(10, 6), (3, 0), (None, 0)]
    match(either_session, order)
    assert either_session.query(Reservation).count() == 1


def test_a_shortfall_names_all_that_is_short_and_keeps_nothing(goods, either_session):
    shoe, box, *_others = goods
    match(either_session, an_order(either_session, (shoe, 4)))
    order = an_order(either_session, (box, 4), (shoe, 6), (shoe, 1))
    with pytest.raises(StepRefused) as refusal:
        match(either_session, order)
    assert all(word in str(refusal.value) for word in (str(shoe), "7", "6", str(box), "4", "3"))
    assert totals(shoe, box) == [(10, 4), (3, 0)]
    assert held_for(either_session, order) == {}
    either_session.commit()
    assert history.verify(either_session, [Product, Reservation]) > 0


def test_an_exchange_keeps_the_new_goods_before_it_frees_the_old_ones_or_changes_nothing(goods, either_session):
    shoe, box, *_others = goods
    order = an_order(either_session, (shoe, 5))
    match(either_session, order)
    order.order_lines[0].product, order.order_lines[0].quantity = box, Decimal(4)
    with pytest.raises(StepRefused):
        match(either_session, order)
    assert held_for(either_session, order) == {shoe: 5}
    order.order_lines[0].quantity = Decimal(3)
    match(either_session, order)
    either_session.commit()
    assert held_for(either_session, order) == {box: 3}
    assert totals(shoe, box) == [(10, 0), (3, 3)]


def test_more_and_less_wanted_changes_what_is_kept(goods, either_session):
    shoe, *_others = goods
    order = an_order(either_session, (shoe, 5))
    for quantity in (5, 9, 2):
        order.order_lines[0].quantity = Decimal(quantity)
        match(either_session, order)
        either_session.commit()
        assert totals(shoe) == [(10, quantity)]
    release(either_session, order, "不要了")
    either_session.commit()
    assert totals(shoe) == [(10, 0)]
    row = either_session.query(Reservation).one()
    assert (row.state, row.reason, row.ended_at is not None) == ("released", "不要了", True)


def test_what_is_shipped_beyond_the_reservation_comes_from_what_is_free(goods, either_session):
    shoe, *_others = goods
    match(either_session, an_order(either_session, (shoe, 4)))
    order = an_order(either_session, (shoe, 3))
    match(either_session, order)
    with pytest.raises(StepRefused, match="6"):
        consume(either_session, order, {shoe: Decimal(7)})
    either_session.rollback()
    assert totals(shoe) == [(10, 4)]
    match(either_session, order)
    consume(either_session, order, {shoe: Decimal(1)})
    assert (totals(shoe), held_for(either_session, order)) == ([(9, 6)], {shoe: 2})
    consume(either_session, order, {shoe: Decimal(5)})
    assert (totals(shoe), held_for(either_session, order)) == ([(4, 4)], {})
    put_back(either_session, order, {shoe: Decimal(6)})
    either_session.commit()
    assert totals(shoe) == [(10, 4)]
    kinds = [one.kind for one in either_session.query(StockMovement).filter_by(order_id=order.id)]
    assert kinds == ["shipped", "shipped", "returned"]


def test_goods_kept_long_enough_are_free_again_and_the_order_tells_of_it(goods, either_session, at):
    shoe, *_others = goods
    at("2026-03-02 09:00")
    order, other = an_order(either_session, (shoe, 4)), an_order(either_session, (shoe, 1))
    match(either_session, order, expires_at=now() + timedelta(hours=24))
    match(either_session, other)
    either_session.commit()
    for moment, reserved in (("2026-03-03 08:59", 5), ("2026-03-03 09:00", 1), ("2026-03-04 09:00", 1)):
        at(moment)
        sweep(either_session)
        either_session.refresh(shoe)
        assert shoe.reserved == reserved
    assert [one.action for one in history.entries_of(either_session, order)] == ["let_reservation_expire", "add"]


def test_paid_in_time_the_goods_are_kept_on(goods, either_session, at):
    shoe, *_others = goods
    at("2026-03-02 09:00")
    order = an_order(either_session, (shoe, 4))
    match(either_session, order, expires_at=now() + timedelta(hours=24))
    match(either_session, order)
    either_session.commit()
    at("2026-03-05 09:00")
    sweep(either_session)
    assert held_for(either_session, order) == {shoe: 4}


def test_the_warehouse_frees_goods_with_a_reason_and_nobody_else_does(goods, either_session, either_actors):
    shoe, *_others = goods
    order = an_order(either_session, (shoe, 4))
    match(either_session, order)
    either_session.commit()
    row = either_session.query(Reservation).one()
    for who, step in (("sales", "release"), ("warehouse", "let_go"), ("warehouse", "consume")):
        with access.acting_as(either_actors[who]), pytest.raises(Refused):
            row.take(step, either_session, reason="急用")
        either_session.rollback()
    with access.acting_as(either_actors["warehouse"]):
        row.take("release", either_session, reason="急用")
        either_session.commit()
    assert (row.state, shoe.reserved, order.fulfilment) == ("released", 0, "none")


def test_the_database_itself_keeps_reserved_within_the_stock(goods, either_session):
    table = Product.__table__
    for values in ({"reserved": 11}, {"reserved": -1}, {"stock": None, "reserved": 1}):
        with pytest.raises(IntegrityError):
            either_session.execute(update(table).where(table.c.id == goods[0].id).values(**values))
        either_session.rollback()
