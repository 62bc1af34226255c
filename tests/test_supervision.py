"""Supervision: evidence and findings on an open or closed paper, which goes back into handling where they do not do."""

from datetime import timedelta

import pytest

from app.engine import access, finding
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from models.supervision import Supervision
from tests.factories import take
from tests.papers import instructed, person_of


def opened(session, actors, document, who="leader"):
    with access.acting_as(actors[who]):
        return records.add(session, Supervision, {"document": document.id, "matter": "是否已实际执行"})


@pytest.fixture
def closed(either_session, either_actors, clock):
    document = instructed(either_session, either_actors)
    take(either_session, either_actors["user_a"], document, "report_result", result="已办结")
    take(either_session, either_actors["office"], document, "tell_leader", way="spoken")
    take(either_session, either_actors["office"], document, "close")
    either_session.commit()
    return document


def test_a_closed_paper_whose_findings_do_not_do_is_handled_again(either_session, either_actors, closed):
    session, actors = either_session, either_actors
    case = opened(session, actors, closed)
    take(
        session,
        actors["leader"],
        case,
        "ask_evidence",
        person=person_of(session, actors["user_a"]),
        request="请附签收单",
    )
    take(session, actors["user_a"], case, "give_evidence", evidence="签收单已遗失")
    take(session, actors["leader"], case, "find", findings="未实际送达")
    take(session, actors["leader"], case, "reopen", reason="重新办理")
    session.commit()
    session.refresh(closed)
    assert (case.state, closed.state, closed.closed_at) == ("reopened", "in_handling", None)
    assert [c.state for c in clocks_of(session, closed) if c.stage == "handling"] == ["met", "running"]


def test_a_paper_still_in_handling_gets_the_new_limit(either_session, either_actors, clock):
    session, actors = either_session, either_actors
    document = instructed(session, actors)
    case = opened(session, actors, document)
    take(session, actors["leader"], case, "find", findings="尚未办理")
    limit = (clock.moment + timedelta(days=2)).replace(second=0, microsecond=0)
    take(session, actors["leader"], case, "reopen", reason="限期办结", limit=limit.isoformat())
    session.commit()
    session.refresh(document)
    assert (case.state, document.state, document.due_at, document.limit_at) == ("reopened", "in_handling", limit, limit)
    with access.system():
        assert document.assignments[0].due_at == limit


def test_findings_in_order_leave_the_paper_closed(either_session, either_actors, closed):
    session, actors = either_session, either_actors
    case = opened(session, actors, closed, "office")
    take(session, actors["office"], case, "find", findings="已核实")
    take(session, actors["office"], case, "escalate", leader=person_of(session, actors["leader"]), reason="请领导定夺")
    take(session, actors["leader"], case, "satisfy")
    assert (case.state, closed.state) == ("satisfied", "closed")


def test_a_case_under_way_stays_with_its_paper_and_its_matter(session, actors, clock):
    document, other = (instructed(session, actors, title=title) for title in ("甲", "乙"))
    case = opened(session, actors, document, "office")
    with access.acting_as(actors["office"]):
        records.change(session, case, {"matter": "是否已送达"}, ["matter"], version=case.version)
    take(session, actors["office"], case, "find", findings="已核实")
    take(session, actors["office"], case, "satisfy")
    session.commit()
    for raw in ({"document": other.id}, {"matter": "别的"}):
        with access.acting_as(actors["office"]), pytest.raises(Invalid):
            records.change(session, case, raw, list(raw), version=case.version)


def test_a_paper_still_with_the_leader_cannot_be_handled_again(either_session, either_actors, clock):
    from tests.test_documents import register

    session, actors = either_session, either_actors
    with access.acting_as(actors["clerk"]):
        document = register(session, received_at=clock.moment.isoformat())
    case = opened(session, actors, document)
    take(session, actors["leader"], case, "find", findings="尚未批示")
    with pytest.raises(StepRefused):
        take(session, actors["leader"], case, "reopen", reason="重办")


def test_only_who_was_asked_gives_evidence_and_only_they_see_the_case(either_session, either_actors, closed):
    session, actors = either_session, either_actors
    case = opened(session, actors, closed)
    with access.acting_as(actors["user_a"]):
        assert finding.by_key(session, Supervision, case.id) is None
    take(session, actors["leader"], case, "ask_evidence", person=person_of(session, actors["user_a"]), request="签收单")
    with access.acting_as(actors["user_a"]):
        assert finding.by_key(session, Supervision, case.id) is not None
    with pytest.raises(StepRefused):
        take(session, actors["head_a"], case, "give_evidence", evidence="在此")
    with access.acting_as(actors["clerk"]), pytest.raises(NotAllowed):
        records.add(session, Supervision, {"document": closed.id, "matter": "查"})


def test_of_a_top_secret_paper_no_file_is_kept_and_only_a_line(either_session, either_actors, clock):
    session, actors = either_session, either_actors
    with access.system():
        person_of(session, actors["leader"]).clearance = "top_secret"
    document = instructed(session, actors, secrecy="top_secret")
    with pytest.raises(Invalid, match="不留存文字"):
        opened(session, actors, document)
    with access.acting_as(actors["leader"]):
        case = records.add(session, Supervision, {"document": document.id, "matter": "See paper"})
    assert not case.keeps_content()
