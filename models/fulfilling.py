"""From assigning to receiving 分配、交库、发运、收货: the order's steps, each the usual case of its one parcel.

An order may go in several parcels; then the steps are taken on the shipments, and the order follows them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import concurrency, rules
from app.engine.database import session_of
from app.engine.moments import local, now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, never_by_hand
from models import difference_orders, order_returns, reserving, shipping
from models.courier_money import expect_cash
from models.grades import payment_days_of
from models.order_lines import OrderLine
from models.order_words import MONEY_FIRST
from models.orders import Order
from models.people import Department, Person
from models.placing import end, is_goods
from models.shipments import OPEN, Shipment, left_to_plan, plan, shipments_of

COMPLETE_DAYS = rules.setting(
    "complete_days", _l("Days after shipping before an order paid in advance is complete (0: never)"), "number", "15"
)
#: So many orders one sweep completes.
AT_ONCE = 100
#: Shipments that are still in the house.
IN_HOUSE = (*OPEN, "handed_over")
UNDER_WAY = ("confirmed", "assigned", "handed_over", "shipped")


def _the_parcel(order: Order, *states: str) -> Shipment:
    """The order's one parcel in these states; one of an older ledger gets it now.

    Raises `StepRefused` where there are several, or none.
    """
    session = session_of(order)
    with session.no_autoflush:
        parcels = shipments_of(session, order)
    if not parcels and order.taken_over:
        parcels = [plan(session, order, order.assignee)]
        if "handed_over" in states:
            parcels[0].take("hand_over")
    found = [one for one in parcels if one.state in states]
    if len(found) > 1:
        raise StepRefused(
            _("The order goes in several parcels (%(numbers)s); please take the step on each of them.",
              numbers="、".join(one.shipment_no for one in found))
        )  # fmt: skip
    if not found:
        raise StepRefused(_("The order has no parcel for this step; assign it first."))
    return found[0]


def follow(session: Session, order: Order) -> str:
    """The state an order is in by its shipments; what is left to send waits to be assigned."""
    open_ones = {one.state for one in shipments_of(session, order) if one.state in IN_HOUSE}
    if "handed_over" in open_ones:
        return "handed_over"
    if open_ones:
        return "assigned"
    return "confirmed" if left_to_plan(session, order) else "shipped"


def refuse_unready(session: Session, shipment: Shipment) -> None:
    """Nothing goes to the warehouse while the order is held, a difference is unpaid or a change is under way."""
    from models.amendments import open_for
    from models.order_returns import recalling

    order = shipment.order
    if order.state == "on_hold":
        raise StepRefused(_("The order is on hold: %(reason)s", reason=order.reason or "—"))
    if (difference := difference_orders.open_of(session, order.id)) is not None:
        raise StepRefused(
            _("The price-difference order %(no)s is not matched yet; the parcel stays here.", no=difference)
        )
    if (amendment := open_for(session, order.id)) is not None:
        raise StepRefused(_("The amendment %(no)s waits for an answer of the warehouse.", no=amendment))
    if (given_up := recalling(session, order.id)) is not None:
        raise StepRefused(_("The return %(no)s waits for an answer of the warehouse.", no=given_up))


def refuse_unpaid(session: Session, shipment: Shipment) -> None:
    """What is paid in advance is paid in full before it leaves; what a platform pays, the platform has."""
    order = shipment.order
    if order.payment_type in MONEY_FIRST and not order.is_covered:
        raise StepRefused(_("Not paid in full: %(amount)s is still owed.", amount=order.owed - order.escrowed))


shipping.BEFORE_HANDING_OVER.append(refuse_unready)
shipping.BEFORE_SHIPPING.extend((refuse_unready, refuse_unpaid))


@shipping.FOLLOWERS.append
def keep_order(session: Session, shipment: Shipment) -> None:
    """The order follows its parcels: its state, what is due from when, the cash a courier has to bring.

    With the last parcel delivered and all paid it is complete by itself.
    """
    order = shipment.order
    if shipment.state == "shipped":
        if order.payment_type == "cash_on_delivery":
            expect_cash(session, order)
        if order.payment_type == "on_account" and order.pay_by is None and shipment.shipped_at is not None:
            days = payment_days_of(session, order.customer)
            order.pay_by = local(shipment.shipped_at).date() + timedelta(days=days)
    if order.state in UNDER_WAY and (state := follow(session, order)) != order.state:
        order.enter(session, state)
    if shipment.state == "delivered" and order.state == "shipped" and all(
        one.state == "delivered" for one in shipments_of(session, order) if one.shipped_at is not None
    ):  # fmt: skip
        order.received_at = order.received_at or shipment.delivered_at
        if is_done(order):
            order.take("finish", session)


@Order.flow.step("confirmed", "assigned", to="assigned", label=_l("Assign"), who=is_goods, tone="primary")
def assign(
    order: Order,
    person: Annotated[Person | None, Ask(_l("Who picks and dispatches"))] = None,
    unit: Annotated[
        Department | None, Ask(_l("Department that picks and dispatches"), help=_l("Instead of a person, or beside"))
    ] = None,
) -> None:
    """Give the order to whoever picks and dispatches it; the parcel is planned with all that is left to send."""
    session = session_of(order)
    if person is None and unit is None:
        raise StepRefused(_("To whom does the order go? Please choose a person or a department."))
    reserving.match(session, order, "assigned")
    order.assignee, order.assigned_unit = person, unit
    with session.no_autoflush:
        planned = [one for one in shipments_of(session, order) if one.state in OPEN]
    for one in planned:
        one.assignee = person
    if not planned and order.ticket_id is None:
        plan(session, order, person)
    shipping.settle(session, order)


@Order.flow.step("assigned", to="handed_over", label=_l("Hand over to the warehouse"), who=is_goods, tone="primary")
def hand_over(order: Order) -> None:
    """The warehouse keeper takes the order; from now on it changes only if the warehouse gives it back."""
    _the_parcel(order, *OPEN).take("hand_over")


@Order.flow.step(
    "handed_over", to=("shipped", "confirmed", "assigned", "handed_over"), label=_l("Ship"), who=is_goods,
    tone="primary",
)  # fmt: skip
def ship(
    order: Order,
    carrier: Annotated[str, Ask(_l("Carrier"), kind="line", length=100)],
    waybill: Annotated[str, Ask(_l("Waybill"), kind="number", length=100)],
) -> str:
    """The goods leave the house; what was paid for in advance has to be paid in full."""
    session = session_of(order)
    _the_parcel(order, "handed_over").take("ship", carrier=carrier, waybill=waybill)
    return follow(session, order)


@Order.flow.step("shipped", to=("shipped", "completed"), label=_l("Received"), who=is_goods)
def receive(
    order: Order, received_at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None
) -> str:
    """The customer has the goods; where all is paid the order is complete."""
    session = session_of(order)
    shipping.refuse_untimely(received_at, order.shipped_at)
    refuse_refused(session, order)
    for one in shipments_of(session, order):
        if one.state == "shipped":
            one.take("deliver", delivered_at=received_at)
    order.received_at = received_at or order.received_at or now()
    shipping.settle(session, order)
    return "completed" if is_done(order) else "shipped"


@Order.flow.step("shipped", to="closed", label=_l("Refused at the door"), who=is_goods, tone="danger")
def refuse_delivery(order: Order, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The customer did not take the parcel; no money was collected, and the goods are on their way back."""
    session = session_of(order)
    refuse_delivered(session, order)
    order.reason = reason
    for one in shipments_of(session, order):
        if one.state == "shipped":
            one.take("refuse", reason=reason)
    end(order, "closed")
    shipping.settle(session, order)


