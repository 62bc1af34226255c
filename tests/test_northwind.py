"""Northwind: the sample company comes in unchanged, and the figures are those of the raw files."""

import json
import shutil
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd
import pytest

from app.engine import access, tables, transfer
from app.engine import record as records
from app.engine.report_answers import ask
from app.extensions import db
from tests.conftest import office, shared

MAPPINGS = Path(__file__).parent.parent / "seed" / "mappings" / "northwind"
FILES = {
    "people": "Employees", "customers": "Customers", "products": "Products", "orders": "Orders", "order_lines": "Order_Details",
}  # fmt: skip
CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def folder():
    return shared("northwind")


@pytest.fixture(scope="module")
def facts(folder):
    return json.loads((folder / "facts.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def trader(template, folder, tmp_path_factory):
    """A session over the company, imported once, for one who sees it all."""
    place = tmp_path_factory.mktemp("northwind")
    shutil.copy(template, place / "office.db")
    with office(f"sqlite:///{place / 'office.db'}", place).app_context(), access.system():
        for kind, name in FILES.items():
            headings, rows = tables.read_table(name, (folder / f"{name}.csv").read_bytes())
            mapping = transfer.ColumnMap.load(str(MAPPINGS / f"{kind}.yaml"))
            outcome = transfer.import_rows(
                db.session, records.kinds()[kind], headings, rows, mapping, create_missing=True
            )
            assert (outcome.faults, outcome.imported) == ([], len(rows))
        db.session.commit()
        yield db.session
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def raw(folder):
    """One row a line, worked out with pandas alone: `exact` and `net`, which is `exact` rounded half up."""
    lines = pd.read_csv(folder / "Order_Details.csv", dtype=str)
    orders = pd.read_csv(folder / "Orders.csv", dtype=str)
    discount = lines["Discount"].map(lambda text: Decimal(text).quantize(Decimal("0.0001"), ROUND_HALF_UP))
    lines["exact"] = lines["UnitPrice"].map(Decimal) * lines["Quantity"].map(Decimal) * (1 - discount)
    lines["net"] = lines["exact"].map(lambda amount: amount.quantize(CENT, ROUND_HALF_UP))
    table = lines.merge(orders, on="OrderID")
    table["month"] = table["OrderDate"].str[:7]
    return table


def figures(session, by):
    return {row[by]: (row["orders"], row["net"]) for row in ask(session, "order_summary", {"by": by}).rows}


@pytest.mark.parametrize("by, column", [("month", "month"), ("customer", "CustomerID"), ("product", "ProductID")])
def test_the_summary_agrees_with_plain_pandas_to_the_cent(trader, raw, by, column):
    groups = raw.groupby(column)
    expected = {key: (group["OrderID"].nunique(), sum(group["net"])) for key, group in groups}
    assert figures(trader, by) == expected


def test_the_summary_by_salesperson_counts_the_orders_the_facts_count(trader, folder, facts):
    employees = pd.read_csv(folder / "Employees.csv", dtype=str).set_index("EmployeeID")["LastName"]
    counted = {name: orders for name, (orders, _net) in figures(trader, "salesperson").items()}
    assert counted == {employees[number]: orders for number, orders in facts["orders_by_employee"].items()}


def test_revenue_is_that_of_the_facts_but_for_the_rounding_of_each_line(trader, raw, facts):
    """The facts round their sums only once; an invoice rounds each line, which is at most half a cent a line off."""
    exact = sum(raw["exact"])
    assert exact.quantize(CENT, ROUND_HALF_UP) == Decimal(facts["revenue_total"])
    total = sum(net for _orders, net in figures(trader, "month").values())
    assert total == sum(raw["net"]) == Decimal("1265793.29")
    assert abs(total - exact) <= len(raw) * CENT / 2


def test_revenue_and_orders_by_year_are_those_of_the_facts(trader, raw, facts):
    years = {}
    for month, (orders, net) in figures(trader, "month").items():
        before = years.get(month[:4], (0, Decimal(0)))
        years[month[:4]] = (before[0] + orders, before[1] + net)
    assert {year: orders for year, (orders, _net) in years.items()} == facts["orders_by_year"]
    assert max(abs(years[year][1] - Decimal(facts["revenue_by_year"][year])) for year in years) < Decimal("0.50")


def test_the_top_customers_are_those_of_the_facts(trader, facts):
    by_customer = figures(trader, "customer")
    top = sorted(by_customer, key=lambda number: -by_customer[number][1])[: len(facts["top_customers"])]
    assert top == [one["customer"] for one in facts["top_customers"]]
    assert [by_customer[one["customer"]][0] for one in facts["top_customers"]] == [
        one["orders"] for one in facts["top_customers"]
    ]
    assert 91 - len(by_customer) == facts["customers_without_orders"]


def test_counts_and_open_orders_are_those_of_the_facts(trader, facts):
    kinds = records.kinds()
    counted = [trader.query(kinds[kind]).filter_by(taken_over=True).count() for kind in FILES]
    assert counted == [facts["rows"][name.replace("_", " ")] for name in FILES.values()]
    order = kinds["orders"]
    assert trader.query(order).filter(order.pending()).count() == facts["unshipped"]
    assert trader.query(order).filter(order.shipped_at > order.promised_at).count() == facts["shipped_late"]
    assert sum(one.freight for one in trader.query(order)) == Decimal(facts["freight_total"])
