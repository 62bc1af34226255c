"""What limits stood still for, and papers stage by stage: on random rows each figure equals a plain recount of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from statistics import median

import pytest
from hypothesis import given
from sqlalchemy import select

from app.engine import access, moments
from app.engine.clocks import ClockRow, ClockSegment, clocks_of
from app.engine.columns import is_figure
from app.engine.frames import REPORTS
from app.engine.history import HistoryEntry, canonical
from app.engine.moments import office_zone, parse_moment
from app.engine.office_calendar import CalendarDay
from app.engine.report_answers import ask
from app.web.clocks import drawn
from models.assignments import Assignment
from models.correspondents import Correspondent
from models.documents import URGENCY, IncomingDocument
from models.extensions import CAUSES
from models.instructions import LeaderInstruction
from models.ticket_words import WAITING_FOR
from models.tickets import ServiceTicket
from tests.factories import take
from tests.papers import instructed
from tests.random_cases import DICE, STOPPED, Staffed, examples, some
from tests.report_cells import TOO_FEW, unsaid
from tests.test_reading_recounts import ninth_tenth, worked

QUICK, FEW = examples(8), examples(3)
HOUR = timedelta(hours=1)
#: For cases that draw nothing.
DICE_AT_REST = Random(1)
#: When papers are looked at: no age of one is then as long as a stage from one full hour to another.
LOOKED = STOPPED + timedelta(minutes=17, seconds=23)
#: Hours are told to a hundredth, and those of a stretch to four places.
NEAR = 0.007


def hours_of(since, until):
    return (until - since).total_seconds() / 3600


def grouped(lines, by):
    groups = defaultdict(list)
    for line in lines:
        groups[tuple(line[name] for name in by)].append(line)
    return dict(groups)


def agree(row, wanted):
    """A row has the figures wanted: counts exactly, shares to four places, hours nearly, else nothing."""
    for name, value in wanted.items():
        near = {True: 0.0001, False: NEAR}["share" in name] if isinstance(value, float) else 0
        assert row[name] == (pytest.approx(value, rel=0, abs=near) if is_figure(value) else value), (name, row, wanted)


def opens(session, answer, row, keys):
    """Behind each figure of a row stand the records wanted, each as often as it counts; behind an empty one nothing."""
    for figure, wanted in keys.items():
        assert answer.opens(row, figure) is (row[figure] not in (None, 0, TOO_FEW)), (figure, row)
        if answer.opens(row, figure):
            _model, lines = answer.look_behind(session, answer.key_of(row), figure)
            assert [int(key) for key in lines["id"]] == sorted(wanted), (figure, row)
            if figure in ("hours", "suspended"):
                assert float(sum(lines["worth"])) == pytest.approx(row[figure], rel=0, abs=NEAR), (figure, row)


def fresh(actor):
    """The same person, who remembers nothing of the rows of another case."""
    return replace(actor)


def seen(session, model):
    """The keys of the records whoever acts may see."""
    return set(session.scalars(select(model.id)))


# ---------- pauses ----------

UNCOUNTED = {
    "tickets": ("voided", "merged"),
    "documents": ("voided", "returned_to_sender", "terminated_by_sender", "passed_on"),
}
MODELS = {"tickets": ServiceTicket, "documents": IncomingDocument}
#: The clock that counts, and others that stand still beside it.
CLOCKS = {
    "tickets": [("service_tickets", "parent"), ("service_tickets", "front_desk"), ("service_tickets", "unit"),
                ("incoming_documents", "parent")],
    "documents": [("incoming_documents", "handling"), ("incoming_documents", "proposal"), ("assignments", "handling"),
                  ("service_tickets", "handling")],
}  # fmt: skip
WORDS = {"tickets": sorted(WAITING_FOR), "documents": sorted(CAUSES)}
PAUSES_BY = ("reason", "kind", "department", "month", "kind,reason", "department,month", "month,kind,department,reason")
CLOSING_WAYS = (("answered", "closed"), ("callback_due", "closed"), ("open", "opinion_forwarded"))
OTHER_WAYS = (
    ("closed", "reopened"),
    ("open", "waiting"),
    ("waiting", "open"),
    ("open", "merged"),
    ("open", "answered"),
)


class Paused(Staffed):
    """Closed tickets or papers about a day, and the pauses of their clocks."""

    def __init__(self, session, zone, dice, of):
        super().__init__(session, zone, dice)
        self.of = of
        self.records = self.tickets() if of == "tickets" else self.papers()
        self.pauses = self.stood_still(CLOCKS[of])

    def tickets(self):
        """Tickets of several rounds; some came along closed, out of an older register."""
        rows = some(
            self.dice, 16, kind=("consult", "report", "report"), department_id=[None, *self.units], episode=(1, 1, 2),
            state=("closed", "closed", "reopened", "opinion_forwarded", "voided", "merged"),
            closed_at=[None, *self.when],
        )  # fmt: skip
        for number, one in enumerate(rows):
            one |= {"ticket_no": f"T{number}", "subject": "来电", "received_at": self.when[0]}
        entries = []
        for one in self.keep(ServiceTicket, rows):
            came_closed = self.dice.random() < 0.2
            ways = [(self.dice.choice(self.when), (None, "closed" if came_closed else "open"))]
            one["closings"] = [one["closed_at"]] if came_closed and one["closed_at"] and one["episode"] == 1 else []
            for at in sorted(self.dice.choices(self.when, k=self.dice.randint(0, 4))):
                ways.append((at, self.dice.choice(CLOSING_WAYS + OTHER_WAYS)))
                one["closings"] += [at] if ways[-1][1] in CLOSING_WAYS else []
            entries += [("service_tickets", one["id"], n, *way) for n, way in enumerate(ways, 1)]
            entries.append(("dispatch_orders", one["id"], 2, self.dice.choice(self.when), CLOSING_WAYS[0]))
        self.keep(HistoryEntry, [
            {"kind": kind, "record_id": key, "position": position, "at": at, "actor_name": "何静", "action": "step",
             "changes": canonical({"answer": [None, "办"], "state": list(way)}), "previous": "", "digest": ""}
            for kind, key, position, at, way in entries
        ])  # fmt: skip
        return rows

    def papers(self):
        rows = some(
            self.dice, 16, urgency=sorted(URGENCY), department_id=[None, *self.units], closed_at=self.when,
            state=("closed", "closed", "closed", "to_file", "held", "in_handling", *UNCOUNTED["documents"]),
        )  # fmt: skip
        (sender,) = self.session.scalars(select(Correspondent.id).limit(1))
        for number, one in enumerate(rows):
            one |= {"receipt_no": f"收{number}", "title": "文", "received_at": self.when[0], "sender_id": sender}
            one["closed_at"] = None if one["state"] == "in_handling" else one["closed_at"]
        for one in self.keep(IncomingDocument, rows):
            one |= {"kind": one["urgency"], "closings": [one["closed_at"]] if one["closed_at"] else []}
        return rows

    def stood_still(self, clocks):
        """Clocks run and stand still by turns, some until now; the pauses of those that count, by record."""
        rows = [
            {"kind": kind, "record_id": one["id"], "stage": stage, "episode": episode, "amount": "1",
             "unit": "elapsed_hours", "calendar": "office", "state": "met", "started_at": self.when[0],
             "due_at": self.when[0], "original_due_at": self.when[0]}
            for one in self.records for kind, stage in clocks for episode in range(1, self.dice.choice((1, 2, 2, 3)))
        ]  # fmt: skip
        stretches, found = [], defaultdict(list)
        for clock in self.keep(ClockRow, rows):
            at = sorted(self.dice.choices(self.when, k=self.dice.randint(1, 6)))
            for number, (begin, end) in enumerate(zip(at, [*at[1:], self.dice.choice((None, at[-1]))], strict=True)):
                reason = self.dice.choice((None, "", *WORDS[self.of])) if number % 2 else None
                stretches.append({"clock_id": clock["id"], "begins_at": begin, "ends_at": end,
                                  "running": number % 2 == 0, "reason": reason})  # fmt: skip
                if number % 2 and (clock["kind"], clock["stage"]) == clocks[0]:
                    found[clock["record_id"]].append((begin, end, reason or ""))
        self.keep(ClockSegment, stretches)
        return found

    def lines(self, period, visible=None):
        """One for each pause that was over when a record was closed in the period, each time it was."""
        for one in self.records:
            if one["state"] in UNCOUNTED[self.of] or (visible is not None and one["id"] not in visible):
                continue
            for at in (at for at in one["closings"] if self.within(at, period)):
                for begin, end, reason in self.pauses[one["id"]]:
                    if end is not None and end <= at:
                        unit = self.units.get(one["department_id"], "")
                        yield {"id": one["id"], "reason": reason, "kind": one["kind"], "department": unit,
                               "month": self.month(at), "hours": hours_of(begin, end)}  # fmt: skip


def paused(lines, whole):
    """What a group of pauses comes to, of so many hours in all."""
    hours = [one["hours"] for one in lines]
    return {"records": len({one["id"] for one in lines}), "pauses": len(lines), "hours": float(sum(hours)),
            "share": sum(hours) / whole if whole else None, "median_hours": float(median(hours))}  # fmt: skip


def check_pauses(session, house, period, by, visible=None, behind=False):
    """The report says what the recount finds, the longest first; the answer."""
    names, lines = by.split(","), list(house.lines(period, visible))
    groups = {
        key: (group, "kind" in names and dict(zip(names, key, strict=True))["kind"] == "report"
              and len({one["id"] for one in group}) < 5)
        for key, group in grouped(lines, names).items()
    }  # fmt: skip
    # What is left empty is no part of the whole either: the shares of the others would tell it.
    whole = sum(one["hours"] for group, few in groups.values() if not few for one in group)
    answer = ask(session, "pauses", {"of": house.of, "by": by, **period})
    assert sorted(tuple(row[name] for name in names) for row in answer.rows) == sorted(groups)
    for row in answer.rows:
        group, few = groups[tuple(row[name] for name in names)]
        wanted = paused(group, whole)
        if few:
            wanted = unsaid(wanted, "records")
        agree(row, wanted)
        if behind:
            ids = [one["id"] for one in group]
            lasting = [one["id"] for one in group if one["hours"] > 0]
            opens(session, answer, row, {"records": set(ids), "pauses": ids, "hours": lasting, "share": lasting,
                                         "median_hours": ids})  # fmt: skip
    told = [row["hours"] for row in answer.rows if row["hours"] is not None]
    assert told == sorted(told, reverse=True)
    assert answer.rows[len(told) :] == [row for row in answer.rows if row["hours"] is None]
    if whole:
        shares = [row["share"] for row in answer.rows if row["share"] is not None]
        assert sum(shares) == pytest.approx(1, abs=0.0001 * len(told))
    return answer


@pytest.mark.parametrize("of", ["tickets", "documents"])
@QUICK
@given(dice=DICE)
def test_pauses_are_what_a_plain_recount_finds(either_session, either_zone, of, dice):
    """Each pause of the limit that counts stands in its group, once for each closing after it."""
    house = Paused(either_session, either_zone, dice, of)
    for period in house.periods():
        check_pauses(either_session, house, period, dice.choice(PAUSES_BY))
    either_session.rollback()


@FEW
@given(dice=DICE)
def test_the_pauses_of_tickets_come_to_the_paused_hours_of_the_tickets_closed(either_session, either_zone, dice):
    """Both reports tell of the same hours over a period and in each month of it."""
    house = Paused(either_session, either_zone, dice, "tickets")
    for period in house.periods():
        closed = {row["month"]: row for row in ask(either_session, "tickets_closed", {"by": "month", **period}).rows}
        stood = {row["month"]: row["hours"] for row in ask(either_session, "pauses", {"by": "month", **period}).rows}
        assert stood.keys() <= closed.keys()
        for month, row in closed.items():
            assert float(row["paused_hours"]) == pytest.approx(stood.get(month, 0), abs=0.02), month
        reasons = sum(row["hours"] for row in ask(either_session, "pauses", {"by": "reason", **period}).rows)
        assert reasons == pytest.approx(sum(float(row["paused_hours"]) for row in closed.values()), abs=0.1)
    either_session.rollback()


@pytest.mark.parametrize("either_zone", ["Europe/Berlin"], indirect=True)
@pytest.mark.parametrize("of, accounts", [("tickets", ("manager", "head_a", "officer")),
                                          ("documents", ("manager", "head_a", "sales"))])  # fmt: skip
@FEW
@given(dice=DICE)
def test_the_pauses_somebody_sees_are_those_of_their_records_and_open_them(
    either_session, either_actors, either_zone, of, accounts, dice
):
    """Each of three people has the figures of the rows they may see, and just these rows behind every figure."""
    house = Paused(either_session, either_zone, dice, of)
    for account in accounts:
        with access.acting_as(fresh(either_actors[account])):
            visible = seen(either_session, MODELS[of])
            for by in ("reason", dice.choice(PAUSES_BY)):
                period = dice.choice(house.periods())
                check_pauses(either_session, house, period, by, visible, behind=True)
    either_session.rollback()


@pytest.mark.parametrize("count", [4, 5])
def test_pauses_of_fewer_than_five_reports_of_wrongdoing_are_not_counted_out(either_session, either_zone, count):
    """Told apart by kind, four reports of wrongdoing have no figures and open no rows; five have, all without it."""
    house = Staffed(either_session, either_zone, DICE_AT_REST)
    begin, closed = parse_moment("2026-03-02 10:00"), parse_moment("2026-03-02 15:00")
    rows = [{"ticket_no": f"T{n}", "subject": "来电", "received_at": begin, "state": "closed", "closed_at": closed,
             "kind": "report" if n < count else "consult"} for n in range(count + 1)]  # fmt: skip
    house.keep(ServiceTicket, rows)
    house.keep(HistoryEntry, [
        {"kind": "service_tickets", "record_id": one["id"], "position": 2, "at": closed, "actor_name": "何静",
         "action": "close", "changes": canonical({"state": ["answered", "closed"]}), "previous": "", "digest": ""}
        for one in rows
    ])  # fmt: skip
    clocks = house.keep(ClockRow, [
        {"kind": "service_tickets", "record_id": one["id"], "stage": "parent", "episode": 1, "amount": "1",
         "unit": "elapsed_hours", "calendar": "office", "state": "met", "started_at": begin, "due_at": closed,
         "original_due_at": closed} for one in rows
    ])  # fmt: skip
    # A ticket that waited twice is one ticket.
    house.keep(ClockSegment, [
        {"clock_id": clock["id"], "begins_at": begin + n * HOUR, "ends_at": begin + (n + 1) * HOUR, "running": False,
         "reason": "papers"} for clock in clocks for n in (0, 2)
    ])  # fmt: skip
    figures = ("records", "pauses", "hours", "share", "median_hours")
    empty = unsaid(figures, "records")
    full = dict(zip(figures, (count, 2 * count, 2.0 * count, round(count / (count + 1), 4), 1.0), strict=True))
    for by in ("kind", "reason,kind", "kind,month"):
        answer = ask(either_session, "pauses", {"by": by})
        (row,) = [row for row in answer.rows if row["kind"] == "report"]
        assert {name: row[name] for name in figures} == (empty if count < 5 else full)
        assert [name for name in figures if answer.opens(row, name)] == ([] if count < 5 else list(figures))
        (other,) = [row for row in answer.rows if row["kind"] == "consult"]
        assert (other["records"], other["pauses"], other["hours"]) == (1, 2, 2.0)
    (row,) = ask(either_session, "pauses", {"by": "reason"}).rows
    assert (row["reason"], row["records"], row["hours"], row["share"]) == ("papers", count + 1, 2.0 * count + 2, 1.0)


def test_a_pause_without_a_reason_is_told_as_such(either_session, either_zone):
    """What stood still before reasons were kept has a line of its own, in words."""
    house = Staffed(either_session, either_zone, DICE_AT_REST)
    begin = parse_moment("2026-03-02 10:00")
    (sender,) = either_session.scalars(select(Correspondent.id).limit(1))
    (paper,) = house.keep(IncomingDocument, [{"receipt_no": "收1", "title": "文", "sender_id": sender, "state": "closed",
                                              "received_at": begin, "closed_at": begin + 9 * HOUR}])  # fmt: skip
    (clock,) = house.keep(ClockRow, [handling_clock(paper["id"], begin)])
    house.keep(ClockSegment, [
        {"clock_id": clock["id"], "begins_at": begin + n * HOUR, "ends_at": begin + (n + 1) * HOUR, "running": False,
         "reason": reason} for n, reason in enumerate((None, "", "meeting"))
    ])  # fmt: skip
    answer = ask(either_session, "pauses", {"of": "documents"})
    assert [(row["reason"], row["pauses"], row["hours"]) for row in answer.rows] == [("", 2, 2.0), ("meeting", 1, 1.0)]
    labels = REPORTS["pauses"].labels["reason"]
    assert [row["reason"] for row in answer.spoken] == [str(labels[""]), str(CAUSES["meeting"])]


# ---------- papers stage by stage ----------

WAY = ("registered", "proposed", "instructed", "delivered", "result", "closed", "answered")
LIMITS = {"proposed": "proposal", "instructed": "instruction", "result": "handling"}
STAGES_BY = ("stage", "department", "urgency", "sender", "month", "sender,month", "urgency,stage,department",
             "department,urgency,sender", "month,department,urgency,sender")  # fmt: skip
DONE = ("closed", "to_file", "to_return", "held", "to_destroy", "destroyed")
#: The stage a paper in hand is in by its state; one with a unit may be under way to it, or lie there.
AWAITED = {
    "registered": "proposed", "screened": "proposed", "instructing": "instructed", "in_circulation": "closed",
    "result_in": "closed",
}  # fmt: skip


def handling_clock(key, at, **more):
    """A clock of the handling of a paper."""
    return {"kind": "incoming_documents", "record_id": key, "stage": "handling", "episode": 1, "amount": "1",
            "unit": "elapsed_hours", "calendar": "office", "state": "met", "started_at": at, "due_at": at,
            "original_due_at": at, **more}  # fmt: skip


class Papers(Staffed):
    """Papers about a day, each with the moments of its way, its clocks and what they stood still for."""

    def __init__(self, session, zone, dice):
        super().__init__(session, zone, dice)
        moments.configure(str(zone), LOOKED)
        self.days = dict(session.execute(select(CalendarDay.day, CalendarDay.worked)).all())
        self.senders = dict(session.execute(select(Correspondent.id, Correspondent.name).limit(2)).all())
        self.papers = self.written()
        self.on_desks()
        self.before_leaders()
        self.with_limits()
        for one in self.papers:
            one["went"] = self.went(one)

    def written(self):
        """Papers with their moments: some are missing, some are out of order, some fall on each other."""
        about = {
            "department_id": [None, *self.units], "urgency": sorted(URGENCY)[:2], "sender_id": list(self.senders),
            "secrecy": ("open", "internal", "secret"), "taken_over": (False,) * 9 + (True,),
        }  # fmt: skip
        finished = (*["closed"] * 9, *DONE, *UNCOUNTED["documents"])
        in_hand = (*AWAITED, *["in_handling", "suspended"] * 2)
        rows = [*some(self.dice, 14, state=finished, **about), *some(self.dice, 8, state=in_hand, **about)]
        ways = []
        for number, one in enumerate(rows):
            at = sorted(self.dice.choices(self.when, k=8))
            if self.dice.random() < 0.25:
                first, second = self.dice.sample(range(8), 2)
                at[first], at[second] = at[second], at[first]
            way = dict(zip(WAY, at[1:], strict=True))
            way |= {name: None for name in WAY[1:] if self.dice.random() < 0.25}
            way["closed"] = at[6] if one["state"] in (*DONE, *UNCOUNTED["documents"]) else None
            one |= {"receipt_no": f"收{number}", "title": "文", "received_at": at[0], "created_at": way["registered"],
                    "proposed_at": way["proposed"], "closed_at": way["closed"],
                    "answered_sender_at": way["answered"]}  # fmt: skip
            ways.append(way)
        for one, way in zip(self.keep(IncomingDocument, rows), ways, strict=True):
            one |= {"way": way, "department": self.units.get(one["department_id"], ""),
                    "sender": self.senders[one["sender_id"]]}  # fmt: skip
            one["month"] = self.month(way["closed"]) if way["closed"] else None
        return rows

    def on_desks(self):
        """Leads before the last that was not called off, leads called off after it, and units that help."""
        desks = []
        for one in self.papers:
            earlier, called_off, helping = (self.dice.choice((0, 0, 1, 2)) for _n in range(3))
            lead = one["way"]["delivered"], one["way"]["result"]
            standing = [("done", True)] * earlier + [("called_off", True)] * called_off + [("done", False)] * helping
            self.dice.shuffle(standing)
            found = [
                (*one_of, self.dice.choice([None, *self.when]), self.dice.choice(self.when)) for one_of in standing
            ]
            if any(lead) or earlier or self.dice.random() < 0.5:
                found.append((self.dice.choice(("sent", "received", "done", "accepted")), True, *lead))
            if self.dice.random() < 0.3:
                found.append(("called_off", True, self.dice.choice(self.when), self.dice.choice(self.when)))
                found.append(("done", False, self.dice.choice(self.when), self.dice.choice(self.when)))
            desks += [{"document_id": one["id"], "department_id": self.dice.choice(list(self.units)), "state": state,
                       "lead": leads, "received_at": received, "done_at": done}
                      for state, leads, received, done in found]  # fmt: skip
        self.keep(Assignment, desks)

    def before_leaders(self):
        """Lines of leaders in any order; the last signature is that of the way."""
        lines = []
        for one in self.papers:
            last = one["way"]["instructed"]
            others = [None, *(at for at in self.when if last and at <= last)]
            signed = [last, *(self.dice.choice(others) for _n in range(self.dice.randint(0, 2)))]
            self.dice.shuffle(signed)
            lines += [{"document_id": one["id"], "leader_id": self.dice.choice(list(self.people)), "position": position,
                       "standing": "signed" if at else "waiting", "signed_at": at}
                      for position, at in enumerate(signed)]  # fmt: skip
        self.keep(LeaderInstruction, lines)

    def with_limits(self):
        """Clocks of some stages, in several rounds; handling stood still while the unit had the paper."""
        rows = [
            handling_clock(one["id"], self.when[0], kind=kind, stage=stage, episode=episode,
                           state=self.dice.choice(("met", "met", "missed", "void", "running")))
            for one in self.papers
            for kind, stage in (("incoming_documents", "proposal"), ("incoming_documents", "instruction"),
                                ("incoming_documents", "handling"), ("assignments", "handling"))
            for episode in range(1, self.dice.choice((1, 2, 2, 3)))
        ]  # fmt: skip
        clocks, stretches = defaultdict(list), []
        for clock in self.keep(ClockRow, rows):
            clocks[clock["record_id"], clock["kind"], clock["stage"]].append(clock)
        for one in self.papers:
            one["limits"] = {
                stage: [clock["state"] for clock in clocks[one["id"], "incoming_documents", limit]]
                for stage, limit in LIMITS.items()
            }
            one["stood"] = self.pauses(one)
            own, beside = (clocks[one["id"], kind, "handling"] for kind in ("incoming_documents", "assignments"))
            one["stood"] = one["stood"] if own else []
            for begin, end in one["stood"]:
                stretches.append((self.dice.choice(own), begin, end, False))
            if own and one["way"]["closed"]:  # after the closing, until now, and running
                closed = one["way"]["closed"]
                stretches += [(own[0], closed + HOUR, closed + 30 * HOUR, False), (own[0], closed, None, False),
                              (own[0], closed - 9 * HOUR, closed, True)]  # fmt: skip
            for clock in (*beside, *clocks[one["id"], "incoming_documents", "proposal"]):
                stretches.append((clock, *sorted(self.dice.sample(self.when, 2)), False))
        self.keep(ClockSegment, [
            {"clock_id": clock["id"], "begins_at": begin, "ends_at": end, "running": running, "reason": None}
            for clock, begin, end, running in stretches
        ])  # fmt: skip

    def pauses(self, one):
        """Stretches of the way to the result, the unit's receipt included, that do not overlap, to the second."""
        since = min(self.since(one, "delivered"), self.since(one, "result"))
        until = one["way"]["result"]
        if until and one["way"]["closed"]:
            until = min(until, one["way"]["closed"])
        if until is None or until <= since or self.dice.random() < 0.3:
            return []
        length = int((until - since).total_seconds())
        at = sorted(self.dice.randint(0, length) for _n in range(self.dice.choice((2, 4))))
        return [tuple(since + timedelta(seconds=one) for one in pair) for pair in zip(at[::2], at[1::2], strict=True)]

    def since(self, one, stage):
        """The last event on the way to a stage that the paper has had, else its receipt."""
        before = [one["way"][name] for name in WAY[: min(WAY.index(stage), 5)]]
        return next((at for at in reversed(before) if at is not None), one["received_at"])

    def went(self, one):
        """What each stage took a closed paper, where its moments are in order."""
        found = {}
        for stage in WAY if one["way"]["closed"] else ():
            since, until = self.since(one, stage), one["way"][stage]
            if until is None or until < since:
                continue
            pairs = one["stood"] if stage in ("delivered", "result") else []
            stood = [(max(a, since), min(b, until)) for a, b in pairs if a < until and b > since]
            judged = [state for state in one["limits"].get(stage, ()) if state in ("met", "missed")]
            off = sum(hours_of(*pair) for pair in stood)
            working = [worked(*pair, self.days, self.zone) for pair in [(since, until), *stood]]
            found[stage] = {
                "id": one["id"], "hours": hours_of(since, until) - off, "working": working[0] - sum(working[1:]),
                "from_receipt": hours_of(one["received_at"], until), "suspended": off, "judged": bool(judged),
                "within": bool(judged) and "missed" not in judged,
            }  # fmt: skip
        return found

    def in_hand(self, one):
        """The stage a paper in hand is in; None for one that is not."""
        if one["state"] in ("in_handling", "suspended"):
            return "result" if one["way"]["delivered"] else "delivered"
        return AWAITED.get(one["state"])

    def counted(self, visible):
        return [
            one for one in self.papers
            if not one["taken_over"] and one["state"] not in UNCOUNTED["documents"]
            and (visible is None or one["id"] in visible)
        ]  # fmt: skip

    def groups(self, period, names, visible=None):
        """Group -> the stages of closed papers in it, and the ages of those in hand."""
        found = defaultdict(lambda: ([], []))
        for one in self.counted(visible):
            told = {**one, "stage": None}
            if one["way"]["closed"] and self.within(one["way"]["closed"], period):
                for stage, line in one["went"].items():
                    found[tuple({**told, "stage": stage}[name] for name in names)][0].append(line)
            if "month" not in names and (stage := self.in_hand(one)):
                age = {"id": one["id"], "age": hours_of(self.since(one, stage), LOOKED)}
                found[tuple({**told, "stage": stage}[name] for name in names)][1].append(age)
        return found


