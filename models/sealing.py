"""What is kept of a report of wrongdoing, and of a caller who wishes not to be named: under seal, by one rule.

Name, number and address lie in the officer's store (`SealedIdentity`). Nothing on the ticket, on what hangs on it, or
in any history tells who it was, or whether there is a name at all. After tickets-orders.md 6.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import object_session

from app.engine import access
from app.engine.access import Actor
from models import settling
from models.files import Attachment

if TYPE_CHECKING:
    from models.calls import CallOwed
    from models.identities import SealedIdentity

#: Roles that read what a report of wrongdoing says; who is behind it is another matter.
DEALS_WITH_REPORTS = ("report_officer", "service_manager", "shift_leader", "leader")
#: Those who have to answer a caller who wishes not to be named, besides.
ANSWERS = ("call_taker",)


class Sealable:
    """Mixin of the ticket."""

    content_fields: ClassVar[tuple[str, ...]] = (
        "contact_name", "phone", "email", "subject", "content", "place", "answer", "outcome",
    )  # fmt: skip
    sealed_fields: ClassVar[tuple[str, ...]] = (
        "contact_name", "phone", "email", "anonymous", "anonymity_explained", "named", "staff_own", "reopens", "letter",
    )  # fmt: skip
    kind: Any
    named: Any
    confidential: Any
    taker_id: Any
    contact_name: str | None
    phone: str | None
    email: str | None
    staff_own: bool
    identities: list[SealedIdentity]
    calls: list[CallOwed]

    def sealed(self) -> bool:
        return self.kind == "report" or bool(self.named or self.confidential)

    @classmethod
    def unsealed(cls) -> ColumnElement[bool]:
        return and_(cls.kind != "report", cls.named.is_not(True), cls.confidential.is_not(True))

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        """What a sealed ticket says is for those who deal with it, and for whoever took it down."""
        if actor.has(*DEALS_WITH_REPORTS):
            return true()
        answers = [cls.kind != "report"] if actor.has(*ANSWERS) else []
        return or_(cls.unsealed(), cls.taker_id.in_(actor.person_ids), *answers)

    def indexed(self) -> bool:
        return not self.sealed()

    def seal(self) -> None:
        """Move who it was into the store that only the report officer opens, and part from all that leads to them."""
        from models.identities import SealedIdentity  # it refers to tickets

        if self.contact_name or self.phone or self.email:
            told = {"contact_name": self.contact_name, "phone": self.phone, "email": self.email}
            self.identities.append(SealedIdentity(**told))
            self.contact_name = self.phone = self.email = None
            self.named = True
        self.staff_own = False
        for call in self.calls:
            call.contact_name = call.phone = None
        settling.part_from_orders(self)  # type: ignore[arg-type]
        self._hide_names_of_files()

    def _hide_names_of_files(self) -> None:
        session, record = object_session(self), self
        if session is None or getattr(record, "id", None) is None:
            return
        with access.system(), session.no_autoflush:
            query = select(Attachment).where(
                Attachment.record_kind == record.kind_name,  # type: ignore[attr-defined]
                Attachment.record_id == record.id,  # type: ignore[attr-defined]
            )
            for file in session.scalars(query):
                file.name = neutral_name(file.digest, file.name)


def neutral_name(digest: str, name: str) -> str:
    """What a file of a sealed record is called: nothing of the name it came with but its ending."""
    return f"{digest[:8]}{PurePath(name).suffix.lower()[:10]}"
