"""The figures on top of my work: by role, each with the month before and a link to the rows behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.engine import access
from app.engine.columns import Column
from app.engine.figures import Tally
from app.engine.moments import local, today
from app.engine.periods import Period
from app.web.aged import aged
from app.web.replica import read_only
from app.web.reporting import words_of
from reports.dashboards import DASHBOARDS, Tile


def tiles() -> list[dict[str, Any]]:
    """What the actor's role sees first; nothing for who may read no reports."""
    actor = access.current()
    if not actor.may("read", "reports"):
        return []
    role = next((role for role in DASHBOARDS if role in actor.roles), None)
    shown = DASHBOARDS[role] if role else ()
    found: dict[Tile, dict[str, Any]] = {}
    for together in _counted_together(shown):
        found |= _drawn(actor, together)
    return [found[tile] for tile in shown]


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
    return {tile: _tile(tile, tally, periods[0], values[tile.figure], at) for tile in together}


def _tile(tile: Tile, tally: Tally, current: Period, values: list[Any], at: datetime | None) -> dict[str, Any]:
    column = next(one for one in tally.columns() if one.name == tile.figure)
    value, *before = values
    asked = {"figure": tile.figure, "from": current.first, "to": current.last}
    words = {key: str(one) for key, one in asked.items() if one}
    earlier = "".join(_short(column, one) for one in before)
    note = _("this month; by then last month %(before)s", before=earlier) if before else _("now")
    if at is not None:
        as_of = _("as of %(time)s", time=f"{local(at):%H:%M}")
        note = f"{note} · {as_of}" if before else as_of
    return {
        "label": str(tile.label or column.label),
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
