"""A thousand calls through the API, and the figures of the desk recounted from what the history says happened."""

import heapq
import json
import random
import shutil
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from app.engine import moments
from tests.conftest import bearer, office, sign_in

CALLS = 1000
START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
DAYS = 10
#: Hours for the answer by the clock, as the texts and the proposals of tickets-orders.md 3.1 have them.
LIMITS = {"consult": 48, "help": 24, "complaint": 72}
FRONT_DESK = timedelta(hours=4)
#: Minutes after which somebody deals with a call: at once, just in time, too late, never.
DELAYS = (3, 20, 90, 239, 240, 241, 700, 1600, 3100, None)
HANDLED = {"give_answer", "dispatch"}
ANSWERED = {"give_answer", "pass_on"}
NOTES = {"contact_note": True, "reply_note": True, "follow_note": True}


class House:
    """The office on its own clock, with its people at the API."""

    def __init__(self, app):
        self.client = app.test_client()
        self.reader = sign_in(app, "manager")
        self.tokens = {name: bearer(app, name) for name in ("desk", "shift")}

    def send(self, who, address, **sent):
        answer = self.client.post(f"/api/v1/service_tickets/{address}", json=sent, headers=self.tokens[who])
        assert answer.status_code in (200, 201), answer.text
        return answer.json

    def report(self, name, **asked):
        answer = self.reader.get(f"/reports/{name}.json", query_string=asked)
        assert answer.status_code == 200, answer.text
        return answer.json["rows"]


def play(house):
    """Ten days of calls: each comes in, and somebody deals with it at once, later or never."""
    dice, order = random.Random(311), count()
    todo = [(START + timedelta(seconds=dice.randrange(DAYS * 86400)), next(order), "call", None) for _n in range(CALLS)]
    heapq.heapify(todo)
    while todo:
        moment, _place, deed, pk = heapq.heappop(todo)
        moments.configure("Asia/Shanghai", moment)
        if deed == "call":
            kind = dice.choices(list(LIMITS), (5, 3, 2))[0]
            took = dice.choice((None, 15, 60, 61, 119, 120, 121, 300))
            times = {} if took is None else {
                "picked_up_at": (moment - timedelta(seconds=took)).isoformat(), "ended_at": moment.isoformat(),
            }  # fmt: skip
            made = house.send(
                "desk", "", kind=kind, channel="phone", received_at=moment.isoformat(), read_back=True, subject="来电",
                contact_name="钱女士", phone=f"138{dice.randrange(10**8):08d}", rings=dice.randrange(1, 7), **times,
            )  # fmt: skip
            delay = dice.choice(DELAYS)
            later = dice.choices(("give_answer", "dispatch", "void"), (8, 3, 1))[0]
            if delay is not None:
                heapq.heappush(todo, (moment + timedelta(minutes=delay), next(order), later, made["id"]))
        elif deed == "give_answer":
            house.send("desk", f"{pk}/give_answer", referral="电话号码查询")
        elif deed == "dispatch":
            house.send("shift", f"{pk}/dispatch", department="综合科", requirement="请办理", **NOTES)
        else:
            house.send("shift", f"{pk}/void", reason="误登")
    end = START + timedelta(days=DAYS + 1)
    moments.configure("Asia/Shanghai", end)
    return end


def happened(file):
    """What the history tells of each ticket: kind, rings, times of the call, and when which step was taken first."""
    database = sqlite3.connect(file)
    told = {}
    rows = database.execute(
        "SELECT record_id, action, at, changes FROM history_entry WHERE kind = 'service_tickets' ORDER BY record_id, position"
    )
    for pk, action, at, changes in rows:
        about = told.setdefault(pk, {"steps": {}})
        if action == "add":
            about.update({name: value for name, (_before, value) in json.loads(changes).items()})
        about["steps"].setdefault(action, datetime.fromisoformat(at).replace(tzinfo=UTC))
    database.close()
    return told


@pytest.fixture(scope="module")
def played(tmp_path_factory, template):
    """The reports after those ten days, and what the history says of them."""
    folder = tmp_path_factory.mktemp("thousand")
    shutil.copy(template, folder / "office.db")
    app = office(f"sqlite:///{folder / 'office.db'}", folder)
    house = House(app)
    try:
        end = play(house)
        figures = {
            "goals": {row["kind"]: row for row in house.report("desk_goals", by="kind")},
            "on_time": {row["kind"]: row for row in house.report("on_time", by="kind,stage", of="tickets")
                        if row["stage"] == "parent"},
            "backlog": {day: {row["kind"]: row for row in house.report("ticket_backlog", by="kind", to=day)}
                        for day in ("2026-03-05", "2026-03-08")},
        }  # fmt: skip
    finally:
        moments.configure("Asia/Shanghai", None)
    return figures, happened(folder / "office.db"), end


def counted(told):
    return {pk: one for pk, one in told.items() if "void" not in one["steps"]}


def moment(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def test_every_call_came_in(played):
    _figures, told, _end = played
    assert len(told) == CALLS
    assert {one["channel"] for one in told.values()} == {"phone"}


def test_the_goals_are_those_of_the_history(played):
    figures, told, _end = played
    expected = {kind: Counter() for kind in LIMITS}
    for one in counted(told).values():
        tally, received = expected[one["kind"]], moment(one["received_at"])
        done = min((at for step, at in one["steps"].items() if step in HANDLED), default=None)
        tally["received"] += 1
        tally["limited"] += 1
        tally["handled"] += done is not None and done <= received + FRONT_DESK
        if one.get("picked_up_at"):
            took = (moment(one["ended_at"]) - moment(one["picked_up_at"])).total_seconds()
            tally["timed"] += 1
            tally["short"] += took <= 120
            tally["very_short"] += took <= 60
        tally["rung"] += 1
        tally["quick"] += one["rings"] <= 3
    names = ("received", "limited", "handled", "timed", "short", "very_short", "rung", "quick")
    assert {kind: {name: row[name] for name in names} for kind, row in figures["goals"].items()} == {
        kind: {name: tally[name] for name in names} for kind, tally in expected.items()
    }
    for kind, row in figures["goals"].items():
        assert row["handled_rate"] == pytest.approx(expected[kind]["handled"] / expected[kind]["limited"], abs=5e-5)
        assert row["short_rate"] == pytest.approx(expected[kind]["short"] / expected[kind]["timed"], abs=5e-5)


def test_what_was_answered_in_time_is_what_the_history_says(played):
    figures, told, end = played
    expected = {kind: Counter() for kind in LIMITS}
    for one in counted(told).values():
        due = moment(one["received_at"]) + timedelta(hours=LIMITS[one["kind"]])
        done = min((at for step, at in one["steps"].items() if step in ANSWERED), default=None)
        if done is None and due >= end:
            continue
        expected[one["kind"]]["due"] += 1
        expected[one["kind"]]["met" if done is not None and done <= due else "missed"] += 1
    assert {kind: (row["due"], row["met"], row["missed"]) for kind, row in figures["on_time"].items()} == {
        kind: (tally["due"], tally["met"], tally["missed"]) for kind, tally in expected.items()
    }


@pytest.mark.parametrize("day", ["2026-03-05", "2026-03-08"])
def test_what_lay_open_on_a_day_is_rebuilt_from_the_history(played, day):
    figures, told, _end = played
    instant = datetime.fromisoformat(f"{day}T16:00:00+00:00")  # midnight in Shanghai
    opened = Counter(one["kind"] for one in counted(told).values() if moment(one["received_at"]) < instant)
    assert {kind: row["open"] for kind, row in figures["backlog"][day].items()} == dict(opened)
