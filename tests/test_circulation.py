"""Circulation: scope and order, form by secrecy and medium, what readers say and what comes of it."""

import re
from datetime import timedelta

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from app.engine import access, finding, history, rules
from app.engine.clocks import clocks_of
from app.engine.moments import parse_moment, today
from app.engine.refusals import NotAllowed, StepRefused
from app.engine.transfer import import_rows
from models.circulation import Circulation, CirculationEntry, offer_to
from models.circulation_rules import MODES, round_for
from models.documents import IncomingDocument
from models.endings import stop_all, unsettled
from models.notices import Notice, open_notices, words_of
from models.people import Person, actor_of
from models.registers import Register
from models.tasks import SupplementaryTask
from seed import demo
from seed.rules import RULES
from tests.conftest import actors_of, bearer, sign_in
from tests.test_documents import person, register, take

ACCOUNTS = [name for name, _role in demo.ACCOUNTS]


def paper(session, actors, medium="paper", profile="company", **values):
    """A document that came in on paper, in the book of a profile."""
    with access.system():
        book = session.scalars(select(Register).where(Register.profile == profile)).first()
    with access.acting_as(actors["clerk"]):
        document = register(session, register=book.name, received_at="2026-03-02 08:50", **values)
    document.medium = medium
    return document


def people(session, actors, names):
    return [person(session, actors[name]) for name in names]


def send(session, actors, document, *names, by="leader", purpose="请阅知", **more):
    """Send a document round, as the step of that account would."""
    readers = people(session, actors, names)
    with access.acting_as(actors[by]), history.act("circulate"), access.system():
        round_ = offer_to(document, readers, purpose, **more)
        session.flush()
    return round_


def states(round_):
    with access.system():
        return {entry.reader.name: entry.state for entry in round_.ordered}


def entry_of(session, round_, name):
    with access.system():
        session.expire(round_)
        return next(entry for entry in round_.ordered if entry.reader.name == name)


def clear(session, actors, *names, business="top_secret", state="state_top_secret"):
    with access.system():
        for one in people(session, actors, names):
            one.clearance, one.state_clearance = business, state
        session.flush()


def refused(session, actor, record, step, sentence, **answers):
    """The step is refused in words that name the reason; what was stored before is stored still."""
    session.commit()
    with force_locale("en"), pytest.raises(StepRefused, match=re.escape(sentence)):
        take(session, actor, record, step, **answers)


# The rules


def test_every_seeded_rule_fits_its_setting():
    wrong = [(name, value) for name, _profile, value, _source in RULES if rules.SETTINGS[name].wrong(value)]
    assert wrong == []


@pytest.mark.parametrize(
    "secrecy, medium, preparation, form, mode",
    [
        ("top_secret", "paper", "photocopy", "paper", "shared_copy"),
        ("top_secret", "electronic", "download", "paper", "shared_copy"),
        ("confidential", "paper", "scan", "electronic", "parallel"),
        ("confidential", "electronic", "as_is", "electronic", "parallel"),
        ("secret", "paper", "scan", "electronic", "parallel"),
        ("secret", "electronic", "as_is", "electronic", "parallel"),
        ("internal", "paper", "as_is", "paper", "sequential"),
        ("open", "paper", "as_is", "paper", "sequential"),
        ("internal", "electronic", "as_is", "electronic", "parallel"),
        ("state_secret", "paper", "as_is", "paper", "sequential"),
        ("state_top_secret", "paper", "as_is", "paper", "sequential"),
    ],
)
def test_form_and_order_follow_from_secrecy_and_medium(session, actors, secrecy, medium, preparation, form, mode):
    clear(session, actors, "user_a", "user_b", "clerk", "leader")
    actors = actors_of(session)
    document = paper(session, actors, medium, secrecy=secrecy)
    round_ = send(session, actors, document, "user_a", "user_b")
    assert (round_.preparation, round_.form, round_.mode) == (preparation, form, mode)
    assert document.keeps_content() is (secrecy not in ("top_secret", "state_secret", "state_top_secret"))


