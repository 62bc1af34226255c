"""Outgoing documents 发文: drafting, countersigning, text check, signature, number, print, seal and issue."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, fields, numbers
from app.engine import record as records
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from models.documents import URGENCY
from models.paper_types import COMPANY as TYPES
from models.people import Department, Person
from models.secrecy import ORDINARY, SECRECY, GradedPaper

#: Six-cornered brackets and a serial without leading zeros: GB/T 9704.
NUMBER = "文枢发〔{year}〕{serial}号"

CLASSES = {"formal": _l("Formal document"), "special": _l("Special document")}
OPINIONS = {"agree": _l("Agreed"), "reserved": _l("Agreed with reservation"), "object": _l("Objection")}

#: States in which the text is frozen as it was signed.
FROZEN = ("signed", "numbered", "printing", "sealing", "issued", "recalled", "voided")


def is_drafter(document: OutgoingDocument, actor: Actor) -> bool:
    """Who drafted it, or the office that keeps the register."""
    return document.drafter_id in actor.person_ids or actor.has("office_manager")


def is_signer(document: OutgoingDocument, actor: Actor) -> bool:
    """The one whose signature is asked for; nobody signs in another's name."""
    return document.signer_id is not None and document.signer_id == actor.own_person_id


class OutgoingDocument(GradedPaper, Workflow, Model):
    """A paper of the house, from the draft to the copies that went out."""

    __tablename__ = "outgoing_document"
    kind_name = "outgoing_documents"
    label, label_plural = _l("Outgoing document"), _l("Outgoing documents")
    natural_key = "document_no"
    content_fields = ("title", "addressees", "body", "countersigned")

    flow = Flow(
        State("drafting", _l("Drafting"), "active"),
        State("countersigning", _l("Countersigning"), "waiting", clocks=("countersigning",)),
        State("text_check", _l("Text check"), "waiting", clocks=("text_check",)),
        State("signing", _l("To be signed"), "waiting", clocks=("signing",)),
        State("signed", _l("Signed"), "active", clocks=("issuing",)),
        State("numbered", _l("Numbered"), "active", clocks=("issuing",)),
        State("printing", _l("Printing"), "active", clocks=("issuing",)),
        State("sealing", _l("Sealing"), "active", clocks=("issuing",)),
        State("issued", _l("Issued"), "good", final=True),
        State("recalled", _l("Recalled"), "bad", final=True, uncounted=True),
        State("withdrawn", _l("Withdrawn"), "neutral", final=True, uncounted=True),
        State("voided", _l("Void"), "bad", final=True, uncounted=True),
        clocks=(
            Clock("countersigning", _l("Countersigning")),
            Clock("text_check", _l("Text check")),
            Clock("signing", _l("Signature")),
            Clock("issuing", _l("Signature to issue")),
        ),
    )

    document_no: Mapped[str | None] = fields.number(_l("Document number"), 100, unique=True, search=True, derived=True)
    title: Mapped[str] = fields.line(_l("Title"), 500, required=True, search=True)
    document_class: Mapped[str] = fields.choice(_l("Class"), CLASSES, "class_known", required=True, default="formal")
    document_type: Mapped[str] = fields.choice(_l("Type"), TYPES, "type_known", required=True, default="notice")
    secrecy: Mapped[str] = fields.choice(_l("Secrecy"), SECRECY, "secrecy_known", required=True, default="internal")
    urgency: Mapped[str] = fields.choice(_l("Urgency"), URGENCY, "urgency_known", required=True, default="none")
    addressees: Mapped[str | None] = fields.prose(_l("Addressees"), search=True)
    body: Mapped[str | None] = fields.prose(_l("Text"), 200_000, search=True)
    drafter_id: Mapped[int | None] = fields.reference(_l("Drafter"), "person.id")
    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id")
    drafted_at: Mapped[datetime] = fields.moment(_l("Drafted"), required=True, index=True, derived=True)
    countersigned: Mapped[str | None] = fields.prose(_l("Countersigned"), derived=True)
    signer_id: Mapped[int | None] = fields.reference(_l("Signer"), "person.id", derived=True)
    signed_at: Mapped[datetime | None] = fields.moment(_l("Signed at"), derived=True)
    text_checksum: Mapped[str | None] = fields.line(_l("Checksum of the signed text"), 64, derived=True)
    copies: Mapped[int | None] = fields.integer(_l("Copies"), derived=True, least=1)
    printer: Mapped[str | None] = fields.line(_l("Printed by"), 200, derived=True)
    sealed_by_id: Mapped[int | None] = fields.reference(_l("Sealed by"), "person.id", derived=True)
    issued_at: Mapped[datetime | None] = fields.moment(_l("Issued at"), derived=True)

    drafter: Mapped[Person | None] = relationship(foreign_keys=drafter_id)
    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    signer: Mapped[Person | None] = relationship(foreign_keys=signer_id)
    sealed_by: Mapped[Person | None] = relationship(foreign_keys=sealed_by_id)

    @classmethod
    def _public(cls) -> ColumnElement[bool]:
        return cls.state == "issued"

    @classmethod
    def _involved(cls, actor: Actor) -> ColumnElement[bool]:
        """Drafter and signer."""
        return or_(cls.drafter_id.in_(actor.person_ids), cls.signer_id.in_(actor.person_ids))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = [
            and_(cls.state == "drafting", cls.drafter_id.in_(actor.person_ids)),
            and_(cls.state == "signing", cls.signer_id == (actor.own_person_id or 0)),
        ]
        if actor.has("department_head"):
            mine.append(and_(cls.state == "countersigning", cls.department_id.in_(actor.department_ids)))
        if actor.has("office_manager"):
            mine.append(cls.state.in_(("text_check", "sealing")))
        if actor.has("registry_clerk"):
            mine.append(cls.state.in_(("signed", "numbered", "printing", "sealing")))
        return or_(*mine)

    def case(self) -> str:
        return self.urgency

    def prepare(self, session: Session) -> None:
        if self.taken_over:
            return
        actor = access.current()
        self.drafted_at = self.drafted_at or now()
        if self.drafter is None and actor.own_person_id is not None:
            self.drafter = session.get(Person, actor.own_person_id)
        if self.department is None and self.drafter is not None:
            self.department = self.drafter.department

    def take_over(self) -> None:
        """A line of an older register: what has a number and no other word went out."""
        self.issued_at = self.issued_at or self.closed_at
        self.state = self.state or ("issued" if self.document_no or self.issued_at else "drafting")
        if self.state == "issued":
            self.closed_at = self.closed_at or self.issued_at
        self.drafted_at = self.drafted_at or self.signed_at or self.issued_at or now()

    def frozen_text(self) -> str:
        """The checksum of what a signature covers: title, addressees and text."""
        parts = (self.title, self.addressees or "", self.body or "")
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()

    def check(self) -> Iterator[tuple[str, str]]:
        yield from self.graded("body")
        if self.text_checksum and self.state in FROZEN and self.frozen_text() != self.text_checksum:
            yield "body", _("Title, addressees and text are frozen by the signature.")
        elif self.state in ("countersigning", "signing"):
            for name in records.altered(self, "title", "addressees", "body"):
                yield name, _("The paper is being decided on in these words; send it back to change them.")

    def __str__(self) -> str:
        if self.secrecy not in ORDINARY:
            return self.document_no or _("Draft %(id)s", id=self.id or "")
        return f"{self.document_no or ''} {self.title}".strip()

    def _keep_text(self) -> None:
        """Stop a paper whose text is not the signed one. Raises `StepRefused`."""
        if self.text_checksum and self.frozen_text() != self.text_checksum:
            raise StepRefused(_("The text is no longer the one that was signed."))

    def _complete(self) -> None:
        """Raise `StepRefused` for a draft that lacks addressees or text."""
        if not (self.addressees or "").strip() or not (self.body or "").strip():
            raise StepRefused(_("A draft needs addressees and a text before it goes on."))

    @flow.step("drafting", to="countersigning", label=_l("Send for countersigning"), who=is_drafter, tone="primary")
    def hand_in(self) -> None:
        """The draft is ready; the departments it concerns are asked."""
        self._complete()

    @flow.step("drafting", to="text_check", label=_l("Send to the text check"), who=is_drafter)
    def hand_in_directly(self) -> None:
        """The draft is ready and concerns no other department."""
        self._complete()

    @flow.step("countersigning", to=None, label=_l("Countersign"), tone="primary")
    def countersign(
        self,
        opinion: Annotated[str, Ask(_l("Opinion"), choices=OPINIONS)],
        remark: Annotated[str | None, Ask(_l("Remark"))] = None,
    ) -> None:
        """The department's word, with name and moment; an objection goes to the signer in writing."""
        if opinion != "agree" and not (remark or "").strip():
            raise StepRefused(_("A reservation or an objection needs its reason."))
        line = f"{OPINIONS[opinion]}{f': {remark}' if remark else ''}"
        self.countersigned = "\n".join(filter(None, (self.countersigned, line)))

    @flow.step("countersigning", to="text_check", label=_l("Countersigning done"), tone="primary")
    def end_countersigning(self) -> None:
        """All departments have said their word."""
        if not self.countersigned:
            raise StepRefused(_("Nobody has countersigned yet."))

    @flow.step("text_check", to="signing", label=_l("Text is in order"), tone="primary")
    def pass_text(
        self,
        signer: Annotated[Person, Ask(_l("To be signed by"))],
        checked: Annotated[
            bool, Ask(_l("Checked: need, way of issuing, type, format, wording, numbers, attachments"))
        ] = False,
    ) -> None:
        """The office has checked the paper and lays it before the signer."""
        if not checked:
            raise StepRefused(_("Tick that the paper has been checked."))
        self.signer = signer

    @flow.step("signing", to="signed", label=_l("Sign"), who=is_signer, tone="primary")
    def sign(self, remark: Annotated[str | None, Ask(_l("Remark"))] = None) -> None:
        """Agreed, with name and moment. From here on the text is frozen."""
        self.signed_at, self.text_checksum = now(), self.frozen_text()

    @flow.step("countersigning", "text_check", "signing", to="drafting", label=_l("Back to the drafter"))
    def send_back(self, reason: Annotated[str, Ask(_l("Remarks"))]) -> None:
        """The draft has to be changed; it goes round again."""
        self.countersigned = None

    @flow.step("signed", to="signing", label=_l("Sign anew"))
    def sign_anew(self, reason: Annotated[str, Ask(_l("Material change"))]) -> None:
        """The check after signing found something material: the same signer decides again."""
        self.signed_at = self.text_checksum = None

    @flow.step("signed", to="numbered", label=_l("Number"), tone="primary")
    def number_it(self, copies: Annotated[int | None, Ask(_l("Copies"))] = None) -> None:
        """Check once more and draw the number; it is never given to another paper."""
        self._keep_text()
        if copies is not None and copies < 1:
            raise StepRefused(_("At least one copy is needed."))
        self.copies = copies
        self.document_no = numbers.draw(object_session(self), self.kind_name, NUMBER)  # type: ignore[arg-type]

    @flow.step("numbered", to="printing", label=_l("Print"), tone="primary")
    def print_it(self, printer: Annotated[str | None, Ask(_l("Printed by"), kind="line")] = None) -> None:
        """Print the signed text and no other."""
        self._keep_text()
        self.printer = printer

    @flow.step("printing", to="sealing", label=_l("Proofread, to be sealed"), tone="primary")
    def proofread(self, clean: Annotated[bool, Ask(_l("The print equals the signed text"))] = False) -> None:
        """The proof is clean."""
        if not clean:
            raise StepRefused(_("Tick that the print equals the signed text."))

    @flow.step("printing", to="numbered", label=_l("Print again"))
    def print_again(self, reason: Annotated[str, Ask(_l("Errors found"))]) -> None:
        """The proof has errors; the print is made again."""

    @flow.step("sealing", to="issued", label=_l("Seal and issue"), tone="primary")
    def issue(
        self,
        sealed_by: Annotated[Person, Ask(_l("Sealed by"))],
        distribution: Annotated[str | None, Ask(_l("Sent to, how"))] = None,
    ) -> None:
        """The seal stands across year and month; the copies go out."""
        self._keep_text()
        self.sealed_by, self.issued_at = sealed_by, now()

    @flow.step(
        "drafting", "countersigning", "text_check", "signing", to="withdrawn", label=_l("Withdraw"), who=is_drafter
    )
    def withdraw(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The paper is not needed; no number was drawn."""

    @flow.step("signed", to="withdrawn", label=_l("Withdraw the signature"), who=is_signer)
    def withdraw_signature(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The signer takes the paper back before it has a number."""

    @flow.step("numbered", "printing", "sealing", to="voided", label=_l("Void"), tone="danger")
    def void(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The paper does not go out. Its number stays used and is shown struck through."""
        numbers.void(object_session(self), self.kind_name, self.document_no, reason)  # type: ignore[arg-type]

    @flow.step("issued", to="recalled", label=_l("Recall"), tone="danger")
    def recall(self, reason: Annotated[str, Ask(_l("Reason, and the notice that recalls it"))]) -> None:
        """The paper has gone out and is called back."""
