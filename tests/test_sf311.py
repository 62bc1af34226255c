"""Real registers of two cities come in unchanged, and the figures are those of plain pandas over the raw files."""

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from app.engine import access, tables, transfer
from app.engine.refusals import Refused
from app.engine.report_answers import ask
from app.engine.transfer import ColumnMap
from models.tickets import ServiceTicket
from tests.conftest import shared

MAPPINGS = Path(__file__).parents[1] / "seed" / "mappings"


def bring_in(session, file, mapping):
    headings, rows = tables.read_table(file.name, file.read_bytes())
    outcome = transfer.import_rows(
        session, ServiceTicket, headings, rows, ColumnMap.load(str(MAPPINGS / mapping)), create_missing=True
    )
    session.commit()
    return outcome


def test_san_francisco_comes_in_whole_with_the_figures_of_the_raw_file(session):
    folder = shared("sf311")
    facts = json.loads((folder / "facts.json").read_text())["sf"]
    raw = pd.read_csv(folder / "sf311_requests.csv.gz")
    begins, ends = (pd.to_datetime(raw[name], utc=True) for name in ("created_date", "closed_date"))
    hours = ((ends - begins).dt.total_seconds() / 3600).dropna()
    with access.system():
        outcome = bring_in(session, folder / "sf311_requests.csv.gz", "sf311.yaml")
        assert (outcome.imported, outcome.faults) == (facts["rows"], [])
        states = pd.Series(list(session.scalars(session.query(ServiceTicket.state).statement))).value_counts()
        assert (states["closed"], states["open"]) == (facts["closed"], facts["open"])
        closed = pd.DataFrame(
            session.query(ServiceTicket.received_at, ServiceTicket.closed_at, ServiceTicket.channel)
            .filter(ServiceTicket.closed_at.is_not(None))
            .all()
        )
        ours = (closed["closed_at"] - closed["received_at"]).dt.total_seconds() / 3600
        table = ask(session, "turnaround", {"of": "tickets", "by": "stage"}).rows
        backlog = {
            day: sum(row["open"] for row in ask(session, "ticket_backlog", {"by": "state", "to": day}).rows)
            for day in ("2012-06-30", "2016-12-31")
        }
    for day, count in backlog.items():
        instant = pd.Timestamp(f"{day}T16:00:00Z")  # the end of that day in the office's zone
        assert count == ((begins < instant) & ~(ends <= instant)).sum() > 0, day
    (total,) = table
    assert total["count"] == len(hours) == facts["turnaround_days"]["n"]
    assert total["median_hours"] == pytest.approx(hours.median(), abs=0.005)
    assert total["mean_hours"] == pytest.approx(hours.mean(), abs=0.005)
    assert total["p90_hours"] == pytest.approx(hours.quantile(0.9), abs=0.005)
    assert total["median_hours"] / 24 == pytest.approx(facts["turnaround_days"]["median"], abs=0.001)
    assert total["mean_hours"] / 24 == pytest.approx(facts["turnaround_days"]["mean"], abs=0.001)
    assert total["p90_hours"] / 24 == pytest.approx(facts["turnaround_days"]["p90_linear"], abs=0.001)
    assert (ours < 0).sum() == facts["closed_before_created"]


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-20], lambda raw: raw[:40] + b"xxxx" + raw[44:]], ids=["cut", "bent"]
)
def test_a_damaged_packed_file_is_refused(damage):
    packed = gzip.compress(b"ticket_no,subject\n" + b"1,x\n" * 500)
    with pytest.raises(Refused):
        tables.read_table("x.csv.gz", damage(packed))


def test_new_york_comes_in_whole_in_its_own_date_format(session):
    folder = shared("sf311")
    facts = json.loads((folder / "facts.json").read_text())["nyc"]
    with access.system():
        outcome = bring_in(session, folder / "nyc311_health_2018.csv.gz", "nyc311.yaml")
        assert (outcome.imported, outcome.faults) == (facts["rows"], [])
        rows = session.query(ServiceTicket).all()
        (punctual,) = ask(session, "on_time", {"of": "tickets", "by": "stage"}).rows
    with_limit = [row for row in rows if row.due_at is not None]
    done = [row for row in with_limit if row.closed_at is not None]
    assert (punctual["due"], punctual["met"]) == (facts["due_date_present"], len(done) - facts["closed_after_due"])
    assert punctual["missed"] == len(with_limit) - punctual["met"]  # all limits lie in the past by now
    closed = [row for row in rows if row.state == "closed"]
    assert len(closed) == facts["closed_date_present"]
    assert len(rows) - len(closed) == facts["open_by_blank_closed_date"]
    assert sum(row.due_at is not None for row in rows) == facts["due_date_present"]
    assert sum(row.closed_at < row.received_at for row in closed) == facts["closed_before_created"]
