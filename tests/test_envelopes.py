"""Envelopes from the door to the last sheet: four questions, the designated opener, defects, receipts, hand-over."""

import pytest

from app.engine import access
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.moments import now, parse_moment, today
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from app.engine.rules import Rule
from models.envelope_defects import EnvelopeDefect
from models.envelope_lines import EnvelopeLine
from models.envelopes import CHECKS, Envelope
from models.people import Person, actor_of
from models.registers import Register
from tests.conftest import bearer
from tests.factories import take

FINE = dict.fromkeys(CHECKS, "yes")
LINE = {"title": "关于预算的通知", "sender_no": "财函[2026]12号", "copies_noted": "2", "copies_found": "2",
        "bound": True, "pages_complete": True, "formalities": True}  # fmt: skip


def come_in(session, **values):
    """An envelope as the clerk writes it down at the door."""
    raw = {"channel": "post", "sender": "市财政局", "outer_no": "封12", "pieces": "1", "cover_secrecy": "internal",
           "presented_at": "2026-03-02 09:00", "receipt": "none", "envelope_lines": [LINE]}  # fmt: skip
    return records.add(session, Envelope, {**raw, **values})


@pytest.fixture
def office(either_session, either_actors):
    return either_session, either_actors


def opened(session, actors, **values):
    with access.acting_as(actors["clerk"]):
        cover = come_in(session, **values)
        cover.take("sign_for", **FINE)
        cover.take("unseal")
    return cover


def test_an_envelope_has_a_number_and_waits_at_the_door_or_is_still_expected(office):
    session, actors = office
    with access.acting_as(actors["clerk"]):
        assert (come_in(session).envelope_no, come_in(session).state) == (f"信〔{today().year}〕1号", "presented")
        announced = come_in(session, presented_at="")
        assert announced.state == "expected"
        announced.take("present", deliverer="邮递员")
        assert (announced.state, announced.deliverer) == ("presented", "邮递员")


@pytest.mark.parametrize("check", CHECKS)
def test_one_no_at_the_door_blocks_the_signature(session, actors, check):
    with access.acting_as(actors["clerk"]):
        cover = come_in(session)
        session.commit()
        with pytest.raises(StepRefused, match=str(CHECKS[check])):
            cover.take("sign_for", **{**FINE, check: "no"})
        assert (cover.state, getattr(cover, check)) == ("presented", None)
        with pytest.raises(NotAllowed):
            cover.take("sign_with_reservation", **{**FINE, check: "no"}, note="先收下")
    session.rollback()
    with access.acting_as(actors["office"]):
        with pytest.raises(Invalid):
            cover.take("sign_with_reservation", **{**FINE, check: "no"}, note="")
        with pytest.raises(StepRefused):
            cover.take("sign_with_reservation", **FINE, note="先收下")
        cover.take("sign_with_reservation", **{**FINE, check: "no"}, note="先收下")
    assert (cover.state, getattr(cover, check), cover.reservation) == ("signed_for", "no", "先收下")
    assert "先收下" in cover.marks()[0]


def test_all_four_questions_have_to_be_answered(session, actors):
    with access.acting_as(actors["clerk"]), pytest.raises(Invalid) as refused:
        come_in(session).take("sign_for", to_us="yes")
    assert set(refused.value.errors) == {"count_matches", "number_matches", "intact"}


def test_it_is_signed_for_by_somebody_at_a_moment(office):
    session, actors = office
    with access.acting_as(actors["clerk"]):
        cover = come_in(session)
        session.commit()
        for wrong in ("2026-03-02 08:59", f"{today().year + 1}-01-01 09:00"):
            with pytest.raises(StepRefused):
                cover.take("sign_for", **FINE, at=wrong)
        cover.take("sign_for", **FINE, at="2026-03-02 09:10", stamped="yes")
    assert (cover.received_at, cover.signed_by.name) == (parse_moment("2026-03-02 09:10"), "何静")
    assert cover.stamped
    (clock,) = clocks_of(session, cover)
    assert (clock.stage, clock.amount, clock.unit, clock.source) == ("opening", "1.000", "working_days", None)
    assert clock.started_at == cover.received_at


def test_what_was_signed_for_is_not_changed_by_editing_and_a_cover_never_lowered(session, actors):
    with access.acting_as(actors["clerk"]):
        cover = come_in(session, cover_secrecy="secret")
        cover.take("sign_for", **FINE)
        session.commit()
        for raw in ({"pieces": "2"}, {"cover_secrecy": "internal"}):
            with pytest.raises(Invalid):
                records.change(session, cover, raw, list(raw), version=cover.version)
        records.change(session, cover, {"sender_words": "财政局办公室"}, ["sender_words"], version=cover.version)


