"""Lists of papers 公文清单: what went to whom, who has not given back, what is destroyed or returned."""

from __future__ import annotations

from typing import Any

import pandas as pd
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.engine.columns import Column
from app.engine.disclosure import learned
from app.engine.frames import Counted, Rows, frame, report
from app.engine.moments import local, now
from app.engine.office_calendar import working_calendar
from app.engine.periods import Period
from models.copies import CopyMovement, PaperCopy
from models.correspondents import Correspondent
from models.destruction import DestructionEntry, DestructionList
from models.documents import IncomingDocument
from models.entries import OUT_OF_SCOPE, CirculationEntry
from models.envelopes import Envelope
from models.fates import ReturnCampaign, ReturnItem
from models.outgoing import OutgoingDocument
from models.people import Department, Person
from models.recipients import CHANNELS, Recipient
from reports.counting import last_day, office_days, share


def _called(key: Any) -> Any:
    """The name of the person a column refers to, also of one who has left since."""
    person = Person.__table__
    return select(person.c.name).where(person.c.id == key).scalar_subquery()


@report(
    "dispatch_book",
    _l("Dispatch book"),
    [
        Column("day", _l("Day"), "date"),
        Column("number", _l("Number"), "number_text"),
        Column("recipient", _l("Recipient"), "text"),
        Column("way", _l("Way"), "choice"),
        Column("copies", _l("Copies"), "integer", total=True),
        Column("copy_numbers", _l("Copy numbers"), "number_text"),
        Column("sent_at", _l("Sent at"), "moment"),
        Column("signed_by", _l("Signed for by"), "text"),
        Column("signed_at", _l("Signed at"), "moment"),
    ],
    basis=_l(
        "What left the registry in the period, in the order of sending: outgoing papers by recipient, and envelopes "
        "passed on unopened. Who has not signed yet is empty."
    ),
    labels={"way": CHANNELS},
)
def dispatch_book(session: Session, period: Period) -> Counted:
    """One line a recipient of a paper or an envelope, by day."""
    paper, line, cover = OutgoingDocument, Recipient, Envelope
    papers = (
        select(
            line.id, paper.document_no.label("number"), line.name.label("recipient"), line.channel.label("way"),
            line.copies, line.copy_numbers, line.sent_at, line.signed_by, line.signed_at,
        )
        .select_from(line)
        .join(paper, line.document_id == paper.id, isouter=True)
        .order_by(line.sent_at, line.id)
    )  # fmt: skip
    to = func.coalesce(_called(cover.handed_to_id), Department.name)
    covers = (
        select(
            cover.id, cover.envelope_no.label("number"), to.label("recipient"), cover.forwarded_at.label("sent_at"),
            cover.signature.label("signed_by"), cover.confirmed_at.label("signed_at"),
        )
        .join(Department, cover.handed_unit_id == Department.id, isouter=True)
        .where(cover.forwarded_at.is_not(None))
        .order_by(cover.forwarded_at, cover.id)
    )  # fmt: skip
    parts = [
        frame(session, period.holds(papers.where(line.sent_at.is_not(None)), line.sent_at)),
        frame(session, period.holds(covers, cover.forwarded_at)).assign(way="hand", copies=1, copy_numbers=None),
    ]
    table = pd.concat([one for one in parts if len(one)] or parts[:1], ignore_index=True)
    table = table.sort_values("sent_at", kind="stable", ignore_index=True)
    table["day"] = pd.Series([local(moment).date() for moment in table["sent_at"]], dtype=object)
    lines = [one[["id", "number", "recipient", "copies"]].assign(at=one["sent_at"]) for one in parts]
    opens = [Rows(model, each, {"copies": "copies"}) for model, each in zip((line, cover), lines, strict=True)]
    return Counted(table, opens)


