"""Registering a paper that came in 收文登记: what is proposed for a known sender, what is odd, what everybody notices.

A paper keeps the envelope it came in and the dates its slip bears. A number that is in the register already, dates out
of order and a paper without its envelope are asked about once; they are no mistakes, for paper is patient.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, func, inspect, select
from sqlalchemy.orm import Mapped, Session, declared_attr, object_session, relationship

from app.engine import access, changes, fields, finding, rules
from app.engine import record as records
from app.engine.moments import at_office, local, today
from models.numbers_of_papers import unfinished, year_of
from models.people import Department
from models.registers import Register

if TYPE_CHECKING:
    from models.correspondents import Correspondent
    from models.envelopes import Envelope
    from models.outgoing import OutgoingDocument

OUTER_REGISTER = rules.setting("outer_register", _l("Papers come in envelopes of an outer register"))
#: So many of a sender's last papers say what is usual.
LAST = 5


class Registration:
    """Mixin of the paper that came in."""

    envelope_id: Mapped[int | None] = fields.reference(_l("Envelope"), "envelope.id", sort_order=70)
    issued_as_id: Mapped[int | None] = fields.reference(
        _l("Issued by this house as"),
        "outgoing_document.id",
        sort_order=70,
        derived=True,
        late="fk_incoming_document_issued_as_id_outgoing_document",
    )
    proposal_on: Mapped[date | None] = fields.day(_l("Slip: proposal dated"), sort_order=71)
    instruction_on: Mapped[date | None] = fields.day(_l("Slip: instruction dated"), sort_order=72)
    result_on: Mapped[date | None] = fields.day(_l("Slip: result dated"), sort_order=73)
    date_note: Mapped[str | None] = fields.line(
        _l("Why the dates are out of order"), 300, sort_order=74, help=_l("Received, proposal, instruction, result")
    )

    @declared_attr
    def envelope(cls) -> Mapped[Envelope | None]:
        return relationship("Envelope", foreign_keys=[cls.envelope_id])  # type: ignore[list-item]

    @declared_attr
    def issued_as(cls) -> Mapped[OutgoingDocument | None]:
        return relationship("OutgoingDocument", foreign_keys=[cls.issued_as_id])  # type: ignore[list-item]

    def begin(self, session: Session) -> Callable[[], None]:
        """A paper of a book without an outer register has its envelope all the same; nobody is asked to fill it in."""
        paper: Any = self
        alone = self.envelope is None and self.envelope_id is None and not paper.taken_over
        if alone and not rules.flag(session, OUTER_REGISTER, paper.profile()):
            from models.envelopes import silent_envelope  # it lists its papers

            self.envelope = silent_envelope(session, paper)
        return super().begin(session)  # type: ignore[misc]

    def slip_dates(self) -> list[tuple[Any, date | None]]:
        """The dates a slip bears, in the order in which they should follow each other."""
        paper: Any = self
        return [
            (_("Received"), local(paper.received_at).date() if paper.received_at else None),
            (_("Proposal"), self.proposal_on),
            (_("Instruction"), self.instruction_on),
            (_("Result"), self.result_on),
        ]

    def out_of_order(self) -> str | None:
        """The first two dates that follow each other the wrong way round, in words."""
        known = [(label, day) for label, day in self.slip_dates() if day is not None]
        wrong = next((pair for pair in pairwise(known) if pair[1][1] < pair[0][1]), None)
        if wrong is None:
            return None
        (first, before), (second, after) = wrong
        return _("%(second)s %(after)s is before %(first)s %(before)s", second=second, after=after, first=first,
                 before=before)  # fmt: skip

    def warnings(self, session: Session) -> Iterator[tuple[str, str]]:
        yield from super().warnings(session)  # type: ignore[misc]
        paper: Any = self
        new = not inspect(paper).persistent
        if (new or changes.altered(paper, "sender", "sender_no")) and paper.sender_no:
            if unfinished(paper.sender_no):
                yield "sender_no", _("The sender's number has no serial yet.")
            elif (earlier := self.registered_before(session)) is not None:
                yield "sender_no", _("This number of this sender is registered already: %(no)s.", no=earlier)
        dated = new or changes.altered(paper, "received_at", "proposal_on", "instruction_on", "result_on", "date_note")
        if dated and not self.date_note and (wrong := self.out_of_order()):
            yield "date_note", _("The dates are out of order: %(wrong)s. Say why in one line.", wrong=wrong)
        if new and self.envelope is None and rules.flag(session, OUTER_REGISTER, paper.profile()):
            yield "envelope", _("Papers of this book come in an envelope of the outer register; please choose it.")

    def registered_before(self, session: Session) -> str | None:
        """The receipt number of an earlier paper of the same sender, number and year that the actor may see."""
        paper: Any = self
        model = type(paper)
        if paper.sender is None or not paper.received_at:
            return None
        query = select(model.receipt_no).where(
            model.sender_id == paper.sender.id, model.sender_no == paper.sender_no, model.state != "voided"
        )
        if paper.id is not None:
            query = query.where(model.id != paper.id)
        if year_of(paper.sender_no) is None:  # the number names no year, so the receipt does
            year = local(paper.received_at).year
            begin, end = (at_office(date(y, 1, 1)) for y in (year, year + 1))
            query = query.where(model.received_at >= begin, model.received_at < end)
        return session.scalars(query.order_by(model.id).limit(1)).first()

    def marks(self) -> list[str]:
        found = []
        if self.defective():
            found.append(_("A defect of the delivery is not made good yet."))
        if (ended := self.ended_by_issuer()) is not None:
            found.append(ended)
        if wrong := self.out_of_order():
            why = self.date_note or _("nobody has said why")
            found.append(_("Dates out of order: %(wrong)s (%(why)s).", wrong=wrong, why=why))
        return found

    def ended_by_issuer(self) -> str | None:
        """What became of the paper of the house this one is a copy of, where it holds no more: a sentence."""
        from models.outgoing import OutgoingDocument  # its papers may come in again

        session = object_session(self)
        if session is None or self.issued_as_id is None:
            return None
        with access.system():
            state = session.scalar(select(OutgoingDocument.state).where(OutgoingDocument.id == self.issued_as_id))
        return {
            "recalled": _("The issuer has recalled this paper; its copies go back."),
            "annulled": _("The issuer has annulled this paper; it is of no effect any more."),
        }.get(state or "")

    def defective(self) -> bool:
        """Whether something of the delivery the paper came with is still missing; the envelope itself stays hidden."""
        from models.envelope_defects import EnvelopeDefect  # defects know the line, which knows the paper

        session = object_session(self)
        if session is None or self.envelope_id is None:
            return False
        with access.system():
            return bool(session.scalar(select(exists().where(EnvelopeDefect.of_paper(self)))))


def usual_of(session: Session, senders: Sequence[Correspondent]) -> dict[int, dict[str, Any]]:
    """What a paper of each sender usually has, by the sender's key: secrecy, department, register, and how its number
    begins.

    What the office wrote down for the sender holds. Else it is what most of the sender's last papers have, as far as
    the actor may see them; the newest decides a draw. Learning writes nothing, so two desks never wait for each other.
    """
    from models.documents import IncomingDocument as Paper  # it is made of this module's mixin

    keys = [sender.id for sender in senders]
    if not keys:
        return {}
    rank = func.row_number().over(partition_by=Paper.sender_id, order_by=Paper.id.desc()).label("rank")
    ranked = (
        select(Paper.sender_id, Paper.secrecy, Paper.department_id, Paper.register_id, rank)
        .where(Paper.sender_id.in_(keys), Paper.state != "voided")
        .subquery()
    )
    last: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(select(ranked).where(ranked.c.rank <= LAST).order_by(ranked.c.rank)):
        last[row.sender_id].append(row)
    found = {}
    for sender in senders:
        rows = last[sender.id]
        values = {
            "secrecy": sender.usual_secrecy or _most([row.secrecy for row in rows]),
            "department": sender.usual_department or _stored(session, Department, [row.department_id for row in rows]),
            "register": sender.usual_register or _stored(session, Register, [row.register_id for row in rows]),
            "sender_no": records.Beginning(f"{sender.number_code}〔{today().year}〕") if sender.number_code else None,
        }
        found[sender.id] = {name: value for name, value in values.items() if value is not None}
    return found


def _most(values: list[Any]) -> Any:
    """The most frequent of some values, the newest first; `Counter` keeps their order where they draw."""
    known = [value for value in values if value is not None]
    return Counter(known).most_common(1)[0][0] if known else None


def _stored(session: Session, model: Any, keys: list[Any]) -> Any:
    key = _most(keys)
    return None if key is None else finding.by_key(session, model, key)
