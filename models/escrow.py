"""Money with a platform 第三方平台: the buyer has paid the platform, which pays us once the buyer has the goods."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.engine import history
from app.engine.database import session_of
from app.engine.moments import now
from app.engine.refusals import StepRefused
from app.engine.workflow import Ask
from models import allocations
from models.payments import Payment, is_not_recorder


@Payment.flow.step(
    "in_escrow", to="released", label=_l("The platform paid it out"), tone="primary", who=is_not_recorder
)  # fmt: skip
def release(
    payment: Payment,
    payout_no: Annotated[str | None, Ask(_l("Number of the payout"), kind="number", length=100)] = None,
    at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None,
) -> None:
    """The buyer confirmed the goods and the money came to our account."""
    settled(payment, payout_no, at)
    allocations.settle(session_of(payment), payment)


@Payment.flow.step("in_escrow", to="returned", label=_l("The buyer got it back"), tone="danger", who=is_not_recorder)
def return_to_buyer(
    payment: Payment,
    reason: Annotated[str, Ask(_l("Reason"))],
    at: Annotated[datetime | None, Ask(_l("When"), help=_l("Empty: now"))] = None,
) -> None:
    """The platform gave all of it back to the buyer; it never was ours. An order under way without it goes on hold."""
    session = session_of(payment)
    settled(payment, None, at)
    payment.state = "returned"
    session.flush()
    with session.no_autoflush:
        order = payment.order
    if order is not None:
        words = _("The platform gave %(amount)s back to the buyer: %(reason)s", amount=payment.amount, reason=reason)
        allocations.hold_uncovered(session, order, words)


def settled(payment: Payment, payout_no: str | None, at: datetime | None) -> None:
    """Note who recorded when that the money came, or went. Raises `StepRefused` for a moment to come."""
    if at is not None and at > now():
        raise StepRefused(_("The payment cannot have been made in the future."))
    payment.payout_no, payment.settled_at = payout_no, at or now()
    payment.settled_by_id = history.doer().own_person_id
