"""Moments in files: what is worked out once an hour is what each moment would have given."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.moments import clock_texts

#: whole hours, half hours, quarters, a clock changed by an hour or by half of one, and a zone that skipped a day
ZONES = (
    "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns",
    "Pacific/Apia",
)  # fmt: skip


def plain(moment: datetime, zone: str) -> str:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize("zone", ZONES)
@given(st.lists(st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30)), min_size=1, max_size=20))
def test_the_text_of_a_moment_is_what_its_zone_says(zone, moments):
    texts, stored = clock_texts(ZoneInfo(zone)), [f"{moment:%Y-%m-%d %H:%M:%S.%f}" for moment in moments]
    wanted = [plain(moment, zone) for moment in moments]
    assert texts(stored) == texts(moments) == wanted
    assert texts([None, *stored, None]) == ["", *wanted, ""]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-04-04", "2026-10-03", "2026-11-01", "2011-12-30"])
def test_days_on_which_clocks_are_changed(zone, day):
    texts = clock_texts(ZoneInfo(zone))
    for hour in range(24):
        for minute in (0, 14, 29, 30, 31, 59):
            moment = datetime.fromisoformat(f"{day} {hour:02}:{minute:02}:07.250000")
            assert texts([f"{moment:%Y-%m-%d %H:%M:%S.%f}"]) == [plain(moment, zone)]
