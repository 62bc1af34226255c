"""Accounts: made, listed, disabled and given new passwords from the command line and by the demo office."""

from __future__ import annotations

from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine.refusals import Refused
from models.accounts import hashed, named
from seed.roles import ROLES


def roles(session: Session) -> dict[str, Role]:
    """All roles of the table as rows, the missing ones made."""
    present = {role.name: role for role in session.scalars(select(Role))}
    for name in ROLES:
        if name not in present:
            present[name] = Role(name=name)
            session.add(present[name])
    session.flush()
    return present


def make(session: Session, username: str, full_name: str, role: str, password: str) -> User:
    """A new account. Raises `Refused` for an unknown role or a name that is taken.

    Whether the password is good is asked at the doors where people choose one: the demo office has one for all.
    """
    known = roles(session)
    if role not in known:
        raise Refused(f"There is no role “{role}”. There are: {', '.join(ROLES)}.")
    if named(session, username) is not None:
        raise Refused(f"The user name “{username}” is already taken.")
    user = User(
        username=username, first_name=full_name, last_name="", email=f"{username}@wenshu.invalid", active=True,
        password=hashed(password),
    )  # fmt: skip
    user.roles = [known[role]]
    session.add(user)
    session.flush()
    return user
