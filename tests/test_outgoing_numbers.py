"""Number series nobody can puncture: reserved, used, void and released numbers, late numbering, the books of numbers.

Expected values after documents.md 4: each hazard of its table has a test here, in test_numbers or test_outgoing.
"""

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from app.engine import access, finding, numbers
from app.engine import record as records
from app.engine.clocks import clocks_of
from app.engine.history import HistoryEntry
from app.engine.moments import at_office
from app.engine.periods import Period
from app.engine.refusals import Invalid, NotAllowed, Refused, StepRefused
from app.engine.rules import Rule
from models.number_reservations import NumberReservation, use
from models.outgoing import OutgoingDocument
from models.outgoing_series import FIRST, OutgoingSeries, first_series, key, may_number_late, yearly
from models.people import Department
from reports.numbers import number_audit, number_register

COMPANY, OWN = "文枢发", "锦城行文"


@pytest.fixture
def reserve(session, actors, clock):
    """`reserve("clerk", until="2026-03-20")`: that account reserves a number of the company's series."""

    def made(who="clerk", series=COMPANY, **values):
        raw = {"series": series, "purpose": "年度总结", "until": "2026-03-10"}
        with access.acting_as(actors[who]):
            found = records.add(session, NumberReservation, {**raw, **values})
        session.commit()
        return found

    return made


@pytest.fixture
def take(session, actors):
    def step(who, record, name, **answers):
        with access.acting_as(actors[who]):
            record.flow.take(session, record, name, answers)
        session.commit()

    return step


@pytest.fixture
def paper(session, actors):
    with access.acting_as(actors["user_a"]):
        raw = {"title": "关于年度总结的通知", "addressees": "各科室", "body": "请阅。"}
        found = records.add(session, OutgoingDocument, raw)
    session.commit()
    return found


def named(session, code):
    with access.system():
        return session.scalars(select(OutgoingSeries).where(OutgoingSeries.code == code)).one()


def number_of(session, text):
    session.expire_all()
    return session.scalar(select(numbers.DrawnNumber).where(numbers.DrawnNumber.text == text))


# The series


def test_the_forms_of_the_texts_are_there(session):
    with access.system():
        rows = {one.code: one for one in session.scalars(select(OutgoingSeries))}
    assert {code: one.template for code, one in rows.items()} == {
        "文枢发": "文枢发〔{year}〕{serial}号",
        "锦城文": "（{year}）锦城文第{serial}号",
        "锦城行文": "（{year}）锦城行文第{serial}号",
        "独府办发": "独府办发〔{year}〕{serial}号",
        "独府办发电": "独府办发电〔{year}〕{serial}号",
        "办公会议纪要": "办公会议纪要第{serial}次",
    }
    assert [code for code, one in rows.items() if not yearly(one)] == ["办公会议纪要"]
    assert {code for code, one in rows.items() if one.source} >= {"锦城文", "锦城行文", "独府办发", "独府办发电"}
    assert rows["锦城文"].template.format(year=2011, serial=8) == "（2011）锦城文第8号"
    assert (rows["独府办发"].red_head(), key(rows["文枢发"])) == ("独山县人民政府办公室文件", FIRST)


def test_the_first_series_is_the_houses_or_the_departments_own(session):
    with access.system():
        unit, other = (session.query(Department).filter_by(name=name).one() for name in ("综合科", "财务科"))
        assert first_series(session, "company").code == COMPANY
        assert first_series(session, "department", unit).code == OWN
        assert first_series(session, "department", other) is None


@pytest.mark.parametrize(
    "values, field",
    [
        ({"template": "发〔{year}〕号"}, "template"),
        ({"template": "发〔{year}〕{serial:04}号"}, "template"),
        ({"template": "发{serial}{year.__class__}"}, "template"),
        ({"template": "发{serial}{"}, "template"),
        ({"level": "department"}, "department"),
        ({"level": "company", "department": "综合科"}, "department"),
    ],
)  # fmt: skip
def test_a_series_that_cannot_count_is_refused(session, actors, values, field):
    raw = {"code": "新", "name": "新", "profile": "company", "template": "新〔{year}〕{serial}号", "issuer": "新单位"}
    with access.acting_as(actors["office"]), pytest.raises(Invalid) as refused:
        records.add(session, OutgoingSeries, {**raw, **values})
    assert list(refused.value.errors) == [field]


