"""Answering a service ticket 答复: at the desk from the library, or with what the unit replied.

H1: 所有来电不允许按个人理解回答. An answer of the desk rests on a version of an article or on a referral; what a desk
may do without either is a rule of its profile.
"""

from __future__ import annotations

from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import history, rules
from app.engine.database import session_of
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, never_by_hand
from models.article_versions import ArticleVersion
from models.articles import Article
from models.dispatch import DispatchOrder
from models.referrals import Referral
from models.tickets import ServiceTicket

flow = ServiceTicket.flow

WITHOUT_ARTICLE = rules.setting(
    "answer_without_article", _l("Library: an answer that rests on no article"), "choice", "refuse",
    {"refuse": _l("Is refused"), "leader": _l("The shift leader alone gives it"), "warn": _l("Is given and marked")},
)  # fmt: skip
#: Who may answer from nothing where it takes a leader.
LEADERS = ("shift_leader", "service_manager", "office_manager")


@flow.step("open", "appointment", "reopened", to="answered", label=_l("Answer"), tone="primary")
def give_answer(
    ticket: ServiceTicket,
    article: Annotated[
        Article | None, Ask(_l("Library article"), help=_l("Type what is asked; articles that answer it are offered."))
    ] = None,
    referral: Annotated[Referral | None, Ask(_l("Refer the caller to"))] = None,
    answer: Annotated[
        str | None,
        Ask(_l("Answer"), help=_l("Empty: the text of the article, or the number the caller is referred to")),
    ] = None,
) -> None:
    """The answer the caller was given at the desk, and what it rests on."""
    session = session_of(ticket)
    with session.no_autoflush:
        version = article.in_force(session) if article is not None else None
        unsupported = version is None and referral is None
        if unsupported:
            _without_article(ticket)
    told = [version.body if version else "", referral.words if referral else ""]
    text = (answer or "").strip() or "\n\n".join(filter(None, told))
    if not text:
        raise StepRefused(_("Write what the caller was told."))
    ticket.answer_with(text)
    rest_on(ticket, version, referral)
    ticket.unsupported = unsupported


def _without_article(ticket: ServiceTicket) -> None:
    """Raise `StepRefused` where the ticket's desk may not answer from nothing."""
    way = rules.value(session_of(ticket), WITHOUT_ARTICLE, ticket.profile())
    if way == "refuse":
        raise StepRefused(
            _("Answers are given from the library: choose an article or a referral, or dispatch the matter to a unit.")
        )
    if way == "leader" and not history.doer().has(*LEADERS):
        raise StepRefused(_("Without an article the shift leader answers; choose an article or a referral."))


def rest_on(
    ticket: ServiceTicket, version: ArticleVersion | None, referral: Referral | None, otherwise: str | None = None
) -> None:
    """Note what an answer rests on, in place of what an earlier one did."""
    ticket.cited, ticket.referral, ticket.unsupported = version, referral, False
    ticket.citation = "; ".join(str(one) for one in (version, referral) if one is not None) or otherwise


@flow.step("dispatched", to="reply_in", label=_l("Reply comes in"), who=never_by_hand)
def receive_reply(ticket: ServiceTicket) -> None:
    """Follows by itself when the replies of all units in charge are accepted."""


@flow.step("reply_in", to="answered", label=_l("Pass the reply on"), tone="primary")
def pass_on(ticket: ServiceTicket) -> None:
    """Tell the caller what the unit replied, in its words."""
    replies = _replies(ticket)
    ticket.answer_with("\n\n".join(order.answer or "" for order in replies))
    rest_on(ticket, None, None, ", ".join(order.order_no for order in replies))


def _replies(ticket: ServiceTicket) -> list[DispatchOrder]:
    return [order for order in ticket.live_orders if order.lead and order.answer]


@flow.step("reply_in", to="answered", label=_l("Answer in other words"))
def reword(
    ticket: ServiceTicket, answer: Annotated[str, Ask(_l("Answer"))], reason: Annotated[str, Ask(_l("Reason"))]
) -> None:
    """The shift leader changes the unit's words; its own stay on the dispatch order."""
    replies = _replies(ticket)  # before the ticket changes: looking for them writes what is pending
    ticket.answer_with(answer)
    rest_on(ticket, None, None, ", ".join(order.order_no for order in replies))
