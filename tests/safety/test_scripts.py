"""No text comes alive: not on a page of a real browser, not in a spreadsheet; and it is the same text wherever it is read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import quote_plus

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from openpyxl import load_workbook
from sqlalchemy import inspect, select

from app.engine import access, history
from app.engine.csv import TO_GUARD
from app.engine.fields import fields_of
from app.engine.frames import REPORTS
from app.extensions import db
from app.menu import VIEWS
from models.correspondents import Correspondent
from models.customers import Customer
from models.files import Attachment
from models.outgoing import OutgoingDocument
from tests.browsing import Desk, chromium, serving
from tests.conftest import bearer, sign_in
from tests.safety import naughty, samples
from tests.safety import probing as doors
from tests.safety.declared import SEALED, gives
from tests.safety.evil import upload
from tests.safety.samples import TEXTS, cookie_free

EACH = 4
#: No page of XML can hold these, so a workbook leaves them out.
XML_CANNOT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
VIEW = pytest.mark.parametrize(
    "view", [v for v in VIEWS if v.model.kind_name not in SEALED], ids=lambda view: view.__name__
)


def texts_of(model: Any) -> dict[str, int]:
    """The text fields people write, with the characters they take."""
    fields = fields_of(model).values()
    return {
        f.name: min(f.length or 200, 4_000)
        for f in fields
        if f.kind in TEXTS and not f.masked and not (f.name == model.natural_key and f.derived)
    }


class Source:
    """Gives the strings out one after the other, whatever is asked for, so that each comes up in every kind."""

    def __init__(self) -> None:
        self._turn = count()
        self._packs: dict[int, list[str]] = {}

    def text(self, length: int) -> str:
        packs = self._packs.setdefault(length, naughty.packed(length))
        return packs[next(self._turn) % len(packs)]


def free(model: Any, name: str, source: Source, length: int) -> str:
    """The next text that no other record has where there may be only one: a customer's region has made one of it."""
    column = model.__table__.c[name]
    while True:
        text = source.text(length)
        if not column.unique or db.session.scalar(select(column).where(column == text)) is None:
            return text


@pytest.fixture(scope="module")
def written(crowd: Flask) -> Flask:
    """The full house with evil text in every field, in file names, in the history and in the name of who is signed in."""
    source, kinds = Source(), {}
    with crowd.app_context(), access.system():
        side = samples.Side(db.session, "a")
        for kind, model in doors.KINDS.items():
            kinds[kind] = list(db.session.scalars(select(model).order_by(model.id.desc()).limit(EACH)))
        side.made = kinds
        for kind, made in kinds.items():
            for record in made:
                for _round in range(2):
                    with history.act("change"):
                        for name, length in texts_of(doors.KINDS[kind]).items():
                            setattr(record, name, free(doors.KINDS[kind], name, source, length))
                        db.session.flush()
                file = db.session.scalars(
                    select(Attachment).where(Attachment.record_kind == kind, Attachment.record_id == record.id)
                ).first()
                if file is not None:
                    file.name = source.text(255)
        for user in db.session.scalars(select(User).where(User.username == "office")):
            user.first_name = "<img src=x onerror=alert(1)>'\"&"
        db.session.commit()
        db.session.remove()
    return crowd


def keys(app: Flask, model: Any) -> dict[int, dict[str, str]]:
    """The evil records of a kind: key -> field -> text as it is stored."""
    with app.app_context(), access.system():
        found = db.session.scalars(select(model).order_by(model.id.desc()).limit(EACH))
        texts = {record.id: {name: getattr(record, name) for name in texts_of(model)} for record in found}
        db.session.remove()
    return texts


@pytest.fixture(scope="module")
def desk(written: Flask) -> Iterator[Desk]:
    """The office manager at a real browser; it notes every script that runs and every address asked for."""
    with chromium() as browser, serving(written) as address:
        found = Desk(browser, address, "office")
        found.ran = []
        found.page.on("dialog", lambda dialog: answer(found, dialog))
        yield found
        found.context.close()


def answer(desk: Desk, dialog: Any) -> None:
    """A half-filled form is left when asked; every other dialog is a text come alive."""
    if dialog.type == "beforeunload":
        dialog.accept()
    else:
        desk.ran.append(f"{desk.page.url}: {dialog.message}")
        dialog.dismiss()


def look(desk: Desk, address: str = "") -> None:
    """Open a page, or stay, and note whether a text on it has come alive."""
    if address:
        desk.go(address)
    else:
        desk.page.wait_for_load_state()  # what was clicked may have led to another page, half of which is here
    if desk.page.evaluate("typeof ran !== 'undefined'"):
        desk.ran.append(desk.page.url)


