"""The figures on top of my work: by role, each with the month before and a link to the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from flask import url_for
from flask_babel import gettext as _

from app.engine import access
from app.engine.columns import Column
from app.engine.moments import local, today
from app.engine.periods import Period
from app.engine.report_answers import json_value
from app.web.aged import aged
from app.web.replica import read_only
from app.web.reporting import words_of
from reports.dashboards import DASHBOARDS, TRENDS, Tile

#: A trend goes back so far.
MONTHS = 12
T = TypeVar("T")


def tiles() -> list[dict[str, Any]]:
    """What the actor's role sees first; nothing for who may read no reports."""
    actor = access.current()
    shown = _of_role(DASHBOARDS, actor)
    found: dict[Tile, dict[str, Any]] = {}
    for together in _counted_together(shown):
        found |= _drawn(actor, together)
    return [found[tile] for tile in shown]


def trends() -> list[dict[str, Any]]:
    """The charts the actor's role sees of the last twelve months: each leads to its report, and asks for its rows."""
    months = _months(today())
    asked = {"by": "month", "from": str(months[0].first), "to": str(months[-1].last)}
    return [
        {
            "title": _("%(figure)s, the last twelve months", figure=one.called),
            "rows_href": url_for("HomeView.trend", name=one.report),
            "href": url_for("ReportView.report", name=one.report, **asked),  # type: ignore[arg-type]
        }
        for one in _of_role(TRENDS, access.current())
    ]


def trend(report: str) -> dict[str, Any] | None:
    """What the chart of a report is drawn from, and of when that is; None where the actor's role sees no such chart."""
    actor, months = access.current(), _months(today())
    shown = next((one for one in _of_role(TRENDS, actor) if one.report == report), None)
    if shown is None:
        return None
    figure = shown.figure

    def find() -> list[Any]:
        with read_only() as session:
            return shown.tally.values(session, [figure], *months)[figure]

    values, at = aged((actor, shown, *months), find)
    return {
        "apart": ["month"],
        "figures": [figure],
        "labels": {figure: shown.called},
        "rows": [
            {"month": f"{one.first:%Y-%m}", figure: json_value(value)}
            for one, value in zip(months, values, strict=True)
        ],
        "note": _as_of(at),
    }


def _of_role(shown: Mapping[str, Sequence[T]], actor: access.Actor) -> Sequence[T]:
    """What the first of the actor's roles sees that sees anything; nothing for who may read no reports."""
    if not actor.may("read", "reports"):
        return ()
    return next((shown[role] for role in shown if role in actor.roles), ())


def _counted_together(shown: Sequence[Tile]) -> list[list[Tile]]:
    """The tiles that are counted in one query: those of one report and month; what there is now has an index each."""
    found: dict[Any, list[Tile]] = {}
    for tile in shown:
        found.setdefault(tile if tile.stock else tile.report, []).append(tile)
    return list(found.values())


def _drawn(actor: access.Actor, together: list[Tile]) -> dict[Tile, dict[str, Any]]:
    tally, periods = together[0].tally, _periods(together[0], today())
    names = [tile.figure for tile in together]

    def find() -> dict[str, list[Any]]:
        with read_only() as session:
            return tally.values(session, names, *periods)

    values, at = aged((actor, *together, *periods), find)
    return {tile: _tile(tile, periods[0], values[tile.figure], at) for tile in together}


def _months(day: date) -> list[Period]:
    """This month until today, and the eleven before it."""
    firsts = [day.replace(day=1)]
    while len(firsts) < MONTHS:
        firsts.append((firsts[-1] - timedelta(days=1)).replace(day=1))
    ends = [day, *(first - timedelta(days=1) for first in firsts)]
    return [Period(first, end) for first, end in zip(reversed(firsts), reversed(ends[:MONTHS]), strict=True)]


def _as_of(at: datetime | None) -> str:
    """Of when it is, for what was found out before."""
    return _("as of %(time)s", time=f"{local(at):%H:%M}") if at is not None else ""


def _tile(tile: Tile, current: Period, values: list[Any], at: datetime | None) -> dict[str, Any]:
    column = tile.column
    value, *before = values
    asked = {"figure": tile.figure, "from": current.first, "to": current.last}
    words = {key: str(one) for key, one in asked.items() if one}
    earlier = "".join(_short(column, one) for one in before)
    note = _("this month; by then last month %(before)s", before=earlier) if before else _("now")
    if as_of := _as_of(at):
        note = f"{note} · {as_of}" if before else as_of
    return {
        "label": tile.called,
        "value": _short(column, value),
        "href": url_for("ReportView.rows", name=tile.report, **words),  # type: ignore[arg-type]
        "tone": "bad" if tile.bad and value else "neutral",
        "note": note,
    }


def _short(column: Column, value: Any) -> str:
    """Amounts without their cents: a glance, and the rows behind it have them."""
    return f"{value:,.0f}" if column.kind == "money" else words_of(column, value)


def _periods(tile: Tile, day: date) -> list[Period]:
    """All days for a stock; else this month until today, and the month before until the same day of it."""
    if tile.stock:
        return [Period()]
    last = day.replace(day=1) - timedelta(days=1)
    then = Period(last.replace(day=1), last.replace(day=min(day.day, last.day)))
    return [Period(day.replace(day=1), day), then]
