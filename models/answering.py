"""Answering a service ticket 答复: at the desk, or with what the unit replied."""

from __future__ import annotations

from typing import Annotated

from flask_babel import lazy_gettext as _l

from app.engine.workflow import Ask, never_by_hand
from models.tickets import ServiceTicket

flow = ServiceTicket.flow


@flow.step("open", "appointment", "reopened", to="answered", label=_l("Answer"), tone="primary")
def give_answer(
    ticket: ServiceTicket,
    answer: Annotated[str, Ask(_l("Answer"))],
    citation: Annotated[
        str | None,
        Ask(_l("Answered from"), help=_l("The article quoted, or where the caller was referred to"), kind="line"),
    ] = None,
) -> None:
    """The answer the caller was given at the desk, and what it rests on."""
    ticket.answer_with(answer)
    ticket.citation = citation


@flow.step("dispatched", to="reply_in", label=_l("Reply comes in"), who=never_by_hand)
def receive_reply(ticket: ServiceTicket) -> None:
    """Follows by itself when the replies of all units in charge are accepted."""


@flow.step("reply_in", to="answered", label=_l("Pass the reply on"), tone="primary")
def pass_on(ticket: ServiceTicket) -> None:
    """Tell the caller what the unit replied, in its words."""
    ticket.answer_with("\n\n".join(order.answer for order in ticket.live_orders if order.lead and order.answer))


@flow.step("reply_in", to="answered", label=_l("Answer in other words"))
def reword(
    ticket: ServiceTicket, answer: Annotated[str, Ask(_l("Answer"))], reason: Annotated[str, Ask(_l("Reason"))]
) -> None:
    """The shift leader changes the unit's words; its own stay on the dispatch order."""
    ticket.answer_with(answer)
