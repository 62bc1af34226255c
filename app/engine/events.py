"""Security events: who signed in, was refused, changed a password or a role; append-only and chained by hash.

What happens to a record is told by the history; here stands what happens around the records. Every person has a chain
of their own, so have the visitors of one address, and no writer waits for a stranger. Passwords, codes and keys never
come in here.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, Integer, String, UniqueConstraint, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine import history
from app.engine.access import Actor
from app.engine.database import apart, one_at_a_time, writes
from app.engine.history import Broken, Key
from app.engine.moments import Moment, now

#: Every kind of event, and what it is called.
KINDS = {
    "sign_in": _l("Signed in"),
    "sign_in_refused": _l("Sign-in refused"),
    "locked_out": _l("Locked out after too many tries"),
    "unlocked": _l("Lock lifted"),
    "sign_out": _l("Signed out"),
    "session_ended": _l("Sessions ended"),
    "password_changed": _l("Password changed"),
    "password_reset": _l("Password reset"),
    "second_factor_on": _l("Second step switched on"),
    "second_factor_off": _l("Second step switched off"),
    "recovery_code_used": _l("Recovery code used"),
    "key_made": _l("Key for machines made"),
    "key_revoked": _l("Key for machines revoked"),
    "account_made": _l("Account made"),
    "account_disabled": _l("Account disabled"),
    "account_enabled": _l("Account enabled"),
    "roles_changed": _l("Roles changed"),
    "refused": _l("Refused"),
    "revealed": _l("Protected value shown"),
    "exported": _l("Exported"),
    "file_read": _l("File read"),
    "printed": _l("Form printed"),
    "granted": _l("Access granted"),
    "broke_glass": _l("Emergency access"),
}

#: The network address the present request comes from.
address: ContextVar[str | None] = ContextVar("address", default=None)


class SecurityEvent(Model):
    """One event. Written by `note` only."""

    __tablename__ = "security_event"
    __table_args__ = (UniqueConstraint("chain", "position"), Index("ix_security_event_kind_subject", "kind", "subject"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    chain: Mapped[str] = mapped_column(String(80))
    position: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Moment, index=True)
    actor_id: Mapped[int | None] = mapped_column(Integer, index=True)
    actor_name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(200))
    detail: Mapped[str] = mapped_column(String(500))
    address: Mapped[str | None] = mapped_column(String(45))
    request_id: Mapped[str | None] = mapped_column(String(40))
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))

    @property
    def label(self) -> str:
        return str(KINDS.get(self.kind, self.kind))


_CHAINED = (
    "chain", "position", "at", "actor_id", "actor_name", "kind", "subject", "detail", "address", "request_id",
    "previous",
)  # fmt: skip


def note(session: Session, kind: str, subject: str = "", detail: str = "", *, at_once: bool = False) -> None:
    """Record an event of the person who acts, in the session's transaction; the caller commits.

    `at_once`, and in a request that only reads, it is stored in a transaction of its own and stays whatever becomes of
    the rest; the session must not have written anything by then.
    """
    if kind not in KINDS:
        raise ValueError(f"no such kind of event: {kind}")
    if at_once or not writes():
        with apart(session) as own:
            _write(own, kind, subject, detail)
    else:
        _write(session, kind, subject, detail)


def note_counted(session: Session, kind: str, subject: str, detail: str = "") -> int:
    """Record an event at once, as `note` does, and say how many of its kind the subject has had, this one included."""
    with apart(session) as own:
        one_at_a_time(own, f"{kind} {subject}")  # or two at once would both be the second
        _write(own, kind, subject, detail)
        query = select(func.count()).where(SecurityEvent.kind == kind, SecurityEvent.subject == subject[:200])
        return own.scalar(query) or 0


def _write(session: Session, kind: str, subject: str, detail: str) -> None:
    actor = history.doer()
    chain = _chain_of(actor)
    one_at_a_time(session, f"security_event {chain}")
    position, previous = _last(session, chain)
    row = {
        "chain": chain,
        "position": position + 1,
        "at": now(),
        "actor_id": actor.id,
        "actor_name": actor.name,
        "kind": kind,
        "subject": _one_line(subject, 200),
        "detail": _one_line(detail, 500),
        "address": address.get(),
        "request_id": history.request_id.get(),
        "previous": previous,
    }
    session.execute(insert(SecurityEvent), [{**row, "digest": history.digest_of(row, _CHAINED)}])


def _chain_of(actor: Actor) -> str:
    if actor.id is not None:
        return str(actor.id)
    return "system" if actor.everything else f"visitor {address.get() or ''}"


def _last(session: Session, chain: str) -> tuple[int, str]:
    query = select(SecurityEvent.position, SecurityEvent.digest).where(SecurityEvent.chain == chain)
    found = session.execute(query.order_by(SecurityEvent.position.desc()).limit(1)).first()
    return (found.position, found.digest) if found else (0, "")


def _one_line(text: str, most: int) -> str:
    """One event is one line: what a sender put in to forge another one becomes visible."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:most])


def verify(session: Session) -> int:
    """Walk every chain; the number of events walked. Raises `Broken` naming the first event that does not hold."""
    rows = session.execute(
        select(*(getattr(SecurityEvent, name) for name in ("id", *_CHAINED, "digest"))).order_by(
            SecurityEvent.chain, SecurityEvent.position
        ),
        execution_options={"yield_per": 1000},
    )
    count = 0
    last: dict[str, Any] = {"chain": None}
    for row in rows:
        entry = row._asdict()
        position, previous = (last["position"], last["digest"]) if entry["chain"] == last["chain"] else (0, "")
        wanted = (position + 1, previous, history.digest_of(entry, _CHAINED))
        if (entry["position"], entry["previous"], entry["digest"]) != wanted:
            raise Broken(f"security event {entry['id']} (chain {entry['chain']}, no. {position + 1})")
        last = entry
        count += 1
    return count
