"""Whole addresses of pages, for what is read outside the program: mails, workbooks, papers."""

from __future__ import annotations

from flask import current_app, request


def full_address(path: str) -> str:
    """A page's address with the office's before it: as it is set, or as this request gave it.

    What a request says of it anybody can write; an office on a network sets its own (`WENSHU_ADDRESS`).
    """
    own: str = current_app.config["ADDRESS"] or request.host_url.rstrip("/")[:200]
    return own + path
