"""Passwords: which may be set, how they are stored and compared."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from flask_babel import gettext as _
from werkzeug.security import check_password_hash, generate_password_hash
from zxcvbn import zxcvbn

#: The longest password, in characters of any script.
MOST = 256
#: What the estimate looks at; it refuses more.
_ESTIMATED = 72
#: Of the estimate's 0 to 4, the scores 0 and 1 fall to less than a million guesses.
_WEAK = 2


@dataclass(frozen=True)
class Rule:
    """What an office asks of a password. `composition` is for offices whose auditors want it (MLPS)."""

    least: int = 8
    composition: bool = False

    def faults(self, password: str, *names: str) -> list[str]:
        """What is wrong with a new password of the person with these names (the user name first), in sentences."""
        return list(self._faults(password, names))

    def _faults(self, password: str, names: tuple[str, ...]) -> Iterator[str]:
        if len(password) < self.least:
            yield _("The password needs at least %(least)s characters.", least=self.least)
        elif len(password) > MOST:
            yield _("The password may have at most %(most)s characters.", most=MOST)
        elif "\0" in password:
            yield _("The password holds a character that cannot be typed.")
        elif password.casefold() == names[0].casefold():
            yield _("The password must not be the user name.")
        elif guessable(password, names):
            yield _("This password is easily guessed. Take a longer one, or several words that do not belong together.")
        if self.composition and not _mixed(password):
            yield _("The password needs a capital letter, a small letter, a figure and another character.")


def guessable(password: str, names: tuple[str, ...] = ()) -> bool:
    """Whether it stands in the lists of common passwords or falls to a quick guess."""
    about = zxcvbn(password[:_ESTIMATED], user_inputs=[name for name in names if name])
    listed = len(about["sequence"]) == 1 and about["sequence"][0]["pattern"] == "dictionary"
    return listed or about["score"] < _WEAK


def _mixed(password: str) -> bool:
    tests = (str.isupper, str.islower, str.isdigit, lambda c: not c.isalnum())
    return all(any(test(character) for character in password) for test in tests)


def hashed(password: str, method: str) -> str:
    """The salted hash that is stored."""
    return generate_password_hash(_encodable(password), method=method)


def matches(stored: str | None, password: str, method: str) -> bool:
    """Whether the password is the stored one. With none stored, one of the same cost is tried and the answer is no."""
    # HMAC cannot tell a trailing NUL from none; a password longer than the longest is cut to one that fits nobody.
    found = check_password_hash(stored or _pattern(method), _encodable(password)[: MOST + 1])
    return found and stored is not None and "\0" not in password


def outdated(stored: str, method: str) -> bool:
    """Whether the hash was made with another method or other costs than those configured now."""
    return stored.partition("$")[0] != _pattern(method).partition("$")[0]


@cache
def _pattern(method: str) -> str:
    return generate_password_hash(secrets.token_urlsafe(), method=method)


def prepare(method: str) -> None:
    """Make the hash that unknown names are compared with, so that the first of them takes no longer than the others."""
    _pattern(method)


def _encodable(password: str) -> str:
    return password.encode("utf-8", "replace").decode()


def one_time() -> str:
    """A random password to be read out and typed once: 60 bits without look-alike letters."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _letter in range(4)) for _group in range(3))