MEASURED = ("hours", "working", "from_receipt")


def through(closed, in_hand):
    """What the closed papers of a group and those in hand come to, and the records behind each figure."""
    figures, keys = {"count": len(closed)}, {"count": [one["id"] for one in closed]}
    for name in MEASURED:
        values = [one[name] for one in closed]
        figures |= {f"{name}_median": float(median(values)) if values else None,
                    f"{name}_p90": float(ninth_tenth(values)) if values else None}  # fmt: skip
        keys |= {f"{name}_median": keys["count"], f"{name}_p90": keys["count"]}
    for name in ("suspended", "judged", "within"):
        figures[name] = sum(one[name] for one in closed)
        keys[name] = [one["id"] for one in closed if one[name]]
    figures["suspended"] = float(figures["suspended"]) if closed else None
    figures["within_share"] = figures["within"] / figures["judged"] if figures["judged"] else None
    keys["within_share"] = keys["within"]
    middle = median(one["hours"] for one in closed) if closed else None
    keys["open"] = [one["id"] for one in in_hand]
    keys["longer"] = [one["id"] for one in in_hand if middle is not None and one["age"] > middle]
    return figures | {name: len(keys[name]) for name in ("open", "longer")}, keys


def check_stages(session, house, period, by, visible=None, looked=0):
    """The report says what the recount finds, in the order of the way; so many of its rows open their records."""
    names = list(dict.fromkeys(["stage", *by.split(",")]))
    groups = house.groups(period, names, visible)
    answer = ask(session, "paper_stages", {"by": by, **period})
    keys = [tuple(row[name] for name in names) for row in answer.rows]
    assert keys == sorted(groups, key=lambda key: (WAY.index(key[0]), *key[1:]))
    assert {"open", "longer"}.isdisjoint(column.name for column in answer.columns) is ("month" in names)
    for row in answer.rows:
        wanted, records = through(*groups[tuple(row[name] for name in names)])
        agree(row, {name: value for name, value in wanted.items() if name in row})
        if looked:
            looked -= 1
            opens(session, answer, row, {name: ids for name, ids in records.items() if name in row})
    return answer


