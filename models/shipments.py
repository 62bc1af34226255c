"""Shipments 发运: what of an order goes out together. Most orders have one; what is short goes with a later one.

The steps stand in `models/shipping.py`, which knows of stock and reservations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, event, func, or_, select
from sqlalchemy.orm import Mapped, Session, object_session, relationship

from app.engine import access, changes, concurrency, fields, rules
from app.engine import record as records
from app.engine.access import Actor
from app.engine.record import Lines, Numbered, Record
from app.engine.refusals import StepRefused
from app.engine.workflow import Flow, State, Workflow
from models.order_lines import OrderLine
from models.orders import Order, with_its_order
from models.people import Person
from models.products import check_quantity, plainly

OVER_DELIVERY = rules.setting(
    "over_delivery_percent", _l("Percent by which more than ordered may be shipped"), "number", "0"
)
NOUGHT = Decimal(0)
#: States in which the lines may still be changed.
OPEN = ("planned", "picking")
#: The goods are out of the house and not back.
OUT = ("shipped", "delivered", "refused")
#: What was in these may go out again with another shipment.
FREED = ("returned_to_stock", "lost", "called_off")


class Shipment(Workflow, Model):
    """Goods of one order that leave the house together."""

    __tablename__ = "shipment"
    kind_name = "shipments"
    label, label_plural = _l("Shipment"), _l("Shipments")
    natural_key = "shipment_no"
    numbered = Numbered("shipment_no", "FH{year}-{serial}")
    lines = Lines("shipment_lines", ("order_line", "quantity"), least=1)

    flow = Flow(
        State("planned", _l("Shipment planned"), "waiting"),
        State("picking", _l("Goods being picked"), "active"),
        State("handed_over", _l("Taken over by the warehouse"), "active"),
        State("shipped", _l("On its way"), "good", settled=True),
        State("delivered", _l("Delivered"), "good", final=True),
        State("refused", _l("Refused by the customer"), "bad"),
        State("returned_to_stock", _l("Back in stock"), "neutral", final=True),
        State("lost", _l("Lost on the way"), "bad", final=True),
        State("called_off", _l("Called off"), "neutral", final=True, uncounted=True),
    )

    shipment_no: Mapped[str] = fields.number(_l("Shipment number"), 60, unique=True, search=True, derived=True)
    order_id: Mapped[int] = fields.reference(_l("Order"), "sales_order.id", required=True, aliases=("order_no",))
    assignee_id: Mapped[int | None] = fields.reference(_l("Who picks and dispatches"), "person.id")
    note: Mapped[str | None] = fields.prose(_l("Note"))
    picked_at: Mapped[datetime | None] = fields.moment(_l("Picking begun"), derived=True)
    handed_over_at: Mapped[datetime | None] = fields.moment(_l("Taken over at"), derived=True)
    handed_over_by_id: Mapped[int | None] = fields.reference(_l("Keeper who took over"), "person.id", derived=True)
    carrier: Mapped[str | None] = fields.line(_l("Carrier"), 100, derived=True)
    waybill: Mapped[str | None] = fields.number(_l("Waybill"), 100, search=True, index=True, derived=True)
    shipped_at: Mapped[datetime | None] = fields.moment(_l("Shipped on"), index=True, derived=True)
    delivered_at: Mapped[datetime | None] = fields.moment(_l("Delivered on"), derived=True)
    #: by the customer, whatever became of it later; a parcel called back was not refused
    refused_at: Mapped[datetime | None] = fields.moment(_l("Refused on"), derived=True)
    refused_reason: Mapped[str | None] = fields.prose(_l("Why it was refused, lost or called off"), derived=True)
    returned_at: Mapped[datetime | None] = fields.moment(_l("Back in stock on"), derived=True)

    order: Mapped[Order] = relationship(foreign_keys=order_id)
    assignee: Mapped[Person | None] = relationship(foreign_keys=assignee_id)
    handed_over_by: Mapped[Person | None] = relationship(foreign_keys=handed_over_by_id)
    shipment_lines: Mapped[list[ShipmentLine]] = relationship(
        back_populates="shipment", order_by="ShipmentLine.id", cascade="all, delete-orphan"
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return or_(cls.assignee_id.in_(actor.person_ids), with_its_order(cls.order_id, actor))

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine: list[ColumnElement[bool]] = [and_(cls.assignee_id.in_(actor.person_ids), cls.state.in_(OPEN))]
        if actor.has("warehouse"):
            mine.append(cls.state.in_((*OPEN, "handed_over", "refused")))
        return or_(*mine)

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id and self.state not in OPEN and not self.taken_over:
            yield "", _("The shipment is “%(state)s” and can no longer be changed.", state=self.state_label)
            return
        if changes.altered(self, "order"):
            yield "order", _("A shipment stays with its order.")
        if not self.shipment_lines:
            yield "", _("Please enter at least one line.")
        for position, line in enumerate(self.shipment_lines, 1):
            for _name, sentence in line.faults():
                yield "", _("Line %(line)s: %(sentence)s", line=position, sentence=sentence)
        yield from (("", sentence) for sentence in excess(self))

    def __str__(self) -> str:
        return self.shipment_no or str(self.label)


#: For the order's page; written here, for orders do not know of their shipments.
Order.shipments = relationship(Shipment, viewonly=True, order_by=Shipment.id)


class ShipmentLine(Record, Model):
    """So much of one line of the order."""

    __tablename__ = "shipment_line"
    kind_name = "shipment_lines"
    label, label_plural = _l("Line of a shipment"), _l("Lines of shipments")
    named_by = ("shipment", "order_line")

    shipment_id: Mapped[int] = fields.reference(_l("Shipment"), "shipment.id", required=True)
    order_line_id: Mapped[int] = fields.reference(_l("Order line"), "order_line.id", required=True)
    quantity: Mapped[Decimal] = fields.decimal("quantity", _l("Quantity"), required=True)

    shipment: Mapped[Shipment] = relationship(foreign_keys=shipment_id, back_populates="shipment_lines")
    order_line: Mapped[OrderLine] = relationship(foreign_keys=order_line_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return access.open_to(Shipment, cls.shipment_id, actor)

    def check(self) -> Iterator[tuple[str, str]]:
        yield from self.faults()
        if self.shipment is not None:
            yield from (("quantity", sentence) for sentence in excess(self.shipment))

    def faults(self) -> Iterator[tuple[str, str]]:
        """What is wrong with the line by itself, whatever else is shipped."""
        if self.shipment is not None and self.shipment.id and self.shipment.state not in OPEN and not self.taken_over:
            yield "", _("The shipment is “%(state)s” and can no longer be changed.", state=self.shipment.state_label)
        if self.quantity is not None and self.quantity <= 0:
            yield "quantity", _("The quantity must be more than nought.")
        if self.order_line is None:
            return
        if self.shipment is not None and self.shipment.order not in (None, self.order_line.order):
            yield "order_line", _("%(line)s is a line of another order.", line=str(self.order_line))
        session = object_session(self.order_line)
        if session is not None and (said := check_quantity(session, self.order_line.product, self.quantity)):
            yield "quantity", said

    def __str__(self) -> str:
        return f"{self.shipment or ''}: {self.order_line or ''}"


def quantities(
    session: Session, order: Order, states: Iterable[str], but: Shipment | None = None
) -> dict[int, Decimal]:
    """How much of each line of an order, by its key, is in shipments in these states, one of them left out."""
    line, shipment = ShipmentLine.__table__.c, Shipment.__table__.c
    query = (
        select(line.order_line_id, func.sum(line.quantity))
        .join(Shipment.__table__, shipment.id == line.shipment_id)
        .where(shipment.order_id == order.id, shipment.state.in_(tuple(states)))
        .group_by(line.order_line_id)
    )
    if but is not None and but.id is not None:
        query = query.where(shipment.id != but.id)
    with access.system():
        return {row[0]: row[1] for row in session.execute(query)}


def shipped_quantities(session: Session, order: Order) -> dict[int, Decimal]:
    """How much of each line of an order, by its key, is out of the house: shipped and neither back nor lost."""
    return quantities(session, order, OUT)


def allocated(session: Session, order: Order, but: Shipment | None = None) -> dict[int, Decimal]:
    """How much of each line of an order, by its key, is in a shipment, be it planned or gone."""
    return quantities(session, order, [state for state in Shipment.flow.states if state not in FREED], but)


def most(session: Session, line: OrderLine) -> Decimal:
    """How much of a line may be shipped in all: what was ordered, and the tolerance of the house on top."""
    return line.quantity * (1 + rules.number(session, OVER_DELIVERY, None) / 100)


def excess(shipment: Shipment) -> Iterator[str]:
    """A sentence about each line of the order of which this shipment would bring more than was ordered."""
    order = shipment.order
    session = None if order is None else object_session(order)
    if session is None or order.id is None:
        return
    with session.no_autoflush:
        others = allocated(session, order, but=shipment)
        mine: dict[OrderLine, Decimal] = defaultdict(Decimal)
        for line in shipment.shipment_lines:
            if line.order_line is not None:
                mine[line.order_line] += line.quantity or NOUGHT
        for line, quantity in mine.items():
            if quantity + others.get(line.id, NOUGHT) > most(session, line):
                yield _(
                    "%(product)s: %(ordered)s ordered, %(others)s in other shipments, so %(quantity)s are too many.",
                    product=str(line.product), ordered=plainly(line.quantity),
                    others=plainly(others.get(line.id, NOUGHT)), quantity=plainly(quantity),
                )  # fmt: skip


@event.listens_for(Session, "before_flush", insert=True)
def _leave_with_order_line(session: Session, context: object, instances: object) -> None:
    """A line taken off its order is no longer picked; one that is out of the house keeps its order line."""
    gone = [
        item.id
        for item in (*session.deleted, *session.dirty)
        if isinstance(item, OrderLine) and item.id and (item in session.deleted or item.order is None)
    ]
    if not gone:
        return
    with access.system():
        query = select(ShipmentLine).join(Shipment).where(
            ShipmentLine.order_line_id.in_(gone), Shipment.state.in_((*OPEN, "called_off"))
        )  # fmt: skip
        for line in session.scalars(query).all():
            line.shipment.shipment_lines.remove(line)
            session.delete(line)


@event.listens_for(Session, "before_flush", insert=True)
def _keep_within_the_order(session: Session, context: object, instances: object) -> None:
    """Of two people who plan the last pieces of an order at a time, the second starts again and is told."""
    for item in (*session.new, *session.dirty):
        if isinstance(item, ShipmentLine) and item.shipment is not None and item.shipment.order is not None:
            order = item.shipment.order
            if order.id is not None and item.shipment.state in (None, *OPEN):
                concurrency.hold(session, order)
                if next(excess(item.shipment), None) is not None:
                    raise concurrency.overtaken()


def shipments_of(session: Session, order: Order) -> list[Shipment]:
    """The shipments of an order, the oldest first."""
    with access.system():
        return list(session.scalars(select(Shipment).where(Shipment.order_id == order.id).order_by(Shipment.id)))


def plan(session: Session, order: Order, assignee: Person | None = None) -> Shipment:
    """A shipment of all goods of an order that are in none yet. Raises `StepRefused` where nothing is left."""
    with access.system():
        session.flush()
        concurrency.hold(session, order)
        lines = [ShipmentLine(order_line=line, quantity=left) for line, left in left_to_plan(session, order).items()]
        if not lines:
            raise StepRefused(_("Everything of %(order)s is in a shipment already.", order=str(order)))
        shipment = Shipment(order=order, assignee=assignee, shipment_lines=lines)
        records.store(session, shipment)
    return shipment


def left_to_plan(session: Session, order: Order) -> dict[OrderLine, Decimal]:
    """What of the goods of an order is in no shipment yet; services are done, not shipped."""
    gone = allocated(session, order)
    left = {line: line.quantity - gone.get(line.id, NOUGHT) for line in order.order_lines if not line.product.service}
    return {line: quantity for line, quantity in left.items() if quantity > 0}
