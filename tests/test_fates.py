"""Kept for now, called back, destroyed: nobody destroys what is held, approves what they proposed or witnesses it."""

import random
from datetime import date, timedelta
from hashlib import sha256
from io import BytesIO

import pytest
from sqlalchemy import select

from app.engine import access, history
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.moments import now, parse_moment, today
from app.engine.refusals import Invalid, NotAllowed, Refused, StepRefused
from app.extensions import db
from app.web.files import clear_dropped, storage
from models.assignments import HandlingNote, hand_out
from models.copies import PaperCopy, register_copies
from models.destruction import DestructionEntry, DestructionList
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.fates import Hold, ReturnCampaign, months_on
from models.files import Attachment
from models.notices import Notice, open_notices, words_of
from models.people import Department, Person
from models.sweeping import sweep
from tests.conftest import actors_of, sign_in


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
        found = records.add(session, IncomingDocument, {**raw, **values})
    with access.system(), history.act("close"):
        found.enter(session, "closed")
        session.commit()
    return found


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


def test_a_holder_of_a_paper_called_back_finds_it_and_what_waits_for_them(app):
    with app.app_context():
        back = campaign(db.session, actors_of(db.session), paper(db.session, actors_of(db.session), handler="张小明"))
        with access.acting_as(actors_of(db.session)["clerk"]):
            back.take("collect")
            db.session.commit()
            number, item = back.items[0].document.receipt_no, back.items[0].id
    for account, sees in (("user_a", True), ("user_b", False)):
        browser = sign_in(app, account)
        page = browser.get("/returnitemview/list/")
        assert (page.status_code, number in page.text) == (200, sees)
        assert browser.get(f"/returnitemview/show/{item}").status_code == (200 if sees else 404)
        assert browser.post(f"/returnitemview/step/{item}/take_in").status_code in (403, 404)


# The paper and its records never disagree


def finished(session, actors, number, **values):
    return paper(session, actors, sender_no=f"财函〔2026〕{number}号", **values)


def state_of(session, document):
    with access.system():
        session.expire_all()
        return document.state


def test_a_hold_puts_its_paper_on_hold_and_gives_back_the_fate_it_had(session, actors):
    filed = finished(session, actors, 20)
    with access.acting_as(actors["clerk"]):
        filed.take("file_it")
    first, second = (hold(session, actors, filed, review_on=day) for day in ("2036-05-02", "2036-04-01"))
    session.commit()
    assert (state_of(session, filed), filed.review_on) == ("held", date(2036, 4, 1))
    with access.acting_as(actors["archivist"]):
        second.take("release", outcome="可归档")
        assert (state_of(session, filed), filed.review_on) == ("held", date(2036, 5, 2))  # one keeps it still
        first.take("release", outcome="可归档")
    assert (state_of(session, filed), filed.review_on) == ("to_file", None)


def test_the_papers_own_step_makes_the_hold_and_one_entry_in_its_history(session, actors):
    document = finished(session, actors, 21)
    with access.acting_as(actors["clerk"]):
        document.take("hold", reason="待上级通知")
    session.commit()
    with access.system():
        (kept,) = session.query(Hold).filter_by(document_id=document.id).all()
        assert (kept.reason, kept.keeper.name, kept.review_on) == ("待上级通知", "何静", document.review_on)
        assert sorted(entry.action for entry in history.entries_of(session, document)) == ["add", "close", "hold"]


def test_an_unfinished_paper_is_not_kept_for_now_and_not_destroyed(session, actors):
    with access.acting_as(actors["clerk"]):
        going = records.add(session, IncomingDocument, {
            "sender": "市财政局", "title": "在办件", "received_at": "2026-03-02 09:00", "secrecy": "internal",
            "urgency": "none", "copies": "1"})  # fmt: skip
        session.commit()
    with pytest.raises(Invalid):
        hold(session, actors, going)
    session.rollback()
    found = proposed(session, actors, going)
    session.commit()
    with access.acting_as(actors["archivist"]), pytest.raises(StepRefused, match=going.receipt_no):
        found.take("hand_in")


