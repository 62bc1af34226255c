"""Concluding a service ticket: callback, close, reopen, void."""

from __future__ import annotations

from typing import Annotated

from flask_babel import lazy_gettext as _l

from app.engine import numbers
from app.engine.access import Actor
from app.engine.workflow import Ask
from models.tickets import GRADES, ServiceTicket, session_of

flow = ServiceTicket.flow

#: Roles that may close a complaint or a report of wrongdoing.
DECIDES = ("service_manager", "leader", "office_manager")


def may_close(ticket: ServiceTicket, actor: Actor) -> bool:
    """Whoever answers may close; a complaint or a report of wrongdoing needs the manager."""
    return ticket.kind not in ("complaint", "report") or actor.has(*DECIDES)


@flow.step("answered", to="callback_due", label=_l("Ask for a callback"))
def plan_callback(ticket: ServiceTicket) -> None:
    """The caller is to be asked whether the answer helped."""


@flow.step("answered", "callback_due", to="closed", label=_l("Close"), who=may_close, tone="primary")
def close(
    ticket: ServiceTicket,
    outcome: Annotated[str | None, Ask(_l("Outcome"))] = None,
    grade: Annotated[str | None, Ask(_l("Satisfaction"), choices=GRADES)] = None,
) -> None:
    """Answered, and the caller called back where that was due."""
    ticket.outcome, ticket.grade = outcome or ticket.outcome, grade or ticket.grade


@flow.step("closed", "answered", "opinion_forwarded", to="reopened", label=_l("Reopen"))
def reopen(ticket: ServiceTicket, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The caller is back with the same matter: a new round begins, with limits of its own."""


@flow.step(
    "open", "appointment", "reopened", "dispatched", "waiting", "reply_in",
    to="voided", label=_l("Void"), tone="danger",
)  # fmt: skip
def void(ticket: ServiceTicket, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """Registered by mistake, a test or a nuisance: left out of the figures, the number stays used."""
    session = session_of(ticket)
    for order in ticket.orders:
        if order.state not in ("accepted", "cancelled"):
            order.take("cancel", session, reason=reason)
    numbers.void(session, ticket.kind_name, ticket.ticket_no, reason)
