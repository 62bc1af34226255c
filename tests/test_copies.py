"""Paper copies: their numbers, the chain of holders, the sheets of the day, and that none is ever lost from sight."""

import re
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from app.engine import access, rules
from app.engine.moments import now, parse_moment
from app.engine.refusals import NotAllowed, Refused
from app.extensions import db
from models.copies import CopyMovement, PaperCopy, add_copies, holders, missing_copies, register_copies
from models.people import Department
from tests.conftest import actors_of, sign_in
from tests.test_circulation import clear, entry_of, on_file, paper, people, person, refused, send, states, take


def registered(session, document, count=None):
    with access.system():
        if count is not None:
            document.copies = count
        return register_copies(session, document)


def chain(session, copy):
    """Who had the copy, in order: name, and whether it is back."""
    with access.system():
        rows = session.scalars(select(CopyMovement).where(CopyMovement.copy_id == copy.id).order_by(CopyMovement.id))
        return [(row.person.name, row.back_at is not None) for row in rows]


def held_by(document):
    with access.system():
        return {number: person and person.name for number, person in holders(document).items()}


def test_each_document_counts_its_copies_from_one_without_holes(either_session, either_actors):
    session, actors = either_session, either_actors
    first, second = paper(session, actors), paper(session, actors, title="另一份")
    session.commit()
    registered(session, first, 2)
    session.rollback()
    assert [copy.number for copy in registered(session, first, 2)] == ["000001", "000002"]
    assert [copy.number for copy in registered(session, first, 2)] == ["000001", "000002"]
    with access.system():
        more = add_copies(session, first, 2, "photocopy")
    assert [copy.number for copy in more] == ["000003", "000004"]
    assert [copy.number for copy in registered(session, second)] == ["000001"]


def test_a_copy_goes_out_and_comes_back_through_the_registry_alone(session, actors, clock):
    document = paper(session, actors, handler="张小明", department="综合科")
    copy = registered(session, document)[0]
    to, next_one = people(session, actors, ["user_a", "head_a"])
    take(session, actors["clerk"], copy, "hand_out", person=to, signed=True)
    since = now()
    assert (copy.state, held_by(document), copy.held_since) == ("out", {"000001": "张小明"}, since)
    session.commit()
    for who, step, answers in (
        ("user_a", "take_back", {"complete": True}),
        ("user_a", "hand_out", {"person": next_one}),
    ):
        with pytest.raises(NotAllowed):
            take(session, actors[who], copy, step, **answers)
    refused(session, actors["user_a"], copy, "hand_on", "through the registry only", person=next_one)
    clock.ahead(hours=3)
    take(session, actors["clerk"], copy, "take_back", complete=True)
    with access.system():
        movement = session.scalars(select(CopyMovement)).one()
        assert (movement.signed, movement.out_at, movement.back_at) == (True, since, now())
    assert held_by(document) == {"000001": None}


def test_two_people_never_hold_one_copy(session, actors):
    document = paper(session, actors, handler="张小明", department="综合科")
    copy = registered(session, document)[0]
    take(session, actors["clerk"], copy, "hand_out", person=person(session, actors["user_a"]), signed=True)
    refused(session, actors["clerk"], copy, "hand_out", "not possible", person=person(session, actors["head_a"]))
    assert chain(session, copy) == [("张小明", False)]


def test_who_is_outside_the_scope_gets_no_copy(session, actors):
    document = paper(session, actors, department="综合科", handler="张小明")
    copy = registered(session, document)[0]
    refused(session, actors["clerk"], copy, "hand_out", "outside the scope", person=person(session, actors["user_b"]))
    for name in ("user_a", "head_a", "leader"):
        take(session, actors["clerk"], copy, "hand_out", person=person(session, actors[name]), signed=True)
        take(session, actors["clerk"], copy, "take_back", complete=True)
    assert [name for name, _back in chain(session, copy)] == ["张小明", "刘洋", "周海"]