@pytest.mark.parametrize(
    "marked, filed, after", [(True, False, "closed"), (True, True, "to_file"), (False, False, "closed")]
)
def test_a_paper_called_back_is_to_be_returned_until_its_issuer_has_it(session, actors, marked, filed, after):
    document = finished(session, actors, 22)
    with access.acting_as(actors["clerk"]):
        if marked:
            document.take("mark_for_return", reason="来文单位清退")
        back = campaign(session, actors, document)
        back.take("collect")
        assert state_of(session, document) == "to_return"
        session.commit()
        with pytest.raises(Invalid):
            records.change(session, back, {"items": []}, [], version=back.version)
        session.rollback()
        back.items[0].take("take_in")
        back.take("hand_back", signature="李科长")
        assert state_of(session, document) == "to_return"
        back.take("close", rest_filed=filed)
    assert state_of(session, document) == after


def test_a_filed_paper_called_back_is_filed_again_afterwards(session, actors):
    document = finished(session, actors, 23)
    with access.acting_as(actors["clerk"]):
        document.take("file_it")
        back = campaign(session, actors, document)
        back.take("collect")
        back.items[0].take("take_in")
        back.take("hand_back", signature="李科长")
        back.take("close")
    assert state_of(session, document) == "to_file"


def test_a_paper_called_back_while_on_its_way_is_to_be_returned_once_it_is_closed(session, actors):
    document = finished(session, actors, 24)
    with access.system(), history.act("reopen"):
        document.enter(session, "in_circulation")
        session.commit()
    back = campaign(session, actors, document)
    with access.acting_as(actors["clerk"]):
        back.take("collect")
        assert state_of(session, document) == "in_circulation"
        document.take("close")
    assert state_of(session, document) == "to_return"


def test_an_approved_list_dooms_its_papers_and_its_execution_ends_them(session, actors):
    doomed, spared = finished(session, actors, 25), finished(session, actors, 26)
    found = proposed(session, actors, doomed, spared)
    with access.acting_as(actors["office"]):
        spared.take("mark_for_destruction", reason="无保存价值")
    with access.acting_as(actors["archivist"]):
        found.take("hand_in")
        session.commit()
        lines = [
            {"id": e.id, "document": e.document_id, "reason": "期满", "decision": "destroy"} for e in found.entries
        ]
        lines[1] |= {"decision": "transfer"}
        records.change(session, found, {"entries": lines}, [], version=found.version)
        found.take("appraise", first=person(session, actors, "archivist"), second=person(session, actors, "clerk"))
    assert [state_of(session, one) for one in (doomed, spared)] == ["closed", "to_destroy"]
    with access.acting_as(actors["leader"]):
        found.take("approve")
    session.commit()
    assert [state_of(session, one) for one in (doomed, spared)] == ["to_destroy", "to_file"]
    destroy(session, actors, found)
    assert [state_of(session, one) for one in (doomed, spared)] == ["destroyed", "to_file"]
    again = proposed(session, actors, doomed)
    session.commit()
    with access.acting_as(actors["archivist"]), pytest.raises(StepRefused, match=doomed.receipt_no):
        again.take("hand_in")


def test_a_rejected_list_leaves_its_papers_to_another_fate(session, actors):
    document = finished(session, actors, 27)
    with access.acting_as(actors["office"]):
        document.take("mark_for_destruction", reason="无保存价值")
    found = proposed(session, actors, document)
    with access.acting_as(actors["archivist"]):
        found.take("hand_in")
        found.take("appraise", first=person(session, actors, "archivist"), second=person(session, actors, "clerk"))
    with access.acting_as(actors["leader"]):
        found.take("reject", reason="仍需查考")
    assert state_of(session, document) == "closed"


