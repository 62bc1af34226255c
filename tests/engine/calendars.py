"""Calendars and clocks for the tests: an office, China's days off, weeks and histories made up at random."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from app.engine.calendar import WorkingCalendar
from app.engine.limits import Unit
from app.engine.readings import Segment

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


def chinese(*years):
    """The office with the State Council's plans of these years."""
    return WorkingCalendar(
        windows=OFFICE_WEEK,
        off_days=[day for day in chinese_calendar.holidays if day.year in years],
        make_up_days=[day for day in chinese_calendar.workdays if day.year in years],
        known_years=years,
    )


ZONES = ("Asia/Shanghai", "America/New_York", "Europe/Berlin")
#: Around the changes of New York (8 March, 1 November 2026) and Berlin (29 March, 25 October).
SPRING, AUTUMN = datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 10, 22, tzinfo=UTC)

fast = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
units = st.sampled_from([unit for unit in Unit if unit is not Unit.FIXED_MOMENT])
stretches = st.integers(0, 3 * 86_400).map(lambda seconds: timedelta(seconds=seconds))


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