@QUICK
@given(dice=DICE)
def test_stages_of_papers_are_what_a_plain_recount_finds(either_session, either_zone, dice):
    """Count, hours, working hours, suspension, limits and ages of a stage are those a recount of its papers finds."""
    house = Papers(either_session, either_zone, dice)
    for period in ({}, dice.choice(house.periods()[1:])):
        check_stages(either_session, house, period, dice.choice(STAGES_BY))
    either_session.rollback()


@pytest.mark.parametrize("either_zone", ["Europe/Berlin"], indirect=True)
@FEW
@given(dice=DICE)
def test_the_stages_somebody_sees_are_those_of_their_papers_and_open_them(
    either_session, either_actors, either_zone, dice
):
    """Each of three people has the figures of the papers they may see, and just these papers behind every figure."""
    house = Papers(either_session, either_zone, dice)
    for account in ("manager", "head_a", "sales"):
        with access.acting_as(fresh(either_actors[account])):
            visible = seen(either_session, IncomingDocument)
            check_stages(either_session, house, dice.choice(house.periods()), dice.choice(STAGES_BY), visible, looked=3)
    either_session.rollback()


@pytest.mark.parametrize("either_zone", ["Europe/Berlin"], indirect=True)
def test_an_empty_house_has_no_stages_and_no_pauses(either_session, either_zone):
    """Where there is no paper and no ticket there is no row, whatever is asked for."""
    for period in ({}, {"from": "2026-03-01", "to": "2026-03-31"}):
        for by in ("stage", "month,urgency"):
            assert ask(either_session, "paper_stages", {"by": by, **period}).rows == []
        for by in PAUSES_BY:
            for of in ("tickets", "documents"):
                assert ask(either_session, "pauses", {"of": of, "by": by, **period}).rows == []