def test_what_its_issuer_wants_back_is_not_destroyed(session, actors):
    document = finished(session, actors, 28)
    found = approved(session, actors, document)
    assert state_of(session, document) == "to_destroy"
    back = campaign(session, actors, document)
    with access.acting_as(actors["clerk"]):
        back.take("collect")
    session.commit()
    assert state_of(session, document) == "to_return"
    with pytest.raises(StepRefused, match=document.receipt_no):
        destroy(session, actors, found)


def test_no_line_comes_to_a_list_that_is_approved_or_being_collected(session, actors):
    first, second = finished(session, actors, 60), finished(session, actors, 61)
    found, back = approved(session, actors, first), campaign(session, actors, second)
    with access.acting_as(actors["clerk"]):
        back.take("collect")
    session.commit()
    with access.acting_as(actors["office"]):
        for model, raw in (
            (
                DestructionEntry,
                {"destruction": found.id, "document": second.id, "reason": "期满", "decision": "destroy"},
            ),
            (type(back.items[0]), {"campaign": back.id, "document": first.id}),
        ):
            with pytest.raises(Invalid):
                records.add(session, model, raw)
            session.rollback()


#: Anything that may be done about a finished paper: who, with the paper or which record of it, the step.
DEEDS = [
    ("clerk", "paper", "file_it", {}), ("clerk", "paper", "hold", {"reason": "待定"}),
    ("clerk", "paper", "mark_for_return", {"reason": "清退"}), ("office", "paper", "mark_for_destruction", {"reason": "无用"}),
    ("leader", "paper", "reopen", {"reason": "未落实", "limit": "2036-01-05 10:00"}), ("archivist", Hold, "add", {}),
    ("archivist", Hold, "release", {"outcome": "不再需要"}), ("clerk", ReturnCampaign, "add", {}),
    ("clerk", ReturnCampaign, "collect", {}), ("clerk", ReturnCampaign, "hand_back", {"signature": "李"}),
    ("clerk", ReturnCampaign, "close", {"rest_filed": True}), ("archivist", DestructionList, "add", {}),
    ("archivist", DestructionList, "hand_in", {}), ("archivist", DestructionList, "appraise", {}),
    ("leader", DestructionList, "approve", {}), ("leader", DestructionList, "reject", {"reason": "再议"}),
    ("archivist", DestructionList, "execute", {"place": "中心", "way": "粉碎"}),
]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_whatever_is_done_about_a_paper_its_state_is_what_its_records_say(session, actors, seed):
    dice, document = random.Random(seed), finished(session, actors, 30)
    with access.system():
        document.department = person(session, actors, "user_a").department
        session.commit()
    people = {name: person(session, actors, name) for name in ("archivist", "clerk", "office")}
    seen = set()
    for _turn in range(60):
        about = dice.choice(["paper", Hold, ReturnCampaign, DestructionList])
        who, what, step, answers = dice.choice([one for one in DEEDS if one[1] is about])
        answers = answers | {
            "appraise": {"first": people["archivist"], "second": people["clerk"]},
            "execute": {"witness": people["clerk"], "second": people["office"]},
        }.get(step, {})
        try:
            deed(session, actors, document, who, what, step, answers)
            session.commit()
        except Refused:
            session.rollback()
        seen.add(state_of(session, document))
        assert state_of(session, document) == said_by_records(session, document), (step, seen)
    assert len(seen) >= 4


def deed(session, actors, document, who, what, step, answers):
    """One of them, with the newest record of its kind."""
    if step == "add":
        {Hold: hold, ReturnCampaign: campaign, DestructionList: proposed}[what](session, actors, document)
        return
    with access.acting_as(actors[who]):
        openly = {} if what == "paper" else {"state": next(iter(what.flow.steps[step].sources))}
        record = (
            document if what == "paper" else session.query(what).filter_by(**openly).order_by(what.id.desc()).first()
        )
        if record is None:
            return
        if step == "reopen" and record.state == "in_handling":
            with access.system(), history.act("close"):
                record.enter(session, "closed")
            return
        if step == "hand_back":
            for item in record.items:
                item.take("take_in")
        record.take(step, **answers)


