"""Figures 统计数字: each is declared once, over one row of what it counts; sums, shares and the rows behind it follow.

The database groups and sums, pandas takes medians. The rows behind a figure are found by the very conditions that
counted them, under the rights of whoever asks, so that their number is the figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, Self

import pandas as pd
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, String, and_, case, func, null, or_, select, true, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.engine import access
from app.engine.calendar import WorkingCalendar
from app.engine.columns import Column, Kind
from app.engine.database import as_stored
from app.engine.fields import storable
from app.engine.frames import Report, frame, long_frame, register
from app.engine.moments import at_office
from app.engine.office_calendar import working_calendar
from app.engine.periods import EVER, Period, ends
from app.engine.refusals import Refused
from app.engine.spans import first_day, part_of

Joins = Callable[[Select[Any]], Select[Any]]


@dataclass(frozen=True)
class Group:
    """What rows are told apart by: a text of the row, or the month of a moment on the office's calendar."""

    label: Any
    of: Any
    #: stored word -> what people read
    labels: Mapping[str, Any] = field(default_factory=dict)
    monthly: bool = False

    @property
    def text(self) -> ColumnElement[str]:
        """The text of the row, empty where it has none; a choice is a text here, for the empty one is none of them."""
        return func.coalesce(type_coerce(self.of, String), "")


def monthly(moment: Any) -> Group:
    """The month of a moment of the row."""
    return Group(_l("Month"), moment, monthly=True)


@dataclass(frozen=True)
class Figure:
    """How many rows fulfil a condition; with `of`, what that comes to in them all."""

    name: str
    label: Any
    where: ColumnElement[bool] | None = None
    of: Any = None
    kind: Literal["integer", "money", "quantity"] = "integer"
    #: stands out on paper wherever it is above nought
    alarm: bool = False

    @property
    def condition(self) -> ColumnElement[bool]:
        return self.where if self.where is not None else true()


@dataclass(frozen=True)
class Share:
    """One figure over another, both of which stand beside it; 1 is all, and nothing where there is nothing."""

    name: str
    label: Any
    part: str
    whole: str
    #: `quantity` where a whole has many of the part: errors a round
    kind: Literal["percent", "quantity"] = "percent"


@dataclass(frozen=True)
class Took:
    """Hours from one moment to another in the rows that have both: how many, median and 90th percentile."""

    name: str
    label: Any
    since: Any
    until: Any
    #: in days of 24 hours
    days: bool = False
    #: also in working hours of the house's calendar
    working: bool = False
    #: adds to a query of the rows the `begins` and `ends` of each time that is no part of it
    pauses: Joins | None = None

    @property
    def ends(self) -> tuple[str, ...]:
        """What its columns are called, behind its name."""
        return ("count", "median", "p90", *(("working_median", "working_p90") if self.working else ()))

    @property
    def condition(self) -> ColumnElement[bool]:
        return and_(self.since.is_not(None), self.until.is_not(None), self.until >= self.since)


#: What the median and the 90th percentile of a time are called, in hours and in days.
_MEASURED: dict[bool, tuple[Kind, Callable[[Any], Any], Callable[[Any], Any]]] = {
    False: (
        "hours",
        lambda what: _l("%(what)s: median, hours", what=what),
        lambda what: _l("%(what)s: 90th percentile, hours", what=what),
    ),
    True: (
        "quantity",
        lambda what: _l("%(what)s: median, days", what=what),
        lambda what: _l("%(what)s: 90th percentile, days", what=what),
    ),
}


