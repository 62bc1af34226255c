"""What holds for every report, whatever it counts."""

from __future__ import annotations

import json
import re
from html import unescape
from itertools import product
from urllib.parse import quote

import pytest
from sqlalchemy import select

from app.engine import access
from app.engine.events import SecurityEvent
from app.engine.frames import REPORTS
from app.engine.report_answers import ask
from reports import sections
from tests.factories import incoming


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_answered_for_every_subject_and_grouping_on_both_databases(either_session, name):
    about = REPORTS[name]
    for of, by in product(about.subjects or [""], about.groups or [""]):
        with access.system():
            answer = ask(either_session, name, {"of": of, "by": by})
            key = dict.fromkeys(answer.told_by, "")
            found = [rows.behind(either_session, key, figure) for rows in answer.behind for figure in rows.figures]
            assert about.opens_rows or not answer.behind
        assert all(lines.empty for lines in found)
        assert answer.columns and all(set(row) == {column.name for column in answer.columns} for row in answer.rows)


def test_every_report_stands_in_one_section_of_their_page():
    listed = [one.name for _label, members in sections() for one in members]
    assert sorted(listed) == sorted(REPORTS)


def test_a_number_in_a_list_leads_to_its_record_for_who_may_open_it(client, actors, session):
    with access.system():
        paper = incoming(session)
        session.commit()
        number, title = paper.receipt_no, paper.title
    session.remove()
    page = client("office").get("/reports/incoming_register").text
    href = next(unescape(one) for one in re.findall(r'href="(/incomingdocumentview/list/[^"]*)"', page))
    assert title in client("office").get(href).text
    assert quote(number) in href
    assert "/incomingdocumentview/" not in client("manager").get("/reports/incoming_register").text


def test_a_page_has_what_its_chart_draws_and_looking_at_it_is_no_export(client, session):
    with access.system():
        for urgency, count in (("none", 3), ("urgent", 2)):
            for _number in range(count):
                incoming(session, urgency=urgency)
        session.commit()
    session.remove()
    exports = select(SecurityEvent).where(SecurityEvent.kind == "exported")
    browser = client("manager")
    told = re.search(r'data-told="([^"]+)"', browser.get("/reports/incoming_papers?by=urgency").text)
    chart = json.loads(unescape(told[1]))
    assert sorted((row["urgency"], row[chart["figures"][0]]) for row in chart["rows"]) == [("加急", 2), ("普通", 3)]
    assert not session.scalars(exports).all()
    session.rollback()
    assert browser.get("/reports/incoming_papers.json?by=urgency").status_code == 200
    assert len(session.scalars(exports).all()) == 1
