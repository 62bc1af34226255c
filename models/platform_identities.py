"""Platform identities: the accounts a customer writes from, so that 旺旺 or QQ tells who it is (M2)."""

from __future__ import annotations

import unicodedata
from typing import Any

from flask_appbuilder import Model
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from app.engine import fields
from app.engine.access import Actor
from app.engine.bin import Binned
from models.customers import Customer, with_its_customer

PLATFORMS = {
    "wangwang": _l("Wangwang"),
    "qq": _l("QQ"),
    "shangqiao": _l("Shangqiao"),
    "wechat": _l("WeChat"),
    "shop": _l("Shop account"),
    "other": _l("Other"),
}


def _one_way(text: str) -> str:
    """An account as all write it: width and blanks do not matter."""
    return "".join(unicodedata.normalize("NFKC", text).split())


class PlatformIdentity(Binned, Model):
    """One account of a customer's on one platform; an account belongs to one customer."""

    __tablename__ = "platform_identity"
    __table_args__: Any = (UniqueConstraint("platform", "account"), {})
    kind_name = "platform_identities"
    label, label_plural = _l("Platform account"), _l("Platform accounts")

    customer_id: Mapped[int] = fields.reference(_l("Customer"), "customer.id", required=True, aliases=("customer_no",))
    platform: Mapped[str] = fields.choice(
        _l("Platform"), PLATFORMS, "platform_known", required=True, default="wangwang"
    )
    account: Mapped[str] = fields.line(_l("Account there"), 100, required=True, search=True, index=True, tidy=_one_way)
    note: Mapped[str | None] = fields.line(_l("Note"), 200)

    customer: Mapped[Customer] = relationship(foreign_keys=customer_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return with_its_customer(cls.customer_id, actor)

    def __str__(self) -> str:
        return f"{PLATFORMS.get(self.platform, '')} {self.account}".strip()


#: For the customer's page.
Customer.identities = relationship(PlatformIdentity, viewonly=True)
