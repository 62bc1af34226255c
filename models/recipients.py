"""Recipients of an outgoing paper 分发: a line each, with copies, way, signature, receipt slip, and the return."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, concurrency, fields
from app.engine.access import Actor
from app.engine.answers import happened
from app.engine.changes import altered, changed
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow, never_by_hand
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.people import Department
from models.secrecy import ORDINARY, REGISTRY

if TYPE_CHECKING:
    from models.outgoing import OutgoingDocument

CHANNELS = {
    "hand": _l("Handed over in person"), "post": _l("Post"), "confidential": _l("Confidential courier"),
    "exchange": _l("Document exchange station"), "electronic": _l("Electronic"),
}  # fmt: skip
#: What a line says of the copies that went out by it.
SENT = ("document", "name", "part", "department", "correspondent", "copies", "copy_numbers", "slip_due")
PARTS = {"main": _l("Addressee"), "copy": _l("Copy to"), "inside": _l("Inside the house")}


_NUMBERS = re.compile(r"(?P<first>[0-9]{6})(?:-(?P<last>[0-9]{6}))?")


def numbers_in(text: str | None) -> range:
    """The copies named as `000001` or `000002-000004`; none for words of another shape."""
    found = _NUMBERS.fullmatch(text or "")
    return range(int(found["first"]), int(found["last"] or found["first"]) + 1) if found else range(0)


class Recipient(Workflow, Model):
    """Who gets an outgoing paper, what of it, and the proof that it arrived."""

    __tablename__ = "recipient"
    kind_name = "recipients"
    large = True
    label, label_plural = _l("Recipient"), _l("Recipients")
    judged_with = "document"
    named_by = ("document",)

    flow = Flow(
        State("to_send", _l("To be sent"), "waiting"),
        State("sent", _l("Sent, not signed for"), "active", clocks=("receipt",)),
        State("received", _l("Signed for, slip outstanding"), "active", clocks=("receipt",)),
        State("acknowledged", _l("Received"), "good", final=True),
        State("to_return", _l("To be returned"), "bad", clocks=("return",)),
        State("returned", _l("Returned"), "neutral", final=True),
        State("struck_out", _l("Struck out"), "neutral", final=True, uncounted=True),
        clocks=(
            Clock("receipt", _l("Receipt"), turn=("department",), duty=("registry_clerk",)),
            Clock("return", _l("Return"), duty=("registry_clerk",)),
        ),
    )

    document_id: Mapped[int] = fields.reference(_l("Document"), "outgoing_document.id", required=True)
    name: Mapped[str | None] = fields.line(_l("Name"), 200, search=True, help=_l("Empty: as the unit is called"))
    part: Mapped[str] = fields.choice(_l("Gets it as"), PARTS, "part_known", required=True, default="main")
    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id")
    correspondent_id: Mapped[int | None] = fields.reference(_l("Organisation"), "correspondent.id")
    copies: Mapped[int] = fields.integer(_l("Copies"), required=True, default=1, least=1)
    copy_numbers: Mapped[str | None] = fields.number(_l("Copy numbers"), 60)
    slip_due: Mapped[bool] = fields.flag(_l("Receipt slip due"))
    channel: Mapped[str | None] = fields.choice(_l("Way"), CHANNELS, "channel_known", derived=True, index=True)
    sent_at: Mapped[datetime | None] = fields.moment(_l("Sent at"), derived=True, index=True)
    signed_by: Mapped[str | None] = fields.line(_l("Signed by"), 100, derived=True)
    signed_at: Mapped[datetime | None] = fields.moment(_l("Signed at"), derived=True)
    slip_at: Mapped[datetime | None] = fields.moment(_l("Slip came back"), derived=True)
    returned_at: Mapped[datetime | None] = fields.moment(_l("Returned at"), derived=True)
    incoming_id: Mapped[int | None] = fields.reference(_l("Registered as"), "incoming_document.id", derived=True)

    document: Mapped[OutgoingDocument] = relationship(foreign_keys=document_id, back_populates="recipients")
    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    correspondent: Mapped[Correspondent | None] = relationship(foreign_keys=correspondent_id)
    incoming: Mapped[IncomingDocument | None] = relationship(foreign_keys=incoming_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The registry, the people on the paper's way, and a department for the line that is its own."""
        from models.outgoing import OutgoingDocument  # it refers to its recipients

        if actor.has(*REGISTRY):
            return true()
        if not actor.person_ids:
            return false()
        paper = OutgoingDocument.__table__
        mine = select(paper.c.id).where(OutgoingDocument.owned_by(actor))
        cleared = select(paper.c.id).where(paper.c.secrecy.in_(actor.cleared))
        ordinary = select(paper.c.id).where(paper.c.secrecy.in_(ORDINARY))
        unit = and_(cls.department_id.in_(actor.department_ids), access.among(cls.document_id, ordinary))
        own = and_(or_(unit, cls.department_id.in_(actor.led_ids)), cls.state != "to_send")
        return and_(access.among(cls.document_id, cleared), or_(access.among(cls.document_id, mine), own))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = [and_(cls.state == "sent", cls.department_id.in_(actor.led_ids))]
        if actor.has("registry_clerk"):
            mine.append(cls.state.in_(("received", "to_return")))
        return or_(*mine)

    def prepare(self, session: Session) -> None:
        named = self.correspondent or self.department
        self.name = (self.name or "").strip() or (named.name if named else None)
        self._number(session)

    def bring_along(self, session: Session) -> None:
        if self.state in (None, "to_send"):
            self._number(session)

    def _number(self, session: Session) -> None:
        """Give the copies of a secret paper the first free numbers, from 000001; one clerk at a time gives any out."""
        if self.document is None or (self.document.secrecy in ORDINARY and not self.copy_numbers):
            return
        concurrency.hold(session, self.document)
        if self.copy_numbers:
            return
        given = {number for numbers, _name in self._given(session) for number in numbers}
        first, count = 1, self.copies or 1
        while taken := given.intersection(range(first, first + count)):
            first = max(taken) + 1
        self.copy_numbers = f"{first:06d}" if count == 1 else f"{first:06d}-{first + count - 1:06d}"

    def _given(self, session: Session) -> list[tuple[range, str]]:
        """The numbers of the copies that are other recipients', with their names."""
        others = select(Recipient.copy_numbers, Recipient.name).where(
            Recipient.document_id == self.document.id, Recipient.state != "struck_out", Recipient.id != (self.id or 0)
        )
        with access.system(), session.no_autoflush:
            return [(numbers_in(row.copy_numbers), row.name or "") for row in session.execute(others)]

    def _numbering(self) -> Iterator[str]:
        """What is wrong with copy numbers: each copy of the print has one, and no copy is two recipients'."""
        own, session = numbers_in(self.copy_numbers), object_session(self.document)
        assert session is not None
        if own.start < 1 or len(own) != (self.copies or 1):
            yield _("Each copy has its number of six digits, as in 000001 or 000002-000004.")
            return
        printed = self.document.copies
        if printed is not None and own[-1] > printed:
            yield _("The paper has %(copies)s copies; their numbers end at %(last)s.", copies=printed,
                    last=f"{printed:06d}")  # fmt: skip
        for numbers, name in self._given(session):
            if twice := sorted(set(own).intersection(numbers)):
                yield _("Copy %(number)s is for %(name)s already.", number=f"{twice[0]:06d}", name=name)

    def check(self) -> Iterator[tuple[str, str]]:
        if not self.name:
            yield "name", _("Name the recipient, or choose an organisation or a department.")
        if self.state not in (None, "to_send"):
            for name in altered(self, *SENT):
                yield name, _("The copies went out as it stands here; add another line for what else is sent.")
        elif self.copy_numbers and altered(self, "copies"):
            yield "copies", _("The copies have their numbers; add another line for more.")
        elif self.copy_numbers and self.document is not None and changed(self, "copy_numbers"):
            yield from (("copy_numbers", sentence) for sentence in self._numbering())
        if self.document is not None and self.document.state in (
            "withdrawn",
            "voided",
            "recalled",
            "annulled",
            "filed",
        ):
            yield "document", _("The paper is past being sent to anybody.")

    def __str__(self) -> str:
        return f"{self.document or ''} → {self.name}"

    @flow.step("to_send", to="sent", label=_l("Send"), tone="primary")
    def send(
        self,
        channel: Annotated[str, Ask(_l("Way"), choices=CHANNELS)],
        at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None,
    ) -> None:
        """The copies go out to this recipient."""
        if self.document.state not in ("issuing", "issued"):
            raise StepRefused(_("The paper has not been looked over yet; it cannot go out."))
        if self.document.secrecy not in ORDINARY and channel in ("post", "electronic"):
            raise StepRefused(_("A paper of this secrecy goes by hand, by courier or by the exchange station."))
        session = object_session(self)
        assert session is not None
        self._keep_to_the_print(session)
        self._number(session)
        self.channel, self.sent_at = channel, happened(at, self.document.numbered_at())

    def _keep_to_the_print(self, session: Session) -> None:
        """Raise `StepRefused` where more copies would be out than were printed."""
        concurrency.hold(session, self.document)
        out = select(func.sum(Recipient.copies)).where(
            Recipient.document_id == self.document_id, Recipient.state.not_in(("to_send", "struck_out"))
        )
        with access.system(), session.no_autoflush:
            given, printed = (session.scalar(out) or 0) + self.copies, self.document.copies
        if printed is not None and given > printed:
            raise StepRefused(
                _("%(copies)s copies were printed and %(given)s would be out; send fewer, or strike out the line.",
                  copies=printed, given=given)
            )  # fmt: skip

    @flow.step("sent", to=("received", "acknowledged"), label=_l("Signed for"), tone="primary")
    def sign_for(
        self,
        signed_by: Annotated[str, Ask(_l("Signed by"), kind="line", length=100)],
        at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None,
    ) -> str:
        """The recipient has signed for the copies; a slip that is due is still awaited."""
        self.signed_by, self.signed_at = signed_by, happened(at, self.sent_at)
        return "received" if self.slip_due else "acknowledged"

    @flow.step("received", to="acknowledged", label=_l("The slip came back"), tone="primary")
    def take_slip(self, at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None) -> None:
        """The signed and stamped receipt slip is here."""
        self.slip_at = happened(at, self.signed_at)

    @flow.step("to_send", to="struck_out", label=_l("Strike out"))
    def strike_out(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """This recipient gets no copy after all."""

    @flow.step("sent", "received", "acknowledged", to="to_return", label=_l("Call back"), who=never_by_hand)
    def call_back(self) -> None:
        """The paper was recalled."""

    @flow.step("to_return", to="returned", label=_l("Came back"), tone="primary")
    def come_back(self, at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None) -> None:
        """The copies are here again, or the recipient has confirmed that they are destroyed."""
        self.returned_at = happened(at, self.sent_at)
