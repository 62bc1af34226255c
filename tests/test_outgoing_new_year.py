"""Numbers of outgoing papers at the turn of the year, on both databases."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from app.engine import access, finding, numbers
from app.extensions import db
from models.outgoing import OutgoingDocument
from models.outgoing_series import FIRST_TEMPLATE as NUMBER
from tests.conftest import actors_of
from tests.safety.makers import make


@pytest.fixture
def server_in_utc(monkeypatch):
    """The machine's own clock shows UTC, as servers do."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_numbers_of_new_years_eve_belong_to_the_offices_year_under_concurrent_writers(either, clock, server_in_utc):
    """The server counts in UTC, in which the office's year ends at four in the afternoon of 31 December."""
    with either.app_context():
        actors = actors_of(db.session)
        with access.system():
            papers = [make(db.session, OutgoingDocument, state="signed").id for _ in range(24)]
            db.session.commit()
        db.session.remove()
    before, after = (datetime(2026, 12, 31, hour, minute, tzinfo=UTC) for hour, minute in ((15, 59), (16, 0)))
    clock.moment = before
    clock.ahead()
    midnight = threading.Barrier(4, action=lambda: _strike(clock, after))

    def write(desk):
        """Three papers numbered before midnight, three after it; the number and the moment it was the office's."""
        kept = []
        with either.app_context(), access.acting_as(actors["clerk"]):
            for half in range(2):
                for pk in papers[desk * 6 + half * 3 : desk * 6 + half * 3 + 3]:
                    paper = finding.by_key(db.session, OutgoingDocument, pk)
                    paper.flow.take(db.session, paper, "number_it", {"copies": 1})
                    kept.append((half, paper.document_no))
                    db.session.commit()
                if half == 0:
                    midnight.wait(timeout=60)
            db.session.remove()
        return kept

    with ThreadPoolExecutor(4) as pool:
        drawn = [one for kept in pool.map(write, range(4)) for one in kept]
    for half, year in ((0, 2026), (1, 2027)):
        assert sorted(text for when, text in drawn if when == half) == sorted(
            NUMBER.format(year=year, serial=serial) for serial in range(1, 13)
        )
    with either.app_context(), access.system():
        lines = [row for row in numbers.audit(db.session) if row["series"] == "outgoing_documents"]
    assert [(row["year"], row["drawn"], row["used"], row["unexplained"]) for row in lines] == [
        (2026, 12, 12, 0), (2027, 12, 12, 0),
    ]  # fmt: skip


def _strike(clock, moment):
    clock.moment = moment
    clock.ahead()