def nothing_happened(desk: Desk) -> None:
    """No script ran, no rule against foreign scripts and styles had to step in, nothing was fetched from elsewhere."""
    refused = re.compile(r"status of 4\d\d")  # a page that refuses is an error to the console, too
    happened = (desk.ran, [error for error in desk.errors if not refused.search(error)], desk.foreign)
    desk.ran, desk.errors, desk.foreign = [], [], []
    assert happened == ([], [], [])


def test_the_trap_catches_what_comes_alive(desk):
    """Or the silence of all other pages would say nothing."""
    page = desk.context.new_page()
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.set_content("<p>文枢<script>ran=1; alert(2)</script>")
    assert page.evaluate("ran") == 1
    assert dialogs == ["2"]
    page.close()
    look(desk, "/correspondentview/list/")
    desk.page.evaluate("document.querySelector('main').innerHTML = '<img src=x onerror=ran=1>'")
    desk.page.wait_for_timeout(200)
    assert any("Content Security Policy" in error for error in desk.errors)
    desk.ran, desk.errors, desk.foreign = [], [], []


FORM = """() => Object.fromEntries([...document.querySelector('form.sheet-form').elements]
    .filter((one) => one.name && one.type !== 'checkbox').map((one) => [one.name, one.value]))"""


@VIEW
def test_no_text_comes_alive_on_the_pages_of_a_kind(desk, written, view):
    base = f"/{view.__name__.lower()}"
    look(desk, f"{base}/list/")
    altered = []
    for key, texts in keys(written, view.model).items():
        look(desk, f"{base}/show/{key}")
        if gives("office_manager", "edit", view.model.kind_name):
            look(desk, f"{base}/edit/{key}")
            shown = desk.page.evaluate(FORM)
            altered += [
                (key, name, shown[name], text) for name, text in texts.items() if name in shown and shown[name] != text
            ]
    nothing_happened(desk)
    assert altered == []


def test_no_text_comes_alive_in_search_home_and_reports(desk):
    for words in ("script", "onerror", "<", "ran", '"'):
        look(desk, f"/search?q={words}")
    look(desk, "/")
    for name in REPORTS:
        look(desk, f"/reports/{name}")
    for by in ("customer", "product", "region", "salesperson"):
        look(desk, f"/reports/order_summary?by={by}")
    nothing_happened(desk)


def test_no_text_comes_alive_in_an_address(desk):
    for words in map(quote_plus, naughty.OWN[:30:3]):
        for where in ("/search?q=", "/correspondentview/list/?q=", "/orderview/list/?region=", "/orderview/list/?sort=",
                      "/orderview/list/?customer__text=", "/reports/overdue?from=", "/correspondentview/show/"):  # fmt: skip
            look(desk, where + words)
    nothing_happened(desk)


def test_no_text_comes_alive_on_its_way_through_a_form(desk, written):
    """Typed, refused and shown again, typed and stored: the same text."""
    typed = dict(zip(("name", "short_name", "number_code", "address", "phone"), naughty.packed(60)[3:], strict=False))
    look(desk, "/correspondentview/add")
    for name, text in (typed | {"name": ""}).items():
        desk.page.fill(f"[name={name}]", text)
    desk.page.click("form.sheet-form button[type=submit]")
    look(desk)
    assert {**desk.page.evaluate(FORM), "name": typed["name"]} | typed == {
        **desk.page.evaluate(FORM),
        "name": typed["name"],
    }
    desk.page.fill("[name=name]", typed["name"])
    desk.page.click("form.sheet-form button[type=submit]")
    look(desk)
    with written.app_context(), access.system():
        stored = db.session.scalars(select(Correspondent).order_by(Correspondent.id.desc())).first()
        assert {name: getattr(stored, name) for name in typed} == typed
        db.session.remove()
    nothing_happened(desk)


def test_no_text_comes_alive_in_the_editor(desk, written):
    """The policy would stop it; what reads the text leaves nothing for it to stop."""
    for key in keys(written, OutgoingDocument):
        look(desk, f"/outgoingdocumentview/edit/{key}")
        if desk.page.locator(".is-editor").count():
            break
    for text in naughty.packed(4_000):
        with written.app_context(), access.system():
            db.session.get(OutgoingDocument, key).body = text
            db.session.commit()
            db.session.remove()
        look(desk, f"/outgoingdocumentview/edit/{key}")
        assert desk.page.locator(".is-editor").count()
    nothing_happened(desk)


