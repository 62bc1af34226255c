"""What is always true of tickets, tried with many histories (tickets-orders.md 3.12: 1 to 7, 24 and 25).

Expected values come from a second, plain computation beside each test: minutes counted one by one, rows counted by hand.
"""

import csv
import io
import random
from collections import Counter
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import cycle

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.engine import access, finding, moments
from app.engine import record as records
from app.engine.clocks import MISSED, VOID, clocks_of
from app.engine.history import HistoryEntry
from app.engine.moments import local, parse_moment
from app.engine.refusals import Invalid, NotAllowed, Refused, StepRefused
from app.engine.report_answers import ask
from app.engine.rules import Rule
from app.engine.transfer import import_rows
from app.web.api import as_json
from models.calls import CallOwed
from models.clearances import StaffClearance
from models.dispatch import DispatchOrder
from models.identities import IdentityRequest, SealedIdentity
from models.people import Person
from models.tickets import ServiceTicket
from tests.conftest import bearer, sign_in
from tests.factories import NOTES, published, register, take
from tests.test_prints import text_of

MINUTE = timedelta(minutes=1)
#: Monday 2 March 2026, 09:00 at the office; no holiday is near.
START = parse_moment("2026-03-02 09:00")


def tried(examples):
    """So many examples, the same ones every time."""
    return settings(
        max_examples=examples, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


@pytest.fixture
def show():
    """`show(START)`: every clock of the house shows that moment."""
    yield lambda moment: moments.configure("Asia/Shanghai", moment)
    moments.configure("Asia/Shanghai", None)


@pytest.fixture
def patient(session):
    """A desk that may let a ticket wait as often and as long as a test likes."""
    with access.system():
        for profile in ("hotline", "property_desk"):
            session.add(Rule(setting="most_waits", profile=profile, value="99"))
            session.add(Rule(setting="longest_wait", profile=profile, value="99"))
        session.commit()


# The second computation: one minute after the other


def is_open(moment):
    """Whether the minute that begins at a moment is office time, by the rule text: Mon-Fri 9-12 and 13:30-18."""
    at = local(moment)
    return at.weekday() < 5 and (time(9) <= at.time() < time(12) or time(13, 30) <= at.time() < time(18))


#: The limits of S9, and of the house where no text says them: (kind, stage) -> amount in minutes, of office time or not.
LIMITS = {
    ("hotline", "consult"): {"parent": (48 * 60, False), "front_desk": (4 * 60, False)},
    ("hotline", "help"): {"parent": (24 * 60, False), "front_desk": (4 * 60, False)},
    ("hotline", "emergency"): {"parent": (2 * 60, False), "front_desk": (15, False)},
    ("hotline", "complaint"): {"parent": (72 * 60, False), "front_desk": (4 * 60, False)},
    ("property_desk", "help"): {"parent": (8 * 60, True), "front_desk": (4 * 60, True)},
    ("property_desk", "emergency"): {"parent": (2 * 60, False), "front_desk": (15, False)},
}
KINDS = {desk: sorted(kind for one, kind in LIMITS if one == desk) for desk, _kind in LIMITS}


def counted_due(start, minutes, office, pauses):
    """When so many minutes are over, of those that count and lie in no pause."""
    at, left = start, minutes
    while left:
        stands = any(since <= at < (until or datetime.max.replace(tzinfo=at.tzinfo)) for since, until in pauses)
        left -= (is_open(at) or not office) and not stands
        at += MINUTE
    return at


def stages(session, ticket):
    """The clocks of a ticket that are not over, by stage: the limit each would have by itself."""
    return {
        clock.stage: clock.own_due_at or clock.due_at
        for clock in clocks_of(session, ticket)
        if clock.state in ("running", "paused")
    }


def wait(session, actors, ticket, days=60):
    until = (moments.now() + timedelta(days=days)).isoformat()
    take(session, actors["desk"], ticket, "wait", waiting_for="details", until=until, reason="等门牌号")


#: What happens, and how many minutes after what happened before.
AFTER = st.integers(0, 400)
EVENTS = st.lists(st.tuples(AFTER, st.sampled_from(["pause", "go on", "kind"]), st.integers(0, 5)), max_size=7)


# 1. Nobody leaves the desk unanswered


WAYS_OUT = {"answered", "callback_due", "dispatched", "reply_in", "opinion_forwarded", "appointment", "closed"}


def stands_on(session, ticket):
    """Whether what a ticket left the desk by is there."""
    with access.system():
        orders = session.query(DispatchOrder).filter_by(ticket_id=ticket.id).filter(DispatchOrder.state != "draft")
        promised = session.query(CallOwed).filter_by(ticket_id=ticket.id, kind="promise").count()
        return {
            "answered": bool(ticket.citation_id or ticket.referral_id or (ticket.citation and orders.count())),
            "dispatched": orders.count() > 0,
            "opinion_forwarded": bool(ticket.anonymity_explained)
            and not (ticket.phone or ticket.email or ticket.named),
            "appointment": promised > 0 and ticket.promised_at is not None,
        }[{"callback_due": "answered", "closed": "answered", "reply_in": "dispatched"}.get(ticket.state, ticket.state)]


def steps_from_desk():
    """The steps that lead out of the states in which the desk has a ticket, of the flow itself."""
    return sorted(name for name, step in ServiceTicket.flow.steps.items() if {"open", "reopened"} & set(step.sources))


#: What callers leave behind.
CALLERS = (
    {}, {"phone": ""}, {"phone": "", "anonymity_explained": True}, {"phone": "", "email": "q@example.org", "anonymity_explained": True},
    {"phone": "", "contact_name": "", "anonymous": True, "anonymity_explained": True}, {"kind": "report"}, {"confidential": True},
)  # fmt: skip


def test_no_ticket_leaves_the_desk_without_a_ground_whatever_is_tried(session, actors, show):
    """Every step of the flow with all its answers, with one missing, and with none, for every sort of caller."""
    show(START)
    paper = published(session, actors)
    session.commit()
    later = (START + timedelta(days=1)).isoformat()
    full = {
        "give_answer": {"article": paper.id, "answer": "我看可以"}, "dispatch": {"department": "综合科", "requirement": "办", **NOTES},
        "forward_opinion": {"department": "综合科", "reason": "无联系方式"}, "promise": {"at": later},
        "promise_call": {"phone": "13900000000"},
    }  # fmt: skip
    left, kinds = Counter(), cycle(["consult", "help", "complaint"])
    tries = [
        (name, values, {key: value for key, value in full.get(name, {}).items() if key not in missing})
        for name in steps_from_desk()
        for values in CALLERS
        for missing in ((), *((key,) for key in full.get(name, ())), tuple(full.get(name, ())))
    ]
    for name, values, answers in tries:
        with access.acting_as(actors["desk"]):
            ticket = register(session, **{"kind": next(kinds), **values})
        session.commit()
        try:
            take(session, actors["shift"], ticket, name, **answers)
        except Refused:
            session.rollback()
        session.commit()
        if ticket.state in WAYS_OUT:
            left[ticket.state] += 1
            assert stands_on(session, ticket), (name, answers, values)
        else:
            assert ticket.state == "open" or name in ("wait", "merge", "void"), (name, ticket.state)
    assert {"answered", "callback_due", "dispatched", "appointment", "opinion_forwarded"} <= set(left), left


def test_every_way_out_of_the_desk_is_one_of_those_named():
    """Read off the flow: whichever step is new has to be told here what it stands on."""
    desk = {"open", "reopened", "appointment"}
    out = {
        (name, target) for name in steps_from_desk() for target in ServiceTicket.flow.steps[name].targets
        if target not in desk
    }  # fmt: skip
    assert out == {
        ("give_answer", "answered"), ("dispatch", "dispatched"), ("forward_opinion", "opinion_forwarded"),
        ("wait", "waiting"), ("merge", "merged"), ("void", "voided"),
    }  # fmt: skip


# 2. The three notes


def test_a_request_for_help_is_sent_out_with_all_three_notes_alone(session, actors, show):
    show(START)

    @tried(16)
    @given(st.sets(st.sampled_from(sorted(NOTES))), st.booleans())
    def one(ticked, drafted):
        with access.acting_as(actors["desk"]):
            ticket = register(session, kind="help")
            notes = {name: name in ticked for name in NOTES}
            draft = {"ticket": ticket.id, "department": "综合科", "requirement": "修", "lead": True, **notes}
            order = records.add(session, DispatchOrder, draft) if drafted else None
        session.commit()
        way = (
            (order, "issue", {})
            if drafted
            else (ticket, "dispatch", {"department": "综合科", "requirement": "修", **notes})
        )
        if len(ticked) == 3:
            take(session, actors["shift"], way[0], way[1], **way[2])
            assert ticket.state == "dispatched"
        else:
            with pytest.raises(StepRefused):
                take(session, actors["shift"], way[0], way[1], **way[2])
            session.rollback()
            assert ticket.state == "open"

    one()


# 3. Clearance


def test_a_call_is_saved_exactly_where_its_taker_was_cleared_on_the_day(session, actors, show):
    show(parse_moment("2026-03-31 12:00"))
    with access.system():
        trainee = session.query(Person).filter_by(name="张小明").one().id
    held = Counter()

    with access.system():
        row = StaffClearance(person_id=trainee, trainer_id=actors["shift"].own_person_id, cleared_from=date(2026, 3, 1))
        records.store(session, row)
        session.commit()

    @tried(30)
    @given(
        st.integers(1, 30),
        st.none() | st.integers(0, 30),
        st.none() | st.integers(1, 30),
        st.integers(1, 30),
        st.booleans(),
    )
    def one(begins, lasts, withdrawn, day, imported):
        ends = None if lasts is None else min(begins + lasts, 31)
        with access.system():
            row.cleared_from, row.cleared_until = date(2026, 3, begins), ends and date(2026, 3, ends)
            row.withdrawn_on = withdrawn and date(2026, 3, withdrawn)
            session.commit()
        cleared = begins <= day <= (ends or 99) and day < (withdrawn or 99)
        held[cleared] += 1
        when = f"2026-03-{day:02d} 10:00"
        if imported:
            current = parse_moment(when) > moments.now() - timedelta(days=7)
            head = ["ticket_no", "subject", "channel", "received_at", "taker", "state", "contact_name"]
            line = [f"L-{held.total()}", "停水", "phone", when, "张小明", "open", "钱女士"]
            with access.system():
                outcome = import_rows(session, ServiceTicket, head, [line])
            session.commit()
            assert outcome.imported == (cleared or not current)  # a line of an older ledger is let in as it is
            return
        with access.acting_as(actors["desk"]):
            if cleared:
                assert register(session, received_at=when, taker=str(trainee)).state == "open"
            else:
                with pytest.raises(Invalid) as refusal:
                    register(session, received_at=when, taker=str(trainee))
                assert list(refusal.value.errors) == ["taker"]
        session.commit()

    one()
    assert held[True] and held[False]


# 4. The limit is the walk over the segments


@pytest.mark.parametrize("desk", sorted(KINDS))
def test_the_limit_is_what_is_left_counted_minute_by_minute(session, actors, show, patient, desk):
    @tried(25)
    @given(st.sampled_from(KINDS[desk]), st.integers(0, 7 * 24 * 60), EVENTS)
    def one(kind, begins, events):
        now = START + begins * MINUTE
        show(now)
        received, pauses = now, []
        with access.acting_as(actors["desk"]):
            ticket = register(session, kind=kind, scheme=desk, received_at=received.isoformat())
        for after, what, which in [*events, (3, "go on", 0)]:
            now += after * MINUTE
            show(now)
            stands = bool(pauses) and pauses[-1][1] is None
            if what == "pause" and not stands:
                wait(session, actors, ticket)
                pauses.append((now, None))
            elif what == "go on" and stands:
                take(session, actors["desk"], ticket, "go_on")
                pauses[-1] = (pauses[-1][0], now)
            elif what == "kind":
                kind = KINDS[desk][which % len(KINDS[desk])]
                take(session, actors["shift"], ticket, "reclassify", kind=kind, reason="改类")
        expected = {
            stage: counted_due(received, minutes, office, pauses if stage == "parent" else [])
            for stage, (minutes, office) in LIMITS[desk, kind].items()
        }
        assert stages(session, ticket) == expected
        assert ticket.due_at == min(expected.values())

    one()


def test_the_limit_of_days_is_the_close_of_the_day_that_is_used_up_last(session, actors, show, patient):
    """A complaint at the property desk has 3 working days; one is used up at each close of work the clock runs at."""

    @tried(15)
    @given(st.integers(0, 7 * 24 * 60), st.integers(0, 5000), st.integers(0, 4000))
    def one(begins, before, long):
        received = START + begins * MINUTE
        show(received)
        with access.acting_as(actors["desk"]):
            ticket = register(session, kind="complaint", scheme="property_desk", received_at=received.isoformat())
        since = received + before * MINUTE
        show(since)
        wait(session, actors, ticket)
        until = since + long * MINUTE
        show(until)
        take(session, actors["desk"], ticket, "go_on")
        left, day = 3, local(received).date()
        while left:
            day += timedelta(days=1)
            close = parse_moment(f"{day} 18:00")
            left -= day.weekday() < 5 and not since <= close - MINUTE < until
        assert stages(session, ticket)["parent"] == close

    one()


def test_a_limit_granted_later_goes_on_with_what_was_left_of_it_after_each_pause(session, actors, show, patient):
    """Help: 22 of 24 hours; more time is asked for and granted before the limit, then the ticket waits now and then."""

    @tried(20)
    @given(st.integers(1, 20 * 60), st.integers(1, 3000), st.lists(st.tuples(AFTER, AFTER), max_size=3))
    def one(granted, more, waits):
        show(START)
        with access.acting_as(actors["desk"]):
            ticket = register(session, kind="help", received_at=START.isoformat())
        take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="修", **NOTES)
        with access.system():
            (order,) = ticket.orders
        take(session, actors["user_a"], order, "sign")
        now = START + granted * MINUTE
        show(now)
        until = START + timedelta(hours=22) + more * MINUTE
        asked = {"until": until.isoformat(), "reason": "等配件", "ground": "第十二条"}
        take(session, actors["user_a"], order, "ask_extension", **asked)
        take(session, actors["shift"], order, "grant_extension", informed=True)
        stood = timedelta()
        for before, long in waits:
            if now + before * MINUTE >= until + stood:
                break  # missed by then
            now += before * MINUTE
            show(now)
            wait(session, actors, ticket)
            now, stood = now + long * MINUTE, stood + long * MINUTE
            show(now)
            take(session, actors["desk"], ticket, "go_on")
        (leg,) = [clock for clock in clocks_of(session, order) if clock.stage == "handling"]
        assert (leg.due_at, leg.original_due_at) == (until + stood, START + timedelta(hours=22))
        # What is left for the hotline stays two hours.
        assert stages(session, ticket) == {"unit": until + stood, "parent": until + stood + timedelta(hours=2)}

    one()


