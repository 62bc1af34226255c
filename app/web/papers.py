"""Sheets for the day: who has which copy, what people still hold of finished papers, and what the messenger carries."""

from __future__ import annotations

from itertools import groupby
from typing import Any, ClassVar

from flask import request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from app.engine import access, searching
from app.engine.disclosure import learn
from app.engine.fulltext import searchable
from app.engine.moments import now
from app.extensions import db
from app.web import sheet
from app.web.cells import moment_text
from app.web.kind import allowed
from models.circulation import Circulation
from models.copies import PaperCopy
from models.documents import IncomingDocument
from models.entries import CirculationEntry
from models.people import Person
from models.secrecy import REGISTRY

MOST = 300


class HoldersView(BaseView):
    """Who has it now: one line for every copy of every paper the visitor may know of."""

    route_base = "/papers/holders"
    subject: ClassVar[str] = "incoming_documents"
    label = _l("Who has it now")

    @expose("/")
    @allowed("read")
    def index(self) -> str:
        words = request.args.get("q", "").strip()[:100]
        query = select(PaperCopy).options(selectinload(PaperCopy.document), selectinload(PaperCopy.holder))
        for word in searchable(words).split():
            papers = searching.matching(select(IncomingDocument.id), IncomingDocument, word)
            people = searching.matching(select(Person.id), Person, word)
            copies_called = searching.matching(select(PaperCopy.id), PaperCopy, word)
            query = query.where(
                or_(
                    PaperCopy.document_id.in_(papers),
                    PaperCopy.holder_id.in_(people),
                    PaperCopy.id.in_(copies_called),
                )
            )
        # What is out stands first, the longest first of all.
        query = query.order_by(PaperCopy.held_since.is_(None), PaperCopy.held_since, PaperCopy.id).limit(MOST + 1)
        copies = list(db.session.scalars(query))
        papers_seen = {copy.document_id: copy.document for copy in copies if copy.document is not None}
        learn(db.session, papers_seen.values())
        rows = [self._line(copy, papers_seen.get(copy.document_id)) for copy in copies[:MOST]]
        headings = (_("Receipt number"), _("Title"), _("Copy number"), _("Holder"), _("Held since"))
        return self.render_template(
            "wenshu/holders.html",
            title=str(self.label),
            q=words,
            columns=sheet.heads(headings, lead=1),
            rows=rows,
            more=len(copies) > MOST,
        )

    def _line(self, copy: PaperCopy, paper: IncomingDocument | None) -> dict[str, Any]:
        words = (
            paper.receipt_no if paper else "",
            sheet.title_of(paper) if paper else _("Not disclosed"),
            copy.number,
            copy.holder.name if copy.holder else copy.state_label,
            moment_text(copy.held_since) if copy.held_since else "",
        )
        return sheet.row(copy, words, late=copy.is_late(now()))


class HoldingsView(BaseView):
    """What people still have of papers that are done with: nobody keeps what has to be filed (外部来文处理办法 第八条).

    Everybody sees the own copies, the registry all of them, person by person, to be handed back against signature.
    """

    route_base = "/papers/holdings"
    subject: ClassVar[str] = "paper_copies"
    label = _l("To be handed back")

    @expose("/")
    @allowed("read")
    def index(self) -> str:
        copies = held_of_finished()
        papers_seen = [copy.document for copy in copies if copy.document is not None]
        learn(db.session, papers_seen)
        people = dict.fromkeys(copy.holder for copy in copies if copy.holder is not None)
        groups = [
            {"title": _place(person), "rows": [_holding(copy) for copy in copies if copy.holder is person]}
            for person in people
        ]
        return self.render_template(
            "wenshu/holdings.html", title=str(self.label), groups=groups, at_text=moment_text(now())
        )