@Order.flow.step("shipped", to="completed", label=_l("Complete"), who=is_goods, tone="primary")
def complete(order: Order) -> None:
    """Received and paid; what is on account may be paid later."""
    if order.received_at is None:
        raise StepRefused(_("The customer has not received the goods yet."))
    refuse_refused(session_of(order), order)
    if order.payment_type != "on_account" and order.owed > 0:
        raise StepRefused(_("Not paid in full: %(amount)s is still owed.", amount=order.owed))


@Order.flow.step("shipped", to="completed", label=_l("Received and paid"), who=never_by_hand)
def finish(order: Order) -> None:
    """The last payment came in for what the customer has received: the order is complete by itself."""


@Order.flow.step("shipped", to="completed", label=_l("Complete after so many days"), who=never_by_hand)
def complete_in_time(order: Order) -> None:
    """Paid in advance and shipped so many days ago, and nothing was heard of it since."""


def to_complete(session: Session) -> list[int]:
    """Orders paid in advance, by key, whose parcels left so long ago that they count as received, for the sweep."""
    days = float(rules.number(session, COMPLETE_DAYS, None))
    if days <= 0:
        return []
    query = select(Order.id).where(
        Order.state == "shipped", Order.payment_type == "prepaid", Order.received_at.is_(None),
        Order.taken_over.is_(False), Order.fulfilment == "shipped", Order.shipped_at <= now() - timedelta(days=days),
        Order.payment_state.in_(("paid", "refund_due")), Order.id.not_in(order_returns.recalled()),
    )  # fmt: skip
    return list(session.scalars(query.order_by(Order.id).limit(AT_ONCE)))


