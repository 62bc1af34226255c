"""Products and their variants."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError

from app.engine import access
from app.engine import record as records
from app.engine.refusals import Invalid, NotAllowed
from models.prices import ProductPrice, price_on
from models.products import Product, check_quantity


def test_variants_share_a_model_and_are_told_apart_by_colour_and_size(session, actors):
    with access.acting_as(actors["order_admin"]):
        for colour, size in (("红", "M"), ("红", "L"), ("蓝", "M")):
            records.add(
                session, Product, {"name": "衬衫", "model": "A108", "colour": colour, "size": size, "price": "99"}
            )
        variants = session.query(Product).filter_by(model="A108").order_by(Product.id).all()
    assert [str(one) for one in variants] == ["P00001 衬衫 (红 M)", "P00002 衬衫 (红 L)", "P00003 衬衫 (蓝 M)"]


def test_a_product_number_is_given_once(session, actors):
    with access.acting_as(actors["order_admin"]):
        records.add(session, Product, {"product_no": "X1", "name": "甲"})
        with pytest.raises(Invalid, match="X1"):
            records.add(session, Product, {"product_no": "X1", "name": "乙"})


def test_a_price_has_four_places_and_is_not_negative(session, actors):
    with access.acting_as(actors["order_admin"]):
        product = records.add(session, Product, {"name": "甲", "price": "1,234.56785"})
        assert str(product.price) == "1234.5679"
        with pytest.raises(Invalid):
            records.add(session, Product, {"name": "乙", "price": "-1"})


def test_a_salesperson_reads_products_and_adds_none(session, actors):
    with access.acting_as(actors["sales"]), pytest.raises(NotAllowed):
        records.add(session, Product, {"name": "甲"})


def test_the_list_opens(client):
    assert client("sales").get("/productview/list/").status_code == 200


SHIRT = {"name": "衬衫", "model": "A108", "colour": "红", "size": "M"}


@pytest.mark.parametrize(
    "second",
    [SHIRT, {**SHIRT, "colour": " 红 ", "size": "m"}, {**SHIRT, "model": "Ａ１０８"}, {**SHIRT, "name": "别名"}],
)
def test_the_same_variant_is_there_once(either_session, either_actors, second):
    with access.acting_as(either_actors["order_admin"]):
        records.add(either_session, Product, SHIRT)
        with pytest.raises(Invalid, match="P00001"):
            records.add(either_session, Product, second)


def test_a_variant_without_colour_and_size_is_there_once_too_and_the_database_says_so(either_session):
    with access.system():
        either_session.add_all([Product(product_no=number, name="柜", model="G1") for number in ("X", "Y")])
        with pytest.raises(IntegrityError):
            either_session.flush()


def test_products_without_a_model_are_no_variants(either_session):
    with access.system():
        either_session.add_all([Product(product_no=number, name="柜", colour="红") for number in ("X", "Y")])
        either_session.flush()


def test_a_variant_may_be_renamed_into_a_free_one_only(either_session, either_actors):
    with access.acting_as(either_actors["order_admin"]):
        records.add(either_session, Product, SHIRT)
        other = records.add(either_session, Product, {**SHIRT, "size": "L"})
        either_session.commit()
        records.change(either_session, other, {"size": "XL"}, ["size"], version=other.version)
        either_session.commit()
        with pytest.raises(Invalid):
            records.change(either_session, other, {"size": "M"}, ["size"], version=other.version)


PRICES = (
    ("90", "2026-01-01", "2026-03-31", ""), ("95", "2026-03-01", "", ""), ("80", "2026-02-01", "2026-02-28", "A"),
)  # fmt: skip


@pytest.mark.parametrize(
    "day, grade, price",
    [
        ("2025-12-31", None, "100"), ("2026-01-01", None, "90"), ("2026-02-28", None, "90"), ("2026-03-01", None, "95"),
        ("2026-04-01", "B", "95"), ("2026-02-01", "A", "80"), ("2026-02-28", "A", "80"), ("2026-03-01", "A", "95"),
        ("2026-01-31", "A", "90"), ("2026-02-01", " A ", "80"),
    ],
)  # fmt: skip
def test_the_newest_price_in_force_holds_and_a_grades_own_before_it(either_session, either_actors, day, grade, price):
    with access.acting_as(either_actors["order_admin"]):
        product = records.add(either_session, Product, {"name": "衬衫", "price": "100"})
        for amount, start, end, who in PRICES:
            row = {"product": product, "price": amount, "valid_from": start, "valid_to": end, "grade": who}
            records.add(either_session, ProductPrice, row)
    assert price_on(either_session, product, date.fromisoformat(day), grade) == Decimal(price)


@pytest.mark.parametrize("grade", ["", "A"])
def test_two_prices_from_one_day_for_the_same_customers_are_refused(either_session, either_actors, grade):
    row = {"price": "9", "valid_from": "2026-01-01", "grade": grade}
    with access.acting_as(either_actors["order_admin"]):
        row["product"] = records.add(either_session, Product, {"name": "衬衫"})
        records.add(either_session, ProductPrice, row)
        with pytest.raises(Invalid) as refusal:
            records.add(either_session, ProductPrice, row)
        assert refusal.value.errors.keys() == {"valid_from"}
        either_session.add(
            ProductPrice(product=row["product"], price=8, valid_from=date(2026, 1, 1), grade=grade or None)
        )
        with pytest.raises(IntegrityError):
            either_session.flush()


@pytest.mark.parametrize("stock, marked", [("4.9", True), ("5", False), ("", False)])
def test_a_product_below_its_reorder_level_says_so(session, actors, stock, marked):
    with access.acting_as(actors["warehouse"]):
        product = records.add(session, Product, {"name": "衬衫", "stock": stock, "reorder_level": "5"})
        below = product.quick_views[0].condition(Product, access.current())
        assert bool(product.marks()) is marked
        assert (session.query(Product).filter(below).count() == 1) is marked


@pytest.mark.parametrize(
    "unit, quantity, fine", [("件", "2", True), ("件", "0.5", False), ("米", "0.5", True), ("", "0.5", True)]
)
def test_what_is_sold_by_the_piece_is_never_split(session, actors, unit, quantity, fine):
    with access.acting_as(actors["order_admin"]):
        product = records.add(session, Product, {"name": "衬衫", "unit": unit})
        assert (check_quantity(session, product, Decimal(quantity)) is None) is fine