def test_who_is_not_cleared_gets_no_copy_though_named_on_it(session, actors):
    clear(session, actors, "clerk", "leader", "office")
    actors = actors_of(session)
    document = paper(session, actors, secrecy="top_secret", handler="张小明")
    copy = registered(session, document)[0]
    refused(session, actors["clerk"], copy, "hand_out", "outside the scope", person=person(session, actors["user_a"]))
    take(session, actors["clerk"], copy, "hand_out", person=person(session, actors["office"]), signed=True)
    assert held_by(document) == {"000001": "郑敏"}


def test_a_copy_is_counted_when_it_comes_back(session, actors):
    round_ = send(session, actors, paper(session, actors), "user_a")
    entry = entry_of(session, round_, "张小明")
    take(session, actors["clerk"], entry, "offer", signed=True)
    take(session, actors["user_a"], entry, "mark_read")
    copy = entry.copy
    refused(session, actors["clerk"], copy, "take_back", "Count the pages", complete=False)
    take(session, actors["clerk"], copy, "take_back", complete=False, remark="缺第三页")
    refused(session, actors["clerk"], round_, "finish", "copy 000001 is not whole: 缺第三页")


def test_copies_are_handed_on_where_the_profile_allows_it_and_the_clerk_confirms(session, actors):
    with access.system():
        session.add(rules.Rule(setting="hand_on", profile="company", value="yes"))
        session.flush()
    document = paper(session, actors)
    round_ = send(session, actors, document, "user_a", "user_b")
    first, second = entry_of(session, round_, "张小明"), entry_of(session, round_, "李强")
    take(session, actors["clerk"], first, "offer", signed=True)
    copy = first.copy
    next_one, stranger = people(session, actors, ["user_b", "head_b"])
    refused(session, actors["user_a"], copy, "hand_on", "the registry knows whose it is", person=next_one)
    refused(session, actors["clerk"], second, "offer", "first comes 张小明", signed=True)
    take(session, actors["user_a"], first, "mark_read")
    refused(session, actors["user_a"], copy, "hand_on", "outside the scope", person=stranger)
    assert chain(session, copy) == [("张小明", False)]
    take(session, actors["user_a"], copy, "hand_on", person=next_one)
    assert chain(session, copy) == [("张小明", True), ("李强", False)]
    assert (second.state, copy.unconfirmed, held_by(document)) == ("offered", True, {"000001": "李强"})
    with access.system():
        rows = session.scalars(select(CopyMovement).order_by(CopyMovement.id)).all()
        assert [(row.unconfirmed, row.signed) for row in rows] == [(True, True), (True, False)]
    with access.acting_as(actors["clerk"]):
        assert session.scalars(select(PaperCopy).where(PaperCopy.waits_for(actors["clerk"]))).all() == [copy]
    take(session, actors["clerk"], copy, "confirm_hand_on")
    with access.system():
        assert not any(row.unconfirmed for row in rows) and not copy.unconfirmed


def test_a_reader_hands_on_at_the_page_though_the_next_readers_entry_is_hidden_from_them(app):
    with app.app_context():
        from app.extensions import db

        session, actors = db.session, actors_of(db.session)
        with access.system():
            session.add(rules.Rule(setting="hand_on", profile="company", value="yes"))
        round_ = send(session, actors, paper(session, actors), "user_a", "user_b")
        entry = entry_of(session, round_, "张小明")
        take(session, actors["clerk"], entry, "offer", signed=True)
        take(session, actors["user_a"], entry, "mark_read")
        copy, next_one = entry.copy_id, actors["user_b"].own_person_id
        session.commit()
        session.remove()
    reader = sign_in(app, "user_a")
    form = {"person": str(next_one), "form_key": "hand-on", "version": "2"}
    assert reader.post(f"/papercopyview/step/{copy}/hand_on", data=form).status_code == 302
    with app.app_context(), access.system():
        found = db.session.get(PaperCopy, copy)
        assert [row.unconfirmed for row in found.movements] == [True, True]
        assert [one.state for one in found.document.circulation] == ["read", "offered"]
        assert found.holder.name == "李强"


