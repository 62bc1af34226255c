"""Addresses a request brings along: where to go next, and whether that is one of ours."""

from __future__ import annotations

HOME = "/"


def own_path(address: str) -> str:
    """`address` if it is a path of this house, else the start page.

    Browsers read a backslash as a slash, drop tabs and line ends, and take a second slash for the name of a host.
    """
    plain = address.startswith("/") and not address.startswith("//") and "\\" not in address and address.isprintable()
    return address if plain else HOME