def test_no_text_comes_alive_in_what_an_import_finds_wrong(desk):
    rows = [["name", "absent_from", "deputy"], *(["", text, text] for text in naughty.OWN[:40])]
    sheet = io.StringIO()
    csv.writer(sheet).writerows(rows)
    for raw in (sheet.getvalue(), "<img src=x onerror=ran=1>,b\n1,2\n"):
        look(desk, "/personview/import")
        file = {"name": "<img src=x onerror=ran=1>.csv", "mimeType": "text/csv", "buffer": raw.encode()}
        desk.page.set_input_files("input[type=file]", file)
        desk.page.locator("main form button[type=submit]").first.click()
        look(desk)
        assert "onerror=ran=1" in desk.page.inner_text("main")
    nothing_happened(desk)


def test_no_suggestion_of_a_picker_comes_alive(desk, written):
    with written.app_context(), access.system():
        db.session.scalars(select(Customer).order_by(Customer.id)).first().name = "<script>ran=1</script>"
        db.session.commit()
        db.session.remove()
    look(desk, "/orderview/add")
    desk.page.fill("[name=customer__text]", "script")
    desk.page.locator("#customer-list [role=option]").first.wait_for()
    assert "<" in desk.page.inner_text("#customer-list")
    look(desk)
    nothing_happened(desk)


@VIEW
def test_a_program_reads_the_same_text(written, view):
    program, token = cookie_free(written), bearer(written, "office")
    for key, texts in keys(written, view.model).items():
        read = program.get(f"/api/v1/{view.model.kind_name}/{key}", headers=token).json
        assert {name: read[name] for name in texts} == texts


@VIEW
def test_no_text_comes_alive_in_a_spreadsheet_and_comes_back_the_same(written, view, tmp_path):
    """Every string in a field of its own, out as Excel and as CSV, and read again by our own import.

    Of a text with emphasis and tables a sheet holds the words.
    """
    from app.engine.tables import read_table

    model, browser = view.model, sign_in(written, "office")
    with written.app_context(), access.system():
        made = list(db.session.scalars(select(model).order_by(model.id)))
        source = iter(naughty.strings(30) * 9)
        for record in made[:-EACH]:
            for name in texts_of(model):
                if name != model.natural_key and not inspect(model).local_table.c[fields_of(model)[name].column].unique:
                    setattr(record, name, next(source))
        db.session.commit()
        names = list(fields_of(model))
        # Who reports wrongdoing leaves in no sheet.
        sealed = [model.content_fields if getattr(record, "kind", "") == "report" else () for record in made]
        stored = [
            {
                name: fields_of(model)[name].words(getattr(record, name) or "")
                for name in texts_of(model)
                if name not in secret
            }
            for record, secret in zip(made, sealed, strict=True)
        ]
        db.session.remove()
    sheets = {form: fetched(browser, f"/{view.__name__.lower()}/export.{form}?sort=id") for form in ("xlsx", "csv")}
    book = load_workbook(io.BytesIO(sheets["xlsx"]))
    assert [cell.coordinate for sheet in book for line in sheet for cell in line if cell.data_type == "f"] == []
    _head, *lines = csv.reader(io.StringIO(sheets["csv"].decode("utf-8-sig"), newline=""))
    texts = [line[names.index(name)] for line in lines for name in texts_of(model)]
    assert [text for text in texts if TO_GUARD.match(text) and not text.startswith("'")] == []
    altered = []
    for form, raw in sheets.items():
        _headings, found = read_table(f"x.{form}", raw)
        for line, texts in zip(found, stored, strict=True):
            kept = {name: line[names.index(name)] for name in texts}
            want = {name: XML_CANNOT.sub("", text) if form == "xlsx" else text for name, text in texts.items()}
            altered += [(form, name, kept[name], want[name]) for name in kept if kept[name] != want[name]]
    assert altered == []


def fetched(browser: Any, address: str) -> bytes:
    with browser.get(address) as answer:
        assert answer.status_code == 200
        return answer.data


def test_a_file_keeps_its_name(written):
    browser = sign_in(written, "office")
    # A browser writes quotation marks and ends of lines as %22 and the like; the rest goes as it is.
    turning = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # taken out: a name must not lie about its end
    names = [f"{name}.txt" for name in naughty.OWN if not set(name) & set('"\\/\t\n\u2028%' + turning)]
    sent = {name: browser.post("/files/correspondents/1", **upload(name, b"words\n")).status_code for name in names}
    with written.app_context(), access.system():
        held = {file.name: file.id for file in db.session.scalars(select(Attachment))}
        db.session.remove()
    assert {name: status for name, status in sent.items() if status != 302} == {}
    assert set(names) <= held.keys()
    for name in names:
        with browser.get(f"/files/correspondents/1/{held[name]}") as answer:
            assert (answer.status_code, answer.data) == (200, b"words\n")
            assert answer.headers["Content-Disposition"].startswith("attachment;")
    page = browser.get("/correspondentview/show/1").text
    assert "<script>ran" not in page
    assert "<img" not in page