def test_a_series_keeps_its_form_once_it_has_counted(session, actors, reserve):
    series = named(session, "锦城文")
    with access.acting_as(actors["office"]):
        records.change(
            session, series, {"template": "（{year}）锦文第{serial}号"}, ["template"], version=series.version
        )
        session.commit()
        reserve(series="锦城文")
        with pytest.raises(Invalid):
            records.change(session, series, {"template": "锦{serial}"}, ["template"], version=series.version)
        series = named(session, "锦城文")
        records.change(session, series, {"head": "锦城酒店"}, ["head"], version=series.version)


def test_one_organs_series_count_apart(session, reserve):
    drawn = [reserve(series=code).number for code in ("独府办发", "独府办发电", "独府办发", "办公会议纪要")]
    assert drawn == ["独府办发〔2026〕1号", "独府办发电〔2026〕1号", "独府办发〔2026〕2号", "办公会议纪要第1次"]


def test_sessions_run_on_over_the_year(session, reserve, clock):
    first = reserve(series="办公会议纪要", until="2027-06-01")
    clock.ahead(days=365)
    assert (first.number, reserve(series="办公会议纪要", until="2027-06-01").number) == (
        "办公会议纪要第1次", "办公会议纪要第2次"
    )  # fmt: skip


# Reservations


def test_a_reservation_says_for_whom_for_what_and_until_when(session, actors, reserve):
    kept = reserve()
    number = number_of(session, "文枢发〔2026〕1号")
    with access.system():
        assert (kept.number, kept.state, kept.holder.name) == (number.text, "reserved", "何静")
    assert (number.series, number.state, number.reason, number.actor_name) == (
        FIRST, "reserved", "年度总结", actors["clerk"].name
    )  # fmt: skip
    assert kept.due_at == at_office(date(2026, 3, 11)) - timedelta(minutes=1)


def test_a_refused_reservation_draws_nothing(session, actors, reserve):
    for wrong in ({"until": "2026-03-01"}, {"purpose": ""}, {"series": "没有"}):
        with pytest.raises(Invalid):
            reserve(**wrong)
        session.rollback()
    assert reserve().number == "文枢发〔2026〕1号"


def test_a_head_of_department_reserves_in_the_own_series_alone(session, reserve):
    assert reserve("head_a", OWN).number == "（2026）锦城行文第1号"
    for who, series in (("head_a", COMPANY), ("head_b", OWN)):
        with pytest.raises(Invalid):
            reserve(who, series)
        session.rollback()
    with pytest.raises(NotAllowed):
        reserve("user_a", OWN)


def test_holder_registry_office_and_auditor_see_it_and_nobody_else(session, actors, reserve):
    kept = reserve(holder="张小明")
    seen = set()
    for name in ("clerk", "office", "auditor", "user_a", "user_b", "head_a", "leader", "archivist", "manager"):
        with access.acting_as(actors[name]):
            if finding.by_key(session, NumberReservation, kept.id):
                seen.add(name)
    assert seen == {"clerk", "office", "auditor", "user_a"}


def test_an_expired_number_waits_for_its_holder_and_goes_to_no_paper(session, actors, reserve, take, paper, clock):
    kept = reserve(holder="张小明", until="2026-03-03")
    clock.ahead(days=3)
    with access.acting_as(actors["user_a"]):
        mine = session.scalars(select(NumberReservation).where(NumberReservation.waits_for(actors["user_a"]))).all()
        assert mine == [kept]
    with access.acting_as(actors["clerk"]):
        assert (
            session.scalars(select(NumberReservation).where(NumberReservation.waits_for(actors["clerk"]))).all() == []
        )
        with pytest.raises(StepRefused):
            use(session, kept, paper)
    assert number_of(session, kept.number).state == "reserved"
    take("user_a", kept, "keep_longer", until="2026-03-12")
    with access.acting_as(actors["clerk"]):
        assert use(session, kept, paper) == "文枢发〔2026〕1号"
    session.commit()
    assert (kept.state, kept.document_id, number_of(session, kept.number).state) == ("used", paper.id, "used")


