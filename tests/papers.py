"""Papers on their way, for the tests of follow-up, sweep, notices and supervision."""

from sqlalchemy import select

from app.engine import access
from app.engine.moments import now
from models.follow_ups import FollowUp
from models.people import Person
from models.sweeping import sweep
from tests.factories import take
from tests.test_documents import register


def instructed(session, actors, title="关于报送预算的通知", limit=None, **values):
    """A paper that came in now and that user_a of department A is to handle, within a week or until `limit`."""
    with access.acting_as(actors["clerk"]):
        document = register(session, received_at=now().isoformat(), title=title, **values)
    requirement = "办理" if document.keeps_content() else "See paper"
    answers = {"department": "综合科", "requirement": requirement, "handler": "张小明"}
    take(session, actors["leader"], document, "instruct", **answers, **({"limit": limit} if limit else {}))
    session.commit()
    return document


def case_of(session, document, stage="handling"):
    """The follow-up case of one stage of a paper; the sweep has opened it."""
    with access.system():
        query = select(FollowUp).where(FollowUp.document_id == document.id, FollowUp.stage == stage)
        return session.scalars(query.execution_options(populate_existing=True)).one()


def swept(session, document, stage="handling"):
    sweep(session)
    return case_of(session, document, stage)


def person_of(session, actor):
    with access.system():
        return session.get(Person, actor.own_person_id)
