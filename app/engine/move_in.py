"""Moving in: the tables of a whole old house, or the sheets of its order book, taken in as one.

A plan in YAML says in which order: `tables`, a list of `kind`, `table` (of an Access file, or a sheet) and `map`, and
`create_missing`. All of it comes in, or nothing; all of it is one import, to be undone as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.engine import record as records
from app.engine.column_maps import ColumnMap
from app.engine.import_runs import ImportRun
from app.engine.refusals import Refused
from app.engine.tables import Book
from app.engine.transfer import Outcome, import_rows


@dataclass(frozen=True)
class Part:
    """One table of a plan."""

    kind: str
    table: str | None
    mapping: ColumnMap


@dataclass(frozen=True)
class Plan:
    """What comes in, in this order: what is referred to first."""

    parts: list[Part]
    create_missing: bool = False

    @classmethod
    def load(cls, path: str) -> Plan:
        """Raises `Refused` for a file that is no plan."""
        try:
            raw = yaml.safe_load(Path(path).read_text("utf-8"))
            if not isinstance(raw, dict) or set(raw) - {"tables", "create_missing"}:
                raise TypeError
            parts = [_part(**entry) for entry in raw["tables"]]
        except (yaml.YAMLError, OSError, UnicodeDecodeError, TypeError, KeyError):
            raise Refused(
                _("The plan needs `tables`, a list of `kind`, `table` and `map`, and at most `create_missing`.")
            ) from None
        return cls(parts, bool(raw.get("create_missing")))


def _part(kind: str, table: str | None = None, map: Any = None) -> Part:
    if kind not in records.kinds():
        raise Refused(_("There are no records “%(kind)s”.", kind=str(kind)[:40]))
    return Part(kind, None if table is None else str(table), ColumnMap.read(map))


@dataclass(frozen=True)
class MovedIn:
    """What became of a plan: an outcome a table, in its order, up to the first with faults."""

    outcomes: list[tuple[Part, Outcome]]

    @property
    def refused(self) -> Outcome | None:
        last = self.outcomes[-1][1] if self.outcomes else None
        return last if last is not None and last.faults else None

    @property
    def imported(self) -> int:
        return 0 if self.refused else sum(outcome.imported for _part, outcome in self.outcomes)


def move_in(session: Session, book: Book, plan: Plan, *, source: str, suggest: bool = False) -> MovedIn:
    """Take in the tables of `book` by the plan, or nothing. The caller commits.

    It ends at the first table with faults: what refers to its rows could not be judged.
    """
    outcomes: list[tuple[Part, Outcome]] = []
    run: ImportRun | None = None
    for part in plan.parts:
        model = records.kinds()[part.kind]
        headings, rows = book.read(part.table)
        outcome = import_rows(
            session, model, headings, rows, part.mapping,
            create_missing=plan.create_missing, source=source, run=run, suggest=suggest,
        )  # fmt: skip
        outcome.table = part.table or ""
        outcomes.append((part, outcome))
        if outcome.faults:
            break
        run = outcome.run or run
    return MovedIn(outcomes)
