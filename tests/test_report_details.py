"""The sheets of details in every workbook of a demo office: read back, they come to what the summary says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from statistics import fmean, median

import pytest
from flask_babel import force_locale
from openpyxl import load_workbook
from sqlalchemy import func, select

from app.engine import access
from app.engine.behind import all_behind
from app.engine.fields import fields_of
from app.engine.frames import REPORTS
from app.engine.report_answers import ask
from app.extensions import db
from app.web.report_details import details, named, rows_of
from app.web.report_files import chart_of, write_report
from models.orders import Order
from models.outgoing import OutgoingDocument
from models.outgoing_series import first_series
from tests.conftest import sign_in
from tests.factories import house, kept, place
from tests.report_cells import TOO_FEW

OPENING = [(name, of) for name, about in REPORTS.items() if about.opens_rows for of in about.subjects or [""]]


def read_back(answer):
    """The columns of each sheet of details, and its rows below the heading without the totals."""
    file = BytesIO()
    write_report(db.session, file, answer, "xlsx", None)
    book = load_workbook(BytesIO(file.getvalue()), data_only=True)
    sheets = book.worksheets[2 : len(book.worksheets) - bool(chart_of(answer))]
    found = []
    for sheet, drawn in zip(sheets, details(db.session, answer), strict=True):
        rows = [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]
        summed = rows and any(column.total for column in drawn.columns)
        found.append((drawn.columns, rows[:-1] if summed else rows))
    return found


def come_to(sheets, name):
    return sum(
        (Decimal(str(row[place] or 0)) for columns, rows in sheets for row in rows
         for place, column in enumerate(columns) if column.name == name),
        Decimal(0),
    )  # fmt: skip


@pytest.mark.parametrize("account", ["manager", "head_a", "sales"])
@pytest.mark.parametrize("name, of", OPENING)
def test_the_details_come_to_what_the_summary_says(busy_office, people, account, name, of):
    about = REPORTS[name]
    with busy_office.app_context(), access.acting_as(people[account]):
        answer = ask(db.session, name, {"of": of} if of else {})
        sheets = read_back(answer)
        if tally := about.tally(of or None):
            counted = [row[tally.figures[0].name] for row in answer.rows]
            if TOO_FEW not in counted:
                assert len(sheets[0][1]) == sum(counted)
        for column in answer.columns:
            if any(f"adds_{column.name}" == one.name for columns, _rows in sheets for one in columns):
                wanted = [row[column.name] for row in answer.rows if answer.opens(row, column.name)]
                total = sum((Decimal(str(value)) for value in wanted), Decimal(0))
                if column.total and column.name not in ("cost", "margin"):  # these are rounded
                    assert abs(come_to(sheets, f"adds_{column.name}") - total) < Decimal("0.001"), column.name
        db.session.remove()


def columns_for(answer):
    return [[column.name for column in sheet.columns] for sheet in details(db.session, answer)]


def test_who_may_export_a_kind_has_the_columns_of_its_list_and_nobody_else(busy_office, people):
    with busy_office.app_context():
        with access.acting_as(people["office"]):
            (mine,) = columns_for(ask(db.session, "order_summary", {}))
        with access.acting_as(people["manager"]):
            (reader,) = columns_for(ask(db.session, "order_summary", {}))
        db.session.remove()
    assert {"customer", "placed_at"} <= set(mine)
    assert set(reader) & set(fields_of(Order)) == {"state"}


def test_what_is_not_for_the_reader_stays_out_of_the_details(session, actors):
    with access.system():
        plain, secret = kept(session), kept(session, title="机密事项", secrecy="secret")
        numbers = plain.receipt_no, secret.receipt_no
    uncleared = replace(actors["archivist"], cleared=frozenset({"open", "internal"}))
    for reader, told in ((actors["office"], True), (uncleared, False)):
        with access.acting_as(reader):
            (sheet,) = details(session, ask(session, "incoming_papers", {}))
            place = [column.name for column in sheet.columns].index("title")
            titles = {row[0]: row[place] for row in sheet.rows}
        assert set(titles) == set(numbers)
        assert (titles[numbers[1]] == "机密事项") is told
        assert titles[numbers[0]]


def test_the_workbook_of_a_large_report_is_not_made_while_somebody_waits(busy_office, people):
    """Its rows are those of the summary and those behind them, about."""
    with busy_office.app_context(), access.acting_as(people["manager"]):
        answer = ask(db.session, "order_summary", {})
        behind = sum(1 for sheet in details(db.session, answer) for _row in sheet.rows)
        assert rows_of(answer) == len(answer.rows) + behind
        db.session.remove()


def test_all_rows_behind_a_figure_open_without_a_group(busy_office, people):
    with busy_office.app_context(), access.acting_as(people["manager"]):
        answer = ask(db.session, "order_summary", {})
        _model, lines = all_behind(db.session, answer, "orders")
        db.session.remove()
        assert len(lines) == sum(row["orders"] for row in answer.rows) > 0
        page = sign_in(busy_office, "manager").get("/reports/order_summary/rows?figure=orders")
    assert page.status_code == 200 and f"{len(lines)} 行" in page.text


def test_details_and_registers_come_from_both_databases(either_session, either_actors):
    house(either_session, either_actors)
    with access.system():
        for day in ("2026-03-02", "2026-03-03"):
            place(either_session, placed_at=f"{day} 09:00", payment_type="on_account")
        paper = kept(either_session)
        for name in ("order_summary", "library", "dispatch_book", "papers_overdue"):
            rows = [list(sheet.rows) for sheet in details(either_session, ask(either_session, name, {}))]
            assert sum(map(len, rows)) == (2 if name == "order_summary" else 0), name
        asked = {"book": paper.register.code, "year": "2026"}
        assert [row["receipt_no"] for row in ask(either_session, "incoming_register", asked).rows] == [paper.receipt_no]
        assert ask(either_session, "outgoing_register", {"series": first_series(either_session).code}).rows == []
        assert ask(either_session, "paper_access", {"paper": paper.receipt_no}).rows == []


def test_orders_of_customers_the_reader_may_not_see_are_one_group_without_a_name(busy_office, people):
    with busy_office.app_context(), access.acting_as(people["warehouse"]):
        seen = db.session.scalar(select(func.count()).select_from(Order).where(Order.state != "draft"))
        by_customer = ask(db.session, "order_summary", {"by": "customer"}).rows
        by_product = ask(db.session, "order_summary", {"by": "customer,product"}).rows
        by_region = ask(db.session, "order_summary", {"by": "region"}).rows
        db.session.remove()
    assert [(row["customer"], row["customer_name"], row["orders"]) for row in by_customer] == [("", "", seen)]
    assert seen > 1 < len(by_product) and {row["customer"] for row in by_product} == {""}
    for figure in ("quantity", "net", "cancelled"):
        sums = {sum(row[figure] for row in rows) for rows in (by_customer, by_region)}
        assert len(sums) == 1, figure
    assert len({row["product"] for row in by_product}) == len(by_product)


def test_a_draft_is_called_by_its_kind_and_key_and_a_paper_by_its_number(app):
    with app.test_request_context(), force_locale("en"):
        told = [
            named(OutgoingDocument(id=7, document_no=number, title="不给人看"))
            for number in (None, "文枢发〔2026〕3号")
        ]
    assert told == ["Outgoing document 7", "文枢发〔2026〕3号"]


#: report, what it is asked for -> the column that a line measures, and how a figure of the report is taken of it
MEASURED = {
    ("turnaround", "documents"): {
        "hours": {"median_hours": median, "mean_hours": fmean},
        "working_hours": {"median_working_hours": median, "mean_working_hours": fmean},
    },
    ("turnaround", "tickets"): {"hours": {"median_hours": median, "mean_hours": fmean}},
    ("pauses", "tickets"): {"hours": {"hours": sum, "median_hours": median}},
    ("follow_up_effect", ""): {"working_hours": {"hours_median": median}},
    ("overdue", ""): {"days": {"longest_days": max}},
}


@pytest.mark.parametrize("name, of", MEASURED)
def test_medians_can_be_taken_again_of_what_the_lines_measure(busy_office, people, name, of):
    with busy_office.app_context(), access.acting_as(people["manager"]):
        answer = ask(db.session, name, {"of": of} if of else {})
        sheets, labels = read_back(answer), answer.report.labels
        groups = [
            tuple(str(labels.get(one, {}).get(row[one], row[one])) for one in answer.told_by) for row in answer.rows
        ]
        db.session.remove()
    measured, keys = {}, [f"group_{key}" for key in answer.told_by]
    for columns, rows in sheets:
        place = {column.name: number for number, column in enumerate(columns)}
        for row in rows:
            for measure in MEASURED[name, of]:
                if (value := row[place[measure]]) is not None:
                    group = tuple(row[place[key]] or "" for key in keys)
                    measured.setdefault((group, measure), []).append(value)
    taken_again = 0
    for group, row in zip(groups, answer.rows, strict=True):
        for measure, figures in MEASURED[name, of].items():
            for figure, taken in figures.items() if (group, measure) in measured else ():
                if row[figure] not in (None, TOO_FEW):
                    assert float(row[figure]) == pytest.approx(taken(measured[group, measure]), abs=0.006), (
                        group,
                        figure,
                    )
                    taken_again += 1
    assert taken_again
