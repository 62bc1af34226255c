"""Working time, limits and clocks, from tickets-orders.md §4 (vectors V1 to V10) and documents.md §5."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from time import perf_counter
from zoneinfo import ZoneInfo

import chinese_calendar
import holidays
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.engine import moments
from app.engine.calendar import FIRST_YEAR, LAST_YEAR, CalendarRefused, Segment, Unit, WorkingCalendar

MORNING, AFTERNOON = (time(9), time(12)), (time(13, 30), time(18))
OFFICE_WEEK = dict.fromkeys(range(5), (MORNING, AFTERNOON))
MINUTES, ELAPSED = Unit.WORKING_MINUTES, Unit.ELAPSED_HOURS


def at(text, zone="Asia/Shanghai"):
    """`2026-03-02 09:00[:30]` on the office's clock, as a moment."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def clock(moment, zone="Asia/Shanghai"):
    """A moment as the office reads it: `Mon 2026-03-02 09:00:00`."""
    return f"{moment.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M:%S}"


def running(since, until=None):
    return Segment(at(since), until and at(until), "running")


def paused(since, until=None):
    return Segment(at(since), until and at(until), "paused")


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


def chinese(*years):
    """The office with the State Council's plans of these years."""
    return WorkingCalendar(
        windows=OFFICE_WEEK,
        off_days=[day for day in chinese_calendar.holidays if day.year in years],
        make_up_days=[day for day in chinese_calendar.workdays if day.year in years],
        known_years=years,
    )


@pytest.fixture(scope="module")
def china():
    return chinese(2025, 2026)


# Vectors of tickets-orders.md §4.5


@pytest.mark.parametrize(
    "start, minutes, due",
    [
        pytest.param("2026-03-06 17:00", 240, "Mon 2026-03-09 12:00:00", id="V1 over the weekend"),
        pytest.param("2026-03-02 12:30", 60, "Mon 2026-03-02 14:30:00", id="V2 from lunch"),
        pytest.param("2026-03-02 08:00", 450, "Mon 2026-03-02 18:00:00", id="V3 before opening, a whole day"),
    ],
)
def test_working_minutes_fall_due(office, start, minutes, due):
    reckoning = office.due(at(start), minutes, MINUTES)
    assert clock(reckoning.due_at) == due


def test_v4_a_pause_over_lunch_gives_only_its_working_part(office):
    pauses = [running("2026-03-02 09:00", "2026-03-02 10:00"), paused("2026-03-02 10:00", "2026-03-02 14:00")]
    segments = [*pauses, running("2026-03-02 14:00")]
    reading = office.read_clock(at("2026-03-02 09:00"), 240, MINUTES, segments, at("2026-03-02 14:00"))
    assert clock(reading.due_at) == "Mon 2026-03-02 17:00:00"


def test_v5_a_limit_used_up_before_a_pause_is_not_shifted_by_it(nine_to_five):
    segments = [
        running("2026-03-02 09:00", "2026-03-02 17:00"),
        paused("2026-03-02 17:00", "2026-03-03 09:00"),
        running("2026-03-03 09:00"),
    ]
    reading = nine_to_five.read_clock(at("2026-03-02 09:00"), 480, MINUTES, segments, at("2026-03-03 09:00"))
    assert clock(reading.due_at) == "Mon 2026-03-02 17:00:00"


def test_v6_a_holiday_is_skipped():
    office = WorkingCalendar(windows=OFFICE_WEEK, off_days=[date(2026, 3, 3)])
    reckoning = office.due(at("2026-03-02 17:00"), 120, MINUTES)
    assert clock(reckoning.due_at) == "Wed 2026-03-04 10:00:00"


def test_v7_working_time_over_a_weekend(office):
    assert office.working_seconds(at("2026-03-06 17:00"), at("2026-03-09 10:00")) == 120 * 60


def test_v8_closed_time_is_not_used(office):
    segments = [running("2026-03-02 09:00", "2026-03-02 11:00"), running("2026-03-03 10:00", "2026-03-03 11:00")]
    reading = office.read_clock(at("2026-03-02 09:00"), 480, MINUTES, segments, at("2026-03-04 09:00"))
    assert (reading.used, reading.used_seconds) == (180, 180 * 60)


@pytest.mark.parametrize(
    "hours, due",
    [
        pytest.param(22, "Sat 2026-02-28 14:00:00", id="V9 the unit on a call for help"),
        pytest.param(24, "Sat 2026-02-28 16:00:00", id="V9 the caller who asked for help"),
        pytest.param(4, "Fri 2026-02-27 20:00:00", id="V10 the front desk on a question"),
        pytest.param(48, "Sun 2026-03-01 16:00:00", id="V10 the caller who asked a question"),
    ],
)
@pytest.mark.parametrize("unit", [Unit.ELAPSED_HOURS, Unit.WORKING_HOURS])
def test_a_hotline_counts_round_the_clock(hotline, unit, hours, due):
    assert clock(hotline.due(at("2026-02-27 16:00"), hours, unit).due_at) == due


# The cases listed under the vectors


@pytest.mark.parametrize("unit", [Unit.ELAPSED_MINUTES, Unit.WORKING_MINUTES])
@pytest.mark.parametrize(
    "start, due",
    [
        pytest.param("2026-03-02 10:00", "Mon 2026-03-02 10:00:00", id="at work"),
        pytest.param("2026-03-02 18:00", "Mon 2026-03-02 18:00:00", id="at closing time"),
        pytest.param("2026-03-07 10:00", "Mon 2026-03-09 09:00:00", id="at the weekend"),
    ],
)
def test_a_limit_of_zero_is_due_as_soon_as_somebody_is_at_work(office, unit, start, due):
    assert clock(office.due(at(start), 0, unit).due_at) == due


@pytest.mark.parametrize("unit", [Unit.CALENDAR_DAYS, Unit.WORKING_DAYS])
@pytest.mark.parametrize(
    "start, due",
    [
        pytest.param("2026-03-02 10:00", "Mon 2026-03-02 18:00:00", id="at work"),
        pytest.param("2026-03-02 19:00", "Tue 2026-03-03 18:00:00", id="after closing time"),
        pytest.param("2026-03-07 10:00", "Mon 2026-03-09 18:00:00", id="at the weekend"),
    ],
)
def test_a_limit_of_no_days_ends_with_the_day(office, unit, start, due):
    assert clock(office.due(at(start), 0, unit).due_at) == due


def test_a_clock_with_no_time_at_all_is_fully_used(office):
    reading = office.read_clock(at("2026-03-02 10:00"), 0, MINUTES, [], at("2026-03-02 10:00"))
    assert (reading.share, reading.missed) == (1.0, False)