def let_complete(session: Session, pk: int) -> int:
    """Complete an order of which nothing was heard; 1, or 0 where something was meanwhile."""
    order = session.get(Order, pk, populate_existing=True)
    if order is None:
        return 0
    concurrency.hold(session, order)
    if order.state != "shipped" or order.fulfilment != "shipped" or order.received_at is not None or order.owed > 0:
        return 0
    if order_returns.recalling(session, order.id) is not None:
        return 0
    order.take("complete_in_time", session)
    return 1


def is_done(order: Order) -> bool:
    """Whether the customer has the goods, and took them, and the house all its money."""
    return order.received_at is not None and order.fulfilment != "refused" and order.owed <= 0


def refuse_refused(session: Session, order: Order) -> None:
    """Raises `StepRefused` where a parcel was refused: a customer who did not take it has not received it (3.8)."""
    with session.no_autoflush:
        refused = [one.shipment_no for one in shipments_of(session, order) if one.state == "refused"]
    if refused:
        raise StepRefused(
            _("The customer refused a parcel of the order (%(numbers)s): note “Refused at the door”, or take it back "
              "into stock to send it anew.", numbers="、".join(refused))
        )  # fmt: skip


def refuse_delivered(session: Session, order: Order) -> None:
    """Raises `StepRefused` where the customer has any of the goods: all of the money would go back otherwise."""
    with session.no_autoflush:
        delivered = any(one.state == "delivered" for one in shipments_of(session, order))
    if delivered or order.received_at is not None:
        raise StepRefused(_("The customer has received the goods; this is a return after delivery."))


def call_off(session: Session, order: Order) -> None:
    """Parcels that are still in the house are not sent."""
    for one in shipments_of(session, order):
        if one.state in IN_HOUSE:
            one.take("call_off", session, reason=str(order.state_label))


def give_back(session: Session, order: Order) -> None:
    """The warehouse gives an order back: its parcels are planned anew, the order is as it was when assigned."""
    for one in shipments_of(session, order):
        if one.state == "handed_over":
            one.take("recall", session, reason=_("The order is changed."))
    if order.state == "handed_over":
        order.enter(session, "assigned")
    elif order.state == "on_hold" and order.held_in == "handed_over":
        order.held_in = "assigned"
    order.handed_over_at = None
    shipping.settle(session, order)


def take_out(session: Session, line: OrderLine) -> bool:
    """Take a line that is given up out of the parcels that are still planned; False where another has it on record."""
    held = [
        (one, item) for one in shipments_of(session, line.order) for item in one.shipment_lines
        if item.order_line is line
    ]  # fmt: skip
    if any(one.state not in OPEN for one, _item in held):
        return False
    for one, item in held:
        one.shipment_lines.remove(item)
    return True


def recall(session: Session, order: Order) -> None:
    """Get an order back from wherever it is: a parcel under way has come back, one in the house is given back."""
    for one in shipments_of(session, order):
        if one.state == "shipped":
            one.refused_reason = _("Recalled")
            one.take("take_back", session)
    give_back(session, order)
    if order.state == "shipped":
        order.enter(session, "assigned")
