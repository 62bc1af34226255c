"""Fates of finished papers: kept for now 暂存 until they are reviewed, or called back by their issuer 清退.

After oa公文_收文流程: filed, returned, kept for now or destroyed. For destruction see `destruction`.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, changes, clocks, concurrency, fields, history, rules
from app.engine.access import Actor
from app.engine.moments import at_office, today
from app.engine.record import Lines, Numbered
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from models.correspondents import Correspondent
from models.disposal import DecidesFate, claims
from models.documents import UNFINISHED, IncomingDocument
from models.people import Person
from models.secrecy import REGISTRY

#: A keeper learns of a review so many days before it (documents.md 3.5: one to three days).
AHEAD = timedelta(days=3)
HOLD_MONTHS = rules.setting("hold_months", _l("Months until a paper kept for now is reviewed"), "number", "6")


def for_registry(cls: Any, actor: Actor) -> ColumnElement[bool]:
    """The rule of what only those who keep or read the register see."""
    return true() if actor.has(*REGISTRY) else false()


def end_of(day: date | None) -> datetime | None:
    """The last moment of a day at the office."""
    return None if day is None else at_office(day + timedelta(days=1)) - timedelta(minutes=1)


def months_on(day: date, months: int) -> date:
    """The same day so many months on; the last of a month that has no such day."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, min(day.day, calendar.monthrange(years, month + 1)[1]))


def keeps(hold: Hold, actor: Actor) -> bool:
    """Who keeps it, and those who look after all that is kept."""
    return hold.keeper_id in actor.person_ids or actor.has("archivist", "office_manager")


class Hold(DecidesFate, Workflow, Model):
    """A paper kept for now: nobody destroys it before somebody has looked at it again."""

    __tablename__ = "hold"
    kind_name = "holds"
    label, label_plural = _l("Paper kept for now"), _l("Papers kept for now")
    named_by = ("document",)
    visible_to = classmethod(for_registry)

    flow = Flow(
        State("held", _l("Kept for now"), "waiting", clocks=("review",)),
        State("released", _l("Released"), "good", final=True),
        clocks=(Clock("review", _l("Review"), limit="review_at"),),
    )

    document_id: Mapped[int] = fields.reference(
        _l("Document"), "incoming_document.id", required=True, aliases=("receipt_no",)
    )
    reason: Mapped[str] = fields.prose(_l("Reason"), required=True)
    review_on: Mapped[date | None] = fields.day(_l("Review on"), help=_l("Empty: in six months"))
    keeper_id: Mapped[int | None] = fields.reference(_l("Kept by"), "person.id", help=_l("Empty: yourself"))
    reviewed_on: Mapped[date | None] = fields.day(_l("Last reviewed"), derived=True)
    outcome: Mapped[str | None] = fields.prose(_l("Outcome of the review"), derived=True)

    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id)
    keeper: Mapped[Person | None] = relationship(foreign_keys=keeper_id)

    @property
    def review_at(self) -> datetime | None:
        return end_of(self.review_on)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = true() if actor.has("archivist", "office_manager") else cls.keeper_id.in_(actor.person_ids)
        return and_(mine, cls.coming_up())

    @classmethod
    def coming_up(cls) -> ColumnElement[bool]:
        """Whether the review is due, or nearly."""
        return and_(cls.state == "held", cls.review_on <= today() + AHEAD)

    @classmethod
    def on(cls, document_id: int) -> ColumnElement[bool]:
        """Whether a paper is kept for now, as an SQL condition."""
        return exists().where(cls.document_id == document_id, cls.state == "held")

    def papers(self) -> Iterable[int]:
        return [self.document_id]

    def profile(self) -> str | None:
        return self.document.profile() if self.document is not None else None

    def prepare(self, session: Session) -> None:
        if self.review_on is None and not self.taken_over:
            self.review_on = months_on(today(), int(rules.number(session, HOLD_MONTHS, self.profile())))
        if self.keeper is None and not self.taken_over:
            self.keeper = session.get(Person, history.doer().own_person_id or 0)
        if self.document is not None and self.document.id:
            concurrency.hold(session, self.document)  # whoever destroys it at this moment comes before or after

    def check(self) -> Iterator[tuple[str, str]]:
        if changes.altered(self, "review_on"):
            yield "review_on", _("Use the step “Keep longer”.")
        if changes.altered(self, "document"):
            yield "document", _("It stays the hold of this paper; release it and keep the other one.")
        if self.id is None and self.document is not None and self.document.state in UNFINISHED:
            yield "document", _("The paper is still on its way; it is kept for now once it is closed.")

    def __str__(self) -> str:
        return f"{self.label}: {self.document.receipt_no if self.document else ''}"

    @flow.step("held", to=None, label=_l("Keep longer"), who=keeps, tone="primary")
    def keep_longer(
        self, outcome: Annotated[str, Ask(_l("Outcome of the review"))], until: Annotated[date, Ask(_l("Review on"))]
    ) -> None:
        """The paper was looked at and is kept for longer."""
        if until <= today():
            raise StepRefused(_("The next review lies in the future."))
        # Looking for the clock writes what is pending; the hold itself changes after it, for one entry in its history.
        clocks.extend(object_session(self), self, "review", end_of(until))  # type: ignore[arg-type]
        self.outcome, self.reviewed_on, self.review_on = outcome, today(), until

    @flow.step("held", to="released", label=_l("Release"), who=keeps)
    def release(self, outcome: Annotated[str, Ask(_l("Outcome of the review"))]) -> None:
        """The paper is needed no more and takes one of the other ways."""
        self.outcome, self.reviewed_on = outcome, today()


