"""The moments the calendar counts with: whole microseconds since 1970, in the years that can be counted in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The years that can be counted in: a search for working time ends at the last of them, whatever the calendar says.
FIRST_YEAR, LAST_YEAR = 1900, 2199

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_A_DAY = 86_400_000_000

#: What stands for a missing moment in a column of microseconds.
NAT = np.iinfo(np.int64).min


def N_(sentence: str) -> str:
    """Marks a sentence for translation; the calendar knows no reader and so no language."""
    return sentence


class CalendarRefused(ValueError):
    """What the calendar cannot be or cannot count.

    `str()` is plain English; a page translates `sentence` and fills in `values`.
    """

    def __init__(self, sentence: str, **values: Any):
        self.sentence, self.values = sentence, values
        super().__init__(sentence % values)


def endless() -> CalendarRefused:
    return CalendarRefused(
        N_("The limit does not end between %(first)s and %(last)s."), first=FIRST_YEAR, last=LAST_YEAR
    )


def outside_years() -> CalendarRefused:
    return CalendarRefused(N_("The calendar counts from %(first)s to %(last)s only."), first=FIRST_YEAR, last=LAST_YEAR)


def micros(at: datetime) -> int:
    """The microseconds of an aware moment. Raises `CalendarRefused` for one without a zone."""
    if at.tzinfo is None:
        raise CalendarRefused(N_("The moment %(at)s has no time zone."), at=at)
    return (at - EPOCH) // MICROSECOND


def moment(microseconds: int) -> datetime:
    """The moment, aware and in UTC."""
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise outside_years() from None


def micros_column(moments: Any) -> NDArray[np.int64]:
    """`micros` of datetime64 arrays, pandas columns, lists of aware datetimes or a single one; `NAT` where missing."""
    if isinstance(moments, datetime):
        return np.array(micros(moments), dtype=np.int64)
    if getattr(moments, "dtype", np.dtype(object)) != np.dtype(object):
        return np.asarray(moments, dtype="datetime64[us]").astype(np.int64)
    # Python datetimes: numpy itself would warn of their zone and drop it. NaT is the one moment unlike itself.
    objects = np.asarray(moments, dtype=object)
    flat = [NAT if at is None or at != at else micros(at) for at in objects.ravel()]
    return np.array(flat, dtype=np.int64).reshape(objects.shape)
