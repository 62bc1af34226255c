"""Form keys: a form that comes in twice is answered twice and done once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import Integer, String, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine import access
from app.engine.moments import Moment, now


class FormKey(Model):
    """One opened form: the second time its key comes in, the first result is the answer."""

    __tablename__ = "form_key"
    __table_args__ = (UniqueConstraint("actor_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    actor_id: Mapped[int] = mapped_column(Integer)
    key: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Moment, index=True)


#: A form that lay open longer than this is sent as a new one.
KEPT = timedelta(days=30)


def forget_old(session: Session) -> int:
    """Drop the keys of forms nobody sends any more; how many. The caller commits."""
    return session.execute(delete(FormKey).where(FormKey.at < now() - KEPT)).rowcount  # type: ignore[attr-defined]


def content_of(raw: Mapping[str, Any]) -> str:
    return hashlib.sha256(repr(sorted((k, repr(v)) for k, v in raw.items())).encode("utf-8", "replace")).hexdigest()


def _key(form_key: str) -> str:
    """A form key as it is kept: long and odd ones by their digest."""
    plain = len(form_key) <= 64 and form_key.isprintable()
    return form_key if plain else hashlib.sha256(form_key.encode("utf-8", "replace")).hexdigest()


def key_seen(session: Session, form_key: str) -> FormKey | None:
    """The earlier use of a form key by the same person."""
    query = select(FormKey).where(FormKey.actor_id == (access.current().id or 0), FormKey.key == _key(form_key))
    return session.scalars(query).one_or_none()


def remember_key(session: Session, form_key: str, kind: str, content: str, record_id: int) -> None:
    """Put a used form key into the transaction of what it did; the caller flushes.

    Where another request was quicker with it, that flush loses to it: see `database.lost`.
    """
    session.add(
        FormKey(
            actor_id=access.current().id or 0,
            key=_key(form_key),
            content=content,
            kind=kind,
            record_id=record_id,
            at=now(),
        )
    )
