"""What a caller learns of their own ticket by number and code, without signing in: how far it is, and nothing personal.

Of a report of wrongdoing only whether it is still being looked into.
"""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access, clocks
from app.engine.fields import storable
from models.tickets import ServiceTicket

_HANDLED = _l("It is being handled.")
STATES = {
    "open": _l("We have registered it and are looking into it."),
    "appointment": _l("We have promised you a reply."),
    "dispatched": _HANDLED,
    "reply_in": _l("A reply has come in; we will pass it on to you shortly."),
    "waiting": _l("We are waiting for something from you. Please call us."),
    "answered": _l("It has been answered."),
    "callback_due": _l("It has been answered; we may call and ask whether it helped."),
    "reopened": _l("It is being handled once more."),
    "closed": _l("It is closed."),
    "opinion_forwarded": _l("It has been passed on to those concerned."),
    "voided": _l("It is not pursued."),
}
_ENDED = ("answered", "callback_due", "closed", "opinion_forwarded", "voided")
REPORT = {True: _l("The matter has been dealt with."), False: _l("The matter is being looked into.")}


@dataclass(frozen=True)
class Progress:
    """How far a matter is, in plain words, with the moments a caller may know."""

    number: str
    words: str
    received_at: datetime | None = None
    #: the promised moment, or the limit for the answer; none once it is answered or while we wait for the caller
    expected_at: datetime | None = None


def look_up(session: Session, number: str, code: str) -> Progress | None:
    """How far the ticket is that number and code name; None whichever of the two is wrong."""
    number, code = (unicodedata.normalize("NFKC", text).strip().upper() for text in (number, code))
    if not (number and code and storable(number + code)):
        return None
    with access.system():
        ticket = session.scalars(select(ServiceTicket).where(ServiceTicket.ticket_no == number)).one_or_none()
        known = (ticket.progress_code if ticket is not None else None) or ""
        if not hmac.compare_digest(known.encode(), code.encode()) or ticket is None:
            return None
        return _progress(session, ticket)


def _progress(session: Session, ticket: ServiceTicket) -> Progress:
    handled = ticket
    while handled.state == "merged" and handled.merged_into is not None:  # it goes on in the other one
        handled = handled.merged_into
    if ticket.kind == "report" or handled.kind == "report":
        return Progress(ticket.ticket_no, str(REPORT[handled.state in _ENDED]))
    return Progress(
        ticket.ticket_no, str(STATES.get(handled.state, _HANDLED)), ticket.received_at, _expected(session, handled)
    )


def _expected(session: Session, ticket: ServiceTicket) -> datetime | None:
    if ticket.state == "appointment":
        return ticket.promised_at
    running = [
        clock.due_at
        for clock in clocks.clocks_of(session, ticket)
        if clock.stage == "parent" and clock.state == clocks.RUNNING
    ]
    return min(running, default=None)
