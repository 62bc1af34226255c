"""Offices whose hours the tests of calendar, limits and readings count in."""

from datetime import time

import pytest

from app.engine.calendar import WorkingCalendar
from tests.engine.calendars import OFFICE_WEEK, chinese


@pytest.fixture
def office():
    """Monday to Friday, 09:00-12:00 and 13:30-18:00, no days off."""
    return WorkingCalendar(windows=OFFICE_WEEK)


@pytest.fixture
def nine_to_five():
    return WorkingCalendar(windows=dict.fromkeys(range(5), ((time(9), time(17)),)))


@pytest.fixture
def hotline():
    return WorkingCalendar.round_the_clock()


@pytest.fixture(scope="module")
def china():
    return chinese(2025, 2026)
