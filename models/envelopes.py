"""Envelopes 来件: what is handed in at the door, from signing for it to the last sheet of its dispatch note.

After 收文发文程序 一 and 二 (sign, open) and the outer register of oa公文_收文流程. What is done with the papers inside
is in `envelope_contents`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, changes, fields, history, rules
from app.engine import record as records
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.record import Lines, Numbered
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from models import secrecy
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.envelope_lines import EnvelopeLine
from models.people import Department, Person
from models.registers import Register, first_book
from models.secrecy import DUTY, ORDINARY, REGISTRY, SECRECY

if TYPE_CHECKING:
    from models.envelope_defects import EnvelopeDefect

CHANNELS = {
    "issuer": _l("The issuer's own messenger"),
    "post": _l("Post"),
    "courier": _l("Confidential courier"),
    "exchange": _l("Exchange station"),
    "fax": _l("Fax"),
    "e_mail": _l("E-mail"),
    "not_noted": _l("Not noted"),
}
ANSWERS = {"yes": _l("Yes"), "no": _l("No")}
#: The four questions at the door; a paper is signed for when all are answered with yes.
CHECKS = {
    "to_us": _l("Addressed to us"),
    "count_matches": _l("The count matches"),
    "number_matches": _l("The outer number matches the delivery note"),
    "intact": _l("Wrapping and seal strip intact"),
}
RECEIPTS = {"none": _l("None enclosed"), "enclosed": _l("Enclosed, to go back"), "returned": _l("Returned")}
OPENERS = {
    "designated": _l("The people designated to open the post"),
    "straight": _l("The designated people; named envelopes go straight to the addressee"),
    "registry": _l("Everybody at the registry"),
}
POST_OPENING = rules.setting("post_opening", _l("Who opens the post"), "choice", "designated", OPENERS)


def opens(envelope: Envelope, actor: Actor) -> bool:
    """The designated opener, or who stands in; where the profile says so, everybody who has the step."""
    session = object_session(envelope)
    assert session is not None
    if rules.value(session, POST_OPENING, envelope.profile()) == "registry":
        return True
    with access.system():
        flagged = select(Person.id).where(Person.id.in_(actor.person_ids), Person.opens_post)
        return session.scalar(flagged.limit(1)) is not None


def is_addressee(envelope: Envelope, actor: Actor) -> bool:
    """The person it was passed on to, or somebody of the unit."""
    return envelope.handed_to_id in actor.person_ids or (
        envelope.handed_to_id is None and envelope.handed_unit_id in actor.department_ids
    )


class Envelope(Workflow, Model):
    """One cover with all that is in it."""

    __tablename__ = "envelope"
    kind_name = "envelopes"
    label, label_plural = _l("Envelope"), _l("Envelopes")
    natural_key = "envelope_no"
    numbered = Numbered("envelope_no", "信〔{year}〕{serial}号")
    lines = Lines(
        "envelope_lines",
        ("title", "sender_no", "copies_noted", "copies_found", "bound", "pages_complete", "formalities"),
    )

    flow = Flow(
        State("presented", _l("At the door"), "waiting"),
        State("expected", _l("Expected"), "neutral"),
        State("signed_for", _l("Signed for"), "active", clocks=("opening",)),
        State("refused", _l("Refused at the door"), "bad", final=True, uncounted=True),
        State("opened", _l("Opened, to be checked"), "active", clocks=("opening",)),
        State("forwarded_unopened", _l("Passed on unopened"), "waiting", clocks=("handing_over",)),
        State("handed_over", _l("Handed over to the addressee"), "good", final=True),
        State("discrepancy", _l("Something is missing"), "bad", clocks=("defects",)),
        State("reconciled", _l("Checked and complete"), "good", final=True),
        clocks=(
            Clock("opening", _l("Opening and checking"), since="received_at", duty=("registry_clerk",)),
            Clock("handing_over", _l("Personal hand-over"), turn=("handed_to", "handed_unit")),
            Clock("defects", _l("Making good what is missing"), duty=("registry_clerk",)),
        ),
    )

    envelope_no: Mapped[str] = fields.number(_l("Envelope"), 100, unique=True, search=True, derived=True)
    register_id: Mapped[int | None] = fields.reference(_l("Register book"), "register.id")
    channel: Mapped[str] = fields.choice(_l("Channel"), CHANNELS, "channel_known", required=True)
    sender_id: Mapped[int | None] = fields.reference(_l("Sender"), "correspondent.id")
    sender_words: Mapped[str | None] = fields.line(_l("Sender as written"), 200, search=True)
    outer_no: Mapped[str | None] = fields.number(_l("Number on the cover"), 100, search=True)
    cover_secrecy: Mapped[str] = fields.choice(
        _l("Secrecy of the cover"), SECRECY, "cover_secrecy_known", required=True, default="internal"
    )
    pieces: Mapped[int | None] = fields.integer(_l("Pieces on the delivery list"), least=1)
    presented_at: Mapped[datetime | None] = fields.moment(
        _l("Handed in"), help=_l("Empty: it is announced and still expected")
    )
    deliverer: Mapped[str | None] = fields.line(_l("Handed in by"), 100)
    person_id: Mapped[int | None] = fields.reference(_l("Addressed to"), "person.id")
    unit_id: Mapped[int | None] = fields.reference(_l("Addressed to the unit"), "department.id")
    personal: Mapped[bool] = fields.flag(
        _l("To be received in person"), help=_l("Marked 亲收 or 亲启: nobody else opens it")
    )
    receipt: Mapped[str] = fields.choice(_l("Receipt slip"), RECEIPTS, "receipt_known", required=True, default="none")
    receipt_due: Mapped[date | None] = fields.day(_l("Receipt slip due"))

    silent: Mapped[bool] = fields.flag(
        _l("Made with its paper"), derived=True, help=_l("The book has no outer register; the envelope was not noted.")
    )
    received_at: Mapped[datetime | None] = fields.moment(_l("Signed for at"), index=True, derived=True)
    signed_by_id: Mapped[int | None] = fields.reference(_l("Signed for by"), "person.id", derived=True)
    stamped: Mapped[bool] = fields.flag(_l("Stamped"), derived=True)
    to_us: Mapped[str | None] = fields.choice(CHECKS["to_us"], ANSWERS, "to_us_known", derived=True)
    count_matches: Mapped[str | None] = fields.choice(
        CHECKS["count_matches"], ANSWERS, "count_matches_known", derived=True
    )
    number_matches: Mapped[str | None] = fields.choice(
        CHECKS["number_matches"], ANSWERS, "number_matches_known", derived=True
    )
    intact: Mapped[str | None] = fields.choice(CHECKS["intact"], ANSWERS, "intact_known", derived=True)
    reservation: Mapped[str | None] = fields.prose(_l("Reservation"), derived=True)
    refusal: Mapped[str | None] = fields.prose(_l("Why it was refused"), derived=True)
    opened_at: Mapped[datetime | None] = fields.moment(_l("Unsealed at"), derived=True)
    opened_by_id: Mapped[int | None] = fields.reference(_l("Unsealed by"), "person.id", derived=True)
    forwarded_at: Mapped[datetime | None] = fields.moment(_l("Passed on at"), derived=True)
    handed_to_id: Mapped[int | None] = fields.reference(_l("Passed on to the person"), "person.id", derived=True)
    handed_unit_id: Mapped[int | None] = fields.reference(_l("Passed on to the unit"), "department.id", derived=True)
    signature: Mapped[str | None] = fields.line(_l("Signature at the hand-over"), 100, derived=True)
    confirmed_at: Mapped[datetime | None] = fields.moment(_l("Received by the addressee"), derived=True)
    receipt_signed_by: Mapped[str | None] = fields.line(_l("Receipt slip signed by"), 100, derived=True)
    receipt_stamped: Mapped[bool] = fields.flag(_l("Receipt slip stamped"), derived=True)
    receipt_returned_on: Mapped[date | None] = fields.day(_l("Receipt slip returned"), derived=True)
    receipt_way: Mapped[str | None] = fields.line(_l("Receipt slip returned by way of"), 100, derived=True)

    register: Mapped[Register | None] = relationship(foreign_keys=register_id)
    sender: Mapped[Correspondent | None] = relationship(foreign_keys=sender_id)
    person: Mapped[Person | None] = relationship(foreign_keys=person_id)
    unit: Mapped[Department | None] = relationship(foreign_keys=unit_id)
    signed_by: Mapped[Person | None] = relationship(foreign_keys=signed_by_id)
    opened_by: Mapped[Person | None] = relationship(foreign_keys=opened_by_id)
    handed_to: Mapped[Person | None] = relationship(foreign_keys=handed_to_id)
    handed_unit: Mapped[Department | None] = relationship(foreign_keys=handed_unit_id)
    envelope_lines: Mapped[list[EnvelopeLine]] = relationship(
        back_populates="envelope", order_by=EnvelopeLine.id, cascade="all, delete-orphan"
    )
    defects: Mapped[list[EnvelopeDefect]] = relationship(viewonly=True, order_by="EnvelopeDefect.id")
    papers: Mapped[list[IncomingDocument]] = relationship(viewonly=True, order_by=IncomingDocument.id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return envelopes_of(cls, actor)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine: list[ColumnElement[bool]] = [
            and_(cls.state == "forwarded_unopened", cls.handed_to_id.in_(actor.person_ids)),
            and_(
                cls.state == "forwarded_unopened",
                cls.handed_to_id.is_(None),
                cls.handed_unit_id.in_(actor.department_ids),
            ),
        ]
        if actor.has("registry_clerk", "office_manager"):
            mine.append(cls.state.in_(("presented", "signed_for", "opened", "discrepancy")))
        return or_(*mine)

    def profile(self) -> str | None:
        return self.register.profile if self.register else None

    def series(self) -> tuple[str, str]:
        """Those made with their papers have numbers of their own, so that the outer register's have no holes."""
        if self.silent:
            return f"{self.kind_name}:silent", "随〔{year}〕{serial}号"
        return self.kind_name, self.numbered.template

    def prepare(self, session: Session) -> None:
        self.state = self.state or ("presented" if self.presented_at else "expected")
        if self.register is None:
            self.register = first_book(session)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.presented_at and self.presented_at > now() and not self.taken_over:
            yield "presented_at", _("The envelope cannot have been handed in in the future.")
        if self.state not in (None, "expected", "presented"):
            for name in changes.altered(self, "channel", "outer_no", "pieces", "presented_at", "deliverer"):
                yield name, _("What was signed for is not changed by editing.")
            if changes.altered(self, "personal") and not self.personal:
                yield "personal", _("It was signed for as to be received in person; pass it on unopened.")
            if changes.altered(self, "receipt") and changes.before(self, "receipt") == "enclosed":
                yield "receipt", _("Use the step “Return the receipt slip”.")
        if changes.altered(self, "cover_secrecy") and secrecy.lower(
            changes.before(self, "cover_secrecy"), self.cover_secrecy
        ):
            yield "cover_secrecy", _("The secrecy of a cover is never lowered.")
        if self.receipt == "returned" and changes.altered(self, "receipt"):
            yield "receipt", _("Use the step “Return the receipt slip”.")
        changed: Any = changes.past(self, "envelope_lines")
        if any(line.document_id for line in changed.deleted or ()):
            yield "", _("A line whose paper is registered stays on the list.")
        if self.id and self.state == "reconciled" and (changed.added or changed.deleted):
            yield "", _("The envelope is checked; its list stays as it is.")

    def marks(self) -> list[str]:
        found = []
        if self.reservation:
            found.append(_("Signed for with a reservation: %(note)s", note=self.reservation))
        if any(defect.state != "made_good" for defect in self.defects):
            found.append(_("A defect of the delivery is not made good yet."))
        if self.receipt == "enclosed" and self.opened_at:
            found.append(_("The receipt slip has to go back."))
        return found

    def __str__(self) -> str:
        return str(self.envelope_no or self.label)

    @flow.step("expected", to="presented", label=_l("It is here"), tone="primary")
    def present(
        self,
        deliverer: Annotated[str | None, Ask(_l("Handed in by"), kind="line", length=100)] = None,
        at: Annotated[datetime | None, Ask(_l("Handed in"), help=_l("Empty: now"))] = None,
    ) -> None:
        """What was announced is at the door."""
        self.presented_at, self.deliverer = _past(at), deliverer or self.deliverer

    @flow.step("presented", to="expected", label=_l("Not here yet"))
    def await_it(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """It was only announced, or its messenger took it along again."""
        self.presented_at = None

    @flow.step("presented", to="signed_for", label=_l("Sign for"), tone="primary")
    def sign_for(
        self,
        to_us: Annotated[str, Ask(CHECKS["to_us"], choices=ANSWERS)],
        count_matches: Annotated[str, Ask(CHECKS["count_matches"], choices=ANSWERS)],
        number_matches: Annotated[str, Ask(CHECKS["number_matches"], choices=ANSWERS)],
        intact: Annotated[str, Ask(CHECKS["intact"], choices=ANSWERS)],
        signed_by: Annotated[Person | None, Ask(_l("Signed for by"), help=_l("Empty: yourself"))] = None,
        stamped: Annotated[bool, Ask(_l("Stamped"))] = False,
        at: Annotated[datetime | None, Ask(_l("Signed for at"), help=_l("Empty: now"))] = None,
    ) -> None:
        """Four questions first; only when all is in order the delivery list is signed, stamped and timed."""
        self._answer(to_us, count_matches, number_matches, intact)
        if wrong := self._wrong():
            raise StepRefused(
                _("Not in order: %(checks)s. Refuse it, or let the office head sign with a reservation.", checks=wrong)
            )
        self._sign(signed_by, stamped, at)

    @flow.step("presented", to="signed_for", label=_l("Sign with a reservation"))
    def sign_with_reservation(
        self,
        to_us: Annotated[str, Ask(CHECKS["to_us"], choices=ANSWERS)],
        count_matches: Annotated[str, Ask(CHECKS["count_matches"], choices=ANSWERS)],
        number_matches: Annotated[str, Ask(CHECKS["number_matches"], choices=ANSWERS)],
        intact: Annotated[str, Ask(CHECKS["intact"], choices=ANSWERS)],
        note: Annotated[str, Ask(_l("Reservation"), help=_l("What is not in order, and why it is taken all the same"))],
        signed_by: Annotated[Person | None, Ask(_l("Signed for by"), help=_l("Empty: yourself"))] = None,
        stamped: Annotated[bool, Ask(_l("Stamped"))] = False,
        at: Annotated[datetime | None, Ask(_l("Signed for at"), help=_l("Empty: now"))] = None,
    ) -> None:
        """Not all is in order; the office head consents to taking it, with a note that goes on file."""
        self._answer(to_us, count_matches, number_matches, intact)
        if not self._wrong():
            raise StepRefused(_("All four are in order; sign for it without a reservation."))
        self.reservation = note
        self._sign(signed_by, stamped, at)

    def _answer(self, *answers: str) -> None:
        self.to_us, self.count_matches, self.number_matches, self.intact = answers

    def _wrong(self) -> str:
        return "; ".join(str(label) for name, label in CHECKS.items() if getattr(self, name) != "yes")

    def _sign(self, signed_by: Person | None, stamped: bool, at: datetime | None) -> None:
        moment = _past(at)
        if self.presented_at and moment < self.presented_at:
            raise StepRefused(_("It cannot be signed for before it was handed in."))
        self.received_at, self.stamped = moment, stamped
        self.signed_by = signed_by or doer(self)

    @flow.step("presented", to="refused", label=_l("Refuse"), tone="danger")
    def refuse(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Not ours, or not in order: it goes back with whoever brought it."""
        self.refusal = reason

    @flow.step("signed_for", to="opened", label=_l("Open the envelope"), who=opens, tone="primary")
    def unseal(self) -> None:
        """The person designated to open the post opens it; what is to be received in person stays closed."""
        if self.personal:
            raise StepRefused(_("It is to be received in person: pass it on unopened."))
        self.opened_at, self.opened_by = now(), doer(self)

    @flow.step("signed_for", to="forwarded_unopened", label=_l("Pass on unopened"))
    def forward_unopened(
        self,
        signature: Annotated[str, Ask(_l("Signature at the hand-over"), kind="line", length=100)],
        person: Annotated[Person | None, Ask(_l("Addressed to"), help=_l("Empty: as on the cover"))] = None,
        unit: Annotated[Department | None, Ask(_l("Addressed to the unit"))] = None,
    ) -> None:
        """The closed envelope goes to the person or unit it names, against signature."""
        session = object_session(self)
        assert session is not None
        straight = rules.value(session, POST_OPENING, self.profile()) == "straight" and (self.person or self.unit)
        if not (self.personal or straight):
            raise StepRefused(_("It is not marked to be received in person, so it is opened here."))
        self.handed_to = person or (None if unit else self.person)
        self.handed_unit = unit or (None if self.handed_to else self.unit)
        if self.handed_to is None and self.handed_unit is None:
            raise StepRefused(_("Please say to whom it goes."))
        self.signature, self.forwarded_at = signature, now()

    @flow.step("forwarded_unopened", to="handed_over", label=_l("I have it"), who=is_addressee, tone="primary")
    def confirm_receipt(self) -> None:
        """The addressee has the closed envelope."""
        self.confirmed_at = now()

    @flow.step("forwarded_unopened", to="handed_over", label=_l("Record the receipt"))
    def record_receipt(
        self, signature: Annotated[str, Ask(_l("Signed by the addressee"), kind="line", length=100)]
    ) -> None:
        """The addressee signed on paper; the registry puts it on record."""
        self.signature, self.confirmed_at = signature, now()


def envelopes_of(table: Any, actor: Actor) -> ColumnElement[bool]:
    """The condition on envelopes: the registry, and the person or unit one is addressed or passed on to."""
    if actor.has(*REGISTRY):
        return true()
    if not actor.person_ids:
        return false()
    units = or_(table.unit_id.in_(actor.led_ids), and_(table.unit_id.in_(actor.department_ids), ~table.personal))
    handed = or_(table.handed_to_id.in_(actor.person_ids), table.handed_unit_id.in_(actor.department_ids))
    return or_(table.person_id.in_(actor.person_ids), units, handed)


def known_inside(actor: Actor) -> Select[Any]:
    """The keys of the envelopes whose contents an actor knows; who reads no more than lines, of ordinary ones alone."""
    columns = Envelope.__table__.c
    lines_only = actor.has(*REGISTRY) and not actor.has(*DUTY)
    grades = actor.cleared.intersection(ORDINARY) if lines_only else actor.cleared
    return select(columns.id).where(columns.cover_secrecy.in_(grades))


def silent_envelope(session: Session, paper: IncomingDocument) -> Envelope:
    """The envelope of a paper nobody has noted one for: received with it, opened and checked (documents.md C5)."""
    with session.no_autoflush:
        by = session.get(Person, history.doer().own_person_id or 0)
    made = Envelope(
        silent=True, state="reconciled", register=paper.register, sender=paper.sender, cover_secrecy=paper.secrecy,
        channel="e_mail" if paper.medium == "electronic" else "not_noted", receipt="none", personal=False,
        presented_at=paper.received_at, received_at=paper.received_at, opened_at=paper.received_at, closed_at=now(),
        signed_by=by, opened_by=by, stamped=False,
    )  # fmt: skip
    records.store(session, made)
    return made


def _past(at: datetime | None) -> datetime:
    if at is not None and at > now():
        raise StepRefused(_("The moment lies in the future."))
    return at or now()


def doer(envelope: Envelope) -> Person | None:
    """The person who takes the step, as the house knows them."""
    session, own = object_session(envelope), history.doer().own_person_id
    assert session is not None
    with session.no_autoflush:  # one flush, one entry in the history
        return session.get(Person, own) if own is not None else None
