"""When limits fall due, from tickets-orders.md §4 (vectors V1 to V10) and documents.md §5."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine import limits
from app.engine.calendar import WorkingCalendar
from app.engine.instants import CalendarRefused
from app.engine.limits import Unit
from tests.engine.calendars import (
    ELAPSED,
    MINUTES,
    OFFICE_WEEK,
    at,
    calendars,
    chinese,
    clock,
    fast,
    instants,
    walked,
    walked_days,
    walked_to_work,
)

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
    reckoning = limits.due(office, at(start), minutes, MINUTES)
    assert clock(reckoning.due_at) == due


def test_v6_a_holiday_is_skipped():
    office = WorkingCalendar(windows=OFFICE_WEEK, off_days=[date(2026, 3, 3)])
    reckoning = limits.due(office, at("2026-03-02 17:00"), 120, MINUTES)
    assert clock(reckoning.due_at) == "Wed 2026-03-04 10:00:00"


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
    assert clock(limits.due(hotline, at("2026-02-27 16:00"), hours, unit).due_at) == due


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
    assert clock(limits.due(office, at(start), 0, unit).due_at) == due


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
    assert clock(limits.due(office, at(start), 0, unit).due_at) == due


def test_a_make_up_saturday_counts_like_a_weekday(china):
    reckoning = limits.due(china, at("2026-02-27 17:00"), 120, MINUTES)
    assert clock(reckoning.due_at) == "Sat 2026-02-28 10:00:00"
    assert (reckoning.made_up, reckoning.skipped) == ((date(2026, 2, 28),), ())


def test_a_limit_may_end_exactly_at_closing_time(office):
    assert clock(limits.due(office, at("2026-03-02 17:00"), 60, MINUTES).due_at) == "Mon 2026-03-02 18:00:00"


def test_a_limit_may_end_exactly_at_lunch(office):
    assert clock(limits.due(office, at("2026-03-02 11:00"), 60, MINUTES).due_at) == "Mon 2026-03-02 12:00:00"


def test_a_limit_begun_at_closing_time_counts_from_the_next_opening(office):
    reckoning = limits.due(office, at("2026-03-02 18:00"), 60, MINUTES)
    assert (clock(reckoning.counted_from), clock(reckoning.due_at)) == (
        "Tue 2026-03-03 09:00:00",
        "Tue 2026-03-03 10:00:00",
    )


# Summer time


def test_office_hours_keep_to_the_wall_clock_over_the_change():
    office = WorkingCalendar("America/New_York", windows=OFFICE_WEEK)
    reckoning = limits.due(office, at("2026-03-06 17:00", "America/New_York"), 2, Unit.WORKING_HOURS)
    assert clock(reckoning.due_at, "America/New_York") == "Mon 2026-03-09 10:00:00"
    assert reckoning.due_at - reckoning.start == timedelta(hours=64)


def test_elapsed_hours_are_real_hours_over_the_change():
    berlin = WorkingCalendar.round_the_clock("Europe/Berlin")
    due = limits.due(berlin, at("2026-03-28 12:00", "Europe/Berlin"), 24, ELAPSED).due_at
    assert clock(due, "Europe/Berlin") == "Sun 2026-03-29 13:00:00"


# The counting table of documents.md §5.2


def test_24_hours_from_friday_17_20_end_in_mondays_first_minute(office):
    reckoning = limits.due(office, at("2026-03-06 17:20"), 24, ELAPSED)
    assert clock(reckoning.due_at) == "Mon 2026-03-09 09:00:00"
    assert clock(reckoning.moved_from) == "Sat 2026-03-07 17:20:00"
    assert reckoning.skipped == (date(2026, 3, 7), date(2026, 3, 8))
    assert (reckoning.start, reckoning.amount, reckoning.unit) == (at("2026-03-06 17:20"), 24, ELAPSED)
    assert reckoning.due_on == date(2026, 3, 9)


def test_24_hours_from_friday_17_20_end_on_the_make_up_saturday_itself(china):
    reckoning = limits.due(china, at("2026-02-27 17:20"), 24, ELAPSED)
    assert (clock(reckoning.due_at), reckoning.moved_from) == ("Sat 2026-02-28 17:20:00", None)
    assert reckoning.made_up == (date(2026, 2, 28),)


def test_elapsed_hours_stay_at_the_weekend_when_the_move_is_switched_off(office):
    reckoning = limits.due(office, at("2026-03-06 17:20"), 24, ELAPSED, move_to_working=False)
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
    assert clock(limits.due(office, at(start), 24, ELAPSED).due_at) == due


def test_elapsed_minutes_move_to_the_next_working_minute(office):
    assert (
        clock(limits.due(office, at("2026-03-06 17:50"), 15, Unit.ELAPSED_MINUTES).due_at) == "Mon 2026-03-09 09:00:00"
    )


def test_working_hours_are_counted_inside_the_day_parts(office):
    reckoning = limits.due(office, at("2026-03-05 16:00"), 24, Unit.WORKING_HOURS)
    assert clock(reckoning.due_at) == "Tue 2026-03-10 17:30:00"
    assert reckoning.skipped == (date(2026, 3, 7), date(2026, 3, 8))


def test_half_a_working_hour_may_be_a_limit(office):
    assert clock(limits.due(office, at("2026-03-02 17:45"), Decimal("0.5"), "working_hours").due_at) == (
        "Tue 2026-03-03 09:15:00"
    )


def test_one_week_leaves_out_the_day_of_start_and_ends_at_close_of_work(office):
    reckoning = limits.due(office, at("2026-03-02 10:00"), 7, Unit.CALENDAR_DAYS)
    assert (clock(reckoning.due_at), reckoning.moved_from) == ("Mon 2026-03-09 18:00:00", None)
    assert reckoning.skipped == ()


def test_ten_days_that_end_on_a_day_off_end_on_the_next_working_day(office):
    reckoning = limits.due(office, at("2026-03-04 10:00"), 10, Unit.CALENDAR_DAYS)
    assert clock(reckoning.due_at) == "Mon 2026-03-16 18:00:00"
    assert clock(reckoning.moved_from) == "Sat 2026-03-14 18:00:00"
    assert reckoning.skipped == (date(2026, 3, 14), date(2026, 3, 15))


def test_one_week_into_the_spring_festival_ends_after_it(china):
    reckoning = limits.due(china, at("2026-02-11 10:00"), 7, Unit.CALENDAR_DAYS)
    assert clock(reckoning.due_at) == "Tue 2026-02-24 18:00:00"
    assert (reckoning.skipped[0], reckoning.skipped[-1]) == (date(2026, 2, 18), date(2026, 2, 23))


def test_calendar_days_of_a_hotline_end_at_midnight_of_the_last(hotline):
    reckoning = limits.due(hotline, at("2026-03-02 10:00"), 7, Unit.CALENDAR_DAYS)
    assert (clock(reckoning.due_at), reckoning.due_on) == ("Tue 2026-03-10 00:00:00", date(2026, 3, 9))


def test_midnight_of_new_year_still_closes_the_old_year(hotline):
    reckoning = limits.due(hotline, at("2025-12-30 10:00"), 1, Unit.CALENDAR_DAYS)
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
    assert clock(limits.due(china, at(start), days, Unit.WORKING_DAYS).due_at) == due


def test_the_sum_of_working_days_names_what_was_skipped_and_made_up(china):
    reckoning = limits.due(china, at("2026-09-30 10:00"), 3, Unit.WORKING_DAYS)
    assert reckoning.skipped == tuple(date(2026, 10, day) for day in range(1, 8))
    assert reckoning.made_up == (date(2026, 10, 10),)


def test_a_fixed_moment_at_work_stands(office):
    reckoning = limits.fixed(office, at("2026-03-02 10:00"), at("2026-03-04 15:00"))
    assert (clock(reckoning.due_at), reckoning.outside_hours) == ("Wed 2026-03-04 15:00:00", False)


def test_a_fixed_moment_on_a_day_off_stands_with_a_warning(office):
    reckoning = limits.fixed(office, at("2026-03-02 10:00"), at("2026-03-07 15:00"))
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
    assert clock(limits.due(office, at(start), 0, Unit.ON_ARRIVAL).due_at) == due


def test_an_extension_is_counted_from_the_old_limit(office):
    limit = limits.due(office, at("2026-03-02 10:00"), 5, Unit.WORKING_DAYS)
    extended = limits.due(office, limit.due_at, 3, Unit.WORKING_DAYS)
    assert clock(extended.due_at) == "Thu 2026-03-12 18:00:00"


# China's days off and on (documents.md §5.1)


def test_a_limit_over_new_year_is_provisional_until_the_plan_is_imported():
    before, after = chinese(2025), chinese(2025, 2026)
    start = at("2025-12-30 10:00")
    assumed, known = limits.due(before, start, 2, Unit.WORKING_DAYS), limits.due(after, start, 2, Unit.WORKING_DAYS)
    assert (clock(assumed.due_at), assumed.assumed_years) == ("Thu 2026-01-01 18:00:00", (2026,))
    assert (clock(known.due_at), known.assumed_years) == ("Sun 2026-01-04 18:00:00", ())


def test_a_hotline_assumes_nothing(hotline):
    assert limits.due(hotline, at("2025-12-30 10:00"), 100, ELAPSED).assumed_years == ()


# What a limit may be


def test_a_limit_that_never_ends_is_refused_in_good_time():
    for_ever = [date(2026, 3, 3) + timedelta(days=number) for number in range(63_700)]
    closed = WorkingCalendar(windows=OFFICE_WEEK, off_days=for_ever)
    with pytest.raises(ValueError, match="does not end between 1900 and 2199"):
        limits.due(closed, at("2026-03-02 17:00"), 120, MINUTES)


@pytest.mark.parametrize("unit", [unit for unit in Unit if unit not in (Unit.FIXED_MOMENT, Unit.ON_ARRIVAL)])
@pytest.mark.parametrize("amount", [10**9, 10**30, -1, Decimal("NaN"), float("inf"), "many"], ids=str)
def test_an_amount_that_is_no_limit_is_refused(office, unit, amount):
    with pytest.raises(ValueError):
        limits.due(office, at("2026-03-02 09:00"), amount, unit)


@pytest.mark.parametrize(
    "amount, unit",
    [(Decimal("1.5"), Unit.WORKING_DAYS), (1, "fortnights"), (1, Unit.FIXED_MOMENT)],
)
def test_a_unit_that_cannot_be_counted_is_refused(office, amount, unit):
    with pytest.raises(ValueError):
        limits.due(office, at("2026-03-02 09:00"), amount, unit)


def test_a_moment_without_a_zone_is_refused(office):
    with pytest.raises(ValueError, match="no time zone"):
        limits.due(office, datetime(2026, 3, 2, 9), 1, MINUTES)


def test_a_refusal_can_be_said_in_the_readers_language(office):
    with pytest.raises(CalendarRefused) as refused:
        limits.due(office, at("2026-03-02 09:00"), 1, "fortnights")
    assert refused.value.sentence % refused.value.values == str(refused.value)


# Properties


@fast
@given(calendars(), instants(), st.integers(1, 300))
def test_working_minutes_agree_with_a_walk_minute_by_minute(calendar, start, minutes):
    assert limits.due(calendar, start, minutes, MINUTES).due_at == walked(
        calendar, start, minutes, timedelta(minutes=1)
    )


@fast
@given(calendars(), instants(), st.integers(0, 72))
def test_elapsed_hours_agree_with_a_walk_to_the_next_open_minute(calendar, start, hours):
    assert limits.due(calendar, start, hours, ELAPSED).due_at == walked_to_work(
        calendar, start + timedelta(hours=hours)
    )


@fast
@given(calendars(), instants(), st.integers(1, 15))
def test_working_days_agree_with_a_walk_day_by_day(calendar, start, days):
    day = walked_days(calendar, calendar.day_of(start), days)
    reckoning = limits.due(calendar, start, days, Unit.WORKING_DAYS)
    assert (reckoning.due_on, reckoning.due_at) == (day, calendar.closing(day))


@fast
@given(calendars(), instants(), st.integers(1, 15))
def test_calendar_days_agree_with_a_walk_day_by_day(calendar, start, days):
    day = walked_days(calendar, calendar.day_of(start) + timedelta(days=days - 1), 1)
    assert limits.due(calendar, start, days, Unit.CALENDAR_DAYS).due_at == calendar.closing(day)
