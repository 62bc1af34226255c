"""How tickets go 工单过程: who is received, how soon a matter goes out, how long it takes, what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import pandas as pd
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, union_all
from sqlalchemy.orm import Session

from app.engine.clocks import ClockRow, ClockSegment
from app.engine.figures import Figure, Group, Share, Tally, Took, figures, monthly
from app.engine.history import HistoryEntry
from app.engine.moments import Moment
from app.engine.periods import Period
from app.engine.phones import PhoneKey
from app.engine.spans import DaysAfter, Hours
from models.desk_figures import UNCOUNTED
from models.dispatch import DispatchOrder
from models.people import Department, Person, told_apart
from models.ticket_words import CHANNELS, KINDS, SCHEMES
from models.tickets import ServiceTicket
from reports.counting import FEWEST, SECRET, masked
from reports.passages import began_in, of_record, went_into

#: States in which a ticket has ended and counts.
ENDS = tuple(state.name for state in ServiceTicket.flow.states.values() if state.final and not state.uncounted)
#: Days within which a matter that was closed comes back, and a caller with the same matter (tickets-orders.md 7.1).
BACK_WITHIN, AGAIN_WITHIN = 30, 7


@dataclass(frozen=True)
class TicketTally(Tally):
    """Figures on tickets: fewer than five reports of wrongdoing are not counted out, nor is what would tell them."""

    #: whether reports of wrongdoing alone are counted
    secret: bool = False
    #: the figures on what is not under seal, how many there are first: beside all they tell how many are
    unsealed: tuple[str, ...] = ()

    def narrowed(self, key: Mapping[str, str]) -> Self:
        found = super().narrowed(key)
        return replace(found, secret=True) if key.get("kind") == SECRET else found

    def frame(self, session: Session, period: Period, by: Sequence[str]) -> pd.DataFrame:
        table = super().frame(session, period, by)
        secret = table["kind"].eq(SECRET) if "kind" in by else pd.Series(self.secret, index=table.index)
        changes = [name for name in table.columns if name.startswith(f"{self.compared}_on_")]
        table.loc[secret, changes] = None
        if self.unsealed:
            few = (table[self.figures[0].name] - table[self.unsealed[0]]).between(1, FEWEST - 1)
            table = table.assign(**{name: table[name].astype(object).where(~few, None) for name in self.unsealed})
        return masked(table, by, self.figures[0].name, secret)


def _groups(at: Any) -> dict[str, Group]:
    ticket = ServiceTicket
    return {
        "kind": Group(_l("Kind"), ticket.kind, KINDS),
        "channel": Group(_l("Channel"), ticket.channel, CHANNELS),
        "taker": Group(_l("First responsible"), told_apart()),
        "desk": Group(_l("Desk"), ticket.scheme, SCHEMES),
        "department": Group(_l("Department"), Department.name),
        "month": monthly(at),
    }


def _with_names(query: Any) -> Any:
    ticket = ServiceTicket
    return query.join(Person, ticket.taker_id == Person.id, isouter=True).join(
        Department, ticket.department_id == Department.id, isouter=True
    )


def _first_dispatched() -> Any:
    """When a ticket first went to a unit: a later issue of the same order covers the first on the order itself."""
    entry = HistoryEntry.__table__.alias("sent").c
    query = select(func.min(entry.at)).where(
        of_record(ServiceTicket, entry), went_into(ServiceTicket, entry, "dispatched")
    )
    return query.correlate(ServiceTicket).scalar_subquery()


@figures(
    "tickets_received",
    _l("Tickets received in figures"),
    basis=_l(
        "Tickets received in the period, void and merged ones apart, by what became of them until now. Whether a "
        "caller is anonymous is told of what is not under seal alone. Received to dispatched: until the ticket first "
        "went to a unit. Fewer than five reports of wrongdoing are not counted out, nor what is not under seal beside "
        "fewer than five that are."
    ),
    chart="received",
)
def tickets_received() -> Tally:
    """One row a kind, channel, taker, desk, department or month: tickets, anonymous, reopened, hours to dispatch."""
    ticket = ServiceTicket
    anonymous = and_(ticket.unsealed(), ticket.anonymous.is_(True))
    return TicketTally(
        ticket,
        ticket.received_at,
        _groups(ticket.received_at),
        [
            Figure("received", _l("Tickets received")),
            Figure("unsealed", _l("Not under seal"), ticket.unsealed()),
            Figure("anonymous", _l("Of these anonymous"), anonymous),
            Share("anonymous_share", _l("Share anonymous"), "anonymous", "unsealed"),
            Figure(
                "unexplained", _l("Anonymous, nothing explained"),
                and_(anonymous, ticket.anonymity_explained.is_not(True)),
            ),
            Figure("reopened", _l("Reopened since"), ticket.episode > 1),
            Share("reopened_share", _l("Share reopened since"), "reopened", "received"),
            Took("to_dispatch", _l("Received to dispatched"), ticket.received_at, _first_dispatched(), working=True),
        ],
        where=(ticket.state.not_in(UNCOUNTED),),
        joins=_with_names,
        compared="received",
        unsealed=("unsealed", "anonymous", "anonymous_share", "unexplained"),
    )  # fmt: skip


def _closing(entry: Any) -> ColumnElement[bool]:
    """Whether an entry of the history closed the ticket, or brought it along closed from an older register."""
    return and_(of_record(ServiceTicket, entry), or_(went_into(ServiceTicket, entry, *ENDS), began_in(entry, *ENDS)))


def closed_at(entry: Any) -> Any:
    """When a closing was: a line of an older register has its own moment, unless a later round has replaced it."""
    ticket = ServiceTicket
    return case((entry.position == 1, case((ticket.episode == 1, ticket.closed_at))), else_=entry.at)


def closings(query: Any, entry: Any) -> Any:
    """A query of tickets with one row for each time one was closed."""
    return query.join(entry, _closing(entry.c))


def _back_within(days: int, closed: Any) -> ColumnElement[bool]:
    """Whether a ticket was reopened within so many days of a closing."""
    entry = HistoryEntry.__table__.alias("again").c
    again = went_into(ServiceTicket, entry, "reopened", out_of=ENDS)
    at = entry.at.between(closed, DaysAfter(closed, days))
    return exists(select(entry.id).where(of_record(ServiceTicket, entry), at, again).correlate_except(entry.id.table))


def _same_matter_within(days: int) -> ColumnElement[bool]:
    """Whether a ticket of the same matter came within so many days of the answer: same kind, and number or place.

    As where doubles are proposed (`models.merging`), what is under seal is compared with nothing.
    """
    one, number = ServiceTicket.__table__.alias("matter").c, PhoneKey.__table__.c
    compared = (one.kind != SECRET, one.named.is_not(True), one.confidential.is_not(True), one.state != "voided")

    def following(what: Any) -> Any:
        """The tickets, each with the moment of the next one of its kind that has the same place or number."""
        upcoming = func.lead(one.received_at, type_=Moment())
        at = upcoming.over(partition_by=(one.kind, what), order_by=(one.received_at, one.id))
        return select(one.id, one.answered_at, at.label("next_at")).where(*compared, what != "")

    bears = and_(number.kind == ServiceTicket.kind_name, number.record_id == one.id)
    by_number = following(number.key).select_from(one.id.table.join(number.key.table, bears))
    found = union_all(following(one.place), by_number).subquery().c
    # Looked for once for all tickets: one after the other would take minutes where a place is a whole estate.
    return ServiceTicket.id.in_(select(found.id).where(found.next_at <= DaysAfter(found.answered_at, days)))


def _at_first_contact() -> ColumnElement[bool]:
    """Whether an article answered the matter at once and for good."""
    ticket, order = ServiceTicket, DispatchOrder.__table__.c
    sent = exists(select(order.id).where(order.ticket_id == ticket.id, order.issued_at.is_not(None)).correlate(ticket))
    at_once = and_(ticket.promised_at.is_(None), ticket.waits == 0, ticket.episode == 1, ~sent)
    return and_(ticket.citation_id.is_not(None), at_once, ~_same_matter_within(AGAIN_WITHIN))


def _on_the_clock(closed: Any, *conditions: Any) -> Any:
    """The hours on the clock of the answer to the caller until a closing, in all rounds."""
    ticket, clock, segment = ServiceTicket, ClockRow.__table__.c, ClockSegment.__table__.c
    query = (
        select(func.coalesce(func.sum(Hours(segment.begins_at, segment.ends_at)), 0.0))
        .where(clock.id == segment.clock_id, clock.kind == ticket.kind_name, clock.record_id == ticket.id)
        .where(clock.stage == "parent", segment.ends_at <= closed, *conditions)
    )
    return query.correlate_except(clock.id.table, segment.id.table).scalar_subquery()


@figures(
    "tickets_closed",
    _l("Tickets closed in figures"),
    basis=_l(
        "Tickets closed or passed on as an opinion in the period, each time it happened; void and merged ones apart. "
        "Reopened: within 30 days of the closing, until now; a matter registered anew is a ticket of its own. Resolved "
        "in the first contact: answered from an article without promise, wait or dispatch, not reopened, and no ticket "
        "of the same kind from the same number or place within 7 days of the answer; of all but praise. Received to "
        "answered: the last answer, where no later one replaced it. Paused: of the time on the clock of the answer, in "
        "all rounds until the closing. Fewer than five reports of wrongdoing are not counted out."
    ),
    chart="closed",
)
def tickets_closed() -> Tally:
    """One row a kind, channel, taker, desk, department or month: closings, reopened, resolved at once, hours taken."""
    ticket, entry = ServiceTicket, HistoryEntry.__table__.alias("closing")
    closed = closed_at(entry.c)
    answerable = or_(ticket.kind != "feedback", ticket.sub_kind.is_(None), ticket.sub_kind != "praise")
    answered = case((ticket.answered_at <= closed, ticket.answered_at))
    return TicketTally(
        ticket,
        closed,
        _groups(closed),
        [
            Figure("closed", _l("Tickets closed")),
            Figure("reopened", _l("Reopened within 30 days"), _back_within(BACK_WITHIN, closed)),
            Share("reopened_share", _l("Share reopened within 30 days"), "reopened", "closed"),
            Figure("answerable", _l("To be answered"), answerable),
            Figure("first_contact", _l("Resolved in the first contact"), and_(answerable, _at_first_contact())),
            Share("first_contact_share", _l("Share resolved in the first contact"), "first_contact", "answerable"),
            Figure("clock_hours", _l("Hours on the clock"), of=_on_the_clock(closed), kind="quantity"),
            Figure(
                "paused_hours", _l("Of these paused"), of=_on_the_clock(closed, ~ClockSegment.__table__.c.running),
                kind="quantity",
            ),
            Share("paused_share", _l("Share of the time paused"), "paused_hours", "clock_hours"),
            Took("to_answer", _l("Received to answered"), ticket.received_at, answered, working=True),
        ],
        where=(ticket.state.not_in(UNCOUNTED), closed.is_not(None)),
        joins=lambda query: _with_names(closings(query, entry)),
        compared="closed",
    )  # fmt: skip