def test_a_reserved_number_is_used_once_and_by_one_step_in_its_history(session, actors, reserve, paper):
    kept = reserve()
    with access.acting_as(actors["clerk"]):
        use(session, kept, paper)
        session.commit()
        with pytest.raises(StepRefused):
            use(session, kept, paper)
    with access.system():
        query = select(HistoryEntry.action).where(HistoryEntry.kind == "number_reservations")
        assert session.scalars(query.order_by(HistoryEntry.id)).all() == ["add", "mark_used"]
        assert [clock.state for clock in clocks_of(session, kept)] == ["met"]
    assert number_of(session, kept.number).changed_by == actors["clerk"].name


def test_keeping_longer_needs_a_later_day_ahead(session, reserve, take):
    kept = reserve()
    for until in ("2026-03-01", "2026-03-09", "2026-03-10"):
        with pytest.raises(StepRefused):
            take("clerk", kept, "keep_longer", until=until)
    take("clerk", kept, "keep_longer", until="2026-04-01")
    assert kept.due_at == at_office(date(2026, 4, 2)) - timedelta(minutes=1)


def test_a_number_becomes_void_with_a_reason_by_a_second_person(session, actors, reserve, take):
    kept, own = reserve(), reserve("office")
    with pytest.raises(NotAllowed):
        take("clerk", kept, "void", reason="不再印发")
    with pytest.raises(StepRefused):
        take("office", own, "void", reason="不再印发")
    with pytest.raises(Refused):
        take("office", kept, "void", reason=" ")
    take("office", kept, "void", reason="不再印发")
    number = number_of(session, kept.number)
    assert (kept.state, number.state, number.reason) == ("voided", "void", "不再印发")
    assert number.changed_by == actors["office"].name
    assert reserve().number == "文枢发〔2026〕3号"


def test_only_the_last_number_goes_back_the_same_day_by_who_drew_it(session, reserve, take, clock):
    first, second = reserve(), reserve()
    with pytest.raises(Refused):
        take("clerk", first, "release")
    with pytest.raises(Refused):
        take("office", second, "release")
    take("clerk", second, "release")
    assert (second.state, number_of(session, "文枢发〔2026〕2号")) == ("released", None)
    again = reserve()
    assert again.number == "文枢发〔2026〕2号"
    clock.ahead(hours=16)  # past midnight at the office
    with pytest.raises(Refused):
        take("clerk", again, "release")
    assert number_of(session, again.number).state == "reserved"


# Late numbering


@pytest.mark.parametrize("day, open_", [("2027-01-01", True), ("2027-01-15", True), ("2027-01-16", False)])
def test_the_old_year_stays_open_until_the_15th_of_january(session, day, open_):
    assert may_number_late(session, "company", date.fromisoformat(day)) is open_


def test_the_last_day_is_a_setting_of_the_profile(session, actors):
    with access.acting_as(actors["office"]):
        rule = {"setting": "late_numbering_until", "profile": "hotel"}
        records.add(session, Rule, {**rule, "value": "02-01"})
        for wrong in ("二月", "13-01", "02-30", ""):
            with pytest.raises(Invalid):
                records.add(session, Rule, {**rule, "value": wrong})
    day = date(2027, 1, 31)
    assert (may_number_late(session, "hotel", day), may_number_late(session, "company", day)) == (True, False)


def test_a_late_number_goes_on_with_the_old_years_counter(session, clock):
    with access.system():
        template = "文枢发〔{year}〕{serial}号"
        numbers.draw(session, "late", template)
        clock.ahead(days=310)
        assert numbers.draw(session, "late", template) == "文枢发〔2027〕1号"
        assert numbers.draw(session, "late", template, year=2026) == "文枢发〔2026〕2号"
        with pytest.raises(Refused):
            numbers.draw(session, "late", template, year=2028)


