"""Working days and working time, from documents.md §5; what calendars there may be."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter

import holidays
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.engine import limits, moments
from app.engine.calendar import WorkingCalendar
from app.engine.instants import FIRST_YEAR, LAST_YEAR
from app.engine.limits import Unit
from tests.engine.calendars import (
    AFTERNOON,
    MINUTES,
    MORNING,
    OFFICE_WEEK,
    SPRING,
    at,
    calendars,
    clock,
    fast,
    instants,
    walked,
)

# Vectors of tickets-orders.md §4.5


def test_v7_working_time_over_a_weekend(office):
    assert office.working_seconds(at("2026-03-06 17:00"), at("2026-03-09 10:00")) == 120 * 60


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
    assert clock(limits.due(calendar, at("2026-03-02 09:00"), 60, MINUTES).due_at) == "Mon 2026-03-09 09:30:00"


def test_a_school_may_be_closed_all_summer():
    summer = [date(2026, 7, 1) + timedelta(days=number) for number in range(62)]
    school = WorkingCalendar(windows=OFFICE_WEEK, off_days=summer)
    assert clock(limits.due(school, at("2026-06-30 17:00"), 120, MINUTES).due_at) == "Tue 2026-09-01 10:00:00"


def test_a_negative_stretch_of_working_time_is_refused(office):
    with pytest.raises(ValueError, match="cannot be negative"):
        office.add_working_time(at("2026-03-02 09:00"), -1)


@pytest.mark.parametrize("year", [1899, 2200])
def test_moments_outside_the_counted_years_are_refused(office, year):
    with pytest.raises(ValueError, match="1900 to 2199"):
        office.working_seconds(datetime(year, 6, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))


def test_every_moment_that_can_be_entered_can_be_counted_with():
    assert (FIRST_YEAR, LAST_YEAR) == (moments.FIRST_YEAR, moments.LAST_YEAR)


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
        due = list(pool.map(lambda start: limits.due(office, start, 300, Unit.WORKING_DAYS).due_at, starts))
    other = WorkingCalendar(windows=OFFICE_WEEK)
    alone = [limits.due(other, start, 300, Unit.WORKING_DAYS).due_at for start in starts]
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


@fast
@given(st.integers(0, 6000), st.integers(1, 900))
def test_working_seconds_agree_with_a_walk_second_by_second(offset, seconds):
    breaks = [(time(9, minute), time(9, minute + 5)) for minute in (0, 10, 20, 30, 40)]
    calendar = WorkingCalendar(windows=dict.fromkeys(range(7), (*breaks, (time(10), time(12)))))
    start = at("2026-03-02 08:45") + timedelta(seconds=offset)
    assert calendar.add_working_time(start, seconds) == walked(calendar, start, seconds, timedelta(seconds=1))


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