@pytest.mark.parametrize("name, value", [("personal", False), ("receipt", "none")])
def test_what_was_noted_at_the_door_stands_after_the_signature(session, actors, name, value):
    with access.acting_as(actors["clerk"]):
        cover = come_in(session, personal=True, person="张小明", receipt="enclosed", envelope_lines=[])
        records.change(session, cover, {name: value}, [name], version=cover.version)  # not signed for yet
        records.change(session, cover, {"personal": True, "receipt": "enclosed"}, ["personal", "receipt"],
                       version=cover.version)  # fmt: skip
        cover.take("sign_for", **FINE)
        session.commit()
        with pytest.raises(Invalid) as refused:
            records.change(session, cover, {name: value}, [name], version=cover.version)
    assert list(refused.value.errors) == [name]


def test_a_slip_or_a_mark_that_is_found_later_may_be_noted(session, actors):
    with access.acting_as(actors["clerk"]):
        cover = come_in(session, envelope_lines=[])
        cover.take("sign_for", **FINE)
        found = {"personal": True, "receipt": "enclosed"}
        records.change(session, cover, found, list(found), version=cover.version)
        assert (cover.personal, cover.receipt) == (True, "enclosed")


def test_a_refusal_needs_its_reason(session, actors):
    with access.acting_as(actors["clerk"]):
        cover = come_in(session)
        with pytest.raises(Invalid):
            cover.take("refuse")
        cover.take("refuse", reason="不是本单位收文")
    assert (cover.state, cover.refusal) == ("refused", "不是本单位收文")


def test_only_the_designated_opener_opens_and_who_stands_in(office):
    session, actors = office
    with access.acting_as(actors["clerk"]):
        cover = come_in(session)
        cover.take("sign_for", **FINE)
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["office"], cover, "unseal")  # the right is there, the designation is not
    session.rollback()
    with access.system():
        clerk, head = (session.get(Person, actors[name].own_person_id) for name in ("clerk", "office"))
        clerk.opens_post, head.opens_post = False, True
        session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["clerk"], cover, "unseal")
    session.rollback()
    take(session, actors["office"], cover, "unseal")
    assert (cover.state, cover.opened_by.name) == ("opened", "郑敏")


def test_a_profile_may_let_everybody_at_the_registry_open(session, actors):
    with access.system():
        session.query(Rule).filter_by(setting="post_opening", profile=None).one().value = "registry"
        session.commit()
    cover = opened_by_office(session, actors)
    assert cover.state == "opened"


def opened_by_office(session, actors):
    with access.acting_as(actors["office"]):
        cover = come_in(session)
        cover.take("sign_for", **FINE)
        cover.take("unseal")
    return cover


def test_what_is_to_be_received_in_person_stays_closed_and_is_watched(office):
    session, actors = office
    with access.acting_as(actors["clerk"]):
        reader = session.query(Person).filter_by(name="张小明").one()
        cover = come_in(session, personal=True, person=reader.id, envelope_lines=[])
        cover.take("sign_for", **FINE)
        session.commit()
        with pytest.raises(StepRefused):
            cover.take("unseal")
        cover.take("forward_unopened", signature="张小明")
    assert (cover.state, cover.handed_to.name) == ("forwarded_unopened", "张小明")
    clock = clocks_of(session, cover)[-1]
    assert (clock.stage, clock.amount, clock.unit) == ("handing_over", "1.000", "working_days")
    with access.acting_as(actors["user_b"]):
        assert session.query(Envelope).all() == []
    with access.acting_as(actors["user_a"]):
        assert session.query(Envelope).filter(Envelope.waits_for(actors["user_a"])).all() == [cover]
        cover.take("confirm_receipt")
        assert cover.state == "handed_over"
        session.commit()
        with pytest.raises(StepRefused):
            cover.take("register_paper", title="")
        cover.take("register_paper", title="私人信函转为公文")
    with access.system():
        (paper,) = cover.papers
        assert (paper.title, paper.received_at) == ("私人信函转为公文", cover.received_at)


def test_the_registry_records_a_hand_over_that_was_signed_on_paper(session, actors):
    with access.acting_as(actors["clerk"]):
        cover = come_in(session, personal=True, unit="综合科")
        cover.take("sign_for", **FINE)
        cover.take("forward_unopened", signature="刘洋")
        with pytest.raises(Invalid):
            cover.take("record_receipt")
        cover.take("record_receipt", signature="刘洋代收")
    assert (cover.state, cover.handed_unit.name, cover.signature) == ("handed_over", "综合科", "刘洋代收")


