"""One book and one year of a register: its numbers in the order of their serials, void ones in their place."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import and_, exists, false, func, null, or_, select
from sqlalchemy.orm import Session, aliased

from app.engine import access
from app.engine.frames import frame
from app.engine.moments import today
from app.engine.numbers import VOID, DrawnNumber
from app.engine.periods import Period
from models.number_reservations import READERS
from models.secrecy import REGISTRY

_DRAWN = DrawnNumber


def in_order(query: Any, number: Any, counted_as: str, moment: Any, key: Any, year: int | None) -> Any:
    """`query` (records with a `number`) by year and serial, of one `year` if given.

    `counted_as` begins the names of the series. A number that no counter drew belongs to the year of its `moment`, so
    does one of a series that runs on; it stands by that moment, before those that were drawn.
    """
    mine = or_(_DRAWN.series == counted_as, _DRAWN.series.startswith(f"{counted_as}:", autoescape=True))
    query = query.join(_DRAWN, and_(_DRAWN.text == number, mine), isouter=True)
    if year is not None:
        within = and_(*_year(year).conditions(moment))
        query = query.where(or_(_DRAWN.year == year, and_(func.coalesce(_DRAWN.year, 0) == 0, within)))
    return query.order_by(None).order_by(
        func.coalesce(_DRAWN.year, 0), func.coalesce(_DRAWN.serial, 0), moment, key,
    ).add_columns(_DRAWN.year.label("counted_year"), _DRAWN.serial)  # fmt: skip


def why_void(number: Any, counted_as: str) -> Any:
    """The column `void_reason`: why the number of a paper is void, for those who learn it."""
    drawn = aliased(_DRAWN)  # the numbers may be joined, too
    mine = or_(drawn.series == counted_as, drawn.series.startswith(f"{counted_as}:", autoescape=True))
    reason = select(func.max(drawn.reason)).where(drawn.text == number, drawn.state == VOID, mine)
    return _told(reason.correlate(number.class_).scalar_subquery())


def _told(reason: Any) -> Any:
    return (reason if access.current().has(*READERS) else null()).label("void_reason")


def void_numbers(session: Session, number: Any, series: str, year: int | None) -> pd.DataFrame:
    """The void numbers of a series that no paper bears, with year, serial and reason, for who keeps all registers.

    `number`: the column of the papers' numbers. One of a series that runs on belongs to the year in which it was drawn.
    """
    borne = number.class_.__table__.c[number.key]
    query = select(
        _DRAWN.text.label(number.key), _DRAWN.year.label("counted_year"), _DRAWN.serial, _told(_DRAWN.reason),
    ).where(_DRAWN.series == series, _DRAWN.state == VOID, ~exists().where(borne == _DRAWN.text))  # fmt: skip
    if year is not None:
        query = query.where(or_(_DRAWN.year == year, and_(_DRAWN.year == 0, *_year(year).conditions(_DRAWN.at))))
    if not access.current().has(*REGISTRY):
        query = query.where(false())
    return frame(session, query)


def with_void(
    session: Session, table: pd.DataFrame, number: Any, series: str, year: int | None, words: str
) -> pd.DataFrame:
    """`table` with the void numbers of a series that no paper bears, in their place, for who keeps all registers.

    Such a line has beside its number the reason and the state `words`, and nothing more.
    """
    void = void_numbers(session, number, series, year).assign(state=words)
    if void.empty:
        return table
    both = pd.concat([table.astype(object), void.astype(object)], ignore_index=True)
    place = [pd.to_numeric(both[column]).fillna(0) for column in ("counted_year", "serial")]
    return both.iloc[sorted(both.index, key=lambda row: (place[0][row], place[1][row]))].reset_index(drop=True)


def _year(year: int) -> Period:
    first = today().replace(year=year, month=1, day=1)
    return Period(first, first.replace(month=12, day=31))
