"""Products and their variants."""

import pytest

from app.engine import access
from app.engine import record as records
from app.engine.refusals import Invalid, NotAllowed
from models.products import Product


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
