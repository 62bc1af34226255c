"""Running numbers without holes: `收文〔2026〕12号`, one counter a series and year.

A number is drawn by raising the counter row inside the caller's transaction: whoever comes second waits, and a rollback
gives the number back. A database sequence would leave holes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, Integer, String, Text, UniqueConstraint, insert, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine import access
from app.engine.moments import Moment, local, now
from app.engine.refusals import Refused

RESERVED, USED, VOID = "reserved", "used", "void"


class NumberCounter(Model):
    """The last serial of a series in a year; year 0 for a series that runs on."""

    __tablename__ = "number_counter"

    series: Mapped[str] = mapped_column(String(60), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True)
    last: Mapped[int] = mapped_column(Integer, default=0)


class DrawnNumber(Model):
    """Every number ever drawn and what became of it, so that each can be explained."""

    __tablename__ = "drawn_number"
    __table_args__ = (
        UniqueConstraint("series", "year", "serial"),
        CheckConstraint("state IN ('reserved', 'used', 'void')", name="state_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(String(60))
    year: Mapped[int] = mapped_column(Integer)
    serial: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(String(100), index=True)
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Moment)
    actor_name: Mapped[str] = mapped_column(String(200))


_COUNTER, _DRAWN = inspect(NumberCounter).local_table, inspect(DrawnNumber).local_table


def draw(
    session: Session, series: str, template: str, *, yearly: bool = True, state: str = USED, reason: str | None = None
) -> str:
    """The next number of `series`, drawn now, as text by `template` (`{year}`, `{serial}`).

    The year is the office's, not the server's. Taking part in the caller's transaction, the number exists if and only
    if what it was drawn for does.
    """
    return draw_many(session, series, template, 1, yearly=yearly, state=state, reason=reason)[0]


def draw_many(
    session: Session,
    series: str,
    template: str,
    count: int,
    *,
    yearly: bool = True,
    state: str = USED,
    reason: str | None = None,
) -> list[str]:
    """`count` numbers in a row, as `draw` gives one."""
    moment = now()
    year = local(moment).year if yearly else 0
    last = _raised(session, series, year, count)
    if last is None:  # the first number of the series in this year
        dialect = {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name]
        session.execute(dialect.insert(NumberCounter).values(series=series, year=year, last=0).on_conflict_do_nothing())
        last = _raised(session, series, year, count)
    assert last is not None  # the row was just made sure of
    drawn: list[dict[str, Any]] = [
        {
            "series": series,
            "year": year,
            "serial": serial,
            "text": template.format(year=year, serial=serial),
            "state": state,
            "reason": reason,
            "at": moment,
            "actor_name": access.current().name,
        }
        for serial in range(last - count + 1, last + 1)
    ]
    # Plain statements: all other writers of the series wait from the counter's UPDATE to the commit.
    session.execute(insert(_DRAWN), drawn if count > 1 else drawn[0])
    return [number["text"] for number in drawn]


def _raised(session: Session, series: str, year: int, count: int) -> int | None:
    """The counter's last serial after raising it by `count`; from here to the end of the transaction it is ours."""
    columns = _COUNTER.c
    return session.scalar(
        update(_COUNTER)
        .where(columns.series == series, columns.year == year)
        .values(last=columns.last + count)
        .returning(columns.last)
    )


def void(session: Session, series: str, text: str, reason: str) -> None:
    """Mark a drawn number as void; it is never given again. A number taken over from a ledger has nothing to mark."""
    if not reason.strip():
        raise Refused(_("Say why the number becomes void."))
    number = session.scalar(select(DrawnNumber).where(DrawnNumber.series == series, DrawnNumber.text == text))
    if number is not None:
        number.state, number.reason = VOID, reason


def audit(session: Session) -> list[dict[str, Any]]:
    """One row a series and year: `drawn`, `used`, `reserved`, `void`, `unexplained` (must be 0)."""
    rows = []
    for counter in session.scalars(select(NumberCounter).order_by(NumberCounter.series, NumberCounter.year)):
        states = list(
            session.scalars(
                select(DrawnNumber.state).where(DrawnNumber.series == counter.series, DrawnNumber.year == counter.year)
            )
        )
        tally = {state: states.count(state) for state in (USED, RESERVED, VOID)}
        rows.append(
            {
                "series": counter.series,
                "year": counter.year,
                "drawn": counter.last,
                **tally,
                "unexplained": counter.last - sum(tally.values()),
            }
        )
    return rows
