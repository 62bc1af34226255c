"""Reports: a function that returns a table, and what is declared of it.

A query runs through the session, so row access applies to figures as to pages; pandas does the arithmetic. Page, JSON,
CSV, Excel and the command line show the same frame.

The rows behind a figure, as many as it says, come about in one of two ways. Declared figures (`figures.py`) find them
by the conditions that counted them. A function that counts in its own way returns `Counted`: its table together with
the `Rows` it summed up. Whoever clicks has the report answered once more, for themselves, and sees those lines of it
that belong to the cell; so the rows are those that were counted, and nobody meets one that is hidden from them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from sys import intern
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
from flask_babel import gettext as _
from sqlalchemy import CursorResult, Select, String, func, select, type_coerce
from sqlalchemy.orm import Session

from app.engine import access
from app.engine.asked import Parameter
from app.engine.columns import Column
from app.engine.database import Stored
from app.engine.moments import Moment, office_zone
from app.engine.refusals import Refused
from app.engine.table_rows import STRETCH

if TYPE_CHECKING:
    from app.engine.figures import Tally

T = TypeVar("T", bound="pd.DataFrame | Counted")


@dataclass(frozen=True)
class Rows:
    """What figures of a report are summed up from: one line for each time a record of a kind counts.

    A line has the key of its record as `id`, may have the moment by which it counts as `at`, and has every column by
    which the report tells its rows apart, under the same name and with the same words. Lines that are a query are
    fetched only when somebody looks behind a figure, and of these only the ones of the cell.
    """

    model: Any
    lines: pd.DataFrame | Select[Any]
    #: column of the report -> column of the lines that says how much each adds: truth, a number, or nothing at all; the
    #: empty name counts every line. Of a share or a median it is what this is a share or a median of.
    figures: Mapping[str, str]
    #: figures in which a record counts once, however many lines it has
    once: Collection[str] = ()
    #: columns of the lines that stand beside each in a workbook: what a median or a longest was taken of
    measures: Sequence[Column] = ()

    @property
    def names(self) -> Collection[str]:
        lines = self.lines
        return list(lines.columns) if isinstance(lines, pd.DataFrame) else lines.selected_columns.keys()

    def behind(self, session: Session, key: Mapping[str, str], figure: str) -> pd.DataFrame:
        """The lines that add to a figure in the group `key`: `id`, `at` (or None), `worth` (1 for a plain count)."""
        lines = self.lines if isinstance(self.lines, pd.DataFrame) else frame(session, _of_group(self.lines, key))
        for name, value in key.items():
            lines = lines[lines[name].map(text_of) == value]
        adds = self.figures[figure]
        worth = lines[adds] if adds else pd.Series(1, index=lines.index)
        at = lines["at"] if "at" in lines else pd.Series(None, index=lines.index, dtype=object)
        found = pd.DataFrame({"id": lines["id"], "at": at.where(at.notna(), None), "worth": worth}, dtype=object)
        found = found[worth.notna() & worth.ne(0)].sort_values("id", kind="stable")
        return found.drop_duplicates("id") if figure in self.once else found


def _of_group(lines: Select[Any], key: Mapping[str, str]) -> Select[Any]:
    found = lines.subquery()
    texts = {name: func.coalesce(type_coerce(found.c[name], String), "") for name in key}
    return select(found).where(*(texts[name] == value for name, value in key.items()))


def text_of(value: Any) -> str:
    """A group as an address has it: nothing is the empty text."""
    return "" if pd.isna(value) else str(value)


@dataclass(frozen=True)
class Counted:
    """A report's table and what its figures were summed up from: a cell opens the first of `rows` that has any.

    `notes`: sentences that stand with the table.
    """

    table: pd.DataFrame
    rows: Sequence[Rows] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Report:
    """A question the office asks again and again."""

    name: str
    title: Any
    frame: Callable[..., pd.DataFrame | Counted]
    #: the columns the answer may have, in their order
    columns: Sequence[Column]
    #: what is counted and when, in words
    basis: Any = ""
    #: columns the rows can be grouped by, if that is for the reader to choose
    groups: Sequence[str] = ()
    #: what can be counted (`--of`), name -> label; the first is the default
    subjects: Mapping[str, Any] = field(default_factory=dict)
    chart: str | None = None
    #: what the stored words of a column are called, by column; JSON and the command line keep the words themselves
    labels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: the declared figures the frame is summed up from, if it is, by subject: they know the rows behind each
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    #: whose words describe it, where that is not the frame
    described_by: Callable[..., Any] | None = None
    #: what else it is asked for, out of the database
    parameters: Sequence[Parameter] = ()
    #: tells how things stand now, whatever days they are of: it is not given a period
    timeless: bool = False

    @property
    def open(self) -> bool:
        """Whether the current actor may ask for any of what it is about."""
        return not self.parameters or any(one.open for one in self.parameters)

    @property
    def opens_rows(self) -> bool:
        """Whether there are rows behind its figures: declared ones know them, a function says so by what it returns."""
        return bool(self.tallies) or inspect.signature(self.frame).return_annotation in ("Counted", Counted)

    def tally(self, of: str | None = None) -> Tally | None:
        """The declared figures of a subject, the first where none is named; None where they are not declared.

        Raises `Refused` for a subject there is not.
        """
        if not self.tallies:
            return None
        if of and of not in self.tallies:
            raise Refused(_("“%(name)s” cannot be counted here; possible are: %(names)s.", name=of[:40],
                            names=", ".join(self.tallies)))  # fmt: skip
        return self.tallies[of or next(iter(self.tallies))]

    @property
    def description(self) -> str:
        return (inspect.getdoc(self.described_by or self.frame) or "").split("\n")[0]


REPORTS: dict[str, Report] = {}


def register(about: Report) -> None:
    """Make a report known to pages, API and command line."""
    taken = {"from", "to", "by", "of", "figure", "page", *(column.name for column in about.columns)}
    if twice := sorted(taken & {one.name for one in about.parameters}):
        raise ValueError(f"report {about.name}: a parameter cannot be called “{twice[0]}”")
    REPORTS[about.name] = about


def report(
    name: str,
    title: Any,
    columns: Sequence[Column],
    *,
    basis: Any = "",
    groups: Sequence[str] = (),
    subjects: Mapping[str, Any] | None = None,
    chart: str | None = None,
    labels: Mapping[str, Mapping[str, Any]] | None = None,
    parameters: Sequence[Parameter] = (),
    timeless: bool = False,
) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Register a function `(session, period, by, of) -> DataFrame or Counted` as a report.

    A timeless one is given no period. Each of `parameters` is given to it under its name: the value that was chosen, or
    None.
    """

    def declare(function: Callable[..., T]) -> Callable[..., T]:
        register(
            Report(
                name, title, function, columns, basis, groups, subjects or {}, chart, labels or {},
                parameters=parameters, timeless=timeless,
            )
        )  # fmt: skip
        return function

    return declare


