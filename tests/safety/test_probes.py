"""Two houses that differ by the papers of side A alone: nobody of side B can tell in which of them they are.

An id that only one house knows is answered as an id that neither knows; lists, searches, counts, exports, reports and
the pages of other records are the same in both to the last letter. The strangers have every right on every kind, so
that row access alone stands between them and the papers. Not a leak by decision: a number that has to be unique is
refused as taken also where its owner is hidden.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import select

from app.engine import access, moments
from app.engine.fields import Field, fields_of
from app.engine.frames import REPORTS
from app.extensions import db
from app.menu import VIEWS
from models.files import Attachment
from seed.roles import ROLES
from tests.conftest import actors_of
from tests.safety import probing as doors
from tests.safety.conftest import copy_of
from tests.safety.declared import OPEN, PRIVATE, STRANGERS, family
from tests.safety.evil import upload
from tests.safety.samples import MARKS, TEXTS
from tests.safety.twins import MISSING, Stranger

MARK = MARKS["a"]
WORDS = (MARK, MARK[:2], MARKS["b"])


@pytest.fixture(scope="module")
def apps(houses: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Flask]]:
    """The house without and the one with the papers, at the same moment, every right given to every role."""
    found = [copy_of(houses, name, tmp_path_factory.mktemp(name)) for name in ("without", "full")]
    access.configure({role: {"*": frozenset("*")} for role in ROLES})
    for app in found:
        app.config["FAB_ROLES"].update({role: [[".*", ".*"]] for role in ROLES})
    moments.configure(str(moments.office_zone()), moments.now())
    yield (found[0], found[1])
    moments.configure(str(moments.office_zone()))
    access.configure(ROLES)
    for app in found:
        with app.app_context():
            db.engine.dispose()


def at_both(account: str, apps: tuple[Flask, Flask], houses: Path) -> Stranger:
    hidden = json.loads((houses / "hidden.json").read_text())
    return Stranger(apps, account, {kind: hidden[kind] for kind in sorted(STRANGERS[account])})


@pytest.fixture(params=STRANGERS)
def passer_by(request: pytest.FixtureRequest, apps: tuple[Flask, Flask], houses: Path) -> Stranger:
    """Somebody from whom some kinds of paper of side A are hidden."""
    return at_both(request.param, apps, houses)


@pytest.fixture(params=["head_b", "sales_b"])
def stranger(request: pytest.FixtureRequest, apps: tuple[Flask, Flask], houses: Path) -> Stranger:
    """Somebody from whom all of side A is hidden: who leads the other department, and who sells to other customers."""
    return at_both(request.param, apps, houses)


def rows(app: Flask, actor: str | None, query: Any) -> list[Any]:
    """What a query finds for an account, or for the house itself."""
    with app.app_context():
        try:
            with access.acting_as(actors_of(db.session)[actor] if actor else access.SYSTEM):
                return [tuple(row) for row in db.session.execute(query)]
        finally:
            db.session.remove()


def test_every_kind_is_declared_open_or_private():
    assert doors.KINDS.keys() == OPEN | PRIVATE


def test_no_query_of_a_stranger_finds_a_paper_of_the_other_side(passer_by):
    found = {
        kind: {key for (key,) in rows(passer_by.apps[1], passer_by.account, select(doors.KINDS[kind].id))} & set(keys)
        for kind, keys in passer_by.unseen.items()
    }
    assert found == {kind: set() for kind in found}


def test_no_door_to_one_record_tells_a_hidden_one_from_a_missing_one(passer_by, record_property):
    app = passer_by.apps[1]
    held = rows(app, None, select(Attachment.record_kind, Attachment.record_id, Attachment.id))
    files = {(kind, key): pk for kind, key, pk in held}
    for rule in doors.rules(app):
        page = family(app, rule)[0].startswith("<RecordView>")
        for way in doors.ways(app, rule) if "pk" in rule.arguments else ():
            for method in set(doors.methods(rule)) - {"OPTIONS", "HEAD"} if way.kind in passer_by.unseen else ():
                sent: dict[str, Any] = {}
                if method != "GET":
                    sent = {"data" if page else "json": {"version": 1, "reason": "x"}}
                if rule.endpoint == "FileView.upload":
                    sent = upload("x.txt", b"words")
                passer_by.by_id(method, way, sent, files)
    record_property("probes by id", passer_by.probes)
    assert passer_by.leaks == []


def test_a_file_is_no_way_round_its_record(stranger, record_property):
    """The address of a record one may see, with the file of one that is hidden."""
    app = stranger.apps[1]
    held = rows(app, None, select(Attachment.record_kind, Attachment.record_id, Attachment.id))
    papers = [pk for kind, key, pk in held if key in stranger.unseen.get(kind, [])[:1]]
    for number, kind in enumerate(doors.KINDS):
        own = rows(app, stranger.account, select(doors.KINDS[kind].id).limit(1))
        for (key,), paper in product(own, papers[number % 2 :: 2]):
            stranger.both("GET", f"/files/{kind}/{key}/{paper}")
    record_property("probes by id", stranger.probes)
    assert papers
    assert stranger.leaks == []


def names_of(stranger: Stranger, kind: str) -> list[tuple[int, str]]:
    """The key of a hidden record of a kind, with the names by which a form or a sheet would mean them."""
    model = doors.KINDS[kind]
    keys = stranger.unseen.get(kind, [])[:1]
    known = [name for name in (model.natural_key, *model.also_known_by) if name]
    query = select(model.id, *(getattr(model, name) for name in known)).where(model.id.in_(keys))
    return [(row[0], name) for row in rows(stranger.apps[1], None, query) for name in row[1:] or [""]]


def questions(stranger: Stranger, about: Field) -> Iterator[dict[str, str]]:
    """What can be asked of one field of a list, hidden values among it."""
    if about.target is not None:
        for key, name in names_of(stranger, about.target.kind_name) or [(MISSING, "")]:  # type: ignore[attr-defined]
            yield {about.name: str(key)}
            yield {about.name: "", f"{about.name}__text": name}
    elif about.kind in ("date", "moment"):
        day = moments.today().isoformat()
        yield {about.name: day, f"{about.name}_to": day}
    elif about.kind in ("choice", "flag"):
        yield {about.name: next(iter(about.choices or "1"))}  # the papers have the first choice everywhere
    else:
        yield {about.name: f"{MARK}0{about.name}"[: about.length] if about.kind in TEXTS else "1"}


def test_lists_and_exports_know_nothing_of_hidden_rows(stranger, record_property):
    for view in VIEWS:
        fields = fields_of(view.model)
        base = f"/{view.__name__.lower()}"
        asked: list[dict[str, str]] = [{}, *({"q": words} for words in WORDS)]
        asked += [one for name in view.filters for one in questions(stranger, fields[name])]
        asked += [{"view": name} for name in ("mine", "open", "late") if hasattr(view.model, "flow")]
        asked += [{"view": one.name} for one in getattr(view.model, "quick_views", ())]
        for query in stranger.share(asked):
            stranger.both("GET", f"{base}/export.csv?{urlencode(query)}")
        for query in asked[:4] + stranger.share(asked[4::2]):
            stranger.both("GET", f"{base}/list/?{urlencode(query)}")
        sortable = [name for name in view.list_columns if fields[name].kind not in ("reference", "prose", "rich")]
        stranger.both("GET", f"{base}/list/?sort=-{sortable[0]}")
        stranger.both("GET", f"{base}/export.xlsx")
    record_property("probes of lists, searches and figures", stranger.probes)
    assert stranger.leaks == []


def test_searches_counts_and_reports_know_nothing_of_hidden_rows(stranger, record_property):
    for number, view in enumerate(VIEWS):
        kind, fields = view.model.kind_name, fields_of(view.model)
        for words in stranger.share(["", *WORDS][:: 1 if number % 2 else -1]):
            stranger.both("GET", f"/{view.__name__.lower()}/lookup?{urlencode({'q': words})}")
            stranger.both("GET", f"/api/v1/{kind}/?{urlencode({'q': words, 'page_size': 100})}")
        asked = [(about.name, query) for about in fields.values() for query in questions(stranger, about)]
        for name, query in stranger.share(asked):
            stranger.both("GET", f"/api/v1/{kind}/?{urlencode({name: next(filter(None, query.values()), '')})}")
    for words in WORDS:
        stranger.both("GET", f"/search?{urlencode({'q': words})}")
    stranger.both("GET", "/")
    for name, about in REPORTS.items():
        for of, by in stranger.share(list(product(about.subjects or [""], about.groups or [""]))):
            stranger.both("GET", f"/reports/{name}.json?{urlencode({'of': of, 'by': by})}")
        for form in ("", ".csv", ".xlsx", *(["/rows"] if about.opens_rows else [])):
            stranger.both("GET", f"/reports/{name}{form}")
    record_property("probes of lists, searches and figures", stranger.probes)
    assert stranger.leaks == []


def test_other_records_show_nothing_of_hidden_ones(stranger, record_property):
    """Related lists, history, forms: whatever a page of one record can show of another."""
    app = stranger.apps[1]
    for rule in doors.rules(app):
        for way in doors.ways(app, rule) if "pk" in rule.arguments and "GET" in (rule.methods or ()) else ():
            if way.model is None:
                continue  # an account's page, which the matrix tries
            for (key,) in rows(app, stranger.account, select(way.model.id).order_by(way.model.id.desc()).limit(2)):
                stranger.both("GET", way.address(key))
    record_property("probes of other records", stranger.probes)
    assert stranger.leaks == []


def references(stranger: Stranger, model: Any) -> Iterator[tuple[str, int, str]]:
    """The fields by which a record of `model` can refer to a hidden one, with its key and a name of it."""
    for about in fields_of(model).values():
        for key, name in names_of(stranger, about.target.kind_name) if about.target else ():  # type: ignore[attr-defined]
            yield about.name, key, name


def test_nobody_can_refer_to_a_hidden_record(stranger, record_property):
    """By form, API and sheet, by key and by name: a hidden record is one that does not exist."""
    for view in VIEWS:
        base, api = f"/{view.__name__.lower()}", f"/api/v1/{view.model.kind_name}/"
        own = rows(stranger.apps[1], stranger.account, select(view.model.id, view.model.version).limit(1))
        for field, key, name in stranger.share(list(references(stranger, view.model))):
            stranger.both("GET", f"{base}/add?{urlencode({field: key})}")
            stranger.both("POST", f"{base}/import", **upload("x.csv", f'{field}\n"{name}"\n'.encode()))
            for data in ({field: str(key)}, {field: "", f"{field}__text": name}):
                stranger.both("POST", f"{base}/add", data=data)
                for pk, version in own:
                    stranger.both("POST", f"{base}/edit/{pk}", data={"version": version, **data})
            for value in (key, str(key), name):
                stranger.both("POST", api, json={field: value})
                for pk, version in own:
                    stranger.both("PUT", f"{api}{pk}", json={"version": version, field: value})
    record_property("probes of other records", stranger.probes)
    assert stranger.leaks == []
