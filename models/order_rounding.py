"""How amounts of an order are rounded: line by line, or on the order and shared out to its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l

from app.engine import amounts, rules
from app.engine.amounts import RoundedPer
from app.engine.money import Rounding
from models.order_words import ROUNDINGS

if TYPE_CHECKING:
    from models.orders import Order

ROUNDING = rules.setting("rounding", _l("How amounts of orders are rounded"), "choice", "half_up_line", ROUNDINGS)


def is_whole(order: Order) -> bool:
    """Whether its amounts are rounded on the order and shared out to the lines."""
    return (order.rounding or "").endswith("_document")


def round_amounts(order: Order) -> None:
    """Work the amounts of all lines out as the order is rounded; their sums follow by themselves."""
    lines = [line for line in order.order_lines if line.quantity is not None and line.price is not None]
    if not is_whole(order):
        for line in lines:
            line.work_out(order.rounding)
        return
    charged = [amounts.Line(one.quantity, one.price or 0, one.discount or 0, one.tax_rate or 0) for one in lines]
    rounding = Rounding(order.rounding.removesuffix("_document"))
    found = amounts.document_amounts(charged, per=RoundedPer.DOCUMENT, rounding=rounding)
    for line, worth in zip(lines, found.lines, strict=True):
        line.put(worth)
