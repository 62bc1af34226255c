"""The office's calendar: the days on which it departs from its week, as rows, and the hours that follow from them."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session

from app.engine import access, fields
from app.engine.bin import Binned
from app.engine.calendar import WorkingCalendar
from app.engine.moments import office_zone
from app.engine.remembered import remembered

#: Opening hours of the office calendar, Monday to Friday.
OFFICE_WINDOWS = {n: ((time(9), time(12)), (time(13, 30), time(18))) for n in range(5)}


class CalendarDay(Binned, Model):
    """A day on which the office departs from its week: a day off, or a weekend day that is worked."""

    __tablename__ = "calendar_day"
    kind_name = "calendar_days"
    label, label_plural = _l("Calendar day"), _l("Working calendar")
    natural_key = "day"
    visible_to = classmethod(access.everyone)

    day: Mapped[date] = fields.day(_l("Day"), required=True, unique=True)
    worked: Mapped[bool] = fields.flag(_l("Worked"))
    name: Mapped[str | None] = fields.line(_l("Occasion"), 100, search=True)
    source: Mapped[str | None] = fields.line(_l("Source"), 200)


_calendars: dict[Any, WorkingCalendar] = {}


def working_calendar(session: Session, name: str = "office") -> WorkingCalendar:
    """The office's calendar as its days stand now, or the one that never closes."""
    zone = str(office_zone())
    if name == "always":
        return WorkingCalendar.round_the_clock(zone)
    with access.system():
        day = CalendarDay  # one day instead of another, at the same moment, is another calendar
        counted = func.count(day.id), func.sum(day.id), func.sum(day.version), func.max(day.changed_at)
        stamp = remembered(session, CalendarDay, lambda: session.execute(select(*counted)).one())
        key = (str(session.get_bind().engine.url), zone, *stamp)
        calendar = _calendars.get(key)
        if calendar is None:
            days = session.execute(select(CalendarDay.day, CalendarDay.worked)).all()
            if len(_calendars) > 3:  # the primary's and the replica's, which may differ for a moment
                _calendars.clear()
            calendar = _calendars[key] = WorkingCalendar(
                zone,
                OFFICE_WINDOWS,
                off_days=frozenset(day for day, worked in days if not worked),
                make_up_days=frozenset(day for day, worked in days if worked),
                known_years=frozenset(day.year for day, _ in days),
            )
    return calendar
