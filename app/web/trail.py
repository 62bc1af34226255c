"""The auditor's pages at `/history/`: every change of every record, and what happened around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect, select

from app.engine import access, events
from app.engine import record as records
from app.engine.disclosure import known_ids
from app.engine.events import SecurityEvent
from app.engine.fields import fields_of
from app.engine.history import HistoryEntry
from app.engine.moments import at_office, parse_date
from app.engine.workflow import Step, flows
from app.extensions import db
from app.web.cells import moment_text
from app.web.kind import VIEWS, BadRequest, allowed
from models.dispatch import UNIT_LINK

PAGE = 50


class TrailView(BaseView):
    """Two lists, newest first, paged by key: a history of millions of entries is read as quickly as a short one."""

    route_base = "/history"
    subject, label = "history", _l("History")

    @expose("/")
    @allowed("read")
    def index(self) -> str:
        kinds = {name: str(model.label_plural) for name, model in sorted(records.kinds().items())}
        query, filters = self._filtered(HistoryEntry, kinds, _("Kind of record"))
        columns = [
            ("at", _("When"), "moment"), ("who", _("Who"), "text"), ("action", _("What"), "text"),
            ("record", _("Record"), "text"), ("fields", _("Fields"), "text"), ("reason", _("Reason"), "text"),
        ]  # fmt: skip
        return self._page(query, HistoryEntry, filters, columns, _entries)

    @expose("/events")
    @allowed("read")
    def events(self) -> str:
        kinds = {name: str(label) for name, label in events.KINDS.items()}
        query, filters = self._filtered(SecurityEvent, kinds, _("Event"))
        columns = [
            ("at", _("When"), "moment"), ("who", _("Who"), "text"), ("kind", _("Event"), "text"),
            ("subject", _("Concerning"), "text"), ("detail", _("Detail"), "text"), ("address", _("Address"), "text"),
        ]  # fmt: skip
        return self._page(query, SecurityEvent, filters, columns, _events)

    def _filtered(self, model: Any, kinds: dict[str, str], label: str) -> tuple[Any, list[dict[str, Any]]]:
        """The query under the filters of the address, and the filters as the page draws them."""
        given = {name: request.args.get(name, "").strip()[:100] for name in ("kind", "q", "at", "at_to")}
        query = select(model)
        if given["kind"]:
            if given["kind"] not in kinds:
                raise BadRequest(_("This list cannot be filtered by “%(name)s”.", name=given["kind"][:40]))
            query = query.where(model.kind == given["kind"])
        if given["q"]:
            query = query.where(model.actor_name.contains(given["q"], autoescape=True))
        try:
            if given["at"]:
                query = query.where(model.at >= at_office(parse_date(given["at"])))
            if given["at_to"]:
                last = parse_date(given["at_to"])
                query = query.where(model.at < at_office(last.fromordinal(last.toordinal() + 1)))
        except (ValueError, OverflowError) as error:
            raise BadRequest(str(error)) from None
        return query, [
            {"name": "kind", "label": label, "kind": "choice", "value": given["kind"], "choices": list(kinds.items())},
            {"name": "at", "label": _("When"), "kind": "dates", "value": given["at"], "value_to": given["at_to"]},
        ]

    def _page(self, query: Any, model: Any, filters: list[dict[str, Any]], columns: Any, cells_of: Any) -> str:
        before = request.args.get("before", "")
        if before:
            if not (before.isascii() and before.isdigit() and len(before) < 19):
                raise BadRequest(_("There is no page “%(page)s”; narrow the list down instead.", page=before[:20]))
            query = query.where(model.id < int(before))
        rows = list(db.session.scalars(query.order_by(model.id.desc()).limit(PAGE + 1)))
        given = {name: value for name, value in request.args.items() if name != "before"}
        later = "?" + urlencode({**given, "before": rows[PAGE - 1].id}) if len(rows) > PAGE else None
        here = request.endpoint
        return self.render_template(
            "wenshu/list.html",
            view={"title": str(self.label), "exports": [], "href_add": None, "href_import": None},
            views=[
                {"label": label, "href": url_for(end), "active": here == end}
                for end, label in (("TrailView.index", _("Changes of records")), ("TrailView.events", _("Events")))
            ],
            filters=filters, keep=[], q=request.args.get("q", ""), q_label=_("Who"),
            columns=[{"name": name, "label": label, "kind": kind} for name, label, kind in columns],
            rows=cells_of(rows[:PAGE]),
            count_text=None,
            pager={"first": "?" + urlencode(given) if before else None, "next": later, "previous": None, "last": None},
            empty={"title": _("Nothing matches"), "hint": _("Change or clear the filters."), "href": "?",
                   "label": _("Clear")},
        )  # fmt: skip


#: What is done to records beside the steps of their flows.
ACTIONS = {
    "add": _l("Added"), "change": _l("Changed"), "import": _l("Imported"), "delete": _l("Deleted"),
    "restore": _l("Taken back from the bin"), "purge": _l("Removed for good"), "attach": _l("File attached"),
    "unit_link": _l("Used by the unit"), "along": _l("Changed with another record"),
    "hand_over_customer": _l("Handed on with the customer"),
}  # fmt: skip


def done_by(entry: HistoryEntry) -> str:
    """What was done to the record; the adding of another one changes it along with that."""
    return "along" if entry.action == "add" and entry.position > 1 else entry.action


def action_label(model: Any, action: str) -> str:
    """An action of the history in words: a step's label, or what is done to any record."""
    step = next((steps[action] for steps in _steps_near(model) if action in steps), None)
    return str(step.label if step is not None else ACTIONS.get(action, action))