def test_with_a_copy_for_each_all_read_at_once_and_another_order_may_be_chosen(session, actors):
    enough = send(session, actors, paper(session, actors, copies="3"), "user_a", "user_b", "head_b")
    assert enough.mode == "parallel"
    assert len({entry.copy.number for entry in enough.entries}) == 3
    chosen = send(session, actors, paper(session, actors, copies="3"), "user_a", "user_b", mode="sequential")
    assert chosen.mode == "sequential"
    on_screen = send(session, actors, paper(session, actors), "user_a", "user_b", form="electronic")
    assert set(states(on_screen).values()) == {"offered"}


@pytest.mark.parametrize("mode", sorted(set(MODES) - {"parallel", "sequential"}))
def test_an_order_the_rule_does_not_know_is_refused(session, actors, mode):
    with pytest.raises(StepRefused, match=r"此类文件不得这样传阅：(阅文室阅读|多人一份)。"):
        send(session, actors, paper(session, actors, secrecy="secret"), "user_a", mode=mode)


def test_one_copy_is_not_read_by_three_at_once(session, actors):
    with pytest.raises(StepRefused, match=r"3人只有1份"):
        send(session, actors, paper(session, actors), "user_a", "user_b", "head_b", mode="parallel")


def test_the_school_reads_one_after_the_other_however_many_copies_there_are(session, actors):
    round_ = send(session, actors, paper(session, actors, profile="school", copies="9"), "user_a", "user_b")
    assert round_.mode == "sequential"


def test_what_the_row_in_force_says_comes_before_the_house_rule(session, actors):
    document = paper(session, actors, "electronic")
    with access.system():
        session.add(
            rules.Rule(setting="round_internal_electronic", profile="company", value="as_is, electronic, sequential")
        )
        session.flush()
    assert round_for(session, document).modes == ("sequential",)


# Top secret


def test_a_top_secret_paper_waits_for_its_photocopies_two_readers_to_each(session, actors):
    names = ("user_a", "head_a", "user_b", "head_b", "office")
    clear(session, actors, *names, "clerk", "leader")
    actors = actors_of(session)
    document = paper(session, actors, secrecy="top_secret")
    round_ = send(session, actors, document, *names)
    assert (round_.state, set(states(round_).values())) == ("draft", {"queued"})
    refused(session, actors["clerk"], round_, "start", "3 copies have to go round and 0 are there")
    take(session, actors["clerk"], round_, "make_copies", person=person(session, actors["clerk"]), copies=3)
    take(session, actors["clerk"], round_, "start")
    with access.system():
        by_copy = {}
        for entry in round_.ordered:
            by_copy.setdefault(entry.copy.number, []).append(entry.reader.name)
        assert {entry.copy.medium for entry in round_.entries} == {"photocopy"}
    assert sorted(map(len, by_copy.values())) == [1, 2, 2]
    with access.system():
        assert (round_.copies_at_start, round_.prepared_by.name) == (3, "何静")


def test_a_top_secret_file_is_printed_by_one_person_and_deleted(session, actors):
    clear(session, actors, "user_a", "user_b", "clerk", "leader")
    actors = actors_of(session)
    round_ = send(session, actors, paper(session, actors, "electronic", secrecy="top_secret"), "user_a", "user_b")
    maker = person(session, actors["clerk"])
    refused(session, actors["clerk"], round_, "make_copies", "has to be deleted", person=maker, copies=1)
    assert round_.file_deleted_at is None
    take(session, actors["clerk"], round_, "make_copies", person=maker, copies=1, file_deleted=True)
    take(session, actors["clerk"], round_, "start")
    assert round_.file_deleted_at is not None
    with access.system():
        assert [(copy.number, copy.medium) for copy in round_.copies] == [("000001", "print")]


# Order


def test_leaders_read_first_then_the_supervising_department(session, actors):
    with access.system():
        for name, post in (("office", "总经理"), ("leader", "分管领导")):
            person(session, actors[name]).position = post
        person(session, actors["officer"]).rank = 1
        session.flush()
    document = paper(session, actors, department="综合科")
    round_ = send(session, actors, document, "user_b", "user_a", "leader", "officer", "office")
    with access.system():
        assert [entry.reader.name for entry in round_.ordered] == ["冯洁", "郑敏", "周海", "张小明", "李强"]