@dataclass(frozen=True)
class Tally:
    """Figures over the rows of one kind: `at` is the moment that puts a row into a period, `where` what is counted."""

    model: Any
    at: Any
    groups: Mapping[str, Group]
    figures: Sequence[Figure | Share | Took]
    where: Sequence[ColumnElement[bool]] = ()
    joins: Joins = lambda query: query
    #: the figure that is held against the month and the year before, where rows are told apart by month
    compared: str = ""

    def columns(self) -> Iterator[Column]:
        """The columns an answer may have, in their order."""
        for name, group in self.groups.items():
            yield Column(name, group.label, "text")
        for one in self.figures:
            if isinstance(one, Took):
                yield Column(
                    f"{one.name}_count", _l("%(what)s: with both moments", what=one.label), "integer", total=True
                )
                kind, middle, high = _MEASURED[one.days]
                yield Column(f"{one.name}_median", middle(one.label), kind)
                yield Column(f"{one.name}_p90", high(one.label), kind)
                if one.working:
                    middle = _l("%(what)s: median, working hours", what=one.label)
                    high = _l("%(what)s: 90th percentile, working hours", what=one.label)
                    yield Column(f"{one.name}_working_median", middle, "hours")
                    yield Column(f"{one.name}_working_p90", high, "hours")
            elif isinstance(one, Share):
                yield Column(one.name, one.label, one.kind)
            else:
                yield Column(one.name, one.label, one.kind, total=True, alarm=one.alarm)
                if one.name == self.compared:
                    yield Column(f"{one.name}_on_month", _l("%(what)s: on the month before", what=one.label), "percent")
                    yield Column(f"{one.name}_on_year", _l("%(what)s: on the year before", what=one.label), "percent")

    def frame(self, session: Session, period: Period, by: Sequence[str]) -> pd.DataFrame:
        """One row a group of `by`, in their order; a group without a name is the empty text."""
        names = list(by)
        keys = self._keys(session, period, names)
        table = self._counted(session, period, keys)
        for one in self.figures:
            if isinstance(one, Took):
                table = table.merge(self._took(session, period, keys, one), how="left", on=names)
                table[f"{one.name}_count"] = table[f"{one.name}_count"].fillna(0).astype(int)
            elif isinstance(one, Share):
                part, whole = (table[name].astype(float) for name in (one.part, one.whole))
                table[one.name] = (part / whole.where(whole != 0)).round(4)
        table = table.sort_values(names, kind="stable", ignore_index=True)
        monthly = next((name for name in names if self.groups[name].monthly), None)
        return self._held_against(session, period, names, monthly, table) if monthly and self.compared else table

    def _held_against(
        self, session: Session, period: Period, names: list[str], monthly: str, table: pd.DataFrame
    ) -> pd.DataFrame:
        """With the change on the month and on the year before, as shares of those; they may lie before the period."""
        first = period.first.replace(day=1) if period.first else None
        longer = Period(first.replace(year=max(first.year - 1, 1)) if first else None, period.last)
        wide = self._counted(session, longer, self._keys(session, longer, names))
        known = {tuple(row[:-1]): row[-1] for row in wide[[*names, self.compared]].itertuples(index=False, name=None)}
        place = names.index(monthly)

        def change(row: tuple[Any, ...], months: int) -> float | None:
            *key, value = row
            before = known.get((*key[:place], _shifted(key[place], months), *key[place + 1 :]))
            return round(float(value / before) - 1, 4) if before else None

        rows = list(table[[*names, self.compared]].itertuples(index=False, name=None))
        for name, months in (("month", 1), ("year", 12)):
            table[f"{self.compared}_on_{name}"] = pd.Series([change(row, months) for row in rows], dtype=object)
        return table

    def narrowed(self, key: Mapping[str, str]) -> Self:
        """The same figures over the rows of one group alone: `key` has a value for each group that is chosen.

        Raises `Refused` for a group there is not.
        """
        conditions = []
        for name, value in key.items():
            group = self.groups.get(name)
            if group is None or not storable(value):
                raise Refused(_("This report has no group “%(name)s”.", name=name[:40]))
            if group.monthly and value:
                since, until = _month(value)
                conditions.append(and_(group.of >= since, group.of < until))
            else:
                conditions.append(group.of.is_(None) if group.monthly else group.text == value)
        return replace(self, where=(*self.where, *conditions)) if conditions else self

    def behind(self, period: Period, key: Mapping[str, str], figure: str) -> Select[Any]:
        """The rows a figure counts in the group `key`: record, moment of the period, what it adds to a sum, or None.

        Raises `Refused` for a figure or a group there is not.
        """
        condition, worth = self._condition_of(figure)
        query = select(self.model, self.at.label("at"), worth.label("worth"))
        query = self.narrowed(key)._population(query, period).where(condition)
        return query.order_by(self.model.id)

    def values(self, session: Session, names: Sequence[str], *periods: Period) -> dict[str, list[Any]]:
        """Counts and sums over some periods, by figure: the rows behind each, or what they come to; one query."""
        summed = {one.name for one in self.figures if isinstance(one, Figure) and one.of is not None}
        counted = {name: self._condition_of(name) for name in names}
        firsts, lasts = [one.first for one in periods], [one.last for one in periods]
        whole = Period(
            min(filter(None, firsts)) if all(firsts) else None, max(filter(None, lasts)) if all(lasts) else None
        )
        worths = [case((where, of if name in summed else 1)).label(name) for name, (where, of) in counted.items()]
        query = self._population(select(self.at.label("at"), *worths), whole)
        rows = query.where(or_(*(where for where, _of in counted.values()))).subquery().c
        each = [
            func.coalesce(func.sum(case((and_(true(), *one.conditions(rows.at)), rows[name]))), 0)
            for name in names
            for one in periods
        ]
        found = list(access.values(session, select(*each).select_from(rows.at.table)).one())
        return {name: found[n * len(periods) :][: len(periods)] for n, name in enumerate(names)}

    def opens(self, name: str) -> bool:
        """Whether rows stand behind a column: not behind a group or a change."""
        took = {f"{one.name}_{end}" for one in self.figures if isinstance(one, Took) for end in one.ends}
        return name in took or any(one.name == name for one in self.figures if not isinstance(one, Took))

    def _condition_of(self, figure: str) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
        for one in self.figures:
            if isinstance(one, Took):
                if figure in {f"{one.name}_{end}" for end in one.ends}:
                    return one.condition, null()
            elif one.name == figure:
                if isinstance(one, Share):
                    return self._condition_of(one.part)
                return one.condition, one.of if one.of is not None else null()
        raise Refused(_("This report has no figure “%(name)s”.", name=figure[:40]))

    def _population(self, query: Select[Any], period: Period) -> Select[Any]:
        return period.holds(self.joins(query.select_from(self.model)).where(*self.where), self.at)

    def _keys(self, session: Session, period: Period, names: Sequence[str]) -> list[Any]:
        """An expression a group; a month is told by its two ends, which every database compares alike."""
        found = []
        for name in names:
            group = self.groups[name]
            if not group.monthly:
                found.append(group.text.label(name))
                continue
            if isinstance(group.of, InstrumentedAttribute):
                first, last = ends(session, group.of, period if group.of is self.at else EVER)
            else:  # worked out of others: no index knows it
                both = self._population(select(func.min(group.of), func.max(group.of)), period)
                first, last = session.execute(both).one()
            found.append(part_of("month", group.of, first, last).label(name))
        return found

    def _counted(self, session: Session, period: Period, labelled: list[Any]) -> pd.DataFrame:
        counts = [one for one in self.figures if isinstance(one, Figure)]
        each = [case((one.condition, one.of if one.of is not None else 1)).label(one.name) for one in counts]
        rows = self._population(select(*labelled, *each), period).subquery().c
        keys = [rows[one.name] for one in labelled]
        sums = (func.coalesce(func.sum(rows[one.name]), 0, type_=rows[one.name].type).label(one.name) for one in counts)
        return frame(session, select(*keys, *sums).group_by(*keys))

    def _took(self, session: Session, period: Period, keys: list[Any], one: Took) -> pd.DataFrame:
        both = (as_stored(moment).label(name) for name, moment in (("since", one.since), ("until", one.until)))
        columns = [*keys, *both, *([self.model.id.label("id")] if one.pauses else [])]
        table = long_frame(session, self._population(select(*columns), period).where(one.condition))
        since, until = (pd.to_datetime(table[name], utc=True) for name in ("since", "until"))
        took = {"": (until - since).dt.total_seconds() / (86_400 if one.days else 3_600)}
        if one.working:
            took["working_"] = pd.Series(working_calendar(session).working_seconds_column(since, until) / 3600)
        if one.pauses:
            rows = self._population(select(self.model.id.label("id")), period).where(one.condition)
            spans = pd.DataFrame({"since": since, "until": until}).set_axis(table["id"].to_list())
            stood = stood_still(working_calendar(session), spans, long_frame(session, one.pauses(rows)))
            took = {name: hours - table["id"].map(stood[f"{name}hours"]).fillna(0.0) for name, hours in took.items()}
        names = [table[key.name] for key in keys]
        found: dict[str, Any] = {"count": took[""].groupby(names).size()}
        for name, hours in took.items():
            groups = hours.groupby(names)
            found |= {f"{name}median": groups.median().round(2), f"{name}p90": groups.quantile(0.9).round(2)}
        return pd.DataFrame({f"{one.name}_{end}": values for end, values in found.items()}).reset_index()


