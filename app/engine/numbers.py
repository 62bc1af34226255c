"""Running numbers without holes: `收文〔2026〕12号`, one counter a series and year.

A number is drawn by raising the counter row inside the caller's transaction: whoever comes second waits, and a rollback
gives the number back. A database sequence would leave holes. Every number is used, void, or reserved until one of the
two happens to it; only the last one drawn can go back where it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from string import Formatter
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from sqlalchemy import (
    CheckConstraint,
    Integer,
    String,
    Text,
    UniqueConstraint,
    case,
    delete,
    exists,
    func,
    insert,
    inspect,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine import history
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
    actor_id: Mapped[int | None] = mapped_column(Integer)
    actor_name: Mapped[str] = mapped_column(String(200))
    #: when and by whom it was used after a reservation, or became void
    changed_at: Mapped[datetime | None] = mapped_column(Moment)
    changed_by: Mapped[str | None] = mapped_column(String(200))


_COUNTER, _DRAWN = inspect(NumberCounter).local_table, inspect(DrawnNumber).local_table


def well_formed(template: str | None) -> bool:
    """Whether a form of numbers has `{serial}`, at most `{year}` beside it, and nothing else in braces."""
    try:
        parts = [part[1:] for part in Formatter().parse(template or "") if part[1] is not None]
    except ValueError:
        return False
    return ("serial", "", None) in parts and all(part in (("serial", "", None), ("year", "", None)) for part in parts)


def draw(
    session: Session,
    series: str,
    template: str,
    *,
    yearly: bool = True,
    state: str = USED,
    reason: str | None = None,
    year: int | None = None,
) -> str:
    """The next number of `series`, drawn now, as text by `template` (`{year}`, `{serial}`).

    The year is the office's, not the server's, or an older `year` whose register is still open. Taking part in the
    caller's transaction, the number exists if and only if what it was drawn for does. Raises `Refused` for a year to
    come, and for a counter that has fallen behind the numbers it gave.
    """
    return draw_many(session, series, template, 1, yearly=yearly, state=state, reason=reason, year=year)[0]


def draw_many(
    session: Session,
    series: str,
    template: str,
    count: int,
    *,
    yearly: bool = True,
    state: str = USED,
    reason: str | None = None,
    year: int | None = None,
) -> list[str]:
    """`count` numbers in a row, as `draw` gives one."""
    moment, doer = now(), history.doer()
    present = local(moment).year
    if year is not None and year > present:
        raise Refused(_("No number is drawn for a year to come."))
    counted = (year or present) if yearly else 0
    last = _raised(session, series, counted, count)
    if last is None:  # the first number of the series in this year, or a counter that lies behind
        dialect = {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name]
        fresh = dialect.insert(NumberCounter).values(series=series, year=counted, last=0)
        session.execute(fresh.on_conflict_do_nothing())
        last = _raised(session, series, counted, count)
    if last is None:
        raise Refused(
            _("The counter lies behind the numbers already given, as after a restore; have it checked and set first.")
        )
    drawn: list[dict[str, Any]] = [
        {
            "series": series,
            "year": counted,
            "serial": serial,
            "text": template.format(year=counted, serial=serial),
            "state": state,
            "reason": reason,
            "at": moment,
            "actor_id": doer.id,
            "actor_name": doer.name,
        }
        for serial in range(last - count + 1, last + 1)
    ]
    # Plain statements: all other writers of the series wait from the counter's UPDATE to the commit.
    session.execute(insert(_DRAWN), drawn if count > 1 else drawn[0])
    return [number["text"] for number in drawn]


def _raised(session: Session, series: str, year: int, count: int) -> int | None:
    """The counter's last serial after raising it by `count`; from here to the end of the transaction it is ours.

    None where there is no counter, or one below a number it has given.
    """
    columns, drawn = _COUNTER.c, _DRAWN.c
    highest = select(func.coalesce(func.max(drawn.serial), 0)).where(drawn.series == series, drawn.year == year)
    return session.scalar(
        update(_COUNTER)
        .where(columns.series == series, columns.year == year, columns.last >= highest.scalar_subquery())
        .values(last=columns.last + count)
        .returning(columns.last)
    )


def catch_up(session: Session) -> list[str]:
    """Set every counter that is gone or lies behind its numbers, as after a restore, to the highest; those series.

    For somebody who has compared the register with the papers; the caller commits.
    """
    columns, drawn = _COUNTER.c, _DRAWN.c
    there = exists().where(columns.series == drawn.series, columns.year == drawn.year)
    gone = select(drawn.series, drawn.year, literal(0)).where(~there).distinct()
    session.execute(insert(_COUNTER).from_select(["series", "year", "last"], gone))
    highest = (
        select(func.max(drawn.serial)).where(drawn.series == columns.series, drawn.year == columns.year)
    ).scalar_subquery()
    raised = update(_COUNTER).where(columns.last < highest).values(last=highest).returning(columns.series)
    return sorted(session.scalars(raised))


def reserve(
    session: Session, series: str, template: str, purpose: str, *, yearly: bool = True, year: int | None = None
) -> str:
    """The next number, kept for a purpose until it is used, void or released."""
    return draw(session, series, template, yearly=yearly, state=RESERVED, reason=purpose, year=year)


def drawn_as(session: Session, series: str, text: str) -> DrawnNumber | None:
    """What is known of a number; None for one that was never drawn here."""
    return session.scalar(
        select(DrawnNumber)
        .where(DrawnNumber.series == series, DrawnNumber.text == text)
        .execution_options(populate_existing=True)
    )


def is_drawn(session: Session, text: str) -> bool:
    """Whether a number was drawn here, in whichever series; one taken over from a ledger was not."""
    with session.no_autoflush:
        return session.scalar(select(exists().where(DrawnNumber.text == text))) or False


def has_counted(session: Session, series: str) -> bool:
    """Whether a series has given a number."""
    with session.no_autoflush:
        return session.scalar(select(exists().where(NumberCounter.series == series))) or False


def use_reserved(session: Session, series: str, text: str) -> None:
    """Use a reserved number, once. Raises `Refused` for one that is not reserved, or no more."""
    columns = _DRAWN.c
    used = session.scalar(
        update(_DRAWN)
        .where(columns.series == series, columns.text == text, columns.state == RESERVED)
        .values(state=USED, changed_at=now(), changed_by=history.doer().name)
        .returning(columns.id)
    )
    if used is None:
        raise Refused(_("The number %(number)s is not reserved any more.", number=text))


def release(session: Session, series: str, text: str) -> None:
    """Let a reserved number go back: the counter is lowered and the next paper gets it.

    Raises `Refused` unless it is the last of its series and year, and whoever drew it today gives it back unused.
    """
    columns, counter = _DRAWN.c, _COUNTER.c
    reserved = columns.series == series, columns.text == text, columns.state == RESERVED
    number = session.execute(select(_DRAWN).where(*reserved).with_for_update()).one_or_none()
    if number is None:
        raise Refused(_("The number %(number)s is not reserved any more.", number=text))
    doer = history.doer()
    if (number.actor_id, number.actor_name) != (doer.id, doer.name) or local(number.at).date() != local(now()).date():
        raise Refused(_("Only who drew a number can give it back, and only on the same day; have it voided instead."))
    lowered = session.scalar(
        update(_COUNTER)
        .where(counter.series == series, counter.year == number.year, counter.last == number.serial)
        .values(last=counter.last - 1)
        .returning(counter.last)
    )
    if lowered is None:
        raise Refused(_("Later numbers have been drawn; have this one voided instead."))
    session.execute(delete(_DRAWN).where(columns.id == number.id))


def void(session: Session, series: str, text: str, reason: str) -> None:
    """Mark a drawn number as void; it is never given again. A number taken over from a ledger has nothing to mark."""
    if not reason.strip():
        raise Refused(_("Say why the number becomes void."))
    number = session.scalar(select(DrawnNumber).where(DrawnNumber.series == series, DrawnNumber.text == text))
    if number is not None:
        number.state, number.reason = VOID, reason
        number.changed_at, number.changed_by = now(), history.doer().name


def void_drawn(session: Session, series: str, texts: Sequence[str], reason: str) -> None:
    """Mark those of the numbers that were drawn here as void, all at once; ones taken over are passed over."""
    columns = _DRAWN.c
    session.execute(
        update(_DRAWN)
        .where(columns.series == series, columns.text.in_(texts), columns.state != VOID)
        .values(state=VOID, reason=reason, changed_at=now(), changed_by=history.doer().name)
    )


def audit(session: Session, series: str | None = None, years: Sequence[int] = ()) -> list[dict[str, Any]]:
    """One row a series and year: `drawn`, `used`, `reserved`, `void`, `unexplained` and `behind` (both must be 0).

    `drawn` goes up to the highest number that counter or register knows; a counter may lie `behind` it by so many.
    With `series` only the rows of that one, with `years` those of these.
    """
    by, states = (DrawnNumber.series, DrawnNumber.year), (USED, RESERVED, VOID)
    tallies = (func.sum(case((DrawnNumber.state == state, 1), else_=0)).label(state) for state in states)
    given = select(*by, func.max(DrawnNumber.serial).label("highest"), *tallies).group_by(*by)
    last_ones = select(NumberCounter)
    if series is not None:
        given, last_ones = given.where(DrawnNumber.series == series), last_ones.where(NumberCounter.series == series)
    if years:
        given, last_ones = given.where(DrawnNumber.year.in_(years)), last_ones.where(NumberCounter.year.in_(years))
    found: dict[tuple[str, int], dict[str, Any]] = {
        (row.series, row.year): dict(row._mapping) for row in session.execute(given)
    }
    counters = {(one.series, one.year): one.last for one in session.scalars(last_ones)}
    rows = []
    for name, year in sorted(found.keys() | counters.keys()):
        known, last = found.get((name, year), {}), counters.get((name, year), 0)
        drawn = max(last, known.get("highest", 0))
        tally = {state: int(known.get(state, 0)) for state in states}
        rows.append(
            {"series": name, "year": year, "drawn": drawn, **tally, "unexplained": drawn - sum(tally.values()),
             "behind": drawn - last}
        )  # fmt: skip
    return rows
