"""Limits that move: by an extension, another urgency or the yearly plan of days off; each move on record, with a list."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.engine import access, clocks, office_calendar, versions
from app.engine import record as records
from app.engine.clock_rules import ClockRule
from app.engine.clocks import ClockRow, clocks_of
from app.engine.moments import parse_moment, today
from app.engine.office_calendar import CalendarDay
from app.engine.recounts import recount
from app.extensions import db
from models.copies import register_copies
from tests.conftest import actors_of, sign_in
from tests.factories import take
from tests.test_documents import register


def paper(session, actors, limit=None, **values):
    """A paper the unit of user_a handles, registered and instructed at the present moment."""
    with access.acting_as(actors["clerk"]):
        document = register(session, received_at=clocks.now().isoformat(), **values)
    take(
        session, actors["leader"], document, "instruct", department="综合科", requirement="办理", handler="张小明",
        limit=limit,
    )  # fmt: skip
    session.commit()
    return document


def handling(session, document):
    return next(clock for clock in clocks_of(session, document) if clock.stage == "handling")


def soon():
    """A day a paper may be suspended until."""
    return today() + timedelta(days=30)


def forget_year(session, year):
    """The calendar as it stood before that year's plan was imported."""
    with access.system():
        for day in session.scalars(select(CalendarDay)):
            if day.day.year >= year:
                session.delete(day)
        session.commit()


def import_day(session, day, worked=False):
    with access.system():
        records.store(session, CalendarDay(day=date.fromisoformat(day), worked=worked, name="元旦"))
        session.commit()


@pytest.fixture
def november(either_session, either_actors, clock):
    """A paper received on Friday, 25 December 2026, for which next year's plan is not there yet."""
    forget_year(either_session, 2027)
    clock.moment = parse_moment("2026-12-25 10:00")
    clock.ahead()
    return paper(either_session, either_actors)


def test_limits_set_in_november_move_when_next_years_plan_is_imported_and_a_list_says_which(
    either_session, either_actors, november
):
    session = either_session
    assert november.due_at == parse_moment("2027-01-01 18:00")  # seven calendar days; a Friday like any other
    import_day(session, "2027-01-01")
    session.refresh(november)
    assert november.due_at == parse_moment("2027-01-04 18:00")  # Friday off, then the weekend: Monday
    with access.acting_as(either_actors["clerk"]):
        moves = {found.kind: found for found in versions.moved(session, "calendar")}
    assert sorted(moves) == ["assignments", "incoming_documents"]  # the paper, and the desk of the unit in charge
    move, desk = moves["incoming_documents"], moves["assignments"]
    assert (desk.before, desk.due_at) == (move.before, move.due_at)
    assert (move.number, move.before, move.due_at) == (
        2, parse_moment("2027-01-01 18:00"), parse_moment("2027-01-04 18:00"),
    )  # fmt: skip
    assert handling(session, november).original_due_at == move.before


def test_a_make_up_day_and_a_day_taken_out_again_move_limits_too(either_session, november):
    session = either_session
    import_day(session, "2027-01-01")
    import_day(session, "2027-01-02", worked=True)
    session.refresh(november)
    assert november.due_at == parse_moment("2027-01-02 18:00")
    with access.system():
        session.delete(session.scalars(select(CalendarDay).where(CalendarDay.day == date(2027, 1, 1))).one())
        session.commit()
        session.refresh(november)
        assert november.due_at == parse_moment("2027-01-01 18:00")
        assert [move.number for move in versions.versions_of(session, "incoming_documents", november.id)] == [2, 3, 4]


def test_recounting_twice_moves_nothing_the_second_time(either_session, november):
    import_day(either_session, "2027-01-01")
    assert recount(either_session) == []
    with access.system():
        assert len(versions.versions_of(either_session, "incoming_documents", november.id)) == 1


def test_a_rolled_back_import_moves_nothing(either_session, november):
    with access.system():
        records.store(either_session, CalendarDay(day=date(2027, 1, 1), worked=False))
        either_session.rollback()
        either_session.commit()
        either_session.refresh(november)
        assert november.due_at == parse_moment("2027-01-01 18:00")


def test_a_limit_that_has_passed_stays_as_it_was(either_session, november, clock):
    clock.moment = parse_moment("2027-01-02 10:00")
    clock.ahead()
    import_day(either_session, "2027-01-01")
    with access.system():
        either_session.refresh(november)
        assert november.due_at == parse_moment("2027-01-01 18:00")