def said_by_records(session, document):
    """The state holds, recalls and lists ask for, in plain words of the specification."""
    with access.system():
        if document.state in ("in_handling", "destroyed"):
            gone = any(one.state in ("executed", "certified") for one in session.query(DestructionList))
            return document.state if document.state == "in_handling" or gone else "not destroyed by any list"
        if any(one.state == "held" for one in session.query(Hold)):
            return "held"
        if any(one.state in ("collecting", "handed_back") for one in session.query(ReturnCampaign)):
            return "to_return"
        if any(one.state == "approved" for one in session.query(DestructionList)):
            return "to_destroy"
        return document.fate or "closed"


def reminders(session):
    with access.system():
        session.expire_all()
        return [(notice.person.name, notice.record_id) for notice in session.query(Notice).filter_by(key="review")]


def test_a_keeper_is_reminded_once_of_each_review_that_comes_up(session, actors, clock):
    day = today() + timedelta(days=10)
    kept = hold(session, actors, finished(session, actors, 40), review_on=str(day))
    with access.acting_as(actors["clerk"]):
        records.add(
            session, Hold, {"document": finished(session, actors, 41).id, "reason": "待定", "review_on": "2036-01-01"}
        )
    session.commit()
    sweep(session)
    assert reminders(session) == []
    assert session.query(Hold).filter(Hold.waits_for(actors["archivist"])).all() == []
    clock.ahead(days=7)
    for _again in range(2):
        sweep(session)
        assert reminders(session) == [(person(session, actors, "archivist").name, kept.id)]
    with access.system():
        assert session.query(Hold).filter(Hold.waits_for(actors["archivist"])).all() == [kept]
        assert session.query(Hold).filter(Hold.waits_for(actors["clerk"])).all() == []
    with access.acting_as(actors["archivist"]):
        (found,) = [words_of(*one) for one in open_notices(session, Notice.key == "review")]
        assert kept.document.receipt_no in found
        kept.take("keep_longer", outcome="仍需", until=str(day + timedelta(days=30)))
        session.commit()
    clock.ahead(days=30)
    sweep(session)
    sweep(session)
    assert len(reminders(session)) == 2
    with access.acting_as(actors["archivist"]):
        kept.take("release", outcome="不再需要")
        session.commit()
    clock.ahead(days=30)
    sweep(session)
    assert len(reminders(session)) == 2


def test_what_people_still_have_of_finished_papers_is_listed_person_by_person(app, client, session, actors):
    """外部来文处理办法 第八条: nobody keeps a paper that has to be filed; the registry sees who still has one."""
    going, mine, theirs = (
        finished(session, actors, n, handler=who) for n, who in ((50, "张小明"), (51, "张小明"), (52, "李强"))
    )
    with access.system(), history.act("hand_out"):
        for document, name in ((going, "user_a"), (mine, "user_a"), (theirs, "user_b")):
            (copy,) = register_copies(session, document)
            copy.give(session, person(session, actors, name), True)
        going.enter(session, "in_circulation")
        theirs.enter(session, "to_return")
        session.commit()
        numbers = {name: one.receipt_no for name, one in (("going", going), ("mine", mine), ("theirs", theirs))}
    session.commit()
    pages = {name: client(name).get("/papers/holdings/").text for name in ("user_a", "clerk")}
    seen = {name: {key for key, number in numbers.items() if number in page} for name, page in pages.items()}
    assert seen["clerk"] == {"mine", "theirs"}
    assert seen["user_a"] | {"mine"} == {"mine"}
    assert "张小明" in pages["clerk"] and "李强" in pages["clerk"]
    assert "张小明" in pages["user_a"] and "李强" not in pages["user_a"]
    with access.acting_as(actors["clerk"]):
        session.query(PaperCopy).filter_by(document_id=mine.id).one().take("take_back", complete=True)
        session.commit()
    assert numbers["mine"] not in client("clerk").get("/papers/holdings/").text


# What is left of a destroyed paper (documents.md 3.6): its line, and of a secret one its numbers alone