def test_a_lost_copy_is_an_incident_until_it_is_found_or_written_off(session, actors):
    document = paper(session, actors, copies="2")
    round_ = send(session, actors, document, "user_a", "user_b")
    for name in ("张小明", "李强"):
        entry = entry_of(session, round_, name)
        take(session, actors["clerk"], entry, "offer", signed=True)
        take(session, actors["clerk"], entry, "transcribe")
    one, two = round_.copies
    take(session, actors["clerk"], two, "take_back", complete=True)
    take(session, actors["clerk"], one, "report_lost", reason="读者称已遗失")
    assert (one.state, chain(session, one)) == ("lost", [("张小明", True)])
    with access.system():
        assert missing_copies(document.paper_copies) == ["第000001份遗失"]
    refused(session, actors["clerk"], round_, "finish", "copy 000001 is lost")
    take(session, actors["clerk"], one, "find_again", reason="在会议室找到")
    take(session, actors["clerk"], one, "report_lost", reason="再次遗失")
    session.commit()
    with pytest.raises(NotAllowed):
        take(session, actors["clerk"], one, "write_off", reason="领导同意")
    take(session, actors["office"], one, "write_off", reason="领导同意")
    with access.system():
        assert missing_copies(document.paper_copies) == []
    take(session, actors["clerk"], round_, "finish")
    assert round_.state == "finished"


def test_a_sender_who_wants_a_copy_back_signs_for_it(session, actors):
    copy = registered(session, paper(session, actors))[0]
    take(session, actors["clerk"], copy, "give_back", receipt="市财政局 王某 3月5日")
    assert (copy.state, copy.receipt) == ("returned", "市财政局 王某 3月5日")
    refused(session, actors["clerk"], copy, "hand_out", "not possible", person=person(session, actors["leader"]))


@pytest.mark.parametrize("urgency, due", [("none", "2026-03-04 18:00"), ("urgent", "2026-03-02 18:00")])
def test_a_copy_is_held_two_days_and_an_urgent_one_no_longer_than_the_day(session, actors, clock, urgency, due):
    document = paper(session, actors, handler="张小明", urgency=urgency)
    copy = registered(session, document)[0]
    take(session, actors["clerk"], copy, "hand_out", person=person(session, actors["user_a"]), signed=True)
    assert copy.due_at == parse_moment(due)
    take(session, actors["clerk"], copy, "take_back", complete=True)
    assert not copy.is_late(now() + timedelta(days=30))


def test_each_holders_time_counts_for_itself(session, actors, clock):
    document = paper(session, actors, handler="张小明")
    copy = registered(session, document)[0]
    for due in ("2026-03-04 18:00", "2026-03-05 18:00"):
        take(session, actors["clerk"], copy, "hand_out", person=person(session, actors["user_a"]), signed=True)
        assert copy.due_at == parse_moment(due)
        take(session, actors["clerk"], copy, "take_back", complete=True)
        clock.ahead(days=1)


def test_a_copy_is_handed_out_to_the_reader_who_is_next_in_line(session, actors):
    round_ = send(session, actors, paper(session, actors), "user_a", "user_b")
    copy = round_.copies[0]
    one, two = people(session, actors, ["user_a", "user_b"])
    refused(session, actors["clerk"], copy, "hand_out", "first comes 张小明", person=two)
    take(session, actors["clerk"], copy, "hand_out", person=one, signed=True)
    assert states(round_) == {"张小明": "offered", "李强": "queued"}
    refused(session, actors["clerk"], entry_of(session, round_, "张小明"), "skip", "take it back first", reason="出差")


def test_another_original_that_is_out_does_not_hold_up_the_line(session, actors):
    document = paper(session, actors, copies="2", handler="刘洋", department="综合科")
    round_ = send(session, actors, document, "user_a", "user_b", mode="sequential")
    going, other = registered(session, document)
    assert [copy.number for copy in round_.copies] == [going.number]
    take(session, actors["clerk"], other, "hand_out", person=person(session, actors["head_a"]), signed=True)
    take(session, actors["clerk"], entry_of(session, round_, "张小明"), "offer", signed=True)
    assert (states(round_), going.holder.name) == ({"张小明": "offered", "李强": "queued"}, "张小明")


# The sheets of the day


