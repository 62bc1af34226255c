"""Reports: their pages with the rows behind each figure, and the same figures as Excel, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Response, abort, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from wtforms import Form, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from app.engine import access, references
from app.engine.asked import Parameter
from app.engine.behind import all_behind
from app.engine.columns import Column, Few, is_figure, stands_for_rows
from app.engine.disclosure import exported, outward
from app.engine.fields import whole
from app.engine.frames import REPORTS
from app.engine.moments import now
from app.engine.periods import period_of
from app.engine.report_answers import Answer, ask, json_value
from app.extensions import db
from app.web import cells
from app.web.download import asked_here, download
from app.web.forms import DateField
from app.web.kind import VIEWS, allowed
from app.web.replica import read_only
from app.web.report_details import named, rows_of
from app.web.report_files import BIG, charted_by, chosen_words, export_of
from app.web.report_mail import MailPages
from app.web.report_runs import RunPages
from reports import sections

#: Rows of a page of what stands behind a figure.
BEHIND = 200
#: Rows of a report on its page; of one book, one year or one paper, which is printed from there.
MOST, BOOK = 500, 5_000


class Line(NamedTuple):
    """A record behind a figure: the moment by which it counts, and what it adds to a sum."""

    record: Any
    at: datetime | None
    worth: Any


class ReportView(RunPages, MailPages, BaseView):
    """All reports at `/reports/<name>`, and the same figures as `.xlsx`, `.csv` and `.json`."""

    route_base = "/reports"
    subject = "reports"

    @expose("/")
    @allowed("read")
    def index(self) -> str:
        found = [
            {
                "label": str(label),
                "reports": [
                    {
                        "title": str(about.title),
                        "description": str(about.basis),
                        "href": url_for("ReportView.report", name=about.name),
                    }
                    for about in members
                    if about.open
                ],
            }
            for label, members in sections()
        ]
        return self.render_template(
            "wenshu/reports.html", sections=found, kept=self.kept(), mailed=self.mailed_to_me(),
            runs=self.recent(),
        )  # fmt: skip

    @expose("/<name>")
    @allowed("read")
    def report(self, name: str) -> Any:
        name, _dot, form = name.partition(".")
        if name not in REPORTS:
            abort(404)
        with read_only() as session, outward() if form else nullcontext():
            answer = ask(session, name, _given())
            if form == "json":
                how = f"json {request.full_path.rstrip('?')}"
                exported(db.session, answer.title, answer.report.name, len(answer.rows), how)
                return Response(as_json(answer), mimetype="application/json")
            if form:
                link = asked_here(url_for("ReportView.report", name=name))
                return download(form, export_of(session, answer, form, link), len(answer.rows))
        return self._page(answer)

    @expose("/<name>/rows")
    @allowed("read")
    def rows(self, name: str) -> str:
        """The records behind one figure: as many as it says, under the rights of whoever looks."""
        about, given = REPORTS.get(name), dict(request.args.items())
        if about is None or not about.opens_rows:
            abort(404)
        figure, page = given.pop("figure", ""), whole(given.pop("page", None)) or 1
        own = [one.name for one in about.parameters]
        period: dict[str, str] = {str(key): given.pop(key) for key in ("from", "to", "by", "of", *own) if key in given}
        found: Sequence[Any]
        with read_only() as session:
            if tally := about.tally(period.get("of")):
                figure = figure or tally.figures[0].name
                query = tally.behind(period_of(period), given, figure)
                count = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
                found, model = session.execute(query.limit(BEHIND).offset((page - 1) * BEHIND)).all(), tally.model
            else:
                answer = ask(session, name, period)
                figure = figure or next((name for rows in answer.behind for name in rows.figures), "")
                model, count, found = _counted(session, answer, given, figure, page)
            column = next(one for one in about.columns if one.name == figure)
            behind = _behind(model, found, column)
        labels = {one.name: one.label for one in about.columns}
        words = [f"{labels[key]}: {about.labels.get(key, {}).get(value, value) or '—'}" for key, value in given.items()]

        def at_page(number: int) -> str:
            return "?" + urlencode({**request.args.to_dict(), "page": str(number)})

        return self.render_template(
            "wenshu/report_rows.html",
            title=str(column.heading),
            about=str(about.title),
            words="；".join(words),
            back=url_for("ReportView.report", name=name) + "?" + urlencode(period),
            count_text=_("%(count)s rows", count=count),
            previous=at_page(page - 1) if page > 1 else None,
            next=at_page(page + 1) if page * BEHIND < count else None,
            **behind,
        )

    def _page(self, answer: Answer) -> str:
        about = answer.report
        query = {key: value for key, value in request.args.items() if value}
        by = request.args.getlist("by")
        if by:
            query["by"] = ",".join(by)

        def href(form: str) -> str:
            return url_for("ReportView.report", name=f"{about.name}.{form}", **query)  # type: ignore[arg-type]

        large = rows_of(answer) > BIG
        most = BOOK if answer.asked else MOST
        homes = {column.name: _home(column) for column in answer.columns}

        return self.render_template(
            "wenshu/report.html",
            report={
                "title": answer.title,
                "running": answer.title if answer.asked else None,
                "basis": str(about.basis),
                "notes": answer.notes,
            },
            form=_parameters(answer),
            columns=[{"name": c.name, "label": c.heading, "kind": _FACES.get(c.kind, "text")} for c in answer.columns],
            rows=[
                {
                    "href": None,
                    "cells": [
                        {
                            "text": words_of(c, spoken[c.name]),
                            "kind": _FACES.get(c.kind, "text"),
                            "href": links.get(c.name)
                            or _narrower(answer, row, query, c)
                            or _found(homes[c.name], row[c.name]),
                        }
                        for c in answer.columns
                    ],
                }
                for spoken, row in zip(answer.spoken[:most], answer.rows, strict=False)
                for links in [_links(answer, row, query)]
            ],
            totals=_totals(answer),
            chosen=[
                {
                    "words": f"{label}: {words}",
                    "name": name,
                    "value": answer.chosen[name],
                    "href": _without(query, name),
                }
                for name, (label, words) in zip(answer.chosen, chosen_words(answer), strict=True)
            ],
            chart=_chart(answer, most) if about.chart else None,
            downloads=[
                {"label": label, "href": href(form)}
                for form, label in (("xlsx", "Excel"), ("csv", "CSV"), ("json", "JSON"))
                if not (large and form == "xlsx")
            ],
            large=large,
            keep=self.keep_form(about.name, str(about.title), query),
            as_of_text=_("As of %(at)s", at=cells.moment_text(now())),
            count_text=_("%(count)s rows", count=len(answer.rows)),
            cut_text=_(
                "These are the first %(most)s rows; the files have all %(count)s.",
                most=f"{most:,}",
                count=f"{len(answer.rows):,}",
            )
            if len(answer.rows) > most
            else None,
            empty_text=_("Please fill in first: %(label)s", label=wanted.label)
            if (wanted := _wanted(answer))
            else _("No rows for this choice"),
        )


def _chart(answer: Answer, most: int) -> dict[str, Any]:
    """What the chart is drawn from: the figure and the groups of the rows on the page, in words."""
    figure, apart = answer.report.chart or "", charted_by(answer)
    [label] = [str(column.heading) for column in answer.columns if column.name == figure]
    rows = [
        {name: str(spoken[name]) for name in apart} | {figure: json_value(row[figure])}
        for spoken, row in zip(answer.spoken[:most], answer.rows, strict=False)
    ]
    return {"apart": apart, "figures": [figure], "labels": {figure: label}, "rows": rows}


def _totals(answer: Answer) -> list[dict[str, str]] | None:
    """The sums below the table, of all rows, also of those the page has no room for: the same as in the workbook."""
    summed = {column.name for column in answer.columns if column.total}
    if not summed or not answer.rows:
        return None
    cells_below = [{"text": "", "kind": _FACES.get(column.kind, "text")} for column in answer.columns]
    for column, cell in zip(answer.columns, cells_below, strict=True):
        if column.name in summed:
            values = [row[column.name] for row in answer.rows if is_figure(row[column.name])]
            cell["text"] = words_of(column, sum(values)) if values else ""
    if answer.columns[0].name not in summed:
        cells_below[0]["text"] = _("Total")
    return cells_below


def _counted(
    session: Session, answer: Answer, key: Mapping[str, str], figure: str, page: int
) -> tuple[Any, int, list[Line]]:
    """Kind, number, and one page of the records behind a figure: record, moment, what it adds unless all add one.

    Without a key they are those of all groups.
    """
    model, lines = answer.look_behind(session, key, figure) if key else all_behind(session, answer, figure)
    plain = bool(lines["worth"].eq(1).all())
    shown = lines[(page - 1) * BEHIND : page * BEHIND]
    query = (
        select(model)
        .where(model.id.in_([int(one) for one in shown["id"]]))
        .options(*references.options(model, model.named_by))
    )
    known = {one.id: one for one in session.scalars(query)}
    told = shown.astype({"at": object}).where(shown.notna(), None).itertuples(index=False, name=None)
    return model, len(lines), [Line(known[pk], at, None if plain else worth) for pk, at, worth in told]


def _behind(model: Any, found: Sequence[Any], column: Column) -> dict[str, Any]:
    """Columns and rows of the records behind a figure, each a link for those who may open it."""
    view = VIEWS.get(model)
    opens = view is not None and access.current().may("read", model.kind_name)
    summed = column if any(row.worth is not None for row in found) else None
    heads = [(str(model.label), "text"), (_("State"), "text"), (_("Counted by"), "moment")]
    if summed is not None:
        heads.append((summed.heading, _FACES.get(summed.kind, "text")))
    rows = []
    for record, at, worth in found:
        texts = [named(record), str(getattr(record, "state_label", "") or ""), cells.moment_text(at) if at else ""]
        if summed is not None:
            texts.append(words_of(summed, worth))
        href = url_for(f"{view.__name__}.show", pk=record.id) if opens and view is not None else None
        rows.append(
            {"href": href, "cells": [{"text": t, "kind": kind} for t, (_h, kind) in zip(texts, heads, strict=True)]}
        )
    return {"columns": [{"name": str(n), "label": h, "kind": k} for n, (h, k) in enumerate(heads)], "rows": rows}


def _links(answer: Answer, row: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, str]:
    """The address of the rows behind each figure of a row, by column."""
    about, by = answer.report, answer.parameters.get("by") or []
    tally = about.tally(answer.parameters.get("of"))
    key = {group: str(row[group] or "") for group in by} if tally is not None else answer.key_of(row)
    base = url_for("ReportView.rows", name=about.name)
    return {
        name: base + "?" + urlencode({**query, **key, "figure": name})
        for name in row
        if (answer.opens(row, name) if tally is None else tally.opens(name) and stands_for_rows(row[name]))
    }


def _narrower(answer: Answer, row: Mapping[str, Any], query: Mapping[str, str], column: Column) -> str | None:
    """The address of the report of one group alone, told apart by what is left to tell them apart by."""
    about, by = answer.report, answer.parameters.get("by") or []
    value = str(row[column.name] or "")
    if not about.tallies or column.name not in by or not value:
        return None
    others = [name for name in by if name != column.name]
    left = [name for name in about.groups if name != column.name and name not in answer.chosen]
    asked = {**query, column.name: value, "by": ",".join(others or left[:1] or by)}
    return url_for("ReportView.report", name=about.name) + "?" + urlencode(asked)


def _home(column: Column) -> str | None:
    """The list in which a column's records are found by number: it bears the name of that number, or of the kind."""
    named = [view for model, view in VIEWS.items() if column.name in (model.natural_key, _SAID.get(model.kind_name))]
    if column.kind in ("date", "moment") or len(named) != 1:
        return None
    may = access.current().may("read", named[0].model.kind_name)
    return url_for(f"{named[0].__name__}.listing") if may else None