def test_a_pause_inside_lunch_adds_nothing(office):
    segments = [
        running("2026-03-02 09:00", "2026-03-02 12:10"),
        paused("2026-03-02 12:10", "2026-03-02 13:20"),
        running("2026-03-02 13:20"),
    ]
    reading = office.read_clock(at("2026-03-02 09:00"), 240, MINUTES, segments, at("2026-03-02 13:20"))
    assert reading.due_at == office.due(at("2026-03-02 09:00"), 240, MINUTES).due_at == at("2026-03-02 14:30")


def test_two_touching_pauses_count_as_one(office):
    segments = [
        running("2026-03-02 09:00", "2026-03-02 10:00"),
        paused("2026-03-02 10:00", "2026-03-02 11:00"),
        paused("2026-03-02 11:00", "2026-03-02 14:00"),
        running("2026-03-02 14:00"),
    ]
    reading = office.read_clock(at("2026-03-02 09:00"), 240, MINUTES, segments, at("2026-03-02 14:00"))
    assert clock(reading.due_at) == "Mon 2026-03-02 17:00:00"


def test_an_open_pause_is_read_as_if_it_ended_now(office):
    segments = [running("2026-03-02 09:00", "2026-03-02 10:00"), paused("2026-03-02 10:00")]
    reading = office.read_clock(at("2026-03-02 09:00"), 240, MINUTES, segments, at("2026-03-03 09:00"))
    assert (reading.paused, reading.used, reading.remaining) == (True, 60, 180)
    assert clock(reading.due_at) == "Tue 2026-03-03 12:00:00"
    assert not reading.missed


def test_a_day_off_decreed_meanwhile_moves_the_end_and_not_the_past(office):
    edited = WorkingCalendar(windows=OFFICE_WEEK, off_days=[date(2026, 3, 3)])
    clock_row = (at("2026-03-02 17:00"), 120, MINUTES, [running("2026-03-02 17:00")], at("2026-03-02 17:30"))
    before, after = office.read_clock(*clock_row), edited.read_clock(*clock_row)
    assert (clock(before.due_at), clock(after.due_at)) == ("Tue 2026-03-03 10:00:00", "Wed 2026-03-04 10:00:00")
    assert before.used == after.used == 30


def test_pauses_taken_before_the_calendar_was_edited_still_count():
    edited = WorkingCalendar(windows=OFFICE_WEEK, off_days=[date(2026, 3, 4)])
    segments = [
        running("2026-03-02 17:00", "2026-03-02 17:30"),
        paused("2026-03-02 17:30", "2026-03-03 17:30"),
        running("2026-03-03 17:30"),
    ]
    reading = edited.read_clock(at("2026-03-02 17:00"), 120, MINUTES, segments, at("2026-03-03 17:45"))
    assert clock(reading.due_at) == "Thu 2026-03-05 10:00:00"


def test_a_make_up_saturday_counts_like_a_weekday(china):
    reckoning = china.due(at("2026-02-27 17:00"), 120, MINUTES)
    assert clock(reckoning.due_at) == "Sat 2026-02-28 10:00:00"
    assert (reckoning.made_up, reckoning.skipped) == ((date(2026, 2, 28),), ())


def test_a_limit_may_end_exactly_at_closing_time(office):
    assert clock(office.due(at("2026-03-02 17:00"), 60, MINUTES).due_at) == "Mon 2026-03-02 18:00:00"


def test_a_limit_may_end_exactly_at_lunch(office):
    assert clock(office.due(at("2026-03-02 11:00"), 60, MINUTES).due_at) == "Mon 2026-03-02 12:00:00"


def test_a_limit_begun_at_closing_time_counts_from_the_next_opening(office):
    reckoning = office.due(at("2026-03-02 18:00"), 60, MINUTES)
    assert (clock(reckoning.counted_from), clock(reckoning.due_at)) == (
        "Tue 2026-03-03 09:00:00",
        "Tue 2026-03-03 10:00:00",
    )


def test_pauses_of_seconds_are_counted_in_seconds(office):
    segments = [
        running("2026-03-02 09:00:00", "2026-03-02 09:10:05"),
        paused("2026-03-02 09:10:05", "2026-03-02 09:10:42"),
        running("2026-03-02 09:10:42", "2026-03-02 09:20:00"),
        paused("2026-03-02 09:20:00", "2026-03-02 09:20:13"),
        running("2026-03-02 09:20:13"),
    ]
    reading = office.read_clock(at("2026-03-02 09:00"), 60, MINUTES, segments, at("2026-03-02 09:20:13"))
    assert clock(reading.due_at) == "Mon 2026-03-02 10:00:50"
    assert reading.used_seconds == 1163.0


# Summer time


def shift(zone):
    return WorkingCalendar(zone, windows=dict.fromkeys(range(7), ((time(), time(6)),)))


@pytest.mark.parametrize(
    "zone, day, hours",
    [
        pytest.param("America/New_York", date(2026, 3, 7), 6, id="a Saturday"),
        pytest.param("America/New_York", date(2026, 3, 8), 5, id="spring in New York"),
        pytest.param("America/New_York", date(2026, 11, 1), 7, id="autumn in New York"),
        pytest.param("Europe/Berlin", date(2026, 3, 29), 5, id="spring in Berlin"),
        pytest.param("Europe/Berlin", date(2026, 10, 25), 7, id="autumn in Berlin"),
        pytest.param("Asia/Shanghai", date(1986, 5, 4), 5, id="spring in China, 1986"),
        pytest.param("Asia/Shanghai", date(1986, 9, 14), 7, id="autumn in China, 1986"),
        pytest.param("America/Sao_Paulo", date(2018, 11, 4), 5, id="midnight left out"),
    ],
)
def test_a_night_shift_lasts_as_long_as_it_was_worked(zone, day, hours):
    calendar = shift(zone)
    assert calendar.working_seconds(calendar.opening(day), calendar.closing(day)) == hours * 3600


def test_office_hours_keep_to_the_wall_clock_over_the_change():
    office = WorkingCalendar("America/New_York", windows=OFFICE_WEEK)
    reckoning = office.due(at("2026-03-06 17:00", "America/New_York"), 2, Unit.WORKING_HOURS)
    assert clock(reckoning.due_at, "America/New_York") == "Mon 2026-03-09 10:00:00"
    assert reckoning.due_at - reckoning.start == timedelta(hours=64)


def test_elapsed_hours_are_real_hours_over_the_change():
    berlin = WorkingCalendar.round_the_clock("Europe/Berlin")
    due = berlin.due(at("2026-03-28 12:00", "Europe/Berlin"), 24, ELAPSED).due_at
    assert clock(due, "Europe/Berlin") == "Sun 2026-03-29 13:00:00"


def test_a_window_begun_in_the_hour_left_out_opens_at_the_change():
    calendar = WorkingCalendar("America/New_York", windows={6: ((time(2, 30), time(6)),)})
    assert clock(calendar.opening(date(2026, 3, 8)), "America/New_York") == "Sun 2026-03-08 03:00:00"


