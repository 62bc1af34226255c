"""Accounts: proving who one is, passwords, and what an administrator may do to somebody's account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from flask import current_app
from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import gettext as _
from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from app.engine import access, events, passwords
from app.engine.moments import now
from app.engine.refusals import Invalid, Refused
from models import api_keys, attempts, handing_over, logins, second_factor
from models.logins import LoginSession, PasswordReset
from models.people import actor_of

ADMINISTRATOR = "administrator"
#: How long a password given by an administrator lets its owner in.
ONE_TIME_GOOD_FOR = timedelta(hours=72)


# --- who is it


def named(session: Session, username: str) -> User | None:
    """The account of this name; case does not matter where that leaves no doubt."""
    name = username.strip().encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    query = select(User).where(or_(User.username == name, func.lower(User.username) == name.lower()))
    return session.scalars(query.order_by(User.username != name).limit(1)).one_or_none()


def try_password(session: Session, username: str, password: str, address: str | None, door: str) -> User | None:
    """The active account with this name and password, else None. Commits: each try counts, whatever comes of it.

    An unknown name, a disabled account and a wrong password are treated alike, down to the time it takes.
    Raises `LockedOut`.
    """
    attempt = attempts.admit(session, username, address)
    user = named(session, username)
    stored = user.password if user is not None and user.active and _is_good(session, user) else None
    key = user.id if user is not None else None
    session.commit()  # others go on writing while we calculate
    right = passwords.matches(stored, password, _method())
    fresh = passwords.hashed(password, _method()) if right and passwords.outdated(stored or "", _method()) else None
    user = session.get(User, key) if key is not None else None
    _judge(session, attempt, right, user, door)
    if user is not None and fresh is not None and user.password == stored:
        user.password = fresh
    session.commit()
    return user if right else None


def try_code(session: Session, user: User, typed: str, address: str | None, door: str) -> bool:
    """Whether a code of the second step works, which uses it up. Commits. Raises `LockedOut`."""
    attempt = attempts.admit(session, user.username, address)
    session.commit()
    accepted = second_factor.accepts(session, user.id, typed)
    _judge(session, attempt, accepted is not None, user, door)
    if accepted == "recovery":
        _note_for(session, user, "recovery_code_used", user.username)
    session.commit()
    return accepted is not None


def _judge(session: Session, attempt: attempts.Try, right: bool, user: User | None, door: str) -> None:
    if right:
        attempts.forgive(session, attempt)
        return
    name = user.username if user is not None else ""
    events.note(session, "sign_in_refused", name, door)
    if attempt.last:
        events.note(session, "locked_out", name, door)


def _is_good(session: Session, user: User) -> bool:
    """A password given by an administrator works for three days."""
    given = session.scalar(select(PasswordReset.at).where(PasswordReset.user_id == user.id))
    return given is None or given > now() - ONE_TIME_GOOD_FOR


def signed_in(session: Session, user: User, door: str) -> None:
    """Note a completed sign-in."""
    user.last_login, user.login_count = now().replace(tzinfo=None), (user.login_count or 0) + 1
    _note_for(session, user, "sign_in", user.username, door)


def last_sign_in(user: User) -> datetime | None:
    return user.last_login.replace(tzinfo=UTC) if user.last_login else None


def _note_for(session: Session, user: User, kind: str, subject: str, detail: str = "") -> None:
    with access.acting_as(actor_of(session, user)):
        events.note(session, kind, subject, detail)


def duty(session: Session, user: User) -> str | None:
    """What this user has to do before anything else works: `password`, `second_factor`, or nothing."""
    return _duty(session, user, session.get(PasswordReset, user.id, populate_existing=True))


def duty_in(session: Session, login: LoginSession) -> str | None:
    """The same of the user of a session that was found with what is asked for."""
    return _duty(session, login.user, login.given_password)


def _duty(session: Session, user: User, given: PasswordReset | None) -> str | None:
    if given is not None:
        return "password"
    return "second_factor" if needs_second_factor(user) and not second_factor.is_on(session, user.id) else None


def needs_second_factor(user: User) -> bool:
    """Whether a role of this user has to take the second step."""
    wanted = current_app.config["TOTP_ROLES"]
    return bool(wanted) and not wanted.isdisjoint(role.name for role in user.roles)


# --- passwords


def _method() -> str:
    return current_app.config["FAB_PASSWORD_HASH_METHOD"]


def hashed(password: str) -> str:
    return passwords.hashed(password, _method())


def require_good(password: str, username: str, full_name: str = "") -> None:
    """Raises `Invalid` at `password` where the office's rule refuses it. Asked at the doors where people choose one."""
    settings = current_app.config
    rule = passwords.Rule(settings["PASSWORD_LEAST_LENGTH"], settings["PASSWORD_COMPOSITION"])
    if faults := rule.faults(password, username, full_name, "wenshu", settings["OFFICE"]):
        raise Invalid({"password": faults})


