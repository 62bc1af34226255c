"""Who saw one paper 查阅记录: opened, read files of, printed, was shown what is protected, and when."""

from __future__ import annotations

from typing import Any

import pandas as pd
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.engine import access
from app.engine.asked import numbered
from app.engine.columns import Column
from app.engine.events import KINDS, SecurityEvent
from app.engine.frames import frame, report
from app.engine.periods import Period
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.outgoing import OutgoingDocument
from models.people import Person

#: What somebody does to see a paper, or to take it along.
SEEN = ("file_read", "revealed", "printed", "exported", "broke_glass")
OPENED, READ = "opened", "read"
DEEDS = {**{kind: KINDS[kind] for kind in SEEN}, OPENED: _l("Opened in circulation"), READ: _l("Marked as read")}


@report(
    "paper_access",
    _l("Access log of one paper"),
    [
        Column("at", _l("Moment"), "moment"),
        Column("person", _l("Person"), "text"),
        Column("deed", _l("What"), "choice"),
        Column("detail", _l("Detail"), "text"),
        Column("address", _l("Network address"), "text"),
    ],
    basis=_l(
        "Of the paper whose number is given: files read, forms printed, protected values shown, emergency access, and "
        "its entries in circulation as opened or read, in the order in which they happened. A page that is looked at "
        "leaves no trace; a list that is exported is on record with its number of rows, not with each of them."
    ),
    labels={"deed": DEEDS},
    parameters=(numbered("paper", _l("Number of the paper"), IncomingDocument, OutgoingDocument, right="history"),),
)
def paper_access(session: Session, period: Period, paper: Any | None = None) -> pd.DataFrame:
    """One line a deed; none while no paper is named."""
    names = ["at", "person", "deed", "detail", "address"]
    if paper is None:
        return pd.DataFrame(columns=names)
    parts = [_events(session, period, paper)]
    if isinstance(paper, IncomingDocument):
        parts += [_entries(session, period, paper, deed) for deed in (OPENED, READ)]
    table = pd.concat([one.astype(object) for one in parts], ignore_index=True)
    table["person"] = table["person"].map(lambda name: _("The system") if name == access.SYSTEM.name else name)
    return table.sort_values("at", kind="stable", ignore_index=True)


def _events(session: Session, period: Period, paper: Any) -> pd.DataFrame:
    """What is on record under the paper's own name, or that and more: `incoming_documents 12 transmittal`."""
    event, own = SecurityEvent, f"{paper.kind_name} {paper.id}"
    query = (
        select(event.at, event.actor_name.label("person"), event.kind.label("deed"), event.detail, event.address)
        .where(event.kind.in_(SEEN))
        .where(or_(event.subject == own, event.subject.startswith(f"{own} ", autoescape=True)))
        .order_by(event.at, event.id)
    )  # fmt: skip
    return frame(session, period.holds(query, event.at))


def _entries(session: Session, period: Period, paper: IncomingDocument, deed: str) -> pd.DataFrame:
    entry = CirculationEntry
    moment = entry.opened_at if deed == OPENED else entry.read_at
    query = (
        select(moment.label("at"), Person.name.label("person"))
        .join(Person, entry.reader_id == Person.id, isouter=True)
        .where(entry.document_id == paper.id, moment.is_not(None))
        .order_by(moment, entry.id)
    )
    table = frame(session, period.holds(query, moment))
    return table.assign(deed=deed, detail=None, address=None)
