"""Grades 客户等级: what customers of one grade get where their own record says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session

from app.engine import access, fields, rules
from app.engine.record import Record
from app.engine.remembered import remembered
from models.customers import Customer

USUAL_PAYMENT_DAYS = rules.setting(
    "usual_payment_days", _l("Days after shipping until payment is due, where nothing else is agreed"), "number", "30"
)


class CustomerGrade(Record, Model):
    """One grade; customers name it in their record."""

    __tablename__ = "customer_grade"
    kind_name = "customer_grades"
    label, label_plural = _l("Customer grade"), _l("Customer grades")
    natural_key = "name"
    visible_to = classmethod(access.everyone)

    name: Mapped[str] = fields.line(_l("Name"), 30, required=True, unique=True, search=True)
    discount: Mapped[Decimal | None] = fields.decimal(
        "rate", _l("Discount"), least=Decimal(0), help=_l("A share of one, such as 0.05")
    )
    payment_days: Mapped[int | None] = fields.integer(_l("Days to pay"), least=0)
    credit_limit: Mapped[Decimal | None] = fields.decimal("money", _l("Credit limit"), least=Decimal(0))
    note: Mapped[str | None] = fields.prose(_l("Note"))

    def check(self) -> Iterator[tuple[str, str]]:
        if self.discount is not None and not 0 <= self.discount <= 1:
            yield "discount", _("The discount is a share from 0 to 1.")


def discount_of(session: Session, customer: Customer) -> Decimal | None:
    """The share taken off the list price for a customer, by its grade; None: nothing is agreed."""
    return _of_grade(session, customer, "discount")


def credit_limit_of(session: Session, customer: Customer) -> Decimal | None:
    """The most a customer may owe, in yuan: its own limit, else that of its grade; None: no limit is set."""
    own = customer.credit_limit
    return own if own is not None else _of_grade(session, customer, "credit_limit")


def payment_days_of(session: Session, customer: Customer) -> int:
    """The days after shipping until a customer has to pay: its own, else those of its grade, else the usual ones."""
    own = customer.payment_days
    found = own if own is not None else _of_grade(session, customer, "payment_days")
    return found if found is not None else int(rules.number(session, USUAL_PAYMENT_DAYS, None))


def _of_grade(session: Session, customer: Customer, name: str) -> Any:
    """What the customer's grade says; None where it has none, or one nobody has described."""
    if not customer.grade:
        return None
    grades = remembered(session, CustomerGrade, lambda: _grades(session))
    return grades.get(customer.grade.strip(), {}).get(name)


def _grades(session: Session) -> dict[str, dict[str, Any]]:
    columns = (CustomerGrade.name, CustomerGrade.discount, CustomerGrade.payment_days, CustomerGrade.credit_limit)
    with access.system(), session.no_autoflush:
        return {row.name: dict(row._mapping) for row in session.execute(select(*columns))}
