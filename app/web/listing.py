"""The list of one kind of record: words, filters, order, page by page; and the lookup behind its pickers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import jsonify, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, case, func, or_, select

from app.engine import access, constraints, finding, references, searching
from app.engine import record as records
from app.engine.disclosure import guarded, known_content, learn
from app.engine.fields import Field
from app.engine.moments import at_office, now, parse_date
from app.extensions import db
from app.web import cells, forms, paging
from app.web.aged import lately
from app.web.kind import LOOKUPS, BadRequest, KindPages, allowed
from app.web.paging import PLACES, Place, Sorting
from app.web.replica import read_only

#: So many records of a list are counted, and so many of the newest are looked through for them; to count further
#: would take longer than to show the page.
COUNTED, LOOKED_THROUGH = 1_000, 20_000
#: So many records may be changed together.
TOGETHER = 500
#: Seconds for which somebody who turns the pages of a list with more records than that is not counted them again.
MANY_FOR = 60


@dataclass(frozen=True)
class Count:
    """How many rows a list has, as far as they were counted; `at_least`: there may be older ones."""

    number: int
    at_least: bool = False

    @property
    def is_many(self) -> bool:
        """Whether there are more than are counted."""
        return self.number > COUNTED

    @property
    def text(self) -> str:
        if self.is_many:
            return _("More than %(count)s", count=f"{COUNTED:,}")
        if self.at_least:
            return _("At least %(count)s", count=self.number)
        return _("%(count)s in all", count=self.number)


class ListPages(KindPages):
    """`/<view>/list/` and `/<view>/lookup`."""

    @expose("/list/")
    @allowed("read")
    def listing(self) -> str:
        with read_only() if _words() else nullcontext(db.session) as session:
            return self._listing(session)

    def _listing(self, session: Any) -> str:
        query, chosen = self._chosen()
        place = paging.place()
        drawn = query.options(*references.options(self.model, self.drawn(*self.list_columns)))
        rows, earlier, later = place.rows(session, drawn, self._order())
        total = self._count(session, query) if earlier or later else Count(len(rows))
        shown = rows if earlier else self._foremost(session, drawn, rows)
        learn(session, shown)
        names = self.columns
        return self._page(
            "list",
            view={
                "title": str(self.model.label_plural),
                "href_add": self._url("add") if self._may("add") else None,
                "add_label": _("New"),
                "href_import": self._url("take_in") if self._may("import") else None,
                "exports": [
                    {"label": label, "href": self._url("export", suffix=suffix, **_args(without=PLACES))}
                    for suffix, label in (("xlsx", "Excel"), ("csv", "CSV"))
                ]
                if self._may("export")
                else [],
            },
            inline=sorted(getattr(self, "inline_fields", ())),
            bulk=self._bulk_ways(total) if rows and self._may("edit") else None,
            views=self._quick_views(),
            filters=chosen,
            keep=[(name, value) for name, value in request.args.items() if name in ("sort", "view")],
            q=request.args.get("q", ""),
            columns=self._heads(names),
            rows=self._rows(shown, names),
            count_text=total.text,
            pager=self._pager(place, rows, earlier, later),
            empty=self._empty(),
        )

    def _bulk_ways(self, total: Count) -> dict[str, str | None]:
        """Where ticked rows go to be changed together, and where all that match go, unless they are too many."""
        every = self._url("bulk", **_args(without=(*PLACES, "sort"))) if total.number <= TOGETHER else None
        return {"href": self._url("bulk"), "all_href": every, "all_label": _("All: %(what)s", what=total.text)}

    def _chosen(self) -> tuple[Any, list[dict[str, Any]]]:
        """The list's query under the filters of the address, and the filters as the page draws them."""
        query = searching.matching(select(self.model), self.model, request.args.get("q", ""))
        drawn = []
        filters = [name for name in self.filters if name in self.fields]
        for name in filters:
            field = self.fields[name]
            condition, picture = self._filter(field)
            drawn.append(picture)
            if condition is not None:
                query = query.where(guarded(self.model, name, condition))
        view = request.args.get("view")
        if view:
            conditions = self._view_conditions()
            if view not in conditions:
                raise BadRequest(_("There is no such view of this list."))
            query = query.where(conditions[view]())
        known = {*filters, *(f"{n}_to" for n in filters), *(f"{n}__text" for n in filters)}
        if unknown := set(request.args) - known - {"q", "sort", "view", *PLACES}:
            raise BadRequest(_("This list cannot be filtered by “%(name)s”.", name=sorted(unknown)[0][:40]))
        return query, drawn

    def _in_words(self, drawn: list[dict[str, Any]]) -> list[tuple[str, str]]:
        """The filters as they are drawn, as people would say them: label and words."""
        said = [(picture["label"], words) for picture in drawn if (words := _said(picture))]
        if words := request.args.get("q", "").strip():
            said.append((_("Search"), words))
        if view := request.args.get("view"):
            names = {"mine": _("Waiting for me"), "open": _("Open"), "late": _("Overdue")}
            names |= {one.name: str(one.label) for one in self.model.quick_views}
            said.append((_("View"), names.get(view, view)))
        return said

    def _filter(self, field: Field) -> tuple[ColumnElement[bool] | None, dict[str, Any]]:
        value = request.args.get(field.name, "").strip()
        column = getattr(self.model, field.column)
        picture: dict[str, Any] = {"name": field.name, "label": str(field.label), "value": value}
        condition: ColumnElement[bool] | None = None
        try:
            if field.kind in ("date", "moment"):
                until = request.args.get(f"{field.name}_to", "").strip()
                picture.update(kind="dates", value_to=until)
                parts = []
                if value:
                    day = parse_date(value)
                    parts.append(column >= (at_office(day) if field.kind == "moment" else day))
                if until:
                    day = parse_date(until)
                    after = at_office(day.fromordinal(day.toordinal() + 1)) if field.kind == "moment" else day
                    parts.append(column < after if field.kind == "moment" else column <= after)
                for part in parts:
                    condition = part if condition is None else condition & part
            elif field.kind == "reference":
                words = request.args.get(f"{field.name}__text")
                picture.update(kind="picker", lookup=url_for(LOOKUPS[field.target]), text=words or "")
                if wanted := forms.picked(field, value, words).strip():
                    found = finding.referred(db.session, field, wanted)
                    picture.update(value=found.id, text=str(found))
                    condition = type(found).meant_by(column, found)
            elif field.kind in ("choice", "flag"):
                picture["kind"] = "choice" if field.kind == "choice" else "bool"
                if field.kind == "choice":
                    picture["choices"] = [(key, str(label)) for key, label in (field.choices or {}).items()]
                if value:
                    condition = column == field.clean(value)
            else:
                picture["kind"] = "text"
                if value:
                    condition = column == field.clean(value)
        except ValueError as error:
            raise BadRequest(f"{field.label}: {error}") from None
        return condition, picture

    def _foremost(self, session: Any, query: Any, rows: list[Any]) -> list[Any]:
        """The rows of the first page, the record that is called just what is looked for before them."""
        if not _words() or request.args.get("sort"):
            return rows
        return searching.foremost(session, query, self.model, _words(), rows)

    def _order(self) -> Sorting:
        wanted = request.args.get("sort") or ("-id" if _words() else self._natural_order())
        name = wanted.removeprefix("-")
        if name != "id" and not (name in self.columns and sortable(self.model, self.fields[name])):
            raise BadRequest(_("This list cannot be sorted by “%(name)s”.", name=name[:40]))
        column, key = getattr(self.model, name), self.model.id
        nullable = name != "id" and self.model.__table__.c[self.fields[name].column].nullable
        if name in self.model.content_fields:  # where a withheld title stands in the order would tell how it begins
            column, nullable = case((known_content(self.model), column), else_=None), True
        return Sorting(key if name == "id" else column, key, wanted.startswith("-"), nullable)

    def _natural_order(self) -> str:
        """As the list always is; one of certain days in their order, in which the index that finds them has them."""
        fields, columns = self.fields, self.columns
        days = (name for name in self.filters if name in columns and fields[name].kind in ("date", "moment"))
        asked = next((name for name in days if request.args.get(name) or request.args.get(f"{name}_to")), None)
        return f"-{asked}" if asked and sortable(self.model, fields[asked]) else self.base_order

    def _count(self, session: Any, query: Any) -> Count:
        """How many rows there are, counted no further than is worth while.

        Of a list as it is, without a filter, only the newest records are looked through: who sees few of a million
        would wait for all of them to be asked.
        """
        asked = _args(without=(*PLACES, "sort"))
        count = partial(self._count_found if asked else self._count_newest, session, query)
        key_of_list = ("list", self.subject, access.current(), frozenset(asked.items()))
        return lately(key_of_list, count, MANY_FOR, lambda one: one.is_many)

    def _count_found(self, session: Any, query: Any) -> Count:
        some = query.with_only_columns(self.model.id).order_by(None).limit(COUNTED + 1).subquery()
        return Count(session.scalar(select(func.count()).select_from(some)) or 0)

    def _count_newest(self, session: Any, query: Any) -> Count:
        key, ids = self.model.id, self.model.__table__.c.id
        first, last = (select(end(ids)).scalar_subquery() for end in (func.min, func.max))
        newest = query.where(key > last - LOOKED_THROUGH)
        some = newest.with_only_columns(key).order_by(None).limit(COUNTED + 1).subquery()
        found, older = session.execute(select(func.count(), last - first >= LOOKED_THROUGH).select_from(some)).one()
        return Count(found, at_least=bool(older))

    def _heads(self, names: list[str]) -> list[dict[str, Any]]:
        """The columns as a table draws them, those that sort the list with the way to do so."""
        fields, kept, heads = self.fields, _args(without=PLACES), []
        now_sorted = request.args.get("sort", "") or ("" if _words() else self._natural_order())
        for name in names:
            head = cells.column(fields[name])
            if sortable(self.model, fields[name]):
                back = now_sorted == name
                head["sorted"] = "asc" if back else "desc" if now_sorted == f"-{name}" else None
                head["sort_href"] = "?" + urlencode({**kept, "sort": f"-{name}" if back else name})
            heads.append(head)
        return heads

    def _pager(self, place: Place, rows: list[Any], earlier: bool, later: bool) -> dict[str, Any]:
        kept = _args(without=PLACES)
        pages = {
            name: "?" + urlencode({**kept, **{key: value for key, value in said.items() if value is not None}})
            if said is not None
            else None
            for name, said in place.addresses(rows, earlier, later).items()
        }
        text = _("Last page") if place.end else _("Page %(number)s", number=place.number) if place.number else ""
        return {**pages, "text": text}

    def _view_conditions(self) -> dict[str, Callable[[], ColumnElement[bool]]]:
        own: dict[str, Callable[[], ColumnElement[bool]]] = {
            one.name: partial(one.condition, self.model, access.current()) for one in self.model.quick_views
        }
        if not hasattr(self.model, "flow"):
            return own
        return {
            "open": self.model.pending,
            "late": lambda: self.model.late(now()),
            "mine": lambda: self.model.waits_for(access.current()),
            **own,
        }

    def _quick_views(self) -> list[dict[str, Any]]:
        flows = hasattr(self.model, "flow")
        if not flows and not self.model.quick_views:
            return []
        active = request.args.get("view", "")
        labels = [("", _("All"))]
        if flows:
            labels += [("mine", _("Waiting for me")), ("open", _("Open")), ("late", _("Overdue"))]
        found = [
            {"label": label, "href": f"?view={name}" if name else "?", "active": name == active}
            for name, label in labels
        ]
        # Where somebody looks for something else, no count tells them what to look at.
        counts = self._counted_views() if not _args(without=(*PLACES, "sort", "view")) else {}
        return [
            *found,
            *(
                {
                    "label": f"{one.label} {counts.get(one.name, '')}".rstrip(),
                    "href": f"?view={one.name}",
                    "active": one.name == active,
                }
                for one in self.model.quick_views
            ),
        ]

    def _counted_views(self) -> dict[str, int]:
        """How many records each of the kind's own views has, all in one query."""
        views = self.model.quick_views
        if not views:
            return {}
        conditions = [one.condition(self.model, access.current()) for one in views]
        columns = (case((condition, 1), else_=0).label(f"v{n}") for n, condition in enumerate(conditions))
        rows = select(*columns).select_from(self.model).where(or_(*conditions)).subquery()
        sums = db.session.execute(select(*(func.sum(column) for column in rows.c))).one()
        return {one.name: int(total or 0) for one, total in zip(views, sums, strict=True)}

    def _empty(self) -> dict[str, Any]:
        if request.args:
            return {
                "title": _("Nothing matches"),
                "hint": _("Change or clear the filters."),
                "href": "?",
                "label": _("Clear"),
            }
        hint = (
            _("Add the first one, or import your ledger.")
            if self._may("add")
            else _("You will see records here once they concern you.")
        )
        href = self._url("add") if self._may("add") else None
        return {"title": _("Nothing here yet"), "hint": hint, "href": href, "label": _("New")}

    @expose("/lookup")
    @allowed("read")
    def lookup(self) -> Any:
        """Up to 20 records that go with the words typed into a picker, as JSON `{results: [{id, text, fills}]}`.

        `fills` is what the choice proposes for other fields of the form: `{field: {value, text, begins}}`.
        """
        words = request.args.get("q", "")
        found = self.model.offered(db.session, words)
        if found is None:
            query = searching.matching(select(self.model), self.model, words)
            found = list(db.session.scalars(query.order_by(self.model.id.desc()).limit(20)))
            found = searching.foremost(db.session, query, self.model, words, found)[:20]
        fills = self.model.fills(db.session, found)
        return jsonify(
            results=[
                {
                    "id": one.id,
                    "text": str(one),
                    "fills": {name: _filled(value) for name, value in fills.get(one.id, {}).items()},
                }
                for one in found
            ]
        )