def test_another_place_in_line_is_on_file(session, actors):
    round_ = send(session, actors, paper(session, actors), "user_a", "user_b", "head_b")
    last = entry_of(session, round_, "孙丽")
    take(session, actors["clerk"], last, "move", to=1)
    with access.system():
        assert [entry.reader.name for entry in round_.ordered] == ["孙丽", "张小明", "李强"]
        told = history.entries_of(session, last)[0]
    assert (told.action, told.actor_name, told.fields["position"]) == ("move", "何静", [3, 1])
    refused(session, actors["clerk"], last, "move", "3 places", to=4)


def test_one_after_the_other_the_next_is_offered_when_the_one_before_has_read(either_session, either_actors):
    session, actors = either_session, either_actors
    document = paper(session, actors, "electronic")
    round_ = send(session, actors, document, "user_a", "user_b", mode="sequential")
    assert states(round_) == {"张小明": "offered", "李强": "queued"}
    waiting = entry_of(session, round_, "李强")
    with pytest.raises(StepRefused):
        take(session, actors["user_b"], waiting, "mark_read")
    take(session, actors["user_a"], entry_of(session, round_, "张小明"), "mark_read")
    assert states(round_) == {"张小明": "read", "李强": "offered"}
    assert round_.waiting_for == "李强"


def test_on_paper_the_next_waits_until_the_copy_is_back(either_session, either_actors):
    session, actors = either_session, either_actors
    round_ = send(session, actors, paper(session, actors), "user_a", "user_b")
    first, second = entry_of(session, round_, "张小明"), entry_of(session, round_, "李强")
    assert states(round_) == {"张小明": "queued", "李强": "queued"}
    refused(session, actors["clerk"], second, "offer", "first comes 张小明", signed=True)
    take(session, actors["clerk"], first, "offer", signed=True)
    take(session, actors["user_a"], first, "answer", opinion="请财务科核对")
    refused(session, actors["clerk"], second, "offer", "first comes 张小明", signed=True)
    with access.system():
        copy = first.copy
    take(session, actors["clerk"], copy, "take_back", complete=True)
    take(session, actors["clerk"], second, "offer", signed=True)
    assert states(round_) == {"张小明": "answered", "李强": "offered"}
    assert first.returned_at is not None and first.opened_at is None


def test_who_is_away_is_passed_over_and_comes_back_to_the_old_place(session, actors, clock):
    round_ = send(
        session, actors, paper(session, actors, "electronic"), "user_a", "user_b", "head_b", mode="sequential"
    )
    first = entry_of(session, round_, "张小明")
    due = first.due_at
    clock.ahead(days=1)
    take(session, actors["clerk"], first, "skip", reason="出差")
    assert states(round_) == {"张小明": "skipped", "李强": "offered", "孙丽": "queued"}
    assert first.due_at is None
    clock.ahead(days=6)
    take(session, actors["clerk"], first, "offer_again")
    assert states(round_)["张小明"] == "queued"
    take(session, actors["user_b"], entry_of(session, round_, "李强"), "mark_read")
    assert states(round_) == {"张小明": "offered", "李强": "read", "孙丽": "queued"}
    with access.system():
        clocks = clocks_of(session, first)
    # Nine of ten days were left on Tuesday 3 March; counted on from Monday the 9th they end on Wednesday the 18th.
    assert (len(clocks), first.due_at) == (1, parse_moment("2026-03-18 18:00"))
    assert due == parse_moment("2026-03-12 18:00")


def test_an_opinion_is_due_ten_days_after_it_was_offered_not_after_the_round_began(session, actors, clock):
    round_ = send(session, actors, paper(session, actors), "user_a", "user_b")
    first, second = entry_of(session, round_, "张小明"), entry_of(session, round_, "李强")
    assert (first.due_at, second.due_at) == (None, None)
    clock.ahead(days=1)
    take(session, actors["clerk"], first, "offer", signed=True)
    assert first.due_at == parse_moment("2026-03-13 18:00")
    assert second.due_at is None


# Scope


