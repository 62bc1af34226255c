"""How the stories of the demo office are told: a paper, and what its people do with it, four steps a working day.

A way is who, what and the answers; “unit a: receive” is taken by the assignment of that unit, “reader head_a: answer”
by the entry of that reader, “copy 1: take_back”, “round: finish”, “task head_a: finish” and “case: ask” likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from app.engine import access, clocks, finding, moments
from app.engine import record as records
from models import reminding
from models.assignments import Assignment
from models.circulation import Circulation
from models.copies import PaperCopy
from models.correspondents import Correspondent
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.follow_ups import FollowUp
from models.people import Department
from models.registers import Register
from models.tasks import SupplementaryTask
from seed.demo_records import Stage
from seed.demo_states import Way, meant

#: When a step is taken, one after the other.
HOURS = (time(9, 10), time(10, 40), time(14, 20), time(16, 5))


@dataclass(frozen=True)
class In:
    """A day to come, so many days after the step: close of business, or the day alone."""

    days: int
    plain: bool = False

    def after(self, moment: datetime) -> Any:
        """That day, counted from `moment`."""
        day = moments.local(moment).date() + timedelta(days=self.days)
        return day if self.plain else moments.at_office(day, time(17))


@dataclass(frozen=True)
class Story:
    """A paper that came in so many days ago, and its way."""

    days: int
    sender: str
    title: str
    ways: Sequence[Way]
    book: str = "SW"
    values: dict[str, Any] = field(default_factory=dict)


class Desk:
    """The clock of one story: each step at the next hour of work, none of them later than now."""

    def __init__(self, stage: Stage, days: int):
        self.stage, self.taken = stage, 0
        self.day = moments.local(stage.today).date() - timedelta(days=days)

    def next(self) -> datetime:
        """The moment of the next step."""
        days, hour = divmod(self.taken, len(HOURS))
        self.taken += 1
        return min(moments.at_office(self.day + timedelta(days=days), HOURS[hour]), self.stage.today)

    def add(self, who: str, record: Any) -> Any:
        """Store a new record as `who` would have entered it."""
        session = self.stage.session
        with self.stage.at(self.next()), access.acting_as(self.stage.actors[who]), session.no_autoflush:
            record.prepare(session)
            records.store(session, record)
        return record

    def walk(self, record: Any, ways: Sequence[Way]) -> None:
        """Take the steps; “wait” lets a day pass, “look” lets the sweep look after the paper's limits."""
        for who, what, answers in ways:
            where, _, step = what.rpartition(": ")
            if step == "wait":
                self.taken += len(HOURS)
                continue
            moment = self.next()
            with self.stage.at(moment):
                if step == "look":
                    self._look_after(record)
                    continue
                target = found(self.stage, record, where) if where else record
                given = {name: self._meant(answer, moment) for name, answer in answers.items()}
                with access.acting_as(self.stage.actors[who]):
                    target.flow.take(self.stage.session, target, step, given)

    def _meant(self, answer: Any, moment: datetime) -> Any:
        return answer.after(moment) if isinstance(answer, In) else meant(self.stage, answer)

    def _look_after(self, paper: IncomingDocument) -> None:
        """What the sweep of that morning did about the running limits of a paper."""
        self.stage.session.flush()
        for clock in clocks.clocks_of(self.stage.session, paper):
            if clock.state == clocks.RUNNING:
                reminding.look_after(self.stage.session, clock.id)


def found(stage: Stage, paper: IncomingDocument, where: str) -> Any:
    """What “unit a”, “reader head_a”, “copy 1”, “round”, “task head_a” or “case” of a paper is."""
    kind, _, which = where.partition(" ")
    session = stage.session
    session.flush()
    query: Any
    if kind == "unit":
        query = select(Assignment).join(Department, Assignment.department_id == Department.id)
        query = query.where(Assignment.document_id == paper.id, Department.code == which).order_by(Assignment.id.desc())
    elif kind == "copy":
        query = select(PaperCopy).where(PaperCopy.document_id == paper.id, PaperCopy.number == f"{int(which):06d}")
    elif kind in ("reader", "task"):
        person = stage.people[which].id
        query = select(CirculationEntry).where(
            CirculationEntry.document_id == paper.id, CirculationEntry.reader_id == person
        )
        if kind == "task":
            query = select(SupplementaryTask).where(
                SupplementaryTask.entry_id.in_(query.with_only_columns(CirculationEntry.id))
            )
    else:
        model: Any = {"round": Circulation, "case": FollowUp}[kind]
        query = select(model).where(model.document_id == paper.id).order_by(model.id.desc())
    return session.scalars(query.limit(1)).one()


def receive(stage: Stage, story: Story, number: int) -> tuple[IncomingDocument, Desk]:
    """Register the paper of a story and take its way; the paper, and the desk it lies on."""
    session, desk = stage.session, Desk(stage, story.days)
    sender = finding.by_name(session, Correspondent, story.sender)
    moment = desk.next()
    day = moments.local(moment).date()
    paper = IncomingDocument(
        **{
            "register": finding.by_name(session, Register, story.book), "sender": sender, "title": story.title,
            "sender_no": f"{sender.number_code}〔{day.year}〕{number}号" if sender.number_code else None,
            "received_at": moment, "written_on": day - timedelta(days=2), "paper_type": type_of(story.title),
            "medium": "paper", "pages": 2 + number % 5, "department": stage.people["user_a"].department, **story.values,
        }
    )  # fmt: skip
    with stage.at(moment), access.acting_as(stage.actors["clerk"]), session.no_autoflush:
        paper.prepare(session)
        records.store(session, paper)
    desk.walk(paper, story.ways)
    return paper, desk


def type_of(title: str) -> str:
    """The type of paper its title names at its end."""
    ends = {"函": "letter", "意见": "opinion", "批复": "reply", "请示": "request", "报告": "report", "通报": "circular",
            "纪要": "minutes"}  # fmt: skip
    return next((name for end, name in ends.items() if title.endswith(end)), "notice")
