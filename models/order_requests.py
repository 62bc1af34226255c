"""What customers ask for by telephone or messenger about an order: the channel, and who they have shown to be.

M2: the order is found by number, 旺旺 ID, QQ and consignee before anything is changed; at least two have to match.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapped, Session, declared_attr, relationship

from app.engine import fields, history, rules
from app.engine.access import Actor
from app.engine.moments import now
from models.orders import Order, with_its_order
from models.people import Person

CHANNELS = {
    "hotline": _l("Hotline"),
    "wangwang": _l("Wangwang"),
    "qq": _l("QQ"),
    "shangqiao": _l("Shangqiao"),
    "letter": _l("Letter or e-mail"),
    "visit": _l("In person"),
}
LEAST_PROOFS = rules.setting(
    "identity_proofs", _l("Data of an order a customer has to name before it is changed"), "number", "2"
)


def same(told: str | None, known: str | None) -> bool:
    """Whether what was told is what is known, in whatever width, case and spacing it was written."""
    return bool(told and known) and _plain(told) == _plain(known)


def _plain(text: str | None) -> str:
    return "".join(unicodedata.normalize("NFKC", text or "").split()).casefold()


def proofs(order: Order, number: str | None, account: str | None, qq: str | None, consignee: str | None) -> int:
    """How many of the four things a customer may know of an order were told rightly."""
    return sum(
        (
            same(number, order.order_no) or same(number, order.platform_no),
            same(account, order.buyer_account),
            same(qq, order.qq),
            same(consignee, order.consignee),
        )
    )


class OrderRequest:
    """Mixin of a request about an order: by which channel, and what the customer told to be known by."""

    @declared_attr
    def order_id(cls) -> Mapped[int]:
        return fields.reference(_l("Order"), "sales_order.id", required=True, aliases=("order_no",), sort_order=-9)

    @declared_attr
    def order(cls) -> Mapped[Order]:
        return relationship(foreign_keys=cls.order_id)  # type: ignore[arg-type]

    @declared_attr
    def channel(cls) -> Mapped[str]:
        return fields.choice(
            _l("Channel of the request"), CHANNELS, "channel_known", required=True, default="hotline", sort_order=-8
        )

    @declared_attr
    def told_number(cls) -> Mapped[str | None]:
        return fields.number(
            _l("Order number, as told"), 100, sort_order=-7, help=_l("At least two of these four have to match.")
        )

    @declared_attr
    def told_account(cls) -> Mapped[str | None]:
        return fields.line(_l("Buyer's account, as told"), 100, sort_order=-6)

    @declared_attr
    def told_qq(cls) -> Mapped[str | None]:
        return fields.number(_l("QQ, as told"), 40, sort_order=-5)

    @declared_attr
    def told_consignee(cls) -> Mapped[str | None]:
        return fields.line(_l("Consignee, as told"), 200, sort_order=-4)

    @declared_attr
    def ticket_no(cls) -> Mapped[str | None]:
        return fields.number(_l("Number of the ticket"), 60, sort_order=-3, help=_l("Where the desk took the call"))

    @declared_attr
    def proved(cls) -> Mapped[int | None]:
        return fields.integer(_l("Data that matched"), derived=True, sort_order=70)

    @declared_attr
    def asked_at(cls) -> Mapped[datetime | None]:
        return fields.moment(_l("Asked for on"), derived=True, index=True, sort_order=71)

    @declared_attr
    def taken_by_id(cls) -> Mapped[int | None]:
        return fields.reference(_l("Taken by"), "person.id", derived=True, sort_order=72)

    @declared_attr
    def taken_by(cls) -> Mapped[Person | None]:
        return relationship(foreign_keys=cls.taken_by_id)  # type: ignore[arg-type]

    @declared_attr
    def refused_because(cls) -> Mapped[str | None]:
        return fields.prose(_l("Refused because"), derived=True, sort_order=73)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return with_its_order(cls.order_id, actor)

    def note_request(self) -> None:
        """Who took it and when, and how well the customer is known."""
        self.asked_at = self.asked_at or now()
        self.taken_by_id = self.taken_by_id or history.doer().own_person_id
        if self.order is not None:
            told = (self.told_number, self.told_account, self.told_qq, self.told_consignee)
            self.proved = proofs(self.order, *told)

    def check_identity(self, session: Session) -> Iterator[tuple[str, str]]:
        """The sentence about a customer who is not known well enough."""
        least = int(rules.number(session, LEAST_PROOFS, None))
        known = [
            self.order.order_no, self.order.platform_no, self.order.buyer_account, self.order.qq, self.order.consignee,
        ]  # fmt: skip
        # Whoever ordered by telephone has no account to name.
        least = min(least, sum(1 for one in known if one) - (1 if self.order.platform_no else 0))
        if (self.proved or 0) < least:
            yield "told_number", _(
                "Only %(count)s of order number, buyer's account, QQ and consignee match; at least %(least)s have to. "
                "Please ask the customer again.",
                count=self.proved or 0, least=least,
            )  # fmt: skip
