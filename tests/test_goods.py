"""Reports on goods and buyers: each equals a plain recount of the rows, at its edges and for those who see fewer."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.engine import access
from app.engine.moments import local, parse_moment
from app.engine.report_answers import ask
from models.order_lines import OrderLine
from models.orders import Order
from models.products import Product
from tests.conftest import sign_in
from tests.factories import house, place

#: Around the ends of a month and a year, by the office's clock; the clock of these tests stands on 2026-03-02, 09:00.
MOMENTS = ("2025-03-02 23:59", "2025-03-03 00:00", "2025-12-31 23:59", "2026-01-01 00:00", "2026-02-28 23:59")
STATES = ("placed", "confirmed", "shipped", "cancelled", "closed", "invalid", "draft")
COUNT = ("placed", "confirmed", "shipped")
NOUGHT = Decimal(0)

ORDERS = st.lists(
    st.fixed_dictionaries(
        {
            "state": st.sampled_from(STATES), "placed_at": st.sampled_from(MOMENTS),
            "quantity": st.integers(1, 9000).map(lambda n: Decimal(n) / 1000),
            "net": st.integers(0, 10**6).map(lambda n: Decimal(n) / 100), "product": st.integers(0, 1),
        }
    ),
    max_size=7,
)  # fmt: skip


@pytest.fixture
def furnished(session, actors, clock):
    """Two products, the first with a cost."""
    house(session, actors)
    table = Product.__table__
    first = session.scalar(select(table.c.id).order_by(table.c.id).limit(1))
    session.execute(table.update().values(cost=None))
    session.execute(table.update().where(table.c.id == first).values(cost=Decimal("1.2345")))
    session.commit()


@pytest.fixture
def known(furnished):
    with access.system():
        yield


def made(session, wishes):
    """Orders of one line each, as wished, straight into the tables."""
    orders, lines = Order.__table__, OrderLine.__table__
    products = list(session.scalars(select(Product.id).order_by(Product.id)))
    for number, wish in enumerate(wishes):
        order = place(session, placed_at=wish["placed_at"], note=str(number), payment_type="on_account")
        session.flush()
        gross = wish["net"] * 2
        session.execute(orders.update().where(orders.c.id == order.id).values(state=wish["state"], gross=gross))
        line = order.order_lines[0].id
        session.execute(lines.delete().where(lines.c.order_id == order.id, lines.c.id != line))
        session.execute(
            lines.update()
            .where(lines.c.id == line)
            .values(quantity=wish["quantity"], net=wish["net"], product_id=products[wish["product"]])
        )
    session.expire_all()
    counted = [wish for wish in wishes if wish["state"] in COUNT]
    return [wish | {"day": local(parse_moment(wish["placed_at"])).date()} for wish in counted]


def told(name, session, **given):
    return ask(session, name, given).rows


def share(part, whole):
    return round(float(part / whole), 4) if whole else None


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(wishes=ORDERS)
def test_sales_of_products_are_what_a_plain_recount_finds(session, known, wishes):
    with session.begin_nested() as trial:
        wanted = made(session, wishes)
        numbers = list(session.scalars(select(Product.product_no).order_by(Product.id)))
        rows = {
            row["product"]: row for row in told("product_sales", session, **{"from": "2026-01-01", "to": "2026-02-28"})
        }
        trial.rollback()
    days = timedelta(59)
    now = [one for one in wanted if one["day"].year == 2026]
    past = [one for one in wanted if now and one["day"].isoformat() == "2025-12-31"]
    assert days.days == 31 + 28  # so many days before 2026-01-01 begin on 2025-11-03
    whole = sum((one["net"] for one in now), NOUGHT)
    assert set(rows) == {numbers[one["product"]] for one in now}
    for place_, number in enumerate(numbers):
        mine = [one for one in now if one["product"] == place_]
        if not mine:
            continue
        net = sum((one["net"] for one in mine), NOUGHT)
        before = sum((one["net"] for one in past if one["product"] == place_), NOUGHT)
        row = rows[number]
        assert (row["quantity"], row["net"]) == (sum(one["quantity"] for one in mine), net)
        assert row["share"] == share(net, whole)
        assert row["growth"] == (share(net - before, before) if before else None)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(wishes=ORDERS)
def test_what_customers_buy_is_what_a_plain_recount_finds(session, known, wishes):
    with session.begin_nested() as trial:
        wanted = made(session, wishes)
        rows = told("customer_sales", session, to="2026-03-02")
        trial.rollback()
    assert len(rows) == bool(wanted)
    if wanted:
        year = [one for one in wanted if one["placed_at"] != MOMENTS[0]]  # 2025-03-03 is the first of 365 days
        row = rows[0]
        assert (row["first_order"], row["last_order"]) == (min(o["day"] for o in wanted), max(o["day"] for o in wanted))
        assert (row["orders"], row["orders_in_year"]) == (len(wanted), len(year))
        assert row["gross_in_year"] == sum((one["net"] * 2 for one in year), NOUGHT)
        assert row["silent_days"] == (parse_day("2026-03-02") - max(o["day"] for o in wanted)).days


def parse_day(text):
    return local(parse_moment(f"{text} 00:00")).date()


@pytest.mark.parametrize("by", ["month", "product", "month,customer"])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(wishes=ORDERS)
def test_margin_is_what_a_plain_recount_finds(session, known, by, wishes):
    with session.begin_nested() as trial:
        wanted = made(session, wishes)
        numbers = list(session.scalars(select(Product.product_no).order_by(Product.id)))
        rows = told("margin", session, by=by)
        trial.rollback()
    groups = defaultdict(list)
    for one in wanted:
        key = {"month": f"{one['day']:%Y-%m}", "product": numbers[one["product"]], "customer": "C1"}
        groups[tuple(key[name] for name in by.split(","))].append(one)
    assert {tuple(row[name] for name in by.split(",")) for row in rows} == set(groups)
    for row in rows:
        mine = groups[tuple(row[name] for name in by.split(","))]
        priced = [one for one in mine if one["product"] == 0]
        quantity = sum((one["quantity"] for one in priced), NOUGHT)
        cost = (quantity * Decimal("1.2345")).quantize(Decimal("0.01"), ROUND_HALF_UP)
        net = sum((one["net"] for one in priced), NOUGHT)
        assert (row["lines"], row["without_cost"]) == (len(mine), len(mine) - len(priced))
        assert (row["net"], row["cost"], row["margin"]) == (net, cost, net - cost)
        assert row["margin_share"] == share(net - cost, net)


def test_cost_and_margin_are_for_those_who_may_see_the_cost(app, session, furnished):
    wish = {"state": "placed", "placed_at": MOMENTS[3], "quantity": Decimal(2), "net": Decimal(9), "product": 0}
    with access.system():
        made(session, [wish])
        session.commit()
    session.remove()
    assert sign_in(app, "finance").get("/reports/margin.json").json["rows"][0]["margin"] == 6.53
    told_all = sign_in(app, "manager").get("/reports/margin.json").json
    assert told_all["columns"] == ["month", "lines", "without_cost", "net"]
    assert sign_in(app, "sales_b").get("/reports/product_sales.json").json["rows"] == []


def test_stock_lasts_as_long_as_the_last_28_days_of_shipping_say(session, known):
    """14 pieces available, 7 shipped within 28 days: 14 / (7 / 28) = 56 days; what was shipped before counts for nothing."""
    from models.shipments import Shipment, ShipmentLine

    made(
        session,
        [{"state": "shipped", "placed_at": MOMENTS[3], "quantity": Decimal(9), "net": Decimal(9), "product": 0}],
    )
    line = session.scalars(select(OrderLine)).one()
    for number, (moment, quantity) in enumerate((("2026-02-02 10:00", 7), ("2026-02-02 08:59", 2))):
        shipment = Shipment(shipment_no=f"S{number}", order_id=line.order_id, shipped_at=parse_moment(moment))
        shipment.created_at = shipment.changed_at = parse_moment(moment)
        shipment.shipment_lines = [ShipmentLine(order_line_id=line.id, quantity=Decimal(quantity))]
        for part in shipment.shipment_lines:
            part.created_at = part.changed_at = parse_moment(moment)
        session.add(shipment)
    session.flush()
    table = Product.__table__
    session.execute(table.update().where(table.c.id == line.product_id).values(stock=Decimal(20), reserved=Decimal(6)))
    session.expire_all()
    row = told("product_sales", session)[0]
    assert (row["available"], row["shipped"], row["days_of_stock"]) == (14, 7, 56)