def test_a_window_inside_the_hour_left_out_does_not_happen():
    calendar = WorkingCalendar("America/New_York", windows={6: ((time(2, 15), time(2, 45)),)})
    start, end = at("2026-03-07 00:00", "America/New_York"), at("2026-03-09 00:00", "America/New_York")
    assert calendar.working_seconds(start, end) == 0


def test_windows_that_touch_in_the_doubled_hour_count_it_once():
    calendar = WorkingCalendar("America/New_York", windows={6: ((time(), time(1, 30)), (time(1, 30), time(3)))})
    start, end = at("2026-11-01 00:00", "America/New_York"), at("2026-11-01 03:00", "America/New_York")
    assert calendar.working_seconds(start, end) == 4 * 3600


def test_the_day_samoa_left_out_has_no_hours():
    apia = WorkingCalendar("Pacific/Apia", windows=OFFICE_WEEK)
    start, end = at("2011-12-29 18:00", "Pacific/Apia"), at("2011-12-31 09:00", "Pacific/Apia")
    assert apia.working_seconds(start, end) == 0


# The counting table of documents.md §5.2


def test_24_hours_from_friday_17_20_end_in_mondays_first_minute(office):
    reckoning = office.due(at("2026-03-06 17:20"), 24, ELAPSED)
    assert clock(reckoning.due_at) == "Mon 2026-03-09 09:00:00"
    assert clock(reckoning.moved_from) == "Sat 2026-03-07 17:20:00"
    assert reckoning.skipped == (date(2026, 3, 7), date(2026, 3, 8))
    assert (reckoning.start, reckoning.amount, reckoning.unit) == (at("2026-03-06 17:20"), 24, ELAPSED)
    assert reckoning.due_on == date(2026, 3, 9)


def test_24_hours_from_friday_17_20_end_on_the_make_up_saturday_itself(china):
    reckoning = china.due(at("2026-02-27 17:20"), 24, ELAPSED)
    assert (clock(reckoning.due_at), reckoning.moved_from) == ("Sat 2026-02-28 17:20:00", None)
    assert reckoning.made_up == (date(2026, 2, 28),)


def test_elapsed_hours_stay_at_the_weekend_when_the_move_is_switched_off(office):
    reckoning = office.due(at("2026-03-06 17:20"), 24, ELAPSED, move_to_working=False)
    assert (clock(reckoning.due_at), reckoning.moved_from) == ("Sat 2026-03-07 17:20:00", None)


@pytest.mark.parametrize(
    "start, due",
    [
        pytest.param("2026-03-02 12:40", "Tue 2026-03-03 13:30:00", id="in lunch"),
        pytest.param("2026-03-02 20:00", "Wed 2026-03-04 09:00:00", id="in the evening"),
        pytest.param("2026-03-02 18:00", "Tue 2026-03-03 18:00:00", id="at closing time, which stands"),
        pytest.param("2026-03-02 10:00", "Tue 2026-03-03 10:00:00", id="at work"),
    ],
)
def test_24_hours_end_in_working_time(office, start, due):
    assert clock(office.due(at(start), 24, ELAPSED).due_at) == due


def test_elapsed_minutes_move_to_the_next_working_minute(office):
    assert clock(office.due(at("2026-03-06 17:50"), 15, Unit.ELAPSED_MINUTES).due_at) == "Mon 2026-03-09 09:00:00"


def test_working_hours_are_counted_inside_the_day_parts(office):
    reckoning = office.due(at("2026-03-05 16:00"), 24, Unit.WORKING_HOURS)
    assert clock(reckoning.due_at) == "Tue 2026-03-10 17:30:00"
    assert reckoning.skipped == (date(2026, 3, 7), date(2026, 3, 8))


def test_half_a_working_hour_may_be_a_limit(office):
    assert clock(office.due(at("2026-03-02 17:45"), Decimal("0.5"), "working_hours").due_at) == (
        "Tue 2026-03-03 09:15:00"
    )


def test_one_week_leaves_out_the_day_of_start_and_ends_at_close_of_work(office):
    reckoning = office.due(at("2026-03-02 10:00"), 7, Unit.CALENDAR_DAYS)
    assert (clock(reckoning.due_at), reckoning.moved_from) == ("Mon 2026-03-09 18:00:00", None)
    assert reckoning.skipped == ()


def test_ten_days_that_end_on_a_day_off_end_on_the_next_working_day(office):
    reckoning = office.due(at("2026-03-04 10:00"), 10, Unit.CALENDAR_DAYS)
    assert clock(reckoning.due_at) == "Mon 2026-03-16 18:00:00"
    assert clock(reckoning.moved_from) == "Sat 2026-03-14 18:00:00"
    assert reckoning.skipped == (date(2026, 3, 14), date(2026, 3, 15))


def test_one_week_into_the_spring_festival_ends_after_it(china):
    reckoning = china.due(at("2026-02-11 10:00"), 7, Unit.CALENDAR_DAYS)
    assert clock(reckoning.due_at) == "Tue 2026-02-24 18:00:00"
    assert (reckoning.skipped[0], reckoning.skipped[-1]) == (date(2026, 2, 18), date(2026, 2, 23))


def test_calendar_days_of_a_hotline_end_at_midnight_of_the_last(hotline):
    reckoning = hotline.due(at("2026-03-02 10:00"), 7, Unit.CALENDAR_DAYS)
    assert (clock(reckoning.due_at), reckoning.due_on) == ("Tue 2026-03-10 00:00:00", date(2026, 3, 9))


def test_midnight_of_new_year_still_closes_the_old_year(hotline):
    reckoning = hotline.due(at("2025-12-30 10:00"), 1, Unit.CALENDAR_DAYS)
    assert (clock(reckoning.due_at), reckoning.due_on) == ("Thu 2026-01-01 00:00:00", date(2025, 12, 31))


@pytest.mark.parametrize(
    "start, days, due",
    [
        pytest.param("2026-03-02 10:00", 1, "Tue 2026-03-03 18:00:00", id="特急"),
        pytest.param("2026-03-02 10:00", 3, "Thu 2026-03-05 18:00:00", id="加急"),
        pytest.param("2026-03-02 10:00", 5, "Mon 2026-03-09 18:00:00", id="ordinary, over a weekend"),
        pytest.param("2026-03-07 10:00", 1, "Mon 2026-03-09 18:00:00", id="received on a Saturday"),
        pytest.param("2026-03-06 19:00", 1, "Mon 2026-03-09 18:00:00", id="received after closing time"),
        pytest.param("2026-02-27 10:00", 1, "Sat 2026-02-28 18:00:00", id="a make-up Saturday"),
        pytest.param("2026-09-30 10:00", 3, "Sat 2026-10-10 18:00:00", id="over 国庆节 to a make-up Saturday"),
    ],
)
def test_working_days_end_at_close_of_work(china, start, days, due):
    assert clock(china.due(at(start), days, Unit.WORKING_DAYS).due_at) == due