def test_the_scope_is_widened_by_who_approved_it_or_a_leader_never_by_the_office(session, actors):
    document = paper(session, actors, "electronic")
    round_ = send(session, actors, document, "user_a", by="office")
    more = people(session, actors, ["user_b"])
    session.commit()
    with pytest.raises(NotAllowed):
        take(session, actors["clerk"], round_, "add_reader", readers=more, reason="需要")
    take(session, actors["office"], round_, "add_reader", readers=more, reason="涉及预算")
    take(
        session, actors["leader"], round_, "add_reader", readers=people(session, actors, ["head_b"]), reason="涉及预算"
    )
    assert set(states(round_)) == {"张小明", "李强", "孙丽"}
    approved = send(session, actors, paper(session, actors, "electronic"), "user_a", by="leader")
    refused(session, actors["office"], approved, "add_reader", "up to somebody else", readers=more, reason="需要")


def test_a_list_the_clerk_sends_on_instruction_names_who_approved_it(session, actors):
    leader = person(session, actors["leader"])
    approved = send(session, actors, paper(session, actors, "electronic"), "user_a", by="clerk", approver=leader)
    with access.system():
        assert (approved.approver.name, approved.started_by.name) == ("周海", "何静")
    alone = send(session, actors, paper(session, actors, "electronic"), "user_a", by="clerk")
    assert alone.approver_id is None


def test_a_second_round_widens_no_scope_that_was_approved_in_any_profile(session, actors):
    """documents.md 3.4: adding a person needs whoever approved the scope; office staff cannot."""
    document = paper(session, actors, secrecy="secret")
    clear(session, actors, "user_a", "user_b", "head_b")
    take(session, actors["leader"], document, "instruct_reading", readers=["张小明"], purpose="请阅")
    for who in ("clerk", "office"):
        answers = {"readers": ["李强"], "purpose": "顺便"}
        refused(session, actors[who], document, "circulate", "李强", **answers)
    session.commit()
    take(session, actors["clerk"], document, "circulate", readers=["李强"], purpose="领导同意", approver="周海")
    take(session, actors["leader"], document, "circulate", readers=["孙丽"], purpose="请阅")
    session.commit()
    with access.system():
        assert [one.reader.name for one in document.circulation] == ["张小明", "李强", "孙丽"]


def test_nobody_reads_what_they_are_not_cleared_for(session, actors):
    clear(session, actors, "clerk", "leader")
    actors = actors_of(session)
    with pytest.raises(StepRefused, match=r"无权接触该密级文件：张小明"):
        send(session, actors, paper(session, actors, secrecy="top_secret"), "user_a")


def test_a_secrecy_that_is_raised_holds_for_the_readers_at_once(session, actors):
    document = paper(session, actors, "electronic", secrecy="internal")
    round_ = send(session, actors, document, "user_a")
    entry = entry_of(session, round_, "张小明")
    with access.system():
        document.secrecy = "top_secret"
        session.commit()
    refused(session, actors["user_a"], entry, "mark_read", "somebody else")
    with access.acting_as(actors["user_a"]):
        assert finding.by_key(session, IncomingDocument, document.id) is None


def test_readers_are_taken_back_or_exempted_by_who_started_it_while_they_have_not_read(session, actors):
    round_ = send(session, actors, paper(session, actors, "electronic"), "user_a", "user_b", "head_b", by="leader")
    first, second, third = (entry_of(session, round_, name) for name in ("张小明", "李强", "孙丽"))
    refused(session, actors["clerk"], first, "withdraw", "up to somebody else", reason="改由科长传达")
    take(session, actors["leader"], first, "withdraw", reason="改由科长传达")
    take(session, actors["leader"], second, "exempt", reason="已参会")
    take(session, actors["head_b"], third, "mark_read")
    refused(session, actors["leader"], third, "exempt", "not possible", reason="已参会")
    assert states(round_) == {"张小明": "withdrawn", "李强": "exempted", "孙丽": "read"}
    assert round_.waiting_for is None


@pytest.mark.parametrize("who", sorted(set(ACCOUNTS) - {"admin", "manager"}))
def test_whoever_is_named_as_a_reader_may_say_so(session, actors, who):
    document = paper(session, actors, "electronic")
    round_ = send(session, actors, document, who, "user_a", by="office")
    entry = entry_of(session, round_, person(session, actors[who]).name)
    with access.acting_as(actors[who]):
        assert finding.by_key(session, IncomingDocument, document.id) is not None
        assert finding.by_key(session, CirculationEntry, entry.id) is not None
    take(session, actors[who], entry, "open")
    take(session, actors[who], entry, "answer", opinion="请财务科一并研究")
    assert (entry.state, entry.signed_by_id) == ("answered", actors[who].own_person_id)


