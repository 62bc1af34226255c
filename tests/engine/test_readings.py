"""How clocks that run and pause stand, from tickets-orders.md §4 (vectors V1 to V10)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine import limits
from app.engine.calendar import WorkingCalendar
from app.engine.instants import CalendarRefused
from app.engine.limits import Unit
from app.engine.readings import Segment, read_clock
from tests.engine.calendars import (
    ELAPSED,
    MINUTES,
    OFFICE_WEEK,
    at,
    calendars,
    clock,
    fast,
    histories,
    instants,
    paused,
    running,
    stretches,
    units,
    walked,
)

# Vectors of tickets-orders.md §4.5


def test_v4_a_pause_over_lunch_gives_only_its_working_part(office):
    pauses = [running("2026-03-02 09:00", "2026-03-02 10:00"), paused("2026-03-02 10:00", "2026-03-02 14:00")]
    segments = [*pauses, running("2026-03-02 14:00")]
    reading = read_clock(office, at("2026-03-02 09:00"), 240, MINUTES, segments, at("2026-03-02 14:00"))
    assert clock(reading.due_at) == "Mon 2026-03-02 17:00:00"


def test_v5_a_limit_used_up_before_a_pause_is_not_shifted_by_it(nine_to_five):
    segments = [
        running("2026-03-02 09:00", "2026-03-02 17:00"),
        paused("2026-03-02 17:00", "2026-03-03 09:00"),
        running("2026-03-03 09:00"),
    ]
    reading = read_clock(nine_to_five, at("2026-03-02 09:00"), 480, MINUTES, segments, at("2026-03-03 09:00"))
    assert clock(reading.due_at) == "Mon 2026-03-02 17:00:00"


def test_v8_closed_time_is_not_used(office):
    segments = [running("2026-03-02 09:00", "2026-03-02 11:00"), running("2026-03-03 10:00", "2026-03-03 11:00")]
    reading = read_clock(office, at("2026-03-02 09:00"), 480, MINUTES, segments, at("2026-03-04 09:00"))
    assert (reading.used, reading.used_seconds) == (180, 180 * 60)


# The cases listed under the vectors


def test_a_clock_with_no_time_at_all_is_fully_used(office):
    reading = read_clock(office, at("2026-03-02 10:00"), 0, MINUTES, [], at("2026-03-02 10:00"))
    assert (reading.share, reading.missed) == (1.0, False)


def test_a_pause_inside_lunch_adds_nothing(office):
    segments = [
        running("2026-03-02 09:00", "2026-03-02 12:10"),
        paused("2026-03-02 12:10", "2026-03-02 13:20"),
        running("2026-03-02 13:20"),
    ]
    reading = read_clock(office, at("2026-03-02 09:00"), 240, MINUTES, segments, at("2026-03-02 13:20"))
    assert reading.due_at == limits.due(office, at("2026-03-02 09:00"), 240, MINUTES).due_at == at("2026-03-02 14:30")


def test_two_touching_pauses_count_as_one(office):
    segments = [
        running("2026-03-02 09:00", "2026-03-02 10:00"),
        paused("2026-03-02 10:00", "2026-03-02 11:00"),
        paused("2026-03-02 11:00", "2026-03-02 14:00"),
        running("2026-03-02 14:00"),
    ]
    reading = read_clock(office, at("2026-03-02 09:00"), 240, MINUTES, segments, at("2026-03-02 14:00"))
    assert clock(reading.due_at) == "Mon 2026-03-02 17:00:00"


def test_an_open_pause_is_read_as_if_it_ended_now(office):
    segments = [running("2026-03-02 09:00", "2026-03-02 10:00"), paused("2026-03-02 10:00")]
    reading = read_clock(office, at("2026-03-02 09:00"), 240, MINUTES, segments, at("2026-03-03 09:00"))
    assert (reading.paused, reading.used, reading.remaining) == (True, 60, 180)
    assert clock(reading.due_at) == "Tue 2026-03-03 12:00:00"
    assert not reading.missed


def test_a_day_off_decreed_meanwhile_moves_the_end_and_not_the_past(office):
    edited = WorkingCalendar(windows=OFFICE_WEEK, off_days=[date(2026, 3, 3)])
    clock_row = (at("2026-03-02 17:00"), 120, MINUTES, [running("2026-03-02 17:00")], at("2026-03-02 17:30"))
    before, after = read_clock(office, *clock_row), read_clock(edited, *clock_row)
    assert (clock(before.due_at), clock(after.due_at)) == ("Tue 2026-03-03 10:00:00", "Wed 2026-03-04 10:00:00")
    assert before.used == after.used == 30


def test_pauses_taken_before_the_calendar_was_edited_still_count():
    edited = WorkingCalendar(windows=OFFICE_WEEK, off_days=[date(2026, 3, 4)])
    segments = [
        running("2026-03-02 17:00", "2026-03-02 17:30"),
        paused("2026-03-02 17:30", "2026-03-03 17:30"),
        running("2026-03-03 17:30"),
    ]
    reading = read_clock(edited, at("2026-03-02 17:00"), 120, MINUTES, segments, at("2026-03-03 17:45"))
    assert clock(reading.due_at) == "Thu 2026-03-05 10:00:00"


def test_pauses_of_seconds_are_counted_in_seconds(office):
    segments = [
        running("2026-03-02 09:00:00", "2026-03-02 09:10:05"),
        paused("2026-03-02 09:10:05", "2026-03-02 09:10:42"),
        running("2026-03-02 09:10:42", "2026-03-02 09:20:00"),
        paused("2026-03-02 09:20:00", "2026-03-02 09:20:13"),
        running("2026-03-02 09:20:13"),
    ]
    reading = read_clock(office, at("2026-03-02 09:00"), 60, MINUTES, segments, at("2026-03-02 09:20:13"))
    assert clock(reading.due_at) == "Mon 2026-03-02 10:00:50"
    assert reading.used_seconds == 1163.0


# Clocks


def test_a_clock_is_read_as_it_stood_at_a_moment(office):
    history = [running("2026-03-02 09:00", "2026-03-02 10:00"), paused("2026-03-02 10:00", "2026-03-02 14:00")]
    then = read_clock(office, at("2026-03-02 09:00"), 240, MINUTES, history, at("2026-03-02 09:30"))
    assert (then.paused, then.used, clock(then.due_at)) == (False, 30, "Mon 2026-03-02 14:30:00")


def test_a_clock_without_segments_has_run_since_it_began(office):
    reading = read_clock(office, at("2026-03-02 09:00"), 240, MINUTES, [], at("2026-03-02 10:00"))
    assert (reading.used, reading.remaining, reading.share) == (60, 180, 0.25)


def test_a_clock_read_before_its_beginning_is_unused(office):
    reading = read_clock(office, at("2026-03-02 09:00"), 240, MINUTES, [], at("2026-03-01 10:00"))
    assert (reading.used, clock(reading.due_at)) == (0, "Mon 2026-03-02 14:30:00")


def test_a_clock_that_began_paused_waits(office):
    reading = read_clock(
        office, at("2026-03-02 09:00"), 60, MINUTES, [paused("2026-03-02 09:00")], at("2026-03-02 11:00")
    )
    assert (reading.used, clock(reading.due_at)) == (0, "Mon 2026-03-02 12:00:00")


def test_an_overdue_clock_says_by_how_much_working_time(office):
    reading = read_clock(office, at("2026-03-06 16:00"), 60, MINUTES, [], at("2026-03-09 10:00"))
    assert (reading.missed, reading.used, reading.remaining) == (True, 180, -120)
    assert reading.remaining_seconds == -120 * 60


def test_a_clock_stopped_on_the_minute_is_in_time(office):
    stopped = [running("2026-03-02 09:00", "2026-03-02 10:00")]
    reading = read_clock(office, at("2026-03-02 09:00"), 60, MINUTES, stopped, at("2026-03-20 10:00"))
    assert (reading.missed, reading.used, clock(reading.due_at)) == (False, 60, "Mon 2026-03-02 10:00:00")


def test_an_end_moved_past_the_weekend_is_no_delay_on_sunday(office):
    reading = read_clock(office, at("2026-03-06 17:20"), 24, ELAPSED, [], at("2026-03-08 17:20"))
    assert (reading.missed, reading.used, reading.remaining) == (False, 48, -24)
    assert reading.remaining_seconds == (15 * 60 + 40) * 60


def test_a_moved_end_waits_for_a_pause_it_falls_into(office):
    segments = [
        running("2026-03-06 17:20", "2026-03-08 10:00"),
        paused("2026-03-08 10:00", "2026-03-09 15:00"),
        running("2026-03-09 15:00"),
    ]
    reading = read_clock(office, at("2026-03-06 17:20"), 24, ELAPSED, segments, at("2026-03-09 15:00"))
    assert (clock(reading.due_at), reading.missed) == ("Mon 2026-03-09 15:00:00", False)


def test_elapsed_hours_stand_still_during_a_pause(hotline):
    segments = [
        running("2026-03-02 09:00", "2026-03-02 10:00"),
        paused("2026-03-02 10:00", "2026-03-03 10:00"),
        running("2026-03-03 10:00"),
    ]
    reading = read_clock(hotline, at("2026-03-02 09:00"), 4, ELAPSED, segments, at("2026-03-03 11:30"))
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
    reading = read_clock(office, at(start), 5, Unit.WORKING_DAYS, segments, at(resumed))
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
    reading = read_clock(office, at(start), 7, Unit.CALENDAR_DAYS, segments, at(resumed))
    assert clock(reading.due_at) == due


def test_days_used_are_whole(office):
    reading = read_clock(office, at("2026-03-02 10:00"), 5, Unit.WORKING_DAYS, [], at("2026-03-05 17:00"))
    assert (reading.used, reading.remaining) == (2, 3)
    assert 0 < reading.share < 1


def test_a_paper_urgent_on_arrival_that_was_paused_is_due_in_the_half_day_it_goes_on(office):
    segments = [
        running("2026-03-02 09:20", "2026-03-02 10:00"),
        paused("2026-03-02 10:00", "2026-03-03 14:00"),
        running("2026-03-03 14:00"),
    ]
    reading = read_clock(office, at("2026-03-02 09:20"), 0, Unit.ON_ARRIVAL, segments, at("2026-03-03 14:00"))
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
        read_clock(office, at("2026-03-02 09:00"), 240, MINUTES, segments, at("2026-03-03 09:00"))


# Properties


@fast
@given(calendars(), histories(), st.integers(1, 240))
def test_a_paused_clock_agrees_with_a_walk_minute_by_minute(calendar, history, minutes):
    start, segments = history
    end = walked(calendar, start, minutes, timedelta(minutes=1), segments)
    assert read_clock(calendar, start, minutes, MINUTES, segments, segments[-1].since).due_at == end


@fast
@given(calendars(), instants(seconds=True), units, st.integers(0, 20), stretches, stretches)
def test_pausing_and_resuming_at_the_same_instant_changes_nothing(calendar, start, unit, amount, before, later):
    stop = start + before
    plain = [Segment(start, None, "running")]
    blinked = [Segment(start, stop, "running"), Segment(stop, stop, "paused"), Segment(stop, None, "running")]
    now = stop + later
    assert read_clock(calendar, start, amount, unit, blinked, now) == read_clock(
        calendar, start, amount, unit, plain, now
    )


@fast
@given(calendars(), instants(), units, st.integers(0, 20), st.integers(1, 60))
def test_blinking_at_the_very_closing_time_changes_nothing(calendar, start, unit, amount, days):
    closing = calendar.closing(calendar.working_days(calendar.day_of(start), days % 5 + 1))
    plain = [Segment(start, None, "running")]
    blinked = [Segment(start, closing, "running"), Segment(closing, closing, "paused")]
    blinked.append(Segment(closing, None, "running"))
    now = closing + timedelta(hours=days)
    assert read_clock(calendar, start, amount, unit, blinked, now) == read_clock(
        calendar, start, amount, unit, plain, now
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
    assert read_clock(calendar, start, amount, unit, split, now) == read_clock(
        calendar, start, amount, unit, whole, now
    )


@fast
@given(calendars(), instants(seconds=True), units, st.integers(0, 20), stretches, stretches)
def test_a_pause_never_brings_the_end_forward(calendar, start, unit, amount, before, waited):
    stop, resume = start + before, start + before + waited
    segments = [Segment(start, stop, "running"), Segment(stop, resume, "paused"), Segment(resume, None, "running")]
    unpaused = limits.due(calendar, start, amount, unit).due_at
    assert read_clock(calendar, start, amount, unit, segments, resume).due_at >= unpaused


@fast
@given(calendars(), instants(seconds=True), units, st.integers(0, 20), stretches)
def test_a_limit_never_ends_before_it_begins(calendar, start, unit, amount, later):
    reckoning = limits.due(calendar, start, amount, unit)
    assert reckoning.due_at >= start
    assert reckoning.due_at == read_clock(calendar, start, amount, unit, [], start + later).due_at
