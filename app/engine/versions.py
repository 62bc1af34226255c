"""Versions of clocks: each time a limit moved, from when to when and why. Rows are added, never changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, ForeignKey, Index, Integer, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine import access, history
from app.engine.moments import Moment, now
from app.engine.record import kinds

#: Why a limit moved.
REASONS = {
    "extension": _l("Extended"),
    "limit": _l("Another limit was stated"),
    "urgency": _l("Urgency or kind changed"),
    "since": _l("What it counts from was corrected"),
    "calendar": _l("The working calendar changed"),
    "pause": _l("Went on after a pause"),
    "whole": _l("The limit of the whole moved"),
}


class ClockVersion(access.RowAccess, Model):
    """A later version of a clock; the first one is the clock's original limit. Who sees the record sees them."""

    __tablename__ = "clock_version"
    __table_args__ = (
        UniqueConstraint("clock_id", "number"),
        Index("ix_clock_version_kind_record", "kind", "record_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column(Integer)
    stage: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(20))
    before: Mapped[datetime] = mapped_column(Moment)
    due_at: Mapped[datetime] = mapped_column(Moment)
    at: Mapped[datetime] = mapped_column(Moment, index=True)
    actor_name: Mapped[str] = mapped_column(String(200))

    @classmethod
    def visible_to(cls, actor: access.Actor) -> ColumnElement[bool]:
        flows = [model for model in kinds().values() if hasattr(model, "flow") and model.flow.clocks]
        return access.behind(cls.kind, cls.record_id, actor, flows)


#: What is told of every clock that stops or gets another limit, with the session and the clock.
_listeners: list[Callable[[Session, Any], None]] = []


def when_changed(listener: Callable[[Session, Any], None]) -> Callable[[Session, Any], None]:
    """Call `listener` whenever a clock stops or moves, within that transaction and before its flush."""
    _listeners.append(listener)
    return listener


def tell(session: Session, clock: Any) -> None:
    for listener in _listeners:
        listener(session, clock)


def write(session: Session, clock: Any, due: datetime, reason: str) -> ClockVersion | None:
    """Give a stored clock another limit and put the move on record; None where the limit is the same."""
    if due == clock.due_at:
        return None
    clock.version += 1
    version = ClockVersion(
        clock_id=clock.id, number=clock.version, kind=clock.kind, record_id=clock.record_id, stage=clock.stage,
        reason=reason, before=clock.due_at, due_at=due, at=now(), actor_name=history.doer().name,
    )  # fmt: skip
    session.add(version)
    clock.due_at = due
    tell(session, clock)
    return version


def moved(session: Session, reason: str | None = None, most: int = 200) -> list[ClockVersion]:
    """The moves the actor may see, the latest first."""
    query = select(ClockVersion).order_by(ClockVersion.at.desc(), ClockVersion.id.desc()).limit(most)
    return list(session.scalars(query.where(ClockVersion.reason == reason) if reason else query))


def versions_of(session: Session, kind: str, record_id: int) -> list[ClockVersion]:
    """The moves of one record's clocks that the caller has already loaded through row access, in their order."""
    query = select(ClockVersion).where(ClockVersion.kind == kind, ClockVersion.record_id == record_id)
    return list(session.scalars(query.order_by(ClockVersion.id)))