claims("held")(Hold.on)


def first_review(session: Session, document_id: int) -> date | None:
    """The first day on which one of those who keep a paper for now looks at it again."""
    query = select(func.min(Hold.review_on)).where(Hold.document_id == document_id, Hold.state == "held")
    with access.system(), session.no_autoflush:
        return session.scalar(query)


class ReturnCampaign(DecidesFate, Workflow, Model):
    """An issuer asks its papers back: every copy is collected and handed back against signature."""

    __tablename__ = "return_campaign"
    kind_name = "return_campaigns"
    label, label_plural = _l("Return of papers"), _l("Returns of papers")
    named_by = ("issuer",)
    natural_key = "campaign_no"
    numbered = Numbered("campaign_no", "清退〔{year}〕{serial}号")
    lines = Lines("items", ("document", "copy_no", "holder"))
    visible_to = classmethod(for_registry)

    flow = Flow(
        State("listing", _l("List in the making"), "waiting", clocks=("return",)),
        State("collecting", _l("Being collected"), "active", clocks=("return",)),
        State("handed_back", _l("Handed back"), "active"),
        State("closed", _l("Closed, all copies back"), "good", final=True),
        State("closed_with_incident", _l("Closed with an incident"), "bad", final=True),
        clocks=(Clock("return", _l("Return to the issuer"), limit="due_by", duty=("registry_clerk",)),),
    )

    campaign_no: Mapped[str] = fields.number(_l("Number"), 100, unique=True, search=True, derived=True)
    issuer_id: Mapped[int] = fields.reference(_l("Issuer"), "correspondent.id", required=True)
    notice: Mapped[str] = fields.prose(_l("Notice of the issuer"), required=True)
    due_on: Mapped[date | None] = fields.day(_l("To be back by"))
    signature: Mapped[str | None] = fields.line(_l("Signed for by the issuer"), 100, derived=True)
    handed_back_on: Mapped[date | None] = fields.day(_l("Handed back on"), derived=True)
    incident: Mapped[str | None] = fields.prose(_l("Incident"), derived=True)
    rest_filed: Mapped[bool] = fields.flag(_l("What stays here goes to the files"), derived=True)

    issuer: Mapped[Correspondent] = relationship(foreign_keys=issuer_id)
    items: Mapped[list[ReturnItem]] = relationship(
        back_populates="campaign", order_by="ReturnItem.id", cascade="all, delete-orphan"
    )

    @property
    def due_by(self) -> datetime | None:
        return end_of(self.due_on)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.pending() if actor.has("registry_clerk", "office_manager") else false()

    @classmethod
    def wants(cls, document_id: int) -> ColumnElement[bool]:
        """Whether the issuer of a paper has asked for it and does not have it yet, as an SQL condition."""
        listed = select(ReturnItem.campaign_id).where(ReturnItem.document_id == document_id)
        return exists().where(cls.id.in_(listed), cls.state.in_(("collecting", "handed_back")))

    def papers(self) -> Iterable[int]:
        return {item.document_id for item in self.items}

    def follows(self, document: IncomingDocument) -> str | None:
        """What was closed to be returned is returned; what the house has besides, its slip for one, may be filed."""
        if self.state in ("closed", "closed_with_incident") and document.chosen() == "to_return":
            return "to_file" if self.rest_filed else "closed"
        return None

    def check(self) -> Iterator[tuple[str, str]]:
        changed: Any = changes.past(self, "items")
        if self.id and self.state not in (None, "listing") and (changed.added or changed.deleted):
            yield "", _("The copies are being collected; the list stays as it is.")

    def __str__(self) -> str:
        return f"{self.campaign_no} {self.issuer or ''}"

    def marks(self) -> list[str]:
        return [_("Incident: %(what)s", what=self.incident)] if self.incident else []

    @flow.step("listing", to="collecting", label=_l("Collect the copies"), tone="primary")
    def collect(self) -> None:
        """The list of copies and their holders is complete; they are asked for them."""
        if not self.items:
            raise StepRefused(_("Please enter at least one line."))

    @flow.step("collecting", to="handed_back", label=_l("Hand back"), tone="primary")
    def hand_back(
        self,
        signature: Annotated[str, Ask(_l("Signed for by the issuer"), kind="line", length=100)],
        on: Annotated[date | None, Ask(_l("Handed back on"), help=_l("Empty: today"))] = None,
    ) -> None:
        """All copies that can be had go back to the issuer, who signs for them."""
        out = [str(item) for item in self.items if item.state == "with_holder"]
        if out:
            raise StepRefused(_("Not collected yet: %(list)s.", list="; ".join(out)))
        if on is not None and on > today():
            raise StepRefused(_("The day lies in the future."))
        self.signature, self.handed_back_on = signature, on or today()

    @flow.step("handed_back", to="closed", label=_l("Close"), tone="primary")
    def close(
        self,
        rest_filed: Annotated[bool, Ask(_l("What stays here goes to the files"), help=_l("The slip, for one"))] = False,
    ) -> None:
        """Every copy of the list is back with the issuer."""
        if lost := [str(item) for item in self.items if item.state != "collected"]:
            listed = "; ".join(lost)
            raise StepRefused(_("Not returned: %(list)s. This is an incident to be put on record.", list=listed))
        self.rest_filed = rest_filed

    @flow.step("handed_back", to="closed_with_incident", label=_l("Close with an incident"), tone="danger")
    def close_with_incident(
        self,
        incident: Annotated[str, Ask(_l("Incident"))],
        rest_filed: Annotated[bool, Ask(_l("What stays here goes to the files"), help=_l("The slip, for one"))] = False,
    ) -> None:
        """Copies are missing: what happened and what was done about it goes on record."""
        if all(item.state == "collected" for item in self.items):
            raise StepRefused(_("Every copy is back; close it plainly."))
        self.incident, self.rest_filed = incident, rest_filed


