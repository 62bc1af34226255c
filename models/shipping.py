"""Shipping 发运: the steps of a shipment, what they do to stock and reservations, and how far they bring the order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access, concurrency, history
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import minute_of, now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, never_by_hand
from models import reservations
from models.order_lines import OrderLine
from models.orders import Order
from models.products import Product
from models.reservations import Reservation
from models.shipments import FREED, OPEN, Shipment, ShipmentLine, quantities, shipments_of, shipped_quantities

NOUGHT = Decimal(0)
Guard = Callable[[Session, Shipment], None]
#: What has to be right before the warehouse takes the goods over, and before they leave: each may raise `StepRefused`.
BEFORE_HANDING_OVER: list[Guard] = []
BEFORE_SHIPPING: list[Guard] = []
#: Who goes by a shipment: called once its new state is stored and its order knows how far its goods are.
FOLLOWERS: list[Guard] = []


def contents(shipment: Shipment) -> dict[Product, Decimal]:
    """How much of which product is in a shipment."""
    found: dict[Product, Decimal] = defaultdict(Decimal)
    for line in shipment.shipment_lines:
        found[line.order_line.product] += line.quantity
    return found


def fulfilment_of(session: Session, order: Order, shipments: Collection[Shipment]) -> str:
    """How far the goods of an order are, as a word of `models.orders.FULFILMENT`, by its shipments and reservations."""
    states = {shipment.state for shipment in shipments}
    shipped = shipped_quantities(session, order)
    goods = [line for line in order.order_lines if not line.product.service]
    if "refused" in states:
        return "refused"
    if shipped and all(shipped.get(line.id, NOUGHT) >= line.quantity for line in goods):
        return "shipped" if "shipped" in states else "received"
    if shipped:
        return "part_shipped"
    for state in ("handed_over", "picking"):
        if state in states:
            return state
    if reservations.held_for(session, order):
        return "reserved"
    return "returned" if "returned_to_stock" in states and "planned" not in states else "none"


def settle(session: Session, order: Order) -> None:
    """Let an order know how far its goods are; called after every step of a shipment, once that is stored."""
    with access.system(), session.no_autoflush:
        shipments = [one for one in shipments_of(session, order) if one.state != "called_off"]
        gone = [one for one in shipments if one.shipped_at is not None]
        # An order of an older ledger was sent without a shipment of ours.
        known = shipments or order.state not in ("shipped", "completed")
        found: dict[str, Any] = {"fulfilment": fulfilment_of(session, order, shipments)} if known else {}
        if gone:
            found |= {name: getattr(gone[-1], name) for name in ("carrier", "waybill", "shipped_at")}
        if shipments:
            found["handed_over_at"] = max((one.handed_over_at for one in shipments if one.handed_over_at), default=None)
        for name, value in found.items():
            if getattr(order, name) != value:
                setattr(order, name, value)


def refuse_untimely(at: datetime | None, shipped: datetime | None) -> None:
    """Raises `StepRefused` for a delivery that is still to come, or that was before the goods left."""
    if at is not None and at > now():
        raise StepRefused(_("The moment lies in the future."))
    if at is not None and shipped is not None and at < minute_of(shipped):
        raise StepRefused(_("The goods cannot have arrived before they were shipped; please check the moment."))


def _enter(shipment: Shipment, state: str) -> None:
    """Be in the new state already, and tell the order."""
    session = session_of(shipment)
    shipment.enter(session, state)
    session.flush()
    settle(session, shipment.order)
    with access.system():
        for follower in FOLLOWERS:
            follower(session, shipment)


def _guarded(shipment: Shipment, guards: list[Guard]) -> None:
    session = session_of(shipment)
    with session.no_autoflush:
        for guard in guards:
            guard(session, shipment)


@Shipment.flow.step("planned", to="picking", label=_l("Start picking"), tone="primary")
def start_picking(shipment: Shipment) -> None:
    """The goods are taken off the shelves by the list."""
    shipment.picked_at = now()
    _enter(shipment, "picking")


@Shipment.flow.step(*OPEN, to="handed_over", label=_l("Take over"), tone="primary")
def hand_over(shipment: Shipment) -> None:
    """The warehouse keeper takes the goods over by name; from now on they stay as they are."""
    _guarded(shipment, BEFORE_HANDING_OVER)
    shipment.handed_over_at, shipment.handed_over_by_id = now(), history.doer().own_person_id
    _enter(shipment, "handed_over")


@Shipment.flow.step("handed_over", to="planned", label=_l("Give back for changes"))
def recall(shipment: Shipment, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The warehouse gives the goods back before they are shipped, so that the order can still be changed."""
    shipment.handed_over_at = shipment.handed_over_by_id = shipment.picked_at = None
    _enter(shipment, "planned")


