"""Stock and its movements: whatever is written, the stock of a product is the sum of its movements."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from app.engine import access, history, tables, transfer
from app.engine import record as records
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from models import reservations
from models.notices import Notice
from models.order_lines import OrderLine
from models.orders import Order
from models.products import Product
from models.reservations import Reservation
from models.stock import StockMovement
from models.stock_totals import open_books, self_check
from models.sweeping import sweep
from tests.safety.makers import make


def booked(session, product):
    """Kind, quantity and stock afterwards of a product's movements, the oldest first."""
    rows = session.query(StockMovement).filter_by(product_id=product.id).order_by(StockMovement.id)
    return [(one.kind, one.quantity, one.balance) for one in rows]


@pytest.fixture
def shirt(either_session, either_actors):
    """Ten pieces, as the warehouse entered them."""
    with access.acting_as(either_actors["warehouse"]):
        product = records.add(either_session, Product, {"name": "衬衫", "unit": "件", "stock": "10"})
        either_session.commit()
    return product


def move(session, actor, product, **values):
    with access.acting_as(actor):
        return records.add(session, StockMovement, {"product": product, "kind": "received", **values})


def test_the_stock_typed_on_a_products_page_is_a_movement(shirt, either_session, either_actors):
    with access.acting_as(either_actors["warehouse"]):
        for typed in ("12.5", "12.5", "", "3"):
            records.change(either_session, shirt, {"stock": typed}, ["stock"], version=shirt.version)
            either_session.commit()
        assert booked(either_session, shirt) == [
            ("opening", 10, 10), ("counted", Decimal("2.5"), Decimal("12.5")), ("counted", Decimal("-12.5"), 0),
            ("opening", 3, 3),
        ]  # fmt: skip
        by = {one.booked_by_id for one in either_session.query(StockMovement)}
        assert by == {either_actors["warehouse"].own_person_id}
    with access.system():
        assert self_check(either_session) == []
        assert history.verify(either_session, [Product, StockMovement]) > 0


def test_a_movement_changes_the_stock(shirt, either_session, either_actors):
    move(either_session, either_actors["warehouse"], shirt, quantity="5")
    move(either_session, either_actors["warehouse"], shirt, kind="damaged", quantity="-1", note="破损")
    either_session.commit()
    with access.system():
        assert shirt.stock == 14
        assert booked(either_session, shirt) == [("opening", 10, 10), ("received", 5, 15), ("damaged", -1, 14)]
        assert self_check(either_session) == []
        assert history.verify(either_session, [Product, StockMovement]) > 0


def test_what_is_reserved_cannot_be_moved_or_counted_away(shirt, either_session, either_actors):
    with access.system():
        order = make(
            either_session,
            Order,
            order_lines=[OrderLine(product=shirt, quantity=8, price=1)],
            payment_type="on_account",
        )
        reservations.match(either_session, order)
        either_session.commit()
    with pytest.raises(Invalid, match="8"):
        move(either_session, either_actors["warehouse"], shirt, kind="counted", quantity="-3")
    either_session.rollback()
    with access.acting_as(either_actors["warehouse"]), pytest.raises(Invalid, match="8"):
        records.change(either_session, shirt, {"stock": "7"}, ["stock"], version=shirt.version)
    with access.system():
        assert (shirt.stock, shirt.reserved, shirt.available) == (10, 8, 2)
        assert self_check(either_session) == []


@pytest.mark.parametrize(
    "values",
    [{"quantity": "0"}, {"quantity": "-1"}, {"kind": "damaged", "quantity": "1"}, {"kind": "shipped", "quantity": "-1"},
     {"kind": "opening", "quantity": "1"}],
)  # fmt: skip
def test_a_movement_that_cannot_be_is_refused(shirt, either_session, either_actors, values):
    with pytest.raises(Invalid):
        move(either_session, either_actors["warehouse"], shirt, **values)


def test_of_what_no_stock_is_kept_nothing_moves(either_session, either_actors):
    with access.acting_as(either_actors["warehouse"]):
        product = records.add(either_session, Product, {"name": "散装"})
    with pytest.raises(Invalid, match="散装"):
        move(either_session, either_actors["warehouse"], product, quantity="1")


