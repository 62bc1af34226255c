"""How papers go 公文过程: who sends what, is it answered in time, who reads how soon, who asks for more time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, bindparam, case, or_, select

from app.engine.clocks import MET, MISSED, PAUSED, RUNNING, ClockRow
from app.engine.figures import Figure, Group, Share, Tally, Took, figures, monthly
from app.engine.moments import Moment, now
from models.correspondents import Correspondent
from models.documents import URGENCY, IncomingDocument
from models.entries import OUT_OF_SCOPE, CirculationEntry
from models.extensions import WISHES, ExtensionRequest
from models.paper_types import INCOMING
from models.people import Department, Person, told_apart
from models.secrecy import SECRECY
from reports.counting import with_pauses

#: Entries not read for so many days are told apart (documents.md R10).
LONG = timedelta(days=10)


def _limit(of: Any) -> Any:
    """What the clock of the last handling of a paper says; of an older register the limit that was stated is all."""
    paper, clock = IncomingDocument, ClockRow.__table__.c
    handling = and_(clock.kind == paper.kind_name, clock.record_id == paper.id, clock.stage == "handling")
    last = select(of).where(handling).order_by(clock.id.desc()).limit(1).correlate(paper).scalar_subquery()
    clocked = select(clock.id).where(handling).correlate(paper).exists()
    return case((clocked, last), else_=paper.limit_at)


@figures(
    "incoming_papers",
    _l("Incoming papers in figures"),
    basis=_l(
        "Papers received in the period, void, returned and withdrawn ones apart, by what became of them until now. A "
        "proposal is in time within the limit the house sets for it; an answer by the limit of the paper as it stands "
        "now, extended or put off by a pause. What is neither done nor over its limit is not judged yet, and an answer "
        "to a paper without a limit never is."
    ),
    chart="received",
)
def incoming_papers() -> Tally:
    """One row a sender, type, secrecy, urgency, department or month: papers, proposals in time, answers due."""
    paper, clock = IncomingDocument, ClockRow.__table__.c
    moment: Any = bindparam("this_moment", callable_=now, type_=Moment())
    of_proposal = select(clock.id).where(
        clock.kind == paper.kind_name, clock.record_id == paper.id, clock.stage == "proposal"
    )
    in_time = of_proposal.where(clock.state == MET).correlate(paper).exists()
    over = or_(clock.state == MISSED, and_(clock.state == RUNNING, clock.due_at < moment))
    proposed, not_in_time = paper.proposed_at.is_not(None), of_proposal.where(over).correlate(paper).exists()
    due, answered = paper.answer_due.is_(True), paper.answered_sender_at.is_not(None)
    limit, runs_to = _limit(clock.due_at), _limit(case((clock.state != PAUSED, clock.due_at)))
    return Tally(
        paper,
        paper.received_at,
        {
            "sender": Group(_l("Sender"), Correspondent.name),
            "paper_type": Group(_l("Type of paper"), paper.paper_type, INCOMING),
            "secrecy": Group(_l("Secrecy"), paper.secrecy, SECRECY),
            "urgency": Group(_l("Urgency"), paper.urgency, URGENCY),
            "department": Group(_l("Department"), Department.name),
            "month": monthly(paper.received_at),
        },
        [
            Figure("received", _l("Papers received")),
            Figure("proposed", _l("Papers proposed"), proposed),
            Figure("proposal_judged", _l("Papers proposed, or the limit for it past"), or_(proposed, not_in_time)),
            Figure("proposed_in_time", _l("Proposed in time"), and_(proposed, in_time)),
            Share("proposed_share", _l("Share proposed in time"), "proposed_in_time", "proposal_judged"),
            Figure("closed", _l("Papers closed"), paper.closed_at.is_not(None)),
            Figure("open", _l("Papers in hand"), paper.pending()),
            Figure("overdue", _l("Of these overdue"), paper.late(moment), alarm=True),
            Figure("answer_due", _l("To be answered"), due),
            Share("answer_due_share", _l("Share to be answered"), "answer_due", "received"),
            Figure("answered", _l("Of these answered"), and_(due, answered)),
            Figure("answer_judged", _l("Of these answered, or the limit past"),
                   and_(due, or_(and_(answered, limit.is_not(None)), runs_to < moment))),
            Figure("answered_in_time", _l("Of these in time"),
                   and_(due, answered, paper.answered_sender_at <= limit)),
            Share("answered_share", _l("Share answered in time"), "answered_in_time", "answer_judged"),
            Took("to_propose", _l("Received to proposed"), paper.received_at, paper.proposed_at, working=True),
        ],
        where=(paper.state.not_in(paper.flow.uncounted_states),),
        joins=lambda query: (
            query.join(Correspondent, paper.sender_id == Correspondent.id, isouter=True).join(
                Department, paper.department_id == Department.id, isouter=True
            )
        ),
        compared="received",
    )  # fmt: skip


def _passed_over(query: Any) -> Any:
    """The times in which a reader was passed over: the paper was with others."""
    return with_pauses(query, CirculationEntry, "reading")


@figures(
    "reading",
    _l("Reading in figures"),
    basis=_l(
        "Circulation entries offered in the period, those taken back or exempted apart. The hours go from the offer to "
        "the reading without the time in which the reader was passed over; what is not read yet has none."
    ),
    chart="unread",
)
def reading() -> Tally:
    """One row a reader, department or month: entries offered, opened, read, not read; hours to reading."""
    entry, reader = CirculationEntry, Person
    before = bindparam("so_long_ago", callable_=lambda: now() - LONG, type_=Moment())
    moment: Any = bindparam("this_moment", callable_=now, type_=Moment())
    waits = case((and_(entry.read_at.is_(None), entry.state != "skipped"), moment))
    return Tally(
        entry,
        entry.sent_at,
        {
            "reader": Group(_l("Reader"), told_apart()),
            "department": Group(_l("Department"), Department.name),
            "month": monthly(entry.sent_at),
        },
        [
            Figure("offered", _l("Entries offered")),
            Figure("opened", _l("Opened"), entry.opened_at.is_not(None)),
            Figure("read", _l("Read"), entry.read_at.is_not(None)),
            Figure("answered", _l("With an opinion"), entry.state == "answered"),
            Figure("unread", _l("Not read"), entry.read_at.is_(None)),
            Figure(
                "long_unread",
                _l("Not read for ten days"),
                and_(entry.read_at.is_(None), entry.sent_at < before, entry.state != "skipped"),
            ),
            Share("read_share", _l("Share read"), "read", "offered"),
            Took("waiting", _l("Offered and not read yet"), entry.sent_at, waits, days=True),
            Took("to_read", _l("Offered to read"), entry.sent_at, entry.read_at, working=True, pauses=_passed_over),
        ],
        where=(entry.sent_at.is_not(None), entry.state.not_in(OUT_OF_SCOPE)),
        joins=lambda query: query.join(reader, entry.reader_id == reader.id, isouter=True).join(
            Department, reader.department_id == Department.id, isouter=True
        ),
    )


@figures(
    "extensions",
    _l("Requests for time in figures"),
    basis=_l("Requests for more time or a pause made in the period, by what became of them until now."),
    chart="asked",
)
def extensions() -> Tally:
    """One row a wish, department or month: requests made, granted, refused, made after the limit; the time granted."""
    request, paper = ExtensionRequest, IncomingDocument
    granted = request.state == "granted"
    return Tally(
        request,
        request.created_at,
        {
            "wish": Group(_l("Asks for"), request.wish, WISHES),
            "department": Group(_l("Department"), Department.name),
            "month": monthly(request.created_at),
        },
        [
            Figure("asked", _l("Requests made")),
            Figure("granted", _l("Requests granted"), granted),
            Figure("refused", _l("Requests refused"), request.state == "refused"),
            Figure("too_late", _l("Made after the limit"), request.created_at > request.limit_at),
            Share("granted_share", _l("Share granted"), "granted", "asked"),
            Took("time", _l("Time asked for beyond the limit"), request.limit_at, request.until, days=True),
        ],
        joins=lambda query: query.join(paper, request.document_id == paper.id, isouter=True).join(
            Department, paper.department_id == Department.id, isouter=True
        ),
    )