# 5. A pause that is none, and two that are one


@pytest.mark.parametrize(
    "desk, kind", [("hotline", "consult"), ("property_desk", "help"), ("property_desk", "complaint")]
)
def test_going_on_at_the_same_instant_and_splitting_a_pause_change_nothing(session, actors, show, patient, desk, kind):
    @tried(15)
    @given(st.integers(0, 7 * 24 * 60), AFTER, AFTER, AFTER)
    def one(begins, before, first, second):
        since = START + begins * MINUTE
        show(since)
        with access.acting_as(actors["desk"]):
            plain, split, never = (
                register(session, kind=kind, scheme=desk, received_at=since.isoformat()) for _ in range(3)
            )
        untouched = stages(session, never)
        show(since + before * MINUTE)
        for ticket in (plain, split, never):
            wait(session, actors, ticket)
        take(session, actors["desk"], never, "go_on")
        assert stages(session, never) == untouched and never.due_at == min(untouched.values())
        show(since + (before + first) * MINUTE)
        take(session, actors["desk"], split, "go_on")
        wait(session, actors, split)
        show(since + (before + first + second) * MINUTE)
        for ticket in (plain, split):
            take(session, actors["desk"], ticket, "go_on")
        assert stages(session, plain) == stages(session, split)
        assert (plain.due_at, plain.state) == (split.due_at, split.state)

    one()


