"""What hangs on an outgoing paper and goes no way of its own: versions, joint issuers, proofs, prints, seals."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Mapped, declared_attr, relationship

from app.engine import fields
from app.engine.access import Actor, among
from app.engine.record import Record
from models.people import Person

if TYPE_CHECKING:
    from models.outgoing import OutgoingDocument


class OutgoingLine(Record):
    """Mixin of a line of an outgoing paper: who sees the paper sees its lines."""

    content_with = part_of = "document"

    @declared_attr
    def document_id(cls) -> Mapped[int]:
        return fields.reference(_l("Document"), "outgoing_document.id", required=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        from models.outgoing import OutgoingDocument  # it refers to its lines

        return among(cls.document_id, select(OutgoingDocument.id).where(OutgoingDocument.visible_to(actor)))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        from models.outgoing import OutgoingDocument

        return among(cls.document_id, select(OutgoingDocument.id).where(OutgoingDocument.content_to(actor)))


class DraftVersion(OutgoingLine, Model):
    """The words of a draft as they were handed in; the last one is what is being decided on."""

    __tablename__ = "draft_version"
    kind_name = "draft_versions"
    label, label_plural = _l("Version of a draft"), _l("Versions of the draft")
    content_fields = ("title", "addressees", "body", "remark")
    line_fields = ("title", "addressees")

    number: Mapped[int] = fields.integer(_l("Version"), required=True)
    title: Mapped[str] = fields.line(_l("Title"), 500, required=True)
    addressees: Mapped[str | None] = fields.prose(_l("Addressees"))
    body: Mapped[str | None] = fields.rich(_l("Text"))
    person_id: Mapped[int | None] = fields.reference(_l("Done by"), "person.id")
    at: Mapped[datetime] = fields.moment(_l("When"), required=True)
    remark: Mapped[str | None] = fields.prose(_l("What was changed"))

    document: Mapped[OutgoingDocument] = relationship(back_populates="versions")
    person: Mapped[Person | None] = relationship(foreign_keys=person_id)

    def words(self) -> tuple[str, str, str]:
        return self.title, self.addressees or "", self.body or ""


class JointIssuer(OutgoingLine, Model):
    """An organisation that issues the paper together with the house 联合行文; its signature is needed, too."""

    __tablename__ = "joint_issuer"
    kind_name = "joint_issuers"
    label, label_plural = _l("Joint issuer"), _l("Joint issuers")

    name: Mapped[str] = fields.line(_l("Organisation"), 200, required=True)
    signer: Mapped[str | None] = fields.line(_l("Signer"), 100)
    signed_on: Mapped[date | None] = fields.day(_l("Signed on"))

    document: Mapped[OutgoingDocument] = relationship(back_populates="joint_issuers")

    def __str__(self) -> str:
        return self.name


class ProofRound(OutgoingLine, Model):
    """One reading of the print against the signed text 校次."""

    __tablename__ = "proof_round"
    kind_name = "proof_rounds"
    label, label_plural = _l("Round of proofreading"), _l("Rounds of proofreading")

    number: Mapped[int] = fields.integer(_l("Round"), required=True)
    person_id: Mapped[int | None] = fields.reference(_l("Done by"), "person.id")
    at: Mapped[datetime] = fields.moment(_l("When"), required=True)
    errors: Mapped[int] = fields.integer(_l("Errors found"), required=True, least=0)
    clean: Mapped[bool] = fields.flag(_l("Clean"))
    waived: Mapped[str | None] = fields.line(_l("Left out, because"), 300)
    checksum: Mapped[str | None] = fields.line(_l("Checksum of the text read"), 64)

    document: Mapped[OutgoingDocument] = relationship(back_populates="proofs")
    person: Mapped[Person | None] = relationship(foreign_keys=person_id)


class PrintRun(OutgoingLine, Model):
    """One printing of the signed text 印制, and what became of its waste sheets and plates."""

    __tablename__ = "print_run"
    kind_name = "print_runs"
    label, label_plural = _l("Printing"), _l("Printings")

    printer: Mapped[str] = fields.line(_l("Printed by"), 200, required=True)
    premises: Mapped[str | None] = fields.line(_l("Premises"), 200)
    copies: Mapped[int] = fields.integer(_l("Copies"), required=True, least=1)
    at: Mapped[datetime] = fields.moment(_l("When"), required=True)
    checksum: Mapped[str] = fields.line(_l("Checksum of the text printed"), 64, required=True)
    waste_sheets: Mapped[int | None] = fields.integer(_l("Waste sheets"), least=0)
    plates: Mapped[int | None] = fields.integer(_l("Plates and masters"), least=0)
    destroyed_on: Mapped[date | None] = fields.day(_l("Destroyed on"))
    destroyed_how: Mapped[str | None] = fields.line(_l("Destroyed how"), 200)
    witness_id: Mapped[int | None] = fields.reference(_l("Witness"), "person.id")
    second_witness_id: Mapped[int | None] = fields.reference(_l("Second witness"), "person.id")

    document: Mapped[OutgoingDocument] = relationship(back_populates="prints")
    witness: Mapped[Person | None] = relationship(foreign_keys=witness_id)
    second_witness: Mapped[Person | None] = relationship(foreign_keys=second_witness_id)


class SealUse(OutgoingLine, Model):
    """One use of the seal 用印: which, how often, by whom, on which text."""

    __tablename__ = "seal_use"
    kind_name = "seal_uses"
    label, label_plural = _l("Use of the seal"), _l("Uses of the seal")

    seal: Mapped[str] = fields.line(_l("Seal used"), 200, required=True)
    impressions: Mapped[int] = fields.integer(_l("Impressions"), required=True, least=1)
    keeper_id: Mapped[int] = fields.reference(_l("Seal keeper"), "person.id", required=True)
    at: Mapped[datetime] = fields.moment(_l("When"), required=True)
    checksum: Mapped[str] = fields.line(_l("Checksum of the text sealed"), 64, required=True)

    document: Mapped[OutgoingDocument] = relationship(back_populates="seal_uses")
    keeper: Mapped[Person] = relationship(foreign_keys=keeper_id)
