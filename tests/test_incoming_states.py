"""Papers tried at random: whatever people do in whatever order, the paper and all that hangs on it stay true.

Random people take random steps, allowed and not, with random answers, while the clock goes on. After each one a second,
plain look at the database asks: is every state one its flow reaches, does what hangs on a paper fit the paper, is every
number explained, every copy in one place, every limit what a recount says, and the history whole?
"""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from app.engine import access, clocks, history, numbers
from app.engine import record as records
from app.engine.clocks import ClockRow
from app.engine.moments import local, now, today
from app.engine.office_calendar import working_calendar
from app.engine.readings import Segment, read_clock
from app.engine.refusals import Refused
from models.assignments import OPEN, Assignment
from models.circulation import Circulation
from models.copies import CopyMovement, PaperCopy
from models.documents import UNFINISHED, IncomingDocument
from models.entries import WAITING, CirculationEntry
from models.extensions import CAUSES, WISHES, ExtensionRequest
from models.paper_orders import PaperOrder
from models.people import Department, Person
from models.secrecy import SECRECY
from models.tasks import SupplementaryTask
from tests.conftest import actors_of
from tests.factories import incoming

PEOPLE = ("office", "clerk", "leader", "head_a", "user_a", "head_b", "user_b", "archivist", "auditor")
#: Those who are named in answers, and the units.
NAMES, UNITS = ("周海", "刘洋", "张小明", "孙丽", "李强", "高峰"), ("综合科", "财务科")
KINDS = (
    IncomingDocument, Assignment, ExtensionRequest, PaperOrder, Circulation, CirculationEntry, PaperCopy,
    SupplementaryTask,
)  # fmt: skip
#: States in which a paper is done with: nothing that hangs on it is awaited.
ENDED = ("returned_to_sender", "terminated_by_sender", "passed_on", "voided")
DONE = (*ENDED, "closed", "to_file", "to_return", "held", "to_destroy")