def furnished(app, secrecy, content):
    """A closed paper with texts of its own, of its handling and of a reader, and with a file; its key and number."""
    with app.app_context():
        session, actors = db.session, actors_of(db.session)
        document = paper(session, actors, secrecy=secrecy, title="原件标题", summary="原件摘要")
        with access.system(), history.act("change"):
            document.proposal = "原件拟办"
            reader = actors["user_a"].own_person_id
            entry = CirculationEntry(document_id=document.id, reader_id=reader, state="answered")
            records.store(session, entry)
            hand_out(session, document, unit(session), [], "原件要求", None, None, None)
            desk = document.assignments[0].id
            records.store(session, HandlingNote(assignment_id=desk, at=now(), words="原件注办"))
            entry.opinion = "原件意见"
        session.commit()
        pk, number = document.id, document.receipt_no
    file = {"file": (BytesIO(content), "note.txt")}
    assert sign_in(app, "clerk").post(f"/files/incoming_documents/{pk}", data=file).status_code == 302
    return pk, number


def unit(session):
    return session.scalars(select(Department).where(Department.name == "综合科")).one()


def carried_out(app, pk):
    with app.app_context():
        session, actors = db.session, actors_of(db.session)
        with access.system():
            document = session.get(IncomingDocument, pk)
        found = approved(session, actors, document)
        destroy(session, actors, found)
        with access.acting_as(actors["archivist"]):
            found.take("certify", certificate="何静、郑敏签字")
        session.commit()


@pytest.mark.parametrize("secrecy, title", [("internal", "原件标题"), ("secret", None)])
def test_of_a_destroyed_paper_its_line_stays_and_its_content_is_gone(app, secrecy, title):
    content = b"the paper itself"
    pk, number = furnished(app, secrecy, content)
    carried_out(app, pk)
    office = sign_in(app, "office")
    assert office.get(f"/files/incoming_documents/{pk}/1").status_code == 404
    page = office.get(f"/incomingdocumentview/show/{pk}").text
    assert number in page
    assert ("原件标题" in page) is (title is not None)
    for gone in ("摘要", "拟办", "意见", "要求", "注办"):
        assert f"原件{gone}" not in page
    for words in ("原件摘要", "原件意见"):
        for address in ("incomingdocumentview", "circulationentryview"):
            assert number not in office.get(f"/{address}/list/?q={words}").text
    assert number in office.get(f"/incomingdocumentview/list/?q={number}").text
    with app.app_context(), access.system():
        document = db.session.get(IncomingDocument, pk)
        assert (document.title, document.summary, document.proposal) == (title or number, None, None)
        assert [one.opinion for one in document.circulation] == [None]
        assert [note.words for desk in document.assignments for note in desk.notes] == [""]
        assert db.session.scalars(select(Attachment)).all() == []
        assert not storage().exists(sha256(content).hexdigest())
        history.verify(db.session, records.kinds().values())
        with pytest.raises(Invalid, match="已销毁"):
            document.result = "补记"
            db.session.flush()
        db.session.rollback()


def test_the_content_of_a_file_that_another_record_has_too_stays(app):
    content = b"sent to two registries"
    pk, _number = furnished(app, "internal", content)
    other, _other_number = furnished(app, "internal", content)
    carried_out(app, pk)
    with sign_in(app, "office").get(f"/files/incoming_documents/{other}/2") as answer:
        assert answer.data == content


def test_what_could_not_be_deleted_at_once_is_by_the_sweep(app, monkeypatch):
    content = b"the store was out of reach"
    pk, _number = furnished(app, "internal", content)
    with monkeypatch.context() as out_of_reach:
        out_of_reach.setattr("app.web.files.clear", lambda session, digests: 1 / 0)
        carried_out(app, pk)
    with app.app_context():
        assert storage().exists(sha256(content).hexdigest())
        assert clear_dropped(db.session) == 1
        assert not storage().exists(sha256(content).hexdigest())