@pytest.mark.parametrize("days, fits", [(5, True), (30, False)])
def test_a_number_reserved_in_the_old_year_is_used_while_its_register_is_open(
    session, actors, reserve, paper, clock, days, fits
):
    clock.ahead(days=303)  # 30 December 2026
    kept = reserve(until="2027-03-01")
    clock.ahead(days=days)
    with access.acting_as(actors["clerk"]):
        if fits:
            assert use(session, kept, paper) == "文枢发〔2026〕1号"
        else:
            with pytest.raises(StepRefused):
                use(session, kept, paper)


# After a restore


def test_no_number_is_drawn_from_a_counter_that_was_set_back(either_session):
    session = either_session
    with access.system():
        numbers.draw_many(session, "restored", "{serial}", 5, yearly=False)
        session.execute(update(numbers.NumberCounter).where(numbers.NumberCounter.series == "restored").values(last=3))
        session.commit()
        with pytest.raises(Refused):
            numbers.draw(session, "restored", "{serial}", yearly=False)
        session.rollback()
        assert numbers.catch_up(session) == ["restored"]
        assert numbers.draw(session, "restored", "{serial}", yearly=False) == "6"


# The books


def test_the_books_agree_with_a_recount(session, actors, clock):
    """What the report says after many random deeds is what a plain list, kept beside, says."""
    dice, series, mine, reservable = random.Random(4), named(session, COMPANY), [], []
    for _turn in range(150):
        deed = dice.choice(("draw", "reserve", "reserve", "use", "void", "release", "roll back"))
        with access.acting_as(actors["clerk"]):
            if deed == "roll back":
                numbers.draw(session, FIRST, series.template)
                session.rollback()
            elif deed == "draw":
                mine.append([numbers.draw(session, FIRST, series.template), "used"])
            elif deed == "reserve":
                mine.append([numbers.reserve(session, FIRST, series.template, "备用"), "reserved"])
            elif reservable:
                line = mine[-1] if deed == "release" else dice.choice(reservable)
                if deed == "use":
                    numbers.use_reserved(session, FIRST, line[0])
                    line[1] = "used"
                elif deed == "void":
                    numbers.void(session, FIRST, line[0], "不发")
                    line[1] = "void"
                elif line[1] == "reserved":
                    numbers.release(session, FIRST, line[0])
                    mine.pop()
            session.commit()
        reservable = [line for line in mine if line[1] == "reserved"]
    states = [state for _text, state in mine]
    with access.acting_as(actors["office"]):
        audit = number_audit(session, Period()).set_index("series").loc["公司发文"]
        register = number_register(session, Period())
    assert [text for text, _state in mine] == [f"文枢发〔2026〕{n}号" for n in range(1, len(mine) + 1)]
    assert list(zip(register["number"], register["state"], strict=True)) == [tuple(line) for line in mine]
    assert {name: audit[name] for name in ("drawn", "used", "reserved", "void", "unexplained")} == {
        "drawn": len(mine), "used": states.count("used"), "reserved": states.count("reserved"),
        "void": states.count("void"), "unexplained": 0,
    }  # fmt: skip
    assert min(states.count(state) for state in ("used", "reserved", "void")) > 0


def test_the_register_tells_reasons_and_foreign_numbers_to_its_keepers_alone(session, actors, reserve, take):
    take("office", reserve(), "void", reason="不再印发")
    reserve("head_a", OWN, purpose="往来函")
    lines = {}
    for who in ("clerk", "manager", "head_a", "head_b"):
        with access.acting_as(actors[who]):
            lines[who] = number_register(session, Period())[["number", "reason"]].values.tolist()
    void, own = "文枢发〔2026〕1号", "（2026）锦城行文第1号"
    assert sorted(lines["clerk"]) == sorted([[void, "不再印发"], [own, "往来函"]])
    assert sorted(number for number, _reason in lines["manager"]) == sorted([void, own])
    assert {reason for _number, reason in lines["manager"]} == {None}
    assert ([number for number, _reason in lines["head_a"]], lines["head_b"]) == ([own], [])
