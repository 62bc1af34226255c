"""What leaves the house column by column is what the records themselves would tell, to each account."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.engine import access
from app.engine.csv import csv_texts
from app.engine.disclosure import WITHHELD, known_fields, outward, value_of
from app.engine.extracts import export_columns, export_rows, export_texts
from app.engine.fields import Field
from app.engine.moments import office_zone
from app.extensions import db
from models.customers import Customer
from models.order_lines import OrderLine
from models.orders import Order
from models.products import Product
from tests.conftest import actors_of
from tests.factories import house, place
from tests.safety.probing import KINDS


def plain(record: Any, field: Field) -> Any:
    """The cell of a field, asked of the record."""
    value = value_of(record, field)
    if value is WITHHELD or value is None:
        return None
    if field.kind == "reference":
        named = getattr(value, value.natural_key) if value.natural_key else value.id
        return None if named is None else str(named)
    if field.kind == "rich":
        return field.words(value) or None
    return field.choice_label(value) if field.kind == "choice" else value


@pytest.mark.parametrize("account", ["office", "user_a", "user_b", "cs_manager", "sales", "leader", "archivist"])
def test_an_extract_has_what_the_records_tell(crowd: Flask, account):
    told, rows = 0, 0
    with crowd.test_request_context():
        actor = actors_of(db.session)[account]
        for kind, model in KINDS.items():
            if not actor.may("read", kind):
                continue
            with access.acting_as(actor):
                fields = list(known_fields(model).values())
                query = select(model).order_by(model.id)
                found = list(export_rows(db.session, model, query))
                with outward():
                    wanted = [tuple(plain(r, f) for f in fields) for r in db.session.scalars(query)]
                assert found == wanted, kind
                texts = list(export_texts(db.session, model, query, office_zone()))
                assert texts == list(csv_texts(export_columns(model), wanted, zone=office_zone())), kind
            rows += len(found)
            told += sum(cell is not None for row in found for cell in row)
            db.session.expunge_all()
        db.session.remove()
    assert rows > 10
    assert told > rows


def test_both_databases_tell_the_same(either_session, either_actors):
    """Decimals, moments, days, words and names of others."""
    house(either_session, either_actors)
    with access.acting_as(either_actors["sales"]):
        place(either_session, promised_at="2026-03-09 10:30", deposit="10.5")
        place(either_session, payment_type="on_account")
    either_session.commit()
    with access.acting_as(either_actors["sales"]):
        for model in (Order, OrderLine, Product, Customer):
            fields, query = list(known_fields(model).values()), select(model).order_by(model.id)
            wanted = [tuple(plain(one, field) for field in fields) for one in either_session.scalars(query)]
            assert wanted
            assert list(export_rows(either_session, model, query)) == wanted
            texts = list(export_texts(either_session, model, query, office_zone()))
            assert texts == list(csv_texts(export_columns(model), wanted, zone=office_zone()))
