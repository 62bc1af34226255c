"""Papers of the house that come in again 内部收文: another unit registers what was issued, and a reply is an answer.

What crosses over is the paper as it was issued. Drafts, versions and countersignatures stay with those who made it.
"""

from __future__ import annotations

from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from app.engine import record as records
from app.engine import rules
from app.engine.access import Actor
from app.engine.fields import fields_of
from app.engine.moments import local, now
from app.engine.paper import manuscript
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models import notices
from models.assignments import OPEN
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.endings import stop_all
from models.entries import OFFERED
from models.outgoing import OutgoingDocument
from models.recipients import Recipient
from models.registers import Register
from models.secrecy import ON_PAPER_ONLY

HOUSE_NAME = rules.setting("house_name", _l("The house as a sender of papers to its own units"), "words", "本单位")


def takes_in(line: Recipient, actor: Actor) -> bool:
    """The registry, or the unit of the house that got the paper."""
    return actor.has("office_manager", "registry_clerk") or line.department_id in actor.department_ids


@Recipient.flow.step(
    "sent", "received", "acknowledged", to=None, label=_l("Register as incoming"), who=takes_in, tone="primary"
)
def register_as_incoming(
    line: Recipient, register: Annotated[Register | None, Ask(_l("Register book"), help=_l("Empty: the first"))] = None
) -> None:
    """The unit's copy becomes a paper that came in, with a receipt number of its own and the text as it was issued."""
    if line.department is None:
        raise StepRefused(_("Only a unit of the house takes a paper in here; name the department of this recipient."))
    if line.incoming is not None:
        raise StepRefused(_("This copy is registered already."))
    session = object_session(line)
    assert session is not None
    with session.no_autoflush:
        paper = _as_it_came(session, line, register)
        paper.prepare(session)
        if wrong := [sentence for _name, sentence in paper.check()]:
            raise StepRefused(" ".join(wrong))
    records.store(session, paper)
    line.incoming = paper


def _as_it_came(session: Session, line: Recipient, register: Register | None) -> IncomingDocument:
    """The paper as its recipient holds it in the hand."""
    issued = line.document
    text = None if issued.secrecy in ON_PAPER_ONLY else manuscript.plain(issued.body)
    enclosures = "；".join((issued.enclosures or "").split("\n")) or None
    return IncomingDocument(
        sender=_the_house(session, line), sender_no=issued.document_no, title=issued.title, register=register,
        secrecy=issued.secrecy, urgency=issued.urgency, importance="ordinary", copies=line.copies,
        medium="electronic" if line.channel == "electronic" else "paper", paper_type=issued.document_type,
        written_on=local(issued.signed_at).date() if issued.signed_at else None,
        received_at=line.signed_at or now(), department=line.department,
        summary=(text or "")[: _length("summary")] or None,
        enclosures=None if issued.secrecy in ON_PAPER_ONLY or not enclosures else enclosures[: _length("enclosures")],
        issued_as=issued,
    )  # fmt: skip


def _length(name: str) -> int:
    return fields_of(IncomingDocument)[name].length or 0


def _the_house(session: Session, line: Recipient) -> Correspondent:
    """The house among the correspondents; it is put there when it first writes to itself."""
    name = rules.value(session, HOUSE_NAME, line.profile())
    found = session.scalar(select(Correspondent).where(Correspondent.name == name))
    if found is None:
        found = Correspondent(name=name)
        records.store(session, found)
    return found


def stop_copies(session: Session, document: OutgoingDocument, reason: str) -> None:
    """What units took in of a paper that is recalled goes round no more; whoever read or handles it is told."""
    for copy in session.scalars(select(IncomingDocument).where(IncomingDocument.issued_as_id == document.id)):
        have = [entry for entry in copy.circulation if entry.state in OFFERED]
        for entry in have:
            entry.told_why = True
        told = [entry.reader for entry in have]
        told += filter(None, (one.handler or one.department.leader for one in copy.assignments if one.state in OPEN))
        told += [line.leader for line in copy.instructions if line.standing in ("waiting", "queued")]
        notices.tell(session, list(dict.fromkeys(told)), "recalled", copy)
        stop_all(copy, reason)


def answer_by(document: OutgoingDocument) -> None:
    """An outgoing paper that is issued is the written answer to the paper it replies to, unless there was one."""
    asked = document.reply_to
    if asked is None or asked.answered_sender_at is not None:
        return
    if asked.state in asked.flow.steps["answer_in_writing"].sources:
        asked.take("answer_in_writing", object_session(document), words=document.document_no)
