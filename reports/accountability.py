"""Accountability in figures 责任追究: cases by kind and outcome, never so few that somebody is known by them."""

from __future__ import annotations

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine.columns import Column
from app.engine.frames import Counted, frame, month_of, report
from app.engine.periods import Period
from models.accountability import DECISIONS, FAULTS, AccountabilityCase
from reports.counting import masked, opening, tally


@report(
    "accountability_cases",
    _l("Accountability in figures"),
    [
        Column("fault", _l("Fault"), "text"),
        Column("decision", _l("Decision"), "text"),
        Column("month", _l("Month"), "text"),
        Column("cases", _l("Cases"), "integer", total=True),
        Column("open", _l("Still open"), "integer", total=True),
        Column("no_action", _l("No action"), "integer", total=True),
        Column("warning", _l("Warning"), "integer", total=True),
        Column("amount", _l("Amount of money"), "integer", total=True),
        Column("appealed", _l("Appealed"), "integer", total=True),
    ],
    basis=_l(
        "Cases noted in the period, by what became of them until now. Fewer than five cases are not counted out, "
        "so that they tell of nobody; they are in no sum either."
    ),
    groups=("fault", "decision", "month"),
    chart="cases",
    labels={"fault": FAULTS, "decision": DECISIONS},
)
def accountability_cases(session: Session, period: Period, by: list[str]) -> Counted:
    """One row a fault, decision or month: cases, open ones, decisions and appeals, small groups not counted out."""
    case = AccountabilityCase
    query = select(
        case.id,
        case.fault,
        case.decision,
        case.noted_at.label("at"),
        case.state,
        case.appeal.is_not(None).label("appealed"),
    ).where(case.noted_at.is_not(None))
    table = frame(session, period.holds(query, case.noted_at))
    table["month"] = month_of(table["at"])
    counts: dict[str, pd.Series] = {
        "cases": pd.Series(1, index=table.index), "open": table["state"].ne("final"),
        **{name: table["decision"].eq(name) for name in DECISIONS}, "appealed": table["appealed"],
    }  # fmt: skip
    counted = tally(table, by, counts)
    return opening(masked(counted, by, "cases"), case, table, counts)
