"""A table of every kind of column, and texts that would like to be formulas, for the tests of Excel and CSV."""

import json
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy
import pandas
import pytest

from app.engine.columns import Column

SHANGHAI = ZoneInfo("Asia/Shanghai")
NAUGHTY = Path(__file__).parents[3] / "shared" / "data" / "naughty-strings"

PAYLOADS = [
    "=1+1", "+1+1", "-1+1", "@SUM(1,1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "   =1+1", "\u3000=1+1", "\xa0=1+1",
    "＝1+1", "＋1+1", "－1+1", "＠SUM(1,1)", " ＝1+1", "'=1+1", "''=1+1", "' =1+1", '"=1+1"', '"=1+1', "'", "''",
    "=cmd|' /C calc'!A0", "@SUM(1+9)*cmd|' /C calc'!A0", "+cmd|' /C calc'!A0", 'DDE ("cmd";"/C calc";"!A0")A0',
    '=HYPERLINK("http://127.0.0.1/?"&A1,"open")', "=IMPORTXML(\"http://127.0.0.1\",\"//a\")", "http://127.0.0.1/",
    "mailto:a@example.org", "internal:Sheet!A1", "external:c:\\temp", 'a,=1+1', 'a;=1+1', 'a\t=1+1', 'a\n=1+1',
    "a\r\n=1+1", "'quoted'", '","=1+1', "{=1+1}", "=-1", "-5", "-", "=", "+86 138 0013 8000", "1E5", "0071", "TRUE",
    "#REF!",
]  # fmt: skip

TEXT = Column("text", "Text", "text")
COLUMNS = [
    Column("no", "Number", "number_text"),
    Column("title", "标题", "text"),
    Column("copies", "Copies", "integer", total=True),
    Column("amount", "Amount", "money", unit="yuan", total=True),
    Column("share", "Share", "percent"),
    Column("took", "Took", "hours"),
    Column("received_on", "Received", "date"),
    Column("closed_at", "Closed", "moment"),
    Column("late", "Late", "bool"),
]
ROWS = [
    {
        "no": "0071", "title": "关于采购的通知", "copies": 3, "amount": Decimal("1234.50"), "share": 0.125,
        "took": 7.3333, "received_on": date(2026, 3, 2), "closed_at": datetime(2026, 3, 2, 18, 5, tzinfo=UTC),
        "late": True,
    },
    {
        "no": "收〔2026〕12号", "title": "Second", "copies": numpy.int64(4), "amount": Decimal("-0.75"), "share": 1,
        "took": 0, "received_on": pandas.Timestamp("2026-03-03"),
        "closed_at": pandas.Timestamp("2026-03-03 01:00", tz="UTC"), "late": numpy.bool_(False),
    },
]  # fmt: skip


def shared_payloads():
    """The texts handed over with the project, which lie beside the checkout and not in it."""
    if not NAUGHTY.exists():
        if os.environ.get("REQUIRE_SHARED") == "1":
            pytest.fail("REQUIRE_SHARED=1, but shared/data/naughty-strings is not beside the checkout")
        pytest.skip("shared/data/naughty-strings is not beside the checkout")
    strings = json.loads((NAUGHTY / "blns.json").read_text(encoding="utf-8"))
    return strings + (NAUGHTY / "csv-injection.txt").read_text(encoding="utf-8").splitlines()
