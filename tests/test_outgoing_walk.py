"""A random walk of outgoing papers: whoever takes whatever step in whatever order, the registers stay sound."""

import shutil
from datetime import timedelta
from typing import ClassVar

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from app.engine import access, finding, history, numbers
from app.engine import record as records
from app.engine.access import Actor
from app.engine.moments import now
from app.engine.refusals import Refused
from app.engine.rules import Rule
from app.extensions import db
from models.countersignatures import Countersignature
from models.outgoing import FROZEN, OutgoingDocument
from models.people import Person
from models.recipients import Recipient
from tests.conftest import actors_of, office
from tests.test_outgoing import POINTS, RAW

PEOPLE = ("user_a", "head_a", "head_b", "user_b", "office", "clerk", "leader", "finance")
STEPS = OutgoingDocument.flow.steps
#: Steps that bring a paper forward are tried more often than those that end it.
NAMES = [name for name, step in STEPS.items() for _ in range(1 if step.tone == "danger" else 2)]
ENDED = ("withdrawn", "voided", "recalled", "annulled", "filed")
#: What a ticked box, a count or a line is answered with.
ANSWERS = {"flag": True, "integer": 3, "line": "文印室", "prose": "已阅", "number": "1"}


def answers_to(step, papers):
    """What somebody would fill in, right as often as not."""
    found = {}
    for name, field in step.asks.items():
        if name in ("departments", "leaders", "executing", "at", "on", "reserved"):
            continue
        if name == "until":
            found[name] = now() + timedelta(days=300)
        elif field.kind == "reference" and field.target is Person:
            found[name] = {"signer": "周海", "witness": "张小明", "second_witness": "郑敏"}.get(name, "张小明")
        elif field.kind == "reference":
            found[name] = papers[0] if papers else 0
        elif field.kind != "reference":
            found[name] = ANSWERS.get(field.kind, "")
    return {**found, **(POINTS if step.name == "pass_text" else {})}