def test_the_sum_of_working_days_names_what_was_skipped_and_made_up(china):
    reckoning = china.due(at("2026-09-30 10:00"), 3, Unit.WORKING_DAYS)
    assert reckoning.skipped == tuple(date(2026, 10, day) for day in range(1, 8))
    assert reckoning.made_up == (date(2026, 10, 10),)


def test_a_fixed_moment_at_work_stands(office):
    reckoning = office.fixed(at("2026-03-02 10:00"), at("2026-03-04 15:00"))
    assert (clock(reckoning.due_at), reckoning.outside_hours) == ("Wed 2026-03-04 15:00:00", False)


def test_a_fixed_moment_on_a_day_off_stands_with_a_warning(office):
    reckoning = office.fixed(at("2026-03-02 10:00"), at("2026-03-07 15:00"))
    assert (clock(reckoning.due_at), reckoning.outside_hours) == ("Sat 2026-03-07 15:00:00", True)
    assert (reckoning.unit, reckoning.moved_from) == (Unit.FIXED_MOMENT, None)


@pytest.mark.parametrize(
    "start, due",
    [
        pytest.param("2026-03-02 09:20", "Mon 2026-03-02 12:00:00", id="morning"),
        pytest.param("2026-03-02 14:00", "Mon 2026-03-02 18:00:00", id="afternoon"),
        pytest.param("2026-03-02 12:00", "Mon 2026-03-02 18:00:00", id="in lunch"),
        pytest.param("2026-03-06 18:30", "Mon 2026-03-09 12:00:00", id="Friday evening"),
    ],
)
def test_a_paper_urgent_on_arrival_is_due_within_the_half_day(office, start, due):
    assert clock(office.due(at(start), 0, Unit.ON_ARRIVAL).due_at) == due


def test_an_extension_is_counted_from_the_old_limit(office):
    limit = office.due(at("2026-03-02 10:00"), 5, Unit.WORKING_DAYS)
    extended = office.due(limit.due_at, 3, Unit.WORKING_DAYS)
    assert clock(extended.due_at) == "Thu 2026-03-12 18:00:00"


# China's days off and on (documents.md §5.1)


@pytest.mark.parametrize(
    "day",
    [
        date(2025, 1, 26), date(2025, 2, 8), date(2025, 4, 27), date(2025, 9, 28), date(2025, 10, 11),
        date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10),
    ],
    ids=str,
)  # fmt: skip
def test_a_make_up_day_is_worked_in_ordinary_hours(china, day):
    assert (day.weekday() >= 5, china.windows_on(day)) == (True, (MORNING, AFTERNOON))


def test_these_are_all_the_make_up_days(china):
    assert len(china.make_up_days) == 11


@pytest.mark.parametrize(
    "first, last, back",
    [
        pytest.param(date(2026, 1, 1), date(2026, 1, 3), date(2026, 1, 4), id="元旦, back on a Sunday"),
        pytest.param(date(2026, 2, 15), date(2026, 2, 23), date(2026, 2, 24), id="春节"),
        pytest.param(date(2026, 4, 4), date(2026, 4, 6), date(2026, 4, 7), id="清明节"),
        pytest.param(date(2026, 5, 1), date(2026, 5, 5), date(2026, 5, 6), id="劳动节"),
        pytest.param(date(2026, 6, 19), date(2026, 6, 21), date(2026, 6, 22), id="端午节"),
        pytest.param(date(2026, 9, 25), date(2026, 9, 27), date(2026, 9, 28), id="中秋节"),
        pytest.param(date(2026, 10, 1), date(2026, 10, 7), date(2026, 10, 8), id="国庆节"),
    ],
)
def test_a_holiday_of_2026_is_off_from_the_first_day_to_the_last(china, first, last, back):
    assert len(china.days_off(first, back)) == (last - first).days + 1
    assert china.working_days(first, 0) == back


@pytest.mark.parametrize("year, days", [(2025, 248), (2026, 248)])
def test_another_package_counts_the_same_working_days(china, year, days):
    other = holidays.country_holidays("CN", years=year)
    calendar = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    worked = [day for day in calendar if china.is_working_day(day)]
    assert worked == [day for day in calendar if other.is_working_day(day)]
    assert len(worked) == days


def test_a_limit_over_new_year_is_provisional_until_the_plan_is_imported():
    before, after = chinese(2025), chinese(2025, 2026)
    start = at("2025-12-30 10:00")
    assumed, known = before.due(start, 2, Unit.WORKING_DAYS), after.due(start, 2, Unit.WORKING_DAYS)
    assert (clock(assumed.due_at), assumed.assumed_years) == ("Thu 2026-01-01 18:00:00", (2026,))
    assert (clock(known.due_at), known.assumed_years) == ("Sun 2026-01-04 18:00:00", ())


def test_a_hotline_assumes_nothing(hotline):
    assert hotline.due(at("2025-12-30 10:00"), 100, ELAPSED).assumed_years == ()


def test_a_make_up_day_may_have_hours_of_its_own():
    calendar = WorkingCalendar(windows=OFFICE_WEEK, make_up_days={date(2026, 2, 28): (MORNING,)})
    assert clock(calendar.closing(date(2026, 2, 28))) == "Sat 2026-02-28 12:00:00"


def test_an_early_closing_is_no_make_up_day():
    calendar = WorkingCalendar(windows=OFFICE_WEEK, make_up_days={date(2026, 2, 13): (MORNING,)})
    assert (clock(calendar.closing(date(2026, 2, 13))), calendar.make_up_days) == ("Fri 2026-02-13 12:00:00", ())


def test_the_offices_own_day_off_beats_a_make_up_day():
    day = date(2026, 2, 28)
    calendar = WorkingCalendar(windows=OFFICE_WEEK, make_up_days=[day], off_days=[day])
    assert (calendar.is_working_day(day), calendar.make_up_days) == (False, ())


def test_a_make_up_saturday_of_a_six_day_desk_is_a_whole_day():
    desk = WorkingCalendar(windows={**OFFICE_WEEK, 5: (MORNING,)}, make_up_days=[date(2026, 2, 28)])
    assert (desk.windows_on(date(2026, 2, 21)), desk.windows_on(date(2026, 2, 28))) == (
        (MORNING,),
        (MORNING, AFTERNOON),
    )


# Days