def test_who_has_it_now_is_told_on_one_line_and_found_by_name(app):
    on_file(app)
    clerk = sign_in(app, "clerk")
    page = clerk.get("/papers/holders/").text
    assert all(word in page for word in ("000001", "张小明", "关于藏名之传阅目的的通知"))
    assert "000001" in clerk.get("/papers/holders/?q=张小").text
    assert "000001" in clerk.get("/papers/holders/?q=藏名").text
    assert "张小明" not in clerk.get("/papers/holders/?q=李强").text
    assert "/papers/holders/" in clerk.get("/").text


def test_a_line_leads_to_the_page_of_the_copy_for_those_alone_who_may_open_it(app):
    with app.app_context():
        document = paper(db.session, actors := actors_of(db.session))
        send(db.session, actors, document, "sales")
        db.session.commit()
        db.session.remove()
    reader, clerk = (sign_in(app, username) for username in ("sales", "clerk"))
    line = clerk.get("/papers/holders/").text
    address = re.search(r"/papercopyview/show/\d+", line).group()
    assert (clerk.get(address).status_code, reader.get(address).status_code) == (200, 403)
    assert "000001" in (page := reader.get("/papers/holders/").text)
    assert address not in page


def test_the_holder_of_a_secret_paper_is_told_without_its_title(app):
    on_file(app, secrecy="confidential")
    auditor = sign_in(app, "auditor").get("/papers/holders/").text
    assert "张小明" in auditor and "藏名" not in auditor


def test_the_messenger_has_one_sheet_floor_by_floor(app):
    with app.app_context():
        from app.extensions import db

        session, actors = db.session, actors_of(db.session)
        with access.system():
            session.scalars(select(Department).where(Department.name == "财务科")).one().floor = "三楼"
        document = paper(session, actors, copies="2")
        round_ = send(session, actors, document, "user_a", "user_b")
        entry = entry_of(session, round_, "张小明")
        take(session, actors["clerk"], entry, "offer", signed=True)
        take(session, actors["user_a"], entry, "mark_read")
        session.commit()
        session.remove()
    page = sign_in(app, "clerk").get("/papers/rounds/", headers={"Accept-Language": "en"}).text
    fetch, deliver = page.index("张小明"), page.index("李强")
    assert page.index("三楼 · 财务科") < deliver and page.index("综合科") < fetch
    assert "Fetch" in page and "Deliver" in page and "关于报送预算的通知" not in page
    assert sign_in(app, "user_a").get("/papers/rounds/").status_code == 403


# No copy is ever lost from sight

READERS = ("user_a", "user_b", "head_b", "head_a")
NAMES = {"user_a": "张小明", "user_b": "李强", "head_b": "孙丽", "head_a": "刘洋"}


