"""What holds for every report, whatever it counts."""

from __future__ import annotations

from itertools import product

import pytest

from app.engine import access
from app.engine.frames import REPORTS, ask
from reports import sections


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_answered_for_every_subject_and_grouping_on_both_databases(either_session, name):
    about = REPORTS[name]
    for of, by in product(about.subjects or [""], about.groups or [""]):
        with access.system():
            answer = ask(either_session, name, {"of": of, "by": by})
        assert answer.columns and all(set(row) == {column.name for column in answer.columns} for row in answer.rows)


def test_every_report_stands_in_one_section_of_their_page():
    listed = [one.name for _label, members in sections() for one in members]
    assert sorted(listed) == sorted(REPORTS)
