"""Declared reports whose records are thrown about at random: each figure equals a plain recount of the rows."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.engine import access
from app.engine.moments import local
from app.engine.report_answers import ask
from app.extensions import db
from models.difference_orders import DifferenceOrder
from models.extensions import ExtensionRequest
from tests.random_cases import examples

QUICK = examples(15)
#: Around the ends of a year, a month and a day in the office, in UTC.
MOMENTS = tuple(
    datetime.fromisoformat(f"{text}:00+00:00")
    for text in ("2025-12-31T15:59", "2025-12-31T16:00", "2026-01-31T15:59", "2026-01-31T16:00", "2026-03-02T01:00")
)
PERIODS = ({}, {"from": "2026-01-01", "to": "2026-01-31"}, {"to": "2025-12-31"}, {"from": "2026-02-01"})
WHEN = st.sampled_from(MOMENTS)


@pytest.fixture
def house(busy_office):
    """The demo office, asked for the house itself; what is thrown about is put back."""
    with busy_office.app_context(), access.system():
        yield db.session
        db.session.rollback()
        db.session.remove()


def thrown(session, model, draw, **values):
    """The records of a kind with a state and values drawn for each, as plain rows."""
    session.rollback()
    session.expunge_all()
    values["state"] = st.sampled_from(sorted(model.flow.states))
    rows = []
    for key in session.scalars(select(model.id).order_by(model.id)).all():
        row = {name: draw(value) for name, value in values.items()}
        session.execute(update(model).where(model.id == key).values(**row), execution_options={"unrecorded": True})
        rows.append(row)
    assert rows
    return rows


def within(moment, period):
    return period.get("from", "") <= local(moment).date().isoformat() <= period.get("to", "9999")


def by_month(rows, name, period):
    found = defaultdict(list)
    for row in rows:
        if within(row[name], period):
            found[f"{local(row[name]):%Y-%m}"].append(row)
    return found


@QUICK
@given(data=st.data())
def test_differences_in_price(house, data):
    amounts = st.decimals("0.01", "9999.99", places=2)
    rows = thrown(house, DifferenceOrder, data.draw, issued_at=WHEN, matched_at=st.none() | WHEN, difference=amounts)
    for period in PERIODS:
        found = {row["month"]: row for row in ask(house, "differences", {"by": "month", **period}).rows}
        wanted = by_month(rows, "issued_at", period)
        assert found.keys() == wanted.keys()
        for month, lines in wanted.items():
            states, row = [line["state"] for line in lines], found[month]
            took = [
                (line["matched_at"] - line["issued_at"]).total_seconds() / 3600
                for line in lines
                if line["matched_at"] and line["matched_at"] >= line["issued_at"]
            ]
            counts = row["issued"], row["open"], row["matched"], row["expired"], row["to_match_count"]
            still = sum(state in ("issued", "paid") for state in states)
            assert counts == (len(lines), still, states.count("matched"), states.count("expired"), len(took))
            assert Decimal(row["difference"]) == sum((line["difference"] for line in lines), Decimal(0))
            assert row["matched_share"] == pytest.approx(states.count("matched") / len(lines), abs=0.0001)
            if took:
                assert float(row["to_match_median"]) == pytest.approx(median(took), abs=0.0051)


@QUICK
@given(data=st.data())
def test_requests_for_time(house, data):
    wishes = st.sampled_from(("extension", "suspension"))
    rows = thrown(
        house, ExtensionRequest, data.draw, created_at=WHEN, wish=wishes, limit_at=st.none() | WHEN, until=WHEN
    )
    for period in PERIODS:
        wanted = defaultdict(list)
        for row in rows:
            if within(row["created_at"], period):
                wanted[row["wish"]].append(row)
        found = {row["wish"]: row for row in ask(house, "extensions", {"by": "wish", **period}).rows}
        assert found.keys() == wanted.keys()
        for wish, lines in wanted.items():
            states, row = [line["state"] for line in lines], found[wish]
            late = sum(line["limit_at"] is not None and line["created_at"] > line["limit_at"] for line in lines)
            counts = row["asked"], row["granted"], row["refused"], row["too_late"]
            assert counts == (len(lines), states.count("granted"), states.count("refused"), late)
            beyond = [
                (line["until"] - line["limit_at"]) / timedelta(days=1)
                for line in lines
                if line["limit_at"] and line["until"] >= line["limit_at"]
            ]
            assert row["time_count"] == len(beyond)
            if beyond:
                assert float(row["time_median"]) == pytest.approx(median(beyond), abs=0.0051)
