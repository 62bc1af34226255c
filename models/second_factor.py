"""The second step of signing in: a code from the telephone, or one of the recovery codes kept on paper."""

from __future__ import annotations

import base64
import hashlib
import secrets
import unicodedata
from datetime import datetime

import pyotp
from flask_appbuilder import Model
from flask_babel import gettext as _
from sqlalchemy import ForeignKey, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.engine.moments import Moment, now
from app.engine.refusals import Refused

STEP = 30  # seconds a code is shown
RECOVERY_CODES = 10


class SecondFactor(Model):
    """The secret a user's telephone shares with us; it leaves this table only as the picture to scan."""

    __tablename__ = "second_factor"

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), primary_key=True, autoincrement=False)
    secret: Mapped[str] = mapped_column(String(64))
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    #: the time step of the code used last: no code works twice
    last_step: Mapped[int] = mapped_column(default=0)


class RecoveryCode(Model):
    """One of the codes that work once each when the telephone is lost."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(Moment)


def find(session: Session, user_id: int) -> SecondFactor | None:
    """The user's second factor, confirmed or still being set up."""
    return session.scalars(select(SecondFactor).where(SecondFactor.user_id == user_id)).one_or_none()


def is_on(session: Session, user_id: int) -> bool:
    factor = find(session, user_id)
    return factor is not None and factor.confirmed_at is not None


def propose(session: Session, user_id: int) -> SecondFactor:
    """A new secret, to be confirmed by a code made with it. Raises `Refused` if the second step is on already."""
    factor = find(session, user_id)
    if factor is not None and factor.confirmed_at is not None:
        raise Refused(_("The second step is switched on already."))
    if factor is None:
        factor = SecondFactor(user_id=user_id)
        session.add(factor)
    factor.secret, factor.last_step = pyotp.random_base32(), 0
    session.flush()
    return factor


def address_of(factor: SecondFactor, username: str, office: str) -> str:
    """What the telephone scans."""
    return pyotp.TOTP(factor.secret, interval=STEP).provisioning_uri(name=username, issuer_name=office)


def confirm(session: Session, factor: SecondFactor, code: str) -> list[str] | None:
    """Switch the second step on if the code is right; the recovery codes, told this once, or None."""
    if not _code_works(session, factor, code):
        return None
    factor.confirmed_at = now()
    return new_recovery_codes(session, factor.user_id)


def accepts(session: Session, user_id: int, typed: str) -> str | None:
    """`code` or `recovery` if what was typed is one that still works; it is used up by that."""
    factor = find(session, user_id)
    if factor is None or factor.confirmed_at is None:
        return None
    plain = _plain(typed)
    if len(plain) == 6:
        return "code" if _code_works(session, factor, plain) else None
    return "recovery" if _recovery_works(session, user_id, plain) else None


def _plain(typed: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", typed) if c.isalnum()).lower()


def _code_works(session: Session, factor: SecondFactor, typed: str) -> bool:
    """Whether it is the code of this time step or a neighbour, later than the last one used."""
    code, present = _plain(typed).encode("utf-8", "replace"), int(now().timestamp()) // STEP
    for step in (present - 1, present, present + 1):
        expected = pyotp.TOTP(factor.secret, interval=STEP).at(step * STEP).encode()
        if secrets.compare_digest(expected, code):
            taken = session.execute(
                update(SecondFactor)
                .where(SecondFactor.user_id == factor.user_id, SecondFactor.last_step < step)
                .values(last_step=step)
            )
            return taken.rowcount == 1  # type: ignore[attr-defined]
    return False


def _recovery_works(session: Session, user_id: int, plain: str) -> bool:
    taken = session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.digest == _digest(plain), RecoveryCode.used_at.is_(None))
        .values(used_at=now())
    )
    return taken.rowcount == 1  # type: ignore[attr-defined]


def new_recovery_codes(session: Session, user_id: int) -> list[str]:
    """Ten codes of 80 bits in place of all earlier ones; told this once."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _number in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(user_id=user_id, digest=_digest(code)) for code in codes)
    return ["-".join(code[i : i + 4] for i in range(0, 16, 4)) for code in codes]


def codes_left(session: Session, user_id: int) -> int:
    query = select(func.count()).select_from(RecoveryCode)
    return session.scalar(query.where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))) or 0


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()


def switch_off(session: Session, user_id: int) -> None:
    """Forget the secret and the recovery codes."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