@pytest.mark.parametrize("who", ["office", "clerk", "cs_manager", "auditor"])
def test_nobody_reads_in_anothers_stead_by_rank(session, actors, who):
    round_ = send(session, actors, paper(session, actors, "electronic"), "user_a", by="leader")
    refused(session, actors[who], entry_of(session, round_, "张小明"), "mark_read", "up to somebody else")


# Reading and saying


@pytest.mark.parametrize("words", ["已阅", "已阅。", " 阅 ", "Read"])
def test_a_mark_is_no_opinion(session, actors, words):
    round_ = send(session, actors, paper(session, actors, "electronic"), "user_a")
    refused(
        session, actors["user_a"], entry_of(session, round_, "张小明"), "answer", "mark, not an opinion", opinion=words
    )


def test_where_an_opinion_is_asked_for_a_mark_does_not_do(session, actors):
    round_ = send(session, actors, paper(session, actors, "electronic"), "user_a", opinion_required=True)
    entry = entry_of(session, round_, "张小明")
    refused(session, actors["user_a"], entry, "mark_read", "opinion is asked for")
    take(session, actors["user_a"], entry, "answer", opinion="同意")
    assert (entry.opinion, entry.state) == ("同意", "answered")


def test_the_clerk_enters_what_a_reader_without_a_screen_wrote_on_the_paper(session, actors, clock):
    round_ = send(session, actors, paper(session, actors), "user_a")
    entry = entry_of(session, round_, "张小明")
    take(session, actors["clerk"], entry, "offer", signed=True)
    clock.ahead(hours=5)
    signed = parse_moment("2026-03-02 11:00")
    refused(session, actors["clerk"], entry, "transcribe", "before the paper was offered", at="2026-03-01 11:00")
    take(session, actors["clerk"], entry, "transcribe", opinion="请速办", at="2026-03-02 11:00")
    assert (entry.state, entry.read_at, entry.opinion) == ("answered", signed, "请速办")
    with access.system():
        assert (entry.signed_by.name, entry.transcribed_by.name) == ("张小明", "何静")


def test_a_deputy_reads_for_the_absent_and_no_longer_than_the_absence(session, actors, clock):
    round_ = send(session, actors, paper(session, actors, "electronic"), "user_a", "head_b")
    with access.system():
        reader = person(session, actors["user_a"])
        reader.deputy = person(session, actors["user_b"])
        reader.absent_from, reader.absent_until = today(), today() + timedelta(days=2)
        deputy = person(session, actors["user_b"]).user
        session.commit()
    entry = entry_of(session, round_, "张小明")
    take(session, actor_of(session, deputy), entry, "answer", opinion="代阅，同意")
    with access.system():
        told = history.entries_of(session, entry)[0]
    assert (told.actor_name, told.acting_for) == ("李强", "张小明")
    with access.system():
        assert (entry.reader.name, entry.signed_by.name) == ("张小明", "李强")
    clock.ahead(days=3)
    with access.acting_as(actor_of(session, deputy)):
        assert finding.by_key(session, CirculationEntry, entry.id) is None


def test_reminding_one_reader_is_counted(session, actors):
    entry = entry_of(session, send(session, actors, paper(session, actors, "electronic"), "user_a"), "张小明")
    for _time in range(2):
        take(session, actors["clerk"], entry, "remind")
    assert entry.reminders == 2 and entry.reminded_at is not None
    with access.acting_as(actors["user_a"]):
        assert [notice.key for notice in session.scalars(select(Notice))] == ["reminded"] * 2
    take(session, actors["user_a"], entry, "mark_read")
    refused(session, actors["clerk"], entry, "remind", "not possible")


@pytest.mark.parametrize("way", ["entry", "round"])
def test_whom_the_paper_is_taken_back_from_is_told(session, actors, way):
    round_ = send(session, actors, paper(session, actors, "electronic"), "user_a")
    taken = entry_of(session, round_, "张小明") if way == "entry" else round_
    take(session, actors["office"], taken, "withdraw" if way == "entry" else "stop", reason="发错了")
    with access.acting_as(actors["user_a"]), force_locale("en"):
        ((notice, record, about),) = open_notices(session)
        assert "nothing is awaited any more" in words_of(notice, record, about)


