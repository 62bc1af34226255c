"""Volume data: as many records as were asked for, each whole, with a number, days and words of its own."""

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select

from app.engine import access
from app.engine.clocks import ClockRow
from app.extensions import db
from models.customers import Customer
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.order_lines import OrderLine
from models.orders import Order
from models.products import Product
from models.tickets import ServiceTicket
from seed import demo, volume
from tests.conftest import sign_in

PART = 0.002
ROOTS = {Customer: 200, IncomingDocument: 600, Order: 2_000, ServiceTicket: 1_000}


@pytest.fixture
def large(either):
    """A demo office and what it was multiplied to."""
    with either.app_context(), access.system():
        demo.play(db.session, demo.people_of(db.session), seed=1, papers=24)
        db.session.commit()
        before = {kind: db.session.scalar(select(func.max(kind.id))) or 0 for kind in (*ROOTS, Product)}
        volume.load(db.session, PART)
        db.session.commit()
        db.session.remove()
    return either, before


def test_a_small_office_is_multiplied_into_a_large_one(large):
    app, before = large
    with app.app_context(), access.system():
        session = db.session
        for kind, count in ROOTS.items():
            assert session.scalar(select(func.count(kind.id))) == count
        copies = session.scalars(select(Order).where(Order.id > before[Order])).all()
        assert len({order.order_no for order in copies}) == len(copies)
        per_order = select(func.count()).where(OrderLine.order_id > before[Order]).group_by(OrderLine.order_id)
        assert set(session.scalars(per_order)) == {3}
        assert len({order.customer_id for order in copies}) > 100
        assert all(order.order_no.lower() in order.search_text for order in copies)
        # Rows that were never a record of this office lead nowhere else.
        lines = select(OrderLine.id).where(OrderLine.order_id.not_in(select(Order.id)))
        entries = select(CirculationEntry.id).where(CirculationEntry.document_id.not_in(select(IncomingDocument.id)))
        assert session.scalars(lines).all() == session.scalars(entries).all() == []
        for model in ROOTS:
            clocks = select(ClockRow.id).where(
                ClockRow.kind == model.kind_name, ClockRow.record_id.not_in(select(model.id))
            )
            assert session.scalars(clocks).all() == []
        per_paper = session.execute(
            select(func.count())
            .where(CirculationEntry.document_id > before[IncomingDocument])
            .group_by(CirculationEntry.document_id)
        ).scalars()
        assert min(per_paper) >= 4
        papers = session.scalars(select(IncomingDocument).where(IncomingDocument.id > before[IncomingDocument])).all()
        days = sorted(paper.received_at for paper in papers)
        assert 2.9 < (days[-1] - days[0]).days / 365 < 3.3
        old = [paper for paper in papers if (days[-1] - paper.received_at).days > 200]
        assert old
        assert all(paper.closed_at for paper in old)
        if db.engine.dialect.name == "sqlite":
            assert session.execute(sa.text("PRAGMA foreign_key_check")).all() == []
        title = papers[7].title
        key = papers[7].id
    browser = sign_in(app, "office")
    found = browser.get("/incomingdocumentview/list/", query_string={"q": title}).text
    assert f"/incomingdocumentview/show/{key}" in found
    assert browser.get(f"/incomingdocumentview/show/{key}").status_code == 200
    with app.app_context(), access.system():  # and work goes on behind them
        last = db.session.scalar(select(func.max(Product.id)))
        product = Product(product_no="NEW-1", name="新货")
        db.session.add(product)
        db.session.commit()
        assert product.id > last >= before[Product]
