"""The register of service tickets."""

from __future__ import annotations

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine.columns import Column
from app.engine.disclosure import learned, mask
from app.engine.frames import frame, report
from app.engine.periods import Period
from models.people import Department, Person
from models.ticket_words import CHANNELS, KINDS
from models.tickets import GRADES, ServiceTicket


@report(
    "ticket_ledger",
    _l("Ticket ledger"),
    [
        Column("ticket_no", _l("Ticket number"), "number_text"),
        Column("received_at", _l("Received"), "moment"),
        Column("channel", _l("Channel"), "choice"),
        Column("kind", _l("Kind"), "choice"),
        Column("contact_name", _l("Caller"), "text"),
        Column("phone", _l("Telephone"), "number_text"),
        Column("subject", _l("Subject"), "text"),
        Column("content", _l("Content"), "text"),
        Column("place", _l("Place"), "text"),
        Column("taker", _l("First responsible"), "text"),
        Column("department", _l("Department"), "text"),
        Column("state", _l("State"), "choice"),
        Column("answer", _l("Answer"), "text"),
        Column("citation", _l("Answered from"), "text"),
        Column("outcome", _l("Outcome"), "text"),
        Column("grade", _l("Satisfaction"), "choice"),
        Column("answered_at", _l("Answered at"), "moment"),
        Column("due_at", _l("Due"), "moment"),
        Column("closed_at", _l("Closed"), "moment"),
    ],
    basis=_l("Every ticket received in the period, void ones included; telephone numbers are masked."),
)
def ticket_ledger(session: Session, period: Period) -> pd.DataFrame:
    """One line a ticket, as the ledger of the front desk has it."""
    ticket = ServiceTicket
    told = {name: learned(ticket, name) for name in (
        "contact_name", "phone", "subject", "content", "place", "answer", "citation", "outcome")}  # fmt: skip
    query = (
        select(
            ticket.ticket_no, ticket.received_at, ticket.channel, ticket.kind, *told.values(),
            Person.name.label("taker"), Department.name.label("department"), ticket.state, ticket.grade,
            ticket.answered_at, ticket.due_at, ticket.closed_at,
        )
        .join(Department, ticket.department_id == Department.id, isouter=True)
        .join(Person, ticket.taker_id == Person.id, isouter=True)
        .order_by(ticket.received_at, ticket.id)
    )  # fmt: skip
    table = frame(session, period.holds(query, ticket.received_at))
    table["phone"] = table["phone"].map(mask, na_action="ignore")
    for name, labels in (
        ("channel", CHANNELS),
        ("kind", KINDS),
        ("grade", GRADES),
        ("state", ticket.flow.state_labels),
    ):
        table[name] = table[name].map({word: str(label) for word, label in labels.items()})
    return table