# What comes of it


def test_an_opinion_that_needs_action_makes_a_task_and_holds_the_case_open(session, actors):
    document = paper(session, actors, "electronic")
    round_ = send(session, actors, document, "user_a", "user_b")
    entry = entry_of(session, round_, "张小明")
    take(session, actors["user_a"], entry, "answer", opinion="请财务科补报附表")
    take(session, actors["user_b"], entry_of(session, round_, "李强"), "mark_read")
    with access.system():
        assert unsettled(document) == ["张小明的意见未归类"]
    refused(session, actors["clerk"], entry, "classify", "what is to be done", kind="needs_action")
    task = {"what": "补报附表", "department": "财务科", "until": "2031-01-01 12:00"}
    take(session, actors["clerk"], entry, "classify", kind="needs_action", **task)
    with access.system():
        made = session.scalars(select(SupplementaryTask)).one()
        assert (made.what, made.department.name, made.entry_id) == ("补报附表", "财务科", entry.id)
        assert made.due_at == parse_moment("2031-01-01 12:00")
        assert unsettled(document) == ["补办事项未办结：财务科"]
    refused(session, actors["clerk"], entry, "classify", "settle or drop it first", kind="none")
    with access.acting_as(actors["user_b"]):
        assert session.scalars(select(SupplementaryTask).where(SupplementaryTask.waits_for(actors["user_b"]))).one()
    take(session, actors["user_b"], made, "finish", result="已补报")
    with access.system():
        assert unsettled(document) == []


def test_what_is_dropped_is_settled_too_and_says_why(session, actors):
    document = paper(session, actors, "electronic")
    round_ = send(session, actors, document, "user_a")
    entry = entry_of(session, round_, "张小明")
    take(session, actors["user_a"], entry, "answer", opinion="建议开会")
    take(
        session,
        actors["clerk"],
        entry,
        "classify",
        kind="needs_action",
        what="开会",
        person=person(session, actors["user_b"]),
    )
    with access.system():
        made = session.scalars(select(SupplementaryTask)).one()
    take(session, actors["office"], made, "drop", reason="会议已开")
    with access.system():
        assert unsettled(document) == []
        assert history.entries_of(session, made)[0].reason == "会议已开"


def test_a_round_ends_only_when_all_have_read_and_says_who_has_not(session, actors):
    round_ = send(session, actors, paper(session, actors, copies="2"), "user_a", "user_b")
    for name in ("张小明", "李强"):
        take(session, actors["clerk"], entry_of(session, round_, name), "offer", signed=True)
    take(session, actors["user_a"], entry_of(session, round_, "张小明"), "mark_read")
    refused(
        session,
        actors["clerk"],
        round_,
        "finish",
        "李强: To be read; copy 000001 is with 张小明; copy 000002 is with 李强",
    )
    take(session, actors["user_b"], entry_of(session, round_, "李强"), "mark_read")
    with access.system():
        copies = list(round_.copies)
    for copy in copies:
        take(session, actors["clerk"], copy, "take_back", complete=True)
    take(session, actors["clerk"], round_, "finish")
    assert round_.state == "finished" and round_.closed_at is not None


def test_the_opinions_go_to_the_leader_as_one_text(session, actors):
    round_ = send(session, actors, paper(session, actors, "electronic"), "user_a", "user_b", by="office")
    refused(session, actors["clerk"], round_, "gather", "nothing to sum up", summary="无", leader="周海")
    take(session, actors["user_a"], entry_of(session, round_, "张小明"), "answer", opinion="建议缓办")
    take(session, actors["clerk"], round_, "gather", summary="一人建议缓办", leader="周海")
    with access.acting_as(actors["leader"]):
        mine = session.scalars(select(Circulation).where(Circulation.waits_for(actors["leader"]))).all()
    assert mine == [round_]
    take(session, actors["leader"], round_, "answer_summary", words="按期办理")
    assert (round_.summary, round_.summary_answer) == ("一人建议缓办", "按期办理")
    refused(session, actors["leader"], round_, "answer_summary", "no summary to decide on", words="再议")


