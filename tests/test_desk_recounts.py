"""What callers say of the desk and what it owes them: on random rows each figure equals a plain recount of them."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import given
from sqlalchemy import select

from app.engine import access
from app.engine.report_answers import ask
from app.engine.rules import Rule
from models.calling import CALLS, CAUSES, GRADES
from models.calls import CallOwed
from models.tickets import ServiceTicket
from tests.factories import take
from tests.random_cases import DICE, STOPPED, Staffed, examples, some, stored
from tests.report_cells import opened, unsaid

QUICK = examples(10)
GOOD, BAD = ("very_satisfied", "satisfied"), ("dissatisfied", "very_dissatisfied")


class Desk(Staffed):
    """Random rows of the desk about a day, with who may have worked on them."""

    def rating(self, grades):
        grade = self.dice.choice(grades)
        return grade, self.dice.choice(sorted(CAUSES)) if grade in BAD else None


def share(part, whole):
    return round(part / whole, 4) if whole else None


def grouped(rows, by):
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in by)].append(row)
    return groups


def agree(found, wanted, by):
    """The rows of the groups wanted, in their order, each with the figures wanted."""
    assert [tuple(row[name] for name in by) for row in found] == sorted(wanted)
    for row in found:
        figures = wanted[tuple(row[name] for name in by)]
        assert {name: row[name] for name in figures} == pytest.approx(figures), row


# ---------- satisfaction ----------


def answered(desk):
    """Tickets and what their callers said, also in earlier rounds; the rating that counts is noted on each."""
    tickets = some(
        desk.dice, 24, kind=("consult", "complaint", "report", "report"), answered_at=[None, *desk.when],
        state=("answered", "closed", "closed", "reopened", "voided", "merged"), staff_own=(False, False, False, True),
        taker_id=[None, *desk.people], department_id=[None, *desk.units], episode=(1, 1, 2, 3),
    )  # fmt: skip
    for number, ticket in enumerate(tickets):
        grade, cause = desk.rating([None, *GRADES])
        ticket |= {"grade": grade, "cause": cause}
        ticket |= {"ticket_no": f"T{number}", "subject": "来电", "received_at": desk.when[0]}
    desk.keep(ServiceTicket, tickets)
    calls = []
    for ticket in tickets:
        said = ticket["grade"], ticket["cause"]
        for episode in range(1, ticket["episode"]):
            grade, cause = desk.rating([None, *GRADES])
            calls.append({"ticket_id": ticket["id"], "kind": "callback", "episode": episode, "state": "reached",
                          "grade": grade, "cause": cause})  # fmt: skip
            if ticket["grade"] is None and grade is not None:
                said = grade, cause
        ticket["said"], ticket["because"] = said
    stored(desk.session, CallOwed, calls)
    return [one for one in tickets if one["state"] not in ("voided", "merged") and not one["staff_own"]]


def opinions(rows, basically):
    """What a group of tickets comes to; empty for fewer than five reports of wrongdoing."""
    said = [row["said"] for row in rows if row["said"]]
    good = [grade for grade in said if grade in GOOD or (grade == "basically" and basically)]
    figures = {"answered": len(rows), "rated": len(said), "response": share(len(said), len(rows))}
    figures |= {grade: said.count(grade) for grade in GRADES}
    figures |= {f"cause_{cause}": sum(row["because"] == cause for row in rows) for cause in CAUSES}
    return figures | {"satisfied_share": share(len(good), len(said))}


@pytest.mark.parametrize("by", ["kind", "month", "taker,department", "kind,month"])
@QUICK
@given(dice=DICE)
def test_satisfaction_is_what_a_plain_recount_finds(either_session, either_zone, by, dice):
    desk, names = Desk(either_session, either_zone, dice), by.split(",")
    basically = dice.random() < 0.5
    if not basically:
        either_session.add(Rule(setting="basically_counts", value="no"))
        either_session.flush()
    tickets = [one for one in answered(desk) if one["answered_at"]]
    for one in tickets:
        one["month"] = desk.month(one["answered_at"])
        one["taker"] = desk.people.get(one["taker_id"], "")
        one["department"] = desk.units.get(one["department_id"], "")
    for period in desk.periods():
        groups = grouped([one for one in tickets if desk.within(one["answered_at"], period)], names)
        wanted = {key: opinions(rows, basically) for key, rows in groups.items()}
        for key, figures in wanted.items():
            if "kind" in names and key[0] == "report" and figures["answered"] < 5:
                wanted[key] = unsaid(figures, "answered")
        answer = ask(either_session, "satisfaction", {"by": by, **period})
        agree(answer.rows, wanted, names)
    opened(either_session, answer)
    either_session.rollback()


def test_who_is_dissatisfied_with_how_it_was_handled_is_counted_though_it_is_handled_again(session, actors, call, at):
    at("2026-03-02 09:00")
    ticket = call(kind="complaint")
    take(session, actors["desk"], ticket, "give_answer", answer="已处理", referral="电话号码查询")
    at("2026-03-03 10:00")
    with access.system():
        (owed,) = session.scalars(select(CallOwed)).all()
    take(session, actors["shift"], owed, "rate", grade="dissatisfied", cause="handling")
    assert (ticket.state, ticket.grade) == ("reopened", None)
    with access.acting_as(actors["manager"]):
        (row,) = ask(session, "satisfaction", {}).rows
    assert (row["answered"], row["rated"], row["dissatisfied"], row["cause_handling"]) == (1, 1, 1, 1)


# ---------- calls ----------


def owed(desk):
    """Calls around their limit; those still open have not been made, and only who was reached was called."""
    calls = some(
        desk.dice, 16, kind=sorted(CALLS), state=sorted(CallOwed.flow.states), assignee_id=[None, *desk.people],
        due_at=[STOPPED, STOPPED - timedelta(seconds=1), *desk.when], tries=(0, 1, 2, 5),
        late=(timedelta(seconds=-1), timedelta(0), timedelta(seconds=1), timedelta(days=3)),
    )  # fmt: skip
    for call in calls:
        late = call.pop("late")
        call["called_at"] = call["due_at"] + late if call["state"] == "reached" else None
    return desk.keep(CallOwed, calls)


def made(rows):
    """What a group of calls comes to."""
    reached, tries = sum(row["state"] == "reached" for row in rows), sum(row["tries"] for row in rows)
    in_time = sum(row["called_at"] is not None and row["called_at"] <= row["due_at"] for row in rows)
    return {
        "due": len(rows), "reached": reached, "reached_share": share(reached, len(rows)), "in_time": in_time,
        "in_time_share": share(in_time, len(rows)), "tries": tries,
        "tries_per_reach": round(tries / reached, 2) if reached else None,
    }  # fmt: skip


@pytest.mark.parametrize("by", ["call", "month", "assignee,call"])
@QUICK
@given(dice=DICE)
def test_calls_owed_are_what_a_plain_recount_finds(either_session, either_zone, by, dice):
    desk, names = Desk(either_session, either_zone, dice), by.split(",")
    due = [one for one in owed(desk) if one["state"] not in ("not_needed", "dropped") and one["due_at"] < STOPPED]
    for one in due:
        one |= {"call": one["kind"], "month": desk.month(one["due_at"])}
        one["assignee"] = desk.people.get(one["assignee_id"], "")
    for period in desk.periods():
        groups = grouped([one for one in due if desk.within(one["due_at"], period)], names)
        answer = ask(either_session, "calls_kept", {"by": by, **period})
        agree(answer.rows, {key: made(rows) for key, rows in groups.items()}, names)
    opened(either_session, answer)
    either_session.rollback()