# 6. Missed stays missed


def test_a_limit_that_was_missed_stays_missed_whatever_is_granted_afterwards(session, actors, show, patient):
    @tried(20)
    @given(
        st.integers(1, 22 * 60 - 1),
        st.integers(1, 2000),
        st.lists(st.sampled_from(["grant", "extend", "wait", "refuse"]), max_size=4),
    )
    def one(asked_at, late, then):
        show(START)
        with access.acting_as(actors["desk"]):
            ticket = register(session, kind="help", received_at=START.isoformat())
        take(session, actors["shift"], ticket, "dispatch", department="综合科", requirement="修", **NOTES)
        with access.system():
            (order,) = ticket.orders
        take(session, actors["user_a"], order, "sign")
        show(START + asked_at * MINUTE)
        more = (START + timedelta(days=9)).isoformat()
        take(session, actors["user_a"], order, "ask_extension", until=more, reason="等配件", ground="第十二条")
        missed_at = START + timedelta(hours=22)
        now = missed_at + late * MINUTE
        for what in [*then, "refuse"]:
            show(now)
            session.commit()
            try:
                if what == "wait":
                    wait(session, actors, ticket)
                    now += 30 * MINUTE
                    show(now)
                    take(session, actors["desk"], ticket, "go_on")
                elif what == "grant":
                    take(session, actors["shift"], order, "grant_extension", informed=True, until=more)
                elif what == "extend":
                    take(session, actors["shift"], order, "extend", informed=True, until=more, reason="等配件")
                else:
                    take(session, actors["shift"], order, "refuse_extension", reason="已过期")
            except StepRefused:
                session.rollback()
        take(session, actors["head_a"], order, "feed_back", result="好了", answer="已修好")
        take(session, actors["shift"], order, "accept")
        (leg,) = [clock for clock in clocks_of(session, order) if clock.stage == "handling"]
        assert (leg.state, leg.due_at) == (MISSED, missed_at)
        (unit,) = [clock for clock in clocks_of(session, ticket) if clock.stage == "unit"]
        assert (unit.state, unit.due_at) == (MISSED, missed_at)

    one()