# The document's own way


def test_the_document_moving_returning_and_closing_leaves_its_readers_alone(session, actors):
    with access.acting_as(actors["clerk"]):
        document = register(session)
    take(session, actors["leader"], document, "instruct", department="综合科", requirement="办理")
    readers = people(session, actors, ["user_b"])
    take(session, actors["leader"], document, "circulate", readers=readers, purpose="请阅知")
    with access.system():
        entry = document.circulation[0]
        before = len(history.entries_of(session, entry))
    for who, step, answers in (
        ("office", "suspend", {"cause": "sender", "wake_on": today() + timedelta(days=30)}), ("office", "go_on", {}),
        ("head_a", "report_result", {"result": "已办"}), ("office", "send_back", {"reason": "不全"}),
        ("head_a", "report_result", {"result": "已办"}),
    ):  # fmt: skip
        take(session, actors[who], document, step, **answers)
        with access.system():
            assert (entry.state, len(history.entries_of(session, entry))) == ("offered", before), step
    take(session, actors["user_b"], entry, "answer", opinion="同意")
    with access.system():
        assert entry.circulation.purpose == "请阅知" and entry.circulation.approver.name == "周海"


def test_where_the_document_ends_its_readers_are_told_and_what_was_read_stays(session, actors):
    document = paper(session, actors, "electronic")
    round_ = send(session, actors, document, "user_a", "user_b")
    take(session, actors["user_a"], entry_of(session, round_, "张小明"), "mark_read")
    with access.acting_as(actors["clerk"]), history.act("end_by_sender", reason="来文单位撤回"), access.system():
        stop_all(document, "来文单位撤回")
    stopped = entry_of(session, round_, "李强")
    assert (round_.state, states(round_)) == ("stopped", {"张小明": "read", "李强": "withdrawn"})
    with access.system():
        told = history.entries_of(session, stopped)[0]
        assert unsettled(document) == []
    assert (told.action, told.reason, stopped.due_at is None) == ("withdraw", "来文单位撤回", False)


def test_a_ledger_of_entries_is_taken_in_by_its_columns(session, actors):
    document = paper(session, actors)
    headings = ["receipt_no", "reader", "sent_at", "read_at", "opinion"]
    rows = [
        [document.receipt_no, "张小明", "2026-03-03 09:00", "2026-03-04 10:00", "同意"],
        [document.receipt_no, "李强", "2026-03-03 09:00", "2026-03-05 10:00", ""],
        [document.receipt_no, "孙丽", "2026-03-03 09:00", "", ""],
    ]
    with access.acting_as(actors["office"]):
        outcome = import_rows(session, CirculationEntry, headings, rows)
        session.flush()
        assert (outcome.imported, outcome.faults) == (3, [])
        found = session.execute(select(CirculationEntry.state, CirculationEntry.circulation_id)).all()
    assert [tuple(row) for row in found] == [("answered", None), ("read", None), ("offered", None)]


# At the doors


def on_file(app, secrecy="internal", opinion="财务口径机密意见"):
    """A document with a round, an opinion, a task and a paper copy; the keys by kind."""
    with app.app_context():
        from app.extensions import db

        session, actors = db.session, actors_of(db.session)
        document = paper(session, actors, "electronic", secrecy=secrecy, title="关于藏名之传阅目的的通知")
        round_ = send(session, actors, document, "user_a", "head_a", purpose="藏名之传阅目的")
        entry = entry_of(session, round_, "张小明")
        take(session, actors["user_a"], entry, "answer", opinion=opinion)
        take(
            session,
            actors["clerk"],
            entry,
            "classify",
            kind="needs_action",
            what="藏名补办",
            person=person(session, actors["user_a"]),
        )
        with access.system():
            from models.copies import add_copies

            copy = add_copies(session, document, 1, "original")[0]
            take(session, actors["clerk"], copy, "hand_out", person=person(session, actors["user_a"]), signed=True)
            task, movement = session.scalars(select(SupplementaryTask)).one(), copy.movements[0]
            keys = {
                "circulations": round_.id, "circulation_entries": entry.id, "supplementary_tasks": task.id,
                "paper_copies": copy.id, "copy_movements": movement.id,
            }  # fmt: skip
        session.commit()
        session.remove()
    return keys


