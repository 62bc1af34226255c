"""What a service ticket teaches the library: the question it had no answer to, the reply of a unit worth keeping."""

from __future__ import annotations

from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import record as records
from app.engine.database import session_of
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models.articles import Article
from models.gaps import KnowledgeGap
from models.people import Department
from models.tickets import ServiceTicket

flow = ServiceTicket.flow


@flow.step(
    "open", "appointment", "reopened", "dispatched", "waiting", "reply_in", "answered", "callback_due",
    to=None, label=_l("No answer found"),
)  # fmt: skip
def note_gap(
    ticket: ServiceTicket,
    question: Annotated[
        str, Ask(_l("What was asked"), help=_l("In general words, without names or numbers"), kind="line", length=300)
    ],
    department: Annotated[Department | None, Ask(_l("Unit that knows"))] = None,
) -> None:
    """The library has no answer to this; a card sees to it that it gets one."""
    _refuse_secret(ticket)
    session = session_of(ticket)
    with session.no_autoflush:
        gap = KnowledgeGap(question=question, department=department, ticket=ticket)
        gap.prepare(session)
    records.store(session, gap)


@flow.step("reply_in", "answered", "callback_due", "closed", to=None, label=_l("Propose the reply as an article"))
def propose_article(
    ticket: ServiceTicket,
    title: Annotated[str, Ask(_l("Title"), kind="line", length=200)],
    body: Annotated[
        str | None, Ask(_l("Standard answer"), help=_l("Empty: the reply as it came in. Leave out who it was about."))
    ] = None,
) -> None:
    """What the unit replied becomes the draft of a standard answer; the unit owns it."""
    _refuse_secret(ticket)
    session = session_of(ticket)
    with session.no_autoflush:
        replies = [order for order in ticket.live_orders if order.answer and order.fed_back_at]
        if not replies:
            raise StepRefused(_("No unit has replied to this ticket."))
        lead = next((order for order in replies if order.lead), replies[0])
        article = Article(
            title=title, body=body or "\n\n".join(order.answer or "" for order in replies), department=lead.department,
            basis=_("Reply to dispatch order %(order)s", order=lead.order_no), audience="internal",
        )  # fmt: skip
        article.prepare(session)
    records.store(session, article)


def _refuse_secret(ticket: ServiceTicket) -> None:
    """Raise `StepRefused` for a matter of which nothing may be written down elsewhere."""
    if ticket.sealed():
        raise StepRefused(
            _("Nothing of this ticket is carried over to the library; write the article or card by itself.")
        )