ONE_WAY = {
    "received": "2026-03-02 09:00", "registered": "2026-03-02 10:00", "proposed": "2026-03-02 14:00",
    "instructed": "2026-03-03 09:00", "delivered": "2026-03-03 11:00", "result": "2026-03-06 11:00",
    "closed": "2026-03-06 19:00", "answered": "2026-03-07 08:00",
}  # fmt: skip
#: Hours, working hours and hours since receipt of each stage; of handling, 24 and 7.5 of which were a suspension.
ONE_TOOK = {
    "registered": (1, 1, 1), "proposed": (4, 2.5, 5), "instructed": (19, 4, 24), "delivered": (2, 2, 26),
    "result": (48, 15, 98), "closed": (8, 5.5, 106), "answered": (21, 5.5, 119),
}  # fmt: skip


def one_paper(house, state="closed", way=ONE_WAY, **more):
    """A paper that went all the way, on its way, or back again; suspended for a day while it was handled."""
    at = {name: parse_moment(text) for name, text in way.items()}
    (sender,) = house.session.scalars(select(Correspondent.id).limit(1))
    row = {"receipt_no": "收1", "title": "文", "sender_id": sender, "state": state,
           "received_at": at["received"], "created_at": at["registered"], "proposed_at": at.get("proposed"),
           "closed_at": at.get("closed"), "answered_sender_at": at.get("answered"), **more}  # fmt: skip
    (paper,) = house.keep(IncomingDocument, [row])
    key = paper["id"]
    if "instructed" in at:
        house.keep(LeaderInstruction, [{"document_id": key, "leader_id": next(iter(house.people)), "position": 1,
                                        "signed_at": at["instructed"], "standing": "signed"}])  # fmt: skip
    if "delivered" in at:
        house.keep(Assignment, [{"document_id": key, "department_id": next(iter(house.units)), "lead": True,
                                 "state": "accepted", "received_at": at["delivered"],
                                 "done_at": at.get("result")}])  # fmt: skip
    return key


