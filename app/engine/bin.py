"""The recycle bin: what is deleted lies there for thirty days and can be taken back whole.

What has a number or a way to go is never deleted, but voided by its flow. What others refer to stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import exists, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine import access, constraints, history
from app.engine import record as records
from app.engine.database import first_to
from app.engine.moments import Moment, now
from app.engine.referring import references_to
from app.engine.refusals import Invalid, NotAllowed, Stale

KEPT = timedelta(days=30)


class Binned(records.Record):
    """Mixin of the kinds whose records may be deleted: they have no number and no way to go, and others follow them."""

    deleted_at: Mapped[datetime | None] = mapped_column(Moment, sort_order=95)


def deletable(model: Any) -> bool:
    """Whether records of a kind go to the bin at all."""
    return issubclass(model, Binned)


def delete(session: Session, record: Any, *, version: int | None) -> None:
    """Put a record into the bin, uncommitted. Raises `NotAllowed`, `Stale`, or `Invalid` naming who refers to it."""
    model = type(record)
    if not deletable(model):
        raise NotAllowed(_("%(kind)s are voided, never deleted.", kind=model.label_plural))
    if not access.current().may("delete", model.kind_name):
        raise NotAllowed(_("Your role does not allow you to delete %(kind)s.", kind=model.label_plural))
    if version != record.version:
        raise Stale(_("Somebody else changed this record after you opened it."))
    with access.system():
        named = sorted({str(other.label_plural) for other in _referring(session, record)})
    if named:
        raise Invalid({"": [_("Other records still refer to this one: %(kinds)s.", kinds=", ".join(named))]})
    record.deleted_at = now()
    with history.act("delete"):
        constraints.flush_or_refuse(session)


def _referring(session: Session, record: Any) -> Iterator[Any]:
    """The kinds of record that refer to this one, those in the bin included."""
    for kind, column in references_to(type(record)):
        referring = exists().where(getattr(kind, column) == record.id)
        if session.scalar(select(referring).execution_options(**access.with_deleted)):
            yield kind


def lying(session: Session, model: Any, most: int = 200) -> list[Any]:
    """What lies in the bin of one kind and was visible to the actor, the latest first."""
    query = select(model).where(model.deleted_at.is_not(None)).order_by(model.deleted_at.desc(), model.id.desc())
    return list(session.scalars(query.limit(most), execution_options=access.with_deleted))


def find(session: Session, model: Any, pk: int) -> Any:
    """A record in the bin that was visible to the actor, else None."""
    query = select(model).where(model.id == pk, model.deleted_at.is_not(None))
    return session.scalars(query, execution_options=access.with_deleted).one_or_none()


def restore(session: Session, record: Any) -> None:
    """Take a record out of the bin; the caller commits."""
    if not access.current().may("delete", type(record).kind_name):
        raise NotAllowed(_("Your role does not allow this."))
    record.deleted_at = None
    with history.act("restore"):
        constraints.flush_or_refuse(session)


def empty(session: Session) -> int:
    """Remove for good what has lain for thirty days; how many records. The caller commits."""
    count = 0
    if not first_to(session, "empty the bin"):
        return count
    with access.system(), history.act("purge"):
        for model in list(access.guarded(Binned)):
            query = select(model).where(model.deleted_at < now() - KEPT)
            for record in session.scalars(query, execution_options=access.with_deleted):
                session.delete(record)
                count += 1
        session.flush()
    return count
