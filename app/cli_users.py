"""Commands about accounts: `python run.py users COMMAND`."""

from __future__ import annotations

from collections.abc import Callable

import click
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access, events
from app.engine.refusals import Refused
from app.extensions import db
from models import accounts as rules
from seed import accounts


@click.group("users")
def users_group() -> None:
    """Accounts."""


@users_group.command("list")
def users_list() -> None:
    for user in db.session.scalars(select(User).order_by(User.username)):
        roles = ", ".join(role.name for role in user.roles)
        click.echo(f"{user.username}\t{roles}\t{'active' if user.active else 'disabled'}")


@users_group.command("create")
@click.argument("username")
@click.argument("role")
@click.option("--name", default="")
@click.password_option()
def users_create(username: str, role: str, name: str, password: str) -> None:
    with access.system():
        rules.require_good(password, username, name)
        accounts.make(db.session, username, name or username, role, password)
        events.note(db.session, "account_made", username, role)
        db.session.commit()


@users_group.command("reset")
@click.argument("username")
@click.password_option()
def users_reset(username: str, password: str) -> None:
    """Set a password; all sessions end."""
    with access.system():
        rules.set_password(db.session, account_named(username), password)
        db.session.commit()


def _deed(name: str, act: Callable[[Session, User], None], words: str) -> None:
    """A command that does one thing to one account."""

    @users_group.command(name, help=words)
    @click.argument("username")
    def command(username: str) -> None:
        with access.system():
            act(db.session, account_named(username))
            db.session.commit()


_deed("disable", rules.disable, "Close an account; its sessions and keys are dead at once.")
_deed("enable", rules.enable, "Open a disabled account again.")
_deed("unlock", rules.unlock, "Let an account sign in after too many wrong tries.")
_deed("end-sessions", rules.end_sessions, "Sign an account out everywhere.")
_deed("second-factor-off", rules.second_factor_off, "Switch the second step off: the telephone is lost.")


def account_named(username: str) -> User:
    user = rules.named(db.session, username)
    if user is None:
        raise Refused(f"There is no account “{username}”.")
    return user
