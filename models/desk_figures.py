"""The two goals of the hotline (H1) as they stand today: numerator, denominator and aim, each defined once.

`handled`: calls answered or dispatched within the front desk's limit, of all calls received that have one; those of an
older register have none, nor has what is passed on as an opinion. `short`: calls that took at most 120 seconds from
pick-up to hang-up, of all calls with both times. Void calls count nowhere. After tickets-orders.md 7.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Integer, Select, and_, case, extract, func, select
from sqlalchemy.orm import Session, aliased

from app.engine import clocks, rules
from app.engine.clocks import ClockRow
from app.engine.moments import at_office
from app.engine.moments import today as the_day
from models.tickets import ServiceTicket

HANDLING_GOAL = rules.setting("handling_goal", _l("Goal: calls handled in time, in per cent"), "number", "90")
SHORT_GOAL = rules.setting("short_call_goal", _l("Goal: calls finished in two minutes, in per cent"), "number", "80")
#: H1 says one to two minutes: the longer bound counts, the shorter is shown beside it.
SHORT, VERY_SHORT = timedelta(seconds=120), timedelta(seconds=60)
#: P1: answered within three rings
RINGS = 3


@dataclass(frozen=True)
class Rate:
    """A share with what it is a share of, and what is aimed at."""

    label: Any
    met: int
    total: int
    goal: Decimal | None = None

    @property
    def percent(self) -> str:
        """`91.7 %`, or a dash where there is nothing to divide by."""
        return f"{Decimal(100 * self.met) / self.total:.1f} %" if self.total else "—"

    @property
    def of(self) -> str:
        return _("%(met)s of %(total)s", met=self.met, total=self.total)

    @property
    def goal_text(self) -> str:
        return "" if self.goal is None else _("goal %(goal)s %%", goal=f"{self.goal.normalize():f}")

    @property
    def tone(self) -> str:
        if self.goal is None or not self.total:
            return "neutral"
        return "good" if Decimal(100 * self.met) >= self.goal * self.total else "bad"


def seconds(later: Any, earlier: Any, dialect: str) -> Any:
    """The SQL expression of the seconds between two moments."""
    if dialect == "postgresql":
        return extract("epoch", later - earlier)
    return (func.julianday(later) - func.julianday(earlier)) * 86400


def calls(session: Session) -> Select[Any]:
    """Calls by telephone that count, each with whether it was handled in time (`handled`: 1 or 0; nothing where it has
    no limit) and how long it took (`took`, seconds; nothing where a time is missing)."""
    clock = aliased(ClockRow)
    ticket = ServiceTicket
    handled = case((clock.state == clocks.MET, 1), (clock.state != clocks.VOID, 0), else_=None)
    took = seconds(ticket.ended_at, ticket.picked_up_at, session.get_bind().dialect.name)
    joined = and_(
        clock.kind == ticket.kind_name, clock.record_id == ticket.id, clock.stage == "front_desk", clock.episode == 1
    )
    return (
        select(ticket.id, ticket.received_at, handled.label("handled"), took.label("took"), ticket.rings)
        .join(clock, joined, isouter=True)
        .where(ticket.channel == "phone", ticket.state.not_in(UNCOUNTED))
    )


#: States in which a ticket counts nowhere.
UNCOUNTED = ServiceTicket.flow.uncounted_states


def today(session: Session) -> list[Rate]:
    """The rates of the calls received today: handled in time, short, and very short; one query."""
    day = at_office(the_day())
    of = calls(session).where(ServiceTicket.received_at >= day).subquery()
    row = session.execute(
        select(
            func.count(of.c.handled), func.coalesce(func.sum(of.c.handled), 0), func.count(of.c.took),
            *(
                func.coalesce(func.sum(func.cast(of.c.took <= bound.total_seconds() + 0.001, Integer)), 0)
                for bound in (SHORT, VERY_SHORT)
            ),
        )
    ).one()  # fmt: skip
    limited, handled, timed, short, very_short = map(int, row)
    return [
        Rate(_l("Handled in time"), handled, limited, rules.number(session, HANDLING_GOAL, "hotline")),
        Rate(_l("Finished within 2 minutes"), short, timed, rules.number(session, SHORT_GOAL, "hotline")),
        Rate(_l("Finished within 1 minute"), very_short, timed),
    ]
