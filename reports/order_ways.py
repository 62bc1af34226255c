"""How orders go 订单过程: how many come how far, how long it takes, what is changed, given back and paid on top."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, bindparam, case, func, not_, or_, select

from app.engine.figures import Figure, Group, Share, Tally, Took, figures, monthly
from app.engine.moments import Moment, at_office, now, today
from app.engine.spans import DaysAfter, day_end
from models.allocations import PaymentAllocation
from models.amendments import PURPOSES, Amendment, AmendmentLine
from models.customers import Customer
from models.difference_orders import OPEN as TO_SETTLE
from models.difference_orders import DifferenceOrder
from models.order_lines import OrderLine
from models.order_returns import WHY, OrderReturn
from models.order_words import INVALID_REASONS, PAYMENT_TYPES
from models.orders import Order
from models.people import Person, told_apart
from models.products import Product
from models.refunds import Refund
from models.shipments import Shipment

_NOW = bindparam("this_moment", callable_=now, type_=Moment())
_TODAY = bindparam("this_day", callable_=lambda: at_office(today()), type_=Moment())
_PAYMENT = Group(_l("Payment type"), Order.payment_type, PAYMENT_TYPES)
_REGION = Group(_l("Region"), Order.region)


def _last_paid():
    """When the last money was allocated to an order."""
    paid = PaymentAllocation.__table__.c
    return select(func.max(paid.allocated_at)).where(paid.order_id == Order.id).correlate(Order).scalar_subquery()


def _refused():
    """Whether a parcel of an order was refused at the door, also where it is back in stock, or gone out anew."""
    sent = Shipment.__table__.c
    return select(sent.id).where(sent.order_id == Order.id, sent.refused_at.is_not(None)).correlate(Order).exists()


#: How far an order comes, or had come when somebody wanted it changed.
STAGES = {
    "unconfirmed": _l("Not confirmed yet"), "confirmed": _l("Confirmed"), "warehouse": _l("With the warehouse"),
    "shipped": _l("Shipped"),
}  # fmt: skip
#: Where all the money of an order has come in, whatever went back of it later.
PAID = ("paid", "refund_due", "part_refunded")
#: Where all goods of an order have gone out.
IN_FULL = ("shipped", "received", "refused", "returned")


def _stage(come: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[str]:
    """The furthest stage whose moment has `come`."""
    return case(
        (come(Order.shipped_at), "shipped"),
        (come(Order.handed_over_at), "warehouse"),
        (come(Order.confirmed_at), "confirmed"),
        else_="unconfirmed",
    )


def _changes():
    """How many changes were asked for of an order."""
    asked = Amendment.__table__.c
    query = select(func.count()).select_from(Amendment.__table__)
    return query.where(asked.order_id == Order.id, asked.asked_at.is_not(None)).correlate(Order).scalar_subquery()


@figures(
    "order_funnel",
    _l("Order funnel"),
    basis=_l(
        "Orders placed in the period, drafts apart, and how far they have come by now. The seller is whoever looked "
        "after the customer at confirmation. The way to shipping begins with confirmation, of orders paid in advance "
        "with the money where that came later."
    ),
    chart="placed",
)
def order_funnel() -> Tally:
    """One row a payment type, month, region, seller, reason or stage: orders by how far they came, shares, hours."""
    starts = case(
        (and_(Order.payment_type == "prepaid", _last_paid() > Order.confirmed_at), _last_paid()),
        else_=Order.confirmed_at,
    )
    on_delivery = and_(Order.payment_type == "cash_on_delivery", Order.shipped_at.is_not(None))
    assigned = or_(Order.assignee_id.is_not(None), Order.assigned_unit_id.is_not(None))
    return Tally(
        Order,
        Order.placed_at,
        {
            "payment_type": _PAYMENT,
            "month": monthly(Order.placed_at),
            "region": _REGION,
            "seller": Group(_l("Seller at confirmation"), told_apart()),
            "invalid_because": Group(_l("Not valid because"), Order.invalid_because, INVALID_REASONS),
            "stage": Group(_l("How far they came"), _stage(lambda at: at.is_not(None)), STAGES),
        },
        [
            Figure("placed", _l("Orders placed")),
            Figure("confirmed", _l("Orders confirmed"), Order.confirmed_at.is_not(None)),
            Figure("assigned", _l("Orders assigned"), assigned),
            Figure("handed_over", _l("Taken over by the warehouse"), Order.handed_over_at.is_not(None)),
            Figure("shipped", _l("Orders shipped"), Order.shipped_at.is_not(None)),
            Figure("completed", _l("Orders completed"), Order.state == "completed"),
            Figure("invalid", _l("Orders not valid"), Order.state == "invalid"),
            Figure("given_up", _l("Cancelled or closed"), Order.state.in_(("cancelled", "closed"))),
            Figure("gross", _l("Gross"), of=Order.gross, kind="money"),
            Share("invalid_share", _l("Share not valid"), "invalid", "placed"),
            Share("given_up_share", _l("Share cancelled or closed"), "given_up", "placed"),
            Figure("changes", _l("Changes asked for"), _changes() > 0, of=_changes()),
            Share("changes_share", _l("Changes to 100 orders"), "changes", "placed"),
            Figure("sent_on_delivery", _l("Shipped, cash on delivery"), on_delivery),
            Figure("refused", _l("Of these refused at the door"), and_(on_delivery, _refused())),
            Share("refused_share", _l("Share refused at the door"), "refused", "sent_on_delivery"),
            Took("to_confirm", _l("Placed to confirmed"), Order.placed_at, Order.confirmed_at),
            Took("to_ship", _l("Confirmed to shipped"), starts, Order.shipped_at),
            Took("to_receive", _l("Shipped to received"), Order.shipped_at, Order.received_at),
        ],
        where=(Order.state != "draft",),
        compared="placed",
        joins=lambda query: query.join(Person, Order.owner_at_confirm_id == Person.id, isouter=True),
    )


@figures(
    "order_amounts",
    _l("Amounts of orders"),
    basis=_l(
        "Lines of orders, by the moment chosen: placing, confirmation, shipping, or the last money of those paid in "
        "full; cancelled, closed and invalid orders are left out, freight is apart. The seller is whoever looked after "
        "the customer at confirmation."
    ),
    chart="gross",
    subjects={
        "placed": _l("Placed"),
        "confirmed": _l("Confirmed"),
        "shipped": _l("Shipped"),
        "paid": _l("Paid in full"),
    },
)
def order_amounts(of: str) -> Tally:
    """One row a month, product, variant, customer, region or seller: lines, quantity, net, tax, gross."""
    moments = {"placed": Order.placed_at, "confirmed": Order.confirmed_at, "shipped": Order.shipped_at}
    at = moments[of] if of in moments else case((Order.payment_state.in_(PAID), _last_paid()))
    return Tally(
        OrderLine,
        at,
        {
            "month": monthly(at),
            "product": Group(_l("Product"), Product.product_no),
            "product_name": Group(_l("Name of the product"), Product.name),
            "model": Group(_l("Model"), Product.model),
            "colour": Group(_l("Colour"), Product.colour),
            "size": Group(_l("Size"), Product.size),
            "customer": Group(_l("Name of the customer"), Customer.name),
            "region": _REGION,
            "seller": Group(_l("Seller at confirmation"), told_apart()),
        },
        [
            Figure("lines", _l("Order lines")),
            Figure("quantity", _l("Quantity"), of=OrderLine.quantity, kind="quantity"),
            Figure("net", _l("Net"), of=OrderLine.net, kind="money"),
            Figure("tax", _l("Tax"), of=OrderLine.tax, kind="money"),
            Figure("gross", _l("Gross"), of=OrderLine.gross, kind="money"),
        ],
        where=(at.is_not(None), Order.state.not_in(("draft", "cancelled", "closed", "invalid"))),
        compared="gross",
        joins=lambda query: (
            query.join(Order, OrderLine.order_id == Order.id)
            .join(Product, OrderLine.product_id == Product.id, isouter=True)
            .join(Customer, Order.customer_id == Customer.id, isouter=True)
            .join(Person, Order.owner_at_confirm_id == Person.id, isouter=True)
        ),
    )


@figures(
    "on_time_delivery",
    _l("Deliveries on time"),
    basis=_l(
        "Orders promised for a day of the period; cancelled, closed and invalid ones are left out. On time is what was "
        "shipped on that day or before; what is not shipped when the day is over counts as late at once."
    ),
    chart="on_time_share",
)
def on_time_delivery() -> Tally:
    """One row a month, payment type or region: orders promised, on time, in full, late, not due yet, and the shares."""
    # The second comparison is made of the few orders alone that were shipped within two days of their moment.
    shipped, promised = Order.shipped_at, Order.promised_at
    on_time = or_(shipped <= promised, and_(shipped < DaysAfter(promised, 2), shipped < day_end(promised)))
    late = or_(and_(shipped > promised, not_(on_time)), and_(shipped.is_(None), promised < _TODAY))
    return Tally(
        Order,
        Order.promised_at,
        {"month": monthly(Order.promised_at), "payment_type": _PAYMENT, "region": _REGION},
        [
            Figure("promised", _l("Orders promised")),
            Figure("due", _l("Of these due"), or_(on_time, late)),
            Figure("on_time", _l("Shipped on time"), on_time),
            Figure("late", _l("Late, shipped or not"), late, alarm=True),
            Figure("in_full", _l("On time with all goods"), and_(on_time, Order.fulfilment.in_(IN_FULL))),
            Share("on_time_share", _l("Share on time"), "on_time", "due"),
            Share("in_full_share", _l("Share on time and in full"), "in_full", "due"),
        ],
        where=(Order.promised_at.is_not(None), Order.state.not_in(("draft", "cancelled", "closed", "invalid"))),
    )


@figures(
    "amendments",
    _l("Amendments in figures"),
    basis=_l(
        "Amendments asked for in the period, by what became of them until now, and by how far their orders had come "
        "when they were asked for. The order funnel holds them against the orders placed."
    ),
    chart="asked",
)
def amendments() -> Tally:
    """One row a purpose, stage or month: changes asked for, made, refused, waiting; by part of the order; recalls."""
    lines = AmendmentLine.__table__.c
    of_goods = select(lines.id).where(lines.amendment_id == Amendment.id).correlate(Amendment).exists()
    return Tally(
        Amendment,
        Amendment.asked_at,
        {
            "purpose": Group(_l("Purpose of the change"), Amendment.purpose, PURPOSES),
            "stage": Group(_l("Stage of the order"), _stage(lambda at: at <= Amendment.asked_at), STAGES),
            "month": monthly(Amendment.asked_at),
        },
        [
            Figure("asked", _l("Changes asked for")),
            Figure("made", _l("Changes made"), Amendment.state == "applied"),
            Figure("refused", _l("Changes refused"), Amendment.state == "refused"),
            Figure("waiting", _l("Waiting for the warehouse"), Amendment.state == "needs_recall"),
            Figure("recalled", _l("Given back by the warehouse"), Amendment.recalled_at.is_not(None)),
            Figure(
                "recipient", _l("Of the consignee"),
                or_(Amendment.consignee.is_not(None), Amendment.phone.is_not(None), Amendment.address.is_not(None)),
            ),
            Figure(
                "delivery", _l("Of the delivery"),
                or_(Amendment.delivery_method.is_not(None), Amendment.delivery_wish.is_not(None)),
            ),
            Figure("goods", _l("Of the goods"), of_goods),
            Share("refused_share", _l("Share refused"), "refused", "asked"),
        ],
        where=(Amendment.asked_at.is_not(None),),
        joins=lambda query: query.join(Order, Amendment.order_id == Order.id, isouter=True),
    )  # fmt: skip


@figures(
    "differences",
    _l("Price differences in figures"),
    basis=_l("Price-difference orders issued in the period, by what became of them until now."),
    chart="difference",
)
def differences() -> Tally:
    """One row a month: price-difference orders issued, open, matched, not paid in time, and their money."""
    return Tally(
        DifferenceOrder,
        DifferenceOrder.issued_at,
        {"month": monthly(DifferenceOrder.issued_at)},
        [
            Figure("issued", _l("Differences issued")),
            Figure("open", _l("Still open"), DifferenceOrder.state.in_(TO_SETTLE)),
            Figure("matched", _l("Matched to their orders"), DifferenceOrder.state == "matched"),
            Figure("expired", _l("Not paid in time"), DifferenceOrder.state == "expired"),
            Figure("difference", _l("Difference in price"), of=DifferenceOrder.difference, kind="money"),
            Share("matched_share", _l("Share matched"), "matched", "issued"),
            Took("to_match", _l("Issued to matched"), DifferenceOrder.issued_at, DifferenceOrder.matched_at),
        ],
    )


@figures(
    "returns",
    _l("Returns before shipment in figures"),
    basis=_l(
        "Returns asked for in the period, by what became of them until now; the hours of a refund count from the "
        "moment it may be applied for."
    ),
    chart="asked",
)
def returns() -> Tally:
    """One row a reason or month: returns asked for, closed unpaid, refunded, refused; money and hours of refunds."""
    return Tally(
        OrderReturn,
        OrderReturn.asked_at,
        {"why": Group(_l("Why"), OrderReturn.why, WHY), "month": monthly(OrderReturn.asked_at)},
        [
            Figure("asked", _l("Returns asked for")),
            Figure("recalling", _l("Being recalled"), OrderReturn.state == "recalling"),
            Figure("closed", _l("Closed unpaid"), OrderReturn.state == "closed"),
            Figure("to_refund", _l("Refund to come"), OrderReturn.state == "refund_due"),
            Figure("refunded", _l("Money given back"), OrderReturn.state == "refunded"),
            Figure("refused", _l("Returns refused"), OrderReturn.state == "refused"),
            Figure("money", _l("Amount refunded"), Refund.state == "paid_out", of=Refund.amount, kind="money"),
            Took("to_refund_hours", _l("Refund"), Refund.earliest_at, Refund.paid_at),
        ],
        where=(OrderReturn.asked_at.is_not(None),),
        joins=lambda query: query.join(Refund, OrderReturn.refund_id == Refund.id, isouter=True),
    )