def test_an_extended_limit_in_days_is_put_off_by_the_days_a_pause_took(either_session, either_actors, november, clock):
    session, actors = either_session, either_actors
    with access.system():
        clocks.extend(session, november, "handling", parse_moment("2027-01-15 17:00"))
        session.commit()
    clock.ahead(hours=2)
    take(session, actors["office"], november, "suspend", cause="sender", wake_on=soon())
    clock.ahead(days=3)
    take(session, actors["office"], november, "go_on")
    session.commit()
    assert november.due_at == parse_moment("2027-01-18 17:00")  # three closes of work passed: Friday to Sunday
    import_day(session, "2027-01-18")
    with access.system():
        session.refresh(november)
        found = versions.versions_of(session, "incoming_documents", november.id)
    assert november.due_at == parse_moment("2027-01-18 17:00")  # the calendar does not move what somebody set
    assert [(v.reason, v.number) for v in found] == [("extension", 2), ("pause", 3)]


def test_a_stated_limit_keeps_the_working_time_that_was_left_when_it_stood_still(session, actors, clock):
    clock.moment = parse_moment("2026-12-07 10:00")
    clock.ahead()
    document = paper(session, actors, limit="2026-12-11 17:00")
    assert document.due_at == parse_moment("2026-12-11 17:00")
    take(session, actors["office"], document, "suspend", cause="sender", wake_on=date(2026, 12, 21))
    clock.moment = parse_moment("2026-12-21 10:00")
    clock.ahead()
    take(session, actors["office"], document, "go_on")
    (desk,) = document.assignments
    assert (document.due_at, desk.due_at) == (parse_moment("2026-12-25 17:00"),) * 2
    with access.system():
        (move,) = versions.versions_of(session, "incoming_documents", document.id)
    assert (move.reason, move.before) == ("pause", parse_moment("2026-12-11 17:00"))


def test_a_limit_that_passed_before_the_pause_stays_passed(session, actors, clock):
    clock.moment = parse_moment("2026-12-07 10:00")
    clock.ahead()
    document = paper(session, actors, limit="2026-12-08 17:00")
    clock.moment = parse_moment("2026-12-09 10:00")
    clock.ahead()
    take(session, actors["office"], document, "suspend", cause="sender", wake_on=date(2026, 12, 21))
    clock.moment = parse_moment("2026-12-21 10:00")
    clock.ahead()
    take(session, actors["office"], document, "go_on")
    assert document.due_at == parse_moment("2026-12-08 17:00")


def test_going_on_after_a_pause_is_a_version_of_its_own(either_session, either_actors, november, clock):
    clock.ahead(hours=2)
    take(either_session, either_actors["office"], november, "suspend", cause="sender", wake_on=soon())
    clock.ahead(days=4)
    take(either_session, either_actors["office"], november, "go_on")
    with access.system():
        (move,) = versions.versions_of(either_session, "incoming_documents", november.id)
    assert (move.reason, move.due_at) == ("pause", november.due_at)
    assert november.due_at > parse_moment("2027-01-01 18:00")


def change(session, actor, record, **values):
    with access.acting_as(actor):
        records.change(session, record, values, list(values), version=record.version)
        session.commit()


def test_another_urgency_is_a_version_and_the_original_limit_is_kept(session, actors, clock):
    clock.ahead()
    with access.acting_as(actors["clerk"]):
        document = register(session, received_at=clocks.now().isoformat())
    take(session, actors["clerk"], document, "propose", proposal="拟阅", transfer="综合科")
    before = document.due_at
    change(session, actors["clerk"], document, urgency="urgent")
    with access.system():
        (move,) = versions.versions_of(session, "incoming_documents", document.id)
        (row,) = session.scalars(select(ClockRow).where(ClockRow.stage == "instruction"))
    assert (move.reason, move.before, row.original_due_at) == ("urgency", before, before)
    assert row.due_at == move.due_at == document.due_at < before
    change(session, actors["clerk"], document, title="别的标题")
    assert row.version == 2


def test_a_paper_edited_otherwise_keeps_the_rule_it_started_with(session, actors, clock):
    """documents.md 8.14: old papers keep the old rule."""
    document = paper(session, actors)
    before = document.due_at
    with access.system():
        for rule in session.scalars(select(ClockRule).where(ClockRule.stage == "handling")):
            rule.amount = 1
        session.commit()
    change(session, actors["clerk"], document, title="别的标题", importance="important")
    assert document.due_at == before


def test_the_proposal_counts_from_a_corrected_receipt(session, actors, clock):
    """documents.md 3.2: 24 hours from received-at."""
    clock.moment = parse_moment("2026-12-07 10:00")
    clock.ahead()
    with access.acting_as(actors["clerk"]):
        document = register(session, received_at="2026-12-07 09:30")
    assert document.due_at == parse_moment("2026-12-08 09:30")
    change(session, actors["clerk"], document, received_at="2026-11-30 09:30")
    assert document.due_at == parse_moment("2026-12-01 09:30")
    with access.system():
        (move,) = versions.versions_of(session, "incoming_documents", document.id)
        (row,) = clocks_of(session, document)
    assert (move.reason, row.started_at) == ("since", document.received_at)
    take(session, actors["clerk"], document, "propose", proposal="拟阅", transfer="综合科")
    with access.system():
        assert next(one.state for one in clocks_of(session, document) if one.stage == "proposal") == clocks.MISSED


