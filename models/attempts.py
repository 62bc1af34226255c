"""Tries to prove who one is: counted in the database before they are judged, so that nobody gets to guess for long."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from flask_appbuilder import Model
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Index, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine.database import one_at_a_time
from app.engine.moments import Moment, now
from app.engine.refusals import Refused

ACCOUNT_TRIES, ACCOUNT_SPAN = 10, timedelta(minutes=15)
NETWORK_TRIES, NETWORK_SPAN = 100, timedelta(hours=1)


class LockedOut(Refused):
    """Too many tries; the sentence is the same whether the account exists or not."""

    status = 429


class SignInAttempt(Model):
    """One try at a password or code that did not succeed, or is still being judged.

    The account stands here as a digest of the name as it was typed: people type passwords into the wrong field.
    """

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        Index("ix_sign_in_attempt_account_at", "account", "at"),
        Index("ix_sign_in_attempt_network_at", "network", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment, index=True)
    account: Mapped[str] = mapped_column(String(64))
    network: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True)
class Try:
    """A counted try: `id` of its row, and whether it is the last before the lock."""

    id: int
    last: bool


def admit(session: Session, username: str, address: str | None, door: str = "") -> Try:
    """Count one try before it is judged; the caller commits. Raises `LockedOut` where there were too many.

    A try while locked is not counted, so the lock ends by itself however long somebody hammers at it. Tries at one
    `door` lock no other: callers who mistype a code keep nobody of the same network from signing in.
    """
    moment, account = now(), account_key(f"{door}:{username}" if door else username)
    network = f"{door} {network_of(address)}".strip()
    one_at_a_time(session, f"account {account}", f"network {network}")
    session.execute(delete(SignInAttempt).where(SignInAttempt.at <= moment - max(ACCOUNT_SPAN, NETWORK_SPAN)))
    tries = _count(session, SignInAttempt.account == account, moment - ACCOUNT_SPAN)
    from_there = _count(session, SignInAttempt.network == network, moment - NETWORK_SPAN)
    if tries >= ACCOUNT_TRIES or from_there >= NETWORK_TRIES:
        session.rollback()
        raise LockedOut(_("Too many tries. Please wait 15 minutes and try again."))
    attempt = SignInAttempt(at=moment, account=account, network=network)
    session.add(attempt)
    session.flush()
    return Try(attempt.id, tries + 1 == ACCOUNT_TRIES or from_there + 1 == NETWORK_TRIES)


def _count(session: Session, condition: ColumnElement[bool], since: datetime) -> int:
    query = select(func.count()).select_from(SignInAttempt).where(condition, SignInAttempt.at > since)
    return session.scalar(query) or 0


def forgive(session: Session, attempt: Try) -> None:
    """The try succeeded: it does not count, or a busy office would lock itself out."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.id == attempt.id))


def unlock(session: Session, username: str) -> None:
    """Forget the tries on one account."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.account == account_key(username)))


def locked(session: Session, usernames: Iterable[str]) -> set[str]:
    """Those of the accounts that nobody can sign in to just now."""
    keys = {account_key(name): name for name in usernames}
    query = (
        select(SignInAttempt.account)
        .where(SignInAttempt.account.in_(keys), SignInAttempt.at > now() - ACCOUNT_SPAN)
        .group_by(SignInAttempt.account)
        .having(func.count() >= ACCOUNT_TRIES)
    )
    return {keys[key] for key in session.scalars(query)}


def account_key(username: str) -> str:
    return hashlib.sha256(username.strip().lower().encode("utf-8", "replace")).hexdigest()


def network_of(address: str | None) -> str:
    """What counts as one address: a whole /64 of IPv6, since a single customer gets that many."""
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ip_network((found, 64), strict=False))
    return str(found)
