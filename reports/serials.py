"""One book and one year of a register: its numbers in the order of their serials, void ones in their place."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from app.engine import access
from app.engine.frames import frame
from app.engine.moments import today
from app.engine.numbers import VOID, DrawnNumber
from app.engine.periods import Period
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


def with_void(
    session: Session, table: pd.DataFrame, number: Any, series: str, year: int | None, words: str
) -> pd.DataFrame:
    """`table` with the void numbers of a series that no paper bears, in their place, for who keeps all registers.

    `number` is the column of the papers' numbers; such a line has beside it the state `words` and nothing more. Of a
    series that runs on it belongs to the year in which it was drawn.
    """
    if not access.current().has(*REGISTRY):
        return table
    borne = number.class_.__table__.c[number.key]
    query = select(_DRAWN.text.label(number.key), _DRAWN.year.label("counted_year"), _DRAWN.serial).where(
        _DRAWN.series == series, _DRAWN.state == VOID, ~exists().where(borne == _DRAWN.text)
    )
    if year is not None:
        query = query.where(or_(_DRAWN.year == year, and_(_DRAWN.year == 0, *_year(year).conditions(_DRAWN.at))))
    void = frame(session, query).assign(state=words)
    if void.empty:
        return table
    both = pd.concat([table.astype(object), void.astype(object)], ignore_index=True)
    place = [pd.to_numeric(both[column]).fillna(0) for column in ("counted_year", "serial")]
    return both.iloc[sorted(both.index, key=lambda row: (place[0][row], place[1][row]))].reset_index(drop=True)


def _year(year: int) -> Period:
    first = today().replace(year=year, month=1, day=1)
    return Period(first, first.replace(month=12, day=31))
