"""Until when an order may be changed 修改截止: who, paid or not, which part of the order, until which event.

Each cell of the table is a row of the house's rules, so that an office picks its reading of the texts: the member until
the order is confirmed (M1 2.1–2.2), the house until the parcel is shipped or, once there is money, until the order is
with the warehouse keeper (M2 1.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.engine import rules
from models.orders import NOUGHT, Order

#: What can be changed of an order, part by part, and the fields of each.
GROUPS = {"recipient": _l("Consignee data"), "delivery": _l("Way of delivery"), "goods": _l("Ordered goods")}
FIELDS = {"recipient": ("consignee", "phone", "address"), "delivery": ("delivery_method", "delivery_wish")}
#: Events on an order's way; a row names the one from which on nothing may be changed any more.
EVENTS = {
    "confirmed": _l("it is confirmed"),
    "picking": _l("picking begins"),
    "handed_over": _l("it is handed over to the warehouse"),
    "shipped": _l("it is shipped"),
}
MEMBER, UNPAID, PAID = "member", "staff_unpaid", "staff_paid"
WHO = {MEMBER: _l("Customer"), UNPAID: _l("House, unpaid order"), PAID: _l("House, paid order")}
_DEFAULTS = {
    MEMBER: dict.fromkeys(GROUPS, "confirmed"),
    UNPAID: {"recipient": "shipped", "delivery": "shipped", "goods": "handed_over"},
    PAID: dict.fromkeys(GROUPS, "handed_over"),
}
_LABELS = {
    (MEMBER, "recipient"): _l("Until when the customer may change the recipient"),
    (MEMBER, "delivery"): _l("Until when the customer may change the delivery"),
    (MEMBER, "goods"): _l("Until when the customer may change the goods"),
    (UNPAID, "recipient"): _l("Until when the house may change the recipient of an unpaid order"),
    (UNPAID, "delivery"): _l("Until when the house may change the delivery of an unpaid order"),
    (UNPAID, "goods"): _l("Until when the house may change the goods of an unpaid order"),
    (PAID, "recipient"): _l("Until when the house may change the recipient of a paid order"),
    (PAID, "delivery"): _l("Until when the house may change the delivery of a paid order"),
    (PAID, "goods"): _l("Until when the house may change the goods of a paid order"),
}
CELLS = {
    (who, group): rules.setting(f"cutoff_{who}_{group}", label, "choice", _DEFAULTS[who][group], EVENTS)
    for (who, group), label in _LABELS.items()
}
RECALL = rules.setting(
    "cutoff_recall",
    _l("The warehouse may be asked to give an order back for a change until it is shipped"),
    default="yes",
)
_WAY = ("draft", "placed", "confirmed", "assigned", "picking", "handed_over", "shipped", "completed")


@dataclass(frozen=True)
class Verdict:
    """Whether one part of an order may still be changed by somebody, and why."""

    may: bool
    #: it may be once the warehouse gives the order back
    recall: bool
    #: the event that ends it
    event: str
    #: the sentence of the house's texts, None where the row is our own
    source: str | None

    @property
    def tone(self) -> str:
        return "good" if self.may else "waiting" if self.recall else "bad"

    @property
    def words(self) -> str:
        """The verdict as one sentence with its rule."""
        event = str(EVENTS[self.event])
        if self.may:
            said = _("may be changed until %(event)s", event=event)
        elif self.recall:
            said = _("only if the warehouse gives the order back; the limit was: until %(event)s", event=event)
        else:
            said = _("no longer to be changed; the limit was: until %(event)s", event=event)
        return said + " " + _("(rule: %(source)s)", source=self.source or _("our default"))


def has_reached(order: Order, event: str) -> bool:
    """Whether an order has come as far as an event of its way; one on hold stands where it was held."""
    state = (order.held_in or "placed") if order.state == "on_hold" else order.state or "placed"
    if state not in _WAY:
        return True  # it has ended
    if state == "assigned" and order.fulfilment == "picking":
        state = "picking"
    if order.fulfilment in ("part_shipped", "shipped", "received"):
        state = "shipped" if state not in ("shipped", "completed") else state
    elif order.fulfilment == "handed_over" and state in ("assigned", "picking"):
        state = "handed_over"
    return _WAY.index(state) >= _WAY.index(event)


def is_ended(order: Order) -> bool:
    """Whether the order has come to an end of any kind."""
    return order.flow.states[order.state].final


def has_money(order: Order) -> bool:
    """Whether the customer has paid, to us or to the platform."""
    return (order.paid or NOUGHT) + (order.escrowed or NOUGHT) > (order.refunded or NOUGHT)  # none before it is stored


def verdict(session: Session, order: Order, group: str, *, member: bool = False) -> Verdict:
    """Whether a part of an order may still be changed, by its customer or by the house."""
    who = MEMBER if member else PAID if has_money(order) else UNPAID
    about = CELLS[who, group]
    event, source = rules.value(session, about, None), rules.source(session, about, None)
    if is_ended(order):
        return Verdict(False, False, event, source)
    may = not has_reached(order, event)
    recall = not may and not member and rules.flag(session, RECALL, None) and not has_reached(order, "shipped")
    return Verdict(may, recall, event, source)


def verdicts(session: Session, order: Order) -> list[tuple[Any, str, str]]:
    """What can still be changed, by whom, until which event: label, words and tone for the order's page."""
    lines = []
    for group, label in GROUPS.items():
        for who, member in ((WHO[MEMBER], True), (_("House"), False)):
            found = verdict(session, order, group, member=member)
            lines.append((_("%(part)s: %(who)s", part=label, who=who), found.words, found.tone))
    return lines
