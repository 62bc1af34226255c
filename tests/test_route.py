"""Who was once on a paper's way: the register line stays with them, the content by the profile's switch alone (6.2, 13)."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.engine import access, rules
from app.engine.moments import today
from app.extensions import db
from models import procedure
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.past_handlers import PastHandler
from models.people import Department, Person
from models.registers import Register
from tests.conftest import actors_of, bearer
from tests.factories import incoming, take
from tests.papers import person_of

LINE, CONTENT, NOTHING = (True, False), (True, True), (False, False)


def knows(session, who, paper, model=IncomingDocument):
    """Whether an account finds the paper (or its own entry of it), and whether it learns the content."""
    with access.acting_as(actors_of(session)[who]):
        key = model.id if model is IncomingDocument else model.document_id
        line = session.scalar(select(model.id).where(key == paper.id)) is not None
        return line, session.scalar(
            select(model.id).where(key == paper.id, model.content_to(access.current()))
        ) is not None


def paper_of(session, actors, secrecy="internal", **values):
    with access.acting_as(actors["clerk"]):
        return incoming(session, secrecy=secrecy, **values)


def switch_on(session, profile="company"):
    with access.system():
        session.add(rules.Rule(setting=procedure.ROUTE_KEEPS_CONTENT.name, profile=profile, value="yes"))
        session.commit()


def entry_of(session, paper, actor):
    with access.system():
        query = select(CirculationEntry).where(CirculationEntry.document_id == paper.id)
        return session.scalars(query.where(CirculationEntry.reader_id == actor.own_person_id)).one()


@pytest.mark.parametrize("step", ["withdraw", "exempt"])
@pytest.mark.parametrize("secrecy", ["internal", "secret"])
def test_a_reader_taken_off_the_round_keeps_the_line(either_session, either_actors, step, secrecy):
    session, actors = either_session, either_actors
    paper = paper_of(session, actors, secrecy)
    reader = person_of(session, actors["user_b"])
    take(session, actors["office"], paper, "instruct_reading", readers=[reader], purpose="请阅")
    session.commit()
    assert [knows(session, who, paper) for who in ("user_b", "user_a")] == [CONTENT, NOTHING]
    entry = entry_of(session, paper, actors["user_b"])
    take(session, actors["office"], entry, step, reason="改由科长传达")
    session.commit()
    assert knows(session, "user_b", paper) == knows(session, "user_b", paper, CirculationEntry) == LINE
    assert knows(session, "user_a", paper) == NOTHING
    switch_on(session, "school")  # another book's rule
    assert knows(session, "user_b", paper) == LINE
    switch_on(session)
    assert knows(session, "user_b", paper) == knows(session, "user_b", paper, CirculationEntry) == CONTENT
    assert knows(session, "user_a", paper) == NOTHING


def test_who_has_read_stays_within_the_scope(session, actors):
    paper = paper_of(session, actors, "secret")
    take(
        session,
        actors["office"],
        paper,
        "instruct_reading",
        readers=[person_of(session, actors["user_b"])],
        purpose="阅",
    )
    take(session, actors["user_b"], entry_of(session, paper, actors["user_b"]), "mark_read")
    session.commit()
    assert knows(session, "user_b", paper) == CONTENT


def test_a_leader_passed_over_keeps_the_line(session, actors):
    paper = paper_of(session, actors, "secret")
    named = person_of(session, actors["head_b"])  # asked as one who leads, without the role that reads the register
    take(session, actors["clerk"], paper, "propose", proposal="拟呈孙科长阅示", leaders=[named])
    session.commit()
    assert knows(session, "head_b", paper) == CONTENT
    take(session, actors["clerk"], paper, "pass_over", leader=named, reason="出差")
    session.commit()
    assert [knows(session, who, paper) for who in ("head_b", "user_b")] == [LINE, NOTHING]
    switch_on(session)
    assert knows(session, "head_b", paper) == CONTENT


@pytest.mark.parametrize("secrecy", ["internal", "secret"])
def test_units_whose_work_was_called_off_keep_the_line(session, actors, secrecy):
    paper = paper_of(session, actors, secrecy)
    with access.system():
        unit = session.scalars(select(Department).where(Department.name == "财务科")).one()
        unit.leader = person_of(session, actors["head_b"])
        session.flush()
    answers = {"department": "综合科", "others": ["财务科"], "requirement": "办理", "handler": "张小明"}
    take(session, actors["leader"], paper, "instruct", **answers)
    session.commit()
    on_it = ("head_a", "user_a", "head_b")
    assert [knows(session, who, paper) for who in on_it] == [CONTENT] * 3
    take(session, actors["clerk"], paper, "end_by_sender", notice="call", reason="来文单位电话撤回")
    session.commit()
    assert [knows(session, who, paper) for who in (*on_it, "user_b")] == [LINE] * 3 + [NOTHING]
    switch_on(session)
    assert [knows(session, who, paper) for who in (*on_it, "user_b")] == [CONTENT] * 3 + [NOTHING]


@pytest.mark.parametrize("secrecy", ["internal", "secret"])
def test_a_former_handler_keeps_the_line(either_session, either_actors, secrecy):
    session, actors = either_session, either_actors
    paper = paper_of(session, actors, secrecy)
    take(session, actors["leader"], paper, "instruct", department="综合科", requirement="办理", handler="李强")
    session.commit()
    assert knows(session, "user_b", paper) == CONTENT
    with access.system():
        (desk,) = paper.assignments
    take(session, actors["head_a"], desk, "receive", handler="张小明")
    session.commit()
    assert [knows(session, who, paper) for who in ("user_b", "user_a", "head_b")] == [LINE, CONTENT, NOTHING]
    for name in ("李强", "张小明"):  # named again, he has it again; each is kept once
        with access.system():
            paper.handler = session.scalars(select(Person).where(Person.name == name)).one()
            session.commit()
        assert knows(session, "user_b", paper) == (CONTENT if name == "李强" else LINE)
    with access.system():
        assert len(session.scalars(select(PastHandler)).all()) == 2
    switch_on(session)
    assert knows(session, "user_b", paper) == CONTENT


def test_the_line_of_the_past_names_no_title_at_the_programs_door(app):
    with app.app_context():
        session, actors = db.session, actors_of(db.session)
        paper = paper_of(session, actors, title="不该再看见的标题")
        reader = person_of(session, actors["user_b"])
        take(session, actors["office"], paper, "instruct_reading", readers=[reader], purpose="请阅")
        take(session, actors["office"], entry_of(session, paper, actors["user_b"]), "withdraw", reason="误发")
        session.commit()
        pk, number = paper.id, paper.receipt_no
        session.remove()
    browser, key = app.test_client(), bearer(app, "user_b")
    told = browser.get(f"/api/v1/incoming_documents/{pk}", headers=key)
    assert (told.status_code, told.json["receipt_no"], told.json["title"]) == (200, number, None)
    assert browser.get("/api/v1/incoming_documents/?q=不该再看见", headers=key).json["result"] == []
    stranger = bearer(app, "user_a")
    assert browser.get(f"/api/v1/incoming_documents/{pk}", headers=stranger).status_code == 404


def test_who_stands_in_knows_the_paper_while_the_reader_is_away_and_not_a_day_longer(either_session, either_actors):
    session, actors = either_session, either_actors
    paper = paper_of(session, actors, "secret")
    reader, deputy = (person_of(session, actors[who]) for who in ("user_b", "user_a"))
    take(session, actors["office"], paper, "instruct_reading", readers=[reader], purpose="请阅")
    with access.system():
        reader.deputy, reader.absent_from, reader.absent_until = deputy, today() - timedelta(days=1), today()
        session.commit()
    assert knows(session, "user_a", paper) == CONTENT
    take(session, actors_of(session)["user_a"], entry_of(session, paper, actors["user_b"]), "mark_read")
    with access.system():
        reader.absent_until = today() - timedelta(days=1)
        session.commit()
    assert knows(session, "user_a", paper) == knows(session, "user_a", paper, CirculationEntry) == NOTHING
    assert knows(session, "user_b", paper) == CONTENT


ROWS = [
    (None, "no", None, None), (None, "yes", date(2020, 1, 1), None), ("school", "no", None, None),
    ("group", "yes", date(2020, 1, 1), date(2021, 1, 1)), ("government", "yes", date(2999, 1, 1), None),
    ("government", " no ", date(2010, 1, 1), None),
]  # fmt: skip


def test_a_switch_reads_the_same_in_a_query_as_for_one_profile(either_session):
    session = either_session
    about = procedure.ROUTE_KEEPS_CONTENT
    with access.system():
        for profile, value, first, last in ROWS:
            session.add(rules.Rule(setting=about.name, profile=profile, value=value, valid_from=first, valid_to=last))
        session.commit()
        asked = select(Register.profile, rules.holds(about, Register.__table__.c.profile))
        told = {profile: bool(on) for profile, on in session.execute(asked)}
        assert told == {profile: rules.flag(session, about, profile) for profile in told}
    assert told == {"company": True, "government": False, "school": False, "group": True}
