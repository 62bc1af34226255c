"""The page of one record: its fields, what can be done now, deadlines, related records, files and history."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import inspect, select

from app.engine import access, clocks, history
from app.engine import record as records
from app.engine.fields import Field, fields_of
from app.engine.moments import now
from app.extensions import db
from app.web import cells
from app.web.kind import VIEWS, Children, KindPages, allowed


class RecordPage(KindPages):
    """`/<view>/show/<pk>`."""

    @expose("/show/<pk>")
    @allowed("read")
    def show(self, pk: str) -> str:
        from app.web.files import files_of  # it knows the views

        record = self._find(pk)
        fields = self.fields
        names = self.show_columns or [n for n in fields if n not in ("state", "due_at")]
        items = [self._item(record, fields[name]) for name in names]
        flow = getattr(record, "flow", None)
        steps = flow.allowed(record, access.current()) if flow else []
        return self._page(
            "show",
            record={
                "title": str(getattr(record, "title", None) or record),
                "number": str(getattr(record, self.model.natural_key)) if self.model.natural_key else "",
                "kind_label": str(self.model.label),
                "state": {"label": record.state_label, "tone": flow.states[record.state].tone} if flow else None,
                "version": record.version,
                "notice": _("Taken over from an older ledger.") if record.taken_over else None,
            },
            steps=[
                {"label": str(s.label), "href": self._url("step", pk=record.id, name=s.name), "tone": s.tone}
                for s in steps
            ],
            href_edit=self._url("edit", pk=record.id) if self._may("edit") else None,
            links=[],
            sections=[{"title": _("Details"), "items": items}],
            clocks=self._clocks(record) if flow else [],
            children=[self._children(record, about) for about in self.children],
            files=files_of(record),
            history=self._history(record),
        )

    def _item(self, record: Any, field: Field) -> dict[str, Any]:
        value = getattr(record, field.name)
        view = VIEWS.get(field.target) if field.target else None
        href = None
        if view is not None and value is not None and access.current().may("read", field.target.kind_name):  # type: ignore[union-attr]
            href = url_for(f"{view.__name__}.show", pk=value.id)
        return {
            "label": str(field.label),
            "text": cells.text_of(field, value),
            "kind": field.kind,
            "href": href,
            "help": str(field.help) if field.help else None,
            "wide": field.kind == "prose" or (field.length or 0) >= 300,
        }

    def _clocks(self, record: Any) -> list[dict[str, Any]]:
        drawn = []
        for clock in clocks.clocks_of(db.session, record):
            late = clock.state == clocks.RUNNING and clock.due_at < now()
            rule = cells.moment_text(clock.started_at)
            unit = str(clocks.UNIT_LABELS.get(clock.unit, _("as stated")))
            lines = [
                _("Starts %(at)s", at=rule),
                _("Limit: %(amount)s %(unit)s", amount=clock.amount.rstrip("0").rstrip("."), unit=unit)
                if clock.unit != "stated"
                else _("Limit stated in the instruction"),
                _("Ends %(at)s", at=cells.moment_text(clock.due_at)),
            ]
            drawn.append(
                {
                    "label": str(record.flow.clocks[clock.stage].label),
                    "due_text": _("Due %(at)s", at=cells.moment_text(clock.due_at)),
                    "remaining_text": _("Overdue") if late else None,
                    "state": "missed" if late else clock.state,
                    "tone": "bad" if late else None,
                    "sum": lines,
                    "source": clock.source,
                }
            )
        return drawn

    def _children(self, record: Any, about: Children) -> dict[str, Any]:
        relation = inspect(self.model).relationships[about.relation]
        child = relation.mapper.class_
        fields = fields_of(child)
        if not access.current().may("read", child.kind_name) and child in VIEWS:
            return {
                "title": str(child.label_plural),
                "id": about.relation,
                "columns": [],
                "rows": [],
                "empty_text": _("Not for your role"),
            }
        back = getattr(child, fields[about.back].column)
        query = select(child).where(back == record.id).order_by(child.id).limit(about.most + 1)
        rows = list(db.session.scalars(query.options(*records.references(child, about.columns))))
        view = VIEWS.get(child)
        more = None
        if len(rows) > about.most and view is not None and about.back in view.filters:
            more = {"href": url_for(f"{view.__name__}.listing", **{about.back: record.id}), "text": _("Show all")}
        return {
            "title": str(child.label_plural),
            "id": about.relation,
            "columns": [cells.column(fields[name]) for name in about.columns],
            "rows": [self._row(row, about.columns) for row in rows[: about.most]],
            "more": more,
            "empty_text": _("Nothing here yet"),
        }

    def _history(self, record: Any) -> list[dict[str, Any]]:
        flow = getattr(record, "flow", None)
        columns = {field.column: field for field in self.fields.values()}
        names = {"add": _("Added"), "change": _("Changed"), "import": _("Imported")}
        drawn = []
        for entry in history.entries_of(db.session, record):
            step = flow.steps.get(entry.action) if flow else None
            who = (
                _("%(actor)s for %(absent)s", actor=entry.actor_name, absent=entry.acting_for)
                if entry.acting_for
                else entry.actor_name
            )
            drawn.append(
                {
                    "at_text": cells.moment_text(entry.at),
                    "who": who,
                    "action": str(step.label) if step else names.get(entry.action, entry.action),
                    "reason": entry.reason,
                    "changes": [
                        self._change(columns[name], *pair) for name, pair in entry.fields.items() if name in columns
                    ]
                    if entry.action not in ("add", "import")
                    else [],
                }
            )
        return drawn

    def _change(self, field: Field, before: Any, after: Any) -> dict[str, str]:
        def words(value: Any) -> str:
            if value is None:
                return ""
            if field.kind == "reference":
                found = records.find(db.session, field.target, value)  # type: ignore[arg-type]
                return str(found) if found is not None else ""
            return cells.text_of(field, field.clean(value))

        return {"label": str(field.label), "before": words(before), "after": words(after)}