@Shipment.flow.step("handed_over", to="shipped", label=_l("Goods leave the house"), tone="primary")
def ship(
    shipment: Shipment,
    carrier: Annotated[str, Ask(_l("Carrier"), kind="line", length=100)],
    waybill: Annotated[str, Ask(_l("Waybill"), kind="number", length=100)],
) -> None:
    """The goods leave the house and the stock."""
    _guarded(shipment, BEFORE_SHIPPING)
    reservations.consume(session_of(shipment), shipment.order, contents(shipment))
    shipment.carrier, shipment.waybill, shipment.shipped_at = carrier, waybill, now()
    _enter(shipment, "shipped")


@Shipment.flow.step("shipped", to="delivered", label=_l("Delivered to the customer"), tone="primary")
def deliver(
    shipment: Shipment, delivered_at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None
) -> None:
    """The customer has the goods."""
    refuse_untimely(delivered_at, shipment.shipped_at)
    shipment.delivered_at = delivered_at or now()
    _enter(shipment, "delivered")


@Shipment.flow.step("shipped", to="refused", label=_l("Refused at the customer's door"), tone="danger")
def refuse(shipment: Shipment, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The customer does not take the goods; they are on their way back."""
    shipment.refused_reason, shipment.refused_at = reason, now()
    _enter(shipment, "refused")


@Shipment.flow.step("shipped", "refused", to="returned_to_stock", label=_l("Take back into stock"), tone="primary")
def take_back(shipment: Shipment) -> None:
    """The goods are in the warehouse again; the order may ship them anew, or others may have them."""
    reservations.put_back(session_of(shipment), shipment.order, contents(shipment))
    shipment.returned_at = now()
    _enter(shipment, "returned_to_stock")


@Shipment.flow.step("shipped", "refused", to="lost", label=_l("Lost on the way"), tone="danger")
def lose(shipment: Shipment, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The goods are gone; the order may be shipped anew from the stock."""
    shipment.refused_reason = reason
    _enter(shipment, "lost")


def may_give_up(shipment: Shipment, actor: Actor) -> bool:
    """What the warehouse keeper has taken over, nobody else takes out of their hands."""
    return shipment.state in OPEN or actor.has("warehouse", "office_manager")


@Shipment.flow.step(*OPEN, "handed_over", to="called_off", label=_l("Call off"), who=may_give_up, tone="danger")
def call_off(shipment: Shipment, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The shipment does not take place; its goods stay reserved until the order lets go of them."""
    shipment.refused_reason = reason
    _enter(shipment, "called_off")


@Reservation.flow.step("held", to="released", label=_l("Free the goods"), tone="danger")
def release(reservation: Reservation, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
    """The goods are free for others; the order has to reserve anew before it is shipped."""
    session = session_of(reservation)
    reservation.ended_at, reservation.reason = now(), reason
    reservation.enter(session, "released")
    session.flush()
    settle(session, reservation.order)


@Order.flow.step(*Order.flow.states, to=None, label=_l("Reservation ran out"), who=never_by_hand)
def let_reservation_expire(order: Order) -> None:
    """The goods were kept for the order as long as the rules allow; they are free for others."""
    session = session_of(order)
    reservations.release(session, order, _("The time for which they were kept is over."))
    settle(session, order)


def expired(session: Session) -> list[int]:
    """The orders, by key, of which a reservation has run out."""
    query = select(Reservation.order_id).where(Reservation.state == "held", Reservation.expires_at <= now())
    return list(session.scalars(query.distinct().order_by(Reservation.order_id)))


def replan(session: Session, order: Order) -> None:
    """Let planned shipments follow the lines of their order after these were changed.

    What is too much leaves the latest of them. Where there is one in all, as mostly, it also takes in what is new.
    """
    with access.system():
        session.flush()
        concurrency.hold(session, order)
        present = [one for one in shipments_of(session, order) if one.state not in FREED]
        planned = [one for one in present if one.state in OPEN]
        if not planned:
            return
        gone = quantities(session, order, [state for state in Shipment.flow.states if state not in (*OPEN, *FREED)])
        for line in order.order_lines:
            rest = NOUGHT if line.product.service else max(line.quantity - gone.get(line.id, NOUGHT), NOUGHT)
            for shipment in planned:
                rest -= _cut(shipment, line, rest)
            if rest > 0 and len(present) == 1:
                _top_up(planned[0], line, rest)
        session.flush()
        for shipment in planned:
            if not shipment.shipment_lines:
                shipment.take("call_off", session, reason=_("The order no longer wants its goods."))


def _cut(shipment: Shipment, line: OrderLine, limit: Decimal) -> Decimal:
    """Let a shipment hold no more than so much of a line; how much it holds."""
    held = NOUGHT
    for row in [row for row in shipment.shipment_lines if row.order_line_id == line.id]:
        quantity = min(row.quantity, limit - held)
        if not quantity:
            shipment.shipment_lines.remove(row)
        elif quantity != row.quantity:
            row.quantity = quantity
        held += quantity
    return held


def _top_up(shipment: Shipment, line: OrderLine, more: Decimal) -> None:
    row = next((row for row in shipment.shipment_lines if row.order_line_id == line.id), None)
    if row is None:
        shipment.shipment_lines.append(ShipmentLine(order_line=line, quantity=more))
    else:
        row.quantity += more