def test_one_paper_takes_what_its_slip_says(either_session, either_zone):
    """The hours of a single paper, reckoned by hand, are median and 90th percentile at once, less its suspension."""
    moments.configure("Asia/Shanghai", STOPPED)
    house = Staffed(either_session, either_zone, DICE_AT_REST)
    key = one_paper(house)
    handling, proposal, missed = house.keep(ClockRow, [
        handling_clock(key, STOPPED), handling_clock(key, STOPPED, stage="proposal"),
        handling_clock(key, STOPPED, stage="proposal", state="missed", episode=2),
    ])  # fmt: skip
    since = parse_moment("2026-03-04 11:00")
    house.keep(ClockSegment, [{"clock_id": handling["id"], "begins_at": since, "ends_at": since + 24 * HOUR,
                               "running": False, "reason": "sender"}])  # fmt: skip
    assert (proposal["state"], missed["state"]) == ("met", "missed")
    answer = ask(either_session, "paper_stages", {})
    assert [row["stage"] for row in answer.rows] == list(WAY)
    for row in answer.rows:
        for name, value in zip(MEASURED, ONE_TOOK[row["stage"]], strict=True):
            assert (row[f"{name}_median"], row[f"{name}_p90"]) == (value, value), (row["stage"], name)
        assert (row["count"], row["open"], row["longer"]) == (1, 0, 0)
        assert row["suspended"] == (24 if row["stage"] == "result" else 0)
        limits = {"proposed": (1, 0, 0), "result": (1, 1, 1)}.get(row["stage"], (0, 0, None))
        assert (row["judged"], row["within"], row["within_share"]) == limits
    for by in ("month", "department", "sender"):
        assert len(ask(either_session, "paper_stages", {"by": by}).rows) == len(WAY)
    assert ask(either_session, "paper_stages", {"to": "2026-03-05"}).rows == []
    assert len(ask(either_session, "paper_stages", {"from": "2026-03-06", "to": "2026-03-06"}).rows) == len(WAY)


