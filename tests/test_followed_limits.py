"""Every limit of a paper is followed up (documents.md 3.5): whose turn it is, who is told, who is in charge."""

from importlib import import_module

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask_babel import force_locale
from sqlalchemy import select

from app.engine import access
from app.engine import record as records
from app.engine.moments import now
from app.engine.record import kinds
from app.engine.report_answers import ask
from models import desk_ladder
from models.follow_ups import FollowUp
from models.notices import Notice, open_notices, unread, words_of
from models.outgoing import OutgoingDocument
from models.secrecy import GradedPaper
from models.sweeping import sweep
from models.tasks import SupplementaryTask
from tests.factories import take_and_keep
from tests.papers import instructed, person_of
from tests.test_circulation import entry_of, paper, send
from tests.test_documents import register
from tests.test_outgoing import RAW, recipient
from tests.test_outgoing import send as dispatch

#: Who keeps a paper for now is told of its review by the sweep; a number that expires waits for its holder on the desk.
TOLD_OTHERWISE = {"holds", "number_reservations"}


@pytest.fixture
def task(session, actors, at):
    """What a reader's remark asks of 李强 by Thursday 5 March, 18:00."""
    at("2026-03-02 10:00")
    round_ = send(session, actors, paper(session, actors, "electronic"), "user_a")
    entry = entry_of(session, round_, "张小明")
    take_and_keep(session, actors["user_a"], entry, "answer", opinion="请补报附表")
    asked = {"what": "补报附表", "person": "李强", "until": "2026-03-05 18:00"}
    take_and_keep(session, actors["clerk"], entry, "classify", kind="needs_action", **asked)
    with access.system():
        return session.scalars(select(SupplementaryTask)).one()


@pytest.fixture
def ordered(session, actors, at):
    """A draft that the leader has ordered of 张小明 by Thursday 5 March, 18:00."""
    at("2026-03-02 10:00")
    with access.acting_as(actors["leader"]):
        draft = records.add(session, OutgoingDocument, RAW)
        session.commit()
    take_and_keep(session, actors["leader"], draft, "order", drafter="张小明", until="2026-03-05 18:00")
    return draft


@pytest.fixture
def sent(session, actors, at):
    """A paper that went out on Monday 2 March; five working days for the signature end on Monday 9 March, 18:00."""
    at("2026-03-02 10:00")
    return outstanding(session, actors)


def outstanding(session, actors, **values):
    """The copies of a recipient who has still to sign for them."""
    with access.acting_as(actors["user_a"]):
        document = records.add(session, OutgoingDocument, RAW)
        document.state = "issued"
        session.commit()
    return dispatch(session, actors, recipient(session, actors, document, **values))


def told(session, record):
    """Who was told of a record that it is late."""
    with access.system():
        query = select(Notice).where(Notice.kind == record.kind_name, Notice.record_id == record.id)
        found = {one.person.user.username for one in session.scalars(query.where(Notice.key == "overdue"))}
        session.rollback()
    return found


def about_papers():
    """The kinds that are papers, or belong to one."""
    for name, model in kinds().items():
        about = model.__mapper__.relationships.get("document")
        if hasattr(model, "flow") and issubclass(about.mapper.class_ if about is not None else model, GradedPaper):
            yield name, model


def test_every_limit_of_a_paper_says_whose_turn_it_is():
    silent = [
        (name, stage)
        for name, model in about_papers()
        for stage, clock in model.flow.clocks.items()
        if not clock.followed and name not in TOLD_OTHERWISE | set(desk_ladder.FOLLOWED)
    ]
    assert silent == []


@pytest.mark.parametrize(
    "late, moment, everybody",
    [
        ("task", "2026-03-11 10:00", {"user_b", "head_b", "office", "leader"}),
        ("ordered", "2026-03-11 10:00", {"user_a", "head_a", "office", "leader"}),
        ("sent", "2026-03-13 10:00", {"clerk", "office", "leader"}),
    ],
)
def test_a_task_a_draft_ordered_and_an_outstanding_receipt_are_told_like_every_limit(
    request, session, actors, at, late, moment, everybody
):
    """At the limit the person and the head of the unit, a working day later the office, after three the leader."""
    record = request.getfixturevalue(late)
    due = record.due_at
    for day in sorted({moment, "2026-03-05 18:01", "2026-03-06 18:01", "2026-03-09 18:01", "2026-03-10 18:01",
                       "2026-03-12 18:01"}):  # fmt: skip
        at(day)
        sweep(session)
    assert due < now()
    assert told(session, record) == everybody


def test_a_task_has_a_case_that_whoever_has_to_do_it_sees_and_answers(session, actors, at, task):
    at("2026-03-06 10:00")
    sweep(session)
    with access.acting_as(actors["user_b"]):
        case = session.scalars(select(FollowUp).where(FollowUp.kind == "supplementary_tasks")).one()
        assert (case.stage, case.responsible.name, case.department.name) == ("doing", "李强", "财务科")
        session.rollback()
    take_and_keep(session, actors["clerk"], case, "ask", way="phone")
    take_and_keep(session, actors["user_b"], case, "answer", outcome="on_the_way", words="在补")
    take_and_keep(session, actors["user_b"], task, "finish", result="已补报")
    session.refresh(case)
    assert case.state == "settled"


