"""Answers of reports: one question, put as text by a page, the API or the command line, and what comes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import pandas as pd
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.engine.asked import Choice
from app.engine.columns import Column, Few, stands_for_rows
from app.engine.frames import REPORTS, Counted, Report, Rows, text_of
from app.engine.periods import period_of
from app.engine.refusals import Refused
from app.engine.table_rows import TableRows


@dataclass(frozen=True)
class Answer:
    """A report's rows with all that says what they are."""

    report: Report
    parameters: dict[str, Any]
    columns: list[Column]
    rows: TableRows
    #: the groups whose rows alone are counted: name -> value
    chosen: Mapping[str, str] = field(default_factory=dict)
    #: what the figures were summed up from, where a function of its own did that
    behind: Sequence[Rows] = ()
    #: what was chosen of the report's own parameters, by name
    asked: Mapping[str, Choice] = field(default_factory=dict)
    #: sentences that stand with the table
    notes: Sequence[str] = ()

    @property
    def title(self) -> str:
        """What stands above it: the report and what it was asked for, as a register bears its book and year."""
        return " · ".join([str(self.report.title), *(choice.words for choice in self.asked.values())])

    @cached_property
    def told_by(self) -> list[str]:
        """The columns that tell the rows of the table apart and are found on the lines behind it."""
        known = {name for rows in self.behind for name in rows.names}
        known -= {name for rows in self.behind for name in rows.figures}
        return [column.name for column in self.columns if column.name in known]

    def key_of(self, row: Mapping[str, Any]) -> dict[str, str]:
        """What tells one row of the table from the others."""
        return {name: text_of(row[name]) for name in self.told_by}

    @cached_property
    def _many(self) -> set[tuple[str, ...]]:
        """The keys that more than one row has: nothing says which of them is meant."""
        counted = Counter(tuple(self.key_of(row).values()) for row in self.rows)
        return {key for key, count in counted.items() if count > 1}

    def opens(self, row: Mapping[str, Any], name: str) -> bool:
        """Whether rows stand behind a cell that says anything, and it is known which row is meant."""
        known = any(name in rows.figures for rows in self.behind) and stands_for_rows(row[name])
        return known and tuple(self.key_of(row).values()) not in self._many

    def look_behind(self, session: Session, key: Mapping[str, str], figure: str) -> tuple[Any, pd.DataFrame]:
        """The kind and the lines behind a figure of the row `key`, as `Rows.behind` has them.

        Raises `Refused` for a figure or a group there is not; of what does not open there are no lines.
        """
        if unknown := set(self.told_by) ^ set(key):
            raise Refused(_("This report has no group “%(name)s”.", name=min(unknown)[:40]))
        model, found = self.kind_of(figure), pd.DataFrame(columns=["id", "at", "worth"])
        if any(self.key_of(row) == key and self.opens(row, figure) for row in self.rows):
            for rows in (rows for rows in self.behind if figure in rows.figures):
                model, found = rows.model, rows.behind(session, key, figure)
                if len(found):
                    break
        return model, found

    def kind_of(self, figure: str) -> Any:
        """The kind whose records stand behind a figure. Raises `Refused` for a figure there is not."""
        model = next((rows.model for rows in self.behind if figure in rows.figures), None)
        if model is None:
            raise Refused(_("This report has no figure “%(name)s”.", name=figure[:40]))
        return model

    @property
    def spoken(self) -> Sequence[dict[str, Any]]:
        """The rows as people read them: labels in their language instead of stored words."""
        return self.rows.told(self.report.labels)


def parameters_of(session: Session, name: str, given: Mapping[str, Any]) -> dict[str, str]:
    """Those of the given texts a report takes as parameters, no empty ones. Raises `Refused` for wrong ones."""
    about = REPORTS[name]
    chosen = [*(about.groups if about.tallies else ()), *(one.name for one in about.parameters)]
    taken = {key: str(given[key]) for key in ("from", "to", "by", "of", *chosen) if given.get(key)}
    _options(about, taken)
    _asked(session, about, taken)
    period_of(taken)
    return taken


def ask(session: Session, name: str, given: Mapping[str, str | None]) -> Answer:
    """Run a report with parameters as text: `from`, `to`, `by` (names joined by commas), `of`, groups, and its own.

    Raises `Refused` for a report or parameter that does not exist.
    """
    about = REPORTS.get(name)
    if about is None:
        raise Refused(
            _("There is no report “%(name)s”. There are: %(names)s.", name=name[:40], names=", ".join(REPORTS))
        )
    given = {key: value for key, value in given.items() if value}
    period = period_of(given)
    options, asked = _options(about, given), _asked(session, about, given)
    own = {one.name: asked[one.name].value if one.name in asked else None for one in about.parameters}
    found = about.frame(session, *([] if about.timeless else [period]), **options, **own)
    found = found if isinstance(found, Counted) else Counted(found)
    table = found.table
    by = options.get("by", ())
    columns = [
        replace(column, total=False) if column.repeats_by in by else column
        for column in about.columns
        if column.name in table.columns
    ]
    chosen = options.pop("chosen", {})
    told = {name: choice.key for name, choice in asked.items()}
    parameters = {**options, **chosen, **told, "from": given.get("from"), "to": given.get("to")}
    return Answer(about, parameters, columns, TableRows(table, columns), chosen, found.rows, asked, found.notes)


def _asked(session: Session, about: Report, given: Mapping[str, Any]) -> dict[str, Choice]:
    """What was chosen of a report's own parameters, as whoever asks may see it."""
    return {one.name: one.meant(session, given[one.name]) for one in about.parameters if given.get(one.name)}


def _options(about: Report, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a report is asked for beside its period: `by`, `of` and chosen groups, where it knows them."""
    groups = set(about.groups) if about.tallies else set()
    own = {one.name for one in about.parameters}
    allowed = {*(["by"] if about.groups else []), *(["of"] if about.subjects else []), *groups, *own}
    allowed |= set() if about.timeless else {"from", "to"}
    if wrong := sorted(set(given) - allowed):
        raise Refused(_("This report has no parameter “%(name)s”.", name=wrong[0][:40]))
    options: dict[str, Any] = {"chosen": {key: given[key] for key in given if key in groups}} if about.tallies else {}
    if about.groups:
        by = [part.strip() for part in (given.get("by") or "").split(",") if part.strip()] or [about.groups[0]]
        if unknown := [part for part in by if part not in about.groups]:
            raise Refused(
                _(
                    "Cannot group by “%(name)s”; possible are: %(names)s.",
                    name=unknown[0][:40],
                    names=", ".join(about.groups),
                )
            )
        options["by"] = list(dict.fromkeys(by))
    if about.subjects:
        of = given.get("of") or next(iter(about.subjects))
        if of not in about.subjects:
            raise Refused(
                _(
                    "“%(name)s” cannot be counted here; possible are: %(names)s.",
                    name=of[:40],
                    names=", ".join(about.subjects),
                )
            )
        options["of"] = of
    return options


def json_value(value: Any) -> Any:
    """A cell as JSON has it: numbers as numbers, moments and days as ISO 8601."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, Few):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value
