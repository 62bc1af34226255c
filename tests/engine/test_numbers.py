"""Running numbers under concurrent writers, on both databases."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from app.engine import access, numbers
from app.engine.refusals import Refused
from app.extensions import db


class Abandoned(Exception):
    """A writer who gave up after drawing."""


def draw_or_abandon(app, seed):
    """Draw twenty numbers, each in a transaction of its own; every fifth or so is rolled back."""
    dice = random.Random(seed)
    kept = []
    with app.app_context(), access.system():
        for _ in range(20):
            try:
                text = numbers.draw(db.session, "test", "{serial}", yearly=False)
                if dice.random() < 0.2:
                    raise Abandoned
                db.session.commit()
                kept.append(int(text))
            except Abandoned:
                db.session.rollback()
        db.session.remove()
    return kept


def test_eight_writers_with_rollbacks_leave_neither_gap_nor_double(either):
    with ThreadPoolExecutor(8) as pool:
        drawn = [n for kept in pool.map(lambda seed: draw_or_abandon(either, seed), range(8)) for n in kept]
    assert sorted(drawn) == list(range(1, len(drawn) + 1))
    with either.app_context(), access.system():
        (line,) = [row for row in numbers.audit(db.session) if row["series"] == "test"]
    assert (line["drawn"], line["used"], line["unexplained"]) == (len(drawn), len(drawn), 0)


THREADS, EACH = 20, 10
NUMBER = "〔{year}〕{serial}号"


def drawers(app, each, abandons=lambda turn: False):
    """`each(turn)` before every draw of twenty threads; the numbers kept, thread by thread."""

    def draw(_thread):
        kept = []
        with app.app_context(), access.system():
            for turn in range(EACH):
                each(turn)
                text = numbers.draw(db.session, "rivals", NUMBER)
                if abandons(turn):
                    db.session.rollback()
                else:
                    db.session.commit()
                    kept.append(text)
            db.session.remove()
        return kept

    with ThreadPoolExecutor(THREADS) as pool:
        return [text for kept in pool.map(draw, range(THREADS)) for text in kept]


@pytest.mark.parametrize("half_abandoned", [False, True])
def test_twenty_threads_draw_every_number_once(either, clock, half_abandoned):
    drawn = drawers(either, lambda turn: None, lambda turn: half_abandoned and turn % 2 == 1)
    count = THREADS * EACH // (2 if half_abandoned else 1)
    assert sorted(drawn) == sorted(f"〔2026〕{serial}号" for serial in range(1, count + 1))


def test_twenty_threads_over_the_turn_of_the_year_of_an_office_ahead_of_its_server(either, clock, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    clock.moment = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)
    clock.ahead()
    midnight = threading.Barrier(THREADS, action=lambda: clock.ahead(seconds=1))
    drawn = drawers(either, lambda turn: midnight.wait() if turn == EACH // 2 else None)
    monkeypatch.undo()
    time.tzset()
    half = THREADS * EACH // 2
    expected = [f"〔{year}〕{serial}号" for year in (2026, 2027) for serial in range(1, half + 1)]
    assert sorted(drawn) == sorted(expected)


def test_rivals_that_draw_reserve_use_and_release_leave_every_number_explained(either, clock):
    """What goes back goes to the next in line; nobody gets a number twice, and no number is missing."""

    def deeds(seed):
        dice, kept = random.Random(seed), []
        actor = access.Actor(seed, f"writer {seed}", everything=True)
        with either.app_context(), access.acting_as(actor):
            for _ in range(EACH):
                text = numbers.reserve(db.session, "deeds", NUMBER, "备用")
                db.session.commit()
                try:
                    settle = numbers.use_reserved if dice.random() < 0.5 else numbers.release
                    settle(db.session, "deeds", text)
                    db.session.commit()
                    if settle is numbers.use_reserved:
                        kept.append(text)
                except Refused:  # somebody has drawn a later one
                    db.session.rollback()
                    kept.append(text)
            db.session.remove()
        return kept

    with ThreadPoolExecutor(8) as pool:
        kept = [text for mine in pool.map(deeds, range(1, 9)) for text in mine]
    assert sorted(kept) == sorted(f"〔2026〕{serial}号" for serial in range(1, len(kept) + 1))
    with either.app_context(), access.system():
        (line,) = [row for row in numbers.audit(db.session) if row["series"] == "deeds"]
    assert (line["drawn"], line["unexplained"]) == (len(kept), 0)


@pytest.mark.parametrize(
    "utc, year", [("2026-12-31T15:59:59+00:00", 2026), ("2026-12-31T16:00:00+00:00", 2027)]
)  # fmt: skip
def test_the_year_of_a_number_is_the_offices(session, monkeypatch, utc, year):
    monkeypatch.setattr(numbers, "now", lambda: datetime.fromisoformat(utc))
    with access.system():
        assert numbers.draw(session, "test", "〔{year}〕{serial}号") == f"〔{year}〕1号"
