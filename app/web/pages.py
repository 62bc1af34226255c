"""Reports, the health of the house, and what the frame of every page asks for."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, abort, current_app, g, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from wtforms import Form, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from app.engine import access
from app.engine.columns import Column
from app.engine.disclosure import exported
from app.engine.frames import REPORTS, Answer, ask, json_value
from app.engine.moments import frozen, now
from app.engine.workbook import Chart
from app.extensions import db
from app.web import cells
from app.web.download import download_table
from app.web.forms import DateField
from app.web.kind import VIEWS, allowed
from app.web.language import locale_code
from app.web.notices import badge
from app.web.signin import role_label


class ReportView(BaseView):
    """All reports at `/reports/<name>`, and the same figures as `.xlsx`, `.csv` and `.json`."""

    route_base = "/reports"
    subject = "reports"

    @expose("/")
    @allowed("read")
    def index(self) -> str:
        cards = [
            {
                "title": str(about.title),
                "description": str(about.basis),
                "href": url_for("ReportView.report", name=about.name),
                "icon": "reports",
            }
            for about in REPORTS.values()
        ]
        return self.render_template("wenshu/reports.html", reports=cards)

    @expose("/<name>")
    @allowed("read")
    def report(self, name: str) -> Any:
        name, _dot, form = name.partition(".")
        if name not in REPORTS:
            abort(404)
        answer = ask(db.session, name, _given())
        if form == "json":
            how = f"json {request.full_path.rstrip('?')}"
            exported(db.session, str(answer.report.title), answer.report.name, len(answer.rows), how)
            return Response(as_json(answer), mimetype="application/json")
        if form:
            chart = answer.report.chart
            return download_table(
                form,
                str(answer.report.title),
                answer.columns,
                answer.spoken,
                what=answer.report.name,
                count=len(answer.rows),
                lines=[(key, str(value)) for key, value in answer.parameters.items() if value],
                notes=[str(answer.report.basis)],
                chart=Chart(answer.columns[0].name, [chart]) if chart and answer.rows else None,
            )
        return self._page(answer)

    def _page(self, answer: Answer) -> str:
        about = answer.report
        query = {key: value for key, value in request.args.items() if value}
        by = request.args.getlist("by")
        if by:
            query["by"] = ",".join(by)

        def href(form: str) -> str:
            return url_for("ReportView.report", name=f"{about.name}.{form}", **query)  # type: ignore[arg-type]

        return self.render_template(
            "wenshu/report.html",
            report={"title": str(about.title), "description": "", "basis": str(about.basis)},
            form=_parameters(answer),
            columns=[{"name": c.name, "label": c.heading, "kind": _FACES.get(c.kind, "text")} for c in answer.columns],
            rows=[
                {
                    "href": None,
                    "cells": [
                        {"text": _words(c, row[c.name]), "kind": _FACES.get(c.kind, "text")} for c in answer.columns
                    ],
                }
                for row in answer.spoken[:500]
            ],
            totals=None,
            chart_href=href("json") if about.chart else None,
            chart={"category": answer.columns[0].name, "values": [about.chart], "kind": "bar"} if about.chart else None,
            downloads=[
                {"label": label, "href": href(form)}
                for form, label in (("xlsx", "Excel"), ("csv", "CSV"), ("json", "JSON"))
            ],
            as_of_text=_("As of %(at)s", at=cells.moment_text(now())),
            count_text=_("%(count)s rows", count=len(answer.rows)),
            empty_text=_("No rows for this choice"),
        )


_FACES = {
    "integer": "number", "hours": "number", "quantity": "number", "percent": "number", "money": "money",
    "price": "money", "date": "date", "moment": "moment",
}  # fmt: skip


def _given() -> dict[str, str | None]:
    given: dict[str, str | None] = dict(request.args.items())
    if by := [part for part in request.args.getlist("by") if part]:
        given["by"] = ",".join(by)
    return given


def _words(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.kind == "moment":
        return cells.moment_text(value)
    if column.kind in ("money", "price"):
        return f"{value:,.2f}"
    if column.kind == "quantity":
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return f"{value:,.2f}" if column.kind == "hours" else str(value)


def _parameters(answer: Answer) -> Form:
    """The form over a report: period, grouping, subject; shown filled with what was asked."""
    about = answer.report
    fields: dict[str, Any] = {"from": DateField(_("From")), "to": DateField(_("To"))}
    labels = {column.name: str(column.label) for column in about.columns}
    if about.subjects:
        fields["of"] = SelectField(_("Of"), choices=[SelectChoice(k, str(v)) for k, v in about.subjects.items()])
    if about.groups:
        fields["by"] = SelectMultipleField(
            _("By"), choices=[SelectChoice(name, labels.get(name, name)) for name in about.groups]
        )
    return type("Parameters", (Form,), fields)(data=answer.parameters)


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


class HealthView(BaseView):
    """Alive, and ready: for the machine that watches the house."""

    route_base = ""

    @expose("/healthz")
    def healthz(self) -> Any:
        return Response("ok\n", mimetype="text/plain")

    @expose("/readyz")
    def readyz(self) -> Any:
        try:
            db.session.execute(text("SELECT version_num FROM alembic_version"))
        except SQLAlchemyError:
            return Response("the database does not answer, or has no schema\n", 503, mimetype="text/plain")
        return Response("ok\n", mimetype="text/plain")


class Surroundings:
    """What the frame of every page asks for: the menu, the person, the languages."""

    @property
    def nav(self) -> list[dict[str, Any]]:
        """The menu, put together once a page: the frame asks for it in many places."""
        actor = access.current()
        drawn = g.get("_nav")
        if drawn is None or drawn[0] is not actor:
            drawn = g._nav = (actor, self._menu(actor))
        return drawn[1]

    def _menu(self, actor: access.Actor) -> list[dict[str, Any]]:
        if actor.id is None:
            return []
        here = (request.endpoint or "").split(".")[0]
        entries = [{"label": _("My work"), "icon": "home", "href": "/", "active": here == "HomeView", "items": []}]
        for section in current_app.config["SECTIONS"]:
            items = [
                *self._pages(section.first, here),
                *(
                    {
                        "label": str(view.model.label_plural),
                        "href": url_for(f"{view.__name__}.listing"),
                        "active": here == view.__name__,
                    }
                    for view in section.views
                    if view.in_menu and actor.may("read", view.model.kind_name)
                ),
                *self._pages(section.pages, here),
            ]
            if items:
                entries.append(
                    {
                        "label": str(section.label),
                        "icon": section.icon,
                        "href": items[0]["href"],
                        "active": any(item["active"] for item in items),
                        "items": items,
                    }
                )
        if actor.may("read", "reports"):
            at = -1 if entries[-1]["icon"] == "admin" else len(entries)
            entries.insert(
                at if at >= 0 else len(entries) - 1,
                {
                    "label": _("Reports"),
                    "icon": "reports",
                    "href": url_for("ReportView.index"),
                    "active": here == "ReportView",
                    "items": [],
                },
            )
        return entries

    def _pages(self, pages: Any, here: str) -> list[dict[str, Any]]:
        return [
            {"label": str(page.label), "href": url_for(f"{page.__name__}.index"), "active": here == page.__name__}
            for page in pages
            if access.current().may("read", page.subject)
        ]

    @property
    def me(self) -> dict[str, Any] | None:
        actor = access.current()
        if actor.id is None:
            return None
        roles = "、".join(str(role_label(role)) for role in sorted(actor.roles)) if actor.roles else ""
        return {
            "name": actor.name,
            "department": actor.department,
            "href": url_for("AccountView.index"),
            "roles_text": roles,
        }

    @property
    def notices(self) -> dict[str, Any] | None:
        return badge()

    @property
    def add_links(self) -> list[dict[str, str]]:
        actor = access.current()
        return [
            {"label": str(model.label), "href": url_for(f"{view.__name__}.add")}
            for model, view in VIEWS.items()
            if actor.id is not None and actor.may("add", model.kind_name)
        ]

    @property
    def locale(self) -> str:
        return locale_code()

    @property
    def languages(self) -> list[dict[str, str]]:
        return [{"code": code, "name": about["name"]} for code, about in current_app.config["LANGUAGES"].items()]

    @property
    def search_href(self) -> str | None:
        return url_for("SearchView.search") if access.current().id is not None else None

    @property
    def office(self) -> str:
        return current_app.config["OFFICE"]

    @property
    def frozen(self) -> str | None:
        moment = frozen()
        return _("The clock of this demonstration stands at %(at)s.", at=cells.moment_text(moment)) if moment else None

    @property
    def language_href(self) -> str:
        return url_for("LanguageView.set")

    @property
    def logout_href(self) -> str:
        return url_for("SignInView.logout")