class Office(RuleBasedStateMachine):
    """A paper or two, everybody of the house, and a clock that goes on."""

    session, actors, clock, keys, start = None, None, None, {}, None
    taken = Counter()

    @initialize(
        secrecy=st.sampled_from(["open", "internal", "secret", "confidential"]),
        medium=st.sampled_from(["paper", "electronic"]),
        urgency=st.sampled_from(["none", "urgent", "extra_urgent"]),
        book=st.sampled_from(["SW", "GS", "ZW"]),
        way=st.sampled_from(["as it came", "handled", "handled by two", "read"]),
    )
    def register(self, way, **values):
        self.clock.moment = self.start
        self.clock.ahead()
        values["register"] = values.pop("book")
        with access.acting_as(self.actors["clerk"]):
            self.paper = incoming(self.session, received_at=now().isoformat(), copies="2", **values)
            self.session.commit()
        self.paper_id = self.paper.id
        a, b = self.keys[Department]
        readers = {"readers": self.keys[Person][:4], "purpose": "请阅"}
        handled = {"department": a, "requirement": "办理", "limit": (now() + timedelta(days=4)).isoformat()}
        handled |= {"others": [b]} if way == "handled by two" else {}
        if way != "as it came":
            self.take(
                "leader", self.paper, *(("instruct_reading", readers) if way == "read" else ("instruct", handled))
            )
        if way == "handled by two":
            self.take("clerk", self.paper, "circulate", readers)

    def take(self, who, record, name, answers):
        done = self.attempt(who, lambda: record.flow.take(self.session, record, name, answers))
        self.taken[f"{record.kind_name}.{name}"] += done
        return done

    def attempt(self, who, do):
        """Whether it was done; what is refused leaves nothing behind."""
        try:
            with access.acting_as(self.actors[who]):
                do()
        except Refused:
            self.session.rollback()
            return False
        self.session.commit()
        return True

    def found(self, model):
        query = select(model).order_by(model.id)
        key = model.id if model is IncomingDocument else model.document_id
        query = query.where(key == self.paper_id)
        with access.system():
            return list(self.session.scalars(query.execution_options(populate_existing=True)))

    def answers(self, step, data):
        """Something for each question, sometimes nothing where nothing has to be said."""
        return {
            name: self.answer(field, data)
            for name, field in step.asks.items()
            if field.required or data.draw(st.booleans(), label=name)
        }

    def answer(self, field, data):
        if field.kind in ("reference", "references"):
            keys = self.keys.get(field.target, [1])
            one = st.sampled_from(keys)
            return data.draw(st.lists(one, min_size=1, max_size=3, unique=True) if field.kind == "references" else one)
        if field.choices:
            return data.draw(st.sampled_from(sorted(field.choices)))
        if field.kind == "flag":
            return data.draw(st.sampled_from([True, True, True, False]))
        if field.kind == "integer":
            return str(data.draw(st.integers(0, 3)))
        if field.kind == "date":
            return (today() + timedelta(days=data.draw(st.integers(-1, 9)))).isoformat()
        if field.kind == "moment":
            return (now() + timedelta(hours=data.draw(st.sampled_from([-30, -1, 5, 50, 200])))).isoformat()
        return "照办"

    def step_of(self, data, model, who, allowed):
        """A record and one of its steps: one open to that person now, or any at all."""
        place, number = data.draw(st.integers(0, 9), label="record"), data.draw(st.integers(0, 29), label="step")
        rows = self.found(model)
        if not rows:
            return None
        record = rows[place % len(rows)]
        with access.acting_as(self.actors[who]), access.system():
            open_now = [step.name for step in record.flow.allowed(record, self.actors[who])]
        if data.draw(st.integers(0, 19), label="end it") != 13:  # or every paper would be over before it began
            open_now = [name for name in open_now if not set(record.flow.steps[name].targets) & set(ENDED)] or open_now
        names = open_now if allowed and open_now else sorted(record.flow.steps)
        return record, record.flow.steps[names[number % len(names)]]

    def try_step(self, data, model, who, allowed=True):
        chosen = self.step_of(data, model, who, allowed)
        if chosen is None:
            return
        record, step = chosen
        before, answers = record.state, self.answers(step, data)
        if self.take(who, record, step.name, answers):
            assert before in step.sources and self.actors[who].may(step.name, model.kind_name)

    @rule(data=st.data(), who=st.sampled_from(["clerk", "office", "leader", "user_a", "head_b"]))
    def work_on_the_paper(self, data, who):
        self.try_step(data, IncomingDocument, who)

    @rule(data=st.data(), who=st.sampled_from(PEOPLE), model=st.sampled_from(KINDS[1:]))
    def work_on_what_hangs_on_it(self, data, who, model):
        self.try_step(data, model, who)

    @rule(data=st.data(), who=st.sampled_from(PEOPLE), model=st.sampled_from(KINDS))
    def try_anything(self, data, who, model):
        self.try_step(data, model, who, allowed=False)

    @rule(
        data=st.data(),
        who=st.sampled_from(["user_a", "head_a", "user_b", "clerk"]),
        wish=st.sampled_from(sorted(WISHES)),
    )
    def ask_for_time(self, data, who, wish):
        until = now() + timedelta(days=data.draw(st.integers(-1, 20)))
        raw = {"document": self.paper_id, "wish": wish, "reason": "等材料", "until": until.isoformat()}
        raw["cause"] = data.draw(st.sampled_from(sorted(CAUSES)))
        done = self.attempt(who, lambda: records.add(self.session, ExtensionRequest, raw))
        self.taken["extension_requests.add"] += done
        assert not done or who in ("user_a", "head_a", "user_b")

    @rule(who=st.sampled_from(PEOPLE), model=st.sampled_from([Assignment, Circulation, CirculationEntry, PaperCopy]))
    def nobody_adds_by_hand(self, who, model):
        """What follows from a step is never typed in."""
        assert not self.attempt(who, lambda: records.add(self.session, model, {"document": self.paper_id}))

    @rule(who=st.sampled_from(PEOPLE), what=st.sampled_from(["relay", "copy"]))
    def order(self, who, what):
        raw = {"document": self.paper_id, "what": what, "scope": "各科室", "number": "1", "consent": "经同意",
               "by": (now() + timedelta(days=1)).isoformat()}  # fmt: skip
        done = self.attempt(who, lambda: records.add(self.session, PaperOrder, raw))
        assert not done or who == "office"

    @rule(grade=st.sampled_from(sorted(SECRECY)), who=st.sampled_from(["clerk", "office", "user_a"]))
    def grade(self, grade, who):
        """Secrecy is raised by editing; the register line is changed at the version that was read."""
        paper = self.paper
        self.attempt(who, lambda: records.change(
            self.session, paper, {"secrecy": grade}, ["secrecy"], version=paper.version))  # fmt: skip

    @rule(hours=st.sampled_from([1, 7, 20, 49, 170]))
    def time_passes(self, hours):
        self.clock.ahead(hours=hours)

    # What must always hold

    @invariant()
    def every_state_is_one_the_flow_reaches(self):
        for model in KINDS:
            reachable = model.flow.reachable()
            for row in self.found(model):
                assert row.state in reachable, row
                final = model.flow.states[row.state].final
                assert (row.closed_at is not None) == final, (model.kind_name, row.state, row.closed_at)

    @invariant()
    def what_hangs_on_a_paper_fits_the_paper(self):
        with access.system():
            for paper in self.found(IncomingDocument):
                self.session.refresh(paper)
                desks, lines = self.found(Assignment), paper.instructions
                leads = [one for one in desks if one.lead and one.state != "called_off"]
                waiting = [line for line in lines if line.standing == "waiting"]
                assert len(leads) <= 1 and len(waiting) <= 1
                assert [line.position for line in lines] == list(range(1, len(lines) + 1))
                if paper.state == "in_handling":
                    assert [one.state for one in leads] in (["sent"], ["received"]), "somebody has to work on it"
                    assert leads[0].department_id == paper.department_id
                if paper.state == "suspended":
                    assert [one.state for one in leads] == ["suspended"] and paper.wake_on is not None
                else:
                    assert not any(one.state == "suspended" for one in desks)
                if paper.state == "result_in":
                    assert [one.state for one in leads] == ["done"] and paper.result
                if paper.state in DONE:
                    self.nothing_is_awaited(paper, desks, lines)
                if paper.state not in UNFINISHED:
                    assert not any(one.state == "ordered" for one in self.found(PaperOrder))

    def nothing_is_awaited(self, paper, desks, lines):
        assert not any(one.state in OPEN or one.state == "done" for one in desks), [one.state for one in desks]
        assert not any(line.standing in ("waiting", "queued") for line in lines)
        assert not any(one.state in ("asked", "recommended") for one in self.found(ExtensionRequest))
        if paper.state in ENDED:
            assert not any(one.state in WAITING for one in self.found(CirculationEntry))
            assert not any(one.state in ("draft", "running") for one in self.found(Circulation))
        assert not any(one.state == "open" for one in self.found(SupplementaryTask))

    @invariant()
    def rounds_and_their_entries_agree(self):
        entries = self.found(CirculationEntry)
        for round_ in self.found(Circulation):
            mine = [one for one in entries if one.circulation_id == round_.id]
            if round_.state in ("finished", "stopped"):
                assert not any(one.state in WAITING for one in mine), (round_.state, [one.state for one in mine])
            assert all((one.read_at is not None) == (one.state in ("read", "answered")) for one in mine)
            assert all((one.opinion is not None) == (one.state == "answered") for one in mine)
        awaited = Counter(one.reader_id for one in entries if one.state in WAITING)
        assert not awaited or max(awaited.values()) == 1, "nobody is sent the same paper twice at a time"

    @invariant()
    def every_copy_is_in_one_place_and_its_chain_has_no_gap(self):
        copies = self.found(PaperCopy)
        assert sorted(one.number for one in copies) == [f"{n:06d}" for n in range(1, len(copies) + 1)]
        with access.system():
            moves = list(self.session.scalars(select(CopyMovement).order_by(CopyMovement.id)))
        for copy in copies:
            chain = [move for move in moves if move.copy_id == copy.id]
            assert (copy.holder_id is not None) == (copy.state == "out") == (copy.held_since is not None)
            assert [move.person_id for move in chain if move.back_at is None] == (
                [copy.holder_id] if copy.state == "out" else []
            )
            for before, after in pairwise(chain):
                assert before.back_at is not None and before.out_at <= before.back_at <= after.out_at

    @invariant()
    def every_number_is_explained(self):
        with access.system():
            assert [row for row in numbers.audit(self.session) if row["unexplained"]] == []

    @invariant()
    def every_limit_is_what_a_recount_says(self):
        with access.system():
            rows = self.clocks()
            office = working_calendar(self.session)
            for row in rows:
                life = [Segment(s.begins_at, s.ends_at, "running" if s.running else "paused") for s in row.segments]
                self.segments_follow_each_other(row, life)
                if row.unit != "stated" and not row.extended:
                    as_of = row.stopped_at or now()
                    calendar = office if row.calendar == "office" else working_calendar(self.session, "always")
                    reading = read_clock(calendar, row.started_at, Decimal(row.amount), row.unit, life, as_of)
                    if row.state != clocks.PAUSED and not (row.stopped_at and not row.segments[-1].running):
                        assert reading.due_at == row.due_at, (row.kind, row.stage)
                    if row.unit == "elapsed_hours" and len(life) == 1:
                        plain = row.started_at + timedelta(hours=float(row.amount))
                        assert row.due_at == plain or (row.due_at > plain and not office.is_open(plain))
                    if row.unit == "calendar_days" and len(life) == 1:
                        last = local(row.started_at).date() + timedelta(days=int(Decimal(row.amount)))
                        while not office.is_working_day(last):
                            last += timedelta(days=1)
                        assert local(row.due_at).date() == last
            self.what_is_due_is_what_runs(rows)

    def clocks(self):
        """The clocks of the paper and of all that hangs on it."""
        query = select(ClockRow).order_by(ClockRow.id).execution_options(populate_existing=True)
        mine = {(model.kind_name, row.id) for model in KINDS for row in self.found(model)}
        return [row for row in self.session.scalars(query) if (row.kind, row.record_id) in mine]

    def segments_follow_each_other(self, row, life):
        assert life[0].since == row.started_at and life[0].state == "running"
        assert all(a.until == b.since and a.state != b.state for a, b in pairwise(life))
        assert (life[-1].until is None) == (row.state in (clocks.RUNNING, clocks.PAUSED))
        if row.state in (clocks.RUNNING, clocks.PAUSED):
            assert life[-1].state == row.state

    def what_is_due_is_what_runs(self, rows):
        """A record's due moment is the first of its running clocks; no clock runs for a state that has none."""
        for model in KINDS:
            for record in self.found(model):
                mine = [row for row in rows if (row.kind, row.record_id) == (model.kind_name, record.id)]
                running = [row for row in mine if row.state == clocks.RUNNING]
                state = model.flow.states[record.state]
                assert {row.stage for row in running} <= set(state.clocks), (model.kind_name, record.state)
                assert {row.stage for row in mine if row.state == clocks.PAUSED} <= set(state.pauses)
                if running:
                    assert record.due_at == min(row.due_at for row in running), model.kind_name


def test_whatever_people_do_papers_stay_true(session, actors, clock, record_property):
    with access.system():
        session.get(Person, actors["user_b"].own_person_id).clearance = "internal"
        session.commit()
        keys = {
            Person: session.scalars(select(Person.id).where(Person.name.in_(NAMES)).order_by(Person.id)).all(),
            Department: session.scalars(select(Department.id).where(Department.name.in_(UNITS))).all(),
        }
    Office.session, Office.actors, Office.clock, Office.keys = session, actors_of(session), clock, keys
    Office.taken, Office.start = Counter(), clock.moment
    run_state_machine_as_test(
        Office,
        settings=settings(
            max_examples=30, stateful_step_count=25, derandomize=True, deadline=None, database=None,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    with access.system():
        assert history.verify(session, records.kinds().values()) > 0
    record_property("steps taken with papers at random", sum(Office.taken.values()))
    missing = {
        "incoming_documents.instruct",
        "incoming_documents.circulate",
        "extension_requests.add",
    } - Office.taken.keys()
    assert not missing and len(Office.taken) >= 20, Office.taken
