"""Keys for machines: sent as a bearer token, they reach what their owner may, at most."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import ForeignKey, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from app.engine.access import Scope
from app.engine.database import in_passing
from app.engine.moments import Moment, at_office, now, today
from app.engine.refusals import Invalid

PREFIX = "wsk_"
SHOWN = len(PREFIX) + 6
LONGEST = timedelta(days=366)
USED_EVERY = timedelta(minutes=1)


class ApiKey(Model):
    """One key of one owner. Its secret was told once; here lies only the digest."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(20))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    writes: Mapped[bool]
    #: kinds of record it is limited to, separated by commas; empty: all
    kinds: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    user: Mapped[User] = relationship(User, foreign_keys=user_id)

    @property
    def scope(self) -> Scope:
        return Scope(self.writes, frozenset(filter(None, self.kinds.split(","))))

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and self.expires_at > now()


def make(
    session: Session, user_id: int, name: str, *, until: date, writes: bool = False, kinds: Iterable[str] = ()
) -> tuple[ApiKey, str]:
    """A new key, good to the end of the day `until`, and its secret, which is told this once.

    Raises `Invalid` for a missing name or a day that is past or too far off.
    """
    name, ends = name.strip(), at_office(until + timedelta(days=1))
    errors: dict[str, list[str]] = {}
    if not 0 < len(name) <= 100:
        errors["name"] = [_("Please give the key a name of at most 100 characters.")]
    if until < today() or ends > at_office(today()) + LONGEST:
        errors["until"] = [_("A key ends within a year; choose a day from today on.")]
    if errors:
        raise Invalid(errors)
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        user_id=user_id, name=name, prefix=secret[:SHOWN], digest=_digest(secret), writes=writes,
        kinds=",".join(sorted(kinds)), made_at=now(), expires_at=ends,
    )  # fmt: skip
    session.add(key)
    session.flush()
    return key, secret


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def find(session: Session, secret: str) -> ApiKey | None:
    """The live key with this secret whose owner's account is active."""
    query = (
        select(ApiKey)
        .join(ApiKey.user)
        .where(ApiKey.digest == _digest(secret), ApiKey.revoked_at.is_(None), ApiKey.expires_at > now())
        .where(User.active.is_(True))
        .options(joinedload(ApiKey.user))
    )
    return session.scalars(query).one_or_none()


def use(session: Session, key: ApiKey) -> None:
    """Note once a minute that the key is in use; gives up the present transaction."""
    moment = now()
    if key.last_used_at is None or key.last_used_at <= moment - USED_EVERY:
        in_passing(session, update(ApiKey).where(ApiKey.id == key.id).values(last_used_at=moment))


def of_user(session: Session, user_id: int) -> list[ApiKey]:
    """The user's keys, the newest first; revoked ones stay in the list until they would have expired."""
    query = select(ApiKey).where(ApiKey.user_id == user_id, ApiKey.expires_at > now() - timedelta(days=30))
    return list(session.scalars(query.order_by(ApiKey.id.desc())))