def test_the_copies_and_desks_of_a_paper_take_its_urgency_with_it(session, actors, clock):
    """A copy is out for two days; of an urgent paper for the same one."""
    clock.moment = parse_moment("2026-12-07 10:00")
    clock.ahead()
    with access.acting_as(actors["clerk"]):
        document = register(session, received_at=clocks.now().isoformat(), medium="paper")
    with access.acting_as(actors["clerk"]):
        (copy,) = register_copies(session, document)
    take(
        session, actors["leader"], document, "instruct_reading", readers=[actors["user_a"].own_person_id], purpose="阅"
    )
    take(session, actors["clerk"], copy, "hand_out", person="张小明")
    assert copy.due_at == parse_moment("2026-12-09 18:00")
    session.commit()
    change(session, actors["clerk"], document, urgency="urgent")
    assert copy.due_at == parse_moment("2026-12-07 18:00")


def test_another_day_of_an_order_about_a_paper_is_its_limit(session, actors, clock):
    clock.moment = parse_moment("2026-12-07 10:00")
    clock.ahead()
    with access.acting_as(actors["clerk"]):
        document = register(session, received_at=clocks.now().isoformat())
    take(session, actors["leader"], document, "order_relay", scope="各科室", by="2026-12-10 17:00")
    session.commit()
    with access.system():
        (order,) = document.orders
    assert order.due_at == parse_moment("2026-12-10 17:00")
    change(session, actors["office"], order, by="2026-12-15 17:00")
    assert order.due_at == parse_moment("2026-12-15 17:00")
    with access.system():
        (move,) = versions.versions_of(session, "paper_orders", order.id)
    assert (move.reason, move.before) == ("limit", parse_moment("2026-12-10 17:00"))


def test_who_does_not_see_a_record_does_not_see_that_its_limit_moved(app, clock):
    with app.app_context():
        actors = actors_of(db.session)
        forget_year(db.session, 2027)
        clock.moment = parse_moment("2026-12-25 10:00")
        clock.ahead()
        number = paper(db.session, actors).receipt_no
        import_day(db.session, "2027-01-01")
        db.session.remove()
    shown = sign_in(app, "user_a").get("/moved-limits/").text
    assert shown.count(number) == 1  # the lead unit's limit is the paper's own and is not told of twice
    assert number not in sign_in(app, "user_b").get("/moved-limits/").text
    assert app.test_client().get("/moved-limits/").status_code == 302


def test_the_page_shows_the_sum_and_says_where_only_weekends_are_known(app, clock):
    with app.app_context():
        actors = actors_of(db.session)
        forget_year(db.session, 2027)
        clock.moment = parse_moment("2026-12-25 10:00")
        clock.ahead()
        document = paper(db.session, actors)
        address = f"/incomingdocumentview/show/{document.id}"
        db.session.remove()
    browser = sign_in(app, "clerk")
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    page = browser.get(address).text
    assert "No plan of days off is imported for 2027: weekends only assumed." in page
    assert "Starts 2026-12-25 10:00" in page and "Limit: 7 calendar days" in page
    with app.app_context():
        import_day(db.session, "2027-01-01")
        db.session.remove()
    page = browser.get(address).text
    assert "weekends only assumed" not in page
    assert "The count ends 2027-01-01 18:00, when nobody works" in page
    assert "Days off skipped: 2027-01-01, 2027-01-02, 2027-01-03" in page
    assert "Ends 2027-01-04 18:00" in page


def test_a_stated_limit_on_a_day_off_is_kept_and_warned_of(app, clock):
    with app.app_context():
        actors = actors_of(db.session)
        clock.ahead()
        with access.acting_as(actors["clerk"]):
            document = register(db.session, received_at=clocks.now().isoformat())
        take(
            db.session,
            actors["leader"],
            document,
            "instruct",
            department="综合科",
            requirement="办理",
            limit="2026-03-14 10:00",
        )
        db.session.commit()
        address = f"/incomingdocumentview/show/{document.id}"
        assert document.due_at == parse_moment("2026-03-14 10:00")  # a Saturday
        db.session.remove()
    browser = sign_in(app, "clerk")
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert "This limit lies on a day off." in browser.get(address).text


def test_a_day_instead_of_another_at_the_same_moment_is_another_calendar(either_session, november, monkeypatch):
    """The clock stands still, and all calendars are at hand that were made meanwhile."""
    session = either_session
    monkeypatch.setattr(office_calendar, "_calendars", {})
    import_day(session, "2027-01-01")
    import_day(session, "2027-01-02", worked=True)
    with access.system():
        session.delete(session.scalars(select(CalendarDay).where(CalendarDay.day == date(2027, 1, 1))).one())
        session.commit()
    session.refresh(november)
    assert november.due_at == parse_moment("2027-01-01 18:00")
