"""The books of numbers: each one accounted for, and how many there are of each kind."""

from __future__ import annotations

from typing import Any

import pandas as pd
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.engine import access, numbers
from app.engine.columns import Column
from app.engine.frames import report
from app.engine.numbers import RESERVED, USED, VOID, DrawnNumber
from app.engine.periods import Period
from app.engine.record import kinds
from models.documents import REGISTRY
from models.number_reservations import READERS, NumberReservation
from models.outgoing import OutgoingDocument
from models.outgoing_series import FIRST, OutgoingSeries, key
from models.registers import Register

STATES = {USED: _l("Number used"), RESERVED: _l("Number reserved"), VOID: _l("Number void")}


#: Where a number stands that somebody may know of.
NUMBERS = (OutgoingDocument.document_no, NumberReservation.number)


def _known(column: Any, actor: access.Actor) -> Any:
    """The numbers of the records of a kind that the actor sees."""
    model = column.class_
    return select(column).where(model.id.in_(access.visible_ids(model, actor)))


def names_of_series(session: Session) -> dict[str, str]:
    """What the office calls what is counted: outgoing series, register books, other kinds of record."""
    with access.system():
        books = {f"incoming_documents:{book.code}": book.name for book in session.scalars(select(Register))}
        series = {key(one): one.name for one in session.scalars(select(OutgoingSeries))}
    return {**{name: str(model.label_plural) for name, model in kinds().items()}, **books, **series}


@report(
    "number_audit",
    _l("Number audit"),
    [
        Column("series", _l("Number series"), "text"),
        Column("year", _l("Year"), "text"),
        Column("drawn", _l("Numbers drawn"), "integer"),
        Column("used", _l("Numbers used"), "integer"),
        Column("reserved", _l("Numbers reserved"), "integer"),
        Column("void", _l("Numbers void"), "integer"),
        Column("unexplained", _l("Unexplained"), "integer"),
        Column("summary", _l("In words"), "text"),
    ],
    basis=_l("Every number drawn from the counters, series by series and year by year; none may be unexplained."),
)
def number_audit(session: Session, period: Period) -> pd.DataFrame:
    """One line a series and year, for those who keep or read all registers; `number_register` has the numbers."""
    named = names_of_series(session)
    counted = numbers.audit(session) if access.current().has(*REGISTRY) else []
    rows = [_line(named, row) for row in counted if _within(period, row["year"])]
    names = ["series", "year", "drawn", "used", "reserved", "void", "unexplained", "summary"]
    return pd.DataFrame(rows, columns=names)


def _within(period: Period, year: int) -> bool:
    """Whether a year touches the period; a series that runs on belongs to all."""
    if year == 0:
        return True
    first, last = period.first, period.last
    return (first is None or first.year <= year) and (last is None or year <= last.year)


def accounted(session: Session, series: str, year: int | None, name: str) -> list[str]:
    """What became of the numbers of a series, a sentence a year, for those who keep or read all registers."""
    counted = numbers.audit(session, series) if access.current().has(*REGISTRY) else []
    rows = [_line({series: name}, row) for row in counted if year in (None, row["year"]) or row["year"] == 0]
    return [f"{row['series']} {row['year']}".strip() + f" · {row['summary']}" for row in rows]


def _line(named: dict[str, str], row: dict[str, Any]) -> dict[str, Any]:
    tally = {name: row[name] for name in ("drawn", "used", "reserved", "void", "unexplained")}
    words = _(
        "Numbers 1–%(drawn)s: %(used)s used, %(void)s void, %(reserved)s reserved, %(unexplained)s unexplained", **tally
    )
    name, year = named.get(row["series"], row["series"]), str(row["year"] or "")
    return {"series": name, "year": year, **tally, "summary": words}


@report(
    "number_register",
    _l("Register of outgoing numbers"),
    [
        Column("series", _l("Number series"), "text"),
        Column("number", _l("Document number"), "number_text"),
        Column("state", _l("State"), "choice"),
        Column("reason", _l("Reason or purpose"), "text"),
        Column("who", _l("Drawn by"), "text"),
        Column("at", _l("Drawn at"), "moment"),
        Column("changed_by", _l("Settled by"), "text"),
        Column("changed_at", _l("Settled at"), "moment"),
    ],
    basis=_l(
        "All numbers of the outgoing series drawn in the period, in their order; the keepers see the reasons, too."
    ),
    labels={"state": STATES},
)
def number_register(session: Session, period: Period) -> pd.DataFrame:
    """One line a number, void ones included."""
    drawn, named = DrawnNumber, names_of_series(session)
    query = select(drawn).where((drawn.series == FIRST) | drawn.series.startswith(f"{FIRST}:", autoescape=True))
    query = period.holds(query, drawn.at).order_by(drawn.series, drawn.year, drawn.serial)
    actor = access.current()
    told = actor.has(*READERS)
    if not actor.has(*REGISTRY):
        query = query.where(or_(*(drawn.text.in_(_known(column, actor)) for column in NUMBERS)))
    rows = [
        {
            "series": named.get(one.series, one.series),
            "number": one.text,
            "state": one.state,
            "reason": one.reason if told else None,
            "who": one.actor_name,
            "at": one.at,
            "changed_by": one.changed_by,
            "changed_at": one.changed_at,
        }
        for one in session.scalars(query, execution_options={"populate_existing": True})
    ]
    names = ["series", "number", "state", "reason", "who", "at", "changed_by", "changed_at"]
    return pd.DataFrame(rows, columns=names)
