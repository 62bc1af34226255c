"""Making a change to an order that stands: values and lines, amounts, reservations, and what the difference becomes.

What is wanted instead is reserved before what was ordered is let go; both happen in the transaction of the change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.engine import fields
from app.engine import record as records
from app.engine.disclosure import mask
from app.engine.moments import local
from app.engine.refusals import StepRefused
from models import cutoffs, difference_orders, fulfilling, order_rounding, reservations, reserving, shipping
from models.crediting import credit_instead
from models.difference_orders import DifferenceOrder
from models.exposure import refuse_over_limit
from models.order_lines import OrderLine
from models.orders import NOUGHT, Order
from models.prices import price_on
from models.products import plainly
from models.refunds import refundable, request_refund

if TYPE_CHECKING:
    from models.amendments import Amendment, AmendmentLine


def why_refused(order: Order, found: cutoffs.Verdict) -> str:
    """The sentence that stays on record: the state that stands against it, and the rule."""
    if cutoffs.is_ended(order):
        return _("The order is “%(state)s”.", state=order.state_label)
    if cutoffs.has_reached(order, "shipped"):
        return _("The order has been shipped: %(words)s", words=found.words)
    return _("Too late: %(words)s", words=found.words)


@dataclass(frozen=True)
class Made:
    """A change that was made: lines that tell of it, what the order costs more, its revision, whether it was paid.

    `old` is what the changed lines came to before, with tax as the difference is.
    """

    told: list[str]
    old: Decimal
    difference: Decimal
    revision: int
    covered: bool


def make(session: Session, amendment: Amendment) -> Made:
    """Make the change. Raises `StepRefused` where goods or credit fall short; nothing is changed then."""
    order = amendment.order
    covered, gross = order.is_covered and cutoffs.has_money(order), order.gross
    old = sum((line.order_line.gross for line in amendment.amendment_lines if line.order_line), NOUGHT)
    told = _set_values(amendment)
    for line in amendment.amendment_lines:
        told.append(_change_line(session, order, line))
    order_rounding.round_amounts(order)
    order.revision += 1
    session.flush()
    if amendment.amendment_lines:
        carry_along(session, order)
    if order.gross > gross:
        refuse_over_limit(session, order)
    return Made(told, old, order.gross - gross, order.revision, covered)


def note(amendment: Amendment, made: Made) -> None:
    """Write down on the amendment what was made of it; last, so that its history tells of it once."""
    amendment.before = "\n".join(made.told)
    amendment.difference, amendment.revision = made.difference, made.revision


def settle(session: Session, amendment: Amendment, made: Made) -> None:
    """What a change costs more is asked for, what it costs less set free; the amendment is stored by now."""
    if made.difference > 0 and made.covered and not amendment.order.is_covered:
        _issue_difference(session, amendment, made.old, made.difference)
    elif made.difference < 0:
        difference_orders.note_payment(session, amendment.order)  # one asked for before may be covered now
        _set_free(session, amendment, -made.difference)


def carry_along(session: Session, order: Order) -> None:
    """What is reserved and what is planned to be sent follow the lines as they now are."""
    session.expire(order, ["order_lines"])
    order.goods = order.named_goods()
    reserving.match(session, order)
    shipping.replan(session, order)


def _set_values(amendment: Amendment) -> list[str]:
    """Set what is wanted; the lines that tell of it, numbers in part."""
    from models.amendments import WANTED

    order, told = amendment.order, []
    about = fields.fields_of(Order)
    for name in WANTED:
        wanted, present = getattr(amendment, name), getattr(order, name)
        if wanted and wanted != present:
            setattr(order, name, wanted)
            old, new = (
                mask(one) if about[name].masked else about[name].choice_label(one) if about[name].choices else one
                for one in (present, wanted)
            )
            told.append(f"{about[name].label}: {old or '—'} → {new}")
    return told


def _change_line(session: Session, order: Order, wanted: AmendmentLine) -> str:
    """Change, add or take off one line; what tells of it."""
    line = wanted.order_line
    if line is None and wanted.instead_of is not None:  # taken off while the warehouse was asked
        raise StepRefused(_("%(product)s is not on the order.", product=str(wanted.instead_of)))
    old = f"{wanted.instead_of} × {plainly(wanted.old_quantity)}" if wanted.instead_of else "—"
    if line is not None and wanted.quantity == 0:
        take_off(session, order, line)
        return f"{old} → —"
    product = wanted.product or wanted.instead_of
    assert product is not None
    if line is None:
        line = OrderLine(quantity=wanted.quantity)
        order.order_lines.append(line)
    line.quantity = wanted.quantity if wanted.quantity is not None else line.quantity
    if line.product is not product:
        with session.no_autoflush:
            on = local(order.placed_at).date()
            grade = order.customer.grade if order.customer else None
            line.product, line.tax_rate = product, product.tax_rate
            line.price = price_on(session, product, on, grade)
        if line.price is None:
            raise StepRefused(_("%(product)s has no price; please enter one first.", product=str(product)))
    wanted.new_price = line.price
    return f"{old} → {product} × {plainly(line.quantity)}"


def take_off(session: Session, order: Order, line: OrderLine) -> None:
    """Give a line up; one that a parcel has on record stays, with nothing of it."""
    if fulfilling.take_out(session, line):
        order.order_lines.remove(line)
    else:
        line.quantity = NOUGHT


def _issue_difference(session: Session, amendment: Amendment, old: Decimal, difference: Decimal) -> None:
    """What is still to be paid is asked for by an order of its own, which names this one.

    `old` is what the changed lines came to before, with tax as the difference is.
    """
    dearer = [line for line in amendment.amendment_lines if line.quantity]
    named = [one for one in (line.product or line.instead_of for line in dearer) if one is not None]
    asked = DifferenceOrder(
        order=amendment.order, amendment=amendment, difference=difference, old_amount=old,
        new_amount=old + difference, replaced=_joined(str(one.instead_of) for one in dearer if one.instead_of),
        wanted="、".join(str(one) for one in named), model=_joined(one.model for one in named),
        colour=_joined(one.colour for one in named), size=_joined(one.size for one in named),
    )  # fmt: skip
    records.store(session, asked)


def _joined(words: Iterable[str | None]) -> str | None:
    return "、".join(dict.fromkeys(filter(None, words))) or None


def _set_free(session: Session, amendment: Amendment, amount: Decimal) -> None:
    """Money above what the order now costs goes back, or stays as the customer's credit."""
    order = amendment.order
    above = min(amount, -order.owed, refundable(session, order))
    if above <= 0:
        return
    if amendment.less == "credit":
        credit_instead(session, order, above)
    else:
        request_refund(session, order, above, "difference", _("Difference of %(no)s", no=amendment.amendment_no))


