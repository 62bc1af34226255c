"""The rows of a report's table against the plain way: cell by cell, all at once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.columns import Column
from app.engine.table_rows import STRETCH, TableRows

MOMENT = datetime(2026, 3, 1, 16, 0, 0, 5, tzinfo=UTC)
CELLS = {
    "word": st.sampled_from(["placed", "closed", "", "=1+1", "中文"]),
    "number": st.integers(-5, 5),
    "amount": st.decimals(-100, 100, places=2),
    "share": st.floats(-1, 1),
    "moment": st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    "day": st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    "truth": st.booleans(),
}
COLUMNS = [Column(name, name, "text") for name in CELLS]
ROWS = st.lists(st.tuples(*(st.none() | cells for cells in CELLS.values())), max_size=12)


def told(cells: list[tuple[object, ...]]) -> list[dict[str, object]]:
    return [dict(zip(CELLS, row, strict=True)) for row in cells]


@given(ROWS)
def test_rows_are_what_the_table_was_made_of(cells):
    rows = TableRows(pd.DataFrame(cells, columns=list(CELLS)), COLUMNS)
    assert len(rows) == len(cells)
    assert list(rows) == told(cells)
    assert rows == told(cells)
    assert [rows[index] for index in range(-len(cells), len(cells))] == told(cells) * 2
    assert rows[1:-1] == told(cells)[1:-1]
    for row in rows:  # neither numpy's nor pandas' types reach JSON, a workbook, or a page
        assert {type(cell).__module__ for cell in row.values()} <= {"builtins", "datetime", "decimal"}


def test_what_numpy_and_pandas_say_is_said_in_python():
    table = pd.DataFrame({
        "word": pd.Series([np.int64(3), pd.NA, np.nan], dtype=object),
        "number": pd.Series([1, None, 2], dtype="Int64"),
        "moment": pd.to_datetime([MOMENT, None, MOMENT], utc=True).as_unit("us"),
        "amount": pd.Series([Decimal("1.50"), None, pd.NaT], dtype=object),
    })  # fmt: skip
    rows = list(TableRows(table, [Column(name, name, "text") for name in table]))
    assert rows == [
        {"word": 3, "number": 1, "moment": MOMENT, "amount": Decimal("1.50")},
        {"word": None, "number": None, "moment": None, "amount": None},
        {"word": None, "number": 2, "moment": MOMENT, "amount": None},
    ]
    assert type(rows[0]["word"]) is int and type(rows[2]["moment"]) is datetime


def test_only_the_columns_of_the_report_are_there_and_in_its_order():
    table = pd.DataFrame({"hidden": [1], "number": [2], "word": ["x"]})
    rows = TableRows(table, [Column("word", "word", "text"), Column("number", "number", "integer")])
    assert [*rows[0].items()] == [("word", "x"), ("number", 2)]


def test_stored_words_are_told_in_the_readers_and_unknown_ones_stay():
    rows = TableRows(pd.DataFrame({"word": ["placed", "", "odd", None]}), [Column("word", "word", "text")])
    spoken = rows.told({"word": {"placed": "Placed", "": "None given", "unused": "!"}})
    assert [row["word"] for row in spoken] == ["Placed", "None given", "odd", None]
    assert [row["word"] for row in spoken[:1]] == ["Placed"]
    assert [row["word"] for row in rows] == ["placed", "", "odd", None]


def test_more_rows_than_one_stretch_come_in_their_order():
    rows = TableRows(pd.DataFrame({"number": range(2 * STRETCH + 3)}), [Column("number", "number", "integer")])
    assert [row["number"] for row in rows] == list(range(2 * STRETCH + 3))
    assert rows[STRETCH]["number"] == STRETCH


def test_there_is_no_row_behind_the_last():
    rows = TableRows(pd.DataFrame({"number": [1]}), [Column("number", "number", "integer")])
    with pytest.raises(IndexError):
        rows[1]
    assert rows != [{"number": 2}] and rows != []
