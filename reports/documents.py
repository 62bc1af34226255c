"""The registers of documents."""

from __future__ import annotations

from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.engine.asked import one_of, year_of
from app.engine.columns import Column
from app.engine.disclosure import learned
from app.engine.frames import Counted, frame, report
from app.engine.periods import Period
from models.assignments import Assignment
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.envelope_lines import EnvelopeLine
from models.envelopes import Envelope
from models.outgoing import OutgoingDocument
from models.people import Department, Person
from models.registers import Register
from models.secrecy import SECRECY
from reports.counting import last_lead
from reports.numbers import STATES, accounted
from reports.serials import in_order, why_void, with_void


def _of_lead(value: Any) -> Any:
    """What the unit that leads has to say of a paper, as far as one sees it."""
    query = select(value).select_from(Assignment)
    return last_lead(query.join(Person, Assignment.received_by_id == Person.id, isouter=True), Assignment)


@report(
    "incoming_register",
    _l("Incoming register"),
    [
        Column("receipt_no", _l("Receipt number"), "number_text"),
        Column("received_at", _l("Received"), "moment"),
        Column("sender", _l("Sender"), "text"),
        Column("sender_no", _l("Sender's number"), "number_text"),
        Column("title", _l("Title"), "text"),
        Column("secrecy", _l("Secrecy"), "choice"),
        Column("copies", _l("Copies"), "integer"),
        Column("enclosures", _l("Enclosures"), "text"),
        Column("envelope_no", _l("Envelope number"), "number_text"),
        Column("instruction", _l("Instruction"), "text"),
        Column("department", _l("Department"), "text"),
        Column("handler", _l("Handler"), "text"),
        Column("taken_by", _l("Signed for by"), "text"),
        Column("taken_at", _l("Signed for at"), "moment"),
        Column("due_at", _l("Due"), "moment"),
        Column("done_at", _l("Result in"), "moment"),
        Column("reply_no", _l("Number of the reply"), "number_text"),
        Column("state", _l("State"), "choice"),
        Column("void_reason", _l("Why the number is void"), "text"),
        Column("closed_at", _l("Closed"), "moment"),
        Column("note", _l("Note"), "text"),
    ],
    basis=_l(
        "Every document received in the period, void ones included, in the order of receipt; one book, or one year, in "
        "the order of its numbers."
    ),
    parameters=(
        one_of("book", _l("Register book"), Register, "code"),
        year_of("year", _l("Year"), IncomingDocument.received_at),
    ),
)
def incoming_register(
    session: Session, period: Period, book: Register | None = None, year: int | None = None
) -> pd.DataFrame | Counted:
    """One line a document, as the register book has it; of one book also the numbers that became void without one."""
    doc, reply = IncomingDocument, OutgoingDocument
    lines = select(func.max(Envelope.envelope_no)).join(EnvelopeLine, EnvelopeLine.envelope_id == Envelope.id)
    listed = lines.where(EnvelopeLine.document_id == doc.id).correlate(doc).scalar_subquery()
    # One made along with a paper of a book without an outer register stands in no register.
    chosen = select(Envelope.envelope_no).where(Envelope.id == doc.envelope_id, Envelope.silent.is_(False))
    envelope = func.coalesce(chosen.correlate(doc).scalar_subquery(), listed)
    replied = select(reply.document_no).where(reply.reply_to_id == doc.id, reply.document_no.is_not(None))
    replied = replied.where(reply.state.not_in(reply.flow.uncounted_states))  # void, recalled, annulled: no answer
    replied = replied.order_by(reply.id.desc()).limit(1)  # the last one: numbers are no order of time
    query = (
        select(
            doc.receipt_no, doc.received_at, Correspondent.name.label("sender"), doc.sender_no, learned(doc, "title"),
            doc.secrecy, doc.copies, learned(doc, "enclosures"), envelope.label("envelope_no"),
            learned(doc, "instruction"), Department.name.label("department"), Person.name.label("handler"),
            _of_lead(Person.name).label("taken_by"), _of_lead(Assignment.received_at).label("taken_at"), doc.due_at,
            _of_lead(Assignment.done_at).label("done_at"), replied.correlate(doc).scalar_subquery().label("reply_no"),
            doc.state, why_void(doc.receipt_no, doc.kind_name), doc.closed_at, learned(doc, "note"),
        )
        .join(Correspondent, doc.sender_id == Correspondent.id, isouter=True)
        .join(Department, doc.department_id == Department.id, isouter=True)
        .join(Person, doc.handler_id == Person.id, isouter=True)
        .order_by(doc.received_at, doc.id)
    )  # fmt: skip
    query = period.holds(query, doc.received_at)
    counted_as = doc.series_of(book)[0]
    if book is not None:
        own = doc.register_id == book.id
        query = query.where(or_(own, doc.register_id.is_(None)) if counted_as == doc.kind_name else own)
    if book is not None or year is not None:
        query = in_order(query, doc.receipt_no, doc.kind_name, doc.received_at, doc.id, year)
    table, notes = frame(session, query), []
    table["secrecy"] = table["secrecy"].map(lambda word: str(SECRECY.get(word, word)))
    table["state"] = table["state"].map(lambda word: str(doc.flow.states[word].label))
    if book is not None and period == Period():
        table = with_void(session, table, doc.receipt_no, counted_as, year, str(STATES["void"]))
        notes = accounted(session, counted_as, year, book.name)
    return Counted(table, notes=notes)
