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
from app.engine.database import lost
from app.engine.fields import fields_of
from app.engine.refusals import Invalid, Refused


def refuse_taken(session: Session, record: Any, errors: dict[str, list[str]] | None = None) -> None:
    """Refuse a natural key that another record already has, hidden ones included."""
    model, found = type(record), {} if errors is None else errors
    field = fields_of(model).get(model.natural_key)
    if field is not None and is_unique(model, field.column):
        value = getattr(record, field.column)
        if value is not None:
            with access.system(), session.no_autoflush:
                query = select(model.id).where(getattr(model, field.column) == value)
                query = query.execution_options(**access.with_deleted)
                others = [pk for pk in session.scalars(query.limit(2)) if pk != record.id]
            if others:
                found.setdefault(field.name, []).append(
                    _("%(field)s “%(value)s” is already taken.", field=field.label, value=str(value)[:60])
                )
    if found and errors is None:
        raise Invalid(found)


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
    """Turn what the database objects to into `Invalid`, or into `Overtaken` where somebody was quicker."""
    try:
        yield
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