def _steps_near(model: Any) -> Iterator[Mapping[str, Step]]:
    """The steps of a kind, then of what belongs to it and what it belongs to, then of all flows.

    What one record's step does to another bears the step's name there, too.
    """
    related = sorted(inspect(model).relationships, key=lambda one: not one.uselist) if model is not None else ()
    for near in (model, *(one.mapper.class_ for one in related)):
        yield getattr(getattr(near, "flow", None), "steps", {})
    for _kind, flow in flows():
        yield flow.steps


def doer_label(name: str) -> str:
    """Who did it, in words: a person's name, the system, or a unit by its link."""
    if name.startswith(UNIT_LINK):
        return _("Unit link: %(who)s", who=name.removeprefix(UNIT_LINK))
    return _("The system") if name == access.SYSTEM.name else name


def _cells(*texts: str) -> list[dict[str, str]]:
    return [{"text": text} for text in texts]


def _entries(entries: list[HistoryEntry]) -> list[dict[str, Any]]:
    """The rows of a page of changes; a reason is told only with the content of the record it belongs to."""
    kinds = records.kinds()
    ids: dict[str, set[int]] = {}
    for entry in entries:
        if entry.kind in kinds:
            ids.setdefault(entry.kind, set()).add(entry.record_id)
    known = {kind: known_ids(db.session, kinds[kind], of_kind) for kind, of_kind in ids.items()}
    return [_entry_cells(entry, entry.record_id in known.get(entry.kind, ())) for entry in entries]


def _entry_cells(entry: HistoryEntry, known: bool) -> dict[str, Any]:
    model = records.kinds().get(entry.kind)
    view = VIEWS.get(model)
    who = f"{entry.actor_name} ({entry.acting_for})" if entry.acting_for else doer_label(entry.actor_name)
    labels = {f.column: str(f.label) for f in (fields_of(model).values() if model else ())}
    reason = (entry.reason or "") if known else ""
    touched = [] if done_by(entry) == "add" else [labels[name] for name in entry.fields if name in labels]
    return {
        "href": url_for(f"{view.__name__}.show", pk=entry.record_id)
        if view is not None and access.current().may("read", entry.kind)
        else None,
        "cells": _cells(
            moment_text(entry.at), who, action_label(model, done_by(entry)),
            f"{model.label if model else entry.kind} {entry.record_id}", "、".join(touched), reason,
        ),
    }  # fmt: skip


def _events(found: list[SecurityEvent]) -> list[dict[str, Any]]:
    return [
        {
            "href": None,
            "cells": _cells(
                moment_text(event.at), event.actor_name, event.label, event.subject, event.detail, event.address or ""
            ),
        }
        for event in found
    ]