# 7. Merging


def goals(session, by="month,kind,taker"):
    with access.system():
        return ask(session, "desk_goals", {"by": by}).rows


def test_merging_lowers_the_calls_received_by_exactly_those_merged(session, actors, show):
    show(START)

    @tried(8)
    @given(
        st.lists(st.sampled_from(["consult", "complaint", "repair"]), min_size=2, max_size=7),
        st.randoms(use_true_random=False),
    )
    def one(kinds, dice):
        with access.acting_as(actors["desk"]):
            tickets = [register(session, kind=kind) for kind in kinds]
        target, others = tickets[0], tickets[1:]
        session.commit()
        before = Counter({row["kind"]: row["received"] for row in goals(session, "kind")})
        merged = dice.sample(others, dice.randint(0, len(others)))
        for ticket in merged:
            take(session, actors["shift"], ticket, "merge", target=target.id, because="caller", reason="同一来电人")
        session.commit()
        after = Counter({row["kind"]: row["received"] for row in goals(session, "kind")})
        with access.system():
            words = Counter(one.kind for one in merged)
        labels = {"consult": "Enquiry", "complaint": "Complaint", "repair": "Repair"}
        gone = before - after
        assert gone.total() == len(merged)
        assert sorted(gone.values()) == sorted(words.values()), labels
        assert all(clock.state == VOID for ticket in merged for clock in clocks_of(session, ticket))

    one()


