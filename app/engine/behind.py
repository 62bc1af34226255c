"""All that a report which counts in its own way was summed up from, a line at a time.

A line stands here for every figure it adds to, and for those only that open: what a report leaves empty on purpose is
not found among its lines either.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.engine.frames import Rows, text_of
from app.engine.report_answers import Answer

#: Lines fetched at a time.
STRIDE = 500
Key = tuple[str, ...]


class Line(NamedTuple):
    """A record, the group and the moment it counts by, what it adds to each figure, and what it measures itself."""

    key: Key
    id: int
    at: Any
    worth: dict[str, Any]
    measured: dict[str, Any]


@dataclass
class Behind:
    """The lines of an answer, those of one kind after the other; to be gone through once, in their order."""

    session: Session
    answer: Answer
    _open: dict[Key, set[str]] = field(init=False)
    #: which `Rows` a cell has been answered by: the first that has any lines
    _by: dict[tuple[Key, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = {name for rows in self.answer.behind for name in rows.figures}
        self._open = {}
        for row in self.answer.rows:
            opens = {name for name in names & row.keys() if self.answer.opens(row, name)}
            self._open[tuple(self.answer.key_of(row).values())] = opens

    def kinds(self) -> Iterator[tuple[Any, list[str], Iterator[Line]]]:
        """Each kind with the figures its records add to, and the lines."""
        numbered = enumerate(self.answer.behind)
        for model, group in groupby(numbered, key=lambda one: one[1].model):
            each = list(group)
            figures = list(dict.fromkeys(name for _number, rows in each for name in rows.figures))
            yield model, figures, (line for number, rows in each for line in self._lines(number, rows))

    def _lines(self, number: int, rows: Rows) -> Iterator[Line]:
        counted: set[tuple[Key, str, int]] = set()
        for told in _told(self.session, rows):
            key = tuple(text_of(told[name]) for name in self.answer.told_by)
            worth = {}
            for figure in rows.figures.keys() & self._open.get(key, set()):
                adds = _worth(told, rows.figures[figure])
                once = (key, figure, told["id"])
                if adds is None or once in counted or self._by.setdefault((key, figure), number) != number:
                    continue
                if figure in rows.once:
                    counted.add(once)
                worth[figure] = adds
            if worth:
                measured = {column.name: _known(told[column.name]) for column in rows.measures}
                yield Line(key, int(told["id"]), _known(told.get("at")), worth, measured)


def all_behind(session: Session, answer: Answer, figure: str) -> tuple[Any, pd.DataFrame]:
    """The lines behind a figure in all groups, as `Answer.look_behind` has them for one: of the first kind with any.

    Raises `Refused` for a figure there is not.
    """
    model, found = answer.kind_of(figure), list[tuple[int, Any, Any]]()
    for kind, figures, lines in Behind(session, answer).kinds():
        if figure in figures and not found:
            model = kind
            found = [(line.id, line.at, line.worth[figure]) for line in lines if figure in line.worth]
        else:
            deque(lines, maxlen=0)  # what answers a cell first is known only of lines that were gone through
    return model, pd.DataFrame(found, columns=["id", "at", "worth"], dtype=object)


def _known(value: Any) -> Any:
    return None if pd.isna(value) else value


def _worth(told: Mapping[str, Any], name: str) -> Any:
    """What a line adds: one, what it says, or nothing."""
    value = told[name] if name else 1
    return value * 1 if not pd.isna(value) and value != 0 else None


def _told(session: Session, rows: Rows) -> Iterator[Mapping[str, Any]]:
    """The lines by their columns, in the order of their records."""
    if not isinstance(rows.lines, Select):
        names = list(rows.lines.columns)
        for values in rows.lines.sort_values("id", kind="stable").itertuples(index=False, name=None):
            yield dict(zip(names, values, strict=True))
        return
    lines = rows.lines.order_by(None).subquery()
    query = select(lines).order_by(lines.c.id, *([lines.c["at"]] if "at" in lines.c else []))
    with session.execute(query.execution_options(yield_per=STRIDE)) as found:
        for told in found.mappings():
            yield dict(told)