@pytest.mark.parametrize(
    "start, n, day",
    [
        (date(2026, 3, 2), 1, date(2026, 3, 3)),
        (date(2026, 3, 6), 1, date(2026, 3, 9)),
        (date(2026, 3, 7), 1, date(2026, 3, 9)),
        (date(2026, 3, 7), 0, date(2026, 3, 9)),
        (date(2026, 3, 6), 0, date(2026, 3, 6)),
        (date(2026, 3, 9), -1, date(2026, 3, 6)),
        (date(2026, 3, 8), -2, date(2026, 3, 5)),
        (date(2026, 1, 5), -2, date(2025, 12, 31)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
    ],
)
def test_the_nth_working_day(china, start, n, day):
    assert china.working_days(start, n) == day


@pytest.mark.parametrize(
    "a, b, days",
    [
        (date(2026, 3, 2), date(2026, 3, 2), 0),
        (date(2026, 3, 6), date(2026, 3, 9), 1),
        (date(2026, 3, 9), date(2026, 3, 6), -1),
        (date(2025, 12, 31), date(2026, 12, 31), 248),
    ],
)
def test_working_days_between_two_dates(china, a, b, days):
    assert china.working_days_between(a, b) == days


def test_a_column_of_dates_is_counted_like_single_dates(china):
    starts = pd.Series([date(2026, 3, 6), date(2026, 3, 9), None], dtype="datetime64[s]")
    assert china.working_days_column(starts, np.datetime64("2026-03-09")).tolist()[:2] == [1.0, 0.0]
    assert np.isnan(china.working_days_column(starts, np.datetime64("2026-03-09"))[2])


def test_the_offices_date_is_not_the_servers(office):
    assert office.day_of(datetime(2026, 12, 31, 16, 0, tzinfo=UTC)) == date(2027, 1, 1)


def test_a_day_off_neither_opens_nor_closes(office):
    assert (office.opening(date(2026, 3, 7)), office.closing(date(2026, 3, 7))) == (None, None)


@pytest.mark.parametrize(
    "moment, opening",
    [
        ("2026-03-02 08:00", "Mon 2026-03-02 09:00:00"),
        ("2026-03-02 09:00", "Mon 2026-03-02 09:00:00"),
        ("2026-03-02 10:30", "Mon 2026-03-02 10:30:00"),
        ("2026-03-02 12:00", "Mon 2026-03-02 13:30:00"),
        ("2026-03-06 18:00", "Mon 2026-03-09 09:00:00"),
    ],
)
def test_the_next_working_moment(office, moment, opening):
    assert clock(office.next_working_moment(at(moment))) == opening


def test_working_time_backwards_is_negative(office):
    assert office.working_time(at("2026-03-09 10:00"), at("2026-03-06 17:00")) == -timedelta(hours=2)


# Clocks


def test_a_clock_is_read_as_it_stood_at_a_moment(office):
    history = [running("2026-03-02 09:00", "2026-03-02 10:00"), paused("2026-03-02 10:00", "2026-03-02 14:00")]
    then = office.read_clock(at("2026-03-02 09:00"), 240, MINUTES, history, at("2026-03-02 09:30"))
    assert (then.paused, then.used, clock(then.due_at)) == (False, 30, "Mon 2026-03-02 14:30:00")


def test_a_clock_without_segments_has_run_since_it_began(office):
    reading = office.read_clock(at("2026-03-02 09:00"), 240, MINUTES, [], at("2026-03-02 10:00"))
    assert (reading.used, reading.remaining, reading.share) == (60, 180, 0.25)


def test_a_clock_read_before_its_beginning_is_unused(office):
    reading = office.read_clock(at("2026-03-02 09:00"), 240, MINUTES, [], at("2026-03-01 10:00"))
    assert (reading.used, clock(reading.due_at)) == (0, "Mon 2026-03-02 14:30:00")


def test_a_clock_that_began_paused_waits(office):
    reading = office.read_clock(
        at("2026-03-02 09:00"), 60, MINUTES, [paused("2026-03-02 09:00")], at("2026-03-02 11:00")
    )
    assert (reading.used, clock(reading.due_at)) == (0, "Mon 2026-03-02 12:00:00")


def test_an_overdue_clock_says_by_how_much_working_time(office):
    reading = office.read_clock(at("2026-03-06 16:00"), 60, MINUTES, [], at("2026-03-09 10:00"))
    assert (reading.missed, reading.used, reading.remaining) == (True, 180, -120)
    assert reading.remaining_seconds == -120 * 60


def test_a_clock_stopped_on_the_minute_is_in_time(office):
    stopped = [running("2026-03-02 09:00", "2026-03-02 10:00")]
    reading = office.read_clock(at("2026-03-02 09:00"), 60, MINUTES, stopped, at("2026-03-20 10:00"))
    assert (reading.missed, reading.used, clock(reading.due_at)) == (False, 60, "Mon 2026-03-02 10:00:00")


def test_an_end_moved_past_the_weekend_is_no_delay_on_sunday(office):
    reading = office.read_clock(at("2026-03-06 17:20"), 24, ELAPSED, [], at("2026-03-08 17:20"))
    assert (reading.missed, reading.used, reading.remaining) == (False, 48, -24)
    assert reading.remaining_seconds == (15 * 60 + 40) * 60


def test_a_moved_end_waits_for_a_pause_it_falls_into(office):
    segments = [
        running("2026-03-06 17:20", "2026-03-08 10:00"),
        paused("2026-03-08 10:00", "2026-03-09 15:00"),
        running("2026-03-09 15:00"),
    ]
    reading = office.read_clock(at("2026-03-06 17:20"), 24, ELAPSED, segments, at("2026-03-09 15:00"))
    assert (clock(reading.due_at), reading.missed) == ("Mon 2026-03-09 15:00:00", False)


def test_elapsed_hours_stand_still_during_a_pause(hotline):
    segments = [
        running("2026-03-02 09:00", "2026-03-02 10:00"),
        paused("2026-03-02 10:00", "2026-03-03 10:00"),
        running("2026-03-03 10:00"),
    ]
    reading = hotline.read_clock(at("2026-03-02 09:00"), 4, ELAPSED, segments, at("2026-03-03 11:30"))
    assert (clock(reading.due_at), reading.used, reading.remaining) == (
        "Tue 2026-03-03 13:00:00",
        Decimal("2.5"),
        Decimal("1.5"),
    )


@pytest.mark.parametrize(
    "pause, due",
    [
        pytest.param(("2026-03-04 10:00", "2026-03-04 16:00"), "Mon 2026-03-09 18:00:00", id="inside a day: none lost"),
        pytest.param(("2026-03-04 10:00", "2026-03-05 10:00"), "Tue 2026-03-10 18:00:00", id="over one close of work"),
        pytest.param(("2026-03-04 10:00", "2026-03-06 15:00"), "Wed 2026-03-11 18:00:00", id="over two"),
        pytest.param(("2026-03-06 19:00", "2026-03-09 08:00"), "Mon 2026-03-09 18:00:00", id="a weekend: none lost"),
        pytest.param(("2026-03-06 18:00", "2026-03-09 18:00"), "Tue 2026-03-10 18:00:00", id="from close to close"),
    ],
)
def test_a_pause_of_a_limit_in_working_days_gives_whole_working_days(office, pause, due):
    start, (stopped, resumed) = "2026-03-02 10:00", pause
    segments = [running(start, stopped), paused(stopped, resumed), running(resumed)]
    reading = office.read_clock(at(start), 5, Unit.WORKING_DAYS, segments, at(resumed))
    assert clock(reading.due_at) == due


@pytest.mark.parametrize(
    "pause, due",
    [
        pytest.param(("2026-03-04 10:00", "2026-03-05 10:00"), "Tue 2026-03-10 18:00:00", id="a night"),
        pytest.param(("2026-03-06 10:00", "2026-03-08 10:00"), "Wed 2026-03-11 18:00:00", id="two days, one off"),
        pytest.param(("2026-03-04 10:00", "2026-03-09 10:00"), "Mon 2026-03-16 18:00:00", id="five: ends on a day off"),
    ],
)
def test_a_pause_of_a_limit_in_calendar_days_gives_calendar_days(office, pause, due):
    start, (stopped, resumed) = "2026-03-02 10:00", pause
    segments = [running(start, stopped), paused(stopped, resumed), running(resumed)]
    reading = office.read_clock(at(start), 7, Unit.CALENDAR_DAYS, segments, at(resumed))
    assert clock(reading.due_at) == due


def test_days_used_are_whole(office):
    reading = office.read_clock(at("2026-03-02 10:00"), 5, Unit.WORKING_DAYS, [], at("2026-03-05 17:00"))
    assert (reading.used, reading.remaining) == (2, 3)
    assert 0 < reading.share < 1


def test_a_paper_urgent_on_arrival_that_was_paused_is_due_in_the_half_day_it_goes_on(office):
    segments = [
        running("2026-03-02 09:20", "2026-03-02 10:00"),
        paused("2026-03-02 10:00", "2026-03-03 14:00"),
        running("2026-03-03 14:00"),
    ]
    reading = office.read_clock(at("2026-03-02 09:20"), 0, Unit.ON_ARRIVAL, segments, at("2026-03-03 14:00"))
    assert clock(reading.due_at) == "Tue 2026-03-03 18:00:00"


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param([running("2026-03-02 09:00"), paused("2026-03-02 10:00")], id="something after the open one"),
        pytest.param(
            [running("2026-03-02 09:00", "2026-03-02 11:00"), paused("2026-03-02 10:00")], id="two that overlap"
        ),
        pytest.param([running("2026-03-02 11:00", "2026-03-02 10:00")], id="one that ends before it begins"),
        pytest.param([running("2026-03-01 09:00")], id="one from before the start"),
        pytest.param([Segment(at("2026-03-02 09:00"), None, "asleep")], id="an unknown state"),
    ],
)
def test_a_history_that_cannot_be_is_refused(office, segments):
    with pytest.raises(CalendarRefused):
        office.read_clock(at("2026-03-02 09:00"), 240, MINUTES, segments, at("2026-03-03 09:00"))