def test_an_unmarked_envelope_is_not_passed_on_closed_but_where_the_profile_says_straight(session, actors):
    with access.acting_as(actors["clerk"]):
        cover = come_in(session, unit="综合科")
        cover.take("sign_for", **FINE)
        session.commit()
        with pytest.raises(StepRefused):
            cover.take("forward_unopened", signature="刘洋")
        book = session.query(Register).filter_by(profile="government").first()
        other = come_in(session, unit="综合科", register=book.id)
        other.take("sign_for", **FINE)
        other.take("forward_unopened", signature="刘洋")
    assert other.state == "forwarded_unopened"


DIFFERENT = [
    ({"copies_found": "1"}, "copies"), ({"bound": False}, "unbound"), ({"pages_complete": False}, "missing_pages"),
    ({"formalities": False}, "formalities"),
]  # fmt: skip


@pytest.mark.parametrize("change, what", DIFFERENT)
def test_what_differs_from_the_dispatch_note_becomes_a_defect_until_made_good(session, actors, change, what):
    cover = opened(session, actors, envelope_lines=[LINE, {**LINE, **change}])
    session.commit()
    with access.acting_as(actors["clerk"]):
        with pytest.raises(StepRefused):
            cover.take("reconcile")
        cover.take("report_discrepancy")
        session.commit()
        (defect,) = session.query(EnvelopeDefect).all()
        assert (defect.what, defect.line_id, defect.state) == (what, cover.envelope_lines[1].id, "open")
        clock = clocks_of(session, cover)[-1]
        assert (cover.state, clock.stage, clock.amount) == ("discrepancy", "defects", "3.000")
        with pytest.raises(StepRefused):
            cover.take("report_discrepancy")  # all is on file already
        defect.take("ask_sender", way="phone", whom="李科长")
        session.commit()
        with pytest.raises(StepRefused):
            cover.take("reconcile")
        defect.take("note_answer", answer="明日补寄")
        defect.take("make_good", on=str(today()))
        session.expire_all()
        cover.take("reconcile")
    assert (cover.state, defect.answer, defect.made_good_on) == ("reconciled", "明日补寄", today())


def test_one_more_defect_may_be_named_and_blocks_too(session, actors):
    cover = opened(session, actors)
    with access.acting_as(actors["clerk"]):
        cover.take("report_discrepancy", what="other", note="夹有他人信件")
        session.commit()
        with pytest.raises(StepRefused):
            cover.take("reconcile")
        (defect,) = session.query(EnvelopeDefect).all()
        assert (defect.note, cover.marks() != []) == ("夹有他人信件", True)


def test_every_defect_somebody_names_is_a_row_of_its_own(session, actors):
    cover = opened(session, actors, envelope_lines=[{**LINE, "bound": False}])
    with access.acting_as(actors["clerk"]):
        (line,) = cover.envelope_lines
        cover.take("report_discrepancy", what="other", note="夹有他人信件")
        for defect in session.query(EnvelopeDefect).all():
            defect.take("make_good")
        cover.take("report_discrepancy", what="other", note="封套破损")
        cover.take("report_discrepancy", what="unbound", line=line.id, note="又散开")
        session.commit()
        with pytest.raises(StepRefused):  # what is compared is on file once
            cover.take("report_discrepancy")
        rows = sorted((one.what, one.note or "", one.state) for one in session.query(EnvelopeDefect))
    assert rows == [
        ("other", "夹有他人信件", "made_good"), ("other", "封套破损", "open"),
        ("unbound", "", "made_good"), ("unbound", "又散开", "open"),
    ]  # fmt: skip


def test_an_envelope_without_a_list_is_not_checked(session, actors):
    cover = opened(session, actors, envelope_lines=[])
    with access.acting_as(actors["clerk"]), pytest.raises(StepRefused):
        cover.take("reconcile")


def test_the_receipt_slip_goes_back_signed_and_stamped_before_all_is_well(office):
    session, actors = office
    cover = opened(session, actors, receipt="enclosed")
    session.commit()
    with access.acting_as(actors["clerk"]):
        with pytest.raises(StepRefused):
            cover.take("reconcile")
        with pytest.raises(StepRefused):
            cover.take("return_receipt", signed_by="何静", stamped="no", way="邮寄")
        session.rollback()
        cover.take("return_receipt", signed_by="何静", stamped="yes", way="邮寄")
        assert (cover.receipt, cover.receipt_returned_on) == ("returned", today())
        cover.take("reconcile")
    assert cover.state == "reconciled"


def test_a_receipt_slip_that_went_back_is_not_asked_for_again(session, actors):
    cover = opened(session, actors, receipt="enclosed")
    with access.acting_as(actors["clerk"]):
        cover.take("return_receipt", signed_by="何静", stamped="yes", way="邮寄")
        cover.take("reconcile")
        session.commit()
        assert "return_receipt" not in [step.name for step in cover.flow.allowed(cover, actors["clerk"])]
        with pytest.raises(StepRefused):
            cover.take("return_receipt", signed_by="何静", stamped="yes", way="邮寄")