# 8 and 9. Who reports wrongdoing


DOORS_OF_ONE = ("/serviceticketview/show/{}", "/print/phone_log/service_tickets/{}.pdf")
DOORS_OF_ALL = (
    "/serviceticketview/list/", "/serviceticketview/export.csv", "/notices/", "/desk/", "/history/",
    "/reports/ticket_ledger.csv", "/callowedview/list/", "/", "/api/v1/service_tickets/", "/api/v1/calls_owed/",
)  # fmt: skip


def said(answer, *words):
    """Which of the words an answer tells, read to its end."""
    with answer:
        data = text_of(answer.data) if answer.mimetype == "application/pdf" else answer.get_data(as_text=True)
    return {word for word in words if word in data}


def test_the_identity_behind_a_report_stands_at_no_door(app, session, actors, show, caplog):
    show(START)
    dice, told, opened = random.Random(7), [], Counter()
    caplog.set_level("DEBUG", logger="wenshu")
    for way in ("as a report", "in confidence", "turned into a report"):
        name = "".join(dice.choices("甄贾尤萧沐裴", k=3)) + "九"
        number = "139" + "".join(dice.choices("0123456789", k=8))
        kind = {"as a report": "report", "in confidence": "complaint"}.get(way, "consult")
        values = {"contact_name": name, "phone": number, "kind": kind, "confidential": way == "in confidence"}
        with access.acting_as(actors["desk"]):
            ticket = register(session, **values)
        if kind == "consult":
            take(session, actors["shift"], ticket, "reclassify", kind="report", reason="实为举报")
        told.append((ticket.id, name, number))
        session.commit()
    with access.system():
        assert {one.contact_name for one in session.query(SealedIdentity)} == {name for _pk, name, _number in told}
    session.commit()
    for who in ("desk", "shift", "cs_manager", "office", "leader", "auditor", "admin", "manager", "user_a", "officer"):
        browser, token = sign_in(app, who), bearer(app, who)
        words = [word for _pk, *both in told for word in both]
        for door in (*DOORS_OF_ALL, *(door.format(pk) for door in DOORS_OF_ONE for pk, _name, _number in told[:2])):
            program = door.startswith("/api/")
            answer = app.test_client().get(door, headers=token) if program else browser.get(door)
            opened[door] += answer.status_code == 200
            assert not said(answer, *words), (who, door)
    assert all(opened.values()), opened
    assert not [line for line in caplog.messages if any(word in line for word in words)]