def test_behind_the_share_within_the_limit_stand_those_within(either_session, either_zone):
    """Of three papers with a limit and one without, the two in time open behind the share, and all by their count."""
    house = Staffed(either_session, either_zone, DICE_AT_REST)
    keys = [one_paper(house, receipt_no=f"收{number}") for number in range(4)]
    states = [("met",), ("met", "void"), ("met", "missed")]
    house.keep(ClockRow, [
        handling_clock(key, STOPPED, state=state, episode=episode)
        for key, found in zip(keys, states, strict=False) for episode, state in enumerate(found, 1)
    ])  # fmt: skip
    answer = ask(either_session, "paper_stages", {})
    (row,) = [row for row in answer.rows if row["stage"] == "result"]
    assert (row["count"], row["judged"], row["within"], row["within_share"]) == (4, 3, 2, 0.6667)
    opens(either_session, answer, row, {"count": keys, "hours_p90": keys, "judged": keys[:3], "within": keys[:2],
                                        "within_share": keys[:2], "suspended": [], "open": []})  # fmt: skip


def test_papers_all_in_hand_have_an_age_and_no_time(either_session, either_zone):
    """Where nothing is closed each stage counts the papers in it, whenever received; none is longer than a median."""
    house = Staffed(either_session, either_zone, DICE_AT_REST)
    for state, stage in [*AWAITED.items(), ("in_handling", "delivered"), ("suspended", "delivered"),
                         ("in_handling", "result")]:  # fmt: skip
        gone = WAY[WAY.index(stage) :]
        one_paper(
            house, state, {name: at for name, at in ONE_WAY.items() if name not in gone}, receipt_no=f"收{state}{stage}"
        )
    for period in ({}, {"from": "2030-01-01"}):
        answer = ask(either_session, "paper_stages", period)
        counts = {row["stage"]: (row["count"], row["open"], row["longer"]) for row in answer.rows}
        assert counts == {"proposed": (0, 2, 0), "instructed": (0, 1, 0), "delivered": (0, 2, 0), "result": (0, 1, 0),
                          "closed": (0, 2, 0)}  # fmt: skip
        assert {row[f"{name}_{part}"] for row in answer.rows for name in MEASURED for part in ("median", "p90")} == {
            None
        }
        assert not any(answer.opens(row, name) for row in answer.rows for name in ("count", "hours_median", "longer"))
    assert ask(either_session, "paper_stages", {"by": "month"}).rows == []


