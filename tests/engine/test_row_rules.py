"""Row rules as one option: the same rows as rule by rule, and no longer way to them."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import and_, event, func, or_, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import joinedload, selectinload, with_loader_criteria

from app.engine import access, row_rules
from app.engine.row_rules import RowRules
from app.extensions import db
from models.assignments import Assignment
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.people import Person
from tests.conftest import actors_of
from tests.factories import incoming


@pytest.fixture
def papers(session, actors):
    with access.acting_as(actors["clerk"]):
        found = [incoming(session, title=f"公文{n}", urgency=("none", "urgent")[n % 2]) for n in range(6)]
    session.commit()
    return found


def ruled(condition):
    return RowRules(lambda: [(IncomingDocument, condition)])


def titles(session, *options):
    with access.system():
        session.expunge_all()
        return [paper.title for paper in session.scalars(select(IncomingDocument).order_by("id").options(*options))]


def test_one_option_hides_what_the_criteria_hide_one_by_one(session, papers):
    rule = IncomingDocument.urgency == "urgent"
    criteria = with_loader_criteria(IncomingDocument, rule, include_aliases=True, propagate_to_loaders=False)
    assert titles(session, ruled(rule)) == titles(session, criteria) == ["公文1", "公文3", "公文5"]


def test_rules_of_one_shape_share_their_sql_and_keep_their_own_values(session, papers):
    asked = []
    event.listen(
        db.engine, "before_cursor_execute", lambda *told: told[2][:6] == "SELECT" and asked.append((told[2], told[3]))
    )
    shown = [titles(session, ruled(IncomingDocument.title == f"公文{n}")) for n in (1, 4)]
    assert shown == [["公文1"], ["公文4"]]
    (first, some), (second, others) = asked
    assert first == second and some != others
    one, other, third = (ruled(c)._gen_cache_key(None, []) for c in (
        IncomingDocument.title == "a", IncomingDocument.title == "b", IncomingDocument.title != "a"))  # fmt: skip
    assert one == other != third


def test_values_that_are_equal_by_chance_are_those_of_their_own_actor_all_the_same(session, papers):
    """One parameter stands for equal values; whose values differ must not get the SQL of those whose are equal."""

    with access.system():
        for number, paper in enumerate(papers, start=1):
            paper.copies = number
        session.commit()
    query = select(IncomingDocument.copies).where(select(Person.id).exists())

    def seen(copies, person):
        rules = RowRules(lambda: [(IncomingDocument, IncomingDocument.copies == copies), (Person, Person.id == person)])
        with access.system():
            return session.scalars(query.options(rules)).all()

    asked = [(1, 1), (1, 1_000_000), (3, 3), (2, 1), (4, 4)]
    for _turn in range(2):
        assert [seen(*one) for one in asked] == [[1], [], [3], [2], [4]]


def test_a_value_counts_once_however_many_rules_have_it(session, papers):
    values = []
    paper, people = IncomingDocument, (1, 2)
    rules = [(paper, paper.handler_id.in_(people)), (Assignment, Assignment.handler_id.in_(people)),
             (CirculationEntry, CirculationEntry.reader_id.in_((1, 2, 3)))]  # fmt: skip
    RowRules(lambda: rules)._gen_cache_key(None, values)
    assert [value.value for value in values] == [[1, 2], [1, 2, 3]]


def test_what_is_kept_of_rules_is_their_shape_and_values(session, papers):
    """The conditions take megabytes for an actor; those who asked long ago get theirs anew, the same."""
    told = []

    def rules(number):
        def tell():
            told.append(number)
            return [(IncomingDocument, IncomingDocument.title == f"公文{number}")]

        return RowRules(tell)

    many = [rules(number) for number in range(row_rules.AT_HAND + 4)]
    query = select(IncomingDocument.title, IncomingDocument.copies + 7)  # nobody has asked this before
    told.clear()
    with access.system():
        found = [session.execute(query.options(one)).scalars().all() for one in many]
    assert found == [[f"公文{n}"] if n < len(papers) else [] for n in range(len(many))]
    assert told == [0]


def test_rules_that_are_not_what_they_were_are_refused(papers):
    asked = iter(["公文1", "公文2"])
    changed = RowRules(lambda: [(IncomingDocument, IncomingDocument.title == next(asked))])
    with pytest.raises(ValueError, match="something else"):
        changed.criteria()


def test_what_is_loaded_along_follows_the_rules_of_its_own_load(session, actors, papers):
    with access.acting_as(actors["user_b"]):
        found = list(session.scalars(select(IncomingDocument).options(selectinload(IncomingDocument.circulation))))
        seen = [entry for paper in found for entry in paper.circulation]
        assert seen == list(session.scalars(select(CirculationEntry)))
    with access.acting_as(access.NOBODY):
        assert list(session.scalars(select(IncomingDocument))) == []


#: What a rule may put together at every query: of these there are few, or few that are anybody's.
FEW = {
    "customer", "customer_handover", "handover_line", "leader_instruction", "outgoing_document", "person", "region",
    "register", "saved_report",
}  # fmt: skip


@pytest.mark.parametrize("account", ["user_a", "head_b", "sales", "desk", "clerk", "sales_manager"])
def test_no_rule_puts_the_keys_of_a_large_kind_together(actors, account):
    """`key IN (SELECT ...)` is answered whole before the first row of a page; `access.among` asks for that row alone."""
    actor, found = actors[account], set()
    for model in access.guarded():
        for rule in ("visible_to", "content_to", "waits_for"):
            if hasattr(model, rule):
                words = " ".join(str(getattr(model, rule)(actor)).split())
                found |= set(re.findall(r"IN \(SELECT \w+\.\w+ FROM (\w+)", words))
    assert found <= FEW


def test_what_is_joined_to_a_row_follows_the_rules_of_its_kind(session, actors, papers):
    """SQLAlchemy leaves criteria that are not handed on out of a `joinedload`: it would hand over what they hide."""
    with access.acting_as(actors["clerk"]):
        for paper in papers:
            session.add(
                Assignment(document=paper, department_id=actors["clerk"].department_id, lead=True, state="sent")
            )
        session.flush()
    session.expunge_all()
    rule = ruled(IncomingDocument.urgency == "urgent")
    query = select(Assignment).order_by(Assignment.document_id).options(rule, joinedload(Assignment.document))
    with access.system():
        seen = [one.document and one.document.title for one in session.scalars(query)]
    assert seen == [None, "公文1", None, "公文3", None, "公文5"]
    session.rollback()


OPEN = IncomingDocument.secrecy == "open"
READS = access.among(IncomingDocument.id, select(CirculationEntry.document_id).where(CirculationEntry.reader_id == 1))
HANDLES = access.among(IncomingDocument.id, select(Assignment.document_id).where(Assignment.handler_id == 1))
PAPERS = select(IncomingDocument.id)


@pytest.mark.parametrize("query, asked", [
    (PAPERS.where(or_(OPEN, READS, and_(OPEN, HANDLES))).limit(25), 2),
    (select(func.count()).select_from(PAPERS.where(or_(OPEN, READS)).limit(1_001).subquery()), 1),
    (PAPERS.where(or_(OPEN, READS)), 0),
    (PAPERS.where(READS).limit(25), 0),
    (PAPERS.where(OPEN, and_(OPEN, READS), or_(OPEN, HANDLES)).limit(25), 1),
    (PAPERS.where(~READS).limit(25), 1),
])  # fmt: skip
def test_postgresql_is_told_to_ask_reasons_row_by_row_for_a_page_alone(query, asked):
    assert str(query.compile(dialect=postgresql.dialect())).count("OFFSET 0") == asked
    assert "OFFSET 0" not in str(query.compile(dialect=sqlite.dialect()))


MANY = """
    INSERT INTO incoming_document SELECT (jsonb_populate_record(d, jsonb_build_object(
      'id', d.id + n, 'receipt_no', d.receipt_no || n, 'secrecy', 'internal'))).*
    FROM incoming_document d, generate_series(1, 3000) n
"""
PAST = "INSERT INTO past_handler (document_id, person_id) SELECT id, :person FROM incoming_document WHERE id > 1"


def test_the_planner_of_postgresql_asks_of_each_row_of_a_page(postgres_app):
    with postgres_app.app_context():
        session, people = db.session, actors_of(db.session)
        with access.acting_as(people["clerk"]):
            incoming(session)
        session.execute(text(MANY))
        session.execute(text(PAST), {"person": people["user_b"].own_person_id})
        session.execute(text("ANALYZE"))
        asked, plans = [], []
        event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
        for limit in (25, None):
            with access.acting_as(people["user_b"]):
                found = session.scalars(PAPERS.order_by(IncomingDocument.id.desc()).limit(limit)).all()
            assert found == list(range(3001, 1, -1))[:limit]
            statement, values = asked[-1]
            plan = session.connection().exec_driver_sql(f"EXPLAIN {statement}", values)
            plans.append("hashed SubPlan" in "".join(plan.scalars()))
        assert plans == [False, True]
        session.rollback()