# What a calendar may be


@pytest.mark.parametrize(
    "options, words",
    [
        pytest.param({}, "one hour in fourteen days", id="no hours at all"),
        pytest.param({"windows": {0: ((time(9), time(9, 29)),)}}, "one hour in fourteen days", id="half an hour"),
        pytest.param({"windows": {7: (MORNING,)}}, "Weekdays count from 0", id="an eighth weekday"),
        pytest.param({"windows": {0: ((time(12), time(9)),)}}, "not after opening time", id="closed before it opens"),
        pytest.param({"windows": {0: (MORNING, (time(11), time(15)))}}, "overlap at 11:00", id="overlapping hours"),
        pytest.param({"windows": {0: ((time(9), time()), AFTERNOON)}}, "overlap at 13:30", id="hours after midnight"),
        pytest.param({"windows": {0: ((time(9, tzinfo=UTC), time(12, tzinfo=UTC)),)}}, "wall clock", id="a time zone"),
        pytest.param({"zone": "Asia/Atlantis", "windows": OFFICE_WEEK}, "not a time zone", id="an unknown zone"),
        pytest.param({"zone": "../passwd", "windows": OFFICE_WEEK}, "not a time zone", id="a path for a zone"),
        pytest.param(
            {"windows": OFFICE_WEEK, "off_days": [datetime(2026, 1, 1)]}, "not a day", id="a moment for a day"
        ),
        pytest.param(
            {"windows": OFFICE_WEEK, "make_up_days": {date(2026, 1, 4): ()}},
            "no hours",
            id="a worked day without hours",
        ),
    ],
)
def test_a_calendar_nobody_could_work_by_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        WorkingCalendar(**options)


def test_half_an_hour_a_week_is_just_enough():
    calendar = WorkingCalendar(windows={0: ((time(9), time(9, 30)),)})
    assert clock(calendar.due(at("2026-03-02 09:00"), 60, MINUTES).due_at) == "Mon 2026-03-09 09:30:00"


def test_a_school_may_be_closed_all_summer():
    summer = [date(2026, 7, 1) + timedelta(days=number) for number in range(62)]
    school = WorkingCalendar(windows=OFFICE_WEEK, off_days=summer)
    assert clock(school.due(at("2026-06-30 17:00"), 120, MINUTES).due_at) == "Tue 2026-09-01 10:00:00"


def test_a_limit_that_never_ends_is_refused_in_good_time():
    for_ever = [date(2026, 3, 3) + timedelta(days=number) for number in range(63_700)]
    closed = WorkingCalendar(windows=OFFICE_WEEK, off_days=for_ever)
    with pytest.raises(ValueError, match="does not end between 1900 and 2199"):
        closed.due(at("2026-03-02 17:00"), 120, MINUTES)


@pytest.mark.parametrize("unit", [unit for unit in Unit if unit not in (Unit.FIXED_MOMENT, Unit.ON_ARRIVAL)])
@pytest.mark.parametrize("amount", [10**9, 10**30, -1, Decimal("NaN"), float("inf"), "many"], ids=str)
def test_an_amount_that_is_no_limit_is_refused(office, unit, amount):
    with pytest.raises(ValueError):
        office.due(at("2026-03-02 09:00"), amount, unit)


@pytest.mark.parametrize(
    "amount, unit",
    [(Decimal("1.5"), Unit.WORKING_DAYS), (1, "fortnights"), (1, Unit.FIXED_MOMENT)],
)
def test_a_unit_that_cannot_be_counted_is_refused(office, amount, unit):
    with pytest.raises(ValueError):
        office.due(at("2026-03-02 09:00"), amount, unit)


def test_a_negative_stretch_of_working_time_is_refused(office):
    with pytest.raises(ValueError, match="cannot be negative"):
        office.add_working_time(at("2026-03-02 09:00"), -1)


def test_a_moment_without_a_zone_is_refused(office):
    with pytest.raises(ValueError, match="no time zone"):
        office.due(datetime(2026, 3, 2, 9), 1, MINUTES)


@pytest.mark.parametrize("year", [1899, 2200])
def test_moments_outside_the_counted_years_are_refused(office, year):
    with pytest.raises(ValueError, match="1900 to 2199"):
        office.working_seconds(datetime(year, 6, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))