class Walk(RuleBasedStateMachine):
    """One office, some papers, eight people at their desks."""

    office: Flask
    taken: ClassVar[set[str]] = set()

    @initialize()
    def open_the_office(self):
        self.app = Walk.office
        self.context = self.app.app_context()
        self.context.push()
        self.actors: dict[str, Actor] = actors_of(db.session)
        self.papers: list[int] = []
        self.numbers: dict[int, str] = {}
        self.sent = 0
        self.draft("user_a", "no")

    def teardown(self):
        if hasattr(self, "context"):
            db.session.rollback()
            db.session.remove()
            self.context.pop()

    def _try(self, who, model, pk, step, **answers):
        """A step as a page sends it, and the same page sent again from a second tab; refusals leave nothing behind."""
        self.sent += 1
        key = f"{id(self)}-{self.sent}"
        for tab in range(2):
            with access.acting_as(self.actors[who]):
                record = finding.by_key(db.session, model, pk)
                if record is None:
                    return
                before, targets = record.state, record.flow.steps[step].targets if tab == 0 else ()
                try:
                    record.flow.take(db.session, record, step, answers, form_key=key)
                    db.session.commit()
                    Walk.taken.add(step)
                    assert record.state in (targets or (before,))  # the second tab moves nothing
                except Refused:
                    db.session.rollback()

    @rule(who=st.sampled_from(PEOPLE), money=st.sampled_from(["yes", "no"]))
    def another_draft(self, who, money):
        self.draft(who, money)

    def draft(self, who, money):
        if len(self.papers) < 4:
            with access.acting_as(self.actors[who]):
                try:
                    paper = records.add(db.session, OutgoingDocument, {**RAW, "touches_money": money})
                    db.session.commit()
                    self.papers.append(paper.id)
                except Refused:
                    db.session.rollback()

    @rule(who=st.sampled_from(PEOPLE), step=st.sampled_from(NAMES), which=st.integers(0, 3), asked=st.booleans())
    def any_step(self, who, step, which, asked):
        if self.papers:
            more = {"departments": ["财务科"], "leaders": ["周海"]} if asked and step == "hand_in" else {}
            pk = self.papers[which % len(self.papers)]
            self._try(who, OutgoingDocument, pk, step, **answers_to(STEPS[step], self.papers), **more)

    @rule(which=st.integers(0, 3), choices=st.lists(st.integers(0, 99), min_size=2, max_size=8))
    def open_steps(self, which, choices):
        """Whoever may go on with the paper does so, a few times; now and then with a step that is not the next one."""
        for number in choices if self.papers else ():
            pk = self.papers[which % len(self.papers)]
            found = []
            for who in PEOPLE:
                with access.acting_as(self.actors[who]):
                    paper = finding.by_key(db.session, OutgoingDocument, pk)
                    steps = paper.flow.allowed(paper, self.actors[who]) if paper is not None else []
                    found += [(who, one.name) for one in steps if one.tone == "primary" or number % 10 == 9]
            db.session.rollback()
            if found:
                who, step = found[number % len(found)]
                self._try(who, OutgoingDocument, pk, step, **answers_to(STEPS[step], self.papers))

    @rule(who=st.sampled_from(PEOPLE), which=st.integers(0, 3), field=st.sampled_from(["title", "body", "addressees"]))
    def edit(self, who, which, field):
        if self.papers:
            with access.acting_as(self.actors[who]):
                paper = finding.by_key(db.session, OutgoingDocument, self.papers[which % len(self.papers)])
                try:
                    if paper is not None:
                        records.change(db.session, paper, {field: f"改{self.sent}"}, [field], version=paper.version)
                        db.session.commit()
                except Refused:
                    pass
            db.session.rollback()

    @rule(
        who=st.sampled_from(PEOPLE),
        which=st.integers(0, 3),
        step=st.sampled_from(["agree", "reserve", "object_to", "settle"]),
    )
    def countersign(self, who, which, step):
        if self.papers:
            with access.system():
                pk = self.papers[which % len(self.papers)]
                lines = list(db.session.scalars(select(Countersignature.id).where(Countersignature.document_id == pk)))
            for line in lines:
                self._try(who, Countersignature, line, step, remark="意见", settlement="已改")

    @rule(which=st.integers(0, 3), step=st.sampled_from(["send", "sign_for", "register_as_incoming"]))
    def recipient(self, which, step):
        if not self.papers:
            return
        pk = self.papers[which % len(self.papers)]
        with access.acting_as(self.actors["clerk"]):
            line = db.session.scalars(select(Recipient.id).where(Recipient.document_id == pk)).first()
            if line is None:
                try:
                    about = {"document": pk, "department": "财务科", "copies": 1}
                    line = records.add(db.session, Recipient, about).id
                    db.session.commit()
                except Refused:
                    db.session.rollback()
                    return
        self._try("clerk", Recipient, line, step, channel="hand", signed_by="孙丽")

    @invariant()
    def the_registers_are_sound(self):
        if not hasattr(self, "papers"):
            return
        with access.system():
            db.session.expire_all()
            papers = list(db.session.scalars(select(OutgoingDocument).where(OutgoingDocument.id.in_(self.papers))))
            assert all(row["unexplained"] == 0 for row in numbers.audit(db.session))
            drawn = list(
                db.session.execute(
                    select(numbers.DrawnNumber.text, numbers.DrawnNumber.state).where(
                        numbers.DrawnNumber.series.startswith(OutgoingDocument.kind_name)
                    )
                )
            )
            everywhere = select(OutgoingDocument.document_no, OutgoingDocument.state)
            kept = list(db.session.execute(everywhere.where(OutgoingDocument.document_no.is_not(None))))
            # every number drawn stands on one paper, and is void where the paper is
            assert sorted((no, "void" if state == "voided" else "used") for no, state in kept) == sorted(
                (text, state) for text, state in drawn
            )
            for paper in papers:
                assert paper.state in paper.flow.states
                if paper.state in FROZEN:
                    assert paper.text_checksum == paper.frozen_text() and paper.signer_id and paper.signed_at
                    assert paper.state in ("signed", "rechecked") or paper.document_no
                if paper.state == "withdrawn":
                    assert paper.document_no is None
                if paper.id in self.numbers:
                    assert paper.document_no == self.numbers[paper.id]  # a number never changes and is never lost
                if paper.document_no:
                    self.numbers[paper.id] = paper.document_no
                assert (paper.closed_at is not None) is (paper.state in ENDED)
        db.session.rollback()


@pytest.fixture
def walking(template, tmp_path):
    shutil.copy(template, tmp_path / "office.db")
    Walk.office = office(f"sqlite:///{tmp_path / 'office.db'}", tmp_path)
    with Walk.office.app_context(), access.system():  # one round of proofreading, or few walks would reach the seal
        for row in db.session.scalars(select(Rule).where(Rule.setting.in_(("proofreaders", "outgoing_own_head")))):
            db.session.delete(row)
        db.session.commit()
        db.session.remove()
    yield Walk.office
    with Walk.office.app_context():
        db.engine.dispose()


def test_whatever_people_do_no_number_is_lost_and_no_signed_text_changes(walking):
    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=20,
            stateful_step_count=16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        ),
    )
    with walking.app_context(), access.system():
        assert history.verify(db.session, records.kinds().values()) > 0  # it raises where a chain does not hold
        db.session.remove()
    # the walk gets somewhere
    reached = {"hand_in", "pass_text", "sign", "number_it", "print_it", "proofread", "seal"}
    assert reached <= Walk.taken, sorted(Walk.taken)
    assert len(Walk.taken) > 12, sorted(Walk.taken)
