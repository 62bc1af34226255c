"""What stands on the office's printed forms: its name, who proposed, whose instructions in which order, who reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from app.engine import access, rules
from app.engine.history import HistoryEntry
from models.circulation import CirculationEntry
from models.documents import IncomingDocument
from models.entries import OFFERED
from models.people import Department, Person
from models.secrecy import ON_PAPER_ONLY, ORDINARY

OFFICE_NAME = rules.setting("office_name", _l("Name of the office over its forms"), "words", "办公室")
SELLER_NAME = rules.setting("seller_name", _l("Name of the house on papers for customers"), "words", "")
DELIVERY_NOTE_PRICES = rules.setting("delivery_note_prices", _l("Delivery notes state prices"))
SLIP_TITLE = rules.setting("slip_title", _l("What the slip of an incoming document is called"), "words", "来文处理笺")


@dataclass(frozen=True)
class Signed:
    """Who did something, of which unit, and when."""

    name: str
    unit: str
    at: datetime


#: The verbs as the slip has them: each belongs to its leader.
SLIP_VERBS = {"instruct": "阅示", "handle": "阅办", "read": "阅"}


@dataclass(frozen=True)
class Opinion:
    """What somebody wrote on a paper. `rank`: the place among the leaders, the first is 1; 0 where nobody has said."""

    words: str
    name: str
    rank: int
    at: datetime
    verb: str = ""
    transcribed_by: str = ""


def in_order(opinions: Iterable[Opinion]) -> list[Opinion]:
    """By rank, within a rank by time; who has no rank comes last."""
    return sorted(opinions, key=lambda one: (one.rank or 10_000, one.at))


def signatures(session: Session, record: Any, *steps: str) -> list[Signed]:
    """Who took one of these steps with a record, as its history knows it, the earliest first."""
    query = (
        select(HistoryEntry.actor_id, HistoryEntry.actor_name, HistoryEntry.acting_for, HistoryEntry.at)
        .where(
            HistoryEntry.kind == record.kind_name, HistoryEntry.record_id == record.id, HistoryEntry.action.in_(steps)
        )
        .order_by(HistoryEntry.position)
    )
    rows = session.execute(query).all()
    with access.system():
        of_account = (
            select(Person.user_id, Department.name)
            .join(Department, Person.department_id == Department.id)
            .where(Person.user_id.in_({row.actor_id for row in rows}))
        )
        units: dict[int | None, str] = {row.user_id: row.name for row in session.execute(of_account)} if rows else {}
    return [
        Signed(
            f"{row.actor_name}（代{row.acting_for}）" if row.acting_for else row.actor_name,
            units.get(row.actor_id, ""),
            row.at,
        )
        for row in rows
    ]


def signed(session: Session, record: Any, *steps: str) -> Signed | None:
    """Who last took one of these steps with a record."""
    return next(reversed(signatures(session, record, *steps)), None)


def instructions_of(session: Session, document: IncomingDocument) -> list[Opinion]:
    """The leaders' instructions on a document, in the order they stand on its slip: by rank, then by time.

    A paper handed out without any leader in line bears the words it was handed out with.
    """
    lines = [line for line in document.instructions if line.standing == "signed"]
    if lines:
        return in_order(
            Opinion(
                line.words or "",
                line.leader.name,
                line.leader.rank or 0,
                line.signed_at or document.received_at,
                verb=SLIP_VERBS[line.verb],
                transcribed_by=line.transcribed_by.name if line.transcribed_by else "",
            )
            for line in lines
        )
    by = signed(session, document, "instruct", "instruct_reading")
    if not document.instruction:
        return []
    return in_order([Opinion(document.instruction, by.name if by else "", 0, by.at if by else document.received_at)])


def readers_of(document: IncomingDocument) -> list[CirculationEntry]:
    """The entries of its circulation the actor may see, those taken back left out."""
    return [entry for entry in document.circulation if entry.state != "withdrawn"]


def distributed_to(document: IncomingDocument) -> list[str]:
    """To whom copies went: the unit that leads, those that help it, then the readers it was offered to.

    Of an older register the unit in charge is all that is known. Who is in line or passed over has no copy yet.
    """
    handed = sorted((one for one in document.assignments if one.state != "called_off"), key=lambda one: not one.lead)
    units = [one.department.name for one in handed]
    if not units and document.department is not None:
        units = [document.department.name]
    readers = [entry.reader.name for entry in document.circulation if entry.state in OFFERED]
    return list(dict.fromkeys([*units, *readers]))


def watermarked(secrecy: str) -> bool:
    """Whether a print says who made it, and is counted: secret business papers and those above."""
    return secrecy not in ORDINARY


def without_content(secrecy: str) -> bool:
    """Whether no print bears any content, whoever prints: the house holds none of such papers."""
    return secrecy in ON_PAPER_ONLY


def office_of(document: IncomingDocument) -> str:
    """The name of the office that stands over the forms of a document."""
    session = object_session(document)
    assert session is not None
    return rules.value(session, OFFICE_NAME, document.profile())