def test_outstanding_receipt_slips_are_one_filter_of_the_list(client, session, actors):
    due = opened(session, actors, receipt="enclosed")
    other = opened(session, actors)
    session.commit()
    page = client("clerk").get("/envelopeview/list/?receipt=enclosed").text
    assert (due.envelope_no in page, other.envelope_no in page) == (True, False)


def test_every_line_becomes_a_paper_that_came_when_the_envelope_was_signed_for(office):
    session, actors = office
    cover = opened(
        session, actors, envelope_lines=[LINE, {**LINE, "title": "附送材料", "sender_no": "", "copies_found": "3"}]
    )
    with access.acting_as(actors["clerk"]):
        cover.take("register_paper")
        cover.take("register_paper", secrecy="secret")
        session.commit()
        with pytest.raises(StepRefused):
            cover.take("register_paper")
        found = [(p.title, p.sender_no, p.copies, p.secrecy, p.received_at == cover.received_at) for p in cover.papers]
    assert found == [
        ("关于预算的通知", "财函〔2026〕12号", 2, "internal", True), ("附送材料", None, 3, "secret", True)
    ]  # fmt: skip


def test_a_paper_registered_from_an_envelope_is_warned_about_like_any_other(session, actors):
    first, second = opened(session, actors), opened(session, actors)
    with access.acting_as(actors["clerk"]):
        first.take("register_paper")
        session.commit()
        (paper,) = first.papers
        with pytest.raises(StepRefused, match=paper.receipt_no):
            second.take("register_paper")
        second.take("register_paper", anyway="yes")
        session.expire_all()
        assert len(second.papers) == 1


def test_a_paper_of_a_defective_delivery_shows_a_mark_and_its_sound_neighbour_none(session, actors):
    cover = opened(session, actors, envelope_lines=[LINE, {**LINE, "title": "缺页件", "pages_complete": False}])
    with access.acting_as(actors["clerk"]):
        cover.take("report_discrepancy")
        cover.take("register_paper")
        cover.take("register_paper", anyway="yes")
        session.expire_all()
        sound, lacking = cover.papers
        assert (sound.marks(), len(lacking.marks())) == ([], 1)
        session.query(EnvelopeDefect).one().take("make_good")
        assert lacking.marks() == []


def test_the_list_inside_a_cover_is_for_those_cleared_for_it(session, actors):
    with access.acting_as(actors["clerk"]):
        cover = come_in(session, cover_secrecy="confidential")
    with access.system():
        session.get(Person, actors["leader"].own_person_id).clearance = "internal"
        session.commit()
        key = cover.id
    with access.system():
        leader = actor_of(session, session.get(Person, actors["leader"].own_person_id).user)
    session.expunge_all()
    with access.acting_as(leader):
        seen = session.get(Envelope, key)
        assert (seen.outer_no, seen.envelope_lines, session.query(EnvelopeLine).all()) == ("封12", [], [])


def test_an_addressee_sees_the_own_envelope_at_every_door_and_no_other(app, client, session, actors):
    with access.acting_as(actors["clerk"]):
        own, other = come_in(session, unit="综合科"), come_in(session, unit="财务科")
    numbers, keys = (own.envelope_no, other.envelope_no), (own.id, other.id)
    session.commit()
    page = client("user_a").get("/envelopeview/list/").text
    assert [number in page for number in numbers] == [True, False]
    headers = bearer(app, "user_a")
    program = app.test_client()
    answers = [program.get(f"/api/v1/envelopes/{key}", headers=headers).status_code for key in keys]
    assert answers == [200, 404]


def test_a_line_of_another_envelope_is_not_registered_here(session, actors):
    first, second = opened(session, actors), opened(session, actors)
    with access.acting_as(actors["clerk"]), pytest.raises(StepRefused):
        first.take("register_paper", line=second.envelope_lines[0].id)


def test_a_registered_line_stays_on_the_list(session, actors):
    cover = opened(session, actors)
    with access.acting_as(actors["clerk"]):
        cover.take("register_paper")
        session.commit()
        with pytest.raises(Invalid):
            records.change(session, cover, {"envelope_lines": []}, [], version=cover.version)
    with access.system():
        assert len(session.get(Envelope, cover.id).envelope_lines) == 1


def test_an_envelope_cannot_have_come_tomorrow(session, actors):
    with access.acting_as(actors["clerk"]), pytest.raises(Invalid):
        come_in(session, presented_at=f"{now().year + 1}-01-01 09:00")