def test_every_moment_that_can_be_entered_can_be_counted_with():
    assert (FIRST_YEAR, LAST_YEAR) == (moments.FIRST_YEAR, moments.LAST_YEAR)


def test_a_refusal_can_be_said_in_the_readers_language(office):
    with pytest.raises(CalendarRefused) as refused:
        office.due(at("2026-03-02 09:00"), 1, "fortnights")
    assert refused.value.sentence % refused.value.values == str(refused.value)


def test_a_calendar_cannot_be_changed(office):
    with pytest.raises(FrozenInstanceError):
        office.zone = "UTC"


def test_a_calendar_keeps_no_hold_of_what_it_was_built_from():
    week, off = dict(OFFICE_WEEK), {date(2026, 3, 3)}
    calendar = WorkingCalendar(windows=week, off_days=off)
    week.clear()
    off.clear()
    assert calendar == WorkingCalendar(windows=OFFICE_WEEK, off_days=[date(2026, 3, 3)])


def test_equal_calendars_are_one_key_and_survive_pickling(office):
    assert len({office, WorkingCalendar(windows=OFFICE_WEEK), pickle.loads(pickle.dumps(office))}) == 1


def test_threads_that_share_a_calendar_agree(office):
    starts = [datetime(year, 6, 1, tzinfo=UTC) for year in range(2000, 2040)]
    with ThreadPoolExecutor(8) as pool:
        due = list(pool.map(lambda start: office.due(start, 300, Unit.WORKING_DAYS).due_at, starts))
    other = WorkingCalendar(windows=OFFICE_WEEK)
    alone = [other.due(start, 300, Unit.WORKING_DAYS).due_at for start in starts]
    assert due == alone


# Columns


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(lambda moments: pd.Series(moments), id="pandas in UTC"),
        pytest.param(
            lambda moments: pd.Series(pd.DatetimeIndex(moments).tz_convert("Asia/Shanghai")), id="pandas in office time"
        ),
        pytest.param(
            lambda moments: pd.Series(pd.DatetimeIndex(moments).tz_localize(None)), id="pandas without a zone"
        ),
        pytest.param(lambda moments: pd.Series(moments, dtype=object), id="pandas objects"),
        pytest.param(lambda moments: pd.DatetimeIndex(moments), id="a pandas index"),
        pytest.param(lambda moments: pd.Series(moments).to_numpy(dtype="datetime64[ns]"), id="numpy"),
        pytest.param(lambda moments: moments, id="a list"),
    ],
)
def test_any_column_of_moments_is_understood(office, column):
    starts = column([at("2026-03-06 17:00"), None, at("2026-03-09 09:30")])
    seconds = office.working_seconds_column(starts, at("2026-03-09 10:00"))
    assert seconds[[0, 2]].tolist() == [7200.0, 1800.0]
    assert np.isnan(seconds[1])


def test_a_report_without_rows_has_no_durations(office):
    assert office.working_seconds_column(pd.Series([], dtype="datetime64[us, UTC]"), []).tolist() == []


def test_years_without_a_single_working_day_have_no_working_time():
    off = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    closed = WorkingCalendar(windows=OFFICE_WEEK, off_days=off)
    assert closed.working_seconds_column([at("2026-02-02 09:00")], [at("2026-03-02 09:00")]).tolist() == [0.0]


def test_300_000_rows_are_worked_out_at_once(china):
    rng = np.random.default_rng(20260302)
    starts = np.datetime64("2025-01-01", "us") + rng.integers(0, 600 * 86_400, 300_000).astype("timedelta64[s]")
    ends = starts + rng.integers(0, 60 * 86_400, 300_000).astype("timedelta64[s]")
    begun = perf_counter()
    seconds = china.working_seconds_column(starts, ends)
    assert perf_counter() - begun < 1.5  # some 0.06 s on an idle machine
    assert seconds.shape == (300_000,)


# Properties

ZONES = ("Asia/Shanghai", "America/New_York", "Europe/Berlin")
#: Around the changes of New York (8 March, 1 November 2026) and Berlin (29 March, 25 October).
SPRING, AUTUMN = datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 10, 22, tzinfo=UTC)