def stood_still(calendar: WorkingCalendar, spans: pd.DataFrame, pauses: pd.DataFrame) -> pd.DataFrame:
    """How much of the span `since` to `until` of each key lies in its pauses: `hours`, and `working_hours`.

    `spans` bear the key as index; `pauses` are one row each, `id`, `begins` and `ends`.
    """
    stood = pauses.join(spans, on="id", how="inner")
    begun, ended = (
        pd.to_datetime(stood[name], utc=True).clip(stood["since"], stood["until"]) for name in ("begins", "ends")
    )
    stood["hours"] = ((ended - begun).dt.total_seconds() / 3600).round(4)
    stood["working_hours"] = calendar.working_seconds_column(begun, ended) / 3600
    return stood.groupby("id")[["hours", "working_hours"]].sum()


def _shifted(month: str, back: int) -> str:
    """The month so many before one; the empty text has none."""
    if not month:
        return month
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 - back, 12)
    return f"{year:04}-{number + 1:02}"


def _month(text: str) -> tuple[datetime, datetime]:
    try:
        first = date.fromisoformat(f"{text}-01")
        return at_office(first), at_office(first_day("month", first + timedelta(days=31)))
    except (ValueError, OverflowError):  # also the months at either end of the calendar
        raise Refused(_("“%(month)s” is no month; it is written 2026-03.", month=text[:20])) from None


def figures(
    name: str, title: Any, *, basis: Any, chart: str, subjects: Mapping[str, Any] | None = None
) -> Callable[[Callable[..., Tally]], Callable[..., Tally]]:
    """Register what a function declares as a report; `basis` says what is counted, when, and until which moment.

    With `subjects` (name -> label) the function is called with each name: the same figures, put into periods otherwise.
    """

    def declare(function: Callable[..., Tally]) -> Callable[..., Tally]:
        tallies = {of: function(of) for of in subjects} if subjects else {"": function()}
        first = next(iter(tallies.values()))

        def frame_of(
            session: Session, period: Period, by: Sequence[str], chosen: Mapping[str, str], of: str = ""
        ) -> pd.DataFrame:
            return tallies[of].narrowed(chosen).frame(session, period, by)

        labels = {key: group.labels for key, group in first.groups.items() if group.labels}
        register(
            Report(
                name, title, frame_of, list(first.columns()), basis, list(first.groups), subjects or {}, chart, labels,
                tallies, function,
            )
        )  # fmt: skip
        return function

    return declare