# ---------- the reasons of pauses ----------


def stood(session, record, stage):
    """Why the clock of a stage stood still, each time it did."""
    (clock,) = [one for one in clocks_of(session, record) if one.stage == stage]
    return [segment.reason for segment in clock.segments if not segment.running]


def told(record):
    """What the sums behind the limits of a record say, by the name of the limit."""
    return {clock["label"]: "\n".join(clock["sum"]) for clock in drawn(record)}


def test_a_ticket_keeps_what_it_waited_for(session, actors, call, at):
    """The word stands on the ticket while it waits, and for good on the pause and in the sum of the limit."""
    at("2026-03-02 09:00")
    ticket, desk = call(kind="help"), actors["desk"]
    at("2026-03-02 10:00")
    take(session, desk, ticket, "wait", waiting_for="papers", until="2026-03-04 09:00", reason="等证件")
    assert (ticket.waiting_for, stood(session, ticket, "parent")) == ("papers", ["papers"])
    parent, front = (str(ticket.flow.clocks[stage].label) for stage in ("parent", "front_desk"))
    assert str(WAITING_FOR["papers"]) in told(ticket)[parent]
    at("2026-03-02 15:00")
    take(session, desk, ticket, "go_on")
    assert (ticket.waiting_for, stood(session, ticket, "parent")) == (None, ["papers"])
    at("2026-03-03 09:00")
    take(session, desk, ticket, "wait", waiting_for="wish", until="2026-03-04 09:00", reason="改日再谈")
    assert (ticket.waiting_for, stood(session, ticket, "parent")) == ("wish", ["papers", "wish"])
    for word, named in (("papers", True), ("wish", True), ("details", False), ("unreachable", False)):
        assert (str(WAITING_FOR[word]) in told(ticket)[parent]) is named
        assert str(WAITING_FOR[word]) not in told(ticket)[front]
    at("2026-03-03 10:00")
    take(session, desk, ticket, "go_on")
    take(session, desk, ticket, "give_answer", answer="已办", referral="电话号码查询")
    take(session, desk, ticket, "close", code="answered")
    assert ticket.waiting_for is None
    with access.system():
        rows = ask(session, "pauses", {}).rows
    assert [(row["reason"], row["hours"], row["pauses"]) for row in rows] == [("papers", 5.0, 1), ("wish", 1.0, 1)]


