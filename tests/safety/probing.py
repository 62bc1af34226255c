"""The doors of the running application, read off its routes: addresses with something real in every placeholder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from app.engine.frames import REPORTS
from app.engine.paper.description import FORMS
from app.menu import VIEWS
from tests.safety.declared import family

KINDS = {view.model.kind_name: view.model for view in VIEWS}
#: stands for a step where records go no way at all
NO_STEP = "no_such_step"
PLACE = re.compile(r"<(?:[^:<>]+:)?([^:<>]+)>")
#: What stands in a placeholder that means the same on every route; one nobody knows yet stands for the first of all.
FIXED = {"version": "v1", "filename": {"static": "favicon.svg", "appbuilder.static": "css/ab.css"}}


@dataclass(frozen=True)
class Way:
    """One route with its placeholders filled, all but the record's."""

    rule: Rule
    model: Any
    values: dict[str, str] = field(default_factory=dict)

    @property
    def step(self) -> str:
        return "" if self.rule.endpoint.endswith(".inline") else self.values.get("name", "")

    @property
    def kind(self) -> str:
        return self.model.kind_name if self.model else ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The other kinds that stand on a printed form."""
        pair = self.values.get("form", ""), self.kind
        return FORMS[pair].needs if pair in FORMS else ()

    def address(self, pk: Any = 1, attachment: Any = 1) -> str:
        values = {"pk": str(pk), "attachment": str(attachment), **self.values}
        return PLACE.sub(lambda place: values.get(place[1], "1"), self.rule.rule)


def rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))


def methods(rule: Rule) -> list[str]:
    return sorted(rule.methods or ())


def ways(app: Flask, rule: Rule) -> Iterator[Way]:
    """The route once for every step, report, form of download or kind of record that can stand in its address."""
    name, model = family(app, rule)
    if name.startswith("OfficialView."):
        model = KINDS["outgoing_documents"]
    fixed = FIXED["filename"].get(name, "")  # type: ignore[attr-defined]
    found: list[dict[str, str]] = [{"version": FIXED["version"], "filename": fixed}]  # type: ignore[dict-item]
    choices: dict[str, list[str]] = {"kind": list(KINDS), "suffix": ["csv", "xlsx"]}
    if name == "ReportView.report":
        choices["name"] = [f"{report}{form}" for report in REPORTS for form in ("", ".json", ".xlsx")]
    elif name == "ReportView.rows":
        choices["name"] = [report for report, about in REPORTS.items() if about.opens_rows]
    elif name == "HomeView.trend":
        choices["name"] = ["incoming_papers", "order_funnel"]
    elif name in ("ReportView.keep", "ReportView.make"):
        choices["name"] = ["order_funnel"]
    elif name.endswith(".inline"):
        choices["name"] = [next(view.list_columns[-1] for view in VIEWS if view.model is model)]
    elif flow := getattr(model, "flow", None):
        choices["name"] = list(flow.steps)
    else:
        choices["name"] = [NO_STEP]
    if name.startswith("PrintView."):
        found = [{**found[0], "form": form, "kind": kind} for form, kind in FORMS]
        choices = {}
    if name.startswith(("AccountsView.", "AccountView.")):
        choices["pk"] = ["99999"]  # nobody's: the accounts of the house are needed as they are
    for place in sorted(rule.arguments & choices.keys()):
        found = [{**one, place: value} for one in found for value in choices[place]]
    for values in found:
        yield Way(rule, KINDS[values["kind"]] if "kind" in values else model, values)
