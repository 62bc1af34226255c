"""Satisfaction, calls and units in figures, against a plain count of what was done."""

import pytest

from app.engine import access
from app.engine.report_answers import ask
from app.engine.rules import Rule
from models.calls import CallOwed
from models.tickets import ServiceTicket
from tests.factories import take

GRADES = ["very_satisfied", "satisfied", "satisfied", "basically", "dissatisfied", None]


def rows(session, actors, name, by):
    with access.acting_as(actors["manager"]):
        return ask(session, name, {"by": by}).rows


@pytest.fixture
def called(session, actors, call, at):
    """Six complaints answered on Monday, called back on Tuesday but for the last."""
    at("2026-03-02 09:00")
    for _grade in GRADES:
        ticket = call(kind="complaint")
        take(session, actors["desk"], ticket, "give_answer", answer="已处理", referral="电话号码查询")
    at("2026-03-03 10:00")
    with access.system():
        owed = session.query(CallOwed).order_by(CallOwed.id).all()
    for one, grade in zip(owed, GRADES, strict=True):
        if grade:
            cause = {"cause": "policy", "remark": "已说明规定"} if grade == "dissatisfied" else {}
            take(session, actors["shift"], one, "rate", grade=grade, **cause)
    at("2026-03-09 10:00")


def test_satisfaction_is_of_those_rated_and_says_how_many_were(session, actors, called):
    (row,) = rows(session, actors, "satisfaction", "kind")
    assert (row["answered"], row["rated"], row["response"]) == (6, 5, pytest.approx(5 / 6, abs=5e-5))
    assert [row[name] for name in ("very_satisfied", "satisfied", "basically", "dissatisfied", "very_dissatisfied")] == [
        1, 2, 1, 1, 0
    ]  # fmt: skip
    assert (row["satisfied_share"], row["cause_policy"], row["cause_handling"]) == (0.8, 1, 0)


def test_whether_basically_satisfied_counts_is_a_rule(session, actors, called):
    with access.system():
        session.add(Rule(setting="basically_counts", value="no"))
        session.flush()
    (row,) = rows(session, actors, "satisfaction", "kind")
    assert row["satisfied_share"] == 0.6


def test_our_own_people_rate_apart(session, actors, called):
    with access.system():
        session.query(ServiceTicket).first().staff_own = True
        session.flush()
    (row,) = rows(session, actors, "satisfaction", "kind")
    assert (row["answered"], row["rated"]) == (5, 4)


def test_calls_are_counted_when_their_time_has_come(session, actors, called, at):
    (row,) = rows(session, actors, "calls_kept", "call")
    assert (row["call"], row["due"], row["reached"], row["in_time"]) == ("callback", 6, 5, 5)
    assert (row["reached_share"], row["tries"], row["tries_per_reach"]) == (pytest.approx(5 / 6, abs=5e-5), 5, 1.0)
    at("2026-03-03 10:30")  # the callback of the last one is due at the end of the day
    assert rows(session, actors, "calls_kept", "call") == []


def test_returns_and_rework_are_counted_by_unit(session, actors, call, at):
    at("2026-03-02 09:00")
    made = []
    for _n in range(3):
        ticket = call(kind="repair")
        take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="请修理")
        with access.system():
            made += ticket.orders
    for order in made[:2]:
        take(session, actors["user_a"], order, "sign")
    take(session, actors["user_a"], made[0], "feed_back", result="好了", answer="好了")
    take(session, actors["shift"], made[0], "rework", reason="没有说明原因")
    take(session, actors["user_a"], made[1], "hand_back", ground="not_ours", reason="不属本科室")
    (row,) = rows(session, actors, "dispatches", "unit")
    assert (row["unit"], row["issued"], row["returned"], row["reworked"]) == ("综合科", 3, 1, 1)
    assert row["returned_share"] == row["reworked_share"] == pytest.approx(1 / 3, abs=5e-5)
