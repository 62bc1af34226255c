"""Figures on tickets against a plain recount of what happened to them, step by step, and the rows behind each."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from html import unescape
from io import BytesIO
from statistics import median

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import select

from app.engine import access
from app.engine.clocks import ClockRow
from app.engine.frames import REPORTS
from app.engine.moments import local, now, parse_moment
from app.engine.office_calendar import working_calendar
from app.engine.periods import period_of
from app.engine.report_answers import ask
from app.engine.rules import Rule
from models.tickets import ServiceTicket
from tests.factories import published, register
from tests.report_cells import TOO_FEW, opened, unsaid

#: Around the ends of a week, a month, a year.
MOMENTS = ("2025-12-28 23:59", "2025-12-31 23:58", "2026-01-01 00:00", "2026-01-31 23:59", "2026-02-02 00:00")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
DELAYS = st.sampled_from((MINUTE, 50 * MINUTE, DAY, 7 * DAY, 30 * DAY - MINUTE, 30 * DAY, 30 * DAY + MINUTE))
SEND = {"department": "综合科", "requirement": "请办理"}
#: What is done, with what is answered; the article and the ends of waits and promises are filled in.
DEEDS = {
    "give_answer": {}, "refer": {"referral": "电话号码查询"}, "dispatch": SEND, "promise": {}, "go_on": {},
    "wait": {"waiting_for": "details", "reason": "等门牌号"},
    "close": {"code": "answered"}, "reopen": {"reason": "又来电"}, "void": {"reason": "误登"},
    "forward_opinion": {"department": "综合科", "reason": "无联系方式"},
}  # fmt: skip
STEPS = {"refer": "give_answer"}
NAMELESS = {"contact_name": "", "phone": "", "anonymous": True, "anonymity_explained": True}
#: Ways a ticket goes, each step some time after the one before.
WAYS = (
    ("give_answer", "close"), ("give_answer", "close", "reopen", "refer", "close"), ("give_answer",),
    ("wait", "go_on", "give_answer", "close", "reopen"), ("dispatch", "wait", "go_on"), ("forward_opinion", "reopen"),
    ("promise", "give_answer", "close", "reopen", "wait", "go_on", "give_answer", "close"), ("wait", "void"), (),
    ("wait", "go_on", "give_answer", "close"), ("promise", "give_answer", "close"),
    ("dispatch", "cancel", "give_answer", "close"),
)  # fmt: skip
WHAT = ({"kind": "consult"}, {"kind": "consult"}, {"kind": "complaint"}, {"kind": "report"},
        {"kind": "feedback", "sub_kind": "praise"})  # fmt: skip
LIFE = st.fixed_dictionaries(
    {
        "received": st.sampled_from(MOMENTS), "what": st.sampled_from(WHAT),
        "channel": st.sampled_from(("phone", "visit", "letter")), "scheme": st.sampled_from(("hotline", "property_desk")),
        "place": st.sampled_from(("", "一号楼", "二号楼")), "phone": st.sampled_from(("13812345678", "13987654321")),
        "anonymous": st.booleans(),
        "deeds": st.sampled_from(WAYS).flatmap(lambda way: st.tuples(*(st.tuples(DELAYS, st.just(deed)) for deed in way))),
    }
)  # fmt: skip
#: Nothing, one, or so many that most things happen.
LIVES = st.one_of(st.lists(LIFE, min_size=8, max_size=12), st.lists(LIFE, max_size=1))
AT_WORK = ("open", "appointment", "reopened", "dispatched", "waiting", "reply_in")
ENDS = ("closed", "opinion_forwarded")
TOLD = {
    "kind": lambda ticket, moment: ticket.kind,
    "channel": lambda ticket, moment: ticket.channel,
    "desk": lambda ticket, moment: ticket.scheme,
    "department": lambda ticket, moment: ticket.department.name if ticket.department else "",
    "taker": lambda ticket, moment: ticket.taker.name if ticket.taker else "",
    "month": lambda ticket, moment: f"{local(moment):%Y-%m}",
    "week": lambda ticket, moment: f"{monday(moment):%Y-%m-%d}",
}


def tried(examples):
    """So many examples; a life is long, and shortening it takes minutes."""
    phases = [Phase.explicit, Phase.generate]
    return settings(max_examples=examples, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))


def monday(moment) -> date:
    day = local(moment).date()
    return day - timedelta(days=day.weekday())


@pytest.fixture
def article(session, actors, at):
    """An article to answer from, in a house where tickets are reopened long after."""
    at("2025-12-01 09:00")
    found = published(session, actors)
    with access.system():
        for profile in ("hotline", "property_desk"):
            session.add(Rule(setting="reopen_days", profile=profile, value="99"))
        session.commit()
    return found.id


class Lives:
    """Tickets and what was seen to happen to them: (moment, state before, state after) by ticket."""

    def __init__(self, session, actors, at, article, wishes):
        session.rollback()  # of the lives before
        self.session, self.article = session, article
        self.seen = defaultdict(list)
        todo = sorted(
            (moment, n, m, deed) for n, wish in enumerate(wishes) for m, (moment, deed) in enumerate(way(wish))
        )
        made = {}
        for moment, n, _m, deed in todo:
            at(moment.isoformat())
            if deed == "receive":
                with access.acting_as(actors["desk"]):
                    made[n] = register(session, **raw(wishes[n]))
                session.flush()
            else:
                self.take(made[n], deed)
        at("2026-08-01 12:00")
        session.flush()
        self.all = list(made.values())
        self.tickets = [ticket for ticket in made.values() if ticket.state != "voided"]
        clocks = session.scalars(select(ClockRow).where(ClockRow.stage == "parent", ClockRow.kind == "service_tickets"))
        self.clocked = {clock.record_id for clock in clocks}

    def take(self, ticket, deed):
        before = ticket.state
        if deed == "cancel":
            for order in ticket.live_orders:
                order.take("cancel", self.session, reason="本部门答复")
        elif self.possible(ticket, deed):
            until = (now() + DAY).isoformat()
            filled = {"give_answer": {"article": self.article}, "promise": {"at": until}, "wait": {"until": until}}
            answers = DEEDS[deed] | filled.get(deed, {})
            ticket.flow.take(self.session, ticket, STEPS.get(deed, deed), answers)
        if ticket.state != before:
            self.seen[ticket.id].append((now(), before, ticket.state))

    def possible(self, ticket, deed):
        """Whether the office allows it; what it refuses takes all back that went before in one transaction."""
        refused = {
            "forward_opinion": ticket.kind == "report" or bool(ticket.phone),
            "wait": ticket.waits >= 2,
        }
        return ticket.state in ticket.flow.steps[STEPS.get(deed, deed)].sources and not refused.get(deed)

    def first(self, ticket, state):
        return next((moment for moment, _before, after in self.seen[ticket.id] if after == state), None)

    def closings(self):
        """(ticket, moment) of each."""
        return [
            (ticket, moment)
            for ticket in self.tickets
            for moment, _before, after in self.seen[ticket.id]
            if after in ENDS
        ]

    def reopenings(self):
        return [
            (ticket, moment)
            for ticket in self.tickets
            for moment, before, after in self.seen[ticket.id]
            if before in ENDS and after == "reopened"
        ]

    def came_back(self, ticket, closed):
        later = [moment for one, moment in self.reopenings() if one is ticket and moment >= closed]
        return any(moment - closed <= 30 * DAY for moment in later)

    def hours(self, ticket, closed, *, paused=False):
        """Hours at work, or waiting for the caller, until a closing."""
        if ticket.id not in self.clocked:
            return 0.0
        since, total = ticket.received_at, timedelta()
        for moment, before, _after in self.seen[ticket.id]:
            if moment <= closed and before in (("waiting",) if paused else AT_WORK):
                total += moment - since
            since = moment
        return total.total_seconds() / 3600

    def at_once(self, ticket):
        went = {after for _moment, _before, after in self.seen[ticket.id]}
        if ticket.citation_id is None or went & {"dispatched", "appointment", "waiting", "reopened"}:
            return False
        until = ticket.answered_at + 7 * DAY
        return not any(
            other is not ticket and not other.sealed() and not ticket.sealed() and other.kind == ticket.kind
            and (ticket.received_at, ticket.id) < (other.received_at, other.id) and other.received_at <= until
            and ((other.place and other.place == ticket.place) or (other.phone and other.phone == ticket.phone))
            for other in self.tickets
        )  # fmt: skip


def way(wish):
    moment = parse_moment(wish["received"])
    yield moment, "receive"
    for delay, deed in wish["deeds"]:
        moment += delay
        yield moment, deed


def raw(wish):
    nameless = NAMELESS if wish["anonymous"] else {"phone": wish["phone"]}
    return {"received_at": now().isoformat(), "subject": "来电", "content": "", **nameless, **wish["what"],
            **{name: wish[name] for name in ("channel", "scheme", "place")}}  # fmt: skip


def grouped(pairs, names):
    groups = defaultdict(list)
    for ticket, moment in pairs:
        groups[tuple(TOLD[name](ticket, moment) for name in names)].append((ticket, moment))
    return dict(sorted(groups.items()))


def share(part, whole):
    return round(part / whole, 4) if whole else None


def taken(spans, session):
    """Count, median and 90th percentile of hours, and the median of working hours."""
    spans = [(since, until) for since, until in spans if until is not None]
    if not spans:
        return 0, None, None, None
    hours = [(until - since).total_seconds() / 3600 for since, until in spans]
    worked = [working_calendar(session).working_time(*span).total_seconds() / 3600 for span in spans]
    return len(spans), median(hours), float(np.quantile(hours, 0.9)), median(worked)


def behind(session, name, key, figure):
    rows = session.execute(REPORTS[name].tally().behind(period_of({}), key, figure)).all()
    return len(rows), sum(row.worth for row in rows if row.worth is not None)


def asked(session, name, by, **more):
    names = by.split(",")
    return {tuple(row[one] for one in names): row for row in ask(session, name, {"by": by, **more}).rows}


def agree(found, expected):
    """Figures are equal, hours to half a hundredth."""
    assert {name: found[name] for name in expected} == {
        name: pytest.approx(value, abs=0.011) if isinstance(value, float) else value for name, value in expected.items()
    }


def few(key, names, count):
    return "kind" in names and key[names.index("kind")] == "report" and count < 5


def hidden(row, names, count):
    figures = {name: value for name, value in row.items() if name not in names}
    assert figures == unsaid(figures, count)


@pytest.mark.parametrize("by", ["kind", "channel,desk,taker", "department,month"])
@tried(6)
@given(wishes=LIVES)
def test_tickets_received_are_what_a_plain_recount_finds_and_open_their_rows(session, actors, article, at, by, wishes):
    with access.system():
        lives, names = Lives(session, actors, at, article, wishes), by.split(",")
        expected = grouped([(ticket, ticket.received_at) for ticket in lives.tickets], names)
        rows = asked(session, "tickets_received", by)
        assert list(rows) == list(expected)
        for key, members in expected.items():
            if few(key, names, len(members)):
                hidden(rows[key], names, "received")
                continue
            tickets = [ticket for ticket, _moment in members]
            told = [ticket for ticket in tickets if not ticket.sealed()]
            nameless = sum(ticket.anonymous for ticket in told)
            back = sum(any(after == "reopened" for *_, after in lives.seen[ticket.id]) for ticket in tickets)
            count, middle, high, worked = taken(
                [(ticket.received_at, lives.first(ticket, "dispatched")) for ticket in tickets], session
            )
            counts = {
                "received": len(tickets), "unsealed": len(told), "anonymous": nameless, "unexplained": 0,
                "reopened": back, "to_dispatch_count": count,
            }  # fmt: skip
            shares = {"anonymous_share": share(nameless, len(told))}
            if 0 < len(tickets) - len(told) < 5:  # beside all, the others would tell how many are under seal
                kept = ("unsealed", "anonymous", "unexplained", "anonymous_share")
                assert [rows[key][name] for name in kept] == [None] * 4
                counts, shares = {name: one for name, one in counts.items() if name not in kept}, dict.fromkeys(kept)
            agree(
                rows[key],
                {
                    **counts, **shares, "reopened_share": share(back, len(tickets)),
                    "to_dispatch_median": middle, "to_dispatch_p90": high, "to_dispatch_working_median": worked,
                },
            )  # fmt: skip
            key = dict(zip(names, key, strict=True))
            assert {name: behind(session, "tickets_received", key, name)[0] for name in counts} == counts


@pytest.mark.parametrize("by", ["kind", "channel,month", "desk,department"])
@tried(8)
@given(wishes=LIVES)
def test_tickets_closed_are_what_a_plain_recount_finds_and_open_their_rows(session, actors, article, at, by, wishes):
    with access.system():
        lives, names = Lives(session, actors, at, article, wishes), by.split(",")
        expected = grouped(lives.closings(), names)
        rows = asked(session, "tickets_closed", by)
        assert list(rows) == list(expected)
        for key, members in expected.items():
            if few(key, names, len(members)):
                hidden(rows[key], names, "closed")
                continue
            back = sum(lives.came_back(*one) for one in members)
            asking = [ticket for ticket, _closed in members if ticket.sub_kind != "praise"]
            answerable, at_once = len(asking), sum(map(lives.at_once, asking))
            spent = sum(lives.hours(*one) for one in members)
            paused = sum(lives.hours(*one, paused=True) for one in members)
            answered = [
                (ticket.received_at, ticket.answered_at)
                for ticket, closed in members
                if ticket.answered_at and ticket.answered_at <= closed
            ]
            count, middle, high, worked = taken(answered, session)
            counts = {
                "closed": len(members), "reopened": back, "answerable": answerable, "first_contact": at_once,
                "to_answer_count": count,
            }  # fmt: skip
            agree(
                rows[key],
                {
                    **counts, "reopened_share": share(back, len(members)),
                    "first_contact_share": share(at_once, answerable), "clock_hours": spent, "paused_hours": paused,
                    "paused_share": share(paused, spent), "to_answer_median": middle, "to_answer_p90": high,
                    "to_answer_working_median": worked,
                },
            )  # fmt: skip
            key = dict(zip(names, key, strict=True))
            assert {name: behind(session, "tickets_closed", key, name)[0] for name in counts} == counts
            assert behind(session, "tickets_closed", key, "clock_hours")[1] == pytest.approx(spent, abs=0.011)


@pytest.mark.parametrize("by", ["week", "month,desk", "week,kind"])
@tried(6)
@given(wishes=LIVES)
def test_what_comes_in_and_goes_out_is_what_a_plain_recount_finds(session, actors, article, at, by, wishes):
    with access.system():
        lives, names = Lives(session, actors, at, article, wishes), by.split(",")
        flows = {
            "received": [(ticket, ticket.received_at) for ticket in lives.tickets],
            "closed": lives.closings(),
            "reopened": lives.reopenings(),
        }
        counts = {
            name: {key: len(found) for key, found in grouped(pairs, names).items()} for name, pairs in flows.items()
        }
        rows = asked(session, "tickets_in_and_out", by)
        assert list(rows) == sorted({key for one in counts.values() for key in one})
        for key, row in rows.items():
            came, left, back = (counts[name].get(key, 0) for name in flows)
            if few(key, names, came):
                hidden(row, names, "received")
                continue
            told = {"received": came, "closed": left, "reopened": back, "difference": came - left}
            assert {name: row[name] for name in (*told, "growth")} == {**told, "growth": came - left + back}


@tried(8)
@given(wishes=LIVES)
def test_the_growth_of_all_weeks_is_what_lies_open_at_the_end(session, actors, article, at, wishes):
    with access.system():
        Lives(session, actors, at, article, wishes)
        for last in ("2026-01-04", "2026-02-08", "2026-07-31"):
            growth = sum(row["growth"] for row in asked(session, "tickets_in_and_out", "week", to=last).values())
            open_then = sum(
                row["open"] for row in ask(session, "ticket_backlog", {"by": "department", "to": last}).rows
            )
            assert growth == open_then


def test_what_was_overdue_on_a_past_day_stays_so_whatever_limit_was_set_since(session, actors, call, at):
    at("2026-03-02 09:00")
    tickets = [call() for _number in range(6)]  # fewer are not told
    session.commit()
    at("2026-03-20 09:00")

    def overdue(**period):
        with access.acting_as(actors["manager"]):
            return sum(row["overdue"] for row in ask(session, "ticket_backlog", {"by": "kind", **period}).rows)

    before = overdue(to="2026-03-18")
    with access.system():
        for ticket in tickets:
            ticket.due_at = parse_moment("2026-04-20 09:00")
        session.commit()
    at("2026-03-21 09:00")
    assert (before, overdue(to="2026-03-18"), overdue()) == (6, 6, 0)


@pytest.fixture
def office(either_session, either_actors, at):
    """On both databases: an article, tickets that may be reopened long after, and a way to play lives there."""
    at("2025-12-01 09:00")
    article = published(either_session, either_actors).id
    with access.system():
        either_session.add(Rule(setting="reopen_days", profile="hotline", value="99"))
        either_session.commit()
        yield lambda *wishes: Lives(either_session, either_actors, at, article, wishes)


def life(received, *deeds, kind="consult", **values):
    return {"received": received, "what": {"kind": kind}, "channel": "phone", "scheme": "hotline", "place": "",
            "phone": "13812345678", "anonymous": False, "deeds": deeds, **values}  # fmt: skip


AT_ONCE = (MINUTE, "give_answer"), (MINUTE, "close")


def test_what_comes_back_after_thirty_days_is_no_return_of_that_closing(either_session, office):
    def returns(after):
        office(life("2026-01-31 23:57", *AT_ONCE, (after, "reopen")))
        (row,) = ask(either_session, "tickets_closed", {"by": "month"}).rows
        return row["month"], row["closed"], row["reopened"], row["reopened_share"]

    found = [returns(after) for after in (30 * DAY - MINUTE, 30 * DAY, 30 * DAY + MINUTE)]
    assert found == [("2026-01", 1, 1, 1.0), ("2026-01", 1, 1, 1.0), ("2026-01", 1, 0, 0.0)]


def test_a_ticket_closed_in_two_months_counts_in_both_and_its_return_in_the_first(either_session, office):
    office(life("2026-01-31 23:57", *AT_ONCE, (DAY, "reopen"), *AT_ONCE))
    rows = ask(either_session, "tickets_closed", {"by": "month"}).rows
    assert [(row["month"], row["closed"], row["reopened"]) for row in rows] == [("2026-01", 1, 1), ("2026-02", 1, 0)]
    assert [row["to_answer_count"] for row in rows] == [0, 1]  # the first answer gave way to a later one


#: What else comes in, and whether the first matter counts as resolved at once all the same.
OTHERS = (
    (life("2026-03-09 09:01"), 0),  # to the minute seven days after the answer
    (life("2026-03-09 09:02"), 1),
    (life("2026-03-01 09:00"), 1),  # before it
    (life("2026-03-04 09:00", phone="13987654321"), 1),
    (life("2026-03-04 09:00", phone="13987654321", place="一号楼"), 0),
    (life("2026-03-04 09:00", phone="13987654321", place="二号楼"), 1),
    (life("2026-03-04 09:00", kind="complaint"), 1),
    (life("2026-03-04 09:00", (MINUTE, "void")), 1),
    (life("2026-03-04 09:00", anonymous=True), 1),
)


def test_a_matter_is_resolved_at_once_unless_it_comes_again_within_seven_days(either_session, office):
    def resolved(other):
        office(life("2026-03-02 09:00", *AT_ONCE, place="一号楼"), other)
        (row,) = ask(either_session, "tickets_closed", {"by": "kind"}).rows
        return row["answerable"], row["first_contact"]

    assert [resolved(other) for other, _at_once in OTHERS] == [(1, at_once) for _other, at_once in OTHERS]


def test_a_line_of_an_older_register_counts_on_its_own_day(either_session, office):
    office()
    closed = {"received_at": parse_moment("2024-02-29 09:00"), "closed_at": parse_moment("2024-03-01 09:00")}
    either_session.add(ServiceTicket(taken_over=True, state="closed", kind="other", channel="other", subject="旧登记",
                                     ticket_no="旧1", **closed))  # fmt: skip
    either_session.flush()
    (row,) = ask(either_session, "tickets_closed", {"by": "month"}).rows
    assert (row["month"], row["closed"], row["clock_hours"], row["paused_share"]) == ("2024-03", 1, 0, None)
    assert asked(either_session, "tickets_received", "month")[("2024-02",)]["to_dispatch_count"] == 0


#: Many that come in and go one step at most.
CALLER = st.builds(
    lambda one, received, kind, place: one
    | {"deeds": one["deeds"][:1], "received": received, "what": {"kind": kind}, "place": place},
    LIFE, st.sampled_from(MOMENTS[:3]), st.sampled_from(("consult", "consult", "report")), st.sampled_from(("一号楼", "")),
)  # fmt: skip
CALLERS = st.one_of(st.lists(CALLER, min_size=16, max_size=20), st.lists(CALLER, max_size=3))


def hot(lives, first=None, last=None):
    """(week, place, kind) -> tickets, merged, tickets of the week before: where there were three or more."""
    counts, merged = Counter(), Counter()
    for ticket in lives.all:
        if ticket.state != "voided" and ticket.place and not ticket.sealed():
            key = monday(ticket.received_at), ticket.place, ticket.kind
            counts[key] += ticket.state != "merged"
            merged[key] += ticket.state == "merged"
    return {
        (f"{week:%Y-%m-%d}", *rest): (counts[week, *rest], merged[week, *rest], counts[week - 7 * DAY, *rest])
        for week, *rest in counts
        if counts[week, *rest] + merged[week, *rest] >= 3
        and (first is None or week + 6 * DAY >= first) and (last is None or week <= last)
    }  # fmt: skip


@pytest.mark.parametrize("first, last", [(None, None), ("2025-12-31", "2026-01-02")])
@tried(6)
@given(wishes=CALLERS)
def test_hot_topics_are_what_came_up_three_times_in_a_week(session, actors, article, at, first, last, wishes):
    with access.system():
        lives = Lives(session, actors, at, article, wishes)
        merge(session, lives)
        answer = ask(session, "hot_topics", {"from": first, "to": last})
        rows, cells = answer.rows, opened(session, answer)
        assert cells >= len(rows)
        expected = hot(lives, *(day and date.fromisoformat(day) for day in (first, last)))
        found = {
            (row["week"], row["place"], row["kind"]): (row["tickets"], row["merged"], row["before"]) for row in rows
        }
        assert found == expected
        for row in rows:
            assert row["change"] == (
                pytest.approx(row["tickets"] / row["before"] - 1, abs=5e-5) if row["before"] else None
            )
        assert [row["week"] for row in rows] == sorted((row["week"] for row in rows), reverse=True)


def merge(session, lives):
    """Every second consultation at work becomes part of the first."""
    target, *others = [one for one in lives.all if one.kind == "consult" and one.state in AT_WORK] or [None]
    for ticket in others[::2]:
        if not ticket.sealed():
            ticket.take("merge", session, target=target.id, because="matter", reason="同一事项")
    session.flush()


@pytest.mark.parametrize(
    "account, sees, topics", [("manager", 4, 1), ("officer", 1, 0), ("user_a", 3, 1), ("clerk", 0, 0)]
)
def test_who_sees_fewer_tickets_has_smaller_figures_and_as_many_rows(session, actors, call, account, sees, topics, at):
    """The desk sees all, the officer what is under seal, a unit its own, others nothing."""
    at("2026-03-02 09:00")
    for _n in range(3):
        call(place="一号楼", department="综合科")
    call(kind="report", place="一号楼")
    session.commit()
    with access.acting_as(actors[account]):
        rows = asked(session, "tickets_received", "channel")
        assert [row["received"] for row in rows.values()] == ([sees] if sees else [])
        assert behind(session, "tickets_received", {"channel": "phone"}, "received")[0] == sees
        assert sum(row["received"] for row in asked(session, "tickets_in_and_out", "week").values()) == sees
        assert [row["tickets"] for row in ask(session, "hot_topics", {}).rows] == [3] * topics


def test_fewer_than_five_reports_are_no_figure_and_no_change_tells_of_them(session, actors, call, at):
    for moment, reports in (("2026-03-02 09:00", 4), ("2026-04-01 09:00", 5)):
        at(moment)
        for _n in range(reports):
            call(kind="report")
    with access.acting_as(actors["manager"]):
        rows = ask(session, "tickets_received", {"by": "kind,month"}).rows
    told = [(row["month"], row["received"], row["received_on_month"], row["anonymous_share"]) for row in rows]
    assert told == [("2026-03", TOO_FEW, None, None), ("2026-04", 5, None, None)]


def test_fewer_than_five_reports_are_said_to_be_so_on_all_four_faces_and_open_nothing(client, session, call, at):
    at("2026-03-02 09:00")
    for _n in range(4):
        call(kind="report")
    session.commit()
    browser, name = client("cs_manager"), "tickets_received"
    page = browser.get(f"/reports/{name}?by=kind").text
    assert "&lt;5</td>" in page and f"/reports/{name}/rows" not in page
    (row,) = browser.get(f"/reports/{name}.json?by=kind").json["rows"]
    assert (row["received"], row["anonymous_share"]) == ("<5", None)
    with browser.get(f"/reports/{name}.csv?by=kind") as answer:
        assert "<5" in answer.data.decode("utf-8-sig").splitlines()[1].split(",")
    with browser.get(f"/reports/{name}.xlsx?by=kind") as answer:
        sheet = load_workbook(BytesIO(answer.data), data_only=True).worksheets[1]
    heads, figures, total = ([cell.value for cell in line] for line in sheet.iter_rows(min_row=1, max_row=3))
    assert "<5" in figures and total[figures.index("<5")] == 0, heads


def test_every_figure_of_the_page_opens_its_rows_and_the_workbook_lists_them(client, session, actors, call, at):
    at("2026-03-02 09:00")
    tickets = [call(kind="complaint", department="综合科") for _n in range(3)]
    with access.system():
        for ticket in tickets[:2]:
            ticket.take("give_answer", session, answer="已处理", referral="电话号码查询")
            at("2026-03-02 10:00")
            ticket.take("close", session, code="answered")
        tickets[0].take("reopen", session, reason="又来电")
        session.commit()
    browser = client("cs_manager")
    for name, figure, count in (
        ("tickets_received", "received", 3),
        ("tickets_closed", "closed", 2),
        ("tickets_closed", "reopened", 1),
    ):
        page = browser.get(f"/reports/{name}?by=month,department").text
        links = [unescape(link) for link in re.findall(rf'href="(/reports/{name}/rows[^"]+)"', page)]
        assert [browser.get(link).status_code for link in links] == [200] * len(links)
        (link,) = [link for link in links if link.endswith(f"figure={figure}")]
        assert browser.get(link).text.count("data-href=") == count
    with browser.get("/reports/tickets_closed.xlsx?by=month") as answer:
        details = load_workbook(BytesIO(answer.data)).worksheets[2]
    assert details.max_row - 1 == 2
    assert (
        browser.get("/reports/hot_topics").status_code == browser.get("/reports/tickets_in_and_out").status_code == 200
    )