@pytest.mark.parametrize(
    "late, stage, holder, department",
    [
        ("task", "doing", "李强", "财务科"),
        ("ordered", "drafting", "张小明", "综合科"),
        ("sent", "receipt", "收发员", ""),
    ],
)
def test_the_overdue_list_has_every_limit_that_is_past(request, session, actors, at, late, stage, holder, department):
    """R7: open clocks past their limit, with the holder and how often somebody was reminded."""
    record = request.getfixturevalue(late)
    at("2026-03-10 09:00")
    sweep(session)
    with access.acting_as(actors["office"]):
        rows = [row for row in ask(session, "papers_overdue", {}).rows if row["stage"] == stage]
    names = ("person", "department", "due_at", "warned")
    assert [tuple(row[name] or "" for name in names) for row in rows] == [(holder, department, record.due_at, 1)]


# The leader in charge (documents.md 5.3)


def in_charge(session, document):
    from models.reminding import leaders_of

    with access.system():
        found = [person.name for person in leaders_of(session, document)]
        session.rollback()
    return found


def two_leaders(session, actors):
    """郑敏 leads, too."""
    from flask_appbuilder.security.sqla.models import Role

    second = person_of(session, actors["head_b"])
    with access.system():
        second.user.roles.append(session.scalars(select(Role).where(Role.name == "leader")).one())
        session.commit()
    return second


def test_the_leader_in_charge_is_who_wrote_the_instruction_that_the_office_handed_out(session, actors, clock):
    two_leaders(session, actors)
    with access.acting_as(actors["clerk"]):
        document = register(session, received_at=now().isoformat())
    leader = person_of(session, actors["leader"])
    take_and_keep(session, actors["clerk"], document, "propose", proposal="拟请阅示", leaders=[leader])
    take_and_keep(session, actors["leader"], document, "write_instruction", words="请综合科办理")
    take_and_keep(session, actors["office"], document, "instruct", department="综合科", requirement="办理")
    assert in_charge(session, document) == ["周海"]


def test_of_a_paper_handed_out_without_a_leader_all_leaders_are_told(session, actors, clock):
    second = two_leaders(session, actors)
    with access.acting_as(actors["clerk"]):
        document = register(session, received_at=now().isoformat())
    take_and_keep(session, actors["clerk"], document, "propose", proposal="转综合科", transfer="综合科")
    take_and_keep(session, actors["office"], document, "instruct", department="综合科", requirement="办理")
    assert sorted(in_charge(session, document)) == sorted(["周海", second.name])


def test_a_leader_who_gave_the_paper_out_at_once_is_in_charge_of_it(session, actors, clock):
    two_leaders(session, actors)
    assert in_charge(session, instructed(session, actors)) == ["周海"]


def test_the_leader_who_ordered_a_draft_is_in_charge_of_it(session, actors, ordered):
    two_leaders(session, actors)
    assert in_charge(session, ordered) == ["周海"]


def test_whoever_has_a_task_reads_the_notice_of_it_without_the_title_of_the_paper(session, actors, at, task):
    """The paper is not for 李强, the task is; the notice names the paper by its number alone."""
    at("2026-03-06 10:00")
    sweep(session)
    with access.acting_as(actors["user_b"]), force_locale("en"):
        ((notice, record, about),) = open_notices(session)
        assert (notice.key, record.id, unread(session)) == ("overdue", task.id, 1)
        words = words_of(notice, record, about)
    with access.system():
        assert about.receipt_no in words and about.title not in words
        session.rollback()


def test_the_head_of_a_unit_that_has_not_signed_for_its_copies_reads_the_notice(session, actors, at):
    """It is the head's turn, who may know of the copies and not of the paper: it is told by its number."""
    at("2026-03-02 10:00")
    line = outstanding(session, actors, department="财务科", name=None)
    at("2026-03-09 18:01")
    sweep(session)
    with access.system():
        kept = session.scalars(select(Notice).where(Notice.kind == "recipients")).all()
        mine = [one for one in kept if one.person_id == actors["head_b"].own_person_id]
    with access.acting_as(actors["head_b"]):
        told = open_notices(session)
        assert [notice.id for notice, _line, _paper in told] == [one.id for one in mine] != []
        assert unread(session) == len(mine)
        assert all(record.id == line.id for _notice, record, _paper in told)


def test_where_nobody_can_answer_a_daily_word_is_told_once(session, actors, at):
    """A receipt that never comes has no case to answer; its limit would be told of every morning for good."""
    at("2026-03-02 10:00")
    outstanding(session, actors)
    counted = []
    for day in range(10, 16):
        at(f"2026-03-{day} 10:00")
        sweep(session)
        with access.system():
            counted.append(len(session.scalars(select(Notice).where(Notice.kind == "recipients")).all()))
    assert counted[-3:] == [counted[-1]] * 3


def test_an_upgrade_takes_what_was_overdue_for_long_for_told(session, actors, at):
    at("2026-03-02 10:00")
    outstanding(session, actors)
    at("2026-12-01 10:00")
    with access.system():
        migration = import_module("models.migrations.versions.0025_ladder_of_all_limits")
        with Operations.context(MigrationContext.configure(session.connection())):
            migration.upgrade()
            migration.upgrade()
        session.commit()
    sweep(session)
    with access.system():
        assert session.scalars(select(Notice).where(Notice.kind == "recipients")).all() == []
