"""The sweep: what the clock on the wall does. Follow-up cases, the ladder of reminders, suspended papers that go on.

Safe at any time and from several processes: every piece of work is a transaction of its own that others wait for.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import access, clocks, history, ladder, recounts, references
from app.engine.clocks import ClockRow
from app.engine.database import first_to, lost, one_at_a_time, plainly
from app.engine.ladder import EscalationRung, RungSent
from app.engine.moments import local, now, today
from app.engine.office_calendar import working_calendar
from app.engine.record import kinds
from app.engine.versions import ClockVersion
from app.engine.workflow import flows, followed
from models import (
    customer_watch,
    daily_reviews,
    desk_ladder,
    difference_orders,
    follow_ups,
    fulfilling,
    notices,
    refunds,
    shipping,
    stock_totals,
)
from models.articles import Article
from models.fates import Hold
from models.follow_ups import FollowUp, Turn, turn_of
from models.notices import Notice
from models.orders import Order
from models.people import Person
from models.products import Product

log = logging.getLogger("wenshu")

#: The hours of the office's clock in which nobody waits for what takes long.
NIGHT = range(0, 6)
#: So many clocks are asked about together.
AT_ONCE = 500
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
        for burst in list(customer_watch.bursts(session)):
            session.rollback()
            done["notices"] += _apart(session, lambda burst=burst: customer_watch.warn(session, burst))  # type: ignore[misc]
        query = select(ClockRow.id).where(
            ClockRow.state == clocks.RUNNING,
            ClockRow.kind.in_(followed()),
        )
        running = list(session.scalars(query.order_by(ClockRow.id)))
        done["cases"] = len(running)
        for place in range(0, len(running), AT_ONCE):
            session.rollback()
            for clock_id in to_look_after(session, running[place : place + AT_ONCE]):
                session.rollback()
                done["notices"] += _apart(session, lambda pk=clock_id: look_after(session, pk))  # type: ignore[misc]
        for clock_id in desk_ladder.due(session):
            session.rollback()
            done["notices"] += _apart(session, lambda pk=clock_id: desk_ladder.climb(session, pk))  # type: ignore[misc]
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


def _told(session: Session, key: str, record: Any, word: str) -> bool:
    """Whether anybody was told this of a record already, with `word` among the parameters."""
    known = select(Notice.id).where(
        Notice.key == key, Notice.kind == record.kind_name, Notice.record_id == record.id,
        Notice.parameters.contains(f'"{word}"'),
    )  # fmt: skip
    return session.scalars(known.limit(1)).first() is not None


def remind_keepers(session: Session) -> int:
    """Tell whoever keeps a paper for now that its review comes up, once for each day it is to be reviewed; how many."""
    count = 0
    for pk in list(session.scalars(select(Hold.id).where(Hold.coming_up()).order_by(Hold.id))):
        session.rollback()
        count += _apart(session, lambda pk=pk: _remind(session, pk))  # type: ignore[misc]
    return count


def _remind(session: Session, pk: int) -> int:
    one_at_a_time(session, f"hold {pk}")
    kept = session.get(Hold, pk, populate_existing=True)
    if kept is None or kept.state != "held" or kept.review_at is None:
        return 0
    due = kept.review_at.isoformat()
    if _told(session, "review", kept, due):
        return 0
    people = [kept.keeper] if kept.keeper is not None else notices.holders(session, "archivist")
    return len(notices.tell(session, people, "review", kept, stage="review", due=due))


def keep_ledgers(session: Session) -> int:
    """Make the sheets of the daily review that nobody has opened, and keep unsigned ones up to date; how many."""
    count = 0
    for desk, day in daily_reviews.missing(session):
        session.rollback()
        count += _apart(session, lambda desk=desk, day=day: daily_reviews.open_sheet(session, desk, day))  # type: ignore[misc]
    for pk in daily_reviews.to_look_through(session):
        session.rollback()
        count += _apart(session, lambda pk=pk: daily_reviews.look_through(session, pk))  # type: ignore[misc]
    return count


def ask_to_verify(session: Session) -> int:
    """Let articles of the library fall due whose validity or last verification lies too far back; how many."""
    count = 0
    for pk in list(session.scalars(select(Article.id).where(Article.stale()).order_by(Article.id))):
        session.rollback()
        count += _apart(session, lambda pk=pk: _fall_due(session, pk))  # type: ignore[misc]
    return count


def apply_for_refunds(session: Session) -> int:
    """Let refunds go on to finance that waited for the moment the customer was told; how many."""
    count = 0
    for pk in refunds.to_apply(session):
        session.rollback()
        count += _apart(session, lambda pk=pk: refunds.apply_for(session, pk))  # type: ignore[misc]
    return count


def expire_differences(session: Session) -> int:
    """Take back changes whose difference in price was not paid in time; how many."""
    count = 0
    for pk in difference_orders.overdue(session):
        session.rollback()
        count += _apart(session, lambda pk=pk: difference_orders.let_expire(session, pk))  # type: ignore[misc]
    return count


def complete_orders(session: Session) -> int:
    """Complete orders paid in advance whose parcels left long ago; how many."""
    count = 0
    for pk in fulfilling.to_complete(session):
        session.rollback()
        count += _apart(session, lambda pk=pk: fulfilling.let_complete(session, pk))  # type: ignore[misc]
    return count


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
    count = 0
    for pk in shipping.expired(session):
        session.rollback()
        count += _apart(session, lambda pk=pk: _expire(session, pk))  # type: ignore[misc]
    return count


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
        if not _told(session, "stock_differs", product, day):
            keepers = notices.holders(session, "warehouse", "administrator")
            count += len(notices.tell(session, keepers, "stock_differs", product, day=day))
    session.commit()
    return count


def to_look_after(session: Session, clock_ids: Sequence[int]) -> list[int]:
    """Those of these clocks, by key, of which anybody is to be told now or whose case says something else: few of many.

    So many clocks are asked about in a handful of queries; what `look_after` then does, it finds out by itself.
    """
    known = {clock.id: clock for clock in session.scalars(select(ClockRow).where(ClockRow.id.in_(clock_ids)))}
    sent = select(RungSent.clock_id, RungSent.version, RungSent.rung_id, RungSent.turn)
    told = {tuple(row) for row in session.execute(sent.where(RungSent.clock_id.in_(clock_ids)))}
    cases = {case.clock_id: case for case in session.scalars(select(FollowUp).where(FollowUp.clock_id.in_(clock_ids)))}
    records, rungs = _records_of(session, known.values()), list(session.scalars(select(EscalationRung)))
    found = []
    for clock_id in clock_ids:
        clock = known.get(clock_id)
        record = records.get((clock.kind, clock.record_id)) if clock is not None else None
        if clock is None or record is None or not _is_followed(record, clock):
            continue
        case, turn = cases.get(clock_id), turn_of(record, clock.stage)
        come = ladder.reached(
            clock, ladder.rungs_for(rungs, clock.kind, clock.stage, record.profile()),
            working_calendar(session, clock.calendar), now(), daily=case is not None,
        )  # fmt: skip
        if any((clock.id, clock.version, one.rung.id, one.turn) not in told for one in come) or (
            follow_ups.differs(case, record, turn)
        ):
            found.append(clock_id)
    return found


def _records_of(session: Session, of: Iterable[ClockRow]) -> dict[tuple[str, int], Any]:
    """The records of clocks by kind and key, with their papers and those whose turn it is: a query a kind of these."""
    keys: dict[str, set[int]] = {}
    for clock in of:
        keys.setdefault(clock.kind, set()).add(clock.record_id)
    found: dict[tuple[str, int], Any] = {}
    for kind, some in keys.items():
        model: Any = kinds()[kind]
        named = {name for clock in model.flow.clocks.values() for name in clock.turn} | {"document", "register"}
        query = select(model).where(model.id.in_(some)).options(*references.options(model, named))
        found |= {(kind, record.id): record for record in session.scalars(query)}
    return found


def _is_followed(record: Any, clock: ClockRow) -> bool:
    return bool(record.flow.clocks[clock.stage].followed and record.followed(clock.stage))


def look_after(session: Session, clock_id: int) -> int:
    """Open or bring up to date the case of a clock and climb its ladder; how many notices. The caller commits.

    What is about no incoming paper has no case, and is told about all the same.
    """
    one_at_a_time(session, f"clock {clock_id}")
    clock = session.get(ClockRow, clock_id, populate_existing=True)
    if clock is None or clock.state != clocks.RUNNING:
        return 0
    model: Any = kinds()[clock.kind]
    record: Any = session.get(model, clock.record_id)
    if record is None or not _is_followed(record, clock):
        return 0
    turn = turn_of(record, clock.stage)
    case = follow_ups.follow(session, clock, record, turn)
    since = session.scalars(
        select(ClockVersion.at).where(ClockVersion.clock_id == clock.id, ClockVersion.number == clock.version)
    ).first()
    rungs = ladder.rungs_for(session.scalars(select(EscalationRung)), clock.kind, clock.stage, record.profile())
    told = ladder.climb(
        session, clock, rungs, working_calendar(session, clock.calendar), now(), since=since or clock.started_at,
        answered=case.state in ("answered", "reported") if case is not None else None,
    )  # fmt: skip
    if case is not None:
        _count(session, case, told)
    return _send(session, turn, case, clock, record, told)


def _count(session: Session, case: FollowUp, rungs: list[EscalationRung]) -> None:
    """Note in a case that it was reminded of by these rungs."""
    # Half of a long time gone is a word to whoever handles it, no warning yet (documents.md 3.5).
    if case.state == "watching" and any(rung.basis != "half_time" or rung.below_days for rung in rungs):
        case.take("warn", session)
    if rungs:
        with history.act("warn"):
            case.reminded += 1
            session.flush()


def _send(
    session: Session, turn: Turn, case: FollowUp | None, clock: ClockRow, record: Any, rungs: list[EscalationRung]
) -> int:
    """Put the notices of these rungs on people's lists: each is told once, by the latest rung."""
    key = "overdue" if clock.due_at < now() else "due_soon"
    officer = case.officer if case is not None else None
    count, done = 0, set()
    for rung in reversed(rungs):
        people = [person for person in _recipients(session, rung, turn, officer, record) if person not in done]
        done.update(people)
        told = notices.tell(
            session, people, key, record, rung_id=rung.id, stage=clock.stage, due=clock.due_at.isoformat()
        )
        count += len(told) + _tell_of_absence(session, turn, record, told, clock.stage)
    return count


