"""Figures that are declared: each equals a plain recount of the rows, and the rows behind it are as many as it says."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape
from io import BytesIO
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import object_session

from app.engine import access
from app.engine.clocks import ClockRow, extend
from app.engine.frames import REPORTS
from app.engine.moments import local, now, parse_moment
from app.engine.periods import period_of
from app.engine.report_answers import ask
from models.allocations import PaymentAllocation
from models.amendments import Amendment
from models.documents import IncomingDocument
from models.orders import Order
from models.payments import Payment
from models.people import Person
from tests.conftest import sign_in
from tests.factories import house, incoming, kept, place, take
from tests.random_cases import stored

#: Around the ends of a day, a month, a year: what belongs to which month is told by the office's clock.
MOMENTS = ("2025-12-31 23:59", "2026-01-01 00:00", "2026-01-31 23:59", "2026-02-01 00:00", "2026-03-08 12:00")
STATES = ("placed", "confirmed", "shipped", "completed", "cancelled", "closed", "invalid", "draft")
FIGURES = (
    "placed",
    "confirmed",
    "assigned",
    "shipped",
    "completed",
    "invalid",
    "given_up",
    "sent_on_delivery",
    "to_confirm_count",
)


def spans(after=0):
    return st.one_of(st.none(), st.integers(0, 300).map(lambda n: timedelta(minutes=17 * n + after)))


ORDERS = st.lists(
    st.fixed_dictionaries(
        {
            "state": st.sampled_from(STATES), "placed_at": st.sampled_from(MOMENTS),
            "payment_type": st.sampled_from(("third_party", "cash_on_delivery", "on_account")),
            "region": st.sampled_from((None, "西南", "华东")), "invalid_because": st.sampled_from((None, "address")), "confirmed": spans(), "shipped": spans(5100),
            "handed_over": spans(), "received": spans(9000), "assigned": st.booleans(),
            "fulfilment": st.sampled_from(("none", "part_shipped", "shipped", "received", "refused")),
            "payment_state": st.sampled_from(("unpaid", "paid", "refund_due")), "money": st.lists(spans(), max_size=2),
            "promised": spans(), "changes": st.integers(0, 2), "gross": st.integers(0, 10**6).map(lambda n: Decimal(n) / 100),
        }
    ),
    max_size=6,
)  # fmt: skip
TOLD = {
    "payment_type": lambda order: order.payment_type,
    "month": lambda order: month(order.placed_at),
    "region": lambda order: order.region or "",
    "invalid_because": lambda order: order.invalid_because or "",
    "stage": lambda order: next(
        (
            stage
            for moment, stage in (
                (order.shipped_at, "shipped"),
                (order.handed_over_at, "warehouse"),
                (order.confirmed_at, "confirmed"),
            )
            if moment
        ),
        "unconfirmed",
    ),
}


@pytest.fixture
def known(session, actors):
    house(session, actors)
    session.commit()
    with access.system():
        yield


def made(session, wishes):
    """Orders as wished, straight into the table: what stands there is counted, whoever put it there."""
    table, somebody = Order.__table__, session.scalars(select(Person.id).limit(1)).one()
    for number, wish in enumerate(wishes):
        begun = parse_moment(wish["placed_at"])
        found = place(session, placed_at=wish["placed_at"], note=str(number), payment_type="on_account")
        session.flush()
        later = {
            f"{name}_at": begun + wish[name] if wish[name] is not None else None
            for name in ("confirmed", "handed_over", "shipped", "received", "promised")
        }
        named = ("state", "payment_type", "region", "gross", "invalid_because", "fulfilment", "payment_state")
        values = {name: wish[name] for name in named} | ({"assignee_id": somebody} if wish["assigned"] else {})
        session.execute(table.update().where(table.c.id == found.id).values(**values, **later))
        (payment,) = stored(session, Payment, [{
            "kind": "bank", "amount": 9, "allocated": 9, "state": "verified", "paid_at": begun,
        }])  # fmt: skip
        stored(session, PaymentAllocation, [
            {"payment_id": payment, "order_id": found.id, "amount": 1, "allocated_at": begun + (span or timedelta(0))}
            for span in wish["money"]
        ])  # fmt: skip
        stored(session, Amendment, [
            {"amendment_no": f"XG{number}-{n}", "order_id": found.id, "channel": "hotline", "asked_at": begun}
            for n in range(wish["changes"])
        ])  # fmt: skip
    session.expire_all()
    return list(session.scalars(select(Order).order_by(Order.id)))


def month(moment: datetime | None) -> str:
    return f"{local(moment):%Y-%m}" if moment else ""


def behind(session, name, key, figure, of=None):
    """How many rows stand behind a figure, and what they come to."""
    rows = session.execute(REPORTS[name].tally(of).behind(period_of({}), key, figure)).all()
    return len(rows), sum((row.worth for row in rows if row.worth is not None), Decimal(0))


def recount(orders):
    """The figures of one group of the order funnel."""
    sent = [o for o in orders if o.shipped_at and o.payment_type == "cash_on_delivery"]
    took = [(o.confirmed_at - o.placed_at).total_seconds() / 3600 for o in orders if o.confirmed_at]
    given_up = sum(o.state in ("cancelled", "closed") for o in orders)
    changes = sum(len(list(object_session(o).scalars(select(Amendment).filter_by(order_id=o.id)))) for o in orders)
    return {
        "placed": len(orders), "confirmed": sum(o.confirmed_at is not None for o in orders),
        "shipped": sum(o.shipped_at is not None for o in orders),
        "completed": sum(o.state == "completed" for o in orders), "invalid": sum(o.state == "invalid" for o in orders),
        "given_up": given_up, "gross": sum((o.gross for o in orders), Decimal(0)), "sent_on_delivery": len(sent),
        "given_up_share": round(given_up / len(orders), 4), "changes": changes,
        "changes_share": round(changes / len(orders), 4), "assigned": sum(o.assignee_id is not None for o in orders),
        "handed_over": sum(o.handed_over_at is not None for o in orders),
        "to_receive_count": sum(
            o.shipped_at is not None and o.received_at is not None and o.received_at >= o.shipped_at for o in orders
        ),
        "to_confirm_count": len(took),
        "to_confirm_median": round(median(took), 2) if took else None,
    }  # fmt: skip


@pytest.mark.parametrize("by", ["payment_type", "month", "region,month", "invalid_because", "stage"])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(wishes=ORDERS)
def test_the_order_funnel_is_what_a_plain_recount_finds_and_opens_its_rows(session, known, by, wishes):
    names = by.split(",")
    groups = defaultdict(list)
    for order in made(session, wishes):
        if order.state != "draft":
            groups[tuple(TOLD[name](order) for name in names)].append(order)
    expected = {key: recount(orders) for key, orders in groups.items()}
    rows = {tuple(row[name] for name in names): row for row in ask(session, "order_funnel", {"by": by}).rows}
    assert list(rows) == sorted(expected)
    for key, figures in expected.items():
        hours, found = figures.pop("to_confirm_median"), rows[key]
        assert {name: found[name] for name in figures} == pytest.approx(figures), key
        assert found["to_confirm_median"] == pytest.approx(hours, abs=0.011)  # half a hundredth falls either way
        told = dict(zip(names, key, strict=True))
        assert [behind(session, "order_funnel", told, name)[0] for name in FIGURES] == [figures[n] for n in FIGURES]
        assert behind(session, "order_funnel", told, "gross") == (figures["placed"], figures["gross"])
    session.rollback()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(wishes=ORDERS)
def test_deliveries_on_time_are_what_a_plain_recount_finds(session, known, at, wishes):
    at("2026-01-02 12:00")
    moment = parse_moment("2026-01-02 12:00")
    groups = defaultdict(lambda: [0, 0, 0, 0])
    for order in made(session, [w | {"placed_at": min(w["placed_at"], "2026-01-01 00:00")} for w in wishes]):
        if order.promised_at and order.state not in ("draft", "cancelled", "closed", "invalid"):
            found = groups[month(order.promised_at)]
            found[0] += 1
            day = local(order.promised_at).date()
            on_time = order.shipped_at is not None and local(order.shipped_at).date() <= day
            found[1] += on_time
            found[2] += local(order.shipped_at or moment).date() > day
            found[3] += on_time and order.fulfilment in ("shipped", "received", "refused")
    rows = ask(session, "on_time_delivery", {"by": "month"}).rows
    told = ("promised", "on_time", "late", "in_full")
    assert {row["month"]: [row[name] for name in told] for row in rows} == groups
    for row in rows:
        due = row["on_time"] + row["late"]
        assert row["due"] == due
        assert row["on_time_share"] == (pytest.approx(round(row["on_time"] / due, 4)) if due else None)
    session.rollback()


#: promised, shipped, and whether that is on the day or before (tickets-orders.md 7.2), by the clock of the office
DELIVERIES = [
    ("2026-03-10", "2026-03-10 18:00", True),
    ("2026-03-10 09:00", "2026-03-10 23:59:59", True),
    ("2026-03-10 23:00", "2026-03-11 00:00", False),
    ("2026-03-10", "2026-03-09 10:00", True),
    ("2026-10-25 00:10", "2026-10-25 23:50", True),  # a day of 25 hours in Berlin
    ("2026-03-29 00:10", "2026-03-30 00:00", False),  # and one of 23
    ("2026-11-02 08:00", None, None),  # the day that is not over
    ("2026-11-01 23:00", None, False),
]


@pytest.mark.parametrize("promised, shipped, in_time", DELIVERIES)
def test_a_promise_is_kept_until_its_day_is_over(either_session, either_zone, order, promised, shipped, in_time):
    table = Order.__table__
    moments = {"promised_at": parse_moment(promised), "shipped_at": parse_moment(shipped) if shipped else None}
    either_session.execute(table.update().where(table.c.id == order.id).values(**moments))
    (row,) = ask(either_session, "on_time_delivery", {"by": "payment_type"}).rows
    assert (row["due"], row["on_time"], row["late"]) == (in_time is not None, in_time is True, in_time is False)


@pytest.mark.parametrize("account, sees", [("order_admin", True), ("sales", True), ("sales_b", False)])
def test_who_sees_fewer_rows_has_smaller_figures_and_the_same_rows_behind_them(session, actors, known, account, sees):
    place(session, region="华东")
    session.commit()
    with access.acting_as(actors[account]):
        rows = ask(session, "order_funnel", {"by": "region"}).rows
        assert [row["placed"] for row in rows] == ([1] if sees else [])
        assert behind(session, "order_funnel", {"region": "华东"}, "placed")[0] == int(sees)


def test_a_figure_on_the_page_opens_its_rows_and_no_others(client, app):
    browser = client("order_admin")
    assert browser.get("/reports/order_funnel/rows?figure=placed&month=2026-03").status_code == 200
    assert browser.get("/reports/order_funnel/rows?figure=nothing").status_code == 422
    assert browser.get("/reports/order_funnel/rows?figure=placed&month=soon").status_code == 422
    assert browser.get("/reports/order_funnel/rows?figure=placed&month=9999-12").status_code == 422
    assert browser.get("/reports/order_funnel/rows?figure=placed&colour=red").status_code == 422
    assert browser.get("/reports/incoming_register/rows").status_code == 404


def test_the_workbook_says_what_was_asked_by_whom_and_sums_what_the_page_sums(client, actors, session):
    house(session, actors)
    with access.system():
        for number in range(3):
            place(session, region="华东" if number else None, note=str(number))
        session.commit()
    browser = client("order_admin")
    asked = "from=2026-03-01&to=2026-03-31&by=region"
    page = browser.get(f"/reports/order_funnel?{asked}").text
    with browser.get(f"/reports/order_funnel.xlsx?{asked}") as answer:
        book = load_workbook(BytesIO(answer.data), data_only=True)
    about, summary, details = book.worksheets[:3]
    said = {row[0].value: row[1].value for row in about.iter_rows(min_row=3)}
    assert {"2026-03-01 – 2026-03-31", "马超", "办公室", "地区"} <= set(map(str, said.values()))
    assert all(label is None or not str(label).isascii() for label in said)  # words, not names of parameters
    links = [cell.hyperlink.target for row in about.iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"http://localhost/reports/order_funnel?{asked}"]
    heads = [cell.value for cell in summary[1]]
    total = [cell.value for cell in summary[summary.max_row]]
    with access.system():
        gross = sum(order.gross for order in session.scalars(select(Order)))
    assert (total[heads.index("下单数")], Decimal(str(total[heads.index("价税合计（元）")]))) == (3, gross)
    assert f"{gross:,.2f}" in page.split("<tfoot", 1)[1]
    assert details.max_row - 1 == 3


def test_an_exported_list_says_its_filters_in_words(client, actors, session):
    house(session, actors)
    session.commit()
    with client("order_admin").get("/orderview/export.xlsx?payment_type=prepaid&q=x") as answer:
        about = load_workbook(BytesIO(answer.data)).worksheets[0]
    said = {row[0].value: row[1].value for row in about.iter_rows(min_row=3) if row[0].value}
    assert (said["付款方式"], said["搜索"]) == ("预付款", "x")


def last_money(order):
    """When the last money for an order came in that was paid in full."""
    if order.payment_state not in ("paid", "refund_due", "part_refunded"):
        return None
    rows = object_session(order).scalars(select(PaymentAllocation).filter_by(order_id=order.id))
    return max((row.allocated_at for row in rows), default=None)


@pytest.mark.parametrize("of", ["placed", "confirmed", "shipped", "paid"])
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(wishes=ORDERS)
def test_amounts_are_what_a_plain_recount_of_the_lines_finds(session, known, of, wishes):
    groups = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for order in made(session, wishes):
        moment = last_money(order) if of == "paid" else getattr(order, f"{of}_at")
        if moment and order.state not in ("draft", "cancelled", "closed", "invalid"):
            for line in order.order_lines:
                found = groups[month(moment), line.product.product_no]
                found[0] += 1
                found[1] += line.quantity
                found[2] += line.gross
    rows = ask(session, "order_amounts", {"of": of, "by": "month,product"}).rows
    told = {(row["month"], row["product"]): [row["lines"], row["quantity"], row["gross"]] for row in rows}
    assert told == groups
    for (in_month, number), figures in groups.items():
        key = {"month": in_month, "product": number}
        assert behind(session, "order_amounts", key, "gross", of) == (figures[0], figures[2])
    session.rollback()


def test_a_month_is_held_against_the_month_and_the_year_before_also_where_these_lie_before_the_period(session, known):
    for month_of, orders in (("2025-03", 2), ("2026-02", 1), ("2026-03", 3), ("2026-05", 1)):
        for number in range(orders):
            place(session, placed_at=f"{month_of}-{number + 1:02} 09:00", payment_type="on_account")
    session.flush()
    rows = ask(session, "order_funnel", {"by": "month", "from": "2026-03-01"}).rows
    told = [(row["month"], row["placed"], row["placed_on_month"], row["placed_on_year"]) for row in rows]
    assert told == [("2026-03", 3, 2.0, 0.5), ("2026-05", 1, None, None)]
    assert "placed_on_month" not in ask(session, "order_funnel", {"by": "region"}).rows[0]


def test_every_link_of_a_report_opens_as_many_rows_as_the_figure_says(client, actors, session):
    house(session, actors)
    with access.system():
        for number in range(3):
            place(session, placed_at=f"2026-0{number + 1}-05 09:00", payment_type="on_account")
        session.commit()
    browser = client("order_admin")
    page = browser.get("/reports/order_funnel?by=month").text
    links = [unescape(link) for link in re.findall(r'href="(/reports/order_funnel/rows[^"]+)"', page)]
    counted = [link for link in links if "figure=placed" in link]
    assert len(counted) == 3
    for link in links:
        assert browser.get(link).status_code == 200, link
    for link in counted:
        assert browser.get(link).text.count("data-href=") == 1


def test_a_figure_that_a_report_counts_in_its_own_way_opens_its_rows_too(client, actors, session):
    house(session, actors)
    with access.system():
        for day in ("2026-03-05", "2026-03-06", "2026-04-05"):
            place(session, placed_at=f"{day} 09:00", payment_type="on_account")
        gross = [order.gross for order in session.scalars(select(Order).order_by(Order.id))]
        session.commit()
    browser = client("order_admin")
    page = browser.get("/reports/order_summary?by=month&from=2026-03-01").text
    links = [unescape(link) for link in re.findall(r'href="(/reports/order_summary/rows[^"]+)"', page)]
    assert {re.search(r"figure=(\w+)", link)[1] for link in links} == {"orders", "quantity", "net", "tax", "gross"}
    march = [link for link in links if "month=2026-03" in link and "figure=orders" in link]
    assert [browser.get(link).text.count("data-href=") for link in march] == [2]
    sums = browser.get(march[0].replace("figure=orders", "figure=gross")).text
    assert all(f"{one:,.2f}" in sums for one in gross[:2])
    base = "/reports/order_summary/rows?by=month&from=2026-03-01"
    assert "data-href=" not in browser.get(f"{base}&month=2026-05&figure=orders").text
    assert browser.get(f"{base}&figure=orders").text.count("data-href=") == 3  # of all months
    for wrong in ("figure=nothing", "month=2026-03&figure=nothing", "month=2026-03&region=&figure=orders"):
        assert browser.get(f"{base}&{wrong}").status_code == 422, wrong


def test_an_answer_is_in_time_by_the_limit_that_holds(session, actors, at):
    """documents.md R15: within an extension is in time, after three months is not, nor is one that has not come."""
    at("2026-03-02 10:00")
    with access.system():
        papers = [kept(session, received_at=now().isoformat(), answer_due=True, title=f"文{n}") for n in range(3)]
    for paper in papers:
        take(
            session, actors["leader"], paper, "instruct", department="综合科", requirement="办理", limit=limit_of(paper)
        )
    extended, late, _silent = papers
    with access.system():
        extend(session, extended, "handling", parse_moment("2026-03-20 17:00"))
        session.commit()
    at("2026-03-18 10:00")
    take(session, actors["clerk"], extended, "answer_sender", words="已函复")
    at("2026-06-02 10:00")
    take(session, actors["clerk"], late, "answer_sender", words="已函复")
    session.commit()
    with access.system():
        (row,) = ask(session, "incoming_papers", {"from": "2026-03-01", "to": "2026-03-31", "by": "urgency"}).rows
    told = ("answer_due", "answered", "answer_judged", "answered_in_time", "answered_share")
    assert tuple(row[name] for name in told) == (3, 2, 3, 1, 0.3333)


def limit_of(paper):
    """The first is stated, the others have the week of the house."""
    return "2026-03-09 17:00" if paper.title == "文0" else None


PAPERS = st.lists(
    st.fixed_dictionaries(
        {
            "received_at": st.sampled_from(MOMENTS[1:]), "urgency": st.sampled_from(("none", "urgent")),
            "state": st.sampled_from(("registered", "closed", "voided")), "proposed": spans(), "answered": spans(30),
            "limit": spans() | st.just(timedelta(days=36_500)), "answer_due": st.booleans(),
            "clock": st.sampled_from((("met", 1), ("missed", 1), ("running", -1), ("running", 1), ("void", -1))),
            "handling": st.none() | st.tuples(st.sampled_from(("met", "missed", "running", "paused")), st.integers(-9, 9)),
        }
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(wishes=PAPERS)
def test_incoming_papers_are_what_a_plain_recount_finds(session, known, wishes):
    table, clock, clocks, limits = IncomingDocument.__table__, ClockRow.__table__, {}, {}
    for number, wish in enumerate(wishes):
        found = incoming(session, received_at=wish["received_at"], title=f"文{number}")
        session.flush()
        begun = parse_moment(wish["received_at"])
        moments = {"proposed": "proposed_at", "answered": "answered_sender_at", "limit": "limit_at"}
        later = {name: begun + wish[key] if wish[key] is not None else None for key, name in moments.items()}
        values = {name: wish[name] for name in ("urgency", "state", "answer_due")}
        session.execute(table.update().where(table.c.id == found.id).values(**values, **later))
        proposal = (clock.c.record_id == found.id) & (clock.c.kind == found.kind_name) & (clock.c.stage == "proposal")
        state, days = wish["clock"]
        changed = session.execute(
            clock.update().where(proposal).values(state=state, due_at=now() + timedelta(days=days))
        )
        assert changed.rowcount == 1
        clocks[found.id] = wish["clock"]
        limits[found.id] = (later["limit_at"],) * 2
        if wish["handling"] is not None:
            stands, days = wish["handling"]
            due = begun + timedelta(days=days) if days > 0 else now() - timedelta(days=days)
            limits[found.id] = (due, None if stands == "paused" else due)
            session.execute(clock.insert().values(
                kind=found.kind_name, record_id=found.id, stage="handling", episode=1, amount="7", unit="calendar_days",
                calendar="office", state=stands, started_at=begun, due_at=due, original_due_at=begun, version=2,
                extended=True,
            ))  # fmt: skip
    session.expire_all()
    groups = defaultdict(list)
    for paper in session.scalars(select(IncomingDocument)):
        if paper.state != "voided":
            groups[paper.urgency, month(paper.received_at)].append(paper)
    expected = {}
    for key, papers in groups.items():
        due = [p for p in papers if p.answer_due]
        given_back = [p for p in due if p.answered_sender_at]
        judged = [
            p for p in due
            if (p.answered_sender_at and limits[p.id][0]) or (limits[p.id][1] and limits[p.id][1] < now())
        ]  # fmt: skip
        past = [p for p in papers if p.proposed_at or clocks[p.id] in (("missed", 1), ("running", -1))]
        soon = [p for p in past if p.proposed_at and clocks[p.id] == ("met", 1)]
        took = [(p.proposed_at - p.received_at).total_seconds() / 3600 for p in papers if p.proposed_at]
        in_time = sum(limits[p.id][0] is not None and p.answered_sender_at <= limits[p.id][0] for p in given_back)
        expected[key] = (
            len(papers), len(took), len(past), len(soon), len(due), len(given_back), in_time,
            round(in_time / len(judged), 4) if judged else None, round(len(soon) / len(past), 4) if past else None,
            round(len(due) / len(papers), 4), len(took), round(median(took), 2) if took else None,
        )  # fmt: skip
    names = ("received", "proposed", "proposal_judged", "proposed_in_time", "answer_due", "answered", "answered_in_time",
             "answered_share", "proposed_share", "answer_due_share", "to_propose_count", "to_propose_median")  # fmt: skip
    rows = ask(session, "incoming_papers", {"by": "urgency,month"}).rows
    told = {(row["urgency"], row["month"]): tuple(row[name] for name in names) for row in rows}
    assert told.keys() == expected.keys()
    for key, figures in expected.items():
        assert told[key][:-1] == pytest.approx(figures[:-1]), key
        assert told[key][-1] == pytest.approx(figures[-1], abs=0.011)  # half a hundredth falls either way
        of_key = dict(zip(("urgency", "month"), key, strict=True))
        assert behind(session, "incoming_papers", of_key, "answered_in_time")[0] == figures[6]
    session.rollback()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(wishes=ORDERS)
@pytest.mark.parametrize("chosen", [{"payment_type": "on_account"}, {"month": "2026-01", "region": "西南"}])
def test_a_chosen_group_is_counted_alone(session, known, chosen, wishes):
    with session.begin_nested() as trial:
        orders = made(session, wishes)
        rows = ask(session, "order_funnel", {"by": "invalid_because", **chosen}).rows
        counts = {
            row["invalid_because"]: behind(
                session, "order_funnel", {**chosen, "invalid_because": row["invalid_because"]}, "placed"
            )
            for row in rows
        }
        groups = defaultdict(list)
        for order in orders:
            if order.state != "draft" and all(TOLD[name](order) == value for name, value in chosen.items()):
                groups[TOLD["invalid_because"](order)].append(order)
        wanted = {key: recount(members) for key, members in groups.items()}
        trial.rollback()
    assert {row["invalid_because"]: row["placed"] for row in rows} == {
        key: one["placed"] for key, one in wanted.items()
    }
    assert {key: count for key, (count, _sum) in counts.items()} == {key: one["placed"] for key, one in wanted.items()}


def test_a_group_of_the_table_leads_to_the_report_of_it_alone(app, session, actors):
    house(session, actors)
    with access.system():
        for region in ("西南", "华东", "华东"):
            place(session, region=region)
        session.commit()
    session.remove()
    browser = sign_in(app, "manager")
    page = browser.get("/reports/order_funnel?by=region").text
    links = [unescape(one) for one in re.findall(r'href="([^"]+)"', page)]
    href = next(one for one in links if "region=%E5%8D%8E%E4%B8%9C" in one and "figure" not in one)
    narrow = browser.get(href).text
    assert re.search(r'class="chip" href="[^"]*"[^>]*><span>地区: 华东</span>', narrow)
    assert '<input type="hidden" name="region" value="华东">' in narrow
    data = browser.get(href.replace("/reports/order_funnel?", "/reports/order_funnel.json?")).json
    assert sum(row["placed"] for row in data["rows"]) == 2
    with browser.get(href.replace("/reports/order_funnel?", "/reports/order_funnel.xlsx?")) as answer:
        cover = load_workbook(BytesIO(answer.data)).worksheets[0]
    assert ("地区", "华东") in [(row[0].value, row[1].value) for row in cover.iter_rows()]
    assert browser.get("/reports/order_funnel?month=2026-13").status_code == 422
    assert browser.get("/reports/order_summary?region=x").status_code == 422