def restore(session: Session, amendment: Amendment) -> None:
    """Put the goods back as they were: the difference was not paid in time. What is gone puts the order on hold."""
    order = amendment.order
    for change in amendment.amendment_lines:
        line = change.order_line
        if change.instead_of is None:
            added = next(
                (one for one in order.order_lines if one.product is change.product
                 and one.quantity == change.quantity and one.price == change.new_price), None
            )  # fmt: skip
            if added is not None:
                take_off(session, order, added)
            continue
        if line is None:
            line = OrderLine()
            order.order_lines.append(line)
        line.product, line.quantity = change.instead_of, change.old_quantity or NOUGHT
        line.price, line.discount = change.old_price, change.old_discount
        rate = change.old_tax_rate  # what was agreed, not today's; changes of an older house did not keep it
        line.tax_rate = rate if rate is not None else change.instead_of.tax_rate
    order_rounding.round_amounts(order)
    order.revision += 1
    session.flush()
    try:
        with session.begin_nested():
            carry_along(session, order)
    except StepRefused as refusal:  # others have the goods by now: somebody has to speak to the customer
        reservations.release(session, order, _("The goods ordered first are gone."))
        session.expire(order, ["order_lines"])
        order.goods = order.named_goods()
        shipping.replan(session, order)
        if order.state != "on_hold":
            order.take("hold", session, reason=str(refusal))
