"""Whatever is typed into an address, a form or a program: a plain refusal at worst, and never a word of the inside.

The sweep puts every evil value into every place of the requests to one kind of record that has everything, and to the
pages of the house. The fuzz combines them at random at the doors of every kind; its seed is fixed, so a failure comes
again, made as small as can be. `FUZZ_REQUESTS` says how many requests are made altogether, half of them by each.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import chain, islice, product
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule

from app.engine import access
from app.engine.fields import Field
from app.engine.frames import REPORTS
from app.engine.paper.description import FORMS
from app.extensions import db
from app.menu import VIEWS
from tests.conftest import bearer, sign_in
from tests.safety import probing as doors
from tests.safety import samples
from tests.safety.declared import family
from tests.safety.evil import EVIL, FILES, INSIDE, JSON_EVIL, RAW, asked, plausible, quoted, sendable, upload
from tests.safety.samples import cookie_free

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "4000"))
#: Rounds of the sweep, and how many requests it would make if it left none out.
ROUNDS, WHOLE = 4, 32_000
HOUSE = "the house"
PARTS = [*(view.model.kind_name for view in VIEWS), HOUSE]
#: Has a flow, lines, references, figures, moments and choices.
RICHEST = "orders"
#: Nobody would be signed in any more.
SPARED = {"SignInView.logout"}
PLACES = {
    "pk": "1", "attachment": "1", "name": "hold", "suffix": "csv", "form": next(iter(FORMS))[0], "version": "v1",
    "filename": "x",
}  # fmt: skip
#: What an address, a form and a program may say beside the fields.
QUERY = (
    "q",
    "sort",
    "page",
    "page_size",
    "view",
    "from",
    "to",
    "of",
    "by",
    "figure",
    *sorted({one.name for about in REPORTS.values() for one in about.parameters}),
    "next",
    "_l_",
    "_flt_0_id",
    "page_OrderView",
)
FORM = ("version", "form_key", "id", "state", "next", "language", "username", "password", "action", "csrf_token",
        "order_lines-0-product", "order_lines-0-quantity", "order_lines-0-id", "order_lines-²-price", "order_lines-")  # fmt: skip

Request = tuple[str, str, dict[str, Any]]


def routes(app: Flask, part: str) -> list[tuple[Rule, Any, str]]:
    """The routes of a kind's pages, of its API and of its files, method by method; those of no kind are the house's."""
    found = []
    for rule in doors.rules(app):
        model = family(app, rule)[1]
        kind = model.kind_name if model else HOUSE
        if rule.endpoint not in SPARED and (kind == part or (part != HOUSE and "kind" in rule.arguments)):
            methods = sorted(set(rule.methods or ()) - {"HEAD", "OPTIONS"})
            found += [(rule, doors.KINDS.get(part), method) for method in methods]
    return found


def address(rule: Rule, part: str, **places: str) -> str:
    filled = {**PLACES, "kind": part, **({"name": "overdue.json"} if part == HOUSE else {}), **places}
    return doors.PLACE.sub(lambda place: quoted(filled.get(place[1], "1")), rule.rule)


def body(rule: Rule, method: str, fields: dict[str, Field], odd: dict[str, Any]) -> dict[str, Any]:
    """What is sent to a writing route: a form or JSON as it might be filled in, `odd` over it."""
    if method == "GET":
        return {}
    form = plausible(fields)
    if rule.rule.startswith("/api/"):
        known = {name: value for name, value in form.items() if name in fields}
        known |= {"version": 1} if method == "PUT" else {}
        known |= {"username": "fuzz", "password": "x", "provider": "db"} if rule.endpoint == "SecurityApi.login" else {}
        return {"data": json.dumps({**known, **odd}), "content_type": "application/json"}
    return {"data": {sendable(name): sendable(str(value)) for name, value in {**form, **odd}.items()}}


def one_of_each_sort(fields: dict[str, Field]) -> list[str]:
    return list({(field.kind, field.required): name for name, field in fields.items()}.values())


def of_reports() -> Iterator[Request]:
    """Every evil value as a parameter of a report, as a figure, and as a group: of one report of each sort."""
    asked_for = [(f"{name}.json", one.name) for name, about in REPORTS.items() for one in about.parameters]
    sorts = {bool(about.tallies): about for about in REPORTS.values() if about.opens_rows and about.groups}
    asked_for += [(f"{about.name}/rows", place) for about in sorts.values() for place in ("figure", about.groups[0])]
    for (where, name), word in product(asked_for, EVIL):
        yield "GET", f"/reports/{where}", {"query_string": {name: sendable(word)}}


def swept(app: Flask, part: str) -> Iterator[Request]:
    """Every evil value in every place, one at a time."""
    for rule, model, method in routes(app, part):
        fields = asked(rule, model, "hold")
        for place, word in (
            (place, word) for place in rule.arguments & PLACES.keys() | rule.arguments & {"kind"} for word in EVIL
        ):
            yield method, address(rule, part, **{place: word}), body(rule, method, fields, {})
        page = rule.endpoint.partition(".")[2]
        if method == "GET" and page in (
            "listing",
            "get_list",
            "lookup",
            "export",
            "add",
            "report",
            "search",
            "login",
            "back",
        ):
            some = one_of_each_sort(fields)
            names = [*QUERY, *some, *(f"{name}__text" for name in some), *(f"{name}_to" for name in some)]
            for name in names if page in ("listing", "get_list", "report", "login") else ("q", "customer", "sort"):
                for word in EVIL:
                    yield method, address(rule, part), {"query_string": {name: sendable(word)}}
        if method == "GET":
            continue
        if rule.rule.startswith("/api/"):
            for name in (
                *one_of_each_sort(fields),
                "version",
                "order_lines",
                *(() if model else ("username", "password", "provider")),
            ):
                for value in (*EVIL, *JSON_EVIL):
                    yield method, address(rule, part), body(rule, method, fields, {name: value})
            for raw in RAW:
                yield method, address(rule, part), {"data": raw, "content_type": "application/json"}
            for word in EVIL:
                key = sendable(word).encode().decode("latin-1").translate(dict.fromkeys(range(32)))
                yield (
                    method,
                    address(rule, part),
                    {**body(rule, method, fields, {}), "headers": {"Idempotency-Key": key}},
                )
        elif page in ("take_in", "upload"):
            for word in EVIL:
                yield method, address(rule, part), upload(word, b"name\nx\n")
            for raw in FILES:
                yield method, address(rule, part), upload("x.csv", raw)
                yield method, address(rule, part), upload("x.xlsx", raw)
        else:
            for name in (*FORM, *(f"{name}__text" for name in one_of_each_sort(fields))):
                for word in EVIL:
                    yield method, address(rule, part), body(rule, method, fields, {name: word})


words = st.one_of(st.sampled_from(EVIL), st.text(max_size=30), st.integers().map(str), st.decimals().map(str))
values = st.one_of(words, st.sampled_from(JSON_EVIL), st.floats(), st.lists(words, max_size=3))


@st.composite
def made_up(draw: st.DrawFn, app: Flask, part: str) -> Request:
    """A request to a route of a part, with up to three evil places at once."""
    rule, model, method = draw(st.sampled_from(routes(app, part)))
    flow = getattr(model, "flow", None)
    steps = list(flow.steps) if flow else [f"{name}{end}" for name in REPORTS for end in ("", ".json", ".csv", ".xlsx")]
    name = draw(st.one_of(st.sampled_from(steps), words))
    fields = asked(rule, model, name)
    where = address(rule, part, name=name, pk=draw(st.one_of(st.sampled_from("123456789"), words)))
    ends = [f"{one}{end}" for one in fields for end in ("", "_to", "__text")]
    query = draw(st.dictionaries(st.sampled_from([*QUERY, *ends]), words, max_size=2))
    sent = {"query_string": {key: sendable(value) for key, value in query.items()}}
    if method != "GET":
        odd = draw(st.dictionaries(st.one_of(st.sampled_from([*FORM, *ends]), words), values, max_size=3))
        sent |= body(rule, method, fields, odd)
        if rule.endpoint.endswith((".take_in", ".upload")):
            sent |= upload(draw(words), draw(st.one_of(st.sampled_from(FILES), st.binary(max_size=60))))
    return method, where, sent


class Visitor:
    """The office manager at a browser and with a program; counts, and fails at the first wrong answer."""

    def __init__(self, app: Flask):
        self.browser, self.program, self.token = sign_in(app, "office"), cookie_free(app), bearer(app, "office")
        self.count = 0

    def send(self, requests: Iterable[Request]) -> None:
        for method, where, sent in requests:
            self.count += 1
            client: Any = self.browser
            if where.startswith("/api/"):
                client, sent = self.program, {**sent, "headers": {**sent.get("headers", {}), **self.token}}
            answer = client.open(where, method=method, **sent)
            text = answer.get_data().decode("utf-8", "replace")
            answer.close()
            assert answer.status_code < 500, (answer.status_code, method, where, sent)
            assert not (found := INSIDE.search(text)), (found, method, where, sent)


@pytest.fixture(scope="module")
def visitor(crowd: Flask) -> Visitor:
    """Signed in once, before anything evil is tried at the sign-in itself."""
    return Visitor(crowd)


def fuzz(app: Flask, visitor: Visitor, part: str, count: int) -> int:
    before = visitor.count

    @seed(PARTS.index(part))
    @settings(max_examples=max(1, count // 5), deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.lists(made_up(app, part), min_size=5, max_size=5))
    def send(batch: list[Request]) -> None:
        visitor.send(batch)

    send()
    return visitor.count - before


def sweep(app: Flask, visitor: Visitor, start: int, every: int) -> int:
    before = visitor.count
    visitor.send(islice(chain(of_reports(), *(swept(app, part) for part in (RICHEST, HOUSE))), start, None, every))
    return visitor.count - before


@pytest.mark.parametrize("part", PARTS)
def test_no_request_breaks_the_house(crowd, visitor, part, record_property):
    record_property("fuzz requests on SQLite", fuzz(crowd, visitor, part, REQUESTS // 2 // len(PARTS)))


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_no_evil_value_breaks_any_place(crowd, visitor, turn, record_property):
    apart = max(WHOLE // (REQUESTS // 2), 1)
    record_property("fuzz requests on SQLite", sweep(crowd, visitor, turn * apart, ROUNDS * apart))


def test_no_request_breaks_the_house_on_postgresql(postgres_app, record_property):
    """Which refuses what SQLite lets pass: NUL, large whole numbers, negative offsets, a number for a text."""
    with postgres_app.app_context(), access.system():
        samples.furnish(db.session)
        db.session.commit()
        db.session.remove()
    visitor = Visitor(postgres_app)
    sweep(postgres_app, visitor, 7, WHOLE // (REQUESTS // 12))
    for part in PARTS:
        fuzz(postgres_app, visitor, part, REQUESTS // 12 // len(PARTS))
    record_property("fuzz requests on PostgreSQL", visitor.count)
