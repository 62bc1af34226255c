"""The rows of a report's table, as mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, overload

import pandas as pd

from app.engine.columns import Column

#: rows that are put together at once, column by column
STRETCH = 5_000
_PLAIN = {str, int, float, bool, type(None), Decimal, date, datetime}


class TableRows(Sequence[dict[str, Any]]):
    """The rows of a table by the names of their columns, each put together when it is looked at.

    All of a register's at once would take ten times the memory of its table. `labels` are the words for what stands in
    a column, by column.
    """

    def __init__(
        self, table: pd.DataFrame, columns: Sequence[Column], labels: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self._table = table[[column.name for column in columns]]
        self._columns = columns
        self._labels = labels or {}

    def told(self, labels: Mapping[str, Mapping[str, Any]]) -> TableRows:
        """The same rows with words people read instead of stored ones."""
        return TableRows(self._table, self._columns, labels)

    def __len__(self) -> int:
        return len(self._table)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        names = [column.name for column in self._columns]
        for start in range(0, len(self), STRETCH):
            part = self._table.iloc[start : start + STRETCH]
            for cells in zip(*(self._cells(name, part[name]) for name in names), strict=True):
                yield dict(zip(names, cells, strict=True))

    def _cells(self, name: str, column: pd.Series) -> list[Any]:
        """A stretch of a column: None for what is missing, Python's numbers and moments, words for what has them."""
        cells = list(column.dt.to_pydatetime()) if column.dtype.kind == "M" else column.tolist()
        if (missing := column.isna()).any():
            cells = [None if gone else cell for gone, cell in zip(missing, cells, strict=True)]
        if not {*map(type, cells)} <= _PLAIN:
            cells = [_plain(cell) for cell in cells]
        if labels := self._labels.get(name):
            words = {key: str(labels[key]) for key in {*cells} & {*labels}}
            cells = [words.get(cell, cell) for cell in cells]
        return cells

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> TableRows: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | TableRows:
        if isinstance(index, slice):
            return TableRows(self._table.iloc[index], self._columns, self._labels)
        index = range(len(self))[index]
        return next(iter(self[index : index + 1]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(dict.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value