def test_a_request_for_an_identity_is_answered_alike_whether_there_is_one(session, actors, show):
    show(START)
    answers = []
    for values in ({}, {"contact_name": "", "phone": "", "anonymous": True, "anonymity_explained": True}):
        with access.acting_as(actors["desk"]):
            ticket = register(session, kind="report", **values)
        session.commit()
        with access.acting_as(actors["cs_manager"]):
            asked = records.add(session, IdentityRequest, {"ticket": ticket.id, "reason": "核实情况"})
            seen = as_json(finding.by_key(session, IdentityRequest, asked.id))
        session.commit()
        opinion = {"department": "综合科", "reason": "无联系方式"}
        with pytest.raises(StepRefused) as refusal:
            take(session, actors["desk"], ticket, "forward_opinion", **opinion)
        session.rollback()
        answers.append(({k: v for k, v in seen.items() if k not in ("id", "ticket")}, str(refusal.value)))
    assert answers[0] == answers[1]


# 24. What leaves as a file


#: How a cell begins that a spreadsheet would reckon with.
LIVE = ("=", "+", "-", "@", "\t", "\r")
WORDS = st.sampled_from(
    ['=HYPERLINK("http://x","y")', "+861380000", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1", "路灯不亮", " =1", "＝1+1"]
)
DOORS = {"service_tickets": "serviceticketview", "dispatch_orders": "dispatchorderview", "calls_owed": "callowedview"}


def is_number(text):
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False


def listed(app, who, kind):
    """The keys of all records of a kind somebody sees, as the API lists them."""
    answer = app.test_client().get(f"/api/v1/{kind}/?page_size=100", headers=bearer(app, who))
    return {one.get("ticket_no") or one.get("order_no") or str(one["id"]) for one in answer.json["result"]}


def test_a_file_holds_rows_its_reader_sees_and_no_cell_begins_a_formula(app, session, actors, show):
    show(START)
    made = 0

    @tried(12)
    @given(
        WORDS, WORDS, st.sampled_from(["consult", "report", "complaint"]), st.sampled_from(["综合科", "财务科", None])
    )
    def one(subject, content, kind, unit):
        nonlocal made
        with access.acting_as(actors["desk"]):
            ticket = register(
                session, kind=kind, subject=subject.strip() or "x", content=content, contact_name=content.strip()
            )
        ticket.place = content
        if unit:
            take(session, actors["shift"], ticket, "dispatch", department=unit, requirement=subject)
        session.commit()
        made += 1

    one()
    files = Counter()
    for who in ("shift", "cs_manager", "office", "head_a", "head_b", "auditor", "desk", "user_a"):
        browser = sign_in(app, who)
        for kind, view in DOORS.items():
            answer = browser.get(f"/{view}/export.csv")
            if answer.status_code != 200 or answer.mimetype != "text/csv":
                assert answer.status_code in (302, 403, 404), (who, kind)
                answer.close()
                continue
            rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
            answer.close()
            files[kind] += 1
            if kind != "calls_owed":
                keys = {row[0] for row in rows[1:]}
                assert keys <= listed(app, who, kind), (who, kind)
                assert who in ("head_a", "head_b") or len(keys) == len(listed(app, who, kind))
            for cell in (cell for row in rows for cell in row):
                assert not cell.startswith(LIVE) or is_number(cell), (who, cell)
            with browser.get(f"/{view}/export.xlsx") as sheet:
                book = openpyxl.load_workbook(io.BytesIO(sheet.data))
            cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
            assert not [cell.coordinate for cell in cells if cell.data_type == "f"], (who, kind)
    assert made == 12 and files["service_tickets"] >= 3 and files["dispatch_orders"] >= 5


# 25. Every rate is a recount of what happened


def events_of(session):
    """What the history says of each ticket: its fields as it was registered, and its states with their moments."""
    told = {}
    with access.system():
        entries = (
            session.query(HistoryEntry)
            .filter_by(kind="service_tickets")
            .order_by(HistoryEntry.record_id, HistoryEntry.position)
        )
        for entry in entries:
            first, states = told.setdefault(entry.record_id, ({}, []))
            if not states:
                first.update({name: change[1] for name, change in entry.fields.items()})
            if "state" in entry.fields:
                states.append((entry.at, entry.fields["state"][1]))
    return told


RUNS = {
    "front_desk": {"open", "appointment", "reopened"},
    "parent": {"open", "appointment", "reopened", "dispatched", "reply_in"},
}


def judged(first, states, stage, now):
    """Of one stage, round by round: True where its limit was met, False where missed, None while it runs or stands;
    and whether the last round is not over."""
    minutes, _office = LIMITS["hotline", first["kind"]][stage]
    rounds, due, since = [], None, None
    for at, state in states:
        if state == "waiting":
            since = at if stage == "parent" else None  # the front desk's time goes on (4.3)
        elif state in RUNS[stage] and due is None:
            due = (at if rounds else datetime.fromisoformat(first["received_at"])) + minutes * MINUTE
        elif due is not None:
            due, since = due + (at - since if since else timedelta()), None
            if state not in RUNS[stage]:
                rounds.append(at <= due)
                due = None
    if due is not None:
        rounds.append(False if since is None and due < now else None)
    return rounds, due is not None


def a_day_at_the_desk(session, actors, show, dice, length=60):
    """Calls come in and are worked on, well or badly, at random; the moment it ends."""
    now, tickets = START, []
    for _ in range(length):
        now += dice.choice([1, 5, 20, 60, 300]) * MINUTE
        show(now)
        what = dice.choice(
            ["call", "call", "call", "give_answer", "dispatch", "wait", "go_on", "void", "reopen", "close"]
        )
        if what == "call" or not tickets:
            kind = dice.choice(["consult", "help", "emergency", "complaint"])
            took = dice.choice([None, 30, 60, 90, 120, 121, 600])
            times = {} if took is None else {
                "picked_up_at": (now - timedelta(seconds=took)).isoformat(), "ended_at": now.isoformat()
            }  # fmt: skip
            with access.acting_as(actors["desk"]):
                tickets.append(
                    register(
                        session, kind=kind, channel=dice.choice(["phone", "phone", "visit"]), rings=dice.choice([None, 2, 3, 4]),
                        received_at=(now - timedelta(minutes=dice.choice([0, 3, 200]))).isoformat(), **times,
                    )
                )  # fmt: skip
            session.commit()
            continue
        answers = {
            "give_answer": {"referral": "电话号码查询"}, "dispatch": {"department": "综合科", "requirement": "办", **NOTES},
            "wait": {"waiting_for": "details", "until": (now + timedelta(days=9)).isoformat(), "reason": "等"},
            "void": {"reason": "误"}, "reopen": {"reason": "又来电"}, "close": {"code": "answered"},
        }.get(what, {})  # fmt: skip
        who = "cs_manager" if what == "close" else "shift"
        try:
            take(session, actors[who], dice.choice(tickets), what, **answers)
        except (StepRefused, NotAllowed):
            session.rollback()
        session.commit()
    return now


def rate(part, whole):
    return round(part / whole, 4) if whole else None


def shown_rate(value):
    return None if value is None or value != value else round(float(value), 4)


@pytest.mark.parametrize("seed", range(6))
def test_every_rate_of_the_desk_equals_a_recount_from_what_happened(session, actors, show, patient, seed):
    now = a_day_at_the_desk(session, actors, show, random.Random(seed))
    session.commit()
    told = {key: one for key, one in events_of(session).items() if one[1][-1][1] != "voided"}
    calls = [one for one in told.values() if one[0]["channel"] == "phone"]

    for row in goals(session, "kind"):
        kind = next(key for key, label in KIND_LABELS.items() if row["kind"] in (key, label))
        mine = [one for one in calls if one[0]["kind"] == kind]
        front = [judged(first, states, "front_desk", now)[0][0] for first, states in mine]
        took = [
            (datetime.fromisoformat(first["ended_at"]) - datetime.fromisoformat(first["picked_up_at"])).total_seconds()
            for first, _states in mine if first.get("picked_up_at") and first.get("ended_at")
        ]  # fmt: skip
        rings = [first["rings"] for first, _states in mine if first.get("rings") is not None]
        expected = {
            "received": len(mine), "limited": len(mine), "handled": front.count(True), "timed": len(took),
            "short": sum(one <= 120 for one in took), "very_short": sum(one <= 60 for one in took),
            "rung": len(rings), "quick": sum(one <= 3 for one in rings),
        }  # fmt: skip
        assert {name: row[name] for name in expected} == expected, kind
        for part, whole in (("handled", "received"), ("short", "timed"), ("very_short", "timed"), ("quick", "rung")):
            assert shown_rate(row[f"{part}_rate"]) == rate(expected[part], expected[whole]), (kind, part)

    with access.system():
        rows = ask(session, "on_time", {"of": "tickets", "by": "stage,kind"}).rows
    found = Counter()
    for row in rows:
        stage = next((key for key, label in STAGE_LABELS.items() if row["stage"] in (key, label)), None)
        if stage is None:
            continue
        kind = next(key for key, label in KIND_LABELS.items() if row["kind"] in (key, label))
        rounds = [judged(first, states, stage, now)[0] for first, states in told.values() if first["kind"] == kind]
        verdicts = [one for each in rounds for one in each if one is not None]
        assert (row["due"], row["met"], row["missed"]) == (len(verdicts), sum(verdicts), len(verdicts) - sum(verdicts))
        assert row["first"] == sum(bool(each and each[0]) for each in rounds)
        assert shown_rate(row["rate"]) == rate(sum(verdicts), len(verdicts)), (stage, kind)
        found[stage] += len(verdicts)
    assert min(found["parent"], found["front_desk"]) > 0

    with access.system():
        rows = ask(session, "ticket_backlog", {"by": "state"}).rows
    ended = ("closed", "opinion_forwarded", "merged", "voided")
    open_now = [one for one in told.values() if one[1][-1][1] not in ended]
    ends = [[judged(*one, stage, now) for stage in RUNS] for one in open_now]
    late = [one for one in ends if any(runs and rounds[-1] is False for rounds, runs in one)]
    assert sum(row["open"] for row in rows) == len(open_now)
    assert sum(row["overdue"] for row in rows) == len(late)


KIND_LABELS = {"consult": "Enquiry", "help": "Request for help", "emergency": "Emergency", "complaint": "Complaint"}
STAGE_LABELS = {"parent": "Answer to the caller", "front_desk": "Front desk"}
