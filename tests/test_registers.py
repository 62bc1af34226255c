"""The registers of papers line by line against the records themselves, in a demo office."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.engine import access
from app.engine.report_answers import ask
from app.extensions import db
from models.documents import IncomingDocument
from models.envelope_lines import EnvelopeLine
from models.outgoing import OutgoingDocument
from models.outgoing_series import first_series
from models.recipients import Recipient
from tests.conftest import actors_of


@pytest.fixture
def rows_of(busy_office):
    """`rows_of("incoming_register")`: what the office's manager is answered, and the session to look into."""
    with busy_office.app_context():
        office = actors_of(db.session)["office"]
        with access.acting_as(office):
            yield lambda name, **asked: ask(db.session, name, asked).rows
        db.session.remove()


def lead_of(paper):
    desks = [desk for desk in paper.assignments if desk.lead and desk.state != "called_off"]
    return max(desks, key=lambda desk: desk.id, default=None)


def by_key(records):
    return sorted(records, key=lambda one: one.id)


def test_a_line_of_the_incoming_register_says_where_the_paper_went(rows_of):
    rows = {row["receipt_no"]: row for row in rows_of("incoming_register")}
    told = dict.fromkeys(("envelope_no", "instruction", "enclosures", "taken_by", "done_at", "reply_no"), 0)
    for paper in db.session.scalars(select(IncomingDocument)):
        desk, lines = lead_of(paper), select(EnvelopeLine).where(EnvelopeLine.document_id == paper.id)
        expected = {
            "envelope_no": max((line.envelope.envelope_no for line in db.session.scalars(lines)), default=None),
            "instruction": paper.instruction,
            "enclosures": paper.enclosures,
            "taken_by": desk.received_by.name if desk and desk.received_by else None,
            "taken_at": desk and desk.received_at,
            "done_at": desk and desk.done_at,
            "reply_no": ([None] + [one.document_no for one in by_key(paper.replies) if one.document_no])[-1],
        }
        row = rows.pop(paper.receipt_no)
        assert {name: row[name] for name in expected} == expected, paper.receipt_no
        for name in told:
            told[name] += row[name] is not None
    assert rows == {}
    assert {name for name, count in told.items() if count} >= {"envelope_no", "instruction", "taken_by", "done_at"}


def test_the_outgoing_register_counts_copies_and_signatures(rows_of):
    rows = {row["document_no"]: row for row in rows_of("outgoing_register")}
    papers = list(db.session.scalars(select(OutgoingDocument).where(OutgoingDocument.document_no.is_not(None))))
    for paper in papers:
        lines = [line for line in paper.recipients if line.state != "struck_out"]
        out = sum(line.copies for line in lines if line.sent_at)
        row = rows.pop(paper.document_no)
        assert (row["copies"], row["copies_out"], row["signed_for"]) == (
            paper.copies, out, sum(line.signed_at is not None for line in lines),
        )  # fmt: skip
        assert row["copies_left"] == (None if paper.copies is None else paper.copies - out)
    assert rows == {}
    assert any(paper.recipients for paper in papers)


def test_by_recipient_it_has_every_recipient_once(rows_of):
    rows = rows_of("outgoing_recipients")
    numbered = select(Recipient).join(Recipient.document).where(OutgoingDocument.document_no.is_not(None))
    lines = list(db.session.scalars(numbered))
    assert sorted((row["document_no"], row["recipient"], row["copies"], row["sent_at"]) for row in rows) == sorted(
        (line.document.document_no, line.name, line.copies, line.sent_at) for line in lines
    )
    assert lines
    code = first_series(db.session).code
    assert len(rows_of("outgoing_recipients", series=code)) == sum(
        line.document.number_series_id in (None, first_series(db.session).id) for line in lines
    )
