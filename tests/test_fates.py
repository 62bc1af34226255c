"""Kept for now, called back, destroyed: nobody destroys what is held, approves what they proposed or witnesses it."""

from datetime import date, timedelta

import pytest

from app.engine import access
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.moments import parse_moment, today
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from models.destruction import DestructionList
from models.documents import IncomingDocument
from models.fates import Hold, ReturnCampaign, months_on
from models.people import Person


@pytest.mark.parametrize(
    "day, months, then",
    [
        (date(2026, 3, 2), 6, date(2026, 9, 2)), (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)), (date(2026, 12, 1), 12, date(2027, 12, 1)),
    ],
)  # fmt: skip
def test_six_months_on_is_the_same_day_or_the_last_of_the_month(day, months, then):
    assert months_on(day, months) == then


def paper(session, actors, **values):
    raw = {"sender": "市财政局", "title": "关于预算的通知", "received_at": "2026-03-02 09:00", "secrecy": "internal",
           "urgency": "none", "copies": "1", "sender_no": "财函〔2026〕12号"}  # fmt: skip
    with access.acting_as(actors["clerk"]):
        return records.add(session, IncomingDocument, {**raw, **values})


def person(session, actors, name):
    with access.system():
        return session.get(Person, actors[name].own_person_id)


def hold(session, actors, document, **values):
    with access.acting_as(actors["archivist"]):
        return records.add(session, Hold, {"document": document.id, "reason": "待决算后处理", **values})


def proposed(session, actors, *documents, **values):
    lines = [{"document": d.id, "reason": "期满", "decision": "destroy", **values} for d in documents]
    with access.acting_as(actors["archivist"]):
        return records.add(session, DestructionList, {"subject": "二〇二〇年文件", "entries": lines})


def approved(session, actors, *documents):
    found = proposed(session, actors, *documents)
    with access.acting_as(actors["archivist"]):
        found.take("hand_in")
        found.take("appraise", first=person(session, actors, "archivist"), second=person(session, actors, "clerk"))
    with access.acting_as(actors["leader"]):
        found.take("approve")
    session.commit()
    return found


def destroy(session, actors, found, first="clerk", second="office", **answers):
    pair = {"witness": person(session, actors, first), "second": person(session, actors, second)}
    with access.acting_as(actors["archivist"]):
        found.take("execute", **{"place": "县保密局销毁中心", "way": "粉碎", **pair, **answers})


def test_a_paper_kept_for_now_is_reviewed_after_six_months_and_kept_longer_or_released(session, actors):
    kept = hold(session, actors, paper(session, actors))
    assert kept.review_on == months_on(today(), 6)
    assert kept.due_at == parse_moment(f"{kept.review_on} 23:59")
    session.commit()
    with access.acting_as(actors["archivist"]):
        with pytest.raises(StepRefused):
            kept.take("keep_longer", outcome="仍需", until=str(today()))
        later = today() + timedelta(days=400)
        kept.take("keep_longer", outcome="仍需", until=str(later))
        assert (kept.review_on, kept.due_at) == (later, parse_moment(f"{later} 23:59"))
        (clock,) = clocks_of(session, kept)
        assert clock.original_due_at < clock.due_at
        kept.take("release", outcome="不再需要")
    assert kept.state == "released"


def test_what_is_kept_for_now_is_not_proposed_and_not_destroyed(either_session, either_actors):
    session, actors = either_session, either_actors
    held, free = paper(session, actors), paper(session, actors, sender_no="财函〔2026〕13号")
    kept = hold(session, actors, held)
    found = proposed(session, actors, held)
    session.commit()
    with access.acting_as(actors["archivist"]), pytest.raises(StepRefused, match=held.receipt_no):
        found.take("hand_in")
    found = approved(session, actors, free)
    hold(session, actors, free)  # somebody keeps it after it was approved
    session.commit()
    with pytest.raises(StepRefused, match=free.receipt_no):
        destroy(session, actors, found)
    with access.acting_as(actors["archivist"]):
        kept.take("release", outcome="不再需要")
    with access.system():
        assert (found.state, found.entries[0].tombstone) == ("approved", None)


def test_two_witnesses_see_it_neither_of_them_who_approved(session, actors):
    found = approved(session, actors, paper(session, actors))
    for first, second in (("clerk", "clerk"), ("leader", "clerk"), ("clerk", "leader")):
        with pytest.raises(StepRefused):
            destroy(session, actors, found, first, second)
    with pytest.raises(StepRefused):
        destroy(session, actors, found, on=str(today() - timedelta(days=1)))
    destroy(session, actors, found)
    with access.acting_as(actors["archivist"]):
        found.take("certify", certificate="何静、郑敏签字")
    assert (found.state, found.destroyed_on, found.witness.name) == ("certified", today(), "何静")


