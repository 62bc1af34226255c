"""Grants: one record opened to one person for a time, against the rules and therefore with a reason on file."""

from __future__ import annotations

from datetime import datetime

from flask_appbuilder import Model
from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine import history
from app.engine.moments import Moment, now


class AccessGrant(Model):
    """Who may see which record until when. Rows are added, never changed."""

    __tablename__ = "access_grant"
    __table_args__ = (Index("ix_access_grant_user_until", "user_id", "until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text)
    given_by: Mapped[str] = mapped_column(String(200))
    given_at: Mapped[datetime] = mapped_column(Moment)


def grant(session: Session, user_id: int, kind: str, record_id: int, until: datetime, reason: str) -> None:
    """Open one record to one account; the caller commits and notes it as a security event."""
    session.add(
        AccessGrant(
            user_id=user_id, kind=kind, record_id=record_id, until=until, reason=reason, given_at=now(),
            given_by=history.doer().name,
        )
    )  # fmt: skip
