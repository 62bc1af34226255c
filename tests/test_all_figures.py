"""Every declared figure of a demo office: the rows behind it are as many as it says, for three who see differently."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from app.engine import access
from app.engine.columns import is_figure
from app.engine.figures import Figure, Share, Took
from app.engine.frames import REPORTS
from app.engine.periods import period_of
from app.engine.report_answers import ask
from app.extensions import db
from tests.conftest import sign_in
from tests.report_cells import TOO_FEW, opened

DECLARED = [(name, of) for name, about in REPORTS.items() for of in about.tallies]
#: Rows of each answer that are looked behind.
LOOKED = 4


@pytest.mark.parametrize("account", ["manager", "head_a", "sales"])
@pytest.mark.parametrize("name, of", DECLARED)
def test_the_rows_behind_every_figure_sum_to_it(busy_office, people, account, name, of):
    about = REPORTS[name]
    tally = about.tally(of)
    with busy_office.app_context(), access.acting_as(people[account]):
        for by in (about.groups[0], about.groups[-1]):
            answer = ask(db.session, name, {"by": by} | ({"of": of} if of else {}))
            for row in answer.rows[:LOOKED]:
                for one in tally.figures:
                    figure, wanted = _counted(one, row)
                    if wanted in (None, TOO_FEW):
                        continue
                    behind = db.session.execute(tally.behind(period_of({}), {by: str(row[by] or "")}, figure)).all()
                    if _is_sum(tally, one):
                        total = sum((Decimal(str(found.worth or 0)) for found in behind), Decimal(0))
                        assert abs(total - Decimal(str(wanted))) < Decimal("0.001"), (by, row[by], figure)
                    else:
                        assert len(behind) == wanted, (by, row[by], figure)
        db.session.remove()


def _is_sum(tally, one):
    """Whether a figure is what something comes to in its rows; a share is judged by its part."""
    if isinstance(one, Share):
        one = next(other for other in tally.figures if other.name == one.part)
    return isinstance(one, Figure) and one.of is not None


def _counted(one, row):
    """The name of a figure, and how many rows or how much it says; of a share its part, of hours how many there are."""
    if isinstance(one, Took):
        return f"{one.name}_count", row[f"{one.name}_count"]
    if isinstance(one, Share):
        return one.name, row[one.part]
    return one.name, row[one.name]


def test_some_figures_are_not_nought(busy_office, people):
    """Or the test above would compare empty tables."""
    with busy_office.app_context(), access.acting_as(people["manager"]):
        empty = [name for name, of in DECLARED if not ask(db.session, name, {"of": of} if of else {}).rows]
        db.session.remove()
    assert empty == []


#: (report, subject, grouping) of those that count in their own way.
ASKED = [
    (name, of, by)
    for name, about in REPORTS.items()
    if not about.tallies
    for of in about.subjects or [""]
    for by in dict.fromkeys([about.groups[0], about.groups[-1]] if about.groups else [""])
]


@pytest.mark.parametrize("account", ["manager", "head_a", "sales"])
@pytest.mark.parametrize("name, of, by", ASKED)
def test_every_cell_that_opens_has_as_many_rows_as_it_says(busy_office, people, account, name, of, by):
    """Of a share, a median or a rounded amount the rows are those it was taken from: there are some."""
    with busy_office.app_context(), access.acting_as(people[account]):
        answer = ask(db.session, name, {"of": of, "by": by})
        opened(db.session, answer, answer.rows[:LOOKED])
        db.session.remove()


#: Its sums are of deeds that are no records.
LISTS = {"export_bursts"}


def test_whatever_sums_up_opens_rows(busy_office, people):
    """A report with sums that are not nought opens cells; or the test above would look at nothing."""
    closed = set()
    with busy_office.app_context(), access.acting_as(people["manager"]):
        for name in dict.fromkeys(name for name, _of, _by in ASKED):
            answer = ask(db.session, name, {})
            cells = [(row, column.name) for row in answer.rows for column in answer.columns if column.total]
            cells = [(row, figure) for row, figure in cells if row[figure] not in (None, 0)]
            if cells and not any(answer.opens(*cell) for cell in cells):
                closed.add(name)
        db.session.remove()
    assert closed <= LISTS


@pytest.fixture(scope="module")
def busy_office(afternoon):
    """Its clock stands still, for what is late by the evening is not in the afternoon."""
    return afternoon


#: Reports of what has not happened in the demo office, or so seldom that it is not told.
NOUGHT = {"accountability_cases", "escrow_float", "hot_topics"}


@pytest.mark.parametrize("name", [name for name, about in REPORTS.items() if about.opens_rows])
def test_every_figure_on_a_page_leads_to_its_rows(busy_office, name):
    browser = sign_in(busy_office, "office")
    page = browser.get(f"/reports/{name}").text
    led = {}
    for href in map(unescape, re.findall(rf'href="(/reports/{name}/rows[^"]*)"', page)):
        led.setdefault(parse_qs(urlsplit(href).query)["figure"][0], href)
    assert bool(led) is (name not in NOUGHT)
    assert {figure: browser.get(href).status_code for figure, href in led.items()} == dict.fromkeys(led, 200)


@pytest.mark.parametrize("by", [",", " , ,", ""])
def test_a_grouping_by_nothing_is_the_first_one_offered(busy_office, people, by):
    with busy_office.app_context(), access.acting_as(people["manager"]):
        for name, about in REPORTS.items():
            if about.groups:
                assert ask(db.session, name, {"by": by}).parameters["by"] == [about.groups[0]]
        db.session.remove()


#: Reports of what is nobody's business but theirs who keep it: who took out how much, and who is held to account.
RESERVED = {"accountability_cases", "export_bursts"}


@pytest.mark.parametrize("name", [name for name in REPORTS if name not in RESERVED])
def test_the_reader_of_reports_counts_what_the_office_counts(busy_office, people, name):
    """They read no record on any page; what is added up is the same, also of rows that hang on others.

    Of what goods cost they learn nothing: those columns are not there.
    """
    sums = {}
    for account in ("manager", "office"):
        with busy_office.app_context(), access.acting_as(people[account]):
            answer = ask(db.session, name, {})
            added = [column.name for column in answer.columns if column.total]
            sums[account] = (
                len(answer.rows),
                {one: sum(row[one] for row in answer.rows if is_figure(row[one])) for one in added},
            )
            db.session.remove()
    (rows, own), (all_rows, of_office) = sums["manager"], sums["office"]
    assert rows == all_rows and own.items() <= of_office.items()


#: What moves between groups: told apart otherwise, other things move.
MOVES = {("paper_workload", "taken_on"), ("paper_workload", "handed_on")}


@pytest.mark.parametrize("name", [name for name, one in REPORTS.items() if len(one.groups) > 1 and not one.tallies])
def test_a_total_is_the_same_however_the_rows_are_told_apart(busy_office, people, name):
    """So no record counts twice in one; where it does, there is no total."""
    about, found = REPORTS[name], {}
    with busy_office.app_context(), access.acting_as(people["manager"]):
        for of in about.subjects or [""]:
            for by in about.groups:
                answer = ask(db.session, name, {"by": by, "of": of})
                for column in answer.columns:
                    if column.total and (name, column.name) not in MOVES:
                        values = [row[column.name] for row in answer.rows]
                        found.setdefault((of, column.name), {})[by] = (
                            sum(values) if all(map(is_figure, values)) else None
                        )
        db.session.remove()
    different = {key: sums for key, sums in found.items() if len(set(sums.values()) - {None}) > 1}
    assert different == {}