def test_what_is_remembered_names_an_ordinary_paper_by_title_a_secret_one_by_number(session, actors):
    plain, secret = paper(session, actors), paper(session, actors, secrecy="secret", title="涉密标题")
    found = approved(session, actors, plain, secret)
    destroy(session, actors, found)
    stones = [entry.tombstone for entry in found.entries]
    assert plain.receipt_no in stones[0]
    assert plain.title in stones[0]
    assert secret.receipt_no in stones[1]
    assert "涉密标题" not in stones[1]
    assert all(found.list_no in stone and "周海" in stone for stone in stones)


def test_nobody_approves_what_they_proposed_and_only_a_leader_approves(session, actors):
    found = proposed(session, actors, paper(session, actors))
    with access.acting_as(actors["archivist"]):
        found.take("hand_in")
        found.take("appraise", first=person(session, actors, "archivist"), second=person(session, actors, "clerk"))
    session.commit()
    for name in ("archivist", "office", "clerk"):
        with access.acting_as(actors[name]), pytest.raises(NotAllowed):
            found.take("approve")
    with access.system():
        found.proposer = person(session, actors, "leader")
        session.commit()
    with access.acting_as(actors["leader"]), pytest.raises(StepRefused):
        found.take("approve")


def test_two_appraisers_decide_on_every_line(session, actors):
    found = proposed(session, actors, paper(session, actors), decision="")
    with access.acting_as(actors["archivist"]):
        found.take("hand_in")
        session.commit()
        one, two = person(session, actors, "archivist"), person(session, actors, "clerk")
        with pytest.raises(StepRefused):
            found.take("appraise", first=one, second=two)
        line = {"id": found.entries[0].id, "document": found.entries[0].document_id, "reason": "期满"}
        raw = {"entries": [{**line, "decision": "keep"}]}
        with pytest.raises(Invalid):
            records.change(session, found, raw, [], version=found.version)
        raw = {"entries": [{**line, "decision": "keep", "keep_until": "2036-12-31"}]}
        records.change(session, found, raw, [], version=found.version)
        session.commit()
        with pytest.raises(StepRefused):
            found.take("appraise", first=one, second=one)
        found.take("appraise", first=one, second=two)
        session.commit()
        with pytest.raises(Invalid):
            records.change(session, found, {"subject": "改"}, ["subject"], version=found.version)


def test_a_kept_line_is_not_destroyed_with_the_others(session, actors):
    found = proposed(session, actors, paper(session, actors), decision="keep", keep_until="2036-12-31")
    hold(session, actors, found.entries[0].document)
    with access.acting_as(actors["archivist"]):
        found.take("hand_in")
        found.take("appraise", first=person(session, actors, "archivist"), second=person(session, actors, "clerk"))
    with access.acting_as(actors["leader"]):
        found.take("approve")
    destroy(session, actors, found)
    assert found.entries[0].tombstone is None


def campaign(session, actors, *documents):
    items = [{"document": d.id, "copy_no": "1", "holder": "张小明"} for d in documents]
    with access.acting_as(actors["clerk"]):
        raw = {"issuer": "市财政局", "notice": "请于月底前退回", "due_on": "2036-03-31", "items": items}
        return records.add(session, ReturnCampaign, raw)


def test_every_copy_called_back_is_collected_and_handed_back_against_signature(either_session, either_actors):
    session, actors = either_session, either_actors
    back = campaign(session, actors, paper(session, actors))
    assert back.due_at == parse_moment("2036-03-31 23:59")
    with access.acting_as(actors["clerk"]):
        back.take("collect")
        session.commit()
        with pytest.raises(StepRefused, match="张小明"):
            back.take("hand_back", signature="李科长")
        back.items[0].take("take_in")
        back.take("hand_back", signature="李科长")
        back.take("close")
    assert (back.state, back.signature, back.items[0].collected_on) == ("closed", "李科长", today())


def test_an_unreturned_copy_is_an_incident_on_record(session, actors):
    back = campaign(session, actors, paper(session, actors), paper(session, actors, sender_no="财函〔2026〕13号"))
    with access.acting_as(actors["clerk"]):
        back.take("collect")
        back.items[0].take("take_in")
        back.items[1].take("report_missing", note="多处查找未果")
        back.take("hand_back", signature="李科长")
        session.commit()
        with pytest.raises(StepRefused):
            back.take("close")
    with access.acting_as(actors["office"]):
        back.take("close_with_incident", incident="已报保密委")
    assert (back.state, "已报保密委" in back.marks()[0]) == ("closed_with_incident", True)


def test_a_holder_sees_the_own_copies_alone(session, actors):
    back = campaign(session, actors, paper(session, actors))
    item = type(back.items[0])
    with access.acting_as(actors["user_a"]):
        assert session.query(item).count() == 1
    with access.acting_as(actors["user_b"]):
        assert (session.query(item).count(), session.query(ReturnCampaign).count()) == (0, 0)