def frame(session: Session, query: Any) -> pd.DataFrame:
    """Run `query` through the session; columns as labelled, moments as aware UTC, amounts as Decimal."""
    return _framed(access.values(session, query), query)


def long_frame(session: Session, query: Any) -> pd.DataFrame:
    """`frame` for hundreds of thousands of rows, fetched a stretch at a time.

    Moments and choices are best selected by `database.as_stored`: reading them one by one takes longer than the rest.
    """
    return _framed(access.values(session, query, yield_per=STRETCH), query)


def _framed(result: CursorResult[*tuple[Any, ...]], query: Any) -> pd.DataFrame:
    types = {column.key: column.type for column in query.selected_columns}
    names = list(result.keys())
    unread = [isinstance(types.get(name), Stored) and isinstance(types[name].of, Moment) for name in names]
    # Without rows, too, a moment has its type: put together with others, each of theirs would become an object.
    columns: list[list[Any]] = [[_read([])] if moments else [] for moments in unread]
    for rows in result.partitions(STRETCH):
        for column, cells, moments in zip(columns, zip(*rows, strict=True), unread, strict=True):
            if moments:
                column.append(_read(cells))
            else:
                column.extend(_shared(cells))
    table = {
        name: pd.DatetimeIndex(np.concatenate(column)).tz_localize("UTC")
        if moments
        else column or pd.Series(dtype=object)
        for name, column, moments in zip(names, columns, unread, strict=True)
    }
    return pd.DataFrame(table, columns=names)


def _read(cells: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """Moments as the driver hands them over, in UTC: text on SQLite, aware elsewhere."""
    if isinstance(next(filter(None, cells), None), datetime):
        return pd.to_datetime(cells, utc=True, cache=False).tz_localize(None).as_unit("us").to_numpy()
    return np.array(cells, dtype="datetime64[us]")


def _shared(cells: Sequence[Any]) -> list[Any]:
    """Every text once in memory, however many rows have it."""
    return [intern(cell) if cell.__class__ is str else cell for cell in cells]


def month_of(moments: pd.Series) -> pd.Series:
    """`2026-03` of each moment on the office's calendar."""
    local = pd.to_datetime(moments, utc=True).dt.tz_convert(str(office_zone())).dt.tz_localize(None)
    # Many moments, few months: the words of each are made once.
    codes, months = pd.factorize(local.to_numpy().astype("datetime64[M]"))
    words = [*map(str, months), None]
    return pd.Series([words[code] for code in codes], index=moments.index, dtype=object)
