"""Signed-in sessions: one row each, and the row decides at every request whether the holder of its token is let in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask import current_app
from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import ForeignKey, Index, Select, String, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from app.engine.database import by_key, in_passing
from app.engine.moments import Moment, now

#: How long somebody may take to find the telephone with the code.
HALF_WAY = timedelta(minutes=5)
CODE_TRIES = 5
SEEN_EVERY = timedelta(minutes=1)
KEPT = timedelta(days=30)


class LoginSession(Model):
    """One sign-in. Whoever holds the token holds the session; here lies only its digest."""

    __tablename__ = "login_session"
    __table_args__ = (Index("ix_login_session_user_id_ended_at", "user_id", "ended_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    #: `browser`, or `api` for a session whose token travels inside a bearer token
    way: Mapped[str] = mapped_column(String(10))
    #: the password was right and the code of the second step is awaited: not signed in yet
    half: Mapped[bool]
    wrong_codes: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime] = mapped_column(Moment)
    seen_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    end_reason: Mapped[str | None] = mapped_column(String(40))
    address: Mapped[str | None] = mapped_column(String(45))
    agent: Mapped[str | None] = mapped_column(String(200))
    user: Mapped[User] = relationship(User, foreign_keys=user_id)
    given_password: Mapped[PasswordReset | None] = relationship(
        primaryjoin="foreign(LoginSession.user_id) == PasswordReset.user_id", viewonly=True
    )


class PasswordReset(Model):
    """The user's password was given by somebody else: it works for a while, and only to choose an own one."""

    __tablename__ = "password_reset"

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Moment)


def _limits() -> tuple[timedelta, timedelta]:
    """How long a session may lie idle, and how long it may last at all."""
    settings = current_app.config
    return timedelta(minutes=settings["SESSION_IDLE_MINUTES"]), timedelta(hours=settings["SESSION_ABSOLUTE_HOURS"])


# Asked at every request, so it is made once; `_at_present` says what it depends on.
_IS_OPEN = and_(
    LoginSession.ended_at.is_(None),
    LoginSession.seen_at > bindparam("seen_after"),
    LoginSession.started_at > bindparam("started_after"),
    or_(LoginSession.half.is_(False), LoginSession.started_at > bindparam("half_started_after")),
)


@cache
def _of_token() -> Select[Any]:
    return (
        select(LoginSession)
        .join(LoginSession.user)
        .where(LoginSession.digest == bindparam("digest"), User.active.is_(True), _IS_OPEN)
        .options(joinedload(LoginSession.user), joinedload(LoginSession.given_password))
        .execution_options(**by_key)
    )


def _at_present() -> dict[str, datetime]:
    moment, (idle, absolute) = now(), _limits()
    return {"seen_after": moment - idle, "started_after": moment - absolute, "half_started_after": moment - HALF_WAY}


def begin(
    session: Session, user: User, *, way: str = "browser", half: bool = False, address: str | None, agent: str | None
) -> str:
    """Start a session of this user; the token that opens it, which is told this once."""
    token, moment = secrets.token_urlsafe(32), now()
    session.execute(delete(LoginSession).where(LoginSession.user_id == user.id, LoginSession.seen_at < moment - KEPT))
    session.add(
        LoginSession(
            digest=_digest(token), user_id=user.id, way=way, half=half, started_at=moment, seen_at=moment,
            address=address, agent=agent and agent[:200],
        )
    )  # fmt: skip
    session.flush()
    return token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def find(session: Session, token: str) -> LoginSession | None:
    """The open session of this token and of an account that is active."""
    return session.scalars(_of_token(), {"digest": _digest(token), **_at_present()}).one_or_none()


def owner_of(session: Session, token: str) -> int | None:
    """Whose session the token opens, or opened once."""
    return session.scalar(select(LoginSession.user_id).where(LoginSession.digest == _digest(token)))


def see(session: Session, login: LoginSession) -> None:
    """Note once a minute that the session is in use; gives up the present transaction."""
    moment = now()
    if login.seen_at <= moment - SEEN_EVERY:
        seen = update(LoginSession).where(LoginSession.id == login.id, LoginSession.seen_at < moment)
        in_passing(session, seen.values(seen_at=moment))


def open_of(session: Session, user_id: int) -> list[LoginSession]:
    """The user's open sessions, the one last used first."""
    query = select(LoginSession).where(LoginSession.user_id == user_id, LoginSession.half.is_(False), _IS_OPEN)
    query = query.order_by(LoginSession.seen_at.desc(), LoginSession.id.desc())
    return list(session.scalars(query, _at_present()))


def count_open(session: Session) -> int:
    """How many sessions are open, of whomever."""
    query = select(func.count()).select_from(LoginSession).where(LoginSession.half.is_(False), _IS_OPEN)
    return session.scalar(query, _at_present()) or 0


def open_one(session: Session, pk: int) -> LoginSession | None:
    """The open session with this key, whoever's it is."""
    query = select(LoginSession).where(LoginSession.id == pk, LoginSession.half.is_(False), _IS_OPEN)
    return session.scalars(query, _at_present()).one_or_none() if pk < 2**31 else None


def end(session: Session, login: LoginSession, reason: str) -> None:
    login.ended_at, login.end_reason = now(), reason


def end_all(session: Session, user_id: int, reason: str, *, but: LoginSession | None = None) -> int:
    """End all sessions of a user, except one perhaps, the half-finished ones too; how many there were."""
    ended = session.execute(
        update(LoginSession)
        .where(LoginSession.user_id == user_id, LoginSession.ended_at.is_(None))
        .where(LoginSession.id != (but.id if but is not None else 0))
        .values(ended_at=now(), end_reason=reason)
    )
    return ended.rowcount  # type: ignore[attr-defined]


def spend_code_try(session: Session, login: LoginSession) -> bool:
    """Use up one of the tries a half-finished sign-in has; False when there is none left."""
    spent = session.execute(
        update(LoginSession)
        .where(LoginSession.id == login.id, LoginSession.wrong_codes < CODE_TRIES, LoginSession.ended_at.is_(None))
        .values(wrong_codes=LoginSession.wrong_codes + 1)
    )
    return spent.rowcount == 1  # type: ignore[attr-defined]
