"""Constraints: what the database objects to, in words; and numbers already taken, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import UniqueConstraint, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.engine import access, concurrency
from app.engine.changes import changed
from app.engine.database import lost
from app.engine.fields import fields_of
from app.engine.refusals import Invalid, Refused


def distinct_columns(model: Any) -> dict[str, str]:
    """The columns in which no two records of a kind are alike -> the field that is at fault where two are."""
    key = fields_of(model).get(model.natural_key)
    own = {key.column: key.name} if key is not None and is_unique(model, key.column) else {}
    return {**own, **model.distinct}


def refuse_taken(session: Session, record: Any, errors: dict[str, list[str]] | None = None) -> None:
    """Refuse a natural key or a likeness that another record already has, hidden ones included."""
    found, stored = {} if errors is None else errors, inspect(record).persistent
    for column, name in distinct_columns(type(record)).items():
        if getattr(record, column) is None or (stored and not changed(record, column)):
            continue
        if (other := twin(session, record, column)) is not None:
            found.setdefault(name, []).extend(taken(record, column, other))
    if found and errors is None:
        raise Invalid(found)


def twin(session: Session, record: Any, column: str) -> Any:
    """Another record with the same value in a column, stored or about to be; None: there is none."""
    model, value = type(record), getattr(record, column)
    query = select(model).where(getattr(model, column) == value).limit(2).execution_options(**access.with_deleted)
    with access.system(), session.no_autoflush:
        stored = list(session.scalars(query))
    waiting = (one for one in session.new if type(one) is model and getattr(one, column) == value)
    return next((one for one in (*stored, *waiting) if one is not record), None)


def taken(record: Any, column: str, other: Any) -> list[str]:
    """What is wrong with a record that is in one column as another one is; None: one that was refused itself."""
    field = fields_of(type(record)).get(type(record).natural_key)
    if field is not None and field.column == column:
        value = str(getattr(record, column))[:60]
        return [_("%(field)s “%(value)s” is already taken.", field=field.label, value=value)]
    return [] if other is None else [record.likeness(other)]


def is_indexed(model: Any, column: str) -> bool:
    """Whether an index of the table begins with the column, and so has its rows in that order."""
    table = inspect(model).local_table
    wanted = inspect(model).columns[column]
    orders = [*table.indexes, *(one for one in table.constraints if isinstance(one, UniqueConstraint))]
    return any(next(iter(one.columns)) is wanted for one in orders)


def is_unique(model: Any, column: str) -> bool:
    table = inspect(model).local_table
    return bool(table.c[column].unique) or any(
        isinstance(c, UniqueConstraint) and [k.name for k in c.columns] == [column] for c in table.constraints
    )


@contextmanager
def refusing(session: Session) -> Iterator[None]:
    """Turn what the database objects to into `Invalid`, or into `Overtaken` where somebody was quicker.

    What is refused while sums are worked out for the flush leaves nothing behind either.
    """
    try:
        yield
    except Refused:
        session.rollback()
        raise
    except StaleDataError:
        session.rollback()
        raise concurrency.overtaken() from None
    except IntegrityError as error:
        session.rollback()
        raise concurrency.overtaken() if lost(error) else integrity_refusal(error) from None


def flush_or_refuse(session: Session) -> None:
    with refusing(session):
        session.flush()


def integrity_refusal(error: IntegrityError) -> Refused:
    """What a constraint of the database means to the person at the desk."""
    detail = str(error.orig).lower()
    if "unique" in detail or "duplicate" in detail:
        return Invalid({"": [_("A record with the same number or name exists already.")]})
    if "foreign key" in detail:
        return Invalid({"": [_("Other records still refer to this one.")]})
    return Invalid({"": [_("These values do not fit together.")]})
