"""Codes people tell each other on the telephone: short, random, of letters and digits nobody mishears."""

from __future__ import annotations

import secrets

#: Without 0 O, 1 I L, 2 Z, 5 S, 8 B, U V.
LETTERS = "ACDEFGHJKMNPQRTWXY34679"
LENGTH = 6


def new_code() -> str:
    """A random code; about 148 million are possible."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
