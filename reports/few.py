"""Figures on reports of wrongdoing: fewer than five would tell who it was (tickets-orders.md 6)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

FEWEST = 5
#: What a report of wrongdoing is called among the kinds of tickets.
SECRET = "report"


def without_few(table: pd.DataFrame, by: Sequence[str], count: str) -> pd.DataFrame:
    """`table` with the figures of a row on reports left empty where `count` of them are fewer than five."""
    if "kind" not in by:
        return table
    few = table["kind"].eq(SECRET) & (table[count] < FEWEST)
    if not few.any():
        return table
    figures = [name for name in table.columns if name not in by]
    return table.assign(**{name: table[name].astype(object).where(~few, None) for name in figures})
