"""The figures on top of my work: by role, each with the month before and a link to the rows behind it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.engine import access
from app.engine.columns import Column
from app.engine.frames import Period
from app.engine.moments import today
from app.extensions import db
from app.web.reporting import words_of
from reports.dashboards import DASHBOARDS, Tile


def tiles() -> list[dict[str, Any]]:
    """What the actor's role sees first; nothing for who may read no reports."""
    actor = access.current()
    if not actor.may("read", "reports"):
        return []
    role = next((role for role in DASHBOARDS if role in actor.roles), None)
    return [_drawn(tile) for tile in DASHBOARDS[role]] if role else []


def _drawn(tile: Tile) -> dict[str, Any]:
    tally, (current, *then) = tile.tally, _periods(tile, today())
    column = next(one for one in tally.columns() if one.name == tile.figure)
    value, *before = tally.values(db.session, tile.figure, current, *then)
    asked = {"figure": tile.figure, "from": current.first, "to": current.last}
    words = {key: str(one) for key, one in asked.items() if one}
    earlier = "".join(_short(column, one) for one in before)
    return {
        "label": str(tile.label or column.label),
        "value": _short(column, value),
        "href": url_for("ReportView.rows", name=tile.report, **words),  # type: ignore[arg-type]
        "tone": "bad" if tile.bad and value else "neutral",
        "note": _("this month; by then last month %(before)s", before=earlier) if before else _("now"),
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
