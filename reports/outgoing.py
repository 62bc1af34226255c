"""The register of outgoing documents."""

from __future__ import annotations

from typing import Any

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from app.engine.asked import one_of, year_of
from app.engine.columns import Column
from app.engine.disclosure import learned
from app.engine.frames import Counted, Rows, frame, report
from app.engine.periods import Period
from models.documents import URGENCY
from models.outgoing import CLASSES, TYPES, OutgoingDocument
from models.outgoing_series import FIRST, OutgoingSeries, key
from models.people import Department, Person
from models.recipients import CHANNELS, PARTS, Recipient
from models.secrecy import SECRECY
from reports.numbers import STATES, accounted
from reports.serials import in_order, why_void, with_void

_DOC = OutgoingDocument
#: what puts a number into the order of the register where nothing else does
_SIGNED = func.coalesce(_DOC.signed_at, _DOC.issued_at, _DOC.drafted_at)


_PARAMETERS = (one_of("series", _l("Number series"), OutgoingSeries, "code"), year_of("year", _l("Year"), _SIGNED))


def _chosen(query: Any, signed: Any, series: OutgoingSeries | None, year: int | None) -> Any:
    """`query` (papers) of one series and one year, in the order of their numbers where either is given."""
    if series is not None:
        own = _DOC.number_series_id == series.id
        query = query.where(or_(own, _DOC.number_series_id.is_(None)) if key(series) == FIRST else own)
    if series is not None or year is not None:
        query = in_order(query, _DOC.document_no, FIRST, signed, _DOC.id, year)
    return query


def _of_recipients(value: Any, *conditions: Any) -> Any:
    """A figure of the recipients of a paper who were not struck out."""
    query = select(value).select_from(Recipient).where(Recipient.document_id == _DOC.id, *conditions)
    return query.where(Recipient.state != "struck_out").correlate(_DOC).scalar_subquery()


@report(
    "outgoing_register",
    _l("Outgoing register"),
    [
        Column("document_no", _l("Document number"), "number_text"),
        Column("title", _l("Title"), "text"),
        Column("document_class", _l("Class"), "choice"),
        Column("document_type", _l("Type"), "choice"),
        Column("secrecy", _l("Secrecy"), "choice"),
        Column("urgency", _l("Urgency"), "choice"),
        Column("addressees", _l("Addressees"), "text"),
        Column("department", _l("Department"), "text"),
        Column("drafter", _l("Drafter"), "text"),
        Column("drafted_at", _l("Drafted"), "moment"),
        Column("signer", _l("Signer"), "text"),
        Column("signed_at", _l("Signed at"), "moment"),
        Column("copies", _l("Copies printed"), "integer"),
        Column("copies_out", _l("Copies issued"), "integer"),
        Column("copies_left", _l("Copies left"), "integer"),
        Column("signed_for", _l("Recipients who signed"), "integer"),
        Column("issued_at", _l("Issued at"), "moment"),
        Column("state", _l("State"), "choice"),
        Column("void_reason", _l("Why the number is void"), "text"),
    ],
    basis=_l(
        "Every numbered paper signed in the period, void and recalled ones included, in the order of signing; one "
        "series, or one year, in the order of its numbers."
    ),
    parameters=_PARAMETERS,
)
def outgoing_register(
    session: Session, period: Period, series: OutgoingSeries | None = None, year: int | None = None
) -> pd.DataFrame | Counted:
    """One line a number, as the register book has it; of one series also those that became void without a paper."""
    doc, signed, signer = _DOC, _SIGNED, aliased(Person)
    out = func.coalesce(_of_recipients(func.sum(Recipient.copies), Recipient.sent_at.is_not(None)), 0)
    query = (
        select(
            doc.document_no, learned(doc, "title"), doc.document_class, doc.document_type, doc.secrecy, doc.urgency,
            learned(doc, "addressees"), Department.name.label("department"), Person.name.label("drafter"),
            doc.drafted_at, signer.name.label("signer"), doc.signed_at, doc.copies, out.label("copies_out"),
            (doc.copies - out).label("copies_left"),
            _of_recipients(func.count(), Recipient.signed_at.is_not(None)).label("signed_for"), doc.issued_at,
            doc.state, why_void(doc.document_no, FIRST),
        )
        .join(Department, doc.department_id == Department.id, isouter=True)
        .join(Person, doc.drafter_id == Person.id, isouter=True)
        .join(signer, doc.signer_id == signer.id, isouter=True)
        .where(doc.document_no.is_not(None))
        .order_by(signed, doc.id)
    )  # fmt: skip
    query = _chosen(period.holds(query, signed), signed, series, year)
    table, notes = frame(session, query), []
    labels = {"document_class": CLASSES, "document_type": TYPES, "secrecy": SECRECY, "urgency": URGENCY,
              "state": doc.flow.state_labels}  # fmt: skip
    for name, words in labels.items():
        table[name] = table[name].map({word: str(label) for word, label in words.items()})
    if series is not None and period == Period():
        table = with_void(session, table, doc.document_no, key(series), year, str(STATES["void"]))
        notes = accounted(session, key(series), year, series.name)
    return Counted(table, notes=notes)


@report(
    "outgoing_recipients",
    _l("Outgoing register by recipient"),
    [
        Column("document_no", _l("Document number"), "number_text"),
        Column("title", _l("Title"), "text"),
        Column("recipient", _l("Recipient"), "text"),
        Column("part", _l("Gets it as"), "choice"),
        Column("copies", _l("Copies"), "integer", total=True),
        Column("copy_numbers", _l("Copy numbers"), "number_text"),
        Column("way", _l("Way"), "choice"),
        Column("sent_at", _l("Sent at"), "moment"),
        Column("signed_by", _l("Signed for by"), "text"),
        Column("signed_at", _l("Signed for at"), "moment"),
        Column("slip_at", _l("Slip came back"), "moment"),
        Column("state", _l("State"), "choice"),
    ],
    basis=_l(
        "Every recipient of the numbered papers signed in the period, in the order of signing; of one series, or one "
        "year, in the order of the numbers."
    ),
    labels={"part": PARTS, "way": CHANNELS, "state": Recipient.flow.state_labels},
    parameters=_PARAMETERS,
)
def outgoing_recipients(
    session: Session, period: Period, series: OutgoingSeries | None = None, year: int | None = None
) -> Counted:
    """One line a recipient of a numbered paper: the register of outgoing papers by whom they went to."""
    doc, line = _DOC, Recipient
    query = (
        select(
            line.id, doc.document_no, learned(doc, "title"), line.name.label("recipient"), line.part, line.copies,
            line.copy_numbers, line.channel.label("way"), line.sent_at, line.signed_by, line.signed_at, line.slip_at,
            line.state,
        )
        .select_from(doc)
        .join(line, line.document_id == doc.id)
        .where(doc.document_no.is_not(None))
        .order_by(_SIGNED, doc.id)
    )  # fmt: skip
    query = _chosen(period.holds(query, _SIGNED), _SIGNED, series, year)
    table = frame(session, query.order_by(line.id))
    lines = table[["id", "document_no", "recipient", "copies"]].assign(at=table["sent_at"])
    return Counted(table.drop(columns="id"), [Rows(line, lines, {"copies": "copies"})])