class ReturnItem(Workflow, Model):
    """One copy that is asked back, and who has it."""

    __tablename__ = "return_item"
    kind_name = "return_items"
    label, label_plural = _l("Copy to be returned"), _l("Copies to be returned")
    named_by = ("document", "holder")

    flow = Flow(
        State("with_holder", _l("With its holder"), "waiting"),
        State("collected", _l("Collected"), "good", final=True),
        State("missing", _l("Not to be found"), "bad"),
    )

    campaign_id: Mapped[int] = fields.reference(
        _l("Return of papers"), "return_campaign.id", required=True, aliases=("campaign_no",)
    )
    document_id: Mapped[int] = fields.reference(
        _l("Document"), "incoming_document.id", required=True, aliases=("receipt_no",)
    )
    copy_no: Mapped[str | None] = fields.number(_l("Copy number"), 40)
    holder_id: Mapped[int | None] = fields.reference(_l("Holder"), "person.id")
    collected_on: Mapped[date | None] = fields.day(_l("Collected on"), derived=True)
    note: Mapped[str | None] = fields.prose(_l("Note"), derived=True)

    campaign: Mapped[ReturnCampaign] = relationship(foreign_keys=campaign_id, back_populates="items")
    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id)
    holder: Mapped[Person | None] = relationship(foreign_keys=holder_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*REGISTRY) else or_(false(), cls.holder_id.in_(actor.person_ids))

    def check(self) -> Iterator[tuple[str, str]]:
        moved = self.id is None or changes.altered(self, "campaign", "document")
        if moved and self.campaign is not None and self.campaign.state not in (None, "listing"):
            yield "", _("The copies are being collected; the list stays as it is.")

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return and_(cls.state == "with_holder", cls.holder_id.in_(actor.person_ids))

    def __str__(self) -> str:
        """By number alone: the list of copies goes round."""
        parts = (self.document.receipt_no if self.document else "", self.copy_no or "", self.holder or "")
        return " ".join(str(part) for part in parts if part)

    @flow.step("with_holder", "missing", to="collected", label=_l("Collected"), tone="primary")
    def take_in(self) -> None:
        """The copy is back at the registry."""
        self.collected_on = today()

    @flow.step("with_holder", to="missing", label=_l("Not to be found"), tone="danger")
    def report_missing(self, note: Annotated[str, Ask(_l("What was done to find it"))]) -> None:
        """The holder cannot give it back."""
        self.note = note


claims("to_return")(ReturnCampaign.wants)