#: What reports call the number of a kind, where they do not say so.
_SAID = {"customers": "customer", "products": "product", "orders": "order"}


def _found(home: str | None, value: Any) -> str | None:
    return f"{home}?{urlencode({'q': value})}" if home and value else None


def _without(query: Mapping[str, str], name: str) -> str:
    return "?" + urlencode({key: value for key, value in query.items() if key != name})


_FACES = {
    "integer": "number", "hours": "number", "quantity": "number", "percent": "number", "money": "money",
    "price": "money", "date": "date", "moment": "moment",
}  # fmt: skip


def _given() -> dict[str, str | None]:
    given: dict[str, str | None] = dict(request.args.items())
    if by := [part for part in request.args.getlist("by") if part]:
        given["by"] = ",".join(by)
    return given


def words_of(column: Column, value: Any) -> str:
    """A value of a report as people read it."""
    if value is None:
        return "—" if column.kind == "percent" else ""  # of nothing there is no share
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Few):
        return str(value)
    if column.kind == "moment":
        return cells.moment_text(value)
    if column.kind in ("money", "price"):
        return f"{value:,.2f}"
    if column.kind == "percent":
        return f"{value:.1%}"
    if column.kind == "quantity":
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return f"{value:,.2f}" if column.kind == "hours" else str(value)


