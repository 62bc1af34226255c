"""Accountability 责任追究: who was late or sent a paper the wrong way, heard, decided and open to appeal, after S9.10.

It records and deducts nothing. It is on for the profiles whose texts know it; the amount stays within their range.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, changes, fields, history, rules
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Flow, State, Workflow
from models import notices
from models.documents import IncomingDocument
from models.people import Person

FAULTS = {
    "late_proposal": _l("Late proposal"),
    "late_handling": _l("Late handling"),
    "late_circulation": _l("Late circulation"),
    "wrong_scope": _l("Wrong scope of circulation"),
    "other": _l("Another fault"),
}
DECISIONS = {"no_action": _l("No action"), "warning": _l("Warning"), "amount": _l("Amount of money")}

IN_USE = rules.setting("accountability", _l("Accountability is recorded"))
LEAST = rules.setting("accountability_least", _l("Accountability: least amount in yuan"), "number", "100")
MOST = rules.setting("accountability_most", _l("Accountability: greatest amount in yuan"), "number", "1000")

READERS = ("office_manager", "leader", "auditor")


def concerned(case: AccountabilityCase, actor: Actor) -> bool:
    """The person the case is about, not who stands in for them."""
    return case.person_id == actor.own_person_id


def unconcerned(case: AccountabilityCase, actor: Actor) -> bool:
    return not concerned(case, actor)


class AccountabilityCase(Workflow, Model):
    """One fault in the handling of one paper, and what was decided about it."""

    __tablename__ = "accountability_case"
    kind_name = "accountability_cases"
    label, label_plural = _l("Case of accountability"), _l("Accountability")
    content_fields = ("facts", "hearing", "grounds", "appeal", "last_words")

    flow = Flow(
        State("noted", _l("Noted"), "waiting"),
        State("heard", _l("Heard"), "waiting"),
        State("decided", _l("Decided"), "active"),
        State("appealed", _l("Under appeal"), "waiting"),
        State("final", _l("Final"), "neutral", final=True),
    )

    document_id: Mapped[int] = fields.reference(_l("Document"), "incoming_document.id", required=True)
    person_id: Mapped[int] = fields.reference(_l("Person concerned"), "person.id", required=True)
    fault: Mapped[str] = fields.choice(_l("Fault"), FAULTS, "fault_known", required=True, default="late_handling")
    facts: Mapped[str] = fields.prose(_l("Facts"), required=True)
    noted_at: Mapped[datetime | None] = fields.moment(_l("Noted"), derived=True)
    hearing: Mapped[str | None] = fields.prose(_l("What the person says"), derived=True)
    decision: Mapped[str | None] = fields.choice(_l("Decision"), DECISIONS, "decision_known", derived=True)
    amount: Mapped[Decimal | None] = fields.decimal("money", _l("Amount"), derived=True)
    grounds: Mapped[str | None] = fields.prose(_l("Grounds"), derived=True)
    appeal: Mapped[str | None] = fields.prose(_l("Appeal"), derived=True)
    last_words: Mapped[str | None] = fields.prose(_l("Last decision"), derived=True)

    document: Mapped[IncomingDocument] = relationship(foreign_keys=document_id)
    person: Mapped[Person] = relationship(foreign_keys=person_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*READERS) else cls.person_id == (actor.own_person_id or 0)

    @classmethod
    def content_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The person reads what is said about them; the others as far as they know the paper."""
        known = select(IncomingDocument.id).where(IncomingDocument.content_to(actor))
        return or_(cls.person_id == (actor.own_person_id or 0), access.among(cls.document_id, known))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine: list[ColumnElement[bool]] = [false()]
        if actor.has("office_manager"):
            mine.append(cls.state == "noted")
        if actor.has("leader"):
            mine.append(cls.state.in_(("heard", "appealed")))
        return and_(or_(*mine), cls.person_id != (actor.own_person_id or 0))

    def prepare(self, session: Session) -> None:
        self.noted_at = self.noted_at or now()

    def check(self) -> Iterator[tuple[str, str]]:
        session = object_session(self.document) if self.document is not None else None
        if session is not None and not rules.flag(session, IN_USE, self.document.profile()):
            yield "document", _("The rules this paper is handled by know no accountability.")
        if self.person is not None and self.person.id == access.current().own_person_id:
            yield "person", _("Nobody opens a case about themselves.")
        if self.state not in (None, "noted"):
            for name in changes.altered(self, "document", "person", "fault", "facts"):
                yield name, _("The person was heard on this, so it stays; note another case for another fault.")

    def indexed(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"{FAULTS.get(self.fault, self.fault)} {self.id or ''}".strip()

    def _settle(self, decision: str, amount: Decimal | None) -> None:
        """Take a decision over, the amount within the range of the paper's profile."""
        session = object_session(self)
        assert session is not None
        if decision != "amount":
            if amount:
                raise StepRefused(_("An amount goes with the decision “amount of money” alone."))
            self.decision, self.amount = decision, None
            return
        least, most = (rules.number(session, setting, self.document.profile()) for setting in (LEAST, MOST))
        if amount is None or not least <= amount <= most:
            raise StepRefused(
                _("The amount lies between %(least)s and %(most)s yuan.", least=f"{least:f}", most=f"{most:f}")
            )
        self.decision, self.amount = decision, amount

    @flow.step("noted", to="heard", label=_l("Hear the person"), tone="primary", who=unconcerned)
    def hear(self, words: Annotated[str, Ask(_l("What the person says"))]) -> None:
        """Nobody is judged unheard; their words go on file."""
        session = object_session(self)
        assert session is not None
        notices.tell(session, [self.person], "accountable", self)
        self.hearing = words

    @flow.step("heard", to="decided", label=_l("Decide"), tone="primary", who=unconcerned)
    def decide(
        self,
        decision: Annotated[str, Ask(_l("Decision"), choices=DECISIONS)],
        grounds: Annotated[str, Ask(_l("Grounds"))],
        amount: Annotated[Decimal | None, Ask(_l("Amount"))] = None,
    ) -> None:
        """No action, a warning, or an amount within the range of the rules; it is recorded, nothing is deducted."""
        session = object_session(self)
        assert session is not None
        notices.tell(session, [self.person], "accountable", self)
        self._settle(decision, amount)
        self.grounds = grounds

    @flow.step("decided", to="appealed", label=_l("Appeal"), who=concerned)
    def file_appeal(self, words: Annotated[str, Ask(_l("Appeal"))]) -> None:
        """The person does not agree and says why."""
        self.appeal = words

    @flow.step("decided", "appealed", to="final", label=_l("Make final"), tone="primary", who=unconcerned)
    def conclude(
        self,
        words: Annotated[str, Ask(_l("Last decision"))],
        decision: Annotated[str | None, Ask(_l("Another decision"), choices=DECISIONS)] = None,
        amount: Annotated[Decimal | None, Ask(_l("Amount"))] = None,
    ) -> None:
        """The decision stands, or a leader puts another one in its place after an appeal."""
        doer = history.doer()
        if (decision, amount) != (None, None) and self.state != "appealed":
            raise StepRefused(_("Nobody has appealed, so the decision stands; leave “Another decision” empty."))
        if decision is not None and not (doer.has("leader") or doer.everything):
            raise StepRefused(_("Another decision is a leader's; have a leader make the case final."))
        if decision is not None or amount is not None:
            self._settle(decision or self.decision or "", amount)
        self.last_words = words
