"""Orders 订单: placed, confirmed, assigned, collected for and shipped; `models/totals.py` keeps their sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, String, and_, false, inspect, or_, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from app.engine import access, changes, clocks, fields, rules
from app.engine.access import Actor
from app.engine.moments import local, now
from app.engine.record import Lines, Numbered
from app.engine.refusals import on_the_form
from app.engine.workflow import Clock, Flow, State, Workflow, state_indexes
from models import order_doubles, order_rounding
from models.customers import SEE_ALL as SEE_CUSTOMERS
from models.customers import Customer
from models.grades import payment_days_of
from models.order_words import (
    CHECK_RESULTS,
    DELIVERY_METHODS,
    FULFILMENT,
    INVALID_REASONS,
    PAYMENT_STATES,
    PAYMENT_TYPES,
    ROUNDINGS,
)
from models.people import Department, Person

if TYPE_CHECKING:
    from models.order_lines import OrderLine
    from models.payments import Payment
    from models.tickets import ServiceTicket

PAYMENT_HOURS = rules.setting("payment_hours", _l("Hours for paying an order in advance"), "number", "72")
#: Roles that see every order; salespeople see their own and their customers'.
SEE_ALL = (*SEE_CUSTOMERS, "warehouse")
#: While an order is in one of these its form is open; afterwards a change is an amendment.
OPEN_TO_EDITS = ("draft", "placed")
#: What may still be put right once the order is confirmed: nothing the customer was promised.
ABOUT_IT = ("note", "promised_at", "salesperson", "region", "platform_no", "buyer_account", "qq")
NOUGHT = Decimal("0.00")


#: What reports sum orders up by, what the rules of access ask of them, and the sums.
SUMMED = (
    "placed_at", "payment_type", "region", "customer_id", "salesperson_id", "assignee_id", "assigned_unit_id",
    "ticket_id", "quantity", "net", "tax", "gross",
)  # fmt: skip


class Order(Workflow, Model):
    """One order of one customer."""

    __tablename__ = "sales_order"
    __table_args__: Any = (*state_indexes("sales_order", large=True, summed=SUMMED), {})
    kind_name = "orders"
    large = True
    label, label_plural = _l("Order"), _l("Orders")
    natural_key = "order_no"
    sealed_fields = ("ticket",)
    also_known_by = ("platform_no",)
    numbered = Numbered("order_no", "DD{year}-{serial}")
    outlook_title = _l("What can still be changed")
    lines = Lines("order_lines", ("product", "quantity", "price", "discount"), least=1)

    flow = Flow(
        State("placed", _l("Placed"), "waiting", clocks=("delivery",)),
        State("confirmed", _l("Confirmed"), "active", clocks=("delivery",)),
        State("assigned", _l("Assigned"), "active", clocks=("delivery",)),
        State("handed_over", _l("Handed over to the warehouse"), "active", clocks=("delivery",)),
        State("shipped", _l("Shipped"), "good", settled=True),
        State("completed", _l("Completed"), "good", settled=True, final=True),
        State("on_hold", _l("On hold"), "waiting", pauses=("delivery",)),
        State("draft", _l("Draft"), "waiting", begins=True, uncounted=True),
        State("cancelled", _l("Cancelled"), "neutral", final=True, uncounted=True),
        State("closed", _l("Deal closed"), "neutral", final=True, uncounted=True),
        State("invalid", _l("Invalid"), "bad", final=True, uncounted=True),
        clocks=(Clock("delivery", _l("Delivery"), since="placed_at", limit="promised_at"),),
    )

    order_no: Mapped[str] = fields.number(_l("Order number"), 60, unique=True, search=True, derived=True)
    customer_id: Mapped[int] = fields.reference(_l("Customer"), "customer.id", required=True, aliases=("customer_no",))
    payment_type: Mapped[str] = fields.choice(
        _l("Payment type"), PAYMENT_TYPES, "payment_type_known", required=True, default="prepaid", index=True
    )
    placed_at: Mapped[datetime] = fields.moment(_l("Placed"), required=True, index=True)
    promised_at: Mapped[datetime | None] = fields.moment(_l("Promised for"), index=True)
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
    gross: Mapped[Decimal] = fields.decimal(
        "money", _l("Gross"), required=True, default=NOUGHT, derived=True, index=True
    )
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
        _l("Payment state"),
        PAYMENT_STATES,
        "payment_state_known",
        required=True,
        default="unpaid",
        derived=True,
        index=True,
    )
    fulfilment: Mapped[str] = fields.choice(
        _l("Fulfilment"), FULFILMENT, "fulfilment_known", required=True, default="none", derived=True, index=True
    )
    revision: Mapped[int] = fields.integer(_l("Revision"), required=True, default=0, derived=True)
    #: models, colours and sizes of the lines, to be found by
    goods: Mapped[str | None] = fields.prose(_l("Goods"), search=True, derived=True)
    pay_until: Mapped[datetime | None] = fields.moment(
        _l("Payment expected until"),
        index=True,
        derived=True,
        help=_l("Paid in advance; afterwards the goods are let go"),
    )
    pay_by: Mapped[date | None] = fields.day(_l("To be paid by"), index=True, derived=True)

    #: how its amounts are rounded, as the house did on the day it was placed
    rounding: Mapped[str] = fields.choice(
        _l("Rounding"), ROUNDINGS, "rounding_known", required=True, default="half_up_line", derived=True
    )
    invalid_because: Mapped[str | None] = fields.choice(
        _l("Not valid because"), INVALID_REASONS, "invalid_because_known", derived=True
    )
    #: what makes the customer's own address good; empty: none was given out
    link_secret: Mapped[str | None] = mapped_column(String(64))

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
    assigned_unit_id: Mapped[int | None] = fields.reference(_l("Assigned to department"), "department.id", derived=True)
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
    assigned_unit: Mapped[Department | None] = relationship(foreign_keys=assigned_unit_id)
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
        nobodys = and_(cls.assignee_id.is_(None), cls.assigned_unit_id.in_(actor.department_ids))
        mine = [and_(cls.state == "assigned", or_(cls.assignee_id.in_(actor.person_ids), nobodys))]
        if actor.has("order_administrator"):
            mine.append(cls.state.in_(("placed", "confirmed", "shipped")))
        if actor.has("warehouse"):
            mine.append(cls.state.in_(("assigned", "handed_over")))
        if actor.has("finance"):
            mine.append(cls.payment_state == "refund_due")
        return or_(*mine)

    @property
    def owed(self) -> Decimal:
        """What is still to be paid, freight included; below nought: what is to go back."""
        return self.gross + (self.freight or NOUGHT) - self.paid + self.refunded

    @property
    def is_covered(self) -> bool:
        """Whether what the order costs has been paid, to us or to the platform."""
        return self.owed <= self.escrowed

    def is_work(self) -> bool:
        """Whether it is work to be done, ordered from a ticket or by itself, and nothing to be shipped."""
        if self.ticket_id is not None or self.parted:  # one parted from a sealed ticket stays one of work
            return True
        session = object_session(self)
        if session is not None and "order_lines" in inspect(self).unloaded:  # one of thousands may be enough to tell
            line: Any = type(self).order_lines.property.mapper.class_
            first = select(line.id).where(line.order_id == self.id).limit(1)
            goods = session.scalar(first.where(~line.product.has(service=True)))
            return goods is None and session.scalar(first) is not None
        return bool(self.order_lines) and all(
            line.product is not None and line.product.service for line in self.order_lines
        )

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
        if self.as_draft and not self.taken_over:
            self.state = "draft"
        self.rounding = self.rounding or rules.value(session, order_rounding.ROUNDING, None)
        actor = access.current()
        if not self.taken_over and self.salesperson is None and self.salesperson_id is None:
            if "salesperson" in actor.roles and actor.own_person_id:
                self.salesperson = session.get(Person, actor.own_person_id)
            elif self.customer is not None:
                self.salesperson = self.customer.owner
        if self.taken_over and self.payment_type == "on_account" and self.shipped_at and self.pay_by is None:
            days = payment_days_of(session, self.customer) if self.customer is not None else 0
            self.pay_by = local(self.shipped_at).date() + timedelta(days=days)
        self.bring_along(session)

    #: whether goods have to be held anew: a note may be taken also where there are too few
    _asks_anew = False

    def bring_along(self, session: Session) -> None:
        """Let what follows from other values follow again."""
        self.department_id = self.salesperson.department_id if self.salesperson else None
        customer = self.customer
        if (former := self._former_customer()) is not None and self.is_open_to_edits():
            self._let_go_of(session, former)
        if customer is not None and (self.is_open_to_edits() if self.id else not self.taken_over):
            self.region = self.region or customer.region
            self.consignee = self.consignee or customer.contact or customer.name
            self.address = self.address or customer.address
            self.phone = self.phone or customer.phone
            for line in self.order_lines:
                line.fill_in()
        self.goods = self.named_goods() or self.goods
        if self.id and self.state in self.flow.open_states and self.promised_at and self.due_at != self.promised_at:
            clocks.extend(session, self, "delivery", self.promised_at)
            self.due_at = self.promised_at
        asked = changes.changed(self, "order_lines", "payment_type", "placed_at")
        self._asks_anew = bool(asked) or any(session.is_modified(line) for line in self.order_lines)

    def _former_customer(self) -> Customer | None:
        """Whose order it was before another customer was entered."""
        session: Session | None = object_session(self) if self.id else None
        if session is None or self.customer is None or self.customer.id == self.customer_id:
            return None
        with access.system(), session.no_autoflush:
            return session.get(Customer, self.customer_id)

    def _let_go_of(self, session: Session, former: Customer) -> None:
        """Leave open what came from a former customer alone, so that it comes from the new one."""
        given = {
            "region": former.region, "consignee": former.contact or former.name, "address": former.address,
            "phone": former.phone,
        }  # fmt: skip
        for name, value in given.items():
            if getattr(self, name) == value and not changes.altered(self, name):
                setattr(self, name, None)
        for line in self.order_lines:
            line.let_go_of(session, former)

    def named_goods(self) -> str | None:
        """Models, colours and sizes of the lines, to be found by."""
        return "\n".join(dict.fromkeys(filter(None, (line.goods for line in self.order_lines)))) or None

    def add_goods(self, lines: Iterable[OrderLine]) -> None:
        """Let an order of an older ledger be found by goods that come with a sheet of lines."""
        known = (self.goods or "").split("\n") if self.goods else []
        self.goods = "\n".join(dict.fromkeys([*known, *filter(None, (line.goods for line in lines))])) or None

    def is_open_to_edits(self) -> bool:
        """Whether the order's form is open: nobody has confirmed it yet."""
        state = self.held_in if self.state == "on_hold" else self.state
        return state in OPEN_TO_EDITS

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id and not self.is_open_to_edits():
            yield from self._check_late_edit()
            return
        if self.taken_over and not self.id:  # an older ledger stands as it is
            return
        if changes.altered(self, "as_draft") and self.as_draft != (self.state == "draft"):
            yield "as_draft", (
                _("The order is placed already; cancel it if it is none.") if self.as_draft
                else _("A draft becomes an order by “%(step)s” on its page.", step=self.flow.steps["place"].label)
            )  # fmt: skip
        if (former := self._former_customer()) is not None and self._has_money():
            yield "customer", _(
                "Money of %(customer)s is recorded for this order: cancel it, and place another one for %(other)s.",
                customer=str(former), other=str(self.customer),
            )  # fmt: skip
        if self.placed_at and self.placed_at > now():
            yield "placed_at", _("The order cannot have been placed in the future.")
        if self.placed_at and self.promised_at and self.promised_at < self.placed_at:
            yield "promised_at", _("The order cannot be promised for a moment before it was placed.")
        if not self.order_lines:
            yield "", _("Please enter at least one line.")
        for position, line in enumerate(self.order_lines, 1):
            for _name, sentence in line.check():
                yield "", _("Line %(line)s: %(sentence)s", line=position, sentence=sentence)

    def _has_money(self) -> bool:
        """Whether anybody has paid for it, be it announced alone, or out of a credit."""
        with access.system():
            return bool(self.paid or self.escrowed) or any(
                not one.flow.states[one.state].uncounted for one in self.payments
            )

    def _check_late_edit(self) -> Iterator[tuple[str, str]]:
        """What is agreed with the customer is changed by an amendment, what has ended not at all."""
        if self.flow.states[self.state].final:
            yield "", _("The order is “%(state)s” and can no longer be changed.", state=self.state_label)
            return
        names = [name for name, field in fields.fields_of(Order).items() if not field.derived and name not in ABOUT_IT]
        if changes.altered(self, *names) or changes.changed(self, "order_lines") or any(
            inspect(line).modified and changes.altered(line, *Order.lines.columns) for line in self.order_lines
        ):  # fmt: skip
            yield (
                "",
                _(
                    "The order is “%(state)s”: please record an amendment, with who asked for it.",
                    state=self.state_label,
                ),
            )

    def warnings(self, session: Session) -> Iterator[tuple[str, str]]:
        """The same customer ordering the same on the same day may have ordered twice."""
        if (twin := order_doubles.twin(session, self)) is not None:
            yield "", _(
                "%(customer)s has ordered the same on this day already: %(order)s. Is this another order?",
                customer=str(self.customer), order=twin,
            )  # fmt: skip

    def begin(self, session: Session) -> Callable[[], None]:
        """A new order holds its goods with its storing, where the house does so at placing."""
        from models import placing, reserving  # they know this order

        fresh = self.state in (None, "placed") and not self.taken_over
        if fresh:
            with on_the_form():
                placing.foresee(session, self)
        bind = super().begin(session)

        def stand() -> None:
            bind()
            if fresh:
                with on_the_form():
                    reserving.match(session, self, "placed")

        return stand

    def after_change(self, session: Session) -> None:
        from models import placing

        if self._asks_anew and self.state != "draft" and self.is_open_to_edits():
            with on_the_form():
                placing.hold_goods(session, self)

    def marks(self) -> list[str]:
        from models import standing  # it knows what stands around an order

        return standing.marks(self)

    def outlook(self, session: Session) -> Iterator[tuple[Any, str, str]]:
        """What can still be changed, by whom, until which event, with the rule."""
        from models import cutoffs

        if not self.flow.states[self.state].final:
            yield from cutoffs.verdicts(session, self)

    def __str__(self) -> str:
        return self.order_no or str(self.label)


#: For the customer's page; written here, for customers do not know of orders.
Customer.orders = relationship(Order, viewonly=True)


def _visible(orders: type[Order] | ColumnElement, actor: Actor) -> ColumnElement[bool]:
    """The condition on the order's columns."""
    if actor.has(*SEE_ALL):
        return true()
    if not actor.person_ids:
        return false()
    mine = [orders.assignee_id.in_(actor.person_ids), orders.assigned_unit_id.in_(actor.department_ids)]
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
    return access.among(order_id, select(columns.id).where(_visible(columns, actor)))