def _parameters(answer: Answer) -> Form | None:
    """The form over a report: period, grouping, subject; shown filled with what was asked. None for nothing to ask."""
    about = answer.report
    fields: dict[str, Any] = {} if about.timeless else {"from": DateField(_("From")), "to": DateField(_("To"))}
    labels = {column.name: str(column.label) for column in about.columns}
    if about.subjects:
        fields["of"] = SelectField(_("Of"), choices=[SelectChoice(k, str(v)) for k, v in about.subjects.items()])
    if about.groups:
        fields["by"] = SelectMultipleField(
            _("By"), choices=[SelectChoice(name, labels.get(name, name)) for name in about.groups]
        )
    fields |= {one.name: _field_of(one) for one in about.parameters if one.open}
    return type("Parameters", (Form,), fields)(data=answer.parameters) if fields else None


def _wanted(answer: Answer) -> Parameter | None:
    """What the report is about and was not said: it is typed, so nothing stands for all."""
    missing = (one for one in answer.report.parameters if one.offered is None and one.name not in answer.asked)
    return next(missing, None)


def _field_of(one: Parameter) -> Any:
    if one.offered is None:
        return StringField(str(one.label), render_kw={"maxlength": 100})
    choices = [SelectChoice(choice.key, choice.words) for choice in one.offered(db.session)]
    return SelectField(str(one.label), choices=[SelectChoice("", _("All")), *choices], default="")


def as_json(answer: Answer) -> str:
    """A report as JSON: `report`, `parameters`, `columns`, `rows`, `as_of`."""
    return json.dumps(
        {
            "report": answer.report.name,
            "parameters": answer.parameters,
            "columns": [column.name for column in answer.columns],
            "rows": [{name: json_value(value) for name, value in row.items()} for row in answer.rows],
            "as_of": now().isoformat(),
        },
        ensure_ascii=False,
    )