def change_password(session: Session, user: User, password: str, *, here: LoginSession | None) -> None:
    """The user chooses a new password; all sessions but the one `here` end. Raises `Invalid` at `password`."""
    require_good(password, user.username, user.get_full_name())
    if passwords.matches(user.password, password, _method()):
        raise Invalid({"password": [_("This is your present password; please choose another one.")]})
    _set(session, user, password)
    logins.end_all(session, user.id, "password_changed", but=here)
    events.note(session, "password_changed", user.username)


def reset_password(session: Session, user: User) -> str:
    """Give a password that works for three days and only to choose an own one; told this once. All sessions end."""
    password = passwords.one_time()
    _set(session, user, password)
    session.add(PasswordReset(user_id=user.id, at=now()))
    _shut_out(session, user)
    return password


def set_password(session: Session, user: User, password: str) -> None:
    """The operator sets a password at the machine itself. Raises `Invalid` at `password`. All sessions end."""
    require_good(password, user.username, user.get_full_name())
    _set(session, user, password)
    _shut_out(session, user)


def _shut_out(session: Session, user: User) -> None:
    """Whoever used the account before is out: no session, no key for machines; its owner is not locked any more."""
    logins.end_all(session, user.id, "password_reset")
    for key in api_keys.of_user(session, user.id):
        revoke(session, key)
    attempts.unlock(session, user.username)
    events.note(session, "password_reset", user.username)


def _set(session: Session, user: User, password: str) -> None:
    user.password = hashed(password)
    session.execute(delete(PasswordReset).where(PasswordReset.user_id == user.id))


# --- what an administrator does


def disable(session: Session, user: User) -> None:
    """Close the account: nothing of it works from this moment.

    Raises `Refused` for one's own, and while its person still looks after customers.
    """
    if user.id == access.current().id:
        raise Refused(_("You cannot disable your own account."))
    handing_over.refuse_leaving(session, user)
    user.active = False
    logins.end_all(session, user.id, "disabled")
    events.note(session, "account_disabled", user.username)


def enable(session: Session, user: User) -> None:
    user.active = True
    events.note(session, "account_enabled", user.username)


def unlock(session: Session, user: User) -> None:
    attempts.unlock(session, user.username)
    events.note(session, "unlocked", user.username)


def end_sessions(session: Session, user: User, *, but: LoginSession | None = None) -> None:
    """Sign the user out everywhere, except at one session perhaps."""
    count = logins.end_all(session, user.id, "ended", but=but)
    events.note(session, "session_ended", user.username, str(count))


def end_session(session: Session, login: LoginSession) -> None:
    logins.end(session, login, "ended")
    events.note(session, "session_ended", login.user.username, "1")


def set_roles(session: Session, user: User, names: Iterable[str], roles: Iterable[Role]) -> None:
    """Give the user exactly these roles. Raises `Refused`; nobody gives or takes a role of their own."""
    wanted = set(names)
    rows = [role for role in roles if role.name in wanted]
    if {role.name for role in rows} != wanted or not wanted:
        raise Refused(_("Please choose one or more of the roles in the list."))
    before = {role.name for role in user.roles}
    if user.id == access.current().id and before != wanted:
        raise Refused(_("You cannot change your own roles; another administrator can."))
    if before != wanted:
        user.roles = rows
        events.note(
            session, "roles_changed", user.username, f"{', '.join(sorted(before))} > {', '.join(sorted(wanted))}"
        )


# --- second step and keys


def second_factor_on(session: Session, user: User, code: str, *, here: LoginSession | None) -> list[str] | None:
    """Switch the second step on if the code is right; the recovery codes, or None. All other sessions end."""
    factor = second_factor.find(session, user.id)
    codes = second_factor.confirm(session, factor, code) if factor and factor.confirmed_at is None else None
    if codes is not None:
        logins.end_all(session, user.id, "second_factor_on", but=here)
        events.note(session, "second_factor_on", user.username)
    return codes


def second_factor_off(session: Session, user: User) -> None:
    second_factor.switch_off(session, user.id)
    events.note(session, "second_factor_off", user.username)


def revoke(session: Session, key: api_keys.ApiKey) -> None:
    if key.revoked_at is None:
        key.revoked_at = now()
        events.note(session, "key_revoked", key.user.username, f"{key.name} ({key.prefix}…)")
