"""Returns before shipment 发货前退货: a customer no longer wants an order that has not reached them.

Unpaid, the deal is closed; paid, the order is called off and the refund may be applied for 24 hours after the payment;
with the warehouse or on its way, it has to be recalled first, and what cannot be recalled is refused (M2 1.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, false, select
from sqlalchemy.orm import Mapped, Session, relationship

from app.engine import access, concurrency, fields
from app.engine.access import Actor
from app.engine.database import session_of
from app.engine.moments import now, office_time
from app.engine.record import Numbered
from app.engine.refusals import on_the_form
from app.engine.workflow import Ask, Flow, State, Workflow, never_by_hand
from models import cutoffs, settling
from models.order_requests import OrderRequest
from models.orders import Order
from models.refunds import Refund, last_refund

WHY = {
    "not_wanted": _l("No longer wanted"),
    "wrong_order": _l("Ordered by mistake"),
    "too_late": _l("Takes too long"),
    "price": _l("Found cheaper"),
    "other_goods": _l("Orders something else"),
    "other": _l("Another reason"),
}


class OrderReturn(OrderRequest, Workflow, Model):
    """One customer giving an order up before it has arrived."""

    __tablename__ = "order_return"
    kind_name = "order_returns"
    label, label_plural = _l("Return before shipment"), _l("Returns before shipment")
    natural_key = "return_no"
    numbered = Numbered("return_no", "TH{year}-{serial}")

    flow = Flow(
        State("recalling", _l("Being recalled"), "active"),
        State("refund_due", _l("Refund to come"), "active"),
        State("refunded", _l("Money given back"), "good", final=True),
        State("closed", _l("Deal closed"), "good", final=True),
        State("refused", _l("Return refused"), "bad", final=True, uncounted=True),
    )

    return_no: Mapped[str] = fields.number(
        _l("Number of the return"), 60, unique=True, search=True, derived=True, sort_order=-9
    )
    why: Mapped[str] = fields.choice(_l("Why"), WHY, "why_known", required=True, default="not_wanted")
    note: Mapped[str | None] = fields.prose(_l("Note"))
    refund_id: Mapped[int | None] = fields.reference(_l("Refund"), "refund.id", derived=True)

    refund: Mapped[Refund | None] = relationship(foreign_keys=refund_id)

    @classmethod
    def waits_for(cls, actor: Actor) -> ColumnElement[bool]:
        return cls.state == "recalling" if actor.has("warehouse", "order_administrator") else false()

    def prepare(self, session: Session) -> None:
        self.note_request()

    def check(self) -> Iterator[tuple[str, str]]:
        if self.id:
            yield "", _("The return is “%(state)s” and stays as it was decided.", state=self.state_label)
        elif self.order is not None:
            yield from self.check_identity(session_of(self.order))

    def begin(self, session: Session) -> Callable[[], None]:
        """Where the parcel is and whether there is money decide at once; the rest is done with the record's storing."""
        fresh = self.state is None and not self.taken_over
        if fresh:
            self.state = self._decided(session)
            self.closed_at = now() if self.flow.states[self.state].final else None
        bind = super().begin(session)

        def stand() -> None:
            bind()
            if fresh and self.state in ("closed", "refund_due"):
                with access.system(), on_the_form():
                    self._call_off()
                    session.flush()

        return stand

    def _decided(self, session: Session) -> str:
        order = self.order
        with access.system():
            concurrency.hold(session, order)
        if cutoffs.is_ended(order):
            self.refused_because = _("The order is “%(state)s”.", state=order.state_label)
        elif order.received_at is not None:
            self.refused_because = _("The customer has received the goods; this is a return after delivery.")
        if self.refused_because:
            return "refused"
        return "recalling" if cutoffs.has_reached(order, "handed_over") else self._without_goods()

    def _without_goods(self) -> str:
        """What is left to do once the goods are in the house: give the money back, if there is any."""
        return "refund_due" if cutoffs.has_money(self.order) else "closed"

    def marks(self) -> list[str]:
        """What to tell the customer, ready to be copied."""
        if self.state != "refund_due" or self.refund is None or self.refund.earliest_at is None:
            return []
        moment = office_time(self.refund.earliest_at)
        return [_("For the customer: the refund may be applied for from %(moment)s.", moment=moment)]

    def __str__(self) -> str:
        return self.return_no or str(self.label)

    def _call_off(self) -> str:
        """Take the order off: the goods are free at once, the money waits for its day."""
        session, order = session_of(self), self.order
        if self._without_goods() == "closed":
            order.take("close", session, reason=str(WHY[self.why]))
            return "closed"
        order.take("call_off", session, reason=str(WHY[self.why]))
        self.refund = last_refund(session, order)
        return "refund_due"

    @flow.step("recalling", to=("refund_due", "closed"), label=_l("It has been recalled"), tone="primary")
    def note_recalled(self) -> str:
        """The parcel is back, or never left: the request goes on as if it had not been sent."""
        from models import fulfilling

        session, order = session_of(self), self.order
        concurrency.hold(session, order)
        if order.state in settling.ENDED:  # refused at the door meanwhile
            return "refund_due" if order.payment_state == "refund_due" else "closed"
        fulfilling.refuse_delivered(session, order)
        fulfilling.recall(session, order)
        return self._call_off()

    @flow.step("recalling", to="refused", label=_l("It cannot be recalled"), tone="danger")
    def note_gone(self, reason: Annotated[str, Ask(_l("Reason"))]) -> None:
        """The parcel is on its way and does not come back."""
        self.refused_because = reason

    @flow.step("refund_due", to="refunded", label=_l("Money was given back"), who=never_by_hand)
    def finish(self) -> None:
        """Finance has paid the refund out, or the platform has."""


@Order.flow.step(
    "placed", "confirmed", "assigned", "on_hold", to="cancelled", label=_l("Call the order off"), who=never_by_hand
)
def call_off(order: Order, reason: Annotated[str | None, Ask(_l("Reason"))] = None) -> None:
    """Its customer gives a paid order up before it is shipped."""
    from models.placing import end

    order.reason = reason
    end(order, "cancelled", "return")


def recalling(session: Session, order_id: int) -> OrderReturn | None:
    """The return of an order that waits for its parcel, if there is one."""
    query = select(OrderReturn).where(OrderReturn.order_id == order_id, OrderReturn.state == "recalling")
    return session.scalars(query.order_by(OrderReturn.id).limit(1)).first()


def recalled() -> Select[Any]:
    """The keys of the orders whose parcels are being called back."""
    return select(OrderReturn.order_id).where(OrderReturn.state == "recalling")


def note_refund(session: Session, order: Order) -> None:
    """Called when money of an order went back: a return that waited for it is done."""
    query = select(OrderReturn).where(OrderReturn.order_id == order.id, OrderReturn.state == "refund_due")
    for one in session.scalars(query):
        if order.paid + order.escrowed <= order.refunded:
            one.take("finish", session)


def last_of(session: Session, order_id: int) -> OrderReturn | None:
    """The latest return of an order, if there is one."""
    query = select(OrderReturn).where(OrderReturn.order_id == order_id).order_by(OrderReturn.id.desc())
    return session.scalars(query.limit(1)).first()