def responsible(session: Session, turn: Turn) -> list[Person]:
    """The people whose turn it is: the one named, the head of the unit named, or whoever has the duty."""
    if turn.person is not None:
        return [turn.person]
    if turn.unit is not None and turn.unit.leader is not None:
        return [turn.unit.leader]
    return notices.holders(session, *turn.roles)


def _recipients(
    session: Session, rung: EscalationRung, turn: Turn, officer: Person | None, record: Any
) -> list[Person]:
    found: list[Person] = []
    for who in rung.recipients:
        if who == "responsible":
            found += responsible(session, turn)
        elif who == "unit_head":
            found += [turn.unit.leader] if turn.unit is not None and turn.unit.leader is not None else []
        elif who == "officer":
            found += [officer] if officer is not None else []
        elif who == "leader":
            found += leaders_of(session, notices.paper_of(record))
        else:
            found += notices.holders(session, {"clerk": "registry_clerk", "office_head": "office_manager"}[who])
    return list(dict.fromkeys(found))


def leaders_of(session: Session, paper: Any) -> list[Person]:
    """The leaders in charge of a paper; before there is any, all who could be."""
    return notices.instructors(session, paper) or notices.holders(session, "leader")


def _tell_of_absence(session: Session, turn: Turn, record: Any, told: list[Notice], stage: str) -> int:
    """Whoever gave the task learns, once, that its handler is away and who stands in."""
    count = 0
    for person in responsible(session, turn):
        mine = [notice for notice in told if notice.meant_for_id == person.id]
        away = bool(mine) or (notices.is_away(person) and any(notice.person_id == person.id for notice in told))
        if not away:
            continue
        key = "absent" if mine else "nobody"
        if not _told(session, key, record, stage):
            givers = leaders_of(session, notices.paper_of(record))
            deputy = mine[0].person.name if mine else ""
            count += len(notices.tell(session, givers, key, record, stage=stage, person=person.name, deputy=deputy))
    return count