@st.composite
def weeks(draw):
    """Hours of three weekdays or more, on quarters of an hour and clear of the hours the clock changes in."""
    days = draw(st.sets(st.integers(0, 6), min_size=3))
    week = {}
    for day in sorted(days):
        edges = sorted(draw(st.sets(st.integers(4 * 4, 24 * 4 - 1), min_size=2, max_size=6)))
        edges = edges[: len(edges) // 2 * 2]
        times = [time(edge // 4, edge % 4 * 15) for edge in edges]
        week[day] = tuple(zip(times[::2], times[1::2], strict=True))
    return week


@st.composite
def calendars(draw):
    near = st.integers(0, 29).map(lambda number: draw(st.sampled_from((SPRING, AUTUMN))).date() + timedelta(number))
    return WorkingCalendar(
        draw(st.sampled_from(ZONES)),
        windows=draw(weeks()),
        off_days=draw(st.sets(near, max_size=6)),
        make_up_days=draw(st.sets(near, max_size=3)),
    )


@st.composite
def instants(draw, seconds=False):
    step = timedelta(seconds=draw(st.integers(0, 25 * 86_400))) if seconds else timedelta()
    return draw(st.sampled_from((SPRING, AUTUMN))) + step + timedelta(minutes=draw(st.integers(0, 2 * 1440)))


def wall_clock_says_open(calendar, moment):
    """Open or shut as a person would tell it: look at the calendar on the wall, then at the clock."""
    wall = moment.astimezone(ZoneInfo(calendar.zone))
    if wall.date() in calendar.off_days:
        return False
    hours = dict(calendar.worked_days).get(wall.date(), calendar.week[wall.weekday()])
    return any(opens <= wall.time() < closes for opens, closes in hours)


def walked(calendar, start, steps, step, segments=None):
    """The end of the `steps`-th step after `start` that is worked, while the clock runs, one after the other."""
    moment = start
    while steps:
        steps -= (segments is None or ran(segments, moment)) and wall_clock_says_open(calendar, moment)
        moment += step
    return moment


fast = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def walked_to_work(calendar, moment):
    """The next minute of work or closing time, minute by minute."""
    minute = timedelta(minutes=1)
    while not wall_clock_says_open(calendar, moment) and not wall_clock_says_open(calendar, moment - minute):
        moment += minute
    return moment


def walked_days(calendar, day, days):
    """The `days`-th working day after `day`, day by day."""
    while days:
        day += timedelta(days=1)
        days -= calendar.is_working_day(day)
    return day


def ran(segments, moment):
    """Whether the clock runs in the minute that begins at `moment`."""
    return any(
        state == "running" and since <= moment and (until is None or moment < until) for since, until, state in segments
    )


@st.composite
def histories(draw):
    """A start and alternating running and paused segments from there, the last one running."""
    start = edge = draw(instants())
    segments = []
    for number, length in enumerate(draw(st.lists(st.integers(0, 400), min_size=2, max_size=6))):
        until = edge + timedelta(minutes=length)
        segments.append(Segment(edge, until, "paused" if number % 2 else "running"))
        edge = until
    return start, [*segments, Segment(edge, None, "running")]


@fast
@given(calendars(), instants(), st.integers(1, 300))
def test_working_minutes_agree_with_a_walk_minute_by_minute(calendar, start, minutes):
    assert calendar.due(start, minutes, MINUTES).due_at == walked(calendar, start, minutes, timedelta(minutes=1))


@fast
@given(st.integers(0, 6000), st.integers(1, 900))
def test_working_seconds_agree_with_a_walk_second_by_second(offset, seconds):
    breaks = [(time(9, minute), time(9, minute + 5)) for minute in (0, 10, 20, 30, 40)]
    calendar = WorkingCalendar(windows=dict.fromkeys(range(7), (*breaks, (time(10), time(12)))))
    start = at("2026-03-02 08:45") + timedelta(seconds=offset)
    assert calendar.add_working_time(start, seconds) == walked(calendar, start, seconds, timedelta(seconds=1))


@fast
@given(calendars(), instants(), st.integers(0, 72))
def test_elapsed_hours_agree_with_a_walk_to_the_next_open_minute(calendar, start, hours):
    assert calendar.due(start, hours, ELAPSED).due_at == walked_to_work(calendar, start + timedelta(hours=hours))


@fast
@given(calendars(), instants(), st.integers(1, 15))
def test_working_days_agree_with_a_walk_day_by_day(calendar, start, days):
    day = walked_days(calendar, calendar.day_of(start), days)
    reckoning = calendar.due(start, days, Unit.WORKING_DAYS)
    assert (reckoning.due_on, reckoning.due_at) == (day, calendar.closing(day))


@fast
@given(calendars(), instants(), st.integers(1, 15))
def test_calendar_days_agree_with_a_walk_day_by_day(calendar, start, days):
    day = walked_days(calendar, calendar.day_of(start) + timedelta(days=days - 1), 1)
    assert calendar.due(start, days, Unit.CALENDAR_DAYS).due_at == calendar.closing(day)


@fast
@given(calendars(), histories(), st.integers(1, 240))
def test_a_paused_clock_agrees_with_a_walk_minute_by_minute(calendar, history, minutes):
    start, segments = history
    end = walked(calendar, start, minutes, timedelta(minutes=1), segments)
    assert calendar.read_clock(start, minutes, MINUTES, segments, segments[-1].since).due_at == end


units = st.sampled_from([unit for unit in Unit if unit is not Unit.FIXED_MOMENT])
stretches = st.integers(0, 3 * 86_400).map(lambda seconds: timedelta(seconds=seconds))


@fast
@given(calendars(), instants(seconds=True), units, st.integers(0, 20), stretches, stretches)
def test_pausing_and_resuming_at_the_same_instant_changes_nothing(calendar, start, unit, amount, before, later):
    stop = start + before
    plain = [Segment(start, None, "running")]
    blinked = [Segment(start, stop, "running"), Segment(stop, stop, "paused"), Segment(stop, None, "running")]
    now = stop + later
    assert calendar.read_clock(start, amount, unit, blinked, now) == calendar.read_clock(
        start, amount, unit, plain, now
    )


@fast
@given(calendars(), instants(), units, st.integers(0, 20), st.integers(1, 60))
def test_blinking_at_the_very_closing_time_changes_nothing(calendar, start, unit, amount, days):
    closing = calendar.closing(calendar.working_days(calendar.day_of(start), days % 5 + 1))
    plain = [Segment(start, None, "running")]
    blinked = [Segment(start, closing, "running"), Segment(closing, closing, "paused")]
    blinked.append(Segment(closing, None, "running"))
    now = closing + timedelta(hours=days)
    assert calendar.read_clock(start, amount, unit, blinked, now) == calendar.read_clock(
        start, amount, unit, plain, now
    )


@fast
@given(calendars(), instants(seconds=True), units, st.integers(0, 20), stretches, stretches, stretches)
def test_splitting_a_pause_changes_nothing(calendar, start, unit, amount, before, first, second):
    stop = start + before
    middle, resume = stop + first, stop + first + second
    ends = [Segment(start, stop, "running"), Segment(resume, None, "running")]
    whole = [ends[0], Segment(stop, resume, "paused"), ends[1]]
    split = [ends[0], Segment(stop, middle, "paused"), Segment(middle, resume, "paused"), ends[1]]
    now = resume + first
    assert calendar.read_clock(start, amount, unit, split, now) == calendar.read_clock(start, amount, unit, whole, now)


@fast
@given(calendars(), instants(seconds=True), units, st.integers(0, 20), stretches, stretches)
def test_a_pause_never_brings_the_end_forward(calendar, start, unit, amount, before, waited):
    stop, resume = start + before, start + before + waited
    segments = [Segment(start, stop, "running"), Segment(stop, resume, "paused"), Segment(resume, None, "running")]
    unpaused = calendar.due(start, amount, unit).due_at
    assert calendar.read_clock(start, amount, unit, segments, resume).due_at >= unpaused


@fast
@given(calendars(), instants(seconds=True), units, st.integers(0, 20), stretches)
def test_a_limit_never_ends_before_it_begins(calendar, start, unit, amount, later):
    reckoning = calendar.due(start, amount, unit)
    assert reckoning.due_at >= start
    assert reckoning.due_at == calendar.read_clock(start, amount, unit, [], start + later).due_at


@fast
@given(calendars(), instants(seconds=True), instants(seconds=True), instants(seconds=True))
def test_working_time_is_additive(calendar, a, b, c):
    assert calendar.working_time(a, b) + calendar.working_time(b, c) == calendar.working_time(a, c)


@fast
@given(calendars(), instants(seconds=True), st.integers(1, 10**6))
def test_working_time_to_the_end_of_a_limit_is_the_limit(calendar, start, seconds):
    assert calendar.working_seconds(start, calendar.add_working_time(start, seconds)) == seconds


@fast
@given(calendars(), st.lists(st.tuples(instants(seconds=True), instants(seconds=True)), min_size=1, max_size=20))
def test_a_column_is_worked_out_like_its_rows(calendar, rows):
    starts, ends = zip(*rows, strict=True)
    one_by_one = [calendar.working_seconds(start, end) for start, end in rows]
    assert calendar.working_seconds_column(pd.Series(starts), pd.Series(ends)).tolist() == one_by_one


@fast
@given(calendars(), st.integers(0, 60), st.integers(-15, 15))
def test_the_nth_working_day_is_n_working_days_away(calendar, offset, n):
    day = SPRING.date() + timedelta(days=offset)
    assume(calendar.is_working_day(day))
    assert calendar.working_days_between(day, calendar.working_days(day, n)) == n
