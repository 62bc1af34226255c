"""Running numbers under concurrent writers, on both databases."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.engine import access, numbers
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


@pytest.mark.parametrize(
    "utc, year", [("2026-12-31T15:59:59+00:00", 2026), ("2026-12-31T16:00:00+00:00", 2027)]
)  # fmt: skip
def test_the_year_of_a_number_is_the_offices(session, monkeypatch, utc, year):
    from datetime import datetime

    monkeypatch.setattr(numbers, "now", lambda: datetime.fromisoformat(utc))
    with access.system():
        assert numbers.draw(session, "test", "〔{year}〕{serial}号") == f"〔{year}〕1号"