def _filled(value: Any) -> dict[str, Any]:
    """A proposed value as a form's script puts it in: key and words of a record, or plain text."""
    key = value.id if isinstance(value, records.Record) else value
    return {"value": key, "text": str(value), "begins": isinstance(value, records.Beginning)}


def _said(picture: Mapping[str, Any]) -> str:
    """What one filter asks for, in words; empty where it asks for nothing."""
    value = picture["value"]
    if picture["kind"] == "dates":
        until = picture["value_to"]
        return f"{value or '…'} – {until or '…'}" if value or until else ""
    if picture["kind"] == "picker":
        return picture["text"] if value else ""
    if picture["kind"] == "choice":
        return dict(picture["choices"]).get(value, "")
    if picture["kind"] == "bool" and value:
        return _("No") if value in ("0", "no", "false") else _("Yes")
    return value


def sortable(model: Any, field: Field) -> bool:
    """Whether a list may be sorted by the field: the order of masked numbers would tell them.

    Of a large kind only by what has an index and many values: a million rows of five states would be sorted by key.
    """
    if field.kind in ("reference", "prose", "rich") or field.masked:
        return False
    return not model.large or (field.kind not in ("choice", "flag") and constraints.is_indexed(model, field.column))


def _words() -> str:
    """What the list is searched for."""
    return request.args.get("q", "").strip()


def _args(without: tuple[str, ...] = ()) -> dict[str, str]:
    return {name: value for name, value in request.args.items() if value and name not in without}
