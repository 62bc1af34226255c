"""The register of outgoing documents."""

from __future__ import annotations

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from app.engine.asked import one_of, year_of
from app.engine.columns import Column
from app.engine.disclosure import learned
from app.engine.frames import Period, frame, report
from models.documents import URGENCY
from models.outgoing import CLASSES, TYPES, OutgoingDocument
from models.outgoing_series import FIRST, OutgoingSeries, key
from models.people import Department, Person
from models.secrecy import SECRECY
from reports.numbers import STATES
from reports.serials import in_order, with_void

_DOC = OutgoingDocument
#: what puts a number into the order of the register where nothing else does
_SIGNED = func.coalesce(_DOC.signed_at, _DOC.issued_at, _DOC.drafted_at)


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
        Column("copies", _l("Copies"), "integer"),
        Column("issued_at", _l("Issued at"), "moment"),
        Column("state", _l("State"), "choice"),
    ],
    basis=_l(
        "Every numbered paper signed in the period, void and recalled ones included, in the order of signing; one "
        "series, or one year, in the order of its numbers."
    ),
    parameters=(one_of("series", _l("Number series"), OutgoingSeries, "code"), year_of("year", _l("Year"), _SIGNED)),
)
def outgoing_register(
    session: Session, period: Period, series: OutgoingSeries | None = None, year: int | None = None
) -> pd.DataFrame:
    """One line a number, as the register book has it; of one series also those that became void without a paper."""
    doc, signed, signer = _DOC, _SIGNED, aliased(Person)
    query = (
        select(
            doc.document_no, learned(doc, "title"), doc.document_class, doc.document_type, doc.secrecy, doc.urgency,
            learned(doc, "addressees"), Department.name.label("department"), Person.name.label("drafter"),
            doc.drafted_at, signer.name.label("signer"), doc.signed_at, doc.copies, doc.issued_at, doc.state,
        )
        .join(Department, doc.department_id == Department.id, isouter=True)
        .join(Person, doc.drafter_id == Person.id, isouter=True)
        .join(signer, doc.signer_id == signer.id, isouter=True)
        .where(doc.document_no.is_not(None))
        .order_by(signed, doc.id)
    )  # fmt: skip
    query = period.holds(query, signed)
    if series is not None:
        own = doc.number_series_id == series.id
        query = query.where(or_(own, doc.number_series_id.is_(None)) if key(series) == FIRST else own)
    if series is not None or year is not None:
        query = in_order(query, doc.document_no, FIRST, signed, doc.id, year)
    table = frame(session, query)
    labels = {"document_class": CLASSES, "document_type": TYPES, "secrecy": SECRECY, "urgency": URGENCY,
              "state": doc.flow.state_labels}  # fmt: skip
    for name, words in labels.items():
        table[name] = table[name].map({word: str(label) for word, label in words.items()})
    if series is not None and period == Period():
        table = with_void(session, table, "document_no", key(series), year, str(STATES["void"]))
    return table
