"""Dispatch orders in figures, against a plain recount of what was done with each, issue by issue."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from statistics import median

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.engine import access
from app.engine.frames import REPORTS
from app.engine.moments import local, now, parse_moment
from app.engine.periods import period_of
from app.engine.report_answers import ask
from app.engine.rules import Rule
from models.dispatch import DispatchOrder
from tests.factories import register

MOMENTS = ("2025-12-31 23:30", "2026-01-31 23:30", "2026-03-02 09:00")
MINUTES = st.sampled_from((1, 29, 30, 31, 500))
UNITS = ("综合科", "业务部")
#: What is done with an order, each step some minutes after the one before.
WAYS = (
    (), ("sign", "hand_back"), ("sign", "hand_back", "issue"), ("hand_back", "issue", "sign", "feed_back", "rework"),
    ("sign", "feed_back", "rework", "feed_back", "accept"), ("sign", "hand_back", "issue", "hand_back", "issue"),
    ("sign", "cancel"), ("hand_back", "issue", "hand_back", "issue", "sign", "feed_back"),
)  # fmt: skip
ANSWERS = {
    "hand_back": {"ground": "not_ours", "reason": "不属本单位"}, "feed_back": {"result": "已办", "answer": "已办"},
    "rework": {"reason": "不完整"}, "cancel": {"reason": "误派"},
}  # fmt: skip
ORDERS = st.lists(
    st.tuples(
        st.sampled_from(MOMENTS), st.sampled_from(UNITS),
        st.sampled_from(WAYS).flatmap(lambda way: st.tuples(*(st.tuples(MINUTES, st.just(deed)) for deed in way))),
    ),
    max_size=7,
)  # fmt: skip


@pytest.fixture
def patient(session):
    """Units may give an order back long after."""
    with access.system():
        for profile in ("hotline", "property_desk"):
            session.add(Rule(setting="return_hours", profile=profile, value="999"))
        session.commit()


def played(session, actors, at, wishes):
    """Orders by what was done: for each issue its moment, its unit, whether given back, sent back, and the reply."""
    issues = []
    for moment, unit, deeds in sorted(wishes, key=lambda wish: wish[0]):
        at(parse_moment(moment).isoformat())
        with access.acting_as(actors["desk"]):
            ticket = register(session, kind="repair", channel="visit")
        ticket.take("dispatch", session, department=unit, requirement="请修理")
        (order,) = ticket.orders
        own, begun = [{"order": order, "at": now(), "unit": unit, "returned": 0, "reworked": 0, "reply": None}], now()
        for minutes, deed in deeds:
            begun += timedelta(minutes=minutes)
            at(begun.isoformat())
            last = own[-1]
            other = UNITS[1 - UNITS.index(last["unit"])]
            order.take(deed, session, **ANSWERS.get(deed, {}), **({"department": other} if deed == "issue" else {}))
            if deed == "issue":
                own.append({**last, "at": now(), "unit": other, "returned": 0, "reworked": 0})
            last["returned"] |= deed == "hand_back"
            last["reworked"] |= deed == "rework"
            last["reply"] = now() if deed == "feed_back" else last["reply"]
        issues += own if order.state != "cancelled" else []
    session.flush()
    return issues


TOLD = {"unit": lambda issue: issue["unit"], "month": lambda issue: f"{local(issue['at']):%Y-%m}"}


@pytest.mark.parametrize("by", ["unit", "month,unit"])
@settings(max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(wishes=ORDERS)
def test_dispatches_are_what_a_plain_recount_finds_and_open_their_rows(session, actors, patient, at, by, wishes):
    with access.system():
        session.rollback()  # of the orders before
        names, groups = by.split(","), defaultdict(list)
        for issue in played(session, actors, at, wishes):
            groups[tuple(TOLD[name](issue) for name in names)].append(issue)
        rows = {tuple(row[name] for name in names): row for row in ask(session, "dispatches", {"by": by}).rows}
        assert list(rows) == sorted(groups)
        for key, issues in groups.items():
            took = [(one["reply"] - one["at"]).total_seconds() / 3600 for one in issues if one["reply"]]
            counts = {
                "issued": len(issues), "returned": sum(one["returned"] for one in issues),
                "reworked": sum(one["reworked"] for one in issues), "to_reply_count": len(took),
            }  # fmt: skip
            assert {name: rows[key][name] for name in counts} == counts
            assert rows[key]["returned_share"] == pytest.approx(counts["returned"] / len(issues), abs=5e-5)
            assert rows[key]["to_reply_median"] == (pytest.approx(median(took), abs=0.011) if took else None)
            told = dict(zip(names, key, strict=True))
            assert {name: behind(session, told, name) for name in counts} == counts


def behind(session, key, figure):
    return len(session.execute(REPORTS["dispatches"].tally().behind(period_of({}), key, figure)).all())


def test_who_gave_an_order_back_is_not_who_got_it_next(either_session, either_actors, at):
    with access.system():
        played(either_session, either_actors, at, [(MOMENTS[2], UNITS[0], [(30, "hand_back"), (30, "issue")])])
        rows = ask(either_session, "dispatches", {"by": "unit"}).rows
    told = {row["unit"]: (row["issued"], row["returned"], row["returned_share"]) for row in rows}
    assert told == {UNITS[0]: (1, 1, 1.0), UNITS[1]: (1, 0, 0.0)}


def test_an_order_of_an_older_register_went_out_on_its_own_day(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket, issued = call(kind="repair"), parse_moment("2024-02-29 09:00")
    with access.system():
        session.add(DispatchOrder(ticket=ticket, department_id=1, requirement="旧", order_no="旧1", state="accepted",
                                  issued_at=issued, taken_over=True))  # fmt: skip
        session.flush()
        assert [(row["month"], row["issued"]) for row in ask(session, "dispatches", {"by": "month"}).rows] == [
            ("2024-02", 1)
        ]


@pytest.mark.parametrize("account, sees", [("shift", 2), ("user_a", 1), ("clerk", 0)])
def test_who_sees_fewer_orders_has_smaller_figures_and_as_many_rows(session, actors, at, account, sees):
    """The desk sees all, a unit what it has now, others nothing."""
    with access.system():
        played(session, actors, at, [(MOMENTS[2], unit, ()) for unit in UNITS])
        session.commit()
    with access.acting_as(actors[account]):
        assert sum(row["issued"] for row in ask(session, "dispatches", {"by": "unit"}).rows) == sees
        assert behind(session, {}, "issued") == sees