def test_a_paper_keeps_what_it_was_suspended_for(session, actors, at):
    """The word stands on the paper while it is suspended, and for good on the pause and in the sum of the limit."""
    at("2026-03-02 09:00")
    paper, office = instructed(session, actors), actors["office"]
    at("2026-03-02 10:00")
    take(session, office, paper, "suspend", cause="sender", wake_on=date(2026, 3, 10))
    assert (paper.suspended_for, stood(session, paper, "handling")) == ("sender", ["sender"])
    label = str(paper.flow.clocks["handling"].label)
    assert str(CAUSES["sender"]) in told(paper)[label]
    at("2026-03-04 10:00")
    take(session, office, paper, "go_on")
    assert (paper.suspended_for, paper.wake_on, stood(session, paper, "handling")) == (None, None, ["sender"])
    take(session, office, paper, "suspend", cause="meeting", wake_on=date(2026, 3, 10))
    assert (paper.suspended_for, stood(session, paper, "handling")) == ("meeting", ["sender", "meeting"])
    for word, named in (("sender", True), ("meeting", True), ("third_party", False)):
        assert (str(CAUSES[word]) in told(paper)[label]) is named


# ---------- what the first recounts found ----------


def test_a_suspension_before_the_paper_was_delivered_is_no_part_of_its_handling(session, actors, at):
    """A unit that had the paper for three hours handled it for three hours, whatever it waited for before."""
    at("2026-03-02 09:00")
    paper = instructed(session, actors)
    at("2026-03-02 10:00")
    take(session, actors["office"], paper, "suspend", cause="sender", wake_on=date(2026, 3, 10))
    at("2026-03-04 10:00")
    take(session, actors["office"], paper, "go_on")
    at("2026-03-04 11:00")
    take(session, actors["head_a"], paper.assignments[0], "receive")
    at("2026-03-04 14:00")
    take(session, actors["head_a"], paper, "report_result", result="已办")
    at("2026-03-04 15:00")
    take(session, actors["leader"], paper, "close")
    with access.system():
        rows = {row["stage"]: row for row in ask(session, "paper_stages", {}).rows}
    assert (rows["result"]["hours_median"], rows["result"]["working_median"]) == (3.0, 1.5)


def test_a_paper_as_old_as_the_median_is_not_longer_than_it(session, at):
    """Twenty minutes are not longer than twenty minutes."""
    at(STOPPED.isoformat())
    since = (STOPPED - HOUR / 3).isoformat()
    closed = {"received": "2026-03-02 09:00", "registered": "2026-03-02 09:00", "proposed": "2026-03-02 09:20",
              "closed": "2026-03-02 10:00"}  # fmt: skip
    with access.system():
        house = Staffed(session, office_zone(), DICE_AT_REST)
        one_paper(house, way=closed)
        one_paper(house, "registered", {"received": since, "registered": since}, receipt_no="收2")
        (row,) = [row for row in ask(session, "paper_stages", {}).rows if row["stage"] == "proposed"]
    assert (row["count"], row["open"], row["longer"]) == (1, 1, 0)
