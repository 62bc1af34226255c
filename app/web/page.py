"""The page of one record: its fields, what can be done now, deadlines, related records, files and history."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import bindparam, exists, inspect, literal, select, union_all
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from app.engine import access, bin, history, references
from app.engine import record as records
from app.engine.database import by_key
from app.engine.disclosure import (
    WITHHELD,
    known_fields,
    knows,
    learn,
    learned_with,
    mask,
    revealed,
    value_of,
    withheld,
    withheld_past,
    writable,
)
from app.engine.fields import Field, fields_of, whole
from app.engine.paper import manuscript
from app.engine.refusals import Invalid
from app.extensions import db
from app.web import cells, clocks, forms
from app.web.kind import LOOKUPS, VIEWS, BadRequest, Children, KindPages, allowed
from app.web.trail import action_label, doer_label, done_by


def _open(kind: Any) -> bool:
    """Whether everybody sees every record of a kind."""
    return kind.visible_to.__func__ is access.everyone


def _for_all(field: Field) -> bool:
    """Whether the field refers to a kind of which everybody sees every record."""
    return field.target is not None and _open(field.target)


@cache
def _holding(view: type[RecordPage]) -> Any:
    """The statement that tells which related lists of a record hold anything, asked without the rules of access."""
    parts = []
    for about in view.children:
        child = inspect(view.model).relationships[about.relation].mapper.class_
        back = child.__table__.c[fields_of(child)[about.back].column]
        parts.append(select(literal(about.relation)).where(exists().where(back == bindparam("record"))))
    return union_all(*parts).execution_options(**by_key)


def _learned(query: Any, model: Any) -> list[Any]:
    """The rows of a related list, and whether their content may be known: of some that came with their record."""
    if not model.content_with:
        return list(learned_with(db.session, query, model))
    rows = list(db.session.scalars(query))
    learn(db.session, rows)
    return rows


def _held(record: Any, view: RecordPage) -> set[str]:
    """The related lists of a record that hold anything: most hold nothing, and need not be asked by all their rules."""
    if len(view.children) < 2:
        return {about.relation for about in view.children}
    kind: Any = type(view)
    return set(db.session.connection().scalars(_holding(kind), {"record": record.id}))


#: What is done next stands before what may be done, and that before what ends it.
ORDER = {"primary": 0, "normal": 1, "danger": 2}


def _says(record: Any, field: Field) -> bool:
    """Whether a field is shown: what the house fills in has no place before it has."""
    return not field.derived or value_of(record, field) not in (None, "", False)


class RecordPage(KindPages):
    """`/<view>/show/<pk>`."""

    @expose("/show/<pk>")
    @allowed("read")
    def show(self, pk: str) -> str:
        return self._shown(self._find(pk))

    @expose("/reveal/<pk>", methods=["POST"])
    @allowed("reveal")
    def reveal(self, pk: str) -> str:
        """The page with one masked field in full, this once; who looked is on record."""
        record = self._find(pk)
        field = self.fields.get(request.form.get("field", ""))
        if field is None or not field.masked or field.name in withheld(record):
            raise BadRequest(_("There is nothing to reveal."))
        revealed(db.session, record, field)
        db.session.commit()
        return self._shown(record, in_full=field.name)

    def _shown(self, record: Any, in_full: str = "") -> str:
        from app.web.files import files_of  # it knows the views

        related, _kept = self._loaded(record)
        fields = self.fields
        names = [n for n in self.show_columns or fields if n in fields and n not in ("state", "due_at")]
        items = [self._item(record, fields[name], in_full == name) for name in names if _says(record, fields[name])]
        items += [cells.said(label, words) for label, words in record.counted(db.session)]
        outlook = [cells.said(label, words, tone) for label, words, tone in record.outlook(db.session)]
        flow = getattr(record, "flow", None)
        steps = sorted(flow.allowed(record, access.current()) if flow else [], key=lambda step: ORDER[step.tone])
        drawn = clocks.drawn(record) if flow else []
        return self._page(
            "show",
            record={
                "title": self._title(record),
                "number": str(getattr(record, self.model.natural_key) or "") if self.model.natural_key else "",
                "kind_label": str(self.model.label),
                "state": {"label": record.state_label, "tone": flow.states[record.state].tone} if flow else None,
                "version": record.version,
                "notice": _("Taken over from an older ledger.") if record.taken_over else None,
                "marks": record.marks(),
            },
            steps=[
                {"label": str(s.label), "href": self._url("step", pk=record.id, name=s.name), "tone": s.tone}
                for s in steps
            ],
            href_edit=self._url("edit", pk=record.id) if self._may("edit") else None,
            links=self._links(record),
            sections=[
                {"title": _("Details"), "items": items},
                *([{"title": str(self.model.outlook_title), "items": outlook}] if outlook else []),
            ],
            clocks=drawn,
            warnings=list(dict.fromkeys(words for clock in drawn for words in clock["warnings"])),
            children=[self._children(about, rows, record) for about, rows in related],
            files=files_of(record),
            history=self._history(record),
        )

    def _title(self, record: Any) -> str:
        title = fields_of(self.model).get("title")
        value = value_of(record, title) if title else None
        if value and value is not WITHHELD:
            return str(value)
        number = getattr(record, self.model.natural_key) if self.model.natural_key else None
        return str(record).removeprefix(str(number or "")).strip() or str(record)  # the number stands above it

    def _item(self, record: Any, field: Field, in_full: bool = False) -> dict[str, Any]:
        value = getattr(record, field.name) if in_full else value_of(record, field)
        view = VIEWS.get(field.target) if field.target else None
        href = None
        if view is not None and value not in (None, WITHHELD) and access.current().may("read", field.target.kind_name):  # type: ignore[union-attr]
            href = url_for(f"{view.__name__}.show", pk=value.id)
        return {
            "label": str(field.label),
            "text": cells.words(field, value),
            "reveal": {"href": self._url("reveal", pk=record.id), "field": field.name}
            if field.masked and value not in (None, "", WITHHELD) and not in_full and self._may("reveal")
            else None,
            "kind": field.kind,
            "blocks": manuscript.blocks(value) if field.kind == "rich" and value is not WITHHELD else None,
            "href": href,
            "help": str(field.help) if field.help else None,
            "wide": field.kind in ("prose", "rich") or (field.length or 0) >= 300,
        }

    def _loaded(self, record: Any) -> tuple[list[tuple[Children, list[Any] | None]], list[Any]]:
        """The rows of the related lists, and whom and what everybody may see of all these and the record name.

        The second is asked for once a kind; it has to be kept until the page is drawn, for the session forgets what
        nobody holds.
        """
        knows(record)  # found out before its lines ask for it
        held = _held(record, self)
        related = [(about, self._rows_of(record, about, about.relation in held)) for about in self.children]
        named = [(record, list(fields_of(self.model)))]
        named += [(row, about.columns) for about, rows in related for row in rows or ()]
        keys: dict[Any, set[int]] = {}
        for row, names in named:
            fields = fields_of(type(row))
            for field in (fields[name] for name in names if _for_all(fields[name])):
                if (key := getattr(row, field.column)) is not None:
                    keys.setdefault(field.target, set()).add(key)
        kept = [db.session.scalars(select(target).where(target.id.in_(some))).all() for target, some in keys.items()]
        return related, kept

    def _rows_of(self, record: Any, about: Children, holds: bool) -> list[Any] | None:
        """The rows of one related list and one more than it shows; None for somebody whose role may not read them.

        `holds`: there are any, whoever may see them.
        """
        relation = inspect(self.model).relationships[about.relation]
        child = relation.mapper.class_
        if not access.current().may("read", child.kind_name) and child in VIEWS:
            return None
        fields = known_fields(child)
        columns = [name for name in about.columns if name in fields and not _for_all(fields[name])]
        back = getattr(child, fields[about.back].column)
        query = select(child).where(back == record.id).order_by(*(relation.order_by or (child.id,)))
        query = query.limit(about.most + 1).options(*references.options(child, columns)).execution_options(**by_key)
        rows = _learned(query, child) if holds else []
        if len(rows) <= about.most and about.relation in inspect(record).unloaded:
            set_committed_value(record, about.relation, rows)  # what the steps ask about the lines is here already
        return rows

    def _children(self, about: Children, rows: list[Any] | None, record: Any) -> dict[str, Any]:
        child = inspect(self.model).relationships[about.relation].mapper.class_
        fields = known_fields(child)
        if rows is None:
            return {
                "title": str(about.title or child.label_plural),
                "id": about.relation,
                "columns": [],
                "rows": [],
                "empty_text": _("Not for your role"),
            }
        columns = [name for name in about.columns if name in fields]
        view = VIEWS.get(child)
        more = None
        if len(rows) > about.most and view is not None and about.back in view.filters:
            more = {"href": url_for(f"{view.__name__}.listing", **{about.back: record.id}), "text": _("Show all")}
        return {
            "title": str(about.title or child.label_plural),
            "id": about.relation,
            "columns": [cells.column(fields[name]) for name in columns],
            "rows": self._rows(rows[: about.most], columns),
            "more": more,
            "empty_text": _("Nothing here yet"),
        }

    def _history(self, record: Any) -> list[dict[str, Any]]:
        secret = withheld_past(record)
        columns = {field.column: field for field in self.fields.values() if field.name not in secret}
        drawn = []
        entries = history.entries_of(db.session, record)
        named = self._named(entries, columns)
        for entry, changes in history.told_at_once(entries):
            who = (
                _("%(actor)s for %(absent)s", actor=entry.actor_name, absent=entry.acting_for)
                if entry.acting_for
                else doer_label(entry.actor_name)
            )
            drawn.append(
                {
                    "at_text": cells.moment_text(entry.at),
                    "who": who,
                    "action": action_label(self.model, done_by(entry)),
                    "revert": self._url("revert", pk=record.id, position=entry.position)
                    if entry.action == "change" and self._may("edit") and self._undoable(record, entry)
                    else None,
                    "reason": entry.reason if knows(record) else None,
                    "changes": [
                        self._change(columns[name], named, *pair) for name, pair in changes.items() if name in columns
                    ]
                    if done_by(entry) not in ("add", "import")
                    else [],
                }
            )
        return drawn

    def _undoable(self, record: Any, entry: Any) -> list[str]:
        """The fields of a change that the actor could set back."""
        columns = {field.column: name for name, field in self.fields.items()}
        touched = {columns[name] for name in entry.fields if name in columns}
        return [name for name in writable(record, records.open_fields(self.model)) if name in touched]

    @expose("/revert/<pk>/<int:position>", methods=["POST"])
    @allowed("edit")
    def revert(self, pk: str, position: int) -> Any:
        """Set the fields of one change back to what they were before it."""
        record = self._find(pk)
        entry = history.entry_of(db.session, record, position)
        names = self._undoable(record, entry) if entry is not None and entry.action == "change" else []
        if entry is None or not names:
            raise BadRequest(_("This change cannot be taken back."))
        raw = {name: entry.fields[self.fields[name].column][0] for name in names}
        version = whole(request.form.get("version"))
        with history.act("change", reason=_("Takes back change no. %(number)s", number=position)):
            records.change(db.session, record, raw, names, version=version)
        db.session.commit()
        flash(_("The change is taken back."), "success")
        return redirect(self._url("show", pk=pk))

    def _links(self, record: Any) -> list[dict[str, str]]:
        from app.web.prints import print_links  # it knows the views

        links = print_links(record)
        if bin.deletable(self.model) and self._may("delete"):
            return [*links, {"label": _("Delete"), "href": self._url("delete", pk=record.id)}]
        return links

    @expose("/delete/<pk>", methods=["GET", "POST"])
    @allowed("delete")
    def delete(self, pk: str) -> Any:
        """Ask once, then put the record into the recycle bin."""
        record = self._find(pk)
        errors: list[str] = []
        if not bin.deletable(self.model):
            abort(404)
        if request.method == "POST":
            version = whole(request.form.get("version"))
            try:
                bin.delete(db.session, record, version=version)
                db.session.commit()
                flash(_("In the recycle bin for thirty days: %(record)s", record=str(record)), "success")
                return redirect(self._url("listing"))
            except Invalid as refusal:
                db.session.rollback()
                errors = [sentence for said in refusal.errors.values() for sentence in said]
        form = forms.form_for({}, None, {}, LOOKUPS)
        form.version.data = str(record.version)
        return self._page(
            "form", form=form, title=_("Delete: %(record)s", record=str(record)), sections=None, lines=None,
            intro=_("The record goes to the recycle bin and can be taken back for thirty days."), conflict=None,
            submit_label=_("Delete"), cancel_href=self._url("show", pk=record.id), errors=errors,
        ), 422 if errors else 200  # fmt: skip

    def _named(self, entries: Any, columns: dict[str, Field]) -> dict[Any, dict[int, str]]:
        """What the records are called that the history speaks of, as far as the actor sees them: a query a kind."""
        keys: dict[Any, set[int]] = {}
        for entry in entries:
            for name, pair in entry.fields.items():
                if name in columns and columns[name].kind == "reference" and done_by(entry) not in ("add", "import"):
                    keys.setdefault(columns[name].target, set()).update(key for key in pair if key is not None)
        return {target: self._names(target, found) for target, found in keys.items() if found}

    def _names(self, target: Any, keys: set[int]) -> dict[int, str]:
        """What some records of a kind are called; those everybody may see are not asked for twice in a page."""
        held = db.session.identity_map
        found = {key: held.get(identity_key(target, key)) for key in keys} if _open(target) else {}
        known = {key: str(one) for key, one in found.items() if one is not None}
        missing = keys - known.keys()
        asked = db.session.scalars(select(target).where(target.id.in_(missing))) if missing else ()
        return known | {one.id: str(one) for one in asked}

    def _change(self, field: Field, named: dict[Any, dict[int, str]], before: Any, after: Any) -> dict[str, str]:
        def words(value: Any) -> str:
            if value is None:
                return ""
            if field.kind == "reference":
                return named.get(field.target, {}).get(value, "")
            return cells.text_of(field, mask(value) if field.masked else field.clean(value))

        return {"label": str(field.label), "before": words(before), "after": words(after)}