@report(
    "copies_out",
    _l("Copies not returned"),
    [
        Column("copy", _l("Copy number"), "number_text"),
        Column("receipt_no", _l("Receipt number"), "number_text"),
        Column("holder", _l("Holder"), "text"),
        Column("department", _l("Department"), "text"),
        Column("out_at", _l("Handed out at"), "moment"),
        Column("signed", _l("Signed for"), "bool"),
        Column("due_at", _l("Due"), "moment"),
        Column("days", _l("Days"), "integer"),
        Column("working_days", _l("Working days"), "integer"),
    ],
    basis=_l(
        "Paper copies handed out in the period and not back by its end, or until now; the longest out first. Days "
        "count from the day after the hand-over; a copy that was lost or handed on is no longer with its holder. "
        "The limit is the one that runs now."
    ),
)
def copies_out(session: Session, period: Period) -> pd.DataFrame:
    """One line a copy and its holder: since when and for how many days it has been out."""
    moment = min(period.until, now()) if period.until else now()
    move, copy, paper = CopyMovement, PaperCopy, IncomingDocument
    due = case((and_(move.back_at.is_(None), copy.state == "out"), copy.due_at))
    query = (
        select(
            copy.number.label("copy"), paper.receipt_no, Person.name.label("holder"),
            Department.name.label("department"), move.out_at, move.signed, due.label("due_at"),
        )
        .select_from(move)
        .join(copy, move.copy_id == copy.id, isouter=True)
        .join(paper, copy.document_id == paper.id, isouter=True)
        .join(Person, move.person_id == Person.id, isouter=True)
        .join(Department, Person.department_id == Department.id, isouter=True)
        .where(move.out_at < moment, or_(move.back_at.is_(None), move.back_at >= moment))
        .order_by(move.out_at, move.id)
    )  # fmt: skip
    table = frame(session, query.where(move.out_at >= period.since) if period.since else query)
    since, until = office_days(table["out_at"]), last_day(moment, len(table))
    table["days"] = (until - since).dt.days
    table["working_days"] = pd.Series(working_calendar(session).working_days_column(since, until)).astype(int)
    return table


@report(
    "circulation_by_paper",
    _l("Circulation by paper"),
    [
        Column("receipt_no", _l("Receipt number"), "number_text"),
        Column("title", _l("Title"), "text"),
        Column("offered", _l("Entries offered"), "integer", total=True),
        Column("read", _l("Read"), "integer", total=True),
        Column("answered", _l("With an opinion"), "integer", total=True),
        Column("read_share", _l("Share read"), "percent"),
        Column("first_sent_at", _l("First offered"), "moment"),
        Column("copies_out", _l("Copies out"), "integer", total=True),
        Column("holders", _l("Copies with"), "text"),
        Column("held_since", _l("Longest since"), "moment"),
    ],
    basis=_l(
        "Papers with entries offered in the period, those taken back or exempted apart, and how many of these were "
        "read until now; the holders are those who have a paper copy now, the longest first."
    ),
    chart="read_share",
)
def circulation_by_paper(session: Session, period: Period) -> Counted:
    """One line a paper: entries offered and read, and who has its copies since when."""
    paper, entry, copy = IncomingDocument, CirculationEntry, PaperCopy
    entries = select(
        entry.id, entry.document_id, paper.receipt_no, entry.sent_at.label("at"),
        case((entry.read_at.is_not(None), 1), else_=0).label("read"),
        case((entry.state == "answered", 1), else_=0).label("answered"),
    ).join(paper, entry.document_id == paper.id)  # fmt: skip
    entries = entries.where(entry.sent_at.is_not(None), entry.state.not_in(OUT_OF_SCOPE))
    entries = period.holds(entries, entry.sent_at)
    each = entries.subquery().c
    offered = select(
        each.document_id, func.count().label("offered"), func.sum(each.read).label("read"),
        func.sum(each.answered).label("answered"), func.min(each["at"]).label("first_sent_at"),
    ).group_by(each.document_id).subquery()  # fmt: skip
    figures = offered.c
    lines = select(
        paper.id, paper.receipt_no, learned(paper, "title"), *(one for one in figures if one.name != "document_id")
    )
    table = frame(session, lines.join(offered, figures.document_id == paper.id).order_by(paper.received_at, paper.id))
    out = frame(
        session,
        select(copy.id.label("copy_id"), copy.document_id.label("id"), copy.number, Person.name, copy.held_since)
        .join(Person, copy.holder_id == Person.id, isouter=True)
        .where(copy.state == "out", copy.document_id.in_(select(figures.document_id)))
        .order_by(copy.held_since, copy.id),
    )
    out["held"] = [
        _("%(number)s with %(person)s", number=row.number, person=row.name or "") for row in out.itertuples()
    ]
    groups = out.groupby("id", sort=False)
    held = pd.DataFrame(
        {
            "copies_out": groups.size(),
            "holders": groups["held"].agg("; ".join),
            "held_since": groups["held_since"].first(),
        }
    )
    table = table.merge(held.reset_index(), how="left", on="id")
    table["copies_out"] = table["copies_out"].fillna(0).astype(int)
    table["read_share"] = share(table["read"], table["offered"])
    numbers = table.set_index("id")["receipt_no"]
    copies = pd.DataFrame({"id": out["copy_id"], "at": out["held_since"], "receipt_no": out["id"].map(numbers)})
    return Counted(table, [
        Rows(entry, entries, {"offered": "", "read": "read", "answered": "answered", "read_share": "read"}),
        Rows(copy, copies, {"copies_out": ""}),
    ])  # fmt: skip