def held_of_finished() -> list[PaperCopy]:
    """Copies of finished papers that are with a person, as far as the visitor may know: all, or the own ones."""
    papers, actor = IncomingDocument.__table__.c, access.current()
    ended = [name for name, state in IncomingDocument.flow.states.items() if state.final]
    query = (
        select(PaperCopy)
        .join(Person, PaperCopy.holder_id == Person.id)
        .where(PaperCopy.state == "out", PaperCopy.document_id.in_(select(papers.id).where(papers.state.in_(ended))))
        .options(selectinload(PaperCopy.document), selectinload(PaperCopy.holder).selectinload(Person.department))
        .order_by(Person.name, Person.id, PaperCopy.held_since, PaperCopy.id)
    )
    if not actor.has(*REGISTRY):
        query = query.where(PaperCopy.holder_id.in_(actor.person_ids))
    return list(db.session.scalars(query))


def _place(person: Person) -> str:
    return " · ".join([person.name, *([person.department.name] if person.department else [])])


def _holding(copy: PaperCopy) -> dict[str, str]:
    paper = copy.document
    title = sheet.title_of(paper) if paper is not None else _("Not disclosed")
    return {
        "href": url_for("PaperCopyView.show", pk=copy.id),
        "paper": paper.receipt_no if paper is not None else "",
        "title": title,
        "copy": copy.number,
        "state": paper.state_label if paper is not None else "",
        "since": moment_text(copy.held_since) if copy.held_since else "",
    }


class RoundsView(BaseView):
    """What the messenger carries today: copies to be handed over, and copies to be fetched, floor by floor."""

    route_base = "/papers/rounds"
    subject: ClassVar[str] = "copy_movements"
    label = _l("Messenger's round")

    @expose("/")
    @allowed("read")
    def index(self) -> str:
        stops = sorted([*to_deliver(), *to_fetch()], key=lambda stop: (stop["place"], stop["person"], stop["copy"]))
        groups = [
            {"title": place or _("No department"), "rows": list(found)}
            for place, found in groupby(stops, key=lambda stop: stop["place"])
        ]
        return self.render_template(
            "wenshu/rounds.html", title=str(self.label), groups=groups, at_text=moment_text(now())
        )


def _stop(person: Person, copy: PaperCopy, deed: str) -> dict[str, Any]:
    unit = person.department
    place = " · ".join(part for part in ((unit.floor, unit.name) if unit else ()) if part)
    number = copy.document.receipt_no if copy.document else ""
    return {"place": place, "person": person.name, "paper": number, "copy": copy.number, "deed": deed}


def to_deliver() -> list[dict[str, Any]]:
    """A stop for every reader whose turn it is and whose copy is with the registry."""
    lines = selectinload(Circulation.entries)
    running = (
        select(Circulation)
        .where(Circulation.state == "running", Circulation.form == "paper")
        .options(
            lines.selectinload(CirculationEntry.reader).selectinload(Person.department),
            lines.selectinload(CirculationEntry.copy).selectinload(PaperCopy.document),
        )
    )
    entries = [
        entry
        for round_ in db.session.scalars(running)
        for entry in [*round_.next_up(), *(e for e in round_.entries if e.state == "offered")]
    ]
    return [
        _stop(entry.reader, entry.copy, _("Deliver"))
        for entry in entries
        if entry.copy is not None and entry.copy.state == "with_registry"
    ]


def to_fetch() -> list[dict[str, Any]]:
    """A stop for every copy that its holder has read, or kept longer than allowed."""
    out = (
        select(PaperCopy)
        .where(PaperCopy.state == "out")
        .options(
            selectinload(PaperCopy.document),
            selectinload(PaperCopy.movements),
            selectinload(PaperCopy.holder).selectinload(Person.department),
        )
        .order_by(PaperCopy.id)
    )
    offered = select(CirculationEntry.copy_id, CirculationEntry.reader_id).where(CirculationEntry.state == "offered")
    waiting = {tuple(pair) for pair in db.session.execute(offered.where(CirculationEntry.copy_id.is_not(None)))}
    found = []
    for copy in db.session.scalars(out):
        read = (copy.id, copy.holder_id) not in waiting and any(m.entry_id for m in copy.movements[-1:])
        if copy.holder is not None and (read or copy.is_late(now())):
            found.append(_stop(copy.holder, copy, _("Fetch")))
    return found
