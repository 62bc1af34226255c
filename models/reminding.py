"""Reminding 催办: whose turn a limit of a paper is, who is told of it by the ladder, and the case that says so.

The sweep asks which of many running clocks have anything new and looks after each of these in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.engine import clocks, history, ladder, references
from app.engine.clocks import ClockRow
from app.engine.database import one_at_a_time
from app.engine.ladder import EscalationRung, RungSent
from app.engine.moments import now
from app.engine.office_calendar import working_calendar
from app.engine.record import kinds
from app.engine.versions import ClockVersion
from models import follow_ups, notices
from models.follow_ups import FollowUp, Turn, turn_of
from models.notices import Notice
from models.people import Person

#: So many records are read together.
AT_ONCE = 500


def to_look_after(session: Session, clock_ids: Sequence[int]) -> list[int]:
    """Those of these clocks, by key, of which anybody is to be told now or whose case says something else: few of many.

    So many clocks are asked about in a handful of queries; what `look_after` then does, it finds out by itself.
    """
    known = {clock.id: clock for clock in session.scalars(select(ClockRow).where(ClockRow.id.in_(clock_ids)))}
    sent = select(RungSent.clock_id, RungSent.version, RungSent.rung_id, RungSent.turn)
    told = {tuple(row) for row in session.execute(sent.where(RungSent.clock_id.in_(clock_ids)))}
    cases = {case.clock_id: case for case in session.scalars(select(FollowUp).where(FollowUp.clock_id.in_(clock_ids)))}
    records, rungs = records_of(session, known.values()), list(session.scalars(select(EscalationRung)))
    calendars = {name: working_calendar(session, name) for name in {clock.calendar for clock in known.values()}}
    found = []
    for clock_id in clock_ids:
        clock = known.get(clock_id)
        record = records.get((clock.kind, clock.record_id)) if clock is not None else None
        if clock is None or record is None or not _is_followed(record, clock):
            continue
        case, turn = cases.get(clock_id), turn_of(record, clock.stage)
        come = ladder.reached(
            clock, ladder.rungs_for(rungs, clock.kind, clock.stage, record.profile()),
            calendars[clock.calendar], now(), daily=case is not None,
        )  # fmt: skip
        if any((clock.id, clock.version, one.rung.id, one.turn) not in told for one in come) or (
            follow_ups.differs(case, record, turn)
        ):
            found.append(clock_id)
    return found


def records_of(session: Session, of: Iterable[ClockRow]) -> dict[tuple[str, int], Any]:
    """The records of clocks by kind and key, with the paper or ticket they are about and those whose turn it is.

    A query for each of these and some hundreds of records.
    """
    keys: dict[str, list[int]] = {}
    for clock in of:
        keys.setdefault(clock.kind, []).append(clock.record_id)
    found: dict[tuple[str, int], Any] = {}
    for kind, some in keys.items():
        model: Any = kinds()[kind]
        turns = {name for clock in model.flow.clocks.values() for name in clock.turn}
        about = references.options(model, {*turns, "document", "register", "ticket"})
        for place in range(0, len(some), AT_ONCE):
            query = select(model).where(model.id.in_(some[place : place + AT_ONCE])).options(*about)
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
        if not notices.was_told(session, key, record, stage):
            givers = leaders_of(session, notices.paper_of(record))
            deputy = mine[0].person.name if mine else ""
            count += len(notices.tell(session, givers, key, record, stage=stage, person=person.name, deputy=deputy))
    return count
