"""Orders 订单: from placing through confirming, assigning, collecting and shipping, with their lines.

Each line is rounded by itself; `models/totals.py` keeps the sums.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from app.engine import access, amounts, clocks, concurrency, fields, record
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.record import Lines, Numbered, Record
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask, Clock, Flow, State, Workflow
from models.customers import SEE_ALL as SEE_CUSTOMERS
from models.customers import Customer
from models.people import Department, Person
from models.products import Product

if TYPE_CHECKING:
    from models.payments import Payment
    from models.tickets import ServiceTicket

PAYMENT_TYPES = {
    "third_party": _l("Through a platform"),
    "prepaid": _l("Paid in advance"),
    "cash_on_delivery": _l("Cash on delivery"),
    "on_account": _l("On account"),
}
PAYMENT_STATES = {
    "unpaid": _l("Unpaid"),
    "part_paid": _l("Paid in part"),
    "escrowed": _l("Paid to the platform"),
    "paid": _l("Paid in full"),
    "refund_due": _l("Refund due"),
    "part_refunded": _l("Refunded in part"),
    "refunded": _l("Refunded"),
}
FULFILMENT = {
    "none": _l("Nothing reserved"),
    "reserved": _l("Goods reserved"),
    "picking": _l("Being picked"),
    "handed_over": _l("With the warehouse"),
    "part_shipped": _l("Shipped in part"),
    "shipped": _l("Under way"),
    "received": _l("Received by the customer"),
    "refused": _l("Refused at the door"),
    "returned": _l("Came back"),
}
DELIVERY_METHODS = {
    "express": _l("Express"),
    "freight": _l("Freight line"),
    "post": _l("Postal parcel"),
    "own": _l("Own delivery"),
    "pick_up": _l("Picked up by the customer"),
}
CHECK_RESULTS = {
    "agreed": _l("Address and delivery agreed"),
    "no_answer": _l("No answer"),
    "wrong": _l("Address or number wrong"),
    "called_off": _l("Customer calls it off"),
}
#: Types whose money finance has to see before the order is confirmed.
MONEY_FIRST = ("third_party", "prepaid")
#: Roles that see every order; salespeople see their own and their customers'.
SEE_ALL = (*SEE_CUSTOMERS, "warehouse")
#: From here on the goods are out of the office's hands.
LOCKED = ("handed_over", "shipped", "completed", "cancelled", "closed", "invalid")
NOUGHT = Decimal("0.00")


class Order(Workflow, Model):
    """One order of one customer."""

    __tablename__ = "sales_order"
    kind_name = "orders"
    label, label_plural = _l("Order"), _l("Orders")
    natural_key = "order_no"
    sealed_fields = ("ticket",)
    also_known_by = ("platform_no",)
    numbered = Numbered("order_no", "DD{year}-{serial}")
    lines = Lines("order_lines", ("product", "quantity", "price", "discount"), least=1)

    flow = Flow(
        State("placed", _l("Placed"), "waiting", clocks=("delivery",)),
        State("confirmed", _l("Confirmed"), "active", clocks=("delivery",)),
        State("assigned", _l("Assigned"), "active", clocks=("delivery",)),
        State("handed_over", _l("Handed over to the warehouse"), "active", clocks=("delivery",)),
        State("shipped", _l("Shipped"), "good", settled=True),
        State("completed", _l("Completed"), "good", settled=True, final=True),
        State("on_hold", _l("On hold"), "waiting", pauses=("delivery",)),
        State("draft", _l("Draft"), "waiting"),
        State("cancelled", _l("Cancelled"), "neutral", final=True, uncounted=True),
        State("closed", _l("Deal closed"), "neutral", final=True, uncounted=True),
        State("invalid", _l("Invalid"), "bad", final=True, uncounted=True),
        clocks=(Clock("delivery", _l("Delivery"), since="placed_at", limit="promised_at"),),
    )

    order_no: Mapped[str] = fields.number(_l("Order number"), 60, unique=True, search=True, derived=True)
    customer_id: Mapped[int] = fields.reference(_l("Customer"), "customer.id", required=True, aliases=("customer_no",))
    payment_type: Mapped[str] = fields.choice(
        _l("Payment type"), PAYMENT_TYPES, "payment_type_known", required=True, default="prepaid"
    )
    placed_at: Mapped[datetime] = fields.moment(_l("Placed"), required=True, index=True)
    promised_at: Mapped[datetime | None] = fields.moment(_l("Promised for"))
    region: Mapped[str | None] = fields.line(_l("Region"), 100, index=True, help=_l("Empty: the customer's"))
    salesperson_id: Mapped[int | None] = fields.reference(_l("Salesperson"), "person.id")
    department_id: Mapped[int | None] = fields.reference(_l("Department"), "department.id", derived=True)
    consignee: Mapped[str | None] = fields.line(_l("Consignee"), 200, search=True)
    phone: Mapped[str | None] = fields.phone(_l("Telephone"))
    address: Mapped[str | None] = fields.line(_l("Address"), 300)
    platform_no: Mapped[str | None] = fields.number(_l("Number on the platform"), 100, search=True, index=True)
    buyer_account: Mapped[str | None] = fields.line(
        _l("Buyer's account"), 100, search=True, help=_l("On the platform, in a messenger or the like")
    )
    qq: Mapped[str | None] = fields.number(_l("QQ"), 40, search=True, index=True)
    delivery_method: Mapped[str | None] = fields.choice(
        _l("Delivery method"), DELIVERY_METHODS, "delivery_method_known"
    )
    delivery_wish: Mapped[str | None] = fields.line(
        _l("Delivery agreed"), 200, help=_l("When and how the goods are to arrive")
    )
    deposit: Mapped[Decimal | None] = fields.decimal(
        "money", _l("Deposit"), least=Decimal(0), help=_l("To be paid before the order is confirmed")
    )
    as_draft: Mapped[bool] = fields.flag(_l("Draft only"), help=_l("Not placed yet"))
    freight: Mapped[Decimal | None] = fields.decimal("money", _l("Freight"), least=Decimal(0))
    note: Mapped[str | None] = fields.prose(_l("Note"))

    net: Mapped[Decimal] = fields.decimal("money", _l("Net"), required=True, default=NOUGHT, derived=True)
    tax: Mapped[Decimal] = fields.decimal("money", _l("Tax"), required=True, default=NOUGHT, derived=True)
    gross: Mapped[Decimal] = fields.decimal("money", _l("Gross"), required=True, default=NOUGHT, derived=True)
    quantity: Mapped[Decimal] = fields.decimal(
        "quantity", _l("Quantity"), required=True, default=Decimal(0), derived=True
    )
    paid: Mapped[Decimal] = fields.decimal("money", _l("Paid"), required=True, default=NOUGHT, derived=True)
    total: Mapped[Decimal | None] = fields.decimal("money", _l("Total stated in the ledger"), derived=True)

    escrowed: Mapped[Decimal] = fields.decimal(
        "money", _l("With the platform"), required=True, default=NOUGHT, derived=True
    )
    refunded: Mapped[Decimal] = fields.decimal("money", _l("Refunded"), required=True, default=NOUGHT, derived=True)
    payment_state: Mapped[str] = fields.choice(
        _l("Payment state"), PAYMENT_STATES, "payment_state_known", required=True, default="unpaid", derived=True
    )
    fulfilment: Mapped[str] = fields.choice(
        _l("Fulfilment"), FULFILMENT, "fulfilment_known", required=True, default="none", derived=True
    )
    revision: Mapped[int] = fields.integer(_l("Revision"), required=True, default=0, derived=True)
    #: models, colours and sizes of the lines, to be found by
    goods: Mapped[str | None] = fields.prose(_l("Goods"), search=True, derived=True)
    pay_by: Mapped[date | None] = fields.day(_l("To be paid by"), index=True, derived=True)

    call_result: Mapped[str | None] = fields.choice(
        _l("Result of the call"), CHECK_RESULTS, "call_result_known", derived=True
    )
    called_at: Mapped[datetime | None] = fields.moment(_l("Customer called"), derived=True)
    confirmed_by_id: Mapped[int | None] = fields.reference(_l("Confirmed by"), "person.id", derived=True)
    #: who earned it, whoever looks after the customer today
    owner_at_confirm_id: Mapped[int | None] = fields.reference(
        _l("Looked after by, at confirmation"), "person.id", derived=True
    )
    confirmed_at: Mapped[datetime | None] = fields.moment(_l("Confirmed"), derived=True)
    assignee_id: Mapped[int | None] = fields.reference(_l("Assigned to"), "person.id", derived=True)
    handed_over_at: Mapped[datetime | None] = fields.moment(_l("Handed over"), derived=True)
    shipped_at: Mapped[datetime | None] = fields.moment(_l("Shipped"), index=True, derived=True)
    carrier: Mapped[str | None] = fields.line(_l("Carrier"), 100, derived=True)
    waybill: Mapped[str | None] = fields.number(_l("Waybill"), 100, search=True, derived=True)
    received_at: Mapped[datetime | None] = fields.moment(_l("Received"), derived=True)
    cancelled_at: Mapped[datetime | None] = fields.moment(_l("Cancelled"), derived=True)
    reason: Mapped[str | None] = fields.prose(_l("Reason"), derived=True)
    ticket_id: Mapped[int | None] = fields.reference(_l("Ticket"), "service_ticket.id", derived=True)
    #: it once belonged to a ticket that is under seal now
    parted: Mapped[bool | None] = mapped_column()
    acceptance: Mapped[str | None] = fields.prose(_l("Acceptance by the customer"), derived=True)
    held_in: Mapped[str | None] = fields.choice(
        _l("State before the hold"), flow.state_labels, "held_in_known", derived=True
    )

    customer: Mapped[Customer] = relationship(foreign_keys=customer_id)
    salesperson: Mapped[Person | None] = relationship(foreign_keys=salesperson_id)
    department: Mapped[Department | None] = relationship(foreign_keys=department_id)
    assignee: Mapped[Person | None] = relationship(foreign_keys=assignee_id)
    confirmed_by: Mapped[Person | None] = relationship(foreign_keys=confirmed_by_id)
    owner_at_confirm: Mapped[Person | None] = relationship(foreign_keys=owner_at_confirm_id)
    ticket: Mapped[ServiceTicket | None] = relationship(foreign_keys=ticket_id, back_populates="service_orders")
    order_lines: Mapped[list[OrderLine]] = relationship(
        back_populates="order", order_by="OrderLine.id", cascade="all, delete-orphan"
    )
    payments: Mapped[list[Payment]] = relationship(viewonly=True, order_by="Payment.id")

    def sealed(self) -> bool:
        return bool(self.parted)

    @classmethod
    def unsealed(cls) -> ColumnElement[bool]:
        return cls.parted.is_not(True)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return _visible(cls, actor)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        mine = [and_(cls.state == "assigned", cls.assignee_id.in_(actor.person_ids))]
        if actor.has("order_administrator"):
            mine.append(cls.state.in_(("placed", "confirmed", "shipped")))
        if actor.has("warehouse"):
            mine.append(cls.state.in_(("assigned", "handed_over")))
        return or_(*mine)

    @property
    def owed(self) -> Decimal:
        """What is still to be paid, freight included."""
        return self.gross + (self.freight or NOUGHT) - self.paid

    def take_over(self) -> None:
        """An order of an older ledger: its state follows from its moments unless the ledger says it."""
        self.placed_at = self.placed_at or now()
        self.payment_type = self.payment_type or "on_account"
        if self.state is None:
            reached = {
                "cancelled": self.cancelled_at, "completed": self.received_at, "shipped": self.shipped_at,
                "confirmed": self.confirmed_at,
            }  # fmt: skip
            self.state = next((state for state, moment in reached.items() if moment), "placed")
        if self.flow.states[self.state].final:
            ended = self.cancelled_at or self.received_at or self.shipped_at or self.placed_at
            self.closed_at = self.closed_at or ended
        self.due_at = self.due_at or self.promised_at

    def prepare(self, session: Session) -> None:
        self.placed_at = self.placed_at or now()
        actor = access.current()
        if not self.taken_over and self.salesperson is None and self.salesperson_id is None:
            if "salesperson" in actor.roles and actor.own_person_id:
                self.salesperson = session.get(Person, actor.own_person_id)
            elif self.customer is not None:
                self.salesperson = self.customer.owner
        self.bring_along(session)

    def bring_along(self, session: Session) -> None:
        """Let what follows from other values follow again."""
        self.department_id = self.salesperson.department_id if self.salesperson else None
        customer = self.customer
        if customer is not None and not self.taken_over:
            self.region = self.region or customer.region
            self.consignee = self.consignee or customer.contact or customer.name
            self.address = self.address or customer.address
            self.phone = self.phone or customer.phone
            for line in self.order_lines:
                line.fill_in()
        if self.id and self.state in self.flow.open_states and self.promised_at and self.due_at != self.promised_at:
            clocks.extend(session, self, "delivery", self.promised_at)
            self.due_at = self.promised_at

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id and self.state in LOCKED and not self.taken_over:
            yield "", _("The order is “%(state)s” and can no longer be changed.", state=self.state_label)
            return
        if not self.taken_over:
            if self.placed_at and self.placed_at > now():
                yield "placed_at", _("The order cannot have been placed in the future.")
            if not self.order_lines:
                yield "", _("Please enter at least one line.")
            for position, line in enumerate(self.order_lines, 1):
                for _name, sentence in line.check():
                    yield "", _("Line %(line)s: %(sentence)s", line=position, sentence=sentence)

    def __str__(self) -> str:
        return self.order_no or str(self.label)

    @flow.step("placed", to="confirmed", label=_l("Confirm"), tone="primary")
    def confirm(
        self,
        called: Annotated[bool, Ask(_l("The customer was called; address and delivery are agreed"))],
        note: Annotated[str | None, Ask(_l("Note"))] = None,
    ) -> None:
        """The customer was telephoned, the address is real, and finance has seen the money where it comes first."""
        if not called:
            raise StepRefused(_("Please call the customer first."))
        if self.payment_type in MONEY_FIRST and self.paid <= 0:
            raise StepRefused(_("Finance has not verified a payment for this order yet."))
        self.confirmed_at = now()
        self.note = "\n".join(filter(None, (self.note, note))) or None

    @flow.step("placed", to="invalid", label=_l("Not valid"), tone="danger")
    def mark_invalid(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The order is not a real one."""
        self.reason = reason

    @flow.step("confirmed", "assigned", to="assigned", label=_l("Assign"), tone="primary")
    def assign(self, person: Annotated[Person, Ask(_l("Who picks and dispatches"))]) -> None:
        """Give the order to the person who picks and dispatches it."""
        self.assignee = person

    @flow.step("assigned", to="handed_over", label=_l("Hand over to the warehouse"), tone="primary")
    def hand_over(self) -> None:
        """The warehouse keeper takes the order; from now on goods and address stay as they are."""
        self.handed_over_at = now()

    @flow.step("handed_over", to="shipped", label=_l("Ship"), tone="primary")
    def ship(
        self,
        carrier: Annotated[str, Ask(_l("Carrier"), kind="line", length=100)],
        waybill: Annotated[str, Ask(_l("Waybill"), kind="number", length=100)],
    ) -> None:
        """The goods leave the house; what was paid for in advance has to be paid in full."""
        if self.payment_type == "prepaid" and self.owed > 0:
            raise StepRefused(_("Not paid in full: %(amount)s is still owed.", amount=self.owed))
        self._take_from_stock()
        self.carrier, self.waybill, self.shipped_at = carrier, waybill, now()

    def _take_from_stock(self) -> None:
        """Of two people shipping the last piece, one is refused."""
        session = object_session(self)
        assert session is not None
        wanted: dict[Product, Decimal] = defaultdict(Decimal)
        for line in self.order_lines:
            wanted[line.product] += line.quantity
        # In one order for all, so that two shipments of the same products do not wait for each other.
        for product, quantity in sorted(wanted.items(), key=lambda item: item[0].id):
            if product.stock is None:
                continue  # no stock is kept of it
            if not concurrency.take_off(session, product, "stock", quantity):
                stock = f"{product.stock:f}".rstrip("0").rstrip(".")
                raise StepRefused(_("Only %(stock)s of %(product)s are in stock.", stock=stock, product=str(product)))

    @flow.step("shipped", to=None, label=_l("Received"))
    def receive(self, received_at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None) -> None:
        """The customer has the goods."""
        self.received_at = received_at or now()

    @flow.step("shipped", to="completed", label=_l("Complete"), tone="primary")
    def complete(self) -> None:
        """Received and paid; what is on account may be paid later."""
        if self.received_at is None:
            raise StepRefused(_("The customer has not received the goods yet."))
        if self.payment_type != "on_account" and self.owed > 0:
            raise StepRefused(_("Not paid in full: %(amount)s is still owed.", amount=self.owed))

    @flow.step(
        "placed", "confirmed", "assigned", "handed_over", "shipped", "completed", to=None, label=_l("Record a payment")
    )
    def record_payment(
        self,
        amount: Annotated[Decimal, Ask(_l("Amount"))],
        account: Annotated[str | None, Ask(_l("Received on account"), kind="line", length=100)] = None,
        reference: Annotated[str | None, Ask(_l("Reference"), kind="number", length=100)] = None,
        paid_at: Annotated[datetime | None, Ask(_l("Paid"), help=_l("Empty: now"))] = None,
    ) -> None:
        """A payment as it was announced; it counts once finance has verified it."""
        from models.payments import Payment  # payments know their order, which only records them here

        session = object_session(self)
        assert session is not None
        payment = Payment(order=self, amount=amount, account=account, reference=reference, paid_at=paid_at)
        with session.no_autoflush:
            payment.prepare(session)
            for _name, sentence in payment.check():
                raise StepRefused(sentence)
        record.store(session, payment)
        session.expire(self, ["payments"])

    @flow.step("placed", "confirmed", "assigned", "handed_over", to="on_hold", label=_l("Hold"))
    def hold(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """Nothing goes on for now, for instance because money is found missing."""
        self.held_in = self.state

    @flow.step("on_hold", to=None, label=_l("Go on"), tone="primary")
    def resume(self) -> None:
        """The order goes on where it stood."""
        self.state, self.held_in = self.held_in or "placed", None

    @flow.step(
        "placed", "confirmed", "assigned", "handed_over", "on_hold",
        to="cancelled", label=_l("Cancel the order"), tone="danger",
    )  # fmt: skip
    def cancel(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The order is called off before it is shipped; its number and history stay."""
        self.reason, self.cancelled_at = reason, now()


class OrderLine(Record, Model):
    """One product of an order; its amounts are kept as they were rounded."""

    __tablename__ = "order_line"
    kind_name = "order_lines"
    label, label_plural = _l("Order line"), _l("Order lines")

    order_id: Mapped[int] = fields.reference(_l("Order"), "sales_order.id", required=True, aliases=("order_no",))
    product_id: Mapped[int] = fields.reference(_l("Product"), "product.id", required=True, aliases=("product_no",))
    quantity: Mapped[Decimal] = fields.decimal("quantity", _l("Quantity"), required=True)
    price: Mapped[Decimal | None] = fields.decimal("price", _l("Price"), help=_l("Empty: the product's"))
    discount: Mapped[Decimal | None] = fields.decimal("rate", _l("Discount"), help=_l("A share of one, such as 0.05"))
    tax_rate: Mapped[Decimal | None] = fields.decimal("rate", _l("Tax rate"), derived=True)
    net: Mapped[Decimal] = fields.decimal("money", _l("Net"), required=True, default=NOUGHT, derived=True)
    tax: Mapped[Decimal] = fields.decimal("money", _l("Tax"), required=True, default=NOUGHT, derived=True)
    gross: Mapped[Decimal] = fields.decimal("money", _l("Gross"), required=True, default=NOUGHT, derived=True)

    order: Mapped[Order] = relationship(foreign_keys=order_id, back_populates="order_lines")
    product: Mapped[Product] = relationship(foreign_keys=product_id)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        return with_its_order(cls.order_id, actor)

    def prepare(self, session: Session) -> None:
        self.fill_in()

    def fill_in(self) -> None:
        """Take from the product what the line leaves open."""
        if self.price is None and self.product is not None:
            self.price = self.product.price
        if self.tax_rate is None and self.product is not None and not self.taken_over:
            self.tax_rate = self.product.tax_rate

    def check(self) -> Iterator[tuple[str, str]]:
        if self.price is None:
            yield "price", _("The product has no price; please enter one.")
        if self.discount is not None and not 0 <= self.discount <= 1:
            yield "discount", _("The discount is a share from 0 to 1.")
        if self.tax_rate is not None and self.tax_rate < 0:
            yield "tax_rate", _("The tax rate is negative.")
        if not self.taken_over:
            if self.order is not None and self.order.id and self.order.state in LOCKED:
                yield "", _("The order is “%(state)s” and can no longer be changed.", state=self.order.state_label)
            if self.quantity is not None and self.quantity <= 0:
                yield "quantity", _("The quantity must be more than nought.")
            if self.price is not None and self.price < 0:
                yield "price", _("The price is negative.")
            if self.product is not None and self.product.discontinued and not self.id:
                yield "product", _("%(product)s is no longer sold.", product=str(self.product))

    def work_out(self) -> None:
        """Round the line's amounts by themselves; a price holds no tax."""
        if self.quantity is None or self.price is None:
            return
        found = amounts.line_amounts(self.quantity, self.price, self.discount or 0, self.tax_rate or 0)
        for name in ("net", "tax", "gross"):
            if getattr(self, name) != getattr(found, name):
                setattr(self, name, getattr(found, name))

    def __str__(self) -> str:
        return f"{self.order or ''}: {self.product or ''}"


#: For the customer's page; written here, for customers do not know of orders.
Customer.orders = relationship(Order, viewonly=True)


def _visible(orders: type[Order] | ColumnElement, actor: Actor) -> ColumnElement[bool]:
    """The condition on the order's columns."""
    if actor.has(*SEE_ALL):
        return true()
    if not actor.person_ids:
        return false()
    mine = [orders.assignee_id.in_(actor.person_ids)]
    if actor.has("call_taker", "shift_leader"):  # what callers ordered at the desk
        mine.append(orders.ticket_id.is_not(None))
    if actor.has("salesperson"):
        customer = Customer.__table__
        owned = select(customer.c.id).where(customer.c.owner_id.in_(actor.person_ids))
        mine += [orders.salesperson_id.in_(actor.person_ids), orders.customer_id.in_(owned)]
    return or_(*mine)


def with_its_order(order_id: Any, actor: Actor) -> ColumnElement[bool]:
    if actor.has(*SEE_ALL):
        return true()
    columns = Order.__table__.c
    return order_id.in_(select(columns.id).where(_visible(columns, actor)))
