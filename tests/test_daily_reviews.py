"""The daily review of the ledger: one sheet a desk and day, odd tickets on top, signed, corrections that follow (P1 3.2)."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from app.engine import access, moments
from app.engine import record as records
from app.engine.history import HistoryEntry
from app.engine.moments import parse_moment
from app.engine.office_calendar import CalendarDay
from app.engine.periods import Period
from app.engine.refusals import Invalid, NotAllowed, StepRefused
from models import sweeping
from models.calls import CallOwed
from models.corrections import Correction
from models.daily_reviews import DailyReview, ReviewLine
from reports.daily_reviews import daily_reviews
from tests.factories import take, take_and_keep


@pytest.fixture
def show():
    """`show("2026-03-02 16:00")`: every clock of the house shows that moment."""
    yield lambda text: moments.configure("Asia/Shanghai", parse_moment(text))
    moments.configure("Asia/Shanghai", None)


@pytest.fixture
def sheet(session, actors):
    """`sheet("2026-03-02")`: the sheet of the hotline for a day, opened by the manager."""

    def opened(day, desk="hotline"):
        with access.acting_as(actors["cs_manager"]):
            return records.add(session, DailyReview, {"desk": desk, "day": day})

    return opened


def lines_of(session, review):
    with access.system():
        session.expire(review)
        return [(line.ticket.subject, line.oddities) for line in review.review_lines]


def marks_of(session, ticket):
    names = ("overdue", "voided", "unexplained", "reopened", "dissatisfied", "unanswered")
    with access.system():
        line = session.scalars(sa.select(ReviewLine).where(ReviewLine.ticket_id == ticket.id)).one()
        return {name for name in names if getattr(line, name)}


def answered(session, actors, ticket):
    take(session, actors["desk"], ticket, "give_answer", answer="在一楼大厅", referral="电话号码查询")
    take(session, actors["cs_manager"], ticket, "close", code="answered")


def rated(session, actors, ticket, **rating):
    """Answered and called back."""
    take(session, actors["desk"], ticket, "give_answer", answer="在一楼大厅", referral="电话号码查询")
    take(session, actors["desk"], ticket, "plan_callback")
    with access.system():
        owed = session.scalars(sa.select(CallOwed).where(CallOwed.ticket_id == ticket.id)).one()
    take(session, actors["shift"], owed, "rate", **rating)


def test_a_sheet_lists_the_tickets_of_its_desk_and_day_and_no_others(session, actors, call, sheet, show):
    show("2026-03-02 23:59")
    call(subject="当日早", received_at="2026-03-02 00:00")
    call(subject="当日晚", received_at="2026-03-02 23:59")
    call(subject="前日", received_at="2026-03-01 23:59")
    call(subject="物业", received_at="2026-03-02 09:00", scheme="property_desk")
    show("2026-03-03 00:00")
    call(subject="次日")
    review = sheet("2026-03-02")
    assert {subject for subject, _n in lines_of(session, review)} == {"当日早", "当日晚"}
    assert (review.tickets, review.state) == (2, "unsigned")
    with pytest.raises(Invalid):
        sheet("2026-03-02")


def test_each_oddity_is_told_and_the_oddest_ticket_stands_on_top(session, actors, call, sheet, show):
    show("2026-03-02 09:00")
    plain, late, void, again, cross = (call(subject=word) for word in ("平常", "超时", "作废", "重办", "不满"))
    answered(session, actors, plain)
    rated(session, actors, cross, grade="dissatisfied", cause="policy", remark="已说明规定")
    answered(session, actors, again)
    take(session, actors["shift"], again, "reopen", reason="再次反映")
    take(session, actors["desk"], again, "give_answer", answer="已再次答复", referral="电话号码查询")
    take(session, actors["shift"], void, "void", reason="误登")
    show("2026-03-02 14:00")
    review = sheet("2026-03-02")
    expected = {plain: set(), cross: {"dissatisfied"}, again: {"reopened"}, void: {"voided"},
                late: {"overdue", "unanswered"}}  # fmt: skip
    assert {ticket.subject: marks_of(session, ticket) for ticket in expected} == {
        ticket.subject: marks for ticket, marks in expected.items()
    }
    order = lines_of(session, review)
    assert (order[0], order[-1], review.odd_tickets) == (("超时", 2), ("平常", 0), 4)


def test_who_was_dissatisfied_in_an_earlier_round_stands_on_the_sheet_as_reopened_and_dissatisfied(
    session, actors, call, sheet, show
):
    show("2026-03-02 09:00")
    ticket = call()
    rated(session, actors, ticket, grade="very_dissatisfied", cause="handling")
    answered(session, actors, ticket)
    sheet("2026-03-02")
    assert (ticket.grade, marks_of(session, ticket)) == (None, {"reopened", "dissatisfied"})


def test_an_anonymous_ticket_without_the_tick_is_odd(session, actors, call, sheet, show):
    show("2026-03-02 09:00")
    ticket = call(anonymous=True, anonymity_explained=True, phone="", contact_name="")
    with access.system():
        ticket.anonymity_explained = False
        session.flush()
    sheet("2026-03-02")
    assert "unexplained" in marks_of(session, ticket)


def test_the_manager_signs_once_the_day_is_over_and_the_sheet_is_frozen(session, actors, call, sheet, show):
    show("2026-03-02 09:00")
    answered(session, actors, call())
    review = sheet("2026-03-02")
    session.commit()
    with pytest.raises(StepRefused):
        take(session, actors["cs_manager"], review, "sign")
    show("2026-03-03 09:00")
    take_and_keep(session, actors["cs_manager"], review, "sign", remark="台账完整")
    with access.system():
        signer = review.signer.name
    assert (review.state, signer, review.signed_at) == (
        "signed", "赵蕾", parse_moment("2026-03-03 09:00"),
    )  # fmt: skip
    with access.system():
        (line,) = review.review_lines
    wrong = {"finding": "未复述", "remedy": "补", "owner": "王芳", "due_on": "2026-03-05"}
    for record, step, answers in (
        (review, "look_again", {}),
        (line, "remark_on", {"remark": "迟"}),
        (line, "find_fault", wrong),
    ):
        with pytest.raises(StepRefused):
            take(session, actors["cs_manager"], record, step, **answers)


def test_what_changed_since_the_manager_looked_is_looked_through_before_signing(session, actors, call, sheet, show):
    show("2026-03-02 09:00")
    ticket = call()
    review = sheet("2026-03-02")
    session.commit()
    answered(session, actors, ticket)
    session.commit()
    show("2026-03-03 09:00")
    with pytest.raises(StepRefused):
        take(session, actors["cs_manager"], review, "sign")
    take_and_keep(session, actors["cs_manager"], review, "look_again")
    assert (marks_of(session, ticket), review.odd_tickets) == (set(), 0)
    take(session, actors["cs_manager"], review, "sign")
    assert review.state == "signed"


def test_a_ticket_typed_in_after_its_day_was_signed_stands_on_the_sheet_of_the_day_it_was_typed(
    session, actors, call, sheet, show
):
    show("2026-03-03 09:00")
    take(session, actors["cs_manager"], sheet("2026-03-02"), "sign")
    call(subject="补登", received_at="2026-03-02 17:00")
    review = sheet("2026-03-03")
    assert [subject for subject, _n in lines_of(session, review)] == ["补登"]


def test_only_the_manager_signs(session, actors, sheet, show):
    show("2026-03-03 09:00")
    review = sheet("2026-03-02")
    session.commit()
    for account in ("desk", "shift", "leader"):
        with pytest.raises(NotAllowed):
            take(session, actors[account], review, "sign")


@pytest.mark.parametrize("field, value", [("day", "2026-03-04")])
def test_a_sheet_of_a_day_to_come_is_refused(session, sheet, show, field, value):
    show("2026-03-03 09:00")
    with pytest.raises(Invalid) as refusal:
        sheet(value)
    assert list(refusal.value.errors) == [field]


def test_a_sheet_is_due_by_the_end_of_the_next_working_day(session, sheet, show):
    show("2026-03-09 09:00")
    assert sheet("2026-03-02").due_at == parse_moment("2026-03-03 18:00")  # Monday, Tuesday
    assert sheet("2026-03-06").due_at == parse_moment("2026-03-09 18:00")  # Friday, Monday


def test_an_unsigned_day_past_its_limit_shows_as_late_and_waits_for_the_manager(session, actors, sheet, show):
    show("2026-03-03 09:00")
    review = sheet("2026-03-02")
    show("2026-03-03 18:01")
    assert review.is_late(moments.now())
    with access.acting_as(actors["cs_manager"]):
        waiting = session.scalars(sa.select(DailyReview).where(DailyReview.waits_for(actors["cs_manager"])))
        assert [one.day for one in waiting] == [date(2026, 3, 2)]


def test_the_sweep_makes_the_sheets_of_working_days_and_of_days_off_on_which_somebody_called(session, call, show):
    show("2026-03-06 09:00")
    call(subject="周五")
    show("2026-03-07 10:00")
    call(subject="周六")
    session.commit()
    show("2026-03-10 00:30")
    sweeping.sweep(session)
    sweeping.sweep(session)
    with access.system():
        days = sorted((one.day.isoformat(), one.tickets) for one in session.scalars(sa.select(DailyReview)))
    assert days == [("2026-03-06", 1), ("2026-03-07", 1), ("2026-03-09", 0)]


def test_the_sweep_keeps_an_unsigned_sheet_up_to_date(session, actors, call, show):
    show("2026-03-02 09:00")
    ticket = call()
    session.commit()
    show("2026-03-03 00:30")
    sweeping.sweep(session)
    assert marks_of(session, ticket) == {"overdue", "unanswered"}
    answered(session, actors, ticket)
    session.commit()
    sweeping.sweep(session)
    assert marks_of(session, ticket) == {"overdue"}


@pytest.fixture
def fault(session, actors, call, sheet, show):
    """A nonconformity the manager found on a sheet, to be put right by 王芳 until 5 March."""
    show("2026-03-02 09:00")
    call()
    show("2026-03-03 09:00")
    review = sheet("2026-03-02")
    with access.system():
        (line,) = review.review_lines
    take_and_keep(session, actors["cs_manager"], line, "find_fault", finding="未记来电地址", remedy="补记并回访",
                  owner="王芳", due_on="2026-03-05")  # fmt: skip
    with access.system():
        return session.query(Correction).one()


def test_a_nonconformity_becomes_a_correction_with_owner_and_day(session, fault):
    with access.system():
        assert (fault.owner.name, fault.due_on, fault.state) == ("王芳", date(2026, 3, 5), "open")
        assert (fault.line.state, fault.ticket_id, fault.found_by.name) == (
            "nonconforming",
            fault.line.ticket_id,
            "赵蕾",
        )
        assert fault.due_at == parse_moment("2026-03-05 23:59")


def test_a_correction_is_put_right_by_its_owner_and_verified_by_somebody_else(session, actors, fault):
    with pytest.raises(StepRefused):
        take(session, actors["cs_manager"], fault, "finish", done_words="好了")
    take_and_keep(session, actors["desk"], fault, "finish", done_words="已补记，已回访")
    take_and_keep(session, actors["cs_manager"], fault, "send_back", reason="回访未记录")
    take_and_keep(session, actors["desk"], fault, "finish", done_words="回访已记录")
    with pytest.raises(NotAllowed):
        take(session, actors["desk"], fault, "verify")
    take(session, actors["cs_manager"], fault, "verify")
    with access.system():
        assert (fault.state, fault.verified_by.name) == ("verified", "赵蕾")


def test_a_correction_outlives_the_signing_of_its_sheet(session, actors, fault):
    with access.system():
        review = fault.line.review
    take_and_keep(session, actors["cs_manager"], review, "sign")
    take(session, actors["desk"], fault, "finish", done_words="已补记")
    assert (review.state, fault.state) == ("signed", "done")


def test_a_day_that_has_passed_is_no_day_to_put_something_right_by(session, actors, fault):
    with access.system():
        line = fault.line
    with pytest.raises(StepRefused):
        take(session, actors["cs_manager"], line, "find_fault", finding="错类", remedy="改", owner="王芳",
             due_on="2026-03-02")  # fmt: skip


def figures(session, actors, desk="hotline", **period):
    with access.acting_as(actors["manager"]):
        table = daily_reviews(session, Period(**period)).table
    return table.set_index("desk").loc[desk].to_dict()


def test_the_share_of_days_signed_in_time_names_both_numbers(session, actors, call, sheet, show):
    """Mon 2 March in time, Tue 3 late, Wed 4 never, Thu 5 may still be signed, Sat 7 and Sun 8 are no working days."""
    for day in ("02", "03", "04", "05"):
        show(f"2026-03-{day} 09:00")
        call()
    session.commit()
    for day, signed in (("02", "2026-03-03 17:59"), ("03", "2026-03-05 09:00"), ("04", None), ("05", None)):
        show(signed or "2026-03-06 09:00")
        review = sheet(f"2026-03-{day}")
        if signed:
            take(session, actors["cs_manager"], review, "sign")
    session.commit()
    show("2026-03-06 12:00")
    found = figures(session, actors)
    assert (found["on_time"], found["working_days"], found["on_time_rate"]) == (1, 3, 1 / 3)
    assert (found["signed_late"], found["unsigned"], found["not_due"]) == (1, 1, 1)
    show("2026-03-09 18:01")
    later = figures(session, actors)
    assert (later["working_days"], later["unsigned"], later["not_due"]) == (5, 3, 0)


def test_the_figures_of_a_period_count_its_days_alone(session, actors, call, sheet, show):
    show("2026-03-02 09:00")
    call()
    show("2026-03-03 09:00")
    take(session, actors["cs_manager"], sheet("2026-03-02"), "sign")
    show("2026-03-12 09:00")
    found = figures(session, actors, first=date(2026, 3, 2), last=date(2026, 3, 2))
    assert (found["on_time"], found["working_days"]) == (1, 1)
    found = figures(session, actors, first=date(2026, 3, 3), last=date(2026, 3, 6))
    assert (found["on_time"], found["unsigned"], found["working_days"]) == (0, 4, 4)


def test_the_figures_equal_a_recount_from_the_history(session, actors, call, sheet, show):
    """Signed in time, recounted from the moment each signing was written and the calendar alone."""
    day = date(2026, 3, 2)
    while day < date(2026, 3, 30):
        moments.configure("Asia/Shanghai", moments.at_office(day) + timedelta(hours=9))
        call()
        day += timedelta(days=1)
    for n in range(28):
        day = date(2026, 3, 2) + timedelta(days=n)
        moments.configure("Asia/Shanghai", moments.at_office(day) + timedelta(hours=33 + 11 * (n % 5)))
        take(session, actors["cs_manager"], sheet(day.isoformat()), "sign")
    session.commit()
    show("2026-04-20 09:00")
    with access.system():
        off = dict(session.execute(sa.select(CalendarDay.day, CalendarDay.worked)).all())
        days = {one.id: one.day for one in session.scalars(sa.select(DailyReview))}
        signed = session.execute(
            sa.select(HistoryEntry.record_id, HistoryEntry.at).where(
                HistoryEntry.kind == "daily_reviews", HistoryEntry.action == "sign"
            )
        ).all()

    def worked(day):
        return off.get(day, day.weekday() < 5)

    def limit(day):
        day += timedelta(days=1)
        while not worked(day):
            day += timedelta(days=1)
        return moments.at_office(day) + timedelta(hours=18)

    recount = sum(worked(days[pk]) and at <= limit(days[pk]) for pk, at in signed)
    found = figures(session, actors, first=date(2026, 3, 2), last=date(2026, 3, 29))
    assert (found["on_time"], found["working_days"]) == (recount, sum(worked(one) for one in days.values()))


def test_nonconformities_open_and_overdue_are_counted(session, actors, fault, show):
    found = figures(session, actors)
    assert (found["nonconforming"], found["open"], found["overdue"]) == (1, 1, 0)
    show("2026-03-06 00:01")
    assert figures(session, actors)["overdue"] == 1
    take(session, actors["desk"], fault, "finish", done_words="已补记")
    assert (figures(session, actors)["open"], figures(session, actors)["overdue"]) == (1, 0)
    take(session, actors["cs_manager"], fault, "verify")
    assert figures(session, actors)["open"] == 0


def test_a_line_of_an_older_ledger_is_on_no_sheet(session, actors, call, sheet, show):
    show("2026-03-02 09:00")
    with access.system():
        call().taken_over = True
        session.flush()
    assert lines_of(session, sheet("2026-03-02")) == []


def test_a_ticket_stays_with_the_desk_whose_ledger_it_is_in(session, actors, call):
    ticket = call()
    session.commit()
    with access.acting_as(actors["shift"]), pytest.raises(Invalid) as refusal:
        records.change(session, ticket, {"scheme": "property_desk"}, ["scheme"], version=ticket.version)
    assert list(refusal.value.errors) == ["scheme"]


def reworded(session, actors, ticket, **words):
    with access.acting_as(actors["desk"]):
        records.change(session, ticket, words, list(words), version=ticket.version)


def test_a_signed_ledger_keeps_the_words_its_tickets_had(session, actors, call, sheet, show):
    """tickets-orders.md 3.1: the manager signs the sheet of a day; who looks at it later finds what was signed."""
    show("2026-03-02 09:00")
    ticket, review = call(subject="路灯不亮"), sheet("2026-03-02")
    show("2026-03-03 09:00")
    reworded(session, actors, ticket, subject="三号路灯不亮")
    take_and_keep(session, actors["cs_manager"], review, "look_again")
    take_and_keep(session, actors["cs_manager"], review, "sign")
    for words in ({"subject": "改写"}, {"content": "改写"}, {"contact_name": "他人"}, {"channel": "visit"}):
        with pytest.raises(Invalid) as refusal:
            reworded(session, actors, ticket, **words)
        assert list(refusal.value.errors) == list(words)
    reworded(session, actors, ticket, place="三号路", phone="13900000009")  # where to find whom may come in later
    reworded(session, actors, ticket, confidential="true")
    assert (ticket.subject, ticket.place, ticket.contact_name) == ("三号路灯不亮", "三号路", None)


def test_a_closed_ticket_is_not_rewritten(session, actors, call, show):
    show("2026-03-02 09:00")
    ticket = call()
    answered(session, actors, ticket)
    session.commit()
    with pytest.raises(Invalid) as refusal:
        reworded(session, actors, ticket, subject="改写", content="改写")
    assert list(refusal.value.errors) == ["subject", "content"]