class Desk(RuleBasedStateMachine):
    """A clerk and four readers who try anything in any order; a second, plain book of who holds what is kept beside."""

    session, actors = None, None

    @initialize(copies=st.sampled_from([1, 4]), mode=st.sampled_from(["sequential", "parallel"]))
    def send_round(self, copies, mode):
        self.document = paper(self.session, self.actors, copies=str(max(copies, 4 if mode == "parallel" else 1)))
        self.round = send(self.session, self.actors, self.document, *READERS, mode=mode)
        self.session.commit()
        self.mode = mode
        self.book = {copy.number: [] for copy in registered(self.session, self.document)}
        self.session.commit()
        self.ended = set()

    def attempt(self, who, record, step, **answers):
        """Whether the step was taken; what is refused leaves nothing behind."""
        try:
            take(self.session, self.actors[who], record, step, **answers)
        except Refused:
            self.session.rollback()
            return False
        self.session.commit()
        return True

    def entry(self, name):
        return entry_of(self.session, self.round, NAMES[name])

    def copy(self, n):
        with access.system():
            copies = sorted(self.document.paper_copies, key=lambda copy: copy.number)
            return copies[n % len(copies)]

    def in_line(self):
        with access.system():
            self.session.expire_all()
            return {entry.reader.name: (entry.position, entry.state) for entry in self.round.ordered}

    def check_turn(self, before, name):
        """One after the other: when somebody is offered the paper, nobody has it and nobody in line stands before."""
        if self.mode == "sequential":
            place = before[name][0]
            assert all(state != "offered" for _place, state in before.values()), before
            assert all(state != "queued" or at >= place for at, state in before.values()), before
            with access.system():  # another original, which is not of this round, may be out meanwhile
                going = {copy.number for copy in self.round.copies}
            assert all(not held or held[-1] is None for number, held in self.book.items() if number in going)

    @rule(name=st.sampled_from(READERS))
    def offer(self, name):
        before, entry = self.in_line(), self.entry(name)
        if self.attempt("clerk", entry, "offer", signed=True):
            self.check_turn(before, NAMES[name])
            with access.system():
                self.book[entry.copy.number].append(NAMES[name])

    @rule(name=st.sampled_from(READERS), n=st.integers(0, 3))
    def hand_out(self, name, n):
        before, copy = self.in_line(), self.copy(n)
        if self.attempt("clerk", copy, "hand_out", person=person(self.session, self.actors[name]), signed=True):
            after = self.in_line()
            if (before[NAMES[name]][1], after[NAMES[name]][1]) == ("queued", "offered"):
                self.check_turn(before, NAMES[name])
            self.book[copy.number].append(NAMES[name])

    @rule(n=st.integers(0, 3))
    def take_back(self, n):
        copy = self.copy(n)
        if self.attempt("clerk", copy, "take_back", complete=True):
            assert self.book[copy.number][-1] is not None
            self.book[copy.number].append(None)

    @rule(n=st.integers(0, 3))
    def lose(self, n):
        copy = self.copy(n)
        if self.attempt("clerk", copy, "report_lost", reason="找不到") and self.book[copy.number]:
            self.book[copy.number].append(None)

    @rule(n=st.integers(0, 3))
    def find(self, n):
        self.attempt("clerk", self.copy(n), "find_again", reason="找到了")

    @rule(name=st.sampled_from(READERS), as_who=st.sampled_from(READERS))
    def read(self, name, as_who):
        taken = self.attempt(as_who, self.entry(name), "mark_read")
        assert not taken or name == as_who

    @rule(name=st.sampled_from(READERS), step=st.sampled_from(["skip", "withdraw", "exempt"]))
    def step_aside(self, name, step):
        self.attempt("office", self.entry(name), step, reason="出差")

    @rule(name=st.sampled_from(READERS))
    def come_back(self, name):
        self.attempt("clerk", self.entry(name), "offer_again")

    @rule(name=st.sampled_from(READERS), to=st.integers(0, 5))
    def move(self, name, to):
        self.attempt("clerk", self.entry(name), "move", to=to)

    @rule()
    def finish(self):
        if self.attempt("clerk", self.round, "finish"):
            with access.system():
                assert all(entry.state not in ("queued", "offered", "skipped") for entry in self.round.entries)
                assert all(copy.state == "with_registry" for copy in self.round.copies)

    @invariant()
    def every_copy_is_somewhere_and_its_chain_has_no_gap(self):
        with access.system():
            self.session.expire_all()
            copies = list(self.document.paper_copies)
            assert sorted(copy.number for copy in copies) == sorted(self.book)
            for copy in copies:
                assert copy.state in ("with_registry", "out", "lost")
                held = self.book[copy.number]
                holder = held[-1] if held else None
                assert (copy.holder.name if copy.holder else None) == holder
                assert (copy.state == "out") == (holder is not None)
                links = chain(self.session, copy)
                assert [name for name, _back in links] == [name for name in held if name is not None]
                assert [back for _name, back in links[:-1]] == [True] * len(links[:-1])
                assert not links or links[-1][1] == (holder is None)
            if self.mode == "sequential":
                assert sum(entry.state == "offered" for entry in self.round.entries) <= 1
            places = sorted(entry.position for entry in self.round.entries)
            assert places == list(range(1, len(places) + 1))

    def teardown(self):
        self.session.rollback()


def test_whatever_is_tried_no_copy_is_lost_from_sight_and_nobody_reads_out_of_turn(session, actors):
    Desk.session, Desk.actors = session, actors
    tried = settings(
        max_examples=8,
        stateful_step_count=20,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Desk, settings=tried)
    with access.system():
        assert session.scalars(select(CopyMovement)).all(), "nothing was ever handed out"
