"""Counting for reports: rows by group, shares, and figures on reports of wrongdoing that would tell who it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_

from app.engine.clocks import ClockRow, ClockSegment
from app.engine.columns import Column, Few
from app.engine.database import as_stored
from app.engine.frames import Counted, Rows
from app.engine.moments import office_zone
from models.documents import IncomingDocument

#: tickets-orders.md 6
FEWEST = 5
FEW = Few(FEWEST)
#: What a report of wrongdoing is called among the kinds of tickets.
SECRET = "report"


def share(part: pd.Series, whole: pd.Series | Decimal | float) -> pd.Series:
    """Counts or amounts over others, or over one for all; 1 is all, to four places, nothing where there is no whole."""
    wholes = pd.Series(whole, part.index, dtype=float)
    return (part.astype(float) / wholes.where(wholes != 0)).round(4)


def tally(table: pd.DataFrame, by: Sequence[str], counts: Mapping[str, pd.Series]) -> pd.DataFrame:
    """One row a group of `by` (a gap is the empty text), with how many or how much of each of `counts` it has."""
    whole = {name: values.astype(int) for name, values in counts.items()}
    groups = table[list(by)].fillna("").assign(**whole).groupby(list(by), sort=True)
    return groups[list(counts)].sum().reset_index()


#: What a record took, beside it in a workbook: medians are taken of these.
HOURS = Column("hours", _l("Hours"), "hours")
WORKING_HOURS = Column("working_hours", _l("Working hours"), "hours")


def opening(
    table: pd.DataFrame, model: Any, lines: pd.DataFrame, counts: Mapping[str, Any],
    measures: Sequence[Column] = (), /, **also: str,
) -> Counted:  # fmt: skip
    """`table` with the records its `counts` were summed up from; `also` names the count whose rows a share opens."""
    figures = {**{name: name for name in counts}, **also}
    return Counted(table, [Rows(model, lines.assign(**counts), figures, measures=measures)])


def office_days(moments: pd.Series) -> pd.Series:
    """The day of each moment on the office's calendar, midnight without a zone, as `working_days_column` takes it."""
    return pd.to_datetime(moments, utc=True).dt.tz_convert(str(office_zone())).dt.tz_localize(None).dt.normalize()


def last_day(end: datetime, rows: int) -> pd.Series:
    """The office's day on which a period ends that goes up to a moment, midnight for one: the same for every row."""
    return office_days(pd.Series([end - timedelta(microseconds=1)] * rows, dtype=object))


def last_lead(query: Any, desk: Any) -> Any:
    """What `query` says of the unit that leads on a paper: of several hand-outs the last that was not called off."""
    lead = query.where(desk.document_id == IncomingDocument.id, desk.lead, desk.state != "called_off")
    return lead.order_by(desk.id.desc()).limit(1).correlate(IncomingDocument).scalar_subquery()


def without_few(table: pd.DataFrame, by: Sequence[str], count: str) -> pd.DataFrame:
    """`table` without the figures of a row on reports where `count` of them are fewer than five."""
    return masked(table, by, count, table["kind"].eq(SECRET)) if "kind" in by else table


def with_pauses(query: Any, model: Any, stage: str) -> Any:
    """A query of a kind's records with the `begins` and `ends` of each time the limit of a stage stood still."""
    clock, segment = ClockRow, ClockSegment
    of_stage = and_(clock.kind == model.kind_name, clock.record_id == model.id, clock.stage == stage)
    moments = (as_stored(segment.begins_at).label("begins"), as_stored(segment.ends_at).label("ends"))
    query = query.add_columns(*moments).join(clock, of_stage).join(segment, segment.clock_id == clock.id)
    return query.where(segment.running.is_(False), segment.ends_at.is_not(None))


def masked(table: pd.DataFrame, by: Sequence[str], count: str, among: pd.Series | None = None) -> pd.DataFrame:
    """`table` without the figures of those rows (all, or some `among` them) whose `count` is below five.

    The count says that it is; what else they have is left empty.
    """
    few = table[count] < FEWEST
    if among is not None:
        few &= among
    if not few.any():
        return table
    figures = [name for name in table.columns if name not in by]
    told = {name: table[name].astype(object).where(~few, FEW if name == count else None) for name in figures}
    return table.assign(**told)
