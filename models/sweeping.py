"""The sweep: what the clock on the wall does. Limits that come near or have passed, suspended papers that go on.

Safe at any time and from several processes: every piece of work is a transaction of its own that others wait for.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access, clocks, recounts
from app.engine.clocks import ClockRow
from app.engine.database import first_to, lost, one_at_a_time, plainly
from app.engine.moments import local, now, today
from app.engine.record import kinds
from app.engine.workflow import flows, followed
from models import (
    customer_watch,
    daily_reviews,
    desk_ladder,
    difference_orders,
    fulfilling,
    notices,
    refunds,
    reminding,
    shipping,
    stock_totals,
)
from models.articles import Article
from models.fates import Hold
from models.orders import Order
from models.people import Person
from models.products import Product

log = logging.getLogger("wenshu")

Key = TypeVar("Key")

#: The hours of the office's clock in which nobody waits for what takes long.
NIGHT = range(0, 6)
#: Who waits for a record that goes on.
AWAITING = ("handler_id", "taker_id")


def sweep(session: Session) -> Counter[str]:
    """Do all that is due; how many limits moved, cases were seen to, notices sent, papers woken and articles due."""
    done: Counter[str] = Counter()
    with access.system():
        done["moved"] = len(recounts.recount(session))
        session.commit()
        done["woken"] = wake(session)
        done["notices"] += remind_keepers(session)
        keep_ledgers(session)
        done["verifications"] = ask_to_verify(session)
        done["refunds"] = apply_for_refunds(session)
        done["differences"] = expire_differences(session)
        done["reservations"] = expire_reservations(session)
        done["completed"] = complete_orders(session)
        if local(now()).hour in NIGHT:
            done["notices"] += check_stock(session)
        done["notices"] += _each(session, customer_watch.bursts(session), customer_watch.warn)
        query = select(ClockRow.id).where(
            ClockRow.state == clocks.RUNNING,
            ClockRow.kind.in_(followed()),
        )
        running = list(session.scalars(query.order_by(ClockRow.id)))
        done["cases"] = len(running)
        for place in range(0, len(running), reminding.AT_ONCE):
            session.rollback()
            stirred = reminding.to_look_after(session, running[place : place + reminding.AT_ONCE])
            done["notices"] += _each(session, stirred, reminding.look_after)
        done["notices"] += _each(session, desk_ladder.due(session), desk_ladder.climb)
    return done


def _apart(session: Session, work: Callable[[], int]) -> int:
    """One piece of work in a transaction of its own; one that loses to somebody else is left to the next sweep."""
    try:
        count = work()
        session.commit()
        return count
    except Exception as error:
        session.rollback()
        if not lost(error):
            raise
        log.info("left to the next sweep: %s", plainly(error))
        return 0


def _each(session: Session, keys: Iterable[Key], work: Callable[[Session, Key], int]) -> int:
    """The same piece of work for each of these, all found beforehand; what they come to together."""
    count = 0
    for key in list(keys):
        session.rollback()
        count += _apart(session, partial(work, session, key))
    return count


def wake(session: Session) -> int:
    """Let suspended records whose day or moment has come go on, by their own step; how many."""
    count = 0
    for kind, flow in list(flows()):
        model: Any = kinds()[kind]
        moment = hasattr(model, "wake_at")
        if "go_on" not in flow.steps or not (moment or hasattr(model, "wake_on")):
            continue
        come = model.wake_at <= now() if moment else model.wake_on <= today()
        condition = model.state.in_(flow.steps["go_on"].sources), come
        for pk in list(session.scalars(select(model.id).where(*condition).order_by(model.id))):
            session.rollback()
            count += _apart(session, lambda model=model, pk=pk: _go_on(session, model, pk))  # type: ignore[misc]
    return count


def _go_on(session: Session, model: Any, pk: int) -> int:
    one_at_a_time(session, f"wake {model.kind_name} {pk}")
    record = session.get(model, pk, populate_existing=True)
    if record is None or record.state not in record.flow.steps["go_on"].sources:
        return 0
    record.take("go_on", session)
    people = [session.get(Person, key) for name in AWAITING if (key := getattr(record, name, None))]
    words = "resumed" if hasattr(model, "wake_at") else "awake"
    notices.tell(session, [person for person in people if person], words, record)
    return 1


def remind_keepers(session: Session) -> int:
    """Tell whoever keeps a paper for now that its review comes up, once for each day it is to be reviewed; how many."""
    return _each(session, session.scalars(select(Hold.id).where(Hold.coming_up()).order_by(Hold.id)), _remind)


def _remind(session: Session, pk: int) -> int:
    one_at_a_time(session, f"hold {pk}")
    kept = session.get(Hold, pk, populate_existing=True)
    if kept is None or kept.state != "held" or kept.review_at is None:
        return 0
    due = kept.review_at.isoformat()
    if notices.was_told(session, "review", kept, due):
        return 0
    people = [kept.keeper] if kept.keeper is not None else notices.holders(session, "archivist")
    return len(notices.tell(session, people, "review", kept, stage="review", due=due))


def keep_ledgers(session: Session) -> int:
    """Make the sheets of the daily review that nobody has opened, and keep unsigned ones up to date; how many."""
    count = 0
    for desk, day in daily_reviews.missing(session):
        session.rollback()
        count += _apart(session, lambda desk=desk, day=day: daily_reviews.open_sheet(session, desk, day))  # type: ignore[misc]
    return count + _each(session, daily_reviews.to_look_through(session), daily_reviews.look_through)


def ask_to_verify(session: Session) -> int:
    """Let articles of the library fall due whose validity or last verification lies too far back; how many."""
    return _each(session, session.scalars(select(Article.id).where(Article.stale()).order_by(Article.id)), _fall_due)


def apply_for_refunds(session: Session) -> int:
    """Let refunds go on to finance that waited for the moment the customer was told; how many."""
    return _each(session, refunds.to_apply(session), refunds.apply_for)


def expire_differences(session: Session) -> int:
    """Take back changes whose difference in price was not paid in time; how many."""
    return _each(session, difference_orders.overdue(session), difference_orders.let_expire)


def complete_orders(session: Session) -> int:
    """Complete orders paid in advance whose parcels left long ago; how many."""
    return _each(session, fulfilling.to_complete(session), fulfilling.let_complete)


def _fall_due(session: Session, pk: int) -> int:
    one_at_a_time(session, f"article {pk}")
    article = session.scalars(select(Article).where(Article.id == pk, Article.stale())).first()
    if article is None:
        return 0
    article.take("fall_due", session)
    head = article.department.leader
    people = [*([head] if head is not None else []), *notices.holders(session, "service_manager")]
    due = article.review_at
    notices.tell(session, people, "verify", article, stage="review", due=due.isoformat() if due else None)
    return 1


def expire_reservations(session: Session) -> int:
    """Free the goods of orders for which they were kept long enough, by the order's own step; of how many orders."""
    return _each(session, shipping.expired(session), _expire)


def _expire(session: Session, pk: int) -> int:
    one_at_a_time(session, f"order {pk}")
    order = session.get(Order, pk, populate_existing=True)
    if order is None or pk not in shipping.expired(session):
        return 0
    order.take("let_reservation_expire", session)
    return 1


def check_stock(session: Session) -> int:
    """Compare the totals of the stock with its books, and tell the warehouse once a day where they differ; how many."""
    session.rollback()
    _apart(session, lambda: stock_totals.open_books(session))
    if not first_to(session, "check the stock"):
        return 0
    wrong, day, count = stock_totals.differences(session), today().isoformat(), 0
    for pk, sentences in wrong.items():
        log.error("stock: %s", " ".join(sentences))
        product = session.get_one(Product, pk)
        if not notices.was_told(session, "stock_differs", product, day):
            keepers = notices.holders(session, "warehouse", "administrator")
            count += len(notices.tell(session, keepers, "stock_differs", product, day=day))
    session.commit()
    return count