@report(
    "destruction_register",
    _l("Register of destroyed papers"),
    [
        Column("list_no", _l("Destruction list"), "number_text"),
        Column("receipt_no", _l("Receipt number"), "number_text"),
        Column("title", _l("Title"), "text"),
        Column("reason", _l("Reason"), "text"),
        Column("approver", _l("Approved by"), "text"),
        Column("approved_on", _l("Approved on"), "date"),
        Column("destroyed_on", _l("Destroyed on"), "date"),
        Column("place", _l("Place"), "text"),
        Column("way", _l("Way of destruction"), "text"),
        Column("witness", _l("First witness"), "text"),
        Column("second_witness", _l("Second witness"), "text"),
        Column("state", _l("State"), "choice"),
    ],
    basis=_l("Papers destroyed on a day of the period, list by list, with those who approved and witnessed it."),
    labels={"state": DestructionList.flow.state_labels},
)
def destruction_register(session: Session, period: Period) -> pd.DataFrame:
    """One line a paper that was destroyed."""
    line, sheet, paper = DestructionEntry, DestructionList, IncomingDocument
    query = (
        select(
            sheet.list_no, paper.receipt_no, learned(paper, "title"), line.reason,
            _called(sheet.approver_id).label("approver"), sheet.approved_on, sheet.destroyed_on, sheet.place, sheet.way,
            _called(sheet.witness_id).label("witness"), _called(sheet.second_witness_id).label("second_witness"),
            sheet.state,
        )
        .select_from(line)
        .join(sheet, line.destruction_id == sheet.id)
        .join(paper, line.document_id == paper.id, isouter=True)
        .where(line.decision == "destroy", sheet.destroyed_on.is_not(None))
        .order_by(sheet.destroyed_on, sheet.id, line.id)
    )  # fmt: skip
    return frame(session, period.holds_day(query, sheet.destroyed_on))


@report(
    "return_register",
    _l("Register of returned papers"),
    [
        Column("campaign_no", _l("Return of papers"), "number_text"),
        Column("issuer", _l("Issuer"), "text"),
        Column("receipt_no", _l("Receipt number"), "number_text"),
        Column("title", _l("Title"), "text"),
        Column("copy_no", _l("Copy number"), "number_text"),
        Column("holder", _l("Holder"), "text"),
        Column("state", _l("State"), "choice"),
        Column("collected_on", _l("Collected on"), "date"),
        Column("handed_back_on", _l("Handed back on"), "date"),
        Column("signature", _l("Signed for by the issuer"), "text"),
        Column("incident", _l("Incident"), "text"),
    ],
    basis=_l("Copies handed back to their issuers on a day of the period, with the signature; missing ones included."),
    labels={"state": ReturnItem.flow.state_labels},
)
def return_register(session: Session, period: Period) -> pd.DataFrame:
    """One line a copy on a list that was handed back."""
    item, campaign, paper = ReturnItem, ReturnCampaign, IncomingDocument
    query = (
        select(
            campaign.campaign_no, Correspondent.name.label("issuer"), paper.receipt_no, learned(paper, "title"),
            item.copy_no, _called(item.holder_id).label("holder"), item.state, item.collected_on,
            campaign.handed_back_on, campaign.signature, campaign.incident,
        )
        .select_from(item)
        .join(campaign, item.campaign_id == campaign.id)
        .join(paper, item.document_id == paper.id, isouter=True)
        .join(Correspondent, campaign.issuer_id == Correspondent.id, isouter=True)
        .where(campaign.handed_back_on.is_not(None))
        .order_by(campaign.handed_back_on, campaign.id, item.id)
    )  # fmt: skip
    return frame(session, period.holds_day(query, campaign.handed_back_on))
