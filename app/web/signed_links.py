"""Addresses that open one record to whoever has them: signed, compared in constant time, guesses counted.

One that is wrong, expired or withdrawn gets the same sentence as one that never was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from app.engine.database import apart
from app.engine.refusals import Refused
from app.extensions import db
from models import attempts


class LinkClosed(Refused):
    """The address opens nothing, for whatever reason."""

    status = 404


@dataclass(frozen=True)
class SignedLink:
    """Addresses of one sort. `door` is where guesses are counted, `closed` says the one sentence of a closed door."""

    model: Any
    door: str
    #: the secret that a record's address must hold, None while it has no address
    secret_of: Callable[[Any], str | None]
    is_open: Callable[[Any], bool]
    closed: Callable[[], str]

    def _signer(self) -> URLSafeSerializer:
        return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"{self.door} link")

    def token(self, record: Any) -> str:
        """What the record's address ends in."""
        return str(self._signer().dumps([record.id, self.secret_of(record)]))

    def opened(self, token: str) -> Any:
        """The record behind an address. Raises `LinkClosed`, or `LockedOut` after too many wrong ones."""
        record = None
        try:
            pk, secret = self._signer().loads(token)
            found = db.session.get(self.model, pk, populate_existing=True)
            known = self.secret_of(found) if found is not None else None
            if found is not None and known and compare_digest(known, secret) and self.is_open(found):
                record = found
        except (BadSignature, ValueError, TypeError):
            pass
        if record is None:
            db.session.rollback()  # the try is counted in a transaction of its own
            with apart(db.session) as own:
                address = request.remote_addr
                attempts.admit(own, attempts.network_of(address), address, door=self.door)
            raise LinkClosed(self.closed())
        return record
