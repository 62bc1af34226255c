"""Watching what leaves the house: exports and looks at telephone numbers of customers, person by person and day by day.

A1 worries about customers that leave with a salesperson: a burst before a leave date is shown to the sales manager.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import rules
from app.engine.database import one_at_a_time
from app.engine.disclosure import export_of
from app.engine.events import SecurityEvent
from app.engine.frames import REPORTS
from app.engine.moments import at_office, local, today
from models import notices
from models.notices import Notice
from models.people import Person

#: Kinds in which customers leave the house, and the report that tells their numbers and addresses change by change.
WATCHED = frozenset(
    {
        "customers", "customer_contacts", "platform_identities", "customer_owners", "orders", "order_lines", "payments",
        "refunds", "handover_lines", "dealing_changes",
    }
)  # fmt: skip
#: Who sees the bursts of others.
WATCHERS = ("sales_manager", "office_manager", "leader", "auditor")

BURST_EXPORTS = rules.setting(
    "burst_exports", _l("Exports of customers and orders a day, above which the sales manager is told"), "number", "5"
)
BURST_REVEALS = rules.setting(
    "burst_reveals", _l("Looks at telephone numbers a day, above which the sales manager is told"), "number", "30"
)


@dataclass
class Deeds:
    """What one account took out of the house on one office day."""

    actor_id: int
    name: str
    day: date
    exports: int = 0
    rows: int = 0
    reveals: int = 0


@dataclass(frozen=True)
class Bounds:
    """The numbers above which a day is a burst."""

    exports: int
    reveals: int

    def passed_by(self, deeds: Deeds) -> bool:
        return deeds.exports > self.exports or deeds.reveals > self.reveals


def bounds(session: Session, on: date | None = None) -> Bounds:
    return Bounds(
        int(rules.number(session, BURST_EXPORTS, None, on)), int(rules.number(session, BURST_REVEALS, None, on))
    )


def watched() -> frozenset[str]:
    """What is watched: those kinds, and every report that names customers."""
    named = (name for name, one in REPORTS.items() if any(column.name == "customer" for column in one.columns))
    return WATCHED.union(named)


def deeds(session: Session, since: datetime | None = None, until: datetime | None = None) -> list[Deeds]:
    """Everybody's exports and looks at telephone numbers, one entry an account and office day, by day and name."""
    event = SecurityEvent
    query = select(event.actor_id, event.actor_name, event.at, event.kind, event.subject, event.detail)
    query = query.where(event.kind.in_(("exported", "revealed")), event.actor_id.is_not(None))
    if since is not None:
        query = query.where(event.at >= since)
    if until is not None:
        query = query.where(event.at < until)
    found: dict[tuple[int, date], Deeds] = {}
    taken_out = watched()
    for row in session.execute(query.order_by(event.at)):
        what, rows = export_of(row.detail) if row.kind == "exported" else (row.subject.partition(" ")[0], 0)
        if what not in taken_out:
            continue
        day = local(row.at).date()
        one = found.setdefault((row.actor_id, day), Deeds(row.actor_id, row.actor_name, day))
        if row.kind == "exported":
            one.exports, one.rows = one.exports + 1, one.rows + rows
        else:
            one.reveals += 1
    return sorted(found.values(), key=lambda one: (one.day, one.name, one.actor_id))


def person_by_account(session: Session, accounts: Iterable[int]) -> dict[int, Person]:
    query = select(Person).where(Person.user_id.in_(set(accounts)))
    return {person.user_id: person for person in session.scalars(query) if person.user_id is not None}


def bursts(session: Session) -> Iterator[Deeds]:
    """Those of yesterday and today that passed the numbers."""
    limits = bounds(session)
    yield from (one for one in deeds(session, since=at_office(today() - timedelta(days=1))) if limits.passed_by(one))


def warn(session: Session, burst: Deeds) -> int:
    """Tell the sales managers of a burst, once a person and day; how many notices. The caller commits."""
    one_at_a_time(session, f"burst {burst.actor_id} {burst.day}")
    person = person_by_account(session, [burst.actor_id]).get(burst.actor_id)
    if person is None:
        return 0
    day = burst.day.isoformat()
    known = select(Notice.id).where(
        Notice.key == "burst", Notice.kind == Person.kind_name, Notice.record_id == person.id,
        Notice.parameters.contains(f'"{day}"'),
    )  # fmt: skip
    if session.scalars(known.limit(1)).first() is not None:
        return 0
    managers = [one for one in notices.holders(session, "sales_manager") if one is not person]
    told = notices.tell(session, managers, "burst", person, day=day, exports=burst.exports, reveals=burst.reveals)
    return len(told)