def test_a_movement_is_never_changed_and_only_the_warehouse_enters_one(shirt, either_session, either_actors):
    movement = move(either_session, either_actors["warehouse"], shirt, quantity="5")
    either_session.commit()
    for who in ("warehouse", "order_admin"):
        with access.acting_as(either_actors[who]), pytest.raises(NotAllowed):
            records.change(either_session, movement, {"quantity": "6"}, ["quantity"], version=movement.version)
    with pytest.raises(NotAllowed):
        move(either_session, either_actors["sales"], shirt, quantity="5")


def test_imported_products_open_the_books(either_session):
    sheet = "product_no,name,model,colour,size,unit,price,stock\nA,衬衫,S1,红,M,件,9.5,12\nB,服务,,,,次,80,\n"
    with access.system():
        headings, rows = tables.read_table("x.csv", sheet.encode())
        outcome = transfer.import_rows(either_session, Product, headings, rows)
        assert (outcome.imported, outcome.faults) == (2, [])
        either_session.commit()
        shirt, work = either_session.query(Product).order_by(Product.product_no)
        assert (booked(either_session, shirt), booked(either_session, work)) == ([("opening", 12, 12)], [])


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_the_books_make_the_totals(either_session, seed):
    dice = random.Random(seed)
    with access.system():
        products = [make(either_session, Product, stock=Decimal(dice.randint(0, 9))) for _n in range(3)]
        orders = [
            make(
                either_session, Order, payment_type="on_account",
                order_lines=[OrderLine(product=dice.choice(products), quantity=dice.randint(1, 5), price=1) for _n in range(2)],
            )
            for _order in range(4)
        ]  # fmt: skip
        either_session.commit()
        refused = 0
        for _step in range(40):
            order, product = dice.choice(orders), dice.choice(products)
            quantity = {product: Decimal(dice.randint(1, 4))}
            deeds = (
                lambda order=order: reservations.match(either_session, order),
                lambda order=order: reservations.release(either_session, order, "不要了"),
                lambda order=order, quantity=quantity: reservations.consume(either_session, order, quantity),
                lambda order=order, quantity=quantity: reservations.put_back(either_session, order, quantity),
                lambda product=product: setattr(product, "stock", product.reserved + dice.randint(0, 9)),
                lambda product=product: either_session.add(
                    StockMovement(product=product, kind="other", quantity=Decimal(dice.randint(-4, 6)), moved_at=records.now())
                ),
            )  # fmt: skip
            try:
                dice.choice(deeds)()
                either_session.commit()
            except StepRefused:
                refused += 1
                either_session.rollback()
            assert self_check(either_session) == []
        assert 0 < refused < 40
        assert history.verify(either_session, [Product, StockMovement, Reservation]) > 0


def spoil(session, product):
    """Somebody wrote past the application."""
    session.execute(update(Product.__table__).where(Product.__table__.c.id == product.id).values(stock=11))
    session.commit()


def test_the_nightly_check_tells_the_warehouse_once_a_day_what_differs(shirt, either_session, at):
    with access.system():
        spoil(either_session, shirt)
        [sentence] = self_check(either_session)
        assert all(word in sentence for word in ("P00001", "11", "10"))
        told = select(func.count()).select_from(Notice).where(Notice.key == "stock_differs")
        for moment, notices in (
            ("2026-03-02 14:00", 0), ("2026-03-03 02:00", 2), ("2026-03-03 03:00", 2), ("2026-03-04 02:00", 4),
        ):  # fmt: skip
            at(moment)
            sweep(either_session)
            assert either_session.scalar(told) == notices


def test_a_stock_older_than_the_books_is_opened_once(shirt, either_session):
    with access.system():
        either_session.execute(update(StockMovement.__table__).values(kind="counted"), {})
        spoil(either_session, shirt)
        assert [open_books(either_session), open_books(either_session)] == [1, 0]
        either_session.commit()
        assert booked(either_session, shirt)[-1] == ("opening", 1, 11)
        assert self_check(either_session) == []


def test_the_pages_of_the_warehouse_open_for_it_and_not_for_sales(client):
    for view in ("stockmovementview", "reservationview", "shipmentview", "productpriceview"):
        assert client("warehouse").get(f"/{view}/list/").status_code == 200
    assert client("sales").get("/stockmovementview/list/").status_code == 403
    assert client("warehouse").get("/productview/list/?view=reorder").status_code == 200