VIEWS = {
    "circulations": "circulationview", "circulation_entries": "circulationentryview",
    "supplementary_tasks": "supplementarytaskview", "paper_copies": "papercopyview",
    "copy_movements": "copymovementview",
}  # fmt: skip
TOLD = ("藏名", "财务口径", "张小明")


@pytest.mark.parametrize("who", ["user_b", "head_b", "desk", "nobody_here"])
def test_who_is_outside_the_scope_finds_nothing_of_it_at_any_door(app, who):
    keys = on_file(app)
    if who == "nobody_here":
        browser, head = app.test_client(), {}
    else:
        browser, head = sign_in(app, who), bearer(app, who)
    doors = [
        "/",
        "/search?q=传阅目的",
        "/search?q=000001",
        "/papers/holders/",
        "/papers/holders/?q=传阅目的",
        "/papers/rounds/",
    ]
    for kind, pk in keys.items():
        doors += [f"/{VIEWS[kind]}/list/", f"/{VIEWS[kind]}/show/{pk}", f"/{VIEWS[kind]}/lookup?q=0",
                  f"/{VIEWS[kind]}/export.csv"]  # fmt: skip
    told = {door: [word for word in TOLD if word in browser.get(door).text] for door in doors}
    assert not any(told.values()), told
    for kind, pk in keys.items():
        one = app.test_client().get(f"/api/v1/{kind}/{pk}", headers=head)
        assert one.status_code in (401, 403, 404), kind
        listed = app.test_client().get(f"/api/v1/{kind}/", headers=head)
        assert listed.status_code in (401, 403) or listed.json["result"] == [], kind


def test_readers_see_their_own_entry_and_not_who_else_has_read(app):
    keys = on_file(app)
    reader = sign_in(app, "user_a")
    assert "财务口径机密意见" in reader.get(f"/circulationentryview/show/{keys['circulation_entries']}").text
    assert reader.get(f"/circulationview/show/{keys['circulations']}").status_code == 403
    assert "刘洋" not in reader.get("/circulationentryview/list/").text


def test_a_round_on_its_page_shows_what_all_said_and_who_has_not_read(app):
    keys = on_file(app)
    page = sign_in(app, "clerk").get(f"/circulationview/show/{keys['circulations']}").text
    assert "财务口径机密意见" in page and "藏名之传阅目的" in page
    document = sign_in(app, "office").get("/incomingdocumentview/show/1").text
    assert document.index('id="circulations"') < document.rindex("刘洋")
    assert 'id="paper_copies"' in document and "000001" in document


def test_purpose_and_opinions_of_a_secret_paper_are_told_with_its_content_alone(app):
    keys = on_file(app, secrecy="confidential")
    auditor = sign_in(app, "auditor")
    doors = [f"/{VIEWS[kind]}/show/{pk}" for kind, pk in keys.items()]
    doors += [
        "/search?q=传阅目的",
        "/search?q=机密意见",
        "/papers/holders/",
        "/papers/holders/?q=传阅目的",
        "/history/",
    ]
    told = {
        door: [w for w in TOLD[:2] if w in auditor.get(door).text.replace("q=传阅目的", "").replace('value="藏名"', "")]
        for door in doors
    }
    assert not any(told.values()), told
    assert "藏名之传阅目的" in sign_in(app, "office").get(f"/circulationview/show/{keys['circulations']}").text


def test_the_api_takes_the_steps_of_a_round(app):
    keys = on_file(app)
    clerk = bearer(app, "clerk")
    answer = app.test_client().post(f"/api/v1/circulations/{keys['circulations']}/finish", json={}, headers=clerk)
    assert answer.status_code == 409 and "刘洋" in answer.text
    refused = app.test_client().post(
        f"/api/v1/circulations/{keys['circulations']}/add_reader",
        json={"readers": ["李强"], "reason": "x"},
        headers=clerk,
    )
    assert refused.status_code == 403


def test_what_has_no_number_is_named_by_nothing(session, actors):
    with access.acting_as(actors["office"]), pytest.raises(ValueError, match="x"):
        finding.by_name(session, Circulation, "x")
    with access.acting_as(actors["office"]):
        assert finding.by_name(session, Person, "张小明").staff_no == "006"
