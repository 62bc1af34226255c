"""Links for units without an account 单位链接: each opens one dispatch order, until a day, and can be revoked.

The address is signed, shown once to whoever makes it, and worth nothing when the order goes to another unit.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, String, false, true
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from app.engine import access, changes, fields, rules
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.workflow import Ask, Flow, State, Workflow
from models.dispatch import UNIT_LINK, WITH_UNIT, DispatchOrder
from models.people import Department, Person

DAYS = rules.setting("unit_link_days", _l("Days for which a unit's link is good"), "number", "7")
#: Who makes and looks after links.
KEEPERS = ("shift_leader", "service_manager", "office_manager", "auditor")
#: States of an order in which its unit may look at it; what it may do then, the steps say.
OPEN_TO_LINK = (*WITH_UNIT, "fed_back", "returned", "accepted")


class UnitLink(Workflow, Model):
    """One address given to one unit. Whoever has it is the unit, for this order alone."""

    __tablename__ = "unit_link"
    kind_name = "unit_links"
    label, label_plural = _l("Link for a unit"), _l("Links for units")
    named_by = ("order",)

    flow = Flow(State("valid", _l("In force"), "active"), State("revoked", _l("Link withdrawn"), "bad", final=True))

    order_id: Mapped[int] = fields.reference(_l("Dispatch order"), "dispatch_order.id", required=True)
    recipient: Mapped[str] = fields.line(
        _l("Given to"), 100, required=True, search=True, help=_l("Who answers for the unit, by name")
    )
    email: Mapped[str | None] = fields.line(_l("E-mail"), 200, help=_l("Empty: pass the address on yourself"))
    expires_at: Mapped[datetime | None] = fields.moment(_l("Good until"), help=_l("Empty: by the rule of the office"))
    department_id: Mapped[int | None] = fields.reference(_l("Unit"), "department.id", derived=True)
    creator_id: Mapped[int | None] = fields.reference(_l("Made by"), "person.id", derived=True)
    mailed_at: Mapped[datetime | None] = fields.moment(_l("Mailed at"), derived=True)
    used_at: Mapped[datetime | None] = fields.moment(_l("Last used"), derived=True)
    uses: Mapped[int] = fields.integer(_l("Times used"), derived=True, default=0)
    #: without it nobody can make the address of a link out of its number
    secret: Mapped[str] = mapped_column(String(43), default=lambda: secrets.token_urlsafe(32))

    order: Mapped[DispatchOrder] = relationship(foreign_keys=order_id)
    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    creator: Mapped[Person | None] = relationship(foreign_keys=creator_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return true() if actor.has(*KEEPERS) else false()

    def profile(self) -> str | None:
        return self.order.profile() if self.order else None

    def prepare(self, session: Session) -> None:
        own = access.current().own_person_id
        self.creator = session.get(Person, own) if own is not None else None
        self.department = self.order.department if self.order is not None else None
        days = rules.number(session, DAYS, self.profile())
        self.expires_at = self.expires_at or now() + timedelta(days=float(days))

    def check(self) -> Iterator[tuple[str, str]]:
        for name in changes.altered(self, "order", "recipient", "email", "expires_at"):
            yield name, _("A link is not changed; revoke it and make another.")
        if self.id is None and self.order is not None and self.order.state not in OPEN_TO_LINK:
            yield "order", _("The order is in the state “%(state)s”; no unit has it.", state=self.order.state_label)
        if self.id is None and self.expires_at is not None and self.expires_at <= now():
            yield "expires_at", _("The limit lies in the past.")
        if self.email and ("@" not in self.email or any(letter.isspace() for letter in self.email)):
            yield "email", _("This is no e-mail address.")

    def __str__(self) -> str:
        return f"{self.order.order_no if self.order else ''} → {self.recipient}"

    def opens(self) -> bool:
        """Whether the address still leads to the order: in force, not expired, the order with that unit."""
        fresh = self.expires_at is not None and now() < self.expires_at
        same = self.order.department_id == self.department_id and self.order.state in OPEN_TO_LINK
        return self.state == "valid" and fresh and same

    def doer(self) -> Actor:
        """Who acts through the link, as the history names them."""
        return Actor(None, f"{UNIT_LINK}{self.recipient}")

    def note_use(self) -> None:
        """Something was done through the link, now."""
        self.used_at, self.uses = now(), self.uses + 1

    @flow.step("valid", to="revoked", label=_l("Withdraw the link"), tone="danger")
    def revoke(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The address opens nothing any more."""
